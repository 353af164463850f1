"""Which symbols may be traded on margin.

Source: the margin rows of the contract ("Get All Cross Margin Pairs", "Get All Isolated Margin
Symbol"); what is chosen: docs/decisions/0044-first-calls.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from tradepit.catalog.fields import Bool, Long, String, SymbolName, Time
from tradepit.catalog.language import MARKET_DATA, Ask, Reply, operation
from tradepit.core.records import Who
from tradepit.core.rejects import Reject

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.history import History
    from tradepit.core.symbols import Symbol


class PairsAsk(Ask):
    """Some clients sign these requests although nothing asks them to: it is not looked at."""

    symbol: SymbolName | None = None
    recv_window: Long | None = None
    timestamp: Long | None = None
    signature: String | None = None


class CrossPair(Reply):
    base: str
    id: Long
    is_buy_allowed: Bool
    is_margin_trade: Bool
    is_sell_allowed: Bool
    quote: str
    symbol: str
    delist_time: Time | UnsetType = UNSET  # of pairs that are to leave


class IsolatedPair(Reply):
    base: str
    is_buy_allowed: Bool
    is_margin_trade: Bool
    is_sell_allowed: Bool
    quote: str
    symbol: str


def _on_margin(pit: Exchange, name: str | None) -> list[tuple[int, Symbol]]:
    """(number in the listing, symbol) of those that may be traded on margin.

    Raises: Reject -1121.
    """
    if name is not None and name not in pit.symbols:
        raise Reject("INVALID_SYMBOL")
    return [
        (number, symbol)
        for number, symbol in enumerate(pit.symbols.values(), 1)
        if symbol.margin_allowed and (name is None or symbol.name == name)
    ]


@operation(
    "GET /sapi/v1/margin/allPairs", security=MARKET_DATA, weight=1,
    doc="margin/market-data#get-all-cross-margin-pairs",
)  # fmt: skip
def cross_pairs(pit: Exchange, history: History, who: Who, ask: PairsAsk) -> list[CrossPair]:
    """Get all cross margin pairs."""
    return [
        CrossPair(
            base=symbol.base, id=number, is_buy_allowed=True, is_margin_trade=True,
            is_sell_allowed=True, quote=symbol.quote, symbol=symbol.name,
        )
        for number, symbol in _on_margin(pit, ask.symbol)
    ]  # fmt: skip


@operation(
    "GET /sapi/v1/margin/isolated/allPairs", security=MARKET_DATA, weight=10,
    doc="margin/market-data#get-all-isolated-margin-symbol",
)  # fmt: skip
def isolated_pairs(pit: Exchange, history: History, who: Who, ask: PairsAsk) -> list[IsolatedPair]:
    """Get all isolated margin symbol."""
    return [
        IsolatedPair(
            base=symbol.base, is_buy_allowed=True, is_margin_trade=True, is_sell_allowed=True,
            quote=symbol.quote, symbol=symbol.name,
        )
        for _, symbol in _on_margin(pit, ask.symbol)
    ]  # fmt: skip
