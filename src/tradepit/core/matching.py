"""The taker phase: an arriving order against the orders that rest, and what each match moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tradepit.core import life, lists
from tradepit.core.fees import charge
from tradepit.core.prevention import kin, prevent
from tradepit.core.records import Allocation, Fill
from tradepit.core.terms import (
    BUY,
    DECREMENT,
    EXPIRE_MAKER,
    EXPIRED,
    FILLED,
    FLOOR_EXCHANGE,
    FLOOR_SOR,
    PARTIALLY_FILLED,
    REASON_PRICE_RANGE,
    STP_NONE,
    TRANSFER,
    X_EXPIRED,
    X_TRADE,
)  # fmt: skip
from tradepit.core.units import div_floor, mul_ceil, mul_floor, step_floor

if TYPE_CHECKING:
    from tradepit.core.book import BookSide, Level
    from tradepit.core.exchange import Exchange
    from tradepit.core.orders import Order
    from tradepit.core.symbols import Symbol


def price_range(pit: Exchange, order: Order) -> tuple[int, int]:
    """(lowest, highest) price at which the order may execute now, 0 where there is no limit.

    Source: faqs/price_range_execution_rules.md; documented.
    """
    symbol = order.symbol
    if not symbol.has_range:
        return 0, 0
    reference = symbol.reference_price(pit.at_us)
    if not reference:
        return 0, 0
    buy = order.side == BUY
    up = symbol.range_bid_up if buy else symbol.range_ask_up
    down = symbol.range_bid_down if buy else symbol.range_ask_down
    return mul_ceil(reference, down), mul_floor(reference, up)


def take(pit: Exchange, taker: Order) -> None:
    """Match until the taker is filled, its limit stops it, or a rule expires it.

    Ensures: `taker.open` is False when it is filled or expired; else `leaves` is what nobody took.
    """
    symbol = taker.symbol
    buy = taker.side == BUY
    side = symbol.book.side(not buy)
    limit = taker.limit_price
    low, high = price_range(pit, taker)
    while taker.leaves > 0 or taker.extra.short:
        level = side.front
        if level is None:
            return
        price = level.price
        if limit and (price > limit if buy else price < limit):
            return
        if (high and price > high) or price < low:
            life.close(pit, taker, EXPIRED, REASON_PRICE_RANGE, X_EXPIRED)
            return
        if taker.leaves == 0:
            return
        maker = level.head
        assert maker is not None
        if taker.stp != STP_NONE and kin(taker, maker):
            prevent(pit, taker, maker, price)
            if not taker.open:
                return
        else:
            trade(pit, maker, taker, min(taker.leaves, maker.visible))


def take_routed(pit: Exchange, taker: Order, symbols: list[Symbol]) -> None:
    """The taker phase of smart order routing: the best price of all books first.

    Every match is given as an allocation. Source: faqs/sor_faq.md; documented.
    """
    buy = taker.side == BUY
    limit = taker.limit_price
    low, high = price_range(pit, taker)
    while taker.leaves > 0 or taker.extra.short:
        best: Level | None = None
        for symbol in symbols:
            level = symbol.book.side(not buy).front
            if level is not None and (
                best is None or (level.price < best.price if buy else level.price > best.price)
            ):
                best = level
        if best is None or (limit and (best.price > limit if buy else best.price < limit)):
            return
        if (high and best.price > high) or best.price < low:
            life.close(pit, taker, EXPIRED, REASON_PRICE_RANGE, X_EXPIRED)
            return
        if taker.leaves == 0:
            return
        maker = best.head
        assert maker is not None
        if taker.stp != STP_NONE and kin(taker, maker):
            prevent(pit, taker, maker, best.price)
            if not taker.open:
                return
        else:
            allocate(pit, maker, taker, min(taker.leaves, maker.visible))


def trade(pit: Exchange, maker: Order, taker: Order, qty: int) -> None:
    """Two orders trade at the maker's price: postings, commission, order states, reports."""
    symbol = taker.symbol
    price = maker.limit_price
    quote = mul_floor(price, qty)
    at_us = pit.at_us
    if maker.list is not None:
        lists.before_fill(pit, maker)
    if taker.list is not None:
        lists.before_fill(pit, taker)
    fill = Fill(
        symbol, symbol.next_trade_id, price, qty, quote, at_us, maker, taker, maker.side == BUY
    )
    symbol.next_trade_id += 1
    symbol.last_price = price  # before commission is taken: it may have to be valued by it
    buyer, seller = (maker, taker) if fill.buyer_is_maker else (taker, maker)
    base_in = pit.spot(buyer.account, symbol.base)
    quote_in = pit.spot(seller.account, symbol.quote)
    pit.ledger.pay(pit.spot(seller.account, symbol.base), base_in, qty)
    pit.ledger.pay(pit.spot(buyer.account, symbol.quote), quote_in, quote)
    seller.held -= qty
    buyer.held -= quote
    if taker.executed == 0:
        taker.account.first_fill(at_us, False)
    if maker.executed == 0:
        maker.account.first_fill(at_us, True)
    _filled(taker, qty, quote, at_us)
    _filled(maker, qty, quote, at_us)
    if maker.extra.used_sor:  # its rest was filled on the book that it was sent to
        maker.extra.floor = FLOOR_EXCHANGE
    paid, asset = _commission(pit, taker, qty, quote, False)
    fill.taker_commission = paid
    fill.taker_commission_asset = asset
    paid, asset = _commission(pit, maker, qty, quote, True)
    fill.maker_commission = paid
    fill.maker_commission_asset = asset
    pit.events.append(fill)
    after_trade(pit, symbol, fill, taker.order_id)
    _tell(pit, taker, fill, False)
    _tell(pit, maker, fill, True)
    _after_maker(pit, maker, qty)
    _after_taker(pit, taker)


