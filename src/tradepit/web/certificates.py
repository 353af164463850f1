"""A certificate authority of one's own, for clients that insist on https and on fixed names.

It is bound by name constraints to Binance's domains and to this machine: who trusts it trusts it
for nothing else, whoever gets hold of its key.
"""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tradepit.gateways.hosts import BINANCE

ROOT_DAYS: Final = 5 * 365
LEAF_DAYS: Final = 30
RENEWED_S: Final = 7 * 86_400.0  # a server's certificate is made anew when it is older
NAME: Final = "tradepit local authority"
DOMAINS: Final = (
    "localhost",
    *sorted({b".".join(name.split(b".")[-2:]).decode() for name in BINANCE}),
)
NETWORKS: Final = ("127.0.0.0/8", "::1/128")


class AuthorityError(ValueError):
    """An authority that cannot be used; the text says why, for who asked."""


class Authority:
    """Signs certificates of servers, for the names that its own certificate permits."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, root: x509.Certificate) -> None:
        """Raises: AuthorityError when they do not make an authority."""
        if root.public_key() != key.public_key():
            raise AuthorityError("The certificate and the key do not belong together.")
        self._key = key
        self._root = root
        self._permitted = _permitted(root)

    @classmethod
    def made(
        cls, names: Iterable[str] = (), now: datetime.datetime | None = None,
        key: ec.EllipticCurvePrivateKey | None = None,
    ) -> Authority:  # fmt: skip
        """A new one, for `DOMAINS`, `NETWORKS`, and further `names` (host names, with what is
        below them; addresses, networks). now: when it begins; key: an old one's, to go on with.

        Raises: AuthorityError when a name is none.
        """
        key = key or ec.generate_private_key(ec.SECP256R1())
        named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
        bounds = [_bound(name) for name in dict.fromkeys((*DOMAINS, *NETWORKS, *names))]
        begin = now or datetime.datetime.now(datetime.UTC)
        until = begin + datetime.timedelta(days=ROOT_DAYS)
        builder = _builder(named, key.public_key(), (begin, until)).issuer_name(named)
        root = (
            builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.NameConstraints(bounds, None), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(key, root)

    @classmethod
    def read(cls, certificate: bytes, key: bytes) -> Authority:
        """Of two PEM texts, whatever the date is. Raises: AuthorityError."""
        try:
            root = x509.load_pem_x509_certificate(certificate)
        except ValueError:
            raise AuthorityError("The certificate is none in PEM.") from None
        try:
            secret = load_pem_private_key(key, None)
        except (ValueError, TypeError):
            raise AuthorityError("The key is no private key in PEM without a password.") from None
        if not isinstance(secret, ec.EllipticCurvePrivateKey):
            raise AuthorityError("The key is of another kind than tradepit makes (ECDSA).")
        return cls(secret, root)

    def renewed(self) -> Authority:
        """The same key and names with the time of a new one. Who trusts the old certificate
        trusts what the new one signs, as long as the old one lasts."""
        return self.made((_text(name) for name in self._permitted), key=self._key)

    @property
    def pem(self) -> str:
        """The authority's own certificate: what clients are to trust."""
        return self._root.public_bytes(Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        """Its private key: nobody else's business."""
        plain = NoEncryption()
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, plain).decode()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as browsers and stores show it."""
        return self._root.fingerprint(hashes.SHA256()).hex(":").upper()

    @property
    def until(self) -> datetime.datetime:
        """When it ends, UTC."""
        return self._root.not_valid_after_utc

    @property
    def names(self) -> list[str]:
        """What it may sign for: host names, which stand for all below them too, and networks."""
        return [_text(name) for name in self._permitted]

    def check_date(self, now: datetime.datetime | None = None) -> None:
        """Raises: AuthorityError when it is not its time."""
        now = now or datetime.datetime.now(datetime.UTC)
        if now >= self.until:
            raise AuthorityError(
                f"The authority expired on {self.until:%Y-%m-%d}: `tradepit ca renew` prolongs it."
            )
        if now < self._root.not_valid_before_utc:
            begin = self._root.not_valid_before_utc
            raise AuthorityError(f"The authority begins on {begin:%Y-%m-%d}: is the clock right?")

    def permits(self, name: str) -> bool:
        """Whether it may sign for a host name or an IP address."""
        asked = _name(name)
        same = [_text(bound) for bound in self._permitted if type(bound) is type(asked)]
        if isinstance(asked, x509.IPAddress):
            address = ipaddress.ip_address(_text(asked))
            return any(address in ipaddress.ip_network(network) for network in same)
        return any(f".{asked.value}".endswith(f".{domain}") for domain in same)

    def issue(self, names: Sequence[str]) -> tuple[str, str]:
        """(certificate with its chain, key), both PEM, for host names or IP addresses.

        Raises: AuthorityError when it is not its time, or a name is not its own.
        """
        self.check_date()
        foreign = [name for name in names if not self.permits(name)]
        if foreign:
            raise AuthorityError(f"The authority may not sign for {', '.join(foreign)}.")
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        begin = datetime.datetime.now(datetime.UTC)
        until = min(begin + datetime.timedelta(days=LEAF_DAYS), self.until)
        builder = _builder(subject, key.public_key(), (begin, until))
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        made = (
            builder.issuer_name(self._root.subject)
            .add_extension(x509.SubjectAlternativeName(list(map(_name, names))), False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(signer, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return made.public_bytes(Encoding.PEM).decode() + self.pem, secret.decode()


class Secured:
    """What a server speaks TLS with under some names: a context whose certificate stays young."""

    def __init__(self, authority: Authority, names: Sequence[str]) -> None:
        """Raises: AuthorityError when the authority cannot sign for them."""
        self._authority = authority
        self._names = names
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_alpn_protocols(["http/1.1"])
        self._load()

    def refresh(self) -> None:
        """Make the certificate anew when it has become old; who connects then gets the new one.
        Raises: AuthorityError when the authority has come to its end."""
        if time.monotonic() - self._loaded_s > RENEWED_S:
            self._load()

    def _load(self) -> None:
        chain, key = self._authority.issue(self._names)
        with tempfile.TemporaryDirectory(prefix="tradepit-") as folder:
            file = Path(folder, "server.pem")  # Python reads certificates from files only
            file.touch(mode=0o600)
            file.write_text(key + chain, "ascii")
            self.context.load_cert_chain(file)
        self._loaded_s = time.monotonic()


def _builder(
    subject: x509.Name,
    public: ec.EllipticCurvePublicKey,
    time: tuple[datetime.datetime, datetime.datetime],
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(time[0] - datetime.timedelta(days=1))  # other machines' clocks differ
        .not_valid_after(time[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _permitted(root: x509.Certificate) -> list[x509.GeneralName]:
    """What a root may sign for. Raises: AuthorityError when it is none, or one for everything."""
    try:
        able = root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        able = False
    if not able:
        raise AuthorityError("The certificate is not that of an authority.")
    try:
        bounds = root.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        bounds = None
    if bounds is None or not bounds.permitted_subtrees:
        raise AuthorityError(
            "The authority may sign for every host there is; tradepit uses only one that is bound "
            "to some names, such as `tradepit ca create` makes."
        )
    return bounds.permitted_subtrees


def _bound(text: str) -> x509.GeneralName:
    """A name constraint. Raises: AuthorityError."""
    try:
        return x509.IPAddress(ipaddress.ip_network(text))
    except ValueError:
        return _dns_name(text)


def _name(text: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return _dns_name(text)


def _dns_name(text: str) -> x509.DNSName:
    labels = text.lower().split(".")
    plain = all(label.replace("-", "").replace("_", "").isalnum() for label in labels)
    if not plain or not text.isascii() or len(text) > 253:
        raise AuthorityError(f"{text!r} is neither a host name nor an IP address.")
    return x509.DNSName(text.lower())


def _text(name: x509.GeneralName) -> str:
    return str(name.value)


def _usage(signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=signs, crl_sign=signs,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
