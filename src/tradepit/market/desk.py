"""How an agent trades: by batches of orders through the sequencer, as any client of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from tradepit.core.records import Who
from tradepit.core.terms import BUY, IOC, LIMIT, LIMIT_MAKER, SELL, TRADING
from tradepit.core.terms import MARKET as MARKET_ORDER
from tradepit.core.units import ONE, parse_units
from tradepit.market.views import AT_ONCE, POST, Act, Book, Crossing, Market, Order, Resting
from tradepit.products.spot.batch import BATCH, Batch
from tradepit.products.spot.orders import PlaceOrder

# A percent-price filter wider than this never matters to those who stay near the last price.
_WIDE_UP: Final = 2 * ONE
_WIDE_DOWN: Final = ONE // 2


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


class SequencerDesk:
    """See `market.views.Desk`."""

    def __init__(self, sequencer: Sequencer) -> None:
        self._sequencer = sequencer
        self._unbounded: set[tuple[str, bool]] = (
            set()
        )  # sides whose percent-price filter never matters

    def markets(self) -> Mapping[str, Market]:
        """Symbols that limit what one may own have no residents: these own much of everything;
        nor have those whose trades come from a tape."""
        world = self._sequencer.machine
        return {
            name: symbol
            for name, symbol in world.symbols.items()
            if symbol.status == TRADING and symbol.spot_allowed and not symbol.max_position
            and name not in world.replays
        }  # fmt: skip

    def typical_price(self, symbol: str) -> int:
        return parse_units(self._sequencer.machine.symbols[symbol].listing["_price"])

    def anchor(self, symbol: str) -> Sequence[int]:
        return self._sequencer.machine.anchors.get(symbol, ())

    def temper(self, symbol: str) -> Sequence[int]:
        return self._sequencer.machine.tempers.get(symbol, ())

    def traded_us(self, symbol: str) -> int:
        at_us: int = self._sequencer.machine.symbols[symbol].tape.last_us
        return at_us

    def traded_id(self, symbol: str) -> int:
        last_id: int = self._sequencer.machine.symbols[symbol].tape.last_id
        return last_id

    def price_ago(self, symbol: str, trades: int) -> int:
        rows = self._sequencer.machine.symbols[symbol].tape.trades
        return rows[-trades][1] if len(rows) >= trades else 0

    def bounds(self, symbol: str, buys: bool) -> tuple[int, int]:
        if (symbol, buys) in self._unbounded:
            return 0, 0
        rules = self._sequencer.machine.symbols[symbol]
        up, down = (rules.bid_up, rules.bid_down) if buys else (rules.ask_up, rules.ask_down)
        if not rules.percent_filter or (up >= _WIDE_UP and down <= _WIDE_DOWN):
            self._unbounded.add((symbol, buys))  # a listing's filters stay
            return 0, 0
        usual = rules.usual_price(self._sequencer.machine.at_us, rules.percent_mins)
        return -(-usual * down // ONE), usual * up // ONE

    def sides(self, symbol: str) -> Book:
        book: Book = self._sequencer.machine.symbols[symbol].book
        return book

    def resting(self, account: str, symbol: str) -> list[Resting]:
        orders = self._open(account, symbol).values()
        return [Resting(o.order_id, o.side == BUY, o.price, o.leaves) for o in orders]

    def open_count(self, account: str, symbol: str) -> int:
        return len(self._open(account, symbol))

    def _open(self, account: str, symbol: str) -> Mapping[int, Any]:
        world = self._sequencer.machine
        orders: Mapping[int, Any] = world.accounts[world.names[account]].on(symbol).orders
        return orders

    def crossing(self, account: str, symbol: str, buys: bool, to: tuple[int, int]) -> Crossing:
        world = self._sequencer.machine
        owner = world.names[account]
        side = world.symbols[symbol].book.side(not buys)
        limit, most = to
        own: list[int] = []
        qty = 0
        last = limit
        for price in _from_best(side):
            if price > limit if buys else price < limit:
                return Crossing(own, qty, limit, False)
            if qty >= most:
                break
            last = price
            order = side.levels[price].head
            while order is not None:
                if order.account.id == owner:
                    own.append(order.order_id)
                else:
                    qty += order.visible
                order = order.next
        else:
            return Crossing(own, qty, limit, False)
        return Crossing(own, min(qty, most), last, True)

    def submit(self, act: Act) -> Awaitable[object]:
        symbol = act.symbol
        orders = tuple([_placed(symbol, order) for order in act.orders])
        ask = Batch(symbol=symbol, cancels=tuple(act.cancels), orders=orders)
        return self._sequencer.submit(Who(self._sequencer.machine.names[act.account]), BATCH, ask)


def _from_best(side: Any) -> Iterator[int]:
    """All prices of a side, best first; the near ones do not pay for the far ones."""
    seen, window, total = 0, 16, len(side.levels)
    while seen < total:
        yield from side.prices(window)[seen:]
        seen, window = min(window, total), 4 * window


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
