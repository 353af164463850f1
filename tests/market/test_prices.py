"""Fair prices: a function of seed, asset and time, anchored at birth, alive but bounded."""

from __future__ import annotations

import itertools
import math

import pytest

from tradepit.core.units import ONE
from tradepit.market.presets import PRESETS
from tradepit.market.prices import (
    FALL_US,
    LOG_ONE,
    RECOVERY_US,
    FairPrices,
    Listed,
    crash,
    exp,
    grown,
    log_of,
)

BORN_US = 1_750_000_000_000_000
DAY_US = 86_400_000_000
ROWS = [
    Listed("BTC", "USDT", 100_000 * ONE), Listed("ETH", "USDT", 2_500 * ONE),
    Listed("ETH", "BTC", ONE // 40), Listed("USDC", "USDT", ONE), Listed("BTC", "USDC", 10**13),
    Listed("SHIB", "USDT", 1153), Listed("A", "B", ONE // 2),
]  # fmt: skip


def prices(seed: int = 1, preset: str = "normal") -> FairPrices:
    return FairPrices(seed, BORN_US, ROWS, PRESETS[preset])


def test_at_birth_everything_costs_what_the_listing_says() -> None:
    fair = prices()
    for base, quote, price in ROWS:
        assert abs(fair.price(base, quote, BORN_US) - price) <= 1


def test_a_moment_is_the_same_from_wherever_one_comes() -> None:
    straight, other = prices(), prices()
    moments = [BORN_US + n * 7_777_777_777 for n in range(200)]
    there = [straight.price("BTC", "USDT", at) for at in moments]
    back = [other.price("BTC", "USDT", at) for at in reversed(moments)]
    assert there == back[::-1]
    assert len(set(there)) == 200
    assert there != [prices(2).price("BTC", "USDT", at) for at in moments]


@pytest.mark.parametrize("seed", range(10))
def test_days_are_lively_and_years_are_bounded(seed: int) -> None:
    fair = prices(seed)
    days = [fair.price("BTC", "USDT", BORN_US + n * DAY_US) for n in range(720)]
    moves = [math.log(b / a) for a, b in itertools.pairwise(days)]
    deviation = math.sqrt(sum(move * move for move in moves) / len(moves))
    assert 0.01 < deviation < 0.06
    assert min(days) / days[0] > 0.2 and max(days) / days[0] < 5
    coins = [fair.price("USDC", "USDT", BORN_US + n * DAY_US) for n in range(720)]
    assert all(abs(price - ONE) < ONE // 50 for price in coins)


def test_pairs_of_pairs_agree() -> None:
    fair = prices()
    for n in range(100):
        at = BORN_US + n * 3_600_000_000
        eth, btc = fair.price("ETH", "USDT", at), fair.price("BTC", "USDT", at)
        assert abs(eth * ONE // btc - fair.price("ETH", "BTC", at)) <= 2


def test_a_crash_is_deep_and_passes() -> None:
    span = 4 * 3_600_000_000
    depths = []
    for n in range(50):
        start = BORN_US // span * span + n * span
        seconds = [crash(3, start + s * 1_000_000) for s in range(0, 14_400, 5)]
        depths.append(max(seconds))
        assert seconds[0] == 0 and seconds[-1] == 0
        assert sum(down > 0 for down in seconds) * 5 <= (FALL_US + RECOVERY_US) // 1_000_000 + 5
    assert min(depths) > LOG_ONE * 15 // 100
    assert max(depths) < LOG_ONE * 40 // 100


@pytest.mark.parametrize("x", [-3.0, -0.7, -0.01, 0.0, 1e-6, 0.3, 1.9])
def test_exp_is_that_of_mathematics(x: float) -> None:
    assert exp(round(x * LOG_ONE)) / LOG_ONE == pytest.approx(math.exp(x), rel=1e-6)


def test_logarithms_and_growth() -> None:
    for top, bottom in ((1, 1), (3, 2), (2, 3), (10**13, 7), (7, 10**13), (99_999, 100_000)):
        assert abs(log_of(top, bottom) / LOG_ONE - math.log(top / bottom)) < 1e-9
        for parts in (0, 500, 1_000, 3_000):
            found = grown(10**10, (top, bottom), parts)
            log = max(min(math.log(top / bottom) * parts / 1_000, 16), -16)
            assert abs(found - 10**10 * math.exp(log)) < 10 + 1e-3 * found
