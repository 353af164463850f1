"""A log that lasts as long as the process: what `--memory` runs on.

It holds the two newest snapshots and the records behind the older: a rebuild needs the newer, and
whoever takes the world back has at least as far to go as from one snapshot to the next.
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
        self._snapshots: list[Snapshot] = []

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
            if expected_seq != self._first + len(self._records) - 1:
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
            kept = [found for found in self._snapshots if found.seq < seq][-1:]
            self._snapshots = [*kept, Snapshot(seq, self.rules, blob)]
            oldest = self._snapshots[0].seq
            if oldest >= self._first:
                self._records = self._records[oldest + 1 - self._first :]
                self._first = oldest + 1

    def snapshots(self) -> list[int]:
        return [found.seq for found in self._snapshots]

    def load_snapshot(self, at_most: int | None = None) -> Snapshot | None:
        for found in reversed(self._snapshots):
            if at_most is None or found.seq <= at_most:
                return found
        return None

    def upto(self, seq: int) -> MemoryLog:
        """A log of its own that ends with record `seq`."""
        with self._changing:
            found = MemoryLog(self.rules)
            found._first = self._first
            found._records = self._records[: max(seq + 1 - self._first, 0)]
            found._snapshots = [each for each in self._snapshots if each.seq <= seq]
        return found

    def trim(self, cursor: int) -> None:
        """Nothing: `save_snapshot` did it, and nobody reads this log after a restart."""

    def close(self) -> None:
        self._records = []
        self._snapshots = []
