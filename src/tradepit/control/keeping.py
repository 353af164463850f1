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
    port: int | None


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
