"""Bars: what happened to one symbol in one span of time, and series of them.

Prices, base and quote volumes are integers of 1e-8 units, times integer microseconds. Every
interval that the exchange offers is a fold of one-second or one-minute bars.
Source: rest-api.md, "Kline/Candlestick data".
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, Final

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HOUR_US: Final = 60 * MINUTE_US
DAY_US: Final = 24 * HOUR_US
WEEK_US: Final = 7 * DAY_US
MONTH_US: Final = 0  # a month has no fixed width
MONDAY_US: Final = 4 * DAY_US  # 1970-01-05, the first Monday of the epoch

# The width of each interval; a month is marked by MONTH_US.
INTERVALS: Final[dict[str, int]] = {
    "1s": SECOND_US,
    "1m": MINUTE_US,
    "3m": 3 * MINUTE_US,
    "5m": 5 * MINUTE_US,
    "15m": 15 * MINUTE_US,
    "30m": 30 * MINUTE_US,
    "1h": HOUR_US,
    "2h": 2 * HOUR_US,
    "4h": 4 * HOUR_US,
    "6h": 6 * HOUR_US,
    "8h": 8 * HOUR_US,
    "12h": 12 * HOUR_US,
    "1d": DAY_US,
    "3d": 3 * DAY_US,
    "1w": WEEK_US,
    "1M": MONTH_US,
}


class Bar:
    """One span. Without trades (count 0): prices of the last trade before it, ids -1."""

    __slots__ = (
        "base", "close", "count", "first_id", "high", "last_id", "low", "open", "open_us",
        "quote", "taker_base", "taker_quote",
    )  # fmt: skip

    def __init__(
        self, open_us: int, open: int, high: int, low: int, close: int,  # noqa: A002
        base: int, quote: int, count: int, taker_base: int, taker_quote: int, first_id: int,
        last_id: int,
    ) -> None:  # fmt: skip
        self.open_us = open_us
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.base = base
        self.quote = quote
        self.count = count
        self.taker_base = taker_base  # what takers bought, in base units
        self.taker_quote = taker_quote  # and what they paid
        self.first_id = first_id
        self.last_id = last_id

    def row(self) -> list[int]:
        """The fields in the order of the constructor."""
        return [
            self.open_us, self.open, self.high, self.low, self.close, self.base, self.quote,
            self.count, self.taker_base, self.taker_quote, self.first_id, self.last_id,
        ]  # fmt: skip

    def add(self, later: Bar) -> None:
        """Take in a bar of a later span."""
        if not later.count:
            return
        if not self.count:
            self.open = later.open
            self.high = later.high
            self.low = later.low
            self.first_id = later.first_id
        elif later.high > self.high:
            self.high = later.high
        if later.low < self.low:
            self.low = later.low
        self.close = later.close
        self.base += later.base
        self.quote += later.quote
        self.count += later.count
        self.taker_base += later.taker_base
        self.taker_quote += later.taker_quote
        self.last_id = later.last_id


def empty_bar(open_us: int, price: int) -> Bar:
    """A span without trades after a trade at `price`."""
    return Bar(open_us, price, price, price, price, 0, 0, 0, 0, 0, -1, -1)


class Series:
    """Closed bars of one width, oldest first, only those with trades.

    They are kept in columns, because a column is summed, searched and dumped at C speed. Bars
    older than about `span_us` before the newest are dropped; from `from_us` on none is missing, and
    `before` is the price of the last trade before them.
    """

    __slots__ = (
        "base", "before", "close", "count", "first_id", "from_us", "high", "last_id", "low",
        "open", "open_us", "quote", "span_us", "taker_base", "taker_quote", "width_us",
    )  # fmt: skip

    def __init__(self, width_us: int, span_us: int, from_us: int = 0) -> None:
        self.width_us = width_us
        self.span_us = span_us
        self.from_us = from_us
        self.before = 0
        self.open_us: list[int] = []
        self.open: list[int] = []
        self.high: list[int] = []
        self.low: list[int] = []
        self.close: list[int] = []
        self.base: list[int] = []
        self.quote: list[int] = []
        self.count: list[int] = []
        self.taker_base: list[int] = []
        self.taker_quote: list[int] = []
        self.first_id: list[int] = []
        self.last_id: list[int] = []

    def append(self, bar: Bar) -> None:
        self.open_us.append(bar.open_us)
        self.open.append(bar.open)
        self.high.append(bar.high)
        self.low.append(bar.low)
        self.close.append(bar.close)
        self.base.append(bar.base)
        self.quote.append(bar.quote)
        self.count.append(bar.count)
        self.taker_base.append(bar.taker_base)
        self.taker_quote.append(bar.taker_quote)
        self.first_id.append(bar.first_id)
        self.last_id.append(bar.last_id)
        # Dropped in lumps of a quarter, so that a drop costs little per bar.
        if bar.open_us - self.open_us[0] > self.span_us + self.span_us // 4:
            self._drop(bisect_left(self.open_us, bar.open_us - self.span_us))

    def at(self, index: int) -> Bar:
        """The bar at `index`."""
        return Bar(
            self.open_us[index], self.open[index], self.high[index], self.low[index],
            self.close[index], self.base[index], self.quote[index], self.count[index],
            self.taker_base[index], self.taker_quote[index], self.first_id[index],
            self.last_id[index],
        )  # fmt: skip

    def since(self, us: int) -> int:
        """The index of the first bar that opens at `us` or later."""
        return bisect_left(self.open_us, us)

    def total(self, start: int, stop: int) -> Bar:
        """The bars of index start..stop-1 as one; start < stop."""
        return Bar(
            self.open_us[start], self.open[start], max(self.high[start:stop]),
            min(self.low[start:stop]), self.close[stop - 1], sum(self.base[start:stop]),
            sum(self.quote[start:stop]), sum(self.count[start:stop]),
            sum(self.taker_base[start:stop]), sum(self.taker_quote[start:stop]),
            self.first_id[start], self.last_id[stop - 1],
        )  # fmt: skip

    def columns(self) -> list[list[int]]:
        """The living columns, in the order of a bar's fields."""
        return [
            self.open_us, self.open, self.high, self.low, self.close, self.base, self.quote,
            self.count, self.taker_base, self.taker_quote, self.first_id, self.last_id,
        ]  # fmt: skip

    def dump(self) -> list[object]:
        return [self.from_us, self.before, [list(column) for column in self.columns()]]

    def restore(self, state: list[Any]) -> None:
        """Take over what `dump` gave of a series of the same width."""
        self.from_us = state[0]
        self.before = state[1]
        for mine, given in zip(self.columns(), state[2], strict=True):
            mine[:] = given

    def _drop(self, count: int) -> None:
        self.before = self.close[count - 1]
        for column in self.columns():
            del column[:count]
        self.from_us = self.open_us[0]


