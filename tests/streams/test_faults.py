"""Faults of streams, each by what its listener gets, and what others get beside it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pytest
from tests.control.conftest import Pit, running_pit
from tests.gateways.conftest import Server
from tests.streams.frames import Raw
from tests.streams.listening import (
    ALICE,
    BOB,
    CAROL,
    Listener,
    LocalBook,
    advance,
    call,
    listen_key,
    order,
    read,
    trade,
)
from tests.ws_api.speaking import Speaker
from websockets.exceptions import ConnectionClosedError

from tradepit.gateways.stream_faults import AT_ONCE, STREAM_KINDS, Line, StreamRule

TRADES = "ltcusdt@trade"
DELTAS = {  # of four trades from the second on, by place
    "lose-event": [0, 2, 3],
    "repeat-event": [0, 1, 1, 2, 3],
    "reorder-event": [0, 2, 1, 3],
    "late-event": [0, 2, 3, 1],
    "stall-stream": [0],
}
FAREWELLS = {"cut-socket": 1006, "day-over": 1001, "server-shutdown": 1012}


@pytest.fixture(autouse=True)
def pit(server: Server) -> Iterator[Pit]:
    found = Pit(server)
    yield found
    found.done("DELETE", "faults", all=True)
    found.done("PUT", "clock", speed="1")


def traded(server: Server, times: int, symbol: str = "LTCUSDT") -> list[int]:
    """The ids of some trades."""
    return [trade(server, symbol, "1", "90")["fills"][0]["tradeId"] for _ in range(times)]


def test_every_kind_is_tested() -> None:
    assert set(STREAM_KINDS) == {*DELTAS, *FAREWELLS, "expire-listen-key"}
    assert set(AT_ONCE) == {*FAREWELLS, "stall-stream", "expire-listen-key"}


@pytest.mark.parametrize("kind", DELTAS)
def test_an_event_that_is_struck(server: Server, pit: Pit, kind: str) -> None:
    more = {"delay": "300ms"} if kind == "late-event" else {}
    rule = pit.done("POST", "faults", kind=kind, stream=TRADES, skip=1, **more)
    with (
        Listener(server, f"/ws/{TRADES}") as heard,
        Listener(server, f"/stream?streams={TRADES}/ltcusdt@aggTrade") as beside,
    ):
        ids = traded(server, 4)
        time.sleep(0.5)
        told = [event["t"] for event in heard.all(0.1)]
        others = [e["data"] for e in beside.all(0.1) if e["stream"] == "ltcusdt@aggTrade"]
        assert heard.socket.ping().wait(2), "the connection lives"
    assert told == [ids[place] for place in DELTAS[kind]]
    assert [event["f"] for event in others] == ids, "the stream beside it is whole"
    (row,) = pit.done("GET", "faults")
    assert row == rule | {"seen": row["seen"], "hit": 1}
    with Listener(server, f"/ws/{TRADES}") as heard:
        assert traded(server, 1) == [heard.next()["t"]], "it struck once"


@pytest.mark.parametrize("kind", FAREWELLS)
@pytest.mark.parametrize("at_once", [False, True])
def test_a_connection_that_ends(server: Server, pit: Pit, kind: str, at_once: bool) -> None:
    with (
        Raw(server, f"/stream?streams={TRADES}/!ticker@arr") as struck,
        Raw(server, "/ws/ltcusdt@aggTrade") as beside,
    ):
        struck.ask({"method": "LIST_SUBSCRIPTIONS", "id": 1})
        beside.ask({"method": "LIST_SUBSCRIPTIONS", "id": 1})
        more = {"now": True} if at_once else {"skip": 1}
        row = pit.done("POST", "faults", kind=kind, stream=TRADES, **more)
        assert row["hit"] == at_once
        if not at_once:
            ids = traded(server, 2)
            assert struck.heard()["data"]["t"] == ids[0]
        if kind == "server-shutdown":
            told = struck.heard()
            assert told["stream"] == "!serverShutdown"
            assert told["data"]["e"] == "serverShutdown"
        assert struck.farewell() == FAREWELLS[kind]
        traded(server, 1)
        assert beside.heard()["e"] == "aggTrade"
    assert len(pit.done("GET", "faults")) == (not at_once)


@pytest.mark.parametrize("kind", FAREWELLS)
def test_connections_that_hear_nothing(server: Server, pit: Pit, kind: str) -> None:
    """By their address, or all of them; those of the WebSocket API have streams only on demand."""
    with Raw(server, "/ws-api/v3") as api, Raw(server, "/ws") as idle:
        row = pit.done("POST", "faults", kind=kind, stream="socket@/ws-api*", now=True)
        assert row["hit"] == 1
        if kind == "server-shutdown":
            assert api.heard()["event"]["e"] == "serverShutdown"
        assert api.farewell() == FAREWELLS[kind]
        idle.ask({"method": "LIST_SUBSCRIPTIONS", "id": 1})
        pit.done("POST", "faults", kind=kind, now=True)
        assert idle.farewell() == FAREWELLS[kind]


def test_a_stalled_connection_goes_on_with_pings(server: Server, pit: Pit) -> None:
    with Raw(server, f"/ws/{TRADES}") as stalled:
        stalled.ask({"method": "LIST_SUBSCRIPTIONS", "id": 1})
        pit.done("POST", "faults", kind="stall-stream", stream="ltcusdt@*", now=True)
        traded(server, 1)
        stalled.send(9, b"still there?")
        assert stalled.frame().data == b"still there?", "a pong, and no event before it"
        assert stalled.ask({"method": "LIST_SUBSCRIPTIONS", "id": 2})["result"] == [TRADES]
        with Listener(server, f"/ws/{TRADES}") as fresh:
            assert traded(server, 1) == [fresh.next()["t"]]
        stalled.ask({"method": "UNSUBSCRIBE", "params": [TRADES], "id": 3})
        stalled.ask({"method": "SUBSCRIBE", "params": [TRADES], "id": 4})
        assert traded(server, 1) == [stalled.heard()["t"]]


def test_events_of_one_account(server: Server, pit: Pit) -> None:
    """Wherever they are heard; others' events and other events come as always."""
    keys = [listen_key(server, key) for key in (ALICE, BOB)]
    rule = {"stream": "user@executionReport", "account": "alice"}
    pit.done("POST", "faults", kind="lose-event", **rule)
    with (
        Listener(server, f"/ws/{keys[0]}") as alice,
        Listener(server, f"/ws/{keys[1]}") as bob,
        Speaker(server) as speaker,
    ):
        speaker.signed("userDataStream.subscribe.signature")
        order(server, ALICE, "LTCUSDT", "BUY", "1", "50")
        order(server, BOB, "LTCUSDT", "BUY", "1", "50")
        order(server, ALICE, "LTCUSDT", "BUY", "1", "51")
        speaker.ask("session.status")
        assert [event["e"] for event in alice.all(0.1)] == [
            "outboundAccountPosition", "executionReport", "outboundAccountPosition",
        ]  # fmt: skip
        assert [event["event"]["e"] for event in speaker.events] == [
            "outboundAccountPosition", "executionReport", "outboundAccountPosition",
        ]  # fmt: skip
        assert len(bob.all(0.1)) == 2
        pit.done("POST", "faults", kind="reorder-event", stream="user@*", account="bob")
        order(server, BOB, "LTCUSDT", "BUY", "1", "52")
        assert [event["e"] for event in bob.all(0.1)] == [
            "outboundAccountPosition", "executionReport",
        ]  # fmt: skip
        pit.done("POST", "faults", kind="stall-stream", account="alice", now=True)
        order(server, ALICE, "LTCUSDT", "BUY", "1", "53")
        assert alice.all(0.1) == []
        pit.done("POST", "faults", kind="cut-socket", account="bob")
        order(server, BOB, "LTCUSDT", "BUY", "1", "53")
        with pytest.raises(ConnectionClosedError) as cut:
            bob.next()
        assert cut.value.rcvd is None, "no close frame: 1006"
    for key in (ALICE, BOB):
        call(server, "DELETE", "/api/v3/openOrders", key, symbol="LTCUSDT")


