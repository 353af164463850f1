"""Where two rules meet: lists and prevention, pairs and amendments, routing and stops."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scenarios.harness import MISSING, World, listing, shows

RICH = {"BTC": "10", "USDT": "10000", "USDC": "10000"}
PAIR = {
    "side": "SELL", "quantity": "2", "aboveType": "LIMIT_MAKER", "abovePrice": "120",
    "belowType": "STOP_LOSS_LIMIT", "belowPrice": "88", "belowStopPrice": "90",
    "belowTimeInForce": "GTC",
}  # fmt: skip
OTOCO = {
    "workingType": "LIMIT", "workingSide": "BUY", "workingPrice": "100", "workingQuantity": "1",
    "workingTimeInForce": "GTC", "pendingSide": "SELL", "pendingQuantity": "2",
    "pendingAboveType": "LIMIT_MAKER", "pendingAbovePrice": "120",
    "pendingBelowType": "STOP_LOSS", "pendingBelowStopPrice": "90",
}  # fmt: skip


def start(**listed: object) -> World:
    world = World(listing("BTCUSDT", **listed), alice=RICH, bob=RICH)
    world.trade_at("100")
    return world


def ids(placed: Any) -> list[int]:
    return [order["orderId"] for order in placed["orders"]]


# --- Lists and self-trade prevention -------------------------------------------------------------


def test_a_prevented_leg_ends_its_pair() -> None:
    world = start()
    stop, maker = ids(world.list("alice", "oco", **PAIR))
    world.buy("alice", "3", "120", selfTradePreventionMode="EXPIRE_MAKER")
    shows(world.order("alice", maker), status="EXPIRED_IN_MATCH", preventedQuantity="2")
    shows(world.order("alice", stop), status="EXPIRED", executedQty="0")
    assert "alice list 0 ALL_DONE ALL_DONE" in world.story()
    assert world.funds("alice", "BTC") == ("10", "0")


def test_a_prevented_working_order_ends_its_list() -> None:
    world = start()
    working, *pending = ids(world.list("alice", "otoco", **OTOCO))
    world.sell("alice", "1", "100", selfTradePreventionMode="EXPIRE_BOTH")
    shows(world.order("alice", working), status="EXPIRED_IN_MATCH")
    for order_id in pending:
        shows(
            world.order("alice", order_id), status="EXPIRED",
            expiryReason="OTO_PHASE_ONE_EXPIRED",
        )  # fmt: skip
    assert world.funds("alice", "USDT") == ("10000", "0")


def test_a_leg_made_smaller_by_prevention_is_activated() -> None:
    """Both legs must have one quantity: docs/decisions/0055-prevention-in-a-pair.md."""
    world = start()
    stop, maker = ids(world.list("alice", "oco", **PAIR))
    world.buy("alice", "0.5", "120", selfTradePreventionMode="DECREMENT")
    shows(world.order("alice", maker), status="NEW", preventedQuantity="0.5")
    shows(
        world.order("alice", stop), status="EXPIRED", preventedQuantity=MISSING,
        expiryReason="OCO_TRIGGER",
    )  # fmt: skip
    world.buy("right", "1.5", "120")
    shows(world.order("alice", maker), status="FILLED", executedQty="1.5")
    assert world.funds("alice", "BTC") == ("8.5", "0")


def test_a_fired_stop_may_meet_its_own_order() -> None:
    world = start()
    bid = world.buy("alice", "5", "85")["orderId"]
    stop = world.place(
        "alice", side="SELL", type="STOP_LOSS", quantity="1", stopPrice="90",
        selfTradePreventionMode="EXPIRE_TAKER",
    )["orderId"]  # fmt: skip
    world.trade_at("90")
    shows(world.order("alice", stop), status="EXPIRED_IN_MATCH", preventedQuantity="1")
    shows(world.order("alice", bid), status="NEW")
    assert world.funds("alice", "BTC") == ("10", "0")


# --- Amendments ----------------------------------------------------------------------------------


def test_a_pending_pair_shrinks_together() -> None:
    world = start()
    _, stop, maker = ids(world.list("alice", "otoco", **OTOCO))
    shows(world.amend("alice", maker, "1.5")["amendedOrder"], qty="1.5", status="PENDING_NEW")
    shows(world.order("alice", stop), origQty="1.5", status="PENDING_NEW")
    world.sell("left", "1", "100")
    assert world.funds("alice", "BTC") == ("9.5", "1.5")


def test_an_amended_order_counts_less_towards_the_position() -> None:
    world = World(
        listing("BTCUSDT", {"filterType": "MAX_POSITION", "maxPosition": "15"}), alice=RICH
    )
    order_id = world.buy("alice", "5", "50")["orderId"]
    with world.fails(-1013, "Filter failure: MAX_POSITION"):
        world.buy("alice", "1", "50")
    world.amend("alice", order_id, "4")
    world.buy("alice", "1", "50")


def test_an_amended_working_order_releases_its_pending_ones_when_filled() -> None:
    world = start()
    working, stop, _ = ids(world.list("alice", "otoco", **OTOCO))
    world.sell("left", "0.4", "100")
    world.amend("alice", working, "0.5")
    world.sell("left", "0.1", "100")
    shows(world.order("alice", working), status="FILLED", origQty="0.5")
    shows(world.order("alice", stop), status="NEW")


# --- The price range -----------------------------------------------------------------------------


def test_a_fired_stop_obeys_the_price_range() -> None:
    world = start(_priceRange={"askLimitMultDown": "0.95"},
                  _referencePrice={"externalCalculationId": 0})  # fmt: skip
    world.market().external_price = 100 * 10**8
    world.buy("left", "1", "96")
    world.buy("left", "5", "94")
    stop = world.place(
        "alice", side="SELL", type="STOP_LOSS", quantity="3", stopPrice="98"
    )["orderId"]  # fmt: skip
    world.trade_at("98")
    shows(
        world.order("alice", stop), status="EXPIRED", executedQty="1",
        expiryReason="EXECUTION_RULE_PRICE_RANGE_EXCEEDED",
    )  # fmt: skip


def test_a_working_order_beyond_the_range_ends_its_list() -> None:
    world = start(_priceRange={"bidLimitMultUp": "1.05"},
                  _referencePrice={"externalCalculationId": 0})  # fmt: skip
    world.market().external_price = 90 * 10**8
    world.sell("left", "1", "100")
    working, *pending = world.list("alice", "otoco", **OTOCO)["orderReports"]
    shows(working, status="EXPIRED", expiryReason="EXECUTION_RULE_PRICE_RANGE_EXCEEDED")
    for report in pending:
        shows(report, status="EXPIRED", expiryReason="OTO_PHASE_ONE_EXPIRED")


# --- Routing -------------------------------------------------------------------------------------


def routed(**funds: str) -> World:
    world = World(
        listing("BTCUSDT"), listing("BTCUSDC"), sors=(("BTC", ["BTCUSDT", "BTCUSDC"]),),
        alice=funds or RICH, bob=RICH,
    )  # fmt: skip
    for symbol in ("BTCUSDT", "BTCUSDC"):
        world.trade_at("100", symbol=symbol)
    return world


def test_an_allocation_fires_the_stops_of_the_makers_book() -> None:
    world = routed()
    stop = world.place(
        "bob", symbol="BTCUSDC", side="BUY", type="STOP_LOSS_LIMIT", quantity="1", price="120",
        stopPrice="105", timeInForce="GTC",
    )["orderId"]  # fmt: skip
    world.sell("left", "1", "105", symbol="BTCUSDC")
    world.do(
        "alice", "POST /api/v3/sor/order", symbol="BTCUSDT", side="BUY", type="MARKET",
        quantity="1",
    )  # fmt: skip
    shows(world.order("bob", stop, "BTCUSDC"), isWorking=True)
    assert world.market("BTCUSDT").last_price == 100 * 10**8


@pytest.mark.parametrize("mode", ["EXPIRE_MAKER", "EXPIRE_TAKER"])
def test_own_orders_on_another_book_are_kin(mode: str) -> None:
    world = routed()
    own = world.sell("alice", "1", "90", symbol="BTCUSDC")["orderId"]
    world.sell("left", "1", "95")
    answer = world.do(
        "alice", "POST /api/v3/sor/order", symbol="BTCUSDT", side="BUY", type="LIMIT",
        timeInForce="GTC", quantity="1", price="95", selfTradePreventionMode=mode,
    )  # fmt: skip
    match = answer["preventedMatches"][0]
    shows(match, makerSymbol="BTCUSDC", makerOrderId=own, price="90")
    if mode == "EXPIRE_MAKER":
        shows(answer, status="FILLED", cummulativeQuoteQty="95")
        shows(world.order("alice", own, "BTCUSDC"), status="EXPIRED_IN_MATCH")
    else:
        shows(answer, status="EXPIRED_IN_MATCH", executedQty="0", preventedQuantity="1")
        shows(world.order("alice", own, "BTCUSDC"), status="NEW")


def test_a_list_on_another_book_is_set_off_by_routing() -> None:
    world = routed()
    working, pending = ids(
        world.list(
            "bob", "oto", symbol="BTCUSDC", workingType="LIMIT", workingSide="SELL",
            workingPrice="101", workingQuantity="1", workingTimeInForce="GTC",
            pendingType="LIMIT", pendingSide="BUY", pendingPrice="95", pendingQuantity="1",
            pendingTimeInForce="GTC",
        )
    )  # fmt: skip
    world.do(
        "alice", "POST /api/v3/sor/order", symbol="BTCUSDT", side="BUY", type="MARKET",
        quantity="1",
    )  # fmt: skip
    shows(world.order("bob", working, "BTCUSDC"), status="FILLED")
    shows(world.order("bob", pending, "BTCUSDC"), status="NEW")


# --- Pegs ----------------------------------------------------------------------------------------


def test_a_pegged_pair_pending_for_its_working_order() -> None:
    world = start()
    world.sell("right", "1", "130")
    world.buy("right", "5", "80")
    params = {key: value for key, value in OTOCO.items() if key != "pendingAbovePrice"}
    placed = world.list("alice", "otoco", **params, pendingAbovePegPriceType="PRIMARY_PEG")
    world.sell("left", "1", "100")
    _, stop, maker = ids(placed)
    shows(world.order("alice", maker), status="NEW", peggedPrice="130", price="0")
    shows(world.order("alice", stop), status="NEW")
    world.trade_at("90")
    shows(world.order("alice", stop), status="FILLED", cummulativeQuoteQty="160")
