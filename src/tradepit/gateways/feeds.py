"""What market streams say, and those that speak of trades and of the book.

Payloads, their fields and speeds: web-socket-streams.md; documented. Feeds that fold over time
stand in `timed_feeds`; what a name means, in `stream_names`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, cast

from tradepit.catalog.kinds import TRUTHS, quote_short, quote_units
from tradepit.core.records import BLOCK_TRADE, BlockTrade, Event, Fill

if TYPE_CHECKING:
    from tradepit.core.symbols import Symbol
    from tradepit.gateways.hub import Channel, Hub

FAST_US: Final = 100_000
SLOW_US: Final = 1_000_000
NEVER_US: Final = 1 << 62

Levels = Sequence[tuple[int, int]]


class Feed:
    """What fills one channel. `period_us` 0: it speaks after commands, not by the clock."""

    period_us = 0

    def __init__(self, hub: Hub, channel: Channel) -> None:
        self.hub = hub
        self.channel = channel
        self.loading = False  # it waits for what memory no longer holds

    def start(self) -> None:
        """Somebody listens."""
        if self.period_us:
            self.hub.time(self)

    def stop(self) -> None:
        """Nobody listens any more."""
        if self.period_us:
            self.hub.untime(self)

    def greet(self) -> None:
        """One more listens: what shows a state shows it once more, for all."""

    def beat(self, at_us: int) -> None:
        """A multiple of the period has come."""

    def due_us(self, at_us: int) -> int:
        """The first time from `at_us` on at which a beat may say something though nothing happens
        until then. Asked when a beat came after all that happened."""
        return NEVER_US


class SymbolFeed(Feed):
    """A feed of one symbol."""

    def __init__(self, hub: Hub, channel: Channel, name: str) -> None:
        super().__init__(hub, channel)
        self.name = name
        self._symbol = channel.listing[name]
        self.key = self._symbol.key  # its name among those of all products

    @property
    def symbol(self) -> Symbol:
        """As it is now: another object after the state was rebuilt, the last known of one that is
        listed no more."""
        self._symbol = self.channel.listing.get(self.name, self._symbol)
        return self._symbol


def round_up(us: int, step_us: int) -> int:
    """The first multiple of a step from `us` on."""
    return us + -us % step_us


# --- After each command ------------------------------------------------------------------------


class EarFeed(Feed):
    """A feed that hears every event of a kind, whatever it is about."""

    kind = 0

    def start(self) -> None:
        super().start()
        self.hub.ears.setdefault(self.kind, {})[self] = None

    def stop(self) -> None:
        super().stop()
        found = self.hub.ears[self.kind]
        del found[self]
        if not found:
            del self.hub.ears[self.kind]

    def hear(self, event: Event) -> None:
        """An event of the kind happened."""


class TradeFeed(SymbolFeed):
    def start(self) -> None:
        self.hub.trades.setdefault(self.key, {})[self] = None

    def stop(self) -> None:
        found = self.hub.trades[self.key]
        del found[self]
        if not found:
            del self.hub.trades[self.key]

    def tell(self, fills: list[Fill]) -> None:
        """The fills of one command."""
        for fill in fills:
            self.channel.publish(
                lambda unit, fill=fill: (  # type: ignore[misc]
                    f'{{"e":"trade","E":{fill.at_us // unit},"s":"{self.name}",'
                    f'"t":{fill.trade_id},"p":{quote_units(fill.price)},'
                    f'"q":{quote_units(fill.qty)},"T":{fill.at_us // unit},'
                    f'"m":{TRUTHS[fill.buyer_is_maker]},"M":true}}'
                )
            )


class AggFeed(TradeFeed):
    def tell(self, fills: list[Fill]) -> None:
        groups: dict[int, list[Fill]] = {}
        for fill in fills:
            groups.setdefault(fill.agg_id, []).append(fill)
        for agg_id, group in groups.items():
            first, last = group[0], group[-1]
            qty = sum(fill.qty for fill in group)
            self.channel.publish(
                lambda unit, a=agg_id, f=first, z=last, q=qty: (  # type: ignore[misc]
                    f'{{"e":"aggTrade","E":{z.at_us // unit},"s":"{self.name}","a":{a},'
                    f'"p":{quote_units(f.price)},"q":{quote_units(q)},"f":{f.trade_id},'
                    f'"l":{z.last_id},"T":{f.at_us // unit},"m":{TRUTHS[f.buyer_is_maker]},'
                    f'"M":true}}'
                )
            )


class BlockFeed(EarFeed, SymbolFeed):
    """Trades agreed on outside the book."""

    kind = BLOCK_TRADE

    def hear(self, event: Event) -> None:
        block = cast("BlockTrade", event)
        if block.symbol.key != self.key:
            return
        self.channel.publish(
            lambda unit: (
                f'{{"e":"blockTrade","E":{block.at_us // unit},"s":"{self.name}",'
                f'"t":{block.block_id},"p":{quote_short(block.price)},'
                f'"q":{quote_short(block.qty)},"T":{block.at_us // unit},'
                f'"m":{TRUTHS[block.buyer_is_maker]}}}'
            )
        )


class BestFeed(SymbolFeed):
    """bookTicker: the best bid and ask whenever one of them changes."""

    def __init__(self, hub: Hub, channel: Channel, name: str) -> None:
        super().__init__(hub, channel, name)
        self.book = self.symbol.book
        self.best: tuple[int, int, int, int] = best_of(self.symbol)

    def start(self) -> None:
        self.attach()

    def attach(self) -> None:
        """Have the book say when it changed; it may be another object than before."""
        self.stop()
        self.book = self.symbol.book
        self.hub.bests.setdefault(self.book, {})[self] = None
        self.book.stirred = self.hub.stirred

    def stop(self) -> None:
        found = self.hub.bests.get(self.book, {})
        found.pop(self, None)
        if not found:
            self.hub.bests.pop(self.book, None)
            self.book.stirred = None

    def look(self) -> None:
        """A command changed the book."""
        best = best_of(self.symbol)
        if best != self.best:
            self.best = best
            self.tell()

    def tell(self) -> None:
        """Say what is the best now."""
        best = self.best
        text = (
            f'{{"u":{self.book.update_id},"s":"{self.name}","b":{quote_units(best[0])},'
            f'"B":{quote_units(best[1])},"a":{quote_units(best[2])},"A":{quote_units(best[3])}}}'
        )
        self.channel.publish(lambda unit: text, newest_only=True)


def best_of(symbol: Symbol) -> tuple[int, int, int, int]:
    bid, ask = symbol.book.bids.top(), symbol.book.asks.top()
    return (
        bid.price if bid else 0, bid.qty if bid else 0, ask.price if ask else 0,
        ask.qty if ask else 0,
    )  # fmt: skip


# --- Depth -------------------------------------------------------------------------------------


class BookWatch:
    """Which levels of one book changed, for all diff feeds of that symbol."""

    def __init__(self, symbol: Symbol) -> None:
        self.feeds: dict[DiffFeed, None] = {}
        self.book = symbol.book
        self.book.touched = {}

    def attach(self) -> None:
        """The book is another object; what changed in the old one is not forgotten."""
        self.collect()
        self.book = next(iter(self.feeds)).symbol.book
        self.book.touched = {}

    def detach(self) -> None:
        self.book.touched = None

    def collect(self) -> None:
        """Hand on what changed since the last look."""
        book = self.book
        if book.touched:
            for feed in self.feeds:
                feed.pending.update(book.touched)
            book.touched = {}


class DiffFeed(SymbolFeed):
    """Diff. depth: every level that changed since the last event. U is the last u + 1."""

    def __init__(self, hub: Hub, channel: Channel, name: str, period_us: int) -> None:
        super().__init__(hub, channel, name)
        self.period_us = period_us
        self.pending: dict[int, None] = {}
        self.last_id = self.symbol.book.update_id

    def start(self) -> None:
        watch = self.hub.books.get(self.key)
        if watch is None:
            watch = self.hub.books[self.key] = BookWatch(self.symbol)
        watch.collect()
        watch.feeds[self] = None
        super().start()

    def stop(self) -> None:
        super().stop()
        watch = self.hub.books[self.key]
        del watch.feeds[self]
        if not watch.feeds:
            del self.hub.books[self.key]
            watch.detach()

    def beat(self, at_us: int) -> None:
        book = self.symbol.book
        if book.update_id == self.last_id:
            return
        self.hub.books[self.key].collect()
        bids = sorted((key for key in self.pending if key > 0), reverse=True)
        asks = sorted(-key for key in self.pending if key < 0)
        self.pending = {}
        qty_of_bid, qty_of_ask = book.bids.qty_at, book.asks.qty_at
        self.tell(
            at_us, (self.last_id, book.update_id),
            self.levels([(price, qty_of_bid(price)) for price in bids]),
            self.levels([(price, qty_of_ask(price)) for price in asks]),
        )  # fmt: skip
        self.last_id = book.update_id

    def levels(self, rows: Levels) -> str:
        """Prices and quantities as JSON."""
        return levels(rows)

    def tell(self, at_us: int, ids: tuple[int, int], bids: str, asks: str) -> None:
        """Say what changed. ids: the book's when it was told of last, and now."""
        self.channel.publish(
            lambda unit: (
                f'{{"e":"depthUpdate","E":{at_us // unit},"s":"{self.name}","U":{ids[0] + 1},'
                f'"u":{ids[1]},"b":{bids},"a":{asks}}}'
            )
        )


def levels(rows: Levels) -> str:
    """Prices and quantities, in units, as JSON with eight places."""
    return f"[{','.join(f'[{quote_units(price)},{quote_units(qty)}]' for price, qty in rows)}]"


class PartialFeed(SymbolFeed):
    """The best levels of both sides, when any of the book changed."""

    def __init__(self, hub: Hub, channel: Channel, name: str, shape: tuple[int, int]) -> None:
        super().__init__(hub, channel, name)
        self.most, self.period_us = shape
        self.last_id = -1

    def greet(self) -> None:
        self.last_id = -1

    def beat(self, at_us: int) -> None:
        book = self.symbol.book
        if book.update_id == self.last_id:
            return
        self.last_id = book.update_id
        self.tell(at_us, book.bids.depth(self.most), book.asks.depth(self.most))

    def tell(self, at_us: int, bids: Levels, asks: Levels) -> None:
        """Say what stands in the book."""
        text = f'{{"lastUpdateId":{self.last_id},"bids":{levels(bids)},"asks":{levels(asks)}}}'
        self.channel.publish(lambda unit: text, newest_only=True)
