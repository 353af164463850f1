"""What speaks the WebSocket API with a server of the gateways' tests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.gateways.conftest import ALICE, Server
from websockets.sync.client import ClientConnection, connect


class Speaker:
    """One connection; `ask` sends a request and gives its answer, events are kept aside."""

    def __init__(self, server: Server, query: str = "", path: str = "/ws-api/v3") -> None:
        self.socket: ClientConnection = connect(
            f"ws://127.0.0.1:{server.port}{path}{query}"
        ).__enter__()
        self.events: list[dict[str, Any]] = []
        self.number = 0

    def __enter__(self) -> Speaker:
        return self

    def __exit__(self, *args: object) -> None:
        self.socket.close()

    def raw(self, text: str) -> dict[str, Any]:
        """Any message, and the next answer."""
        self.socket.send(text)
        return self.answer()

    def answer(self) -> dict[str, Any]:
        while True:
            found: dict[str, Any] = json.loads(self.socket.recv(timeout=10))
            if "status" in found:
                return found
            self.events.append(found)

    def event(self) -> dict[str, Any]:
        """The next event."""
        if not self.events:
            self.events.append(json.loads(self.socket.recv(timeout=10)))
        return self.events.pop(0)

    def ask(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        self.number += 1
        request: dict[str, Any] = {"id": self.number, "method": method}
        if params is not None:
            request["params"] = params
        found = self.raw(json.dumps(request))
        assert found["id"] == self.number
        return found

    def signed(self, method: str, key: Any = ALICE, **params: Any) -> dict[str, Any]:
        return self.ask(method, sign(params, key))


def stamp() -> int:
    return time.time_ns() // 1_000_000


def payload(params: dict[str, Any]) -> bytes:
    return "&".join(f"{name}={params[name]}" for name in sorted(params)).encode()


def sign(params: dict[str, Any], key: Any = ALICE) -> dict[str, Any]:
    """The parameters with key, time and signature (HMAC, or Ed25519 for an `EdKey`)."""
    full = {"apiKey": key.api_key, "timestamp": stamp(), **params}
    if isinstance(key, EdKey):
        signature = base64.b64encode(key.private.sign(payload(full))).decode()
    else:
        signature = hmac.new(key.secret_key.encode(), payload(full), hashlib.sha256).hexdigest()
    return {**full, "signature": signature}


class EdKey:
    """An Ed25519 key registered by the control API."""

    def __init__(self, server: Server, account: str, **more: Any) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        self.private = Ed25519PrivateKey.generate()
        pem = self.private.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        body = {"account": account, "type": "ED25519", "publicKey": pem.decode(), **more}
        answer = server.request(
            "POST", "/_tradepit/v1/keys", json.dumps(body).encode(),
            content_type="application/json",
        )  # fmt: skip
        assert answer.status == 200, answer.body
        self.api_key: str = answer.json["apiKey"]
