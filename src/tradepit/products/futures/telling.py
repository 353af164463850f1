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
    return OrderReply(
        order_id=order.order_id,
        symbol=contract.name,
        pair=contract.pair if inverse else UNSET,
        status=order.status,
        client_order_id=order.client_id,
        price=(order.price, prices),
        avg_price=(order.average_price(), 5) if order.executed else (0, prices),
        orig_qty=(order.qty, places),
        executed_qty=executed,
        cum_qty=executed if placed else UNSET,
        cum_quote=UNSET if inverse else worth,
        cum_base=worth if inverse else UNSET,
        time_in_force=order.tif,
        type=order.type,
        reduce_only=order.reduce_only,
        close_position=order.close_position,
        side=order.side,
        position_side=order.position.side,
        stop_price=(0 if trailing else stop, prices),
        activate_price=(stop, prices) if trailing else UNSET,
        price_rate=(order.extra.trailing_delta * 1_000_000, 1) if trailing else UNSET,
        working_type=order.working_type,
        price_protect=order.price_protect,
        orig_type=order.orig_type,
        price_match=order.price_match,
        self_trade_prevention_mode=order.stp,
        good_till_date=UNSET if inverse else order.good_till_us,
        time=UNSET if placed else order.created_us,
        update_time=order.updated_us,
    )
