"""tradepit: the whole Binance exchange on your own machine, an exact emulator."""

from __future__ import annotations

__version__ = "0.1.0"


def core_kind() -> str:
    """Which core runs: "compiled" (mypyc) or "pure" (the same source, interpreted)."""
    from tradepit.core import units

    return "pure" if (units.__file__ or "").endswith(".py") else "compiled"
