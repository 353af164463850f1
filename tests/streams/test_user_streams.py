"""The user data of listen keys on stream sockets, however the key is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.gateways.conftest import Server, running
from tests.streams.listening import (
    ALICE,
    BOB,
    CAROL,
    Listener,
    advance,
    call,
    listen_key,
    order,
    trade,
)
from websockets.exceptions import ConnectionClosed

from tradepit.catalog.unserved import SERVED_STREAMS
from tradepit.config import Config
from tradepit.gateways.hub import Channel
from tradepit.gateways.stream_names import make_feed

REPORT = [
    "e", "E", "s", "c", "S", "o", "f", "q", "p", "P", "F", "g", "C", "x", "X", "r", "i", "l", "z",
    "L", "n", "N", "T", "t", "I", "w", "m", "M", "O", "Z", "Y", "Q", "W", "V",
]  # fmt: skip


@pytest.mark.parametrize("target", ["/ws/{}", "/stream?streams={}", "/ws", "/stream"])
def test_a_listen_key_is_a_stream_name(server: Server, target: str) -> None:
    key = listen_key(server)
    with Listener(server, target.format(key)) as listener:
        if "{}" not in target:
            assert listener.ask("SUBSCRIBE", key) is None
            assert listener.ask("LIST_SUBSCRIPTIONS") == [key]
        placed = order(server, ALICE, "LTCUSDT", "BUY", "1", "50")
        events = [listener.next() for _ in range(2)]
        if target.startswith("/stream"):
            assert {event["stream"] for event in events} == {key}
            events = [event["data"] for event in events]
        report, position = events
        assert list(report) == REPORT and report["e"] == "executionReport"
        assert (report["i"], report["x"], report["X"]) == (placed["orderId"], "NEW", "NEW")
        assert (report["c"], report["T"]) == (placed["clientOrderId"], placed["transactTime"])
        assert list(position) == ["e", "E", "u", "B"]
        assert position["e"] == "outboundAccountPosition"
        account = call(server, "GET", "/api/v3/account")
        shown = {row["asset"]: (row["free"], row["locked"]) for row in account["balances"]}
        assert {row["a"]: (row["f"], row["l"]) for row in position["B"]} == {
            row["a"]: shown[row["a"]] for row in position["B"]
        }
        if "{}" not in target:
            assert listener.ask("UNSUBSCRIBE", key) is None
        call(server, "DELETE", "/api/v3/order", symbol="LTCUSDT", orderId=placed["orderId"])
        assert (listener.all(0.1) == []) == ("{}" not in target)


def test_several_accounts_and_streams_on_one_connection(server: Server) -> None:
    keys = {listen_key(server, key): key.name for key in (ALICE, BOB, CAROL)}
    target = "/stream?streams=" + "/".join([*keys, "ethusdt@trade"])
    with Listener(server, target) as listener:
        trade(server, "ETHUSDT", "0.01", "3000")
        events = [listener.next() for _ in range(8)]
        assert listener.all(0.1) == []
    told = [
        (keys.get(e["stream"], e["stream"]), e["data"]["e"], e["data"].get("x")) for e in events
    ]
    mine = {name: [row[1:] for row in told if row[0] == name] for name in ("alice", "bob")}
    new, fill = ("executionReport", "NEW"), ("executionReport", "TRADE")
    position = ("outboundAccountPosition", None)
    assert mine["alice"] == [new, position, fill, position]
    assert mine["bob"] == [new, fill, position]
    assert [row[0] for row in told].count("ethusdt@trade") == 1 and len(told) == 8
    fills = [e["data"] for e in events if e["data"].get("x") == "TRADE"]
    assert len({fill["t"] for fill in fills}) == 1 and [f["m"] for f in fills].count(True) == 1
    ids = [e["data"]["I"] for e in events if e["data"]["e"] == "executionReport"]
    assert len(set(ids)) == len(ids)


def test_the_oldest_way_to_read_a_listen_key(server: Server) -> None:
    path = "/api/v1/userDataStream"
    key = server.request("POST", path, x_mbx_apikey=BOB.api_key).json["listenKey"]
    shown = server.request("GET", path, x_mbx_apikey=BOB.api_key)
    assert shown.json == {"listenKey": key}
    server.request("DELETE", f"{path}?listenKey={key}", x_mbx_apikey=BOB.api_key)
    assert server.request("GET", path, x_mbx_apikey=BOB.api_key).code == -1125


@pytest.mark.parametrize(
    ("new", "reason", "code"),
    [
        ({"type": "LIMIT_MAKER", "price": "100"}, "WOULD_MATCH_IMMEDIATELY", -2010),
        ({"type": "STOP_LOSS", "stopPrice": "80"}, "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY", -2010),
        ({"type": "LIMIT", "timeInForce": "GTC", "price": "90", "quantity": "90000"},
         "INSUFFICIENT_BALANCES", -2010),
    ],
)  # fmt: skip
def test_an_order_that_replaces_and_is_refused(
    server: Server, new: dict[str, str], reason: str, code: int
) -> None:
    """The documents' case of REJECTED: the old order is canceled, the new one is not taken in."""
    trade(server, "LTCUSDT", "1", "90")
    order(server, BOB, "LTCUSDT", "SELL", "1", "95")
    old = order(server, ALICE, "LTCUSDT", "BUY", "1", "50")
    key = listen_key(server)
    ask = {
        "symbol": "LTCUSDT", "side": "BUY", "quantity": "1", "cancelReplaceMode": "STOP_ON_FAILURE",
        "cancelOrderId": old["orderId"], "newClientOrderId": f"new-{reason[:8]}", **new,
    }  # fmt: skip
    with Listener(server, f"/ws/{key}") as listener:
        query = "&".join(f"{name}={value}" for name, value in ask.items())
        answer = server.signed("POST", "/api/v3/order/cancelReplace", "", query)
        canceled, rejected, position = (listener.next() for _ in range(3))
        assert listener.all(0.1) == []
    assert (answer.status, answer.code) == (409, -2021)
    assert answer.json["data"]["newOrderResponse"]["code"] == code
    assert (canceled["x"], canceled["i"]) == ("CANCELED", old["orderId"])
    assert (rejected["x"], rejected["X"], rejected["r"]) == ("REJECTED", "REJECTED", reason)
    assert (rejected["c"], rejected["i"], rejected["I"]) == (ask["newClientOrderId"], -1, -1)
    assert (rejected["w"], rejected["t"], rejected["z"]) == (False, -1, "0.00000000")
    assert "W" not in rejected and position["e"] == "outboundAccountPosition"
    asked = f"symbol=LTCUSDT&origClientOrderId={rejected['c']}"
    unknown = server.signed("GET", "/api/v3/order", asked)
    assert unknown.code == -2013, "it was never taken in"
    call(server, "DELETE", "/api/v3/openOrders", BOB, symbol="LTCUSDT")


