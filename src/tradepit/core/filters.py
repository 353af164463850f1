"""The trading rules of a symbol, an account and the exchange, one by one, in the order of the list.

Each refusal is -1013 "Filter failure: NAME". Source: filters.md; documented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepit.core.rejects import Reject
from tradepit.core.terms import BUY
from tradepit.core.units import MAX_AMOUNT, mul_ceil, mul_floor

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.orders import Order
    from tradepit.core.symbols import Symbol


def check(pit: Exchange, order: Order) -> None:
    """All filters that look at the order alone.

    An order whose quantity is not known yet (a pending OPO order) is checked for its prices only.
    Raises: Reject FILTER.
    """
    symbol = order.symbol
    if order.price:
        check_price(pit, order, order.price)
    if order.extra.pegged_price:
        check_price(pit, order, order.extra.pegged_price)
    if order.stop_price:
        check_tick(symbol, order.stop_price, "stopPrice")
    if not order.extra.opo:
        check_qty(order)
        check_notional(pit, order)
        if order.iceberg_qty:
            check_iceberg(order)
        check_max_asset(pit, order)
    if order.extra.trailing_delta:
        check_trailing(order)


def check_tick(symbol: Symbol, price: int, name: str) -> None:
    """PRICE_FILTER, for a price or a stop price."""
    if (
        price < symbol.min_price
        or (symbol.max_price and price > symbol.max_price)
        or (symbol.tick_size and price % symbol.tick_size)
    ):
        raise Reject("FILTER", "PRICE_FILTER", hint=f"{name}={price} units")


def check_price(pit: Exchange, order: Order, price: int) -> None:
    """PRICE_FILTER, then PERCENT_PRICE or PERCENT_PRICE_BY_SIDE."""
    symbol = order.symbol
    check_tick(symbol, price, "price")
    if symbol.percent_filter:
        usual = symbol.usual_price(pit.at_us, symbol.percent_mins)
        buy = order.side == BUY
        up = symbol.bid_up if buy else symbol.ask_up
        down = symbol.bid_down if buy else symbol.ask_down
        if usual and (price > mul_floor(usual, up) or price < mul_ceil(usual, down)):
            raise Reject("FILTER", symbol.percent_filter, hint=f"average price {usual} units")


def check_qty(order: Order) -> None:
    """LOT_SIZE for quantity and iceberg quantity, MARKET_LOT_SIZE for what takes at any price."""
    symbol = order.symbol
    _check_lot(symbol, order.qty)
    if order.iceberg_qty:
        _check_lot(symbol, order.iceberg_qty)
    if order.is_market:
        qty = order.qty
        if (
            qty < symbol.market_min_qty
            or (symbol.market_max_qty and qty > symbol.market_max_qty)
            or (symbol.market_step_size and qty % symbol.market_step_size)
        ):
            raise Reject("FILTER", "MARKET_LOT_SIZE", hint=f"maximum {symbol.market_max_qty}")


def _check_lot(symbol: Symbol, qty: int) -> None:
    if (
        qty < symbol.min_qty
        or (symbol.max_qty and qty > symbol.max_qty)
        or (symbol.step_size and qty % symbol.step_size)
    ):
        raise Reject("FILTER", "LOT_SIZE", hint=f"step {symbol.step_size} units")


def notional(pit: Exchange, order: Order) -> int:
    """What the order is worth, in quote units; 0 when no price is known."""
    if order.quote_qty:
        return order.quote_qty
    price = order.limit_price or order.price
    if not price:
        price = order.symbol.usual_price(pit.at_us, order.symbol.notional_mins)
    return mul_floor(price, order.qty)


def check_notional(pit: Exchange, order: Order) -> None:
    """MIN_NOTIONAL or NOTIONAL, of a pegged order at both its prices."""
    _check_worth(order, notional(pit, order))
    if order.extra.pegged_price and order.price:
        _check_worth(order, mul_floor(order.price, order.qty))


def _check_worth(order: Order, worth: int) -> None:
    """Within the limits; and nothing may be worth less than one unit."""
    symbol = order.symbol
    if worth == 0 and not order.limit_price and not order.price:
        return  # nothing has traded by which it could be valued, or pegged
    if order.is_market:
        low = symbol.min_notional if symbol.min_notional_market else 0
        high = symbol.max_notional if symbol.max_notional_market else 0
    else:
        if worth == 0:
            raise Reject("NOTIONAL_ZERO")
        low, high = symbol.min_notional, symbol.max_notional
    if worth > MAX_AMOUNT or worth < low or (high and worth > high):
        raise Reject("FILTER", symbol.notional_filter, hint=f"worth {worth} quote units")


def check_iceberg(order: Order) -> None:
    """ICEBERG_PARTS: the number of slices is quantity / slice, rounded up."""
    parts = -(-order.qty // order.iceberg_qty)
    if order.symbol.iceberg_parts and parts > order.symbol.iceberg_parts:
        raise Reject("FILTER", "ICEBERG_PARTS", hint=f"{parts} parts")


def check_trailing(order: Order) -> None:
    """TRAILING_DELTA, in basis points."""
    symbol = order.symbol
    delta = order.extra.trailing_delta
    above = order.triggers_above
    low = symbol.trail_above_min if above else symbol.trail_below_min
    high = symbol.trail_above_max if above else symbol.trail_below_max
    if delta < low or (high and delta > high):
        raise Reject("FILTER", "TRAILING_DELTA", hint=f"{low} to {high}")


def check_max_asset(pit: Exchange, order: Order) -> None:
    """MAX_ASSET: what one order may move of an asset, where the account has such a limit."""
    limits = order.account.max_assets
    if limits:
        base = limits.get(order.symbol.base, 0)
        quote = limits.get(order.symbol.quote, 0)
        if (base and order.qty > base) or (quote and notional(pit, order) > quote):
            raise Reject("FILTER", "MAX_ASSET")


def check_counts(pit: Exchange, orders: list[Order], adds_list: bool) -> None:
    """How much the account would have open with these orders of one symbol; and MAX_POSITION."""
    first = orders[0]
    symbol = first.symbol
    account = first.account
    opened = account.on(symbol.name)
    more = len(orders)
    algos = 0
    icebergs = 0
    for order in orders:
        if order.contingent:
            algos += 1
        if order.iceberg_qty:
            icebergs += 1
        if symbol.max_position and order.side == BUY:
            _check_position(pit, order)
    if symbol.max_orders and len(opened.orders) + more > symbol.max_orders:
        raise Reject("FILTER", "MAX_NUM_ORDERS")
    if algos and symbol.max_algos and opened.algos + algos > symbol.max_algos:
        raise Reject("FILTER", "MAX_NUM_ALGO_ORDERS")
    if icebergs and symbol.max_icebergs and opened.icebergs + icebergs > symbol.max_icebergs:
        raise Reject("FILTER", "MAX_NUM_ICEBERG_ORDERS")
    if adds_list and symbol.max_lists and opened.lists + 1 > symbol.max_lists:
        raise Reject("FILTER", "MAX_NUM_ORDER_LISTS")
    _exchange_limit(pit, "EXCHANGE_MAX_NUM_ORDERS", account.orders_open + more)
    if algos:
        _exchange_limit(pit, "EXCHANGE_MAX_NUM_ALGO_ORDERS", account.algos_open + algos)
    if icebergs:
        _exchange_limit(pit, "EXCHANGE_MAX_NUM_ICEBERG_ORDERS", account.icebergs_open + icebergs)
    if adds_list:
        _exchange_limit(pit, "EXCHANGE_MAX_NUM_ORDER_LISTS", len(account.lists) + 1)


def _exchange_limit(pit: Exchange, name: str, count: int) -> None:
    limit = pit.exchange_limits.get(name, 0)
    if limit and count > limit:
        raise Reject("FILTER", name)


def _check_position(pit: Exchange, order: Order) -> None:
    balance = order.account.balances.get(order.symbol.base)
    owned = 0 if balance is None else balance.free + balance.locked
    bought = order.account.on(order.symbol.name).buy_qty
    if owned + bought + order.qty > order.symbol.max_position:
        raise Reject("FILTER", "MAX_POSITION")
