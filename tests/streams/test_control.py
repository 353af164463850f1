"""What a client may ask on a stream socket, and how what cannot be done is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.gateways.conftest import Server
from tests.streams.listening import Listener, read, trade
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

VARIANTS = "`SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`"
NO_ID = "Invalid request: request ID must be an unsigned integer"
NO_NAME = "Invalid request: property name must be a string"
TOO_MANY = "Invalid request: too many parameters"
NO_JSON = "Invalid JSON: expected value at line {} column {}"


def refused(server: Server, text: str) -> Any:
    with Listener(server, "/ws") as listener:
        return listener.raw(text)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('{"method":"GET_PROPERTY","params":["x"],"id":7}',
         {"code": 0, "msg": "Unknown property", "id": 7}),
        ('{"method":"SET_PROPERTY","params":["x",true],"id":"a"}',
         {"code": 0, "msg": "Unknown property", "id": "a"}),
        ('{"method":"SET_PROPERTY","params":["combined",1],"id":7}',
         {"code": 1, "msg": "Invalid value type: expected Boolean", "id": 7}),
        ('{"method":"SET_PROPERTY","params":["combined"],"id":7}',
         {"code": 1, "msg": "Invalid value type: expected Boolean", "id": 7}),
        ('{"method":"GET_PROPERTY","params":[7],"id":7}', {"code": 2, "msg": NO_NAME, "id": 7}),
        ('{"method":"GET_PROPERTY","params":[],"id":7}', {"code": 2, "msg": NO_NAME, "id": 7}),
        ('{"method":"GET_PROPERTY","id":7}', {"code": 2, "msg": NO_NAME, "id": 7}),
        ('{"method":"GET_PROPERTY","params":["combined",1],"id":7}',
         {"code": 2, "msg": TOO_MANY, "id": 7}),
        ('{"method":"LIST_SUBSCRIPTIONS","params":["x"],"id":7}',
         {"code": 2, "msg": TOO_MANY, "id": 7}),
        ('{"method":"LIST_SUBSCRIPTIONS"}', {"code": 2, "msg": NO_ID}),
        ('{"method":"LIST_SUBSCRIPTIONS","id":1.5}', {"code": 2, "msg": NO_ID}),
        ('{"method":"LIST_SUBSCRIPTIONS","id":true}', {"code": 2, "msg": NO_ID}),
        ('{"method":"LIST_SUBSCRIPTIONS","id":9223372036854775808}', {"code": 2, "msg": NO_ID}),
        ('{"method":"LIST_SUBSCRIPTIONS","id":[1]}', {"code": 2, "msg": NO_ID}),
        ('{"method":"LIST_SUBSCRIPTIONS","id":"%s"}' % ("x" * 37), {"code": 2, "msg": NO_ID}),
        ('{"method":"LIST_SUBSCRIPTIONS","id":"é"}', {"code": 2, "msg": NO_ID}),
        ('{"method":"SUB","id":3}',
         {"code": 2, "msg": f"Invalid request: unknown variant `SUB`, expected one of {VARIANTS} "
          "at line 1 column 15", "id": 3}),
        ('{\n "id":3,\n "method": "x"}',
         {"code": 2, "msg": f"Invalid request: unknown variant `x`, expected one of {VARIANTS} "
          "at line 3 column 14", "id": 3}),
        ('{"method":"\\ud800","id":{"a":1}}',
         {"code": 2, "msg": 'Invalid request: unknown variant `"\\ud800"`, expected one of '
          f"{VARIANTS} at line 1 column 18"}),
        ('{"id":1}', {"code": 2, "msg": "Invalid request: missing field `method` "
                      "at line 1 column 8"}),
        ('{"method":"SUBSCRIBE","id":1,"id":2}',
         {"code": 2, "msg": "Invalid request: duplicate field `id`"}),
        ("[]", {"code": 2, "msg": "Invalid request: expected an object"}),
        ("{bad", {"code": 3, "msg": NO_JSON.format(1, 2)}),
        ('{"method":NaN}', {"code": 3, "msg": NO_JSON.format(1, 1)}),
        ("[" * 100_000, {"code": 3, "msg": NO_JSON.format(1, 1)}),
        ("9" * 5_000, {"code": 3, "msg": NO_JSON.format(1, 1)}),
        ("", {"code": 3, "msg": NO_JSON.format(1, 1)}),
        ('{"method":"SUBSCRIBE","params":"btcusdt@trade","id":1}',
         {"code": 2, "msg": "Invalid request: params must be a list of stream names", "id": 1}),
        ('{"method":"SUBSCRIBE","params":["btcusdt@trade",7],"id":1}',
         {"code": 2, "msg": "Invalid request: stream names must be strings", "id": 1}),
        ('{"method":"SUBSCRIBE","params":["\\udfff"],"id":1}',
         {"code": 2, "msg": "Invalid request: invalid stream", "id": 1}),
        ('{"method":"SUBSCRIBE","params":["%s"],"id":1}' % ("x" * 257),
         {"code": 2, "msg": "Invalid request: invalid stream", "id": 1}),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(server: Server, text: str, answer: Any) -> None:
    assert refused(server, text) == answer
    assert server.is_well()


@pytest.mark.parametrize(
    "request_id", [0, -1, 2**63 - 1, -(2**63), "", "a", "x" * 36, None,
                   "c3b0a1f2-7b1e-4d55-9a34-8e6a4cb0a6d1"]
)  # fmt: skip
def test_an_id_comes_back_as_it_was(server: Server, request_id: Any) -> None:
    request = {"method": "LIST_SUBSCRIPTIONS", "id": request_id}
    assert refused(server, json.dumps(request)) == {"result": [], "id": request_id}


def test_streams_come_and_go(server: Server) -> None:
    with Listener(server, "/ws/btcusdt@trade/no@such") as listener:
        assert listener.ask("SUBSCRIBE", "ethusdt@trade", "ethusdt@trade", "x@y") is None
        assert listener.ask("UNSUBSCRIBE", "btcusdt@trade", "never@heard") is None
        assert listener.ask("LIST_SUBSCRIPTIONS") == ["no@such", "ethusdt@trade", "x@y"]
        trade(server, "BTCUSDT", "0.01", "60000")
        told = trade(server, "ETHUSDT", "0.01", "3000")
        event = listener.next()
        assert (event["s"], event["t"]) == ("ETHUSDT", told["fills"][0]["tradeId"])
        assert listener.all(0.2) == []


def test_payloads_are_raw_or_combined(server: Server) -> None:
    with (
        Listener(server, "/ws/btcusdt@trade") as raw,
        Listener(server, "/stream?streams=btcusdt@trade/btcusdt@aggTrade") as combined,
    ):
        assert raw.ask("GET_PROPERTY", "combined") is False
        assert combined.ask("GET_PROPERTY", "combined") is True
        trade(server, "BTCUSDT", "0.01", "60000")
        bare = raw.next()
        assert combined.next() == {"stream": "btcusdt@trade", "data": bare}
        assert combined.next()["stream"] == "btcusdt@aggTrade"
        assert raw.ask("SET_PROPERTY", "combined", True) is None
        assert raw.ask("GET_PROPERTY", "combined") is True
        assert combined.ask("SET_PROPERTY", "combined", False) is None
        trade(server, "BTCUSDT", "0.01", "60000")
        assert raw.next()["stream"] == "btcusdt@trade"
        assert combined.next()["e"] == "trade"


@pytest.mark.parametrize("unit", ["MICROSECOND", "microsecond"])
def test_microseconds(server: Server, unit: str) -> None:
    with (
        Listener(server, f"/ws/btcusdt@trade?timeUnit={unit}") as micro,
        Listener(server, f"/stream?streams=btcusdt@trade&timeUnit={unit}") as combined,
        Listener(server, "/ws/btcusdt@trade?timeUnit=MILLISECOND") as milli,
    ):
        trade(server, "BTCUSDT", "0.01", "60000")
        fine, coarse = micro.next(), milli.next()
        assert combined.next()["data"] == fine
        assert fine["T"] // 1000 == coarse["T"] and fine["E"] // 1000 == coarse["E"]


@pytest.mark.parametrize(
    "target",
    ["/ws", "/ws/", "/ws/0", "/ws/junk", "/stream", "/stream?streams=", "/stream/",
     "/stream?streams=/", "/stream.binance.com/ws", "/stream.binance.com/stream?streams=",
     "/data-stream.binance.vision/ws", "/@main/ws"],
)  # fmt: skip
def test_sockets_that_wait_for_a_subscription(server: Server, target: str) -> None:
    with Listener(server, target) as listener:
        assert listener.ask("SUBSCRIBE", "btcusdt@trade") is None
        trade(server, "BTCUSDT", "0.01", "60000")
        event = listener.next()
        assert (event["data"] if "stream" in event else event)["e"] == "trade"


@pytest.mark.parametrize(
    "target",
    ["/ws/btcusdt%40trade", "/stream?streams=btcusdt%40trade%2Fx%40y",
     "/stream.binance.com/ws/btcusdt@trade", "/ws/ethusdt@trade/btcusdt@trade"],
)  # fmt: skip
def test_names_in_the_address(server: Server, target: str) -> None:
    with Listener(server, target) as listener:
        trade(server, "BTCUSDT", "0.01", "60000")
        event = listener.next()
        assert (event["data"] if "stream" in event else event)["s"] == "BTCUSDT"


@pytest.mark.parametrize(
    "target", ["/ws?timeUnit=SECOND", "/ws/%ff", "/stream?streams=%ff", "/nowhere", "/streams"]
)
def test_addresses_that_are_refused(server: Server, target: str) -> None:
    with pytest.raises(InvalidStatus) as wrong:
        connect(f"ws://127.0.0.1:{server.port}{target}").__enter__()
    assert wrong.value.response.status_code in (400, 404)
    assert b'"code":' in (wrong.value.response.body or b"")


@pytest.mark.parametrize(
    "name", ["BTCUSDT@trade", "btcusdt", "btcusdt@", "btcusdt@depth7", "btcusdt@kline_7m",
             "btcusdt@kline_1m@+09:00", "!nothing@arr", "!trade@arr", "!ticker_2h@arr",
             "btcusdt@ticker_2h", "btcusdt@depth@10ms", "nobody@trade", "@", "!", "!@arr"]
)  # fmt: skip
def test_names_that_nothing_is_said_on(server: Server, name: str) -> None:
    with Listener(server, "/ws") as listener:
        assert listener.ask("SUBSCRIBE", name) is None
        assert listener.ask("LIST_SUBSCRIPTIONS") == [name]
        trade(server, "BTCUSDT", "0.01", "60000")
        assert listener.all(0.05) == []
        assert listener.ask("UNSUBSCRIBE", name) is None


def test_a_thousand_and_twenty_four_streams(server: Server) -> None:
    names = [f"x{n}@trade" for n in range(1_024)]
    with Listener(server, "/ws") as listener:
        assert listener.ask("SUBSCRIBE", *names) is None
        assert listener.ask("SUBSCRIBE", names[7]) is None
        over = listener.ask("SUBSCRIBE", "one@more")
        assert (over["code"], over["msg"]) == (2, "Invalid request: too many streams")
        assert len(listener.ask("LIST_SUBSCRIPTIONS")) == 1_024
    with pytest.raises(InvalidStatus):
        Listener(server, "/stream?streams=" + "/".join(f"x{n}" for n in range(1_025)))


def test_nobody_listens_any_more(server: Server) -> None:
    """Channels end with their last listener, and cost nothing after."""
    hub = server.served.door.worlds["main"].hub
    with Listener(server, "/ws/btcusdt@depth/btcusdt@trade/btcusdt@bookTicker/x@y") as listener:
        listener.ask("LIST_SUBSCRIPTIONS")
        names = ("btcusdt@depth", "btcusdt@trade", "btcusdt@bookTicker")
        assert set(hub.channels) >= {("spot", name) for name in names}
        listener.ask("UNSUBSCRIBE", "btcusdt@depth")
        assert hub.pit.symbols["BTCUSDT"].book.touched is None
    read(server, "/api/v3/ping")
    for _ in range(100):
        if not hub.channels:
            break
        read(server, "/api/v3/ping")
    assert not hub.channels and not hub.trades and not hub.bests and not hub.timed


def test_what_was_refused_is_on_the_request_log(server: Server) -> None:
    key = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"
    with Listener(server, f"/ws/{key}") as listener:
        listener.raw('{"method":"SUB","params":["%s"],"secretKey":"tell nobody","id":3}' % key)
    newest = server.request("GET", "/_tradepit/v1/requests?limit=1").json[-1]
    assert (newest["via"], newest["path"], newest["code"]) == ("STREAM", "/ws/…", 2)
    assert newest["reason"] == newest["msg"]
    assert newest["msg"].startswith("Invalid request: unknown variant `SUB`")
    assert newest["asked"] == '{"method":"SUB","params":["…"],"secretKey":"…","id":3}'
