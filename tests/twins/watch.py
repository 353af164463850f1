"""Looks over the exchange's shoulder: after each command, whatever it touched is checked.

A `Watch` keeps books of its own, made from events alone, and compares them with the state. It says
what it finds broken as AssertionErrors that carry the number of the invariant (as in the
reliability notes): 1 conservation per account, 3 nothing negative, 4 holds, 5 commission, 6 whose
favour rounding is in, 8 limits kept, 9 and 10 the book, 11 fills add up, 12 states go forward, 13
ids and times, 14 leaves, 15 time in force, 17 self-trade prevention, 18 lists. Numbers 2 and 7 are
`Exchange.audit()` and the naive exchange beside this file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Final

from tradepit.core.exchange import Exchange
from tradepit.core.lists import OrderList
from tradepit.core.orders import Order
from tradepit.core.records import (
    ALLOCATION,
    AMENDMENT,
    BALANCE_UPDATE,
    LIST_STATUS,
    POSITION,
    PREVENTED_MATCH,
    REPORT,
    TRADE,
    Outcome,
)
from tradepit.core.rejects import Reject
from tradepit.core.symbols import Symbol
from tradepit.core.terms import (
    ALL_DONE,
    BUY,
    CANCELED,
    DECREMENT,
    EXPIRE_BOTH,
    EXPIRE_MAKER,
    EXPIRE_TAKER,
    EXPIRED,
    EXPIRED_IN_MATCH,
    FILLED,
    FOK,
    IOC,
    LIMIT_MAKER,
    MARKET,
    NEW,
    OCO,
    PARTIALLY_FILLED,
    PENDING_NEW,
    REJECTED,
    STOP_LOSS,
    TAKE_PROFIT,
    TRANSFER,
    X_NEW,
    X_TRADE,
)  # fmt: skip
from tradepit.core.units import ONE

PARTIAL: Final = "POST /api/v3/order/cancelReplace"
OPEN: Final = {NEW, PARTIALLY_FILLED, PENDING_NEW}
CLOSED: Final = {FILLED, CANCELED, EXPIRED, EXPIRED_IN_MATCH}
FORWARD: Final = {
    0: {NEW, PENDING_NEW},
    PENDING_NEW: {PENDING_NEW, NEW, CANCELED, EXPIRED},
    NEW: {NEW, *CLOSED, PARTIALLY_FILLED},
    PARTIALLY_FILLED: {PARTIALLY_FILLED, *CLOSED},
}


class Seen:
    """What was told about one order."""

    __slots__ = ("dearest", "fills", "order", "prevented", "quote", "status", "trigger_price")

    def __init__(self, order: Order) -> None:
        self.order = order
        self.fills = 0
        self.quote = 0
        self.dearest = 0  # the highest price that it traded at
        self.prevented = 0
        self.status = 0
        self.trigger_price = 0  # the last price when it began to wait


class Watch:
    """Books of one exchange, from the moment when it is made. Not for a state with open orders."""

    def __init__(self, pit: Exchange) -> None:
        self.pit = pit
        self.total: dict[tuple[int, str], int] = defaultdict(int)
        for account in pit.accounts.values():
            for asset, balance in account.balances.items():
                self.total[account.id, asset] = balance.free + balance.locked
        self.seen: dict[tuple[str, int], Seen] = {}
        self.last: dict[str, int] = defaultdict(int)
        self.ids: dict[tuple[str, str], int] = {}
        self.at_us = pit.at_us
        self.update_ids = {name: symbol.book.update_id for name, symbol in pit.symbols.items()}
        for symbol in pit.symbols.values():
            symbol.book.touched = {}

    def moved_to(self, pit: Exchange) -> None:
        """The same state lives in another exchange now (it was written out and read back)."""
        self.pit = pit
        for key in list(self.seen):
            found = pit.accounts[self.seen[key].order.account.id].on(key[0]).orders.get(key[1])
            if found is None:
                del self.seen[key]
            else:
                self.seen[key].order = found
        for symbol in pit.symbols.values():
            symbol.book.touched = {}

    def after(self, op: str, outcome: Outcome) -> None:
        """Check everything that a command touched. Raises: AssertionError."""
        pit = self.pit
        assert outcome.at_us >= self.at_us, "13: time fell"
        self.at_us = outcome.at_us
        touched: dict[int, Order] = {}
        lists: dict[int, OrderList] = {}
        for event in outcome.events:
            self._take_in(event, touched, lists)
        if isinstance(outcome.reply, Reject) and op != PARTIAL:
            kinds = {event.kind for event in outcome.events}
            assert kinds <= {10}, f"a refusal told {kinds}"
        for order in touched.values():
            self._check_order(order)
            if order.list is not None:
                lists[order.list.list_id] = order.list
        for found in lists.values():
            self._check_list(found)
        self._check_money(touched.values())
        for symbol in pit.symbols.values():
            self._check_book(symbol)
        for key in [k for k, s in self.seen.items() if not s.order.open]:
            del self.seen[key]

    # --- Events --------------------------------------------------------------------------------

    def _take_in(self, event: Any, touched: dict[int, Order], lists: dict[int, OrderList]) -> None:
        kind = event.kind
        if kind == TRADE:
            self._fill(event)
            orders = [event.maker] if event.taker is None else [event.maker, event.taker]
        elif kind == REPORT:
            self._report(event)
            orders = [] if event.status == REJECTED else [event.order]
        elif kind == ALLOCATION:
            self._allocation(event)
            orders = [event.order]
        elif kind == PREVENTED_MATCH:
            self._prevented(event)
            orders = [event.maker, event.taker]
        elif kind == AMENDMENT:
            assert event.new_qty < event.orig_qty, "19: an amendment that is no less"
            orders = [event.order]
        else:
            orders = []
            if kind == BALANCE_UPDATE:
                self.total[event.account.id, event.asset] += event.delta
            elif kind == LIST_STATUS:
                lists[event.order_list.list_id] = event.order_list
            elif kind == POSITION:
                self._position(event)
        for order in orders:
            touched[id(order)] = order

    def _next(self, symbol: str, kind: str, number: int, gaps: bool = False) -> None:
        """Ids of one kind on one symbol rise; by one where there may be no gaps."""
        before = self.ids.get((symbol, kind))
        if before is not None:
            right = number > before if gaps else number == before + 1
            assert right, f"13: {symbol} {kind} {number} after {before}"
        self.ids[symbol, kind] = number

    def seen_of(self, order: Order) -> Seen:
        key = (order.symbol.name, order.order_id)
        found = self.seen.get(key)
        if found is None:
            found = self.seen[key] = Seen(order)
            found.trigger_price = self.last[key[0]]
        return found

    def _fill(self, fill: Any) -> None:
        symbol, maker, taker = fill.symbol, fill.maker, fill.taker
        self._next(symbol.name, "trade", fill.trade_id)
        assert fill.qty > 0 and fill.price > 0, "10: an empty trade"
        assert fill.quote == fill.price * fill.qty // ONE, "6: quote is not price x quantity"
        assert fill.buyer_is_maker == (maker.side == BUY)
        assert fill.price == maker.limit_price, "7: not at the maker's price"
        self.last[symbol.name] = fill.price
        self._settle(maker, fill, symbol, True, fill.maker_commission, fill.maker_commission_asset)
        if taker is not None:
            assert maker.side != taker.side
            assert taker.type != LIMIT_MAKER, "15: a LIMIT_MAKER took"
            self._settle(
                taker, fill, symbol, False, fill.taker_commission, fill.taker_commission_asset
            )

    def _allocation(self, given: Any) -> None:
        self._next(given.symbol.name, "allocation", given.allocation_id)
        self._settle(
            given.order, given, given.symbol, False, given.commission, given.commission_asset
        )

    def _settle(
        self, order: Order, fill: Any, symbol: Symbol, maker: bool, paid: int, asset: str
    ) -> None:
        """One side of a trade in the watch's own books."""
        owner = order.account.id
        if order.limit_price:
            worse = (
                fill.price > order.limit_price
                if order.side == BUY
                else (fill.price < order.limit_price)
            )
            assert not worse, f"8: {order.order_id} filled at {fill.price}"
        if order.side == BUY:
            self.total[owner, symbol.base] += fill.qty
            self.total[owner, symbol.quote] -= fill.quote
        else:
            self.total[owner, symbol.base] -= fill.qty
            self.total[owner, symbol.quote] += fill.quote
        self.total[owner, asset] -= paid
        self._commission(order, fill, symbol, maker, paid, asset)
        seen = self.seen_of(order)
        seen.fills += fill.qty
        seen.dearest = max(seen.dearest, fill.price)
        seen.quote += fill.quote

    def _commission(
        self, order: Order, fill: Any, symbol: Symbol, maker: bool, paid: int, asset: str
    ) -> None:
        buys = order.side == BUY
        terms = order.account.commission_on(symbol.name)
        received = fill.qty if buys else fill.quote
        own = symbol.base if buys else symbol.quote
        rates = [kind.rate(maker, buys) for kind in (terms.standard, terms.special, terms.tax)]
        if asset == own and not (order.account.discount_on and own == "BNB"):
            exact = Fraction(received * sum(rates), ONE)
        else:
            assert asset == "BNB" and order.account.discount_on, f"5: paid in {asset}"
            rate = Fraction(rates[0] * terms.discount, ONE) + rates[1] + rates[2]
            exact = received * rate / ONE * self._in_bnb(own)
        assert abs(exact - paid) <= 1, f"5: commission {paid}, not {exact}"

    def _in_bnb(self, asset: str) -> Fraction:
        if asset == "BNB":
            return Fraction(1)
        found = self._rate(asset, "BNB")
        return found if found else self._rate(asset, "USDT") * self._rate("USDT", "BNB")

    def _rate(self, one: str, other: str) -> Fraction:
        if self.last[one + other]:
            return Fraction(self.last[one + other], ONE)
        return Fraction(ONE, self.last[other + one]) if self.last[other + one] else Fraction(0)

    def _report(self, told: Any) -> None:
        order = told.order
        name = order.symbol.name
        if told.status == REJECTED:
            assert (order.order_id, told.exec_id, order.open) == (-1, -1, False), "12: refused"
            assert not order.held and not order.executed, "12: refused, yet it did something"
            return
        self._next(name, "execution", told.exec_id, gaps=True)
        seen = self.seen_of(order)
        if seen.status == 0:
            self._next(name, "order", order.order_id, gaps=True)
        assert told.status in FORWARD.get(seen.status, set()), (
            f"12: {name} {order.order_id} from {seen.status} to {told.status}"
        )
        if told.exec_type == X_NEW:
            seen.trigger_price = self.last[name]
            assert order.list is not None or told.status == NEW, "12: new, yet not so"
        seen.status = told.status
        if told.exec_type == X_TRADE:
            assert told.status in (PARTIALLY_FILLED, FILLED), "12: a trade of a closed order"
        assert told.executed == seen.fills, f"11: {name} {order.order_id} executed"
        assert told.executed_quote == seen.quote, f"11: {name} {order.order_id} quote"

    def _prevented(self, match: Any) -> None:
        """The table of modes. Both reports come after this event."""
        self._next(match.symbol.name, "prevented", match.match_id)
        taker, maker = match.taker, match.maker
        group = taker.account.trade_group
        assert taker.account is maker.account or (
            group != -1 and group == maker.account.trade_group
        ), "17: prevented strangers"
        assert taker.side != maker.side
        mode = match.mode
        if taker.stp == TRANSFER and maker.stp != TRANSFER:
            assert mode == DECREMENT, "17: TRANSFER without consent"
        else:
            assert mode == taker.stp, "17: not the taker's mode"
        took, made = match.taker_prevented, match.maker_prevented
        assert (took > 0) == (mode != EXPIRE_MAKER), "17"
        assert (made > 0) == (mode != EXPIRE_TAKER), "17"
        if mode in (DECREMENT, TRANSFER):
            assert took == made, "17: decremented unequally"
        self.seen_of(taker).prevented += took
        self.seen_of(maker).prevented += made
        if mode in (EXPIRE_TAKER, EXPIRE_BOTH):
            assert not taker.open and taker.status == EXPIRED_IN_MATCH, "17"
        if mode in (EXPIRE_MAKER, EXPIRE_BOTH):
            assert not maker.open and maker.status == EXPIRED_IN_MATCH, "17"
        if mode == TRANSFER and taker.account is not maker.account:
            quote = match.price * took // ONE
            for order in (maker, taker):
                sign = 1 if order.side == BUY else -1
                self.total[order.account.id, order.symbol.base] += sign * took
                self.total[order.account.id, order.symbol.quote] -= sign * quote

    def _position(self, event: Any) -> None:
        for asset, free, locked in event.rows:
            balance = event.account.balances[asset]
            assert (free, locked) == (balance.free, balance.locked), "24: a stale balance was told"

    # --- The state afterwards ------------------------------------------------------------------

    def _check_order(self, order: Order) -> None:
        name = f"{order.symbol.name} {order.order_id}"
        seen = self.seen_of(order)
        assert order.executed == seen.fills and order.executed_quote == seen.quote, f"11: {name}"
        assert order.prevented == seen.prevented, f"17: {name} prevented {order.prevented}"
        if not order.account.quiet:
            assert order.status == seen.status, f"12: {name} was told otherwise"
        assert order.leaves == order.qty - order.executed - order.prevented, f"14: {name}"
        opened = order.account.on(order.symbol.name)
        if order.open:
            assert order.status in OPEN and (order.leaves > 0 or order.extra.opo), f"14: {name}"
            assert opened.orders[order.order_id] is order, f"10: {name} open yet unknown"
            assert opened.by_client[order.client_id] is order, f"13: {name} client id"
            working = order.working_us >= 0
            if working and order.status != PENDING_NEW:
                never = (MARKET, STOP_LOSS, TAKE_PROFIT)
                assert order.type not in never and order.tif not in (IOC, FOK), f"15: {name} rests"
                assert order.level is not None, f"10: {name} works, but not in the book"
            else:
                assert order.level is None, f"10: {name} waits in the book"
            return
        assert order.status in CLOSED and order.level is None and order.held == 0, f"14: {name}"
        assert order.order_id not in opened.orders, f"10: {name} closed yet open"
        assert (order.status == FILLED) <= (order.leaves == 0 and order.executed > 0), f"12: {name}"
        assert (order.status == EXPIRED) == (order.reason > 0), f"12: {name} expired for no reason"
        if order.tif == FOK and order.status == EXPIRED:
            assert order.executed == 0, f"15: {name} filled in part"
        if order.quote_qty and order.executed:
            self._check_reverse(order, name)

    def _check_reverse(self, order: Order, name: str) -> None:
        """A MARKET order by quote quantity: never above it, and within a step of it if filled."""
        budget = order.quote_qty
        if order.side == BUY:
            assert order.executed_quote <= budget, f"15: {name} overspent"
        if order.status == FILLED and not order.prevented:
            step = max(order.symbol.step_size, order.symbol.market_step_size)
            slack = self.seen_of(order).dearest * step // ONE + 64
            if not order.extra.used_sor:
                assert budget - order.executed_quote <= slack, (
                    f"15: {name} spent {order.executed_quote} of {budget}, slack {slack}"
                )

    def _check_list(self, found: OrderList) -> None:
        name = f"list {found.list_id}"
        live = [order for order in found.orders if order.open]
        assert (found.order_status == ALL_DONE) == (not live), f"18: {name} and its legs disagree"
        known = found.account.lists.get(found.list_id) is found
        assert known == bool(live), f"18: {name} is kept wrongly"
        pair = found.pair
        assert sum(1 for order in pair if order.executed) < 2, f"18: both legs of {name} traded"
        if live and pair and any(order.executed or order.level for order in pair):
            works = [
                order for order in pair if order.executed or (order.contingent and order.level)
            ]
            if works:
                assert all(not o.open for o in pair if o not in works), f"18: {name} sibling lives"
        if found.contingency == OCO:
            return
        working = found.orders[0]
        for order in found.pending:
            if working.open:
                assert order.status == PENDING_NEW and not order.executed, f"18: {name} too early"
                assert not order.held, f"4: {name} pending, yet holds"
            elif working.status != FILLED:
                assert not order.open, f"18: {name} pending outlives its working order"
        if not found.opo or not working.open:
            assert not found.reserved, f"4: {name} reserves for nobody"

    def _check_money(self, touched: Iterable[Order]) -> None:
        names = {(b.owner, b.asset.name) for b in self.pit.ledger.touched if not b.house}
        for order in touched:
            names.add((order.account.id, order.symbol.base))
            names.add((order.account.id, order.symbol.quote))
        for owner, asset in names:
            account = self.pit.accounts[owner]
            balance = self.pit.spot(account, asset)
            assert balance.free >= 0 and balance.locked >= 0, f"3: {account.name} {asset}"
            total = self.total[owner, asset]
            assert balance.free + balance.locked == total, (
                f"1: {account.name} {asset} has {balance.free + balance.locked}, not {total}"
            )
            holds = self._holds(owner, asset)
            assert balance.locked == holds, (
                f"4: {account.name} {asset} locks {balance.locked}, not {holds}"
            )

    def _holds(self, owner: int, asset: str) -> int:
        """What open orders of an account must lock of an asset, by the documents alone."""
        account = self.pit.accounts[owner]
        units = 0
        for opened in account.symbols.values():
            for order in opened.orders.values():
                mine = order.symbol.quote if order.side == BUY else order.symbol.base
                if mine == asset and (order.list is None or order not in order.list.pair):
                    units += self._need(order)
        for found in account.lists.values():
            if found.symbol.base == asset:
                units += found.reserved
            legs = [order for order in found.pair if order.open]
            if legs:
                mine = found.symbol.quote if legs[0].side == BUY else found.symbol.base
                if mine == asset:
                    units += max(self._need(order) for order in legs)
        return units

    def _need(self, order: Order) -> int:
        if order.status == PENDING_NEW:
            return 0
        if order.side != BUY:
            return order.leaves
        price = order.limit_price
        if not price and order.working_us < 0:
            price = order.stop_price or self.seen_of(order).trigger_price
        return -(-price * order.leaves // ONE)

    def _check_book(self, symbol: Symbol) -> None:
        book = symbol.book
        before = self.update_ids[symbol.name]
        assert book.update_id >= before, "13: a book's update id fell"
        touched = book.touched
        if not touched:
            assert book.update_id == before, "20: a change that nobody could see"
            return
        assert book.update_id > before, "20: a change without a number"
        self.update_ids[symbol.name] = book.update_id
        bid, ask = book.bids.best(), book.asks.best()
        assert not bid or not ask or bid < ask, f"9: {symbol.name} crossed"
        for key in touched:
            side = book.bids if key > 0 else book.asks
            level = side.levels.get(abs(key))
            if level is None:
                continue
            visible = count = 0
            order = level.head
            while order is not None:
                assert order.open and order.level is level, f"10: a ghost at {key}"
                assert 0 < order.visible <= order.leaves, f"10: {order.order_id} shows nothing"
                if not order.iceberg_qty:
                    assert order.visible == order.leaves, f"10: {order.order_id} hides"
                visible += order.visible
                count += 1
                order = order.next
            assert (visible, count) == (level.qty, level.count) and count, f"9: level {key}"
        touched.clear()
