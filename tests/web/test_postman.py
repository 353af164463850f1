"""The collection, run by Postman's own runner: every request is answered as documented."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.gateways.conftest import Server, running

from tradepit.catalog import publish
from tradepit.catalog.language import REGISTRY
from tradepit.cli import cli
from tradepit.config import Config
from tradepit.web.postman import COLLECTION, ENVIRONMENT, light_steps
from tradepit.web.tour import TOUR, needs_thought

publish.load()

NEEDED = os.environ.get("TRADEPIT_NEED_NODE") == "1"
NEWMAN = "newman@6"


@pytest.fixture(scope="module")
def lively() -> Iterator[Server]:
    """A world of its own: the collection trades, and moves the clock."""
    yield from running(Config(port=0, memory=True, market="calm"))


def written(folder: Path, url: str = "http://127.0.0.1:8800") -> tuple[dict, dict]:  # type: ignore[type-arg]
    done = CliRunner().invoke(cli, ["postman", str(folder), "--url", url])
    assert done.exit_code == 0, done.output
    collection, environment = (
        json.loads((folder / name).read_text()) for name in (COLLECTION, ENVIRONMENT)
    )
    return collection, environment


def test_every_operation_is_in_it_and_no_secret(tmp_path: Path) -> None:
    collection, environment = written(tmp_path)
    names = [item["name"] for folder in collection["item"] for item in folder["item"]]
    asked = {step.operation for step in TOUR}
    routed = [op for op in REGISTRY.values() if op.path]
    light = {op.id for op in routed if not needs_thought(op) and op.weigh(None) < 1_000}
    assert set(names) == asked | light
    assert {op.id.rpartition("/")[2] for op in routed if op.weigh(None) >= 1_000} == {"asyn"}
    assert len(names) == len(light_steps())
    assert "DevSecret" not in json.dumps(collection)
    kinds = {row["key"]: row["type"] for row in environment["values"]}
    assert kinds["alice_secret_key"] == "secret"


def find_newman() -> list[str]:
    """The runner; installed once beside the Python that runs the tests."""
    home = Path(sys.prefix) / "newman"
    local = home / "node_modules" / ".bin" / "newman"
    found = str(local) if local.exists() else shutil.which("newman")
    if found:
        return [found]
    words = "Node's npm was not found, so that newman cannot run the collection"
    if shutil.which("npm") is None:
        pytest.fail(words) if NEEDED else pytest.skip(words)
    command = ["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(home)]
    done = subprocess.run([*command, NEWMAN], capture_output=True, text=True, check=False)
    if done.returncode:
        words = f"npm could not install {NEWMAN}: {done.stderr[-300:]}"
        pytest.fail(words) if NEEDED else pytest.skip(words)
    return [str(local)]


@pytest.mark.clients
def test_newman_runs_it_twice(lively: Server, tmp_path: Path) -> None:
    newman = find_newman()
    written(tmp_path, f"http://127.0.0.1:{lively.port}")
    report = tmp_path / "report.json"
    command = [*newman, "run", str(tmp_path / COLLECTION), "-e", str(tmp_path / ENVIRONMENT)]
    command += ["-n", "2", "-r", "json", "--reporter-json-export", str(report)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    run = json.loads(report.read_text())["run"]
    told = [
        (failed.get("source", {}).get("name"), failed["error"]["message"][:300])
        for failed in run["failures"]
    ]
    assert told == []
    assert done.returncode == 0
    assert run["stats"]["requests"]["total"] == 2 * len(light_steps())
    assert run["stats"]["assertions"]["total"] == 2 * len(light_steps())
