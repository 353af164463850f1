"""Cancels, client order ids, test orders, closed markets, accounts that may not trade."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scenarios.harness import World, fields, listing, shows

from tradepit.core.terms import SYMBOL_STATUSES

RICH = {"BTC": "1000", "USDT": "1000000"}
UNKNOWN = "Unknown order sent."
CANCELED = (
    "symbol origClientOrderId orderId orderListId clientOrderId transactTime price origQty"
    " executedQty origQuoteOrderQty cummulativeQuoteQty status timeInForce type side"
    " selfTradePreventionMode"
)


def start(**listed: object) -> World:
    return World(listing("BTCUSDT", **listed), alice=RICH, bob=RICH)


def cancel(world: World, **params: object) -> Any:
    return world.do("alice", "DELETE /api/v3/order", symbol="BTCUSDT", **params)


def test_the_answer() -> None:
    world = start()
    world.buy("alice", "1", "2", newClientOrderId="myOrder1")
    answer = cancel(world, origClientOrderId="myOrder1", newClientOrderId="cancelMyOrder1")
    assert fields(answer) == CANCELED
    shows(
        answer, origClientOrderId="myOrder1", clientOrderId="cancelMyOrder1", price="2",
        origQty="1", executedQty="0", cummulativeQuoteQty="0", status="CANCELED", type="LIMIT",
        timeInForce="GTC", side="BUY", orderListId=-1,
    )  # fmt: skip
    assert world.funds("alice", "USDT") == ("1000000", "0")
    assert world.story() == ["alice 1 CANCELED CANCELED"]


def test_which_order_is_meant() -> None:
    world = start()
    first = world.buy("alice", "1", "2", newClientOrderId="first")["orderId"]
    world.buy("alice", "1", "2", newClientOrderId="second")
    with world.fails(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were"
                            " empty/null!"):  # fmt: skip
        cancel(world)
    for wrong in (
        {"orderId": 99}, {"origClientOrderId": "third"},
        {"orderId": first, "origClientOrderId": "second"},
    ):  # fmt: skip
        with world.fails(-2011, UNKNOWN):
            cancel(world, **wrong)
    with world.fails(-2011, UNKNOWN):
        world.do("bob", "DELETE /api/v3/order", symbol="BTCUSDT", orderId=first)
    shows(cancel(world, orderId=first, origClientOrderId="first"), orderId=first)
    with world.fails(-2011, UNKNOWN):
        cancel(world, orderId=first)


def test_restrictions() -> None:
    world = start()
    words = "Order was not canceled due to cancel restrictions."
    for filled, good, bad in (
        (False, "ONLY_NEW", "ONLY_PARTIALLY_FILLED"),
        (True, "ONLY_PARTIALLY_FILLED", "ONLY_NEW"),
    ):
        order_id = world.buy("alice", "2", "10")["orderId"]
        if filled:
            world.sell("left", "1", "10")
        with world.fails(-2011, words):
            cancel(world, orderId=order_id, cancelRestrictions=bad)
        shows(cancel(world, orderId=order_id, cancelRestrictions=good), status="CANCELED")
    with world.fails(-1145, "Invalid cancelRestrictions"):
        cancel(world, orderId=1, cancelRestrictions="ONLY_FILLED")


def test_client_ids_are_unique_among_open_orders() -> None:
    world = start()
    world.buy("alice", "1", "2", newClientOrderId="mine")
    with world.fails(-2010, "Duplicate order sent."):
        world.buy("alice", "1", "2", newClientOrderId="mine")
    world.buy("bob", "1", "2", newClientOrderId="mine")  # another account
    cancel(world, origClientOrderId="mine")
    filled = world.buy("alice", "1", "3", newClientOrderId="mine")
    world.sell("left", "1", "3")
    again = world.buy("alice", "1", "4", newClientOrderId="mine")
    assert again["orderId"] > filled["orderId"]
    found = world.ask("alice", "GET /api/v3/order", symbol="BTCUSDT", origClientOrderId="mine")
    shows(found, orderId=again["orderId"], status="NEW")


def test_client_ids_that_are_made_up() -> None:
    world = start()
    names = {world.buy("alice", "1", "2")["clientOrderId"] for _ in range(5)}
    assert len(names) == 5
    assert all(len(name) == 22 and name.isalnum() for name in names)


@pytest.mark.parametrize("name", ["x" * 36, "a.B:c/d_e-9"])
def test_legal_client_ids(name: str) -> None:
    shows(start().buy("alice", "1", "2", newClientOrderId=name), clientOrderId=name)


@pytest.mark.parametrize("name", ["x" * 37, "a b", "ä", "a\n", "a+b"])
def test_illegal_client_ids(name: str) -> None:
    words = (
        "Illegal characters found in parameter 'newClientOrderId'; legal range is"
        r" '^[\.A-Z\:/a-z0-9_-]{1,36}$'."
    )
    with start().fails(-1100, words):
        start().buy("alice", "1", "2", newClientOrderId=name)


# --- All of a symbol -----------------------------------------------------------------------------


def test_cancel_all() -> None:
    world = World(listing("BTCUSDT"), listing("ETHUSDT"), alice=RICH)
    world.trade_at("100")
    first = world.buy("alice", "1", "90")
    listed = world.list(
        "alice", "oco", side="BUY", quantity="1", aboveType="STOP_LOSS_LIMIT", abovePrice="121",
        aboveStopPrice="120", aboveTimeInForce="GTC", belowType="LIMIT_MAKER", belowPrice="80",
    )  # fmt: skip
    last = world.buy("alice", "1", "91")
    world.buy("alice", "1", "91", symbol="ETHUSDT")
    answer = world.do("alice", "DELETE /api/v3/openOrders", symbol="BTCUSDT")
    assert [row.get("orderId", row["orderListId"]) for row in answer] == [
        first["orderId"], 0, last["orderId"],
    ]  # fmt: skip
    single, of_list, _ = answer
    assert fields(single) == CANCELED
    assert fields(of_list) == (
        "orderListId contingencyType listStatusType listOrderStatus listClientOrderId"
        " transactionTime symbol orders orderReports"
    )
    shows(of_list, listStatusType="ALL_DONE", listOrderStatus="ALL_DONE", contingencyType="OCO")
    assert [row["orderId"] for row in of_list["orderReports"]] == [
        order["orderId"] for order in listed["orders"]
    ]
    assert {row["status"] for row in of_list["orderReports"]} == {"CANCELED"}
    names = {row["clientOrderId"] for row in (single, *of_list["orderReports"])}
    assert len(names) == 1  # one cancel, one name
    assert world.funds("alice", "USDT")[1] == "91"  # ETHUSDT is left alone
    with world.fails(-2011, UNKNOWN):
        world.do("alice", "DELETE /api/v3/openOrders", symbol="BTCUSDT")


# --- Test orders ---------------------------------------------------------------------------------


def test_a_test_order_is_judged_like_a_real_one() -> None:
    world = start()
    good = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
            "quantity": "1", "price": "100"}  # fmt: skip
    path = "POST /api/v3/order/test"
    assert world.ask("alice", path, **good) == {}
    assert world.ask("alice", path, **{**good, "quantity": "9000"}) == {}  # funds are not asked
    with world.fails(-1013, "Filter failure: LOT_SIZE"):
        world.ask("alice", path, **{**good, "quantity": "9001"})
    with world.fails(-1013, "Filter failure: PRICE_FILTER"):
        world.ask("alice", path, **{**good, "price": "100.001"})
    with world.fails(-1106, "Parameter 'stopPrice' sent when not required."):
        world.ask("alice", path, **good, stopPrice="1")
    assert world.book() == ([], [])
    assert world.counts("alice") == (0, 0)
    full = World(
        listing("BTCUSDT", {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 1}), alice=RICH
    )
    full.buy("alice", "1", "100")
    with full.fails(-1013, "Filter failure: MAX_NUM_ORDERS"):
        full.ask("alice", path, **good)


# --- Who and where -------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["HALT", "BREAK", "END_OF_DAY", "CANCEL_ONLY"])
def test_closed_markets(status: str) -> None:
    world = start()
    order_id = world.buy("alice", "1", "100")["orderId"]
    world.market().status = SYMBOL_STATUSES.index(status)
    with world.fails(-2010, "Market is closed."):
        world.buy("alice", "1", "100")
    with world.fails(-2010, "Market is closed."):
        world.market_order("alice", "SELL", "1")
    if status == "CANCEL_ONLY":
        shows(cancel(world, orderId=order_id), status="CANCELED")
        return
    with world.fails(-2011, "Market is closed."):
        cancel(world, orderId=order_id)
    with world.fails(-2011, "Market is closed."):
        world.do("alice", "DELETE /api/v3/openOrders", symbol="BTCUSDT")


def test_accounts_that_may_not() -> None:
    world = start(permissionSets=[["SPOT", "TRD_GRP_004"], ["MARGIN", "SPOT"]])
    world.buy("alice", "1", "100")
    world.account("alice").permissions = ["TRD_GRP_004"]  # of the second set it has none
    with world.fails(-2010, "This symbol is not permitted for this account."):
        world.buy("alice", "1", "100")
    world.account("alice").permissions = ["MARGIN", "TRD_GRP_004"]
    world.buy("alice", "1", "100")
    world.account("alice").can_trade = False
    with world.fails(-2010, "This account may not place or cancel orders."):
        world.buy("alice", "1", "100")
    with world.fails(-2011, "This account may not place or cancel orders."):
        cancel(world, orderId=1)
    with world.fails(-2011, "This account may not place or cancel orders."):
        world.do("alice", "DELETE /api/v3/openOrders", symbol="BTCUSDT")


def test_insufficient_balance_at_the_edge() -> None:
    world = World(listing("BTCUSDT"), alice={"BTC": "1", "USDT": "100"})
    words = "Account has insufficient balance for requested action."
    for go, fits, over in (
        (world.buy, ("1", "100"), ("1", "100.01")), (world.sell, ("1", "200"), ("1.0001", "200")),
    ):  # fmt: skip
        with world.fails(-2010, words):
            go("alice", *over)
        shows(go("alice", *fits), status="NEW")


def test_what_never_traded_is_archived_after_ninety_days() -> None:
    world = start()
    untouched = world.buy("alice", "1", "100")["orderId"]
    touched = world.buy("alice", "1", "101")["orderId"]
    world.sell("right", "0.5", "101")
    expired = world.buy("alice", "1", "100", timeInForce="IOC")["orderId"]
    resting = world.buy("alice", "1", "99")["orderId"]
    for order_id in (untouched, touched):
        cancel(world, orderId=order_id)
    world.wait(hours=90 * 24 - 1)
    shows(world.order("alice", untouched), status="CANCELED")
    world.wait(hours=2)
    for order_id in (untouched, expired):
        with world.fails(
            -2026,
            "Order was canceled or expired with no executed qty over 90 days ago and has been"
            " archived.",
        ):
            world.order("alice", order_id)
    shows(world.order("alice", touched), status="CANCELED")
    shows(world.order("alice", resting), status="NEW")
