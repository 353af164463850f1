"""History: what happened, as SQL rows with their own cursor, and the queries that read it."""

from tradepit import _fast_core

__path__ = _fast_core.search_path(list(__path__))
