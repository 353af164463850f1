"""The life of an order: admitted, accepted, working, and closed.

`admit` says every no before anything changed; from `accept` on nothing is refused any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tradepit.core import filters, lists, matching
from tradepit.core.accounts import COUNT_LIMITS, ORDER_LIMITS
from tradepit.core.records import Report
from tradepit.core.rejects import CANCEL_REJECTED, Reject
from tradepit.core.terms import (
    BUY,
    CANCELED,
    EXPIRED,
    FOK,
    IOC,
    LIMIT,
    LIMIT_MAKER,
    MARKET,
    MARKET_PEG,
    NEW,
    PENDING_NEW,
    REASON_INSUFFICIENT_LIQUIDITY,
    REASON_REJECTED,
    REASON_UNFILLED_FOK,
    REASON_UNFILLED_IOC,
    REJECTED,
    STOP_LOSS,
    STOP_LOSS_LIMIT,
    SYMBOL_CANCEL_ONLY,
    TAKE_PROFIT,
    TAKE_PROFIT_LIMIT,
    TRADING,
    X_CANCELED,
    X_EXPIRED,
    X_NEW,
    X_REJECTED,
)  # fmt: skip
from tradepit.core.units import mul_ceil

if TYPE_CHECKING:
    from tradepit.core.accounts import Account
    from tradepit.core.exchange import Exchange
    from tradepit.core.orders import Order
    from tradepit.core.symbols import Symbol

_TYPE_REFUSALS: Final = {
    LIMIT: "NO_LIMIT_ORDERS",
    MARKET: "NO_MARKET_ORDERS",
    STOP_LOSS: "NO_STOP_LOSS",
    STOP_LOSS_LIMIT: "NO_STOP_LOSS_LIMIT",
    TAKE_PROFIT: "NO_TAKE_PROFIT",
    TAKE_PROFIT_LIMIT: "NO_TAKE_PROFIT_LIMIT",
    LIMIT_MAKER: "NO_LIMIT_MAKER",
}
# How an execution report words a refusal; others are told by their own names.
REJECT_REASONS: Final = {
    "INSUFFICIENT_BALANCE": "INSUFFICIENT_BALANCES",
    "WOULD_TRIGGER": "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY",
    "WOULD_MATCH": "WOULD_MATCH_IMMEDIATELY",
}


# --- Before anything changes -------------------------------------------------------------------


def check_order_count(pit: Exchange, account: Account, more: int) -> None:
    """Raises: Reject TOO_MANY_ORDERS (429) when the unfilled order count would pass a limit."""
    account.roll_windows(pit.at_us)
    if not pit.count_orders or account.quiet:
        return
    for index, count in enumerate(account.window_counts):
        if count + more > COUNT_LIMITS[index]:
            _, interval, number, width_us, limit = ORDER_LIMITS[index]
            wait_us = account.window_starts[index] + width_us - pit.at_us
            raise Reject(
                "TOO_MANY_ORDERS", limit, f"{number} {interval}",
                retry_after_s=max(-(-wait_us // 1_000_000), 1),
            )  # fmt: skip


def admit_filters(pit: Exchange, order: Order) -> None:
    """What is refused before the matching engine sees the order: pegs, modes, filters.

    Sets the pegged price of an order that works at once, and the quantity of a reverse MARKET
    order. Raises: Reject.
    """
    symbol = order.symbol
    if order.extra.peg_type:
        check_peg(order)
        if not order.contingent and order.status != PENDING_NEW:
            peg(order)
    if order.stp not in symbol.allowed_stp:
        raise Reject("STP_MODE_NOT_ALLOWED")
    if order.quote_qty:
        reverse_quantity(pit, order)
    filters.check(pit, order)


def admit(pit: Exchange, order: Order) -> None:
    """Every reason to refuse one order that does not depend on money or on other orders.

    Raises: Reject.
    """
    admit_filters(pit, order)
    symbol = order.symbol
    admit_account(pit, order.account, symbol)
    if symbol.status != TRADING:
        raise Reject("MARKET_CLOSED")
    if not symbol.type_allowed[order.type]:
        raise Reject(_TYPE_REFUSALS[order.type])
    if order.iceberg_qty:
        if not symbol.iceberg_allowed:
            raise Reject("NO_ICEBERG_ORDERS")
        if order.iceberg_qty > order.qty and not order.extra.opo:
            raise Reject("ICEBERG_EXCEEDS_QTY")
    if order.quote_qty and not symbol.quote_qty_allowed:
        raise Reject("NO_QUOTE_QTY")
    if order.extra.trailing_delta and not symbol.trailing_allowed:
        raise Reject("NO_TRAILING")
    opened = order.account.on(symbol.name)
    if order.client_id and order.client_id in opened.by_client:
        raise Reject("DUPLICATE_ORDER")


def admit_account(pit: Exchange, account: Account, symbol: Symbol) -> None:
    """May this account trade on this symbol at all?"""
    if not account.can_trade:
        raise Reject("ACCOUNT_CANNOT_TRADE")
    if account.quiet:
        return
    for any_of in symbol.permission_sets:
        for name in any_of:
            if name in account.permissions:
                break
        else:
            raise Reject("SYMBOL_NOT_PERMITTED")


def admit_now(pit: Exchange, order: Order) -> None:
    """Reasons to refuse an order that would start to work or to wait at this moment.

    Raises: Reject WOULD_MATCH for a LIMIT_MAKER that takes, WOULD_TRIGGER for a met stop price.
    """
    symbol = order.symbol
    if order.type == LIMIT_MAKER:
        best = symbol.book.side(order.side != BUY).best()
        price = order.limit_price
        if best and (price >= best if order.side == BUY else price <= best):
            raise Reject("WOULD_MATCH")
    elif order.contingent and not order.extra.trailing_delta and symbol.last_price:
        last = symbol.last_price
        stop = order.stop_price
        if last >= stop if order.triggers_above else last <= stop:
            raise Reject("WOULD_TRIGGER")


def check_peg(order: Order) -> None:
    """Which orders may be pegged how. Source: faqs/pegged_orders.md; documented."""
    if not order.symbol.peg_allowed:
        raise Reject("NO_PEGGED")
    if order.is_market:
        raise Reject("PEG_ORDER_TYPE")
    market = order.extra.peg_type == MARKET_PEG
    if order.type == LIMIT_MAKER and market:
        raise Reject("PEG_PRICE_TYPE")
    if order.type == LIMIT and not market and order.tif in (IOC, FOK):
        raise Reject("PEG_PRICE_TYPE")


def peg(order: Order) -> None:
    """Take the price from the book: the offset-th level of the pegged side.

    Raises: Reject PEG_LIQUIDITY when the book has no such level.
    """
    extra = order.extra
    own_side = extra.peg_type != MARKET_PEG
    side = order.symbol.book.side((order.side == BUY) == own_side)
    prices = side.prices(extra.peg_offset + 1)
    if len(prices) <= extra.peg_offset:
        raise Reject("PEG_LIQUIDITY")
    extra.pegged_price = prices[-1]
    order.limit_price = prices[-1]


def reverse_quantity(pit: Exchange, order: Order) -> None:
    """How much a MARKET order by quoteOrderQty buys or sells: whole steps, never above budget."""
    symbol = order.symbol
    qty, _, complete = matching.probe(pit, order, [symbol], order.quote_qty)
    if not complete:
        if qty == 0:
            raise Reject("LIQUIDITY_BELOW_MINIMUM")
        if qty < symbol.min_qty:
            raise Reject("LIQUIDITY_BELOW_LOT_SIZE")
        if qty < symbol.market_min_qty:
            raise Reject("LIQUIDITY_BELOW_MARKET_LOT_SIZE")
        order.own_extra().short = True
    order.qty = order.leaves = qty


# --- Money -------------------------------------------------------------------------------------


def required(pit: Exchange, order: Order) -> int:
    """What the order must hold while it waits or works: base units (SELL) or quote units (BUY)."""
    if order.side != BUY:
        return order.leaves
    if order.limit_price:
        return mul_ceil(order.limit_price, order.leaves)
    if order.contingent and order.working_us < 0:
        if not order.stop_price and not order.extra.hold_price:
            order.own_extra().hold_price = order.symbol.last_price
        return mul_ceil(order.stop_price or order.extra.hold_price, order.leaves)
    return matching.probe(pit, order, _venues(pit, order))[1]


def _venues(pit: Exchange, order: Order) -> list[Symbol]:
    """The symbols on whose books the order may trade."""
    return pit.routed(order.symbol) if order.extra.used_sor else [order.symbol]


def held_asset(order: Order) -> str:
    return order.symbol.quote if order.side == BUY else order.symbol.base


def hold(pit: Exchange, order: Order, units: int) -> None:
    """Hold `units` in all for the order. Raises: Reject INSUFFICIENT_BALANCE, nothing changed."""
    balance = order.account.balances.get(held_asset(order))
    more = units - order.held
    if balance is None:  # it never had any; a refusal does not make it an empty balance
        if more > 0:
            raise Reject("INSUFFICIENT_BALANCE", hint=f"needs {units} units")
    elif more > 0:
        if more > balance.free and not balance.house:
            raise Reject("INSUFFICIENT_BALANCE", hint=f"needs {units} units")
        pit.ledger.hold(balance, more)
    elif more < 0:
        pit.ledger.release(balance, -more)
    order.held = units


# --- From here on nothing is refused -----------------------------------------------------------


def accept(pit: Exchange, order: Order) -> None:
    """Give ids and times, enter it among the account's open orders, report NEW."""
    symbol = order.symbol
    account = order.account
    order.order_id = symbol.next_order_id
    symbol.next_order_id += 1
    if not order.client_id:
        order.client_id = pit.new_token()
    order.created_us = order.updated_us = pit.at_us
    order.open = True
    opened = order.opened = account.open_on(symbol.name)
    opened.orders[order.order_id] = order
    opened.by_client[order.client_id] = order
    if order.side == BUY:
        opened.buy_qty += order.leaves
    account.orders_open += 1
    if order.contingent:
        opened.algos += 1
        account.algos_open += 1
    if order.iceberg_qty:
        opened.icebergs += 1
        account.icebergs_open += 1
    if order.status == NEW and not order.contingent:
        order.working_us = pit.at_us
    report(pit, order, X_NEW)


