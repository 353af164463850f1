"""One cancels the other, the old request and the new: types, prices, lives, funds."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scenarios.harness import MISSING, World, fields, listing, shows

RICH = {"BTC": "10", "USDT": "10000"}
PRICES = "The relationship of the prices for the orders is not correct."
LIST = (
    "orderListId contingencyType listStatusType listOrderStatus listClientOrderId transactionTime"
    " symbol orders orderReports"
)
SELL = {
    "side": "SELL", "quantity": "2", "aboveType": "LIMIT_MAKER", "abovePrice": "120",
    "belowType": "STOP_LOSS_LIMIT", "belowPrice": "88", "belowStopPrice": "90",
    "belowTimeInForce": "GTC",
}  # fmt: skip
BUY = {
    "side": "BUY", "quantity": "2", "aboveType": "STOP_LOSS_LIMIT", "abovePrice": "125",
    "aboveStopPrice": "120", "aboveTimeInForce": "GTC", "belowType": "LIMIT_MAKER",
    "belowPrice": "90",
}  # fmt: skip


def start(**listed: object) -> World:
    world = World(listing("BTCUSDT", **listed), alice=RICH)
    world.trade_at("100")
    return world


def old(world: World, **params: object) -> Any:
    return world.do("alice", "POST /api/v3/order/oco", symbol="BTCUSDT", **params)


def ids(placed: Any) -> tuple[int, int]:
    """(stop leg, other leg)"""
    stop, other = (order["orderId"] for order in placed["orders"])
    return stop, other


# --- The answers ---------------------------------------------------------------------------------


def test_the_documents_example() -> None:
    """A SELL: its stop leg has the lower id and stands first."""
    world = start()
    placed = world.list("alice", "oco", **SELL, belowIcebergQty="1")
    assert fields(placed) == LIST
    shows(
        placed, orderListId=0, contingencyType="OCO", listStatusType="EXEC_STARTED",
        listOrderStatus="EXECUTING", symbol="BTCUSDT",
    )  # fmt: skip
    stop, maker = placed["orderReports"]
    assert [order["orderId"] for order in placed["orders"]] == [3, 4]
    assert fields(stop) == (
        "symbol orderId orderListId clientOrderId transactTime price origQty executedQty"
        " origQuoteOrderQty cummulativeQuoteQty status timeInForce type side stopPrice workingTime"
        " icebergQty selfTradePreventionMode"
    )
    shows(
        stop, orderId=3, type="STOP_LOSS_LIMIT", stopPrice="90", price="88", workingTime=-1,
        status="NEW", orderListId=0, icebergQty="1", side="SELL",
    )  # fmt: skip
    shows(
        maker, orderId=4, type="LIMIT_MAKER", price="120", status="NEW", stopPrice=MISSING,
        workingTime=maker["transactTime"], timeInForce="GTC",
    )  # fmt: skip
    assert world.story() == [
        "alice 3 NEW NEW", "alice 4 NEW NEW", "alice list 0 EXEC_STARTED EXECUTING",
    ]  # fmt: skip
    assert world.book() == ([], ["2 @ 120"])
    assert world.funds("alice", "BTC") == ("8", "2")  # once, not twice


def test_response_types() -> None:
    world = start()
    ack = world.list("alice", "oco", **SELL, newOrderRespType="ACK")["orderReports"][0]
    assert fields(ack) == "symbol orderId orderListId clientOrderId transactTime"
    full = world.list("alice", "oco", **SELL, newOrderRespType="FULL")["orderReports"][1]
    shows(full, fills=[])


def test_the_old_request() -> None:
    world = start()
    placed = old(world, side="BUY", quantity="2", price="90", stopPrice="120")
    assert fields(placed) == LIST
    stop, maker = placed["orderReports"]
    shows(stop, type="STOP_LOSS", stopPrice="120", price="0", workingTime=-1, side="BUY")
    shows(maker, type="LIMIT_MAKER", price="90", workingTime=maker["transactTime"])
    assert world.funds("alice", "USDT") == ("9760", "240")
    placed = old(
        world, side="SELL", quantity="2", price="120", stopPrice="90", stopLimitPrice="89",
        stopLimitTimeInForce="FOK", limitClientOrderId="limit", stopClientOrderId="stop",
        listClientOrderId="list", limitIcebergQty="0.5", limitStrategyId="7",
        stopStrategyType="1000000",
    )  # fmt: skip
    shows(placed, listClientOrderId="list")
    stop, maker = placed["orderReports"]
    shows(stop, type="STOP_LOSS_LIMIT", clientOrderId="stop", timeInForce="FOK", price="89",
          strategyType=1000000)  # fmt: skip
    shows(maker, clientOrderId="limit", icebergQty="0.5", strategyId=7, strategyType=MISSING)


def test_the_old_request_refuses() -> None:
    world = start()
    good = {"quantity": "1", "price": "120", "stopPrice": "90", "side": "SELL"}
    words = (
        "Combination of optional fields invalid. Recommendation: 'stopLimitPrice' and"
        " 'stopLimitTimeInForce' must both be sent."
    )
    with world.fails(-1128, words):
        old(world, **good, stopLimitPrice="89")
    for side, price, stop in (
        ("SELL", "100", "90"), ("SELL", "120", "100"), ("SELL", "90", "120"),
        ("BUY", "100", "120"), ("BUY", "90", "100"), ("BUY", "120", "90"),
    ):  # fmt: skip
        with world.fails(-2010, PRICES):
            old(world, quantity="1", side=side, price=price, stopPrice=stop)
    for side, price, stop in (("SELL", "100.01", "99.99"), ("BUY", "99.99", "100.01")):
        old(world, quantity="1", side=side, price=price, stopPrice=stop)


# --- Which types, which prices -------------------------------------------------------------------


def leg(where: str, kind: str, price: str, stop: str = "") -> dict[str, str]:
    """One leg's parameters, complete for its type."""
    params = {"Type": kind}
    if kind not in ("STOP_LOSS", "TAKE_PROFIT"):
        params["Price"] = price
    if kind not in ("LIMIT", "LIMIT_MAKER"):
        params["StopPrice"] = stop or price
    if kind.endswith("LIMIT"):
        params["TimeInForce"] = "GTC"
    return {where + key: value for key, value in params.items()}


