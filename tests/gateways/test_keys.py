"""Signatures: the published vectors of all kinds, and what must not pass."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tradepit.core.accounts import ApiKey
from tradepit.core.terms import ED25519, HMAC, RSA
from tradepit.gateways.keys import KeyRing, make_check

# id, kind, secret or seed, signature, payload: sample keys that Binance's documents publish.
ROWS = [
    line.split("\t")
    for line in Path(__file__).with_name("signatures.tsv").read_text("utf-8").splitlines()[1:]
]


def pem_of(key: rsa.RSAPublicKey | ed25519.Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_published_vectors(row: list[str]) -> None:
    _, kind, secret, signature, payload = row
    signed = payload.replace("\\x01", "\x01").encode()
    if kind == "HMAC":
        check = make_check(HMAC, secret)
        assert check(signed, signature.upper().encode()), "hex of any case"
    else:
        private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
        check = make_check(ED25519, pem_of(private.public_key()))
        assert not check(signed, signature.swapcase().encode()), "base64 is case-sensitive"
    assert check(signed, signature.encode())
    assert not check(signed + b"&", signature.encode())
    assert not check(signed, signature[:-4].encode())
    assert not check(signed, b"")
    assert not check(signed, "ｃ８".encode())


def test_every_kind_of_vector_is_there() -> None:
    assert {row[1] for row in ROWS} == {"HMAC", "ED25519"}
    assert len(ROWS) >= 17


@pytest.mark.parametrize("bits", [2048, 4096])
def test_rsa(bits: int) -> None:
    private = rsa.generate_private_key(65_537, bits)
    check = make_check(RSA, pem_of(private.public_key()))
    signature = b64encode(private.sign(b"a=1", padding.PKCS1v15(), SHA256()))
    assert check(b"a=1", signature)
    assert not check(b"a=2", signature)
    assert not check(b"a=1", signature.swapcase())
    assert not check(b"a=1", b"not base64!")


def test_hmac_secrets_longer_than_a_block() -> None:
    import hashlib
    import hmac

    secret = "s" * 65
    signature = hmac.new(secret.encode(), b"a=1", hashlib.sha256).hexdigest()
    assert make_check(HMAC, secret)(b"a=1", signature.encode())


def test_a_key_of_another_kind_is_no_key() -> None:
    pem = pem_of(ed25519.Ed25519PrivateKey.generate().public_key())
    with pytest.raises(ValueError, match="RSA"):
        make_check(RSA, pem)
    with pytest.raises(ValueError, match="kind"):
        make_check(9, pem)


def test_the_ring_follows_the_keys() -> None:
    ring = KeyRing(refused=["c" * 64])
    keys = {name * 64: ApiKey(name * 64, 1, HMAC, "secret", 0) for name in "ac"}
    assert ring.find(keys, "b" * 64) is None
    assert ring.find(keys, "c" * 64) is None, "known, but not served here"
    first = ring.find(keys, "a" * 64)
    assert first is not None
    assert ring.find(keys, "a" * 64) is first
    keys["a" * 64] = ApiKey("a" * 64, 2, HMAC, "another", 0)
    second = ring.find(keys, "a" * 64)
    assert second is not None
    assert second.who.owner == 2
    del keys["a" * 64]
    assert ring.find(keys, "a" * 64) is None
