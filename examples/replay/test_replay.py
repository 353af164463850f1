"""A day of the public archive as the market of a test. The file here was made up, in the archive's
own format; real ones are at data.binance.vision."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

FILE = Path(__file__).with_name("BTCUSDT-1m-2024-01-01.csv")
ROWS = list(csv.reader(FILE.open()))
LOW = min(Decimal(row[3]) for row in ROWS)
HIGH = max(Decimal(row[2]) for row in ROWS)

# The clock begins a minute before the file does, so that the file keeps its own times.
pytestmark = pytest.mark.pit(market="empty", symbols=["BTCUSDT"], time="2023-12-31T23:59:00")


@pytest.fixture
def day(pit):
    return pit.replay(FILE, at="start")


def test_candles_are_the_files_to_the_last_digit(day, pit, pit_clock):
    pit_clock.set("2024-01-01T03:00:01")
    told = pit.get("/api/v3/klines", symbol="BTCUSDT", interval="1m", limit=1000)
    told = [[str(cell) for cell in row] for row in told if row[8]]
    assert told == [row for row in ROWS if row[8] != "0"]


def test_who_waits_below_is_filled_on_the_way(day, pit_alice, pit_clock):
    bid = pit_alice.buy("BTCUSDT", "0.01", LOW + 5)
    pit_clock.set("2024-01-01T03:00:01")
    bid = pit_alice.order("BTCUSDT", order_id=bid["orderId"])
    assert (bid["status"], Decimal(bid["price"])) == ("FILLED", LOW + 5)


def test_who_asks_for_too_much_is_not(day, pit_alice, pit_clock):
    ask = pit_alice.sell("BTCUSDT", "0.01", HIGH + 1)
    pit_clock.set("2024-01-01T03:00:01")
    assert pit_alice.order("BTCUSDT", order_id=ask["orderId"])["status"] == "NEW"


def test_a_stop_is_set_off_at_its_time(day, pit_alice, pit_clock):
    first = next(row for row in ROWS if Decimal(row[3]) < LOW + 20)
    stop = pit_alice.sell("BTCUSDT", "0.01", type="STOP_LOSS", stop_price=LOW + 20)
    pit_clock.set("2024-01-01T03:00:01")
    stop = pit_alice.order("BTCUSDT", order_id=stop["orderId"])
    assert stop["status"] == "FILLED"
    assert int(first[0]) <= stop["updateTime"] <= int(first[6])
