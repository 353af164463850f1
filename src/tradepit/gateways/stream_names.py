"""What a market stream's name means. Source: web-socket-streams.md; documented."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tradepit.catalog.language import SPOT
from tradepit.core.bars import DAY_US, HOUR_US, INTERVALS
from tradepit.gateways.feeds import (
    FAST_US,
    SLOW_US,
    AggFeed,
    BestFeed,
    BlockFeed,
    DiffFeed,
    Feed,
    PartialFeed,
    SymbolFeed,
    TradeFeed,
)
from tradepit.gateways.futures_names import make_futures_feed
from tradepit.gateways.timed_feeds import (
    AverageFeed,
    KlineFeed,
    Line,
    ReferenceFeed,
    StatisticsFeed,
    day_line,
    mini_line,
    window_line,
)

if TYPE_CHECKING:
    from tradepit.gateways.hub import Channel, Hub

EAST_8_US: Final = 8 * HOUR_US
WINDOWS: Final = {"1h": HOUR_US, "4h": 4 * HOUR_US, "1d": DAY_US}

_DEPTH = re.compile(r"depth(5|10|20)?(?:@(100ms|1000ms))?")
_KLINE = re.compile(r"kline_([0-9]{1,2}[smhdwM])(@\+08:00)?")
_TICKER = re.compile(r"ticker_(1h|4h|1d)")


def make_feed(hub: Hub, channel: Channel) -> Feed | None:
    """The feed of a stream name; None for a name that nothing is ever said on."""
    if channel.product != SPOT:
        return make_futures_feed(hub, channel)
    name = channel.stream
    if name.startswith("!"):
        return _make_all(hub, channel)
    low, _, what = name.partition("@")
    symbol = low.upper()
    if low != low.lower() or symbol not in hub.pit.symbols:
        return None
    plain: dict[str, type[SymbolFeed]] = {
        "trade": TradeFeed, "aggTrade": AggFeed, "bookTicker": BestFeed, "avgPrice": AverageFeed,
        "referencePrice": ReferenceFeed, "blockTrade": BlockFeed,
    }  # fmt: skip
    if what in plain:
        return plain[what](hub, channel, symbol)
    depth = _DEPTH.fullmatch(what)
    if depth is not None:
        period_us = FAST_US if depth[2] == "100ms" else SLOW_US
        if depth[1] is None:
            return DiffFeed(hub, channel, symbol, period_us)
        return PartialFeed(hub, channel, symbol, (int(depth[1]), period_us))
    kline = _KLINE.fullmatch(what)
    if kline is not None and kline[1] in INTERVALS:
        return KlineFeed(hub, channel, symbol, kline[1], EAST_8_US if kline[2] else 0)
    shape = _shape(what)
    return StatisticsFeed(hub, channel, [symbol], shape, True) if shape else None


def _shape(what: str) -> tuple[int, bool, Line] | None:
    """The statistics stream of this name, "" in front or "!" and "@arr" around it taken off."""
    if what == "miniTicker":
        return DAY_US, False, mini_line
    if what == "ticker":
        return DAY_US, False, day_line
    found = _TICKER.fullmatch(what)
    return (WINDOWS[found[1]], True, window_line(found[1])) if found else None


def _make_all(hub: Hub, channel: Channel) -> Feed | None:
    if not channel.stream.endswith("@arr"):
        return None
    shape = _shape(channel.stream[1 : -len("@arr")])
    return StatisticsFeed(hub, channel, list(hub.pit.symbols), shape, False) if shape else None
