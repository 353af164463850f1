"""A world's directory on disk: private to its user, used by one process at a time."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final

from tradepit.journal.port import DataDirBusy

NEXT: Final = "next"
UNREADY: Final = "next.part"
_BESIDE: Final = ("-wal", "-shm")  # what SQLite keeps beside a database

if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> None:
        # Far behind the text, so that others can read who holds it.
        os.lseek(handle, 1 << 20, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def private_opener(path: str, flags: int) -> int:
    """For `open(..., opener=private_opener)`: a file that only its user may read."""
    return os.open(path, flags, 0o600)


def prepare_change(folder: Path) -> Path:
    """A private, empty folder in which what is to come next of a directory can be laid out."""
    unready = folder / UNREADY
    shutil.rmtree(unready, ignore_errors=True)
    unready.mkdir(mode=0o700)
    return unready


def commit_change(folder: Path, sync: bool) -> None:
    """From here on the directory is what was laid out: the next `DataDir` on it sees to the rest,
    after a kill too. Nobody may have its files open. sync: power may fail as well."""
    unready = folder / UNREADY
    if sync:
        for each in [*unready.rglob("*"), unready]:
            flush(each)
    unready.rename(folder / NEXT)
    if sync:
        flush(folder)


def flush(path: Path) -> None:
    """Have a file, or the names in a folder, written to the disk, where the system can do that."""
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def finish_change(folder: Path) -> None:
    """See to the rest of a change that was committed, if there is one: each thing in `next` takes
    the place of what has its name. What was moved before a kill is not there any more, so that this
    may be begun again at any point. Only who holds the directory, or one above it, may do it."""
    shutil.rmtree(folder / UNREADY, ignore_errors=True)
    ready = folder / NEXT
    if not ready.is_dir():
        return
    for each in sorted(ready.iterdir()):
        target = folder / each.name
        for beside in _BESIDE:
            target.with_name(each.name + beside).unlink(missing_ok=True)
        if target.is_dir():
            shutil.rmtree(target)
        elif target.exists() and target.samefile(each):
            target.unlink()  # one file of two names cannot be renamed to itself
        each.rename(target)
    ready.rmdir()


class DataDir:
    """The directory, made with mode 0700, and its lock, held until `release`. A change that was
    committed is finished first.

    Raises: DataDirBusy when another process holds it; OSError when it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _try_lock(self._lock)
        except OSError:
            os.lseek(self._lock, 0, os.SEEK_SET)
            holder = os.read(self._lock, 32).decode("ascii", "replace").strip()
            os.close(self._lock)
            raise DataDirBusy(
                f"The data directory {path} is in use by process {holder or 'unknown'}."
                " Stop it first, or choose another directory with --data."
            ) from None
        os.ftruncate(self._lock, 0)
        os.lseek(self._lock, 0, os.SEEK_SET)
        os.write(self._lock, str(os.getpid()).encode())
        try:
            finish_change(path)
        except OSError:
            self.release()
            raise

    def file(self, name: str) -> Path:
        """The path of a file in it, which exists with mode 0600 from now on."""
        path = self.path / name
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
        return path

    def release(self) -> None:
        """Let others use it; a killed process lets go by itself."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
