"""A symbol's price put somewhere: the last trade at once, the residents' books soon."""

from __future__ import annotations

from pathlib import Path

from tests.control.conftest import Pit, running_pit
from tests.gateways.conftest import running

from tradepit.config import Config


def last(pit: Pit) -> float:
    return float(pit.server.request("GET", "/api/v3/ticker/price?symbol=BTCUSDT").json["price"])


def test_the_last_price_is_there_at_once() -> None:
    for pit in running_pit(limits="off"):
        row = pit.done("PUT", "market", symbol="BTCUSDT", last="50000")
        assert (row["symbol"], row["last"]) == ("BTCUSDT", "50000.00000000")
        assert last(pit) == 50_000
        assert pit.done("GET", "audit")["balanced"]
        for ask, code in (
            ({"symbol": "BTCUSDT", "last": "50000.001"}, -1130),
            ({"symbol": "BTCUSDT", "last": "0"}, -1130),
            ({"symbol": "NOTHING", "last": "1"}, -1121),
        ):
            assert pit.no("PUT", "market", **ask)[0] == code
        pit.done("PUT", "symbols", symbol="BTCUSDT", status="HALT")
        assert pit.no("PUT", "market", symbol="BTCUSDT", last="50000")[0] == -2010


def test_residents_are_there_at_once() -> None:
    """The clock stands still: a bid above the new price is filled, a stop between is set off, and
    nothing trades far from it."""
    for server in running(
        Config(port=0, memory=True, limits="off", speed="0", symbol=("BTCUSDT",))
    ):
        pit = Pit(server)
        pit.order("alice", "BUY", "0.3", "60000")
        stop = "symbol=BTCUSDT&side=SELL&type=STOP_LOSS&quantity=0.1&stopPrice=52000"
        assert pit.signed("POST", "/api/v3/order", stop, name="bob").status == 200
        before = server.request("GET", "/api/v3/trades?symbol=BTCUSDT&limit=1").json[0]["id"]
        pit.done("PUT", "market", symbol="BTCUSDT", last="50000")
        found = book_of(pit)
        assert 49_900 < found["bid"] < found["ask"] < 50_100 and found["bidDepth"] > 1
        assert pit.signed("GET", "/api/v3/openOrders").json == []
        path = f"/api/v3/historicalTrades?symbol=BTCUSDT&fromId={before + 1}"
        prices = [float(row["price"]) for row in server.request("GET", path).json]
        assert prices[0] == 60_000 and 50_000 in prices
        assert all(49_900 < price < 50_100 for price in prices[1:])
        (sold,) = pit.signed("GET", "/api/v3/myTrades", "symbol=BTCUSDT", name="bob").json
        assert abs(float(sold["price"]) - 50_000) < 100
        assert pit.done("GET", "audit")["balanced"]


def test_residents_follow() -> None:
    for server in running(Config(port=0, memory=True, limits="off", market="calm")):
        pit = Pit(server)
        pit.done("PUT", "clock", speed="0")
        for target in (last(pit) * 0.9, last(pit) * 1.1):
            price = round(target)
            pit.done("PUT", "market", symbol="BTCUSDT", last=str(price))
            pit.done("POST", "clock/advance", by="30m")
            book = server.request("GET", "/api/v3/ticker/bookTicker?symbol=BTCUSDT").json
            assert abs(float(book["bidPrice"]) / price - 1) < 0.01
            assert abs(float(book["askPrice"]) / price - 1) < 0.01
            assert abs(last(pit) / price - 1) < 0.01
        assert pit.done("GET", "audit")["balanced"]


def book_of(pit: Pit, symbol: str = "BTCUSDT") -> dict[str, float]:
    (row,) = pit.done("GET", "market", symbol=symbol)["symbols"]
    return {name: float(row[name]) for name in ("last", "bid", "ask", "spread", "bidDepth")}


def test_what_is_shown_of_a_market() -> None:
    for pit in running_pit(limits="off"):
        pit.order("bob", "SELL", "0.5", "50100")
        pit.order("bob", "SELL", "3", "52000")  # farther than 1 % away
        pit.order("bob", "BUY", "0.25", "49900")
        found = pit.done("GET", "market")
        assert found["preset"] == "empty"
        (row,) = [row for row in found["symbols"] if row["symbol"] == "BTCUSDT"]
        assert row == {
            "symbol": "BTCUSDT", "status": "TRADING", "last": "0.00000000",
            "bid": "49900.00000000", "ask": "50100.00000000", "spread": "200.00000000",
            "bidDepth": "0.25000000", "askDepth": "0.50000000", "bidPrices": 1, "askPrices": 2,
            "spreadMultiple": "1.00000000", "depthMultiple": "1.00000000",
            "volatilityMultiple": "1.00000000", "activityMultiple": "1.00000000", "quiet": False,
        }  # fmt: skip
        for name, bad in (
            ("spreadMultiple", "0"), ("spreadMultiple", "101"), ("depthMultiple", "0.0001"),
            ("volatilityMultiple", "1.0005"), ("activityMultiple", "11"),
        ):  # fmt: skip
            code, words = pit.no("PUT", "market", symbol="BTCUSDT", **{name: bad})
            assert (code, name in words) == (-1130, True)
        row = pit.done("PUT", "market", symbol="BTCUSDT", depthMultiple="0.25", quiet=True)
        assert (row["depthMultiple"], row["spreadMultiple"]) == ("0.25000000", "1.00000000")
        assert row["quiet"]
        row = pit.done("PUT", "market", symbol="BTCUSDT", spreadMultiple="2")
        assert (row["depthMultiple"], row["spreadMultiple"]) == ("0.25000000", "2.00000000")
        assert row["quiet"]


