"""Chance that can be asked for anywhere: numbers that follow from a seed and a place alone."""

from __future__ import annotations

import functools
import hashlib
import struct

DIE = 1 << 16  # every number is 0..DIE-1


@functools.cache
def _form(count: int) -> struct.Struct:
    return struct.Struct(f"<{count}H")


class Dice:
    """The dice of one thing (a symbol, an asset) in the world of a seed."""

    def __init__(self, seed: int, name: str) -> None:
        self._root = hashlib.shake_128(b"%d/%s/" % (seed, name.encode()))

    def throw(self, place: int, count: int) -> tuple[int, ...]:
        """`count` numbers of 0..DIE-1; fewer of the same place are the first of these."""
        state = self._root.copy()
        state.update(b"%d" % place)
        return _form(count).unpack(state.digest(2 * count))
