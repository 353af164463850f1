"""Futures streams that fold over time: klines, 24 hours, index, mark price and funding.

Payloads, their fields and speeds: the pages on market streams of both futures documents, in the
form of September 2024; documented. Marks are looked at every whole second (`core.marking`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

from tradepit.catalog.kinds import TRUTHS, quote_places, quote_units
from tradepit.core import marking
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
from tradepit.core.contracts import COINM, USDM, Contract
from tradepit.core.futures_records import MARK_BAR, MarkBar
from tradepit.core.marked import MARK
from tradepit.core.records import Event
from tradepit.gateways.feeds import SLOW_US, EarFeed, Feed, round_up
from tradepit.gateways.futures_feeds import contract_of, name_of, price_text, qty_text
from tradepit.gateways.timed_feeds import KlineFeed, Line, StatisticsFeed
from tradepit.products.futures import shown
from tradepit.products.futures.continuous import continued, legs
from tradepit.products.futures.klines import Step, course
from tradepit.products.futures.market_data import quote_shown, sum_shown
from tradepit.products.futures.prices import AssetIndex, asset_indexes, rates, settle_price
from tradepit.products.futures.selectors import contracts_of
from tradepit.products.futures.tickers import DayTicker, day_of

if TYPE_CHECKING:
    from tradepit.core.symbols import Symbol
    from tradepit.gateways.hub import Channel, Hub
    from tradepit.products.spot.tickers import Measured

FOLD_US: Final = 250_000

Pick = Callable[[], list[Contract]]
"""The contracts that a stream speaks of, as they are listed now."""


# --- Klines ------------------------------------------------------------------------------------


class FuturesKlineFeed(KlineFeed):
    """The running kline when it changed, and each kline once when it closes."""

    def __init__(self, hub: Hub, channel: Channel, name: str, interval: str) -> None:
        super().__init__(hub, channel, name, interval, 0)
        self.period_us = FOLD_US

    def head(self, contract: Contract) -> tuple[str, str]:
        """The event's name and what it is about; the fields about it within the kline."""
        return f'"e":"kline","E":%d,"s":"{contract.name}"', f'"s":"{contract.name}",'

    def say(self, bar: Bar, closed: bool, when: tuple[int, int]) -> None:
        contract = contract_of(self.symbol)
        if bar.open_us > contract.seen_until(bar.open_us):
            return  # it was delivered
        outside, inside = self.head(contract)
        row = kline_row(contract, bar, closed)
        at_us, ends_us = when
        self.channel.publish(
            lambda unit: (
                f'{{{outside % (at_us // unit)},"k":{{"t":{bar.open_us // unit},'
                f'"T":{(ends_us - 1) // unit},{inside}"i":"{self.interval}",{row}}}}}'
            )
        )


def kline_row(contract: Contract, bar: Bar, closed: bool) -> str:
    """What of a kline says nothing about time."""
    return (
        f'"f":{bar.first_id},"L":{bar.last_id},"o":{price_text(contract, bar.open)},'
        f'"c":{price_text(contract, bar.close)},"h":{price_text(contract, bar.high)},'
        f'"l":{price_text(contract, bar.low)},"v":{qty_text(contract, bar.base)},'
        f'"n":{bar.count},"x":{TRUTHS[closed]},"q":{_worth(contract, bar.quote)},'
        f'"V":{qty_text(contract, bar.taker_base)},"Q":{_worth(contract, bar.taker_quote)},'
        f'"B":"0"'
    )


def _worth(contract: Contract, units: int) -> str:
    return quote_places(*sum_shown(contract, units))


