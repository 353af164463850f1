"""Order lists: OCO old and new, OTO, OTOCO, OPO, OPOCO, and their cancel."""

from __future__ import annotations

from typing import Any

from tradepit.catalog.fields import (
    ClientId,
    Int,
    Long,
    OrderType,
    PegOffsetType,
    PegPriceType,
    Price,
    Qty,
    ResponseType,
    Side,
    StpMode,
    SymbolName,
    TimeInForce,
)  # fmt: skip
from tradepit.catalog.language import ENGINE, TRADE, Ask, operation
from tradepit.core import life, lists
from tradepit.core.accounts import Account
from tradepit.core.exchange import Exchange
from tradepit.core.lists import OrderList
from tradepit.core.orders import Order
from tradepit.core.records import Who
from tradepit.core.rejects import CANCEL_REJECTED, Reject
from tradepit.core.symbols import Symbol
from tradepit.core.terms import (
    BUY,
    GTC,
    LIMIT,
    LIMIT_MAKER,
    OCO,
    OTO,
    RESULT,
    SELL,
    STOP_LOSS,
    STOP_LOSS_LIMIT,
    TAKE_PROFIT,
    TAKE_PROFIT_LIMIT,
)  # fmt: skip
from tradepit.products.spot import telling
from tradepit.products.spot.drafts import (
    ABOVE,
    BELOW,
    PENDING,
    PENDING_ABOVE,
    PENDING_BELOW,
    WORKING,
    Words,
    draft,
)  # fmt: skip
from tradepit.products.spot.replies import CanceledList, PlacedList

_STOPS = (STOP_LOSS, STOP_LOSS_LIMIT)
_PROFITS = (TAKE_PROFIT, TAKE_PROFIT_LIMIT)


class ListAsk(Ask):
    """What every list may say first."""

    symbol: SymbolName
    list_client_order_id: ClientId | None = None
    new_order_resp_type: ResponseType | None = None
    self_trade_prevention_mode: StpMode | None = None


def _place(
    pit: Exchange, account: Account, symbol: Symbol, ask: Any, contingency: int,
    orders: list[Order], opo: bool = False,
) -> PlacedList:  # fmt: skip
    found = OrderList(symbol, account, contingency)
    found.client_id = ask.list_client_order_id or ""
    found.orders = orders
    found.opo = opo
    since = len(pit.events)
    lists.place(pit, found)
    return telling.placed_list(pit, found, ask.new_order_resp_type, since, RESULT)


# --- OCO ---------------------------------------------------------------------------------------


def _check_legs(side: int, above: int, below: int) -> None:
    """Which types may stand above and below. Source: rest-api.md, errors -1158 to -1199."""
    if any(kind not in (LIMIT_MAKER, *_STOPS, *_PROFITS) for kind in (above, below)):
        raise Reject("OCO_ORDER_TYPE_REJECTED")
    if above == below == LIMIT_MAKER:
        raise Reject("BOTH_OCO_LIMIT")
    buy = side == BUY
    if buy and above == LIMIT_MAKER:
        raise Reject("BUY_OCO_LIMIT_BELOW")
    if not buy and below == LIMIT_MAKER:
        raise Reject("SELL_OCO_LIMIT_ABOVE")
    if buy and below in _STOPS:
        raise Reject("BUY_OCO_STOP_ABOVE")
    if not buy and above in _STOPS:
        raise Reject("SELL_OCO_STOP_BELOW")
    if buy and above in _PROFITS:
        raise Reject("BUY_OCO_PROFIT_BELOW")
    if not buy and below in _PROFITS:
        raise Reject("SELL_OCO_PROFIT_ABOVE")


def _leg(account: Account, symbol: Symbol, ask: Any, words: Words, opo: bool = False) -> Order:
    iceberg = getattr(ask, words.at["iceberg_qty"], None)
    tif = getattr(ask, words.at["time_in_force"], None)
    if iceberg is not None and tif is not None and tif != GTC:
        raise Reject("OCO_ICEBERG_TIF", words.wire("iceberg_qty"), words.wire("time_in_force"))
    return draft(account, symbol, ask, words, opo)


def _pair(
    account: Account, symbol: Symbol, ask: Any, words: tuple[Words, Words], opo: bool = False
) -> list[Order]:
    """The legs that `words` describe (above, below), the stop-loss leg first."""
    kinds: list[int] = [getattr(ask, each.at["type"]) for each in words]
    side: int = getattr(ask, words[0].at["side"])
    _check_legs(side, kinds[0], kinds[1])
    above = _leg(account, symbol, ask, words[0], opo)
    below = _leg(account, symbol, ask, words[1], opo)
    return [above, below] if side == BUY else [below, above]


