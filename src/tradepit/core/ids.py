"""Ids that nobody chose: a pure function of seed and counter."""

from __future__ import annotations

import binascii
import hashlib
from typing import Final

LENGTH: Final = 22
BLOCK: Final = 3  # neighbours are drawn together: one digest is long enough for three

_ALNUM: Final = bytes.maketrans(b"+/", b"Qz")


def tokens(seed: int, block: int) -> list[str]:
    """The ids with the counters BLOCK x block and after, BLOCK of them: 22 letters and digits
    each, the shape of a client order id that the exchange makes up."""
    digest = hashlib.blake2b(b"%d:%d" % (seed, block)).digest()
    text = binascii.b2a_base64(digest, newline=False).translate(_ALNUM).decode()
    return [text[:LENGTH], text[LENGTH : 2 * LENGTH], text[2 * LENGTH : 3 * LENGTH]]