class ContinuousFeed(FuturesKlineFeed):
    """The klines of whichever contract of a pair is of a type now."""

    def __init__(self, hub: Hub, channel: Channel, name: str, interval: str) -> None:
        super().__init__(hub, channel, name, interval)
        contract = contract_of(self.symbol)
        self.pair, self.type = contract.pair, contract.contract_type
        self.since_us = legs(hub.pit, contract)[-1].start_us  # the contract is of the type

    def head(self, contract: Contract) -> tuple[str, str]:
        return f'"e":"continuous_kline","E":%d,"ps":"{self.pair}","ct":"{self.type}"', ""

    def beat(self, at_us: int) -> None:
        found = of_kind(self.hub, self.pair, self.type)
        if found and found[0].name != self.name:
            super().beat(at_us)  # what the last one traded until it was delivered
            self.since_us = contract_of(self.symbol).delivery_us
            held = self.open_us < self.since_us and not self.loading
            self.folded = self._bar(self.since_us) if held else None
            self.folded_us = self.since_us
            self.name, self.key = found[0].name, found[0].key
            self.open_us = open_of(at_us, self.width_us, 0)
        super().beat(at_us)

    def _complete(self) -> bool:
        """What of the running kline lies before the contract was of its type is the one's before
        it, which the history is asked for."""
        if self.folded is None and not self.loading and self.open_us < self.since_us:
            contract, opens_us = contract_of(self.symbol), [self.open_us, self.since_us]
            self.folded_us = self.since_us
            read = continued(self.hub.pit, self.hub.history, contract, opens_us)
            self.hub.later(self, read, self._begun)
            return False
        return super()._complete()

    def _begun(self, bars: list[Bar]) -> None:
        self.folded = bars[0] if bars else empty_bar(self.open_us, 0)


def of_kind(hub: Hub, pair: str, kind: str) -> list[Contract]:
    """The contract of a pair and a type of contract, if there is one."""
    listed = [*contracts_of(hub.pit, USDM), *contracts_of(hub.pit, COINM)]
    return [each for each in listed if each.pair == pair and each.contract_type == kind]


class CourseFeed(EarFeed):
    """Klines of a contract's mark price, or of its pair's index: folded from every whole second.

    The running kline every second and when it changed, and each kline once when it closes.
    """

    kind = MARK_BAR
    period_us = FOLD_US

    def __init__(
        self, hub: Hub, channel: Channel, contract: Contract, shape: tuple[int, str]
    ) -> None:
        """shape: INDEX or MARK, and the interval."""
        super().__init__(hub, channel)
        self.name = contract.name
        self.at, self.interval = shape
        self.width_us = INTERVALS[self.interval]
        self.fine_us = MINUTE_US if 0 < self.width_us < HOUR_US else HOUR_US
        self.open_us = 0  # of the kline that runs
        self.step: Step | None = None  # what was seen of it
        self.close = 0  # what the value was last
        self.told: tuple[int, ...] = ()

    def start(self) -> None:
        super().start()
        now_us = self.hub.now_us()
        self.open_us = open_of(now_us, self.width_us, 0)
        if open_of(now_us, self.fine_us, 0) == self.open_us >= self.hub.pit.born_us:
            return  # memory has all of it
        opens_us = [self.open_us, next_open(self.open_us, self.width_us, 0)]
        contract = self.hub.pit.contracts[self.name]
        read = course(
            self.hub.pit, self.hub.history, (contract, self.at), (self.width_us, opens_us)
        )
        self.hub.later(self, read, self._loaded)

    def _loaded(self, steps: list[Step]) -> None:
        for step in steps:
            if step.open_us == self.open_us:
                self.step = step if self.step is None else _join(step, self.step)

    def greet(self) -> None:
        self.told = ()

    def due_us(self, at_us: int) -> int:
        """A kline closes, or a minute of it is over."""
        return round_up(at_us, self.fine_us)

    def hear(self, event: Event) -> None:
        """A minute, or an hour, is over: what it held to its end."""
        bar = cast("MarkBar", event)
        if bar.contract.name == self.name and bar.width_us == self.fine_us:
            self._add(bar.row)

    def beat(self, at_us: int) -> None:
        contract = self.hub.pit.contracts.get(self.name)
        if contract is None:
            return
        if self.loading:
            self._see(contract)
            return
        open_us = open_of(at_us, self.width_us, 0)
        while self.open_us < open_us:
            self._see(contract)
            self._tell(contract, at_us, True)
            self.open_us = next_open(self.open_us, self.width_us, 0)
            self.step = None
        self._see(contract)
        self._tell(contract, at_us, False)

    def _see(self, contract: Contract) -> None:
        """What the running minute, or hour, adds to the kline."""
        marks = contract.marks
        row = marks.minute if self.fine_us == MINUTE_US else marks.hour
        if row:
            self._add(row)

    def _add(self, row: list[int]) -> None:
        if row[0] >= next_open(self.open_us, self.width_us, 0):
            return  # the kline that runs is not closed yet
        self.close = row[self.at + 3]
        if row[0] >= self.open_us:
            seen = Step(self.open_us, *row[self.at : self.at + 4])
            self.step = seen if self.step is None else _join(self.step, seen)

    def _tell(self, contract: Contract, at_us: int, closed: bool) -> None:
        if not self.close or self.open_us > contract.seen_until(self.open_us):
            return
        price = self.close
        step = self.step or Step(self.open_us, price, price, price, price)
        ends_us = next_open(self.open_us, self.width_us, 0)
        last_us = min(at_us - at_us % SECOND_US, ends_us - SECOND_US)
        told = (*step, last_us, int(closed))
        if told == self.told:
            return
        self.told = told
        self.channel.publish(lambda unit: self._text(contract, step, (at_us, last_us), unit))

    def _text(self, contract: Contract, step: Step, when: tuple[int, int], unit: int) -> str:
        ends_us = next_open(step.open_us, self.width_us, 0)
        at_us, last_us = when
        closed = at_us >= ends_us
        count = (ends_us if closed else last_us + SECOND_US) - step.open_us
        mark = self.at == MARK
        return (
            f'{{"e":"{"markPrice_kline" if mark else "indexPrice_kline"}","E":{at_us // unit},'
            f'"ps":"{contract.pair}","k":{{"t":{step.open_us // unit},"T":{(ends_us - 1) // unit},'
            f'"s":"{contract.name if mark else "0"}","i":"{self.interval}",'
            f'"f":{step.open_us // unit},"L":{last_us // unit},"o":{quote_units(step.open)},'
            f'"c":{quote_units(step.close)},"h":{quote_units(step.high)},'
            f'"l":{quote_units(step.low)},"v":"0","n":{count // SECOND_US},"x":{TRUTHS[closed]},'
            f'"q":"0","V":"0","Q":"0","B":"0"}}}}'
        )


