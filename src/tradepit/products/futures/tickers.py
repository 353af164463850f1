"""Tickers of contracts: prices, best quotes, and what 24 hours held.

Source: the market-data pages of both futures documents. A COIN-M answer is always a list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, UnsetType

from tradepit.catalog.fields import Long, Percent, Time
from tradepit.catalog.futures_fields import Shown
from tradepit.catalog.language import USDM as USDM_API
from tradepit.catalog.language import Reply, operation
from tradepit.core.bars import DAY_US
from tradepit.core.contracts import COINM, USDM, Contract
from tradepit.core.records import Who
from tradepit.core.statistics import Held, percent_of, top, window
from tradepit.core.units import div_floor
from tradepit.products.futures import shown
from tradepit.products.futures.market_data import quote_shown
from tradepit.products.futures.selectors import (
    MaybeContract,
    SymbolOrPair,
    by_symbol_or_pair,
    chosen,
)
from tradepit.products.futures.venues import on

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.history import History


def one_or_all(one: int, several: int) -> dict[str, Any]:
    """The facts of a weight: `one` for a symbol, `several` for more."""
    return {
        "weight": lambda ask: several if ask.symbol is None else one,
        "least_weight": one,
        "weight_words": f"symbol {one}; nothing {several}",
    }


class PriceTicker(Reply):
    symbol: str
    price: Shown
    time: Time


class CoinPriceTicker(Reply):
    symbol: str
    ps: str
    price: Shown
    time: Time


def _price(contract: Contract) -> PriceTicker:
    return PriceTicker(
        symbol=contract.name, price=shown.price(contract, contract.last_price),
        time=max(contract.tape.last_us, 0),
    )  # fmt: skip


@on(
    USDM, "GET /{}/v1/ticker/price", ws="ticker.price",
    doc="{}/market-data#symbol-price-ticker", **one_or_all(1, 2),
)  # fmt: skip
def ticker_price(
    pit: Exchange, history: History, who: Who, ask: MaybeContract
) -> PriceTicker | list[PriceTicker]:
    """Symbol price ticker."""
    rows = [_price(contract) for contract in chosen(pit, ask.symbol, USDM)]
    return rows if ask.symbol is None else rows[0]


on(
    USDM, "GET /{}/v2/ticker/price", doc="{}/market-data#symbol-price-ticker-v2",
    **one_or_all(1, 2),
)(ticker_price)  # fmt: skip


@on(
    COINM, "GET /{}/v1/ticker/price", doc="{}/market-data#symbol-price-ticker", **one_or_all(1, 2)
)  # fmt: skip
def coin_ticker_price(
    pit: Exchange, history: History, who: Who, ask: SymbolOrPair
) -> list[CoinPriceTicker]:
    """Symbol price ticker."""
    return [
        CoinPriceTicker(
            symbol=contract.name, ps=contract.pair,
            price=shown.price(contract, contract.last_price), time=max(contract.tape.last_us, 0),
        )
        for contract in by_symbol_or_pair(pit, ask)
    ]  # fmt: skip


class BookTicker(Reply):
    symbol: str
    bid_price: Shown
    bid_qty: Shown
    ask_price: Shown
    ask_qty: Shown
    time: Time


class WsBookTicker(Reply):
    last_update_id: Long
    symbol: str
    bid_price: Shown
    bid_qty: Shown
    ask_price: Shown
    ask_qty: Shown
    time: Time


class CoinBookTicker(Reply):
    last_update_id: Long
    symbol: str
    pair: str
    bid_price: Shown
    bid_qty: Shown
    ask_price: Shown
    ask_qty: Shown
    time: Time


def _best(pit: Exchange, contract: Contract) -> dict[str, Any]:
    bid, ask = top(contract.book.bids), top(contract.book.asks)
    return {
        "symbol": contract.name,
        "bid_price": shown.price(contract, bid[0]),
        "bid_qty": shown.qty(contract, bid[1]),
        "ask_price": shown.price(contract, ask[0]),
        "ask_qty": shown.qty(contract, ask[1]),
        "time": max(contract.tape.last_us, pit.at_us),
    }


@on(
    USDM, "GET /{}/v1/ticker/bookTicker", doc="{}/market-data#symbol-order-book-ticker",
    **one_or_all(2, 5),
)  # fmt: skip
def ticker_book(
    pit: Exchange, history: History, who: Who, ask: MaybeContract
) -> BookTicker | list[BookTicker]:
    """Symbol order book ticker."""
    rows = [BookTicker(**_best(pit, contract)) for contract in chosen(pit, ask.symbol, USDM)]
    return rows if ask.symbol is None else rows[0]


@operation(
    "usdm.ticker.book", ws="ticker.book", venues=(USDM_API,),
    doc="usdm/market-data#symbol-order-book-ticker", **one_or_all(2, 5),
)  # fmt: skip
def ws_ticker_book(
    pit: Exchange, history: History, who: Who, ask: MaybeContract
) -> WsBookTicker | list[WsBookTicker]:
    """Symbol order book ticker: over the WebSocket API with the book's last change."""
    rows = [
        WsBookTicker(last_update_id=contract.book.update_id, **_best(pit, contract))
        for contract in chosen(pit, ask.symbol, USDM)
    ]
    return rows if ask.symbol is None else rows[0]


