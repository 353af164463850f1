"""Market streams that fold trades over time: klines, statistics of windows, averages.

Payloads, their fields and speeds: web-socket-streams.md; documented.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tradepit.catalog.kinds import TRUTHS, quote_places, quote_units
from tradepit.core.archive import Archive
from tradepit.core.bars import (
    HOUR_US,
    INTERVALS,
    MINUTE_US,
    SECOND_US,
    Bar,
    empty_bar,
    next_open,
    open_of,
)
from tradepit.core.remembering import Remembering
from tradepit.core.statistics import Held, percent_of, window
from tradepit.core.units import div_floor
from tradepit.gateways.feeds import NEVER_US, SLOW_US, Feed, SymbolFeed, best_of, round_up
from tradepit.products.spot.tickers import Measured

if TYPE_CHECKING:
    from tradepit.core.symbols import Symbol
    from tradepit.gateways.hub import Channel, Hub

KLINE_US: Final = 2_000_000
FOLD_US: Final = HOUR_US  # memory holds minutes for much longer
AVERAGE_MINS: Final = 5


class KlineFeed(SymbolFeed):
    """The running kline when it changed, and each kline once when it closes."""

    def __init__(
        self, hub: Hub, channel: Channel, name: str, interval: str, offset_us: int
    ) -> None:
        super().__init__(hub, channel, name)
        self.interval = interval
        self.width_us = INTERVALS[interval]
        self.offset_us = offset_us
        self.period_us = SLOW_US if interval == "1s" else KLINE_US
        self.fine_us = SECOND_US if interval == "1s" else MINUTE_US
        self.open_us = 0  # of the kline that runs
        self.folded: Bar | None = None  # the first part of it, which memory need not hold
        self.folded_us = 0  # where that part ends
        self.told: tuple[int, int] = (-1, -1)  # (open time, last trade id) told of last

    def start(self) -> None:
        super().start()
        self.open_us = open_of(self.hub.now_us(), self.width_us, self.offset_us)
        self._complete()

    def _complete(self) -> bool:
        """Whether memory has what it takes; when not, the history is asked."""
        tape = self.symbol.tape
        if (
            self.folded is None
            and tape.last_us >= 0
            and tape.series(self.fine_us).from_us > self.open_us
        ):
            self._load(self.open_us)
        return not self.loading

    def greet(self) -> None:
        self.told = (-1, -1)

    def due_us(self, at_us: int) -> int:
        if self.loading or self.symbol.tape.last_us < 0:
            return NEVER_US
        return next_open(self.open_us, self.width_us, self.offset_us)

    def beat(self, at_us: int) -> None:
        if self.loading or not self._complete():
            return
        open_us = open_of(at_us, self.width_us, self.offset_us)
        while self.open_us < open_us:
            self._tell(self._bar(), True, at_us)
            self.open_us = next_open(self.open_us, self.width_us, self.offset_us)
            self.folded = None
        bar = self._bar()
        if (bar.open_us, bar.last_id) != self.told:
            self._tell(bar, False, at_us)
        if at_us - self.folded_us >= FOLD_US and self.width_us != self.fine_us:
            ends_us = at_us - at_us % self.fine_us
            self.folded, self.folded_us = self._bar(ends_us), ends_us

    def _bar(self, ends_us: int = 0) -> Bar:
        """The running kline, or what of it lies before `ends_us`."""
        tape = self.symbol.tape
        folded, from_us = self.folded, self.open_us
        if folded is not None:
            from_us = self.folded_us
            total = empty_bar(self.open_us, folded.close)
            total.add(folded)
        else:
            total = empty_bar(self.open_us, tape.price_before(self.fine_us, from_us))
        ends_us = ends_us or next_open(self.open_us, self.width_us, self.offset_us)
        for bar in tape.bars(self.fine_us, from_us, ends_us):
            total.add(bar)
        return total

    def _load(self, open_us: int) -> None:
        """A kline that began before memory does: its first part comes from the history."""
        self.folded_us = self.symbol.tape.series(self.fine_us).from_us
        archive = Archive(self.symbol, self.hub.history)

        def read() -> Bar:
            total = empty_bar(open_us, archive.price_before(self.fine_us, open_us))
            for bar in archive.spans(self.fine_us, (open_us, self.folded_us)):
                total.add(bar)
            return total

        self.hub.later(self, read, self._loaded)

    def _loaded(self, bar: Bar) -> None:
        self.folded = bar

    def _tell(self, bar: Bar, closed: bool, at_us: int) -> None:
        self.told = (bar.open_us, bar.last_id)
        if not bar.open:
            return  # nothing was ever traded by then
        ends_us = next_open(bar.open_us, self.width_us, self.offset_us)
        self.say(bar, closed, (at_us, ends_us))

    def say(self, bar: Bar, closed: bool, when: tuple[int, int]) -> None:
        """Publish a kline. when: now, and when the kline ends."""
        at_us, ends_us = when
        self.channel.publish(
            lambda unit: (
                f'{{"e":"kline","E":{at_us // unit},"s":"{self.name}","k":{{'
                f'"t":{bar.open_us // unit},"T":{(ends_us - 1) // unit},"s":"{self.name}",'
                f'"i":"{self.interval}","f":{bar.first_id},"L":{bar.last_id},'
                f'"o":{quote_units(bar.open)},"c":{quote_units(bar.close)},'
                f'"h":{quote_units(bar.high)},"l":{quote_units(bar.low)},'
                f'"v":{quote_units(bar.base)},"n":{bar.count},"x":{TRUTHS[closed]},'
                f'"q":{quote_units(bar.quote)},"V":{quote_units(bar.taker_base)},'
                f'"Q":{quote_units(bar.taker_quote)},"B":"0"}}}}'
            )
        )


# --- Statistics --------------------------------------------------------------------------------

Line = Callable[["Measured", "Symbol", int, int], str]
"""(window, symbol, event time in µs, unit) -> the payload."""


def mini_line(found: Measured, symbol: Symbol, at_us: int, unit: int) -> str:
    bar = found.held.bar
    return (
        f'{{"e":"24hrMiniTicker","E":{at_us // unit},"s":"{symbol.name}",'
        f'"c":{quote_units(found.last)},"o":{quote_units(found.open)},'
        f'"h":{quote_units(found.high)},"l":{quote_units(found.low)},'
        f'"v":{quote_units(bar.base)},"q":{quote_units(bar.quote)}}}'
    )


def day_line(found: Measured, symbol: Symbol, at_us: int, unit: int) -> str:
    bar = found.held.bar
    change = found.last - found.open
    mean = div_floor(bar.quote, bar.base) if bar.base else 0
    bid, bid_qty, ask, ask_qty = best_of(symbol)
    return (
        f'{{"e":"24hrTicker","E":{at_us // unit},"s":"{symbol.name}",'
        f'"p":{quote_units(change)},"P":{quote_places(percent_of(change, found.open), 3)},'
        f'"w":{quote_units(mean)},"x":{quote_units(found.held.before)},'
        f'"c":{quote_units(found.last)},"Q":{quote_units(symbol.tape.last_qty)},'
        f'"b":{quote_units(bid)},"B":{quote_units(bid_qty)},"a":{quote_units(ask)},'
        f'"A":{quote_units(ask_qty)},{_span(found, unit)}}}'
    )


def window_line(size: str) -> Line:
    def line(found: Measured, symbol: Symbol, at_us: int, unit: int) -> str:
        bar = found.held.bar
        change = found.last - found.open
        mean = div_floor(bar.quote, bar.base) if bar.base else 0
        return (
            f'{{"e":"{size}Ticker","E":{at_us // unit},"s":"{symbol.name}",'
            f'"p":{quote_units(change)},"P":{quote_places(percent_of(change, found.open), 3)},'
            f'"o":{quote_units(found.open)},"h":{quote_units(found.high)},'
            f'"l":{quote_units(found.low)},"c":{quote_units(found.last)},"w":{quote_units(mean)},'
            f'"v":{quote_units(bar.base)},"q":{quote_units(bar.quote)},'
            f'"O":{found.span_us[0] // unit},"C":{found.span_us[1] // unit},'
            f'"F":{bar.first_id},"L":{bar.last_id},"n":{bar.count}}}'
        )

    return line


def _span(found: Measured, unit: int) -> str:
    bar = found.held.bar
    return (
        f'"o":{quote_units(found.open)},"h":{quote_units(found.high)},'
        f'"l":{quote_units(found.low)},"v":{quote_units(bar.base)},"q":{quote_units(bar.quote)},'
        f'"O":{found.span_us[0] // unit},"C":{found.span_us[1] // unit},'
        f'"F":{bar.first_id},"L":{bar.last_id},"n":{bar.count}'
    )


class StatisticsFeed(Feed):
    """A window's statistics of one symbol, or of all that changed in an array."""

    period_us = SLOW_US

    def __init__(
        self, hub: Hub, channel: Channel, names: list[str], shape: tuple[int, bool, Line],
        single: bool,
    ) -> None:  # fmt: skip
        """shape: the window's width, whether it starts on a whole minute, and the payload."""
        super().__init__(hub, channel)
        self.names = names
        self.width_us, self.on_minutes, self.line = shape
        self.single = single
        self.quotes = single and self.line is day_line  # whether it shows the best of the book
        self.told: dict[str, tuple[int, int]] = {}  # (last trade id, update id) when told of
        self.archives: dict[str, Remembering] = {}
        self.shown: dict[str, tuple[int, int]] = {}  # (first trade id, count) that were told

    def start(self) -> None:
        super().start()
        if not self.single:  # an array shows what changed since somebody listens
            self.told = {name: (self.channel.listing[name].tape.last_id, 0) for name in self.names}

    def greet(self) -> None:
        if self.single:
            self.told = {}
            self.shown = {}

    def due_us(self, at_us: int) -> int:
        if self.loading:
            return NEVER_US
        return min((self._leaves_us(name, at_us) for name in self.shown), default=NEVER_US)

    def _leaves_us(self, name: str, at_us: int) -> int:
        """The whole minute from `at_us` on by which the window may have lost a trade."""
        if not self.shown[name][1]:
            return NEVER_US
        tape = self.channel.listing[name].tape
        start_us = at_us - self.width_us
        oldest_us = tape.minutes.from_us
        if oldest_us <= start_us:
            index = tape.minutes.since(start_us - start_us % MINUTE_US - MINUTE_US)
            opens_us = tape.minutes.open_us[index : index + 1]
            opens_us += [bar.open_us for bar in tape.running_bars(MINUTE_US)]
            if not opens_us:
                return NEVER_US
            oldest_us = opens_us[0]
        return max(round_up(at_us, MINUTE_US), round_up(oldest_us + self.width_us, MINUTE_US))

    def beat(self, at_us: int) -> None:
        """Tell of what traded, and every minute of what only lost trades at the window's start."""
        if self.loading:
            return
        whole = at_us % MINUTE_US == 0
        parts: list[tuple[Symbol, Held | Callable[[], Held]]] = []
        start_us = at_us - self.width_us
        if self.on_minutes:
            start_us -= start_us % MINUTE_US
        for name in self.names:
            symbol = self.channel.listing[name]
            seen = (symbol.tape.last_id, symbol.book.update_id if self.quotes else 0)
            fresh = self.told.get(name) != seen
            lost = whole and name in self.shown and self._leaves_us(name, at_us) <= at_us
            if symbol.tape.last_us >= 0 and (fresh or lost):
                self.told[name] = seen
                if fresh:
                    self.shown.pop(name, None)
                archive = self._archive(symbol)
                parts.append((symbol, window(symbol, self.hub.history, start_us, archive)))
        if not parts:
            return
        span_us = (start_us, at_us)
        if not any(callable(held) for _, held in parts):
            self._tell([(s, h) for s, h in parts if isinstance(h, Held)], span_us)
            return

        def read() -> list[tuple[Symbol, Held]]:
            return [(symbol, held() if callable(held) else held) for symbol, held in parts]

        self.hub.later(self, read, lambda found: self._tell(found, span_us))

    def _archive(self, symbol: Symbol) -> Remembering:
        found = self.archives.get(symbol.name)
        if found is None:
            found = self.archives[symbol.name] = Remembering(symbol, self.hub.history)
        return found

    def _tell(self, found: list[tuple[Symbol, Held]], span_us: tuple[int, int]) -> None:
        rows = []
        for symbol, held in found:
            shown = (held.bar.first_id, held.bar.count)
            if self.shown.get(symbol.name) != shown:
                self.shown[symbol.name] = shown
                rows.append((symbol, Measured(symbol, held, span_us)))
        if not rows:
            return

        def payload(unit: int) -> str:
            texts = [self.line(row, symbol, span_us[1], unit) for symbol, row in rows]
            return texts[0] if self.single else f"[{','.join(texts)}]"

        self.channel.publish(payload, newest_only=True)


