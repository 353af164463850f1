"""How requests of the WebSocket API are read from text, and answers with limits are written.

Source: web-socket-api.md; documented.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from tradepit.catalog.parse import json_pairs
from tradepit.core.rejects import Reject

Match = Callable[[str], re.Match[str] | None]

Form = Callable[..., str]
"""(id, status, kind, what was found, used weight, order counts …) -> the text of an answer."""

_ID_LENGTH: Final = 128


class Request(msgspec.Struct):
    id: msgspec.Raw = msgspec.Raw(b"")
    method: msgspec.Raw = msgspec.Raw(b"")
    params: msgspec.Raw = msgspec.Raw(b"")


class Plain(msgspec.Struct):
    """What nearly all requests are: their parameters are texts."""

    id: msgspec.Raw
    method: str
    params: dict[str, str]


_NAMES: Final = ('"id"', '"method"', '"params"')

_read = msgspec.json.Decoder(Request).decode
_read_plain = msgspec.json.Decoder(Plain).decode
_read_texts = msgspec.json.Decoder(dict[str, str]).decode
_read_params = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_read_text = msgspec.json.Decoder(str).decode


def checked_id(raw: bytes) -> str:
    """The request's id as it is echoed: an integer, a string or null."""
    if not raw:
        raise Reject("MANDATORY_PARAM", "id")
    plain = raw.isdigit() or raw[:1] == b'"' or raw == b"null" or raw.lstrip(b"-").isdigit()
    if not plain or len(raw) > _ID_LENGTH:
        raise Reject("INVALID_PARAMETER", "id")
    return raw.decode()


def read_plain(text: str) -> Plain | None:
    """A request whose parameters are texts, each name once, and which has what it must and no more:
    it has as many colons as names. Any other is read with more care."""
    try:
        found = _read_plain(text)
    except (msgspec.MsgspecError, RecursionError):
        return None
    if not found.method or text.count(":") != len(found.params) + len(found.__struct_fields__):
        return None
    return found


_TEXT: Final = r'[^"\\\x00-\x1f]*'  # inside of a JSON string, without escapes
_ID: Final = r'0|-?[1-9][0-9]{0,17}|"[ !#-\[\]-~]{0,100}"'


def pattern_of(text: str, plain: Plain) -> Match | None:
    """What matches requests that differ from this one in their id and the values of their
    parameters only: its groups are these, the id first, then the values in their order. None when
    the request is too unusual for that."""
    names = ("id", "method", "params", *plain.params)
    if len(set(names)) != len(names) or not text.startswith('{"id"'):
        return None
    pattern, end = "", 0
    for name, value in (("id", None), *plain.params.items()):
        raw, hole = (bytes(plain.id).decode(), _ID) if value is None else (f'"{value}"', _TEXT)
        found = re.compile(rf'"{re.escape(name)}"\s*:\s*').search(text, end)
        if found is None or not text.startswith(raw, found.end()):
            return None
        begin = found.end() if value is None else found.end() + 1
        pattern += f"{re.escape(text[end:begin])}({hole})"
        end = begin + len(raw if value is None else value)
    match = re.compile(pattern + re.escape(text[end:])).fullmatch
    same = match(text)
    values = (bytes(plain.id).decode(), *plain.params.values())
    return match if same is not None and same.groups() == values else None


def read_with_care(text: str) -> Request:
    """A request that `read_plain` does not take. Raises: Reject."""
    try:
        found = _read(text)
    except (msgspec.MsgspecError, RecursionError):
        raise Reject("INVALID_JSON_REQUEST") from None
    if any(text.count(name) > 1 for name in _NAMES):
        _refuse_twofold(text)
    return found


def _refuse_twofold(text: str) -> None:
    """A request says each of its fields once; what stands inside of them is not looked at."""
    names: list[str] = []

    def keep(pairs: list[tuple[str, object]]) -> None:  # the outermost comes last
        names[:] = [name for name, _ in pairs]

    try:
        json.loads(text, object_pairs_hook=keep, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        raise Reject("INVALID_JSON_REQUEST") from None
    if len(set(names)) != len(names):
        raise Reject("INVALID_JSON_REQUEST")


def method_of(request: Request) -> str:
    """Raises: Reject."""
    if not request.method:
        raise Reject("MANDATORY_PARAM", "method")
    try:
        return _read_text(request.method)
    except msgspec.MsgspecError:
        raise Reject("INVALID_PARAMETER", "method") from None


def params_of(raw: bytes) -> dict[str, str]:
    if not raw:
        return {}
    try:
        found = _read_texts(raw)
    except msgspec.MsgspecError:
        found = _read_mixed(raw)
    if raw.count(b":") != len(found):
        _refuse_duplicates(raw)
    return found


def _read_mixed(raw: bytes) -> dict[str, str]:
    """Parameters that are not all texts."""
    try:
        return dict(json_pairs(_read_params(raw)))
    except (msgspec.MsgspecError, RecursionError):
        raise Reject("INVALID_PARAMETER", "params") from None


def _refuse_duplicates(raw: bytes) -> None:
    """A name that stands twice is refused; names inside values are none of ours."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise Reject("DUPLICATE_PARAMETER")
        return {}

    try:
        json.loads(raw, object_pairs_hook=once, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        raise Reject("INVALID_PARAMETER", "params") from None


def make_form(rows: str) -> Form:
    """What makes an answer with `rateLimits`. rows: of the array, with holes (%d) for the order
    counts and, last, the used weight."""
    *pieces, end = rows.replace("{", "{{").replace("}", "}}").split("%d")
    counts = [f"c{at}" for at in range(len(pieces) - 1)]
    pairs = zip(pieces, [*counts, "used"], strict=True)
    limits = "".join([f"{piece}{{{name}}}" for piece, name in pairs]) + end
    answer = '{{"id":{id},"status":{status},"{kind}":{found},"rateLimits":[' + limits + "]}}"
    source = f"def form(id, status, kind, found, used, {', '.join(counts)}):\n"
    source += f"    return f'''{answer}'''\n"
    known: dict[str, Any] = {}
    exec(compile(source, "<answer with limits>", "exec"), known)
    form: Form = known["form"]
    return form