@pytest.mark.parametrize("at_once", [False, True])
def test_a_listen_key_expires(server: Server, pit: Pit, at_once: bool) -> None:
    key = listen_key(server, CAROL)
    with Listener(server, f"/ws/{key}") as heard:
        rule = {"kind": "expire-listen-key", "account": "carol"}
        pit.done("POST", "faults", **rule, **({"now": True} if at_once else {}))
        if not at_once:
            order(server, CAROL, "LTCUSDT", "BUY", "1", "50")
            assert heard.next()["e"] == "executionReport"
            assert heard.next()["e"] == "outboundAccountPosition"
        expired = heard.next()
        assert (expired["e"], expired["listenKey"]) == ("listenKeyExpired", key)
        order(server, CAROL, "LTCUSDT", "BUY", "1", "51")
        assert heard.all(0.1) == []
    path = f"/api/v3/userDataStream?listenKey={key}"
    assert server.request("PUT", path, x_mbx_apikey=CAROL.api_key).code == -1125
    assert listen_key(server, CAROL) != key
    call(server, "DELETE", "/api/v3/openOrders", CAROL, symbol="LTCUSDT")


def recover_from_a_gap(server: Server, pit: Pit) -> None:
    """A published failure: an event is lost, and a cache that goes on is wrong for ever. The
    documents' procedure notices by U and starts anew."""
    pit.done("POST", "faults", kind="lose-event", stream="ltcusdt@depth@100ms", skip=1)
    with Listener(server, "/ws/ltcusdt@depth@100ms") as heard:
        for price in ("50", "51", "52", "53"):
            order(server, ALICE, "LTCUSDT", "BUY", "1", price)
            advance(server, "100ms")
        book, gaps = LocalBook(), 0
        for event in [heard.next() for _ in range(3)]:
            if book.seen not in (-1, event["U"] - 1):
                book, gaps = LocalBook(), gaps + 1
            book.hear(event)
            if book.unstarted:
                book.start(read(server, "/api/v3/depth?symbol=LTCUSDT&limit=5000"))
        assert gaps == 1
        book.check(read(server, "/api/v3/depth?symbol=LTCUSDT&limit=5000"))


