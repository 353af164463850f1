"""Klines: bars of every interval in every time zone, folded from the bars that the tape keeps.

Source: rest-api.md#klinecandlestick-data; gaps and edges: docs/decisions/0042-klines.md.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import TYPE_CHECKING

from tradepit.catalog.fields import Amount, Interval, Long, Price, Qty, SymbolName, Time
from tradepit.catalog.language import DATABASE, Ask, Reply, operation
from tradepit.core.bars import (
    INTERVALS,
    MINUTE_US,
    SECOND_US,
    Bar,
    fold,
    next_open,
    open_of,
)
from tradepit.core.records import Who
from tradepit.products.spot.archive import Archive
from tradepit.products.spot.selectors import Limit, TimeZone, listed

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.history import History
    from tradepit.core.symbols import Symbol


class Kline(Reply, array_like=True):
    open_time: Time
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Qty
    close_time: Time
    quote_volume: Amount
    count: Long
    taker_base: Qty
    taker_quote: Amount
    unused: str


class KlinesAsk(Ask):
    symbol: SymbolName
    interval: Interval
    start_time: Time | None = None
    end_time: Time | None = None
    time_zone: TimeZone = 0
    limit: Limit = 500


Klines = list[Kline] | Callable[[], list[Kline]]


@operation(
    "GET /api/v3/klines", ws="klines", weight=2, source=DATABASE,
    doc="rest-api.md#klinecandlestick-data", aliases=("GET /api/v1/klines",),
)  # fmt: skip
def klines(pit: Exchange, history: History, who: Who, ask: KlinesAsk) -> Klines:
    """Kline/candlestick data."""
    return _klines(listed(pit, ask.symbol), history, ask)


@operation(
    "GET /api/v3/uiKlines", ws="uiKlines", weight=2, source=DATABASE,
    doc="rest-api.md#uiklines",
)  # fmt: skip
def ui_klines(pit: Exchange, history: History, who: Who, ask: KlinesAsk) -> Klines:
    """UIKlines."""
    return _klines(listed(pit, ask.symbol), history, ask)


def _klines(symbol: Symbol, history: History, ask: KlinesAsk) -> Klines:
    tape = symbol.tape
    now_us = max(history.now_us(), tape.last_us)
    width_us, offset_us = INTERVALS[ask.interval], ask.time_zone
    opens_us = opens_of(ask, (tape.first_us, now_us))
    if not opens_us:
        return []
    fine_us = SECOND_US if width_us == SECOND_US else MINUTE_US
    start_us, end_us = opens_us[0], opens_us[-1]
    held_us = tape.series(fine_us).from_us
    if held_us <= start_us:
        bars = tape.bars(fine_us, start_us, end_us)
        found = fold(bars, opens_us, tape.price_before(fine_us, start_us))
        return _rows(found, width_us, offset_us)
    recent = tape.bars(fine_us, held_us, end_us)

    archive = Archive(symbol, history)

    def later() -> list[Kline]:
        old = archive.spans(fine_us, _until(opens_us, held_us))
        found = fold([*old, *recent], opens_us, archive.price_before(fine_us, start_us))
        return _rows(found, width_us, offset_us)

    return later


def _until(opens_us: list[int], end_us: int) -> list[int]:
    """The intervals before `end_us`, the last one cut off there."""
    if opens_us[-1] <= end_us:
        return opens_us
    return [*opens_us[: bisect_left(opens_us, end_us)], end_us]


def opens_of(ask: KlinesAsk, life_us: tuple[int, int]) -> list[int]:
    """When the klines asked for open, oldest first, and then when the last of them ends.

    life_us: the time of the symbol's first trade (-1: none) and now; there is no kline before the
    first and none that opens after now. Empty when there is none to show.
    """
    first_us, now_us = life_us
    if first_us < 0:
        return []
    width_us, offset_us = INTERVALS[ask.interval], ask.time_zone
    start_us = open_of(first_us, width_us, offset_us)
    last_us = now_us if ask.end_time is None else min(ask.end_time, now_us)
    last_us = open_of(last_us, width_us, offset_us)
    if ask.start_time is None:
        start_us = max(start_us, next_open(last_us, width_us, offset_us, 1 - ask.limit))
    elif ask.start_time > start_us:
        start_us = open_of(ask.start_time, width_us, offset_us)
        if start_us < ask.start_time:
            start_us = next_open(start_us, width_us, offset_us)
    found: list[int] = []
    while start_us <= last_us and len(found) < ask.limit:
        found.append(start_us)
        start_us = next_open(start_us, width_us, offset_us)
    return [*found, start_us] if found else []


def _rows(bars: list[Bar], width_us: int, offset_us: int) -> list[Kline]:
    return [
        Kline(
            open_time=bar.open_us,
            open=bar.open,
            high=bar.high,
            low=bar.low,
            close=bar.close,
            volume=bar.base,
            close_time=next_open(bar.open_us, width_us, offset_us) - 1,
            quote_volume=bar.quote,
            count=bar.count,
            taker_base=bar.taker_base,
            taker_quote=bar.taker_quote,
            unused="0",
        )
        for bar in bars
    ]
