"""Index, mark and funding of contracts, what is open, and what stands behind it.

Source: the market-data pages of both futures documents; chosen where the exchange alone knows, see
docs/decisions/0186-futures-market-data.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

from tradepit.catalog.fields import Amount, Between, Int, Rate, SymbolName, Time
from tradepit.catalog.futures_fields import Number, PairName, Shown
from tradepit.catalog.language import DATABASE, Ask, Reply
from tradepit.core import marking
from tradepit.core.bars import DAY_US
from tradepit.core.contracts import COINM, USDM, Contract
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.units import ONE, mul_floor, text_units
from tradepit.products.futures import shown
from tradepit.products.futures.exchange_info import MARGIN_ASSETS
from tradepit.products.futures.general import Nothing
from tradepit.products.futures.klines import check_times
from tradepit.products.futures.selectors import (
    MaybeContract,
    OneContract,
    SymbolOrPair,
    by_symbol_or_pair,
    chosen,
    contracts_of,
    of_pair,
)
from tradepit.products.futures.tickers import one_or_all
from tradepit.products.futures.venues import on, on_both

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.history import History

# How much of the open interest the insurance fund covers where deleveraging is no near risk, and
# where it is.
SAFE: Final = ONE // 20
RISKY: Final = ONE // 100


class MarkPrice(Reply):
    """Index and mark; a contract that is delivered has no funding."""

    symbol: str
    mark_price: Amount
    index_price: Amount
    estimated_settle_price: Amount
    last_funding_rate: str
    interest_rate: str
    next_funding_time: Time
    time: Time


class CoinMarkPrice(Reply):
    symbol: str
    pair: str
    mark_price: Amount
    index_price: Amount
    estimated_settle_price: Amount
    last_funding_rate: str
    interest_rate: str
    next_funding_time: Time
    time: Time


def rates(contract: Contract) -> tuple[str, str]:
    """The funding rate to come and its interest, as texts; of a delivery contract there is none."""
    if not contract.perpetual:
        return "", ""
    interest = marking.INTEREST * contract.funding_us // DAY_US
    return text_units(marking.funding_rate(contract)), text_units(interest)


def settle_price(contract: Contract, index: int) -> int:
    """What the contract would be settled at by now, by its index: of a perpetual, that."""
    return index if contract.perpetual else marking.delivery_price(contract)


@on(USDM, "GET /{}/v1/premiumIndex", doc="{}/market-data#mark-price", **one_or_all(1, 10))
def premium_index(
    pit: Exchange, history: History, who: Who, ask: MaybeContract
) -> MarkPrice | list[MarkPrice]:
    """Mark price."""
    rows = []
    for contract in chosen(pit, ask.symbol, USDM):
        rate, interest = rates(contract)
        index, mark = marking.seen(pit, contract, history.now_us())
        rows.append(
            MarkPrice(
                symbol=contract.name, mark_price=mark, index_price=index,
                estimated_settle_price=settle_price(contract, index), last_funding_rate=rate,
                interest_rate=interest, next_funding_time=contract.marks.next_us,
                time=history.now_us(),
            )
        )  # fmt: skip
    return rows if ask.symbol is None else rows[0]


@on(COINM, "GET /{}/v1/premiumIndex", weight=10, doc="{}/market-data#index-price-and-mark-price")
def coin_premium_index(
    pit: Exchange, history: History, who: Who, ask: SymbolOrPair
) -> list[CoinMarkPrice]:
    """Index price and mark price."""
    rows = []
    for contract in by_symbol_or_pair(pit, ask):
        rate, interest = rates(contract)
        index, mark = marking.seen(pit, contract, history.now_us())
        rows.append(
            CoinMarkPrice(
                symbol=contract.name, pair=contract.pair, mark_price=mark, index_price=index,
                estimated_settle_price=settle_price(contract, index), last_funding_rate=rate,
                interest_rate=interest, next_funding_time=contract.marks.next_us,
                time=history.now_us(),
            )
        )  # fmt: skip
    return rows


# --- Funding -----------------------------------------------------------------------------------

FundingLimit = Annotated[Int, Between(1, 1000, clip=True)]


class FundingRow(Reply):
    symbol: str
    funding_rate: Rate
    funding_time: Time
    mark_price: Amount


class CoinFundingRow(Reply):
    symbol: str
    funding_time: Time
    funding_rate: Rate


class FundingAsk(Ask):
    symbol: SymbolName | None = None
    start_time: Time | None = None
    end_time: Time | None = None
    limit: FundingLimit = 100


class CoinFundingAsk(Ask):
    symbol: SymbolName
    start_time: Time | None = None
    end_time: Time | None = None
    limit: FundingLimit = 100


def _fundings(
    history: History, contracts: list[Contract], ask: FundingAsk | CoinFundingAsk
) -> list[tuple[str, int, int, int]]:
    """(symbol, time, rate, mark), oldest first; the newest unless a start is given."""
    rows = []
    for contract in contracts:
        found = [
            (contract.name, row.at_us, row.body[0], row.body[1])
            for row in history.futures(
                0, contract.venue, "funding", contract.name, start_us=ask.start_time,
                end_us=ask.end_time, limit=ask.limit,
            )
        ]  # fmt: skip
        if ask.start_time is not None or len(found) < ask.limit:
            found = _fundings_before(history, contract, ask) + found
        rows += found
    rows.sort(key=lambda row: row[1])
    return rows[-ask.limit :] if ask.start_time is None else rows[: ask.limit]


def _fundings_before(
    history: History, contract: Contract, ask: FundingAsk | CoinFundingAsk
) -> list[tuple[str, int, int, int]]:
    """What of it lies before the world's birth."""
    premiums, born_us, width_us = contract.premiums, contract.tape.born_us, contract.funding_us
    if premiums is None or not contract.perpetual:
        return []
    end_us = history.now_us() if ask.end_time is None else ask.end_time
    end_us = min(end_us, born_us)
    start_us = end_us - ask.limit * width_us if ask.start_time is None else ask.start_time
    end_us = min(end_us, start_us + (ask.limit + 1) * width_us)
    return [
        (contract.name, at_us, marking.rate_of(average, width_us, contract.funding_cap), mark)
        for at_us, average, mark in premiums.fundings(start_us, end_us)
    ]


