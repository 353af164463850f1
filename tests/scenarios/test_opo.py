"""One pays the other: what the working order buys is locked, and is what the pending ones sell."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scenarios.harness import MISSING, World, listing, shows, terms

from tradepit.core.accounts import Commission

STEP = {"filterType": "LOT_SIZE", "minQty": "0.01", "maxQty": "9000", "stepSize": "0.01"}
PLACED = (
    "symbol orderId orderListId clientOrderId transactTime price executedQty origQuoteOrderQty"
    " cummulativeQuoteQty status timeInForce type side workingTime selfTradePreventionMode"
)
LIMIT_110 = {"pendingType": "LIMIT", "pendingPrice": "110", "pendingTimeInForce": "GTC"}
PAIR = {
    "pendingAboveType": "LIMIT_MAKER", "pendingAbovePrice": "110",
    "pendingBelowType": "STOP_LOSS", "pendingBelowStopPrice": "90",
}  # fmt: skip
THOUSANDTH = terms(standard=("0.001", "0.001", "0", "0"))


def start(*filters: dict[str, Any], fees: Commission | None = None, btc: str = "0") -> World:
    world = World(listing("BTCUSDT", *(filters or (STEP,))), alice={"BTC": btc, "USDT": "1000"})
    if fees is not None:
        world.account("alice").commission = fees
    return world


def opo(world: World, kind: str = "opo", **params: object) -> Any:
    working = {
        "workingType": "LIMIT", "workingSide": "BUY", "workingPrice": "100",
        "workingQuantity": "1", "workingTimeInForce": "GTC", "pendingSide": "SELL",
    }  # fmt: skip
    return world.list("alice", kind, **{**working, **params})


def ids(placed: Any) -> list[int]:
    return [order["orderId"] for order in placed["orders"]]


def test_placing_needs_only_the_working_orders_funds() -> None:
    world = start()
    placed = opo(world, **LIMIT_110)
    shows(placed, contingencyType="OTO", listStatusType="EXEC_STARTED", orderListId=0)
    working, pending = placed["orderReports"]
    shows(working, status="NEW", origQty="1", workingTime=working["transactTime"])
    assert " ".join(pending) == PLACED
    shows(pending, status="PENDING_NEW", price="110", type="LIMIT", side="SELL", workingTime=-1)
    assert world.funds("alice", "USDT") == ("900", "100")
    assert world.funds("alice", "BTC") == ("0", "0")


def test_received_funds_are_locked_for_the_pending_order() -> None:
    world = start()
    working, pending = ids(opo(world, **LIMIT_110))
    world.sell("left", "0.4", "100")
    assert world.funds("alice", "BTC") == ("0", "0.4")
    with world.fails(-2010, "Account has insufficient balance for requested action."):
        world.sell("alice", "0.4", "120")
    shows(world.order("alice", pending), status="PENDING_NEW", origQty=MISSING)
    world.sell("left", "0.6", "100")
    assert world.funds("alice", "BTC") == ("0", "1")
    shows(world.order("alice", working), status="FILLED")
    shows(world.order("alice", pending), status="NEW", origQty="1", isWorking=True)
    assert world.book() == ([], ["1 @ 110"])
    world.buy("right", "1", "110")
    shows(world.order("alice", pending), status="FILLED")
    assert world.story("alice")[-1] == "alice list 0 ALL_DONE ALL_DONE"
    assert world.funds("alice", "USDT") == ("1010", "0")


def test_canceling_unlocks_them() -> None:
    world = start()
    working, pending = ids(opo(world, **LIMIT_110))
    world.sell("left", "0.4", "100")
    answer = world.do("alice", "DELETE /api/v3/orderList", symbol="BTCUSDT", orderListId="0")
    assert [row["status"] for row in answer["orderReports"]] == ["CANCELED", "CANCELED"]
    assert world.funds("alice", "BTC") == ("0.4", "0")
    assert world.funds("alice", "USDT") == ("960", "0")
    shows(world.order("alice", working), status="CANCELED", executedQty="0.4")
    shows(world.order("alice", pending), status="CANCELED")


def test_filled_at_once_the_answer_still_shows_pending_new() -> None:
    world = start()
    world.sell("left", "1", "100")
    placed = opo(world, **LIMIT_110)
    shows(placed["orderReports"][0], status="FILLED", executedQty="1")
    shows(placed["orderReports"][1], status="PENDING_NEW", origQty=MISSING)
    shows(world.order("alice", ids(placed)[1]), status="NEW", origQty="1")


def test_a_pending_market_order_sells_at_once() -> None:
    world = start()
    world.buy("right", "5", "99")
    _, pending = ids(opo(world, pendingType="MARKET"))
    world.sell("left", "1", "100")
    shows(world.order("alice", pending), status="FILLED", origQty="1", cummulativeQuoteQty="99")
    assert world.funds("alice", "USDT") == ("999", "0")


def test_commission_is_taken_from_what_was_received() -> None:
    world = start(fees=THOUSANDTH)
    _, pending = ids(opo(world, **LIMIT_110))
    world.sell("left", "1", "100")
    # 0.999 BTC came in; whole lots are sold, the rest is free again.
    shows(world.order("alice", pending), origQty="0.99", status="NEW")
    assert world.funds("alice", "BTC") == ("0.009", "0.99")


def test_commission_is_taken_from_free_funds_where_they_suffice() -> None:
    world = start(fees=THOUSANDTH, btc="0.001")
    _, pending = ids(opo(world, **LIMIT_110))
    world.sell("left", "1", "100")
    shows(world.order("alice", pending), origQty="1")
    assert world.funds("alice", "BTC") == ("0", "1")
    short = start(fees=THOUSANDTH, btc="0.00099999")
    _, pending = ids(opo(short, **LIMIT_110))
    short.sell("left", "1", "100")
    shows(short.order("alice", pending), origQty="0.99")
    assert short.funds("alice", "BTC") == ("0.00999999", "0.99")


def test_bnb_received_pays_its_own_commission() -> None:
    world = World(listing("BNBUSDT", STEP), alice={"BNB": "5", "USDT": "1000"})
    world.account("alice").commission = THOUSANDTH
    placed = opo(world, symbol="BNBUSDT", **LIMIT_110)
    world.sell("left", "1", "100", symbol="BNBUSDT")
    shows(world.order("alice", ids(placed)[1], "BNBUSDT"), origQty="0.99")
    assert world.funds("alice", "BNB") == ("5.009", "0.99")


def test_commission_in_bnb_leaves_the_quantity_whole() -> None:
    world = World(listing("BTCUSDT", STEP), listing("BNBUSDT"), alice={"BNB": "5", "USDT": "1000"})
    world.account("alice").commission = THOUSANDTH
    world.account("alice").discount_on = True
    world.trade_at("50", symbol="BNBUSDT")
    _, pending = ids(opo(world, **LIMIT_110))
    world.sell("left", "1", "100")
    shows(world.order("alice", pending), origQty="1")
    assert world.funds("alice", "BNB") == ("4.9985", "0")  # 0.1 USDT at 50, a quarter off


def test_market_lots_are_those_of_market_orders() -> None:
    market = {"filterType": "MARKET_LOT_SIZE", "minQty": "0.25", "maxQty": "100",
              "stepSize": "0.25"}  # fmt: skip
    world = start(STEP, market)
    world.buy("right", "5", "99")
    _, pending = ids(opo(world, pendingType="MARKET", workingQuantity="0.9"))
    world.sell("left", "0.9", "100")
    shows(world.order("alice", pending), status="FILLED", origQty="0.75", executedQty="0.75")
    assert world.funds("alice", "BTC") == ("0.15", "0")


def test_filters_are_judged_when_the_quantity_is_known() -> None:
    notional = {"filterType": "NOTIONAL", "minNotional": "50", "maxNotional": "0"}
    world = start(STEP, notional, fees=terms(standard=("0.5", "0.5", "0", "0")))
    placed = opo(world, **{**LIMIT_110, "pendingPrice": "99"})
    world.sell("left", "1", "100")
    shows(world.order("alice", ids(placed)[1]), status="EXPIRED", expiryReason="REJECTED")
    assert world.funds("alice", "BTC") == ("0.5", "0")
    assert world.story("alice")[-1] == "alice list 0 ALL_DONE ALL_DONE"


def test_a_pair_sells_what_came_in() -> None:
    world = start(fees=THOUSANDTH)
    world.trade_at("100")
    placed = opo(world, "opoco", **PAIR)
    assert len(placed["orderReports"]) == 3
    for report in placed["orderReports"][1:]:
        shows(report, status="PENDING_NEW", origQty=MISSING)
    world.sell("left", "1", "100")
    _, below, above = ids(placed)
    for order_id in (above, below):
        shows(world.order("alice", order_id), status="NEW", origQty="0.99")
    assert world.funds("alice", "BTC") == ("0.009", "0.99")  # once for both
    world.buy("right", "0.99", "110")
    shows(world.order("alice", above), status="FILLED")
    shows(world.order("alice", below), status="EXPIRED", expiryReason="OCO_TRIGGER")
    assert world.funds("alice", "BTC") == ("0.009", "0")


def test_an_expired_working_order_gives_everything_back() -> None:
    world = start()
    world.sell("left", "0.4", "100")
    placed = opo(world, workingTimeInForce="IOC", **LIMIT_110)
    working, pending = placed["orderReports"]
    shows(working, status="EXPIRED", executedQty="0.4")
    shows(pending, status="EXPIRED", expiryReason="OTO_PHASE_ONE_EXPIRED")
    assert world.funds("alice", "BTC") == ("0.4", "0")


def test_what_is_refused() -> None:
    world = start(btc="5")
    with world.fails(-1222, "Working order in an OPO list must be a bid."):
        opo(world, workingSide="SELL", **LIMIT_110)
    with world.fails(-1223, "Pending orders in an OPO list must be asks."):
        opo(world, pendingSide="BUY", **LIMIT_110)
    with world.fails(-1223, "Pending orders in an OPO list must be asks."):
        opo(world, "opoco", pendingSide="BUY", pendingAboveType="STOP_LOSS",
            pendingAboveStopPrice="110", pendingBelowType="LIMIT_MAKER",
            pendingBelowPrice="90")  # fmt: skip
    with world.fails(-1104, "Not all sent parameters were read; read '10' parameter(s) but was"
                            " sent '11'."):  # fmt: skip
        opo(world, pendingQuantity="1", **LIMIT_110)


@pytest.mark.parametrize(
    ("switch", "kind", "words"),
    [
        ("otoAllowed", "opo", "OTO orders are not supported for this symbol"),
        ("opoAllowed", "opo", "OPO orders are not supported for this symbol."),
        ("otoAllowed", "opoco", "OTO orders are not supported for this symbol"),
        ("opoAllowed", "opoco", "OPO orders are not supported for this symbol."),
        ("ocoAllowed", "opoco", "OCO orders are not supported for this symbol"),
    ],
)
def test_what_a_symbol_must_allow(switch: str, kind: str, words: str) -> None:
    world = World(listing("BTCUSDT", **{switch: False}), alice={"USDT": "1000"})
    with world.fails(-2010, words):
        opo(world, kind, **(LIMIT_110 if kind == "opo" else PAIR))
    if kind == "opo":
        other = World(listing("BTCUSDT", ocoAllowed=False), alice={"USDT": "1000"})
        shows(opo(other, **LIMIT_110), orderListId=0)
