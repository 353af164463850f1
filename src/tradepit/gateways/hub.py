"""Market streams of one world: who hears which stream, and when it speaks.

A channel is one stream name of one product (spot, usdm, coinm); one hub tells of all, so that their
frames have one order. Its listeners stand in groups by how they want a message (raw or combined, ms
or µs), so that a frame is encoded once for each group that has somebody in it and never for nobody.
Real-time feeds speak after each command; timed ones at whole multiples of their
period in world time, so that the same log gives the same frames.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeVar

from tradepit.catalog.language import SPOT
from tradepit.core.records import SYMBOL_STATUS, TRADE, Event, Fill, Outcome
from tradepit.gateways.feeds import NEVER_US, round_up
from tradepit.gateways.sockets import text_frame
from tradepit.gateways.stream_faults import StreamFaults, named
from tradepit.gateways.stream_names import make_feed

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from tradepit.core.book import Book
    from tradepit.core.exchange import Exchange
    from tradepit.core.history import History
    from tradepit.core.symbols import Symbol
    from tradepit.gateways.feeds import BestFeed, BookWatch, EarFeed, Feed, TradeFeed
    from tradepit.gateways.sockets import Session
    from tradepit.journal.clock import Clock
    from tradepit.journal.sequencer import Sequencer

log = logging.getLogger("tradepit.streams")

TICK_US: Final = 100_000
CALM_US: Final = 2_000_000  # whatever happened, every feed has told of it by then
SOONEST_S: Final = 0.001
LATEST_S: Final = 1.0

T = TypeVar("T")

Payload = Callable[[int], str]
"""The payload's text for a unit of time: 1 for microseconds, 1000 for milliseconds."""


class Variant:
    """How one listener wants its messages."""

    COMBINED: Final = 1
    MICRO: Final = 2


class Channel:
    """The listeners of one stream. See `stream_faults.Line`."""

    __slots__ = ("account", "feed", "groups", "hub", "name", "order", "product", "stream")

    def __init__(self, stream: str, hub: Hub, product: str = SPOT) -> None:
        self.stream = stream
        self.product = product
        self.name = self.order = named(product, stream)
        self.account = ""
        self.hub = hub
        self.groups: dict[int, dict[Session, None]] = {}
        self.feed: Feed | None = None

    @property
    def listing(self) -> Mapping[str, Symbol]:
        """What its product trades, by name; of futures both venues' contracts."""
        return self.hub.pit.symbols if self.product == SPOT else self.hub.pit.contracts

    def publish(self, payload: Payload, newest_only: bool = False) -> None:
        """Tell all listeners. newest_only: who does not read keeps the last such frame only."""
        if self.hub.faults.rules:
            self.hub.faults.tell(_Said(self, payload, newest_only))
        else:
            self.say(payload, newest_only)

    def say(self, payload: Payload, newest_only: bool) -> None:
        """Tell all listeners, whatever goes wrong elsewhere."""
        for variant, sessions in self.groups.items():
            text = payload(1 if variant & Variant.MICRO else 1000)
            if variant & Variant.COMBINED:
                text = f'{{"stream":"{self.stream}","data":{text}}}'
            frame = text_frame(text.encode())
            if newest_only:
                for session in sessions:
                    session.offer(self.stream, frame)
            else:
                for session in sessions:
                    session.send(frame)

    def join(self, session: Session, variant: int) -> None:
        self.groups.setdefault(variant, {})[session] = None

    def leave(self, session: Session, variant: int) -> None:
        found = self.groups.get(variant)
        if found is not None:
            found.pop(session, None)
            if not found:
                del self.groups[variant]

    def sessions(self) -> list[Session]:
        return [session for group in self.groups.values() for session in group]

    def mute(self) -> None:
        self.groups = {}


class _Said:
    """What a stream says, both ways of telling time encoded while the state is what it tells of.
    See `stream_faults.Told`."""

    def __init__(self, line: Channel, payload: Payload, newest_only: bool) -> None:
        self.line = line
        self.at_us = line.hub.moment_us
        self._texts = {1: payload(1), 1000: payload(1000)}
        self._newest_only = newest_only

    def say(self) -> None:
        self.line.say(self._texts.__getitem__, self._newest_only)


