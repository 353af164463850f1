"""Small futures exchanges in process: rows of contracts, accounts with funds, short words."""

from __future__ import annotations

from typing import Any

from tradepit.core import futures_life as life
from tradepit.core.contracts import Contract
from tradepit.core.exchange import Exchange
from tradepit.core.futures_orders import FuturesOrder
from tradepit.core.records import Command, Outcome, Who
from tradepit.core.rejects import Reject
from tradepit.core.terms import BUY, FILLED, GTC, LIMIT, MARKET, SELL
from tradepit.core.units import ONE, parse_units

BORN_US = 1_700_000_000_000_000 // 28_800_000_000 * 28_800_000_000  # on a funding time
BRACKETS = [
    [1, 125, "0", "50000", "0.004", "0"],
    [2, 100, "50000", "600000", "0.005", "50"],
    [3, 50, "600000", "3000000", "0.01", "3050"],
    [4, 20, "3000000", "12000000", "0.025", "48050"],
    [5, 1, "12000000", "500000000", "0.5", "5748050"],
]
COIN_BRACKETS = [
    [1, 125, "0", "5", "0.004", "0"],
    [2, 100, "5", "10", "0.005", "0.005"],
    [3, 20, "10", "5000", "0.025", "0.205"],
]


def linear(symbol: str = "BTCUSDT", price: str = "50000", **more: Any) -> dict[str, Any]:
    """The row of a linear perpetual."""
    row = {
        "symbol": symbol, "pair": symbol, "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000, "onboardDate": 1569398400000, "status": "TRADING",
        "baseAsset": symbol[:3], "quoteAsset": "USDT", "marginAsset": "USDT",
        "pricePrecision": 2, "quantityPrecision": 3, "liquidationFee": "0.012500",
        "triggerProtect": "0.0500", "marketTakeBound": "0.05",
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "556.80", "maxPrice": "4529764",
             "tickSize": "0.10"},
            {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120",
             "stepSize": "0.001"},
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 10},
            {"filterType": "MIN_NOTIONAL", "notional": "100"},
            {"filterType": "PERCENT_PRICE", "multiplierUp": "1.0500", "multiplierDown": "0.9500",
             "multiplierDecimal": "4"},
        ],
        "_venue": "usdm", "_price": price, "_brackets": BRACKETS, "_fundingHours": 8,
        "_fundingCap": "0.02", "_indexSymbol": symbol,
    }  # fmt: skip
    row.update(more)
    return row


def inverse(symbol: str = "BTCUSD_PERP", price: str = "50000", **more: Any) -> dict[str, Any]:
    """The row of an inverse perpetual of 100 USD."""
    row = linear(symbol, price)
    row.update(
        pair="BTCUSD", baseAsset="BTC", quoteAsset="USD", marginAsset="BTC", contractSize=100,
        pricePrecision=1, quantityPrecision=0, _venue="coinm", _brackets=COIN_BRACKETS,
        _indexSymbol="BTCUSDT",
    )  # fmt: skip
    row["filters"] = [
        {"filterType": "PRICE_FILTER", "minPrice": "1000", "maxPrice": "1000000",
         "tickSize": "0.1"},
        {"filterType": "LOT_SIZE", "minQty": "1", "maxQty": "1000000", "stepSize": "1"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "1", "maxQty": "60000", "stepSize": "1"},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 20},
        {"filterType": "PERCENT_PRICE", "multiplierUp": "1.0500", "multiplierDown": "0.9500",
         "multiplierDecimal": "4"},
    ]  # fmt: skip
    row.update(more)
    return row


class Bench:
    """An exchange whose commands are Python calls; every step passes a second of its time."""

    def __init__(self, *rows: dict[str, Any], funds: str = "10000", people: int = 4) -> None:
        units = parse_units(funds)
        self.names = ["ann", "ben", "cat", "dan", "eve", "fay", "gus"][:people]
        wallets = {"usdm": {"USDT": units}, "coinm": {"BTC": units}}
        accounts: list[dict[str, Any]] = [{"name": n, "futures": wallets} for n in self.names]
        vast = {"usdm": {"USDT": 10**9 * ONE}, "coinm": {"BTC": 10**6 * ONE}}
        accounts.append({"name": "maker", "quiet": True, "futures": vast})
        accounts.append({
            "name": "insurance", "quiet": True,
            "futures": {"usdm": {"USDT": 10**6 * ONE}, "coinm": {"BTC": 100 * ONE}},
        })  # fmt: skip
        genesis = {
            "seed": 1, "born_us": BORN_US, "symbols": [], "contracts": list(rows or (linear(),)),
            "accounts": accounts,
        }  # fmt: skip
        self.pit = Exchange({"do": lambda pit, who, ask: ask(pit)}, genesis)
        self.outcome = Outcome(0, 0, None, [])

    @property
    def contract(self) -> Contract:
        return next(iter(self.pit.contracts.values()))

    def do(self, what: Any, seconds: float = 1) -> Any:
        """Apply a call as a command, `seconds` later. Raises: Reject; audits the whole state."""
        pit = self.pit
        at_us = pit.at_us + int(seconds * 1_000_000)
        self.outcome = pit.apply(Command(pit.seq + 1, at_us, Who(1), "do", what))
        assert pit.audit() == []
        if isinstance(self.outcome.reply, Reject):
            raise self.outcome.reply
        return self.outcome.reply

    def trader(self, name: str, contract: Contract | None = None) -> Any:
        return self.pit.trader(self.pit.names[name], (contract or self.contract).venue)

    def holding(self, name: str, symbol: str = "") -> Any:
        contract = self.pit.contracts[symbol] if symbol else self.contract
        return self.trader(name, contract).holding(contract)

    def order(
        self,
        name: str,
        side: str,
        qty: str,
        price: str = "0",
        *,
        kind: int = 0,
        symbol: str = "",
        position: int = 0,
        **more: Any,
    ) -> FuturesOrder:
        """An order not placed yet."""
        kind = kind or (MARKET if price == "0" else LIMIT)
        held = self.holding(name, symbol).position(position)
        order = FuturesOrder(
            held, BUY if side == "BUY" else SELL, kind, parse_units(qty), parse_units(price)
        )
        order.tif = GTC
        for key, value in more.items():
            setattr(order, key, value)
        return order

    def place(self, name: str, side: str, qty: str, price: str = "0", **more: Any) -> FuturesOrder:
        order = self.order(name, side, qty, price, **more)
        self.do(lambda pit: life.place(pit, order))
        return order

    def set_mark(self, price: str, symbol: str = "") -> None:
        """Fix the mark and index price, and let the next second see it."""
        contract = self.pit.contracts[symbol] if symbol else self.contract

        def fix(pit: Exchange) -> None:
            contract.marks.mark_set = contract.marks.index_set = parse_units(price)

        self.do(fix)
        self.do(lambda pit: None)

    def wallet(self, name: str, asset: str = "") -> int:
        return int(self.trader(name).wallet_balance(asset or self.contract.margin_asset))


def meet(bench: Bench, buyer: str, seller: str, qty: str, price: str, **more: object) -> None:
    """A trade between two accounts: the seller rests, the buyer takes."""
    bench.place(seller, "SELL", qty, price, **more)
    assert bench.place(buyer, "BUY", qty, price, **more).status == FILLED
