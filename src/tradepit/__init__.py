"""tradepit: the whole Binance exchange on your own machine, an exact emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradepit.embed import Refused as Refused
    from tradepit.embed import Tradepit as Tradepit

__version__ = "0.1.0"


def core_kind() -> str:
    """Which core runs: "compiled" (mypyc) or "pure" (the same source, interpreted)."""
    from tradepit.core import units

    return "pure" if (units.__file__ or "").endswith(".py") else "compiled"


def __getattr__(name: str) -> Any:
    """`Tradepit` and `Refused`, when somebody asks for them: a command line never does."""
    if name in ("Tradepit", "Refused"):
        from tradepit import embed

        return getattr(embed, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
