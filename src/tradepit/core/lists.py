"""Order lists: OCO, OTO, OTOCO, OPO and OPOCO, as what one order's fate does to the others.

A list has a working order (OTO kinds) and one pending order or a pending pair; an OCO is a pair
that waits for nothing. A pair holds funds once, for its larger leg. Source: rest-api.md, order
lists, and faqs/opo.md; documented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepit.core import filters, life
from tradepit.core.fees import charge
from tradepit.core.records import ListStatus
from tradepit.core.rejects import Reject
from tradepit.core.terms import (
    ALL_DONE,
    BUY,
    EXEC_STARTED,
    EXECUTING,
    EXPIRED,
    FILLED,
    LIMIT_MAKER,
    LIST_ALL_DONE,
    NEW,
    OCO,
    PENDING_NEW,
    REASON_OCO_TRIGGER,
    REASON_OTO_PHASE_ONE_EXPIRED,
    REASON_REJECTED,
    TAKE_PROFIT_LIMIT,
    X_EXPIRED,
    X_NEW,
)  # fmt: skip
from tradepit.core.units import mul_half_up, step_floor

if TYPE_CHECKING:
    from tradepit.core.accounts import Account
    from tradepit.core.exchange import Exchange
    from tradepit.core.ledger import Balance
    from tradepit.core.orders import Order
    from tradepit.core.symbols import Symbol


class OrderList:
    """One order list. `orders`: an OCO pair, or the working order and then the pending ones.

    Of a pair the stop-loss leg stands first, as in all the documents' answers.
    """

    __slots__ = (
        "account", "client_id", "contingency", "created_us", "list_id", "opo", "order_status",
        "orders", "reserved", "status_type", "symbol", "updated_us",
    )  # fmt: skip

    def __init__(self, symbol: Symbol, account: Account, contingency: int) -> None:
        self.symbol = symbol
        self.account = account
        self.contingency = contingency
        self.list_id = -1
        self.client_id = ""
        self.orders: list[Order] = []
        self.status_type = EXEC_STARTED
        self.order_status = EXECUTING
        self.created_us = 0
        self.updated_us = 0
        self.opo = False
        self.reserved = 0  # base units an OPO's working order received and set aside

    @property
    def pair(self) -> list[Order]:
        """The two orders of which only one may execute; empty when there is no such pair."""
        if self.contingency == OCO:
            return self.orders
        return self.orders[1:] if len(self.orders) == 3 else []

    @property
    def pending(self) -> list[Order]:
        return [] if self.contingency == OCO else self.orders[1:]

    def dump(self) -> list[object]:
        return [
            self.symbol.name, self.account.id, self.contingency, self.list_id, self.client_id,
            [[o.order_id, o.client_id, None if o.open else o.dump()] for o in self.orders],
            self.status_type,
            self.order_status, self.created_us, self.updated_us, self.opo, self.reserved,
        ]  # fmt: skip


# --- Placement ---------------------------------------------------------------------------------


def place(pit: Exchange, found: OrderList) -> None:
    """Take in a new list, all or nothing. Raises: Reject, nothing changed."""
    account = found.account
    orders = found.orders
    life.check_order_count(pit, account, len(orders))
    for order in found.pending:
        order.status = PENDING_NEW
    if found.opo:
        for order in found.pending:
            order.own_extra().opo = True
    names = [order.client_id for order in orders if order.client_id]
    if len(set(names)) != len(names) or found.client_id in account.lists_by_client:
        raise Reject("DUPLICATE_ORDER")
    for order in orders:
        life.admit(pit, order)
    check_pair(found)
    filters.check_counts(pit, orders, True)
    if found.contingency == OCO:
        for order in orders:
            life.admit_now(pit, order)
        _hold_pair(pit, orders)
    else:
        life.admit_now(pit, orders[0])
        life.hold(pit, orders[0], life.required(pit, orders[0]))
    account.add_orders(len(orders))
    _accept(pit, found)
    for order in orders:
        if order.open and order.status == NEW:
            life.start(pit, order)


def _accept(pit: Exchange, found: OrderList) -> None:
    found.list_id = pit.next_list_id
    pit.next_list_id += 1
    if not found.client_id:
        found.client_id = pit.new_token()
    found.created_us = pit.at_us
    found.account.lists[found.list_id] = found
    found.account.lists_by_client[found.client_id] = found
    found.account.open_on(found.symbol.name).lists += 1
    for order in found.orders:
        order.list = found
        order.list_id = found.list_id
        life.accept(pit, order)
    tell(pit, found, EXEC_STARTED, EXECUTING)


def check_pair(found: OrderList) -> None:
    """The prices of a pair must stand on both sides of the last price (of each other while the
    pair is pending). Raises: Reject OCO_PRICES."""
    if not found.pair:
        return
    stop, other = found.pair
    above, below = _reference(stop), _reference(other)
    if stop.side != BUY:
        above, below = below, above
    if above and below and above <= below:
        raise Reject("OCO_PRICES")
    last = found.symbol.last_price
    wrong = (above and above <= last) or (below and below >= last)
    if found.contingency == OCO and last and wrong:
        raise Reject("OCO_PRICES")


def _reference(order: Order) -> int:
    """The price by which a leg stands above or below. Source: rest-api.md, price restrictions."""
    by_limit = order.type == LIMIT_MAKER or order.type == TAKE_PROFIT_LIMIT
    return order.limit_price if by_limit else order.stop_price


def _hold_pair(pit: Exchange, pair: list[Order]) -> None:
    need = max(life.required(pit, pair[0]), life.required(pit, pair[1]))
    life.hold(pit, pair[0], need)


# --- What happens to the others ----------------------------------------------------------------


def before_fill(pit: Exchange, order: Order) -> None:
    """A leg of a pair trades or triggers: its sibling expires, its funds go to the leg."""
    found = order.list
    assert found is not None
    for sibling in found.pair:
        if sibling is not order and sibling.open and order in found.pair:
            order.held += sibling.held
            sibling.held = 0
            life.finish(pit, sibling, EXPIRED, REASON_OCO_TRIGGER)
            life.report(pit, sibling, X_EXPIRED)


def after_close(pit: Exchange, order: Order) -> None:
    """An order of a list is closed: start or close the others, and tell when all is done."""
    found = order.list
    assert found is not None
    if found.contingency != OCO and order is found.orders[0]:
        if order.status == FILLED:
            pit.consequences.append(found.orders[1])
            return
        _unreserve(pit, found)
        for pending in found.pending:
            if pending.open:
                life.finish(pit, pending, EXPIRED, REASON_OTO_PHASE_ONE_EXPIRED)
                life.report(pit, pending, X_EXPIRED)
    elif order.status != FILLED:
        for sibling in found.pair:
            if sibling.open:
                life.finish(pit, sibling, EXPIRED, order.reason or REASON_OCO_TRIGGER)
                life.report(pit, sibling, X_EXPIRED)
    _tell_done(pit, found)


def cancel(pit: Exchange, found: OrderList, new_client_id: str) -> list[Order]:
    """Cancel every order of the list that is still open. Returns: those, in list order."""
    canceled = [order for order in found.orders if order.open]
    for order in canceled:
        life.cancel(pit, order, new_client_id)
    _unreserve(pit, found)
    _tell_done(pit, found)
    return canceled


def _tell_done(pit: Exchange, found: OrderList) -> None:
    if found.order_status == ALL_DONE or any(order.open for order in found.orders):
        return
    account = found.account
    account.lists.pop(found.list_id, None)
    if account.lists_by_client.get(found.client_id) is found:
        del account.lists_by_client[found.client_id]
    account.open_on(found.symbol.name).lists -= 1
    tell(pit, found, LIST_ALL_DONE, ALL_DONE)


def tell(pit: Exchange, found: OrderList, status_type: int, order_status: int) -> None:
    found.status_type = status_type
    found.order_status = order_status
    found.updated_us = pit.at_us
    if not found.account.quiet:
        pit.events.append(ListStatus(found, status_type, order_status, pit.at_us))


# --- Pending orders ----------------------------------------------------------------------------


def release_pending(pit: Exchange, found: OrderList) -> None:
    """The working order is filled: the pending orders enter the market as if placed now."""
    pending = [order for order in found.pending if order.open]
    if not pending:
        return
    if found.opo:
        _give_quantity(pit, found, pending)
    try:
        for order in pending:
            _recheck(pit, order)
        check_pair(found)
        if len(pending) == 2:
            _hold_pair(pit, pending)
        else:
            life.hold(pit, pending[0], life.required(pit, pending[0]))
    except Reject:
        for order in pending:
            life.finish(pit, order, EXPIRED, REASON_REJECTED)
            life.report(pit, order, X_EXPIRED)
        _tell_done(pit, found)
        return
    for order in pending:
        order.status = NEW
        order.updated_us = pit.at_us
        if not order.contingent:
            order.working_us = pit.at_us
        life.report(pit, order, X_NEW)
    for order in pending:
        if order.open:
            life.start(pit, order)


def _recheck(pit: Exchange, order: Order) -> None:
    if order.extra.peg_type and not order.contingent:
        life.peg(order)
    filters.check(pit, order)
    if order.iceberg_qty > order.qty:
        raise Reject("ICEBERG_EXCEEDS_QTY")
    life.admit_now(pit, order)


def _give_quantity(pit: Exchange, found: OrderList, pending: list[Order]) -> None:
    """An OPO's pending orders sell what the working order received, in whole lots."""
    qty = found.reserved
    for order in pending:
        lots = step_floor(qty, found.symbol.step_size)
        if order.is_market:
            lots = step_floor(lots, found.symbol.market_step_size)
        order.qty = order.leaves = lots
        order.own_extra().opo = False
    _unreserve(pit, found)


def _unreserve(pit: Exchange, found: OrderList) -> None:
    if found.reserved:
        balance = pit.spot(found.account, found.symbol.base)
        pit.ledger.release(balance, found.reserved)
        found.reserved = 0


def charge_opo(
    pit: Exchange, order: Order, received: int, balance: Balance, is_maker: bool
) -> tuple[int, str]:
    """Commission on an OPO's working order: from the free funds where they suffice; what is left
    of the received quantity is locked for the pending orders."""
    found = order.list
    assert found is not None
    buys = order.side == BUY
    symbol = order.symbol
    if order is not found.orders[0]:
        return charge(pit, order.account, symbol, buys, is_maker, received, balance)
    rate = order.account.commission_on(symbol.name).rate(is_maker, buys)
    spare = balance.free - received
    paid, asset = charge(pit, order.account, symbol, buys, is_maker, received, balance)
    from_received = asset == symbol.base and (
        symbol.base == pit.discount_asset or spare < mul_half_up(received, rate)
    )
    kept = received - paid if from_received else received
    pit.ledger.hold(balance, kept)
    found.reserved += kept
    return paid, asset
