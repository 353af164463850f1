"""The parameters of a request out of its raw bytes, read once and strictly.

Fragments without "=" are refused, because the signature covers query and body without a separator:
bytes moved across that border would be signed just as well, and mean something else.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from tradepit.core.rejects import Reject
from tradepit.gateways.answers import refusal

MAX_PARAMETERS: Final = 100

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)


def split_signature(raw: bytes) -> tuple[bytes, bytes]:
    """(`raw` without its signature pair, the signature's value as sent; empty: none).

    Of two only one is taken out; the other stays to be refused as a parameter.
    """
    rest, mark, signature = raw.rpartition(b"&signature=")
    if mark and b"&" not in signature:
        return rest, signature
    pieces = raw.split(b"&")
    for at, piece in enumerate(pieces):
        if piece.startswith(b"signature="):
            del pieces[at]
            return b"&".join(pieces), piece.partition(b"=")[2]
    return raw, b""


def read_pairs(raw: bytes) -> dict[str, str]:
    """The decoded parameters of one query string or form body, in their order.

    Raises: Reject for a parameter sent twice, for too many, and for what cannot be decoded.
    """
    if not raw:
        return {}
    count = raw.count(b"&") + 1
    if count > MAX_PARAMETERS:
        raise Reject("TOO_MANY_PARAMETERS", MAX_PARAMETERS, count)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise illegal() from None
    pieces = text.split("&")
    if "%" not in text and "+" not in text:
        try:
            sent = dict([piece.split("=") for piece in pieces])
        except ValueError:
            pass
        else:
            if len(sent) == count and "" not in sent:
                return sent
    return _read_slowly(pieces)


def _read_slowly(pieces: list[str]) -> dict[str, str]:
    """What cannot be read at one go: escapes, "=" in values, and what is to be refused."""
    sent: dict[str, str] = {}
    for piece in pieces:
        name, mark, value = piece.partition("=")
        if not mark or not name:
            if not piece:
                continue
            raise _no_pair(piece)
        name = decode(name)
        if name in sent:
            raise Reject("DUPLICATE_PARAMETER")
        sent[name] = decode(value)
    return sent


def decode(text: str) -> str:
    """`text` without its percent escapes and plus signs. Raises: Reject unless it is UTF-8."""
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    if _BAD_ESCAPE.search(text) is not None:
        raise illegal()
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise illegal() from None


def illegal() -> Reject:
    """-1100 without a parameter's name: the name itself could not be read."""
    return refusal(400, "Illegal characters found in a parameter.", code=-1100)


def _no_pair(piece: str) -> Reject:
    return Reject("PARAM_EMPTY", piece) if _NAME.fullmatch(piece) else illegal()
