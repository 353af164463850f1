"""Ids that nobody chose: a pure function of (seed, kind, counter)."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from typing import Final

LENGTH: Final = 22
_BLOCK: Final = 16  # neighbours are drawn together, for one digest costs as much as sixteen ids

_ALNUM = bytes.maketrans(b"+/", b"Qz")


def token(seed: int, kind: str, counter: int) -> str:
    """22 letters and digits, the shape of a client order id that the exchange makes up."""
    return _tokens(seed, kind, counter // _BLOCK)[counter % _BLOCK]


@lru_cache(maxsize=64)
def _tokens(seed: int, kind: str, block: int) -> list[str]:
    digest = hashlib.shake_128(b"%d:%s:%d" % (seed, kind.encode(), block))
    text = base64.b64encode(digest.digest(_BLOCK * LENGTH * 3 // 4)).translate(_ALNUM).decode()
    return [text[at : at + LENGTH] for at in range(0, _BLOCK * LENGTH, LENGTH)]