class AverageFeed(SymbolFeed):
    period_us = SLOW_US

    def __init__(self, hub: Hub, channel: Channel, name: str) -> None:
        super().__init__(hub, channel, name)
        self.told = (-1, -1)

    def greet(self) -> None:
        self.told = (-1, -1)

    def due_us(self, at_us: int) -> int:
        last_us = self.symbol.tape.last_us
        moving = last_us >= 0 and at_us <= last_us + AVERAGE_MINS * MINUTE_US + SLOW_US
        return round_up(at_us, SLOW_US) if moving else NEVER_US

    def beat(self, at_us: int) -> None:
        tape = self.symbol.tape
        price = tape.average(at_us, AVERAGE_MINS)
        if tape.last_us < 0 or (price, tape.last_us) == self.told:
            return
        self.told = (price, tape.last_us)
        self.channel.publish(
            lambda unit: (
                f'{{"e":"avgPrice","E":{at_us // unit},"s":"{self.name}","i":"{AVERAGE_MINS}m",'
                f'"w":{quote_units(price)},"T":{tape.last_us // unit}}}'
            ),
            newest_only=True,
        )


class ReferenceFeed(SymbolFeed):
    period_us = SLOW_US

    def __init__(self, hub: Hub, channel: Channel, name: str) -> None:
        super().__init__(hub, channel, name)
        self.told = -1

    def greet(self) -> None:
        self.told = -1

    def due_us(self, at_us: int) -> int:
        symbol = self.symbol
        reference = symbol.tape.reference
        if reference is None or symbol.external_id >= 0:
            return NEVER_US
        span_us = (reference.bucket_count + 1) * reference.bucket_width_us + SLOW_US
        moving = at_us <= symbol.tape.last_us + span_us
        return round_up(at_us, SLOW_US) if moving else NEVER_US

    def beat(self, at_us: int) -> None:
        symbol = self.symbol
        price = symbol.reference_price(at_us)
        if price == self.told or (not price and self.told < 0):
            return
        self.told = price
        shown = quote_units(price) if price else "null"
        self.channel.publish(
            lambda unit: (
                f'{{"e":"referencePrice","s":"{self.name}","r":{shown},"t":{at_us // unit}}}'
            ),
            newest_only=True,
        )