def _join(first: Step, then: Step) -> Step:
    return Step(
        first.open_us, first.open, max(first.high, then.high), min(first.low, then.low), then.close
    )


# --- 24 hours ----------------------------------------------------------------------------------


class DayFeed(StatisticsFeed):
    """The last 24 hours of a contract, or of all of a venue that changed."""

    def __init__(
        self, hub: Hub, channel: Channel, pick: Pick, line: Line, period_us: int = 0
    ) -> None:
        """period_us: of a single contract's; 0: all of a venue, every second."""
        self.pick = pick
        names = [contract.name for contract in pick()]
        super().__init__(hub, channel, names, (24 * HOUR_US, False, line), bool(period_us))
        self.period_us = period_us or SLOW_US

    def beat(self, at_us: int) -> None:
        self.names = [contract.name for contract in self.pick()]
        gone = [name for name in self.shown if name not in self.names]
        for name in gone:
            del self.shown[name]
        super().beat(at_us)


def _day(found: Measured, symbol: Symbol) -> tuple[Contract, DayTicker, str]:
    """The contract, its day as REST tells it, and what was traded in the quote asset."""
    contract = contract_of(symbol)
    row = day_of(contract, found.held, found.span_us, contract.tape.last_qty)
    return contract, row, _text(quote_shown(contract, found.held.bar.quote))


def mini_line(found: Measured, symbol: Symbol, at_us: int, unit: int) -> str:
    contract, row, quote = _day(found, symbol)
    return (
        f'{{"e":"24hrMiniTicker","E":{at_us // unit},{name_of(contract)},'
        f'"c":{_text(row.last_price)},"o":{_text(row.open_price)},"h":{_text(row.high_price)},'
        f'"l":{_text(row.low_price)},"v":{_text(row.volume)},"q":{quote}}}'
    )


