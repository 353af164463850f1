"""Two clocks: the world's, which business life follows, and the wall's, which transport follows."""

from __future__ import annotations

import time
from typing import Final, Protocol

REAL: Final = 1_000  # speed in thousandths of the wall's
FROZEN: Final = 0
MAX_SPEED: Final = 100_000_000  # a hundred thousand times the wall's
LONGEST_WAIT_S: Final = 86_400.0


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
    """The world's time follows the wall's from a common moment at `speed` thousandths of it.

    Speed 0 is a frozen clock: time passes only when it is set forward. It is never set back.
    """

    def __init__(self, offset_us: int = 0) -> None:
        self.speed = REAL
        self._wall_us = wall_us()
        self._base_us = self._wall_us + offset_us

    @staticmethod
    def showing(at_us: int, speed: int) -> WorldClock:
        """A clock that shows `at_us` now, to the microsecond, and goes on at `speed`."""
        clock = WorldClock()
        clock.speed = speed
        clock._base_us = at_us
        return clock

    @property
    def offset_us(self) -> int:
        """How far the world is ahead of the wall now."""
        return self.now_us() - wall_us()

    def now_us(self) -> int:
        passed_us = wall_us() - self._wall_us
        return self._base_us + passed_us * self.speed // REAL

    def wait_s(self, until_us: int) -> float:
        left_us = until_us - self.now_us()
        if left_us <= 0:
            return 0.0
        if self.speed == FROZEN:
            return LONGEST_WAIT_S
        return min(left_us * REAL / self.speed / 1_000_000, LONGEST_WAIT_S)

    def set(self, at_us: int, speed: int | None = None) -> None:
        """Show `at_us` now, and go on at `speed` (None: as before). A moment that is over already
        leaves the time as it is."""
        now_us = self.now_us()
        self._wall_us = wall_us()
        self._base_us = max(at_us, now_us)
        if speed is not None:
            self.speed = speed