class Hub:
    """All channels of a world."""

    def __init__(
        self, sequencer: Sequencer[Exchange], clock: Clock, history: History, pool: Executor, *,
        faults: StreamFaults | None = None,
    ) -> None:  # fmt: skip
        self.sequencer = sequencer
        self.clock = clock
        self.history = history
        self.pool = pool
        self.faults = StreamFaults(sequencer) if faults is None else faults
        self.faults.wake = self._wake
        self.faults.lines.append(lambda: list(self.channels.values()))
        self.moment_us = 0  # the time of what is being told
        self.channels: dict[tuple[str, str], Channel] = {}  # by product and stream
        self.books: dict[str, BookWatch] = {}  # by symbol's key, as what follows
        self.timed: dict[int, dict[Feed, None]] = {}  # by period
        self.trades: dict[str, dict[TradeFeed, None]] = {}
        self.bests: dict[Book, dict[BestFeed, None]] = {}
        self.ears: dict[int, dict[EarFeed, None]] = {}  # by kind of event
        self.stirred: list[Book] = []  # those of `bests` that the running command changed
        self.unlisted: dict[tuple[str, str], Channel] = {}  # of contracts that may come
        self.loop = asyncio.get_running_loop()
        self._next_us = 0
        self._stirred_us = 0  # when something happened last
        self._timer: asyncio.TimerHandle | None = None
        self._reading: set[asyncio.Task[None]] = set()
        sequencer.on_rebuilt.append(self._rebuilt)
        sequencer.before.append(self.before)

    @property
    def pit(self) -> Exchange:
        return self.sequencer.machine

    def now_us(self) -> int:
        """The world's time: never behind the last event."""
        return max(self.clock.now_us(), self.pit.at_us)

    # Listeners.

    def join(self, stream: str, session: Session, variant: int, product: str = SPOT) -> None:
        """Let a session hear a stream. A name that is no stream is never heard, and no error."""
        channel = self.channels.get((product, stream))
        if channel is None:
            channel = self.unlisted.get((product, stream)) or Channel(stream, self, product)
            if not self._begin(channel):
                if product != SPOT:  # its contract may be listed later
                    self.unlisted[product, stream] = channel
                    channel.join(session, variant)
                return
        elif channel.feed is not None:
            channel.feed.greet()
        self._stirred_us = self.now_us()
        channel.join(session, variant)

    def _begin(self, channel: Channel) -> bool:
        """Let a stream speak, if anything is said on one of its name."""
        channel.feed = make_feed(self, channel)
        if channel.feed is None:
            return False
        self.channels[channel.product, channel.stream] = channel
        channel.feed.start()
        self._wake()
        return True

    def _listed(self) -> None:
        """A contract was listed: who waits for its streams hears them from now on."""
        for key, channel in list(self.unlisted.items()):
            if self._begin(channel):
                del self.unlisted[key]

    def leave(self, stream: str, session: Session, variant: int, product: str = SPOT) -> None:
        found = self.channels if (product, stream) in self.channels else self.unlisted
        channel = found.get((product, stream))
        if channel is None:
            return
        channel.leave(session, variant)
        if not channel.groups:
            del found[product, stream]
            if channel.feed is not None:
                channel.feed.stop()

    # Time.

    def time(self, feed: Feed) -> None:
        """Let a feed speak at every multiple of its period from now on."""
        self.timed.setdefault(feed.period_us, {})[feed] = None

    def untime(self, feed: Feed) -> None:
        found = self.timed.get(feed.period_us)
        if found is not None:
            found.pop(feed, None)
            if not found:
                del self.timed[feed.period_us]

    def _wake(self) -> None:
        """Somebody listens: beats begin with the next whole tick."""
        if not self._next_us:
            self._next_us = self._after(self.now_us())
            self._arm()

    def _after(self, us: int) -> int:
        """The next beat: a whole tick, or a multiple of a period that is none of ticks."""
        return min(us - us % step_us + step_us for step_us in (TICK_US, *self.timed))

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        # Not long at a time: the clock may be set, or go another way.
        wait_s = min(max(self.clock.wait_s(self._next_us), SOONEST_S), LATEST_S)
        self._timer = self.loop.call_later(wait_s, self._due)

    def clock_changed(self) -> None:
        """The clock was set, or goes another way: the next beat comes at another time of the
        wall's, and what is due by now is told before any socket's day is over."""
        if self._next_us:
            self.advance(self.sequencer.settled_us())
            self._arm()

    def _due(self) -> None:
        self._timer = None
        if not self.channels and not self.faults.due_us:
            self._next_us = 0
            return
        if not self._reading:  # whether a read is over by a beat must not hang on the wall's time
            self.advance(self.sequencer.settled_us())
        self._arm()

    def advance(self, now_us: int) -> None:
        """Let everything timed speak that is due up to `now_us`, in the order of time.

        Between two commands nothing changes but the time: of the beats missed in a row only those
        at which a feed has something to say cost anything.
        """
        while self._next_us and self._next_us <= now_us:
            at_us = self._next_us
            if now_us - at_us > 2 * CALM_US and at_us > self._stirred_us + CALM_US:
                due_us = min(self._due_us(at_us), now_us - now_us % CALM_US)
                if due_us > at_us:
                    self._next_us = due_us
                    continue
            self._next_us = self._after(at_us)
            self.moment_us = at_us
            for period_us in list(self.timed):
                if at_us % period_us == 0:
                    for feed in list(self.timed.get(period_us, ())):
                        try:
                            feed.beat(at_us)
                        except Exception:
                            log.exception("%s could not be told", feed.channel.name)
            self.faults.deliver(at_us)

    def _due_us(self, at_us: int) -> int:
        """When the first of all feeds, or a late event, has something to say."""
        times = [feed.due_us(at_us) for found in self.timed.values() for feed in found]
        late_us = self.faults.due_us
        return min([*times, round_up(late_us, TICK_US) or NEVER_US])

    def later(self, feed: Feed, read: Callable[[], T], then: Callable[[T], None]) -> None:
        """Have `read` done where queries wait for SQL, and `then` its result on the loop, after
        those of the reads that were asked for earlier.

        The feed is `loading` until that is over, however it ends.
        """

        ahead = list(self._reading)

        async def work() -> None:
            try:
                found = await self.loop.run_in_executor(self.pool, read)
                if ahead:
                    await asyncio.wait(ahead)
                feed.loading = False
                self._stirred_us = self.now_us()
                then(found)
            except Exception:
                log.exception("%s could not read its history", feed.channel.name)
            finally:
                feed.loading = False
                self._reading.discard(task)

        feed.loading = True
        task = self.loop.create_task(work())
        self._reading.add(task)

    async def drained(self) -> None:
        """Tell what is due by what has happened, and wait until nothing is being read for a feed:
        whether the wall's time let a beat come before must not show."""
        self.advance(self.sequencer.settled_us())
        while self._reading:
            await asyncio.wait(self._reading)

    # Events.

    def before(self, at_us: int) -> None:
        """A command of this time is about to be applied: what was due earlier is told first, so
        that no frame knows more than its time."""
        if self._next_us and self._next_us < at_us:
            self.advance(at_us - 1)
        self._stirred_us = at_us

    def applied(self, outcome: Outcome) -> None:
        """A listener of the sequencer."""
        if self.unlisted and any(event.kind == SYMBOL_STATUS for event in outcome.events):
            self._listed()
        if not self.channels:
            return
        self.moment_us = outcome.at_us
        if self.trades and outcome.events:
            self._tell_trades(outcome.events)
        if self.ears:
            for event in outcome.events:
                if event.kind in self.ears:
                    for ear in list(self.ears[event.kind]):
                        ear.hear(event)
        if self.stirred:
            for book in dict.fromkeys(self.stirred):
                for best in list(self.bests[book]):
                    best.look()
            self.stirred.clear()

    def _tell_trades(self, events: list[Event]) -> None:
        fills: dict[str, list[Fill]] = {}
        for event in events:
            if event.kind == TRADE:
                assert isinstance(event, Fill)
                if event.symbol.name in self.trades:
                    fills.setdefault(event.symbol.name, []).append(event)
        for name, found in fills.items():
            for feed in self.trades[name]:
                feed.tell(found)

    def _rebuilt(self, pit: Exchange) -> None:
        """The state is another object: watch its books instead."""
        for watch in self.books.values():
            watch.attach()
        self.stirred.clear()
        for feed in [feed for feeds in self.bests.values() for feed in feeds]:
            feed.attach()
