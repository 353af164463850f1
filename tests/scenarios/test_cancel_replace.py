"""Cancel an order and send another: every row of the table in rest-api.md."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scenarios.harness import World, fields, listing, shows

PATH = "POST /api/v3/order/cancelReplace"
UNKNOWN = {"code": -2011, "msg": "Unknown order sent."}
TAKES = {"code": -2010, "msg": "Order would immediately match and take."}
LIMITED = {"code": -1015, "msg": "Too many new orders; current limit is 50 orders per 10 SECOND."}
GOOD = {"type": "LIMIT_MAKER", "price": "90"}
TAKER = {"type": "LIMIT_MAKER", "price": "150"}

S, F, N = "SUCCESS", "FAILURE", "NOT_ATTEMPTED"
TABLE = [
    # mode, over the limit: mode for that, can cancel, new order is good, results, status
    *(
        row
        for exceeded in ("DO_NOTHING", "CANCEL_ONLY")
        for row in (
            ("STOP_ON_FAILURE", exceeded, False, True, True, S, S, 200),
            ("STOP_ON_FAILURE", exceeded, False, False, True, F, N, 400),
            ("STOP_ON_FAILURE", exceeded, False, True, False, S, F, 409),
            ("ALLOW_FAILURE", exceeded, False, True, True, S, S, 200),
            ("ALLOW_FAILURE", exceeded, False, False, False, F, F, 400),
            ("ALLOW_FAILURE", exceeded, False, False, True, F, S, 409),
            ("ALLOW_FAILURE", exceeded, False, True, False, S, F, 409),
        )
    ),
    ("STOP_ON_FAILURE", "CANCEL_ONLY", True, False, True, F, N, 429),
    ("STOP_ON_FAILURE", "CANCEL_ONLY", True, True, True, S, F, 429),
    ("ALLOW_FAILURE", "CANCEL_ONLY", True, False, True, F, F, 400),
    ("ALLOW_FAILURE", "CANCEL_ONLY", True, True, True, S, F, 409),
]


def start(full: bool = False, **listed: object) -> tuple[World, int]:
    """An order of alice, an ask at 150; `full`: her order count is at its limit."""
    world = World(listing("BTCUSDT", **listed), alice={"BTC": "10", "USDT": "100000"})
    world.trade_at("100")
    world.sell("left", "1", "150")
    order_id = world.buy("alice", "1", "80")["orderId"]
    for _ in range(49 if full else 0):
        world.buy("alice", "1", "70")
    return world, order_id


def replace(world: World, cancels: int, **params: object) -> Any:
    good = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "1", "cancelOrderId": cancels,
            "cancelReplaceMode": "STOP_ON_FAILURE", **GOOD}  # fmt: skip
    return world.do("alice", PATH, **{**good, **params})


@pytest.mark.parametrize(
    ("mode", "exceeded", "full", "can_cancel", "is_good", "canceled", "placed", "status"), TABLE
)
def test_the_table(
    mode: str, exceeded: str, full: bool, can_cancel: bool, is_good: bool, canceled: str,
    placed: str, status: int,
) -> None:  # fmt: skip
    world, order_id = start(full)
    count = world.counts("alice")[0]
    params = {
        "cancelReplaceMode": mode, "orderRateLimitExceededMode": exceeded,
        **(GOOD if is_good else TAKER),
    }  # fmt: skip
    target = order_id if can_cancel else 999
    if status == 200:
        answer = replace(world, target, newOrderRespType="FULL", **params)
    else:
        both = canceled != "SUCCESS" and placed != "SUCCESS"
        code, words = (
            (-2022, "Order cancel-replace failed.")
            if both
            else (-2021, "Order cancel-replace partially failed.")
        )
        with world.fails(code, words, status) as told:
            replace(world, target, **params)
        answer = told.data
        assert bool(told.retry_after_s) == (status == 429)
    assert fields(answer) == "cancelResult newOrderResult cancelResponse newOrderResponse"
    shows(answer, cancelResult=canceled, newOrderResult=placed)
    if canceled == "SUCCESS":
        shows(answer["cancelResponse"], orderId=order_id, status="CANCELED", price="80")
    else:
        assert answer["cancelResponse"] == UNKNOWN
    if placed == "SUCCESS":
        assert answer["newOrderResponse"]["orderId"] > order_id
    else:
        why = LIMITED if full else TAKES
        assert answer["newOrderResponse"] == (None if placed == N else why)
    first = world.order("alice", order_id)["status"]
    assert first == ("CANCELED" if canceled == "SUCCESS" else "NEW")
    # A new order that was not attempted counts too; one over the limit does not.
    expected = count + (0 if full or placed == "FAILURE" else 1)
    assert world.counts("alice")[0] == expected


@pytest.mark.parametrize("mode", ["STOP_ON_FAILURE", "ALLOW_FAILURE"])
@pytest.mark.parametrize("exceeded", [{}, {"orderRateLimitExceededMode": "DO_NOTHING"}])
def test_over_the_limit_nothing_is_done(mode: str, exceeded: dict[str, str]) -> None:
    world, order_id = start(full=True)
    with world.fails(LIMITED["code"], str(LIMITED["msg"]), 429) as told:
        replace(world, order_id, cancelReplaceMode=mode, **exceeded)
    assert told.data is None
    shows(world.order("alice", order_id), status="NEW")


def test_default_answers() -> None:
    """ACK for a LIMIT_MAKER, FULL for a LIMIT, as for new orders."""
    world, order_id = start()
    answer = replace(world, order_id)
    ack = "symbol orderId orderListId clientOrderId transactTime"
    assert fields(answer["newOrderResponse"]) == ack
    answer = replace(
        world, answer["newOrderResponse"]["orderId"], type="LIMIT", timeInForce="GTC",
        newClientOrderId="new", cancelNewClientOrderId="cancel",
    )  # fmt: skip
    shows(answer["newOrderResponse"], fills=[], status="NEW", clientOrderId="new")
    shows(answer["cancelResponse"], clientOrderId="cancel")


def test_filters_come_before_the_cancel() -> None:
    world, order_id = start()
    with world.fails(-1013, "Filter failure: PRICE_FILTER"):
        replace(world, order_id, price="90.001")
    with world.fails(-1013, "Filter failure: LOT_SIZE"):
        replace(world, order_id, quantity="0.00001")
    with world.fails(-1106, "Parameter 'stopPrice' sent when not required."):
        replace(world, order_id, stopPrice="1")
    shows(world.order("alice", order_id), status="NEW")


def test_open_orders_are_counted_before_the_cancel() -> None:
    limit = {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 2}
    world = World(listing("BTCUSDT", limit), alice={"USDT": "1000"})
    first = world.buy("alice", "1", "80")["orderId"]
    replaced = replace(world, first)["newOrderResponse"]["orderId"]
    world.buy("alice", "1", "80")
    with world.fails(-1013, "Filter failure: MAX_NUM_ORDERS"):
        replace(world, replaced)
    shows(world.order("alice", replaced), status="NEW")


def test_funds_come_after_the_cancel() -> None:
    """What the old order held pays for the new one."""
    world = World(listing("BTCUSDT"), alice={"USDT": "100"})
    order_id = world.buy("alice", "1", "100")["orderId"]
    answer = replace(world, order_id, type="LIMIT", timeInForce="GTC", price="50", quantity="2")
    shows(answer, cancelResult="SUCCESS", newOrderResult="SUCCESS")
    assert world.funds("alice", "USDT") == ("0", "100")
    order_id = answer["newOrderResponse"]["orderId"]
    with world.fails(-2021, "Order cancel-replace partially failed.", 409) as told:
        replace(world, order_id, price="50.01", quantity="2")
    assert told.data["newOrderResponse"] == {
        "code": -2010, "msg": "Account has insufficient balance for requested action.",
    }  # fmt: skip
    assert world.funds("alice", "USDT") == ("100", "0")


def test_which_order_is_meant() -> None:
    world, _ = start()
    world.buy("alice", "1", "80", newClientOrderId="mine")
    with world.fails(-1102, "Param 'cancelOrigClientOrderId' or 'cancelOrderId' must be sent, but"
                            " both were empty/null!"):  # fmt: skip
        world.do("alice", PATH, symbol="BTCUSDT", side="BUY", quantity="1",
                 cancelReplaceMode="ALLOW_FAILURE", **GOOD)  # fmt: skip
    answer = world.do(
        "alice", PATH, symbol="BTCUSDT", side="BUY", quantity="1",
        cancelReplaceMode="STOP_ON_FAILURE", cancelOrigClientOrderId="mine", **GOOD,
    )  # fmt: skip
    shows(answer["cancelResponse"], origClientOrderId="mine")
    with world.fails(-2022, "Order cancel-replace failed."):
        replace(world, 4, cancelOrigClientOrderId="other")


def test_restrictions() -> None:
    world, order_id = start()
    with world.fails(-2022, "Order cancel-replace failed.") as told:
        replace(world, order_id, cancelRestrictions="ONLY_PARTIALLY_FILLED")
    assert told.data["cancelResponse"] == {
        "code": -2011, "msg": "Order was not canceled due to cancel restrictions.",
    }  # fmt: skip
    shows(replace(world, order_id, cancelRestrictions="ONLY_NEW"), cancelResult="SUCCESS")


def test_the_same_client_id_again() -> None:
    """The old order is gone before the new one is judged."""
    world, _ = start()
    order_id = world.buy("alice", "1", "80", newClientOrderId="mine")["orderId"]
    shows(replace(world, order_id, newClientOrderId="mine"), newOrderResult="SUCCESS")


def test_an_order_of_a_list_takes_its_list_with_it() -> None:
    world, _ = start()
    placed = world.list(
        "alice", "oco", side="SELL", quantity="1", aboveType="LIMIT_MAKER", abovePrice="120",
        belowType="STOP_LOSS", belowStopPrice="90",
    )  # fmt: skip
    legs = [order["orderId"] for order in placed["orders"]]
    answer = replace(world, legs[1])
    shows(answer["cancelResponse"], orderListId=0, listOrderStatus="ALL_DONE")
    for order_id in legs:
        shows(world.order("alice", order_id), status="CANCELED")


def test_where_it_is_not_allowed() -> None:
    world, order_id = start(cancelReplaceAllowed=False)
    with world.fails(-2010, "Order cancel-replace is not supported for this symbol."):
        replace(world, order_id)
