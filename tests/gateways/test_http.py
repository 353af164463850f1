"""HTTP/1.1 from hostile and clumsy clients: the documented status in JSON, and the server stays."""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from tests.gateways.conftest import ALICE, Response, Server, Wire, message, running, sign

from tradepit.config import Config
from tradepit.gateways import rest

PING = message("GET", "/api/v3/ping")
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    yield from running(Config(port=0, memory=True, market="empty", limits="off"))


@pytest.fixture(autouse=True)
def stays_well(server: Server) -> Iterator[None]:
    """Whatever a test did: the next client is served, at once."""
    yield
    started = time.perf_counter()
    assert server.is_well()
    assert time.perf_counter() - started < 2


def refused(answer: Response, status: int) -> bool:
    """A refusal in JSON, after which the connection ends."""
    assert answer.headers["content-type"].startswith("application/json")
    assert set(answer.json) == {"code", "msg"}
    assert answer.headers["connection"] == "close"
    return answer.status == status and answer.code < 0


def post(*lines: bytes, body: bytes = b"") -> bytes:
    head = (b"POST /api/v3/order HTTP/1.1", b"Host: localhost", *lines)
    return b"\r\n".join(head) + b"\r\n\r\n" + body


# --- What is no HTTP ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64,  # a TLS hello
        b"hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /api/v3/ping HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET /api/v3/ping HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET /api/v3/ping HTTP/1.1\r\n Host: localhost\r\n\r\n",
        b"GET /api/v3/ping HTTP/1.1\r\nHost: local\0host\r\n\r\n",
        b"GET /api/v3/ping HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n",
        b"GET /api/v3/\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /api/v3/ping?a=\xc3\xa9 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"G\xcbT /api/v3/ping HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        # Hosts and targets
        b"GET /api/v3/ping HTTP/1.1\r\n\r\n",
        b"GET /api/v3/ping HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        b"GET http://localhost/api/v3/ping HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET api/v3/ping HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_what_is_no_request(server: Server, raw: bytes) -> None:
    wire = server.wire().send(raw)
    assert refused(wire.response(), 400)
    assert wire.closed()


SMUGGLED = b"GET /api/v3/time HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        post(b"Content-Length: 4", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + SMUGGLED),
        post(b"Transfer-Encoding: chunked", b"Content-Length: 4", body=b"0\r\n\r\n" + SMUGGLED),
        post(b"Content-Length: 4", b"Content-Length: 0", body=b"a=1&" + SMUGGLED),
        post(b"Content-Length: 4", b"Content-Length: 4", body=b"a=1&" + SMUGGLED),
        post(b"Content-Length: 4, 4", body=b"a=1&" + SMUGGLED),
        post(b"Content-Length: +4", body=b"a=1&" + SMUGGLED),
        post(b"Content-Length: -4", body=b"a=1&" + SMUGGLED),
        post(b"Content-Length: 0x4", body=b"a=1&" + SMUGGLED),
        post(b"Content-Length: " + "４".encode(), body=b"a=1&" + SMUGGLED),
        post(b"Content-Length: 1_0", body=b"a=1&" + SMUGGLED),
        post(b"Content-Length:", body=b"a=1&" + SMUGGLED),
        post(b"Content-Length: " + b"9" * 30, body=b"a=1&" + SMUGGLED),
        post(b"Content-Length : 4", body=b"a=1&" + SMUGGLED),
        post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n" + SMUGGLED),
        post(b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n" + SMUGGLED),
        post(b"Transfer-Encoding: chunked", body=b"x\r\n" + SMUGGLED),
        post(b"Transfer-Encoding: chunked", body=b"-1\r\n" + SMUGGLED),
        post(b"Transfer-Encoding: chunked", body=b"f" * 17 + b"\r\n" + SMUGGLED),
        post(b"Transfer-Encoding: chunked", body=b"1\r\naa\r\n" + SMUGGLED),
        post(b"Transfer-Encoding: chunked", body=b"0\n\n" + SMUGGLED),
    ],
)
def test_smuggling(server: Server, raw: bytes) -> None:
    """Where one request ends is never in doubt: no second one is answered."""
    wire = server.wire().send(raw)
    assert 400 <= wire.response().status < 420
    assert wire.closed()


