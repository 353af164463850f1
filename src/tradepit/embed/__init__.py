"""The exchange for Python programs: started, addressed and moved. See docs/testing.md."""

from tradepit.embed.wire import Refused
from tradepit.embed.world import Tradepit, World, attached

__all__ = ["Refused", "Tradepit", "World", "attached"]
