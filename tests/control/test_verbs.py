"""The command line's verbs over the control API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.control.conftest import Pit

from tradepit.catalog import publish
from tradepit.catalog.language import REGISTRY
from tradepit.cli import run
from tradepit.config import FAILED, NOT_REACHABLE, OK, USAGE
from tradepit.verbs import VERBS


def ask(pit: Pit, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    url = f"http://127.0.0.1:{pit.server.port}"
    assert run([*words, "--url", url]) == OK, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def test_verbs_are_operations_and_their_parameters() -> None:
    publish.load()
    for name, operation, plain, words in VERBS:
        method, _, path = operation.partition(" ")
        found = REGISTRY[f"{method} /_tradepit/v1/{path}"]
        assert {*plain} <= {row[0] for row in found.params()}, name
        assert words.endswith(".")


def test_what_they_do(pit: Pit, capsys: pytest.CaptureFixture[str]) -> None:
    before = float(pit.balance("USDT", "bob")[0])
    assert float(ask(pit, capsys, "faucet", "bob", "USDT", "5")["free"]) == before + 5
    assert ask(pit, capsys, "faucet", "bob", "USDT", "5", "take=true")["free"]
    assert float(pit.balance("USDT", "bob")[0]) == before
    assert ask(pit, capsys, "pace", "0")["mode"] == "frozen"
    at = ask(pit, capsys, "clock")["now"]
    assert ask(pit, capsys, "advance", "1h")["now"] == at + 3_600_000
    assert ask(pit, capsys, "advance", f"to={at + 3_600_001}")["now"] == at + 3_600_001
    assert ask(pit, capsys, "symbol", "LTCUSDT", "BREAK")["status"] == "BREAK"
    assert len(ask(pit, capsys, "accounts")) >= 5
    rule = ask(pit, capsys, "fault", "overloaded", "operation=GET /api/v3/ping")
    assert ask(pit, capsys, "faults") == [rule]
    assert ask(pit, capsys, "disarm", f"number={rule['number']}") == [rule]


def test_what_goes_wrong(pit: Pit, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{pit.server.port}"
    assert run(["faucet", "--url", url, "nobody", "USDT", "5"]) == FAILED
    assert "'account' is not valid" in capsys.readouterr().err
    assert run(["faucet", "--url", url, "bob", "USDT", "5", "take"]) == USAGE
    assert run(["clock", "--url", "http://127.0.0.1:1"]) == NOT_REACHABLE
    assert "Not reachable" in capsys.readouterr().err
