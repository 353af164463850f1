"""Unmodified clients trade futures: binance-futures-connector, python-binance, ccxt; and the
documented order over the WebSocket API."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
import urllib.request
from decimal import Decimal
from typing import Any

import ccxt
import pytest
import websockets
from binance.client import BaseClient, Client
from binance.cm_futures import CMFutures
from binance.error import ClientError
from binance.um_futures import UMFutures
from tests.clients.pits import Pit

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def price(pit: Pit) -> float:
    """What a bitcoin costs: index and mark price are set by hand."""
    for symbol in ("BTCUSDT", "BTCUSD_PERP"):
        body = {"symbol": symbol, "markPrice": "100000", "indexPrice": "100000"}
        request = urllib.request.Request(
            pit.url + "/_tradepit/v1/contracts", json.dumps(body).encode(),
            {"Content-Type": "application/json"}, method="PUT",
        )  # fmt: skip
        urllib.request.urlopen(request).close()
    return 100_000.0


def um(pit: Pit, name: str) -> UMFutures:
    return UMFutures(*pit.keys[name], base_url=pit.url)


def cm(pit: Pit, name: str) -> CMFutures:
    return CMFutures(*pit.keys[name], base_url=pit.url)


def near(price: float, factor: float = 1.0) -> str:
    return f"{price * factor // 10 * 10:.1f}"


def test_connector_opens_and_closes_a_position(pit: Pit, price: float) -> None:
    alice, bob = um(pit, "alice"), um(pit, "bob")
    assert alice.change_leverage(symbol="BTCUSDT", leverage=10)["leverage"] == 10
    at = near(price)
    resting = bob.new_order(
        symbol="BTCUSDT", side="SELL", type="LIMIT", quantity=0.5, price=at, timeInForce="GTC"
    )
    assert (resting["status"], resting["cumQuote"], resting["avgPrice"]) == (
        "NEW", "0.00000", "0.00",
    )  # fmt: skip
    taken = alice.new_order(
        symbol="BTCUSDT", side="BUY", type="MARKET", quantity=0.5, newOrderRespType="RESULT"
    )
    assert (taken["status"], Decimal(taken["avgPrice"])) == ("FILLED", Decimal(at))
    position = alice.get_position_risk(symbol="BTCUSDT")[0]
    assert (position["positionAmt"], Decimal(position["entryPrice"])) == ("0.500", Decimal(at))
    account = alice.account()
    assert Decimal(account["totalPositionInitialMargin"]) > 0
    trade = alice.get_account_trades(symbol="BTCUSDT")[-1]
    assert (trade["orderId"], trade["maker"], trade["side"]) == (taken["orderId"], False, "BUY")
    bob.new_order(
        symbol="BTCUSDT", side="BUY", type="LIMIT", quantity=0.5, price=at, timeInForce="GTC"
    )
    alice.new_order(symbol="BTCUSDT", side="SELL", type="MARKET", quantity=0.5, reduceOnly="true")
    assert alice.get_position_risk(symbol="BTCUSDT") == []
    kinds = {row["incomeType"] for row in alice.get_income_history(symbol="BTCUSDT")}
    assert "COMMISSION" in kinds
    assert alice.get_all_orders(symbol="BTCUSDT")[-1]["reduceOnly"] is True


def test_connector_orders_in_all_ways(pit: Pit, price: float) -> None:
    carol = um(pit, "carol")
    rows = [
        {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.1",
         "price": near(price, 0.97), "timeInForce": "GTC"},
        {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.0001",
         "price": near(price, 0.97), "timeInForce": "GTC"},
    ]  # fmt: skip
    placed, refused = carol.new_batch_order(rows)
    assert placed["status"] == "NEW"
    assert refused == {
        "code": -1111, "msg": "Precision is over the maximum defined for this asset.",
    }  # fmt: skip
    carol.new_order(
        symbol="BTCUSDT", side="SELL", type="STOP_MARKET", stopPrice=near(price, 0.9),
        closePosition="true", workingType="MARK_PRICE",
    )  # fmt: skip
    assert len(carol.get_orders(symbol="BTCUSDT")) == 2
    found = carol.query_order(symbol="BTCUSDT", orderId=placed["orderId"])
    assert found["status"] == "NEW"
    with pytest.raises(ClientError) as no:
        carol.new_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity=0.1,
                        positionSide="LONG")  # fmt: skip
    assert no.value.error_code == -4061
    assert carol.cancel_open_orders(symbol="BTCUSDT")["code"] == 200
    assert carol.get_orders(symbol="BTCUSDT") == []
    assert carol.change_position_mode(dualSidePosition="true")["code"] == 200
    assert carol.get_position_mode() == {"dualSidePosition": True}
    carol.change_position_mode(dualSidePosition="false")


def test_connector_trades_inverse_contracts(pit: Pit, price: float) -> None:
    alice, bob = cm(pit, "alice"), cm(pit, "bob")
    at = near(price)
    bob.new_order(symbol="BTCUSD_PERP", side="SELL", type="LIMIT", quantity=10, price=at,
                  timeInForce="GTC")  # fmt: skip
    taken = alice.new_order(symbol="BTCUSD_PERP", side="BUY", type="MARKET", quantity=10,
                            newOrderRespType="RESULT")  # fmt: skip
    assert taken["status"] == "FILLED"
    assert Decimal(taken["cumBase"]) == (1000 / Decimal(at)).quantize(Decimal("1e-8"), "ROUND_DOWN")
    found = [p for p in alice.get_position_risk() if p["positionAmt"] != "0"]
    assert [p["symbol"] for p in found] == ["BTCUSD_PERP"]
    assert alice.get_account_trades(symbol="BTCUSD_PERP")[-1]["marginAsset"] == "BTC"


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
