"""Sessions that log on, and the user data that a socket subscribes to."""

from __future__ import annotations

import pytest
from tests.gateways.conftest import ALICE, Server
from tests.ws_api.speaking import EdKey, Speaker, sign
from tests.ws_api.test_methods import LIMIT

from tradepit.data.genesis import DEV_KEYS

BOB, CAROL = DEV_KEYS[1], DEV_KEYS[2]


def test_a_logged_on_session_needs_no_signatures(server: Server) -> None:
    key = EdKey(server, "alice")
    with Speaker(server) as speaker:
        nobody = speaker.ask("session.status")["result"]
        assert nobody["apiKey"] is None and nobody["authorizedSince"] is None
        assert speaker.ask("account.status", {"timestamp": 1})["error"]["code"] == -1102
        logged = speaker.signed("session.logon", key)["result"]
        assert list(logged) == [
            "apiKey", "authorizedSince", "connectedSince", "returnRateLimits", "serverTime",
            "userDataStream",
        ]  # fmt: skip
        assert logged["apiKey"] == key.api_key and logged["userDataStream"] is False
        stamped = {"timestamp": sign({})["timestamp"]}
        assert speaker.ask("account.status", stamped)["status"] == 200
        assert speaker.ask("account.status")["error"]["code"] == -1102  # no timestamp
        other = speaker.signed("account.status", BOB)["result"]["uid"]  # ad hoc
        assert other != speaker.ask("account.status", stamped)["result"]["uid"]
        assert speaker.ask("session.logout")["result"]["apiKey"] is None
        assert speaker.ask("account.status", stamped)["error"]["code"] == -1102


def test_only_ed25519_keys_log_on(server: Server) -> None:
    with Speaker(server) as speaker:
        assert speaker.signed("session.logon", ALICE)["error"]["code"] == -4056
        assert speaker.ask("session.status")["result"]["apiKey"] is None


def test_a_revoked_key_ends_the_session(server: Server) -> None:
    key = EdKey(server, "dave")
    with Speaker(server) as speaker:
        assert speaker.signed("session.logon", key)["status"] == 200
        gone = server.request(
            "DELETE", "/_tradepit/v1/keys", b'{"apiKey":"%s"}' % key.api_key.encode(),
            content_type="application/json",
        )  # fmt: skip
        assert gone.status == 200
        refused = speaker.ask("account.status", {"timestamp": sign({})["timestamp"]})
        assert (refused["status"], refused["error"]["code"]) == (401, -2015)
        assert speaker.ask("session.status")["result"]["apiKey"] is None


def test_each_fill_once_for_each_side_position_after_report(server: Server) -> None:
    with Speaker(server) as speaker:
        numbers = [
            speaker.signed("userDataStream.subscribe.signature", key)["result"]["subscriptionId"]
            for key in (BOB, CAROL)
        ]
        assert numbers == [0, 1]
        assert speaker.ask("session.status")["result"]["userDataStream"] is True
        assert speaker.ask("session.subscriptions")["result"] == [
            {"subscriptionId": 0}, {"subscriptionId": 1},
        ]  # fmt: skip
        maker = speaker.signed("order.place", BOB, **{**LIMIT, "side": "SELL", "price": "60000"})
        taker = speaker.signed("order.place", CAROL, **{**LIMIT, "price": "60000"})
        events = speaker.events
        shapes = [
            (e["subscriptionId"], e["event"]["e"], e["event"].get("x"), e["event"].get("X"))
            for e in events
        ]
        assert shapes == [
            (0, "executionReport", "NEW", "NEW"),
            (0, "outboundAccountPosition", None, None),
            (1, "executionReport", "NEW", "NEW"),
            (1, "executionReport", "TRADE", "FILLED"),
            (0, "executionReport", "TRADE", "FILLED"),
            (1, "outboundAccountPosition", None, None),
            (0, "outboundAccountPosition", None, None),
        ] or shapes[-2:] == [
            (0, "outboundAccountPosition", None, None),
            (1, "outboundAccountPosition", None, None),
        ]  # fmt: skip
        trades = [e["event"] for e in events if e["event"].get("x") == "TRADE"]
        assert {t["t"] for t in trades} == {taker["result"]["fills"][0]["tradeId"]}
        assert {t["i"] for t in trades} == {
            maker["result"]["orderId"], taker["result"]["orderId"],
        }  # fmt: skip
        assert [t["m"] for t in trades] == [False, True]
        for found in events:
            assert found["event"]["E"] >= found["event"].get("T", 0)
        told = {
            row["a"]: row["f"]
            for e in events
            if e["event"]["e"] == "outboundAccountPosition" and e["subscriptionId"] == 1
            for row in e["event"]["B"]
        }
        rest = {
            row["asset"]: row["free"]
            for row in speaker.signed("account.status", CAROL)["result"]["balances"]
        }
        assert all(rest[asset] == free for asset, free in told.items())


