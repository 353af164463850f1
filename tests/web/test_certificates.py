"""The local authority: what it can sign for, how it is kept, and what is said when it is wrong."""

from __future__ import annotations

import datetime
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tradepit import cli
from tradepit.web import authorities
from tradepit.web.certificates import Authority, AuthorityError, Secured

NOW = datetime.datetime.now(datetime.UTC)
LONG_AGO = NOW - datetime.timedelta(days=6 * 365)


class Done(NamedTuple):
    code: int
    output: str


@pytest.fixture
def ca(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    def run(folder: Path, *args: str) -> Done:
        code = cli.run(["ca", *args, "--ca-dir", str(folder)])
        return Done(code, "".join(capsys.readouterr()))

    return run


def test_the_life_of_an_authority_on_the_command_line(
    tmp_path: Path, ca: Callable[..., Done]
) -> None:
    folder = tmp_path / "new" / "ca"
    for verb in ("show", "path", "pem", "renew", "delete"):
        missing = ca(folder, verb)
        assert missing.code == 1, verb
        assert "no authority in" in missing.output and "tradepit ca create" in missing.output
    made = ca(folder, "create")
    assert made.code == 0, made.output
    assert "binance.vision" in made.output
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [file.stat().st_mode & 0o777 for file in folder.iterdir()] == [0o600, 0o600]
    assert list(folder.parent.iterdir()) == [folder]
    assert ca(folder, "create").code == 1
    assert ca(folder, "path").output.strip() == str(folder / "authority.pem")
    pem = ca(folder, "pem").output
    assert pem == (folder / "authority.pem").read_text()
    key = (folder / "authority.key").read_text()
    shown = ca(folder, "show")
    assert shown.output == made.output
    assert not any(line in shown.output + pem for line in key.splitlines()[1:-1])
    renewed = ca(folder, "renew")
    assert renewed.code == 0
    assert (folder / "authority.key").read_text() == key
    assert (folder / "authority.pem").read_text() != pem
    assert ca(folder, "delete").code == 0
    assert not folder.exists()


def test_who_trusts_the_old_certificate_trusts_what_the_renewed_one_signs(tmp_path: Path) -> None:
    old = authorities.create(tmp_path / "ca", ["exchange.test"])
    fresh = authorities.renew(tmp_path / "ca")
    assert fresh.names == old.names
    assert talks(old.pem, fresh, "api.exchange.test")


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("api.binance.com", True), ("binance.com", True), ("stream.testnet.binance.vision", True),
        ("localhost", True), ("main.localhost", True), ("127.0.0.9", True), ("::1", True),
        ("inner.test", True), ("10.1.2.3", True), ("notbinance.com", False),
        ("binance.com.evil.example", False), ("8.8.8.8", False), ("::2", False),
        ("example.com", False),
    ],
)  # fmt: skip
def test_it_signs_for_its_names_only(name: str, good: bool) -> None:
    authority = Authority.made(["inner.test", "10.0.0.0/8"])
    assert authority.permits(name) is good
    if not good:
        with pytest.raises(AuthorityError, match="may not sign"):
            authority.issue(["localhost", name])


def test_clients_refuse_what_its_key_signed_for_other_names(tmp_path: Path) -> None:
    """Whoever steals the key gets nothing from those who trust it: OpenSSL keeps to the bounds."""
    authority = Authority.made()
    assert talks(authority.pem, authority, "api.binance.com")
    stolen = Authority.made()
    stolen._key, stolen._root = authority._key, authority._root
    stolen.permits = lambda name: True  # type: ignore[method-assign]
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        talks(authority.pem, stolen, "bank.example")


def talks(trusted: str, authority: Authority, name: str) -> bool:
    """Whether a client that trusts a certificate makes a handshake with a server of a name."""
    client = ssl.create_default_context(cadata=trusted)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    server = Secured(authority, [name]).context
    wires = [ssl.MemoryBIO() for _ in range(2)]
    ends = [
        client.wrap_bio(wires[0], wires[1], server_hostname=name),
        server.wrap_bio(wires[1], wires[0], server_side=True),
    ]
    for _ in range(5):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                pass
    return ends[0].version() is not None and ends[1].version() is not None


def test_a_servers_certificate_is_short_and_never_outlives_the_authority() -> None:
    chain, _ = Authority.made().issue(["localhost"])
    leaf = x509.load_pem_x509_certificates(chain.encode())[0]
    assert leaf.not_valid_after_utc - NOW < datetime.timedelta(days=31)
    nearly = Authority.made(now=NOW - datetime.timedelta(days=5 * 365 - 2))
    chain, _ = nearly.issue(["localhost"])
    leaf, root = x509.load_pem_x509_certificates(chain.encode())
    assert leaf.not_valid_after_utc == root.not_valid_after_utc


