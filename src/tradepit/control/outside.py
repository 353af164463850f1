"""What reaches accounts from outside the book: block trades, and locks of other systems.

Both are commands: a replay of the log meets the same balances. What is chosen:
docs/decisions/0135-block-trades.md.
"""

from __future__ import annotations

from tradepit.catalog.fields import Amount, Bool, Long, Price, Qty, Side, String, SymbolName, Time
from tradepit.catalog.language import Ask, Reply, operation
from tradepit.control.accounts import AccountName, AssetName, account_of
from tradepit.core import blocks
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.units import MAX_AMOUNT, mul_floor


class MakeBlockTrade(Ask):
    symbol: SymbolName
    side: Side
    quantity: Qty
    price: Price
    maker: AccountName
    taker: AccountName


class BlockTradeMade(Reply):
    symbol: String
    id: Long
    price: Price
    qty: Qty
    quote_qty: Amount
    time: Time
    is_buyer_maker: Bool
    buyer_commission: Amount
    buyer_commission_asset: String
    seller_commission: Amount
    seller_commission_asset: String


@operation("POST /_tradepit/v1/block-trades")
def make_block_trade(pit: Exchange, who: Who, ask: MakeBlockTrade) -> BlockTradeMade:
    """Let two accounts trade a block outside the book; `side` is the taker's."""
    symbol = pit.symbol(ask.symbol)
    maker, taker = account_of(pit, ask.maker), account_of(pit, ask.taker)
    if maker is taker:
        raise Reject("INVALID_PARAMETER", "taker")
    if not 0 < mul_floor(ask.price, ask.quantity) <= MAX_AMOUNT:
        raise Reject("INVALID_PARAMETER", "quantity")
    made = blocks.trade(pit, symbol, maker, taker, side=ask.side, price=ask.price, qty=ask.quantity)
    return BlockTradeMade(
        symbol=symbol.name,
        id=made.block_id,
        price=made.price,
        qty=made.qty,
        quote_qty=made.quote,
        time=made.at_us,
        is_buyer_maker=made.buyer_is_maker,
        buyer_commission=made.buyer_paid[0],
        buyer_commission_asset=made.buyer_paid[1],
        seller_commission=made.seller_paid[0],
        seller_commission_asset=made.seller_paid[1],
    )


class LockOutside(Ask):
    account: AccountName
    asset: AssetName
    amount: Amount
    unlock: Bool | None = None


class LockedOutside(Reply):
    asset: String
    free: Amount
    locked: Amount
    locked_outside: Amount


@operation("POST /_tradepit/v1/locks")
def lock_outside(pit: Exchange, who: Who, ask: LockOutside) -> LockedOutside:
    """Lock some of what an account may spend, as another system would, or (`unlock`) give it
    back."""
    account = account_of(pit, ask.account)
    if ask.asset not in pit.ledger.assets:
        raise Reject("INVALID_PARAMETER", "asset")
    if not ask.amount:
        raise Reject("INVALID_PARAMETER", "amount")
    pit.lock_outside(account, ask.asset, -ask.amount if ask.unlock else ask.amount)
    balance = account.balances[ask.asset]
    return LockedOutside(
        asset=ask.asset,
        free=balance.free,
        locked=balance.locked,
        locked_outside=account.outside.get(ask.asset, 0),
    )
