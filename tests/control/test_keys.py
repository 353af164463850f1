"""API keys of all three kinds: registered, used for a signed order, refused, revoked."""

from __future__ import annotations

import base64
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from tests.control.conftest import Pit
from tests.gateways.conftest import Response, sign

ORDER = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=50000"
Signer = Callable[[str], str]


def pem(private: Any) -> str:
    return (
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    )


def send(pit: Pit, api_key: str, signer: Signer, method: str, path: str, query: str) -> Response:
    query = f"{query}&timestamp={time.time_ns() // 1_000_000}".lstrip("&")
    signature = urllib.parse.quote(signer(query), safe="")
    target = f"{path}?{query}&signature={signature}"
    return pit.server.request(method, target, x_mbx_apikey=api_key)


def order(pit: Pit, api_key: str, signer: Signer) -> Response:
    return send(pit, api_key, signer, "POST", "/api/v3/order", ORDER)


def hmac_key(pit: Pit, **more: Any) -> tuple[dict[str, Any], Signer]:
    made = pit.done("POST", "keys", **({"account": "bob"} | more))
    return made, lambda text: sign(text, made["secretKey"])


def rsa_key(pit: Pit, **more: Any) -> tuple[dict[str, Any], Signer]:
    private = rsa.generate_private_key(65_537, 2_048)
    made = pit.done("POST", "keys", account="bob", type="RSA", publicKey=pem(private), **more)
    return made, lambda text: base64.b64encode(
        private.sign(text.encode(), PKCS1v15(), SHA256())
    ).decode()


def ed25519_key(pit: Pit, **more: Any) -> tuple[dict[str, Any], Signer]:
    private = ed25519.Ed25519PrivateKey.generate()
    made = pit.done("POST", "keys", account="bob", type="ED25519", publicKey=pem(private), **more)
    return made, lambda text: base64.b64encode(private.sign(text.encode())).decode()


@pytest.mark.parametrize("kind", [hmac_key, rsa_key, ed25519_key])
def test_a_key_of_each_kind_trades(pit: Pit, kind: Any) -> None:
    made, signer = kind(pit)
    assert len(made["apiKey"]) == 64
    assert ("secretKey" in made) == (made["type"] == "HMAC")
    placed = order(pit, made["apiKey"], signer)
    assert (placed.status, placed.json.get("status")) == (200, "NEW"), placed.body
    seen = pit.signed("GET", "/api/v3/openOrders", "symbol=BTCUSDT", name="bob").json
    assert placed.json["orderId"] in [row["orderId"] for row in seen]
    forged = order(pit, made["apiKey"], lambda text: signer(text + "&"))
    assert (forged.status, forged.code) == (400, -1022)


def test_a_key_is_listed_without_its_secret(pit: Pit) -> None:
    made, _ = hmac_key(pit, label="listed one", permissions=["TRADE", "USER_DATA"])
    (row,) = [row for row in pit.done("GET", "keys") if row["apiKey"] == made["apiKey"]]
    assert row == {name: made[name] for name in made if name != "secretKey"}
    assert (row["label"], row["account"], row["type"]) == ("listed one", "bob", "HMAC")
    assert row["permissions"] == ["USER_DATA", "TRADE"]
    assert abs(row["created"] - time.time() * 1_000) < 10_000
    assert made["secretKey"] not in pit.control("GET", "keys").body.decode()


def test_permissions_bind(pit: Pit) -> None:
    reader, signer = hmac_key(pit, permissions=["USER_DATA"])
    assert send(pit, reader["apiKey"], signer, "GET", "/api/v3/account", "").status == 200
    assert order(pit, reader["apiKey"], signer).code == -2015
    trader, signer = hmac_key(pit, permissions=["TRADE"])
    assert order(pit, trader["apiKey"], signer).status == 200
    assert send(pit, trader["apiKey"], signer, "GET", "/api/v3/account", "").code == -2015
    listener, _ = hmac_key(pit, permissions=["USER_STREAM"])
    for key, status in ((listener, 200), (trader, 401)):
        asked = pit.server.request("POST", "/api/v3/userDataStream", x_mbx_apikey=key["apiKey"])
        assert asked.status == status


def test_addresses_bind(pit: Pit) -> None:
    here, signer = hmac_key(pit, ips=["127.0.0.1", "2001:0DB8::1"])
    assert here["ips"] == ["127.0.0.1", "2001:db8::1"]
    assert order(pit, here["apiKey"], signer).status == 200
    elsewhere, signer = hmac_key(pit, ips=["10.0.0.1"])
    assert order(pit, elsewhere["apiKey"], signer).code == -2015


def test_a_revoked_key_is_refused(pit: Pit) -> None:
    made, signer = hmac_key(pit)
    assert order(pit, made["apiKey"], signer).status == 200
    gone = pit.done("DELETE", "keys", apiKey=made["apiKey"])
    assert gone == {name: made[name] for name in made if name != "secretKey"}
    assert order(pit, made["apiKey"], signer).code == -2015
    assert pit.no("DELETE", "keys", apiKey=made["apiKey"])[0] == -1130
    assert made["apiKey"] not in [row["apiKey"] for row in pit.done("GET", "keys")]


def test_keys_that_cannot_be(pit: Pit) -> None:
    ed = pem(ed25519.Ed25519PrivateKey.generate())
    private = ed25519.Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    small, curve = (
        pem(rsa.generate_private_key(65_537, 1_024)),
        pem(ec.generate_private_key(ec.SECP256R1())),
    )
    before = pit.done("GET", "keys")
    for ask, code in (
        ({"account": "nobody"}, -1130),
        ({}, -1102),
        ({"account": "bob", "type": "DSA"}, -1130),
        ({"account": "bob", "publicKey": ed}, -1106),
        ({"account": "bob", "type": "RSA"}, -1102),
        ({"account": "bob", "type": "RSA", "publicKey": ed}, -1130),
        ({"account": "bob", "type": "RSA", "publicKey": small}, -1130),
        ({"account": "bob", "type": "ED25519", "publicKey": curve}, -1130),
        ({"account": "bob", "type": "ED25519", "publicKey": private.decode()}, -1130),
        ({"account": "bob", "type": "ED25519", "publicKey": "x" * 50}, -1130),
        ({"account": "bob", "permissions": ["EVERYTHING"]}, -1130),
        ({"account": "bob", "ips": ["localhost"]}, -1130),
        ({"account": "bob", "ips": ["127.0.0.1/8"]}, -1100),
        ({"account": "bob", "label": "<b>"}, -1100),
        ({"account": "bob", "freshSecret": "s" * 64}, -1104),
        ({"account": "bob", "label": "bob"}, -1130),
    ):
        assert pit.no("POST", "keys", **ask)[0] == code, ask
    assert pit.done("GET", "keys") == before
    for api_key in ("", "x", "x" * 64):
        assert pit.no("DELETE", "keys", apiKey=api_key)[0] in (-1100, -1105, -1130)
