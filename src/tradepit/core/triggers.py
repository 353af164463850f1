"""Orders that wait for a price: stops by their stop price, trailing ones by its way since then."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from tradepit.core.terms import SELL

if TYPE_CHECKING:
    from tradepit.core.orders import Order

BIPS = 10_000


class Triggers:
    """The waiting orders of one symbol."""

    __slots__ = ("above", "below", "stops", "trailing")

    def __init__(self) -> None:
        # (stop price, age, order id): last >= stop fires; below: -stop price, last <= stop fires
        self.above: list[tuple[int, int, int]] = []
        self.below: list[tuple[int, int, int]] = []
        self.stops: dict[int, Order] = {}
        self.trailing: dict[int, Order] = {}

    def add(self, order: Order, last_price: int, at_us: int) -> None:
        """Wait for the stop price; a trailing order without one tracks from now on.

        One whose stop price is met already starts to track at once.
        """
        extra = order.extra
        stop = order.stop_price
        if stop:
            met = last_price and (
                last_price >= stop if order.triggers_above else last_price <= stop
            )
            if not (extra.trailing_delta and met):
                self.wait(order)
                return
        extra.trailing_us = at_us
        extra.extreme = last_price
        self.trailing[order.order_id] = order

    def wait(self, order: Order) -> None:
        """Wait for the stop price."""
        insort(self.above if order.triggers_above else self.below, _key(order))
        self.stops[order.order_id] = order

    def remove(self, order: Order) -> None:
        """Forget an order, wherever it waits."""
        if self.stops.pop(order.order_id, None) is not None:
            keys = self.above if order.triggers_above else self.below
            del keys[bisect_left(keys, _key(order))]
        else:
            self.trailing.pop(order.order_id, None)

    def traded(self, price: int, at_us: int) -> list[Order]:
        """The orders that a trade at `price` fires: trailing ones, then those whose stop price
        was met first, then the older."""
        fired: list[Order] = []
        if self.trailing:
            fired = [order for order in self.trailing.values() if _trail(order, price)]
            for order in fired:
                del self.trailing[order.order_id]
        while self.above and price >= self.above[0][0]:
            self._reached(self.above.pop(0)[2], price, at_us, fired)
        while self.below and price <= -self.below[0][0]:
            self._reached(self.below.pop(0)[2], price, at_us, fired)
        return fired

    def _reached(self, order_id: int, price: int, at_us: int, fired: list[Order]) -> None:
        order = self.stops.pop(order_id)
        if order.extra.trailing_delta:
            order.extra.trailing_us = at_us
            order.extra.extreme = price
            self.trailing[order_id] = order
        else:
            fired.append(order)


def _key(order: Order) -> tuple[int, int, int]:
    """Sorts by which stop price is met first, then by age: algo orders' ids count downwards."""
    price = order.stop_price if order.triggers_above else -order.stop_price
    return price, abs(order.order_id), order.order_id


def _trail(order: Order, price: int) -> bool:
    """Follow the price. True when it came back from the extreme by the trailing delta."""
    extra = order.extra
    if order.side == SELL:
        if price > extra.extreme or extra.extreme == 0:
            extra.extreme = price
            return False
        return price * BIPS <= extra.extreme * (BIPS - extra.trailing_delta)
    if price < extra.extreme or extra.extreme == 0:
        extra.extreme = price
        return False
    return price * BIPS >= extra.extreme * (BIPS + extra.trailing_delta)
