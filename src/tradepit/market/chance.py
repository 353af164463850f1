"""Chance without state: numbers that follow from a seed and the names of what they decide."""

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


def draw(*names: object) -> int:
    """64 bits, the same on every machine for the same names."""
    text = "|".join(map(str, names))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def dice(*names: object) -> list[int]:
    """Eight independent numbers of 32 bits."""
    text = "|".join(map(str, names))
    digest = hashlib.blake2b(text.encode(), digest_size=32).digest()
    return [int.from_bytes(digest[at : at + 4], "big") for at in range(0, 32, 4)]
