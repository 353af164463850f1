"""The residents keep the futures' books and trade on them."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from tests.futures_data.ask import BORN_US

from tradepit.config import Config
from tradepit.core.contracts import Contract
from tradepit.core.records import Who
from tradepit.core.rejects import CANCEL_REJECTED, Reject
from tradepit.core.terms import BUY, GTC, IOC, SELL
from tradepit.core.units import ONE
from tradepit.market.futures import MOST_HELD, FuturesResidents
from tradepit.market.presets import PRESETS
from tradepit.market.takers import NOISE
from tradepit.products.futures.batch import (
    FUTURES_BATCH,
    FuturesBatch,
    FuturesBatched,
    Part,
    Wanted,
)
from tradepit.worlds.hall import Hall

MINUTE_US = 60_000_000
DAY_US = 86_400_000_000


def spread_parts(contract: Contract) -> int:
    """The spread in millionths of the price, what a tick takes off."""
    bid, ask = contract.book.bids.best(), contract.book.asks.best()
    assert bid and ask, contract.name
    return max(ask - bid - 6 * contract.tick_size, 0) * 1_000_000 // bid


def check_pasts(hall: Hall) -> None:
    """Contracts have a past that walks with their index, and the live tape goes on from it."""
    for contract in hall.pit.contracts.values():
        past = contract.tape.past
        if past is None:  # it was listed today
            assert not contract.perpetual
            continue
        spot = hall.pit.symbols[contract.index_symbol].tape.past
        assert spot is not None
        for days in (1, 100, 300):
            end_us = hall.pit.born_us - days * DAY_US
            if end_us - MINUTE_US < past.first_us():
                assert not contract.perpetual
                continue
            (mine,) = past.bars_before(MINUTE_US, end_us, 1)
            (other,) = spot.bars_before(MINUTE_US, end_us, 1)
            index = other.close * contract.index_units
            if not contract.perpetual:  # 5 % a year
                index += index * (contract.delivery_us - end_us) // (20 * 365 * DAY_US)
            assert abs(mine.close - index) * 125 < index, (contract.name, days)
        assert contract.next_trade_id > past.last_trade()[0] > 0


async def test_fresh_books_are_liquid_and_stay_so() -> None:
    hall = Hall(Config(memory=True, market="normal", seed=3, time="2025-06-11T10:00:00"))
    await hall.start()
    try:
        await hall.pace(0)
        contracts = hall.pit.contracts.values()
        for contract in contracts:
            levels = 20 if contract.perpetual else 10
            assert len(contract.book.bids.levels) >= levels // 2, contract.name
            assert spread_parts(contract) < 500
        check_pasts(hall)
        await hall.advance(hall.clock.now_us() + 120 * MINUTE_US)
        for contract in contracts:
            assert spread_parts(contract) < 500
            assert contract.tape.count > 5, contract.name
            assert contract.open_long > 0
            # Where it trades is where it is worth it: the index and a year's carry at most.
            away = abs(contract.last_price - contract.marks.index) * 1000 // contract.marks.index
            assert away < (10 if contract.perpetual else 40), contract.name
            assert abs(contract.marks.premium) < ONE // 200
        assert hall.pit.audit() == []
        assert all(hall.healthy().values())
        for venue in (1, 2):
            makers = hall.pit.trader(hall.pit.names["maker-1"], venue)
            assert {holding.leverage for holding in makers.holdings.values()} == {1}
    finally:
        await hall.stop()


async def test_an_empty_market_has_empty_books() -> None:
    hall = Hall(Config(memory=True, market="empty", seed=3))
    await hall.start()
    try:
        assert not any(c.book.bids.best() for c in hall.pit.contracts.values())
    finally:
        await hall.stop()


async def test_a_batch_tells_what_became_of_each_item() -> None:
    hall = Hall(Config(memory=True, market="empty", seed=3))
    await hall.start()
    try:
        who = Who(hall.pit.names["maker-1"])
        price = hall.pit.contracts["BTCUSDT"].marks.mark // ONE * ONE
        orders = (
            Wanted(side=BUY, tif=GTC, price=price, qty=ONE // 100),
            Wanted(side=BUY, tif=GTC, price=price, qty=1),  # no step of the lot
            Wanted(side=SELL, tif=IOC, price=price + ONE, qty=ONE // 100),
        )
        ask = FuturesBatch(
            parts=(
                Part(symbol="BTCUSDT", leverage=3, cancels=(7,), orders=orders),
                Part(symbol="NOSUCH", orders=orders[:1]),
            )
        )
        done: Any = await hall.sequencer.submit(who, FUTURES_BATCH, ask)
        assert isinstance(done, FuturesBatched)
        (gone, first, refused, immediate), unknown = done.parts
        assert (gone, unknown) == (CANCEL_REJECTED, [Reject("INVALID_SYMBOL").code])
        assert first > 0 and immediate > 0 and refused < 0
        holding = hall.pit.trader(who.owner, 1).holdings["BTCUSDT"]
        assert list(holding.opened.orders) == [first] and holding.leverage == 3
        ask = FuturesBatch(parts=(Part(symbol="BTCUSDT", cancels=(first,)),))
        done = await hall.sequencer.submit(who, FUTURES_BATCH, ask)
        assert done.parts == [[0]] and not holding.opened.orders
    finally:
        await hall.stop()


@pytest.mark.parametrize("symbol", ["BTCUSDT", "BTCUSD_PERP"])
async def test_who_holds_too_much_goes_home(symbol: str) -> None:
    hall = Hall(Config(memory=True, market="frozen", seed=3))
    await hall.start()
    try:
        contract = hall.pit.contracts[symbol]
        residents = FuturesResidents(hall.sequencer, 3, PRESETS["normal"])
        held = hall.pit.trader(hall.pit.names[NOISE], contract.venue).holding(contract)

        def sides() -> set[int]:
            parts = [residents.take(contract, beat) for beat in range(60)]
            return {order.side for part in parts if part is not None for order in part.orders}

        assert sides() == {BUY, SELL}
        much = 2 * MOST_HELD // (100 if contract.inverse else contract.marks.mark // ONE)
        for qty, side in ((much, SELL), (-much, BUY)):
            held.positions[0].qty = qty
            assert sides() == {side}
        held.positions[0].qty = 0
    finally:
        await hall.stop()


def test_a_basis_wanders_within_bounds() -> None:
    class World:
        key = "usdm:X"
        perpetual = True

        class marks:
            index = 10**13

    born = SimpleNamespace(machine=SimpleNamespace(born_us=BORN_US))
    residents = FuturesResidents(born, 5, PRESETS["normal"])  # type: ignore[arg-type]
    seen = [residents.fair(World, BORN_US + n * 10_000_000) for n in range(2_000)]
    away = [(price - 10**13) * 1_000_000 // 10**13 for price in seen]
    assert max(away) <= 250 and min(away) >= -250 and max(away) - min(away) > 100
    steps = [abs(b - a) for a, b in pairwise(away)]
    assert max(steps) <= 7  # it never jumps
    assert away[0] == 0, "where the past ends"
