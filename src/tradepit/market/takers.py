"""Those who take: noise of all sizes, trend followers, and a whale now and then.

What one does on a beat follows from the beat's dice and from what everybody can see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tradepit.core.units import ONE
from tradepit.market.chance import Draws
from tradepit.market.ladder import Ladder
from tradepit.market.maker import whole_lots
from tradepit.market.presets import Preset
from tradepit.market.tempers import tempered
from tradepit.market.views import AT_ONCE, MARKET, Act, Order, View

if TYPE_CHECKING:
    from tradepit.core.symbols import Symbol

NOISE: Final = "noise-1"
TREND: Final = "trend-1"
WHALE: Final = "whale-1"
TAKERS: Final = (NOISE, TREND, WHALE)
LOOK_BACK: Final = 50  # trades
TREND_PARTS: Final = 2_000  # a trend is a move by a 2,000th: 5 basis points
WHALE_RUNGS: Final = 30  # at most
SLIP_PARTS: Final = 500  # how far an immediate order may walk: 20 basis points, or two ticks


class Takers:
    """All takers of a world: at most one acts on a beat of a symbol."""

    def __init__(self, seed: int, preset: Preset) -> None:
        self._seed = seed
        self._preset = preset
        self._dice: dict[str, Draws] = {}

    def act(self, view: View, market: Symbol, ladder: Ladder, beat: int) -> Act | None:
        """What they do on a beat; None for nothing."""
        draws = self._dice.get(market.name)
        if draws is None:
            draws = self._dice[market.name] = Draws(self._seed, "takers", market.name)
        rolls = draws.dice(beat)
        preset = tempered(self._preset, view.temper(market.name))
        if rolls[0] % 1_000 >= preset.taker_share:
            return None
        book = market.book
        bid, ask = book.bids.best(), book.asks.best()
        if not bid or not ask:
            return None
        who = rolls[1] % 10_000 - preset.whale_share
        buys = rolls[2] & 1 == 1
        # Most are small: the square of an even draw, in thousandths of a rung.
        parts = 5 + (rolls[3] % 1_000) ** 2 // 1_500
        account = NOISE
        if who < 0:
            account = WHALE
            parts = 1_000 * (WHALE_RUNGS // 3 + rolls[3] % (WHALE_RUNGS * 2 // 3))
        elif who < preset.trend_share:
            account = TREND
            move = market.last_price - view.price_ago(market, LOOK_BACK)
            if abs(move) * TREND_PARTS < market.last_price or move == market.last_price:
                return None
            buys = move > 0
        at_market = account != WHALE and rolls[4] & 1 == 1
        order = _order(view, market, ladder, (buys, ask if buys else bid, parts, at_market))
        return None if order is None else Act(account, market.name, [], [order])


def _order(
    view: View, market: Symbol, ladder: Ladder, what: tuple[bool, int, int, bool]
) -> Order | None:
    """An order of so many thousandths of a rung, from the best price on; None where the filters
    allow none."""
    buys, best, parts, at_market = what
    whole, rest = parts // 1_000, parts % 1_000
    qty = whole * ladder.size_at(best, 1_000) + (ladder.size_at(best, rest) if rest else 0)
    qty = whole_lots(market, qty, at_market)
    least = market.min_notional * ONE
    if not qty or best * qty < least:
        return None
    if at_market:
        return Order(buys, MARKET, 0, qty)
    tick = market.tick_size or 1
    slip = max(best // SLIP_PARTS // tick, 2) * tick
    price = best + slip if buys else max(best - slip, market.min_price or tick)
    if market.max_notional and price * qty > market.max_notional * ONE:
        return None
    if price * qty < least or price > (market.max_price or price):
        return None
    low, high = view.bounds(market, buys)
    if price < low or price > (high or price):
        return None
    return Order(buys, AT_ONCE, price, qty)
