"""Faults armed by rules: what the client gets, and what the engine has done all the same."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from tests.control.conftest import DEV, LIMIT, Pit, running_pit
from tests.gateways.conftest import Response
from tests.ws_api.speaking import Speaker
from websockets.exceptions import ConnectionClosed

from tradepit.gateways.faults import KINDS, Strike

ORDER = "POST /api/v3/order"
ANSWERS = {
    "too-much-weight": (429, -1003, "60"),
    "ip-ban": (418, -1003, "120"),
    "too-many-orders": (429, -1015, "10"),
    "clock-skew": (400, -1021, None),
    "overloaded": (503, -1008, None),
    "timeout-before": (408, -1007, None),
    "timeout-after": (408, -1007, None),
    "unavailable-before": (503, -1000, None),
    "unavailable-after": (503, -1000, None),
}
BREAKS = ("bad-gateway", "bad-gateway-after", "drop-before", "drop-after")
AFTER = {kind for kind in KINDS if kind.endswith("-after")}
OTHERS = {
    "delay-before",
    "delay-after",
    "maintenance",
    "read-lag",
    "halt",
    "break",
    "partial-fills",
}


@pytest.fixture(autouse=True)
def disarmed(pit: Pit) -> Iterator[None]:
    yield
    pit.done("DELETE", "faults", all=True)


def place(pit: Pit, name: str = "alice") -> Response:
    return pit.order(name, "BUY", "0.01", "45000")


def open_orders(pit: Pit, name: str = "alice") -> int:
    return len(pit.signed("GET", "/api/v3/openOrders", "symbol=BTCUSDT", name=name).json)


def test_every_kind_is_tested() -> None:
    assert set(KINDS) == {*ANSWERS, *BREAKS, *OTHERS}
    assert {kind for kind in KINDS if KINDS[kind].after} == AFTER


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_that_is_a_fault(pit: Pit, kind: str) -> None:
    status, code, wait = ANSWERS[kind]
    before = open_orders(pit)
    rule = pit.done("POST", "faults", kind=kind, operation=ORDER)
    hit = place(pit)
    assert (hit.status, hit.code, hit.headers.get("retry-after")) == (status, code, wait)
    assert open_orders(pit) == before + (kind in AFTER)
    assert place(pit).json["status"] == "NEW", "it struck once"
    (row,) = pit.done("GET", "faults")
    assert row == rule | {"seen": 1, "hit": 1}
    newest = pit.done("GET", "requests", limit=1)[0]
    reason = f"Fault {rule['number']} ({kind}) was armed."
    assert (newest["code"], newest["reason"]) == (code, reason)


@pytest.mark.parametrize("kind", ["drop-before", "drop-after"])
def test_a_connection_that_breaks(pit: Pit, kind: str) -> None:
    """The acknowledgement is lost; whether the order was placed only a question tells."""
    before = open_orders(pit)
    pit.done("POST", "faults", kind=kind, operation=ORDER, account="alice")
    with pytest.raises((EOFError, ConnectionError)):
        place(pit)
    assert open_orders(pit) == before + (kind in AFTER)
    assert pit.server.is_well()


def test_a_page_in_place_of_json(pit: Pit) -> None:
    for kind in ("bad-gateway", "bad-gateway-after"):
        before = open_orders(pit)
        pit.done("POST", "faults", kind=kind, operation=ORDER)
        page = place(pit)
        assert (page.status, page.headers["content-type"]) == (502, "text/html")
        assert b"<h1>502 Bad Gateway</h1>" in page.body
        assert open_orders(pit) == before + (kind in AFTER)
    assert pit.server.is_well()


def test_whom_a_rule_is_about(pit: Pit) -> None:
    pit.done("POST", "faults", kind="overloaded", operation=ORDER, account="bob", skip=1, times=2)
    got = [(name, place(pit, name).status) for name in ("alice", "bob", "bob", "bob", "bob")]
    assert [status for _, status in got] == [200, 200, 503, 503, 200]
    assert pit.server.is_well()
    pit.done("POST", "faults", kind="overloaded", times=0)
    for _ in range(3):
        assert pit.server.request("GET", "/api/v3/ping").status == 503
    assert pit.done("GET", "clock")["mode"] == "real", "control is never hit"
    assert len(pit.done("DELETE", "faults", all=True)) == 2
    assert pit.server.is_well()


def test_what_is_refused_anyway_is_refused(pit: Pit) -> None:
    pit.done("POST", "faults", kind="drop-after", operation=ORDER, times=0)
    assert pit.order("alice", "BUY", "0.01", "0.001").code == -1013


def test_chance_follows_the_seed() -> None:
    def run(seed: int) -> list[int]:
        for pit in running_pit(limits="off", seed=seed):
            pit.done("POST", "faults", kind="overloaded", times=0, probability="0.3")
            found = [pit.server.request("GET", "/api/v3/ping").status for _ in range(60)]
        return found

    first = run(7)
    assert run(7) == first
    assert run(8) != first
    assert 5 <= first.count(503) <= 35


@pytest.mark.parametrize("kind", [*ANSWERS, *BREAKS])
def test_a_socket_meets_the_same(pit: Pit, kind: str) -> None:
    ask: dict[str, Any] = {
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
        "quantity": "0.01", "price": "45000",
    }  # fmt: skip
    before = open_orders(pit)
    pit.done("POST", "faults", kind=kind, operation=ORDER)
    with Speaker(pit.server) as speaker:
        if kind in ANSWERS:
            answer = speaker.signed("order.place", **ask)
            assert (answer["status"], answer["error"]["code"]) == ANSWERS[kind][:2]
        else:
            with pytest.raises(ConnectionClosed):
                speaker.signed("order.place", **ask)
    assert open_orders(pit) == before + (kind in AFTER)


def test_which_requests_a_rule_strikes(pit: Pit) -> None:
    def struck(count: int, **rule: Any) -> list[int]:
        pit.done("POST", "faults", kind="overloaded", operation="GET /api/v3/time", **rule)
        found = [pit.server.request("GET", "/api/v3/time").status for _ in range(count)]
        pit.done("DELETE", "faults", all=True)
        return [at for at, status in enumerate(found, 1) if status == 503]

    assert struck(6, nth=4) == [4]
    assert struck(9, every=3, times=0) == [3, 6, 9]
    assert struck(9, every=3, times=2) == [3, 6]
    assert struck(9, every=3, skip=2, times=0) == [5, 8]
    assert struck(4, nth=2, skip=1) == [3]


def test_a_rule_about_a_key_or_a_symbol(pit: Pit) -> None:
    key = pit.done("POST", "keys", account="alice")["apiKey"]
    pit.done("POST", "faults", kind="overloaded", key=key, times=0)
    assert place(pit).status == 200, "another key of the same account"
    (row,) = pit.done("DELETE", "faults", all=True)
    assert (row["key"], row["seen"]) == (key, 0)
    pit.done("POST", "faults", kind="overloaded", key=DEV["alice"].api_key, times=0)
    assert (place(pit).status, place(pit, "bob").status) == (503, 200)
    pit.done("DELETE", "faults", all=True)
    pit.done("POST", "faults", kind="overloaded", symbol="ETHUSDT", times=0)
    assert place(pit).status == 200
    assert pit.order("alice", "BUY", "0.01", "3000", "ETHUSDT").status == 503


def test_a_rule_of_a_time() -> None:
    """The window is one of the world's clock."""
    for pit in running_pit(limits="off"):
        pit.done("PUT", "clock", speed="0")
        now = pit.done("GET", "clock")["now"]
        window = {"from": now + 60_000, "until": now + 120_000}
        rule = pit.done("POST", "faults", kind="overloaded", times=0, **window)
        assert (rule["from"], rule["until"]) == (now + 60_000, now + 120_000)
        found = []
        for _ in range(5):
            found.append(pit.server.request("GET", "/api/v3/ping").status)
            pit.done("POST", "clock/advance", by="30s")
        assert found == [200, 200, 503, 503, 200]
        assert pit.done("GET", "faults")[0]["seen"] == 2
        assert pit.no("POST", "faults", kind="overloaded", until=now)[0] == -1130


