"""Every filter, on both sides of each of its boundaries: on the line yes, one step beyond no.

An order is one line: "BUY 1 @ 100" (limit), "BUY 1/0.1 @ 100" (iceberg), "BUY 1 @ 100 stop 110"
(stop-loss limit), "BUY 1 stop 110" (stop-loss), "BUY 1" (market), "BUY for 100" (by quote).
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.scenarios.harness import World, listing

from tradepit.core.rejects import Reject

RICH = {"BTC": "10000", "ETH": "10000", "USDT": "100000000"}


def order(line: str) -> dict[str, str]:
    """The parameters that a line stands for."""
    side, amount, *rest = line.split()
    params = {"side": side, "type": "MARKET"}
    if amount == "for":
        return {**params, "quoteOrderQty": rest[0]}
    words = dict(zip(rest[::2], rest[1::2], strict=True))
    params["quantity"], _, iceberg = amount.partition("/")
    if iceberg:
        params["icebergQty"] = iceberg
    if "stop" in words:
        params |= {"type": "STOP_LOSS", "stopPrice": words["stop"]}
    if "@" in words:
        kind = "STOP_LOSS_LIMIT" if "stop" in words else "LIMIT"
        params |= {"type": kind, "price": words["@"], "timeInForce": "GTC"}
    return params


def judge(world: World, name: str, yes: list[str], no: list[str]) -> None:
    """Each order of `no` fails by the filter `name`, each of `yes` passes and is canceled."""
    refused = {}
    for line in no + yes:
        try:
            world.place("alice", **order(line))
        except Reject as why:
            refused[line] = (why.code, why.msg)
        if world.account("alice").orders_open:
            world.do("alice", "DELETE /api/v3/openOrders", symbol="BTCUSDT")
        world.wait(seconds=1)
    assert refused == dict.fromkeys(no, (-1013, f"Filter failure: {name}"))


def start(*filters: dict[str, Any], last: str = "", **more: Any) -> World:
    world = World(listing("BTCUSDT", *filters), alice=RICH, **more)
    if last:
        world.trade_at(last, qty="1")
    return world


def row(kind: str, **fields: object) -> dict[str, Any]:
    return {"filterType": kind, **fields}


# --- One order by itself -------------------------------------------------------------------------


def test_price_filter() -> None:
    world = start(row("PRICE_FILTER", minPrice="10", maxPrice="1000", tickSize="0.05"))
    judge(
        world, "PRICE_FILTER",
        yes=["BUY 1 @ 10", "SELL 1 @ 1000", "BUY 1 @ 10.05", "BUY 1 @ 12 stop 1000",
             "SELL 1 stop 10", "BUY 1"],
        no=["BUY 1 @ 9.95", "SELL 1 @ 1000.05", "BUY 1 @ 10.04", "BUY 1 @ 10.06",
            "BUY 1 @ 12 stop 1000.05", "SELL 1 stop 9.95", "SELL 1 stop 10.01"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("off", "passes"),
    [
        ("minPrice", ["BUY 1 @ 0.05"]),
        ("maxPrice", ["SELL 1 @ 900000"]),
        ("tickSize", ["BUY 1 @ 10.00000001"]),
    ],
)
def test_price_filter_parts_are_off_at_zero(off: str, passes: list[str]) -> None:
    rules = {"minPrice": "10", "maxPrice": "1000", "tickSize": "0.05", off: "0"}
    judge(start(row("PRICE_FILTER", **rules)), "PRICE_FILTER", yes=passes, no=[])


def test_percent_price_by_the_last_price() -> None:
    rule = row("PERCENT_PRICE", multiplierUp="1.3", multiplierDown="0.7", avgPriceMins=0)
    judge(
        start(rule, last="100"), "PERCENT_PRICE",
        yes=["BUY 1 @ 130", "SELL 1 @ 130", "BUY 1 @ 70", "SELL 1 @ 70", "BUY 1 stop 500",
             "BUY 1 @ 130 stop 500"],
        no=["BUY 1 @ 130.01", "SELL 1 @ 130.01", "BUY 1 @ 69.99", "SELL 1 @ 69.99",
            "BUY 1 @ 130.01 stop 500"],
    )  # fmt: skip
    judge(start(rule), "PERCENT_PRICE", yes=["BUY 1 @ 0.01", "SELL 1 @ 1000000"], no=[])


def test_percent_price_by_the_average() -> None:
    """The volume weighted average of five minutes: 3 at 100 and 1 at 120 make 105."""
    world = start(row("PERCENT_PRICE", multiplierUp="1.2", multiplierDown="0.8", avgPriceMins=5))
    world.trade_at("100", qty="3")
    world.wait(minutes=2)
    world.sell("left", "1", "120")
    world.market_order("right", "BUY", "1")
    judge(
        world, "PERCENT_PRICE", yes=["BUY 1 @ 126", "BUY 1 @ 84"],
        no=["BUY 1 @ 126.01", "BUY 1 @ 83.99"],
    )  # fmt: skip
    world.wait(minutes=4)  # the first trade is too old now: 120
    judge(
        world, "PERCENT_PRICE", yes=["BUY 1 @ 144", "BUY 1 @ 96"],
        no=["BUY 1 @ 144.01", "BUY 1 @ 95.99"],
    )  # fmt: skip
    world.wait(minutes=10)  # no trade at all: the last price
    judge(world, "PERCENT_PRICE", yes=["BUY 1 @ 144"], no=["BUY 1 @ 144.01"])


def test_percent_price_by_side() -> None:
    rule = row(
        "PERCENT_PRICE_BY_SIDE", bidMultiplierUp="1.2", bidMultiplierDown="0.2",
        askMultiplierUp="5", askMultiplierDown="0.8", avgPriceMins=1,
    )  # fmt: skip
    judge(
        start(rule, last="100"), "PERCENT_PRICE_BY_SIDE",
        yes=["BUY 1 @ 120", "BUY 1 @ 20", "SELL 1 @ 500", "SELL 1 @ 80"],
        no=["BUY 1 @ 120.01", "BUY 1 @ 19.99", "SELL 1 @ 500.01", "SELL 1 @ 79.99"],
    )  # fmt: skip


def test_lot_size() -> None:
    judge(
        start(row("LOT_SIZE", minQty="0.1", maxQty="100", stepSize="0.05")), "LOT_SIZE",
        yes=["BUY 0.1 @ 10", "BUY 100 @ 10", "BUY 0.15 @ 10", "BUY 1/0.1 @ 10", "BUY 0.1",
             "SELL 100", "SELL 0.1 stop 5"],
        no=["BUY 0.05 @ 10", "BUY 100.05 @ 10", "BUY 0.12 @ 10", "BUY 1/0.05 @ 10",
            "BUY 1/0.11 @ 10", "BUY 0.05", "SELL 100.05", "SELL 0.05 stop 5"],
    )  # fmt: skip


def test_market_lot_size() -> None:
    judge(
        start(row("MARKET_LOT_SIZE", minQty="0.5", maxQty="50", stepSize="0.1")),
        "MARKET_LOT_SIZE",
        yes=["BUY 0.5", "SELL 50", "SELL 0.6", "BUY 0.4 @ 10", "BUY 51 @ 10", "BUY 0.55 @ 10"],
        no=["BUY 0.4", "SELL 50.1", "SELL 0.55"],
    )  # fmt: skip


def test_min_notional() -> None:
    rule = row("MIN_NOTIONAL", minNotional="10", applyToMarket=True, avgPriceMins=0)
    world = start(rule, last="100")
    world.sell("left", "5", "101")
    judge(
        world, "MIN_NOTIONAL", yes=["BUY 0.1 @ 100", "SELL 1 @ 10", "SELL 0.1", "BUY for 10"],
        no=["BUY 0.1 @ 99.99", "SELL 1 @ 9.99", "SELL 0.0999", "BUY for 9.99"],
    )  # fmt: skip
    rule["applyToMarket"] = False
    world = start(rule, last="100")
    judge(world, "MIN_NOTIONAL", yes=["SELL 0.0999", "SELL 0.0001"], no=["BUY 0.0999 @ 100"])


@pytest.mark.parametrize("to_market", [True, False])
def test_notional(to_market: bool) -> None:
    world = start(
        row("NOTIONAL", minNotional="10", maxNotional="1000", applyMinToMarket=to_market,
            applyMaxToMarket=to_market, avgPriceMins=5), last="100",
    )  # fmt: skip
    judge(
        world, "NOTIONAL",
        yes=["BUY 0.1 @ 100", "BUY 10 @ 100", "SELL 1 @ 10", "SELL 1 @ 1000"],
        no=["BUY 0.1 @ 99.99", "BUY 10 @ 100.01", "SELL 1 @ 9.99", "SELL 1 @ 1000.01"],
    )  # fmt: skip
    inside, outside = ["SELL 0.1", "SELL 10"], ["SELL 0.0999", "SELL 10.0001"]
    if to_market:
        judge(world, "NOTIONAL", yes=inside, no=outside)
    else:
        judge(world, "NOTIONAL", yes=inside + outside, no=[])


def test_a_market_orders_notional_is_by_the_average() -> None:
    world = start(
        row("NOTIONAL", minNotional="105", maxNotional="0", applyMinToMarket=True,
            applyMaxToMarket=False, avgPriceMins=5),
    )  # fmt: skip
    world.trade_at("100", qty="3")
    world.sell("left", "1", "120")
    world.buy("right", "1", "120")
    judge(world, "NOTIONAL", yes=["SELL 1"], no=["SELL 0.9999"])


def test_notional_zero() -> None:
    world = start(row("PRICE_FILTER", minPrice="0", maxPrice="0", tickSize="0"))
    with world.fails(-2010, "Price * QTY is zero or less."):
        world.buy("alice", "0.0001", "0.00009999")
    world.buy("alice", "0.0001", "0.0001")


def test_iceberg_parts() -> None:
    judge(
        start(row("ICEBERG_PARTS", limit=10)), "ICEBERG_PARTS",
        yes=["BUY 10/1 @ 10", "BUY 9.1/0.91 @ 10", "BUY 10/10 @ 10"],
        no=["BUY 10.0001/1 @ 10", "BUY 10/0.9999 @ 10"],
    )  # fmt: skip


def test_max_asset() -> None:
    """For all symbols of the asset: the quantity where it is the base, else the notional."""
    world = World(listing("BNBUSDC"), listing("USDCBNB"), alice={"BNB": "1000", "USDC": "1000"})
    world.account("alice").max_assets["USDC"] = 42 * 10**8
    with world.fails(-1013, "Filter failure: MAX_ASSET"):
        world.buy("alice", "1", "42.01", symbol="BNBUSDC")
    with world.fails(-1013, "Filter failure: MAX_ASSET"):
        world.sell("alice", "42.0001", "1", symbol="USDCBNB")
    world.buy("alice", "1", "42", symbol="BNBUSDC")
    world.sell("alice", "42", "1", symbol="USDCBNB")
    rows = world.ask("alice", "GET /api/v3/myFilters", symbol="BNBUSDC")["assetFilters"]
    assert rows == [{"filterType": "MAX_ASSET", "asset": "USDC", "limit": "42.00000000"}]


# --- All open orders together --------------------------------------------------------------------

LIMIT, ICEBERG, ALGO = "BUY 1 @ 10", "BUY 1/0.5 @ 10", "BUY 1 @ 10 stop 20"


@pytest.mark.parametrize(
    ("name", "field", "counts", "free"),
    [
        ("MAX_NUM_ORDERS", "maxNumOrders", [LIMIT, ALGO, ICEBERG], []),
        ("MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders", [ALGO, "SELL 1 stop 5", ALGO],
         [LIMIT, ICEBERG]),
        ("MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders", [ICEBERG] * 3, [LIMIT, ALGO]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("exchange", [False, True])
def test_how_many_orders(
    name: str, field: str, counts: list[str], free: list[str], exchange: bool
) -> None:
    """Three of a kind on the symbol, or on the whole exchange; a place that is left is free."""
    kind = "EXCHANGE_" + name if exchange else name
    rule = row(kind, **{field: 3})
    world = (
        World(listing("BTCUSDT"), listing("ETHUSDT"), alice=RICH, exchange_filters=(rule,))
        if exchange
        else World(listing("BTCUSDT", rule), listing("ETHUSDT"), alice=RICH)
    )
    other = "ETHUSDT" if exchange else "BTCUSDT"
    placed = [
        world.place("alice", symbol=symbol, **order(line))["orderId"]
        for line, symbol in zip(counts, ("BTCUSDT", other, other), strict=True)
    ]
    for line in counts:
        with world.fails(-1013, f"Filter failure: {kind}"):
            world.place("alice", **order(line))
    for line in free:
        world.place("alice", **order(line))
    if not exchange:
        world.buy("alice", "1", "10", symbol="ETHUSDT")
    world.cancel("alice", placed[0])
    world.place("alice", **order(counts[0]))


def pair(world: World) -> None:
    world.list(
        "alice", "oco", side="SELL", quantity="1", aboveType="LIMIT_MAKER", abovePrice="120",
        belowType="STOP_LOSS", belowStopPrice="80",
    )  # fmt: skip


def triple(world: World) -> None:
    world.list(
        "alice", "otoco", workingType="LIMIT", workingSide="BUY", workingPrice="90",
        workingQuantity="1", workingTimeInForce="GTC", pendingSide="SELL", pendingQuantity="1",
        pendingAboveType="LIMIT_MAKER", pendingAbovePrice="120", pendingBelowType="STOP_LOSS",
        pendingBelowStopPrice="80",
    )  # fmt: skip


@pytest.mark.parametrize("exchange", [False, True])
def test_how_many_lists(exchange: bool) -> None:
    kind = "EXCHANGE_MAX_NUM_ORDER_LISTS" if exchange else "MAX_NUM_ORDER_LISTS"
    rule = row(kind, maxNumOrderLists=2)
    world = start(exchange_filters=(rule,)) if exchange else start(rule)
    pair(world)
    triple(world)  # three orders, one list
    for place in (pair, triple):
        with world.fails(-1013, f"Filter failure: {kind}"):
            place(world)
    world.do("alice", "DELETE /api/v3/orderList", symbol="BTCUSDT", orderListId=0)
    pair(world)


def test_lists_add_all_their_orders() -> None:
    for place, orders in ((pair, 2), (triple, 3)):
        for limit in (orders, orders - 1):
            world = start(row("MAX_NUM_ORDERS", maxNumOrders=limit))
            if limit == orders:
                place(world)
            else:
                with world.fails(-1013, "Filter failure: MAX_NUM_ORDERS"):
                    place(world)


def test_max_position() -> None:
    """Free and locked base asset, open BUY orders and this one."""
    rule = row("MAX_POSITION", maxPosition="10")
    world = World(listing("BTCUSDT", rule), alice={"BTC": "4", "USDT": "100000"})
    world.sell("alice", "1", "200")  # locked, not gone
    world.buy("alice", "3", "100")
    with world.fails(-1013, "Filter failure: MAX_POSITION"):
        world.buy("alice", "3.0001", "100")
    second = world.buy("alice", "3", "90")["orderId"]
    with world.fails(-1013, "Filter failure: MAX_POSITION"):
        world.buy("alice", "0.0001", "1")
    world.sell("left", "1", "100")  # filled: it counts as balance now
    with world.fails(-1013, "Filter failure: MAX_POSITION"):
        world.market_order("alice", "BUY", "0.0001")
    world.sell("alice", "1", "250")  # selling is always allowed
    world.cancel("alice", second)
    world.buy("alice", "3", "1")


def test_amounts_that_would_overflow() -> None:
    rule = row("PRICE_FILTER", minPrice="0", maxPrice="0", tickSize="0")
    lots = row("LOT_SIZE", minQty="0", maxQty="0", stepSize="0")
    world = start(rule, lots)
    with world.fails(-1108, "Parameter 'quantity' overflowed."):
        world.buy("alice", "92233720368.54775808", "1")
    with world.fails(-1013, "Filter failure: MIN_NOTIONAL"):
        world.buy("alice", "92233720368.54775807", "92233720368.54775807")
