"""What listens to streams and trades in a server of the gateways' tests."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any

from tests.gateways.conftest import Server, sign
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tradepit.data.genesis import DEV_KEYS, DevKey

ALICE, BOB, CAROL = DEV_KEYS[:3]


class Listener:
    """One connection to the streams: answers by `ask`, all else by `next` and `until`."""

    def __init__(self, server: Server, target: str, **options: Any) -> None:
        self.socket: ClientConnection = connect(
            f"ws://127.0.0.1:{server.port}{target}", max_size=None, compression=None, **options
        ).__enter__()
        self.waiting: list[Any] = []
        self.asked = 0

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *args: object) -> None:
        self.socket.close()

    def raw(self, text: str | bytes) -> Any:
        """Any message, and the next answer to it."""
        self.socket.send(text)
        while True:
            found = self._receive(5)
            if isinstance(found, dict) and ("result" in found or "code" in found):
                return found
            self.waiting.append(found)

    def ask(self, method: str, *params: Any) -> Any:
        """The result of a request. Five of them a second is all a connection may ask."""
        self.asked += 1
        request = {"method": method, "params": list(params), "id": self.asked}
        found = self.raw(json.dumps(request))
        assert found["id"] == self.asked, found
        return found.get("result", found) if "result" in found else found

    def next(self, within_s: float = 5) -> Any:
        """The next event."""
        return self.waiting.pop(0) if self.waiting else self._receive(within_s)

    def until(self, wanted: Any, within_s: float = 6) -> Any:
        """The first event of which `wanted` says yes."""
        deadline = time.monotonic() + within_s
        while True:
            found = self.next(max(deadline - time.monotonic(), 0.001))
            if wanted(found):
                return found

    def all(self, for_s: float) -> list[Any]:
        """Every event of some seconds."""
        found, deadline = list(self.waiting), time.monotonic() + for_s
        self.waiting = []
        while (left_s := deadline - time.monotonic()) > 0:
            try:
                found.append(self._receive(left_s))
            except (TimeoutError, ConnectionClosed):
                break
        return found

    def _receive(self, within_s: float) -> Any:
        return json.loads(self.socket.recv(timeout=within_s))


def call(server: Server, method: str, path: str, key: DevKey = ALICE, **params: Any) -> Any:
    """The reply to a signed request of one of the dev accounts."""
    query = "&".join(f"{name}={value}" for name, value in params.items())
    query += ("&" if query else "") + f"timestamp={time.time_ns() // 1_000_000}"
    query += f"&signature={sign(query, key.secret_key)}"
    answer = server.request(method, f"{path}?{query}", x_mbx_apikey=key.api_key)
    assert answer.status == 200, answer.body
    return answer.json


def order(server: Server, key: DevKey, symbol: str, side: str, qty: str, price: str = "") -> Any:
    """A limit order, or without a price one at the market."""
    more = {"type": "LIMIT", "timeInForce": "GTC", "price": price} if price else {"type": "MARKET"}
    return call(
        server, "POST", "/api/v3/order", key, symbol=symbol, side=side, quantity=qty, **more
    )


def trade(server: Server, symbol: str, qty: str, price: str, taker: str = "BUY") -> Any:
    """Alice's order at a price, eaten by Bob's; the taker's reply."""
    maker = "SELL" if taker == "BUY" else "BUY"
    order(server, ALICE, symbol, maker, qty, price)
    return order(server, BOB, symbol, taker, qty, price)


def read(server: Server, target: str) -> Any:
    answer = server.request("GET", target)
    assert answer.status == 200, answer.body
    return answer.json


def advance(server: Server, by: str) -> None:
    """Set the world's clock forward."""
    body = json.dumps({"by": by}).encode()
    answer = server.request(
        "POST", "/_tradepit/v1/clock/advance", body, content_type="application/json"
    )
    assert answer.status == 200, answer.body


def listen_key(server: Server, key: DevKey = ALICE) -> str:
    answer = server.request("POST", "/api/v3/userDataStream", x_mbx_apikey=key.api_key)
    found: str = answer.json["listenKey"]
    return found


class LocalBook:
    """The procedure of the documents, "How to manage a local order book correctly"."""

    def __init__(self) -> None:
        self.update_id = 0
        self.sides: dict[str, dict[Decimal, Decimal]] = {}
        self.buffer: list[Any] = []
        self.seen = -1  # the last event's u
        self.unstarted = True

    def hear(self, event: Any) -> None:
        assert self.seen < 0 or event["U"] == self.seen + 1, "a gap between two events"
        assert event["U"] <= event["u"]
        self.seen = event["u"]
        if self.unstarted:
            self.buffer.append(event)
        else:
            self._apply(event)

    def start(self, snapshot: Any) -> bool:
        """Whether this snapshot could be used: it must not be older than the first event."""
        if not self.buffer or snapshot["lastUpdateId"] < self.buffer[0]["U"]:
            return False
        self.update_id = snapshot["lastUpdateId"]
        self.sides = {
            side: {Decimal(price): Decimal(qty) for price, qty in snapshot[name]}
            for side, name in (("b", "bids"), ("a", "asks"))
        }
        self.unstarted = False
        later = [event for event in self.buffer if event["u"] > self.update_id]
        if later:
            assert later[0]["U"] <= self.update_id + 1 <= later[0]["u"] + 1
        for event in later:
            self._apply(event)
        return True

    def _apply(self, event: Any) -> None:
        if event["u"] < self.update_id:
            return
        assert event["U"] <= self.update_id + 1, "events were missed"
        for side, levels in self.sides.items():
            for price, qty in event[side]:
                if Decimal(qty):
                    levels[Decimal(price)] = Decimal(qty)
                else:
                    levels.pop(Decimal(price), None)
        self.update_id = event["u"]

    def check(self, snapshot: Any) -> None:
        """It is the book that REST shows."""
        assert self.update_id == snapshot["lastUpdateId"]
        for side, name in (("b", "bids"), ("a", "asks")):
            rows = {Decimal(price): Decimal(qty) for price, qty in snapshot[name]}
            assert self.sides[side] == rows
