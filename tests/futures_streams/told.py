"""A futures world in process whose streams are heard: time passes when told to, so that every
message is known to the millisecond."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

from tests.futures_data.ask import ALICE, BOB, MINUTE, SECOND, World
from tests.streams.frames import said

from tradepit.catalog.language import commands
from tradepit.core.exchange import Exchange
from tradepit.core.records import Command, Outcome, Who
from tradepit.gateways.hub import Hub, Variant
from tradepit.gateways.sockets import Session

__all__ = ["ALICE", "BOB", "MINUTE", "SECOND", "Ear", "Told", "live"]


class Ear:
    """What one combined socket heard: (stream, event), oldest first."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.frames: list[bytes] = []

    def send(self, frame: bytes) -> None:
        self.frames.append(frame)
        told = said(frame)
        self.heard.append((told["stream"], told["data"]))

    def offer(self, key: str, frame: bytes) -> None:
        self.send(frame)

    def of(self, stream: str) -> list[Any]:
        return [event for name, event in self.heard if name == stream]

    def last(self, stream: str) -> Any:
        return self.of(stream)[-1]


class Told(World):
    """A world, and the hub that tells of it; it is sequencer, clock and history to it."""

    def __init__(self, names: tuple[str, ...] = ("BTCUSDT", "ETHUSDT")) -> None:
        super().__init__(names)
        self.on_rebuilt: list[Callable[[Exchange], None]] = []
        self.before: list[Any] = []
        anything: Any = (self, self, self, None)
        self.hub = Hub(*anything)

    @property
    def machine(self) -> Exchange:
        return self.pit

    settled_us = World.now_us

    def wait_s(self, until_us: int) -> float:
        return 1.0

    def _apply(self, command: Command) -> Outcome:
        self.hub.before(self.now)
        done = super()._apply(command)
        self.hub.applied(done)
        return done

    def hear(self, product: str, *streams: str, ear: Ear | None = None) -> Ear:
        ear = ear or Ear()
        for stream in streams:
            self.hub.join(stream, cast("Session", ear), Variant.COMBINED, product)
        return ear

    def wait(self, us: int) -> None:
        super().wait(us)
        self.hub.advance(self.now)

    async def drained(self) -> None:
        """What feeds read of the history has come."""
        while self.hub._reading:
            await asyncio.wait(self.hub._reading)

    def jump(self, us: int) -> None:
        """One command, a while later."""
        self.now += us
        self._apply(Command(self.pit.seq + 1, self.now, Who(0), "tick", None))
        self.hub.advance(self.now)

    def rebuild(self) -> None:
        """The state becomes another object, as after a command that raised."""
        self.pit = Exchange.load(commands(), self.pit.dump())
        for told in self.on_rebuilt:
            told(self.pit)

    def open_market(self, price: int = 107_000) -> None:
        """Quotes on spot, from which index and mark follow, and around them on the contracts."""
        for side, step in (("BUY", -10), ("SELL", 10)):
            self.do(
                "POST /api/v3/order", BOB, symbol="BTCUSDT", side=side, type="LIMIT", quantity="1",
                price=str(price + step), timeInForce="GTC",
            )  # fmt: skip
            self.limit(BOB, side, "BTCUSDT", "0.500", str(price + step))
            self.limit(BOB, side, "BTCUSD_PERP", "50", str(price + step))
        self.wait(2 * SECOND)

    def trade(self, symbol: str, side: str = "BUY", qty: str = "", price: int = 107_000) -> None:
        """Alice takes what Bob offers."""
        qty = qty or ("20" if symbol.endswith("_PERP") else "0.2")
        other = "SELL" if side == "BUY" else "BUY"
        self.limit(BOB, other, symbol, qty, str(price))
        self.limit(ALICE, side, symbol, qty, str(price))


def live(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scenario())
