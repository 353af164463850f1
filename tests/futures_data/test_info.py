"""exchangeInfo of both futures exchanges, and their leverage tables."""

from __future__ import annotations

from typing import Any

import pytest
from tests.futures_data.ask import World

from tradepit.core.rejects import Reject
from tradepit.core.terms import CONTRACT_STATUSES

WORLD = World()
# What nautilus_trader cannot start without.
NEEDED = (
    "symbol pair contractType deliveryDate onboardDate maintMarginPercent requiredMarginPercent"
    " baseAsset quoteAsset marginAsset pricePrecision quantityPrecision baseAssetPrecision"
    " quotePrecision underlyingType underlyingSubType triggerProtect liquidationFee"
    " marketTakeBound filters orderTypes timeInForce"
).split()


def rows(venue: str) -> dict[str, dict[str, Any]]:
    answer = WORLD.ask(f"GET /{venue}/v1/exchangeInfo")
    return {row["symbol"]: row for row in answer["symbols"]}


def test_rows_are_the_exchanges_own() -> None:
    info = WORLD.ask("GET /fapi/v1/exchangeInfo")
    assert {row["asset"] for row in info["assets"]} == {"USDT", "BTC", "ETH"}
    row = rows("fapi")["BTCUSDT"]
    assert set(NEEDED) <= set(row) and not any(key.startswith("_") for key in row)
    assert row["status"] == "TRADING" and row["deliveryDate"] == 4133404800000
    assert "contractSize" not in row and "contractStatus" not in row
    assert row["filters"][0] == {
        "filterType": "PRICE_FILTER", "minPrice": "556.80", "maxPrice": "4529764",
        "tickSize": "0.10",
    }  # fmt: skip
    assert row["orderTypes"] == [
        "LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET",
        "TRAILING_STOP_MARKET",
    ]  # fmt: skip
    assert row["timeInForce"] == ["GTC", "IOC", "FOK", "GTX", "GTD"]


def test_inverse_rows_say_what_only_they_have() -> None:
    row = rows("dapi")["BTCUSD_251226"]
    assert set(NEEDED) <= set(row) and "status" not in row
    assert (row["contractStatus"], row["contractSize"], row["marginAsset"]) == (
        "TRADING", 100, "BTC",
    )  # fmt: skip
    assert (row["contractType"], row["deliveryDate"]) == ("CURRENT_QUARTER", 1766736000000)
    assert all(item["filterType"] != "MIN_NOTIONAL" for item in row["filters"])


def test_a_status_is_shown_as_it_is_now() -> None:
    world = World()
    world.pit.contracts["ETHUSDT"].status = CONTRACT_STATUSES.index("SETTLING")
    info = world.ask("GET /fapi/v1/exchangeInfo")["symbols"]
    assert [r["status"] for r in info if r["symbol"] == "ETHUSDT"] == ["SETTLING"]


def test_leverage_tables_are_numbers() -> None:
    (row,) = WORLD.ask("GET /fapi/v1/leverageBracket", symbol="BTCUSDT")
    assert row["symbol"] == "BTCUSDT" and row["brackets"][2] == {
        "bracket": 3, "initialLeverage": 75, "notionalCap": 3000000, "notionalFloor": 800000,
        "maintMarginRatio": 0.0065, "cum": 1500,
    }  # fmt: skip
    assert len(WORLD.ask("GET /fapi/v1/leverageBracket")) == len(rows("fapi"))
    (row,) = WORLD.ask("GET /dapi/v2/leverageBracket", symbol="BTCUSD_PERP")
    first = {
        "bracket": 1, "initialLeverage": 125, "qtyCap": 50, "qtylFloor": 0,
        "maintMarginRatio": 0.004, "cum": 0,
    }  # fmt: skip
    assert row["brackets"][0] == first
    (row,) = WORLD.ask("GET /dapi/v1/leverageBracket", pair="BTCUSD")
    assert row["pair"] == "BTCUSD" and row["brackets"][0] == first
    with pytest.raises(Reject) as no:
        WORLD.ask("GET /fapi/v1/leverageBracket", symbol="BTCUSD_PERP")
    assert no.value.code == -1121
    with pytest.raises(Reject) as no:
        WORLD.ask("GET /dapi/v1/leverageBracket", pair="NOSUCH")
    assert no.value.code == -4087
