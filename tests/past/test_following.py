"""A contract walks with its index before the birth, adds up to the unit, and pays its funding."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.past.test_past import BORN_US, added, folded

from tradepit.core.bars import DAY_US, HOUR_US, INTERVALS, MINUTE_US, next_open, open_of
from tradepit.core.contracts import Contract
from tradepit.core.symbols import symbol_from_listing
from tradepit.core.units import ONE
from tradepit.data import spot_listing
from tradepit.data.contracts import contract_listing
from tradepit.market.following import FollowingPast
from tradepit.market.pasts import contract_pasts, contracts_with_past, pasts_of, with_past
from tradepit.market.premium import MOST

FAR = ONE * 8 // 1000  # of an index: no price of any minute is farther away than this


def world(seed: int = 1, born_us: int = BORN_US) -> tuple[dict[str, Contract], Any, Any]:
    spots = {r["symbol"]: symbol_from_listing(r) for r in with_past(spot_listing(), seed)}
    rows = contracts_with_past(contract_listing(spot_listing(), born_us), seed)
    contracts = {row["symbol"]: Contract(row) for row in rows}
    pasts = pasts_of(spots, born_us)
    return contracts, pasts, contract_pasts(contracts, pasts, born_us)


CONTRACTS, SPOTS, PASTS = world()
SOME = ("BTCUSDT", "1000PEPEUSDT", "DOGEUSD_PERP", "BTCUSD_PERP", "ETHUSDT_260327")


def a_day(name: str, number: int) -> int:
    past: FollowingPast = PASTS[name]
    chance = random.Random(f"{name} {number}")
    return chance.randrange(past.start_us // DAY_US + 1, BORN_US // DAY_US) * DAY_US


def test_every_contract_has_a_past() -> None:
    assert PASTS.keys() == CONTRACTS.keys() and len(PASTS) == 28
    for name, past in PASTS.items():
        contract = CONTRACTS[name]
        listed = contract.listing["onboardDate"] * 1000
        assert listed <= past.first_us() < max(listed, SPOTS[contract.index_symbol].start_us) + (
            DAY_US
        )  # fmt: skip
        assert past.trades(limit=1)[-1][1] == pytest.approx(
            float(contract.listing["_price"]) * ONE, rel=1e-3
        )


@pytest.mark.parametrize("name", PASTS)
def test_no_minute_is_far_from_the_index(name: str) -> None:
    past: FollowingPast = PASTS[name]
    contract = CONTRACTS[name]
    start = a_day(name, 1)
    opens = [start + k * MINUTE_US for k in range(721)]
    spot = SPOTS[contract.index_symbol].spans(opens)
    mine = past.spans(opens)
    assert len(mine) == len(spot) == 720
    carry = 0 if contract.perpetual else ONE // 20
    tick = contract.tick_size
    for bar, index in zip(mine, spot, strict=True):
        left = carry * (contract.delivery_us - bar.open_us) // (365 * DAY_US)
        for price, of in zip(bar.row()[1:5], index.row()[1:5], strict=True):
            fair = of * contract.index_units * (ONE + left) // ONE
            assert abs(price - fair) <= fair * FAR // ONE + tick
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high


@pytest.mark.parametrize("name", PASTS)
def test_trades_keep_the_filters_and_make_the_bars(name: str) -> None:
    past: FollowingPast = PASTS[name]
    contract = CONTRACTS[name]
    start = a_day(name, 2) + 13 * HOUR_US
    rows = past.trades_between(start, start + HOUR_US)
    (total,) = past.spans([start, start + HOUR_US])
    assert folded(rows) == total.row()[1:]
    assert [row[0] for row in rows] == list(range(total.first_id, total.last_id + 1))
    assert [row[4] for row in rows] == sorted(row[4] for row in rows)
    for _, price, qty, quote, _, _ in rows:
        assert price % contract.tick_size == 0 and qty % contract.step_size == 0
        assert contract.min_qty <= qty <= contract.max_qty
        worth = abs(contract.value(price, qty)) // ONE
        assert abs(quote - worth) <= rounding(contract, price)


def rounding(contract: Contract, price: int) -> int:
    """How far what an inverse trade came to may be from price and quantity: a tick of one
    contract, and units that were cut off."""
    if not contract.inverse:
        return 0
    one = abs(contract.value(price, ONE))
    return (abs(contract.value(price - contract.tick_size, ONE)) - one) // ONE + 100


@pytest.mark.parametrize("name", SOME)
def test_all_intervals_agree(name: str) -> None:
    past: FollowingPast = PASTS[name]
    end = open_of(BORN_US - 2 * DAY_US, 0, 0)
    end -= end % DAY_US
    start = max(end - 20 * DAY_US, past.start_us)
    (whole,) = past.spans([start, end])
    for interval, width_us in INTERVALS.items():
        if width_us < 15 * MINUTE_US or interval in ("1w", "1M"):
            continue
        opens = [*range(start, end, width_us), end]
        assert added(past.spans(opens)) == whole.row()[1:], interval
    noon = start + DAY_US // 2
    (hour,) = past.spans([noon, noon + HOUR_US])
    assert added(past.bars(MINUTE_US, noon, noon + HOUR_US)) == hour.row()[1:]


@pytest.mark.parametrize("name", ["BTCUSDT", "BTCUSD_PERP"])
def test_premium_and_funding(name: str) -> None:
    past: FollowingPast = PASTS[name]
    contract = CONTRACTS[name]
    start = a_day(name, 3)
    (day,) = past.premiums([start, start + DAY_US])
    assert all(abs(value) <= MOST for value in day[1:])
    for width_us in (MINUTE_US, 15 * MINUTE_US, 8 * HOUR_US):
        opens = list(range(start, start + DAY_US + 1, width_us))
        rows = past.premiums(opens)
        assert [row[0] for row in rows] == opens[:-1]
        assert (rows[0][1], rows[-1][4]) == (day[1], day[4])
        assert (max(row[2] for row in rows), min(row[3] for row in rows)) == (day[2], day[3])
    fundings = past.fundings(start, start + 30 * DAY_US)
    assert [at_us for at_us, _, _ in fundings] == list(
        range(start, min(start + 30 * DAY_US, BORN_US) + 1, contract.funding_us)
    )
    at_us, average, mark = fundings[3]
    (over,) = past.premiums([at_us - contract.funding_us, at_us])
    assert over[3] <= average <= over[2]
    (bar,) = past.spans([at_us, at_us + MINUTE_US])
    assert mark == bar.open


def test_a_seed_has_one_past() -> None:
    for name in SOME:
        again, other = world(1)[2][name], world(2)[2][name]
        assert again.trades(limit=50) == PASTS[name].trades(limit=50) != other.trades(limit=50)
        opens = [next_open(BORN_US - HOUR_US, MINUTE_US, 0, k) for k in range(50)]
        assert again.premiums(opens) == PASTS[name].premiums(opens) != other.premiums(opens)


@pytest.mark.parametrize("born_us", [
    BORN_US // DAY_US * DAY_US, BORN_US // DAY_US * DAY_US + 8 * HOUR_US,
    BORN_US // DAY_US * DAY_US + MINUTE_US, 1_766_736_000_000_000 + HOUR_US,
])  # fmt: skip
def test_any_minute_can_be_a_birth(born_us: int) -> None:
    _, _, pasts = world(3, born_us)
    for name in ("BTCUSDT", "BTCUSD_PERP"):
        rows = pasts[name].trades(limit=200)
        assert len(rows) == 200 and rows[-1][4] < born_us
        last = pasts[name].fundings(born_us - DAY_US, born_us)[-1]
        assert last[0] == born_us - born_us % (8 * HOUR_US)
        if last[0] == born_us:
            assert last[2] == rows[-1][1]
