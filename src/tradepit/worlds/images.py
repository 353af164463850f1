"""An image of a world: everything it goes on from, in one folder.

`about.json` says what it is, `snapshots/` holds the state as the journal writes it, beside it lie
the history and the tapes that are being replayed. A folder becomes an image by its rename, and a
world goes on from one by copying, so that an image never changes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from tradepit.core.exchange import Exchange
from tradepit.journal.clock import REAL, wall_us
from tradepit.journal.datadir import private_opener
from tradepit.journal.memory import MemoryLog
from tradepit.journal.port import RULES, JournalError, Log, Snapshot
from tradepit.journal.recovery import Origins, machine_from, pack_state, unpack_state
from tradepit.journal.snapshots import SnapshotFiles
from tradepit.journal.sqlite import FILE as JOURNAL
from tradepit.journal.sqlite import FOLDER as STATES
from tradepit.journal.sqlite import SqliteLog
from tradepit.market.tapefile import SUFFIX, Tape
from tradepit.worlds.recipes import Recipe

ABOUT: Final = "about.json"
HISTORY: Final = "history.sqlite3"
TAPES: Final = "tapes"
GONE: Final = ".gone-"  # begins the name of what is being removed


class ImageError(JournalError):
    """An image that cannot be used; the text is a sentence for who asked."""


class About(msgspec.Struct, frozen=True):
    """What an image says of itself. at_us: what the world's clock showed. recipe: its settings,
    the market as it was played. digest: equal where states are. taken_us: the wall's time. books:
    see `market.replay.Replays.memory`."""

    seq: int
    at_us: int
    rules: int
    digest: str
    recipe: Recipe
    taken_us: int
    version: str
    books: dict[str, list[int]]


class Made(NamedTuple):
    """A state that was made ready, to be opened where its files lie. newborn: its life has not
    begun. tapes: what it begins with. log: of a world in memory. books: see `About`."""

    machine: Exchange
    at_us: int
    recipe: Recipe
    log: MemoryLog | None = None
    newborn: bool = False
    tapes: tuple[Tape, ...] = ()
    books: Mapping[str, Sequence[int]] = MappingProxyType({})


def empty_file(path: Path) -> Path:
    """A file that only its user may read, without anything in it."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return path


def fresh_folder(path: Path) -> Path:
    """An empty folder that only its user may enter, whatever was there."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(mode=0o700)
    return path


def remove_folder(path: Path) -> None:
    """Take a world or an image away: from its rename on it is none."""
    gone = path.with_name(GONE + path.name)
    shutil.rmtree(gone, ignore_errors=True)
    path.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def link(source: Path, target: Path) -> None:
    """Have a file that never changes in two places, at the price of one where that can be."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def link_tapes(tapes: Path, into: Path) -> None:
    (into / TAPES).mkdir(mode=0o700)
    for tape in tapes.glob(f"*{SUFFIX}"):
        link(tape, into / TAPES / tape.name)


def write_image(into: Path, about: About, state: dict[str, object], sync: bool) -> About:
    """Pack a state and write it down, and what it is; the history comes from elsewhere."""
    blob = pack_state(state)
    digest = SnapshotFiles(into / STATES, sync).save(about.seq, RULES, blob)
    about = msgspec.structs.replace(about, digest=digest)
    with open(into / ABOUT, "wb", opener=private_opener) as file:
        file.write(msgspec.json.format(msgspec.json.encode(about)))
    return about


def read_about(image: Path) -> About:
    """Raises: ImageError."""
    try:
        return msgspec.json.decode((image / ABOUT).read_bytes(), type=About)
    except (OSError, msgspec.MsgspecError) as wrong:
        raise ImageError(
            f"The snapshot {image.name} is damaged: {ABOUT} cannot be read ({wrong})."
            " Nothing was changed. Delete it and save another one."
        ) from wrong


