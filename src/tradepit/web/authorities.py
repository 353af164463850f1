"""The authority that is kept on disk, so that clients need to learn to trust it once only.

A folder that only its user may enter holds `authority.pem`, the certificate that clients trust, and
`authority.key`. `tradepit ca`, `tradepit up --tls-port` and `tradepit exec` use the same one.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tradepit.journal.datadir import private_opener
from tradepit.web.certificates import Authority, AuthorityError

CERTIFICATE: Final = "authority.pem"
KEY: Final = "authority.key"


def load(folder: Path) -> Authority | None:
    """The authority in a folder, whatever the date is; None when there is none.

    Raises: AuthorityError, with a sentence that names the folder.
    """
    texts = [_read(folder / name) for name in (CERTIFICATE, KEY)]
    if texts == [None, None]:
        return None
    for name, text in zip((CERTIFICATE, KEY), texts, strict=True):
        if text is None:
            raise _wrong(folder, f"{name} is missing.")
    if os.name == "posix" and (folder / KEY).stat().st_mode & 0o077:
        raise _wrong(folder, f"others may read {KEY}: it is no secret any more, if it was one.")
    try:
        return Authority.read(texts[0] or b"", texts[1] or b"")
    except AuthorityError as wrong:
        raise _wrong(folder, str(wrong)) from None


def create(folder: Path, names: Iterable[str] = ()) -> Authority:
    """Make one, there whole or not at all. Raises: AuthorityError when one is there already, or a
    name is none; OSError."""
    made = Authority.made(names)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".ca-", dir=folder.parent))  # its mode is 0700
    try:
        _write(beside / KEY, made.key_pem)
        _write(beside / CERTIFICATE, made.pem)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        with contextlib.suppress(OSError):  # another one may just have made it
            beside.rename(folder)
        if beside.exists():
            raise AuthorityError(f"There is an authority, or something else, in {folder} already.")
    finally:
        _remove(beside)
    return made


def usable(folder: Path) -> tuple[Authority, bool]:
    """The authority in a folder, and whether it was made for this call.

    Raises: AuthorityError when it cannot be used; OSError.
    """
    found = load(folder)
    if found is None:
        with contextlib.suppress(AuthorityError):
            return create(folder), True
        found = load(folder)  # another process was quicker
    if found is None:
        raise nothing(folder)
    found.check_date()
    return found, False


def renew(folder: Path) -> Authority:
    """Prolong the one in a folder. Raises: AuthorityError, OSError."""
    found = load(folder)
    if found is None:
        raise nothing(folder)
    fresh = found.renewed()
    beside = folder / f"{CERTIFICATE}.part"
    _write(beside, fresh.pem)
    beside.replace(folder / CERTIFICATE)
    return fresh


def delete(folder: Path) -> None:
    """Remove the one in a folder, a broken one too. Raises: AuthorityError when there is none."""
    if not (folder / CERTIFICATE).exists() and not (folder / KEY).exists():
        raise nothing(folder)
    _remove(folder)


def nothing(folder: Path) -> AuthorityError:
    """What to say where there is none."""
    return AuthorityError(f"There is no authority in {folder}: `tradepit ca create` makes one.")


def _wrong(folder: Path, why: str) -> AuthorityError:
    remedy = "`tradepit ca delete` and `tradepit ca create` make another."
    return AuthorityError(f"The authority in {folder} cannot be used: {why} {remedy}")


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _write(path: Path, text: str) -> None:
    with open(path, "w", opener=private_opener) as file:
        file.write(text)


def _remove(folder: Path) -> None:
    """Remove our files, and the folder if nothing else is in it."""
    for name in (KEY, CERTIFICATE, f"{CERTIFICATE}.part"):
        (folder / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()
