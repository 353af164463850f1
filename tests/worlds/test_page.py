"""docs/worlds.md: every line that can be pasted works, in its order."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest
from tests.control.conftest import Pit, running_pit
from tests.control.test_document import WORLDS, read

from tradepit import cli

TEXT = WORLDS.read_text(encoding="utf-8").splitlines()
LINES = [line for line in TEXT if line.startswith(("curl ", "$ tradepit "))]


@pytest.fixture(scope="module")
def fresh() -> Iterator[Pit]:
    yield from running_pit()


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_the_page(fresh: Pit, line: str) -> None:
    if line.startswith("$"):
        words = shlex.split(line)[2:]
        assert cli.run([*words, "--url", f"http://127.0.0.1:{fresh.server.port}"]) == 0
        return
    method, target, header, body = read(line)
    headers = {"x_tradepit_world": header.partition(": ")[2]} if "World" in header else {}
    if body:
        headers["content_type"] = header
    answer = fresh.server.request(method, target, body, **headers)
    assert answer.status == 200, answer.body
