"""A WebSocket client that says exactly what a test wants, frame by frame."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
import time
from typing import Any, NamedTuple

from tests.gateways.conftest import Server

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def said(frame: bytes) -> Any:
    """The JSON in a whole frame as a server makes it."""
    size = frame[1]
    return json.loads(frame[2 if size < 126 else 4 if size == 126 else 10 :])


class Frame(NamedTuple):
    opcode: int
    data: bytes
    fin: bool = True

    @property
    def code(self) -> int:
        """The close code of a close frame, 1005 when it has none."""
        return struct.unpack("!H", self.data[:2])[0] if self.data else 1005

    @property
    def json(self) -> Any:
        return json.loads(self.data)


def packed(
    opcode: int, data: bytes = b"", *, fin: bool = True, mask: bool = True, rsv: int = 0
) -> bytes:
    """A frame as it goes to a server; `rsv` are the three reserved bits."""
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    size, masked = len(data), 0x80 if mask else 0
    if size < 126:
        head = bytes((first, masked | size))
    elif size < 65_536:
        head = struct.pack("!BBH", first, masked | 126, size)
    else:
        head = struct.pack("!BBQ", first, masked | 127, size)
    if not mask:
        return head + data
    key = os.urandom(4)
    stream = key * (size // 4 + 1)
    xored = int.from_bytes(data, "big") ^ int.from_bytes(stream[:size], "big")
    return head + key + xored.to_bytes(size, "big")


class Raw:
    """One connection after its handshake."""

    def __init__(
        self, server: Server, target: str = "/ws", *, headers: str = "", rcvbuf: int = 0,
        behind: bytes = b"",
    ) -> None:  # fmt: skip
        """behind: what is sent in the same piece as the handshake."""
        self.sock = socket.socket()
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.settimeout(10)
        self.sock.connect(("127.0.0.1", server.port))
        key = base64.b64encode(os.urandom(16)).decode()
        self.sock.sendall(
            f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"{headers}\r\n".encode()
            + behind
        )
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            data = self.sock.recv(65_536)
            if not data:
                raise EOFError(self.rest)
            self.rest += data
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        self.head = head.decode()
        if not self.head.startswith("HTTP/1.1 101 "):
            raise ConnectionRefusedError(self.head, self.rest)

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *args: object) -> None:
        self.sock.close()

    def send(self, opcode: int, data: bytes = b"", **more: Any) -> None:
        self.sock.sendall(packed(opcode, data, **more))

    def _bytes(self, size: int) -> bytes:
        while len(self.rest) < size:
            data = self.sock.recv(1 << 20)
            if not data:
                raise EOFError
            self.rest += data
        found, self.rest = self.rest[:size], self.rest[size:]
        return found

    def frame(self, timeout: float = 10.0) -> Frame:
        """The next frame. Raises: EOFError, ConnectionError, TimeoutError."""
        self.sock.settimeout(timeout)
        first, second = self._bytes(2)
        assert not second & 0x80, "servers do not mask"
        size = second & 0x7F
        if size == 126:
            size = int.from_bytes(self._bytes(2), "big")
        elif size == 127:
            size = int.from_bytes(self._bytes(8), "big")
        return Frame(first & 0x0F, self._bytes(size), bool(first & 0x80))

    def farewell(self, timeout: float = 10.0) -> int:
        """The close code that comes, whatever comes before it; 1006 for a bare end."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                frame = self.frame(deadline - time.monotonic())
                if frame.opcode == CLOSE:
                    return frame.code
        except (EOFError, ConnectionError):
            return 1006

    def gone(self, timeout: float = 5.0) -> bool:
        """Whether the server hangs up within a while."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                self.frame(max(deadline - time.monotonic(), 0.001))
        except (EOFError, ConnectionError):
            return True
        except TimeoutError:
            return False

    def ask(self, request: Any) -> Any:
        """Send a request (text as it is, else as JSON); the next text message."""
        text = request if isinstance(request, str) else json.dumps(request)
        self.send(TEXT, text.encode())
        return self.heard()

    def heard(self, timeout: float = 10.0) -> Any:
        """The next text message, decoded."""
        while True:
            frame = self.frame(timeout)
            assert frame.opcode != CLOSE, frame
            if frame.opcode == TEXT:
                return frame.json
