"""A second exchange, as simple as it can be: lists, decimals, nothing remembered that can be told.

It knows one symbol and knows it slowly: the best order is searched for, what is locked is added up
anew each time, what a market order would cost is found by trying it on a copy.
Written from the documents (rest-api.md, enums.md, filters.md, the STP and trailing stop FAQs) and
the decision notes where those are silent; it shares no code with the core.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext

UNIT = Decimal("0.00000001")
ZERO = Decimal(0)
BUY, SELL = "BUY", "SELL"
STOPS = ("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")
AT_MARKET = ("MARKET", "STOP_LOSS", "TAKE_PROFIT")


class Refused(Exception):
    """The command is refused; the text is the exchange's."""


def floor(amount: Decimal) -> Decimal:
    return amount.quantize(UNIT, ROUND_FLOOR)


def ceiling(amount: Decimal) -> Decimal:
    return amount.quantize(UNIT, ROUND_CEILING)


@dataclass(eq=False)
class Order:
    who: str
    side: str
    type: str
    qty: Decimal = ZERO
    price: Decimal | None = None
    tif: str = "GTC"
    stp: str = "NONE"
    iceberg: Decimal | None = None
    stop: Decimal | None = None
    delta: int = 0  # basis points
    budget: Decimal | None = None  # quoteOrderQty
    number: int = 0
    status: str = "NEW"
    executed: Decimal = ZERO
    quote: Decimal = ZERO
    prevented: Decimal = ZERO
    visible: Decimal = ZERO
    waits: bool = False  # for its trigger
    tracks: bool = False  # the price, at a distance
    extreme: Decimal = ZERO
    held_at: Decimal = ZERO  # the last price when it began to wait
    sibling: Order | None = None

    @property
    def at(self) -> Decimal:
        """The price of an order that has one."""
        assert self.price is not None
        return self.price

    @property
    def left(self) -> Decimal:
        return self.qty - self.executed - self.prevented

    @property
    def open(self) -> bool:
        return self.status in ("NEW", "PARTIALLY_FILLED")


@dataclass
class Trade:
    price: Decimal
    qty: Decimal
    maker: int
    taker: int
    maker_fee: Decimal
    taker_fee: Decimal


