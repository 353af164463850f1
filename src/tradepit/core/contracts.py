"""A futures contract: linear (margined and paid in the quote asset) or inverse (in the base coin).

One rule serves both: what a quantity is worth at a price is a signed `value` in 1e-16 of the
margin asset, so that the profit of a position is always value(price, quantity) - cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tradepit.core.futures_rejects import COINM_NAMES
from tradepit.core.past import Premiums
from tradepit.core.rejects import Reject
from tradepit.core.symbols import Symbol
from tradepit.core.terms import BREAK, CONTRACT_STATUSES, FUTURES_ORDER_TYPES
from tradepit.core.triggers import Triggers
from tradepit.core.units import ONE, mul_ceil, parse_units, wide

if TYPE_CHECKING:
    from tradepit.core.orders import Order

USDM: Final = 1
COINM: Final = 2
VENUES: Final = ("", "usdm", "coinm")  # also the names of the wallets

FINE: Final = ONE * ONE  # values and costs count 1e-16

PERPETUAL: Final = "PERPETUAL"
TRADFI: Final = "TRADIFI_PERPETUAL"  # on a stock, a metal or another price of other markets
ALL_FUTURES_TYPES: Final = [
    "LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
]  # fmt: skip

# Trades with the insurance fund and by deleveraging are in no public list: their ids are apart.
PRIVATE_TRADES: Final = 8_000_000_000_000_000


def refusal(venue: int, name: str, *holes: object) -> Reject:
    """A refusal in a venue's own code and words: the two exchanges number some differently."""
    return Reject(COINM_NAMES.get(name, name) if venue == COINM else name, *holes)


class Bracket:
    """One row of a leverage table; bounds and `cum` in units of what it is measured in: quote
    asset (linear) or base coin (inverse)."""

    __slots__ = ("cap", "cum", "floor", "leverage", "number", "ratio")

    def __init__(self, row: list[Any]) -> None:
        self.number: int = row[0]
        self.leverage: int = row[1]
        self.floor = parse_units(str(row[2]))
        self.cap = parse_units(str(row[3]))
        self.ratio = parse_units(str(row[4]))
        self.cum = parse_units(str(row[5]))


