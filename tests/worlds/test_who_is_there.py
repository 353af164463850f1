"""What those see who are connected, or hold keys, when a world goes another way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.control.conftest import DEV, Pit
from tests.streams.listening import Listener
from tests.worlds.conftest import Inside, make
from tests.worlds.test_snapshots import rest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

WAYS = {
    "snapshots/load": {"name": "base"},
    "worlds/rewind": {"by": "1s"},
    "worlds/reset": {},
}
WORDS = {
    "snapshots/load": "The world goes on from the snapshot base",
    "worlds/rewind": "The world was taken back",
    "worlds/reset": "The world is born again",
}


@pytest.mark.parametrize("path", WAYS)
def test_sockets_are_closed_and_find_the_world_as_it_is(
    pit: Pit, named: list[str], path: str
) -> None:
    named.append("lab")
    world = make(pit, "lab")
    rest(world, "alice", "50000")
    world.done("POST", "snapshots", name="base")
    world.done("POST", "clock/advance", by="10s")
    rest(world, "bob", "50001")
    key = world.server.request("POST", "/api/v3/userDataStream", x_mbx_apikey=DEV["bob"].api_key)
    watcher = watching(pit)
    streams = [
        Listener(pit.server, f"/@lab/ws/{name}")
        for name in ("btcusdt@depth", key.json["listenKey"])
    ]
    api = connect(f"ws://127.0.0.1:{pit.server.port}/@lab/ws-api/v3").__enter__()
    other = connect(f"ws://127.0.0.1:{pit.server.port}/ws-api/v3").__enter__()
    last = world.price()["lastUpdateId"]
    world.done("POST", path, **WAYS[path])
    for socket in [listener.socket for listener in streams] + [api]:
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=5)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1012, WORDS[path])
    while watcher.sock.recv(65_536):
        pass  # to its end
    watcher.close()
    other.send('{"id": 1, "method": "ping"}')  # a socket of another world
    assert json.loads(other.recv(timeout=5))["status"] == 200
    other.close()
    if path != "worlds/rewind":
        assert world.price()["lastUpdateId"] < last
    with Listener(pit.server, "/@lab/ws/btcusdt@depth") as again:
        seen = world.price()["lastUpdateId"]
        rest(world, "carol", "48000")
        world.done("POST", "clock/advance", by="2s")
        event = again.next()
        assert event["U"] == seen + 1
        assert event["b"] == [["48000.00000000", "0.50000000"]]


def watching(pit: Pit) -> Any:
    """A watcher of a world's events."""
    wire = pit.server.wire()
    head = f"GET /@lab/_tradepit/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{pit.server.port}\r\n\r\n"
    wire.send(head.encode())
    assert wire.sock.recv(12) == b"HTTP/1.1 200"
    return wire


def test_keys_are_those_of_then(pit: Pit, named: list[str]) -> None:
    named.append("lab")
    world = make(pit, "lab")

    def listen_key() -> str:
        answer = world.server.request(
            "POST", "/api/v3/userDataStream", x_mbx_apikey=DEV["alice"].api_key
        )
        return str(answer.json["listenKey"])

    def alive(key: str) -> bool:
        target = f"/api/v3/userDataStream?listenKey={key}"
        return world.server.request("PUT", target, x_mbx_apikey=DEV["alice"].api_key).status == 200

    kept = listen_key()
    world.done("POST", "snapshots", name="base")
    world.done("POST", "clock/advance", by="1h")  # it is over
    later = listen_key()
    made = world.done("POST", "keys", account="alice", type="HMAC")["apiKey"]
    assert alive(later) and not alive(kept)
    world.done("POST", "snapshots/load", name="base")
    assert alive(kept) and not alive(later)
    refused = world.server.request("POST", "/api/v3/userDataStream", x_mbx_apikey=made)
    assert refused.code == -2015


def test_what_is_the_servers_begins_anew(pit: Pit, named: list[str]) -> None:
    named.append("lab")
    world = make(pit, "lab", limits="real")
    rest(world, "alice", "50000")
    world.done("POST", "snapshots", name="base")
    world.done("POST", "faults", kind="overloaded", operation="GET /api/v3/ping")
    assert world.server.request("GET", "/api/v3/exchangeInfo").status == 200
    assert world.server.request("GET", "/api/v3/ping").status != 200
    assert world.no("POST", "faucet", account="nobody", asset="USDT", amount="1")
    assert world.done("GET", "requests")
    world.done("POST", "snapshots/load", name="base")
    assert world.done("GET", "faults") == world.done("GET", "requests") == []
    used = world.server.request("GET", "/api/v3/ping")
    assert (used.status, used.headers["x-mbx-used-weight-1m"]) == (200, "1")
    count = world.order("alice", "BUY", "0.5", "49000").headers["x-mbx-order-count-10s"]
    assert count == "2"  # orders are counted by the world


def test_a_preset_is_part_of_a_snapshot(pit: Pit, named: list[str]) -> None:
    named.append("lab")
    world: Inside = make(pit, "lab", market="frozen")
    depth = world.price()
    world.done("POST", "snapshots", name="base")
    world.done("PUT", "market/preset", preset="empty")
    assert world.price()["bids"] == []
    row = world.done("POST", "snapshots/load", name="base")
    assert row["market"] == "frozen"
    assert world.price() == depth
    assert world.done("GET", "health")["healthy"]
