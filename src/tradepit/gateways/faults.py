"""Faults with meaning: what can go wrong between a client and the exchange, armed by rules.

A rule picks requests (operation, account, key, symbol, which of them, how likely, when) and says
what happens to them, before the engine sees the request or after it was carried out. Which
request a likely rule hits follows from the world's seed, the rule's number and how many it saw.
Rules live in the gateway and are not journaled: the exchange itself knows of no fault.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
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


def _asks_of_an_account(operation: Operation) -> bool:
    return operation.security == USER_DATA and not operation.is_command and bool(operation.routes)


KINDS: Final[dict[str, Kind]] = {
    "delay-before": Kind(False, lambda call: None),
    "delay-after": Kind(True, lambda call: None),
    "too-much-weight": Kind(False, _weight),
    "ip-ban": Kind(False, _ban),
    "too-many-orders": Kind(False, _orders),
    "clock-skew": Kind(False, lambda call: Reject("INVALID_TIMESTAMP")),
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
        assert call.operation is not None
        return (
            KINDS[self.kind].about(call.operation)
            and self.operation in ("", call.operation.id)
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


class Strike:
    """A rule strikes one request that has passed every check."""

    def __init__(self, call: Call, rule: Rule, wrong: Exception | None) -> None:
        self.call = call
        self.faults = call.world.faults
        self.rule = rule
        self.wrong = wrong
        self.after = KINDS[rule.kind].after
        self.replica = rule.replica
        low_us, high_us = rule.effect.delay_us, rule.effect.delay_most_us
        more_us = max(high_us - low_us, 0) * rule.draw(call.world.pit.seed, " delay") // ONE
        self.wait_s = (low_us + more_us) / 1_000_000

    def serve(self, go: Callable[[], object]) -> asyncio.Future[object]:
        """What `go` answers, or what becomes of it. Raises what `go` raises at once."""
        status = HALTS.get(self.rule.kind)
        if status is not None:  # the engine meets the halt, and then the request
            symbol = getattr(self.call.ask, "symbol", "")
            self.faults.halt(symbol, status, self.rule.effect.lasts_us)
        late = not self.after and self.wait_s
        work = self._late(go) if late else self._behind(go())
        return self.faults.follow(work)

    async def _late(self, go: Callable[[], object]) -> object:
        await asyncio.sleep(self.wait_s)
        if self.wrong is not None:
            return self._end(None)
        return await self._behind(go())

    async def _behind(self, found: object) -> object:
        if isinstance(found, Awaitable):
            found = await found
        if self.rule.effect.fills:
            await self._fill(found)
        if self.after and self.wait_s:
            await asyncio.sleep(self.wait_s)
        return self._end(found)

    async def _fill(self, placed: Any) -> None:
        """Have the order that was placed filled in portions."""
        ask = FillInPortions(
            owner=self.call.who.owner, symbol=placed.symbol, order_id=placed.order_id,
            portions=self.rule.effect.fills,
        )  # fmt: skip
        await self.call.world.sequencer.submit(HOUSE, FILL, ask)

    def _end(self, found: object) -> object:
        if isinstance(self.wrong, Instead):
            return self.wrong.reply
        if self.wrong is not None:
            raise self.wrong
        return found


class Faults:
    """The rules of one world. The first that strikes counts."""

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
        for rule in self.rules:
            if rule.is_about(call, name) and rule.strikes(pit.seed, now_us):
                wrong = KINDS[rule.kind].make(call)
                if isinstance(wrong, Reject):
                    wrong.hint = f"{ARMED}{rule.number} ({rule.kind}) was armed."
                strike = Strike(call, rule, wrong)
                at_once = not (strike.after or strike.wait_s or isinstance(wrong, Instead))
                if wrong is not None and at_once:
                    raise wrong
                call.fault = strike
                return

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
