"""Why a filter refused an order, and which values it would let pass.

A request of any order operation is read by the names of its fields: what ends in "price" is one,
what ends in "quantity" or "qty" is one, of every leg of a list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from tradepit.core.terms import BUY
from tradepit.core.units import mul_floor, step_floor, text_short

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.symbols import Symbol

Found = tuple[str, dict[str, object]]
_ONE: Final = 100_000_000


def filter_reason(pit: Exchange, symbol: Symbol, owner: int, name: str, ask: Any) -> Found:
    """A sentence and facts; `passes` holds values by wire name that this filter lets pass."""
    tell = _FILTERS.get(name)
    if tell is not None:
        return tell(pit, symbol, ask)
    counted = _COUNTED.get(name)
    if counted is not None:
        opened = pit.accounts[owner].on(symbol.name)
        limit = getattr(symbol, counted[0])
        count = counted[1](opened)
        return f"{count} of {limit} are open already: cancel some.", {"limit": limit, "open": count}
    if name == "MAX_POSITION":
        return _position(pit, symbol, owner, ask)
    if name.startswith("EXCHANGE_"):
        return "The account has as many open as the exchange lets it.", {
            "limit": pit.exchange_limits.get(name, 0)
        }
    return "", {}


def _fields(ask: Any, *endings: str) -> list[tuple[str, int]]:
    """(wire name, units) of the fields that were sent and whose names end so."""
    names = zip(ask.__struct_fields__, ask.__struct_encode_fields__, strict=True)
    return [
        (wire, getattr(ask, name))
        for name, wire in names
        if name.endswith(endings) and "quote" not in name and getattr(ask, name) is not None
    ]


def _fit(value: int, low: int, high: int, step: int) -> int:
    """The greatest multiple of `step` up to `value` within the limits, else the least of them."""
    if high:
        value = min(value, high)
    if step:
        value = step_floor(value, step)
        low = step_floor(low + step - 1, step)
    return max(value, low or step or 1)


def _range(low: int, high: int, step: int) -> dict[str, object]:
    return {"least": text_short(low), "most": text_short(high), "step": text_short(step)}


def _passing(
    values: list[tuple[str, int]], low: int, high: int, step: int
) -> dict[str, object]:  # fmt: skip
    fit = {wire: _fit(value, low, high, step) for wire, value in values}
    return {wire: text_short(fit[wire]) for wire, value in values if fit[wire] != value}


def _price(pit: Exchange, symbol: Symbol, ask: Any) -> Found:
    low, high, tick = symbol.min_price, symbol.max_price, symbol.tick_size
    passes = _passing(_fields(ask, "price"), low, high, tick)
    words = "A price lies within least and most and is a multiple of the step."
    return words, {**_range(low, high, tick), "passes": passes}


def _lot(pit: Exchange, symbol: Symbol, ask: Any) -> Found:
    low, high, step = symbol.min_qty, symbol.max_qty, symbol.step_size
    passes = _passing(_fields(ask, "quantity", "qty"), low, high, step)
    words = "A quantity lies within least and most and is a multiple of the step."
    return words, {**_range(low, high, step), "passes": passes}


def _market_lot(pit: Exchange, symbol: Symbol, ask: Any) -> Found:
    low = max(symbol.min_qty, symbol.market_min_qty)
    high = min(symbol.max_qty or symbol.market_max_qty, symbol.market_max_qty or symbol.max_qty)
    step = max(symbol.step_size, symbol.market_step_size)
    passes = _passing(_fields(ask, "quantity", "qty"), low, high, step)
    words = "What takes at any price has limits of its own for its quantity."
    return words, {**_range(low, high, step), "passes": passes}


def _percent(pit: Exchange, symbol: Symbol, ask: Any) -> Found:
    usual = symbol.usual_price(pit.at_us, symbol.percent_mins)
    buy = getattr(ask, "side", BUY) == BUY
    up = symbol.bid_up if buy else symbol.ask_up
    down = symbol.bid_down if buy else symbol.ask_down
    tick = symbol.tick_size or 1
    high = step_floor(mul_floor(usual, up), tick)
    low = step_floor(mul_floor(usual, down) + tick, tick)
    passes = _passing(_fields(ask, "price"), max(low, symbol.min_price), high, tick)
    words = f"The price is too far from the usual one, {text_short(usual)}."
    return words, {**_range(low, high, tick), "passes": passes}


def _worth(pit: Exchange, symbol: Symbol, ask: Any) -> Found:
    """How much of the base is worth enough, at the order's price or at the usual one."""
    low, high = symbol.min_notional, symbol.max_notional
    facts: dict[str, object] = {"least": text_short(low), "most": text_short(high)}
    words = f"Price times quantity, in {symbol.quote}, lies within least and most."
    budget = getattr(ask, "quote_order_qty", None)
    if budget is not None:
        return words, {**facts, "passes": {"quoteOrderQty": text_short(_fit(budget, low, high, 0))}}
    prices = dict(_fields(ask, "price"))
    price = prices.get("price") or symbol.usual_price(pit.at_us, symbol.notional_mins)
    amounts = _fields(ask, "quantity")
    if not price or len(amounts) != 1:
        return words, facts
    wire, qty = amounts[0]
    step = symbol.step_size or 1
    worth = mul_floor(price, qty)
    if worth < low:
        qty = -(-low * _ONE // price)
        qty = max(step_floor(qty + step - 1, step), symbol.min_qty)
    elif high and worth > high:
        qty = step_floor(high * _ONE // price, step)
    return words, {**facts, "worth": text_short(worth), "passes": {wire: text_short(qty)}}


def _iceberg(pit: Exchange, symbol: Symbol, ask: Any) -> Found:
    limit = symbol.iceberg_parts
    words = f"A quantity has at most {limit} parts of icebergQty."
    qty, step = getattr(ask, "quantity", None), symbol.step_size or 1
    if qty is None:
        return words, {"limit": limit}
    part = step_floor(-(-qty // limit) + step - 1, step)
    return words, {"limit": limit, "passes": {"icebergQty": text_short(part)}}


def _trailing(pit: Exchange, symbol: Symbol, ask: Any) -> Found:
    facts: dict[str, object] = {
        "above": [symbol.trail_above_min, symbol.trail_above_max],
        "below": [symbol.trail_below_min, symbol.trail_below_max],
    }
    return "A trailing delta (basis points) has limits for triggers above and below.", facts


def _position(pit: Exchange, symbol: Symbol, owner: int, ask: Any) -> Found:
    account = pit.accounts[owner]
    balance = account.balances.get(symbol.base)
    owned = 0 if balance is None else balance.free + balance.locked
    bought = account.on(symbol.name).buy_qty
    left = step_floor(max(symbol.max_position - owned - bought, 0), symbol.step_size or 1)
    words = f"What is owned, and what open orders may buy, stays below the limit of {symbol.base}."
    facts: dict[str, object] = {
        "limit": text_short(symbol.max_position), "owned": text_short(owned),
        "openBuys": text_short(bought),
    }  # fmt: skip
    if left >= max(symbol.min_qty, 1):
        facts["passes"] = {"quantity": text_short(left)}
    return words, facts


_FILTERS: Final[dict[str, Callable[[Exchange, Symbol, Any], Found]]] = {
    "PRICE_FILTER": _price,
    "LOT_SIZE": _lot,
    "MARKET_LOT_SIZE": _market_lot,
    "PERCENT_PRICE": _percent,
    "PERCENT_PRICE_BY_SIDE": _percent,
    "MIN_NOTIONAL": _worth,
    "NOTIONAL": _worth,
    "ICEBERG_PARTS": _iceberg,
    "TRAILING_DELTA": _trailing,
}
_COUNTED: Final[dict[str, tuple[str, Callable[[Any], int]]]] = {
    "MAX_NUM_ORDERS": ("max_orders", lambda opened: len(opened.orders)),
    "MAX_NUM_ALGO_ORDERS": ("max_algos", lambda opened: opened.algos),
    "MAX_NUM_ICEBERG_ORDERS": ("max_icebergs", lambda opened: opened.icebergs),
    "MAX_NUM_ORDER_LISTS": ("max_lists", lambda opened: opened.lists),
}
