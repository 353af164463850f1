"""python-binance, sync and async: two accounts trade, every figure is exact."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from binance import AsyncClient, Client
from binance.exceptions import BinanceAPIException
from tests.clients.pits import Pit

pytestmark = pytest.mark.clients


@pytest.fixture
def pointed(pit: Pit, monkeypatch: pytest.MonkeyPatch) -> Pit:
    """Both client classes ask this server."""
    for kind in (Client, AsyncClient):
        monkeypatch.setattr(kind, "API_URL", pit.url + "/api")
        monkeypatch.setattr(kind, "MARGIN_API_URL", pit.url + "/sapi")
    return pit


def test_sync(pointed: Pit) -> None:
    alice, bob = (
        Client(*pointed.keys[name], ping=True) for name in ("alice", "bob")
    )  # fmt: skip
    before = Decimal(bob.get_asset_balance("LTC")["free"])
    ask = alice.order_limit_sell(symbol="LTCUSDT", quantity="2", price="90.5")
    assert ask["status"] == "NEW"
    bid = bob.order_market_buy(symbol="LTCUSDT", quoteOrderQty="100")
    assert bid["executedQty"] == "1.10400000" and bid["cummulativeQuoteQty"] == "99.91200000"
    assert bid["fills"][0]["commission"] == "0.00110400"
    assert Decimal(bob.get_asset_balance("LTC")["free"]) == before + Decimal("1.102896")
    assert alice.get_order(symbol="LTCUSDT", orderId=ask["orderId"])["status"] == "PARTIALLY_FILLED"
    assert alice.cancel_order(symbol="LTCUSDT", orderId=ask["orderId"])["status"] == "CANCELED"
    assert [row["status"] for row in alice.get_all_orders(symbol="LTCUSDT")] == ["CANCELED"]
    assert len(bob.get_my_trades(symbol="LTCUSDT")) == 1
    assert bob.get_symbol_info("LTCUSDT")["filters"]
    assert len(list(bob.get_historical_klines_generator("LTCUSDT", "1m", "1 hour ago UTC"))) >= 1
    with pytest.raises(BinanceAPIException) as refused:
        bob.order_limit_buy(symbol="LTCUSDT", quantity="0.0001", price="90")
    assert (refused.value.code, refused.value.message) == (-1013, "Filter failure: LOT_SIZE")


def test_async(pointed: Pit) -> None:
    async def trade() -> None:
        alice = await AsyncClient.create(*pointed.keys["alice"])
        bob = await AsyncClient.create(*pointed.keys["bob"])
        try:
            placed = await asyncio.gather(
                *(
                    alice.order_limit_sell(symbol="ADAUSDT", quantity="10", price=f"0.6{n}")
                    for n in range(8)
                )
            )
            assert {row["status"] for row in placed} == {"NEW"}
            taken = await bob.order_limit_buy(
                symbol="ADAUSDT", quantity="35", price="0.64", timeInForce="IOC"
            )
            assert taken["executedQty"] == "35.00000000"
            assert [row["price"] for row in taken["fills"]] == [
                "0.60000000", "0.61000000", "0.62000000", "0.63000000",
            ]  # fmt: skip
            left = await alice.get_open_orders(symbol="ADAUSDT")
            assert len(left) == 5
            await alice.cancel_all_open_orders(symbol="ADAUSDT")
            assert await alice.get_open_orders(symbol="ADAUSDT") == []
        finally:
            await alice.close_connection()
            await bob.close_connection()

    asyncio.run(trade())
