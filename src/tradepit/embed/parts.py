"""What a world consists of, under its user's hand: clock, faults, markets, contracts, accounts.

Each is a thin word for operations of the control API (docs/control.md) or of the exchange; all
block for as long as one request takes, about a millisecond.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import quote

from tradepit.embed.wire import (
    Moment,
    Number,
    Refused,
    Span,
    Wire,
    duration,
    milliseconds,
    number,
    wire_name,
    wire_query,
)

__tracebackhide__ = True  # a failed test is shown its own line, not how keys are sent

Row = dict[str, Any]


class Key(NamedTuple):
    """What an account signs with; unpacks as (api key, secret), as clients take them."""

    api_key: str
    secret: str

    def __repr__(self) -> str:  # reports of failed tests show what variables hold
        return f"Key({self.api_key[:8]}…, secret hidden)"


class Balance(NamedTuple):
    free: Decimal
    locked: Decimal

    @property
    def total(self) -> Decimal:
        return self.free + self.locked


class Clock:
    """A world's time. Durations: "1h30m", seconds, or a timedelta. Times: ISO 8601, datetime, or
    Unix milliseconds."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def __repr__(self) -> str:
        return f"<Clock of {self._wire.url}>"

    @property
    def now_ms(self) -> int:
        """Unix milliseconds, as the exchange says them."""
        return int(self._wire.control("GET clock", {})["now"])

    @property
    def now(self) -> datetime:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=self.now_ms)

    def advance(self, by: Span) -> int:
        """Set the clock forward; what falls due on the way happens at its time. The new time in
        Unix milliseconds."""
        return int(self._wire.control("POST clock/advance", {"by": duration(by)})["now"])

    def set(self, to: Moment) -> int:
        """Set the clock forward to a time. Raises: Refused when it is in the past."""
        return int(self._wire.control("POST clock/advance", {"to": milliseconds(to)})["now"])

    @property
    def speed(self) -> float:
        """The pace: 1 is real, 0 stands still, 60 an hour a minute."""
        return float(self._wire.control("GET clock", {})["speed"])

    @speed.setter
    def speed(self, pace: Number) -> None:
        self._wire.control("PUT clock", {"speed": number(pace)})

    def freeze(self) -> None:
        self.speed = 0

    def run(self, speed: Number = 1) -> None:
        self.speed = speed


class Fault:
    """An armed rule; as a context manager it is taken away at the end of the block."""

    def __init__(self, wire: Wire, row: Row) -> None:
        self._wire = wire
        self.row = row
        self.number = int(row["number"])

    def __repr__(self) -> str:
        return f"<Fault {self.number}: {self.row['kind']}>"

    @property
    def hits(self) -> int:
        """How often it has struck so far; what it was when it was taken away."""
        for row in self._wire.control("GET faults", {}):
            if row["number"] == self.number:
                self.row = row
        return int(self.row["hit"])

    def remove(self) -> None:
        (self.row,) = self._wire.control("DELETE faults", {"number": self.number})

    def __enter__(self) -> Fault:
        return self

    def __exit__(self, *_: object) -> None:
        if any(row["number"] == self.number for row in self._wire.control("GET faults", {})):
            self.remove()


