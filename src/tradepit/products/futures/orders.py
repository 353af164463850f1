"""Single futures orders and batches of them: place, test, modify, cancel, count down."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Final

import msgspec

from tradepit.catalog.fields import (
    Bool,
    ClientId,
    Long,
    Price,
    Qty,
    Rate,
    Side,
    SymbolName,
    Text,
)
from tradepit.catalog.futures_fields import (
    FarTime,
    FuturesOrderType,
    FuturesResponseType,
    FuturesStpMode,
    FuturesTimeInForce,
    NewClientId,
    PositionSide,
    PriceMatch,
    WorkingType,
)
from tradepit.catalog.language import ENGINE, MEMORY, TRADE, Ask, Reply
from tradepit.catalog.parse import json_pairs, make_reader
from tradepit.core import futures_checks as checks
from tradepit.core import futures_life as life
from tradepit.core.contracts import COINM, USDM, Contract
from tradepit.core.exchange import Exchange
from tradepit.core.futures_orders import FuturesOrder, as_futures
from tradepit.core.history import History
from tradepit.core.positions import Trader
from tradepit.core.records import Who
from tradepit.core.rejects import CANCEL_REJECTED, Reject
from tradepit.products.futures.drafts import check_places, draft
from tradepit.products.futures.order_replies import Done, Failed, OrderReply
from tradepit.products.futures.placing import place
from tradepit.products.futures.selectors import OneContract
from tradepit.products.futures.telling import order_reply
from tradepit.products.futures.venues import on, on_both

MAX_BATCH: Final = 5
MAX_CANCELS: Final = 10
CLEARED: Final = "The operation of cancel all open order is done."


class PlaceOrder(Ask):
    symbol: SymbolName
    side: Side
    type: FuturesOrderType
    position_side: PositionSide | None = None
    time_in_force: FuturesTimeInForce | None = None
    quantity: Qty | None = None
    reduce_only: Bool | None = None
    price: Price | None = None
    new_client_order_id: NewClientId | None = None
    stop_price: Price | None = None
    close_position: Bool | None = None
    activation_price: Price | None = None
    callback_rate: Rate | None = None
    working_type: WorkingType | None = None
    price_protect: Bool | None = None
    new_order_resp_type: FuturesResponseType | None = None
    price_match: PriceMatch | None = None
    self_trade_prevention_mode: FuturesStpMode | None = None


class PlaceUsdmOrder(PlaceOrder):
    good_till_date: FarTime | None = None


@on_both(
    "POST /{}/v1/order", {"ask": PlaceOrder}, ws="order.place", security=TRADE, weight=0,
    unfilled_orders=1, source=ENGINE, doc="{}/trade#new-order",
)  # fmt: skip
def place_order(pit: Exchange, who: Who, ask: PlaceUsdmOrder, venue: int) -> OrderReply:
    """New order."""
    return place(pit, pit.trader(who.owner, venue), ask)


@on(
    USDM, "POST /{}/v1/order/test", security=TRADE, source=MEMORY,
    doc="{}/trade#test-order",
)  # fmt: skip
def test_order(
    pit: Exchange, history: History, who: Who, ask: PlaceUsdmOrder, venue: int
) -> OrderReply:
    """Test order: validated like a real one, never sent to the matching engine."""
    trader = pit.look_trader(who.owner, venue)
    order = draft(pit, trader, pit.contract(ask.symbol, venue), ask)
    checks.check_all(pit, order)
    order.client_id = order.client_id or "testOrder"
    order.created_us = order.updated_us = history.now_us()
    return order_reply(order, placed=True)


# --- Batches -----------------------------------------------------------------------------------

_reader = cache(make_reader)

Rows = Annotated[str, Text(r"\[[\x00-\x7f]{0,20000}\]", "ILLEGAL_CHARS", "a JSON list")]


class Batch(Ask):
    batch_orders: Rows


def rows_of(text: str) -> list[dict[str, msgspec.Raw]]:
    """The requests of a batch.

    Raises: Reject INVALID_BATCH_PLACE_ORDER_SIZE when there is none, or more than five.
    """
    try:
        rows = msgspec.json.decode(text.encode(), type=list[dict[str, msgspec.Raw]])
    except (msgspec.MsgspecError, RecursionError):
        raise Reject("ILLEGAL_CHARS", "batchOrders", "a JSON list of objects") from None
    if not 0 < len(rows) <= MAX_BATCH:
        raise Reject("INVALID_BATCH_PLACE_ORDER_SIZE", len(rows))
    return rows


def each(
    rows: list[dict[str, msgspec.Raw]], ask_type: type[Ask], do: Callable[[Any], OrderReply]
) -> list[OrderReply | Failed]:
    """Do one request after another; a refused one is a row of its own."""
    read = _reader(ask_type)
    replies: list[OrderReply | Failed] = []
    for row in rows:
        try:
            replies.append(do(read(json_pairs(row), 0)))
        except Reject as no:
            no.__traceback__ = None
            replies.append(Failed(code=no.code, msg=no.msg))
    return replies


def count_batch(pit: Exchange, trader: Trader) -> bool:
    """Count a batch of the USDⓈ-M exchange, whose count is the same whatever is in it: 5 in ten
    seconds, 1 in a minute; documented. False where each of its orders counts.

    Raises: Reject TOO_MANY_ORDERS.
    """
    if trader.venue == COINM:
        return False
    checks.check_order_count(pit, trader, MAX_BATCH, 1)
    trader.add_orders(MAX_BATCH, pit.at_us, 1)
    return True


@on_both(
    "POST /{}/v1/batchOrders", security=TRADE, weight=5, unfilled_orders=5, source=ENGINE,
    doc="{}/trade#place-multiple-orders",
)  # fmt: skip
def place_batch(pit: Exchange, who: Who, ask: Batch, venue: int) -> list[OrderReply | Failed]:
    """Place multiple orders, at most five, one after the other."""
    trader = pit.trader(who.owner, venue)
    kind = PlaceOrder if venue == COINM else PlaceUsdmOrder
    rows = rows_of(ask.batch_orders)
    counted = count_batch(pit, trader)
    return each(rows, kind, lambda row: place(pit, trader, row, counted=counted))


# --- Modify ------------------------------------------------------------------------------------


class ModifyOrder(Ask, kw_only=True):
    order_id: Long | None = None
    orig_client_order_id: ClientId | None = None
    symbol: SymbolName
    side: Side
    quantity: Qty | None = None
    price: Price | None = None
    price_match: PriceMatch | None = None
    modify_id: Long | None = None


class ModifyUsdmOrder(Ask):
    symbol: SymbolName
    side: Side
    quantity: Qty
    price: Price | None = None  # needed where no priceMatch stands in its place
    order_id: Long | None = None
    orig_client_order_id: ClientId | None = None
    price_match: PriceMatch | None = None
    modify_id: Long | None = None


def find_open(trader: Trader, contract: Contract, ask: Any) -> FuturesOrder:
    """An open order by its id, else by its client id. Raises: Reject."""
    need_one(ask.order_id, ask.orig_client_order_id)
    opened = trader.holding(contract).opened
    if ask.order_id is not None:
        found = opened.orders.get(ask.order_id)
    else:
        found = opened.by_client.get(ask.orig_client_order_id)
    if found is None:
        raise Reject("UNKNOWN_ORDER", code=CANCEL_REJECTED)
    return as_futures(found)


def need_one(order_id: int | None, client_id: str | None) -> None:
    if order_id is None and client_id is None:
        raise Reject("EITHER_PARAM", "origClientOrderId", "orderId")


def modify(
    pit: Exchange, trader: Trader, ask: ModifyOrder | ModifyUsdmOrder, *, counted: bool = False
) -> OrderReply:
    """Another price and quantity for an open LIMIT order. counted: see `futures_life.place`."""
    contract = pit.contract(ask.symbol, trader.venue)
    order = find_open(trader, contract, ask)
    if ask.side != order.side:
        raise Reject("INVALID_SIDE")
    check_places(contract, ask.quantity or 0, ask.price or 0, 0)
    price = ask.price
    if price is None and not ask.price_match:
        if trader.venue == USDM:
            raise Reject("MANDATORY_PARAM", "price")
        if ask.quantity is None:
            raise Reject("EITHER_PARAM", "quantity", "price")
    if ask.price_match:
        if price is not None:
            raise Reject("PARAM_NOT_REQUIRED", "price")
        trial = order.copy_with(order.price, order.qty)
        trial.price_match = ask.price_match
        checks.match_price(trial)
        price = trial.price
    if not counted:
        checks.check_order_count(pit, trader, 1)
    modify_id = -1 if ask.modify_id is None else ask.modify_id
    if price is None:
        price = order.price
    qty = order.qty if ask.quantity is None else ask.quantity
    life.modify(pit, order, price, qty, match=ask.price_match or 0, modify_id=modify_id)
    if not counted:
        trader.add_orders(1, pit.at_us)
    return order_reply(order, placed=True)


@on_both(
    "PUT /{}/v1/order", {"weight": 1, "ask": ModifyOrder}, ws="order.modify", security=TRADE,
    weight=0, unfilled_orders=1, source=ENGINE, doc="{}/trade#modify-order",
)  # fmt: skip
def modify_order(pit: Exchange, who: Who, ask: ModifyUsdmOrder, venue: int) -> OrderReply:
    """Modify order: it queues anew."""
    return modify(pit, pit.trader(who.owner, venue), ask)


@on_both(
    "PUT /{}/v1/batchOrders", security=TRADE, weight=5, unfilled_orders=5, source=ENGINE,
    doc="{}/trade#modify-multiple-orders",
)  # fmt: skip
def modify_batch(pit: Exchange, who: Who, ask: Batch, venue: int) -> list[OrderReply | Failed]:
    """Modify multiple orders, at most five."""
    trader = pit.trader(who.owner, venue)
    kind = ModifyOrder if venue == COINM else ModifyUsdmOrder
    rows = rows_of(ask.batch_orders)
    counted = count_batch(pit, trader)
    return each(rows, kind, lambda row: modify(pit, trader, row, counted=counted))


# --- Cancel ------------------------------------------------------------------------------------


class WhichOrder(Ask):
    symbol: SymbolName
    order_id: Long | None = None
    orig_client_order_id: ClientId | None = None


def cancel(pit: Exchange, trader: Trader, ask: WhichOrder) -> OrderReply:
    order = find_open(trader, pit.contract(ask.symbol, trader.venue), ask)
    life.cancel(pit, order)
    return order_reply(order, placed=True)


@on_both(
    "DELETE /{}/v1/order", ws="order.cancel", security=TRADE, weight=1, source=ENGINE,
    doc="{}/trade#cancel-order",
)  # fmt: skip
def cancel_order(pit: Exchange, who: Who, ask: WhichOrder, venue: int) -> OrderReply:
    """Cancel order."""
    return cancel(pit, pit.trader(who.owner, venue), ask)


class WhichOrders(Ask):
    symbol: SymbolName
    order_id_list: Annotated[str, Text(r"\[[0-9, ]{0,400}\]", legal="[1,2]")] | None = None
    orig_client_order_id_list: (
        Annotated[str, Text(r"\[[ -~]{0,600}\]", legal='["a","b"]')] | None
    ) = None


@on_both(
    "DELETE /{}/v1/batchOrders", security=TRADE, weight=1, source=ENGINE,
    doc="{}/trade#cancel-multiple-orders",
)  # fmt: skip
def cancel_batch(
    pit: Exchange, who: Who, ask: WhichOrders, venue: int
) -> list[OrderReply | Failed]:
    """Cancel multiple orders, at most ten."""
    trader = pit.trader(who.owner, venue)
    pit.contract(ask.symbol, venue)
    text = ask.order_id_list or ask.orig_client_order_id_list
    if text is None:
        raise Reject("EITHER_PARAM", "orderIdList", "origClientOrderIdList")
    try:
        ids = msgspec.json.decode(text.encode(), type=list[int | str])
    except msgspec.MsgspecError:
        raise Reject("ILLEGAL_CHARS", "orderIdList", "[1,2]") from None
    if len(ids) > MAX_CANCELS:
        raise Reject("EXCEED_MAX_CANCEL_ORDER_SIZE")
    replies: list[OrderReply | Failed] = []
    for name in ids:
        which = WhichOrder(
            symbol=ask.symbol,
            order_id=name if isinstance(name, int) else None,
            orig_client_order_id=name if isinstance(name, str) else None,
        )
        try:
            replies.append(cancel(pit, trader, which))
        except Reject as no:
            no.__traceback__ = None
            replies.append(Failed(code=no.code, msg=no.msg))
    return replies


@on_both(
    "DELETE /{}/v1/allOpenOrders", security=TRADE, weight=1, source=ENGINE,
    doc="{}/trade#cancel-all-open-orders",
)  # fmt: skip
def cancel_all(pit: Exchange, who: Who, ask: OneContract, venue: int) -> Done:
    """Cancel all open orders on a symbol."""
    contract = pit.contract(ask.symbol, venue)
    life.cancel_all(pit, pit.trader(who.owner, venue), contract)
    return Done(code=200, msg=CLEARED)


class Countdown(Ask):
    symbol: SymbolName
    countdown_time: Long


class CountingDown(Reply):
    symbol: str
    countdown_time: str


@on_both(
    "POST /{}/v1/countdownCancelAll", security=TRADE, weight=10, source=ENGINE,
    doc="{}/trade#auto-cancel-all-open-orders",
)  # fmt: skip
def countdown_cancel_all(pit: Exchange, who: Who, ask: Countdown, venue: int) -> CountingDown:
    """Cancel all orders of a symbol after a while (ms), unless called again; 0 calls it off."""
    contract = pit.contract(ask.symbol, venue)
    life.count_down(pit, pit.trader(who.owner, venue), contract, ask.countdown_time * 1000)
    return CountingDown(symbol=contract.name, countdown_time=str(ask.countdown_time))
