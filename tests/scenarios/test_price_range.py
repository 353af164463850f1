"""The price range execution rule, and the reference price as the engine computes it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scenarios.harness import BORN_US, MISSING, World, fields, listing, shows

RULE = {
    "bidLimitMultUp": "2", "bidLimitMultDown": "0.5", "askLimitMultUp": "2",
    "askLimitMultDown": "0.5",
}  # fmt: skip
RICH = {"BTC": "1000", "USDT": "100000"}
REASON = "EXECUTION_RULE_PRICE_RANGE_EXCEEDED"


def start(rule: dict[str, str] | None = RULE, price: int = 10) -> World:
    """The documents' example: a reference price of 10.00, set from outside."""
    more: dict[str, Any] = {"_referencePrice": {"externalCalculationId": 1}}
    if rule is not None:
        more["_priceRange"] = rule
    world = World(listing("BTCUSDT", **more), alice=RICH)
    world.market().external_price = price * 10**8
    world.market().external_us = BORN_US
    return world


@pytest.mark.parametrize(
    ("side", "inside", "outside"),
    [("BUY", "20", "20.01"), ("SELL", "5", "4.99")],
)
def test_an_order_expires_at_the_edge(side: str, inside: str, outside: str) -> None:
    world = start()
    other = "SELL" if side == "BUY" else "BUY"
    world.limit("left", other, "1", inside)
    world.limit("left", other, "1", outside)
    taker = world.limit("alice", side, "3", outside)
    shows(
        taker, status="EXPIRED", executedQty="1", cummulativeQuoteQty=inside, expiryReason=REASON,
        fills=[{"price": inside, "qty": "1", "commission": "0", "tradeId": 0,
                "commissionAsset": "BTC" if side == "BUY" else "USDT"}],
    )  # fmt: skip
    shows(world.order("alice", taker["orderId"]), status="EXPIRED", expiryReason=REASON)
    assert world.story("alice")[-1] == f"alice {taker['orderId']} EXPIRED EXPIRED"
    # Only executions are limited: an order may rest outside the range.
    shows(world.limit("alice", other, "1", outside), status="NEW")


def test_the_other_direction_is_limited_too() -> None:
    """A BUY may not execute below half the reference price, a SELL not above twice."""
    for side, price in (("BUY", "4.99"), ("SELL", "20.01")):
        world = start()
        other = "SELL" if side == "BUY" else "BUY"
        world.limit("left", other, "1", price)
        answer = world.limit("alice", side, "1", price)
        shows(answer, status="EXPIRED", executedQty="0", expiryReason=REASON)


@pytest.mark.parametrize("kind", ["MARKET", "quoteOrderQty", "IOC"])
def test_all_kinds_of_takers(kind: str) -> None:
    world = start()
    world.sell("left", "1", "20")
    world.sell("left", "5", "21")
    if kind == "MARKET":
        answer = world.market_order("alice", "BUY", "3")
    elif kind == "quoteOrderQty":
        answer = world.market_order("alice", "BUY", quoteOrderQty="60")
    else:
        answer = world.buy("alice", "3", "30", timeInForce="IOC")
    shows(answer, status="EXPIRED", executedQty="1", expiryReason=REASON)
    assert world.funds("alice", "USDT") == ("99980", "0")


def test_where_it_is_not_enforced() -> None:
    for world in (start(rule=None), start(price=0)):
        world.sell("left", "1", "1000")
        shows(world.buy("alice", "1", "1000"), status="FILLED", expiryReason=MISSING)
    plain = World(listing("BTCUSDT", _priceRange=RULE), alice=RICH)
    plain.sell("left", "1", "1000")
    shows(plain.buy("alice", "1", "1000"), status="FILLED")


def test_multipliers_that_are_not_set() -> None:
    without = {key: value for key, value in RULE.items() if key != "bidLimitMultDown"}
    world = start(without)
    world.sell("left", "1", "0.5")
    shows(world.buy("alice", "1", "0.5"), status="FILLED")
    world.sell("left", "1", "20.01")
    shows(world.buy("alice", "1", "30"), status="EXPIRED", expiryReason=REASON)


def test_the_rules_are_queried() -> None:
    world = start()
    told = world.ask("alice", "GET /api/v3/executionRules", symbol="BTCUSDT")
    assert told["symbolRules"][0]["symbol"] == "BTCUSDT"
    rule = told["symbolRules"][0]["rules"][0]
    assert fields(rule) == (
        "ruleType bidLimitMultUp bidLimitMultDown askLimitMultUp askLimitMultDown"
    )
    shows(rule, ruleType="PRICE_RANGE", bidLimitMultUp="2.0000", askLimitMultDown="0.5000")


