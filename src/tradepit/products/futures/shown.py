"""How a contract's numbers are shown: as many decimals as its precision says.

Documented by the examples of order.place: price "43187.00", quantity "0.100", quote "0.00000".
"""

from __future__ import annotations

from tradepit.core.contracts import Contract
from tradepit.core.units import ONE, text_short

Shown = tuple[int, int]  # (units, places)


def price(contract: Contract, units: int) -> Shown:
    return units, contract.price_places


def average(contract: Contract, units: int) -> Shown:
    """An average price: no more places while it is nothing, five when it is something."""
    return (units, 5) if units else (0, contract.price_places)


def qty(contract: Contract, units: int) -> Shown:
    return units, contract.qty_places


def worth(contract: Contract, fine: int) -> Shown:
    """What was traded (1e-16 of the margin asset) in the quote asset, or in the coin."""
    if contract.inverse:
        return fine // ONE, 8
    return fine // ONE, min(contract.price_places + contract.qty_places, 8)


def amount(units: int) -> Shown:
    """An amount of an asset: eight places."""
    return units, 8


def whole(units: int) -> str:
    """A round amount: without decimals where it has none."""
    return text_short(units)
