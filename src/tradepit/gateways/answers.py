"""What goes back to a client: status, body and headers, ready to be written."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from tradepit.catalog.encode import encode
from tradepit.core.rejects import Reject

JSON: Final = b"application/json;charset=UTF-8"


class Answer:
    """A response. `headers` is ready for the wire: each line ends with CR LF."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: bytes, headers: bytes = b"") -> None:
        self.status = status
        self.body = body
        self.headers = headers


class Page(Answer):
    """A response that is not JSON. kind: its content type."""

    __slots__ = ("kind",)

    def __init__(self, status: int, body: bytes, kind: bytes) -> None:
        super().__init__(status, body)
        self.kind = kind


class Hangup(Page):
    """No response at all: the connection breaks."""

    def __init__(self) -> None:
        super().__init__(502, b"", b"")


def refusal(status: int, words: str, code: int = -1000) -> Reject:
    """A refusal of the door that Binance has no words of its own for.

    Binance's front servers say these in HTML; here they are JSON like all others.
    """
    refused = Reject("UNKNOWN", code=code, status=status)
    refused.msg = words
    return refused


def refused_answer(refused: Reject, headers: bytes = b"", micro: bool = False) -> Answer:
    """The `{"code": …, "msg": …}` of a refusal, with `data` where it has some."""
    wire: dict[str, object] = {"code": refused.code, "msg": refused.msg}
    if refused.data is not None:
        wire["data"] = refused.data
    if refused.retry_after_s:
        headers += b"Retry-After: %d\r\n" % refused.retry_after_s
    if refused.status == 426:
        headers += b"Sec-WebSocket-Version: 13\r\n"
    return Answer(refused.status, encode(wire, micro), headers)


def first_lines(status: int, kind: bytes = JSON) -> bytes:
    """The status line, and the content type with what belongs to it."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return (
        f"HTTP/1.1 {status} {phrase}\r\nContent-Type: ".encode()
        + kind
        + b"\r\nX-Content-Type-Options: nosniff\r\n"
    )


FIRST_LINES: Final = {status: first_lines(status) for status in range(100, 600)}
