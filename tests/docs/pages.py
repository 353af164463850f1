"""The pages of the documentation, and what stands between their fences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = tuple(
    str(path.relative_to(ROOT))
    for path in [
        *sorted(ROOT.glob("*.md")),
        *sorted(ROOT.glob("examples/**/*.md")),
        *sorted(ROOT.glob("docs/**/*.md")),
    ]
)
FENCE = re.compile(r"^```(.*)$")


class Block(NamedTuple):
    """page: its path below the clone. line: where its text begins, from 1. kind, note: the words
    behind the opening fence, its first one and the rest."""

    page: str
    line: int
    kind: str
    note: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str) -> Iterator[Block]:
    """Every fenced block of a page. Raises: AssertionError when a fence is not closed."""
    opened: tuple[int, str] | None = None
    inside: list[str] = []
    for number, line in enumerate(text_of(page).splitlines(), 1):
        fence = FENCE.match(line)
        if opened is None and fence:
            opened, inside = (number + 1, fence[1]), []
        elif opened is not None and line == "```":
            kind, _, note = opened[1].partition(" ")
            yield Block(page, opened[0], kind, note, "".join(f"{each}\n" for each in inside))
            opened = None
        elif opened is not None:
            inside.append(line)
    assert opened is None, f"{page}:{opened and opened[0]}: a fence that is not closed"


def prose(page: str) -> str:
    """A page without its blocks and its code in backticks."""
    text = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


class Step(NamedTuple):
    """A command of a console block, and what the page shows of its output: None when nothing."""

    line: int
    command: str
    shown: str | None


def steps(block: Block) -> list[Step]:
    """The commands of a console block: lines behind `$ `, and what is printed between them."""
    found: list[Step] = []
    for number, line in enumerate(block.text.splitlines(), block.line):
        if line.startswith("$ "):
            found.append(Step(number, line[2:], None))
            continue
        assert found, f"{block}: a console begins with a command"
        number, command, shown = found[-1]
        if shown is None and command.endswith("\\"):
            found[-1] = Step(number, f"{command}\n{line}", None)
        else:
            found[-1] = Step(number, command, f"{shown or ''}{line}\n")
    return found


def agrees(shown: str, printed: str) -> bool:
    """Whether this was printed. `…` stands for anything in a line, on a line of its own for any
    number of lines."""
    pattern = ""
    for line in shown.rstrip("\n").split("\n"):
        if line.strip() == "…":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(re.escape(part) for part in line.rstrip().split("…")) + r"[ ]*\n"
    return re.fullmatch(pattern, printed.rstrip("\n") + "\n") is not None
