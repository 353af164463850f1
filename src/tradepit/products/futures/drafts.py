"""From a request's parameters to a futures order that nobody accepted yet.

Refused here is what no engine has to see: what a type needs or must not have, the wrong side of the
position mode, too many decimals. Compiled with the core.

Source: new-order page of both venues; documented.
"""

from __future__ import annotations

from typing import Any, Final

from tradepit.core.contracts import Contract
from tradepit.core.exchange import Exchange
from tradepit.core.futures_life import LAST_US
from tradepit.core.futures_orders import FuturesOrder, drafted
from tradepit.core.positions import Trader
from tradepit.core.rejects import Reject
from tradepit.core.terms import (
    BUY,
    FUTURES_ORDER_TYPES,
    GTC,
    GTD,
    LIMIT,
    MARKET,
    POSITION_BOTH,
    POSITION_LONG,
    RPI,
    STOP_LOSS,
    STOP_LOSS_LIMIT,
    TAKE_PROFIT,
    TAKE_PROFIT_LIMIT,
    TRAILING_STOP_MARKET,
)
from tradepit.core.units import DECIMALS, ONE

PRICED: Final = (LIMIT, STOP_LOSS_LIMIT, TAKE_PROFIT_LIMIT)
STOPPED: Final = (STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT)
CLOSE_ALL: Final = (STOP_LOSS, TAKE_PROFIT)
CALLBACK: Final = (ONE // 10, 10 * ONE)  # per cent
GOOD_TILL_US: Final = 600_000_000
STEPS: Final = [10 ** (DECIMALS - places) for places in range(DECIMALS + 1)]  # units of 1e-places


class Words:
    """How the parameters of an order are called where they differ: on /order and on /algoOrder."""

    def __init__(self, stop: str, activation: str, client: str) -> None:
        self.stop = stop
        self.activation = activation
        self.client = client


ORDER_WORDS: Final = Words("stop_price", "activation_price", "new_client_order_id")
ALGO_WORDS: Final = Words("trigger_price", "activate_price", "client_algo_id")


def draft(
    pit: Exchange, trader: Trader, contract: Contract, ask: Any, words: Words = ORDER_WORDS
) -> FuturesOrder:
    """The order that a request asks for. Raises: Reject."""
    kind: int = ask.type
    stop: int | None = getattr(ask, words.stop)
    tif: int | None = ask.time_in_force
    price: int | None = ask.price
    qty: int | None = ask.quantity
    match: int | None = ask.price_match
    close_all = bool(ask.close_position)
    if contract.inverse and tif == GTD:
        raise Reject("INVALID_TIF")
    plain = kind == LIMIT and tif is not None and tif != RPI and stop is None
    if not plain or price is None or qty is None or match or close_all:
        check_words(ask, kind, stop, words)
        check_close_position(ask, kind, contract.inverse)
    side = position_side(trader, ask)
    if close_all and side != POSITION_BOTH and (side == POSITION_LONG) == (ask.side == BUY):
        raise Reject("REDUCE_ONLY_MUST_BE_TRUE")
    reduce_only: bool | None = ask.reduce_only
    if side != POSITION_BOTH and reduce_only is not None:
        raise Reject("PARAM_NOT_REQUIRED", "reduceonly")
    trailing = kind == TRAILING_STOP_MARKET
    at: int | None = getattr(ask, words.activation) if trailing else stop
    check_places(contract, qty or 0, price or 0, at or 0)
    if at == 0:
        raise Reject("INVALID_ACTIVATION_PRICE" if trailing else "STOP_PRICE_LESS_THAN_ZERO")
    return drafted(
        trader.look(contract).position(side), ask.side, kind, qty or 0, price or 0, tif or GTC,
        ask.self_trade_prevention_mode or contract.default_stp,
        getattr(ask, words.client) or "", at or 0,
        callback_bips(ask.callback_rate) if trailing else 0,
        (bool(reduce_only), close_all, bool(ask.price_protect)),
        ask.working_type or 0, match or 0,
        good_till_us(pit, getattr(ask, "good_till_date", None)) if tif == GTD else 0,
    )  # fmt: skip


def check_words(ask: Any, kind: int, stop: int | None, words: Words) -> None:
    """What a type needs, and what it must not have."""
    priced = kind in PRICED
    if priced and ask.time_in_force is None and kind == LIMIT:
        raise Reject("MANDATORY_PARAM", "timeinforce")
    if ask.time_in_force == RPI:
        raise Reject("INVALID_TIF")
    if ask.quantity is None and not ask.close_position:
        raise Reject("MANDATORY_PARAM", "quantity")
    if ask.price_match and not priced:
        raise Reject("UNSUPPORTED_ORDER_TYPE_PRICE_MATCH")
    if ask.price_match and ask.price is not None:
        raise Reject("PARAM_NOT_REQUIRED", "price")
    if priced and ask.price is None and not ask.price_match:
        raise Reject("MANDATORY_PARAM", "price")
    if not priced and ask.price is not None:
        raise Reject("PARAM_NOT_REQUIRED", "price")
    if kind == MARKET and ask.time_in_force is not None:
        raise Reject("PARAM_NOT_REQUIRED", "timeinforce")
    if kind in STOPPED and stop is None:
        raise Reject("MANDATORY_PARAM", words.stop.replace("_", ""))
    if kind in (LIMIT, MARKET) and stop is not None:
        raise Reject("PARAM_NOT_REQUIRED", words.stop.replace("_", ""))
    if kind == TRAILING_STOP_MARKET and ask.callback_rate is None:
        raise Reject("MANDATORY_PARAM", "callbackrate")


def check_close_position(ask: Any, kind: int, inverse: bool) -> None:
    """closePosition closes all of a position: it has neither quantity nor reduceOnly."""
    if not ask.close_position:
        return
    if kind == TRAILING_STOP_MARKET and not inverse:
        raise Reject("TARGET_STRATEGY_INVALID_TRAILING")
    if kind not in CLOSE_ALL:
        raise Reject("TARGET_STRATEGY_INVALID", FUTURES_ORDER_TYPES[kind], "true")
    if ask.quantity is not None:
        raise Reject("QUANTITY_EXISTS_WITH_CLOSE_POSITION")
    if ask.reduce_only is not None:
        raise Reject("PARAM_NOT_REQUIRED", "reduceonly")


def position_side(trader: Trader, ask: Any) -> int:
    """BOTH in one-way mode, LONG or SHORT in hedge mode. Raises: Reject."""
    side: int = POSITION_BOTH if ask.position_side is None else ask.position_side
    if trader.dual == (side == POSITION_BOTH):
        raise Reject("POSITION_SIDE_MISMATCH")
    return side


def check_places(contract: Contract, qty: int, price: int, stop: int) -> None:
    """No more decimals than the contract's precision."""
    qty_step = STEPS[contract.qty_places]
    price_step = STEPS[contract.price_places]
    if qty % qty_step or price % price_step or stop % price_step:
        raise Reject("FUTURES_PRECISION")


def callback_bips(rate: int) -> int:
    """Basis points of a callback rate in per cent with one decimal. Raises: Reject."""
    if rate % (ONE // 10) or not CALLBACK[0] <= rate <= CALLBACK[1]:
        raise Reject("INVALID_CALLBACK_RATE")
    return rate * 100 // ONE


def good_till_us(pit: Exchange, given: int | None) -> int:
    """Whole seconds of a goodTillDate, at least ten minutes ahead. Raises: Reject."""
    if given is None:
        raise Reject("MANDATORY_PARAM", "goodtilldate")
    if not pit.at_us + GOOD_TILL_US < given < LAST_US:
        raise Reject("FUTURE_GOOD_TILL_DATE")
    return given - given % 1_000_000
