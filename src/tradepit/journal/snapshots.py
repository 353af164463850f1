"""Snapshots as files: one state a file, whole or not there, checked when it is read.

A file is a header line (`tradepit-snapshot <seq> <rules> <digest>`) and the packed state. It is
written beside its name and renamed, so a crash leaves the old ones; a damaged one is passed over.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from tradepit.journal.datadir import flush, private_opener
from tradepit.journal.port import Snapshot

_MAGIC: Final = "tradepit-snapshot"
_HOUR_S: Final = 3600
NEWEST_KEPT: Final = 2


def digest_of(blob: bytes) -> str:
    return hashlib.blake2b(blob, digest_size=16).hexdigest()


def superfluous(taken: Sequence[tuple[int, float]], now_s: float, keep_s: float) -> list[int]:
    """Which snapshots to drop, of (seq, wall time in s) oldest first.

    Kept are the two newest, one for each hour that is kept, and one before the oldest such hour: it
    is what the kept log starts from.
    """
    kept: set[int] = {seq for seq, _ in taken[-NEWEST_KEPT:]}
    older = [seq for seq, at in taken if at <= now_s - keep_s]
    if older and keep_s > 0:
        kept.add(older[-1])
    hours: set[int] = set()
    for seq, at in taken:
        hour = int(at // _HOUR_S)
        if at > now_s - keep_s and hour not in hours:
            hours.add(hour)
            kept.add(seq)
    return [seq for seq, _ in taken if seq not in kept]


class SnapshotFiles:
    """The snapshots of one world in one folder."""

    def __init__(self, folder: Path, sync: bool) -> None:
        self._folder = folder
        self._sync = sync
        folder.mkdir(mode=0o700, exist_ok=True)
        for leftover in folder.glob("*.part"):
            leftover.unlink(missing_ok=True)

    def path(self, seq: int) -> Path:
        """Where the state after record `seq` lies, or would."""
        return self._folder / f"{seq:020d}.snapshot"

    def save(self, seq: int, rules: int, blob: bytes) -> str:
        """Write a state down. Returns: its digest."""
        path = self.path(seq)
        part = path.with_suffix(".part")
        digest = digest_of(blob)
        header = f"{_MAGIC} {seq} {rules} {digest}\n".encode()
        with open(part, "wb", opener=private_opener) as file:
            file.write(header)
            file.write(blob)
            file.flush()
            if self._sync:
                os.fsync(file.fileno())
        part.replace(path)
        if self._sync:
            flush(self._folder)
        return digest

    def taken(self) -> list[tuple[int, float]]:
        """(seq, wall time in s) of all that are there, oldest first."""
        found: list[tuple[int, float]] = []
        for path in self._folder.glob("*.snapshot"):
            with suppress(FileNotFoundError):  # a trim may be under way in another thread
                found.append((int(path.stem), path.stat().st_mtime))
        return sorted(found)

    def size(self) -> int:
        """Bytes of all of them."""
        total = 0
        for path in self._folder.glob("*.snapshot"):
            with suppress(FileNotFoundError):
                total += path.stat().st_size
        return total

    def load(self, at_most: int | None) -> Snapshot | None:
        """The newest good one with seq <= `at_most`."""
        for seq, _ in reversed(self.taken()):
            if at_most is None or seq <= at_most:
                found = self._read(seq)
                if found is not None:
                    return found
        return None

    def _read(self, seq: int) -> Snapshot | None:
        try:
            header, _, blob = self.path(seq).read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        words = header.decode("ascii", "replace").split(" ")
        if len(words) != 4 or words[0] != _MAGIC or words[3] != digest_of(blob):
            return None
        if words[1] != str(seq) or not words[2].isdecimal():
            return None
        return Snapshot(seq, int(words[2]), blob)

    def drop(self, seq: int) -> None:
        self.path(seq).unlink(missing_ok=True)
