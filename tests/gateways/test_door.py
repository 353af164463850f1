"""The chain of checks, in its order, as a client meets it."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from tests.gateways.conftest import ALICE, Response, Server, message, running, sign
from tests.gateways.test_keys import pem_of

from tradepit.config import Config
from tradepit.core.accounts import ApiKey
from tradepit.core.terms import ED25519, HMAC, MAY_READ, MAY_TRADE, RSA
from tradepit.gateways import checks

ORDER = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=90000"
TEST = "/api/v3/order/test"
ACCOUNT = "/api/v3/account"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def keyed(server: Server, target: str, method: str = "GET", **headers: str) -> Response:
    return server.request(method, target, **{"x_mbx_apikey": ALICE.api_key, **headers})


def stamped(server: Server, timing: str, **headers: str) -> Response:
    """A signed request whose `timestamp`, `recvWindow` are as given."""
    return keyed(server, f"{ACCOUNT}?{timing}&signature={sign(timing)}", **headers)


# --- Hosts, origins, worlds --------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1:8800", "[::1]:8800", "api.binance.com",
             "testnet.binance.vision:443", "data-api.binance.vision"],
)  # fmt: skip
def test_own_and_binance_names(server: Server, host: str) -> None:
    assert server.request("GET", "/api/v3/ping", host=host).body == b"{}"


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1",
             "localhost:99999999", "localhost:80@evil.example", "a b", "", "[::2]",
             "api.binance.com.evil.example", "ｌocalhost"],
)  # fmt: skip
def test_other_names_get_nothing(server: Server, host: str) -> None:
    refused = server.request("GET", "/api/v3/ping", host=host)
    assert (refused.status, refused.code) == (403, -1000)
    assert not [name for name in refused.headers if name.startswith("access-control")]


def test_an_allowed_name() -> None:
    settings = Config(port=0, memory=True, market="empty", allowed_host=("exchange.test",))
    for server in running(settings):
        assert server.request("GET", "/api/v3/ping", host="exchange.test:8800").status == 200
        assert server.request("GET", "/api/v3/ping", host="xexchange.test").status == 403


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        ("api.binance.com", "/api/v3/time", 200),
        ("api.binance.com", "/fapi/v1/ping", 404),
        ("api.binance.com", "/_tradepit/v1/info", 404),
        ("fapi.binance.com", "/api/v3/time", 404),
        ("testnet.binance.vision", "/sapi/v1/system/status", 404),
        ("data-api.binance.vision", "/api/v3/time", 200),
        ("data-api.binance.vision", ACCOUNT, 404),
        ("stream.binance.com", "/api/v3/time", 404),
    ],
)
def test_a_binance_name_routes_as_that_host(
    server: Server, host: str, path: str, status: int
) -> None:
    assert server.request("GET", path, host=host).status == status
    assert server.request("GET", f"/{host}{path}").status == status, "as first path segment"


def test_the_data_host_serves_nothing_signed(server: Server) -> None:
    signed = server.signed("GET", ACCOUNT, host="data-api.binance.vision")
    assert signed.status == 404
    assert server.signed("GET", ACCOUNT).status == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost", "http://127.0.0.1:1",
               "http://127.0.0.1:{port}.evil.example", "file://", "127.0.0.1:{port}", ""],
)  # fmt: skip
def test_foreign_origins_get_nothing(server: Server, origin: str) -> None:
    origin = origin.format(port=server.port)
    for method, path in (("GET", "/api/v3/ping"), ("OPTIONS", "/api/v3/order")):
        refused = server.request(method, path, origin=origin)
        assert (refused.status, refused.code) == (403, -1000)
        assert not [name for name in refused.headers if name.startswith("access-control")]


def test_the_own_origin(server: Server) -> None:
    own = f"http://127.0.0.1:{server.port}"
    assert server.request("GET", "/api/v3/ping", origin=own).status == 200


def test_worlds(server: Server) -> None:
    assert server.request("GET", "/@main/api/v3/ping").body == b"{}"
    assert server.request("GET", "/@main/api.binance.com/api/v3/ping").body == b"{}"
    assert server.request("GET", "/api/v3/ping", x_tradepit_world="main").body == b"{}"
    assert server.request("GET", "/api/v3/ping", host="main.localhost").body == b"{}"
    for refused in (
        server.request("GET", "/@other/api/v3/ping"),
        server.request("GET", "/@/api/v3/ping"),
        server.request("GET", "/@%00/api/v3/ping"),
        server.request("GET", "/api/v3/ping", x_tradepit_world="other"),
        server.request("GET", "/api/v3/ping", host="other.localhost"),
    ):
        assert (refused.status, refused.code) == (404, -1000)


# --- Operations --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/index"),
        ("GET", "/api/v3/exchangie"),
        ("GET", "/api/v3/ping/"),
        ("GET", "//api/v3/ping"),
        ("GET", "/api/v3/../v3/ping"),
        ("GET", "/api/v3/pin%67"),
        ("GET", "/API/V3/PING"),
        ("PATCH", "/api/v3/order"),
        ("TRACE", "/api/v3/ping"),
        ("OPTIONS", "/api/v3/ping"),
        ("POST", "/api/v3/ping"),
    ],
)
def test_unknown_operations(server: Server, method: str, path: str) -> None:
    refused = server.request(method, path)
    assert (refused.status, refused.code) == (404, -1000)


def test_operations_that_are_not_served_yet(server: Server) -> None:
    for method, path in (
        ("GET", "/sapi/v1/simple-earn/flexible/list"),
        ("GET", "/sapi/v1/mining/pub/algoList"),
    ):
        refused = server.request(method, path)
        assert (refused.status, refused.code) == (501, -1020)
        assert refused.json["msg"] == "This operation is not supported."


def test_head_is_get_without_a_body(server: Server) -> None:
    wire = server.wire().send(message("HEAD", "/api/v3/ping"))
    answer = wire.response(head_only=True)
    assert (answer.status, answer.headers["content-length"]) == (200, "2")
    assert wire.send(message("GET", "/api/v3/ping")).response().body == b"{}"


def test_answers_look_like_the_exchange(server: Server) -> None:
    for answer in (server.request("GET", "/api/v3/ping"), server.request("GET", "/nothing")):
        assert answer.headers["content-type"] == "application/json;charset=UTF-8"
        assert "server" not in answer.headers
        assert answer.headers["x-content-type-options"] == "nosniff"


# --- Keys and signatures -----------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, "", "short", ALICE.api_key + "x", "é" * 32, "-" * 64])
def test_bad_keys(server: Server, key: str | None) -> None:
    headers = {} if key is None else {"x_mbx_apikey": key}
    refused = server.request("GET", ACCOUNT, **headers)
    assert (refused.status, refused.code) == (401, -2014)
    assert refused.json["msg"] == "API-key format invalid."


def test_unknown_key(server: Server) -> None:
    refused = server.request("GET", ACCOUNT, x_mbx_apikey="x" * 64)
    assert (refused.status, refused.code) == (401, -2015)
    assert refused.json["msg"] == "Invalid API-key, IP, or permissions for action."


@pytest.fixture
def keys(server: Server) -> Iterator[dict[str, ApiKey]]:
    known = server.served.hall.pit.keys
    before = dict(known)
    yield known
    for name in known.keys() - before.keys():
        del known[name]


def test_permissions_and_ips(server: Server, keys: dict[str, ApiKey]) -> None:
    reader, far, near = "r" * 64, "f" * 64, "n" * 64
    keys[reader] = ApiKey(reader, 1, HMAC, ALICE.secret_key, MAY_READ)
    keys[far] = ApiKey(far, 1, HMAC, ALICE.secret_key, MAY_READ, ["10.0.0.1"])
    keys[near] = ApiKey(near, 1, HMAC, ALICE.secret_key, MAY_READ, ["10.0.0.1", "127.0.0.1"])
    assert server.signed("GET", ACCOUNT, x_mbx_apikey=reader).status == 200
    assert server.signed("POST", TEST, ORDER, x_mbx_apikey=reader).code == -2015
    assert server.signed("GET", ACCOUNT, x_mbx_apikey=far).code == -2015
    forwarded = {"x_mbx_apikey": far, "x_forwarded_for": "10.0.0.1"}
    assert server.signed("GET", ACCOUNT, **forwarded).code == -2015
    assert server.signed("GET", ACCOUNT, x_mbx_apikey=near).status == 200


def test_rsa_and_ed25519_over_http(server: Server, keys: dict[str, ApiKey]) -> None:
    rsa_key = rsa.generate_private_key(65_537, 2048)
    ed_key = ed25519.Ed25519PrivateKey.generate()
    may = MAY_READ | MAY_TRADE
    keys["R" * 64] = ApiKey("R" * 64, 1, RSA, pem_of(rsa_key.public_key()), may)
    keys["E" * 64] = ApiKey("E" * 64, 1, ED25519, pem_of(ed_key.public_key()), may)
    payload = f"timestamp={now_ms()}"
    signatures = {
        "R" * 64: rsa_key.sign(payload.encode(), padding.PKCS1v15(), SHA256()),
        "E" * 64: ed_key.sign(payload.encode()),
    }
    for name, raw in signatures.items():
        text = b64encode(raw).decode()
        good = keyed(
            server, f"{ACCOUNT}?{payload}&signature={quote(text, safe='')}", x_mbx_apikey=name
        )
        assert good.status == 200
        bad = quote(text.swapcase(), safe="")
        refused = keyed(server, f"{ACCOUNT}?{payload}&signature={bad}", x_mbx_apikey=name)
        assert (refused.status, refused.code) == (400, -1022)


def test_the_signature_may_stand_anywhere(server: Server) -> None:
    stamp = f"timestamp={now_ms()}"
    form = {"content_type": "application/x-www-form-urlencoded"}
    whole = f"{ORDER}&{stamp}"
    cases = [
        (f"{whole}&signature={sign(whole)}", ""),
        (f"signature={sign(whole)}&{whole}", ""),
        (f"{ORDER}&signature={sign(whole)}&{stamp}", ""),
        ("", f"{whole}&signature={sign(whole)}"),
        ("", f"signature={sign(whole).upper()}&{whole}"),
        (ORDER, f"{stamp}&signature={sign(ORDER + stamp)}"),
        (f"{ORDER}&signature={sign(ORDER + stamp)}", stamp),
        (f"signature={sign(whole)}", whole),
    ]
    for query, body in cases:
        target = f"{TEST}?{query}" if query else TEST
        answer = server.request(
            "POST", target, body.encode(), x_mbx_apikey=ALICE.api_key, **(form if body else {})
        )
        assert answer.body == b"{}", (query, body)


def test_what_is_signed_are_the_bytes_as_sent(server: Server) -> None:
    signed = f"symbol=%42TCUSDT&orderId=1&timestamp={now_ms()}"
    right = f"/api/v3/order?{signed}&signature={sign(signed)}"
    assert keyed(server, right).code == -2013, "read as BTCUSDT, and no such order"
    plain = signed.replace("%42", "B")
    assert keyed(server, f"/api/v3/order?{plain}&signature={sign(signed)}").code == -1022


def test_non_ascii_must_be_encoded_before_it_is_signed(server: Server) -> None:
    raw = f"symbol=１２３４５６&orderId=1&timestamp={now_ms()}"
    signed = f"{raw}&signature={sign(raw)}"
    key = {"x_mbx_apikey": ALICE.api_key, "content_type": "application/x-www-form-urlencoded"}
    assert server.request("DELETE", "/api/v3/order", signed.encode(), **key).code == -1022
    in_url = keyed(server, f"/api/v3/order?{signed}")
    assert (in_url.status, in_url.code) == (400, -1000), "no byte of a URL may be other than ASCII"
    encoded = f"symbol={quote('１２３４５６')}&orderId=1&timestamp={now_ms()}"
    answer = keyed(server, f"/api/v3/order?{encoded}&signature={sign(encoded)}")
    assert answer.code in (-2013, -1121), "the signature was right"


def test_bytes_moved_across_the_border_are_refused(server: Server) -> None:
    """Query and body are signed without a separator between them."""
    form = "application/x-www-form-urlencoded"
    stamp = f"&timestamp={now_ms()}"
    query, body = ORDER[:-1], ORDER[-1] + stamp
    mark = f"&signature={sign(ORDER + stamp)}"
    refused = server.request(
        "POST", f"{TEST}?{query}", (body + mark).encode(),
        x_mbx_apikey=ALICE.api_key, content_type=form,
    )  # fmt: skip
    assert (refused.status, refused.code) == (400, -1105)
    honest = server.request(
        "POST", f"{TEST}?{ORDER}", (stamp[1:] + f"&signature={sign(ORDER + stamp[1:])}").encode(),
        x_mbx_apikey=ALICE.api_key, content_type=form,
    )  # fmt: skip
    assert honest.body == b"{}"


def test_wrong_signatures(server: Server) -> None:
    stamp = f"timestamp={now_ms()}"
    for bad in ("0" * 64, "x", "%00", "%zz", sign(stamp)[:-1], sign(stamp) + "0", "%C3%A9"):
        refused = keyed(server, f"{ACCOUNT}?{stamp}&signature={bad}")
        assert refused.status == 400
        assert refused.code == (-1100 if bad == "%zz" else -1022), bad


def test_two_signatures(server: Server) -> None:
    stamp = f"timestamp={now_ms()}"
    twice = f"{stamp}&signature={sign(stamp)}"
    again = f"{twice}&signature={sign(twice)}"
    assert keyed(server, f"{ACCOUNT}?{again}").code == -1101


# --- Parameters --------------------------------------------------------------------------------


def test_the_query_wins(server: Server) -> None:
    answer = server.signed("POST", TEST, ORDER, "symbol=NOPE&price=1")
    assert answer.body == b"{}"


def test_twice_in_one_place(server: Server) -> None:
    refused = server.signed("POST", TEST, ORDER + "&symbol=BTCUSDT")
    assert refused.code == -1101
    assert refused.json["msg"] == "Duplicate values for a parameter detected."
    assert stamped(server, f"timestamp={now_ms()}&timestamp={now_ms()}").code == -1101


def test_only_forms_are_read(server: Server) -> None:
    plain = f"{ORDER}&timestamp={now_ms()}"
    query = f"{TEST}?{plain}&signature={sign(plain)}"
    key = {"x_mbx_apikey": ALICE.api_key}
    as_json = {"content_type": "application/json;charset=utf-8", **key}
    assert server.request("POST", query, **as_json).body == b"{}", "parameters in the query"
    assert server.request("POST", query, b'{"a":1}', **as_json).body == b"{}"
    missing = server.request("POST", TEST, b'{"symbol":"BTCUSDT"}', **as_json)
    assert (missing.code, "'signature'" in missing.json["msg"]) == (-1102, True)
    form = {"content_type": "Application/X-WWW-Form-Urlencoded; charset=UTF-8", **key}
    body = f"{plain}&signature={sign(plain)}".encode()
    assert server.request("POST", TEST, body, **form).body == b"{}"
    assert server.request("POST", TEST, body, **key).body == b"{}", "no type: taken for a form"


def test_the_body_of_a_get_is_not_read(server: Server) -> None:
    stamp = f"timestamp={now_ms()}"
    body = f"{stamp}&signature={sign(stamp)}".encode()
    form = {"content_type": "application/x-www-form-urlencoded"}
    refused = server.request("GET", ACCOUNT, body, x_mbx_apikey=ALICE.api_key, **form)
    assert refused.code == -1102


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/api/v3/depth", -1102),
        ("/api/v3/depth?symbol=", -1105),
        ("/api/v3/depth?symbol=BTCUSDT&limit=%EF%BC%91%EF%BC%90", -1100),
        ("/api/v3/depth?symbol=BTCUSDT&limit=1_0", -1100),
        ("/api/v3/depth?symbol=BTCUSDT&limit=1e3", -1100),
        ("/api/v3/depth?symbol=BTCUSDT&what=1", -1104),
        ("/api/v3/ping?a=1", -1101),
        ("/api/v3/depth?symbol=%ff", -1100),
        ("/api/v3/depth?symbol=%zz", -1100),
        ("/api/v3/depth?symbol", -1105),
        ("/api/v3/depth?" + "&".join(f"p{n}=1" for n in range(1_500)), -1101),
    ],
)
def test_bad_parameters(server: Server, target: str, code: int) -> None:
    refused = server.request("GET", target)
    assert (refused.status, refused.code) == (400, code)


@pytest.mark.parametrize("unit", ["MICROSECOND", "microsecond", "MILLISECOND", "millisecond"])
def test_time_units(server: Server, unit: str) -> None:
    answer = server.request("GET", "/api/v3/time", x_mbx_time_unit=unit)
    digits = 16 if unit.lower() == "microsecond" else 13
    assert len(str(answer.json["serverTime"])) == digits


def test_other_time_units(server: Server) -> None:
    refused = server.request("GET", "/api/v3/time", x_mbx_time_unit="Microsecond")
    assert (refused.status, refused.code) == (400, -1194)


# --- Time --------------------------------------------------------------------------------------

AHEAD = "Timestamp for this request was 1000ms ahead of the server's time."
LATE = "Timestamp for this request is outside of the recvWindow."


@pytest.mark.parametrize(
    ("timing", "code", "words"),
    [
        ("recvWindow=5000", -1102, "'timestamp'"),
        ("timestamp=", -1105, "'timestamp'"),
        ("timestamp=abc", -1100, "legal range is '^[0-9]{1,20}$'"),
        ("timestamp=%EF%BC%91", -1100, "'timestamp'"),
        ("timestamp=-1", -1100, "'timestamp'"),
        ("timestamp=1.5", -1100, "'timestamp'"),
        ("timestamp=" + "9" * 21, -1100, "'timestamp'"),
        ("timestamp=0", -1021, LATE),
        ("timestamp=1483228799999", -1021, LATE),
        ("timestamp=99999999999999999999", -1021, AHEAD),
        ("timestamp={now}&recvWindow=60001", -1131, "recvWindow must be less than 60000"),
        ("timestamp={now}&recvWindow=60000.001", -1131, "recvWindow"),
        ("timestamp={now}&recvWindow=5000.1234", -1111, "'recvWindow'"),
        ("timestamp={now}&recvWindow=", -1105, "'recvWindow'"),
        ("timestamp={now}&recvWindow=x", -1100, "'recvWindow'"),
        ("timestamp={now}&recvWindow=1e3", -1100, "'recvWindow'"),
        ("timestamp={now}&recvWindow=-1", -1100, "'recvWindow'"),
    ],
)
def test_bad_times(server: Server, timing: str, code: int, words: str) -> None:
    refused = stamped(server, timing.format(now=now_ms()))
    assert (refused.status, refused.code) == (400, code)
    assert words in refused.json["msg"]


@pytest.mark.parametrize(
    ("late_ms", "window", "words"),
    [
        (4_000, "", None),
        (6_000, "", LATE),
        (6_000, "&recvWindow=7500.5", None),
        (50_000, "&recvWindow=60000", None),
        (1_000, "&recvWindow=900.999", LATE),
        (-500, "", None),
        (-1_500, "", AHEAD),
        (-11_000, "", AHEAD),
    ],
)
def test_the_window(server: Server, late_ms: int, window: str, words: str | None) -> None:
    for scale in (1, 1_000):
        answer = stamped(server, f"timestamp={(now_ms() - late_ms) * scale}{window}")
        if words is None:
            assert answer.status == 200
        else:
            assert (answer.code, answer.json["msg"]) == (-1021, words)


def test_either_clock_or_the_worlds_alone() -> None:
    for strict in (False, True):
        settings = Config(
            port=0, memory=True, market="empty", timestamps="world" if strict else "either"
        )
        for server in running(settings):
            clock = server.served.hall.clock
            clock.set(clock.now_us() + 86_400_000_000)
            by_wall = stamped(server, f"timestamp={now_ms()}")
            by_world = stamped(server, f"timestamp={clock.now_us() // 1000}")
            assert by_world.status == 200
            assert by_wall.status == (400 if strict else 200)
            between = stamped(server, f"timestamp={now_ms() + 3_600_000}")
            assert between.code == -1021


def test_once_more_before_the_engine(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was in time at the door and is late when its turn comes is refused, unplaced."""
    check_again = checks.Call.check_again

    def later(call: checks.Call) -> None:
        call.sent_us -= 10_000_000
        check_again(call)

    monkeypatch.setattr(checks.Call, "check_again", later)
    counted = unfilled(server)
    refused = server.signed("POST", "/api/v3/order", ORDER)
    assert (refused.code, refused.json["msg"]) == (-1021, LATE)
    cancel = server.signed("DELETE", "/api/v3/order", "symbol=BTCUSDT&orderId=1")
    assert cancel.code == -1021
    monkeypatch.undo()
    assert server.signed("GET", "/api/v3/openOrders").json == []
    assert unfilled(server) == counted + 1, "documented: that refusal costs an order"


