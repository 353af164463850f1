"""The request log: every refusal with its reason, and no secret in it."""

from __future__ import annotations

import json
import time
import urllib.parse
from typing import Any

import pytest
from tests.control.conftest import ALICE, DEV, Pit, running_pit
from tests.gateways.conftest import sign
from tests.ws_api.speaking import EdKey, Speaker

PATH = "/api/v3/order"
GOOD = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=50000"


def last(pit: Pit) -> dict[str, Any]:
    found = pit.done("GET", "requests", limit=1)
    assert len(found) == 1
    return dict(found[0])


def post(pit: Pit, query: str, body: str, signature: str, **headers: str) -> int:
    target = f"{PATH}?{query}&signature={signature}" if query else f"{PATH}?signature={signature}"
    headers = {"content_type": "application/x-www-form-urlencoded"} | headers
    answer = pit.server.request(
        "POST", target, body.encode(), x_mbx_apikey=ALICE.api_key, **headers
    )
    return answer.code


def stamp() -> str:
    return f"timestamp={time.time_ns() // 1_000_000}"


def test_a_row(pit: Pit) -> None:
    assert pit.order("bob", "BUY", "0.01", "0.001").code == -1013
    row = last(pit)
    assert abs(row["at"] - time.time() * 1_000) < 5_000
    assert abs(row["worldTime"] - row["at"]) < 1_000
    shown = {name: row[name] for name in row if name not in ("at", "worldTime", "number", "asked")}
    details = shown.pop("details")
    assert shown == {
        "ip": "127.0.0.1", "account": "bob", "apiKey": DEV["bob"].api_key, "via": "REST",
        "method": "POST", "path": PATH, "operation": "POST /api/v3/order", "status": 400,
        "code": -1013, "name": "FILTER", "msg": "Filter failure: PRICE_FILTER",
        "reason": "A price lies within least and most and is a multiple of the step.",
    }  # fmt: skip
    assert details["passes"] == {"price": "0.01"}
    assert row["asked"].startswith("symbol=BTCUSDT&side=BUY&")


def test_what_can_be_asked_of_it(pit: Pit) -> None:
    before = last(pit)["number"] if pit.done("GET", "requests") else 0
    pit.server.request("GET", "/api/v3/depth?symbol=NONE")
    pit.order("carol", "BUY", "0.01", "0.001")
    pit.order("carol", "BUY", "1000000", "50000")
    rows = pit.done("GET", "requests", after=before)
    assert [row["code"] for row in rows] == [-1121, -1013, -1013]
    assert [row["number"] for row in rows] == [before + 1, before + 2, before + 3]
    assert pit.done("GET", "requests", after=before, limit=2) == rows[1:]
    assert pit.done("GET", "requests", after=before, code=-1121) == rows[:1]
    assert pit.done("GET", "requests", after=before, account="carol") == rows[1:]
    assert pit.done("GET", "requests", after=before + 3) == []
    for ask in ({"limit": 0}, {"limit": 1_001}, {"code": "x"}, {"after": "-1"}, {"account": "X"}):
        assert pit.control("GET", "requests", **ask).status == 400


# --- Signatures --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda q: sign("&".join(sorted(q.split("&")))), "the parameters sorted by name"),
        (lambda q: sign("?" + q), "a '?' and the parameters"),
        (lambda q: sign(q.rpartition("&")[0]), "the parameters without timestamp"),
        (lambda q: sign(urllib.parse.unquote(q)), "the parameters before they were percent"),
        (lambda q: sign(""), "over nothing"),
        (lambda q: sign(q, DEV["bob"].secret_key), "another key, of bob"),
        (lambda q: sign(q, "wrong"), "fits no usual mistake"),
        (lambda q: "zz", "64 hexadecimal digits; this is 2"),
        (lambda q: sign(q)[:-1], "64 hexadecimal digits; this is 63"),
    ],
)  # fmt: skip
def test_a_wrong_signature(pit: Pit, make: Any, words: str) -> None:
    query = f"{GOOD}&newClientOrderId=a%3Ab&{stamp()}"
    signature = make(query)
    assert post(pit, query, "", signature) == -1022
    row = last(pit)
    assert words in row["reason"]
    assert row["details"] == {"payload": query, "signature": signature, "keyType": "HMAC"}


@pytest.mark.parametrize(
    ("join", "words"),
    [
        (lambda q, b: f"{q}&{b}", "joined by '&'"), (lambda q, b: b + q, "body before the query"),
        (lambda q, b: q, "the query alone"), (lambda q, b: b, "the body alone"),
    ],
)  # fmt: skip
def test_a_signature_over_query_and_body(pit: Pit, join: Any, words: str) -> None:
    query, body = "symbol=BTCUSDT&side=BUY", f"type=MARKET&quantity=1&{stamp()}"
    assert post(pit, query, body, sign(join(query, body))) == -1022
    row = last(pit)
    assert words in row["reason"]
    assert row["details"]["payload"] == query + body


