"""What agents see of the exchange and what they may ask of it, as any client could."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from tradepit.market.ladder import Rules

POST: Final = 1  # LIMIT_MAKER
AT_ONCE: Final = 2  # LIMIT, immediate or cancel
MARKET: Final = 3


class Side(Protocol):
    """One side of a public book. Prices and quantities in units."""

    def best(self) -> int: ...
    def qty_at(self, price: int) -> int: ...
    def nth(self, number: int) -> int: ...


class Book(Protocol):
    @property
    def bids(self) -> Side: ...
    @property
    def asks(self) -> Side: ...


class Market(Rules, Protocol):
    """What everybody can see of a symbol. `last_price` 0: nothing ever traded."""

    @property
    def base(self) -> str: ...
    @property
    def quote(self) -> str: ...
    @property
    def max_orders(self) -> int: ...
    @property
    def market_max_qty(self) -> int: ...
    @property
    def market_step_size(self) -> int: ...
    @property
    def last_price(self) -> int: ...


class Resting(NamedTuple):
    """An open order of one's own. Price and the quantity that is left in units."""

    order_id: int
    buys: bool
    price: int
    leaves: int


class Order(NamedTuple):
    """An order to place: `kind` POST, AT_ONCE or MARKET (price 0). Units."""

    buys: bool
    kind: int
    price: int
    qty: int


class Crossing(NamedTuple):
    """What stands between here and a price: orders of one's own, and of others so much; `price` is
    the last one that was looked at, `more` whether others want more than was asked for."""

    own: list[int]
    qty: int
    price: int
    more: bool


class Act(NamedTuple):
    """What an agent does on one beat with one symbol: first the cancels, then the orders."""

    account: str
    symbol: str
    cancels: Sequence[int]
    orders: Sequence[Order]


class Desk(Protocol):
    """An agent's way to the exchange."""

    def markets(self) -> Mapping[str, Market]:
        """The symbols that can be traded now, by name."""

    def typical_price(self, symbol: str) -> int:
        """What one costs at the world's birth, in units."""

    def anchor(self, symbol: str) -> Sequence[int]:
        """What it was said to be worth: (price, time, id of the last trade that this made void);
        empty: nobody said."""

    def temper(self, symbol: str) -> Sequence[int]:
        """How residents should act on it, see `market.tempers`; empty: as the preset says."""

    def traded_us(self, symbol: str) -> int:
        """When the last trade was, -1 when nothing ever traded."""

    def traded_id(self, symbol: str) -> int:
        """The last trade's id, -1 when nothing ever traded."""

    def price_ago(self, symbol: str, trades: int) -> int:
        """The price so many trades ago, 0 when there were not so many (or memory is shorter)."""

    def bounds(self, symbol: str, buys: bool) -> tuple[int, int]:
        """The lowest and highest price that the percent-price filter allows a side now; 0: any."""

    def sides(self, symbol: str) -> Book:
        """The public book."""

    def resting(self, account: str, symbol: str) -> list[Resting]:
        """The account's open orders on a symbol."""

    def open_count(self, account: str, symbol: str) -> int:
        """How many there are."""

    def crossing(self, account: str, symbol: str, buys: bool, to: tuple[int, int]) -> Crossing:
        """What a buyer (seller) would meet up (down) to price to[0], at most quantity to[1]."""

    def submit(self, act: Act) -> Awaitable[object]:
        """Hand it to the exchange; an item that is refused does not keep the others."""
