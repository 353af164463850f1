"""A past in layers: days that part into ever shorter spans and at last into trades.

What is here keeps what was made lately and finds things in it, whoever makes the spans: see
`core.past.Past` for what is asked.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

from tradepit.core.bars import DAY_US, MINUTE_US, Bar
from tradepit.market.chance import Dice
from tradepit.market.prints import Money, Sizes, Trade, throws_for, trades_of
from tradepit.market.splitting import Span

Agg = tuple[int, int, int, int, int, int, bool]  # see core.tape.Agg

WIDTHS: Final = (1440, 720, 240, 120, 60, 15, 5, 1)  # minutes of the spans, level by level
SHELF: Final = 60_000  # spans and trades kept


class Shelf:
    """What was computed lately, for all symbols: two generations, the older is let go."""

    def __init__(self, lock: AbstractContextManager[object], room: int = SHELF) -> None:
        self._room = room
        self._young: dict[tuple[str, int, int], list[Any]] = {}
        self._old: dict[tuple[str, int, int], list[Any]] = {}
        self._count = 0
        self._lock = lock

    def get(self, key: tuple[str, int, int]) -> list[Any] | None:
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self.put(key, found)
        return found

    def put(self, key: tuple[str, int, int], rows: list[Any]) -> None:
        with self._lock:
            self._young[key] = rows
            self._count += len(rows) + 1
            if self._count > self._room // 2:
                self._old, self._young, self._count = self._young, {}, 0


class LayeredPast(ABC):
    """See `core.past.Past`. Days are counted from the first; `leaf_level` is that of the shortest
    spans, `a_day` about how many trades a day has, `end_id` the id after the last."""

    def __init__(
        self, name: str, sizes: Sizes, born_us: int, *, seed: int, shelf: Shelf,
        money: Money | None = None,
    ) -> None:  # fmt: skip
        """money: how trades are paid where it is not price times quantity."""
        self._name = name
        self.sizes = sizes
        self.born_us = born_us
        self.dice = Dice(seed, name)
        self.shelf = shelf
        self._money = money
        self.start_us = 0  # of the first day, when the first trade is
        self.days = 0
        self.a_day = 0
        self.leaf_level = 0
        self.end_id = 0

    # --- What it is made of --------------------------------------------------------------------

    @abstractmethod
    def ids_before(self, day: int) -> int:
        """How many trades the days before `day` have."""

    @abstractmethod
    def new_day(self, day: int) -> Span:
        """Makes a day as one span."""

    @abstractmethod
    def new_parts(self, level: int, span: Span) -> list[Span]:
        """Makes what a span of a level (0: a day) parts into."""

    def day(self, day: int) -> Span:
        """A day as one span."""
        key = (self._name, -2, day)
        kept: list[Span] | None = self.shelf.get(key)
        if kept is None:
            kept = [self.new_day(day)]
            self.shelf.put(key, kept)
        return kept[0]

    def parts(self, level: int, span: Span) -> list[Span]:
        """What a span of a level (0: a day) parts into."""
        key = (self._name, level, span.start_us)
        found: list[Span] | None = self.shelf.get(key)
        if found is None:
            found = self.new_parts(level, span)
            self.shelf.put(key, found)
        return found

    def prints(self, leaf: Span) -> list[Trade]:
        """The trades of a shortest span."""
        key = (self._name, -1, leaf.start_us)
        found: list[Trade] | None = self.shelf.get(key)
        if found is None:
            place = leaf.start_us // MINUTE_US * 16 + 15
            dice = self.dice.throw(place, throws_for(leaf))
            found = trades_of(leaf, self.sizes, dice, self._money)
            self.shelf.put(key, found)
        return found

    def leaves(self, start_us: int, end_us: int) -> int:
        """How many shortest spans lie in start_us..end_us-1."""
        return -(-(end_us - start_us) // (WIDTHS[self.leaf_level] * MINUTE_US))

    # --- What the port asks --------------------------------------------------------------------

    def first_us(self) -> int:
        return self.start_us

    def last_trade(self) -> Trade:
        return self.trades(limit=1)[-1]

    def last_agg_id(self) -> int:
        return self.end_id - 1

    def trades(self, *, from_id: int | None = None, limit: int = 500) -> list[Trade]:
        start = max(0, self.end_id - limit) if from_id is None else max(0, from_id)
        return self._by_id(start, min(self.end_id, start + limit))

    def trades_between(self, start_us: int, end_us: int) -> list[Trade]:
        return self._by_id(self._id_at(start_us), self._id_at(end_us))

    def aggs(
        self, *, from_id: int | None = None, start_us: int | None = None,
        end_us: int | None = None, limit: int = 500,
    ) -> list[Agg]:  # fmt: skip
        """Every trade is an aggregate trade of its own here."""
        if from_id is not None:
            rows = self.trades(from_id=from_id, limit=limit)
        else:
            stop = self.end_id if end_us is None else self._id_at(end_us + 1)
            start = max(0, stop - limit) if start_us is None else self._id_at(start_us)
            rows = self._by_id(start, min(stop, start + limit))
        return [(r[0], r[1], r[2], r[0], r[0], r[4], r[5]) for r in rows]

    def bars(self, width_us: int, start_us: int, end_us: int) -> list[Bar]:
        start_us = max(start_us, self.start_us)
        start_us += -start_us % width_us
        end_us = min(end_us, self.born_us)
        if start_us >= end_us:
            return []
        return self.spans(range(start_us, end_us + width_us, width_us))

    def bars_before(self, width_us: int, end_us: int, limit: int) -> list[Bar]:
        end_us = min(end_us, self.born_us)
        reach_us = limit * width_us
        while True:
            found = self.bars(width_us, end_us - reach_us, end_us)
            if len(found) >= limit or end_us - reach_us <= self.start_us:
                return found[-limit:]
            reach_us *= 4

    def spans(self, opens_us: Sequence[int]) -> list[Bar]:
        fold = _Fold(opens_us, self.sizes)
        first = max(0, (opens_us[0] - self.start_us) // DAY_US)
        last = min(self.days - 1, (opens_us[-1] - 1 - self.start_us) // DAY_US)
        for day in range(first, last + 1):
            self._fold(fold, 0, self.day(day))
        return fold.found

    # --- Finding -------------------------------------------------------------------------------

    def _fold(self, fold: _Fold, level: int, span: Span) -> None:
        if span.end_us <= fold.start_us or span.start_us >= fold.end_us:
            return
        if fold.holds(span.start_us, span.end_us):
            fold.add(span)
        elif level == self.leaf_level:
            fold.add_trades(self.prints(span))
        else:
            for part in self.parts(level, span):
                self._fold(fold, level + 1, part)

    def _by_id(self, start: int, stop: int) -> list[Trade]:
        """The trades start..stop-1."""
        found: list[Trade] = []
        if start >= stop:
            return found
        for leaf in self._leaves_from(start):
            if leaf.first_id >= stop:
                break
            rows = self.prints(leaf)
            found += rows[max(0, start - leaf.first_id) : stop - leaf.first_id]
        return found

    def _leaves_from(self, trade_id: int) -> Iterator[Span]:
        """The shortest spans from that of a trade on."""
        day = min(trade_id // self.a_day, self.days - 1)
        while day and self.ids_before(day) > trade_id:
            day -= 1
        while day + 1 < self.days and self.ids_before(day + 1) <= trade_id:
            day += 1
        for later in range(day, self.days):
            yield from self._below(0, self.day(later), trade_id)

    def _below(self, level: int, span: Span, trade_id: int) -> Iterator[Span]:
        if span.first_id + span.trades <= trade_id:
            return
        if level == self.leaf_level:
            yield span
            return
        for part in self.parts(level, span):
            yield from self._below(level + 1, part, trade_id)

    def _id_at(self, us: int) -> int:
        """The id of the first trade at `us` or later."""
        if us <= self.start_us:
            return 0
        if us >= self.born_us:
            return self.end_id
        span = self.day((us - self.start_us) // DAY_US)
        for level in range(self.leaf_level):
            span = next(part for part in self.parts(level, span) if us < part.end_us)
        rows = self.prints(span)
        return span.first_id + bisect_left(rows, us, key=lambda row: row[4])


class _Fold:
    """Folds spans and trades, in their order, into the intervals that open at `opens_us`."""

    def __init__(self, opens_us: Sequence[int], sizes: Sizes) -> None:
        self._opens = opens_us
        self._sizes = sizes
        self._at = 0
        self.start_us, self.end_us = opens_us[0], opens_us[-1]
        self.found: list[Bar] = []

    def holds(self, start_us: int, end_us: int) -> bool:
        """Whether one interval holds all of a span that is not before the last one asked for."""
        opens, at = self._opens, self._at
        while opens[at + 1] <= start_us:
            at += 1
        self._at = at
        return opens[at] <= start_us and end_us <= opens[at + 1]

    def add(self, span: Span) -> None:
        tick, lot, worth = self._sizes
        open_us = self._opens[self._at]
        bar = Bar(
            open_us, span.open * tick, span.high * tick, span.low * tick, span.close * tick,
            (span.bought + span.sold) * lot, (span.bought_worth + span.sold_worth) * worth,
            span.trades, span.bought * lot, span.bought_worth * worth, span.first_id,
            span.first_id + span.trades - 1,
        )  # fmt: skip
        self._put(bar)

    def _put(self, bar: Bar) -> None:
        if self.found and self.found[-1].open_us == bar.open_us:
            self.found[-1].add(bar)
        else:
            self.found.append(bar)

    def add_trades(self, rows: list[Trade]) -> None:
        for trade_id, price, qty, quote, at_us, sold in rows:
            if at_us >= self.end_us:
                return
            if at_us < self.start_us:
                continue
            self.holds(at_us, at_us)
            bought = 0 if sold else 1
            self._put(Bar(
                self._opens[self._at], price, price, price, price, qty, quote, 1, qty * bought,
                quote * bought, trade_id, trade_id,
            ))  # fmt: skip
