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

from typing import TYPE_CHECKING, Final, Protocol

from tradepit.core.terms import BUY
from tradepit.core.units import parse_units
from tradepit.market.chance import Draws
from tradepit.market.ladder import Ladder
from tradepit.market.presets import Preset
from tradepit.market.prices import GLANCE_US, grown
from tradepit.market.tempers import changed_us, is_tempered, tempered, volatility
from tradepit.market.views import AT_ONCE, POST, Act, Order, View

if TYPE_CHECKING:
    from tradepit.core.orders import Order as Resting
    from tradepit.core.symbols import Symbol

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


class Known:
    """What a maker remembers of a symbol: all of it follows from its name, its listing and the
    preset as it is there."""

    __slots__ = ("draws", "ladder", "preset")

    def __init__(self, preset: Preset, ladder: Ladder, draws: Draws) -> None:
        self.preset = preset
        self.ladder = ladder
        self.draws = draws


class Maker:
    """One of the makers. Of every `of` rungs number `share` is its own."""

    def __init__(
        self, seed: int, fair: Fair, preset: Preset, *, share: int = 0, of: int = len(MAKERS),
        account: str = "",
    ) -> None:  # fmt: skip
        self._seed = seed
        self._fair = fair
        self._preset = preset
        self._share = share
        self._of = of
        self.account = account or MAKERS[share]
        self._known: dict[str, Known] = {}

    def act(
        self, view: View, market: Symbol, when: tuple[int, int], glance: bool, symbols: int
    ) -> Act:
        """What it does on a beat. when: the time, and the beat's number. glance: only the prices
        near the middle, unless it has too many open orders or somebody took most of a side."""
        name = market.name
        at_us = when[0]
        bid, ask = self._quotes(view, market, when, glance)
        cancels: list[int] = []
        orders: list[Order] = []
        bid, ask = self._sweep(view, market, (bid, ask), (cancels, orders))
        cap = market.max_orders or USUAL_CAP
        crowded = len(view.resting(self.account, name)) + SPARE // 2 > cap
        if at_us - changed_us(view.temper(name)) < RESIZED_US:
            glance = False
        if glance and not crowded and not self._is_bare(view, market, bid, ask):
            self._near(self.ladder(view, market), market, (bid, ask), orders)
        else:
            self._whole(view, market, (bid, ask, symbols), (cancels, orders))
        return Act(self.account, name, cancels, _allowed(view, market, orders))

    def _is_bare(self, view: View, market: Symbol, bid: int, ask: int) -> bool:
        """Whether near the quotes a side has so few prices that the next taker might empty it: the
        market moved on, or somebody took them."""
        book = market.book
        least = min(self._preset.rungs, BARE_LEVELS)
        far = least * self.ladder(view, market).gap * 5 // 4
        low, high = book.bids.nth(least), book.asks.nth(least)
        return not low or not high or bid - low > far or high - ask > far

    def take_back(self, view: View, name: str) -> Act:
        """Cancel all its orders on a symbol."""
        return Act(self.account, name, list(view.resting(self.account, name)), [])

    def ladder(self, view: View, market: Symbol) -> Ladder:
        """The rungs of a symbol, as its temper has them."""
        return self._know(view, market).ladder

    def _know(self, view: View, market: Symbol) -> Known:
        preset = tempered(self._preset, view.temper(market.name))
        found = self._known.get(market.name)
        if found is None or found.preset is not preset:
            typical = parse_units(market.listing["_price"])
            ladder = Ladder(market, self._seed, typical, gap=preset.gap, size=preset.size)
            draws = Draws(self._seed, self.account, market.name)
            found = self._known[market.name] = Known(preset, ladder, draws)
        return found

    def _worth(self, view: View, market: Symbol, at_us: int) -> int:
        """The fair price; from where somebody put it, it moves on as it would have."""
        fair = self._fair.price(market.base, market.quote, at_us)
        anchor = view.anchor(market.name)
        if not anchor:
            return fair
        then = self._fair.price(market.base, market.quote, anchor[1])
        temper = view.temper(market.name)
        if is_tempered(temper) and volatility(temper) != 1_000:
            worth = grown(anchor[0], (fair, max(then, 1)), volatility(temper))
            return max(min(worth, (market.max_price or worth) // 2), market.min_price, 1)
        return max(anchor[0] * fair // max(then, 1), 1)

    def _quotes(
        self, view: View, market: Symbol, when: tuple[int, int], glance: bool
    ) -> tuple[int, int]:
        """The best bid and ask it would like to have, on ticks."""
        at_us, beat = when
        tick = market.tick_size or 1
        known = self._know(view, market)
        fair = self._worth(view, market, at_us - at_us % GLANCE_US if glance else at_us)
        half = half_spread(fair, tick, known.preset)
        half += half * (known.draws.die(beat) % 1_000) // 1_000
        middle = fair + self._pull(view, market, (fair, at_us), 2 * half + tick)
        low = max(market.min_price, tick)
        bid = max((middle - half) // tick * tick, low)
        ask = max(-(-(middle + half) // tick) * tick, bid + tick)
        return bid, ask

    def _pull(self, view: View, market: Symbol, now: tuple[int, int], usual: int) -> int:
        """How far the last trade holds the middle away from the fair price, in units. now: the
        fair price and the time."""
        fair, at_us = now
        anchor = view.anchor(market.name)
        if anchor and market.tape.last_id <= anchor[2]:
            return 0  # the last trade was before somebody put the price elsewhere
        away = market.last_price - fair
        if not market.last_price or -usual <= away <= usual:
            return 0
        away += -usual if away > 0 else usual
        since_us = at_us - market.tape.last_us
        halves = since_us // HALF_LIFE_US
        if halves >= FORGOTTEN:
            return 0
        rest = since_us - halves * HALF_LIFE_US
        return away * (2 * HALF_LIFE_US - rest) // (2 * HALF_LIFE_US << halves)

    def _sweep(
        self, view: View, market: Symbol, quotes: tuple[int, int],
        to: tuple[list[int], list[Order]],
    ) -> tuple[int, int]:  # fmt: skip
        """Take what others offer beyond its own quotes; which quotes are possible then. Who offers
        more than it takes holds the price."""
        bid, ask = quotes
        cancels, orders = to
        tick = market.tick_size or 1
        book = market.book
        for buys in (True, False):
            limit = bid if buys else ask
            best = (book.asks if buys else book.bids).best()
            if not best or (best > limit if buys else best < limit):
                continue
            ladder = self.ladder(view, market)
            most = ladder.size_at(limit, 1_000) * SWEEP_RUNGS
            found = view.crossing(self.account, market, buys, (limit, most))
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

    def _near(
        self, ladder: Ladder, market: Symbol, quotes: tuple[int, int], orders: list[Order]
    ) -> None:
        """Post the best quotes, and the nearest rungs that nobody has a price at."""
        count = NEAR_RUNGS // self._of
        for buys in (True, False):
            price = quotes[0] if buys else quotes[1]
            side = market.book.side(buys)
            qty = ladder.size_at(price, 400)
            if qty and not side.qty_at(price):
                orders.append(Order(buys, POST, price, qty))
            find = ladder.below if buys else ladder.above
            orders += [
                Order(buys, POST, rung.price, rung.qty)
                for rung in find(price, count, self._share, self._of)
                if rung.qty and not side.qty_at(rung.price)
            ]

    def _whole(
        self, view: View, market: Symbol, around: tuple[int, int, int],
        to: tuple[list[int], list[Order]],
    ) -> None:  # fmt: skip
        """Look at all its orders, cancel those that have no place, post those that are missing."""
        cancels, orders = to
        bids, asks = self._wanted(view, market, around)
        gone = set(cancels)
        kept = set()
        exact = is_tempered(view.temper(market.name))
        for order in view.resting(self.account, market.name).values():
            if order.order_id in gone:
                continue
            if _has_place(order, bids if order.side == BUY else asks, exact):
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
        self, view: View, market: Symbol, around: tuple[int, int, int]
    ) -> tuple[dict[int, int], dict[int, int]]:
        """{price: quantity} of the bids and of the asks that should rest."""
        bid, ask, symbols = around
        known = self._know(view, market)
        ladder = known.ladder
        cap = market.max_orders or USUAL_CAP
        fronts = min(self._preset.fronts, max(cap // 10, 1))
        rungs = min(self._preset.rungs, max(FEWEST_RUNGS, ALL_RUNGS // max(symbols, 1)))
        rungs = max(min(rungs, (cap - SPARE) // 2 - fronts), 0)
        tick = market.tick_size or 1
        half = half_spread(bid, tick, known.preset)
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


def _allowed(view: View, market: Symbol, orders: list[Order]) -> list[Order]:
    """Those whose price the percent-price filter lets pass."""
    buy_low, buy_high = view.bounds(market, True)
    sell_low, sell_high = view.bounds(market, False)
    if not (buy_low or buy_high or sell_low or sell_high):
        return orders
    found: list[Order] = []
    for order in orders:
        low = buy_low if order.buys else sell_low
        high = buy_high if order.buys else sell_high
        if low <= order.price <= (high or order.price):
            found.append(order)
    return found


def half_spread(price: int, tick: int, preset: Preset) -> int:
    """Half of the spread a maker wants at least, in units."""
    return max(price * preset.spread // (SPREAD_PARTS * 100), tick // 2, 1)


def whole_lots(market: Symbol, qty: int, at_market: bool = False) -> int:
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
