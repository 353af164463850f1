"""A compiled core is used when it belongs to exactly these sources, and never otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tradepit
from tradepit import _fast_core


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    core = tmp_path / "core"
    core.mkdir()
    (core / "__init__.py").write_text("")
    (core / "units.py").write_text("ONE = 1\n")
    for desk in _fast_core.DESKS:
        (tmp_path / desk).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / desk).write_text("")
    monkeypatch.setattr(_fast_core, "_HERE", tmp_path)
    monkeypatch.delenv("TRADEPIT_PURE", raising=False)
    return tmp_path


def search(package: Path) -> list[str]:
    return _fast_core.search_path([str(package / "core")])


def test_without_a_build_the_core_is_pure(package: Path) -> None:
    assert search(package) == [str(package / "core")]


def test_a_build_comes_first_until_a_source_changes(package: Path) -> None:
    built = _fast_core.folder()
    built.mkdir(parents=True)
    assert built.parent == package / "_fast"
    assert search(package) == [str(built / "core"), str(package / "core")]
    (package / "core" / "units.py").write_text("ONE = 2\n")
    assert search(package) == [str(package / "core")]
    (package / "core" / "units.py").write_text("ONE = 1\n")
    assert search(package) == [str(built / "core"), str(package / "core")]
    (package / "core" / "more.py").write_text("")
    assert search(package) == [str(package / "core")]


def test_what_is_compiled_of_the_products_belongs_to_the_same_build(package: Path) -> None:
    desk = package / _fast_core.DESKS[0]
    built = _fast_core.folder()
    built.mkdir(parents=True)
    there = str(desk.parent)
    inside = str(built / desk.parent.relative_to(package))
    assert _fast_core.search_path([there]) == [inside, there]
    desk.write_text("MORE = 1\n")
    assert _fast_core.search_path([there]) == [there]
    assert search(package) == [str(package / "core")]


@pytest.mark.parametrize(("value", "pure"), [("1", True), ("yes", True), ("0", False), ("", False)])
def test_the_pure_core_can_be_had_all_the_same(
    package: Path, monkeypatch: pytest.MonkeyPatch, value: str, pure: bool
) -> None:
    _fast_core.folder().mkdir(parents=True)
    monkeypatch.setenv("TRADEPIT_PURE", value)
    assert (search(package) == [str(package / "core")]) is pure


def test_the_core_says_what_it_is() -> None:
    code = "import tradepit; from tradepit.core import units; print(tradepit.core_kind())"
    environ = {**os.environ, "TRADEPIT_PURE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout == "pure\n"
    built = _fast_core.folder().is_dir() and os.environ.get("TRADEPIT_PURE", "") in ("", "0")
    assert tradepit.core_kind() == ("compiled" if built else "pure")
