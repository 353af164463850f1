"""Windows that reach beyond memory: what they say is what REST says, and they read little."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest
from tests.market_data.test_past import Lived
from tests.market_data.world import BORN_US, DAY, MINUTE, SECOND, Fed, World, random_trades
from tests.streams.test_local_book import Sequence as Moved
from tests.streams.test_time import Ear

from tradepit.core.bars import Bar
from tradepit.core.tape import Trade
from tradepit.core.units import ONE
from tradepit.gateways.hub import Hub
from tradepit.gateways.sockets import Session

SYMBOL = "BTCUSDT"
FIELDS = {
    "o": "openPrice", "h": "highPrice", "l": "lowPrice", "c": "lastPrice", "v": "volume",
    "q": "quoteVolume", "F": "firstId", "L": "lastId", "n": "count", "w": "weightedAvgPrice",
    "x": "prevClosePrice", "O": "openTime",
}  # fmt: skip


class Counted(Lived):
    """A past that counts what is read of it."""

    def __init__(self, rows: list[Fed]) -> None:
        super().__init__(rows)
        self.reads = 0

    def spans(self, opens_us: Sequence[int]) -> list[Bar]:
        self.reads += 1
        return super().spans(opens_us)

    def trades_between(self, start_us: int, end_us: int) -> list[Trade]:
        self.reads += 1
        return super().trades_between(start_us, end_us)


@pytest.mark.parametrize("name", ["ticker", "ticker_4h"])
def test_a_window_that_began_before_birth(name: str) -> None:
    async def live() -> None:
        past = Counted(random_trades(11, 4_000, 2 * DAY, BORN_US - 2 * DAY - DAY // 10))
        world = World((SYMBOL,))
        world.pit.symbols[SYMBOL].tape.begin(past, BORN_US)
        sequence = Moved(world)
        anything: Any = (sequence, sequence, world, None)
        hub, ear = Hub(*anything), Ear()
        world.now = BORN_US + 90 * SECOND
        hub.join(f"btcusdt@{name}", cast("Session", ear), 0)
        first_id = past.rows[-1][0] + 1
        said = 0
        for number in range(200):
            at_us = world.now + SECOND // 2
            price = (90 + number % 7) * ONE
            hub.before(at_us)
            world.feed(SYMBOL, (first_id + number, price, ONE, price, at_us, False, 10**9 + number))
            world.now = at_us + SECOND // 2
            hub.advance(world.now)
            await asyncio.gather(*hub._reading)
            reads = past.reads
            if name == "ticker":
                shown = world.ask("GET /api/v3/ticker/24hr", symbol=SYMBOL)
            else:
                shown = world.ask("GET /api/v3/ticker", symbol=SYMBOL, windowSize="4h")
            past.reads = reads
            told = ear.payloads()[-1]
            assert told["E"] * 1_000 == world.now
            for short, full in FIELDS.items():
                if short in told and full in shown:
                    assert told[short] == shown[full], (number, short)
            said += 1
        assert said == 200 == len(ear.said)
        assert past.reads <= 5 + 4 * 200 * SECOND // MINUTE

    asyncio.run(live())