def unfilled(server: Server) -> int:
    rows = server.signed("GET", "/api/v3/rateLimit/order").json
    return int(next(row["count"] for row in rows if row["interval"] == "DAY"))


# --- Order of checks ---------------------------------------------------------------------------


def test_who_refuses_first(server: Server) -> None:
    """Each request is wrong in everything that comes after the check that must speak."""
    bad = {"x_mbx_time_unit": "x", "x_mbx_apikey": "bad"}
    target = f"{ACCOUNT}?a&timestamp=x"
    foreign = {**bad, "origin": "http://evil.example"}
    assert server.request("GET", target, host="evil.example", **foreign).status == 403
    assert "host" in server.request("GET", target, host="evil.example", **foreign).json["msg"]
    assert "origin" in server.request("GET", "/@no" + target, **foreign).json["msg"]
    assert "world" in server.request("GET", "/@no/nothing", **bad).json["msg"]
    assert server.request("GET", "/api/v3/nothing", **bad).status == 404
    assert server.request("GET", target, **bad).code == -1194
    assert server.request("GET", target, x_mbx_apikey="bad").code == -2014
    assert keyed(server, target).code == -1102, "signature before what is in the request"
    assert keyed(server, target + "&signature=0").code == -1022
    signed = "a&timestamp=x"
    assert keyed(server, f"{ACCOUNT}?{signed}&signature={sign(signed)}").code == -1105
    signed = "a=1&timestamp=x"
    assert keyed(server, f"{ACCOUNT}?{signed}&signature={sign(signed)}").code == -1100
    signed = f"a=1&timestamp={now_ms()}"
    assert keyed(server, f"{ACCOUNT}?{signed}&signature={sign(signed)}").code == -1104


