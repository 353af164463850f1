"""Who may ask control: the machine itself, others with the token, everybody with a chosen one."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from tests.gateways.conftest import Response, Server, running

from tradepit import cli, config, server
from tradepit.config import Config
from tradepit.gateways import checks

INFO = "/_tradepit/v1/info"
CHOSEN = "a-token-of-the-owner's-own"
EVERYWHERE = Config(host="0.0.0.0", port=0, memory=True, market="empty")


def asked(at: Server, token: str = "", kind: str = "Bearer") -> Response:
    headers = {"authorization": f"{kind} {token}"} if token else {}
    return at.request("GET", INFO, **headers)


def test_others_need_the_drawn_token(monkeypatch: pytest.MonkeyPatch) -> None:
    for at in running(EVERYWHERE):
        token = at.served.control_token
        assert len(token) == 32
        assert asked(at).status == 200, "the machine itself"
        monkeypatch.setattr(checks, "LOOPBACK", frozenset())  # now it is another one
        for refused in (asked(at), asked(at, token[:-1]), asked(at, token, "Basic")):
            assert (refused.status, refused.code) == (401, -1002)
        assert asked(at, token).status == 200
        assert asked(at, token, "bearer").status == 200
        assert at.request("GET", "/api/v3/ping").status == 200


def test_each_server_draws_its_own() -> None:
    drawn = {at.served.control_token for _ in range(2) for at in running(EVERYWHERE)}
    assert len(drawn) == 2


def test_a_chosen_token_is_asked_of_everybody() -> None:
    for at in running(replace(EVERYWHERE, host="127.0.0.1", control_token=CHOSEN)):
        assert (asked(at).status, asked(at, CHOSEN).status) == (401, 200)


def test_no_token_where_nobody_else_can_come() -> None:
    for at in running(replace(EVERYWHERE, host="127.0.0.1")):
        assert at.served.control_token == ""
        assert "control_token" not in at.served.facts()
        assert "token" not in server._banner(at.served)


def test_where_the_token_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """In the banner and in what --config-out writes; no refusal and no line of a log has it."""
    with caplog.at_level(logging.DEBUG):
        for at in running(replace(EVERYWHERE, control_token=CHOSEN)):
            assert server._banner(at.served).count(CHOSEN) == 1
            assert at.served.facts()["control_token"] == CHOSEN
            asked(at, CHOSEN + "?")
            rows = at.request("GET", "/_tradepit/v1/requests", authorization=f"Bearer {CHOSEN}")
            assert rows.json[-1]["code"] == -1002
            assert CHOSEN not in rows.body.decode()
    assert CHOSEN not in caplog.text


def test_a_verb_sends_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for at in running(replace(EVERYWHERE, host="127.0.0.1", control_token=CHOSEN)):
        url = f"http://127.0.0.1:{at.port}"
        assert cli.run(["clock", "--url", url]) == config.FAILED
        monkeypatch.setenv("TRADEPIT_CONTROL_TOKEN", CHOSEN)
        assert cli.run(["clock", "--url", url]) == config.OK
        assert cli.run(["wait", "--url", url, "--timeout", "5"]) == config.OK
        assert cli.run(["config", "show"]) == config.OK
    captured = capsys.readouterr()
    assert CHOSEN not in captured.out + captured.err
    assert "(set)" in captured.out


def test_a_token_that_cannot_be() -> None:
    for text in ("short", "with some blanks in it", ""):
        with pytest.raises(config.ConfigError) as wrong:
            config.load_config({"control_token": text})
        assert not text or text not in str(wrong.value)
