"""Signed requests of a shape that was seen before pass the door in one step.

A client sends the same parameters in the same order again and again. Where its key, signature and
times stand, what it signed, and how the rest becomes a typed request is then known, and a request
that passes every check passes without walking all of them. Nothing is refused here, and nothing is
counted before all is found to be well: what does not pass goes through the chain of `checks` as if
nobody had looked, which says what is wrong in its order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from tradepit.catalog.language import Operation
from tradepit.catalog.parse import WRONG, planned
from tradepit.core.rejects import Reject
from tradepit.gateways.checks import (
    AHEAD_US,
    CONTROL,
    EPOCH_2017_US,
    MAY,
    WINDOW_US,
    Call,
    charge,
    charge_more,
    recv_window,
)

if TYPE_CHECKING:
    from tradepit.gateways.hosts import Venue
    from tradepit.gateways.keys import Holder
    from tradepit.gateways.limits import IpLimits

KEPT: Final = 256  # shapes of the WebSocket API of one venue
SHAPES_KEPT: Final = 8  # of requests over HTTP to one operation
TIMES: Final = ("timestamp", "recvWindow")
OVER_HTTP: Final = frozenset({*TIMES, "signature"})  # what the door reads itself
OVER_SOCKET: Final = frozenset({*OVER_HTTP, "apiKey"})

_MS_DIGITS: Final = 13
_NAME: Final = re.compile(r"[A-Za-z]+")
_VALUE: Final = r"([^&=%+\x80-\xff]+)"  # one that stands in a query as it is, and is not empty

Told = tuple[str | None, str | None, str | None, str | None, str]
"""(key, signature, timestamp, recvWindow, what is signed)."""


def can_pass(operation: Operation, names: Sequence[str], mine: frozenset[str]) -> bool:
    """Whether requests of that shape can pass in one step: all that they say is read, and nothing
    is drawn for them."""
    known = {field.wire for field in operation.fields()} | mine
    return (
        known.issuperset(names)
        and len(set(names)) == len(names)
        and operation.signed
        and not operation.drawn
        and not operation.path.startswith(CONTROL)
    )


class Shape:
    """What is the same in all requests to one operation with these parameters in this order.
    mine: the names of those that the door reads."""

    __slots__ = ("match", "may", "names", "operation", "read", "tell", "varies")

    def __init__(self, operation: Operation, names: Sequence[str], mine: frozenset[str]) -> None:
        self.operation = operation
        self.names = tuple(names)
        self.varies = not isinstance(operation.weight, int)  # what requests weigh
        self.may = MAY.get(operation.security, 0)
        self.read: Callable[[Sequence[str]], Any] = planned(operation.ask_type, names, mine)
        self.tell = _teller(names, whole=mine is OVER_SOCKET)
        self.match = re.compile("&".join([f"{name}={_VALUE}" for name in names])).fullmatch

    def admits(self, call: Call, holder: Holder, told: Told, values: Sequence[str]) -> bool:
        """Whether a request that its holder signed passes what else there is to pass; it is then
        as the checks leave one, but that its weight is not counted."""
        who = holder.who
        timestamp, window = told[2], told[3]
        if (
            who.may & self.may != self.may
            or holder.key.ips
            or call.world.faults.rules
            or timestamp is None
            or len(timestamp) != _MS_DIGITS
            or not (timestamp.isascii() and timestamp.isdigit())
        ):
            return False
        sent_us = int(timestamp) * 1_000
        try:
            window_us = WINDOW_US if window is None else recv_window(window)
            if not -AHEAD_US < call.now_us - sent_us <= window_us or sent_us < EPOCH_2017_US:
                return False
            call.ask = self.read(values)
        except (Reject, *WRONG):
            return False
        call.operation = self.operation
        call.holder = holder
        call.who = who
        call.sent_us = sent_us
        call.window_us = window_us
        call.strict = False
        return True

    def count(self, call: Call, limits: IpLimits | None) -> None:
        """Charge what an admitted request weighs. Raises: Reject when that is too much."""
        if limits is not None:
            charge(call, limits)
            if self.varies:
                charge_more(call)


class Way:
    """Where the plain names of a request lead to: the operation on that host, and what shapes the
    requests to it have."""

    __slots__ = ("_last", "family", "operation", "shapes", "venue")

    def __init__(self, venue: Venue, operation: Operation, path: bytes) -> None:
        self.venue = venue
        self.operation = operation
        self.family = path[1 : path.find(b"/", 1)]  # of paths whose weight is counted together
        self.shapes: list[Shape] = []
        self._last: tuple[str, ...] = ()

    def find(self, text: str) -> tuple[Shape, Sequence[str]] | None:
        """The shape of a query or a form, and the values in it; None when it is not known."""
        for shape in self.shapes:
            match = shape.match(text)
            if match is not None:
                return shape, match.groups()
        return None

    def learn(self, text: str) -> None:
        """Know requests like this one, which passed: from its second in a row on."""
        if len(self.shapes) >= SHAPES_KEPT:
            return
        names = tuple([pair.partition("=")[0] for pair in text.split("&")])
        if names != self._last:
            self._last = names
        elif names[-1] == "signature" and can_pass(self.operation, names, OVER_HTTP):
            self.shapes.append(Shape(self.operation, names, OVER_HTTP))


def _teller(names: Sequence[str], whole: bool) -> Callable[[Sequence[str]], Told]:
    """What takes out of the values of parameters of these names what the door reads. whole: with
    what is signed over the WebSocket API, all but the signature, sorted by name, as it was sent."""
    at = {name: f"v{place}" for place, name in enumerate(names)}
    for name in names:
        if _NAME.fullmatch(name) is None:
            raise ValueError(name)
    covered = sorted(name for name in names if whole and name != "signature")
    signed = "&".join([f"{name}={{{at[name]}}}" for name in covered])
    read = ", ".join([at.get(name, "None") for name in ("apiKey", "signature", *TIMES)])
    source = f"def tell(values):\n    {', '.join(at.values())}, = values\n"
    source += f"    return {read}, f'{signed}'\n"
    known: dict[str, Any] = {}
    exec(compile(source, "<teller>", "exec"), known)
    tell: Callable[[Sequence[str]], Told] = known["tell"]
    return tell