def test_gap_recovery_of_a_depth_cache_holds_always(server: Server, pit: Pit) -> None:
    pit.done("PUT", "clock", speed="0")
    for _ in range(100):
        recover_from_a_gap(server, pit)
        call(server, "DELETE", "/api/v3/openOrders", symbol="LTCUSDT")
        pit.done("DELETE", "faults", all=True)


def test_late_goes_by_the_worlds_clock(server: Server, pit: Pit) -> None:
    pit.done("PUT", "clock", speed="0")
    pit.done("POST", "faults", kind="late-event", stream="*@trade", delay="1h")
    with Listener(server, f"/ws/{TRADES}") as heard:
        first, second = traded(server, 2)
        assert heard.next()["t"] == second
        advance(server, "59m")
        assert heard.all(0.1) == []
        advance(server, "61s")
        assert heard.next()["t"] == first


def test_streams_keep_their_beat_behind_a_late_event(server: Server, pit: Pit) -> None:
    pit.done("PUT", "clock", speed="0")
    advance(server, "123us")
    rule = {"kind": "late-event", "delay": "1m7s77ms", "account": "alice"}
    pit.done("POST", "faults", stream="user@executionReport", **rule)
    key = listen_key(server)
    with Listener(server, f"/ws/{key}") as heard:
        order(server, ALICE, "LTCUSDT", "BUY", "1", "50")
        assert heard.next()["e"] == "outboundAccountPosition"
        advance(server, "1m")
        with Listener(server, "/ws/ltcusdt@depth@100ms") as depth:
            advance(server, "8s")
            assert heard.next()["e"] == "executionReport"
            call(server, "DELETE", "/api/v3/openOrders", symbol="LTCUSDT")
            advance(server, "150ms")
            assert depth.next()["E"] % 100 == 0


def test_names_and_stars() -> None:
    names = ("btcusdt@depth", "btcusdt@depth@100ms", "ethusdt@depth", "!ticker@arr", "user@x")
    fits = {
        "btcusdt@depth": 1, "btcusdt@depth*": 2, "*@depth": 2, "*depth*": 3, "*": 5, "!*": 1,
        "*@*@*": 1, "user@*": 1, "btc*usdt@depth": 1, "btcusdt*btcusdt@depth": 0, "a*a*a": 0,
        "u*r*x": 1, "": 0, "**": 5, "depth": 0,
    }  # fmt: skip
    for stream, count in fits.items():
        rule = StreamRule(1, "lose-event", stream=stream)
        lines = [SimpleNamespace(name=name, account="") for name in names]
        assert sum(rule.about(cast("Line", line)) for line in lines) == count, stream


def test_what_waits_for_a_next_event_is_told_when_the_rule_goes(server: Server, pit: Pit) -> None:
    rule = pit.done("POST", "faults", kind="reorder-event", stream=TRADES)
    with Listener(server, f"/ws/{TRADES}") as heard:
        (only,) = traded(server, 1)
        assert heard.all(0.1) == []
        pit.done("DELETE", "faults", number=rule["number"])
        assert heard.next()["t"] == only


def test_chance_follows_the_seed() -> None:
    def run(seed: int) -> list[int]:
        for pit in running_pit(limits="off", seed=seed):
            pit.done("POST", "faults", kind="lose-event", times=0, probability="0.3")
            with Listener(pit.server, "/ws/ltcusdt@aggTrade") as heard:
                ids = traded(pit.server, 40)
                told = {event["f"] for event in heard.all(0.1)}
        return [int(trade_id in told) for trade_id in ids]

    first = run(7)
    assert run(7) == first
    assert run(8) != first
    assert 15 <= sum(first) <= 38


def test_rules_that_cannot_be(pit: Pit) -> None:
    for ask, code in (
        ({"kind": "lose-event", "operation": "GET /api/v3/ping"}, -1106),
        ({"kind": "overloaded", "stream": TRADES}, -1106),
        ({"kind": "lose-event", "delay": "1s"}, -1106),
        ({"kind": "lose-event", "now": True}, -1106),
        ({"kind": "late-event", "delay": "soon"}, -1100),
        ({"kind": "lose-event", "stream": "two words"}, -1100),
        ({"kind": "lose-event", "account": "nobody"}, -1130),
        ({"kind": "expire-listen-key", "stream": TRADES}, -1130),
        ({"kind": "cut-socket", "stream": "socket@*"}, -1130),
        ({"kind": "stall-stream", "stream": "socket@*", "now": True}, -1130),
    ):
        assert pit.no("POST", "faults", **ask)[0] == code, ask
    assert pit.done("GET", "faults") == []
    for name in ("[", "(.*", "!ticker@arr", "币安人生usdt@trade", "*"):
        assert pit.done("POST", "faults", kind="lose-event", stream=name)["stream"] == name
