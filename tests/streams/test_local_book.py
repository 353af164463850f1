"""The documents' procedure for a local order book rebuilds the book that REST shows, always."""

from __future__ import annotations

import asyncio
import random
from typing import Any, cast

import pytest
from tests.gateways.conftest import Server
from tests.market_data.world import ALICE, BOB, PLACE, SECOND, World
from tests.streams.frames import said
from tests.streams.listening import ALICE as ALICES
from tests.streams.listening import BOB as BOBS
from tests.streams.listening import Listener, LocalBook, call, order, read

from tradepit.catalog.language import REGISTRY, commands
from tradepit.core.exchange import Exchange
from tradepit.core.records import Command, Outcome, Who
from tradepit.gateways.hub import Hub
from tradepit.gateways.sockets import Session

CANCEL = "DELETE /api/v3/order"
HOUR = 3_600 * SECOND
SYMBOL = "BTCUSDT"
NAMES = ("btcusdt@depth", "btcusdt@depth@100ms")


class Sequence:
    """What the hub asks of a sequencer and of a clock, for a world moved by hand."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.on_rebuilt: list[Any] = []
        self.before: list[Any] = []

    @property
    def machine(self) -> Exchange:
        return self.world.pit

    def now_us(self) -> int:
        return self.world.now

    settled_us = now_us

    def wait_s(self, until_us: int) -> float:
        return 1.0


class Ear:
    """A session that hears one stream, and the local book made of it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.book = LocalBook()

    def send(self, frame: bytes) -> None:
        payload = said(frame)
        assert payload["E"] % (100 if self.name.endswith("@100ms") else 1_000) == 0
        self.book.hear(payload)


class Play:
    """Orders that come, trade and go over hours of virtual time."""

    def __init__(self, seed: int) -> None:
        self.world = World((SYMBOL,))
        self.random = random.Random(seed)
        self.sequence = Sequence(self.world)
        anything: Any = (self.sequence, self.sequence, self.world, None)
        self.hub = Hub(*anything)
        self.open: list[tuple[Who, int]] = []

    def apply(self, who: Who, op: str, **params: str) -> None:
        world = self.world
        asked = REGISTRY[op].parse(list({"symbol": SYMBOL, **params}.items()))
        self.hub.before(world.now)
        outcome: Outcome = world.pit.apply(Command(world.pit.seq + 1, world.now, who, op, asked))
        self.hub.applied(outcome)
        if op == PLACE and hasattr(outcome.reply, "order_id"):
            self.open.append((who, outcome.reply.order_id))

    def step(self) -> None:
        pick = self.random.random()
        who = self.random.choice((ALICE, BOB))
        if pick < 0.35 and self.open:
            who, number = self.open.pop(self.random.randrange(len(self.open)))
            self.apply(who, CANCEL, orderId=str(number))
            return
        side = self.random.choice(("BUY", "SELL"))
        price = 60_000 + self.random.randrange(-40, 40) + (-8 if side == "BUY" else 8)
        self.apply(
            who, PLACE, side=side, type="LIMIT", price=str(price), timeInForce="GTC",
            quantity=f"0.00{self.random.randrange(1, 9)}",
        )  # fmt: skip

    def rebuild(self) -> None:
        """The state becomes another object, as after a command that raised."""
        self.world.pit = Exchange.load(commands(), self.world.pit.dump())
        for told in self.sequence.on_rebuilt:
            told(self.world.pit)

    def snapshot(self) -> Any:
        return self.world.ask("GET /api/v3/depth", symbol=SYMBOL, limit="5000")


@pytest.mark.parametrize("seed", range(3))
def test_over_hours_of_virtual_time(seed: int) -> None:
    async def live() -> tuple[int, int]:
        play = Play(seed)
        world, rng = play.world, play.random
        born_us, ears, checked = world.now, [], 0
        while world.now < born_us + 4 * HOUR:
            world.now += rng.choice((1, 700, 30_000, 90_000, SECOND, 20 * SECOND, 60 * SECOND))
            if rng.random() < 0.3:
                play.hub.advance(world.now)
            for _ in range(rng.randrange(6)):
                play.step()
            if rng.random() < 0.02:
                play.rebuild()
            if rng.random() < 0.08:
                ear = Ear(rng.choice(NAMES))
                play.hub.join(ear.name, cast("Session", ear), 0)
                ears.append(ear)
            for ear in ears:
                if ear.book.unstarted and rng.random() < 0.3:
                    ear.book.start(play.snapshot())
            if rng.random() < 0.05:
                world.now += SECOND - world.now % SECOND
                play.hub.advance(world.now)
                shown = play.snapshot()
                for ear in ears:
                    if not ear.book.unstarted:
                        ear.book.check(shown)
                        checked += 1
            if len(ears) > 4 or (ears and rng.random() < 0.03):
                ear = ears.pop(0)
                play.hub.leave(ear.name, cast("Session", ear), 0)
        return checked, world.pit.symbols[SYMBOL].book.update_id

    checked, updates = asyncio.run(live())
    assert checked > 50 and updates > 500


def test_over_a_socket(server: Server) -> None:
    """Real orders, real snapshots, three listeners that come at different moments."""
    rng = random.Random(5)
    listeners: list[tuple[Listener, LocalBook]] = []
    open_orders: list[tuple[Any, int]] = []
    try:
        for n in range(240):
            if n in (3, 60, 130):
                target = f"/ws/bnbusdt@depth{'' if n == 60 else '@100ms'}"
                listeners.append((Listener(server, target), LocalBook()))
            key = rng.choice((ALICES, BOBS))
            if rng.random() < 0.3 and open_orders:
                who, number = open_orders.pop(rng.randrange(len(open_orders)))
                if any(
                    row["orderId"] == number
                    for row in call(server, "GET", "/api/v3/openOrders", who, symbol="BNBUSDT")
                ):
                    call(server, "DELETE", "/api/v3/order", who, symbol="BNBUSDT", orderId=number)
            else:
                side = rng.choice(("BUY", "SELL"))
                price = 600 + rng.randrange(-9, 9) + (-5 if side == "BUY" else 5)
                placed = order(server, key, "BNBUSDT", side, "0.1", str(price))
                open_orders.append((key, placed["orderId"]))
            for listener, book in listeners:
                if n % 20 == 19 and book.unstarted:
                    for event in listener.all(0.05):
                        book.hear(event)
                    book.start(read(server, "/api/v3/depth?symbol=BNBUSDT&limit=5000"))
        shown = read(server, "/api/v3/depth?symbol=BNBUSDT&limit=5000")
        for listener, book in listeners:
            while book.seen < shown["lastUpdateId"]:
                book.hear(listener.next())
            if book.unstarted:
                assert book.start(shown)
            book.check(shown)
    finally:
        for listener, _ in listeners:
            listener.socket.close()
    assert len(listeners) == 3 and shown["bids"] and shown["asks"]