# --- Delays ------------------------------------------------------------------------------------


def took(pit: Pit) -> tuple[float, Response]:
    began = time.monotonic()
    answer = place(pit)
    return time.monotonic() - began, answer


@pytest.mark.parametrize("kind", ["delay-before", "delay-after"])
def test_a_delay(pit: Pit, kind: str) -> None:
    """On the wall's clock; another client is served meanwhile, and sees what was done already."""
    before = open_orders(pit)
    pit.done("POST", "faults", kind=kind, operation=ORDER, delay="300ms")
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(took, pit)
        time.sleep(0.1)
        seen = open_orders(pit)
        seconds, answer = late.result()
    assert answer.status == 200
    assert 0.3 <= seconds < 2
    assert seen == before + (kind in AFTER)
    assert open_orders(pit) == before + 1


def test_a_delay_that_varies_follows_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    strikes: list[Strike] = []
    serve = Strike.serve
    monkeypatch.setattr(Strike, "serve", lambda self, go: strikes.append(self) or serve(self, go))

    def run(seed: int) -> list[float]:
        """The delays of five requests, each kept."""
        strikes.clear()
        for pit in running_pit(limits="off", seed=seed):
            row = pit.done(
                "POST", "faults", kind="delay-after", times=0, delay="1ms", delayUpTo="200ms"
            )
            assert (row["delayUs"], row["delayUpToUs"]) == (1_000, 200_000)
            for n in range(5):
                began = time.monotonic()
                assert pit.server.is_well()
                took_s = time.monotonic() - began
                assert took_s >= strikes[n].wait_s - 0.002  # the loop counts milliseconds
        return [strike.wait_s for strike in strikes]

    first, again, other = run(3), run(3), run(4)
    assert first == again != other
    assert len(set(first)) == 5 and all(0.001 <= seconds <= 0.2 for seconds in first)


