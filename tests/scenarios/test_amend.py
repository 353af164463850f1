"""Order amend keep priority: its FAQ's queue, client ids, icebergs, lists, and every refusal."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scenarios.harness import MISSING, World, fields, listing, shows

RICH = {"BTC": "1000", "USDT": "10000000"}
AMENDED = (
    "symbol orderId orderListId origClientOrderId clientOrderId price qty executedQty"
    " preventedQty quoteOrderQty cumulativeQuoteQty status timeInForce type side"
)


def start(*filters: dict[str, Any], **listed: object) -> World:
    return World(listing("BTCUSDT", *filters, **listed), alice=RICH, anna=RICH, ben=RICH, cid=RICH)


def queue(world: World) -> dict[str, int]:
    """The FAQ's book: A, you, B at 87,000, C at 86,999."""
    return {
        name: world.buy(name, qty, price)["orderId"]
        for name, qty, price in (
            ("anna", "1", "87000"), ("alice", "5.5", "87000"), ("ben", "4", "87000"),
            ("cid", "2", "86999"),
        )
    }  # fmt: skip


def sold_to(world: World, qty: str) -> list[tuple[str, str]]:
    """Who buys when somebody sells so much at the market."""
    world.market_order("left", "SELL", qty)
    return [
        (event.maker.account.name, str(event.qty / 10**8))
        for event in world.events
        if type(event).__name__ == "Fill"
    ]


def test_an_amended_order_keeps_its_place() -> None:
    world = start()
    ids = queue(world)
    answer = world.amend("alice", ids["alice"], "5")
    assert fields(answer) == "transactTime executionId amendedOrder"
    assert fields(answer["amendedOrder"]) == f"{AMENDED} workingTime selfTradePreventionMode"
    shows(
        answer["amendedOrder"], orderId=ids["alice"], orderListId=-1, price="87000", qty="5",
        executedQty="0", preventedQty="0", quoteOrderQty="0", cumulativeQuoteQty="0",
        status="NEW", timeInForce="GTC", type="LIMIT", side="BUY", selfTradePreventionMode="NONE",
    )  # fmt: skip
    assert world.book()[0] == ["10 @ 87000", "2 @ 86999"]
    assert world.story() == ["alice 2 REPLACED NEW"]
    assert world.funds("alice", "USDT") == ("9565000", "435000")
    assert sold_to(world, "12") == [
        ("anna", "1.0"), ("alice", "5.0"), ("ben", "4.0"), ("cid", "2.0"),
    ]  # fmt: skip


def test_cancel_replace_loses_its_place() -> None:
    world = start()
    ids = queue(world)
    answer = world.do(
        "alice", "POST /api/v3/order/cancelReplace", symbol="BTCUSDT", side="BUY", type="LIMIT",
        cancelReplaceMode="STOP_ON_FAILURE", timeInForce="GTC", quantity="5", price="87000",
        cancelOrderId=ids["alice"],
    )  # fmt: skip
    assert answer["newOrderResponse"]["orderId"] == 5
    assert sold_to(world, "12") == [
        ("anna", "1.0"), ("ben", "4.0"), ("alice", "5.0"), ("cid", "2.0"),
    ]  # fmt: skip


def test_client_ids() -> None:
    world = start()
    order_id = world.buy("alice", "5", "100", newClientOrderId="first")["orderId"]
    answer = world.amend("alice", order_id, "4")["amendedOrder"]
    assert answer["origClientOrderId"] == "first"
    assert answer["clientOrderId"] not in ("", "first")
    assert world.order("alice", order_id)["clientOrderId"] == answer["clientOrderId"]
    made_up = answer["clientOrderId"]
    answer = world.amend("alice", order_id, "3", newClientOrderId="second")["amendedOrder"]
    shows(answer, origClientOrderId=made_up, clientOrderId="second")
    answer = world.amend("alice", order_id, "2", newClientOrderId="second")["amendedOrder"]
    shows(answer, origClientOrderId="second", clientOrderId="second", qty="2")
    # The old names are free, the new one is taken.
    world.buy("alice", "1", "100", newClientOrderId="first")
    with world.fails(-2010, "Duplicate order sent."):
        world.buy("alice", "1", "100", newClientOrderId="second")
    with world.fails(-2038, "Duplicate order sent."):
        world.amend("alice", order_id, "1", newClientOrderId="first")
    # Found by its name; by both they must belong together.
    path = "PUT /api/v3/order/amend/keepPriority"
    answer = world.do(
        "alice", path, symbol="BTCUSDT", origClientOrderId="second", newQty="1.5",
        newClientOrderId="third",
    )  # fmt: skip
    shows(answer["amendedOrder"], orderId=order_id, clientOrderId="third")
    with world.fails(-2038, "Unknown order sent."):
        world.amend("alice", order_id, "1", origClientOrderId="second")


