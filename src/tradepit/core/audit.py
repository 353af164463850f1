"""The whole state added up again: what must hold after every command.

Numbers in brackets are those of the invariants that the project's reliability notes list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepit.core import futures_audit
from tradepit.core.terms import (
    ALL_DONE,
    BUY,
    FILLED,
    NEW,
    OCO,
    PARTIALLY_FILLED,
    PENDING_NEW,
)  # fmt: skip
from tradepit.core.units import mul_ceil

if TYPE_CHECKING:
    from tradepit.core.accounts import Account
    from tradepit.core.book import BookSide
    from tradepit.core.exchange import Exchange
    from tradepit.core.lists import OrderList
    from tradepit.core.orders import Order
    from tradepit.core.symbols import Symbol


def audit(pit: Exchange) -> list[str]:
    """Every broken invariant, in words."""
    found = pit.ledger.audit()
    for account in pit.accounts.values():
        _audit_holds(pit, account, found)
        _audit_counts(account, found)
        _audit_finished(account, found)
        for listed in account.lists.values():
            _audit_list(account, listed, found)
    futures_audit.audit(pit, found)
    for symbol in pit.symbols.values():
        _audit_book(pit, symbol, found)
        _audit_triggers(symbol, found)
    return found


def _audit_holds(pit: Exchange, account: Account, found: list[str]) -> None:
    """(4) What is locked is exactly what open orders, lists and others outside hold."""
    held: dict[str, int] = dict(account.outside)
    for opened in account.symbols.values():
        for order in opened.orders.values():
            asset = order.symbol.quote if order.side == BUY else order.symbol.base
            held[asset] = held.get(asset, 0) + order.held
            _audit_order(order, found)
    for listed in account.lists.values():
        base = listed.symbol.base
        held[base] = held.get(base, 0) + listed.reserved
    for asset, balance in account.balances.items():
        if balance.locked != held.get(asset, 0):
            found.append(
                f"{account.name} {asset}: locked {balance.locked}, held are {held.get(asset, 0)}"
            )


def _audit_order(order: Order, found: list[str]) -> None:
    """(11, 14) An open order's quantities agree, and there is something left of it."""
    name = f"{order.symbol.name} {order.order_id}"
    if order.leaves != order.qty - order.executed - order.prevented:
        found.append(f"{name}: leaves {order.leaves}")
    if order.leaves <= 0 and not order.extra.opo:
        found.append(f"{name}: open with nothing left")
    if not order.open or order.status not in (NEW, PENDING_NEW, PARTIALLY_FILLED):
        found.append(f"{name}: open with status {order.status}")
    if order.level is not None and (order.list is None or len(order.list.pair) != 2):
        need = mul_ceil(order.limit_price, order.leaves) if order.side == BUY else order.leaves
        if order.held != need:
            found.append(f"{name}: holds {order.held}, may cost {need}")
    if order.status == PENDING_NEW and order.held:
        found.append(f"{name}: pending, yet holds {order.held}")


def _audit_counts(account: Account, found: list[str]) -> None:
    """(13) Counters equal what they count; client ids are unique among open orders."""
    orders = algos = icebergs = 0
    for name, opened in account.symbols.items():
        buys = sum(o.leaves for o in opened.orders.values() if o.side == BUY)
        if buys != opened.buy_qty:
            found.append(f"{account.name} {name}: buy quantity {opened.buy_qty}, not {buys}")
        named = sum(1 for key, o in opened.by_client.items() if o.open and o.client_id == key)
        if not named == len(opened.by_client) == len(opened.orders):
            found.append(f"{account.name} {name}: client ids are not one to one")
        if any(order_id != o.order_id for order_id, o in opened.orders.items()):
            found.append(f"{account.name} {name}: an order under another one's id")
        listed = sum(1 for each in account.lists.values() if each.symbol.name == name)
        if listed != opened.lists:
            found.append(f"{account.name} {name}: {opened.lists} lists, not {listed}")
        own_algos = sum(1 for o in opened.orders.values() if o.contingent)
        own_icebergs = sum(1 for o in opened.orders.values() if o.iceberg_qty)
        if (own_algos, own_icebergs) != (opened.algos, opened.icebergs):
            found.append(f"{account.name} {name}: algo or iceberg counts differ")
        orders += len(opened.orders)
        algos += own_algos
        icebergs += own_icebergs
    if (orders, algos, icebergs) != (
        account.orders_open, account.algos_open, account.icebergs_open,
    ):  # fmt: skip
        found.append(f"{account.name}: open order counts differ")


