"""A walk through every operation: requests in an order in which each of them succeeds.

The documents' examples are the answers to these requests in an exchange made for it, the Postman
collection is these requests. What an answer holds can be kept (`keep`) and used later as `{name}`.
An operation that is not on the tour is asked with `COMMON` values for what it must have.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final, NamedTuple

from tradepit.catalog.language import REGISTRY, Operation

SYMBOL: Final = "BTCUSDT"

# Values of parameters by their names, for who knows nothing better.
COMMON: Final = {
    "symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001",
    "price": "50000.00", "interval": "1m", "limit": "2", "asset": "USDT", "amount": "100",
    "coin": "USDT", "size": "10", "current": "1", "pair": "BTCUSD", "contractType": "PERPETUAL",
    "period": "5m", "leverage": "20", "marginType": "CROSSED", "network": "ETH",
}  # fmt: skip


class Step(NamedTuple):
    """One request. who: the dev account that signs. keep: what its answer leaves for later ones,
    by name; a path into the answer ("orders.0.orderId")."""

    operation: str
    params: dict[str, str] = {}  # noqa: RUF012  # never changed
    keep: dict[str, str] = {}  # noqa: RUF012
    who: str = "alice"


_LOW = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
        "quantity": "0.001", "price": "50000.00"}  # fmt: skip
_WORKING = {
    "symbol": SYMBOL, "workingType": "LIMIT", "workingSide": "BUY", "workingTimeInForce": "GTC",
    "workingPrice": "50000.00", "workingQuantity": "0.001",
}  # fmt: skip
_PENDING = {"pendingType": "LIMIT", "pendingSide": "SELL", "pendingTimeInForce": "GTC",
            "pendingPrice": "200000.00"}  # fmt: skip
_PENDING_PAIR = {
    "pendingSide": "SELL", "pendingAboveType": "LIMIT_MAKER", "pendingAbovePrice": "200000.00",
    "pendingBelowType": "STOP_LOSS", "pendingBelowStopPrice": "40000.00",
}  # fmt: skip
_KEEP_ORDER = {"orderId": "orderId", "clientOrderId": "clientOrderId"}
_ONE = {"symbol": SYMBOL}
_ORDER = {"symbol": SYMBOL, "orderId": "{orderId}"}

# What an exchange without residents needs to have a price and something to sell.
OPENING: Final = tuple(
    Step("POST /api/v3/order", {**_LOW, "symbol": symbol, "price": price, **more}, who=who)
    for symbol, price, who, more in (
        (SYMBOL, "107282.10", "bob", {"side": "SELL"}),
        (SYMBOL, "107282.10", "carol", {}),
        ("BTCUSDC", "107282.00", "bob", {"side": "SELL", "quantity": "0.5"}),
        ("ETHUSDT", "2432.21", "bob", {"side": "SELL", "quantity": "0.01"}),
        ("ETHUSDT", "2432.21", "carol", {"quantity": "0.01"}),
    )
) + tuple(
    # On the futures, too; one of them is liquidated then.
    step
    for api, symbol, quantity in (("fapi", SYMBOL, "0.010"), ("dapi", "BTCUSD_PERP", "5"))
    for step in (
        *(
            Step(f"POST /{api}/v1/order", {**_LOW, "symbol": symbol, "side": side,
                 "quantity": quantity, "price": "107282.1"}, who=who)
            for who, side in (("bob", "SELL"), ("carol", "BUY"), ("bob", "BUY"))
        ),
        Step("POST /_tradepit/v1/liquidations", {"symbol": symbol, "account": "carol"}, who="bob"),
    )
)  # fmt: skip

_GENERAL = (
    Step("GET /api/v3/ping"),
    Step("GET /api/v3/time"),
    Step("GET /api/v3/exchangeInfo", _ONE),
    Step("GET /api/v3/executionRules", _ONE),
)

# Somebody to trade with: bob asks, and bids far below.
_TRADES = (
    Step("GET /api/v3/ticker/price", _ONE, {"price": "price"}),
    Step("POST /api/v3/order", {**_LOW, "side": "SELL", "quantity": "0.5", "price": "{price}",
         "newOrderRespType": "FULL"}, {"bobsOrderId": "orderId"}, who="bob"),
    Step("POST /api/v3/order", {**_LOW, "quantity": "0.5", "price": "49000.00"}, who="bob"),
    Step("POST /api/v3/order", {"symbol": SYMBOL, "side": "BUY", "type": "MARKET",
         "quantity": "0.02", "newOrderRespType": "FULL"}, _KEEP_ORDER),
    Step("GET /api/v3/myTrades", {"symbol": SYMBOL, "limit": "2"}),
)  # fmt: skip

_ORDERS = (
    Step("POST /api/v3/order/test", {**_LOW, "computeCommissionRates": "true"}),
    Step("POST /api/v3/order", _LOW, _KEEP_ORDER),
    Step("GET /api/v3/order", _ORDER),
    Step("GET /api/v3/openOrders", _ONE),
    Step("PUT /api/v3/order/amend/keepPriority", {**_ORDER, "newQty": "0.0005"}),
    Step("GET /api/v3/order/amendments", _ORDER),
    Step("POST /api/v3/order/cancelReplace", {**_LOW, "cancelReplaceMode": "STOP_ON_FAILURE",
         "cancelOrderId": "{orderId}"}, {"orderId": "newOrderResponse.orderId"}),
    Step("DELETE /api/v3/order", _ORDER),
    Step("GET /api/v3/allOrders", {"symbol": SYMBOL, "limit": "2"}),
    Step("POST /api/v3/order", {**_LOW, "newOrderRespType": "RESULT"}, _KEEP_ORDER),
    Step("POST /api/v3/order", {**_LOW, "side": "SELL", "type": "LIMIT", "timeInForce": "IOC",
         "price": "50000.00"}, {"preventedOrderId": "orderId"}),
    Step("GET /api/v3/myPreventedMatches", {"symbol": SYMBOL, "orderId": "{preventedOrderId}"}),
    Step("POST /api/v3/sor/order/test", {**_LOW, "computeCommissionRates": "true"}),
    Step("POST /api/v3/sor/order", {**_LOW, "price": "{price}", "timeInForce": "IOC"}),
    Step("GET /api/v3/myAllocations", _ONE),
)  # fmt: skip

_LISTS = (
    Step("POST /api/v3/orderList/oco", {
        "symbol": SYMBOL, "side": "SELL", "quantity": "0.001", "aboveType": "LIMIT_MAKER",
        "abovePrice": "200000.00", "belowType": "STOP_LOSS", "belowStopPrice": "40000.00"},
        {"orderListId": "orderListId", "listClientOrderId": "listClientOrderId"}),
    Step("GET /api/v3/orderList", {"orderListId": "{orderListId}"}),
    Step("GET /api/v3/openOrderList"),
    Step("DELETE /api/v3/orderList", {"symbol": SYMBOL, "orderListId": "{orderListId}"}),
    Step("POST /api/v3/order/oco", {"symbol": SYMBOL, "side": "SELL", "quantity": "0.001",
         "price": "200000.00", "stopPrice": "40000.00"}),
    Step("POST /api/v3/orderList/oto", {**_WORKING, **_PENDING, "pendingQuantity": "0.001"}),
    Step("POST /api/v3/orderList/opo", {**_WORKING, **_PENDING}),
    Step("POST /api/v3/orderList/otoco", {**_WORKING, **_PENDING_PAIR,
         "pendingQuantity": "0.001"}),
    Step("POST /api/v3/orderList/opoco", {**_WORKING, **_PENDING_PAIR}),
    Step("GET /api/v3/allOrderList", {"limit": "2"}),
    Step("DELETE /api/v3/openOrders", _ONE),
)  # fmt: skip

_MARKET = tuple(
    Step(f"GET /api/v3/{name}", {**_ONE, **more})
    for name, more in (
        ("depth", {"limit": "5"}), ("trades", {"limit": "2"}), ("historicalTrades", {"limit": "2"}),
        ("historicalBlockTrades", {"fromId": "1"}), ("aggTrades", {"limit": "2"}),
        ("klines", {"interval": "1m", "limit": "2"}),
        ("uiKlines", {"interval": "1m", "limit": "2"}), ("avgPrice", {}), ("ticker/24hr", {}),
        ("ticker/tradingDay", {}), ("ticker", {"windowSize": "1h"}), ("ticker/price", {}),
        ("ticker/bookTicker", {}),
    )
)  # fmt: skip

_ACCOUNT = (
    Step("GET /api/v3/account", {"omitZeroBalances": "true"}),
    Step("GET /api/v3/account/commission", _ONE),
    Step("GET /api/v3/myFilters", _ONE),
    Step("GET /api/v3/rateLimit/order"),
    Step("POST /api/v3/userDataStream", {}, {"listenKey": "listenKey"}),
    Step("PUT /api/v3/userDataStream", {"listenKey": "{listenKey}"}),
    Step("DELETE /api/v3/userDataStream", {"listenKey": "{listenKey}"}),
)

_ALGO = {"algoType": "CONDITIONAL", "symbol": SYMBOL, "side": "BUY", "type": "STOP_MARKET",
         "quantity": "0.01", "triggerPrice": "200000"}  # fmt: skip
_FUTURES = (
    *(
        Step(f"{method} /{api}/v1/listenKey")
        for api in ("fapi", "dapi")
        for method in ("POST", "PUT", "DELETE")
    ),
    Step("POST /fapi/v1/algoOrder", _ALGO, {"algoId": "algoId"}),
    Step("GET /fapi/v1/algoOrder", {"algoId": "{algoId}"}),
    Step("DELETE /fapi/v1/algoOrder", {"algoId": "{algoId}"}),
)

# The owner's: a guest comes, gets money and a key. `run` is a number of its own in each run.
_GUEST = "guest{run}"
_CONTROL = (
    Step("POST /_tradepit/v1/accounts", {"name": _GUEST}),
    Step("POST /_tradepit/v1/faucet", {"account": _GUEST, "asset": "USDT", "amount": "2500.5"}),
    Step("PUT /_tradepit/v1/accounts", {"account": _GUEST, "paysInBnb": "true"}),
    Step("PUT /_tradepit/v1/commission", {"account": _GUEST, "maker": "0", "taker": "0.0005"}),
    Step("POST /_tradepit/v1/keys", {"account": _GUEST, "label": "bot"}, {"apiKey": "apiKey"}),
    Step("DELETE /_tradepit/v1/keys", {"apiKey": "{apiKey}"}),
    Step("PUT /_tradepit/v1/symbols", {"symbol": "ETHUSDT", "referencePrice": "2500"}),
    Step("GET /api/v3/referencePrice", {"symbol": "ETHUSDT"}),
    Step("GET /api/v3/referencePrice/calculation", {"symbol": "ETHUSDT"}),
    Step("PUT /_tradepit/v1/symbols", {"symbol": "ETHUSDT", "status": "TRADING",
         "noReferencePrice": "true"}),
    Step("PUT /_tradepit/v1/clock", {"speed": "1"}),
    Step("POST /_tradepit/v1/clock/advance", {"by": "1s"}),
    Step("POST /_tradepit/v1/faults", {"kind": "overloaded", "account": _GUEST, "times": "1"},
         {"fault": "number"}),
    Step("GET /_tradepit/v1/faults"),
    Step("DELETE /_tradepit/v1/faults", {"number": "{fault}"}),
    Step("GET /_tradepit/v1/requests", {"limit": "2"}),
)  # fmt: skip

TOUR: Final = (*_GENERAL, *_TRADES, *_ORDERS, *_LISTS, *_MARKET, *_ACCOUNT, *_FUTURES, *_CONTROL)

# Answers without an end: nothing to show, nothing to wait for.
ENDLESS: Final = frozenset({"GET /_tradepit/v1/events"})


def steps() -> list[Step]:
    """The tour, and behind it what else is served over HTTP and can be asked by anybody."""
    seen = {step.operation for step in TOUR}
    rest = [
        Step(found.id, _common(found))
        for found in REGISTRY.values()
        if found.path and found.id not in seen and not needs_thought(found)
    ]
    known = [step for step in TOUR if step.operation in REGISTRY]
    return known + sorted(rest, key=lambda step: step.operation.partition(" ")[2])


def needs_thought(found: Operation) -> bool:
    """Whether an operation without a place on the tour is not asked: it has no end, or it turns
    the whole world (a rewind, a replay)."""
    turns = found.path.startswith("/_tradepit/") and found.method != "GET"
    return found.id in ENDLESS or turns


def _common(found: Operation) -> dict[str, str]:
    return {field.wire: COMMON.get(field.wire, "1") for field in found.fields() if field.mandatory}


def filled(params: dict[str, str], kept: dict[str, str]) -> dict[str, str]:
    """`params` with the kept values in place of their names."""
    known = defaultdict(lambda: "0", kept)  # "0": whoever should have left it was refused
    return {name: text.format_map(known) for name, text in params.items()}
