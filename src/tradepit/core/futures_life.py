"""The life of a futures order: admitted, accepted, waiting or working, closed.

As on spot, `admit` says every no before anything changed. Where futures differ: nothing is held in
the ledger, the account's margin must cover positions and open orders together; an order may be
bound to only close; waiting orders watch the last or the mark price.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tradepit.core import algo, clearing
from tradepit.core import futures_checks as checks
from tradepit.core.contracts import refusal
from tradepit.core.futures_orders import FuturesOrder, as_futures
from tradepit.core.futures_records import FuturesReport, Modification, TriggerRefused
from tradepit.core.rejects import Reject
from tradepit.core.terms import (
    BUY,
    CANCELED,
    EXPIRE_BOTH,
    EXPIRE_MAKER,
    EXPIRE_TAKER,
    EXPIRED,
    EXPIRED_IN_MATCH,
    EXPIRY_FOK,
    EXPIRY_IOC,
    EXPIRY_MARKET,
    EXPIRY_NONE,
    EXPIRY_POST_ONLY,
    EXPIRY_REDUCE_ONLY,
    EXPIRY_SELF_TRADE,
    FILLED,
    FOK,
    GTX,
    IOC,
    LIMIT,
    MARK_PRICE,
    MARKET,
    STP_NONE,
    X_CANCELED,
    X_EXPIRED,
    X_NEW,
    X_REPLACED,
    X_TRADE_PREVENTION,
)  # fmt: skip
from tradepit.core.units import mul_floor

if TYPE_CHECKING:
    from tradepit.core.contracts import Contract
    from tradepit.core.exchange import Exchange
    from tradepit.core.positions import Trader
    from tradepit.core.triggers import Triggers

GOOD_TILL: Final = "futures.gtd"
COUNTDOWN: Final = "futures.countdown"
MAX_MODIFICATIONS: Final = 10_000
LAST_US: Final = 253_402_300_799_000_000  # the end of the year 9999
# Why an order that waited expires instead of working, by the refusal.
EXPIRY_OF: Final = {
    "REDUCE_ONLY_REJECTED": EXPIRY_REDUCE_ONLY,
    "GTX_ORDER_REJECT": EXPIRY_POST_ONLY,
    "FOK_ORDER_REJECT": EXPIRY_FOK,
}


# --- From here on nothing is refused -----------------------------------------------------------


def place(
    pit: Exchange, order: FuturesOrder, accepted: Callable[[], object] | None = None, *,
    counted: bool = False,
) -> None:  # fmt: skip
    """Take in one new order, whole. `accepted` is called before it meets the book. counted: it is
    part of what the order count knows already.

    Raises: Reject.
    """
    if not counted:
        checks.check_order_count(pit, order.trader, 1)
    checks.check_all(pit, order)
    if not (counted or order.account.quiet):
        order.trader.add_orders(1, pit.at_us)
    accept(pit, order)
    if accepted is not None:
        accepted()
    start(pit, order)


def accept(pit: Exchange, order: FuturesOrder) -> None:
    """Give ids and times, enter it among the open orders, report NEW."""
    contract = order.contract
    order.order_id = contract.next_order_id
    contract.next_order_id += 1
    if not order.client_id:
        order.client_id = pit.new_token()
    order.created_us = order.updated_us = pit.at_us
    order.open = True
    holding = order.position.holding
    order.trader.holdings.setdefault(contract.name, holding)
    opened = order.opened = holding.opened
    opened.orders[order.order_id] = order
    opened.by_client[order.client_id] = order
    order.trader.orders_open += 1
    if order.contingent:
        opened.algos += 1
    else:
        order.working_us = pit.at_us
    clearing.hold(order)
    report(pit, order, X_NEW)
    if order.good_till_us:
        pit.timers.set(order.good_till_us, GOOD_TILL, f"{contract.name}:{order.order_id}")
        contract.good_till[order.order_id] = order


def start(pit: Exchange, order: FuturesOrder) -> None:
    """Let an accepted order wait for its trigger, or work."""
    if order.contingent and order.working_us < 0:
        triggers_of(order).add(order, checks.watched_price(order), pit.at_us)
        return
    take(pit, order)
    if not order.open:
        return
    if order.is_market or order.tif == IOC or order.tif == FOK:
        expire(pit, order, unfilled(order))
        return
    order.visible = order.leaves
    order.contract.book.add(order)


def take(pit: Exchange, taker: FuturesOrder) -> None:
    """Match until the taker is filled, may not close more, or its limit or bound stops it."""
    contract = taker.contract
    buy = taker.side == BUY
    side = contract.book.side(not buy)
    limit = taker.limit_price or checks.take_bound(taker)
    while taker.open and taker.leaves:
        level = side.front
        if level is None:
            return
        price = level.price
        if limit and (price > limit if buy else price < limit):
            return
        head = level.head
        assert head is not None
        maker = as_futures(head)
        if taker.stp != STP_NONE and taker.account is maker.account:
            prevent(pit, taker, maker)
            continue
        qty = min(taker.leaves, maker.leaves)
        if maker.closes:
            qty = min(qty, maker.closable())
            if qty == 0:
                expire(pit, maker, EXPIRY_REDUCE_ONLY)
                continue
        if taker.closes:
            qty = min(qty, taker.closable())
            if qty == 0:
                expire(pit, taker, EXPIRY_REDUCE_ONLY)
                return
        trade(pit, maker, taker, qty)


def trade(pit: Exchange, maker: FuturesOrder, taker: FuturesOrder, qty: int) -> None:
    """Two orders meet at the maker's price."""
    book = taker.contract.book
    clearing.trade(pit, maker, taker, qty, maker.limit_price)
    if maker.leaves:
        book.reduce(maker, maker.leaves)
    else:
        finish(pit, maker, FILLED)
    if not taker.leaves:
        finish(pit, taker, FILLED)
    for order in (taker, maker):
        if not order.open and order.algo is not None:
            algo.ended(pit, order, order.algo)
        if order.position.qty == 0:
            drop_closing(pit, order)