def test_chunked_bodies(server: Server) -> None:
    chunks = (
        b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in (b"symbol=B", b"TCUSDT")) + b"0\r\n\r\n"
    )
    wire = server.wire().send(post(b"Transfer-Encoding: chunked", body=chunks) + PING)
    assert wire.response().code == -2014
    assert wire.response().body == b"{}"


def test_trailers_are_no_headers(server: Server) -> None:
    raw = post(
        b"Transfer-Encoding: chunked",
        body=b"0\r\nX-MBX-APIKEY: " + ALICE.api_key.encode() + b"\r\n\r\n",
    )
    assert server.raw(raw).code == -2014


def test_a_key_sent_twice(server: Server) -> None:
    raw = post(b"X-MBX-APIKEY: a", b"X-MBX-APIKEY: b")
    assert refused(server.raw(raw), 400)


# --- Too much of everything --------------------------------------------------------------------


@pytest.mark.parametrize("whole", [True, False])
def test_a_long_uri(server: Server, whole: bool) -> None:
    raw = b"GET /api/v3/ping?" + b"a" * (1024 * 1024)
    if whole:
        raw += b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert refused(server.raw(raw), 414)


def test_a_uri_as_long_as_allowed(server: Server) -> None:
    target = b"/api/v3/ping?a=" + b"1" * (rest.MAX_TARGET - 15)
    assert server.raw(message("GET", target)).code == -1101
    assert server.raw(message("GET", target + b"1")).status == 414


@pytest.mark.parametrize(
    "lines",
    [
        b"X: " + b"a" * (1024 * 1024),
        b"X" * (1024 * 1024) + b": a",
        b"\r\n".join(b"X%d: a" % n for n in range(20_000)),
        b"\r\n".join(b"X: a" for n in range(20_000)),
    ],
)
@pytest.mark.parametrize("whole", [True, False])
def test_large_headers(server: Server, lines: bytes, whole: bool) -> None:
    raw = b"GET /api/v3/ping HTTP/1.1\r\nHost: localhost\r\n" + lines
    assert refused(server.raw(raw + b"\r\n\r\n" if whole else raw), 431)


def test_headers_as_large_as_allowed(server: Server) -> None:
    assert server.request("GET", "/api/v3/ping", x="a" * (rest.MAX_HEADERS - 100)).status == 200
    assert server.request("GET", "/api/v3/ping", x="a" * rest.MAX_HEADERS).status == 431


def test_a_large_body_is_refused_before_it_comes(server: Server) -> None:
    wire = server.wire().send(post(b"Content-Length: %d" % (rest.MAX_BODY + 1)))
    assert refused(wire.response(), 413)


def test_a_large_body_that_comes_anyway(server: Server) -> None:
    size = rest.MAX_BODY * 4
    wire = server.wire()
    wire.send(post(b"Content-Length: %d" % size))
    try:
        wire.send(b"a" * size)
    except ConnectionError:
        pytest.fail("the client was cut off before it could read why")
    assert refused(wire.response(), 413)


