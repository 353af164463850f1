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


def place(pit: Exchange, trader: Trader, ask: Any, *, counted: bool = False) -> OrderReply:
    """One new order. ACK tells of it as it was accepted, RESULT as it is after matching. counted:
    see `futures_life.place`.

    Raises: Reject.
    """
    contract = pit.contract(ask.symbol, trader.venue)
    order = draft(pit, trader, contract, ask)
    if ask.new_order_resp_type == RESULT:
        life.place(pit, order, counted=counted)
        return order_reply(order, placed=True)
    accepted: list[OrderReply] = []
    tell = lambda: accepted.append(order_reply(order, placed=True))  # noqa: E731
    life.place(pit, order, tell, counted=counted)
    return accepted[0]
