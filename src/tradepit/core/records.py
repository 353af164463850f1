"""What goes into the pit and what comes out of it: commands, outcomes, events.

Events are told in the order in which things happened. An event keeps references to living objects
for what never changes (symbol, sides, ids) and copies of what does (status, quantities): listeners
may encode it later, but before the next command is applied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tradepit.core.accounts import Account
    from tradepit.core.lists import OrderList
    from tradepit.core.orders import Order
    from tradepit.core.symbols import Symbol

TRADE: Final = 1
REPORT: Final = 2
LIST_STATUS: Final = 3
POSITION: Final = 4
BALANCE_UPDATE: Final = 5
ALLOCATION: Final = 6
PREVENTED_MATCH: Final = 7
AMENDMENT: Final = 8
SYMBOL_STATUS: Final = 9
LISTEN_KEY_GONE: Final = 10
BLOCK_TRADE: Final = 11
EXTERNAL_LOCK: Final = 12


class Who:
    """Who asks: the owner a key acts for, resolved once at the door. Owner 0 is the house."""

    __slots__ = ("key", "may", "owner")

    def __init__(self, owner: int, key: str = "", may: int = 0) -> None:
        self.owner = owner
        self.key = key  # API key text, empty for the house and its agents
        self.may = may  # bits of terms.MAY_*


class Command:
    """One entry of the log. `ask` is the typed request of operation `op`."""

    __slots__ = ("ask", "at_us", "n", "op", "origin", "seq", "who")

    def __init__(
        self, seq: int, at_us: int, who: Who, op: str, ask: object, origin: int = 0, n: int = 0
    ) -> None:
        self.seq = seq
        self.at_us = at_us
        self.who = who
        self.op = op
        self.ask = ask
        self.origin = origin
        self.n = n


class Event:
    __slots__ = ("kind",)

    kind: int


class Outcome:
    """What a command came to: its reply (a `Reject` when it was refused) and its events."""

    __slots__ = ("at_us", "events", "reply", "seq")

    def __init__(self, seq: int, at_us: int, reply: object, events: list[Event]) -> None:
        self.seq = seq
        self.at_us = at_us
        self.reply = reply
        self.events = events


class Fill(Event):
    """A trade of two orders. Commissions are in units of their own asset."""

    __slots__ = (
        "agg_id", "at_us", "buyer_is_maker", "last_id", "maker", "maker_commission",
        "maker_commission_asset", "price", "qty", "quote", "symbol", "taker", "taker_commission",
        "taker_commission_asset", "trade_id",
    )  # fmt: skip

    def __init__(
        self, symbol: Symbol, trade_id: int, price: int, qty: int, quote: int, at_us: int,
        maker: Order, taker: Order | None, buyer_is_maker: bool,
    ) -> None:  # fmt: skip
        self.kind = TRADE
        self.symbol = symbol
        self.trade_id = trade_id
        self.last_id = trade_id  # a print of a replayed tape may stand for many trades
        self.agg_id = -1  # the aggregate trade it is part of
        self.price = price
        self.qty = qty
        self.quote = quote
        self.at_us = at_us
        self.maker = maker
        self.taker = taker  # None: the exchange itself took (smart order routing)
        self.buyer_is_maker = buyer_is_maker
        self.maker_commission = 0
        self.maker_commission_asset = ""
        self.taker_commission = 0
        self.taker_commission_asset = ""


class Report(Event):
    """One execution report of one order; `order` is alive, the rest is frozen."""

    __slots__ = (
        "at_us", "client_id", "commission", "commission_asset", "exec_id", "exec_type", "executed",
        "executed_quote", "last_prevented", "last_price", "last_qty", "last_quote", "maker",
        "order", "orig_client_id", "prevented", "prevented_match_id", "prevented_price", "qty",
        "reason", "reject", "status", "trade_id", "allocation_id", "counter", "working",
    )  # fmt: skip

    def __init__(self, order: Order, exec_type: int, exec_id: int, at_us: int) -> None:
        self.kind = REPORT
        self.order = order
        self.exec_type = exec_type
        self.exec_id = exec_id
        self.at_us = at_us
        self.status = order.status
        self.qty = order.qty
        self.client_id = order.client_id
        self.orig_client_id = ""
        self.executed = order.executed
        self.executed_quote = order.executed_quote
        self.prevented = order.prevented
        # On the book, or (when it is told of as new) about to work.
        self.working = order.leaves > 0 and (
            order.level is not None or (exec_type == 1 and order.working_us >= 0)
        )
        self.reason = order.reason
        self.reject = "NONE"  # why an order that was never taken in was refused
        self.last_qty = 0
        self.last_price = 0
        self.last_quote = 0
        self.commission = 0
        self.commission_asset = ""
        self.trade_id = -1
        self.allocation_id = -1
        self.maker = False
        self.last_prevented = 0
        self.prevented_match_id = -1
        self.prevented_price = 0
        self.counter: Order | None = None  # the other order of a prevented match


class ListStatus(Event):
    __slots__ = ("at_us", "order_list", "order_status", "status_type")

    def __init__(self, order_list: OrderList, status_type: int, order_status: int, at_us: int):
        self.kind = LIST_STATUS
        self.order_list = order_list
        self.status_type = status_type
        self.order_status = order_status
        self.at_us = at_us


class Position(Event):
    """The balances of one account that a command touched, as they are after it.

    rows: (asset, free, locked), in the order in which they were first touched.
    """

    __slots__ = ("account", "at_us", "rows")

    def __init__(self, account: Account, at_us: int, rows: list[tuple[str, int, int]]) -> None:
        self.kind = POSITION
        self.account = account
        self.at_us = at_us
        self.rows = rows


class BalanceUpdate(Event):
    """A deposit, withdrawal or transfer: one asset of one account by `delta` units."""

    __slots__ = ("account", "asset", "at_us", "delta")

    def __init__(self, account: Account, asset: str, delta: int, at_us: int) -> None:
        self.kind = BALANCE_UPDATE
        self.account = account
        self.asset = asset
        self.delta = delta
        self.at_us = at_us


class Allocation(Event):
    """A fill that smart order routing gave to an order."""

    __slots__ = (
        "allocation_id", "at_us", "commission", "commission_asset", "order", "price", "qty",
        "quote", "symbol",
    )  # fmt: skip

    def __init__(
        self, symbol: Symbol, allocation_id: int, order: Order, price: int, qty: int, quote: int,
        at_us: int,
    ) -> None:  # fmt: skip
        self.kind = ALLOCATION
        self.symbol = symbol
        self.allocation_id = allocation_id
        self.order = order
        self.price = price
        self.qty = qty
        self.quote = quote
        self.at_us = at_us
        self.commission = 0
        self.commission_asset = ""


class PreventedMatch(Event):
    """Two orders that self-trade prevention kept apart. A prevented quantity of 0 was none."""

    __slots__ = (
        "at_us", "maker", "maker_prevented", "maker_symbol", "match_id", "mode", "price", "symbol",
        "taker", "taker_prevented", "trade_group",
    )  # fmt: skip

    def __init__(
        self, symbol: Symbol, match_id: int, taker: Order, maker: Order, price: int, mode: int,
        trade_group: int, at_us: int,
    ) -> None:  # fmt: skip
        self.kind = PREVENTED_MATCH
        self.symbol = symbol
        self.match_id = match_id
        self.taker = taker
        self.maker = maker
        self.maker_symbol = maker.symbol
        self.price = price
        self.mode = mode
        self.trade_group = trade_group
        self.at_us = at_us
        self.taker_prevented = 0
        self.maker_prevented = 0


class Amendment(Event):
    __slots__ = (
        "at_us", "exec_id", "new_client_id", "new_qty", "order", "orig_client_id", "orig_qty",
    )  # fmt: skip

    def __init__(
        self, order: Order, exec_id: int, orig_client_id: str, orig_qty: int, at_us: int
    ) -> None:
        self.kind = AMENDMENT
        self.order = order
        self.exec_id = exec_id
        self.orig_client_id = orig_client_id
        self.new_client_id = order.client_id
        self.orig_qty = orig_qty
        self.new_qty = order.qty
        self.at_us = at_us


class StatusChange(Event):
    """A symbol's trading status changed."""

    __slots__ = ("at_us", "status", "symbol")

    def __init__(self, symbol: Symbol, status: int, at_us: int) -> None:
        self.kind = SYMBOL_STATUS
        self.symbol = symbol
        self.status = status
        self.at_us = at_us


