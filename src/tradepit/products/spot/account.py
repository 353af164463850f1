"""An account's own data: balances, orders, lists, trades, counts, rates, filters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from msgspec import UNSET, UnsetType

from tradepit.catalog.fields import (
    Amount,
    Between,
    Bool,
    ClientId,
    Int,
    Long,
    Price,
    Qty,
    Rate,
    StpMode,
    SymbolName,
    Time,
)  # fmt: skip
from tradepit.catalog.language import DATABASE, MEMORY, USER_DATA, Ask, Reply, operation
from tradepit.core.accounts import ORDER_LIMITS, Rates
from tradepit.core.exchange import Exchange
from tradepit.core.history import Allocated, History, ListRow, MyTrade, Prevented
from tradepit.core.orders import Order
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.units import ONE, text_units
from tradepit.products.spot import replies
from tradepit.products.spot.orders import Discount
from tradepit.products.spot.replies import LegRef, ListInfo, OrderInfo

DAY_US = 86_400_000_000

Limit = Annotated[Int, Between(1, 1000)]

T = TypeVar("T")
Later = Callable[[], T]  # an answer that needs SQL, given off the event loop


def check_span(start_us: int | None, end_us: int | None) -> None:
    """Raises: Reject when the span is reversed or longer than 24 hours."""
    if start_us is not None and end_us is not None:
        if end_us < start_us:
            raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
        if end_us - start_us > DAY_US:
            raise Reject("MORE_THAN_XX_HOURS", 24)


# --- Account -----------------------------------------------------------------------------------


class QueryAccount(Ask):
    omit_zero_balances: Bool | None = None


class CommissionRates(Reply):
    maker: Rate
    taker: Rate
    buyer: Rate
    seller: Rate


class BalanceRow(Reply):
    asset: str
    free: Amount
    locked: Amount


class AccountInfo(Reply):
    maker_commission: Int
    taker_commission: Int
    buyer_commission: Int
    seller_commission: Int
    commission_rates: CommissionRates
    can_trade: bool
    can_withdraw: bool
    can_deposit: bool
    brokered: bool
    require_self_trade_prevention: bool
    prevent_sor: bool
    update_time: Time
    account_type: str
    balances: list[BalanceRow]
    permissions: list[str]
    trade_group_id: Long | UnsetType = UNSET
    uid: Long


def _rates(rates: Rates) -> CommissionRates:
    return CommissionRates(
        maker=rates.maker, taker=rates.taker, buyer=rates.buyer, seller=rates.seller
    )


def _bips(rate: int) -> int:
    """A rate (e8) in the basis points of the older fields."""
    return rate * 10_000 // ONE


@operation(
    "GET /api/v3/account", ws="account.status", security=USER_DATA, weight=20, source=MEMORY,
    doc="rest-api.md#account-information-user_data",
)  # fmt: skip
def query_account(pit: Exchange, history: History, who: Who, ask: QueryAccount) -> AccountInfo:
    """Account information."""
    account = pit.accounts[who.owner]
    rates = account.commission.standard
    return AccountInfo(
        maker_commission=_bips(rates.maker),
        taker_commission=_bips(rates.taker),
        buyer_commission=_bips(rates.buyer),
        seller_commission=_bips(rates.seller),
        commission_rates=_rates(rates),
        can_trade=account.can_trade,
        can_withdraw=account.can_withdraw,
        can_deposit=account.can_deposit,
        brokered=False,
        require_self_trade_prevention=account.require_stp,
        prevent_sor=account.prevent_sor,
        update_time=account.updated_us,
        account_type="SPOT",
        balances=[
            BalanceRow(asset=name, free=balance.free, locked=balance.locked)
            for name, balance in account.balances.items()
            if balance.free or balance.locked or not ask.omit_zero_balances
        ],
        permissions=account.permissions,
        trade_group_id=UNSET if account.trade_group == -1 else account.trade_group,
        uid=account.uid,
    )


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
        return _checked(found, client_id)

    def later() -> OrderInfo:
        if order_id is not None:
            order = history.order(owner, symbol.name, order_id)
        else:
            order = history.order_by_client_id(owner, symbol.name, client_id or "")
        if order is None:
            raise Reject("NO_SUCH_ORDER")
        return _checked(order, client_id)

    return later


def _checked(order: Order, client_id: str | None) -> OrderInfo:
    if client_id is not None and order.client_id != client_id:
        raise Reject("CLIENT_ORDER_ID_INVALID")
    return replies.info(order)


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
        return [replies.info(order) for order in opened.orders.values()] if opened else []
    return [replies.info(order) for opened in symbols.values() for order in opened.orders.values()]


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
    return lambda: [
        replies.info(order)
        for order in history.orders(
            who.owner,
            name,
            from_id=ask.order_id,
            start_us=ask.start_time,
            end_us=ask.end_time,
            limit=ask.limit,
        )
    ]


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
            return replies.list_info(found)
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
    return [replies.list_info(found) for found in pit.accounts[who.owner].lists.values()]


# --- Trades ------------------------------------------------------------------------------------


class QueryMyTrades(Ask):
    symbol: SymbolName
    order_id: Long | None = None
    start_time: Time | None = None
    end_time: Time | None = None
    from_id: Long | None = None
    limit: Limit = 500


class MyTradeRow(Reply):
    symbol: str
    id: Long
    order_id: Long
    order_list_id: Long
    price: Price
    qty: Qty
    quote_qty: Amount
    commission: Amount
    commission_asset: str
    time: Time
    is_buyer: bool
    is_maker: bool
    is_best_match: bool


def _my_trade(row: MyTrade) -> MyTradeRow:
    return MyTradeRow(
        symbol=row.symbol,
        id=row.trade_id,
        order_id=row.order_id,
        order_list_id=row.list_id,
        price=row.price,
        qty=row.qty,
        quote_qty=row.quote,
        commission=row.commission,
        commission_asset=row.commission_asset,
        time=row.at_us,
        is_buyer=row.is_buyer,
        is_maker=row.is_maker,
        is_best_match=True,
    )


@operation(
    "GET /api/v3/myTrades", ws="myTrades", security=USER_DATA,
    weight=lambda ask: 20 if ask.order_id is None else 5, least_weight=5,
    weight_words="20; 5 with orderId", source=MEMORY,
    doc="rest-api.md#account-trade-list-user_data",
)  # fmt: skip
def query_my_trades(
    pit: Exchange, history: History, who: Who, ask: QueryMyTrades
) -> list[MyTradeRow] | Later[list[MyTradeRow]]:
    """Account trade list."""
    name = pit.symbol(ask.symbol).name
    timed = ask.start_time is not None or ask.end_time is not None
    if timed and (ask.order_id is not None or ask.from_id is not None):
        raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
    check_span(ask.start_time, ask.end_time)
    return lambda: [
        _my_trade(row)
        for row in history.my_trades(
            who.owner,
            name,
            order_id=ask.order_id,
            from_id=ask.from_id,
            start_us=ask.start_time,
            end_us=ask.end_time,
            limit=ask.limit,
        )
    ]


# --- Counts ------------------------------------------------------------------------------------


class QueryOrderCount(Ask):
    pass


class OrderCount(Reply):
    rate_limit_type: str
    interval: str
    interval_num: Int
    limit: Int
    count: Int


@operation(
    "GET /api/v3/rateLimit/order", ws="account.rateLimits.orders", security=USER_DATA, weight=40,
    source=MEMORY, doc="rest-api.md#query-unfilled-order-count-user_data",
)  # fmt: skip
def query_order_count(
    pit: Exchange, history: History, who: Who, ask: QueryOrderCount
) -> list[OrderCount]:
    """Query unfilled order count, for all intervals."""
    counts = pit.accounts[who.owner].counts_at(history.now_us())
    return [
        OrderCount(
            rate_limit_type="ORDERS",
            interval=interval,
            interval_num=number,
            limit=limit,
            count=count,
        )
        for (_, interval, number, _, limit), count in zip(ORDER_LIMITS, counts, strict=True)
    ]


# --- Prevented matches and allocations ---------------------------------------------------------


class QueryPrevented(Ask):
    symbol: SymbolName
    prevented_match_id: Long | None = None
    order_id: Long | None = None
    from_prevented_match_id: Long | None = None
    limit: Limit | None = None


class PreventedMatch(Reply):
    symbol: str
    prevented_match_id: Long
    taker_order_id: Long
    maker_symbol: str
    maker_order_id: Long
    trade_group_id: Long
    self_trade_prevention_mode: StpMode
    price: Price
    taker_prevented_quantity: Qty | UnsetType = UNSET
    maker_prevented_quantity: Qty | UnsetType = UNSET
    transact_time: Time


def _prevented(row: Prevented) -> PreventedMatch:
    return PreventedMatch(
        symbol=row.symbol,
        prevented_match_id=row.match_id,
        taker_order_id=row.taker_order_id,
        maker_symbol=row.maker_symbol,
        maker_order_id=row.maker_order_id,
        trade_group_id=row.trade_group,
        self_trade_prevention_mode=row.mode,
        price=row.price,
        taker_prevented_quantity=row.taker_prevented or UNSET,
        maker_prevented_quantity=row.maker_prevented or UNSET,
        transact_time=row.at_us,
    )


@operation(
    "GET /api/v3/myPreventedMatches", ws="myPreventedMatches", security=USER_DATA,
    weight=lambda ask: 2 if ask.prevented_match_id is not None else 20, least_weight=2,
    weight_words="2 by preventedMatchId, 20 by orderId", source=DATABASE,
    doc="rest-api.md#query-prevented-matches-user_data",
)  # fmt: skip
def query_prevented(
    pit: Exchange, history: History, who: Who, ask: QueryPrevented
) -> list[PreventedMatch] | Later[list[PreventedMatch]]:
    """Query prevented matches."""
    name = pit.symbol(ask.symbol).name
    by_match = ask.prevented_match_id is not None
    others = (ask.order_id, ask.from_prevented_match_id, ask.limit)
    if by_match and any(value is not None for value in others):
        raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
    if not by_match and ask.order_id is None:
        if ask.from_prevented_match_id is None and ask.limit is None:
            raise Reject("EITHER_PARAM", "preventedMatchId", "orderId")
        raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
    return lambda: [
        _prevented(row)
        for row in history.prevented_matches(
            who.owner,
            name,
            match_id=ask.prevented_match_id,
            order_id=ask.order_id,
            from_id=ask.from_prevented_match_id,
            limit=ask.limit or 500,
        )
    ]


class QueryAllocations(Ask):
    symbol: SymbolName
    start_time: Time | None = None
    end_time: Time | None = None
    from_allocation_id: Long | None = None
    limit: Limit = 500
    order_id: Long | None = None


class AllocationRow(Reply):
    symbol: str
    allocation_id: Long
    allocation_type: str
    order_id: Long
    order_list_id: Long
    price: Price
    qty: Qty
    quote_qty: Amount
    commission: Amount
    commission_asset: str
    time: Time
    is_buyer: bool
    is_maker: bool
    is_allocator: bool


def _allocation(row: Allocated) -> AllocationRow:
    return AllocationRow(
        symbol=row.symbol,
        allocation_id=row.allocation_id,
        allocation_type="SOR",
        order_id=row.order_id,
        order_list_id=row.list_id,
        price=row.price,
        qty=row.qty,
        quote_qty=row.quote,
        commission=row.commission,
        commission_asset=row.commission_asset,
        time=row.at_us,
        is_buyer=row.is_buyer,
        is_maker=False,
        is_allocator=False,
    )


@operation(
    "GET /api/v3/myAllocations", ws="myAllocations", security=USER_DATA, weight=20,
    source=DATABASE, doc="rest-api.md#query-allocations-user_data",
)  # fmt: skip
def query_allocations(
    pit: Exchange, history: History, who: Who, ask: QueryAllocations
) -> list[AllocationRow] | Later[list[AllocationRow]]:
    """Query allocations that came of smart order routing; without any time the oldest first."""
    name = pit.symbol(ask.symbol).name
    timed = ask.start_time is not None or ask.end_time is not None
    if timed and (ask.from_allocation_id is not None or ask.order_id is not None):
        raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
    check_span(ask.start_time, ask.end_time)
    from_id = ask.from_allocation_id if timed else ask.from_allocation_id or 0
    return lambda: [
        _allocation(row)
        for row in history.allocations(
            who.owner,
            name,
            order_id=ask.order_id,
            from_id=from_id,
            start_us=ask.start_time,
            end_us=ask.end_time,
            limit=ask.limit,
        )
    ]


# --- Commission, amendments, filters -----------------------------------------------------------


class QueryCommission(Ask):
    symbol: SymbolName


class CommissionInfo(Reply):
    symbol: str
    standard_commission: CommissionRates
    special_commission: CommissionRates
    tax_commission: CommissionRates
    discount: Discount


@operation(
    "GET /api/v3/account/commission", ws="account.commission", security=USER_DATA, weight=20,
    source=DATABASE, doc="rest-api.md#query-commission-rates-user_data",
)  # fmt: skip
def query_commission(
    pit: Exchange, history: History, who: Who, ask: QueryCommission
) -> CommissionInfo:
    """Query commission rates."""
    symbol = pit.symbol(ask.symbol)
    account = pit.accounts[who.owner]
    terms = account.commission_on(symbol.name)
    return CommissionInfo(
        symbol=symbol.name,
        standard_commission=_rates(terms.standard),
        special_commission=_rates(terms.special),
        tax_commission=_rates(terms.tax),
        discount=Discount(
            enabled_for_account=account.discount_on,
            enabled_for_symbol=terms.discount_on,
            discount_asset=pit.discount_asset,
            discount=terms.discount,
        ),
    )


class QueryAmendments(Ask):
    symbol: SymbolName
    order_id: Long
    from_execution_id: Long | None = None
    limit: Annotated[Long, Between(1, 1000)] = 500


class AmendmentRow(Reply):
    symbol: str
    order_id: Long
    execution_id: Long
    orig_client_order_id: str
    new_client_order_id: str
    orig_qty: Qty
    new_qty: Qty
    time: Time


@operation(
    "GET /api/v3/order/amendments", ws="order.amendments", security=USER_DATA, weight=4,
    source=DATABASE, since="2025-04-24", doc="rest-api.md#query-order-amendments-user_data",
)  # fmt: skip
def query_amendments(
    pit: Exchange, history: History, who: Who, ask: QueryAmendments
) -> list[AmendmentRow] | Later[list[AmendmentRow]]:
    """Query all amendments of a single order."""
    name = pit.symbol(ask.symbol).name
    return lambda: [
        AmendmentRow(
            symbol=row.symbol,
            order_id=row.order_id,
            execution_id=row.exec_id,
            orig_client_order_id=row.orig_client_id,
            new_client_order_id=row.new_client_id,
            orig_qty=row.orig_qty,
            new_qty=row.new_qty,
            time=row.at_us,
        )
        for row in history.amendments(
            who.owner, name, ask.order_id, from_id=ask.from_execution_id, limit=ask.limit
        )
    ]


class QueryFilters(Ask):
    symbol: SymbolName


class MyFilters(Reply):
    exchange_filters: list[dict[str, Any]]
    symbol_filters: list[dict[str, Any]]
    asset_filters: list[dict[str, Any]]


@operation(
    "GET /api/v3/myFilters", ws="myFilters", security=USER_DATA, weight=40, source=MEMORY,
    since="2025-11-20", doc="rest-api.md#myFilters",
)  # fmt: skip
def query_filters(pit: Exchange, history: History, who: Who, ask: QueryFilters) -> MyFilters:
    """Query the filters that are relevant to the account on a symbol."""
    symbol = pit.symbol(ask.symbol)
    limits = pit.accounts[who.owner].max_assets
    return MyFilters(
        exchange_filters=pit.exchange_filters,
        symbol_filters=symbol.wire_filters,
        asset_filters=[
            {"filterType": "MAX_ASSET", "asset": asset, "limit": text_units(units)}
            for asset, units in limits.items()
            if asset in (symbol.base, symbol.quote)
        ],
    )