def test_what_goes_wrong_may_go_wrong_late(pit: Pit) -> None:
    """Status unknown, after a while: the order is on the book, or never gets there."""
    for kind, more in (("timeout-before", 0), ("timeout-after", 1)):
        before = open_orders(pit)
        pit.done("POST", "faults", kind=kind, operation=ORDER, delay="200ms")
        seconds, answer = took(pit)
        assert (answer.status, answer.code) == (408, -1007)
        assert seconds >= 0.2
        assert open_orders(pit) == before + more


def test_a_delayed_request_meets_the_second_look_at_its_window(pit: Pit) -> None:
    pit.done("POST", "faults", kind="delay-before", operation=ORDER, delay="300ms")
    query = LIMIT.format(symbol="BTCUSDT", side="BUY", qty="0.01", price="45000")
    assert pit.signed("POST", "/api/v3/order", query + "&recvWindow=100").code == -1021


def test_requests_of_a_socket_pass_a_delayed_one(pit: Pit) -> None:
    pit.done("POST", "faults", kind="delay-after", operation="GET /api/v3/time", delay="200ms")
    with Speaker(pit.server) as speaker:
        speaker.socket.send('{"id": 1, "method": "time"}')
        speaker.socket.send('{"id": 2, "method": "ping"}')
        assert [speaker.answer()["id"] for _ in range(2)] == [2, 1]


def test_nobody_waits_for_a_delay_when_the_server_stops() -> None:
    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        for pit in running_pit():
            pit.done("POST", "faults", kind="delay-before", operation=ORDER, delay="10m")
            late = pool.submit(place, pit)
            time.sleep(0.2)
        with contextlib.suppress(EOFError, ConnectionError):
            assert late.result(timeout=5).code == -1001
    assert time.monotonic() - began < 5


# --- Maintenance -------------------------------------------------------------------------------


