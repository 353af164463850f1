"""Watching a world: what happens (server-sent events), its numbers (Prometheus), its books."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Final

from tradepit.catalog.fields import Long, String, Time
from tradepit.catalog.kinds import Safe, TextList
from tradepit.catalog.language import Ask, Reply, operation
from tradepit.control.basics import Console, Nothing
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.terms import SYMBOL_STATUSES
from tradepit.gateways.answers import Page, refusal
from tradepit.gateways.watchers import KINDS, MOST, USUAL, Watcher

METRICS: Final = b"text/plain; version=0.0.4; charset=utf-8"

EventKinds = Annotated[
    tuple[str, ...],
    TextList(Safe("|".join(KINDS)), "a JSON list of " + "|".join(KINDS), single=True),
]


class Watch(Ask):
    kinds: EventKinds | None = None


@operation("GET /_tradepit/v1/events")
def watch(pit: Exchange, history: Console, who: Who, ask: Watch) -> Watcher:
    """What happens from now on, as server-sent events: trades, orders, balances, symbols' states,
    refused requests; of the kinds that are named, else all."""
    if history.watchers.count() >= MOST:
        raise refusal(429, f"This world has {MOST} watchers already.")
    return Watcher(history.watchers, frozenset(ask.kinds or USUAL))


# --- The books ---------------------------------------------------------------------------------


class Audit(Reply):
    balanced: bool
    broken: list[str]
    commands: Long
    at: Time
    state_hash: String


@operation("GET /_tradepit/v1/audit")
def audit(pit: Exchange, history: Console, who: Who, ask: Nothing) -> Audit:
    """Add all books up and check every invariant of the world, now; 409 when one is broken. Equal
    logs have equal state hashes."""
    broken = pit.audit()
    if broken:
        raise Reject("DISCONNECTED", status=409, data={"balanced": False, "broken": broken})
    return Audit(
        balanced=True, broken=[], commands=pit.seq, at=pit.at_us, state_hash=pit.state_hash()
    )


# --- Numbers -----------------------------------------------------------------------------------

Sample = tuple[dict[str, object], float]


@operation("GET /_tradepit/v1/metrics")
def metrics(pit: Exchange, history: Console, who: Who, ask: Nothing) -> Page:
    """The world's numbers in the text format of Prometheus."""
    text = "".join(
        _family(name, kind, words, samples) for name, kind, words, samples in _numbers(pit, history)
    )
    return Page(200, text.encode(), METRICS)


def _family(name: str, kind: str, words: str, samples: Iterable[Sample]) -> str:
    lines = [f"# HELP {name} {words}\n# TYPE {name} {kind}\n"]
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        lines.append(f"{name}{{{inside}}} {value!r}\n" if inside else f"{name} {value!r}\n")
    return "".join(lines)


def _escaped(text: object) -> str:
    return str(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _numbers(pit: Exchange, console: Console) -> Iterator[tuple[str, str, str, list[Sample]]]:
    about: dict[str, object] = {"version": console.version, "world": console.world}
    yield "tradepit_info", "gauge", "The server and its world.", [(about, 1)]
    parts: list[Sample] = [({"part": n}, int(ok)) for n, ok in console.healthy().items()]
    yield "tradepit_healthy", "gauge", "Whether a part does what it should.", parts
    yield "tradepit_commands_total", "counter", "Commands on the log.", [({}, pit.seq)]
    clock = console.clock
    yield "tradepit_clock_seconds", "gauge", "The world's time.", [({}, clock.now_us() / 1e6)]
    yield (
        "tradepit_clock_speed",
        "gauge",
        "The clock's pace; 1 is real.",
        [({}, clock.speed / 1_000)],
    )
    traffic = console.traffic()
    yield (
        "tradepit_http_answers_total",
        "counter",
        "HTTP requests answered.",
        [({}, traffic["answers"])],
    )
    yield (
        "tradepit_connections",
        "gauge",
        "Open connections.",
        [({"kind": kind}, traffic[kind]) for kind in ("http", "websocket")],
    )
    yield (
        "tradepit_watchers",
        "gauge",
        "Who watches events.",
        [({}, console.watchers.count())],
    )
    yield (
        "tradepit_refusals_total",
        "counter",
        "Refused requests.",
        [
            ({"operation": operation or "none", "code": code}, count)
            for (operation, code), count in console.trail.counts.items()
        ],
    )
    accounts = pit.accounts.values()
    yield "tradepit_accounts", "gauge", "Accounts, residents too.", [({}, len(accounts))]
    yield "tradepit_api_keys", "gauge", "API keys.", [({}, len(pit.keys))]
    yield (
        "tradepit_open_orders",
        "gauge",
        "Open orders, by who placed them.",
        [
            ({"by": by}, sum(a.orders_open for a in accounts if a.quiet == quiet))
            for by, quiet in (("accounts", False), ("residents", True))
        ],
    )
    states = [symbol.status for symbol in pit.symbols.values()]
    yield (
        "tradepit_symbols",
        "gauge",
        "Symbols, by status.",
        [
            ({"status": SYMBOL_STATUSES[status]}, states.count(status))
            for status in sorted(set(states))
        ],
    )
