"""The bot's suite: each test has an exchange of its own, and nothing is mocked."""

from __future__ import annotations

import threading
import time
from decimal import Decimal

import pytest
from grid_bot import Grid, GridBot

# Nobody else trades: what fills is what the test's own counterparty, bob, fills.
pytestmark = pytest.mark.pit(market="empty", symbols=["BTCUSDT"])

GRID = Grid("BTCUSDT", top=Decimal(50_000), step=Decimal(100), quantity=Decimal("0.01"))


@pytest.fixture
def naps() -> list[float]:
    """How long the bot wanted to sleep, each time; it does not really."""
    return []


@pytest.fixture
def bot(pit_python_binance, naps) -> GridBot:
    return GridBot(pit_python_binance, GRID, sleep=naps.append)


def open_prices(account) -> list[tuple[str, float]]:
    return sorted((row["side"], float(row["price"])) for row in account.open_orders("BTCUSDT"))


def test_it_lays_its_grid_once(bot, pit_alice):
    assert len(bot.step()) == 3
    assert bot.step() == []
    assert open_prices(pit_alice) == [("BUY", 49_700), ("BUY", 49_800), ("BUY", 49_900)]


def test_it_sells_what_it_bought_one_step_higher(bot, pit_alice, pit_bob):
    bot.step()
    pit_bob.sell("BTCUSDT", "0.01", 49_900)
    (sell,) = bot.step()
    assert (sell["side"], float(sell["price"])) == ("SELL", 50_000)
    pit_bob.buy("BTCUSDT", "0.01", 50_000)
    (again,) = bot.step()
    assert (again["side"], again["clientOrderId"]) == ("BUY", "grid-0-1-b")


def test_a_partial_fill_is_waited_out(bot, pit_alice, pit_clock, pit_faults):
    pit_faults.add("partial-fills", account="alice", fills="0.4@0s,0.6@1m")
    bot.step()
    assert bot.step() == [], "four tenths are no reason to sell"
    pit_clock.advance("1m")
    (sell,) = bot.step()
    assert (sell["side"], sell["origQty"]) == ("SELL", "0.01000000")


@pytest.mark.parametrize("kind", ["drop-after", "timeout-after", "unavailable-after"])
def test_an_order_whose_answer_was_lost_is_not_sent_twice(bot, pit_alice, pit_faults, kind):
    lost = pit_faults.add(kind, operation="POST /api/v3/order", nth=2)
    placed = bot.step()
    assert lost.hits == 1
    assert [row["status"] for row in placed] == ["NEW"] * 3
    assert len(pit_alice.open_orders("BTCUSDT")) == 3


@pytest.mark.parametrize("kind", ["drop-before", "timeout-before", "unavailable-before"])
def test_an_order_that_never_arrived_is_sent_again(bot, pit_alice, pit_faults, kind):
    pit_faults.add(kind, operation="POST /api/v3/order", nth=2)
    bot.step()
    assert len(pit_alice.open_orders("BTCUSDT")) == 3


def test_an_order_that_cannot_be_seen_yet_is_not_sent_twice(bot, pit_alice, pit_clock, pit_faults):
    """The answer was lost, and reads lag behind: asking once would not be enough."""
    pit_faults.add("drop-after", operation="POST /api/v3/order")
    pit_faults.add("read-lag", account="alice", lag="300ms")
    bot.sleep = lambda seconds: pit_clock.advance(seconds)
    bot.step()
    pit_clock.advance("1s")
    assert len(pit_alice.open_orders("BTCUSDT")) == 3


def test_told_to_wait_it_waits_as_long_as_told(bot, naps, pit_alice, pit_faults):
    pit_faults.add("too-much-weight", account="alice", times=2)
    pit_faults.add("ip-ban", operation="POST /api/v3/order", nth=3)
    bot.step()
    assert naps == [60.0, 60.0, 120.0]
    assert len(pit_alice.open_orders("BTCUSDT")) == 3


def test_what_it_must_not_swallow(bot, pit, pit_alice):
    from binance.exceptions import BinanceAPIException

    pit.market("BTCUSDT").halt()
    with pytest.raises(BinanceAPIException) as refused:
        bot.step()
    assert refused.value.code == -2010
    assert pit.refusals(account="alice")[-1]["msg"] == "Market is closed."


@pytest.mark.parametrize("kind", ["cut-socket", "day-over", "server-shutdown", "expire-listen-key"])
def test_a_fill_while_the_stream_is_down_is_not_missed(bot, pit, pit_alice, pit_bob, kind):
    """The stream ends as the fill is told: only looking it up helps."""
    bot.sleep = lambda seconds: time.sleep(0.01)
    done = threading.Event()
    life = threading.Thread(target=bot.run, args=(pit.stream_url, done.is_set, 0.5))
    life.start()
    try:
        until(lambda: len(pit_alice.open_orders("BTCUSDT")) == 3)
        strikes = pit.faults.add(kind, account="alice", stream="user@executionReport")
        pit_bob.sell("BTCUSDT", "0.01", 49_900)
        until(lambda: ("SELL", 50_000.0) in open_prices(pit_alice))
        assert strikes.hits == 1
        assert len(pit_alice.open_orders("BTCUSDT")) == 3
    finally:
        done.set()
        life.join(10)


@pytest.mark.pit(market="normal")
def test_hours_in_a_living_market(bot, pit, pit_alice, pit_clock):
    """The market moves through the grid for five hours; the books agree in the end."""
    price = pit.market("BTCUSDT").last
    bot.grid = Grid("BTCUSDT", price, step=price // 1000, quantity=Decimal("0.01"), levels=4)
    before = pit_alice.balance("BTC").total
    for _ in range(20):
        bot.step()
        pit_clock.advance("15m")
    orders = bot.orders().values()
    filled = [row for row in orders if row["status"] == "FILLED"]
    assert len(filled) >= 4, "it traded"
    signs = {"BUY": 1, "SELL": -1}
    traded = sum(signs[row["side"]] * Decimal(row["executedQty"]) for row in orders)
    paid = sum(
        Decimal(row["commission"]) for row in pit_alice.trades("BTCUSDT")
        if row["commissionAsset"] == "BTC"
    )  # fmt: skip
    assert pit_alice.balance("BTC").total - before == traded - paid
    assert pit.audit()["balanced"]


def until(true, seconds: float = 10.0) -> None:
    """Wait for what happens on another thread."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
