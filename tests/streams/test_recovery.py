"""What is lost, late, twice or out of order harms no local book that follows the documents."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from hashlib import sha256
from typing import Any, cast

import pytest
from tests.market_data.world import SECOND
from tests.streams.frames import said
from tests.streams.test_local_book import NAMES, Play

from tradepit.core.units import ONE
from tradepit.gateways.faults import Bounds, Effect
from tradepit.gateways.sockets import Session
from tradepit.gateways.stream_faults import LATE, LOSE, REORDER, REPEAT, StreamRule


class Cache:
    """A local book that starts anew when events are missing."""

    def __init__(self, play: Play, name: str) -> None:
        self.play = play
        self.name = name
        self.update_id = -1
        self.sides: dict[str, dict[Decimal, Decimal]] = {}
        self.waiting: list[Any] = []  # heard, but not in a book yet
        self.gaps = 0
        self.digest = sha256()

    def send(self, frame: bytes) -> None:
        self.digest.update(frame)
        self.waiting.append(said(frame))
        if self.update_id >= 0:
            self.apply()

    def start(self) -> None:
        """The documents' steps from the snapshot on."""
        shown = self.play.snapshot()
        self.update_id = shown["lastUpdateId"]
        for side, name in (("b", "bids"), ("a", "asks")):
            self.sides[side] = {Decimal(p): Decimal(q) for p, q in shown[name]}
        self.apply()

    def apply(self) -> None:
        waiting, self.waiting = self.waiting, []
        for place, event in enumerate(waiting):
            if event["u"] <= self.update_id:
                continue  # known already: told twice, or late
            if event["U"] > self.update_id + 1:
                self.gaps += 1
                self.update_id, self.waiting = -1, waiting[place:]
                return
            for side, levels in self.sides.items():
                levels.update((Decimal(price), Decimal(qty)) for price, qty in event[side])
            self.update_id = event["u"]

    def check(self) -> None:
        shown = self.play.snapshot()
        for side, name in (("b", "bids"), ("a", "asks")):
            held = {price: qty for price, qty in self.sides[side].items() if qty}
            assert held == {Decimal(p): Decimal(q) for p, q in shown[name]}


def run(seed: int) -> tuple[list[int], str]:
    """(gaps that each cache noticed, what all of them heard) in a rough hour."""

    async def live() -> tuple[list[int], str]:
        play = Play(9)
        world, faults = play.world, play.hub.faults
        world.pit.seed = seed
        faults.rules = [
            StreamRule(
                number, kind, bounds=Bounds(times=0, likely=ONE // 20), effect=Effect(3 * SECOND)
            )
            for number, kind in enumerate((LOSE, LATE, REPEAT, REORDER))
        ]
        caches = [Cache(play, name) for name in NAMES]
        for cache in caches:
            play.hub.join(cache.name, cast("Session", cache), 0)
        for _ in range(1_500):
            world.now += play.random.choice((30_000, 90_000, SECOND, 3 * SECOND))
            play.hub.advance(world.now)
            play.step()
            for cache in caches:
                if cache.update_id < 0 and play.random.random() < 0.3:
                    cache.start()
        faults.drop(faults.rules)
        world.now += 10 * SECOND
        play.hub.advance(world.now)
        for cache in caches:
            if cache.update_id < 0:
                cache.start()
            cache.check()
        return [cache.gaps for cache in caches], "".join(c.digest.hexdigest() for c in caches)

    return asyncio.run(live())


@pytest.mark.parametrize("seed", range(3))
def test_a_rough_hour(seed: int) -> None:
    gaps, heard = run(seed)
    assert all(count > 20 for count in gaps)
    assert run(seed) == (gaps, heard), "the same seed, the same bytes"
    assert run(seed + 10)[1] != heard
