"""A snapshot as one file, to be taken to another world or server.

A zip archive of exactly what an image holds, and of `archive.json`, which says what it is. What
comes in was written by anybody: names are compared with the few that there can be, sizes are
bounded before and while they are unpacked, and whoever brings it in loads its state once before it
becomes a snapshot.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from tradepit import __version__
from tradepit.control.keeping import MARKETS, NAME
from tradepit.core.exchange import Exchange
from tradepit.gateways.rest import MAX_UPLOAD
from tradepit.journal.datadir import private_opener
from tradepit.journal.port import RULES, JournalError
from tradepit.journal.recovery import Origins, machine_of
from tradepit.journal.sqlite import FOLDER as STATES
from tradepit.market.tapefile import SUFFIX, load_tape
from tradepit.worlds.images import (
    ABOUT,
    HISTORY,
    TAPES,
    ImageError,
    empty_file,
    read_about,
    read_state,
)

LABEL: Final = "archive.json"
FORMAT: Final = 1
MOST_PACKED: Final = MAX_UPLOAD  # bytes of an archive
MOST_UNPACKED: Final = 1 << 30  # bytes of all its files
MOST_LABEL: Final = 1 << 16  # of those that say what it is
MOST_FILES: Final = 1_000
LEVEL: Final = 1  # of compression: states and histories shrink to a fifth, higher ones take long
_BLOCK: Final = 1 << 20

_STATE = re.compile(rf"{STATES}/[0-9]{{20}}\.snapshot")
_TAPE = re.compile(rf"{TAPES}/[A-Za-z0-9][A-Za-z0-9._-]{{0,99}}{re.escape(SUFFIX)}")
_NAME = re.compile(NAME)


class ArchiveError(JournalError):
    """What was brought is no archive that can be used; the text is a sentence for who brought
    it."""


class Label(msgspec.Struct, frozen=True):
    """What an archive says of itself: its format, the snapshot's name, which program wrote it."""

    format: int
    name: str
    version: str


def pack(image: Path, into: BinaryIO) -> None:
    """Write an image as an archive. Raises: ArchiveError when it would be too large, OSError."""
    label = Label(FORMAT, image.name, __version__)
    files = sorted(path for path in image.rglob("*") if path.is_file())
    size = sum(path.stat().st_size for path in files)
    if size > MOST_UNPACKED:
        raise ArchiveError(_too_large(size, MOST_UNPACKED, f"The snapshot {image.name}"))
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        archive.writestr(LABEL, msgspec.json.encode(label))
        for path in files:
            archive.write(path, path.relative_to(image).as_posix())
    if into.tell() > MOST_PACKED:
        raise ArchiveError(_too_large(into.tell(), MOST_PACKED, f"The snapshot {image.name}"))


def _too_large(size: int, most: int, what: str) -> str:
    return (
        f"{what} has {size:,} bytes, of at most {most:,}: too many for an archive. Save one of a"
        " younger world, or copy the server's data directory while it is stopped."
    )


def label_of(source: BinaryIO) -> Label:
    """Raises: ArchiveError for what is no archive of this format."""
    with _reading(source) as archive:
        _check_names(archive)
        return _label(archive)


def unpack(source: BinaryIO, into: Path, room: int) -> None:
    """Lay the image of an archive out in an empty folder.

    room: bytes that it may take. Raises: ArchiveError, and then the folder is to be removed;
    OSError.
    """
    with _reading(source) as archive:
        rows = _check_names(archive)
        most = min(MOST_UNPACKED, room)
        size = sum(row.file_size for row in rows)
        if size > most:
            raise ArchiveError(
                f"The archive unpacks to {size:,} bytes, of at most {most:,}: make room, or delete"
                " snapshots."
            )
        for row in rows:
            if row.filename != LABEL:
                _extract(archive, row, into / row.filename)
    (into / TAPES).mkdir(mode=0o700, exist_ok=True)


@contextlib.contextmanager
def _reading(source: BinaryIO) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(source) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as wrong:
        raise ArchiveError(
            f"The archive is damaged, or is none ({wrong}). Export the snapshot again."
        ) from wrong


