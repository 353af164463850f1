"""Every control operation is on a page. The lines of the pages are run by tests/docs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tradepit.catalog import publish
from tradepit.catalog.language import REGISTRY

PAGE = Path(__file__).parents[2] / "docs" / "control.md"
REPLAY = PAGE.with_name("replay.md")
WORLDS = PAGE.with_name("worlds.md")
FUTURES = PAGE.with_name("futures.md")
BASE = "http://127.0.0.1:8800"


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
        elif word in ("--max-time", "-o", "--data-binary"):
            next(words)
        elif word != "-N":
            assert word.startswith(BASE)
            target = word.removeprefix(BASE)
    return method, target, kind, body


def test_every_operation_is_on_the_page() -> None:
    publish.load()
    pages = (PAGE, FUTURES, REPLAY, WORLDS)
    lines = "".join(page.read_text() for page in pages).splitlines()
    curls = [read(line) for line in lines if line.startswith("curl ")]
    targets = [(method, re.sub(r"^/@[^/]+", "", target)) for method, target, _, _ in curls]
    shown = {(method, target.partition("?")[0]) for method, target in targets}
    shown = {(method, path) for method, path in shown if path.startswith("/_tradepit/")}
    own = {(op.method, op.path) for op in REGISTRY.values() if op.path.startswith("/_tradepit/")}
    assert shown == own