def test_maintenance(pit: Pit) -> None:
    """No trading, and the system's status says why; market data and accounts can be read."""

    def status() -> Any:
        return pit.server.request("GET", "/sapi/v1/system/status").json

    number = pit.done("POST", "faults", kind="maintenance")["number"]
    assert status() == {"status": 1, "msg": "system_maintenance"}
    for _ in range(2):
        refused = place(pit)
        assert (refused.status, refused.code) == (503, -1016)
    assert pit.signed("DELETE", "/api/v3/openOrders", "symbol=BTCUSDT").code == -1016
    assert pit.signed("GET", "/api/v3/account").status == 200
    assert pit.server.is_well()
    pit.done("DELETE", "faults", number=number)
    assert status() == {"status": 0, "msg": "normal"}
    assert place(pit).status == 200


def test_maintenance_has_its_time() -> None:
    for pit in running_pit(limits="off"):
        pit.done("PUT", "clock", speed="0")
        now = pit.done("GET", "clock")["now"]
        window = {"from": now + 60_000, "until": now + 120_000}
        pit.done("POST", "faults", kind="maintenance", **window)
        found = []
        for _ in range(4):
            found.append(place(pit).status)
            pit.done("POST", "clock/advance", by="40s")
        assert found == [200, 200, 503, 200]


# --- Halts -------------------------------------------------------------------------------------


def status_of(pit: Pit) -> str:
    rows = pit.server.request("GET", "/api/v3/exchangeInfo?symbol=BTCUSDT").json["symbols"]
    return str(rows[0]["status"])


@pytest.mark.parametrize(("kind", "status"), [("halt", "HALT"), ("break", "BREAK")])
def test_a_symbol_halts_on_an_order(pit: Pit, kind: str, status: str) -> None:
    """The struck order meets the closed market; it opens again at its own time."""
    pit.done("PUT", "clock", speed="0")
    resting = place(pit).json["orderId"]
    rule = pit.done("POST", "faults", kind=kind, symbol="BTCUSDT", nth=2, lasts="30s")
    assert rule["lastsUs"] == 30_000_000
    assert place(pit).status == 200
    assert (place(pit).code, place(pit).code, status_of(pit)) == (-2010, -2010, status)
    asked = f"symbol=BTCUSDT&orderId={resting}"
    assert pit.signed("DELETE", "/api/v3/order", asked).code == -2011
    pit.done("POST", "clock/advance", by="29s")
    assert status_of(pit) == status
    pit.done("POST", "clock/advance", by="1s")
    assert (place(pit).status, status_of(pit)) == (200, "TRADING")
    pit.done("PUT", "clock", speed="1")


def test_a_symbol_halts_now(pit: Pit) -> None:
    pit.done("POST", "faults", kind="halt", symbol="BTCUSDT", now=True)
    assert status_of(pit) == "HALT"
    assert pit.done("GET", "faults") == []
    pit.done("PUT", "symbols", symbol="BTCUSDT", status="TRADING")
    assert place(pit).status == 200


def test_an_order_on_a_contract_halts_no_symbol_of_its_name(pit: Pit) -> None:
    rule = pit.done("POST", "faults", kind="halt", symbol="BTCUSDT")
    assert contract_order(pit, "/fapi/v1/order", "BTCUSDT", "0.1").json["status"] == "NEW"
    assert place(pit).code == -2010
    (row,) = pit.done("GET", "faults")
    assert row == rule | {"seen": 1, "hit": 1}
    pit.done("PUT", "symbols", symbol="BTCUSDT", status="TRADING")


def contract_order(pit: Pit, path: str, symbol: str, qty: str, price: str = "100000") -> Response:
    text = LIMIT.format(symbol=symbol, side="BUY", qty=qty, price=price)
    return pit.signed("POST", path, text)