def size_of(image: Path) -> int:
    """Bytes of all its files."""
    return sum(path.stat().st_size for path in image.rglob("*") if path.is_file())


def read_state(image: Path, about: About) -> Snapshot:
    """The state in an image. Raises: ImageError for one that is damaged or of other rules."""
    if about.rules != RULES:
        raise ImageError(
            f"The snapshot {image.name} was written by rules {about.rules}; this program has rules"
            f" {RULES}. Load it with the program that wrote it, or save another one."
        )
    found = None
    if (image / STATES).is_dir():
        found = SnapshotFiles(image / STATES, sync=False).load(about.seq)
    if found is None or found.seq != about.seq:
        raise ImageError(
            f"The snapshot {image.name} is damaged: its state is not what was written."
            " Nothing was changed. Delete it and save another one."
        )
    if not (image / HISTORY).is_file():
        raise ImageError(
            f"The snapshot {image.name} is damaged: its history is missing. Nothing was changed."
            " Delete it and save another one."
        )
    return found


def furnish(image: Path, into: Path, origins: Origins[Exchange], memory: bool) -> Made:
    """Lay out in a folder what a world needs that goes on from an image.

    Raises: ImageError, JournalError, OSError; then nothing but the folder was touched.
    """
    about = read_about(image)
    snapshot = read_state(image, about)
    machine, goes_on = going_on(origins, snapshot, about.at_us)
    shutil.copyfile(image / HISTORY, empty_file(into / HISTORY))
    link_tapes(image / TAPES, into)
    log = _empty_log(into, memory)
    if log is None and goes_on is snapshot:
        states = SnapshotFiles(into / STATES, sync=False)
        link(SnapshotFiles(image / STATES, sync=False).path(about.seq), states.path(about.seq))
    else:
        put_state(into, goes_on, log)
    return Made(machine, about.at_us, about.recipe, log, books=about.books)


def keep_state(into: Path, snapshot: Snapshot, memory: bool) -> MemoryLog | None:
    """Begin a log with a state: in a folder, or (returned) in memory."""
    log = _empty_log(into, memory)
    put_state(into, snapshot, log)
    return log


def _empty_log(into: Path, memory: bool) -> MemoryLog | None:
    """A log without anything in it: a file in a folder, or (returned) in memory."""
    if memory:
        return MemoryLog()
    empty_file(into / JOURNAL)
    return None


def put_state(into: Path, snapshot: Snapshot, log: MemoryLog | None) -> None:
    """Add a snapshot to a log that is laid out in a folder, or to one in memory."""
    if log is not None:
        log.save_snapshot(snapshot.seq, snapshot.blob)
    else:
        SnapshotFiles(into / STATES, sync=False).save(snapshot.seq, RULES, snapshot.blob)


def going_on(
    origins: Origins[Exchange], snapshot: Snapshot, at_us: int
) -> tuple[Exchange, Snapshot]:
    """The living state of a snapshot whose clock is to show `at_us`, and the snapshot of that.

    A real clock is found again by how far it is ahead of the wall, which is another distance now.
    Raises: JournalError.
    """
    state = unpack_state(snapshot)
    clock = state.get("clock")
    if isinstance(clock, list) and clock[0] == REAL:
        state["clock"] = [REAL, at_us - wall_us()]
        snapshot = snapshot._replace(blob=pack_state(state))
    return machine_from(origins, state, snapshot.seq), snapshot


def log_upto(log: Log, into: Path, home: Path, seq: int) -> MemoryLog | None:
    """The log of a world up to a record, laid out in a folder or (returned) in memory."""
    if isinstance(log, MemoryLog):
        return log.upto(seq)
    assert isinstance(log, SqliteLog)
    log.copy(empty_file(into / JOURNAL), seq)
    (into / STATES).mkdir(mode=0o700)
    for each in (home / STATES).glob("*.snapshot"):
        if int(each.stem) <= seq:
            link(each, into / STATES / each.name)
    return None
