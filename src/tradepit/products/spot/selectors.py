"""Which symbols a market-data request means, and the field types that these requests share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

from tradepit.catalog.fields import Between, Era, Int, SymbolName, SymbolStatus
from tradepit.catalog.kinds import SYMBOLS_RANGE, Kind, TextList
from tradepit.catalog.kinds import Symbol as SymbolKind
from tradepit.catalog.language import Ask
from tradepit.core.bars import DAY_US, HOUR_US, MINUTE_US
from tradepit.core.rejects import Reject

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.symbols import Symbol

# How many symbols one list may name is the operation's to say, hence not the kind's.
ManySymbols: TypeAlias = Annotated[
    tuple[str, ...], TextList(SymbolKind(), SYMBOLS_RANGE, most=1_000_000)
]
Limit: TypeAlias = Annotated[Int, Between(1, 1000, clip=True)]
WithStatus: TypeAlias = Annotated[SymbolStatus, Era(since="2025-10-28")]

_ZONE = re.compile(r"([+-]?)([0-9]{1,2})(?::([0-9]{2}))?", re.ASCII)
_WINDOW = re.compile(r"([1-9][0-9]?)([mhd])", re.ASCII)
_WINDOW_UNITS: Final = {"m": (MINUTE_US, 59), "h": (HOUR_US, 23), "d": (DAY_US, 7)}


class Zone(Kind):
    """A time zone from -12:00 to +14:00, "8" or "05:45": inside, microseconds east of UTC."""

    legal = r"^[+-]?[0-9]{1,2}(:[0-9]{2})?$"

    def read(self, text: str) -> int:
        match = _ZONE.fullmatch(text)
        if match is None:
            raise ValueError(text)
        sign, hours, minutes = match.groups()
        offset_us = int(hours) * HOUR_US + int(minutes or "0") * MINUTE_US
        if sign == "-":
            offset_us = -offset_us
        if int(minutes or "0") > 59 or not -12 * HOUR_US <= offset_us <= 14 * HOUR_US:
            raise ValueError(text)
        return offset_us

    def refuse(self, name: str, text: str) -> Reject:
        return Reject("INVALID_PARAMETER", name)


class Window(Kind):
    """A window of 1m…59m, 1h…23h or 1d…7d: inside, microseconds."""

    wire = "ENUM"

    def read(self, text: str) -> int:
        match = _WINDOW.fullmatch(text)
        if match is None:
            raise ValueError(text)
        unit_us, most = _WINDOW_UNITS[match[2]]
        if int(match[1]) > most:
            raise ValueError(text)
        return int(match[1]) * unit_us

    def refuse(self, name: str, text: str) -> Reject:
        return Reject("BAD_INTERVAL")


TimeZone: TypeAlias = Annotated[int, Zone()]
WindowSize: TypeAlias = Annotated[int, Window()]


class OneSymbol(Ask):
    """A request about one symbol."""

    symbol: SymbolName


class OneSymbolStatus(OneSymbol):
    """A request about one symbol that must have a status."""

    symbol_status: SymbolStatus | None = None


class Choice(Ask):
    """A request about one symbol, several, or all."""

    symbol: SymbolName | None = None
    symbols: ManySymbols | None = None


def listed(pit: Exchange, name: str) -> Symbol:
    """The symbol called `name`. Raises: Reject -1121."""
    symbol = pit.symbols.get(name)
    if symbol is None:
        raise Reject("INVALID_SYMBOL")
    return symbol


def one(pit: Exchange, name: str, status: int | None) -> Symbol:
    """The symbol called `name`, which must have `status` if one is given.

    Raises: Reject -1121, -1220.
    """
    symbol = listed(pit, name)
    if status is not None and symbol.status != status:
        raise Reject("SYMBOL_STATUS_MISMATCH")
    return symbol


def choose(pit: Exchange, ask: Choice, status: int | None) -> Symbol | list[Symbol]:
    """The one symbol that was asked for, or the list of several or all with `status`.

    Raises: Reject -1128 (symbol and symbols), -1121, -1220 (the one symbol has another status).
    """
    if ask.symbol is not None:
        if ask.symbols is not None:
            raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
        return one(pit, ask.symbol, status)
    if ask.symbols is not None:
        found = [listed(pit, name) for name in ask.symbols]
    else:
        found = list(pit.symbols.values())
    return [symbol for symbol in found if status is None or symbol.status == status]


def choose_some(pit: Exchange, ask: Choice, status: int | None) -> Symbol | list[Symbol]:
    """As `choose`, where one of the two parameters must be sent and a list has at most 100.

    Raises: Reject -1102 (neither), -1101 (too many), and those of `choose`.
    """
    if ask.symbol is None and ask.symbols is None:
        raise Reject("EITHER_PARAM", "symbol", "symbols")
    if ask.symbols is not None and len(ask.symbols) > 100:
        raise Reject("TOO_MANY_VALUES", "symbols", 100)
    return choose(pit, ask, status)
