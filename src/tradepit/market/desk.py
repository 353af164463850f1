"""How an agent trades: by batches of orders through the sequencer, as any client of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from tradepit.core.records import Who
from tradepit.core.terms import BUY, IOC, LIMIT, LIMIT_MAKER, SELL, TRADING
from tradepit.core.terms import MARKET as MARKET_ORDER
from tradepit.core.units import parse_units
from tradepit.market.views import AT_ONCE, POST, Act, Order, View
from tradepit.products.spot.batch import BATCH, Batch
from tradepit.products.spot.orders import PlaceOrder


class World(Protocol):
    """What an agent sees of the world: its symbols, and the orders of its own accounts."""

    @property
    def at_us(self) -> int: ...
    @property
    def born_us(self) -> int: ...
    @property
    def symbols(self) -> Mapping[str, Any]: ...
    @property
    def accounts(self) -> Mapping[int, Any]: ...
    @property
    def names(self) -> Mapping[str, int]: ...
    @property
    def anchors(self) -> Mapping[str, Sequence[int]]: ...
    @property
    def tempers(self) -> Mapping[str, Sequence[int]]: ...
    @property
    def replays(self) -> Mapping[str, object]: ...
    @property
    def contracts(self) -> Mapping[str, Any]: ...
    @property
    def traders(self) -> Mapping[int, Any]: ...


class Sequencer(Protocol):
    """Where commands go; `machine` is another object after the world had to be rebuilt."""

    @property
    def machine(self) -> World: ...

    def submit(self, who: Who, op: str, ask: object) -> Awaitable[object]: ...

    def together(self) -> AbstractContextManager[None]:
        """What is submitted inside is one batch of the log."""


class SequencerDesk:
    """An agent's way to the exchange."""

    def __init__(self, sequencer: Sequencer) -> None:
        self._sequencer = sequencer
        self._unbounded: set[str] = set()

    def view(self) -> View:
        """The exchange as it is now."""
        pit: Any = self._sequencer.machine
        return View(pit, self._unbounded)

    def markets(self) -> Mapping[str, Any]:
        """The symbols that can be traded now, by name.

        Symbols that limit what one may own have no residents: these own much of everything; nor
        have those whose trades come from a tape.
        """
        world = self._sequencer.machine
        replays = world.replays
        return {
            name: symbol
            for name, symbol in world.symbols.items()
            if symbol.status == TRADING and symbol.spot_allowed and not symbol.max_position
            and name not in replays
        }  # fmt: skip

    def typical_price(self, symbol: str) -> int:
        """What one costs at the world's birth, in units."""
        return parse_units(self._sequencer.machine.symbols[symbol].listing["_price"])

    def together(self) -> AbstractContextManager[None]:
        """See `Sequencer.together`."""
        return self._sequencer.together()

    def submit(self, act: Act) -> Awaitable[object]:
        """Hand it to the exchange; an item that is refused does not keep the others."""
        symbol = act.symbol
        orders = tuple([_placed(symbol, order) for order in act.orders])
        ask = Batch(symbol=symbol, cancels=tuple(act.cancels), orders=orders)
        sequencer = self._sequencer
        return sequencer.submit(Who(sequencer.machine.names[act.account]), BATCH, ask)


def _placed(symbol: str, order: Order) -> PlaceOrder:
    side = BUY if order.buys else SELL
    if order.kind == POST:
        return PlaceOrder(
            symbol=symbol, side=side, type=LIMIT_MAKER, price=order.price, quantity=order.qty
        )
    if order.kind == AT_ONCE:
        return PlaceOrder(
            symbol=symbol, side=side, type=LIMIT, time_in_force=IOC, price=order.price,
            quantity=order.qty,
        )  # fmt: skip
    return PlaceOrder(symbol=symbol, side=side, type=MARKET_ORDER, quantity=order.qty)
