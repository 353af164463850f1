"""History: everything that was acknowledged is seen, in SQL or not yet, before and after a kill."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
from tests.journal import pits
from tests.journal.pits import ALICE, BOB, MAKER, SYMBOL, Pit, opened

from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.terms import CANCELED, DECREMENT, FILLED, IOC, NEW, PARTIALLY_FILLED, STP_NONE
from tradepit.core.units import ONE
from tradepit.journal.sequencer import Options
from tradepit.projections import projector as projecting

QUIET = Who(MAKER)


@pytest.fixture(params=["tail", "sql"])
def where(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every question is asked of rows in memory and of rows in SQL."""
    pause = 3600.0 if request.param == "tail" else 0.0
    monkeypatch.setattr(projecting, "_PAUSE_S", pause)
    monkeypatch.setattr(projecting, "_LAZY_S", pause)
    return str(request.param)


async def settled(pit: Pit, where: str) -> None:
    """Wait until rows are where they should be."""
    if where == "sql":
        await pit.projector.drain()
        assert pit.projector.tail.count == 0
    else:
        assert pit.projector.cursor == 0


async def asked(question: Any, *args: Any, **more: Any) -> Any:
    """Off the event loop, as the gateway does it."""
    return await asyncio.to_thread(question, *args, **more)


async def trade(pit: Pit, count: int, price: float = 50_000) -> None:
    """Alice sells to Bob, `count` times."""
    for _ in range(count):
        await pit.sell(ALICE, price, 0.001)
        await pit.buy(BOB, price, 0.001)


async def test_an_order_is_seen_in_every_state(tmp_path: Path, where: str) -> None:
    async with opened(tmp_path) as pit:
        placed = await pit.sell(ALICE, 50_000, 0.01, new_client_order_id="mine")
        order_id = placed.order_id
        states = []
        for step in range(4):
            await settled(pit, where)
            order = await pit.order(ALICE, order_id=order_id)
            assert order == await pit.order(ALICE, orig_client_order_id="mine")
            assert [order] == await pit.orders(ALICE)
            states.append((order.status, order.executed_qty))
            if step < 2:
                await pit.buy(BOB, 50_000, 0.003)
            elif step == 2:
                await pit.cancel(ALICE, order_id)
        assert states == [
            (NEW, 0), (PARTIALLY_FILLED, 300_000), (PARTIALLY_FILLED, 600_000),
            (CANCELED, 600_000),
        ]  # fmt: skip
        kept = await asked(pit.history.order, 1, SYMBOL, order_id)
        same = await asked(pit.history.order_by_client_id, 1, SYMBOL, "mine")
        assert kept.dump() == same.dump() and kept.status == CANCELED
        assert await asked(pit.history.order, 2, SYMBOL, order_id) is None  # not Bob's
        assert await asked(pit.history.order, 1, "ETHUSDT", order_id) is None


async def test_an_order_has_no_row_while_it_is_open(tmp_path: Path) -> None:
    async with opened(tmp_path) as pit:
        placed = await pit.sell(ALICE, 50_000, 0.01)
        await pit.buy(BOB, 50_000, 0.004)
        await pit.projector.drain()
        assert await asked(pit.history.order, 1, SYMBOL, placed.order_id) is None
        (order,) = await pit.orders(ALICE)
        assert (order.status, order.executed_qty) == (PARTIALLY_FILLED, 400_000)