class PlaceOco(Ask, kw_only=True):
    symbol: SymbolName
    list_client_order_id: ClientId | None = None
    side: Side
    quantity: Qty
    above_type: OrderType
    above_client_order_id: ClientId | None = None
    above_iceberg_qty: Qty | None = None
    above_price: Price | None = None
    above_stop_price: Price | None = None
    above_trailing_delta: Long | None = None
    above_time_in_force: TimeInForce | None = None
    above_strategy_id: Long | None = None
    above_strategy_type: Int | None = None
    above_peg_price_type: PegPriceType | None = None
    above_peg_offset_type: PegOffsetType | None = None
    above_peg_offset_value: Int | None = None
    below_type: OrderType
    below_client_order_id: ClientId | None = None
    below_iceberg_qty: Qty | None = None
    below_price: Price | None = None
    below_stop_price: Price | None = None
    below_trailing_delta: Long | None = None
    below_time_in_force: TimeInForce | None = None
    below_strategy_id: Long | None = None
    below_strategy_type: Int | None = None
    below_peg_price_type: PegPriceType | None = None
    below_peg_offset_type: PegOffsetType | None = None
    below_peg_offset_value: Int | None = None
    new_order_resp_type: ResponseType | None = None
    self_trade_prevention_mode: StpMode | None = None


@operation(
    "POST /api/v3/orderList/oco", ws="orderList.place.oco", security=TRADE, weight=1,
    refunded=True, unfilled_orders=2, source=ENGINE, doc="rest-api.md#new-order-list---oco-trade",
)  # fmt: skip
def place_oco(pit: Exchange, who: Who, ask: PlaceOco) -> PlacedList:
    """New order list: one cancels the other."""
    symbol = pit.symbol(ask.symbol)
    if not symbol.oco_allowed:
        raise Reject("NO_OCO")
    account = pit.accounts[who.owner]
    return _place(pit, account, symbol, ask, OCO, _pair(account, symbol, ask, (ABOVE, BELOW)))


class PlaceOldOco(Ask, kw_only=True):
    symbol: SymbolName
    list_client_order_id: ClientId | None = None
    side: Side
    quantity: Qty
    limit_client_order_id: ClientId | None = None
    price: Price
    limit_strategy_id: Long | None = None
    limit_strategy_type: Int | None = None
    limit_iceberg_qty: Qty | None = None
    trailing_delta: Long | None = None
    stop_client_order_id: ClientId | None = None
    stop_price: Price
    stop_strategy_id: Long | None = None
    stop_strategy_type: Int | None = None
    stop_limit_price: Price | None = None
    stop_iceberg_qty: Qty | None = None
    stop_limit_time_in_force: TimeInForce | None = None
    new_order_resp_type: ResponseType | None = None
    self_trade_prevention_mode: StpMode | None = None


_LIMIT_WORDS = Words(  # a limit leg has no stop price, though the request has one
    client_order_id="limit_client_order_id", stop_price="none",
    trailing_delta="none", strategy_id="limit_strategy_id", strategy_type="limit_strategy_type",
    iceberg_qty="limit_iceberg_qty",
)  # fmt: skip
_STOP_WORDS = Words(
    client_order_id="stop_client_order_id", price="stop_limit_price",
    strategy_id="stop_strategy_id", strategy_type="stop_strategy_type",
    iceberg_qty="stop_iceberg_qty", time_in_force="stop_limit_time_in_force",
)  # fmt: skip


class _Typed:
    """A request that speaks of one leg of a given type; everything else is the request's own."""

    def __init__(self, ask: PlaceOldOco, kind: int) -> None:
        self.ask = ask
        self.type = kind

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ask, name, None)


@operation(
    "POST /api/v3/order/oco", ws="orderList.place", security=TRADE, weight=1, refunded=True,
    unfilled_orders=2, source=ENGINE, doc="rest-api.md#new-oco---deprecated-trade",
)  # fmt: skip
def place_old_oco(pit: Exchange, who: Who, ask: PlaceOldOco) -> PlacedList:
    """New OCO (deprecated): a LIMIT_MAKER and a STOP_LOSS or STOP_LOSS_LIMIT."""
    symbol = pit.symbol(ask.symbol)
    if not symbol.oco_allowed:
        raise Reject("NO_OCO")
    if ask.stop_limit_price is not None and ask.stop_limit_time_in_force is None:
        raise Reject("SEND_TOGETHER", "stopLimitPrice", "stopLimitTimeInForce")
    if ask.stop_limit_price is None and ask.stop_limit_time_in_force is not None:
        raise Reject("PARAM_NOT_REQUIRED", "stopLimitTimeInForce")
    account = pit.accounts[who.owner]
    limit = draft(account, symbol, _Typed(ask, LIMIT_MAKER), _LIMIT_WORDS)
    kind = STOP_LOSS if ask.stop_limit_price is None else STOP_LOSS_LIMIT
    stop = draft(account, symbol, _Typed(ask, kind), _STOP_WORDS)
    return _place(pit, account, symbol, ask, OCO, [stop, limit])


