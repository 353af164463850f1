"""The futures' user data events about orders: ORDER_TRADE_UPDATE, TRADE_LITE, ALGO_UPDATE and
CONDITIONAL_ORDER_TRIGGER_REJECT.

Fields, their order and conditions: the user data stream pages of both futures documents;
documented. What they leave open: docs/decisions/0189-futures-user-events.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tradepit.catalog.kinds import TRUTHS, quote, quote_places, quote_short, quote_units
from tradepit.core.contracts import COINM
from tradepit.core.futures_orders import LIQUIDATED, FuturesOrder
from tradepit.core.terms import (
    EXPIRED,
    EXPIRY_TRIGGERED,
    FUTURES_ORDER_TYPES,
    FUTURES_STP_MODES,
    FUTURES_TIMES_IN_FORCE,
    LIMIT,
    MARKET,
    ORDER_STATUSES,
    POSITION_SIDES,
    PRICE_MATCHES,
    SIDES,
    TRAILING_STOP_MARKET,
    WORKING_TYPES,
    X_NEW,
    X_TRADE,
)
from tradepit.products.futures.account import ALIAS

if TYPE_CHECKING:
    from tradepit.core.futures_records import (
        AlgoReport,
        FuturesReport,
        FuturesTrade,
        TriggerRefused,
    )

# Execution types by their number; what self-trade prevention ends, has expired.
EXECUTIONS: Final = ("", "NEW", "CANCELED", "AMENDMENT", "", "TRADE", "EXPIRED", "EXPIRED")
HEADS: Final = ("", "", f'"i":"{ALIAS}",')  # the account's alias, by venue


def fine(units: int) -> str:
    """An amount: eight places, or "0"."""
    return quote_units(units) if units else '"0"'


def started_anew(told: FuturesReport) -> bool:
    """Whether a waiting order was triggered: what waited has expired, and it is new once more."""
    order = told.order
    return told.exec_type == X_NEW and told.type != order.orig_type and order.algo is None


def order_update(told: FuturesReport, unit: int, waited: bool = False) -> str:
    """ORDER_TRADE_UPDATE. waited: of the waiting order that this one took the place of."""
    order = told.order
    contract = order.contract
    inverse = contract.venue == COINM
    at = told.at_us // unit
    kind, execution, status, why = told.type, EXECUTIONS[told.exec_type], told.status, told.why
    if waited:
        kind, execution, status, why = order.orig_type, "EXPIRED", EXPIRED, EXPIRY_TRIGGERED
    word = FUTURES_ORDER_TYPES[kind]
    if order.forced == LIQUIDATED:
        word = "LIQUIDATION"
    if order.forced and told.exec_type == X_TRADE:
        execution = "CALCULATED"
    average = told.average
    trailing = order.orig_type == TRAILING_STOP_MARKET
    modified = f'"M":"{told.modify_id}",' if told.modify_id >= 0 else ""
    asset = told.commission_asset or contract.margin_asset
    realized = f'"rp":{fine(told.realized)},'
    held = f'"b":{quote_short(told.buy_held)},"a":{quote_short(told.sell_held)},'
    return (
        f'{{"e":"ORDER_TRADE_UPDATE","E":{at},"T":{at},{HEADS[contract.venue]}"o":{{'
        f'"s":"{contract.name}","c":"{told.client_id}","S":"{SIDES[order.side]}","o":"{word}",'
        f'"f":"{FUTURES_TIMES_IN_FORCE[order.tif]}","q":{quote_short(told.qty)},'
        f'"p":{quote_short(told.price)},"ap":{quote_places(average, 5) if average else _NOTHING},'
        f'"sp":{quote_short(0 if trailing else order.stop_price)},"x":"{execution}",'
        f'"X":"{ORDER_STATUSES[status]}","i":{order.order_id},{modified}'
        f'"l":{quote_short(told.last_qty)},"z":{quote_short(told.executed)},'
        f'"L":{quote_short(told.last_price)},'
        + (f'"ma":"{contract.margin_asset}",' if inverse else "")
        + f'"N":"{asset}","n":{fine(told.commission)},"T":{at},"t":{told.trade_id},'
        + (realized + held if inverse else held)
        + f'"m":{TRUTHS[told.maker]},"R":{TRUTHS[order.reduce_only]},'
        f'"wt":"{WORKING_TYPES[order.working_type]}","ot":"{FUTURES_ORDER_TYPES[order.orig_type]}",'
        f'"ps":"{POSITION_SIDES[order.position.side]}","cp":{TRUTHS[order.close_position]},'
        + (_trailing(order) if trailing else "")
        + f'"pP":{TRUTHS[order.price_protect]},'
        + ("" if inverse else f'"si":0,"ss":0,{realized}')
        + f'"V":"{FUTURES_STP_MODES[order.stp]}","pm":"{PRICE_MATCHES[order.price_match]}",'
        + ("" if inverse else f'"gtd":{order.good_till_us // unit},')
        + f'"er":"{why}"}}}}'
    )


_NOTHING: Final = '"0"'


def _trailing(order: FuturesOrder) -> str:
    """Activation price and callback rate (per cent)."""
    rate = quote_places(order.extra.trailing_delta * 1_000_000, 1)
    return f'"AP":{quote_short(order.stop_price)},"cr":{rate},'


def trade_lite(told: FuturesTrade, maker: bool, unit: int) -> str:
    """TRADE_LITE of one side of a trade."""
    order = told.maker if maker else told.taker
    contract = order.contract
    at = told.at_us // unit
    prices, places = contract.price_places, contract.qty_places
    price = quote_places(order.price, prices) if order.price else _NOTHING
    return (
        f'{{"e":"TRADE_LITE","E":{at},"T":{at},"s":"{contract.name}",'
        f'"q":{quote_places(order.qty, places)},"p":{price},"m":{TRUTHS[maker]},'
        f'"c":"{order.client_id}","S":"{SIDES[order.side]}",'
        f'"L":{quote_places(told.price, prices)},"l":{quote_places(told.qty, places)},'
        f'"t":{told.trade_id},"i":{order.order_id}}}'
    )


def algo_update(told: AlgoReport, unit: int) -> str:
    """ALGO_UPDATE."""
    order = told.order
    algo = order.algo
    assert algo is not None
    at = told.at_us // unit
    placed = told.actual_id >= 0
    trailing = order.orig_type == TRAILING_STOP_MARKET
    actual = FUTURES_ORDER_TYPES[MARKET if order.is_market else LIMIT] if placed else "0"
    return (
        f'{{"e":"ALGO_UPDATE","T":{at},"E":{at},"o":{{"caid":"{order.client_id}",'
        f'"aid":{algo.algo_id},"at":"CONDITIONAL","o":"{FUTURES_ORDER_TYPES[order.orig_type]}",'
        f'"s":"{order.contract.name}","S":"{SIDES[order.side]}",'
        f'"ps":"{POSITION_SIDES[order.position.side]}","f":"{FUTURES_TIMES_IN_FORCE[order.tif]}",'
        f'"q":{quote_short(order.qty)},"X":"{told.status}",'
        f'"ai":"{told.actual_id if placed else ""}","ap":{quote_places(told.average, 5)},'
        f'"aq":{quote_places(told.executed, 5)},"act":"{actual}",'
        f'"tp":{quote_short(0 if trailing else order.stop_price)},"p":{quote_short(order.price)},'
        f'"V":"{FUTURES_STP_MODES[order.stp]}","wt":"{WORKING_TYPES[order.working_type]}",'
        f'"pm":"{PRICE_MATCHES[order.price_match]}","cp":{TRUTHS[order.close_position]},'
        f'"pP":{TRUTHS[order.price_protect]},"R":{TRUTHS[order.reduce_only]},'
        f'"tt":{algo.triggered_us // unit},"gtd":{order.good_till_us // unit},'
        f'"rm":{quote(told.reason)}'
        + (f',"ia":{TRUTHS[order.extra.trailing_us >= 0]}' if trailing else "")
        + "}}"
    )


def trigger_reject(told: TriggerRefused, unit: int) -> str:
    """CONDITIONAL_ORDER_TRIGGER_REJECT."""
    at = told.at_us // unit
    order = told.order
    return (
        f'{{"e":"CONDITIONAL_ORDER_TRIGGER_REJECT","E":{at},"T":{at},"or":{{'
        f'"s":"{order.contract.name}","i":{order.order_id},"r":{quote(told.reason)}}}}}'
    )
