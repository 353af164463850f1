"""History before a world's birth: up to five years of every symbol, made when it is asked for.

A pure function of (seed, symbol, birth): days come from the walks of the two assets and end at the
symbol's typical price; a day parts into ever shorter spans and at last into trades. See
`core.past.Past` for what it answers, docs/decisions/0100-history-before-birth.md for what was
chosen. Nothing is computed before it is asked for; a bounded shelf keeps what was.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd
from typing import Any, Final, NamedTuple

from tradepit.core.bars import DAY_US, MINUTE_US, days_of
from tradepit.core.units import ONE
from tradepit.market.chance import DIE
from tradepit.market.layers import WIDTHS, LayeredPast, Shelf
from tradepit.market.prints import Sizes
from tradepit.market.splitting import MIN_TRADES, SLACK, Plan, Span, split, throws_for
from tradepit.market.walks import MILLION, STABLE, Walks

MOST_DAYS: Final = 1_826
FEWEST_DAYS: Final = 30
THOUSAND: Final = "1000"  # of a coin, which a contract counts as one
PROFILE: Final = (  # how much trades in each hour of a day (UTC)
    10, 9, 9, 8, 8, 8, 8, 9, 10, 10, 10, 10, 11, 14, 17, 18, 17, 15, 13, 12, 11, 10, 9, 10,
)  # fmt: skip
MAJORS: Final = frozenset(("BTC", "ETH"))
TRADES_A_DAY: Final = (86_400, 34_560, 2_304)  # majors in dollars, others in dollars, the rest
LEAF_MINUTES: Final = (1, 1, 15)
TRADE_NOTIONAL: Final = 100  # times the least order value: a usual trade
LEAST_LOTS: Final = 100  # of a usual trade
# When the youngest of the built-in symbols were listed: year, month, day.
LISTED: Final[Mapping[str, tuple[int, int, int]]] = {
    "SHIBUSDT": (2021, 5, 10),
    "PEPEUSDT": (2023, 5, 5),
    "FDUSDUSDT": (2023, 7, 26),
    "BTCFDUSD": (2023, 8, 4),
    "ETHFDUSD": (2023, 8, 4),
}


class Terms(NamedTuple):
    """What of a symbol decides its past. Prices in ticks, quantities in lots."""

    name: str
    base: str
    quote: str
    sizes: Sizes
    low: int  # the least and the highest price allowed
    high: int
    typical: int
    trade: int  # a usual trade
    most: int  # of one trade


def terms_of(symbol: Any, typical: int) -> Terms | None:
    """The terms of a `core.symbols.Symbol` with a typical price in units; None where its filters
    leave no room for a trade."""
    tick = symbol.tick_size or 10 ** max(0, len(str(typical)) - 5)
    step = symbol.step_size or 1
    even = ONE // gcd(tick * step, ONE)  # so many steps are worth whole units at every price
    lot = step * -(-max(symbol.min_qty, 1) // (step * even)) * even
    low = max(1, -(-symbol.min_price // tick))
    high = symbol.max_price // tick if symbol.max_price else 1 << 50
    most = (symbol.max_qty or 10**16) // lot
    price = max(low, min(high, typical // tick))
    if low > high or most < LEAST_LOTS:
        return None
    worth = tick * lot // ONE
    trade = symbol.min_notional * TRADE_NOTIONAL // (price * worth)
    trade = max(LEAST_LOTS, min(trade, most // 64))
    return Terms(
        symbol.key, symbol.base.removeprefix(THOUSAND), symbol.quote, Sizes(tick, lot, worth), low,
        high, price, trade, most,
    )  # fmt: skip


class SyntheticPast(LayeredPast):
    """See `core.past.Past`. `born_us` is on a whole minute."""

    def __init__(self, terms: Terms, seed: int, born_us: int, shared: tuple[Walks, Shelf]) -> None:
        walks, shelf = shared
        super().__init__(terms.name, terms.sizes, born_us, seed=seed, shelf=shelf)
        self.terms = terms
        self._walks = walks
        self._known = (-1, 0)  # the last of `ids_before`: a day begins where one ended
        self.last_day_us = (born_us - 1) // DAY_US * DAY_US
        self.start_us = self.last_day_us - self._age() * DAY_US
        self.days = (self.last_day_us - self.start_us) // DAY_US + 1
        tier = 2
        if terms.quote in STABLE:
            tier = 0 if terms.base in MAJORS else 1
        self.a_day = TRADES_A_DAY[tier]
        self.leaf_level = WIDTHS.index(LEAF_MINUTES[tier])
        elapsed = (born_us - self.last_day_us) // MINUTE_US
        self._last_count = max(
            self.a_day * _usual(0, elapsed) // _usual(0, 1440),
            MIN_TRADES * self.leaves(self.last_day_us, born_us),
        )
        self.end_id = self.ids_before(self.days - 1) + self._last_count

    def _age(self) -> int:
        """How many days before the last one trading began."""
        listed = LISTED.get(self.terms.name)
        if listed is None:
            return MOST_DAYS
        day = days_of(listed[0], listed[1]) + listed[2] - 1
        return max(FEWEST_DAYS, min(MOST_DAYS, self.last_day_us // DAY_US - day))

    # --- Making --------------------------------------------------------------------------------

    def new_parts(self, level: int, span: Span) -> list[Span]:
        width_us, leaf_us = WIDTHS[level + 1] * MINUTE_US, WIDTHS[self.leaf_level] * MINUTE_US
        edges, leaves, shares = [span.start_us], [], []
        while edges[-1] < span.end_us:
            start_us = edges[-1]
            end_us = min(start_us + width_us, span.end_us)
            edges.append(end_us)
            leaves.append(-((start_us - end_us) // leaf_us))
            minute = start_us // MINUTE_US % 1440
            shares.append(_UPTO[minute + (end_us - start_us) // MINUTE_US] - _UPTO[minute])
        place = span.start_us // MINUTE_US * 16 + level + 1
        dice = self.dice.throw(place, throws_for(len(leaves)))
        return split(span, Plan(edges, leaves, shares), dice)

    def ids_before(self, day: int) -> int:
        """How many trades the days before `day` have."""
        if not day:
            return 0
        known, count = self._known
        if known != day:
            (die,) = self.dice.throw(-day, 1)
            count = self.a_day * day + self.a_day * die // (2 * DIE)
            self._known = (day, count)
        return count

    def _price(self, ago: int) -> int:
        """The price in ticks `ago` days before the birth; 1 is the start of the last day."""
        terms = self.terms
        base, quote = self._walks.ratio(terms.base, ago), self._walks.ratio(terms.quote, ago)
        price = (terms.typical * base + quote // 2) // quote if ago else terms.typical
        return max(terms.low, min(terms.high, price))

    def new_day(self, day: int) -> Span:
        terms, ago = self.terms, self.days - 1 - day
        start_us = self.start_us + day * DAY_US
        end_us = min(start_us + DAY_US, self.born_us)
        first_id = self.ids_before(day)
        count = (self.ids_before(day + 1) - first_id) if ago else self._last_count
        dice = self.dice.throw(start_us // MINUTE_US * 16, 7)
        begin, end = self._price(ago + 1), self._price(ago)
        usual = self._walks.volatility(terms.base, terms.quote, ago)
        reach = max(2, end * usual.ppm // MILLION)
        high = min(terms.high, max(begin, end) + dice[0] * reach // DIE)
        low = max(terms.low, min(begin, end) - dice[1] * reach // DIE, min(begin, end) // 2)
        leaves = self.leaves(start_us, end_us)
        wild = 500 + 500 * (high - low) // reach + usual.pace // 4
        qty = count * terms.trade * min(wild, 3_000) * (DIE // 2 + dice[2]) // (1000 * DIE)
        qty = max(4 * count, min(qty, terms.most * leaves // 32))
        bought = max(count, qty * (9 * DIE + 2 * dice[3]) // (20 * DIE))
        sold = max(count, qty - bought)
        worths = [
            self._worth(side, leaves, (begin, high, low, end), die)
            for side, die in ((bought, dice[4]), (sold, dice[5]))
        ]
        return Span(
            start_us, end_us, first_id, count, bought, worths[0], sold, worths[1], begin, high,
            low, end,
        )  # fmt: skip

    def _worth(self, qty: int, leaves: int, prices: tuple[int, int, int, int], die: int) -> int:
        """What a day's quantity came to, near the mean of its four prices."""
        _, high, low, _ = prices
        slack = SLACK * leaves * (high - low)
        worth = qty * sum(prices) // 4 + qty * (high - low) * (die - DIE // 2) // (16 * DIE)
        return max(qty * low + slack, min(qty * high - slack, worth))


def _usual(start: int, end: int) -> int:
    """How much usually trades from one minute of a day to another."""
    return _UPTO[end] - _UPTO[start]


def _upto() -> list[int]:
    found = [0]
    for minute in range(1440):
        found.append(found[-1] + PROFILE[minute // 60])
    return found


_UPTO: Final = _upto()
