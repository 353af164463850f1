"""Books, trades, tickers, klines and prices of contracts, from what really happened on them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.futures_data.ask import ALICE, BOB, BORN_US, HOUR, MINUTE, SECOND, World

from tradepit.core.rejects import Reject
from tradepit.core.units import parse_units


@pytest.fixture(scope="module")
def world() -> World:
    """A minute of spot quotes around 107000, then one trade on each of two contracts."""
    made = World()
    for side, price in (("BUY", "106990"), ("SELL", "107010")):
        made.do(
            "POST /api/v3/order", BOB, symbol="BTCUSDT", side=side, type="LIMIT", quantity="1",
            price=price, timeInForce="GTC",
        )  # fmt: skip
    made.wait(MINUTE)
    for symbol, qty, bid, ask in (
        ("BTCUSDT", "0.500", "107000", "107050.5"),
        ("BTCUSD_PERP", "30", "107000", "107050.5"),
    ):
        made.limit(BOB, "BUY", symbol, qty, bid)
        made.limit(BOB, "SELL", symbol, qty, ask)
        made.limit(ALICE, "BUY", symbol, "0.2" if symbol == "BTCUSDT" else "10", ask)
    made.wait(10 * MINUTE)
    return made


def test_books(world: World) -> None:
    book = world.ask("GET /fapi/v1/depth", symbol="BTCUSDT", limit=5)
    assert list(book) == ["lastUpdateId", "E", "T", "bids", "asks"]
    assert book["bids"] == [["107000.00", "0.500"]] and book["asks"] == [["107050.50", "0.300"]]
    book = world.ask("GET /dapi/v1/depth", symbol="BTCUSD_PERP")
    assert (book["symbol"], book["pair"]) == ("BTCUSD_PERP", "BTCUSD")
    assert book["asks"] == [["107050.5", "20"]]
    assert world.ask("GET /fapi/v1/rpiDepth", symbol="BTCUSDT")["bids"]
    with pytest.raises(Reject) as no:
        world.ask("GET /fapi/v1/depth", symbol="BTCUSDT", limit=7)
    assert (no.value.code, no.value.msg) == (-4021, "'7' is not valid depth limit.")
    with pytest.raises(Reject) as no:
        world.ask("GET /dapi/v1/depth", symbol="BTCUSDT")
    assert no.value.code == -1121


def test_trades(world: World) -> None:
    (row,) = world.ask("GET /fapi/v1/trades", symbol="BTCUSDT")
    assert row == {
        "id": 0, "price": "107050.50", "qty": "0.200", "quoteQty": "21410.10",
        "time": (BORN_US + MINUTE) // 1000, "isBuyerMaker": False,
    }  # fmt: skip
    (row,) = world.ask("GET /dapi/v1/historicalTrades", symbol="BTCUSD_PERP")
    # 10 contracts of 100 USD at 107050.5.
    assert (row["qty"], row["baseQty"]) == ("10", "0.00934138") and "quoteQty" not in row
    (row,) = world.ask("GET /fapi/v1/aggTrades", symbol="BTCUSDT")
    assert row == {
        "a": 0, "p": "107050.50", "q": "0.200", "f": 0, "l": 0,
        "T": (BORN_US + MINUTE) // 1000, "m": False,
    }  # fmt: skip
    with pytest.raises(Reject) as no:
        world.ask("GET /fapi/v1/aggTrades", symbol="BTCUSDT", fromId=0, startTime=1)
    assert no.value.code == -1128


def test_tickers(world: World) -> None:
    row = world.ask("GET /fapi/v1/ticker/24hr", symbol="BTCUSDT")
    # Clients take a ticker with best quotes for one of spot.
    assert not {"bidPrice", "askPrice", "prevClosePrice"} & set(row)
    assert (row["lastPrice"], row["volume"], row["quoteVolume"]) == (
        "107050.50", "0.200", "21410.10",
    )  # fmt: skip
    assert (row["weightedAvgPrice"], row["count"]) == ("107050.50", 1)
    assert len(world.ask("GET /fapi/v1/ticker/24hr")) > 4
    (row,) = world.ask("GET /dapi/v1/ticker/24hr", symbol="BTCUSD_PERP")
    assert (row["pair"], row["volume"], row["baseVolume"]) == ("BTCUSD", "10", "0.00934138")
    assert abs(float(row["weightedAvgPrice"]) - 107050.5) < 10
    assert world.ask("GET /fapi/v2/ticker/price", symbol="BTCUSDT")["price"] == "107050.50"
    rows = world.ask("GET /dapi/v1/ticker/price", pair="BTCUSD")
    assert [row["ps"] for row in rows] == ["BTCUSD"] * 3
    row = world.ask("GET /fapi/v1/ticker/bookTicker", symbol="BTCUSDT")
    assert (row["bidPrice"], row["bidQty"]) == ("107000.00", "0.500")
    (row,) = world.ask("GET /dapi/v1/ticker/bookTicker", symbol="BTCUSD_PERP")
    assert row["lastUpdateId"] > 0 and row["askQty"] == "20"
    with pytest.raises(Reject) as no:
        world.ask("GET /dapi/v1/ticker/price", pair="BTCUSD", symbol="BTCUSD_PERP")
    assert no.value.code == -1128
    with pytest.raises(Reject) as no:
        world.ask("GET /dapi/v1/ticker/price", pair="NOSUCH")
    assert no.value.code == -4087


def test_klines(world: World) -> None:
    rows = world.ask("GET /fapi/v1/klines", symbol="BTCUSDT", interval="1m")
    assert len(rows) == 11
    assert [*rows[0][1:6], *rows[0][7:]] == [
        *["107050.50"] * 4, "0.200", "21410.10000", 1, "0.200", "21410.10000", "0",
    ]  # fmt: skip
    assert rows[-1][5] == "0.000" and rows[0][6] - rows[0][0] == 59_999
    same = world.ask(
        "GET /fapi/v1/continuousKlines", pair="BTCUSDT", contractType="PERPETUAL", interval="1m"
    )
    assert same == rows
    rows = world.ask("GET /dapi/v1/klines", symbol="BTCUSD_PERP", interval="1h")
    assert rows[0][5] == "10" and rows[0][7] == "0.00934138"
    with pytest.raises(Reject) as no:
        world.ask(
            "GET /dapi/v1/klines", symbol="BTCUSD_PERP", interval="1d", startTime=1,
            endTime=1 + 201 * 86_400_000,
        )  # fmt: skip
    assert (no.value.code, no.value.msg) == (-4088, "Maximum time interval is 200 days.")


def courses(world: World, name: str, **more: Any) -> list[list[Any]]:
    found: list[list[Any]] = world.ask(f"GET /fapi/v1/{name}Klines", interval="1m", **more)
    return found


def test_klines_of_index_mark_and_premium(world: World) -> None:
    index = courses(world, "indexPrice", pair="BTCUSDT")
    assert [row[0] for row in index] == [(BORN_US + n * MINUTE) // 1000 for n in range(12)]
    assert index[-1][1:5] == ["107000.00000000"] * 4
    assert [row[8] for row in index] == [60] * 11 + [1], "a second of the last minute was seen"
    mark = courses(world, "markPrice", symbol="BTCUSDT", limit=3)
    price = world.ask("GET /fapi/v1/premiumIndex", symbol="BTCUSDT")["markPrice"]
    assert len(mark) == 3 and mark[-1][4] == price and mark[-1][6] - mark[-1][0] == 59_999
    premium = courses(world, "premiumIndex", symbol="BTCUSDT")
    rows = [row for row in world.rows if row[2] == "minute" and row[3] == "BTCUSDT"]
    assert len(rows) == 11 and len(premium) == 12
    hours = world.ask("GET /fapi/v1/markPriceKlines", symbol="BTCUSDT", interval="1h")
    assert len(hours) == 1 and hours[0][4] == price
    assert hours[0][2] == max(row[2] for row in courses(world, "markPrice", symbol="BTCUSDT"))


def test_klines_of_trades_add_up() -> None:
    """What the places of a price would cut off is told."""
    world = World()
    for price, qty in (("107050.5", "0.333"), ("107050.7", "0.333"), ("107050.4", "0.334")):
        world.limit(BOB, "SELL", "BTCUSDT", qty, price)
        world.limit(ALICE, "BUY", "BTCUSDT", qty, price)
        world.wait(MINUTE)
    minutes = world.ask("GET /fapi/v1/klines", symbol="BTCUSDT", interval="1m", limit=4)
    (five,) = world.ask("GET /fapi/v1/klines", symbol="BTCUSDT", interval="5m")
    assert minutes[0][7] == "35647.81650"
    for at in (5, 7, 9, 10):
        assert sum(Decimal(row[at]) for row in minutes) == Decimal(five[at]) > 0


def test_prices(world: World) -> None:
    row = world.ask("GET /fapi/v1/premiumIndex", symbol="BTCUSDT")
    assert (row["indexPrice"], row["interestRate"]) == ("107000.00000000", "0.00010000")
    assert row["nextFundingTime"] == (BORN_US + 8 * HOUR) // 1000
    assert row["estimatedSettlePrice"] == row["indexPrice"]
    rows = world.ask("GET /dapi/v1/premiumIndex", pair="BTCUSD")
    dated = next(row for row in rows if row["symbol"] == "BTCUSD_251226")
    assert (dated["lastFundingRate"], dated["nextFundingTime"]) == ("", 0)
    assert world.ask("GET /fapi/v1/openInterest", symbol="BTCUSDT")["openInterest"] == "0.200"
    row = world.ask("GET /dapi/v1/openInterest", symbol="BTCUSD_PERP")
    assert (row["openInterest"], row["contractType"]) == ("10", "PERPETUAL")
    row = world.ask("GET /dapi/v1/constituents", symbol="BTCUSD")
    assert row["constituents"] == [{"exchange": "binance", "symbol": "BTCUSDT"}]
    row = world.ask("GET /fapi/v1/assetIndex", symbol="USDTUSD")
    assert (row["index"], row["bidBuffer"]) == ("1.00000000", "0.00000000")
    assert world.ask("GET /fapi/v1/indexInfo") == []
    (fund,) = world.ask("GET /fapi/v1/insuranceBalance")
    assert fund["assets"][0]["marginBalance"] == "10000000.00000000"
    assert world.ask("GET /fapi/v1/symbolAdlRisk", symbol="BTCUSDT")["adlRisk"] == "low"
    assert world.ask("GET /fapi/v1/tradingSchedule")["marketSchedules"] == {}
    info = world.ask("GET /fapi/v1/fundingInfo")
    assert info[0] == {
        "symbol": "BTCUSDT", "adjustedFundingRateCap": "0.00300000",
        "adjustedFundingRateFloor": "-0.00300000", "fundingIntervalHours": 8, "disclaimer": False,
    }  # fmt: skip


def test_adl_risk_rises_as_the_fund_empties() -> None:
    world = World()
    contract = world.pit.contracts["BTCUSDT"]
    worth = contract.notional(contract.marks.mark, parse_units("1000"))
    fund = world.pit.insurance(1)
    assert fund is not None
    levels = []
    for share in (5, 2, 0):
        contract.open_long = parse_units("1000")
        fund.wallet["USDT"].free = worth * share // 100 + share
        levels.append(world.ask("GET /fapi/v1/symbolAdlRisk", symbol="BTCUSDT")["adlRisk"])
    assert levels == ["low", "medium", "high"]


def test_fundings_are_a_history() -> None:
    world = World()
    for _ in range(3):
        world.now += 8 * HOUR
        world.wait(SECOND)
    rows = world.ask("GET /fapi/v1/fundingRate", symbol="BTCUSDT")
    assert [row["fundingTime"] for row in rows] == [
        (BORN_US + n * 8 * HOUR) // 1000 for n in (1, 2, 3)
    ]
    assert {row["fundingRate"] for row in rows} == {"0.00010000"}
    assert len(world.ask("GET /fapi/v1/fundingRate", limit=4)) == 4
    since = rows[1]["fundingTime"]
    rows = world.ask("GET /dapi/v1/fundingRate", symbol="BTCUSD_PERP", startTime=since, limit=1)
    assert rows == [{"symbol": "BTCUSD_PERP", "fundingTime": since, "fundingRate": "0.00010000"}]


def test_a_delivered_contract_has_its_price() -> None:
    world = World(("BTCUSDT",))
    assert world.ask("GET /futures/data/delivery-price", pair="BTCUSDT") == []
    contract = world.pit.contracts["BTCUSDT_251226"]
    world.now = contract.delivery_us - SECOND
    world.wait(2 * SECOND)
    (row,) = world.ask("GET /futures/data/delivery-price", pair="BTCUSDT")
    assert row["deliveryTime"] == 1766736000000 and row["deliveryPrice"] > 100_000
    names = [row["symbol"] for row in world.ask("GET /fapi/v1/exchangeInfo")["symbols"]]
    assert "BTCUSDT_251226" not in names and "BTCUSDT_260626" in names


def test_minutes_in_which_nothing_was_looked_at() -> None:
    """Time that was set forward at once: the minutes between have the price from before, whichever
    of them one asks for."""
    world = World()
    mark = {"symbol": "BTCUSDT", "interval": "1m"}
    world.now += 10 * MINUTE
    world.wait(SECOND)
    rows = world.ask("GET /fapi/v1/markPriceKlines", limit=3, **mark)
    assert [row[0] for row in rows] == [(BORN_US + at * MINUTE) // 1000 for at in (8, 9, 10)]
    world.now += 10 * MINUTE
    world.wait(SECOND)
    for what, ask in (("markPrice", mark), ("indexPrice", {"pair": "BTCUSDT", "interval": "1m"})):
        path = f"GET /fapi/v1/{what}Klines"
        whole = world.ask(path, **ask)
        assert len(whole) == 21 and whole[-1][0] == (BORN_US + 20 * MINUTE) // 1000
        assert world.ask(path, limit=3, **ask) == whole[-3:]
        between = {"startTime": whole[12][0], "endTime": whole[14][0]}
        assert world.ask(path, **between, **ask) == whole[12:15]
