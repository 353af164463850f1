"""Algo orders: they wait outside the matching engine, with ids of their own, and place an order
when their price is met. Source: the algo order pages of the futures documents; documented.

The waiting order stands among the triggers under the negative of its algo id, so that it never
meets the number of a real order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tradepit.core import futures_checks as checks
from tradepit.core import futures_life as life
from tradepit.core.futures_orders import (
    ALGO_CANCELED,
    ALGO_EXPIRED,
    ALGO_FINISHED,
    ALGO_REJECTED,
    ALGO_STATUSES,
    ALGO_TRIGGERED,
    ALGO_TRIGGERING,
    Algo,
    FuturesOrder,
)
from tradepit.core.futures_records import AlgoReport
from tradepit.core.rejects import Reject
from tradepit.core.terms import CANCELED, EXPIRED, LIMIT, MARKET, TRAILING_STOP_MARKET

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange

ALGO_GOOD_TILL: Final = "futures.algo.gtd"
MAX_ALGOS: Final = 200  # waiting algo orders of one account on one contract


def place(pit: Exchange, order: FuturesOrder) -> Algo:
    """Take in one waiting order as an algo order. Raises: Reject."""
    contract = order.contract
    checks.check_open(order)
    checks.check_qty(order)
    if not order.is_market and not order.price_match:
        checks.check_price(pit, order, order.price)
    if order.stop_price:
        checks.check_stop(order)
    algos = order.position.holding.algos
    if order.client_id and order.client_id in algos.by_client:
        raise Reject("DUPLICATED_CLIENT_ORDER_ID")
    if len(algos.orders) >= MAX_ALGOS:
        raise Reject("MAX_STOP_ORDER_EXCEEDED")
    checks.check_only_closer(order)
    checks.check_trigger(order)
    checks.check_worth(order)
    pit.next_algo_id += 1
    algo = order.algo = Algo(pit.next_algo_id)
    order.order_id = -algo.algo_id
    if not order.client_id:
        order.client_id = pit.new_token()
    order.created_us = order.updated_us = algo.updated_us = pit.at_us
    order.open = True
    order.trader.holdings.setdefault(contract.name, order.position.holding)
    algos.orders[algo.algo_id] = order
    algos.by_client[order.client_id] = order
    _tell(pit, order, algo)
    if order.good_till_us:
        pit.timers.set(order.good_till_us, ALGO_GOOD_TILL, f"{contract.name}:{algo.algo_id}")
    life.triggers_of(order).add(order, checks.watched_price(order), pit.at_us)
    return algo


def cancel(pit: Exchange, order: FuturesOrder) -> None:
    """Cancel a waiting algo order."""
    algo = order.algo
    assert algo is not None
    life.triggers_of(order).remove(order)
    _end(pit, order, algo, ALGO_CANCELED)


def expire(pit: Exchange, order: FuturesOrder) -> None:
    """End a waiting algo order by the exchange's own will."""
    algo = order.algo
    assert algo is not None
    life.triggers_of(order).remove(order)
    _end(pit, order, algo, ALGO_EXPIRED)


def fire(pit: Exchange, order: FuturesOrder) -> None:
    """The price is met: an order of the matching engine takes the algo order's place."""
    algo = order.algo
    assert algo is not None
    algo.triggered_us = pit.at_us
    algo.status = ALGO_TRIGGERING
    _tell(pit, order, algo)
    actual = _actual(order)
    try:
        life.release(pit, actual)
        checks.check_qty(actual)
    except Reject as no:
        no.__traceback__ = None
        algo.reason = no.msg
        _end(pit, order, algo, ALGO_REJECTED)
        return
    actual.algo = algo
    life.accept(pit, actual)
    algo.actual_id = actual.order_id
    order.open = False
    order.position.holding.algos.keep(order, algo.algo_id)
    algo.status = ALGO_TRIGGERED
    _tell(pit, order, algo)
    life.start(pit, actual)


def _actual(order: FuturesOrder) -> FuturesOrder:
    """The order that an algo order places."""
    kind = MARKET if order.is_market else LIMIT
    actual = FuturesOrder(order.position, order.side, kind, order.qty, order.price)
    actual.orig_type = order.orig_type
    actual.client_id = order.client_id
    actual.tif = order.tif
    actual.stp = order.stp
    actual.stop_price = 0 if order.type == TRAILING_STOP_MARKET else order.stop_price
    actual.reduce_only = order.reduce_only
    actual.close_position = order.close_position
    actual.working_type = order.working_type
    actual.price_protect = order.price_protect
    actual.price_match = order.price_match
    actual.good_till_us = order.good_till_us
    return actual


def ended(pit: Exchange, actual: FuturesOrder, algo: Algo) -> None:
    """The order that an algo order placed is done, and so is the algo order."""
    order = actual.position.holding.algos.finished.get(algo.algo_id)
    if order is not None:
        algo.status = ALGO_FINISHED
        algo.updated_us = pit.at_us
        order.algo = algo
        _tell(pit, order, algo, actual)


def good_till(pit: Exchange, whose: str) -> None:
    """A waiting algo order's time has come."""
    name, _, number = whose.partition(":")
    for trader in pit.traders.values():
        holding = trader.holdings.get(name)
        if holding is None:
            continue
        order = holding.algos.orders.get(int(number))
        if order is not None:
            expire(pit, order)
            return


def _end(pit: Exchange, order: FuturesOrder, algo: Algo, status: int) -> None:
    order.open = False
    order.status = CANCELED if status == ALGO_CANCELED else EXPIRED
    algo.status = status
    algo.updated_us = order.updated_us = pit.at_us
    order.position.holding.algos.keep(order, algo.algo_id)
    _tell(pit, order, algo)


def _tell(
    pit: Exchange, order: FuturesOrder, algo: Algo, actual: FuturesOrder | None = None
) -> None:
    algo.updated_us = pit.at_us
    if order.account.quiet:
        return
    told = AlgoReport(order, ALGO_STATUSES[algo.status], pit.at_us)
    if actual is not None:
        told.executed = actual.executed
        told.average = actual.average_price()
    pit.events.append(told)
