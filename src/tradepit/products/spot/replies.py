"""What is answered about orders and order lists: the reply types and how they are filled.

Field order and conditions: rest-api.md, "Conditional fields in Order Responses"; documented.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import UNSET, UnsetType

from tradepit.catalog.fields import (
    Amount,
    ContingencyType,
    ExpiryReason,
    Int,
    ListOrderStatus,
    ListStatusType,
    Long,
    OrderStatus,
    OrderType,
    PegOffsetType,
    PegPriceType,
    Price,
    Qty,
    Side,
    StpMode,
    Time,
    TimeInForce,
    WorkingFloor,
)  # fmt: skip
from tradepit.catalog.language import Reply
from tradepit.core.exchange import Exchange
from tradepit.core.lists import OrderList
from tradepit.core.orders import PLAIN, Order
from tradepit.core.records import ALLOCATION, PREVENTED_MATCH, TRADE
from tradepit.core.records import Allocation as AllocationEvent
from tradepit.core.records import Fill as FillEvent
from tradepit.core.records import PreventedMatch as PreventedEvent
from tradepit.core.terms import ACK, EXPIRED, FULL, LIMIT, MARKET


class FillRow(Reply, kw_only=True):
    match_type: str | UnsetType = UNSET
    price: Price
    qty: Qty
    commission: Amount
    commission_asset: str
    trade_id: Long
    alloc_id: Long | UnsetType = UNSET


class PreventedRow(Reply):
    prevented_match_id: Long
    maker_symbol: str
    maker_order_id: Long
    price: Price
    taker_prevented_quantity: Qty | UnsetType = UNSET
    maker_prevented_quantity: Qty | UnsetType = UNSET


class OrderAck(Reply):
    symbol: str
    order_id: Long
    order_list_id: Long
    client_order_id: str
    transact_time: Time


class OrderResult(Reply, kw_only=True):
    """A placed order: RESULT, and with `fills` FULL."""

    symbol: str
    order_id: Long
    order_list_id: Long
    client_order_id: str
    transact_time: Time
    price: Price
    peg_price_type: PegPriceType | UnsetType = UNSET
    peg_offset_type: PegOffsetType | UnsetType = UNSET
    peg_offset_value: Int | UnsetType = UNSET
    pegged_price: Price | UnsetType = UNSET
    orig_qty: Qty | UnsetType = UNSET
    executed_qty: Qty
    orig_quote_order_qty: Amount
    cummulative_quote_qty: Amount
    status: OrderStatus
    time_in_force: TimeInForce
    type: OrderType
    side: Side
    stop_price: Price | UnsetType = UNSET
    trailing_delta: Long | UnsetType = UNSET
    trailing_time: Time | UnsetType = UNSET
    working_time: Time
    iceberg_qty: Qty | UnsetType = UNSET
    strategy_id: Long | UnsetType = UNSET
    strategy_type: Int | UnsetType = UNSET
    fills: list[FillRow] | UnsetType = UNSET
    prevented_matches: list[PreventedRow] | UnsetType = UNSET
    working_floor: WorkingFloor | UnsetType = UNSET
    self_trade_prevention_mode: StpMode
    used_sor: bool | UnsetType = UNSET
    trade_group_id: Long | UnsetType = UNSET
    prevented_match_id: Long | UnsetType = UNSET
    prevented_quantity: Qty | UnsetType = UNSET
    expiry_reason: ExpiryReason | UnsetType = UNSET


class CanceledOrder(Reply, kw_only=True):
    symbol: str
    orig_client_order_id: str
    order_id: Long
    order_list_id: Long
    client_order_id: str
    transact_time: Time
    price: Price
    peg_price_type: PegPriceType | UnsetType = UNSET
    peg_offset_type: PegOffsetType | UnsetType = UNSET
    peg_offset_value: Int | UnsetType = UNSET
    pegged_price: Price | UnsetType = UNSET
    orig_qty: Qty | UnsetType = UNSET
    executed_qty: Qty
    orig_quote_order_qty: Amount
    cummulative_quote_qty: Amount
    status: OrderStatus
    time_in_force: TimeInForce
    type: OrderType
    side: Side
    stop_price: Price | UnsetType = UNSET
    trailing_delta: Long | UnsetType = UNSET
    trailing_time: Time | UnsetType = UNSET
    iceberg_qty: Qty | UnsetType = UNSET
    strategy_id: Long | UnsetType = UNSET
    strategy_type: Int | UnsetType = UNSET
    working_floor: WorkingFloor | UnsetType = UNSET
    self_trade_prevention_mode: StpMode
    used_sor: bool | UnsetType = UNSET
    prevented_match_id: Long | UnsetType = UNSET
    prevented_quantity: Qty | UnsetType = UNSET


class OrderInfo(Reply, kw_only=True):
    """An order as queries show it."""

    symbol: str
    order_id: Long
    order_list_id: Long
    client_order_id: str
    price: Price
    peg_price_type: PegPriceType | UnsetType = UNSET
    peg_offset_type: PegOffsetType | UnsetType = UNSET
    peg_offset_value: Int | UnsetType = UNSET
    pegged_price: Price | UnsetType = UNSET
    orig_qty: Qty | UnsetType = UNSET
    executed_qty: Qty
    cummulative_quote_qty: Amount
    status: OrderStatus
    time_in_force: TimeInForce
    type: OrderType
    side: Side
    stop_price: Price
    trailing_delta: Long | UnsetType = UNSET
    trailing_time: Time | UnsetType = UNSET
    iceberg_qty: Qty
    time: Time
    update_time: Time
    is_working: bool
    working_time: Time
    orig_quote_order_qty: Amount
    strategy_id: Long | UnsetType = UNSET
    strategy_type: Int | UnsetType = UNSET
    working_floor: WorkingFloor | UnsetType = UNSET
    self_trade_prevention_mode: StpMode
    used_sor: bool | UnsetType = UNSET
    prevented_match_id: Long | UnsetType = UNSET
    prevented_quantity: Qty | UnsetType = UNSET
    expiry_reason: ExpiryReason | UnsetType = UNSET


class LegRef(Reply):
    symbol: str
    order_id: Long
    client_order_id: str


class ListInfo(Reply):
    order_list_id: Long
    contingency_type: ContingencyType
    list_status_type: ListStatusType
    list_order_status: ListOrderStatus
    list_client_order_id: str
    transaction_time: Time
    symbol: str
    orders: list[LegRef]


class PlacedList(ListInfo):
    order_reports: list[OrderAck | OrderResult]


class CanceledList(ListInfo):
    order_reports: list[CanceledOrder]


# --- Filling them ------------------------------------------------------------------------------

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
