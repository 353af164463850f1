"""What queries read of the past: a port, defined here so that products may name it.

Whoever runs the world supplies it. All methods but `now_us` and `address` may take a while: a
query handler calls them inside the function that it returns, which runs in a thread of its own:

    def all_orders(pit, history, who, ask):
        owner, symbol = who.owner, ask.symbol          # what depends on the pit, at once
        return lambda: [row(o) for o in history.orders(owner, symbol, limit=ask.limit)]

An answer contains everything that was acknowledged before the call. Rows come in the order of their
ids, oldest first, at most `limit` of them. Which ones:

    from_id             that id and the ids after it
    start_us (, end_us) the oldest since start_us (until end_us)
    end_us              the newest until end_us
    nothing             the newest

Times are integer microseconds, `start_us` and `end_us` both inclusive (an end given in whole
milliseconds is its last microsecond). Amounts and prices are units of 1e-8. A method never changes
anything; orders that it returns are copies made of what was kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from tradepit.core.bars import Bar
    from tradepit.core.orders import Order
    from tradepit.core.tape import Agg, Trade


class MyTrade(NamedTuple):
    """One side of a trade, as its account sees it."""

    symbol: str
    trade_id: int
    order_id: int
    list_id: int
    price: int
    qty: int
    quote: int
    commission: int
    commission_asset: str
    at_us: int
    is_buyer: bool
    is_maker: bool


class Prevented(NamedTuple):
    """A match that self-trade prevention kept apart; a prevented quantity of 0 was none."""

    symbol: str
    match_id: int
    taker_order_id: int
    maker_symbol: str
    maker_order_id: int
    trade_group: int
    mode: int  # terms.STP_MODES
    price: int
    taker_prevented: int
    maker_prevented: int
    at_us: int


class Allocated(NamedTuple):
    """A fill that smart order routing gave to an order."""

    symbol: str
    allocation_id: int
    order_id: int
    list_id: int
    price: int
    qty: int
    quote: int
    commission: int
    commission_asset: str
    at_us: int
    is_buyer: bool


class Amended(NamedTuple):
    """A quantity made smaller while the order kept its place."""

    symbol: str
    order_id: int
    exec_id: int
    orig_client_id: str
    new_client_id: str
    orig_qty: int
    new_qty: int
    at_us: int


class ListRow(NamedTuple):
    """An order list as it was last told of. `orders`: (order id, client id) in list order."""

    symbol: str
    list_id: int
    client_id: str
    contingency: int  # terms.CONTINGENCY_TYPES
    status_type: int  # terms.LIST_STATUS_TYPES
    order_status: int  # terms.LIST_ORDER_STATUSES
    created_us: int
    updated_us: int
    orders: list[tuple[int, str]]


class FuturesRow(NamedTuple):
    """Something that happened to an account on a futures venue; `body`: plain values."""

    row_id: int
    order_id: int
    at_us: int
    name: str
    body: list[Any]


class History(Protocol):
    """See the module's text for paging. `owner` is `Who.owner`."""

    def now_us(self) -> int:
        """The world's time. Never waits."""

    def address(self) -> str:
        """Where the world is served, without a slash at the end. Never waits."""

    # Of one account.

    def order(self, owner: int, symbol: str, order_id: int) -> Order | None:
        """One order that is over; open ones are in the state."""

    def order_by_client_id(self, owner: int, symbol: str, client_id: str) -> Order | None:
        """The newest order over that carries this client id."""

    def orders(
        self, owner: int, symbol: str, *, from_id: int | None = None,
        start_us: int | None = None, end_us: int | None = None, limit: int = 500,
    ) -> list[Order]:  # fmt: skip
        """Orders that are over; times are those of their creation."""

    def my_trades(
        self, owner: int, symbol: str, *, order_id: int | None = None,
        from_id: int | None = None, start_us: int | None = None, end_us: int | None = None,
        limit: int = 500,
    ) -> list[MyTrade]:  # fmt: skip
        """The account's trades; of a trade with itself both sides."""

    def order_list(
        self, owner: int, *, list_id: int | None = None, client_id: str | None = None
    ) -> ListRow | None:
        """One order list by its id, or the newest by its client id."""

    def order_lists(
        self, owner: int, *, from_id: int | None = None, start_us: int | None = None,
        end_us: int | None = None, limit: int = 500,
    ) -> list[ListRow]:  # fmt: skip
        """Order lists of all symbols; times are those of their creation."""

    def prevented_matches(
        self, owner: int, symbol: str, *, match_id: int | None = None,
        order_id: int | None = None, from_id: int | None = None, limit: int = 500,
    ) -> list[Prevented]:  # fmt: skip
        """Prevented matches that the account took part in, oldest first."""

    def allocations(
        self, owner: int, symbol: str, *, order_id: int | None = None,
        from_id: int | None = None, start_us: int | None = None, end_us: int | None = None,
        limit: int = 500,
    ) -> list[Allocated]:  # fmt: skip
        """Allocations; with nothing given the oldest, as documented."""

    def amendments(
        self, owner: int, symbol: str, order_id: int, *, from_id: int | None = None,
        limit: int = 500,
    ) -> list[Amended]:  # fmt: skip
        """Amendments of one order, oldest first; ids are execution ids."""

    def futures(
        self, owner: int, venue: int, what: str, symbol: str, *, order_id: int | None = None,
        name: str | None = None, from_id: int | None = None, start_us: int | None = None,
        end_us: int | None = None, limit: int = 500,
    ) -> list[FuturesRow]:  # fmt: skip
        """Rows of a futures account by what they tell, see `projections.futures`."""

    # Of everybody.

    def trades(self, symbol: str, *, from_id: int | None = None, limit: int = 500) -> list[Trade]:
        """Trades by id."""

    def trades_between(self, symbol: str, start_us: int, end_us: int) -> list[Trade]:
        """All trades at start_us..end_us-1: for spans of seconds, not of days."""

    def blocks(self, symbol: str, *, from_id: int, limit: int = 500) -> list[Trade]:
        """Block trades by their own ids; the same fields as a trade's."""

    def aggs(
        self, symbol: str, *, from_id: int | None = None, start_us: int | None = None,
        end_us: int | None = None, limit: int = 500,
    ) -> list[Agg]:  # fmt: skip
        """Finished aggregate trades (the running one is the tape's)."""

    def bars(self, symbol: str, width_us: int, start_us: int, end_us: int) -> list[Bar]:
        """The closed bars with trades that open in start_us..end_us-1; width one second or
        one minute (the running ones are the tape's)."""

    def bars_before(self, symbol: str, width_us: int, end_us: int, limit: int) -> list[Bar]:
        """The newest `limit` closed bars with trades that open before `end_us`."""
