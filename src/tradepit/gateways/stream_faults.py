"""Faults on streams: what can go wrong between an event and those who hear it.

A rule is about events by the name of their stream; an account's events go by `user@<event>`,
wherever they are heard. Before a futures stream's name stands its product: `usdm:btcusdt@depth`,
`coinm:user@MARGIN_CALL`. A rule strikes an event once, for all who hear it, so that what happens
depends on the seed and on the events alone, not on who listens. Pings, answers and farewells are
spared.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from tradepit.catalog.language import SPOT
from tradepit.gateways.faults import ONCE, PLAIN, Bounds, Effect, Rule
from tradepit.gateways.sockets import DAY_OVER, GOING_AWAY
from tradepit.journal.sequencer import HOUSE
from tradepit.products.spot.user_streams import EXPIRE_KEYS, ExpireKeys

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.gateways.sockets import Session
    from tradepit.journal.sequencer import Sequencer

LOSE: Final = "lose-event"
LATE: Final = "late-event"
REPEAT: Final = "repeat-event"
REORDER: Final = "reorder-event"
STALL: Final = "stall-stream"
CUT: Final = "cut-socket"
DAY: Final = "day-over"
SHUTDOWN: Final = "server-shutdown"
EXPIRE: Final = "expire-listen-key"

STREAM_KINDS: Final = (LOSE, LATE, REPEAT, REORDER, STALL, CUT, DAY, SHUTDOWN, EXPIRE)
AT_ONCE: Final = (STALL, CUT, DAY, SHUTDOWN, EXPIRE)
"""These need no event: they are about those who listen."""
ENDS: Final = (CUT, DAY, SHUTDOWN)
"""These are about whole connections."""

USER: Final = "user@"
SOCKET: Final = "socket@"
DELAY_US: Final = 1_000_000
MOST_LATE: Final = 10_000  # events that wait: with more, the first of them comes early


def named(product: str, stream: str) -> str:
    """What rules call a stream of a product."""
    return stream if product == SPOT else f"{product}:{stream}"


class StreamRule(Rule):
    """One armed fault of streams. stream: a name in which `*` stands for any text. How much later a
    late event comes is its effect's delay."""

    def __init__(
        self, number: int, kind: str, *, stream: str = "*", account: str = "",
        bounds: Bounds = ONCE, effect: Effect = PLAIN,
    ) -> None:  # fmt: skip
        super().__init__(number, kind, account=account, bounds=bounds, effect=effect)
        self.stream = stream
        self._parts = stream.split("*")

    def about(self, line: Line) -> bool:
        """Whether it is about what is said there, or (of an account as a whole) might be."""
        whole = line.name.endswith(USER) and self.stream.startswith(line.name)
        return (whole or self._fits(line.name)) and self.account in ("", line.account)

    def _fits(self, name: str) -> bool:
        first, last = self._parts[0], self._parts[-1]
        if len(self._parts) == 1:
            return name == first
        at, end = len(first), len(name) - len(last)
        if at > end or not name.startswith(first) or not name.endswith(last):
            return False
        for part in self._parts[1:-1]:
            found = name.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True


class Line(Protocol):
    """A stream, or an account's events, and who hears it now."""

    name: str
    product: str  # spot, usdm, coinm
    account: str  # whose events they are; empty for market streams
    order: str  # what has one order: the events of an account come in one, whatever they are

    def sessions(self) -> list[Session]:
        """The connections that hear it."""

    def mute(self) -> None:
        """Nothing more is said to those who hear it now; they do not notice."""


class Socket:
    """A connection as a whole, by its address: `socket@/ws-api/v3`. Nothing is said there."""

    def __init__(self, session: Session) -> None:
        self.name = self.order = SOCKET + session.call.path.decode("latin-1")
        self.account = self.product = ""
        self._session = session

    def sessions(self) -> list[Session]:
        return [self._session]

    def mute(self) -> None:
        """There is nothing to keep from it."""


class Told(Protocol):
    """An event on its way."""

    at_us: int

    @property
    def line(self) -> Line:
        """Where it is said."""

    def say(self) -> None:
        """Tell it to all who hear it at that moment."""


class StreamFaults:
    """What becomes of events while rules are armed."""

    def __init__(self, sequencer: Sequencer[Exchange]) -> None:
        self.sequencer = sequencer
        self.rules: list[StreamRule] = []
        self.wake: Callable[[], None] = lambda: None  # have `deliver` called when time passes
        self.lines: list[Callable[[], list[Line]]] = []  # what somebody hears now
        self._held: dict[str, Told] = {}  # by order: these wait for the next event there
        self._late: list[tuple[int, int, Told]] = []
        self._count = 0

    # Events.

    def tell(self, told: Told) -> None:
        """Tell an event, or have a rule strike it."""
        line = told.line
        held = self._held.pop(line.order, None)
        kind, rule = "", self._striking(told)
        if rule is not None:
            kind = rule.kind
        if kind == REORDER and held is None:
            self._held[line.order] = told
            return
        if kind == LATE:
            assert rule is not None
            self._put_off(told, told.at_us + rule.effect.delay_us)
        elif kind == STALL or kind in ENDS:
            self._end(line, kind)
        elif kind != LOSE:
            told.say()
            if kind == REPEAT:
                told.say()
            elif kind == EXPIRE:
                self._end(line, kind)
        if held is not None:
            held.say()

    def _striking(self, told: Told) -> StreamRule | None:
        seed = self.sequencer.machine.seed
        for rule in self.rules:
            if rule.about(told.line) and rule.strikes(seed, told.at_us):
                return rule
        return None

    def _end(self, line: Line, kind: str) -> None:
        """What is about those who listen."""
        if kind == STALL:
            line.mute()
        elif kind == EXPIRE:
            if line.account:
                ask = ExpireKeys(account=line.account, product=line.product)
                done = self.sequencer.submit(HOUSE, EXPIRE_KEYS, ask)
                done.add_done_callback(asyncio.Future.exception)  # a world that stops expires none
        else:
            for session in line.sessions():
                if kind == CUT:
                    session.end()
                elif kind == DAY:
                    session.close(GOING_AWAY, DAY_OVER)
                else:
                    session.shut_down()

    def strike(self, rule: StreamRule) -> None:
        """Have a rule of `AT_ONCE` strike now, each line that it is about once."""
        for line in [line for lines in self.lines for line in lines()]:
            if rule.about(line) and (rule.kind in ENDS or not isinstance(line, Socket)):
                rule.seen += 1
                rule.hit += 1
                self._end(line, rule.kind)

    # Events that wait.

    def _put_off(self, told: Told, due_us: int) -> None:
        self._count += 1
        heapq.heappush(self._late, (due_us, self._count, told))
        if len(self._late) > MOST_LATE:
            heapq.heappop(self._late)[2].say()
        self.wake()

    @property
    def due_us(self) -> int:
        """When the first late event is due, 0 when none waits."""
        return self._late[0][0] if self._late else 0

    def deliver(self, at_us: int) -> None:
        """Tell the late events that are due by now."""
        while self._late and self._late[0][0] <= at_us:
            heapq.heappop(self._late)[2].say()

    def drop(self, gone: Sequence[Rule]) -> None:
        """Take rules away. What waits for a next event waits no more when none is left."""
        self.rules = [rule for rule in self.rules if rule not in gone]
        if self.rules:
            return
        held, self._held = self._held, {}
        for told in held.values():
            told.say()
