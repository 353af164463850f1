"""What each stream says: its fields, their order, and the same figures that REST shows."""

from __future__ import annotations

from typing import Any

import pytest
from tests.gateways.conftest import Server
from tests.streams.listening import ALICE, BOB, Listener, advance, call, order, read, trade

from tradepit.core.bars import INTERVALS


def listening(server: Server, *names: str) -> Listener:
    return Listener(server, "/stream?streams=" + "/".join(names))


def said(listener: Listener, name: str, within_s: float = 6) -> Any:
    return listener.until(lambda found: found["stream"] == name, within_s)["data"]


def test_trades_and_aggregate_trades(server: Server) -> None:
    with listening(server, "bnbusdt@trade", "bnbusdt@aggTrade") as listener:
        for price in ("600", "600", "601"):
            order(server, ALICE, "BNBUSDT", "SELL", "0.1", price)
        order(server, BOB, "BNBUSDT", "BUY", "0.3", "601")
        trade(server, "BNBUSDT", "0.1", "599", taker="SELL")
        events = [listener.next()["data"] for _ in range(7)]
    trades = [event for event in events if event["e"] == "trade"]
    aggs = [event for event in events if event["e"] == "aggTrade"]
    assert list(trades[0]) == ["e", "E", "s", "t", "p", "q", "T", "m", "M"]
    assert list(aggs[0]) == ["e", "E", "s", "a", "p", "q", "f", "l", "T", "m", "M"]
    rows = read(server, "/api/v3/trades?symbol=BNBUSDT&limit=4")
    assert [(e["t"], e["p"], e["q"], e["T"], e["m"]) for e in trades] == [
        (row["id"], row["price"], row["qty"], row["time"], row["isBuyerMaker"]) for row in rows
    ]
    assert [trade["m"] for trade in trades] == [False, False, False, True]
    shown = read(server, "/api/v3/aggTrades?symbol=BNBUSDT&limit=3")
    assert [{name: event[name] for name in "apqflTmM"} for event in aggs] == shown


def test_the_best_of_the_book(server: Server) -> None:
    with listening(server, "adausdt@bookTicker", "adausdt@depth5@100ms") as listener:
        order(server, ALICE, "ADAUSDT", "SELL", "100", "0.7")
        order(server, ALICE, "ADAUSDT", "SELL", "100", "0.8")  # changes nothing of the best
        order(server, ALICE, "ADAUSDT", "BUY", "50", "0.5")
        tickers = [said(listener, "adausdt@bookTicker") for _ in range(2)]
        assert list(tickers[0]) == ["u", "s", "b", "B", "a", "A"]
        assert (tickers[0]["b"], tickers[0]["a"]) == ("0.00000000", "0.70000000")
        best = read(server, "/api/v3/ticker/bookTicker?symbol=ADAUSDT")
        assert [tickers[1][n] for n in "sbBaA"] == list(best.values())
        depth = read(server, "/api/v3/depth?symbol=ADAUSDT&limit=5")
        assert tickers[1]["u"] == depth["lastUpdateId"]
        found = listener.until(lambda event: event["data"] == depth)
        assert list(found["data"]) == ["lastUpdateId", "bids", "asks"]


@pytest.mark.parametrize("levels", [5, 10, 20])
def test_partial_depth_is_rests(server: Server, levels: int) -> None:
    for n in range(25):
        order(server, ALICE, "XRPUSDT", "BUY", "20", f"0.5{n:02d}")
    name = f"xrpusdt@depth{levels}"
    with listening(server, name) as first, listening(server, name) as second:
        wanted = read(server, f"/api/v3/depth?symbol=XRPUSDT&limit={levels}")
        assert len(wanted["bids"]) == levels
        assert said(first, name) == wanted == said(second, name)
        with listening(server, name) as late:  # the book is quiet, and shown all the same
            assert said(late, name) == wanted


