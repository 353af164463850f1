"""What agents see of the exchange and what they may ask of it, as any client could."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tradepit.core.units import ONE

if TYPE_CHECKING:
    from tradepit.core.book import BookSide
    from tradepit.core.exchange import Exchange
    from tradepit.core.orders import Order as Resting
    from tradepit.core.symbols import Symbol

POST: Final = 1  # LIMIT_MAKER
AT_ONCE: Final = 2  # LIMIT, immediate or cancel
MARKET: Final = 3

# A percent-price filter wider than this never matters to those who stay near the last price.
_WIDE_UP: Final = 2 * ONE
_WIDE_DOWN: Final = ONE // 2
_WINDOW: Final = 16  # prices that are looked at first: the near ones do not pay for the far ones
NOBODY: Final[list[int]] = []  # what nobody said of a symbol; never written to


class Order:
    """An order to place: `kind` POST, AT_ONCE or MARKET (price 0). Units."""

    __slots__ = ("buys", "kind", "price", "qty")

    def __init__(self, buys: bool, kind: int, price: int, qty: int) -> None:
        self.buys = buys
        self.kind = kind
        self.price = price
        self.qty = qty


class Act:
    """What an agent does on one beat with one symbol: first the cancels, then the orders."""

    __slots__ = ("account", "cancels", "orders", "symbol")

    def __init__(self, account: str, symbol: str, cancels: list[int], orders: list[Order]) -> None:
        self.account = account
        self.symbol = symbol
        self.cancels = cancels
        self.orders = orders


class Crossing:
    """What stands between here and a price: orders of one's own, and of others so much; `price` is
    the last one that was looked at, `more` whether others want more than was asked for."""

    __slots__ = ("more", "own", "price", "qty")

    def __init__(self, own: list[int], qty: int, price: int, more: bool) -> None:
        self.own = own
        self.qty = qty
        self.price = price
        self.more = more


class View:
    """The exchange as it is now. Whoever looks again asks for another: after a command raised, the
    world is another object. unbounded: see `bounds`."""

    __slots__ = ("pit", "unbounded")

    def __init__(self, pit: Exchange, unbounded: set[str]) -> None:
        self.pit = pit
        self.unbounded = unbounded

    def anchor(self, name: str) -> list[int]:
        """What a symbol was said to be worth: (price, time, id of the last trade that this made
        void); empty: nobody said."""
        anchors = self.pit.anchors
        return anchors.get(name, NOBODY) if anchors else NOBODY

    def temper(self, name: str) -> list[int]:
        """How residents should act on it, see `market.tempers`; empty: as the preset says."""
        tempers = self.pit.tempers
        return tempers.get(name, NOBODY) if tempers else NOBODY

    def price_ago(self, market: Symbol, trades: int) -> int:
        """The price so many trades ago, 0 when there were not so many (or memory is shorter)."""
        rows = market.tape.trades
        return rows[-trades][1] if len(rows) >= trades else 0

    def bounds(self, market: Symbol, buys: bool) -> tuple[int, int]:
        """The lowest and highest price that the percent-price filter allows a side now; 0: any.

        A listing's filters stay: whose are wide is remembered in `unbounded`.
        """
        if market.name in self.unbounded:
            return 0, 0
        if not market.percent_filter or (
            market.bid_up >= _WIDE_UP and market.bid_down <= _WIDE_DOWN
            and market.ask_up >= _WIDE_UP and market.ask_down <= _WIDE_DOWN
        ):  # fmt: skip
            self.unbounded.add(market.name)
            return 0, 0
        up = market.bid_up if buys else market.ask_up
        down = market.bid_down if buys else market.ask_down
        if up >= _WIDE_UP and down <= _WIDE_DOWN:
            return 0, 0
        usual = market.usual_price(self.pit.at_us, market.percent_mins)
        return -(-usual * down // ONE), usual * up // ONE

    def resting(self, account: str, name: str) -> dict[int, Resting]:
        """The account's open orders on a symbol, by id."""
        pit = self.pit
        return pit.accounts[pit.names[account]].on(name).orders

    def crossing(self, account: str, market: Symbol, buys: bool, to: tuple[int, int]) -> Crossing:
        """What a buyer (seller) would meet up (down) to price to[0], at most quantity to[1]."""
        owner = self.pit.names[account]
        side = market.book.side(not buys)
        limit, most = to
        own: list[int] = []
        qty = 0
        last = limit
        for price in _from_best(side, limit):
            if price > limit if buys else price < limit:
                return Crossing(own, qty, limit, False)
            if qty >= most:
                return Crossing(own, min(qty, most), last, True)
            last = price
            order = side.levels[price].head
            while order is not None:
                if order.account.id == owner:
                    own.append(order.order_id)
                else:
                    qty += order.visible
                order = order.next
        return Crossing(own, qty, limit, False)


def _from_best(side: BookSide, limit: int) -> list[int]:
    """The prices of a side, best first, at least all that are not beyond a limit."""
    total = len(side.levels)
    window = _WINDOW
    while True:
        prices = side.prices(window)
        if window >= total or (prices[-1] - limit) * side.sign < 0:
            return prices
        window *= 4
