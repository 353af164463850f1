"""Unmodified clients listen to futures: binance-futures-connector, python-binance, ccxt.pro."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import ccxt.pro
import pytest
from binance import AsyncClient, BinanceSocketManager
from binance.base_client import BaseClient
from binance.enums import ContractType, FuturesType
from binance.ws.depthcache import FuturesDepthCacheManager
from binance.ws.streams import ReconnectingWebsocket
from tests.clients.pits import Pit, futures_connector, futures_pro, mark

pytestmark = pytest.mark.clients

PRICE = 100_000


@pytest.fixture(scope="module", autouse=True)
def marked(pit: Pit) -> None:
    """What a bitcoin costs: index and mark price are set by hand."""
    mark(pit, PRICE)


def test_binance_futures_connector(pit: Pit) -> None:
    futures_connector(pit, "futures_sockets", PRICE)


# --- python-binance -----------------------------------------------------------------------------


@pytest.fixture
def pointed(pit: Pit, monkeypatch: pytest.MonkeyPatch) -> Pit:
    """The client and its sockets ask this server."""
    monkeypatch.setattr(BaseClient, "API_URL", pit.url + "/api")
    monkeypatch.setattr(BaseClient, "FUTURES_URL", pit.url + "/fapi")
    monkeypatch.setattr(BaseClient, "FUTURES_COIN_URL", pit.url + "/dapi")
    monkeypatch.setattr(BinanceSocketManager, "FSTREAM_URL", pit.ws_url + "/fstream/")
    monkeypatch.setattr(BinanceSocketManager, "DSTREAM_URL", pit.ws_url + "/dstream/")
    monkeypatch.setattr(ReconnectingWebsocket, "TIMEOUT", 0.5)  # how long it reads while it closes
    return pit


async def heard(socket: Any, wanted: Callable[[Any], bool] = bool) -> Any:
    async with asyncio.timeout(10):
        while True:
            found = await socket.recv()
            if wanted(found):
                return found


async def limit(client: AsyncClient, side: str, quantity: float, price: float) -> None:
    await client.futures_create_order(
        symbol="BTCUSDT", side=side, type="LIMIT", timeInForce="GTC", quantity=quantity, price=price
    )


def test_python_binance_sockets(pointed: Pit) -> None:
    async def listen() -> None:
        alice = await AsyncClient.create(*pointed.keys["alice"])
        bob = await AsyncClient.create(*pointed.keys["bob"])
        manager = BinanceSocketManager(alice)
        coin = FuturesType.COIN_M
        try:
            async with (
                manager.aggtrade_futures_socket("BTCUSDT") as trades,
                manager.symbol_ticker_futures_socket("BTCUSDT") as bests,
                manager.kline_futures_socket(
                    "BTCUSDT", contract_type=ContractType.PERPETUAL
                ) as klines,
                manager.futures_multiplex_socket(
                    ["btcusdt@ticker", "btcusdt@markPrice@1s"]
                ) as many,
                manager.all_mark_price_socket(fast=True) as marks,
                manager.symbol_mark_price_socket("BTCUSD_PERP", futures_type=coin) as mark,
            ):
                await limit(bob, "SELL", 0.3, PRICE)
                best = await heard(bests)
                assert (best["data"]["a"], best["data"]["A"]) == ("100000.00", "0.300")
                await limit(alice, "BUY", 0.2, PRICE)
                trade = await heard(trades)
                assert (trade["data"]["q"], trade["data"]["m"]) == ("0.200", False)
                kline = await heard(klines, lambda said: said["k"]["n"] > 0)
                assert (kline["ct"], kline["k"]["c"]) == ("PERPETUAL", "100000.00")
                ticker = await heard(many, lambda said: said["stream"] == "btcusdt@ticker")
                assert ticker["data"]["c"] == "100000.00"
                price = await heard(many, lambda said: said["stream"].endswith("@1s"))
                assert price["data"]["p"] == "100000.00000000"
                assert {row["s"] for row in (await heard(marks))["data"]} >= {"BTCUSDT", "ETHUSDT"}
                assert (await heard(mark))["data"]["s"] == "BTCUSD_PERP"
        finally:
            await alice.close_connection()
            await bob.close_connection()

    asyncio.run(listen())


def test_python_binance_depth_cache(pointed: Pit) -> None:
    """It keeps the book that it is told of."""

    async def follow() -> None:
        bob = await AsyncClient.create(*pointed.keys["bob"])
        try:
            async with FuturesDepthCacheManager(bob, symbol="BTCUSDT") as socket:
                async with asyncio.timeout(10):
                    while True:
                        await limit(bob, "BUY", 0.1, PRICE - 100)
                        found = await socket.recv()
                        if found and found.get_bids():
                            break
                assert found.get_bids()[0][0] == PRICE - 100
            await bob.futures_cancel_all_open_orders(symbol="BTCUSDT")
        finally:
            await bob.close_connection()

    asyncio.run(follow())


# --- ccxt.pro -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "symbol", "qty"),
    [
        (ccxt.pro.binanceusdm, "BTC/USDT:USDT", 0.2), (ccxt.pro.binancecoinm, "BTC/USD:BTC", 20),
    ],
)  # fmt: skip
def test_ccxt_watches(pit: Pit, kind: Any, symbol: str, qty: float) -> None:
    async def watch() -> None:
        carol, dave = futures_pro(pit, kind, "carol"), futures_pro(pit, kind, "dave")
        try:
            await asyncio.gather(carol.load_markets(), dave.load_markets())
            at = PRICE + 10
            await carol.create_order(symbol, "limit", "sell", 10 * qty, at)
            await dave.create_order(symbol, "limit", "buy", qty, PRICE - 50)

            async def trade() -> None:
                for _ in range(40):
                    await asyncio.sleep(0.25)
                    await dave.create_order(symbol, "limit", "buy", qty / 10, at)

            trading = asyncio.create_task(trade())
            book, trades, ticker, bars, mark, best = await asyncio.wait_for(
                asyncio.gather(
                    dave.watch_order_book(symbol), dave.watch_trades(symbol),
                    dave.watch_ticker(symbol), dave.watch_ohlcv(symbol, "1m"),
                    dave.watch_mark_price(symbol), dave.watch_bids_asks([symbol]),
                ), 15,
            )  # fmt: skip
            trading.cancel()
            assert book["symbol"] == symbol and book["asks"][0][0] == at
            assert (trades[-1]["symbol"], trades[-1]["price"]) == (symbol, at)
            assert trades[-1]["amount"] == qty / 10
            assert ticker["last"] in (PRICE, at) and bars[-1][4] in (PRICE, at)
            assert mark["markPrice"] == PRICE
            assert best[symbol]["ask"] == at
        finally:
            await carol.cancel_all_orders(symbol)
            await dave.cancel_all_orders(symbol)
            await carol.close()
            await dave.close()

    asyncio.run(watch())