async def test_both_sides_of_a_trade(tmp_path: Path, where: str) -> None:
    async with opened(tmp_path) as pit:
        sold = await pit.sell(ALICE, 50_000, 0.01)
        bought = await pit.buy(BOB, 50_001, 0.004)
        await settled(pit, where)
        (maker,) = await asked(pit.history.my_trades, 1, SYMBOL)
        (taker,) = await asked(pit.history.my_trades, 2, SYMBOL)
        (public,) = await asked(pit.history.trades, SYMBOL)
        assert maker.trade_id == taker.trade_id == public[0]
        assert (maker.order_id, taker.order_id) == (sold.order_id, bought.order_id)
        for row in (maker, taker):
            assert (row.price, row.qty, row.quote) == (50_000 * ONE, 400_000, 200 * ONE)
        assert (maker.is_maker, maker.is_buyer, maker.commission_asset) == (True, False, "USDT")
        assert (taker.is_maker, taker.is_buyer, taker.commission_asset) == (False, True, "BTC")
        assert (maker.commission, taker.commission) == (ONE // 5, 400)
        assert public[1:4] == (50_000 * ONE, 400_000, 200 * ONE) and public[5] is False


async def test_agents_orders_are_not_kept_but_their_trades_are(tmp_path: Path, where: str) -> None:
    async with opened(tmp_path) as pit:
        await pit.sell(QUIET, 50_000, 0.01)
        await pit.buy(QUIET, 50_000, 0.004, self_trade_prevention_mode=STP_NONE)
        await pit.buy(BOB, 50_000, 0.001)
        await settled(pit, where)
        assert await asked(pit.history.orders, MAKER, SYMBOL) == []  # nor is the one that is over
        assert await asked(pit.history.my_trades, MAKER, SYMBOL) == []
        assert len(await asked(pit.history.trades, SYMBOL)) == 2
        assert len(await asked(pit.history.my_trades, 2, SYMBOL)) == 1


async def test_pages(tmp_path: Path, where: str) -> None:
    async with opened(tmp_path) as pit:
        for n in range(30):  # open ones, and from memory or SQL those that are over
            placed = await pit.sell(ALICE, 50_000 + n, 0.001)
            await asyncio.sleep(0.001)  # another time each
            if n % 3:
                await pit.cancel(ALICE, placed.order_id)
        await settled(pit, where)

        async def ids(**page: Any) -> list[int]:
            return [o.order_id for o in await pit.orders(ALICE, **page)]

        every = await ids()
        assert len(every) == 30 and every == sorted(every)
        at = [order.time for order in await pit.orders(ALICE)]
        assert await ids(limit=5) == every[-5:]
        assert await ids(from_id=every[7], limit=5) == every[7:12]
        assert await ids(from_id=every[-1] + 1) == []
        assert await ids(start_us=at[4], limit=5) == every[4:9]
        assert await ids(start_us=at[4] + 1, limit=2) == every[5:7]
        assert await ids(end_us=at[20], limit=5) == every[16:21]
        assert await ids(end_us=at[20] - 1, limit=1) == [every[19]]
        assert await ids(start_us=at[3], end_us=at[9]) == every[3:10]
        assert await ids(start_us=at[3], end_us=at[9], limit=2) == every[3:5]
        assert await ids(start_us=at[-1] + 1) == []
        assert await ids(end_us=at[0] - 1) == []


async def test_trades_of_one_order_come_from_the_first(tmp_path: Path, where: str) -> None:
    async with opened(tmp_path) as pit:
        big = await pit.sell(ALICE, 50_000, 0.1)
        for _ in range(6):
            await pit.buy(BOB, 50_000, 0.001)
        await pit.sell(ALICE, 49_000, 0.001)
        await pit.buy(BOB, 49_000, 0.001)
        await settled(pit, where)
        ask = pit.history.my_trades
        every = [row.trade_id for row in await asked(ask, 1, SYMBOL)]
        assert len(every) == 7
        of_big = [row.trade_id for row in await asked(ask, 1, SYMBOL, order_id=big.order_id)]
        assert of_big == every[:6]
        rows = await asked(ask, 1, SYMBOL, order_id=big.order_id, from_id=every[2], limit=2)
        assert [row.trade_id for row in rows] == every[2:4]
        assert [r.trade_id for r in await asked(ask, 1, SYMBOL, limit=2)] == every[-2:]


async def test_a_trade_with_oneself_has_two_sides(tmp_path: Path, where: str) -> None:
    async with opened(tmp_path) as pit:
        await pit.sell(ALICE, 50_000, 0.001, self_trade_prevention_mode=STP_NONE)
        await pit.buy(ALICE, 50_000, 0.001, self_trade_prevention_mode=STP_NONE)
        await settled(pit, where)
        rows = await asked(pit.history.my_trades, 1, SYMBOL)
        assert len(rows) == 2 and rows[0].trade_id == rows[1].trade_id
        assert {row.is_maker for row in rows} == {True, False}


async def test_prevented_matches(tmp_path: Path, where: str) -> None:
    async with opened(tmp_path) as pit:
        made = await pit.sell(ALICE, 50_000, 0.002)
        took = await pit.buy(ALICE, 50_000, 0.003, self_trade_prevention_mode=DECREMENT)
        await settled(pit, where)
        for key in ({"order_id": made.order_id}, {"order_id": took.order_id}, {"match_id": 0}):
            (row,) = await asked(pit.history.prevented_matches, 1, SYMBOL, **key)
            assert (row.maker_order_id, row.taker_order_id) == (made.order_id, took.order_id)
            assert row.maker_prevented == row.taker_prevented == 200_000
        assert await asked(pit.history.prevented_matches, 2, SYMBOL, match_id=0) == []
        ask = pit.history.prevented_matches
        assert await asked(ask, 1, SYMBOL, order_id=made.order_id, from_id=1) == []


async def test_order_lists(tmp_path: Path, where: str) -> None:
    async with opened(tmp_path) as pit:
        await trade(pit, 1)
        ids = []
        for n in range(3):
            ask = pits.LISTS.PlaceOco(
                symbol=SYMBOL, side=2, quantity=ONE // 1000, above_type=7,
                above_price=(60_000 + n) * ONE, below_type=3, below_stop_price=40_000 * ONE,
                list_client_order_id=f"list{n}",
            )  # fmt: skip
            reply = await pit.sequencer.submit(ALICE, "POST /api/v3/orderList/oco", ask)
            ids.append(reply.order_list_id)
        await pit.cancel(ALICE, reply.orders[0].order_id)
        await settled(pit, where)
        rows = await asked(pit.history.order_lists, 1)
        assert [row.list_id for row in rows] == ids
        assert [row.client_id for row in rows] == ["list0", "list1", "list2"]
        assert [row.order_status for row in rows] == [1, 1, 2]
        last = await asked(pit.history.order_list, 1, list_id=ids[2])
        assert last == rows[2] == await asked(pit.history.order_list, 1, client_id="list2")
        assert len(last.orders) == 2
        assert await asked(pit.history.order_list, 2, list_id=ids[2]) is None
        assert len(await asked(pit.history.order_lists, 1, from_id=ids[1])) == 2


async def test_amendments(tmp_path: Path, where: str) -> None:
    async with opened(tmp_path) as pit:
        placed = await pit.sell(ALICE, 50_000, 0.005, new_client_order_id="first")
        for n, qty in enumerate((400_000, 300_000)):
            ask = pits.orders.AmendOrder(
                symbol=SYMBOL, order_id=placed.order_id, new_client_order_id=f"amend{n}",
                new_qty=qty,
            )  # fmt: skip
            await pit.sequencer.submit(ALICE, "PUT /api/v3/order/amend/keepPriority", ask)
        await settled(pit, where)
        rows = await asked(pit.history.amendments, 1, SYMBOL, placed.order_id)
        assert [(row.orig_qty, row.new_qty) for row in rows] == [
            (500_000, 400_000), (400_000, 300_000)
        ]  # fmt: skip
        assert [row.new_client_id for row in rows] == ["amend0", "amend1"]
        second = await asked(
            pit.history.amendments, 1, SYMBOL, placed.order_id, from_id=rows[1].exec_id
        )
        assert second == rows[1:]
        await pit.cancel(ALICE, placed.order_id)
        await settled(pit, where)
        assert await asked(pit.history.order_by_client_id, 1, SYMBOL, "first") is None
        found = await asked(pit.history.order_by_client_id, 1, SYMBOL, "amend1")
        assert found.qty == 300_000


async def test_market_data(tmp_path: Path, where: str) -> None:
    async with opened(tmp_path) as pit:
        tape = pit.exchange.symbols[SYMBOL].tape
        await trade(pit, 8)
        await asyncio.sleep(1.01)
        await trade(pit, 3, price=49_000)
        await settled(pit, where)
        trades = await asked(pit.history.trades, SYMBOL)
        assert trades == tape.trades and len(trades) == 11
        assert await asked(pit.history.trades, SYMBOL, from_id=trades[3][0], limit=2) == trades[3:5]
        assert await asked(pit.history.trades, SYMBOL, limit=2) == trades[-2:]
        between = await asked(pit.history.trades_between, SYMBOL, trades[2][4], trades[5][4])
        assert between == [row for row in trades if trades[2][4] <= row[4] < trades[5][4]]
        aggs = await asked(pit.history.aggs, SYMBOL)
        assert aggs == tape.aggs and len(aggs) == 10
        assert await asked(pit.history.aggs, SYMBOL, end_us=aggs[4][5], limit=2) == aggs[3:5]
        bars = await asked(pit.history.bars, SYMBOL, 1_000_000, 0, 1 << 60)
        assert [bar.row() for bar in bars] == [
            tape.seconds.at(n).row() for n in range(len(tape.seconds.open_us))
        ]
        newest = await asked(pit.history.bars_before, SYMBOL, 1_000_000, 1 << 60, 1)
        assert [bar.row() for bar in newest] == [bars[-1].row()]


async def test_all_of_it_is_there_after_a_kill(tmp_path: Path) -> None:
    """Half of the rows are in SQL, the rest is told again by the log."""
    async with opened(tmp_path, killed=True, options=Options(snapshot_every=50)) as pit:
        await trade(pit, 40)
        await pit.projector.drain()
        await trade(pit, 5)
        assert pit.projector.tail.count > 0
        wanted = {who.owner: await pit.orders(who) for who in (ALICE, BOB)}
        trades = await asked(pit.history.my_trades, 1, SYMBOL)
        state = pit.exchange.state_hash()
    async with opened(tmp_path) as pit:
        assert pit.exchange.state_hash() == state
        for who in (ALICE, BOB):
            found = await pit.orders(who)
            assert found == wanted[who.owner] and len(found) == 45
        assert await asked(pit.history.my_trades, 1, SYMBOL) == trades
        assert len(await asked(pit.history.trades, SYMBOL)) == 45


async def test_a_query_sees_all_that_was_acknowledged_before_it(tmp_path: Path) -> None:
    """Clients place, then ask at once, while rows move from memory to SQL all the time."""
    chance = random.Random(3)
    async with opened(tmp_path, options=Options(snapshot_every=500)) as pit:

        async def client(owner: int) -> None:
            who = Who(owner, "k")
            mine: dict[int, int] = {}
            for n in range(60):
                side = chance.choice((1, 2))
                reply = await pit.place(who, side, 50_000, 0.001, time_in_force=IOC)
                mine[reply.order_id] = reply.status
                if n % 3 == 0:
                    rows = await pit.orders(who, limit=1000)
                    assert {row.order_id: row.status for row in rows} == mine
                if n % 20 == 0:
                    await asyncio.sleep(chance.random() * 0.3)

        await pit.sell(QUIET, 50_000, 1)
        await asyncio.gather(*(client(owner) for owner in range(1, 6)))


async def test_old_orders_leave_memory_and_stay_in_history(tmp_path: Path) -> None:
    async with opened(tmp_path) as pit:
        await pit.sell(QUIET, 50_000, 1)
        first = await pit.buy(BOB, 50_000, 0.001)
        for _ in range(12):
            await asyncio.gather(*(pit.buy(BOB, 50_000, 0.0001) for _ in range(50)))
        assert pit.exchange.accounts[2].on(SYMBOL).find(first.order_id, None) is None
        found = await asked(pit.history.order, 2, SYMBOL, first.order_id)
        assert (found.status, found.executed) == (FILLED, 100_000)
        assert len(await pit.orders(BOB, limit=1000)) == 601


async def test_a_lost_end_of_the_log_takes_its_history_along(tmp_path: Path) -> None:
    async with opened(tmp_path, killed=True) as pit:
        kept = await pit.sell(ALICE, 50_000, 0.002)
        seq = pit.sequencer.applied_seq
        await pit.buy(BOB, 50_000, 0.001)
        await pit.sell(ALICE, 51_000, 0.002)
        await pit.projector.drain()
        await pit.projector.stop()
        pit.log._writer.execute("DELETE FROM log WHERE first > ?", (seq,))  # type: ignore[attr-defined]
    async with opened(tmp_path) as pit:
        assert pit.sequencer.applied_seq == seq
        (order,) = await pit.orders(ALICE)
        assert (order.order_id, order.status, order.executed_qty) == (kept.order_id, NEW, 0)
        assert await asked(pit.history.trades, SYMBOL) == []
        assert await pit.orders(BOB) == []


async def test_in_memory_worlds_have_a_history_too(tmp_path: Path) -> None:
    async with opened(tmp_path, memory=True) as pit:
        await trade(pit, 3)
        assert len(await asked(pit.history.my_trades, 1, SYMBOL)) == 3


async def test_a_refused_order_leaves_no_row(tmp_path: Path, where: str) -> None:
    async with opened(tmp_path) as pit:
        await trade(pit, 1)
        with pytest.raises(Reject):
            await pit.sell(ALICE, 50_000, 1_000_000)
        await settled(pit, where)
        assert len(await pit.orders(ALICE)) == 1


async def test_a_history_that_cannot_be_written_makes_commands_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Memory stays bounded, nothing is lost, and a stop does not hang."""
    monkeypatch.setattr(projecting, "_TOO_MANY", 50)
    monkeypatch.setattr(projecting, "_ENOUGH", 10)
    monkeypatch.setattr(projecting, "_AGAIN_S", 0.02)
    async with opened(tmp_path) as pit:
        write = pit.projector.store.write
        full = True

        def writing(chunk: Any) -> None:
            if full:
                raise OSError("No space left on device")
            write(chunk)

        monkeypatch.setattr(pit.projector.store, "write", writing)

        def closed() -> asyncio.Task[Any]:
            return asyncio.ensure_future(pit.buy(BOB, 40_000, 0.001, time_in_force=IOC))

        tasks = [closed() for _ in range(100)]
        await asyncio.sleep(0.2)
        tasks += [closed() for _ in range(20)]
        await asyncio.sleep(0.1)
        assert [task.done() for task in tasks] == [True] * 100 + [False] * 20
        assert "cannot be written: No space left" in caplog.text
        full = False
        await asyncio.gather(*tasks)
        assert len(await pit.orders(BOB)) == 120
        full = True
        await closed()
    assert "The log has it" in caplog.text
    async with opened(tmp_path) as pit:
        assert len(await pit.orders(BOB)) == 121