def test_a_wrong_signature_of_a_socket(pit: Pit) -> None:
    ed = EdKey(pit.server, "bob")
    with Speaker(pit.server) as speaker:
        params = {"apiKey": ALICE.api_key, "timestamp": time.time_ns() // 1_000_000}
        unsorted = f"timestamp={params['timestamp']}&apiKey={ALICE.api_key}"
        answer = speaker.ask("account.status", params | {"signature": sign(unsorted)})
        assert answer["error"]["code"] == -1022
        row = last(pit)
        assert "in which they were sent, apiKey last" in row["reason"]
        assert row["details"]["payload"] == (
            f"apiKey={ALICE.api_key}&timestamp={params['timestamp']}"
        )
        assert (row["via"], row["account"], row["path"]) == ("WS", "alice", "/ws-api/v3")
        params["apiKey"] = ed.api_key
        assert speaker.ask("account.status", params | {"signature": "@"})["status"] == 400
        assert "this is not base64" in last(pit)["reason"]
        speaker.ask("order.place", {"apiKey": "x"})
        assert last(pit)["code"] == -2014


# --- Time --------------------------------------------------------------------------------------


def test_the_skew_of_a_timestamp(pit: Pit) -> None:
    now_us = time.time_ns() // 1_000
    assert pit.signed("GET", "/api/v3/account", stamp_us=now_us - 90_000_000).code == -1021
    row = last(pit)
    assert row["details"]["skewMs"] == pytest.approx(-90_000, abs=500)
    assert row["details"]["recvWindowMs"] == 5_000
    assert "behind the machine's clock" in row["reason"]
    pit.signed("GET", "/api/v3/account", "recvWindow=60000", stamp_us=now_us + 5_000_000)
    row = last(pit)
    assert row["details"]["skewMs"] == pytest.approx(5_000, abs=500)
    assert "ahead of the machine's clock" in row["reason"]


def test_the_skew_from_a_world_elsewhere_in_time() -> None:
    for pit in running_pit(timestamps="world"):
        pit.done("POST", "clock/advance", by="1h")
        assert pit.signed("GET", "/api/v3/account").code == -1021
        row = last(pit)
        assert row["details"]["worldSkewMs"] == pytest.approx(-3_600_000, abs=1_000)
        assert row["details"]["skewMs"] == pytest.approx(0, abs=500)
        assert "which alone counts here" in row["reason"]


# --- Keys and limits ---------------------------------------------------------------------------


def test_why_a_key_was_refused(pit: Pit) -> None:
    def ask(api_key: str) -> str:
        query = stamp()
        pit.server.request(
            "GET", f"/api/v3/account?{query}&signature={sign(query)}", x_mbx_apikey=api_key
        )
        return str(last(pit)["reason"])

    made = pit.done("POST", "keys", account="bob", permissions=["TRADE"])
    assert ask(made["apiKey"]) == "The key lacks the permission for USER_DATA operations."
    made = pit.done("POST", "keys", account="bob", ips=["10.0.0.1"])
    assert ask(made["apiKey"]) == "The key may not be used from 127.0.0.1."
    assert last(pit)["details"] == {"ips": ["10.0.0.1"]}
    assert ask("k" * 64) == "World 'main' knows no such key."
    assert ask("short") == "An API key is 64 letters and digits."
    pit.server.request("GET", "/api/v3/account")
    assert last(pit)["reason"] == "The header X-MBX-APIKEY was not sent."


def test_limits() -> None:
    for pit in running_pit():
        pit.done("PUT", "clock", speed="0")
        for _ in range(51):
            answer = pit.order("alice", "BUY", "0.01", "50000")
        assert answer.code == -1015
        assert last(pit)["details"]["orders10S"] == "50 of 50"
        for _ in range(25):
            answer = pit.server.request("GET", "/api/v3/historicalTrades?symbol=BTCUSDT")
        while pit.server.request("GET", "/api/v3/ticker/24hr").status == 200:
            pass
        row = last(pit)
        assert (row["code"], row["status"]) == (-1003, 429)
        assert row["details"]["usedWeight"] > row["details"]["limit"]


# --- Orders ------------------------------------------------------------------------------------

ROW = {
    "symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT",
    "baseAssetPrecision": 8, "quotePrecision": 8, "quoteAssetPrecision": 8,
    "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"],
    "icebergAllowed": True, "ocoAllowed": True, "otoAllowed": True,
    "quoteOrderQtyMarketAllowed": True, "allowTrailingStop": True, "isSpotTradingAllowed": True,
    "permissionSets": [["SPOT"]], "defaultSelfTradePreventionMode": "NONE",
    "allowedSelfTradePreventionModes": ["NONE"],
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "10", "maxPrice": "100000", "tickSize": "0.05"},
        {"filterType": "LOT_SIZE", "minQty": "0.002", "maxQty": "100", "stepSize": "0.002"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0", "maxQty": "7", "stepSize": "0.01"},
        {"filterType": "NOTIONAL", "minNotional": "1200", "applyMinToMarket": True,
         "maxNotional": "600000", "applyMaxToMarket": False, "avgPriceMins": 5},
        {"filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "1.5",
         "bidMultiplierDown": "0.5", "askMultiplierUp": "2", "askMultiplierDown": "0.8",
         "avgPriceMins": 5},
        {"filterType": "ICEBERG_PARTS", "limit": 10},
        {"filterType": "TRAILING_DELTA", "minTrailingAboveDelta": 10,
         "maxTrailingAboveDelta": 2000, "minTrailingBelowDelta": 10,
         "maxTrailingBelowDelta": 2000},
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 20},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 1},
        {"filterType": "MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders": 1},
        {"filterType": "MAX_POSITION", "maxPosition": "1010"},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A symbol with every filter, its price 50000."""
    listing = tmp_path_factory.mktemp("listing") / "info.json"
    listing.write_text(json.dumps({"symbols": [ROW]}))
    for pit in running_pit(limits="off", exchange_info=listing):
        pit.done("POST", "accounts", name="guest")
        for asset in ("BTC", "USDT"):
            pit.done("POST", "faucet", account="bob", asset=asset, amount="10000000")
        assert pit.order("carol", "SELL", "0.04", "50000").status == 200
        assert pit.order("dave", "BUY", "0.04", "50000").json["status"] == "FILLED"
        assert pit.order("carol", "SELL", "1", "50000").status == 200
        yield pit


LIMIT = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "50000"}
MARKET = {"side": "BUY", "type": "MARKET"}


@pytest.mark.parametrize(
    ("name", "ask"),
    [
        ("PRICE_FILTER", LIMIT | {"price": "50000.04"}),
        ("PRICE_FILTER", LIMIT | {"price": "0.03", "side": "SELL"}),
        ("PRICE_FILTER", LIMIT | {"price": "100000.05"}),
        ("PRICE_FILTER", LIMIT | {"type": "STOP_LOSS_LIMIT", "stopPrice": "60000.01"}),
        ("LOT_SIZE", LIMIT | {"quantity": "0.001"}),
        ("LOT_SIZE", LIMIT | {"quantity": "0.003"}),
        ("LOT_SIZE", LIMIT | {"quantity": "101", "price": "30000"}),
        ("LOT_SIZE", LIMIT | {"icebergQty": "0.201"}),
        ("MARKET_LOT_SIZE", MARKET | {"quantity": "8"}),
        ("MARKET_LOT_SIZE", MARKET | {"quantity": "0.012"}),
        ("PERCENT_PRICE_BY_SIDE", LIMIT | {"price": "75000.05"}),
        ("PERCENT_PRICE_BY_SIDE", LIMIT | {"price": "24999.95"}),
        ("PERCENT_PRICE_BY_SIDE", LIMIT | {"price": "39000", "side": "SELL"}),
        ("NOTIONAL", LIMIT | {"quantity": "0.006", "price": "30000"}),
        ("NOTIONAL", LIMIT | {"quantity": "20"}),
        ("NOTIONAL", MARKET | {"quoteOrderQty": "1000"}),
        ("ICEBERG_PARTS", LIMIT | {"quantity": "1", "icebergQty": "0.098"}),
        ("MAX_POSITION", LIMIT | {"quantity": "12", "price": "30000"}),
    ],
)  # fmt: skip
def test_a_value_that_passes_the_filter(strict: Pit, name: str, ask: dict[str, str]) -> None:
    """What the log proposes is taken, or refused by another filter."""
    if name == "MAX_POSITION":
        owned = float(strict.balance("BTC")[0])
        assert owned <= 1_010, owned
        ask = ask | {"quantity": f"{1_010 - owned + 2:.2f}"} if owned < 1_010 else ask
    send = "&".join(f"{key}={value}" for key, value in ({"symbol": "BTCUSDT"} | ask).items())
    refused = strict.signed("POST", "/api/v3/order/test", send)
    assert (refused.code, refused.json["msg"]) == (-1013, f"Filter failure: {name}")
    row = last(strict)
    assert row["details"]["filter"] == name
    passes = row["details"]["passes"]
    assert passes
    assert row["reason"]
    send = "&".join(
        f"{key}={value}" for key, value in ({"symbol": "BTCUSDT"} | ask | passes).items()
    )
    again = strict.signed("POST", "/api/v3/order/test", send)
    assert again.json.get("msg") != f"Filter failure: {name}", (passes, again.body)


def test_counted_filters(strict: Pit) -> None:
    stop = "symbol=BTCUSDT&side=BUY&type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=0.04"
    stop += "&price=60000&stopPrice=60000"
    assert strict.signed("POST", PATH, stop, name="erin").status == 200
    assert strict.signed("POST", PATH, stop, name="erin").code == -1013
    row = last(strict)
    assert row["details"] == {"filter": "MAX_NUM_ALGO_ORDERS", "limit": 1, "open": 1}
    assert row["reason"] == "1 of 1 are open already: cancel some."
    trailing = "symbol=BTCUSDT&side=SELL&type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=0.04"
    trailing += "&price=50000&trailingDelta=1"
    assert strict.signed("POST", PATH, trailing).code == -1013
    assert last(strict)["details"]["below"] == [10, 2000]


def test_money_symbols_and_a_halt(pit: Pit) -> None:
    free = pit.balance("BTC", "dave")[0]
    assert pit.order("dave", "SELL", "100", "50000").code == -2010
    details = last(pit)["details"]
    assert (details["asset"], details["free"], details["needs"]) == ("BTC", free, "100.00000000")
    assert pit.server.request("GET", "/api/v3/depth?symbol=BTC-USDT").code == -1121
    assert last(pit)["details"] == {"passes": "BTCUSDT"}
    pit.server.request("GET", "/api/v3/depth?symbol=NONE")
    assert last(pit)["reason"] == "World 'main' lists no symbol 'NONE'."
    pit.done("PUT", "symbols", symbol="ETHUSDT", status="HALT")
    pit.order("dave", "BUY", "1", "3000", "ETHUSDT")
    assert "PUT /_tradepit/v1/symbols" in last(pit)["reason"]
    pit.done("PUT", "symbols", symbol="ETHUSDT", status="TRADING")


# --- What is not kept --------------------------------------------------------------------------


def test_no_secret_is_kept(pit: Pit) -> None:
    secret = ALICE.secret_key
    query = f"{GOOD}&secretKey={secret}&{stamp()}"
    post(pit, query, "", "0" * 64)
    post(pit, "", f"{GOOD}&privateKey={secret}&{stamp()}", "0" * 64)
    pit.control("POST", "keys", account="bob", type="RSA", publicKey=secret * 2)
    pit.server.request("GET", f"/api/v3/nothing?secret={secret}")
    with Speaker(pit.server) as speaker:
        speaker.ask("order.place", {"apiKey": ALICE.api_key, "secret": secret, "signature": "a"})
    text = pit.server.request("GET", "/_tradepit/v1/requests?limit=1000").body.decode()
    assert text.count("…") >= 5
    for key in DEV.values():
        assert key.secret_key not in text


def test_refusals_before_there_is_a_world(pit: Pit) -> None:
    for target, headers in (
        ("/@other/api/v3/ping", {}), ("/api/v3/ping", {"host": "evil.example"}),
        ("/nothing", {}), ("/api/v3/ping", {"origin": "https://evil.example"}),
    ):  # fmt: skip
        refused = pit.server.request("GET", target, **headers)
        row = last(pit)
        assert (row["status"], row["msg"]) == (refused.status, refused.json["msg"])
        assert row["account"] is None


def test_what_is_no_request(pit: Pit) -> None:
    for data, status in ((b"nonsense\r\n\r\n", 400), (b"GET /a HTTP/1.1\r\n\r\n", 400),
                         (b"GET /" + b"a" * 17_000 + b" HTTP/1.1\r\n\r\n", 414)):  # fmt: skip
        refused = pit.server.raw(data)
        row = last(pit)
        assert (refused.status, row["status"], row["ip"]) == (status, status, "127.0.0.1")
        assert row["reason"] == refused.json["msg"]


def test_only_the_last_thousand_are_kept(pit: Pit) -> None:
    for _ in range(12):
        wire = pit.server.wire()
        for _ in range(100):
            wire.send(b"GET /none HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        for _ in range(100):
            wire.response()
        wire.close()
    rows = pit.done("GET", "requests", limit=1_000)
    assert len(rows) == 1_000
    assert rows[-1]["number"] - rows[0]["number"] == 999
