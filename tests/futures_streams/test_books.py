"""The documents' procedure for a local order book, with `pu`, rebuilds the book that REST shows."""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from tests.futures_streams.told import ALICE, BOB, MINUTE, SECOND, Ear, Told, live

from tradepit.core.records import Who

HOUR = 60 * MINUTE
BOOKS = {"BTCUSDT": ("usdm", "fapi", "0.00"), "BTCUSD_PERP": ("coinm", "dapi", "")}


class LocalBook:
    """ "How to manage a local order book correctly", step by step."""

    def __init__(self) -> None:
        self.waiting: list[Any] = []
        self.sides: dict[str, dict[Decimal, Decimal]] = {}
        self.snapshot_id = -1
        self.seen = -1  # the last event's u

    def hear(self, event: Any) -> None:
        assert self.seen < 0 or event["pu"] == self.seen
        self.seen = event["u"]
        if self.snapshot_id < 0:
            self.waiting.append(event)
        else:
            self._apply(event)

    def start(self, snapshot: Any) -> None:
        """Steps 3 to 5: what is older is dropped; of the rest the first must span the snapshot."""
        self.snapshot_id = snapshot["lastUpdateId"]
        self.sides = {
            side: {Decimal(price): Decimal(qty) for price, qty in snapshot[name]}
            for side, name in (("b", "bids"), ("a", "asks"))
        }
        waiting, self.waiting = self.waiting, []
        self.first = True
        for event in waiting:
            self._apply(event)

    def _apply(self, event: Any) -> None:
        if event["u"] < self.snapshot_id:
            return
        if self.first:
            assert event["U"] <= self.snapshot_id <= event["u"]
            self.first = False
        for side, levels in self.sides.items():
            for price, qty in event[side]:
                if Decimal(qty):
                    levels[Decimal(price)] = Decimal(qty)
                else:
                    levels.pop(Decimal(price), None)

    def check(self, shown: Any) -> None:
        for side, name in (("b", "bids"), ("a", "asks")):
            rows = {Decimal(price): Decimal(qty) for price, qty in shown[name]}
            assert self.sides[side] == rows


class Play:
    """Orders that come, trade and go on both venues."""

    def __init__(self, seed: int) -> None:
        self.world = Told(("BTCUSDT",))
        self.random = random.Random(seed)
        self.open: list[tuple[Who, str, int]] = []

    def step(self) -> None:
        rng = self.random
        if rng.random() < 0.35 and self.open:
            who, symbol, number = self.open.pop(rng.randrange(len(self.open)))
            held = self.world.pit.look_trader(who.owner, self.world.pit.contracts[symbol].venue)
            orders = self.world.ask(f"GET /{BOOKS[symbol][1]}/v1/openOrders", who, symbol=symbol)
            assert held is not None
            if any(row["orderId"] == number for row in orders):
                self.world.do(
                    f"DELETE /{BOOKS[symbol][1]}/v1/order", who, symbol=symbol, orderId=number
                )
            return
        symbol = rng.choice(list(BOOKS))
        who, side = rng.choice((ALICE, BOB)), rng.choice(("BUY", "SELL"))
        price = 107_000 + rng.randrange(-40, 40) + (-8 if side == "BUY" else 8)
        qty = f"{BOOKS[symbol][2]}{rng.randrange(1, 9)}"
        placed = self.world.limit(who, side, symbol, qty, str(price))
        self.open.append((who, symbol, placed["orderId"]))

    def snapshot(self, symbol: str) -> Any:
        return self.world.ask(f"GET /{BOOKS[symbol][1]}/v1/depth", symbol=symbol, limit=1000)


@pytest.mark.parametrize("seed", range(2))
def test_over_hours_of_virtual_time(seed: int) -> None:
    async def scenario() -> None:
        play = Play(seed)
        world, rng = play.world, play.random
        world.open_market()
        born_us, checked = world.now, 0
        books: list[tuple[Ear, str, str, LocalBook, list[int]]] = []
        while world.now < born_us + 3 * HOUR:
            world.now += rng.choice((1, 700, 30_000, 90_000, SECOND, 20 * SECOND, 60 * SECOND))
            if rng.random() < 0.3:
                world.hub.advance(world.now)
            for _ in range(rng.randrange(5)):
                play.step()
            if rng.random() < 0.02:
                world.rebuild()
            if rng.random() < 0.08:
                symbol = rng.choice(list(BOOKS))
                speed = rng.choice(("", "@100ms", "@500ms"))
                stream = f"{symbol.lower()}@depth{speed}"
                ear = world.hear(BOOKS[symbol][0], stream)
                books.append((ear, stream, symbol, LocalBook(), [0]))
            if rng.random() < 0.06:
                world.now += SECOND - world.now % SECOND
                world.hub.advance(world.now)
                for ear, stream, symbol, book, heard in books:
                    for event in ear.of(stream)[heard[0] :]:
                        book.hear(event)
                        heard[0] += 1
                    shown = play.snapshot(symbol)
                    if book.snapshot_id < 0:
                        book.start(shown)
                    book.check(shown)
                    checked += 1
            if len(books) > 5:
                del books[0]
        assert checked > 100

    live(scenario)


def test_partial_depth_is_the_top_of_rest() -> None:
    async def scenario() -> None:
        play = Play(3)
        world = play.world
        world.open_market()
        ear = world.hear("usdm", "btcusdt@depth5@100ms", "btcusdt@depth20")
        world.wait(SECOND)
        first = ear.last("btcusdt@depth20")
        assert first["pu"] == first["u"] and first["b"] == [["106990.00", "0.500"]]
        for _ in range(60):
            play.step()
        world.wait(SECOND)
        shown = world.ask("GET /fapi/v1/depth", symbol="BTCUSDT", limit=20)
        for stream, most in (("btcusdt@depth5@100ms", 5), ("btcusdt@depth20", 20)):
            found = ear.of(stream)
            assert found[-1]["b"] == shown["bids"][:most]
            assert found[-1]["a"] == shown["asks"][:most]
            assert found[-1]["u"] == shown["lastUpdateId"]
            for one, other in pairwise(found):
                assert other["pu"] == one["u"]

    live(scenario)


def test_best_quotes() -> None:
    """At once where one contract is asked for, and of all COIN-M ones; every five seconds of all
    USDⓈ-M ones."""

    async def scenario() -> None:
        world = Told()
        world.open_market()
        world.wait(5 * SECOND - world.now % (5 * SECOND))
        ear = world.hear("usdm", "btcusdt@bookTicker", "!bookTicker")
        coin = world.hear("coinm", "btcusd_perp@bookTicker", "!bookTicker")
        world.wait(SECOND)
        assert not ear.heard and not coin.heard
        for symbol in BOOKS:
            world.limit(BOB, "BUY", symbol, "1", "106991")
            world.limit(BOB, "BUY", symbol, "1", "106000")  # no best one
        (told,) = ear.of("btcusdt@bookTicker")
        assert (told["b"], told["B"], told["a"]) == ("106991.00", "1.000", "107010.00")
        assert told["E"] * 1000 == world.now
        assert coin.of("btcusd_perp@bookTicker") == coin.of("!bookTicker")
        assert coin.last("!bookTicker")["b"] == "106991.0"
        assert not ear.of("!bookTicker")
        world.wait(5 * SECOND)
        (all_told,) = ear.of("!bookTicker")
        assert all_told["E"] % 5_000 == 0 and all_told["b"] == "106991.00"

    live(scenario)
