"""Histories that an account asked to have as a file: when each is ready, and until when.

A file is no part of the state: it is made of the account's history whenever its address is called,
and tells of what had happened when it was asked for. What is kept here is forgotten after a month.
Source: the "asyn" operations of both futures documents; what they leave open is chosen, see
docs/decisions/0196-asynchronous-downloads.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tradepit.core.bars import DAY_US, civil
from tradepit.core.rejects import Reject

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange

ORDERS: Final = "order"
TRADES: Final = "trade"
INCOME: Final = "income"

LIFE_US: Final = 7 * DAY_US  # of a finished file
KEPT_US: Final = 31 * DAY_US
LEAST_US: Final = 2_000_000  # that a file takes, and what each day of its span adds
DAYS_US: Final = 80_000
ID_SHIFT: Final = 256  # ids follow the time, as the exchange's do


class Download:
    """One file. Times in µs: `start_us`..`end_us` is its span, it is ready at `ready_us`.
    `token` is the secret part of its address."""

    __slots__ = (
        "asked_us", "end_us", "id", "owner", "ready_us", "start_us", "token", "venue", "what",
    )  # fmt: skip

    def __init__(self, whose: tuple[int, int, str], span_us: tuple[int, int], token: str) -> None:
        self.id = 0
        self.owner, self.venue, self.what = whose
        self.start_us, self.end_us = span_us
        self.token = token
        self.asked_us = 0
        self.ready_us = 0

    @property
    def expires_us(self) -> int:
        return self.ready_us + LIFE_US

    def dump(self) -> list[object]:
        return [
            self.id, self.owner, self.venue, self.what, self.start_us, self.end_us, self.token,
            self.asked_us, self.ready_us,
        ]  # fmt: skip


def load(row: list) -> Download:  # type: ignore[type-arg]
    """A download from `dump()`."""
    found = Download((row[1], row[2], row[3]), (row[4], row[5]), row[6])
    found.id, found.asked_us, found.ready_us = row[0], row[7], row[8]
    return found


def ask_for(pit: Exchange, wanted: Download, most: int) -> Download:
    """Have a file made; `most` of its kind a calendar month. Raises: Reject TOO_MANY_DOWNLOADS."""
    known = pit.downloads
    for found in [each for each in known.values() if each.asked_us < pit.at_us - KEPT_US]:
        del known[found.id]
    mine = (wanted.owner, wanted.venue, wanted.what)
    month = civil(pit.at_us // DAY_US)
    asked = 0
    for found in known.values():
        same = (found.owner, found.venue, found.what) == mine
        if same and civil(found.asked_us // DAY_US) == month:
            asked += 1
    if asked >= most:
        raise Reject("TOO_MANY_DOWNLOADS", most)
    last = max(known, default=0)
    wanted.id = max(pit.at_us * ID_SHIFT, last + 1)
    wanted.asked_us = pit.at_us
    days = (wanted.end_us - wanted.start_us) // DAY_US
    wanted.ready_us = pit.at_us + LEAST_US + days * DAYS_US
    known[wanted.id] = wanted
    return wanted


def usual_us(pit: Exchange, like: Download) -> int:
    """How long files of this kind took, of those asked for in the last thirty days; µs."""
    since_us = pit.at_us - 30 * DAY_US
    took = [
        each.ready_us - each.asked_us
        for each in pit.downloads.values()
        if (each.venue, each.what) == (like.venue, like.what) and each.asked_us >= since_us
    ]
    return sum(took) // len(took)
