"""A server as a user starts it, in a process of its own, for unmodified clients to trade on."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple


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


def balance(rows: list[dict[str, Any]], asset: str) -> tuple[Decimal, Decimal]:
    """(free, locked) of an asset in an account's `balances`."""
    row = next(row for row in rows if row["asset"] == asset)
    return Decimal(row["free"]), Decimal(row["locked"])
