"""Klines against a fold that uses the calendar, in all intervals and many time zones."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from tests.market_data.world import BORN_US, DAY, MINUTE, SECOND, Fed, World, random_trades

from tradepit.core.bars import INTERVALS, days_of, next_open, open_of
from tradepit.core.rejects import Reject
from tradepit.core.units import text_units

PATH = "GET /api/v3/klines"
ZONES = ("0", "8", "-1:00", "05:45", "-12:00", "14", "+3")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017


def offset_of(zone: str) -> timedelta:
    hours, _, minutes = zone.lstrip("+-").partition(":")
    found = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return -found if zone.startswith("-") else found


def local_open(at_us: int, interval: str, zone: str) -> tuple[int, int]:
    """(open, next open) of the interval around a time, by way of the calendar."""
    local = EPOCH + timedelta(microseconds=at_us) + offset_of(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    number, unit = int(interval[:-1]), interval[-1]
    if unit == "M":
        start = midnight.replace(day=1)
        end = (start + timedelta(days=32)).replace(day=1)
    elif unit == "w":
        start = midnight - timedelta(days=midnight.weekday())
        end = start + timedelta(days=7)
    elif unit == "d":
        start = midnight - timedelta(days=(midnight - EPOCH).days % number)
        end = start + timedelta(days=number)
    else:
        width = timedelta(**{{"h": "hours", "m": "minutes", "s": "seconds"}[unit]: number})
        start = midnight + (local - midnight) // width * width
        end = start + width
    return tuple(  # type: ignore[return-value]
        (edge - offset_of(zone) - EPOCH) // timedelta(microseconds=1) for edge in (start, end)
    )


def naive(rows: list[Fed], interval: str, zone: str, now_us: int) -> list[list[Any]]:
    """Every kline from the first trade until now, gaps filled with the last price."""
    found: list[list[Any]] = []
    open_us, next_us = local_open(rows[0][4], interval, zone)
    price, at = rows[0][1], 0
    while open_us <= now_us:
        inside = []
        while at < len(rows) and rows[at][4] < next_us:
            inside.append(rows[at])
            at += 1
        prices = [row[1] for row in inside] or [price]
        price = prices[-1]
        bought = [row for row in inside if not row[5]]
        found.append([
            open_us // 1000, text_units(prices[0]), text_units(max(prices)),
            text_units(min(prices)), text_units(price), text_units(sum(r[2] for r in inside)),
            (next_us - 1) // 1000, text_units(sum(r[3] for r in inside)), len(inside),
            text_units(sum(r[2] for r in bought)), text_units(sum(r[3] for r in bought)), "0",
        ])  # fmt: skip
        open_us, next_us = local_open(next_us, interval, zone)
    return found


@pytest.fixture(scope="module")
def days() -> tuple[World, list[Fed]]:
    """Two symbols' worth of five days: minutes and seconds have left memory."""
    world = World()
    rows = random_trades(11, 4_000, 5 * DAY, BORN_US + 5 * MINUTE)
    world.feed_all("BTCUSDT", rows)
    world.now += 3 * MINUTE
    return world, rows


@pytest.mark.parametrize("interval", [name for name in INTERVALS if name != "1s"])
def test_all_intervals_are_naive_folds(days: tuple[World, list[Fed]], interval: str) -> None:
    world, rows = days
    for zone in ZONES:
        whole = naive(rows, interval, zone, world.now)
        got = world.ask(PATH, symbol="BTCUSDT", interval=interval, timeZone=zone, limit="1000")
        assert got == whole[-1000:], zone
        first = str(whole[0][0])
        got = world.ask(
            PATH, symbol="BTCUSDT", interval=interval, timeZone=zone, startTime=first
        )  # fmt: skip
        assert got == whole[:500], zone
    assert world.asked_history > 0


def test_seconds_from_memory_and_from_the_past() -> None:
    world = World()
    rows = random_trades(13, 4_000, 3 * 60 * MINUTE)
    world.feed_all("BTCUSDT", rows)
    whole = naive(rows, "1s", "0", world.now)
    assert world.ask(PATH, symbol="BTCUSDT", interval="1s") == whole[-500:]
    assert world.asked_history == 0
    got = world.ask(PATH, symbol="BTCUSDT", interval="1s", startTime="0", limit="1000")
    assert got == whole[:1000]
    edge = world.pit.symbols["BTCUSDT"].tape.seconds.from_us // 1000 - 100_000
    got = world.ask(PATH, symbol="BTCUSDT", interval="1s", startTime=str(edge), limit="200")
    first = next(n for n, row in enumerate(whole) if row[0] >= edge)
    assert got == whole[first : first + 200]
    assert world.asked_history == 2


