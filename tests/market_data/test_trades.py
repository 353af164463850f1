"""Books, trades, aggregate trades and averages: fields, paging, refusals."""

from __future__ import annotations

from typing import Any

import pytest
from tests.market_data.world import (
    ALICE,
    BOB,
    BORN_US,
    DAY,
    MINUTE,
    Fed,
    World,
    naive_aggs,
    random_trades,
)

from tradepit.catalog.language import REGISTRY, by_route, by_ws_method
from tradepit.core.rejects import Reject
from tradepit.core.statistics import capped
from tradepit.core.terms import HALT
from tradepit.core.units import MAX_AMOUNT, ONE, text_units

TRADES = "GET /api/v3/trades"
OLD = "GET /api/v3/historicalTrades"
AGGS = "GET /api/v3/aggTrades"
DEPTH = "GET /api/v3/depth"
AVERAGE = "GET /api/v3/avgPrice"
BLOCKS = "GET /api/v3/historicalBlockTrades"


def trade(row: Fed) -> dict[str, Any]:
    return {
        "id": row[0], "price": text_units(row[1]), "qty": text_units(row[2]),
        "quoteQty": text_units(row[3]), "time": row[4] // 1000, "isBuyerMaker": row[5],
        "isBestMatch": True,
    }  # fmt: skip


def agg(row: tuple[Any, ...]) -> dict[str, Any]:
    return {
        "a": row[0], "p": text_units(row[1]), "q": text_units(row[2]), "f": row[3], "l": row[4],
        "T": row[5] // 1000, "m": row[6], "M": True,
    }  # fmt: skip


@pytest.fixture(scope="module")
def busy() -> tuple[World, list[Fed]]:
    world = World()
    rows = random_trades(31, 6_000, DAY)
    world.feed_all("BTCUSDT", rows)
    return world, rows


