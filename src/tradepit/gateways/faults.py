"""Faults with meaning: what can go wrong between a client and the exchange, armed by rules.

A rule picks requests (operation, account, key, symbol, which of them, how likely, when) and says
what happens to them, before the engine sees the request or after it was carried out. Which
request a likely rule hits follows from the world's seed, the rule's number and how many it saw.
Rules live in the gateway and are not journaled: the exchange itself knows of no fault.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tradepit.catalog.language import SPOT, TRADE, USER_DATA
from tradepit.catalog.limiters import ORDER_LIMITERS
from tradepit.core import terms
from tradepit.core.rejects import Reject
from tradepit.core.units import ONE
from tradepit.gateways.answers import Hangup, Page, refusal
from tradepit.gateways.limits import seconds
from tradepit.journal.sequencer import HOUSE
from tradepit.products.spot.scripts import FILL, HALT, FillInPortions, HaltSymbol
from tradepit.products.wallet import SystemStatus

if TYPE_CHECKING:
    from tradepit.catalog.language import Operation
    from tradepit.gateways.checks import Call
    from tradepit.gateways.door import Door
    from tradepit.gateways.lagging import Replica
    from tradepit.gateways.stream_faults import StreamFaults

PAGE_502: Final = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    b"<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)
ARMED: Final = "Fault "  # how the reason of such a refusal begins
WAIT_S: Final = 60
BAN_S: Final = 120
READ_LAG: Final = "read-lag"
HALTS: Final = {"halt": terms.HALT, "break": terms.BREAK}
FILLS: Final = "partial-fills"
PLACE: Final = "POST /api/v3/order"
TWINS: Final = {"usdm.ticker.book": "GET /fapi/v1/ticker/bookTicker"}
"""Methods that are operations of their own, because they answer more: rules about a request mean
them, too."""
STATUS: Final = "GET /sapi/v1/system/status"


class Broken(Exception):
    """No refusal comes back, but this; on a socket, which has no pages, it breaks off."""

    def __init__(self, answer: Page) -> None:
        self.answer = answer
        super().__init__()


class Instead(Exception):
    """What is answered in place of the engine's reply."""

    def __init__(self, reply: object) -> None:
        self.reply = reply
        super().__init__()


class Kind(NamedTuple):
    """make: what becomes of a request, None where nothing is answered in its place. after: once the
    engine has carried it out. about: which operations it may strike. lasts: it goes on until it is
    taken away, when nothing is said of times."""

    after: bool
    make: Callable[[Call], Exception | None]
    about: Callable[[Operation], bool] = lambda operation: True
    lasts: bool = False


def _weight(call: Call) -> Exception:
    words = "1 MINUTE"
    limit = 6_000 if call.limits is None else call.limits.weight.limit
    return Reject("TOO_MUCH_WEIGHT", limit, words, retry_after_s=WAIT_S)


