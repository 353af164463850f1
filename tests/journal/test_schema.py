"""One schema for both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from tradepit.projections.kinds import KINDS, PERSONAL
from tradepit.projections.schema import METADATA
from tradepit.projections.store import Store, sqlite_url
from tradepit.projections.tail import Chunk


def test_every_table_exists_on_postgresql_too() -> None:
    for table in METADATA.sorted_tables:
        text = str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
        assert "PRIMARY KEY (world" in text and "ROWID" not in text
        for index in table.indexes:
            assert "world" in str(CreateIndex(index).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]


def test_rows_of_accounts_come_first() -> None:
    assert [kind.columns[0] == "owner" for kind in KINDS] == [
        kind.index < PERSONAL for kind in KINDS
    ]


@pytest.mark.parametrize("count", [1, 7, 8, 63, 64, 65, 200])
def test_any_number_of_rows_goes_in_and_again(tmp_path: Path, count: int) -> None:
    store = Store(sqlite_url(tmp_path / "history.sqlite3"))
    for seq in (1, 2):  # the second time the same rows are written over
        chunk = Chunk()
        for kind in KINDS:
            for n in range(count):
                row = tuple(
                    store.world if column == "world" else seq if column == "seq" else n
                    for column in kind.columns
                )
                chunk.put(kind, row)
        chunk.seq = seq
        store.write(chunk)
        assert store.cursor() == seq
    for kind in KINDS:
        prefix = tuple(str(7 % count) if "symbol" in c else 7 % count for c in kind.prefix)
        rows = store.page(kind, prefix)
        assert [row[-2:] for row in rows] == [(2, store.world)]
    store.close()


def test_worlds_in_one_database_do_not_see_each_other(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "history.sqlite3")
    one, two = Store(url, 1), Store(url, 2)
    for store in (one, two):
        chunk = Chunk()
        for kind in KINDS:
            row = tuple(
                store.world if c == "world" else f"{store.world}" if "symbol" in c else 1
                for c in kind.columns
            )
            chunk.put(kind, row)
        chunk.seq = store.world * 10
        store.write(chunk)
    assert (one.cursor(), two.cursor()) == (10, 20)
    trades = KINDS[PERSONAL]
    assert len(one.page(trades, ("1",))) == 1 and one.page(trades, ("2",)) == []
    two.rewind(0)
    assert (one.cursor(), two.cursor()) == (10, 0)
    assert two.page(trades, ("2",)) == [] and len(one.page(trades, ("1",))) == 1
    one.close()
    two.close()
