"""The whole state added up again: what must hold after every command.

Numbers in brackets are those of the invariants that the project's reliability notes list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepit.core.terms import BUY, NEW, PARTIALLY_FILLED, PENDING_NEW
from tradepit.core.units import mul_ceil

if TYPE_CHECKING:
    from tradepit.core.accounts import Account
    from tradepit.core.book import BookSide
    from tradepit.core.exchange import Exchange
    from tradepit.core.orders import Order
    from tradepit.core.symbols import Symbol


def audit(pit: Exchange) -> list[str]:
    """Every broken invariant, in words."""
    found = pit.ledger.audit()
    for account in pit.accounts.values():
        _audit_holds(pit, account, found)
        _audit_counts(account, found)
    for symbol in pit.symbols.values():
        _audit_book(pit, symbol, found)
    return found


def _audit_holds(pit: Exchange, account: Account, found: list[str]) -> None:
    """(4) What is locked is exactly what open orders and lists hold."""
    held: dict[str, int] = {}
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
                f"{account.name} {asset}: locked {balance.locked}, orders hold {held.get(asset, 0)}"
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
        if len(opened.by_client) != len(opened.orders):
            found.append(f"{account.name} {name}: client ids are not one to one")
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


def _audit_book(pit: Exchange, symbol: Symbol, found: list[str]) -> None:
    """(9, 10) Not crossed, sorted, levels the sums of their orders, every open order somewhere."""
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
            if order.limit_price != price or not 0 < order.visible <= order.leaves:
                found.append(f"{symbol.name} {order.order_id}: wrong at level {price}")
            order = order.next
        if qty != level.qty or qty <= 0 or here != level.count:
            found.append(f"{symbol.name} level {price}: shows {level.qty}, has {qty}")
        count += here
    return count
