"""The order book of one symbol: price levels sorted best last, a linked queue in each level."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tradepit.core.orders import Order

CHUNK: Final = 512


class Level:
    """All orders at one price, first come first served. `qty` is what the public sees."""

    __slots__ = ("count", "head", "price", "qty", "tail")

    def __init__(self, price: int) -> None:
        self.price = price
        self.qty = 0
        self.count = 0
        self.head: Order | None = None
        self.tail: Order | None = None


class Ladder:
    """Distinct integer keys in ascending order, in chunks, so that a deep side stays cheap.

    The largest key is the best price; nearly all traffic is in the last chunk.
    """

    __slots__ = ("chunks", "firsts")

    def __init__(self) -> None:
        self.chunks: list[list[int]] = [[]]
        self.firsts: list[int] = [0]  # smallest key of each chunk; of the first one unused

    def _at(self, key: int) -> int:
        last = len(self.chunks) - 1
        if last == 0 or key >= self.firsts[last]:
            return last
        return max(bisect_right(self.firsts, key, 1) - 1, 0)

    def add(self, key: int) -> None:
        index = self._at(key)
        chunk = self.chunks[index]
        insort(chunk, key)
        if len(chunk) > CHUNK:
            half = CHUNK // 2
            self.chunks.insert(index + 1, chunk[half:])
            self.firsts.insert(index + 1, chunk[half])
            del chunk[half:]

    def remove(self, key: int) -> None:
        index = self._at(key)
        chunk = self.chunks[index]
        if chunk[-1] == key:
            chunk.pop()
        else:
            del chunk[bisect_left(chunk, key)]
        if not chunk and len(self.chunks) > 1:
            del self.chunks[index]
            del self.firsts[index]

    def best(self) -> int:
        """The largest key. There must be one."""
        return self.chunks[-1][-1]

    def nth(self, number: int) -> int:
        """The number-th largest key, from 1. There must be so many."""
        for index in range(len(self.chunks) - 1, -1, -1):
            chunk = self.chunks[index]
            if number <= len(chunk):
                return chunk[-number]
            number -= len(chunk)
        return 0

    def best_first(self, limit: int) -> list[int]:
        """Up to `limit` keys, largest first."""
        found: list[int] = []
        for index in range(len(self.chunks) - 1, -1, -1):
            chunk = self.chunks[index]
            room = limit - len(found)
            if len(chunk) >= room:
                if room:
                    found.extend(reversed(chunk[-room:]))
                return found
            found.extend(reversed(chunk))
        return found


class BookSide:
    """One side: `sign` is +1 for bids (high is good), -1 for asks (low is good)."""

    __slots__ = ("front", "ladder", "levels", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.ladder = Ladder()
        self.levels: dict[int, Level] = {}
        self.front: Level | None = None  # the best level

    def best(self) -> int:
        """The best price in units, 0 when the side is empty."""
        front = self.front
        return 0 if front is None else front.price

    def top(self) -> Level | None:
        return self.front

    def open(self, price: int) -> Level:
        """A new, empty level."""
        level = self.levels[price] = Level(price)
        self.ladder.add(price * self.sign)
        if self.front is None or (price - self.front.price) * self.sign > 0:
            self.front = level
        return level

    def close(self, level: Level) -> None:
        """Take an empty level away."""
        price = level.price
        del self.levels[price]
        self.ladder.remove(price * self.sign)
        if level is self.front:
            self.front = self.levels[self.ladder.best() * self.sign] if self.levels else None

    def qty_at(self, price: int) -> int:
        """The visible quantity at a price, 0 when there is no level."""
        level = self.levels.get(price)
        return 0 if level is None else level.qty

    def prices(self, limit: int) -> list[int]:
        """Up to `limit` prices, best first."""
        sign = self.sign
        return [key * sign for key in self.ladder.best_first(limit)]

    def nth(self, number: int) -> int:
        """The number-th best price, from 1; 0 when there are not so many."""
        if number > len(self.levels):
            return 0
        return self.ladder.nth(number) * self.sign

    def depth(self, limit: int) -> list[tuple[int, int]]:
        """(price, visible quantity) of up to `limit` levels, best first."""
        levels = self.levels
        return [(price, levels[price].qty) for price in self.prices(limit)]

    def queued(self) -> list[int]:
        """The ids of the resting orders, best price first, in their order."""
        order_ids: list[int] = []
        for price in self.prices(len(self.levels)):
            order = self.levels[price].head
            while order is not None:
                order_ids.append(order.order_id)
                order = order.next
        return order_ids


class Book:
    """Both sides and the number of the last change that the public can see."""

    __slots__ = ("asks", "bids", "stirred", "touched", "update_id")

    def __init__(self) -> None:
        self.bids = BookSide(1)
        self.asks = BookSide(-1)
        self.update_id = 0
        # Where somebody watches: the levels that changed since they last looked, as signed prices
        # (asks negative), in the order of their first change. It is no part of the state.
        self.touched: dict[int, None] | None = None
        # Where somebody wants to know that it changed: the list that it puts itself on.
        self.stirred: list[Book] | None = None

    def side(self, buy: bool) -> BookSide:
        return self.bids if buy else self.asks

    def add(self, order: Order) -> None:
        """Queue an order at its limit price, behind everyone there."""
        side = self.bids if order.side == 1 else self.asks
        price = order.limit_price
        level = side.levels.get(price)
        if level is None:
            level = side.open(price)
        self._append(level, order)
        level.qty += order.visible
        self.update_id += 1
        if self.touched is not None:
            self.touched[price * side.sign] = None
        if self.stirred is not None:
            self.stirred.append(self)

    def remove(self, order: Order) -> None:
        level = order.level
        assert level is not None
        self._unlink(level, order)
        level.qty -= order.visible
        order.level = None
        self.update_id += 1
        side = self.bids if order.side == 1 else self.asks
        if self.touched is not None:
            self.touched[level.price * side.sign] = None
        if self.stirred is not None:
            self.stirred.append(self)
        if level.head is None:
            side.close(level)

    def reduce(self, order: Order, visible: int) -> None:
        """The order's visible quantity is `visible` now; it keeps its place."""
        level = order.level
        assert level is not None
        if visible != order.visible:
            level.qty += visible - order.visible
            order.visible = visible
            self.update_id += 1
            if self.touched is not None:
                self.touched[level.price if order.side == 1 else -level.price] = None
            if self.stirred is not None:
                self.stirred.append(self)

    def requeue(self, order: Order, visible: int) -> None:
        """An iceberg shows its next slice, behind everyone at its price."""
        level = order.level
        assert level is not None
        self._unlink(level, order)
        level.qty += visible - order.visible
        order.visible = visible
        self._append(level, order)
        self.update_id += 1
        if self.touched is not None:
            self.touched[level.price if order.side == 1 else -level.price] = None
        if self.stirred is not None:
            self.stirred.append(self)

    def _append(self, level: Level, order: Order) -> None:
        last = level.tail
        order.prev = last
        order.next = None
        if last is None:
            level.head = order
        else:
            last.next = order
        level.tail = order
        level.count += 1
        order.level = level

    def _unlink(self, level: Level, order: Order) -> None:
        before = order.prev
        after = order.next
        if before is None:
            level.head = after
        else:
            before.next = after
        if after is None:
            level.tail = before
        else:
            after.prev = before
        order.prev = None
        order.next = None
        level.count -= 1

    def clear(self) -> None:
        """Unlink everything, so that reference counts alone free a dropped book."""
        for side in (self.bids, self.asks):
            for level in side.levels.values():
                order = level.head
                while order is not None:
                    after = order.next
                    order.prev = order.next = None
                    order.level = None
                    order = after
                level.head = level.tail = None
            side.levels.clear()
            side.front = None
            side.ladder = Ladder()
