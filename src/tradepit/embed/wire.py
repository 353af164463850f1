"""Asks a server over HTTP, with nothing but the standard library; blocks the thread that asks.

A connection lives for one request: none is kept that could be closed meanwhile, or belong to
another thread. On one machine that costs a tenth of a millisecond.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

__tracebackhide__ = True  # a failed test is shown its own line, not how keys are sent

CONTROL: Final = "/_tradepit/v1"
SLOWEST_S: Final = 300.0  # a month of a market may pass within one request
MAIN: Final = "main"  # the name of a server's first world

Number = int | float | str | Decimal
Span = str | int | float | timedelta
Moment = str | int | datetime


class Refused(Exception):
    """The server said no: HTTP `status`, the exchange's `code` and `msg`, the whole `body`."""

    def __init__(self, asked: str, status: int, body: Any) -> None:
        self.asked = asked
        self.status = status
        self.body = body
        known = body if isinstance(body, dict) else {}
        self.code: int = known.get("code", 0)
        self.msg: str = str(known.get("msg", body))
        super().__init__(f"{asked}: {status}, {self.code}: {self.msg}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.asked, self.status, self.body)


class Wire(NamedTuple):
    """url: the server's or one world's, http or https; token: what its control API asks for, if
    anything; patience_s: how long an answer may take."""

    url: str
    token: str = ""
    patience_s: float = SLOWEST_S

    def of_world(self, name: str) -> Wire:
        """The same to a world of this server, by its name; whether it is there is not asked."""
        root, _, _ = self.url.partition("/@")
        return self._replace(url=root if name == MAIN else f"{root}/@{name}")

    def control(self, operation: str, given: Mapping[str, Any]) -> Any:
        """Ask for an operation of the control API: "POST faults", or with its whole path.

        Raises: Refused; OSError when there is no server.
        """
        method, _, path = operation.partition(" ")
        path = path if path.startswith("/") else f"{CONTROL}/{path}"
        named = {wire_name(name): value for name, value in given.items() if value is not None}
        headers = self._bearer()
        if method == "GET":
            return self.ask(method, path, wire_query(named), headers=headers)
        body = json.dumps({name: wire_value(value) for name, value in named.items()}).encode()
        headers["Content-Type"] = "application/json"
        return self.ask(method, path, body=body, headers=headers)

    def download(self, operation: str, given: Mapping[str, Any]) -> bytes:
        """What an operation of the control API answers, as it is. Raises: see `control`."""
        method, _, path = operation.partition(" ")
        query, headers = wire_query(given), self._bearer()
        return self._fetch(method, f"{CONTROL}/{path}", query, body=b"", headers=headers)[0]

    def upload(self, operation: str, given: Mapping[str, Any], archive: bytes) -> Any:
        """Ask for an operation of the control API whose body is a zip archive. Raises: see
        `control`."""
        method, _, path = operation.partition(" ")
        headers = self._bearer() | {"Content-Type": "application/zip"}
        query = wire_query(given)
        return self.ask(method, f"{CONTROL}/{path}", query, body=archive, headers=headers)

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def ask(
        self, method: str, path: str, query: str = "", *,
        body: bytes = b"", headers: Mapping[str, str] | None = None,
    ) -> Any:  # fmt: skip
        """The JSON (or else the text) of an answer.

        Raises: Refused; OSError when there is no server, ConnectionError when it hung up;
        ValueError when the url is none.
        """
        return _read(*self._fetch(method, path, query, body=body, headers=headers or {}))

    def _fetch(
        self, method: str, path: str, query: str, *, body: bytes, headers: Mapping[str, str]
    ) -> tuple[bytes, str]:
        """An answer's body and its content type."""
        import http.client  # as heavy as all the rest, and whoever imports this may never ask

        kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        parts = urlsplit(self.url)
        if parts.scheme not in kinds:
            raise ValueError(f"{self.url!r} begins with neither http:// nor https://")
        target = quote(parts.path + path, safe="/@:%") + (f"?{query}" if query else "")
        try:
            connection = kinds[parts.scheme](parts.netloc, timeout=self.patience_s)
            with contextlib.closing(connection):
                connection.request(method, target, body or None, dict(headers))
                answer = connection.getresponse()
                text = answer.read()
        except http.client.HTTPException as wrong:
            raise ConnectionError(f"{method} {path}: {wrong!r}") from None
        kind = answer.headers.get("Content-Type", "")
        if answer.status >= 300:  # to be led elsewhere is no answer either
            raise Refused(f"{method} {path}", answer.status, _read(text, kind))
        return text, kind


def _read(text: bytes, kind: str) -> Any:
    try:
        return json.loads(text) if "json" in kind else text.decode(errors="replace")
    except ValueError:
        return text.decode(errors="replace")


# --- How Python says it, and how the wire does --------------------------------------------------


def wire_name(name: str) -> str:
    """`pays_in_bnb` is `paysInBnb`; `from_` is `from`."""
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def wire_value(value: Any) -> Any:
    """What JSON can say of a value; numbers as decimal text, times and durations as control reads
    them."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        return number(value)
    if isinstance(value, datetime):
        return str(milliseconds(value))
    if isinstance(value, timedelta):
        return duration(value)
    if isinstance(value, Mapping):
        return {name: wire_value(each) for name, each in value.items()}
    return [wire_value(each) for each in value]


def wire_query(given: Mapping[str, Any]) -> str:
    """Parameters as a query string; lists as JSON, as Binance takes them."""
    texts: dict[str, str] = {}
    for name, value in given.items():
        if value is None:
            continue
        plain = wire_value(value)
        if isinstance(plain, bool):
            plain = "true" if plain else "false"
        texts[name] = plain if isinstance(plain, str) else json.dumps(plain, separators=(",", ":"))
    return urlencode(texts)


def number(value: Number) -> str:
    """Plain decimal text: a float's own digits, never an exponent."""
    if isinstance(value, str):
        return value
    return format(Decimal(repr(value)) if isinstance(value, float) else Decimal(value), "f")


def duration(value: Span) -> str:
    """A duration as control reads it; numbers are seconds. Raises: ValueError below zero."""
    if isinstance(value, str):
        return value
    if not isinstance(value, timedelta):
        value = timedelta(seconds=value)
    us = value // timedelta(microseconds=1)
    if us < 0:
        raise ValueError(f"{value} is no duration: time does not go back")
    days, rest = divmod(us, 86_400_000_000)
    seconds, rest = divmod(rest, 1_000_000)
    parts = [f"{days}d"] * bool(days) + [f"{seconds}s"] * bool(seconds)
    return "".join(parts) + f"{rest}us" * bool(rest or not parts)


def milliseconds(value: Moment) -> int:
    """Unix milliseconds of a time: of a number as it is, of text as ISO 8601; UTC where no zone is
    named. Raises: ValueError."""
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    value = value if value.tzinfo else value.replace(tzinfo=UTC)
    return (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
