"""Client libraries that listen: unmodified, each told where the server is."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.request import Request, urlopen

import ccxt.pro
import pytest
from binance import AsyncClient, BinanceSocketManager
from binance.spot import Spot
from binance.websocket.spot.websocket_stream import SpotWebsocketStreamClient
from binance.ws.depthcache import DepthCacheManager
from binance.ws.streams import ReconnectingWebsocket
from tests.clients.ears import Ears
from tests.clients.pits import Pit
from unicorn_binance_websocket_api import BinanceWebSocketApiManager

pytestmark = pytest.mark.clients


# --- binance-connector --------------------------------------------------------------------------


def test_connector_streams(pit: Pit) -> None:
    alice, bob = (Spot(*pit.keys[name], base_url=pit.url) for name in ("alice", "bob"))
    ears, together = Ears(), Ears()
    raw = SpotWebsocketStreamClient(stream_url=pit.ws_url, on_message=ears)
    combined = SpotWebsocketStreamClient(
        stream_url=pit.ws_url, on_message=together, is_combined=True
    )
    try:
        raw.agg_trade(symbol="dotusdt", id=1)
        raw.diff_book_depth(symbol="dotusdt", speed=100, id=2)
        assert ears.until(lambda said: said.get("id") == 2) == {"result": None, "id": 2}
        combined.kline(symbol="dotusdt", interval="1s", id=3)
        combined.user_data(listen_key=alice.new_listen_key()["listenKey"], id=4)
        assert together.until(lambda said: said.get("id") == 4)["result"] is None
        alice.new_order("DOTUSDT", "SELL", "LIMIT", quantity="5", price="7.5", timeInForce="GTC")
        bob.new_order("DOTUSDT", "BUY", "MARKET", quantity="2")
        trade = ears.until(lambda said: said.get("e") == "aggTrade")
        assert (trade["p"], trade["q"], trade["m"]) == ("7.50000000", "2.00000000", False)
        depth = ears.until(
            lambda said: (
                said.get("e") == "depthUpdate" and ["7.50000000", "3.00000000"] in said["a"]
            )
        )
        assert depth["s"] == "DOTUSDT"
        filled = together.until(
            lambda said: (
                said.get("data", {}).get("e") == "executionReport" and said["data"]["x"] == "TRADE"
            )
        )
        assert filled["data"]["l"] == "2.00000000" and filled["data"]["m"] is True
        bar = together.until(
            lambda said: said.get("stream") == "dotusdt@kline_1s" and said["data"]["k"]["n"] == 1
        )
        assert bar["data"]["k"]["v"] == "2.00000000"
        raw.list_subscribe(id=5)
        listed = ears.until(lambda said: said.get("id") == 5)["result"]
        assert listed == ["dotusdt@aggTrade", "dotusdt@depth@100ms"]
    finally:
        raw.stop()
        combined.stop()


# --- python-binance -----------------------------------------------------------------------------


@pytest.fixture
def pointed(pit: Pit, monkeypatch: pytest.MonkeyPatch) -> Pit:
    """The client and its sockets ask this server."""
    monkeypatch.setattr(AsyncClient, "API_URL", pit.url + "/api")
    monkeypatch.setattr(AsyncClient, "WS_API_URL", pit.ws_url + "/ws-api/v3")
    monkeypatch.setattr(BinanceSocketManager, "STREAM_URL", pit.ws_url + "/")
    monkeypatch.setattr(ReconnectingWebsocket, "TIMEOUT", 2)  # how long it reads while it closes
    return pit


async def sell(client: AsyncClient, symbol: str, quantity: str, price: str) -> None:
    await client.order_limit_sell(symbol=symbol, quantity=quantity, price=price)


async def heard(socket: ReconnectingWebsocket, wanted: Callable[[Any], bool]) -> Any:
    async with asyncio.timeout(10):
        while True:
            found = await socket.recv()
            if wanted(found):
                return found


def test_python_binance_sockets(pointed: Pit) -> None:
    async def listen() -> None:
        alice = await AsyncClient.create(*pointed.keys["alice"])
        bob = await AsyncClient.create(*pointed.keys["bob"])
        manager = BinanceSocketManager(alice)
        try:
            async with (
                manager.trade_socket("LINKUSDT") as trades,
                manager.multiplex_socket(["linkusdt@bookTicker", "linkusdt@miniTicker"]) as many,
                manager.user_socket() as mine,
            ):
                await sell(alice, "LINKUSDT", "3", "15.5")
                best = await heard(many, lambda said: said["stream"] == "linkusdt@bookTicker")
                assert (best["data"]["a"], best["data"]["A"]) == ("15.50000000", "3.00000000")
                await bob.order_market_buy(symbol="LINKUSDT", quantity="1")
                trade = await heard(trades, lambda said: said["e"] == "trade")
                assert (trade["p"], trade["q"]) == ("15.50000000", "1.00000000")
                mini = await heard(many, lambda said: said["stream"] == "linkusdt@miniTicker")
                assert mini["data"]["c"] == "15.50000000"
                filled = await heard(
                    mine, lambda said: said.get("e") == "executionReport" and said["x"] == "TRADE"
                )
                assert filled["l"] == "1.00000000" and filled["t"] == trade["t"]
                position = await heard(
                    mine, lambda said: said.get("e") == "outboundAccountPosition"
                )
                assert {row["a"] for row in position["B"]} >= {"LINK", "USDT"}
        finally:
            await alice.close_connection()
            await bob.close_connection()

    asyncio.run(listen())


def arm(pit: Pit, **rule: Any) -> None:
    """A fault, from now on."""
    body = json.dumps(rule).encode()
    kind = {"Content-Type": "application/json"}
    urlopen(Request(f"{pit.url}/_tradepit/v1/faults", body, kind)).close()


@pytest.mark.parametrize("lost", [0, 2])
def test_python_binance_depth_cache(pointed: Pit, lost: int) -> None:
    """It rebuilds the book, and does so again when events are lost on the way."""

    async def follow() -> None:
        alice = await AsyncClient.create(*pointed.keys["alice"])
        bob = await AsyncClient.create(*pointed.keys["bob"])
        try:
            for n in range(1, 8):
                await sell(alice, "AVAXUSDT", "2", f"3{n}")
            cache = DepthCacheManager(alice, symbol="AVAXUSDT", ws_interval=100)
            async with cache as socket:
                if lost:
                    arm(pointed, kind="lose-event", stream="avaxusdt@depth*", times=lost)
                for n in range(1, 5):
                    await asyncio.sleep(0.15 if lost else 0)  # an event for each
                    await bob.order_limit_buy(symbol="AVAXUSDT", quantity=f"{n}", price=f"2{n}.5")
                    await bob.order_limit_buy(
                        symbol="AVAXUSDT", quantity="2", price=f"3{n}", timeInForce="IOC"
                    )
                want = await alice.get_order_book(symbol="AVAXUSDT", limit=1000)
                async with asyncio.timeout(10):
                    while True:
                        found = await socket.recv()
                        rows = [
                            [[f"{price:.8f}", f"{qty:.8f}"] for price, qty in side]
                            for side in (found.get_bids(), found.get_asks())
                        ]
                        if rows == [want["bids"], want["asks"]]:
                            break
                assert len(rows[0]) == 4 and len(rows[1]) == 3
            await bob.cancel_all_open_orders(symbol="AVAXUSDT")
            await alice.cancel_all_open_orders(symbol="AVAXUSDT")
        finally:
            await alice.close_connection()
            await bob.close_connection()

    asyncio.run(follow())


# --- ccxt.pro -----------------------------------------------------------------------------------


def exchange(pit: Pit, name: str) -> Any:
    """A ccxt.pro exchange on this server. It tells spot from swap by the text of the URL, hence
    the user's name in it."""
    found = ccxt.pro.binance({"apiKey": pit.keys[name].api_key, "secret": pit.keys[name].secret})
    found.urls["api"] = {
        key: _here(value, pit.url) for key, value in found.urls["api"].items() if key != "ws"
    }
    host = pit.ws_url.removeprefix("ws://")
    found.urls["api"]["ws"] = {
        "spot": f"ws://stream@{host}/ws",
        "ws-api": {"spot": f"ws://stream@{host}/ws-api/v3"},
    }
    found.options["fetchMarkets"] = {"types": ["spot"]}
    found.options["fetchCurrencies"] = False
    found.options["fetchMargins"] = False
    return found


