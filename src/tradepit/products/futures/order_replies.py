"""What is answered about futures orders. Fields stand in the order of order.place's documented
example, whatever operation tells of an order (docs/decisions/0183-futures-replies.md)."""

from __future__ import annotations

from msgspec import UnsetType

from tradepit.catalog.fields import Int, Long, OrderStatus, Side, Time
from tradepit.catalog.futures_fields import (
    FuturesOrderType,
    FuturesStpMode,
    FuturesTimeInForce,
    PositionSide,
    PriceMatch,
    Shown,
    WorkingType,
)
from tradepit.catalog.language import Reply


class OrderReply(Reply, kw_only=False):
    """An order. COIN-M says pair and cumBase, USDⓈ-M cumQuote and goodTillDate; a placed order
    says cumQty, one that was looked up its time.

    No field has a value of its own: so many are given by their place, which costs a fraction of
    giving them by name.
    """

    order_id: Long
    symbol: str
    pair: str | UnsetType
    status: OrderStatus
    client_order_id: str
    price: Shown
    avg_price: Shown
    orig_qty: Shown
    executed_qty: Shown
    cum_qty: Shown | UnsetType
    cum_quote: Shown | UnsetType
    cum_base: Shown | UnsetType
    time_in_force: FuturesTimeInForce
    type: FuturesOrderType
    reduce_only: bool
    close_position: bool
    side: Side
    position_side: PositionSide
    stop_price: Shown
    activate_price: Shown | UnsetType
    price_rate: Shown | UnsetType
    working_type: WorkingType
    price_protect: bool
    orig_type: FuturesOrderType
    price_match: PriceMatch
    self_trade_prevention_mode: FuturesStpMode
    good_till_date: Time | UnsetType
    time: Time | UnsetType
    update_time: Time


class Failed(Reply):
    """A row of a batch that was refused."""

    code: Int
    msg: str


class Done(Reply):
    """What is answered where nothing is to tell."""

    code: Int
    msg: str


SUCCESS = "success"