def allocate(pit: Exchange, maker: Order, taker: Order, qty: int) -> None:
    """The exchange trades with the maker for the taker and hands the result on, one to one.

    The maker sees a trade on its own symbol; the taker pays and receives the quote asset of its
    own symbol. What the exchange gains in one quote asset it loses in the other.
    """
    symbol = taker.symbol
    venue = maker.symbol
    price = maker.limit_price
    quote = mul_floor(price, qty)
    at_us = pit.at_us
    if maker.list is not None:
        lists.before_fill(pit, maker)
    fill = Fill(
        venue, venue.next_trade_id, price, qty, quote, at_us, maker, None, maker.side == BUY
    )
    venue.next_trade_id += 1
    venue.last_price = price
    given = Allocation(symbol, symbol.next_allocation_id, taker, price, qty, quote, at_us)
    symbol.next_allocation_id += 1
    route(pit, maker, taker, qty, quote)
    taker.own_extra().floor = FLOOR_SOR
    if taker.executed == 0:
        taker.account.first_fill(at_us, False)
    if maker.executed == 0:
        maker.account.first_fill(at_us, True)
    _filled(taker, qty, quote, at_us)
    _filled(maker, qty, quote, at_us)
    given.commission, given.commission_asset = _commission(pit, taker, qty, quote, False)
    paid, asset = _commission(pit, maker, qty, quote, True)
    fill.maker_commission = paid
    fill.maker_commission_asset = asset
    pit.events.append(fill)
    pit.events.append(given)
    after_trade(pit, venue, fill, taker.order_id)
    if not taker.account.quiet:
        told = life.report(pit, taker, X_TRADE)
        told.last_qty = qty
        told.last_price = price
        told.last_quote = quote
        told.commission = given.commission
        told.commission_asset = given.commission_asset
        told.allocation_id = given.allocation_id
    _tell(pit, maker, fill, True)
    _after_maker(pit, maker, qty)
    _after_taker(pit, taker)