@on(
    USDM, "GET /{}/v1/fundingRate", weight=1, source=DATABASE,
    doc="{}/market-data#get-funding-rate-history",
)  # fmt: skip
def funding_history(
    pit: Exchange, history: History, who: Who, ask: FundingAsk
) -> Callable[[], list[FundingRow]]:
    """Get funding rate history."""
    check_times(ask, USDM)
    contracts = chosen(pit, ask.symbol, USDM)
    return lambda: [
        FundingRow(symbol=name, funding_rate=rate, funding_time=at_us, mark_price=mark)
        for name, at_us, rate, mark in _fundings(history, contracts, ask)
    ]


@on(
    COINM, "GET /{}/v1/fundingRate", weight=1, source=DATABASE,
    doc="{}/market-data#get-funding-rate-history-of-perpetual-futures",
)  # fmt: skip
def coin_funding_history(
    pit: Exchange, history: History, who: Who, ask: CoinFundingAsk
) -> Callable[[], list[CoinFundingRow]]:
    """Get funding rate history of perpetual futures."""
    check_times(ask, USDM)
    contracts = chosen(pit, ask.symbol, COINM)
    return lambda: [
        CoinFundingRow(symbol=name, funding_time=at_us, funding_rate=rate)
        for name, at_us, rate, _ in _fundings(history, contracts, ask)
    ]


class FundingInfo(Reply):
    symbol: str
    adjusted_funding_rate_cap: Rate
    adjusted_funding_rate_floor: Rate
    funding_interval_hours: Int
    disclaimer: bool


@on_both("GET /{}/v1/fundingInfo", weight=0, doc="{}/market-data#get-funding-rate-info")
def funding_info(
    pit: Exchange, history: History, who: Who, ask: Nothing, venue: int
) -> list[FundingInfo]:
    """Get funding rate info."""
    return [
        FundingInfo(
            symbol=contract.name,
            adjusted_funding_rate_cap=contract.funding_cap,
            adjusted_funding_rate_floor=-contract.funding_cap,
            funding_interval_hours=contract.funding_us // (DAY_US // 24),
            disclaimer=False,
        )
        for contract in contracts_of(pit, venue)
        if contract.perpetual
    ]


