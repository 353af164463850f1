"""Shared by all tests: which core they run on."""

from __future__ import annotations

import pytest

import tradepit

pytest_plugins = ["pytester"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--core", choices=("pure", "compiled"), help="stop at once when another core was loaded"
    )


def pytest_configure(config: pytest.Config) -> None:
    wanted = config.getoption("--core")
    if wanted and wanted != tradepit.core_kind():
        raise pytest.UsageError(f"the {tradepit.core_kind()} core was loaded, not the {wanted} one")


def pytest_report_header() -> str:
    return f"tradepit {tradepit.__version__}, {tradepit.core_kind()} core"
