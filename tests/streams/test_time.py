"""Frames and the world's time: the same log gives the same frames, and none knows the future."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from tests.market_data.world import BORN_US, DAY, MINUTE, SECOND, World
from tests.streams.frames import said
from tests.streams.test_local_book import Play, Sequence

from tradepit.core.units import ONE
from tradepit.gateways.hub import Hub
from tradepit.gateways.sockets import Session

SYMBOL = "BTCUSDT"
NAMES = [
    f"btcusdt@{name}"
    for name in (
        "depth", "depth@100ms", "depth5@100ms", "trade", "aggTrade", "bookTicker", "kline_1s",
        "kline_1m", "miniTicker", "ticker", "ticker_1h", "avgPrice",
    )
] + ["!miniTicker@arr", "!ticker_4h@arr"]  # fmt: skip


class Ear:
    """A session that keeps all it hears."""

    def __init__(self) -> None:
        self.said: list[bytes] = []

    def send(self, frame: bytes) -> None:
        self.said.append(frame)

    def offer(self, key: str, frame: bytes) -> None:
        self.said.append(frame)

    def payloads(self) -> list[Any]:
        return [said(frame) for frame in self.said]


def frames(seed: int, timers: int) -> list[bytes]:
    """What is heard of the same commands; timers: the wall's fires after every so many of them
    (0: never), or at every single beat (-1)."""

    async def live() -> list[bytes]:
        play = Play(seed)
        ear = Ear()
        for name in NAMES:
            play.hub.join(name, cast("Session", ear), 1)
        rng = play.random
        for n in range(160):
            play.world.now += rng.choice((1, 700, 90_000, SECOND, 7 * SECOND, 40 * SECOND))
            if n % 50 == 49:
                play.world.now += rng.choice((7 * MINUTE, 20 * MINUTE))
            if timers > 0 and n % timers == 0:
                play.hub.advance(play.world.now - 1)
            while timers < 0 and play.hub._next_us < play.world.now:
                play.hub.advance(play.hub._next_us)
            for _ in range(rng.randrange(4)):
                play.step()
        play.hub.advance(play.world.now)
        return ear.said

    return asyncio.run(live())


def test_the_same_commands_give_the_same_frames() -> None:
    wanted = frames(3, -1)
    for timers in (0, 1, 7):
        assert frames(3, timers) == wanted


def test_no_frame_tells_of_what_comes_after_it() -> None:
    """Everything in the order of its event time, and no trade in a frame older than the trade."""

    async def live() -> list[Any]:
        play, ear = Play(4), Ear()
        for name in NAMES:
            play.hub.join(name, cast("Session", ear), 1)
        for _ in range(400):
            play.world.now += play.random.choice((1, 90_000, SECOND, 40 * SECOND))
            play.step()
        return ear.payloads()

    told = asyncio.run(live())
    newest_us = update_id = trade_id = 0
    kinds = set()
    for message in told:
        for event in message["data"] if isinstance(message["data"], list) else [message["data"]]:
            kinds.add(event.get("e"))
            at = event.get("E", newest_us)
            assert at >= newest_us
            newest_us = at
            if event.get("e") == "trade":
                trade_id = event["t"]
            elif event.get("e") in ("24hrTicker", "24hrMiniTicker", "1hTicker"):
                assert event.get("L", 0) <= trade_id
            elif event.get("e") == "kline":
                assert event["k"]["L"] <= trade_id and event["k"]["t"] <= at
            elif event.get("e") == "avgPrice":
                assert event["T"] <= at
            elif event.get("e") == "depthUpdate" and message["stream"].endswith("100ms"):
                assert event["u"] > update_id
                update_id = event["u"]
    assert kinds >= {"trade", "aggTrade", "kline", "24hrTicker", "24hrMiniTicker", "avgPrice"}


def test_a_ticker_tells_when_trades_only_leave_its_window() -> None:
    async def live() -> list[Any]:
        world = World((SYMBOL,))
        sequence = Sequence(world)
        anything: Any = (sequence, sequence, world, None)
        hub, ear = Hub(*anything), Ear()
        hub.join("btcusdt@ticker", cast("Session", ear), 0)
        for number, at_us in enumerate((BORN_US + 5 * SECOND, BORN_US + 3 * MINUTE)):
            hub.before(at_us)
            world.feed(SYMBOL, (number, (9 + number) * ONE, ONE, ONE, at_us, False, number))
        world.now = BORN_US + 2 * DAY
        while hub._next_us <= world.now:
            hub.advance(hub._next_us)
        return ear.payloads()

    told = asyncio.run(live())
    assert [row["n"] for row in told] == [1, 2, 1, 0]
    assert (told[2]["o"], told[2]["x"]) == ("10.00000000", "9.00000000")
    assert told[3]["E"] * 1_000 <= BORN_US + DAY + 4 * MINUTE
