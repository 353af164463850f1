"""Stream sockets: `/ws`, `/ws/<stream>` and `/stream?streams=…`, and what a client may ask there.

Those of futures stand below `/fstream` and `/dstream`, where `/public`, `/market` or `/private` may
come before. Source: web-socket-streams.md and the futures' pages on live subscribing; documented. A
name that is no stream is subscribed all the same and never heard; a listen key is a stream name
like any other.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote_to_bytes

import msgspec

from tradepit.catalog.language import COINM, SPOT, USDM
from tradepit.core.rejects import Reject
from tradepit.gateways.answers import refusal
from tradepit.gateways.checks import MICRO, Call, not_found
from tradepit.gateways.futures_names import is_of_group
from tradepit.gateways.hub import Variant
from tradepit.gateways.sockets import Manners, Session
from tradepit.gateways.user_stream import stream_subscriber

if TYPE_CHECKING:
    from tradepit.gateways.user_events import Subscriber

MOST_STREAMS: Final = 1_024
LONGEST_NAME: Final = 256
METHODS: Final = (
    "SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY",
)  # fmt: skip
_ADDRESS = re.compile(
    rb"(?:/(?P<venue>fstream|dstream))?(?:/(?P<group>public|market|private))?"
    rb"(?:/(?P<form>ws|stream)(?:/(?P<names>.*))?)?/?", re.DOTALL
)  # fmt: skip
_PRODUCTS: Final = {b"fstream": USDM, b"dstream": COINM}
_ID = re.compile(r"[A-Za-z0-9_-]{0,36}", re.ASCII)
_METHOD = re.compile(r'"method"\s*:\s*(?:"(?:[^"\\]|\\.)*"|[^,}\s]*)')
_INT64: Final = 2**63


class Wrong(Exception):
    """What a client asked cannot be done: the answer's code and words."""

    def __init__(self, code: int, words: str, request_id: object = None) -> None:
        self.code = code
        self.words = words
        self.request_id = request_id
        super().__init__(words)


class Address(NamedTuple):
    """What a stream socket's path says: the product (spot, usdm, coinm), the group of its streams
    ("", public, market, private), whether events are wrapped, and the streams that it names."""

    product: str
    group: str
    combined: bool
    names: bytes


def read_address(path: bytes) -> Address:
    """A socket at `/fstream` itself hears combined streams. Raises: Reject for no such path."""
    found = _ADDRESS.fullmatch(path)
    if found is None:
        raise not_found()
    combined = found["form"] != b"ws"
    names = b"" if combined else found["names"] or b""
    product = _PRODUCTS.get(found["venue"], SPOT)
    return Address(product, (found["group"] or b"").decode(), combined, names)


