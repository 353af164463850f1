"""/futures/data: rows of the past, made of positions, trades and marks that there were."""

from __future__ import annotations

import pytest
from tests.futures_data.ask import ALICE, BOB, BORN_US, CAROL, MINUTE, World

from tradepit.core.rejects import Reject

HOLDERS = (("BTCUSDT", "0.300", "0.1"), ("BTCUSD_PERP", "30", "10"))


@pytest.fixture(scope="module")
def world() -> World:
    """Bob is short what alice (two thirds) and carol bought; then sixteen minutes."""
    made = World(("BTCUSDT",))
    made.wait(MINUTE)
    for symbol, qty, third in HOLDERS:
        price = made.pit.contracts[symbol].marks.mark // 10**8
        made.limit(BOB, "SELL", symbol, qty, f"{price}")
        made.limit(ALICE, "BUY", symbol, third, f"{price}")
        made.limit(ALICE, "BUY", symbol, third, f"{price}")
        made.limit(CAROL, "BUY", symbol, third, f"{price}")
    made.wait(16 * MINUTE)
    return made


def test_open_interest(world: World) -> None:
    rows = world.ask("GET /futures/data/openInterestHist", symbol="BTCUSDT", period="5m")
    assert [row["timestamp"] for row in rows] == [
        (BORN_US + n * 5 * MINUTE) // 1000 for n in (1, 2, 3)
    ]
    mark = world.pit.contracts["BTCUSDT"].marks.mark
    assert rows[-1]["sumOpenInterest"] == "0.30000000"
    assert float(rows[-1]["sumOpenInterestValue"]) == pytest.approx(0.3 * mark / 1e8, rel=1e-3)
    rows = world.ask(
        "GET /futures/data/openInterestHist", pair="BTCUSD", contractType="PERPETUAL", period="15m"
    )
    assert [(row["contractType"], row["sumOpenInterest"]) for row in rows] == [("PERPETUAL", "30")]
    assert float(rows[0]["sumOpenInterestValue"]) == pytest.approx(3000 / (mark / 1e8), rel=1e-3)


@pytest.mark.parametrize("who", ["globalLongShortAccount", "topLongShortAccount"])
def test_account_ratios(world: World, who: str) -> None:
    rows = world.ask(f"GET /futures/data/{who}Ratio", symbol="BTCUSDT", period="5m", limit=2)
    assert len(rows) == 2
    if who.startswith("global"):
        expected = {"longShortRatio": "2.0000", "longAccount": "0.6666", "shortAccount": "0.3333"}
        pair = world.ask(f"GET /futures/data/{who}Ratio", pair="BTCUSD", period="5m")
        assert pair[0].items() >= {"pair": "BTCUSD", **expected}.items()
    else:  # one of three is the top: whose wallet is the largest
        expected = {"longAccount": rows[0]["longAccount"]}
        assert {rows[0]["longAccount"], rows[0]["shortAccount"]} == {"0.0000", "1.0000"}
    assert rows[0].items() >= {"symbol": "BTCUSDT", **expected}.items()


def test_position_ratio_of_the_top(world: World) -> None:
    rows = world.ask("GET /futures/data/topLongShortPositionRatio", pair="BTCUSD", period="5m")
    assert {rows[0]["longPosition"], rows[0]["shortPosition"]} == {"0.0000", "1.0000"}


def test_takers(world: World) -> None:
    (row,) = world.ask("GET /futures/data/takerlongshortRatio", symbol="BTCUSDT", period="5m")
    assert row == {
        "buySellRatio": "0.0000", "buyVol": "0.3000", "sellVol": "0.0000",
        "timestamp": BORN_US // 1000,
    }  # fmt: skip
    (row,) = world.ask(
        "GET /futures/data/takerBuySellVol", pair="BTCUSD", contractType="PERPETUAL", period="5m"
    )
    assert (row["takerBuyVol"], row["takerSellVol"]) == ("30", "0")
    assert row["takerBuyVolValue"].startswith("0.0") and row["takerSellVolValue"] == "0.0000"


def test_basis(world: World) -> None:
    rows = world.ask(
        "GET /futures/data/basis", pair="BTCUSDT", contractType="PERPETUAL", period="5m"
    )
    assert len(rows) == 3
    row = rows[0]
    price, index = float(row["futuresPrice"]), float(row["indexPrice"])
    assert float(row["basis"]) == pytest.approx(price - index, abs=1e-6)
    assert row["annualizedBasisRate"] == "" and row["pair"] == "BTCUSDT"
    (row,) = world.ask(
        "GET /futures/data/basis", pair="BTCUSD", contractType="NEXT_QUARTER", period="15m"
    )
    assert row["contractType"] == "NEXT_QUARTER" and row["annualizedBasisRate"] != ""


def test_what_is_not_known_is_refused(world: World) -> None:
    path = "GET /futures/data/openInterestHist"
    for params, code in (
        ({"period": "5m"}, -1102),
        ({"period": "7m", "symbol": "BTCUSDT"}, -1130),
        ({"period": "5m", "symbol": "NOSUCH"}, -4144),
        ({"period": "5m", "pair": "BTCUSD", "contractType": "NEVER"}, -4104),
        ({"period": "5m", "symbol": "BTCUSDT", "startTime": "5", "endTime": "4"}, -1130),
    ):
        with pytest.raises(Reject) as no:
            world.ask(path, **params)
        assert no.value.code == code, params
