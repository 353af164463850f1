"""Who hears which account, and the telling: from the events of a command to the sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from tradepit.core.records import LISTEN_KEY_GONE, Event, ListenKeyGone, Outcome
from tradepit.gateways.stream_faults import USER
from tradepit.gateways.user_events import SPOT, Subscriber, owner_of, payload_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradepit.gateways.sockets import Session
    from tradepit.gateways.stream_faults import Line, StreamFaults

K = TypeVar("K")


class UserHub:
    """The listeners of one world's accounts. Encodes an event only when somebody hears it, and
    one frame for all who hear it in the same words."""

    def __init__(self, faults: StreamFaults) -> None:
        self.faults = faults
        faults.lines.append(self._lines)
        self._by_owner: dict[int, dict[Subscriber, None]] = {}
        self._by_key: dict[str, dict[Subscriber, None]] = {}

    def join(self, subscriber: Subscriber) -> None:
        """Tell `subscriber` everything of its account from now on."""
        if subscriber.product == SPOT:  # no other product's accounts are told of yet
            self._by_owner.setdefault(subscriber.owner, {})[subscriber] = None
        if subscriber.key:
            self._by_key.setdefault(subscriber.key, {})[subscriber] = None

    def leave(self, subscriber: Subscriber) -> None:
        _drop(self._by_owner, subscriber.owner, subscriber)
        _drop(self._by_key, subscriber.key, subscriber)

    def applied(self, outcome: Outcome) -> None:
        """A listener of the sequencer."""
        if not (self._by_owner or self._by_key):
            return
        for event in outcome.events:
            if event.kind == LISTEN_KEY_GONE:
                assert isinstance(event, ListenKeyGone)
                self._key_gone(event)
                continue
            owner = owner_of(event)
            if owner not in self._by_owner:
                continue
            if self.faults.rules:
                self.faults.tell(_Said(self, owner, event, outcome.at_us))
            else:
                self.say(owner, lambda micro, event=event: payload_of(event, micro))  # type: ignore[misc]

    def say(self, owner: int, payload: Callable[[bool], bytes]) -> None:
        """Tell all who hear an account. payload: the event by how it tells time (µs?)."""
        frames: dict[tuple[bool, bytes], bytes] = {}
        for subscriber in self.listeners(owner):
            words = (subscriber.micro, subscriber.wrapper)
            frame = frames.get(words)
            if frame is None:
                frame = frames[words] = subscriber.frame(payload(words[0]))
            subscriber.session.send(frame)

    def listeners(self, owner: int) -> list[Subscriber]:
        return list(self._by_owner.get(owner, ()))

    def _lines(self) -> list[Line]:
        """The accounts that are heard, as a rule without an event finds them."""
        return [Account(self, owner, "") for owner in self._by_owner]

    def _key_gone(self, event: ListenKeyGone) -> None:
        """An expired key is announced; the listeners of a gone key hear nothing more. Who lives by
        a token sees to its own end."""
        for subscriber in list(self._by_key.get(event.key, ())):
            if subscriber.ended is not None:
                subscriber.ended(event.at_us)
                continue
            if event.expired:
                at = event.at_us if subscriber.micro else event.at_us // 1000
                subscriber.tell(
                    b'{"e":"listenKeyExpired","E":%d,"listenKey":"%s"}' % (at, event.key.encode())
                )
            self.leave(subscriber)


class Account:
    """One account's events of one kind, and who hears them. See `stream_faults.Line`."""

    def __init__(self, users: UserHub, owner: int, event: str) -> None:
        self.users = users
        self.owner = owner
        self.name = USER + event
        self.order = f"{USER}{owner}"
        self.account = users.faults.sequencer.machine.accounts[owner].name

    def sessions(self) -> list[Session]:
        return list(dict.fromkeys(found.session for found in self.users.listeners(self.owner)))

    def mute(self) -> None:
        for subscriber in self.users.listeners(self.owner):
            self.users.leave(subscriber)


class _Named(msgspec.Struct):
    e: str


_read_name = msgspec.json.Decoder(_Named).decode


class _Said:
    """A user event on its way, encoded while the state is what it tells of."""

    def __init__(self, users: UserHub, owner: int, event: Event, at_us: int) -> None:
        self._payloads = {micro: payload_of(event, micro) for micro in (False, True)}
        self.line = Account(users, owner, _read_name(self._payloads[False]).e)
        self.at_us = at_us

    def say(self) -> None:
        self.line.users.say(self.line.owner, self._payloads.__getitem__)


def _drop(table: dict[K, dict[Subscriber, None]], key: K, subscriber: Subscriber) -> None:
    found = table.get(key)
    if found is not None:
        found.pop(subscriber, None)
        if not found:
            del table[key]


def terminated(at_us: int, micro: bool) -> bytes:
    """The event that ends a subscription of the WebSocket API."""
    return b'{"e":"eventStreamTerminated","E":%d}' % (at_us if micro else at_us // 1000)


def api_subscriber(session: Session, owner: int, micro: bool, number: int) -> Subscriber:
    """A subscription of the WebSocket API: {"subscriptionId": …, "event": …}."""
    return Subscriber(session, owner, micro, f'{{"subscriptionId":{number},"event":', "}")


def stream_subscriber(
    session: Session, owner: int, micro: bool, name: str, combined: bool
) -> Subscriber:
    """A listen key on a stream socket: the bare event, or {"stream": …, "data": …}."""
    before, behind = (f'{{"stream":"{name}","data":', "}") if combined else ("", "")
    subscriber = Subscriber(session, owner, micro, before, behind)
    subscriber.key = name
    return subscriber
