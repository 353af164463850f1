"""Tokens of margin accounts: granted over REST, subscribed to over the WebSocket API."""

from __future__ import annotations

from typing import Any

from tests.gateways.conftest import Response, Server
from tests.streams.listening import ALICE, BOB, Listener, advance
from tests.ws_api.speaking import Speaker

METHOD = "userDataStream.subscribe.listenToken"


def grant(server: Server, query: str = "", key: Any = ALICE) -> Response:
    return server.request("POST", f"/sapi/v1/userListenToken?{query}", x_mbx_apikey=key.api_key)


def now_ms(server: Server) -> int:
    found: int = server.request("GET", "/api/v3/time").json["serverTime"]
    return found


def test_a_token_and_its_end(server: Server) -> None:
    before = now_ms(server)
    granted = grant(server, "validity=60000").json
    assert list(granted) == ["token", "expirationTime"] and len(granted["token"]) == 70
    assert before <= granted["expirationTime"] - 60_000 <= now_ms(server)
    with Speaker(server) as speaker:
        answer = speaker.ask(METHOD, {"listenToken": granted["token"]})
        assert answer["result"] == {
            "subscriptionId": 0, "expirationTime": granted["expirationTime"],
        }  # fmt: skip
        spot = speaker.signed("userDataStream.subscribe.signature", ALICE)
        assert spot["result"] == {"subscriptionId": 1}, "the spot account is another one"
        assert len(speaker.ask("session.subscriptions")["result"]) == 2
        advance(server, "61s")
        ended = speaker.event()
        assert ended == {
            "subscriptionId": 0,
            "event": {"e": "eventStreamTerminated", "E": granted["expirationTime"]},
        }
        assert speaker.ask("session.subscriptions")["result"] == [{"subscriptionId": 1}]
        gone = speaker.ask(METHOD, {"listenToken": granted["token"]})
        assert gone["error"]["code"] == -1209


def test_a_newer_token_keeps_the_subscription(server: Server) -> None:
    first = grant(server, "validity=60000").json
    second = grant(server, "validity=120000").json
    assert first["token"] != second["token"]
    with Speaker(server) as speaker:
        for token in (first, second, first):
            answer = speaker.ask(METHOD, {"listenToken": token["token"]})["result"]
            assert answer["subscriptionId"] == 0
        assert answer["expirationTime"] == second["expirationTime"], "the later of the two"
        advance(server, "61s")
        assert speaker.ask("session.subscriptions")["result"] == [{"subscriptionId": 0}]
        assert speaker.events == []
        assert speaker.ask("userDataStream.unsubscribe", {"subscriptionId": 0})["result"] == {}
        assert speaker.event()["event"]["e"] == "eventStreamTerminated"
        advance(server, "61s")
        speaker.ask("session.status")
        assert speaker.events == [], "it ends once"


def test_each_margin_account_has_its_own(server: Server) -> None:
    cross, isolated = grant(server), grant(server, "isIsolated=true&symbol=BTCUSDT")
    other = grant(server, key=BOB)
    with Speaker(server) as speaker:
        numbers = [
            speaker.ask(METHOD, {"listenToken": found.json["token"]})["result"]["subscriptionId"]
            for found in (cross, isolated, other)
        ]
        assert numbers == [0, 1, 2]


def test_what_is_no_token(server: Server) -> None:
    assert grant(server, "isIsolated=true").code == -1102
    assert grant(server, "isIsolated=true&symbol=NOPE").code == -1121
    assert grant(server, "validity=86400001").code == -1130
    assert grant(server, "validity=0").code == -1130
    unknown = server.request("POST", "/sapi/v1/userListenToken")
    assert unknown.code == -2014
    key = server.request("POST", "/api/v3/userDataStream", x_mbx_apikey=ALICE.api_key)
    token = grant(server).json["token"]
    with Speaker(server) as speaker:
        for wrong in ("nothing", key.json["listenKey"]):
            assert speaker.ask(METHOD, {"listenToken": wrong})["error"]["code"] == -1209
        assert speaker.ask(METHOD)["error"]["code"] == -1102
    with Listener(server, f"/ws/{token}") as listener:
        server.signed("POST", "/api/v3/order", "", "symbol=LTCUSDT&side=BUY&type=LIMIT"
                      "&timeInForce=GTC&quantity=1&price=50")  # fmt: skip
        assert listener.all(0.1) == [], "a token is no stream's name"
