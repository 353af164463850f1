"""What pages and servers keep to themselves, and what they refuse to be given."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from tests.gateways.conftest import Server, running
from tests.web.test_console import SAID, until, url

from tradepit.config import Config

TOKEN = "the-operators-own-token"
READY = "document.querySelector('#price').value"
KEYS = "document.querySelectorAll('#rows tr').length > 0"


def new_key(server: Server, label: str) -> dict[str, str]:
    ask = json.dumps({"account": "dave", "label": label}).encode()
    made = server.request("POST", "/_tradepit/v1/keys", ask, content_type="application/json")
    found: dict[str, str] = made.json
    return found


def test_a_secret_that_is_typed_never_leaves_the_page(server: Server, quick: Any) -> None:
    key = new_key(server, "typed")
    sent: list[str] = []
    quick.on("request", lambda asked: sent.append(f"{asked.url} {asked.post_data}"))
    quick.on(
        "websocket",
        lambda socket: (
            sent.append(socket.url),
            socket.on("framesent", lambda frame: sent.append(str(frame))),
        ),
    )
    quick.goto(url(server))
    until(quick, READY)
    quick.select_option("#account", "")
    quick.fill("#own-key", key["apiKey"])
    quick.fill("#own-secret", key["secretKey"])
    quick.select_option("#type", "MARKET")
    quick.fill("#quantity", "0.001")
    quick.click("#place")
    until(quick, SAID, arg="is filled")
    signed = [text for text in sent if "signature" in text]
    assert len(signed) >= 3, "orders, account and the socket are signed"
    assert not any(key["secretKey"] in text for text in sent)
    kept = "JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])"
    assert key["secretKey"] not in quick.evaluate(kept) + quick.content()
    assert quick.get_attribute("#own-secret", "type") == "password"


def test_a_secret_is_not_shown_again(server: Server, quick: Any) -> None:
    key = new_key(server, "not shown again")
    quick.goto(url(server, "/keys"))
    until(quick, KEYS)
    assert "not shown again" in quick.text_content("#rows")
    assert key["secretKey"] not in quick.content()


def test_keys_of_the_wrong_kind_are_refused_in_words(server: Server, quick: Any) -> None:
    pair = ed25519.Ed25519PrivateKey.generate()
    private = pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    small = rsa.generate_private_key(65_537, 1_024).public_key().public_bytes(*public).decode()
    quick.goto(url(server, "/keys"))
    until(quick, KEYS)
    quick.fill("#account", "erin")
    before = quick.text_content("#rows")
    for kind, pem, words in (
        ("RSA", small, "2048"),
        ("RSA", pair.public_key().public_bytes(*public).decode(), "RSA"),
        ("ED25519", private, "private key"),
        ("ED25519", "", "Paste a public key"),
    ):
        quick.check(f"input[value={kind}]")
        quick.fill("#pem", pem)
        quick.click("#create")
        until(quick, SAID, arg=words)
        assert "bad" in quick.get_attribute("#said", "class")
    quick.fill("#account", "Not A Name")
    quick.click("#create")
    until(quick, SAID, arg="begins with a small letter")
    quick.reload()
    until(quick, KEYS)
    assert quick.text_content("#rows") == before


@pytest.mark.parametrize(
    "behind", ["%E0%A4%A", "constructor:BTCUSDT", "<img src=x onerror=window.hit=1>"]
)
def test_whatever_stands_behind_the_address_the_page_opens(
    server: Server, quick: Any, behind: str
) -> None:
    quick.goto(url(server, f"/#{behind}"))
    until(quick, READY)
    assert quick.input_value("#symbol") == "BTCUSDT"
    assert quick.evaluate("window.hit") is None


def test_the_operators_log_has_no_secret(tmp_path: Path) -> None:
    """What a server that was used, and asked wrongly, prints beside its published dev keys."""
    facts = tmp_path / "facts.json"
    command = [sys.executable, "-m", "tradepit", "up", "--port", "0", "--market", "empty"]
    command += ["--memory", "--config-out", str(facts), "--control-token", TOKEN]
    printed = tmp_path / "printed"
    with printed.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    try:
        until_s = time.monotonic() + 30
        while not facts.exists():
            assert process.poll() is None and time.monotonic() < until_s
            time.sleep(0.02)
        base = json.loads(facts.read_text())["urls"]["base"]
        key = ask(base, "POST", "/_tradepit/v1/keys", {"account": "bob"})
        secret = key["secretKey"]
        for target in (
            f"/api/v3/account?secret={secret}&timestamp=1&signature={secret}",
            f"/{secret}",
            f"/api/v3/order?symbol=%ff&privateKey={secret}",
        ):
            ask(base, "POST", target, None, key["apiKey"])
    finally:
        process.terminate()
        process.wait(20)
    text = printed.read_text()
    assert "tradepit" in text
    assert secret not in text


def ask(base: str, method: str, target: str, body: Any, key: str = "") -> Any:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    if key:
        headers["X-MBX-APIKEY"] = key
    asked = urllib.request.Request(base + target, data, headers, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        return json.load(refused)


def test_a_page_over_tls_trades(browser: Any, tmp_path: Path) -> None:
    settings = Config(port=0, tls_port=0, ca_dir=tmp_path / "ca", memory=True, market="frozen")
    for own in running(settings):
        context = browser.new_context(ignore_https_errors=True)  # its store is not ours to touch
        page = context.new_page()
        page.route("**/plotly.min.js", lambda route: route.abort())
        try:
            page.goto(own.served.urls["https"])
            until(page, READY)
            page.select_option("#type", "MARKET")
            page.fill("#quantity", "0.001")
            page.click("#place")
            until(page, SAID, arg="is filled")
            until(page, "document.querySelector('#balances').textContent.startsWith('BTC10.000')")
        finally:
            context.close()
