"""Klines of contracts, and of what they follow: index, mark price and premium index.

Trades' klines come from the tape, the others from the minutes and hours that the core tells
(`core.marked`). Before the world's birth the index is the course of its spot symbol, the mark price
that of the contract's own trades.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tradepit.catalog.fields import Amount, Long, SymbolName, Time
from tradepit.catalog.futures_fields import FuturesInterval, PairName, Shown
from tradepit.catalog.language import DATABASE, Ask, Reply
from tradepit.core.bars import DAY_US, HOUR_US, INTERVALS, SECOND_US, Bar, next_open
from tradepit.core.contracts import COINM, Contract, refusal
from tradepit.core.lookback import Span, klines_of, opens_of
from tradepit.core.marked import INDEX, MARK, PREMIUM
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.products.futures import shown
from tradepit.products.futures.market_data import sum_shown
from tradepit.products.futures.selectors import KlineLimit, of_pair
from tradepit.products.futures.venues import on_both

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.history import History
    from tradepit.core.past import Past, Premiums

LONGEST_DAYS: Final = 200  # between two times that a COIN-M request names
MOST_ROWS: Final = 200_000


class Kline(Reply, array_like=True):
    open_time: Time
    open: Shown
    high: Shown
    low: Shown
    close: Shown
    volume: Shown
    close_time: Time
    quote_volume: Shown  # COIN-M: coins
    count: Long
    taker_base: Shown
    taker_quote: Shown
    unused: str


class MarkKline(Reply, array_like=True):
    """`count`: how many seconds were looked at."""

    open_time: Time
    open: Amount
    high: Amount
    low: Amount
    close: Amount
    no_volume: str
    close_time: Time
    no_quote: str
    count: Long
    no_taker: str
    no_taker_quote: str
    unused: str


class KlinesAsk(Ask):
    symbol: SymbolName
    interval: FuturesInterval
    start_time: Time | None = None
    end_time: Time | None = None
    limit: KlineLimit = 500


class PairKlinesAsk(Ask):
    pair: PairName
    interval: FuturesInterval
    start_time: Time | None = None
    end_time: Time | None = None
    limit: KlineLimit = 500


def weight(ask: Any) -> int:
    """1 below 100 rows, 2 below 500, 5 up to 1000, 10 beyond."""
    for most, cost in ((99, 1), (499, 2), (1000, 5)):
        if ask.limit <= most:
            return cost
    return 10


WEIGHT: Final[dict[str, Any]] = {
    "weight": weight,
    "least_weight": 1,
    "weight_words": "by limit: 1-99 1; 100-499 2; 500-1000 5; more 10",
    "source": DATABASE,
}


def check_times(ask: Any, venue: int) -> None:
    """Raises: Reject for a span of a COIN-M request that is too long, or the wrong way round."""
    if ask.start_time is None or ask.end_time is None:
        return
    if ask.start_time > ask.end_time:
        raise Reject("INVALID_PARAMETER", "endTime")
    if venue == COINM and ask.end_time - ask.start_time > LONGEST_DAYS * DAY_US:
        raise refusal(venue, "INVALID_TIME_INTERVAL", LONGEST_DAYS)


Klines = list[Kline] | Callable[[], list[Kline]]


@on_both("GET /{}/v1/klines", doc="{}/market-data#klinecandlestick-data", **WEIGHT)
def klines(pit: Exchange, history: History, who: Who, ask: KlinesAsk, venue: int) -> Klines:
    """Kline/candlestick data."""
    check_times(ask, venue)
    return klines_asked(pit.contract(ask.symbol, venue), history, ask)


def klines_asked(contract: Contract, history: History, ask: Any) -> Klines:
    """The klines of a contract's trades. ask: of an interval, times and a limit."""
    tape = contract.tape
    width_us = INTERVALS[ask.interval]
    span = Span(None, ask.start_time, ask.end_time, ask.limit)
    now_us = contract.seen_until(max(history.now_us(), tape.last_us))
    opens_us = opens_of(span, (width_us, 0), (tape.first_us, now_us))
    found = klines_of(contract, history, opens_us, width_us)
    if callable(found):
        return lambda: [kline(contract, bar, width_us) for bar in found()]
    return [kline(contract, bar, width_us) for bar in found]


