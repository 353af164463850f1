"""What /futures/data tells of both exchanges: open interest, who holds and who takes, basis.

Both have the same paths; a `symbol` means a USDⓈ-M contract, a `pair` COIN-M's (of the basis, whose
pair it is). Rows stand at whole multiples of the period; who holds is what was told every five
minutes (`core.marked`), who takes and what was paid is on the tape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

from tradepit.catalog.fields import Amount, Between, Int, Plain, SymbolName, Time
from tradepit.catalog.futures_fields import ContractType, PairName, Shown
from tradepit.catalog.language import DATABASE, Ask, Reply
from tradepit.core.bars import DAY_US, HOUR_US, INTERVALS, MINUTE_US, Bar
from tradepit.core.contracts import COINM, USDM, Contract, refusal
from tradepit.core.lookback import Span, klines_of, opens_of
from tradepit.core.marked import INDEX, MARK
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.units import ONE, text_places
from tradepit.products.futures import shown
from tradepit.products.futures.continuous import NEVER_US, begin_us, continued, legs
from tradepit.products.futures.selectors import Period, contracts_of, of_pair, of_type
from tradepit.products.futures.venues import on

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.history import History

PAGE: Final = 100_000  # rows of five minutes or less that a request may look at
Share = Annotated[int, Plain(4)]
DataLimit = Annotated[Int, Between(1, 500, clip=True)]


class DataAsk(Ask, kw_only=True):
    symbol: SymbolName | None = None
    pair: PairName | None = None
    contract_type: ContractType | None = None
    period: Period
    limit: DataLimit = 30
    start_time: Time | None = None
    end_time: Time | None = None


class PairDataAsk(Ask):
    pair: PairName
    contract_type: ContractType
    period: Period
    limit: DataLimit = 30
    start_time: Time | None = None
    end_time: Time | None = None


class SymbolDataAsk(Ask):
    symbol: SymbolName
    period: Period
    limit: DataLimit = 30
    start_time: Time | None = None
    end_time: Time | None = None


def meant(pit: Exchange, ask: DataAsk) -> list[Contract]:
    """One USDⓈ-M contract, or those of a COIN-M pair. Raises: Reject."""
    if ask.symbol is not None and ask.symbol in pit.contracts:
        return [pit.contract(ask.symbol, USDM)]
    pair = ask.pair or ask.symbol
    if pair is None:
        raise Reject("MANDATORY_PARAM", "symbol")
    if ask.contract_type is not None:
        return [of_type(pit, pair, ask.contract_type, COINM)]
    if ask.pair is None and not any(each.pair == pair for each in contracts_of(pit, COINM)):
        raise refusal(USDM, "INVALID_PAIR")  # a symbol is the other exchange's word
    return of_pair(pit, pair, COINM)


def span_of(ask: Any, now_us: int) -> tuple[int, int]:
    """The first and last µs of what is asked for. Raises: Reject."""
    end_us: int = now_us if ask.end_time is None else min(ask.end_time, now_us)
    if ask.start_time is None:
        return end_us - ask.limit * INTERVALS[ask.period] + 1, end_us
    if ask.end_time is not None and ask.start_time > ask.end_time:
        raise Reject("INVALID_PARAMETER", "endTime")
    return ask.start_time, end_us


def _page(rows: list[Any], ask: Any) -> list[Any]:
    return rows[-ask.limit :] if ask.start_time is None else rows[: ask.limit]


def _stands(
    pit: Exchange, history: History, ask: DataAsk
) -> Callable[[], list[tuple[int, list[int]]]]:
    """(time, `Stand.row`) of what is meant, by the period; rows of several contracts add up."""
    contracts = meant(pit, ask)
    venue = contracts[0].venue
    if ask.contract_type is None:
        names = [(contract.name, 0, NEVER_US) for contract in contracts]
    else:
        names = [leg[:3] for leg in legs(pit, contracts[0])]
    start_us, end_us = span_of(ask, history.now_us())
    width_us = INTERVALS[ask.period]

    def later() -> list[tuple[int, list[int]]]:
        found: dict[int, list[int]] = {}
        for name, since_us, until_us in names:
            first_us, last_us = max(start_us, since_us), min(end_us, until_us - 1)
            if first_us > last_us:
                continue
            for row in history.futures(
                0, venue, "stand", name, start_us=first_us, end_us=last_us, limit=PAGE
            ):
                if row.at_us % width_us == 0:
                    before = found.get(row.at_us, [0] * len(row.body))
                    found[row.at_us] = [a + b for a, b in zip(before, row.body, strict=True)]
        return _page(sorted(found.items()), ask)

    return later


# --- Who holds ---------------------------------------------------------------------------------


class OpenInterestRow(Reply):
    symbol: str
    sum_open_interest: Amount
    sum_open_interest_value: Amount
    timestamp: Time


class CoinOpenInterestRow(Reply):
    """Contracts, and what they are worth in coins."""

    pair: str
    contract_type: str
    sum_open_interest: Shown
    sum_open_interest_value: Amount
    timestamp: Time


@on(
    USDM, "GET /futures/data/openInterestHist", weight=0, source=DATABASE,
    doc="{}/market-data#open-interest-statistics",
)  # fmt: skip
def open_interest_history(
    pit: Exchange, history: History, who: Who, ask: DataAsk
) -> Callable[[], list[OpenInterestRow] | list[CoinOpenInterestRow]]:
    """Open interest statistics."""
    contract = meant(pit, ask)[0]
    stands = _stands(pit, history, ask)
    if contract.inverse:
        kind = ask.contract_type or "ALL"
        return lambda: [
            CoinOpenInterestRow(
                pair=contract.pair, contract_type=kind,
                sum_open_interest=shown.qty(contract, row[0]), sum_open_interest_value=row[1],
                timestamp=at_us,
            )
            for at_us, row in stands()
        ]  # fmt: skip
    return lambda: [
        OpenInterestRow(
            symbol=contract.name, sum_open_interest=row[0], sum_open_interest_value=row[1],
            timestamp=at_us,
        )
        for at_us, row in stands()
    ]  # fmt: skip


class Ratio(Reply):
    symbol: str
    long_short_ratio: Share
    long_account: Share
    short_account: Share
    timestamp: Time


class CoinRatio(Reply):
    pair: str
    long_short_ratio: Share
    long_account: Share
    short_account: Share
    timestamp: Time


class CoinPositionRatio(Reply):
    pair: str
    long_short_ratio: Share
    long_position: Share
    short_position: Share
    timestamp: Time


class Shares(NamedTuple):
    """Long and short of a whole, and the one by the other, e8; 0 where nobody is short."""

    long: int
    short: int
    ratio: int


def shares(long: int, short: int) -> Shares:
    """What two numbers are of their sum, which is not 0."""
    whole = long + short
    part = long * ONE // whole
    return Shares(part, ONE - part, long * ONE // short if short else 0)


def _ratios(
    pit: Exchange, history: History, ask: DataAsk, column: int
) -> Callable[[], list[tuple[int, Shares]]]:
    """Long and short of two columns of `Stand.row`, where anybody holds anything."""
    stands = _stands(pit, history, ask)
    return lambda: [
        (at_us, shares(row[column], row[column + 1]))
        for at_us, row in stands()
        if row[column] + row[column + 1]
    ]


Ratios = Callable[[], list[Ratio] | list[CoinRatio]]
_ALL, _TOP, _TOP_HELD = 2, 4, 6  # columns of `Stand.row`


def _account_ratios(pit: Exchange, history: History, ask: DataAsk, column: int) -> Ratios:
    contract, rows = meant(pit, ask)[0], _ratios(pit, history, ask, column)
    if contract.inverse:
        return lambda: [
            CoinRatio(
                pair=contract.pair, long_short_ratio=each.ratio, long_account=each.long,
                short_account=each.short, timestamp=at_us,
            )
            for at_us, each in rows()
        ]  # fmt: skip
    return lambda: [_ratio(contract, at_us, each) for at_us, each in rows()]


def _ratio(contract: Contract, at_us: int, each: Shares) -> Ratio:
    return Ratio(
        symbol=contract.name, long_short_ratio=each.ratio, long_account=each.long,
        short_account=each.short, timestamp=at_us,
    )  # fmt: skip


@on(
    USDM, "GET /futures/data/globalLongShortAccountRatio", weight=0, source=DATABASE,
    doc="{}/market-data#long-short-ratio",
)  # fmt: skip
def account_ratio(pit: Exchange, history: History, who: Who, ask: DataAsk) -> Ratios:
    """Long/short ratio of all accounts."""
    return _account_ratios(pit, history, ask, _ALL)


@on(
    USDM, "GET /futures/data/topLongShortAccountRatio", weight=0, source=DATABASE,
    doc="{}/market-data#top-trader-long-short-account-ratio",
)  # fmt: skip
def top_account_ratio(pit: Exchange, history: History, who: Who, ask: DataAsk) -> Ratios:
    """Top trader long/short account ratio."""
    return _account_ratios(pit, history, ask, _TOP)


@on(
    USDM, "GET /futures/data/topLongShortPositionRatio", weight=0, source=DATABASE,
    doc="{}/market-data#top-trader-long-short-position-ratio",
)  # fmt: skip
def top_position_ratio(
    pit: Exchange, history: History, who: Who, ask: DataAsk
) -> Callable[[], list[Ratio] | list[CoinPositionRatio]]:
    """Top trader long/short position ratio."""
    contract, rows = meant(pit, ask)[0], _ratios(pit, history, ask, _TOP_HELD)
    if contract.inverse:
        return lambda: [
            CoinPositionRatio(
                pair=contract.pair, long_short_ratio=each.ratio, long_position=each.long,
                short_position=each.short, timestamp=at_us,
            )
            for at_us, each in rows()
        ]  # fmt: skip
    return lambda: [_ratio(contract, at_us, each) for at_us, each in rows()]


# --- Who takes, and what was paid --------------------------------------------------------------


def _continued(
    pit: Exchange, listed: Contract, history: History, ask: Any
) -> Callable[[], list[Bar]]:
    """Klines of the period of a listed contract, and of those of its type before it."""
    if listed.perpetual:
        return _bars(listed, history, ask)
    start_us, end_us = span_of(ask, history.now_us())
    life_us = (begin_us(pit, listed), history.now_us())
    width_us = INTERVALS[ask.period]
    opens_us = opens_of(Span(None, start_us, end_us, ask.limit), (width_us, 0), life_us)
    return continued(pit, history, listed, opens_us)


def _bars(contract: Contract, history: History, ask: Any) -> Callable[[], list[Bar]]:
    """The contract's klines of the period."""
    width_us = INTERVALS[ask.period]
    start_us, end_us = span_of(ask, history.now_us())
    life_us = (contract.tape.first_us, history.now_us())
    opens_us = opens_of(Span(None, start_us, end_us, ask.limit), (width_us, 0), life_us)
    found = klines_of(contract, history, opens_us, width_us)
    return found if callable(found) else lambda: found


