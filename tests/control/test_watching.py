"""Events, numbers and the books of a world, watched from outside."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.control.conftest import Pit, running_pit


class Watched:
    """A connection that reads events."""

    def __init__(self, pit: Pit, query: str = "") -> None:
        self.link = http.client.HTTPConnection("127.0.0.1", pit.server.port, timeout=5)
        self.link.request("GET", f"/_tradepit/v1/events{query}")
        self.answer = self.link.getresponse()
        assert self.answer.status == 200
        assert self.answer.fp.readline() == b": what happens in this world\n"

    def next(self) -> tuple[str, dict[str, Any]]:
        """(kind, data) of the next event."""
        found: dict[str, str] = {}
        while True:
            line = self.answer.fp.readline().decode()
            assert line, "the server hung up"
            if line == "\n":
                if "data" in found:
                    assert int(found["id"]) > 0
                    return found["event"], json.loads(found["data"])
                continue
            name, _, value = line.rstrip("\n").partition(": ")
            found[name] = value

    def close(self) -> None:
        self.answer.close()
        self.link.close()


@pytest.fixture
def watched(pit: Pit) -> Iterator[Watched]:
    found = Watched(pit)
    yield found
    found.close()


def test_what_happens(pit: Pit, watched: Watched) -> None:
    headers = {name.lower(): value for name, value in watched.answer.getheaders()}
    assert headers["content-type"] == "text/event-stream"
    assert headers["cache-control"] == "no-store"
    sold = pit.order("bob", "SELL", "0.5", "50000").json
    kind, told = watched.next()
    assert (kind, told | {"at": 0, "clientOrderId": ""}) == ("order", {
        "at": 0, "account": "bob", "symbol": "BTCUSDT", "orderId": sold["orderId"],
        "clientOrderId": "", "side": "SELL", "executionType": "NEW", "status": "NEW",
        "price": "50000.00000000", "origQty": "0.50000000", "executedQty": "0.00000000",
    })  # fmt: skip
    assert told["clientOrderId"] == sold["clientOrderId"]
    assert told["at"] == sold["transactTime"]
    bought = pit.order("alice", "BUY", "0.5", "50000").json
    events = [watched.next() for _ in range(4)]
    trade = next(told for kind, told in events if kind == "trade")
    assert trade | {"at": 0} == {
        "at": 0, "symbol": "BTCUSDT", "tradeId": bought["fills"][0]["tradeId"],
        "price": "50000.00000000", "qty": "0.50000000", "buyerIsMaker": False, "maker": "bob",
        "taker": "alice",
    }  # fmt: skip
    orders = [told for kind, told in events if kind == "order"]
    assert sorted((o["account"], o["executionType"], o["status"]) for o in orders) == [
        ("alice", "NEW", "NEW"), ("alice", "TRADE", "FILLED"), ("bob", "TRADE", "FILLED"),
    ]  # fmt: skip
    pit.done("POST", "faucet", account="carol", asset="BNB", amount="2")
    kind, told = watched.next()
    assert (kind, told["account"], told["asset"], told["delta"]) == (
        "balance", "carol", "BNB", "2.00000000",
    )  # fmt: skip
    pit.done("PUT", "symbols", symbol="LTCUSDT", status="HALT")
    kind, told = watched.next()
    assert (kind, told["symbol"], told["status"]) == ("symbol", "LTCUSDT", "HALT")
    pit.done("PUT", "symbols", symbol="LTCUSDT", status="TRADING")
    assert watched.next()[0] == "symbol"
    pit.server.request("GET", "/api/v3/depth?symbol=NONE")
    kind, told = watched.next()
    assert (kind, told["code"], told["operation"]) == ("refused", -1121, "GET /api/v3/depth")
    assert told["reason"] == "World 'main' lists no symbol 'NONE'."


def test_what_happens_outside_the_book(pit: Pit, watched: Watched) -> None:
    ask = {"side": "BUY", "quantity": "1.5", "price": "50000", "maker": "alice", "taker": "bob"}
    made = pit.done("POST", "block-trades", symbol="BTCUSDT", **ask)
    assert watched.next() == ("block", {
        "at": made["time"], "symbol": "BTCUSDT", "blockTradeId": made["id"],
        "price": "50000.00000000", "qty": "1.50000000", "buyerIsMaker": False,
    })  # fmt: skip
    pit.done("POST", "locks", account="bob", asset="BTC", amount="1")
    kind, told = watched.next()
    assert (kind, told["account"], told["delta"]) == ("lock", "bob", "1.00000000")
    pit.done("POST", "locks", account="bob", asset="BTC", amount="1", unlock=True)


def test_some_kinds_only(pit: Pit) -> None:
    for query in ("?kinds=balance", '?kinds=["symbol","balance"]'.replace('"', "%22")):
        some = Watched(pit, query)
        pit.order("bob", "BUY", "0.01", "45000")
        pit.done("POST", "faucet", account="bob", asset="BNB", amount="1")
        assert some.next()[0] == "balance"
        some.close()
    for query in ("?kinds=all", "?kinds=[]", "?other=1"):
        assert pit.server.request("GET", f"/_tradepit/v1/events{query}").status == 400
    head = pit.server.wire().send(b"HEAD /_tradepit/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert head.response(head_only=True).headers["content-type"] == "text/event-stream"
    head.close()


def test_who_left_is_forgotten_and_who_is_too_many_refused(pit: Pit) -> None:
    deadline = time.monotonic() + 5
    while numbers(pit)["tradepit_watchers"] > 0:
        assert time.monotonic() < deadline
    watchers = [Watched(pit) for _ in range(64)]
    assert pit.server.request("GET", "/_tradepit/v1/events").status == 429
    assert numbers(pit)["tradepit_watchers"] == 64
    for each in watchers:
        each.close()
    while numbers(pit)["tradepit_watchers"] > 0:
        assert time.monotonic() < deadline


def test_who_reads_too_slowly_is_cut_off() -> None:
    """A megabyte may wait for a reader; who lets more wait loses the connection, others do not."""
    for pit in running_pit(limits="off"):
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)  # little waits in the system
        slow.settimeout(5)
        slow.connect(("127.0.0.1", pit.server.port))
        slow.sendall(b"GET /_tradepit/v1/events?kinds=refused HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert slow.recv(64).startswith(b"HTTP/1.1 200")
        quick = Watched(pit, "?kinds=refused")
        assert numbers(pit)["tradepit_watchers"] == 2
        # A refusal says much of what was asked: a long path makes long events.
        told = 0
        while numbers(pit)["tradepit_watchers"] == 2:
            assert told < 4 << 20
            for _ in range(50):
                pit.server.request("GET", "/" + "x" * 2_000)
                assert quick.next()[0] == "refused"
                told += 2_000
        assert told > 1 << 20
        assert numbers(pit)["tradepit_watchers"] == 1
        pit.server.request("GET", "/again")
        assert quick.next()[1]["path"] == "/again"
        quick.close()
        read = 0
        with contextlib.suppress(ConnectionResetError):
            while part := slow.recv(1 << 16):  # what was on its way, then the end
                read += len(part)
        assert read < told
        slow.close()


def test_a_server_stops_although_somebody_watches() -> None:
    for pit in running_pit():
        last = Watched(pit)
        started = time.monotonic()
    assert last.answer.fp.read().strip(b"\n: ") == b""
    assert time.monotonic() - started < 4
    last.close()


# --- Numbers -----------------------------------------------------------------------------------


def numbers(pit: Pit) -> dict[str, float]:
    """Sample by name and labels, read as Prometheus reads them."""
    answer = pit.server.request("GET", "/_tradepit/v1/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.body.endswith(b"\n")
    found: dict[str, float] = {}
    kinds: dict[str, str] = {}
    for line in answer.body.decode().splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kinds[name] = line.split()
        elif not line.startswith("# HELP "):
            match = re.fullmatch(r'([a-z_]+)(\{([a-z]+="[^"]*",?)+\})? (\S+)', line)
            assert match is not None, line
            assert (kinds[match[1]] == "counter") == match[1].endswith("_total")
            found[match[1] + (match[2] or "")] = float(match[4])
    return found


def test_numbers(pit: Pit) -> None:
    before = numbers(pit)
    placed = pit.order("bob", "BUY", "0.01", "45000").json
    pit.server.request("GET", "/api/v3/depth?symbol=NONE")
    pit.server.request("GET", "/none")
    after = numbers(pit)

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert placed["status"] == "NEW"
    assert grown("tradepit_commands_total") == 1
    assert grown("tradepit_http_answers_total") == 4
    assert grown('tradepit_refusals_total{operation="GET /api/v3/depth",code="-1121"}') == 1
    assert grown('tradepit_refusals_total{operation="none",code="-1000"}') == 1
    assert grown('tradepit_open_orders{by="accounts"}') == 1
    assert after["tradepit_clock_speed"] == 1
    assert abs(after["tradepit_clock_seconds"] - time.time()) < 5
    assert after['tradepit_healthy{part="orders"}'] == 1
    assert after['tradepit_symbols{status="TRADING"}'] > 5
    assert after['tradepit_connections{kind="http"}'] >= 1
    assert after["tradepit_accounts"] >= 5
    assert after["tradepit_api_keys"] >= 5
    assert [name for name in after if name.startswith("tradepit_info{version=")]


# --- The books ---------------------------------------------------------------------------------


def test_the_books_are_added_up(pit: Pit, monkeypatch: pytest.MonkeyPatch) -> None:
    first = pit.done("GET", "audit")
    assert (first["balanced"], first["broken"]) == (True, [])
    assert first["stateHash"] == pit.server.served.hall.pit.state_hash()
    assert pit.done("GET", "audit") == first
    pit.done("POST", "faucet", account="bob", asset="BNB", amount="1")
    second = pit.done("GET", "audit")
    assert second["commands"] == first["commands"] + 1
    assert second["stateHash"] != first["stateHash"]
    pit.server.served.hall.pit.ledger.balance(1, "spot", "BTC").free += 1
    broken = pit.control("GET", "audit")
    pit.server.served.hall.pit.ledger.balance(1, "spot", "BTC").free -= 1
    assert broken.status == 409
    assert broken.json["data"]["broken"] == ["BTC: all balances sum to 1, not 0"]
    assert pit.done("GET", "audit")["balanced"]
