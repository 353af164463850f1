"""Self-trade prevention: what happens instead of a trade between kin.

Source: faqs/stp_faq.md; documented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepit.core import life, lists, matching
from tradepit.core.records import PreventedMatch
from tradepit.core.terms import (
    BUY,
    DECREMENT,
    EXPIRE_BOTH,
    EXPIRE_MAKER,
    EXPIRE_TAKER,
    EXPIRED_IN_MATCH,
    TRANSFER,
    X_TRADE_PREVENTION,
)  # fmt: skip
from tradepit.core.units import mul_floor

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.orders import Order


def kin(taker: Order, maker: Order) -> bool:
    """Both belong to one account, or to accounts of one trade group."""
    one = taker.account
    other = maker.account
    return one is other or (one.trade_group != -1 and one.trade_group == other.trade_group)


def prevent(pit: Exchange, taker: Order, maker: Order, price: int) -> None:
    """Keep two orders apart by the taker's mode; TRANSFER needs both to ask for it."""
    symbol = taker.symbol
    mode = taker.stp
    if mode == TRANSFER and maker.stp != TRANSFER:
        mode = DECREMENT
    match = PreventedMatch(
        symbol, symbol.next_prevented_id, taker, maker, price, mode,
        taker.account.trade_group, pit.at_us,
    )  # fmt: skip
    symbol.next_prevented_id += 1
    if mode in (EXPIRE_TAKER, EXPIRE_BOTH):
        match.taker_prevented = taker.leaves
    if mode in (EXPIRE_MAKER, EXPIRE_BOTH):
        match.maker_prevented = maker.leaves
    if mode in (DECREMENT, TRANSFER):
        for order in (maker, taker):
            if order.list is not None:
                lists.before_fill(pit, order)
        match.taker_prevented = match.maker_prevented = min(taker.leaves, maker.leaves)
        if mode == TRANSFER and taker.account is not maker.account:
            _transfer(pit, taker, maker, price, match.taker_prevented)
    pit.events.append(match)
    if match.maker_prevented:
        _withdraw(pit, maker, match.maker_prevented, match, taker)
    if match.taker_prevented:
        _withdraw(pit, taker, match.taker_prevented, match, maker)


def _withdraw(
    pit: Exchange, order: Order, units: int, match: PreventedMatch, counter: Order
) -> None:
    order.prevented += units
    order.leaves -= units
    order.own_extra().last_prevented_id = match.match_id
    order.updated_us = pit.at_us
    if order.side == BUY and order.opened is not None:
        order.opened.buy_qty -= units
    if order.leaves == 0:
        told = life.close(pit, order, EXPIRED_IN_MATCH, 0, X_TRADE_PREVENTION)
    else:
        if order.level is not None:
            order.symbol.book.reduce(order, min(order.visible, order.leaves))
        matching.trim_hold(pit, order)
        told = life.report(pit, order, X_TRADE_PREVENTION)
    told.last_prevented = units
    told.prevented_match_id = match.match_id
    told.prevented_price = match.price
    told.counter = counter


def _transfer(pit: Exchange, taker: Order, maker: Order, price: int, qty: int) -> None:
    """Quantity and notional change hands between two accounts of a group, without a trade."""
    symbol = taker.symbol
    quote = mul_floor(price, qty)
    if maker.symbol is not symbol:
        matching.route(pit, maker, taker, qty, quote)
        return
    buyer, seller = (maker, taker) if maker.side == BUY else (taker, maker)
    pit.ledger.pay(pit.spot(seller.account, symbol.base), pit.spot(buyer.account, symbol.base), qty)
    pit.ledger.pay(
        pit.spot(buyer.account, symbol.quote), pit.spot(seller.account, symbol.quote), quote
    )
    seller.held -= qty
    buyer.held -= quote
