"""The residents on futures: one maker that keeps every contract's book, one taker that trades.

The maker quotes the index with a small basis: of a perpetual it wanders around nothing, of a
delivery contract it is what is left of a year's carry. A few prices lie on a grid that never moves,
so that following the index moves few orders. The taker is small noise of both sides; what it holds
stays within bounds, because beyond them it trades the other way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from tradepit.core.records import Who
from tradepit.core.terms import BUY, GTC, IOC, SELL, TRADING
from tradepit.core.units import ONE, parse_units
from tradepit.market.chance import Draws
from tradepit.market.ladder import GAP_PARTS, KEEP_RUNGS, mix
from tradepit.market.maker import MAKERS, half_spread
from tradepit.market.presets import Preset
from tradepit.market.takers import NOISE, SLIP_PARTS
from tradepit.products.futures.batch import FUTURES_BATCH, FuturesBatch, Part, Wanted

LEVELS: Final = 20  # prices a side, of a perpetual; half as many of what is delivered
RUNG_WORTH: Final = 30_000 * ONE  # dollars at a price
MOST_HELD: Final = 100 * RUNG_WORTH  # beyond this the taker goes home
FIRST_BASES: Final = ("BTC", "ETH")  # trade on every other step, the rest more seldom
QUICK_STEPS: Final = 2
QUIET_STEPS: Final = 4
GLANCE_STEPS: Final = 5  # while time is set forward by minutes
YEAR_US: Final = 365 * 86_400_000_000
CARRY_PARTS: Final = 50_000  # millionths of the price a year
WANDER_US: Final = 900_000_000  # how long a basis takes to another, and to the first one
WANDER_PARTS: Final = 250  # millionths, up or down


class World(Protocol):
    """What the residents see of the futures exchanges."""

    @property
    def contracts(self) -> Mapping[str, Any]: ...
    @property
    def traders(self) -> Mapping[int, Any]: ...
    @property
    def names(self) -> Mapping[str, int]: ...
    @property
    def born_us(self) -> int: ...


class Sequencer(Protocol):
    @property
    def machine(self) -> World: ...

    def submit(self, who: Who, op: str, ask: object) -> Awaitable[object]: ...


class Level(NamedTuple):
    """A price of the maker's, and how much: units."""

    price: int
    qty: int


class Grid:
    """Where the maker's orders on a contract may stand: `gap` units from each other. `sizes`: what
    a price was found to be worth to it, which never changes."""

    def __init__(self, gap: int) -> None:
        self.gap = gap
        self.sizes: dict[int, int] = {}


