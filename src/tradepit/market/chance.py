"""Chance without state: numbers that follow from a seed and the names of what they decide."""

from __future__ import annotations

from hashlib import blake2b


def draw(*names: object) -> int:
    """64 bits, the same on every machine for the same names."""
    text = "|".join(map(str, names))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def dice(*names: object) -> list[int]:
    """Eight independent numbers of 32 bits."""
    text = "|".join(map(str, names))
    digest = blake2b(text.encode(), digest_size=32).digest()
    return [int.from_bytes(digest[at : at + 4], "big") for at in range(0, 32, 4)]
