"""Many orders of one account as one command: one record of the log, one apply.

This is how the market's residents quote. It has no route of its own.
"""

from __future__ import annotations

from tradepit.catalog.language import ENGINE, TRADE, Ask, Reply, operation
from tradepit.core import life
from tradepit.core.accounts import Account
from tradepit.core.exchange import Exchange
from tradepit.core.orders import Order
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.symbols import Symbol
from tradepit.core.terms import GTC, LIMIT_MAKER
from tradepit.products.spot.drafts import PLAIN_WORDS, draft
from tradepit.products.spot.orders import PlaceOrder, cancel_open, find_open

BATCH = "batch"


class Batch(Ask):
    """First the cancels (order ids on `symbol`), then the orders, in their order."""

    symbol: str
    cancels: tuple[int, ...] = ()
    orders: tuple[PlaceOrder, ...] = ()


class Batched(Reply):
    """What became of each item: 0 for a cancel that was done, an order id for an order that was
    accepted, the (negative) error code of one that was refused."""

    cancels: list[int]
    orders: list[int]


def _posted(account: Account, symbol: Symbol, wanted: PlaceOrder) -> Order | None:
    """What makers post by the thousand: a LIMIT_MAKER order that says no more than it must; None
    for any other, which `draft` reads with more care."""
    price, qty = wanted.price, wanted.quantity
    if wanted.type != LIMIT_MAKER or not price or not qty or wanted.symbol != symbol.name:
        return None
    plain = PlaceOrder(
        symbol=symbol.name, side=wanted.side, type=LIMIT_MAKER, price=price, quantity=qty
    )
    if wanted != plain or qty % symbol.base_unit:
        return None
    return Order(symbol, account, wanted.side, LIMIT_MAKER, GTC, qty, price)


@operation(BATCH, security=TRADE, source=ENGINE)
def batch(pit: Exchange, who: Who, ask: Batch) -> Batched:
    """Cancel and place many orders of one account; a refused item does not keep the others."""
    symbol = pit.symbol(ask.symbol)
    account = pit.accounts[who.owner]
    done = Batched(cancels=[], orders=[])
    for order_id in ask.cancels:
        try:
            order = find_open(account, symbol, order_id, None)
            cancel_open(pit, order, life.new_client_id(pit, None))
            done.cancels.append(0)
        except Reject as no:
            done.cancels.append(no.code)
    for wanted in ask.orders:
        try:
            order = _posted(account, symbol, wanted) or draft(
                account, pit.symbol(wanted.symbol), wanted, PLAIN_WORDS
            )
            life.place(pit, order)
            pit.settle()
            done.orders.append(order.order_id)
        except Reject as no:
            done.orders.append(no.code)
    return done