@pytest.fixture(scope="module")
def young() -> tuple[World, list[Fed]]:
    world = World()
    rows = random_trades(32, 900, DAY // 24)
    world.feed_all("BTCUSDT", rows)
    return world, rows


def refusal(world: World, path: str, **params: str) -> tuple[int, str]:
    with pytest.raises(Reject) as no:
        world.ask(path, **params)
    return no.value.code, no.value.msg


def test_recent_trades(busy: tuple[World, list[Fed]]) -> None:
    world, rows = busy
    got = world.ask(TRADES, symbol="BTCUSDT", limit="3")
    assert got == [trade(row) for row in rows[-3:]]
    assert list(got[0]) == list(trade(rows[0]))
    assert len(world.ask(TRADES, symbol="BTCUSDT")) == 500
    assert len(world.ask(TRADES, symbol="BTCUSDT", limit="9999")) == 1000
    assert world.ask(TRADES, symbol="ETHUSDT") == []


def test_old_trades_from_memory_and_history(busy: tuple[World, list[Fed]]) -> None:
    world, rows = busy
    asked = world.asked_history
    assert world.ask(OLD, symbol="BTCUSDT") == [trade(row) for row in rows[-500:]]
    got = world.ask(OLD, symbol="BTCUSDT", fromId="5500", limit="100")
    assert got == [trade(row) for row in rows[5_500:5_600]]
    assert world.ask(OLD, symbol="BTCUSDT", fromId="6000") == []
    assert world.asked_history == asked
    got = world.ask(OLD, symbol="BTCUSDT", fromId="17", limit="1000")
    assert got == [trade(row) for row in rows[17:1_017]]
    assert world.asked_history == asked + 1


@pytest.mark.parametrize("which", ["busy", "young"])
def test_aggregate_trades(which: str, request: pytest.FixtureRequest) -> None:
    world, rows = request.getfixturevalue(which)
    whole = [agg(row) for row in naive_aggs(rows)]
    times = [row["T"] for row in whole]

    def ask(**params: str) -> Any:
        return world.ask(AGGS, symbol="BTCUSDT", **params)

    assert ask() == whole[-500:]
    assert ask(limit="5000") == whole[-1000:]
    assert ask(limit="1") == whole[-1:]  # the running one is among them
    for first in (0, 5, len(whole) - 3, len(whole) - 1):
        assert ask(fromId=str(first), limit="7") == whole[first : first + 7]
    assert ask(fromId=str(len(whole))) == []
    for place in (0, 40, len(whole) // 2, len(whole) - 2):
        at = times[place]
        after = [row for row in whole if row["T"] >= at]
        before = [row for row in whole if row["T"] <= at]
        assert ask(startTime=str(at)) == after[:500]
        assert ask(endTime=str(at)) == before[-500:]
        assert ask(endTime=str(at), limit="3") == before[-3:]
        assert ask(startTime=str(at), endTime=str(at)) == [r for r in whole if r["T"] == at][:500]
        end = at + 3_600_000
        inside = [row for row in whole if at <= row["T"] <= end]
        assert ask(startTime=str(at), endTime=str(end), limit="20") == inside[:20]
    assert ask(startTime=str(times[-1] + 1)) == []
    assert ask(startTime="0", endTime="1") == []
    assert ask(startTime="0", limit="1000")[-1] == whole[:1_000][-1]
    assert bool(world.asked_history) == (which == "busy")


def test_aggregate_trades_are_asked_for_by_id_or_by_time(young: tuple[World, list[Fed]]) -> None:
    world, _ = young
    for params in ({"startTime": "1"}, {"endTime": "1"}, {"startTime": "1", "endTime": "2"}):
        assert refusal(world, AGGS, symbol="BTCUSDT", fromId="0", **params) == (
            -1128, "Combination of optional parameters invalid.",
        )  # fmt: skip


def limit_order(side: str, price: str, quantity: str) -> dict[str, str]:
    return {
        "side": side, "type": "LIMIT", "timeInForce": "GTC", "price": price, "quantity": quantity,
    }  # fmt: skip


def test_real_orders_make_the_book_and_the_tape() -> None:
    world = World()
    world.now += 1_500
    for price, qty in (("99", "1"), ("99", "2"), ("98", "4")):
        world.order(ALICE, **limit_order("BUY", price, qty))
    world.order(ALICE, **limit_order("SELL", "101", "5"))
    update_id = world.pit.symbols["BTCUSDT"].book.update_id
    asked = {"symbol": "BTCUSDT"}
    assert world.ask(DEPTH, **asked) == {
        "lastUpdateId": update_id,
        "bids": [["99.00000000", "3.00000000"], ["98.00000000", "4.00000000"]],
        "asks": [["101.00000000", "5.00000000"]],
    }
    assert list(world.ask(DEPTH, **asked)) == ["lastUpdateId", "bids", "asks"]
    assert len(world.ask(DEPTH, **asked, limit="1")["bids"]) == 1
    world.order(BOB, **limit_order("SELL", "98", "4"))
    assert [(row["price"], row["qty"], row["quoteQty"]) for row in world.ask(TRADES, **asked)] == [
        ("99.00000000", "1.00000000", "99.00000000"),
        ("99.00000000", "2.00000000", "198.00000000"),
        ("98.00000000", "1.00000000", "98.00000000"),
    ]
    assert all(row["isBuyerMaker"] for row in world.ask(TRADES, **asked))
    when = {"T": world.now // 1000, "m": True, "M": True}
    assert world.ask(AGGS, **asked) == [
        {"a": 0, "p": "99.00000000", "q": "3.00000000", "f": 0, "l": 1, **when},
        {"a": 1, "p": "98.00000000", "q": "1.00000000", "f": 2, "l": 2, **when},
    ]
    day = world.ask("GET /api/v3/ticker/24hr", **asked)
    assert (day["bidPrice"], day["bidQty"]) == ("98.00000000", "3.00000000")
    assert (day["askPrice"], day["askQty"]) == ("101.00000000", "5.00000000")
    assert (day["lastPrice"], day["lastQty"]) == ("98.00000000", "1.00000000")
    assert (day["volume"], day["quoteVolume"]) == ("4.00000000", "395.00000000")
    assert day["weightedAvgPrice"] == "98.75000000"
    again = World().pit.load(world.pit.handlers, world.pit.dump())
    assert again.state_hash() == world.pit.state_hash()
    world.pit = again
    assert world.ask("GET /api/v3/ticker/24hr", **asked) == day


def test_a_level_beyond_all_amounts_is_shown_as_the_largest() -> None:
    assert capped([(1, 3 * MAX_AMOUNT), (2, 5)]) == [(1, MAX_AMOUNT), (2, 5)]


def test_depth_weights_and_refusals() -> None:
    world = World()
    operation = REGISTRY[DEPTH]
    weights = [
        operation.weigh(operation.parse([("symbol", "BTCUSDT"), ("limit", str(limit))]))
        for limit in (1, 100, 101, 500, 501, 1_000, 1_001, 5_000, 9_000)
    ]
    assert weights == [5, 5, 25, 25, 50, 50, 250, 250, 250]
    assert operation.weigh(operation.parse([("symbol", "BTCUSDT")])) == operation.weigh(None) == 5
    assert operation.parse([("symbol", "BTCUSDT"), ("limit", "9000")]).limit == 5_000
    assert refusal(world, DEPTH, symbol="BTCUSDT", limit="0")[0] == -1130
    assert refusal(world, DEPTH)[0] == -1102
    assert refusal(world, DEPTH, symbol="")[0] == -1105
    assert refusal(world, DEPTH, symbol="btcusdt")[0] == -1100
    assert refusal(world, DEPTH, symbol="NOPE")[0] == -1121
    world.pit.symbols["BTCUSDT"].status = HALT
    assert refusal(world, DEPTH, symbol="BTCUSDT", symbolStatus="TRADING")[0] == -1220
    assert world.ask(DEPTH, symbol="BTCUSDT", symbolStatus="HALT")["bids"] == []


def test_average_price() -> None:
    world = World()
    assert world.ask(AVERAGE, symbol="BTCUSDT") == {
        "mins": 5, "price": "0.00000000", "closeTime": 0,
    }  # fmt: skip
    world.feed("BTCUSDT", (0, 10 * ONE, ONE, 10 * ONE, BORN_US, False, 1))
    world.feed("BTCUSDT", (1, 20 * ONE, 3 * ONE, 60 * ONE, BORN_US + MINUTE, False, 2))
    world.now = BORN_US + 2 * MINUTE
    assert world.ask(AVERAGE, symbol="BTCUSDT") == {
        "mins": 5, "price": "17.50000000", "closeTime": (BORN_US + MINUTE) // 1000,
    }  # fmt: skip
    world.now = BORN_US + 5 * MINUTE + MINUTE // 2
    assert world.ask(AVERAGE, symbol="BTCUSDT")["price"] == "20.00000000"
    world.now = BORN_US + DAY
    assert world.ask(AVERAGE, symbol="BTCUSDT")["price"] == "20.00000000"  # the last price


def test_what_block_trades_are_asked_with() -> None:
    world = World()
    assert refusal(world, BLOCKS, symbol="BTCUSDT")[0] == -1102
    assert refusal(world, BLOCKS, symbol="NOPE", fromId="0")[0] == -1121


def test_old_paths_lead_to_the_same_operations() -> None:
    routes = by_route()
    for name in ("ping", "time", "depth", "trades", "historicalTrades", "aggTrades", "klines",
                 "ticker/24hr", "ticker/price", "ticker/bookTicker"):  # fmt: skip
        assert routes["GET", f"/api/v1/{name}"] is routes["GET", f"/api/v3/{name}"]


def test_websocket_methods_are_named() -> None:
    named = by_ws_method()
    for method in (
        "ping", "time", "exchangeInfo", "executionRules", "depth", "trades.recent",
        "trades.historical", "blockTrades.historical", "trades.aggregate", "klines", "uiKlines",
        "avgPrice", "ticker.24hr", "ticker.tradingDay", "ticker", "ticker.price", "ticker.book",
        "referencePrice", "referencePrice.calculation",
    ):  # fmt: skip
        assert method in named
