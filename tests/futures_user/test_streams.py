"""Futures user data on sockets of a served world: every form of address, the life of keys, and that
nothing comes before REST shows it, twice or not at all unless a fault has it so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.control.conftest import DEV, Pit, running_pit
from tests.futures_user.told import outline
from tests.streams.listening import Listener, advance
from tests.ws_api.speaking import Speaker
from websockets.exceptions import ConnectionClosed

VENUES = {"fapi": ("fstream", "BTCUSDT", "0.01"), "dapi": ("dstream", "BTCUSD_PERP", "5")}
FORMS = ("/ws/{}", "/private/ws/{}", "/stream?streams={}", "/private/stream?streams={}",
         "/private/ws?listenKey={}", "/private/stream?listenKey={}", "", "/ws", "/private/stream",
         "/private/stream?listenKey=")  # fmt: skip


@pytest.fixture(scope="module")
def pit() -> Iterator[Pit]:
    for found in running_pit(limits="off"):
        for _, symbol, _ in VENUES.values():
            found.done("PUT", "contracts", symbol=symbol, markPrice="100000", indexPrice="100000")
        yield found


def key_of(pit: Pit, venue: str = "fapi", name: str = "alice") -> str:
    path = f"/{venue}/v1/listenKey"
    answer = pit.server.request("POST", path, x_mbx_apikey=DEV[name].api_key)
    found: str = answer.json["listenKey"]
    return found


def order(
    pit: Pit, side: str, price: str = "98000", name: str = "alice", venue: str = "fapi"
) -> Any:
    _, symbol, qty = VENUES[venue]
    query = f"symbol={symbol}&side={side}&quantity={qty}"
    query += f"&type=LIMIT&timeInForce=GTC&price={price}" if price else "&type=MARKET"
    answer = pit.signed("POST", f"/{venue}/v1/order", query, name=name)
    assert answer.status == 200, answer.body
    return answer.json


def trade(pit: Pit, venue: str = "fapi") -> Any:
    """Bob's order at 100000, taken by Alice's, and both out again."""
    for buyer, seller in (("alice", "bob"), ("bob", "alice")):
        order(pit, "SELL", "100000", seller, venue)
        order(pit, "BUY", "100000", buyer, venue)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_address(pit: Pit, venue: str, form: str) -> None:
    key = key_of(pit, venue)
    with Listener(pit.server, f"/{VENUES[venue][0]}{form.format(key)}") as listener:
        if "{}" not in form:
            assert listener.ask("SUBSCRIBE", key) is None
        assert listener.ask("LIST_SUBSCRIPTIONS") == [key]
        placed = order(pit, "BUY", venue=venue)
        told = listener.next()
        if "ws" not in form:
            assert told["stream"] == key
            told = told["data"]
        assert (told["e"], told["o"]["i"]) == ("ORDER_TRADE_UPDATE", placed["orderId"])
        assert (told["o"]["c"], told["T"]) == (placed["clientOrderId"], placed["updateTime"])
        assert listener.ask("UNSUBSCRIBE", key) is None
        order(pit, "BUY", venue=venue)
        assert listener.all(0.05) == []


def test_a_key_is_heard_on_its_own_exchange_alone(pit: Pit) -> None:
    keys = key_of(pit), key_of(pit, "dapi")
    spot = pit.server.request("POST", "/api/v3/userDataStream", x_mbx_apikey=DEV["alice"].api_key)
    names = "/".join([*keys, spot.json["listenKey"]])
    with (
        Listener(pit.server, f"/fstream/stream?streams={names}") as linear,
        Listener(pit.server, f"/dstream/stream?streams={names}") as inverse,
        Listener(pit.server, f"/stream?streams={names}") as spots,
    ):
        for venue in VENUES:
            order(pit, "BUY", venue=venue)
        assert pit.order("alice", "BUY", "0.001", "20000").status == 200
        assert [frame["stream"] for frame in linear.all(0.1)] == [keys[0]]
        assert [frame["stream"] for frame in inverse.all(0.1)] == [keys[1]]
        heard = {frame["data"]["e"] for frame in spots.all(0.1)}
        assert heard == {"executionReport", "outboundAccountPosition"}


def test_only_the_events_that_the_address_names(pit: Pit) -> None:
    key = key_of(pit)
    target = f"/fstream/private/ws?listenKey={key}&events=TRADE_LITE/ACCOUNT_UPDATE"
    with Listener(pit.server, target) as some, Listener(pit.server, f"/fstream/ws/{key}") as all_:
        trade(pit)
        assert {frame["e"] for frame in some.all(0.1)} == {"TRADE_LITE", "ACCOUNT_UPDATE"}
        assert "ORDER_TRADE_UPDATE" in {frame["e"] for frame in all_.all(0.1)}


@pytest.mark.parametrize("venue", VENUES)
def test_an_hour_without_a_keepalive(pit: Pit, venue: str) -> None:
    """The key lives by the world's clock; expired it says so, and its socket goes on."""
    key = key_of(pit, venue, "carol")
    where = VENUES[venue][0]
    with (
        Listener(pit.server, f"/{where}/ws/{key}") as raw,
        Listener(pit.server, f"/{where}/stream?streams={key}") as combined,
    ):
        advance(pit.server, "59m")
        path = f"/{venue}/v1/listenKey"
        kept = pit.server.request("PUT", path, x_mbx_apikey=DEV["carol"].api_key)
        assert kept.json == {"listenKey": key}
        advance(pit.server, "59m")
        assert raw.all(0.05) == []
        advance(pit.server, "61s")
        expired = raw.next()
        assert list(expired) == ["e", "E", "listenKey"]
        assert (expired["e"], expired["listenKey"]) == ("listenKeyExpired", key)
        assert combined.next() == {"stream": key, "data": expired}
        order(pit, "BUY", name="carol", venue=venue)
        assert raw.all(0.05) == []
    assert key_of(pit, venue, "carol") != key


