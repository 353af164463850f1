"""The rules of the house that a machine can check."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tradepit
from tradepit import _fast_core

HOME = Path(tradepit.__file__).parent
FILES = sorted(path for path in HOME.rglob("*.py") if "_fast" not in path.parts)
MOST_LINES = 500
MOST_FUNCTION_LINES = 70

# What each room may import, beside itself. `worlds` puts one world together; `server` knows
# every room; `cli` only the server.
LOW = {"core"}
MAY: dict[str, set[str]] = {
    "core": {"_fast_core"},
    "data": LOW,
    "catalog": LOW,
    "products": LOW | {"catalog", "_fast_core"},
    "journal": LOW | {"catalog", "products"},
    "projections": LOW | {"_fast_core"},
    "gateways": LOW | {"catalog", "products", "journal"},
    "market": LOW | {"products", "_fast_core"},  # of the core only its vocabulary, see below
    "control": LOW | {"catalog", "products", "journal", "gateways", "data"},
    "web": LOW | {"catalog", "products", "journal", "gateways", "data", "projections"},
    "worlds": LOW
    | {"catalog", "products", "journal", "gateways", "data", "market", "control", "projections"}
    | {"config"},
    "config": set(),
    "listening": {"config", "gateways", "web"},
    "machine": set(),
    "ca": {"config", "web"},
    "cli": {"config", "ca", "server", "web", "doctor", "verbs"},
    "verbs": {"config", "embed"},
    "doctor": {"config"},
    "embed": {"config", "server"},  # a client of the control API: it knows no other room
    "pytest_plugin": {"embed"},
    "__main__": {"cli"},
    "__init__": {"core", "embed"},
    "_fast_core": set(),
}

# What residents may know of the core, beside the types of what they look at.
VOCABULARY = {"bars", "records", "terms", "units"}


def room(path: Path) -> str:
    first = path.relative_to(HOME).parts[0]
    return first.removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """The names of the house's rooms (or desks: `products.spot`) that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "tradepit" and len(parts) > 1:
                yield ".".join(parts[1:])


def types_of(path: Path) -> set[str]:
    """The names that a file imports for annotations alone."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for each in node.body:
                assert isinstance(each, ast.ImportFrom)
                names = [f"{each.module}.{alias.name}" for alias in each.names]
                found |= {name.removeprefix("tradepit.") for name in names}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOME)))
def test_imports_run_one_way(path: Path) -> None:
    here = room(path)
    if here == "server":
        return
    for name in imports(path):
        there = name.split(".")[0]
        if there.startswith("__"):
            continue
        assert there == here or there in MAY[here], f"{here} imports {name}"
        if (here, there) == ("market", "core"):
            assert name.split(".")[1] in VOCABULARY or name in types_of(path), (
                f"{here} imports {name}"
            )
        if here == there == "products":
            desk = path.relative_to(HOME).parts[1].removesuffix(".py")
            assert name.split(".")[1] == desk, f"{desk} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOME)))
def test_files_and_functions_fit(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    code = [line for line in text.splitlines() if line.strip() and line.strip()[0] != "#"]
    assert len(code) <= MOST_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= MOST_FUNCTION_LINES, node.name


COMPILED = _fast_core.sources()


def test_what_is_compiled_names_no_constant_of_what_is_not() -> None:
    """Its value would be built in, and a change of it not noticed."""
    inside = {
        ".".join(path.relative_to(HOME.parent).with_suffix("").parts): path for path in COMPILED
    }
    for desk in _fast_core.DESKS:
        for node in ast.walk(ast.parse((HOME / desk).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tradepit."):
                if node.module in inside:
                    continue
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    assert whole in inside or not alias.name.isupper(), f"{desk}: {alias.name}"


def test_the_core_is_pure() -> None:
    """Nothing in it, or compiled with it, reads a clock, draws lots, waits, or touches the
    outside."""
    banned = {"time", "datetime", "random", "secrets", "os", "socket", "asyncio", "threading", "io"}
    for path in COMPILED:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert not banned & {alias.name.split(".")[0] for alias in node.names}, path
            elif isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] not in banned, path
            elif isinstance(node, ast.Constant):
                assert not isinstance(node.value, float), f"{path}:{node.lineno}"
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"float", "open", "print"}, f"{path}:{node.lineno}"
            elif isinstance(node, ast.BinOp):
                assert not isinstance(node.op, ast.Div), f"{path}:{node.lineno}"
            else:
                assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), path
