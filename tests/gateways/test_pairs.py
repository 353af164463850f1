"""Parameters out of raw bytes: what is read, and what is refused by which code."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepit.core.rejects import Reject
from tradepit.gateways.pairs import MAX_PARAMETERS, read_pairs, split_signature


@pytest.mark.parametrize(
    ("raw", "sent"),
    [
        (b"", {}),
        (b"a=1", {"a": "1"}),
        (b"a=1&b=&c=3", {"a": "1", "b": "", "c": "3"}),
        (b"a=1&&b=2&", {"a": "1", "b": "2"}),
        (b"a=1=2", {"a": "1=2"}),
        (b"symbols=%5B%22BTCUSDT%22%5D", {"symbols": '["BTCUSDT"]'}),
        (b'symbols=["BTCUSDT","BNBBTC"]', {"symbols": '["BTCUSDT","BNBBTC"]'}),
        (b"a=x+y%2B", {"a": "x y+"}),
        (b"%61=1", {"a": "1"}),
        ("s=１２".encode(), {"s": "１２"}),
        (b"s=%EF%BC%91", {"s": "１"}),
    ],
)
def test_reads(raw: bytes, sent: dict[str, str]) -> None:
    assert read_pairs(raw) == sent


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"a=1&a=1", -1101),
        (b"a=1&%61=2", -1101),
        (b"a=1&b", -1105),
        (b"0&a=1", -1105),
        (b"a=1&=2", -1100),
        (b"\xff=1", -1100),
        (b"a=\xc3", -1100),
        (b"a=%c3", -1100),
        (b"a=%zz", -1100),
        (b"a=%", -1100),
        (b"a=%4", -1100),
        (b"a=%\xef\xbc\x94\xef\xbc\x91", -1100),
        (b"&".join(b"p%d=1" % n for n in range(10_000)), -1101),
    ],
)
def test_refuses(raw: bytes, code: int) -> None:
    with pytest.raises(Reject) as refused:
        read_pairs(raw)
    assert refused.value.code == code


def test_as_many_as_allowed() -> None:
    raw = b"&".join(b"p%d=1" % n for n in range(MAX_PARAMETERS))
    assert len(read_pairs(raw)) == MAX_PARAMETERS


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=8), max_size=8))
def test_agrees_with_the_standard_library(sent: dict[str, str]) -> None:
    text = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in sent.items())
    assert list(read_pairs(text.encode()).items()) == parse_qsl(text, keep_blank_values=True)


@pytest.mark.parametrize(
    ("raw", "rest", "signature"),
    [
        (b"", b"", b""),
        (b"a=1", b"a=1", b""),
        (b"a=1&signature=ff", b"a=1", b"ff"),
        (b"signature=ff", b"", b"ff"),
        (b"signature=ff&a=1", b"a=1", b"ff"),
        (b"a=1&signature=ff&b=2", b"a=1&b=2", b"ff"),
        (b"a=1&signature=", b"a=1", b""),
        (b"a=1&signature=AB+/cd==", b"a=1", b"AB+/cd=="),
        (b"a=1&xsignature=ff", b"a=1&xsignature=ff", b""),
        (b"a=signature=ff", b"a=signature=ff", b""),
        (b"signature=1&signature=2", b"signature=1", b"2"),
    ],
)
def test_the_signature_is_taken_out(raw: bytes, rest: bytes, signature: bytes) -> None:
    assert split_signature(raw) == (rest, signature)
