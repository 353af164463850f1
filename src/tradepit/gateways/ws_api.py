"""The WebSocket API: JSON requests on a socket, the same operations as over HTTP.

A method is its REST twin's operation; it passes the same checks of the door, with the key and the
signature among its parameters, or remembered by the session. Source: web-socket-api.md; documented.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Final

from tradepit.catalog.encode import text_of
from tradepit.catalog.language import COINM, NONE, SPOT, USDM, Operation, by_ws_method
from tradepit.core.listening import ListenKey
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.gateways import checks as chain
from tradepit.gateways import session_methods  # noqa: F401  (declares its operations)
from tradepit.gateways.checks import Call
from tradepit.gateways.door import Door, count_late
from tradepit.gateways.faults import Broken, act_faults
from tradepit.gateways.keys import KEY_FORMAT, Holder
from tradepit.gateways.shapes import KEPT, OVER_SOCKET, Shape, can_pass
from tradepit.gateways.sockets import Manners, Session
from tradepit.gateways.user_events import Subscriber
from tradepit.gateways.user_stream import api_subscriber, terminated
from tradepit.gateways.ws_requests import (
    Form,
    Match,
    checked_id,
    make_form,
    method_of,
    params_of,
    pattern_of,
    read_plain,
    read_with_care,
)

log = logging.getLogger("tradepit.ws_api")

CONNECT_WEIGHT: Final = {SPOT: 2, USDM: 5, COINM: 5}
FAMILIES: Final = {SPOT: b"/api/", USDM: b"/fapi/", COINM: b"/dapi/"}  # whose weight is counted
_NO_COUNTS: Final[list[int]] = []
MAX_WAITING: Final = 1_000  # requests of one socket that are not answered yet


class ApiSession(Session):
    """One connection to the WebSocket API of a venue."""

    limited = False

    def __init__(self, call: Call, manners: Manners, door: Door, venue: str = SPOT) -> None:
        super().__init__(call, manners)
        self.door = door
        self.venue = venue
        self.family = FAMILIES[venue]
        self.limits = self.world.limits.get(self.family[1:-1])
        self.forms: dict[str, Form] = {}  # of answers with limits, by whose orders they count
        self.users = self.world.users
        self.methods = by_ws_method(venue)
        self.shapes = door.shapes.setdefault(venue, {})
        self.scripts: list[tuple[Match, Shape]] = []  # how its requests are written
        self.scripts_left = 4  # how many may still be added
        self.show_limits = True
        self.micro = False
        self.holder: Holder | None = None  # who logged on
        self.logon_us = 0
        self.opened_us = self.world.clock.now_us()
        self.subscribers: dict[int, Subscriber] = {}
        self.logon_subscriptions: list[int] = []  # they end when it logs out
        self.next_subscription = 0
        self.waiting = 0
        self._read_query()

    def _read_query(self) -> None:
        for pair in self.call.query.split(b"&"):
            name, _, value = pair.partition(b"=")
            if name == b"returnRateLimits":
                self.show_limits = value != b"false"
            elif name == b"timeUnit":
                if value not in chain.MICRO:
                    raise Reject("INVALID_TIME_UNIT")
                self.micro = chain.MICRO[value]

    def opened(self) -> None:
        if self.limits is not None:
            meter = self.limits.knock(self.ip, int(time.time()))
            meter.used += CONNECT_WEIGHT[self.venue]

    def closed(self) -> None:
        for subscriber in self.subscribers.values():
            self.users.leave(subscriber)
        self.subscribers = {}

    def goodbye(self) -> bytes | None:
        now = self.stamp(self.world.clock.now_us())
        return b'{"event":{"e":"serverShutdown","E":%d}}' % now

    def stamp(self, at_us: int) -> int:
        return at_us if self.micro else at_us // 1000

    # Who speaks, and what it hears.

    def log_on(self, who: Who) -> None:
        self.holder = self.world.keys.find(self.world.pit.keys, who.key)
        self.logon_us = self.world.clock.now_us()

    def log_out(self) -> None:
        self.holder = None
        for number in self.logon_subscriptions:
            if number in self.subscribers:
                self.unsubscribe(number)
        self.logon_subscriptions = []

    def subscribe(self, owner: int, token: ListenKey | None = None) -> int:
        """Hear an account, or what a token is for, from now on. Returns: the subscription's
        number."""
        number = self.next_subscription
        self.next_subscription += 1
        if self.done:
            return number  # the request was delayed, and who sent it is gone
        subscriber = api_subscriber(self, owner, self.micro, number)
        if token is not None:
            subscriber.product, subscriber.key = token.product, token.key
            subscriber.ended = lambda at_us: self.unsubscribe(number, at_us)
        self.subscribers[number] = subscriber
        self.users.join(subscriber)
        return number

    def renew(self, number: int, token: ListenKey) -> None:
        """Let a subscription live by another token from now on."""
        subscriber = self.subscribers[number]
        self.users.leave(subscriber)
        subscriber.key = token.key
        self.users.join(subscriber)

    def unsubscribe(self, number: int, at_us: int = 0) -> None:
        subscriber = self.subscribers.pop(number)
        self.users.leave(subscriber)
        subscriber.tell(terminated(at_us or self.world.clock.now_us(), self.micro))

    # Requests.

    def heard(self, text: str) -> None:
        call = WsCall(self)
        try:
            if not self._pass_at_once(call, text):
                self._pass_read(call, text)
            found = self.door.serve(call, self)
        except Exception as wrong:
            self._refuse(call, wrong)
            return
        if isinstance(found, asyncio.Future):
            self.waiting += 1
            if self.waiting >= MAX_WAITING:
                self._throttle()
            found.add_done_callback(lambda done: self._came(call, done))
        elif isinstance(found, Reject):
            count_late(call, found)
            self._refuse(call, found)
        else:
            self._answer(call, found)

    def _pass_at_once(self, call: WsCall, text: str) -> bool:
        """Whether a request that differs from earlier ones in its values only passes the door.
        Raises: Reject when it weighs too much."""
        for match, shape in self.scripts:
            found = match(text)
            if found is not None:
                values = found.groups()
                call.id = values[0]
                return self._pass_known(call, shape, values[1:])
        return False

    def _pass_read(self, call: WsCall, text: str) -> None:
        """Read a request, and pass the door. Raises: Reject, Broken."""
        call.id = "null"
        plain = read_plain(text)
        if plain is None:
            request = read_with_care(text)
            call.id = checked_id(bytes(request.id))
            self._pass(call, method_of(request), params_of(bytes(request.params)))
            return
        call.id = checked_id(bytes(plain.id))
        names = (plain.method, *plain.params)
        shape = self.shapes.get(names)
        if shape is None:
            self._pass(call, plain.method, plain.params)
            self._learn(call, names)
        elif not self._pass_known(call, shape, tuple(plain.params.values())):
            self._pass(call, plain.method, plain.params)
        elif self.scripts_left:
            self.scripts_left -= 1
            match = pattern_of(text, plain)
            if match is not None:
                self.scripts.append((match, shape))

    def _pass(self, call: WsCall, method: str, params: dict[str, str]) -> None:
        """Pass the door, one check after the other. Raises: Reject, Broken."""
        call.prepare(method, self.methods, self.door)
        call.take(params)
        if self.waiting >= MAX_WAITING:
            raise Reject("TOO_MANY_REQUESTS")
        for check in WS_CHAIN:
            check(self.door, call)

    def _pass_known(self, call: WsCall, shape: Shape, values: Sequence[str]) -> bool:
        """Whether a request of a known shape passes the door. Raises: Reject when it weighs too
        much."""
        if self.waiting >= MAX_WAITING or self.door.world_clock_only:
            return False
        told = shape.tell(values)
        api_key, signature, _, _, signed = told
        world = self.world
        if api_key is not None:
            holder = world.keys.find(world.pit.keys, api_key)
            if holder is None or signature is None:
                return False
        else:
            holder = self.holder
            if holder is None or world.keys.find(world.pit.keys, holder.who.key) is not holder:
                return False
        if signature is not None and not holder.check(signed.encode(), signature.encode()):
            return False
        if not shape.admits(call, holder, told, values):
            return False
        call.shape, call.values = shape, values
        shape.count(call, self.limits)
        return True

    def _learn(self, call: WsCall, names: tuple[str, ...]) -> None:
        """Know requests like this one, which passed, from now on."""
        operation = call.operation
        if (
            operation is not None
            and len(self.shapes) < KEPT
            and can_pass(operation, names[1:], OVER_SOCKET)
        ):
            self.shapes[names] = Shape(operation, names[1:], OVER_SOCKET)

    def _came(self, call: WsCall, done: asyncio.Future[object]) -> None:
        self.waiting -= 1
        if self.waiting >= MAX_WAITING - 1:
            self._throttle()
        if self.waiting or self._scheduled:
            self._settled(call, done)
            return
        self._scheduled = True  # nothing else is on its way: the answer goes out below
        try:
            self._settled(call, done)
        finally:
            self._turn()

    def _throttle(self) -> None:
        """Read no further request while too many wait."""
        if self.done:
            return
        if self.waiting >= MAX_WAITING:
            self.transport.pause_reading()
        elif not self.transport.is_reading():
            self.transport.resume_reading()

    def _settled(self, call: WsCall, done: asyncio.Future[object]) -> None:
        try:
            reply = done.result()
        except asyncio.CancelledError:
            self._refuse(call, Reject("DISCONNECTED"))
        except Exception as wrong:
            count_late(call, wrong)
            self._refuse(call, wrong)
        else:
            self._answer(call, reply)

    def _answer(self, call: WsCall, reply: object) -> None:
        if self.done:
            return
        trail, operation = self.world.trail, call.operation
        if trail.followers:
            trail.passed(call)
        if operation is not None:
            if operation.refunded:
                chain.refund(call)
            if operation.over_socket is not None:
                reply = operation.over_socket(reply)
        self._say(call, 200, "result", text_of(reply, self.micro))

    def _refuse(self, call: WsCall, wrong: Exception) -> None:
        if isinstance(wrong, Broken):
            self.end()
            return
        if not isinstance(wrong, Reject):
            log.error("%s failed", call.operation or "A request", exc_info=wrong)
            wrong = Reject("UNKNOWN")
        self.door.note(call, wrong)
        error: dict[str, object] = {"code": wrong.code, "msg": wrong.msg}
        if wrong.retry_after_s:
            now_us = time.time_ns() // 1000
            error["data"] = {
                "serverTime": self.stamp(now_us),
                "retryAfter": self.stamp((now_us // 1_000_000 + wrong.retry_after_s) * 1_000_000),
            }
        elif wrong.data is not None:
            error["data"] = wrong.data
        self._say(call, wrong.status, "error", text_of(error, self.micro))
        if wrong.name == "IP_BANNED":
            self.close(1008, "IP banned")

    def _say(self, call: WsCall, status: int, kind: str, found: str) -> None:
        """An answer, with its `rateLimits`. kind: "result" or "error"."""
        if not call.show_limits or call.limits is None or call.meter is None:
            self.say(f'{{"id":{call.id},"status":{status},"{kind}":{found}}}'.encode())
            return
        operation = call.operation
        if operation is not None and operation.unfilled_orders and call.who.owner > 0:
            counts = chain.order_counts(self.world.pit, operation, call.who.owner)
            venue = operation.venues[0]
        else:
            counts, venue = _NO_COUNTS, ""
        form = self.forms.get(venue) or self._form(venue)
        self.say(form(call.id, status, kind, found, call.meter.used, *counts).encode())

    def _form(self, venue: str) -> Form:
        """What makes an answer with limits; venue: whose order counts are among them."""
        assert self.limits is not None
        rows = [chain.ORDER_ROWS[venue], self.limits.row] if venue else [self.limits.row]
        form = self.forms[venue] = make_form(",".join(rows))
        return form


class WsCall(Call):
    """One request of a socket on its way through the door."""

    __slots__ = ("id", "params", "session", "show_limits", "values")

    method = b"GET"
    query = b""
    body = b""
    api_key: str | None = None  # where it is among the parameters
    shown: str | None = None  # what was said of rate limits
    shape: Shape | None = None  # by which it passed all checks at once

    def __init__(self, session: ApiSession) -> None:
        # All that a Call has, without taking a target apart that is always the same.
        self.path = session.family
        self.headers = session.call.headers
        self.ip = session.ip
        self.now_us = time.time_ns() // 1000
        self.session = session
        self.world = session.world
        self.venue = session.call.venue
        self.micro = session.micro
        self.show_limits = session.show_limits
        self.id = "null"  # as it is echoed
        self.params: dict[str, str] = {}  # as text, but for what the checks took out
        self.values: Sequence[str] = ()  # of all parameters, where the shape is known

    @property
    def given(self) -> dict[str, str]:
        """The parameters without those that the door read itself."""
        if self.shape is None:
            return self.params
        pairs = zip(self.shape.names, self.values, strict=True)
        return {name: text for name, text in pairs if name not in OVER_SOCKET}

    def prepare(self, name: str, methods: dict[str, Operation], door: Door) -> None:
        """Find the method. Raises: Reject."""
        venue = self.session.venue
        name = name.removeprefix("v3/")  # of futures as well; documented
        self.operation = methods.get(name)
        if self.operation is None:
            raise Reject("UNSUPPORTED_OPERATION", status=501 if door.unserved(venue, name) else 400)

    def take(self, given: dict[str, str]) -> None:
        """The parameters, that of the session's own manners taken out. Raises: Reject."""
        self.params = given
        self.shown = shown = given.pop("returnRateLimits", None)
        if shown is not None:
            if shown not in ("true", "false"):
                raise Reject("INVALID_PARAMETER", "returnRateLimits")
            self.show_limits = shown == "true"