@pytest.mark.parametrize("venue", VENUES)
def test_never_ahead_of_what_rest_shows(pit: Pit, venue: str) -> None:
    symbol = VENUES[venue][1]
    with Listener(pit.server, f"/{VENUES[venue][0]}/ws/{key_of(pit, venue, 'dave')}") as listener:
        for n in range(10):
            order(pit, "BUY", str(97000 + n), "dave", venue)
            told = listener.next()["o"]
            query = f"symbol={symbol}&orderId={told['i']}"
            shown = pit.signed("GET", f"/{venue}/v1/order", query, name="dave").json
            assert (shown["status"], shown["clientOrderId"]) == (told["X"], told["c"])
        order(pit, "SELL", "100000", "bob", venue)
        order(pit, "BUY", "100000", "dave", venue)
        update = listener.until(lambda frame: frame["e"] == "ACCOUNT_UPDATE")["a"]
        rows = pit.signed("GET", f"/{venue}/v1/balance".replace("fapi/v1", "fapi/v2"),
                          name="dave").json  # fmt: skip
        balances = {row["asset"]: row["balance"] for row in rows}
        assert all(balances[row["a"]] == row["wb"] for row in update["B"])
        risk = f"/{venue}/v1/positionRisk".replace("fapi/v1", "fapi/v2")
        (held,) = [p for p in pit.signed("GET", risk, name="dave").json if p["symbol"] == symbol]
        (row,) = update["P"]
        for name, shown in (("pa", "positionAmt"), ("ep", "entryPrice"), ("bep", "breakEvenPrice")):
            assert float(row[name]) == float(held[shown])
    pit.signed("DELETE", f"/{venue}/v1/allOpenOrders", f"symbol={symbol}", name="dave")


@pytest.mark.parametrize("venue", VENUES)
def test_each_fill_is_told_once_to_each_side(pit: Pit, venue: str) -> None:
    where = VENUES[venue][0]
    target = f"/{where}/stream?streams={key_of(pit, venue)}/{key_of(pit, venue, 'bob')}"
    with Listener(pit.server, target) as listener:
        for _ in range(3):
            trade(pit, venue)
        heard = listener.all(0.2)
    fills: dict[int, list[bool]] = {}
    lite: list[tuple[int, bool]] = []
    for frame in (row["data"] for row in heard):
        if frame["e"] == "ORDER_TRADE_UPDATE" and frame["o"]["x"] == "TRADE":
            fills.setdefault(frame["o"]["t"], []).append(frame["o"]["m"])
        elif frame["e"] == "TRADE_LITE":
            lite.append((frame["t"], frame["m"]))
    assert len(fills) == 6 and all(sorted(sides) == [False, True] for sides in fills.values())
    told = sorted((trade_id, maker) for trade_id, sides in fills.items() for maker in sides)
    assert sorted(lite) == (told if venue == "fapi" else [])
    mine = [outline([row["data"]])[0] for row in heard if row["stream"] == heard[0]["stream"]]
    assert mine.count("ACCOUNT ORDER") == 6


def test_an_order_over_the_websocket_api_is_heard(pit: Pit) -> None:
    with (
        Listener(pit.server, f"/fstream/ws/{key_of(pit)}") as listener,
        Speaker(pit.server, path="/ws-fapi/v1") as api,
    ):
        placed = api.signed(
            "order.place", DEV["alice"], symbol="BTCUSDT", side="BUY", type="LIMIT",
            timeInForce="GTC", quantity=0.01, price=98000,
        )["result"]  # fmt: skip
        assert listener.next()["o"]["i"] == placed["orderId"]