def test_every_listener_of_an_account_hears_it(server: Server) -> None:
    key = listen_key(server)
    with (
        Listener(server, f"/ws/{key}") as one,
        Listener(server, f"/ws/{key}") as two,
        Listener(server, f"/ws/{key}?timeUnit=MICROSECOND") as fine,
    ):
        order(server, ALICE, "LTCUSDT", "BUY", "1", "50")
        first = one.next()
        assert two.next() == first
        micro = fine.next()
        assert micro["E"] // 1_000 == first["E"] and micro["O"] // 1_000 == first["O"]


def test_an_hour_without_a_ping(server: Server) -> None:
    """The key lives by the world's clock; kept alive it lives on, expired it says so."""
    key = listen_key(server, CAROL)
    with (
        Listener(server, f"/ws/{key}") as raw,
        Listener(server, f"/stream?streams={key}/ltcusdt@trade") as combined,
    ):
        advance(server, "59m")
        kept = server.request(
            "PUT", f"/api/v3/userDataStream?listenKey={key}", x_mbx_apikey=CAROL.api_key
        )
        assert kept.status == 200
        advance(server, "59m")
        assert raw.all(0.1) == []
        advance(server, "61s")
        expired = raw.next()
        assert list(expired) == ["e", "E", "listenKey"]
        assert (expired["e"], expired["listenKey"]) == ("listenKeyExpired", key)
        assert combined.next() == {"stream": key, "data": expired}
        order(server, CAROL, "LTCUSDT", "BUY", "1", "40")
        assert raw.all(0.1) == []
        trade(server, "LTCUSDT", "1", "90")
        assert combined.next()["stream"] == "ltcusdt@trade"
    assert listen_key(server, CAROL) != key