class TakerVolume(Reply):
    buy_sell_ratio: Share
    buy_vol: Share
    sell_vol: Share
    timestamp: Time


@on(
    USDM, "GET /futures/data/takerlongshortRatio", weight=0, source=DATABASE,
    doc="{}/market-data#taker-buy-sell-volume",
)  # fmt: skip
def taker_ratio(
    pit: Exchange, history: History, who: Who, ask: SymbolDataAsk
) -> Callable[[], list[TakerVolume]]:
    """Taker buy/sell volume."""
    bars = _bars(pit.contract(ask.symbol, USDM), history, ask)
    return lambda: [
        TakerVolume(
            buy_sell_ratio=shares(bar.taker_base, bar.base - bar.taker_base).ratio,
            buy_vol=bar.taker_base, sell_vol=bar.base - bar.taker_base, timestamp=bar.open_us,
        )
        for bar in bars()
        if bar.base
    ]  # fmt: skip


class CoinTakerVolume(Reply):
    pair: str
    contract_type: str
    taker_buy_vol: Shown
    taker_sell_vol: Shown
    taker_buy_vol_value: Share
    taker_sell_vol_value: Share
    timestamp: Time


@on(
    COINM, "GET /futures/data/takerBuySellVol", weight=1, source=DATABASE,
    doc="{}/market-data#taker-buy-sell-volume",
)  # fmt: skip
def taker_volume(
    pit: Exchange, history: History, who: Who, ask: PairDataAsk
) -> Callable[[], list[CoinTakerVolume]]:
    """Taker buy/sell volume: contracts, and coins."""
    contract = of_type(pit, ask.pair, ask.contract_type, COINM)
    bars = _continued(pit, contract, history, ask)
    return lambda: [
        CoinTakerVolume(
            pair=contract.pair, contract_type=contract.contract_type,
            taker_buy_vol=shown.qty(contract, bar.taker_base),
            taker_sell_vol=shown.qty(contract, bar.base - bar.taker_base),
            taker_buy_vol_value=bar.taker_quote, taker_sell_vol_value=bar.quote - bar.taker_quote,
            timestamp=bar.open_us,
        )
        for bar in bars()
        if bar.base
    ]  # fmt: skip


