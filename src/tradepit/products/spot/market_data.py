"""Market data of one symbol: its book, its trades, its average and reference price.

Source: rest-api.md#market-data-endpoints.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from msgspec import UNSET, UnsetType

from tradepit.catalog.fields import (
    Amount,
    Between,
    Bool,
    Int,
    Long,
    Price,
    Qty,
    ShortText,
    SymbolName,
    Time,
)
from tradepit.catalog.language import DATABASE, Ask, Reply, operation
from tradepit.core.lookback import Span, aggs, trades
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.statistics import capped
from tradepit.core.tape import Agg, Trade
from tradepit.products.spot.selectors import (
    Limit,
    OneSymbol,
    OneSymbolStatus,
    WithStatus,
    listed,
    one,
)

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.history import History

AVERAGE_MINS = 5


class DepthAsk(Ask):
    symbol: SymbolName
    limit: Annotated[Int, Between(1, 5000, clip=True)] = 100
    symbol_status: WithStatus | None = None


class Depth(Reply):
    last_update_id: Long
    bids: list[tuple[Price, Qty]]
    asks: list[tuple[Price, Qty]]


def depth_weight(ask: DepthAsk) -> int:
    """5 up to 100 levels, 25 up to 500, 50 up to 1000, 250 beyond."""
    for most, weight in ((100, 5), (500, 25), (1000, 50)):
        if ask.limit <= most:
            return weight
    return 250


@operation(
    "GET /api/v3/depth", ws="depth", weight=depth_weight, least_weight=5,
    weight_words="by limit: 1-100 5; 101-500 25; 501-1000 50; 1001-5000 250",
    doc="rest-api.md#order-book", aliases=("GET /api/v1/depth",),
)  # fmt: skip
def depth(pit: Exchange, history: History, who: Who, ask: DepthAsk) -> Depth:
    """Order book."""
    book = one(pit, ask.symbol, ask.symbol_status).book
    return Depth(
        last_update_id=book.update_id,
        bids=capped(book.bids.depth(ask.limit)),
        asks=capped(book.asks.depth(ask.limit)),
    )


class TradeRow(Reply):
    id: Long
    price: Price
    qty: Qty
    quote_qty: Amount
    time: Time
    is_buyer_maker: Bool
    is_best_match: Bool


class TradesAsk(Ask):
    symbol: SymbolName
    limit: Limit = 500


def trade_rows(trades: list[Trade]) -> list[TradeRow]:
    """Trades of the tape as replies show them."""
    return [
        TradeRow(
            id=trade_id, price=price, qty=qty, quote_qty=quote, time=at_us,
            is_buyer_maker=buyer_is_maker, is_best_match=True,
        )
        for trade_id, price, qty, quote, at_us, buyer_is_maker in trades
    ]  # fmt: skip


@operation(
    "GET /api/v3/trades", ws="trades.recent", weight=25,
    doc="rest-api.md#recent-trades-list", aliases=("GET /api/v1/trades",),
)  # fmt: skip
def recent_trades(pit: Exchange, history: History, who: Who, ask: TradesAsk) -> list[TradeRow]:
    """Recent trades list."""
    return trade_rows(listed(pit, ask.symbol).tape.recent_trades(ask.limit))


class OldTradesAsk(Ask):
    symbol: SymbolName
    limit: Limit = 500
    from_id: Long | None = None


@operation(
    "GET /api/v3/historicalTrades", ws="trades.historical", weight=25, source=DATABASE,
    doc="rest-api.md#old-trade-lookup", aliases=("GET /api/v1/historicalTrades",),
)  # fmt: skip
def old_trades(
    pit: Exchange, history: History, who: Who, ask: OldTradesAsk
) -> list[TradeRow] | Callable[[], list[TradeRow]]:
    """Old trade lookup."""
    symbol = listed(pit, ask.symbol)
    found = trades(symbol, history, ask.from_id, ask.limit)
    return (lambda: trade_rows(found())) if callable(found) else trade_rows(found)


class BlockTradesAsk(Ask):
    symbol: SymbolName
    from_id: Long
    limit: Limit = 500


class BlockTrade(Reply):
    id: Long
    price: ShortText
    qty: ShortText
    quote_qty: ShortText
    time: Time
    is_buyer_maker: Bool


@operation(
    "GET /api/v3/historicalBlockTrades", ws="blockTrades.historical", weight=25,
    source=DATABASE, doc="rest-api.md#historical-block-trades", since="2026-05-08",
)  # fmt: skip
def block_trades(
    pit: Exchange, history: History, who: Who, ask: BlockTradesAsk
) -> Callable[[], list[BlockTrade]]:
    """Historical block trades."""
    name = listed(pit, ask.symbol).name
    return lambda: [
        BlockTrade(
            id=block_id, price=price, qty=qty, quote_qty=quote, time=at_us, is_buyer_maker=buyer
        )
        for block_id, price, qty, quote, at_us, buyer in history.blocks(
            name, from_id=ask.from_id, limit=ask.limit
        )
    ]


class AggRow(Reply, rename=None):
    a: Long
    p: Price
    q: Qty
    f: Long
    l: Long  # noqa: E741
    T: Time
    m: Bool
    M: Bool


class AggTradesAsk(Ask):
    symbol: SymbolName
    from_id: Long | None = None
    start_time: Time | None = None
    end_time: Time | None = None
    limit: Limit = 500


def agg_rows(aggs: list[Agg]) -> list[AggRow]:
    """Aggregate trades of the tape as replies show them."""
    return [
        AggRow(a=agg_id, p=price, q=qty, f=first, l=last, T=at_us, m=buyer_is_maker, M=True)
        for agg_id, price, qty, first, last, at_us, buyer_is_maker in aggs
    ]


@operation(
    "GET /api/v3/aggTrades", ws="trades.aggregate", weight=4, source=DATABASE,
    doc="rest-api.md#compressedaggregate-trades-list", aliases=("GET /api/v1/aggTrades",),
)  # fmt: skip
def agg_trades(
    pit: Exchange, history: History, who: Who, ask: AggTradesAsk
) -> list[AggRow] | Callable[[], list[AggRow]]:
    """Compressed, aggregate trades list."""
    symbol = listed(pit, ask.symbol)
    if ask.from_id is not None and (ask.start_time is not None or ask.end_time is not None):
        raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
    span = Span(ask.from_id, ask.start_time, ask.end_time, ask.limit)
    found = aggs(symbol, history, span)
    return (lambda: agg_rows(found())) if callable(found) else agg_rows(found)


class AveragePrice(Reply):
    mins: Int
    price: Price
    close_time: Time


@operation("GET /api/v3/avgPrice", ws="avgPrice", weight=2, doc="rest-api.md#current-average-price")
def average_price(pit: Exchange, history: History, who: Who, ask: OneSymbol) -> AveragePrice:
    """Current average price."""
    tape = listed(pit, ask.symbol).tape
    price = tape.average(history.now_us(), AVERAGE_MINS)
    return AveragePrice(mins=AVERAGE_MINS, price=price, close_time=max(0, tape.last_us))


class ReferencePrice(Reply):
    symbol: str
    reference_price: Price | None
    timestamp: Time


@operation(
    "GET /api/v3/referencePrice", ws="referencePrice", weight=2,
    doc="rest-api.md#query-reference-price", since="2026-03-09",
)  # fmt: skip
def reference_price(pit: Exchange, history: History, who: Who, ask: OneSymbol) -> ReferencePrice:
    """Query reference price."""
    symbol = listed(pit, ask.symbol)
    reference = symbol.tape.reference
    now_us = history.now_us()
    if symbol.external_id >= 0:
        since_us = symbol.external_us
        now_us = symbol.external_us
    else:
        since_us = -1 if reference is None else reference.traded_us
    if since_us < 0:
        raise Reject("NO_REFERENCE_PRICE")
    price = symbol.reference_price(now_us)
    return ReferencePrice(symbol=symbol.name, reference_price=price or None, timestamp=now_us)


class ReferenceCalculation(Reply):
    symbol: str
    calculation_type: str
    bucket_count: Int | UnsetType = UNSET
    bucket_width_ms: Int | UnsetType = UNSET
    external_calculation_id: Int | UnsetType = UNSET


@operation(
    "GET /api/v3/referencePrice/calculation", ws="referencePrice.calculation", weight=2,
    doc="rest-api.md#query-reference-price-calculation", since="2026-03-09",
)  # fmt: skip
def reference_calculation(
    pit: Exchange, history: History, who: Who, ask: OneSymbolStatus
) -> ReferenceCalculation:
    """Query reference price calculation."""
    symbol = one(pit, ask.symbol, ask.symbol_status)
    if symbol.external_id >= 0:
        return ReferenceCalculation(
            symbol=symbol.name,
            calculation_type="EXTERNAL",
            external_calculation_id=symbol.external_id,
        )
    if not symbol.bucket_count:
        raise Reject("NO_REFERENCE_PRICE")
    return ReferenceCalculation(
        symbol=symbol.name,
        calculation_type="ARITHMETIC_MEAN",
        bucket_count=symbol.bucket_count,
        bucket_width_ms=symbol.bucket_width_ms,
    )
