"""A span of trading, and how it parts into shorter ones whose sums are exactly its own.

Prices are whole ticks, quantities whole lots, worths price times quantity. What keeps a span
divisible down to single trades, with `leaves` the number of shortest spans in it, and for each of
its two sides (what takers bought, what they sold):

    trades >= MIN_TRADES * leaves       qty >= trades
    qty * low + slack <= worth <= qty * high - slack,  slack = SLACK * leaves * (high - low)

Every shortest span has one trade of one lot at each of its four prices; SLACK pays for those.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tradepit.market.chance import DIE

MIN_TRADES: Final = 10
SLACK: Final = 3
_ROOTS: Final = (0, 1000, 1414, 1732, 2000, 2236)  # of 0..5, in thousandths


class Span:
    """Trading at start_us..end_us-1; it never changes. Quantities in lots. `mate`: what the span
    follows, if it does."""

    __slots__ = (
        "bought", "bought_worth", "close", "end_us", "first_id", "high", "low", "mate", "open",
        "sold", "sold_worth", "start_us", "trades",
    )  # fmt: skip

    def __init__(
        self, start_us: int, end_us: int, first_id: int, trades: int, bought: int,
        bought_worth: int, sold: int, sold_worth: int, begin: int, high: int, low: int, end: int,
        mate: Any = None,
    ) -> None:  # fmt: skip
        self.start_us = start_us
        self.end_us = end_us
        self.first_id = first_id
        self.trades = trades
        self.bought = bought
        self.bought_worth = bought_worth
        self.sold = sold
        self.sold_worth = sold_worth
        self.open = begin
        self.high = high
        self.low = low
        self.close = end
        self.mate: Any = mate

    def following(self, mate: Any) -> Span:
        """The same with another mate."""
        return Span(
            self.start_us, self.end_us, self.first_id, self.trades, self.bought, self.bought_worth,
            self.sold, self.sold_worth, self.open, self.high, self.low, self.close, mate,
        )  # fmt: skip


class Plan:
    """Where a span is cut. `shares`: how much usually happens in each part."""

    __slots__ = ("edges_us", "leaves", "shares")

    def __init__(self, edges_us: list[int], leaves: list[int], shares: list[int]) -> None:
        self.edges_us = edges_us
        self.leaves = leaves
        self.shares = shares


def throws_for(parts: int) -> int:
    """How many dice `split` needs."""
    return 2 + 5 * parts


def split(span: Span, plan: Plan, dice: tuple[int, ...]) -> list[Span]:
    """The parts of a span, at most five."""
    leaves = plan.leaves
    parts = len(leaves)
    if parts == 1:
        return [span]
    opens, highs, lows = _prices(span, leaves, dice)
    weights = [s * (40_000 + dice[i]) for i, s in enumerate(plan.shares, 2)]
    tilts = [dice[2 + 4 * parts + i] // 3 for i in range(parts)]
    for i in range(parts):
        if opens[i + 1] < opens[i]:
            tilts[i] = -tilts[i]
    counts = _shared(span.trades, [MIN_TRADES * n for n in leaves], weights)
    middles = [highs[i] + lows[i] for i in range(parts)]
    means = (2 * span.bought_worth // span.bought, 2 * span.sold_worth // span.sold)
    bought = _shared(
        span.bought, counts, _leaning(weights, [DIE + t for t in tilts], middles, means[0])
    )
    sold = _shared(
        span.sold, counts, _leaning(weights, [DIE - t for t in tilts], middles, means[1])
    )
    bought_worth, sold_worth = share_worths(span, leaves, (bought, sold), (highs, lows))
    edges = plan.edges_us
    first_id = span.first_id
    found = []
    for i in range(parts):
        found.append(Span(
            edges[i], edges[i + 1], first_id, counts[i], bought[i], bought_worth[i], sold[i],
            sold_worth[i], opens[i], highs[i], lows[i], opens[i + 1],
        ))  # fmt: skip
        first_id += counts[i]
    return found


def _prices(
    span: Span, leaves: list[int], dice: tuple[int, ...]
) -> tuple[list[int], list[int], list[int]]:
    """Where each part opens (and the last closes), how high and how low it goes.

    One part goes as high as the span, one as low; the others stay inside, as far as ticks allow.
    """
    high, low, parts = span.high, span.low, len(leaves)
    top, bottom = _turns(span, leaves, dice)
    reach = (high - low) * 1000 // _ROOTS[parts]
    marks = [(0, span.open), (2 * parts, span.close)]
    if top != bottom:
        peaks = [(2 * top + 1, high), (2 * bottom + 1, low)]
        marks[1:1] = peaks if top < bottom else peaks[::-1]
    ceiling, floor = inside(high, low)
    opens = [span.open]
    mark = 0
    for i in range(1, parts):
        while marks[mark + 1][0] <= 2 * i:
            mark += 1
        (at, price), (then, next_price) = marks[mark], marks[mark + 1]
        price += (next_price - price) * (2 * i - at) // (then - at)
        price += (dice[1 + parts + i] - DIE // 2) * reach >> 17
        opens.append(folded(price, ceiling, floor))
    opens.append(span.close)
    _drawn_to_mean(span, opens, ceiling, floor)
    highs, lows = [], []
    up, down = 2 + 2 * parts, 2 + 3 * parts
    for i in range(parts):
        a, b = opens[i], opens[i + 1]
        if a < b:
            a, b = b, a
        highs.append(max(a, folded(a + (dice[up + i] * reach >> 17), ceiling, floor)))
        lows.append(min(b, folded(b - (dice[down + i] * reach >> 17), ceiling, floor)))
    highs[top] = high
    lows[bottom] = low
    return opens, highs, lows


def _turns(span: Span, leaves: list[int], dice: tuple[int, ...]) -> tuple[int, int]:
    """Which parts go as high and as low as the span: the longer, the sooner; seldom the same one,
    unless it is most of the span."""
    parts, whole = len(leaves), sum(leaves)
    top, bottom = _part_at(leaves, dice[0] * whole // DIE), _part_at(leaves, dice[1] * whole // DIE)
    if top == bottom and 2 * leaves[top] <= whole and dice[1] & 7:
        bottom = (bottom + 1 + dice[0] % (parts - 1)) % parts
    if span.open == span.high or span.close == span.high:
        top = 0 if span.open == span.high else parts - 1
    if span.open == span.low or span.close == span.low:
        bottom = 0 if span.open == span.low else parts - 1
    return top, bottom


def _part_at(leaves: list[int], leaf: int) -> int:
    part = 0
    while leaf >= leaves[part]:
        leaf -= leaves[part]
        part += 1
    return part


def inside(high: int, low: int) -> tuple[int, int]:
    """How high and how low those parts go that do not go as far as the span, if ticks allow."""
    margin = (high - low + 15) // 16 if high - low > 1 else 0
    return high - margin, low + margin


def folded(price: int, ceiling: int, floor: int) -> int:
    """A price between two others: what is beyond is thrown back, so that few end at the bound."""
    if price > ceiling:
        price = max(floor, ceiling - (price - ceiling) // 2)
    elif price < floor:
        price = min(ceiling, floor + (floor - price) // 2)
    return price


def _drawn_to_mean(span: Span, opens: list[int], ceiling: int, floor: int) -> None:
    """Draw the way towards one bound, until its mean is near the mean price of what was traded."""
    parts = len(opens) - 1
    between = parts - 1
    qty = span.bought + span.sold
    ends = opens[0] + opens[-1]
    total = sum(opens) - ends
    wanted = (2 * parts * (span.bought_worth + span.sold_worth) // qty - ends) // 2
    bound = floor if wanted < total else ceiling
    room = total - bound * between
    if not room:
        return
    left = wanted - bound * between
    if (left < 0) != (room < 0):
        left = 0
    for i in range(1, parts):
        opens[i] = bound + (opens[i] - bound) * left // room


def _leaning(weights: list[int], tilts: list[int], middles: list[int], mean: int) -> list[int]:
    """Weights of one side, leant towards dear or cheap parts, so that its mean price is in the
    middle of what the parts allow; else ever shorter spans would be drawn ever more to one bound.

    middles, mean: in half ticks.
    """
    away = spread = 0
    parts = len(weights)
    for i in range(parts):
        off, weight = middles[i] - mean, weights[i]
        away += weight * tilts[i] * off
        spread += weight * off * off
    found = []
    for i in range(parts):
        tilt = tilts[i]
        leant = tilt - (away * (middles[i] - mean) // spread if spread else 0)
        if leant < tilt // 2:
            leant = tilt // 2
        elif leant > 3 * tilt // 2:
            leant = 3 * tilt // 2
        found.append(weights[i] * leant)
    return found


def _shared(total: int, least: list[int], weights: list[int]) -> list[int]:
    """`total` in parts by weight, each at least its `least`; the parts sum up exactly."""
    spare = total - sum(least)
    weight = sum(weights)
    run = done = 0
    found = []
    for i in range(len(weights)):
        run += weights[i]
        upto = spare * run // weight
        found.append(least[i] + upto - done)
        done = upto
    return found


Bounds = Callable[[list[int], list[int], list[int], list[int]], tuple[list[int], list[int]]]
"""Of quantities, leaves, highs and lows of some parts: the least and the most they can be worth."""


def share_worths(
    span: Span,
    leaves: list[int],
    qtys: tuple[list[int], list[int]],
    ranges: tuple[list[int], list[int]],
    how: tuple[Bounds, tuple[int, ...], bool] | None = None,
) -> tuple[list[int], list[int]]:
    """The worths of both sides in every part; widens the parts' ranges where it must.

    how: what quantities can be worth (price times quantity, if not given); which part of the way
    to the span's own range the parts' are widened by, try by try (the last is 0, all of it); and
    whether they are worth less the higher prices go.
    """
    bounds_of, steps, inverse = how or (bounds_in_quote, (4, 2, 1, 0), False)
    highs, lows = ranges
    bought, sold = qtys
    for share in steps:
        least, most = bounds_of(bought, leaves, highs, lows)
        least_sold, most_sold = bounds_of(sold, leaves, highs, lows)
        more = span.bought_worth > sum(most) or span.sold_worth > sum(most_sold)
        less = span.bought_worth < sum(least) or span.sold_worth < sum(least_sold)
        if not more and not less:
            break
        up, down = (less, more) if inverse else (more, less)
        _widen(span, ranges, share, (up, down))
        if not share:
            least, most = bounds_of(bought, leaves, highs, lows)
            least_sold, most_sold = bounds_of(sold, leaves, highs, lows)
    return (
        _between(span.bought_worth, least, most), _between(span.sold_worth, least_sold, most_sold)
    )  # fmt: skip


def _widen(
    span: Span, ranges: tuple[list[int], list[int]], share: int, ways: tuple[bool, bool]
) -> None:
    """Widen parts' ranges by a share of the way, up or down or both, to how far they may go."""
    highs, lows = ranges
    ceiling, floor = inside(span.high, span.low)
    for i in range(len(highs)):
        if not share:  # the span's own range is always wide enough
            highs[i], lows[i] = span.high, span.low
            continue
        if ways[0] and highs[i] < ceiling:
            highs[i] += (ceiling - highs[i] + share - 1) // share
        if ways[1] and lows[i] > floor:
            lows[i] -= (lows[i] - floor + share - 1) // share


def bounds_in_quote(
    qtys: list[int], leaves: list[int], highs: list[int], lows: list[int]
) -> tuple[list[int], list[int]]:
    """The least and the most that each part can be worth."""
    least, most = [], []
    for i in range(len(qtys)):
        qty, high, low = qtys[i], highs[i], lows[i]
        slack = SLACK * leaves[i] * (high - low)
        least.append(qty * low + slack)
        most.append(qty * high - slack)
    return least, most


def _between(total: int, least: list[int], most: list[int]) -> list[int]:
    """Parts that sum up to `total`, all equally far between their bounds."""
    rooms = [most[i] - least[i] for i in range(len(least))]
    return _shared(total, least, rooms) if sum(rooms) else list(least)