def test_amendments_are_queried() -> None:
    world = start()
    order_id = world.buy("alice", "5", "100", newClientOrderId="a")["orderId"]
    executions = [
        world.amend("alice", order_id, qty, newClientOrderId=name)["executionId"]
        for qty, name in (("4", "b"), ("3", "c"), ("2", "d"))
    ]
    path = "GET /api/v3/order/amendments"
    rows = world.ask("alice", path, symbol="BTCUSDT", orderId=order_id)
    assert fields(rows[0]) == (
        "symbol orderId executionId origClientOrderId newClientOrderId origQty newQty time"
    )
    assert [row["executionId"] for row in rows] == executions
    shows(rows[1], origClientOrderId="b", newClientOrderId="c", origQty="4", newQty="3")
    rows = world.ask(
        "alice", path, symbol="BTCUSDT", orderId=order_id, fromExecutionId=executions[1], limit=1
    )
    assert [row["newClientOrderId"] for row in rows] == ["c"]


def test_a_partly_filled_order() -> None:
    world = start()
    order_id = world.buy("alice", "5", "100")["orderId"]
    world.sell("left", "2", "100")
    answer = world.amend("alice", order_id, "3")["amendedOrder"]
    shows(answer, status="PARTIALLY_FILLED", qty="3", executedQty="2", cumulativeQuoteQty="200")
    assert world.book()[0] == ["1 @ 100"]
    assert world.funds("alice", "USDT")[1] == "100"
    with world.fails(-2038, "The requested action would change no state; rejecting."):
        world.amend("alice", order_id, "2")
    world.sell("left", "1", "100")
    shows(world.order("alice", order_id), status="FILLED", origQty="3", executedQty="3")


def test_icebergs_show_less_only_below_their_visible_part() -> None:
    world = start()
    order_id = world.buy("alice", "10", "100", icebergQty="2")["orderId"]
    shows(world.amend("alice", order_id, "5")["amendedOrder"], icebergQty="2", qty="5")
    assert world.book()[0] == ["2 @ 100"]
    shows(world.amend("alice", order_id, "2")["amendedOrder"], icebergQty="2")
    assert world.book()[0] == ["2 @ 100"]
    world.amend("alice", order_id, "1.5")
    assert world.book()[0] == ["1.5 @ 100"]
    world.buy("anna", "1", "100")
    assert sold_to(world, "1.5") == [("alice", "1.5")]  # still first


def oco(world: World) -> list[int]:
    world.trade_at("100")
    placed = world.list(
        "alice", "oco", side="BUY", quantity="5", belowType="LIMIT_MAKER", belowPrice="90",
        belowIcebergQty="1", aboveType="STOP_LOSS_LIMIT", abovePrice="112", aboveStopPrice="110",
        aboveTimeInForce="GTC", aboveClientOrderId="above", belowClientOrderId="below",
    )  # fmt: skip
    return [order["orderId"] for order in placed["orders"]]


@pytest.mark.parametrize("leg", [0, 1])
def test_both_legs_of_an_oco_shrink_together(leg: int) -> None:
    world = start()
    ids = oco(world)
    assert world.funds("alice", "USDT")[1] == "560"
    answer = world.amend("alice", ids[leg], "4", newClientOrderId="new")
    shows(answer["amendedOrder"], qty="4", orderListId=0, clientOrderId="new")
    listed = answer["listStatus"]
    assert fields(listed) == (
        "orderListId contingencyType listOrderStatus listClientOrderId symbol orders"
    )
    shows(listed, contingencyType="OCO", listOrderStatus="EXECUTING")
    assert listed["orders"][leg]["clientOrderId"] == "new"
    assert listed["orders"][1 - leg]["clientOrderId"] == ["above", "below"][1 - leg]
    for order_id in ids:
        shows(world.order("alice", order_id), origQty="4", status="NEW")
    assert world.funds("alice", "USDT")[1] == "448"
    assert f"alice {ids[leg]} REPLACED NEW" in world.story()
    assert world.story()[-1] == "alice list 0 UPDATED EXECUTING"
    world.amend("alice", ids[leg], "3", newClientOrderId="new")
    assert "alice list 0 UPDATED EXECUTING" not in world.story()  # no name changed
    world.sell("left", "3", "90")
    shows(world.order("alice", ids[1]), status="FILLED", executedQty="3")


def oto(world: World) -> list[int]:
    placed = world.list(
        "alice", "oto", workingType="LIMIT", workingSide="SELL", workingPrice="100",
        workingQuantity="3", workingTimeInForce="GTC", pendingType="MARKET", pendingSide="BUY",
        pendingQuantity="5",
    )  # fmt: skip
    return [order["orderId"] for order in placed["orders"]]


