"""Klines of a pair's current or next quarter, whichever contract that was at each time.

Quarters follow each other at 08:00 UTC of a quarter's last Friday. What is listed no more is asked
of the histories by its name; what was over before the world's birth, of the pasts. All of it
together is one tape, from which bars of every width are folded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from tradepit.catalog.fields import Time
from tradepit.catalog.futures_fields import ContractType, FuturesInterval, PairName
from tradepit.catalog.language import Ask
from tradepit.core.archive import Archive
from tradepit.core.bars import DAY_US, INTERVALS, MINUTE_US, Bar, fold
from tradepit.core.contracts import Contract
from tradepit.core.delivery import QUARTERS, name_of, quarter_end
from tradepit.core.lookback import Span, klines_of, opens_of
from tradepit.core.records import Who
from tradepit.products.futures.klines import WEIGHT, Klines, check_times, kline, klines_asked
from tradepit.products.futures.selectors import KlineLimit, of_type
from tradepit.products.futures.venues import on_both

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.history import History

NEVER_US: Final = 1 << 62
HALF_A_YEAR_US: Final = 200 * DAY_US  # more than two quarters, less than three


class Leg(NamedTuple):
    """The contract that was a pair's current, or next, quarter at start_us..end_us-1."""

    name: str
    start_us: int
    end_us: int
    delivery_us: int


class ContinuousAsk(Ask):
    pair: PairName
    contract_type: ContractType
    interval: FuturesInterval
    start_time: Time | None = None
    end_time: Time | None = None
    limit: KlineLimit = 500


@on_both(
    "GET /{}/v1/continuousKlines",
    doc="{}/market-data#continuous-contract-klinecandlestick-data", **WEIGHT,
)  # fmt: skip
def continuous_klines(
    pit: Exchange, history: History, who: Who, ask: ContinuousAsk, venue: int
) -> Klines:
    """Continuous contract kline/candlestick data."""
    check_times(ask, venue)
    listed = of_type(pit, ask.pair, ask.contract_type, venue)
    if listed.perpetual:
        return klines_asked(listed, history, ask)
    width_us = INTERVALS[ask.interval]
    span = Span(None, ask.start_time, ask.end_time, ask.limit)
    now_us = max(history.now_us(), listed.tape.last_us)
    opens_us = opens_of(span, (width_us, 0), (begin_us(pit, listed), now_us))
    bars = continued(pit, history, listed, opens_us)
    return lambda: [kline(listed, bar, width_us) for bar in bars()]


def begin_us(pit: Exchange, listed: Contract) -> int:
    """Since when there is anything to tell of a listed quarter and those before it; -1: never."""
    spot = pit.symbols.get(listed.index_symbol)
    if pit.quarters is not None and spot is not None and spot.tape.past is not None:
        return spot.tape.past.first_us()
    rows = legs(pit, listed)
    if any(leg.name not in pit.contracts for leg in rows):
        return pit.born_us
    firsts = [pit.contracts[leg.name].tape.first_us for leg in rows]
    return min((first for first in firsts if first >= 0), default=-1)


def legs(pit: Exchange, listed: Contract) -> list[Leg]:
    """A listed quarter, and those that were of its type before it, oldest first. One that keeps to
    no quarter has none before it."""
    if listed.contract_type not in QUARTERS:
        return [Leg(listed.name, 0, NEVER_US, listed.delivery_us)]
    spot = pit.symbols.get(listed.index_symbol)
    past = None if spot is None or pit.quarters is None else spot.tape.past
    start_us = pit.born_us if past is None else past.first_us()
    ends_us = [quarter_end(start_us)]
    while ends_us[-1] < listed.delivery_us:
        ends_us.append(quarter_end(ends_us[-1]))
    if ends_us[-1] != listed.delivery_us:
        return [Leg(listed.name, 0, NEVER_US, listed.delivery_us)]
    ahead = QUARTERS.index(listed.contract_type)
    found = []
    for end_us, delivery_us in zip(ends_us, ends_us[ahead:], strict=False):
        name = name_of(listed.pair, delivery_us)
        found.append(Leg(name, start_us, end_us, delivery_us))
        start_us = end_us
    found[-1] = Leg(listed.name, found[-1].start_us, NEVER_US, listed.delivery_us)
    return found


def continued(
    pit: Exchange, history: History, listed: Contract, opens_us: list[int]
) -> Callable[[], list[Bar]]:
    """A bar for each interval (see `opens_of`) since the first trade of a listed quarter and those
    before it. What is in memory is read at once, the rest when the result is called."""
    if not opens_us:
        return list
    rows = legs(pit, listed)
    before = _before(pit, history, listed, (rows, opens_us[0]))
    parts = []
    for leg in rows:
        start_us, end_us = max(leg.start_us, opens_us[0]), min(leg.end_us, opens_us[-1])
        if start_us < end_us:
            inside = [each for each in opens_us if start_us < each < end_us]
            parts.append(_traded(pit, history, (listed, leg), [start_us, *inside, end_us]))
    return lambda: fold([bar for part in parts for bar in part()], opens_us, before())


def _traded(
    pit: Exchange, history: History, which: tuple[Contract, Leg], opens_us: list[int]
) -> Callable[[], list[Bar]]:
    """The bars of a leg that have trades."""
    listed, leg = which
    known = pit.contracts.get(leg.name)
    if known is None:
        archive = Archive(_gone(pit, listed, leg), history)
        return lambda: archive.spans(MINUTE_US, opens_us)
    found = klines_of(known, history, opens_us, MINUTE_US)
    return lambda: [bar for bar in (found() if callable(found) else found) if bar.count]


def _before(
    pit: Exchange, history: History, listed: Contract, when: tuple[list[Leg], int]
) -> Callable[[], int]:
    """The price of the last trade before a time; 0: there was none."""
    rows, us = when
    leg = next((leg for leg in rows if leg.start_us < us <= leg.end_us), None)
    if leg is None:
        return int
    known = pit.contracts.get(leg.name)
    if known is None:
        archive = Archive(_gone(pit, listed, leg), history)
        return lambda: archive.price_before(MINUTE_US, us)
    found = klines_of(known, history, [us - MINUTE_US, us], MINUTE_US)

    def price() -> int:
        bars = found() if callable(found) else found
        return bars[-1].close if bars else 0

    return price


def _gone(pit: Exchange, listed: Contract, leg: Leg) -> Contract:
    """A contract of a pair that is listed no more, to ask what happened on it."""
    onboard_us = quarter_end(leg.delivery_us - HALF_A_YEAR_US)
    made = Contract({
        **listed.listing, "symbol": leg.name, "deliveryDate": leg.delivery_us // 1000,
        "onboardDate": onboard_us // 1000,
    })  # fmt: skip
    if pit.quarters is not None:
        made.tape.past = pit.quarters.past_of(made)
        made.tape.born_us = pit.born_us
    return made