def test_diff_depth(server: Server) -> None:
    with listening(server, "ltcusdt@depth", "ltcusdt@depth@100ms") as listener:
        placed = order(server, ALICE, "LTCUSDT", "SELL", "1", "90")
        fast = said(listener, "ltcusdt@depth@100ms")
        assert list(fast) == ["e", "E", "s", "U", "u", "b", "a"]
        assert (fast["e"], fast["s"], fast["b"]) == ("depthUpdate", "LTCUSDT", [])
        assert fast["a"] == [["90.00000000", "1.00000000"]] and fast["E"] % 100 == 0

        call(server, "DELETE", "/api/v3/order", symbol="LTCUSDT", orderId=placed["orderId"])
        gone = said(listener, "ltcusdt@depth@100ms")
        assert gone["a"] == [["90.00000000", "0.00000000"]]
        assert gone["U"] == fast["u"] + 1
        slow = said(listener, "ltcusdt@depth")
        assert slow["E"] % 1000 == 0 and slow["U"] == fast["U"]


KLINE = ["t", "T", "s", "i", "f", "L", "o", "c", "h", "l", "v", "n", "x", "q", "V", "Q", "B"]


def row_of(kline: Any) -> list[Any]:
    """The row that GET /klines shows of a kline."""
    return [kline[name] for name in ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B")]


@pytest.mark.parametrize("zone", ["", "@+08:00"])
def test_klines_are_rests(server: Server, zone: str) -> None:
    trade(server, "SOLUSDT", "0.1", "150")
    trade(server, "SOLUSDT", "0.1", "151", taker="SELL")
    names = {interval: f"solusdt@kline_{interval}{zone}" for interval in INTERVALS}
    with listening(server, *names.values()) as listener:
        found: dict[str, Any] = {}
        while len(found) < len(names):
            event = listener.next()
            found[event["stream"]] = event["data"]
    for interval, name in names.items():
        event = found[name]
        assert list(event) == ["e", "E", "s", "k"] and list(event["k"]) == KLINE
        assert (event["k"]["i"], event["k"]["s"], event["s"]) == (interval, "SOLUSDT", "SOLUSDT")
        more = "&timeZone=8" if zone else ""
        rows = read(
            server,
            f"/api/v3/klines?symbol=SOLUSDT&interval={interval}&startTime={event['k']['t']}"
            f"&limit=1{more}",
        )
        if interval != "1s":
            assert event["k"]["n"] >= 2 and event["k"]["L"] - event["k"]["f"] + 1 == event["k"]["n"]
        assert rows == [row_of(event["k"])], interval


def test_each_kline_closes_once(server: Server) -> None:
    """The bar of the first trade, bars in which nothing happens, and the clock set forward."""
    names = [f"dogeusdt@kline_{interval}" for interval in ("1m", "5m", "1h", "1d")]
    with listening(server, *names) as listener:
        advance(server, "61s")
        trade(server, "DOGEUSDT", "100", "0.2")
        advance(server, "30s")
        trade(server, "DOGEUSDT", "100", "0.3")
        advance(server, "3m")
        trade(server, "DOGEUSDT", "100", "0.25")
        advance(server, "25h")
        events = [event["data"] for event in listener.all(2.5)]
    assert events
    for interval, low, high in (
        ("1m", 1_500, 1_506),
        ("5m", 300, 303),
        ("1h", 25, 26),
        ("1d", 1, 2),
    ):
        closed = [e["k"] for e in events if e["k"]["i"] == interval and e["k"]["x"]]
        opens = [kline["t"] for kline in closed]
        assert opens == sorted(set(opens)) and low <= len(closed) <= high, (interval, len(closed))
        assert closed[0]["n"] >= 1, "the first kline is that of the first trade"
        rows: list[Any] = []
        while len(rows) < len(closed):
            start = rows[-1][6] + 1 if rows else opens[0]
            rows += read(
                server,
                f"/api/v3/klines?symbol=DOGEUSDT&interval={interval}&startTime={start}&limit=1000",
            )
        assert [row_of(kline) for kline in closed] == rows[: len(closed)]
        assert sum(kline["n"] for kline in closed) == 3


DAY = ["e", "E", "s", "p", "P", "w", "x", "c", "Q", "b", "B", "a", "A", "o", "h", "l", "v", "q",
       "O", "C", "F", "L", "n"]  # fmt: skip
FULL = {
    "p": "priceChange", "P": "priceChangePercent", "w": "weightedAvgPrice",
    "x": "prevClosePrice", "c": "lastPrice", "Q": "lastQty", "b": "bidPrice", "B": "bidQty",
    "a": "askPrice", "A": "askQty", "o": "openPrice", "h": "highPrice", "l": "lowPrice",
    "v": "volume", "q": "quoteVolume", "F": "firstId", "L": "lastId", "n": "count",
}  # fmt: skip


def test_tickers_are_rests(server: Server) -> None:
    trade(server, "LINKUSDT", "1", "14")
    trade(server, "LINKUSDT", "2", "15", taker="SELL")
    order(server, ALICE, "LINKUSDT", "SELL", "3", "16")
    names = ["linkusdt@ticker", "linkusdt@miniTicker", "linkusdt@ticker_1h",
             "linkusdt@ticker_4h", "linkusdt@ticker_1d"]  # fmt: skip
    with listening(server, *names) as listener:
        found = {name: said(listener, name) for name in names}
    day = found["linkusdt@ticker"]
    assert list(day) == DAY and day["e"] == "24hrTicker"
    shown = read(server, "/api/v3/ticker/24hr?symbol=LINKUSDT")
    assert {n: day[n] for n in FULL} == {n: shown[name] for n, name in FULL.items()}
    assert day["C"] - day["O"] == 86_400_000
    mini = found["linkusdt@miniTicker"]
    assert list(mini) == ["e", "E", "s", "c", "o", "h", "l", "v", "q"]
    assert mini["e"] == "24hrMiniTicker"
    assert {n: mini[n] for n in "cohlvq"} == {n: day[n] for n in "cohlvq"}
    for size in ("1h", "4h", "1d"):
        event = found[f"linkusdt@ticker_{size}"]
        assert list(event) == ["e", "E", "s", "p", "P", "o", "h", "l", "c", "w", "v", "q", "O",
                               "C", "F", "L", "n"]  # fmt: skip
        assert event["e"] == f"{size}Ticker" and event["O"] % 60_000 == 0
        shown = read(server, f"/api/v3/ticker?symbol=LINKUSDT&windowSize={size}")
        same = {n: name for n, name in FULL.items() if n in event}
        assert {n: event[n] for n in same} == {n: shown[name] for n, name in same.items()}


@pytest.mark.parametrize(
    ("name", "kind"),
    [("!miniTicker@arr", "24hrMiniTicker"), ("!ticker@arr", "24hrTicker"),
     ("!ticker_1h@arr", "1hTicker"), ("!ticker_4h@arr", "4hTicker"),
     ("!ticker_1d@arr", "1dTicker")],
)  # fmt: skip
def test_arrays_hold_what_changed(server: Server, name: str, kind: str) -> None:
    with listening(server, name) as listener:
        trade(server, "LINKUSDT", "1", "14")
        trade(server, "LTCUSDT", "1", "90")
        rows: list[Any] = []
        while len(rows) < 2:
            rows += said(listener, name)
        assert sorted((row["s"], row["e"]) for row in rows) == [
            ("LINKUSDT", kind), ("LTCUSDT", kind),
        ]  # fmt: skip


def test_the_average_price(server: Server) -> None:
    trade(server, "LTCUSDT", "1", "91")
    with listening(server, "ltcusdt@avgPrice") as listener:
        event = said(listener, "ltcusdt@avgPrice")
    assert list(event) == ["e", "E", "s", "i", "w", "T"]
    shown = read(server, "/api/v3/avgPrice?symbol=LTCUSDT")
    assert (event["i"], event["w"], event["T"]) == ("5m", shown["price"], shown["closeTime"])


def test_the_reference_price(server: Server) -> None:
    answer = server.request(
        "PUT", "/_tradepit/v1/symbols", b'{"symbol":"LTCUSDT","referencePrice":"92.5"}',
        content_type="application/json",
    )  # fmt: skip
    assert answer.status == 200, answer.body
    with listening(server, "ltcusdt@referencePrice") as listener:
        event = said(listener, "ltcusdt@referencePrice")
        assert list(event) == ["e", "s", "r", "t"]
        assert (event["e"], event["s"], event["r"]) == (
            "referencePrice", "LTCUSDT", "92.50000000",
        )  # fmt: skip
        server.request(
            "PUT", "/_tradepit/v1/symbols", b'{"symbol":"LTCUSDT","noReferencePrice":true}',
            content_type="application/json",
        )  # fmt: skip
        assert said(listener, "ltcusdt@referencePrice")["r"] is None