# --- Weights -----------------------------------------------------------------------------------


def test_weights_are_counted_and_shown() -> None:
    for server in running(Config(port=0, memory=True, market="empty")):

        def used(answer: Response) -> int:
            assert answer.headers["x-mbx-used-weight"] == answer.headers["x-mbx-used-weight-1m"]
            return int(answer.headers["x-mbx-used-weight"])

        while time.time() % 60 > 55:
            time.sleep(0.1)
        assert used(server.request("GET", "/api/v3/ping")) == 1
        assert used(server.request("GET", "/api/v3/depth?symbol=BTCUSDT&limit=1000")) == 51
        assert used(server.request("GET", "/api/v3/depth?symbol=NOPE&limit=x")) == 56
        assert used(server.request("GET", ACCOUNT)) == 76, "a refused request weighs, too"
        placed = server.signed("POST", "/api/v3/order", ORDER)
        assert used(placed) == 76, "orders that are placed cost nothing"
        assert used(server.signed("POST", "/api/v3/order", f"{ORDER}&price=0")) == 77, "others do"
        for path in ("openOrders", "openOrders", "order"):
            canceled = server.signed("DELETE", f"/api/v3/{path}", "symbol=BTCUSDT")
        assert used(canceled) == 79, "of these only the first canceled anything"
        assert placed.headers["x-mbx-order-count-10s"] == "1"
        assert placed.headers["x-mbx-order-count-1d"] == "1"
        assert "x-mbx-order-count-1d" not in server.signed("GET", ACCOUNT).headers
        assert "x-mbx-used-weight" not in server.request("GET", "/_tradepit/v1/info").headers


