"""Who trades: accounts, their commission rates, keys, open and lately finished orders, counts."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from tradepit.core.bars import DAY_US, SECOND_US
from tradepit.core.units import ONE

if TYPE_CHECKING:
    from tradepit.core.ledger import Balance
    from tradepit.core.lists import OrderList
    from tradepit.core.orders import Order

FINISHED_KEPT: Final = 500  # finished orders in memory per owner and symbol; older ones are in SQL

# (letters of the header, interval name, number, width in µs, limit)
ORDER_LIMITS: Final = (
    ("10S", "SECOND", 10, 10 * SECOND_US, 50),
    ("1D", "DAY", 1, DAY_US, 160_000),
)
COUNT_LIMITS: Final = [limiter[4] for limiter in ORDER_LIMITS]
# How many orders a first fill takes off each interval's count: as taker, as maker.
FILL_CREDITS: Final = ((1, 5), (1, 1))


class Rates:
    """Commission rates of one kind (e8): maker or taker plus buyer or seller."""

    __slots__ = ("buyer", "maker", "seller", "taker")

    def __init__(self, maker: int = 0, taker: int = 0, buyer: int = 0, seller: int = 0) -> None:
        self.maker = maker
        self.taker = taker
        self.buyer = buyer
        self.seller = seller

    def rate(self, is_maker: bool, is_buyer: bool) -> int:
        return (self.maker if is_maker else self.taker) + (self.buyer if is_buyer else self.seller)

    def dump(self) -> list[int]:
        return [self.maker, self.taker, self.buyer, self.seller]


def rates_of(row: list[int]) -> Rates:
    return Rates(row[0], row[1], row[2], row[3])


class Commission:
    """What an account pays on a symbol. `discount` (e8) multiplies the standard part when paid
    in the discount asset."""

    __slots__ = ("discount", "discount_on", "special", "standard", "tax")

    def __init__(
        self, standard: Rates, special: Rates, tax: Rates, discount: int, discount_on: bool
    ) -> None:
        self.standard = standard
        self.special = special
        self.tax = tax
        self.discount = discount
        self.discount_on = discount_on

    def rate(self, is_maker: bool, is_buyer: bool) -> int:
        """All rates together (e8), without any discount."""
        return (
            self.standard.rate(is_maker, is_buyer)
            + self.special.rate(is_maker, is_buyer)
            + self.tax.rate(is_maker, is_buyer)
        )

    def dump(self) -> list[object]:
        return [
            self.standard.dump(), self.special.dump(), self.tax.dump(),
            self.discount, self.discount_on,
        ]  # fmt: skip


def default_commission() -> Commission:
    """0.1 % for makers and takers; a discount of a quarter for whoever pays in BNB."""
    return Commission(Rates(ONE // 1000, ONE // 1000), Rates(), Rates(), ONE * 3 // 4, True)


class OpenOrders:
    """One account's orders on one symbol: open ones by id and client id, and the last finished."""

    __slots__ = (
        "algos", "by_client", "buy_qty", "finished", "finished_by_client", "finished_queue",
        "icebergs", "lists", "orders",
    )  # fmt: skip

    def __init__(self) -> None:
        self.orders: dict[int, Order] = {}
        self.by_client: dict[str, Order] = {}
        self.algos = 0
        self.icebergs = 0
        self.lists = 0
        self.buy_qty = 0  # units of the base that open BUY orders may still buy
        self.finished: dict[int, Order] = {}
        self.finished_by_client: dict[str, Order] = {}
        self.finished_queue: deque[int] = deque()

    def keep(self, order: Order) -> None:
        """Remember a finished order; forget the oldest."""
        self.finished[order.order_id] = order
        self.finished_by_client[order.client_id] = order
        self.finished_queue.append(order.order_id)
        if len(self.finished_queue) > FINISHED_KEPT:
            oldest = self.finished.pop(self.finished_queue.popleft())
            if self.finished_by_client.get(oldest.client_id) is oldest:
                del self.finished_by_client[oldest.client_id]

    def find(self, order_id: int | None, client_id: str | None) -> Order | None:
        """An order in memory. With both, the id is searched and the client id must agree."""
        if order_id is not None:
            return self.orders.get(order_id) or self.finished.get(order_id)
        if client_id is not None:
            return self.by_client.get(client_id) or self.finished_by_client.get(client_id)
        return None


_NOTHING: Final = OpenOrders()  # for everybody who has no orders on a symbol; never written to


