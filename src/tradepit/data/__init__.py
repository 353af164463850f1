"""Data that ships with the package: real spot symbols, with their filters as they were observed.

`spot_symbols.tsv` holds what differs between symbols, one a line; `as_of` is the day on which the
row was observed on the exchange ("invented": made up, so that non-ASCII names can be tried, as the
documents do). What all have in common is in this file.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final

from tradepit.core.units import parse_units, text_places, text_units

ORDER_TYPES: Final = (
    "LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)  # fmt: skip
STP_MODES: Final = (
    "NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER",
)  # fmt: skip
AMENDS: Final = {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": 10}
ORDER_LISTS: Final = {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 20}


def spot_listing() -> list[dict[str, Any]]:
    """The built-in symbols as exchangeInfo rows, each with `_price`, its typical price (text)."""
    return [_row(dict(facts)) for facts in _facts()]


@functools.cache
def _facts() -> tuple[tuple[tuple[str, str], ...], ...]:
    text = Path(__file__).with_name("spot_symbols.tsv").read_text(encoding="utf-8")
    head, *lines = (line.split("\t") for line in text.splitlines())
    return tuple(tuple(zip(head, line, strict=True)) for line in lines)


def _row(facts: dict[str, str]) -> dict[str, Any]:
    precision = int(facts["base_precision"])
    return {
        "symbol": facts["symbol"],
        "status": "TRADING",
        "baseAsset": facts["base"],
        "baseAssetPrecision": precision,
        "quoteAsset": facts["quote"],
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": precision,
        "quoteCommissionPrecision": 8,
        "orderTypes": list(ORDER_TYPES),
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": facts["as_of"] != "invented",
        "filters": _filters(facts, precision),
        "permissions": [],
        "permissionSets": [["SPOT", "MARGIN"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": list(STP_MODES),
        "_price": facts["price"],
    }


def _filters(facts: dict[str, str], precision: int) -> list[dict[str, Any]]:
    def price(field: str) -> str:
        return text_units(parse_units(facts[field]))

    def qty(text: str) -> str:
        return text_places(parse_units(text), precision)

    up, down = facts["percent_up"], facts["percent_down"]
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": price("tick"),
            "maxPrice": price("max_price"),
            "tickSize": price("tick"),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": qty(facts["step"]),
            "maxQty": qty(facts["max_qty"]),
            "stepSize": qty(facts["step"]),
        },
        {"filterType": "ICEBERG_PARTS", "limit": 10},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": qty("0"),
            "maxQty": qty(facts["market_max_qty"]),
            "stepSize": qty("0"),
        },
        {
            "filterType": "TRAILING_DELTA",
            "minTrailingAboveDelta": 10,
            "maxTrailingAboveDelta": 2000,
            "minTrailingBelowDelta": 10,
            "maxTrailingBelowDelta": 2000,
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": up,
            "bidMultiplierDown": down,
            "askMultiplierUp": up,
            "askMultiplierDown": down,
            "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": price("min_notional"),
            "applyMinToMarket": True,
            "maxNotional": "9000000.00000000",
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        dict(ORDER_LISTS),
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
        dict(AMENDS),
    ]
