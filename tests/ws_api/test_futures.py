"""What the WebSocket APIs of futures do otherwise than spot's. Source: the pages on general
information of both futures documents."""

from __future__ import annotations

import pytest
from tests.gateways.conftest import Server
from tests.ws_api.speaking import EdKey, Speaker, sign


@pytest.mark.parametrize("venue", ["fapi", "dapi"])
def test_a_handshake_costs_five(server: Server, venue: str) -> None:
    used = server.request("GET", f"/{venue}/v1/ping").headers["x-mbx-used-weight-1m"]
    with Speaker(server, path=f"/ws-{venue}/v1") as speaker:
        (row,) = speaker.signed("account.balance")["rateLimits"]
    assert row["count"] - int(used) == 5 + 1 + (4 if venue == "fapi" else 0)


@pytest.mark.parametrize("venue", ["fapi", "dapi"])
def test_a_session_tells_of_no_user_data(server: Server, venue: str) -> None:
    key = EdKey(server, "alice")
    with Speaker(server, path=f"/ws-{venue}/v1") as speaker:
        logged = speaker.signed("session.logon", key)["result"]
        assert list(logged) == [
            "apiKey", "authorizedSince", "connectedSince", "returnRateLimits", "serverTime",
        ]  # fmt: skip
        assert speaker.ask("session.logout")["result"]["apiKey"] is None


@pytest.mark.parametrize("venue", ["fapi", "dapi"])
def test_a_method_may_say_its_version(server: Server, venue: str) -> None:
    with Speaker(server, path=f"/ws-{venue}/v1") as speaker:
        assert speaker.ask("v3/account.balance", sign({}))["status"] == 200
        assert speaker.ask("v4/account.balance", sign({}))["error"]["code"] == -1020