def _ban(call: Call) -> Exception:
    until_ms = (call.now_us // 1_000_000 + BAN_S) * 1_000
    return Reject("IP_BANNED", until_ms, retry_after_s=BAN_S)


def _orders(call: Call) -> Exception:
    assert call.operation is not None
    first = ORDER_LIMITERS[call.operation.venues[0]][0]
    words = f"{first.num} {first.interval}"
    return Reject("TOO_MANY_ORDERS", first.limit, words, retry_after_s=seconds(first))


def _unavailable(call: Call) -> Exception:
    return refusal(503, "Unknown error, please check your request or try again later.")


def _bad_gateway(call: Call) -> Exception:
    return Broken(Page(502, PAGE_502, b"text/html"))


def _maintenance(call: Call) -> Exception:
    """What is chosen: docs/decisions/0146-maintenance.md."""
    assert call.operation is not None
    if call.operation.id == STATUS:
        return Instead(SystemStatus(status=1, msg="system_maintenance"))
    if call.operation.path.startswith("/sapi/"):
        words = "The system is under maintenance, please try again later."
        return refusal(400, words, code=-10001)
    return Reject("SERVICE_SHUTTING_DOWN", status=503)


def _stops_for_maintenance(operation: Operation) -> bool:
    return operation.security == TRADE or operation.id == STATUS


def _places_orders(operation: Operation) -> bool:
    """Of spot: a contract is never halted, and a symbol may have its name."""
    return operation.unfilled_orders > 0 and SPOT in operation.venues


def _counts_orders(operation: Operation) -> bool:
    return operation.unfilled_orders > 0


def _tells_a_time(operation: Operation) -> bool:
    return operation.signed


def _asks_of_an_account(operation: Operation) -> bool:
    return operation.security == USER_DATA and not operation.is_command and bool(operation.routes)


KINDS: Final[dict[str, Kind]] = {
    "delay-before": Kind(False, lambda call: None),
    "delay-after": Kind(True, lambda call: None),
    "too-much-weight": Kind(False, _weight),
    "ip-ban": Kind(False, _ban),
    "too-many-orders": Kind(False, _orders, about=_counts_orders),
    "clock-skew": Kind(False, lambda call: Reject("INVALID_TIMESTAMP"), about=_tells_a_time),
    "overloaded": Kind(False, lambda call: Reject("SERVER_BUSY")),
    "bad-gateway": Kind(False, _bad_gateway),
    "bad-gateway-after": Kind(True, _bad_gateway),
    "drop-before": Kind(False, lambda call: Broken(Hangup())),
    "drop-after": Kind(True, lambda call: Broken(Hangup())),
    "timeout-before": Kind(False, lambda call: Reject("TIMEOUT")),
    "timeout-after": Kind(True, lambda call: Reject("TIMEOUT")),
    "unavailable-before": Kind(False, _unavailable),
    "unavailable-after": Kind(True, _unavailable),
    "halt": Kind(False, lambda call: None, about=_places_orders),
    "break": Kind(False, lambda call: None, about=_places_orders),
    FILLS: Kind(False, lambda call: None, about=lambda operation: operation.id == PLACE),
    READ_LAG: Kind(False, lambda call: None, about=_asks_of_an_account, lasts=True),
    "maintenance": Kind(False, _maintenance, about=_stops_for_maintenance, lasts=True),
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


class Effect(NamedTuple):
    """How much of it. delay_us, delay_most_us: how long it lasts, drawn between the two; for
    requests on the wall's clock, for streams on the world's. lag_us, behind: how much of the
    world's time, how many commands a read lags. lasts_us: how long a halt lasts, 0: no end. fills:
    (µs after the order was placed, e8 of its quantity); all of them in the world's time."""

    delay_us: int = 0
    delay_most_us: int = 0
    lag_us: int = 0
    behind: int = 0
    lasts_us: int = 0
    fills: tuple[tuple[int, int], ...] = ()


PLAIN: Final = Effect()


class Rule:
    """One armed fault, of requests or (by a subclass) of streams. operation, account, key, symbol:
    empty for all."""

    def __init__(
        self, number: int, kind: str, *, operation: str = "", account: str = "", key: str = "",
        symbol: str = "", bounds: Bounds = ONCE, effect: Effect = PLAIN,
    ) -> None:  # fmt: skip
        self.number = number
        self.kind = kind
        self.operation = operation
        self.account = account
        self.key = key
        self.symbol = symbol
        self.bounds = bounds
        self.effect = effect
        self.replica: Replica | None = None  # of a read lag
        self.seen = 0
        self.hit = 0

    def is_about(self, call: Call, account: str) -> bool:
        """Whether this request, of an account of that name, is one that it may strike."""
        operation = call.operation
        assert operation is not None
        return (
            KINDS[self.kind].about(operation)
            and self.operation in ("", operation.id, TWINS.get(operation.id, ""))
            and self.account in ("", account)
            and self.key in ("", call.who.key)
            and (not self.symbol or self._names_symbol(call.sent))
        )

    def _names_symbol(self, sent: Mapping[str, str]) -> bool:
        """Whether a request is about the rule's symbol, alone or among others."""
        if sent.get("symbol") == self.symbol:
            return True
        return any(f'"{self.symbol}"' in sent.get(name, "") for name in ("symbols", "batchOrders"))

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


class Strike:
    """What rules do to one request that has passed every check: each that leaves the answer alone,
    and at most one, the last, that puts something in its place."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.faults = call.world.faults
        self.wrong: Exception | None = None
        self.after = False  # whether the engine has carried it out when that comes
        self.replica: Replica | None = None
        self.late_s = 0.0  # before the engine, or before what is answered without it
        self.wait_s = 0.0  # behind the engine
        self._halts: list[tuple[int, int]] = []  # (status, µs that it lasts)
        self._fills: list[tuple[tuple[int, int], ...]] = []

    def add(self, rule: Rule) -> None:
        """One rule more strikes it."""
        kind = KINDS[rule.kind]
        low_us, high_us = rule.effect.delay_us, rule.effect.delay_most_us
        drawn = rule.draw(self.call.world.pit.seed, " delay")
        wait_s = (low_us + max(high_us - low_us, 0) * drawn // ONE) / 1_000_000
        if kind.after:
            self.wait_s += wait_s
        else:
            self.late_s += wait_s
        self.replica = self.replica or rule.replica
        if rule.kind in HALTS:
            self._halts.append((HALTS[rule.kind], rule.effect.lasts_us))
        if rule.effect.fills:
            self._fills.append(rule.effect.fills)
        self.wrong = kind.make(self.call)
        self.after = kind.after
        if isinstance(self.wrong, Reject):
            self.wrong.hint = f"{ARMED}{rule.number} ({rule.kind}) was armed."

    @property
    def is_refused(self) -> bool:
        """Whether it is answered here and now, and the answer is a refusal."""
        is_reply = self.wrong is None or isinstance(self.wrong, Instead)
        return not (is_reply or self.after or self.late_s)

    def serve(self, go: Callable[[], object]) -> asyncio.Future[object]:
        """What `go` answers, or what becomes of it. Raises what `go` raises at once."""
        found = None if self.late_s or self._spared else self._meet(go)
        return self.faults.follow(self._serve(go, found))

    @property
    def _spared(self) -> bool:
        """Whether the engine never sees it."""
        return self.wrong is not None and not self.after

    def _meet(self, go: Callable[[], object]) -> object:
        """The engine meets what was halted, and then the request."""
        for status, lasts_us in self._halts:
            self.faults.halt(getattr(self.call.ask, "symbol", ""), status, lasts_us)
        return go()

    async def _serve(self, go: Callable[[], object], found: object) -> object:
        if self.late_s:
            await asyncio.sleep(self.late_s)
        if self._spared:
            return self._end(None)
        if self.late_s:
            found = self._meet(go)
        if isinstance(found, Awaitable):
            found = await found
        for portions in self._fills:
            await self._fill(found, portions)
        if self.wait_s:
            await asyncio.sleep(self.wait_s)
        return self._end(found)

    async def _fill(self, placed: Any, portions: tuple[tuple[int, int], ...]) -> None:
        """Have the order that was placed filled in portions."""
        ask = FillInPortions(
            owner=self.call.who.owner, symbol=placed.symbol, order_id=placed.order_id,
            portions=portions,
        )  # fmt: skip
        await self.call.world.sequencer.submit(HOUSE, FILL, ask)

    def _end(self, found: object) -> object:
        if isinstance(self.wrong, Instead):
            return self.wrong.reply
        if self.wrong is not None:
            raise self.wrong
        return found


class Faults:
    """The rules of one world. All that strike a request count, in the order of their arming, up
    to the first that answers in the engine's place."""

    __slots__ = ("_running", "number", "replicate", "rules", "streams")

    streams: StreamFaults  # the rules about streams; set by the world, like the next
    replicate: Callable[[int, int], Replica]  # (lag_us, behind): a state that lags

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.number = 0
        self._running: set[asyncio.Future[object]] = set()

    def act(self, call: Call) -> None:
        """Have a rule strike this request, if one does. Raises: Reject, Broken."""
        assert call.operation is not None
        if call.operation.path.startswith("/_tradepit/"):
            return
        pit = call.world.pit
        account = pit.accounts.get(call.who.owner)
        name = "" if account is None else account.name
        now_us = call.world.clock.now_us()
        strike = None
        for rule in self.rules:
            if rule.is_about(call, name) and rule.strikes(pit.seed, now_us):
                strike = strike or Strike(call)
                strike.add(rule)
                if strike.wrong is not None:
                    break
        if strike is None:
            return
        if strike.is_refused:
            assert strike.wrong is not None
            raise strike.wrong
        call.fault = strike

    def halt(self, symbol: str, status: int, lasts_us: int) -> None:
        """Have a symbol halted, in the order of all commands."""
        ask = HaltSymbol(symbol=symbol, status=status, lasts_us=lasts_us)
        done = self.streams.sequencer.submit(HOUSE, HALT, ask)
        done.add_done_callback(asyncio.Future.exception)  # of no symbol, or the world stops

    def follow(self, work: Coroutine[object, object, object]) -> asyncio.Future[object]:
        """Have a struck request go on by itself."""
        running = asyncio.ensure_future(work)
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        return running

    def disarm(self, gone: Sequence[Rule]) -> None:
        """Take rules away."""
        self.rules = [rule for rule in self.rules if rule not in gone]
        for rule in gone:
            if rule.replica is not None:
                rule.replica.end()

    def end(self) -> None:
        """The server stops: what waits on purpose waits no longer."""
        for running in list(self._running):
            running.cancel()


def act_faults(door: Door, call: Call) -> None:
    """What a rule has armed for this request happens; control itself is spared."""
    if call.world.faults.rules:
        call.world.faults.act(call)
