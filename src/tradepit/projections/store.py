"""The SQL side of history: rows and the cursor go in together, pages come out.

Threads share the interpreter with the event loop, and SQLite's driver gives it up and asks for it
again at every row. So rows go in many to a statement and come out as one JSON text: a query beside
a busy loop then waits once, not once a row.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import (
    Connection,
    Engine,
    Select,
    Table,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    update,
)  # fmt: skip

from tradepit.projections.kinds import KINDS, Kind
from tradepit.projections.schema import CURSOR, METADATA
from tradepit.projections.tail import Chunk, Key, Row

_ROWS_AT_ONCE: Final = (64, 8, 1)
_rows_of_text = msgspec.json.Decoder(list[list[Any]]).decode


class Store:
    """One world's history in a database. `url` is SQLAlchemy's."""

    def __init__(self, url: str, world: int = 1, *, keep: bool = True) -> None:
        self.world = world
        self.engine: Final = create_engine(url)
        self._is_sqlite = self.engine.dialect.name == "sqlite"
        if self._is_sqlite:
            _prepare_sqlite(self.engine, keep)
        METADATA.create_all(self.engine)
        self._mark = "%s" if self.engine.dialect.paramstyle in ("format", "pyformat") else "?"
        self._texts = {k.name: [self._upsert(k, n) for n in _ROWS_AT_ONCE] for k in KINDS}
        with self.engine.begin() as db:
            if self._cursor(db) is None:
                db.execute(insert(CURSOR).values(world=world, seq=0))

    # Writing.

    def _cursor(self, db: Connection) -> int | None:
        return db.execute(select(CURSOR.c.seq).where(CURSOR.c.world == self.world)).scalar()

    def cursor(self) -> int:
        """The last command whose rows are all here."""
        with self.engine.connect() as db:
            return self._cursor(db) or 0

    def _upsert(self, kind: Kind, count: int) -> str:
        row = "(" + ", ".join([self._mark] * len(kind.columns)) + ")"
        keys = ", ".join(("world", *kind.prefix, *kind.ids))
        rest = kind.columns[kind.end : -1]
        news = ", ".join(f'"{column}" = excluded."{column}"' for column in rest)
        names = ", ".join(f'"{column}"' for column in kind.columns)
        return (
            f'INSERT INTO "{kind.name}" ({names}) VALUES {", ".join([row] * count)}'
            f" ON CONFLICT ({keys}) DO UPDATE SET {news}"
        )

    def write(self, chunk: Chunk) -> None:
        """Put a chunk's rows in and move the cursor to its end, in one transaction."""
        with self.engine.begin() as db:
            for kind in KINDS:
                self._write_rows(db, kind, chunk.all(kind))
            self._move(db, chunk.seq)

    def _write_rows(self, db: Connection, kind: Kind, rows: Sequence[Row]) -> None:
        start = 0
        for size, text in zip(_ROWS_AT_ONCE, self._texts[kind.name], strict=True):
            while len(rows) - start >= size:
                values = tuple(chain.from_iterable(rows[start : start + size]))
                db.exec_driver_sql(text, values)
                start += size

    def _move(self, db: Connection, seq: int) -> None:
        db.execute(update(CURSOR).where(CURSOR.c.world == self.world).values(seq=seq))

    def rewind(self, seq: int) -> None:
        """Delete what commands behind `seq` wrote, and move the cursor back to it."""
        with self.engine.begin() as db:
            for kind in KINDS:
                table = kind.table
                db.execute(delete(table).where(table.c.world == self.world, table.c.seq > seq))
            self._move(db, seq)

    def copy(self, path: Path) -> None:
        """Copy the whole database into an empty file. Nobody may be writing."""
        assert self._is_sqlite
        with contextlib.closing(sqlite3.connect(path)) as target:
            source = self.engine.raw_connection()
            try:
                source.driver_connection.backup(target)  # type: ignore[union-attr]
            finally:
                source.close()

    def close(self) -> None:
        self.engine.dispose()

    # Reading.

    def page(
        self, kind: Kind, prefix: Key, *, where: Iterable[tuple[str, str, Any]] = (),
        limit: int | None = None, newest: bool = False,
    ) -> list[Row]:  # fmt: skip
        """The rows behind `prefix` that satisfy `where` ((column, "=" | ">=" | "<=", value), …),
        the first `limit` of them by id or the last (then newest first)."""
        table = kind.table
        found = self._select(kind, prefix)
        for column, relation, value in where:
            found = found.where(table.c[column].op(relation)(value))
        keys = [table.c[column] for column in kind.ids]
        found = found.order_by(*(key.desc() if newest else key for key in keys))
        return self._fetch(kind, found if limit is None else found.limit(limit))

    def _select(self, kind: Kind, prefix: Key) -> Select[Any]:
        table = kind.table
        found = select(*(table.c[column] for column in kind.columns))
        found = found.where(table.c.world == self.world)
        for column, value in zip(kind.prefix, prefix, strict=True):
            found = found.where(table.c[column] == value)
        return found

    def _fetch(self, kind: Kind, query: Select[Any]) -> list[Row]:
        with self.engine.connect() as db:
            if self._is_sqlite:
                inner = query.subquery()
                row = func.json_array(*(inner.c[column] for column in kind.columns))
                rows = _rows_of_text(db.execute(select(func.json_group_array(row))).scalar_one())
            else:
                rows = [list(row) for row in db.execute(query)]
        return [tuple(found) for found in rows]

    def first_id(self, kind: Kind, prefix: Key, at_us: int) -> int:
        """The smallest id whose row tells of `at_us` or later; past the last id when none does.

        Ids grow with time, so it is found by halving, without an index of times.
        """
        table: Table = kind.table
        key, time = table.c[kind.ids[0]], table.c[kind.time]
        inside = [table.c.world == self.world]
        inside += [table.c[c] == v for c, v in zip(kind.prefix, prefix, strict=True)]
        probe = select(key, time).where(*inside)
        with self.engine.connect() as db:
            low, high = db.execute(select(func.min(key), func.max(key)).where(*inside)).one()
            if low is None:
                return 0
            high += 1
            while low < high:
                middle = (low + high) // 2
                row = db.execute(probe.where(key >= middle).order_by(key).limit(1)).first()
                if row is None or row[1] >= at_us:
                    high = middle
                else:
                    low = row[0] + 1
            return int(low)


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def _prepare_sqlite(engine: Engine, keep: bool) -> None:
    """WAL, so that queries and the writer never wait for each other. Rows that a power cut takes
    are made again from the log, so that no fsync per transaction is needed."""

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        for pragma in (
            "journal_mode = WAL",
            f"synchronous = {'NORMAL' if keep else 'OFF'}",
            "wal_autocheckpoint = 4000",
            "busy_timeout = 30000",
        ):
            connection.execute(f"PRAGMA {pragma}")
