"""Trailing stop orders: scenarios A to E of their FAQ, its placing examples, and their filter."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scenarios.harness import MISSING, World, listing, shows

from tradepit.core.units import ONE, parse_units, text_short

RICH = {"BTC": "10", "USDT": "1000000"}
LIMITS = {
    "filterType": "TRAILING_DELTA", "minTrailingAboveDelta": 10, "maxTrailingAboveDelta": 2000,
    "minTrailingBelowDelta": 20, "maxTrailingBelowDelta": 1000,
}  # fmt: skip


def start(*filters: dict[str, Any], **listed: object) -> World:
    world = World(listing("BTCUSDT", *filters, **listed), alice=RICH)
    world.trade_at("40000")
    return world


def contingent(world: World, kind: str, side: str, **params: object) -> Any:
    params.setdefault("quantity", "0.01")
    if kind.endswith("LIMIT"):
        params.setdefault("timeInForce", "GTC")
    return world.place("alice", type=kind, side=side, newOrderRespType="RESULT", **params)


def walk(world: World, start_at: str, end_at: str) -> None:
    """Ten trades in a straight line, the last at `end_at`."""
    first, last = parse_units(start_at), parse_units(end_at)
    cent = ONE // 100
    for step in range(1, 11):
        price = first + (last - first) * step // 10
        world.trade_at(text_short(price - price % cent if step < 10 else last))


# (type, side, stop price, delta, limit price), then [(last price of the walk, extreme noted)].
# "" is: does not track yet. The last walk ends with the trade that triggers.
SCENARIOS = {
    "A": (
        ("STOP_LOSS_LIMIT", "BUY", "44000", "500", "45000"),
        [("37000", ""), ("45000", "44000"), ("46000", "44000"), ("42000", "42000")],
        "44100",
    ),
    "B": (
        ("STOP_LOSS_LIMIT", "SELL", "39000", "1000", "38000"),
        [("41500", ""), ("37000", "39000"), ("41000", "41000")],
        "36900",
    ),
    "C": (
        ("TAKE_PROFIT_LIMIT", "BUY", "38000", "850", "38500"),
        [("42000", ""), ("37000", "37000"), ("39000", "37000"), ("38000", "37000")],
        "40145",
    ),
    "D": (
        ("TAKE_PROFIT_LIMIT", "SELL", "42000", "750", "41000"),
        [
            ("41500", ""), ("39000", ""), ("45000", "45000"), ("44000", "45000"),
            ("46500", "46500"),
        ],
        "43012.5",
    ),
    "E": (
        ("STOP_LOSS_LIMIT", "SELL", "", "700", "39000"),
        [("42000", "42000"), ("39500", "42000"), ("45500", "45500")],
        "42315",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str) -> None:
    (kind, side, stop, delta, price), walks, trigger = SCENARIOS[name]
    world = start()
    more = {"stopPrice": stop} if stop else {}
    placed = contingent(world, kind, side, price=price, trailingDelta=delta, **more)
    shows(
        placed, status="NEW", workingTime=-1, trailingDelta=int(delta), stopPrice=stop or "0",
        trailingTime=-1 if stop else placed["transactTime"],
    )  # fmt: skip
    order_id = placed["orderId"]
    last = "40000"
    for end, extreme in walks:
        if name in "ABCD" and extreme and world.order("alice", order_id)["trailingTime"] == -1:
            # The first trade that meets the stop price, or passes it, starts the tracking.
            world.trade_at(stop)
            last = stop
            assert _extreme(world, order_id) == parse_units(stop)
        walk(world, last, end)
        last = end
        found = world.order("alice", order_id)
        shows(found, status="NEW", isWorking=False, workingTime=-1)
        assert (found["trailingTime"] != -1) == bool(extreme)
        if extreme:
            assert _extreme(world, order_id) == parse_units(extreme)
    edge = parse_units(trigger) + (ONE // 100 if side == "SELL" else -ONE // 100)
    walk(world, last, text_short(edge))
    shows(world.order("alice", order_id), isWorking=False)  # a cent is missing
    world.trade_at(trigger)
    assert world.story("alice") == [f"alice {order_id} NEW NEW"]
    shows(world.order("alice", order_id), isWorking=True, price=price, status="NEW")
    bids, asks = world.book()
    assert (bids if side == "BUY" else asks) == [f"0.01 @ {price}"]


def _extreme(world: World, order_id: int) -> int:
    return world.account("alice").on("BTCUSDT").orders[order_id].extra.extreme


@pytest.mark.parametrize(
    ("kind", "side", "price", "delta", "stop"),
    [
        ("STOP_LOSS_LIMIT", "BUY", "42000", "500", "43000"),
        ("STOP_LOSS_LIMIT", "SELL", "37500", "250", "39000"),
        ("TAKE_PROFIT_LIMIT", "BUY", "38000", "500", "36000"),
        ("TAKE_PROFIT_LIMIT", "SELL", "41500", "175", "42500"),
    ],
)
def test_placing(kind: str, side: str, price: str, delta: str, stop: str) -> None:
    """Each example without and with a stop price, at a last price of 40,000."""
    world = start()
    without = contingent(world, kind, side, price=price, trailingDelta=delta)
    shows(without, trailingTime=without["transactTime"], stopPrice="0", trailingDelta=int(delta))
    with_stop = contingent(world, kind, side, price=price, trailingDelta=delta, stopPrice=stop)
    shows(with_stop, trailingTime=-1, stopPrice=stop, workingTime=-1)


@pytest.mark.parametrize(
    ("kind", "side", "stop", "good", "to_fire"),
    [
        # The table of conditions: which way the price must have gone, and what comes back fires.
        ("TAKE_PROFIT", "SELL", "41000", "42000", "41580"),
        ("STOP_LOSS", "SELL", "39000", "38900", "38610"),
        ("STOP_LOSS", "BUY", "41000", "41200", "41410"),
        ("TAKE_PROFIT", "BUY", "39000", "38000", "38380"),
    ],
)
def test_market_kinds(kind: str, side: str, stop: str, good: str, to_fire: str) -> None:
    """1 % trailing: it fires as a MARKET order."""
    world = start()
    world.buy("left", "1", "30000")
    world.sell("left", "1", "50000")
    order_id = contingent(world, kind, side, stopPrice=stop, trailingDelta="100")["orderId"]
    for price in (stop, good):
        world.do("left", "POST /api/v3/order", symbol="BTCUSDT", side="SELL", type="LIMIT",
                 timeInForce="GTC", quantity="0.001", price=price)  # fmt: skip
        world.buy("right", "0.001", price)
        shows(world.order("alice", order_id), status="NEW", isWorking=False)
    world.trade_at(to_fire)
    paid = "500" if side == "BUY" else "300"
    shows(
        world.order("alice", order_id), status="FILLED", executedQty="0.01",
        cummulativeQuoteQty=paid, price="0", isWorking=True,
    )  # fmt: skip
    assert world.story("alice") == [
        f"alice {order_id} NEW NEW", f"alice {order_id} TRADE FILLED",
    ]  # fmt: skip


def test_a_met_stop_price_does_not_refuse_a_trailing_order() -> None:
    world = start()
    plain = {"price": "41000", "stopPrice": "39000"}
    with world.fails(-2010, "Order would trigger immediately."):
        contingent(world, "STOP_LOSS_LIMIT", "BUY", **plain)
    placed = contingent(world, "STOP_LOSS_LIMIT", "BUY", trailingDelta="100", **plain)
    shows(placed, status="NEW", trailingTime=placed["transactTime"])  # it tracks at once


def test_the_trailing_leg_of_an_oco_cancels_the_limit_leg() -> None:
    world = start()
    placed = world.list(
        "alice", "oco", side="SELL", quantity="1", aboveType="LIMIT_MAKER", abovePrice="42000",
        belowType="STOP_LOSS_LIMIT", belowPrice="38000", belowTrailingDelta="500",
        belowTimeInForce="GTC",
    )  # fmt: skip
    below, above = (order["orderId"] for order in placed["orders"])
    world.trade_at("41000", "38950")
    shows(world.order("alice", above), status="EXPIRED", expiryReason="OCO_TRIGGER")
    shows(world.order("alice", below), status="NEW", isWorking=True)
    assert world.book() == ([], ["1 @ 38000"])
    assert world.funds("alice", "BTC") == ("9", "1")


@pytest.mark.parametrize("kind", ["STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT",
                                  "TAKE_PROFIT_LIMIT"])  # fmt: skip
@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_the_filter(kind: str, side: str) -> None:
    """Above deltas (10 to 2000) for BUY stops and SELL profits, below ones (20 to 1000) else."""
    world = start(LIMITS)
    more = {"price": "40000"} if kind.endswith("LIMIT") else {}
    above = (side == "BUY") == kind.startswith("STOP_LOSS")
    low, high = (10, 2000) if above else (20, 1000)
    for delta in (low, high):
        shows(contingent(world, kind, side, trailingDelta=delta, **more), trailingDelta=delta)
    for delta in (low - 1, high + 1):
        with world.fails(-1013, "Filter failure: TRAILING_DELTA"):
            contingent(world, kind, side, trailingDelta=delta, **more)


@pytest.mark.parametrize("stop", [{}, {"stopPrice": "39000"}])
@pytest.mark.parametrize("filters", [(), (LIMITS,)])
def test_no_delta_at_all_is_too_little(filters: tuple[Any, ...], stop: dict[str, str]) -> None:
    """It would be an order that nothing, or everything, sets off."""
    world = start(*filters)
    with world.fails(-1013, "Filter failure: TRAILING_DELTA"):
        contingent(world, "STOP_LOSS", "SELL", trailingDelta="0", **stop)
    with world.fails(-1013, "Filter failure: TRAILING_DELTA"):
        world.list(
            "alice", "oco", side="SELL", quantity="0.01", aboveType="LIMIT_MAKER",
            abovePrice="41000", belowType="STOP_LOSS", belowTrailingDelta="0",
            **({"belowStopPrice": "39000"} if stop else {}),
        )  # fmt: skip


def test_where_trailing_is_not_allowed() -> None:
    world = start(allowTrailingStop=False)
    with world.fails(-2010, "Trailing stop orders are not supported for this symbol."):
        contingent(world, "STOP_LOSS", "SELL", trailingDelta="100")
    shows(
        contingent(world, "STOP_LOSS", "SELL", stopPrice="39000"), trailingDelta=MISSING,
        trailingTime=MISSING, stopPrice="39000",
    )  # fmt: skip


def test_without_any_trade_it_tracks_from_the_next_one() -> None:
    world = World(listing("BTCUSDT"), alice=RICH)
    placed = contingent(world, "STOP_LOSS_LIMIT", "SELL", price="100", trailingDelta="1000")
    world.trade_at("40000", "36000.01")
    shows(world.order("alice", placed["orderId"]), isWorking=False)
    world.trade_at("36000")
    shows(world.order("alice", placed["orderId"]), isWorking=True)
