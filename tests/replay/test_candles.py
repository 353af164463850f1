"""Prints of a candle come to that candle, whatever it is."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.replay.files import candles

from tradepit.market.candles import ONE, Grain, grain_of, prints_of

Trade = tuple[int, int, bool]


def candle_of(trades: list[Trade], ends: int) -> list[int]:
    """The candle of trades (price, quantity, whether the taker bought)."""
    prices = [price for price, _, _ in trades]
    bought = [(price, qty) for price, qty, taker in trades if taker]
    return [
        0, prices[0], max(prices), min(prices), prices[-1], sum(q for _, q, _ in trades),
        sum(p * q // ONE for p, q, _ in trades), len(trades), sum(q for _, q in bought),
        sum(p * q // ONE for p, q in bought), ends,
    ]  # fmt: skip


def check(candle: list[int], grain: Grain) -> bool:
    """The prints are the candle's; whether each is worth price times quantity."""
    rows = prints_of(candle, grain)
    prices = [row[1] for row in rows]
    assert [prices[0], max(prices), min(prices), prices[-1]] == candle[1:5]
    assert [sum(row[i] for row in rows) for i in (2, 3, 6)] == candle[5:8]
    bought = [row for row in rows if not row[7]]
    assert [sum(row[i] for row in bought) for i in (2, 3)] == candle[8:10]
    assert all(row[2] > 0 and row[3] >= 0 and row[6] > 0 for row in rows)
    times = [row[0] for row in rows]
    assert times == sorted(times) and candle[0] <= times[0] and times[-1] < candle[10]
    assert all(at_us % 1_000_000 == 0 for at_us in times)
    return all(row[1] * row[2] // ONE == row[3] for row in rows)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 10**5), st.integers(1, 10**6), st.booleans()),
        min_size=1, max_size=40,
    ),
    st.sampled_from([1, 100, 10**6]), st.sampled_from([1_000_000, 60_000_000]),
)  # fmt: skip
def test_prints_come_to_their_candle(trades: list[Trade], tick: int, ends: int) -> None:
    grain = Grain(tick, 10**3)
    check(candle_of([(p * tick, q * 10**3, b) for p, q, b in trades], ends), grain)


def test_prints_of_many_trades_are_worth_what_they_say() -> None:
    rows = [
        [r[0] * 1_000, *r[1:6], *r[7:], r[6] * 1_000 + 1_000]  # type: ignore[operator]
        for r in candles(500, 3)
    ]
    grain = grain_of(list(zip(*rows, strict=True)))  # type: ignore[arg-type]
    for row in rows:
        if row[7] >= 9:  # type: ignore[operator]
            assert check(row, grain)  # type: ignore[arg-type]
        elif row[7]:
            check(row, grain)  # type: ignore[arg-type]
        else:
            assert prints_of(row, grain) == []  # type: ignore[arg-type]
