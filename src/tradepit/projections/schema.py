"""The tables of history: one schema for SQLite and PostgreSQL. What is in them: see `kinds`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from tradepit.projections.kinds import FUTURES, KINDS, MY_TRADES, ORDER_LISTS, ORDERS, Kind

METADATA: Final = MetaData()
_TYPES: Final = {"text": Text, "int": BigInteger, "bool": Boolean}

for _kind in KINDS:
    _kind.table = Table(
        _kind.name, METADATA,
        *(Column(column, _TYPES[word], nullable=False) for column, word in _kind.types.items()),
        PrimaryKeyConstraint("world", *_kind.prefix, *_kind.ids),
        sqlite_with_rowid=False,
    )  # fmt: skip

CURSOR: Final = Table(
    "cursor", METADATA,
    Column("world", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
)  # fmt: skip


def _index(name: str, kind: Kind, *columns: str) -> None:
    Index(name, *(kind.table.c[column] for column in ("world", *columns)))


_index("orders_by_client", ORDERS, "owner", "symbol", "client_id")
_index("lists_by_client", ORDER_LISTS, "owner", "client_id")
_index("futures_by_order", FUTURES, "owner", "venue", "what", "symbol", "order_id")
_index("futures_by_name", FUTURES, "owner", "venue", "what", "symbol", "name")
_index("my_trades_by_order", MY_TRADES, "owner", "symbol", "order_id")