def _month_start(days: int) -> int:
    """The day number (1970-01-01 is 0) of the first day of the month that `days` lies in."""
    return days_of(*civil(days))


def civil(days: int) -> tuple[int, int]:
    """(year, month) of a day number of the proleptic Gregorian calendar."""
    shifted = days + 719_468  # days since 0000-03-01
    era = shifted // 146_097
    of_era = shifted % 146_097
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * of_year + 2) // 153  # 0 is March
    year = year_of_era + era * 400 + (1 if month >= 10 else 0)
    return year, month + 3 if month < 10 else month - 9


def days_of(year: int, month: int) -> int:
    """The day number of the first day of a month; months may run beyond 12."""
    year += (month - 1) // 12
    month = (month - 1) % 12 + 1
    year -= 1 if month <= 2 else 0
    era = year // 400
    year_of_era = year % 400
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5
    of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + of_year
    return era * 146_097 + of_era - 719_468


def open_of(us: int, width_us: int, offset_us: int) -> int:
    """When the interval that `us` lies in opened, in a time zone `offset_us` east of UTC.

    Weeks open on Monday, months on their first day, everything else at multiples of its width
    since the epoch, all in local time. `width_us` MONTH_US means a month.
    """
    local = us + offset_us
    if width_us == MONTH_US:
        return _month_start(local // DAY_US) * DAY_US - offset_us
    if width_us == WEEK_US:
        return local - (local - MONDAY_US) % WEEK_US - offset_us
    return local - local % width_us - offset_us


def next_open(open_us: int, width_us: int, offset_us: int, count: int = 1) -> int:
    """When the interval `count` intervals after the one that opened at `open_us` opens."""
    if width_us != MONTH_US:
        return open_us + count * width_us
    year, month = civil((open_us + offset_us) // DAY_US)
    return days_of(year, month + count) * DAY_US - offset_us


def fold(bars: list[Bar], opens_us: list[int], price: int) -> list[Bar]:
    """Bars of the intervals that open at `opens_us` (ascending; the last entry closes the last).

    `bars` are the finer bars in those intervals, oldest first; `price` is that of the last trade
    before them. An interval without trades before the first trade ever (price 0) is left out.
    """
    found: list[Bar] = []
    at = 0
    for index in range(len(opens_us) - 1):
        closes_us = opens_us[index + 1]
        bar = empty_bar(opens_us[index], price)
        while at < len(bars) and bars[at].open_us < closes_us:
            bar.add(bars[at])
            at += 1
        price = bar.close
        if price:
            found.append(bar)
    return found
