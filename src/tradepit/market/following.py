"""The past of a futures contract: that of its index' spot symbol, seen through its premium.

At every layer a span of the contract has the prices of the spot symbol's span times one plus the
premium then, within the contract's own span above it; it has a multiple of the spot symbol's
quantities, and as many trades. So both walk together, minute by minute, and sums agree exactly
between all intervals. See docs/decisions/0197-the-past-of-contracts.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from typing import Final, NamedTuple

from tradepit.core.bars import DAY_US, MINUTE_US
from tradepit.core.units import ONE
from tradepit.market.coins import Coins
from tradepit.market.layers import WIDTHS, LayeredPast
from tradepit.market.past import SyntheticPast, Terms
from tradepit.market.premium import Premium, Step
from tradepit.market.splitting import (
    Bounds,
    Span,
    bounds_in_quote,
    folded,
    inside,
    share_worths,
)  # fmt: skip

WIDER: Final = (64, 32, 16, 8, 4, 2, 1, 0)  # see `splitting.share_worths`
PART: Final = 1 << 30

Way = tuple[list[int], list[int], list[int]]  # opens, highs, lows


class Follower(NamedTuple):
    """What of a contract decides how it follows. units: how many coins it counts as one.
    first_us: it was listed then. coins: of an inverse contract. funding_us: how often holders pay.
    """

    terms: Terms
    units: int
    first_us: int
    coins: Coins | None
    funding_us: int


class FollowingPast(LayeredPast):
    """See `core.past.Past` and `core.past.Premiums`."""

    def __init__(self, mine: Follower, spot: SyntheticPast, premium: Premium, seed: int) -> None:
        super().__init__(
            mine.terms.name, mine.terms.sizes, spot.born_us, seed=seed, shelf=spot.shelf,
            money=mine.coins,
        )  # fmt: skip
        self._mine = mine
        self._spot = spot
        self._premium = premium
        self._skipped = max(0, -(-(mine.first_us - spot.start_us) // DAY_US))
        if self._skipped >= spot.days:
            raise ValueError(f"{self._name} was not listed before the world's birth")
        self.start_us = spot.start_us + self._skipped * DAY_US
        self.days = spot.days - self._skipped
        self.a_day = spot.a_day
        self.leaf_level = spot.leaf_level
        self._ids = spot.ids_before(self._skipped)
        self.end_id = spot.end_id - self._ids
        self._times = max(1, mine.terms.trade // spot.terms.trade)
        up, down = spot.sizes.tick * mine.units, ONE * self.sizes.tick
        common = gcd(up, down)  # so that products stay machine words
        self._up, self._down = up // common, down // common
        self._half = self._down // 2
        self._low, self._high = mine.terms.low, mine.terms.high
        minutes = mine.funding_us // MINUTE_US
        self._depth = next(level for level, width in enumerate(WIDTHS) if minutes % width == 0)
        inverse = mine.coins is not None
        self._bounds: Bounds = bounds_in_quote if mine.coins is None else mine.coins.bounds
        self._how = (self._bounds, WIDER, inverse)

    # --- Making --------------------------------------------------------------------------------

    def ids_before(self, day: int) -> int:
        return self._spot.ids_before(day + self._skipped) - self._ids

    def new_day(self, day: int) -> Span:
        mate = self._spot.day(day + self._skipped)
        step = self._premium.day(mate.start_us)
        begin = self._price(mate.open, step.open, mate.start_us)
        end = self._price(mate.close, step.close, mate.end_us)
        middle = (step.open + step.close) // 2
        high = max(begin, end, self._price(mate.high, middle, mate.start_us))
        low = min(begin, end, self._price(mate.low, middle, mate.end_us))
        bought, sold = mate.bought * self._times, mate.sold * self._times
        worths = [
            self._worth(mate, (bought, mate.bought, mate.bought_worth), high, low),
            self._worth(mate, (sold, mate.sold, mate.sold_worth), high, low),
        ]
        return Span(
            mate.start_us, mate.end_us, mate.first_id - self._ids, mate.trades, bought, worths[0],
            sold, worths[1], begin, high, low, end, (mate, step),
        )  # fmt: skip

    def _worth(self, mate: Span, side: tuple[int, int, int], high: int, low: int) -> int:
        """What a side of a day came to: its mean price lies in its range where the mate's does."""
        qty, mate_qty, mate_worth = side
        leaves = self.leaves(mate.start_us, mate.end_us)
        (least,), (most,) = self._bounds([qty], [leaves], [high], [low])
        room = mate_qty * (mate.high - mate.low)
        place = (mate_worth - mate_qty * mate.low) * PART // room if room else PART // 2
        mean = low * PART + (high - low) * place  # in parts of a tick
        coins = self._mine.coins
        if coins is None:
            worth = qty * mean // PART
        else:
            worth = coins.worth(qty * PART, mean)
        return max(least, min(most, worth))

    def _price(self, ticks: int, premium: int, us: int) -> int:
        """A price of the spot symbol as the contract's, in ticks."""
        if self._premium.carry:
            premium += self._premium.carried(us)
        price = (ticks * self._up * (ONE + premium) + self._half) // self._down
        return self._low if price < self._low else min(price, self._high)

    def new_parts(self, level: int, span: Span) -> list[Span]:
        mate, step = span.mate
        mates = self._spot.parts(level, mate)
        steps = self._premium.parts(level, step)
        if len(mates) == 1:
            return [span.following((mates[0], steps[0]))]
        way = self._at_premium(mates, steps)
        opens, highs, lows = self._prices(span, mates, way)
        times = self._times
        bought = [mate.bought * times for mate in mates]
        sold = [mate.sold * times for mate in mates]
        leaves = [self.leaves(mate.start_us, mate.end_us) for mate in mates]
        worths = share_worths(span, leaves, (bought, sold), (highs, lows), self._how)
        return [
            Span(
                mate.start_us, mate.end_us, mate.first_id - self._ids, mate.trades, bought[i],
                worths[0][i], sold[i], worths[1][i], opens[i], highs[i], lows[i], opens[i + 1],
                (mate, steps[i]),
            )
            for i, mate in enumerate(mates)
        ]  # fmt: skip

    def _at_premium(self, mates: list[Span], steps: list[Step]) -> Way:
        price = self._price
        opens, highs, lows = [], [], []
        for mate, step in zip(mates, steps, strict=True):
            middle = (step.open + step.close) // 2
            opens.append(price(mate.open, step.open, mate.start_us))
            highs.append(price(mate.high, middle, mate.start_us))
            lows.append(price(mate.low, middle, mate.end_us))
        return opens, highs, lows

    def _prices(self, span: Span, mates: list[Span], way: Way) -> Way:
        """Where each part opens (and the last closes), how high and how low it goes.

        One part goes as high as the span, one as low; the others stay inside, as far as ticks
        allow. way: where they would, if they did not have to be within the span.
        """
        ceiling, floor = inside(span.high, span.low)
        opens = [folded(price, ceiling, floor) for price in way[0]]
        opens[0] = span.open
        opens.append(span.close)
        highs, lows = [], []
        for i in range(len(mates)):
            high, low = opens[i], opens[i + 1]
            if high < low:
                high, low = low, high
            highs.append(max(high, folded(way[1][i], ceiling, floor)))
            lows.append(min(low, folded(way[2][i], ceiling, floor)))
        tops, bottoms = [mate.high for mate in mates], [mate.low for mate in mates]
        highs[_turn(span, span.high, tops.index(max(tops)), len(mates))] = span.high
        lows[_turn(span, span.low, bottoms.index(min(bottoms)), len(mates))] = span.low
        return opens, highs, lows

    # --- What was paid for it ------------------------------------------------------------------

    def premiums(self, opens_us: Sequence[int]) -> list[list[int]]:
        """See `core.past.Premiums`."""
        return [
            [step.start_us, step.open, step.high, step.low, step.close]
            for step in self._premium.spans(opens_us)
        ]

    def fundings(self, start_us: int, end_us: int) -> list[tuple[int, int, int]]:
        """See `core.past.Premiums`."""
        width_us = self._mine.funding_us
        first = -(-max(start_us, self.start_us + width_us) // width_us) * width_us
        last = min(end_us, self.born_us) // width_us * width_us
        times = range(first, last + 1, width_us)
        return [(us, self._average(us), self._mark(us)) for us in times]

    def _average(self, us: int) -> int:
        """The premium of the interval that ended at a time, of steps that are as long as one layer
        allows: the later one, the more it counts."""
        start_us = us - self._mine.funding_us
        width_us = WIDTHS[self._depth] * MINUTE_US
        steps = self._premium.spans(range(start_us, us + 1, width_us))
        whole = sum(k * (step.open + step.close) for k, step in enumerate(steps, 1))
        return whole // (len(steps) * (len(steps) + 1))

    def _mark(self, us: int) -> int:
        """The price at a funding, in units."""
        if us == self.born_us:
            return self.day(self.days - 1).close * self.sizes.tick
        span = self.day((us - self.start_us) // DAY_US)
        for level in range(self._depth):
            span = next(part for part in self.parts(level, span) if us < part.end_us)
        return span.open * self.sizes.tick


def _turn(span: Span, price: int, part: int, parts: int) -> int:
    """Which part goes as far as the span: the first or the last where that is one of its ends."""
    if span.open == price:
        return 0
    return parts - 1 if span.close == price else part