# --- OTO ---------------------------------------------------------------------------------------


class _Working(ListAsk, kw_only=True):
    working_type: OrderType
    working_side: Side
    working_client_order_id: ClientId | None = None
    working_price: Price
    working_quantity: Qty
    working_iceberg_qty: Qty | None = None
    working_time_in_force: TimeInForce | None = None
    working_strategy_id: Long | None = None
    working_strategy_type: Int | None = None
    working_peg_price_type: PegPriceType | None = None
    working_peg_offset_type: PegOffsetType | None = None
    working_peg_offset_value: Int | None = None


class PlaceOto(_Working, kw_only=True):
    pending_type: OrderType
    pending_side: Side
    pending_client_order_id: ClientId | None = None
    pending_price: Price | None = None
    pending_stop_price: Price | None = None
    pending_trailing_delta: Long | None = None
    pending_quantity: Qty
    pending_iceberg_qty: Qty | None = None
    pending_time_in_force: TimeInForce | None = None
    pending_strategy_id: Long | None = None
    pending_strategy_type: Int | None = None
    pending_peg_price_type: PegPriceType | None = None
    pending_peg_offset_type: PegOffsetType | None = None
    pending_peg_offset_value: Int | None = None


class PlaceOpo(_Working, kw_only=True):
    pending_type: OrderType
    pending_side: Side
    pending_client_order_id: ClientId | None = None
    pending_price: Price | None = None
    pending_stop_price: Price | None = None
    pending_trailing_delta: Long | None = None
    pending_iceberg_qty: Qty | None = None
    pending_time_in_force: TimeInForce | None = None
    pending_strategy_id: Long | None = None
    pending_strategy_type: Int | None = None
    pending_peg_price_type: PegPriceType | None = None
    pending_peg_offset_type: PegOffsetType | None = None
    pending_peg_offset_value: Int | None = None


def _working(account: Account, symbol: Symbol, ask: Any) -> Order:
    if not symbol.oto_allowed:
        raise Reject("NO_OTO")
    if ask.working_type not in (LIMIT, LIMIT_MAKER):
        raise Reject("INVALID_ORDER_TYPE")
    return draft(account, symbol, ask, WORKING)


def _check_opo(symbol: Symbol, working: Order, pending: list[Order]) -> None:
    if not symbol.opo_allowed:
        raise Reject("NO_OPO")
    if working.side != BUY:
        raise Reject("OPO_WORKING_MUST_BE_BUY")
    if any(order.side != SELL for order in pending):
        raise Reject("OPO_PENDING_MUST_BE_SELL")


@operation(
    "POST /api/v3/orderList/oto", ws="orderList.place.oto", security=TRADE, weight=1,
    refunded=True, unfilled_orders=2, source=ENGINE, doc="rest-api.md#new-order-list---oto-trade",
)  # fmt: skip
def place_oto(pit: Exchange, who: Who, ask: PlaceOto) -> PlacedList:
    """New order list: one triggers the other."""
    symbol = pit.symbol(ask.symbol)
    account = pit.accounts[who.owner]
    orders = [_working(account, symbol, ask), draft(account, symbol, ask, PENDING)]
    return _place(pit, account, symbol, ask, OTO, orders)


@operation(
    "POST /api/v3/orderList/opo", ws="orderList.place.opo", security=TRADE, weight=1,
    refunded=True, unfilled_orders=2, source=ENGINE, since="2025-12-02",
    doc="rest-api.md#new-order-list---opo-trade",
)  # fmt: skip
def place_opo(pit: Exchange, who: Who, ask: PlaceOpo) -> PlacedList:
    """New order list: one pays the other."""
    symbol = pit.symbol(ask.symbol)
    account = pit.accounts[who.owner]
    orders = [_working(account, symbol, ask), draft(account, symbol, ask, PENDING, True)]
    _check_opo(symbol, orders[0], orders[1:])
    return _place(pit, account, symbol, ask, OTO, orders, True)


