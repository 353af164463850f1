"""The snapshots of one world, and its ways back.

Every way back is the same: what the world is to be is laid out beside it while it goes on being
served, then it stops, what was laid out takes its place by one rename, and it is opened again. Who
calls meanwhile waits; sockets are closed, so that no stream goes back in time. What is the server's
and not the world's (faults, request weights, bans, the request log) begins anew.
"""

from __future__ import annotations

import asyncio
import io
import logging
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from tradepit.control.keeping import Comparison, SnapshotRow, WorldRow
from tradepit.gateways.answers import refusal
from tradepit.journal.datadir import UNREADY, commit_change, flush, prepare_change
from tradepit.journal.memory import MemoryLog
from tradepit.journal.port import RULES, JournalError, Log, Snapshot
from tradepit.journal.recovery import machine_of, pack_state, uncollected
from tradepit.market.tapefile import Tape
from tradepit.worlds import archives, rewinds
from tradepit.worlds.births import origins
from tradepit.worlds.comparing import View, compare, view_of
from tradepit.worlds.hall import Hall
from tradepit.worlds.images import (
    GONE,
    HISTORY,
    TAPES,
    About,
    ImageError,
    Made,
    empty_file,
    fresh_folder,
    furnish,
    keep_state,
    link,
    read_about,
    read_state,
    remove_folder,
    size_of,
)
from tradepit.worlds.recipes import MAIN, Recipe, write_recipe

if TYPE_CHECKING:
    from tradepit.worlds.keeper import Keeper

SAVED: Final = "saved"
PART: Final = ".part-"
MOST_SNAPSHOTS: Final = 64
MOST_BYTES: Final = 16_000_000_000  # of one world's snapshots
SPARE_BYTES: Final = 64_000_000  # of the disk, that are left

_operator = logging.getLogger("tradepit.worlds")

LayOut = Callable[[Path], Made]


