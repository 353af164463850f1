"""A month of a calm market: how long the world takes to pass while nobody listens.

30 virtual days (3 when quick, told as a month) of 20 symbols, in memory, as the server runs them:
its event loop, its collector, its history in SQL.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

import tradepit
from bench.measure import Figure, Limit
from tradepit import server
from tradepit.config import Config
from tradepit.core.terms import SYMBOL_STATUSES
from tradepit.worlds.hall import Hall

DAYS: Final = 30
SYMBOLS: Final = 20
DAY_US: Final = 86_400_000_000

RATIOS: Final[list[object]] = []
LIMITS: Final = [Limit("compiled.month.wall", "<= 60")]


def measure(quick: bool) -> list[Figure]:
    days = DAYS // 10 if quick else DAYS
    with asyncio.Runner(loop_factory=server._loop_factory()) as runner:
        wall_s, cpu_s, commands = runner.run(_pass(days))
    core, part = tradepit.core_kind(), DAYS / days
    return [
        Figure(f"{core}.month.wall", "30 days of 20 symbols", wall_s * part, "s"),
        Figure(f"{core}.month.cpu", "CPU of all its threads", cpu_s * part, "s"),
        Figure(f"{core}.month.commands", "commands in that time", commands * part, ""),
    ]


async def _pass(days: int) -> tuple[float, float, int]:
    hall = Hall(Config(memory=True, market="calm"))
    for symbol in list(hall.pit.symbols.values())[SYMBOLS:]:
        symbol.status = SYMBOL_STATUSES.index("BREAK")
    await hall.start()
    await hall.pace(0)
    server._tame_collector()
    before, wall, cpu = hall.pit.seq, time.perf_counter(), time.process_time()
    await hall.advance(hall.clock.now_us() + days * DAY_US)
    spent = time.perf_counter() - wall, time.process_time() - cpu, hall.pit.seq - before
    await hall.stop()
    return spent
