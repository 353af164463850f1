"""A process to be killed: clients trade with each other and tell what was acknowledged.

One JSON line on standard output for each answer, written before the client goes on:
["placed", owner, order id, client id, status, executed, [trade ids]] or
["canceled", owner, order id].
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from pathlib import Path

from tests.journal.pits import Pit, opened

from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.terms import BUY, GTC, IOC, NEW, SELL
from tradepit.journal.sequencer import Options

OWNERS = (1, 2, 3)
CLIENTS = 9


def tell(line: list[object]) -> None:
    os.write(1, json.dumps(line).encode() + b"\n")


async def client(pit: Pit, number: int, run: str) -> None:
    """Place, match, cancel, for ever."""
    chance = random.Random(f"{run}/{number}")
    who = Who(OWNERS[number % len(OWNERS)], "key")
    opens: list[int] = []
    for n in range(1_000_000):
        try:
            if opens and chance.random() < 0.4:
                order_id = opens.pop(chance.randrange(len(opens)))
                await pit.cancel(who, order_id)
                tell(["canceled", who.owner, order_id])
                continue
            reply = await pit.place(
                who, chance.choice((BUY, SELL)), 50_000 + chance.randrange(-5, 6), 0.001,
                time_in_force=chance.choice((GTC, GTC, IOC)),
                new_client_order_id=f"{run}-{number}-{n}",
            )  # fmt: skip
        except Reject:
            continue  # filled or expired meanwhile; too many open orders
        trades = [fill.trade_id for fill in reply.fills or []]
        tell([
            "placed", who.owner, reply.order_id, reply.client_order_id, reply.status,
            reply.executed_qty, trades,
        ])  # fmt: skip
        if reply.status == NEW:
            opens.append(reply.order_id)


async def main(path: Path, run: str) -> None:
    async with opened(path, options=Options(snapshot_every=300)) as pit:
        tell(["ready"])
        await asyncio.gather(*(client(pit, number, run) for number in range(CLIENTS)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