class FuturesResidents:
    """Maker and taker of all contracts of a world."""

    def __init__(self, sequencer: Sequencer, seed: int, preset: Preset) -> None:
        self._sequencer = sequencer
        self._seed = seed
        self._preset = preset
        self._dice: dict[str, Draws] = {}
        self._grids: dict[str, Grid] = {}

    def fill(self, at_us: int) -> list[Awaitable[object]]:
        """Quote every contract on which the maker has nothing yet. Returns: what to await."""
        world = self._sequencer.machine
        parts = [
            self.quote(contract, at_us)
            for contract in self._trading()
            if not _orders(world, MAKERS[0], contract)
        ]
        return self._submit(MAKERS[0], parts)

    def follow(self, name: str, at_us: int) -> list[Awaitable[object]]:
        """Put the orders on one contract right. Returns: what to await."""
        parts = [self.quote(each, at_us) for each in self._trading() if each.name == name]
        return self._submit(MAKERS[0], parts)

    def step(self, at_us: int, number: int, minutes: bool) -> list[Awaitable[object]]:
        """Those who have a beat act, by the marks of the step before. Returns: what to await.

        minutes: steps are minutes, while time is set forward.
        """
        quotes: list[Part | None] = []
        takes: list[Part | None] = []
        for place, contract in enumerate(self._trading()):
            every = QUICK_STEPS if contract.base in FIRST_BASES else QUIET_STEPS
            beat, early = divmod(number + place, GLANCE_STEPS if minutes else every)
            if early:
                continue
            if beat % 2 == 0 or minutes:
                quotes.append(self.quote(contract, at_us))
            if beat % 2 or minutes:
                takes.append(self.take(contract, beat))
        return self._submit(MAKERS[0], quotes) + self._submit(NOISE, takes)

    def _trading(self) -> list[Any]:
        world = self._sequencer.machine
        if not world.names.keys() >= {MAKERS[0], NOISE}:
            return []
        return [each for each in world.contracts.values() if each.status == TRADING]

    def _submit(self, account: str, parts: list[Part | None]) -> list[Awaitable[object]]:
        wanted = tuple(part for part in parts if part is not None)
        if not wanted:
            return []
        who = Who(self._sequencer.machine.names[account])
        return [self._sequencer.submit(who, FUTURES_BATCH, FuturesBatch(parts=wanted))]

    def fair(self, contract: Any, at_us: int) -> int:
        """What a contract is worth: the index and its basis, in units."""
        index: int = contract.marks.index
        if not contract.perpetual:
            left_us = max(contract.delivery_us - at_us, 0)
            return index + int(index * CARRY_PARTS * left_us // (YEAR_US * 1_000_000))
        span, into_us = divmod(at_us, WANDER_US)
        one, other = (
            self._draws(contract, "basis").dice(n)[0] % (2 * WANDER_PARTS + 1) - WANDER_PARTS
            for n in (span, span + 1)
        )
        parts = one + (other - one) * into_us // WANDER_US
        age_us = at_us - self._sequencer.machine.born_us
        if age_us < WANDER_US:  # a past ends on the index
            parts = parts * max(age_us, 0) // WANDER_US
        return index + index * parts // 1_000_000

    def _draws(self, contract: Any, what: str) -> Draws:
        key = f"{what} {contract.key}"
        found = self._dice.get(key)
        if found is None:
            found = self._dice[key] = Draws(self._seed, key)
        return found

    # --- The maker -----------------------------------------------------------------------------

    def quote(self, contract: Any, at_us: int) -> Part | None:
        """Put the maker's orders on a contract right; None when they are."""
        bids, asks = self._wanted(contract, at_us)
        world = self._sequencer.machine
        cancels: list[int] = []
        kept: set[tuple[int, int]] = set()
        for order in _orders(world, MAKERS[0], contract).values():
            qty = (bids if order.side == BUY else asks).get(order.price, 0)
            if qty and 2 * order.leaves >= qty:
                kept.add((order.side, order.price))
            else:
                cancels.append(order.order_id)
        orders = [
            Wanted(side=side, tif=GTC, price=price, qty=qty)
            for side, levels in ((BUY, bids), (SELL, asks))
            for price, qty in levels.items()
            if (side, price) not in kept
        ]
        if not cancels and not orders:
            return None
        return Part(
            symbol=contract.name, leverage=_leverage(world, MAKERS[0], contract),
            cancels=tuple(cancels), orders=tuple(orders),
        )  # fmt: skip

    def _wanted(self, contract: Any, at_us: int) -> tuple[dict[int, int], dict[int, int]]:
        """{price: quantity} of the bids and of the asks that should rest."""
        tick = contract.tick_size or 1
        fair = self.fair(contract, at_us)
        half = half_spread(fair, tick, self._preset)
        low = max(contract.min_price, tick)
        bid = max((fair - half) // tick * tick, low)
        ask = max(-(-(fair + half) // tick) * tick, bid + tick)
        grid = self._grids.get(contract.key) or self._grid(contract, tick)
        gap, sizes = grid.gap, grid.sizes
        count = min(LEVELS if contract.perpetual else LEVELS // 2, self._preset.rungs)
        bids: dict[int, int] = {}
        asks: dict[int, int] = {}
        for side, first, step in ((bids, bid, -gap), (asks, ask, gap)):
            side[first] = self._size(contract, first, 400)
            price = (first - 1) // gap * gap if step < 0 else (first // gap + 1) * gap
            while len(side) < count and low <= price <= (contract.max_price or price):
                if price not in sizes:
                    dice = mix(self._seed + price)
                    sizes[price] = self._size(contract, price, 400 + dice % 1201)
                side[price] = sizes[price]
                price += step
        if len(sizes) > KEEP_RUNGS:
            sizes.clear()
        return bids, asks

    def _grid(self, contract: Any, tick: int) -> Grid:
        typical = parse_units(contract.listing["_price"])
        gap = max(typical * self._preset.gap // (GAP_PARTS * 100) // tick, 1) * tick
        grid = self._grids[contract.key] = Grid(gap)
        return grid

    def _size(self, contract: Any, price: int, parts: int) -> int:
        """So many thousandths of a usual size, in units the filters allow."""
        worth = RUNG_WORTH * self._preset.size // 100 * parts // 1000
        qty = worth // contract.size if contract.inverse else worth * ONE // price
        least = max(contract.min_qty, 1)
        if contract.min_notional:
            least = max(least, -(-2 * contract.min_notional * ONE // price))
        step = contract.step_size or 1
        qty = min(max(qty, least), contract.max_qty or qty)
        qty += -qty % step if qty < least else -(qty % step)
        return int(max(qty, -(-least // step) * step))

    # --- The taker -----------------------------------------------------------------------------

    def take(self, contract: Any, beat: int) -> Part | None:
        """A small trade with the best of the book, or none."""
        rolls = self._draws(contract, "taker").dice(beat)
        bid, ask = contract.book.bids.best(), contract.book.asks.best()
        if rolls[0] % 1_000 >= self._preset.taker_share or not bid or not ask:
            return None
        world = self._sequencer.machine
        held = _held(world, NOISE, contract)
        buys = rolls[2] & 1 == 1
        if abs(held) * (contract.size if contract.inverse else bid) > MOST_HELD * (
            1 if contract.inverse else ONE
        ):
            buys = held < 0
        best, tick = ask if buys else bid, contract.tick_size or 1
        slip = max(best // SLIP_PARTS // tick, 2) * tick
        qty = self._size(contract, best, 5 + (rolls[3] % 1_000) ** 2 // 1_500)
        wanted = Wanted(
            side=BUY if buys else SELL, tif=IOC, price=best + slip if buys else best - slip, qty=qty
        )
        leverage = _leverage(world, NOISE, contract)
        return Part(symbol=contract.name, leverage=leverage, orders=(wanted,))


def _holding(world: World, account: str, contract: Any) -> Any:
    trader = world.traders.get(2 * world.names[account] + contract.venue)
    return None if trader is None else trader.holdings.get(contract.name)


def _orders(world: World, account: str, contract: Any) -> Mapping[int, Any]:
    holding = _holding(world, account, contract)
    orders: Mapping[int, Any] = {} if holding is None else holding.opened.orders
    return orders


def _held(world: World, account: str, contract: Any) -> int:
    """The account's signed position in units."""
    holding = _holding(world, account, contract)
    return 0 if holding is None else sum(position.qty for position in holding.positions)


def _leverage(world: World, account: str, contract: Any) -> int:
    """1 for a first order: those who trade for the house's market borrow nothing."""
    return 1 if _holding(world, account, contract) is None else 0
