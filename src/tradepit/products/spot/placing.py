"""How single orders are placed and cancelled. Compiled with the core."""

from __future__ import annotations

from typing import Any

from tradepit.core import life, lists
from tradepit.core.accounts import Account
from tradepit.core.exchange import Exchange
from tradepit.core.orders import Order
from tradepit.core.records import Who
from tradepit.core.rejects import CANCEL_REJECTED, Reject
from tradepit.core.symbols import Symbol
from tradepit.core.terms import NEW, ONLY_NEW, PARTIALLY_FILLED
from tradepit.products.spot import telling
from tradepit.products.spot.drafts import PLAIN_WORDS, draft
from tradepit.products.spot.replies import CanceledList, CanceledOrder, OrderAck, OrderResult


def place(pit: Exchange, who: Who, ask: Any) -> OrderAck | OrderResult:
    """One new order. Raises: Reject."""
    order = draft(pit.accounts[who.owner], pit.symbol(ask.symbol), ask, PLAIN_WORDS)
    since = len(pit.events)
    life.place(pit, order)
    return telling.placed(pit, order, ask.new_order_resp_type, since)


def place_each(pit: Exchange, who: Who, asks: tuple[Any, ...]) -> list[int]:
    """One new order after the other, without replies: the id of each, or the (negative) error
    code of one that was refused."""
    account = pit.accounts[who.owner]
    done: list[int] = []
    for ask in asks:
        try:
            order = draft(account, pit.symbol(ask.symbol), ask, PLAIN_WORDS)
            life.place(pit, order)
            pit.settle()
            done.append(order.order_id)
        except Reject as no:
            done.append(no.code)
    return done


# --- Cancelling --------------------------------------------------------------------------------


def need_one(order_id: int | None, client_id: str | None, names: tuple[str, str]) -> None:
    """Raises: Reject when neither way to name an order was used."""
    if order_id is None and client_id is None:
        raise Reject("EITHER_PARAM", *names)


def find_open(
    account: Account, symbol: Symbol, order_id: int | None, client_id: str | None,
    code: int = CANCEL_REJECTED,
) -> Order:  # fmt: skip
    """An open order by id, client id, or both. Raises: Reject UNKNOWN_ORDER with `code`."""
    opened = account.on(symbol.name)
    order: Order | None = None
    if order_id is not None:
        order = opened.orders.get(order_id)
        if order is not None and client_id is not None and order.client_id != client_id:
            order = None
    elif client_id is not None:
        order = opened.by_client.get(client_id)
    if order is None:
        raise Reject("UNKNOWN_ORDER", code=code)
    return order


def check_restrictions(order: Order, wanted: int | None) -> None:
    """Raises: Reject CANCEL_RESTRICTED when the order has another status than cancelRestrictions
    (`wanted`) asks for."""
    if wanted is not None:
        needed = NEW if wanted == ONLY_NEW else PARTIALLY_FILLED
        if order.status != needed:
            raise Reject("CANCEL_RESTRICTED")


def cancel_open(pit: Exchange, order: Order, cancel_id: str) -> CanceledOrder | CanceledList:
    """Cancel an order; one of a list takes its whole list with it."""
    found = order.list
    if found is not None:
        gone = lists.cancel(pit, found, cancel_id)
        return telling.canceled_list(pit, found, gone, cancel_id)
    life.cancel(pit, order, cancel_id)
    return telling.canceled(pit, order, cancel_id)


def cancel(pit: Exchange, who: Who, ask: Any) -> CanceledOrder | CanceledList:
    """Cancel one order. Raises: Reject."""
    symbol = pit.symbol(ask.symbol)
    order_id: int | None = ask.order_id
    client_id: str | None = ask.orig_client_order_id
    need_one(order_id, client_id, ("origClientOrderId", "orderId"))
    account = pit.accounts[who.owner]
    life.admit_cancel(account, symbol)
    order = find_open(account, symbol, order_id, client_id)
    check_restrictions(order, ask.cancel_restrictions)
    return cancel_open(pit, order, life.new_client_id(pit, ask.new_client_order_id))


def cancel_each(pit: Exchange, who: Who, symbol: Symbol, order_ids: tuple[int, ...]) -> list[int]:
    """Cancel one order after the other, without replies: 0 for each, or the error code."""
    account = pit.accounts[who.owner]
    done: list[int] = []
    for order_id in order_ids:
        try:
            order = find_open(account, symbol, order_id, None)
            cancel_id = pit.new_token()
            if order.list is not None:
                lists.cancel(pit, order.list, cancel_id)
            else:
                life.cancel(pit, order, cancel_id)
            done.append(0)
        except Reject as no:
            done.append(no.code)
    return done
