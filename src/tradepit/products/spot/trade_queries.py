"""What an account's orders came to: trades, allocations, prevented matches, amendments."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, UnsetType

from tradepit.catalog.fields import (
    Amount,
    Between,
    Long,
    Price,
    Qty,
    StpMode,
    SymbolName,
    Time,
)  # fmt: skip
from tradepit.catalog.language import DATABASE, MEMORY, USER_DATA, Ask, Reply, operation
from tradepit.core.exchange import Exchange
from tradepit.core.history import Allocated, History, MyTrade, Prevented
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.products.spot.paging import Later, Limit, check_span

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


# --- Prevented matches and allocations ---------------------------------------------------------


class QueryPrevented(Ask):
    symbol: SymbolName
    prevented_match_id: Long | None = None
    order_id: Long | None = None
    from_prevented_match_id: Long | None = None
    limit: Limit | None = None


class PreventedMatch(Reply, kw_only=True):
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


# --- Amendments --------------------------------------------------------------------------------


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
