"""The field types of requests and replies: plain `int`, `bool` and `str` that carry their kind.

`Annotated[Int, Between(1, 1000)]` narrows a number; `X | None = None` makes a request parameter
optional; `X | UnsetType = UNSET` makes a reply field conditional; `None` in a reply is null.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from tradepit.catalog.kinds import (
    CLIENT_ID_RANGE,
    INT32_MAX,
    INT64_MAX,
    SYMBOLS_RANGE,
    Between,
    Clock,
    Decimal,
    OneOf,
    Plain,
    Safe,
    Short,
    Symbol,
    Term,
    Text,
    TextList,
    Truth,
    Whole,
)
from tradepit.core import terms
from tradepit.core.bars import INTERVALS

__all__ = [
    "Amount", "Between", "Bool", "CancelReplaceMode", "CancelRestrictions", "ClientId",
    "ContingencyType", "Drawn", "Era", "ExpiryReason", "FreshKey", "Int", "Interval",
    "ListOrderStatus", "ListStatusType", "Long", "ManySymbolNames", "OneOf", "OrderStatus",
    "OrderType", "PegOffsetType", "PegPriceType", "Percent", "PermissionNames", "Plain",
    "Price", "Qty", "Rate", "RateLimitExceededMode", "ResponseType", "Short", "ShortText",
    "Side", "StpMode", "String", "SymbolName", "SymbolNames", "SymbolStatus", "Term", "Text",
    "TickerType", "Time", "TimeInForce", "WorkingFloor",
]  # fmt: skip


class Drawn:
    """Marks a request field that no client sends: the gateway draws it (a fresh secret)."""

    def __init__(self, length: int) -> None:
        self.length = length  # letters and digits


class Era:
    """When a parameter or reply field existed: ISO dates, empty for "always"."""

    def __init__(self, since: str = "", until: str = "") -> None:
        self.since = since
        self.until = until


# Decimals: integer units of 1e-8.
Price: TypeAlias = Annotated[int, Decimal()]
Qty: TypeAlias = Annotated[int, Decimal()]
Amount: TypeAlias = Annotated[int, Decimal()]
Rate: TypeAlias = Annotated[int, Decimal()]
Percent: TypeAlias = Annotated[int, Plain(3)]  # replies only: "-95.960"
ShortText: TypeAlias = Annotated[int, Short()]  # replies only: "1.0001"

# Whole numbers, times, truth.
Long: TypeAlias = Annotated[int, Whole("LONG", INT64_MAX)]
Int: TypeAlias = Annotated[int, Whole("INT", INT32_MAX)]
Time: TypeAlias = Annotated[int, Clock()]  # integer microseconds
Bool: TypeAlias = Annotated[bool, Truth()]

# Texts.
SymbolName: TypeAlias = Annotated[str, Symbol()]
ClientId: TypeAlias = Annotated[str, Safe(CLIENT_ID_RANGE)]
String: TypeAlias = Annotated[str, Text(r"[ -~]{1,200}", legal=r"^[ -~]{1,200}$")]
SymbolNames: TypeAlias = Annotated[tuple[str, ...], TextList(Symbol(), SYMBOLS_RANGE)]
ManySymbolNames: TypeAlias = Annotated[
    tuple[str, ...], TextList(Symbol(), SYMBOLS_RANGE, most=10_000)
]
PermissionNames: TypeAlias = Annotated[
    tuple[str, ...],
    TextList(
        Safe(r"[A-Z0-9_]{1,30}"),
        r'^\[("[A-Z0-9_]{1,30}"(,"[A-Z0-9_]{1,30}"){0,}){0,1}\]$',
        single=True,
    ),
]

# Words: small integers of core.terms.
Side: TypeAlias = Annotated[int, Term(terms.SIDES, "INVALID_SIDE")]
OrderType: TypeAlias = Annotated[int, Term(terms.ORDER_TYPES, "INVALID_ORDER_TYPE")]
TimeInForce: TypeAlias = Annotated[int, Term(terms.TIMES_IN_FORCE, "INVALID_TIF")]
OrderStatus: TypeAlias = Annotated[int, Term(terms.ORDER_STATUSES)]
StpMode: TypeAlias = Annotated[int, Term(terms.STP_MODES)]
PegPriceType: TypeAlias = Annotated[int, Term(terms.PEG_PRICE_TYPES, "INVALID_PEG_PRICE_TYPE")]
PegOffsetType: TypeAlias = Annotated[int, Term(terms.PEG_OFFSET_TYPES, "INVALID_PEG_OFFSET_TYPE")]
ResponseType: TypeAlias = Annotated[int, Term(terms.RESPONSE_TYPES)]
CancelRestrictions: TypeAlias = Annotated[
    int, Term(terms.CANCEL_RESTRICTIONS, "INVALID_CANCEL_RESTRICTIONS")
]
CancelReplaceMode: TypeAlias = Annotated[int, Term(terms.CANCEL_REPLACE_MODES)]
RateLimitExceededMode: TypeAlias = Annotated[int, Term(terms.RATE_LIMIT_EXCEEDED_MODES)]
SymbolStatus: TypeAlias = Annotated[
    int,
    Term(
        terms.SYMBOL_STATUSES,
        "INVALID_SYMBOL_STATUS",
        only=(terms.TRADING, terms.HALT, terms.BREAK),
    ),
]
ContingencyType: TypeAlias = Annotated[int, Term(terms.CONTINGENCY_TYPES)]
ListStatusType: TypeAlias = Annotated[int, Term(terms.LIST_STATUS_TYPES)]
ListOrderStatus: TypeAlias = Annotated[int, Term(terms.LIST_ORDER_STATUSES)]
WorkingFloor: TypeAlias = Annotated[int, Term(terms.WORKING_FLOORS)]
ExpiryReason: TypeAlias = Annotated[int, Term(terms.EXPIRY_REASONS)]

# Words kept as text.
Interval: TypeAlias = Annotated[str, OneOf(tuple(INTERVALS), "BAD_INTERVAL")]
TickerType: TypeAlias = Annotated[str, OneOf(("FULL", "MINI"), "INVALID_TICKER_TYPE")]

# Drawn by the gateway, part of the command in the log.
FreshKey: TypeAlias = Annotated[str, Drawn(64)]