class Basis(Reply):
    index_price: Amount
    contract_type: str
    basis_rate: Share
    futures_price: Shown
    annualized_basis_rate: str
    basis: Amount
    pair: str
    timestamp: Time


@on(
    USDM, "GET /futures/data/basis", weight=0, source=DATABASE, doc="{}/market-data#basis"
)  # fmt: skip
def basis(pit: Exchange, history: History, who: Who, ask: PairDataAsk) -> Callable[[], list[Basis]]:
    """Basis: how far a contract's price (its mark, where nobody traded) is from the index."""
    venue = USDM if any(c.pair == ask.pair and not c.inverse for c in pit.contracts.values()) else (
        COINM
    )  # fmt: skip
    contract = of_type(pit, ask.pair, ask.contract_type, venue)
    width_us = INTERVALS[ask.period]
    start_us, end_us = span_of(ask, history.now_us())
    fine_us, what = (HOUR_US, "hour") if width_us >= HOUR_US else (MINUTE_US, "minute")
    bars = _continued(pit, contract, history, ask)
    rows = legs(pit, contract)

    def later() -> list[Basis]:
        traded = {bar.open_us + width_us: bar.close for bar in bars() if bar.count}
        found = []
        for leg in rows:
            first_us, last_us = max(start_us, leg.start_us + 1), min(end_us, leg.end_us)
            for row in history.futures(
                0, venue, what, leg.name, start_us=first_us - fine_us, end_us=last_us, limit=PAGE
            ):
                at_us = row.at_us + fine_us
                if at_us % width_us == 0 and first_us <= at_us <= last_us:
                    index, mark = row.body[INDEX + 2], row.body[MARK + 2]
                    prices = (traded.get(at_us, mark), index)
                    found.append(_basis(contract, at_us, prices, leg.delivery_us))
        return _page(found, ask)

    return later


def _basis(contract: Contract, at_us: int, prices: tuple[int, int], delivery_us: int) -> Basis:
    price, index = prices
    away = price - index
    rate = away * ONE // index
    yearly = ""
    if not contract.perpetual and delivery_us > at_us:
        yearly = text_places(rate * 365 * DAY_US // (delivery_us - at_us), 4)
    return Basis(
        index_price=index,
        contract_type=contract.contract_type,
        basis_rate=rate,
        futures_price=shown.price(contract, price),
        annualized_basis_rate=yearly,
        basis=away,
        pair=contract.pair,
        timestamp=at_us,
    )