def _find_key(door: Door, call: Call) -> None:
    """The key: among the parameters, else the session's."""
    assert isinstance(call, WsCall) and call.operation is not None
    operation = call.operation
    raw = call.params.pop("apiKey", None)
    if operation.security == NONE and not operation.signed:
        if raw is not None:
            call.params["apiKey"] = raw  # a parameter that the operation does not read
        return
    session = call.session
    if raw is None:
        if session.holder is None:
            raise Reject("MANDATORY_PARAM", "apiKey")
        holder = call.world.keys.find(call.world.pit.keys, session.holder.who.key)
        if holder is not session.holder:
            session.log_out()
            raise Reject("REJECTED_KEY")
    else:
        holder = call.world.keys.find(call.world.pit.keys, raw)
        if holder is None and KEY_FORMAT.fullmatch(raw.encode()) is None:
            raise Reject("BAD_API_KEY_FMT")
    call.holder = holder = chain.admit_key(holder, operation, call.ip)
    call.who = holder.who
    call.taken = 0 if raw is None else 1
    call.api_key = raw


@lru_cache(maxsize=64)  # a client sends the same ones each time
def _signing(names: tuple[str, ...]) -> tuple[str, Callable[[dict[str, str]], object]]:
    """What is signed of parameters of these names: a text with holes, and what goes into them."""
    ordered = sorted(names)
    text = "&".join([name.replace("%", "%%") + "=%s" for name in ordered])
    return text, itemgetter(*ordered) if ordered else lambda given: ()