def test_a_large_body_in_chunks(server: Server) -> None:
    wire = server.wire().send(post(b"Transfer-Encoding: chunked"))
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    wire.send(chunk * (rest.MAX_BODY // 0x10000 + 1))
    assert refused(wire.response(), 413)


def test_a_body_as_large_as_allowed(server: Server) -> None:
    body = b"a=" + b"1" * (rest.MAX_BODY - 2)
    answer = server.request("POST", "/api/v3/order", body, x_mbx_apikey=ALICE.api_key)
    assert (answer.status, answer.code) == (400, -1102)


def test_ten_thousand_parameters(server: Server) -> None:
    body = "&".join(f"p{n}=1" for n in range(10_000))
    answer = server.signed("POST", "/api/v3/order", body=body)
    assert (answer.status, answer.code) == (400, -1101)


def test_too_many_connections(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "MAX_CONNECTIONS", 3)
    wires = [server.wire() for _ in range(3)]
    for wire in wires:
        assert wire.send(PING).response().status == 200
    answer = server.wire().response()
    assert refused(answer, 429)
    assert answer.code == -1034
    for wire in wires:
        wire.close()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if server.raw(PING).status == 200:
                break
        except (EOFError, ConnectionError):
            continue
    else:
        pytest.fail("closed connections still count")


# --- Half a request, and no more ---------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"G",
        b"GET /api/v3/ping HT",
        b"GET /api/v3/ping HTTP/1.1\r\nHost: loc",
        post(b"Content-Length: 100", body=b"symbol=BTC"),
        post(b"Transfer-Encoding: chunked", body=b"10\r\nsymb"),
    ],
)
def test_half_a_request_is_cut(server: Server, monkeypatch: pytest.MonkeyPatch, raw: bytes) -> None:
    monkeypatch.setattr(rest, "REQUEST_S", 0.3)
    wire = server.wire().send(raw)
    started = time.monotonic()
    assert refused(wire.response(), 408)
    assert 0.2 < time.monotonic() - started < 2
    assert wire.closed()


def test_a_byte_now_and_then_does_not_help(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "REQUEST_S", 0.5)
    wire = server.wire()
    started = time.monotonic()
    wire.sock.settimeout(0.05)
    for byte in b"GET /api/v3/ping HTTP/1.1\r\nX: " + b"a" * 1000:
        try:
            wire.sock.sendall(bytes([byte]))
            wire.rest += wire.sock.recv(65_536)
            break
        except TimeoutError:
            continue
    assert time.monotonic() - started < 2
    wire.sock.settimeout(5)
    assert refused(wire.response(), 408)


def test_silence_is_cut(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "REQUEST_S", 0.3)
    monkeypatch.setattr(rest, "KEEP_ALIVE_S", 0.6)
    silent, idle = server.wire(), server.wire()
    assert idle.send(PING).response().status == 200
    assert silent.closed(within_s=0.55)
    assert not idle.closed(within_s=0.1)
    idle.sock.settimeout(5)
    assert idle.closed()


def test_leaving_in_the_middle(server: Server) -> None:
    for raw in (b"GET /api", post(b"Content-Length: 100", body=b"a=1"), PING, b""):
        wire = server.wire().send(raw)
        wire.close()
    assert server.wire().send(PING).response().body == b"{}"


def test_half_closed_clients_get_their_answer(server: Server) -> None:
    wire = server.wire().send(PING)
    wire.sock.shutdown(socket.SHUT_WR)
    assert wire.response().body == b"{}"
    assert wire.closed()


def test_a_reset_hurts_nobody(server: Server) -> None:
    for raw in (PING, PING * 100, b"GET /a"):
        wire = server.wire().send(raw)
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        wire.close()
    assert server.wire().send(PING).response().body == b"{}"


def test_who_does_not_read_is_cut(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "STALLED_S", 0.5)
    wire = server.wire()
    wire.sock.settimeout(0.2)
    asked = message("GET", "/api/v3/exchangeInfo") * 20
    sent = 0
    try:
        while sent < 200:
            wire.sock.sendall(asked)
            sent += 1
    except (TimeoutError, ConnectionError):
        pass
    assert server.is_well()
    time.sleep(1.0)
    wire.sock.settimeout(10)
    with pytest.raises((ConnectionError, EOFError, AssertionError)):
        for _ in range(sent * 20 + 1):
            wire.response()


# --- Many requests -----------------------------------------------------------------------------


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    wire = server.wire()
    asked = []
    for n in range(300):
        path = ("/api/v3/ping", "/api/v3/time", "/nothing")[n % 3]
        asked.append(message("GET", path))
    wire.send(b"".join(asked))
    for n in range(300):
        answer = wire.response()
        if n % 3 == 0:
            assert answer.body == b"{}"
        elif n % 3 == 1:
            assert "serverTime" in answer.json
        else:
            assert answer.status == 404


