"""docs/testing.md: its tests pass, its programs print what it shows, its failing test fails so."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path

import pytest
from tests.docs.pages import Block, agrees, blocks, text_of
from tests.plugin.test_plugin import Suite, _alone, server, suite

import tradepit
from tradepit.embed import aio, parts, world
from tradepit.pytest_plugin import RECIPE

__all__ = ["_alone", "server", "suite"]
PAGE = "docs/testing.md"
BLOCKS = list(blocks(PAGE))
SOURCE = Path(tradepit.__file__).with_name("pytest_plugin.py").read_text("utf-8")


def kind_of(block: Block) -> str:
    """What a Python block is: a program, the test that fails, or tests that pass."""
    if "with Tradepit(" in block.text:
        return "program"
    return "failing" if "def test_fails(" in block.text else "passing"


def of(kind: str) -> list[tuple[Block, str]]:
    """Python blocks of one kind, each with the output that is shown of it."""
    pairs = zip_longest(BLOCKS, BLOCKS[1:])
    return [
        (block, after.text if after is not None and after.kind == "output" else "")
        for block, after in pairs
        if block.kind == "python" and kind_of(block) == kind
    ]


@pytest.mark.clients
def test_its_tests_pass(suite: Suite) -> None:
    (ini,) = [block.text for block in BLOCKS if block.kind == "ini"]
    assert "pit_market = calm" in ini
    text = "".join(block.text for block, _ in of("passing"))
    names = re.findall(r"^def (test_\w+)", text, re.MULTILINE)
    assert len(names) == len(set(names)) > 15
    suite.run(text, "-W", "ignore").assert_outcomes(passed=len(names))


@pytest.mark.clients
def test_the_readmes_test_passes(suite: Suite) -> None:
    (block,) = [block for block in blocks("README.md") if "pit_faults" in block.text]
    suite.run(f"import ccxt, pytest\n\n{block.text}").assert_outcomes(passed=1)


def test_its_failing_test_fails_as_shown(suite: Suite) -> None:
    ((block, shown),) = of("failing")
    suite.pytester.makepyfile(test_fails=block.text)
    result = suite.run("", "test_fails.py")
    result.assert_outcomes(failed=1)
    said = [line.strip("-") if " tradepit " in line else line for line in result.outlines]
    assert agrees(shown.replace("- tradepit -", " tradepit "), "\n".join(said) + "\n")


def test_its_programs_print_what_is_shown(tmp_path: Path) -> None:
    found = of("program")
    program = "\nprint('----')\n".join(block.text for block, _ in found)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    printed = done.stdout.split("----\n")
    for (block, shown), said in zip(found, printed, strict=True):
        assert agrees(shown, said), f"{block}: {said}"


def test_its_ini_file_is_read(suite: Suite) -> None:
    (ini,) = [block.text for block in BLOCKS if block.kind == "ini"]
    suite.run(
        """
        def test_it(pit):
            (row,) = [row for row in pit.worlds() if row["url"] == pit.rest_url]
            assert (row["market"], row["symbols"]) == ("calm", 3)
        """,
        ini=ini.removeprefix("[pytest]\n"),
    ).assert_outcomes(passed=1)


def test_every_fixture_and_option_is_on_the_page() -> None:
    page = text_of(PAGE)
    fixtures = re.findall(r"@pytest\.fixture.*\ndef (pit\w*)", SOURCE)
    assert len(fixtures) > 12
    for name in {*fixtures} - {"pit_server"}:
        assert re.search(rf"\b{name}\b", page), name
    for name in RECIPE:
        assert f"| `{name}` | `--pit-{name}` | `pit_{name}` |" in page
    for word in ("--pit-url", "pit_server", "pit_settings", *world.World.__dict__):
        if not word.startswith("_") and word not in ("info", "state_hash"):
            assert re.search(rf"{word}\b", page), word


def test_what_blocks_has_a_twin_where_it_matters() -> None:
    """What takes long, and what code on an event loop does all the time."""
    for name in ("call", "get", "audit", "save", "load", "rewind", "reset", "fork", "refusals"):
        assert getattr(aio.AsyncWorld, name, None) is not None
        assert hasattr(world.World, name)
    assert {"advance", "set", "freeze", "run"} <= vars(aio.AsyncClock).keys()
    own = {name for name in vars(parts.Account) if not name.startswith("_")}
    assert own <= vars(aio.AsyncAccount).keys()
