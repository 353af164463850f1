"""Rows that are true already and not in SQL yet.

Rows lie in chunks. New ones go to the newest chunk; sealed ones wait for the writer or are being
written, oldest first. Only the event loop changes any of it; any thread may read, because a reader
copies one small dictionary at a time, which nothing can interrupt.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from tradepit.projections.schema import KINDS, PERSONAL, Kind

Row: TypeAlias = tuple[Any, ...]
Key: TypeAlias = tuple[Any, ...]


class Chunk:
    """Rows by kind, prefix and ids: the newest row of an id is the only one."""

    __slots__ = ("count", "rows", "seq")

    def __init__(self) -> None:
        self.rows: list[dict[Key, dict[Key, Row]]] = [{} for _ in KINDS]
        self.count = 0
        self.seq = 0  # the last command told of

    def put(self, kind: Kind, row: Row) -> None:
        rows = self.rows[kind.index]
        cut = kind.cut
        prefix = row[:cut]
        found = rows.get(prefix)
        if found is None:
            found = rows[prefix] = {}
        found[row[cut : kind.end]] = row
        self.count += 1

    @property
    def personal(self) -> bool:
        """Whether rows of an account are among them."""
        return any(self.rows[:PERSONAL])

    def all(self, kind: Kind) -> list[Row]:
        """Every row of one kind."""
        return [row for rows in self.rows[kind.index].values() for row in rows.values()]


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
            rows = chunk.rows[kind.index].get(prefix)
            if rows is not None:
                found.update(rows)
        return found
