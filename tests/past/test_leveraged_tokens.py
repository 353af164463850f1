"""Klines of leveraged tokens: before the birth, and as marks move."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from tests.futures_data.ask import DAY, World
from tests.past.test_contract_data import Asked

from tradepit.core.rejects import Reject

LVT = "GET /fapi/v1/lvtKlines"
MARKS = "GET /fapi/v1/markPriceKlines"
DAY_MS = DAY // 1000


@pytest.fixture(scope="module")
def asked() -> Asked:
    return Asked()


def test_rows_are_those_of_the_page(asked: Asked) -> None:
    rows = asked(LVT, symbol="BTCUP", interval="1h", limit=30)
    assert len(rows) == 30
    for row in rows:
        assert [type(field) for field in row] == [int, *[str] * 5, int, str, int, *[str] * 3]
        assert row[6] - row[0] == 3_599_999
        low, high = Decimal(row[3]), Decimal(row[2])
        assert 0 < low <= min(Decimal(row[1]), Decimal(row[4]))
        assert high >= max(Decimal(row[1]), Decimal(row[4]))
        assert Decimal("1.25") < Decimal(row[5]) < 4
    assert len(asked(LVT, symbol="BTCUP", interval="1m")) == 500
    assert len(asked(LVT, symbol="BTCUP", interval="1m", limit=2000)) == 1000


@pytest.mark.parametrize(("token", "times"), [("ETHUP", 3), ("ETHDOWN", -3)])
def test_a_day_moves_by_so_many_times_the_mark(asked: Asked, token: str, times: int) -> None:
    days = asked(LVT, symbol=token, interval="1d")
    marks = asked(MARKS, symbol="ETHUSDT", interval="1d", limit=len(days) + 1)
    assert days[0][1] == "10.00000000" and len(days) in (365, 366)
    by_time = {row[0]: row for row in marks}
    for last, day in pairwise(days):
        move = Decimal(by_time[day[0]][4]) / Decimal(by_time[last[0]][4]) - 1
        wanted = Decimal(last[4]) * (1 + times * move)
        assert abs(Decimal(day[4]) - wanted) <= Decimal("0.00000002")
        held = abs(times * (1 + move) / (1 + times * move))
        assert abs(Decimal(day[5]) - held) < Decimal("0.00001")


@pytest.mark.parametrize("token", ["BTCUP", "BTCDOWN"])
def test_finer_klines_fold_to_coarser_ones(asked: Asked, token: str) -> None:
    end = asked.pit.born_us // 1000 // DAY_MS * DAY_MS - 1
    page = {"symbol": token, "endTime": end}
    days = {row[0]: row for row in asked(LVT, interval="1d", limit=40, **page)}
    for interval, times in (("1h", 24), ("15m", 96)):
        fine = asked(LVT, interval=interval, limit=2 * times, **page)
        assert len(fine) == 2 * times
        for start in (0, times):
            check_fold(fine[start : start + times], days[fine[start][0]])
    for week in asked(LVT, interval="1w", limit=3, **page):
        inside = [row for at, row in days.items() if week[0] <= at <= week[6]]
        check_fold(inside, week)


def check_fold(fine: list[list[Any]], coarse: list[Any]) -> None:
    assert coarse[1] == fine[0][1] and coarse[4:6] == fine[-1][4:6]
    assert Decimal(coarse[2]) == max(Decimal(row[2]) for row in fine)
    assert Decimal(coarse[3]) == min(Decimal(row[3]) for row in fine)
    assert coarse[0] == fine[0][0]


def test_pages_meet(asked: Asked) -> None:
    whole = asked(LVT, symbol="BTCUP", interval="1d", limit=1000)
    half = whole[len(whole) // 2][0]
    first = asked(LVT, symbol="BTCUP", interval="1d", endTime=half - 1)
    second = asked(LVT, symbol="BTCUP", interval="1d", startTime=half)
    assert first + second == whole


@pytest.mark.parametrize("symbol", ["BTCUSDT", "NOSUCHUP", "UP", "1000PEPEUP"])
def test_what_is_no_token_is_no_symbol(asked: Asked, symbol: str) -> None:
    with pytest.raises(Reject) as no:
        asked(LVT, symbol=symbol, interval="1h")
    assert no.value.code == -1121


def test_marks_of_now_move_it_and_no_fall_empties_it() -> None:
    world = World()
    world.wait(DAY // 100)
    index = world.pit.contracts["BTCUSDT"].marks.index
    for share, up, down in ((110, "13.0", "7.0"), (50, "0.1", "25.0"), (140, "22.0", "0.1")):
        for contract in world.pit.contracts.values():
            if contract.pair == "BTCUSDT" and contract.perpetual:
                contract.marks.mark_set = index * share // 100
        world.wait(2_000_000)
        for token, value in (("BTCUP", up), ("BTCDOWN", down)):
            row = world.ask(LVT, symbol=token, interval="5m")[-1]
            assert Decimal(row[4]) == pytest.approx(Decimal(value), rel=Decimal("0.0001"))
            assert (row[5] == "0.00000000") == (value == "0.1")
