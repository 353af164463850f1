"""`tradepit doctor`: whether this machine and this installation have what they need."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tradepit.config import Config


class Finding(NamedTuple):
    """ok: True, False (something that is needed is wrong), None (good to know)."""

    ok: bool | None
    what: str


def examine(settings: Config, answers: bool) -> Iterator[Finding]:
    """All findings. answers: whether a tradepit answers at the port already."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(sys.version_info >= (3, 11), f"Python {version} (3.11 or later is needed)")
    missing = [name for name in _needed() if importlib.util.find_spec(name) is None]
    words = f"missing: {', '.join(missing)}" if missing else "all there"
    yield Finding(not missing, f"Libraries: {words}")
    yield _core()
    yield _address(settings, answers)
    yield _folder(settings.data_dir)
    for name, why in (("chromium", "browser tests"), ("node", "JavaScript clients and newman")):
        found = shutil.which(name)
        yield Finding(None, f"{name}: {found or 'not found'} ({why})")


def _needed() -> list[str]:
    names = ["click", "cryptography", "httptools", "msgspec", "rich", "sqlalchemy", "uvicorn"]
    return [*names, "websockets", "yaml", "swagger_ui"]


def _core() -> Finding:
    import tradepit

    kind = tradepit.core_kind()
    hint = "" if kind == "compiled" else "; `make fast` compiles it where there is a C compiler"
    return Finding(None, f"tradepit {tradepit.__version__} with the {kind} core{hint}")


def _address(settings: Config, answers: bool) -> Finding:
    place = f"{settings.host}:{settings.port}"
    if answers:
        return Finding(True, f"Address {place}: a tradepit answers there, healthy")
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as wrong:
            hint = "choose another with --port, or --port 0"
            return Finding(False, f"Address {place}: {wrong.strerror}; {hint}")
    return Finding(True, f"Address {place}: free")


def _folder(data: Path) -> Finding:
    there = next(path for path in (data, *data.absolute().parents) if path.exists())
    good = there.is_dir() and os.access(there, os.W_OK)
    return Finding(good, f"Data directory {data}: {'can' if good else 'cannot'} be written")
