"""The snapshots of a world, and its ways back: load, reset, rewind; and fork. See docs/worlds.md.

What is asked is of the world that the request is addressed to.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Final

from tradepit.catalog.fields import Between, Int, Long, Time
from tradepit.catalog.kinds import INT64_MAX, Upload
from tradepit.catalog.language import Ask, operation
from tradepit.control.basics import Console, Nothing
from tradepit.control.clock import Duration, duration_us
from tradepit.control.keeping import Comparison, SnapshotRow, WorldName, WorldRow
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.gateways.answers import Page

LISTED: Final = 10_000  # differences in one answer
ARCHIVE: Final = b"application/zip"


class NameSnapshot(Ask):
    name: WorldName


@operation("GET /_tradepit/v1/snapshots")
def list_snapshots(
    pit: Exchange, history: Console, who: Who, ask: Nothing
) -> list[SnapshotRow] | Awaitable[list[SnapshotRow]]:
    """The world's snapshots, oldest first."""
    return history.keeper.shelf(history.world).rows()


@operation("POST /_tradepit/v1/snapshots")
def save_snapshot(
    pit: Exchange, history: Console, who: Who, ask: NameSnapshot
) -> SnapshotRow | Awaitable[SnapshotRow]:
    """Save all of the world as it is now, under a name: state, history, clock, market, replays."""
    return history.keeper.shelf(history.world).save(ask.name)


@operation("DELETE /_tradepit/v1/snapshots")
def delete_snapshot(
    pit: Exchange, history: Console, who: Who, ask: NameSnapshot
) -> SnapshotRow | Awaitable[SnapshotRow]:
    """Remove a snapshot."""
    return history.keeper.shelf(history.world).drop(ask.name)


@operation("POST /_tradepit/v1/snapshots/load")
def load_snapshot(
    pit: Exchange, history: Console, who: Who, ask: NameSnapshot
) -> WorldRow | Awaitable[WorldRow]:
    """Let the world go on from a snapshot: state, history and clock are as they were then, sockets
    are closed."""
    return history.keeper.shelf(history.world).load(ask.name)


@operation("GET /_tradepit/v1/snapshots/export")
def export_snapshot(
    pit: Exchange, history: Console, who: Who, ask: NameSnapshot
) -> Page | Awaitable[Page]:
    """A snapshot as one file, a zip archive, to be brought into another world or server. The keys
    of the world are in it."""
    return _packed(history.keeper.shelf(history.world).export(ask.name))


async def _packed(archive: Awaitable[bytes]) -> Page:
    return Page(200, await archive, ARCHIVE)


class ImportSnapshot(Ask, kw_only=True):
    name: WorldName | None = None
    archive: Annotated[bytes, Upload()]


@operation("POST /_tradepit/v1/snapshots/import")
def import_snapshot(
    pit: Exchange, history: Console, who: Who, ask: ImportSnapshot
) -> SnapshotRow | Awaitable[SnapshotRow]:
    """Make an exported snapshot one of this world's, under its own name or another. The archive is
    the request's body, as application/zip; one that is not whole is refused."""
    return history.keeper.shelf(history.world).bring(ask.name, ask.archive)


class Compare(Ask):
    before: WorldName
    after: WorldName | None = None
    limit: Annotated[Int, Between(1, LISTED)] = 1_000


@operation("GET /_tradepit/v1/snapshots/diff")
def compare_snapshots(
    pit: Exchange, history: Console, who: Who, ask: Compare
) -> Comparison | Awaitable[Comparison]:
    """What changed from one snapshot to another, or to now: clock, prices, balances, open orders,
    positions. Of residents only prices are compared."""
    return history.keeper.shelf(history.world).compare(ask.before, ask.after, ask.limit)


@operation("POST /_tradepit/v1/worlds/reset")
def reset_world(
    pit: Exchange, history: Console, who: Who, ask: Nothing
) -> WorldRow | Awaitable[WorldRow]:
    """Let the world be born again, with the seed and the settings of its birth. Its snapshots
    stay."""
    return history.keeper.shelf(history.world).reset()


class Rewind(Ask):
    to: Time | None = None
    by: Duration | None = None
    seq: Annotated[Long, Between(0, INT64_MAX)] | None = None


@operation("POST /_tradepit/v1/worlds/rewind")
def rewind_world(
    pit: Exchange, history: Console, who: Who, ask: Rewind
) -> WorldRow | Awaitable[WorldRow]:
    """Take the world back to a time, by a duration, or to just after command `seq`; its clock shows
    that time again, sockets are closed. What came later is lost unless it was saved."""
    if (ask.to is not None) + (ask.by is not None) + (ask.seq is not None) != 1:
        raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
    to_us = ask.to
    if ask.by is not None:
        to_us = history.clock.now_us() - duration_us(ask.by)
    return history.keeper.shelf(history.world).rewind(to_us, ask.seq)


class Fork(Ask):
    name: WorldName
    snapshot: WorldName | None = None


@operation("POST /_tradepit/v1/worlds/fork")
def fork_world(
    pit: Exchange, history: Console, who: Who, ask: Fork
) -> WorldRow | Awaitable[WorldRow]:
    """Serve a second world that has this one's past, until now or until a snapshot. They share
    nothing from then on."""
    return history.keeper.shelf(history.world).fork(ask.name, ask.snapshot)
