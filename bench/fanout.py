"""One busy symbol heard by a thousand sockets, and what idle and deaf sockets cost.

Messages per second of the publishing process's CPU time (all its threads), at a pace that readers
keep up with. Trades are real orders in a world without a log; the library's bare `broadcast` says
texts of the same length to as many sockets on the same event loop.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import IO, Any, Final

from bench.measure import Figure, Limit, Ratio, cpu_s, resident_kib

SUBSCRIBERS: Final = 1_000
IDLE: Final = 10_000
DEAF: Final = 200
DEAF_BYTES: Final = 4 * 1024 * 1024  # what a deaf socket is told
SYMBOL: Final = "LTCUSDT"
PATH: Final = "/ws/ltcusdt@trade"

RATIOS = [
    Ratio("one trade a tick to 1,000 : the library's broadcast", "fanout.ours.1.rate",
          "fanout.bare.1.rate", ">= 0.8"),
    Ratio("ten trades a tick : one trade a tick", "fanout.ours.10.rate", "fanout.ours.1.rate",
          ">= 5"),
    Ratio("a good reader beside a deaf one : alone", "fanout.ours.beside", "fanout.ours.alone",
          ">= 0.9"),
]  # fmt: skip
LIMITS = [Limit("fanout.idle", "<= 400"), Limit("fanout.deaf", "<= 64")]


def measure(quick: bool) -> list[Figure]:
    """Nothing: the core has no part in it."""
    return []


def measure_peers(quick: bool) -> list[Figure]:
    """Everything, ours and the library's, in one run."""
    figures: dict[str, Figure] = {}
    for _ in range(1 if quick else 3):
        for kind in ("ours", "bare"):
            with _process("publish", kind) as publisher:
                port = int(_line(publisher))
                with _readers(port, SUBSCRIBERS, PATH):
                    for frames in (1, 10):
                        _keep(figures, _paced(publisher, kind, frames, quick))
    with _process("publish", "ours") as publisher:
        port = int(_line(publisher))
        figures |= _beside(publisher, port)
    with _process("publish", "ours") as publisher:
        port = int(_line(publisher))
        figures |= _idle(publisher, port, quick)
    with _process("publish", "ours") as publisher:
        port = int(_line(publisher))
        figures |= _deaf(publisher, port)
    return list(figures.values())


def _keep(figures: dict[str, Figure], found: Figure) -> None:
    old = figures.get(found.key)
    if old is None or found.value > old.value:
        figures[found.key] = found


def _paced(publisher: subprocess.Popen[str], kind: str, frames: int, quick: bool) -> Figure:
    """Messages per CPU-second at about 60,000 messages a second."""
    ticks = 50 if quick else 200
    _say(publisher, f"{ticks} {frames} {0.016 if frames == 1 else 0.02}")
    used = float(_line(publisher))
    words = {
        "ours": "tradepit, a @trade stream heard by 1,000",
        "bare": "the library's broadcast of such a text to 1,000",
    }[kind]
    rate = ticks * frames * SUBSCRIBERS / used
    return Figure(
        f"fanout.{kind}.{frames}.rate", f"{words}, {frames} a tick", rate, "messages/CPU-s"
    )


def _beside(publisher: subprocess.Popen[str], port: int) -> dict[str, Figure]:
    """What one reader hears a second, alone and beside one that does not read."""
    found: dict[str, Figure] = {}
    for name, words in (("alone", "alone"), ("beside", "beside one that does not read")):
        with contextlib.ExitStack() as stack:
            if name == "beside":
                stack.enter_context(_open(port, PATH, rcvbuf=4_096))
            reader = stack.enter_context(_open(port, PATH))
            rates = []
            for _ in range(3):
                _say(publisher, "4000 1 0")
                started, heard = time.perf_counter(), 0
                while heard < 4_000:
                    heard += reader.recv(1 << 20).count(b'"e":"trade"')
                rates.append(heard / (time.perf_counter() - started))
                _line(publisher)
        found[name] = Figure(
            f"fanout.ours.{name}", f"a reader of trades {words}", max(rates), "messages/s"
        )
    return found


def _idle(publisher: subprocess.Popen[str], port: int, quick: bool) -> dict[str, Figure]:
    count = IDLE // 10 if quick else IDLE
    before = resident_kib(publisher.pid)
    with _readers(port, count, PATH):
        grown = resident_kib(publisher.pid) - before
    return {
        "idle": Figure(
            "fanout.idle", "10,000 idle sockets", grown / 1_024 * IDLE / count, "MiB"
        )
    }  # fmt: skip


