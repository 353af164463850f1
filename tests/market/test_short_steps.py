"""A clock that is stepped by seconds, while nobody listens: the market lives all the same."""

from __future__ import annotations

import pytest
from tests.market.test_residents import living, still  # noqa: F401

from tradepit.config import Config
from tradepit.core.records import Who
from tradepit.core.terms import BUY, MARKET
from tradepit.core.units import ONE
from tradepit.products.spot.orders import PlaceOrder

SECOND_US = 1_000_000


@pytest.mark.usefixtures("still")
async def test_a_swept_book_recovers_second_by_second() -> None:
    async with living(Config(memory=True, seed=3)) as (hall, _residents):
        symbol = hall.pit.symbols["BTCUSDT"]
        first_id, levels = symbol.next_trade_id, len(symbol.book.asks.depth(1_000))
        ask = PlaceOrder(symbol="BTCUSDT", side=BUY, type=MARKET, quantity=9 * ONE)
        await hall.sequencer.submit(Who(hall.pit.names["alice"]), "POST /api/v3/order", ask)
        swept = symbol.book.asks.best()
        left = len(symbol.book.asks.depth(1_000))
        assert left < levels * 17 // 20
        for _ in range(30):
            await hall.advance(hall.clock.now_us() + SECOND_US)
        assert symbol.book.asks.best() < swept, "the price comes back"
        assert len(symbol.book.asks.depth(1_000)) > levels * 9 // 10
        assert symbol.next_trade_id > first_id + 10
        assert hall.healthy() == {"orders": True, "market": True, "residents": True}
