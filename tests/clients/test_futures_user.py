"""Unmodified clients hear their futures accounts: python-binance's user sockets and WebSocket API,
ccxt.pro on both exchanges. (binance-futures-connector: see test_futures.py.)"""

from __future__ import annotations

import asyncio
from typing import Any

import ccxt.pro
import pytest
from binance import AsyncClient, BinanceSocketManager
from binance.client import BaseClient
from binance.ws.streams import ReconnectingWebsocket
from tests.clients.pits import Pit, futures_pro, mark

pytestmark = pytest.mark.clients
AT = 100_000


@pytest.fixture(scope="module")
def marked(pit: Pit) -> Pit:
    """Index and mark price of bitcoin are set by hand."""
    mark(pit, AT)
    return pit


def test_python_binance(marked: Pit, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, path in (
        ("API_URL", "/api"), ("FUTURES_URL", "/fapi"), ("FUTURES_COIN_URL", "/dapi"),
    ):  # fmt: skip
        monkeypatch.setattr(BaseClient, name, marked.url + path)
    monkeypatch.setattr(ReconnectingWebsocket, "TIMEOUT", 0.3)  # how long it reads while it closes
    monkeypatch.setattr(BaseClient, "WS_FUTURES_URL", marked.ws_url + "/ws-fapi/v1")
    monkeypatch.setattr(BinanceSocketManager, "FSTREAM_URL", marked.ws_url + "/fstream/")
    monkeypatch.setattr(BinanceSocketManager, "DSTREAM_URL", marked.ws_url + "/dstream/")

    async def hear() -> None:
        client = await AsyncClient.create(*marked.keys["dave"])
        sockets = BinanceSocketManager(client)
        try:
            async with sockets.futures_user_socket() as linear:
                placed = await client.ws_futures_create_order(
                    symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC", quantity=0.1,
                    price=97_000,
                )  # fmt: skip
                told = await asyncio.wait_for(linear.recv(), 5)
                assert (told["e"], told["o"]["i"]) == ("ORDER_TRADE_UPDATE", placed["orderId"])
                assert (await client.ws_futures_get_order_book(symbol="BTCUSDT"))["bids"]
                await client.ws_futures_cancel_order(symbol="BTCUSDT", orderId=placed["orderId"])
                assert (await asyncio.wait_for(linear.recv(), 5))["o"]["X"] == "CANCELED"
                stop = await client.ws_futures_create_order(
                    symbol="BTCUSDT", side="SELL", type="STOP_MARKET", quantity=0.1,
                    triggerPrice=90_000,
                )  # fmt: skip
                told = await asyncio.wait_for(linear.recv(), 5)
                assert (told["e"], told["o"]["aid"]) == ("ALGO_UPDATE", stop["algoId"])
                await client.ws_futures_cancel_algo_order(algoId=stop["algoId"])
                key = linear._listen_key
                assert await client.futures_stream_keepalive(key) == {"listenKey": key}
            async with sockets.coin_futures_user_socket() as inverse:
                await client.futures_coin_change_leverage(symbol="BTCUSD_PERP", leverage=9)
                told = await asyncio.wait_for(inverse.recv(), 5)
                assert told["ac"] == {"s": "BTCUSD_PERP", "l": 9}
        finally:
            await client.close_connection()

    asyncio.run(hear())


async def listening(exchange: Any) -> None:
    """Until its account's socket is open, and whoever watches has said so."""
    for _ in range(500):
        await asyncio.sleep(0.02)
        for url, client in exchange.clients.items():
            if ("listenKey=" in url or "/dstream/ws/" in url) and client.connected.done():
                return
    raise TimeoutError


@pytest.mark.parametrize(
    ("kind", "symbol", "amount", "asset"),
    [
        (ccxt.pro.binanceusdm, "BTC/USDT:USDT", 0.1, "USDT"),
        (ccxt.pro.binancecoinm, "BTC/USD:BTC", 5, "BTC"),
    ],
)
def test_ccxt_pro(marked: Pit, kind: Any, symbol: str, amount: float, asset: str) -> None:
    async def hear() -> None:
        erin, bob = futures_pro(marked, kind, "erin"), futures_pro(marked, kind, "bob")
        try:
            await asyncio.gather(erin.load_markets(), bob.load_markets())
            await bob.create_order(symbol, "limit", "sell", amount, AT)
            assert not any(row["contracts"] for row in await erin.watch_positions([symbol]))
            watches = {
                "orders": asyncio.ensure_future(erin.watch_orders(symbol)),
                "trades": asyncio.ensure_future(erin.watch_my_trades(symbol)),
                "balance": asyncio.ensure_future(erin.watch_balance()),
                "positions": asyncio.ensure_future(erin.watch_positions([symbol])),
            }
            await listening(erin)
            async with asyncio.timeout(10):
                taken = await erin.create_order_ws(symbol, "market", "buy", amount)
                await asyncio.wait(watches.values())
            found = {name: watch.result() for name, watch in watches.items()}
            assert found["orders"][-1]["id"] == taken["id"]
            trade = found["trades"][-1]
            assert (trade["price"], trade["amount"], trade["takerOrMaker"]) == (AT, amount, "taker")
            assert trade["fee"]["cost"] > 0 and trade["fee"]["currency"] == asset
            balance = await erin.fetch_balance()
            assert found["balance"][asset]["total"] == balance[asset]["total"]
            (position,) = [row for row in found["positions"] if row["contracts"]]
            assert (position["symbol"], position["contracts"]) == (symbol, amount)
            assert (position["side"], position["entryPrice"]) == ("long", AT)
            waiting = asyncio.ensure_future(erin.watch_orders(symbol))
            await asyncio.sleep(0)
            order = await erin.create_order_ws(symbol, "limit", "buy", amount, AT * 0.97)
            assert order["status"] == "open"
            async with asyncio.timeout(5):
                while (await waiting)[-1]["id"] != order["id"]:
                    waiting = asyncio.ensure_future(erin.watch_orders(symbol))
            await erin.cancel_order_ws(order["id"], symbol)
        finally:
            await asyncio.gather(erin.close(), bob.close())

    asyncio.run(hear())
