"""Who does not read: cut where nothing may be lost, shown the newest where that is enough, and
nobody else's loss."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.gateways.conftest import Server
from tests.streams.listening import Listener

ROUNDS = 400
ROW = "x" * 20_000


def stalled(port: int, target: str) -> socket.socket:
    """A socket that shook hands and reads no more; the kernel keeps little for it."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    sock.settimeout(10)
    sock.connect(("127.0.0.1", port))
    sock.sendall(
        f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    head = b""
    while b"\r\n\r\n" not in head:
        head += sock.recv(1)
    assert head.startswith(b"HTTP/1.1 101")
    return sock


def drained(sock: socket.socket) -> tuple[list[Any], bool]:
    """All that still comes for a moment, and whether the server cut the line."""
    data, cut = b"", False
    sock.settimeout(1.0)
    try:
        while part := sock.recv(1 << 20):
            data += part
        cut = True
    except TimeoutError:
        pass
    except ConnectionError:
        cut = True
    found = []
    while len(data) >= 4:
        size, at = data[1] & 127, 2
        if size >= 126:
            at = 4 if size == 126 else 10
            size = int.from_bytes(data[2:at], "big")
        if len(data) < at + size:
            break
        if data[0] == 0x81:
            found.append(json.loads(data[at : at + size]))
        data = data[at + size :]
    return found, cut


def flood(server: Server, name: str, newest_only: bool, numbers: range = range(ROUNDS)) -> None:
    """Much is said on a channel, turn after turn of the loop."""
    hub = server.served.door.worlds["main"].hub
    for n in numbers:
        text = f'{{"n":{n},"row":"{ROW}"}}'
        done = threading.Event()

        def say(text: str = text, done: threading.Event = done) -> None:
            if ("spot", name) in hub.channels:  # until the last listener was cut
                hub.channels["spot", name].publish(lambda unit: text, newest_only)
            hub.loop.call_soon(done.set)

        hub.loop.call_soon_threadsafe(say)
        assert done.wait(10)


@pytest.mark.parametrize(
    ("name", "newest_only"), [("btcusdt@bookTicker", True), ("btcusdt@depth", False)]
)
def test_the_newest_or_nothing(server: Server, name: str, newest_only: bool) -> None:
    sock = stalled(server.port, f"/ws/{name}")
    flood(server, name, newest_only)
    found, cut = drained(sock)
    numbers = [event["n"] for event in found]
    sock.close()
    if newest_only:
        assert not cut and numbers == sorted(set(numbers))
        assert numbers[-1] == ROUNDS - 1 and len(numbers) < ROUNDS / 2
    else:
        assert cut and numbers == list(range(len(numbers))) and len(numbers) < ROUNDS
    assert server.is_well()


def resident_kib() -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(x.split()[1]) for x in status.splitlines() if x.startswith("VmRSS:"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize(
    ("name", "newest_only"), [("btcusdt@bookTicker", True), ("btcusdt@depth", False)]
)
def test_two_hundred_that_never_read(server: Server, name: str, newest_only: bool) -> None:
    """They cost less than 64 MiB in all, and one that reads beside them loses nothing."""
    deaf = [stalled(server.port, f"/ws/{name}") for _ in range(200)]
    before, most = resident_kib(), 0
    try:
        with Listener(server, f"/ws/{name}") as listener:
            heard = []
            for n in range(0, ROUNDS, 10):
                flood(server, name, newest_only, range(n, n + 10))
                most = max(most, resident_kib())
                heard += [listener.next()["n"] for _ in range(10)]
            assert heard == list(range(ROUNDS))
        assert most - before < 64 * 1024, f"{(most - before) / 1024:.0f} MiB"
    finally:
        for sock in deaf:
            sock.close()
