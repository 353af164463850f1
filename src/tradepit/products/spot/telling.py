"""How replies about orders and order lists are filled. Compiled with the core."""

from __future__ import annotations

from typing import Any, Final

from msgspec import UNSET

from tradepit.core.exchange import Exchange
from tradepit.core.lists import OrderList
from tradepit.core.orders import PLAIN, Order
from tradepit.core.records import ALLOCATION, PREVENTED_MATCH, TRADE
from tradepit.core.records import Allocation as AllocationEvent
from tradepit.core.records import Fill as FillEvent
from tradepit.core.records import PreventedMatch as PreventedEvent
from tradepit.core.terms import ACK, EXPIRED, FULL, LIMIT, MARKET
from tradepit.products.spot.replies import (
    CanceledList,
    CanceledOrder,
    FillRow,
    LegRef,
    ListInfo,
    OrderAck,
    OrderInfo,
    OrderResult,
    PlacedList,
    PreventedRow,
)

_NOTHING: Final[dict[str, Any]] = {}


def conditional(order: Order) -> dict[str, Any]:
    """The fields that an order has only under conditions."""
    extra = order.extra
    if extra is PLAIN and not order.contingent and not order.iceberg_qty:
        return _NOTHING
    found: dict[str, Any] = {}
    if extra.peg_type:
        found["peg_price_type"] = extra.peg_type
        if extra.peg_offset_type:
            found["peg_offset_type"] = extra.peg_offset_type
            found["peg_offset_value"] = extra.peg_offset
        if extra.pegged_price:
            found["pegged_price"] = extra.pegged_price
    if order.contingent:
        found["stop_price"] = order.stop_price
    if extra.trailing_delta:
        found["trailing_delta"] = extra.trailing_delta
        found["trailing_time"] = extra.trailing_us
    if order.iceberg_qty:
        found["iceberg_qty"] = order.iceberg_qty
    if extra.strategy_id >= 0:
        found["strategy_id"] = extra.strategy_id
    if extra.strategy_type >= 0:
        found["strategy_type"] = extra.strategy_type
    if extra.used_sor:
        found["working_floor"] = extra.floor
        found["used_sor"] = True
    if order.prevented:
        found["prevented_match_id"] = extra.last_prevented_id
        found["prevented_quantity"] = order.prevented
    return found


def placed(pit: Exchange, order: Order, wanted: int | None, since: int) -> OrderAck | OrderResult:
    """The answer to a placement: `wanted` is the response type, `since` the number of events
    before it."""
    kind = order.type
    wanted = wanted or (FULL if kind in (LIMIT, MARKET) or order.extra.used_sor else ACK)
    if wanted == ACK:
        return OrderAck(
            symbol=order.symbol.name,
            order_id=order.order_id,
            order_list_id=order.list_id,
            client_order_id=order.client_id,
            transact_time=pit.at_us,
        )
    more = conditional(order)
    if order.status == EXPIRED and order.reason:
        more = {**more, "expiry_reason": order.reason}
    reply = OrderResult(
        symbol=order.symbol.name,
        order_id=order.order_id,
        order_list_id=order.list_id,
        client_order_id=order.client_id,
        transact_time=pit.at_us,
        price=order.price,
        executed_qty=order.executed,
        orig_quote_order_qty=order.quote_qty,
        cummulative_quote_qty=order.executed_quote,
        status=order.status,
        time_in_force=order.tif,
        type=kind,
        side=order.side,
        working_time=order.working_us,
        self_trade_prevention_mode=order.stp,
    )  # from sixteen keywords on, Python makes a dict of them first
    if not order.extra.opo:
        reply.orig_qty = order.qty
    if more:
        for name, value in more.items():
            setattr(reply, name, value)
    if wanted == FULL:
        reply.fills = []
        if len(pit.events) > since + 1:  # more than its own NEW
            _add_fills(pit, order, reply, since)
    return reply


