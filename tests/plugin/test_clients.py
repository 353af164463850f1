"""The ready-made clients trade in their world, alone and as fixtures of the plugin."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from tests.plugin.test_plugin import Suite, _alone, server, suite

from tradepit import Tradepit
from tradepit.embed.clients import Missing
from tradepit.embed.world import World

__all__ = ["_alone", "server", "suite"]
pytestmark = pytest.mark.clients


@pytest.fixture
def pit(server: Tradepit) -> Iterator[World]:
    """A world of its own, in a path of its own: clients have to keep that."""
    world = server.create_world("clients", symbols=["BTCUSDT"], market="empty", speed=0)
    yield world
    world.delete()


def at_bobs(world: World) -> str:
    """Bob wants one more: what a client then buys, it buys here."""
    placed = world.account("bob").sell("BTCUSDT", "0.5", 50_000)
    return str(placed["orderId"])


def test_sync(pit: World) -> None:
    clients = pit.clients
    at_bobs(pit)
    exchange = clients.ccxt()
    assert exchange.create_order("BTC/USDT", "market", "buy", 0.1)["status"] == "closed"
    futures = clients.ccxt("carol", "binanceusdm")
    assert futures.fetch_balance()["USDT"]["total"] == 1_000_000
    coins = clients.ccxt("carol", "binancecoinm")
    assert coins.fetch_balance()["BTC"]["total"] > 1
    binance = clients.python_binance("carol")
    assert binance.order_market_buy(symbol="BTCUSDT", quantity="0.1")["status"] == "FILLED"
    assert binance.futures_mark_price(symbol="BTCUSDT")["symbol"] == "BTCUSDT"
    connector = clients.binance_connector("dave")
    assert connector.new_order("BTCUSDT", "BUY", "MARKET", quantity=0.1)["status"] == "FILLED"
    sdk = clients.binance_sdk_spot("erin").rest_api
    bought = sdk.new_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity=0.1)
    assert bought.data().status == "FILLED"
    assert pit.market("BTCUSDT").row()["askDepth"] == "0.00000000", "only bob's was there"
    assert [len(pit.account(name).trades("BTCUSDT")) for name in ("alice", "carol", "dave")] == [
        1, 1, 1,
    ]  # fmt: skip
    for client in (exchange, futures, coins, binance, connector):
        client.session.close()


async def test_async(pit: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from binance.ws.reconnecting_websocket import ReconnectingWebsocket

    # Leaving, python-binance waits until its reader has not been told anything for so long.
    monkeypatch.setattr(ReconnectingWebsocket, "TIMEOUT", 0.1)
    clients = pit.clients
    at_bobs(pit)
    async with clients.ccxt_async() as exchange:
        assert (await exchange.create_order("BTC/USDT", "market", "buy", 0.1))["filled"] == 0.1
    async with clients.ccxt_pro("bob") as exchange:
        book = await exchange.watch_order_book("BTC/USDT")
        assert book["asks"][0][0] == 50_000
    async with clients.python_binance_async("carol") as client:
        manager = clients.socket_manager(client)
        async with manager.trade_socket("BTCUSDT") as socket:
            await client.order_market_buy(symbol="BTCUSDT", quantity="0.2")
            assert (await socket.recv())["q"] == "0.20000000"
        account = await client.ws_get_account()
        assert account["canTrade"] is True


def test_code_that_makes_its_clients_itself(pit: World, monkeypatch: pytest.MonkeyPatch) -> None:
    import ccxt
    from binance.client import Client

    at_bobs(pit)
    api_key, secret = pit.keys["alice"]
    for library in ("ccxt", "python-binance"):
        pit.clients.redirect(library, monkeypatch.setattr)
    exchange = ccxt.binance({"apiKey": api_key, "secret": secret})
    assert exchange.create_order("BTC/USDT", "market", "buy", 0.1)["status"] == "closed"
    client = Client(api_key, secret)
    assert len(client.get_my_trades(symbol="BTCUSDT")) == 1
    with pytest.raises(ValueError, match="none of ccxt, python-binance"):
        pit.clients.redirect("requests")
    exchange.session.close()
    client.session.close()
    monkeypatch.undo()
    assert "binance.com" in ccxt.binance().urls["api"]["public"]
    assert "binance.{}" in Client.API_URL


def test_a_library_that_is_not_there(pit: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def without(name: str, *more: Any) -> Any:
        if name == "ccxt":
            raise ModuleNotFoundError("No module named 'ccxt'", name="ccxt")
        if name == "binance.spot":
            raise ModuleNotFoundError("No module named 'binance.spot'", name="binance.spot")
        if name == "binance.client":
            raise ModuleNotFoundError("No module named 'dateparser'", name="dateparser")
        return real(name, *more)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(Missing, match="ccxt is not installed: pip install ccxt"):
        pit.clients.ccxt()
    with pytest.raises(Missing, match="pip install binance-connector"):
        pit.clients.binance_connector()
    with pytest.raises(ModuleNotFoundError, match="dateparser"):
        pit.clients.python_binance()


def test_fixtures(suite: Suite) -> None:
    result = suite.run(
        """
        import asyncio
        import pytest

        pytestmark = pytest.mark.pit(symbols=["BTCUSDT"])

        def test_ccxt(pit_ccxt):
            assert pit_ccxt.create_order("BTC/USDT", "market", "buy", 0.1)["status"] == "closed"

        def test_python_binance(pit_python_binance):
            found = pit_python_binance.order_market_buy(symbol="BTCUSDT", quantity="0.1")
            assert found["status"] == "FILLED"

        def test_connector(pit_binance_connector):
            assert pit_binance_connector.account()["canTrade"]

        def test_sdk(pit_binance_sdk_spot):
            assert pit_binance_sdk_spot.rest_api.get_account().data().can_trade

        def test_async(pit_ccxt_async, pit_ccxt_pro, pit_python_binance_async):
            async def trade():
                async with pit_ccxt_async("bob") as exchange, pit_ccxt_pro("bob") as pro:
                    assert (await exchange.fetch_balance())["BTC"]["free"] > 1
                    assert len((await pro.watch_order_book("BTC/USDT"))["bids"]) > 10
                async with pit_python_binance_async("bob") as client:
                    assert (await client.get_account())["canTrade"]

            asyncio.run(trade())

        def test_redirect(pit, pit_redirect):
            import ccxt

            pit_redirect("ccxt")
            assert ccxt.binance().fetch_time() == pit.clock.now_ms

        def test_aio(pit_aio):
            assert asyncio.run(pit_aio.clock.advance("1s")) == 1735689601000
        """,
        "-W", "error::ResourceWarning",
    )  # fmt: skip
    result.assert_outcomes(passed=7)


def test_without_a_library_tests_are_skipped(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ccxt", "ccxt.async_support", "ccxt.pro"):
        monkeypatch.setitem(sys.modules, name, None)
    result = suite.run(
        """
        def test_it(pit_ccxt):
            pass

        def test_async(pit_ccxt_async):
            pass

        def test_redirect(pit_redirect):
            pit_redirect("ccxt")
        """,
        "-rs",
    )
    result.assert_outcomes(skipped=3)
    result.stdout.fnmatch_lines(["*ccxt is not installed: pip install ccxt*"])