# --- The engine's reference price ----------------------------------------------------------------


def engine(**listed: object) -> World:
    """Five buckets of one second each; the clock stands at the start of a bucket."""
    more = {"_referencePrice": {"bucketCount": 5, "bucketWidthMs": 1000}, **listed}
    world = World(listing("BTCUSDT", **more), alice=RICH)
    world.now_us = BORN_US
    return world


def trade(world: World, at_ms: int, price: str) -> None:
    """A trade of two strangers at so many milliseconds."""
    world.now_us = BORN_US + at_ms * 1000 - 2000
    world.trade_at(price)
    assert world.now_us == BORN_US + at_ms * 1000


def reference(world: World, at_ms: int) -> str | None:
    world.now_us = BORN_US + at_ms * 1000
    told = world.ask("alice", "GET /api/v3/referencePrice", symbol="BTCUSDT")
    assert fields(told) == "symbol referencePrice timestamp"
    price: str | None = told["referencePrice"]
    return price


def test_a_simple_mean_of_trade_prices() -> None:
    world = engine()
    with world.fails(-2043, "This symbol doesn't have a reference price."):
        reference(world, 5)
    trade(world, 10, "100")
    assert reference(world, 20) == "100.00000000"
    trade(world, 900, "130")
    trade(world, 1500, "101")
    # (100 + 130 + 101) / 3, whatever was traded; division truncates.
    assert reference(world, 1600) == "110.33333333"


def test_old_buckets_fade_out() -> None:
    """The bucket that straddles the cutoff counts for its part inside the window."""
    world = engine()
    trade(world, 500, "100")
    trade(world, 4500, "200")
    assert reference(world, 5000) == "150.00000000"
    # Cutoff at 250 ms: 75 % of the first bucket is left. (75 + 200) / 1.75
    assert reference(world, 5250) == "157.14285714"
    assert reference(world, 5500) == "166.66666666"
    assert reference(world, 6000) == "200.00000000"
    assert reference(world, 9999) == "200.00000000"
    assert reference(world, 10_000) is None  # known once, null now


def test_counts_have_four_decimals() -> None:
    world = engine()
    trade(world, 500, "100")
    trade(world, 4500, "200")
    # 2/3 of a bucket expired: its count is cut to 0.3333, its sum to 1e-12: (33.333333333333 +
    # 200) / 1.3333
    assert reference(world, 5666) is not None
    world.now_us = BORN_US + 5_666_667
    told = world.ask("alice", "GET /api/v3/referencePrice", symbol="BTCUSDT")
    assert told["referencePrice"] == "175.00435010"


def test_the_reference_is_taken_when_the_taker_phase_begins() -> None:
    """A taker's own trades do not move its limits."""
    world = engine(_priceRange={"bidLimitMultUp": "1.1"})
    trade(world, 100, "100")
    for price in ("110", "111", "112"):
        world.sell("left", "1", price)
    answer = world.buy("alice", "3", "112")
    shows(answer, status="EXPIRED", executedQty="1", expiryReason=REASON)
    # The trade at 110 has moved it to 105: now 115.5 is the limit.
    shows(world.buy("alice", "2", "112"), status="FILLED", executedQty="2")


def test_the_calculation_is_queried() -> None:
    path = "GET /api/v3/referencePrice/calculation"
    shows(
        engine().ask("alice", path, symbol="BTCUSDT"), symbol="BTCUSDT", bucketCount=5,
        calculationType="ARITHMETIC_MEAN", bucketWidthMs=1000, externalCalculationId=MISSING,
    )  # fmt: skip
    shows(
        start().ask("alice", path, symbol="BTCUSDT"), calculationType="EXTERNAL",
        externalCalculationId=1, bucketCount=MISSING,
    )  # fmt: skip


def test_filters_use_the_reference_price() -> None:
    percent = {"filterType": "PERCENT_PRICE", "multiplierUp": "1.1", "multiplierDown": "0.9",
               "avgPriceMins": 5}  # fmt: skip
    world = World(
        listing("BTCUSDT", percent, _referencePrice={"externalCalculationId": 2}), alice=RICH
    )
    world.trade_at("100")
    world.market().external_price = 200 * 10**8
    shows(world.buy("alice", "1", "220"), status="NEW")
    with world.fails(-1013, "Filter failure: PERCENT_PRICE"):
        world.buy("alice", "1", "220.01")
    world.market().external_price = 0  # null: the average of trades again
    with world.fails(-1013, "Filter failure: PERCENT_PRICE"):
        world.buy("alice", "1", "220")
