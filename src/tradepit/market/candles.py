"""A candle as a few prints that come to the same candle: four prices, volumes, takers, count.

The prints go from the open by both extremes to the close; what takers bought and what they sold
apart. Most of each side's volume is put at the two ticks around its mean price, so that price times
quantity comes to the file's quote wherever such prints exist; where they do not (a candle of two
trades, say), the largest print carries the difference, so that the candle is the file's in any
case. Prints come on whole seconds and stand for many trades each.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from typing import Final, NamedTuple

SECOND_US: Final = 1_000_000
ONE: Final = 100_000_000

# (at_us, price, qty, quote, first id, aggregate's id, count, buyer is maker), see core.printing.Row
Row = tuple[int, int, int, int, int, int, int, bool]


class Grain(NamedTuple):
    """The steps of a file's prices and quantities, in units."""

    tick: int
    step: int


class _Print:
    __slots__ = ("price", "qty", "quote", "sold")

    def __init__(self, price: int, sold: bool) -> None:
        self.price = price
        self.sold = sold
        self.qty = 0
        self.quote = 0


def grain_of(columns: Sequence[Sequence[int]]) -> Grain:
    """The coarsest steps that all prices and quantities of candles are multiples of."""
    tick = gcd(*columns[1], *columns[2], *columns[3], *columns[4])
    return Grain(tick, gcd(*columns[5], *columns[8]))


def path_of(first: int, high: int, low: int, last: int) -> list[int]:
    """The prices that a candle must have traded at, in an order that makes it."""
    found = [first]
    for price in (low, high, last) if last >= first else (high, low, last):
        if price != found[-1]:
            found.append(price)
    return found


def prints_of(candle: Sequence[int], grain: Grain) -> list[Row]:
    """The prints of a candle, by the columns of `market.tapefile`; none when nothing traded."""
    opens, first, high, low, last, base, quote, count, taker_base, taker_quote, ends = candle
    if not count:
        return []
    amounts = {False: (taker_base, taker_quote), True: (base - taker_base, quote - taker_quote)}
    sides = [sold for sold in (False, True) if amounts[sold][0]]
    points = _points(path_of(first, high, low, last), sides)
    room = len(points) + 2 * len(sides) <= count
    bulk: list[_Print] = []
    for sold in sides:
        mine = [each for each in points if each.sold == sold]
        more = [_Print(first, sold) for _ in range(2 if room else 0 if mine else 1)]
        _share(mine, more, amounts[sold], (low, high, grain))
        bulk += [each for each in more if each.qty]
    prints = [*points[:-1], *bulk, points[-1]] if len(points) > 1 else [*points, *bulk]
    counts = _counts([each.qty for each in prints], count)
    times = _times(opens, ends, len(prints))
    return [
        (at_us, each.price, each.qty, each.quote, -1, -1, number, each.sold)
        for at_us, each, number in zip(times, prints, counts, strict=True)
    ]


def _points(path: list[int], sides: list[bool]) -> list[_Print]:
    """One print at each price: bought on the way up, sold on the way down, as far as both were."""
    found = []
    for i, price in enumerate(path):
        sold = price < path[i - 1] if i else len(path) > 1 and path[1] > price
        found.append(_Print(price, sold if len(sides) > 1 else sides[0]))
    if len(sides) > 1 and len(found) > 1 and len({each.sold for each in found}) == 1:
        found[0].sold = not found[0].sold
    return found


def _share(
    points: list[_Print], bulk: list[_Print], amount: tuple[int, int],
    bounds: tuple[int, int, Grain],
) -> None:  # fmt: skip
    """Give the prints of one side its quantity and quote."""
    qty, worth = amount
    low, high, grain = bounds
    prints = points + bulk
    lot = max(min(grain.step, qty // len(prints)), 1)
    for each in prints:
        each.qty = lot
    rest = qty - lot * len(points)
    if not bulk:
        prints[-1].qty += rest
    else:
        left = worth * ONE - sum(each.price * lot for each in points)
        price = max(low, min(high, left // rest // grain.tick * grain.tick))
        above = 0
        if len(bulk) > 1 and price + grain.tick <= high:
            above = max(0, min(rest, (left - price * rest) // grain.tick))
        bulk[0].price, bulk[0].qty = price, rest - above
        if len(bulk) > 1:
            bulk[1].price, bulk[1].qty = price + grain.tick, above
    for each in prints:
        each.quote = each.price * each.qty // ONE
    missing = worth - sum(each.quote for each in prints)
    for each in sorted(prints, key=lambda each: -each.qty):
        change = max(missing, -each.quote)  # where one is too small, others give the rest
        each.quote += change
        missing -= change


def _counts(parts: list[int], count: int) -> list[int]:
    """`count` trades among prints: one for each, the others by quantity."""
    more, total = count - len(parts), sum(parts)
    found = [1 + more * part // total for part in parts]
    found[parts.index(max(parts))] += count - sum(found)
    return found


def _times(opens: int, ends: int, count: int) -> list[int]:
    """Whole seconds from a candle's first to its last."""
    seconds = max((ends - opens) // SECOND_US - 1, 0)
    return [opens + seconds * i // max(count - 1, 1) * SECOND_US for i in range(count)]