@on(
    COINM, "GET /{}/v1/ticker/bookTicker", doc="{}/market-data#symbol-order-book-ticker",
    **one_or_all(2, 5),
)  # fmt: skip
def coin_ticker_book(
    pit: Exchange, history: History, who: Who, ask: SymbolOrPair
) -> list[CoinBookTicker]:
    """Symbol order book ticker."""
    return [
        CoinBookTicker(
            last_update_id=contract.book.update_id, pair=contract.pair, **_best(pit, contract)
        )
        for contract in by_symbol_or_pair(pit, ask)
    ]


class DayTicker(Reply):
    """24 hours. A ticker of contracts has no best quotes and no close before; clients tell spot
    tickers by these."""

    symbol: str
    pair: str | UnsetType
    price_change: Shown
    price_change_percent: Percent
    weighted_avg_price: Shown
    last_price: Shown
    last_qty: Shown
    open_price: Shown
    high_price: Shown
    low_price: Shown
    volume: Shown
    quote_volume: Shown | UnsetType
    base_volume: Shown | UnsetType
    open_time: Time
    close_time: Time
    first_id: Long
    last_id: Long
    count: Long


def weighted(contract: Contract, qty: int, quote: int) -> int:
    """The average price (units) of quantities that came to `quote` quote assets, or coins."""
    if contract.inverse:
        return div_floor(qty * contract.size, quote) if quote else 0
    return div_floor(quote, qty) if qty else 0


def day_of(contract: Contract, held: Held, span_us: tuple[int, int], last_qty: int) -> DayTicker:
    """The ticker of a window. last_qty: of its last trade."""
    bar, inverse = held.bar, contract.inverse
    traded = 1 if bar.count else 0
    change = (bar.close - bar.open) * traded
    quote = quote_shown(contract, bar.quote)
    return DayTicker(
        symbol=contract.name,
        pair=contract.pair if inverse else UNSET,
        price_change=shown.price(contract, change),
        price_change_percent=percent_of(change, bar.open * traded),
        weighted_avg_price=shown.price(contract, weighted(contract, bar.base, bar.quote)),
        last_price=shown.price(contract, bar.close * traded),
        last_qty=shown.qty(contract, last_qty * traded),
        open_price=shown.price(contract, bar.open * traded),
        high_price=shown.price(contract, bar.high * traded),
        low_price=shown.price(contract, bar.low * traded),
        volume=shown.qty(contract, bar.base),
        quote_volume=UNSET if inverse else quote,
        base_volume=quote if inverse else UNSET,
        open_time=span_us[0],
        close_time=span_us[1],
        first_id=bar.first_id,
        last_id=bar.last_id,
        count=bar.count,
    )


def _days(
    history: History, contracts: list[Contract]
) -> list[DayTicker] | Callable[[], list[DayTicker]]:
    now_us = history.now_us()
    span_us = (now_us - DAY_US, now_us)
    parts = [(each, each.tape.last_qty, window(each, history, span_us[0])) for each in contracts]

    def answer() -> list[DayTicker]:
        return [
            day_of(contract, held() if callable(held) else held, span_us, last_qty)
            for contract, last_qty, held in parts
        ]

    return answer if any(callable(held) for _, _, held in parts) else answer()


@on(
    USDM, "GET /{}/v1/ticker/24hr", doc="{}/market-data#24hr-ticker-price-change-statistics",
    **one_or_all(1, 40),
)  # fmt: skip
def ticker_24hr(
    pit: Exchange, history: History, who: Who, ask: MaybeContract
) -> DayTicker | list[DayTicker] | Callable[[], DayTicker | list[DayTicker]]:
    """24hr ticker price change statistics."""
    found = _days(history, chosen(pit, ask.symbol, USDM))
    if ask.symbol is None:
        return found
    return (lambda: found()[0]) if callable(found) else found[0]


@on(
    COINM, "GET /{}/v1/ticker/24hr", doc="{}/market-data#24hr-ticker-price-change-statistics",
    **one_or_all(1, 40),
)  # fmt: skip
def coin_ticker_24hr(
    pit: Exchange, history: History, who: Who, ask: SymbolOrPair
) -> list[DayTicker] | Callable[[], list[DayTicker]]:
    """24hr ticker price change statistics."""
    return _days(history, by_symbol_or_pair(pit, ask))
