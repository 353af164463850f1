"""Headers that were seen before: what the HTTP parser made of them is remembered.

A client sends the same header lines with each request, but for a few lengths of its bodies. Lines
that the parser took once, byte for byte, need no second reading: a request that comes whole, with
a plain first line and such lines, is known by a look into a table. Everything else, and everything
that is unusual in any way, is the parser's.
"""

from __future__ import annotations

import re
from typing import Final

KEPT: Final = 1_024
MOST_BYTES: Final = 2_048  # of the lines of one request

# What the parser takes as it is, and no more: no fragment, no quotes, no other version of HTTP.
_FIRST_LINE: Final = re.compile(
    rb"(GET|POST|PUT|DELETE) (/[A-Za-z0-9_./?&=%@~:,+-]{0,8000}) HTTP/1\.1\r\n"
)
# What has a say in where a request ends, or in what becomes of the connection.
_UNUSUAL: Final = frozenset({
    b"connection", b"expect", b"keep-alive", b"proxy-connection", b"te", b"trailer",
    b"transfer-encoding", b"upgrade",
})  # fmt: skip

Request = tuple[bytes, bytes, dict[bytes, bytes], bytes]
"""(method, target, headers by lower-case name, body)."""


class Heads:
    """The table. Headers are shared by all requests that have them: nobody changes them."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[dict[bytes, bytes], int]] = {}

    def find(self, data: bytes) -> Request | None:
        """The request that `data` is, whole and nothing more, if its header lines are known."""
        first = data.find(b"\r\n") + 2
        end = data.find(b"\r\n\r\n", first) + 4
        known = self._known.get(data[first:end])
        if known is None:
            return None
        fields, length = known
        line = _FIRST_LINE.fullmatch(data, 0, first)
        if line is None or len(data) != end + length:
            return None
        return line[1], line[2], fields, data[end:]

    def learn(self, data: bytes, fields: dict[bytes, bytes], body: bytes) -> None:
        """The parser made `fields` and `body` of `data`, to which it listened from a request's
        first byte to its last."""
        first = data.find(b"\r\n") + 2
        end = len(data) - len(body)
        lines = data[first:end]
        whole = lines.endswith(b"\r\n\r\n") and lines.find(b"\r\n\r\n") == len(lines) - 4
        # Each line one header, each header once, none that is unusual; a length that is the body's.
        if (
            not whole
            or len(lines) > MOST_BYTES
            or not lines.count(b"\n") == lines.count(b"\r") == len(fields) + 1
            or not _UNUSUAL.isdisjoint(fields)
            or fields.get(b"content-length", b"0") != b"%d" % len(body)
            or _FIRST_LINE.fullmatch(data, 0, first) is None
        ):
            return
        if len(self._known) >= KEPT:
            self._known.clear()
        self._known[lines] = (fields, len(body))
