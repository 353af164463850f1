"""An order: what was asked, what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tradepit.core.terms import (
    BUY,
    FLOOR_EXCHANGE,
    LIMIT,
    LIMIT_MAKER,
    MARKET,
    NEW,
    STOP_LOSS,
    STOP_LOSS_LIMIT,
    TAKE_PROFIT,
    TAKE_PROFIT_LIMIT,
)  # fmt: skip

if TYPE_CHECKING:
    from tradepit.core.accounts import Account, OpenOrders
    from tradepit.core.book import Level
    from tradepit.core.lists import OrderList
    from tradepit.core.symbols import Symbol


class Extra:
    """What few orders have: strategy labels, trailing, pegs, routing, prevention, amendments."""

    __slots__ = (
        "amends", "extreme", "floor", "hold_price", "last_prevented_id", "opo", "peg_offset",
        "peg_offset_type", "peg_type", "pegged_price", "short", "strategy_id", "strategy_type",
        "trailing_delta", "trailing_us", "used_sor",
    )  # fmt: skip

    def __init__(self) -> None:
        self.strategy_id = -1
        self.strategy_type = -1
        self.trailing_delta = 0  # basis points
        self.trailing_us = -1  # since when it tracks the price
        self.extreme = 0  # best price seen since then
        self.peg_type = 0
        self.peg_offset_type = 0
        self.peg_offset = 0
        self.pegged_price = 0
        self.used_sor = False
        self.floor = FLOOR_EXCHANGE
        self.last_prevented_id = -1
        self.amends = 0
        self.short = False  # a reverse MARKET order that the whole book could not fill
        self.opo = False  # a pending order whose quantity comes from its working order
        self.hold_price = 0  # what a waiting order holds by, where it names no price of its own

    def dump(self) -> list[object]:
        return [
            self.strategy_id, self.strategy_type, self.trailing_delta, self.trailing_us,
            self.extreme, self.peg_type, self.peg_offset_type, self.peg_offset, self.pegged_price,
            self.used_sor, self.floor, self.last_prevented_id, self.amends, self.short, self.opo,
            self.hold_price,
        ]  # fmt: skip


PLAIN: Final = Extra()  # shared by all orders that need none; never written to
CELLS: Final = 7  # of an order that has just come and rests, see `Order.put`


class Order:
    """One order. Prices and quantities in units; times in µs, -1 when not yet.

    leaves = qty - executed - prevented. `held` is what it locks now: quote units when it buys,
    base units when it sells.
    """

    __slots__ = (
        "account", "client_id", "contingent", "created_us", "executed", "executed_quote", "extra",
        "held", "iceberg_qty", "is_market", "leaves", "level", "limit_price", "list", "list_id",
        "next", "open", "opened", "order_id", "prev", "prevented", "price", "qty", "quote_qty",
        "reason", "side", "status", "stop_price", "stp", "symbol", "tif", "type", "updated_us",
        "visible", "working_us",
    )  # fmt: skip

    def __init__(
        self, symbol: Symbol, account: Account, side: int, kind: int, tif: int, qty: int, price: int
    ) -> None:
        # Compiled, attributes lie in memory in this order: what is read together is together, and
        # what a snapshot asks of an order that just rests, or a fill, is in the first lines of it.
        self.order_id = -1
        self.next: Order | None = None
        self.prev: Order | None = None
        self.level: Level | None = None
        self.account = account
        self.side = side
        self.type = kind
        self.tif = tif
        self.stp = symbol.default_stp
        self.status = NEW
        self.qty = qty
        self.leaves = qty
        self.visible = 0
        self.price = price
        self.limit_price = price  # the pegged price where pegged; 0: any price
        self.held = 0
        self.client_id = ""
        self.created_us = 0
        self.updated_us = 0
        self.working_us = -1
        self.iceberg_qty = 0
        self.quote_qty = 0
        self.reason = 0
        self.list_id = -1
        self.extra = PLAIN
        # Takes at any price once it works.
        self.is_market = kind in (MARKET, STOP_LOSS, TAKE_PROFIT)
        # Waits, or waited, for a trigger.
        self.contingent = kind in (STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT)
        self.open = False
        self.executed = 0
        self.executed_quote = 0
        self.prevented = 0
        self.stop_price = 0
        self.symbol = symbol
        self.opened: OpenOrders | None = None
        self.list: OrderList | None = None

    def own_extra(self) -> Extra:
        """The order's own Extra, made when first written to."""
        if self.extra is PLAIN:
            self.extra = Extra()
        return self.extra

    @property
    def triggers_above(self) -> bool:
        """True when the stop condition is: last price >= stop price."""
        loss = self.type == STOP_LOSS or self.type == STOP_LOSS_LIMIT
        return loss == (self.side == BUY)

    def dump(self) -> list[object]:
        """Plain values, in a fixed order: for snapshots, hashes and history rows.

        An order of which there is no more to say than of most has a short row.
        """
        row: list[object] = [
            self.symbol.name, self.account.id, self.order_id, self.client_id, self.side, self.type,
            self.tif, self.qty, self.price, self.stp, self.held, self.visible, self.status,
            self.open, self.created_us, self.updated_us, self.working_us,
        ]  # fmt: skip
        if (
            self.executed or self.prevented or self.reason or self.contingent or self.iceberg_qty
            or self.quote_qty or self.list_id >= 0 or self.extra is not PLAIN
        ):  # fmt: skip
            row += [
                self.limit_price, self.stop_price, self.iceberg_qty, self.quote_qty, self.executed,
                self.executed_quote, self.prevented, self.reason, self.list_id,
                None if self.extra is PLAIN else self.extra.dump(),
            ]  # fmt: skip
        return row

    def put(self, cells: list[object]) -> None:
        """Add an open order to those of its account and symbol, which are known: as CELLS cells if
        it is as it came, which most are, else as the one cell of its row.

        Cells have no list of their own: making and reading as many lists as there are orders would
        be a third of a snapshot's time.
        """
        created_us, qty, kind = self.created_us, self.qty, self.type
        if (
            self.level is None or self.status != NEW or self.leaves != qty or self.visible != qty
            or self.updated_us != created_us or self.working_us != created_us
            or self.iceberg_qty or self.quote_qty or self.reason or self.list_id >= 0
            or self.extra is not PLAIN or (kind != LIMIT and kind != LIMIT_MAKER)
        ):  # fmt: skip
            cells.append(self.dump())
            return
        cells.append(self.order_id)
        cells.append(self.client_id)
        # A number below 256 needs no memory, and that of the most common orders is.
        cells.append((self.stp * 4 + self.tif) * 16 + kind * 2 + self.side - BUY)
        cells.append(qty)
        cells.append(self.price)
        cells.append(self.held)
        cells.append(created_us)

    @staticmethod
    def take(cells: list, at: int, symbol: Symbol, account: Account) -> Order:  # type: ignore[type-arg]
        """The order whose CELLS cells, of `put`, begin at a place."""
        words: int = cells[at + 2]
        qty: int = cells[at + 3]
        order = Order(
            symbol, account, words % 2 + BUY, words // 2 % 8, words // 16 % 4, qty, cells[at + 4]
        )
        order.order_id = cells[at]
        order.client_id = cells[at + 1]
        order.stp = words // 64
        order.visible = qty
        order.held = cells[at + 5]
        order.open = True
        order.created_us = order.updated_us = order.working_us = cells[at + 6]
        return order

    @staticmethod
    def load(row: list, symbols: dict[str, Symbol], accounts: dict[int, Account]) -> Order:  # type: ignore[type-arg]
        """An order from `dump()`. It knows its list's id; the list itself is linked elsewhere."""
        order = Order(symbols[row[0]], accounts[row[1]], row[4], row[5], row[6], row[7], row[8])
        order.load_common(row)
        return order

    def load_common(self, row: list) -> None:  # type: ignore[type-arg]
        """What `dump()` told of any order, but what it was made with."""
        self.order_id = row[2]
        self.client_id = row[3]
        self.stp = row[9]
        self.held = row[10]
        self.visible = row[11]
        self.status = row[12]
        self.open = row[13]
        self.created_us = row[14]
        self.updated_us = row[15]
        self.working_us = row[16]
        if len(row) > 17:
            self._load_rest(row)

    def _load_rest(self, row: list) -> None:  # type: ignore[type-arg]
        self.limit_price = row[17]
        self.stop_price = row[18]
        self.iceberg_qty = row[19]
        self.quote_qty = row[20]
        self.executed = row[21]
        self.executed_quote = int(row[22])
        self.prevented = row[23]
        self.reason = row[24]
        self.list_id = row[25]
        if row[26] is not None:
            self.extra = load_extra(row[26])
        self.leaves = self.qty - self.executed - self.prevented


def load_extra(row: list) -> Extra:  # type: ignore[type-arg]
    extra = Extra()
    extra.strategy_id = row[0]
    extra.strategy_type = row[1]
    extra.trailing_delta = row[2]
    extra.trailing_us = row[3]
    extra.extreme = row[4]
    extra.peg_type = row[5]
    extra.peg_offset_type = row[6]
    extra.peg_offset = row[7]
    extra.pegged_price = row[8]
    extra.used_sor = row[9]
    extra.floor = row[10]
    extra.last_prevented_id = row[11]
    extra.amends = row[12]
    extra.short = row[13]
    extra.opo = row[14]
    extra.hold_price = row[15]
    return extra