def test_too_many_orders_on_a_contract(pit: Pit) -> None:
    for path, symbol, words, wait in (
        ("/fapi/v1/order", "BTCUSDT", "300 orders per 10 SECOND", "10"),
        ("/dapi/v1/order", "BTCUSD_PERP", "1200 orders per 1 MINUTE", "60"),
    ):
        pit.done("POST", "faults", kind="too-many-orders", symbol=symbol)
        hit = contract_order(pit, path, symbol, "1")
        assert (hit.status, hit.code, hit.headers.get("retry-after")) == (429, -1015, wait)
        assert words in hit.json["msg"]


def test_a_halt_ends_only_itself(pit: Pit) -> None:
    pit.done("PUT", "clock", speed="0")
    pit.done("POST", "faults", kind="halt", symbol="BTCUSDT", now=True, lasts="10s")
    pit.done("PUT", "symbols", symbol="BTCUSDT", status="BREAK")
    pit.done("POST", "clock/advance", by="1m")
    assert status_of(pit) == "BREAK"
    pit.done("PUT", "symbols", symbol="BTCUSDT", status="TRADING")
    pit.done("PUT", "clock", speed="1")


# --- Fills in portions -------------------------------------------------------------------------


def test_an_order_is_filled_in_portions(pit: Pit) -> None:
    """At its own price, by the house, on the tape and in the ledger like any trade."""
    pit.done("PUT", "clock", speed="0")
    pit.done(
        "POST", "faults", kind="partial-fills", account="alice", symbol="BTCUSDT",
        fills="0.25@0s,0.5@2s,0.25@1m",
    )  # fmt: skip
    base, quote = (Decimal(pit.balance(asset)[0]) for asset in ("BTC", "USDT"))
    order = pit.order("alice", "BUY", "0.04", "45000").json
    asked = f"symbol=BTCUSDT&orderId={order['orderId']}"

    def found() -> tuple[str, str, int]:
        row = pit.signed("GET", "/api/v3/order", asked).json
        trades = pit.signed("GET", "/api/v3/myTrades", asked).json
        assert all((row["price"], row["isMaker"]) == ("45000.00000000", True) for row in trades)
        return row["status"], row["executedQty"], len(trades)

    assert order["status"] == "NEW"
    assert found() == ("PARTIALLY_FILLED", "0.01000000", 1)
    pit.done("POST", "clock/advance", by="1s")
    assert found() == ("PARTIALLY_FILLED", "0.01000000", 1)
    pit.done("POST", "clock/advance", by="1s")
    assert found() == ("PARTIALLY_FILLED", "0.03000000", 2)
    pit.done("POST", "clock/advance", by="58s")
    assert found() == ("FILLED", "0.04000000", 3)
    last = pit.server.request("GET", "/api/v3/trades?symbol=BTCUSDT&limit=1").json[0]
    assert (last["price"], last["qty"]) == ("45000.00000000", "0.01000000")
    assert Decimal(pit.balance("USDT")[0]) == quote - 1800
    assert Decimal(pit.balance("BTC")[0]) == base + Decimal("0.04") * Decimal("0.999")
    assert pit.done("GET", "audit")["balanced"]
    pit.done("PUT", "clock", speed="1")


def test_what_was_canceled_is_filled_no_more(pit: Pit) -> None:
    pit.done("PUT", "clock", speed="0")
    pit.done("POST", "faults", kind="partial-fills", account="bob", fills="0.5@1s,0.3@3s")
    order = pit.order("bob", "SELL", "0.03", "70000").json
    asked = f"symbol=BTCUSDT&orderId={order['orderId']}"
    pit.done("POST", "clock/advance", by="2s")
    canceled = pit.signed("DELETE", "/api/v3/order", asked, name="bob").json
    assert (canceled["status"], canceled["executedQty"]) == ("CANCELED", "0.01500000")
    pit.done("POST", "clock/advance", by="2s")
    row = pit.signed("GET", "/api/v3/order", asked, name="bob").json
    assert (row["status"], row["executedQty"]) == ("CANCELED", "0.01500000")
    assert pit.done("GET", "audit")["balanced"]
    pit.done("PUT", "clock", speed="1")


# --- Reads that lag ----------------------------------------------------------------------------


