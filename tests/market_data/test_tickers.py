"""Tickers: their windows against naive folds, their fields, forms, weights and refusals."""

from __future__ import annotations

from typing import Any

import pytest
from tests.market_data.world import (
    BORN_US,
    DAY,
    MINUTE,
    SECOND,
    Fed,
    World,
    naive_bar,
    random_trades,
)

from tradepit.catalog.language import REGISTRY
from tradepit.core.rejects import Reject
from tradepit.core.statistics import percent_of
from tradepit.core.terms import BREAK, HALT
from tradepit.core.units import ONE, text_units

DAY_24 = "GET /api/v3/ticker/24hr"
TRADING_DAY = "GET /api/v3/ticker/tradingDay"
WINDOW = "GET /api/v3/ticker"
PRICE = "GET /api/v3/ticker/price"
BOOK = "GET /api/v3/ticker/bookTicker"
ALL_FIVE = (DAY_24, TRADING_DAY, WINDOW, PRICE, BOOK)

MINI_FIELDS = [
    "symbol", "openPrice", "highPrice", "lowPrice", "lastPrice", "volume", "quoteVolume",
    "openTime", "closeTime", "firstId", "lastId", "count",
]  # fmt: skip
FULL_FIELDS = [
    "symbol", "priceChange", "priceChangePercent", "weightedAvgPrice", "openPrice", "highPrice",
    "lowPrice", "lastPrice", "volume", "quoteVolume", "openTime", "closeTime", "firstId",
    "lastId", "count",
]  # fmt: skip
DAY_FIELDS = [
    "symbol", "priceChange", "priceChangePercent", "weightedAvgPrice", "prevClosePrice",
    "lastPrice", "lastQty", "bidPrice", "bidQty", "askPrice", "askQty", "openPrice", "highPrice",
    "lowPrice", "volume", "quoteVolume", "openTime", "closeTime", "firstId", "lastId", "count",
]  # fmt: skip


def signed(units: int) -> str:
    return text_units(units)


