"""Signatures: HMAC-SHA256 (hex), RSA PKCS#1 v1.5 with SHA-256 and Ed25519 (base64) over raw bytes.

Source: rest-api.md#signed-endpoint-security; documented.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from tradepit.core.records import Who
from tradepit.core.terms import ED25519, HMAC, RSA

if TYPE_CHECKING:
    from tradepit.core.accounts import ApiKey

Check = Callable[[bytes, bytes], bool]
"""(payload, signature as it was sent, percent-decoded) -> whether it is valid."""

KEY_FORMAT: Final = re.compile(rb"[A-Za-z0-9]{64}")

LEAST_RSA_BITS: Final = 2_048
MOST_RSA_BITS: Final = 4_096

_BLOCK: Final = 64  # bytes of a SHA-256 block
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))


class WrongKey(ValueError):
    """A public key of a kind or size that cannot be registered; the text says which."""


class Holder:
    """A key that was used: who its holder is, and how its signatures are checked."""

    __slots__ = ("check", "key", "who")

    def __init__(self, key: ApiKey) -> None:
        self.key = key
        self.who = Who(key.owner, key.api_key, key.may)
        self.check = make_check(key.kind, key.secret)


class KeyRing:
    """The holders of a world's keys, made at first use and again when a key changed."""

    def __init__(self, refused: Iterable[str] = ()) -> None:
        """refused: API keys that are not served, although the world knows them."""
        self._refused = frozenset(refused)
        self._holders: dict[str, Holder] = {}

    def find(self, keys: Mapping[str, ApiKey], api_key: str) -> Holder | None:
        """The holder of `api_key`, None when there is no such key."""
        key = keys.get(api_key)
        holder = self._holders.get(api_key)
        if holder is not None and holder.key is key:
            return holder
        if key is None or api_key in self._refused:
            self._holders.pop(api_key, None)
            return None
        holder = self._holders[api_key] = Holder(key)
        return holder


def make_check(kind: int, secret: str) -> Check:
    """The check of signatures of one key.

    kind: terms.HMAC, RSA or ED25519. secret: the HMAC secret, or the public key in PEM.
    Raises: ValueError when the PEM holds no key of that kind.
    """
    if kind == HMAC:
        return _hmac_check(secret.encode())
    if kind == RSA:
        return _rsa_check(secret.encode())
    if kind == ED25519:
        return _ed25519_check(secret.encode())
    raise ValueError(f"unknown kind of key: {kind}")


def _hmac_check(secret: bytes) -> Check:
    # RFC 2104 with both SHA-256 states prepared once per key: a third of hmac.digest's time.
    if len(secret) > _BLOCK:
        secret = sha256(secret).digest()
    secret = secret.ljust(_BLOCK, b"\0")
    inner = sha256(secret.translate(_INNER))
    outer = sha256(secret.translate(_OUTER))

    def check(payload: bytes, signature: bytes) -> bool:
        first = inner.copy()
        first.update(payload)
        second = outer.copy()
        second.update(first.digest())
        return compare_digest(second.hexdigest().encode(), signature.lower())

    return check


# `cryptography` takes a tenth of a second to import: only who has such a key waits for it.


def _rsa_check(pem: bytes) -> Check:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = load_pem_public_key(pem)
    if not isinstance(key, RSAPublicKey):
        raise WrongKey("this is no RSA key")
    if not LEAST_RSA_BITS <= key.key_size <= MOST_RSA_BITS:
        raise WrongKey(
            f"an RSA key has {LEAST_RSA_BITS} to {MOST_RSA_BITS} bits, this one {key.key_size}"
        )

    def check(payload: bytes, signature: bytes) -> bool:
        try:
            key.verify(b64decode(signature, validate=True), payload, PKCS1v15(), SHA256())
        except (InvalidSignature, BadBase64):
            return False
        return True

    return check


def _ed25519_check(pem: bytes) -> Check:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = load_pem_public_key(pem)
    if not isinstance(key, Ed25519PublicKey):
        raise WrongKey("this is no Ed25519 key")

    def check(payload: bytes, signature: bytes) -> bool:
        try:
            key.verify(b64decode(signature, validate=True), payload)
        except (InvalidSignature, BadBase64):
            return False
        return True

    return check
