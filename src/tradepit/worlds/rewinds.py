"""Taking a world back along its own log: to a moment, or to a command."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tradepit.core.exchange import Exchange
from tradepit.core.records import Command
from tradepit.journal.port import RULES, Log, Snapshot
from tradepit.journal.records import decode, voided_by
from tradepit.journal.recovery import Origins, World, pack_state, uncollected
from tradepit.worlds.images import (
    TAPES,
    ImageError,
    Made,
    going_on,
    link_tapes,
    log_upto,
    put_state,
)
from tradepit.worlds.recipes import Recipe


class _Moment(msgspec.Struct):
    at_us: int


class Back(msgspec.Struct, frozen=True):
    """Where to: the last command that stays, and what the clock is to show."""

    seq: int
    at_us: int


def earliest(log: Log) -> Back:
    """How far back a log reaches: its oldest snapshot. Raises: ImageError when there is none."""
    seqs = log.snapshots()
    found = log.load_snapshot(at_most=seqs[0]) if seqs else None
    if found is None:
        raise ImageError("This world's log has no snapshot to go back to.")
    return Back(found.seq, msgspec.msgpack.decode(found.blob, type=_Moment).at_us)


def back_to_time(log: Log, origins: Origins[Exchange], at_us: int, last: int) -> Back:
    """After the last command up to a moment. last: the newest command that was applied."""
    first = earliest(log)
    low, high = first.seq, last  # command `low` is not later than the moment, or the oldest
    while low < high:
        middle = (low + high + 1) // 2
        if _time_of(log, origins, middle, high) <= at_us:
            low = middle
        else:
            high = middle - 1
    return Back(low, at_us)


def back_to_seq(log: Log, origins: Origins[Exchange], seq: int) -> Back:
    """After a command."""
    first = earliest(log)
    if seq <= first.seq:
        return Back(seq, first.at_us)
    at_us = first.at_us
    for number, record in log.read(max(first.seq, seq - 1)):
        found = decode(number, record, origins.codec)
        if isinstance(found, Command):
            at_us = found.at_us
        break
    return Back(seq, at_us)


def _time_of(log: Log, origins: Origins[Exchange], seq: int, upto: int) -> int:
    """When command `seq` was, or the next one up to `upto` (voids and upgrades have no time)."""
    for number, record in log.read(seq - 1):
        found = decode(number, record, origins.codec)
        if isinstance(found, Command):
            return found.at_us
        if number >= upto:
            break
    return 0


def rewound(log: Log, origins: Origins[Exchange], back: Back) -> tuple[Exchange, Snapshot]:
    """The state after `back`, made anew from the nearest snapshot and the log.

    Raises: JournalError.
    """
    nearest = log.load_snapshot(at_most=back.seq)
    if nearest is None or nearest.rules != RULES:
        raise ImageError(
            "What the world was then was written by other rules than this program's: it cannot be"
            " played again. Go back less far."
        )
    twin: World[Exchange] = World(log, origins, None)  # type: ignore[arg-type]  # rebuilt at once
    twin.voided = {voided_by(record) for _, record in log.read(nearest.seq)}
    with uncollected():
        twin.rebuild(back.seq)
        blob = pack_state(twin.machine.dump())
    return going_on(origins, Snapshot(back.seq, RULES, blob), back.at_us)


def lay_out(
    log: Log, origins: Origins[Exchange], back: Back, places: tuple[Path, Path], recipe: Recipe
) -> Made:
    """Lay out in a folder what the world is to be then: all but the history.

    places: the world's folder, the other one. Raises: JournalError, OSError; then nothing but the
    other folder was touched.
    """
    home, into = places
    machine, snapshot = rewound(log, origins, back)
    for name, replay in machine.replays.items():
        if not (home / TAPES / replay.source).is_file():
            raise ImageError(
                f"{name} was being replayed then, and its tape is gone: the replay was removed."
                " Load a snapshot from before that."
            )
    kept = log_upto(log, into, home, back.seq)
    put_state(into, snapshot, kept)
    link_tapes(home / TAPES, into)
    return Made(machine, back.at_us, recipe, kept)
