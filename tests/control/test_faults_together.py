"""Faults over futures' WebSocket APIs, rules that meet in one request, and what they spare."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from tests.control.conftest import LIMIT, Pit, running_pit
from tests.control.test_faults import ANSWERS, BREAKS, ORDER, place
from tests.ws_api.speaking import Speaker, sign
from websockets.exceptions import ConnectionClosed

VENUES = {
    "usdm": ("/ws-fapi/v1", "/fapi/v1", "BTCUSDT", "0.01"),
    "coinm": ("/ws-dapi/v1", "/dapi/v1", "BTCUSD_PERP", "1"),
}
WAITS = {"too-many-orders": {"usdm": 10, "coinm": 60}}


@pytest.fixture(autouse=True)
def disarmed(pit: Pit) -> Iterator[None]:
    yield
    pit.done("DELETE", "faults", all=True)


def spot(price: str = "45000") -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
        "quantity": "0.01", "price": price,
    }  # fmt: skip


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("kind", [*ANSWERS, *BREAKS, "maintenance"])
def test_a_socket_of_futures_meets_the_same(pit: Pit, venue: str, kind: str) -> None:
    """A rule that names the request means the method of its own exchange, and no other."""
    socket, rest, symbol, qty = VENUES[venue]
    ask = spot("100000") | {"symbol": symbol, "quantity": qty}

    def opened() -> int:
        return len(pit.signed("GET", f"{rest}/openOrders", f"symbol={symbol}").json)

    before = opened()
    pit.done("POST", "faults", kind=kind, operation=f"POST {rest}/order", times=1)
    assert place(pit).status == 200, "spot's is another operation"
    with Speaker(pit.server, path=socket) as speaker:
        if kind in BREAKS:
            with pytest.raises(ConnectionClosed):
                speaker.signed("order.place", **ask)
        else:
            status, code, wait = {**ANSWERS, "maintenance": (503, -1016, None)}[kind]
            answer = speaker.signed("order.place", **ask)
            assert (answer["status"], answer["error"]["code"]) == (status, code)
            told = answer["error"].get("data", {})
            seconds = WAITS.get(kind, {}).get(venue, int(wait or 0))
            assert told.get("retryAfter", 0) // 1000 - told.get("serverTime", 0) // 1000 == seconds
            if kind == "ip-ban":
                with pytest.raises(ConnectionClosed) as closed:
                    speaker.socket.recv(timeout=5)
                assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008
    assert opened() == before + kind.endswith("-after")
    assert pit.done("GET", "faults")[0]["hit"] == 1


def test_a_method_that_is_an_operation_of_its_own(pit: Pit) -> None:
    pit.done("POST", "faults", kind="overloaded", operation="GET /fapi/v1/ticker/bookTicker")
    with Speaker(pit.server, path="/ws-fapi/v1") as speaker:
        assert speaker.ask("ticker.book", {"symbol": "BTCUSDT"})["status"] == 503
        pit.done("POST", "faults", kind="overloaded", operation="session.status")
        assert speaker.ask("session.status")["status"] == 503


def test_a_method_leads_to_the_name_of_its_request(pit: Pit) -> None:
    for given, words in (
        ("order.place", "POST /dapi/v1/order"),
        ("order.cancel", "DELETE /api/v3/order"),
        ("batch", "There is no such operation"),
    ):
        code, said = pit.no("POST", "faults", kind="overloaded", operation=given)
        assert code == -1130 and words in said and "replay-" not in said


def test_a_symbol_among_others(pit: Pit) -> None:
    order = {
        "symbol": "ETHUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1",
        "price": "2000",
    }  # fmt: skip
    batch = "batchOrders=" + quote(json.dumps([order | {"symbol": "BTCUSDT"}, order]))
    pit.done("POST", "faults", kind="overloaded", symbol="ETHUSDT", times=2)
    assert (
        pit.server.request("GET", "/api/v3/ticker/price?symbols=%5B%22BTCUSDT%22%5D").status == 200
    )
    both = "/api/v3/ticker/price?symbols=%5B%22BTCUSDT%22,%22ETHUSDT%22%5D"
    assert pit.server.request("GET", both).status == 503
    assert pit.signed("POST", "/fapi/v1/batchOrders", batch).status == 503


def test_what_cannot_be_late_or_too_many_is_spared(pit: Pit) -> None:
    for kind, code in (("too-many-orders", -1015), ("clock-skew", -1021)):
        pit.done("POST", "faults", kind=kind)
        assert pit.server.request("GET", "/api/v3/exchangeInfo?symbol=BTCUSDT").status == 200
        assert place(pit).code == code
    code, words = pit.no("POST", "faults", kind="clock-skew", operation="GET /api/v3/time")
    assert code == -1130 and "never strikes it" in words


# --- Several rules, one request ----------------------------------------------------------------


def test_a_slow_exchange_loses_an_answer(pit: Pit) -> None:
    """What only delays, armed first, leaves the request to the rules behind it."""
    pit.done("POST", "faults", kind="delay-before", account="alice", delay="60ms", times=0)
    pit.done("POST", "faults", kind="delay-after", operation=ORDER, delay="60ms", times=0)
    pit.done("POST", "faults", kind="drop-after", operation=ORDER, nth=2)
    began = time.monotonic()
    assert place(pit).status == 200
    assert time.monotonic() - began >= 0.118  # the loop counts milliseconds
    before = len(pit.signed("GET", "/api/v3/openOrders", "symbol=BTCUSDT").json)
    with pytest.raises((EOFError, ConnectionError)):
        place(pit)
    assert len(pit.signed("GET", "/api/v3/openOrders", "symbol=BTCUSDT").json) == before + 1
    assert [row["hit"] for row in pit.done("GET", "faults")] == [4, 2, 1]


def test_the_first_that_answers_ends_it(pit: Pit) -> None:
    pit.done("POST", "faults", kind="timeout-before", operation=ORDER, delay="50ms", nth=1)
    pit.done("POST", "faults", kind="overloaded", operation=ORDER, times=0)
    assert [place(pit).code for _ in range(2)] == [-1007, -1008]
    assert [row["seen"] for row in pit.done("GET", "faults")] == [1, 1]


def test_late_reads_may_come_late_and_fills_get_lost(pit: Pit) -> None:
    pit.done("POST", "faults", kind="read-lag", account="alice", lag="10m")
    pit.done("POST", "faults", kind="delay-before", operation="GET /api/v3/order", delay="60ms")
    pit.done("POST", "faults", kind="partial-fills", account="alice", fills="0.5@0s")
    pit.done("POST", "faults", kind="timeout-after", operation=ORDER, account="alice")
    assert place(pit).code == -1007
    rows = pit.signed("GET", "/api/v3/allOrders", "symbol=BTCUSDT&limit=1").json
    began = time.monotonic()
    lagging = pit.signed("GET", "/api/v3/order", f"symbol=BTCUSDT&orderId={rows[0]['orderId'] + 1}")
    assert time.monotonic() - began >= 0.059
    assert lagging.code == -2013, "it is there, and will be seen later"
    pit.done("DELETE", "faults", all=True)
    last = pit.signed("GET", "/api/v3/allOrders", "symbol=BTCUSDT&limit=1").json[-1]
    assert (last["orderId"], last["status"]) == (rows[0]["orderId"] + 1, "PARTIALLY_FILLED")


def test_the_same_seed_fails_the_same_way_each_time() -> None:
    """nth, chance and the world's time together, over HTTP and a socket in turns."""

    def one(pit: Pit) -> list[Any]:
        pit.done("POST", "worlds/reset")
        now = pit.done("GET", "clock")["now"]
        pit.done("POST", "faults", kind="unavailable-after", times=0, probability="0.3")
        pit.done("POST", "faults", kind="overloaded", operation=ORDER, every=3, times=0)
        pit.done(
            "POST", "faults", kind="timeout-before", times=0, probability="0.5",
            **{"from": now + 2_000, "until": now + 3_000},
        )  # fmt: skip
        found: list[Any] = []
        with Speaker(pit.server) as speaker:
            for _ in range(4):
                found += [place(pit).status for _ in range(3)]
                found += [speaker.signed("order.place", **spot())["status"] for _ in range(3)]
                pit.done("POST", "clock/advance", by="1s")
        return [*found, *[(row["seen"], row["hit"]) for row in pit.done("GET", "faults")]]

    for pit in running_pit(limits="off", seed=11, speed="0", time="2025-01-01"):
        first = one(pit)
        assert {200, 503, 408} == set(first[:24])
        assert all(one(pit) == first for _ in range(12))


