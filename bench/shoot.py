"""A client that keeps N orders in flight: `python -m bench.shoot`, a process of its own.

Ways: `c`, signed orders over HTTP; `ws`, signed ones over the WebSocket API; `logon`, unsigned ones
on sessions that logged on with an Ed25519 key (the secret is its 32 bytes in hex).

Requests are signed beforehand, sockets are raw, a request follows its answer at once (closed loop).
Prints JSON: answers, seconds, the server's CPU seconds meanwhile, latencies in µs.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import os
import time
from collections.abc import Iterator
from typing import Final

from bench.measure import cpu_s

HEAD: Final = (
    "POST /api/v3/order HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: bench\r\n"
    "Accept: */*\r\nX-MBX-APIKEY: {key}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: {length}\r\n\r\n{body}"
)
OPENING: Final = (
    b"GET /ws-api/v3 HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PER_SECOND: Final = 40_000  # requests signed beforehand for each second; more are signed on the way


class Shooter:
    """What all connections share: the requests, and what came of them."""

    def __init__(self, port: int, key: str, secret: str, ready: int, way: str) -> None:
        self.port, self.key, self.secret, self.way = port, key, secret, way
        self.keyed = hmac.new(secret.encode(), digestmod=hashlib.sha256)
        self.number = 0
        self.ready: Iterator[bytes] = iter([self.request() for _ in range(ready)])
        self.counting = self.stopping = False
        self.took_ns: list[int] = []
        self.failed = b""

    def request(self) -> bytes:
        """The next order: limit, resting, at one of a thousand prices."""
        self.number += 1
        n = self.number
        if self.way != "c":
            return self.frame(n)
        side, price = ("BUY", 90_000 - n % 500) if n % 2 else ("SELL", 110_000 + n % 500)
        sent = (
            f"symbol=BTCUSDT&side={side}&type=LIMIT&timeInForce=GTC&quantity=0.00006"
            f"&price={price}.00&newClientOrderId=bench{os.getpid()}x{n}&recvWindow=60000"
            f"&timestamp={time.time_ns() // 1_000_000}"
        )
        signing = self.keyed.copy()
        signing.update(sent.encode())
        body = f"{sent}&signature={signing.hexdigest()}"
        return HEAD.format(port=self.port, key=self.key, length=len(body), body=body).encode()

    def frame(self, n: int) -> bytes:
        """The same order as a frame of the WebSocket API."""
        side, price = ("BUY", 90_000 - n % 500) if n % 2 else ("SELL", 110_000 + n % 500)
        params = {
            "apiKey": self.key, "newClientOrderId": f"bench{os.getpid()}w{n}",
            "price": f"{price}.00", "quantity": "0.00006", "recvWindow": "60000", "side": side,
            "symbol": "BTCUSDT", "timeInForce": "GTC",
            "timestamp": str(time.time_ns() // 1_000_000), "type": "LIMIT",
        }  # fmt: skip
        if self.way == "logon":
            del params["apiKey"]
        else:
            signing = self.keyed.copy()
            signing.update(_joined(params))
            params["signature"] = signing.hexdigest()
        return _framed({"id": n, "method": "order.place", "params": params})

    def logon(self) -> bytes:
        """The frame that says who speaks from now on."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        params = {"apiKey": self.key, "timestamp": str(time.time_ns() // 1_000_000)}
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self.secret))
        params["signature"] = base64.b64encode(key.sign(_joined(params))).decode()
        return _framed({"id": "logon", "method": "session.logon", "params": params})

    def next(self) -> bytes:
        return next(self.ready, None) or self.request()


def _joined(params: dict[str, str]) -> bytes:
    """What a signature covers."""
    return "&".join(f"{name}={value}" for name, value in params.items()).encode()


def _framed(request: dict[str, object]) -> bytes:
    """A text frame. Its mask of zeros changes nothing."""
    text = json.dumps(request).encode()
    return b"\x81\xfe" + len(text).to_bytes(2, "big") + bytes(4) + text


class Connection(asyncio.Protocol):
    """One request in flight."""

    def __init__(self, shooter: Shooter) -> None:
        self.shooter = shooter
        self.buffer = b""
        self.sent_ns = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        self.opening = self.shooter.way != "c"
        if self.opening:
            transport.write(OPENING)
        else:
            self.shoot()

    def shoot(self) -> None:
        self.sent_ns = time.perf_counter_ns()
        self.transport.write(self.shooter.next())

    def data_received(self, data: bytes) -> None:
        data = self.buffer = self.buffer + data
        if self.shooter.way != "c" and not self.opening:
            if len(data) > 4 and len(data) >= 4 + int.from_bytes(data[2:4], "big"):
                self.answered(data, data[4:].startswith(b'{"id":') and b'"status":200' in data)
            return
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return
        if self.opening:
            self.opening = False
            self.buffer = b""
            if self.shooter.way == "logon":
                self.transport.write(self.shooter.logon())  # its answer counts like an order's
            else:
                self.shoot()
            return
        head = data[:end].lower()
        at = head.find(b"content-length:") + 15
        length = int(head[at : head.find(b"\r", at) if b"\r" in head[at:] else end])
        if len(data) < end + 4 + length:
            return
        self.answered(data, data[9:12] == b"200")

    def answered(self, data: bytes, well: bool) -> None:
        shooter = self.shooter
        if shooter.counting:
            shooter.took_ns.append(time.perf_counter_ns() - self.sent_ns)
        if not well:
            shooter.failed = data
        self.buffer = b""
        if shooter.stopping:
            self.transport.close()
        else:
            self.shoot()


async def shoot(shooter: Shooter, flight: int, pid: int, warm_s: float, run_s: float) -> None:
    loop = asyncio.get_running_loop()

    def spin() -> None:
        """Never sleep: to wake a sleeping client would cost the server, and a slow one more."""
        if not shooter.stopping:
            loop.call_soon(spin)

    spin()
    for _ in range(flight):
        await loop.create_connection(lambda: Connection(shooter), "127.0.0.1", shooter.port)
    await asyncio.sleep(warm_s)
    cpu, started = cpu_s(pid), time.perf_counter()
    shooter.counting = True
    await asyncio.sleep(run_s)
    shooter.counting = False
    cpu, seconds = cpu_s(pid) - cpu, time.perf_counter() - started
    shooter.stopping = True
    await asyncio.sleep(0.1)
    took = sorted(shooter.took_ns)
    print(json.dumps({
        "answers": len(took), "seconds": seconds, "cpu_s": cpu,
        "p50_us": took[len(took) // 2] / 1e3, "p99_us": took[len(took) * 99 // 100] / 1e3,
        "failed": shooter.failed.decode(errors="replace")[-300:],
    }))  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("port", "pid", "flight", "core"):
        parser.add_argument(f"--{name}", type=int, required=True)
    for name in ("key", "secret"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--way", choices=("c", "ws", "logon"), default="c")
    parser.add_argument("--warm", type=float, default=0.3)
    parser.add_argument("--seconds", type=float, default=2.0)
    args = parser.parse_args()
    if args.core >= 0:
        os.sched_setaffinity(0, {args.core})
    ready = int(PER_SECOND * (args.warm + args.seconds))
    if args.flight == 1:
        ready //= 4
    shooter = Shooter(args.port, args.key, args.secret, ready, args.way)
    work = shoot(shooter, args.flight, args.pid, args.warm, args.seconds)
    try:
        import uvloop
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)


if __name__ == "__main__":
    main()
