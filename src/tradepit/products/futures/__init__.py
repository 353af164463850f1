"""Futures: two exchanges, one engine."""

from tradepit import _fast_core

__path__ = _fast_core.search_path(list(__path__))
