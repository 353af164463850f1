"""What is told of contracts before the birth: klines of all courses, and fundings."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from tests.past.test_past import BORN_US

from tradepit.catalog.encode import encode
from tradepit.catalog.language import REGISTRY
from tradepit.config import Config
from tradepit.core.bars import HOUR_US, MINUTE_US
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.worlds.births import origins
from tradepit.worlds.recipes import main_recipe

EIGHT_MS = 8 * 3_600_000


class Asked:
    """A new world's data, before anything happened in it."""

    def __init__(self) -> None:
        settings = Config(memory=True, seed=11)
        recipe = msgspec.structs.replace(main_recipe(settings), time_us=BORN_US)
        self.pit: Exchange = origins(settings, recipe).birth()

    def now_us(self) -> int:
        return self.pit.born_us

    def futures(self, *where: Any, **page: Any) -> list[Any]:
        return []

    bars = bars_before = futures

    def __call__(self, op: str, **params: object) -> Any:
        operation = REGISTRY[op]
        ask = operation.parse([(name, str(value)) for name, value in params.items()])
        reply = operation.handler(self.pit, self, Who(1), ask)
        return json.loads(encode(reply() if callable(reply) else reply))


@pytest.fixture(scope="module")
def asked() -> Asked:
    return Asked()


COURSES = {
    "fapi": ("BTCUSDT", "BTCUSDT"), "dapi": ("BTCUSD_PERP", "BTCUSD"),
}  # fmt: skip


@pytest.mark.parametrize("venue", COURSES)
def test_all_courses_walk_together(asked: Asked, venue: str) -> None:
    symbol, pair = COURSES[venue]
    born_ms = asked.pit.born_us // 1000
    page = {"interval": "1m", "limit": 300, "endTime": born_ms - 1}
    trades = asked(f"GET /{venue}/v1/klines", symbol=symbol, **page)
    continued = asked(
        f"GET /{venue}/v1/continuousKlines", pair=pair, contractType="PERPETUAL", **page
    )  # fmt: skip
    mark = asked(f"GET /{venue}/v1/markPriceKlines", symbol=symbol, **page)
    index = asked(f"GET /{venue}/v1/indexPriceKlines", pair=pair, **page)
    premium = asked(f"GET /{venue}/v1/premiumIndexKlines", symbol=symbol, **page)
    assert [len(rows) for rows in (trades, mark, index, premium)] == [300] * 4
    assert continued == trades
    tick = 0.1 / float(index[0][1])
    for own, marked, of, over in zip(trades, mark, index, premium, strict=True):
        assert own[0] == marked[0] == of[0] == over[0]
        assert [float(text) for text in own[1:5]] == [float(text) for text in marked[1:5]]
        basis = float(own[1]) / float(of[1]) - 1
        assert basis == pytest.approx(float(over[1]), abs=2e-3 + tick)
    exact = sum(
        abs(float(own[1]) / float(of[1]) - 1 - float(over[1])) <= 2 * tick
        for own, of, over in zip(trades, index, premium, strict=True)
    )
    assert exact > 200  # where an open is not kept within the range of its span


@pytest.mark.parametrize("venue", COURSES)
def test_fundings_before_the_birth(asked: Asked, venue: str) -> None:
    symbol = COURSES[venue][0]
    contract = asked.pit.contracts[symbol]
    born_ms = asked.pit.born_us // 1000
    newest = asked(f"GET /{venue}/v1/fundingRate", symbol=symbol, limit=50)
    assert len(newest) == 50
    times = [row["fundingTime"] for row in newest]
    assert times == list(range(times[0], times[0] + 50 * EIGHT_MS, EIGHT_MS))
    assert born_ms - EIGHT_MS < times[-1] <= born_ms
    assert contract.marks.next_us // 1000 == times[-1] + EIGHT_MS
    oldest = asked(
        f"GET /{venue}/v1/fundingRate", symbol=symbol, startTime=times[3], limit=5
    )  # fmt: skip
    assert oldest == newest[3:8]
    rates = {row["fundingRate"] for row in newest}
    assert "0.00010000" in rates
    assert all(abs(float(rate)) < 0.003 for rate in rates)
    year = asked(
        f"GET /{venue}/v1/fundingRate", symbol=symbol, startTime=times[0] - 300 * EIGHT_MS,
        limit=300,
    )  # fmt: skip
    assert len({row["fundingRate"] for row in year}) > 10


def test_quarters_have_a_past_without_a_premium(asked: Asked) -> None:
    for symbol, contract in asked.pit.contracts.items():
        if contract.perpetual:
            continue
        venue = "dapi" if contract.inverse else "fapi"
        page = {"symbol": symbol, "interval": "1h", "limit": 24}
        first = contract.listing["onboardDate"] * 1000
        rows = asked(f"GET /{venue}/v1/klines", **page)
        if first < asked.pit.born_us - 48 * HOUR_US:
            assert len(rows) == 24 and all(float(row[5]) > 0 for row in rows[:-1])
        assert asked(f"GET /{venue}/v1/premiumIndexKlines", **page) == []
        assert asked(f"GET /{venue}/v1/fundingRate", symbol=symbol) == []
        assert contract.tape.born_us % MINUTE_US == 0
