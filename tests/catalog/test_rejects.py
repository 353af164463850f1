"""Every documented refusal of the spot exchange exists, and every name that is used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tradepit.core.rejects import REJECTS, Reject

ROOT = Path(__file__).parents[2]


def test_every_spot_code_has_a_row() -> None:
    lines = (ROOT / "tests" / "fixtures" / "errors.tsv").read_text().splitlines()[1:]
    codes = [line.split("\t") for line in lines]
    spot = {int(code) for code, venues, _ in codes if "spot" in venues.split()}
    assert len(spot) == 105
    assert spot - {row[0] for row in REJECTS.values()} == set()


def test_every_futures_code_has_a_row() -> None:
    """But for those of options, which belong to no operation of these exchanges."""
    lines = (ROOT / "tests" / "fixtures" / "errors.tsv").read_text().splitlines()[1:]
    codes = [line.split("\t") for line in lines]
    futures = {
        int(code)
        for code, venues, name in codes
        if {"usdm", "coinm"} & set(venues.split()) and "OPTIONS" not in name
    }
    assert len(futures) > 150
    assert futures - {row[0] for row in REJECTS.values()} == set()


def test_rows_are_whole() -> None:
    for name, (code, words, status) in REJECTS.items():
        assert re.fullmatch(r"[A-Z][A-Z0-9_]*", name)
        assert -9999 < code <= -1000
        assert words
        assert 400 <= status < 600


def test_holes_are_filled() -> None:
    refused = Reject("ILLEGAL_CHARS", "symbol", "^x$")
    assert refused.msg == "Illegal characters found in parameter 'symbol'; legal range is '^x$'."
    assert (refused.code, refused.status) == (-1100, 400)
    assert Reject("INSUFFICIENT_BALANCE", code=-2021).code == -2021
    with pytest.raises(KeyError):
        Reject("NO_SUCH_NAME")


def test_every_name_in_the_house_has_a_row() -> None:
    unknown = {
        f"{path.name}: {found[1]}"
        for path in sorted((ROOT / "src").rglob("*.py"))
        for found in re.finditer(r'\bReject\(\s*"([A-Z][A-Z0-9_]+)"', path.read_text("utf-8"))
        if found[1] not in REJECTS
    }
    assert unknown == set()