class Faults:
    """The armed rules of a world; kinds and parameters: docs/control.md."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def __repr__(self) -> str:
        return f"<Faults of {self._wire.url}>"

    def add(self, kind: str, /, **rule: Any) -> Fault:
        """Arm a rule: `add("drop-after", operation="POST /api/v3/order", account="alice")`.

        Raises: Refused, with the names that come closest, for what does not exist.
        """
        return Fault(self._wire, self._wire.control("POST faults", {"kind": kind, **rule}))

    def clear(self) -> None:
        """Take all rules away."""
        self._wire.control("DELETE faults", {"all": True})

    def __iter__(self) -> Iterator[Row]:
        return iter(self._wire.control("GET faults", {}))

    def kinds(self) -> list[Row]:
        """Every kind there is, with what it does."""
        return list(self._wire.control("GET faults/kinds", {}))


class Market:
    """A symbol of the spot exchange."""

    def __init__(self, wire: Wire, symbol: str) -> None:
        self._wire = wire
        self.symbol = symbol

    def __repr__(self) -> str:
        return f"<Market {self.symbol}>"

    def row(self) -> Row:
        """Prices, spread, depth and how residents act, as control tells them."""
        found: Row = self._wire.control("GET market", {"symbol": self.symbol})["symbols"][0]
        return found

    @property
    def last(self) -> Decimal:
        """The last price; set, it was traded at just now, and residents go by it."""
        return Decimal(self.row()["last"])

    @last.setter
    def last(self, price: Number) -> None:
        self.set(last=price)

    @property
    def bid(self) -> Decimal:
        return Decimal(self.row()["bid"])

    @property
    def ask(self) -> Decimal:
        return Decimal(self.row()["ask"])

    def set(self, /, **how: Any) -> Row:
        """How residents act: `spread_multiple=3`, `depth_multiple`, `volatility_multiple`,
        `activity_multiple`, `quiet=True`; or `last`."""
        return _row(self._wire.control("PUT market", {"symbol": self.symbol, **how}))

    def halt(self, status: str = "HALT") -> None:
        """Close it: HALT, BREAK, END_OF_DAY or CANCEL_ONLY."""
        self._wire.control("PUT symbols", {"symbol": self.symbol, "status": status})

    def open(self) -> None:
        self.halt("TRADING")

    def depth(self, limit: int = 100) -> Row:
        """The book as everybody sees it."""
        asked = wire_query({"symbol": self.symbol, "limit": limit})
        return _row(self._wire.ask("GET", "/api/v3/depth", asked))


class Contract:
    """A contract of the futures exchanges: BTCUSDT is USDⓈ-M, BTCUSD_PERP is COIN-M."""

    def __init__(self, wire: Wire, symbol: str) -> None:
        self._wire = wire
        self.symbol = symbol

    def __repr__(self) -> str:
        return f"<Contract {self.symbol}>"

    def row(self) -> Row:
        """Mark and index price and funding, as everybody sees them."""
        return self._public("premiumIndex")

    def _public(self, what: str) -> Row:
        venue = "dapi" if "USD_" in self.symbol else "fapi"
        asked = wire_query({"symbol": self.symbol})
        found = self._wire.ask("GET", f"/{venue}/v1/{what}", asked)
        return _row(found[0] if isinstance(found, list) else found)

    @property
    def last(self) -> Decimal:
        """The last price: of trades, which follow the index."""
        return Decimal(self._public("ticker/price")["price"])

    @property
    def bid(self) -> Decimal:
        return Decimal(self._public("ticker/bookTicker")["bidPrice"])

    @property
    def ask(self) -> Decimal:
        return Decimal(self._public("ticker/bookTicker")["askPrice"])

    @property
    def mark(self) -> Decimal:
        """The mark price; set, it stays until `free`, and who cannot bear it is liquidated."""
        return Decimal(self.row()["markPrice"])

    @mark.setter
    def mark(self, price: Number) -> None:
        self.set(mark_price=price)

    @property
    def index(self) -> Decimal:
        """The index price; set, it stays until `free`, and residents quote around it at once."""
        return Decimal(self.row()["indexPrice"])

    @index.setter
    def index(self, price: Number) -> None:
        self.set(index_price=price)

    @property
    def funding_rate(self) -> Decimal:
        return Decimal(self.row()["lastFundingRate"])

    @funding_rate.setter
    def funding_rate(self, rate: Number) -> None:
        self.set(funding_rate=rate)

    def set(self, /, **prices: Any) -> Row:
        """`mark_price`, `index_price`, `funding_rate`."""
        return _row(self._wire.control("PUT contracts", {"symbol": self.symbol, **prices}))

    def free(self) -> None:
        """Let go of all that was set."""
        self.set(free=True)

    def fund(self) -> Row:
        """Charge the funding now, at the rate that stands."""
        return _row(self._wire.control("POST fundings", {"symbol": self.symbol}))

    def liquidate(self, account: str) -> Row:
        """Liquidate an account's positions, whatever their margin."""
        asked = {"symbol": self.symbol, "account": account}
        return _row(self._wire.control("POST liquidations", asked))


LISTEN_KEYS = {
    "spot": "/api/v3/userDataStream",
    "usdm": "/fapi/v1/listenKey",
    "coinm": "/dapi/v1/listenKey",
}


