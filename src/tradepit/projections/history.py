"""Reading history: what SQL holds, merged with the rows that are not there yet.

The tail is taken before SQL is asked. A row leaves the tail only after SQL has it, so nothing
that was acknowledged before the call can be missing; what is in both counts once, the newer one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import msgspec

from tradepit.core.accounts import Account
from tradepit.core.bars import Bar
from tradepit.core.history import Allocated, Amended, FuturesRow, ListRow, MyTrade, Prevented
from tradepit.core.orders import Order
from tradepit.core.symbols import Symbol
from tradepit.core.tape import Agg, Trade
from tradepit.projections.futures import COURSES_OF
from tradepit.projections.kinds import (
    AGGS,
    ALLOCATIONS,
    AMENDMENTS,
    BARS,
    BLOCKS,
    COURSES,
    FUTURES,
    MY_TRADES,
    ORDER_LISTS,
    ORDERS,
    PREVENTED,
    TRADES,
    Kind,
)
from tradepit.projections.projector import Projector
from tradepit.projections.tail import Key, Row

_json = msgspec.json.decode


class Clock(Protocol):
    def now_us(self) -> int: ...


class Pit(Protocol):
    """Whom kept orders belong to and what they were for."""

    @property
    def symbols(self) -> dict[str, Symbol]: ...

    @property
    def accounts(self) -> dict[int, Account]: ...


class Page(NamedTuple):
    """Which rows are asked for; see `core.history` for what the combinations mean."""

    limit: int
    from_id: int | None = None
    start_us: int | None = None
    end_us: int | None = None
    oldest: bool = False  # with nothing given: the oldest, not the newest


class SqlHistory:
    """See `core.history.History`. Any thread may call."""

    def __init__(self, projector: Projector, clock: Clock, pit: Callable[[], Pit]) -> None:
        self._projector = projector
        self._store = projector.store
        self._clock = clock
        self._pit = pit
        self.url = ""  # where the world is served, once it is

    def now_us(self) -> int:
        return self._clock.now_us()

    def address(self) -> str:
        return self.url

    # --- One account ---------------------------------------------------------------------------

    def order(self, owner: int, symbol: str, order_id: int) -> Order | None:
        found = self._equal(ORDERS, (owner, symbol), "order_id", order_id)
        return self._order(found[-1]) if found else None

    def order_by_client_id(self, owner: int, symbol: str, client_id: str) -> Order | None:
        found = self._equal(ORDERS, (owner, symbol), "client_id", client_id)
        return self._order(found[-1]) if found else None

    def orders(
        self, owner: int, symbol: str, *, from_id: int | None = None,
        start_us: int | None = None, end_us: int | None = None, limit: int = 500,
    ) -> list[Order]:  # fmt: skip
        page = Page(limit, from_id, start_us, end_us)
        return [self._order(row) for row in self._page(ORDERS, (owner, symbol), page)]

    def _order(self, row: Row) -> Order:
        pit = self._pit()
        return Order.load(_json(row[5]), pit.symbols, pit.accounts)

    def my_trades(
        self, owner: int, symbol: str, *, order_id: int | None = None,
        from_id: int | None = None, start_us: int | None = None, end_us: int | None = None,
        limit: int = 500,
    ) -> list[MyTrade]:  # fmt: skip
        page = Page(limit, from_id, start_us, end_us, oldest=order_id is not None)
        where = None if order_id is None else ("order_id", order_id)
        return [
            MyTrade._make((*row[1:11], bool(row[11]), bool(row[12])))
            for row in self._page(MY_TRADES, (owner, symbol), page, where)
        ]

    def order_list(
        self, owner: int, *, list_id: int | None = None, client_id: str | None = None
    ) -> ListRow | None:
        if list_id is not None:
            found = self._equal(ORDER_LISTS, (owner,), "list_id", list_id)
        else:
            found = self._equal(ORDER_LISTS, (owner,), "client_id", client_id)
        return _list_row(found[-1]) if found else None

    def order_lists(
        self, owner: int, *, from_id: int | None = None, start_us: int | None = None,
        end_us: int | None = None, limit: int = 500,
    ) -> list[ListRow]:  # fmt: skip
        page = Page(limit, from_id, start_us, end_us)
        return [_list_row(row) for row in self._page(ORDER_LISTS, (owner,), page)]

    def prevented_matches(
        self, owner: int, symbol: str, *, match_id: int | None = None,
        order_id: int | None = None, from_id: int | None = None, limit: int = 500,
    ) -> list[Prevented]:  # fmt: skip
        prefix = (owner, symbol)
        if match_id is not None:
            rows = self._equal(PREVENTED, prefix, "match_id", match_id)
        elif order_id is None:
            rows = self._page(PREVENTED, prefix, Page(limit, from_id, oldest=True))
        else:
            # An order may have been the taker of some and the maker of others.
            page = Page(limit, from_id, oldest=True)
            either = {
                row[2]: row
                for column in ("taker_order_id", "maker_order_id")
                for row in self._page(PREVENTED, prefix, page, (column, order_id))
                if column == "taker_order_id" or row[4] == symbol
            }
            rows = [either[match] for match in sorted(either)][:limit]
        return [Prevented._make(row[1:12]) for row in rows]

    def allocations(
        self, owner: int, symbol: str, *, order_id: int | None = None,
        from_id: int | None = None, start_us: int | None = None, end_us: int | None = None,
        limit: int = 500,
    ) -> list[Allocated]:  # fmt: skip
        page = Page(limit, from_id, start_us, end_us, oldest=True)
        where = None if order_id is None else ("order_id", order_id)
        return [
            Allocated._make((*row[1:11], bool(row[11])))
            for row in self._page(ALLOCATIONS, (owner, symbol), page, where)
        ]

    def amendments(
        self, owner: int, symbol: str, order_id: int, *, from_id: int | None = None,
        limit: int = 500,
    ) -> list[Amended]:  # fmt: skip
        page = Page(limit, from_id, oldest=True)
        rows = self._page(AMENDMENTS, (owner, symbol, order_id), page)
        return [Amended._make(row[1:9]) for row in rows]

    def futures(
        self, owner: int, venue: int, what: str, symbol: str, *, order_id: int | None = None,
        name: str | None = None, from_id: int | None = None, start_us: int | None = None,
        end_us: int | None = None, limit: int = 500,
    ) -> list[FuturesRow]:  # fmt: skip
        page = Page(limit, from_id, start_us, end_us)
        if what in COURSES_OF:
            return [
                FuturesRow(row[3], -1, row[3], "", _json(row[4]))
                for row in self._page(COURSES, (venue, what, symbol), page)
            ]
        where: tuple[str, int | str] | None = None
        if order_id is not None:
            where = ("order_id", order_id)
        elif name is not None:
            where = ("name", name)
        return [
            FuturesRow(row[4], row[5], row[6], row[7], _json(row[8]))
            for row in self._page(FUTURES, (owner, venue, what, symbol), page, where)
        ]

    # --- Everybody -----------------------------------------------------------------------------

    def trades(self, symbol: str, *, from_id: int | None = None, limit: int = 500) -> list[Trade]:
        return [_trade(row) for row in self._page(TRADES, (symbol,), Page(limit, from_id))]

    def trades_between(self, symbol: str, start_us: int, end_us: int) -> list[Trade]:
        return [_trade(row) for row in self._span(TRADES, (symbol,), start_us, end_us - 1)]

    def blocks(self, symbol: str, *, from_id: int, limit: int = 500) -> list[Trade]:
        return [_trade(row) for row in self._page(BLOCKS, (symbol,), Page(limit, from_id))]

    def aggs(
        self, symbol: str, *, from_id: int | None = None, start_us: int | None = None,
        end_us: int | None = None, limit: int = 500,
    ) -> list[Agg]:  # fmt: skip
        page = Page(limit, from_id, start_us, end_us)
        return [
            (row[1], row[2], row[3], row[4], row[5], row[6], bool(row[7]))
            for row in self._page(AGGS, (symbol,), page)
        ]

    def bars(self, symbol: str, width_us: int, start_us: int, end_us: int) -> list[Bar]:
        return [
            Bar(*row[2:14]) for row in self._span(BARS, (symbol, width_us), start_us, end_us - 1)
        ]

    def bars_before(self, symbol: str, width_us: int, end_us: int, limit: int) -> list[Bar]:
        page = Page(limit, end_us=end_us - 1)
        return [Bar(*row[2:14]) for row in self._page(BARS, (symbol, width_us), page)]

    # --- Tail and SQL as one -------------------------------------------------------------------

    def _equal(self, kind: Kind, prefix: Key, column: str, value: Any) -> list[Row]:
        """All rows with that value, by id."""
        index = kind.at[column]
        tail = self._projector.tail.rows(kind, prefix)
        rows = self._store.page(kind, prefix, where=[(column, "=", value)])
        merged = _merge(kind, rows, tail)
        return [merged[ids] for ids in sorted(merged) if merged[ids][index] == value]

    def _span(self, kind: Kind, prefix: Key, start_us: int, end_us: int) -> list[Row]:
        """All rows whose time is in start_us..end_us, by id."""
        return self._page(kind, prefix, Page(_ALL, None, start_us, end_us))

    def _page(
        self, kind: Kind, prefix: Key, page: Page, where: tuple[str, int | str] | None = None
    ) -> list[Row]:
        """One page, by id, oldest first."""
        tail = self._projector.tail.rows(kind, prefix)
        newest = page.from_id is None and page.start_us is None
        newest = newest and not (page.oldest and page.end_us is None)
        asked = self._asked(kind, prefix, page)
        if where is not None:
            asked.append((where[0], "=", where[1]))
        rows = self._store.page(kind, prefix, where=asked, limit=page.limit, newest=newest)
        wanted = _Wanted(kind, page, where)
        merged = _merge(kind, rows, {ids: row for ids, row in tail.items() if wanted(row)})
        order = sorted(merged)
        chosen = order[-page.limit :] if newest else order[: page.limit]
        return [merged[ids] for ids in chosen]

    def _asked(self, kind: Kind, prefix: Key, page: Page) -> list[tuple[str, str, int | str]]:
        """The page as conditions on ids, which have an index."""
        key = kind.ids[0]
        asked: list[tuple[str, str, int | str]] = []
        if page.from_id is not None:
            asked.append((key, ">=", page.from_id))
        timed_by_id = kind.time == key
        if page.start_us is not None:
            first = page.start_us if timed_by_id else self._first(kind, prefix, page.start_us)
            asked.append((key, ">=", first))
        if page.end_us is not None:
            end = page.end_us if timed_by_id else self._first(kind, prefix, page.end_us + 1) - 1
            asked.append((key, "<=", end))
        return asked

    def _first(self, kind: Kind, prefix: Key, at_us: int) -> int:
        return self._store.first_id(kind, prefix, at_us)


_ALL = 1 << 31
_SEQ = -2  # where every row has the command that wrote it


class _Wanted:
    """Whether a row of the tail is on the page that SQL was asked for."""

    def __init__(self, kind: Kind, page: Page, where: tuple[str, int | str] | None) -> None:
        self._id = kind.at[kind.ids[0]]
        self._time = kind.at[kind.time]
        self._page = page
        self._where = None if where is None else (kind.at[where[0]], where[1])

    def __call__(self, row: Row) -> bool:
        page = self._page
        if page.from_id is not None and row[self._id] < page.from_id:
            return False
        if page.start_us is not None and row[self._time] < page.start_us:
            return False
        if page.end_us is not None and row[self._time] > page.end_us:
            return False
        return self._where is None or row[self._where[0]] == self._where[1]


def _merge(kind: Kind, rows: list[Row], tail: dict[Key, Row]) -> dict[Key, Row]:
    merged = {kind.ids_of(row): row for row in rows}
    for ids, row in tail.items():
        known = merged.get(ids)
        if known is None or known[_SEQ] <= row[_SEQ]:
            merged[ids] = row
    return merged


def _trade(row: Row) -> Trade:
    return row[1], row[2], row[3], row[4], row[5], bool(row[6])


def _list_row(row: Row) -> ListRow:
    symbol, contingency, status_type, order_status, updated_us, orders = _json(row[4])
    return ListRow(
        symbol, row[1], row[2], contingency, status_type, order_status, row[3], updated_us,
        [(order_id, client_id) for order_id, client_id in orders],
    )  # fmt: skip
