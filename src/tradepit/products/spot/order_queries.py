"""An account's orders and order lists, open and past."""

from __future__ import annotations

from typing import Final

from tradepit.catalog.fields import (
    ClientId,
    Long,
    SymbolName,
    Time,
)  # fmt: skip
from tradepit.catalog.kinds import INT64_MAX
from tradepit.catalog.language import DATABASE, MEMORY, USER_DATA, Ask, operation
from tradepit.core.bars import DAY_US
from tradepit.core.exchange import Exchange
from tradepit.core.history import History, ListRow
from tradepit.core.orders import Order
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.terms import CANCELED, EXPIRED, EXPIRED_IN_MATCH
from tradepit.products.spot import telling
from tradepit.products.spot.paging import Later, Limit, check_span
from tradepit.products.spot.replies import LegRef, ListInfo, OrderInfo

ARCHIVED_AFTER_US: Final = 90 * DAY_US
UNFILLED_ENDS: Final = (CANCELED, EXPIRED, EXPIRED_IN_MATCH)

# --- Orders ------------------------------------------------------------------------------------


class QueryOrder(Ask):
    symbol: SymbolName
    order_id: Long | None = None
    orig_client_order_id: ClientId | None = None


@operation(
    "GET /api/v3/order", ws="order.status", security=USER_DATA, weight=4, source=MEMORY,
    doc="rest-api.md#query-order-user_data",
)  # fmt: skip
def query_order(
    pit: Exchange, history: History, who: Who, ask: QueryOrder
) -> OrderInfo | Later[OrderInfo]:
    """Query order."""
    symbol = pit.symbol(ask.symbol)
    order_id, client_id = ask.order_id, ask.orig_client_order_id
    if order_id is None and client_id is None:
        raise Reject("EITHER_PARAM", "origClientOrderId", "orderId")
    owner = who.owner
    found = pit.accounts[owner].on(symbol.name).find(order_id, client_id)
    if found is not None:
        return _checked(found, client_id, history.now_us())

    def later() -> OrderInfo:
        if order_id is not None:
            order = history.order(owner, symbol.name, order_id)
        else:
            order = history.order_by_client_id(owner, symbol.name, client_id or "")
        if order is None:
            raise Reject("NO_SUCH_ORDER")
        return _checked(order, client_id, history.now_us())

    return later


def _checked(order: Order, client_id: str | None, now_us: int) -> OrderInfo:
    """Raises: Reject when it has another client id, or is archived. Source: errors.md."""
    if client_id is not None and order.client_id != client_id:
        raise Reject("CLIENT_ORDER_ID_INVALID")
    untouched = order.status in UNFILLED_ENDS and order.executed == 0
    if untouched and now_us - order.updated_us > ARCHIVED_AFTER_US:
        raise Reject("ORDER_ARCHIVED")
    return telling.info(order)


class QueryOpenOrders(Ask):
    symbol: SymbolName | None = None


@operation(
    "GET /api/v3/openOrders", ws="openOrders.status", security=USER_DATA,
    weight=lambda ask: 80 if ask.symbol is None else 6, least_weight=6,
    weight_words="6 for a symbol, 80 for all", source=MEMORY,
    doc="rest-api.md#current-open-orders-user_data",
)  # fmt: skip
def query_open_orders(
    pit: Exchange, history: History, who: Who, ask: QueryOpenOrders
) -> list[OrderInfo]:
    """Current open orders."""
    symbols = pit.accounts[who.owner].symbols
    if ask.symbol is not None:
        opened = symbols.get(pit.symbol(ask.symbol).name)
        return [telling.info(order) for order in opened.orders.values()] if opened else []
    return [telling.info(order) for opened in symbols.values() for order in opened.orders.values()]


class QueryAllOrders(Ask):
    symbol: SymbolName
    order_id: Long | None = None
    start_time: Time | None = None
    end_time: Time | None = None
    limit: Limit = 500


