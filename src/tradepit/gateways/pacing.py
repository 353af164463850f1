"""Time that is set forward goes as fast as those who listen read: nobody misses a frame by it.

A clock that runs does not wait: who reads too slowly for it is cut, or shown the newest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tradepit.gateways.sockets import Session

PATIENCE_S: Final = 1.0  # for who reads nothing at all
LOOK_S: Final = 0.002


class Readers:
    """Those who are waited for. sessions: the open sockets of a world."""

    def __init__(self, sessions: Mapping[Session, None]) -> None:
        self._sessions = sessions
        self._deaf: dict[Session, int] = {}  # and the bytes that they left unread

    async def caught_up(self) -> None:
        """Wait until nobody has more before it than the system takes from us at once. Who reads
        nothing for `PATIENCE_S` is not waited for again before it reads on."""
        loop = asyncio.get_running_loop()
        seen: dict[Session, tuple[int, float]] = {}
        while slow := self._slow():
            now_s = loop.time()
            for session, unread in slow:
                left, since_s = seen.get(session, (-1, now_s))
                if left != unread:
                    seen[session] = (unread, now_s)
                elif now_s - since_s >= PATIENCE_S:
                    self._deaf[session] = unread
            await asyncio.sleep(LOOK_S)

    def _slow(self) -> list[tuple[Session, int]]:
        """Who is waited for now, and how many bytes it left unread."""
        if self._deaf:
            self._deaf = {s: unread for s, unread in self._deaf.items() if s in self._sessions}
        found = []
        for session in self._sessions:
            if session.paused and not session.done:
                unread = session.transport.get_write_buffer_size()
                if self._deaf.get(session) != unread:
                    self._deaf.pop(session, None)
                    found.append((session, unread))
        return found