def test_orders_of_an_oto_shrink_one_by_one() -> None:
    world = start()
    working, pending = oto(world)
    answer = world.amend("alice", pending, "4")
    assert fields(answer["amendedOrder"]) == f"{AMENDED} selfTradePreventionMode"
    shows(
        answer["amendedOrder"], status="PENDING_NEW", type="MARKET", qty="4", price="0",
        workingTime=MISSING,
    )  # fmt: skip
    shows(answer["listStatus"], contingencyType="OTO", listOrderStatus="EXECUTING")
    shows(world.order("alice", working), origQty="3")
    shows(world.amend("alice", working, "2")["amendedOrder"], qty="2", status="NEW")
    shows(world.order("alice", pending), origQty="4")
    world.sell("left", "9", "101")
    world.buy("right", "2", "100")
    shows(world.order("alice", pending), status="FILLED", executedQty="4")


def test_a_pending_opo_order_has_no_quantity_to_amend() -> None:
    world = start()
    placed = world.list(
        "alice", "opo", workingType="LIMIT", workingSide="BUY", workingPrice="100",
        workingQuantity="3", workingTimeInForce="GTC", pendingType="LIMIT", pendingSide="SELL",
        pendingPrice="110", pendingTimeInForce="GTC",
    )  # fmt: skip
    working, pending = (order["orderId"] for order in placed["orders"])
    with world.fails(-2038, "Order amend (pending OPO order) is not supported."):
        world.amend("alice", pending, "1")
    shows(world.amend("alice", working, "2")["amendedOrder"], qty="2")
    world.sell("left", "2", "100")
    shows(world.amend("alice", pending, "1")["amendedOrder"], qty="1", status="NEW")


def test_what_is_refused() -> None:
    world = start(
        {"filterType": "NOTIONAL", "minNotional": "100", "maxNotional": "100000"},
        {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": 2},
    )
    order_id = world.buy("alice", "5", "100")["orderId"]
    with world.fails(-2038, "Order amend (quantity increase) is not supported."):
        world.amend("alice", order_id, "5.0001")
    with world.fails(-2038, "The requested action would change no state; rejecting."):
        world.amend("alice", order_id, "5")
    with world.fails(-2038, "Unknown order sent."):
        world.amend("alice", 99, "1")
    with world.fails(-2038, "Unknown order sent."):
        world.amend("anna", order_id, "1")
    with world.fails(-1013, "Filter failure: LOT_SIZE"):
        world.amend("alice", order_id, "4.00005")
    with world.fails(-1013, "Filter failure: NOTIONAL"):
        world.amend("alice", order_id, "0.9999")
    with world.fails(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were"
                            " empty/null!"):  # fmt: skip
        world.do("alice", "PUT /api/v3/order/amend/keepPriority", symbol="BTCUSDT", newQty="1")
    with world.fails(-1102, "Mandatory parameter 'newQty' was not sent, was empty/null, or"
                            " malformed."):  # fmt: skip
        world.do("alice", "PUT /api/v3/order/amend/keepPriority", symbol="BTCUSDT", orderId="1")
    world.amend("alice", order_id, "4")
    world.amend("alice", order_id, "3")
    with world.fails(-2038, "Filter failure: MAX_NUM_ORDER_AMENDS"):
        world.amend("alice", order_id, "2")
    closed = start(amendAllowed=False)
    order_id = closed.buy("alice", "5", "100")["orderId"]
    with closed.fails(-2038, "Order amend is not supported for this symbol."):
        closed.amend("alice", order_id, "1")


def test_the_name_must_be_that_of_the_order() -> None:
    """A query by both names the order by its id, and refuses another name with -2039."""
    world = start()
    order_id = world.buy("alice", "5", "100", newClientOrderId="mine")["orderId"]
    with world.fails(-2039, "Client order ID is not correct for this order ID."):
        world.ask("alice", "GET /api/v3/order", symbol="BTCUSDT", orderId=order_id,
                  origClientOrderId="other")  # fmt: skip
    shows(
        world.ask("alice", "GET /api/v3/order", symbol="BTCUSDT", orderId=order_id,
                  origClientOrderId="mine"),
        orderId=order_id,
    )  # fmt: skip


def test_waiting_stop_orders_can_be_amended() -> None:
    world = start()
    world.trade_at("100")
    order_id = world.place(
        "alice", side="BUY", type="STOP_LOSS_LIMIT", quantity="5", price="120", stopPrice="110",
        timeInForce="GTC",
    )["orderId"]  # fmt: skip
    assert world.funds("alice", "USDT")[1] == "600"
    shows(world.amend("alice", order_id, "4")["amendedOrder"], stopPrice="110", qty="4")
    assert world.funds("alice", "USDT")[1] == "480"
    world.trade_at("110")
    assert world.book()[0] == ["4 @ 120"]