def _here(url: Any, base: str) -> Any:
    """The same path on this server."""
    return base + "/" + url.split("/", 3)[3] if isinstance(url, str) and "/api" in url else url


def test_ccxt_watches(pit: Pit) -> None:
    async def watch() -> None:
        alice, bob = exchange(pit, "alice"), exchange(pit, "bob")
        try:
            await asyncio.gather(alice.load_markets(), bob.load_markets())
            pair = "SOL/USDT"
            await alice.create_order(pair, "limit", "sell", 4, 150)
            await bob.create_order(pair, "limit", "buy", 3, 140)

            async def trade() -> None:
                for n in range(30):
                    await asyncio.sleep(0.2)
                    await bob.create_order(pair, "limit", "buy", 0.1 + n / 100, 141)

            trading = asyncio.create_task(trade())
            book = await asyncio.wait_for(alice.watch_order_book(pair), 10)
            assert book["asks"][0] == [150, 4] and book["bids"][0][0] in (140, 141)
            trading.cancel()
            results = asyncio.gather(
                *(
                    asyncio.wait_for(call, 10)
                    for call in (
                        alice.watch_trades(pair), alice.watch_ticker(pair),
                        alice.watch_ohlcv(pair, "1m"), alice.watch_orders(pair),
                        alice.watch_my_trades(pair), alice.watch_balance(),
                        alice.watch_bids_asks([pair]),
                    )
                )
            )  # fmt: skip
            await asyncio.sleep(1)
            await bob.create_order(pair, "market", "buy", 1.5)
            trades, ticker, bars, orders, mine, balance, bests = await results
            assert (trades[-1]["price"], trades[-1]["amount"]) == (150, 1.5)
            assert ticker["last"] == 150 and bars[-1][4] == 150
            assert orders[-1]["filled"] == 1.5 and mine[-1]["amount"] == 1.5
            assert Decimal(str(balance["SOL"]["used"])) == Decimal("2.5")
            assert bests[pair]["ask"] == 150
        finally:
            await alice.close()
            await bob.close()

    asyncio.run(watch())