class Shelf:
    """See `control.keeping.Shelf`. Belongs to the event loop."""

    def __init__(self, keeper: Keeper, world: str) -> None:
        self.keeper = keeper
        self.world = world

    @property
    def hall(self) -> Hall:
        """Raises: Reject when the world is not served."""
        return self.keeper.hall(self.world)

    def _whole(self) -> Hall:
        """The world, to be gone on from. Raises: Reject when it stopped."""
        hall = self.hall
        if hall.sequencer.broken:
            raise refusal(
                400, f"The world stopped: {hall.sequencer.broken}. Load a snapshot, or reset it."
            )
        return hall

    @property
    def folder(self) -> Path:
        return self.hall.folder / SAVED

    # --- Snapshots -----------------------------------------------------------------------------

    def rows(self) -> Awaitable[list[SnapshotRow]]:
        folder = self.folder

        async def work() -> list[SnapshotRow]:
            return await asyncio.to_thread(lambda: [_row(image) for image in _images(folder)])

        return self.keeper.alone(work)

    def save(self, name: str) -> Awaitable[SnapshotRow]:
        return self.keeper.alone(lambda: self._save(name))

    async def _save(self, name: str) -> SnapshotRow:
        hall, folder = self._whole(), self.folder
        await asyncio.to_thread(self._check_room, name)
        part = fresh_folder(folder / (PART + name))
        try:
            await hall.capture(part)
            part.rename(folder / name)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        return await asyncio.to_thread(_row, folder / name)

    def _check_room(self, name: str) -> None:
        """Raises: Reject when there is no room for another snapshot."""
        folder = self.folder
        folder.mkdir(mode=0o700, exist_ok=True)
        for leftover in [*folder.glob(PART + "*"), *folder.glob(GONE + "*")]:
            shutil.rmtree(leftover, ignore_errors=True)  # a kill left them
        images = _images(folder)
        if any(image.name == name for image in images):
            raise refusal(400, f"There is a snapshot named {name!r} already; delete it first.")
        if len(images) >= MOST_SNAPSHOTS:
            raise refusal(400, f"A world keeps {MOST_SNAPSHOTS} snapshots; delete one first.")
        history = (self.hall.folder / HISTORY).stat().st_size
        if sum(map(size_of, images)) + history > MOST_BYTES:
            raise refusal(
                400, f"A world's snapshots may take {MOST_BYTES:,} bytes; delete one first."
            )
        if shutil.disk_usage(folder).free < 2 * history + SPARE_BYTES:
            raise refusal(400, f"The disk has no room for another snapshot: {folder}.")

    def drop(self, name: str) -> Awaitable[SnapshotRow]:
        async def work() -> SnapshotRow:
            return await asyncio.to_thread(_drop, self._image(name))

        return self.keeper.alone(work)

    def export(self, name: str) -> Awaitable[bytes]:
        def packed(image: Path) -> bytes:
            with tempfile.TemporaryFile(dir=self.folder) as file:
                archives.pack(image, file)
                file.seek(0)
                return file.read()

        async def work() -> bytes:
            return await asyncio.to_thread(packed, self._image(name))

        return self.keeper.alone(work)

    def bring(self, name: str | None, archive: bytes) -> Awaitable[SnapshotRow]:
        async def work() -> SnapshotRow:
            return await asyncio.to_thread(self._bring, name, archive)

        return self.keeper.alone(work)

    def _bring(self, name: str | None, archive: bytes) -> SnapshotRow:
        label = archives.label_of(io.BytesIO(archive))
        name = name or label.name
        self._check_room(name)
        folder = self.folder
        left = MOST_BYTES - sum(map(size_of, _images(folder)))
        free = shutil.disk_usage(folder).free - SPARE_BYTES
        part = fresh_folder(folder / (PART + name))
        try:
            archives.unpack(io.BytesIO(archive), part, min(left, free))
            archives.check(part, self.hall.origins)
            if self.keeper.settings.sync == "disk":
                _flush_all(part)
            part.rename(folder / name)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        return _row(folder / name)

    def _image(self, name: str) -> Path:
        image = self.folder / name
        if not image.is_dir():
            names = ", ".join(found.name for found in _images(self.folder)) or "none"
            raise refusal(404, f"There is no snapshot named {name!r}; there are: {names}.")
        return image

    def compare(self, before: str, after: str | None, limit: int) -> Awaitable[Comparison]:
        one, hall = self._image(before), self.hall
        other = None if after is None else self._image(after)
        state = None
        if other is None:
            with uncollected():
                state = hall.pit.dump()  # what others have to wait for; the rest is a thread's work
        now_us = hall.clock.now_us()

        def work() -> Comparison:
            if state is not None:
                later = view_of(hall.origins.load(state), now_us)
            else:
                later = _view(hall, other or one)
            return compare((before, _view(hall, one)), (after or "now", later), limit)

        return asyncio.to_thread(_in_words, work)

    # --- Ways back -----------------------------------------------------------------------------

    def load(self, name: str) -> Awaitable[WorldRow]:
        async def work() -> WorldRow:
            hall, image = self.hall, self._image(name)
            memory = self.keeper.settings.memory
            words = f"The world goes on from the snapshot {name}"
            return await self._exchange(
                hall, lambda into: furnish(image, into, hall.origins, memory), words
            )

        return self.keeper.alone(work)

    def reset(self) -> Awaitable[WorldRow]:
        async def work() -> WorldRow:
            hall = self.hall
            recipe = msgspec.structs.replace(hall.recipe, seed=hall.pit.seed)
            return await self._exchange(
                hall, lambda into: self._born(recipe, into), "The world is born again"
            )

        return self.keeper.alone(work)

    def _born(self, recipe: Recipe, into: Path) -> Made:
        settings = self.keeper.settings
        tapes: list[Tape] = []
        machine = origins(settings, recipe, tapes).birth()
        born = Snapshot(0, RULES, pack_state(machine.dump()))
        empty_file(into / HISTORY)
        (into / TAPES).mkdir(mode=0o700)
        log = keep_state(into, born, settings.memory)
        return Made(machine, 0, recipe, log, newborn=True, tapes=tuple(tapes))

    def rewind(self, to_us: int | None, seq: int | None) -> Awaitable[WorldRow]:
        async def work() -> WorldRow:
            hall = self._whole()
            back = await asyncio.to_thread(self._where, to_us, seq)
            recipe = hall.as_played()
            places = (hall.folder, hall.folder / UNREADY)
            return await self._exchange(
                hall,
                lambda into: rewinds.lay_out(hall.log, hall.origins, back, places, recipe),
                "The world was taken back",
                keeps_history=True,
            )

        return self.keeper.alone(work)

    def _where(self, to_us: int | None, seq: int | None) -> rewinds.Back:
        """Raises: Reject for a moment that cannot be gone back to."""
        hall = self.hall
        log, last = hall.log, hall.sequencer.applied_seq
        first = rewinds.earliest(log)
        reach = (
            f"its log reaches back to {first.at_us // 1000} (ms), after command {first.seq}."
            " Go back less far, load a snapshot, or reset the world."
        )
        if seq is not None:
            if seq > last:
                raise refusal(400, f"The world has come to command {last}: {seq} is yet to come.")
            if seq < first.seq:
                raise refusal(400, f"The world cannot go back to command {seq}: {reach}")
            return rewinds.back_to_seq(log, hall.origins, seq)
        assert to_us is not None
        if to_us > hall.clock.now_us():
            raise refusal(400, "That time is yet to come: advance the clock to get there.")
        if to_us < hall.pit.born_us:
            born = hall.pit.born_us // 1000
            raise refusal(400, f"The world was born at {born} (ms): there is nothing before.")
        if to_us < first.at_us:
            raise refusal(400, f"The world cannot go back to {to_us // 1000} (ms): {reach}")
        return rewinds.back_to_time(log, hall.origins, to_us, last)

    async def _exchange(
        self, hall: Hall, lay_out: LayOut, words: str, *, keeps_history: bool = False
    ) -> WorldRow:
        """Have another state take the world's place.

        keeps_history: what it has too much of is dropped when it is opened.
        """
        into = prepare_change(hall.folder)
        try:
            made = await asyncio.to_thread(lay_out, into)
            if hall.name != MAIN:
                write_recipe(into, made.recipe)
        except BaseException:
            shutil.rmtree(into, ignore_errors=True)
            raise
        with self.keeper.away(hall.name, words):
            await hall.stop(keep=False)
            stands = (hall.recipe, hall.log)
            try:
                if keeps_history:
                    link(hall.folder / HISTORY, into / HISTORY)
                commit_change(hall.folder, self.keeper.settings.sync == "disk")
                stands = (made.recipe, made.log or hall.log)
                fresh = await asyncio.to_thread(self._open, hall, made)
                await self.keeper.succeed(fresh)
            except BaseException as wrong:
                await self._reopen(hall, stands, wrong)
                raise
        hall.pit.clear()
        return self.keeper.row(fresh)

    def _open(self, hall: Hall, made: Made) -> Hall:
        recipe = msgspec.structs.replace(made.recipe, name=hall.name)
        return Hall(self.keeper.settings, recipe, hall.folder, made=made)

    async def _reopen(self, hall: Hall, stands: tuple[Recipe, Log], wrong: BaseException) -> None:
        """What was to take the world's place cannot be served: serve what its files hold."""
        _operator.error("The world %s could not be exchanged: %r", hall.name, wrong)
        recipe, log = msgspec.structs.replace(stands[0], name=hall.name), stands[1]
        kept = log if isinstance(log, MemoryLog) else None
        settings = self.keeper.settings
        try:
            fresh = await asyncio.to_thread(Hall, settings, recipe, hall.folder, log=kept)
            await self.keeper.succeed(fresh)
        except (JournalError, OSError) as worse:
            self.keeper.lose(hall, str(worse))

    def fork(self, name: str, snapshot: str | None) -> Awaitable[WorldRow]:
        async def work() -> WorldRow:
            self.keeper.check_free(name)
            hall = self._whole() if snapshot is None else self.hall
            unborn = self.keeper.unborn(name)
            try:
                image = unborn / "image"
                if snapshot is None:
                    image.mkdir(mode=0o700)
                    await hall.capture(image)
                else:
                    image = self._image(snapshot)
                memory = self.keeper.settings.memory
                made = await asyncio.to_thread(furnish, image, unborn, hall.origins, memory)
                shutil.rmtree(unborn / "image", ignore_errors=True)
                recipe = msgspec.structs.replace(made.recipe, name=name)
                write_recipe(unborn, recipe)
            except BaseException:
                shutil.rmtree(unborn, ignore_errors=True)
                raise
            return await self.keeper.open(unborn, recipe, made)

        return self.keeper.alone(work)


