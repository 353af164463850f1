"""One triggers the other: working and pending orders, alone (OTO) and as a pair (OTOCO)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scenarios.harness import MISSING, World, listing, shows

RICH = {"BTC": "10", "USDT": "10000"}
WORKING = {
    "workingType": "LIMIT", "workingSide": "BUY", "workingPrice": "100", "workingQuantity": "1",
    "workingTimeInForce": "GTC",
}  # fmt: skip
LIMIT = {
    "pendingType": "LIMIT", "pendingSide": "SELL", "pendingPrice": "110",
    "pendingQuantity": "2", "pendingTimeInForce": "GTC",
}  # fmt: skip
PAIR = {
    "pendingSide": "SELL", "pendingQuantity": "2", "pendingAboveType": "LIMIT_MAKER",
    "pendingAbovePrice": "120", "pendingBelowType": "STOP_LOSS_LIMIT", "pendingBelowPrice": "88",
    "pendingBelowStopPrice": "90", "pendingBelowTimeInForce": "IOC",
}  # fmt: skip
LACK = "Account has insufficient balance for requested action."


def start(**listed: object) -> World:
    return World(listing("BTCUSDT", **listed), alice=RICH)


def ids(placed: Any) -> list[int]:
    return [order["orderId"] for order in placed["orders"]]


def oto(world: World, **params: object) -> Any:
    return world.list("alice", "oto", **{**WORKING, **LIMIT, **params})


def otoco(world: World, **params: object) -> Any:
    return world.list("alice", "otoco", **{**WORKING, **PAIR, **params})


# --- The answers ---------------------------------------------------------------------------------


def test_the_answer() -> None:
    world = start()
    placed = world.list(
        "alice", "oto", **WORKING, pendingType="MARKET", pendingSide="SELL", pendingQuantity="5"
    )
    shows(
        placed, orderListId=0, contingencyType="OTO", listStatusType="EXEC_STARTED",
        listOrderStatus="EXECUTING",
    )  # fmt: skip
    working, pending = placed["orderReports"]
    shows(working, status="NEW", workingTime=working["transactTime"], price="100", origQty="1")
    shows(pending, status="PENDING_NEW", workingTime=-1, price="0", origQty="5", type="MARKET")
    assert world.funds("alice", "USDT") == ("9900", "100")
    assert world.funds("alice", "BTC") == ("10", "0")  # a pending order holds nothing
    assert world.story() == [
        "alice 1 NEW NEW", "alice 2 NEW PENDING_NEW", "alice list 0 EXEC_STARTED EXECUTING",
    ]  # fmt: skip
    shows(
        world.order("alice", 2), status="PENDING_NEW", isWorking=False, workingTime=-1,
        orderListId=0,
    )  # fmt: skip


def test_the_pairs_answer() -> None:
    world = start()
    placed = otoco(world)
    shows(placed, contingencyType="OTO")
    working, stop, maker = placed["orderReports"]
    shows(working, status="NEW", type="LIMIT")
    shows(
        stop, status="PENDING_NEW", type="STOP_LOSS_LIMIT", timeInForce="IOC", stopPrice="90",
        price="88", workingTime=-1,
    )  # fmt: skip
    shows(maker, status="PENDING_NEW", type="LIMIT_MAKER", price="120", stopPrice=MISSING)


# --- What they need ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "needs"),
    [
        ("LIMIT", {"pendingPrice": "90", "pendingTimeInForce": "GTC"}),
        ("LIMIT_MAKER", {"pendingPrice": "90"}),
        ("MARKET", {}),
        ("STOP_LOSS", {"pendingStopPrice": "120"}),
        ("TAKE_PROFIT", {"pendingStopPrice": "90"}),
        ("STOP_LOSS_LIMIT", {"pendingPrice": "90", "pendingStopPrice": "120",
                             "pendingTimeInForce": "GTC"}),
        ("TAKE_PROFIT_LIMIT", {"pendingPrice": "90", "pendingStopPrice": "90",
                               "pendingTimeInForce": "GTC"}),
    ],
)  # fmt: skip
def test_pending_types(kind: str, needs: dict[str, str]) -> None:
    world = start()
    base = {**WORKING, "pendingType": kind, "pendingSide": "BUY", "pendingQuantity": "1"}
    for name in needs:
        words = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        if name == "pendingStopPrice":
            words = (
                "Param 'pendingStopPrice' or 'pendingTrailingDelta' must be sent, but both were"
                " empty/null!"
            )
        with world.fails(-1102, words):
            world.list("alice", "oto", **base, **{k: v for k, v in needs.items() if k != name})
    placed = world.list("alice", "oto", **base, **needs)
    shows(placed["orderReports"][1], type=kind, status="PENDING_NEW")
    if kind.startswith(("STOP", "TAKE")):
        trailing = {k: v for k, v in needs.items() if k != "pendingStopPrice"}
        placed = world.list("alice", "oto", **base, **trailing, pendingTrailingDelta="100")
        shows(placed["orderReports"][1], trailingDelta=100, trailingTime=-1)


def test_working_types() -> None:
    world = start()
    with world.fails(-1102, "Mandatory parameter 'workingTimeInForce' was not sent, was"
                            " empty/null, or malformed."):  # fmt: skip
        world.list("alice", "oto", **{k: v for k, v in WORKING.items() if "Time" not in k}, **LIMIT)
    for kind in ("MARKET", "STOP_LOSS_LIMIT"):
        with world.fails(-1116, "Invalid orderType."):
            oto(world, workingType=kind)
    maker = {k: v for k, v in WORKING.items() if "Time" not in k} | {"workingType": "LIMIT_MAKER"}
    placed = world.list("alice", "oto", **maker, **LIMIT)
    shows(placed["orderReports"][0], type="LIMIT_MAKER", status="NEW")
    closed = start(otoAllowed=False)
    with closed.fails(-2010, "OTO orders are not supported for this symbol"):
        oto(closed)


def test_pairs_obey_the_rules_of_an_oco() -> None:
    world = start()
    with world.fails(-1166, "A limit order in a sell OCO must be above."):
        otoco(world, pendingBelowType="LIMIT_MAKER", pendingAboveType="STOP_LOSS")
    with world.fails(-2010, "The relationship of the prices for the orders is not correct."):
        otoco(world, pendingAbovePrice="90")
    closed = start(ocoAllowed=False)
    with closed.fails(-2010, "OCO orders are not supported for this symbol"):
        otoco(closed)
    assert world.book() == ([], [])


def test_only_the_working_order_must_be_paid_for() -> None:
    world = World(listing("BTCUSDT"), alice={"USDT": "99.99"})
    with world.fails(-2010, LACK):
        oto(world)
    shows(oto(world, workingPrice="99.99"), orderListId=0)


# --- Lives ---------------------------------------------------------------------------------------


def test_the_pending_order_starts_when_the_working_one_is_filled() -> None:
    world = start()
    working, pending = ids(oto(world))
    world.sell("left", "0.4", "100")
    shows(world.order("alice", working), status="PARTIALLY_FILLED")
    shows(world.order("alice", pending), status="PENDING_NEW")
    world.sell("left", "0.6", "100")
    assert world.story("alice") == [
        f"alice {working} TRADE FILLED", f"alice {pending} NEW NEW",
    ]  # fmt: skip
    shows(
        world.order("alice", pending), status="NEW", isWorking=True,
        workingTime=world.now_us // 1000,
    )  # fmt: skip
    assert world.funds("alice", "BTC") == ("9", "2")
    shows(world.ask("alice", "GET /api/v3/orderList", orderListId=0), listOrderStatus="EXECUTING")
    world.buy("right", "2", "110")
    assert world.story("alice")[-1] == "alice list 0 ALL_DONE ALL_DONE"


def test_filled_at_once_the_answer_shows_pending_new() -> None:
    world = start()
    world.sell("left", "1", "100")
    placed = oto(world)
    shows(placed["orderReports"][0], status="FILLED")
    shows(placed["orderReports"][1], status="PENDING_NEW", workingTime=-1)
    shows(world.order("alice", ids(placed)[1]), status="NEW")


def test_canceling_either_cancels_both() -> None:
    for index in (0, 1):
        world = start()
        orders = ids(oto(world))
        world.sell("left", "0.4", "100")
        answer = world.cancel("alice", orders[index])
        assert [row["status"] for row in answer["orderReports"]] == ["CANCELED", "CANCELED"]
        shows(answer, listOrderStatus="ALL_DONE")
        assert world.funds("alice", "USDT") == ("9960", "0")


def test_an_expired_working_order_expires_the_rest() -> None:
    for place in (oto, otoco):
        world = start()
        world.sell("left", "0.4", "100")
        placed = place(world, workingTimeInForce="IOC")
        shows(placed["orderReports"][0], status="EXPIRED", executedQty="0.4")
        for report in placed["orderReports"][1:]:
            shows(report, status="EXPIRED", expiryReason="OTO_PHASE_ONE_EXPIRED")
        shows(placed, listOrderStatus="ALL_DONE", listStatusType="ALL_DONE")
        assert world.story()[-1] == "alice list 0 ALL_DONE ALL_DONE"


@pytest.mark.parametrize(
    ("params", "bid"),
    [
        ({"pendingQuantity": "12"}, ""),  # not enough BTC
        ({"pendingType": "LIMIT_MAKER", "pendingTimeInForce": None, "pendingPrice": "95"}, "95"),
        ({"pendingType": "STOP_LOSS", "pendingPrice": None, "pendingTimeInForce": None,
          "pendingStopPrice": "105"}, ""),  # the last price is 100: it would trigger
    ],
)  # fmt: skip
def test_a_pending_order_that_may_not_start_expires(params: dict[str, Any], bid: str) -> None:
    world = start()
    wanted = {**WORKING, **LIMIT, **params}
    placed = world.list("alice", "oto", **{k: v for k, v in wanted.items() if v is not None})
    if bid:
        world.buy("left", "1", bid)
    world.sell("left", "1", "100")
    pending = ids(placed)[1]
    shows(world.order("alice", pending), status="EXPIRED", expiryReason="REJECTED")
    assert world.funds("alice", "BTC") == ("11", "0")
    assert world.story("alice")[-1] == "alice list 0 ALL_DONE ALL_DONE"


def test_a_pending_market_order_trades_at_once() -> None:
    world = start()
    world.buy("left", "5", "99")
    pending = ids(
        world.list(
            "alice", "oto", **WORKING, pendingType="MARKET", pendingSide="SELL",
            pendingQuantity="2",
        )
    )[1]  # fmt: skip
    world.sell("right", "1", "100")
    assert world.story("alice") == [
        "alice 2 TRADE FILLED", f"alice {pending} NEW NEW", f"alice {pending} TRADE FILLED",
        "alice list 0 ALL_DONE ALL_DONE",
    ]  # fmt: skip


def test_lists_set_each_other_off() -> None:
    """The pending order of one list fills the working order of another."""
    world = start()
    first = ids(oto(world, pendingPrice="100", pendingQuantity="1"))
    second = ids(oto(world, workingPrice="100", pendingPrice="130", pendingQuantity="1"))
    world.sell("left", "1", "100")
    for order_id in (*first, second[0]):
        shows(world.order("alice", order_id), status="FILLED")
    shows(world.order("alice", second[1]), status="NEW")


# --- The pair ------------------------------------------------------------------------------------


def filled_otoco() -> tuple[World, list[int]]:
    world = start()
    world.trade_at("100")
    orders = ids(otoco(world))
    world.sell("left", "1", "100")
    return world, orders


def test_both_pending_orders_start_and_share_their_funds() -> None:
    world, (_, stop, maker) = filled_otoco()
    shows(world.order("alice", stop), status="NEW", isWorking=False)
    shows(world.order("alice", maker), status="NEW", isWorking=True)
    assert world.funds("alice", "BTC") == ("9", "2")
    assert world.book() == ([], ["2 @ 120"])


def test_the_maker_wins() -> None:
    world, (_, stop, maker) = filled_otoco()
    world.buy("right", "2", "120")
    shows(world.order("alice", maker), status="FILLED")
    shows(world.order("alice", stop), status="EXPIRED", expiryReason="OCO_TRIGGER")
    assert world.story("alice")[-1] == "alice list 0 ALL_DONE ALL_DONE"


def test_the_stop_wins() -> None:
    world, (_, stop, maker) = filled_otoco()
    world.buy("left", "2", "89")
    world.trade_at("90")
    shows(world.order("alice", maker), status="EXPIRED", expiryReason="OCO_TRIGGER")
    shows(world.order("alice", stop), status="FILLED", cummulativeQuoteQty="178")
    assert world.funds("alice", "BTC") == ("9", "0")


def test_canceling_a_pair_that_works() -> None:
    world, (working, stop, maker) = filled_otoco()
    answer = world.do("alice", "DELETE /api/v3/orderList", symbol="BTCUSDT", orderListId=0)
    assert [row["orderId"] for row in answer["orderReports"]] == [stop, maker]
    shows(world.order("alice", working), status="FILLED")
    assert world.funds("alice", "BTC") == ("11", "0")


def test_a_pair_that_the_market_passed_expires() -> None:
    """When the working order is filled the market stands above the upper leg."""
    world = start()
    orders = ids(otoco(world, workingSide="SELL", workingPrice="130"))
    world.buy("left", "1", "125")
    world.buy("left", "1", "130")
    for order_id in orders[1:]:
        shows(world.order("alice", order_id), status="EXPIRED", expiryReason="REJECTED")
    assert world.book() == (["1 @ 125"], [])
    assert world.story("alice")[-1] == "alice list 0 ALL_DONE ALL_DONE"


def test_queries_of_lists() -> None:
    world = start()
    oto(world, listClientOrderId="one")
    otoco(world, listClientOrderId="two")
    world.do("alice", "DELETE /api/v3/orderList", symbol="BTCUSDT", listClientOrderId="one")
    opened = world.ask("alice", "GET /api/v3/openOrderList")
    assert [row["listClientOrderId"] for row in opened] == ["two"]
    everything = world.ask("alice", "GET /api/v3/allOrderList")
    assert [row["orderListId"] for row in everything] == [0, 1]
    assert [len(row["orders"]) for row in everything] == [2, 3]
    by_name = world.ask("alice", "GET /api/v3/orderList", origClientOrderId="one")
    shows(by_name, orderListId=0, listStatusType="ALL_DONE")
