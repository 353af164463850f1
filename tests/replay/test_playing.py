"""Tapes in a world: what is told is the file's, and who rests takes part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.replay.files import (
    START_MS,
    agg_lines,
    candle_lines,
    candles,
    trade_lines,
    trades,
    write,
)

from tradepit.config import Config
from tradepit.core.bars import MINUTE_US
from tradepit.core.records import Who
from tradepit.core.terms import BUY, GTC, LIMIT, MARKET, SELL, STOP_LOSS
from tradepit.core.units import ONE
from tradepit.products.spot.orders import OrderResult, PlaceOrder
from tradepit.products.spot.replays import HOUSE
from tradepit.worlds.hall import Hall

START_US = START_MS * 1_000
NAME = "BTCUSDT"


@asynccontextmanager
async def replaying(
    files: Sequence[Path], market: str = "empty", data: Path | None = None
) -> AsyncIterator[Hall]:
    """A world that began with files; its clock stands still."""
    names = tuple(map(str, files))
    hall = Hall(Config(memory=data is None, data=data, market=market, replay=names))
    await hall.start()
    await hall.pace(0)
    try:
        yield hall
    finally:
        await hall.stop()


async def forward(hall: Hall, us: int) -> None:
    await hall.advance(START_US + us)


async def place(hall: Hall, kind: int, side: int, qty: int, **more: Any) -> OrderResult:
    who = Who(hall.pit.names["alice"])
    if kind == LIMIT:
        more["time_in_force"] = GTC
    ask = PlaceOrder(symbol=NAME, side=side, type=kind, quantity=qty, new_order_resp_type=2, **more)
    return await hall.sequencer.submit(who, "POST /api/v3/order", ask)  # type: ignore[return-value]


def told(hall: Hall) -> list[list[int]]:
    """Open time, prices, volumes, count and takers' parts of the minutes with trades."""
    bars = hall.pit.symbols[NAME].tape.bars(MINUTE_US, START_US, 1 << 62)
    return [bar.row()[:10] for bar in bars]


def filed(rows: Sequence[Any]) -> list[list[int]]:
    return [[r[0] * 1_000, *r[1:6], *r[7:]] for r in rows if r[8]]


def alices(hall: Hall, asset: str) -> int:
    balance = hall.pit.accounts[hall.pit.names["alice"]].balances[asset]
    return balance.free + balance.locked


@pytest.mark.parametrize("market", ["empty", "calm"])
async def test_candles_are_told_to_the_last_unit(tmp_path: Path, market: str) -> None:
    rows = candles(90)
    path = write(tmp_path / "BTCUSDT-1m-2024-01-01.zip", candle_lines(rows))
    async with replaying([path], market) as hall:
        await forward(hall, 90 * MINUTE_US)
        assert told(hall) == filed(rows)
        row = hall.replays.rows()[0]
        assert (row.state, row.rows_told, row.at_us) == ("ENDED", 90, START_US + 90 * MINUTE_US)
        book = hall.pit.symbols[NAME].book
        assert len(book.bids.levels) > 40 and len(book.asks.levels) > 40
        assert book.bids.best() < hall.pit.symbols[NAME].last_price < book.asks.best()
        assert hall.pit.audit() == []
        assert all(hall.healthy().values())
        past = hall.pit.symbols[NAME].tape.past
        if market == "calm":  # what lies before ends at the first price
            assert past is not None and abs(past.last_trade()[1] - rows[0][1]) <= rows[0][1] // 100  # type: ignore[operator]


async def test_steps_do_not_matter(tmp_path: Path) -> None:
    path = write(tmp_path / "BTCUSDT-1m-2024-01-01.csv", candle_lines(candles(30)))
    found = []
    for step_us in (7_300_000, 30 * MINUTE_US):
        async with replaying([path]) as hall:
            hall.watched = lambda: step_us < MINUTE_US  # noqa: B023
            for us in range(0, 30 * MINUTE_US + 1, step_us):
                await forward(hall, us)
            await forward(hall, 30 * MINUTE_US)
            tape = hall.pit.symbols[NAME].tape
            found.append((told(hall), tape.trades, tape.recent_aggs()))
    assert found[0] == found[1]


