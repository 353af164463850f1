"""What the exchange has and this one does not serve yet: the rows of unserved.tsv.

They feed the 501 answer and the coverage page. Declaring an operation deletes its line
(`python tools/contract.py refresh`); a test pins declared + unserved = all.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

from tradepit.catalog.language import REGISTRY

HEADER: Final = "id\ttransport\tmethod\tpath\ttitle\tsince\tuntil"

# How the declared operations can be reached by now.
SERVED_TRANSPORTS: Final = ("rest", "ws-api")

# What is said and asked on streams is declared nowhere else; tests subscribe to each of these, and
# bring about each event of an account, but the two that never come about here
# (docs/decisions/0191-strategies-and-keys.md).
SERVED_STREAMS: Final = (
    "spot-streams:event:serverShutdown", "spot-streams:control-errors",
    "spot-streams:control:SUBSCRIBE", "spot-streams:control:UNSUBSCRIBE",
    "spot-streams:control:LIST_SUBSCRIPTIONS", "spot-streams:control:SET_PROPERTY",
    "spot-streams:control:GET_PROPERTY", "spot-streams:<symbol>@referencePrice",
    "spot-streams:<symbol>@aggTrade", "spot-streams:<symbol>@trade",
    "spot-streams:<symbol>@kline_<interval>", "spot-streams:<symbol>@kline_<interval>@+08:00",
    "spot-streams:<symbol>@miniTicker", "spot-streams:!miniTicker@arr",
    "spot-streams:<symbol>@ticker", "spot-streams:<symbol>@ticker_<window_size>",
    "spot-streams:!ticker_<window-size>@arr", "spot-streams:<symbol>@bookTicker",
    "spot-streams:<symbol>@avgPrice", "spot-streams:<symbol>@depth<levels>",
    "spot-streams:<symbol>@depth", "spot-streams:!ticker@arr", "spot-streams:<symbol>@blockTrade",
    "spot-user-data:outboundAccountPosition", "spot-user-data:balanceUpdate",
    "spot-user-data:executionReport", "spot-user-data:listStatus",
    "spot-user-data:eventStreamTerminated", "spot-user-data:listenKeyExpired",
    "spot-user-data:externalLockUpdate",
    "coinm-streams:<symbol>@aggTrade", "coinm-streams:!bookTicker",
    "coinm-streams:!forceOrder@arr", "coinm-streams:!miniTicker@arr", "coinm-streams:!ticker@arr",
    "coinm-streams:<pair>_<contractType>@continuousKline_<interval>",
    "coinm-streams:!contractInfo", "coinm-streams:<symbol>@depth@<updateSpeed>",
    "coinm-streams:<pair>@indexPriceKline_<interval>",
    "coinm-streams:<pair>@indexPrice@<updateSpeed>", "coinm-streams:<symbol>@bookTicker",
    "coinm-streams:<symbol>@miniTicker", "coinm-streams:<symbol>@ticker",
    "coinm-streams:<symbol>@kline_<interval>", "coinm-streams:<symbol>@markPriceKline_<interval>",
    "coinm-streams:<pair>@markPrice@<updateSpeed>",
    "coinm-streams:<symbol>@markPrice@<updateSpeed>", "coinm-streams:<symbol>@forceOrder",
    "coinm-streams:<symbol>@depth<levels>@<updateSpeed>", "coinm-streams:control:SUBSCRIBE",
    "coinm-streams:control:UNSUBSCRIBE", "coinm-streams:control:LIST_SUBSCRIPTIONS",
    "coinm-streams:control:SET_PROPERTY", "coinm-streams:control:GET_PROPERTY",
    "usdm-streams:<symbol>@aggTrade", "usdm-streams:!forceOrder@arr",
    "usdm-streams:!miniTicker@arr", "usdm-streams:!ticker@arr", "usdm-streams:!assetIndex@arr",
    "usdm-streams:<symbol>@compositeIndex",
    "usdm-streams:<pair>_<contractType>@continuousKline_<interval>", "usdm-streams:!contractInfo",
    "usdm-streams:<symbol>@miniTicker", "usdm-streams:<symbol>@ticker",
    "usdm-streams:<symbol>@kline_<interval>", "usdm-streams:<symbol>@forceOrder",
    "usdm-streams:<symbol>@markPrice@<updateSpeed>", "usdm-streams:!markPrice@arr@<updateSpeed>",
    "usdm-streams:tradingSession", "usdm-streams:!bookTicker",
    "usdm-streams:<symbol>@depth@<updateSpeed>", "usdm-streams:<symbol>@bookTicker",
    "usdm-streams:<symbol>@depth<levels>@<updateSpeed>", "usdm-streams:<symbol>@rpiDepth@500ms",
    "usdm-streams:control:SUBSCRIBE", "usdm-streams:control:UNSUBSCRIBE",
    "usdm-streams:control:LIST_SUBSCRIPTIONS", "usdm-streams:control:SET_PROPERTY",
    "usdm-streams:control:GET_PROPERTY",
    *[f"{venue}-user-data:{event}" for venue in ("usdm", "coinm") for event in (
        "listenKeyExpired", "ACCOUNT_UPDATE", "MARGIN_CALL", "ORDER_TRADE_UPDATE",
        "ACCOUNT_CONFIG_UPDATE", "STRATEGY_UPDATE", "GRID_UPDATE",
    )],
    "usdm-user-data:TRADE_LITE", "usdm-user-data:ALGO_UPDATE",
    "usdm-user-data:CONDITIONAL_ORDER_TRIGGER_REJECT",
)  # fmt: skip


class Row(NamedTuple):
    """One operation of the contract."""

    id: str  # "venue:…"
    transport: str  # rest, ws-api, stream, user-event, sbe, fix, web, …
    method: str
    path: str
    title: str
    since: str  # "2024-09": it existed then; empty: it came later
    until: str  # "retired", or empty: it exists today

    @property
    def venue(self) -> str:
        """The part of the exchange that it belongs to: "spot-rest", "wallet", …"""
        return self.id.partition(":")[0]

    @property
    def key(self) -> tuple[str, str, str]:
        """(transport, method, path): what a declaration is compared by; of a WebSocket API method
        its venue stands in place of the path."""
        if self.transport == "ws-api":
            return self.transport, self.method, self.venue.removesuffix("-ws-api")
        return self.transport, self.method, self.path


def row_of(line: str) -> Row:
    """The row of a line of unserved.tsv (or of a longer line that begins like one)."""
    return Row(*line.split("\t")[: len(Row._fields)])


@cache
def rows() -> tuple[Row, ...]:
    """Every operation that is not served yet."""
    text = resources.files("tradepit.catalog").joinpath("unserved.tsv").read_text("utf-8")
    return tuple(row_of(line) for line in text.splitlines()[1:])


@cache
def _by_route() -> dict[tuple[str, str], Row]:
    found = {(row.method, row.path): row for row in rows() if row.transport == "rest"}
    found.update({(row.key[2], row.method): row for row in rows() if row.transport == "ws-api"})
    return found


def find(method: str, path: str) -> Row | None:
    """The unserved operation of a route, or of a WebSocket API method (venue, method).

    None when the exchange has no such thing.
    """
    return _by_route().get((method, path))


def is_served(row: Row, keys: Collection[tuple[str, str, str]]) -> bool:
    """Whether an operation of the contract is served; keys: `served_keys()`."""
    return row.key in keys or row.id in SERVED_STREAMS


def served_keys() -> set[tuple[str, str, str]]:
    """The keys of every declared operation, by each transport that is served."""
    keys = set()
    for found in REGISTRY.values():
        for route in found.routes:
            method, _, path = route.partition(" ")
            keys.add(("rest", method, path))
        if found.ws:
            keys.update(("ws-api", found.ws, venue) for venue in found.venues)
    return {key for key in keys if key[0] in SERVED_TRANSPORTS}
