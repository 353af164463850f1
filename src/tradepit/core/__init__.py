"""The pit: a synchronous, pure, integer exchange. No clock, chance, I/O or float enters here."""

from tradepit import _fast_core

__path__ = _fast_core.search_path(list(__path__))
