"""A symbol's price put somewhere: the last trade at once, the residents' books soon."""

from __future__ import annotations

from tests.control.conftest import Pit, running_pit
from tests.gateways.conftest import running

from tradepit.config import Config


def last(pit: Pit) -> float:
    return float(pit.server.request("GET", "/api/v3/ticker/price?symbol=BTCUSDT").json["price"])


def test_the_last_price_is_there_at_once() -> None:
    for pit in running_pit(limits="off"):
        row = pit.done("PUT", "market", symbol="BTCUSDT", last="50000")
        assert row == {"symbol": "BTCUSDT", "last": "50000.00000000"}
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
