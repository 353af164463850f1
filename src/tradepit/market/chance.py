"""Chance without state: numbers that follow from a seed and the names of what they decide."""

from __future__ import annotations

import functools
import hashlib
import struct
from typing import Final

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


_EIGHT: Final = struct.Struct(">8I")


class Draws:
    """What `draw` and `dice` give for the same first names, and a number as the last."""

    def __init__(self, *names: object) -> None:
        text = "".join(f"{name}|" for name in names).encode()
        self._one = hashlib.blake2b(text, digest_size=8)
        self._eight = hashlib.blake2b(text, digest_size=32)

    def bits(self, number: int) -> int:
        """64 bits."""
        state = self._one.copy()
        state.update(b"%d" % number)
        return int.from_bytes(state.digest(), "big")

    def dice(self, number: int) -> tuple[int, ...]:
        """Eight independent numbers of 32 bits."""
        state = self._eight.copy()
        state.update(b"%d" % number)
        return _EIGHT.unpack(state.digest())

    def die(self, number: int) -> int:
        """The first of `dice`."""
        state = self._eight.copy()
        state.update(b"%d" % number)
        return int.from_bytes(state.digest()[:4], "big")


def draw(*names: object) -> int:
    """64 bits, the same on every machine for the same names."""
    text = "|".join(map(str, names))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
