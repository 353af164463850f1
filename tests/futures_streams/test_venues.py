"""Each product's sockets hear their own: spot, USDⓈ-M, COIN-M; groups of streams; and that spot
hears the same whether anybody listens to futures or not."""

from __future__ import annotations

from typing import Any

import pytest
from tests.futures_streams.told import ALICE, BOB, MINUTE, SECOND, Ear, Told, live
from tests.gateways.conftest import Server
from tests.streams.listening import ALICE as ALICES
from tests.streams.listening import BOB as BOBS
from tests.streams.listening import Listener, call, trade

from tradepit.gateways.futures_names import is_of_group


def spot_trade(world: Told, price: int) -> None:
    for who, side in ((BOB, "SELL"), (ALICE, "BUY")):
        world.do(
            "POST /api/v3/order", who, symbol="BTCUSDT", side=side, type="LIMIT", quantity="0.01",
            price=str(price), timeInForce="GTC",
        )  # fmt: skip


def test_the_same_name_on_each_product() -> None:
    async def scenario() -> None:
        world = Told()
        world.open_market()
        names = ("btcusdt@trade", "btcusdt@depth@100ms", "btcusd_perp@trade")
        ears = {product: world.hear(product, *names) for product in ("spot", "usdm", "coinm")}
        spot_trade(world, 107_001)
        world.wait(SECOND)
        assert len(ears["spot"].of("btcusdt@trade")) == 1
        assert "pu" not in ears["spot"].last("btcusdt@depth@100ms")
        assert not ears["usdm"].heard and not ears["coinm"].heard
        world.trade("BTCUSDT")
        world.trade("BTCUSD_PERP")
        world.wait(SECOND)
        assert len(ears["spot"].of("btcusdt@trade")) == 1
        (told,) = ears["usdm"].of("btcusdt@trade")
        assert told["X"] == "MARKET" and "pu" in ears["usdm"].last("btcusdt@depth@100ms")
        assert {stream for stream, _ in ears["usdm"].heard} == set(names[:2])
        assert {stream for stream, _ in ears["coinm"].heard} == {"btcusd_perp@trade"}

    live(scenario)


def played(futures: bool) -> Ear:
    """What spot's streams say over some minutes of trades on all products."""
    found: list[Ear] = []

    async def play() -> None:
        world = Told()
        world.open_market()
        found.append(
            world.hear(
                "spot",
                "btcusdt@kline_1m",
                "btcusdt@depth@100ms",
                "btcusdt@trade",
                "!ticker@arr",
                "btcusdt@avgPrice",
                "btcusdt@bookTicker",
                "btcusdt@ticker_1h",
            )
        )
        if futures:
            world.hear("usdm", "btcusdt@kline_1m", "btcusdt@depth", "!bookTicker", "btcusdt@trade")
            world.hear("coinm", "!ticker@arr", "!bookTicker", "btcusd@markPriceKline_1m")
        for n in range(20):
            spot_trade(world, 107_000 + n % 5)
            world.trade("BTCUSDT", price=107_000 + n % 3)
            world.now += (1, 260_000, 730_000, SECOND)[n % 4]
            world.wait(MINUTE // 7)

    live(play)
    return found[0]


def test_spot_does_not_notice() -> None:
    alone = played(False).frames
    assert len(alone) > 150 and alone == played(True).frames


@pytest.mark.parametrize(
    ("stream", "public", "market"),
    [
        ("btcusdt@depth", True, False), ("btcusdt@depth20@100ms", True, False),
        ("btcusdt@bookTicker", True, False), ("!bookTicker", True, False),
        ("btcusdt@rpiDepth@500ms", True, False), ("btcusdt@aggTrade", False, True),
        ("btcusdt@trade", True, True), ("!markPrice@arr@1s", False, True),
        ("btcusdt@kline_1m", False, True), ("!forceOrder@arr", False, True),
        ("btcusdt@ticker", False, True), ("!contractInfo", False, True),
    ],
)  # fmt: skip
def test_groups(stream: str, public: bool, market: bool) -> None:
    """As the catalogue of addresses says since they were split; the bare address hears all."""
    assert is_of_group(stream, "public") is public
    assert is_of_group(stream, "market") is market
    assert is_of_group(stream, "") and not is_of_group(stream, "private")


@pytest.mark.parametrize(
    "stream",
    ["BTCUSDT@aggTrade", "btcusdt@kline_7m", "btcusdt@depth7", "btcusdt@depth@1s", "nothing",
     "btcusdt@compositeIndex", "tradingSession", "btcusdt@indexPrice",
     "btcusdt@markPriceKline_1s",
     "btcusdt_next@continuousKline_1m", "!depth@arr", "btcusd_perp@aggTrade", "", "@", "ethusdt@",
     "btcusdt@rpiDepth@100ms", "xyzusd@assetIndex"],
)  # fmt: skip
def test_names_that_are_never_heard(stream: str) -> None:
    """They are subscribed all the same."""

    async def scenario() -> None:
        world = Told()
        world.open_market()
        ear = world.hear("usdm", stream)
        world.trade("BTCUSDT")
        world.trade("BTCUSD_PERP")
        world.wait(6 * SECOND)
        assert not ear.heard

    live(scenario)


def futures_trade(server: Server) -> None:
    for key, side in ((ALICES, "SELL"), (BOBS, "BUY")):
        call(
            server, "POST", "/fapi/v1/order", key, symbol="ETHUSDT", side=side, type="LIMIT",
            quantity="0.5", price="3000", timeInForce="GTC",
        )  # fmt: skip


def next_event(listener: Listener) -> Any:
    event = listener.next()
    return event.get("data", event)


def test_over_sockets(server: Server) -> None:
    """Raw and combined, by path and by SUBSCRIBE; spot beside them."""
    body = '{"symbol": "ETHUSDT", "markPrice": "3000", "indexPrice": "3000"}'
    answer = server.request(
        "PUT", "/_tradepit/v1/contracts", body.encode(), content_type="application/json"
    )
    assert answer.status == 200, answer.body
    with (
        Listener(server, "/ws/ethusdt@trade") as spot,
        Listener(server, "/fstream/ws/ethusdt@trade") as raw,
        Listener(server, "/fstream/market/stream?streams=ethusdt@aggTrade") as combined,
        Listener(server, "/fstream/public/ws") as public,
        Listener(server, "/dstream/stream?streams=ethusdt@trade") as coinm,
    ):
        assert public.ask("SUBSCRIBE", "ethusdt@aggTrade", "ethusdt@bookTicker") is None
        futures_trade(server)
        event = raw.next()
        assert (event["e"], event["p"], event["X"]) == ("trade", "3000.00", "MARKET")
        event = combined.next()
        assert event["stream"] == "ethusdt@aggTrade" and event["data"]["q"] == "0.500"
        assert public.next()["e"] == "bookTicker"
        assert all(event["e"] == "bookTicker" for event in public.all(0.3))
        assert not spot.all(0.1) and not coinm.all(0.1)
        trade(server, "ETHUSDT", "0.1", "3000")
        assert spot.next()["M"] is True
        assert not raw.all(0.2)
