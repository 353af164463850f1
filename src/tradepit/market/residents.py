"""The residents of a world: which agent acts when, in the world's time.

Time is cut into steps. On each step some symbols have a beat (the first listed on every step, the
others more seldom), and on each beat of a symbol one agent acts by one command: the first maker,
the second maker, a taker, in turns. Between steps nothing runs, and what all do on one is one
append to the log. Beats are numbered from the epoch of time, so a world that was restored or
replayed takes the same turns.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol

from tradepit.market.desk import Sequencer, SequencerDesk
from tradepit.market.futures import FuturesResidents
from tradepit.market.maker import MAKERS, Maker
from tradepit.market.presets import Preset
from tradepit.market.prices import FairPrices, Listed
from tradepit.market.takers import TAKERS, Takers
from tradepit.market.tempers import is_quiet
from tradepit.market.turns import MINUTE_US, STEP_US, Turns
from tradepit.market.views import Act

SHORTEST_WAIT_S: Final = 0.05  # of the wall's time between two steps: a fast clock skips beats
BREATH: Final = 20  # steps between two breaths of the event loop while time is set forward
FAST_SPEED: Final = 20_000  # thousandths: a clock as fast as this goes by minutes

_log = logging.getLogger("tradepit.market")


OnWay = Callable[[int], Awaitable[None]]
Aside = Callable[[], Awaitable[object]]


class Clock(Protocol):
    """The world's clock, see `journal.clock.WorldClock`."""

    speed: int

    def now_us(self) -> int: ...
    def wait_s(self, until_us: int) -> float: ...
    def set(self, at_us: int, speed: int | None = None) -> None: ...


class World(Protocol):
    """What residents need to know of a world's beginning."""

    @property
    def seed(self) -> int: ...
    @property
    def born_us(self) -> int: ...
    @property
    def names(self) -> Mapping[str, int]: ...