def _deaf(publisher: subprocess.Popen[str], port: int) -> dict[str, Figure]:
    """Memory at its highest while many sockets are told much and read nothing."""
    before, highest = resident_kib(publisher.pid), 0
    with contextlib.ExitStack() as stack:
        for _ in range(DEAF):
            stack.enter_context(_open(port, PATH, rcvbuf=4_096))
        for _ in range(DEAF_BYTES // 200 // 200):
            _say(publisher, "20 10 0")
            _line(publisher)
            highest = max(highest, resident_kib(publisher.pid))
    grown = (highest - before) / 1_024
    return {"deaf": Figure("fanout.deaf", "200 sockets that never read", grown, "MiB")}


# --- Processes ---------------------------------------------------------------------------------


@contextlib.contextmanager
def _process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.fanout", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
    )  # fmt: skip
    try:
        yield process
    finally:
        _stream(process.stdin).close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def _readers(port: int, count: int, path: str) -> Iterator[None]:
    """A process with `count` sockets that reads all of them."""
    with _process("read", str(port), str(count), path) as readers:
        assert _line(readers) == "ready"
        yield


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def _line(process: subprocess.Popen[str]) -> str:
    line = _stream(process.stdout).readline().strip()
    if not line:
        raise RuntimeError("the other process ended")
    return line


def _say(process: subprocess.Popen[str], line: str) -> None:
    _stream(process.stdin).write(line + "\n")


def _open(port: int, path: str, rcvbuf: int = 0) -> socket.socket:
    """A socket after its handshake."""
    sock = socket.socket()
    if rcvbuf:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    sock.connect(("127.0.0.1", port))
    key = base64.b64encode(os.urandom(16))
    sock.sendall(
        b"GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n" % (path.encode(), port, key)
    )
    head = b""
    while b"\r\n\r\n" not in head:
        head += sock.recv(4_096)
    assert head.startswith(b"HTTP/1.1 101"), head
    return sock


def read(port: int, count: int, path: str) -> None:
    """Open sockets and read them until the input ends."""
    selector = selectors.DefaultSelector()
    for _ in range(count):
        sock = _open(port, path)
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ, sock.recv_into)
    selector.register(sys.stdin, selectors.EVENT_READ)
    print("ready", flush=True)
    room = bytearray(1 << 20)
    while True:
        for key, _ in selector.select():
            if key.data is None:
                return
            if not key.data(room):
                selector.unregister(key.fileobj)


# --- Publishing --------------------------------------------------------------------------------


async def _orders(publish: Any) -> None:
    """Do what the input asks for: `ticks frames seconds`, a tick every so many seconds."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).split():
        ticks, frames, pause_s = int(line[0]), int(line[1]), float(line[2])
        started, due = cpu_s(os.getpid()), loop.time()
        for _ in range(ticks):
            await publish(frames)
            due += pause_s
            await asyncio.sleep(max(due - loop.time(), 0))
        await asyncio.sleep(0.2)  # what was written is sent
        print(cpu_s(os.getpid()) - started, flush=True)


async def ours() -> None:
    """tradepit with a resting order, and takers that eat a little of it."""
    from tradepit import server
    from tradepit.catalog.language import REGISTRY
    from tradepit.config import Config
    from tradepit.core.records import Who
    from tradepit.listening import bound

    config = Config(port=0, memory=True, market="empty", limits="off")
    listener = bound(config.host, config.port)
    async with server.serving(config, listener) as served:
        submit = served.hall.sequencer.submit
        place = REGISTRY["POST /api/v3/order"]

        def ask(**words: str) -> Any:
            return place.parse([("symbol", SYMBOL), *words.items()])

        resting = ask(side="SELL", type="LIMIT", timeInForce="GTC", quantity="4000", price="90")
        await submit(Who(1), place.id, resting)
        taking = ask(side="BUY", type="MARKET", quantity="0.06")

        async def publish(frames: int) -> None:
            await asyncio.gather(*[submit(Who(2), place.id, taking) for _ in range(frames)])

        print(listener.getsockname()[1], flush=True)
        await _orders(publish)


async def bare() -> None:
    """The library alone."""
    from websockets.asyncio.server import ServerConnection, broadcast, serve

    sockets: set[ServerConnection] = set()
    text = "x" * 127  # as long as what tradepit says of a trade

    async def hold(connection: ServerConnection) -> None:
        sockets.add(connection)
        try:
            await connection.wait_closed()
        finally:
            sockets.discard(connection)

    async def publish(frames: int) -> None:
        for _ in range(frames):
            broadcast(sockets, text)

    async with serve(hold, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await _orders(publish)


if __name__ == "__main__":
    if sys.argv[1] == "read":
        read(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    else:
        import uvloop

        uvloop.run({"ours": ours, "bare": bare}[sys.argv[2]]())
