"""A futures order: what it has beyond an order of the spot market."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tradepit.core.orders import Order
from tradepit.core.terms import BUY, GTC, POSITION_BOTH, TRAILING_STOP_MARKET
from tradepit.core.units import wide

if TYPE_CHECKING:
    from tradepit.core.contracts import Contract
    from tradepit.core.positions import Position, Trader


LIQUIDATED: Final = 1
DELEVERAGED: Final = 2
SETTLED: Final = 3

ALGO_NEW: Final = 1
ALGO_CANCELED: Final = 2
ALGO_TRIGGERING: Final = 3
ALGO_TRIGGERED: Final = 4
ALGO_FINISHED: Final = 5
ALGO_REJECTED: Final = 6
ALGO_EXPIRED: Final = 7
ALGO_STATUSES: Final = (
    "", "NEW", "CANCELED", "TRIGGERING", "TRIGGERED", "FINISHED", "REJECTED", "EXPIRED",
)  # fmt: skip


class Algo:
    """What an algo order has beyond the order that waits: its own id and status, and the order
    that it became."""

    __slots__ = ("actual_id", "algo_id", "reason", "status", "triggered_us", "updated_us")

    def __init__(self, algo_id: int) -> None:
        self.algo_id = algo_id
        self.status = ALGO_NEW
        self.actual_id = -1
        self.triggered_us = 0
        self.updated_us = 0
        self.reason = ""

    def dump(self) -> list[object]:
        return [
            self.algo_id, self.status, self.actual_id, self.triggered_us, self.updated_us,
            self.reason,
        ]  # fmt: skip


def load_algo(row: list) -> Algo:  # type: ignore[type-arg]
    algo = Algo(row[0])
    algo.status, algo.actual_id, algo.triggered_us = row[1], row[2], row[3]
    algo.updated_us, algo.reason = row[4], row[5]
    return algo


class FuturesOrder(Order):
    """`held` is the notional (units of the margin asset) for which it asks margin while it rests;
    `type` turns to LIMIT or MARKET when a waiting order fires, `orig_type` stays."""

    __slots__ = (
        "algo", "close_position", "contract", "forced", "good_till_us", "modified",
        "orig_type", "position", "price_match", "price_protect", "realized", "reduce_only",
        "trader", "working_type",
    )  # fmt: skip

    def __init__(self, position: Position, side: int, kind: int, qty: int, price: int) -> None:
        contract = position.holding.contract
        trader = position.holding.trader
        super().__init__(contract, trader.account, side, kind, GTC, qty, price)
        self.contract: Contract = contract
        self.trader: Trader = trader
        self.position = position
        self.orig_type = kind
        if kind == TRAILING_STOP_MARKET:
            self.contingent = True
            self.is_market = True
        self.reduce_only = False
        self.close_position = False
        self.working_type = 0
        self.price_protect = False
        self.price_match = 0
        self.good_till_us = 0
        self.realized = 0  # units of profit that its fills realised
        self.modified = 0  # how often it was modified
        self.forced = 0  # LIQUIDATED …: the exchange's own order for the account
        self.algo: Algo | None = None  # the algo order that it came from, or is

    @property
    def closes(self) -> bool:
        """It may only make its position smaller: by its own wish, or because a hedged position
        has but one direction."""
        if self.reduce_only or self.close_position:
            return True
        side = self.position.side
        return side != POSITION_BOTH and (side == 1) != (self.side == BUY)

    def closable(self) -> int:
        """Units that an order which only closes may still trade."""
        qty = self.position.qty
        if qty == 0 or (qty > 0) == (self.side == BUY):
            return 0
        return abs(qty)

    def average_price(self) -> int:
        """Units, 0 when nothing was filled. `executed_quote` counts 1e-16 of the margin asset."""
        return self.contract.entry_price(self.executed, self.executed_quote)

    def copy_with(self, price: int, qty: int) -> FuturesOrder:
        """The same order with another price and quantity: to try what it would be."""
        copy = FuturesOrder(self.position, self.side, self.type, qty, price)
        copy.tif = self.tif
        copy.stp = self.stp
        copy.reduce_only = self.reduce_only
        copy.executed = self.executed
        return copy

    def dump(self) -> list[object]:
        row = super().dump()
        if len(row) == 17:
            row += [self.limit_price, 0, 0, 0, 0, 0, 0, 0, -1, None]
        row[22] = wide(self.executed_quote)
        row += [
            self.position.side, self.orig_type, self.contingent, self.is_market,
            self.reduce_only, self.close_position, self.working_type, self.price_protect,
            self.price_match, self.good_till_us, self.realized, self.modified, self.forced,
            None if self.algo is None else self.algo.dump(),
        ]  # fmt: skip
        return row


def drafted(
    position: Position, side: int, kind: int, qty: int, price: int, tif: int, stp: int,
    client_id: str, stop_price: int, trailing_bips: int, flags: tuple[bool, bool, bool],
    working_type: int, price_match: int, good_till_us: int,
) -> FuturesOrder:  # fmt: skip
    """An order with all that a request may say of it. flags: reduce only, close position, price
    protect."""
    order = FuturesOrder(position, side, kind, qty, price)
    order.client_id = client_id
    order.tif = tif
    order.stp = stp
    order.stop_price = stop_price
    if trailing_bips:
        order.own_extra().trailing_delta = trailing_bips
    order.reduce_only = flags[0] or flags[1]
    order.close_position = flags[1]
    order.price_protect = flags[2]
    order.working_type = working_type
    order.price_match = price_match
    order.good_till_us = good_till_us
    return order


def as_futures(order: Order) -> FuturesOrder:
    """An order of a contract's book, as what it is."""
    assert isinstance(order, FuturesOrder)
    return order


def load_order(row: list, position: Position) -> FuturesOrder:  # type: ignore[type-arg]
    """An order from `dump()`."""
    order = FuturesOrder(position, row[4], row[5], row[7], row[8])
    order.tif = row[6]
    order.load_common(row)
    order.orig_type = row[28]
    order.contingent, order.is_market = row[29], row[30]
    order.reduce_only, order.close_position = row[31], row[32]
    order.working_type, order.price_protect, order.price_match = row[33], row[34], row[35]
    order.good_till_us, order.realized = row[36], row[37]
    order.modified, order.forced = row[38], row[39]
    if row[40] is not None:
        order.algo = load_algo(row[40])
    return order