@operation(
    "GET /api/v3/allOrders", ws="allOrders", security=USER_DATA, weight=20, source=DATABASE,
    doc="rest-api.md#all-orders-user_data",
)  # fmt: skip
def query_all_orders(
    pit: Exchange, history: History, who: Who, ask: QueryAllOrders
) -> list[OrderInfo] | Later[list[OrderInfo]]:
    """All orders: active, canceled or filled."""
    name = pit.symbol(ask.symbol).name
    check_span(ask.start_time, ask.end_time)
    newest = ask.order_id is None and ask.start_time is None
    opened = _open_on_page(pit.accounts[who.owner].on(name).orders, ask, newest)

    def later() -> list[OrderInfo]:
        over = history.orders(
            who.owner,
            name,
            from_id=ask.order_id,
            start_us=ask.start_time,
            end_us=ask.end_time,
            limit=ask.limit,
        )
        found = {order.order_id: telling.info(order) for order in over} | opened
        ids = sorted(found)
        return [found[each] for each in (ids[-ask.limit :] if newest else ids[: ask.limit])]

    return later


def _open_on_page(
    orders: dict[int, Order], ask: QueryAllOrders, newest: bool
) -> dict[int, OrderInfo]:
    """The open orders that may stand on the page that is asked for, as they are now."""
    first, start_us = ask.order_id or 0, ask.start_time or 0
    end_us = INT64_MAX if ask.end_time is None else ask.end_time
    ids = sorted(
        order_id
        for order_id, order in orders.items()
        if order_id >= first and start_us <= order.created_us <= end_us
    )
    chosen = ids[-ask.limit :] if newest else ids[: ask.limit]
    return {order_id: telling.info(orders[order_id]) for order_id in chosen}


# --- Order lists -------------------------------------------------------------------------------


class QueryList(Ask):
    order_list_id: Long | None = None
    orig_client_order_id: ClientId | None = None


def list_row(row: ListRow) -> ListInfo:
    return ListInfo(
        order_list_id=row.list_id,
        contingency_type=row.contingency,
        list_status_type=row.status_type,
        list_order_status=row.order_status,
        list_client_order_id=row.client_id,
        transaction_time=row.created_us,
        symbol=row.symbol,
        orders=[
            LegRef(symbol=row.symbol, order_id=order_id, client_order_id=client_id)
            for order_id, client_id in row.orders
        ],
    )


@operation(
    "GET /api/v3/orderList", ws="orderList.status", security=USER_DATA, weight=4, source=DATABASE,
    doc="rest-api.md#query-order-list-user_data",
)  # fmt: skip
def query_list(
    pit: Exchange, history: History, who: Who, ask: QueryList
) -> ListInfo | Later[ListInfo]:
    """Query order list."""
    if ask.order_list_id is None and ask.orig_client_order_id is None:
        raise Reject("EITHER_PARAM", "orderListId", "origClientOrderId")
    account = pit.accounts[who.owner]
    owner = who.owner

    def later() -> ListInfo:
        row = history.order_list(
            owner, list_id=ask.order_list_id,
            client_id=None if ask.order_list_id is not None else ask.orig_client_order_id,
        )  # fmt: skip
        if row is None or ask.orig_client_order_id not in (None, row.client_id):
            raise Reject("NO_SUCH_LIST")
        return list_row(row)

    if ask.order_list_id is not None and ask.orig_client_order_id is None:
        found = account.lists.get(ask.order_list_id)
        if found is not None:
            return telling.list_info(found)
    return later


class QueryAllLists(Ask):
    from_id: Long | None = None
    start_time: Time | None = None
    end_time: Time | None = None
    limit: Limit = 500


@operation(
    "GET /api/v3/allOrderList", ws="allOrderLists", security=USER_DATA, weight=20,
    source=DATABASE, doc="rest-api.md#query-all-order-lists-user_data",
)  # fmt: skip
def query_all_lists(
    pit: Exchange, history: History, who: Who, ask: QueryAllLists
) -> list[ListInfo] | Later[list[ListInfo]]:
    """Query all order lists."""
    if ask.from_id is not None and (ask.start_time is not None or ask.end_time is not None):
        raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
    check_span(ask.start_time, ask.end_time)
    return lambda: [
        list_row(row)
        for row in history.order_lists(
            who.owner,
            from_id=ask.from_id,
            start_us=ask.start_time,
            end_us=ask.end_time,
            limit=ask.limit,
        )
    ]


class QueryOpenLists(Ask):
    pass


@operation(
    "GET /api/v3/openOrderList", ws="openOrderLists.status", security=USER_DATA, weight=6,
    source=MEMORY, doc="rest-api.md#query-open-order-lists-user_data",
)  # fmt: skip
def query_open_lists(
    pit: Exchange, history: History, who: Who, ask: QueryOpenLists
) -> list[ListInfo]:
    """Query open order lists."""
    return [telling.list_info(found) for found in pit.accounts[who.owner].lists.values()]
