"""`tradepit ca` and `up --tls-port`: clients with fixed hosts trust the authority and trade."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.clients.pits import Pit, started

LED = """
import socket, sys

found = socket.getaddrinfo
def here(host, port, *args, **kwargs):
    # What a line of /etc/hosts does, and a port that needs no privilege.
    assert host.endswith((".binance.com", ".binance.vision")), host
    return found("127.0.0.1", {port}, *args, **kwargs)
socket.getaddrinfo = here
"""

PYTHON_BINANCE = """
import asyncio, os
from binance.async_client import AsyncClient
from binance.client import Client
from binance.ws.streams import BinanceSocketManager

client = Client({key!r}, {secret!r})
rests = client.order_limit_buy(symbol="BTCUSDT", quantity="0.001", price="50000")
print(client.API_URL, rests["status"])

async def listen():
    trades = BinanceSocketManager(AsyncClient({key!r}, {secret!r})).trade_socket("BTCUSDT")
    await trades.connect()
    Client({other.api_key!r}, {other.secret!r}, ping=False).order_market_sell(
        symbol="BTCUSDT", quantity="0.001"
    )
    event = await trades.recv()
    print(trades._url.startswith("wss://stream.binance.com"), event["p"], flush=True)
    os._exit(0)  # the client's own farewell takes ten seconds

asyncio.run(listen())
"""

CCXT = """
import ccxt

