"""Cancel an order and send another in one request, in every mixture of success and failure."""

from __future__ import annotations

from tradepit.catalog.fields import (
    Amount,
    CancelReplaceMode,
    CancelRestrictions,
    ClientId,
    Int,
    Long,
    OrderType,
    PegOffsetType,
    PegPriceType,
    Price,
    Qty,
    RateLimitExceededMode,
    ResponseType,
    Side,
    StpMode,
    SymbolName,
    TimeInForce,
)  # fmt: skip
from tradepit.catalog.language import ENGINE, TRADE, Ask, Reply, operation
from tradepit.core import filters, life
from tradepit.core.accounts import Account
from tradepit.core.exchange import Exchange
from tradepit.core.orders import Order
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.symbols import Symbol
from tradepit.core.terms import (
    CANCEL_ONLY,
    STOP_ON_FAILURE,
)  # fmt: skip
from tradepit.products.spot import telling
from tradepit.products.spot.drafts import PLAIN_WORDS, draft
from tradepit.products.spot.placing import (
    cancel_open,
    check_restrictions,
    find_open,
    need_one,
)
from tradepit.products.spot.replies import (
    CanceledList,
    CanceledOrder,
    OrderAck,
    OrderResult,
)  # fmt: skip

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
    refunded=True, unfilled_orders=1, source=ENGINE,
    doc="rest-api.md#cancel-an-existing-order-and-send-a-new-order-trade",
)  # fmt: skip
def cancel_replace(pit: Exchange, who: Who, ask: CancelReplace) -> CancelReplaced:
    """Cancel an existing order and send a new one on the same symbol.

    Raises: Reject CANCEL_REPLACE_PARTIAL or _FAILED with both results as data. These two are
    refusals by name only: what succeeded stays done.
    """
    symbol = pit.symbol(ask.symbol)
    account = pit.accounts[who.owner]
    need_one(
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
    filters.check_counts(pit, [order], False)
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
        come, result = _place_second(pit, order, ask, not failed)
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
    life.admit_cancel(account, symbol)
    old = find_open(account, symbol, ask.cancel_order_id, ask.cancel_orig_client_order_id)
    check_restrictions(old, ask.cancel_restrictions)
    return cancel_open(pit, old, life.new_client_id(pit, ask.cancel_new_client_order_id))


def _place_second(
    pit: Exchange, order: Order, ask: CancelReplace, canceled: bool
) -> tuple[OrderAck | OrderResult | Refusal, str]:
    since = len(pit.events)
    try:
        life.place(pit, order)
    except Reject as no:
        if canceled:
            life.reject(pit, order, no)
        return _refusal(no), "FAILURE"
    return telling.placed(pit, order, ask.new_order_resp_type, since), "SUCCESS"
