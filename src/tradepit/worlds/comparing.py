"""What is different between two states of a world, in words that people and scripts can read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from tradepit.control.keeping import Comparison, Difference
from tradepit.core.exchange import Exchange
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
Value: TypeAlias = str | tuple[int, ...]  # as it is compared; made words of where it differs
View: TypeAlias = dict[Which, Value]
"""What two states are compared by: everything there is."""

CLOCK: Final = "clock"
PRICE: Final = "price"
ACCOUNT: Final = "account"
BALANCE: Final = "balance"
ORDER: Final = "order"
FUTURES_ORDER: Final = "futures order"
ALGO_ORDER: Final = "algo order"
POSITION: Final = "position"


def view_of(pit: Exchange, at_us: int) -> View:
    """A state as it can be compared. at_us: what its clock shows. Of residents nothing is told but
    the prices that they make."""
    view: View = {
        (CLOCK, "", "now"): str(at_us // 1000),
        (CLOCK, "", "speed"): text_short(pit.clock_speed * ONE // 1000),
        (CLOCK, "", "commands"): str(pit.seq),
    }
    for symbols in (pit.symbols, pit.contracts):
        for symbol in symbols.values():
            view[PRICE, "", symbol.key] = (symbol.last_price,)
    seen = {owner: account for owner, account in pit.accounts.items() if not account.quiet}
    for account in seen.values():
        view[ACCOUNT, account.name, "open orders"] = str(account.orders_open)
        for name, opened in account.symbols.items():
            for order in opened.orders.values():
                view[ORDER, account.name, f"{name} {order.order_id}"] = _order(order)
    for (owner, wallet), row in pit.ledger.wallets.items():
        if owner in seen:
            for asset, balance in row.items():
                whose = seen[owner].name
                view[BALANCE, whose, f"{wallet} {asset}"] = (balance.free, balance.locked)
    for trader in pit.traders.values():
        if trader.account.id in seen:
            view.update(_futures(trader))
    return view


def _order(order: Order) -> tuple[int, ...]:
    return (
        order.side, order.type, order.qty, order.price, order.stop_price, order.status,
        order.executed,
    )  # fmt: skip


def _futures(trader: Trader) -> Iterator[tuple[Which, Value]]:
    name = trader.account.name
    for holding in trader.holdings.values():
        symbol = holding.contract.key
        for order_id, order in holding.opened.orders.items():
            yield (FUTURES_ORDER, name, f"{symbol} {order_id}"), _order(order)
        for algo_id, algo in holding.algos.orders.items():
            yield (ALGO_ORDER, name, f"{symbol} {algo_id}"), _order(algo)
        for position in holding.positions:
            if position.qty:
                side = POSITION_SIDES[position.side]
                yield (POSITION, name, f"{symbol} {side}"), (position.qty, position.entry_price)


def _words(what: str, value: Value | None) -> str | None:
    """A value as people read it."""
    if value is None or isinstance(value, str):
        return value
    if what == PRICE:
        return text_short(value[0])
    if what == BALANCE:
        return f"{text_short(value[0])} free, {text_short(value[1])} locked"
    if what == POSITION:
        return f"{text_short(value[0])} at {text_short(value[1])}"
    side, kind, qty, price, stop_price, status, executed = value
    kinds = ORDER_TYPES if what == ORDER else FUTURES_ORDER_TYPES
    words = [SIDES[side], kinds[kind], text_short(qty)]
    if price:
        words += ["at", text_short(price)]
    if stop_price:
        words += ["stop", text_short(stop_price)]
    return " ".join([*words, ORDER_STATUSES[status], "executed", text_short(executed)])


def compare(before: tuple[str, View], after: tuple[str, View], limit: int) -> Comparison:
    """What two named states have different; of all differences the first `limit`."""
    one, other = before[1], after[1]
    found = [key for key, value in one.items() if other.get(key) != value]
    found += [key for key in other if key not in one]
    differences = [
        Difference(
            what=key[0], whose=key[1], which=key[2],
            before=_words(key[0], one.get(key)), after=_words(key[0], other.get(key)),
        )
        for key in found[:limit]
    ]  # fmt: skip
    return Comparison(before=before[0], after=after[0], count=len(found), differences=differences)
