"""The makers: two accounts that keep a few hundred prices on each side of every book.

Each takes every other rung of the ladder and some prices of its own close to the middle, all posted
(LIMIT_MAKER). On its beat a maker works out the middle from what the symbol is worth and what it
traded at last; takes what others offer beyond it, as an arbitrageur would; and puts its orders
right. Between two makers' beats the price moves on, so each finds a little of the other's to take:
that is how prices go up and down. It keeps no state: the orders that rest and the last price say
what to do.

A trade far from what the symbol is worth (somebody swept the book) holds the middle there; the pull
halves every HALF_LIFE_US.
"""

from __future__ import annotations

from typing import Final, Protocol

from tradepit.market.chance import Draws
from tradepit.market.ladder import Ladder, Rung
from tradepit.market.presets import Preset
from tradepit.market.prices import GLANCE_US, grown
from tradepit.market.tempers import changed_us, is_tempered, tempered, volatility
from tradepit.market.views import AT_ONCE, POST, Act, Desk, Market, Order, Resting

MAKERS: Final = ("maker-1", "maker-2")
HALF_LIFE_US: Final = 30_000_000
FORGOTTEN: Final = 16  # half lives
SPREAD_PARTS: Final = 100_000  # half the usual spread: 0.1 basis points, or a tick
USUAL_CAP: Final = 200  # open orders where the symbol has no limit
SPARE: Final = 24  # open orders between a full look and the limit
NEAR_RUNGS: Final = 6  # a side, that a maker looks at when it only glances
RESIZED_US: Final = 300_000_000  # so long after a change of its depth a book is looked at whole
BARE_LEVELS: Final = 24  # so many prices of a side should lie near the middle
SWEEP_RUNGS: Final = 25  # so much of others' it takes on one beat
ALL_RUNGS: Final = 10_000  # of one maker's side of all symbols: a start must not take long
FEWEST_RUNGS: Final = 5
_FRONTS: Final = (1, 3, 6, 10, 15, 21, 28, 36)  # half spreads from the middle


class Fair(Protocol):
    def price(self, base: str, quote: str, at_us: int) -> int:
        """What one is worth at a time, in units."""