def drop_closing(pit: Exchange, cause: FuturesOrder) -> None:
    """A position is gone: its working orders that only close expire."""
    position = cause.position
    holding = position.holding
    for found in list(holding.opened.orders.values()):
        order = as_futures(found)
        if (
            order is not cause and order.position is position and order.open
            and order.closes and order.level is not None
        ):  # fmt: skip
            expire(pit, order, EXPIRY_REDUCE_ONLY)


def unfilled(order: FuturesOrder) -> int:
    """Why what is left of an order that may not rest expires."""
    if order.is_market:
        return EXPIRY_MARKET
    return EXPIRY_FOK if order.tif == FOK else EXPIRY_IOC


def prevent(pit: Exchange, taker: FuturesOrder, maker: FuturesOrder) -> None:
    """Orders of one account do not trade with each other: one, or both, expire in the match."""
    mode = taker.stp
    if mode in (EXPIRE_MAKER, EXPIRE_BOTH):
        close(pit, maker, EXPIRED_IN_MATCH, X_TRADE_PREVENTION, why=EXPIRY_SELF_TRADE)
    if mode in (EXPIRE_TAKER, EXPIRE_BOTH):
        close(pit, taker, EXPIRED_IN_MATCH, X_TRADE_PREVENTION, why=EXPIRY_SELF_TRADE)


# --- Waiting orders ----------------------------------------------------------------------------


def triggers_of(order: FuturesOrder) -> Triggers:
    if order.working_type == MARK_PRICE:
        return order.contract.mark_triggers
    return order.contract.triggers


