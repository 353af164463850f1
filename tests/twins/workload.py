"""A seeded stream of commands over everything that the spot desks and the control room do.

    flow = Workload(seed)
    pit = new_world()
    outcome = pit.apply(flow.command(pit))

Orders of all types, lists, cancels, amendments, replacements, routing, pegs, batches, faucet,
commission, halts and time; most are valid, many are nearly so, some are nonsense. The stream is a
function of the seed and of the state it looks at, so equal exchanges get equal streams.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from tradepit.catalog import publish
from tradepit.catalog.language import REGISTRY, commands
from tradepit.core.accounts import Account
from tradepit.core.exchange import Exchange
from tradepit.core.orders import Order
from tradepit.core.records import Command, Who
from tradepit.core.rejects import Reject
from tradepit.core.symbols import Symbol
from tradepit.core.terms import TRADING
from tradepit.core.units import ONE, text_short
from tradepit.products.spot.batch import Batch
from tradepit.products.spot.orders import PlaceOrder
from tradepit.products.spot.user_streams import StartStream

publish.load()

BORN_US: Final = 1_700_000_000_000_000
MODES: Final = ["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER"]
STOP_TYPES: Final = ("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")
PLACE: Final = "POST /api/v3/order"
HOUSE: Final = Who(0)

Params = dict[str, object]


def _listing(base: str, quote: str, tick: str, step: str, **more: Any) -> dict[str, Any]:
    """A symbol whose filters are narrow enough to be met now and then."""
    return {
        "symbol": base + quote, "baseAsset": base, "quoteAsset": quote,
        "allowedSelfTradePreventionModes": MODES,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000",
             "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "900", "stepSize": step},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0", "maxQty": "40", "stepSize": "0"},
            {"filterType": "ICEBERG_PARTS", "limit": 6},
            {"filterType": "TRAILING_DELTA", "minTrailingAboveDelta": 10,
             "maxTrailingAboveDelta": 2000, "minTrailingBelowDelta": 10,
             "maxTrailingBelowDelta": 2000},
            {"filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "1.3",
             "bidMultiplierDown": "0.6", "askMultiplierUp": "1.6", "askMultiplierDown": "0.7",
             "avgPriceMins": 5},
            {"filterType": "NOTIONAL", "minNotional": "0.0001", "applyMinToMarket": True,
             "maxNotional": "90000", "applyMaxToMarket": False, "avgPriceMins": 5},
            {"filterType": "MAX_POSITION", "maxPosition": "30100"},
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 60},
            {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 8},
            {"filterType": "MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders": 15},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 12},
            {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": 3},
        ],
        **more,
    }  # fmt: skip


LISTINGS: Final = [
    _listing("BTC", "USDT", "0.01", "0.00001"),
    _listing("BTC", "USDC", "0.01", "0.00001"),
    _listing("ETH", "USDT", "0.1", "0.001",
             _priceRange={"bidLimitMultUp": "1.05", "bidLimitMultDown": "0.9",
                          "askLimitMultUp": "1.1", "askLimitMultDown": "0.95"},
             _referencePrice={"bucketCount": 60, "bucketWidthMs": 1000}),
    _listing("BNB", "USDT", "0.01", "0.01"),
    _listing("ETH", "BTC", "0.000001", "0.001", defaultSelfTradePreventionMode="EXPIRE_MAKER"),
]  # fmt: skip
MIDS: Final = {"BTCUSDT": 100, "BTCUSDC": 100, "ETHUSDT": 50, "BNBUSDT": 20, "ETHBTC": 0.5}
LOTS: Final = {"ETHUSDT": 1_000, "ETHBTC": 1_000}
SORS: Final = [["BTC", ["BTCUSDT", "BTCUSDC"]]]
TRADERS: Final = ("ann", "bob", "cat", "dan", "eve")
POOR: Final = "eve"


def genesis(seed: int = 1) -> dict[str, Any]:
    rich = dict.fromkeys(("USDT", "USDC", "BTC", "ETH", "BNB"), 30000 * ONE)
    funds = [dict.fromkeys(rich, 20 * ONE) if name == POOR else rich for name in TRADERS]
    rows: list[dict[str, Any]] = [
        {"name": name, "balances": fund} for name, fund in zip(TRADERS, funds, strict=True)
    ]
    rows.append({"name": "maker", "balances": rich, "quiet": True})
    return {
        "seed": seed, "born_us": BORN_US, "symbols": LISTINGS, "accounts": rows, "sors": SORS,
        "exchange_filters": [
            {"filterType": "EXCHANGE_MAX_NUM_ORDERS", "maxNumOrders": 200},
            {"filterType": "EXCHANGE_MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 40},
            {"filterType": "EXCHANGE_MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 20},
        ],
    }  # fmt: skip


def new_world(seed: int = 1) -> Exchange:
    """A world for the workload: two of a trade group, one who pays in BNB, a poor one, a maker."""
    pit = Exchange(commands(), genesis(seed))
    pit.accounts[1].trade_group = pit.accounts[2].trade_group = 7
    pit.accounts[3].discount_on = True
    return pit


class Workload:
    """Draws commands; see the module's text. It keeps only its dice and two counters."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.seq = 0
        self.at_us = BORN_US
        self.unparsed = 0  # requests that were refused before they became commands
        weights = _WEIGHTS
        self.kinds = [kind for kind, _ in weights]
        self.odds = [odds for _, odds in weights]

    def command(self, pit: Exchange) -> Command:
        """The next command for this state."""
        dice = self.dice
        self.seq += 1
        self.at_us += dice.choice((1, 50, 1_000, 1_000, 20_000, 300_000))
        if dice.random() < 0.003:
            self.at_us += dice.choice((2, 11, 90, 4_000, 100_000)) * 1_000_000
        while True:
            kind = dice.choices(self.kinds, self.odds)[0]
            if dice.random() < 0.02:
                kind = Workload.reopen
            who, op, ask = kind(self, pit)
            if isinstance(ask, dict):
                if dice.random() < 0.02:
                    self._spoil(ask)
                try:
                    pairs = [(key, str(value)) for key, value in ask.items()]
                    ask = REGISTRY[op].parse(pairs)
                except Reject:
                    self.unparsed += 1
                    continue
            return Command(self.seq, self.at_us, who, op, ask)

    @staticmethod
    def operations() -> list[str]:
        """All that it asks for."""
        return [*_OPERATIONS]

    # --- Drawing -------------------------------------------------------------------------------

    def trader(self, pit: Exchange) -> Account:
        return pit.accounts[self.dice.randrange(1, len(TRADERS) + 1)]

    def symbol(self, pit: Exchange) -> Symbol:
        names = list(pit.symbols)
        return pit.symbols[self.dice.choices(names, (6, 3, 3, 2, 2))[0]]

    def side(self) -> str:
        return self.dice.choice(("BUY", "SELL"))

    def price(self, symbol: Symbol, side: str, passive: float = 0.6) -> str:
        """Near the middle, so that many cross; rarely far, or beside the tick."""
        dice = self.dice
        tick = symbol.tick_size
        mid = symbol.last_price or int(MIDS[symbol.name] * ONE)
        pull = int(MIDS[symbol.name] * ONE)
        mid = mid + (pull - mid) // 20
        width = max(mid // tick // 200, 4)
        ticks = dice.randrange(width)
        away = -ticks if (side == "BUY") == (dice.random() < passive) else ticks
        if dice.random() < 0.02:
            away *= 60
        price = max((mid // tick + away) * tick, tick)
        if dice.random() < 0.01:
            price += max(tick // 3, 1)
        return text_short(price)

    def qty(self, symbol: Symbol) -> str:
        dice = self.dice
        step = symbol.step_size
        lots = LOTS.get(symbol.name, 100_000) if symbol.step_size < ONE // 1000 else 1_000
        most = dice.choice((lots, lots * 5, lots * 20))
        units = dice.randrange(1, max(most, 2)) * step
        if dice.random() < 0.3:
            units = max(units // (100 * step), 1) * 100 * step
        if dice.random() < 0.01:
            units = dice.choice((0, 1, units * 100, units + 1))
        return text_short(units)

    def some_order(self, pit: Exchange) -> Order | None:
        """An open order of anybody, the younger the likelier."""
        account = pit.accounts[self.dice.randrange(1, len(pit.accounts) + 1)]
        opened = account.symbols.get(self.symbol(pit).name)
        if opened is None or not opened.orders:
            return None
        ids = list(opened.orders)
        return opened.orders[ids[-1 - int(len(ids) * self.dice.random() ** 2)]]

    def _spoil(self, ask: Params) -> None:
        """Take one parameter out, or give one that does not belong."""
        dice = self.dice
        if dice.random() < 0.5 and ask:
            del ask[dice.choice(list(ask))]
        else:
            ask[dice.choice(("stopPrice", "price", "icebergQty", "timeInForce"))] = "1"

    # --- Single orders -------------------------------------------------------------------------

    def order(self, symbol: Symbol, prefix: str = "", kinds: tuple[str, ...] = ()) -> Params:
        """Parameters of one order, with or without the prefix of a list's leg."""
        dice = self.dice
        kind = dice.choice(kinds) if kinds else dice.choices(_TYPES, _TYPE_ODDS)[0]
        side = self.side()
        ask: Params = {"type": kind, "side": side}
        if kind == "MARKET" and not prefix and dice.random() < 0.4:
            ask["quoteOrderQty"] = text_short(dice.randrange(1, 3_000) * ONE // 7)
        else:
            ask["quantity"] = self.qty(symbol)
        if kind in ("LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"):
            ask["price"] = self.price(symbol, side, 0.95 if kind == "LIMIT_MAKER" else 0.6)
        if "price" in ask and kind != "LIMIT_MAKER":
            ask["timeInForce"] = dice.choices(("GTC", "IOC", "FOK"), (8, 1, 1))[0]
        if kind in STOP_TYPES:
            self._contingency(symbol, ask, kind, side)
        if "price" in ask and ask.get("timeInForce", "GTC") == "GTC" and dice.random() < 0.15:
            parts = dice.randrange(2, 7)
            units = int(float(str(ask["quantity"])) * ONE) // parts
            step = symbol.step_size
            ask["icebergQty"] = text_short(units - units % step + step)
        if "price" in ask and dice.random() < 0.04:
            ask["pegPriceType"] = dice.choice(("PRIMARY_PEG", "MARKET_PEG"))
            if dice.random() < 0.5:
                ask |= {"pegOffsetType": "PRICE_LEVEL", "pegOffsetValue": dice.randrange(4)}
        if dice.random() < 0.05:
            ask |= {"strategyId": dice.randrange(99), "strategyType": 1_000_000}
        if dice.random() < 0.3:
            ask["clientOrderId"] = f"c{dice.randrange(40)}"
        if not prefix:
            return ask
        return {prefix + key[0].upper() + key[1:]: value for key, value in ask.items()}

    def _contingency(self, symbol: Symbol, ask: Params, kind: str, side: str) -> None:
        """A stop price mostly on the side where it waits, or a trailing delta, or both."""
        dice = self.dice
        trails = dice.random() < 0.35
        if not trails or dice.random() < 0.4:
            above = (side == "BUY") == kind.startswith("STOP")
            if dice.random() < 0.07:
                above = not above
            ask["stopPrice"] = self.price(symbol, "SELL" if above else "BUY", 1.0)
        if trails:
            ask["trailingDelta"] = dice.choice((5, 10, 20, 50, 100, 300))

    def single(self, symbol: Symbol) -> Params:
        ask = self.order(symbol)
        if "clientOrderId" in ask:
            ask["newClientOrderId"] = ask.pop("clientOrderId")
        ask["symbol"] = symbol.name
        if self.dice.random() < 0.5:
            ask["selfTradePreventionMode"] = self.dice.choice(MODES)
        if self.dice.random() < 0.3:
            ask["newOrderRespType"] = self.dice.choice(("ACK", "RESULT", "FULL"))
        return ask

    def place(self, pit: Exchange) -> tuple[Who, str, Any]:
        return Who(self.trader(pit).id), PLACE, self.single(self.symbol(pit))

    def routed(self, pit: Exchange) -> tuple[Who, str, Any]:
        symbol = self.symbol(pit)
        ask = self.order(symbol, kinds=("LIMIT", "LIMIT", "MARKET"))
        for key in ("quoteOrderQty", "pegPriceType", "pegOffsetType", "pegOffsetValue"):
            ask.pop(key, None)
        if "clientOrderId" in ask:
            ask["newClientOrderId"] = ask.pop("clientOrderId")
        ask |= {"symbol": symbol.name}
        ask.setdefault("quantity", self.qty(symbol))
        if self.dice.random() < 0.5:
            ask["selfTradePreventionMode"] = self.dice.choice(MODES)
        return Who(self.trader(pit).id), "POST /api/v3/sor/order", ask

    def batch(self, pit: Exchange) -> tuple[Who, str, Any]:
        account = pit.accounts[len(TRADERS) + 1]
        symbol = self.symbol(pit)
        opened = account.symbols.get(symbol.name)
        ids = list(opened.orders) if opened is not None else []
        gone = [i for i in ids if self.dice.random() < 0.4]
        orders: list[PlaceOrder] = []
        for _ in range(self.dice.randrange(1, 8)):
            ask = self.single(symbol) | {"type": "LIMIT", "timeInForce": "GTC"}
            pairs = [(key, str(value)) for key, value in ask.items()]
            try:
                parsed: Any = REGISTRY[PLACE].parse(pairs)
            except Reject:
                continue
            orders.append(parsed)
        ask_all = Batch(symbol=symbol.name, cancels=(*gone, 0), orders=tuple(orders))
        return Who(account.id), "batch", ask_all

    # --- Cancels and changes -------------------------------------------------------------------

    def _named(self, order: Order | None, id_key: str, client_key: str) -> Params:
        dice = self.dice
        if order is None or dice.random() < 0.02:
            return {id_key: dice.randrange(1_000)}
        if dice.random() < 0.3:
            return {client_key: order.client_id}
        return {id_key: order.order_id}

    def cancel(self, pit: Exchange) -> tuple[Who, str, Any]:
        order = self.some_order(pit)
        ask = self._named(order, "orderId", "origClientOrderId")
        ask["symbol"] = order.symbol.name if order is not None else "BTCUSDT"
        owner = order.account.id if order is not None else 1
        if self.dice.random() < 0.03:
            owner = self.trader(pit).id
        if self.dice.random() < 0.1:
            ask["cancelRestrictions"] = self.dice.choice(("ONLY_NEW", "ONLY_PARTIALLY_FILLED"))
        return Who(owner), "DELETE /api/v3/order", ask

    def cancel_all(self, pit: Exchange) -> tuple[Who, str, Any]:
        ask = {"symbol": self.symbol(pit).name}
        return Who(self.trader(pit).id), "DELETE /api/v3/openOrders", ask

    def replace(self, pit: Exchange) -> tuple[Who, str, Any]:
        order = self.some_order(pit)
        symbol = order.symbol if order is not None else self.symbol(pit)
        ask = self.single(symbol)
        ask |= self._named(order, "cancelOrderId", "cancelOrigClientOrderId")
        ask["cancelReplaceMode"] = self.dice.choice(("STOP_ON_FAILURE", "ALLOW_FAILURE"))
        if self.dice.random() < 0.3:
            ask["orderRateLimitExceededMode"] = self.dice.choice(("DO_NOTHING", "CANCEL_ONLY"))
        owner = order.account.id if order is not None else 1
        return Who(owner), "POST /api/v3/order/cancelReplace", ask

    def amend(self, pit: Exchange) -> tuple[Who, str, Any]:
        order = self.some_order(pit)
        ask = self._named(order, "orderId", "origClientOrderId")
        ask["symbol"] = order.symbol.name if order is not None else "BTCUSDT"
        if order is not None and self.dice.random() < 0.9:
            step = order.symbol.step_size
            qty = order.qty - self.dice.randrange(0, max(order.leaves, 2))
            ask["newQty"] = text_short(max(qty - qty % step, step))
        else:
            ask["newQty"] = self.qty(self.symbol(pit))
        owner = order.account.id if order is not None else 1
        return Who(owner), "PUT /api/v3/order/amend/keepPriority", ask

    # --- Lists ---------------------------------------------------------------------------------

    def _list(self, pit: Exchange, kind: str, ask: Params) -> tuple[Who, str, Any]:
        if self.dice.random() < 0.3:
            ask["selfTradePreventionMode"] = self.dice.choice(MODES)
        if self.dice.random() < 0.3:
            ask["listClientOrderId"] = f"l{self.dice.randrange(30)}"
        return Who(self.trader(pit).id), f"POST /api/v3/{kind}", ask

    def _pair(self, symbol: Symbol, side: str, above: str, below: str) -> Params:
        """Both legs of a pair, on their right sides of the price mostly."""
        ask: Params = {}
        for prefix, up in ((above, True), (below, False)):
            profit = (side == "SELL") == up
            kinds = ("LIMIT_MAKER", *STOP_TYPES[2:]) if profit else STOP_TYPES[:2]
            kind = self.dice.choice(kinds)
            leg: Params = {"type": kind}
            where = self.price(symbol, "SELL" if up else "BUY", 0.97)
            if kind == "LIMIT_MAKER":
                leg["price"] = where
            else:
                leg["stopPrice"] = where
                if kind.endswith("LIMIT"):
                    leg |= {"price": self.price(symbol, side), "timeInForce": "GTC"}
                if self.dice.random() < 0.15:
                    leg["trailingDelta"] = self.dice.choice((10, 40, 200))
            if self.dice.random() < 0.2:
                leg["clientOrderId"] = f"c{self.dice.randrange(40)}"
            ask |= {prefix + key[0].upper() + key[1:]: value for key, value in leg.items()}
        return ask

    def oco(self, pit: Exchange) -> tuple[Who, str, Any]:
        symbol, side = self.symbol(pit), self.side()
        ask = self._pair(symbol, side, "above", "below")
        ask |= {"symbol": symbol.name, "side": side, "quantity": self.qty(symbol)}
        return self._list(pit, "orderList/oco", ask)

    def old_oco(self, pit: Exchange) -> tuple[Who, str, Any]:
        symbol, side = self.symbol(pit), self.side()
        ask: Params = {
            "symbol": symbol.name, "side": side, "quantity": self.qty(symbol),
            "price": self.price(symbol, side, 0.97),
            "stopPrice": self.price(symbol, "SELL" if side == "BUY" else "BUY", 0.97),
        }  # fmt: skip
        if self.dice.random() < 0.5:
            ask |= {"stopLimitPrice": self.price(symbol, side), "stopLimitTimeInForce": "GTC"}
        return self._list(pit, "order/oco", ask)

    def _working(self, symbol: Symbol) -> Params:
        ask = self.order(symbol, "working", ("LIMIT", "LIMIT_MAKER"))
        return ask | {"symbol": symbol.name}

    def oto(self, pit: Exchange) -> tuple[Who, str, Any]:
        symbol = self.symbol(pit)
        ask = self._working(symbol) | self.order(symbol, "pending")
        return self._list(pit, "orderList/oto", ask)

    def opo(self, pit: Exchange) -> tuple[Who, str, Any]:
        symbol = self.symbol(pit)
        ask = self._working(symbol) | self.order(symbol, "pending")
        ask.pop("pendingQuantity", None)
        ask |= {"workingSide": "BUY", "pendingSide": "SELL"}
        return self._list(pit, "orderList/opo", ask)

    def otoco(self, pit: Exchange) -> tuple[Who, str, Any]:
        symbol, side = self.symbol(pit), self.side()
        ask = self._working(symbol) | self._pair(symbol, side, "pendingAbove", "pendingBelow")
        ask |= {"pendingSide": side, "pendingQuantity": self.qty(symbol)}
        return self._list(pit, "orderList/otoco", ask)

    def opoco(self, pit: Exchange) -> tuple[Who, str, Any]:
        symbol = self.symbol(pit)
        ask = self._working(symbol) | self._pair(symbol, "SELL", "pendingAbove", "pendingBelow")
        ask |= {"workingSide": "BUY", "pendingSide": "SELL"}
        return self._list(pit, "orderList/opoco", ask)

    def cancel_list(self, pit: Exchange) -> tuple[Who, str, Any]:
        found = [each for account in pit.accounts.values() for each in account.lists.values()]
        if not found:
            return HOUSE, "tick", None
        listed = self.dice.choice(found)
        ask: Params = {"symbol": listed.symbol.name}
        if self.dice.random() < 0.5:
            ask["orderListId"] = listed.list_id
        else:
            ask["listClientOrderId"] = listed.client_id
        return Who(listed.account.id), "DELETE /api/v3/orderList", ask

    # --- The house -----------------------------------------------------------------------------

    def tick(self, pit: Exchange) -> tuple[Who, str, Any]:
        return HOUSE, "tick", None

    def faucet(self, pit: Exchange) -> tuple[Who, str, Any]:
        dice = self.dice
        ask: Params = {
            "account": dice.choice(TRADERS),
            "asset": dice.choice(("USDT", "USDC", "BTC", "ETH", "BNB")),
            "amount": dice.choice(("5", "100", "3000.00000001")),
        }
        if dice.random() < 0.45:
            ask["take"] = "true"
        return HOUSE, "POST /_tradepit/v1/faucet", ask

    def commission(self, pit: Exchange) -> tuple[Who, str, Any]:
        dice = self.dice
        rates = ("maker", "taker", "buyer", "seller", "specialTaker", "taxSeller", "taxMaker")
        ask: Params = {"account": dice.choice(TRADERS)}
        for name in dice.sample(rates, 3):
            ask[name] = dice.choice(("0", "0.00075", "0.001", "0.0123"))
        if dice.random() < 0.3:
            ask["symbol"] = self.symbol(pit).name
        return HOUSE, "PUT /_tradepit/v1/commission", ask

    def account(self, pit: Exchange) -> tuple[Who, str, Any]:
        dice = self.dice
        ask: Params = {"account": dice.choice(TRADERS)}
        ask[dice.choice(("paysInBnb", "canTrade"))] = "true" if dice.random() < 0.8 else "false"
        return HOUSE, "PUT /_tradepit/v1/accounts", ask

    def halt(self, pit: Exchange) -> tuple[Who, str, Any]:
        status = self.dice.choice(("HALT", "BREAK", "CANCEL_ONLY", "TRADING"))
        ask: Params = {"symbol": self.symbol(pit).name, "status": status}
        return HOUSE, "PUT /_tradepit/v1/symbols", ask

    def reopen(self, pit: Exchange) -> tuple[Who, str, Any]:
        """What is closed opens again soon, or the run would be boring."""
        for account in pit.accounts.values():
            if not account.can_trade:
                ask: Params = {"account": account.name, "canTrade": "true"}
                return HOUSE, "PUT /_tradepit/v1/accounts", ask
        for symbol in pit.symbols.values():
            if symbol.status != TRADING:
                ask = {"symbol": symbol.name, "status": "TRADING"}
                return HOUSE, "PUT /_tradepit/v1/symbols", ask
        return self.tick(pit)

    def listen(self, pit: Exchange) -> tuple[Who, str, Any]:
        ask = StartStream(fresh=f"key{self.seq}")
        return Who(self.trader(pit).id), "POST /api/v3/userDataStream", ask


_TYPES: Final = ("LIMIT", "LIMIT_MAKER", "MARKET", *STOP_TYPES)
_TYPE_ODDS: Final = (50, 8, 14, 5, 8, 4, 6)

_OPERATIONS: Final = (
    PLACE, "DELETE /api/v3/order", "DELETE /api/v3/openOrders", "POST /api/v3/order/cancelReplace",
    "PUT /api/v3/order/amend/keepPriority", "POST /api/v3/sor/order", "batch",
    "POST /api/v3/orderList/oco", "POST /api/v3/order/oco", "POST /api/v3/orderList/oto",
    "POST /api/v3/orderList/opo", "POST /api/v3/orderList/otoco", "POST /api/v3/orderList/opoco",
    "DELETE /api/v3/orderList", "tick", "POST /_tradepit/v1/faucet", "PUT /_tradepit/v1/commission",
    "PUT /_tradepit/v1/accounts", "PUT /_tradepit/v1/symbols", "POST /api/v3/userDataStream",
)  # fmt: skip

_WEIGHTS: Final[list[tuple[Callable[[Workload, Exchange], tuple[Who, str, Any]], float]]] = [
    (Workload.place, 52), (Workload.cancel, 14), (Workload.cancel_all, 0.6),
    (Workload.replace, 4), (Workload.amend, 4), (Workload.routed, 3), (Workload.batch, 4),
    (Workload.oco, 3), (Workload.old_oco, 1), (Workload.oto, 2.5), (Workload.opo, 2),
    (Workload.otoco, 2), (Workload.opoco, 2), (Workload.cancel_list, 1.2), (Workload.tick, 1.5),
    (Workload.faucet, 1.2), (Workload.commission, 0.3), (Workload.account, 0.5),
    (Workload.halt, 0.15), (Workload.listen, 0.3),
]  # fmt: skip
