"""kill -9 while a world is saved, loaded, taken back and born again: it is where it was left."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.crash.served import SYMBOL, Caller, Server

Orders = frozenset[str]
MANY = 30  # snapshots; those that a kill left unanswered are there, too, and 64 is all there may be
BROKEN = (OSError, http.client.HTTPException, ValueError)


class Driver(threading.Thread):
    """One client, one request after the other, until the server is gone.

    orders: those that rest, by client id, as of the last answer. then: what the request under way
    makes of them. saved, seqs: what can be gone back to.
    """

    def __init__(self, server: Server, life: int, orders: Orders, saved: dict[str, Orders]) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.caller: Caller = server.caller("alice")
        self.dice = random.Random(life)
        self.life = life
        self.orders = self.then = orders
        self.saved = saved
        self.saving: dict[str, Orders] = {}
        self.seqs: list[tuple[int, Orders]] = []
        self.counts = dict.fromkeys(("place", "save", "load", "rewind", "reset"), 0)
        self.number = 0
        self.refused = b""

    def run(self) -> None:
        while True:
            self.number += 1
            what = self.dice.choices(list(self.counts), (8, 2, 3, 3, 1))[0]
            try:
                if not getattr(self, what)():
                    continue
            except urllib.error.HTTPError as no:
                self.refused = no.read()
                return
            except BROKEN:
                return  # killed
            self.orders = self.then
            self.counts[what] += 1

    def place(self) -> bool:
        name = f"o{self.life}-{self.number}"
        self.then = self.orders | {name}
        self.caller.call(
            "POST", "/api/v3/order", symbol=SYMBOL, side="BUY", type="LIMIT", timeInForce="GTC",
            quantity="0.001", price="50000", newClientOrderId=name,
        )  # fmt: skip
        self.orders = self.then
        rows = self.ask("GET", "worlds")
        self.seqs.append((rows[0]["commands"], self.orders))
        return True

    def save(self) -> bool:
        if len(self.saved) > MANY:
            gone = self.dice.choice(sorted(self.saved))
            del self.saved[gone]
            self.ask("DELETE", "snapshots", name=gone)
        name = f"s{self.life}-{self.number}"
        self.saving = {name: self.orders}
        self.ask("POST", "snapshots", name=name)
        self.saved |= self.saving
        self.saving = {}
        return True

    def load(self) -> bool:
        if not self.saved:
            return False
        name = self.dice.choice(sorted(self.saved))
        self.then = self.saved[name]
        self.ask("POST", "snapshots/load", name=name)
        self.seqs = []
        return True

    def rewind(self) -> bool:
        if not self.seqs:
            return False
        place = self.dice.randrange(len(self.seqs))
        seq, self.then = self.seqs[place]
        self.ask("POST", "worlds/rewind", seq=seq)
        del self.seqs[place + 1 :]
        return True

    def reset(self) -> bool:
        self.then = frozenset()
        self.ask("POST", "worlds/reset")
        self.seqs = []
        return True

    def ask(self, method: str, path: str, **ask: Any) -> Any:
        body = None if method == "GET" else json.dumps(ask).encode()
        kind = {"Content-Type": "application/json"}
        url = f"{self.server.url}/_tradepit/v1/{path}"
        request = urllib.request.Request(url, body, kind, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)


def lives(path: Path, count: int, seed: int) -> int:
    """Start, look, drive, kill, `count` times; how many ways back were answered."""
    orders: Orders = frozenset()
    allowed, saved = {orders}, dict[str, Orders]()
    dice, done = random.Random(seed), 0
    for life in range(count + 1):
        server = Server(path)
        try:
            driver = Driver(server, seed * 100 + life, orders, saved)
            rows = driver.caller.call("GET", "/api/v3/openOrders", symbol=SYMBOL)
            orders = frozenset(row["clientOrderId"] for row in rows)
            assert orders in allowed
            every = driver.caller.pages("/api/v3/allOrders", "orderId", "orderId")
            assert {row["clientOrderId"] for row in every} == orders
            names = {row["name"] for row in driver.ask("GET", "snapshots")}
            assert names >= saved.keys()
            driver.orders = driver.then = orders
            if life == count:
                break
            driver.start()
            time.sleep(dice.uniform(0.3, 1.0))
        finally:
            server.kill()
        driver.join()
        assert not driver.refused
        allowed = {driver.orders, driver.then}
        saved = driver.saved
        done += driver.counts["load"] + driver.counts["rewind"] + driver.counts["reset"]
    return done


def test_a_world_is_where_it_was_left(tmp_path: Path) -> None:
    assert lives(tmp_path / "data", 3, 1) > 5


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 12))
def test_through_many_lives(tmp_path: Path, seed: int) -> None:
    assert lives(tmp_path / "data", 20, seed) > 40