def fire(pit: Exchange, order: FuturesOrder) -> None:
    """A waiting order's trigger was met: it works, as LIMIT or MARKET, or is dropped."""
    if not order.open:
        return
    if order.algo is not None:
        algo.fire(pit, order)
        return
    order.updated_us = pit.at_us
    order.type = MARKET if order.is_market else LIMIT
    try:
        release(pit, order)
    except Reject as no:
        no.__traceback__ = None
        order.working_us = pit.at_us
        if not order.account.quiet:
            pit.events.append(TriggerRefused(order, no.msg, pit.at_us))
        expire(pit, order, EXPIRY_OF.get(no.name, EXPIRY_NONE))
        return
    opened = order.opened
    assert opened is not None
    opened.algos -= 1
    order.contingent = False
    order.working_us = pit.at_us
    clearing.hold(order)
    report(pit, order, X_NEW)
    start(pit, order)


def release(pit: Exchange, order: FuturesOrder) -> None:
    """What is checked when a waiting order starts to work. Raises: Reject."""
    contract = order.contract
    if order.price_protect:
        gap = abs(contract.last_price - contract.marks.mark)
        if gap > mul_floor(contract.marks.mark, contract.trigger_protect):
            raise Reject("WOULD_TRIGGER_NOW")
    if order.close_position:
        order.qty = order.leaves = order.closable()
    if order.closes and order.closable() == 0:
        raise Reject("REDUCE_ONLY_REJECTED")
    contingent, order.contingent = order.contingent, False
    try:
        checks.match_price(order)
        if order.tif == GTX and checks.would_take(order):
            raise Reject("GTX_ORDER_REJECT")
        if order.tif == FOK and checks.available(order) < order.leaves:
            raise Reject("FOK_ORDER_REJECT")
        checks.check_margin(pit, order)
    finally:
        order.contingent = contingent


# --- The end -----------------------------------------------------------------------------------


def finish(pit: Exchange, order: FuturesOrder, status: int) -> None:
    """Take a done order out of everything open."""
    order.status = status
    order.updated_us = pit.at_us
    order.open = False
    if order.level is not None:
        order.contract.book.remove(order)
    elif order.contingent and order.working_us < 0:
        triggers_of(order).remove(order)
    order.visible = 0
    clearing.hold(order)
    if order.good_till_us:
        order.contract.good_till.pop(order.order_id, None)
    opened = order.opened
    assert opened is not None
    del opened.orders[order.order_id]
    if opened.by_client.get(order.client_id) is order:
        del opened.by_client[order.client_id]
    order.trader.orders_open -= 1
    if order.contingent:
        opened.algos -= 1
    order.opened = None
    if not order.account.quiet:
        opened.keep(order)


def close(
    pit: Exchange, order: FuturesOrder, status: int, exec_type: int, *, why: int = EXPIRY_NONE
) -> None:
    """Finish an order that did not end by a trade, and report it."""
    finish(pit, order, status)
    report(pit, order, exec_type).why = why
    if order.algo is not None:
        algo.ended(pit, order, order.algo)


def expire(pit: Exchange, order: FuturesOrder, why: int) -> None:
    """End an order by its own rules or the exchange's; why: EXPIRY_…"""
    close(pit, order, EXPIRED, X_EXPIRED, why=why)


def cancel(pit: Exchange, order: FuturesOrder) -> None:
    close(pit, order, CANCELED, X_CANCELED)


