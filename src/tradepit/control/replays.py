"""Replays under their user's hand: import files of the public archive, pause, seek, remove.

What is told of a tape is journaled print by print; what is wrong with a file, or cannot be done, is
refused in words of its own (-1130), and then nothing changed. See docs/replay.md.
"""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path
from typing import Annotated, Final, TypeVar

from tradepit.catalog.fields import Amount, Bool, Long, OneOf, String, SymbolName, Text, Time
from tradepit.catalog.kinds import TextList
from tradepit.catalog.language import Ask, Reply, operation
from tradepit.control.basics import Console, Nothing
from tradepit.control.clock import speed_of
from tradepit.control.ports import Playing
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.gateways.answers import refusal

T = TypeVar("T")

INVALID: Final = Reject("INVALID_PARAMETER").code

FileNames = Annotated[
    tuple[str, ...],
    TextList(Text(r"[^\x00-\x1f]{1,1000}", legal="a path"), "a JSON list of paths", single=True),
]
Placing = Annotated[str, OneOf(("now", "start"))]


class ReplayRow(Reply):
    symbol: String
    kind: String
    state: String
    rows: Long
    rows_told: Long
    gaps: Long
    first_gap: Time | None
    start_time: Time
    end_time: Time
    tape_time: Time
    shift_us: int


def _row(found: Playing) -> ReplayRow:
    return ReplayRow(
        symbol=found.symbol,
        kind=found.kind,
        state=found.state,
        rows=found.rows,
        rows_told=found.rows_told,
        gaps=found.gaps,
        first_gap=found.first_gap_us if found.first_gap_us >= 0 else None,
        start_time=found.start_us,
        end_time=found.end_us,
        tape_time=found.at_us,
        shift_us=found.shift_us,
    )


async def _done(work: Awaitable[Playing]) -> ReplayRow:
    try:
        return _row(await work)
    except ValueError as wrong:
        raise refusal(400, str(wrong), INVALID) from None


@operation("GET /_tradepit/v1/replays")
def list_replays(pit: Exchange, history: Console, who: Who, ask: Nothing) -> list[ReplayRow]:
    """The symbols that are replayed, and how far each tape is."""
    return [_row(found) for found in history.replays.rows()]


class AddReplay(Ask):
    files: FileNames
    symbol: SymbolName | None = None
    at: Placing | None = None
    pace: Amount | None = None


@operation("POST /_tradepit/v1/replays")
def add_replay(
    pit: Exchange, history: Console, who: Who, ask: AddReplay
) -> ReplayRow | Awaitable[ReplayRow]:
    """Let files on the server's machine be a symbol's tape: klines, trades or aggTrades of the
    public archive, zip or csv. `at`: `now` (shifted) or `start` (at their own times)."""
    speed = None if ask.pace is None else speed_of(ask.pace, "pace")

    async def later() -> ReplayRow:
        files = [Path(name) for name in ask.files]
        row = await _done(history.replays.add(files, ask.symbol or "", ask.at or "now"))
        if speed is not None:
            await history.pace(speed)
        return row

    return later()


class HoldReplay(Ask):
    symbol: SymbolName
    paused: Bool


@operation("PUT /_tradepit/v1/replays")
def hold_replay(
    pit: Exchange, history: Console, who: Who, ask: HoldReplay
) -> ReplayRow | Awaitable[ReplayRow]:
    """Pause a tape, or let it go on where it was."""
    return _done(history.replays.hold(ask.symbol, ask.paused))


class SeekReplay(Ask):
    symbol: SymbolName
    to: Time


@operation("POST /_tradepit/v1/replays/seek")
def seek_replay(
    pit: Exchange, history: Console, who: Who, ask: SeekReplay
) -> ReplayRow | Awaitable[ReplayRow]:
    """Set the world's clock forward to where a tape comes to a time of its own; all on the way is
    told."""

    async def later() -> ReplayRow:
        try:
            await history.advance(history.replays.place_of(ask.symbol, ask.to))
        except ValueError as wrong:
            raise refusal(400, str(wrong), INVALID) from None
        return next(_row(r) for r in history.replays.rows() if r.symbol == ask.symbol)

    return later()


class RemoveReplay(Ask):
    symbol: SymbolName


@operation("DELETE /_tradepit/v1/replays")
def remove_replay(
    pit: Exchange, history: Console, who: Who, ask: RemoveReplay
) -> ReplayRow | Awaitable[ReplayRow]:
    """End a replay: the symbol is its residents' again."""
    return _done(history.replays.remove(ask.symbol))