def place(pit: Exchange, order: Order) -> None:
    """Take in one new order, whole: admitted, held for, accepted, started. Raises: Reject."""
    check_order_count(pit, order.account, 1)
    admit(pit, order)
    filters.check_counts(pit, [order], False)
    admit_now(pit, order)
    hold(pit, order, required(pit, order))
    order.account.add_orders(1)
    accept(pit, order)
    start(pit, order)


def start(pit: Exchange, order: Order) -> None:
    """Let an accepted order wait for its trigger, or work."""
    if order.contingent and order.working_us < 0:
        order.symbol.triggers.add(order, order.symbol.last_price, pit.at_us)
        return
    if order.type != LIMIT_MAKER:
        work(pit, order)
        if not order.open:
            return
        if order.executed:
            matching.trim_hold(pit, order)  # it took at better prices than its own
    order.visible = min(order.iceberg_qty or order.leaves, order.leaves)
    order.symbol.book.add(order)


def work(pit: Exchange, order: Order) -> None:
    """The taker phase. Afterwards the order is closed, or its rest may go on the book."""
    if order.tif == FOK and not matching.probe(pit, order, _venues(pit, order))[2]:
        close(pit, order, EXPIRED, REASON_UNFILLED_FOK, X_EXPIRED)
        return
    if order.extra.used_sor:
        matching.take_routed(pit, order, pit.routed(order.symbol))
    else:
        matching.take(pit, order)
    if not order.open:
        return
    if order.is_market:
        close(pit, order, EXPIRED, REASON_INSUFFICIENT_LIQUIDITY, X_EXPIRED)
    elif order.tif == IOC or order.tif == FOK:
        close(pit, order, EXPIRED, REASON_UNFILLED_IOC, X_EXPIRED)


