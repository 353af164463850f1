"""Reads any real exchangeInfo answer, of 2022 or of today, as the symbols of a world.

What an older answer does not have yet is filled in as the exchange has it today, since the world
serves today's operations as well; what it says is kept.
"""

from __future__ import annotations

from math import isqrt
from pathlib import Path
from typing import Any, Final

import msgspec

from tradepit.core.terms import ORDER_TYPES, STP_MODES, SYMBOL_STATUSES
from tradepit.core.units import div_floor, mul_floor, parse_units, step_floor, text_short
from tradepit.data import AMENDS, ORDER_LISTS, spot_listing
from tradepit.data import ORDER_TYPES as ALL_TYPES
from tradepit.data import STP_MODES as ALL_STP_MODES

MAX_PRECISION: Final = 8
USUAL_TICKS: Final = 10_000  # a price nobody knows: so many ticks
_PRECISIONS: Final = (
    "baseAssetPrecision", "quotePrecision", "quoteAssetPrecision", "baseCommissionPrecision",
    "quoteCommissionPrecision",
)  # fmt: skip
# Filter fields that hold decimals; all others hold whole numbers or booleans.
_DECIMALS: Final = frozenset(
    "minPrice maxPrice tickSize minQty maxQty stepSize minNotional maxNotional maxPosition"
    " multiplierUp multiplierDown bidMultiplierUp bidMultiplierDown askMultiplierUp"
    " askMultiplierDown".split()
)
_FLAGS: Final = (
    "icebergAllowed", "ocoAllowed", "otoAllowed", "opoAllowed", "quoteOrderQtyMarketAllowed",
    "allowTrailingStop", "cancelReplaceAllowed", "amendAllowed", "pegInstructionsAllowed",
    "isSpotTradingAllowed",
)  # fmt: skip


class ListingError(ValueError):
    """The file is no exchangeInfo answer that a world can be made of; the text says where."""


def read_exchange_info(path: Path) -> list[dict[str, Any]]:
    """The symbols of an exchangeInfo answer (or of a bare list of its symbol rows).

    Raises: ListingError, with the place and the reason; OSError when the file cannot be read.
    """
    try:
        answer = msgspec.json.decode(path.read_bytes())
    except msgspec.DecodeError as error:
        raise ListingError(f"{path} is not JSON: {error}") from None
    rows = answer.get("symbols") if isinstance(answer, dict) else answer
    if not isinstance(rows, list) or not rows:
        raise ListingError(f'{path} has no list "symbols" with at least one symbol in it')
    prices = _Prices()
    listing = [_whole_row(row, f"{path}: symbol {n}", prices) for n, row in enumerate(rows, 1)]
    names = [row["symbol"] for row in listing]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ListingError(f"{path} lists {twice} more than once")
    return listing


def _whole_row(row: object, where: str, prices: _Prices) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise ListingError(f"{where} is not an object")
    for field in ("symbol", "baseAsset", "quoteAsset"):
        if not isinstance(row.get(field), str) or not row[field]:
            raise ListingError(f"{where} has no text {field!r}")
    where = f"{where} ({row['symbol']})"
    filters = row.get("filters")
    if not isinstance(filters, list):
        raise ListingError(f"{where} has no list 'filters'")
    kinds = [_filter_kind(item, where) for item in filters]
    added = [dict(item) for item in (ORDER_LISTS, AMENDS) if item["filterType"] not in kinds]
    whole = {**_defaults(row), **row, "filters": [*filters, *added]}
    for field in _PRECISIONS:
        if not isinstance(whole[field], int) or not 0 <= whole[field] <= MAX_PRECISION:
            raise ListingError(
                f"{where}: {field} is {whole[field]!r}; amounts here have at most 8 places"
            )
    _check_words(whole, where)
    whole["_price"] = prices.typical(whole, where)
    return whole


def _defaults(row: dict[str, Any]) -> dict[str, Any]:
    permissions = row.get("permissions") or ["SPOT"]
    return {
        "symbol": "",
        "status": "TRADING",
        "baseAsset": "",
        "baseAssetPrecision": 8,
        "quoteAsset": "",
        **dict.fromkeys(_PRECISIONS[1:], 8),
        "orderTypes": list(ALL_TYPES),
        **dict.fromkeys(_FLAGS, True),
        "isMarginTradingAllowed": False,
        "filters": [],
        "permissions": [],
        "permissionSets": [permissions],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": list(ALL_STP_MODES),
    }


def _filter_kind(item: object, where: str) -> str:
    if not isinstance(item, dict) or not isinstance(item.get("filterType"), str):
        raise ListingError(f"{where} has a filter without a text 'filterType'")
    kind: str = item["filterType"]
    for field, value in item.items():
        if field == "filterType":
            continue
        if field in _DECIMALS:
            try:
                parse_units(str(value))
            except ValueError:
                raise ListingError(
                    f"{where}: {kind}.{field} is {value!r}, no decimal of at most 8 places"
                ) from None
        elif not isinstance(value, int | str) or (isinstance(value, str) and not value.isdigit()):
            raise ListingError(f"{where}: {kind}.{field} is {value!r}, no whole number")
    return kind


def _check_words(row: dict[str, Any], where: str) -> None:
    checks = (
        ("status", [row["status"]], SYMBOL_STATUSES),
        ("orderTypes", row["orderTypes"], ORDER_TYPES),
        ("defaultSelfTradePreventionMode", [row["defaultSelfTradePreventionMode"]], STP_MODES),
        ("allowedSelfTradePreventionModes", row["allowedSelfTradePreventionModes"], STP_MODES),
    )
    for field, words, known in checks:
        unknown = [word for word in words if not word or word not in known]
        if unknown:
            raise ListingError(f"{where}: {field} has {unknown[0]!r}, which is not served")
    for flag in (*_FLAGS, "isMarginTradingAllowed"):
        if not isinstance(row[flag], bool):
            raise ListingError(f"{where}: {flag} is {row[flag]!r}, neither true nor false")


class _Prices:
    """Typical prices: of the built-in symbols, and ratios of them for pairs of their assets."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._dollars: dict[str, int] = {"USDT": 100_000_000}
        for row in spot_listing():
            price = parse_units(row["_price"])
            self._known[row["symbol"]] = price
            if row["quoteAsset"] == "USDT":
                self._dollars[row["baseAsset"]] = price

    def typical(self, row: dict[str, Any], where: str) -> str:
        """A price inside the symbol's own PRICE_FILTER (text): its `_price`, or the best guess."""
        rule: dict[str, Any] = next(
            (f for f in row["filters"] if f["filterType"] == "PRICE_FILTER"), {}
        )
        tick, low, high = (
            parse_units(str(rule.get(field, "0"))) for field in ("tickSize", "minPrice", "maxPrice")
        )
        if "_price" in row:
            try:
                price = parse_units(str(row["_price"]))
            except ValueError:
                raise ListingError(f"{where}: _price is {row['_price']!r}, no decimal") from None
        else:
            price = self._guess(row, tick)
            if high and not low < price < high:
                price = isqrt(max(low, 1) * high)
        price = max(step_floor(price, tick), low, tick, 1)
        return text_short(min(price, high) if high else price)

    def _guess(self, row: dict[str, Any], tick: int) -> int:
        if row["symbol"] in self._known:
            return self._known[row["symbol"]]
        base = self._dollars.get(row["baseAsset"], 0)
        quote = self._dollars.get(row["quoteAsset"], 0)
        if base and quote:
            return div_floor(base, quote)
        return mul_floor(tick or 10_000, USUAL_TICKS * 100_000_000)
