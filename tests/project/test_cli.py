"""The command line as a user meets it: words, exit codes, and how soon."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import tradepit
from tradepit import cli
from tradepit.config import SETTINGS


def tradepit_process(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tradepit", *args],
        cwd=cwd, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def test_version_names_the_core(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    expected = f"tradepit {tradepit.__version__} ({tradepit.core_kind()} core)\n"
    assert capsys.readouterr().out == expected


def test_help_shows_every_setting(tmp_path: Path) -> None:
    done = tradepit_process("up", "--help", cwd=tmp_path)
    assert done.returncode == 0
    for setting in SETTINGS:
        assert setting.flag in done.stdout


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from tradepit import cli; cli.run(['up', '--help']);"
        "heavy = {'uvicorn', 'sqlalchemy', 'cryptography', 'rich', 'msgspec', 'asyncio'};"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "args",
    [
        ["up", "--port", "many"],
        ["--port", "70000"],
        ["up", "--colour"],
        ["sideways"],
        ["up", "--sync", "never"],
    ],
)
def test_wrong_usage_is_2(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(args) == 2
    assert "Error: " in capsys.readouterr().err


def test_config_show_says_where_values_come_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRADEPIT_SEED", "7")
    Path("tradepit.toml").write_text('sync = "disk"\n')
    assert cli.run(["config", "show", "--port", "0"]) == 0
    rows = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()}
    assert rows["port"] == ["0", "--port"]
    assert rows["seed"] == ["7", "TRADEPIT_SEED"]
    assert rows["sync"] == ["disk", "tradepit.toml"]
    assert rows["limits"] == ["real", "default"]


def test_a_wrong_file_is_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tradepit.toml").write_text("port = 'x'\n")
    assert cli.run(["config", "show"]) == 2
    assert "tradepit.toml" in capsys.readouterr().err


def test_nothing_there_is_4(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        assert cli.run(["wait", "--url", url, "--timeout", "0.1"]) == 4
    assert url in capsys.readouterr().err


def test_wait_returns_when_health_is_good() -> None:
    answers = [503, 200]

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answers.pop(0) if self.path == "/_tradepit/v1/health" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert cli.run(["wait", "--url", url, "--timeout", "10"]) == 0
        server.shutdown()
    assert not answers
