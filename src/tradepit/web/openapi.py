"""The REST interface as OpenAPI 3.1, made from the declarations.

Two documents: the exchange's operations, and those of `/_tradepit/v1`. What is not served yet is
left out unless asked for; it then answers 501.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import tradepit
from tradepit.catalog import unserved
from tradepit.catalog.language import MARKET_DATA, NONE, REGISTRY, UID, Operation
from tradepit.catalog.publish import VENUES, venue_of, weight_words
from tradepit.catalog.schemas import Schema, Schemas, body_of, sent
from tradepit.catalog.shapes import Field
from tradepit.gateways.answers import Answer
from tradepit.web.rehearsal import CONTROL, Answered

Document = dict[str, Any]

ERROR: Final[Schema] = {
    "type": "object",
    "properties": {
        "code": {"type": "integer", "description": "Below zero; what it means is in the errors' "
                 "documentation of the exchange."},
        "msg": {"type": "string"},
        "data": {"description": "Details, where an operation gives some."},
    },
    "required": ["code", "msg"],
}  # fmt: skip

TIMESTAMP: Final[Document] = {
    "name": "timestamp", "in": "query", "required": True,
    "description": "When the request was signed, in milliseconds or microseconds.",
    "schema": {"type": "integer", "format": "int64", "minimum": 0},
}  # fmt: skip
WINDOW: Final[Document] = {
    "name": "recvWindow", "in": "query",
    "description": "For how many milliseconds behind its timestamp a request is good.",
    "schema": {"type": "number", "minimum": 0, "maximum": 60000, "default": 5000},
}  # fmt: skip

HEADERS: Final[Document] = {
    "X-MBX-USED-WEIGHT-1M": {
        "description": "Request weight that this IP used in the current minute.",
        "schema": {"type": "integer"},
    },
}
ORDER_HEADERS: Final[Document] = {
    f"X-MBX-ORDER-COUNT-{letters}": {
        "description": f"Unfilled orders of the account {words}.", "schema": {"type": "integer"},
    }
    for letters, words in (("10S", "within ten seconds"), ("1D", "within the day"))
}  # fmt: skip

SECURITY: Final[Document] = {
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-MBX-APIKEY"},
    "signature": {
        "type": "apiKey", "in": "query", "name": "signature",
        "description": "HMAC-SHA256 (hexadecimal), RSA or Ed25519 (Base64) over query string and "
        "body exactly as they are sent, without the signature itself; it stands at the end.",
    },
}  # fmt: skip

_NOT_SERVED: Final = "Not served yet"
# One page each, in this order; what a desk's module is called comes behind it.
_ORDER: Final = {name: place for place, name in enumerate(VENUES)}


def exchange_document(examples: Mapping[str, Answered], with_unserved: bool = False) -> Document:
    """The exchange's operations. examples: by operation id."""
    schemas = Schemas()
    paths: dict[str, dict[str, Document]] = {}
    found = [op for op in REGISTRY.values() if op.path and not op.path.startswith(CONTROL)]
    found.sort(key=lambda op: (_ORDER.get(venue_of(op), 99), tag_of(op), op.path, op.method))
    tags = dict.fromkeys(map(tag_of, found))
    for op in found:
        for route in op.routes:
            method, _, path = route.partition(" ")
            described = _operation(op, method, path, schemas) | _answers(op, schemas, examples)
            paths.setdefault(path, {})[method.lower()] = described
    if with_unserved:
        tags[_NOT_SERVED] = None
        _add_unserved(paths)
    title = "tradepit: the exchange"
    words = "Every operation that is served. Independent of Binance."
    return _document(title, words, list(tags), paths, schemas.named)


def control_document(examples: Mapping[str, Answered]) -> Document:
    """The operations of `/_tradepit/v1`."""
    schemas = Schemas()
    paths: dict[str, dict[str, Document]] = {}
    found = [op for op in REGISTRY.values() if op.path.startswith(CONTROL)]
    for op in sorted(found, key=lambda op: (op.path, op.method)):
        described = _operation(op, op.method, op.path, schemas) | _answers(op, schemas, examples)
        paths.setdefault(op.path, {})[op.method.lower()] = described
    title = "tradepit: control"
    words = "The world's own controls; they answer to the machine itself only and need no key."
    return _document(title, words, sorted(set(map(tag_of, found))), paths, schemas.named)


def tag_of(op: Operation) -> str:
    """The group that an operation stands in: its venue, and the desk's part that serves it."""
    *_, desk, part = ("", *op.handler.__module__.split("."))
    part = part.replace("_", " ")
    venue = VENUES.get(venue_of(op), "").removesuffix(" REST")
    if not venue:
        return part.capitalize()
    return venue if part in (desk, venue.lower()) else f"{venue}: {part}"


