"""A month of a calm market: how long the world takes to pass while nobody listens.

30 virtual days (3 when quick, told as a month) of 20 symbols and nothing else, in memory, as the
server runs them: its event loop, its collector, its history in SQL. Then three days of the same
world with its futures contracts trading, too.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

import tradepit
from bench.measure import Figure, Limit
from tradepit.config import Config
from tradepit.core.terms import CONTRACT_STATUSES, SYMBOL_STATUSES
from tradepit.machine import loop_factory, tame_collector
from tradepit.worlds.hall import Hall

DAYS: Final = 30
FEW: Final = 3
SYMBOLS: Final = 20
DAY_US: Final = 86_400_000_000

RATIOS: Final[list[object]] = []
LIMITS: Final = [Limit("compiled.month.wall", "<= 60")]


def measure(quick: bool) -> list[Figure]:
    days = FEW if quick else DAYS
    wall_s, cpu_s, commands = _run(days, contracts=False)
    core, part = tradepit.core_kind(), DAYS / days
    found = [
        Figure(f"{core}.month.wall", "30 days of 20 symbols", wall_s * part, "s"),
        Figure(f"{core}.month.cpu", "CPU of all its threads", cpu_s * part, "s"),
        Figure(f"{core}.month.commands", "commands in that time", commands * part, ""),
    ]
    if not quick:
        _, cpu_s, _ = _run(FEW, contracts=True)
        words = "CPU of all threads with all futures contracts, by 3 days"
        found.append(Figure(f"{core}.month.contracts.cpu", words, cpu_s * DAYS / FEW, "s"))
    return found


def _run(days: int, *, contracts: bool) -> tuple[float, float, int]:
    """(seconds of the wall, of CPU, commands)"""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_pass(days, contracts))


async def _pass(days: int, contracts: bool) -> tuple[float, float, int]:
    hall = Hall(Config(memory=True, market="calm"))
    # Residents let be what does not trade.
    for symbol in list(hall.pit.symbols.values())[SYMBOLS:]:
        symbol.status = SYMBOL_STATUSES.index("BREAK")
    for contract in () if contracts else hall.pit.contracts.values():
        contract.status = CONTRACT_STATUSES.index("PENDING_TRADING")
    await hall.start()
    await hall.pace(0)
    tame_collector()
    before, wall, cpu = hall.pit.seq, time.perf_counter(), time.process_time()
    await hall.advance(hall.clock.now_us() + days * DAY_US)
    spent = time.perf_counter() - wall, time.process_time() - cpu, hall.pit.seq - before
    await hall.stop()
    return spent
