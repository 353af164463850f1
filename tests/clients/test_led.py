"""`tradepit exec`, `doctor` and completion, as a user meets them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.clients.pits import Pit

PROGRAM = """
import json
from binance.spot import Spot
from websockets.sync.client import connect

client = Spot({key!r}, {secret!r})
print(client.base_url, client.new_order("BTCUSDT", "BUY", "MARKET", quantity=0.001)["symbol"])
with connect("wss://ws-api.binance.com/ws-api/v3", open_timeout=10) as socket:
    socket.send(json.dumps({{"id": 7, "method": "time"}}))
    print(json.loads(socket.recv(10))["status"])
"""


def tradepit(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tradepit", *args], capture_output=True, text=True, timeout=30,
        check=False, env={**os.environ, **env},
    )  # fmt: skip


@pytest.mark.clients
def test_a_client_with_fixed_hosts_trades_here(lively: Pit) -> None:
    alice = lively.keys["alice"]
    program = PROGRAM.format(key=alice.api_key, secret=alice.secret)
    done = tradepit("exec", "--url", lively.url, "--", sys.executable, "-c", program)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["https://api.binance.com", "BTCUSDT", "200"]


IN_A_WORLD = """
import http.client, json, os, ssl, urllib.parse
from websockets.sync.client import connect

proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
context = ssl.create_default_context()
lined = http.client.HTTPSConnection(proxy.hostname, proxy.port, context=context)
lined.set_tunnel("api.binance.com")
for method, body, headers in (
    ("POST", b"x" * 200_000, {}),
    ("POST", iter([b"a=1", b"&b=2"]), {"Transfer-Encoding": "chunked"}),
    ("GET", None, {}),
):
    lined.request(method, "/api/v3/exchangeInfo", body, headers, encode_chunked=True)
    answer = lined.getresponse()
    found = json.loads(answer.read())
    print(answer.status, *[row["symbol"] for row in found.get("symbols", ())])
with connect("wss://stream.binance.com/ws/ltcusdt@bookTicker", open_timeout=10) as socket:
    print(json.loads(socket.recv(10))["s"])
"""


@pytest.mark.parametrize("how", ["option", "url"])
def test_it_leads_to_the_world_that_is_named(lively: Pit, how: str) -> None:
    """Each request of a connection, with a body and without, and sockets."""
    there = ["--url", lively.url]
    made = tradepit("world", "create", f"led-{how}", 'symbols=["LTCUSDT"]', *there)
    assert made.returncode == 0, made.stderr
    where = {
        "option": [*there, "--world", f"led-{how}"],
        "url": ["--url", f"{lively.url}/@led-{how}"],
    }
    done = tradepit("exec", *where[how], "--", sys.executable, "-c", IN_A_WORLD)
    assert tradepit("world", "delete", f"led-{how}", *there).returncode == 0
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["404", "404", "200", "LTCUSDT", "LTCUSDT"]


def test_no_other_host_is_reached_and_the_exit_code_is_the_commands() -> None:
    program = (
        "import os, urllib.request, urllib.error\n"
        "try:\n    urllib.request.urlopen('https://fapi3.binance.com/', timeout=5)\n"
        "except OSError as refused:\n    print(refused)\n"
        "raise SystemExit(int('NO_PROXY' in os.environ) or 7)\n"
    )
    done = tradepit("exec", "--", sys.executable, "-c", program, NO_PROXY="*")
    assert "403" in done.stdout
    assert done.returncode == 7
    assert tradepit("exec", "--", "no-such-command-anywhere").returncode == 1
    nowhere = tradepit("exec", "--world", "../lab", "--", "true")
    assert nowhere.returncode == 2 and "cannot be a world's name" in nowhere.stderr


def test_the_doctor_finds_a_taken_port_and_a_folder_that_is_none(tmp_path: Path) -> None:
    well = tradepit("doctor", "--port", "0", "--data", str(tmp_path / "new" / "world"))
    assert well.returncode == 0, well.stdout
    file = tmp_path / "file"
    file.touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ill = tradepit("doctor", "--port", port, "--data", str(file))
    assert ill.returncode == 5
    assert [line.split()[1] for line in ill.stdout.splitlines() if line.startswith("WRONG")] == [
        "Address", "Data",
    ]  # fmt: skip


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands(shell: str) -> None:
    asked = {"_TRADEPIT_COMPLETE": f"{shell}_complete", "COMP_WORDS": "tradepit client-",
             "COMP_CWORD": "client-" if shell == "fish" else "1"}  # fmt: skip
    done = tradepit(**asked)
    assert "client-config" in done.stdout
    more = "tradepit up --market "
    word = "" if shell == "fish" else "3"
    done = tradepit(**(asked | {"COMP_WORDS": more, "COMP_CWORD": word}))
    assert "flash-crash" in done.stdout
