"""The process as its owner meets it: start, banner, files, signals, restart, audit."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.gateways.conftest import ALICE, Server, running, sign

import tradepit
from tradepit import server as serving
from tradepit.config import CHECK_FAILED, FAILED, OK, PORT_TAKEN, Config
from tradepit.core.exchange import Exchange
from tradepit.data.genesis import DEV_KEYS

posix = pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")


class Up:
    """A `tradepit up` of its own on a free port."""

    def __init__(self, folder: Path, *args: str) -> None:
        self.out = folder / "world.json"
        command = ["up", "--port", "0", "--config-out", str(self.out), *args]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tradepit", *command],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        deadline = time.monotonic() + 20
        while not self.out.exists():
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.02)
        self.facts = json.loads(self.out.read_text())
        self.url: str = self.facts["urls"]["base"]

    def get(self, target: str) -> Any:
        with urllib.request.urlopen(self.url + target, timeout=10) as answer:
            return json.load(answer)

    def signed(self, method: str, path: str, query: str = "") -> Any:
        query += f"&timestamp={time.time_ns() // 1_000_000}"
        query = query.lstrip("&")
        url = f"{self.url}{path}?{query}&signature={sign(query)}"
        asked = urllib.request.Request(url, method=method, headers={"X-MBX-APIKEY": ALICE.api_key})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.load(answer)

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """(exit code, everything that was printed)"""
        self.out.unlink(missing_ok=True)
        self.process.send_signal(number)
        printed = self.process.communicate(timeout=20)[0]
        return self.process.returncode, printed


@pytest.fixture
def ups(tmp_path: Path) -> Iterator[Any]:
    started: list[Up] = []

    def start(*args: str) -> Up:
        started.append(Up(tmp_path, *args))
        return started[-1]

    yield start
    for up in started:
        up.process.kill()
        up.process.communicate()


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_signals_end_it_cleanly(ups: Any, number: int, code: int) -> None:
    up = ups("--memory")
    idle = socket.create_connection(("127.0.0.1", int(up.url.rsplit(":", 1)[1])))
    assert up.get("/api/v3/ping") == {}
    started = time.monotonic()
    ended, printed = up.end(number)
    assert ended == code, printed
    assert time.monotonic() - started < 4
    assert "Traceback" not in printed
    assert idle.recv(1) == b""
    idle.close()


@posix
def test_banner_and_config_out(ups: Any) -> None:
    up = ups("--memory", "--market", "empty")
    assert stat.S_IMODE(up.out.stat().st_mode) == 0o600
    assert up.facts["version"] == tradepit.__version__
    assert up.facts["accounts"] == [key._asdict() for key in DEV_KEYS]
    info = up.get("/_tradepit/v1/info")
    assert info["accounts"] == up.facts["accounts"]
    assert info["urls"] == up.facts["urls"]
    assert (info["world"], info["seed"]) == ("main", 1)
    assert abs(info["clock"]["now"] - time.time() * 1000) < 5_000
    _, printed = up.end()
    for piece in (up.url, tradepit.__version__, ALICE.api_key, ALICE.secret_key, "curl "):
        assert piece in printed


@posix
def test_a_world_goes_on_where_it_stopped(ups: Any, tmp_path: Path) -> None:
    order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=50000"
    up = ups("--data", str(tmp_path / "world"), "--market", "frozen")
    first = up.signed("POST", "/api/v3/order", order)
    depth = up.get("/api/v3/depth?symbol=ETHUSDT&limit=5000")
    assert min(len(depth["bids"]), len(depth["asks"])) >= 150
    assert up.end()[0] == 0

    up = ups("--data", str(tmp_path / "world"), "--market", "frozen", "--limits", "off")
    found = up.signed("GET", "/api/v3/order", f"symbol=BTCUSDT&orderId={first['orderId']}")
    assert found["status"] == "NEW"
    assert up.get("/api/v3/depth?symbol=ETHUSDT&limit=5000") == depth
    for _ in range(60):
        up.signed("POST", "/api/v3/order", order)
    assert up.end(signal.SIGKILL)[0] == -signal.SIGKILL

    # Orders that no count limited are there again although this process counts.
    up = ups("--data", str(tmp_path / "world"), "--market", "frozen")
    orders = up.signed("GET", "/api/v3/openOrders", "symbol=BTCUSDT")
    assert len(orders) == 61
    assert up.get("/_tradepit/v1/health")["healthy"] is True
    with pytest.raises(urllib.error.HTTPError, match="429"):
        for _ in range(60):
            up.signed("POST", "/api/v3/order", order)
    assert up.end()[0] == 0

    assert serving.audit(Config(data=tmp_path / "world")) == OK


def test_audit_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        assert serving.audit(Config(data=folder)) == FAILED
        assert "there is no world" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_audit_names_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Config(data=tmp_path, port=0, market="empty")
    for _ in running(settings):
        pass
    assert serving.audit(settings) == OK
    assert "all books balance" in capsys.readouterr().out
    monkeypatch.setattr(Exchange, "audit", lambda self: ["BTC is short of 1"])
    assert serving.audit(settings) == CHECK_FAILED
    assert "BTC is short of 1" in capsys.readouterr().out


def test_a_taken_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OSError) as taken:
            serving.run(Config(port=port, memory=True))
        assert taken.value.errno == errno.EADDRINUSE
        done = subprocess.run(
            [sys.executable, "-m", "tradepit", "--memory", "--port", str(port)],
            capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip
        assert done.returncode == PORT_TAKEN
        assert "Traceback" not in done.stderr


def test_a_taken_data_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Config(data=tmp_path, port=0, market="empty")
    for _ in running(settings):
        assert serving.run(settings) == FAILED
    assert "in use by process" in capsys.readouterr().err


def test_a_listing_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listing = tmp_path / "info.json"
    listing.write_text("{}")
    settings = Config(data=tmp_path / "w", port=0, exchange_info=listing)
    assert serving.run(settings) == FAILED
    assert "symbols" in capsys.readouterr().err


def every_address() -> Config:
    return Config(host="0.0.0.0", port=0, memory=True, market="empty")


def test_dev_keys_are_refused_where_others_can_come() -> None:
    for server in running(every_address()):
        refused = server.signed("GET", "/api/v3/account")
        assert (refused.status, refused.code) == (401, -2015)
        assert server.request("GET", "/_tradepit/v1/info").json["accounts"] == []
        assert server.is_well()


def test_dev_keys_where_the_owner_says_so() -> None:
    from dataclasses import replace

    for server in running(replace(every_address(), insecure_dev_keys=True)):
        assert server.signed("GET", "/api/v3/account").status == 200


def test_control_answers_to_this_machine_only(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tradepit.gateways import checks

    assert server.request("GET", "/_tradepit/v1/info").status == 200
    monkeypatch.setattr(checks, "LOOPBACK", frozenset({"::1"}))
    assert server.request("GET", "/_tradepit/v1/info").status == 403


def test_health_tells_each_part(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert server.request("GET", "/_tradepit/v1/health").json == {
        "healthy": True, "parts": {"orders": True},
    }  # fmt: skip
    monkeypatch.setattr(server.served.hall.sequencer, "broken", "for a test")
    sick = server.request("GET", "/_tradepit/v1/health")
    assert (sick.status, sick.json["data"]) == (409, {"orders": False})


def test_a_broken_world_ends_the_process(ups: Any) -> None:
    """Told on a process of its own: the exchange is broken from inside by a wrapper."""
    code = (
        "import tradepit.server as s\n"
        "from tradepit.config import Config\n"
        "from tradepit.market.residents import Residents\n"
        "async def start(self, fill=True):\n"
        "    self._desk._sequencer._break('a test says so')\n"
        "    self._task = None\n"
        "Residents.start = start\n"
        "raise SystemExit(s.run(Config(memory=True, port=0)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == FAILED
    assert "THE WORLD STOPPED: a test says so" in done.stderr