class Account:
    """One who trades: a counterparty for whoever is tested, through the exchange's own REST API."""

    def __init__(self, wire: Wire, name: str, key: Key, by_world: bool = False) -> None:
        """by_world: whether its requests have to bear the world's time, not the machine's."""
        self._wire = wire
        self.name = name
        self.key = key
        self.by_world = by_world

    def __repr__(self) -> str:
        return f"<Account {self.name}>"

    def call(self, operation: str, /, **given: Any) -> Any:
        """A signed request: `call("GET /api/v3/order", symbol="BTCUSDT", order_id=1)`; of this
        moment, unless a `timestamp` is given.

        Raises: Refused.
        """
        method, _, path = operation.partition(" ")
        named = {wire_name(name): value for name, value in given.items()}
        if "timestamp" not in named:
            named["timestamp"] = Clock(self._wire).now_ms if self.by_world else _wall_ms()
        query = wire_query(named)
        digest = hmac.new(self.key.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        return self._wire.ask(
            method, path, f"{query}&signature={quote(digest)}",
            headers={"X-MBX-APIKEY": self.key.api_key},
        )  # fmt: skip

    def buy(
        self, symbol: str, quantity: Number, price: Number | None = None, /, **more: Any
    ) -> Row:
        """A limit order good till cancelled, or without a price a market order; the FULL reply."""
        return self._place("BUY", symbol, quantity, {"price": price, **more})

    def sell(
        self, symbol: str, quantity: Number, price: Number | None = None, /, **more: Any
    ) -> Row:
        """See `buy`."""
        return self._place("SELL", symbol, quantity, {"price": price, **more})

    def _place(self, side: str, symbol: str, quantity: Number, more: dict[str, Any]) -> Row:
        limit = more["price"] is not None
        usual = {"type": "LIMIT", "time_in_force": "GTC"} if limit else {"type": "MARKET"}
        asked = {"symbol": symbol, "side": side, "quantity": quantity, **usual, **more}
        return _row(self.call("POST /api/v3/order", new_order_resp_type="FULL", **asked))

    def order(self, symbol: str, /, **which: Any) -> Row:
        """An order by `order_id` or `orig_client_order_id`."""
        return _row(self.call("GET /api/v3/order", symbol=symbol, **which))

    def open_orders(self, symbol: str | None = None) -> list[Row]:
        return list(self.call("GET /api/v3/openOrders", symbol=symbol))

    def cancel_all(self, symbol: str) -> list[Row]:
        """Cancel the open orders of a symbol; none is no error."""
        try:
            return list(self.call("DELETE /api/v3/openOrders", symbol=symbol))
        except Refused as refused:
            if refused.code != -2011:
                raise
            return []

    def trades(self, symbol: str) -> list[Row]:
        return list(self.call("GET /api/v3/myTrades", symbol=symbol))

    def balance(self, asset: str) -> Balance:
        """What it holds on spot."""
        for row in self.call("GET /api/v3/account")["balances"]:
            if row["asset"] == asset:
                return Balance(Decimal(row["free"]), Decimal(row["locked"]))
        return Balance(Decimal(0), Decimal(0))

    def give(self, asset: str, amount: Number) -> None:
        """Money from the faucet."""
        self._faucet(asset, amount, None)

    def take(self, asset: str, amount: Number) -> None:
        """Back to the faucet, of what is free."""
        self._faucet(asset, amount, True)

    def _faucet(self, asset: str, amount: Number, take: bool | None) -> None:
        asked = {"account": self.name, "asset": asset, "amount": amount, "take": take}
        self._wire.control("POST faucet", asked)

    def listen_key(self, exchange: str = "spot") -> str:
        """The key of its user data stream: `stream_url + "/" + key` tells its events; of "usdm"
        and "coinm" it is `fstream_url` and `dstream_url`.

        Raises: KeyError for another exchange.
        """
        path = LISTEN_KEYS[exchange]
        headers = {"X-MBX-APIKEY": self.key.api_key}
        return str(self._wire.ask("POST", path, headers=headers)["listenKey"])

    def set(self, /, **how: Any) -> Row:
        """`can_trade`, `pays_in_bnb`, `trade_group_id`, …: see docs/control.md."""
        return _row(self._wire.control("PUT accounts", {"account": self.name, **how}))


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def _row(found: Any) -> Row:
    assert isinstance(found, dict), found
    return found
