"""Order amend keep priority: less quantity, same place in the queue.

Source: faqs/order_amend_keep_priority.md; documented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepit.core import filters, life, lists, matching
from tradepit.core.records import Amendment
from tradepit.core.rejects import ORDER_AMEND_REJECTED, Reject
from tradepit.core.terms import (
    BUY,
    EXECUTING,
    LIST_UPDATED,
    PENDING_NEW,
    SYMBOL_CANCEL_ONLY,
    TRADING,
    X_REPLACED,
)  # fmt: skip

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.orders import Order


def amend(pit: Exchange, order: Order, new_qty: int, new_client_id: str) -> Amendment:
    """Reduce the order's quantity to `new_qty` units; both legs of a pair shrink together.

    new_client_id: empty makes a new one up. Raises: Reject, nothing changed.
    """
    legs = _amended_with(order)
    for leg in legs:
        _admit(pit, leg, new_qty)
    opened = order.opened
    assert opened is not None
    if new_client_id and new_client_id != order.client_id and new_client_id in opened.by_client:
        raise Reject("DUPLICATE_ORDER", code=ORDER_AMEND_REJECTED)
    before = order.client_id
    after = new_client_id or pit.new_token()
    if opened.by_client.get(before) is order:
        del opened.by_client[before]
    order.client_id = after
    opened.by_client[after] = order
    told = [_shrink(pit, leg, new_qty, before if leg is order else leg.client_id) for leg in legs]
    if len(legs) == 2:
        _trim_pair(pit, legs)
    if order.list is not None and after != before:
        lists.tell(pit, order.list, LIST_UPDATED, EXECUTING)
    return told[legs.index(order)]


def _amended_with(order: Order) -> list[Order]:
    found = order.list
    if found is None or order not in found.pair:
        return [order]
    return [leg for leg in found.pair if leg.open]


def _admit(pit: Exchange, order: Order, new_qty: int) -> None:
    symbol = order.symbol
    if not symbol.amend_allowed:
        raise Reject("NO_AMEND", code=ORDER_AMEND_REJECTED)
    if symbol.status not in (TRADING, SYMBOL_CANCEL_ONLY):
        raise Reject("MARKET_CLOSED", code=ORDER_AMEND_REJECTED)
    if order.extra.opo and order.status == PENDING_NEW:
        raise Reject("AMEND_PENDING_OPO")
    if new_qty > order.qty:
        raise Reject("AMEND_INCREASE")
    if new_qty == order.qty or new_qty <= order.executed + order.prevented:
        raise Reject("AMEND_NO_CHANGE")
    if symbol.max_amends and order.extra.amends >= symbol.max_amends:
        raise Reject("AMEND_TOO_MANY")
    old_qty = order.qty
    order.qty = new_qty
    try:
        filters.check_qty(order)
        filters.check_notional(pit, order)
    finally:
        order.qty = old_qty


def _shrink(pit: Exchange, order: Order, new_qty: int, before: str) -> Amendment:
    old_qty = order.qty
    less = old_qty - new_qty
    order.qty = new_qty
    order.leaves -= less
    order.updated_us = pit.at_us
    order.own_extra().amends += 1
    if order.iceberg_qty > new_qty:
        order.iceberg_qty = new_qty
    if order.side == BUY and order.opened is not None:
        order.opened.buy_qty -= less
    if order.level is not None:
        order.symbol.book.reduce(order, min(order.visible, order.leaves))
    if order.held and len(_amended_with(order)) == 1:
        if order.contingent and order.working_us < 0:
            life.hold(pit, order, min(life.required(pit, order), order.held))
        else:
            matching.trim_hold(pit, order)
    told = life.report(pit, order, X_REPLACED)
    told.orig_client_id = before
    done = Amendment(order, told.exec_id, before, old_qty, pit.at_us)
    if not order.account.quiet:
        pit.events.append(done)
    return done


def _trim_pair(pit: Exchange, pair: list[Order]) -> None:
    """A pair holds for its larger leg, once."""
    need = max(life.required(pit, pair[0]), life.required(pit, pair[1]))
    holder = pair[0] if pair[0].held else pair[1]
    if holder.held > need:
        life.hold(pit, holder, need)
