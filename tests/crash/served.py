"""A real server in a process of its own, to be killed, and clients that trade on it by HTTP."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

ROOT = Path(__file__).parents[2]
SYMBOL = "BTCUSDT"
START_S = 60.0  # a machine may be busy


class Refused(Exception):
    """An answer that is no success: its status and body."""


class Caller:
    """One account on one connection."""

    def __init__(self, url: str, key: str, secret: str) -> None:
        host = urlsplit(url)
        self._connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=10)
        self._key = key
        self._secret = secret.encode()

    def call(self, method: str, path: str, **params: object) -> Any:
        """The decoded answer. Raises: Refused; OSError or HTTPException when the server died."""
        params["timestamp"] = time.time_ns() // 1_000_000
        params["recvWindow"] = 60_000
        query = urlencode(params)
        signature = hmac.new(self._secret, query.encode(), hashlib.sha256).hexdigest()
        target = f"{path}?{query}&signature={signature}"
        self._connection.request(method, target, headers={"X-MBX-APIKEY": self._key})
        answer = self._connection.getresponse()
        body = json.loads(answer.read())
        if answer.status != 200:
            raise Refused(answer.status, body)
        return body

    def pages(self, path: str, ids: str, key: str) -> list[dict[str, Any]]:
        """All rows of a history, page by page."""
        rows: list[dict[str, Any]] = []
        known: set[tuple[int, int]] = set()
        from_id = 0
        while True:
            page = self.call("GET", path, symbol=SYMBOL, limit=1000, **{ids: from_id})
            fresh = [row for row in page if (row[key], row["orderId"]) not in known]
            known.update((row[key], row["orderId"]) for row in fresh)
            rows += fresh
            if not fresh:
                return rows
            from_id = rows[-1][key]


class Server:
    """`tradepit up` on a data directory."""

    def __init__(self, path: Path, *flags: str) -> None:
        facts = path.with_name("facts.json")
        facts.unlink(missing_ok=True)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TRADEPIT_")}
        environment["PYTHONPATH"] = str(ROOT / "src")
        environment["PYTHONFAULTHANDLER"] = "1"
        if pure := os.environ.get("TRADEPIT_PURE"):
            environment["TRADEPIT_PURE"] = pure
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "tradepit", "up", "--port", "0", "--data", str(path),
                "--market", "empty", "--limits", "off", "--config-out", str(facts), *flags,
            ],
            env=environment, cwd=path.parent, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        until = time.monotonic() + START_S
        while not facts.exists():
            if self.process.poll() is not None or time.monotonic() > until:
                self.process.send_signal(signal.SIGABRT)  # where it hangs, if it does
                said = self.process.communicate()[1]
                raise AssertionError(f"no start, exit code {self.process.returncode}: {said}")
            time.sleep(0.01)
        told = json.loads(facts.read_text())
        self.url: str = told["urls"]["base"]
        self.keys = {row["name"]: row for row in told["accounts"]}

    def caller(self, name: str) -> Caller:
        row = self.keys[name]
        return Caller(self.url, row["api_key"], row["secret_key"])

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.communicate()


class Trader(threading.Thread):
    """Places, matches and cancels until the server is gone; `told` is what was acknowledged."""

    def __init__(self, caller: Caller, name: str, run: str) -> None:
        super().__init__(daemon=True)
        self.account = name
        self.told: list[tuple[str, dict[str, Any]]] = []
        self._caller = caller
        self._run = run
        self._chance = random.Random(run)

    def run(self) -> None:
        opens: list[int] = []
        number = 0
        while True:
            number += 1
            try:
                self._step(opens, f"{self._run}-{number}")
            except Refused:
                continue  # filled meanwhile; too many open orders
            except (OSError, http.client.HTTPException, ValueError):
                return  # killed

    def _step(self, opens: list[int], client_id: str) -> None:
        chance = self._chance
        if len(opens) > 30 or (opens and chance.random() < 0.4):
            order_id = opens.pop(chance.randrange(len(opens)))
            row = self._caller.call("DELETE", "/api/v3/order", symbol=SYMBOL, orderId=order_id)
            self.told.append(("canceled", row))
            return
        row = self._caller.call(
            "POST", "/api/v3/order", symbol=SYMBOL, side=chance.choice(("BUY", "SELL")),
            type="LIMIT", timeInForce=chance.choice(("GTC", "GTC", "IOC")), quantity="0.001",
            price=str(50_000 + chance.randrange(-5, 6)), newClientOrderId=client_id,
            newOrderRespType="FULL",
        )  # fmt: skip
        self.told.append(("placed", row))
        if row["status"] == "NEW":
            opens.append(row["orderId"])
