"""Whose turn it is: on each beat of a symbol one agent acts, the makers and a taker in turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tradepit.market.maker import Maker
from tradepit.market.takers import Takers
from tradepit.market.tempers import is_quiet
from tradepit.market.views import Act, View

if TYPE_CHECKING:
    from tradepit.core.symbols import Symbol

STEP_US: Final = 1_000_000
MINUTE_US: Final = 60_000_000  # the step when time is set forward and nobody watches
FIRST: Final = 6  # symbols that have a beat on every step; the others on one of QUIET_STEPS
QUIET_STEPS: Final = 3
USUAL_SYMBOLS: Final = 27  # in a world of more, the quiet ones are quieter


class Turns:
    """Makers and takers of a world (None: nobody takes), and what they do on its steps."""

    def __init__(self, makers: list[Maker], takers: Takers | None) -> None:
        self.makers = makers
        self.takers = takers

    def acts(self, view: View, markets: list[Symbol], at_us: int, step_us: int) -> list[Act]:
        """What all who have a beat at a time that is a multiple of `step_us` do."""
        number = at_us // step_us
        minutes = step_us == MINUTE_US
        found: list[Act] = []
        for place, market in enumerate(markets):
            if is_quiet(view.temper(market.name)):
                continue
            every = 1 if minutes else steps_between(place, len(markets))
            if (number + place) % every == 0:
                when = (at_us, (number + place) // every)
                act = self._turn(view, market, when, (minutes, len(markets)))
                if act is not None and (act.cancels or act.orders):
                    found.append(act)
        return found

    def _turn(
        self, view: View, market: Symbol, when: tuple[int, int], how: tuple[bool, int]
    ) -> Act | None:
        """What whose turn it is does. when: the time, the beat's number. how: see `Maker.act`."""
        turn = when[1] % (len(self.makers) + 1)
        if turn < len(self.makers):
            return self.makers[turn].act(view, market, when, how[0], how[1])
        if self.takers is None:
            return None
        return self.takers.act(view, market, self.makers[0].ladder(view, market), when[1])


def steps_between(place: int, symbols: int) -> int:
    """How many steps lie between two beats of the symbol at a place in the list."""
    if place < FIRST:
        return 1
    return QUIET_STEPS * max(-(-symbols // USUAL_SYMBOLS), 1)