def test_quick_answers_wait_for_slow_ones(server: Server) -> None:
    """A query that reads SQL in a thread is not overtaken by what was asked after it."""
    slow = signed_query("/api/v3/allOrders", "symbol=BTCUSDT")
    wire = server.wire().send((slow + PING + message("GET", "/api/v3/time")) * 20)
    for _ in range(20):
        assert wire.response().json == []
        assert wire.response().body == b"{}"
        assert "serverTime" in wire.response().json


def signed_query(path: str, query: str) -> bytes:
    query += f"&timestamp={time.time_ns() // 1_000_000}"
    target = f"{path}?{query}&signature={sign(query)}"
    return message("GET", target, x_mbx_apikey=ALICE.api_key)


def test_a_broken_request_behind_good_ones(server: Server) -> None:
    slow = signed_query("/api/v3/allOrders", "symbol=BTCUSDT")
    wire = server.wire().send(PING + slow + PING + b"rubbish\r\n\r\n" + PING)
    assert wire.response().body == b"{}"
    assert wire.response().json == []
    assert wire.response().body == b"{}"
    assert refused(wire.response(), 400)
    assert wire.closed()


def test_split_anywhere(server: Server) -> None:
    raw = post(b"Content-Length: 14", FORM.strip(), body=b"symbol=BTCUSDT") + PING
    for at in range(1, len(raw), 7):
        wire = server.wire()
        wire.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire.send(raw[:at])
        time.sleep(0.001)
        wire.send(raw[at:])
        assert wire.response().code == -2014
        assert wire.response().body == b"{}"
        wire.close()


@pytest.mark.parametrize(
    ("raw", "keeps"),
    [
        (PING, True),
        (message("GET", "/api/v3/ping", connection="close"), False),
        (b"GET /api/v3/ping HTTP/1.0\r\n\r\n", False),
        (b"GET /api/v3/ping HTTP/1.0\r\nHost: localhost\r\n\r\n", False),
        (
            message("GET", "/api/v3/ping", connection="Upgrade, HTTP2-Settings", upgrade="h2c"),
            False,
        ),
    ],
)
def test_keep_alive(server: Server, raw: bytes, keeps: bool) -> None:
    wire = server.wire().send(raw)
    answer = wire.response()
    assert answer.status == 200
    assert answer.headers["connection"] == ("keep-alive" if keeps else "close")
    if keeps:
        assert wire.send(raw).response().status == 200
    else:
        assert wire.closed()


def test_what_follows_a_close_is_not_answered(server: Server) -> None:
    wire = server.wire().send(message("GET", "/api/v3/ping", connection="close") + PING * 3)
    assert wire.response().status == 200
    assert wire.closed()


def test_expect_100_continue(server: Server) -> None:
    wire = server.wire().send(post(b"Expect: 100-continue", b"Content-Length: 3"))
    assert wire.sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert wire.send(b"a=1").response().code == -2014
    wire = server.wire().send(post(b"Expect: 100-continue", b"Content-Length: 9999999"))
    assert wire.response().status == 413


def test_nothing_of_the_inside_shows(server: Server) -> None:
    """No HTML, no traceback, no 5xx, whatever the bytes."""
    dice = random.Random(7)
    base = post(FORM.strip(), b"Content-Length: 14", body=b"symbol=BTCUSDT")
    for _ in range(300):
        raw = bytearray(base)
        for _ in range(dice.randrange(1, 6)):
            raw[dice.randrange(len(raw))] = dice.randrange(256)
        wire: Wire = server.wire().send(bytes(raw))
        wire.sock.shutdown(socket.SHUT_WR)
        try:
            answer = wire.response()
        except EOFError:
            continue  # it was half a request
        assert answer.status < 500 or answer.status == 501
        assert set(json.loads(answer.body)) == {"code", "msg"}
        wire.close()


def test_the_uvicorn_that_runs_is_the_one_that_was_tested() -> None:
    """Our protocol leans on its insides: a new version is a decision, not an upgrade."""
    project = Path(__file__).parents[2].joinpath("pyproject.toml").read_text("utf-8")
    assert f'"uvicorn=={version("uvicorn")}"' in project