class ListenKeyGone(Event):
    """A listen key expired, or was closed by its owner."""

    __slots__ = ("at_us", "expired", "key", "owner")

    def __init__(self, key: str, owner: int, expired: bool, at_us: int) -> None:
        self.kind = LISTEN_KEY_GONE
        self.key = key
        self.owner = owner
        self.expired = expired
        self.at_us = at_us


class BlockTrade(Event):
    """A trade that two accounts agreed on outside the book."""

    __slots__ = (
        "at_us", "block_id", "buyer_is_maker", "buyer_paid", "price", "qty", "quote",
        "seller_paid", "symbol",
    )  # fmt: skip

    def __init__(
        self, symbol: Symbol, block_id: int, price: int, qty: int, quote: int, at_us: int,
        buyer_is_maker: bool,
    ) -> None:  # fmt: skip
        self.kind = BLOCK_TRADE
        self.symbol = symbol
        self.buyer_paid = (0, "")  # the commission: units, asset
        self.seller_paid = (0, "")
        self.block_id = block_id
        self.price = price
        self.qty = qty
        self.quote = quote
        self.at_us = at_us
        self.buyer_is_maker = buyer_is_maker


class ExternalLock(Event):
    """Something outside the spot wallet locked (delta > 0) or unlocked a part of a balance."""

    __slots__ = ("account", "asset", "at_us", "delta")

    def __init__(self, account: Account, asset: str, delta: int, at_us: int) -> None:
        self.kind = EXTERNAL_LOCK
        self.account = account
        self.asset = asset
        self.delta = delta
        self.at_us = at_us
