"""What is answered about orders and order lists: the reply types; `telling` fills them.

Field order and conditions: rest-api.md, "Conditional fields in Order Responses"; documented.
"""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from tradepit.catalog.fields import (
    Amount,
    ClientId,
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
    SymbolName,
    Time,
    TimeInForce,
    WorkingFloor,
)  # fmt: skip
from tradepit.catalog.language import Reply


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
    symbol: SymbolName
    order_id: Long
    order_list_id: Long
    client_order_id: ClientId
    transact_time: Time


class OrderResult(Reply, kw_only=True):
    """A placed order: RESULT, and with `fills` FULL."""

    usual = ("orig_qty", "fills")

    symbol: SymbolName
    order_id: Long
    order_list_id: Long
    client_order_id: ClientId
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
    usual = ("orig_qty",)

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
