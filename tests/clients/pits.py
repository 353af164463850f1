"""A server as a user starts it, in a process of its own, for unmodified clients to trade on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest


class Keys(NamedTuple):
    api_key: str
    secret: str


class Pit(NamedTuple):
    """Where the server is, and whose keys it knows."""

    url: str
    keys: dict[str, Keys]

    @property
    def ws_url(self) -> str:
        return "ws" + self.url.removeprefix("http")


def started(folder: Path, *flags: str) -> Iterator[Pit]:
    """A server with `flags`, ended when the generator is closed."""
    facts = folder / "facts.json"
    command = [sys.executable, "-m", "tradepit", "up", "--port", "0", "--memory"]
    process = subprocess.Popen([*command, "--config-out", str(facts), *flags])
    try:
        deadline = time.monotonic() + 30
        while not facts.exists() or not facts.read_text().endswith("\n"):
            assert process.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.02)
        found = json.loads(facts.read_text())
        keys = {row["name"]: Keys(row["api_key"], row["secret_key"]) for row in found["accounts"]}
        yield Pit(found["urls"]["base"], keys)
    finally:
        process.terminate()
        process.wait(timeout=20)


def mark(pit: Pit, price: int) -> None:
    """Set index and mark price of bitcoin, which nobody moves in an empty market, by hand."""
    for symbol in ("BTCUSDT", "BTCUSD_PERP"):
        body = {"symbol": symbol, "markPrice": str(price), "indexPrice": str(price)}
        request = urllib.request.Request(
            pit.url + "/_tradepit/v1/contracts", json.dumps(body).encode(),
            {"Content-Type": "application/json"}, method="PUT",
        )  # fmt: skip
        urllib.request.urlopen(request).close()


def futures_connector(pit: Pit, program: str, price: int) -> None:
    """Run a program of this folder with binance-futures-connector, which calls itself `binance` as
    other clients do: it has a folder and a process of its own."""
    folder = Path(sys.executable).parents[1] / "futures-connector"
    if not folder.is_dir():
        pytest.skip("make test puts binance-futures-connector into .venv/futures-connector")
    keys = {name: list(pair) for name, pair in pit.keys.items()}
    done = subprocess.run(
        [sys.executable, "-m", f"tests.clients.{program}", pit.url, json.dumps(keys), str(price)],
        cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def futures_pro(pit: Pit, kind: Any, name: str) -> Any:
    """A ccxt.pro exchange of futures (`kind`) on this server, for an account."""
    keys = pit.keys[name]
    found = kind({"apiKey": keys.api_key, "secret": keys.secret, "enableRateLimit": False})
    urls = found.urls["api"]
    for key, url in list(urls.items()):
        if isinstance(url, str) and url.startswith("https://"):
            urls[key] = f"{pit.url}/{url.split('/', 3)[3]}"
    streams = {"linear": "fstream", "inverse": "dstream"}
    urls["ws"].update({key: f"{pit.ws_url}/{path}/ws" for key, path in streams.items()})
    apis = {"linear": "/ws-fapi/v1", "inverse": "/ws-dapi/v1"}
    urls["ws"]["ws-api"].update({key: pit.ws_url + path for key, path in apis.items()})
    found.options["fetchCurrencies"] = False
    return found


def balance(rows: list[dict[str, Any]], asset: str) -> tuple[Decimal, Decimal]:
    """(free, locked) of an asset in an account's `balances`."""
    row = next(row for row in rows if row["asset"] == asset)
    return Decimal(row["free"]), Decimal(row["locked"])