# --- What a delay leads to ---------------------------------------------------------------------


def counts(pit: Pit) -> list[int]:
    return [row["count"] for row in pit.signed("GET", "/api/v3/rateLimit/order").json]


def test_an_order_that_came_late_is_counted_over_a_socket_too() -> None:
    """Spot's second look at the timestamp; a skew that was armed never came so far."""
    for pit in running_pit():
        pit.done("POST", "faults", kind="delay-before", delay="120ms", times=0)
        with Speaker(pit.server) as speaker:
            late = speaker.signed("order.place", recvWindow=50, **spot())
        assert late["error"]["code"] == -1021
        query = LIMIT.format(symbol="BTCUSDT", side="BUY", qty="0.01", price="100000")
        assert pit.signed("POST", "/fapi/v1/order", query + "&recvWindow=50").code == -1021
        pit.done("DELETE", "faults", all=True)
        assert counts(pit) == [1, 1], "spot's counts are about spot's orders"
        pit.done("POST", "faults", kind="clock-skew", operation=ORDER, delay="50ms")
        assert place(pit).code == -1021
        assert counts(pit) == [1, 1]


def test_who_is_gone_before_a_late_subscription_hears_nothing(pit: Pit) -> None:
    pit.done(
        "POST", "faults", kind="delay-before", operation="userDataStream.subscribe.signature",
        delay="150ms",
    )  # fmt: skip
    speaker = Speaker(pit.server)
    request = {"id": 1, "method": "userDataStream.subscribe.signature", "params": sign({})}
    speaker.socket.send(json.dumps(request))
    while not pit.done("GET", "faults")[0]["hit"]:
        time.sleep(0.005)
    speaker.socket.close()
    time.sleep(0.25)
    struck = pit.done("POST", "faults", kind="cut-socket", stream="user@*", now=True)
    assert struck["hit"] == 0, "no line is kept for it"
