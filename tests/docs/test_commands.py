"""Every command is on its page, and pages name no command that is none."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest
from tests.docs.pages import PAGES, blocks, text_of

from tradepit.cli import cli

PAGE = "docs/command-line.md"


def commands(group: click.Group, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name


COMMANDS = set(commands(cli))


def test_every_command_is_on_the_page() -> None:
    named = set(re.findall(r"`tradepit ([a-z][a-z -]*[a-z])", text_of(PAGE)))
    assert named == COMMANDS


@pytest.mark.parametrize("page", PAGES)
def test_pages_name_commands_that_there_are(page: str) -> None:
    text = text_of(page)
    named = re.findall(r"`tradepit ([a-z][^`]*)`", text)
    for block in blocks(page):
        named += re.findall(r"^(?:\$ )?tradepit ([a-z].*)$", block.text, re.MULTILINE)
    for line in named:
        words = line.replace("…", "").split()
        known = {" ".join(words[:1]), " ".join(words[:2])}
        group = len(words) == 1 and words[0] in cli.commands
        assert group or known & COMMANDS, f"{page}: {line}"


@pytest.mark.parametrize("page", [page for page in PAGES if "decisions" not in page])
def test_flags_behind_commands_are_known(page: str) -> None:
    flags = {"--help", "--version", "--"}
    for command in every(cli):
        for param in command.params:
            flags |= {*param.opts, *param.secondary_opts}
    for line in re.findall(r"`(tradepit [a-z-][^`]*)`", text_of(page)):
        words = line.partition(" -- ")[0].split()
        named = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert named <= flags, f"{page}: {line}"


def every(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for one in command.commands.values():
            yield from every(one)
