"""Faults armed by rules."""

from __future__ import annotations

from typing import Annotated

from tradepit.catalog.fields import Between, Bool, Int, Long, OneOf, Rate, String, Text
from tradepit.catalog.language import REGISTRY, Ask, Reply, operation
from tradepit.control.accounts import AccountName, account_of
from tradepit.control.basics import Console, Nothing
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.units import ONE
from tradepit.gateways.faults import KINDS, Rule

FaultKind = Annotated[str, OneOf(tuple(KINDS))]
OperationId = Annotated[str, Text(r"[ -~]{1,100}", legal="^[ -~]{1,100}$")]

MOST = 100


class FaultRow(Reply):
    number: Long
    kind: String
    operation: String
    account: String
    skip: Int
    times: Int
    probability: Rate
    seen: Long
    hit: Long


def _row(rule: Rule) -> FaultRow:
    return FaultRow(
        number=rule.number, kind=rule.kind, operation=rule.operation, account=rule.account,
        skip=rule.skip, times=rule.times, probability=rule.likely, seen=rule.seen, hit=rule.hit,
    )  # fmt: skip


@operation("GET /_tradepit/v1/faults")
def list_faults(pit: Exchange, history: Console, who: Who, ask: Nothing) -> list[FaultRow]:
    """The armed rules, and how often each struck."""
    return [_row(rule) for rule in history.faults.rules]


class ArmFault(Ask):
    kind: FaultKind
    operation: OperationId | None = None
    account: AccountName | None = None
    skip: Annotated[Int, Between(0, 1_000_000)] = 0
    times: Annotated[Int, Between(0, 1_000_000)] = 1
    probability: Rate = ONE


@operation("POST /_tradepit/v1/faults")
def arm_fault(pit: Exchange, history: Console, who: Who, ask: ArmFault) -> FaultRow:
    """Arm a rule: of the requests for `operation` by `account` let `skip` pass, then hit `times`
    (0: all), each with a probability."""
    if ask.operation is not None and ask.operation not in REGISTRY:
        raise Reject("INVALID_PARAMETER", "operation")
    if ask.account is not None:
        account_of(pit, ask.account)
    if not 0 < ask.probability <= ONE:
        raise Reject("INVALID_PARAMETER", "probability")
    faults = history.faults
    if len(faults.rules) >= MOST:
        raise Reject("TOO_MANY_VALUES", "faults", MOST)
    faults.number += 1
    rule = Rule(
        faults.number, ask.kind, operation=ask.operation or "", account=ask.account or "",
        skip=ask.skip, times=ask.times, likely=ask.probability,
    )  # fmt: skip
    faults.rules.append(rule)
    return _row(rule)


class DisarmFault(Ask):
    number: Long | None = None
    all: Bool | None = None


@operation("DELETE /_tradepit/v1/faults")
def disarm_fault(pit: Exchange, history: Console, who: Who, ask: DisarmFault) -> list[FaultRow]:
    """Take a rule away by its number, or `all` of them."""
    faults = history.faults
    if (ask.number is None) == (not ask.all):
        raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
    gone = [rule for rule in faults.rules if ask.all or rule.number == ask.number]
    if ask.number is not None and not gone:
        raise Reject("INVALID_PARAMETER", "number")
    faults.rules = [rule for rule in faults.rules if rule not in gone]
    return [_row(rule) for rule in gone]
