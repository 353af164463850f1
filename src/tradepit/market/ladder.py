"""At which prices, and how much at each, a maker quotes a symbol.

The prices are a grid that never moves: rung k of a symbol has one price and one size, which follow
from the seed, the symbol's name and k alone. Rungs lie about 2 basis points apart in a normal
market, or one tick where a tick is more. A maker who follows the market thus leaves most of its
orders where they are.
All prices and quantities are integers of 1e-8 units.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from tradepit.core.units import ONE

if TYPE_CHECKING:
    from tradepit.core.symbols import Symbol

GAP_PARTS: Final = 5_000  # a 5,000th of the price: 2 basis points
KEEP_RUNGS: Final = 2_000  # remembered; they follow from their number
RUNG_NOTIONAL: Final = 5_000  # times the symbol's least order value
USUAL_NOTIONAL: Final = 5 * ONE  # the least order value where the symbol has none
MOST_QTY: Final = 10**16  # keeps the sum of all rungs of coins of tiny value in what a wallet holds
_MASK: Final = (1 << 64) - 1


class Rung:
    """Number `k` of the grid: a price and a quantity, in units."""

    __slots__ = ("k", "price", "qty")

    def __init__(self, k: int, price: int, qty: int) -> None:
        self.k = k
        self.price = price
        self.qty = qty


def mix(value: int) -> int:
    """64 well-mixed bits of an integer (SplitMix64's finisher; the same on every machine)."""
    value = (value + 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


class Ladder:
    """The rungs of one symbol. `typical` is the price (units) around which the gaps are chosen;
    gaps and sizes are percentages of the usual ones."""

    def __init__(
        self, rules: Symbol, seed: int, typical: int, *, gap: int = 100, size: int = 100
    ) -> None:
        self._low = max(rules.min_price, 1)
        self._high = rules.max_price or _MASK
        self._tick = rules.tick_size or 1
        self._gap_ticks = max(typical * gap // (GAP_PARTS * 100) // self._tick, 1)
        self.gap = self._gap_ticks * self._tick  # units between two rungs
        usual = (rules.min_notional or USUAL_NOTIONAL) * RUNG_NOTIONAL * size // 100
        if rules.max_notional:
            usual = min(usual, rules.max_notional // 2)
        self._usual = usual * ONE
        self._step = rules.step_size or 1
        self._least = max(rules.min_qty, 1)
        self._least_worth = rules.min_notional * ONE
        self._most_worth = rules.max_notional * ONE
        self._most = min(MOST_QTY, rules.max_qty or MOST_QTY)
        self._known: dict[int, Rung | None] = {}  # None: the filters allow none
        self._salt = mix(seed ^ zlib.crc32(rules.name.encode()) << 32)

    def below(self, price: int, count: int, share: int = 0, of: int = 1) -> list[Rung]:
        """The `count` highest rungs under `price`, best first; of every `of` only one `share`."""
        k = price // self.gap
        return self._rungs(price, -of, (k - (k - share) % of, count))

    def above(self, price: int, count: int, share: int = 0, of: int = 1) -> list[Rung]:
        """The `count` lowest rungs over `price`, best first; of every `of` only one `share`."""
        k = price // self.gap
        return self._rungs(price, of, (k + (share - k) % of, count))

    def _rungs(self, limit: int, step: int, ask: tuple[int, int]) -> list[Rung]:
        k, count = ask
        found: list[Rung] = []
        last = self._high // self.gap
        known = self._known
        while 0 <= k <= last and count:
            rung = known.get(k)
            if rung is None and k not in known:
                rung = self._rung(k)
            if rung is not None and (rung.price > limit if step > 0 else rung.price < limit):
                found.append(rung)
                count -= 1
            k += step
        return found

    def _rung(self, k: int) -> Rung | None:
        """Rung k, None where the filters allow none."""
        dice = mix(self._salt + k)
        price = k * self.gap + dice % self._gap_ticks * self._tick
        found = None
        if self._low <= price <= self._high:
            qty = self.size_at(price, 400 + (dice >> 32) % 1201)
            if qty:
                found = Rung(k, price, qty)
        if len(self._known) >= KEEP_RUNGS:
            self._known.clear()
        self._known[k] = found
        return found

    def size_at(self, price: int, parts: int) -> int:
        """A size at a price, in thousandths of a usual rung's; 0 where the filters allow none."""
        least = -(-2 * self._least_worth // price)
        qty = min(max(self._usual // price * parts // 1000, least), self._most)
        qty -= qty % self._step
        worth = price * qty
        if qty < self._least or worth < self._least_worth:
            return 0
        return 0 if self._most_worth and worth > self._most_worth else qty