def test_a_certificate_is_made_anew_when_it_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority.made()
    issued: list[list[str]] = []
    issue = authority.issue
    monkeypatch.setattr(authority, "issue", lambda names: issued.append(names) or issue(names))
    secured = Secured(authority, ["localhost"])
    secured.refresh()
    assert len(issued) == 1
    secured._loaded_s -= 8 * 86_400
    secured.refresh()
    secured.refresh()
    assert len(issued) == 2


def put(folder: Path, certificate: str, key: str) -> Path:
    folder.mkdir(mode=0o700)
    for name, text in (("authority.pem", certificate), ("authority.key", key)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    return folder


def pem_of(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def unbound(able: bool) -> tuple[str, str]:
    """Somebody's certificate without name constraints."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(1)
        .not_valid_before(LONG_AGO).not_valid_after(NOW + datetime.timedelta(days=9))
        .add_extension(x509.BasicConstraints(ca=able, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    return made.public_bytes(Encoding.PEM).decode(), pem_of(key)


ONE = Authority.made()
OLD = Authority.made(now=LONG_AGO)
LATER = Authority.made(now=NOW + datetime.timedelta(days=9))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ((OLD.pem, OLD.key_pem), "expired on"),
        ((LATER.pem, LATER.key_pem), "is the clock right"),
        (("nonsense", ONE.key_pem), "certificate is none in PEM"),
        ((ONE.pem, "nonsense"), "no private key in PEM"),
        ((ONE.pem, OLD.key_pem), "do not belong together"),
        ((ONE.pem, pem_of(ed25519.Ed25519PrivateKey.generate())), "another kind"),
        (unbound(able=True), "every host there is"),
        (unbound(able=False), "not that of an authority"),
    ],
)
def test_files_that_cannot_be_used_say_why_and_what_helps(
    tmp_path: Path, ca: Callable[..., Done], files: tuple[str, str], words: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    folder = put(tmp_path / "ca", *files)
    with pytest.raises(AuthorityError, match=words):
        authorities.usable(folder)
    shown = ca(folder, "show")
    assert shown.code == 1
    assert words in shown.output
    assert "`tradepit ca " in shown.output or "clock right?" in shown.output
    monkeypatch.setenv("TRADEPIT_CA_DIR", str(folder))
    assert cli.run(["exec", "--", "true"]) == 1
    assert words in capsys.readouterr().err


def test_an_expired_one_is_renewed_and_a_readable_key_is_refused(
    tmp_path: Path, ca: Callable[..., Done]
) -> None:
    folder = put(tmp_path / "ca", OLD.pem, OLD.key_pem)
    assert ca(folder, "renew").code == 0
    authority, is_new = authorities.usable(folder)
    assert not is_new and talks(authority.pem, authority, "localhost")
    (folder / "authority.key").chmod(0o644)
    with pytest.raises(AuthorityError, match="others may read"):
        authorities.usable(folder)
    (folder / "authority.pem").unlink()
    with pytest.raises(AuthorityError, match=r"authority\.pem is missing"):
        authorities.load(folder)
    assert ca(folder, "delete").code == 0


@pytest.mark.parametrize("name", ["a b", "x/y", "*.test", "ümlaut.test", "", "http://a.test"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, ca: Callable[..., Done], name: str) -> None:
    done = ca(tmp_path / "ca", "create", "--name", name)
    assert done.code == 1
    assert "neither a host name nor an IP address" in done.output
    assert not (tmp_path / "ca").exists()


def test_two_that_begin_at_once_share_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "ca"
    first = authorities.create(folder)
    found = authorities.load
    monkeypatch.setattr(authorities, "load", _once_nothing(found))
    authority, is_new = authorities.usable(folder)
    assert (authority.pem, is_new) == (first.pem, False)


def _once_nothing(found):  # type: ignore[no-untyped-def]
    """A look that came too early, once."""
    asked: list[Path] = []

    def look(place: Path) -> Authority | None:
        asked.append(place)
        return None if len(asked) == 1 else found(place)

    return look


def test_openssl_accepts_the_chain(tmp_path: Path) -> None:
    authority = Authority.made()
    chain, _ = authority.issue(["api.binance.com", "127.0.0.1"])
    (tmp_path / "root.pem").write_text(authority.pem)
    (tmp_path / "leaf.pem").write_text(chain)
    command = ["openssl", "verify", "-x509_strict", "-CAfile", "root.pem", "-verify_hostname",
               "api.binance.com", "leaf.pem"]  # fmt: skip
    try:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no openssl command was found")
    assert done.stdout.strip() == "leaf.pem: OK", done.stderr
