"""Single orders: place, test, cancel, amend."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, UnsetType

from tradepit.catalog.fields import (
    Amount,
    Bool,
    CancelRestrictions,
    ClientId,
    Int,
    ListOrderStatus,
    Long,
    OrderStatus,
    OrderType,
    PegOffsetType,
    PegPriceType,
    Price,
    Qty,
    Rate,
    ResponseType,
    Side,
    StpMode,
    SymbolName,
    Time,
    TimeInForce,
)  # fmt: skip
from tradepit.catalog.fields import ContingencyType as Contingency
from tradepit.catalog.language import ENGINE, MEMORY, TRADE, Ask, Reply, operation
from tradepit.core import amend as amending
from tradepit.core import filters, life
from tradepit.core.accounts import Account, Rates
from tradepit.core.exchange import Exchange
from tradepit.core.history import History
from tradepit.core.orders import Order
from tradepit.core.records import Who
from tradepit.core.rejects import CANCEL_REJECTED, ORDER_AMEND_REJECTED, Reject
from tradepit.core.terms import BUY
from tradepit.products.spot import placing, telling
from tradepit.products.spot.drafts import PLAIN_WORDS, draft
from tradepit.products.spot.placing import cancel_open, find_open, need_one
from tradepit.products.spot.replies import (
    CanceledList,
    CanceledOrder,
    LegRef,
    OrderAck,
    OrderResult,
)  # fmt: skip


class PlaceOrder(Ask):
    symbol: SymbolName
    side: Side
    type: OrderType
    time_in_force: TimeInForce | None = None
    quantity: Qty | None = None
    quote_order_qty: Amount | None = None
    price: Price | None = None
    new_client_order_id: ClientId | None = None
    strategy_id: Long | None = None
    strategy_type: Int | None = None
    stop_price: Price | None = None
    trailing_delta: Long | None = None
    iceberg_qty: Qty | None = None
    new_order_resp_type: ResponseType | None = None
    self_trade_prevention_mode: StpMode | None = None
    peg_price_type: PegPriceType | None = None
    peg_offset_value: Int | None = None
    peg_offset_type: PegOffsetType | None = None


@operation(
    "POST /api/v3/order", ws="order.place", security=TRADE, weight=1, refunded=True,
    unfilled_orders=1, source=ENGINE, doc="rest-api.md#new-order-trade",
)  # fmt: skip
def place_order(pit: Exchange, who: Who, ask: PlaceOrder) -> OrderAck | OrderResult:
    """New order."""
    return placing.place(pit, who, ask)


# --- Test orders -------------------------------------------------------------------------------


class TestOrder(PlaceOrder):
    compute_commission_rates: Bool | None = None


class ForOrder(Reply):
    maker: Rate
    taker: Rate


class Discount(Reply):
    enabled_for_account: bool
    enabled_for_symbol: bool
    discount_asset: str
    discount: Rate


class TestedOrder(Reply):
    """Empty, or the rates that the order's trades would pay."""

    standard_commission_for_order: ForOrder | UnsetType = UNSET
    special_commission_for_order: ForOrder | UnsetType = UNSET
    tax_commission_for_order: ForOrder | UnsetType = UNSET
    discount: Discount | UnsetType = UNSET


def test_weight(ask: Any) -> int:
    return 20 if ask.compute_commission_rates else 1


def _rates(rates: Rates, side: int) -> ForOrder:
    return ForOrder(maker=rates.rate(True, side == BUY), taker=rates.rate(False, side == BUY))


def tested(pit: Exchange, account: Account, order: Order, rates: bool | None) -> TestedOrder:
    if not rates:
        return TestedOrder()
    terms = account.commission_on(order.symbol.name)
    return TestedOrder(
        standard_commission_for_order=_rates(terms.standard, order.side),
        special_commission_for_order=_rates(terms.special, order.side),
        tax_commission_for_order=_rates(terms.tax, order.side),
        discount=Discount(
            enabled_for_account=account.discount_on,
            enabled_for_symbol=terms.discount_on,
            discount_asset=pit.discount_asset,
            discount=terms.discount,
        ),
    )


@operation(
    "POST /api/v3/order/test", ws="order.test", security=TRADE, weight=test_weight,
    weight_words="1; 20 with computeCommissionRates", source=MEMORY,
    doc="rest-api.md#test-new-order-trade",
)  # fmt: skip
def test_order(pit: Exchange, history: History, who: Who, ask: TestOrder) -> TestedOrder:
    """Test new order: validated like a real one, never sent to the matching engine."""
    account = pit.accounts[who.owner]
    order = draft(account, pit.symbol(ask.symbol), ask, PLAIN_WORDS)
    life.admit(pit, order)
    filters.check_counts(pit, [order], False)
    return tested(pit, account, order, ask.compute_commission_rates)


# --- Cancel ------------------------------------------------------------------------------------


class CancelOrder(Ask):
    symbol: SymbolName
    order_id: Long | None = None
    orig_client_order_id: ClientId | None = None
    new_client_order_id: ClientId | None = None
    cancel_restrictions: CancelRestrictions | None = None