def route(pit: Exchange, maker: Order, taker: Order, qty: int, quote: int) -> None:
    """Move base and quote between two orders whose symbols may differ in their quote asset."""
    symbol = taker.symbol
    venue = maker.symbol
    ledger = pit.ledger
    base = symbol.base
    own = pit.house_balance(pit.routing, symbol.quote)
    other = pit.house_balance(pit.routing, venue.quote)
    if taker.side == BUY:
        ledger.pay(pit.spot(taker.account, symbol.quote), own, quote)
        ledger.post(other, pit.spot(maker.account, venue.quote), quote)
        ledger.pay(pit.spot(maker.account, base), pit.spot(taker.account, base), qty)
        taker.held -= quote
        maker.held -= qty
    else:
        ledger.pay(pit.spot(taker.account, base), pit.spot(maker.account, base), qty)
        ledger.post(own, pit.spot(taker.account, symbol.quote), quote)
        ledger.pay(pit.spot(maker.account, venue.quote), other, quote)
        taker.held -= qty
        maker.held -= quote


def after_trade(pit: Exchange, symbol: Symbol, fill: Fill, taker_id: int) -> None:
    """Tell the tape, and let waiting orders see the new last price."""
    price = fill.price
    fill.agg_id = symbol.tape.trade(
        fill.trade_id, price, fill.qty, fill.quote, fill.at_us, fill.buyer_is_maker, taker_id,
        fill.last_id - fill.trade_id + 1,
    )  # fmt: skip
    triggers = symbol.triggers
    if triggers.stops or triggers.trailing:
        pit.consequences.extend(triggers.traded(price, fill.at_us))


def _filled(order: Order, qty: int, quote: int, at_us: int) -> None:
    order.executed += qty
    order.executed_quote += quote
    order.leaves -= qty
    order.updated_us = at_us
    if order.leaves or order.extra.short:
        order.status = PARTIALLY_FILLED
    else:
        order.status = FILLED
    if order.side == BUY and order.opened is not None:
        order.opened.buy_qty -= qty


def _commission(
    pit: Exchange, order: Order, qty: int, quote: int, is_maker: bool
) -> tuple[int, str]:
    symbol = order.symbol
    account = order.account
    buys = order.side == BUY
    received = qty if buys else quote
    balance = pit.spot(account, symbol.base if buys else symbol.quote)
    found = order.list
    if found is None or not found.opo:
        return charge(pit, account, symbol, buys, is_maker, received, balance)
    return lists.charge_opo(pit, order, received, balance, is_maker)


def _tell(pit: Exchange, order: Order, fill: Fill, maker: bool) -> None:
    if order.account.quiet:
        order.symbol.next_exec_id += 1
        return
    told = life.report(pit, order, X_TRADE)
    told.last_qty = fill.qty
    told.last_price = fill.price
    told.last_quote = fill.quote
    told.trade_id = fill.trade_id
    told.maker = maker
    if maker:
        told.commission = fill.maker_commission
        told.commission_asset = fill.maker_commission_asset
    else:
        told.commission = fill.taker_commission
        told.commission_asset = fill.taker_commission_asset


def _after_maker(pit: Exchange, maker: Order, qty: int) -> None:
    book = maker.symbol.book
    trim_hold(pit, maker)
    visible = maker.visible - qty
    if maker.leaves == 0:
        life.finish(pit, maker, FILLED, 0)
        if maker.list is not None:
            lists.after_close(pit, maker)
    elif visible == 0:
        book.requeue(maker, min(maker.iceberg_qty, maker.leaves))
    else:
        book.reduce(maker, visible)


def _after_taker(pit: Exchange, taker: Order) -> None:
    if taker.leaves == 0 and not taker.extra.short:
        life.finish(pit, taker, FILLED, 0)
        if taker.list is not None:
            lists.after_close(pit, taker)


def trim_hold(pit: Exchange, order: Order) -> None:
    """Give back what a limit order holds beyond what its rest can cost."""
    if order.side == BUY:
        if not order.limit_price:
            return  # a MARKET order: the rest goes back when it is finished
        need = mul_ceil(order.limit_price, order.leaves)
        asset = order.symbol.quote
    else:
        need = order.leaves
        asset = order.symbol.base
    if order.held > need:
        pit.ledger.release(pit.spot(order.account, asset), order.held - need)
        order.held = need


