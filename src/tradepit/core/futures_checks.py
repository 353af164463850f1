"""Every reason to refuse a futures order, one by one, in the exchange's order of checking.

Source: the error codes of the futures documents (-20xx, -40xx, -50xx); documented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepit.core import margin
from tradepit.core.contracts import refusal
from tradepit.core.futures_orders import as_futures
from tradepit.core.matching import met
from tradepit.core.positions import grown
from tradepit.core.rejects import Reject
from tradepit.core.terms import (
    BUY,
    EXPIRE_MAKER,
    FOK,
    GTX,
    MARK_PRICE,
    PRICE_MATCH_LEVELS,
    TRADING,
)  # fmt: skip
from tradepit.core.units import ONE, mul_ceil, mul_floor, text_places, text_short

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.futures_orders import FuturesOrder
    from tradepit.core.positions import Trader


def check_order_count(
    pit: Exchange, trader: Trader, more: int, in_minute: int | None = None
) -> None:
    """in_minute: by how much the minute's count would grow, where that is not `more`.

    Raises: Reject TOO_MANY_ORDERS (429) when the order count would pass a limit.
    """
    if not pit.count_orders or trader.account.quiet:
        return
    for index, count in enumerate(trader.counts_at(pit.at_us)):
        if count + grown(trader.limits[index], more, in_minute) > trader.limits[index][4]:
            _, interval, number, width_us, limit = trader.limits[index]
            wait_us = width_us - pit.at_us % width_us
            raise Reject(
                "TOO_MANY_ORDERS", limit, f"{number} {interval}",
                retry_after_s=max(-(-wait_us // 1_000_000), 1),
            )  # fmt: skip


def check_all(pit: Exchange, order: FuturesOrder) -> None:
    """Every reason to refuse a new order. Raises: Reject."""
    admit(pit, order)
    check_now(order)
    if not order.contingent:
        check_margin(pit, order)


def admit(pit: Exchange, order: FuturesOrder) -> None:
    """Every reason to refuse one order but margin. Raises: Reject."""
    contract = order.contract
    check_open(order)
    check_qty(order)
    if not order.is_market:
        match_price(order)
        check_price(pit, order, order.price)
    if order.stop_price:
        check_stop(order)
    opened = order.position.holding.opened
    if order.client_id and order.client_id in opened.by_client:
        raise Reject("DUPLICATED_CLIENT_ORDER_ID")
    if order.contingent:
        if contract.max_algos and opened.algos + 1 > contract.max_algos:
            raise Reject("MAX_STOP_ORDER_EXCEEDED")
        check_only_closer(order)
        check_trigger(order)
    elif contract.max_orders and len(opened.orders) - opened.algos + 1 > contract.max_orders:
        raise Reject("MAX_OPEN_ORDER_EXCEEDED")
    if order.closes and not order.contingent:
        # A hedged position cannot be closed beyond nothing; a one-way one closes what there is.
        least = order.qty if order.position.side else 1
        if order.closable() < least:
            raise Reject("REDUCE_ONLY_REJECTED")
    check_worth(order)


def check_open(order: FuturesOrder) -> None:
    """Whether the contract is traded, and the account has signed what it asks to be signed."""
    contract = order.contract
    if contract.status != TRADING:
        raise Reject("INVALID_OPENING_POSITION_STATUS")
    trader = order.trader
    if contract.tradfi and not (trader.tradfi_signed or trader.account.quiet or order.closes):
        raise Reject("TRADFI_NOT_SIGNED")


def check_qty(order: FuturesOrder) -> None:
    """LOT_SIZE and, for what takes at any price, MARKET_LOT_SIZE."""
    contract = order.contract
    qty = order.qty
    if order.close_position:
        return
    if qty <= 0:
        raise Reject("QTY_LESS_THAN_ZERO")
    least, most, step = contract.min_qty, contract.max_qty, contract.step_size
    if order.is_market:
        least, most = contract.market_min_qty, contract.market_max_qty
        step = contract.market_step_size
    if qty < least:
        raise Reject("QTY_LESS_THAN_MIN_QTY", hint=f"at least {text_short(least)}")
    if most and qty > most:
        raise Reject("QTY_GREATER_THAN_MAX_QTY", hint=f"at most {text_short(most)}")
    if step and qty % step:
        raise Reject("QTY_NOT_INCREASED_BY_STEP_SIZE", hint=f"steps of {text_short(step)}")


def check_price(pit: Exchange, order: FuturesOrder, price: int) -> None:
    """PRICE_FILTER, then PERCENT_PRICE: how far from the mark price a limit may be."""
    contract = order.contract
    if price <= 0:
        raise Reject("PRICE_LESS_THAN_ZERO")
    if contract.max_price and price > contract.max_price:
        raise Reject("PRICE_GREATER_THAN_MAX_PRICE")
    if price < contract.min_price:
        raise Reject("PRICE_LESS_THAN_MIN_PRICE")
    if contract.tick_size and price % contract.tick_size:
        raise Reject("PRICE_NOT_INCREASED_BY_TICK_SIZE")
    if order.account.quiet:
        return
    around = order.stop_price if order.contingent and order.stop_price else contract.marks.mark
    if order.side == BUY and contract.bid_up:
        most = mul_floor(around, contract.bid_up)
        if price > most:
            raise refusal(
                contract.venue,
                "PRICE_HIGHTER_THAN_STOP_MULTIPLIER_UP" if order.contingent
                else "PRICE_HIGHTER_THAN_MULTIPLIER_UP",
                text_places(most, contract.price_places),
            )  # fmt: skip
    elif order.side != BUY and contract.ask_down:
        least = mul_ceil(around, contract.ask_down)
        if price < least:
            raise refusal(
                contract.venue,
                "PRICE_LOWER_THAN_STOP_MULTIPLIER_DOWN" if order.contingent
                else "PRICE_LOWER_THAN_MULTIPLIER_DOWN",
                text_places(least, contract.price_places),
            )  # fmt: skip


def check_stop(order: FuturesOrder) -> None:
    """PRICE_FILTER for a stop or activation price."""
    contract = order.contract
    price = order.stop_price
    if contract.max_price and price > contract.max_price:
        raise Reject("STOP_PRICE_GREATER_THAN_MAX_PRICE")
    if price < contract.min_price:
        raise Reject("PRICE_LESS_THAN_MIN_PRICE")
    if contract.tick_size and price % contract.tick_size:
        raise Reject("PRICE_NOT_INCREASED_BY_TICK_SIZE")


def check_only_closer(order: FuturesOrder) -> None:
    """Of all that waits to close a whole position there is one stop and one take profit."""
    if not order.close_position:
        return
    holding = order.position.holding
    for waiting in (*holding.opened.orders.values(), *holding.algos.orders.values()):
        other = as_futures(waiting)
        if (
            other.close_position and other.position is order.position
            and other.side == order.side and other.orig_type == order.orig_type
        ):  # fmt: skip
            raise Reject("CLOSE_POSITION_EXISTS")


def check_trigger(order: FuturesOrder) -> None:
    """A waiting order whose price is met already would fire at once."""
    price = watched_price(order)
    if not price or not order.stop_price:
        return
    if price >= order.stop_price if order.triggers_above else price <= order.stop_price:
        raise Reject("WOULD_TRIGGER_NOW")


def check_worth(order: FuturesOrder, refused: str = "MIN_NOTIONAL_FUTURES") -> None:
    """MIN_NOTIONAL, of what does not only close. refused: the refusal's name."""
    contract = order.contract
    if not contract.min_notional or order.closes or order.close_position:
        return
    price = order.price or order.stop_price or contract.marks.mark
    if contract.notional(price, order.qty) < contract.min_notional:
        raise Reject(refused, text_places(contract.min_notional, 0))


