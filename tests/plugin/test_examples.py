"""The examples' own suites, run in a copy, as somebody who installed the package would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tradepit import Tradepit

EXAMPLES = Path(__file__).parents[2] / "examples"
MODULE = "tradepit.pytest_plugin"
# Where this tree runs without having been installed, pytest has to be told of the plugin.
INSTALLED = any(found.value == MODULE for found in entry_points(group="pytest11"))
SUITES = sorted(path.parent.name for path in EXAMPLES.glob("*/test_*.py"))

pytestmark = pytest.mark.clients


def pytest_in(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    if "PYTEST_ADDOPTS" not in os.environ and not INSTALLED:
        flags = ("-p", MODULE, *flags)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *flags],
        cwd=folder, text=True, check=False, capture_output=True, timeout=120,
    )  # fmt: skip


def test_these_are_the_examples() -> None:
    assert SUITES == ["grid_bot", "replay"]
    page = (EXAMPLES / "README.md").read_text("utf-8")
    assert all(f"[{name}]({name})" in page for name in SUITES)


def copied(to: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES, to, ignore=shutil.ignore_patterns("__pycache__")))


def test_the_suites_pass(tmp_path: Path) -> None:
    done = pytest_in(copied(tmp_path / "examples"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout and "skipped" not in done.stdout


def test_the_suite_of_the_bot_notices_what_it_is_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bot without its question before a second try: four tests have to fail."""
    bot = copied(tmp_path / "examples") / "grid_bot" / "grid_bot.py"
    text = bot.read_text("utf-8")
    asks = "found = self.find(client_id)"
    assert asks in text
    bot.write_text(text.replace(asks, "found = None"), "utf-8")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", f"-p {MODULE}")
    with Tradepit(market="empty", symbols=["BTCUSDT"]) as server:
        done = pytest_in(bot.parent, f"--pit-url={server.rest_url}", "-k", "twice")
    assert done.returncode == 1
    assert "4 failed" in done.stdout, done.stdout
