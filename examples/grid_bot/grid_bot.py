"""A small grid bot for spot: buys below the price, sells what it bought one step higher.

It keeps no state of its own. Every order's client order id says which place of the grid it fills
and for which time, so that after a crash, a lost answer or a broken stream the bot asks the
exchange what is there, and never orders twice what it ordered before.

    python grid_bot.py BTCUSDT 50000 100 0.01
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import requests
from binance.client import Client
from binance.exceptions import BinanceAPIException
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

UNKNOWN = (-1000, -1006, -1007)  # the exchange does not say whether it was done
NO_SUCH_ORDER = -2013
TRIES = 5


@dataclass(frozen=True)
class Grid:
    """`levels` prices, `step` apart, the highest one step below `top`; `quantity` at each."""

    symbol: str
    top: Decimal
    step: Decimal
    quantity: Decimal
    levels: int = 3

    def bid(self, level: int) -> Decimal:
        return self.top - self.step * (level + 1)

    def ask(self, level: int) -> Decimal:
        return self.bid(level) + self.step


class GridBot:
    """See above. client: of python-binance. sleep: how to wait, in seconds."""

    def __init__(
        self, client: Client, grid: Grid, *, name: str = "grid",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self.client = client
        self.grid = grid
        self.name = name
        self.sleep = sleep

    # --- What should be there --------------------------------------------------------------------

    def step(self) -> list[dict[str, Any]]:
        """Look at the exchange and place what is missing; the orders that were placed."""
        placed = []
        for level, side, turn in self.wanted():
            client_id = f"{self.name}-{level}-{turn}-{side[0].lower()}"
            price = self.grid.bid(level) if side == "BUY" else self.grid.ask(level)
            placed.append(self.place(side, price, client_id))
        return placed

    def wanted(self) -> list[tuple[int, str, int]]:
        """(level, side, turn) of each level that has no open order: a buy, or where the last buy is
        filled a sell, or where that is filled, too, the next buy."""
        seen = self.orders()
        found = []
        for level in range(self.grid.levels):
            turn = 0
            while (level, turn, "s") in seen and seen[level, turn, "s"]["status"] == "FILLED":
                turn += 1
            bought, sold = seen.get((level, turn, "b")), seen.get((level, turn, "s"))
            if bought is None:
                found.append((level, "BUY", turn))
            elif bought["status"] == "FILLED" and sold is None:
                found.append((level, "SELL", turn))
        return found

    def orders(self) -> dict[tuple[int, int, str], dict[str, Any]]:
        """This bot's orders on the exchange, by (level, turn, side)."""
        found = {}
        for row in self.asked(lambda: self.client.get_all_orders(symbol=self.grid.symbol)):
            name, *place = row["clientOrderId"].rsplit("-", 3)
            if name == self.name and len(place) == 3:
                found[int(place[0]), int(place[1]), place[2]] = row
        return found

    # --- Orders that are placed once -------------------------------------------------------------

    def place(self, side: str, price: Decimal, client_id: str) -> dict[str, Any]:
        """Place a limit order; when no answer says what became of it, ask before trying again."""
        for _ in range(TRIES):
            try:
                return self.asked(lambda: self.client.create_order(
                    symbol=self.grid.symbol, side=side, type="LIMIT", timeInForce="GTC",
                    quantity=str(self.grid.quantity), price=str(price), newClientOrderId=client_id,
                ))  # fmt: skip
            except requests.ConnectionError:
                pass
            except BinanceAPIException as refused:
                if refused.code not in UNKNOWN:
                    raise
            found = self.find(client_id)
            if found is not None:
                return found
        raise RuntimeError(f"{client_id} could not be placed in {TRIES} tries")

    def find(self, client_id: str) -> dict[str, Any] | None:
        """The order of that id, if there is one."""
        for tries_left in reversed(range(TRIES)):
            try:
                found: dict[str, Any] = self.asked(
                    lambda: self.client.get_order(
                        symbol=self.grid.symbol, origClientOrderId=client_id
                    )
                )
                return found
            except requests.ConnectionError:
                if not tries_left:
                    raise
            except BinanceAPIException as refused:
                if refused.code != NO_SUCH_ORDER:
                    raise
                if not tries_left:
                    return None
            self.sleep(0.2)  # reads may lag behind writes
        return None

    def asked(self, request: Callable[[], Any]) -> Any:
        """What a request answers; told to wait (429, 418), it waits as long as it is told."""
        while True:
            try:
                return request()
            except BinanceAPIException as refused:
                if refused.status_code not in (418, 429):
                    raise
                self.sleep(float(refused.response.headers.get("Retry-After", 1)))

    # --- Living ----------------------------------------------------------------------------------

    def run(self, stream_url: str, stop: Callable[[], bool], silence: float = 30.0) -> None:
        """Step whenever an order of ours changes. A stream that breaks, ends or falls silent is
        opened anew, and what happened meanwhile is looked up."""
        while not stop():
            try:
                key = self.asked(self.client.stream_get_listen_key)
                with connect(f"{stream_url}/{key}") as socket:
                    self.step()  # after the stream is open: nothing is missed between
                    while not stop():
                        event = socket.recv(timeout=silence)
                        if '"listenKeyExpired"' in event or '"serverShutdown"' in event:
                            break
                        if '"executionReport"' in event:
                            self.step()
            except (ConnectionClosed, TimeoutError, OSError):
                self.sleep(0.5)


def main(symbol: str, top: str, step: str, quantity: str) -> None:
    """Trade until interrupted; addresses and keys come from the environment."""
    rest = os.environ.get("BINANCE_REST", "http://127.0.0.1:8800")
    Client.API_URL = f"{rest}/api"
    client = Client(os.environ["BINANCE_KEY"], os.environ["BINANCE_SECRET"])
    bot = GridBot(client, Grid(symbol, Decimal(top), Decimal(step), Decimal(quantity)))
    bot.run(os.environ.get("BINANCE_STREAM", "ws://127.0.0.1:8800/ws"), stop=lambda: False)


if __name__ == "__main__":
    main(*sys.argv[1:])
