"""What a window of time up to now held, exactly: from the tape, and from the history where the
tape no longer reaches."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from tradepit.core.archive import Archive
from tradepit.core.bars import MINUTE_US, SECOND_US, Bar, empty_bar
from tradepit.core.tape import trade_bar
from tradepit.core.units import MAX_AMOUNT, ONE

if TYPE_CHECKING:
    from tradepit.core.book import BookSide
    from tradepit.core.history import History
    from tradepit.core.symbols import Symbol


class Held(NamedTuple):
    """All trades of a window as one bar, and the price of the last trade before it (0: none)."""

    bar: Bar
    before: int


def window(
    symbol: Symbol, history: History, start_us: int, archive: Archive | None = None
) -> Held | Callable[[], Held]:
    """Every trade of `symbol` from `start_us` on; a function where it takes SQL."""
    tape, archive = symbol.tape, archive or Archive(symbol, history)
    minute_us = start_us - start_us % MINUTE_US
    if tape.minutes.from_us > minute_us:
        since_us = tape.minutes.from_us
        return _older(archive, start_us, (since_us, tape.window(since_us)[0]))
    lo_us, hi_us = tape.missing(start_us)
    if not hi_us:
        return Held(*tape.window(start_us))
    rest, _ = tape.window(hi_us)
    width_us = SECOND_US if hi_us - lo_us == SECOND_US else MINUTE_US
    before = tape.price_before(width_us, lo_us)

    def later() -> Held:
        return _cut(archive, start_us, (lo_us, hi_us), Held(rest, before))

    return later


def _cut(archive: Archive, start_us: int, span_us: tuple[int, int], rest: Held) -> Held:
    """`rest` and what the span that the window's start cuts in two holds of the window."""
    total = empty_bar(start_us, 0)
    before = rest.before
    for row in archive.trades_between(*span_us):
        if row[4] < start_us:
            before = row[1]
        else:
            total.add(trade_bar(row))
    total.add(rest.bar)
    return Held(total, before)


def _older(archive: Archive, start_us: int, held: tuple[int, Bar]) -> Callable[[], Held]:
    """A window that starts before the minutes in memory; held: (from when on, its bar)."""
    since_us, recent = held
    minute_us = start_us - start_us % MINUTE_US
    whole_us = start_us + -start_us % MINUTE_US

    def later() -> Held:
        rest = empty_bar(start_us, 0)
        for bar in archive.spans(MINUTE_US, (whole_us, since_us)):
            rest.add(bar)
        rest.add(recent)
        found = Held(rest, archive.price_before(MINUTE_US, minute_us))
        if whole_us == minute_us:
            return found
        return _cut(archive, start_us, (minute_us, whole_us), found)

    return later


def percent_of(change: int, start: int) -> int:
    """change / start in percent, units of 1e-8, rounded half away from zero to 3 decimals."""
    if not start:
        return 0
    thousandths = (2 * abs(change) * 100_000 + start) // (2 * start)
    return (thousandths if change >= 0 else -thousandths) * (ONE // 1000)


def top(side: BookSide) -> tuple[int, int]:
    """Best price and visible quantity of a side; zeros when it is empty."""
    levels = side.depth(1)
    return (levels[0][0], min(levels[0][1], MAX_AMOUNT)) if levels else (0, 0)


def capped(levels: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Levels whose quantity is shown as the largest amount there is, or less."""
    return [(price, qty if qty < MAX_AMOUNT else MAX_AMOUNT) for price, qty in levels]