def _audit_finished(account: Account, found: list[str]) -> None:
    """(12, 14) What is done is done: no hold, no place in a book, no way back."""
    for opened in account.symbols.values():
        for order in opened.finished.values():
            name = f"{order.symbol.name} {order.order_id}"
            if order.open or order.status in (NEW, PENDING_NEW, PARTIALLY_FILLED):
                found.append(f"{name}: finished with status {order.status}")
            if order.held or order.level is not None or order.order_id in opened.orders:
                found.append(f"{name}: finished, yet holds or rests")
            if order.leaves != order.qty - order.executed - order.prevented or (
                order.status == FILLED and order.leaves
            ):
                found.append(f"{name}: finished with {order.leaves} left")


def _audit_list(account: Account, listed: OrderList, found: list[str]) -> None:
    """(4, 18) Open lists have a live leg; a pair holds once; nobody works before its turn."""
    name = f"{account.name} list {listed.list_id}"
    if listed.order_status == ALL_DONE or not any(order.open for order in listed.orders):
        found.append(f"{name}: open without a live order")
    if account.lists_by_client.get(listed.client_id) is not listed:
        found.append(f"{name}: not known by its client id")
    if sum(1 for order in listed.pair if order.executed) > 1:
        found.append(f"{name}: both legs of a pair traded")
    if sum(1 for order in listed.pair if order.held) > 1:
        found.append(f"{name}: both legs of a pair hold funds")
    if listed.contingency != OCO and listed.orders[0].open:
        early = [o for o in listed.pending if o.status != PENDING_NEW or o.executed]
        if early:
            found.append(f"{name}: {len(early)} pending orders before their turn")
    elif listed.reserved:
        found.append(f"{name}: reserves {listed.reserved} for nobody")


def _audit_triggers(symbol: Symbol, found: list[str]) -> None:
    """Every waiting order is waited for at its own price, and waits."""
    triggers = symbol.triggers
    if len(triggers.above) + len(triggers.below) != len(triggers.stops):
        found.append(f"{symbol.name}: stop prices and waiting orders differ")
    found.extend(
        f"{symbol.name} {order.order_id}: waits, yet works"
        for order in [*triggers.stops.values(), *triggers.trailing.values()]
        if not order.open or order.level is not None or order.working_us >= 0
    )


def _audit_book(pit: Exchange, symbol: Symbol, found: list[str]) -> None:
    """(9, 10) Not crossed, sorted, levels the sums of their orders, every open order somewhere."""
    if symbol.tape.count and symbol.tape.last_id != symbol.next_trade_id - 1:
        found.append(f"{symbol.name}: the tape ends with trade {symbol.tape.last_id}")
    book = symbol.book
    bid, ask = book.bids.best(), book.asks.best()
    if bid and ask and bid >= ask:
        found.append(f"{symbol.name}: crossed, {bid} >= {ask}")
    resting = _audit_side(symbol, book.bids, found) + _audit_side(symbol, book.asks, found)
    waiting = len(symbol.triggers.stops) + len(symbol.triggers.trailing)
    pending = 0
    total = 0
    for account in pit.accounts.values():
        opened = account.symbols.get(symbol.name)
        if opened is not None:
            total += len(opened.orders)
            if any(order_id >= symbol.next_order_id for order_id in opened.orders):
                found.append(f"{symbol.name}: an order id that was not given yet")
            pending += sum(1 for o in opened.orders.values() if o.status == PENDING_NEW)
    if resting + waiting + pending != total:
        found.append(f"{symbol.name}: {total} open, {resting} rest, {waiting} wait, {pending} pend")


def _audit_side(symbol: Symbol, side: BookSide, found: list[str]) -> int:
    count = 0
    prices = side.prices(len(side.levels) + 1)
    if [p * side.sign for p in prices] != sorted((p * side.sign for p in prices), reverse=True):
        found.append(f"{symbol.name}: levels out of order")
    if side.best() != (prices[0] if prices else 0):
        found.append(f"{symbol.name}: the best price is not {side.best()}")
    if len(prices) != len(side.levels):
        found.append(f"{symbol.name}: {len(prices)} prices, {len(side.levels)} levels")
    for price in prices:
        level = side.levels[price]
        qty = 0
        here = 0
        order = level.head
        while order is not None:
            qty += order.visible
            here += 1
            if (
                order.level is not level
                or order.limit_price != price
                or not 0 < order.visible <= order.leaves
            ):
                found.append(f"{symbol.name} {order.order_id}: wrong at level {price}")
            order = order.next
        if qty != level.qty or qty <= 0 or here != level.count:
            found.append(f"{symbol.name} level {price}: shows {level.qty}, has {qty}")
        count += here
    return count