def test_subscriptions_end_with_an_event(server: Server) -> None:
    with Speaker(server) as speaker:
        first = speaker.signed("userDataStream.subscribe.signature", BOB)
        again = speaker.signed("userDataStream.subscribe.signature", BOB)
        assert again["error"]["code"] == -2035
        number = first["result"]["subscriptionId"]
        assert speaker.ask("userDataStream.unsubscribe", {"subscriptionId": number})["result"] == {}
        ended = speaker.event()
        assert ended["subscriptionId"] == number
        assert ended["event"]["e"] == "eventStreamTerminated"
        assert speaker.ask("userDataStream.unsubscribe")["error"]["code"] == -2036


def test_the_logon_subscription_ends_with_the_session(server: Server) -> None:
    key = EdKey(server, "erin")
    with Speaker(server) as speaker:
        assert speaker.ask("userDataStream.subscribe")["error"]["code"] == -1102
        speaker.signed("session.logon", key)
        assert speaker.ask("userDataStream.subscribe")["result"] == {"subscriptionId": 0}
        speaker.signed("userDataStream.subscribe.signature", BOB)
        speaker.ask("session.logout")
        assert speaker.event()["event"]["e"] == "eventStreamTerminated"
        assert speaker.ask("session.subscriptions")["result"] == [{"subscriptionId": 1}]


def test_a_key_alone_hears_no_account(server: Server) -> None:
    """What is not signed is heard only by whom logged on."""
    bare = {"apiKey": BOB.api_key}
    with Speaker(server) as speaker:
        refused = speaker.ask("userDataStream.subscribe", bare)
        assert (refused["status"], refused["error"]["code"]) == (401, -2015)
        speaker.signed("session.logon", EdKey(server, "erin"))
        assert speaker.ask("userDataStream.subscribe", bare)["error"]["code"] == -2015
        assert speaker.ask("session.subscriptions")["result"] == []


def test_logout_ends_every_subscription_by_logon(server: Server) -> None:
    with Speaker(server) as speaker:
        for name in ("erin", "dave"):
            speaker.signed("session.logon", EdKey(server, name))
            assert speaker.ask("userDataStream.subscribe")["status"] == 200
        speaker.signed("userDataStream.subscribe.signature", BOB)
        speaker.ask("session.logout")
        ended = [speaker.event() for _ in range(2)]
        assert [e["subscriptionId"] for e in ended] == [0, 1]
        assert {e["event"]["e"] for e in ended} == {"eventStreamTerminated"}
        assert speaker.ask("session.subscriptions")["result"] == [{"subscriptionId": 2}]


def test_stops_lists_and_cancels_are_told(server: Server) -> None:
    with Speaker(server) as speaker:
        speaker.signed("userDataStream.subscribe.signature", CAROL)
        speaker.signed(
            "orderList.place.oco", CAROL, symbol="LTCUSDT", side="SELL", quantity="1",
            aboveType="LIMIT_MAKER", abovePrice="100", belowType="STOP_LOSS_LIMIT",
            belowStopPrice="80", belowPrice="79", belowTimeInForce="GTC",
        )  # fmt: skip
        kinds = [e["event"]["e"] for e in speaker.events]
        assert sorted(kinds) == [
            "executionReport", "executionReport", "listStatus", "outboundAccountPosition",
        ]  # fmt: skip
        status = next(e["event"] for e in speaker.events if e["event"]["e"] == "listStatus")
        assert (status["c"], status["l"], status["L"]) == ("OCO", "EXEC_STARTED", "EXECUTING")
        speaker.events.clear()
        speaker.signed("openOrders.cancelAll", CAROL, symbol="LTCUSDT")
        canceled = [e["event"] for e in speaker.events if e["event"].get("x") == "CANCELED"]
        assert len(canceled) == 2 and all(e["C"] and e["C"] != e["c"] for e in canceled)
        assert [e["event"]["l"] for e in speaker.events if e["event"]["e"] == "listStatus"] == [
            "ALL_DONE"
        ]