STOPS, PROFITS = ("STOP_LOSS", "STOP_LOSS_LIMIT"), ("TAKE_PROFIT", "TAKE_PROFIT_LIMIT")


@pytest.mark.parametrize("stop", STOPS)
@pytest.mark.parametrize("other", ["LIMIT_MAKER", *PROFITS])
@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_the_six_pairs(side: str, other: str, stop: str) -> None:
    world = start()
    above, below = (stop, other) if side == "BUY" else (other, stop)
    placed = world.list(
        "alice", "oco", side=side, quantity="1", **leg("above", above, "110"),
        **leg("below", below, "90"),
    )  # fmt: skip
    assert [report["type"] for report in placed["orderReports"]] == [stop, other]


@pytest.mark.parametrize(
    ("side", "above", "below", "code", "words"),
    [
        ("BUY", "LIMIT", "STOP_LOSS", -1158, "Order type not supported in OCO."),
        ("SELL", "LIMIT_MAKER", "MARKET", -1158, "Order type not supported in OCO."),
        ("BUY", "LIMIT_MAKER", "STOP_LOSS", -1165, "A limit order in a buy OCO must be below."),
        ("SELL", "STOP_LOSS", "LIMIT_MAKER", -1166, "A limit order in a sell OCO must be above."),
        ("SELL", "LIMIT_MAKER", "LIMIT_MAKER", -1168,
         "At least one OCO order must be contingent."),
        ("BUY", "STOP_LOSS", "STOP_LOSS_LIMIT", -1196,
         "A stop loss order in a buy OCO must be above."),
        ("SELL", "STOP_LOSS", "STOP_LOSS", -1197,
         "A stop loss order in a sell OCO must be below."),
        ("BUY", "TAKE_PROFIT", "LIMIT_MAKER", -1198,
         "A take profit order in a buy OCO must be below."),
        ("SELL", "LIMIT_MAKER", "TAKE_PROFIT_LIMIT", -1199,
         "A take profit order in a sell OCO must be above."),
    ],
)  # fmt: skip
def test_pairs_that_are_none(side: str, above: str, below: str, code: int, words: str) -> None:
    world = start()
    with world.fails(code, words):
        world.list(
            "alice", "oco", side=side, quantity="1", **leg("above", above, "110"),
            **leg("below", below, "90"),
        )  # fmt: skip


