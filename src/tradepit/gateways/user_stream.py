"""Who hears which account, and the telling: from the events of a command to the sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from tradepit.catalog.language import COINM, SPOT, USDM
from tradepit.core.futures_records import FUTURES_TRADE
from tradepit.core.records import LISTEN_KEY_GONE, Event, ListenKeyGone, Outcome
from tradepit.gateways.futures_user_events import futures_tellings
from tradepit.gateways.stream_faults import USER, named
from tradepit.gateways.user_events import EVERYONE, Subscriber, tellings

if TYPE_CHECKING:
    from collections.abc import Container

    from tradepit.gateways.sockets import Session
    from tradepit.gateways.stream_faults import Line, StreamFaults
    from tradepit.gateways.user_events import Address, Telling

K = TypeVar("K")
PRODUCTS: Final = (SPOT, USDM, COINM)


def told_of(event: Event, heard: Container[Address] = EVERYONE) -> list[Telling]:
    """Who of those that are heard is told of an event of any product, and how, in the order of
    telling."""
    if event.kind < FUTURES_TRADE:
        return tellings(event, heard)
    return futures_tellings(event, heard)


class UserHub:
    """The listeners of one world's accounts. Encodes an event only when somebody hears it, and
    one frame for all who hear it in the same words."""

    def __init__(self, faults: StreamFaults) -> None:
        self.faults = faults
        faults.lines.append(self._lines)
        self._by_address: dict[Address, dict[Subscriber, None]] = {}
        self._by_key: dict[str, dict[Subscriber, None]] = {}

    def join(self, subscriber: Subscriber) -> None:
        """Tell `subscriber` everything of its account from now on."""
        if subscriber.product in PRODUCTS:  # nothing is told of what tokens are for yet
            self._by_address.setdefault(subscriber.address, {})[subscriber] = None
        if subscriber.key:
            self._by_key.setdefault(subscriber.key, {})[subscriber] = None

    def leave(self, subscriber: Subscriber) -> None:
        _drop(self._by_address, subscriber.address, subscriber)
        _drop(self._by_key, subscriber.key, subscriber)

    def applied(self, outcome: Outcome) -> None:
        """A listener of the sequencer."""
        if not (self._by_address or self._by_key):
            return
        for event in outcome.events:
            if event.kind == LISTEN_KEY_GONE:
                assert isinstance(event, ListenKeyGone)
                self._key_gone(event)
                continue
            for telling in told_of(event, self._by_address):
                if self.faults.rules:
                    self.faults.tell(_Said(self, telling, outcome.at_us))
                else:
                    self.say(telling)

    def say(self, telling: Telling) -> None:
        """Tell all who hear an account's event."""
        frames: dict[tuple[bool, bytes], bytes] = {}
        for subscriber in self.listeners(telling.address):
            if not subscriber.hears(telling.event):
                continue
            words = (subscriber.micro, subscriber.wrapper)
            frame = frames.get(words)
            if frame is None:
                text = telling.words(1 if subscriber.micro else 1000)
                frame = frames[words] = subscriber.frame(text.encode())
            subscriber.session.send(frame)

    def listeners(self, address: Address) -> list[Subscriber]:
        return list(self._by_address.get(address, ()))

    def _lines(self) -> list[Line]:
        """The accounts that are heard, as a rule without an event finds them."""
        return [Account(self, address, "") for address in self._by_address]

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

    def __init__(self, users: UserHub, address: Address, event: str) -> None:
        self.users = users
        self.address = address
        self.product, owner = address
        whose = named(self.product, USER)
        self.name = whose + event
        self.order = f"{whose}{owner}"
        self.account = users.faults.sequencer.machine.accounts[owner].name

    def sessions(self) -> list[Session]:
        return list(dict.fromkeys(found.session for found in self.users.listeners(self.address)))

    def mute(self) -> None:
        for subscriber in self.users.listeners(self.address):
            self.users.leave(subscriber)


class _Said:
    """A user event on its way, encoded while the state is what it tells of."""

    def __init__(self, users: UserHub, told: Telling, at_us: int) -> None:
        self._words = {unit: told.words(unit) for unit in (1, 1000)}
        self._telling = told._replace(words=self._words.__getitem__)
        self.line = Account(users, told.address, told.event)
        self.at_us = at_us

    def say(self) -> None:
        self.line.users.say(self._telling)


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
