"""HTTP/1.1: bytes of a connection -> calls for the door -> bytes, in the order they were asked.

A subclass of uvicorn's httptools protocol (version pinned). From uvicorn come the server, flow
control and the set of connections; the life of a request is ours: it goes to the door from
`on_message_complete` and back in one write, without ASGI's messages in between (measured: about
twice the rate). Caps, deadlines and every refusal are ours too: nothing a client sends brings
forth anything but JSON.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any, Final

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import get_remote_addr
from uvicorn.server import ServerState

from tradepit.core.rejects import Reject
from tradepit.gateways.answers import (
    FIRST_LINES,
    Answer,
    Hangup,
    Page,
    first_lines,
    refusal,
    refused_answer,
)
from tradepit.gateways.checks import UPLOAD, Call, check_control
from tradepit.gateways.door import Door
from tradepit.gateways.heads import Heads
from tradepit.gateways.watchers import Watcher

log = logging.getLogger("tradepit.rest")

MAX_TARGET: Final = 16 * 1024
MAX_HEADERS: Final = 32 * 1024
MAX_BODY: Final = 1024 * 1024
MAX_UPLOAD: Final = 64 * MAX_BODY  # where the body is a file, of who may ask control
MAX_CONNECTIONS: Final = 4_096
REQUEST_S: Final = 30.0  # from a request's first byte to its last
KEEP_ALIVE_S: Final = 75.0
STALLED_S: Final = 30.0  # how long a client may leave its answers unread
LINGER_S: Final = 2.0  # a refused client may finish sending, unheard, to read why

# What a header may not be sent twice; of others the first counts.
_SINGLE: Final = frozenset({b"host", b"x-mbx-apikey", b"origin", b"x-tradepit-world"})

HEADS: Final = Heads()  # for all connections

Pending = tuple[Call | Answer, bool]
"""A call (or the ready answer of a broken one) that waits for its turn, and: keep alive?"""


class _Refused(Exception):
    """Raised inside a parser callback to stop the parser; the refusal is in `refused`."""


class HttpProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.door: Door = config.app  # type: ignore[assignment]
        self.ip = ""
        # The request being received.
        self.receiving = False  # between its first byte and its last
        self.in_head = False
        self.url = b""
        self.fields: dict[bytes, bytes] = {}
        self.head_size = 0
        self.chunks: list[bytes] = []
        self.body_size = 0
        self.most = MAX_BODY
        self.refused: Reject | None = None
        self.whole = b""  # what came, where a request began with its first byte
        self.deadline: asyncio.TimerHandle | None = None
        # Requests being answered.
        self.busy = False
        self.waiting: deque[Pending] = deque()
        self.upgrading: Call | None = None  # a request to speak WebSocket
        self.deaf = False  # nothing more is read as a request
        self.closing = False  # the server stops
        self.last_active = 0.0
        self.patience = REQUEST_S  # who never sends anything is cut like one who never finishes
        self.idle: asyncio.TimerHandle | None = None
        self.stalled: asyncio.TimerHandle | None = None
        self.date: tuple[list[tuple[bytes, bytes]], bytes] = ([], b"")

    # The connection.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.connections.add(self)
        self.transport = transport
        self.flow = FlowControl(transport)
        remote = get_remote_addr(transport)
        self.ip = remote[0] if remote else ""
        self.last_active = self.loop.time()
        self.idle = self.loop.call_later(self.patience, self._check_idle)
        if len(self.connections) > MAX_CONNECTIONS:
            words = f"Too many concurrent connections; current limit is '{MAX_CONNECTIONS}'."
            self._break_off(refusal(429, words, code=-1034))

    def connection_lost(self, exc: Exception | None) -> None:
        self.connections.discard(self)
        self._stop_timers()
        self.waiting.clear()
        self.deaf = True
        self.transport.close()
        self.parser = None  # type: ignore[assignment]  # they refer to each other

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """The client sends no more. It may still read what it asked for; half a request is void."""
        self.deaf = self.closing = True
        halves = self.transport.can_write_eof()  # TLS closes both ways at once
        return halves and (self.busy or bool(self.waiting))

    def shutdown(self) -> None:
        """The server stops: answer what is being answered, then close."""
        self.deaf = self.closing = True
        self.waiting.clear()
        if not self.busy:
            self.transport.close()

    def _check_idle(self) -> None:
        """Close a connection that nobody used. Requests on their way have deadlines of their own,
        so that this timer is set once in a while, not once a request."""
        left = self.patience
        if not self.busy and not self.receiving:
            left += self.last_active - self.loop.time()
        if left <= 0:
            self.transport.close()
        else:
            self.idle = self.loop.call_later(left, self._check_idle)

    # Receiving.

    def data_received(self, data: bytes) -> None:
        if self.deaf:
            return
        if self.receiving:
            self.whole = b""
        else:
            request = HEADS.find(data)
            if request is not None:
                self._take(Call(*request, self.ip), keep=True)
                return
            self.whole = data
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.deaf = True  # what follows is not HTTP
            if self.upgrading is not None:
                self._upgrade(self.upgrading, data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as wrong:
            if self.refused is None and isinstance(wrong, httptools.HttpParserCallbackError):
                log.error("A request could not be received", exc_info=wrong)
            self._break_off(self.refused or refusal(400, "Invalid HTTP request."))
            return
        if self.in_head:
            self.head_size += len(data)
            if self.head_size > MAX_HEADERS + MAX_TARGET:
                self._break_off(_too_large())
                return
        if self.receiving and self.deadline is None:
            self.deadline = self.loop.call_later(REQUEST_S, self._too_late)

    def on_message_begin(self) -> None:
        self.receiving = self.in_head = True
        self.url = b""
        self.fields = {}
        self.head_size = self.body_size = 0
        self.most = MAX_BODY
        self.chunks = []

    def on_url(self, url: bytes) -> None:
        self.url = self.url + url if self.url else url
        if len(self.url) > MAX_TARGET:
            self._stop(refusal(414, "The request's URI is too long."))

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.in_head:
            return  # a trailer: nothing of it counts
        self.head_size += len(name) + len(value) + 4
        if self.head_size > MAX_HEADERS:
            self._stop(_too_large())
        name = name.lower()
        if name not in self.fields:
            self.fields[name] = value
        elif name in _SINGLE:
            self._stop(refusal(400, f"The header {name.decode()} was sent twice."))

    def on_headers_complete(self) -> None:
        self.in_head = False
        fields = self.fields
        if b"host" not in fields and self.parser.get_http_version() == "1.1":
            self._stop(refusal(400, "The header host is missing."))
        if not self.url.startswith(b"/"):
            self._stop(refusal(400, "The request's URI must be a path."))
        length = fields.get(b"content-length")
        if self.url.partition(b"?")[0].endswith(UPLOAD):
            self.most = self._most_uploaded()
        if length is not None and length.isdigit() and int(length[:20]) > self.most:
            self._stop(_too_much())
        waits = fields.get(b"expect", b"").lower() == b"100-continue"
        if waits and not self.busy and not self.waiting:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _most_uploaded(self) -> int:
        try:
            check_control(self.door, Call(b"POST", self.url, self.fields, b"", self.ip))
        except Reject:
            return MAX_BODY
        return MAX_UPLOAD

    def on_body(self, body: bytes) -> None:
        self.body_size += len(body)
        if self.body_size > self.most:
            self._stop(_too_much())
        self.chunks.append(body)

    def on_message_complete(self) -> None:
        self.receiving = False
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None
        if self.deaf:
            return
        chunks = self.chunks
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        call = Call(self.parser.get_method(), self.url, self.fields, body, self.ip)
        wants_socket = self.fields.get(b"upgrade", b"").lower() == b"websocket"
        if wants_socket and self.parser.get_http_version() != "1.1":
            self._stop(refusal(400, "A WebSocket is opened by a request of HTTP/1.1."))
        if wants_socket and self.parser.should_upgrade() and not self.busy and not self.waiting:
            self.upgrading = call
            return
        keep = self.parser.should_keep_alive() and not self.parser.should_upgrade()
        if not keep:
            self.deaf = True
        elif self.whole:
            HEADS.learn(self.whole, self.fields, body)
        self._take(call, keep)

    def _take(self, call: Call, keep: bool) -> None:
        """Answer a request, when those before it are answered."""
        if self.busy or self.waiting:
            self.waiting.append((call, keep))
            self.flow.pause_reading()
        else:
            self._answer(call, keep)

    def _upgrade(self, call: Call, rest: bytes) -> None:
        """Hand the connection over to a WebSocket session, or say why not."""
        try:
            session = self.door.connect(call)
            session.take_over(self.transport, rest)
        except Exception as wrong:
            self._write(self.door.refuse(call, wrong), call.method, keep=False)
            return
        self.connections.discard(self)
        self._stop_timers()
        self.parser = None  # type: ignore[assignment]  # they refer to each other

    def _stop_timers(self) -> None:
        for timer in (self.deadline, self.idle, self.stalled):
            if timer is not None:
                timer.cancel()
        self.deadline = self.idle = self.stalled = None

    def _stop(self, refused: Reject) -> None:
        """Stop the parser from inside one of its callbacks."""
        self.refused = refused
        raise _Refused

    def _too_late(self) -> None:
        self.deadline = None
        self._break_off(refusal(408, "The request was not complete within 30 seconds."))

    def _break_off(self, refused: Reject) -> None:
        """Refuse what cannot be read as a request, after the answers before it, and hang up."""
        self.deaf = True
        self.receiving = self.in_head = False
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None
        self.door.note(Call(b"", self.url[:MAX_TARGET], {}, b"", self.ip), refused)
        answer = refused_answer(refused)
        if self.busy or self.waiting:
            self.waiting.append((answer, False))
        else:
            self._write(answer, b"", keep=False)

    # Answering.

    def _answer(self, call: Call, keep: bool) -> None:
        """Give one call to the door; write its answer now or when it comes."""
        found = self.door.open(call)
        if isinstance(found, Answer):
            self._write(found, call.method, keep)
            return
        self.busy = True
        found.add_done_callback(lambda done: self._settled(call, keep, done))

    def _settled(self, call: Call, keep: bool, done: asyncio.Future[object]) -> None:
        answer = self.door.settle(call, done)
        self.busy = False
        if self.transport.is_closing():
            return
        self._write(answer, call.method, keep and (not self.closing or bool(self.waiting)))
        self._go_on()

    def _go_on(self) -> None:
        """Answer the pipelined requests that wait, while nothing keeps us waiting."""
        while self.waiting and not self.busy and not self.flow.write_paused:
            found, keep = self.waiting.popleft()
            if isinstance(found, Answer):
                self._write(found, b"", keep)
            else:
                self._answer(found, keep)
        if not self.waiting and not self.flow.write_paused:
            self.flow.resume_reading()

    def _write(self, answer: Answer, method: bytes, keep: bool) -> None:
        """One response, in one write. This is where a fault can cut or bend it."""
        body = answer.body
        first = FIRST_LINES[answer.status]
        if isinstance(answer, Page):
            if isinstance(answer, Hangup):
                self.transport.abort()
                return
            first = first_lines(answer.status, answer.kind)
            if isinstance(answer, Watcher) and method != b"HEAD":
                self.deaf = True  # the connection is the watcher's until either side goes
                self._stop_timers()
                answer.begin(self.transport, first + self._date_line())
                return
        self.transport.write(
            b"%s%s%sContent-Length: %d\r\nConnection: %s\r\n\r\n%s"
            % (
                first,
                self._date_line(),
                answer.headers,
                len(body),
                b"keep-alive" if keep else b"close",
                b"" if method == b"HEAD" else body,
            )
        )
        self.server_state.total_requests += 1
        self.last_active = self.loop.time()
        self.patience = KEEP_ALIVE_S
        if not keep:
            self._hang_up()

    def _date_line(self) -> bytes:
        """The `Date:` line, made anew when the server's clock moved it on."""
        pairs = self.server_state.default_headers
        if self.date[0] is not pairs:
            lines = b"".join(b"%s: %s\r\n" % (name.title(), value) for name, value in pairs)
            self.date = (pairs, lines)
        return self.date[1]

    def _hang_up(self) -> None:
        """Close once all is written. A client still sending would lose the answer to a reset, so
        that what it sends is read and dropped for a moment."""
        self.deaf = True
        self.waiting.clear()
        if self.closing or not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write_eof()
        self.flow.resume_reading()
        self.loop.call_later(LINGER_S, self.transport.close)

    # Flow control: a client that reads no answers gets no further ones made.

    def pause_writing(self) -> None:
        super().pause_writing()
        self.flow.pause_reading()
        if self.stalled is None:
            self.stalled = self.loop.call_later(STALLED_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.stalled is not None:
            self.stalled.cancel()
            self.stalled = None
        self._go_on()


def _too_large() -> Reject:
    return refusal(431, "The request's headers are too large.")


def _too_much() -> Reject:
    return refusal(413, "The request's body is too large.")
