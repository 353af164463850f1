"""Faults armed by rules."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import pairwise
from typing import Annotated

import msgspec

from tradepit.catalog.fields import (
    Between,
    Bool,
    Int,
    Long,
    OneOf,
    Rate,
    String,
    SymbolName,
    Text,
    Time,
)
from tradepit.catalog.kinds import read_decimal
from tradepit.catalog.language import REGISTRY, Ask, Reply, operation
from tradepit.control.accounts import AccountName
from tradepit.control.basics import Console, Nothing, wrong
from tradepit.control.clock import Duration, duration_us
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.units import ONE, text_short
from tradepit.gateways.faults import FILLS, HALTS, KINDS, READ_LAG, Bounds, Effect, Faults, Rule
from tradepit.gateways.stream_faults import (
    AT_ONCE,
    DELAY_US,
    ENDS,
    EXPIRE,
    LATE,
    SOCKET,
    STREAM_KINDS,
    USER,
    StreamRule,
)

_ABOUT_USERS = re.compile(rf"(usdm:|coinm:)?({USER}|\*)")


class KindName(OneOf):
    """A kind of fault; a refusal names those that there are."""

    def refuse(self, name: str, text: str) -> Reject:
        return not_one_of(name, text, self.values, "kind")


_PORTION = r"[0-9](?:\.[0-9]{1,8})?@(?:[0-9]{1,9}(?:us|ms|s|m|h|d|w)){1,7}"

FaultKind = Annotated[str, KindName((*KINDS, *STREAM_KINDS))]
StreamPattern = Annotated[
    str, Text(r"[^\s\"\\]{1,100}", legal="a stream's name, `*` in it any text")
]
OperationId = Annotated[str, Text(r"[ -~]{1,100}", legal="^[ -~]{1,100}$")]
KeyText = Annotated[str, Text(r"[ -~]{1,100}", legal="^[ -~]{1,100}$")]
Portions = Annotated[
    str, Text(rf"{_PORTION}(?:,{_PORTION}){{0,99}}", legal="portions@durations: 0.25@0s,0.75@2s")
]
Count = Annotated[Int, Between(0, 1_000_000)]

MOST = 100
MOST_REPLICAS = 4  # each is a whole exchange
LONGEST_US = 3_600_000_000


def not_one_of(name: str, given: str, known: Iterable[str], what: str) -> Reject:
    """-1130 of a name that nothing has, with the names that come closest to it."""
    names = list(known)
    near = get_close_matches(given, names, n=3, cutoff=0.5)
    if near:
        return wrong(name, f"There is no such {what}; did you mean {' or '.join(near)}?")
    some = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    return wrong(name, f"There is no such {what}; there are {some}.")


class FaultRow(Reply):
    number: Long
    kind: String
    operation: String
    stream: String
    account: String
    key: String
    symbol: String
    skip: Int
    nth: Int
    every: Int
    times: Int
    probability: Rate
    from_: Time | None = msgspec.field(name="from")
    until: Time | None
    seen: Long
    hit: Long
    delay_us: Long
    delay_up_to_us: Long
    lag_us: Long
    behind: Long
    lasts_us: Long
    fills: String


def _row(rule: Rule) -> FaultRow:
    bounds = rule.bounds
    return FaultRow(
        number=rule.number, kind=rule.kind, operation=rule.operation, account=rule.account,
        key=rule.key, symbol=rule.symbol, skip=bounds.skip, nth=bounds.nth, every=bounds.every,
        times=bounds.times, probability=bounds.likely, from_=bounds.from_us or None,
        until=bounds.until_us or None, seen=rule.seen, hit=rule.hit,
        stream=rule.stream if isinstance(rule, StreamRule) else "",
        delay_us=rule.effect.delay_us, delay_up_to_us=rule.effect.delay_most_us,
        lag_us=rule.effect.lag_us, behind=rule.effect.behind,
        lasts_us=rule.effect.lasts_us,
        fills=",".join(f"{text_short(share)}@{at}us" for at, share in rule.effect.fills),
    )  # fmt: skip


@operation("GET /_tradepit/v1/faults")
def list_faults(pit: Exchange, history: Console, who: Who, ask: Nothing) -> list[FaultRow]:
    """The armed rules, and how often each struck."""
    return [_row(rule) for rule in _all(history.faults)]


def _all(faults: Faults) -> list[Rule]:
    """The rules about requests and those about streams, in the order of their arming."""
    return sorted([*faults.rules, *faults.streams.rules], key=lambda rule: rule.number)


class FaultKindRow(Reply):
    kind: String
    about: String
    takes: list[String]
    needs: list[String]


@operation("GET /_tradepit/v1/faults/kinds")
def list_fault_kinds(pit: Exchange, history: Console, who: Who, ask: Nothing) -> list[FaultKindRow]:
    """The kinds of faults: what they are about, requests or streams; which parameters of a rule
    have a meaning only for some kinds, this one among them; and which of those it needs."""
    return [
        FaultKindRow(kind=kind, about=about, takes=_takes(kind), needs=list(_needs(kind)))
        for about, kinds in (("requests", KINDS), ("streams", STREAM_KINDS))
        for kind in kinds
    ]


def _takes(kind: str) -> list[str]:
    """Of the parameters that not every kind has a use for, those that this one has."""
    streamed = kind in STREAM_KINDS
    wanted = {
        "operation": not streamed,
        "key": not streamed,
        "symbol": not streamed,
        "stream": streamed,
        "delay": not streamed or kind == LATE,
        "delayUpTo": not streamed,
        "lag": kind == READ_LAG,
        "behind": kind == READ_LAG,
        "lasts": kind in HALTS,
        "fills": kind == FILLS,
        "now": kind in AT_ONCE or kind in HALTS,
    }
    return [name for name, is_wanted in wanted.items() if is_wanted]


def _needs(kind: str) -> dict[str, str]:
    """The parameters without which a rule of this kind says nothing, with what is missing then."""
    if kind.startswith("delay"):
        return {"delay": "Say how long, as in 250ms."}
    if kind == FILLS:
        return {"fills": "Say which portions when, as in 0.25@0s,0.75@2s."}
    return {}


class ArmFault(Ask):
    kind: FaultKind
    operation: OperationId | None = None
    stream: StreamPattern | None = None
    account: AccountName | None = None
    key: KeyText | None = None
    symbol: SymbolName | None = None
    skip: Count = 0
    nth: Count = 0
    every: Count = 0
    times: Count | None = None
    probability: Rate = ONE
    from_: Time | None = msgspec.field(name="from", default=None)
    until: Time | None = None
    delay: Duration | None = None
    delay_up_to: Duration | None = None
    lag: Duration | None = None
    behind: Count | None = None
    lasts: Duration | None = None
    fills: Portions | None = None
    now: Bool | None = None


@operation("POST /_tradepit/v1/faults")
def arm_fault(pit: Exchange, history: Console, who: Who, ask: ArmFault) -> FaultRow:
    """Arm a rule: of the requests for `operation`, or the events on `stream`, of `account` let
    `skip` pass, then hit `times` (0: all), each with a probability."""
    _check_kind(ask)
    _check_names(pit, ask)
    faults = history.faults
    bounds = _bounds(ask, history.clock.now_us())
    effect = _effect(ask)
    if len(_all(faults)) >= MOST:
        raise Reject("TOO_MANY_VALUES", "faults", MOST)
    faults.number += 1
    if ask.kind in STREAM_KINDS:
        return _row(_arm_stream(faults, ask, bounds, effect))
    rule = Rule(
        faults.number, ask.kind, operation=ask.operation or "", account=ask.account or "",
        key=ask.key or "", symbol=ask.symbol or "", bounds=bounds, effect=effect,
    )  # fmt: skip
    if ask.kind in HALTS and ask.now:
        faults.halt(rule.symbol, HALTS[ask.kind], effect.lasts_us)
        rule.seen = rule.hit = 1
        return _row(rule)
    if ask.kind == READ_LAG:
        if sum(other.replica is not None for other in faults.rules) >= MOST_REPLICAS:
            raise Reject("TOO_MANY_VALUES", "read-lag", MOST_REPLICAS)
        rule.replica = faults.replicate(effect.lag_us, effect.behind)
    faults.rules.append(rule)
    return _row(rule)


def _given(ask: ArmFault) -> list[str]:
    """What was given of the parameters that not every kind has a use for."""
    asked = {
        "operation": ask.operation, "key": ask.key, "symbol": ask.symbol, "stream": ask.stream,
        "delay": ask.delay, "delayUpTo": ask.delay_up_to, "lag": ask.lag, "behind": ask.behind,
        "lasts": ask.lasts, "fills": ask.fills, "now": ask.now,
    }  # fmt: skip
    return [name for name, value in asked.items() if value is not None]


def _check_kind(ask: ArmFault) -> None:
    """Raises: Reject for what has no meaning with the kind of fault, or is missing."""
    given = _given(ask)
    takes = _takes(ask.kind)
    for name in given:
        if name not in takes:
            no_use = f"A rule of {ask.kind} has no use for it: leave it away."
            raise wrong(name, no_use, "PARAM_NOT_REQUIRED")
    for name, words in _needs(ask.kind).items():
        if name not in given:
            raise wrong(name, words, "MANDATORY_PARAM")
    if (ask.stream or "").startswith(SOCKET) and not (ask.now and ask.kind in ENDS):
        raise wrong("stream", f"{SOCKET}* are connections: one of {', '.join(ENDS)}, and now.")
    if ask.kind == EXPIRE and not _ABOUT_USERS.match(ask.stream or USER):
        raise wrong("stream", f"Only {USER}* can be meant: it is accounts whose keys expire.")
    if ask.kind in HALTS and ask.now and ask.symbol is None:
        raise wrong("symbol", "Say which symbol closes now.", "MANDATORY_PARAM")
    if ask.kind == READ_LAG and not (ask.lag or ask.behind):
        words = "Say how far reads lag: lag, as in 500ms, or behind, a number of commands."
        raise wrong("lag", words, "MANDATORY_PARAM")


def _effect(ask: ArmFault) -> Effect:
    """How much of it. Raises: Reject for what cannot be."""
    default_us = DELAY_US if ask.kind == LATE else 0
    delay_us = default_us if ask.delay is None else duration_us(ask.delay)
    most_us = delay_us if ask.delay_up_to is None else duration_us(ask.delay_up_to)
    if ask.kind not in STREAM_KINDS and delay_us > LONGEST_US:
        raise wrong("delay", "Requests wait an hour at most.")
    if not delay_us <= most_us <= max(LONGEST_US, delay_us):
        raise wrong("delayUpTo", "It is at least delay, and an hour at most.")
    lag_us = 0 if ask.lag is None else duration_us(ask.lag)
    if lag_us > LONGEST_US:
        raise wrong("lag", "Reads lag an hour at most.")
    lasts_us = 0 if ask.lasts is None else duration_us(ask.lasts)
    return Effect(delay_us, most_us, lag_us, ask.behind or 0, lasts_us, _portions(ask.fills))


def _portions(text: str | None) -> tuple[tuple[int, int], ...]:
    """(µs, e8 of the order's quantity) of each portion. Raises: Reject."""
    if text is None:
        return ()
    pairs = [part.split("@") for part in text.split(",")]
    found = tuple((duration_us(after), read_decimal(share)) for share, after in pairs)
    if any(later[0] < earlier[0] for earlier, later in pairwise(found)):
        raise wrong("fills", "Name the portions in the order of their times.")
    if not all(share for _, share in found) or sum(share for _, share in found) > ONE:
        raise wrong("fills", "Portions are more than 0, and 1 at most together.")
    return found


def _arm_stream(faults: Faults, ask: ArmFault, bounds: Bounds, effect: Effect) -> StreamRule:
    rule = StreamRule(
        faults.number, ask.kind, stream=ask.stream or (f"*{USER}*" if ask.kind == EXPIRE else "*"),
        account=ask.account or "", bounds=bounds, effect=effect,
    )  # fmt: skip
    if ask.now:
        faults.streams.strike(rule)
    else:
        faults.streams.rules.append(rule)
    return rule


def _check_names(pit: Exchange, ask: ArmFault) -> None:
    """Raises: Reject for what a rule names and nothing is called."""
    accounts = [account.name for account in pit.accounts.values() if not account.quiet]
    if ask.operation is not None:
        _check_operation(ask.kind, ask.operation)
    if ask.account is not None and ask.account not in pit.names:
        raise not_one_of("account", ask.account, accounts, "account")
    symbols = [*pit.symbols, *(() if ask.kind in (*HALTS, FILLS) else pit.contracts)]
    if ask.symbol is not None and ask.symbol not in symbols:
        raise not_one_of("symbol", ask.symbol, symbols, "symbol")
    if ask.key is not None and ask.key not in pit.keys:
        raise wrong("key", "No account has this API key; GET /_tradepit/v1/keys lists all.")


def _check_operation(kind: str, given: str) -> None:
    """Raises: Reject for an operation that is none, or that such a fault would never strike."""
    wired = {name: found for name, found in REGISTRY.items() if found.routes or found.ws}
    if given not in wired:
        same = [name for name, found in wired.items() if given in (found.ws, *found.aliases)]
        if same:
            words = f"Name {' or '.join(same)}, which means requests and sockets alike."
            raise wrong("operation", words)
        raise not_one_of("operation", given, wired, "operation")
    about = KINDS[kind].about
    if not about(REGISTRY[given]):
        names = [name for name, found in wired.items() if about(found)]
        some = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        raise wrong("operation", f"{kind} never strikes it; it is about {some}.")


def _bounds(ask: ArmFault, now_us: int) -> Bounds:
    """Which of the things it is about a rule strikes. Raises: Reject for what cannot be."""
    if not 0 < ask.probability <= ONE:
        raise wrong("probability", "It is more than 0 and at most 1; 1 hits every time.")
    if ask.nth and ask.every:
        raise wrong("every", "Send either nth (only that one) or every (every Nth).")
    if ask.nth and (ask.times or 0) > 1:
        raise wrong("times", "With nth only one is hit; leave times away, or send every.")
    if ask.until is not None and ask.until <= max(now_us, ask.from_ or 0):
        raise wrong("until", f"It is in the past, or not after from; it is {now_us // 1000} now.")
    times = ask.times
    if times is None:
        times = 0 if ask.kind in KINDS and KINDS[ask.kind].lasts else 1
    return Bounds(
        ask.skip, ask.nth, ask.every, times, ask.probability, ask.from_ or 0, ask.until or 0
    )


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
        raise wrong("number", "No rule has it; GET /_tradepit/v1/faults lists all.")
    faults.disarm(gone)
    faults.streams.drop(gone)
    return [_row(rule) for rule in gone]
