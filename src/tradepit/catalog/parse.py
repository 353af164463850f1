"""Text -> typed request: a quick reader per request type, and a slow walk that explains a refusal.

The quick reader only knows that something is wrong. `explain` then walks the request in the
exchange's order of checking (docs/decisions/0010-order-of-refusals.md) and names what.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

import msgspec

from tradepit.catalog.kinds import Kind
from tradepit.catalog.shapes import Field, fields_of
from tradepit.core.rejects import Reject

Pairs = list[tuple[str, str]]
Reader = Callable[[Pairs, int], Any]

DOOR_PARAMETERS: Final = 3

# What a request field of a plain kind may raise in the quick reader.
WRONG = (KeyError, ValueError, TypeError)


def kind_of(field: Field) -> Kind:
    """The kind of a request field; every request field has one."""
    kind = field.shape.kind
    if kind is None:
        raise TypeError(f"request field {field.name!r} says not how it is read")
    return kind


def make_reader(ask_type: type[msgspec.Struct], signed: bool = False) -> Reader:
    """The reader of a request type: `(pairs, taken) -> ask`.

    `pairs` are decoded (name, value) pairs; `taken` counts the parameters the door read itself.
    A signed request may have three parameters more: timestamp, recvWindow, signature.
    Raises: Reject.
    """
    fields = fields_of(ask_type)
    most = len(fields) + (DOOR_PARAMETERS if signed else 0)
    readers = {field.wire: (field.name, kind_of(field).reader()) for field in fields}

    def read(pairs: Pairs, taken: int = 0) -> Any:
        values: dict[str, Any] = {}
        try:
            for wire, text in pairs:
                name, take = readers[wire]
                values[name] = take(text)
            if len(values) == len(pairs):
                return ask_type(**values)
        except WRONG:
            pass
        sent = len(pairs) + taken
        if sent > most:
            raise Reject("TOO_MANY_PARAMETERS", most, sent)
        return explain(ask_type, fields, pairs, taken)

    return read


PLANS_KEPT: Final = 64


class Plans:
    """Readers of a request type for the names that clients send, in their order: a client sends the
    same ones each time. Known names are looked up once, and a plan is a call with keywords, which
    costs little more than half of `make_reader`'s loop. Whatever a plan cannot read is for `read`
    to refuse."""

    def __init__(self, ask_type: type[msgspec.Struct], read: Reader) -> None:
        self._ask_type = ask_type
        self._slowly = read
        self._plans: dict[tuple[str, ...], Callable[[Iterable[str]], Any]] = {}

    def read(self, sent: Mapping[str, str], taken: int) -> Any:
        """The typed request of decoded parameters. Raises: Reject."""
        plan = self._plans.get(tuple(sent))
        if plan is not None:
            try:
                return plan(sent.values())
            except WRONG:
                pass
        ask = self._slowly(list(sent.items()), taken)
        if plan is None and sent and len(self._plans) < PLANS_KEPT:
            self._plans[tuple(sent)] = planned(self._ask_type, sent)
        return ask


def planned(
    ask_type: type[msgspec.Struct], names: Iterable[str], passed_over: Collection[str] = ()
) -> Callable[[Iterable[str]], Any]:
    """A reader of the values of exactly these parameters, all of which the type has, but for those
    that are passed over. It raises one of `WRONG` for what it cannot read."""
    fields = {field.wire: field for field in fields_of(ask_type)}
    known: dict[str, Any] = {"make": ask_type}
    values, arguments = [], []
    for at, wire in enumerate(names):
        values.append(f"v{at}, ")
        if wire not in passed_over:
            known[f"take{at}"] = kind_of(fields[wire]).reader()
            arguments.append(f"{fields[wire].name}=take{at}(v{at})")
    source = f"def plan(values):\n    {''.join(values)} = values\n"
    source += f"    return make({', '.join(arguments)})\n"
    exec(compile(source, f"<reader of {ask_type.__name__}>", "exec"), known)
    plan: Callable[[Iterable[str]], Any] = known["plan"]
    return plan


def explain(
    ask_type: type[msgspec.Struct], fields: list[Field], pairs: Pairs, taken: int
) -> msgspec.Struct:
    """Walk a refused request and raise the first refusal; a request without one is read here."""
    sent = dict(pairs)
    if len(sent) != len(pairs):
        raise Reject("DUPLICATE_PARAMETER")
    values: dict[str, Any] = {}
    for field in fields:
        text = sent.get(field.wire)
        if text is None:
            if field.mandatory:
                raise Reject("MANDATORY_PARAM", field.wire)
            continue
        if not text:
            raise Reject("PARAM_EMPTY", field.wire)
        kind = kind_of(field)
        try:
            values[field.name] = kind.read(text)
        except WRONG:
            raise kind.refuse(field.wire, text) from None
    if len(values) != len(sent):
        raise Reject("UNREAD_PARAMETERS", len(values) + taken, len(sent) + taken)
    return ask_type(**values)


def json_pairs(params: Mapping[str, object]) -> Pairs:
    """WebSocket parameters as (name, text) pairs; numbers keep their own digits.

    Values are `msgspec.Raw` (as the gateway decodes them) or plain Python values. A null counts as
    an empty parameter. Raises: Reject when a value is no JSON.
    """
    pairs = []
    for name, value in params.items():
        try:
            pairs.append((name, json_text(value)))
        except (msgspec.MsgspecError, ValueError, TypeError):
            raise Reject("INVALID_JSON", name) from None
    return pairs


def json_text(value: object) -> str:
    """One JSON value as the text the same parameter has in a query string."""
    if type(value) is msgspec.Raw:
        return _raw_text(bytes(value))
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    return _raw_text(msgspec.json.encode(value))


def _raw_text(raw: bytes) -> str:
    """The same of a value that was found to be JSON already."""
    if raw[:1] == b'"':
        return raw[1:-1].decode() if b"\\" not in raw else msgspec.json.decode(raw, type=str)
    text = raw.decode()
    return "" if text == "null" else text
