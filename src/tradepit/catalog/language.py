"""The declaration of an operation, and the registry of all of them.

    @operation("GET /api/v3/order", ws="order.status", security=USER_DATA, weight=4, source=MEMORY)
    def query_order(pit: Exchange, history: History, who: Who, ask: QueryOrder) -> OrderRow: ...

A handler with the parameters `(pit, who, ask)` is a command; with `(pit, history, who, ask)` it is
a query. Route, validation, weight, encoding, reference page and coverage follow from this.
"""

from __future__ import annotations

import collections.abc
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from tradepit.catalog import parse as reading
from tradepit.catalog.shapes import Field, Shape, drawn_in, fields_of, structs_in

NONE: Final = "NONE"
TRADE: Final = "TRADE"
USER_DATA: Final = "USER_DATA"
USER_STREAM: Final = "USER_STREAM"
MARKET_DATA: Final = "MARKET_DATA"
MARGIN: Final = "MARGIN"
SIGNED: Final = frozenset({TRADE, USER_DATA, MARGIN})

ENGINE: Final = "Matching Engine"
MEMORY: Final = "Memory"
DATABASE: Final = "Database"

IP: Final = "IP"
UID: Final = "UID"

SPOT: Final = "spot"
USDM: Final = "usdm"
COINM: Final = "coinm"
_VENUES: Final = {"/fapi": USDM, "/dapi": COINM}

Handler = Callable[..., Any]
Weight = int | Callable[[Any], int]
OverSocket = Callable[[Any], Any]
F = TypeVar("F", bound=Handler)


@typing.dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,)
)
class Ask(msgspec.Struct, rename="camel", frozen=True, omit_defaults=True):
    """A typed request. Its fields are the parameters, in the order in which they are checked.

    One with an optional field before a mandatory one says `kw_only=True`, and so do its subclasses.
    A metaclass would say it for all, but takes Python 3.11 off its quick way to make an object.
    """


@typing.dataclass_transform(kw_only_default=True, field_specifiers=(msgspec.field,))
class Reply(msgspec.Struct, rename="camel"):
    """A typed reply. Its fields stand on the wire in declaration order; `kw_only` as for `Ask`."""


class Operation:
    """Everything about one operation of the exchange."""

    def __init__(self, op_id: str, handler: Handler, facts: Mapping[str, Any]) -> None:
        self.id = op_id
        self.method, _, self.path = op_id.partition(" ") if " " in op_id else ("", "", "")
        self.handler = handler
        self.ws: str = facts["ws"]
        self.venues: tuple[str, ...] = facts["venues"] or (venue_of(self.path),)
        self.security: str = facts["security"]
        self.signed: bool = facts["signed"]
        self.weight: Weight = facts["weight"]
        self.least_weight: int = facts["least_weight"]
        self.weight_scope: str = facts["weight_scope"]
        self.weight_words: str = facts["weight_words"]
        self.refunded: bool = facts["refunded"]
        self.over_socket: OverSocket | None = facts["over_socket"]
        self.unfilled_orders: int = facts["unfilled_orders"]
        self.source: str = facts["source"]
        self.doc: str = facts["doc"]
        self.aliases: tuple[str, ...] = facts["aliases"]
        self.since: str = facts["since"]
        self.until: str = facts["until"]
        self.title = (inspect.getdoc(handler) or handler.__name__).split("\n")[0].rstrip(".")
        names = list(inspect.signature(handler).parameters)
        self.is_command = names[:2] == ["pit", "who"]
        if not self.is_command and names[:3] != ["pit", "history", "who"]:
            raise TypeError(f"{op_id}: a handler takes (pit, who, ask) or (pit, history, who, ask)")
        hints = _hints(handler, names[-1])
        self.ask_type: type[Ask] = hints[names[-1]]
        self.drawn = drawn_in(self.ask_type)
        self.reply_hint: Any = answer_of(hints.get("return"))
        self.reply_types = structs_in(self.reply_hint)
        # An operation that no wire reaches (a resident's batch) has nothing to read.
        wired = bool(self.routes or self.ws)
        self._read = reading.make_reader(self.ask_type, self.signed) if wired else _unread
        self._read_named = reading.Plans(self.ask_type, self._read).read

    @property
    def routes(self) -> tuple[str, ...]:
        """ "METHOD path" of the operation and its aliases."""
        return (self.id, *self.aliases) if self.method else self.aliases

    def weigh(self, ask: Ask | None) -> int:
        """Request weight of a request; of one that could not be read (None), the smallest."""
        if isinstance(self.weight, int):
            return self.weight
        return self.least_weight if ask is None else self.weight(ask)

    def parse(self, pairs: list[tuple[str, str]], taken: int = 0) -> Any:
        """The typed request of decoded (name, value) pairs, `taken` of which the door took out.

        Raises: Reject with the exchange's code, in its order of checking.
        """
        return self._read(pairs, taken)

    def read(self, sent: Mapping[str, str], taken: int) -> Any:
        """The same of parameters that were found to be different ones already."""
        return self._read_named(sent, taken)

    def fields(self) -> list[Field]:
        """The request's fields in declaration order."""
        return fields_of(self.ask_type)

    def params(self) -> list[tuple[str, str, bool, tuple[str, ...], str]]:
        """(wire name, type word, mandatory, enum values, legal range) of each parameter."""
        rows = []
        for field in self.fields():
            kind = reading.kind_of(field)
            values = kind.values if kind.wire == "ENUM" else ()
            rows.append((field.wire, kind.wire, field.mandatory, values, kind.legal))
        return rows

    def reply_fields(self) -> dict[str, list[tuple[str, Shape]]]:
        """(wire name, shape) of the fields of each reply type, by the type's name."""
        return {
            struct.__name__: [(field.wire, field.shape) for field in fields_of(struct)]
            for struct in self.reply_types
        }

    def __repr__(self) -> str:
        return f"Operation({self.id!r})"


