"""Listen keys of both futures exchanges over REST and WebSocket API, and the market data that the
USDⓈ-M WebSocket API answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.control.conftest import DEV, Pit, running_pit
from tests.ws_api.speaking import EdKey, Speaker

APIS = {"fapi": "/ws-fapi/v1", "dapi": "/ws-dapi/v1"}


@pytest.fixture(scope="module")
def pit() -> Iterator[Pit]:
    yield from running_pit(limits="off")


def asked(pit: Pit, method: str, path: str, name: str = "alice") -> Any:
    return pit.server.request(method, path, x_mbx_apikey=DEV[name].api_key)


@pytest.mark.parametrize("venue", APIS)
def test_a_key_is_the_accounts_own(pit: Pit, venue: str) -> None:
    path = f"/{venue}/v1/listenKey"
    for method in ("PUT", "DELETE"):
        assert asked(pit, method, path).code == -1125, "there is none yet"
    key = asked(pit, "POST", path).json["listenKey"]
    assert len(key) == 64 and key.isalnum()
    assert asked(pit, "POST", path).json == {"listenKey": key}, "the active one"
    assert asked(pit, "PUT", path).json == {"listenKey": key}
    assert asked(pit, "PUT", f"{path}?listenKey=another").json == {"listenKey": key}
    assert asked(pit, "POST", path, "bob").json["listenKey"] != key
    spot = asked(pit, "POST", "/api/v3/userDataStream").json["listenKey"]
    assert spot != key
    assert asked(pit, "DELETE", path).json == {}
    assert asked(pit, "PUT", path).code == -1125
    assert asked(pit, "PUT", f"/api/v3/userDataStream?listenKey={spot}").json == {}
    assert pit.server.request("POST", path).status == 401, "without an API key"


@pytest.mark.parametrize("venue", APIS)
def test_the_same_over_the_websocket_api(pit: Pit, venue: str) -> None:
    with Speaker(pit.server, path=APIS[venue]) as api:
        key = {"apiKey": DEV["carol"].api_key}
        assert api.ask("userDataStream.ping", key)["error"]["code"] == -1125
        started = api.ask("userDataStream.start", key)
        assert started["status"] == 200 and started["rateLimits"]
        assert api.ask("userDataStream.ping", key)["result"] == started["result"]
        assert asked(pit, "POST", f"/{venue}/v1/listenKey", "carol").json == started["result"]
        assert api.ask("userDataStream.stop", key)["result"] == {}
        assert api.ask("userDataStream.stop", key)["error"]["code"] == -1125


@pytest.mark.parametrize("venue", APIS)
def test_a_session_that_logged_on_needs_no_key(pit: Pit, venue: str) -> None:
    key = EdKey(pit.server, "dave")
    with Speaker(pit.server, path=APIS[venue]) as api:
        assert api.ask("userDataStream.start")["error"]["code"] == -1102
        assert api.signed("session.logon", key)["result"]["apiKey"] == key.api_key
        started = api.ask("userDataStream.start")["result"]
        assert asked(pit, "POST", f"/{venue}/v1/listenKey", "dave").json == started
        assert api.ask("session.status")["result"]["apiKey"] == key.api_key
        assert api.ask("session.logout")["result"]["apiKey"] is None
        assert api.ask("userDataStream.stop")["error"]["code"] == -1102


def test_market_data_of_the_websocket_api(pit: Pit) -> None:
    order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price={}"
    last = pit.server.request("GET", "/fapi/v1/premiumIndex?symbol=BTCUSDT").json["markPrice"]
    near = f"{float(last) * 0.97:.0f}"
    assert pit.signed("POST", "/fapi/v1/order", order.format(near)).status == 200
    with Speaker(pit.server, path="/ws-fapi/v1") as api:
        depth = api.ask("depth", {"symbol": "BTCUSDT", "limit": 5})["result"]
        assert list(depth) == ["lastUpdateId", "E", "T", "bids", "asks"]
        assert depth["bids"] == [[f"{near}.00", "0.010"]]
        book = api.ask("ticker.book", {"symbol": "BTCUSDT"})["result"]
        assert list(book) == [
            "lastUpdateId", "symbol", "bidPrice", "bidQty", "askPrice", "askQty", "time",
        ]  # fmt: skip
        assert book["lastUpdateId"] == depth["lastUpdateId"]
        assert (book["bidPrice"], book["bidQty"]) == tuple(depth["bids"][0])
        assert len(api.ask("ticker.book")["result"]) > 10
        price = api.ask("ticker.price", {"symbol": "BTCUSDT"})["result"]
        assert price == pit.server.request("GET", "/fapi/v1/ticker/price?symbol=BTCUSDT").json
        assert len(api.ask("ticker.price")["result"]) > 10
    with Speaker(pit.server, path="/ws-dapi/v1") as coin:
        assert coin.ask("depth", {"symbol": "BTCUSD_PERP"})["status"] == 400
