"""How replies about futures orders are filled. Compiled with the core."""

from __future__ import annotations

from msgspec import UNSET

from tradepit.core.futures_orders import FuturesOrder
from tradepit.core.terms import TRAILING_STOP_MARKET
from tradepit.products.futures import shown
from tradepit.products.futures.order_replies import OrderReply


def order_reply(order: FuturesOrder, *, placed: bool) -> OrderReply:
    """An order as it is. placed: by who changed it, else by who looked it up."""
    contract = order.contract
    inverse = contract.inverse
    prices, places = contract.price_places, contract.qty_places
    executed = (order.executed, places)
    worth = shown.worth(contract, order.executed_quote)
    trailing = order.orig_type == TRAILING_STOP_MARKET
    stop = order.stop_price
    return OrderReply(  # in the order of its fields
        order.order_id, contract.name, contract.pair if inverse else UNSET, order.status,
        order.client_id,
        (order.price, prices),
        (order.average_price(), 5) if order.executed else (0, prices),
        (order.qty, places), executed, executed if placed else UNSET,
        UNSET if inverse else worth, worth if inverse else UNSET,
        order.tif, order.type, order.reduce_only, order.close_position, order.side,
        order.position.side,
        (0 if trailing else stop, prices), (stop, prices) if trailing else UNSET,
        (order.extra.trailing_delta * 1_000_000, 1) if trailing else UNSET,
        order.working_type, order.price_protect, order.orig_type, order.price_match, order.stp,
        UNSET if inverse else order.good_till_us,
        UNSET if placed else order.created_us, order.updated_us,
    )  # fmt: skip
