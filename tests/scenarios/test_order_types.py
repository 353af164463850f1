"""New orders: what each type needs and must not have, and how the plain ones live."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scenarios.harness import MISSING, World, fields, listing, shows

RICH = {"BTC": "1000", "USDT": "1000000"}
ACK = "symbol orderId orderListId clientOrderId transactTime"
TYPES = (
    "LIMIT", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT",
    "LIMIT_MAKER",
)  # fmt: skip
GOOD: dict[str, dict[str, str]] = {
    "LIMIT": {"timeInForce": "GTC", "quantity": "1", "price": "90"},
    "MARKET": {"quantity": "1"},
    "STOP_LOSS": {"quantity": "1", "stopPrice": "110"},
    "STOP_LOSS_LIMIT": {"timeInForce": "GTC", "quantity": "1", "price": "90", "stopPrice": "110"},
    "TAKE_PROFIT": {"quantity": "1", "stopPrice": "80"},
    "TAKE_PROFIT_LIMIT": {"timeInForce": "GTC", "quantity": "1", "price": "90", "stopPrice": "80"},
    "LIMIT_MAKER": {"quantity": "1", "price": "90"},
}
EXTRA = {
    "timeInForce": "GTC", "price": "90", "stopPrice": "110", "trailingDelta": "100",
    "quoteOrderQty": "100", "icebergQty": "0.5",
}  # fmt: skip
ALLOWED_EXTRA = {
    "LIMIT": {"icebergQty"},
    "MARKET": {"quoteOrderQty"},  # instead of a quantity; beside one it is -1128
    "STOP_LOSS": {"trailingDelta"},
    "STOP_LOSS_LIMIT": {"trailingDelta", "icebergQty"},
    "TAKE_PROFIT": {"trailingDelta"},
    "TAKE_PROFIT_LIMIT": {"trailingDelta", "icebergQty"},
    "LIMIT_MAKER": {"icebergQty"},
}


def start(*filters: dict[str, Any], **listed: object) -> World:
    world = World(listing("BTCUSDT", *filters, **listed), alice=RICH, bob=RICH)
    world.trade_at("100")
    return world


# --- Parameters ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TYPES)
def test_what_a_type_needs(kind: str) -> None:
    world = start()
    world.sell("left", "10", "101")
    for name in GOOD[kind]:
        params = {key: value for key, value in GOOD[kind].items() if key != name}
        words = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        if kind == "MARKET":
            words = "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!"
        elif name == "stopPrice":
            words = "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!"
        with world.fails(-1102, words):
            world.place("alice", side="BUY", type=kind, **params)
    answer = world.place("alice", side="BUY", type=kind, newOrderRespType="RESULT", **GOOD[kind])
    shows(answer, type=kind, status="FILLED" if kind == "MARKET" else "NEW")


@pytest.mark.parametrize("kind", TYPES)
def test_what_a_type_must_not_have(kind: str) -> None:
    world = start()
    for name, value in EXTRA.items():
        if name in GOOD[kind] or name in ALLOWED_EXTRA[kind]:
            continue
        with world.fails(-1106, f"Parameter '{name}' sent when not required."):
            world.place("alice", side="BUY", type=kind, **{**GOOD[kind], name: value})


@pytest.mark.parametrize("kind", TYPES)
def test_what_a_symbol_may_not_have(kind: str) -> None:
    others = [each for each in TYPES if each != kind]
    world = World(listing("BTCUSDT", orderTypes=others), alice=RICH)
    name = kind.replace("_", " ").capitalize()
    with world.fails(-2010, f"{name} orders are not supported for this symbol."):
        world.place("alice", side="BUY", type=kind, **GOOD[kind])


def test_nothing_may_be_zero() -> None:
    world = start()
    with world.fails(-1013, "Invalid quantity."):
        world.buy("alice", "0", "90")
    with world.fails(-1013, "Invalid price."):
        world.buy("alice", "1", "0")
    with world.fails(-1013, "Stop price must be greater than 0."):
        world.place("alice", side="BUY", type="STOP_LOSS", quantity="1", stopPrice="0")


def test_precision_is_that_of_the_asset() -> None:
    world = start(baseAssetPrecision=6, quoteAssetPrecision=4)
    for name in ("quantity", "icebergQty"):
        with world.fails(-1111, f"Parameter '{name}' has too much precision."):
            world.place("alice", side="BUY", type="LIMIT", **{**GOOD["LIMIT"], name: "0.1234567"})
    with world.fails(-1111, "Parameter 'quoteOrderQty' has too much precision."):
        world.market_order("alice", "BUY", quoteOrderQty="1.12345")
    with world.fails(-1111, "Parameter 'quantity' has too much precision."):
        start().buy("alice", "0.123456789", "90")


def test_labels() -> None:
    world = start()
    answer = world.buy("alice", "1", "90", strategyId="1", strategyType="1000000")
    shows(answer, strategyId=1, strategyType=1000000)
    shows(world.order("alice", answer["orderId"]), strategyId=1, strategyType=1000000)
    shows(world.cancel("alice", answer["orderId"]), strategyId=1, strategyType=1000000)
    with world.fails(-1134, "strategyType was less than 1000000."):
        world.buy("alice", "1", "90", strategyType="999999")
    shows(world.buy("alice", "1", "90"), strategyId=MISSING, strategyType=MISSING)


# --- Answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TYPES)
def test_answers(kind: str) -> None:
    """LIMIT and MARKET default to FULL, all others to ACK."""
    world = start()
    world.sell("left", "10", "101")

    def place(**more: str) -> Any:
        return world.place("alice", side="BUY", type=kind, **GOOD[kind], **more)

    full = (
        f"{ACK} price origQty executedQty origQuoteOrderQty cummulativeQuoteQty status timeInForce"
        " type side workingTime fills selfTradePreventionMode"
    )
    if "stopPrice" in GOOD[kind]:
        full = full.replace("side ", "side stopPrice ")
    assert fields(place()) == (full if kind in ("LIMIT", "MARKET") else ACK)
    assert fields(place(newOrderRespType="ACK")) == ACK
    assert fields(place(newOrderRespType="RESULT")) == full.replace(" fills", "")
    assert fields(place(newOrderRespType="FULL")) == full


def test_a_partly_filled_order_lists_its_fills() -> None:
    world = start()
    world.sell("left", "1", "101")
    world.sell("left", "1", "102")
    answer = world.buy("alice", "3", "102")
    shows(
        answer, status="PARTIALLY_FILLED", executedQty="2", cummulativeQuoteQty="203",
        fills=[
            {"price": price, "qty": "1", "commission": "0", "commissionAsset": "BTC",
             "tradeId": n}
            for n, price in ((1, "101"), (2, "102"))
        ],
    )  # fmt: skip
    assert world.funds("alice", "USDT") == ("999695", "102")
    mine = world.ask("alice", "GET /api/v3/myTrades", symbol="BTCUSDT", orderId=answer["orderId"])
    assert [(row["id"], row["isBuyer"], row["isMaker"]) for row in mine] == [
        (1, True, False), (2, True, False),
    ]  # fmt: skip


# --- Time in force -------------------------------------------------------------------------------


def test_immediate_or_cancel() -> None:
    world = start()
    world.sell("left", "1", "101")
    answer = world.buy("alice", "3", "101", timeInForce="IOC")
    shows(
        answer, status="EXPIRED", executedQty="1", timeInForce="IOC",
        expiryReason="UNFILLED_IOC_QUANTITY_EXPIRED",
    )  # fmt: skip
    shows(world.buy("alice", "3", "101", timeInForce="IOC"), status="EXPIRED", executedQty="0")
    assert world.book() == ([], [])
    assert world.funds("alice", "USDT") == ("999899", "0")


def test_fill_or_kill() -> None:
    world = start()
    world.sell("left", "1", "101")
    world.sell("left", "1", "102")
    for qty, price in (("2", "101"), ("2.0001", "102")):
        shows(
            world.buy("alice", qty, price, timeInForce="FOK"), status="EXPIRED", executedQty="0",
            fills=[], expiryReason="UNFILLED_FOK_ORDER_EXPIRED",
        )  # fmt: skip
    shows(world.buy("alice", "2", "102", timeInForce="FOK"), status="FILLED", executedQty="2")


def test_fill_or_kill_sees_hidden_quantity() -> None:
    world = start()
    world.sell("bob", "10", "101", icebergQty="1")
    shows(world.buy("alice", "10", "101", timeInForce="FOK"), status="FILLED")


def test_price_time_priority() -> None:
    world = start()
    world.sell("left", "1", "102")
    world.sell("bob", "1", "101")
    world.sell("right", "1", "101")
    world.market_order("alice", "BUY", "3")
    makers = [e.maker.account.name for e in world.events if type(e).__name__ == "Fill"]  # type: ignore[attr-defined]
    assert makers == ["bob", "right", "left"]


def test_the_better_price_of_the_maker_is_paid() -> None:
    world = start()
    world.sell("left", "1", "95")
    shows(world.buy("alice", "1", "200"), status="FILLED", cummulativeQuoteQty="95")
    assert world.funds("alice", "USDT") == ("999905", "0")


def test_limit_maker() -> None:
    world = start()
    world.sell("left", "1", "101")
    words = "Order would immediately match and take."
    for price in ("101", "102"):
        with world.fails(-2010, words):
            world.place("alice", side="BUY", type="LIMIT_MAKER", quantity="1", price=price)
    world.place("alice", side="BUY", type="LIMIT_MAKER", quantity="1", price="100.99")
    with world.fails(-2010, words):
        world.place("bob", side="SELL", type="LIMIT_MAKER", quantity="1", price="100.99")
    assert world.book() == (["1 @ 100.99"], ["1 @ 101"])


# --- Icebergs ------------------------------------------------------------------------------------


def test_an_iceberg_shows_slices_and_refills_at_the_back() -> None:
    world = start()
    iceberg = world.sell("bob", "2.5", "101", icebergQty="1")
    shows(iceberg, icebergQty="1", status="NEW")
    world.sell("left", "1", "101")
    assert world.book()[1] == ["2 @ 101"]  # 1 of 2.5, and 1

    def takes(qty: str) -> list[str]:
        world.market_order("alice", "BUY", qty)
        return [
            f"{e.maker.account.name} {e.qty / 10**8:g}"  # type: ignore[attr-defined]
            for e in world.events
            if type(e).__name__ == "Fill"
        ]

    assert takes("0.4") == ["bob 0.4"]
    assert world.book()[1] == ["1.6 @ 101"]  # no refill before the slice is gone
    assert takes("1") == ["bob 0.6", "left 0.4"]
    assert world.book()[1] == ["1.6 @ 101"]  # left 0.6, behind it the next slice
    assert takes("2.1") == ["left 0.6", "bob 1", "bob 0.5"]
    assert world.book()[1] == []
    shows(world.order("bob", iceberg["orderId"]), status="FILLED", executedQty="2.5")


def test_public_depth_shows_the_visible_part() -> None:
    world = start()
    world.buy("bob", "5", "99", icebergQty="1")
    depth = world.ask("alice", "GET /api/v3/depth", symbol="BTCUSDT")
    assert depth["bids"] == [["99.00000000", "1.00000000"]]
    ticker = world.ask("alice", "GET /api/v3/ticker/bookTicker", symbol="BTCUSDT")
    shows(ticker, bidPrice="99", bidQty="1")
    assert world.funds("bob", "USDT")[1] == "495"  # the hidden part is held for


def test_an_iceberg_takes_whole_and_rests_sliced() -> None:
    world = start()
    world.sell("left", "3", "101")
    answer = world.buy("bob", "5", "101", icebergQty="0.5")
    shows(answer, executedQty="3", status="PARTIALLY_FILLED")
    assert world.book()[0] == ["0.5 @ 101"]


def test_iceberg_rules() -> None:
    world = start({"filterType": "ICEBERG_PARTS", "limit": 10})
    for tif in ("IOC", "FOK"):
        with world.fails(-1014, "Unsupported order combination."):
            world.buy("bob", "5", "90", icebergQty="1", timeInForce=tif)
    with world.fails(-2010, "IcebergQty exceeds QTY."):
        world.buy("bob", "1", "90", icebergQty="1.0001")
    shows(world.buy("bob", "1", "90", icebergQty="1"), icebergQty="1")
    maker = {"side": "SELL", "type": "LIMIT_MAKER", "quantity": "5", "price": "110"}
    shows(world.place("bob", icebergQty="1", newOrderRespType="RESULT", **maker), icebergQty="1")
    closed = start(icebergAllowed=False)
    with closed.fails(-2010, "Iceberg orders are not supported for this symbol."):
        closed.buy("bob", "5", "90", icebergQty="1")
