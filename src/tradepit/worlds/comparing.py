"""What is different between two states of a world, in words that people and scripts can read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from tradepit.control.keeping import Comparison, Difference
from tradepit.core.accounts import Account, OpenOrders
from tradepit.core.exchange import Exchange
from tradepit.core.futures_orders import FuturesOrder
from tradepit.core.orders import Order
from tradepit.core.positions import Trader
from tradepit.core.terms import (
    FUTURES_ORDER_TYPES,
    ORDER_STATUSES,
    ORDER_TYPES,
    POSITION_SIDES,
    SIDES,
)
from tradepit.core.units import ONE, text_short

Which: TypeAlias = tuple[str, str, str]  # what kind of thing, whose, which one


class View(NamedTuple):
    """What two states are compared by: a text for each thing there is."""

    things: dict[Which, str]


def view_of(pit: Exchange, at_us: int) -> View:
    """A state as it can be compared. at_us: what its clock shows. Of residents nothing is told but
    the prices that they make."""
    things: dict[Which, str] = {
        ("clock", "", "now"): str(at_us // 1000),
        ("clock", "", "speed"): text_short(pit.clock_speed * ONE // 1000),
        ("log", "", "seq"): str(pit.seq),
    }
    for symbols in (pit.symbols, pit.contracts):
        for symbol in symbols.values():
            things["price", "", symbol.key] = text_short(symbol.last_price)
    seen = {owner: account for owner, account in pit.accounts.items() if not account.quiet}
    for account in seen.values():
        things["account", account.name, "open orders"] = str(account.orders_open)
        for name, opened in account.symbols.items():
            things |= _orders(account, name, opened)
    for (owner, wallet), row in pit.ledger.wallets.items():
        if owner in seen:
            for asset, balance in row.items():
                text = f"{text_short(balance.free)} free, {text_short(balance.locked)} locked"
                things["balance", seen[owner].name, f"{wallet} {asset}"] = text
    for trader in pit.traders.values():
        if trader.account.id in seen:
            things |= _futures(trader)
    return View(things)


def _orders(account: Account, symbol: str, opened: OpenOrders) -> Iterator[tuple[Which, str]]:
    for order in opened.orders.values():
        yield ("order", account.name, f"{symbol} {order.order_id}"), _order(order)


def _order(order: Order) -> str:
    kinds = FUTURES_ORDER_TYPES if isinstance(order, FuturesOrder) else ORDER_TYPES
    words = [SIDES[order.side], kinds[order.type], text_short(order.qty)]
    if order.price:
        words += ["at", text_short(order.price)]
    if order.stop_price:
        words += ["stop", text_short(order.stop_price)]
    words += [ORDER_STATUSES[order.status], "executed", text_short(order.executed)]
    return " ".join(words)


def _futures(trader: Trader) -> Iterator[tuple[Which, str]]:
    name = trader.account.name
    for holding in trader.holdings.values():
        symbol = holding.contract.key
        yield from _orders(trader.account, symbol, holding.opened)
        for algo_id, order in holding.algos.orders.items():
            yield ("algo order", name, f"{symbol} {algo_id}"), _order(order)
        for position in holding.positions:
            if position.qty:
                text = f"{text_short(position.qty)} at {text_short(position.entry_price)}"
                yield ("position", name, f"{symbol} {POSITION_SIDES[position.side]}"), text


def compare(before: tuple[str, View], after: tuple[str, View], limit: int) -> Comparison:
    """What two named states have different; of all differences the first `limit`."""
    one, other = before[1].things, after[1].things
    found = [
        Difference(what=key[0], whose=key[1], which=key[2], before=one.get(key),
                   after=other.get(key))
        for key in [*one, *(key for key in other if key not in one)]
        if one.get(key) != other.get(key)
    ]  # fmt: skip
    return Comparison(before=before[0], after=after[0], count=len(found), differences=found[:limit])
