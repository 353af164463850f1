"""The market under its user's hand: where prices are, and how residents act on each symbol.

What is set is a part of the state, as all that changes what residents do must be: see
docs/market.md.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from tradepit.catalog.fields import Amount, Bool, Int, Price, Qty, String, SymbolName
from tradepit.catalog.language import Ask, Reply, operation
from tradepit.control.basics import Console
from tradepit.core.book import BookSide
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.scripts import USUAL_TEMPER, anchor, middle, put, temper
from tradepit.core.symbols import Symbol
from tradepit.core.terms import SYMBOL_STATUSES, TRADING
from tradepit.core.units import MAX_AMOUNT, ONE

PUT_MARKET: Final = "put-market"
ANCHOR_MARKET: Final = "anchor-market"
PART: Final = ONE // 1_000  # multiples are kept in thousandths
# The multiples, and the least and most of each in thousandths.
MULTIPLES: Final = {
    "spread_multiple": (100, 100_000),
    "depth_multiple": (10, 20_000),
    "volatility_multiple": (0, 10_000),
    "activity_multiple": (0, 10_000),
}
NEAR_PARTS: Final = 100  # a hundredth: depth is told within 1 % of the middle


class SetMarket(Ask):
    symbol: SymbolName
    last: Price | None = None
    spread_multiple: Amount | None = None
    depth_multiple: Amount | None = None
    volatility_multiple: Amount | None = None
    activity_multiple: Amount | None = None
    quiet: Bool | None = None


class MarketRow(Reply):
    """A symbol's market. Depth: all that rests within 1 % of the middle, in base units."""

    symbol: String
    status: String
    last: Price
    bid: Price
    ask: Price
    spread: Price
    bid_depth: Qty
    ask_depth: Qty
    bid_prices: Int
    ask_prices: Int
    spread_multiple: Amount
    depth_multiple: Amount
    volatility_multiple: Amount
    activity_multiple: Amount
    quiet: bool


class Market(Reply):
    preset: String
    symbols: list[MarketRow]


class AskMarket(Ask):
    symbol: SymbolName | None = None


@operation("GET /_tradepit/v1/market")
def show_market(pit: Exchange, history: Console, who: Who, ask: AskMarket) -> Market:
    """The preset by which residents trade, and each symbol's last price, spread and depth, with
    what was set of how they act on it."""
    symbols = list(pit.symbols.values()) if ask.symbol is None else [pit.symbol(ask.symbol)]
    return Market(
        preset=history.stage.preset(), symbols=[row_of(pit, symbol) for symbol in symbols]
    )


@operation("PUT /_tradepit/v1/market")
def put_market(
    pit: Exchange, history: Console, who: Who, ask: SetMarket
) -> MarketRow | Awaitable[MarketRow]:
    """Put a symbol's price somewhere: it was traded at it just now, and residents quote around it.
    Say how residents act on it: multiples of what their preset does, or not at all (quiet)."""
    _parts(pit, ask)
    return history.stage.put(ask)


@operation(PUT_MARKET)
def set_market(pit: Exchange, who: Who, ask: SetMarket) -> MarketRow:
    """What `PUT market` does to the state; residents follow by commands of their own."""
    symbol, parts = _parts(pit, ask)
    if ask.last is not None:
        put(pit, symbol, ask.last)
    if _names_temper(ask):
        temper(pit, symbol, parts)
    return row_of(pit, symbol)


@operation(ANCHOR_MARKET)
def anchor_market(pit: Exchange, who: Who, ask: SetMarket) -> MarketRow:
    """Say what a symbol is worth, before it is traded at that."""
    symbol, _ = _parts(pit, ask)
    assert ask.last is not None
    anchor(pit, symbol, ask.last)
    return row_of(pit, symbol)


def _names_temper(ask: SetMarket) -> bool:
    return ask.quiet is not None or any(getattr(ask, name) is not None for name in MULTIPLES)


def _parts(pit: Exchange, ask: SetMarket) -> tuple[Symbol, list[int]]:
    """The symbol, and its temper as it is to be. Raises: Reject for what cannot be."""
    symbol = pit.symbol(ask.symbol)
    parts = list(pit.tempers.get(symbol.name, USUAL_TEMPER))[:5]
    for place, (name, (least, most)) in enumerate(MULTIPLES.items()):
        units = getattr(ask, name)
        if units is None:
            continue
        if units % PART or not least <= units // PART <= most:
            raise Reject("INVALID_PARAMETER", _on_wire(name))
        parts[place] = units // PART
    if ask.last is not None:
        _check_price(pit, symbol, ask.last)
    if ask.quiet is not None:
        parts[4] = int(ask.quiet)
    return symbol, parts


def _check_price(pit: Exchange, symbol: Symbol, price: int) -> None:
    tick = symbol.tick_size or 1
    lowest, highest = max(symbol.min_price, tick), symbol.max_price or MAX_AMOUNT
    if not lowest <= price <= highest or price % tick:
        raise Reject("INVALID_PARAMETER", "last")
    if symbol.status != TRADING or symbol.name in pit.replays:
        raise Reject("MARKET_CLOSED")


def _on_wire(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def row_of(pit: Exchange, symbol: Symbol) -> MarketRow:
    """A symbol's market as it is."""
    parts = pit.tempers.get(symbol.name, USUAL_TEMPER)
    bids, asks = symbol.book.bids, symbol.book.asks
    bid, ask, between = bids.best(), asks.best(), middle(symbol)
    return MarketRow(
        symbol=symbol.name,
        status=SYMBOL_STATUSES[symbol.status],
        last=symbol.last_price,
        bid=bid,
        ask=ask,
        spread=ask - bid if between else 0,
        bid_depth=_near(bids, between - between // NEAR_PARTS) if between else 0,
        ask_depth=_near(asks, between + between // NEAR_PARTS) if between else 0,
        bid_prices=len(bids.levels),
        ask_prices=len(asks.levels),
        spread_multiple=parts[0] * PART,
        depth_multiple=parts[1] * PART,
        volatility_multiple=parts[2] * PART,
        activity_multiple=parts[3] * PART,
        quiet=parts[4] == 1,
    )


def _near(side: BookSide, limit: int) -> int:
    """The visible quantity of a side up to a price."""
    levels = side.levels.values()
    return sum(level.qty for level in levels if (level.price - limit) * side.sign >= 0)
