"""Worlds that are saved, loaded, forked and taken back: the whole operations, as answered.

Measured is the CPU time of all threads, and how long others waited at most.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import tradepit
from bench import pits
from bench.apply import PLACE
from bench.measure import Figure, Limit, Ratio
from tradepit.catalog import language
from tradepit.catalog.language import REGISTRY
from tradepit.config import Config
from tradepit.core.exchange import Exchange
from tradepit.core.records import Command, Who
from tradepit.gateways.worlds import World
from tradepit.journal.recovery import Origins
from tradepit.worlds import hall as halls
from tradepit.worlds.births import Codec
from tradepit.worlds.hall import Hall
from tradepit.worlds.keeper import Keeper
from tradepit.worlds.shelf import Shelf

SYMBOLS: Final = 50
LATER: Final = 1_000  # orders that a way back takes back

RATIOS = [
    Ratio("save, pure : compiled", "pure.snapshots.save", "compiled.snapshots.save", "<= 3"),
    Ratio("load, pure : compiled", "pure.snapshots.load", "compiled.snapshots.load", "<= 3"),
]
LIMITS = [
    Limit("compiled.snapshots.save", "<= 100"),
    Limit("compiled.snapshots.load", "<= 200"),
]


class _Gateway:
    """Worlds that nobody calls."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(1)

    def front(self, hall: Hall) -> World:
        world = World(
            hall.name, hall.sequencer, hall.clock, history=hall.history, pool=self.pool, limits={}
        )
        hall.sequencer.listen(world.hub.applied)
        return world

    def part(self, world: World, words: str) -> None:
        pass

    def url(self, name: str) -> str:
        return name


def _order(n: int) -> Any:
    return REGISTRY[PLACE].parse([
        ("symbol", pits.name(n % SYMBOLS)), ("side", "BUY"), ("type", "LIMIT"),
        ("timeInForce", "GTC"), ("quantity", "0.01"), ("price", str(90_000 + n // SYMBOLS % 500)),
        ("newClientOrderId", f"s{n}"),
    ])  # fmt: skip


def _birth(orders: int) -> Callable[[], Exchange]:
    def birth() -> Exchange:
        pit = pits.make(SYMBOLS)
        for n in range(orders):
            command = Command(n + 1, pits.BORN_US + n, Who(1 + n % pits.TRADERS), PLACE, _order(n))
            pit.apply(command)
        pit.seq = 0
        pit.clock_speed = 0
        return pit

    return birth


def measure(quick: bool) -> list[Figure]:
    core = tradepit.core_kind()
    orders = 10_000 if quick else 100_000
    usual = halls.origins
    way = Origins(_birth(orders), lambda row: Exchange.load(language.commands(), row), Codec())
    halls.origins = lambda *_: way  # type: ignore[assignment]
    try:
        with tempfile.TemporaryDirectory(prefix="tradepit-bench-") as home:
            return asyncio.run(_operations(core, Path(home), orders, 2 if quick else 4))
    finally:
        halls.origins = usual


async def _operations(core: str, home: Path, orders: int, rounds: int) -> list[Figure]:
    keeper = Keeper(Config(data=home, market="empty", limits="off"), _Gateway())
    keeper.open_first()
    await keeper.start()
    shelf = Shelf(keeper, "main")
    best: dict[str, float] = {}

    async def timed(key: str, work: Callable[[], Awaitable[object]]) -> None:
        started = time.process_time()
        pause = await _longest_pause(work)
        took = (time.process_time() - started) * 1e3
        best.setdefault(key + "_first", took)
        best[key] = min(best.get(key, 1e9), took)
        best[key + "_pause"] = min(best.get(key + "_pause", 1e9), pause * 1e3)

    for n in range(rounds):
        name = f"s{n}"
        await timed("save", lambda name=name: shelf.save(name))  # type: ignore[misc]
        seq = keeper.halls["main"].sequencer.applied_seq
        await _trade(keeper.halls["main"])
        await timed("rewind", lambda seq=seq: shelf.rewind(None, seq))  # type: ignore[misc]
        await _trade(keeper.halls["main"])
        await timed("load", lambda name=name: shelf.load(name))  # type: ignore[misc]
        await timed("fork", lambda name=name: shelf.fork(name, None))  # type: ignore[misc]
        await keeper.delete(name)
        await timed("diff", lambda name=name: shelf.compare(name, None, 1_000))  # type: ignore[misc]
    await keeper.stop()
    words = {
        "save": "save", "load": "load", "rewind": f"rewind by {LATER:,} orders",
        "fork": "fork", "diff": "diff with now",
    }  # fmt: skip
    figures = [
        Figure(f"{core}.snapshots.{key}", f"{text}, {orders:,} resting orders", best[key], "ms")
        for key, text in words.items()
    ]
    return [
        *figures,
        Figure(f"{core}.snapshots.save_pause", "the same save: the longest others waited",
               best["save_pause"], "ms"),
        Figure(f"{core}.snapshots.save_first", "the first save: orders lie in memory as they came",
               best["save_first"], "ms"),
    ]  # fmt: skip


async def _longest_pause(work: Callable[[], Awaitable[object]]) -> float:
    """Seconds for which the event loop did nothing else while something was done."""
    longest, last = 0.0, time.perf_counter()
    task = asyncio.ensure_future(work())
    while not task.done():
        await asyncio.sleep(0.0005)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    await task
    return longest


async def _trade(hall: Hall) -> None:
    at = [hall.sequencer.submit(Who(1), PLACE, _order(10_000_000 + n)) for n in range(LATER)]
    await asyncio.gather(*at)
