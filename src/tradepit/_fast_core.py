"""Where the compiled core lies, and whether it is the one to import.

`make fast` compiles `tradepit/core/*.py`, and of the products what every order passes (`DESKS`),
into `tradepit/_fast/<key>/`; the key hashes those sources and names the interpreter. When that
folder exists, and TRADEPIT_PURE is not set, it goes first on the search paths of their packages. A
changed source has another key, so that no old binary ever shadows it.
"""

from __future__ import annotations

import hashlib
import os
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Final

_HERE = Path(__file__).resolve().parent

# From a request to an order, and from an order to its reply: only translators, pure like the core.
# What residents decide on their beats, from what they see and the seed. How a past parts. And the
# rows of a history that wait for SQL.
DESKS: Final = (
    "market/chance.py",
    "market/coins.py",
    "market/following.py",
    "market/ladder.py",
    "market/layers.py",
    "market/maker.py",
    "market/past.py",
    "market/premium.py",
    "market/presets.py",
    "market/prices.py",
    "market/prints.py",
    "market/splitting.py",
    "market/takers.py",
    "market/tempers.py",
    "market/turns.py",
    "market/views.py",
    "market/walks.py",
    "products/futures/drafts.py",
    "products/futures/shown.py",
    "products/futures/telling.py",
    "products/futures/placing.py",
    "products/spot/drafts.py",
    "products/spot/placing.py",
    "products/spot/telling.py",
    "projections/futures.py",
    "projections/kinds.py",
    "projections/tail.py",
)


def sources(home: Path | None = None) -> list[Path]:
    """What is compiled (of this package or of a copy of it), in a fixed order."""
    home = home or _HERE
    return [*sorted((home / "core").glob("*.py")), *(home / desk for desk in DESKS)]


def folder(home: Path | None = None) -> Path:
    """Where the compiled form of exactly these sources lies, for this interpreter, if it exists."""
    home = home or _HERE
    digest = hashlib.sha256()
    for path in sources(home):
        name = path.relative_to(home).as_posix()
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    abi = EXTENSION_SUFFIXES[0].split(".")[1]
    return _HERE / "_fast" / f"{digest.hexdigest()[:16]}-{abi}"


def search_path(pure: list[str]) -> list[str]:
    """The search path of a package with compiled modules, which is `pure` without them: their
    folder comes first, if it is to be used."""
    if os.environ.get("TRADEPIT_PURE", "") not in ("", "0") or not (_HERE / "_fast").is_dir():
        return pure
    compiled = folder()
    if not compiled.is_dir():
        return pure
    return [str(compiled / Path(pure[0]).relative_to(_HERE)), *pure]
