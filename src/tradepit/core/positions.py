"""Who holds what on futures: an account's wallet of one venue, its standing on each contract, its
positions.

A wallet's balance may fall below zero while other positions make up for it. An isolated position's
wallet is a part of the balance that only it may lose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tradepit.core.accounts import FINISHED_KEPT, OpenOrders
from tradepit.core.bars import MINUTE_US, SECOND_US
from tradepit.core.contracts import USDM
from tradepit.core.terms import POSITION_BOTH, POSITION_LONG, POSITION_SHORT
from tradepit.core.units import ONE, wide

if TYPE_CHECKING:
    from tradepit.core.accounts import Account
    from tradepit.core.contracts import Contract
    from tradepit.core.futures_orders import FuturesOrder
    from tradepit.core.ledger import Balance

LEVERAGE: Final = 20  # until the account chooses another
MAKER_RATES: Final = (0, ONE * 2 // 10_000, ONE * 1 // 10_000)  # by venue
TAKER_RATES: Final = (0, ONE * 5 // 10_000, ONE * 5 // 10_000)

# (letters of the header, interval name, number, width in µs, limit) of each venue
FUTURES_ORDER_LIMITS: Final = (
    ("10S", "SECOND", 10, 10 * SECOND_US, 300),
    ("1M", "MINUTE", 1, MINUTE_US, 1_200),
)


class Position:
    """A signed quantity and its exact signed cost (1e-16 of the margin asset)."""

    __slots__ = (
        "buy_held", "cost", "holding", "paid", "qty", "realized", "sell_held", "side",
        "updated_us", "wallet",
    )  # fmt: skip

    def __init__(self, holding: Holding, side: int) -> None:
        self.holding = holding
        self.side = side  # POSITION_BOTH, _LONG or _SHORT
        self.qty = 0
        self.cost = 0
        self.wallet = 0  # units that only this position may lose, where it is isolated
        self.buy_held = 0  # notional (units) of open orders that buy: they ask for margin
        self.sell_held = 0
        self.realized = 0  # units of profit realised since the account began
        self.paid = 0  # commission less realised profit since the position was opened
        self.updated_us = 0

    @property
    def entry_price(self) -> int:
        return self.holding.contract.entry_price(self.qty, self.cost)

    def profit(self, price: int) -> int:
        """Unrealised profit at a price, in 1e-16 of the margin asset."""
        return self.holding.contract.value(price, self.qty) - self.cost

    def dump(self) -> list[object]:
        return [
            self.qty, wide(self.cost), self.wallet, wide(self.realized), wide(self.paid),
            self.updated_us,
        ]  # fmt: skip

    def load(self, row: list[Any]) -> None:
        self.qty, self.cost, self.wallet = row[0], int(row[1]), row[2]
        self.realized, self.paid, self.updated_us = int(row[3]), int(row[4]), row[5]


class AlgoOrders:
    """One account's algo orders on one contract: those that wait, and the last finished."""

    __slots__ = ("by_client", "finished", "orders")

    def __init__(self) -> None:
        self.orders: dict[int, FuturesOrder] = {}
        self.by_client: dict[str, FuturesOrder] = {}
        self.finished: dict[int, FuturesOrder] = {}

    def keep(self, order: FuturesOrder, algo_id: int) -> None:
        """Remember a finished algo order; forget the oldest."""
        del self.orders[algo_id]
        if self.by_client.get(order.client_id) is order:
            del self.by_client[order.client_id]
        self.finished[algo_id] = order
        if len(self.finished) > FINISHED_KEPT:
            del self.finished[next(iter(self.finished))]

    def find(self, algo_id: int | None, client_id: str | None) -> FuturesOrder | None:
        """One in memory, by its id or the newest with a client id."""
        if algo_id is not None:
            return self.orders.get(algo_id) or self.finished.get(algo_id)
        if client_id is None:
            return None
        found = self.by_client.get(client_id)
        if found is not None:
            return found
        for order in reversed(self.finished.values()):
            if order.client_id == client_id:
                return order
        return None


