"""A few hundred random orders, everything that the streams said of them, and what must hold of it:
every trade is told once on each stream, in one order for all, and adds up to what REST shows.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from tests.gateways.conftest import Server, running
from tests.streams.listening import ALICE, BOB, CAROL, Listener, LocalBook, call, listen_key, read

from tradepit.config import Config

SYMBOL = "LTCUSDT"
KEYS = (ALICE, BOB, CAROL)
STREAMS = ("trade", "aggTrade", "depth@100ms", "kline_1s", "kline_1m", "miniTicker", "ticker")
NEWEST = ("miniTicker", "ticker")
ORDERS = 150  # before REST is asked, and again after


class Record(NamedTuple):
    """What was heard of `STREAMS` by stream, by each of two listeners; of each account, by each of
    its two listeners; and what REST shows when all is over."""

    market: tuple[dict[str, list[Any]], dict[str, list[Any]]]
    accounts: dict[str, tuple[list[Any], list[Any]]]
    rest: dict[str, Any]


@pytest.fixture(scope="module")
def record() -> Iterator[Record]:
    life = running(Config(port=0, memory=True, market="empty", limits="off"))
    server = next(life)
    keys = {listen_key(server, key): key for key in KEYS}
    names = [f"ltcusdt@{name}" for name in STREAMS]
    target = "/stream?streams=" + "/".join([*keys, *names])
    ears = [Listener(server, target) for _ in range(2)]
    rng = random.Random(20)
    trade_at_random(server, rng)
    rest: dict[str, Any] = {"middle": depth(server)}
    trade_at_random(server, rng)
    rest["depth"] = depth(server)
    heard = [collect(ear, rest["depth"]["lastUpdateId"]) for ear in ears]
    rest["klines"] = read(server, f"/api/v3/klines?symbol={SYMBOL}&interval=1m&limit=10")
    rest["trades"] = read(server, f"/api/v3/trades?symbol={SYMBOL}&limit=1000")
    rest["aggTrades"] = read(server, f"/api/v3/aggTrades?symbol={SYMBOL}&limit=1000")
    for key in KEYS:
        rest[key.name] = {
            "orders": call(server, "GET", "/api/v3/allOrders", key, symbol=SYMBOL, limit=1000),
            "fills": call(server, "GET", "/api/v3/myTrades", key, symbol=SYMBOL, limit=1000),
            "account": call(server, "GET", "/api/v3/account", key),
        }
    accounts = {
        key.name: (heard[0].get(name, []), heard[1].get(name, [])) for name, key in keys.items()
    }
    yield Record((heard[0], heard[1]), accounts, rest)
    for ear in ears:
        ear.socket.close()
    life.close()  # type: ignore[attr-defined]


def depth(server: Server) -> Any:
    return read(server, f"/api/v3/depth?symbol={SYMBOL}&limit=5000")


def trade_at_random(server: Server, rng: random.Random) -> None:
    """Orders of all kinds of three accounts, and cancels."""
    for _ in range(ORDERS):
        key, pick = rng.choice(KEYS), rng.random()
        if pick < 0.15:
            resting = call(server, "GET", "/api/v3/openOrders", key, symbol=SYMBOL)
            if resting:
                number = rng.choice(resting)["orderId"]
                call(server, "DELETE", "/api/v3/order", key, symbol=SYMBOL, orderId=number)
            continue
        side = rng.choice(("BUY", "SELL"))
        asked = {"symbol": SYMBOL, "side": side, "quantity": f"0.{rng.randrange(200, 999)}"}
        if pick < 0.3:
            asked["type"] = "MARKET"
        else:
            price = 80 + rng.randrange(-12, 12) / 10 + (-0.4 if side == "BUY" else 0.4)
            life = rng.choice(("GTC", "GTC", "GTC", "IOC"))
            asked |= {"type": "LIMIT", "timeInForce": life, "price": f"{price:.2f}"}
        call(server, "POST", "/api/v3/order", key, **asked)
        time.sleep(0.005)  # over several beats of the streams


def collect(ear: Listener, update_id: int) -> dict[str, list[Any]]:
    """Everything that was said, by stream, until depth, candle and ticker tell all of it."""
    found: dict[str, list[Any]] = {}
    seen = traded = candle = ticker = 0
    while seen < update_id or min(candle, ticker) < traded:
        event = ear.next()
        name, data = event["stream"], event["data"]
        found.setdefault(name.removeprefix("ltcusdt@"), []).append(data)
        if data["e"] == "depthUpdate":
            seen = data["u"]
        elif data["e"] == "trade":
            traded = data["t"]
        elif name.endswith("kline_1m"):
            candle = max(candle, data["k"]["L"])  # -1 in a minute without trades
        elif name.endswith("@ticker"):
            ticker = data["L"]
    return found


def test_depth_goes_on_without_a_gap_to_the_book_of_rest(record: Record) -> None:
    for heard in record.market:
        events = heard["depth@100ms"]
        assert len(events) > 3 and all(event["U"] <= event["u"] for event in events)
        assert all(later["U"] == sooner["u"] + 1 for sooner, later in pairwise(events))
        book = LocalBook()
        for event in events:
            book.hear(event)
        assert book.start(record.rest["middle"])
        book.check(record.rest["depth"])


def test_each_trade_is_told_once_and_is_that_of_both_sides(record: Record) -> None:
    trades = record.market[0]["trade"]
    ids = [trade["t"] for trade in trades]
    assert len(ids) > 50 and ids == list(range(ids[0], ids[0] + len(ids)))
    shown = [(row["id"], row["price"], row["qty"], row["time"]) for row in record.rest["trades"]]
    assert [(t["t"], t["p"], t["q"], t["T"]) for t in trades] == shown
    sides = {True: {}, False: {}}  # type: ignore[var-annotated]
    for key in KEYS:
        for fill in record.rest[key.name]["fills"]:
            assert fill["id"] not in sides[fill["isBuyer"]]
            sides[fill["isBuyer"]][fill["id"]] = fill
    for trade in trades:
        buyer, seller = sides[True][trade["t"]], sides[False][trade["t"]]
        for fill in (buyer, seller):
            assert (fill["price"], fill["qty"], fill["time"]) == (
                trade["p"],
                trade["q"],
                trade["T"],
            )
        assert buyer["isMaker"] == trade["m"] and seller["isMaker"] != trade["m"]
    assert sides[True].keys() == sides[False].keys() == set(ids)


def test_aggregates_are_whole_runs_of_trades(record: Record) -> None:
    trades = {trade["t"]: trade for trade in record.market[0]["trade"]}
    aggs = record.market[0]["aggTrade"]
    assert [agg["a"] for agg in aggs] == list(range(aggs[0]["a"], aggs[0]["a"] + len(aggs)))
    assert aggs[0]["f"] == min(trades) and aggs[-1]["l"] == max(trades)
    assert all(later["f"] == sooner["l"] + 1 for sooner, later in pairwise(aggs))
    for agg in aggs:
        parts = [trades[number] for number in range(agg["f"], agg["l"] + 1)]
        assert {part["p"] for part in parts} == {agg["p"]}
        assert {part["m"] for part in parts} == {agg["m"]}
        assert {part["T"] for part in parts} == {agg["T"]}
        assert sum(Decimal(part["q"]) for part in parts) == Decimal(agg["q"])
    shown = [(row["a"], row["p"], row["q"], row["f"], row["l"]) for row in record.rest["aggTrades"]]
    assert [(agg["a"], agg["p"], agg["q"], agg["f"], agg["l"]) for agg in aggs] == shown


@pytest.mark.parametrize("name", ["kline_1s", "kline_1m"])
def test_candles_are_folds_of_the_trades(record: Record, name: str) -> None:
    trades = record.market[0]["trade"]
    last = {event["k"]["t"]: event["k"] for event in record.market[0][name]}
    checked = 0
    for candle in last.values():
        inside = [trade for trade in trades if candle["t"] <= trade["T"] <= candle["T"]]
        inside = [trade for trade in inside if trade["t"] <= candle["L"]]
        assert candle["n"] == len(inside)
        if not inside:
            continue
        checked += 1
        prices = [Decimal(trade["p"]) for trade in inside]
        assert [Decimal(candle[k]) for k in "ohlc"] == [
            prices[0], max(prices), min(prices), prices[-1],
        ]  # fmt: skip
        quotes = [(Decimal(t["q"]), Decimal(t["q"]) * Decimal(t["p"]), t["m"]) for t in inside]
        assert Decimal(candle["v"]) == sum(row[0] for row in quotes)
        assert Decimal(candle["q"]) == sum(row[1] for row in quotes)
        assert Decimal(candle["V"]) == sum(row[0] for row in quotes if not row[2])
        assert Decimal(candle["Q"]) == sum(row[1] for row in quotes if not row[2])
        assert (candle["f"], candle["L"]) == (inside[0]["t"], inside[-1]["t"])
    assert checked
    if name == "kline_1m":
        for row in record.rest["klines"]:
            told = last.get(row[0])
            if told is not None and told["L"] == trades[-1]["t"]:
                fields = [told[k] for k in ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q")]
                assert fields == row[:11]


def test_tickers_are_folds_of_their_day(record: Record) -> None:
    trades = record.market[0]["trade"]
    for ticker in record.market[0]["ticker"]:
        inside = [trade for trade in trades if trade["t"] <= ticker["L"]]
        assert ticker["n"] == len(inside) and ticker["F"] == trades[0]["t"]
        prices = [Decimal(trade["p"]) for trade in inside]
        assert [Decimal(ticker[k]) for k in "ohlc"] == [
            prices[0], max(prices), min(prices), prices[-1],
        ]  # fmt: skip
        assert Decimal(ticker["v"]) == sum(Decimal(trade["q"]) for trade in inside)
    assert record.market[0]["ticker"] and record.market[0]["miniTicker"]


def test_accounts_are_told_each_fill_once_and_the_truth_at_last(record: Record) -> None:
    trades = {trade["t"]: trade for trade in record.market[0]["trade"]}
    for key in KEYS:
        events, rest = record.accounts[key.name][0], record.rest[key.name]
        reports = [event for event in events if event["e"] == "executionReport"]
        fills = [report for report in reports if report["x"] == "TRADE"]
        assert [
            (f["t"], f["i"], f["L"], f["l"], f["n"], f["N"], f["T"], f["m"]) for f in fills
        ] == [
            (
                row["id"], row["orderId"], row["price"], row["qty"], row["commission"],
                row["commissionAsset"], row["time"], row["isMaker"],
            )
            for row in sorted(rest["fills"], key=lambda row: int(row["id"]))
        ]  # fmt: skip
        assert all(trades[fill["t"]]["q"] == fill["l"] for fill in fills)
        last = {report["i"]: report for report in reports}
        assert {
            number: (report["X"], report["z"], report["Z"]) for number, report in last.items()
        } == {
            row["orderId"]: (row["status"], row["executedQty"], row["cummulativeQuoteQty"])
            for row in rest["orders"]
        }
        told = {
            row["a"]: (row["f"], row["l"])
            for event in events if event["e"] == "outboundAccountPosition"
            for row in event["B"]
        }  # fmt: skip
        shown = {row["asset"]: (row["free"], row["locked"]) for row in rest["account"]["balances"]}
        assert told and told == {asset: shown[asset] for asset in told}


def test_all_listeners_hear_one_order_and_no_event_is_older_than_its_cause(record: Record) -> None:
    first, second = record.market
    for name, events in first.items():
        others = second[name]
        shared = min(len(events), len(others))
        if name in NEWEST:  # who reads late hears fewer of these
            by_time = {event["E"]: event for event in others}
            assert all(event == by_time.get(event["E"], event) for event in events), name
        else:
            assert shared and events[:shared] == others[:shared], name
        assert all(sooner["E"] <= later["E"] for sooner, later in pairwise(events)), name
        assert all(event["E"] >= event["T"] for event in events if "T" in event), name
    for one, other in record.accounts.values():
        assert one == other
        order_life = [event for event in one if event["e"] == "executionReport"]
        for number in {event["i"] for event in order_life}:
            mine = [event for event in order_life if event["i"] == number]
            assert mine[0]["x"] == "NEW" and [e["x"] for e in mine].count("NEW") == 1
            done = [Decimal(event["z"]) for event in mine]
            assert done == sorted(done)