def test_commission_in_another_asset_is_told_with_its_balance(pit: Pit) -> None:
    for name, side in (("bob", "SELL"), ("carol", "BUY")):
        assert pit.order(name, side, "1", "600", "BNBUSDT").status == 200
    fund = "type=MAIN_UMFUTURE&asset=BNB&amount=5"
    assert pit.signed("POST", "/sapi/v1/asset/transfer", fund, name="carol").status == 200
    assert pit.signed("POST", "/fapi/v1/feeBurn", "feeBurn=true", name="carol").status == 200
    with Listener(pit.server, f"/fstream/ws/{key_of(pit, name='carol')}") as listener:
        order(pit, "SELL", "100000", "bob")
        order(pit, "BUY", "100000", "carol")
        told = listener.all(0.1)
        order(pit, "BUY", "100000", "bob")
        order(pit, "SELL", "100000", "carol")
    update = next(frame["a"] for frame in told if frame["e"] == "ACCOUNT_UPDATE")
    assert [row["a"] for row in update["B"]] == ["USDT", "BNB"]
    fill = told[-1]["o"]
    assert (fill["x"], fill["N"]) == ("TRADE", "BNB")
    assert float(fill["n"]) == pytest.approx(1000 * 0.0005 * 0.9 / 600)


def test_what_the_house_does_is_told(pit: Pit) -> None:
    """A liquidation and a funding by hand."""
    order(pit, "SELL", "100000", "bob")
    order(pit, "BUY", "100000", "erin")
    order(pit, "BUY", "99990", "bob")
    with Listener(pit.server, f"/fstream/ws/{key_of(pit, name='erin')}") as listener:
        pit.done("POST", "fundings", symbol="BTCUSDT")
        funded = listener.until(lambda frame: frame["e"] == "ACCOUNT_UPDATE")["a"]
        assert (funded["m"], funded["S"], funded["P"]) == ("FUNDING_FEE", "BTCUSDT", [])
        pit.done("POST", "liquidations", symbol="BTCUSDT", account="erin")
        told = listener.all(0.1)
    orders = [frame["o"] for frame in told if frame["e"] == "ORDER_TRADE_UPDATE"]
    assert [(o["o"], o["x"], o["X"]) for o in orders] == [
        ("LIQUIDATION", "NEW", "NEW"), ("LIQUIDATION", "CALCULATED", "FILLED"),
    ]  # fmt: skip
    assert orders[0]["c"].startswith("autoclose-")


# --- Faults ------------------------------------------------------------------------------------


@pytest.fixture
def faults(pit: Pit) -> Iterator[Pit]:
    yield pit
    pit.done("DELETE", "faults", all=True)


@pytest.mark.parametrize(
    ("kind", "places"),
    [
        ("lose-event", [0, 2]),
        ("repeat-event", [0, 1, 1, 2]),
        ("reorder-event", [0, 2, 1]),
        ("late-event", [0, 2, 1]),
        ("stall-stream", [0]),
    ],
)
def test_an_event_that_is_struck(faults: Pit, kind: str, places: list[int]) -> None:
    stream = "usdm:user@ORDER_TRADE_UPDATE"
    more = {"delay": "100ms"} if kind == "late-event" else {}
    faults.done("POST", "faults", kind=kind, stream=stream, account="alice", skip=1, **more)
    other = Listener(faults.server, f"/dstream/ws/{key_of(faults, 'dapi')}")
    with Listener(faults.server, f"/fstream/ws/{key_of(faults)}") as listener, other:
        placed = [order(faults, "BUY")["orderId"] for _ in range(3)]
        for _ in range(3):
            order(faults, "BUY", venue="dapi")
        told = [frame["o"]["i"] for frame in listener.all(0.4 if more else 0.1)]
        assert len(other.all(0.1)) == 3, "another exchange's events are not meant"
    assert told == [placed[place] for place in places]


def test_a_connection_that_ends(faults: Pit) -> None:
    with (
        Listener(faults.server, f"/fstream/ws/{key_of(faults)}") as linear,
        Listener(faults.server, f"/dstream/ws/{key_of(faults, 'dapi')}") as inverse,
    ):
        row = faults.done("POST", "faults", kind="day-over", stream="usdm:user@*", now=True)
        assert row["hit"] == 1
        with pytest.raises(ConnectionClosed) as closed:
            linear.next()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1001
        order(faults, "BUY", venue="dapi")
        assert inverse.next()["e"] == "ORDER_TRADE_UPDATE"


@pytest.mark.parametrize("stream", ["usdm:user@*", None])
def test_keys_that_a_fault_has_expire(faults: Pit, stream: str | None) -> None:
    """Of one exchange, or of all."""
    keys = {venue: key_of(faults, venue) for venue in VENUES}
    with (
        Listener(faults.server, f"/fstream/ws/{keys['fapi']}") as linear,
        Listener(faults.server, f"/dstream/ws/{keys['dapi']}") as inverse,
    ):
        more = {"stream": stream} if stream else {}
        faults.done("POST", "faults", kind="expire-listen-key", account="alice", now=True, **more)
        assert linear.next()["listenKey"] == keys["fapi"]
        told = [frame["listenKey"] for frame in inverse.all(0.1)]
        assert told == ([] if stream else [keys["dapi"]])
    assert key_of(faults) != keys["fapi"]
    assert (key_of(faults, "dapi") == keys["dapi"]) == bool(stream)
