"""What the README shows works as it stands there, but for the port."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tradepit.data.genesis import DEV_KEYS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)
SHOWN_URL = "http://127.0.0.1:8800"
ALICE = DEV_KEYS[0]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server as `make up` starts it, on a free port and in memory."""
    facts = tmp_path_factory.mktemp("readme") / "world.json"
    command = [sys.executable, "-m", "tradepit", "up", "--memory", "--port", "0"]
    process = subprocess.Popen([*command, "--config-out", str(facts)], stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 20
        while not facts.exists():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        yield json.loads(facts.read_text())["urls"]["base"]
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130


def blocks(language: str, having: str) -> str:
    (found,) = [text for kind, text in BLOCKS if kind == language and having in text]
    return found


def run(args: list[str], url: str) -> str:
    program = args[-1].replace(SHOWN_URL, url)
    program = program.replace("aliceDevKey…", ALICE.api_key)
    program = program.replace("aliceDevSecret…", ALICE.secret_key)
    assert url in program
    done = subprocess.run(
        [*args[:-1], program], capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "no_proxy": "*"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_first_command_is_make_up() -> None:
    assert next(text for _, text in BLOCKS) == "make up\n"
    assert "\nup:" in (ROOT / "Makefile").read_text()


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("openssl") and shutil.which("bash")),
    reason="needs bash, curl and openssl",
)
def test_the_first_order_can_be_pasted(url: str) -> None:
    answer = json.loads(run(["bash", "-c", blocks("", "openssl")], url))
    assert answer["status"] == "FILLED"
    assert answer["executedQty"] == "1.00000000"


@pytest.mark.clients
def test_binance_connector_takes_the_address(url: str) -> None:
    pytest.importorskip("binance.spot", reason="binance-connector is not installed")
    out = run([sys.executable, "-c", blocks("python", "binance.spot")], url)
    assert "'status': 'NEW'" in out
    assert "'price': '90000.00000000'" in out


@pytest.mark.clients
def test_ccxt_takes_the_address(url: str) -> None:
    pytest.importorskip("ccxt", reason="ccxt is not installed")
    out = run([sys.executable, "-c", blocks("python", "ccxt")], url)
    assert "'status': 'closed'" in out
    assert "'filled': 0.5" in out


def test_the_keys_are_the_published_ones() -> None:
    assert ALICE.api_key in README
    assert ALICE.secret_key in README