_packed: Final = msgspec.msgpack.Encoder().encode

REGISTRY: Final[dict[str, Operation]] = {}


def operation(
    op_id: str,
    /,
    *,
    security: str = NONE,
    weight: Weight = 1,
    ws: str = "",
    venues: tuple[str, ...] = (),
    signed: bool | None = None,
    least_weight: int = 1,
    weight_scope: str = IP,
    weight_words: str = "",
    refunded: bool = False,
    over_socket: OverSocket | None = None,
    unfilled_orders: int = 0,
    source: str = MEMORY,
    doc: str = "",
    aliases: tuple[str, ...] = (),
    since: str = "",
    until: str = "",
) -> Callable[[F], F]:
    """Declare the operation `op_id` ("METHOD path", or a name for one without a route of its own).

    weight: an int or a function of the request; `least_weight` then counts for a request that
    could not be read, `weight_words` describes it; one that is `refunded` costs nothing when it
    succeeds. over_socket: what makes the WebSocket API's reply of its reply. ws: its WebSocket API
    method; venues: on whose WebSocket API, by default the one of its path. signed: by default what
    `security` implies.
    since / until: the dates (ISO) between which the exchange had it.
    Raises: ValueError when `op_id` is declared already.
    """
    facts = {
        "security": security,
        "weight": weight,
        "ws": ws,
        "venues": venues,
        "signed": security in SIGNED if signed is None else signed,
        "least_weight": least_weight,
        "weight_scope": weight_scope,
        "weight_words": weight_words,
        "refunded": refunded,
        "over_socket": over_socket,
        "unfilled_orders": unfilled_orders,
        "source": source,
        "doc": doc,
        "aliases": aliases,
        "since": since,
        "until": until,
    }

    def declare(handler: F) -> F:
        if op_id in REGISTRY:
            raise ValueError(f"{op_id} is declared twice")
        REGISTRY[op_id] = Operation(op_id, handler, facts)
        return handler

    return declare


def by_route() -> dict[tuple[str, str], Operation]:
    """Every declared (method, path), aliases included."""
    routes: dict[tuple[str, str], Operation] = {}
    for found in REGISTRY.values():
        for route in found.routes:
            method, _, path = route.partition(" ")
            routes[method, path] = found
    return routes


def by_ws_method(venue: str = SPOT) -> dict[str, Operation]:
    """Every declared method of a venue's WebSocket API."""
    return {found.ws: found for found in REGISTRY.values() if found.ws and venue in found.venues}


def venue_of(path: str) -> str:
    """The venue that a path belongs to."""
    return _VENUES.get(path[: path.find("/", 1)], SPOT)


def commands() -> dict[str, Handler]:
    """The handlers of what changes state, by operation id: what an `Exchange` is made with."""
    return {found.id: found.handler for found in REGISTRY.values() if found.is_command}


def pack_ask(ask: Ask) -> bytes:
    """A request as the log keeps it: msgpack without defaults."""
    return _packed(ask)


def unpack_ask(op_id: str, packed: bytes) -> Ask:
    """The request of a log record. Raises: KeyError for an operation that is not declared."""
    return msgspec.msgpack.decode(packed, type=REGISTRY[op_id].ask_type)


def answer_of(hint: Any) -> Any:
    """A handler's return annotation without the functions that only put the answer off."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (collections.abc.Callable, collections.abc.Awaitable):
        return answer_of(inner[-1])
    if origin in (typing.Union, types.UnionType):
        return typing.Union[tuple(dict.fromkeys(answer_of(each) for each in inner))]  # noqa: UP007
    return hint


def _unread(pairs: list[tuple[str, str]], taken: int) -> Any:
    raise TypeError("no wire reaches this operation")


def _hints(handler: Handler, ask_name: str) -> dict[str, Any]:
    """The annotations of a handler's request and reply.

    The other parameters may name types that exist for type checkers only.
    """
    notes = {
        name: handler.__annotations__[name]
        for name in (ask_name, "return")
        if name in handler.__annotations__
    }
    scope = vars(inspect.getmodule(handler))
    only = types.SimpleNamespace(__annotations__=notes)
    found = typing.get_type_hints(only, globalns=scope, include_extras=True)
    ask_type = found.get(ask_name)
    if not (isinstance(ask_type, type) and issubclass(ask_type, Ask)):
        raise TypeError(f"{handler.__name__}: {ask_name} must be an Ask")
    return found
