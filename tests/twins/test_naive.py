"""The core and the naive exchange beside this file are given the same commands and must agree:
trades, order states, free and locked, depth, after every command."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.twins.naive import AT_MARKET, BUY, SELL, STOPS, Naive, Order, Refused

from tradepit.catalog import publish
from tradepit.catalog.language import REGISTRY, commands
from tradepit.core.accounts import Commission, Rates
from tradepit.core.exchange import Exchange
from tradepit.core.records import TRADE, Command, Who
from tradepit.core.rejects import Reject
from tradepit.core.terms import ORDER_STATUSES
from tradepit.core.units import ONE, parse_units, text_units

publish.load()

BORN_US = 1_700_000_000_000_000
MODES = ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER")
FEES = {"ann": ("0.001", "0.001"), "bob": ("0", "0.00075"), "cat": ("0.0123", "0.02")}
FUNDS = {"ann": ("300", "9000"), "bob": ("40", "900"), "cat": ("300", "9000")}
GROUPS = {"ann": 7, "bob": 7}

Dice = random.Random
Params = dict[str, Any]


class Both:
    """The two exchanges, side by side. Kinds: exact; rough, where prices x quantities must be
    rounded; dense, where a handful of prices and quantities meet in all ways."""

    def __init__(self, kind: str) -> None:
        self.rough = rough = kind == "rough"
        self.dense = kind == "dense"
        self.tick = Decimal("0.00001") if rough else Decimal("0.01")
        self.step = Decimal("0.00001") if rough else Decimal("0.001")
        self.naive = Naive(
            {who: {"BASE": Decimal(b), "QUOTE": Decimal(q)} for who, (b, q) in FUNDS.items()},
            GROUPS,
            {who: (Decimal(maker), Decimal(taker)) for who, (maker, taker) in FEES.items()},
            self.step,
        )
        row = {
            "symbol": "BASEQUOTE", "baseAsset": "BASE", "quoteAsset": "QUOTE",
            "allowedSelfTradePreventionModes": list(MODES),
            "filters": [
                {"filterType": "PRICE_FILTER", "minPrice": "0", "maxPrice": "0",
                 "tickSize": f"{self.tick:f}"},
                {"filterType": "LOT_SIZE", "minQty": f"{self.step:f}", "maxQty": "0",
                 "stepSize": f"{self.step:f}"},
            ],
        }  # fmt: skip
        rows = [
            {"name": who, "balances": {"BASE": parse_units(b), "QUOTE": parse_units(q)}}
            for who, (b, q) in FUNDS.items()
        ]
        self.pit = Exchange(
            commands(), {"seed": 1, "born_us": BORN_US, "symbols": [row], "accounts": rows}
        )
        self.pit.count_orders = False
        for name, (maker, taker) in FEES.items():
            account = self.pit.accounts[self.pit.names[name]]
            account.commission = Commission(
                Rates(parse_units(maker), parse_units(taker)), Rates(), Rates(), ONE, True
            )
            account.trade_group = GROUPS.get(name, -1)
        self.seq = 0
        self.orders: dict[int, Any] = {}
        self.trades: list[tuple[object, ...]] = []

    # --- Doing ---------------------------------------------------------------------------------

    def do(self, who: str, op: str, params: Params, simply: Callable[[], object]) -> None:
        """One command to both; then all that can be seen must be equal."""
        self.seq += 1
        pairs = [(key, str(value)) for key, value in params.items()]
        ask = REGISTRY[op].parse([("symbol", "BASEQUOTE"), *pairs])
        at_us = BORN_US + self.seq * 1_000
        outcome = self.pit.apply(Command(self.seq, at_us, Who(self.pit.names[who]), op, ask))
        refusal = ""
        try:
            simply()
        except Refused as no:
            refusal = str(no)
        if op != REPLACE:
            reply = outcome.reply
            assert (reply.msg if isinstance(reply, Reject) else "") == refusal, (op, params)
        for event in outcome.events:
            order: Any = getattr(event, "order", None)
            if order is not None and order.order_id != -1:
                self.orders[order.order_id] = order
            if event.kind == TRADE:
                self._traded(event)
        self.compare()

    def _traded(self, fill: Any) -> None:
        price, qty, made, took = (
            Decimal(units) / ONE
            for units in (fill.price, fill.qty, fill.maker_commission, fill.taker_commission)
        )
        self.trades.append((price, qty, fill.maker.order_id, fill.taker.order_id, made, took))

    def compare(self) -> None:
        naive, pit = self.naive, self.pit
        told = [(t.price, t.qty, t.maker, t.taker, t.maker_fee, t.taker_fee) for t in naive.trades]
        assert self.trades == told
        assert len(self.orders) == len(naive.orders)
        for order in naive.orders:
            found = self.orders[order.number]
            assert [ORDER_STATUSES[found.status], *map(_decimal, _amounts(found))] == [
                order.status, order.qty, order.executed, order.quote, order.prevented
            ], (order.number, order)  # fmt: skip
        for who in FUNDS:
            for asset in ("BASE", "QUOTE"):
                balance = pit.spot(pit.accounts[pit.names[who]], asset)
                seen = (_decimal(balance.free), _decimal(balance.locked))
                assert seen == (naive.free(who, asset), naive.locked(who, asset)), (who, asset)
        book = pit.symbols["BASEQUOTE"].book
        for side, levels in ((BUY, book.bids), (SELL, book.asks)):
            seen_levels = [(_decimal(p), _decimal(q)) for p, q in levels.depth(10_000)]
            assert seen_levels == naive.depth(side), side

    # --- Drawing -------------------------------------------------------------------------------

    def step_with(self, dice: Dice) -> None:
        """Draw one command and do it."""
        kind = dice.choices((self.place, self.oco, self.cancel, self.amend, self.replace),
                            (70, 8, 12, 7, 5))[0]  # fmt: skip
        kind(dice)

    def _price(self, dice: Dice, up: bool | None = None) -> Decimal:
        """Near the last price; `up`: above or below it."""
        if self.dense:
            away = dice.randrange(-2, 3) if up is None else 3 if up else -3
            return (self.naive.last or Decimal(20)).quantize(Decimal("0.1")) + away * self.tick
        ticks = dice.randrange(1, dice.choice((3, 6, 30)))
        away = ticks if (dice.random() < 0.5 if up is None else up) else -ticks
        return (self.naive.last or Decimal(20)) + away * (
            17 * self.tick if self.rough else self.tick
        )

    def _qty(self, dice: Dice) -> Decimal:
        if self.dense:
            return self.step * dice.choice((1, 2, 3, 3, 6))
        steps = dice.randrange(1, 3_000)
        return self.step * (steps if dice.random() < 0.5 else max(steps // 500, 1) * 500)

    def _order(self, dice: Dice) -> Order:
        who, side = dice.choice(list(FUNDS)), dice.choice((BUY, SELL))
        kinds = ("LIMIT", "LIMIT_MAKER", "MARKET", *STOPS)
        order = Order(who, side, dice.choices(kinds, (50, 8, 12, 4, 5, 3, 4))[0])
        order.qty = self._qty(dice)
        order.stp = dice.choice(MODES) if dice.random() < 0.6 else "NONE"
        if order.type not in AT_MARKET:
            order.price = self._price(dice)
            if order.type != "LIMIT_MAKER":
                order.tif = dice.choices(("GTC", "IOC", "FOK"), (7, 1, 2))[0]
            if order.tif == "GTC" and dice.random() < 0.3:
                order.iceberg = max(order.qty // (3 * self.step), Decimal(1)) * self.step
        if order.type in STOPS:
            above = (side == BUY) == order.type.startswith("STOP")
            order.delta = dice.choice((10, 20, 50, 200)) if dice.random() < 0.4 else 0
            if not order.delta or dice.random() < 0.5:
                order.stop = self._price(dice, above if dice.random() < 0.9 else not above)
        if order.type == "MARKET" and not self.rough and dice.random() < 0.4:
            order.budget, order.qty = Decimal(dice.randrange(1, 90)), Decimal(0)
            order.stp = "NONE"
        return order

    def place(self, dice: Dice) -> None:
        order = self._order(dice)
        self.do(order.who, PLACE, params_of(order), lambda: self.naive.place(order))

    def oco(self, dice: Dice) -> None:
        """A LIMIT_MAKER on the good side of the price, a stop on the bad one."""
        who, side = dice.choice(list(FUNDS)), dice.choice((BUY, SELL))
        qty, stp = self._qty(dice), dice.choice(MODES)
        good = Order(who, side, "LIMIT_MAKER", qty, self._price(dice, side == SELL), stp=stp)
        bad = Order(who, side, dice.choice(STOPS[:2]), qty, stp=stp)
        bad.stop = self._price(dice, side == BUY)
        if bad.type == "STOP_LOSS_LIMIT":
            bad.price = self._price(dice)
        above, below = (bad, good) if side == BUY else (good, bad)
        ask: Params = {
            "side": side, "quantity": f"{qty:f}", "selfTradePreventionMode": stp
        }  # fmt: skip
        for prefix, leg in (("above", above), ("below", below)):
            for key, value in params_of(leg).items():
                if key not in ask:
                    ask[prefix + key[0].upper() + key[1:]] = value
        self.do(who, OCO, ask, lambda: self.naive.place_oco(above, below))

    def _some(self, dice: Dice) -> Order | None:
        alive = [order for order in self.naive.orders if order.open]
        if not alive or dice.random() < 0.03:
            return dice.choice(self.naive.orders) if self.naive.orders else None
        return dice.choice(alive)

    def cancel(self, dice: Dice) -> None:
        order = self._some(dice)
        if order is not None:
            number = order.number
            self.do(order.who, CANCEL, {"orderId": number}, lambda: self.naive.cancel(number))

    def amend(self, dice: Dice) -> None:
        order = self._some(dice)
        if order is None:
            return
        number = order.number
        qty = max(order.qty - self._qty(dice) // 2 // self.step * self.step, self.step)
        self.do(
            order.who, AMEND, {"orderId": number, "newQty": f"{qty:f}"},
            lambda: self.naive.amend(number, qty),
        )  # fmt: skip

    def replace(self, dice: Dice) -> None:
        """A replacement is a cancel and, if that may be, a new order."""
        order, new = self._some(dice), self._order(dice)
        if order is None or new.budget is not None:
            return
        new.who = order.who
        number = order.number
        mode = dice.choice(("STOP_ON_FAILURE", "ALLOW_FAILURE"))

        def simply() -> None:
            try:
                self.naive.cancel(number)
            except Refused:
                if mode == "STOP_ON_FAILURE":
                    raise
            self.naive.place(new)

        ask = {"cancelOrderId": number, "cancelReplaceMode": mode} | params_of(new)
        self.do(order.who, REPLACE, ask, simply)


PLACE = "POST /api/v3/order"
OCO = "POST /api/v3/orderList/oco"
CANCEL = "DELETE /api/v3/order"
AMEND = "PUT /api/v3/order/amend/keepPriority"
REPLACE = "POST /api/v3/order/cancelReplace"


def params_of(order: Order) -> Params:
    """The order as a request's parameters."""
    ask: Params = {"side": order.side, "type": order.type, "selfTradePreventionMode": order.stp}
    if order.budget is not None:
        ask["quoteOrderQty"] = f"{order.budget:f}"
    else:
        ask["quantity"] = f"{order.qty:f}"
    if order.price is not None:
        ask["price"] = f"{order.price:f}"
        if order.type != "LIMIT_MAKER":
            ask["timeInForce"] = order.tif
    if order.iceberg is not None:
        ask["icebergQty"] = f"{order.iceberg:f}"
    if order.stop is not None:
        ask["stopPrice"] = f"{order.stop:f}"
    if order.delta:
        ask["trailingDelta"] = order.delta
    return ask


def _decimal(units: int) -> Decimal:
    return Decimal(text_units(units))


def _amounts(order: Any) -> tuple[int, int, int, int]:
    return order.qty, order.executed, order.executed_quote, order.prevented


KINDS = ("exact", "rough", "dense")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_they_agree_on_a_long_run(seed: int, kind: str) -> None:
    both, dice = Both(kind), random.Random(seed)
    for _ in range(400):
        both.step_with(dice)
    assert len(both.trades) > 60


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    dice=st.randoms(use_true_random=False), kind=st.sampled_from(KINDS), steps=st.integers(1, 40)
)
def test_they_agree_on_whatever_is_thought_up(dice: Dice, kind: str, steps: int) -> None:
    both = Both(kind)
    for _ in range(steps):
        both.step_with(dice)