def kline(contract: Contract, bar: Bar, width_us: int) -> Kline:
    """A bar as a row of the contract's."""
    return Kline(
        open_time=bar.open_us,
        open=shown.price(contract, bar.open),
        high=shown.price(contract, bar.high),
        low=shown.price(contract, bar.low),
        close=shown.price(contract, bar.close),
        volume=shown.qty(contract, bar.base),
        close_time=next_open(bar.open_us, width_us, 0) - 1,
        quote_volume=sum_shown(contract, bar.quote),
        count=bar.count,
        taker_base=shown.qty(contract, bar.taker_base),
        taker_quote=sum_shown(contract, bar.taker_quote),
        unused="0",
    )


# --- What contracts follow ---------------------------------------------------------------------

MarkKlines = Callable[[], list[MarkKline]]


@on_both(
    "GET /{}/v1/markPriceKlines", doc="{}/market-data#mark-price-klinecandlestick-data", **WEIGHT
)  # fmt: skip
def mark_klines(
    pit: Exchange, history: History, who: Who, ask: KlinesAsk, venue: int
) -> MarkKlines:
    """Mark price kline/candlestick data."""
    check_times(ask, venue)
    return _course(pit, history, (pit.contract(ask.symbol, venue), MARK), ask)


@on_both(
    "GET /{}/v1/indexPriceKlines", doc="{}/market-data#index-price-klinecandlestick-data",
    **WEIGHT,
)  # fmt: skip
def index_klines(
    pit: Exchange, history: History, who: Who, ask: PairKlinesAsk, venue: int
) -> MarkKlines:
    """Index price kline/candlestick data."""
    check_times(ask, venue)
    return _course(pit, history, (of_pair(pit, ask.pair, venue)[0], INDEX), ask)


@on_both(
    "GET /{}/v1/premiumIndexKlines", doc="{}/market-data#premium-index-kline-data", **WEIGHT
)  # fmt: skip
def premium_klines(
    pit: Exchange, history: History, who: Who, ask: KlinesAsk, venue: int
) -> MarkKlines:
    """Premium index kline data."""
    check_times(ask, venue)
    return _course(pit, history, (pit.contract(ask.symbol, venue), PREMIUM), ask)


class Step(NamedTuple):
    """Open, high, low and close of some minutes."""

    open_us: int
    open: int
    high: int
    low: int
    close: int


def _course(
    pit: Exchange, history: History, what: tuple[Contract, int], ask: KlinesAsk | PairKlinesAsk
) -> MarkKlines:
    """The klines of one of a contract's three courses."""
    width_us = INTERVALS[ask.interval]
    now_us = what[0].seen_until(history.now_us())
    span = Span(None, ask.start_time, ask.end_time, ask.limit)
    opens_us = opens_of(span, (width_us, 0), (first_of(pit, what), now_us))
    steps = course(pit, history, what, (width_us, opens_us), carried=True)
    return lambda: [_mark_kline(step, width_us, now_us) for step in steps()]


def first_of(pit: Exchange, what: tuple[Contract, int]) -> int:
    """Since when one of a contract's three courses is known (µs)."""
    return min(_before(pit, what).first_us, pit.born_us)


