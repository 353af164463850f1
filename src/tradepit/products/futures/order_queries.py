"""Futures orders looked up: open ones in the state, those that are over in the history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

from tradepit.catalog.fields import Between, ClientId, Int, Long, OneOf, SymbolName, Time
from tradepit.catalog.futures_fields import PairName, Shown
from tradepit.catalog.language import USER_DATA, Ask, Reply
from tradepit.core.bars import DAY_US
from tradepit.core.contracts import COINM, USDM, Contract, refusal
from tradepit.core.exchange import Exchange
from tradepit.core.futures_orders import FuturesOrder, as_futures, load_order
from tradepit.core.history import History
from tradepit.core.positions import Trader
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.products.futures import shown
from tradepit.products.futures.order_replies import OrderReply
from tradepit.products.futures.orders import WhichOrder, need_one
from tradepit.products.futures.selectors import MaybeContract, SymbolOrPair, chosen, known_of
from tradepit.products.futures.telling import order_reply
from tradepit.products.futures.venues import on_both

FORGOTTEN_US: Final = 90 * DAY_US  # no order is found that is older
UNFILLED_US: Final = 3 * DAY_US  # nor a canceled one without a fill that is older than this
SEVEN_DAYS_US: Final = 7 * DAY_US

Orders = list[OrderReply]
Limit1000 = Annotated[Int, Between(1, 1000)]
Limit100 = Annotated[Int, Between(1, 100)]


def again(trader: Trader, contract: Contract, body: list[Any]) -> FuturesOrder:
    """An order as history kept it."""
    return load_order(body, trader.look(contract).position(body[27]))


def forgotten(order: FuturesOrder, now_us: int) -> bool:
    """Whether the exchange tells nothing of an order any more: documented with GET order."""
    age_us = now_us - order.created_us
    return age_us > FORGOTTEN_US or (
        age_us > UNFILLED_US and not order.open and order.executed == 0
    )


@on_both("GET /{}/v1/order", ws="order.status", security=USER_DATA, doc="{}/trade#query-order")
def query_order(
    pit: Exchange, history: History, who: Who, ask: WhichOrder, venue: int
) -> OrderReply | Callable[[], OrderReply]:
    """Query order."""
    need_one(ask.order_id, ask.orig_client_order_id)
    contract = pit.contract(ask.symbol, venue)
    trader = pit.look_trader(who.owner, venue)
    found = trader.look(contract).opened.find(ask.order_id, ask.orig_client_order_id)
    now_us = history.now_us()
    if found is not None:
        order = as_futures(found)
        if forgotten(order, now_us):
            raise Reject("NO_SUCH_ORDER")
        return order_reply(order, placed=False)
    which: dict[str, Any] = {"name": ask.orig_client_order_id}
    if ask.order_id is not None:
        which = {"order_id": ask.order_id}

    def look() -> OrderReply:
        rows = history.futures(who.owner, venue, "order", contract.name, limit=1, **which)
        if not rows:
            raise Reject("NO_SUCH_ORDER")
        order = again(trader, contract, rows[-1].body)
        if forgotten(order, now_us):
            raise Reject("NO_SUCH_ORDER")
        return order_reply(order, placed=False)

    return look


@on_both("GET /{}/v1/openOrder", security=USER_DATA, doc="{}/trade#query-current-open-order")
def query_open_order(
    pit: Exchange, history: History, who: Who, ask: WhichOrder, venue: int
) -> OrderReply:
    """Query current open order."""
    need_one(ask.order_id, ask.orig_client_order_id)
    opened = pit.look_trader(who.owner, venue).look(pit.contract(ask.symbol, venue)).opened
    if ask.order_id is not None:
        found = opened.orders.get(ask.order_id)
    else:
        found = opened.by_client.get(ask.orig_client_order_id or "")
    if found is None:
        raise Reject("NO_SUCH_ORDER")
    return order_reply(as_futures(found), placed=False)


def open_weight(ask: Any) -> int:
    return 1 if ask.symbol is not None else 40


@on_both(
    "GET /{}/v1/openOrders", {"ask": SymbolOrPair}, security=USER_DATA, weight=open_weight,
    weight_words="1; 40 without symbol", doc="{}/trade#current-all-open-orders",
)  # fmt: skip
def open_orders(
    pit: Exchange, history: History, who: Who, ask: MaybeContract, venue: int
) -> Orders:
    """Current all open orders, of a symbol or of all."""
    trader = pit.look_trader(who.owner, venue)
    contracts = chosen(pit, ask.symbol, venue)
    pair = getattr(ask, "pair", None)
    return [
        order_reply(as_futures(order), placed=False)
        for contract in contracts
        if pair in (None, contract.pair)
        for order in trader.look(contract).opened.orders.values()
    ]


class AllOrders(Ask):
    symbol: SymbolName
    order_id: Long | None = None
    start_time: Time | None = None
    end_time: Time | None = None
    limit: Limit1000 = 500


class CoinmAllOrders(Ask):
    symbol: SymbolName | None = None
    pair: PairName | None = None
    order_id: Long | None = None
    start_time: Time | None = None
    end_time: Time | None = None
    limit: Limit100 = 50


def span(ask: Any, longest_us: int = SEVEN_DAYS_US, venue: int = USDM) -> dict[str, Any]:
    """start_us and end_us of a request. Raises: Reject when they are too far apart."""
    found: dict[str, Any] = {}
    if ask.start_time is not None:
        found["start_us"] = ask.start_time
    if ask.end_time is not None:
        found["end_us"] = ask.end_time + (999 if ask.end_time % 1000 == 0 else 0)
    if len(found) == 2:
        if found["start_us"] > found["end_us"]:
            raise Reject("INVALID_TIME_INTERVAL_ORDER")
        if found["end_us"] - found["start_us"] > longest_us + 999:
            raise refusal(venue, "INVALID_TIME_INTERVAL", longest_us // DAY_US)
    return found


def asked_contracts(pit: Exchange, ask: Any, venue: int) -> list[Contract]:
    """The contracts of a symbol, or (COIN-M) of a pair. Raises: Reject."""
    if ask.symbol is not None:
        return [pit.contract(ask.symbol, venue)]
    pair = getattr(ask, "pair", None)
    if pair is None:
        raise Reject("EITHER_PARAM", "symbol", "pair")
    found = [each for each in known_of(pit, venue) if each.pair == pair]
    if not found:
        raise refusal(venue, "INVALID_PAIR")
    return found


@on_both(
    "GET /{}/v1/allOrders",
    {"ask": CoinmAllOrders, "weight": lambda ask: 20 if ask.symbol else 40,
     "weight_words": "20; 40 with pair", "least_weight": 20},
    security=USER_DATA, weight=5, doc="{}/trade#all-orders",
)  # fmt: skip
def all_orders(
    pit: Exchange, history: History, who: Who, ask: AllOrders, venue: int
) -> Callable[[], Orders]:
    """All orders: open, cancelled or filled."""
    trader = pit.look_trader(who.owner, venue)
    contracts = asked_contracts(pit, ask, venue)
    if ask.order_id is not None and venue == COINM and ask.symbol is None:
        raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
    times = span(ask, venue=venue)
    now_us = history.now_us()
    alive = [
        as_futures(order)
        for contract in contracts
        for order in trader.look(contract).opened.orders.values()
        if _wanted(as_futures(order), ask, times)
    ]
    opened = [(order.created_us, order_reply(order, placed=False)) for order in alive]

    def look() -> Orders:
        rows = dict.fromkeys(((at, reply.order_id) for at, reply in opened))
        found = {(at, reply.order_id): reply for at, reply in opened}
        for contract in contracts:
            for row in history.futures(
                who.owner, venue, "order", contract.name, from_id=ask.order_id, limit=ask.limit,
                **times,
            ):  # fmt: skip
                order = again(trader, contract, row.body)
                key = (order.created_us, order.order_id)
                if key not in rows and not forgotten(order, now_us):
                    found[key] = order_reply(order, placed=False)
        keys = sorted(found)
        oldest = ask.order_id is not None or "start_us" in times
        keys = keys[: ask.limit] if oldest else keys[-ask.limit :]
        return [found[key] for key in keys]

    return look


def _wanted(order: FuturesOrder, ask: Any, times: dict[str, Any]) -> bool:
    if ask.order_id is not None and order.order_id < ask.order_id:
        return False
    return bool(times.get("start_us", 0) <= order.created_us <= times.get("end_us", 1 << 62))


# --- What was modified -------------------------------------------------------------------------


class Amendments(Ask):
    symbol: SymbolName
    order_id: Long | None = None
    orig_client_order_id: ClientId | None = None
    start_time: Time | None = None
    end_time: Time | None = None
    limit: Limit100 = 50


class Change(Reply):
    before: Shown
    after: Shown


class Changes(Reply):
    price: Change
    orig_qty: Change
    count: Int


class Amended(Reply):
    amendment_id: Long
    symbol: str
    pair: str
    order_id: Long
    client_order_id: str
    time: Time
    amendment: Changes


@on_both("GET /{}/v1/orderAmendment", security=USER_DATA, doc="{}/trade#get-order-modify-history")
def amendments(
    pit: Exchange, history: History, who: Who, ask: Amendments, venue: int
) -> Callable[[], list[Amended]]:
    """Get order modify history, newest first."""
    need_one(ask.order_id, ask.orig_client_order_id)
    contract = pit.contract(ask.symbol, venue)
    which: dict[str, Any] = {"name": ask.orig_client_order_id}
    if ask.order_id is not None:
        which = {"order_id": ask.order_id}
    times = span(ask, venue=venue)

    def change(before: int, after: int, show: Callable[[Contract, int], Any]) -> Change:
        return Change(before=show(contract, before), after=show(contract, after))

    def look() -> list[Amended]:
        rows = history.futures(
            who.owner, venue, "amend", contract.name, limit=ask.limit, **which, **times
        )
        return [
            Amended(
                amendment_id=row.row_id, symbol=contract.name, pair=contract.pair,
                order_id=row.order_id, client_order_id=row.name, time=row.at_us,
                amendment=Changes(
                    price=change(row.body[0], row.body[1], shown.price),
                    orig_qty=change(row.body[2], row.body[3], shown.qty),
                    count=row.body[4],
                ),
            )
            for row in reversed(rows)
        ]  # fmt: skip

    return look


# --- What was forced ---------------------------------------------------------------------------


class ForceOrders(Ask):
    symbol: SymbolName | None = None
    auto_close_type: Annotated[str, OneOf(("LIQUIDATION", "ADL"))] | None = None
    start_time: Time | None = None
    end_time: Time | None = None
    limit: Limit100 = 50


@on_both(
    "GET /{}/v1/forceOrders",
    {"weight": 20},
    security=USER_DATA, weight=lambda ask: 20 if ask.symbol else 50, least_weight=20,
    weight_words="20 with symbol; 50 without", doc="{}/trade#users-force-orders",
)  # fmt: skip
def force_orders(
    pit: Exchange, history: History, who: Who, ask: ForceOrders, venue: int
) -> Callable[[], Orders]:
    """User's force orders: liquidations and deleveraging."""
    trader = pit.look_trader(who.owner, venue)
    which: dict[str, Any] = {}
    if ask.symbol is not None:
        which["name"] = pit.contract(ask.symbol, venue).name
    times = span(ask, venue=venue)
    adl = None if ask.auto_close_type is None else ask.auto_close_type == "ADL"

    def look() -> Orders:
        rows = history.futures(who.owner, venue, "forced", "", limit=1000, **which, **times)
        found = [
            order_reply(again(trader, pit.contracts[row.name], row.body[0]), placed=False)
            for row in rows
            if adl in (None, row.body[1]) and row.name in pit.contracts
        ]
        return found[-ask.limit :]

    return look
