"""Bots load a thousand candles before they do anything."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from binance import Client
from tests.clients.pits import Pit
from tests.clients.test_ccxt import exchange

from tradepit.core.bars import INTERVALS

pytestmark = pytest.mark.clients


def test_ccxt_loads_them(lively: Pit) -> None:
    alice = exchange(lively, "alice")
    alice.load_markets()
    years = {"3d": 600, "1w": 250, "1M": 58}  # as many as five years have
    for interval in INTERVALS:
        rows = alice.fetch_ohlcv("BTC/USDT", interval, limit=1000)
        assert len(rows) >= years.get(interval, 1000)
        for before, after in pairwise(rows):
            assert before[0] < after[0]
            _, open_, high, low, close, volume = after
            assert low <= min(open_, close) <= max(open_, close) <= high and volume >= 0


def test_python_binance_pages_through_a_year(lively: Pit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "API_URL", lively.url + "/api")
    client = Client(*lively.keys["alice"], ping=False)
    day_ms = 86_400_000
    until = int(time.time()) * 1000 // day_ms * day_ms
    hours = client.get_historical_klines("ETHBTC", "1h", until - 90 * day_ms, until - 1)
    days = client.get_historical_klines("ETHBTC", "1d", until - 90 * day_ms, until - 1)
    assert (len(hours), len(days)) == (90 * 24, 90)
    for column in (5, 7, 9, 10):
        for number, day in enumerate(days):
            parts = [round(float(h[column]) * 1e8) for h in hours[24 * number : 24 * number + 24]]
            assert sum(parts) == round(float(day[column]) * 1e8)
