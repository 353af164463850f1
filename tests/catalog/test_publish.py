"""The reference says what the declarations say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
from msgspec import UNSET, UnsetType
from tests.catalog.declarations import ORDER, PING, ROWS, Nothing, make

from tradepit.catalog import fields as f
from tradepit.catalog import language, publish, unserved
from tradepit.catalog.language import UID, Ask, Reply


class Aged(Ask, kw_only=True):
    old: Annotated[f.Long | None, f.Era(until="2025-03-01")] = None
    odd: Annotated[f.String, f.Era(since="2025-04-01")]


class Part(Reply):
    size: f.Int


class Answer(Reply):
    parts: list[Part]
    rows: list[tuple[f.Price, f.Qty]]
    many: dict[str, int] | None = None
    new: Annotated[f.Price | UnsetType, f.Era("2025-01-01", "2026-01-01")] = UNSET


def aged(pit: Any, who: Any, ask: Aged) -> Answer:
    """Do something. Long."""
    raise AssertionError


AGED = make(
    "POST /sapi/v1/mining/thing", aged, weight=9, weight_scope=UID, since="2023-01-01",
    aliases=("POST /sapi/v2/mining/thing",), doc="mining.md#thing",
)  # fmt: skip


def test_a_reference_page() -> None:
    page = publish.reference_page("mining", [AGED])
    for line in (
        "# Mining",
        "## POST /sapi/v1/mining/thing",
        "* also: `POST /sapi/v2/mining/thing`",
        "* security: TRADE, signed",
        "* weight: 9 (UID)",
        "* documented in: mining.md#thing",
        "* served by the exchange: since 2023-01-01",
        "| `old` | LONG |  | `^[0-9]{1,20}$` · until 2025-03-01 |",
        "| `rows` | ARRAY OF [DECIMAL, DECIMAL] |  |",
        "| `parts` | ARRAY OF Part |  |",
        "In it `Part`:",
        "| `size` | INT |  |",
        "| `many` | OBJECT | may be null |",
        "| `new` | DECIMAL | conditional, 2025-01-01 to 2026-01-01 |",
    ):
        assert line in page.splitlines()


def test_weights_in_words() -> None:
    assert publish.weight_words(ORDER) == "1"
    assert publish.weight_words(ROWS) == "2 or more, by the request"


@pytest.mark.parametrize(
    ("route", "venue"),
    [
        ("GET /api/v3/x", "spot-rest"), ("GET /fapi/v1/x", "usdm-rest"),
        ("GET /futures/data/x", "usdm-rest"), ("GET /dapi/v1/x", "coinm-rest"),
        ("GET /sapi/v1/margin/x", "margin"), ("GET /sapi/v1/asset/x", "wallet"),
        ("GET /sapi/v1/sub-account/x", "sub-account"), ("GET /_tradepit/v1/info", ""),
    ],
)  # fmt: skip
def test_venues(route: str, venue: str) -> None:
    def look(pit: Any, history: Any, who: Any, ask: Nothing) -> None: ...

    assert publish.venue_of(make(route, look)) == venue


def test_coverage_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = {found.id: found for found in (ORDER, PING, AGED)}
    monkeypatch.setattr(publish, "REGISTRY", declared)
    monkeypatch.setattr(unserved, "rows", lambda: (
        unserved.Row("spot-rest:x", "rest", "GET", "/api/v3/x", "A | B", "2024-09", "retired"),
    ))  # fmt: skip
    monkeypatch.setattr(unserved, "SERVED_STREAMS", ("spot-streams:a@b", "spot-streams:c@d"))
    page = publish.coverage_page()
    assert "7 of the contract's 8 operations are served" in page
    assert "| Spot WebSocket API | 1 | 0 |" in page and "* `order.place`" in page
    assert "| Spot streams | 2 | 0 |" in page and "* `a@b`" in page
    assert "| Spot REST | 2 | 1 |" in page
    assert "| Mining | 2 | 0 |" in page
    assert "| `GET /api/v3/x` | A \\| B | retired |" in page


def test_loading_finds_nothing_where_there_is_nothing(tmp_path: Path) -> None:
    before = dict(language.REGISTRY)
    publish.load(["tradepit.no_such_room"])
    assert before == language.REGISTRY
