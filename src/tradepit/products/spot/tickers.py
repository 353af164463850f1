"""Tickers: prices, best quotes, and what 24 hours, a trading day or a window of choice held.

Source: rest-api.md#24hr-ticker-price-change-statistics and the sections after it; what they leave
open: docs/decisions/0040-tickers.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from tradepit.catalog.fields import (
    Amount,
    Long,
    Percent,
    Price,
    Qty,
    TickerType,
    Time,
)
from tradepit.catalog.language import DATABASE, Reply, operation
from tradepit.core.bars import DAY_US, MINUTE_US, open_of
from tradepit.core.records import Who
from tradepit.core.statistics import Held, percent_of, top, window
from tradepit.core.units import div_floor
from tradepit.products.spot.selectors import (
    Choice,
    TimeZone,
    WindowSize,
    WithStatus,
    choose,
    choose_some,
)

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.history import History
    from tradepit.core.symbols import Symbol

R = TypeVar("R")
Answer: TypeAlias = R | list[R] | Callable[[], R | list[R]]


class StatusAsk(Choice):
    symbol_status: WithStatus | None = None


def each(found: Symbol | list[Symbol], row: Callable[[Symbol], R]) -> R | list[R]:
    """One row for one symbol, a list of rows for a list."""
    return [row(symbol) for symbol in found] if isinstance(found, list) else row(found)


def price_weight(ask: StatusAsk) -> int:
    """2 for one symbol, 4 for several or all."""
    return 2 if ask.symbol is not None else 4


class PriceTicker(Reply):
    symbol: str
    price: Price


@operation(
    "GET /api/v3/ticker/price", ws="ticker.price", weight=price_weight, least_weight=2,
    weight_words="symbol 2; symbols or nothing 4", doc="rest-api.md#symbol-price-ticker",
    aliases=("GET /api/v1/ticker/price",),
)  # fmt: skip
def ticker_price(
    pit: Exchange, history: History, who: Who, ask: StatusAsk
) -> PriceTicker | list[PriceTicker]:
    """Symbol price ticker."""
    found = choose(pit, ask, ask.symbol_status)
    return each(found, lambda symbol: PriceTicker(symbol=symbol.name, price=symbol.last_price))


class BookTicker(Reply):
    symbol: str
    bid_price: Price
    bid_qty: Qty
    ask_price: Price
    ask_qty: Qty


def book_ticker(symbol: Symbol) -> BookTicker:
    """The best of both sides of a symbol's book."""
    bid, ask = top(symbol.book.bids), top(symbol.book.asks)
    return BookTicker(
        symbol=symbol.name, bid_price=bid[0], bid_qty=bid[1], ask_price=ask[0], ask_qty=ask[1]
    )


@operation(
    "GET /api/v3/ticker/bookTicker", ws="ticker.book", weight=price_weight, least_weight=2,
    weight_words="symbol 2; symbols or nothing 4",
    doc="rest-api.md#symbol-order-book-ticker", aliases=("GET /api/v1/ticker/bookTicker",),
)  # fmt: skip
def ticker_book(
    pit: Exchange, history: History, who: Who, ask: StatusAsk
) -> BookTicker | list[BookTicker]:
    """Symbol order book ticker."""
    return each(choose(pit, ask, ask.symbol_status), book_ticker)


class MiniTicker(Reply):
    symbol: str
    open_price: Price
    high_price: Price
    low_price: Price
    last_price: Price
    volume: Qty
    quote_volume: Amount
    open_time: Time
    close_time: Time
    first_id: Long
    last_id: Long
    count: Long


class WindowTicker(Reply):
    symbol: str
    price_change: Price
    price_change_percent: Percent
    weighted_avg_price: Price
    open_price: Price
    high_price: Price
    low_price: Price
    last_price: Price
    volume: Qty
    quote_volume: Amount
    open_time: Time
    close_time: Time
    first_id: Long
    last_id: Long
    count: Long


class DayTicker(Reply):
    symbol: str
    price_change: Price
    price_change_percent: Percent
    weighted_avg_price: Price
    prev_close_price: Price
    last_price: Price
    last_qty: Qty
    bid_price: Price
    bid_qty: Qty
    ask_price: Price
    ask_qty: Qty
    open_price: Price
    high_price: Price
    low_price: Price
    volume: Qty
    quote_volume: Amount
    open_time: Time
    close_time: Time
    first_id: Long
    last_id: Long
    count: Long


