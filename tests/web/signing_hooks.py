"""Loaded by schemathesis: every request is stamped and signed for alice on its way out."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any

import requests
import schemathesis

from tradepit.data.genesis import DEV_KEYS

ALICE = DEV_KEYS[0]
OURS = ("timestamp=", "signature=", "recvWindow=")


class Signed(requests.auth.AuthBase):
    def __call__(self, asked: Any) -> Any:
        path, _, query = asked.url.partition("?")
        pairs = [pair for pair in query.split("&") if pair and not pair.startswith(OURS)]
        text = "&".join([*pairs, f"timestamp={time.time_ns() // 1_000_000}"])
        mark = hmac.new(ALICE.secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()
        asked.url = f"{path}?{text}&signature={mark}"
        asked.headers["X-MBX-APIKEY"] = ALICE.api_key
        return asked


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    if case.operation.definition.raw.get("security"):
        kwargs["auth"] = Signed()


@schemathesis.check
def never_fails(context: Any, response: Any, case: Any) -> None:
    """No 5xx, but for the 501 of what the exchange has and this server does not serve yet."""
    unserved = response.status_code == 501 and response.json()["code"] == -1020
    assert response.status_code < 500 or unserved, response.text
