"""Copied requests, pasted: they do again what the request did, signed anew, and tell no secret."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
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
from tests.web.test_console import until, url
from websockets.sync.client import connect

from tradepit.config import Config

LIVE = "document.querySelector('#following').textContent === 'live'"
ODD = "it's%20%24HOME%20%22%60%5C"  # it's $HOME "`\\


@pytest.fixture(scope="module")
def own() -> Iterator[Server]:
    yield from running(Config(port=0, memory=True, market="empty"))


@pytest.fixture(scope="module")
def log(own: Server, browser: Any) -> Iterator[Any]:
    """The control page, whose clipboard can be read."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(url(own, "/control"))
    until(page, LIVE)
    yield page
    context.close()


def copied(page: Any, words: str, name: str) -> str:
    """What the button of the row with these words puts into the clipboard."""
    row = page.locator("#rows tr", has_text=words).first.element_handle()
    row.query_selector(f"[aria-label='Copy as {name}']").click()
    row.wait_for_selector("text=Copied")
    return str(page.evaluate("navigator.clipboard.readText()"))


def pasted(text: str, name: str, cwd: Path) -> Any:
    """What it prints where it is run."""
    command = ["bash", "-c", text] if name == "curl" else [sys.executable, "-c", text]
    env = {"PATH": os.environ["PATH"], "no_proxy": "*"}
    done = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().removeprefix("400 "))


NAMES = pytest.mark.parametrize("name", ["curl", "Python"])


@pytest.fixture(autouse=True)
def tools() -> None:
    if not (shutil.which("curl") and shutil.which("openssl") and shutil.which("bash")):
        pytest.skip("no curl, openssl or bash was found")


@NAMES
def test_an_order_is_placed_again(own: Server, log: Any, tmp_path: Path, name: str) -> None:
    price = {"curl": 51_000, "Python": 52_000}[name]
    query = f"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price={price}"
    first = own.signed("POST", "/api/v3/order", body=f"{query}&recvWindow=900").json
    text = copied(log, f"price={price}", name)
    assert "recvWindow=900" in text
    again = pasted(text, name, tmp_path)
    for field in ("symbol", "side", "type", "timeInForce", "origQty", "price", "status"):
        assert again[field] == first[field], field
    assert again["orderId"] > first["orderId"]
    assert "DevSecret" not in log.content()


@NAMES
def test_a_refusal_is_met_again_whatever_its_letters(
    own: Server, log: Any, tmp_path: Path, name: str
) -> None:
    refused = own.request("GET", f"/api/v3/depth?symbol={ODD}{name}")
    assert pasted(copied(log, f"{ODD}{name}", name), name, tmp_path) == refused.json


@NAMES
def test_a_control_request_is_sent_as_json(
    own: Server, log: Any, tmp_path: Path, name: str
) -> None:
    body = json.dumps({"account": "nobody", "asset": name, "amount": "1"}).encode()
    path = "/_tradepit/v1/faucet"
    refused = own.request("POST", path, body, content_type="application/json")
    assert refused.status == 400
    assert pasted(copied(log, f"asset={name}", name), name, tmp_path) == refused.json


@NAMES
def test_what_came_over_a_socket_goes_over_http(
    own: Server, log: Any, tmp_path: Path, name: str
) -> None:
    with connect(f"ws://127.0.0.1:{own.port}/ws-api/v3") as socket:
        symbols = ["BTCUSDT", {"curl": "ETHUSDT", "Python": "BNBUSDT"}[name]]
        ask = {"id": 1, "method": "ticker.price", "params": {"symbols": symbols}}
        socket.send(json.dumps(ask))
        found = json.loads(socket.recv(5))["result"]
    assert pasted(copied(log, symbols[1], name), name, tmp_path) == found


@NAMES
@pytest.mark.parametrize("kind", ["hmac", "rsa", "ed25519"])
def test_another_keys_secret_is_left_to_who_pastes(
    own: Server, log: Any, tmp_path: Path, name: str, kind: str
) -> None:
    made, secret = new_key(own, tmp_path, kind, f"{kind}-{name.lower()}")
    window = 5_000 + len(kind) * 100 + len(name)
    wrong = f"recvWindow={window}&timestamp=1700000000000&signature=00"
    refused = own.request("GET", f"/api/v3/account?{wrong}", x_mbx_apikey=made["apiKey"])
    assert refused.status == 400
    text = copied(log, f"recvWindow={window}", name)
    assert made["apiKey"] in text
    assert secret not in text + log.content()
    if kind == "hmac":
        text = text.replace("YOUR_SECRET", secret)
    assert pasted(text, name, tmp_path)["canTrade"] is True


def new_key(own: Server, folder: Path, kind: str, label: str) -> tuple[dict[str, Any], str]:
    """A key of carol's as control tells it, and what of it is secret."""
    ask: dict[str, Any] = {"account": "carol", "type": kind.upper(), "label": label}
    secret = ""
    if kind != "hmac":
        pair: Any = (
            rsa.generate_private_key(65_537, 2_048)
            if kind == "rsa"
            else ed25519.Ed25519PrivateKey.generate()
        )
        public = pair.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        ask["publicKey"] = public.decode()
        secret = pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        (folder / "YOUR_KEY.pem").write_text(secret)
    made = own.request(
        "POST", "/_tradepit/v1/keys", json.dumps(ask).encode(), content_type="application/json"
    )
    assert made.status == 200, made.body
    return made.json, secret or made.json["secretKey"]