def _view(hall: Hall, image: Path) -> View:
    about = read_about(image)
    return view_of(machine_of(hall.origins, read_state(image, about)), about.at_us)


# --- Files -------------------------------------------------------------------------------------


def _images(folder: Path) -> list[Path]:
    """The saved snapshots, the oldest first."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if path.is_dir() and path.name[0] != "."]
    return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))


def _flush_all(folder: Path) -> None:
    """Have all files of a folder on the disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            flush(path)
    flush(folder)


def _drop(image: Path) -> SnapshotRow:
    row = _row(image)
    remove_folder(image)
    return row


def _row(image: Path) -> SnapshotRow:
    size = size_of(image)
    try:
        about = read_about(image)
    except ImageError as wrong:
        return SnapshotRow(
            name=image.name, seq=0, now=0, digest="", size=size, taken=0, unusable=str(wrong)
        )
    return SnapshotRow(
        name=image.name, seq=about.seq, now=about.at_us, digest=about.digest, size=size,
        taken=about.taken_us, unusable=_unusable(about),
    )  # fmt: skip


def _unusable(about: About) -> str | None:
    if about.rules == RULES:
        return None
    return f"It was written by rules {about.rules}; this program has rules {RULES}."


def _in_words(work: Callable[[], Comparison]) -> Comparison:
    try:
        return work()
    except (JournalError, OSError) as wrong:
        raise refusal(400, str(wrong)) from wrong
