"""The field annotations of requests and replies, taken apart for readers, writers and pages."""

from __future__ import annotations

import types
import typing
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from tradepit.catalog.fields import Drawn, Era
from tradepit.catalog.kinds import Between, Bounded, Kind


class Shape:
    """One annotation without its optional parts.

    kind: how a scalar is read and written, None for structures and free-form values.
    base: the type below the annotation (`int`, `list[X]`, a Struct, …).
    nullable / conditional: None, or UNSET, is among its values.
    choices: the members of a union of several structures, else empty.
    """

    __slots__ = ("base", "choices", "conditional", "drawn", "era", "kind", "nullable")

    def __init__(self, annotation: Any) -> None:
        self.nullable = False
        self.conditional = False
        self.era = Era()
        self.drawn = 0  # length of what the gateway draws, 0: a client sends it
        self.kind: Kind | None = None
        self.choices: tuple[Any, ...] = ()
        self.base: Any = annotation
        self._strip(annotation)

    def _strip(self, annotation: Any) -> None:
        origin = get_origin(annotation)
        if origin is Annotated:
            inner, *marks = get_args(annotation)
            self._strip(inner)
            for mark in marks:
                self._mark(mark)
            return
        if origin is Union or origin is types.UnionType:
            members = []
            for member in get_args(annotation):
                if member is type(None):
                    self.nullable = True
                elif member is msgspec.UnsetType:
                    self.conditional = True
                else:
                    members.append(member)
            if len(members) == 1:
                self._strip(members[0])
            else:
                self.choices = tuple(members)
                self.base = annotation
            return
        self.base = annotation

    def _mark(self, mark: object) -> None:
        if isinstance(mark, Kind):
            self.kind = mark
        elif isinstance(mark, Between):
            if self.kind is None:
                raise TypeError("bounds need a kind of number")
            self.kind = Bounded(self.kind, mark)
        elif isinstance(mark, Drawn):
            self.drawn = mark.length
        elif isinstance(mark, Era):
            self.era = mark


class Field:
    """One field of a request or reply struct."""

    __slots__ = ("mandatory", "name", "shape", "wire")

    def __init__(self, name: str, wire: str, mandatory: bool, shape: Shape) -> None:
        self.name = name  # inside, snake_case
        self.wire = wire  # on the wire
        self.mandatory = mandatory
        self.shape = shape


def all_fields(struct: type[msgspec.Struct]) -> list[Field]:
    """The fields of a struct in declaration order."""
    hints = typing.get_type_hints(struct, include_extras=True)
    found = []
    for info in msgspec.structs.fields(struct):
        shape = Shape(hints[info.name])
        found.append(Field(info.name, info.encode_name, info.required, shape))
    return found


def fields_of(struct: type[msgspec.Struct]) -> list[Field]:
    """The fields that stand on the wire, in declaration order."""
    return [field for field in all_fields(struct) if not field.shape.drawn]


def drawn_in(struct: type[msgspec.Struct]) -> tuple[tuple[str, int], ...]:
    """(name, length) of the fields that the gateway draws."""
    fields = all_fields(struct)
    return tuple((field.name, field.shape.drawn) for field in fields if field.shape.drawn)


def structs_in(annotation: Any) -> list[type[msgspec.Struct]]:
    """The struct types that an annotation names, in order, once each."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return [annotation]
    found: list[type[msgspec.Struct]] = []
    for member in get_args(annotation):
        for struct in structs_in(member):
            if struct not in found:
                found.append(struct)
    return found


def reachable(structs: list[type[msgspec.Struct]]) -> list[type[msgspec.Struct]]:
    """`structs` and every struct within their fields, once each, outer ones first."""
    found = list(structs)
    for struct in found:  # grows while it is walked
        for hint in typing.get_type_hints(struct).values():
            found += [inner for inner in structs_in(hint) if inner not in found]
    return found
