"""Every method is its REST twin: the same checks, the same result."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.gateways.conftest import Server
from tests.ws_api.speaking import Speaker, sign

from tradepit.catalog import publish
from tradepit.catalog.language import by_ws_method
from tradepit.data.genesis import DEV_KEYS

publish.load()
METHODS = by_ws_method()
BOB = DEV_KEYS[1]
LIMIT = {
    "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
    "quantity": "0.1", "price": "50000",
}  # fmt: skip

# What each public method needs to answer, and each private one beside its signature.
NEEDS: dict[str, dict[str, Any]] = {
    name: {"symbol": "BTCUSDT"}
    for name in (
        "depth", "trades.recent", "trades.historical", "trades.aggregate", "avgPrice",
        "ticker.tradingDay", "ticker", "allOrders", "myTrades", "myAllocations",
        "account.commission", "myFilters",
    )
}  # fmt: skip
NEEDS |= {
    "klines": {"symbol": "BTCUSDT", "interval": "1m"},
    "uiKlines": {"symbol": "BTCUSDT", "interval": "1m"},
    "blockTrades.historical": {"symbol": "BTCUSDT", "fromId": 0},
    "order.test": LIMIT,
    "sor.order.test": LIMIT,
    "myPreventedMatches": {"symbol": "BTCUSDT", "orderId": 1},
    "order.amendments": {"symbol": "BTCUSDT", "orderId": 1},
}
# These answer only when there is something to find.
ELSEWHERE = {"order.status", "orderList.status", "referencePrice", "referencePrice.calculation"}
QUERIES = sorted(
    name
    for name, found in METHODS.items()
    if not found.is_command and found.routes and name not in ELSEWHERE
    if name in NEEDS or not any(field.mandatory for field in found.fields())
)


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_says_what_rest_says(server: Server, name: str) -> None:
    found = METHODS[name]
    params = NEEDS.get(name, {})
    with Speaker(server) as speaker:
        if found.signed:
            answer = speaker.signed(name, **params)
        else:
            answer = speaker.ask(name, params)
    assert answer["status"] == 200, answer
    query = "&".join(f"{key}={value}" for key, value in params.items())
    if found.method == "POST":
        rest = server.signed("POST", found.path, "", query)
    elif found.signed:
        rest = server.signed("GET", found.path, query)
    else:
        rest = server.request("GET", f"{found.path}?{query}")
    assert rest.status == 200
    moving = {"serverTime", "closeTime", "openTime"}
    if name == "exchangeInfo":
        moving.add("rateLimits")  # connections instead of raw requests
    assert _still(answer["result"], moving) == _still(rest.json, moving)


def _still(found: Any, moving: set[str]) -> Any:
    """An answer without what changes from one moment to the next."""
    if isinstance(found, dict):
        return {key: _still(value, moving) for key, value in found.items() if key not in moving}
    return [_still(row, moving) for row in found] if isinstance(found, list) else found


def test_an_order_lives_on_the_socket(server: Server) -> None:
    with Speaker(server) as speaker:
        placed = speaker.signed("order.place", **LIMIT, newClientOrderId="ws-1")
        assert placed["status"] == 200 and placed["result"]["status"] == "NEW"
        assert list(placed) == ["id", "status", "result", "rateLimits"]
        assert [row["rateLimitType"] for row in placed["rateLimits"]] == [
            "ORDERS", "ORDERS", "REQUEST_WEIGHT",
        ]  # fmt: skip
        number = placed["result"]["orderId"]
        seen = speaker.signed("order.status", symbol="BTCUSDT", orderId=number)
        assert seen["result"]["clientOrderId"] == "ws-1"
        less = speaker.signed(
            "order.amend.keepPriority", symbol="BTCUSDT", orderId=number, newQty="0.05"
        )
        assert less["result"]["amendedOrder"]["qty"] == "0.05000000"
        both = speaker.signed(
            "order.cancelReplace", **{**LIMIT, "price": "51000"},
            cancelReplaceMode="STOP_ON_FAILURE", cancelOrderId=number,
        )  # fmt: skip
        assert both["result"]["newOrderResult"] == "SUCCESS"
        gone = speaker.signed("openOrders.cancelAll", symbol="BTCUSDT")
        assert [row["status"] for row in gone["result"]] == ["CANCELED"]
        failed = speaker.signed(
            "order.cancelReplace", **LIMIT, cancelReplaceMode="ALLOW_FAILURE", cancelOrderId=number
        )
        assert failed["status"] == 409 and failed["error"]["code"] == -2021
        assert failed["error"]["data"]["newOrderResult"] == "SUCCESS"
        speaker.signed("openOrders.cancelAll", symbol="BTCUSDT")


def test_lists_on_the_socket(server: Server) -> None:
    with Speaker(server) as speaker:
        placed = speaker.signed(
            "orderList.place.oco", symbol="ETHUSDT", side="SELL", quantity="1",
            aboveType="LIMIT_MAKER", abovePrice="3000", belowType="STOP_LOSS",
            belowStopPrice="2000",
        )  # fmt: skip
        number = placed["result"]["orderListId"]
        assert len(speaker.signed("openOrderLists.status")["result"]) == 1
        assert speaker.signed("orderList.status", orderListId=number)["status"] == 200
        gone = speaker.signed("orderList.cancel", symbol="ETHUSDT", orderListId=number)
        assert gone["result"]["listOrderStatus"] == "ALL_DONE"


def test_numbers_may_be_json_numbers(server: Server) -> None:
    with Speaker(server) as speaker:
        params = sign({**LIMIT, "quantity": 0.1, "price": 50000, "recvWindow": 5000})
        answer = speaker.ask("order.test", params)
        assert (answer["status"], answer["result"]) == (200, {})


def test_method_names_may_carry_the_version(server: Server) -> None:
    with Speaker(server) as speaker:
        assert speaker.ask("v3/ping")["result"] == {}


@pytest.mark.parametrize("text", ['"a-b"', "7", "-3", "null", '"ü"'])
def test_the_id_comes_back_as_it_was(server: Server, text: str) -> None:
    with Speaker(server) as speaker:
        speaker.socket.send('{"id":%s,"method":"ping"}' % text)
        assert str(speaker.socket.recv(timeout=5)).startswith('{"id":%s,"status":200' % text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{bad", -1135),
        ("[]", -1135),
        ("7", -1135),
        ('{"id":1,"method":"ping","method":"time"}', -1135),
        ('{"id":1,"id":2,"method":"ping","params":{}}', -1135),
        ('{"id":1,"method" :"ping","method":"time","params":{}}', -1135),
        ('{"id":1,"method":"depth","params":{"symbol":{"id":1}},"params":{}}', -1135),
        ('{"id":"method","method":"depth","params":{"symbol":{"id":{"id":1}}}}', -1100),
        ('{"method":"ping"}', -1102),
        ('{"id":1}', -1102),
        ('{"id":1.5,"method":"ping"}', -1130),
        ('{"id":{},"method":"ping"}', -1130),
        ('{"id":1,"method":7}', -1130),
        ('{"id":1,"method":"nope"}', -1020),
        ('{"id":1,"method":"ping","params":[]}', -1130),
        ('{"id":1,"method":"ping","params":{"a":1}}', -1101),
        ('{"id":1,"method":"depth","params":{"symbol":"BTCUSDT","symbol":"ETHUSDT"}}', -1101),
        ('{"id":1,"method":"depth","params":{"symbol" :"BTCUSDT","symbol":"ETHUSDT"}}', -1101),
        ('{"id":1,"method":"depth","params":{"symbol" :"A:B","symbol":"A","limit":5}}', -1101),
        ('{"id":1,"method":"depth","params":{"symbol":"BTCUSDT","bogus":1}}', -1104),
        ('{"id":1,"method":"depth","params":{"symbol":null}}', -1105),
        ('{"id":1,"method":"depth","params":{}}', -1102),
        ('{"id":1,"method":"depth","params":{"symbol":{"a":1}}}', -1100),
        ('{"id":1,"method":"depth","params":{"symbol":"BTCUSDT","limit":1e3}}', -1100),
        ('{"id":1,"method":"order.place","params":{"symbol":"BTCUSDT"}}', -1102),
        ('{"id":1,"method":"account.position"}', -1020),
    ],
)
def test_bad_requests(server: Server, text: str, code: int) -> None:
    with Speaker(server) as speaker:
        answer = speaker.raw(text)
        assert answer["error"]["code"] == code, answer
        assert 400 <= answer["status"] <= 501
        assert speaker.ask("ping")["status"] == 200, "the socket goes on"


def test_ten_thousand_unknown_methods(server: Server) -> None:
    with Speaker(server) as speaker:
        for number in range(2_000):
            speaker.socket.send('{"id":%d,"method":"m%d"}' % (number, number))
        for number in range(2_000):
            answer = json.loads(speaker.socket.recv(timeout=10))
            assert (answer["id"], answer["status"]) == (number, 400)


def test_keys_and_signatures(server: Server) -> None:
    with Speaker(server) as speaker:
        good = sign({"omitZeroBalances": "true"})
        wrong = {**good, "signature": "0" * 64}
        assert speaker.ask("account.status", wrong)["error"]["code"] == -1022
        late = sign({"timestamp": 1_600_000_000_000})
        assert speaker.ask("account.status", late)["error"]["code"] == -1021
        unknown = sign({"apiKey": "x" * 64})
        assert speaker.ask("account.status", unknown)["error"]["code"] == -2015
        short = sign({"apiKey": "x"})
        assert speaker.ask("account.status", short)["error"]["code"] == -2014
        assert speaker.ask("account.status", good)["status"] == 200


@pytest.mark.parametrize("shown", ["true", "false"])
def test_what_is_said_of_limits_is_signed_too(server: Server, shown: str) -> None:
    with Speaker(server) as speaker:
        found = speaker.signed("account.status", returnRateLimits=shown)
        assert found["status"] == 200 and ("rateLimits" in found) is (shown == "true")


def test_microseconds_and_hidden_limits(server: Server) -> None:
    with Speaker(server, "?timeUnit=MICROSECOND&returnRateLimits=false") as speaker:
        answer = speaker.ask("time")
        assert answer["result"]["serverTime"] > 10**15 and "rateLimits" not in answer
        assert "rateLimits" in speaker.ask("time", {"returnRateLimits": True})
    with pytest.raises(Exception, match="400"):
        Speaker(server, "?timeUnit=HOUR")


def test_placing_costs_nothing_and_sockets_count_connections(server: Server) -> None:
    with Speaker(server) as speaker:
        before = speaker.ask("ping")["rateLimits"][-1]["count"]
        for method in ("order.place", "openOrders.cancelAll"):
            params = LIMIT if method == "order.place" else {"symbol": LIMIT["symbol"]}
            assert speaker.signed(method, **params)["rateLimits"][-1]["count"] == before
        assert speaker.signed("openOrders.cancelAll", symbol=LIMIT["symbol"])["status"] == 400
        told = speaker.ask("exchangeInfo", {"symbol": "BTCUSDT"})
        assert told["rateLimits"][-1]["count"] == before + 1 + 20
        rows = told["result"]["rateLimits"]
        assert [(row["rateLimitType"], row["limit"]) for row in rows] == [
            ("REQUEST_WEIGHT", 6_000), ("ORDERS", 50), ("ORDERS", 160_000), ("CONNECTIONS", 300),
        ]  # fmt: skip


def test_weights_are_shared_with_rest(limited: Server) -> None:
    with Speaker(limited) as speaker:
        before = speaker.ask("ping")["rateLimits"][0]["count"]
        limited.request("GET", "/api/v3/depth?symbol=BTCUSDT&limit=5000")
        after = speaker.ask("ping")["rateLimits"][0]["count"]
        assert after == before + 250 + 1
        for _ in range(24):
            answer = speaker.ask("depth", {"symbol": "BTCUSDT", "limit": 5000})
        assert answer["status"] == 429 and answer["error"]["code"] == -1003
        assert answer["error"]["data"]["retryAfter"] > answer["error"]["data"]["serverTime"]
