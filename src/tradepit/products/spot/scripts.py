"""What faults ask of the exchange: a symbol halted for a while, an order filled in portions.

Commands of the house: a replay of the log meets the same halts and the same trades.
"""

from __future__ import annotations

from typing import Final

from tradepit.catalog.language import Ask, operation
from tradepit.core import scripts
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.core.units import ONE

HALT: Final = "halt-symbol"
FILL: Final = "fill-in-portions"


class HaltSymbol(Ask):
    """status: of terms.SYMBOL_STATUSES. lasts_us: 0 for until somebody opens it."""

    symbol: str
    status: int
    lasts_us: int


@operation(HALT)
def halt_symbol(pit: Exchange, who: Who, ask: HaltSymbol) -> dict[str, int]:
    """Close a symbol for a while."""
    scripts.halt(pit, pit.symbol(ask.symbol), ask.status, ask.lasts_us)
    return {"status": ask.status}


class FillInPortions(Ask):
    """portions: (µs from now, e8 of the order's quantity); when they make up all of it, the last
    is what is left."""

    owner: int
    symbol: str
    order_id: int
    portions: tuple[tuple[int, int], ...]


@operation(FILL)
def fill_in_portions(pit: Exchange, who: Who, ask: FillInPortions) -> dict[str, int]:
    """Have an order that rests filled in portions, each at its time."""
    symbol = pit.symbol(ask.symbol)
    opened = pit.accounts[ask.owner].symbols.get(symbol.name)
    order = None if opened is None else opened.orders.get(ask.order_id)
    if order is None:
        return {"portions": 0}
    portions = [(after_us, order.qty * share // ONE) for after_us, share in ask.portions]
    if sum(share for _, share in ask.portions) == ONE:
        portions[-1] = (portions[-1][0], scripts.REST)
    scripts.fill_later(pit, ask.owner, symbol, ask.order_id, portions)
    return {"portions": len(portions)}
