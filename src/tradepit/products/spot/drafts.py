"""From a request's parameters to an order that nobody accepted yet.

The same parameters come plain (`price`), or with the prefix of a leg of an order list
(`pendingAbovePrice`); `Words` knows both spellings. Refused here is what no engine has to see:
parameters that a type needs, or must not have. Compiled with the core.

Source: rest-api.md#order-type; documented.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any, Final

from msgspec.structs import astuple

from tradepit.core.accounts import Account
from tradepit.core.orders import Order
from tradepit.core.rejects import Reject
from tradepit.core.symbols import Symbol
from tradepit.core.terms import (
    FOK,
    GTC,
    IOC,
    LIMIT,
    LIMIT_MAKER,
    MARKET,
    STOP_LOSS,
    STOP_LOSS_LIMIT,
    TAKE_PROFIT,
    TAKE_PROFIT_LIMIT,
)  # fmt: skip

# In the order of `PlaceOrder`, so that such a request need not be put into another.
_FIELDS: Final = (
    "symbol", "side", "type", "time_in_force", "quantity", "quote_order_qty", "price",
    "client_order_id", "strategy_id", "strategy_type", "stop_price", "trailing_delta",
    "iceberg_qty", "new_order_resp_type", "self_trade_prevention_mode", "peg_price_type",
    "peg_offset_value", "peg_offset_type",
)  # fmt: skip
_SIDE: Final = 1
_TYPE: Final = 2
_TIF: Final = 3
_QUANTITY: Final = 4
_BUDGET: Final = 5
_PRICE: Final = 6
_CLIENT_ID: Final = 7
_STRATEGY_ID: Final = 8
_STRATEGY_TYPE: Final = 9
_STOP_PRICE: Final = 10
_TRAILING: Final = 11
_ICEBERG: Final = 12
_STP: Final = 14
_PEG_TYPE: Final = 15
_PEG_OFFSET: Final = 16
_PEG_OFFSET_TYPE: Final = 17
# What a request says of all its orders at once.
_OF_ALL: Final = ("symbol", "new_order_resp_type", "self_trade_prevention_mode")

MAX_PEG_OFFSET: Final = 100


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join([word.capitalize() for word in rest])


class Words:
    """How one order's parameters are called in a request. `at`: field -> attribute of the Ask."""

    def __init__(self, prefix: str = "", **other: str) -> None:
        self.at: dict[str, str] = {}
        for field in _FIELDS:
            plain = f"{prefix}_{field}" if prefix and field not in _OF_ALL else field
            self.at[field] = other.get(field, plain)
        self._same: dict[type, bool] = {}  # the types whose first fields are these
        self._picks: dict[type, Callable[[Any], tuple[Any, ...]]] = {}

    def given(self, ask: Any) -> tuple[Any, ...]:
        """What `ask` says of each of `_FIELDS` (and may be more behind them), None where it says
        nothing."""
        # All at once, and then by place: far cheaper than attribute after attribute.
        same = self._same.get(type(ask))
        if same:
            return astuple(ask)
        pick = self._picks.get(type(ask))
        if pick is not None:
            return pick(astuple(ask))
        names = tuple(self.at.values())
        if same is None:
            fields = getattr(ask, "__struct_fields__", ())
            self._same[type(ask)] = fields[: len(names)] == names
            if set(names) <= set(fields):
                self._picks[type(ask)] = itemgetter(*[fields.index(name) for name in names])
        return tuple([getattr(ask, name, None) for name in names])

    def wire(self, field: str) -> str:
        return camel(self.at[field])


PLAIN_WORDS: Final = Words(client_order_id="new_client_order_id")
ABOVE: Final = Words("above", side="side", quantity="quantity")
BELOW: Final = Words("below", side="side", quantity="quantity")
WORKING: Final = Words("working")
PENDING: Final = Words("pending")
PENDING_ABOVE: Final = Words("pending_above", side="pending_side", quantity="pending_quantity")
PENDING_BELOW: Final = Words("pending_below", side="pending_side", quantity="pending_quantity")


def draft(account: Account, symbol: Symbol, ask: Any, words: Words, opo: bool = False) -> Order:
    """The order that a request describes. `opo`: it has no quantity of its own.

    Raises: Reject with the parameter's wire name.
    """
    given = words.given(ask)
    kind: int = given[_TYPE]
    side: int = given[_SIDE]
    quantity: int | None = given[_QUANTITY]
    budget: int | None = given[_BUDGET]
    price: int | None = given[_PRICE]
    stop_price: int | None = given[_STOP_PRICE]
    trailing: int | None = given[_TRAILING]
    tif: int | None = given[_TIF]
    iceberg: int | None = given[_ICEBERG]
    client_id: str | None = given[_CLIENT_ID]
    stp: int | None = given[_STP]
    peg_type: int | None = given[_PEG_TYPE]
    offset: int | None = given[_PEG_OFFSET]
    offset_type: int | None = given[_PEG_OFFSET_TYPE]
    if not _plain(kind, tif, given):
        _check_parameters(dict(zip(_FIELDS, given, strict=False)), words, opo)
    if symbol.base_unit > 1 or symbol.quote_unit > 1:
        _check_precision(symbol, words, {"quantity": quantity, "iceberg_qty": iceberg}, budget)
    if quantity == 0:
        raise Reject("INVALID_QUANTITY")
    if price == 0 and not peg_type:
        raise Reject("INVALID_PRICE")
    order = Order(symbol, account, side, kind, tif or GTC, quantity or 0, price or 0)
    if client_id is not None:
        order.client_id = client_id
    if stp is not None:
        order.stp = stp
    if stop_price is not None:
        if stop_price == 0:
            raise Reject("INVALID_STOP_PRICE")
        order.stop_price = stop_price
    if budget is not None:
        if budget == 0:
            raise Reject("INVALID_QUOTE_ORDER_QTY")
        order.quote_qty = budget
    if iceberg:
        if order.tif != GTC:
            raise Reject("UNKNOWN_ORDER_COMPOSITION")
        order.iceberg_qty = iceberg
    if trailing is not None:
        _trail(order, trailing)
    _label(order, words, given[_STRATEGY_ID], given[_STRATEGY_TYPE])
    if peg_type is not None or offset_type is not None or offset is not None:
        _peg(order, words, peg_type, offset_type, offset)
    return order