def fire(pit: Exchange, order: Order) -> None:
    """A waiting order's trigger was met: it starts to work, or is expired if it no longer may."""
    if not order.open:
        return
    if order.list is not None:
        lists.before_fill(pit, order)
    order.working_us = order.updated_us = pit.at_us
    try:
        if order.extra.peg_type:
            peg(order)
            filters.check_price(pit, order, order.limit_price)
            filters.check_notional(pit, order)
        hold(pit, order, required(pit, order))
    except Reject:
        close(pit, order, EXPIRED, REASON_REJECTED, X_EXPIRED)
        return
    report(pit, order, X_NEW)
    start(pit, order)


def finish(pit: Exchange, order: Order, status: int, reason: int) -> None:
    """Take a done order out of everything open and give back what it still holds."""
    symbol = order.symbol
    account = order.account
    order.status = status
    order.reason = reason
    order.updated_us = pit.at_us
    order.open = False
    if order.level is not None:
        symbol.book.remove(order)
    elif order.contingent and order.working_us < 0:
        symbol.triggers.remove(order)
    if order.held:
        pit.ledger.release(pit.spot(account, held_asset(order)), order.held)
        order.held = 0
    order.visible = 0
    opened = order.opened
    assert opened is not None
    del opened.orders[order.order_id]
    if opened.by_client.get(order.client_id) is order:
        del opened.by_client[order.client_id]
    if order.side == BUY:
        opened.buy_qty -= order.leaves
    account.orders_open -= 1
    if order.contingent:
        opened.algos -= 1
        account.algos_open -= 1
    if order.iceberg_qty:
        opened.icebergs -= 1
        account.icebergs_open -= 1
    order.opened = None
    if not account.quiet:
        opened.keep(order)


