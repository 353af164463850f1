"""Where a server comes from: started in a thread, started as a process, or found running."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import tradepit
from tradepit.config import SETTINGS, Config
from tradepit.embed.wire import Wire

START_S: Final = 60.0
STOP_S: Final = 20.0
_OWN: Final = frozenset({"config_out", "end_with_input"})


def settings_of(given: dict[str, Any]) -> dict[str, Any]:
    """Settings by their field of `Config`, checked; what is None is not given.

    Raises: ConfigError for values that make no sense, TypeError for what is no setting.
    """
    known = {setting.field: setting for setting in SETTINGS}
    found: dict[str, Any] = {"port": 0, "memory": given.get("data") is None}
    for name, value in given.items():
        if name not in known or name in _OWN:
            raise TypeError(f"tradepit has no setting {name!r}; see docs/configuration.md")
        if value is not None:
            value = str(value) if isinstance(value, os.PathLike) else value
            found[name] = known[name].read(value, f"{name}=")
    return found


@contextlib.contextmanager
def in_thread(settings: dict[str, Any]) -> Iterator[Wire]:
    """A server in this process; its event loop is in a thread of its own."""
    from tradepit import server

    with server.in_thread(Config(**settings)) as served:
        yield Wire(served.url, served.control_token)


@contextlib.contextmanager
def in_process(settings: dict[str, Any]) -> Iterator[Wire]:
    """A server in a process of its own, which ends with this one, however that ends."""
    with tempfile.TemporaryDirectory(prefix="tradepit-") as scratch:
        facts, errors = Path(scratch) / "facts.json", Path(scratch) / "errors"
        command = [sys.executable, "-m", "tradepit", "up", *_flags(settings)]
        command += ["--end-with-input", "--config-out", str(facts)]
        with errors.open("wb") as log:
            # In a directory without a tradepit.toml, for the settings are those that were given.
            process = subprocess.Popen(
                command, cwd=scratch, env=_environment(), stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL, stderr=log,
            )  # fmt: skip
        try:
            yield _facts(process, facts, errors)
        finally:
            _end(process)


def _flags(settings: dict[str, Any]) -> Iterator[str]:
    for setting in SETTINGS:
        value = settings.get(setting.field)
        if isinstance(value, bool):
            yield setting.flag if value else f"--no-{setting.flag[2:]}"
        elif isinstance(value, tuple):
            for each in value:
                yield f"{setting.flag}={each}"
        elif isinstance(value, Path):
            yield f"{setting.flag}={value.absolute()}"
        elif value is not None:
            yield f"{setting.flag}={value}"


def _environment() -> dict[str, str]:
    """This process's, without settings of a server, and with this very package first."""
    kept = {
        name: value for name, value in os.environ.items()
        if not name.startswith("TRADEPIT_") or name == "TRADEPIT_PURE"
    }  # fmt: skip
    here = str(Path(tradepit.__file__).absolute().parents[1])
    paths = [
        str(Path(path).absolute()) for path in kept.get("PYTHONPATH", "").split(os.pathsep) if path
    ]
    return kept | {"PYTHONPATH": os.pathsep.join([here, *paths])}


def _facts(process: subprocess.Popen[bytes], facts: Path, errors: Path) -> Wire:
    """Where a server that was started is. Raises: RuntimeError when it did not start."""
    until = time.monotonic() + START_S
    while not facts.exists():
        if process.poll() is not None or time.monotonic() > until:
            words = errors.read_text(errors="replace").strip()
            raise RuntimeError(f"tradepit did not start: {words or 'it takes too long'}")
        time.sleep(0.01)
    found = json.loads(facts.read_text())
    return Wire(found["urls"]["base"], found.get("control_token", ""))


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def found_running(url: str) -> Wire:
    """A server that somebody else started; TRADEPIT_CONTROL_TOKEN is its token."""
    return Wire(url.rstrip("/"), os.environ.get("TRADEPIT_CONTROL_TOKEN", ""))


def host(given: dict[str, Any], *, subprocess: bool) -> AbstractContextManager[Wire]:
    """A server that is started when the block is entered, and ends with it."""
    settings = settings_of(given)
    return in_process(settings) if subprocess else in_thread(settings)
