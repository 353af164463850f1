"""Client libraries that ask over the WebSocket API: unmodified, each told where the server is."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from binance import AsyncClient
from binance.websocket.spot.websocket_api import SpotWebsocketAPIClient
from binance.ws.streams import ReconnectingWebsocket
from tests.clients.ears import Ears
from tests.clients.pits import Pit
from unicorn_binance_websocket_api import BinanceWebSocketApiManager

pytestmark = pytest.mark.clients


class Answers(Ears):
    """What binance-connector's callback was told, by request."""

    def to(self, request_id: str) -> Any:
        return self.until(lambda said: said["id"] == request_id)


def test_connector(pit: Pit) -> None:
    answers = Answers()
    key = pit.keys["alice"]
    client = SpotWebsocketAPIClient(
        stream_url=pit.ws_url + "/ws-api/v3", api_key=key.api_key, api_secret=key.secret,
        on_message=answers,
    )  # fmt: skip
    try:
        client.ping_connectivity(id="1")
        assert answers.to("1")["result"] == {}
        client.new_order(
            id="2", symbol="BNBUSDT", side="BUY", type="LIMIT", timeInForce="GTC", quantity=0.05,
            price="301.5", newClientOrderId="wsc", newOrderRespType="RESULT",
        )  # fmt: skip
        placed = answers.to("2")
        assert placed["status"] == 200
        assert (placed["result"]["clientOrderId"], placed["result"]["status"]) == ("wsc", "NEW")
        client.get_order(id="3", symbol="BNBUSDT", origClientOrderId="wsc")
        assert answers.to("3")["result"]["origQty"] == "0.05000000"
        client.order_book(id="4", symbol="BNBUSDT", limit=5)
        assert answers.to("4")["result"]["bids"] == [["301.50000000", "0.05000000"]]
        client.cancel_order(id="5", symbol="BNBUSDT", origClientOrderId="wsc")
        assert answers.to("5")["result"]["status"] == "CANCELED"
        client.cancel_order(id="6", symbol="BNBUSDT", origClientOrderId="wsc")
        refused = answers.to("6")
        assert (refused["status"], refused["error"]["code"]) == (400, -2011)
        client.account(id="7")
        balances = answers.to("7")["result"]["balances"]
        assert {row["asset"] for row in balances} >= {"BNB", "USDT"}
    finally:
        client.stop()


def test_python_binance(pit: Pit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AsyncClient, "API_URL", pit.url + "/api")
    monkeypatch.setattr(AsyncClient, "WS_API_URL", pit.ws_url + "/ws-api/v3")
    monkeypatch.setattr(ReconnectingWebsocket, "TIMEOUT", 1)  # how long it reads while it closes

    async def trade() -> None:
        alice = await AsyncClient.create(*pit.keys["alice"])
        bob = await AsyncClient.create(*pit.keys["bob"])
        try:
            assert await alice.ws_ping() == {}
            placed = await alice.ws_order_limit_sell(
                symbol="SOLUSDT", quantity="2", price="151.25", newClientOrderId="wspb"
            )
            assert placed["status"] == "NEW"
            bought = await bob.ws_order_market_buy(symbol="SOLUSDT", quantity="0.5")
            assert bought["status"] == "FILLED" and bought["fills"][0]["price"] == "151.25000000"
            shown = await alice.ws_get_order(symbol="SOLUSDT", origClientOrderId="wspb")
            assert (shown["status"], shown["executedQty"]) == ("PARTIALLY_FILLED", "0.50000000")
            trades = await alice.ws_get_my_trades(symbol="SOLUSDT")
            assert [row["id"] for row in trades] == [bought["fills"][0]["tradeId"]]
            gone = await alice.ws_cancel_order(symbol="SOLUSDT", origClientOrderId="wspb")
            assert gone["status"] == "CANCELED"
            pair = await alice.ws_create_oco_order(
                symbol="SOLUSDT", side="SELL", quantity="1", aboveType="LIMIT_MAKER",
                abovePrice="180", belowType="STOP_LOSS", belowStopPrice="120",
            )  # fmt: skip
            assert pair["contingencyType"] == "OCO" and len(pair["orderReports"]) == 2
            left = await alice.ws_cancel_all_open_orders(symbol="SOLUSDT")
            assert left[0]["orderListId"] == pair["orderListId"]
            assert await alice.ws_get_open_orders(symbol="SOLUSDT") == []
            price = await alice.ws_get_symbol_ticker(symbol="SOLUSDT")
            assert price["price"] == "151.25000000"
        finally:
            await alice.close_connection()
            await bob.close_connection()

    asyncio.run(trade())


def answered(manager: BinanceWebSocketApiManager) -> Any:
    """The next answer of the stream's buffer. With `return_response` the library begins to wait for
    an answer only after it has asked: one that is there before is waited for in vain."""
    for _ in range(500):
        found = manager.pop_stream_data_from_stream_buffer()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("no answer in five seconds")


def test_unicorn(pit: Pit) -> None:
    key = pit.keys["bob"]
    manager = BinanceWebSocketApiManager(
        exchange="binance.com", output_default="dict", disable_colorama=True,
        websocket_base_uri=pit.ws_url + "/", restful_base_uri=pit.url + "/",
        websocket_api_base_uri=pit.ws_url + "/ws-api/v3",
    )  # fmt: skip
    try:
        stream = manager.create_stream(api=True, api_key=key.api_key, api_secret=key.secret)
        assert manager.wait_till_stream_has_started(stream)
        asked = manager.api.spot
        client_id = asked.create_order(
            stream_id=stream, symbol="ADAUSDT", side="BUY", order_type="LIMIT", quantity=20,
            price=0.35, time_in_force="GTC", new_client_order_id="wsun",
        )  # fmt: skip
        assert (client_id, answered(manager)["result"]["status"]) == ("wsun", "NEW")
        asked.get_order(stream_id=stream, symbol="ADAUSDT", orig_client_order_id="wsun")
        assert answered(manager)["result"]["status"] == "NEW"
        asked.cancel_open_orders(stream_id=stream, symbol="ADAUSDT")
        assert [row["origClientOrderId"] for row in answered(manager)["result"]] == ["wsun"]
        asked.get_server_time(stream_id=stream)
        assert answered(manager)["result"]["serverTime"]
    finally:
        manager.stop_manager()