class Account:
    """One customer. Owner 0 is the house."""

    __slots__ = (
        "balances", "can_deposit", "can_trade", "can_withdraw", "commission", "commissions",
        "discount_on", "id", "lists", "lists_by_client", "max_assets", "name", "orders_open",
        "permissions", "prevent_sor", "quiet", "require_stp", "symbols", "trade_group", "uid",
        "updated_us", "window_counts", "window_starts", "windows_end_us", "algos_open",
        "icebergs_open", "outside",
    )  # fmt: skip

    def __init__(self, owner: int, name: str, uid: int, quiet: bool) -> None:
        self.id = owner
        self.name = name
        self.uid = uid
        self.quiet = quiet  # an agent of the house: its finished orders are neither kept nor told
        self.balances: dict[str, Balance] = {}  # the spot wallet
        self.outside: dict[str, int] = {}  # what of them is locked from outside, by asset
        self.can_trade = True
        self.can_withdraw = True
        self.can_deposit = True
        self.require_stp = False
        self.prevent_sor = False
        self.trade_group = -1
        self.permissions: list[str] = ["SPOT"]
        self.commission = default_commission()
        self.commissions: dict[str, Commission] = {}  # by symbol, where it differs
        self.discount_on = False  # pay commission in the discount asset
        self.max_assets: dict[str, int] = {}  # MAX_ASSET filters: units by asset
        self.updated_us = 0
        self.symbols: dict[str, OpenOrders] = {}
        self.lists: dict[int, OrderList] = {}  # open order lists
        self.lists_by_client: dict[str, OrderList] = {}
        self.orders_open = 0
        self.algos_open = 0
        self.icebergs_open = 0
        self.window_starts = [0 for _ in ORDER_LIMITS]
        self.window_counts = [0 for _ in ORDER_LIMITS]
        self.windows_end_us = 0  # when the first of the intervals ends: follows from their starts

    def on(self, symbol: str) -> OpenOrders:
        """Its orders on a symbol, to look at: looking leaves no trace."""
        return self.symbols.get(symbol, _NOTHING)

    def open_on(self, symbol: str) -> OpenOrders:
        """Its orders on a symbol, to add to; made when first asked for."""
        found = self.symbols.get(symbol)
        if found is None:
            found = self.symbols[symbol] = OpenOrders()
        return found

    def commission_on(self, symbol: str) -> Commission:
        if not self.commissions:
            return self.commission
        return self.commissions.get(symbol, self.commission)

    def roll_windows(self, at_us: int) -> None:
        """Start the order count anew where an interval (aligned to the clock) has passed."""
        if at_us < self.windows_end_us:
            return
        self.windows_end_us = at_us + DAY_US
        for index, limiter in enumerate(ORDER_LIMITS):
            start = at_us - at_us % limiter[3]
            if start != self.window_starts[index]:
                self.window_starts[index] = start
                self.window_counts[index] = 0
            self.windows_end_us = min(self.windows_end_us, start + limiter[3])

    def add_orders(self, number: int) -> None:
        """Raise the unfilled order count of all intervals."""
        counts = self.window_counts
        for index, count in enumerate(counts):
            counts[index] = count + number

    def first_fill(self, at_us: int, maker: bool) -> None:
        """An order began to trade: it counts no more. Source: faqs/order_count_decrement.md, read
        as docs/decisions/0060-order-count-credits.md says."""
        self.roll_windows(at_us)
        counts = self.window_counts
        for index, (taker_credit, maker_credit) in enumerate(FILL_CREDITS):
            credit = maker_credit if maker else taker_credit
            counts[index] = max(counts[index] - credit, 0)

    def counts_at(self, at_us: int) -> list[int]:
        """The unfilled order count of each interval of ORDER_LIMITS, as it is now."""
        if at_us < self.windows_end_us:
            return self.window_counts[:]
        counts: list[int] = []
        for index, limiter in enumerate(ORDER_LIMITS):
            current = at_us - at_us % limiter[3] == self.window_starts[index]
            counts.append(self.window_counts[index] if current else 0)
        return counts


class ApiKey:
    """A key: `secret` is the HMAC secret, or the public key in PEM."""

    __slots__ = ("api_key", "created_us", "ips", "kind", "label", "may", "owner", "secret")

    def __init__(
        self, api_key: str, owner: int, kind: int, secret: str, may: int,
        ips: list[str] | None = None, label: str = "", created_us: int = 0,
    ) -> None:  # fmt: skip
        self.api_key = api_key
        self.owner = owner
        self.kind = kind
        self.secret = secret
        self.may = may
        self.ips = ips or []
        self.label = label
        self.created_us = created_us

    def dump(self) -> list[object]:
        return [
            self.api_key, self.owner, self.kind, self.secret, self.may, self.ips, self.label,
            self.created_us,
        ]  # fmt: skip
