"""Many orders of one account as one command: one record of the log, one apply.

This is how the market's residents quote. It has no route of its own.
"""

from __future__ import annotations

from tradepit.catalog.language import ENGINE, TRADE, Ask, Reply, operation
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.products.spot import placing
from tradepit.products.spot.orders import PlaceOrder

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


@operation(BATCH, security=TRADE, source=ENGINE)
def batch(pit: Exchange, who: Who, ask: Batch) -> Batched:
    """Cancel and place many orders of one account; a refused item does not keep the others."""
    symbol = pit.symbol(ask.symbol)
    return Batched(
        cancels=placing.cancel_each(pit, who, symbol, ask.cancels),
        orders=placing.place_each(pit, who, ask.orders),
    )
