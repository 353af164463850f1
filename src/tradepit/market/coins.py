"""What contracts that are paid in coins come to: so many dollars each, so fewer coins the dearer.

The counterpart of price times quantity in `splitting` and `prints`. Prices are whole ticks,
quantities whole contracts, worths units of the coin.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from tradepit.core.units import ONE
from tradepit.market.chance import DIE
from tradepit.market.splitting import SLACK, Span

SPARE: Final = 8  # units for each shortest span: what rounding may take


class Coins(NamedTuple):
    """size: dollars a contract; tick: units of the price in a tick."""

    size: int
    tick: int

    def worth(self, qty: int, price: int) -> int:
        """Units of the coin, cut off."""
        return qty * self.size * ONE * ONE // (price * self.tick)

    def bounds(
        self, qtys: list[int], leaves: list[int], highs: list[int], lows: list[int]
    ) -> tuple[list[int], list[int]]:
        """See `splitting.Bounds`."""
        least, most = [], []
        size, tick = self.size * ONE * ONE, self.tick
        for i in range(len(qtys)):
            count, whole = leaves[i], qtys[i] * size
            high, low = highs[i] * tick, lows[i] * tick
            step = size // low - size // high
            slack = SLACK * count * step + SPARE * count - SPARE // 2
            least.append(whole // high + slack)
            most.append(whole // low - slack)
        return least, most

    def side(
        self, span: Span, forced: list[tuple[int, int, bool]], count: int, dice: Sequence[int]
    ) -> list[tuple[int, int, bool, int]]:
        """One side's trades beside the forced ones, `count` with them, and what each came to.

        What the last one came to makes the sum exact: it is at most half a tick's difference away
        from what its price and quantity say.
        """
        bought = forced[0][2]
        high, low = span.high, span.low
        qty, worth = (span.bought, span.bought_worth) if bought else (span.sold, span.sold_worth)
        qty -= len(forced)
        worth -= sum(self.worth(1, row[0]) for row in forced)
        others = count - len(forced) - 2
        found = []
        for i in range(others):
            left = others - i
            die = dice[2 * i]
            size = 1 + qty * 3 * die // (left + 2) * die // (DIE * DIE)
            size = min(size, qty // 2, qty - 1 - left)
            price = low + (dice[2 * i + 1] * (high - low + 1) >> 16)
            rest = worth - self.worth(size, price)
            if not self._fits(qty - size, rest, high, low):
                price = self._price(qty, worth, high, low)
                rest = worth - self.worth(size, price)
                if price < high and rest < self.worth(qty - size, high):
                    price += 1  # too few coins would be left
                    rest = worth - self.worth(size, price)
            found.append((price, size, bought, worth - rest))
            qty, worth = qty - size, rest
        return found + self._closing(qty, worth, (high, low), bought)

    def _fits(self, qty: int, worth: int, high: int, low: int) -> bool:
        return self.worth(qty, high) <= worth <= self.worth(qty, low)

    def _price(self, qty: int, worth: int, high: int, low: int) -> int:
        """The tick at or below the mean price."""
        mean = qty * self.size * ONE * ONE // (max(worth, 1) * self.tick)
        return max(low, min(high, mean))

    def _closing(
        self, qty: int, worth: int, ends: tuple[int, int], bought: bool
    ) -> list[tuple[int, int, bool, int]]:
        """Two trades at neighbouring ticks that come to what is left."""
        high, low = ends
        price = self._price(qty, worth, high, low)
        upper = min(price + 1, high)
        step = self.worth(qty, price) - self.worth(qty, upper)
        below = self.worth(qty, price) - worth
        above = (below * qty + step // 2) // step if step else qty // 2
        above = max(1, min(qty - 1, above))
        first = self.worth(qty - above, price)
        return [(price, qty - above, bought, first), (upper, above, bought, worth - first)]
