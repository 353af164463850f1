"""What lies before a world's birth: a port. A world without a past has none attached.

A past is one symbol's, and a pure function of its settings: the same question always has the same
answer, quickly, so that the core may ask too. Everything it tells happened before the birth of the
world, which is then on a whole minute. Paging is that of `core.history`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tradepit.core.bars import Bar
    from tradepit.core.contracts import Contract
    from tradepit.core.tape import Agg, Trade


class Past(Protocol):
    """One symbol's market before the world's birth; it has at least one trade."""

    def first_us(self) -> int:
        """The time of its first trade."""

    def last_trade(self) -> Trade:
        """Its last trade. The world's own ids follow this one's."""

    def last_agg_id(self) -> int:
        """The id of its last aggregate trade."""

    def trades(self, *, from_id: int | None = None, limit: int = 500) -> list[Trade]:
        """Trades by id."""

    def trades_between(self, start_us: int, end_us: int) -> list[Trade]:
        """All trades at start_us..end_us-1."""

    def aggs(
        self, *, from_id: int | None = None, start_us: int | None = None,
        end_us: int | None = None, limit: int = 500,
    ) -> list[Agg]:  # fmt: skip
        """Aggregate trades."""

    def bars(self, width_us: int, start_us: int, end_us: int) -> list[Bar]:
        """The bars with trades that open in start_us..end_us-1; width one second or minute."""

    def bars_before(self, width_us: int, end_us: int, limit: int) -> list[Bar]:
        """The newest `limit` bars with trades that open before `end_us`."""

    def spans(self, opens_us: Sequence[int]) -> list[Bar]:
        """Bars of the intervals that open at `opens_us` (whole seconds, ascending; the last entry
        closes the last), only those with trades: what no bar of a fixed width does as fast."""


class Premiums(Protocol):
    """How far a contract was from its index before the world's birth, and what holders paid."""

    def premiums(self, opens_us: Sequence[int]) -> list[list[int]]:
        """When it opened, and the premium's open, high, low and close (e8 of the index) of each
        interval; `opens_us` as in `Past.spans`, whole minutes. None after the birth."""

    def fundings(self, start_us: int, end_us: int) -> list[tuple[int, int, int]]:
        """Time, mean premium (e8) and mark price (units) of the fundings at start_us..end_us."""


class Quarters(Protocol):
    """The pasts of delivery contracts that are listed no more."""

    def past_of(self, contract: Contract) -> Past | None:
        """What lay before the world's birth of a contract that was listed by then: the very same
        that it had while it was listed, if ever it was. None where its index has no past."""
