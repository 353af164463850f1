"""Listen keys and tokens: who may hear an account's events by a secret.

A key lives for an hour after it was made or last kept alive, in world time; an account has one of
each product. Source: user-data-stream.md (2024-09), documented. A token lives as long as was asked
for, a day at most, and is never renewed: a newer one takes its place. Source: the margin pages'
"Listen Token Websocket API", documented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tradepit.core.records import ListenKeyGone
from tradepit.core.rejects import Reject

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange

LIFE_US: Final = 3_600_000_000
EXPIRES: Final = "listen key"
TOKEN: Final = "token:"  # how the product of a token begins: "token:cross", "token:BTCUSDT"
MOST_TOKENS: Final = 1_000  # of an account: the oldest goes


class ListenKey:
    __slots__ = ("expires_us", "key", "owner", "product")

    def __init__(self, key: str, owner: int, product: str, expires_us: int) -> None:
        self.key = key
        self.owner = owner
        self.product = product
        self.expires_us = expires_us

    @property
    def is_token(self) -> bool:
        return self.product.startswith(TOKEN)

    def dump(self) -> list[object]:
        return [self.key, self.owner, self.product, self.expires_us]


def start(pit: Exchange, owner: int, product: str, fresh: str) -> ListenKey:
    """The account's active key, its life renewed; `fresh` becomes it when there is none."""
    found = active(pit, owner, product)
    if found is None:
        found = pit.listen_keys[fresh] = ListenKey(fresh, owner, product, 0)
    return _renew(pit, found)


def active(pit: Exchange, owner: int, product: str) -> ListenKey | None:
    """The account's living key."""
    for found in pit.listen_keys.values():
        if found.owner == owner and found.product == product:
            return found
    return None


def keep(pit: Exchange, owner: int, product: str, key: str) -> None:
    """Another hour from now. Raises: Reject INVALID_LISTEN_KEY."""
    _renew(pit, find(pit, owner, product, key))


def close(pit: Exchange, owner: int, product: str, key: str) -> None:
    """The key ends now. Raises: Reject INVALID_LISTEN_KEY."""
    found = find(pit, owner, product, key)
    del pit.listen_keys[key]
    pit.events.append(ListenKeyGone(found.key, found.owner, False, pit.at_us))


def find(pit: Exchange, owner: int, product: str, key: str) -> ListenKey:
    found = pit.listen_keys.get(key)
    if found is None or found.owner != owner or found.product != product:
        raise Reject("INVALID_LISTEN_KEY")
    return found


def grant(pit: Exchange, owner: int, product: str, token: str, life_us: int) -> ListenKey:
    """A token for one product, beside those that the account has."""
    mine = [key for key, row in pit.listen_keys.items() if row.owner == owner and row.is_token]
    if len(mine) >= MOST_TOKENS:
        close(pit, owner, pit.listen_keys[mine[0]].product, mine[0])
    found = pit.listen_keys[token] = ListenKey(token, owner, product, pit.at_us + life_us)
    pit.timers.set(found.expires_us, EXPIRES, token)
    return found


def expire_all(pit: Exchange, owner: int, product: str) -> int:
    """All keys of an account for a product ("": for all) expire now; its tokens live on.

    Returns: how many there were.
    """
    mine = [
        row for row in pit.listen_keys.values()
        if row.owner == owner and not row.is_token and product in ("", row.product)
    ]  # fmt: skip
    for found in mine:
        found.expires_us = pit.at_us
        expire(pit, found.key)
    return len(mine)


def expire(pit: Exchange, key: str) -> None:
    """A due entry came: end the key, unless it was renewed since or is gone."""
    found = pit.listen_keys.get(key)
    if found is not None and found.expires_us <= pit.at_us:
        del pit.listen_keys[key]
        pit.events.append(ListenKeyGone(found.key, found.owner, True, pit.at_us))


def _renew(pit: Exchange, found: ListenKey) -> ListenKey:
    found.expires_us = pit.at_us + LIFE_US
    pit.timers.set(found.expires_us, EXPIRES, found.key)
    return found