def _trail(order: Order, delta: int) -> None:
    """Whatever the symbol's filter allows: without a delta nothing would set the order off."""
    if delta == 0:
        raise Reject("FILTER", "TRAILING_DELTA", hint="no delta at all")
    order.own_extra().trailing_delta = delta


def _check_precision(
    symbol: Symbol, words: Words, amounts: dict[str, int | None], budget: int | None
) -> None:
    """No amount has more decimals than its asset. Source: changelog, 2023-12-04."""
    for field, units in amounts.items():
        if units is not None and units % symbol.base_unit:
            raise Reject("BAD_PRECISION", words.wire(field))
    if budget is not None and budget % symbol.quote_unit:
        raise Reject("BAD_PRECISION", words.wire("quote_order_qty"))


def _plain(kind: int, tif: int | None, given: tuple[Any, ...]) -> bool:
    """Whether a LIMIT or LIMIT_MAKER order has all that it needs and nothing that it must not have:
    what nearly all are."""
    if tif is None if kind == LIMIT else kind != LIMIT_MAKER or tif is not None:
        return False
    if given[_QUANTITY] is None or given[_PRICE] is None or given[_BUDGET] is not None:
        return False
    return given[_STOP_PRICE] is None and given[_TRAILING] is None


def _label(order: Order, words: Words, strategy_id: int | None, strategy_type: int | None) -> None:
    if strategy_id is not None:
        order.own_extra().strategy_id = strategy_id
    if strategy_type is not None:
        if strategy_type < 1_000_000:
            raise Reject("BAD_STRATEGY_TYPE", words.wire("strategy_type"))
        order.own_extra().strategy_type = strategy_type


def _check_parameters(given: dict[str, Any], words: Words, opo: bool) -> None:
    """What a type needs and what it must not have."""
    kind = given["type"]
    limit = kind in (LIMIT, STOP_LOSS_LIMIT, TAKE_PROFIT_LIMIT)
    contingent = kind in (STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT)
    if limit:
        _need(given, words, "time_in_force")
    elif given["time_in_force"] is not None:
        if kind != LIMIT_MAKER or words is PLAIN_WORDS:
            raise Reject("PARAM_NOT_REQUIRED", words.wire("time_in_force"))
        if given["time_in_force"] in (IOC, FOK):
            raise Reject("UNKNOWN_ORDER_COMPOSITION")
    if kind == MARKET:
        if given["quantity"] is None and given["quote_order_qty"] is None and not opo:
            if words is not PLAIN_WORDS:
                raise Reject("MANDATORY_PARAM", words.wire("quantity"))
            raise Reject("EITHER_PARAM", "quantity", "quoteOrderQty")
        if given["quantity"] is not None and given["quote_order_qty"] is not None:
            raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
    else:
        if not opo:
            _need(given, words, "quantity")
        _refuse(given, words, "quote_order_qty")
    if limit or kind == LIMIT_MAKER:
        if given["peg_price_type"] is None:
            _need(given, words, "price")
    else:
        _refuse(given, words, "price")
        _refuse(given, words, "iceberg_qty")
    if contingent:
        if given["stop_price"] is None and given["trailing_delta"] is None:
            raise Reject("EITHER_PARAM", words.wire("stop_price"), words.wire("trailing_delta"))
    else:
        _refuse(given, words, "stop_price")
        _refuse(given, words, "trailing_delta")


def _need(given: dict[str, Any], words: Words, field: str) -> None:
    if given[field] is None:
        raise Reject("MANDATORY_PARAM", words.wire(field))


def _refuse(given: dict[str, Any], words: Words, field: str) -> None:
    if given[field] is not None:
        raise Reject("PARAM_NOT_REQUIRED", words.wire(field))


def _peg(
    order: Order, words: Words, peg_type: int | None, offset_type: int | None, offset: int | None
) -> None:
    """Pegged price parameters. Source: rest-api.md#pegged-orders-info; documented."""
    if (offset_type is None) != (offset is None):
        raise Reject("SEND_TOGETHER", words.wire("peg_offset_type"), words.wire("peg_offset_value"))
    if peg_type is None:
        raise Reject("MANDATORY_PARAM", words.wire("peg_price_type"))
    extra = order.own_extra()
    extra.peg_type = peg_type
    if offset is not None and offset_type is not None:
        if offset > MAX_PEG_OFFSET:
            raise Reject("PARAM_TOO_GREAT", words.wire("peg_offset_value"), MAX_PEG_OFFSET)
        extra.peg_offset_type = offset_type
        extra.peg_offset = offset
