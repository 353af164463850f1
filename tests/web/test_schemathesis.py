"""Whatever the reference allows to be sent, the server never fails on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.gateways.conftest import Server, running

from tradepit.config import Config

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def patient() -> Iterator[Server]:
    """A server that never says 429, so that every request gets as far as it can."""
    yield from running(Config(port=0, memory=True, market="frozen", limits="off"))


def asked(server: Server, folder: Path, examples: int) -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "run",
            f"http://127.0.0.1:{server.port}/openapi.json", "--checks", "never_fails",
            "--phases", "examples,fuzzing", "--max-examples", str(examples), "--seed", "1",
            "--generation-database", "none", "--suppress-health-check", "all", "--no-color",
        ],
        capture_output=True, text=True, timeout=60 + 20 * examples, check=False, cwd=folder,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.web.signing_hooks",
             "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-3_000:]
    assert "Authentication failed" not in done.stdout  # its requests get past the door
    assert server.is_well()


def test_nothing_generated_makes_the_server_fail(patient: Server, tmp_path: Path) -> None:
    asked(patient, tmp_path, 2)


@pytest.mark.soak
def test_nothing_generated_for_long_does(patient: Server, tmp_path: Path) -> None:
    asked(patient, tmp_path, 100)
