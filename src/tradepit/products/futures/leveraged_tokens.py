"""Leveraged tokens: the klines of their net asset value.

A token holds its coin's perpetual at a leverage that is set anew at every midnight (UTC): within a
day its value moves by so many times what the mark price moves from where it stood when the day
began. Chosen, see docs/decisions/0225-leveraged-tokens.md; the rows are as the exchange's page of
2024 had them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

from tradepit.catalog.fields import Amount, Between, Int, Long, SymbolName, Time
from tradepit.catalog.futures_fields import FuturesInterval
from tradepit.catalog.language import DATABASE, Ask, Reply
from tradepit.core.bars import DAY_US, INTERVALS, next_open
from tradepit.core.contracts import USDM, Contract
from tradepit.core.lookback import Span, opens_of
from tradepit.core.marked import MARK
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.units import ONE
from tradepit.products.futures.klines import (
    Step,
    check_times,
    course,
    first_of,
    fold,
    seconds_seen,
)
from tradepit.products.futures.selectors import contracts_of
from tradepit.products.futures.venues import on

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.history import History

LEVERAGE: Final = {"UP": 3, "DOWN": -3}
MARGINED_IN: Final = "USDT"
ISSUED_AT: Final = 10 * ONE  # what a token was worth on its first day, USDT
LIFE_US: Final = 365 * DAY_US  # how long before the world's birth it was issued
LEAST: Final = ONE // 100  # of a day's first value: by then the basket is empty
FINE: Final = ONE  # values are carried in 1e-16

TokenLimit = Annotated[Int, Between(1, 1000, clip=True)]


class NavKline(Reply, array_like=True):
    """`real_leverage`: what a unit of value holds when the interval ends; `count`: how many seconds
    were looked at."""

    open_time: Time
    open: Amount
    high: Amount
    low: Amount
    close: Amount
    real_leverage: Amount
    close_time: Time
    no_quote: str
    count: Long
    no_taker: str
    no_taker_quote: str
    unused: str


class TokenAsk(Ask):
    symbol: SymbolName
    interval: FuturesInterval
    start_time: Time | None = None
    end_time: Time | None = None
    limit: TokenLimit = 500


class Day(NamedTuple):
    """What a token's day begins with: its value (1e-16 USDT), and the mark price (units)."""

    open_us: int
    value: int
    mark: int


def token_of(pit: Exchange, name: str) -> tuple[Contract, int]:
    """The perpetual that a token holds, and at which leverage. Raises: Reject INVALID_SYMBOL."""
    for word, leverage in LEVERAGE.items():
        coin = name.removesuffix(word)
        if coin == name:
            continue
        for contract in contracts_of(pit, USDM):
            held = contract.perpetual and not contract.tradfi
            if held and contract.pair == coin + MARGINED_IN and contract.index_units == 1:
                return contract, leverage
    raise Reject("INVALID_SYMBOL")


@on(
    USDM, "GET /{}/v1/lvtKlines", source=DATABASE, until="2025-03-01",
    doc="{}/market-data#historical-blvt-nav-kline-candlestick",
)  # fmt: skip
def nav_klines(
    pit: Exchange, history: History, who: Who, ask: TokenAsk
) -> Callable[[], list[NavKline]]:
    """BLVT NAV kline/candlestick: the net asset value of a leveraged token, BTCUP for one."""
    check_times(ask, USDM)
    contract, leverage = token_of(pit, ask.symbol)
    width_us, now_us = INTERVALS[ask.interval], history.now_us()
    first_us = first_of(pit, (contract, MARK))
    first_us = max(first_us, pit.born_us - LIFE_US)
    first_us += -first_us % DAY_US if first_us < pit.born_us else 0
    span = Span(None, ask.start_time, ask.end_time, ask.limit)
    opens_us = opens_of(span, (width_us, 0), (first_us, now_us))
    if not opens_us:
        return list
    days_us = list(range(first_us - first_us % DAY_US, min(opens_us[-1], now_us + 1), DAY_US))
    days_us.append(days_us[-1] + DAY_US)
    days = course(pit, history, (contract, MARK), (DAY_US, days_us))
    finer = None
    if 0 < width_us < DAY_US:
        finer = course(pit, history, (contract, MARK), (width_us, opens_us))

    def later() -> list[NavKline]:
        basis = _days(days(), leverage)
        marks = days() if finer is None else finer()
        steps = [_nav(step, basis, leverage) for step in marks]
        if finer is None:
            steps = fold([step for step in steps if step.open_us >= opens_us[0]], opens_us)
        ends = [next_open(step.open_us, width_us, 0) for step in steps]
        return [
            NavKline(
                open_time=step.open_us, open=step.open // FINE, high=step.high // FINE,
                low=step.low // FINE, close=step.close // FINE,
                real_leverage=_real_leverage(step.close, basis, leverage, end_us),
                close_time=end_us - 1, no_quote="0",
                count=seconds_seen(step.open_us, end_us, now_us), no_taker="0",
                no_taker_quote="0", unused="0",
            )
            for step, end_us in zip(steps, ends, strict=True)
        ]  # fmt: skip

    return later


def _days(marks: list[Step], leverage: int) -> list[Day]:
    """What each day begins with: a day goes on from where the one before ended."""
    found: list[Day] = []
    value, mark = ISSUED_AT * FINE, marks[0].open if marks else 0
    for step in marks:
        day = Day(step.open_us, value, mark)
        found.append(day)
        value, mark = _value(step.close, day, leverage), step.close
    return found


def _of(days: list[Day], at_us: int) -> Day:
    """The day that a time lies in."""
    return days[bisect_right(days, at_us, key=lambda day: day.open_us) - 1]


def _value(mark: int, day: Day, leverage: int) -> int:
    """What a token is worth (1e-16 USDT) at a mark price of its day; never less than a hundredth
    of what the day began with."""
    moved = day.value * (day.mark + leverage * (mark - day.mark)) // day.mark
    return max(moved, day.value * LEAST // ONE, 1)


def _nav(step: Step, days: list[Day], leverage: int) -> Step:
    """The course of the value while the mark price took a course: upside down where the token
    gains when the coin falls."""
    day = _of(days, step.open_us)
    high, low = (step.high, step.low) if leverage > 0 else (step.low, step.high)
    values = [_value(mark, day, leverage) for mark in (step.open, high, low, step.close)]
    return Step(step.open_us, *values)


def _real_leverage(value: int, days: list[Day], leverage: int, end_us: int) -> int:
    """How many times (e8) its value a token holds, at the end of an interval."""
    day = _of(days, end_us - 1)
    share = value * ONE // day.value
    if share <= LEAST:
        return 0
    # share = 1 + leverage x (move - 1), and the basket is worth leverage x move.
    return abs(share + (leverage - 1) * ONE) * ONE // share
