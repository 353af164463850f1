"""Faults armed by rules."""

from __future__ import annotations

from typing import Annotated

from tradepit.catalog.fields import Between, Bool, Int, Long, OneOf, Rate, String, Text
from tradepit.catalog.language import REGISTRY, Ask, Reply, operation
from tradepit.control.accounts import AccountName, account_of
from tradepit.control.basics import Console, Nothing
from tradepit.control.clock import Duration, duration_us
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.units import ONE
from tradepit.gateways.faults import KINDS, Faults, Rule
from tradepit.gateways.stream_faults import (
    AT_ONCE,
    DELAY_US,
    EXPIRE,
    LATE,
    STREAM_KINDS,
    USER,
    StreamRule,
)

FaultKind = Annotated[str, OneOf((*KINDS, *STREAM_KINDS))]
StreamPattern = Annotated[
    str, Text(r"[^\s\"\\]{1,100}", legal="a stream's name, `*` in it any text")
]
OperationId = Annotated[str, Text(r"[ -~]{1,100}", legal="^[ -~]{1,100}$")]

MOST = 100


class FaultRow(Reply):
    number: Long
    kind: String
    operation: String
    stream: String
    account: String
    skip: Int
    times: Int
    probability: Rate
    seen: Long
    hit: Long
    delay_us: Long


def _row(rule: Rule) -> FaultRow:
    return FaultRow(
        number=rule.number, kind=rule.kind, operation=rule.operation, account=rule.account,
        skip=rule.skip, times=rule.times, probability=rule.likely, seen=rule.seen, hit=rule.hit,
        stream=rule.stream if isinstance(rule, StreamRule) else "",
        delay_us=rule.delay_us if isinstance(rule, StreamRule) and rule.kind == LATE else 0,
    )  # fmt: skip


@operation("GET /_tradepit/v1/faults")
def list_faults(pit: Exchange, history: Console, who: Who, ask: Nothing) -> list[FaultRow]:
    """The armed rules, and how often each struck."""
    return [_row(rule) for rule in _all(history.faults)]


def _all(faults: Faults) -> list[Rule]:
    """The rules about requests and those about streams, in the order of their arming."""
    return sorted([*faults.rules, *faults.streams.rules], key=lambda rule: rule.number)


class ArmFault(Ask):
    kind: FaultKind
    operation: OperationId | None = None
    stream: StreamPattern | None = None
    account: AccountName | None = None
    skip: Annotated[Int, Between(0, 1_000_000)] = 0
    times: Annotated[Int, Between(0, 1_000_000)] = 1
    probability: Rate = ONE
    delay: Duration | None = None
    now: Bool | None = None


@operation("POST /_tradepit/v1/faults")
def arm_fault(pit: Exchange, history: Console, who: Who, ask: ArmFault) -> FaultRow:
    """Arm a rule: of the requests for `operation`, or the events on `stream`, of `account` let
    `skip` pass, then hit `times` (0: all), each with a probability."""
    if ask.operation is not None and ask.operation not in REGISTRY:
        raise Reject("INVALID_PARAMETER", "operation")
    if ask.account is not None:
        account_of(pit, ask.account)
    if not 0 < ask.probability <= ONE:
        raise Reject("INVALID_PARAMETER", "probability")
    faults = history.faults
    _check_kind(ask)
    if len(_all(faults)) >= MOST:
        raise Reject("TOO_MANY_VALUES", "faults", MOST)
    faults.number += 1
    if ask.kind in STREAM_KINDS:
        return _row(_arm_stream(faults, ask))
    rule = Rule(
        faults.number, ask.kind, operation=ask.operation or "", account=ask.account or "",
        skip=ask.skip, times=ask.times, likely=ask.probability,
    )  # fmt: skip
    faults.rules.append(rule)
    return _row(rule)


def _check_kind(ask: ArmFault) -> None:
    """Raises: Reject for what has no meaning with the kind of fault."""
    streamed = ask.kind in STREAM_KINDS
    for name, given, wanted in (
        ("operation", ask.operation, not streamed),
        ("stream", ask.stream, streamed),
        ("delay", ask.delay, ask.kind == LATE),
        ("now", ask.now, ask.kind in AT_ONCE),
    ):
        if given is not None and not wanted:
            raise Reject("PARAM_NOT_REQUIRED", name)
    about_users = ask.stream is None or ask.stream.startswith((USER, "*"))
    if ask.kind == EXPIRE and not about_users:
        raise Reject("INVALID_PARAMETER", "stream")


def _arm_stream(faults: Faults, ask: ArmFault) -> StreamRule:
    rule = StreamRule(
        faults.number, ask.kind, stream=ask.stream or (USER + "*" if ask.kind == EXPIRE else "*"),
        delay_us=DELAY_US if ask.delay is None else duration_us(ask.delay),
        account=ask.account or "", skip=ask.skip, times=ask.times, likely=ask.probability,
    )  # fmt: skip
    if ask.now:
        faults.streams.strike(rule)
    else:
        faults.streams.rules.append(rule)
    return rule


class DisarmFault(Ask):
    number: Long | None = None
    all: Bool | None = None


@operation("DELETE /_tradepit/v1/faults")
def disarm_fault(pit: Exchange, history: Console, who: Who, ask: DisarmFault) -> list[FaultRow]:
    """Take a rule away by its number, or `all` of them."""
    faults = history.faults
    if (ask.number is None) == (not ask.all):
        raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
    gone = [rule for rule in _all(faults) if ask.all or rule.number == ask.number]
    if ask.number is not None and not gone:
        raise Reject("INVALID_PARAMETER", "number")
    faults.rules = [rule for rule in faults.rules if rule not in gone]
    faults.streams.drop(gone)
    return [_row(rule) for rule in gone]
