"""How single futures orders are placed. Compiled with the core."""

from __future__ import annotations

from typing import Any

from tradepit.core import futures_life as life
from tradepit.core.exchange import Exchange
from tradepit.core.positions import Trader
from tradepit.core.terms import RESULT
from tradepit.products.futures.drafts import draft
from tradepit.products.futures.order_replies import OrderReply
from tradepit.products.futures.telling import order_reply


def place(pit: Exchange, trader: Trader, ask: Any) -> OrderReply:
    """One new order. ACK tells of it as it was accepted, RESULT as it is after matching.

    Raises: Reject.
    """
    contract = pit.contract(ask.symbol, trader.venue)
    order = draft(pit, trader, contract, ask)
    if ask.new_order_resp_type == RESULT:
        life.place(pit, order)
        return order_reply(order, placed=True)
    accepted: list[OrderReply] = []
    life.place(pit, order, lambda: accepted.append(order_reply(order, placed=True)))
    return accepted[0]