def test_a_pending_order_is_not_told_of_before_its_time(server: Server) -> None:
    """Its first report knows no working time, no tracking and no pegged price: they come when the
    working order is filled, even when that is at once."""
    with Speaker(server) as speaker:
        LTC = {"symbol": "LTCUSDT", "timeInForce": "GTC", "type": "LIMIT"}
        speaker.signed("order.place", BOB, side="SELL", price="90", quantity="1", **LTC)
        speaker.signed("order.place", BOB, side="SELL", price="95", quantity="1", **LTC)
        speaker.signed("userDataStream.subscribe.signature", CAROL)
        placed = speaker.signed(
            "orderList.place.otoco", CAROL, symbol="LTCUSDT", workingType="LIMIT",
            workingSide="BUY", workingPrice="90", workingQuantity="1", workingTimeInForce="GTC",
            pendingSide="SELL", pendingQuantity="1", pendingAboveType="LIMIT_MAKER",
            pendingAbovePegPriceType="PRIMARY_PEG", pendingBelowType="STOP_LOSS",
            pendingBelowTrailingDelta="100",
        )  # fmt: skip
        assert placed["status"] == 200, placed
        told = [e["event"] for e in speaker.events if e["event"]["e"] == "executionReport"]
        pending = [e for e in told if e["X"] == "PENDING_NEW"]
        assert [(e["o"], "W" in e, e.get("D"), "gp" in e) for e in pending] == [
            ("STOP_LOSS", False, -1, False), ("LIMIT_MAKER", False, None, False),
        ]  # fmt: skip
        above = next(e for e in told if e["o"] == "LIMIT_MAKER" and e["X"] == "NEW")
        assert above["w"] and above["W"] == above["T"] and above["gp"] == "95.00000000"
        below = next(e for e in told if e["o"] == "STOP_LOSS" and e["X"] == "NEW")
        assert not below["w"] and "W" not in below and below["D"] == below["T"]
        speaker.signed("openOrders.cancelAll", CAROL, symbol="LTCUSDT")
        speaker.signed("openOrders.cancelAll", BOB, symbol="LTCUSDT")


@pytest.mark.parametrize(
    "path", ["/ws-api/v3", "/@main/ws-api/v3", "/ws-api.binance.com/ws-api/v3"]
)
def test_ways_to_the_socket(server: Server, path: str) -> None:
    with Speaker(server, path=path) as speaker:
        assert speaker.ask("ping")["status"] == 200


def test_what_is_no_way(server: Server) -> None:
    for path in ("/ws-api/v4", "/@nope/ws-api/v3", "/stream.binance.com/ws-api/v3"):
        with pytest.raises(Exception, match="404"):
            Speaker(server, path=path)


def test_listen_keys(server: Server) -> None:
    with Speaker(server) as speaker:
        key = {"apiKey": ALICE.api_key}
        first = speaker.ask("userDataStream.start", key)["result"]["listenKey"]
        assert len(first) == 64
        assert speaker.ask("userDataStream.start", key)["result"]["listenKey"] == first
        named = {**key, "listenKey": first}
        assert speaker.ask("userDataStream.ping", named)["result"] == {}
        other = {**named, "apiKey": BOB.api_key}
        assert speaker.ask("userDataStream.ping", other)["error"]["code"] == -1125
        assert speaker.ask("userDataStream.stop", named)["result"] == {}
        assert speaker.ask("userDataStream.ping", named)["error"]["code"] == -1125
        rest = server.request("POST", "/api/v3/userDataStream", x_mbx_apikey=ALICE.api_key)
        assert rest.status == 200 and rest.json["listenKey"] != first
