"""JSON Schema (2020-12) of what the declarations say: parameters, request bodies, replies.

A reply type becomes a named schema that others refer to, so that each is written once.
"""

from __future__ import annotations

import re
from typing import Any, Final, get_args, get_origin

import msgspec

from tradepit.catalog.kinds import INT32_MAX, INT64_MAX, Bounded, Kind, Term, Text
from tradepit.catalog.parse import kind_of
from tradepit.catalog.shapes import Field, Shape, all_fields, fields_of

Schema = dict[str, Any]

DECIMAL_SENT: Final = r"^[0-9]{1,20}(\.[0-9]{1,20})?$"
DECIMAL_SHOWN: Final = r"^-?[0-9]+(\.[0-9]+)?$"

_NUMBERS: Final[dict[str, Schema]] = {
    "LONG": {"type": "integer", "format": "int64", "minimum": 0, "maximum": INT64_MAX},
    "INT": {"type": "integer", "format": "int32", "minimum": 0, "maximum": INT32_MAX},
}
# Patterns of texts whose meaning is the same to every reader of patterns.
_PLAIN_PATTERN = re.compile(r"[A-Za-z0-9\[\]{},.:/_ ~-]+")


class Schemas:
    """Makes schemas, and keeps the named ones. prefix: what references begin with."""

    def __init__(self, prefix: str = "#/components/schemas/") -> None:
        self.prefix = prefix
        self.named: dict[str, Schema] = {}
        self._names: dict[type, str] = {}

    def of_reply(self, hint: Any) -> Schema:
        """The schema of a reply's annotation."""
        if hint is None or hint is Any or hint is object:
            return {}
        shape = Shape(hint)
        found = self._of_shape(shape)
        return _or_null(found) if shape.nullable else found

    def _of_shape(self, shape: Shape) -> Schema:
        if shape.kind is not None:
            return shown(shape.kind)
        if shape.choices:
            return {"anyOf": [self.of_reply(each) for each in shape.choices]}
        base, origin, inner = shape.base, get_origin(shape.base), get_args(shape.base)
        if isinstance(base, type) and issubclass(base, msgspec.Struct):
            return self._of_struct(base)
        if origin is list or (origin is tuple and inner[1:] == (Ellipsis,)):
            return {"type": "array", "items": self.of_reply(inner[0])}
        if origin is tuple:
            return _row([self.of_reply(each) for each in inner])
        if origin is dict:
            return {"type": "object", "additionalProperties": self.of_reply(inner[1])}
        simple = {str: "string", int: "integer", bool: "boolean", dict: "object", list: "array"}
        return {"type": simple[base]} if base in simple else {}

    def _of_struct(self, struct: type[msgspec.Struct]) -> Schema:
        name = self._names.get(struct)
        if name is None:
            name = struct.__name__
            if name in self.named:
                name = struct.__module__.rpartition(".")[2].title().replace("_", "") + name
            while name in self.named:
                name += "2"
            self._names[struct] = name
            self.named[name] = {}  # it may refer to itself
            self.named[name] = self._body(struct)
        return {"$ref": self.prefix + name}

    def _body(self, struct: type[msgspec.Struct]) -> Schema:
        fields = all_fields(struct)
        made = [(field, self._of_field(field)) for field in fields]
        if struct.__struct_config__.array_like:
            return _row([schema for _, schema in made])
        found: Schema = {
            "type": "object", "properties": {field.wire: schema for field, schema in made},
        }  # fmt: skip
        required = [field.wire for field in fields if not field.shape.conditional]
        if required:
            found["required"] = required
        return found

    def _of_field(self, field: Field) -> Schema:
        schema = self._of_shape(field.shape)
        if field.shape.nullable:
            schema = _or_null(schema)
        return schema | _era(field)


def shown(kind: Kind) -> Schema:
    """The schema of a value in a reply."""
    if isinstance(kind, Bounded):
        return shown(kind.inner)
    if kind.wire == "DECIMAL":
        return {"type": "string", "format": "decimal", "pattern": DECIMAL_SHOWN}
    if kind.wire == "NUMBER":
        return {"type": "number"}
    if kind.wire in _NUMBERS:
        return {"type": "integer", "format": _NUMBERS[kind.wire]["format"]}
    if kind.wire == "BOOLEAN":
        return {"type": "boolean"}
    if kind.wire == "ARRAY OF STRING":
        return {"type": "array", "items": {"type": "string"}}
    words = kind.names if isinstance(kind, Term) else kind.values
    if words:
        return {"type": "string", "enum": list(dict.fromkeys(words))}
    return {"type": "string"}


def sent(field: Field) -> Schema:
    """The schema of a value in a request."""
    return _sent(kind_of(field)) | _era(field)


def _sent(kind: Kind) -> Schema:
    if isinstance(kind, Bounded):
        found = _sent(kind.inner) | {"minimum": kind.bounds.low}
        if kind.bounds.clip:
            found["description"] = f"More than {kind.bounds.high} counts as {kind.bounds.high}."
        else:
            found["maximum"] = kind.bounds.high
        return found
    if kind.wire == "DECIMAL":
        return {"type": "string", "format": "decimal", "pattern": DECIMAL_SENT}
    if kind.wire in _NUMBERS:
        return dict(_NUMBERS[kind.wire])
    if kind.wire == "BOOLEAN":
        return {"type": "boolean"}
    if kind.wire == "ARRAY OF STRING":
        return {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True}
    if kind.values:
        return {"type": "string", "enum": list(kind.values)}
    if isinstance(kind, Text) and _PLAIN_PATTERN.fullmatch(kind.pattern.pattern):
        return {"type": "string", "pattern": f"^{kind.pattern.pattern}$"}
    found = {"type": "string", "minLength": 1}
    return found | ({"description": f"Allowed: `{kind.legal}`"} if kind.legal else {})


def body_of(ask_type: type[msgspec.Struct]) -> Schema:
    """The schema of a request that is sent as one JSON object."""
    fields = fields_of(ask_type)
    found: Schema = {
        "type": "object",
        "properties": {field.wire: sent(field) for field in fields},
    }
    required = [field.wire for field in fields if field.mandatory]
    return found | ({"required": required} if required else {})


def _or_null(schema: Schema) -> Schema:
    if not schema:
        return schema
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return schema | {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def _row(items: list[Schema]) -> Schema:
    size = len(items)
    return {"type": "array", "prefixItems": items, "minItems": size, "maxItems": size}


def _era(field: Field) -> Schema:
    era = field.shape.era
    marks = {"x-since": era.since, "x-until": era.until, "deprecated": bool(era.until)}
    return {name: value for name, value in marks.items() if value}
