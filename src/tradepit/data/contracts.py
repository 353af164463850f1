"""The built-in futures contracts: perpetuals, and the two nearest quarters of the largest coins.

`futures_contracts.tsv` holds what differs between contracts, one a line: `as_of` is the day on
which its filters were observed on the exchange ("chosen": made up after its neighbours, as
docs/decisions/0185-built-in-contracts.md says). `brackets` lists leverage:cap:ratio; where a
bracket begins, and its cumulated amount, follow from the one before.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tradepit.core.units import ONE, mul_floor, parse_units, step_floor, text_places, text_short

FOREVER_MS: Final = 4_133_404_800_000  # when a perpetual is delivered
DELIVERY_HOUR: Final = 8  # UTC
CARRY: Final = ONE // 20  # a year's premium of a contract that is delivered later
YEAR_MS: Final = 365 * 86_400_000
ORDER_TYPES: Final = (
    "LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
)  # fmt: skip
TIMES_IN_FORCE: Final = ("GTC", "IOC", "FOK", "GTX")
QUARTERS: Final = ("CURRENT_QUARTER", "NEXT_QUARTER")
THOUSAND: Final = "1000"  # how the base of a contract begins that counts a thousand coins as one


def contract_listing(spot: Sequence[dict[str, Any]], born_us: int) -> list[dict[str, Any]]:
    """The contracts of a world as rows of the futures' exchangeInfo, see `core.contracts`.

    spot: the world's spot symbols; only contracts are listed whose index is a price of theirs.
    born_us: the world's birth, µs since 1970: its quarters are the two after it.
    """
    prices = {row["symbol"]: parse_units(row["_price"]) for row in spot}
    dates = quarters(born_us // 1000)
    listing = []
    for row in _facts():
        facts = dict(row)
        if facts["index"] not in prices:
            continue
        price = prices[facts["index"]]
        if facts["kind"] == "perpetual":
            listing.append(_row(facts, price, facts["symbol"], ("PERPETUAL", FOREVER_MS)))
            continue
        for kind, delivery_ms, onboard_ms in zip(QUARTERS, dates[2:], dates[:2], strict=True):
            day = datetime.fromtimestamp(delivery_ms // 1000, UTC)
            name = f"{facts['symbol']}_{day:%y%m%d}"
            carry = CARRY * (delivery_ms - born_us // 1000) // YEAR_MS
            dated = {**facts, "onboarded": str(onboard_ms)}
            later = price + mul_floor(price, carry)
            listing.append(_row(dated, later, name, (kind, delivery_ms)))
    return listing


def quarters(at_ms: int) -> list[int]:
    """Delivery times (ms): the last two up to `at_ms`, then the next two."""
    year = datetime.fromtimestamp(at_ms // 1000, UTC).year
    all_of_them = [
        _last_friday(each, month) for each in range(year - 1, year + 2) for month in (3, 6, 9, 12)
    ]
    past = sum(1 for each in all_of_them if each <= at_ms)
    return all_of_them[past - 2 : past + 2]


def _last_friday(year: int, month: int) -> int:
    first = datetime(year + month // 12, month % 12 + 1, 1, DELIVERY_HOUR, tzinfo=UTC)
    last = first - timedelta(days=1)
    return int((last - timedelta(days=(last.weekday() - 4) % 7)).timestamp()) * 1000


@functools.cache
def _facts() -> tuple[tuple[tuple[str, str], ...], ...]:
    text = Path(__file__).with_name("futures_contracts.tsv").read_text(encoding="utf-8")
    head, *lines = (line.split("\t") for line in text.splitlines())
    return tuple(tuple(zip(head, line, strict=True)) for line in lines)


def _row(facts: dict[str, str], price: int, name: str, dated: tuple[str, int]) -> dict[str, Any]:
    inverse = facts["venue"] == "coinm"
    times = TIMES_IN_FORCE if inverse else (*TIMES_IN_FORCE, "GTD")
    pair = facts["base"] + facts["quote"]
    units = 1000 if facts["base"].startswith(THOUSAND) else 1
    return {
        "symbol": name,
        "pair": pair,
        "contractType": dated[0],
        "deliveryDate": dated[1],
        "onboardDate": int(facts["onboarded"]),
        "contractStatus" if inverse else "status": "TRADING",
        **({"contractSize": int(facts["size"])} if inverse else {}),
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": facts["base"],
        "quoteAsset": facts["quote"],
        "marginAsset": facts["base"] if inverse else facts["quote"],
        "pricePrecision": int(facts["price_places"]),
        "quantityPrecision": int(facts["qty_places"]),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        **({"equalQtyPrecision": 4} if inverse else {}),
        "underlyingType": "COIN",
        "underlyingSubType": [kind for kind in facts["sub_type"].split(",") if kind],
        **({} if inverse else {"settlePlan": 0}),
        "triggerProtect": facts["protect"],
        "liquidationFee": facts["liquidation_fee"],
        "marketTakeBound": facts["take_bound"],
        "maxMoveOrderLimit": 10_000,
        "filters": list(_filters(facts)),
        "orderTypes": list(ORDER_TYPES),
        "timeInForce": list(times),
        "_venue": facts["venue"],
        "_price": text_short(step_floor(price * units, parse_units(facts["tick"]))),
        "_brackets": _brackets(facts["brackets"]),
        "_fundingHours": 8,
        "_fundingCap": facts["funding_cap"],
        "_indexSymbol": facts["index"],
        "_indexUnits": units,
    }


def _filters(facts: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The filters as the exchange shows them, in its order."""
    percent = parse_units(facts["percent"])
    step = facts["min_qty"]  # of every contract that was observed the two are the same
    yield {
        "filterType": "PRICE_FILTER", "minPrice": facts["min_price"],
        "maxPrice": facts["max_price"], "tickSize": facts["tick"],
    }  # fmt: skip
    yield {"filterType": "LOT_SIZE", "minQty": step, "maxQty": facts["max_qty"], "stepSize": step}
    yield {
        "filterType": "MARKET_LOT_SIZE", "minQty": step, "maxQty": facts["market_max_qty"],
        "stepSize": step,
    }  # fmt: skip
    yield {"filterType": "MAX_NUM_ORDERS", "limit": 200}
    yield {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": int(facts["algos"])}
    if facts["venue"] == "usdm":
        yield {"filterType": "MIN_NOTIONAL", "notional": facts["min_notional"]}
    yield {
        "filterType": "PERCENT_PRICE", "multiplierUp": text_places(ONE + percent, 4),
        "multiplierDown": text_places(ONE - percent, 4), "multiplierDecimal": "4",
    }  # fmt: skip
    if facts["venue"] == "usdm":
        yield {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"}


def _brackets(texts: str) -> list[list[Any]]:
    """[number, leverage, floor, cap, ratio, cum], where cum makes the maintenance margin go on
    smoothly from bracket to bracket."""
    rows: list[list[Any]] = []
    floor = ratio = cum = 0
    for number, text in enumerate(texts.split(" "), 1):
        leverage, most, rate = text.split(":")
        cum += mul_floor(floor, parse_units(rate) - ratio)
        ratio = parse_units(rate)
        rows.append([number, int(leverage), text_short(floor), most, rate, text_short(cum)])
        floor = parse_units(most)
    return rows
