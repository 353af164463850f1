"""Time that is set forward waits for who listens, and for nobody who does not read."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.control.conftest import Pit, running_pit
from tests.replay.files import START_MS, candle_lines, candles, write
from tests.streams.test_slow_readers import stalled

MINUTES = 260
NAMES = [f"btcusdt@kline_{width}" for width in ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h")]
TARGET = "/stream?streams=" + "/".join([*NAMES, "btcusdt@aggTrade", "btcusdt@trade"])


@pytest.fixture
def pit(tmp_path: Path) -> Iterator[Pit]:
    path = write(tmp_path / "BTCUSDT-1m-2024-01-01.csv", candle_lines(candles(MINUTES)))
    for found in running_pit(limits="off", replay=(str(path),)):
        found.done("PUT", "clock", speed="0")
        yield found


def forward(pit: Pit, minutes: int = MINUTES) -> float:
    """Seconds that it took."""
    began = time.monotonic()
    pit.done("POST", "clock/advance", to=START_MS + minutes * 60_000)
    return time.monotonic() - began


def test_a_slow_reader_misses_nothing(pit: Pit) -> None:
    """Far more than may wait for one socket is said on the way."""
    sock = stalled(pit.server.port, TARGET)
    data = b""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(forward, pit)
        time.sleep(0.2)
        while not done.done():
            data += sock.recv(16_384)
            time.sleep(0.0002)
    sock.settimeout(0.5)
    try:
        while part := sock.recv(1 << 20):
            data += part
        pytest.fail("it was cut")
    except TimeoutError:
        pass
    assert len(data) > 2 * 1024 * 1024
    closed = [
        json.loads(b"{" + text.split(b'"k":{', 1)[1].split(b"}", 1)[0] + b"}")
        for text in data.split(b'{"stream":')
        if b'@kline_1m"' in text and b'"x":true' in text
    ]
    assert len(closed) == MINUTES


def test_who_does_not_read_holds_nobody_up_for_long(pit: Pit) -> None:
    sock = stalled(pit.server.port, TARGET)
    assert forward(pit, 60) < 10
    assert pit.done("GET", "clock")["now"] == START_MS + 60 * 60_000
    sock.close()
