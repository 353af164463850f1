"""Everybody who plays a flow: tradepit twice, and three Python packages that match orders.

Each answers a step with the number of fills it made, so that all can be checked against the flow.
What a package does not do is said in `lacks`; a cancel-replace is a cancel and a new order to all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from bench import pits
from bench.flow import ADD, CANCEL, SELL, Flow, Step
from tradepit.core import life
from tradepit.core.book import Book
from tradepit.core.exchange import Exchange
from tradepit.core.orders import Order
from tradepit.core.records import Command, Who
from tradepit.core.terms import GTC, LIMIT, STP_NONE

Play = Callable[[Step], int]


def run(play: Play, steps: list[Step]) -> int:
    """All steps; how many fills they made."""
    fills = 0
    for step in steps:
        fills += play(step)
    return fills


class Pit:
    """The whole life of an order in the core: filters, double entry, matching, fees, ids, events.

    The requests are the flow's steps themselves: no catalogue, no reply.
    """

    does = "filters, balances held and paid, fees, STP, ids, order states, reports, tape, books"
    lacks = "nothing of the flow"

    def __init__(self, symbols: int) -> None:
        self.pit = pits.make(symbols, {"place": self._place, "cancel": self._cancel})
        self.symbols = list(self.pit.symbols.values())
        self.accounts = list(self.pit.accounts.values())
        self.orders: dict[int, Order] = {}
        self.traders = [Who(owner) for owner in self.pit.accounts]
        self.at_us = pits.BORN_US
        self.seq = 0

    def play(self, step: Step) -> int:
        if step.kind == CANCEL:
            return self._do("cancel", step)
        if step.kind != ADD:
            self._do("cancel", step)
        return self._do("place", step)

    def _do(self, op: str, step: Step) -> int:
        self.at_us += 10
        symbol = self.symbols[step.symbol]
        trades = symbol.next_trade_id
        who = self.traders[step.order % pits.TRADERS]
        self.seq += 1
        done = self.pit.apply(Command(self.seq, self.at_us, who, op, step))
        if done.reply is not None:
            raise done.reply  # type: ignore[misc]  # a Reject: the flow is wrong
        return symbol.next_trade_id - trades

    def _place(self, pit: Exchange, who: Who, step: Step) -> None:
        account = pit.accounts[who.owner]
        symbol = self.symbols[step.symbol]
        qty, price = step.qty * pits.LOT, step.price * pits.TICK
        order = Order(symbol, account, step.side, LIMIT, GTC, qty, price)
        order.stp = STP_NONE
        life.place(pit, order)
        self.orders[step.order] = order

    def _cancel(self, pit: Exchange, who: Who, step: Step) -> None:
        life.cancel(pit, self.orders.pop(step.old), pit.new_token())

    def resting(self) -> int:
        return sum(account.orders_open for account in self.accounts)


class Bare:
    """tradepit's book alone: queues and levels, driven by a loop of our own (which is not
    compiled). This is as much as the packages below do."""

    does = "price-time queues, partial fills"
    lacks = "balances, fees, ids, events, filters"

    def __init__(self, symbols: int) -> None:
        pit = pits.make(1, {})
        self.symbol = next(iter(pit.symbols.values()))
        self.account = pit.accounts[1]
        self.books = [Book() for _ in range(symbols)]
        self.orders: dict[int, Order] = {}

    def play(self, step: Step) -> int:
        book = self.books[step.symbol]
        if step.kind != ADD:
            book.remove(self.orders.pop(step.old))
            if step.kind == CANCEL:
                return 0
        side, price = step.side, step.price
        order = Order(self.symbol, self.account, side, LIMIT, GTC, step.qty, price)
        fills = 0
        left = step.qty
        others = book.side(side == SELL)
        while left:
            level = others.top()
            if level is None or (level.price < price if side == SELL else level.price > price):
                order.visible = order.leaves = left
                book.add(order)
                self.orders[step.order] = order
                break
            maker = level.head
            fills += 1
            if maker.visible <= left:
                left -= maker.visible
                book.remove(maker)
            else:
                book.reduce(maker, maker.visible - left)
                left = 0
        return fills

    def resting(self) -> int:
        sides = [side for book in self.books for side in (book.bids, book.asks)]
        return sum(level.count for side in sides for level in side.levels.values())


class LightMatchingEngine:
    """lightmatchingengine 2019.1.4"""

    does = "limit orders, cancels, a trade for each side"
    lacks = "balances, fees, order states, filters; all its levels are searched for each order"

    def __init__(self, symbols: int) -> None:
        from lightmatchingengine.lightmatchingengine import LightMatchingEngine as Engine

        self.engine = Engine()
        self.ids: dict[int, int] = {}

    def play(self, step: Step) -> int:
        if step.kind != ADD:
            self.engine.cancel_order(self.ids.pop(step.old), step.symbol)
            if step.kind == CANCEL:
                return 0
        order, trades = self.engine.add_order(step.symbol, step.price, step.qty, step.side)
        self.ids[step.order] = order.order_id
        return sum(1 for trade in trades if trade.order_id != order.order_id)

    def resting(self) -> int:
        books = self.engine.order_books.values()
        return sum(len(q) for book in books for s in (book.bids, book.asks) for q in s.values())


class PyOrderBook:
    """pyorderbook"""

    does = "limit orders, cancels, a blotter for each order; ids are UUIDs, prices Decimals"
    lacks = "balances, fees, filters; fills at the better of both prices, not at the maker's"

    def __init__(self, symbols: int) -> None:
        import pyorderbook

        logging.getLogger().setLevel(logging.WARNING)
        self.book = pyorderbook.Book()
        self.sides = (None, pyorderbook.bid, pyorderbook.ask)
        self.orders: dict[int, Any] = {}
        self.names = [pits.name(n) for n in range(symbols)]

    def play(self, step: Step) -> int:
        if step.kind != ADD:
            self.book.cancel(self.orders.pop(step.old))
            if step.kind == CANCEL:
                return 0
        order = self.sides[step.side](self.names[step.symbol], step.price, step.qty)
        self.orders[step.order] = order
        return len(self.book.match(order).trades)

    def resting(self) -> int:
        return len(self.book.order_map)


class OrderMatching:
    """order-matching"""

    does = "limit orders, cancels, trades; expiry by time"
    lacks = "balances, fees, symbols; an id is searched through the whole book"

    def __init__(self, symbols: int) -> None:
        from loguru import logger
        from order_matching.enums import Side
        from order_matching.matching_engine import MatchingEngine
        from order_matching.order import LimitOrder
        from order_matching.orders import Orders

        logger.remove()
        logger.disable("order_matching")
        self.engine = MatchingEngine(seed=1)
        self.sides = (None, Side.BUY, Side.SELL)
        self.order, self.orders = LimitOrder, Orders
        self.at = datetime(2024, 1, 1)
        self.moment = timedelta(microseconds=10)

    def play(self, step: Step) -> int:
        if step.kind != ADD:
            self.engine.cancel_order(str(step.old))
            if step.kind == CANCEL:
                return 0
        self.at += self.moment
        order = self.order(
            side=self.sides[step.side], price=float(step.price), size=float(step.qty),
            timestamp=self.at, order_id=str(step.order), trader_id="t",
        )  # fmt: skip
        self.engine.place(self.orders([order]))
        return len(self.engine.match(self.at).trades)

    def resting(self) -> int:
        book = self.engine.unprocessed_orders
        return sum(len(orders) for side in (book.bids, book.offers) for orders in side.values())


OTHERS: Final = {
    "lightmatchingengine": LightMatchingEngine,
    "pyorderbook": PyOrderBook,
    "order-matching": OrderMatching,
}


def check(player: Any, flow: Flow) -> str:
    """Play a flow; in words how the result differs from the flow's own, empty when it does not."""
    run(player.play, flow.before)
    fills = run(player.play, flow.steps)
    found = player.resting()
    if (fills, found) == (flow.fills, flow.resting):
        return ""
    return f"{fills} fills, {found} resting; right are {flow.fills} and {flow.resting}"
