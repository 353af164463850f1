"""Rows that are true already and not in SQL yet.

Rows lie in chunks. New ones go to the newest chunk; sealed ones wait for the writer or are being
written, oldest first. Only the event loop changes any of it; any thread may read, because a reader
copies one small dictionary at a time, which nothing can interrupt.
"""

from __future__ import annotations

from itertools import chain
from typing import Any, Final, TypeAlias

from tradepit.projections.kinds import KINDS, PERSONAL, Kind

Row: TypeAlias = tuple[Any, ...]
Key: TypeAlias = tuple[Any, ...]

_NONE: Final[dict[Key, Row]] = {}


class Chunk:
    """Rows by kind, prefix and ids: the newest row of an id is the only one.

    Rows of accounts may be made again; they lie in dictionaries by id. What is of nobody happens
    once, and is most: it lies in lists.
    """

    __slots__ = ("count", "public", "rows", "seq")

    def __init__(self) -> None:
        self.rows: list[dict[Key, dict[Key, Row]]] = [{} for _ in range(PERSONAL)]
        self.public: list[dict[Key, list[Row]]] = [{} for _ in range(len(KINDS) - PERSONAL)]
        self.count = 0
        self.seq = 0  # the last command told of

    def put(self, kind: Kind, row: Row) -> None:
        cut, index = kind.cut, kind.index
        prefix = row[:cut]
        self.count += 1
        if index < PERSONAL:
            self.rows[index].setdefault(prefix, {})[row[cut : kind.end]] = row
            return
        rows = self.public[index - PERSONAL]
        found = rows.get(prefix)
        if found is None:
            rows[prefix] = [row]
        else:
            found.append(row)

    def of(self, kind: Kind, prefix: Key) -> dict[Key, Row]:
        """The rows behind `prefix`, by id."""
        if kind.index < PERSONAL:
            return self.rows[kind.index].get(prefix, _NONE)
        rows = self.public[kind.index - PERSONAL].get(prefix)
        # A copy of a list is made at once, so that no other thread adds to it meanwhile.
        return _NONE if rows is None else {row[kind.cut : kind.end]: row for row in rows[:]}

    @property
    def personal(self) -> bool:
        """Whether rows of an account are among them."""
        return any(self.rows)

    def all(self, kind: Kind) -> list[Row]:
        """Every row of one kind."""
        if kind.index < PERSONAL:
            return [row for rows in self.rows[kind.index].values() for row in rows.values()]
        return list(chain.from_iterable(self.public[kind.index - PERSONAL].values()))


class Tail:
    """The chunks: `sealed` ones, oldest first, and the `open` one."""

    def __init__(self) -> None:
        self.open = Chunk()
        self.sealed: tuple[Chunk, ...] = ()
        self._sealed_count = 0

    def seal(self) -> Chunk:
        """Close the open chunk for the writer."""
        sealed = self.open
        # In this order, so that a reader meets a row twice rather than never.
        self.sealed = (*self.sealed, sealed)
        self._sealed_count += sealed.count
        self.open = Chunk()
        return sealed

    def drop(self, written: Chunk) -> None:
        """Forget a chunk that SQL has."""
        self.sealed = tuple(chunk for chunk in self.sealed if chunk is not written)
        self._sealed_count = sum(chunk.count for chunk in self.sealed)

    @property
    def count(self) -> int:
        return self.open.count + self._sealed_count

    def rows(self, kind: Kind, prefix: Key) -> dict[Key, Row]:
        """The newest row of every id behind `prefix`."""
        found: dict[Key, Row] = {}
        newest = self.open
        for chunk in (*self.sealed, newest):
            found.update(chunk.of(kind, prefix))
        return found
