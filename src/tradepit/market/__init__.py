"""Life in the pit: residents, who trade as ordinary clients do. They know neither core nor journal.

A resident keeps no hidden state: what it does follows from the seed, its name, and what everybody
can see, so a world that was restored or replayed goes on the same way.
"""

from tradepit import _fast_core

__path__ = _fast_core.search_path(list(__path__))