exchange = ccxt.binance({{
    "apiKey": {key!r}, "secret": {secret!r}, "requests_trust_env": True,
    "options": {{"fetchMarkets": {{"types": ["spot"]}}, "fetchCurrencies": False}},
}})
print(exchange.create_order("ETH/USDT", "limit", "buy", 0.01, 2_000)["status"])
print(exchange.fetch_balance()["SOL"]["total"])
"""


class Secure(NamedTuple):
    pit: Pit
    port: int
    authority: Path
    folder: Path


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    folder = tmp_path_factory.mktemp("tls")
    kept = folder / "ca"
    for pit in started(
        folder, "--market", "empty", "--tls-port", "0", "--ca-dir", str(kept)
    ):  # no authority is there yet: it makes one
        facts = json.loads((folder / "facts.json").read_text())
        port = int(facts["urls"]["https"].rpartition(":")[2])
        assert facts["ca"] == str(kept / "authority.pem")
        yield Secure(pit, port, Path(facts["ca"]), folder)


def ran(command: list[str], **env: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=30, check=False,
        env={**os.environ, "no_proxy": "*", **env},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout


@pytest.mark.clients
@pytest.mark.parametrize(
    ("program", "printed"),
    [
        (PYTHON_BINANCE, "https://api.binance.com/api NEW\nTrue 50000.00000000\n"),
        (CCXT, "open\n5000.0\n"),
    ],
    ids=["python-binance", "ccxt"],
)
def test_a_client_with_fixed_hosts_trades_over_tls(
    secure: Secure, program: str, printed: str
) -> None:
    key, other = secure.pit.keys["alice"], secure.pit.keys["bob"]
    text = (LED + program).format(port=secure.port, key=key.api_key, secret=key.secret, other=other)
    file = str(secure.authority)
    out = ran([sys.executable, "-c", text], SSL_CERT_FILE=file, REQUESTS_CA_BUNDLE=file)
    assert out == printed


@pytest.mark.clients
def test_what_else_the_page_names_trusts_it(secure: Secure) -> None:
    url, file = f"https://api.binance.com:{secure.port}/api/v3/ping", str(secure.authority)
    local = f"https://localhost:{secure.port}/api/v3/ping"
    if shutil.which("curl"):
        led = ["--resolve", f"api.binance.com:{secure.port}:127.0.0.1"]
        assert ran(["curl", "-s", "--cacert", file, *led, url]) == "{}"
    if shutil.which("node"):
        program = f"fetch('{local}').then((it) => it.text()).then(console.log)"
        assert ran(["node", "-e", program], NODE_EXTRA_CA_CERTS=file).strip() == "{}"
    program = f"import urllib.request as u; print(u.urlopen('{local}').read().decode())"
    assert ran([sys.executable, "-c", program], SSL_CERT_FILE=file).strip() == "{}"


def test_a_client_that_does_not_trust_it_is_not_answered(secure: Secure) -> None:
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(f"https://localhost:{secure.port}/api/v3/ping", timeout=5)
    with socket.create_connection(("127.0.0.1", secure.port), timeout=5) as plain:
        plain.sendall(b"GET /api/v3/ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200" not in plain.recv(1_000)


def test_all_host_names_are_on_the_certificate_and_route_as_they_do(secure: Secure) -> None:
    from tradepit.gateways.hosts import BINANCE

    context = ssl.create_default_context(cafile=str(secure.authority))
    for name in (*(host.decode() for host in BINANCE), "localhost"):
        with (
            socket.create_connection(("127.0.0.1", secure.port), timeout=5) as raw,
            context.wrap_socket(raw, server_hostname=name) as line,
        ):
            assert line.getpeercert()
    assert asked(secure, context, "api.binance.com", "/api/v3/ping")[0] == 200
    assert asked(secure, context, "fapi.binance.com", "/api/v3/ping")[0] == 404
    assert asked(secure, context, "localhost", "/ca.pem")[1] == secure.authority.read_bytes()


def asked(secure: Secure, context: ssl.SSLContext, name: str, path: str) -> tuple[int, bytes]:
    with (
        socket.create_connection(("127.0.0.1", secure.port), timeout=5) as raw,
        context.wrap_socket(raw, server_hostname=name) as line,
    ):
        head = f"GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n"
        line.sendall(head.encode())
        data = b""
        while more := line.recv(65_536):
            data += more
    head_bytes, _, body = data.partition(b"\r\n\r\n")
    return int(head_bytes.split()[1]), body


def test_pipelined_requests_and_big_refusals_come_whole_over_tls(secure: Secure) -> None:
    context = ssl.create_default_context(cafile=str(secure.authority))
    with (
        socket.create_connection(("127.0.0.1", secure.port), timeout=5) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as line,
    ):
        head = b"GET /api/v3/exchangeInfo HTTP/1.1\r\nHost: localhost\r\n"
        line.sendall((head + b"\r\n") * 19 + head + b"Connection: close\r\n\r\n")
        data = b""
        while more := line.recv(1 << 20):
            data += more
    assert data.count(b"HTTP/1.1 200 OK") == 20
    status, body = asked(secure, context, "localhost", "/" + "x" * 20_000)
    assert status == 414
    assert json.loads(body)["code"]
    with (
        socket.create_connection(("127.0.0.1", secure.port), timeout=5) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as line,
    ):
        head = b"POST /api/v3/order HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n"
        with contextlib.suppress(OSError):  # it may hang up before it has heard all
            line.sendall(head + b"a" * 3_000_000)
        assert line.recv(1_000).startswith(b"HTTP/1.1 413 ")


def test_no_private_key_is_anywhere_but_in_its_file(secure: Secure) -> None:
    key = (secure.folder / "ca" / "authority.key").read_text().splitlines()[1]
    for path in ("/", "/ca.pem", "/_tradepit/v1/info", "/control"):
        with urllib.request.urlopen(secure.pit.url + path, timeout=5) as answer:
            text = answer.read().decode()
        assert key not in text and "PRIVATE" not in text
    assert "PRIVATE" not in (secure.folder / "facts.json").read_text()
    for file in secure.folder.rglob("*"):
        if file.is_file() and file.name != "authority.key":
            assert key.encode() not in file.read_bytes(), file


def test_exec_uses_the_kept_authority(secure: Secure) -> None:
    """What trusts it once (a Java key store, say) trusts it under `exec` too."""
    program = "import os; print(open(os.environ['SSL_CERT_FILE']).read())"
    out = ran(
        [sys.executable, "-m", "tradepit", "exec", "--url", secure.pit.url, "--",
         sys.executable, "-c", program],
        TRADEPIT_CA_DIR=str(secure.folder / "ca"),
    )  # fmt: skip
    assert out.strip() == secure.authority.read_text().strip()


def up(*flags: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tradepit", "up", "--port", "0", "--memory", "--market", "empty",
         *flags],
        capture_output=True, text=True, timeout=30, check=False, **more,
    )  # fmt: skip


def test_a_taken_port_and_a_broken_authority_are_said(secure: Secure, tmp_path: Path) -> None:
    kept = ["--ca-dir", str(secure.folder / "ca")]
    taken = up("--tls-port", str(secure.port), *kept)
    assert taken.returncode == 3
    assert "in use" in taken.stderr
    (tmp_path / "authority.pem").write_text("no certificate")
    broken = up("--tls-port", "0", "--ca-dir", str(tmp_path))
    assert broken.returncode == 1
    assert "authority.key is missing" in broken.stderr
    assert "Traceback" not in broken.stderr
