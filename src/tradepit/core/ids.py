"""Ids that nobody chose: a pure function of (seed, kind, counter)."""

from __future__ import annotations

import base64
import hashlib

_ALNUM = bytes.maketrans(b"+/", b"Qz")


def token(seed: int, kind: str, counter: int, length: int = 22) -> str:
    """`length` letters and digits, the shape of a client order id that the exchange makes up.

    Up to 64 characters; the same (seed, kind, counter) always gives the same text.
    """
    digest = hashlib.blake2b(b"%d:%s:%d" % (seed, kind.encode(), counter), digest_size=48).digest()
    return base64.b64encode(digest).translate(_ALNUM)[:length].decode()