def check_window(row: dict[str, Any], rows: list[Fed], start_us: int) -> None:
    """A row's numbers are those of the trades at `start_us` and later."""
    inside = [each for each in rows if each[4] >= start_us]
    bar = naive_bar(start_us, inside)
    assert row["openTime"] == start_us // 1000
    assert (row["firstId"], row["lastId"], row["count"]) == (bar.first_id, bar.last_id, bar.count)
    shown = [row[key] for key in ("openPrice", "highPrice", "lowPrice", "lastPrice", "volume")]
    assert shown == [text_units(n) for n in (bar.open, bar.high, bar.low, bar.close, bar.base)]
    assert row["quoteVolume"] == text_units(bar.quote)
    if "priceChange" in row:
        assert row["priceChange"] == signed(bar.close - bar.open)
        assert row["weightedAvgPrice"] == text_units(bar.quote * ONE // bar.base)
        assert row["priceChangePercent"] == "%.3f" % ((bar.close - bar.open) / bar.open * 100)


@pytest.fixture(scope="module")
def days() -> tuple[World, list[Fed]]:
    world = World()
    rows = random_trades(21, 6_000, 9 * DAY)
    world.feed_all("BTCUSDT", rows)
    return world, rows


def test_24_hours_are_exact_while_they_roll() -> None:
    world = World()
    rows = random_trades(22, 5_000, 3 * DAY)
    checked = 0
    for row in rows:
        world.feed("BTCUSDT", row)
        if row[0] % 97 == 0 and row[0] > 100:
            world.now = row[4] + row[0] % 1_000 * 1_000
            found = world.ask(DAY_24, symbol="BTCUSDT")
            start_us = world.now - DAY
            check_window(found, world.fed["BTCUSDT"], start_us)
            before = [each[1] for each in world.fed["BTCUSDT"] if each[4] < start_us]
            assert found["prevClosePrice"] == text_units(before[-1] if before else 0)
            assert found["closeTime"] - found["openTime"] == 86_400_000
            assert found["lastQty"] == text_units(row[2])
            assert list(found) == DAY_FIELDS
            checked += 1
    assert checked > 40 and 0 < world.asked_history < checked  # from memory, and with SQL


@pytest.mark.parametrize(
    ("size", "us"),
    [("1m", MINUTE), ("59m", 59 * MINUTE), ("23h", 23 * 60 * MINUTE), ("1d", DAY), ("7d", 7 * DAY)],
)
def test_windows_start_on_a_minute(days: tuple[World, list[Fed]], size: str, us: int) -> None:
    world, rows = days
    found = world.ask(WINDOW, symbol="BTCUSDT", windowSize=size)
    start_us = (world.now - us) // MINUTE * MINUTE
    check_window(found, rows, start_us)
    assert found["closeTime"] == world.now // 1000
    assert list(found) == FULL_FIELDS
    mini = world.ask(WINDOW, symbol="BTCUSDT", windowSize=size, type="MINI")
    assert mini == {key: found[key] for key in MINI_FIELDS} and list(mini) == MINI_FIELDS
    if size == "1d":
        assert world.ask(WINDOW, symbol="BTCUSDT") == found


def test_the_documented_window() -> None:
    world = World()
    world.feed("BTCUSDT", (0, ONE, ONE, ONE, 1_641_000_000_000_000, False, 1))
    world.now = 1_641_287_867_099_000
    found = world.ask(WINDOW, symbol="BTCUSDT", windowSize="1d")
    assert (found["openTime"], found["closeTime"]) == (1641201420000, 1641287867099)


@pytest.mark.parametrize(("zone", "hours"), [("0", 0), ("8", 8), ("-3:00", -3)])
def test_trading_days_begin_at_local_midnight(
    days: tuple[World, list[Fed]], zone: str, hours: int
) -> None:
    world, rows = days
    shift = hours * 60 * MINUTE
    start_us = (world.now + shift) // DAY * DAY - shift
    found = world.ask(TRADING_DAY, symbol="BTCUSDT", timeZone=zone)
    if [row for row in rows if row[4] >= start_us]:
        check_window(found, rows, start_us)
    assert found["openTime"] == start_us // 1000
    assert found["closeTime"] == start_us // 1000 + 86_399_999
    assert list(found) == FULL_FIELDS


def test_nothing_traded_is_shown_as_zeros() -> None:
    world = World()
    world.feed("BTCUSDT", (0, 5 * ONE, ONE, 5 * ONE, BORN_US, False, 1))
    world.now += 2 * DAY
    found = world.ask(DAY_24, symbol="BTCUSDT")
    assert found["prevClosePrice"] == "5.00000000"
    zeros = set(DAY_FIELDS) - {"symbol", "prevClosePrice", "openTime", "closeTime", "firstId",
                               "lastId", "count", "priceChangePercent"}  # fmt: skip
    assert {found[key] for key in zeros} == {"0.00000000"}
    assert found["priceChangePercent"] == "0.000"
    assert (found["firstId"], found["lastId"], found["count"]) == (-1, -1, 0)
    for path in (WINDOW, TRADING_DAY):
        found = world.ask(path, symbol="ETHUSDT")
        assert (found["lastPrice"], found["firstId"]) == ("0.00000000", -1)


def test_one_symbol_is_an_object_several_are_a_list() -> None:
    world = World()
    for name in ("BTCUSDT", "ETHUSDT", "BNBUSDT"):
        world.feed(name, (0, 5 * ONE, ONE, 5 * ONE, BORN_US, False, 1))
    for path in ALL_FIVE:
        single = world.ask(path, symbol="ETHUSDT")
        assert single["symbol"] == "ETHUSDT"
        both = world.ask(path, symbols='["BNBUSDT","ETHUSDT"]')
        assert both[1] == single and [row["symbol"] for row in both] == ["BNBUSDT", "ETHUSDT"]
        assert world.ask(path, symbols='["ETHUSDT"]') == [single]
    for path in (DAY_24, PRICE, BOOK):
        assert len(world.ask(path)) == 3
    assert list(world.ask(DAY_24, symbol="BTCUSDT", type="MINI")) == MINI_FIELDS


def test_prices_and_books() -> None:
    world = World()
    world.feed("BTCUSDT", (0, 5 * ONE, ONE, 5 * ONE, BORN_US, False, 1))
    assert world.ask(PRICE, symbol="BTCUSDT") == {"symbol": "BTCUSDT", "price": "5.00000000"}
    assert world.ask(BOOK, symbol="BTCUSDT") == {
        "symbol": "BTCUSDT", "bidPrice": "0.00000000", "bidQty": "0.00000000",
        "askPrice": "0.00000000", "askQty": "0.00000000",
    }  # fmt: skip


def refusal(world: World, path: str, **params: str) -> tuple[int, str]:
    with pytest.raises(Reject) as no:
        world.ask(path, **params)
    return no.value.code, no.value.msg


def test_status_filters() -> None:
    world = World()
    world.pit.symbols["ETHUSDT"].status = HALT
    for path in ALL_FIVE:
        code, words = refusal(world, path, symbol="BTCUSDT", symbolStatus="HALT")
        assert code == -1220
        assert words == "The symbol's status does not match the requested symbolStatus."
        assert world.ask(path, symbol="ETHUSDT", symbolStatus="HALT")["symbol"] == "ETHUSDT"
        some = world.ask(path, symbols='["BTCUSDT","ETHUSDT"]', symbolStatus="HALT")
        assert [row["symbol"] for row in some] == ["ETHUSDT"]
        assert world.ask(path, symbols='["BTCUSDT"]', symbolStatus="BREAK") == []
        assert refusal(world, path, symbol="BTCUSDT", symbolStatus="OPEN")[0] == -1122
    for path in (DAY_24, PRICE, BOOK):
        assert [row["symbol"] for row in world.ask(path, symbolStatus="HALT")] == ["ETHUSDT"]
    world.pit.symbols["BTCUSDT"].status = BREAK
    assert world.ask(PRICE, symbol="BTCUSDT")["symbol"] == "BTCUSDT"


def test_refusals() -> None:
    world = World()
    for path in ALL_FIVE:
        both = refusal(world, path, symbol="BTCUSDT", symbols='["BTCUSDT"]')
        assert both == (-1128, "Combination of optional parameters invalid.")
        assert refusal(world, path, symbol="NOPE") == (-1121, "Invalid symbol.")
        assert refusal(world, path, symbols='["NOPE"]') == (-1121, "Invalid symbol.")
        twice = refusal(world, path, symbols='["BTCUSDT","BTCUSDT"]')
        assert twice == (-1151, "Symbol is present multiple times in the list.")
    many = "[" + ",".join(f'"S{n}"' for n in range(101)) + "]"
    for path in (TRADING_DAY, WINDOW):
        assert refusal(world, path) == (
            -1102, "Param 'symbol' or 'symbols' must be sent, but both were empty/null!",
        )  # fmt: skip
        assert refusal(world, path, symbols=many) == (
            -1101, "Too many values sent for parameter 'symbols', maximum allowed up to 100.",
        )  # fmt: skip
    assert refusal(world, PRICE, symbols=many)[0] == -1121  # no such bound here
    for path in (DAY_24, TRADING_DAY, WINDOW):
        assert refusal(world, path, symbol="BTCUSDT", type="BIG")[0] == -1139
    for size in ("0m", "60m", "24h", "8d", "1d2h", "1w", "01m", "m", "1"):
        assert refusal(world, WINDOW, symbol="BTCUSDT", windowSize=size)[0] == -1120
    assert refusal(world, TRADING_DAY, symbol="BTCUSDT", timeZone="99")[0] == -1130


def weight(path: str, **params: str) -> int:
    operation = REGISTRY[path]
    return operation.weigh(operation.parse(list(params.items())))


def names(count: int) -> str:
    return "[" + ",".join(f'"S{n}"' for n in range(count)) + "]"


def test_weights() -> None:
    assert [weight(DAY_24, symbol="BTCUSDT"), weight(DAY_24)] == [2, 80]
    assert [weight(DAY_24, symbols=names(n)) for n in (1, 20, 21, 100, 101)] == [2, 2, 40, 40, 80]
    for path in (PRICE, BOOK):
        asked = [weight(path, symbol="A"), weight(path), weight(path, symbols=names(1))]
        assert asked == [2, 4, 4]
    for path in (WINDOW, TRADING_DAY):
        assert weight(path, symbol="A") == 4
        assert [weight(path, symbols=names(n)) for n in (1, 2, 50, 51)] == [4, 8, 200, 200]


@pytest.mark.parametrize(
    ("change", "start", "percent"),
    [(-8, 9, "-88.889"), (-1, 3, "-33.333"), (1, 3, "33.333"), (2, 3, "66.667"), (0, 5, "0.000"),
     (1, 0, "0.000"), (1, 200_000, "0.001"), (1, 200_001, "0.000")],
)  # fmt: skip
def test_percents_have_three_decimals(change: int, start: int, percent: str) -> None:
    assert text_units(percent_of(change * ONE, start * ONE))[:-5] == percent


def test_a_cut_second_is_asked_of_the_history() -> None:
    world = World()
    at = BORN_US + 5 * SECOND
    rows = [(n, ONE + n, ONE, ONE + n, at + n, False, n) for n in range(5_000)]
    world.feed_all("BTCUSDT", rows)
    world.now = at + DAY + 1_234
    found = world.ask(DAY_24, symbol="BTCUSDT")
    check_window(found, rows, at + 1_234)
    assert (found["prevClosePrice"], world.asked_history) == (text_units(ONE + 1_233), 1)
