"""`tradepit up` and `tradepit audit` as processes: how they begin, and what they end with."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tradepit import cli, server

UP = [sys.executable, "-m", "tradepit", "up", "--port", "0", "--market", "empty"]


@contextmanager
def running(cwd: Path, *flags: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A server, and what it wrote with --config-out."""
    facts = cwd / "facts.json"
    facts.unlink(missing_ok=True)
    command = [*UP, "--config-out", str(facts), *flags]
    process = subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        until = time.monotonic() + 20
        while not facts.exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until
            time.sleep(0.02)
        yield process, json.loads(facts.read_text())
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_ends_it_in_order(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with running(tmp_path, "--memory") as (process, facts):
        assert get(facts["urls"]["base"] + "/api/v3/ping") == {}
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert facts["urls"]["base"] in out
    assert all(account["secret_key"] in out for account in facts["accounts"])
    assert err == ""


def test_what_it_writes_for_programs_is_private_and_whole(tmp_path: Path) -> None:
    with running(tmp_path, "--memory") as (_, facts):
        assert (tmp_path / "facts.json").stat().st_mode & 0o777 == 0o600
        assert {"name", "api_key", "secret_key"} == set(facts["accounts"][0])
        info = get(facts["urls"]["base"] + "/_tradepit/v1/info")
    assert info["accounts"] == facts["accounts"]
    assert info["version"] == facts["version"]


def test_a_taken_port_is_3(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "tradepit", "--memory", "--port", port],
            cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip
    assert done.returncode == 3
    assert "in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_world_in_use_is_not_opened_twice(tmp_path: Path) -> None:
    world = ["--data", str(tmp_path / "world")]
    with running(tmp_path, *world) as (process, _):
        for command in ([*UP, *world], [sys.executable, "-m", "tradepit", "audit", *world]):
            done = subprocess.run(
                command, cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False
            )
            assert done.returncode == 1
            assert str(process.pid) in done.stderr
            assert "Traceback" not in done.stderr


def test_a_wrong_symbol_file_is_1_and_said(tmp_path: Path) -> None:
    (tmp_path / "wrong.json").write_text('{"symbols": [{"symbol": "AB"}]}')
    done = subprocess.run(
        [*UP, "--memory", "--exchange-info", "wrong.json"],
        cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "baseAsset" in done.stderr
    assert "Traceback" not in done.stderr


def test_audit_of_a_good_world_is_0_and_of_a_broken_one_5(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = ["--data", str(tmp_path / "world")]
    assert cli.run(["audit", *world]) == 1
    assert "no world" in capsys.readouterr().err
    with running(tmp_path, *world) as (process, _):
        process.terminate()
        process.wait(20)
    assert cli.run(["audit", *world]) == 0
    assert "all books balance" in capsys.readouterr().out

    opened = server.open_world

    class Unbalanced:
        """A world whose books do not add up."""

        def __init__(self, pit: Any) -> None:
            self.machine = self
            self._pit = pit

        def audit(self) -> list[str]:
            return ["USDT: sums to 1"]

        def __getattr__(self, name: str) -> Any:
            return getattr(self._pit, name)

    monkeypatch.setattr(server, "open_world", lambda *args: Unbalanced(opened(*args).machine))
    assert cli.run(["audit", *world]) == 5
    assert "USDT: sums to 1" in capsys.readouterr().out