def test_reads_lag(pit: Pit) -> None:
    """The order was acknowledged; every read of the account knows nothing of it for a while."""
    pit.done("PUT", "clock", speed="0")
    sold = pit.order("bob", "SELL", "0.01", "60000").json["orderId"]
    rule = pit.done("POST", "faults", kind="read-lag", account="alice", lag="500ms")
    assert (rule["lagUs"], rule["behind"], rule["times"]) == (500_000, 0, 0)

    def reads() -> tuple[Any, ...]:
        asked = f"symbol=BTCUSDT&orderId={order['orderId']}"
        found = pit.signed("GET", "/api/v3/order", asked)
        listed = [
            {
                row["orderId"]: row["status"]
                for row in pit.signed("GET", path, "symbol=BTCUSDT").json
            }
            for path in ("/api/v3/openOrders", "/api/v3/allOrders")
        ]
        trades = pit.signed("GET", "/api/v3/myTrades", asked).json
        here = [rows.get(order["orderId"]) for rows in listed]
        state = found.json.get("status") or found.code
        return state, *here, len(trades), pit.balance("USDT")

    before = pit.balance("USDT")
    order = pit.order("alice", "BUY", "0.02", "60000").json
    assert order["status"] == "PARTIALLY_FILLED"
    assert reads() == (-2013, None, None, 0, before)
    asked = f"symbol=BTCUSDT&orderId={sold}"
    others = pit.signed("GET", "/api/v3/order", asked, name="bob").json
    assert others["status"] == "FILLED", "others read what is"
    pit.done("POST", "clock/advance", by="1s")
    now = reads()
    assert now[:4] == ("PARTIALLY_FILLED",) * 3 + (1,)
    assert now[4] != before
    canceled = pit.signed("DELETE", "/api/v3/order", f"symbol=BTCUSDT&orderId={order['orderId']}")
    assert canceled.status == 200
    assert reads() == now, "and a canceled one is still open"
    pit.done("POST", "clock/advance", by="1s")
    assert reads()[:4] == ("CANCELED", None, "CANCELED", 1)
    pit.done("DELETE", "faults", all=True)
    pit.done("PUT", "clock", speed="1")
    assert pit.done("GET", "audit")["balanced"]


@pytest.mark.parametrize("late", [{"lag": "500ms"}, {"behind": 1}])
def test_reads_of_futures_lag(pit: Pit, late: dict[str, Any]) -> None:
    """What was filled at once lies in the history, and is not told of before its time."""
    pit.done("PUT", "clock", speed="0")

    def paid() -> int:
        asked = "symbol=ETHUSDT&incomeType=COMMISSION"
        return len(pit.signed("GET", "/fapi/v1/income", asked).json)

    sold = LIMIT.format(symbol="ETHUSDT", side="SELL", qty="0.1", price="2500")
    assert pit.signed("POST", "/fapi/v1/order", sold, name="bob").status == 200
    before = paid()
    pit.done("POST", "faults", kind="read-lag", account="alice", **late)
    order = contract_order(pit, "/fapi/v1/order", "ETHUSDT", "0.1", "2500").json

    def reads() -> tuple[Any, ...]:
        asked = f"symbol=ETHUSDT&orderId={order['orderId']}"
        found = pit.signed("GET", "/fapi/v1/order", asked)
        listed, trades = (
            pit.signed("GET", f"/fapi/v1/{path}", asked).json
            for path in ("allOrders", "userTrades")
        )
        state = found.json.get("status") or found.code
        return state, len(listed), len(trades), paid() - before

    assert reads() == (-2013, 0, 0, 0)
    pit.done("POST", "clock/advance", by="1s")
    place(pit, "bob")
    assert reads() == ("FILLED", 1, 1, 1)
    pit.done("DELETE", "faults", all=True)
    pit.done("PUT", "clock", speed="1")


