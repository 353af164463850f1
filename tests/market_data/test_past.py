"""A world with a past answers like one that lived through it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.market_data.world import (
    BORN_US,
    DAY,
    MINUTE,
    SECOND,
    Fed,
    World,
    naive_aggs,
    naive_bars,
    random_trades,
)

from tradepit.core.bars import Bar, fold
from tradepit.core.past import Past
from tradepit.core.tape import Agg, Tape, Trade

BTC = {"symbol": "BTCUSDT"}


class Lived:
    """A past made of trades that really happened."""

    def __init__(self, rows: list[Fed]) -> None:
        self.rows = rows
        self.all_aggs = naive_aggs(rows)
        self.all_bars = {width_us: naive_bars(rows, width_us) for width_us in (SECOND, MINUTE)}

    def first_us(self) -> int:
        return self.rows[0][4]

    def last_trade(self) -> Trade:
        return self.rows[-1][:6]

    def last_agg_id(self) -> int:
        return self.all_aggs[-1][0]

    def trades(self, *, from_id: int | None = None, limit: int = 500) -> list[Trade]:
        rows = [row[:6] for row in self.rows]
        return rows[-limit:] if from_id is None else rows[from_id : from_id + limit]

    def trades_between(self, start_us: int, end_us: int) -> list[Trade]:
        return [row[:6] for row in self.rows if start_us <= row[4] < end_us]

    def aggs(
        self, *, from_id: int | None = None, start_us: int | None = None,
        end_us: int | None = None, limit: int = 500,
    ) -> list[Agg]:  # fmt: skip
        if from_id is not None:
            return self.all_aggs[from_id : from_id + limit]
        start, end = start_us or 0, self.rows[-1][4] if end_us is None else end_us
        rows = [row for row in self.all_aggs if start <= row[5] <= end]
        return rows[:limit] if start_us is not None else rows[-limit:]

    def bars(self, width_us: int, start_us: int, end_us: int) -> list[Bar]:
        return [bar for bar in self.all_bars[width_us] if start_us <= bar.open_us < end_us]

    def spans(self, opens_us: Sequence[int]) -> list[Bar]:
        bars = self.bars(SECOND, opens_us[0], opens_us[-1])
        return [bar for bar in fold(bars, list(opens_us), 0) if bar.count]

    def bars_before(self, width_us: int, end_us: int, limit: int) -> list[Bar]:
        return self.bars(width_us, 0, end_us)[-limit:]


def worlds(after: int) -> tuple[World, World]:
    """One born after five days of trades and one that lived them; then `after` more trades."""
    # The birth parts orders and seconds, so that aggregates and bars part there too.
    rows = random_trades(41, 3_000, 5 * DAY)
    born_us = rows[-1][4] // MINUTE * MINUTE + MINUTE
    more = [
        (row[0] + 3_000, *row[1:6], row[6] + 10_000)
        for row in random_trades(42, 3_000, 3 * DAY, born_us)[:after]
    ]
    young, old = World(), World()
    past: Past = Lived(rows)
    young.pit.symbols["BTCUSDT"].tape.begin(past, born_us)
    young.pit.symbols["BTCUSDT"].last_price = rows[-1][1]
    old.feed_all("BTCUSDT", rows)
    # What the naive history tells of aggregates is numbered from the birth on.
    first_agg = past.last_agg_id() + 1
    own = young.aggs

    def aggs(symbol: str, *, from_id: int | None = None, **page: int | None) -> list[Agg]:
        shifted = None if from_id is None else max(0, from_id - first_agg)
        found = own(symbol, from_id=shifted, **page)  # type: ignore[arg-type]
        return [(row[0] + first_agg, *row[1:]) for row in found]

    young.aggs = aggs  # type: ignore[method-assign, assignment]
    for world in (young, old):
        world.feed_all("BTCUSDT", more)
        world.now = max(born_us, world.now) + 17 * SECOND
    return young, old


@pytest.mark.parametrize("after", [0, 1, 40, 2_900])
def test_answers_are_the_same(after: int) -> None:
    young, old = worlds(after)
    questions: list[tuple[str, dict[str, str]]] = [
        ("GET /api/v3/trades", {"limit": "200"}),
        ("GET /api/v3/historicalTrades", {"fromId": "2950", "limit": "100"}),
        ("GET /api/v3/historicalTrades", {"fromId": "5"}),
        ("GET /api/v3/aggTrades", {}),
        ("GET /api/v3/aggTrades", {"fromId": "20"}),
        ("GET /api/v3/avgPrice", {}),
        ("GET /api/v3/ticker/24hr", {}),
        ("GET /api/v3/ticker/tradingDay", {}),
    ]
    questions += [("GET /api/v3/ticker", {"windowSize": size}) for size in ("1m", "9h", "3d", "7d")]
    questions += [
        ("GET /api/v3/klines", {"interval": interval, "timeZone": zone, **page})
        for interval in ("1m", "1h", "1d", "1w", "1M")
        for zone in ("0", "8")
        for page in ({}, {"startTime": "0"}, {"endTime": str(BORN_US // 1000 + 7_200_000)})
    ]
    around = young.pit.symbols["BTCUSDT"].tape.born_us // 1000
    for at in (around - 3_000_000, around, around + 5_000):
        questions += [
            ("GET /api/v3/aggTrades", {"startTime": str(at), "limit": "50"}),
            ("GET /api/v3/aggTrades", {"endTime": str(at), "limit": "50"}),
            ("GET /api/v3/klines", {"interval": "1s", "startTime": str(at), "limit": "60"}),
        ]
    for path, params in questions:
        assert young.ask(path, **BTC, **params) == old.ask(path, **BTC, **params), (path, params)


def test_average_and_reference_reach_into_the_past() -> None:
    rows = random_trades(43, 400, 20 * MINUTE)
    born_us = rows[-1][4] // MINUTE * MINUTE + MINUTE
    lived, begun = Tape(3, 60_000), Tape(3, 60_000)
    for row in rows:
        lived.trade(*row)
    begun.begin(Lived(rows), born_us)
    for at_us in (born_us, born_us + 30 * SECOND, born_us + 3 * MINUTE, born_us + 9 * MINUTE):
        assert begun.average(at_us, 5) == lived.average(at_us, 5)
        assert begun.reference_price(at_us) == lived.reference_price(at_us)
    row = (400, rows[-1][1] * 2, 10**8, rows[-1][1] * 2, born_us + MINUTE, False, 10**6)
    for tape in (lived, begun):
        tape.trade(*row)
    assert begun.average(born_us + MINUTE, 5) == lived.average(born_us + MINUTE, 5)
    again = Tape(3, 60_000)
    again.load(begun.dump())
    again.past = Lived(rows)
    assert again.dump() == begun.dump()
    assert again.average(born_us + MINUTE, 5) == lived.average(born_us + MINUTE, 5)
