"""WebSocket sessions: the life of a socket after its handshake, whatever is spoken on it.

The protocol is the websockets package's Sans-I/O half; it is given frame after frame, but for whole
text messages, which there is nothing to ask about. Transport, pings, limits, the bounded queue and
coalesced writes are ours, because they are what the exchange promises: a ping every 20 s, a
minute's patience for its pong, five messages a second, 24 hours, and a reader that does not read
costs the others nothing. Frames to clients are unmasked, so one frame's bytes serve all sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from websockets.frames import Frame, Opcode, apply_mask  # type: ignore[attr-defined]
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from tradepit.core.rejects import Reject
from tradepit.gateways.answers import refusal

if TYPE_CHECKING:
    from tradepit.gateways.checks import Call

log = logging.getLogger("tradepit.sockets")

MAX_MESSAGE: Final = 1024 * 1024
QUEUE_BYTES: Final = 1024 * 1024  # what may wait for one socket that does not read
HIGH_WATER: Final = 64 * 1024
UNSENT_BYTES: Final = 16 * 1024  # what the kernel may keep unsent (TCP_NOTSENT_LOWAT)
MAX_PARTS: Final = 1_024  # frames of one message
FAREWELL_S: Final = 2.0  # how long a closed socket may take to read why
DAY_US: Final = 86_400_000_000

GOING_AWAY: Final = 1001
UNSUPPORTED: Final = 1003
NOT_UTF8: Final = 1007
POLICY: Final = 1008
RESTART: Final = 1012
DAY_OVER: Final = "24 hours are over"

_TEXT: Final = 0x81
_MIDDLE: Final = struct.Struct(">BBH")  # the head of a text frame of middle length
_PING: Final = 0x89


def text_frame(payload: bytes) -> bytes:
    """A whole text message as it goes to a client."""
    size = len(payload)
    if size < 126:
        return bytes((_TEXT, size)) + payload
    if size < 65_536:
        return _MIDDLE.pack(_TEXT, 126, size) + payload
    return bytes((_TEXT, 127)) + size.to_bytes(8, "big") + payload


def frame_size(data: bytes, at: int) -> int:
    """The bytes of the frame that begins at `at`, mask included; 0 when too little of it is there
    to say."""
    if len(data) < at + 2:
        return 0
    size = data[at + 1] & 0x7F
    if size < 126:
        return 6 + size
    wide = 4 if size == 126 else 10
    if len(data) < at + wide:
        return 0
    return wide + 4 + int.from_bytes(data[at + 2 : at + wide], "big")


class Manners:
    """How sockets are treated. Times in seconds of the wall's clock, but `day_us`, which is the
    world's. of_futures: how those of futures are, where that differs."""

    __slots__ = ("day_us", "messages_a_second", "of_futures", "patience_s", "ping_s")

    def __init__(
        self, ping_s: float = 20.0, patience_s: float = 60.0, day_us: int = DAY_US,
        messages_a_second: int = 5, of_futures: Manners | None = None,
    ) -> None:  # fmt: skip
        self.of_futures = of_futures or self
        self.ping_s = ping_s
        self.patience_s = patience_s
        self.day_us = day_us
        self.messages_a_second = messages_a_second


def all_manners(ping_s: float, patience_s: float) -> Manners:
    """Those of spot, and of futures: a ping every three minutes, ten for its pong, ten messages a
    second; documented. Who sets other times than spot's means them for all sockets."""
    usual = Manners()
    futures = Manners(
        180.0 if ping_s == usual.ping_s else ping_s,
        600.0 if patience_s == usual.patience_s else patience_s, messages_a_second=10,
    )  # fmt: skip
    return Manners(ping_s, patience_s, of_futures=futures)


def _no_handshake() -> Reject:
    return refusal(400, "This is no valid WebSocket handshake.")