def _check_names(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """What an archive holds, if it is what there can be. Raises: ArchiveError."""
    rows = archive.infolist()
    if len(rows) > MOST_FILES:
        raise ArchiveError(f"The archive has {len(rows):,} files, of at most {MOST_FILES:,}.")
    names = [row.filename for row in rows]
    for row in rows:
        name = row.filename
        if not _may_be(name):
            raise ArchiveError(
                f"The archive holds {name[:100]!r}, which is no file of a snapshot. Bring what"
                " `tradepit snapshot export` wrote."
            )
        if names.count(name) > 1:
            raise ArchiveError(f"The archive holds {name} twice. Export the snapshot again.")
        if name in (LABEL, ABOUT) and row.file_size > MOST_LABEL:
            raise ArchiveError(f"{name} has {row.file_size:,} bytes, of at most {MOST_LABEL:,}.")
        if row.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or row.flag_bits & 1:
            raise ArchiveError(f"{name} is packed in another way than an export packs it.")
    states = sum(_STATE.fullmatch(name) is not None for name in names)
    for name in (LABEL, ABOUT, HISTORY):
        if name not in names:
            raise ArchiveError(f"The archive has no {name}. Export the snapshot again.")
    if states != 1:
        raise ArchiveError(f"The archive has {states} states, not one. Export the snapshot again.")
    return rows


def _may_be(name: str) -> bool:
    if name in (LABEL, ABOUT, HISTORY):
        return True
    return _STATE.fullmatch(name) is not None or _TAPE.fullmatch(name) is not None


def _label(archive: zipfile.ZipFile) -> Label:
    try:
        label = msgspec.json.decode(archive.read(LABEL), type=Label)
    except msgspec.MsgspecError as wrong:
        raise ArchiveError(f"{LABEL} cannot be read ({wrong}). Export the snapshot again.") from (
            wrong
        )
    if label.format != FORMAT:
        raise ArchiveError(
            f"The archive has format {label.format}, written by tradepit {label.version[:32]}; this"
            f" program reads format {FORMAT}. Bring it in with the program that wrote it."
        )
    if _NAME.fullmatch(label.name) is None:
        raise ArchiveError(f"{LABEL} names a snapshot {label.name[:40]!r}: no name of one.")
    return label


def _extract(archive: zipfile.ZipFile, row: zipfile.ZipInfo, target: Path) -> None:
    """Write one file down; reading ends with an error where it is not as long as it says, or its
    check sum is another."""
    target.parent.mkdir(mode=0o700, exist_ok=True)
    left = row.file_size
    with archive.open(row) as source, open(target, "xb", opener=private_opener) as file:
        while block := source.read(_BLOCK):
            left -= len(block)
            if left < 0:
                break
            file.write(block)
    if left:
        raise ArchiveError(f"{row.filename} is not as long as it says. Export the snapshot again.")


def check(image: Path, origins: Origins[Exchange]) -> None:
    """Whether an image that was unpacked can be gone on from: everything in it is read once.

    Raises: ArchiveError.
    """
    try:
        about = read_about(image)
    except ImageError as wrong:
        raise ArchiveError(f"{ABOUT} cannot be read. Export the snapshot again.") from wrong
    if about.rules != RULES:
        raise ArchiveError(
            f"The archive was written by rules {about.rules} (tradepit {about.version[:32]}); this"
            f" program has rules {RULES}. Bring it in with the program that wrote it."
        )
    if about.recipe.market not in MARKETS or about.recipe.limits not in ("real", "off"):
        raise ArchiveError(f"{ABOUT} names a market or limits that there are not.")
    try:
        machine = machine_of(origins, read_state(image, about))
        broken = machine.audit()
        sources = [replay.source for replay in machine.replays.values()]
        machine.clear()
        for name in sources:
            load_tape(image / TAPES / Path(name).name)
    except (JournalError, ValueError, OSError) as wrong:
        raise ArchiveError(f"Its state cannot be loaded: {wrong}") from wrong
    if broken:
        raise ArchiveError(f"Its state breaks its own rules: {'; '.join(broken)[:500]}.")
    _copy_history(image / HISTORY)


def _copy_history(path: Path) -> None:
    """Write a history anew from all its rows, which finds out whether they can be read."""
    fresh = empty_file(path.with_suffix(".fresh"))
    try:
        with _opened(path) as history:
            kinds = "SELECT name FROM sqlite_master WHERE type NOT IN ('table', 'index')"
            if history.execute(kinds).fetchone() is not None:
                raise ArchiveError(f"{HISTORY} holds more than tables: it is none of an export.")
            history.execute("VACUUM INTO ?", (str(fresh),))
    except sqlite3.Error as wrong:
        raise ArchiveError(f"{HISTORY} is damaged ({wrong}). Export the snapshot again.") from wrong
    fresh.replace(path)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        yield connection
    finally:
        connection.close()
