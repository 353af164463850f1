"""What the name of a futures stream means. Source: the pages on market streams of both futures
documents; documented.

A venue's sockets hear its own contracts; klines, mark and index prices of the other venue's, too,
as they do since the venues merged. Behind `/public` and `/market` only the streams of that group
are heard, as observed. Of what is not listed here (a composite index, a contract on equities or
commodities, which `tradingSession` is about) nothing is ever said.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tradepit.catalog.language import COINM, USDM
from tradepit.core.bars import INTERVALS
from tradepit.core.contracts import VENUES, Contract
from tradepit.core.marked import INDEX, MARK
from tradepit.core.terms import BREAK
from tradepit.gateways.feeds import FAST_US, SLOW_US, Feed
from tradepit.gateways.futures_feeds import (
    AllBestsFeed,
    ContractFeed,
    ForceFeed,
    FuturesAggFeed,
    FuturesBestFeed,
    FuturesDiffFeed,
    FuturesPartialFeed,
    FuturesTradeFeed,
    SlowBestsFeed,
)
from tradepit.gateways.futures_folds import (
    FOLD_US,
    ContinuousFeed,
    CourseFeed,
    DayFeed,
    FuturesKlineFeed,
    RowsFeed,
    asset_rows,
    day_line,
    index_rows,
    mark_rows,
    mini_line,
    of_kind,
)
from tradepit.products.futures.selectors import contracts_of

if TYPE_CHECKING:
    from tradepit.gateways.hub import Channel, Hub

HALF_US: Final = 500_000
MARKS_US: Final = 3 * SLOW_US
TICKER_US: Final = {USDM: 2 * SLOW_US, COINM: HALF_US}
SPEEDS: Final = {
    None: FOLD_US, "0ms": FAST_US, "100ms": FAST_US, "250ms": FOLD_US, "500ms": HALF_US,
}  # fmt: skip

_DEPTH = re.compile(r"depth(5|10|20)?(?:@(0ms|100ms|250ms|500ms))?")
_KLINE = re.compile(r"(kline|continuousKline|markPriceKline|indexPriceKline)_([0-9]{1,2}[smhdwM])")
_PRICE = re.compile(r"(markPrice|indexPrice)(@1s)?")
_MARKS = re.compile(r"!markPrice@arr(@1s)?")
_PUBLIC = re.compile(r"[^@]*@(?:(?:depth|rpiDepth|bookTicker).*)|!bookTicker|[^@]*@trade")
_BOTH = re.compile(r"[^@]*@trade")

Maker = Callable[["Hub", "Channel", Contract], Feed]


def is_of_group(stream: str, group: str) -> bool:
    """Whether a market stream is heard behind `/public`, `/market` or `/private`; "": any is.

    Single trades, which no document puts in a group, are heard in both public ones.
    """
    if not group:
        return True
    if group == "private":
        return False
    public = _PUBLIC.fullmatch(stream) is not None
    return public if group == "public" else not public or _BOTH.fullmatch(stream) is not None


def make_futures_feed(hub: Hub, channel: Channel) -> Feed | None:
    """The feed of a stream name; None for a name that nothing is ever said on."""
    name = channel.stream
    if name.startswith("!"):
        return _of_all(hub, channel)
    low, _, what = name.partition("@")
    if low != low.lower():
        return None
    kline = _KLINE.fullmatch(what)
    if kline is not None:
        return _kline(hub, channel, low.upper(), (kline[1], kline[2]))
    price = _PRICE.fullmatch(what)
    if price is not None:
        return _price(hub, channel, low.upper(), (price[1], SLOW_US if price[2] else MARKS_US))
    if what == "assetIndex" and channel.product == USDM:
        return RowsFeed(hub, channel, asset_rows(hub, low.upper()), (SLOW_US, True))
    contract = hub.pit.contracts.get(low.upper())
    if contract is None or VENUES[contract.venue] != channel.product:
        return None
    return _of_contract(hub, channel, contract, what)


def _of_contract(hub: Hub, channel: Channel, contract: Contract, what: str) -> Feed | None:
    depth = _DEPTH.fullmatch(what)
    if depth is not None:
        period_us = SPEEDS[depth[2]]
        if depth[1] is None:
            return FuturesDiffFeed(hub, channel, contract.name, period_us)
        return FuturesPartialFeed(hub, channel, contract.name, (int(depth[1]), period_us))
    if what == "rpiDepth@500ms" and channel.product == USDM:
        return FuturesDiffFeed(hub, channel, contract.name, HALF_US, marked=True)
    made = _PLAIN.get(what)
    return made(hub, channel, contract) if made is not None else None


def _one(hub: Hub, contract: Contract) -> Callable[[], list[Contract]]:
    """A contract as it is now; none once it was delivered."""

    def pick() -> list[Contract]:
        found = hub.pit.contracts.get(contract.name)
        return [] if found is None or found.status == BREAK else [found]

    return pick


def _ticker(line: Callable[..., str]) -> Maker:
    return lambda hub, channel, contract: DayFeed(
        hub, channel, _one(hub, contract), line, TICKER_US[channel.product]
    )


_PLAIN: Final[dict[str, Maker]] = {
    "aggTrade": lambda hub, channel, contract: FuturesAggFeed(hub, channel, contract.name),
    "trade": lambda hub, channel, contract: FuturesTradeFeed(hub, channel, contract.name),
    "bookTicker": lambda hub, channel, contract: FuturesBestFeed(hub, channel, contract.name),
    "forceOrder": lambda hub, channel, contract: ForceFeed(
        hub, channel, contract.venue, contract.name
    ),
    "miniTicker": _ticker(mini_line),
    "ticker": _ticker(day_line),
}


def _kline(hub: Hub, channel: Channel, name: str, what: tuple[str, str]) -> Feed | None:
    kind, interval = what
    contract = hub.pit.contracts.get(name)
    if interval not in INTERVALS:
        return None
    if interval == "1s" and (kind != "continuousKline" or channel.product != USDM):
        return None
    if kind == "kline":
        return FuturesKlineFeed(hub, channel, name, interval) if contract else None
    if kind == "continuousKline":
        pair, _, contract_type = name.partition("_")
        found = of_kind(hub, pair, contract_type)
        return ContinuousFeed(hub, channel, found[0].name, interval) if found else None
    if kind == "indexPriceKline":
        found = [each for each in hub.pit.contracts.values() if each.pair == name]
        contract = found[0] if found else None
    if contract is None:
        return None
    shape = (MARK if kind == "markPriceKline" else INDEX, interval)
    return CourseFeed(hub, channel, contract, shape)


def _coinm(hub: Hub) -> list[Contract]:
    return contracts_of(hub.pit, VENUES.index(COINM))


def _price(hub: Hub, channel: Channel, name: str, what: tuple[str, int]) -> Feed | None:
    """markPrice of a symbol, or of all symbols of a COIN-M pair; indexPrice of a COIN-M pair."""
    kind, period_us = what
    contract = hub.pit.contracts.get(name)
    if contract is not None and kind == "markPrice":
        return RowsFeed(hub, channel, mark_rows(hub, _one(hub, contract)), (period_us, True))

    def of_pair() -> list[Contract]:
        return [each for each in _coinm(hub) if each.pair == name]

    if not of_pair():
        return None
    if kind == "markPrice":
        return RowsFeed(hub, channel, mark_rows(hub, of_pair), (period_us, False))
    return RowsFeed(hub, channel, index_rows(hub, of_pair), (period_us, True))


def _of_all(hub: Hub, channel: Channel) -> Feed | None:
    name, usdm = channel.stream, channel.product == USDM
    venue = VENUES.index(channel.product)

    def every() -> list[Contract]:
        return contracts_of(hub.pit, venue)

    marks = _MARKS.fullmatch(name)
    if marks is not None:
        period_us = SLOW_US if marks[1] else MARKS_US
        return RowsFeed(hub, channel, mark_rows(hub, every), (period_us, False))
    if name == "!bookTicker":
        return (SlowBestsFeed if usdm else AllBestsFeed)(hub, channel, venue)
    if name == "!assetIndex@arr" and usdm:
        return RowsFeed(hub, channel, asset_rows(hub), (SLOW_US, False))
    makers: dict[str, Callable[[], Feed]] = {
        "!miniTicker@arr": lambda: DayFeed(hub, channel, every, mini_line),
        "!ticker@arr": lambda: DayFeed(hub, channel, every, day_line),
        "!forceOrder@arr": lambda: ForceFeed(hub, channel, venue),
        "!contractInfo": lambda: ContractFeed(hub, channel, venue),
    }
    made = makers.get(name)
    return None if made is None else made()
