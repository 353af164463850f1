"""The commands of a replay: a file's trades become a symbol's tape. See `core.printing`.

They have no routes of their own: the resident that plays a tape submits them.
"""

from __future__ import annotations

from typing import Final

from tradepit.catalog.language import ENGINE, Ask, operation
from tradepit.core import printing
from tradepit.core.exchange import Exchange
from tradepit.core.printing import Replay
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.symbols import Symbol
from tradepit.core.terms import TRADING

BEGIN: Final = "replay-begin"
PRINT: Final = "replay-print"
CHANGE: Final = "replay-change"
END: Final = "replay-end"
HOUSE: Final = printing.HOUSE  # the account whose orders are the book around a tape


class BeginReplay(Ask):
    """source: the tape's name among the world's files. shift_us: how much later its times are
    here. whole: its prints stand for many trades."""

    symbol: str
    source: str
    shift_us: int
    whole: bool


@operation(BEGIN, source=ENGINE)
def begin(pit: Exchange, who: Who, ask: BeginReplay) -> dict[str, str]:
    """The residents leave a symbol, its trades come from a tape now. Refused while it has one."""
    if ask.symbol in pit.replays:
        raise Reject("INVALID_PARAMETER", "symbol")
    symbol = pit.symbol(ask.symbol)
    printing.begin(pit, symbol, ask.source, ask.shift_us, ask.whole)
    return {"symbol": symbol.name}


class PrintRows(Ask):
    """rows: see `core.printing.Row`. done: how much of the tape has been told with these."""

    symbol: str
    rows: list[tuple[int, int, int, int, int, int, int, bool]]
    done: int


@operation(PRINT, source=ENGINE)
def print_rows(pit: Exchange, who: Who, ask: PrintRows) -> dict[str, int]:
    """What a tape tells next. Of a symbol that does not trade it is passed over."""
    symbol, replay = _replay(pit, ask.symbol)
    if ask.done < replay.done or any(row[0] > pit.at_us for row in ask.rows):
        raise Reject("INVALID_PARAMETER", "rows")
    replay.done = ask.done
    if symbol.status == TRADING:
        printing.tell(pit, symbol, replay, ask.rows)
    return {"done": replay.done}


class ChangeReplay(Ask):
    symbol: str
    paused: bool
    shift_us: int


@operation(CHANGE, source=ENGINE)
def change(pit: Exchange, who: Who, ask: ChangeReplay) -> dict[str, bool]:
    """Hold a tape, or let it go on, its times later by what it missed."""
    _, replay = _replay(pit, ask.symbol)
    replay.paused = ask.paused
    replay.shift_us = ask.shift_us
    return {"paused": replay.paused}


class EndReplay(Ask):
    symbol: str


@operation(END, source=ENGINE)
def end(pit: Exchange, who: Who, ask: EndReplay) -> dict[str, int]:
    """The tape and the book around it leave the symbol."""
    symbol, replay = _replay(pit, ask.symbol)
    printing.clear(pit, symbol)
    del pit.replays[symbol.name]
    return {"done": replay.done}


def _replay(pit: Exchange, name: str) -> tuple[Symbol, Replay]:
    found = pit.replays.get(name)
    if found is None:
        raise Reject("INVALID_PARAMETER", "symbol")
    return pit.symbol(name), found
