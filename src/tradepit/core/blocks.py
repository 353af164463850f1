"""Trades that two accounts agreed on outside the book.

They move value and pay commission like any trade, but meet no order: neither the book nor the tape
(last price, klines, statistics, trade ids) knows of them. Their ids are a count of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepit.core import fees
from tradepit.core.records import BlockTrade
from tradepit.core.rejects import Reject
from tradepit.core.terms import BUY
from tradepit.core.units import MAX_AMOUNT, mul_floor

if TYPE_CHECKING:
    from tradepit.core.accounts import Account
    from tradepit.core.exchange import Exchange
    from tradepit.core.symbols import Symbol


def trade(
    pit: Exchange, symbol: Symbol, maker: Account, taker: Account, *,
    side: int, price: int, qty: int,
) -> BlockTrade:  # fmt: skip
    """Settle a block trade. side: the taker's; price and qty in units.

    Raises: Reject INSUFFICIENT_BALANCE, PARAM_OVERFLOW; nothing changed.
    """
    buyer, seller = (taker, maker) if side == BUY else (maker, taker)
    quote = mul_floor(price, qty)
    paid, sold = buyer.balances.get(symbol.quote), seller.balances.get(symbol.base)
    if paid is None or sold is None or paid.free < quote or sold.free < qty:
        raise Reject("INSUFFICIENT_BALANCE")
    got, earned = pit.spot(buyer, symbol.base), pit.spot(seller, symbol.quote)
    if got.free + got.locked + qty > MAX_AMOUNT:
        raise Reject("PARAM_OVERFLOW", "quantity")
    if earned.free + earned.locked + quote > MAX_AMOUNT:
        raise Reject("PARAM_OVERFLOW", "price")
    pit.ledger.post(sold, got, qty)
    pit.ledger.post(paid, earned, quote)
    block_id = symbol.next_block_id
    symbol.next_block_id += 1
    told = BlockTrade(symbol, block_id, price, qty, quote, pit.at_us, buyer is maker)
    told.buyer_paid = fees.charge(pit, buyer, symbol, True, buyer is maker, qty, got)
    told.seller_paid = fees.charge(pit, seller, symbol, False, seller is maker, quote, earned)
    pit.events.append(told)
    return told
