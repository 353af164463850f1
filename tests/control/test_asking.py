"""How the control API may be asked: by this machine, by its own pages, in JSON."""

from __future__ import annotations

import pytest
from tests.control.conftest import Pit

from tradepit.catalog import publish
from tradepit.catalog.language import REGISTRY, Operation

publish.load()
OPERATIONS = [op for op in REGISTRY.values() if op.path.startswith("/_tradepit/")]
CHANGES = [op for op in OPERATIONS if op.method != "GET"]


def ids(operations: list[Operation]) -> list[str]:
    return [op.id for op in operations]


@pytest.mark.parametrize("operation", CHANGES, ids=ids(CHANGES))
@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"]
)
def test_changes_are_asked_in_json_only(pit: Pit, operation: Operation, kind: str) -> None:
    headers = {"content_type": kind} if kind else {}
    refused = pit.server.request(operation.method, operation.path, b"{}", **headers)
    assert (refused.status, refused.code) == (415, -1000)


def test_json_may_name_its_charset(pit: Pit) -> None:
    for kind in ("application/json; charset=utf-8", "Application/JSON"):
        refused = pit.server.request("POST", "/_tradepit/v1/faucet", b"{}", content_type=kind)
        assert (refused.status, refused.code) == (400, -1102)


@pytest.mark.parametrize("body", [b"[]", b"1", b"{", b'{"a":}', b"\xff", b"null", b"[" * 9_000])
def test_a_body_that_is_no_object(pit: Pit, body: bytes) -> None:
    refused = pit.server.request(
        "POST", "/_tradepit/v1/faucet", body, content_type="application/json"
    )
    assert (refused.status, refused.code) == (400, -1135)


@pytest.mark.parametrize("operation", OPERATIONS, ids=ids(OPERATIONS))
def test_foreign_pages_and_names_get_nothing(pit: Pit, operation: Operation) -> None:
    method, path = operation.method, operation.path
    kind = {"content_type": "application/json"}
    foreign = pit.server.request(method, path, b"{}", origin="https://evil.example", **kind)
    renamed = pit.server.request(method, path, b"{}", host="evil.example", **kind)
    binance = pit.server.request(method, path, b"{}", host="api.binance.com", **kind)
    assert (foreign.status, renamed.status, binance.status) == (403, 403, 404)


def test_its_own_page_may(pit: Pit) -> None:
    own = f"http://127.0.0.1:{pit.server.port}"
    assert pit.server.request("GET", "/_tradepit/v1/clock", origin=own).status == 200


@pytest.mark.parametrize("operation", OPERATIONS, ids=ids(OPERATIONS))
def test_what_no_operation_reads_is_refused(pit: Pit, operation: Operation) -> None:
    found = pit.control(operation.method, operation.path[len("/_tradepit/v1/") :], nonsense=1)
    assert (found.status, found.code) in [(400, -1101), (400, -1102), (400, -1104)]


def test_paths_and_methods_that_are_none(pit: Pit) -> None:
    for method, path in (("GET", "nothing"), ("PATCH", "clock"), ("GET", "faucet"), ("GET", "")):
        assert pit.control(method, path).status == 404


def test_info_and_health(pit: Pit) -> None:
    info = pit.done("GET", "info")
    assert [row["name"] for row in info["accounts"]] == ["alice", "bob", "carol", "dave", "erin"]
    assert info["urls"]["base"].endswith(f":{pit.server.port}")
    assert pit.done("GET", "health") == {"healthy": True, "parts": {"orders": True}}
