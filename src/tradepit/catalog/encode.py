"""Typed reply -> JSON bytes, by encoders compiled from the reply's declaration at first use.

A reply type becomes one function made of f-strings. Fields stand in declaration order; a field that
is UNSET vanishes; None is null; times are milliseconds, or microseconds when the caller asked for
them. Free-form parts (dicts, lists of plain values) go through msgspec.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, get_args, get_origin

import msgspec

from tradepit.catalog.kinds import TRUTHS, dumps, quote
from tradepit.catalog.shapes import Shape, fields_of

Writer = Callable[[Any, bool], str]

_WRITERS: Final[dict[type, Writer]] = {}
_join: Final = ",".join


def encode(reply: object, micro: bool = False) -> bytes:
    """A reply as JSON: a `Reply`, a list of them, or plain values (dict, list, str, int, None).

    micro: times as microseconds.
    """
    writer = _WRITERS.get(type(reply))
    text = text_of(reply, micro) if writer is None else writer(reply, micro)
    return text.encode()


def text_of(value: Any, micro: bool) -> str:
    """Any reply value as JSON text, by its runtime type."""
    writer = _WRITERS.get(type(value))
    if writer is not None:
        return writer(value, micro)
    if isinstance(value, msgspec.Struct):
        return writer_of(type(value))(value, micro)
    if isinstance(value, msgspec.Raw):
        return bytes(value).decode()
    if isinstance(value, list | tuple):
        return array([text_of(each, micro) for each in value])
    if isinstance(value, dict):
        rows = [quote(str(key)) + ":" + text_of(each, micro) for key, each in value.items()]
        return "{" + _join(rows) + "}"
    return dumps(value)


def array(texts: Iterable[str]) -> str:
    """JSON texts as a JSON array."""
    return "[" + _join(texts) + "]"


def writer_of(struct: type[msgspec.Struct]) -> Writer:
    """The encoder of a reply type, made once."""
    writer = _WRITERS.get(struct)
    if writer is None:
        names: dict[str, Any] = {}
        source = source_of(struct, names)
        exec(compile(source, f"<encoder of {struct.__name__}>", "exec"), names)
        writer = names["write"]
        _WRITERS[struct] = writer
    return writer


def source_of(struct: type[msgspec.Struct], names: dict[str, Any]) -> str:
    """The source of the encoder of `struct`; `names` receives the globals that it needs.

    Runs of unconditional fields are one f-string each; a conditional field is one `if`. A type may
    name its `usual` conditional fields: a reply with these and no others is one f-string.
    """
    names.update(text_of=text_of, array=array, quote=quote, UNSET=msgspec.UNSET, NULL="null")
    fields = fields_of(struct)
    is_array = struct.__struct_config__.array_like
    opening, closing = ("[", "]") if is_array else ("{{", "}}")
    # When the first field may be missing, every field brings its comma and the first is cut off.
    cut = bool(fields) and fields[0].shape.conditional
    run, comma = ("", ",") if cut else (opening, "")
    lines = ["def write(r, micro):", *_usual_lines(struct, names), "    out = ''"]
    for field in fields:
        label = comma + ("" if is_array else _literal(quote(field.wire) + ":"))
        comma = ","
        if not field.shape.conditional:
            run += label + template(field.shape, f"r.{field.name}", names)
            continue
        if run:
            lines.append(f"    out += f'''{run}'''")
            run = ""
        lines.append(f"    v = r.{field.name}")
        lines.append("    if v is not UNSET:")
        lines.append(f"        out += f'''{label}{template(field.shape, 'v', names)}'''")
    if cut:
        lines.append(f"    out += f'''{run}'''")
        lines.append(f"    return f'''{opening}{{out[1:]}}{closing}'''")
    else:
        lines.append(f"    return out + f'''{run}{closing}'''")
    return "\n".join(lines) + "\n"


def _usual_lines(struct: type[msgspec.Struct], names: dict[str, Any]) -> list[str]:
    """The way of replies that have of the conditional fields just the usual ones."""
    usual: tuple[str, ...] | None = getattr(struct, "usual", None)
    if usual is None:
        return []
    fields = fields_of(struct)
    rare = [f"r.{f.name}" for f in fields if f.shape.conditional and f.name not in usual]
    there = [f" and r.{name} is not UNSET" for name in usual]
    texts = [
        _literal(quote(f.wire) + ":") + template(f.shape, f"r.{f.name}", names)
        for f in fields
        if f"r.{f.name}" not in rare
    ]
    return [
        f"    if {' is '.join([*rare, 'UNSET'])}{''.join(there)}:",
        f"        return f'''{{{{{_join(texts)}}}}}'''",
    ]


def template(shape: Shape, value: str, names: dict[str, Any]) -> str:
    """A piece of an f-string for the JSON text of the expression `value`."""
    if shape.kind is not None and not shape.nullable:
        return shape.kind.template(value, names)
    return "{" + expression(shape, value, names) + "}"


def expression(shape: Shape, value: str, names: dict[str, Any], depth: int = 0) -> str:
    """A Python expression, free of quotes, for the JSON text of the expression `value`."""
    text = _present(shape, value, names, depth)
    return f"(NULL if {value} is None else {text})" if shape.nullable else text


def _present(shape: Shape, value: str, names: dict[str, Any], depth: int) -> str:
    base = shape.base
    origin, inner = get_origin(base), get_args(base)
    if shape.kind is not None:
        return shape.kind.writer(value, names)
    if origin is list or (origin is tuple and inner[1:] == (Ellipsis,)):
        each = f"x{depth}"
        item = expression(Shape(inner[0]), each, names, depth + 1)
        return f"array([{item} for {each} in {value}])"
    if origin is tuple:
        key = _add(names, "row", "[" + ",".join(["%s"] * len(inner)) + "]")
        items = [
            expression(Shape(item), f"{value}[{place}]", names, depth)
            for place, item in enumerate(inner)
        ]
        return f"{key} % ({', '.join(items)},)"
    if isinstance(base, type) and issubclass(base, msgspec.Struct):
        write, struct = _add(names, "write", writer_of(base)), _add(names, "struct", base)
        return (
            f"({write}({value}, micro) if type({value}) is {struct} else text_of({value}, micro))"
        )
    if base is str:
        return f"quote({value})"
    if base is int:
        return f"str({value})"
    if base is bool:
        names["TRUTHS"] = TRUTHS
        return f"TRUTHS[{value}]"
    if origin is dict:
        names["dumps"] = dumps
        return f"dumps({value})"
    return f"text_of({value}, micro)"


def _add(names: dict[str, Any], stem: str, value: object) -> str:
    key = f"{stem}_{len(names)}"
    names[key] = value
    return key


def _literal(text: str) -> str:
    """JSON text as literal text of an f-string."""
    return text.replace("\\", "\\\\").replace("{", "{{").replace("}", "}}").replace("'", "\\'")
