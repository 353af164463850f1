"""The door: what stands between a client's bytes and the exchange.

A call passes the chain of `checks`; what passes all of them becomes a command or a query, and comes
back as an answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Final, Protocol

from tradepit.catalog.encode import encode
from tradepit.catalog.language import SPOT, Operation
from tradepit.catalog.limiters import ORDER_LIMITERS
from tradepit.core.rejects import Reject
from tradepit.gateways.answers import Answer, refusal, refused_answer
from tradepit.gateways.checks import (
    CHAIN,
    CHAIN_BEHIND,
    CHAIN_FRONT,
    CONTROL,
    FORM,
    MICRO,
    SOCKET_CHAIN,
    Call,
    find_operation,
    not_found,
    operation_of,
    order_counts,
    refund,
)
from tradepit.gateways.faults import Broken
from tradepit.gateways.hosts import Hosts
from tradepit.gateways.shapes import Shape, Way
from tradepit.gateways.sockets import RESTART, Manners, Opener, Session
from tradepit.gateways.worlds import World
from tradepit.products.spot.late import LATE, LateOrder

__all__ = ["CHAIN", "Call", "Door"]

log = logging.getLogger("tradepit.door")

REMEMBERED: Final = 1_024  # ways into the door
_SIGNATURE: Final = b"&signature="

_ORDER_COUNTS: Final = {
    venue: "".join(
        f"X-MBX-ORDER-COUNT-{limiter.num}{limiter.interval[0]}: %d\r\n" for limiter in limiters
    ).encode()
    for venue, limiters in ORDER_LIMITERS.items()
}


class Pages(Protocol):
    """What is served to people, beside the operations."""

    def find(self, call: Call) -> Answer | Callable[[], Answer] | None:
        """The page a call asks for: at hand, or to be made in a thread; None: not a page."""
        ...


class Door:
    """Takes calls, gives answers. One for a server; it knows all of its worlds."""

    def __init__(
        self,
        worlds: Mapping[str, World],
        routes: Mapping[tuple[str, str], Operation],
        *,
        unserved: Callable[[str, str], bool],
        hosts: Hosts,
        pool: Executor,
        world_clock_only: bool = False,
        openers: Sequence[tuple[bytes, Opener]] = (),
        manners: Manners | None = None,
        pages: Pages | None = None,
    ) -> None:
        """worlds: by name, the first is the default. unserved: is (method, path) an operation of
        the exchange that is not served yet? pool: where queries wait for SQL."""
        self.worlds = worlds
        self.default = next(iter(worlds))
        self.routes = {f"{method} {path}".encode(): op for (method, path), op in routes.items()}
        self.unserved = unserved
        self.hosts = hosts
        self.pool = pool
        self.world_clock_only = world_clock_only
        self.openers = openers  # (path, what a WebSocket at it or below it speaks)
        self.manners = manners or Manners()
        self.pages = pages
        self.sessions: dict[Session, None] = {}
        self.control_token = b""  # what control asks other machines for; empty: they may not come
        self.control_closed = False  # whether this machine is asked for it, too
        self.shapes: dict[str, dict[tuple[str, ...], Shape]] = {}  # WebSocket API's, by venue
        self._entered: dict[tuple[bytes, bytes, bytes | None], Way] = {}

    def open(self, call: Call) -> Answer | asyncio.Future[object]:
        """The answer to a call, or the future of what `settle` makes an answer of."""
        try:
            headers = call.headers
            way = self._entered.get((call.method, call.path, headers.get(b"host")))
            if b"origin" in headers or b"x-tradepit-world" in headers:
                way = None
            if way is None:
                page = self._enter(call)
                if page is not None:
                    return page
            else:
                call.venue = way.venue
                call.operation = way.operation
                call.world = self.worlds[self.default]
            if call.world.away is not None:
                return asyncio.ensure_future(self._open_later(call))
            if way is None or not self._pass_known(call, way):
                sent = _sent(call)
                for check in CHAIN_BEHIND:
                    check(self, call)
                if way is not None and sent:
                    way.learn(sent.decode("latin-1"))
            return self._serve(call)
        except Exception as wrong:
            return self.refuse(call, wrong)

    async def _open_later(self, call: Call) -> Answer:
        """The answer to a call that comes while its world is being exchanged for another state."""
        name = call.world.name
        try:
            while (away := call.world.away) is not None:
                await asyncio.shield(away)
                if name not in self.worlds:
                    raise refusal(404, f"There is no world named {name!r}.")
                if call.world is self.worlds[name]:
                    break  # it could not be exchanged
                call.world = self.worlds[name]
            for check in CHAIN_BEHIND:
                check(self, call)
            found = self._serve(call)
        except Exception as wrong:
            return self.refuse(call, wrong)
        if isinstance(found, Answer):
            return found
        await asyncio.wait([found])
        return self.settle(call, found)

    def _enter(self, call: Call) -> Answer | asyncio.Future[object] | None:
        """Pass `CHAIN_FRONT` and find the operation, or the page that is asked for. What the plain
        names of a request led to is remembered: clients ask the same few paths of the same host
        again and again."""
        headers, path = call.headers, call.path
        names = (call.method, path, headers.get(b"host"))
        plain = b"origin" not in headers and b"x-tradepit-world" not in headers
        for check in CHAIN_FRONT:
            check(self, call)
        page = self.pages.find(call) if self.pages is not None else None
        if callable(page):
            return asyncio.get_running_loop().run_in_executor(self.pool, page)
        if page is not None:
            return page
        find_operation(self, call)
        operation = operation_of(call)
        if (
            plain
            and call.path is path
            and not call.venue.world
            and not operation.path.startswith(CONTROL)
            and len(self._entered) < REMEMBERED
        ):
            self._entered[names] = Way(call.venue, operation, path)
        return None

    def _pass_known(self, call: Call, way: Way) -> bool:
        """Whether a request passes the checks because it has a known shape. Raises: Reject when it
        weighs too much."""
        raw = _sent(call)
        found = way.find(raw.decode("latin-1")) if way.shapes and raw else None
        if found is None or self.world_clock_only:
            return False
        shape, values = found
        headers, world = call.headers, call.world
        holder = world.keys.find(
            world.pit.keys, headers.get(b"x-mbx-apikey", b"").decode("latin-1")
        )
        signature = values[-1].encode()
        payload = raw[: -len(signature) - len(_SIGNATURE)]
        if holder is None or not holder.check(payload, signature):
            return False
        unit = headers.get(b"x-mbx-time-unit")
        if unit is not None and unit not in MICRO:
            return False
        if not shape.admits(call, holder, shape.tell(values), values):
            return False
        call.micro = unit is not None and MICRO[unit]
        if call.body:
            call.body = payload
        else:
            call.query = payload
        shape.count(call, world.limits.get(way.family))
        return True

    def connect(self, call: Call) -> Session:
        """The session of a WebSocket that asks to be opened. Raises: Reject."""
        for check in SOCKET_CHAIN:
            check(self, call)
        call.world.attempts.count(call.ip, call.now_us // 1_000_000)
        path = call.path + b"/"
        for prefix, opener in self.openers:
            if path.startswith(prefix + b"/"):
                session = opener(call, self.manners)
                session.handshake()
                self.sessions[session] = session.world.sessions[session] = None
                session.on_gone = self._gone
                return session
        raise not_found()

    def _gone(self, session: Session) -> None:
        self.sessions.pop(session, None)
        session.world.sessions.pop(session, None)

    def clock_changed(self) -> None:
        """A world's clock was set, or goes another way: the day of a socket may be over."""
        for session in list(self.sessions):
            session.clock_changed()

    def part(self, world: World, words: str) -> None:
        """A world ends, or begins anew: its sockets are closed, so that clients connect again."""
        for session in list(world.sessions):
            session.close(RESTART, words)
        world.faults.end()

    def shut_down(self) -> None:
        """The server stops: every socket is told, then closed."""
        for session in list(self.sessions):
            session.shut_down()
        for world in self.worlds.values():
            world.faults.end()

    def settle(self, call: Call, done: asyncio.Future[object]) -> Answer:
        """The answer of a call whose command or SQL query came to an end."""
        try:
            found = done.result()
            return found if isinstance(found, Answer) else self._answer(call, found)
        except Reject as refused:
            return self._refuse_late(call, refused)
        except asyncio.CancelledError:
            return self.refuse(call, Reject("DISCONNECTED"))
        except Exception as wrong:
            return self.refuse(call, wrong)

    def _refuse_late(self, call: Call, refused: Reject) -> Answer:
        """The answer of a refusal of what passed all checks."""
        count_late(call, refused)
        return self.refuse(call, refused)

    def refuse(self, call: Call, wrong: Exception) -> Answer:
        """The answer of a refusal; what is no Reject is a bug, told to the operator alone."""
        if isinstance(wrong, Broken):
            return wrong.answer
        if not isinstance(wrong, Reject):
            log.error("%s failed", call.operation or "A request", exc_info=wrong)
            wrong = Reject("UNKNOWN")
        self.note(call, wrong)
        return refused_answer(wrong, self._used(call), call.micro)

    def note(self, call: Call, refused: Reject) -> None:
        """Put a refusal on the request log of its world, the default one's before it is known."""
        world = getattr(call, "world", None) or self.worlds[self.default]
        world.trail.note(call, refused)

    def _serve(self, call: Call) -> Answer | asyncio.Future[object]:
        found = self.serve(call)
        if isinstance(found, asyncio.Future):
            return self.settle(call, found) if found.done() else found
        if isinstance(found, Answer):  # a page, or an answer without an end
            return found
        if isinstance(found, Reject):
            return self._refuse_late(call, found)
        return self._answer(call, found)

    def serve(self, call: Call, session: object = None) -> object:
        """The reply to a call that passed all checks, its Reject, or the future of either.

        session: what an operation without a route of its own (a session's) reads.
        """
        if call.fault is not None:
            return call.fault.serve(lambda: self._carry_out(call, session))
        operation = call.operation
        if operation is not None and operation.is_command:
            check = call.check_again if operation.signed else None
            return call.world.sequencer.ask(call.who, operation.id, call.ask, check)
        return self._carry_out(call, session)

    def _carry_out(self, call: Call, session: object) -> object:
        world, operation = call.world, call.operation
        assert operation is not None
        if operation.is_command:
            check = call.check_again if operation.signed else None
            return world.sequencer.submit(call.who, operation.id, call.ask, check)
        port: object = world.history
        if not operation.routes:
            port = session
        elif operation.path.startswith(CONTROL):
            port = world.console
        elif call.fault is not None and call.fault.replica is not None:
            return call.fault.replica.ask(operation.handler, call, self.pool)
        found = operation.handler(world.pit, port, call.who, call.ask)
        if callable(found):
            return asyncio.get_running_loop().run_in_executor(self.pool, found)
        if isinstance(found, Awaitable):
            return asyncio.ensure_future(found)
        return found

    def _answer(self, call: Call, reply: object) -> Answer:
        trail, operation = call.world.trail, call.operation
        if trail.followers:
            trail.passed(call)
        if operation is not None and operation.refunded:
            refund(call)
        headers = self._used(call)
        if operation is not None and operation.unfilled_orders:
            counts = order_counts(call.world.pit, operation, call.who.owner)
            headers += _ORDER_COUNTS[operation.venues[0]] % tuple(counts)
        return Answer(200, encode(reply, call.micro), headers)

    def _used(self, call: Call) -> bytes:
        if call.limits is None or call.meter is None:
            return b""
        return call.limits.lines(call.meter)


def _sent(call: Call) -> bytes:
    """The parameters of a request that has them in one place, its query or a form; else nothing."""
    if not call.body:
        return call.query
    if call.query or call.method in (b"GET", b"HEAD"):
        return b""
    return call.body if call.headers.get(b"content-type", FORM) == FORM else b""


def count_late(call: Call, wrong: Exception) -> None:
    """Have an order that the second look at its timestamp refused counted like a placed one, on
    spot. A clock's skew that was armed is none that the engine saw."""
    if not isinstance(wrong, Reject) or wrong.name != "INVALID_TIMESTAMP":
        return
    if call.fault is not None and call.fault.wrong is wrong:
        return
    operation = call.operation
    if operation is not None and operation.unfilled_orders and SPOT in operation.venues:
        ask = LateOrder(orders=operation.unfilled_orders)
        counted = call.world.sequencer.submit(call.who, LATE, ask)
        counted.add_done_callback(asyncio.Future.exception)  # a world that stops counts no more