class Measured:
    """A window's numbers as every ticker shows them. Without trades all of them are zero."""

    def __init__(self, symbol: Symbol, held: Held, span_us: tuple[int, int]) -> None:
        bar = held.bar
        self.symbol = symbol
        self.held = held
        self.span_us = span_us
        self.open = bar.open if bar.count else 0
        self.high = bar.high if bar.count else 0
        self.low = bar.low if bar.count else 0
        self.last = bar.close if bar.count else 0

    def mini(self) -> MiniTicker:
        bar = self.held.bar
        return MiniTicker(
            symbol=self.symbol.name,
            open_price=self.open,
            high_price=self.high,
            low_price=self.low,
            last_price=self.last,
            volume=bar.base,
            quote_volume=bar.quote,
            open_time=self.span_us[0],
            close_time=self.span_us[1],
            first_id=bar.first_id,
            last_id=bar.last_id,
            count=bar.count,
        )

    def full(self) -> WindowTicker:
        bar = self.held.bar
        return WindowTicker(
            symbol=self.symbol.name,
            price_change=self.last - self.open,
            price_change_percent=percent_of(self.last - self.open, self.open),
            weighted_avg_price=div_floor(bar.quote, bar.base) if bar.base else 0,
            open_price=self.open,
            high_price=self.high,
            low_price=self.low,
            last_price=self.last,
            volume=bar.base,
            quote_volume=bar.quote,
            open_time=self.span_us[0],
            close_time=self.span_us[1],
            first_id=bar.first_id,
            last_id=bar.last_id,
            count=bar.count,
        )

    def day(self, book: BookTicker, last_qty: int) -> DayTicker:
        bar = self.held.bar
        return DayTicker(
            symbol=self.symbol.name,
            price_change=self.last - self.open,
            price_change_percent=percent_of(self.last - self.open, self.open),
            weighted_avg_price=div_floor(bar.quote, bar.base) if bar.base else 0,
            prev_close_price=self.held.before,
            last_price=self.last,
            last_qty=last_qty if bar.count else 0,
            bid_price=book.bid_price,
            bid_qty=book.bid_qty,
            ask_price=book.ask_price,
            ask_qty=book.ask_qty,
            open_price=self.open,
            high_price=self.high,
            low_price=self.low,
            volume=bar.base,
            quote_volume=bar.quote,
            open_time=self.span_us[0],
            close_time=self.span_us[1],
            first_id=bar.first_id,
            last_id=bar.last_id,
            count=bar.count,
        )


def measure(
    history: History,
    found: Symbol | list[Symbol],
    start_us: int,
    row_of: Callable[[Symbol], Callable[[Held], R]],
) -> Answer[R]:
    """A row for each symbol's window from `start_us` on; a function where it takes SQL.

    row_of(symbol) takes at once what the row needs beside the window.
    """
    symbols = found if isinstance(found, list) else [found]
    parts = [(row_of(symbol), window(symbol, history, start_us)) for symbol in symbols]

    def answer() -> R | list[R]:
        rows = [row(held() if callable(held) else held) for row, held in parts]
        return rows if isinstance(found, list) else rows[0]

    return answer if any(callable(held) for _, held in parts) else answer()


class TypedAsk(Choice):
    type: TickerType = "FULL"
    symbol_status: WithStatus | None = None


def day_weight(ask: TypedAsk) -> int:
    """2 for one symbol or up to 20, 40 up to 100, 80 beyond or for all."""
    if ask.symbol is not None:
        return 2
    named = 1_000 if ask.symbols is None else len(ask.symbols)
    return 2 if named <= 20 else 40 if named <= 100 else 80


@operation(
    "GET /api/v3/ticker/24hr", ws="ticker.24hr", weight=day_weight, least_weight=2,
    weight_words="symbol 2; symbols 1-20 2, 21-100 40, more 80; nothing 80",
    doc="rest-api.md#24hr-ticker-price-change-statistics",
    aliases=("GET /api/v1/ticker/24hr",),
)  # fmt: skip
def ticker_24hr(
    pit: Exchange, history: History, who: Who, ask: TypedAsk
) -> Answer[DayTicker | MiniTicker]:
    """24hr ticker price change statistics."""
    now_us = history.now_us()
    span_us = (now_us - DAY_US, now_us)

    def row_of(symbol: Symbol) -> Callable[[Held], DayTicker | MiniTicker]:
        if ask.type == "MINI":
            return lambda held: Measured(symbol, held, span_us).mini()
        book, last_qty = book_ticker(symbol), symbol.tape.last_qty
        return lambda held: Measured(symbol, held, span_us).day(book, last_qty)

    return measure(history, choose(pit, ask, ask.symbol_status), span_us[0], row_of)


def some_weight(ask: Choice) -> int:
    """4 a symbol, at most 200."""
    return 4 if ask.symbols is None else min(200, 4 * len(ask.symbols))


def _windows(
    pit: Exchange, history: History, ask: TypedAsk, span_us: tuple[int, int]
) -> Answer[WindowTicker | MiniTicker]:
    """FULL or MINI rows of some symbols."""
    found = choose_some(pit, ask, ask.symbol_status)

    def row_of(symbol: Symbol) -> Callable[[Held], WindowTicker | MiniTicker]:
        if ask.type == "MINI":
            return lambda held: Measured(symbol, held, span_us).mini()
        return lambda held: Measured(symbol, held, span_us).full()

    return measure(history, found, span_us[0], row_of)


class TradingDayAsk(TypedAsk):
    time_zone: TimeZone = 0


@operation(
    "GET /api/v3/ticker/tradingDay", ws="ticker.tradingDay", weight=some_weight, least_weight=4,
    weight_words="4 for each symbol, at most 200", source=DATABASE,
    doc="rest-api.md#trading-day-ticker",
)  # fmt: skip
def ticker_trading_day(
    pit: Exchange, history: History, who: Who, ask: TradingDayAsk
) -> Answer[WindowTicker | MiniTicker]:
    """Trading day ticker."""
    start_us = open_of(history.now_us(), DAY_US, ask.time_zone)
    return _windows(pit, history, ask, (start_us, start_us + DAY_US - 1))


class WindowAsk(TypedAsk):
    window_size: WindowSize = DAY_US


@operation(
    "GET /api/v3/ticker", ws="ticker", weight=some_weight, least_weight=4,
    weight_words="4 for each symbol, at most 200", source=DATABASE,
    doc="rest-api.md#rolling-window-price-change-statistics",
)  # fmt: skip
def ticker_window(
    pit: Exchange, history: History, who: Who, ask: WindowAsk
) -> Answer[WindowTicker | MiniTicker]:
    """Rolling window price change statistics."""
    now_us = history.now_us()
    start_us = now_us - ask.window_size
    return _windows(pit, history, ask, (start_us - start_us % MINUTE_US, now_us))
