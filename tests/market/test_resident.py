"""The maker in a real world: full books, balanced accounts, and silence where nothing trades."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tradepit.config import Config
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.core.symbols import Symbol
from tradepit.core.terms import BUY, MARKET, SELL
from tradepit.core.units import ONE
from tradepit.market import maker
from tradepit.market.maker import ACCOUNTS, RUNGS
from tradepit.products.spot.orders import PlaceOrder
from tradepit.server import Hall

PLACE = "POST /api/v3/order"


@pytest.fixture(autouse=True)
def _no_beats_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maker, "BEAT_S", 3600.0)


@asynccontextmanager
async def living(settings: Config) -> AsyncIterator[Hall]:
    hall = Hall(settings)
    await hall.start()
    try:
        yield hall
    finally:
        await hall.stop()


def depth(symbol: Symbol) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    return symbol.book.bids.depth(5000), symbol.book.asks.depth(5000)


async def take(hall: Hall, symbol: str, side: int, qty: int) -> None:
    who = Who(hall.pit.names["alice"])
    await hall.sequencer.submit(
        who, PLACE, PlaceOrder(symbol=symbol, side=side, type=MARKET, quantity=qty)
    )


def check(pit: Exchange) -> None:
    assert pit.audit() == []
    for name in ACCOUNTS:
        account = pit.accounts[pit.names[name]]
        assert account.quiet
        for symbol, opened in account.symbols.items():
            assert len(opened.orders) <= pit.symbols[symbol].max_orders
            assert not opened.finished


async def test_every_book_is_full_at_the_first_answer() -> None:
    async with living(Config(memory=True)) as hall:
        for symbol in hall.pit.symbols.values():
            bids, asks = depth(symbol)
            assert len(bids) == len(asks) == RUNGS, symbol.name
        check(hall.pit)
        assert all(hall.healthy().values())


@pytest.mark.parametrize("side", [BUY, SELL])
async def test_what_alice_takes_moves_the_price_and_comes_back(side: int) -> None:
    async with living(Config(memory=True)) as hall:
        assert hall.maker is not None
        symbol = hall.pit.symbols["ETHUSDT"]
        before = depth(symbol)
        for _ in range(3):
            await take(hall, "ETHUSDT", side, 30 * ONE)
        left = depth(symbol)
        assert len(left[side == BUY]) < RUNGS
        last = symbol.last_price
        assert (last > before[1][0][0]) if side == BUY else (last < before[0][0][0])
        await hall.maker.beat()
        bids, asks = depth(symbol)
        assert len(bids) == len(asks) == RUNGS
        assert bids[0][0] <= last <= asks[0][0]
        check(hall.pit)


async def test_a_quiet_market_writes_nothing() -> None:
    async with living(Config(memory=True)) as hall:
        assert hall.maker is not None
        before = hall.sequencer.applied_seq
        for _ in range(50):
            await hall.maker.beat()
        assert hall.sequencer.applied_seq == before


async def test_the_books_are_there_after_a_restart_and_nothing_is_quoted_twice(
    tmp_path: Path,
) -> None:
    settings = Config(data=tmp_path / "world")
    async with living(settings) as hall:
        await take(hall, "BTCUSDT", BUY, ONE)
        assert hall.maker is not None
        await hall.maker.beat()
        known, seq = hall.pit.state_hash(), hall.sequencer.applied_seq
    async with living(settings) as hall:
        assert hall.pit.state_hash() == known
        assert hall.sequencer.applied_seq == seq


async def test_the_same_seed_makes_the_same_books() -> None:
    books = []
    for seed in (5, 5, 6):
        async with living(Config(memory=True, seed=seed)) as hall:
            books.append({name: depth(s) for name, s in hall.pit.symbols.items()})
    assert books[0] == books[1]
    assert books[0] != books[2]


async def test_an_empty_market_is_empty() -> None:
    async with living(Config(memory=True, market="empty")) as hall:
        assert all(depth(symbol) == ([], []) for symbol in hall.pit.symbols.values())
        assert all(hall.healthy().values())
