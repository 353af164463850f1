"""ccxt's futures classes, unmodified but for their URLs: what they read without an account."""

from __future__ import annotations

from typing import Any

import ccxt
import pytest
from tests.clients.pits import Pit

pytestmark = pytest.mark.clients


def exchange(pit: Pit, kind: Any) -> Any:
    keys = pit.keys["erin"]
    found = kind({"apiKey": keys.api_key, "secret": keys.secret, "enableRateLimit": False})
    for key, url in list(found.urls["api"].items()):
        if isinstance(url, str) and url.startswith("https://"):
            found.urls["api"][key] = f"{pit.url}/{url.split('/', 3)[3]}"
    return found


@pytest.mark.parametrize(
    ("kind", "symbol", "kinds"),
    [
        (ccxt.binanceusdm, "BTC/USDT:USDT", {"linear": True, "contractSize": 1}),
        (ccxt.binancecoinm, "BTC/USD:BTC", {"inverse": True, "contractSize": 100}),
    ],
)
def test_public_data(lively: Pit, kind: Any, symbol: str, kinds: dict[str, Any]) -> None:
    found = exchange(lively, kind)
    markets = found.load_markets()
    market = markets[symbol]
    assert market["swap"] and {name: market[name] for name in kinds} == kinds
    dated = [row for row in markets.values() if row["future"] and row["base"] == "BTC"]
    assert len(dated) >= 2 and all(row["expiry"] for row in dated)
    book = found.fetch_order_book(symbol, 20)
    # Residents trade meanwhile: a price or two may be gone until their next beat.
    assert min(len(book["bids"]), len(book["asks"])) >= 15
    assert 0 < book["asks"][0][0] / book["bids"][0][0] - 1 < 0.001
    assert found.fetch_ticker(symbol)["symbol"] == symbol
    ohlcv = found.fetch_ohlcv(symbol, "1m", params={"price": "mark"})
    assert ohlcv and ohlcv[-1][4] > 0
    found.fetch_ohlcv(symbol, "1h")
    rate = found.fetch_funding_rate(symbol)
    assert rate["markPrice"] and rate["interestRate"] == 0.0001 and rate["fundingTimestamp"]
    assert found.fetch_open_interest(symbol)["openInterestAmount"] is not None
    tiers = found.fetch_market_leverage_tiers(symbol)
    assert tiers[0]["maxLeverage"] >= 100 and tiers[0]["maintenanceMarginRate"] == 0.004
