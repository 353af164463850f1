"""The sockets as AsyncAPI 3: the WebSocket API, the market streams, the user data.

Requests and replies of the WebSocket API follow from the declarations. What streams and events say
is written by hand in the gateways, so that its schema is read off a real message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

import tradepit
from tradepit.catalog.language import COINM, NONE, SPOT, USDM, Operation, by_ws_method
from tradepit.catalog.publish import weight_words
from tradepit.catalog.schemas import Schema, Schemas, body_of
from tradepit.catalog.unserved import SERVED_STREAMS
from tradepit.web.openapi import ERROR
from tradepit.web.rehearsal import STREAMS, Answered, Examples

Document = dict[str, Any]

# What may stand in a stream's name, by the word that holds its place.
PLACES: Final = {
    "<symbol>": "a symbol in small letters: btcusdt, btcusd_perp",
    "<pair>": "a pair in small letters: btcusdt, btcusd",
    "<contractType>": "perpetual, current_quarter or next_quarter",
    "<updateSpeed>": "1s of prices, 100ms or 500ms of books; it may be left out",
    "<interval>": "1s, 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d, 3d, 1w, 1M",
    "<levels>": "5, 10 or 20; @100ms behind it speaks ten times a second",
    "<window_size>": "1h, 4h or 1d",
    "<window-size>": "1h, 4h or 1d",
}
# Of each venue's WebSocket API: its channel and its address.
APIS: Final = {
    SPOT: ("wsApi", "/ws-api/v3"),
    USDM: ("wsFapi", "/ws-fapi/v1"),
    COINM: ("wsDapi", "/ws-dapi/v1"),
}
# Of each product's streams: their channel (combined with an s behind it), and where they stand.
SOCKETS: Final = {
    SPOT: ("stream", ""),
    USDM: ("fstream", "/fstream"),
    COINM: ("dstream", "/dstream"),
}
REQUESTS: Final = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
ID: Final[Schema] = {
    "description": "Comes back as it was sent: a whole number, a text, or null.",
    "type": ["integer", "string", "null"],
}
_DOOR: Final[dict[str, Schema]] = {
    "apiKey": {"type": "string"},
    "timestamp": {"type": "integer", "format": "int64"},
    "recvWindow": {"type": "number", "maximum": 60000},
    "signature": {"type": "string"},
}


def socket_document(examples: Examples) -> Document:
    """Everything that is said on sockets."""
    schemas = Schemas()
    messages: dict[str, Document] = {}
    apis: dict[str, dict[str, Document]] = {}
    for venue, (channel, _) in APIS.items():
        mine = apis[channel] = {}
        for name, op in sorted(by_ws_method(venue).items()):
            key = _key(f"{venue}.{name}" if venue != SPOT else name)
            found = examples.answers.get(op.id)
            mine[f"{key}.request"] = _request(name, op, found)
            mine[f"{key}.reply"] = _reply(name, op, schemas, found)
        messages |= mine
    events = {venue: _events_of(venue, examples) for venue in SOCKETS}
    told = {venue: _streams_of(venue, examples) | events[venue] for venue in SOCKETS}
    heard = {venue: events[venue] if venue == SPOT else {} for venue in APIS}
    control = {"streamRequest": _stream_request(), "streamReply": _stream_reply()}
    channels = {
        channel: _channel(address, f"The WebSocket API: {venue}.", apis[channel] | heard[venue])
        for venue, (channel, address) in APIS.items()
    }  # fmt: skip
    for venue in SOCKETS:
        channels |= _sockets(venue, told[venue] | control)
    every = {name: each for mine in told.values() for name, each in mine.items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "tradepit: sockets", "version": tradepit.__version__,
            "description": "WebSocket API, market streams and user data. Independent of Binance.",
            "license": {"name": "Apache-2.0"},
        },
        "servers": {"local": {"host": "127.0.0.1:8800", "protocol": "ws"}},
        "channels": channels,
        "operations": _operations(apis, told),
        "components": {
            "schemas": {"Error": ERROR, **schemas.named},
            "messages": {
                _key(name): each for name, each in (messages | every | control).items()
            },
        },
    }  # fmt: skip


def _sockets(venue: str, messages: Document) -> dict[str, Document]:
    """The raw and the combined channel of a venue's streams."""
    channel, base = SOCKETS[venue]
    names = "<name>/<name>"
    return {
        channel: _channel(
            f"{base}/ws", f"Streams of {venue}, raw: `{base}/ws/{names}`.", messages
        ),
        f"{channel}s": _channel(
            f"{base}/stream",
            f"Streams of {venue}, combined: `{base}/stream?streams={names}`. A message stands in "
            '`{"stream": …, "data": …}`.', messages,
        ),
    }  # fmt: skip


def _channel(address: str, words: str, messages: Document) -> Document:
    return {
        "address": address,
        "description": words,
        "messages": {_key(n): {"$ref": f"#/components/messages/{_key(n)}"} for n in messages},
    }


