"""Listen keys: a secret in an address by which an account's events may be heard."""

from __future__ import annotations

from typing import Annotated

from tradepit.catalog.fields import FreshKey, Text
from tradepit.catalog.language import MEMORY, USER_STREAM, Ask, Reply, operation
from tradepit.core import listening
from tradepit.core.exchange import Exchange
from tradepit.core.history import History
from tradepit.core.records import Who
from tradepit.core.rejects import Reject

SPOT = "spot"
UNTIL = "2026-02-20"
EXPIRE_KEYS = "expire-listen-keys"

ListenKeyText = Annotated[str, Text(r"[A-Za-z0-9]{1,128}", legal="^[A-Za-z0-9]{1,128}$")]


class StartStream(Ask):
    fresh: FreshKey = ""


class StreamKey(Ask):
    listen_key: ListenKeyText


class Started(Reply):
    listen_key: str


class Nothing(Reply):
    pass


@operation(
    "POST /api/v3/userDataStream", ws="userDataStream.start", security=USER_STREAM, weight=2,
    source=MEMORY, until=UNTIL, aliases=("POST /api/v1/userDataStream",),
    doc="user-data-stream.md#create-a-listenkey-user_stream",
)  # fmt: skip
def start_stream(pit: Exchange, who: Who, ask: StartStream) -> Started:
    """Start a user data stream: the active listen key, or a new one, for 60 minutes."""
    return Started(listen_key=listening.start(pit, who.owner, SPOT, ask.fresh).key)


class ShowStream(Ask):
    pass


@operation(
    "GET /api/v1/userDataStream", security=USER_STREAM, weight=1, source=MEMORY,
    until="2026-03-25", doc="CHANGELOG.md#2026-03-09",
)  # fmt: skip
def show_stream(pit: Exchange, history: History, who: Who, ask: ShowStream) -> Started:
    """The active listen key, its life unchanged."""
    found = listening.active(pit, who.owner, SPOT)
    if found is None:
        raise Reject("INVALID_LISTEN_KEY")
    return Started(listen_key=found.key)


@operation(
    "PUT /api/v3/userDataStream", ws="userDataStream.ping", security=USER_STREAM, weight=2,
    source=MEMORY, until=UNTIL, aliases=("PUT /api/v1/userDataStream",),
    doc="user-data-stream.md#pingkeep-alive-a-listenkey-user_stream",
)  # fmt: skip
def keep_stream(pit: Exchange, who: Who, ask: StreamKey) -> Nothing:
    """Keep a listen key alive for another 60 minutes."""
    listening.keep(pit, who.owner, SPOT, ask.listen_key)
    return Nothing()


@operation(
    "DELETE /api/v3/userDataStream", ws="userDataStream.stop", security=USER_STREAM, weight=2,
    source=MEMORY, until=UNTIL, aliases=("DELETE /api/v1/userDataStream",),
    doc="user-data-stream.md#close-a-listenkey-user_stream",
)  # fmt: skip
def stop_stream(pit: Exchange, who: Who, ask: StreamKey) -> Nothing:
    """Close a user data stream; its listen key is void."""
    listening.close(pit, who.owner, SPOT, ask.listen_key)
    return Nothing()


class ExpireKeys(Ask):
    account: str
    product: str = ""  # empty: all


@operation(EXPIRE_KEYS)
def expire_keys(pit: Exchange, who: Who, ask: ExpireKeys) -> dict[str, int]:
    """Have an account's listen keys of a product expire now: what a fault asks for."""
    return {"expired": listening.expire_all(pit, pit.names[ask.account], ask.product)}
