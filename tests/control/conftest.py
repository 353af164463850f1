"""A world of one module's own, and what speaks JSON with its control API."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.gateways.conftest import ALICE, Response, Server, running, sign

from tradepit.config import Config
from tradepit.data.genesis import DEV_KEYS

DEV = {key.name: key for key in DEV_KEYS}
LIMIT = "symbol={symbol}&side={side}&type=LIMIT&timeInForce=GTC&quantity={qty}&price={price}"


class Pit:
    """A server, its control API, and signed requests of any dev account."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.names = 0

    def control(self, method: str, path: str, /, **ask: Any) -> Response:
        body = json.dumps(ask).encode() if method != "GET" else b""
        query = "&".join(f"{name}={value}" for name, value in ask.items())
        target = f"/_tradepit/v1/{path}" + (f"?{query}" if query and not body else "")
        return self.server.request(method, target, body, content_type="application/json")

    def done(self, method: str, path: str, /, **ask: Any) -> Any:
        """The answer to what is not refused."""
        answer = self.control(method, path, **ask)
        assert answer.status == 200, answer.body
        return answer.json

    def no(self, method: str, path: str, /, **ask: Any) -> tuple[int, str]:
        """(code, words) of what is refused with 400."""
        answer = self.control(method, path, **ask)
        assert answer.status == 400, answer.body
        return answer.code, answer.json["msg"]

    def signed(
        self, method: str, path: str, query: str = "", *, name: str = "alice", **more: Any
    ) -> Response:
        """A signed request of `name`; stamp_us: its timestamp when it is not the wall's."""
        key = DEV[name]
        stamp_us = more.get("stamp_us") or time.time_ns() // 1_000
        query = (query + "&" if query else "") + f"timestamp={stamp_us // 1_000}"
        target = f"{path}?{query}&signature={sign(query, key.secret_key)}"
        return self.server.request(method, target, x_mbx_apikey=key.api_key)

    def order(
        self, name: str, side: str, qty: str, price: str, symbol: str = "BTCUSDT"
    ) -> Response:
        text = LIMIT.format(symbol=symbol, side=side, qty=qty, price=price)
        return self.signed("POST", "/api/v3/order", text + "&newOrderRespType=FULL", name=name)

    def balance(self, asset: str, name: str = "alice") -> tuple[str, str]:
        """(free, locked) as the account itself sees them."""
        found = self.signed("GET", "/api/v3/account", name=name).json["balances"]
        for row in found:
            if row["asset"] == asset:
                return row["free"], row["locked"]
        return "", ""

    def fresh(self) -> str:
        """A name that no account has."""
        self.names += 1
        return f"guest{self.names}"


def running_pit(**settings: Any) -> Iterator[Pit]:
    for server in running(Config(port=0, memory=True, market="empty", **settings)):
        yield Pit(server)


@pytest.fixture(scope="module")
def pit() -> Iterator[Pit]:
    yield from running_pit(limits="off")


__all__ = ["ALICE", "DEV", "Pit", "running_pit"]
