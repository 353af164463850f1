"""Replays: tapes of archive files become the trades of symbols, with a modelled book around them.

A resident like the others: every print and every order of the book is a command, and what comes
next follows from how much the world has been told. Prints carry their own times; until those of a
moment are told, no stream speaks of that moment (`held_us`), so that a candle that closes has all.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from tradepit.core.records import Who
from tradepit.core.terms import TRADING
from tradepit.core.units import text_units
from tradepit.market.archive import ArchiveError, read_archive
from tradepit.market.desk import Sequencer, SequencerDesk
from tradepit.market.maker import Maker
from tradepit.market.player import NEVER_US, Player
from tradepit.market.presets import NORMAL
from tradepit.market.residents import Clock
from tradepit.market.tapefile import SUFFIX, Tape, is_tape, load_tape
from tradepit.products.spot.replays import (
    BEGIN,
    CHANGE,
    END,
    HOUSE,
    PRINT,
    BeginReplay,
    ChangeReplay,
    EndReplay,
    PrintRows,
)

CHUNK: Final = 500  # prints of one command
BOOK_US: Final = 1_000_000  # how often the book is looked after
STEP_US: Final = 60_000_000  # of a clock that is set forward unwatched
SHORTEST_WAIT_S: Final = 0.02
BREATH: Final = 20
PLAYING, PAUSED, ENDED = "PLAYING", "PAUSED", "ENDED"

_log = logging.getLogger("tradepit.market")
_HOUSE_ITSELF: Final = Who(0)


class Playing(NamedTuple):
    """How a replay stands. The first three times are the tape's own."""

    symbol: str
    kind: str
    state: str
    rows: int
    rows_told: int
    gaps: int
    start_us: int
    end_us: int
    at_us: int
    shift_us: int
    first_gap_us: int  # -1: no gap


class World(Protocol):
    @property
    def replays(self) -> Mapping[str, Any]: ...
    @property
    def symbols(self) -> Mapping[str, Any]: ...


class _Booked:
    """A player and the one who keeps the book around it."""

    def __init__(self, player: Player, maker: Maker) -> None:
        self.player = player
        self.maker = maker
        self.seen = (-1, 0)  # the book's number and the price when it was put right last
        self.quoted_us = 0


class TapePrice:
    """What a replayed symbol is worth: its tape's last price."""

    def __init__(self, price: Callable[[], int]) -> None:
        self._price = price

    def price(self, base: str, quote: str, at_us: int) -> int:
        return self._price()