@pytest.mark.parametrize("side", ["BUY", "SELL"])
@pytest.mark.parametrize("other", ["LIMIT_MAKER", *PROFITS])
def test_prices_stand_on_both_sides_of_the_last_price(side: str, other: str) -> None:
    world = start()
    above, below = ("STOP_LOSS", other) if side == "BUY" else (other, "STOP_LOSS")

    def place(high: str, low: str) -> Any:
        return world.list(
            "alice", "oco", side=side, quantity="1", **leg("above", above, high),
            **leg("below", below, low),
        )  # fmt: skip

    for high, low in (("100", "90"), ("110", "100"), ("90", "110")):
        with world.fails(-2010, PRICES):
            place(high, low)
    place("100.01", "99.99")


def test_a_take_profit_limit_leg_stands_by_its_limit_price() -> None:
    world = start()
    with world.fails(-2010, PRICES):
        world.list(
            "alice", "oco", side="SELL", quantity="1", **leg("above", "TAKE_PROFIT_LIMIT", "100",
            "110"), **leg("below", "STOP_LOSS", "90"),
        )  # fmt: skip


def test_what_legs_need() -> None:
    world = start()
    for name, words in (
        ("abovePrice", "Mandatory parameter 'abovePrice' was not sent, was empty/null, or"
                       " malformed."),
        ("belowStopPrice", "Param 'belowStopPrice' or 'belowTrailingDelta' must be sent, but both"
                           " were empty/null!"),
        ("belowTimeInForce", "Mandatory parameter 'belowTimeInForce' was not sent, was empty/null,"
                             " or malformed."),
        ("quantity", "Mandatory parameter 'quantity' was not sent, was empty/null, or malformed."),
    ):  # fmt: skip
        with world.fails(-1102, words):
            world.list("alice", "oco", **{k: v for k, v in SELL.items() if k != name})
    with world.fails(-1160, "Parameter 'belowIcebergQty' is not supported if 'belowTimeInForce' is"
                            " not GTC."):  # fmt: skip
        world.list("alice", "oco", **{**SELL, "belowTimeInForce": "IOC"}, belowIcebergQty="1")
    with world.fails(-1106, "Parameter 'aboveStopPrice' sent when not required."):
        world.list("alice", "oco", **SELL, aboveStopPrice="110")
    closed = start(ocoAllowed=False)
    with closed.fails(-2010, "OCO orders are not supported for this symbol"):
        closed.list("alice", "oco", **SELL)


def test_refused_whole() -> None:
    world = start()
    world.sell("left", "1", "89.5")  # a bid at 90 would take
    with world.fails(-2010, "Order would immediately match and take."):
        world.list("alice", "oco", **BUY)
    with world.fails(-2010, "Account has insufficient balance for requested action."):
        world.list("alice", "oco", **{**SELL, "quantity": "10.0001"})
    with world.fails(-1013, "Filter failure: PRICE_FILTER"):
        world.list("alice", "oco", **{**SELL, "belowStopPrice": "90.001"})
    assert world.funds("alice", "BTC") == ("10", "0")
    world.list("alice", "oco", **{**SELL, "quantity": "10"})


def test_names() -> None:
    world = start()
    with world.fails(-2010, "Duplicate order sent."):
        world.list("alice", "oco", **SELL, aboveClientOrderId="a", belowClientOrderId="a")
    named = {"listClientOrderId": "list", "aboveClientOrderId": "a", "belowClientOrderId": "list"}
    shows(world.list("alice", "oco", **SELL, **named), listClientOrderId="list")
    with world.fails(-2010, "Duplicate order sent."):
        world.list("alice", "oco", **SELL, listClientOrderId="list")
    with world.fails(-2010, "Duplicate order sent."):
        world.list("alice", "oco", **SELL, belowClientOrderId="a")
    world.do("alice", "DELETE /api/v3/orderList", symbol="BTCUSDT", listClientOrderId="list")
    world.list("alice", "oco", **SELL, **named)


# --- Lives ---------------------------------------------------------------------------------------


