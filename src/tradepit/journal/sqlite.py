"""The log in one SQLite file (WAL), a row a batch, and snapshots beside it.

A batch is one row: [first, last, rules, check, written_us, body]; body is the msgpack array of its
records, compressed when it is neither short nor long; check is the CRC-32 of body chained to the
row before, so that a row that was altered, lost or put elsewhere does not pass. A torn write is
SQLite's to drop: its own checksums make the log end after the last whole transaction.

What "durable" means: `sync="os"` hands the batch to the operating system before `append` returns
(the process may be killed, the machine must not lose power); `sync="disk"` has the disk
confirm it (one fsync a batch).
"""

from __future__ import annotations

import sqlite3
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from tradepit.journal.datadir import DataDir
from tradepit.journal.port import RULES, JournalError, LogDamaged, Snapshot, StaleAppend
from tradepit.journal.snapshots import NEWEST_KEPT, SnapshotFiles, superfluous

Sync = Literal["os", "disk"]

FILE: Final = "journal.sqlite3"
FOLDER: Final = "snapshots"
DAY_S: Final = 86_400.0

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS log (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    rules INTEGER NOT NULL,
    "check" INTEGER NOT NULL,
    written_us INTEGER NOT NULL,
    body BLOB NOT NULL
)
"""
_INSERT: Final = "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?)"
_ROWS: Final = 'SELECT first, last, "check", body FROM log WHERE last > ? ORDER BY first LIMIT 256'
_PAGE_OF_ROWS: Final = 256
_TRIM: Final = (
    "DELETE FROM log WHERE first IN (SELECT first FROM log WHERE last <= ? AND first < ?"
    f" ORDER BY first LIMIT {_PAGE_OF_ROWS})"
)
_PAGE_BYTES: Final = 1024  # an append writes whole pages, and most appends are small
_SHORT: Final = _PAGE_BYTES // 2  # bytes of a body that is not worth compressing
_LONG: Final = 4 * _PAGE_BYTES
_ZLIB: Final = 0x78
_CHECKPOINT_PAGES: Final = 16_000  # 16 MB: an fsync less often
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[bytes]).decode

_NOT_OF_THE_FILE: Final = frozenset({
    sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY,
})  # fmt: skip


class SqliteLog:
    """See `journal.port.Log`. `keep_s`: how long the log stays behind the second newest snapshot.
    `keep_bytes`: no longer than until log and snapshots are as large, 0 for any size.

    Raises: LogDamaged when the file is not a log of ours; JournalError when there is no room or no
    leave for it; DataDirBusy by way of `DataDir`.
    """

    instant: Final = False

    def __init__(
        self, home: DataDir, *, sync: Sync = "os", keep_s: float = DAY_S, rules: int = RULES,
        keep_bytes: int = 0,
    ) -> None:  # fmt: skip
        self.rules = rules
        self._keep_s = keep_s
        self._keep_bytes = keep_bytes
        self._path = home.file(FILE)
        self._files = SnapshotFiles(home.path / FOLDER, sync == "disk")
        self._reading = threading.Lock()
        self._writing = threading.Lock()
        try:
            self._writer = _connect(self._path, "FULL" if sync == "disk" else "NORMAL")
            self._writer.execute(_SCHEMA)
            self._reader = _connect(self._path, "NORMAL")
            self._last, self._check = self._end()
        except sqlite3.DatabaseError as wrong:
            if wrong.sqlite_errorcode & 0xFF in _NOT_OF_THE_FILE:
                raise JournalError(
                    f"The log {self._path} cannot be opened: {wrong}. Is there room on the disk,"
                    " and may its folder be written?"
                ) from wrong
            raise _damaged(self._path, str(wrong)) from wrong

    def _end(self) -> tuple[int, int]:
        row = self._writer.execute(
            'SELECT last, "check" FROM log ORDER BY first DESC LIMIT 1'
        ).fetchone()
        return row or (max(self.snapshots(), default=0), 0)

    @property
    def last_seq(self) -> int:
        return self._last

    @property
    def first_seq(self) -> int:
        with self._reading:
            row = self._reader.execute("SELECT min(first) FROM log").fetchone()
        return self._last + 1 if row[0] is None else int(row[0])

    @property
    def tail_rules(self) -> int:
        with self._reading:
            row = self._reader.execute(
                "SELECT rules FROM log ORDER BY first DESC LIMIT 1"
            ).fetchone()
        return int(row[0]) if row else 0

    def append(self, batch: Sequence[bytes], expected_seq: int) -> None:
        if expected_seq != self._last:
            raise StaleAppend(
                f"The log ends with record {self._last}, not {expected_seq}: another was faster."
            )
        body = _packed(_encode(batch))
        last = expected_seq + len(batch)
        check = zlib.crc32(body, self._check)
        row = (expected_seq + 1, last, self.rules, check, time.time_ns() // 1000, body)
        try:
            # One statement in autocommit: the transaction is the row.
            with self._writing:
                self._writer.execute(_INSERT, row)
        except sqlite3.Error as wrong:
            self._after_failure(row, wrong)
        self._last = last
        self._check = check

    def _after_failure(self, row: tuple[int, int, int, int, int, bytes], wrong: Exception) -> None:
        """An error may come after the commit: what the file says counts."""
        try:
            if self._end() == (row[1], row[3]):
                return
        except sqlite3.Error:
            pass
        raise JournalError(f"The log {self._path} cannot be written: {wrong}.") from wrong

    def read(self, after_seq: int) -> Iterator[tuple[int, bytes]]:
        seq, check = after_seq, -1
        while True:
            try:
                with self._reading:
                    rows = self._reader.execute(_ROWS, (seq,)).fetchall()
            except sqlite3.DatabaseError as wrong:
                raise _damaged(self._path, str(wrong)) from wrong
            if not rows:
                break
            for first, last, written, body in rows:
                # The chain starts behind whatever was trimmed; the row before the first read
                # one gives its start.
                before = self._check_before(first) if check < 0 else check
                if before >= 0 and zlib.crc32(body, before) != written:
                    raise _damaged(self._path, f"record {first} was altered")
                check = written
                records = self._records(first, last, seq, body)
                yield from ((n, r) for n, r in enumerate(records, first) if n > after_seq)
                seq = last
        if seq < self._last:
            raise _damaged(self._path, f"it ends after record {seq}, not {self._last}")

    def _check_before(self, first: int) -> int:
        """The check of the row before the one with `first`; -1 when it was trimmed."""
        if first == 1:
            return 0
        with self._reading:
            row = self._reader.execute(
                'SELECT "check" FROM log WHERE first < ? ORDER BY first DESC LIMIT 1', (first,)
            ).fetchone()
        return int(row[0]) if row else -1

    def _records(self, first: int, last: int, seq: int, body: bytes) -> list[bytes]:
        if first > seq + 1:
            raise _damaged(self._path, f"records {seq + 1} to {first - 1} are missing")
        try:
            records = _decode(_unpacked(body))
        except (msgspec.MsgspecError, zlib.error) as wrong:
            raise _damaged(self._path, f"record {first} cannot be read") from wrong
        if len(records) != last - first + 1:
            raise _damaged(self._path, f"record {first} was altered")
        return records

    def newest_batches(self, count: int) -> list[int]:
        with self._reading:
            rows = self._reader.execute(
                "SELECT first FROM log ORDER BY first DESC LIMIT ?", (count,)
            ).fetchall()
        return [int(row[0]) for row in rows]

    def copy(self, path: Path, upto: int) -> None:
        """Write the records up to `upto` into the file of another log, which exists and is empty.
        Any thread may call it."""
        target = sqlite3.connect(path, isolation_level=None)
        try:
            with self._reading:
                self._reader.backup(target)
            row = target.execute(
                "SELECT first, rules, written_us, body FROM log WHERE first <= ? AND last > ?",
                (upto, upto),
            ).fetchone()
            target.execute("BEGIN")
            target.execute("DELETE FROM log WHERE last > ?", (upto,))
            if row is not None:  # a batch whose beginning stays
                first, rules, written_us, body = row
                body = _packed(_encode(_decode(_unpacked(body))[: upto - first + 1]))
                before = target.execute(
                    'SELECT "check" FROM log ORDER BY first DESC LIMIT 1'
                ).fetchone()
                check = zlib.crc32(body, before[0] if before else 0)
                target.execute(_INSERT, (first, upto, rules, check, written_us, body))
            target.execute("COMMIT")
        finally:
            target.close()

    def save_snapshot(self, seq: int, blob: bytes) -> None:
        self._files.save(seq, self.rules, blob)

    def snapshots(self) -> list[int]:
        return [seq for seq, _ in self._files.taken()]

    def load_snapshot(self, at_most: int | None = None) -> Snapshot | None:
        return self._files.load(at_most)

    def trim(self, cursor: int) -> None:
        taken = self._files.taken()
        reachable = [seq for seq, _ in taken if seq <= cursor]
        if not reachable:
            return  # the reader needs the log from its beginning
        for seq in superfluous(taken, time.time(), self._keep_s):
            if seq != reachable[-1]:
                self._files.drop(seq)
        self._cut_to(self._files.taken()[0][0])
        while self._keep_bytes and self._size() > self._keep_bytes:
            older = [seq for seq in self.snapshots()[:-NEWEST_KEPT] if seq < reachable[-1]]
            if not older:
                break  # the rest is what a restart, or the reader, needs
            self._files.drop(older[0])
            self._cut_to(self.snapshots()[0])

    def _size(self) -> int:
        """Bytes that the log fills and its snapshots take."""
        with self._reading:
            pages, unused, page = (
                int(self._reader.execute(f"PRAGMA {name}").fetchone()[0])
                for name in ("page_count", "freelist_count", "page_size")
            )
        return (pages - unused) * page + self._files.size()

    def _cut_to(self, oldest: int) -> None:
        """Forget the records up to `oldest`, from which the log goes on."""
        # By pages, so that no append waits long. The last row stays: the chain goes on from it.
        with self._writing:
            last = self._writer.execute("SELECT max(first) FROM log").fetchone()[0] or 0
        while self._trim_page(oldest, last):
            pass

    def _trim_page(self, oldest: int, last: int) -> int:
        with self._writing:
            return self._writer.execute(_TRIM, (oldest, last)).rowcount

    def close(self) -> None:
        with self._reading, self._writing:
            self._reader.close()
            self._writer.close()


def _packed(body: bytes) -> bytes:
    """Compressed, where that saves pages and nobody waits: what residents do beside an idle world
    is a few kilobytes at a time; a longer body is many commands', which should not wait for it."""
    if _SHORT < len(body) <= _LONG:
        return zlib.compress(body, 1)
    return body


def _unpacked(body: bytes) -> bytes:
    """An array of msgpack begins with another byte than what zlib wrote."""
    return zlib.decompress(body) if body[0] == _ZLIB else body


def _connect(path: Path, synchronous: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    db.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(f"PRAGMA synchronous = {synchronous}")
    db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    return db


def _damaged(path: Path, what: str) -> LogDamaged:
    return LogDamaged(
        f"The log {path} is damaged: {what}. Nothing was changed. Restore the directory from a"
        " copy, or start another world with --data."
    )
