"""The same stream of orders for everybody who matches: whole ticks and whole lots.

60 % new limit orders that rest, 28 % cancels of one that rests, 2 % cancel-replaces, 10 % limit
orders that take; prices cluster around a mid that wanders. A small book of its own plays along, so
that cancels name orders that are alive, and so that everybody's trades can be compared with it.
"""

from __future__ import annotations

import random
from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Final, NamedTuple

ADD: Final = 0
CANCEL: Final = 1
REPLACE: Final = 2

BUY: Final = 1
SELL: Final = 2

MID: Final = 100_000  # ticks


class Step(NamedTuple):
    """One command. `order` is the number of the new order, `old` of the one that goes."""

    kind: int
    order: int
    old: int
    symbol: int
    side: int
    price: int
    qty: int


class Flow(NamedTuple):
    """Commands, and what a right book makes of them. `before`: orders that rest at the start."""

    before: list[Step]
    steps: list[Step]
    fills: int
    volume: int
    resting: int


class _Book:
    """A plain price-time book; slow and easy to believe."""

    def __init__(self) -> None:
        self.prices: dict[int, list[int]] = {BUY: [], SELL: []}  # best last
        self.levels: dict[tuple[int, int], dict[int, int]] = {}  # order -> what is left of it
        self.where: dict[int, tuple[int, int]] = {}

    def best(self, side: int) -> int:
        prices = self.prices[side]
        return 0 if not prices else prices[-1] if side == BUY else -prices[-1]

    def place(self, order: int, side: int, price: int, qty: int) -> tuple[int, int]:
        """(fills, lots traded)"""
        fills = volume = 0
        other = SELL if side == BUY else BUY
        while qty and (best := self.best(other)):
            if best > price if side == BUY else best < price:
                break
            queue = self.levels[other, best]
            maker, left = next(iter(queue.items()))
            done = min(left, qty)
            fills += 1
            volume += done
            qty -= done
            if done == left:
                self.remove(maker)
            else:
                queue[maker] = left - done
        if qty:
            key = (side, price)
            if key not in self.levels:
                self.levels[key] = {}
                insort(self.prices[side], price if side == BUY else -price)
            self.levels[key][order] = qty
            self.where[order] = key
        return fills, volume

    def remove(self, order: int) -> None:
        key = self.where.pop(order)
        queue = self.levels[key]
        del queue[order]
        if not queue:
            del self.levels[key]
            prices = self.prices[key[0]]
            del prices[bisect_left(prices, key[1] if key[0] == BUY else -key[1])]


class _Alive:
    """Orders that rest; any of them can be drawn in one step."""

    def __init__(self) -> None:
        self.orders: list[tuple[int, int, int]] = []  # number, symbol, side

    def draw(self, rng: random.Random, books: Sequence[_Book]) -> tuple[int, int, int] | None:
        while self.orders:
            at = rng.randrange(len(self.orders))
            self.orders[at], self.orders[-1] = self.orders[-1], self.orders[at]
            found = self.orders.pop()
            if found[0] in books[found[1]].where:
                return found
        return None


def make(commands: int, *, resting: int = 1_000, symbols: int = 1, seed: int = 7) -> Flow:
    """`commands` commands over `symbols` symbols whose books hold `resting` orders in all."""
    rng = random.Random(seed)
    books = [_Book() for _ in range(symbols)]
    alive = _Alive()
    before: list[Step] = []
    width = max(20, min(resting // symbols // 8, 20_000))
    for order in range(1, resting + 1):
        side = rng.choice((BUY, SELL))
        away = 1 + rng.randrange(width)
        price = MID - away if side == BUY else MID + away
        before.append(Step(ADD, order, 0, order % symbols, side, price, rng.randint(1, 20)))
    for step in before:
        books[step.symbol].place(step.order, step.side, step.price, step.qty)
        alive.orders.append((step.order, step.symbol, step.side))
    steps: list[Step] = []
    fills = volume = 0
    order = resting
    while len(steps) < commands:
        draw = rng.random()
        symbol, side, old = rng.randrange(symbols), rng.choice((BUY, SELL)), 0
        kind = ADD
        if 0.60 <= draw < 0.90:
            found = alive.draw(rng, books)
            if found is None:
                continue
            old, symbol, side = found
            books[symbol].remove(old)
            kind = CANCEL if draw < 0.88 else REPLACE
            if kind == CANCEL:
                steps.append(Step(CANCEL, 0, old, symbol, side, 0, 0))
                continue
        order += 1
        book = books[symbol]
        price, qty = _wish(rng, book, side, takes=draw >= 0.90)
        more, lots = book.place(order, side, price, qty)
        fills += more
        volume += lots
        if order in book.where:
            alive.orders.append((order, symbol, side))
        steps.append(Step(kind, order, old, symbol, side, price, qty))
    return Flow(before, steps, fills, volume, sum(len(book.where) for book in books))


def _wish(rng: random.Random, book: _Book, side: int, takes: bool) -> tuple[int, int]:
    """(price, quantity) of the next order."""
    other = book.best(SELL if side == BUY else BUY) or MID
    if takes:
        return (other + 2 if side == BUY else other - 2), rng.randint(1, 40)
    away = 1 + min(int(rng.expovariate(0.1)), 2_000)
    return (other - away if side == BUY else other + away), rng.randint(1, 20)