class Holding:
    """An account's standing on one contract."""

    __slots__ = (
        "algos", "auto_add", "both", "called", "contract", "isolated", "leverage", "long", "maker",
        "opened", "short", "taker", "trader",
    )  # fmt: skip

    def __init__(self, trader: Trader, contract: Contract) -> None:
        self.trader = trader
        self.contract = contract
        self.leverage = min(LEVERAGE, contract.brackets[0].leverage)
        self.isolated = False
        self.auto_add = False
        self.maker = MAKER_RATES[contract.venue]
        self.taker = TAKER_RATES[contract.venue]
        self.opened = OpenOrders()
        self.algos = AlgoOrders()
        self.both = Position(self, POSITION_BOTH)
        self.long = Position(self, POSITION_LONG)
        self.short = Position(self, POSITION_SHORT)
        self.called = False  # a margin call was told since it was last safe

    def position(self, side: int) -> Position:
        if side == POSITION_BOTH:
            return self.both
        return self.long if side == POSITION_LONG else self.short

    @property
    def positions(self) -> tuple[Position, Position, Position]:
        return self.both, self.long, self.short

    @property
    def wallet(self) -> int:
        """Units that only its positions may lose, where it is isolated."""
        return self.both.wallet + self.long.wallet + self.short.wallet

    @property
    def flat(self) -> bool:
        return self.both.qty == 0 and self.long.qty == 0 and self.short.qty == 0

    @property
    def at_rest(self) -> bool:
        """Neither positions nor open orders."""
        return self.flat and not self.opened.orders


class Trader:
    """One account on one futures venue."""

    __slots__ = (
        "account", "countdowns", "dual", "exposed", "fee_burn", "holdings", "limits",
        "multi_assets", "orders_open", "tradfi_signed", "updated_us", "venue", "wallet",
        "window_counts", "window_starts",
    )  # fmt: skip

    def __init__(self, account: Account, venue: int, wallet: dict[str, Balance]) -> None:
        self.account = account
        self.venue = venue
        self.wallet = wallet
        # The coin-margined exchange counts orders by the minute alone.
        self.limits = FUTURES_ORDER_LIMITS if venue == USDM else FUTURES_ORDER_LIMITS[1:]
        self.dual = False  # hedge mode: long and short positions side by side
        self.multi_assets = False
        self.fee_burn = False  # commission in BNB, where there is enough of it
        self.tradfi_signed = False  # the agreement about perpetuals on stocks and metals
        self.holdings: dict[str, Holding] = {}
        self.countdowns: dict[str, int] = {}  # symbol -> when all its orders are cancelled
        self.exposed = 0  # open positions
        self.orders_open = 0
        self.updated_us = 0
        self.window_starts = [0 for _ in self.limits]
        self.window_counts = [0 for _ in self.limits]

    def holding(self, contract: Contract) -> Holding:
        """Its standing on a contract; made when first asked for."""
        found = self.holdings.get(contract.name)
        if found is None:
            found = self.holdings[contract.name] = Holding(self, contract)
        return found

    def look(self, contract: Contract) -> Holding:
        """The same to look at, or to draft an order by: looking leaves no trace."""
        return self.holdings.get(contract.name) or Holding(self, contract)

    def wallet_balance(self, asset: str) -> int:
        """Units of the whole wallet, isolated parts included."""
        found = self.wallet.get(asset)
        return 0 if found is None else found.free

    def isolated_part(self, asset: str) -> int:
        """Units of the wallet that belong to isolated positions."""
        total = 0
        for holding in self.holdings.values():
            if holding.isolated and holding.contract.margin_asset == asset:
                total += holding.wallet
        return total

    def cross_balance(self, asset: str) -> int:
        return self.wallet_balance(asset) - self.isolated_part(asset)

    def counts_at(self, at_us: int) -> list[int]:
        """The order count of each interval of `limits`, as it is at a time."""
        counts: list[int] = []
        for index, limiter in enumerate(self.limits):
            current = at_us - at_us % limiter[3] == self.window_starts[index]
            counts.append(self.window_counts[index] if current else 0)
        return counts

    def add_orders(self, number: int, at_us: int, in_minute: int | None = None) -> None:
        """Raise the order count of all intervals, from nothing where a new one began. in_minute:
        see `check_order_count`."""
        for index, limiter in enumerate(self.limits):
            start = at_us - at_us % limiter[3]
            if start != self.window_starts[index]:
                self.window_starts[index] = start
                self.window_counts[index] = 0
            self.window_counts[index] += grown(limiter, number, in_minute)


def grown(limiter: tuple[str, str, int, int, int], number: int, in_minute: int | None) -> int:
    """By how much the order count of one interval grows."""
    return number if in_minute is None or limiter[1] != "MINUTE" else in_minute
