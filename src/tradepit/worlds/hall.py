"""One world with everything that keeps it alive: log, history, sequencer, clock, residents."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from tradepit import __version__
from tradepit.config import Config
from tradepit.control.basics import COUNT_ORDERS, CountOrders, Stage
from tradepit.control.clock import SET_CLOCK, SetClock
from tradepit.control.futures import PUT_CONTRACT, SetContract
from tradepit.control.symbol_markets import (
    ANCHOR_MARKET,
    PUT_MARKET,
    MarketRow,
    SetMarket,
    row_of,
)
from tradepit.core.exchange import Exchange
from tradepit.journal.clock import FROZEN, REAL, WorldClock, wall_us
from tradepit.journal.datadir import DataDir
from tradepit.journal.memory import MemoryLog
from tradepit.journal.port import RULES, JournalError, Log
from tradepit.journal.recovery import World, open_world, uncollected
from tradepit.journal.sequencer import HOUSE, Options, Sequencer
from tradepit.journal.sqlite import SqliteLog
from tradepit.market.maker import MAKERS
from tradepit.market.presets import PRESETS
from tradepit.market.replay import Replays
from tradepit.market.residents import Residents
from tradepit.projections.history import SqlHistory
from tradepit.projections.projector import Projector
from tradepit.projections.store import Store, sqlite_url
from tradepit.worlds.births import origins
from tradepit.worlds.images import (
    HISTORY,
    TAPES,
    About,
    Made,
    empty_file,
    link_tapes,
    write_image,
)
from tradepit.worlds.recipes import Recipe, main_recipe

AUDIT_EVERY: Final = 1_000  # commands, with --audit
EMPTY: Final = "empty"  # the market without residents
COPIED_S: Final = 120.0  # how long the copy of a history may take


class Hall:
    """See above. `start` opens it for commands, `stop` ends it."""

    def __init__(
        self, settings: Config, recipe: Recipe | None = None, folder: Path | None = None, *,
        log: MemoryLog | None = None, made: Made | None = None,
    ) -> None:  # fmt: skip
        """Opens the log and recovers the state.

        recipe: None: the server's first world. folder: where it lives; None: where the settings
        say. log: of a world in memory that goes on. made: the state that its files hold.
        Raises: JournalError, ListingError, OSError.
        """
        self.settings = settings
        self.recipe = recipe or main_recipe(settings)
        self.name = self.recipe.name
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        if folder is None and settings.memory:
            self._scratch = tempfile.TemporaryDirectory(prefix="tradepit-")
            folder = Path(self._scratch.name)
        self._home = DataDir(folder or settings.data_dir)
        self.folder = self._home.path
        try:
            world, at_us = self._recovered(log, made)
        except BaseException:
            self._home.release()
            raise
        self._goes_on = made is not None and not made.newborn
        self._at_us = at_us
        self._books = {} if made is None else made.books
        self.clock = _clock_of(world.machine, at_us, self._newborn)
        every = AUDIT_EVERY if settings.audit else 0
        self.sequencer = Sequencer(world, self.clock, Options(audit_every=every))
        self.sequencer.listen(self.projector.tell)
        self.sequencer.brakes.append(self.projector.behind)
        self.sequencer.cursor = lambda: self.projector.cursor
        self.history = SqlHistory(self.projector, self.clock, lambda: self.sequencer.machine)
        self.residents: Residents | None = None
        self._moving = asyncio.Lock()  # one change of preset after the other
        self.replays = Replays(
            self.pit.seed, self.sequencer, self.clock, self.folder / TAPES, lambda: self.watched()
        )
        self.sequencer.holds.append(self.replays.held_us)
        self.watched: Callable[[], bool] = lambda: False  # whether somebody listens to the market
        self.on_clock: list[Callable[[], None]] = []  # told when the clock goes another way

    def _recovered(self, log: MemoryLog | None, made: Made | None) -> tuple[World[Exchange], int]:
        """The world, and what its clock is to show (0: nothing was said)."""
        settings = self.settings
        self.log: Log = (made and made.log) or log or _log_of(settings, self._home)
        self.projector = Projector(
            Store(sqlite_url(self._home.file(HISTORY)), keep=not settings.memory)
        )
        self._born_of = list(made.tapes) if made else []  # what a new world begins with
        self.origins = origins(settings, self.recipe, self._born_of)
        at_us = 0
        if made is None:
            world = open_world(self.log, self.origins, self.projector)
            self._newborn = not world.machine.seq
        else:
            world = World(self.log, self.origins, made.machine)
            if self.projector.cursor > self.log.last_seq:
                self.projector.rewind(self.log.last_seq)
            self._newborn, at_us = made.newborn, made.at_us
        self.projector.refill(world.machine)
        return world, at_us

    @property
    def pit(self) -> Exchange:
        return self.sequencer.machine

    async def start(self) -> None:
        """Open the world; a new one is furnished first, while its clock stands still."""
        await self.projector.start()
        await self.sequencer.start()
        counted = self.recipe.limits == "real"
        if self.pit.count_orders != counted:
            await self.sequencer.submit(HOUSE, COUNT_ORDERS, CountOrders(on=counted))
        await self.replays.start()
        self.replays.recall(self._books)
        self.on_clock.append(self.replays.clock_changed)
        for tape in self._born_of:
            await self.replays.begin(tape, tape.symbol, "birth")
        self.on_clock.append(self._tell_residents)
        self.residents = self._residents(self.recipe.market)
        if self._newborn:
            if self.residents is not None:
                await self.residents.fill()
            await self._begin()
        elif self.clock.speed == FROZEN and self._at_us > self.pit.at_us:
            await self.note_clock()
        if self.residents is not None:
            await self.residents.start(fill=not self._goes_on)

    def _residents(self, market: str) -> Residents | None:
        """Those who follow a preset; None where nobody trades."""
        preset = PRESETS.get(market)
        if preset is None or not self.pit.names.keys() >= set(MAKERS):
            return None
        residents = Residents(self.pit, self.sequencer, self.clock, preset, lambda: self.watched())
        residents.on_way = self.replays.pass_to
        return residents

    def _tell_residents(self) -> None:
        if self.residents is not None:
            self.residents.clock_changed()

    async def play(self, market: str) -> None:
        """Have residents follow another preset, or (empty) leave with their orders."""
        async with self._moving:
            if self.residents is not None:
                await self.residents.stop()
                await self.residents.withdraw()
                self.residents = None
            self.residents = self._residents(market)
            if self.residents is not None:
                await self.residents.start()

    def as_played(self) -> Recipe:
        """What it is made from, with the market as it is played now."""
        return msgspec.structs.replace(self.recipe, market=self._played())

    def _played(self) -> str:
        return EMPTY if self.residents is None else self.residents.preset.name

    def stage(self) -> Stage:
        """The presets of the market, as control sees them."""
        about = {preset.name: preset.about for preset in PRESETS.values()}
        return Stage(
            about | {EMPTY: "no resident order at all"},
            self._played,
            self.play,
            self.put,
            self.put_contract,
        )

    async def put_contract(self, ask: SetContract) -> object:
        """Set a contract's prices; residents quote around its index."""
        async with self._moving:
            row = await self.sequencer.submit(HOUSE, PUT_CONTRACT, ask)
            if self.residents is not None and (ask.index_price or ask.free):
                await self.residents.follow(ask.symbol)
        return row

    async def put(self, ask: SetMarket) -> MarketRow:
        """Put a symbol's price somewhere, residents and all."""

        async def done(op: str) -> object:
            return await self.sequencer.submit(HOUSE, op, ask)

        async with self._moving:
            if ask.last is None or self.residents is None:
                row = await done(PUT_MARKET)
            else:
                await self.residents.move(
                    ask.symbol, lambda: done(ANCHOR_MARKET), lambda: done(PUT_MARKET)
                )
                row = row_of(self.pit, self.pit.symbols[ask.symbol])
        assert isinstance(row, MarketRow)
        return row

    async def _begin(self) -> None:
        """Let a new world's time begin."""
        recipe = self.recipe
        self.clock.set(recipe.time_us or wall_us() + self.pit.clock_offset_us, recipe.speed)
        if recipe.follows_wall:
            self.sequencer.clock_changed()
        else:
            await self.note_clock()

    async def capture(self, into: Path) -> About:
        """Write all that this world goes on from into a folder, as it is now: see `images`.
        Raises: JournalError, OSError."""
        with uncollected():
            state = self.pit.dump()
        about = About(
            self.sequencer.applied_seq, self.clock.now_us(), RULES, "", self.as_played(),
            wall_us(), __version__, self.replays.memory(),
        )  # fmt: skip
        link_tapes(self.folder / TAPES, into)
        copied = self.projector.copy(empty_file(into / HISTORY))
        sync = self.settings.sync == "disk"
        done = await asyncio.gather(  # whatever fails, nobody writes into the folder after this
            asyncio.to_thread(write_image, into, about, state, sync), _whole(copied),
            return_exceptions=True,
        )  # fmt: skip
        for failure in done:
            if isinstance(failure, BaseException):
                raise failure
        assert isinstance(done[0], About)
        return done[0]

    async def stop(self, keep: bool = True) -> None:
        """Residents leave, the log gets its snapshot (unless it is not to be kept), the history
        its last rows."""
        await self.replays.stop()
        if self.residents is not None:
            await self.residents.stop()
        await self.sequencer.stop(snapshot=keep)
        await self.projector.stop()
        if keep or not isinstance(self.log, MemoryLog):
            self.log.close()
        self._home.release()
        if self._scratch is not None:
            self._scratch.cleanup()

    async def pace(self, speed: int) -> None:
        """Let the world's clock go at `speed` thousandths of the wall's pace."""
        self.clock.set(self.clock.now_us(), speed)
        await self.note_clock()

    async def advance(self, until_us: int) -> None:
        """Set the world's clock forward; residents trade on the way."""
        if self.residents is not None and self.residents.preset.moves:
            await self.residents.pass_time(until_us)
        else:
            await self.replays.pass_time(until_us)
        await self.note_clock()

    async def note_clock(self) -> None:
        """Put on the log how the clock goes, and have everybody look at it."""
        # Only a real clock is found again by how far it is ahead of the wall; in the state of any
        # other that would be the wall's time, and the same world would never be the same.
        speed = self.clock.speed
        ask = SetClock(speed=speed, offset_us=self.clock.offset_us if speed == REAL else 0)
        await self.sequencer.submit(HOUSE, SET_CLOCK, ask)
        self.sequencer.clock_changed()
        for changed in self.on_clock:
            changed()

    def healthy(self) -> dict[str, bool]:
        """Whether orders are taken, and whether the market is what its preset promises: every
        book has two sides, and those who trade are there."""
        parts = {"orders": not self.sequencer.broken}
        if self.residents is not None:
            books = [self.pit.symbols[name].book for name in self.residents.promised()]
            parts["market"] = all(book.bids.best() and book.asks.best() for book in books)
            parts["residents"] = self.residents.alive()
        return parts


async def _whole(copied: asyncio.Future[None]) -> None:
    """Wait for the copy of a history. Raises: JournalError, OSError."""
    try:
        await asyncio.wait_for(copied, COPIED_S)
    except (TimeoutError, sqlite3.Error) as wrong:
        raise JournalError(f"The history cannot be copied: {wrong or 'too slow'}.") from wrong


def _log_of(settings: Config, home: DataDir) -> Log:
    if settings.memory:
        return MemoryLog()
    sync = "disk" if settings.sync == "disk" else "os"
    return SqliteLog(
        home, sync=sync, keep_s=settings.keep_hours * 3_600,  # type: ignore[arg-type]
        keep_bytes=settings.keep_mb * 1_000_000,
    )  # fmt: skip


def _clock_of(pit: Exchange, at_us: int, newborn: bool) -> WorldClock:
    """The clock of a world that goes on: a real one shows now, any other `at_us` or where it
    stopped. A new world's stands still until its time begins."""
    if not newborn and pit.clock_speed == REAL:
        return WorldClock(pit.clock_offset_us)
    speed = FROZEN if newborn else pit.clock_speed
    return WorldClock.showing(max(at_us, pit.at_us), speed)
