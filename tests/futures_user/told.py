"""A small futures exchange in process that keeps what its accounts are told."""

from __future__ import annotations

import json
from typing import Any

from tests.futures.contracts_bench import Bench, inverse, linear

from tradepit.gateways.user_stream import told_of

VENUES = ("usdm", "coinm")


class Ear(Bench):
    """A bench that listens: `heard` gives an account's events since it was asked last."""

    def __init__(self, *rows: dict[str, Any], **more: Any) -> None:
        self.told: list[tuple[tuple[str, int], Any]] = []
        super().__init__(*rows, **more)

    def do(self, what: Any, seconds: float = 1) -> Any:
        try:
            return super().do(what, seconds)
        finally:
            for event in self.outcome.events:
                for telling in told_of(event):
                    frame = json.loads(telling.words(1000))
                    assert frame["e"] == telling.event
                    self.told.append((telling.address, frame))

    def heard(self, name: str, product: str = "") -> list[Any]:
        """Of the first contract's exchange unless another is named."""
        address = (product or VENUES[self.contract.venue - 1], self.pit.names[name])
        found = [frame for told, frame in self.told if told == address]
        self.told = [row for row in self.told if row[0] != address]
        return found


def outline(frames: list[Any]) -> list[str]:
    """Frames in short words: NEW, TRADE/FILLED, ORDER …"""
    return [_short(frame) for frame in frames]


def _short(frame: Any) -> str:
    if frame["e"] == "ORDER_TRADE_UPDATE":
        order = frame["o"]
        return f"{order['o']} {order['x']} {order['X']}"
    if frame["e"] == "ALGO_UPDATE":
        return f"ALGO {frame['o']['X']}"
    if frame["e"] == "ACCOUNT_UPDATE":
        return f"ACCOUNT {frame['a']['m']}"
    name: str = frame["e"]
    return name


__all__ = ["Ear", "inverse", "linear", "outline"]