@pytest.mark.parametrize("kind", ["cut-socket", "day-over", "server-shutdown"])
def test_ccxt_comes_back(pit: Pit, kind: str) -> None:
    """Whoever waits is told of the broken line; whoever asks again hears of the next trade."""

    async def watch() -> None:
        alice, bob = exchange(pit, "alice"), exchange(pit, "bob")
        pair = "TRX/USDT"
        try:
            await asyncio.gather(alice.load_markets(), bob.load_markets())
            for turn in range(2):
                waiting = asyncio.create_task(alice.watch_trades(pair))
                await asyncio.sleep(0.2)
                if not turn:
                    await asyncio.to_thread(arm, pit, kind=kind, stream="trxusdt@*", now=True)
                    with pytest.raises(ccxt.pro.NetworkError):
                        await asyncio.wait_for(waiting, 5)
            await alice.create_order(pair, "limit", "sell", 100, 0.3)
            await bob.create_order(pair, "limit", "buy", 100, 0.3)
            assert (await asyncio.wait_for(waiting, 5))[-1]["amount"] == 100
        finally:
            await alice.close()
            await bob.close()

    asyncio.run(watch())


def test_ccxt_orders_by_socket(pit: Pit) -> None:
    async def place() -> None:
        alice = exchange(pit, "alice")
        try:
            await alice.load_markets()
            order = await alice.create_order_ws("TRX/USDT", "limit", "buy", 1000, 0.1)
            assert order["status"] == "open"
            found = await alice.fetch_order_ws(order["id"], "TRX/USDT")
            assert found["amount"] == 1000
            gone = await alice.cancel_order_ws(order["id"], "TRX/USDT")
            assert gone["status"] == "canceled"
        finally:
            await alice.close()

    asyncio.run(place())


# --- unicorn-binance-websocket-api --------------------------------------------------------------


def test_unicorn_streams(pit: Pit) -> None:
    alice, bob = (Spot(*pit.keys[name], base_url=pit.url) for name in ("alice", "bob"))
    manager = BinanceWebSocketApiManager(
        exchange="binance.com", output_default="dict", disable_colorama=True,
        websocket_base_uri=pit.ws_url + "/", restful_base_uri=pit.url + "/",
        websocket_api_base_uri=pit.ws_url + "/ws-api/v3",
    )  # fmt: skip
    try:
        market = manager.create_stream(["trade", "depth5"], ["dogeusdt"])
        mine = manager.create_stream(
            ["arr"], ["!userData"], api_key=pit.keys["alice"].api_key,
            api_secret=pit.keys["alice"].secret,
        )  # fmt: skip
        assert manager.wait_till_stream_has_started(market)
        assert manager.wait_till_stream_has_started(mine)

        def until(wanted: Callable[[Any], bool]) -> Any:
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                found = manager.pop_stream_data_from_stream_buffer()
                if found and wanted(found):
                    return found
                if not found:
                    time.sleep(0.02)
            raise TimeoutError

        until(lambda said: said.get("stream") == "dogeusdt@depth5")
        alice.new_order("DOGEUSDT", "SELL", "LIMIT", quantity="99", price="0.3", timeInForce="GTC")
        new = until(lambda said: said.get("event", {}).get("e") == "executionReport")
        assert (new["event"]["x"], new["event"]["q"]) == ("NEW", "99.00000000")
        bob.new_order("DOGEUSDT", "BUY", "MARKET", quantity="50")
        trade = until(lambda said: said.get("stream") == "dogeusdt@trade")
        assert trade["data"]["q"] == "50.00000000"
    finally:
        manager.stop_manager()