def test_reads_lag_by_commands(pit: Pit) -> None:
    pit.done("POST", "faults", kind="read-lag", account="alice", behind=2)
    first = place(pit).json["orderId"]
    asked = f"symbol=BTCUSDT&orderId={first}"
    assert pit.signed("GET", "/api/v3/order", asked).code == -2013
    place(pit, "bob")
    assert pit.signed("GET", "/api/v3/order", asked).code == -2013
    place(pit, "bob")
    assert pit.signed("GET", "/api/v3/order", asked).json["status"] == "NEW"


def test_a_refusal_names_the_remedy(pit: Pit) -> None:
    for ask, remedy in (
        ({"kind": "overload"}, "did you mean overloaded"),
        ({"operation": "POST /api/v3/orders"}, "did you mean POST /api/v3/order"),
        ({"account": "allice"}, "did you mean alice?"),
        ({"account": "x"}, "there are alice, bob, carol, dave, erin"),
        ({"symbol": "BTCUSD"}, "did you mean BTCUSDT"),
        ({"symbol": "BTCUSD_PER"}, "did you mean BTCUSD_PERP"),
        ({"kind": "halt", "symbol": "BTCUSD_PERP"}, "did you mean BTCUSDT"),
        (
            {"kind": "halt", "operation": "POST /fapi/v1/order"},
            "halt never strikes it; it is about POST /api/v3/order",
        ),
        (
            {"kind": "partial-fills", "fills": "1@0s", "operation": "POST /fapi/v1/order"},
            "partial-fills never strikes it; it is about POST /api/v3/order.",
        ),
        ({"kind": "read-lag", "lag": "1s", "operation": ORDER}, "read-lag never strikes it"),
        ({"key": "x"}, "GET /_tradepit/v1/keys lists all."),
        ({"probability": "1.1"}, "more than 0 and at most 1"),
        ({"kind": "partial-fills"}, "Say which portions when"),
        ({"kind": "partial-fills", "fills": "0.6@0s,0.6@1s"}, "1 at most together"),
        ({"kind": "partial-fills", "fills": "0.6@1s,0.2@0s"}, "in the order of their times"),
        ({"kind": "halt", "now": True}, "Say which symbol closes now."),
        ({"kind": "read-lag"}, "Say how far reads lag"),
        ({"kind": "delay-before"}, "Say how long, as in 250ms."),
        ({"delay": "2h"}, "an hour at most"),
        ({"delay": "2s", "delayUpTo": "1s"}, "at least delay"),
        ({"nth": 2, "every": 3}, "either nth (only that one) or every"),
        ({"nth": 2, "times": 3}, "leave times away"),
        ({"until": 1_600_000_000_000}, "in the past"),
        ({"from": 4_000_000_000_000, "until": 3_900_000_000_000}, "not after from"),
    ):
        code, words = pit.no("POST", "faults", **{"kind": "overloaded"} | ask)
        assert (code in (-1130, -1102), remedy in words) == (True, True), words
    assert pit.done("GET", "faults") == []


def test_rules_that_cannot_be(pit: Pit) -> None:
    for ask, code in (
        ({}, -1102),
        ({"kind": "fire"}, -1130),
        ({"kind": "overloaded", "operation": "GET /nothing"}, -1130),
        ({"kind": "overloaded", "account": "nobody"}, -1130),
        ({"kind": "overloaded", "probability": "0"}, -1130),
        ({"kind": "overloaded", "probability": "1.1"}, -1130),
    ):
        assert pit.no("POST", "faults", **ask)[0] == code, ask
    assert pit.done("GET", "faults") == []
    assert pit.no("DELETE", "faults")[0] == -1128
    assert pit.no("DELETE", "faults", number=1, all=True)[0] == -1128
    assert pit.no("DELETE", "faults", number=999_999)[0] == -1130
    for _ in range(100):
        number = pit.done("POST", "faults", kind="ip-ban")["number"]
    assert pit.control("POST", "faults", kind="ip-ban").code == -1101
    assert pit.done("DELETE", "faults", number=number)[0]["number"] == number
    assert len(pit.done("GET", "faults")) == 99
