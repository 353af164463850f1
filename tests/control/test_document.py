"""docs/control.md: every operation is described, and every line that can be pasted works."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.control.conftest import Pit, running_pit

from tradepit.catalog import publish
from tradepit.catalog.language import REGISTRY

PAGE = Path(__file__).parents[2] / "docs" / "control.md"
REPLAY = PAGE.with_name("replay.md")  # its lines are run by tests/replay
WORLDS = PAGE.with_name("worlds.md")  # and of this one by tests/worlds
FUTURES = PAGE.with_name("futures.md")  # its lines are run here
BASE = "http://127.0.0.1:8800"
LINES = [
    line
    for page in (PAGE, FUTURES)
    for line in page.read_text().splitlines()
    if line.startswith("curl ")
]


def read(line: str) -> tuple[str, str, str, bytes]:
    """(method, target, content type, body) of a curl command."""
    words = iter(shlex.split(line)[1:])
    method, target, kind, body = "GET", "", "", b""
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            kind = next(words).removeprefix("Content-Type: ")
        elif word == "-d":
            body = next(words).encode()
        elif word == "--max-time":
            next(words)
        elif word != "-N":
            assert word.startswith(BASE)
            target = word.removeprefix(BASE)
    return method, target, kind, body


@pytest.fixture(scope="module")
def fresh() -> Iterator[Pit]:
    yield from running_pit()


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_the_page(fresh: Pit, line: str) -> None:
    method, target, kind, body = read(line)
    wire = fresh.server.wire()
    wire.sock.settimeout(5)
    lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{fresh.server.port}"]
    if body:
        lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    wire.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    assert wire.sock.recv(12) == b"HTTP/1.1 200"
    wire.close()


def test_every_operation_is_on_the_page() -> None:
    publish.load()
    pages = (REPLAY, WORLDS)
    lines = [*LINES, *"".join(page.read_text() for page in pages).splitlines()]
    curls = [read(line) for line in lines if line.startswith("curl ")]
    shown = {(method, target.partition("?")[0]) for method, target, _, _ in curls}
    shown = {(method, path) for method, path in shown if path.startswith("/_tradepit/")}
    own = {(op.method, op.path) for op in REGISTRY.values() if op.path.startswith("/_tradepit/")}
    assert shown == own


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", PAGE.read_text()):
        assert (PAGE.parent / target).exists(), target
