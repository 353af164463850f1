"""Faults with meaning: what can go wrong between a client and the exchange, armed by rules.

A rule picks requests (operation, account, key, symbol, which of them, how likely, when) and says
what happens to them, before the engine sees the request or after it was carried out. Which
request a likely rule hits follows from the world's seed, the rule's number and how many it saw.
Rules live in the gateway and are not journaled: the exchange itself knows of no fault.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from tradepit.core.accounts import ORDER_LIMITS
from tradepit.core.rejects import Reject
from tradepit.core.units import ONE
from tradepit.gateways.answers import Hangup, Page, refusal

if TYPE_CHECKING:
    from tradepit.gateways.checks import Call
    from tradepit.gateways.door import Door
    from tradepit.gateways.stream_faults import StreamFaults

PAGE_502: Final = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    b"<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)
ARMED: Final = "Fault "  # how the reason of such a refusal begins
WAIT_S: Final = 60
BAN_S: Final = 120


class Broken(Exception):
    """No refusal comes back, but this; on a socket, which has no pages, it breaks off."""

    def __init__(self, answer: Page) -> None:
        self.answer = answer
        super().__init__()


class Kind(NamedTuple):
    """after: once the engine has carried the request out."""

    after: bool
    make: Callable[[Call], Exception]
    words: str


def _weight(call: Call) -> Exception:
    words = "1 MINUTE"
    limit = 6_000 if call.limits is None else call.limits.weight.limit
    return Reject("TOO_MUCH_WEIGHT", limit, words, retry_after_s=WAIT_S)


def _ban(call: Call) -> Exception:
    until_ms = (call.now_us // 1_000_000 + BAN_S) * 1_000
    return Reject("IP_BANNED", until_ms, retry_after_s=BAN_S)


def _orders(call: Call) -> Exception:
    _, interval, number, _, limit = ORDER_LIMITS[0]
    return Reject("TOO_MANY_ORDERS", limit, f"{number} {interval}", retry_after_s=number)


def _unavailable(call: Call) -> Exception:
    return refusal(503, "Unknown error, please check your request or try again later.")


KINDS: Final[dict[str, Kind]] = {
    "too-much-weight": Kind(False, _weight, "429, -1003, Retry-After"),
    "ip-ban": Kind(False, _ban, "418, -1003, Retry-After"),
    "too-many-orders": Kind(False, _orders, "429, -1015, Retry-After"),
    "clock-skew": Kind(False, lambda call: Reject("INVALID_TIMESTAMP"), "400, -1021"),
    "overloaded": Kind(False, lambda call: Reject("SERVER_BUSY"), "503, -1008"),
    "bad-gateway": Kind(
        False, lambda call: Broken(Page(502, PAGE_502, b"text/html")), "502 with an HTML page"
    ),
    "drop-before": Kind(False, lambda call: Broken(Hangup()), "the connection breaks"),
    "drop-after": Kind(True, lambda call: Broken(Hangup()), "the connection breaks"),
    "timeout-after": Kind(True, lambda call: Reject("TIMEOUT"), "408, -1007"),
    "unavailable-after": Kind(True, _unavailable, "503, -1000"),
}


class Bounds(NamedTuple):
    """Which of the things that a rule is about it strikes.

    skip: how many go by first. nth: only that one (from 1); every: every Nth; 0: all.
    times: how many at most, 0: no end. likely: e8 of 1. from_us, until_us: in the world's time,
    the end exclusive; 0: no bound. What comes outside of these times does not count as seen.
    """

    skip: int = 0
    nth: int = 0
    every: int = 0
    times: int = 1
    likely: int = ONE
    from_us: int = 0
    until_us: int = 0


ONCE: Final = Bounds()


class Rule:
    """One armed fault, of requests or (by a subclass) of streams. operation, account, key, symbol:
    empty for all."""

    def __init__(
        self, number: int, kind: str, *, operation: str = "", account: str = "", key: str = "",
        symbol: str = "", bounds: Bounds = ONCE,
    ) -> None:  # fmt: skip
        self.number = number
        self.kind = kind
        self.operation = operation
        self.account = account
        self.key = key
        self.symbol = symbol
        self.bounds = bounds
        self.seen = 0
        self.hit = 0

    def is_about(self, call: Call, account: str) -> bool:
        """Whether this request, of an account of that name, is one that it may strike."""
        assert call.operation is not None
        return (
            self.operation in ("", call.operation.id)
            and self.account in ("", account)
            and self.key in ("", call.who.key)
            and self.symbol in ("", call.sent.get("symbol", ""))
        )

    def strikes(self, seed: int, at_us: int) -> bool:
        """Whether the next thing that it is about is hit, in a world of that seed at that time of
        its clock; it counts as seen."""
        bounds = self.bounds
        if at_us < bounds.from_us or 0 < bounds.until_us <= at_us:
            return False
        if bounds.times and self.hit >= bounds.times:
            return False
        self.seen += 1
        place = self.seen - bounds.skip
        if place <= 0 or bounds.nth not in (0, place) or (bounds.every and place % bounds.every):
            return False
        if self.draw(seed, "") >= bounds.likely:
            return False
        self.hit += 1
        return True

    def draw(self, seed: int, what: str) -> int:
        """A number from 0 to e8 of 1, the end exclusive, that follows from the seed, this rule,
        how many it saw, and what the number is for."""
        digest = sha256(f"{seed} fault {self.number} {self.seen}{what}".encode()).digest()
        return int.from_bytes(digest[:8]) * ONE >> 64


class Faults:
    """The rules of one world. The first that strikes counts."""

    __slots__ = ("number", "rules", "streams")

    streams: StreamFaults  # the rules about streams; set by the world

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.number = 0

    def act(self, call: Call) -> None:
        """Have a rule strike this request, if one does. Raises: Reject, Broken."""
        assert call.operation is not None
        if call.operation.path.startswith("/_tradepit/"):
            return
        pit = call.world.pit
        account = pit.accounts.get(call.who.owner)
        name = "" if account is None else account.name
        now_us = call.world.clock.now_us()
        for rule in self.rules:
            if rule.is_about(call, name) and rule.strikes(pit.seed, now_us):
                kind = KINDS[rule.kind]
                fault = kind.make(call)
                if isinstance(fault, Reject):
                    fault.hint = f"{ARMED}{rule.number} ({rule.kind}) was armed."
                if not kind.after:
                    raise fault
                call.fault = fault
                return


def act_faults(door: Door, call: Call) -> None:
    """What a rule has armed for this request happens; control itself is spared."""
    if call.world.faults.rules:
        call.world.faults.act(call)
