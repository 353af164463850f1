"""A past adds up, to the unit, whichever way it is asked."""

from __future__ import annotations

import random
from itertools import pairwise
from time import perf_counter
from typing import Any

import pytest

from tradepit.catalog.language import commands
from tradepit.config import Config
from tradepit.core.bars import (
    DAY_US,
    HOUR_US,
    INTERVALS,
    MINUTE_US,
    SECOND_US,
    Bar,
    empty_bar,
    next_open,
    open_of,
)
from tradepit.core.exchange import Exchange
from tradepit.core.symbols import Symbol, symbol_from_listing
from tradepit.core.tape import Trade, trade_bar
from tradepit.core.units import ONE
from tradepit.data import spot_listing
from tradepit.data.genesis import genesis
from tradepit.journal.recovery import Origins
from tradepit.market.past import SyntheticPast
from tradepit.market.pasts import pasts_of, with_past
from tradepit.worlds.births import origins
from tradepit.worlds.recipes import main_recipe

BORN_US = 1_764_000_000_000_000 // MINUTE_US * MINUTE_US + 7 * MINUTE_US
NAMES = [row["symbol"] for row in spot_listing()]
SOME = ("BTCUSDT", "LINKUSDT", "ETHBTC", "SHIBUSDT", "USDCUSDT")


def world(seed: int = 1, born_us: int = BORN_US) -> tuple[dict[str, Symbol], Any]:
    symbols = {r["symbol"]: symbol_from_listing(r) for r in with_past(spot_listing(), seed)}
    return symbols, pasts_of(symbols, born_us)


SYMBOLS, PASTS = world()


def folded(rows: list[Trade]) -> list[int]:
    total = empty_bar(0, 0)
    for row in rows:
        total.add(trade_bar(row))
    return total.row()[1:]


def added(bars: list[Bar]) -> list[int]:
    total = empty_bar(0, 0)
    for bar in bars:
        total.add(bar)
    return total.row()[1:]


@pytest.mark.parametrize("name", NAMES)
def test_trades_keep_the_filters_and_make_the_bars(name: str) -> None:
    past: SyntheticPast = PASTS[name]
    symbol = SYMBOLS[name]
    chance = random.Random(name)
    moments = [past.first_us(), BORN_US - HOUR_US]
    moments += [chance.randrange(past.first_us(), BORN_US) for _ in range(2)]
    for us in moments:
        start, end = us // HOUR_US * HOUR_US, min(us // HOUR_US * HOUR_US + HOUR_US, BORN_US)
        rows = past.trades_between(start, end)
        (total,) = past.spans([start, end])
        assert folded(rows) == total.row()[1:]
        assert [row[0] for row in rows] == list(range(total.first_id, total.last_id + 1))
        assert [row[4] for row in rows] == sorted(row[4] for row in rows)
        for _, price, qty, quote, at_us, _ in rows:
            assert start <= at_us < end
            assert price % symbol.tick_size == 0 and qty % symbol.step_size == 0
            assert symbol.min_price <= price <= symbol.max_price
            assert symbol.min_qty <= qty <= symbol.max_qty
            assert quote * ONE == price * qty


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("zone_us", [0, 8 * HOUR_US, 5 * HOUR_US + 45 * MINUTE_US])
def test_all_intervals_agree(name: str, zone_us: int) -> None:
    past: SyntheticPast = PASTS[name]
    end = open_of(BORN_US - 40 * DAY_US, 0, zone_us)
    start = open_of(end - 1, 0, zone_us)
    (month,) = past.spans([start, end])
    for interval, width_us in INTERVALS.items():
        if interval in ("1s", "1m", "1w", "1M"):
            continue
        opens = [start]
        while opens[-1] < end:
            then = next_open(open_of(opens[-1], width_us, zone_us), width_us, zone_us)
            opens.append(min(end, then))
        assert added(past.spans(opens)) == month.row()[1:], interval
    noon = start + DAY_US // 2
    (hour,) = past.spans([noon, noon + HOUR_US])
    for width_us in (SECOND_US, MINUTE_US):
        assert added(past.bars(width_us, noon, noon + HOUR_US)) == hour.row()[1:]


