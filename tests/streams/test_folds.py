"""Kline streams over days of virtual time: each equals a fold of the trades, whatever memory still
holds of them."""

from __future__ import annotations

import asyncio
import random
from typing import Any, cast

import pytest
from tests.market_data.world import BORN_US, DAY, MINUTE, SECOND, World, naive_bar
from tests.streams.frames import said
from tests.streams.test_local_book import Sequence

from tradepit.core.bars import HOUR_US, INTERVALS, next_open, open_of
from tradepit.core.units import ONE
from tradepit.gateways.hub import Hub
from tradepit.gateways.sockets import Session

SYMBOL = "BTCUSDT"


class Ear:
    """A session that hears klines."""

    def __init__(self) -> None:
        self.closed: list[Any] = []
        self.last: Any = None

    def send(self, frame: bytes) -> None:
        kline = said(frame)["k"]
        if kline["x"]:
            self.closed.append(kline)
        else:
            self.last = kline

    def offer(self, key: str, frame: bytes) -> None:
        self.send(frame)


def shown(units: int) -> str:
    return f"{units // ONE}.{units % ONE:08d}"


def fold(world: World, kline: Any, width_us: int, offset_us: int) -> dict[str, Any]:
    """What a kline has to say of the trades in its span."""
    start_us = kline["t"] * 1_000
    ends_us = next_open(start_us, width_us, offset_us)
    rows = [row for row in world.fed[SYMBOL] if start_us <= row[4] < ends_us]
    if not rows:
        return {"n": 0, "f": -1, "L": -1, "T": ends_us // 1_000 - 1}
    bar = naive_bar(start_us, rows)
    return {
        "n": bar.count, "f": bar.first_id, "L": bar.last_id, "T": ends_us // 1_000 - 1,
        "o": shown(bar.open), "h": shown(bar.high), "l": shown(bar.low), "c": shown(bar.close),
        "v": shown(bar.base), "q": shown(bar.quote), "V": shown(bar.taker_base),
        "Q": shown(bar.taker_quote),
    }  # fmt: skip


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("zone", ["", "@+08:00"])
def test_klines_are_folds_of_trades(late: bool, zone: str) -> None:
    """late: everybody comes after five days, when memory holds two of them."""

    async def live() -> None:
        world, rng = World((SYMBOL,)), random.Random(7)
        sequence = Sequence(world)
        anything: Any = (sequence, sequence, world, None)
        hub = Hub(*anything)
        ears = {interval: Ear() for interval in INTERVALS if interval != "1s"}

        def join() -> None:
            for interval, ear in ears.items():
                hub.join(f"btcusdt@kline_{interval}{zone}", cast("Session", ear), 0)

        if not late:
            join()
        trade_id = 0
        while world.now < BORN_US + 10 * DAY:
            world.now += rng.choice((SECOND, 50 * SECOND, 20 * MINUTE, 50 * MINUTE, 3 * HOUR_US))
            if late and world.now > BORN_US + 5 * DAY and not hub.channels:
                join()
                await asyncio.gather(*hub._reading)  # what was asked of the history
            if hub.channels and rng.random() < 0.5:
                hub.advance(world.now)
            for _ in range(rng.randrange(4)):
                price = (60_000 + rng.randrange(-500, 500)) * ONE
                qty = rng.randrange(1, 99) * ONE // 1_000
                row = (trade_id, price, qty, price * qty // ONE, world.now, rng.random() < 0.5)
                world.feed(SYMBOL, (*row, trade_id))
                trade_id += 1
            if hub.channels:
                hub.advance(world.now - 1)  # as after each command
        world.now += 2 * SECOND
        hub.advance(world.now)
        offset_us = 8 * HOUR_US if zone else 0
        for interval, ear in ears.items():
            width_us = INTERVALS[interval]
            opens = [kline["t"] * 1_000 for kline in ear.closed]
            assert ear.last["t"] * 1_000 == open_of(world.now, width_us, offset_us)
            assert [next_open(us, width_us, offset_us) for us in opens] == [
                *opens[1:], ear.last["t"] * 1_000,
            ][: len(opens)]  # fmt: skip
            few = ear.closed if len(opens) < 300 else rng.sample(ear.closed, 300)
            for kline in [*few, ear.last]:
                wanted = fold(world, kline, width_us, offset_us)
                assert {name: kline[name] for name in wanted} == wanted, interval

    asyncio.run(live())
