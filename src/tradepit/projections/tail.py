"""Rows that are true already and not in SQL yet.

Rows lie in chunks. New ones go to the newest chunk; sealed ones wait for the writer or are being
written, oldest first. Only the event loop changes any of it; any thread may read, because a reader
copies one small dictionary at a time, which nothing can interrupt.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from tradepit.projections.schema import KINDS, Kind

Row: TypeAlias = tuple[Any, ...]
Key: TypeAlias = tuple[Any, ...]


class Chunk:
    """Rows by kind, prefix and ids: the newest row of an id is the only one."""

    def __init__(self) -> None:
        self.rows: Final[dict[str, dict[Key, dict[Key, Row]]]] = {k.name: {} for k in KINDS}
        self.count = 0
        self.seq = 0  # the last command told of
        self.personal = False  # rows of an account are among them

    def put(self, kind: Kind, row: Row) -> None:
        by_prefix = self.rows[kind.name]
        prefix = kind.prefix_of(row)
        found = by_prefix.get(prefix)
        if found is None:
            found = by_prefix[prefix] = {}
        found[kind.ids_of(row)] = row
        self.count += 1
        if kind.personal:
            self.personal = True

    def all(self, kind: Kind) -> list[Row]:
        """Every row of one kind."""
        return [row for rows in self.rows[kind.name].values() for row in rows.values()]


class Tail:
    """The chunks: `sealed` ones, oldest first, and the `open` one."""

    def __init__(self) -> None:
        self.open = Chunk()
        self.sealed: tuple[Chunk, ...] = ()

    def seal(self) -> Chunk:
        """Close the open chunk for the writer."""
        sealed = self.open
        # In this order, so that a reader meets a row twice rather than never.
        self.sealed = (*self.sealed, sealed)
        self.open = Chunk()
        return sealed

    def drop(self, written: Chunk) -> None:
        """Forget a chunk that SQL has."""
        self.sealed = tuple(chunk for chunk in self.sealed if chunk is not written)

    @property
    def count(self) -> int:
        return self.open.count + sum(chunk.count for chunk in self.sealed)

    def rows(self, kind: Kind, prefix: Key) -> dict[Key, Row]:
        """The newest row of every id behind `prefix`."""
        found: dict[Key, Row] = {}
        newest = self.open
        for chunk in (*self.sealed, newest):
            rows = chunk.rows[kind.name].get(prefix)
            if rows is not None:
                found.update(rows)
        return found
