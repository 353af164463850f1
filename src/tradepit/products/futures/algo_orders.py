"""Algo orders: conditional orders with ids of their own. Source: the algo order pages; documented.

The documents of USDⓈ-M have them; COIN-M places its conditional orders as plain orders.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec import UNSET, UnsetType

from tradepit.catalog.fields import (
    Bool,
    ClientId,
    Long,
    Price,
    Qty,
    Rate,
    Side,
    SymbolName,
    Time,
)
from tradepit.catalog.futures_fields import (
    AlgoType,
    FarTime,
    FuturesOrderType,
    FuturesResponseType,
    FuturesStpMode,
    FuturesTimeInForce,
    NewClientId,
    PositionSide,
    PriceMatch,
    Shown,
    WorkingType,
)
from tradepit.catalog.language import ENGINE, TRADE, USER_DATA, Ask, Reply
from tradepit.core import algo as algos
from tradepit.core import futures_checks as checks
from tradepit.core.contracts import USDM, Contract
from tradepit.core.exchange import Exchange
from tradepit.core.futures_orders import ALGO_STATUSES, FuturesOrder
from tradepit.core.history import History
from tradepit.core.positions import Trader
from tradepit.core.records import Who
from tradepit.core.rejects import CANCEL_REJECTED, Reject
from tradepit.core.terms import FUTURES_ORDER_TYPES, LIMIT, MARKET, TRAILING_STOP_MARKET
from tradepit.products.futures import shown
from tradepit.products.futures.drafts import ALGO_WORDS, draft
from tradepit.products.futures.order_queries import Limit1000, again, span
from tradepit.products.futures.order_replies import Done
from tradepit.products.futures.orders import CLEARED
from tradepit.products.futures.selectors import OneContract
from tradepit.products.futures.venues import on

NO_ICEBERG: Final = "None"


class PlaceAlgo(Ask):
    algo_type: AlgoType
    symbol: SymbolName
    side: Side
    type: FuturesOrderType
    position_side: PositionSide | None = None
    time_in_force: FuturesTimeInForce | None = None
    quantity: Qty | None = None
    price: Price | None = None
    trigger_price: Price | None = None
    working_type: WorkingType | None = None
    price_match: PriceMatch | None = None
    close_position: Bool | None = None
    price_protect: Bool | None = None
    reduce_only: Bool | None = None
    activate_price: Price | None = None
    callback_rate: Rate | None = None
    client_algo_id: NewClientId | None = None
    new_order_resp_type: FuturesResponseType | None = None
    self_trade_prevention_mode: FuturesStpMode | None = None
    good_till_date: FarTime | None = None


class AlgoReply(Reply, kw_only=True):
    """An algo order. What became of it is told by who looks it up, activation and callback by who
    placed it."""

    algo_id: Long
    client_algo_id: str
    algo_type: str
    order_type: FuturesOrderType
    symbol: str
    side: Side
    position_side: PositionSide
    time_in_force: FuturesTimeInForce
    quantity: Shown
    algo_status: str
    actual_order_id: str | UnsetType = UNSET
    actual_price: Shown | UnsetType = UNSET
    actual_type: str | UnsetType = UNSET
    actual_qty: Shown | UnsetType = UNSET
    trigger_price: Shown
    price: Shown
    iceberg_quantity: str
    tp_trigger_price: Shown | UnsetType = UNSET
    tp_price: Shown | UnsetType = UNSET
    sl_trigger_price: Shown | UnsetType = UNSET
    sl_price: Shown | UnsetType = UNSET
    tp_order_type: str | UnsetType = UNSET
    self_trade_prevention_mode: FuturesStpMode
    working_type: WorkingType
    price_match: PriceMatch
    close_position: bool
    price_protect: bool
    reduce_only: bool
    activate_price: Shown | str | UnsetType = UNSET
    callback_rate: Shown | str | UnsetType = UNSET
    create_time: Time
    update_time: Time
    trigger_time: Time
    good_till_date: Time


def algo_reply(order: FuturesOrder, **more: Any) -> AlgoReply:
    """An algo order as it is; `more`: what this way of asking tells beyond."""
    contract = order.contract
    algo = order.algo
    assert algo is not None
    trailing = order.orig_type == TRAILING_STOP_MARKET
    return AlgoReply(
        algo_id=algo.algo_id,
        client_algo_id=order.client_id,
        algo_type="CONDITIONAL",
        order_type=order.orig_type,
        symbol=contract.name,
        side=order.side,
        position_side=order.position.side,
        time_in_force=order.tif,
        quantity=shown.qty(contract, order.qty),
        algo_status=ALGO_STATUSES[algo.status],
        trigger_price=shown.price(contract, 0 if trailing else order.stop_price),
        price=shown.price(contract, order.price),
        iceberg_quantity=NO_ICEBERG,
        self_trade_prevention_mode=order.stp,
        working_type=order.working_type,
        price_match=order.price_match,
        close_position=order.close_position,
        price_protect=order.price_protect,
        reduce_only=order.reduce_only,
        create_time=order.created_us,
        update_time=algo.updated_us,
        trigger_time=algo.triggered_us,
        good_till_date=order.good_till_us,
        **more,
    )


def looked_up(order: FuturesOrder, *, one: bool) -> AlgoReply:
    """An algo order as queries tell of it, with what it became."""
    contract = order.contract
    algo = order.algo
    assert algo is not None
    actual = algo.actual_id >= 0
    nothing = shown.price(contract, 0)
    more: dict[str, Any] = {
        "actual_order_id": str(algo.actual_id) if actual else "",
        "actual_price": (order.price if actual else 0, 5),
        "tp_order_type": "",
    }
    if one:
        kind = FUTURES_ORDER_TYPES[MARKET if order.is_market else LIMIT]
        more |= {"actual_type": kind, "actual_qty": shown.qty(contract, order.qty)}
    else:
        names = ("tp_trigger_price", "tp_price", "sl_trigger_price", "sl_price")
        more |= dict.fromkeys(names, nothing)
    return algo_reply(order, **more)


@on(
    USDM, "POST /{}/v1/algoOrder", ws="algoOrder.place", security=TRADE, weight=0,
    unfilled_orders=1, source=ENGINE, since="2025-11-06", doc="{}/trade#new-algo-order",
)  # fmt: skip
def place_algo(pit: Exchange, who: Who, ask: PlaceAlgo, venue: int) -> AlgoReply:
    """New algo order."""
    if ask.type in (LIMIT, MARKET):
        raise Reject("INVALID_ORDER_TYPE")
    trader = pit.trader(who.owner, venue)
    contract = pit.contract(ask.symbol, venue)
    order = draft(pit, trader, contract, ask, ALGO_WORDS)
    checks.check_order_count(pit, trader, 1)
    algos.place(pit, order)
    trader.add_orders(1, pit.at_us)
    if order.type != TRAILING_STOP_MARKET:
        return algo_reply(order, activate_price="", callback_rate="")
    return algo_reply(
        order,
        activate_price=shown.price(contract, order.stop_price),
        callback_rate=(order.extra.trailing_delta * 1_000_000, 1),
    )


class WhichAlgo(Ask):
    algo_id: Long | None = None
    client_algo_id: ClientId | None = None


class CanceledAlgo(Reply):
    algo_id: Long
    client_algo_id: str
    code: str
    msg: str


def need_one(ask: WhichAlgo) -> None:
    if ask.algo_id is None and ask.client_algo_id is None:
        raise Reject("EITHER_PARAM", "algoId", "clientAlgoId")


@on(
    USDM, "DELETE /{}/v1/algoOrder", ws="algoOrder.cancel", security=TRADE, source=ENGINE,
    since="2025-11-06", doc="{}/trade#cancel-algo-order",
)  # fmt: skip
def cancel_algo(pit: Exchange, who: Who, ask: WhichAlgo, venue: int) -> CanceledAlgo:
    """Cancel algo order."""
    need_one(ask)
    for holding in pit.trader(who.owner, venue).holdings.values():
        if ask.algo_id is not None:
            order = holding.algos.orders.get(ask.algo_id)
        else:
            order = holding.algos.by_client.get(ask.client_algo_id or "")
        if order is not None and order.algo is not None:
            algos.cancel(pit, order)
            return CanceledAlgo(
                algo_id=order.algo.algo_id, client_algo_id=order.client_id, code="200",
                msg="success",
            )  # fmt: skip
    raise Reject("UNKNOWN_ORDER", code=CANCEL_REJECTED)


@on(
    USDM, "DELETE /{}/v1/algoOpenOrders", security=TRADE, source=ENGINE, since="2025-11-06",
    doc="{}/trade#cancel-all-algo-open-orders",
)  # fmt: skip
def cancel_all_algos(pit: Exchange, who: Who, ask: OneContract, venue: int) -> Done:
    """Cancel all algo open orders of a symbol."""
    contract = pit.contract(ask.symbol, venue)
    for order in list(pit.trader(who.owner, venue).holding(contract).algos.orders.values()):
        algos.cancel(pit, order)
    return Done(code=200, msg=CLEARED)


@on(
    USDM, "GET /{}/v1/algoOrder", security=USER_DATA, since="2025-11-06",
    doc="{}/trade#query-algo-order",
)  # fmt: skip
def query_algo(pit: Exchange, history: History, who: Who, ask: WhichAlgo, venue: int) -> AlgoReply:
    """Query algo order."""
    need_one(ask)
    for holding in pit.look_trader(who.owner, venue).holdings.values():
        found = holding.algos.find(ask.algo_id, ask.client_algo_id)
        if found is not None:
            return looked_up(found, one=True)
    raise Reject("NO_SUCH_ORDER")


class OpenAlgos(Ask):
    algo_type: AlgoType | None = None
    symbol: SymbolName | None = None
    algo_id: Long | None = None


@on(
    USDM, "GET /{}/v1/openAlgoOrders", security=USER_DATA, since="2025-11-06",
    weight=lambda ask: 1 if ask.symbol else 40, weight_words="1; 40 without symbol",
    doc="{}/trade#current-all-algo-open-orders",
)  # fmt: skip
def open_algos(
    pit: Exchange, history: History, who: Who, ask: OpenAlgos, venue: int
) -> list[AlgoReply]:
    """Current all algo open orders."""
    if ask.symbol is not None:
        pit.contract(ask.symbol, venue)
    return [
        looked_up(order, one=False)
        for name, holding in pit.look_trader(who.owner, venue).holdings.items()
        if ask.symbol in (None, name)
        for order in holding.algos.orders.values()
        if ask.algo_id is None or (order.algo is not None and order.algo.algo_id == ask.algo_id)
    ]


class AllAlgos(Ask):
    symbol: SymbolName
    algo_id: Long | None = None
    start_time: Time | None = None
    end_time: Time | None = None
    limit: Limit1000 = 500


@on(
    USDM, "GET /{}/v1/allAlgoOrders", security=USER_DATA, weight=5, since="2025-11-06",
    doc="{}/trade#query-all-algo-orders",
)  # fmt: skip
def all_algos(
    pit: Exchange, history: History, who: Who, ask: AllAlgos, venue: int
) -> Callable[[], list[AlgoReply]]:
    """Query all algo orders, oldest first."""
    contract = pit.contract(ask.symbol, venue)
    trader = pit.look_trader(who.owner, venue)
    times = span(ask)
    held = trader.look(contract).algos
    found = {
        order.algo.algo_id: looked_up(order, one=False)
        for order in (*held.orders.values(), *held.finished.values())
        if order.algo is not None and _wanted(order, ask, times)
    }
    return lambda: _all(history, trader, contract, ask, found)


def _wanted(order: FuturesOrder, ask: AllAlgos, times: dict[str, Any]) -> bool:
    algo = order.algo
    if algo is None or (ask.algo_id is not None and algo.algo_id < ask.algo_id):
        return False
    return bool(times.get("start_us", 0) <= order.created_us <= times.get("end_us", 1 << 62))


def _all(
    history: History, trader: Trader, contract: Contract, ask: AllAlgos,
    found: dict[int, AlgoReply],
) -> list[AlgoReply]:  # fmt: skip
    """Those in memory, and those that only history knows."""
    rows = history.futures(
        trader.account.id, trader.venue, "algo", contract.name, from_id=ask.algo_id,
        limit=ask.limit, **span(ask),
    )  # fmt: skip
    for row in rows:
        if row.row_id not in found:
            found[row.row_id] = looked_up(again(trader, contract, row.body), one=False)
    keys = sorted(found)
    return [found[key] for key in (keys[: ask.limit] if ask.algo_id else keys[-ask.limit :])]
