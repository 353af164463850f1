"""The settings that are printed for each client, run as they stand."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.clients.pits import Pit

from tradepit.cli import cli
from tradepit.data.genesis import DEV_KEYS
from tradepit.web.recipes import RECIPES, URL, block, page

DOCS = Path(__file__).parents[2] / "docs" / "clients"
NODE = Path(sys.prefix) / "clients"  # installed once, beside the Python that runs the tests
NEEDED = os.environ.get("TRADEPIT_NEED_NODE") == "1"
NPM = ("@binance/connector@3", "@binance/connector-typescript@0", "binance@3",
       "node-binance-api@1", "binance-api-node@0.13", "ccxt@4")  # fmt: skip
PYTHON = [name for name, each in RECIPES.items() if each.language == "python" and each.prints]
SCRIPT = [name for name, each in RECIPES.items() if each.language == "javascript"]


def config_of(name: str, url: str) -> str:
    done = CliRunner().invoke(cli, ["client-config", name, "--url", url])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("name", RECIPES)
def test_every_block_has_its_address_its_keys_and_its_page(name: str) -> None:
    text = config_of(name, "http://127.0.0.1:9123")
    assert "127.0.0.1:9123" in text
    assert URL not in text
    assert name == "ccxt-pro" or name == "unicorn" or DEV_KEYS[0].secret_key in text
    assert (DOCS / f"{name}.md").read_text("utf-8") == page(name)


def test_a_client_that_is_not_known_is_refused_with_the_names_of_those_that_are() -> None:
    done = CliRunner().invoke(cli, ["client-config", "nobody"])
    assert done.exit_code == 2
    assert "python-binance" in done.output
    assert "binance-api-node" in CliRunner().invoke(cli, ["client-config"]).output


def run(command: list[str], **more: Any) -> str:
    env = {**os.environ, "no_proxy": "*", **more}
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False, env=env)
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout.strip()


@pytest.mark.clients
@pytest.mark.parametrize("name", PYTHON)
def test_python_blocks_run(name: str, lively: Pit) -> None:
    more = {}
    folder = Path(sys.executable).parents[1] / name  # of a client that is called as others are
    try:
        importlib.metadata.version(RECIPES[name].package)
    except importlib.metadata.PackageNotFoundError:
        if not folder.is_dir():
            pytest.skip(f"{RECIPES[name].package} is not installed")
        more = {"PYTHONPATH": str(folder)}
    out = run([sys.executable, "-c", config_of(name, lively.url)], **more)
    assert RECIPES[name].prints in out.splitlines()[-1]


@pytest.mark.clients
def test_freqtrades_block_points_ccxt_here(lively: Pit) -> None:
    """freqtrade hands `ccxt_config` to ccxt as it is."""
    ccxt = pytest.importorskip("ccxt")
    settings = json.loads(config_of("freqtrade", lively.url))["exchange"]
    exchange = getattr(ccxt, settings["name"])(
        {"apiKey": settings["key"], "secret": settings["secret"], **settings["ccxt_config"]}
    )
    exchange.options["fetchMarkets"] = {"types": ["spot"]}
    assert exchange.create_order("BTC/USDT", "limit", "buy", 0.001, 50_000)["status"] == "open"


@pytest.fixture(scope="module")
def node() -> str:
    """Node with the clients of npm."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        words = "Node and npm were not found: their clients do not run"
        pytest.fail(words) if NEEDED else pytest.skip(words)
    if not (NODE / "node_modules" / "ccxt").exists():
        command = [npm, "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(NODE)]
        done = subprocess.run([*command, *NPM], capture_output=True, text=True, check=False)
        if done.returncode:
            words = f"npm could not install the clients: {done.stderr[-300:]}"
            pytest.fail(words) if NEEDED else pytest.skip(words)
    return str(found)


@pytest.mark.clients
@pytest.mark.parametrize("name", SCRIPT)
def test_javascript_blocks_run(name: str, lively: Pit, node: str) -> None:
    out = run([node, "-e", block(name, lively.url)], NODE_PATH=str(NODE / "node_modules"))
    assert RECIPES[name].prints in out.splitlines()[-1]
