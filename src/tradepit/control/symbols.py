"""A symbol under its user's hand: its status, its reference price, its execution rule."""

from __future__ import annotations

from typing import Annotated

from tradepit.catalog.fields import Bool, OneOf, Price, Rate, String, SymbolName
from tradepit.catalog.language import Ask, Reply, operation
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.core.scripts import set_status
from tradepit.core.terms import SYMBOL_STATUSES
from tradepit.core.units import text_short

Status = Annotated[str, OneOf(SYMBOL_STATUSES[1:])]


class SetSymbol(Ask):
    symbol: SymbolName
    status: Status | None = None
    reference_price: Price | None = None
    no_reference_price: Bool | None = None
    bid_limit_mult_up: Rate | None = None
    bid_limit_mult_down: Rate | None = None
    ask_limit_mult_up: Rate | None = None
    ask_limit_mult_down: Rate | None = None


class SymbolRow(Reply):
    symbol: String
    status: String
    reference_price: Price | None


@operation("PUT /_tradepit/v1/symbols")
def set_symbol(pit: Exchange, who: Who, ask: SetSymbol) -> SymbolRow:
    """Halt or open a symbol, set its reference price from outside, bound its execution prices."""
    symbol = pit.symbol(ask.symbol)
    if ask.status is not None:
        set_status(pit, symbol, SYMBOL_STATUSES.index(ask.status))
    if ask.reference_price is not None or ask.no_reference_price:
        symbol.set_reference(0 if ask.no_reference_price else ask.reference_price or 0, pit.at_us)
    rule = {
        "bidLimitMultUp": ask.bid_limit_mult_up,
        "bidLimitMultDown": ask.bid_limit_mult_down,
        "askLimitMultUp": ask.ask_limit_mult_up,
        "askLimitMultDown": ask.ask_limit_mult_down,
    }
    given = {name: text_short(rate) for name, rate in rule.items() if rate is not None}
    if given:
        symbol.set_price_range(given)
    return SymbolRow(
        symbol=symbol.name,
        status=SYMBOL_STATUSES[symbol.status],
        reference_price=symbol.reference_price(pit.at_us) or None,
    )