class Maker:
    """One of the makers. Of every `of` rungs number `share` is its own."""

    def __init__(
        self, desk: Desk, seed: int, fair: Fair, preset: Preset, *, share: int = 0,
        of: int = len(MAKERS), account: str = "",
    ) -> None:  # fmt: skip
        self._desk = desk
        self._seed = seed
        self._fair = fair
        self._preset = preset
        self._share = share
        self._of = of
        self.account = account or MAKERS[share]
        self._ladders: dict[str, tuple[Preset, Ladder]] = {}
        self._dice: dict[str, Draws] = {}

    def act(self, market: Market, at_us: int, beat: int, glance: bool, symbols: int) -> Act:
        """What it does on a beat. glance: only the prices near the middle, unless it has too many
        open orders or somebody took most of a side."""
        name = market.name
        bid, ask = self._quotes(market, at_us, beat, glance)
        cancels: list[int] = []
        orders: list[Order] = []
        bid, ask = self._sweep(market, bid, ask, (cancels, orders))
        cap = market.max_orders or USUAL_CAP
        crowded = self._desk.open_count(self.account, name) + SPARE // 2 > cap
        if at_us - changed_us(self._desk.temper(name)) < RESIZED_US:
            glance = False
        if glance and not crowded and not self._is_bare(market, bid, ask):
            self._near(market, bid, ask, orders)
        else:
            self._whole(market, (bid, ask, symbols), cancels, orders)
        return Act(self.account, name, cancels, self._allowed(market, orders))

    def _is_bare(self, market: Market, bid: int, ask: int) -> bool:
        """Whether near the quotes a side has so few prices that the next taker might empty it: the
        market moved on, or somebody took them."""
        book = self._desk.sides(market.name)
        least = min(self._preset.rungs, BARE_LEVELS)
        far = least * self.ladder(market).gap * 5 // 4
        low, high = book.bids.nth(least), book.asks.nth(least)
        return not low or not high or bid - low > far or high - ask > far

    def take_back(self, name: str) -> Act:
        """Cancel all its orders on a symbol."""
        resting = self._desk.resting(self.account, name)
        return Act(self.account, name, [order.order_id for order in resting], [])

    def ladder(self, market: Market) -> Ladder:
        preset = self._preset_of(market)
        found = self._ladders.get(market.name)
        if found is None or found[0] is not preset:
            typical = self._desk.typical_price(market.name)
            ladder = Ladder(market, self._seed, typical, gap=preset.gap, size=preset.size)
            found = self._ladders[market.name] = (preset, ladder)
        return found[1]

    def _preset_of(self, market: Market) -> Preset:
        return tempered(self._preset, self._desk.temper(market.name))

    def _worth(self, market: Market, at_us: int) -> int:
        """The fair price; from where somebody put it, it moves on as it would have."""
        fair = self._fair.price(market.base, market.quote, at_us)
        anchor = self._desk.anchor(market.name)
        if not anchor:
            return fair
        then = self._fair.price(market.base, market.quote, anchor[1])
        temper = self._desk.temper(market.name)
        if is_tempered(temper) and volatility(temper) != 1_000:
            worth = grown(anchor[0], (fair, max(then, 1)), volatility(temper))
            return max(min(worth, (market.max_price or worth) // 2), market.min_price, 1)
        return max(anchor[0] * fair // max(then, 1), 1)

    def _quotes(self, market: Market, at_us: int, beat: int, glance: bool) -> tuple[int, int]:
        """The best bid and ask it would like to have, on ticks."""
        tick = market.tick_size or 1
        seen_us = at_us - at_us % GLANCE_US if glance else at_us
        fair = self._worth(market, seen_us)
        half = half_spread(fair, tick, self._preset_of(market))
        half += half * (self._dice_of(market.name).dice(beat)[0] % 1_000) // 1_000
        middle = fair + self._pull(market, fair, at_us, 2 * half + tick)
        low = max(market.min_price, tick)
        bid = max((middle - half) // tick * tick, low)
        ask = max(-(-(middle + half) // tick) * tick, bid + tick)
        return bid, ask

    def _dice_of(self, name: str) -> Draws:
        found = self._dice.get(name)
        if found is None:
            found = self._dice[name] = Draws(self._seed, self.account, name)
        return found

    def _pull(self, market: Market, fair: int, at_us: int, usual: int) -> int:
        """How far the last trade holds the middle away from the fair price, in units."""
        anchor = self._desk.anchor(market.name)
        if anchor and self._desk.traded_id(market.name) <= anchor[2]:
            return 0  # the last trade was before somebody put the price elsewhere
        away = market.last_price - fair
        if not market.last_price or -usual <= away <= usual:
            return 0
        away += -usual if away > 0 else usual
        halves, rest = divmod(at_us - self._desk.traded_us(market.name), HALF_LIFE_US)
        if halves >= FORGOTTEN:
            return 0
        return away * (2 * HALF_LIFE_US - rest) // (2 * HALF_LIFE_US << halves)

    def _sweep(
        self, market: Market, bid: int, ask: int, to: tuple[list[int], list[Order]]
    ) -> tuple[int, int]:
        """Take what others offer beyond its own quotes; which quotes are possible then. Who offers
        more than it takes holds the price."""
        cancels, orders = to
        tick = market.tick_size or 1
        book = self._desk.sides(market.name)
        ladder = self.ladder(market)
        for buys in (True, False):
            limit = bid if buys else ask
            best = (book.asks if buys else book.bids).best()
            if not best or (best > limit if buys else best < limit):
                continue
            most = ladder.size_at(limit, 1_000) * SWEEP_RUNGS
            found = self._desk.crossing(self.account, market.name, buys, (limit, most))
            cancels += found.own
            if found.qty:
                left, least = found.qty, ladder.size_at(found.price, 0)
                # One order holds so much at most; the last may not be too small to be one.
                while left > 0 and (qty := whole_lots(market, max(left, least))):
                    orders.append(Order(buys, AT_ONCE, found.price, qty))
                    left -= qty
            if found.more and buys:
                bid = found.price - tick
            elif found.more:
                ask = found.price + tick
        return bid, ask

    def _near(self, market: Market, bid: int, ask: int, orders: list[Order]) -> None:
        """Post the best quotes, and the nearest rungs that nobody has a price at."""
        ladder = self.ladder(market)
        book = self._desk.sides(market.name)
        for buys, price, side in ((True, bid, book.bids), (False, ask, book.asks)):
            find = ladder.below if buys else ladder.above
            rungs = find(price, NEAR_RUNGS // self._of, self._share, self._of)
            first = Rung(-1, price, ladder.size_at(price, 400))
            orders += [
                Order(buys, POST, rung.price, rung.qty)
                for rung in (first, *rungs)
                if rung.qty and not side.qty_at(rung.price)
            ]

    def _whole(
        self, market: Market, around: tuple[int, int, int], cancels: list[int], orders: list[Order]
    ) -> None:
        """Look at all its orders, cancel those that have no place, post those that are missing."""
        bid, ask, symbols = around
        bids, asks = self._wanted(market, bid, ask, symbols)
        gone = set(cancels)
        kept = set()
        exact = is_tempered(self._desk.temper(market.name))
        for order in self._desk.resting(self.account, market.name):
            if order.order_id in gone:
                continue
            if _has_place(order, bids if order.buys else asks, exact):
                kept.add(order.price)
            else:
                cancels.append(order.order_id)
        orders += [
            Order(True, POST, price, qty) for price, qty in bids.items() if price not in kept
        ]
        orders += [
            Order(False, POST, price, qty) for price, qty in asks.items() if price not in kept
        ]

    def _wanted(
        self, market: Market, bid: int, ask: int, symbols: int
    ) -> tuple[dict[int, int], dict[int, int]]:
        """{price: quantity} of the bids and of the asks that should rest."""
        ladder = self.ladder(market)
        cap = market.max_orders or USUAL_CAP
        fronts = min(self._preset.fronts, max(cap // 10, 1))
        rungs = min(self._preset.rungs, max(FEWEST_RUNGS, ALL_RUNGS // max(symbols, 1)))
        rungs = max(min(rungs, (cap - SPARE) // 2 - fronts), 0)
        tick = market.tick_size or 1
        half = half_spread(bid, tick, self._preset_of(market))
        bids: dict[int, int] = {}
        asks: dict[int, int] = {}
        for steps in _FRONTS[:fronts]:
            away = (steps - 1) * half // tick * tick
            for side, price in ((bids, bid - away), (asks, ask + away)):
                qty = ladder.size_at(price, 200 + 40 * steps) if price >= market.min_price else 0
                if qty:
                    side[price] = qty
        for rung in ladder.below(bid, rungs, self._share, self._of):
            bids.setdefault(rung.price, rung.qty)
        for rung in ladder.above(ask, rungs, self._share, self._of):
            asks.setdefault(rung.price, rung.qty)
        most = (cap - 4) // 2
        return dict(list(bids.items())[:most]), dict(list(asks.items())[:most])

    def _allowed(self, market: Market, orders: list[Order]) -> list[Order]:
        """Those whose price the percent-price filter lets pass."""
        bounds = {buys: self._desk.bounds(market.name, buys) for buys in (True, False)}
        if not any(bounds[True] + bounds[False]):
            return orders
        return [
            order for order in orders
            if bounds[order.buys][0] <= order.price <= (bounds[order.buys][1] or order.price)
        ]  # fmt: skip


def half_spread(price: int, tick: int, preset: Preset) -> int:
    """Half of the spread a maker wants at least, in units."""
    return max(price * preset.spread // (SPREAD_PARTS * 100), tick // 2, 1)


def whole_lots(market: Market, qty: int, at_market: bool = False) -> int:
    """The quantity, rounded down to what the filters allow; 0 when they allow none."""
    step = market.step_size or 1
    if market.max_qty:
        qty = min(qty, market.max_qty)
    if at_market:
        if market.market_max_qty:
            qty = min(qty, market.market_max_qty)
        if market.market_step_size:
            step = max(step, market.market_step_size)
    qty -= qty % step
    return qty if qty >= max(market.min_qty, 1) else 0


def _has_place(order: Resting, side: dict[int, int], exact: bool) -> bool:
    """An order of which half or more is left is let be; where sizes may have changed (exact), only
    if it is not more than double, either."""
    wanted = side.get(order.price, 0)
    if exact and order.leaves > 2 * wanted:
        return False
    return bool(wanted) and 2 * order.leaves >= wanted