@operation(
    "DELETE /api/v3/order", ws="order.cancel", security=TRADE, weight=1, refunded=True,
    source=ENGINE, doc="rest-api.md#cancel-order-trade",
)  # fmt: skip
def cancel_order(pit: Exchange, who: Who, ask: CancelOrder) -> CanceledOrder | CanceledList:
    """Cancel order."""
    return placing.cancel(pit, who, ask)


class CancelAll(Ask):
    symbol: SymbolName


@operation(
    "DELETE /api/v3/openOrders", ws="openOrders.cancelAll", security=TRADE, weight=1,
    refunded=True, source=ENGINE, doc="rest-api.md#cancel-all-open-orders-on-a-symbol-trade",
)  # fmt: skip
def cancel_all(pit: Exchange, who: Who, ask: CancelAll) -> list[CanceledOrder | CanceledList]:
    """Cancel all open orders on a symbol, order lists included."""
    symbol = pit.symbol(ask.symbol)
    account = pit.accounts[who.owner]
    life.admit_cancel(account, symbol)
    opened = account.on(symbol.name)
    if not opened.orders:
        raise Reject("UNKNOWN_ORDER", code=CANCEL_REJECTED)
    cancel_id = life.new_client_id(pit, None)
    return [
        cancel_open(pit, order, cancel_id) for order in list(opened.orders.values()) if order.open
    ]


# --- Amend -------------------------------------------------------------------------------------


class AmendOrder(Ask, kw_only=True):
    symbol: SymbolName
    order_id: Long | None = None
    orig_client_order_id: ClientId | None = None
    new_client_order_id: ClientId | None = None
    new_qty: Qty


class AmendedOrder(Reply, kw_only=True):
    symbol: str
    order_id: Long
    order_list_id: Long
    orig_client_order_id: str
    client_order_id: str
    price: Price
    peg_price_type: PegPriceType | UnsetType = UNSET
    peg_offset_type: PegOffsetType | UnsetType = UNSET
    peg_offset_value: Int | UnsetType = UNSET
    pegged_price: Price | UnsetType = UNSET
    qty: Qty
    executed_qty: Qty
    prevented_qty: Qty
    quote_order_qty: Amount
    cumulative_quote_qty: Amount
    status: OrderStatus
    time_in_force: TimeInForce
    type: OrderType
    side: Side
    stop_price: Price | UnsetType = UNSET
    trailing_delta: Long | UnsetType = UNSET
    trailing_time: Time | UnsetType = UNSET
    working_time: Time | UnsetType = UNSET
    iceberg_qty: Qty | UnsetType = UNSET
    strategy_id: Long | UnsetType = UNSET
    strategy_type: Int | UnsetType = UNSET
    self_trade_prevention_mode: StpMode


class AmendedList(Reply):
    order_list_id: Long
    contingency_type: Contingency
    list_order_status: ListOrderStatus
    list_client_order_id: str
    symbol: str
    orders: list[LegRef]


class Amended(Reply):
    transact_time: Time
    execution_id: Long
    amended_order: AmendedOrder
    list_status: AmendedList | UnsetType = UNSET


@operation(
    "PUT /api/v3/order/amend/keepPriority", ws="order.amend.keepPriority", security=TRADE,
    weight=4, source=ENGINE, since="2025-04-24",
    doc="rest-api.md#order-amend-keep-priority-trade",
)  # fmt: skip
def amend_order(pit: Exchange, who: Who, ask: AmendOrder) -> Amended:
    """Reduce the quantity of an open order; it keeps its place in the queue."""
    symbol = pit.symbol(ask.symbol)
    need_one(ask.order_id, ask.orig_client_order_id, ("origClientOrderId", "orderId"))
    if ask.new_qty == 0:
        raise Reject("INVALID_QUANTITY")
    account = pit.accounts[who.owner]
    life.admit_account(pit, account, symbol)
    order = find_open(account, symbol, ask.order_id, ask.orig_client_order_id, ORDER_AMEND_REJECTED)
    done = amending.amend(pit, order, ask.new_qty, ask.new_client_order_id or "")
    more = telling.conditional(order)
    shown = {key: more[key] for key in more if key in AmendedOrder.__struct_fields__}
    found = order.list
    return Amended(
        transact_time=pit.at_us,
        execution_id=done.exec_id,
        amended_order=AmendedOrder(
            symbol=symbol.name,
            order_id=order.order_id,
            order_list_id=order.list_id,
            orig_client_order_id=done.orig_client_id,
            client_order_id=order.client_id,
            price=order.price,
            qty=order.qty,
            executed_qty=order.executed,
            prevented_qty=order.prevented,
            quote_order_qty=order.quote_qty,
            cumulative_quote_qty=order.executed_quote,
            status=order.status,
            time_in_force=order.tif,
            type=order.type,
            side=order.side,
            working_time=order.working_us if order.working_us >= 0 else UNSET,
            self_trade_prevention_mode=order.stp,
            **shown,
        ),
        list_status=UNSET
        if found is None
        else AmendedList(
            order_list_id=found.list_id,
            contingency_type=found.contingency,
            list_order_status=found.order_status,
            list_client_order_id=found.client_id,
            symbol=symbol.name,
            orders=telling.list_info(found).orders,
        ),
    )
