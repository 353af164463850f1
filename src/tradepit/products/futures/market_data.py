"""Market data of one contract: its book and its trades.

Source: the market-data pages of both futures documents; the September-2024 form of the replies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from msgspec import UNSET, UnsetType

from tradepit.catalog.fields import Int, Long, SymbolName, Time
from tradepit.catalog.futures_fields import Shown
from tradepit.catalog.language import DATABASE, MARKET_DATA, Ask, Reply
from tradepit.core.contracts import USDM, Contract
from tradepit.core.lookback import Span, aggs, trades
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.statistics import capped
from tradepit.core.tape import Agg, Trade
from tradepit.products.futures import shown
from tradepit.products.futures.selectors import Limit
from tradepit.products.futures.venues import on, on_both

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.history import History

DEPTH_WEIGHTS: Final = {5: 2, 10: 2, 20: 2, 50: 2, 100: 5, 500: 10, 1000: 20}
DEPTH_WORDS: Final = "by limit: 5, 10, 20, 50 2; 100 5; 500 10; 1000 20"


class DepthAsk(Ask):
    symbol: SymbolName
    limit: Int = 500


class RpiDepthAsk(Ask):
    symbol: SymbolName
    limit: Int = 1000


class Depth(Reply, rename=None):
    """E: when the answer was made; T: when the book changed last."""

    lastUpdateId: Long
    symbol: str | UnsetType
    pair: str | UnsetType
    E: Time
    T: Time
    bids: list[tuple[Shown, Shown]]
    asks: list[tuple[Shown, Shown]]


def depth_weight(ask: DepthAsk) -> int:
    """2 up to 50 levels, 5 for 100, 10 for 500, 20 for 1000."""
    return DEPTH_WEIGHTS.get(ask.limit, 2)


def _levels(contract: Contract, rows: list[tuple[int, int]]) -> list[tuple[Shown, Shown]]:
    return [(shown.price(contract, price), shown.qty(contract, qty)) for price, qty in capped(rows)]


def _depth(pit: Exchange, history: History, contract: Contract, limit: int) -> Depth:
    if limit not in DEPTH_WEIGHTS:
        raise Reject("INVALID_DEPTH_LIMIT", limit)
    book, inverse = contract.book, contract.inverse
    return Depth(
        lastUpdateId=book.update_id,
        symbol=contract.name if inverse else UNSET,
        pair=contract.pair if inverse else UNSET,
        E=history.now_us(),
        T=max(contract.tape.last_us, pit.at_us),
        bids=_levels(contract, book.bids.depth(limit)),
        asks=_levels(contract, book.asks.depth(limit)),
    )


@on_both(
    "GET /{}/v1/depth", ws="depth", weight=depth_weight, least_weight=2, weight_words=DEPTH_WORDS,
    doc="{}/market-data#order-book", coinm={"ws": ""},
)  # fmt: skip
def depth(pit: Exchange, history: History, who: Who, ask: DepthAsk, venue: int) -> Depth:
    """Order book."""
    return _depth(pit, history, pit.contract(ask.symbol, venue), ask.limit)


@on(
    USDM, "GET /{}/v1/rpiDepth", weight=20, doc="{}/market-data#rpi-order-book",
    since="2025-11-18",
)  # fmt: skip
def rpi_depth(pit: Exchange, history: History, who: Who, ask: RpiDepthAsk) -> Depth:
    """RPI order book: orders for retail price improvement among the others."""
    if ask.limit != 1000:
        raise Reject("INVALID_DEPTH_LIMIT", ask.limit)
    return _depth(pit, history, pit.contract(ask.symbol, USDM), ask.limit)


class TradeRow(Reply):
    id: Long
    price: Shown
    qty: Shown
    quote_qty: Shown | UnsetType
    base_qty: Shown | UnsetType
    time: Time
    is_buyer_maker: bool


class TradesAsk(Ask):
    symbol: SymbolName
    limit: Limit = 500


class OldTradesAsk(Ask):
    symbol: SymbolName
    limit: Limit = 500
    from_id: Long | None = None


def quote_shown(contract: Contract, units: int) -> Shown:
    """What trades came to, as public market data tells it: in places of a price, coins in eight."""
    return units, 8 if contract.inverse else contract.price_places


def sum_shown(contract: Contract, units: int) -> Shown:
    """The same of a kline, in places enough for every trade of it, so that klines add up."""
    return units, 8 if contract.inverse else min(contract.price_places + contract.qty_places, 8)


def _trade_rows(contract: Contract, rows: list[Trade]) -> list[TradeRow]:
    inverse = contract.inverse
    return [
        TradeRow(
            id=trade_id,
            price=shown.price(contract, price),
            qty=shown.qty(contract, qty),
            quote_qty=UNSET if inverse else quote_shown(contract, quote),
            base_qty=quote_shown(contract, quote) if inverse else UNSET,
            time=at_us,
            is_buyer_maker=buyer_is_maker,
        )
        for trade_id, price, qty, quote, at_us, buyer_is_maker in rows
    ]


@on_both("GET /{}/v1/trades", weight=5, doc="{}/market-data#recent-trades-list")
def recent_trades(
    pit: Exchange, history: History, who: Who, ask: TradesAsk, venue: int
) -> list[TradeRow]:
    """Recent trades list."""
    contract = pit.contract(ask.symbol, venue)
    return _trade_rows(contract, contract.tape.recent_trades(ask.limit))


@on_both(
    "GET /{}/v1/historicalTrades", security=MARKET_DATA, weight=200, source=DATABASE,
    doc="{}/market-data#old-trades-lookup",
)  # fmt: skip
def old_trades(
    pit: Exchange, history: History, who: Who, ask: OldTradesAsk, venue: int
) -> list[TradeRow] | Callable[[], list[TradeRow]]:
    """Old trades lookup."""
    contract = pit.contract(ask.symbol, venue)
    found = trades(contract, history, ask.from_id, ask.limit)
    if callable(found):
        return lambda: _trade_rows(contract, found())
    return _trade_rows(contract, found)


class AggRow(Reply, rename=None):
    a: Long
    p: Shown
    q: Shown
    f: Long
    l: Long  # noqa: E741
    T: Time
    m: bool


class AggTradesAsk(Ask):
    symbol: SymbolName
    from_id: Long | None = None
    start_time: Time | None = None
    end_time: Time | None = None
    limit: Limit = 500


def _agg_rows(contract: Contract, rows: list[Agg]) -> list[AggRow]:
    return [
        AggRow(
            a=agg_id, p=shown.price(contract, price), q=shown.qty(contract, qty), f=first, l=last,
            T=at_us, m=buyer_is_maker,
        )
        for agg_id, price, qty, first, last, at_us, buyer_is_maker in rows
    ]  # fmt: skip


@on_both(
    "GET /{}/v1/aggTrades", weight=20, source=DATABASE,
    doc="{}/market-data#compressedaggregate-trades-list",
)  # fmt: skip
def agg_trades(
    pit: Exchange, history: History, who: Who, ask: AggTradesAsk, venue: int
) -> list[AggRow] | Callable[[], list[AggRow]]:
    """Compressed, aggregate trades list."""
    contract = pit.contract(ask.symbol, venue)
    if ask.from_id is not None and (ask.start_time is not None or ask.end_time is not None):
        raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
    found = aggs(contract, history, Span(ask.from_id, ask.start_time, ask.end_time, ask.limit))
    if callable(found):
        return lambda: _agg_rows(contract, found())
    return _agg_rows(contract, found)
