"""The part of an archive that a window slides over, read once instead of at every beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tradepit.core.archive import Archive

if TYPE_CHECKING:
    from tradepit.core.bars import Bar
    from tradepit.core.history import History
    from tradepit.core.symbols import Symbol
    from tradepit.core.tape import Trade


class Remembering(Archive):
    """An archive for one reader at a time, whose questions change with every minute only.

    What it keeps is over and never changes.
    """

    def __init__(self, symbol: Symbol, history: History) -> None:
        super().__init__(symbol, history)
        self._bars: tuple[tuple[int, ...], list[Bar]] = ((), [])
        self._trades: tuple[tuple[int, ...], list[Trade]] = ((), [])
        self._price: tuple[tuple[int, ...], int] = ((), 0)

    def spans(self, width_us: int, opens_us: Sequence[int]) -> list[Bar]:
        asked = (width_us, *opens_us)
        if self._bars[0] != asked:
            self._bars = (asked, super().spans(width_us, opens_us))
        return self._bars[1]

    def trades_between(self, start_us: int, end_us: int) -> list[Trade]:
        asked = (start_us, end_us)
        if self._trades[0] != asked:
            self._trades = (asked, super().trades_between(start_us, end_us))
        return self._trades[1]

    def price_before(self, width_us: int, us: int) -> int:
        asked = (width_us, us)
        if self._price[0] != asked:
            self._price = (asked, super().price_before(width_us, us))
        return self._price[1]