def day_line(found: Measured, symbol: Symbol, at_us: int, unit: int) -> str:
    contract, row, quote = _day(found, symbol)
    return (
        f'{{"e":"24hrTicker","E":{at_us // unit},{name_of(contract)},'
        f'"p":{_text(row.price_change)},"P":{quote_places(row.price_change_percent, 3)},'
        f'"w":{_text(row.weighted_avg_price)},"c":{_text(row.last_price)},'
        f'"Q":{_text(row.last_qty)},"o":{_text(row.open_price)},"h":{_text(row.high_price)},'
        f'"l":{_text(row.low_price)},"v":{_text(row.volume)},"q":{quote},'
        f'"O":{row.open_time // unit},"C":{row.close_time // unit},"F":{row.first_id},'
        f'"L":{row.last_id},"n":{row.count}}}'
    )


def _text(value: shown.Shown) -> str:
    return quote_places(*value)


# --- Index, mark and funding -------------------------------------------------------------------


class RowsFeed(Feed):
    """What is told at every multiple of a period, whether it changed or not: one event, or an
    array of them. Of beats that were missed in a row the last is enough: nothing changed meanwhile.

    rows: the events, given the time and its unit, both in µs.
    """

    def __init__(
        self, hub: Hub, channel: Channel, rows: Callable[[int, int], list[str]],
        shape: tuple[int, bool],
    ) -> None:  # fmt: skip
        """shape: the period, and whether the event stands alone."""
        super().__init__(hub, channel)
        self.rows = rows
        self.period_us, self.single = shape

    def beat(self, at_us: int) -> None:
        told = self.rows(at_us, 1000)
        if not told:
            return

        def payload(unit: int) -> str:
            rows = told if unit == 1000 else self.rows(at_us, unit)
            return rows[0] if self.single else f"[{','.join(rows)}]"

        self.channel.publish(payload, newest_only=True)


def mark_rows(hub: Hub, pick: Pick) -> Callable[[int, int], list[str]]:
    """markPriceUpdate of some contracts: the marks of the very second that is told of, though
    streams speak before the command that takes them."""
    return lambda at_us, unit: [
        _mark_text(contract, marking.seen(hub.pit, contract, at_us), at_us, unit)
        for contract in pick()
    ]


def _mark_text(contract: Contract, seen: tuple[int, int], at_us: int, unit: int) -> str:
    settle_at = settle_price(contract, seen[0])
    mark, index, settle = (
        f'"p":{quote_units(seen[1])}', f'"i":{quote_units(seen[0])}',
        f'"P":{quote_units(settle_at)}',
    )  # fmt: skip
    prices = (mark, settle, index) if contract.inverse else (mark, index, settle)
    return (
        f'{{"e":"markPriceUpdate","E":{at_us // unit},"s":"{contract.name}",{",".join(prices)},'
        f'"r":"{rates(contract)[0]}","T":{contract.marks.next_us // unit}}}'
    )


def index_rows(hub: Hub, pick: Pick) -> Callable[[int, int], list[str]]:
    """indexPriceUpdate of a pair: all of its contracts follow one index."""
    return lambda at_us, unit: [
        f'{{"e":"indexPriceUpdate","E":{at_us // unit},"i":"{contract.pair}",'
        f'"p":{quote_units(marking.seen(hub.pit, contract, at_us)[0])}}}'
        for contract in pick()[:1]
    ]


def asset_rows(hub: Hub, symbol: str = "") -> Callable[[int, int], list[str]]:
    """assetIndexUpdate of one asset's index symbol, or of all that may be margin."""
    return lambda at_us, unit: [
        _asset_text(row, at_us, unit)
        for row in asset_indexes(hub.pit, at_us)
        if symbol in ("", row.symbol)
    ]


def _asset_text(row: AssetIndex, at_us: int, unit: int) -> str:
    values = {
        "i": row.index, "b": row.bid_buffer, "a": row.ask_buffer, "B": row.bid_rate,
        "A": row.ask_rate, "q": row.auto_exchange_bid_buffer, "g": row.auto_exchange_ask_buffer,
        "Q": row.auto_exchange_bid_rate, "G": row.auto_exchange_ask_rate,
    }  # fmt: skip
    facts = ",".join(f'"{name}":{quote_units(units)}' for name, units in values.items())
    return f'{{"e":"assetIndexUpdate","E":{at_us // unit},"s":"{row.symbol}",{facts}}}'
