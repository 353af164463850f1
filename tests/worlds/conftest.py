"""Worlds of a server, and what speaks with one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.control.conftest import Pit, running_pit
from tests.gateways.conftest import Response, Server, message

# A moment on a whole minute, and the symbols of worlds that must be made quickly.
BORN_MS = 1_750_000_020_000
FEW = ["BTCUSDT", "ETHUSDT"]


class _Within:
    """A server seen through `/@name`."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.prefix = f"/@{name}"

    def request(self, method: str, target: str, body: bytes = b"", **headers: str) -> Response:
        full = self.prefix + target
        return self.server.raw(message(method, full, body, self.server.authority, **headers))


class Inside(Pit):
    """One world: its control API and its accounts."""

    def __init__(self, pit: Pit, name: str) -> None:
        super().__init__(_Within(pit.server, name))  # type: ignore[arg-type]
        self.name = name

    def hash(self) -> str:
        return str(self.done("GET", "audit")["stateHash"])

    def price(self, symbol: str = "BTCUSDT") -> Any:
        return self.server.request("GET", f"/api/v3/depth?symbol={symbol}&limit=100").json


def make(pit: Pit, name: str, **ask: Any) -> Inside:
    """A new world; unless told otherwise quiet, of few symbols, its clock frozen."""
    ask = {"market": "empty", "symbols": FEW, "time": BORN_MS, "speed": "0", **ask}
    pit.done("POST", "worlds", name=name, **{k: v for k, v in ask.items() if v is not None})
    return Inside(pit, name)


@pytest.fixture(scope="module")
def pit() -> Iterator[Pit]:
    yield from running_pit(limits="off")


@pytest.fixture
def named(pit: Pit) -> Iterator[list[str]]:
    """Names of worlds that are deleted in the end."""
    names: list[str] = []
    yield names
    for name in names:
        pit.control("DELETE", "worlds", name=name)
