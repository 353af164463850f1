"""History before a world's birth: up to five years of every symbol, made when it is asked for.

A pure function of (seed, symbol, birth): days come from the walks of the two assets and end at the
symbol's typical price; a day parts into ever shorter spans and at last into trades. See
`core.past.Past` for what it answers, docs/decisions/0100-history-before-birth.md for what was
chosen. Nothing is computed before it is asked for; a bounded shelf keeps what was.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import gcd
from typing import Any, Final, NamedTuple

from tradepit.core.bars import DAY_US, MINUTE_US, Bar, days_of
from tradepit.core.units import ONE, parse_units
from tradepit.market.chance import DIE, Dice
from tradepit.market.prints import Sizes, Trade, trades_of
from tradepit.market.prints import throws_for as throws_for_trades
from tradepit.market.splitting import MIN_TRADES, SLACK, Plan, Span, split, throws_for
from tradepit.market.walks import MILLION, STABLE, Walks

Agg = tuple[int, int, int, int, int, int, bool]  # see core.tape.Agg

VERSION: Final = 1  # raised whenever the same seed would lead to another past
MARK: Final = "_past"  # the listing's key
MOST_DAYS: Final = 1_826
FEWEST_DAYS: Final = 30
THOUSAND: Final = "1000"  # of a coin, which a contract counts as one
WIDTHS: Final = (1440, 720, 240, 120, 60, 15, 5, 1)  # minutes of the spans, level by level
PROFILE: Final = (  # how much trades in each hour of a day (UTC)
    10, 9, 9, 8, 8, 8, 8, 9, 10, 10, 10, 10, 11, 14, 17, 18, 17, 15, 13, 12, 11, 10, 9, 10,
)  # fmt: skip
MAJORS: Final = frozenset(("BTC", "ETH"))
TRADES_A_DAY: Final = (86_400, 34_560, 2_304)  # majors in dollars, others in dollars, the rest
LEAF_MINUTES: Final = (1, 1, 15)
TRADE_NOTIONAL: Final = 100  # times the least order value: a usual trade
LEAST_LOTS: Final = 100  # of a usual trade
SHELF: Final = 60_000  # spans and trades kept
# When the youngest of the built-in symbols were listed: year, month, day.
LISTED: Final[Mapping[str, tuple[int, int, int]]] = {
    "SHIBUSDT": (2021, 5, 10),
    "PEPEUSDT": (2023, 5, 5),
    "FDUSDUSDT": (2023, 7, 26),
    "BTCFDUSD": (2023, 8, 4),
    "ETHFDUSD": (2023, 8, 4),
}


class Shelf:
    """What was computed lately, for all symbols: two generations, the older is let go."""

    def __init__(self, room: int = SHELF) -> None:
        self._room = room
        self._young: dict[tuple[str, int, int], list[Any]] = {}
        self._old: dict[tuple[str, int, int], list[Any]] = {}
        self._count = 0
        self._lock = threading.Lock()

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


class SyntheticPast:
    """See `core.past.Past`. `born_us` is on a whole minute."""

    def __init__(self, terms: Terms, seed: int, born_us: int, shared: tuple[Walks, Shelf]) -> None:
        self._terms = terms
        self._walks, self._shelf = shared
        self._dice = Dice(seed, terms.name)
        self._born_us = born_us
        self._last_day_us = (born_us - 1) // DAY_US * DAY_US
        self._first_us = self._last_day_us - self._age() * DAY_US
        self._days = (self._last_day_us - self._first_us) // DAY_US + 1
        tier = 2
        if terms.quote in STABLE:
            tier = 0 if terms.base in MAJORS else 1
        self._a_day = TRADES_A_DAY[tier]
        self._leaf_us = LEAF_MINUTES[tier] * MINUTE_US
        self._leaf_level = WIDTHS.index(LEAF_MINUTES[tier])
        elapsed = (born_us - self._last_day_us) // MINUTE_US
        self._last_count = max(
            self._a_day * _usual(0, elapsed) // _usual(0, 1440),
            MIN_TRADES * self._leaves(self._last_day_us, born_us),
        )
        self._end_id = self._ids_before(self._days - 1) + self._last_count

    def _age(self) -> int:
        """How many days before the last one trading began."""
        listed = LISTED.get(self._terms.name)
        if listed is None:
            return MOST_DAYS
        day = days_of(listed[0], listed[1]) + listed[2] - 1
        return max(FEWEST_DAYS, min(MOST_DAYS, self._last_day_us // DAY_US - day))

    # --- What the port asks --------------------------------------------------------------------

    def first_us(self) -> int:
        return self._first_us

    def last_trade(self) -> Trade:
        return self.trades(limit=1)[-1]

    def last_agg_id(self) -> int:
        return self._end_id - 1

    def trades(self, *, from_id: int | None = None, limit: int = 500) -> list[Trade]:
        start = max(0, self._end_id - limit) if from_id is None else max(0, from_id)
        return self._by_id(start, min(self._end_id, start + limit))

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
            stop = self._end_id if end_us is None else self._id_at(end_us + 1)
            start = max(0, stop - limit) if start_us is None else self._id_at(start_us)
            rows = self._by_id(start, min(stop, start + limit))
        return [(r[0], r[1], r[2], r[0], r[0], r[4], r[5]) for r in rows]

    def bars(self, width_us: int, start_us: int, end_us: int) -> list[Bar]:
        start_us = max(start_us, self._first_us)
        start_us += -start_us % width_us
        end_us = min(end_us, self._born_us)
        if start_us >= end_us:
            return []
        return self.spans(range(start_us, end_us + width_us, width_us))

    def bars_before(self, width_us: int, end_us: int, limit: int) -> list[Bar]:
        end_us = min(end_us, self._born_us)
        reach_us = limit * width_us
        while True:
            found = self.bars(width_us, end_us - reach_us, end_us)
            if len(found) >= limit or end_us - reach_us <= self._first_us:
                return found[-limit:]
            reach_us *= 4

    def spans(self, opens_us: Sequence[int]) -> list[Bar]:
        fold = _Fold(opens_us, self._terms.sizes)
        first = max(0, (opens_us[0] - self._first_us) // DAY_US)
        last = min(self._days - 1, (opens_us[-1] - 1 - self._first_us) // DAY_US)
        for day in range(first, last + 1):
            self._fold(fold, 0, self._day(day))
        return fold.found

    # --- Finding -------------------------------------------------------------------------------

    def _fold(self, fold: _Fold, level: int, span: Span) -> None:
        if span.end_us <= fold.start_us or span.start_us >= fold.end_us:
            return
        if fold.holds(span.start_us, span.end_us):
            fold.add(span)
        elif level == self._leaf_level:
            fold.add_trades(self._prints(span))
        else:
            for part in self._parts(level, span):
                self._fold(fold, level + 1, part)

    def _by_id(self, start: int, stop: int) -> list[Trade]:
        """The trades start..stop-1."""
        found: list[Trade] = []
        if start >= stop:
            return found
        for leaf in self._leaves_from(start):
            if leaf.first_id >= stop:
                break
            rows = self._prints(leaf)
            found += rows[max(0, start - leaf.first_id) : stop - leaf.first_id]
        return found

    def _leaves_from(self, trade_id: int) -> Iterator[Span]:
        """The shortest spans from that of a trade on."""
        day = min(trade_id // self._a_day, self._days - 1)
        while day and self._ids_before(day) > trade_id:
            day -= 1
        while day + 1 < self._days and self._ids_before(day + 1) <= trade_id:
            day += 1
        for later in range(day, self._days):
            yield from self._below(0, self._day(later), trade_id)

    def _below(self, level: int, span: Span, trade_id: int) -> Iterator[Span]:
        if span.first_id + span.trades <= trade_id:
            return
        if level == self._leaf_level:
            yield span
            return
        for part in self._parts(level, span):
            yield from self._below(level + 1, part, trade_id)

    def _id_at(self, us: int) -> int:
        """The id of the first trade at `us` or later."""
        if us <= self._first_us:
            return 0
        if us >= self._born_us:
            return self._end_id
        span = self._day((us - self._first_us) // DAY_US)
        for level in range(self._leaf_level):
            span = next(part for part in self._parts(level, span) if us < part.end_us)
        rows = self._prints(span)
        return span.first_id + bisect_left(rows, us, key=lambda row: row[4])

    # --- Making --------------------------------------------------------------------------------

    def _parts(self, level: int, span: Span) -> list[Span]:
        key = (self._terms.name, level, span.start_us)
        found: list[Span] | None = self._shelf.get(key)
        if found is None:
            width_us = WIDTHS[level + 1] * MINUTE_US
            edges = [*range(span.start_us, span.end_us, width_us), span.end_us]
            ends = list(pairwise(edges))
            leaves = [self._leaves(start, end) for start, end in ends]
            minutes = [edge // MINUTE_US % 1440 for edge in edges[:-1]]
            shares = [
                _usual(minute, minute + (end - start) // MINUTE_US)
                for minute, (start, end) in zip(minutes, ends, strict=True)
            ]
            place = span.start_us // MINUTE_US * 16 + level + 1
            dice = self._dice.throw(place, throws_for(len(leaves)))
            found = split(span, Plan(edges, leaves, shares), dice)
            self._shelf.put(key, found)
        return found

    def _prints(self, leaf: Span) -> list[Trade]:
        key = (self._terms.name, -1, leaf.start_us)
        found: list[Trade] | None = self._shelf.get(key)
        if found is None:
            place = leaf.start_us // MINUTE_US * 16 + 15
            dice = self._dice.throw(place, throws_for_trades(leaf))
            found = trades_of(leaf, self._terms.sizes, dice)
            self._shelf.put(key, found)
        return found

    def _leaves(self, start_us: int, end_us: int) -> int:
        return -(-(end_us - start_us) // self._leaf_us)

    def _ids_before(self, day: int) -> int:
        """How many trades the days before `day` have."""
        if not day:
            return 0
        (die,) = self._dice.throw(-day, 1)
        return self._a_day * day + self._a_day * die // (2 * DIE)

    def _price(self, ago: int) -> int:
        """The price in ticks `ago` days before the birth; 1 is the start of the last day."""
        terms = self._terms
        base, quote = self._walks.ratio(terms.base, ago), self._walks.ratio(terms.quote, ago)
        price = (terms.typical * base + quote // 2) // quote if ago else terms.typical
        return max(terms.low, min(terms.high, price))

    def _day(self, day: int) -> Span:
        key = (self._terms.name, -2, day)
        kept: list[Span] | None = self._shelf.get(key)
        if kept is None:
            kept = [self._new_day(day)]
            self._shelf.put(key, kept)
        return kept[0]

    def _new_day(self, day: int) -> Span:
        terms, ago = self._terms, self._days - 1 - day
        start_us = self._first_us + day * DAY_US
        end_us = min(start_us + DAY_US, self._born_us)
        first_id = self._ids_before(day)
        count = (self._ids_before(day + 1) - first_id) if ago else self._last_count
        dice = self._dice.throw(start_us // MINUTE_US * 16, 7)
        begin, end = self._price(ago + 1), self._price(ago)
        usual = self._walks.volatility(terms.base, terms.quote, ago)
        reach = max(2, end * usual.ppm // MILLION)
        high = min(terms.high, max(begin, end) + dice[0] * reach // DIE)
        low = max(terms.low, min(begin, end) - dice[1] * reach // DIE, min(begin, end) // 2)
        leaves = self._leaves(start_us, end_us)
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


def _usual(start: int, end: int) -> int:
    """How much usually trades from one minute of a day to another."""
    return _UPTO[end] - _UPTO[start]


def _upto() -> list[int]:
    found = [0]
    for minute in range(1440):
        found.append(found[-1] + PROFILE[minute // 60])
    return found


_UPTO: Final = _upto()


def with_past(listing: Sequence[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """The exchangeInfo rows of a new world, told to have a past: it is part of the state."""
    return [{**row, MARK: {"version": VERSION, "seed": seed}} for row in listing]


def contracts_with_past(listing: Sequence[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """The same of contracts: linear perpetuals have a past, for it is told as that of spot is."""
    return [
        with_past([row], seed)[0]
        if row["_venue"] == "usdm" and row["contractType"] == "PERPETUAL" else row
        for row in listing
    ]  # fmt: skip


def pasts_of(symbols: Mapping[str, Any], born_us: int) -> dict[str, SyntheticPast]:
    """The past of every symbol that is to have one and can, by name.

    symbols: `core.symbols.Symbol` (contracts, too) by name, with listings of `with_past`. Raises:
    ValueError for a past of a version that is not known here.
    """
    shelf = Shelf()
    walks: dict[int, Walks] = {}
    found = {}
    for name, symbol in symbols.items():
        mark = symbol.listing.get(MARK)
        if mark is None:
            continue
        if mark["version"] != VERSION:
            raise ValueError(f"{name} has a past of version {mark['version']}, not {VERSION}")
        terms = terms_of(symbol, parse_units(symbol.listing["_price"]))
        if terms is not None:
            seed: int = mark["seed"]
            shared = (walks.setdefault(seed, Walks(seed)), shelf)
            found[name] = SyntheticPast(terms, seed, born_us, shared)
    return found
