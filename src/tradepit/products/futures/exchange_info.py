"""What is listed on both futures exchanges: contracts, their rules and leverage tables.

Source: the USDⓈ-M and COIN-M rows of the contract; the September-2024 form of the replies, with
`orderTypes` for what only the documents called OrderType.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from msgspec import UNSET, UnsetType

from tradepit.catalog.fields import Int, Time
from tradepit.catalog.futures_fields import Number, PairName
from tradepit.catalog.kinds import Term
from tradepit.catalog.language import USER_DATA, Ask, Reply
from tradepit.catalog.limiters import DELIVERY_LIMITERS, FUTURES_LIMITERS, Limiter
from tradepit.core import terms
from tradepit.core.contracts import COINM, USDM, Bracket, Contract, refusal
from tradepit.core.records import Who
from tradepit.products.futures.general import Nothing
from tradepit.products.futures.selectors import MaybeContract, chosen, contracts_of
from tradepit.products.futures.venues import on

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.history import History

Rows = list[dict[str, Any]]
ContractStatus = Annotated[int, Term(terms.CONTRACT_STATUSES)]
AnyType = Annotated[int, Term(terms.FUTURES_ORDER_TYPES)]

# What margins USDⓈ-M contracts in multi-assets mode, and from which debt on it is exchanged for
# what is owed; observed.
MARGIN_ASSETS: Final = {
    "USDT": "-10000", "BTC": "-0.10000000", "BNB": "0", "ETH": "0", "USDC": "-10000",
    "FDUSD": "0", "BNFCR": "-5000", "BFUSD": "0", "LDUSDT": "0",
}  # fmt: skip


class RateLimit(Reply):
    interval: str
    interval_num: int
    limit: int
    rate_limit_type: str


class MarginAsset(Reply):
    asset: str
    margin_available: bool
    auto_asset_exchange: str


class ContractInfo(Reply):
    """A contract. COIN-M says contractStatus, contractSize and equalQtyPrecision; USDⓈ-M says
    status and settlePlan."""

    symbol: str
    pair: str
    contract_type: str
    delivery_date: Time
    onboard_date: Time
    status: ContractStatus | UnsetType
    contract_status: ContractStatus | UnsetType
    contract_size: int | UnsetType
    maint_margin_percent: str
    required_margin_percent: str
    base_asset: str
    quote_asset: str
    margin_asset: str
    price_precision: int
    quantity_precision: int
    base_asset_precision: int
    quote_precision: int
    equal_qty_precision: int | UnsetType
    underlying_type: str
    underlying_sub_type: list[str]
    settle_plan: int | UnsetType
    trigger_protect: str
    liquidation_fee: str
    market_take_bound: str
    max_move_order_limit: int
    filters: Rows
    order_types: list[AnyType]
    time_in_force: list[str]


class UsdmInfo(Reply):
    exchange_filters: Rows
    rate_limits: list[RateLimit]
    server_time: Time
    assets: list[MarginAsset]
    symbols: list[ContractInfo]
    timezone: str


class CoinmInfo(Reply):
    exchange_filters: Rows
    rate_limits: list[RateLimit]
    server_time: Time
    symbols: list[ContractInfo]
    timezone: str


def rate_limits(limiters: tuple[Limiter, ...]) -> list[RateLimit]:
    """Limiters as the futures exchanges show them."""
    return [
        RateLimit(interval=interval, interval_num=num, limit=limit, rate_limit_type=kind)
        for kind, interval, num, limit in limiters
    ]


@on(USDM, "GET /{}/v1/exchangeInfo", doc="{}/market-data#exchange-information")
def info_usdm(pit: Exchange, history: History, who: Who, ask: Nothing) -> UsdmInfo:
    """Exchange information."""
    return UsdmInfo(
        exchange_filters=[],
        rate_limits=rate_limits(FUTURES_LIMITERS),
        server_time=history.now_us(),
        assets=[
            MarginAsset(asset=asset, margin_available=True, auto_asset_exchange=threshold)
            for asset, threshold in MARGIN_ASSETS.items()
            if asset in pit.ledger.assets
        ],
        symbols=[_contract_info(contract) for contract in contracts_of(pit, USDM)],
        timezone="UTC",
    )


@on(COINM, "GET /{}/v1/exchangeInfo", doc="{}/market-data#exchange-information")
def info_coinm(pit: Exchange, history: History, who: Who, ask: Nothing) -> CoinmInfo:
    """Exchange information."""
    return CoinmInfo(
        exchange_filters=[],
        rate_limits=rate_limits(DELIVERY_LIMITERS),
        server_time=history.now_us(),
        symbols=[_contract_info(contract) for contract in contracts_of(pit, COINM)],
        timezone="UTC",
    )


def _contract_info(contract: Contract) -> ContractInfo:
    listing, inverse = contract.listing, contract.inverse
    return ContractInfo(
        symbol=contract.name,
        pair=contract.pair,
        contract_type=contract.contract_type,
        delivery_date=contract.delivery_us,
        onboard_date=listing.get("onboardDate", 0) * 1000,
        status=UNSET if inverse else contract.status,
        contract_status=contract.status if inverse else UNSET,
        contract_size=contract.size if inverse else UNSET,
        maint_margin_percent=listing.get("maintMarginPercent", "2.5000"),
        required_margin_percent=listing.get("requiredMarginPercent", "5.0000"),
        base_asset=contract.base,
        quote_asset=contract.quote,
        margin_asset=contract.margin_asset,
        price_precision=contract.price_places,
        quantity_precision=contract.qty_places,
        base_asset_precision=listing.get("baseAssetPrecision", 8),
        quote_precision=listing.get("quotePrecision", 8),
        equal_qty_precision=listing.get("equalQtyPrecision", 4) if inverse else UNSET,
        underlying_type=listing.get("underlyingType", "COIN"),
        underlying_sub_type=listing.get("underlyingSubType", []),
        settle_plan=UNSET if inverse else listing.get("settlePlan", 0),
        trigger_protect=listing["triggerProtect"],
        liquidation_fee=listing["liquidationFee"],
        market_take_bound=listing["marketTakeBound"],
        max_move_order_limit=listing.get("maxMoveOrderLimit", 10_000),
        filters=contract.wire_filters,
        order_types=list(contract.order_types),
        time_in_force=listing.get("timeInForce", ["GTC", "IOC", "FOK", "GTX"]),
    )


# --- Leverage tables ---------------------------------------------------------------------------


class UsdmBracket(Reply):
    bracket: Int
    initial_leverage: Int
    notional_cap: Number
    notional_floor: Number
    maint_margin_ratio: Number
    cum: Number


class UsdmBrackets(Reply, kw_only=True):
    symbol: str
    notional_coef: Number | UnsetType = UNSET  # who trades by the common table hears none
    brackets: list[UsdmBracket]


class CoinmBracket(Reply):
    """Bounds in coins; `qtylFloor` is spelled as the exchange spells it."""

    bracket: Int
    initial_leverage: Int
    qty_cap: Number
    qtyl_floor: Number
    maint_margin_ratio: Number
    cum: Number


class CoinmBrackets(Reply, kw_only=True):
    symbol: str
    notional_coef: Number | UnsetType = UNSET  # who trades by the common table hears none
    brackets: list[CoinmBracket]


class PairBrackets(Reply):
    pair: str
    brackets: list[CoinmBracket]


class PairAsk(Ask):
    pair: PairName | None = None


@on(
    USDM, "GET /{}/v1/leverageBracket", security=USER_DATA, weight=1,
    doc="{}/account#notional-and-leverage-brackets",
)  # fmt: skip
def brackets_usdm(
    pit: Exchange, history: History, who: Who, ask: MaybeContract
) -> list[UsdmBrackets]:
    """Notional and leverage brackets."""
    return [
        UsdmBrackets(symbol=contract.name, brackets=[_usdm(row) for row in contract.brackets])
        for contract in chosen(pit, ask.symbol, USDM)
    ]


@on(
    COINM, "GET /{}/v2/leverageBracket", security=USER_DATA, weight=1,
    doc="{}/account#notional-bracket-for-symbol",
)  # fmt: skip
def brackets_coinm(
    pit: Exchange, history: History, who: Who, ask: MaybeContract
) -> list[CoinmBrackets]:
    """Notional bracket for symbol."""
    return [
        CoinmBrackets(symbol=contract.name, brackets=[_coinm(row) for row in contract.brackets])
        for contract in chosen(pit, ask.symbol, COINM)
    ]


@on(
    COINM, "GET /{}/v1/leverageBracket", security=USER_DATA, weight=1,
    doc="{}/account#notional-bracket-for-pair",
)  # fmt: skip
def brackets_of_pairs(
    pit: Exchange, history: History, who: Who, ask: PairAsk
) -> list[PairBrackets]:
    """Notional bracket for pair: that of its first contract."""
    pairs: dict[str, Contract] = {}
    for contract in contracts_of(pit, COINM):
        if ask.pair in (None, contract.pair):
            pairs.setdefault(contract.pair, contract)
    if ask.pair is not None and not pairs:
        raise refusal(COINM, "INVALID_PAIR")
    return [
        PairBrackets(pair=pair, brackets=[_coinm(row) for row in contract.brackets])
        for pair, contract in pairs.items()
    ]


def _usdm(row: Bracket) -> UsdmBracket:
    return UsdmBracket(
        bracket=row.number, initial_leverage=row.leverage, notional_cap=row.cap,
        notional_floor=row.floor, maint_margin_ratio=row.ratio, cum=row.cum,
    )  # fmt: skip


def _coinm(row: Bracket) -> CoinmBracket:
    return CoinmBracket(
        bracket=row.number, initial_leverage=row.leverage, qty_cap=row.cap, qtyl_floor=row.floor,
        maint_margin_ratio=row.ratio, cum=row.cum,
    )  # fmt: skip
