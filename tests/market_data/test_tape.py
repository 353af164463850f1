"""The tape against naive folds over the same trades."""

from __future__ import annotations

import json
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.market_data.world import (
    BORN_US,
    DAY,
    MINUTE,
    SECOND,
    Fed,
    naive_aggs,
    naive_bar,
    naive_bars,
    random_trades,
)

from tradepit.core.bars import MINUTE_US, SECOND_US
from tradepit.core.tape import KEEP_ROWS, Tape
from tradepit.core.units import ONE


def fed(rows: list[Fed]) -> Tape:
    tape = Tape()
    for row in rows:
        tape.trade(*row)
    return tape


def test_a_fresh_tape_knows_nothing() -> None:
    tape = Tape()
    assert tape.average(BORN_US, 5) == 0
    assert tape.recent_aggs() == []
    assert tape.running_bars(MINUTE_US) == []
    bar, before = tape.window(BORN_US)
    assert (bar.count, before, bar.first_id) == (0, 0, -1)


@pytest.mark.parametrize("width_us", [SECOND_US, MINUTE_US])
def test_bars_are_the_naive_fold(width_us: int) -> None:
    rows = random_trades(1, 3_000, DAY // 48)
    tape = fed(rows)
    found = tape.bars(width_us, 0, rows[-1][4] + 1)
    assert [bar.row() for bar in found] == [bar.row() for bar in naive_bars(rows, width_us)]
    closed = [bar.row() for width, bar in tape.closed_bars if width == width_us]
    assert closed == [bar.row() for bar in found[: len(closed)]]
    assert len(found) - len(closed) <= 2


def test_aggregates_join_what_one_taker_took_at_one_price_and_time() -> None:
    tape = Tape()
    one = (100 * ONE, ONE, 100 * ONE)
    ids = [
        tape.trade(0, *one, BORN_US, False, 7),
        tape.trade(1, *one, BORN_US, False, 7),  # the same taker, price and time
        tape.trade(2, 101 * ONE, ONE, 101 * ONE, BORN_US, False, 7),  # another price
        tape.trade(3, 101 * ONE, ONE, 101 * ONE, BORN_US, False, 8),  # another taker
        tape.trade(4, 101 * ONE, ONE, 101 * ONE, BORN_US + 1, False, 8),  # another time
        tape.trade(5, 101 * ONE, ONE, 101 * ONE, BORN_US + 1, True, 8),  # another side
    ]
    assert ids == [0, 0, 1, 2, 3, 4]
    assert tape.recent_aggs()[0] == (0, 100 * ONE, 2 * ONE, 0, 1, BORN_US, False)
    assert tape.closed_aggs == tape.recent_aggs()[:-1]


def test_aggregates_are_the_naive_ones() -> None:
    rows = random_trades(2, 1_500, DAY)
    tape = fed(rows)
    assert tape.recent_aggs() == naive_aggs(rows)


def test_memory_is_bounded_and_what_it_holds_is_the_newest() -> None:
    rows = random_trades(3, 12_000, 6 * DAY)
    tape = fed(rows)
    assert KEEP_ROWS <= len(tape.trades) <= 2 * KEEP_ROWS + 20
    assert tape.trades == [row[:6] for row in rows[-len(tape.trades) :]]
    assert len(tape.aggs) < 2 * KEEP_ROWS
    newest = tape.minutes.open_us[-1]
    assert 2 * DAY <= newest - tape.minutes.open_us[0] <= 2.5 * DAY + MINUTE
    assert tape.seconds.open_us[-1] - tape.seconds.open_us[0] <= 75 * MINUTE
    held = tape.minutes.from_us
    expected = [bar.row() for bar in naive_bars(rows, MINUTE) if bar.open_us >= held]
    assert [bar.row() for bar in tape.bars(MINUTE, held, rows[-1][4] + 1)] == expected
    assert len(tape.closed_bars) <= 20_000
    before = [row for row in rows if row[4] < held][-1]
    assert tape.price_before(MINUTE, held) == before[1]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from((1, 5, 60)), st.integers(0, 10 * MINUTE))
