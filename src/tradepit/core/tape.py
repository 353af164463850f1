"""The tape of one symbol: its trades, folded into what market data asks for.

Memory is bounded: the last trades and aggregate trades (at least KEEP_ROWS of each), one-second
bars of about an hour, one-minute bars of about two days. What leaves memory is in the history;
`closed_bars` and `closed_aggs` hand every finished row to whoever writes it there.
All prices and volumes are units of 1e-8, all times integer microseconds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, Final

from tradepit.core.bars import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Bar, Series, empty_bar
from tradepit.core.past import Past
from tradepit.core.reference import Reference
from tradepit.core.units import ONE

KEEP_ROWS: Final = 1_000  # what one answer may show
KEEP_CLOSED: Final = 20_000  # rows that wait for a writer which may not exist
KEEP_SECONDS_US: Final = HOUR_US
KEEP_MINUTES_US: Final = 2 * DAY_US

# (trade_id, price, qty, quote, at_us, buyer_is_maker)
Trade = tuple[int, int, int, int, int, bool]
# (agg_id, price, qty, first_id, last_id, at_us, buyer_is_maker)
Agg = tuple[int, int, int, int, int, int, bool]


class Tape:
    """Everything that follows from one symbol's trades.

    Trades come in the order of their ids, at times that never fall. The ids of a replayed file may
    have gaps, and its prints may stand for many trades: these come on whole seconds.
    """

    def __init__(self, bucket_count: int = 0, bucket_width_ms: int = 0) -> None:
        self.last_price = 0
        self.last_qty = 0
        self.last_us = -1  # -1: nothing traded yet
        self.first_us = -1  # when the first trade was
        self.last_id = -1
        self.count = 0  # running totals since birth
        self.base = 0
        self.quote = 0
        self.taker_base = 0
        self.taker_quote = 0
        self.trades: list[Trade] = []
        self.dropped_us = -1  # the time of the last trade that left `trades`
        self.aggs: list[Agg] = []  # finished ones; the running one is in the fields below
        self.agg_id = -1
        self.agg_order = -1
        self.agg_price = 0
        self.agg_qty = 0
        self.agg_first = -1
        self.agg_us = -1
        self.agg_maker = False
        self.seconds = Series(SECOND_US, KEEP_SECONDS_US)
        self.minutes = Series(MINUTE_US, KEEP_MINUTES_US)
        self.minute = empty_bar(-1, 0)  # the seconds of the running minute that are finished
        self.second = empty_bar(-1, 0)  # the running second, as it opened; see `_second`
        self.second_end_us = -1
        self.high = 0
        self.low = 0
        self.reference: Reference | None = None
        if bucket_count:
            self.reference = Reference(bucket_count, bucket_width_ms * 1000)
        self.closed_bars: list[tuple[int, Bar]] = []  # (width_us, bar), oldest first
        self.closed_aggs: list[Agg] = []
        self.past: Past | None = None  # what lies before the world's birth: no part of the state
        self.born_us = 0
        self.fresh_us = 0  # what was before says nothing about the price now: a file is replayed
        self.mean_mins = -1  # which window what follows belongs to: a cache, not state
        self.mean_count = -1  # how many trades there were when `mean` was worked out
        self.mean = 0
        self.mean_from_us = -1
        self.mean_base = 0
        self.mean_quote = 0

    def begin(self, past: Past, born_us: int) -> None:
        """Go on from a past, at a birth on a whole minute. Before the first trade."""
        last = past.last_trade()
        self.past = past
        self.born_us = born_us
        self.first_us = past.first_us()
        self.last_id, self.last_price, self.last_qty = last[0], last[1], last[2]
        self.last_us = last[4]
        self.agg_id = past.last_agg_id()
        for series in (self.seconds, self.minutes):
            series.from_us = born_us
            series.before = self.last_price
        reference = self.reference
        if reference is not None:
            span_us = (reference.bucket_count + 1) * reference.bucket_width_us
            for row in past.trades_between(born_us - span_us, born_us):
                reference.trade(row[1], row[4])

    def trade(
        self, trade_id: int, price: int, qty: int, quote: int, at_us: int, buyer_is_maker: bool,
        taker_order_id: int, count: int = 1,
    ) -> int:  # fmt: skip
        """Take in a trade, or a print of `count` trades. Returns the id of the aggregate trade it
        belongs to."""
        self.trades.append((trade_id, price, qty, quote, at_us, buyer_is_maker))
        if (
            taker_order_id == self.agg_order and price == self.agg_price and at_us == self.agg_us
            and buyer_is_maker == self.agg_maker
        ):  # fmt: skip
            self.agg_qty += qty
        else:
            self._next_agg(trade_id, price, qty, at_us)
            self.agg_order = taker_order_id
            self.agg_maker = buyer_is_maker
        if at_us >= self.second_end_us:
            self._next_second(at_us, price, trade_id)
        elif price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.count += count
        self.base += qty
        self.quote += quote
        if not buyer_is_maker:
            self.taker_base += qty
            self.taker_quote += quote
        self.last_price = price
        self.last_qty = qty
        self.last_us = at_us
        self.last_id = trade_id + count - 1
        if self.reference is not None:
            self.reference.trade(price, at_us)
        return self.agg_id

    def _next_agg(self, trade_id: int, price: int, qty: int, at_us: int) -> None:
        if self.agg_first >= 0:
            done = self._running_agg()
            self.aggs.append(done)
            self.closed_aggs.append(done)
            if len(self.aggs) >= 2 * KEEP_ROWS:
                del self.aggs[:KEEP_ROWS]
            if len(self.closed_aggs) > KEEP_CLOSED:
                del self.closed_aggs[: KEEP_CLOSED // 2]
            if len(self.trades) > 2 * KEEP_ROWS:
                self.dropped_us = self.trades[-KEEP_ROWS - 1][4]
                del self.trades[:-KEEP_ROWS]
        self.agg_id += 1
        self.agg_price = price
        self.agg_qty = qty
        self.agg_first = trade_id
        self.agg_us = at_us

    def _running_agg(self) -> Agg:
        return (
            self.agg_id, self.agg_price, self.agg_qty, self.agg_first, self.last_id, self.agg_us,
            self.agg_maker,
        )  # fmt: skip

    def _next_second(self, at_us: int, price: int, trade_id: int) -> None:
        if self.second_end_us >= 0:
            self._close_second()
        elif self.first_us < 0:
            self.first_us = at_us
        open_us = at_us - at_us % SECOND_US
        self.second_end_us = open_us + SECOND_US
        self.high = price
        self.low = price
        # Its totals are those before it: what it holds itself is the difference to the tape's.
        self.second = Bar(
            open_us, price, price, price, price, self.base, self.quote, self.count,
            self.taker_base, self.taker_quote, trade_id, trade_id,
        )  # fmt: skip

    def _close_second(self) -> None:
        bar = self._second()
        self.seconds.append(bar)
        self._closed(SECOND_US, bar)
        minute = self.minute
        if minute.open_us >= 0 and bar.open_us < minute.open_us + MINUTE_US:
            minute.add(bar)
            return
        if minute.open_us >= 0:
            self.minutes.append(minute)
            self._closed(MINUTE_US, minute)
        self.minute = empty_bar(bar.open_us - bar.open_us % MINUTE_US, 0)
        self.minute.add(bar)

    def _closed(self, width_us: int, bar: Bar) -> None:
        self.closed_bars.append((width_us, bar))
        if len(self.closed_bars) > KEEP_CLOSED:
            del self.closed_bars[: KEEP_CLOSED // 2]

    def _second(self) -> Bar:
        """The running second as a bar of its own."""
        start = self.second
        return Bar(
            start.open_us, start.open, self.high, self.low, self.last_price,
            self.base - start.base, self.quote - start.quote, self.count - start.count,
            self.taker_base - start.taker_base, self.taker_quote - start.taker_quote,
            start.first_id, self.last_id,
        )  # fmt: skip

    # What others ask.

    def recent_aggs(self) -> list[Agg]:
        """The aggregate trades in memory, oldest first, the running one included."""
        return [*self.aggs, self._running_agg()] if self.agg_first >= 0 else []

    def running_bars(self, width_us: int) -> list[Bar]:
        """The bars of `width_us` (SECOND_US or MINUTE_US) that are not closed yet: copies."""
        if self.second_end_us < 0:
            return []
        second = self._second()
        if width_us == SECOND_US:
            return [second]
        minute = self.minute
        minute_us = second.open_us - second.open_us % MINUTE_US
        found: list[Bar] = []
        if minute.open_us >= 0:
            found.append(_copy(minute))
        if minute.open_us != minute_us:
            found.append(empty_bar(minute_us, 0))
        found[-1].add(second)
        return found

    def series(self, width_us: int) -> Series:
        """The closed bars of SECOND_US or MINUTE_US."""
        return self.seconds if width_us == SECOND_US else self.minutes

    def bars(self, width_us: int, start_us: int, end_us: int) -> list[Bar]:
        """The bars with trades that open in start_us..end_us-1, of SECOND_US or MINUTE_US.

        Complete where `series(width_us).from_us <= start_us`.
        """
        closed = self.series(width_us)
        found = [closed.at(i) for i in range(closed.since(start_us), closed.since(end_us))]
        running = self.running_bars(width_us)
        found.extend(bar for bar in running if start_us <= bar.open_us < end_us)
        return found

    def price_before(self, width_us: int, us: int) -> int:
        """The price of the last trade before `us`, a multiple of `width_us`; 0: there was none.

        Right where `series(width_us).from_us <= us`.
        """
        for bar in reversed(self.running_bars(width_us)):
            if bar.open_us < us:
                return bar.close
        closed = self.series(width_us)
        index = closed.since(us)
        return closed.close[index - 1] if index else closed.before

    def average(self, at_us: int, mins: int) -> int:
        """The volume weighted average price of the last `mins` minutes at `at_us`, rounded down.

        The window starts with a whole second. Without trades in it, and for 0 minutes, the last
        price; 0 when nothing ever traded.
        """
        if mins <= 0:
            return self.last_price
        from_us = at_us - mins * MINUTE_US
        from_us = max(from_us - from_us % SECOND_US, self.fresh_us)
        if from_us != self.mean_from_us or mins != self.mean_mins:
            self._seek_mean(from_us, mins)
        if self.count != self.mean_count:
            base = self.base - self.mean_base
            quote = self.quote - self.mean_quote
            self.mean = quote * ONE // base if base else self.last_price
            self.mean_count = self.count
        return self.mean

    def forget_mean(self, at_us: int) -> None:
        """Averages know only what trades from this second on."""
        self.fresh_us = at_us - at_us % SECOND_US

    def _seek_mean(self, from_us: int, mins: int) -> None:
        """Find the running totals as they were at `from_us`."""
        self.mean_from_us = from_us
        self.mean_count = -1
        self.mean_mins = mins
        start = self.second
        self.mean_base = self.base
        self.mean_quote = self.quote
        if self.second_end_us >= 0 and start.open_us >= from_us:
            closed = self.seconds
            index = closed.since(from_us)
            self.mean_base = start.base - sum(closed.base[index:])
            self.mean_quote = start.quote - sum(closed.quote[index:])
        if self.past is not None and from_us < self.born_us:
            for bar in self.past.bars(SECOND_US, from_us, self.born_us):
                self.mean_base -= bar.base
                self.mean_quote -= bar.quote

    def reference_price(self, at_us: int, bucket_count: int = 0, bucket_width_ms: int = 0) -> int:
        """The reference price at `at_us`; 0 when there is none, or none is configured."""
        return self.reference.price(at_us) if self.reference is not None else 0

    def missing(self, start_us: int) -> tuple[int, int]:
        """The span of trades that `window(start_us)` needs and memory has no more.

        (0, 0) when memory has all. A window that starts before what the minutes hold needs more
        than trades: see `minutes.from_us`.
        """
        second_us = start_us - start_us % SECOND_US
        minute_us = start_us - start_us % MINUTE_US
        if start_us == minute_us or start_us > self.last_us:
            return (0, 0)
        if self.seconds.from_us > second_us:
            index = self.minutes.since(minute_us)
            if index < len(self.minutes.open_us) and self.minutes.open_us[index] == minute_us:
                return (minute_us, minute_us + MINUTE_US)
            return (0, 0)
        if start_us == second_us or self.dropped_us < second_us:
            return (0, 0)
        return (second_us, second_us + SECOND_US) if self._has_second(second_us) else (0, 0)

    def _has_second(self, second_us: int) -> bool:
        index = self.seconds.since(second_us)
        if index < len(self.seconds.open_us):
            return self.seconds.open_us[index] == second_us
        return self.second.open_us == second_us

    def window(self, start_us: int, cut: Sequence[Trade] = ()) -> tuple[Bar, int]:
        """All trades at `start_us` and later as one bar, and the price of the last trade before.

        `cut` are the trades of the span `missing(start_us)`. Exact to the microsecond, however
        far back the minutes reach. The price before is 0 when nothing traded before.
        """
        lo_us, hi_us = self.missing(start_us)
        second_us = start_us - start_us % SECOND_US
        edge_us = start_us + -start_us % MINUTE_US
        trades: Sequence[Trade] = cut
        from_us = hi_us  # from here on whole seconds are known
        if not hi_us:
            from_us = start_us + -start_us % SECOND_US
            lo_us = second_us
            trades = self._trades_between(second_us, from_us)
        total = empty_bar(start_us, 0)
        before = 0
        for row in trades:
            if row[4] < start_us:
                before = row[1]
            else:
                total.add(trade_bar(row))
        if from_us < edge_us:
            for bar in self.bars(SECOND_US, from_us, edge_us):
                total.add(bar)
        self._add_minutes(total, edge_us)
        if not before:
            width_us = MINUTE_US if lo_us % MINUTE_US == 0 else SECOND_US
            if width_us == SECOND_US and self.seconds.from_us > lo_us:
                lo_us -= lo_us % MINUTE_US
                width_us = MINUTE_US
            before = self.price_before(width_us, lo_us)
        if not total.count:
            total = empty_bar(start_us, before)
        return total, before

    def _add_minutes(self, total: Bar, edge_us: int) -> None:
        """Add every minute that opens at `edge_us` or later."""
        closed = self.minutes
        index = closed.since(edge_us)
        if index < len(closed.open_us):
            total.add(closed.total(index, len(closed.open_us)))
        for bar in self.running_bars(MINUTE_US):
            if bar.open_us >= edge_us:
                total.add(bar)

    def _trades_between(self, start_us: int, end_us: int) -> list[Trade]:
        """The trades in memory at start_us..end_us-1."""
        if start_us >= end_us or not self.trades or self.trades[-1][4] < start_us:
            return []
        return [row for row in self.trades if start_us <= row[4] < end_us]

    def recent_trades(self, limit: int) -> list[Trade]:
        """The newest `limit` trades, at most KEEP_ROWS of them from memory, else the past's."""
        found = self.trades[-limit:]
        if self.past is not None and len(found) < limit:
            found = self.past.trades(limit=limit - len(found)) + found
        return found

    def trades_from(self, trade_id: int, limit: int) -> list[Trade]:
        """At most `limit` trades in memory from `trade_id` on."""
        if not self.trades:
            return []
        index = bisect_left(self.trades, trade_id, key=lambda row: row[0])
        return self.trades[index : index + limit]

    # Snapshots.

    def dump(self) -> dict[str, Any]:
        """The whole state as plain values."""
        return {
            "last": [self.last_price, self.last_qty, self.last_us, self.last_id, self.first_us],
            "born_us": self.born_us,
            "fresh_us": self.fresh_us,
            "totals": _texts(
                [self.count, self.base, self.quote, self.taker_base, self.taker_quote]
            ),
            "trades": [list(row) for row in self.trades],
            "dropped_us": self.dropped_us,
            "aggs": [list(row) for row in self.aggs],
            "agg": [
                self.agg_id, self.agg_order, self.agg_price, self.agg_qty, self.agg_first,
                self.agg_us, int(self.agg_maker),
            ],
            "seconds": self.seconds.dump(),
            "minutes": self.minutes.dump(),
            "minute": self.minute.row(),
            "second": _texts(self.second.row()),
            "second_now": [self.second_end_us, self.high, self.low],
            "reference": self.reference.dump() if self.reference is not None else None,
        }  # fmt: skip

    def load(self, state: dict[str, Any]) -> None:
        """Become the tape that `dump` told of. Its past, if it had one, is attached again."""
        (
            self.last_price, self.last_qty, self.last_us, self.last_id, self.first_us,
        ) = state["last"]  # fmt: skip
        self.born_us = state["born_us"]
        self.fresh_us = state.get("fresh_us", 0)
        (
            self.count, self.base, self.quote, self.taker_base, self.taker_quote,
        ) = [int(total) for total in state["totals"]]  # fmt: skip
        self.trades = [
            (row[0], row[1], row[2], row[3], row[4], bool(row[5])) for row in state["trades"]
        ]
        self.dropped_us = state["dropped_us"]
        self.aggs = [
            (row[0], row[1], row[2], row[3], row[4], row[5], bool(row[6])) for row in state["aggs"]
        ]
        (
            self.agg_id, self.agg_order, self.agg_price, self.agg_qty, self.agg_first,
            self.agg_us, maker,
        ) = state["agg"]  # fmt: skip
        self.agg_maker = bool(maker)
        self.seconds.restore(state["seconds"])
        self.minutes.restore(state["minutes"])
        self.minute = Bar(*state["minute"])
        self.second = Bar(*[int(total) for total in state["second"]])
        self.second_end_us, self.high, self.low = state["second_now"]
        if state["reference"] is not None:
            self.reference = Reference.load(state["reference"])
        self.mean_from_us = -1


def _texts(totals: list[int]) -> list[str]:
    """Totals since birth grow without bound, and what packs a snapshot knows 64 bits."""
    return [str(total) for total in totals]


def trade_bar(row: Trade) -> Bar:
    """One trade as a bar that opens at its time."""
    trade_id, price, qty, quote, at_us, buyer_is_maker = row
    bought = 0 if buyer_is_maker else 1
    return Bar(
        at_us, price, price, price, price, qty, quote, 1, qty * bought, quote * bought, trade_id,
        trade_id,
    )  # fmt: skip


def _copy(bar: Bar) -> Bar:
    copy = empty_bar(bar.open_us, bar.close)
    copy.add(bar)
    return copy


def first_at(rows: Sequence[Agg], at_us: int) -> int:
    """The index of the first aggregate trade at `at_us` or later."""
    return bisect_left(rows, at_us, key=lambda row: row[5])