def modify(
    pit: Exchange, order: FuturesOrder, price: int, qty: int, *, match: int = 0,
    modify_id: int = -1,
) -> None:  # fmt: skip
    """Give a LIMIT order another price and quantity; it queues anew. match: the priceMatch that
    the price was taken by; modify_id: what the modification is called; if anything.

    One that has traded that much already, or a GTX order that would take, is cancelled.
    Raises: Reject, nothing changed.
    """
    if order.orig_type != LIMIT or order.contingent:
        raise refusal(order.contract.venue, "LIMIT_ORDER_ONLY")
    if order.modified >= MAX_MODIFICATIONS:
        raise refusal(order.contract.venue, "EXCEED_MAXIMUM_MODIFY_ORDER_LIMIT")
    if price == order.price and qty == order.qty:
        raise refusal(order.contract.venue, "SAME_ORDER")
    old_price, old_qty = order.price, order.qty
    trial = order.copy_with(price, qty)
    checks.check_qty(trial)
    checks.check_price(pit, trial, price)
    checks.check_worth(trial, "MODIFICATION_MIN_NOTIONAL")
    if qty <= order.executed:
        cancel(pit, order)
        return
    trial.leaves = qty - order.executed - order.prevented
    checks.check_margin(pit, trial, order.held)
    if order.tif == GTX and checks.would_take(trial):
        cancel(pit, order)
        return
    if order.level is not None:
        order.contract.book.remove(order)
    order.price = order.limit_price = price
    order.price_match = match
    order.qty = qty
    order.leaves = trial.leaves
    order.updated_us = pit.at_us
    order.modified += 1
    clearing.hold(order)
    report(pit, order, X_REPLACED).modify_id = modify_id
    if not order.account.quiet:
        pit.next_amend_id += 1
        pit.events.append(Modification(order, old_price, old_qty, pit.next_amend_id, pit.at_us))
    start(pit, order)


def report(pit: Exchange, order: FuturesOrder, exec_type: int) -> FuturesReport:
    """One step of an order, told unless the account is an agent's."""
    told = FuturesReport(order, exec_type, pit.at_us)
    if not order.account.quiet:
        pit.events.append(told)
    return told


# --- Timers ------------------------------------------------------------------------------------


def good_till(pit: Exchange, whose: str) -> None:
    """A GTD order's time has come."""
    name, _, number = whose.partition(":")
    contract = pit.contracts.get(name)
    if contract is not None:
        order = contract.good_till.get(int(number))
        if order is not None and order.open:
            expire(pit, as_futures(order), EXPIRY_NONE)


def count_down(pit: Exchange, trader: Trader, contract: Contract, after_us: int) -> None:
    """Cancel all orders of an account on a contract after a while; 0 calls it off.

    Raises: Reject INVALID_PARAMETER when that is after the year 9999.
    """
    if after_us > LAST_US - pit.at_us:
        raise Reject("INVALID_PARAMETER", "countdownTime")
    if after_us == 0:
        trader.countdowns.pop(contract.name, None)
        return
    trader.countdowns[contract.name] = pit.at_us + after_us
    pit.timers.set(pit.at_us + after_us, COUNTDOWN, f"{trader.account.id}:{contract.name}")


def countdown(pit: Exchange, whose: str) -> None:
    """An account did not renew its countdown for a symbol: all its orders there are cancelled."""
    owner, _, name = whose.partition(":")
    contract = pit.contracts.get(name)
    if contract is None:
        return  # delivered, and forgotten since
    trader = pit.trader(int(owner), contract.venue)
    due = trader.countdowns.get(name, 0)
    if due and due <= pit.at_us:
        del trader.countdowns[name]
        cancel_all(pit, trader, contract)


def cancel_all(pit: Exchange, trader: Trader, contract: Contract) -> None:
    """Cancel every open order of an account on a contract; algo orders stay."""
    for order in open_orders(trader, contract):
        if order.open:
            cancel(pit, order)


def expire_all(pit: Exchange, trader: Trader, contract: Contract, why: int) -> None:
    """End them, and algo orders as well, by the exchange's own will; why: EXPIRY_…"""
    for order in open_orders(trader, contract):
        if order.open:
            expire(pit, order, why)
    for waiting in list(trader.holding(contract).algos.orders.values()):
        algo.expire(pit, waiting)


def open_orders(trader: Trader, contract: Contract) -> list[FuturesOrder]:
    return [as_futures(found) for found in trader.holding(contract).opened.orders.values()]