def _add_fills(pit: Exchange, order: Order, reply: OrderResult, since: int) -> None:
    fills: list[FillRow] = []
    prevented: list[PreventedRow] = []
    for event in pit.events[since:]:
        if event.kind == TRADE:
            assert isinstance(event, FillEvent)
            if event.taker is order:
                fills.append(
                    FillRow(
                        price=event.price,
                        qty=event.qty,
                        commission=event.taker_commission,
                        commission_asset=event.taker_commission_asset,
                        trade_id=event.trade_id,
                    )
                )
        elif event.kind == ALLOCATION:
            assert isinstance(event, AllocationEvent)
            if event.order is order:
                fills.append(_allocated(event))
        elif event.kind == PREVENTED_MATCH:
            assert isinstance(event, PreventedEvent)
            if event.taker is order:
                prevented.append(_prevented(event))
    reply.fills = fills
    if prevented:
        reply.prevented_matches = prevented
        reply.prevented_match_id = UNSET  # the matches themselves tell
        if order.prevented and order.account.trade_group != -1:
            reply.trade_group_id = order.account.trade_group


def _allocated(event: AllocationEvent) -> FillRow:
    return FillRow(
        match_type="ONE_PARTY_TRADE_REPORT",
        price=event.price,
        qty=event.qty,
        commission=event.commission,
        commission_asset=event.commission_asset,
        trade_id=-1,
        alloc_id=event.allocation_id,
    )


def _prevented(event: PreventedEvent) -> PreventedRow:
    return PreventedRow(
        prevented_match_id=event.match_id,
        maker_symbol=event.maker_symbol.name,
        maker_order_id=event.maker.order_id,
        price=event.price,
        taker_prevented_quantity=event.taker_prevented or UNSET,
        maker_prevented_quantity=event.maker_prevented or UNSET,
    )


def canceled(pit: Exchange, order: Order, cancel_id: str) -> CanceledOrder:
    reply = CanceledOrder(
        symbol=order.symbol.name,
        orig_client_order_id=order.client_id,
        order_id=order.order_id,
        order_list_id=order.list_id,
        client_order_id=cancel_id,
        transact_time=pit.at_us,
        price=order.price,
        executed_qty=order.executed,
        orig_quote_order_qty=order.quote_qty,
        cummulative_quote_qty=order.executed_quote,
        status=order.status,
        time_in_force=order.tif,
        type=order.type,
        side=order.side,
        self_trade_prevention_mode=order.stp,
    )
    if not order.extra.opo:
        reply.orig_qty = order.qty
    for name, value in conditional(order).items():
        setattr(reply, name, value)
    return reply


def info(order: Order) -> OrderInfo:
    """An order, from memory or from history."""
    more = conditional(order)
    if more or order.status == EXPIRED:
        more = {k: v for k, v in more.items() if k not in ("stop_price", "iceberg_qty")}
        if order.status == EXPIRED and order.reason:
            more["expiry_reason"] = order.reason
    return OrderInfo(
        symbol=order.symbol.name,
        order_id=order.order_id,
        order_list_id=order.list_id,
        client_order_id=order.client_id,
        price=order.price,
        orig_qty=UNSET if order.extra.opo else order.qty,
        executed_qty=order.executed,
        cummulative_quote_qty=order.executed_quote,
        status=order.status,
        time_in_force=order.tif,
        type=order.type,
        side=order.side,
        stop_price=order.stop_price,
        iceberg_qty=order.iceberg_qty,
        time=order.created_us,
        update_time=order.updated_us,
        is_working=order.working_us >= 0,
        working_time=order.working_us,
        orig_quote_order_qty=order.quote_qty,
        self_trade_prevention_mode=order.stp,
        **more,
    )


def _list_fields(found: OrderList) -> dict[str, Any]:
    return {
        "order_list_id": found.list_id,
        "contingency_type": found.contingency,
        "list_status_type": found.status_type,
        "list_order_status": found.order_status,
        "list_client_order_id": found.client_id,
        "transaction_time": found.created_us,
        "symbol": found.symbol.name,
        "orders": [
            LegRef(
                symbol=found.symbol.name,
                order_id=order.order_id,
                client_order_id=order.client_id,
            )
            for order in found.orders
        ],
    }


def list_info(found: OrderList) -> ListInfo:
    return ListInfo(**_list_fields(found))


def canceled_list(
    pit: Exchange, found: OrderList, orders: list[Order], cancel_id: str
) -> CanceledList:
    fields = _list_fields(found)
    fields["transaction_time"] = pit.at_us
    return CanceledList(
        order_reports=[canceled(pit, order, cancel_id) for order in orders], **fields
    )


def placed_list(
    pit: Exchange, found: OrderList, wanted: int | None, since: int, result: int
) -> PlacedList:
    """`result`: the response type where none is asked for."""
    return PlacedList(
        order_reports=[placed(pit, order, wanted or result, since) for order in found.orders],
        **_list_fields(found),
    )
