"""What folds over time tells what REST tells: klines, 24 hours, marks, whenever one begins to
listen."""

from __future__ import annotations

from typing import Any

import pytest
from tests.futures_data.ask import BORN_US, DAY, HOUR
from tests.futures_streams.told import BOB, MINUTE, SECOND, Ear, Told, live

from tradepit.core.delivery import quarter_end


def row_of(kline: Any) -> list[Any]:
    """A stream's kline as REST's row."""
    return [kline[name] for name in "tohlcvTqnVQB"]


def closed(ear: Ear, stream: str) -> list[list[Any]]:
    return [row_of(event["k"]) for event in ear.of(stream) if event["k"]["x"]]


def lively(world: Told, minutes: int) -> None:
    """Trades and moving spot quotes, minute for minute; every fourth one is quiet. The last second
    of a minute is looked at behind its last beat."""
    for n in range(minutes):
        if n % 4 != 3:
            price = 107_000 + 7 * (n % 9)
            for symbol in ("BTCUSDT", "BTCUSD_PERP"):
                world.trade(symbol, ("BUY", "SELL")[n % 2], price=price)
            quote(world, 106_991 + n % 13)
        world.wait(MINUTE - world.now % MINUTE - 3 * SECOND // 2)
        quote(world, 106_991 + n % 7)
        world.jump(14 * SECOND // 10)
        world.jump(SECOND // 10)


def quote(world: Told, price: int) -> None:
    world.do("DELETE /api/v3/openOrders", BOB, symbol="BTCUSDT")
    for side, step in (("BUY", 0), ("SELL", 19)):
        world.do(
            "POST /api/v3/order", BOB, symbol="BTCUSDT", side=side, type="LIMIT", quantity="0.1",
            price=str(price + step), timeInForce="GTC",
        )  # fmt: skip


KLINES = [
    ("usdm", "btcusdt@kline_1m", "GET /fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "1m"}),
    ("usdm", "btcusdt@kline_5m", "GET /fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "5m"}),
    ("usdm", "btcusdt_perpetual@continuousKline_3m", "GET /fapi/v1/continuousKlines",
     {"pair": "BTCUSDT", "contractType": "PERPETUAL", "interval": "3m"}),
    ("coinm", "btcusd_perp@kline_15m", "GET /dapi/v1/klines",
     {"symbol": "BTCUSD_PERP", "interval": "15m"}),
    ("coinm", "btcusd_perp@markPriceKline_1m", "GET /dapi/v1/markPriceKlines",
     {"symbol": "BTCUSD_PERP", "interval": "1m"}),
    ("coinm", "btcusd_perp@markPriceKline_5m", "GET /dapi/v1/markPriceKlines",
     {"symbol": "BTCUSD_PERP", "interval": "5m"}),
    ("coinm", "btcusd@indexPriceKline_1m", "GET /dapi/v1/indexPriceKlines",
     {"pair": "BTCUSD", "interval": "1m"}),
    ("coinm", "btcusd@indexPriceKline_30m", "GET /dapi/v1/indexPriceKlines",
     {"pair": "BTCUSD", "interval": "30m"}),
    ("usdm", "btcusd@indexPriceKline_1h", "GET /dapi/v1/indexPriceKlines",
     {"pair": "BTCUSD", "interval": "1h"}),
    ("usdm", "btcusd_perp@markPriceKline_2h", "GET /dapi/v1/markPriceKlines",
     {"symbol": "BTCUSD_PERP", "interval": "2h"}),
]  # fmt: skip


def test_klines() -> None:
    """Who listens from the start, and who comes in the middle of a kline, hears REST's klines."""

    async def scenario() -> None:
        world = Told()
        world.open_market()
        early, late = Ear(), Ear()
        for venue, stream, _, _ in KLINES:
            world.hear(venue, stream, ear=early)
        lively(world, 7)
        world.wait(20 * SECOND)
        for venue, stream, _, _ in KLINES:
            other = "coinm" if venue == "usdm" else "usdm"
            world.hear(other, stream, ear=late)
        await world.drained()
        lively(world, 27)
        for hour in (1, 2):  # on the hour there is a command, and nothing for a while before
            world.jump(hour * HOUR - (world.now - BORN_US))
        for _, stream, op, params in KLINES:
            rows = [row for row in world.ask(op, limit=1000, **params) if row[6] < world.now / 1000]
            told = closed(early, stream)
            assert told == rows[-len(told) :], stream
            assert len(told) == len(rows)
            told = closed(late, stream)
            assert told and told == rows[-len(told) :], stream
            assert late.of(stream)[-1] == early.of(stream)[-1]

    live(scenario)


def test_days() -> None:
    async def scenario() -> None:
        world = Told()
        world.open_market()
        ear = world.hear("usdm", "btcusdt@ticker", "btcusdt@miniTicker", "!ticker@arr")
        coin = world.hear("coinm", "btcusd_perp@ticker", "!miniTicker@arr")
        lively(world, 6)
        for venue, heard, symbol in (("fapi", ear, "BTCUSDT"), ("dapi", coin, "BTCUSD_PERP")):
            world.trade(symbol, price=107_005)
            world.wait(2 * SECOND)
            shown = world.ask(f"GET /{venue}/v1/ticker/24hr", symbol=symbol)
            shown = shown[0] if isinstance(shown, list) else shown
            ticker = heard.last(f"{symbol.lower()}@ticker")
            quote = shown.get("quoteVolume") or shown["baseVolume"]
            wanted = {
                "p": shown["priceChange"], "P": shown["priceChangePercent"],
                "w": shown["weightedAvgPrice"], "c": shown["lastPrice"], "Q": shown["lastQty"],
                "o": shown["openPrice"], "h": shown["highPrice"], "l": shown["lowPrice"],
                "v": shown["volume"], "q": quote, "F": shown["firstId"], "L": shown["lastId"],
                "n": shown["count"],
            }  # fmt: skip
            assert {name: ticker[name] for name in wanted} == wanted
        mini = ear.last("btcusdt@miniTicker")
        (row,) = ear.last("!ticker@arr")
        assert row["s"] == "BTCUSDT" and mini["c"] == row["c"] == "107005.00"
        assert [row["s"] for row in coin.last("!miniTicker@arr")] == ["BTCUSD_PERP"]
        speeds = dict.fromkeys(("btcusdt@ticker", "btcusdt@miniTicker"), 2000)
        for stream, speed in speeds.items():
            assert all(event["E"] % speed == 0 for event in ear.of(stream))
        assert any(event["E"] % 1_000 == 500 for event in coin.of("btcusd_perp@ticker"))

    live(scenario)


@pytest.mark.parametrize("speed", ["", "@1s"])
def test_marks(speed: str) -> None:
    async def scenario() -> None:
        world = Told()
        world.open_market()
        ear = world.hear("usdm", f"!markPrice@arr{speed}", f"btcusd@markPrice{speed}")
        coin = world.hear("coinm", f"btcusd@indexPrice{speed}", f"btcusd_perp@markPrice{speed}")
        world.wait(9 * SECOND)
        step = 1_000 if speed else 3_000
        for stream, heard in ((f"!markPrice@arr{speed}", ear), (f"btcusd@indexPrice{speed}", coin)):
            times = [row[0]["E"] if isinstance(row, list) else row["E"] for row in heard.of(stream)]
            assert times == list(range(times[0], times[-1] + 1, step))
            assert len(times) == 9_000 // step
        shown = {row["symbol"]: row for row in world.ask("GET /fapi/v1/premiumIndex")}
        told = ear.last(f"!markPrice@arr{speed}")
        assert [row["s"] for row in told] == list(shown)
        for row in told:
            rest = shown[row["s"]]
            assert (row["p"], row["i"], row["P"], row["r"], row["T"]) == (
                rest["markPrice"], rest["indexPrice"], rest["estimatedSettlePrice"],
                rest["lastFundingRate"], rest["nextFundingTime"],
            )  # fmt: skip
        pair = ear.last(f"btcusd@markPrice{speed}")  # of the other venue
        rows = world.ask("GET /dapi/v1/premiumIndex", pair="BTCUSD")
        assert [row["s"] for row in pair] == [row["symbol"] for row in rows]
        quarter = pair[1]
        assert (quarter["r"], quarter["T"]) == ("", 0)
        assert coin.last(f"btcusd_perp@markPrice{speed}") == pair[0]
        assert coin.last(f"btcusd@indexPrice{speed}")["p"] == pair[0]["i"]

    live(scenario)


def test_asset_indexes() -> None:
    async def scenario() -> None:
        world = Told()
        world.open_market()
        ear = world.hear("usdm", "!assetIndex@arr", "btcusd@assetIndex")
        world.wait(SECOND)
        shown = world.ask("GET /fapi/v1/assetIndex")
        names = {
            "s": "symbol", "i": "index", "b": "bidBuffer", "a": "askBuffer", "B": "bidRate",
            "A": "askRate", "q": "autoExchangeBidBuffer", "g": "autoExchangeAskBuffer",
            "Q": "autoExchangeBidRate", "G": "autoExchangeAskRate",
        }  # fmt: skip
        rows = [{short: row[long] for short, long in names.items()} for row in shown]
        told = ear.last("!assetIndex@arr")
        assert [{name: row[name] for name in names} for row in told] == rows
        assert ear.last("btcusd@assetIndex") in told

    live(scenario)


def test_a_quarter_is_delivered() -> None:
    """The contract is told of as settled, the next one as listed; the pair's quarter goes on as
    another contract, and so do the best quotes of all."""

    async def scenario() -> None:
        world = Told()
        world.open_market()
        ear = world.hear(
            "coinm", "!contractInfo", "btcusd_current_quarter@continuousKline_1d", "!bookTicker",
            "btcusd_251226@kline_1w", "btcusd_251226@forceOrder", "btcusd_251226@depth@100ms",
            "btcusd_perp@depth@100ms",
        )  # fmt: skip
        usdm = world.hear("usdm", "!contractInfo")
        world.limit(BOB, "SELL", "BTCUSD_251226", "5", "107010")
        end_us = quarter_end(world.now)
        world.jump(end_us - world.now - DAY)
        world.jump(DAY - 3 * HOUR)
        for price in ("107005", "107008"):
            for side in ("SELL", "BUY"):
                world.limit(BOB, side, "BTCUSD_251226", "5", price)
                world.wait(SECOND)
        world.jump(end_us - world.now)
        told = [event for event in ear.of("!contractInfo") if event["ps"] == "BTCUSD"]
        assert list(told[0]) == ["e", "E", "s", "ps", "ct", "dt", "ot", "cs"]
        assert [(row["s"], row["ct"], row["cs"]) for row in told] == [
            ("BTCUSD_251226", "CURRENT_QUARTER", "DELIVERED"),
            ("BTCUSD_260626", "NEXT_QUARTER", "TRADING"),
        ]
        assert (told[1]["ot"], told[0]["dt"]) == (end_us // 1000, end_us // 1000)
        assert {event["ps"] for event in usdm.of("!contractInfo")} == {"BTCUSDT", "ETHUSDT"}
        world.limit(BOB, "SELL", "BTCUSD_260626", "5", "107011")
        assert ear.last("!bookTicker")["s"] == "BTCUSD_260626"
        world.limit(BOB, "SELL", "BTCUSD_260327", "5", "107010")
        world.limit(BOB, "BUY", "BTCUSD_260327", "5", "107010")
        world.wait(SECOND)
        kline = ear.last("btcusd_current_quarter@continuousKline_1d")
        assert (kline["ct"], kline["k"]["c"], kline["k"]["n"]) == ("CURRENT_QUARTER", "107010.0", 3)
        late = world.hear("coinm", "btcusd_current_quarter@continuousKline_1d")
        await world.drained()
        world.wait(SECOND)
        assert late.last("btcusd_current_quarter@continuousKline_1d")["k"] == kline["k"]
        (row,) = world.ask(
            "GET /dapi/v1/continuousKlines", pair="BTCUSD", contractType="CURRENT_QUARTER",
            interval="1d", limit=1,
        )  # fmt: skip
        shown = [kline["k"][name] for name in "tohlcvTqnVQ"]
        assert shown == row[:11], "both contracts' trades of the day"
        world.jump(100 * DAY)  # the settled contract is forgotten; who hears it hears nothing
        world.rebuild()
        world.limit(BOB, "BUY", "BTCUSD_PERP", "7", "100000")
        world.wait(SECOND)
        assert ear.last("btcusd_perp@depth@100ms")["b"] == [["100000.0", "7"]]

    live(scenario)


def test_what_is_over_is_silent_and_what_comes_is_heard() -> None:
    """A delivered contract has no price, its last klines are closed; who waits for the next quarter
    by its name hears it as soon as it is listed."""
    old, new = "btcusd_251226", "btcusd_260626"
    klines = (f"{old}@kline_1m", f"{old}@markPriceKline_1m",
              "btcusd_current_quarter@continuousKline_1m")  # fmt: skip

    async def scenario() -> None:
        world = Told()
        world.open_market()
        for side in ("SELL", "BUY"):
            world.limit(BOB, side, old.upper(), "5", "107010")
        end_us = quarter_end(world.now)
        world.jump(end_us - world.now - 10 * SECOND)
        ear = world.hear("coinm", *klines, f"{old}@markPrice@1s", f"{new}@aggTrade", "no@such")
        await world.drained()
        world.wait(10 * SECOND)
        last_ms = end_us // 1000 - 60_000
        for stream in klines:
            told = [event["k"] for event in ear.of(stream)]
            assert [(k["t"], k["x"]) for k in told][-1] == (last_ms, True), stream
        before = len(ear.heard)
        world.wait(3 * MINUTE)
        assert {name for name, _ in ear.heard[before:]} <= {klines[2]}
        assert ear.last(f"{old}@markPrice@1s")["E"] == end_us // 1000 - 1000
        for side in ("SELL", "BUY"):
            world.limit(BOB, side, new.upper(), "5", "107010")
        world.wait(SECOND)
        assert [event["s"] for event in ear.of(f"{new}@aggTrade")] == [new.upper()]
        for what in ("klines", "markPriceKlines"):
            rows = world.ask(f"GET /dapi/v1/{what}", symbol=old.upper(), interval="1m", limit=2)
            assert rows[-1][0] == last_ms, what

    live(scenario)


def test_a_month_at_once() -> None:
    """What repeats itself is not repeated for time that is jumped over; what closes is told."""

    async def scenario() -> None:
        world = Told()
        world.open_market()
        ear = world.hear("usdm", "!markPrice@arr@1s", "!assetIndex@arr", "btcusdt@depth5")
        world.wait(MINUTE)
        before = len(ear.heard)
        world.now += 30 * DAY
        world.hub.advance(world.now)
        assert len(ear.heard) - before < 10
        assert ear.last("!markPrice@arr@1s")[0]["E"] * 1000 == world.now
        coin = world.hear("coinm", "btcusd_perp@markPriceKline_1d")
        await world.drained()
        world.now += 30 * DAY
        world.hub.advance(world.now)
        assert len(closed(coin, "btcusd_perp@markPriceKline_1d")) == 30

    live(scenario)
