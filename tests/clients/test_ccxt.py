"""ccxt, unmodified but for its URLs: load_markets, trade, cancel, query."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import ccxt
import pytest
from tests.clients.pits import Pit

pytestmark = pytest.mark.clients


def exchange(pit: Pit, name: str) -> Any:
    keys = pit.keys[name]
    found = ccxt.binance({"apiKey": keys.api_key, "secret": keys.secret, "enableRateLimit": False})
    heads = ("api", "sapi", "fapi", "dapi", "eapi", "papi")
    for key, url in list(found.urls["api"].items()):
        if isinstance(url, str) and url.startswith("https://"):
            path = url.split("/", 3)[3]
            if path.startswith(heads):
                found.urls["api"][key] = f"{pit.url}/{path}"
    return found


def test_the_full_life(pit: Pit) -> None:
    alice, bob = exchange(pit, "alice"), exchange(pit, "bob")
    markets = alice.load_markets()
    bob.load_markets()
    precision = markets["BTC/USDT"]["precision"]
    assert (precision["amount"], precision["price"]) == (1e-05, 0.01)
    assert alice.fetch_status()["status"] == "ok"
    before = {who: x.fetch_balance()["total"]["SOL"] for who, x in (("a", alice), ("b", bob))}
    ask = alice.create_order("SOL/USDT", "limit", "sell", 3, 150.25)
    assert ask["status"] == "open" and ask["remaining"] == 3
    bid = bob.create_order("SOL/USDT", "market", "buy", 2)
    assert bid["status"] == "closed" and bid["average"] == 150.25
    assert Decimal(str(bid["fee"]["cost"])) == Decimal("0.002") and bid["fee"]["currency"] == "SOL"
    assert round(bob.fetch_balance()["total"]["SOL"] - before["b"], 8) == 1.998
    assert alice.fetch_order(ask["id"], "SOL/USDT")["filled"] == 2
    assert [row["id"] for row in alice.fetch_open_orders("SOL/USDT")] == [ask["id"]]
    assert alice.cancel_order(ask["id"], "SOL/USDT")["status"] == "canceled"
    trade = bob.fetch_my_trades("SOL/USDT")[-1]
    assert trade["takerOrMaker"] == "taker" and trade["price"] == 150.25
    assert bob.fetch_ticker("SOL/USDT")["last"] == 150.25
    assert bob.fetch_ohlcv("SOL/USDT", "1m")[-1][4] == 150.25
    assert bob.fetch_order_book("SOL/USDT")["asks"] == []
    assert alice.fetch_trading_fees()["SOL/USDT"]["taker"] == 0.001
    with pytest.raises(ccxt.InsufficientFunds):
        bob.create_order("SOL/USDT", "limit", "buy", 60_000, 140)
    with pytest.raises(ccxt.OrderNotFound):
        bob.cancel_order("999999", "SOL/USDT")


def test_a_default_world_is_liquid(lively: Pit) -> None:
    erin = exchange(lively, "erin")
    erin.load_markets()
    book = erin.fetch_order_book("BTC/USDT", 100)
    assert len(book["bids"]) == len(book["asks"]) == 100
    assert 0 < book["asks"][0][0] / book["bids"][0][0] - 1 < 0.001
    assert erin.create_order("BTC/USDT", "market", "buy", 1)["filled"] == 1
