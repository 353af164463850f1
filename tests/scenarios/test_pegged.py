"""Pegged orders: prices taken from the book, now or when the order starts to work."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scenarios.harness import MISSING, World, fields, listing, shows

RICH = {"BTC": "1000", "USDT": "10000000"}
PRIMARY = {"pegPriceType": "PRIMARY_PEG"}
MARKET = {"pegPriceType": "MARKET_PEG"}


def offset(levels: int) -> dict[str, object]:
    return {"pegOffsetType": "PRICE_LEVEL", "pegOffsetValue": levels}


def start(*filters: dict[str, Any], **listed: object) -> World:
    """Bids at 99, 98, 97; asks at 101, 102, 103; 10 each; the last trade was at 100."""
    world = World(listing("BTCUSDT", *filters, **listed), alice=RICH)
    world.trade_at("100")
    for step in ("1", "2", "3"):
        world.buy("left", "10", str(100 - int(step)))
        world.sell("left", "10", str(100 + int(step)))
    return world


def pegged(world: World, side: str, kind: str = "LIMIT", **params: object) -> Any:
    params.setdefault("quantity", "1")
    if kind != "LIMIT_MAKER":
        params.setdefault("timeInForce", "GTC")
    return world.place("alice", side=side, type=kind, newOrderRespType="FULL", **params)


def test_the_documents_example() -> None:
    world = World(listing("BTCUSDT"), alice=RICH)
    world.buy("left", "1", "0.04")
    answer = pegged(world, "BUY", **PRIMARY)
    assert fields(answer) == (
        "symbol orderId orderListId clientOrderId transactTime price pegPriceType peggedPrice"
        " origQty executedQty origQuoteOrderQty cummulativeQuoteQty status timeInForce type side"
        " workingTime fills selfTradePreventionMode"
    )
    shows(
        answer, price="0", pegPriceType="PRIMARY_PEG", peggedPrice="0.04", origQty="1",
        status="NEW", workingTime=answer["transactTime"], fills=[],
    )  # fmt: skip
    assert world.book()[0] == ["2 @ 0.04"]
    assert world.funds("alice", "USDT")[1] == "0.04"


@pytest.mark.parametrize(
    ("side", "peg", "levels", "price"),
    [
        ("BUY", PRIMARY, None, "99"),
        ("BUY", PRIMARY, 0, "99"),
        ("BUY", PRIMARY, 2, "97"),
        ("SELL", PRIMARY, None, "101"),
        ("SELL", PRIMARY, 1, "102"),
        ("BUY", MARKET, None, "101"),
        ("BUY", MARKET, 2, "103"),
        ("SELL", MARKET, None, "99"),
        ("SELL", MARKET, 1, "98"),
    ],
)
def test_where_the_price_comes_from(
    side: str, peg: dict[str, str], levels: int | None, price: str
) -> None:
    world = start()
    more = {} if levels is None else offset(levels)
    answer = pegged(world, side, **peg, **more)
    shows(answer, peggedPrice=price, price="0", pegPriceType=peg["pegPriceType"])
    if levels is None:
        shows(answer, pegOffsetType=MISSING, pegOffsetValue=MISSING)
    else:
        shows(answer, pegOffsetType="PRICE_LEVEL", pegOffsetValue=levels)
    shows(world.order("alice", answer["orderId"]), peggedPrice=price, price="0")


def test_best_offer_or_nothing() -> None:
    """A market peg IOC takes the best level, and only that."""
    world = start()
    answer = pegged(world, "BUY", quantity="15", timeInForce="IOC", **MARKET)
    shows(answer, status="EXPIRED", executedQty="10", cummulativeQuoteQty="1010")
    answer = pegged(world, "BUY", quantity="15", timeInForce="FOK", **MARKET)
    shows(answer, status="EXPIRED", executedQty="0", peggedPrice="102")
    answer = pegged(world, "BUY", quantity="15", timeInForce="FOK", **MARKET, **offset(1))
    shows(answer, status="FILLED", peggedPrice="103", cummulativeQuoteQty="1535")


def test_limit_makers_join_their_own_side() -> None:
    world = start()
    shows(pegged(world, "SELL", "LIMIT_MAKER", **PRIMARY), status="NEW", peggedPrice="101")
    with world.fails(-2010, "This price peg cannot be used with this order type."):
        pegged(world, "SELL", "LIMIT_MAKER", **MARKET)


@pytest.mark.parametrize("tif", ["IOC", "FOK"])
def test_a_primary_peg_rests(tif: str) -> None:
    world = start()
    with world.fails(-2010, "This price peg cannot be used with this order type."):
        pegged(world, "BUY", timeInForce=tif, **PRIMARY)


def test_what_cannot_be_pegged() -> None:
    world = start()
    words = "This order type may not use pegged price."
    with world.fails(-2010, words):
        world.market_order("alice", "BUY", "1", **PRIMARY)
    for kind in ("STOP_LOSS", "TAKE_PROFIT"):
        with world.fails(-2010, words):
            world.place("alice", side="BUY", type=kind, quantity="1", stopPrice="110", **PRIMARY)
    closed = start(pegInstructionsAllowed=False)
    with closed.fails(-2010, "Pegged orders are not supported for this symbol."):
        pegged(closed, "BUY", **PRIMARY)


def test_parameters() -> None:
    world = start()
    with world.fails(-1210, "Invalid pegPriceType."):
        pegged(world, "BUY", pegPriceType="PRIMARY")
    with world.fails(-1211, "Invalid pegOffsetType."):
        pegged(world, "BUY", pegOffsetType="TICK", pegOffsetValue="1", **PRIMARY)
    together = (
        "Combination of optional fields invalid. Recommendation: 'pegOffsetType' and"
        " 'pegOffsetValue' must both be sent."
    )
    with world.fails(-1128, together):
        pegged(world, "BUY", pegOffsetValue="1", **PRIMARY)
    with world.fails(-1128, together):
        pegged(world, "BUY", pegOffsetType="PRICE_LEVEL", **PRIMARY)
    with world.fails(-1102, "Mandatory parameter 'pegPriceType' was not sent, was empty/null, or"
                            " malformed."):  # fmt: skip
        pegged(world, "BUY", price="90", **offset(1))
    with world.fails(-1102, "'pegOffsetValue' contains unexpected value. Cannot be greater than"
                            " 100."):  # fmt: skip
        pegged(world, "BUY", **PRIMARY, **offset(101))
    with world.fails(-1102, "Mandatory parameter 'price' was not sent, was empty/null, or"
                            " malformed."):  # fmt: skip
        pegged(world, "BUY")


def test_the_book_must_have_the_level() -> None:
    world = start()
    words = "Order book liquidity is too low for this pegged order."
    shows(pegged(world, "BUY", **MARKET, **offset(2)), peggedPrice="103")
    with world.fails(-2010, words):
        pegged(world, "BUY", **MARKET, **offset(3))
    empty = World(listing("BTCUSDT"), alice=RICH)
    with empty.fails(-2010, words):
        pegged(empty, "BUY", **PRIMARY)


def test_filters_look_at_both_prices() -> None:
    percent = {"filterType": "PERCENT_PRICE", "multiplierUp": "1.02", "multiplierDown": "0.98",
               "avgPriceMins": 0}  # fmt: skip
    notional = {"filterType": "NOTIONAL", "minNotional": "99", "maxNotional": "1000"}
    world = World(listing("BTCUSDT", notional), alice=RICH)
    world.buy("left", "10", "99")
    world.buy("left", "10", "98")
    shows(pegged(world, "BUY", **PRIMARY), peggedPrice="99")
    with world.fails(-1013, "Filter failure: NOTIONAL"):
        pegged(world, "BUY", **PRIMARY, **offset(1))
    with world.fails(-1013, "Filter failure: NOTIONAL"):
        pegged(world, "BUY", price="98", **PRIMARY)
    with world.fails(-1013, "Filter failure: PRICE_FILTER"):
        pegged(world, "BUY", price="99.001", **PRIMARY)
    world = World(listing("BTCUSDT", percent), alice=RICH)
    world.buy("left", "1", "97")  # nothing traded yet: no average to compare with
    world.trade_at("100")
    with world.fails(-1013, "Filter failure: PERCENT_PRICE"):
        pegged(world, "BUY", **PRIMARY)
    world.buy("left", "1", "98")
    shows(pegged(world, "BUY", price="98", **PRIMARY), peggedPrice="98", price="98")


@pytest.mark.parametrize("kind", ["STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"])
def test_stop_orders_take_the_best_price_when_triggered(kind: str) -> None:
    world = start()
    stop = "104" if kind == "STOP_LOSS_LIMIT" else "96"
    answer = pegged(world, "BUY", kind, stopPrice=stop, **PRIMARY)
    shows(answer, status="NEW", peggedPrice=MISSING, price="0", pegPriceType="PRIMARY_PEG")
    world.do("left", "DELETE /api/v3/openOrders", symbol="BTCUSDT")
    world.buy("left", "1", "90")
    world.trade_at(stop)
    shows(world.order("alice", answer["orderId"]), isWorking=True, peggedPrice="90", price="0")
    assert world.book()[0] == ["2 @ 90"]
    assert world.funds("alice", "USDT")[1] == "90"


def test_a_triggered_order_that_cannot_be_pegged_expires() -> None:
    world = start()
    order_id = pegged(world, "BUY", "STOP_LOSS_LIMIT", stopPrice="104", **PRIMARY)["orderId"]
    world.do("left", "DELETE /api/v3/openOrders", symbol="BTCUSDT")
    world.trade_at("104")
    shows(world.order("alice", order_id), status="EXPIRED", expiryReason="REJECTED")
    assert world.funds("alice", "USDT")[1] == "0"


def test_a_trailing_pegged_order() -> None:
    world = start()
    answer = pegged(world, "SELL", "STOP_LOSS_LIMIT", trailingDelta="100", **MARKET)
    order_id = answer["orderId"]
    world.do("left", "POST /api/v3/order", symbol="BTCUSDT", side="SELL", type="MARKET",
             quantity="10")  # fmt: skip
    # The trades at 99 triggered it; it sells at the best bid that is left, 98.
    shows(world.order("alice", order_id), status="FILLED", peggedPrice="98")


def test_an_oco_may_peg_either_leg() -> None:
    world = start()
    placed = world.list(
        "alice", "oco", side="SELL", quantity="1", aboveType="LIMIT_MAKER",
        abovePegPriceType="PRIMARY_PEG", belowType="STOP_LOSS_LIMIT", belowStopPrice="98",
        belowTimeInForce="GTC", belowPegPriceType="MARKET_PEG",
    )  # fmt: skip
    below, above = placed["orderReports"]
    shows(above, peggedPrice="101", pegPriceType="PRIMARY_PEG", status="NEW")
    shows(below, peggedPrice=MISSING, pegPriceType="MARKET_PEG", status="NEW")
    world.market_order("left", "SELL", "11")
    shows(world.order("alice", above["orderId"]), status="EXPIRED")
    shows(world.order("alice", below["orderId"]), status="FILLED", peggedPrice="98")
    with world.fails(-2010, "This order type may not use pegged price."):
        world.list(
            "alice", "oco", side="SELL", quantity="1", aboveType="LIMIT_MAKER",
            abovePrice="120", belowType="STOP_LOSS", belowStopPrice="90",
            belowPegPriceType="PRIMARY_PEG",
        )  # fmt: skip


def test_an_oto_pegs_the_working_order_now_and_the_pending_one_later() -> None:
    world = start()
    placed = world.list(
        "alice", "oto", workingType="LIMIT", workingSide="BUY", workingPrice="99",
        workingQuantity="1", workingTimeInForce="GTC", workingPegPriceType="PRIMARY_PEG",
        pendingType="LIMIT", pendingSide="SELL", pendingQuantity="1", pendingTimeInForce="GTC",
        pendingPegPriceType="PRIMARY_PEG", pendingPegOffsetType="PRICE_LEVEL",
        pendingPegOffsetValue="1",
    )  # fmt: skip
    working, pending = placed["orderReports"]
    shows(working, status="NEW", peggedPrice="99", price="99")
    shows(pending, status="PENDING_NEW", peggedPrice=MISSING, pegOffsetValue=1)
    world.sell("left", "10", "100.5")
    world.market_order("right", "SELL", "11")
    shows(world.order("alice", working["orderId"]), status="FILLED")
    shows(world.order("alice", pending["orderId"]), status="NEW", peggedPrice="101")


def test_a_peg_to_come_needs_no_trade_before_it() -> None:
    """Where nothing ever traded it is not worth too little: nobody knows yet what it is worth."""
    notional = {"filterType": "NOTIONAL", "minNotional": "5", "applyMinToMarket": True,
                "maxNotional": "9000000", "applyMaxToMarket": False, "avgPriceMins": 5}  # fmt: skip
    world = World(listing("BTCUSDT", notional), alice=RICH)
    placed = world.list(
        "alice", "oto", workingType="LIMIT", workingSide="BUY", workingPrice="99",
        workingQuantity="1", workingTimeInForce="GTC", pendingType="LIMIT", pendingSide="SELL",
        pendingQuantity="0.01", pendingTimeInForce="GTC", pendingPegPriceType="PRIMARY_PEG",
    )  # fmt: skip
    pending = placed["orderReports"][1]["orderId"]
    world.sell("left", "1", "101")
    world.market_order("right", "SELL", "1")
    shows(world.order("alice", pending), status="EXPIRED", expiryReason="REJECTED")


def test_cancel_replace_may_peg() -> None:
    world = start()
    order_id = world.buy("alice", "1", "50")["orderId"]
    answer = world.do(
        "alice", "POST /api/v3/order/cancelReplace", symbol="BTCUSDT", side="BUY", type="LIMIT",
        cancelReplaceMode="STOP_ON_FAILURE", timeInForce="GTC", quantity="1",
        cancelOrderId=order_id, pegPriceType="PRIMARY_PEG",
    )  # fmt: skip
    shows(answer["newOrderResponse"], peggedPrice="99")