def test_a_young_world_answers_from_memory_alone() -> None:
    world = World()
    rows = random_trades(12, 300, 50 * MINUTE)
    world.feed_all("BTCUSDT", rows)
    for interval in ("1s", "1m", "15m", "1d", "1M"):
        whole = naive(rows, interval, "0", world.now)
        assert world.ask(PATH, symbol="BTCUSDT", interval=interval) == whole[-500:]
    assert world.asked_history == 0


def test_paging(days: tuple[World, list[Fed]]) -> None:
    world, rows = days
    whole = naive(rows, "1h", "0", world.now)

    def ask(**params: str) -> Any:
        return world.ask(PATH, symbol="BTCUSDT", interval="1h", **params)

    third = str(whole[3][0])
    assert ask(startTime=third, limit="2") == whole[3:5]
    assert ask(startTime=str(whole[3][0] + 1), limit="2") == whole[4:6]  # opens at or after
    assert ask(endTime=third, limit="2") == whole[2:4]
    assert ask(endTime=str(whole[3][0] - 1), limit="2") == whole[1:3]
    assert ask(startTime=third, endTime=third) == whole[3:4]
    assert ask(startTime=third, endTime=str(whole[6][0])) == whole[3:7]
    assert ask(startTime=str(whole[5][0]), endTime=third) == []
    assert ask(endTime="1") == []
    assert ask(startTime=str(world.now // 1000 + 10**9)) == []
    assert ask(startTime="0", limit="1") == whole[:1]  # how clients find a symbol's first kline
    assert len(ask(limit="5000")) == min(1000, len(whole))
    micro = ask(startTime=str(whole[3][0] * 1000), limit="1")  # microseconds are understood
    assert micro == whole[3:4]


def test_the_running_kline_exists_without_a_trade_in_it() -> None:
    world = World()
    world.feed("BTCUSDT", (0, 10**10, 10**8, 10**10, BORN_US, False, 1))
    world.now = BORN_US + 2 * MINUTE + 5 * SECOND
    got = world.ask(PATH, symbol="BTCUSDT", interval="1m")
    assert [row[0] for row in got] == [(BORN_US + n * MINUTE) // 1000 for n in range(3)]
    assert [row[8] for row in got] == [1, 0, 0]
    assert got[2][1:5] == ["100.00000000"] * 4


def test_a_symbol_that_never_traded_has_no_klines() -> None:
    assert World().ask(PATH, symbol="BTCUSDT", interval="1m") == []


def test_ui_klines_and_the_old_path_are_the_same(days: tuple[World, list[Fed]]) -> None:
    world, _ = days
    asked = {"symbol": "BTCUSDT", "interval": "4h", "timeZone": "5:30"}
    assert world.ask("GET /api/v3/uiKlines", **asked) == world.ask(PATH, **asked)


@pytest.mark.parametrize(
    ("params", "code", "words"),
    [
        ({"interval": "1m"}, -1102, "Mandatory parameter 'symbol' was not sent"),
        ({"symbol": "BTCUSDT"}, -1102, "Mandatory parameter 'interval' was not sent"),
        ({"symbol": "NOPE", "interval": "1m"}, -1121, "Invalid symbol."),
        ({"symbol": "BTCUSDT", "interval": "1D"}, -1120, "Invalid interval."),
        ({"symbol": "BTCUSDT", "interval": "7m"}, -1120, "Invalid interval."),
        ({"symbol": "BTCUSDT", "interval": "1m", "limit": "0"}, -1130, "'limit' is not valid"),
        ({"symbol": "BTCUSDT", "interval": "1m", "limit": "x"}, -1100, "Illegal characters"),
        ({"symbol": "BTCUSDT", "interval": "1m", "timeZone": "15"}, -1130, "'timeZone'"),
        ({"symbol": "BTCUSDT", "interval": "1m", "timeZone": "-12:01"}, -1130, "'timeZone'"),
        ({"symbol": "BTCUSDT", "interval": "1m", "timeZone": "1:60"}, -1130, "'timeZone'"),
        ({"symbol": "BTCUSDT", "interval": "1m", "timeZone": "UTC"}, -1130, "'timeZone'"),
    ],
)
def test_refusals(params: dict[str, str], code: int, words: str) -> None:
    with pytest.raises(Reject) as no:
        World().ask(PATH, **params)
    assert no.value.code == code and words in no.value.msg


def test_months_are_those_of_the_calendar() -> None:
    for year in (1900, 1969, 1970, 1999, 2000, 2024, 2100):
        for month in range(1, 13):
            first = datetime(year, month, 1, tzinfo=EPOCH.tzinfo)
            assert days_of(year, month) == (first - EPOCH).days
    opened = open_of(BORN_US, 0, 0)
    assert next_open(opened, 0, 0, -1_000) < next_open(opened, 0, 0, -999) < opened
