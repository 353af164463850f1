"""Pages of the reference, made from the declarations: `python -m tradepit.catalog.publish DIR`.

`coverage.md` says what of the exchange's contract is served; `operations.md` describes each served
operation: security, weight, parameters, reply.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tradepit.catalog import language, unserved
from tradepit.catalog.language import NONE, REGISTRY, UID, Operation
from tradepit.catalog.shapes import Field, Shape, fields_of, reachable

# Where operations are declared.
ROOMS: Final = ("tradepit.products", "tradepit.control", "tradepit.gateways.session_methods")
OWN_PREFIX: Final = "/_tradepit/"

VENUES: Final = {
    "spot-rest": "Spot REST",
    "spot-ws-api": "Spot WebSocket API",
    "spot-streams": "Spot streams",
    "spot-user-data": "Spot user data streams",
    "usdm-rest": "USDⓈ-M futures REST",
    "usdm-ws-api": "USDⓈ-M futures WebSocket API",
    "usdm-streams": "USDⓈ-M futures streams",
    "usdm-user-data": "USDⓈ-M futures user data streams",
    "coinm-rest": "COIN-M futures REST",
    "coinm-ws-api": "COIN-M futures WebSocket API",
    "coinm-streams": "COIN-M futures streams",
    "coinm-user-data": "COIN-M futures user data streams",
    "wallet": "Wallet",
    "sub-account": "Sub-accounts",
    "margin": "Margin",
    "simple-earn": "Simple Earn",
    "savings": "Savings",
    "bswap": "BSwap",
    "blvt": "Leveraged tokens",
    "mining": "Mining",
    "sapi-other": "Other /sapi families",
    "sbe": "SBE",
    "fix": "FIX",
    "testnet-only": "Testnet pages",
}


def load(rooms: Iterable[str] = ROOMS) -> None:
    """Import every module below `rooms`, so that their operations are declared."""
    for room in rooms:
        try:
            package = importlib.import_module(room)
        except ModuleNotFoundError as missing:
            if missing.name != room:
                raise
            continue
        for module in pkgutil.walk_packages(getattr(package, "__path__", ()), room + "."):
            importlib.import_module(module.name)


def venue_of(found: Operation) -> str:
    """The contract's venue of a declared operation, "" for one of our own."""
    _, head, *rest = (found.path + "//").split("/")
    if head == "sapi":
        return _SAPI_VENUES.get(rest[1], "wallet")
    return _VENUES.get(head, "")


_VENUES: Final = {
    "api": "spot-rest",
    "fapi": "usdm-rest",
    "futures": "usdm-rest",
    "dapi": "coinm-rest",
}
# By the path's segment after /sapi/vN; all others are the wallet's.
_SAPI_VENUES: Final = {
    "margin": "margin",
    "userDataStream": "margin",
    "userListenToken": "margin",
    "sub-account": "sub-account",
    "managed-subaccount": "sub-account",
    "simple-earn": "simple-earn",
    "bfusd": "simple-earn",
    "rwusd": "simple-earn",
    "lending": "savings",
    "bswap": "bswap",
    "blvt": "blvt",
    "mining": "mining",
}


def coverage_page() -> str:
    """What of the contract is served, venue by venue, and what is not served yet."""
    served = _served_by_venue()
    missing: dict[str, list[unserved.Row]] = {}
    for row in unserved.rows():
        missing.setdefault(row.venue, []).append(row)
    served_count = {venue: sum(len(op.routes) for op in ops) for venue, ops in served.items()}
    spoken = _spoken()
    served_count.update({venue: len(names) for venue, names in spoken.items()})
    total_served = sum(count for venue, count in served_count.items() if venue)
    total = total_served + len(unserved.rows())
    lines = [
        "# Coverage",
        "",
        f"{total_served} of the contract's {total} operations are served; the others answer 501.",
        "This page is generated from the declarations: `python -m tradepit.catalog.publish`.",
        "",
        "| venue | served | not yet |",
        "|---|---:|---:|",
    ]
    for venue, name in VENUES.items():
        lines.append(f"| {name} | {served_count.get(venue, 0)} | {len(missing.get(venue, ()))} |")
    for venue, name in VENUES.items():
        lines += ["", f"## {name}"]
        lines += _served_table(served.get(venue, []))
        lines += _spoken_list(spoken.get(venue, []))
        lines += _missing_table(missing.get(venue, []))
    if served.get(""):
        lines += ["", "## Beyond the contract: the exchange's own controls"]
        lines += _served_table(served[""])
    return "\n".join(lines) + "\n"


def reference_page(venue: str, operations: list[Operation]) -> str:
    """Every served operation of a venue: its facts, parameters and reply."""
    name = VENUES.get(venue, "Controls")
    lines = [f"# {name}", "", "Generated from the declarations."]
    for found in operations:
        lines += ["", f"## {found.id}", "", found.title + ".", ""]
        if found.aliases:
            lines.append("* also: " + ", ".join(f"`{alias}`" for alias in found.aliases))
        if found.ws:
            lines.append(f"* WebSocket API method: `{found.ws}`")
        signed = ", signed" if found.signed else ""
        lines.append(f"* security: {found.security}{signed}")
        lines.append(f"* weight: {weight_words(found)}")
        if found.unfilled_orders:
            lines.append(f"* unfilled order count: {found.unfilled_orders}")
        lines.append(f"* source: {found.source}")
        if found.doc:
            lines.append(f"* documented in: {found.doc}")
        if found.since or found.until:
            lines.append(f"* served by the exchange: {_span(found.since, found.until)}")
        lines += _params_table(found)
        for struct in reachable(found.reply_types):
            word = "Reply" if struct in found.reply_types else "In it"
            lines += ["", f"{word} `{struct.__name__}`:", ""]
            lines += _reply_rows(fields_of(struct))
    return "\n".join(lines) + "\n"


