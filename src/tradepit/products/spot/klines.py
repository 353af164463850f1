"""Klines: bars of every interval in every time zone, folded from the bars that the tape keeps.

Source: rest-api.md#klinecandlestick-data; gaps and edges: docs/decisions/0042-klines.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tradepit.catalog.fields import Amount, Interval, Long, Price, Qty, SymbolName, Time
from tradepit.catalog.language import DATABASE, Ask, Reply, operation
from tradepit.core.bars import INTERVALS, Bar, next_open
from tradepit.core.lookback import Span, klines_of, opens_of
from tradepit.core.records import Who
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
    now_us = max(history.now_us(), symbol.tape.last_us)
    width_us, offset_us = INTERVALS[ask.interval], ask.time_zone
    span = Span(None, ask.start_time, ask.end_time, ask.limit)
    opens_us = opens_of(span, (width_us, offset_us), (symbol.tape.first_us, now_us))
    found = klines_of(symbol, history, opens_us, width_us)
    if callable(found):
        return lambda: _rows(found(), width_us, offset_us)
    return _rows(found, width_us, offset_us)


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
