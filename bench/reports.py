"""From an order to its executionReport: one client places over the WebSocket API and hears of it on
a user stream socket, one order at a time on an idle server.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
import urllib.request
from typing import Final

import tradepit
from bench.measure import Figure, Limit
from bench.rest import KEY, server

KINDS: Final = ("memory", "os")
LIMITS = [Limit(f"compiled.reports.{kind}.p99", "<= 3") for kind in KINDS]
RATIOS: list[object] = []
WARM: Final = 100
PAUSE_S: Final = 0.002  # idle in between, as a person's machine is


def measure(quick: bool) -> list[Figure]:
    """tradepit with the core that this process has."""
    figures: dict[str, Figure] = {}
    for _ in range(1 if quick else 3):
        for kind in KINDS:
            with server(kind) as served:
                orders, key = 300 if quick else 2_000, _listen_key(served.port)
                times = sorted(asyncio.run(_times(served.port, key, orders)))
            for part in (50, 99):
                key = f"{tradepit.core_kind()}.reports.{kind}.p{part}"
                words = f"order to executionReport, tradepit {kind}: p{part}"
                found = Figure(key, words, times[len(times) * part // 100] / 1e6, "ms")
                figures[key] = min(figures.get(key, found), found, key=lambda row: row.value)
    return list(figures.values())


def _listen_key(port: int) -> str:
    ask = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v3/userDataStream", method="POST",
        headers={"X-MBX-APIKEY": KEY.api_key},
    )  # fmt: skip
    with urllib.request.urlopen(ask) as answer:
        found: str = json.load(answer)["listenKey"]
    return found


async def _times(port: int, key: str, orders: int) -> list[int]:
    """Nanoseconds from sending each order until its report has been read."""
    from websockets.asyncio.client import connect

    base = f"ws://127.0.0.1:{port}"
    times: list[int] = []
    async with connect(f"{base}/ws/{key}") as stream, connect(f"{base}/ws-api/v3") as api:
        for number in range(WARM + orders):
            request = _order(number)
            started = time.perf_counter_ns()
            await api.send(request)
            report = json.loads(await stream.recv())
            times.append(time.perf_counter_ns() - started)
            assert report["e"] == "executionReport" and report["c"] == f"bench-{number}"
            await stream.recv()  # the balances
            assert json.loads(await api.recv())["status"] == 200
            await asyncio.sleep(PAUSE_S)
    return times[WARM:]


def _order(number: int) -> str:
    params = {
        "apiKey": KEY.api_key, "newClientOrderId": f"bench-{number}", "price": "10000.00",
        "quantity": "0.00100", "side": "BUY", "symbol": "BTCUSDT", "timeInForce": "GTC",
        "timestamp": time.time_ns() // 1_000_000, "type": "LIMIT",
    }  # fmt: skip
    text = "&".join(f"{name}={value}" for name, value in sorted(params.items()))
    signature = hmac.new(KEY.secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()
    return json.dumps(
        {"id": number, "method": "order.place", "params": {**params, "signature": signature}}
    )
