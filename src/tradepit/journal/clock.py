"""Two clocks: the world's, which business life follows, and the wall's, which transport follows."""

from __future__ import annotations

import time
from typing import Protocol


def wall_us() -> int:
    """The machine's own time, microseconds since 1970."""
    return time.time_ns() // 1000


class Clock(Protocol):
    """What the sequencer asks of a world's clock."""

    def now_us(self) -> int:
        """The world's time, microseconds since 1970."""

    def wait_s(self, until_us: int) -> float:
        """Seconds of the wall's time until the world's clock shows `until_us`; 0 when it did."""


class WorldClock:
    """The wall's time plus an offset.

    The world's time is `now_us`; how it follows from the wall's is known only here, so that
    another pace (faster, frozen, stepped) is another clock behind the same two questions.
    """

    def __init__(self, offset_us: int = 0) -> None:
        self.offset_us = offset_us

    def now_us(self) -> int:
        return time.time_ns() // 1000 + self.offset_us

    def wait_s(self, until_us: int) -> float:
        return max(0, until_us - self.now_us()) / 1_000_000