def test_too_much_weight_over_http() -> None:
    for server in running(Config(port=0, memory=True, market="empty")):
        while time.time() % 60 > 50:
            time.sleep(0.1)
        wire = server.wire()
        statuses = []
        for _ in range(6_000 // 250 + 30):
            wire.send(message("GET", "/api/v3/depth?symbol=BTCUSDT&limit=5000"))
            answer = wire.response()
            statuses.append(answer.status)
            if answer.status == 418:
                break
        assert statuses == [200] * 24 + [429] * 20 + [418]
        assert answer.code == -1003
        assert int(answer.headers["retry-after"]) == 120
        assert server.request("GET", "/api/v3/ping").status == 418
        assert server.request("GET", "/_tradepit/v1/health").status == 200


def test_limits_off() -> None:
    for server in running(Config(port=0, memory=True, market="empty", limits="off")):
        wire = server.wire()
        for _ in range(100):
            wire.send(message("GET", "/api/v3/depth?symbol=BTCUSDT&limit=5000"))
            assert wire.response().status == 200
        for _ in range(60):
            assert server.signed("POST", TEST, ORDER).status == 200
            placed = server.signed("POST", "/api/v3/order", ORDER)
            assert placed.status == 200


# --- Bugs --------------------------------------------------------------------------------------


def test_a_bug_is_told_to_the_operator_alone(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    operation = server.served.door.routes[b"GET /api/v3/account"]
    monkeypatch.setattr(operation, "handler", broken)
    answer = server.signed("GET", ACCOUNT)
    assert (answer.status, answer.code) == (400, -1000)
    assert answer.json["msg"] == "An unknown error occurred while processing the request."
    assert "secret detail" in caplog.text
    assert "signature=" not in caplog.text
    assert server.is_well()
