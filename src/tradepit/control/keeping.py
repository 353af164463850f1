"""What the operations about worlds and snapshots ask of the server, and what they answer."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Final, NamedTuple, Protocol

from tradepit.catalog.fields import Amount, Bool, Long, String, Time
from tradepit.catalog.kinds import Safe
from tradepit.catalog.language import Reply

NAME: Final = r"[a-z0-9][a-z0-9-]{0,31}"
WorldName = Annotated[str, Safe(NAME, legal=f"^{NAME}$")]
MARKETS: Final = ("calm", "normal", "wild", "flash-crash", "thin", "frozen", "empty")


class Plan(NamedTuple):
    """A world that is to be. What is None is as in the server's first world. time_us 0: now."""

    name: str
    seed: int | None
    market: str | None
    limits: str | None
    symbols: tuple[str, ...]
    accounts: tuple[str, ...]
    time_us: int
    speed: int


class WorldRow(Reply):
    """A world as it is listed. What is wrong with one that could not be opened is in `closed`."""

    name: String
    url: String
    seed: Long
    market: String
    limits: String
    symbols: Long
    accounts: Long
    commands: Long
    now: Time
    speed: Amount
    first: Bool
    closed: String | None


class Keeper(Protocol):
    """Keeps the worlds of a server. Every method raises Reject, with words for its reason."""

    def rows(self) -> list[WorldRow]:
        """All worlds, the first one first."""

    def create(self, plan: Plan) -> Awaitable[WorldRow]: ...

    def delete(self, name: str) -> Awaitable[WorldRow]: ...

    def shelf(self, world: str) -> Shelf:
        """The snapshots of a world, and the world's ways back."""


class SnapshotRow(Reply):
    """A saved snapshot: the last command in it, what the world's clock showed, a digest that is
    equal where states are, its bytes on disk, when it was taken (the machine's time). What keeps it
    from being loaded is in `unusable`."""

    name: String
    seq: Long
    now: Time
    digest: String
    size: Long
    taken: Time
    unusable: String | None


class Difference(Reply):
    """One thing that is not the same: `whose` account has it (or none), `which` it is."""

    what: String
    whose: String
    which: String
    before: String | None
    after: String | None


class Comparison(Reply):
    """What changed. `count`: how many differences there are, of which the first are listed."""

    before: String
    after: String
    count: Long
    differences: list[Difference]


class Shelf(Protocol):
    """See `Keeper.shelf`. Every method raises Reject, with words for its reason."""

    def rows(self) -> Awaitable[list[SnapshotRow]]:
        """All snapshots, the oldest first."""

    def save(self, name: str) -> Awaitable[SnapshotRow]: ...

    def drop(self, name: str) -> Awaitable[SnapshotRow]: ...

    def export(self, name: str) -> Awaitable[bytes]:
        """A snapshot as one file."""

    def bring(self, name: str | None, archive: bytes) -> Awaitable[SnapshotRow]:
        """Make what was exported a snapshot of this world, under another name or its own."""

    def load(self, name: str) -> Awaitable[WorldRow]:
        """Let the world go on from a snapshot."""

    def compare(self, before: str, after: str | None, limit: int) -> Awaitable[Comparison]:
        """What a later snapshot (None: the world now) has different."""

    def reset(self) -> Awaitable[WorldRow]:
        """Let the world be born again."""

    def rewind(self, to_us: int | None, seq: int | None) -> Awaitable[WorldRow]:
        """Take the world back to a moment, or to after a command."""

    def fork(self, name: str, snapshot: str | None) -> Awaitable[WorldRow]:
        """A second world that goes on from here, or from a snapshot."""
