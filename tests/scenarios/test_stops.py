"""Orders that wait for a price: when they may be placed, when they fire, what they set off."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scenarios.harness import World, listing, shows

RICH = {"BTC": "1000", "USDT": "1000000"}
WOULD = "Order would trigger immediately."


def start(**alice: str) -> World:
    """The last price is 100; 100 are bid at 50 and offered at 150."""
    world = World(listing("BTCUSDT"), alice=alice or RICH, bob=RICH)
    world.trade_at("100")
    world.buy("left", "100", "50")
    world.sell("left", "100", "150")
    return world


def waiting(world: World, kind: str, side: str, stop: str, **params: object) -> Any:
    params = {"quantity": "1", "newOrderRespType": "RESULT", **params}
    if kind.endswith("LIMIT"):
        params = {"price": stop, "timeInForce": "GTC", **params}
    name = params.pop("name", "alice")
    return world.place(str(name), type=kind, side=side, stopPrice=stop, **params)


@pytest.mark.parametrize("limit", ["", "_LIMIT"])
@pytest.mark.parametrize(
    ("kind", "side", "good", "bad"),
    [
        # Above the market: STOP_LOSS BUY, TAKE_PROFIT SELL. Below: the other two.
        ("STOP_LOSS", "BUY", "100.01", "100"),
        ("TAKE_PROFIT", "SELL", "100.01", "100"),
        ("STOP_LOSS", "SELL", "99.99", "100"),
        ("TAKE_PROFIT", "BUY", "99.99", "100"),
    ],
)
def test_where_stop_prices_may_be(kind: str, side: str, good: str, bad: str, limit: str) -> None:
    world = start()
    with world.fails(-2010, WOULD):
        waiting(world, kind + limit, side, bad)
    answer = waiting(world, kind + limit, side, good)
    shows(answer, status="NEW", stopPrice=good, workingTime=-1)
    shows(
        world.order("alice", answer["orderId"]), isWorking=False, workingTime=-1, stopPrice=good,
        status="NEW",
    )  # fmt: skip
    assert world.book() == (["100 @ 50"], ["100 @ 150"])  # it is not on the book


@pytest.mark.parametrize(
    ("kind", "side", "stop", "almost"),
    [
        ("STOP_LOSS", "BUY", "110", "109.99"),
        ("TAKE_PROFIT", "SELL", "110", "109.99"),
        ("STOP_LOSS", "SELL", "90", "90.01"),
        ("TAKE_PROFIT", "BUY", "90", "90.01"),
    ],
)
def test_a_trade_at_the_stop_price_fires(kind: str, side: str, stop: str, almost: str) -> None:
    world = start()
    market = waiting(world, kind, side, stop)["orderId"]
    limit = waiting(world, f"{kind}_LIMIT", side, stop)["orderId"]
    world.trade_at(almost)
    shows(world.order("alice", market), isWorking=False)
    world.trade_at(stop)
    price = "150" if side == "BUY" else "50"
    shows(
        world.order("alice", market), status="FILLED", isWorking=True, price="0",
        cummulativeQuoteQty=price,
    )  # fmt: skip
    shows(
        world.order("alice", limit), status="NEW", isWorking=True,
        workingTime=world.now_us // 1000,
    )  # fmt: skip
    rests = world.book()[0 if side == "BUY" else 1]
    assert rests[0] == f"1 @ {stop}"


def test_only_trades_fire_not_quotes() -> None:
    world = start()
    order_id = waiting(world, "STOP_LOSS", "SELL", "90")["orderId"]
    world.buy("left", "1", "80")
    world.sell("left", "1", "85")
    shows(world.order("alice", order_id), isWorking=False)


def test_a_stop_that_is_passed_fires_too() -> None:
    world = start()
    order_id = waiting(world, "STOP_LOSS_LIMIT", "SELL", "90", price="60")["orderId"]
    world.trade_at("55")
    shows(world.order("alice", order_id), isWorking=True)
    assert world.book()[1][0] == "1 @ 60"


def test_stops_set_each_other_off() -> None:
    """One sale starts a chain; each link fires by the trade before it, all at one moment."""
    world = start()
    for price in ("95", "90", "85"):
        world.buy("left", "1", price)
    first = waiting(world, "STOP_LOSS", "SELL", "95")["orderId"]
    second = waiting(world, "STOP_LOSS", "SELL", "90", name="bob")["orderId"]
    third = waiting(world, "STOP_LOSS_LIMIT", "SELL", "85", price="84")["orderId"]
    world.market_order("right", "SELL", "1")
    assert world.story() == [
        "right 11 NEW NEW", "fill 1 @ 95", "right 11 TRADE FILLED", "left 5 TRADE FILLED",
        f"alice {first} NEW NEW", "fill 1 @ 90", f"alice {first} TRADE FILLED",
        "left 6 TRADE FILLED",
        f"bob {second} NEW NEW", "fill 1 @ 85", f"bob {second} TRADE FILLED",
        "left 7 TRADE FILLED",
        f"alice {third} NEW NEW",
    ]  # fmt: skip
    assert world.book()[1][0] == "1 @ 84"


@pytest.mark.parametrize(("side", "stops"), [("SELL", ("92", "95", "92")),
                                             ("BUY", ("108", "105", "108"))])  # fmt: skip
def test_in_which_order_they_fire(side: str, stops: tuple[str, ...]) -> None:
    """The stop price met first, then the older order."""
    world = start()
    ids = [waiting(world, "STOP_LOSS", side, stop)["orderId"] for stop in stops]
    world.trade_at("90" if side == "SELL" else "110")
    fired = [words for words in world.story("alice") if "NEW" in words]
    assert fired == [f"alice {ids[n]} NEW NEW" for n in (1, 0, 2)]


def test_the_taker_that_fires_them_is_served_first() -> None:
    """A stop fires after the order whose trade met it has done all its trading."""
    world = start()
    world.buy("left", "1", "90")
    world.buy("left", "1", "80")
    order_id = waiting(world, "STOP_LOSS", "SELL", "90")["orderId"]
    shows(world.market_order("right", "SELL", "2"), cummulativeQuoteQty="170")
    shows(world.order("alice", order_id), status="FILLED", cummulativeQuoteQty="50")


def test_what_waiting_orders_hold() -> None:
    world = start(USDT="1000", BTC="10")
    waiting(world, "STOP_LOSS", "SELL", "90", quantity="4")
    assert world.funds("alice", "BTC") == ("6", "4")
    limit = waiting(world, "STOP_LOSS_LIMIT", "BUY", "110", price="120", quantity="2")
    assert world.funds("alice", "USDT") == ("760", "240")
    market = waiting(world, "STOP_LOSS", "BUY", "110", quantity="2")
    assert world.funds("alice", "USDT") == ("540", "460")
    with world.fails(-2010, "Account has insufficient balance for requested action."):
        waiting(world, "STOP_LOSS_LIMIT", "BUY", "110", price="541")
    world.cancel("alice", limit["orderId"])
    world.cancel("alice", market["orderId"])
    assert world.funds("alice", "USDT") == ("1000", "0")


def test_a_fired_market_order_that_cannot_pay_expires() -> None:
    world = start(USDT="110", BTC="0")
    order_id = waiting(world, "STOP_LOSS", "BUY", "110")["orderId"]
    assert world.funds("alice", "USDT") == ("0", "110")
    world.trade_at("110")
    shows(world.order("alice", order_id), status="EXPIRED", expiryReason="REJECTED")
    assert world.funds("alice", "USDT") == ("110", "0")


def test_fired_orders_keep_their_time_in_force() -> None:
    world = start()
    ioc = waiting(world, "STOP_LOSS_LIMIT", "BUY", "110", price="120", timeInForce="IOC")
    fok = waiting(world, "STOP_LOSS_LIMIT", "BUY", "110", price="150", timeInForce="FOK")
    world.trade_at("110")
    shows(
        world.order("alice", ioc["orderId"]), status="EXPIRED",
        expiryReason="UNFILLED_IOC_QUANTITY_EXPIRED",
    )  # fmt: skip
    shows(world.order("alice", fok["orderId"]), status="FILLED", cummulativeQuoteQty="150")


def test_a_fired_market_order_takes_what_is_there() -> None:
    world = start()
    order_id = waiting(world, "STOP_LOSS", "SELL", "90", quantity="150")["orderId"]
    world.trade_at("90")
    shows(
        world.order("alice", order_id), status="EXPIRED", executedQty="100",
        expiryReason="INSUFFICIENT_LIQUIDITY",
    )  # fmt: skip


def test_a_canceled_stop_never_fires() -> None:
    world = start()
    order_id = waiting(world, "STOP_LOSS", "SELL", "90")["orderId"]
    shows(world.cancel("alice", order_id), status="CANCELED", stopPrice="90")
    world.trade_at("80")
    shows(world.order("alice", order_id), status="CANCELED", executedQty="0")


def test_before_any_trade_nothing_would_trigger() -> None:
    world = World(listing("BTCUSDT"), alice=RICH)
    answer = waiting(world, "STOP_LOSS", "SELL", "90")
    world.trade_at("100")
    shows(world.order("alice", answer["orderId"]), isWorking=False)


def test_an_iceberg_stop_rests_sliced() -> None:
    world = start()
    waiting(world, "STOP_LOSS_LIMIT", "SELL", "90", quantity="5", icebergQty="1")
    world.trade_at("90")
    assert world.book()[1][0] == "1 @ 90"