def met(taker: Order, symbols: list[Symbol]) -> Iterator[tuple[Order, int, bool]]:
    """(maker, quantity, whether they are kin) as the taker would meet them up to its limit.

    Best price first; at one price all visible quantities come before what icebergs hide. Kin meet
    once, with all they have.
    """
    buy = taker.side == BUY
    limit = taker.limit_price
    if len(symbols) == 1:
        levels = _levels(symbols[0].book.side(not buy))
    else:
        levels = iter(_merged(symbols, buy))
    for level in levels:
        if limit and (level.price > limit if buy else level.price < limit):
            return
        hidden: list[tuple[Order, int]] = []
        order = level.head
        while order is not None:
            if taker.stp != STP_NONE and kin(taker, order):
                yield order, order.leaves, True
            else:
                yield order, order.visible, False
                if order.leaves > order.visible:
                    hidden.append((order, order.leaves - order.visible))
            order = order.next
        while hidden:
            queue, hidden = hidden, []
            for maker, units in queue:
                slice_ = min(maker.iceberg_qty, units)
                yield maker, slice_, False
                if units > slice_:
                    hidden.append((maker, units - slice_))


def _levels(side: BookSide) -> Iterator[Level]:
    """All levels of a side, best first; the near ones do not pay for the far ones."""
    seen = 0
    window = 16
    total = len(side.levels)
    while seen < total:
        for price in side.prices(window)[seen:]:
            yield side.levels[price]
        seen = min(window, total)
        window *= 4


def _merged(symbols: list[Symbol], buy: bool) -> list[Level]:
    rows: list[tuple[int, int, Level]] = []
    for index, symbol in enumerate(symbols):
        side = symbol.book.side(not buy)
        sign = 1 if buy else -1
        rows.extend((level.price * sign, index, level) for level in side.levels.values())
    rows.sort(key=lambda row: row[:2])
    return [row[2] for row in rows]


def probe(
    pit: Exchange, taker: Order, symbols: list[Symbol], budget: int = 0
) -> tuple[int, int, bool]:
    """What the taker would get now, without touching anything.

    budget: quote units to spend or receive, for a reverse MARKET order; 0: by `taker.leaves`.
    Returns: (quantity, quote units it costs or brings, whether all of it can be had).
    """
    buy = taker.side == BUY
    low, high = price_range(pit, taker)
    got = 0
    worth = 0
    left = budget
    price = 0
    complete = False
    for maker, units, related in met(taker, symbols):
        price = maker.limit_price
        if (high and price > high) or price < low:
            break
        qty = min(units, div_floor(left, price) if budget else taker.leaves - got)
        pays = True
        if related:
            if taker.stp == EXPIRE_MAKER:
                continue
            if taker.stp != DECREMENT and taker.stp != TRANSFER:
                got += qty if budget else 0  # enough to meet the order that will expire it
                complete = budget > 0
                break
            pays = taker.stp == maker.stp == TRANSFER and taker.account is not maker.account
        got += qty
        worth += mul_floor(price, qty) if pays else 0
        left -= mul_ceil(price, qty) if buy else mul_floor(price, qty)
        if (budget and qty < units) or (not budget and got >= taker.leaves):
            complete = True
            break
    if budget and not complete:  # what is left may be less than a step costs
        complete = got > 0 and mul_ceil(price, max(taker.symbol.step_size, 1)) > left
    return _whole_steps(taker, got, budget), worth, complete


def _whole_steps(taker: Order, qty: int, budget: int) -> int:
    """A reverse order buys or sells whole steps of LOT_SIZE (and MARKET_LOT_SIZE)."""
    if not budget:
        return qty
    return step_floor(step_floor(qty, taker.symbol.step_size), taker.symbol.market_step_size)
