"""Listen keys of both futures exchanges: an account has one of each, apart from its spot key.

The documents know no parameters here: an account means its own key. What clients send as
`listenKey` all the same is read, and nothing hangs on it. Source: the user data stream pages of
both futures documents; documented.
"""

from __future__ import annotations

from typing import Any, Final

from tradepit.catalog.fields import FreshKey, String
from tradepit.catalog.language import MEMORY, USER_STREAM, Ask, Reply
from tradepit.core import listening
from tradepit.core.contracts import VENUES
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.products.futures.venues import on_both

KEYS: Final[dict[str, Any]] = {"security": USER_STREAM, "source": MEMORY}


class StartStream(Ask):
    fresh: FreshKey = ""


class OwnStream(Ask):
    listen_key: String | None = None


class ListenKey(Reply):
    listen_key: str


class Closed(Reply):
    pass


@on_both(
    "POST /{}/v1/listenKey", ws="userDataStream.start",
    doc="{}/user-data-streams#start-user-data-stream", **KEYS,
)  # fmt: skip
def start_stream(pit: Exchange, who: Who, ask: StartStream, venue: int) -> ListenKey:
    """Start user data stream: the active listen key, or a new one, for 60 minutes."""
    found = listening.start(pit, who.owner, VENUES[venue], ask.fresh)
    return ListenKey(listen_key=found.key)


@on_both(
    "PUT /{}/v1/listenKey", ws="userDataStream.ping",
    doc="{}/user-data-streams#keepalive-user-data-stream", **KEYS,
)  # fmt: skip
def keep_stream(pit: Exchange, who: Who, ask: OwnStream, venue: int) -> ListenKey:
    """Keepalive user data stream: another 60 minutes for the account's listen key."""
    key = _own(pit, who, venue)
    listening.keep(pit, who.owner, VENUES[venue], key)
    return ListenKey(listen_key=key)


@on_both(
    "DELETE /{}/v1/listenKey", ws="userDataStream.stop",
    doc="{}/user-data-streams#close-user-data-stream", **KEYS,
)  # fmt: skip
def stop_stream(pit: Exchange, who: Who, ask: OwnStream, venue: int) -> Closed:
    """Close user data stream: the account's listen key is void."""
    listening.close(pit, who.owner, VENUES[venue], _own(pit, who, venue))
    return Closed()


def _own(pit: Exchange, who: Who, venue: int) -> str:
    """The account's living key. Raises: Reject INVALID_LISTEN_KEY."""
    found = listening.active(pit, who.owner, VENUES[venue])
    if found is None:
        raise Reject("INVALID_LISTEN_KEY")
    return found.key