class Contract(Symbol):
    """One contract. Prices, rates and quantities in units; a quantity counts base assets (linear)
    or contracts (inverse)."""

    def __init__(self, listing: dict[str, Any]) -> None:
        super().__init__(listing)
        self.venue: int = VENUES.index(listing["_venue"])
        self.key = f"{listing['_venue']}:{self.name}"  # its name in histories of all venues
        self.inverse = self.venue == COINM
        self.size: int = int(listing.get("contractSize", 1))  # USD a contract, where inverse
        self.pair: str = listing["pair"]
        self.margin_asset: str = listing["marginAsset"]
        self.contract_type: str = listing["contractType"]
        self.tradfi = self.contract_type == TRADFI
        self.perpetual = self.tradfi or self.contract_type == PERPETUAL
        self.delivery_us: int = listing["deliveryDate"] * 1000
        self.price_places: int = listing["pricePrecision"]
        self.qty_places: int = listing["quantityPrecision"]
        self.brackets = [Bracket(row) for row in listing["_brackets"]]
        self.funding_us: int = int(listing.get("_fundingHours", 8)) * 3_600_000_000
        self.funding_cap = parse_units(listing.get("_fundingCap", "0.02"))
        self.liquidation_fee = parse_units(listing["liquidationFee"])
        self.trigger_protect = parse_units(listing["triggerProtect"])
        self.take_bound = parse_units(listing["marketTakeBound"])
        self.index_symbol: str = listing["_indexSymbol"]
        self.index_units: int = listing.get("_indexUnits", 1)  # 1000 for 1000PEPE
        self.mark_triggers = Triggers()
        self.holders = 0  # how many positions are open
        self.open_long = 0  # units of all long positions: the open interest
        self.good_till: dict[int, Order] = {}  # open orders with a time of their own to end
        self.next_private_id = PRIVATE_TRADES  # of trades that no book saw
        self.dust = 0  # 1e-16 of realised profit that nobody was paid yet
        self.delivery_price = 0  # once it is delivered
        self.marks = Marks(parse_units(listing["_price"]))
        self.premiums: Premiums | None = None  # before the world's birth: no part of the state

    def _read_words(self) -> None:
        row = self.listing
        status: str = row.get("contractStatus") or row.get("status", "TRADING")
        self.status = CONTRACT_STATUSES.index(status)
        names: list[str] = row.get("orderTypes", ALL_FUTURES_TYPES)
        self.order_types = [FUTURES_ORDER_TYPES.index(name) for name in names]

    def _read_filters(self) -> None:
        rows: dict[str, dict[str, Any]] = {row["filterType"]: row for row in self.wire_filters}

        super()._read_filters()
        self.min_notional = parse_units(str(rows.get("MIN_NOTIONAL", {}).get("notional", "0")))
        self.max_orders = int(rows.get("MAX_NUM_ORDERS", {}).get("limit", 0))
        self.max_algos = int(rows.get("MAX_NUM_ALGO_ORDERS", {}).get("limit", 0))

    def value(self, price: int, qty: int) -> int:
        """What `qty` (signed units) is worth at `price`, in 1e-16 of the margin asset.

        Rises with the price of a positive quantity: linear price x quantity, inverse minus
        quantity x size / price.
        """
        if not self.inverse:
            return price * qty
        if qty < 0:
            return -qty * self.size * FINE // price
        return -(qty * self.size * FINE // price)

    def notional(self, price: int, qty: int) -> int:
        """|value| in units of the margin asset, rounded up."""
        if not self.inverse:
            return mul_ceil(price, abs(qty))
        return -(-abs(qty) * self.size * ONE // price)

    def entry_price(self, qty: int, cost: int) -> int:
        """The price (units, half up) at which `qty` is worth its cost; 0 for no position."""
        if qty == 0 or cost == 0:
            return 0
        above, under = abs(cost), abs(qty)
        if self.inverse:
            above, under = abs(qty) * self.size * FINE, abs(cost)
        return (2 * above + under) // (2 * under)

    def break_even(self, qty: int, cost: int, paid: int) -> int:
        """The price at which closing pays back `paid` units of commission, too."""
        return self.entry_price(qty, cost + paid * ONE)

    def bracket(self, notional: int) -> Bracket:
        """The row of the leverage table that a notional (units) falls into."""
        for row in self.brackets:
            if notional <= row.cap:
                return row
        return self.brackets[-1]

    def notional_cap(self, leverage: int) -> int:
        """The largest position (units of notional) that a leverage allows."""
        most = 0
        for row in self.brackets:
            if row.leverage >= leverage:
                most = row.cap
        return most

    def maintenance(self, notional: int) -> int:
        """Maintenance margin of a position's notional, in units of the margin asset."""
        row = self.bracket(notional)
        return notional * row.ratio // ONE - row.cum

    def seen_until(self, now_us: int) -> int:
        """Now, or the last moment of a contract that was delivered."""
        return now_us if self.status != BREAK else min(now_us, self.delivery_us - 1)

    def counters(self) -> list[int]:
        return [
            *super().counters(), self.open_long, self.holders, self.dust, self.next_private_id,
            self.delivery_price,
        ]  # fmt: skip

    def set_counters(self, row: list[int]) -> None:
        super().set_counters(row)
        self.open_long, self.holders, self.dust = row[-5:-2]
        self.next_private_id, self.delivery_price = row[-2:]


SAMPLE_US: Final = 5_000_000  # the premium index is sampled every five seconds
BASIS_SAMPLES: Final = 5  # one a minute


class Marks:
    """Index, mark and premium of one contract, and what they are computed from.

    Prices in units, premium and rates in units (1e-8 of the index); set values of 0 mean that
    nothing was set from outside.
    """

    __slots__ = (
        "basis", "basis_us", "hour", "index", "index_set", "last_rate", "mark", "mark_set",
        "minute", "next_us", "premium", "premium_sum", "premium_weight", "rate_set", "settle_sum",
        "settle_us", "since_us", "typical",
    )  # fmt: skip

    def __init__(self, typical: int) -> None:
        self.typical = typical  # the price that the listing names, until there is a market
        self.index = typical
        self.mark = typical
        self.index_set = 0
        self.mark_set = 0
        self.rate_set: list[int] = []  # a funding rate forced from outside, for once
        self.premium = 0
        self.premium_sum = 0  # of premium x weight since the last funding
        self.premium_weight = 0
        self.since_us = 0  # up to when the premium was taken into account
        self.basis: list[int] = []  # book's middle minus index, once a minute
        self.basis_us = 0
        self.last_rate = 0  # the funding rate that was charged last
        self.next_us = 0  # the next funding, 0 for none
        self.settle_sum = 0  # of index x µs in the last half hour before delivery
        self.settle_us = 0
        # The running minute and hour, see `core.marked`; empty before the first second.
        self.minute: list[int] = []
        self.hour: list[int] = []

    def dump(self) -> list[object]:
        return [
            self.typical, self.index, self.mark, self.index_set, self.mark_set,
            list(self.rate_set), self.premium, self.premium_sum, self.premium_weight,
            self.since_us, list(self.basis), self.basis_us, self.last_rate, self.next_us,
            wide(self.settle_sum), self.settle_us, list(self.minute), list(self.hour),
        ]  # fmt: skip

    def load(self, row: list[Any]) -> None:
        (
            self.typical, self.index, self.mark, self.index_set, self.mark_set, rate_set,
            self.premium, self.premium_sum, self.premium_weight, self.since_us, basis,
            self.basis_us, self.last_rate, self.next_us, settle_sum, self.settle_us, minute, hour,
        ) = row  # fmt: skip
        self.minute, self.hour = list(minute), list(hour)
        self.settle_sum = int(settle_sum)
        self.rate_set = list(rate_set)
        self.basis = list(basis)
