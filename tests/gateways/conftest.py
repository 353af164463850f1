"""A real server on a free port, in a thread of its own, and what speaks raw HTTP with it."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import time
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from tradepit import server as serving
from tradepit.config import Config
from tradepit.data.genesis import DEV_KEYS

ALICE = DEV_KEYS[0]
HOST = b"127.0.0.1"


class Response(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> int:
        return int(self.json["code"])


class Wire:
    """One connection, byte by byte."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.rest = b""

    def send(self, data: bytes) -> Wire:
        self.sock.sendall(data)
        return self

    def _more(self) -> bool:
        data = self.sock.recv(65_536)
        self.rest += data
        return bool(data)

    def response(self, head_only: bool = False) -> Response:
        """The next response. Raises: EOFError when the server hung up instead."""
        while b"\r\n\r\n" not in self.rest:
            if not self._more():
                raise EOFError
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in lines)}
        length = 0 if head_only else int(headers["content-length"])
        while len(self.rest) < length:
            assert self._more()
        body, self.rest = self.rest[:length], self.rest[length:]
        return Response(int(first.split()[1]), headers, body)

    def closed(self, within_s: float = 5.0) -> bool:
        """Whether the server hangs up, and says nothing before it does."""
        self.sock.settimeout(within_s)
        try:
            return not self.rest and self.sock.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def close(self) -> None:
        self.sock.close()


class Server:
    def __init__(self, port: int, served: serving.Served) -> None:
        self.port = port
        self.served = served

    @property
    def authority(self) -> bytes:
        return b"127.0.0.1:%d" % self.port

    def wire(self) -> Wire:
        return Wire(self.port)

    def raw(self, data: bytes) -> Response:
        """What comes back first for these bytes, on a connection of their own."""
        wire = self.wire()
        try:
            return wire.send(data).response()
        finally:
            wire.close()

    def request(
        self, method: str, target: str | bytes, body: bytes = b"", **headers: str
    ) -> Response:
        return self.raw(message(method, target, body, self.authority, **headers))

    def signed(
        self, method: str, path: str, query: str = "", body: str = "", **headers: str
    ) -> Response:
        """Alice's request, with timestamp and signature at the end of what there is."""
        stamp = f"timestamp={time.time_ns() // 1_000_000}"
        if body:
            body += f"&{stamp}"
        else:
            query = f"{query}&{stamp}" if query else stamp
        mark = f"&signature={sign(query + body)}"
        query, body = (query, body + mark) if body else (query + mark, body)
        target = f"{path}?{query}" if query else path
        headers = {"x_mbx_apikey": ALICE.api_key, **headers}
        if body:
            headers.setdefault("content_type", "application/x-www-form-urlencoded")
        return self.request(method, target, body.encode(), **headers)

    def is_well(self) -> bool:
        return self.request("GET", "/api/v3/ping").body == b"{}"


def sign(payload: str, secret: str = ALICE.secret_key) -> str:
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def message(
    method: str, target: str | bytes, body: bytes = b"", authority: bytes = HOST, **headers: str
) -> bytes:
    """A request's bytes; header names with underscores for dashes."""
    raw = target if isinstance(target, bytes) else target.encode()
    lines = [method.encode() + b" " + raw + b" HTTP/1.1"]
    if "host" not in headers:
        lines.append(b"Host: " + authority)
    lines += [f"{n.replace('_', '-')}: {v}".encode() for n, v in headers.items()]
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def running(settings: Config) -> Iterator[Server]:
    """Run a server until the generator is closed."""
    with serving.in_thread(settings) as served:
        yield Server(urlsplit(served.url).port or 0, served)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    yield from running(Config(port=0, memory=True, market="empty"))
