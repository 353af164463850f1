"""What a WebSocket API session says about itself: logon, status, logout, subscriptions.

These are queries whose port is the session they came on. Source: web-socket-api.md; documented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from tradepit.catalog.fields import Int, String, Time
from tradepit.catalog.language import MEMORY, NONE, SPOT, USER_STREAM, Ask, Reply, operation
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.terms import ED25519
from tradepit.gateways.user_stream import PRODUCTS

if TYPE_CHECKING:
    from tradepit.gateways.ws_api import ApiSession

MAX_ACTIVE = 1_000
MAX_EVER = 65_535


class NoParameters(Ask):
    pass


class SessionStatus(Reply):
    api_key: str | None
    authorized_since: Time | None
    connected_since: Time
    return_rate_limits: bool
    server_time: Time
    user_data_stream: bool | UnsetType = UNSET  # of spot alone


class Subscribed(Reply):
    subscription_id: Int


class Nothing(Reply):
    pass


def _status(session: ApiSession) -> SessionStatus:
    holder = session.holder
    return SessionStatus(
        api_key=None if holder is None else holder.who.key,
        authorized_since=None if holder is None else session.logon_us,
        connected_since=session.opened_us,
        return_rate_limits=session.show_limits,
        server_time=session.world.clock.now_us(),
        user_data_stream=bool(session.subscribers) if session.venue == SPOT else UNSET,
    )


@operation(
    "session.logon", ws="session.logon", venues=PRODUCTS, security=NONE, signed=True, weight=2,
    source=MEMORY, doc="web-socket-api.md#log-in-with-api-key-signed",
)  # fmt: skip
def session_logon(pit: Exchange, history: ApiSession, who: Who, ask: NoParameters) -> SessionStatus:
    """Log in with API key: later requests need neither key nor signature."""
    key = pit.keys[who.key]
    if key.kind != ED25519:
        raise Reject("LOGON_KEY_TYPE")
    history.log_on(who)
    return _status(history)


@operation(
    "session.status", ws="session.status", venues=PRODUCTS, weight=2, source=MEMORY,
    doc="web-socket-api.md#query-session-status",
)  # fmt: skip
def session_status(
    pit: Exchange, history: ApiSession, who: Who, ask: NoParameters
) -> SessionStatus:
    """Query session status."""
    return _status(history)


@operation(
    "session.logout", ws="session.logout", venues=PRODUCTS, weight=2, source=MEMORY,
    doc="web-socket-api.md#log-out-of-the-session",
)  # fmt: skip
def session_logout(
    pit: Exchange, history: ApiSession, who: Who, ask: NoParameters
) -> SessionStatus:
    """Log out of the session; its own subscription ends."""
    history.log_out()
    return _status(history)


@operation(
    "session.subscriptions", ws="session.subscriptions", weight=2, source=MEMORY,
    since="2025-08-12", doc="web-socket-api.md#listing-all-subscriptions",
)  # fmt: skip
def session_subscriptions(
    pit: Exchange, history: ApiSession, who: Who, ask: NoParameters
) -> list[Subscribed]:
    """List all user data subscriptions of the session."""
    return [Subscribed(subscription_id=number) for number in history.subscribers]


@operation(
    "userDataStream.subscribe", ws="userDataStream.subscribe", security=USER_STREAM,
    signed=False, weight=2, source=MEMORY, since="2025-03-10",
    doc="web-socket-api.md#subscribe-to-user-data-stream-user_stream",
)  # fmt: skip
def subscribe(pit: Exchange, history: ApiSession, who: Who, ask: NoParameters) -> Subscribed:
    """Subscribe to the user data stream of the account that logged on; a key that is only named is
    refused, because nothing proves whose it is."""
    if history.holder is None or history.holder.who is not who:
        raise Reject("REJECTED_KEY")
    number = _subscribe(history, who)
    history.logon_subscriptions.append(number)
    return Subscribed(subscription_id=number)


@operation(
    "userDataStream.subscribe.signature", ws="userDataStream.subscribe.signature",
    security=USER_STREAM, signed=True, weight=2, source=MEMORY, since="2025-08-12",
    doc="web-socket-api.md#subscribe-to-user-data-stream-through-signature-subscription",
)  # fmt: skip
def subscribe_signature(
    pit: Exchange, history: ApiSession, who: Who, ask: NoParameters
) -> Subscribed:
    """Subscribe to the user data stream of the account whose key signed the request."""
    return Subscribed(subscription_id=_subscribe(history, who))


def _subscribe(session: ApiSession, who: Who) -> int:
    if _active(session, who.owner, SPOT) is not None:
        raise Reject("SUBSCRIPTION_ACTIVE")
    _check_room(session)
    return session.subscribe(who.owner)


def _active(session: ApiSession, owner: int, product: str) -> int | None:
    """The number of the subscription to that account."""
    for number, found in session.subscribers.items():
        if found.owner == owner and found.product == product:
            return number
    return None


def _check_room(session: ApiSession) -> None:
    if len(session.subscribers) >= MAX_ACTIVE or session.next_subscription > MAX_EVER:
        raise Reject("MAXIMUM_SUBSCRIPTION_IDS")


class SubscribeToken(Ask):
    listen_token: String


class SubscribedUntil(Reply):
    subscription_id: Int
    expiration_time: Time


@operation(
    "userDataStream.subscribe.listenToken", ws="userDataStream.subscribe.listenToken", weight=2,
    source=MEMORY, since="2025-10-01", doc="margin/Listen-Token-Websocket-API",
)  # fmt: skip
def subscribe_token(
    pit: Exchange, history: ApiSession, who: Who, ask: SubscribeToken
) -> SubscribedUntil:
    """Subscribe to what a listenToken is for, until it expires; a token that expires later keeps
    the subscription alive."""
    token = pit.listen_keys.get(ask.listen_token)
    if token is None or not token.is_token:
        raise Reject("INVALID_LISTEN_TOKEN")
    number = _active(history, token.owner, token.product)
    if number is None:
        _check_room(history)
        number = history.subscribe(token.owner, token)
    else:
        former = pit.listen_keys.get(history.subscribers[number].key)
        if former is not None and former.expires_us > token.expires_us:
            token = former
        history.renew(number, token)
    return SubscribedUntil(subscription_id=number, expiration_time=token.expires_us)


class Unsubscribe(Ask):
    subscription_id: Int | None = None


@operation(
    "userDataStream.unsubscribe", ws="userDataStream.unsubscribe", weight=2, source=MEMORY,
    since="2025-03-10", doc="web-socket-api.md#unsubscribe-from-user-data-stream",
)  # fmt: skip
def unsubscribe(pit: Exchange, history: ApiSession, who: Who, ask: Unsubscribe) -> Nothing:
    """Stop listening to one user data stream, or to all."""
    if ask.subscription_id is None:
        if not history.subscribers:
            raise Reject("SUBSCRIPTION_INACTIVE")
        for number in list(history.subscribers):
            history.unsubscribe(number)
    elif ask.subscription_id in history.subscribers:
        history.unsubscribe(ask.subscription_id)
    else:
        raise Reject("SUBSCRIPTION_INACTIVE")
    return Nothing()
