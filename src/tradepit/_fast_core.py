"""Where the compiled core lies, and whether it is the one to import.

`make fast` compiles `tradepit/core/*.py` into `tradepit/_fast/<key>/`; the key hashes those sources
and names the interpreter. When that folder exists, and TRADEPIT_PURE is not set, it goes first on
the search path of the package `tradepit.core`. A changed source has another key, so that no old
binary ever shadows it.
"""

from __future__ import annotations

import hashlib
import os
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_CORE = _HERE / "core"


def sources(core: Path | None = None) -> list[Path]:
    """The core's source files (or those of a copy of it), in a fixed order."""
    return sorted((core or _CORE).glob("*.py"))


def folder(core: Path | None = None) -> Path:
    """Where the compiled form of exactly these sources lies, for this interpreter, if it exists."""
    digest = hashlib.sha256()
    for path in sources(core):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    abi = EXTENSION_SUFFIXES[0].split(".")[1]
    return _HERE / "_fast" / f"{digest.hexdigest()[:16]}-{abi}"


def search_path(pure: list[str]) -> list[str]:
    """The search path of `tradepit.core`: the compiled folder, if it is to be used, then `pure`."""
    if os.environ.get("TRADEPIT_PURE", "") not in ("", "0") or not (_HERE / "_fast").is_dir():
        return pure
    compiled = folder()
    return [str(compiled), *pure] if compiled.is_dir() else pure