def weight_words(found: Operation) -> str:
    """An operation's weight in words."""
    unit = " (UID)" if found.weight_scope == UID else ""
    if isinstance(found.weight, int):
        unit += ", 0 when it succeeds" if found.refunded else ""
        return f"{found.weight}{unit}"
    return (found.weight_words or f"{found.least_weight} or more, by the request") + unit


def pages() -> dict[str, str]:
    """The text of every page by its file name; operations must be loaded."""
    made = {"coverage.md": coverage_page()}
    for venue, operations in sorted(_served_by_venue().items()):
        made[f"{venue or 'controls'}.md"] = reference_page(venue, operations)
    return made


def write_pages(folder: Path) -> None:
    """Write every page into `folder`."""
    load()
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, "utf-8")


def _served_by_venue() -> dict[str, list[Operation]]:
    served: dict[str, list[Operation]] = {}
    for found in REGISTRY.values():
        if found.path:
            served.setdefault(venue_of(found), []).append(found)
    for operations in served.values():
        operations.sort(key=lambda op: (op.path, op.method))
    return served


def _served_table(operations: list[Operation]) -> list[str]:
    if not operations:
        return []
    lines = [
        "",
        "Served:",
        "",
        "| operation | | security | weight | source |",
        "|---|---|---|---|---|",
    ]
    for found in operations:
        security = "" if found.security == NONE else found.security
        for route in found.routes:
            title = found.title if route == found.id else f"as `{found.id}`"
            lines.append(
                f"| `{route}` | {title} | {security} | {weight_words(found)} | {found.source} |"
            )
    return lines


def _spoken() -> dict[str, list[str]]:
    """What is served on sockets, by venue: methods, streams, events."""
    spoken: dict[str, list[str]] = {
        f"{venue}-ws-api": sorted(
            found.ws for found in REGISTRY.values() if found.ws and venue in found.venues
        )
        for venue in (language.SPOT, language.USDM, language.COINM)
    }
    for name in unserved.SERVED_STREAMS:
        venue, _, told = name.partition(":")
        spoken.setdefault(venue, []).append(told.rpartition("control:")[2])
    return spoken


def _spoken_list(names: list[str]) -> list[str]:
    return ["", "Served:", "", *(f"* `{name}`" for name in names)] if names else []


def _missing_table(missing: list[unserved.Row]) -> list[str]:
    if not missing:
        return []
    lines = ["", "Not served yet:", "", "| operation | | |", "|---|---|---|"]
    for row in missing:
        name = row.path if row.method in (row.path, "SUBSCRIBE") else f"{row.method} {row.path}"
        lines.append(f"| `{name}` | {_cell(row.title)} | {row.until} |")
    return lines


def _params_table(found: Operation) -> list[str]:
    fields = found.fields()
    if not fields:
        return []
    lines = ["", "| parameter | type | mandatory | values |", "|---|---|---|---|"]
    for field, (wire, kind, mandatory, values, legal) in zip(fields, found.params(), strict=True):
        allowed = ", ".join(f"`{value}`" for value in values) or (f"`{legal}`" if legal else "")
        span = _span(field.shape.era.since, field.shape.era.until)
        words = " · ".join(part for part in (_cell(allowed), span) if part)
        lines.append(f"| `{wire}` | {kind} | {'yes' if mandatory else ''} | {words} |")
    return lines


def _reply_rows(fields: list[Field]) -> list[str]:
    lines = ["| field | type | |", "|---|---|---|"]
    for field in fields:
        shape = field.shape
        notes = []
        if shape.conditional:
            notes.append("conditional")
        if shape.nullable:
            notes.append("may be null")
        span = _span(shape.era.since, shape.era.until)
        notes += [span] if span else []
        lines.append(f"| `{field.wire}` | {_cell(type_words(shape))} | {', '.join(notes)} |")
    return lines


def type_words(shape: Shape) -> str:
    """A shape's type in words of the documents."""
    if shape.kind is not None:
        return shape.kind.wire
    base = shape.base
    inner = [type_words(Shape(each)) for each in getattr(base, "__args__", ()) if each is not ...]
    origin = getattr(base, "__origin__", None)
    if origin is dict:
        return "OBJECT"
    if origin in (list, tuple):
        return f"ARRAY OF {inner[0]}" if len(inner) == 1 else f"[{', '.join(inner)}]"
    if inner:
        return " or ".join(inner)
    return {str: "STRING", int: "LONG", bool: "BOOLEAN"}.get(base, getattr(base, "__name__", ""))


def _span(since: str, until: str) -> str:
    if since and until:
        return f"{since} to {until}"
    return f"since {since}" if since else (f"until {until}" if until else "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    # Declared operations live in `tradepit.catalog.language`, whatever this module is called.
    write_pages(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference"))
