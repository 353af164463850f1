"""The grid of prices: inside every filter, the same for the same seed, and it never moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepit.core.symbols import Symbol, symbol_from_listing
from tradepit.core.units import parse_units
from tradepit.data import spot_listing
from tradepit.market.ladder import Ladder, Rung

LISTING = {row["symbol"]: row for row in spot_listing()}


def ladder_of(name: str, seed: int = 1) -> tuple[Symbol, Ladder, int]:
    symbol = symbol_from_listing(LISTING[name])
    price = parse_units(LISTING[name]["_price"])
    return symbol, Ladder(symbol, seed, price), price


def rows(rungs: list[Rung]) -> list[tuple[int, int, int]]:
    return [(rung.k, rung.price, rung.qty) for rung in rungs]


def check_filters(symbol: Symbol, rungs: list[Rung]) -> None:
    for rung in rungs:
        assert symbol.min_price <= rung.price <= symbol.max_price
        assert rung.price % symbol.tick_size == 0
        assert symbol.min_qty <= rung.qty <= symbol.max_qty
        assert rung.qty % symbol.step_size == 0
        notional = rung.price * rung.qty // 100_000_000
        assert symbol.min_notional <= notional <= symbol.max_notional


@pytest.mark.parametrize("name", LISTING)
def test_two_hundred_rungs_a_side_pass_every_filter(name: str) -> None:
    symbol, ladder, price = ladder_of(name)
    bids, asks = ladder.below(price + 1, 200), ladder.above(price, 200)
    assert len(bids) == len(asks) == 200
    check_filters(symbol, bids + asks)
    down = [rung.price for rung in bids]
    up = [rung.price for rung in asks]
    assert down == sorted(set(down), reverse=True)
    assert up == sorted(set(up))
    assert down[0] <= price < up[0]
    # Never wider than two gaps of 2 basis points or two ticks.
    assert up[0] - down[0] <= 2 * max(price // 5_000, symbol.tick_size)


@given(
    name=st.sampled_from(sorted(LISTING)),
    seed=st.integers(0, 2**63 - 1),
    share=st.integers(1, 10**9),
    count=st.integers(0, 50),
)
def test_a_rung_is_the_same_from_wherever_one_looks(
    name: str, seed: int, share: int, count: int
) -> None:
    symbol, ladder, price = ladder_of(name, seed)
    here = max(price * 2 * share // 10**9, 1)
    asks = ladder.above(here, count)
    check_filters(symbol, asks)
    if not asks:
        return
    below = ladder.below(asks[-1].price + 1, len(asks))
    assert rows(below) == rows(asks[::-1])


def test_another_seed_or_symbol_is_another_grid() -> None:
    _, one, price = ladder_of("BTCUSDT", 1)
    _, two, _ = ladder_of("BTCUSDT", 2)
    _, other, _ = ladder_of("BTCUSDC", 1)
    _, again, _ = ladder_of("BTCUSDT", 1)
    rungs = rows(one.above(price, 20))
    assert rungs == rows(again.above(price, 20))
    assert rungs != rows(two.above(price, 20))
    assert rungs != rows(other.above(price, 20))


def test_the_grid_ends_where_the_price_filter_does() -> None:
    symbol, ladder, _ = ladder_of("XRPUSDT")
    assert ladder.above(symbol.max_price, 5) == []
    assert ladder.below(symbol.min_price, 5) == []
    assert 2 <= len(ladder.below(symbol.min_price + 12 * symbol.tick_size, 5)) <= 4
