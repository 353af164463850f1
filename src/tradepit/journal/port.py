"""The log port: what the sequencer and recovery ask of a log, whatever stands behind it.

A log is a dense row of records numbered from 1. An append carries the number it expects to follow,
so that whoever is stale is refused: the log is the lock. A batch is durable whole or not at all.
Every batch and snapshot names the version of the rules that wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from tradepit.core.exchange import RULES

__all__ = [
    "RULES", "DataDirBusy", "JournalError", "Log", "LogDamaged", "RulesMismatch", "Snapshot",
    "StaleAppend",
]  # fmt: skip


class JournalError(Exception):
    """A log that cannot be used; the text is a sentence for the operator."""


class StaleAppend(JournalError):
    """Another writer was faster, or the batch was made from an old state."""


class LogDamaged(JournalError):
    """Records are missing or are not what was written."""


class RulesMismatch(JournalError):
    """The log was written by rules that this program does not run."""


class DataDirBusy(JournalError):
    """Another process works on the same data directory."""


class Snapshot(NamedTuple):
    """The whole state after record `seq`, as `rules` wrote it."""

    seq: int
    rules: int
    blob: bytes


class Log(Protocol):
    """`append` is called by one thread at a time; everything else by any."""

    @property
    def rules(self) -> int:
        """The rules version that what is written from now on is marked with."""

    @property
    def instant(self) -> bool:
        """Whether `append` never waits, so that the event loop may call it itself."""

    @property
    def last_seq(self) -> int:
        """The number of the last durable record; 0 when there is none."""

    @property
    def first_seq(self) -> int:
        """The number of the oldest record that is still there; `last_seq + 1` when none is."""

    @property
    def tail_rules(self) -> int:
        """The rules version that wrote the last record; 0 when there is none."""

    def append(self, batch: Sequence[bytes], expected_seq: int) -> None:
        """Make `batch` durable as records expected_seq + 1, …; returns when it is.

        Raises: StaleAppend when the log's last record is not `expected_seq`; OSError or
        JournalError when it could not be written (then nothing was).
        """

    def read(self, after_seq: int) -> Iterator[tuple[int, bytes]]:
        """(seq, record) of all durable records behind `after_seq`, in order.

        Raises: LogDamaged when one is missing or altered.
        """

    def newest_batches(self, count: int) -> list[int]:
        """The numbers of the first records of the last `count` batches, newest first."""

    def save_snapshot(self, seq: int, blob: bytes) -> None:
        """Keep the state after record `seq`, marked with the log's rules version."""

    def snapshots(self) -> list[int]:
        """The numbers of the snapshots that are there, oldest first."""

    def load_snapshot(self, at_most: int | None = None) -> Snapshot | None:
        """The newest undamaged snapshot with seq <= `at_most` (None: any)."""

    def trim(self, cursor: int) -> None:
        """Drop old snapshots, and the records that nobody needs any more.

        What stays: what the log was told to keep, and what a reader at `cursor` has yet to see.
        """

    def close(self) -> None: ...