def test_the_limit_leg_trades_a_little() -> None:
    """The first fill of one leg expires the other."""
    world = start()
    stop, maker = ids(world.list("alice", "oco", **SELL))
    world.buy("right", "0.5", "120")
    assert world.story("alice") == [
        f"alice {stop} EXPIRED EXPIRED", f"alice {maker} TRADE PARTIALLY_FILLED",
    ]  # fmt: skip
    shows(world.order("alice", stop), status="EXPIRED", expiryReason="OCO_TRIGGER")
    assert world.funds("alice", "BTC") == ("8", "1.5")
    world.buy("right", "1.5", "120")
    assert world.story("alice") == [
        f"alice {maker} TRADE FILLED", "alice list 0 ALL_DONE ALL_DONE",
    ]  # fmt: skip
    assert world.funds("alice", "USDT") == ("10240", "0")
    found = world.ask("alice", "GET /api/v3/orderList", orderListId=0)
    shows(found, listStatusType="ALL_DONE", listOrderStatus="ALL_DONE", contingencyType="OCO")


def test_the_stop_leg_is_triggered() -> None:
    world = start()
    stop, maker = ids(world.list("alice", "oco", **SELL))
    world.trade_at("90")
    assert world.story("alice") == [f"alice {maker} EXPIRED EXPIRED", f"alice {stop} NEW NEW"]
    shows(world.order("alice", maker), expiryReason="OCO_TRIGGER")
    assert world.book() == ([], ["2 @ 88"])
    world.buy("right", "2", "88")
    shows(world.order("alice", stop), status="FILLED")
    assert world.story("alice")[-1] == "alice list 0 ALL_DONE ALL_DONE"
    assert world.funds("alice", "BTC") == ("8", "0")


def test_a_buy_pair_holds_for_its_dearer_leg() -> None:
    world = start()
    stop, maker = ids(world.list("alice", "oco", **BUY))
    assert world.funds("alice", "USDT") == ("9750", "250")
    world.sell("left", "1", "90")
    shows(world.order("alice", stop), status="EXPIRED")
    assert world.funds("alice", "USDT") == ("9820", "90")
    world.sell("left", "1", "90")
    shows(world.order("alice", maker), status="FILLED")
    assert world.funds("alice", "USDT") == ("9820", "0")


def test_canceling_one_leg_cancels_both() -> None:
    for index in (0, 1):
        world = start()
        legs = ids(world.list("alice", "oco", **SELL))
        answer = world.cancel("alice", legs[index], newClientOrderId="bye")
        assert fields(answer) == LIST
        shows(answer, listStatusType="ALL_DONE", listOrderStatus="ALL_DONE")
        assert [row["clientOrderId"] for row in answer["orderReports"]] == ["bye", "bye"]
        assert {row["status"] for row in answer["orderReports"]} == {"CANCELED"}
        assert world.funds("alice", "BTC") == ("10", "0")
        assert world.story()[-1] == "alice list 0 ALL_DONE ALL_DONE"


def test_canceling_the_list() -> None:
    world = start()
    world.list("alice", "oco", **SELL, listClientOrderId="pair")
    path = "DELETE /api/v3/orderList"
    with world.fails(-1102, "Param 'orderListId' or 'listClientOrderId' must be sent, but both"
                            " were empty/null!"):  # fmt: skip
        world.do("alice", path, symbol="BTCUSDT")
    for wrong in (
        {"orderListId": 7}, {"listClientOrderId": "other"},
        {"orderListId": 0, "listClientOrderId": "other"},
    ):  # fmt: skip
        with world.fails(-2011, "Unknown order sent."):
            world.do("alice", path, symbol="BTCUSDT", **wrong)
    answer = world.do("alice", path, symbol="BTCUSDT", listClientOrderId="pair")
    shows(answer, orderListId=0, listOrderStatus="ALL_DONE")
    assert world.ask("alice", "GET /api/v3/openOrderList") == []


def test_a_stop_leg_fired_by_a_sweep_that_fills_the_limit_leg() -> None:
    """One order buys through the SELL pair's limit leg: the stop leg must not live on."""
    world = start()
    stop, maker = ids(world.list("alice", "oco", **SELL))
    world.buy("left", "3", "80")
    world.market_order("right", "BUY", "2")
    world.trade_at("85")
    shows(world.order("alice", maker), status="FILLED")
    shows(world.order("alice", stop), status="EXPIRED", executedQty="0")
    assert world.funds("alice", "BTC") == ("8", "0")
