"""Two runs of a world are the same: its state, and every byte that its streams say."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest
from tests.market.test_residents import BORN_NS, MINUTE_US, living, take
from tests.replay.files import candle_lines, candles, write
from tests.streams.test_time import Ear

from tradepit.config import Config
from tradepit.core.terms import BUY
from tradepit.core.units import ONE
from tradepit.gateways.hub import Hub
from tradepit.gateways.sockets import Session
from tradepit.journal import clock as clocks

NAMES = [
    f"{symbol}@{name}"
    for symbol in ("btcusdt", "ethusdt")
    for name in (
        "depth", "depth@100ms", "depth5@100ms", "trade", "aggTrade", "bookTicker", "kline_1s",
        "kline_1m", "miniTicker", "ticker", "ticker_1h", "avgPrice",
    )
] + ["!miniTicker@arr", "!ticker_4h@arr"]  # fmt: skip


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's time stands still, so that two worlds are born at the same moment."""
    monkeypatch.setattr(time, "time_ns", lambda: BORN_NS)
    monkeypatch.setattr(clocks, "wall_us", lambda: BORN_NS // 1_000)
    yield


async def run(seed: int, replay: tuple[str, ...]) -> tuple[str, list[bytes]]:
    settings = Config(memory=True, market="wild", seed=seed, replay=replay)
    async with living(settings) as (hall, _):
        with ThreadPoolExecutor(1) as pool:
            hub = Hub(hall.sequencer, hall.clock, hall.history, pool)
            hall.sequencer.listen(hub.applied)
            hall.on_clock.append(hub.clock_changed)
            hall.watched = lambda: bool(hub.channels)
            hall.replays.drained = hub.drained
            ear = Ear()
            for name in NAMES:
                hub.join(name, cast("Session", ear), 1)
            for part in (3, 2):
                await hall.advance(hall.clock.now_us() + MINUTE_US // part)
                await take(hall, "ETHUSDT", BUY, ONE)
            await hall.advance(hall.clock.now_us() + MINUTE_US // 4)
            await hub.drained()
            for name in NAMES:
                hub.leave(name, cast("Session", ear), 1)
        return hall.pit.state_hash(), ear.said


@pytest.mark.parametrize("replayed", [False, True])
async def test_two_runs_are_the_same_to_the_last_byte(tmp_path: Path, replayed: bool) -> None:
    path = write(tmp_path / "BTCUSDT-1m-2024-01-01.csv", candle_lines(candles(20)))
    replay = (str(path),) if replayed else ()
    one, two = [await run(3, replay) for _ in range(2)]
    assert len(one[1]) > 500
    assert one == two
    if not replayed:
        other = await run(4, replay)
        assert one[0] != other[0] and one[1] != other[1]
