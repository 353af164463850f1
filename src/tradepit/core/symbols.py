"""A symbol: what may be traded on it, by which rules, and the state of its market."""

from __future__ import annotations

from typing import Any, Final

from tradepit.core.book import Book
from tradepit.core.past import Past
from tradepit.core.tape import Tape
from tradepit.core.terms import FUTURES_ORDER_TYPES, ORDER_TYPES, STP_MODES, SYMBOL_STATUSES
from tradepit.core.triggers import Triggers
from tradepit.core.units import parse_units

ALL_ORDER_TYPES: Final = [
    "LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
]  # fmt: skip
MOST_TYPES: Final = len(FUTURES_ORDER_TYPES)  # of either exchange


class Symbol:
    """One symbol. Every filter bound is in units; 0 means that the bound is off."""

    def __init__(self, listing: dict[str, Any]) -> None:
        self.listing = listing
        self.name: str = listing["symbol"]
        self.key = self.name  # its name in histories
        self.base: str = listing["baseAsset"]
        self.quote: str = listing["quoteAsset"]
        self.base_unit: int = 10 ** (8 - listing.get("baseAssetPrecision", 8))
        self.quote_unit: int = 10 ** (8 - listing.get("quoteAssetPrecision", 8))
        self.status: int = 0
        self.order_types: list[int] = []
        self._read_words()
        self.type_allowed: list[bool] = [n in self.order_types for n in range(MOST_TYPES)]
        self.default_stp: int = STP_MODES.index(
            listing.get("defaultSelfTradePreventionMode", "NONE")
        )
        self.allowed_stp: list[int] = [
            STP_MODES.index(name)
            for name in listing.get("allowedSelfTradePreventionModes", ["NONE"])
        ]
        self.iceberg_allowed: bool = listing.get("icebergAllowed", True)
        self.oco_allowed: bool = listing.get("ocoAllowed", True)
        self.oto_allowed: bool = listing.get("otoAllowed", True)
        self.opo_allowed: bool = listing.get("opoAllowed", True)
        self.quote_qty_allowed: bool = listing.get("quoteOrderQtyMarketAllowed", True)
        self.trailing_allowed: bool = listing.get("allowTrailingStop", True)
        self.cancel_replace_allowed: bool = listing.get("cancelReplaceAllowed", True)
        self.amend_allowed: bool = listing.get("amendAllowed", True)
        self.peg_allowed: bool = listing.get("pegInstructionsAllowed", True)
        self.spot_allowed: bool = listing.get("isSpotTradingAllowed", True)
        self.margin_allowed: bool = listing.get("isMarginTradingAllowed", False)
        self.permission_sets: list[list[str]] = listing.get("permissionSets") or [["SPOT"]]
        self.wire_filters: list[dict[str, Any]] = listing.get("filters", [])
        self._read_filters()
        self._read_rules()
        self.book = Book()
        self.tape = Tape(self.bucket_count, self.bucket_width_ms)
        self.triggers = Triggers()
        self.last_price = 0
        self.next_order_id = 1
        self.next_trade_id = 0
        self.next_exec_id = 1
        self.next_prevented_id = 0
        self.next_allocation_id = 0
        self.next_block_id = 0

    def begin(self, past: Past, born_us: int) -> None:
        """Go on from a past, at a birth on a whole minute. Before the first trade."""
        self.tape.begin(past, born_us)
        self.last_price = self.tape.last_price
        self.next_trade_id = self.tape.last_id + 1

    def _read_words(self) -> None:
        """Status and order types, by the words of its exchange."""
        listing = self.listing
        self.status = SYMBOL_STATUSES.index(listing.get("status", "TRADING"))
        names: list[str] = listing.get("orderTypes", ALL_ORDER_TYPES)
        self.order_types = [ORDER_TYPES.index(name) for name in names]

    def _read_filters(self) -> None:
        rows: dict[str, dict[str, Any]] = {row["filterType"]: row for row in self.wire_filters}

        def units(kind: str, field: str) -> int:
            return parse_units(str(rows.get(kind, {}).get(field, "0")))

        def count(kind: str, field: str) -> int:
            return int(rows.get(kind, {}).get(field, 0))

        self.min_price = units("PRICE_FILTER", "minPrice")
        self.max_price = units("PRICE_FILTER", "maxPrice")
        self.tick_size = units("PRICE_FILTER", "tickSize")
        self.min_qty = units("LOT_SIZE", "minQty")
        self.max_qty = units("LOT_SIZE", "maxQty")
        self.step_size = units("LOT_SIZE", "stepSize")
        self.market_min_qty = units("MARKET_LOT_SIZE", "minQty")
        self.market_max_qty = units("MARKET_LOT_SIZE", "maxQty")
        self.market_step_size = units("MARKET_LOT_SIZE", "stepSize")
        self.notional_filter = "NOTIONAL" if "NOTIONAL" in rows else "MIN_NOTIONAL"
        self.min_notional = units(self.notional_filter, "minNotional")
        self.max_notional = units("NOTIONAL", "maxNotional")
        notional = rows.get(self.notional_filter, {})
        self.min_notional_market: bool = notional.get(
            "applyMinToMarket", notional.get("applyToMarket", False)
        )
        self.max_notional_market: bool = notional.get("applyMaxToMarket", False)
        self.notional_mins = count(self.notional_filter, "avgPriceMins")
        both = rows.get("PERCENT_PRICE", {})
        side = rows.get("PERCENT_PRICE_BY_SIDE", {})
        self.percent_filter = "PERCENT_PRICE_BY_SIDE" if side else "PERCENT_PRICE" if both else ""
        up = str(both.get("multiplierUp", "0"))
        down = str(both.get("multiplierDown", "0"))
        self.bid_up = parse_units(str(side.get("bidMultiplierUp", up)))
        self.bid_down = parse_units(str(side.get("bidMultiplierDown", down)))
        self.ask_up = parse_units(str(side.get("askMultiplierUp", up)))
        self.ask_down = parse_units(str(side.get("askMultiplierDown", down)))
        self.percent_mins = int((side or both).get("avgPriceMins", 0))
        self.iceberg_parts = count("ICEBERG_PARTS", "limit")
        self.max_orders = count("MAX_NUM_ORDERS", "maxNumOrders")
        self.max_algos = count("MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders")
        self.max_icebergs = count("MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders")
        self.max_lists = count("MAX_NUM_ORDER_LISTS", "maxNumOrderLists")
        self.max_amends = count("MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends")
        self.max_position = units("MAX_POSITION", "maxPosition")
        self.trail_above_min = count("TRAILING_DELTA", "minTrailingAboveDelta")
        self.trail_above_max = count("TRAILING_DELTA", "maxTrailingAboveDelta")
        self.trail_below_min = count("TRAILING_DELTA", "minTrailingBelowDelta")
        self.trail_below_max = count("TRAILING_DELTA", "maxTrailingBelowDelta")

    def _read_rules(self) -> None:
        """The PRICE_RANGE execution rule (e8 multipliers, 0: not set) and the reference price."""
        rule: dict[str, str] = self.listing.get("_priceRange") or {}
        self.range_bid_up = parse_units(rule.get("bidLimitMultUp", "0"))
        self.range_bid_down = parse_units(rule.get("bidLimitMultDown", "0"))
        self.range_ask_up = parse_units(rule.get("askLimitMultUp", "0"))
        self.range_ask_down = parse_units(rule.get("askLimitMultDown", "0"))
        self.has_range = bool(rule)
        reference: dict[str, int] = self.listing.get("_referencePrice") or {}
        self.external_id = reference.get("externalCalculationId", -1)
        self.bucket_count = reference.get("bucketCount", 0)
        self.bucket_width_ms = reference.get("bucketWidthMs", 0)
        self.external_price = 0  # set from outside; 0: none now
        self.external_us = -1  # -1: never set

    def set_reference(self, price: int, at_us: int) -> None:
        """A reference price from outside (method 0: by hand); 0: there is none now."""
        reference: dict[str, int] = {"externalCalculationId": 0}
        self.listing = {**self.listing, "_referencePrice": reference}
        self._read_rules()
        self.external_price = price
        self.external_us = at_us

    def set_price_range(self, multipliers: dict[str, str]) -> None:
        """Change the PRICE_RANGE rule by its wire names; what is not named stays as it is."""
        rule = {**(self.listing.get("_priceRange") or {}), **multipliers}
        self.listing = {**self.listing, "_priceRange": rule}
        price, at_us = self.external_price, self.external_us
        self._read_rules()
        self.external_price, self.external_us = price, at_us

    def reference_price(self, at_us: int) -> int:
        """The reference price in units at a time, 0 when there is none."""
        if self.external_id >= 0:
            return self.external_price
        if self.bucket_count:
            return self.tape.reference_price(at_us)
        return 0

    def usual_price(self, at_us: int, mins: int) -> int:
        """What percent-price and notional filters compare with: the reference price, else the
        average of the preceding minutes, else the last price (0 when nothing ever traded)."""
        reference = self.reference_price(at_us)
        if reference:
            return reference
        return self.tape.average(at_us, mins) or self.last_price

    def counters(self) -> list[int]:
        return [
            self.status, self.last_price, self.next_order_id, self.next_trade_id,
            self.next_exec_id, self.next_prevented_id, self.next_allocation_id,
            self.external_price, self.external_us, self.book.update_id,
            self.next_block_id,
        ]  # fmt: skip

    def set_counters(self, row: list[int]) -> None:
        self.status = row[0]
        self.last_price = row[1]
        self.next_order_id = row[2]
        self.next_trade_id = row[3]
        self.next_exec_id = row[4]
        self.next_prevented_id = row[5]
        self.next_allocation_id = row[6]
        self.external_price = row[7]
        self.external_us = row[8]
        self.book.update_id = row[9]
        if len(row) > 10:  # snapshots made before there were block trades have no such count
            self.next_block_id = row[10]


def symbol_from_listing(row: dict[str, Any]) -> Symbol:
    """A symbol from an exchangeInfo row as the exchange sends it.

    Private keys: `_price` (typical price), `_priceRange` (PRICE_RANGE multipliers),
    `_referencePrice` (`bucketCount` and `bucketWidthMs`, or `externalCalculationId`).
    """
    return Symbol(row)