# --- What is open, and what stands behind it ---------------------------------------------------


class OpenInterest(Reply):
    open_interest: Shown
    symbol: str
    time: Time


class CoinOpenInterest(Reply):
    symbol: str
    pair: str
    open_interest: Shown
    contract_type: str
    time: Time


@on(USDM, "GET /{}/v1/openInterest", weight=1, doc="{}/market-data#open-interest")
def open_interest(pit: Exchange, history: History, who: Who, ask: OneContract) -> OpenInterest:
    """Open interest."""
    contract = pit.contract(ask.symbol, USDM)
    return OpenInterest(
        open_interest=shown.qty(contract, contract.open_long), symbol=contract.name,
        time=history.now_us(),
    )  # fmt: skip


@on(COINM, "GET /{}/v1/openInterest", weight=1, doc="{}/market-data#open-interest")
def coin_open_interest(
    pit: Exchange, history: History, who: Who, ask: OneContract
) -> CoinOpenInterest:
    """Open interest."""
    contract = pit.contract(ask.symbol, COINM)
    return CoinOpenInterest(
        symbol=contract.name, pair=contract.pair,
        open_interest=shown.qty(contract, contract.open_long),
        contract_type=contract.contract_type, time=history.now_us(),
    )  # fmt: skip


class Constituent(Reply):
    exchange: str
    symbol: str


class Constituents(Reply):
    symbol: str
    time: Time
    constituents: list[Constituent]


class ConstituentsAsk(Ask):
    symbol: PairName


@on_both(
    "GET /{}/v1/constituents", weight=2, coinm={"weight": 1},
    doc="{}/market-data#query-index-price-constituents",
)  # fmt: skip
def constituents(
    pit: Exchange, history: History, who: Who, ask: ConstituentsAsk, venue: int
) -> Constituents:
    """Query index price constituents: the spot book that an index is taken from."""
    contract = of_pair(pit, ask.symbol, venue)[0]
    return Constituents(
        symbol=contract.pair,
        time=history.now_us(),
        constituents=[Constituent(exchange="binance", symbol=contract.index_symbol)],
    )


class AssetIndex(Reply):
    symbol: str
    time: Time
    index: Amount
    bid_buffer: Rate
    ask_buffer: Rate
    bid_rate: Amount
    ask_rate: Amount
    auto_exchange_bid_buffer: Rate
    auto_exchange_ask_buffer: Rate
    auto_exchange_bid_rate: Amount
    auto_exchange_ask_rate: Amount


@on(
    USDM, "GET /{}/v1/assetIndex", doc="{}/market-data#multi-assets-mode-asset-index",
    **one_or_all(1, 10),
)  # fmt: skip
def asset_index(
    pit: Exchange, history: History, who: Who, ask: MaybeContract
) -> AssetIndex | list[AssetIndex]:
    """Multi-assets mode asset index: what an asset counts for as margin."""
    rows = asset_indexes(pit, history.now_us())
    if ask.symbol is None:
        return rows
    for row in rows:
        if row.symbol == ask.symbol:
            return row
    raise Reject("INVALID_SYMBOL")


def asset_indexes(pit: Exchange, at_us: int) -> list[AssetIndex]:
    """The index of every asset that may be margin."""
    rows = []
    for asset in MARGIN_ASSETS:
        if asset in pit.ledger.assets:
            index = pit.collateral_rate(asset, False)
            bid = pit.collateral_rate(asset, True)
            buffer = 0 if bid == index else ONE - bid * ONE // index
            over = index + mul_floor(index, buffer)
            rows.append(
                AssetIndex(
                    symbol=f"{asset}USD", time=at_us, index=index, bid_buffer=buffer,
                    ask_buffer=buffer, bid_rate=bid, ask_rate=over,
                    auto_exchange_bid_buffer=buffer, auto_exchange_ask_buffer=buffer,
                    auto_exchange_bid_rate=bid, auto_exchange_ask_rate=over,
                )
            )  # fmt: skip
    return rows


class IndexPart(Reply):
    base_asset: str
    quote_asset: str
    weight_in_quantity: Amount
    weight_in_percentage: Amount


