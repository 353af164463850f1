"""Many futures orders of one account, on several contracts, as one command.

This is how the market's residents quote. It has no route of its own.
"""

from __future__ import annotations

from tradepit.catalog.language import ENGINE, TRADE, Ask, Reply, operation
from tradepit.core import futures_life as life
from tradepit.core import futures_settings as settings
from tradepit.core.contracts import Contract
from tradepit.core.exchange import Exchange
from tradepit.core.futures_orders import FuturesOrder, as_futures
from tradepit.core.positions import Trader
from tradepit.core.records import Who
from tradepit.core.rejects import CANCEL_REJECTED, Reject
from tradepit.core.terms import EXPIRE_MAKER, LIMIT, POSITION_BOTH

FUTURES_BATCH = "futures.batch"


class Wanted(Ask):
    """A LIMIT order in one-way mode; price and quantity in units."""

    side: int
    tif: int
    price: int
    qty: int


class Part(Ask):
    """What is wanted on one contract: first the leverage (0: as it is), then the cancels (order
    ids), then the orders."""

    symbol: str
    leverage: int = 0
    cancels: tuple[int, ...] = ()
    orders: tuple[Wanted, ...] = ()


class FuturesBatch(Ask):
    parts: tuple[Part, ...]


class FuturesBatched(Reply):
    """What became of each part's cancels and orders, as `Batched` of spot says it."""

    parts: list[list[int]]


@operation(FUTURES_BATCH, security=TRADE, source=ENGINE)
def futures_batch(pit: Exchange, who: Who, ask: FuturesBatch) -> FuturesBatched:
    """Cancel and place many orders of one account; a refused item does not keep the others."""
    done = FuturesBatched(parts=[])
    for part in ask.parts:
        codes: list[int] = []
        done.parts.append(codes)
        contract = pit.contracts.get(part.symbol)
        if contract is None:
            codes += [Reject("INVALID_SYMBOL").code] * (len(part.cancels) + len(part.orders))
            continue
        trader = pit.trader(who.owner, contract.venue)
        if part.leverage:
            settings.set_leverage(pit, trader, contract, part.leverage)
        opened = trader.holding(contract).opened.orders
        for order_id in part.cancels:
            order = opened.get(order_id)
            if order is None:
                codes.append(CANCEL_REJECTED)
            else:
                life.cancel(pit, as_futures(order))
                codes.append(0)
        codes += [_place(pit, trader, contract, wanted) for wanted in part.orders]
    return done


def _place(pit: Exchange, trader: Trader, contract: Contract, wanted: Wanted) -> int:
    """The order's id, or the code of its refusal."""
    position = trader.holding(contract).position(POSITION_BOTH)
    order = FuturesOrder(position, wanted.side, LIMIT, wanted.qty, wanted.price)
    order.tif = wanted.tif
    order.stp = EXPIRE_MAKER
    try:
        life.place(pit, order)
        pit.settle()
    except Reject as no:
        return no.code
    return order.order_id