def match_price(order: FuturesOrder) -> None:
    """Take the price from the book, where priceMatch asks for it. Raises: Reject."""
    if not order.price_match or order.contingent:
        return
    own_side = order.price_match >= 5
    side = order.contract.book.side((order.side == BUY) == own_side)
    level = PRICE_MATCH_LEVELS[order.price_match]
    prices = side.prices(level)
    if len(prices) < level:
        raise Reject("BBO_ORDER_REJECT")
    order.price = order.limit_price = prices[-1]


def check_margin(pit: Exchange, order: FuturesOrder, released: int = 0) -> None:
    """The account must cover what the order adds to its initial margin, and what it would lose at
    once, at the mark price. `released`: notional of an order that this one takes the place of.

    Raises: Reject MARGIN_NOT_SUFFICIENT, MAX_LEVERAGE_RATIO.
    """
    if order.account.quiet or order.closes:
        return
    contract = order.contract
    holding = order.position.holding
    price = order.price or _assumed_price(order)
    worth = contract.notional(price, order.leaves)
    buy = order.side == BUY
    side = order.position.side
    more = worth - released
    before = margin.needs(holding)
    after = margin.needs(holding, more if buy else 0, 0 if buy else more, side)
    added = after[0] + after[1] - before[0] - before[1]
    if added <= 0:
        return
    _check_position(order, more)
    mark = contract.marks.mark
    cost = added
    if price > mark if buy else price < mark:
        signed = order.leaves if buy else -order.leaves
        loss = contract.value(price, signed) - contract.value(mark, signed)
        cost += -(-loss // ONE)
    have = margin.available(pit, holding, before)
    if order.trader.multi_assets:
        cost = mul_ceil(cost, pit.collateral_rate(contract.margin_asset, False))
    if cost > have:
        words = f"needs {text_short(cost)}, {text_short(have)} are available"
        raise Reject("MARGIN_NOT_SUFFICIENT", hint=words)


def _assumed_price(order: FuturesOrder) -> int:
    """What an order at any price is assumed to pay: a little more than the best price."""
    contract = order.contract
    buy = order.side == BUY
    best = contract.book.side(not buy).best()
    mark = contract.marks.mark
    if buy:
        return best + best * 5 // 10_000 if best else mark
    return max(best, mark)


def _check_position(order: FuturesOrder, more: int) -> None:
    """No position, open orders included, beyond what the leverage allows. more: notional (units)
    that the order adds to those orders."""
    holding = order.position.holding
    contract = order.contract
    position = order.position
    present = contract.notional(contract.marks.mark, position.qty)
    buy = order.side == BUY
    same = position.qty == 0 or (position.qty > 0) == buy
    resting = position.buy_held if buy else position.sell_held
    whole = more + resting + (present if same else -present)
    if whole > contract.notional_cap(holding.leverage):
        raise Reject("MAX_LEVERAGE_RATIO")


def check_now(order: FuturesOrder) -> None:
    """Reasons to refuse what would work at this moment: GTX that takes, FOK that cannot be filled,
    any price where the best one is too far from the mark price.

    Raises: Reject GTX_ORDER_REJECT, FOK_ORDER_REJECT, MARKET_ORDER_REJECT.
    """
    if order.contingent:
        return
    if order.is_market and not order.account.quiet and best_is_too_far(order):
        raise refusal(order.contract.venue, "MARKET_ORDER_REJECT")
    if order.tif == GTX and would_take(order):
        raise Reject("GTX_ORDER_REJECT")
    if order.tif == FOK and available(order) < order.leaves:
        raise Reject("FOK_ORDER_REJECT")


def take_bound(order: FuturesOrder) -> int:
    """How far from the mark price an order at any price may trade; 0: no bound."""
    contract = order.contract
    if not contract.take_bound or order.forced:
        return 0
    if order.side == BUY:
        return mul_floor(contract.marks.mark, ONE + contract.take_bound)
    return mul_ceil(contract.marks.mark, ONE - contract.take_bound)


def best_is_too_far(order: FuturesOrder) -> bool:
    """Whether an order at any price would meet no price that it may trade at."""
    buy = order.side == BUY
    best = order.contract.book.side(not buy).best()
    bound = take_bound(order)
    if not best or not bound:
        return False
    return best > bound if buy else best < bound


def would_take(order: FuturesOrder) -> bool:
    best = order.contract.book.side(order.side != BUY).best()
    if not best:
        return False
    return order.limit_price >= best if order.side == BUY else order.limit_price <= best


def available(order: FuturesOrder) -> int:
    """Units that the order could trade at once."""
    got = 0
    for maker, units, related in met(order, [order.contract]):
        if related:
            if order.stp == EXPIRE_MAKER:
                continue
            break
        got += min(units, maker.leaves)
        if got >= order.leaves:
            break
    return got


def watched_price(order: FuturesOrder) -> int:
    contract = order.contract
    if order.working_type == MARK_PRICE:
        return contract.marks.mark
    return contract.last_price or contract.marks.mark