def _operations(
    apis: dict[str, dict[str, Document]], told: Mapping[str, Mapping[str, Document]]
) -> Document:
    """From the client's side: it sends requests, it receives what is told."""
    made: Document = {}
    for channel, messages in apis.items():
        where = f"#/channels/{channel}"
        for name in (key.removesuffix(".request") for key in messages if key.endswith(".request")):
            made[name] = {
                "action": "send", "channel": {"$ref": where},
                "messages": [{"$ref": f"{where}/messages/{name}.request"}],
                "reply": {"channel": {"$ref": where},
                          "messages": [{"$ref": f"{where}/messages/{name}.reply"}]},
            }  # fmt: skip
    sockets = [(venue, name + end) for venue, (name, _) in SOCKETS.items() for end in ("", "s")]
    for venue, channel in sockets:
        where = f"#/channels/{channel}"
        made[f"{channel}.ask"] = {
            "action": "send", "channel": {"$ref": where},
            "messages": [{"$ref": f"{where}/messages/streamRequest"}],
            "reply": {"channel": {"$ref": where},
                      "messages": [{"$ref": f"{where}/messages/streamReply"}]},
        }  # fmt: skip
        made[f"{channel}.hear"] = {
            "action": "receive", "channel": {"$ref": where},
            "messages": [{"$ref": f"{where}/messages/{_key(name)}"} for name in told[venue]],
        }  # fmt: skip
    return made


def _request(name: str, op: Operation, found: Answered | None) -> Document:
    params = body_of(op.ask_type)
    door = [] if op.security == NONE else ["apiKey"]
    if op.signed:
        door = list(_DOOR)
    params["properties"] = params["properties"] | {word: _DOOR[word] for word in door}
    payload: Schema = {
        "type": "object",
        "properties": {"id": ID, "method": {"const": name}, "params": params},
        "required": ["method", "params"] if params.get("required") else ["method"],
    }
    described: Document = {
        "title": name, "summary": op.title, "payload": payload,
        "description": f"Weight: {weight_words(op)}. Data source: {op.source}.",
    }  # fmt: skip
    if found is not None and not op.signed:
        example = {"id": 1, "method": name, "params": typed(found.params, params)}
        described["examples"] = [{"payload": example}]
    return described


def typed(given: Mapping[str, str], schema: Schema) -> dict[str, Any]:
    """Parameters that are sent as texts, as JSON values of an object's schema."""
    made: dict[str, Any] = {}
    for name, text in given.items():
        kind = schema["properties"][name].get("type")
        is_json = kind in ("integer", "boolean", "array")
        made[name] = msgspec.json.decode(text) if is_json else text
    return made


def _reply(name: str, op: Operation, schemas: Schemas, found: Answered | None) -> Document:
    described: Document = {
        "title": f"{name}: reply",
        "payload": {
            "type": "object",
            "properties": {
                "id": ID,
                "status": {"type": "integer", "description": "As an HTTP status: 200 is done."},
                "result": schemas.of_reply(op.reply_hint),
                "error": {"$ref": "#/components/schemas/Error"},
                "rateLimits": {"type": "array", "items": {"type": "object"}},
            },
            "required": ["id", "status"],
        },
    }
    if found is not None and found.status == 200:
        example = {"id": 1, "status": 200, "result": found.body}
        described["examples"] = [{"payload": example}]
    return described


def _streams_of(venue: str, examples: Examples) -> dict[str, Document]:
    """What is said on a venue's market streams, by the contract's names; where another venue's
    streams are called the same, the venue's name comes before."""
    found = {}
    for stream_id in STREAMS:
        room, _, name = stream_id.partition(":")
        if room == f"{venue}-streams" and stream_id in SERVED_STREAMS:
            key = name if venue == SPOT else f"{venue}.{name}"
            found[key] = _told(name, examples.streams.get(stream_id))
    return found


def _events_of(venue: str, examples: Examples) -> dict[str, Document]:
    """What accounts of a venue are told, named likewise."""
    found = {}
    for event_id in SERVED_STREAMS:
        room, _, name = event_id.partition(":")
        if room == f"{venue}-user-data":
            key = name if venue == SPOT else f"{venue}.{name}"
            found[key] = _told(name, examples.events.get(event_id))
    return found


def _told(name: str, told: Any) -> Document:
    described: Document = {"title": name}
    places = [f"`{place}`: {words}." for place, words in PLACES.items() if place in name]
    if places:
        described["description"] = " ".join(places)
    if told is not None:
        described |= {"payload": schema_of(told), "examples": [{"payload": told}]}
    return described


def _stream_request() -> Document:
    properties: dict[str, Schema] = {"id": ID, "method": {"enum": list(REQUESTS)}}
    properties["params"] = {"type": "array", "items": {"type": ["string", "boolean"]}}
    example = {"method": "SUBSCRIBE", "params": ["btcusdt@trade", "btcusdt@depth"], "id": 1}
    return {
        "title": "What streams are asked",
        "payload": {"type": "object", "properties": properties, "required": ["id", "method"]},
        "examples": [{"payload": example}],
    }


def _stream_reply() -> Document:
    reference = {"$ref": "#/components/schemas/Error"}
    payload = {"type": "object", "properties": {"id": ID, "result": {}, "error": reference}}
    return {
        "title": "What streams answer",
        "payload": payload,
        "examples": [{"payload": {"result": None, "id": 1}}],
    }


def schema_of(value: Any) -> Schema:
    """The schema of a message like this one."""
    if isinstance(value, dict):
        made = {name: schema_of(each) for name, each in value.items()}
        return {"type": "object", "properties": made, "required": list(value)}
    if isinstance(value, list):
        return {"type": "array", "items": schema_of(value[0]) if value else {}}
    if value is None:
        return {}
    for kind, word in ((bool, "boolean"), (int, "integer"), (str, "string")):
        if isinstance(value, kind):
            return {"type": word}
    return {"type": "number"}


def _key(name: str) -> str:
    """A message's name inside its channel: letters, digits, dots, dashes and underscores."""
    kept = [char if char.isalnum() or char in "._-" else "_" for char in name.replace("!", "all")]
    return "".join(kept).strip("_")
