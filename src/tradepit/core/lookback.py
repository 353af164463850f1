"""What happened on a symbol, from memory as far as it reaches, else from its archive.

Each of these answers at once, or gives a function that answers in a thread of its own; see
`core.history`. Spot symbols and futures contracts alike.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from tradepit.core.archive import Archive
from tradepit.core.bars import MINUTE_US, SECOND_US, fold, next_open, open_of
from tradepit.core.tape import first_at

if TYPE_CHECKING:
    from tradepit.core.bars import Bar
    from tradepit.core.history import History
    from tradepit.core.symbols import Symbol
    from tradepit.core.tape import Agg, Trade


class Span(NamedTuple):
    """Which rows are asked for; times inclusive, a whole millisecond lasts to its end."""

    from_id: int | None
    start_us: int | None
    end_us: int | None
    limit: int

    def last_us(self) -> int | None:
        """The last microsecond of the span."""
        return None if self.end_us is None else ms_end(self.end_us)


def ms_end(us: int) -> int:
    """An inclusive end time: a whole millisecond lasts to its end."""
    return us + 999 if us % 1000 == 0 else us


def trades(
    symbol: Symbol, history: History, from_id: int | None, limit: int
) -> list[Trade] | Callable[[], list[Trade]]:
    """Trades from an id on, or the newest."""
    tape = symbol.tape
    if from_id is None:
        return tape.recent_trades(limit)
    if tape.trades and from_id >= tape.trades[0][0]:
        return tape.trades_from(from_id, limit)
    archive, first = Archive(symbol, history), from_id
    return lambda: archive.trades(first, limit)


def aggs(symbol: Symbol, history: History, span: Span) -> list[Agg] | Callable[[], list[Agg]]:
    """Aggregate trades, the running one among them."""
    found = _aggs_in_memory(symbol, span)
    return _archived_aggs(symbol, history, span) if found is None else found


def _archived_aggs(symbol: Symbol, history: History, span: Span) -> Callable[[], list[Agg]]:
    """What was asked for, from outside memory; the running aggregate trade joins at the end."""
    archive, limit, end_us = Archive(symbol, history), span.limit, span.last_us()
    running = symbol.tape.recent_aggs()[-1:]
    wanted = [row for row in running if end_us is None or row[5] <= end_us]

    def later() -> list[Agg]:
        newest = span.from_id is None and span.start_us is None
        if span.from_id is not None:
            rows = archive.aggs_from(span.from_id, limit)
        elif span.start_us is not None:
            rows = archive.oldest_aggs(span.start_us, end_us, limit)
        else:
            rows = archive.newest_aggs(end_us, limit)
        # It may have been finished and written since.
        rows += [row for row in wanted if not rows or row[0] > rows[-1][0]]
        return rows[-limit:] if newest else rows[:limit]

    return later


def _aggs_in_memory(symbol: Symbol, span: Span) -> list[Agg] | None:
    """What was asked for, as far as memory holds all of it; None when it does not."""
    tape = symbol.tape
    rows = tape.recent_aggs()
    complete = tape.past is None and (not rows or rows[0][0] == 0)
    limit, end_us = span.limit, span.last_us()
    if span.from_id is not None:
        first = rows[0][0] if rows else 0
        if not complete and (not rows or span.from_id < first):
            return None
        start = max(0, span.from_id - first)
        return rows[start : start + limit]
    stop = len(rows) if end_us is None else first_at(rows, end_us + 1)
    if span.start_us is None:
        if not complete and stop < limit:
            return None
        return rows[max(0, stop - limit) : stop]
    if not complete and (not rows or span.start_us <= rows[0][5]):
        return None
    start = first_at(rows, span.start_us)
    return rows[start : min(stop, start + limit)]


# --- Klines ------------------------------------------------------------------------------------


def opens_of(span: Span, interval: tuple[int, int], life_us: tuple[int, int]) -> list[int]:
    """When the klines asked for open, oldest first, and then when the last of them ends.

    interval: width and how far east of UTC it is counted, µs. life_us: the time of the first trade
    (-1: none) and now; there is no kline before the first and none that opens after now. Empty
    when there is none to show.
    """
    first_us, now_us = life_us
    if first_us < 0:
        return []
    width_us, offset_us = interval
    start_us = open_of(first_us, width_us, offset_us)
    last_us = now_us if span.end_us is None else min(span.end_us, now_us)
    last_us = open_of(last_us, width_us, offset_us)
    if span.start_us is None:
        start_us = max(start_us, next_open(last_us, width_us, offset_us, 1 - span.limit))
    elif span.start_us > start_us:
        start_us = open_of(span.start_us, width_us, offset_us)
        if start_us < span.start_us:
            start_us = next_open(start_us, width_us, offset_us)
    found: list[int] = []
    while start_us <= last_us and len(found) < span.limit:
        found.append(start_us)
        start_us = next_open(start_us, width_us, offset_us)
    return [*found, start_us] if found else []


def klines_of(
    symbol: Symbol, history: History, opens_us: list[int], width_us: int
) -> list[Bar] | Callable[[], list[Bar]]:
    """A bar for each interval of `opens_us` (see `opens_of`) since the first trade."""
    if not opens_us:
        return []
    tape = symbol.tape
    fine_us = SECOND_US if width_us == SECOND_US else MINUTE_US
    start_us, end_us = opens_us[0], opens_us[-1]
    held_us = tape.series(fine_us).from_us
    if held_us <= start_us:
        bars = tape.bars(fine_us, start_us, end_us)
        return fold(bars, opens_us, tape.price_before(fine_us, start_us))
    recent = tape.bars(fine_us, held_us, end_us)
    archive = Archive(symbol, history)

    def later() -> list[Bar]:
        old = archive.spans(fine_us, _until(opens_us, held_us))
        return fold([*old, *recent], opens_us, archive.price_before(fine_us, start_us))

    return later


def _until(opens_us: list[int], end_us: int) -> list[int]:
    """The intervals before `end_us`, the last one cut off there."""
    if opens_us[-1] <= end_us:
        return opens_us
    return [*opens_us[: bisect_left(opens_us, end_us)], end_us]
