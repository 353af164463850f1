"""The world's clock under its user's hand: read it, change its pace, set it forward.

How the clock goes is journaled, so that a restarted world goes on as it did: a real one jumps to
now, any other goes on from where it stopped.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import Annotated, Final

from tradepit.catalog.fields import Amount, Long, String, Text, Time
from tradepit.catalog.language import Ask, Reply, operation
from tradepit.control.basics import Console, Nothing
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.units import ONE
from tradepit.journal.clock import MAX_SPEED, REAL

SET_CLOCK: Final = "set-clock"

_DURATION = re.compile(r"([0-9]{1,9})(us|ms|s|m|h|d|w)", re.ASCII)
_UNITS: Final = {
    "us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000,
    "d": 86_400_000_000, "w": 604_800_000_000,
}  # fmt: skip
LATEST_US: Final = 4_102_444_800_000_000  # 2100-01-01: every client can still write such a time
LEGAL: Final = "^([0-9]{1,9}(us|ms|s|m|h|d|w)){1,7}$"

Duration = Annotated[str, Text(r"(?:[0-9]{1,9}(?:us|ms|s|m|h|d|w)){1,7}", legal=LEGAL)]


def duration_us(text: str) -> int:
    """Microseconds of a duration: "90m", "1d12h", "250ms"."""
    return sum(int(number) * _UNITS[unit] for number, unit in _DURATION.findall(text))


class ClockFace(Reply):
    now: Time
    speed: Amount
    mode: String
    ahead_of_wall_us: Long


def _face(console: Console) -> ClockFace:
    clock = console.clock
    mode = "real" if clock.speed == REAL else "frozen" if clock.speed == 0 else "scaled"
    return ClockFace(
        now=clock.now_us(),
        speed=clock.speed * (ONE // REAL),
        mode=mode,
        ahead_of_wall_us=clock.offset_us,
    )


@operation("GET /_tradepit/v1/clock")
def read_clock(pit: Exchange, history: Console, who: Who, ask: Nothing) -> ClockFace:
    """The world's time, its pace, and how far it is ahead of the machine's."""
    return _face(history)


def speed_of(pace: int, name: str) -> int:
    """Thousandths of the wall's pace, of a pace in units. Raises: Reject, naming the parameter."""
    speed = pace * REAL // ONE
    if speed > MAX_SPEED or speed * (ONE // REAL) != pace:
        raise Reject("INVALID_PARAMETER", name)
    return speed


class SetPace(Ask):
    speed: Amount


@operation("PUT /_tradepit/v1/clock")
def set_pace(
    pit: Exchange, history: Console, who: Who, ask: SetPace
) -> ClockFace | Awaitable[ClockFace]:
    """Change the clock's pace: 1 is real, 0 frozen, 60 an hour a minute."""
    speed = speed_of(ask.speed, "speed")

    async def later() -> ClockFace:
        await history.pace(speed)
        return _face(history)

    return later()


class Advance(Ask):
    by: Duration | None = None
    to: Time | None = None


@operation("POST /_tradepit/v1/clock/advance")
def advance(
    pit: Exchange, history: Console, who: Who, ask: Advance
) -> ClockFace | Awaitable[ClockFace]:
    """Set the clock forward, by a duration or to a time (until 2100 at most); what falls due on
    the way happens at its time. It never goes back."""
    now_us = history.clock.now_us()
    if (ask.by is None) == (ask.to is None):
        raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
    until_us = ask.to if ask.to is not None else now_us + duration_us(ask.by or "")
    if not now_us <= until_us <= LATEST_US:
        raise Reject("INVALID_PARAMETER", "by" if ask.to is None else "to")

    async def later() -> ClockFace:
        await history.advance(until_us)
        return _face(history)

    return later()


class SetClock(Ask):
    """How the clock goes, for the log. speed: thousandths; offset_us: ahead of the wall."""

    speed: Long
    offset_us: int


@operation(SET_CLOCK)
def set_clock(pit: Exchange, who: Who, ask: SetClock) -> dict[str, int]:
    """Remember how the clock goes."""
    pit.clock_speed = ask.speed
    pit.clock_offset_us = ask.offset_us
    return {"speed": ask.speed}
