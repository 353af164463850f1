"""Single orders: place, test, cancel, cancel-replace, amend, smart order routing."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, UnsetType

from tradepit.catalog.fields import (
    Amount,
    Bool,
    CancelReplaceMode,
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
    RateLimitExceededMode,
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
from tradepit.core import life, lists
from tradepit.core.accounts import Account, Rates
from tradepit.core.exchange import Exchange
from tradepit.core.history import History
from tradepit.core.orders import Order
from tradepit.core.records import Who
from tradepit.core.rejects import CANCEL_REJECTED, ORDER_AMEND_REJECTED, Reject
from tradepit.core.symbols import Symbol
from tradepit.core.terms import (
    BUY,
    CANCEL_ONLY,
    FULL,
    LIMIT,
    MARKET,
    NEW,
    ONLY_NEW,
    PARTIALLY_FILLED,
    STOP_ON_FAILURE,
)  # fmt: skip
from tradepit.products.spot import replies
from tradepit.products.spot.drafts import PLAIN_WORDS, draft
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
    "POST /api/v3/order", ws="order.place", security=TRADE, weight=1, unfilled_orders=1,
    source=ENGINE, doc="rest-api.md#new-order-trade",
)  # fmt: skip
def place_order(pit: Exchange, who: Who, ask: PlaceOrder) -> OrderAck | OrderResult:
    """New order."""
    order = draft(pit.accounts[who.owner], pit.symbol(ask.symbol), ask, PLAIN_WORDS)
    since = len(pit.events)
    life.place(pit, order)
    return replies.placed(pit, order, ask.new_order_resp_type, since)


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


def _test_weight(ask: Any) -> int:
    return 20 if ask.compute_commission_rates else 1


def _rates(rates: Rates, side: int) -> ForOrder:
    return ForOrder(maker=rates.rate(True, side == BUY), taker=rates.rate(False, side == BUY))


def _tested(pit: Exchange, account: Account, order: Order, rates: bool | None) -> TestedOrder:
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
    "POST /api/v3/order/test", ws="order.test", security=TRADE, weight=_test_weight,
    weight_words="1; 20 with computeCommissionRates", source=MEMORY,
    doc="rest-api.md#test-new-order-trade",
)  # fmt: skip
def test_order(pit: Exchange, history: History, who: Who, ask: TestOrder) -> TestedOrder:
    """Test new order: validated like a real one, never sent to the matching engine."""
    account = pit.accounts[who.owner]
    order = draft(account, pit.symbol(ask.symbol), ask, PLAIN_WORDS)
    life.admit(pit, order)
    return _tested(pit, account, order, ask.compute_commission_rates)


# --- Cancel ------------------------------------------------------------------------------------


class CancelOrder(Ask):
    symbol: SymbolName
    order_id: Long | None = None
    orig_client_order_id: ClientId | None = None
    new_client_order_id: ClientId | None = None
    cancel_restrictions: CancelRestrictions | None = None


def find_open(
    account: Account, symbol: Symbol, order_id: int | None, client_id: str | None,
    code: int = CANCEL_REJECTED,
) -> Order:  # fmt: skip
    """An open order by id, client id, or both. Raises: Reject UNKNOWN_ORDER with `code`."""
    opened = account.on(symbol.name)
    order = None
    if order_id is not None:
        order = opened.orders.get(order_id)
        if order is not None and client_id is not None and order.client_id != client_id:
            order = None
    elif client_id is not None:
        order = opened.by_client.get(client_id)
    if order is None:
        raise Reject("UNKNOWN_ORDER", code=code)
    return order


def _need_one(order_id: int | None, client_id: str | None, names: tuple[str, str]) -> None:
    if order_id is None and client_id is None:
        raise Reject("EITHER_PARAM", *names)


def _check_restrictions(order: Order, wanted: int | None) -> None:
    if wanted is not None:
        needed = NEW if wanted == ONLY_NEW else PARTIALLY_FILLED
        if order.status != needed:
            raise Reject("CANCEL_RESTRICTED")


def _cancel(pit: Exchange, order: Order, cancel_id: str) -> CanceledOrder | CanceledList:
    """Cancel an order; one of a list takes its whole list with it."""
    found = order.list
    if found is not None:
        gone = lists.cancel(pit, found, cancel_id)
        return replies.canceled_list(pit, found, gone, cancel_id)
    life.cancel(pit, order, cancel_id)
    return replies.canceled(pit, order, cancel_id)


@operation(
    "DELETE /api/v3/order", ws="order.cancel", security=TRADE, weight=1, source=ENGINE,
    doc="rest-api.md#cancel-order-trade",
)  # fmt: skip
def cancel_order(pit: Exchange, who: Who, ask: CancelOrder) -> CanceledOrder | CanceledList:
    """Cancel order."""
    symbol = pit.symbol(ask.symbol)
    _need_one(ask.order_id, ask.orig_client_order_id, ("origClientOrderId", "orderId"))
    life.admit_cancel(symbol)
    account = pit.accounts[who.owner]
    order = find_open(account, symbol, ask.order_id, ask.orig_client_order_id)
    _check_restrictions(order, ask.cancel_restrictions)
    return _cancel(pit, order, life.new_client_id(pit, ask.new_client_order_id))


class CancelAll(Ask):
    symbol: SymbolName


@operation(
    "DELETE /api/v3/openOrders", ws="openOrders.cancelAll", security=TRADE, weight=1,
    source=ENGINE, doc="rest-api.md#cancel-all-open-orders-on-a-symbol-trade",
)  # fmt: skip
def cancel_all(pit: Exchange, who: Who, ask: CancelAll) -> list[CanceledOrder | CanceledList]:
    """Cancel all open orders on a symbol, order lists included."""
    symbol = pit.symbol(ask.symbol)
    life.admit_cancel(symbol)
    opened = pit.accounts[who.owner].on(symbol.name)
    if not opened.orders:
        raise Reject("UNKNOWN_ORDER", code=CANCEL_REJECTED)
    cancel_id = life.new_client_id(pit, None)
    return [_cancel(pit, order, cancel_id) for order in list(opened.orders.values()) if order.open]


# --- Cancel-replace ----------------------------------------------------------------------------


class CancelReplace(Ask):
    symbol: SymbolName
    side: Side
    type: OrderType
    cancel_replace_mode: CancelReplaceMode
    time_in_force: TimeInForce | None = None
    quantity: Qty | None = None
    quote_order_qty: Amount | None = None
    price: Price | None = None
    cancel_new_client_order_id: ClientId | None = None
    cancel_orig_client_order_id: ClientId | None = None
    cancel_order_id: Long | None = None
    new_client_order_id: ClientId | None = None
    strategy_id: Long | None = None
    strategy_type: Int | None = None
    stop_price: Price | None = None
    trailing_delta: Long | None = None
    iceberg_qty: Qty | None = None
    new_order_resp_type: ResponseType | None = None
    self_trade_prevention_mode: StpMode | None = None
    cancel_restrictions: CancelRestrictions | None = None
    order_rate_limit_exceeded_mode: RateLimitExceededMode | None = None
    peg_price_type: PegPriceType | None = None
    peg_offset_value: Int | None = None
    peg_offset_type: PegOffsetType | None = None


class Refusal(Reply):
    code: Int
    msg: str


class CancelReplaced(Reply):
    """Both results; it is also the `data` of a refusal with -2021 or -2022."""

    cancel_result: str
    new_order_result: str
    cancel_response: CanceledOrder | CanceledList | Refusal
    new_order_response: OrderAck | OrderResult | Refusal | None


def _refusal(no: Reject) -> Refusal:
    return Refusal(code=no.code, msg=no.msg)


@operation(
    "POST /api/v3/order/cancelReplace", ws="order.cancelReplace", security=TRADE, weight=1,
    unfilled_orders=1, source=ENGINE,
    doc="rest-api.md#cancel-an-existing-order-and-send-a-new-order-trade",
)  # fmt: skip
def cancel_replace(pit: Exchange, who: Who, ask: CancelReplace) -> CancelReplaced:
    """Cancel an existing order and send a new one on the same symbol.

    Raises: Reject CANCEL_REPLACE_PARTIAL or _FAILED with both results as data. These two are
    refusals by name only: what succeeded stays done.
    """
    symbol = pit.symbol(ask.symbol)
    account = pit.accounts[who.owner]
    _need_one(
        ask.cancel_order_id, ask.cancel_orig_client_order_id,
        ("cancelOrigClientOrderId", "cancelOrderId"),
    )  # fmt: skip
    if not symbol.cancel_replace_allowed:
        raise Reject("NO_CANCEL_REPLACE")
    order = draft(account, symbol, ask, PLAIN_WORDS)
    over: Reject | None = None
    try:
        life.check_order_count(pit, account, 1)
    except Reject as no:
        if ask.order_rate_limit_exceeded_mode != CANCEL_ONLY:
            raise
        over = no
    life.admit_filters(pit, order)
    gone: CanceledOrder | CanceledList | Refusal
    try:
        gone = _cancel_first(pit, account, symbol, ask)
    except Reject as no:
        gone = _refusal(no)
    failed = isinstance(gone, Refusal)
    come: OrderAck | OrderResult | Refusal | None = None
    if failed and ask.cancel_replace_mode == STOP_ON_FAILURE:
        if over is None:
            account.add_orders(1)  # a new order that was not attempted counts all the same
        result = "NOT_ATTEMPTED"
    elif over is not None:
        come = _refusal(over)
        result = "FAILURE"
    else:
        come, result = _place_second(pit, order, ask)
    reply = CancelReplaced(
        cancel_result="FAILURE" if failed else "SUCCESS",
        new_order_result=result,
        cancel_response=gone,
        new_order_response=come,
    )
    if not failed and result == "SUCCESS":
        return reply
    name = "CANCEL_REPLACE_FAILED" if failed and result != "SUCCESS" else "CANCEL_REPLACE_PARTIAL"
    limited = over is not None and ask.cancel_replace_mode == STOP_ON_FAILURE
    raise Reject(
        name, data=reply, status=429 if limited else 0,
        retry_after_s=over.retry_after_s if limited and over is not None else 0,
    )  # fmt: skip


def _cancel_first(
    pit: Exchange, account: Account, symbol: Symbol, ask: CancelReplace
) -> CanceledOrder | CanceledList:
    life.admit_cancel(symbol)
    old = find_open(account, symbol, ask.cancel_order_id, ask.cancel_orig_client_order_id)
    _check_restrictions(old, ask.cancel_restrictions)
    return _cancel(pit, old, life.new_client_id(pit, ask.cancel_new_client_order_id))


def _place_second(
    pit: Exchange, order: Order, ask: CancelReplace
) -> tuple[OrderAck | OrderResult | Refusal, str]:
    since = len(pit.events)
    try:
        life.place(pit, order)
    except Reject as no:
        return _refusal(no), "FAILURE"
    return replies.placed(pit, order, ask.new_order_resp_type, since), "SUCCESS"


# --- Amend -------------------------------------------------------------------------------------


class AmendOrder(Ask):
    symbol: SymbolName
    order_id: Long | None = None
    orig_client_order_id: ClientId | None = None
    new_client_order_id: ClientId | None = None
    new_qty: Qty


class AmendedOrder(Reply):
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
    _need_one(ask.order_id, ask.orig_client_order_id, ("origClientOrderId", "orderId"))
    if ask.new_qty == 0:
        raise Reject("INVALID_QUANTITY")
    account = pit.accounts[who.owner]
    life.admit_account(pit, account, symbol)
    order = find_open(account, symbol, ask.order_id, ask.orig_client_order_id, ORDER_AMEND_REJECTED)
    done = amending.amend(pit, order, ask.new_qty, ask.new_client_order_id or "")
    more = replies.conditional(order)
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
            orders=replies.list_info(found).orders,
        ),
    )


# --- Smart order routing -----------------------------------------------------------------------


class PlaceSorOrder(Ask):
    symbol: SymbolName
    side: Side
    type: OrderType
    time_in_force: TimeInForce | None = None
    quantity: Qty
    price: Price | None = None
    new_client_order_id: ClientId | None = None
    strategy_id: Long | None = None
    strategy_type: Int | None = None
    iceberg_qty: Qty | None = None
    new_order_resp_type: ResponseType | None = None
    self_trade_prevention_mode: StpMode | None = None


class TestSorOrder(PlaceSorOrder):
    compute_commission_rates: Bool | None = None


def _routed_draft(pit: Exchange, account: Account, ask: PlaceSorOrder) -> Order:
    symbol = pit.symbol(ask.symbol)
    if ask.type not in (LIMIT, MARKET):
        raise Reject("UNKNOWN_ORDER_COMPOSITION")
    pit.routed(symbol)
    if account.prevent_sor:
        raise Reject("ACTION_DISABLED")
    order = draft(account, symbol, ask, PLAIN_WORDS)
    order.own_extra().used_sor = True
    return order


@operation(
    "POST /api/v3/sor/order", ws="sor.order.place", security=TRADE, weight=1, unfilled_orders=1,
    source=ENGINE, doc="rest-api.md#new-order-using-sor-trade",
)  # fmt: skip
def place_sor_order(pit: Exchange, who: Who, ask: PlaceSorOrder) -> OrderAck | OrderResult:
    """New order using smart order routing."""
    order = _routed_draft(pit, pit.accounts[who.owner], ask)
    since = len(pit.events)
    life.place(pit, order)
    return replies.placed(pit, order, ask.new_order_resp_type or FULL, since)


@operation(
    "POST /api/v3/sor/order/test", ws="sor.order.test", security=TRADE, weight=_test_weight,
    weight_words="1; 20 with computeCommissionRates", source=MEMORY,
    doc="rest-api.md#test-new-order-using-sor-trade",
)  # fmt: skip
def test_sor_order(pit: Exchange, history: History, who: Who, ask: TestSorOrder) -> TestedOrder:
    """Test new order using smart order routing."""
    account = pit.accounts[who.owner]
    order = _routed_draft(pit, account, ask)
    life.admit(pit, order)
    tested = _tested(pit, account, order, ask.compute_commission_rates)
    tested.special_commission_for_order = UNSET
    return tested