class Replays:
    """All replays of a world. folder: where its tapes lie. watched: whether somebody listens."""

    def __init__(
        self, seed: int, sequencer: Sequencer, clock: Clock, folder: Path,
        watched: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self._seed = seed
        self._sequencer = sequencer
        self._desk = SequencerDesk(sequencer)
        self._clock = clock
        self._folder = folder
        self._watched = watched
        self.drained = _at_once  # waits until streams have read what they need of the history
        self._booked: dict[str, _Booked] = {}
        self._task: asyncio.Task[None] | None = None
        self._busy = asyncio.Lock()
        self._changed = asyncio.Event()

    @property
    def _world(self) -> World:
        found: Any = self._sequencer.machine
        return found  # type: ignore[no-any-return]

    async def start(self) -> None:
        """Go on with what the world replays."""
        for name, replay in self._world.replays.items():
            path = self._folder / replay.source
            try:
                tape = await asyncio.to_thread(load_tape, path)
            except (OSError, ValueError) as wrong:
                _log.error("%s is replayed no further: %s.", name, wrong)
                continue
            self._book(name, tape)
        self._task = asyncio.create_task(self._live(), name="replays")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def clock_changed(self) -> None:
        """The clock goes another way now."""
        self._changed.set()

    def memory(self) -> dict[str, list[int]]:
        """What is remembered of each book beside the state: its number and the price when it was
        put right last, and when that was."""
        return {name: [*booked.seen, booked.quoted_us] for name, booked in self._booked.items()}

    def recall(self, memory: Mapping[str, Sequence[int]]) -> None:
        """Go on as who had this `memory`."""
        for name, (number, price, quoted_us) in memory.items():
            if name in self._booked:
                self._booked[name].seen = (number, price)
                self._booked[name].quoted_us = quoted_us

    # --- What one asks of them -----------------------------------------------------------------

    async def add(self, files: Sequence[Path], symbol: str = "", at: str = "now") -> Playing:
        """Begin to replay files. at: "now" shifts their times so that they begin within a candle's
        width from now (a minute, of trades); "start" leaves them as they are.

        Raises: ValueError, in words for who asked; then nothing changed.
        """
        tape = await asyncio.to_thread(read_tape, files, symbol)
        return await self.begin(tape, symbol or tape.symbol, at)

    async def begin(self, tape: Tape, name: str, at: str) -> Playing:
        """Begin to replay a tape, see `add`; at: "birth" for one that a world begins with."""
        self._admit(name)
        now_us = self._clock.now_us()
        shift_us = -(-(now_us - tape.start_us) // tape.step_us) * tape.step_us
        if at != "now":
            if at == "start" and tape.start_us < now_us:
                raise ValueError(
                    "The files begin before the world's clock, which never goes back: import them "
                    "with at=now, or begin a new world with them (tradepit up --replay FILE)."
                )
            shift_us = 0
        path = self._free_path(f"{name}-{tape.kind}")
        await asyncio.to_thread(tape.save, path)
        ask = BeginReplay(
            symbol=name, source=path.name, shift_us=shift_us, whole=Player(tape).whole
        )
        try:
            await self._sequencer.submit(_HOUSE_ITSELF, BEGIN, ask)
        except Exception:
            path.unlink()
            raise
        self._book(name, tape)
        await self._quote(name, self._clock.now_us(), False)
        self._changed.set()
        return self._row(name)

    def rows(self) -> list[Playing]:
        return [self._row(name) for name in self._booked if name in self._world.replays]

    async def hold(self, symbol: str, paused: bool) -> Playing:
        """Hold a replay, or let it go on where it was: what it missed comes later by as much.
        Raises: ValueError."""
        booked, replay = self._known(symbol)
        shift_us = replay.shift_us
        if replay.paused and not paused:
            step_us = booked.player.tape.step_us
            missed_us = self._clock.now_us() - booked.player.next_us(replay.done) - shift_us
            shift_us += max(-(-missed_us // step_us), 0) * step_us
        ask = ChangeReplay(symbol=symbol, paused=paused, shift_us=shift_us)
        await self._sequencer.submit(_HOUSE_ITSELF, CHANGE, ask)
        self._changed.set()
        return self._row(symbol)

    def place_of(self, symbol: str, tape_us: int) -> int:
        """The world's time at which a tape comes to a time of its own. Raises: ValueError when that
        is over, or not on the tape."""
        booked, replay = self._known(symbol)
        tape = booked.player.tape
        at_us: int = tape_us + replay.shift_us
        if replay.paused:
            raise ValueError("The replay is paused: let it go on first.")
        if not tape.start_us <= tape_us <= tape.end_us:
            raise ValueError("That time is not on the tape.")
        if at_us < self._clock.now_us():
            raise ValueError(
                "That time is over, and a world's clock never goes back: remove the replay and "
                "import the files again."
            )
        return at_us

    async def remove(self, symbol: str) -> Playing:
        """End a replay. Raises: ValueError."""
        _, replay = self._known(symbol)
        async with self._busy:
            row = self._row(symbol)
            await self._sequencer.submit(_HOUSE_ITSELF, END, EndReplay(symbol=symbol))
            del self._booked[symbol]
        with contextlib.suppress(OSError):
            await asyncio.to_thread((self._folder / replay.source).unlink)
        return row

    def _admit(self, name: str) -> None:
        symbol = self._world.symbols.get(name)
        if symbol is None:
            raise ValueError(f"{name} is not listed here: say which symbol it should be.")
        if symbol.status != TRADING:
            raise ValueError(f"{name} does not trade now: open it first.")
        if name in self._world.replays:
            raise ValueError(f"{name} is being replayed already: remove that replay first.")

    def _known(self, symbol: str) -> tuple[_Booked, Any]:
        if symbol not in self._booked or symbol not in self._world.replays:
            raise ValueError(f"{symbol} is not being replayed.")
        return self._booked[symbol], self._world.replays[symbol]

    def _free_path(self, stem: str) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        number = 1
        while (path := self._folder / f"{stem}-{number}{SUFFIX}").exists():
            number += 1
        return path

    def _book(self, name: str, tape: Tape) -> None:
        player = Player(tape)

        def price() -> int:
            return player.price(self._world.replays[name].done)

        preset = NORMAL
        maker = Maker(self._seed, TapePrice(price), preset, account=HOUSE, of=1)
        self._booked[name] = _Booked(player, maker)

    def _row(self, name: str) -> Playing:
        player, replay = self._booked[name].player, self._world.replays[name]
        tape, next_us = player.tape, player.next_us(replay.done)
        ended = next_us == NEVER_US
        return Playing(
            name, tape.kind, PAUSED if replay.paused else ENDED if ended else PLAYING, len(tape),
            player.row_of(replay.done), len(tape.gaps), tape.start_us, tape.end_us,
            tape.end_us if ended else next_us, replay.shift_us,
            tape.gaps[0].start_us if tape.gaps else -1,
        )  # fmt: skip

    # --- Playing -------------------------------------------------------------------------------

    def next_us(self) -> int:
        """The world's time of the next print of all."""
        found = NEVER_US
        if not self._booked:  # asked for every batch of commands
            return found
        for name, booked in self._booked.items():
            replay = self._world.replays.get(name)
            if replay is not None and not replay.paused:
                found = min(found, booked.player.next_us(replay.done) + replay.shift_us)
        return found

    def held_us(self) -> int:
        """The last time of which everything has been told."""
        return self.next_us() - 1

    async def pass_to(self, until_us: int) -> None:
        """Set a clock that stands still forward, print by print where somebody listens.

        What streams read of the history is waited for: how long it takes must not show in frames.
        """
        await self.drained()
        if not self._booked:
            return
        async with self._busy:
            while (next_us := self.next_us()) <= until_us:
                await self.drained()
                at_us = max(next_us, self._clock.now_us()) if self._watched() else until_us
                self._clock.set(at_us)
                await self._play(at_us)

    async def pass_time(self, until_us: int) -> None:
        """Set the clock forward where nobody else lives by it."""
        speed = self._clock.speed
        self._clock.set(self._clock.now_us(), 0)
        steps = 0
        try:
            while (next_us := self.next_us()) <= until_us:
                await self.pass_to(min(until_us, (next_us // STEP_US + 1) * STEP_US))
                steps += 1
                if steps % BREATH == 0:
                    await asyncio.sleep(0)
        finally:
            self._clock.set(self._clock.now_us(), speed)
        self._clock.set(until_us)

    async def _live(self) -> None:
        while True:
            wake_us = self.next_us()
            if self._booked:
                wake_us = min(wake_us, self._clock.now_us() + BOOK_US)
            await self._slept(max(self._clock.wait_s(wake_us), SHORTEST_WAIT_S))
            async with self._busy:
                try:
                    await self._play(self._clock.now_us())
                except Exception:
                    _log.exception("A replay missed a beat.")

    async def _slept(self, wait_s: float) -> None:
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._changed.wait()

    async def _play(self, until_us: int) -> None:
        """Tell everything that is due, and put the books right."""
        for name in list(self._booked):
            await self._tell(name, until_us)
            if self._is_unquoted(name, until_us):
                await self._quote(name, until_us, not self._watched())

    async def _tell(self, name: str, until_us: int) -> None:
        player = self._booked[name].player
        while (replay := self._world.replays.get(name)) is not None and not replay.paused:
            shift_us = replay.shift_us
            rows, done = player.take(replay.done, until_us - shift_us, CHUNK)
            if not rows:
                return
            shifted = [(row[0] + shift_us, *row[1:]) for row in rows]
            ask = PrintRows(symbol=name, rows=shifted, done=done)
            await self._sequencer.submit(_HOUSE_ITSELF, PRINT, ask)

    def _is_unquoted(self, name: str, now_us: int) -> bool:
        """Whether the book changed since it was put right, and that is a while ago."""
        booked = self._booked[name]
        if name not in self._world.replays or now_us < booked.quoted_us + BOOK_US:
            return False
        return self._seen(name) != booked.seen

    def _seen(self, name: str) -> tuple[int, int]:
        player, replay = self._booked[name].player, self._world.replays[name]
        return self._world.symbols[name].book.update_id, player.price(replay.done)

    async def _quote(self, name: str, now_us: int, glance: bool) -> None:
        booked, symbol = self._booked[name], self._world.symbols[name]
        when = (now_us, now_us // BOOK_US)
        act = booked.maker.act(self._desk.view(), symbol, when, glance, 1)
        if act.cancels or act.orders:
            await self._desk.submit(act)
        booked.quoted_us = now_us
        booked.seen = self._seen(name)


async def _at_once() -> None:
    pass


def worth(listing: Sequence[Mapping[str, Any]], symbol: str, price: int) -> list[dict[str, Any]]:
    """exchangeInfo rows among which `symbol` costs `price` units. Raises: ArchiveError when it is
    not there."""
    if all(row["symbol"] != symbol for row in listing):
        raise ArchiveError(f"{symbol} is not listed: list it with --exchange-info.")
    told = {"_price": text_units(price)}
    return [{**row, **(told if row["symbol"] == symbol else {})} for row in listing]


def read_tape(files: Sequence[Path], symbol: str = "") -> Tape:
    """The tape of archive files, or of one file that `Tape.save` wrote. Raises: ValueError."""
    try:
        if len(files) == 1 and is_tape(files[0]):
            return load_tape(files[0])
    except OSError as wrong:
        raise ArchiveError(f"{files[0]}: {wrong.strerror or wrong}.") from None
    return read_archive(files, symbol)