def _check_signature(door: Door, call: Call) -> None:
    """Over all parameters but the signature, sorted by name, as they were sent."""
    assert isinstance(call, WsCall) and call.operation is not None
    if not call.operation.signed:
        call.sent = call.params
        return
    signature = call.params.pop("signature", None)
    if signature is None:
        if call.api_key is not None or call.session.holder is None:
            raise Reject("MANDATORY_PARAM", "signature")
    else:
        call.taken += 1
        signed = call.params
        if call.api_key is not None:
            signed = signed | {"apiKey": call.api_key}
        if call.shown is not None:
            signed = signed | {"returnRateLimits": call.shown}
        text, values = _signing(tuple(signed))
        payload = (text % values(signed)).encode()
        holder = call.holder
        if holder is None or not holder.check(payload, signature.encode()):
            call.params["signature"] = signature  # for the request log
            raise Reject("INVALID_SIGNATURE")
    call.sent = call.params


def _count_weight(door: Door, call: Call) -> None:
    """As over HTTP; whose limits count was looked up when the socket opened."""
    assert isinstance(call, WsCall)
    if call.session.limits is not None:
        chain.charge(call, call.session.limits)


WS_CHAIN: Final = (
    _count_weight,
    _find_key,
    _check_signature,
    chain.check_time,
    act_faults,
    chain.read_ask,
)
