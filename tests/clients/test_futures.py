"""Unmodified clients trade futures: binance-futures-connector, python-binance, ccxt; and the
documented order over the WebSocket API."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from decimal import Decimal
from typing import Any

import ccxt
import pytest
import websockets
from binance.client import BaseClient, Client
from tests.clients.pits import Pit, futures_connector, mark

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def price(pit: Pit) -> float:
    """What a bitcoin costs: index and mark price are set by hand."""
    mark(pit, 100_000)
    return 100_000.0


def near(price: float, factor: float = 1.0) -> str:
    return f"{price * factor // 10 * 10:.1f}"


def test_binance_futures_connector(pit: Pit, price: float) -> None:
    futures_connector(pit, "futures_connector", int(price))


def test_python_binance(pit: Pit, price: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BaseClient, "FUTURES_URL", pit.url + "/fapi")
    monkeypatch.setattr(BaseClient, "FUTURES_COIN_URL", pit.url + "/dapi")
    monkeypatch.setattr(BaseClient, "API_URL", pit.url + "/api")
    monkeypatch.setattr(BaseClient, "MARGIN_API_URL", pit.url + "/sapi")
    client = Client(*pit.keys["dave"])
    try:
        assert client.futures_change_margin_type(symbol="ETHUSDT", marginType="ISOLATED")[
            "code"] == 200  # fmt: skip
        order = client.futures_create_order(
            symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC", quantity=0.1,
            price=near(price, 0.97),
        )  # fmt: skip
        assert order["status"] == "NEW"
        algo = client.futures_create_order(
            symbol="BTCUSDT", side="SELL", type="STOP_MARKET", quantity=0.1,
            stopPrice=near(price, 0.9),
        )  # fmt: skip
        assert algo["algoStatus"] == "NEW"
        assert len(client.futures_get_open_orders(symbol="BTCUSDT")) == 1
        client.futures_cancel_all_open_orders(symbol="BTCUSDT")
        assert client.futures_account_balance()
        assert client.futures_position_information() is not None
        usdt = Decimal(client.get_asset_balance(asset="USDT")["free"])
        client.futures_account_transfer(asset="USDT", amount="100", type=1)
        assert Decimal(client.get_asset_balance(asset="USDT")["free"]) == usdt - 100
    finally:
        client.close_connection()


def pointed(exchange: Any, url: str) -> Any:
    """A ccxt exchange that speaks with this server."""
    urls = exchange.urls["api"]
    for name, value in urls.items():
        if isinstance(value, str) and value.startswith("https://"):
            host, _, path = value.removeprefix("https://").partition("/")
            urls[name] = f"{url}/{path}" if host.endswith("binance.com") else value
    exchange.options["fetchCurrencies"] = False
    return exchange


@pytest.mark.parametrize(("kind", "symbol"), [
    (ccxt.binanceusdm, "BTC/USDT:USDT"), (ccxt.binancecoinm, "BTC/USD:BTC"),
])  # fmt: skip
def test_ccxt(pit: Pit, price: float, kind: Any, symbol: str) -> None:
    keys = pit.keys["erin"]
    exchange = pointed(kind({"apiKey": keys.api_key, "secret": keys.secret}), pit.url)
    markets = exchange.load_markets()
    assert markets[symbol]["active"]
    assert any(market["future"] for market in markets.values())
    amount = 0.1 if kind is ccxt.binanceusdm else 5
    order = exchange.create_order(symbol, "limit", "buy", amount, float(near(price, 0.97)))
    assert order["status"] == "open"
    assert [o["id"] for o in exchange.fetch_open_orders(symbol)] == [order["id"]]
    exchange.cancel_order(order["id"], symbol)
    assert exchange.fetch_order(order["id"], symbol)["status"] == "canceled"
    exchange.set_leverage(7, symbol)
    assert exchange.fetch_balance()["info"]
    assert exchange.fetch_positions([symbol]) is not None


def test_the_documented_order_over_the_websocket_api(pit: Pit, price: float) -> None:
    keys = pit.keys["bob"]
    params: dict[str, Any] = {
        "apiKey": keys.api_key, "positionSide": "BOTH", "price": float(near(price, 0.97)),
        "quantity": 0.1, "side": "BUY", "symbol": "BTCUSDT", "timeInForce": "GTC",
        "timestamp": int(time.time() * 1000), "type": "LIMIT",
    }  # fmt: skip
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
    params["signature"] = hmac.new(
        keys.secret.encode(), payload.encode(), hashlib.sha256
    ).hexdigest()
    request = {"id": "3f7df6e3", "method": "order.place", "params": params}

    async def ask() -> dict[str, Any]:
        async with websockets.connect(pit.ws_url + "/ws-fapi/v1") as socket:
            await socket.send(json.dumps(request))
            answer: dict[str, Any] = json.loads(await socket.recv())
            return answer

    answer = asyncio.run(ask())
    assert answer["status"] == 200
    result = answer["result"]
    assert list(result) == [
        "orderId", "symbol", "status", "clientOrderId", "price", "avgPrice", "origQty",
        "executedQty", "cumQty", "cumQuote", "timeInForce", "type", "reduceOnly", "closePosition",
        "side", "positionSide", "stopPrice", "workingType", "priceProtect", "origType",
        "priceMatch", "selfTradePreventionMode", "goodTillDate", "updateTime",
    ]  # fmt: skip
    told = {name: result[name] for name in result if name not in ("orderId", "clientOrderId")}
    del told["updateTime"]
    assert told == {
        "symbol": "BTCUSDT", "status": "NEW", "price": near(price, 0.97) + "0", "avgPrice": "0.00",
        "origQty": "0.100", "executedQty": "0.000", "cumQty": "0.000", "cumQuote": "0.00000",
        "timeInForce": "GTC", "type": "LIMIT", "reduceOnly": False, "closePosition": False,
        "side": "BUY", "positionSide": "BOTH", "stopPrice": "0.00",
        "workingType": "CONTRACT_PRICE", "priceProtect": False, "origType": "LIMIT",
        "priceMatch": "NONE", "selfTradePreventionMode": "NONE", "goodTillDate": 0,
    }  # fmt: skip
    assert [(row["rateLimitType"], row["interval"], row["intervalNum"], row["limit"])
            for row in answer["rateLimits"]] == [
        ("ORDERS", "SECOND", 10, 300), ("ORDERS", "MINUTE", 1, 1200),
        ("REQUEST_WEIGHT", "MINUTE", 1, 2400),
    ]  # fmt: skip