def test_residents_act_as_they_are_told() -> None:
    for server in running(Config(port=0, memory=True, limits="off", market="calm")):
        pit = Pit(server)
        pit.done("PUT", "clock", speed="0")
        # Where nothing moves, two makers who act one after the other quote around the same price.
        still = {"volatilityMultiple": "0", "activityMultiple": "0"}
        pit.done("PUT", "market", symbol="BTCUSDT", **still)
        pit.done("POST", "clock/advance", by="10m")
        usual, other = book_of(pit), book_of(pit, "LTCUSDT")
        pit.done("PUT", "market", symbol="BTCUSDT", spreadMultiple="50", depthMultiple="0.1")
        pit.done("PUT", "market", symbol="LTCUSDT", quiet=True)
        pit.done("POST", "clock/advance", by="10m")
        wide = book_of(pit)
        assert wide["spread"] > 10 * usual["spread"]
        assert 0.03 < wide["bidDepth"] / usual["bidDepth"] < 0.3
        assert book_of(pit, "LTCUSDT") == other
        assert pit.done("GET", "health")["healthy"]
        pit.done("PUT", "market", symbol="BTCUSDT", spreadMultiple="1", depthMultiple="1")
        pit.done("PUT", "market", symbol="LTCUSDT", quiet=False)
        pit.done("POST", "clock/advance", by="10m")
        now = book_of(pit)
        assert now["spread"] < wide["spread"] / 5
        assert 0.5 < now["bidDepth"] / usual["bidDepth"] < 2
        assert book_of(pit, "LTCUSDT") != other


def test_volatility_of_one_symbol() -> None:
    for server in running(Config(port=0, memory=True, limits="off", market="normal")):
        pit = Pit(server)
        pit.done("PUT", "clock", speed="0")
        for symbol, volatility in (("BTCUSDT", "10"), ("ETHUSDT", "0"), ("LTCUSDT", "1")):
            pit.done("PUT", "market", symbol=symbol, volatilityMultiple=volatility, last="100")
        farthest = 0.0  # a walk may come back: what it does depends on the hour
        for _ in range(12):
            pit.done("POST", "clock/advance", by="20m")
            assert abs(last_of(pit, "ETHUSDT") / 100 - 1) < 0.003
            farthest = max(farthest, abs(last_of(pit, "BTCUSDT") / 100 - 1))
        assert farthest > 0.02
        assert pit.done("GET", "audit")["balanced"]


def last_of(pit: Pit, symbol: str) -> float:
    return book_of(pit, symbol)["last"]


def test_no_takers_where_none_are_wanted() -> None:
    for server in running(Config(port=0, memory=True, limits="off", market="normal")):
        pit = Pit(server)
        pit.done("PUT", "clock", speed="0")
        pit.done("PUT", "market", symbol="LTCUSDT", activityMultiple="0", volatilityMultiple="0")
        pit.done("POST", "clock/advance", by="5m")
        at = newest_trade(pit, "LTCUSDT")
        pit.done("POST", "clock/advance", by="30m")
        assert newest_trade(pit, "LTCUSDT") == at
        pit.done("PUT", "market", symbol="LTCUSDT", activityMultiple="1")
        pit.done("POST", "clock/advance", by="30m")
        assert newest_trade(pit, "LTCUSDT") > at


def newest_trade(pit: Pit, symbol: str) -> int:
    path = f"/api/v3/trades?symbol={symbol}&limit=1"
    return int(pit.server.request("GET", path).json[0]["id"])


def test_settings_survive_a_restart(tmp_path: Path) -> None:
    settings = Config(port=0, data=tmp_path / "world", market="empty", limits="off")
    for server in running(settings):
        Pit(server).done("PUT", "market", symbol="ETHUSDT", spreadMultiple="3", depthMultiple="0.5")
    for server in running(settings):
        (row,) = Pit(server).done("GET", "market", symbol="ETHUSDT")["symbols"]
        assert (row["spreadMultiple"], row["depthMultiple"]) == ("3.00000000", "0.50000000")