def course(
    pit: Exchange, history: History, what: tuple[Contract, int], when: tuple[int, list[int]], *,
    carried: bool = False,
) -> Callable[[], list[Step]]:  # fmt: skip
    """One of a contract's three courses (INDEX, MARK, PREMIUM of `core.marked`), folded: what is in
    memory is read at once, the rest when the result is called.

    when: an interval's width (see INTERVALS) and the times at which such intervals open, the end of
    the last one behind them. carried: what closed before them, or was seen first of all, stands in
    those that saw nothing.
    """
    contract, at = what
    width_us, opens_us = when
    before = _before(pit, what)
    hours = not 0 < width_us < HOUR_US
    running = [list(contract.marks.hour if hours else contract.marks.minute)]
    name, venue = contract.name, contract.venue

    def later() -> list[Step]:
        if not opens_us:
            return []
        rows = history.futures(
            0, venue, "hour" if hours else "minute", name, start_us=opens_us[0],
            end_us=opens_us[-1] - 1, limit=MOST_ROWS,
        )  # fmt: skip
        steps = before.steps(opens_us)
        steps += [Step(row.at_us, *row.body[at - 1 : at + 3]) for row in rows]
        last_us = steps[-1].open_us if steps else -1
        for row in running:
            if row and last_us < row[0] < opens_us[-1]:
                steps.append(Step(row[0], *row[at : at + 4]))
        if carried and (not steps or steps[0].open_us >= opens_us[1]):
            earlier = history.futures(
                0, venue, "hour" if hours else "minute", name, end_us=opens_us[0] - 1, limit=1
            )
            closes = [row.body[at + 2] for row in earlier] or [step.open for step in steps[:1]]
            return fold(steps, opens_us, *closes[:1])
        return fold(steps, opens_us)

    return later


class _Before(NamedTuple):
    """A course before the world's birth, since `first_us`: of trades, in `units` of a coin's
    price, or of the premium."""

    born_us: int
    first_us: int
    past: Past | None = None
    units: int = 1
    premiums: Premiums | None = None

    def steps(self, opens_us: list[int]) -> list[Step]:
        """What of the intervals lies before the birth."""
        if opens_us[0] >= self.born_us:
            return []
        until = opens_us[: bisect_right(opens_us, self.born_us)]
        if until[-1] < self.born_us < opens_us[-1]:
            until = [*until, self.born_us]
        if self.premiums is not None:
            return [Step._make(row) for row in self.premiums.premiums(until)]
        if self.past is None:
            return []
        units = self.units
        return [
            Step(
                bar.open_us, *(price * units for price in (bar.open, bar.high, bar.low, bar.close))
            )
            for bar in self.past.spans(until)
        ]


def _before(pit: Exchange, what: tuple[Contract, int]) -> _Before:
    """What lies before the birth of one of a contract's courses."""
    contract, at = what
    born_us, own, premiums = pit.born_us, contract.tape.past, contract.premiums
    if at == PREMIUM:
        if own is None or premiums is None or not contract.perpetual:
            return _Before(born_us, born_us)
        return _Before(born_us, own.first_us(), premiums=premiums)
    if at == MARK and own is not None and premiums is not None:
        return _Before(born_us, own.first_us(), own)
    spot = pit.symbols.get(contract.index_symbol)
    past = None if spot is None else spot.tape.past
    if past is None:
        return _Before(born_us, born_us)
    return _Before(born_us, past.first_us(), past, contract.index_units)


def fold(steps: list[Step], opens_us: list[int], price: int | None = None) -> list[Step]:
    """One step for each interval since the first; a quiet one stays where the last one closed.
    price: at which one before them closed, if it is known."""
    found: list[Step] = []
    at = 0
    for open_us, end_us in pairwise(opens_us):
        inside: list[Step] = []
        while at < len(steps) and steps[at].open_us < end_us:
            if steps[at].open_us >= open_us:
                inside.append(steps[at])
            at += 1
        if inside:
            found.append(
                Step(
                    open_us, inside[0].open, max(step.high for step in inside),
                    min(step.low for step in inside), inside[-1].close,
                )
            )  # fmt: skip
            price = inside[-1].close
        elif price is not None:
            found.append(Step(open_us, price, price, price, price))
    return found


def _mark_kline(step: Step, width_us: int, now_us: int) -> MarkKline:
    end_us = next_open(step.open_us, width_us, 0)
    return MarkKline(
        open_time=step.open_us,
        open=step.open,
        high=step.high,
        low=step.low,
        close=step.close,
        no_volume="0",
        close_time=end_us - 1,
        no_quote="0",
        count=seconds_seen(step.open_us, end_us, now_us),
        no_taker="0",
        no_taker_quote="0",
        unused="0",
    )


def seconds_seen(open_us: int, end_us: int, now_us: int) -> int:
    """How many whole seconds of an interval have been looked at by now, one at least."""
    return max(min(end_us, now_us + SECOND_US) - open_us, SECOND_US) // SECOND_US