def test_a_closed_key_is_silent(server: Server) -> None:
    key = listen_key(server, CAROL)
    with Listener(server, f"/ws/{key}") as listener:
        gone = server.request(
            "DELETE", f"/api/v3/userDataStream?listenKey={key}", x_mbx_apikey=CAROL.api_key
        )
        assert gone.status == 200
        order(server, CAROL, "LTCUSDT", "BUY", "1", "40")
        assert listener.all(0.1) == []


def test_market_data_hosts_hear_no_accounts(server: Server) -> None:
    key = listen_key(server)
    with Listener(server, f"/data-stream.binance.vision/ws/{key}") as listener:
        order(server, ALICE, "LTCUSDT", "BUY", "1", "50")
        assert listener.all(0.1) == []


def test_never_ahead_of_what_rest_shows(server: Server) -> None:
    key = listen_key(server, BOB)
    found: list[Any] = []
    with Listener(server, f"/ws/{key}") as listener:
        for n in range(20):
            order(server, BOB, "XRPUSDT", "BUY", "20", f"0.4{n:02d}")
            report = listener.until(lambda event: event["e"] == "executionReport")
            shown = call(server, "GET", "/api/v3/order", BOB, symbol="XRPUSDT", orderId=report["i"])
            assert (shown["status"], shown["clientOrderId"]) == ("NEW", report["c"])
            found.append(report["i"])
    assert found == sorted(set(found))


def test_lists_and_deposits(server: Server) -> None:
    key = listen_key(server)
    with Listener(server, f"/ws/{key}") as listener:
        placed = call(
            server, "POST", "/api/v3/orderList/oco", symbol="LTCUSDT", side="SELL", quantity="1",
            aboveType="LIMIT_MAKER", abovePrice="120", belowType="STOP_LOSS", belowStopPrice="60",
        )  # fmt: skip
        told = listener.until(lambda event: event["e"] == "listStatus")
        assert list(told) == ["e", "E", "s", "g", "c", "l", "L", "r", "C", "T", "O"]
        assert (told["g"], told["c"], told["l"], told["L"], told["C"]) == (
            placed["orderListId"], "OCO", "EXEC_STARTED", "EXECUTING", placed["listClientOrderId"],
        )  # fmt: skip
        assert [row["i"] for row in told["O"]] == [row["orderId"] for row in placed["orders"]]
        body = json.dumps({"account": "alice", "asset": "LTC", "amount": "2.5"}).encode()
        paid = server.request("POST", "/_tradepit/v1/faucet", body, content_type="application/json")
        assert paid.status == 200, paid.body
        update = listener.until(lambda event: event["e"] == "balanceUpdate")
        assert list(update) == ["e", "E", "a", "d", "T"]
        assert (update["a"], update["d"]) == ("LTC", "2.50000000")


def test_the_end_of_the_server_is_told() -> None:
    life = running(Config(port=0, memory=True, market="empty", limits="off"))
    server = next(life)
    raw, combined = Listener(server, "/ws"), Listener(server, "/stream")
    raw.ask("LIST_SUBSCRIPTIONS"), combined.ask("LIST_SUBSCRIPTIONS")
    life.close()  # type: ignore[attr-defined]
    event = raw.next()
    assert list(event) == ["e", "E"] and event["e"] == "serverShutdown"
    wrapped = combined.next()
    assert wrapped["stream"] == "!serverShutdown" and list(wrapped["data"]) == ["e", "E"]
    for listener in (raw, combined):
        with pytest.raises(ConnectionClosed) as closed:
            listener.next()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012


def test_every_stream_that_is_counted_as_served_is(server: Server) -> None:
    hub = server.served.door.worlds["main"].hub
    filled = {
        "<symbol>": "btcusdt", "<interval>": "1m", "<levels>": "5", "<window_size>": "1h",
        "<window-size>": "1h",
    }  # fmt: skip
    names = [
        row.partition(":")[2] for row in SERVED_STREAMS if "spot-streams:" in row and "@" in row
    ]
    assert len(names) == 16
    for name in names:
        for word, value in filled.items():
            name = name.replace(word, value)
        assert make_feed(hub, Channel(name, hub)) is not None, name
