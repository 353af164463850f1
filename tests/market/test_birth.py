"""What a world shows at its birth agrees with itself: the past ends where the books begin."""

from __future__ import annotations

import pytest
from tests.market.test_residents import BORN_NS, living, still  # noqa: F401

from tradepit.config import Config
from tradepit.core.units import parse_units
from tradepit.data import spot_listing
from tradepit.market.pasts import with_past
from tradepit.market.presets import PRESETS


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("preset", PRESETS)
async def test_the_last_price_lies_within_the_book(preset: str) -> None:
    async with living(Config(memory=True, seed=3, market=preset)) as (hall, _residents):
        pit = hall.pit
        found = {**pit.symbols, **{f"{one.venue} {n}": one for n, one in pit.contracts.items()}}
        outside = {
            name: (one.book.bids.best(), one.last_price, one.book.asks.best())
            for name, one in found.items()
            if not one.book.bids.best() <= one.last_price <= one.book.asks.best()
        }
        assert len(found) > 50
        assert outside == {}
        for contract in pit.contracts.values():
            marks = contract.marks
            index = pit.symbols[contract.index_symbol].last_price * contract.index_units
            assert (marks.mark, marks.index) == (contract.last_price, index), contract.name
        later = pit.contracts["BTCUSDT_250926"]
        assert later.delivery_us - BORN_NS // 1_000 > 30 * 86_400_000_000
        assert 1.005 < later.marks.mark / later.marks.index < 1.03, "a carry, once"


def test_prices_that_contradict_each_other_are_made_to_agree() -> None:
    """A pair costs what the two pairs say that lead to the same; others stay as they are named."""
    named = [row for row in spot_listing() if row["symbol"] in ("BTCUSDT", "ETHUSDT", "ETHBTC")]
    prices = {"BTCUSDT": "100000", "ETHUSDT": "2500.01", "ETHBTC": "0.03"}
    told = with_past([{**row, "_price": prices[row["symbol"]]} for row in named], 1)
    found = {row["symbol"]: parse_units(row["_price"]) for row in told}
    assert found["BTCUSDT"] == parse_units("100000")
    assert parse_units("0.025") <= found["ETHBTC"] <= parse_units("0.02501")
    assert found["ETHUSDT"] == parse_units("2500.01")
