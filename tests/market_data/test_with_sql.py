"""Days of real orders over the real log and history: answers are those of the naive world."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from tests.journal.pits import ALICE, BOB, Pit
from tests.market_data.world import BORN_US, DAY, MINUTE, World

from tradepit.catalog.encode import encode
from tradepit.catalog.language import REGISTRY
from tradepit.core.records import Fill, Outcome, Who
from tradepit.core.terms import IOC
from tradepit.journal.clock import FROZEN, WorldClock
from tradepit.journal.datadir import DataDir
from tradepit.journal.sequencer import Options
from tradepit.journal.sqlite import SqliteLog

BTC = {"symbol": "BTCUSDT"}


class Days:
    """Trades days apart, on a clock that stands still between them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = WorldClock()
        self.clock.set(max(BORN_US, self.clock.now_us()) // DAY * DAY + DAY, FROZEN)
        self.naive = World()
        self.chance = random.Random(5)

    async def open(self) -> None:
        self.home = DataDir(self.path)
        self.pit = Pit(
            self.path, SqliteLog(self.home, keep_s=0), self.clock, Options(snapshot_every=150)
        )
        await self.pit.projector.start()
        await self.pit.sequencer.start()
        self.pit.sequencer.listen(self.hear)

    async def close(self, *, killed: bool = False) -> None:
        if not killed:
            await self.pit.sequencer.stop()
            await self.pit.projector.stop()
        self.pit.log.close()
        self.home.release()

    def hear(self, told: Outcome, *_: Any) -> None:
        for event in told.events:
            if isinstance(event, Fill):
                self.naive.feed("BTCUSDT", (
                    event.trade_id, event.price, event.qty, event.quote, event.at_us,
                    event.buyer_is_maker, event.taker.order_id if event.taker else 0,
                ))  # fmt: skip

    async def trade(self, rounds: int, apart_us: int) -> None:
        """Each round is a few resting orders and one that sweeps them."""
        for _ in range(rounds):
            sells = self.chance.random() < 0.5
            rest, take = (self.pit.buy, self.pit.sell) if sells else (self.pit.sell, self.pit.buy)
            base = self.chance.randrange(99_000, 101_000)
            for step in self.chance.sample(range(5), 3):
                await rest(ALICE, base + step, 0.001)
                await rest(ALICE, base + step, 0.001)
            await take(BOB, base + (0 if sells else 4), 0.005, time_in_force=IOC)
            found = self.pit.exchange.accounts[1].on("BTCUSDT").orders
            for order_id in list(found):
                await self.pit.cancel(ALICE, order_id)
            jump = self.chance.choice((0, 300, 70_000, apart_us))
            self.clock.set(self.clock.now_us() + jump)

    def ask(self, path: str, params: dict[str, str]) -> Any:
        operation = REGISTRY[path]
        request = operation.parse(list((BTC | params).items()))
        reply = operation.handler(self.pit.exchange, self.pit.history, Who(-1), request)
        return json.loads(encode(reply() if callable(reply) else reply))

    def compare(self) -> None:
        self.naive.now = self.clock.now_us()
        first = self.naive.fed["BTCUSDT"][0][4] // 1000
        last = self.clock.now_us() // 1000
        count = len(self.naive.fed["BTCUSDT"])
        questions: list[tuple[str, dict[str, str]]] = [
            ("GET /api/v3/ticker/24hr", {}),
            ("GET /api/v3/ticker/tradingDay", {"timeZone": "5"}),
            ("GET /api/v3/avgPrice", {}),
            ("GET /api/v3/trades", {"limit": "20"}),
        ]
        questions += [("GET /api/v3/ticker", {"windowSize": s}) for s in ("7d", "4d", "2h")]
        for at in range(first, last, max(1, (last - first) // 6)):
            for interval in ("1s", "1m", "2h", "1d", "1M"):
                page = {"interval": interval, "limit": "300", "timeZone": "-3"}
                questions.append(("GET /api/v3/klines", page | {"startTime": str(at)}))
                questions.append(("GET /api/v3/klines", page | {"endTime": str(at)}))
            questions.append(("GET /api/v3/aggTrades", {"startTime": str(at), "limit": "30"}))
            questions.append(("GET /api/v3/aggTrades", {"endTime": str(at), "limit": "30"}))
        for from_id in range(0, count, count // 5):
            page = {"fromId": str(from_id), "limit": "100"}
            questions.append(("GET /api/v3/historicalTrades", page))
            questions.append(("GET /api/v3/aggTrades", {"fromId": str(from_id // 2)}))
        for path, params in questions:
            mine, naive = self.ask(path, params), self.naive.ask(path, **BTC, **params)
            for side in ("bidPrice", "bidQty", "askPrice", "askQty"):
                if isinstance(mine, dict) and side in mine:
                    naive[side] = mine[side]  # the naive world has no book
            assert mine == naive, (path, params)


async def test_days_of_trading(tmp_path: Path) -> None:
    days = Days(tmp_path)
    await days.open()
    await days.trade(60, 2 * 60 * MINUTE)
    days.compare()
    await days.trade(60, 6 * 60 * MINUTE)
    days.compare()
    tape = days.pit.exchange.symbols["BTCUSDT"].tape
    assert tape.minutes.from_us > days.naive.fed["BTCUSDT"][0][4]  # some of it is in SQL only
    await days.close(killed=True)
    await days.open()  # replayed from a snapshot and the log
    days.compare()
    await days.trade(20, 6 * 60 * MINUTE)
    days.compare()
    await days.close()
