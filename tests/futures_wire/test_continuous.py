"""Continuous klines across deliveries: where one contract ends, the next one goes on."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from tests.control.conftest import Pit, running_pit

BEFORE_MS = 1_798_183_500_000  # 2026-12-25, 07:25 UTC
END_MS = 1_798_185_600_000
NAMES = ("261225", "270326", "270625", "270924")
PAIRS = {"fapi": ("BTCUSDT", "0.01"), "dapi": ("BTCUSD", "2")}
MINUTE_MS, DAY_MS = 60_000, 86_400_000

Rows = list[list[Any]]


def trade(pit: Pit, venue: str, day: str, price: int) -> None:
    pair, qty = PAIRS[venue]
    for side, name in (("SELL", "bob"), ("BUY", "alice")):
        query = f"symbol={pair}_{day}&side={side}&type=LIMIT&timeInForce=GTC&quantity={qty}"
        answer = pit.signed("POST", f"/{venue}/v1/order", f"{query}&price={price}", name=name)
        assert answer.status == 200, answer.body


def ask(pit: Pit, venue: str, kind: str, interval: str, **more: int) -> Rows:
    query = "".join(f"&{name}={value}" for name, value in more.items())
    rows: Rows = pit.server.request(
        "GET", f"/{venue}/v1/continuousKlines?pair={PAIRS[venue][0]}&contractType={kind}"
        f"&interval={interval}{query}",
    ).json  # fmt: skip
    return rows


def minutes(pit: Pit, venue: str, current: str, later: str) -> None:
    """Four minutes of trades on two quarters, with one of rest."""
    for day in (current, later):
        symbol = f"{PAIRS[venue][0]}_{day}"
        pit.done("PUT", "contracts", symbol=symbol, indexPrice="100500", markPrice="100500")
    for step in range(5):
        if step != 2:
            for day, price in ((current, 100_000), (later, 101_000)):
                trade(pit, venue, day, price + step * 10)
                trade(pit, venue, day, price - step * 5)
        pit.done("POST", "clock/advance", by="1m")


@pytest.fixture(scope="module")
def pit() -> Iterator[Pit]:
    for pit in running_pit(limits="off", time=str(BEFORE_MS), speed="0"):
        for venue in PAIRS:
            minutes(pit, venue, *NAMES[:2])
        yield pit


KINDS = ("CURRENT_QUARTER", "NEXT_QUARTER")


def folded(fine: Rows, coarse: Rows) -> None:
    """Every coarse row is what the fine ones with trades in it come to."""
    for row in coarse:
        inside = [each for each in fine if row[0] <= each[0] <= row[6] and each[8]]
        assert row[8] == sum(each[8] for each in inside)
        for at in (5, 7, 9, 10):
            assert Decimal(row[at]) == sum(Decimal(each[at]) for each in inside)
        if inside:
            assert (row[1], row[4]) == (inside[0][1], inside[-1][4])
            assert Decimal(row[2]) == max(Decimal(each[2]) for each in inside)
            assert Decimal(row[3]) == min(Decimal(each[3]) for each in inside)


def test_quarters_go_on_where_the_one_before_ended(pit: Pit) -> None:
    told: dict[tuple[str, str], Rows] = {}
    for venue in PAIRS:
        for kind in KINDS:
            told[venue, kind] = ask(
                pit, venue, kind, "1m", startTime=BEFORE_MS, endTime=END_MS - 1, limit=1500
            )
            assert sum(row[8] for row in told[venue, kind]) == 8
    pit.done("POST", "clock/advance", by="40m")
    for current, later in pairwise(NAMES[1:]):
        for venue in PAIRS:
            minutes(pit, venue, current, later)
            check(pit, venue, told)
        if current == NAMES[1]:
            pit.done("POST", "clock/advance", by="91d")
    listed = pit.server.request("GET", "/fapi/v1/exchangeInfo").json["symbols"]
    assert f"BTCUSDT_{NAMES[0]}" not in {row["symbol"] for row in listed}


def check(pit: Pit, venue: str, told: dict[tuple[str, str], Rows]) -> None:
    now_ms = pit.server.request("GET", f"/{venue}/v1/time").json["serverTime"]
    for at, kind in enumerate(KINDS):
        old = told[venue, kind]
        again = ask(pit, venue, kind, "1m", startTime=BEFORE_MS, endTime=END_MS - 1, limit=1500)
        assert [row for row in again if row[8]] == [row for row in old if row[8]]
        assert again[: len(old)] == old
        start = BEFORE_MS - BEFORE_MS % DAY_MS
        days = ask(pit, venue, kind, "1d", startTime=start, limit=1500)
        assert days[0][0] == start and days[-1][0] == now_ms - now_ms % DAY_MS
        assert sum(row[8] for row in days) >= 16
        fine = ask(pit, venue, kind, "1m", startTime=BEFORE_MS, limit=1500)
        folded(fine, days[:1])
        folded(ask(pit, venue, kind, "1h", startTime=start, limit=24), days[:1])
        # The trades of the contract that was of the type then, and of no other.
        first = 100_000 + 1_000 * at
        assert {Decimal(row[1]) // 1000 for row in fine if row[8]} <= {
            Decimal(first // 1000), Decimal(first // 1000 - 1),
        }  # fmt: skip