def close(pit: Exchange, order: Order, status: int, reason: int, exec_type: int) -> Report:
    """Finish an order that did not end by a trade, report it, and let its list react."""
    finish(pit, order, status, reason)
    told = report(pit, order, exec_type)
    if order.list is not None:
        lists.after_close(pit, order)
    return told


def cancel(pit: Exchange, order: Order, new_client_id: str) -> None:
    """Cancel by the user's wish; the report names the cancel in place of the order."""
    finish(pit, order, CANCELED, 0)
    told = report(pit, order, X_CANCELED)
    told.orig_client_id = order.client_id
    told.client_id = new_client_id


def report(pit: Exchange, order: Order, exec_type: int) -> Report:
    """One execution report, told unless the account is an agent's."""
    symbol = order.symbol
    told = Report(order, exec_type, symbol.next_exec_id, pit.at_us)
    symbol.next_exec_id += 1
    if not order.account.quiet:
        pit.events.append(told)
        order.account.updated_us = pit.at_us
    return told


def reject(pit: Exchange, order: Order, no: Reject) -> None:
    """Tell of an order that was refused after the one that it replaces was canceled. It never was
    an order: it has no id, and nobody finds it again."""
    if not order.client_id:
        order.client_id = pit.new_token()
    order.created_us = order.updated_us = pit.at_us
    order.status = REJECTED
    told = Report(order, X_REJECTED, -1, pit.at_us)
    told.reject = REJECT_REASONS.get(no.name, no.name)
    if not order.account.quiet:
        pit.events.append(told)


def admit_cancel(account: Account, symbol: Symbol) -> None:
    """A closed market lets nobody cancel, unless it is open for cancels only."""
    if not account.can_trade:
        raise Reject("ACCOUNT_CANNOT_TRADE", code=CANCEL_REJECTED)
    if symbol.status != TRADING and symbol.status != SYMBOL_CANCEL_ONLY:
        raise Reject("MARKET_CLOSED", code=CANCEL_REJECTED)


def new_client_id(pit: Exchange, given: str | None) -> str:
    return given or pit.new_token()
