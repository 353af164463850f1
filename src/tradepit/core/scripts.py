"""What is written down beforehand: halts that end by themselves, and orders filled in portions.

Both wait among the due entries of the exchange, so that they happen at their own time on every
machine that applies the same log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tradepit.core import life, matching
from tradepit.core.orders import Order
from tradepit.core.records import StatusChange
from tradepit.core.terms import BUY, GTC, LIMIT, SELL, TRADING
from tradepit.core.units import MAX_AMOUNT, parse_units, step_floor

if TYPE_CHECKING:
    from tradepit.core.accounts import Account
    from tradepit.core.exchange import Exchange
    from tradepit.core.symbols import Symbol

REOPEN: Final = "reopen"
FILL: Final = "fill"
COUNTERPARTY: Final = "house:counterparty"  # no user can name an account so
USUAL_TEMPER: Final = (1_000, 1_000, 1_000, 1_000, 0)
REST: Final = -1  # in place of a quantity: all that is left


def set_status(pit: Exchange, symbol: Symbol, status: int) -> None:
    """Let a symbol have a status; told when it had another."""
    if status != symbol.status:
        symbol.status = status
        pit.events.append(StatusChange(symbol, status, pit.at_us))


def halt(pit: Exchange, symbol: Symbol, status: int, lasts_us: int) -> None:
    """Close a symbol. lasts_us: after which it trades again, 0: it does not by itself."""
    set_status(pit, symbol, status)
    if lasts_us:
        pit.timers.set(pit.at_us + lasts_us, REOPEN, f"{symbol.name}:{status}")


def reopen(pit: Exchange, whose: str) -> None:
    """A due entry came: the symbol trades again, unless somebody gave it another status since."""
    name, _, status = whose.rpartition(":")
    symbol = pit.symbols.get(name)
    if symbol is not None and symbol.status == int(status):
        set_status(pit, symbol, TRADING)


def fill_later(
    pit: Exchange, owner: int, symbol: Symbol, order_id: int, portions: list[tuple[int, int]]
) -> None:
    """Have an open order filled in portions: (µs from now, quantity in units or REST)."""
    for after_us, qty in portions:
        whose = f"{symbol.name}:{owner}:{order_id}:{qty}"
        if after_us:
            pit.timers.set(pit.at_us + after_us, FILL, whose)
        else:
            fill(pit, whose)


def fill(pit: Exchange, whose: str) -> None:
    """A due entry came: the house's counterparty trades with the order at the order's price. What
    no longer rests, or whose market is closed, is left alone."""
    name, owner, number, units = whose.rsplit(":", 3)
    symbol = pit.symbols[name]
    opened = pit.accounts[int(owner)].symbols.get(name)
    order = None if opened is None else opened.orders.get(int(number))
    if order is None or order.level is None or symbol.status != TRADING:
        return
    qty = int(units)
    qty = order.leaves if qty == REST else min(step_floor(qty, symbol.step_size), order.leaves)
    if qty <= 0:
        return
    other = Order(
        symbol, _counterparty(pit), SELL if order.side == BUY else BUY, LIMIT, GTC, qty,
        order.limit_price,
    )  # fmt: skip
    need = life.required(pit, other)
    asset = life.held_asset(other)
    faucet = pit.house_balance(pit.faucet, asset)
    if need - faucet.free > MAX_AMOUNT + 1:
        return
    pit.ledger.post(faucet, pit.spot(other.account, asset), need)
    life.hold(pit, other, need)
    life.accept(pit, other)
    while other.leaves and order.open:
        matching.trade(pit, order, other, min(other.leaves, order.visible))
    pit.settle()


def anchor(pit: Exchange, symbol: Symbol, price: int) -> None:
    """A symbol is worth `price` now, whatever it was traded at until now. Who makes its market goes
    by that from now on."""
    pit.anchors[symbol.name] = [price, pit.at_us, symbol.tape.last_id]


def put(pit: Exchange, symbol: Symbol, price: int) -> None:
    """A symbol is worth `price`, and was traded at it last: the house trades the least that a lot
    may be with itself."""
    anchor(pit, symbol, price)
    qty = max(symbol.min_qty, symbol.step_size, 1)
    sides: list[Order] = []
    for side in (SELL, BUY):
        order = Order(symbol, _counterparty(pit), side, LIMIT, GTC, qty, price)
        need = life.required(pit, order)
        asset = life.held_asset(order)
        faucet = pit.house_balance(pit.faucet, asset)
        pit.ledger.post(faucet, pit.spot(order.account, asset), need)
        life.hold(pit, order, need)
        life.accept(pit, order)
        sides.append(order)
    matching.trade(pit, sides[0], sides[1], qty)


def temper(pit: Exchange, symbol: Symbol, parts: list[int]) -> None:
    """How the residents act on a symbol from now on: [spread, depth, volatility, activity], each in
    thousandths of what their market does otherwise, and 1 for quiet. The time comes last. Where the
    volatility is another, prices move on from the last one."""
    before = pit.tempers.get(symbol.name, USUAL_TEMPER)
    if parts[2] != before[2]:
        worth = symbol.last_price or middle(symbol) or parse_units(symbol.listing["_price"])
        pit.anchors[symbol.name] = [worth, pit.at_us, -1]
    pit.tempers[symbol.name] = [*parts, pit.at_us]


def middle(symbol: Symbol) -> int:
    """The price half way between the book's sides, in units; 0 when one is empty."""
    bid, ask = symbol.book.bids.best(), symbol.book.asks.best()
    return (bid + ask) // 2 if bid and ask else 0


def _counterparty(pit: Exchange) -> Account:
    owner = pit.names.get(COUNTERPARTY)
    if owner is not None:
        return pit.accounts[owner]
    return pit.open_account({"name": COUNTERPARTY, "quiet": True})