def test_average_is_the_naive_vwap_from_a_whole_second_on(
    seed: int, mins: int, later_us: int
) -> None:
    rows = random_trades(seed, 150, 2 * 60 * MINUTE)
    tape = Tape()
    for row in rows:
        tape.trade(*row)
        if row[0] % 7 == 0:
            tape.average(row[4], mins)  # a question between trades changes nothing
    at_us = rows[-1][4] + later_us
    start_us = (at_us - mins * MINUTE) // SECOND * SECOND
    window = [row for row in rows if row[4] >= start_us]
    base, quote = sum(row[2] for row in window), sum(row[3] for row in window)
    expected = quote * ONE // base if window else rows[-1][1]
    assert tape.average(at_us, mins) == expected
    assert tape.average(at_us, 0) == rows[-1][1]


def window_by_hand(rows: list[Fed], start_us: int) -> tuple[list[int], int]:
    inside = [row for row in rows if row[4] >= start_us]
    outside = [row for row in rows if row[4] < start_us]
    before = outside[-1][1] if outside else 0
    if inside:
        return naive_bar(start_us, inside).row(), before
    return [start_us, before, before, before, before, 0, 0, 0, 0, 0, -1, -1], before


@pytest.mark.parametrize(("seed", "span_us"), [(1, 4 * DAY), (2, DAY // 24), (3, 40 * SECOND)])
def test_windows_are_exact_to_the_microsecond(seed: int, span_us: int) -> None:
    rows = random_trades(seed, 6_000, span_us)
    tape = fed(rows)
    chance = random.Random(seed)
    times = [row[4] for row in rows]
    starts = [chance.randrange(times[0] - SECOND, times[-1] + SECOND) for _ in range(120)]
    starts += [at_us + delta for at_us in chance.sample(times, 40) for delta in (-1, 0, 1)]
    starts += [at_us // MINUTE * MINUTE for at_us in chance.sample(times, 20)]
    cut = 0
    for start_us in starts:
        if start_us < tape.minutes.from_us:
            continue
        lo_us, hi_us = tape.missing(start_us)
        needed = [row[:6] for row in rows if lo_us <= row[4] < hi_us]
        cut += bool(hi_us)
        bar, before = tape.window(start_us, needed)
        assert (bar.row(), before) == window_by_hand(rows, start_us)
    assert cut > 0 or span_us < DAY // 24  # both roads were walked


def test_a_dumped_tape_goes_on_as_if_nothing_had_been() -> None:
    rows = random_trades(5, 4_000, 3 * DAY)
    whole = fed(rows)
    half = fed(rows[:2_000])
    text = json.dumps(half.dump())
    again = Tape()
    again.load(json.loads(text))
    assert json.dumps(again.dump()) == text
    for row in rows[2_000:]:
        again.trade(*row)
    assert again.dump() == whole.dump()
    assert again.average(rows[-1][4], 5) == whole.average(rows[-1][4], 5)
    assert [bar.row() for bar in again.running_bars(MINUTE)] == [
        bar.row() for bar in whole.running_bars(MINUTE)
    ]


def test_questions_change_nothing() -> None:
    rows = random_trades(6, 500, DAY)
    tape = fed(rows)
    before = json.dumps(tape.dump())
    tape.window(rows[100][4] + 1)
    tape.average(rows[-1][4], 5)
    tape.running_bars(MINUTE)[0].add(naive_bar(0, rows))
    assert json.dumps(tape.dump()) == before


def test_a_snapshot_takes_totals_beyond_64_bits() -> None:
    """Coins of a hundred-thousandth of a dollar change hands by the quintillion units a day."""
    tape = Tape()
    for number in range(3):
        tape.trade(number, 1_000, 1 << 62, 1 << 60, number * 1_000_000, False, number)
    packed = msgspec.msgpack.encode(tape.dump())
    again = Tape()
    again.load(msgspec.msgpack.decode(packed))
    assert again.base == tape.base == 3 << 62
    assert again.dump() == tape.dump()
    for each in (tape, again):
        each.trade(3, 1_000, 5, 7, 2_500_000, True, 3)
    assert again.dump() == tape.dump()