class CompositeIndex(Reply):
    symbol: str
    time: Time
    component: str
    base_asset_list: list[IndexPart]


@on(USDM, "GET /{}/v1/indexInfo", weight=1, doc="{}/market-data#composite-index-symbol-information")
def index_info(
    pit: Exchange, history: History, who: Who, ask: MaybeContract
) -> list[CompositeIndex]:
    """Composite index symbol information. Raises: Reject: no contract here is an index of many."""
    if ask.symbol is not None:
        raise Reject("INVALID_SYMBOL")
    return []


class InsuranceAsset(Reply):
    asset: str
    margin_balance: Amount
    update_time: Time


class InsuranceFund(Reply):
    symbols: list[str]
    assets: list[InsuranceAsset]


@on(
    USDM, "GET /{}/v1/insuranceBalance", weight=1, since="2025-09-18",
    doc="{}/market-data#query-insurance-fund-balance-snapshot",
)  # fmt: skip
def insurance_balance(
    pit: Exchange, history: History, who: Who, ask: MaybeContract
) -> InsuranceFund | list[InsuranceFund]:
    """Query insurance fund balance snapshot: one fund for all contracts of a margin asset."""
    wanted = {contract.margin_asset for contract in chosen(pit, ask.symbol, USDM)}
    fund = pit.insurance(USDM)
    funds = [
        InsuranceFund(
            symbols=[c.name for c in contracts_of(pit, USDM) if c.margin_asset == asset],
            assets=[
                InsuranceAsset(
                    asset=asset,
                    margin_balance=0 if fund is None else fund.wallet_balance(asset),
                    update_time=history.now_us(),
                )
            ],
        )
        for asset in sorted(wanted)
    ]
    return funds if ask.symbol is None else funds[0]


class AdlRisk(Reply):
    symbol: str
    adl_risk: str
    update_time: Time


@on(USDM, "GET /{}/v1/symbolAdlRisk", weight=1, doc="{}/market-data#adl-risk", since="2025-11-18")
def adl_risk(
    pit: Exchange, history: History, who: Who, ask: MaybeContract
) -> AdlRisk | list[AdlRisk]:
    """ADL risk: how far the insurance fund reaches."""
    now_us = history.now_us()
    rows = [
        AdlRisk(symbol=contract.name, adl_risk=_risk(pit, contract), update_time=now_us)
        for contract in chosen(pit, ask.symbol, USDM)
    ]
    return rows if ask.symbol is None else rows[0]


def _risk(pit: Exchange, contract: Contract) -> str:
    fund = pit.insurance(contract.venue)
    open_worth = contract.notional(contract.marks.mark, contract.open_long)
    covered = 0 if fund is None else fund.wallet_balance(contract.margin_asset)
    for level, share in (("low", SAFE), ("medium", RISKY)):
        if covered >= mul_floor(open_worth, share):
            return level
    return "high"


class TradingSchedule(Reply):
    update_time: Time
    market_schedules: dict[str, str]


@on(
    USDM, "GET /{}/v1/tradingSchedule", weight=5, since="2025-12-11",
    doc="{}/market-data#trading-schedule",
)  # fmt: skip
def trading_schedule(pit: Exchange, history: History, who: Who, ask: Nothing) -> TradingSchedule:
    """Trading schedule: contracts on coins have none, they trade at all times."""
    return TradingSchedule(update_time=pit.born_us, market_schedules={})


class Delivered(Reply):
    delivery_time: Time
    delivery_price: Number


class DeliveryAsk(Ask):
    pair: PairName


@on(
    USDM, "GET /futures/data/delivery-price", weight=0,
    doc="{}/market-data#quarterly-contract-settlement-price",
)  # fmt: skip
def delivery_prices(pit: Exchange, history: History, who: Who, ask: DeliveryAsk) -> list[Delivered]:
    """Quarterly contract settlement price."""
    of_pair(pit, ask.pair, USDM)
    return [
        Delivered(delivery_time=contract.delivery_us, delivery_price=contract.delivery_price)
        for contract in pit.contracts.values()
        if contract.venue == USDM and contract.pair == ask.pair and contract.delivery_price
    ]