async def test_trades_keep_their_ids_prices_and_sides(tmp_path: Path) -> None:
    rows = trades(300)
    gap = [*rows[:100], *rows[110:]]
    path = write(tmp_path / "BTCUSDT-trades-2024-01-01.csv", trade_lines(gap))
    async with replaying([path]) as hall:
        await forward(hall, 20 * MINUTE_US)
        tape = hall.pit.symbols[NAME].tape
        assert [(r[0], r[1], r[2], r[3], r[4] // 1_000, r[5]) for r in tape.trades] == gap
        assert tape.trades_from(7_000_105, 1)[0][0] == 7_000_110
        assert hall.replays.rows()[0].gaps == 1


async def test_aggregates_keep_theirs_and_count_their_trades(tmp_path: Path) -> None:
    rows = trades(120)
    path = write(tmp_path / "BTCUSDT-aggTrades-2024-01-01.csv", agg_lines(rows))
    async with replaying([path]) as hall:
        await forward(hall, 20 * MINUTE_US)
        tape = hall.pit.symbols[NAME].tape
        aggs = tape.recent_aggs()
        assert [a[0] for a in aggs] == list(range(500, 620))
        assert [(a[1], a[2], a[5] // 1_000, a[6]) for a in aggs] == [
            (price, qty, at_ms, maker) for _, price, qty, _, at_ms, maker in rows
        ]
        assert [a[4] - a[3] + 1 for a in aggs] == [1, 2, 3] * 40
        assert tape.count == 240 and tape.trades[0][0] == 9_000_000
        assert tape.base == sum(row[2] for row in rows)  # type: ignore[misc]


FLAT = [  # prices of one-trade minutes, in dollars
    42_000, 41_990, 41_980, 41_990, 42_010, 42_000, 42_020,
]  # fmt: skip


def flat(tmp_path: Path, sold: bool = True) -> Path:
    """A trade of 0.5 BTC every half minute, at FLAT's prices."""
    rows = [
        (100 + i, price * ONE, ONE // 2, price * ONE // 2, START_MS + 30_000 * i, sold)
        for i, price in enumerate(FLAT)
    ]
    return write(tmp_path / "BTCUSDT-trades-2024-01-01.csv", trade_lines(rows))


async def test_who_rests_is_filled_when_the_tape_trades_through(tmp_path: Path) -> None:
    async with replaying([flat(tmp_path)]) as hall:
        await forward(hall, 1_000_000)
        before = alices(hall, "BTC"), alices(hall, "USDT")
        placed = await place(hall, LIMIT, BUY, 2 * ONE, price=41_985 * ONE)
        assert placed.executed_qty == 0
        await forward(hall, 31_000_000)
        assert alices(hall, "BTC") == before[0]  # 41,990 is not there yet
        await forward(hall, 61_000_000)
        assert alices(hall, "BTC") - before[0] == 2 * ONE - 2 * ONE // 1_000
        assert before[1] - alices(hall, "USDT") == 2 * 41_985 * ONE
        rows = hall.pit.symbols[NAME].tape.trades
        assert [(r[1], r[2], r[4]) for r in rows[-2:]] == [
            (41_985 * ONE, 2 * ONE, START_US + 60_000_000),
            (41_980 * ONE, ONE // 2, START_US + 60_000_000),
        ]
        assert hall.pit.audit() == []


async def test_at_the_very_price_one_waits_and_gets_a_part_of_the_print(tmp_path: Path) -> None:
    async with replaying([flat(tmp_path)]) as hall:
        await forward(hall, 1_000_000)
        before = alices(hall, "BTC")
        await place(hall, LIMIT, BUY, 2 * ONE, price=41_980 * ONE)
        level = hall.pit.symbols[NAME].book.bids.levels[41_980 * ONE]
        ahead = level.qty - 2 * ONE
        assert 0 <= ahead < ONE // 2
        await forward(hall, 61_000_000)
        got = ONE // 2 - ahead
        assert alices(hall, "BTC") - before == got - got // 1_000
        tape = hall.pit.symbols[NAME].tape
        minute = tape.bars(MINUTE_US, START_US + MINUTE_US, START_US + 2 * MINUTE_US)[0]
        assert minute.base == ONE // 2  # no more than the file's
        assert minute.quote == 41_980 * ONE // 2
        assert hall.pit.audit() == []


@pytest.mark.parametrize("sold", [True, False])
async def test_a_stop_is_set_off_by_the_tape(tmp_path: Path, sold: bool) -> None:
    async with replaying([flat(tmp_path, sold)]) as hall:
        await forward(hall, 1_000_000)
        before = alices(hall, "BTC")
        await place(hall, STOP_LOSS, SELL, ONE // 10, stop_price=41_985 * ONE)
        await forward(hall, 59_000_000)
        assert alices(hall, "BTC") == before
        await forward(hall, 62_000_000)
        assert before - alices(hall, "BTC") == ONE // 10
        assert hall.pit.audit() == []


async def test_one_takes_from_the_book_and_it_recovers(tmp_path: Path) -> None:
    async with replaying([flat(tmp_path)]) as hall:
        await forward(hall, 1_000_000)
        house = hall.pit.accounts[hall.pit.names[HOUSE]]
        funds = house.balances["BTC"].free + house.balances["BTC"].locked
        done = await place(hall, MARKET, BUY, 10 * ONE)
        assert done.executed_qty == 10 * ONE
        assert house.balances["BTC"].free + house.balances["BTC"].locked == funds - 10 * ONE
        swept = hall.pit.symbols[NAME].book.asks.best()
        await forward(hall, 31_000_000)
        assert 41_990 * ONE < hall.pit.symbols[NAME].book.asks.best() < swept
        assert hall.pit.audit() == []


async def test_pause_seek_and_remove(tmp_path: Path) -> None:
    rows = candles(40)
    path = write(tmp_path / "BTCUSDT-1m-2024-01-01.csv", candle_lines(rows))
    async with replaying([path], "calm") as hall:
        await hall.advance(hall.replays.place_of(NAME, START_US + 10 * MINUTE_US))
        assert told(hall)[:8] == filed(rows)[:8]
        held = await hall.replays.hold(NAME, True)
        assert held.state == "PAUSED"
        count = hall.pit.symbols[NAME].tape.count
        await forward(hall, 15 * MINUTE_US + 5)
        assert hall.pit.symbols[NAME].tape.count == count
        with pytest.raises(ValueError, match="paused"):
            hall.replays.place_of(NAME, START_US + 20 * MINUTE_US)
        gone_on = await hall.replays.hold(NAME, False)
        shift_us = gone_on.shift_us
        assert shift_us > 0 and shift_us % MINUTE_US == 0
        await forward(hall, 46 * MINUTE_US)
        later = [[row[0] - shift_us, *row[1:]] for row in told(hall)]
        assert later[9:] == filed(rows)[9:]
        with pytest.raises(ValueError, match="never goes back"):
            hall.replays.place_of(NAME, START_US)
        assert NAME not in hall.residents.promised()  # type: ignore[union-attr]
        await hall.replays.remove(NAME)
        assert hall.replays.rows() == [] and not list((hall._home.path / "tapes").glob("*.tape"))
        await forward(hall, 60 * MINUTE_US)
        assert hall.healthy()["market"] and NAME in hall.residents.promised()  # type: ignore[union-attr]
        assert hall.pit.audit() == []


async def test_files_come_into_a_running_world(tmp_path: Path) -> None:
    rows = candles(10)
    path = write(tmp_path / "BTCUSDT-1m-2024-01-01.csv", candle_lines(rows))
    hall = Hall(Config(memory=True, market="calm"))
    await hall.start()
    await hall.pace(0)
    now_us = hall.clock.now_us()
    with pytest.raises(ValueError, match="begin before the world's clock"):
        await hall.replays.add([path], at="start")
    row = await hall.replays.add([path])
    assert 0 <= row.start_us + row.shift_us - now_us < MINUTE_US and row.shift_us % MINUTE_US == 0
    for symbol, words in ((NAME, "already"), ("NOSUCH", "not listed")):
        with pytest.raises(ValueError, match=words):
            await hall.replays.add([path], symbol)
    await hall.replays.add([path], "ETHUSDT")  # at a price a few times as high: no filter minds
    await hall.advance(now_us + 12 * MINUTE_US)
    for name in (NAME, "ETHUSDT"):
        tape = hall.pit.symbols[name].tape
        bars = tape.bars(MINUTE_US, now_us, 1 << 62)
        found = [[bar.open_us - row.shift_us, *bar.row()[1:10]] for bar in bars]
        assert found[-len(filed(rows)) :] == filed(rows)
        book = hall.pit.symbols[name].book
        assert len(book.bids.levels) > 20 and book.asks.best()
    assert hall.pit.audit() == []
    await hall.stop()


async def test_a_closed_symbol_passes_over(tmp_path: Path) -> None:
    async with replaying([flat(tmp_path)]) as hall:
        await forward(hall, 1_000_000)
        symbol = hall.pit.symbols[NAME]
        status, symbol.status = symbol.status, 0
        await forward(hall, 61_000_000)
        symbol.status = status
        await forward(hall, 91_000_000)
        assert [r[0] for r in symbol.tape.trades] == [100, 103]


async def test_a_restarted_world_plays_on(tmp_path: Path) -> None:
    rows = candles(40)
    path = write(tmp_path / "BTCUSDT-1m-2024-01-01.csv", candle_lines(rows))
    async with replaying([path], data=tmp_path / "world") as hall:
        await forward(hall, 20 * MINUTE_US + 7)
        done = hall.replays.rows()[0].rows_told
    path.unlink()
    hall = Hall(Config(data=tmp_path / "world", market="empty"))
    await hall.start()
    assert hall.replays.rows()[0].rows_told == done
    await forward(hall, 40 * MINUTE_US)
    assert told(hall) == filed(rows)
    await hall.stop()


async def test_it_plays_by_itself_on_a_running_clock(tmp_path: Path) -> None:
    rows = candles(30)
    path = write(tmp_path / "BTCUSDT-1m-2024-01-01.csv", candle_lines(rows))
    hall = Hall(Config(memory=True, market="empty", replay=(str(path),)))
    await hall.start()
    await hall.pace(2_000_000)  # half an hour a second
    for _ in range(500):
        if hall.replays.rows()[0].state == "ENDED":
            break
        await asyncio.sleep(0.02)
    assert told(hall) == filed(rows)
    await hall.stop()
