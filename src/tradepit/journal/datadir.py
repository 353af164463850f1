"""A world's directory on disk: private to its user, used by one process at a time."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tradepit.journal.port import DataDirBusy

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


class DataDir:
    """The directory, made with mode 0700, and its lock, held until `release`.

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
