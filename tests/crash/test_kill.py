"""kill -9 at random moments under load: what was acknowledged is there, whole and once."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.crash.trader import OWNERS
from tests.journal.pits import SYMBOL, Pit, birth, opened

from tradepit.core.records import Who
from tradepit.core.terms import CANCELED, FILLED, SELL

ROOT = Path(__file__).parents[2]


def run_and_kill(path: Path, run: str, after_s: float) -> list[list[Any]]:
    """Let the clients trade and kill them; returns what they told."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"}
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.trader", str(path), run],
        stdout=subprocess.PIPE, env=environment, cwd=ROOT,
    )  # fmt: skip
    assert child.stdout is not None
    try:
        first = child.stdout.readline() if after_s >= 0.05 else b""
        time.sleep(after_s)
    finally:
        child.kill()
    rest = child.stdout.read()
    child.stdout.close()
    child.wait()
    lines = (first + rest).split(b"\n")[:-1]  # the last may be torn
    return [json.loads(line) for line in lines]


class Ledger:
    """What was acknowledged so far."""

    def __init__(self) -> None:
        self.orders: dict[tuple[int, int], dict[str, Any]] = {}
        self.trades: set[tuple[int, int]] = set()
        self.newest_id = -1

    def take(self, told: list[list[Any]]) -> int:
        """Returns how many answers there were. Ids of a new run lie behind all earlier ones."""
        behind = self.newest_id
        for kind, *rest in told:
            if kind == "placed":
                owner, order_id, client_id, status, executed, trades = rest
                assert order_id > behind
                assert (owner, order_id) not in self.orders
                self.orders[owner, order_id] = {
                    "client_id": client_id, "status": status, "executed": executed,
                }  # fmt: skip
                self.trades.update((owner, trade_id) for trade_id in trades)
            elif kind == "canceled":
                self.orders[tuple(rest)]["status"] = CANCELED
        return len(told)


async def everything(ask: Any, key: str) -> list[Any]:
    """All rows of an account, page by page."""
    rows: list[Any] = []
    from_id = 0
    while True:
        page = await ask(from_id=from_id, limit=1000)
        known = {(getattr(row, key), row.order_id) for row in rows}
        fresh = [row for row in page if (getattr(row, key), row.order_id) not in known]
        rows += fresh
        if not fresh:
            return rows
        from_id = getattr(rows[-1], key)


async def check(pit: Pit, ledger: Ledger) -> None:
    assert pit.exchange.audit() == []
    orders = {}
    sides: dict[int, int] = {}
    for owner in OWNERS:
        rows = await everything(partial(pit.orders, Who(owner)), "order_id")
        orders.update({(owner, row.order_id): row for row in rows})
        assert len({row.client_order_id for row in rows}) == len(rows)  # nothing twice
        ask = partial(asyncio.to_thread, pit.history.my_trades, owner, SYMBOL)
        trades = await everything(ask, "trade_id")
        for row in trades:
            sides[row.trade_id] = sides.get(row.trade_id, 0) + 1
        mine = {row.trade_id for row in trades}
        assert mine >= {trade_id for who, trade_id in ledger.trades if who == owner}
        executed: dict[int, int] = {}
        for row in trades:
            executed[row.order_id] = executed.get(row.order_id, 0) + row.qty
        assert executed == {row.order_id: row.executed_qty for row in rows if row.executed_qty}
        check_money(pit, owner, trades)
    assert sides == dict.fromkeys(range(len(sides)), 2)  # no gap, both sides of each
    for key, wanted in ledger.orders.items():
        found = orders[key]
        assert found.client_order_id == wanted["client_id"]
        assert found.executed_qty >= wanted["executed"]
        if wanted["status"] in (CANCELED, FILLED):
            assert found.status == wanted["status"]
    ledger.newest_id = max((order_id for _, order_id in orders), default=-1)


def check_money(pit: Pit, owner: int, trades: list[Any]) -> None:
    """What an account has is what it was born with and what its trades made of it."""
    born = birth().accounts[owner].balances
    wanted = {asset: balance.free for asset, balance in born.items()}
    for row in trades:
        sign = 1 if row.is_buyer else -1
        wanted["BTC"] += sign * row.qty
        wanted["USDT"] -= sign * row.quote
        wanted[row.commission_asset] -= row.commission
    found = pit.exchange.accounts[owner].balances
    assert {asset: b.free + b.locked for asset, b in found.items()} == wanted
    assert all(b.free >= 0 and b.locked >= 0 for b in found.values())
    account = pit.exchange.accounts[owner]
    opens = [o for on in account.symbols.values() for o in on.orders.values()]
    assert found["BTC"].locked == sum(order.leaves for order in opens if order.side == SELL)


async def rounds(path: Path, count: int, seed: int) -> int:
    ledger = Ledger()
    chance = random.Random(seed)
    answers = 0
    for number in range(count):
        # A few die while they start: recovery must be harmless to interrupt.
        after_s = chance.uniform(0.05, 0.9) if chance.random() < 0.85 else 0.0
        if after_s == 0.0:
            after_s = 0.04
        answers += ledger.take(run_and_kill(path, f"r{number}", after_s))
        async with opened(path, killed=True) as pit:
            await check(pit, ledger)
            state = pit.exchange.state_hash()
        async with opened(path, killed=chance.random() < 0.5) as pit:
            assert pit.exchange.state_hash() == state
    return answers


@pytest.mark.kill
async def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    assert await rounds(tmp_path / "world", 4, seed=1) > 200


@pytest.mark.kill
@pytest.mark.soak
async def test_nothing_acknowledged_is_lost_in_forty_kills(tmp_path: Path) -> None:
    assert await rounds(tmp_path / "world", 40, seed=2) > 4000
