"""How one symbol's residents act other than their preset says, as its user has set it.

A temper is (spread, depth, volatility, activity, quiet, when it was set): the first four are
thousandths of what the preset does, quiet is 1 where nobody acts, the time is in microseconds. It
is a part of the exchange's state (`core.scripts.temper`), so that a replayed log agrees. An empty
one is nobody's wish.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from tradepit.market.presets import Preset

USUAL: Final = 1_000
LONG_AGO: Final = -(1 << 62)
_REMEMBERED: Final = 4_096  # presets: one a symbol and temper


def is_tempered(temper: list[int]) -> bool:
    """Whether anybody ever wished something: sizes that rest may be of another time then."""
    return len(temper) > 0


def is_quiet(temper: list[int]) -> bool:
    """Whether residents leave the symbol alone: their orders rest, nobody acts."""
    return len(temper) > 0 and temper[4] == 1


def volatility(temper: list[int]) -> int:
    """How far prices move, in thousandths of what they would."""
    return temper[2] if temper else USUAL


def changed_us(temper: list[int]) -> int:
    """When it was set."""
    return temper[5] if temper else LONG_AGO


def tempered(preset: Preset, temper: list[int]) -> Preset:
    """The preset as it is on one symbol; the same object for the same wishes."""
    return _tempered(preset, temper[0], temper[1], temper[3]) if temper else preset


@lru_cache(maxsize=_REMEMBERED)
def _tempered(preset: Preset, spread: int, depth: int, activity: int) -> Preset:
    return preset._replace(
        spread=max(preset.spread * spread // USUAL, 1),
        size=max(preset.size * depth // USUAL, 1),
        taker_share=preset.taker_share * activity // USUAL,
    )
