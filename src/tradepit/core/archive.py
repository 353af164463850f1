"""One symbol's market data outside memory: what happened in this world, and what lies before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradepit.core.bars import Bar
    from tradepit.core.history import History
    from tradepit.core.symbols import Symbol
    from tradepit.core.tape import Agg, Trade


class Archive:
    """The history of a symbol and its past as one. Paging is that of `core.history`.

    Made on the event loop, asked in the function that a query returns.
    """

    def __init__(self, symbol: Symbol, history: History) -> None:
        self.name = symbol.key
        self.history = history
        self.past = symbol.tape.past
        self.born_us = symbol.tape.born_us

    def trades(self, from_id: int, limit: int) -> list[Trade]:
        """At most `limit` trades from `from_id` on."""
        found = self.past.trades(from_id=from_id, limit=limit) if self.past else []
        if len(found) < limit:
            found += self.history.trades(self.name, from_id=from_id, limit=limit - len(found))
        return found

    def trades_between(self, start_us: int, end_us: int) -> list[Trade]:
        """All trades at start_us..end_us-1."""
        found = self.past.trades_between(start_us, end_us) if self.past else []
        return found + self.history.trades_between(self.name, start_us, end_us)

    def aggs_from(self, from_id: int, limit: int) -> list[Agg]:
        """At most `limit` finished aggregate trades from `from_id` on."""
        found = self.past.aggs(from_id=from_id, limit=limit) if self.past else []
        if len(found) < limit:
            found += self.history.aggs(self.name, from_id=from_id, limit=limit - len(found))
        return found

    def oldest_aggs(self, start_us: int, end_us: int | None, limit: int) -> list[Agg]:
        """The oldest finished aggregate trades since `start_us`."""
        found: list[Agg] = []
        if self.past:
            found = self.past.aggs(start_us=start_us, end_us=end_us, limit=limit)
        if len(found) < limit:
            found += self.history.aggs(
                self.name, start_us=start_us, end_us=end_us, limit=limit - len(found)
            )
        return found

    def newest_aggs(self, end_us: int | None, limit: int) -> list[Agg]:
        """The newest finished aggregate trades until `end_us`."""
        found = self.history.aggs(self.name, end_us=end_us, limit=limit)
        if self.past and len(found) < limit:
            found = self.past.aggs(end_us=end_us, limit=limit - len(found)) + found
        return found

    def spans(self, width_us: int, opens_us: Sequence[int]) -> list[Bar]:
        """Closed bars with trades in opens_us[0]..opens_us[-1]-1, none over one of `opens_us`.

        What happened in this world comes in bars of `width_us`, what lies before in whole spans.
        """
        start_us, end_us = opens_us[0], opens_us[-1]
        found = self.past.spans(opens_us) if self.past and start_us < end_us else []
        return found + self.history.bars(self.name, width_us, start_us, end_us)

    def bars(self, width_us: int, start_us: int, end_us: int) -> list[Bar]:
        """The closed bars with trades that open in start_us..end_us-1."""
        found = self.past.bars(width_us, start_us, min(end_us, self.born_us)) if self.past else []
        return found + self.history.bars(self.name, width_us, start_us, end_us)

    def price_before(self, width_us: int, us: int) -> int:
        """The price of the last trade before `us`, a multiple of `width_us`; 0: there was none."""
        found = self.history.bars_before(self.name, width_us, us, 1)
        if not found and self.past:
            found = self.past.bars_before(width_us, us, 1)
        return found[-1].close if found else 0
