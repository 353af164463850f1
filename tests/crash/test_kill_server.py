"""The whole server, killed under load: clients find everything that it had answered."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.crash.served import ROOT, Caller, Server, Trader

NAMES = ("alice", "bob", "carol")
FINAL = ("CANCELED", "FILLED", "EXPIRED")


class Books:
    """What was answered, over all lives of the server."""

    def __init__(self) -> None:
        self.born: dict[str, dict[str, Decimal]] = {}
        self.orders: dict[tuple[str, int], dict[str, Any]] = {}
        self.trades: set[tuple[str, int]] = set()
        self.newest_id = -1
        self.answers = 0

    def take(self, traders: list[Trader]) -> None:
        for trader in traders:
            for kind, row in trader.told:
                key = trader.account, row["orderId"]
                self.answers += 1
                if kind == "placed":
                    assert row["orderId"] > self.newest_id, "an id was given twice"
                    assert key not in self.orders
                    self.trades.update((trader.account, f["tradeId"]) for f in row["fills"])
                    self.orders[key] = {**row, "name": row["clientOrderId"]}
                else:
                    self.orders[key].update(
                        status="CANCELED", executedQty=row["executedQty"],
                    )  # fmt: skip

    def check(self, server: Server) -> None:
        sides: dict[int, int] = {}
        newest = -1
        for name in NAMES:
            caller = server.caller(name)
            orders = caller.pages("/api/v3/allOrders", "orderId", "orderId")
            trades = caller.pages("/api/v3/myTrades", "fromId", "id")
            for row in trades:
                sides[row["id"]] = sides.get(row["id"], 0) + 1
            self.check_orders(name, orders, trades)
            self.check_money(name, caller, trades)
            newest = max([newest, *(row["orderId"] for row in orders)])
        assert sides == dict.fromkeys(range(len(sides)), 2)  # no gap, both sides of each
        self.newest_id = newest

    def check_orders(
        self, name: str, orders: list[dict[str, Any]], trades: list[dict[str, Any]]
    ) -> None:
        found = {row["orderId"]: row for row in orders}
        assert len({row["clientOrderId"] for row in orders}) == len(orders)  # nothing twice
        executed: dict[int, Decimal] = {}
        for row in trades:
            executed[row["orderId"]] = executed.get(row["orderId"], Decimal(0)) + Decimal(
                row["qty"]
            )
        for row in orders:
            assert Decimal(row["executedQty"]) == executed.get(row["orderId"], Decimal(0))
        ids = {row["id"] for row in trades}
        assert ids >= {trade_id for who, trade_id in self.trades if who == name}
        for (who, order_id), answered in self.orders.items():
            if who != name:
                continue
            row = found[order_id]
            assert row["clientOrderId"] == answered["name"]
            assert Decimal(row["executedQty"]) >= Decimal(answered["executedQty"])
            if answered["status"] in FINAL:
                assert row["status"] == answered["status"]
                assert row["executedQty"] == answered["executedQty"]

    def check_money(self, name: str, caller: Caller, trades: list[dict[str, Any]]) -> None:
        now = balances(caller)
        wanted = dict(self.born[name])
        for row in trades:
            sign = 1 if row["isBuyer"] else -1
            wanted["BTC"] += sign * Decimal(row["qty"])
            wanted["USDT"] -= sign * Decimal(row["quoteQty"])
            wanted[row["commissionAsset"]] -= Decimal(row["commission"])
        assert now == wanted


def balances(caller: Caller) -> dict[str, Decimal]:
    account = caller.call("GET", "/api/v3/account")
    for row in account["balances"]:
        assert Decimal(row["free"]) >= 0 and Decimal(row["locked"]) >= 0
    return {r["asset"]: Decimal(r["free"]) + Decimal(r["locked"]) for r in account["balances"]}


def audit(path: Path) -> None:
    """The stopped world adds up. It is left as the kill left it: an audit writes nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "tradepit", "audit", "--data", str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def lives(path: Path, count: int, seed: int, *flags: str) -> Books:
    """Start, load, kill, start again and look, `count` times."""
    books = Books()
    chance = random.Random(seed)
    for number in range(count + 1):
        server = Server(path, *flags)
        try:
            if not number:
                books.born = {name: balances(server.caller(name)) for name in NAMES}
            books.check(server)
            if number == count:
                break
            traders = [
                Trader(server.caller(name), name, f"{number}-{name}-{n}")
                for name in NAMES
                for n in range(2)
            ]
            for trader in traders:
                trader.start()
            time.sleep(chance.uniform(0.05, 1.0))
        finally:
            server.kill()
        for trader in traders:
            trader.join()
        books.take(traders)
        if number % 5 == 0:
            audit(path)
    return books


@pytest.mark.kill
def test_what_was_answered_survives_kills(tmp_path: Path) -> None:
    assert lives(tmp_path / "world", 3, seed=1).answers > 100


@pytest.mark.kill
@pytest.mark.soak
@pytest.mark.parametrize("sync", ["os", "disk"])
def test_what_was_answered_survives_forty_kills(tmp_path: Path, sync: str) -> None:
    assert lives(tmp_path / "world", 40, 2, "--sync", sync, "--audit").answers > 2000