class Session(asyncio.Protocol):
    """One open socket. Subclasses say what a message means: `opened`, `heard`, `closed`."""

    limited = True  # whether the messages of a second are counted

    def __init__(self, call: Call, manners: Manners) -> None:
        self.call = call
        self.world = call.world
        self.ip = call.ip
        self.manners = manners
        self.loop = asyncio.get_running_loop()
        self.wire = ServerProtocol(max_size=MAX_MESSAGE, logger=log)
        self.transport: asyncio.Transport
        self.done = False
        self.on_gone: Callable[[Session], None] = lambda session: None
        self._start = b""  # of a frame whose length is not known yet
        self._missing = 0  # bytes of the frame that is being received
        self._parts: list[bytes] = []
        self._part_is_text = True
        self._out: list[bytes] = []
        self._out_size = 0
        self._newest: dict[str, bytes] = {}
        self._scheduled = False
        self.paused = False  # what is written waits to be read
        self._second = 0
        self._messages = 0
        self._opened_us = self.world.clock.now_us()
        self._next_ping_s = 0.0
        self._asked_s = 0.0  # when the oldest unanswered ping was sent
        self._pings: set[bytes] = set()
        self._ping_s = 0.0  # when the next ping is due, on the loop's clock
        self._beat: asyncio.TimerHandle | None = None

    # What a subclass does.

    def opened(self) -> None:
        """The handshake is done."""

    def heard(self, text: str) -> None:
        """A whole text message came."""
        raise NotImplementedError

    def closed(self) -> None:
        """The socket is gone; nothing more can be sent."""

    def goodbye(self) -> bytes | None:
        """The payload that tells of the server's shutdown."""
        return None

    # Opening.

    def handshake(self) -> None:
        """Accept the upgrade; `take_over` says so. Raises: Reject when it cannot be accepted."""
        if self.call.method != b"GET":
            raise _no_handshake()
        lines = b"".join(b"%s: %s\r\n" % pair for pair in self.call.headers.items())
        self.wire.receive_data(b"GET / HTTP/1.1\r\n%s\r\n" % lines)
        asked = self.wire.events_received()
        if not asked or not isinstance(asked[0], Request):
            raise _no_handshake()
        if asked[0].headers.get("Sec-WebSocket-Version", "13") != "13":
            raise refusal(426, "Of the WebSocket protocol only version 13 is spoken here.")
        response = self.wire.accept(asked[0])
        if response.status_code != 101:
            raise _no_handshake()
        self.wire.send_response(response)

    def take_over(self, transport: asyncio.Transport, rest: bytes) -> None:
        """Speak on `transport` from now on: first of the handshake, which must have been accepted.
        `rest` was received behind it."""
        self.transport = transport
        transport.set_protocol(self)
        transport.set_write_buffer_limits(high=HIGH_WATER)
        raw = transport.get_extra_info("socket")
        if raw is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        transport.resume_reading()
        transport.write(b"".join(self.wire.data_to_send()))
        self._ping_s = self.loop.time() + self.manners.ping_s
        self._arm()
        self.opened()
        if rest:
            self.data_received(rest)

    # Receiving.

    def data_received(self, data: bytes) -> None:
        queued = self._scheduled
        self._scheduled = True  # what is answered now goes out below
        if self._start or self._missing or self.done or not self._is_heard(data):
            self._cut(self._start + data if self._start else data)
        if not queued:
            self._turn()

    def _is_heard(self, data: bytes) -> bool:
        """Whether what came is one plain text frame, whole and nothing more; it is heard."""
        size = len(data)
        if size < 8 or data[0] != _TEXT:
            return False
        head = data[1]
        if head == 0xFE:
            begin, whole = 8, (data[2] << 8 | data[3]) + 8
        elif 0x80 <= head < 0xFE:
            begin, whole = 6, head - 0x80 + 6
        else:
            return False
        if size != whole or self._parts or self.wire.state is not OPEN:
            return False
        if self.limited and not self._may_speak():
            self.close(POLICY, "Too many requests")
        else:
            self._part_is_text = True
            self._message(apply_mask(data[begin:], data[begin - 4 : begin]))
        return True

    def _cut(self, data: bytes) -> None:
        """Take what came apart into frames."""
        self._start = b""
        at = 0
        while at < len(data) and not self.done:
            if not self._missing:
                size = frame_size(data, at)
                if not size:
                    self._start = data[at:]
                    return
                if data[at] == _TEXT and at + size <= len(data) and self._is_plain(data, at):
                    self._plain(data[at : at + size])
                    at += size
                    continue
                self._missing = size
            piece = data[at : at + self._missing]
            self._missing -= len(piece)
            at += len(piece)
            self._pass_on(piece)

    def _is_plain(self, data: bytes, at: int) -> bool:
        """Whether a whole text frame can be heard as it is: masked, of no great length, and not in
        the middle of another message or of the end."""
        known = data[at + 1] & 0x80 and data[at + 1] != 0xFF
        return bool(known) and not self._parts and self.wire.state is OPEN

    def _plain(self, frame: bytes) -> None:
        """A whole text message."""
        if self.limited and not self._may_speak():
            self.close(POLICY, "Too many requests")
            return
        head = 4 if frame[1] == 0xFE else 2
        self._part_is_text = True
        self._message(apply_mask(frame[head + 4 :], frame[head : head + 4]))

    def _pass_on(self, data: bytes) -> None:
        """Let the protocol make of it what it is."""
        wire = self.wire
        wire.receive_data(data)
        for event in wire.events_received():
            if isinstance(event, Frame) and not self.done:
                self._frame(event)
        self._reply()

    def eof_received(self) -> bool:
        if not self.done:
            self.wire.receive_eof()
            self._reply()
        return False

    def _reply(self) -> None:
        """What the protocol itself has to say: pongs, the closing handshake."""
        if self.done:
            return
        for data in self.wire.data_to_send():
            if data:
                self.send(data)
        if self.wire.parser_exc is not None or self.wire.close_expected():
            self.flush()
            self._end_soon()

    def _frame(self, frame: Frame) -> None:
        opcode = frame.opcode
        if opcode is Opcode.CLOSE:
            return
        if opcode is Opcode.PONG:
            data = bytes(frame.data)
            if data in self._pings:
                self._pings.clear()
                self._asked_s = 0.0
        if opcode is Opcode.CONT:
            if len(self._parts) >= MAX_PARTS:
                self.close(POLICY, "Too many frames in a message")
                return
        elif not self._may_speak():
            self.close(POLICY, "Too many requests")
            return
        if opcode in (Opcode.PING, Opcode.PONG):
            return
        if opcode is not Opcode.CONT:
            self._part_is_text = opcode is Opcode.TEXT
        self._parts.append(bytes(frame.data))
        if frame.fin:
            message = b"".join(self._parts)
            self._parts = []
            self._message(message)

    def _message(self, message: bytes) -> None:
        if not self._part_is_text:
            self.close(UNSUPPORTED, "Binary messages are not supported")
            return
        try:
            text = message.decode()
        except UnicodeDecodeError:
            self.close(NOT_UTF8, "")
            return
        try:
            self.heard(text)
        except Exception:
            log.exception("A message could not be answered")
            self.close(1011, "")

    def _may_speak(self) -> bool:
        """Count one message of this second."""
        if not self.limited:
            return True
        second = int(self.loop.time())
        if second != self._second:
            self._second = second
            self._messages = 0
        self._messages += 1
        return self._messages <= self.manners.messages_a_second

    # Sending.

    def send(self, frame: bytes) -> None:
        """Queue a frame for the end of this turn of the loop."""
        self._out.append(frame)
        self._out_size += len(frame)
        if not self._scheduled:
            self._scheduled = True
            self.loop.call_soon(self._turn)

    def offer(self, key: str, frame: bytes) -> None:
        """Like `send`, for what a newer frame of the same key replaces while nobody reads."""
        if self.paused:
            self._newest[key] = frame
        else:
            self.send(frame)

    def say(self, payload: bytes) -> None:
        self.send(text_frame(payload))

    def _turn(self) -> None:
        self._scheduled = False
        if not self.paused:
            self.flush()
        elif self._out_size > QUEUE_BYTES:
            self.overflowed()

    def flush(self) -> None:
        """Write all that is queued, in one piece."""
        if self._out and not self.done:
            data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
            self._out = []
            self._out_size = 0
            self.transport.write(data)

    def overflowed(self) -> None:
        """The client does not read what it asked for: cut it, everybody else goes on."""
        self._out = []
        self._out_size = 0
        self.end()

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False
        if self._newest:
            for frame in self._newest.values():
                self.send(frame)
            self._newest = {}
        self.flush()

    # Pings and the end.

    def _arm(self) -> None:
        """Wait for the next ping, or for the end of the day if that comes first."""
        if self._beat is not None:
            self._beat.cancel()
        left_s = self.world.clock.wait_s(self._opened_us + self.manners.day_us)
        wait_s = min(left_s + 0.001, self._ping_s - self.loop.time())
        self._beat = self.loop.call_later(max(wait_s, 0.0), self._look)

    def clock_changed(self) -> None:
        """The world's clock was set, or goes another way."""
        if not self.done:
            self._look()

    def _look(self) -> None:
        now_us = self.world.clock.now_us()
        if now_us - self._opened_us >= self.manners.day_us:
            self.close(GOING_AWAY, DAY_OVER)
            return
        now = self.loop.time()
        if now >= self._ping_s:
            if self._asked_s and now - self._asked_s >= self.manners.patience_s:
                self.end()
                return
            self._ping(now, now_us)
        self._arm()

    def _ping(self, now: float, now_us: int) -> None:
        payload = b"%d" % now_us
        self._pings.add(payload)
        self._asked_s = self._asked_s or now
        self._ping_s = now + self.manners.ping_s
        self.send(bytes((_PING, len(payload))) + payload)

    def close(self, code: int, reason: str) -> None:
        """Say farewell with a close code; the transport follows."""
        if self.done:
            return
        self.flush()
        self.wire.fail(code, reason)
        for data in self.wire.data_to_send():
            if data:
                self.transport.write(data)
        self._end_soon()

    def _end_soon(self) -> None:
        """Hang up once what was written is gone. A peer still sending would lose the farewell to
        a reset, so that what it sends is dropped for a moment."""
        if self.done:
            return
        self.done = True
        if self.wire.close_rcvd is not None or not self.transport.can_write_eof():
            self.transport.close()
        else:
            self.transport.write_eof()
        self.loop.call_later(FAREWELL_S, self.transport.abort)

    def end(self) -> None:
        """Cut at once (1006 on the other side)."""
        if not self.done:
            self.done = True
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.done = True
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None
        self._out = []
        self._newest = {}
        self.closed()
        self.on_gone(self)

    def shut_down(self) -> None:
        """The server stops: tell, then close."""
        payload = self.goodbye()
        if payload is not None:
            self.say(payload)
        self.close(RESTART, "serverShutdown")


Opener = Callable[["Call", Manners], Session]


class Attempts:
    """Connection attempts per IP: 300 in five minutes of the wall's clock."""

    LIMIT: Final = 300
    WINDOW_S: Final = 300
    REMEMBERED: Final = 10_000

    def __init__(self, limited: bool = True) -> None:
        self._limited = limited
        self._window = 0
        self._counts: dict[str, int] = {}

    def count(self, ip: str, now_s: int) -> None:
        """Raises: Reject TOO_MANY_CONNECTION_ATTEMPTS."""
        if not self._limited:
            return
        window = now_s // self.WINDOW_S
        if window != self._window or len(self._counts) > self.REMEMBERED:
            self._window = window
            self._counts = {}
        count = self._counts.get(ip, 0) + 1
        self._counts[ip] = count
        if count > self.LIMIT:
            wait_s = (window + 1) * self.WINDOW_S - now_s
            words = "Too many connection attempts from IP; current limit is 300 per '5 MINUTE'."
            raise _too_many(words, wait_s)


def _too_many(words: str, wait_s: int) -> Reject:
    refused = refusal(429, words, code=-1034)
    refused.retry_after_s = wait_s
    return refused