def _document(
    title: str, words: str, tags: list[str], paths: Document, schemas: dict[str, Schema]
) -> Document:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title, "version": tradepit.__version__, "description": words,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [
            {"url": "/", "description": "The main world"},
            {"url": "/@{world}", "description": "Another world of this server",
             "variables": {"world": {"default": "main"}}},
        ],
        "tags": [{"name": tag} for tag in tags],
        "paths": paths,
        "components": {"schemas": {"Error": ERROR, **schemas}, "securitySchemes": SECURITY},
    }  # fmt: skip


def _operation(op: Operation, method: str, path: str, schemas: Schemas) -> Document:
    """What is sent."""
    described: Document = {
        "operationId": operation_id(method, path),
        "tags": [tag_of(op)],
        "summary": op.title,
        "description": "\n\n".join(_facts(op, f"{method} {path}")),
    }
    if op.until:
        described["deprecated"] = True
    if op.path.startswith(CONTROL) and method != "GET":
        if op.fields():
            described["requestBody"] = {
                "required": any(field.mandatory for field in op.fields()),
                "content": {"application/json": {"schema": body_of(op.ask_type)}},
            }
    else:
        described["parameters"] = [_parameter(field) for field in op.fields()]
        if op.signed:
            described["parameters"] += [WINDOW, TIMESTAMP]
    if op.signed:
        described["security"] = [{"apiKey": [], "signature": []}]
    elif op.security != NONE:
        described["security"] = [{"apiKey": []}]
    return described


def _facts(op: Operation, route: str) -> list[str]:
    facts = [] if route == op.id else [f"The same as `{op.id}`."]
    if op.ws:
        facts.append(f"WebSocket API method: `{op.ws}`.")
    if not op.path.startswith(CONTROL):
        by = "account" if op.weight_scope == UID else "IP"
        facts.append(f"Weight ({by}): {weight_words(op).removesuffix(' (UID)')}.")
        facts.append(f"Data source: {op.source}.")
    if op.unfilled_orders:
        facts.append(f"Unfilled order count: {op.unfilled_orders}.")
    if op.security == MARKET_DATA:
        facts.append("Needs an API key, but no signature.")
    return facts


def _parameter(field: Field) -> Document:
    schema = sent(field)
    words = schema.pop("description", "")
    described: Document = {"name": field.wire, "in": "query"}
    if words:
        described["description"] = words
    if field.mandatory:
        described["required"] = True
    if schema.pop("deprecated", False):
        described["deprecated"] = True
    if schema["type"] == "array":  # JSON text, not one pair an item
        return described | {"content": {"application/json": {"schema": schema}}}
    return described | {"schema": schema}


def _answers(op: Operation, schemas: Schemas, examples: Mapping[str, Answered]) -> Document:
    """What comes back."""
    found = examples.get(op.id)
    content: Document = {"schema": schemas.of_reply(op.reply_hint)}
    kind = "application/json"
    if isinstance(op.reply_hint, type) and issubclass(op.reply_hint, Answer):
        kind, content = "text/plain", {"schema": {"type": "string"}}
    if found is not None and found.status == 200:
        content["example"] = found.body
    headers = {} if op.path.startswith(CONTROL) else dict(HEADERS)
    if op.unfilled_orders:
        headers |= ORDER_HEADERS
    done: Document = {"description": "Done.", "content": {kind: content}}
    refused: Document = {"schema": {"$ref": "#/components/schemas/Error"}}
    if found is not None and found.status != 200:
        refused["example"] = found.body
    return {
        "responses": {
            "200": done | ({"headers": headers} if headers else {}),
            "4XX": {"description": "Refused.", "content": {"application/json": refused}},
        }
    }


def _add_unserved(paths: dict[str, dict[str, Document]]) -> None:
    for row in unserved.rows():
        if row.transport != "rest" or not row.path.startswith("/"):
            continue
        described: Document = {
            "operationId": operation_id(row.method, row.path),
            "tags": [_NOT_SERVED],
            "summary": row.title,
            "description": VENUES.get(row.venue, row.venue),
            "deprecated": bool(row.until),
            "responses": {
                "501": {
                    "description": "Not served yet.",
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Error"}}
                    },
                }
            },
        }
        paths.setdefault(row.path, {})[row.method.lower()] = described


def operation_id(method: str, path: str) -> str:
    """A name for generated clients: get_api_v3_order."""
    return method.lower() + re.sub(r"[^A-Za-z0-9]+", "_", path)
