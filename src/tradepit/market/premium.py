"""How far a contract was from its index before the world's birth: a course in layers.

A pure function of (seed, contract, birth). Each day has a level of its own, mostly near the usual
one, and parts into ever shorter steps as a past does; at the birth nothing is left. What a delivery
contract is worth more for its later date is added: it shrinks by the microsecond.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tradepit.core.bars import DAY_US, MINUTE_US
from tradepit.core.units import ONE
from tradepit.market.chance import DIE, Dice
from tradepit.market.layers import WIDTHS, Shelf

USUAL: Final = ONE // 10_000  # of a perpetual contract, e8 of the index
SWING: Final = 12 * USUAL  # the widest that a day's level is from the usual one
REACH: Final = 3 * USUAL  # how far a day may go beyond its two ends, at least
MOST: Final = USUAL + 2 * SWING + REACH  # nothing is farther from the index
CARRY: Final = ONE // 20  # a year's, of a contract that is delivered later
YEAR_US: Final = 365 * DAY_US
HALF: Final = DIE // 2


class Step:
    """The premium at start_us..end_us-1, e8 of the index; it never changes."""

    __slots__ = ("close", "end_us", "high", "low", "open", "start_us")

    def __init__(
        self, start_us: int, end_us: int, begin: int, high: int, low: int, end: int
    ) -> None:
        self.start_us = start_us
        self.end_us = end_us
        self.open = begin
        self.high = high
        self.low = low
        self.close = end


class Premium:
    """The course of one contract. carry: what a year until `delivery_us` is worth, e8; 0 of a
    perpetual."""

    def __init__(self, name: str, seed: int, born_us: int, shelf: Shelf) -> None:
        self._name = f"premium of {name}"
        self._dice = Dice(seed, self._name)
        self._born_us = born_us
        self._shelf = shelf
        self.carry = 0
        self.delivery_us = 0
        self._known = (-1, 0)  # the last level that was asked for: a day begins where one ended

    def carried(self, us: int) -> int:
        """What the later delivery is worth at a time."""
        return self.carry * (self.delivery_us - us) // YEAR_US if self.carry else 0

    def day(self, start_us: int) -> Step:
        key = (self._name, -2, start_us)
        kept: list[Step] | None = self._shelf.get(key)
        if kept is None:
            end_us = min(start_us + DAY_US, self._born_us)
            begin, end = self._level(start_us), self._level(end_us)
            up, down = self._dice.throw(start_us // MINUTE_US * 16 + 8, 2)
            reach = REACH + (abs(begin) + abs(end)) // 4
            high = max(begin, end) + up * reach // DIE
            low = min(begin, end) - down * reach // DIE
            kept = [Step(start_us, end_us, begin, high, low, end)]
            self._shelf.put(key, kept)
        return kept[0]

    def _level(self, us: int) -> int:
        """Where a day begins: three of four within two basis points of the usual level."""
        if us >= self._born_us:
            return 0
        known, level = self._known
        if known != us:
            (die,) = self._dice.throw(us // MINUTE_US * 16, 1)
            away = die - HALF
            level = USUAL + SWING * away // HALF * away // HALF * away // HALF
            self._known = (us, level)
        return level

    def parts(self, level: int, step: Step) -> list[Step]:
        key = (self._name, level, step.start_us)
        found: list[Step] | None = self._shelf.get(key)
        if found is None:
            width_us = WIDTHS[level + 1] * MINUTE_US
            edges = [*range(step.start_us, step.end_us, width_us), step.end_us]
            place = step.start_us // MINUTE_US * 16 + level + 1
            found = bend(step, edges, self._dice.throw(place, 3 * len(edges)))
            self._shelf.put(key, found)
        return found

    def spans(self, opens_us: Sequence[int]) -> list[Step]:
        """The steps of the intervals that open at `opens_us` (whole minutes, ascending; the last
        entry closes the last), as far as they lie before the birth."""
        found: list[Step] = []
        first, last = opens_us[0], min(opens_us[-1], self._born_us)
        at = 0
        for day_us in range(first - first % DAY_US, last, DAY_US):
            todo = [(0, self.day(day_us))]
            while todo:
                level, step = todo.pop()
                if step.end_us <= first or step.start_us >= last:
                    continue
                while opens_us[at + 1] <= step.start_us:
                    at += 1
                open_us = opens_us[at]
                if open_us > step.start_us or step.end_us > opens_us[at + 1]:
                    todo += [(level + 1, part) for part in reversed(self.parts(level, step))]
                elif found and found[-1].start_us == open_us:
                    found[-1] = _joined(found[-1], step)
                else:
                    found.append(
                        Step(open_us, step.end_us, step.open, step.high, step.low, step.close)
                    )
        return found


def _joined(one: Step, other: Step) -> Step:
    return Step(
        one.start_us, other.end_us, one.open, max(one.high, other.high), min(one.low, other.low),
        other.close,
    )  # fmt: skip


def bend(step: Step, edges: list[int], dice: tuple[int, ...]) -> list[Step]:
    """A step in parts: the way from its open to its close, over its high and its low."""
    start, high, low, end = step.open, step.high, step.low, step.close
    parts = len(edges) - 1
    reach = high - low
    opens = [start]
    for i in range(1, parts):
        straight = start + (end - start) * i // parts + ((dice[i] - HALF) * reach >> 17)
        opens.append(low if straight < low else min(straight, high))
    opens.append(end)
    tops, bottoms = [], []
    for i in range(parts):
        top, bottom = opens[i], opens[i + 1]
        if top < bottom:
            top, bottom = bottom, top
        tops.append(min(high, top + (dice[parts + i] * reach >> 18)))
        bottoms.append(max(low, bottom - (dice[2 * parts + i] * reach >> 18)))
    tops[tops.index(max(tops))], bottoms[bottoms.index(min(bottoms))] = high, low
    return [
        Step(edges[i], edges[i + 1], opens[i], tops[i], bottoms[i], opens[i + 1])
        for i in range(parts)
    ]
