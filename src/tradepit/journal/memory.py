"""A log that lasts as long as the process: what `--memory` runs on.

It holds the newest snapshot and the records behind it, which is what a rebuild needs.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Final

from tradepit.journal.port import RULES, LogDamaged, Snapshot, StaleAppend


class MemoryLog:
    """See `journal.port.Log`. Flat: every snapshot lets go of what lies before it."""

    instant: Final = True

    def __init__(self, rules: int = RULES) -> None:
        self.rules = rules
        self._changing = threading.Lock()
        self._first = 1
        self._records: list[bytes] = []
        self._snapshot: Snapshot | None = None

    @property
    def last_seq(self) -> int:
        return self._first + len(self._records) - 1

    @property
    def first_seq(self) -> int:
        return self._first

    @property
    def tail_rules(self) -> int:
        return self.rules if self._records else 0

    def append(self, batch: Sequence[bytes], expected_seq: int) -> None:
        with self._changing:  # a snapshot's thread may be cutting the records just now
            if expected_seq != self.last_seq:
                raise StaleAppend(f"The log ends with record {self.last_seq}, not {expected_seq}.")
            self._records.extend(batch)

    def read(self, after_seq: int) -> Iterator[tuple[int, bytes]]:
        if after_seq + 1 < self._first:
            raise LogDamaged(f"Records {after_seq + 1} to {self._first - 1} are gone.")
        start = after_seq + 1 - self._first
        yield from enumerate(self._records[start:], after_seq + 1)

    def newest_batches(self, count: int) -> list[int]:
        """None: what is in a log of this process was written by this process."""
        return []

    def save_snapshot(self, seq: int, blob: bytes) -> None:
        with self._changing:
            self._snapshot = Snapshot(seq, self.rules, blob)
            self._records = self._records[max(0, seq + 1 - self._first) :]
            self._first = max(self._first, seq + 1)

    def snapshots(self) -> list[int]:
        return [self._snapshot.seq] if self._snapshot else []

    def load_snapshot(self, at_most: int | None = None) -> Snapshot | None:
        found = self._snapshot
        return found if found and (at_most is None or found.seq <= at_most) else None

    def trim(self, cursor: int) -> None:
        """Nothing: `save_snapshot` did it, and nobody reads this log after a restart."""

    def close(self) -> None:
        self._records = []
        self._snapshot = None