class StreamSession(Session):
    """One connection that hears streams of one product."""

    def __init__(self, call: Call, manners: Manners) -> None:
        self.address = read_address(call.path)
        self.product = self.address.product
        super().__init__(call, manners if self.product == SPOT else manners.of_futures)
        self.hub = call.world.hub
        self.users = call.world.users
        self.combined = self.address.combined
        self.micro = False
        self.streams: dict[str, Subscriber | None] = {}  # a subscriber where it is a listen key
        self.events: frozenset[str] = frozenset()  # of accounts; empty: all
        self._first = self._read_target()

    @property
    def variant(self) -> int:
        combined = Variant.COMBINED if self.combined else 0
        return combined | (Variant.MICRO if self.micro else 0)

    def _read_target(self) -> list[str]:
        """The streams that the address names. Raises: Reject for a bad one."""
        names = _text(self.address.names).split("/")
        for pair in self.call.query.split(b"&"):
            name, _, value = pair.partition(b"=")
            if name == b"timeUnit" and self.product == SPOT:
                if value not in MICRO:
                    raise Reject("INVALID_TIME_UNIT")
                self.micro = MICRO[value]
            elif name == b"streams" and self.combined:
                names += _text(value).split("/")
            elif name == b"listenKey" and self.product != SPOT:
                names.append(_text(value))
            elif name == b"events" and self.product != SPOT:
                self.events = frozenset(filter(None, _text(value).split("/")))
        found = list(dict.fromkeys(name for name in names if name))
        if len(found) > MOST_STREAMS:
            raise refusal(400, "A connection hears 1024 streams at most.")
        return found

    def opened(self) -> None:
        for name in self._first:
            self._join(name)

    def closed(self) -> None:
        for name in list(self.streams):
            self._leave(name)

    def goodbye(self) -> bytes | None:
        if self.product != SPOT:
            return None
        at_us = self.world.clock.now_us()
        event = b'{"e":"serverShutdown","E":%d}' % (at_us if self.micro else at_us // 1000)
        if self.combined:
            return b'{"stream":"!serverShutdown","data":%s}' % event
        return event

    def _join(self, name: str) -> None:
        if name in self.streams:
            return
        key = self.world.pit.listen_keys.get(name)
        if key is None or key.product != self.product or not self.call.venue.signed:
            self.streams[name] = None
            if is_of_group(name, self.address.group):
                self.hub.join(name, self, self.variant, self.product)
            return
        subscriber = stream_subscriber(self, key.owner, self.micro, name, self.combined)
        subscriber.product, subscriber.events = self.product, self.events
        self.streams[name] = subscriber
        self.users.join(subscriber)

    def _leave(self, name: str) -> None:
        if name not in self.streams:
            return
        subscriber = self.streams.pop(name)
        if subscriber is None:
            self.hub.leave(name, self, self.variant, self.product)
        else:
            self.users.leave(subscriber)

    # Requests.

    def heard(self, text: str) -> None:
        request_id: object = None
        try:
            request = _read(text)
            request_id = _checked_id(request)
            result = self._do(request)
        except Wrong as wrong:
            self.world.trail.note_message(self.call, text, (wrong.code, wrong.words))
            error: dict[str, object] = {"code": wrong.code, "msg": wrong.words}
            if request_id is None:
                request_id = wrong.request_id
            if request_id is not None:
                error["id"] = request_id
            self.say(msgspec.json.encode(error))
            return
        self.say(msgspec.json.encode({"result": result, "id": request_id}))

    def _do(self, request: dict[str, Any]) -> object:
        method = request["method"]
        params = request.get("params", [])
        if method in ("SUBSCRIBE", "UNSUBSCRIBE"):
            names = _names(params)
            if method == "UNSUBSCRIBE":
                for name in names:
                    self._leave(name)
            else:
                new = [name for name in names if name not in self.streams]
                if len(self.streams) + len(new) > MOST_STREAMS:
                    raise Wrong(2, "Invalid request: too many streams")
                for name in new:
                    self._join(name)
            return None
        if method == "LIST_SUBSCRIPTIONS":
            if params:
                raise Wrong(2, "Invalid request: too many parameters")
            return list(self.streams)
        return self._property(method, params)

    def _property(self, method: str, params: object) -> object:
        if not isinstance(params, list) or not params or not isinstance(params[0], str):
            raise Wrong(2, "Invalid request: property name must be a string")
        if len(params) > (2 if method == "SET_PROPERTY" else 1):
            raise Wrong(2, "Invalid request: too many parameters")
        if params[0] != "combined":
            raise Wrong(0, "Unknown property")
        if method == "GET_PROPERTY":
            return self.combined
        if len(params) < 2 or not isinstance(params[1], bool):
            raise Wrong(1, "Invalid value type: expected Boolean")
        if params[1] != self.combined:
            names = list(self.streams)
            for name in names:
                self._leave(name)
            self.combined = params[1]
            for name in names:
                self._join(name)
        return None


def _text(raw: bytes) -> str:
    """A percent-encoded part of an address. Raises: Reject when it is no UTF-8."""
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise refusal(400, "The address is not UTF-8.") from None


def _is_text(word: str) -> bool:
    """Whether it can be said again: JSON's escapes can spell half a character."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _names(params: object) -> list[str]:
    if not isinstance(params, list) or not params:
        raise Wrong(2, "Invalid request: params must be a list of stream names")
    if not all(isinstance(name, str) for name in params):
        raise Wrong(2, "Invalid request: stream names must be strings")
    if not all(len(name) <= LONGEST_NAME and _is_text(name) for name in params):
        raise Wrong(2, "Invalid request: invalid stream")
    return list(dict.fromkeys(params))


def _read(text: str) -> dict[str, Any]:
    """A request with a known method. Raises: Wrong."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise Wrong(2, f"Invalid request: duplicate field `{name}`")
            found[name] = value
        return found

    try:
        request = json.loads(text, object_pairs_hook=once, parse_constant=_no_constant)
    except json.JSONDecodeError as wrong:
        where = f"line {wrong.lineno} column {wrong.colno}"
        raise Wrong(3, f"Invalid JSON: expected value at {where}") from None
    except (ValueError, RecursionError):
        raise Wrong(3, "Invalid JSON: expected value at line 1 column 1") from None
    if not isinstance(request, dict):
        raise Wrong(2, "Invalid request: expected an object")
    method = request.get("method")
    if "method" not in request:
        raise Wrong(2, f"Invalid request: missing field `method` at {_place(text, len(text))}")
    if method not in METHODS:
        known_id = request.get("id")
        raise Wrong(2, _unknown_method(text, method), known_id if _is_id(known_id) else None)
    return request


def _unknown_method(text: str, method: object) -> str:
    choices = ", ".join(f"`{name}`" for name in METHODS)
    said = isinstance(method, str) and _is_text(method) and len(method) <= LONGEST_NAME
    shown = method if said else json.dumps(method)[:LONGEST_NAME]
    found = _METHOD.search(text)
    where = _place(text, found.end() if found else len(text))
    return f"Invalid request: unknown variant `{shown}`, expected one of {choices} at {where}"


def _place(text: str, end: int) -> str:
    """Where the character before `end` stands."""
    head = text[:end]
    return f"line {head.count(chr(10)) + 1} column {end - head.rfind(chr(10)) - 1}"


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _checked_id(request: dict[str, Any]) -> object:
    found = request.get("id")
    if "id" not in request or not _is_id(found):
        raise Wrong(2, "Invalid request: request ID must be an unsigned integer")
    return found


def _is_id(found: object) -> bool:
    """A 64-bit integer, a short word or null."""
    if isinstance(found, int) and not isinstance(found, bool):
        return -_INT64 <= found < _INT64
    return found is None or (isinstance(found, str) and _ID.fullmatch(found) is not None)