@dataclass
class Naive:
    """owns: account -> {"BASE": amount, "QUOTE": amount}; groups: account -> trade group."""

    owns: dict[str, dict[str, Decimal]]
    groups: dict[str, int]
    fees: dict[str, tuple[Decimal, Decimal]]  # account -> (maker, taker) rate
    step: Decimal
    orders: list[Order] = field(default_factory=list)  # all ever accepted, by number from 1
    book: list[Order] = field(default_factory=list)  # who rests, in the order of arrival
    waiting: list[Order] = field(default_factory=list)
    fired: list[Order] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    last: Decimal = ZERO
    spent: Decimal = ZERO  # quote that takers paid or received

    # --- What can be seen ----------------------------------------------------------------------

    def locked(self, who: str, asset: str) -> Decimal:
        """The needs of all open orders; of an OCO pair the larger one."""
        total = ZERO
        for order in self.orders:
            if order.who != who or not order.open or (asset == "QUOTE") != (order.side == BUY):
                continue
            other = order.sibling
            if other is not None and other.open:
                total += max(self.need(order), self.need(other)) / 2
            else:
                total += self.need(order)
        return total

    def free(self, who: str, asset: str) -> Decimal:
        return self.owns[who][asset] - self.locked(who, asset)

    def depth(self, side: str) -> list[tuple[Decimal, Decimal]]:
        levels: dict[Decimal, Decimal] = {}
        for order in self.book:
            if order.side == side:
                levels[order.at] = levels.get(order.at, ZERO) + order.visible
        return sorted(levels.items(), reverse=side == BUY)

    def need(self, order: Order) -> Decimal:
        if order.side == SELL:
            return order.left
        if order.price is not None:
            return ceiling(order.price * order.left)
        return ceiling((order.stop or order.held_at) * order.left)

    # --- Commands ------------------------------------------------------------------------------

    def place(self, order: Order) -> Order:
        if order.budget is not None:
            order.qty = self._affordable(order)
        self._may_start(order)
        order.held_at = self.last
        if self._cost(order) > self.free(order.who, "QUOTE" if order.side == BUY else "BASE"):
            raise Refused("Account has insufficient balance for requested action.")
        self._accept(order)
        self._start(order)
        self._consequences()
        return order

    def place_oco(self, above: Order, below: Order) -> None:
        high, low = (o.price if o.type == "LIMIT_MAKER" else o.stop for o in (above, below))
        assert high is not None and low is not None
        if high <= low or (self.last and not low < self.last < high):
            raise Refused("The relationship of the prices for the orders is not correct.")
        for order in (above, below):
            self._may_start(order)
            order.held_at = self.last
        asset = "QUOTE" if above.side == BUY else "BASE"
        if max(self.need(above), self.need(below)) > self.free(above.who, asset):
            raise Refused("Account has insufficient balance for requested action.")
        above.sibling, below.sibling = below, above
        legs = (above, below) if above.side == BUY else (below, above)  # the stop-loss leg first
        for order in legs:
            self._accept(order)
        for order in legs:
            self._start(order)
        self._consequences()

    def cancel(self, number: int) -> None:
        order = self.orders[number - 1]
        if not order.open:
            raise Refused("Unknown order sent.")
        both = [order] if order.sibling is None else [order, order.sibling]
        for each in both:
            if each.open:
                self._close(each, "CANCELED")

    def amend(self, number: int, qty: Decimal) -> None:
        order = self.orders[number - 1]
        if not order.open:
            raise Refused("Unknown order sent.")
        legs = [order]
        if order.sibling is not None and order.sibling.open:
            legs.append(order.sibling)
        for leg in legs:
            if qty > leg.qty:
                raise Refused("Order amend (quantity increase) is not supported.")
            if qty == leg.qty or qty <= leg.executed + leg.prevented:
                raise Refused("The requested action would change no state; rejecting.")
        for leg in legs:
            leg.qty = qty
            leg.visible = min(leg.visible, leg.left)
            if leg.iceberg is not None:
                leg.iceberg = min(leg.iceberg, qty)

    # --- Beginning -----------------------------------------------------------------------------

    def _may_start(self, order: Order) -> None:
        if order.type == "LIMIT_MAKER" and self._best(order) is not None:
            raise Refused("Order would immediately match and take.")
        if order.type in STOPS and not order.delta and self._met(order):
            raise Refused("Order would trigger immediately.")

    def _met(self, order: Order) -> bool:
        """Has the last price reached the stop price?"""
        if not self.last or order.stop is None:
            return False
        loss = order.type.startswith("STOP_LOSS")
        above = loss == (order.side == BUY)
        return self.last >= order.stop if above else self.last <= order.stop

    def _cost(self, order: Order) -> Decimal:
        """What the order locks when it is placed or fires."""
        if order.side == SELL or order.price is not None or order.type in STOPS:
            return self.need(order)
        return self._try(order)[1].spent

    def _try(self, order: Order) -> tuple[Order, Naive]:
        """Match on a copy of everything that matching can change."""
        book, taker, owns = copy.deepcopy((self.book, order, self.owns))
        world = Naive(owns, self.groups, self.fees, self.step, book=book, last=self.last)
        world._match(taker)
        return taker, world

    def _affordable(self, order: Order) -> Decimal:
        """The most whole steps that cost (or bring) no more than the budget."""
        budget, qty = order.budget, ZERO
        assert budget is not None
        book = sorted(
            (o for o in self.book if o.side != order.side),
            key=lambda o: o.at if order.side == BUY else -o.at,
        )
        for maker in book:
            with localcontext() as exact:
                exact.prec = 60
                part = min(maker.left, floor(budget / maker.at))
            qty += part
            budget -= part * maker.at
            if part < maker.left:
                break
        qty -= qty % self.step
        if qty == 0:
            raise Refused("Order book liquidity is less than symbol minimum quantity.")
        return qty

    def _accept(self, order: Order) -> None:
        self.orders.append(order)
        order.number = len(self.orders)

    def _start(self, order: Order) -> None:
        if order.type in STOPS and not order.waits:
            order.waits = True
            self.waiting.append(order)
            order.tracks = bool(order.delta) and (order.stop is None or self._met(order))
            order.extreme = self.last
            return
        if order.tif == "FOK":
            tried, _ = self._try(order)
            if tried.left or (tried.status == "EXPIRED_IN_MATCH" and not _decrements(tried)):
                self._close(order, "EXPIRED")
                return
        if order.type != "LIMIT_MAKER":
            self._match(order)
        if not order.open:
            return
        if order.type in AT_MARKET or order.tif != "GTC":
            self._close(order, "EXPIRED")
            return
        order.visible = min(order.iceberg or order.left, order.left)
        self.book.append(order)

    # --- Matching ------------------------------------------------------------------------------

    def _best(self, taker: Order) -> Order | None:
        """The resting order that it would meet first: best price, then first come."""
        found: Order | None = None
        for order in self.book:
            if order.side == taker.side:
                continue
            sign = 1 if taker.side == BUY else -1
            if taker.price is not None and sign * (order.at - taker.price) > 0:
                continue
            if found is None or sign * (order.at - found.at) < 0:
                found = order
        return found

    def _match(self, taker: Order) -> None:
        while taker.open and taker.left:
            maker = self._best(taker)
            if maker is None:
                break
            group = self.groups.get(taker.who)
            friends = group is not None and group == self.groups.get(maker.who)
            if taker.stp != "NONE" and (taker.who == maker.who or friends):
                self._prevent(taker, maker)
            else:
                self._trade(taker, maker, min(taker.left, maker.visible))
        if taker.open and not taker.left:
            taker.status = "FILLED"
            if taker.budget is not None and self._short(taker):
                taker.status = "EXPIRED"

    def _short(self, taker: Order) -> bool:
        """The book ended before the budget did."""
        assert taker.budget is not None
        best = self._best(taker)
        if best is not None:
            return False
        price = self.trades[-1].price
        return taker.budget - taker.quote >= ceiling(price * self.step)

    def _trade(self, taker: Order, maker: Order, qty: Decimal) -> None:
        price = maker.at
        quote = floor(price * qty)
        for order in (maker, taker):
            self._expire_sibling(order)
        fees = []
        for order, rate in ((maker, self.fees[maker.who][0]), (taker, self.fees[taker.who][1])):
            sign = 1 if order.side == BUY else -1
            got = qty if order.side == BUY else quote
            fee = (got * rate).quantize(UNIT, ROUND_HALF_UP)
            owns = self.owns[order.who]
            owns["BASE"] += sign * qty
            owns["QUOTE"] -= sign * quote
            owns["BASE" if order.side == BUY else "QUOTE"] -= fee
            fees.append(fee)
            order.executed += qty
            order.quote += quote
            order.status = "PARTIALLY_FILLED"
        self.spent += quote
        self.trades.append(Trade(price, qty, maker.number, taker.number, fees[0], fees[1]))
        self.last = price
        self._look_at_triggers()
        maker.visible -= qty
        if not maker.left:
            self._close(maker, "FILLED")
        elif not maker.visible:
            assert maker.iceberg is not None
            maker.visible = min(maker.iceberg, maker.left)
            self.book.remove(maker)
            self.book.append(maker)

    def _prevent(self, taker: Order, maker: Order) -> None:
        mode = taker.stp
        if mode == "TRANSFER" and maker.stp != "TRANSFER":
            mode = "DECREMENT"
        less = {
            "EXPIRE_TAKER": (taker.left, ZERO),
            "EXPIRE_MAKER": (ZERO, maker.left),
            "EXPIRE_BOTH": (taker.left, maker.left),
        }.get(mode, (min(taker.left, maker.left),) * 2)
        if mode == "TRANSFER" and taker.who != maker.who:
            quote = floor(maker.at * less[0])
            for order in (maker, taker):
                sign = 1 if order.side == BUY else -1
                self.owns[order.who]["BASE"] += sign * less[0]
                self.owns[order.who]["QUOTE"] -= sign * quote
            self.spent += quote
        for order, part in ((maker, less[1]), (taker, less[0])):
            if part:
                self._expire_sibling(order)
            order.prevented += part
            order.visible = min(order.visible, order.left)
            if part and not order.left:
                self._close(order, "EXPIRED_IN_MATCH")

    # --- Ends and consequences -----------------------------------------------------------------

    def _expire_sibling(self, order: Order) -> None:
        other = order.sibling
        if other is not None and other.open:
            self._end(other, "EXPIRED")

    def _end(self, order: Order, status: str) -> None:
        order.status = status
        for where in (self.book, self.waiting):
            if order in where:
                where.remove(order)

    def _close(self, order: Order, status: str) -> None:
        """It ends, and the other leg with it unless this one traded."""
        self._end(order, status)
        if status != "FILLED" and order.sibling is not None and order.sibling.open:
            self._close(order.sibling, "CANCELED" if status == "CANCELED" else "EXPIRED")

    def _look_at_triggers(self) -> None:
        """Who fires at the new last price: trailing orders first, then by stop price and age."""
        now: list[Order] = []
        for order in self.waiting:
            if order.tracks:
                sign = 1 if order.side == SELL else -1
                if not order.extreme or sign * (self.last - order.extreme) > 0:
                    order.extreme = self.last
                elif sign * (order.extreme * (10_000 - sign * order.delta)) >= (
                    sign * self.last * 10_000
                ):
                    now.append(order)
        reached = [o for o in self.waiting if not o.tracks and o not in now and self._met(o)]
        above = [o for o in reached if o.type.startswith("STOP_LOSS") == (o.side == BUY)]
        below = [o for o in reached if o not in above]
        for order in [
            *sorted(above, key=lambda o: (o.stop, o.number)),
            *sorted(below, key=lambda o: (-(o.stop or ZERO), o.number)),
        ]:
            if order.delta:
                order.tracks = True
                order.extreme = self.last
                self.waiting.remove(order)
                self.waiting.append(order)  # those that track fire in the order of beginning it
            else:
                now.append(order)
        for order in now:
            self.waiting.remove(order)
            self.fired.append(order)

    def _consequences(self) -> None:
        while self.fired:
            order = self.fired.pop(0)
            if not order.open:
                continue
            self._expire_sibling(order)
            if order.price is None and order.side == BUY and self._too_dear(order):
                self._close(order, "EXPIRED")
            else:
                self._start(order)

    def _too_dear(self, order: Order) -> bool:
        """It fires, and costs more now than it held and is free beside that."""
        return self._try(order)[1].spent > self.free(order.who, "QUOTE") + self.need(order)


def _decrements(order: Order) -> bool:
    return order.stp in ("DECREMENT", "TRANSFER")