@pytest.mark.parametrize("name", SOME)
def test_ids_have_no_gaps(name: str) -> None:
    past: SyntheticPast = PASTS[name]
    last = past.last_trade()
    assert past.last_agg_id() == last[0] and last[4] < BORN_US
    first = past.trades(from_id=0, limit=3)
    assert [row[0] for row in first] == [0, 1, 2] and first[0][4] == past.first_us()
    assert past.trades(from_id=last[0] + 1) == [] and past.trades(from_id=last[0]) == [last]
    days = past.spans(range(past.first_us(), BORN_US + DAY_US, DAY_US))
    for day, then in pairwise(days):
        assert day.last_id + 1 == then.first_id and day.close == then.open
        assert day.low <= min(day.open, day.close) <= max(day.open, day.close) <= day.high
    assert days[0].first_id == 0 and days[-1].last_id == last[0]
    for trade_id in (days[3].first_id, days[-2].last_id, last[0] // 2):
        rows = past.trades(from_id=trade_id, limit=40)
        assert [row[0] for row in rows] == list(range(trade_id, trade_id + 40))


def test_edges_are_empty_and_pages_meet() -> None:
    past: SyntheticPast = PASTS["ETHBTC"]
    first = past.first_us()
    assert past.trades_between(0, first) == [] == past.trades_between(BORN_US, BORN_US * 2)
    assert past.bars(MINUTE_US, 0, first) == [] == past.bars(MINUTE_US, BORN_US, BORN_US * 2)
    assert past.bars_before(MINUTE_US, first, 3) == []
    newest = past.bars_before(MINUTE_US, BORN_US, 7)
    assert len(newest) == 7 and newest[-1].last_id == past.last_agg_id()
    aggs = past.aggs(limit=100)
    assert aggs == past.aggs(from_id=past.last_agg_id() - 99, limit=500)
    middle = aggs[50][5]
    assert past.aggs(end_us=middle, limit=10)[-1][5] <= middle < past.aggs(
        start_us=middle + 1, limit=10
    )[0][5]  # fmt: skip
    assert past.aggs(start_us=middle, end_us=middle)[0][5] == middle


def test_a_seed_has_one_past() -> None:
    again, other = world(1)[1]["BTCUSDT"], world(2)[1]["BTCUSDT"]
    past: SyntheticPast = PASTS["BTCUSDT"]
    assert again.trades(limit=300) == past.trades(limit=300) != other.trades(limit=300)
    assert again.trades(from_id=10**7) == past.trades(from_id=10**7) != other.trades(from_id=10**7)


@pytest.mark.parametrize("minutes", [0, 1, 16, 1439])
def test_any_minute_can_be_a_birth(minutes: int) -> None:
    born_us = BORN_US // DAY_US * DAY_US + minutes * MINUTE_US
    for name in SOME:
        symbol, past = SYMBOLS[name], world(3, born_us)[1][name]
        rows = past.trades(limit=200)
        assert rows[-1][1] == pytest.approx(float(symbol.listing["_price"]) * ONE, rel=1e-3)
        assert len(rows) == 200 and rows[-1][4] < born_us


def test_cross_pairs_agree() -> None:
    for day in range(BORN_US // DAY_US * DAY_US - 300 * DAY_US, BORN_US, 17 * DAY_US):
        eth, btc, cross = (
            PASTS[name].spans([day, day + DAY_US])[0].open
            for name in ("ETHUSDT", "BTCUSDT", "ETHBTC")
        )
        assert cross == pytest.approx(eth * ONE / btc, rel=2e-3)


def test_a_world_goes_on_from_its_past() -> None:
    listing = with_past([r for r in spot_listing() if r["symbol"] in SOME], 5)
    pit = Exchange(commands(), genesis(listing, seed=5, born_us=BORN_US))
    for name, past in pasts_of(pit.symbols, BORN_US).items():
        symbol = pit.symbols[name]
        symbol.begin(past, BORN_US)
        last = past.last_trade()
        assert symbol.last_price == symbol.tape.last_price == last[1] == symbol.usual_price(
            BORN_US + 6 * MINUTE_US, 5
        )  # fmt: skip
        assert symbol.next_trade_id == last[0] + 1
    again = Exchange.load(commands(), pit.dump())
    found = pasts_of(again.symbols, again.born_us)
    assert found["ETHBTC"].trades() == pasts_of(pit.symbols, BORN_US)["ETHBTC"].trades()
    assert again.state_hash() == pit.state_hash()


def origins_of(settings: Config) -> Origins[Exchange]:
    return origins(settings, main_recipe(settings))


def test_a_restarted_world_has_the_same_past() -> None:
    first = origins_of(Config(memory=True, seed=11))
    born = first.birth()
    again = origins_of(Config(memory=True, seed=12)).load(born.dump())
    assert again.state_hash() == born.state_hash()
    for name in SOME:
        kept, found = born.symbols[name].tape.past, again.symbols[name].tape.past
        assert kept is not None and found is not None
        assert kept.trades(limit=50) == found.trades(limit=50)
        assert born.symbols[name].last_price == kept.last_trade()[1]
    empty = origins_of(Config(memory=True, market="empty")).birth()
    assert all(s.tape.past is None and s.last_price == 0 for s in empty.symbols.values())


@pytest.mark.parametrize("minutes", [(1, 5), (5, 15), (15, 60), (60, 240)])
def test_a_span_reaches_its_high_and_its_low_in_one_part(minutes: tuple[int, int]) -> None:
    """Candles that all have the wicks of the longer one above them look made up."""
    part_us, span_us = minutes[0] * MINUTE_US, minutes[1] * MINUTE_US
    start = BORN_US // DAY_US * DAY_US - 4 * DAY_US
    for name in ("BTCUSDT", "ETHUSDT", "BNBUSDT"):
        past: SyntheticPast = PASTS[name]
        parts = past.bars(part_us, start, start + 3 * DAY_US)
        alone = both = count = 0
        for span in past.bars(span_us, start, start + 3 * DAY_US):
            mine = [bar for bar in parts if 0 <= bar.open_us - span.open_us < span_us]
            tops = [bar for bar in mine if bar.high == span.high]
            bottoms = [bar for bar in mine if bar.low == span.low]
            assert tops and bottoms
            count += 1
            alone += len(tops) == len(bottoms) == 1
            both += tops == bottoms
        assert alone >= count * 9 // 10 and both <= count * 15 // 100 + 1, name


@pytest.mark.perf
@pytest.mark.parametrize("interval", list(INTERVALS))
def test_a_thousand_candles_are_quick(interval: str) -> None:
    """Limits are wide: this guards against another order of magnitude."""
    past = world(9)[1]["BTCUSDT"]
    width_us = INTERVALS[interval]
    newest = open_of(BORN_US, width_us, 0)
    opens = [next_open(newest, width_us, 0, k) for k in range(-999, 2)]
    began = perf_counter()
    cold = past.spans(opens)
    between = perf_counter()
    assert [b.row() for b in past.spans(opens)] == [b.row() for b in cold]
    assert between - began < 3.0 and perf_counter() - between < 1.5
