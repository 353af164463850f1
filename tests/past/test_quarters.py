"""Quarters that were over before the birth go on in those that are listed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.past.test_contract_data import Asked

from tradepit.core.bars import DAY_US, HOUR_US
from tradepit.core.delivery import quarter_end

Rows = list[list[Any]]
PAIRS = {"fapi": "BTCUSDT", "dapi": "ETHUSD"}
KINDS = ("CURRENT_QUARTER", "NEXT_QUARTER")
DAY_MS = DAY_US // 1000


@pytest.fixture(scope="module")
def asked() -> Asked:
    return Asked()


def ask(asked: Asked, venue: str, kind: str, interval: str, **more: int) -> Rows:
    rows: Rows = asked(
        f"GET /{venue}/v1/continuousKlines", pair=PAIRS[venue], contractType=kind,
        interval=interval, **more,
    )  # fmt: skip
    return rows


def last_end(asked: Asked) -> int:
    """When the quarter before the current one ended, µs."""
    return quarter_end(asked.pit.born_us - 100 * DAY_US)


@pytest.mark.parametrize("venue", PAIRS)
@pytest.mark.parametrize("kind", KINDS)
def test_years_of_quarters(asked: Asked, venue: str, kind: str) -> None:
    first = asked.pit.symbols["BTCUSDT"].tape.past.first_us()
    days = ask(asked, venue, kind, "1d", startTime=0, limit=1500)
    assert days[0][0] == first // DAY_US * DAY_MS and len(days) == 1500
    assert [row[0] for row in days] == list(range(days[0][0], days[-1][0] + 1, DAY_MS))
    assert all(row[8] for row in days), "somebody traded every day"
    newest = ask(asked, venue, kind, "1d", limit=700)
    assert newest[0] in days and newest[-1][0] > days[-1][0]


@pytest.mark.parametrize("venue", PAIRS)
@pytest.mark.parametrize("kind", KINDS)
def test_folds_are_exact_where_quarters_meet(asked: Asked, venue: str, kind: str) -> None:
    end_ms = last_end(asked) // 1000
    start = end_ms // DAY_MS * DAY_MS
    (day,) = ask(asked, venue, kind, "1d", startTime=start, limit=1)
    for interval, count in (("1m", 1440), ("15m", 96), ("1h", 24), ("12h", 2)):
        rows = ask(asked, venue, kind, interval, startTime=start, limit=count)
        assert len(rows) == count and rows[-1][6] == day[6]
        assert (rows[0][1], rows[-1][4]) == (day[1], day[4])
        assert Decimal(day[2]) == max(Decimal(row[2]) for row in rows)
        assert Decimal(day[3]) == min(Decimal(row[3]) for row in rows)
        for at in (5, 7, 8, 9, 10):
            assert Decimal(day[at]) == sum(Decimal(row[at]) for row in rows)
    rows = ask(asked, venue, kind, "1h", startTime=start, limit=24)
    assert ask(asked, venue, kind, "1h", startTime=end_ms, limit=3) == rows[8:11], "pages meet"


@pytest.mark.parametrize("venue", PAIRS)
def test_each_time_has_the_contract_of_its_type(asked: Asked, venue: str) -> None:
    """The newest part is the listed contract's own klines, as far as it was of the type."""
    end_us = last_end(asked)
    listed = {
        contract.contract_type: contract.name
        for contract in asked.pit.contracts.values()
        if contract.pair == PAIRS[venue] and not contract.perpetual
    }
    page = {"startTime": end_us // 1000, "endTime": asked.pit.born_us // 1000 - 1}
    for kind, name in listed.items():
        own = asked(f"GET /{venue}/v1/klines", symbol=name, interval="4h", limit=1500, **page)
        rows = ask(asked, venue, kind, "4h", limit=1500, **page)
        # A past begins with a whole day: on the day of its listing nobody trades a contract yet.
        assert rows[-len(own) :] == own and len(rows) - len(own) <= 4
        assert not any(row[8] for row in rows[: -len(own)])
    # What is current now was the next one before.
    page = {"startTime": (end_us - 30 * DAY_US) // 1000, "endTime": end_us // 1000 - 1}
    own = asked(
        f"GET /{venue}/v1/klines", symbol=listed["CURRENT_QUARTER"], interval="1h", limit=1500,
        **page,
    )  # fmt: skip
    assert ask(asked, venue, "NEXT_QUARTER", "1h", limit=1500, **page) == own
    current = ask(asked, venue, "CURRENT_QUARTER", "1h", limit=1500, **page)
    assert len(current) == len(own) == 720
    # The one about to end is near its index, the other a quarter's carry above.
    near, far = Decimal(current[-1][4]), Decimal(own[-1][4])
    assert Decimal("1.008") < far / near < Decimal("1.017")


def test_a_gone_quarter_has_the_past_that_it_had(asked: Asked) -> None:
    pit = asked.pit
    for contract in pit.contracts.values():
        if not contract.perpetual:
            own, again = contract.tape.past, pit.quarters.past_of(contract)
            assert again is not own and again.last_trade() == own.last_trade()
            hours = list(range(pit.born_us - 5 * HOUR_US, pit.born_us + 1, HOUR_US))
            rows = zip(own.spans(hours), again.spans(hours), strict=True)
            assert all(one.row() == two.row() for one, two in rows)
