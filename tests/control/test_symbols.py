"""A symbol's status, reference price and execution rule: set here, met by orders."""

from __future__ import annotations

import pytest
from tests.control.conftest import Pit


def status_of(pit: Pit, symbol: str) -> str:
    found = pit.server.request("GET", f"/api/v3/exchangeInfo?symbol={symbol}").json
    return str(found["symbols"][0]["status"])


@pytest.mark.parametrize("status", ["HALT", "BREAK"])
def test_a_symbol_that_does_not_trade(pit: Pit, status: str) -> None:
    resting = pit.order("alice", "BUY", "0.01", "40000").json
    done = pit.done("PUT", "symbols", symbol="BTCUSDT", status=status)
    assert done == {"symbol": "BTCUSDT", "status": status, "referencePrice": None}
    assert status_of(pit, "BTCUSDT") == status
    refused = pit.order("alice", "BUY", "0.01", "40000")
    assert (refused.code, refused.json["msg"]) == (-2010, "Market is closed.")
    assert pit.order("alice", "BUY", "0.1", "2000", "ETHUSDT").json["status"] == "NEW"
    pit.done("PUT", "symbols", symbol="BTCUSDT", status="TRADING")
    assert status_of(pit, "BTCUSDT") == "TRADING"
    query = f"symbol=BTCUSDT&orderId={resting['orderId']}"
    assert pit.signed("GET", "/api/v3/order", query).json["status"] == "NEW"
    assert pit.signed("DELETE", "/api/v3/order", query).json["status"] == "CANCELED"


def test_a_reference_price(pit: Pit) -> None:
    path = "/api/v3/referencePrice?symbol=ETHUSDT"
    done = pit.done("PUT", "symbols", symbol="ETHUSDT", referencePrice="3100.5")
    assert done["referencePrice"] == "3100.50000000"
    assert pit.server.request("GET", path).json["referencePrice"] == "3100.50000000"
    done = pit.done("PUT", "symbols", symbol="ETHUSDT", noReferencePrice=True)
    assert done["referencePrice"] is None
    assert pit.server.request("GET", path).json.get("referencePrice") is None


def test_an_execution_rule(pit: Pit) -> None:
    pit.done("PUT", "symbols", symbol="LTCUSDT", referencePrice="100", bidLimitMultUp="1.1",
             bidLimitMultDown="0.9", askLimitMultUp="1.2", askLimitMultDown="0.8")  # fmt: skip
    rules = pit.server.request("GET", "/api/v3/executionRules?symbol=LTCUSDT").json
    (rule,) = rules["symbolRules"][0]["rules"]
    assert rule == {
        "ruleType": "PRICE_RANGE", "bidLimitMultUp": "1.1000", "bidLimitMultDown": "0.9000",
        "askLimitMultUp": "1.2000", "askLimitMultDown": "0.8000",
    }  # fmt: skip
    pit.done("PUT", "symbols", symbol="LTCUSDT", bidLimitMultUp="1.3")
    rules = pit.server.request("GET", "/api/v3/executionRules?symbol=LTCUSDT").json
    assert rules["symbolRules"][0]["rules"][0] == rule | {"bidLimitMultUp": "1.3000"}


@pytest.mark.parametrize(
    "word", ["bidLimitMultUp", "bidLimitMultDown", "askLimitMultUp", "askLimitMultDown"]
)
def test_half_a_rule(pit: Pit, word: str) -> None:
    """The other bounds are simply not there; the symbol goes on trading."""
    symbol = {"bidLimitMultUp": "XRPUSDT", "bidLimitMultDown": "ADAUSDT",
              "askLimitMultUp": "DOGEUSDT", "askLimitMultDown": "SOLUSDT"}[word]  # fmt: skip
    pit.done("PUT", "symbols", symbol=symbol, **{word: "1"})
    rules = pit.server.request("GET", f"/api/v3/executionRules?symbol={symbol}").json
    assert rules["symbolRules"][0]["rules"][0][word] == "1.0000"
    assert pit.server.is_well()


def test_symbols_that_cannot_be_set(pit: Pit) -> None:
    assert pit.no("PUT", "symbols", symbol="NONE", status="HALT")[0] == -1121
    assert pit.no("PUT", "symbols", status="HALT")[0] == -1102
    assert pit.no("PUT", "symbols", symbol="BTCUSDT", status="CLOSED")[0] in (-1100, -1130)
    assert pit.no("PUT", "symbols", symbol="BTCUSDT", referencePrice="x")[0] == -1100
    assert status_of(pit, "BTCUSDT") == "TRADING"