class Residents:
    """All agents of one world. `watched` says whether somebody listens to its market."""

    def __init__(
        self, world: World, sequencer: Sequencer, clock: Clock, preset: Preset,
        watched: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self.preset = preset
        self._clock = clock
        self._watched = watched
        self._desk = desk = SequencerDesk(sequencer)
        listed = [
            Listed(market.base, market.quote, desk.typical_price(name))
            for name, market in desk.markets().items()
        ]
        self.fair = FairPrices(world.seed, world.born_us, listed, preset)
        self._makers = [
            Maker(world.seed, self.fair, preset, share=share) for share in range(len(MAKERS))
        ]
        has_takers = world.names.keys() >= set(TAKERS)
        self._turns = Turns(self._makers, Takers(world.seed, preset) if has_takers else None)
        self.futures = FuturesResidents(sequencer, world.seed, preset)
        self._task: asyncio.Task[None] | None = None
        self.on_way: OnWay | None = None  # what else happens while time is set forward
        self._busy = asyncio.Lock()
        self._changed = asyncio.Event()

    async def start(self, fill: bool = True) -> None:
        """Fill every book, unless the world just goes on, then live by the clock until `stop`."""
        if fill:
            await self.fill()
        if self.preset.moves:
            self._task = asyncio.create_task(self._live(), name="residents")

    async def stop(self) -> None:
        """Leave; the orders stay."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def withdraw(self) -> None:
        """Take every order back. What `stop` left in the books is gone then."""
        for maker in self._makers:
            view = self._desk.view()
            await self._do([maker.take_back(view, name) for name in self._desk.markets()])

    async def move(self, name: str, begin: Aside, end: Aside) -> None:
        """Follow a symbol that is put elsewhere: no order of before trades any more, and when the
        new price is shown (`end`) there is a book around it. begin: says what it is worth now."""
        async with self._busy:
            market = self._desk.markets().get(name)
            if market is None or self._is_quiet(name):
                await end()
                return
            view = self._desk.view()
            await self._do([maker.take_back(view, name) for maker in self._makers])
            now_us = self._clock.now_us()
            for maker in self._makers:
                await begin()  # again: who wanted more than the new price was taken just now
                when = (now_us, now_us // STEP_US)
                symbols = len(self._desk.markets())
                await self._do([maker.act(self._desk.view(), market, when, False, symbols)])
            await end()

    def alive(self) -> bool:
        """Whether they do what their preset promises."""
        return not self.preset.moves or (self._task is not None and not self._task.done())

    def promised(self) -> list[str]:
        """The symbols that have two sides as long as residents look after them."""
        return [name for name in self._desk.markets() if not self._is_quiet(name)]

    def _is_quiet(self, name: str) -> bool:
        return is_quiet(self._desk.view().temper(name))

    def clock_changed(self) -> None:
        """The clock goes another way now."""
        self._changed.set()

    async def fill(self) -> None:
        """Each maker puts all its orders right, on every symbol that needs it."""
        now_us = self._clock.now_us()
        when = (now_us, now_us // STEP_US)
        for maker in self._makers:
            view, markets = self._desk.view(), self._desk.markets()
            await self._do([
                maker.act(view, market, when, False, len(markets))
                for market in markets.values()
                if self._is_bare(maker, market)
            ])  # fmt: skip
        for done in self.futures.fill(now_us):
            await done

    def _is_bare(self, maker: Maker, market: Any) -> bool:
        """A market that lives is put right by its beats; one that stands still needs orders only
        where there are none."""
        none = not self._desk.view().resting(maker.account, market.name)
        return none and not self._is_quiet(market.name)

    async def pass_time(self, until_us: int) -> None:
        """Set the clock forward to `until_us`, step by step, the agents acting on the way."""
        if not self.preset.moves:
            self._clock.set(until_us)
            return
        async with self._busy:
            speed = self._clock.speed
            self._clock.set(self._clock.now_us(), 0)
            try:
                await self._pass_steps(until_us)
            finally:
                self._clock.set(self._clock.now_us(), speed)
            self._clock.set(until_us)

    async def _pass_steps(self, until_us: int) -> None:
        steps = 0
        short = until_us - self._clock.now_us() < MINUTE_US  # else they would not act at all
        while True:
            step_us = STEP_US if short or self._watched() else MINUTE_US
            at_us = (self._clock.now_us() // step_us + 1) * step_us
            if at_us > until_us:
                break
            if self.on_way is not None:
                await self.on_way(at_us)
            self._clock.set(at_us)
            await self.step(at_us, step_us)
            steps += 1
            if steps % BREATH == 0:
                await asyncio.sleep(0)
        if self.on_way is not None:
            await self.on_way(until_us)

    async def step(self, at_us: int, step_us: int) -> None:
        """All who have a beat at a time that is a multiple of `step_us` act."""
        markets = list(self._desk.markets().values())
        acts = self._turns.acts(self._desk.view(), markets, at_us, step_us)
        with self._desk.together():
            more = self.futures.step(at_us, at_us // step_us, step_us == MINUTE_US)
            done = [self._desk.submit(act) for act in acts]
        for each in [*done, *more]:
            await each

    async def follow(self, contract: str) -> None:
        """Quote around a contract's index, which is elsewhere now."""
        async with self._busy:
            for done in self.futures.follow(contract, self._clock.now_us()):
                await done

    async def _do(self, acts: list[Act]) -> None:
        for done in [self._desk.submit(act) for act in acts if act.cancels or act.orders]:
            await done

    async def _live(self) -> None:
        done_us = self._clock.now_us()
        while True:
            fast = self._clock.speed >= FAST_SPEED and not self._watched()
            step_us = MINUTE_US if fast else STEP_US
            next_us = (max(self._clock.now_us(), done_us) // step_us + 1) * step_us
            if await self._slept(max(self._clock.wait_s(next_us), SHORTEST_WAIT_S)):
                async with self._busy:
                    now_us = self._clock.now_us() // step_us * step_us
                    if self._clock.speed and now_us >= next_us:
                        done_us = now_us
                        await self._beat(now_us, step_us)

    async def _slept(self, wait_s: float) -> bool:
        """Sleep; false when the clock was changed meanwhile."""
        self._changed.clear()
        try:
            async with asyncio.timeout(wait_s):  # wait_for may lose the task's own end
                await self._changed.wait()
        except TimeoutError:
            return True
        return False

    async def _beat(self, at_us: int, step_us: int) -> None:
        try:
            await self.step(at_us, step_us)
        except Exception:
            _log.exception("The market missed a beat.")