class _PendingPair(_Working, kw_only=True):
    pending_side: Side
    pending_above_type: OrderType
    pending_above_client_order_id: ClientId | None = None
    pending_above_price: Price | None = None
    pending_above_stop_price: Price | None = None
    pending_above_trailing_delta: Long | None = None
    pending_above_iceberg_qty: Qty | None = None
    pending_above_time_in_force: TimeInForce | None = None
    pending_above_strategy_id: Long | None = None
    pending_above_strategy_type: Int | None = None
    pending_above_peg_price_type: PegPriceType | None = None
    pending_above_peg_offset_type: PegOffsetType | None = None
    pending_above_peg_offset_value: Int | None = None
    pending_below_type: OrderType | None = None
    pending_below_client_order_id: ClientId | None = None
    pending_below_price: Price | None = None
    pending_below_stop_price: Price | None = None
    pending_below_trailing_delta: Long | None = None
    pending_below_iceberg_qty: Qty | None = None
    pending_below_time_in_force: TimeInForce | None = None
    pending_below_strategy_id: Long | None = None
    pending_below_strategy_type: Int | None = None
    pending_below_peg_price_type: PegPriceType | None = None
    pending_below_peg_offset_type: PegOffsetType | None = None
    pending_below_peg_offset_value: Int | None = None


class PlaceOtoco(_PendingPair, kw_only=True):
    pending_quantity: Qty


class PlaceOpoco(_PendingPair, kw_only=True):
    pass


def _pending_pair(account: Account, symbol: Symbol, ask: _PendingPair, opo: bool) -> list[Order]:
    if not symbol.oco_allowed:
        raise Reject("NO_OCO")
    if ask.pending_below_type is None:
        raise Reject("MANDATORY_PARAM", "pendingBelowType")
    return _pair(account, symbol, ask, (PENDING_ABOVE, PENDING_BELOW), opo)


@operation(
    "POST /api/v3/orderList/otoco", ws="orderList.place.otoco", security=TRADE, weight=1,
    refunded=True, unfilled_orders=3, source=ENGINE,
    doc="rest-api.md#new-order-list---otoco-trade",
)  # fmt: skip
def place_otoco(pit: Exchange, who: Who, ask: PlaceOtoco) -> PlacedList:
    """New order list: one triggers a pair of which one cancels the other."""
    symbol = pit.symbol(ask.symbol)
    account = pit.accounts[who.owner]
    orders = [_working(account, symbol, ask), *_pending_pair(account, symbol, ask, False)]
    return _place(pit, account, symbol, ask, OTO, orders)


@operation(
    "POST /api/v3/orderList/opoco", ws="orderList.place.opoco", security=TRADE, weight=1,
    refunded=True, unfilled_orders=3, source=ENGINE, since="2025-12-02",
    doc="rest-api.md#new-order-list---opoco-trade",
)  # fmt: skip
def place_opoco(pit: Exchange, who: Who, ask: PlaceOpoco) -> PlacedList:
    """New order list: one pays for a pair of which one cancels the other."""
    symbol = pit.symbol(ask.symbol)
    account = pit.accounts[who.owner]
    orders = [_working(account, symbol, ask), *_pending_pair(account, symbol, ask, True)]
    _check_opo(symbol, orders[0], orders[1:])
    return _place(pit, account, symbol, ask, OTO, orders, True)


# --- Cancel ------------------------------------------------------------------------------------


class CancelList(Ask):
    symbol: SymbolName
    order_list_id: Long | None = None
    list_client_order_id: ClientId | None = None
    new_client_order_id: ClientId | None = None


@operation(
    "DELETE /api/v3/orderList", ws="orderList.cancel", security=TRADE, weight=1, refunded=True,
    source=ENGINE, doc="rest-api.md#cancel-order-list-trade",
)  # fmt: skip
def cancel_list(pit: Exchange, who: Who, ask: CancelList) -> CanceledList:
    """Cancel an entire order list."""
    symbol = pit.symbol(ask.symbol)
    if ask.order_list_id is None and ask.list_client_order_id is None:
        raise Reject("EITHER_PARAM", "orderListId", "listClientOrderId")
    account = pit.accounts[who.owner]
    life.admit_cancel(account, symbol)
    found = None
    if ask.order_list_id is not None:
        found = account.lists.get(ask.order_list_id)
        if found and ask.list_client_order_id not in (None, found.client_id):
            found = None
    elif ask.list_client_order_id is not None:
        found = account.lists_by_client.get(ask.list_client_order_id)
    if found is None or found.symbol is not symbol:
        raise Reject("UNKNOWN_ORDER", code=CANCEL_REJECTED)
    cancel_id = life.new_client_id(pit, ask.new_client_order_id)
    return telling.canceled_list(pit, found, lists.cancel(pit, found, cancel_id), cancel_id)
