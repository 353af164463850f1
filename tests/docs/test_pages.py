"""Every command and every program of README.md and docs/ is run, in the order of its page.

A page is read by one reader: a shell and a Python that go on from block to block, against a world
of the page's own, its address in place of 127.0.0.1:8800. What stands behind a fence says what a
block is:

    sh        commands
    console   commands behind `$ `, each followed by what it prints, if the page shows it
    python    a program; it must end well
    output    what the block before it prints
    json, toml, yaml   a file; it must be readable
    text      nothing to be run
    sh server          how a server is started, which here runs already: its flags are checked
    … not run: WHY     a command or program that cannot run here, and the reason

A command of which nothing is shown must succeed (of curl: an answer of 2xx).
"""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from tests.docs.pages import PAGES, ROOT, Block, agrees, blocks, steps
from tests.docs.sessions import SHOWN, Done, Reader, ask, serving

from tradepit.web.recipes import RECIPES

FILES = {"json": json.loads, "toml": tomllib.loads, "yaml": yaml.safe_load}
RUN = ("sh", "console", "python")
NOBODY = "127.0.0.1:1"  # where a page shows what happens without a server
# Pages whose blocks are run by tests that know more of what they are about.
ELSEWHERE = {
    "docs/replay.md": "tests/replay/test_control.py",
    "docs/testing.md": "tests/plugin/test_page.py",
} | {f"docs/clients/{name}.md": "tests/clients/test_recipes.py" for name in RECIPES}
# Few symbols, so that a world costs little.
SYMBOLS = ["BTCUSDT", "ETHUSDT", "BNBUSDT", "LTCUSDT", "ETHBTC"]
STILL = (  # pages about a market with nobody else in it
    "docs/control.md",
    "docs/futures.md",
    "docs/explanation/ledger.md",
    "docs/explanation/matching.md",
)
# Pages about the world that the server is started with: where worlds are made, or cannot be named.
MAIN = ("docs/explanation/determinism.md", "docs/fixed-hosts.md", "docs/worlds.md")
READ = [
    page for page in PAGES
    if page not in ELSEWHERE
    and any(block.kind in (*RUN, *FILES) and "not run" not in block.note for block in blocks(page))
]  # fmt: skip


class Library(NamedTuple):
    where: str
    home: Path


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    home = tmp_path_factory.mktemp("docs")
    with serving(home) as where:
        yield Library(where, home)


@contextmanager
def world_of(page: str, where: str) -> Iterator[str]:
    """The host, port and world that a page is about."""
    if page in MAIN:
        yield where
        return
    name = re.sub(r"[^a-z0-9]+", "-", page.lower().removesuffix(".md"))[-31:].strip("-")
    market = "empty" if page in STILL else "normal"
    worlds = f"http://{where}/_tradepit/v1/worlds"
    ask(worlds, "POST", name=name, symbols=SYMBOLS, market=market)
    try:
        yield f"{where}/@{name}"
    finally:
        ask(worlds, "DELETE", name=name)


@pytest.fixture
def reader(library: Library, page: str) -> Iterator[Reader]:
    curl = shutil.which("curl")
    if not (curl and shutil.which("bash") and shutil.which("openssl")):
        pytest.skip("needs bash, curl and openssl")
    with world_of(page, library.where) as where:
        found = Reader(where, library.home / page.replace("/", "-"), curl)
        try:
            yield found
        finally:
            found.leave()


@pytest.mark.parametrize("page", READ)
def test_a_page_is_true(page: str, reader: Reader) -> None:
    every = list(blocks(page))
    for block, after in zip_longest(every, every[1:]):
        shown = after.text if after and after.kind == "output" else None
        if block.kind in FILES:
            FILES[block.kind](block.text)
        elif block.note == "server":
            starts(block, reader)
        elif block.kind == "console" and not block.note:
            for line, command, printed in steps(block):
                shows(f"{page}:{line}", reader.shell(f"{command}\n", printed is None), printed)
        elif block.kind == "sh" and not block.note:
            shows(str(block), reader.shell(block.text, shown is None), shown)
        elif block.kind == "python" and not block.note:
            done = reader.python(str(block), block.text)
            assert not done.wrong, f"{block}: {done.wrong}\n{done.said}"
            shows(str(block), done, shown)


def shows(where: str, done: Done, shown: str | None) -> None:
    """What a page shows was printed; where it shows nothing, all went well."""
    if shown is None:
        assert not done.wrong, f"{where}: {done.wrong}\n{done.said}"
    else:
        assert agrees(shown, done.said), f"{where}: prints\n{done.said}"


def starts(block: Block, reader: Reader) -> None:
    """Whether a server could be started with these words."""
    for line in block.text.replace("$ ", "").splitlines():
        command = line.partition("#")[0].strip()
        if command.startswith("make up"):
            found = re.fullmatch(r'make up(?: ARGS="([^"]*)")?', command)
            assert found, f"{block}: {command}"
            command = f"tradepit up {found[1] or ''}"
        assert command.startswith("tradepit up"), f"{block}: {command}"
        done = reader.shell(command.replace("tradepit up", "tradepit config show", 1) + "\n")
        assert not done.wrong, f"{block}: {done.said}"


@pytest.mark.parametrize("page", PAGES)
def test_every_block_says_what_it_is(page: str) -> None:
    before = ""
    for block in blocks(page):
        assert block.kind != "output" or before in ("sh", "python"), f"{block}: of nothing"
        before = block.kind
        if page in ELSEWHERE:
            continue
        assert block.kind in (*RUN, *FILES, "text", "output"), f"{block}: is {block.kind!r}"
        if block.note:
            assert block.kind in RUN, str(block)
            assert block.note == "server" or re.fullmatch(r"not run: \w.{8,}", block.note), block
        if block.kind == "text":
            assert not re.match(r"(\$ |curl |tradepit )", block.text), f"{block}: runs in no test"


@pytest.mark.parametrize("page", ELSEWHERE)
def test_pages_that_other_tests_run_are_there_and_known_to_them(page: str) -> None:
    name = Path(page).name if "clients" not in page else "RECIPES"
    assert (ROOT / page).exists()
    assert name in (ROOT / ELSEWHERE[page]).read_text(encoding="utf-8")


def test_addresses_are_those_that_are_put_in_place() -> None:
    for page in READ:
        for block in blocks(page):
            if block.kind in RUN and not block.note:
                ports = re.findall(r"(?:127\.0\.0\.1|localhost):\d+", block.text)
                assert set(ports) <= {SHOWN, NOBODY}, f"{block}: {ports}"


def test_the_first_command_is_make_up() -> None:
    first = next(blocks("README.md"))
    assert (first.kind, first.note, first.text) == ("sh", "server", "make up\n")
    assert "\nup:" in (ROOT / "Makefile").read_text()
