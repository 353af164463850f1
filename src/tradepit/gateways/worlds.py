"""A world as the gateways see it: one exchange, its order of things, its history and its clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tradepit.gateways.faults import Faults
from tradepit.gateways.hub import Hub
from tradepit.gateways.keys import KeyRing
from tradepit.gateways.lagging import Replica
from tradepit.gateways.pacing import Readers
from tradepit.gateways.sockets import Attempts
from tradepit.gateways.stream_faults import Socket, StreamFaults
from tradepit.gateways.trail import Trail
from tradepit.gateways.user_stream import UserHub

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Executor

    from tradepit.core.exchange import Exchange
    from tradepit.core.history import History
    from tradepit.gateways.limits import IpLimits
    from tradepit.gateways.sockets import Session
    from tradepit.journal.clock import Clock
    from tradepit.journal.sequencer import Sequencer


class World:
    """One exchange on this server. Worlds share nothing.

    limits: by the path's first segment (api, sapi, …). console: what the operations of
    `/_tradepit/v1` read in place of the history. refused_keys: known, but not served here.
    trail: what was refused. faults: what goes wrong on purpose. attempts: to open sockets. away:
    done when what stands in its place is there; who calls meanwhile waits for it.
    """

    __slots__ = (
        "attempts", "away", "clock", "console", "faults", "history", "hub", "keys", "limits",
        "name", "readers", "sequencer", "sessions", "trail", "users",
    )  # fmt: skip

    def __init__(
        self, name: str, sequencer: Sequencer[Exchange], clock: Clock, *,
        history: History, pool: Executor, limits: Mapping[bytes, IpLimits], console: object = None,
        refused_keys: Iterable[str] = (), trail: Trail | None = None,
        faults: Faults | None = None, attempts: Attempts | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.sequencer = sequencer
        self.clock = clock
        self.history = history
        self.limits = limits
        self.attempts = attempts or Attempts()
        self.away: asyncio.Future[None] | None = None
        self.console = console
        self.faults = faults or Faults()
        self.trail = trail or Trail()
        self.faults.replicate = lambda lag_us, behind: Replica(self, lag_us, behind)
        streams = self.faults.streams = StreamFaults(sequencer)
        self.sessions: dict[Session, None] = {}  # the open WebSockets
        self.readers = Readers(self.sessions)
        streams.lines.append(lambda: [Socket(session) for session in self.sessions])
        self.users = UserHub(streams)
        self.hub = Hub(sequencer, clock, history, pool, faults=streams)
        self.keys = KeyRing(refused_keys)

    @property
    def pit(self) -> Exchange:
        """The state; another object after it had to be rebuilt, so ask for it each time."""
        return self.sequencer.world.machine

    async def drained(self) -> None:
        """Tell what is due by what has happened, and wait until those who listen have it: a clock
        that is set forward asks for it at every step."""
        await self.hub.drained()
        await self.readers.caught_up()
