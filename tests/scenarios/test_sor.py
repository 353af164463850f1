"""Smart order routing: examples 1 to 4 of its FAQ, and what is refused."""

from __future__ import annotations

from typing import Any

from tests.scenarios.harness import MISSING, World, fields, listing, shows

BOOKS = ("BTCUSDT", "BTCUSDC", "BTCUSDP")
PLACED = (
    "symbol orderId orderListId clientOrderId transactTime price origQty executedQty"
    " origQuoteOrderQty cummulativeQuoteQty status timeInForce type side workingTime fills"
    " workingFloor selfTradePreventionMode usedSor"
)
ASKS = (
    ("BTCUSDT", "3", "30800"), ("BTCUSDT", "3", "30500"), ("BTCUSDC", "1", "30000"),
    ("BTCUSDC", "1", "28000"), ("BTCUSDP", "1", "35000"), ("BTCUSDP", "1", "29000"),
)  # fmt: skip
BIDS = (
    ("BTCUSDT", "5", "29500"), ("BTCUSDC", "5", "35000"), ("BTCUSDC", "5", "30000"),
    ("BTCUSDP", "5", "28000"),
)  # fmt: skip
FILL = {"matchType": "ONE_PARTY_TRADE_REPORT", "commission": "0", "tradeId": -1}


def start(side: str, **alice: str) -> World:
    world = World(
        *(listing(name) for name in BOOKS), listing("ETHUSDT"), sors=(("BTC", list(BOOKS)),),
        alice=alice or {"BTC": "10", "USDT": "1000000"},
        maker={"BTC": "100", "USDT": "1000000", "USDC": "1000000", "USDP": "1000000"},
    )  # fmt: skip
    for symbol, qty, price in ASKS if side == "SELL" else BIDS:
        world.limit("maker", side, qty, price, symbol=symbol)
    return world


def sor(world: World, **params: object) -> Any:
    params.setdefault("symbol", "BTCUSDT")
    return world.do("alice", "POST /api/v3/sor/order", **params)


def limit(world: World, side: str, qty: str, price: str, **more: object) -> Any:
    more.setdefault("timeInForce", "GTC")
    return sor(world, side=side, type="LIMIT", quantity=qty, price=price, **more)


def fills(asset: str, *rows: tuple[str, str]) -> list[dict[str, Any]]:
    return [
        {"matchType": FILL["matchType"], "price": price, "qty": qty, "commission": "0",
         "commissionAsset": asset, "tradeId": -1, "allocId": n}
        for n, (price, qty) in enumerate(rows)
    ]  # fmt: skip


def test_example_1_without_routing() -> None:
    world = start("SELL")
    answer = world.buy("alice", "0.5", "31000")
    shows(answer, status="FILLED", cummulativeQuoteQty="15250", usedSor=MISSING)
    assert world.funds("alice", "USDT") == ("984750", "0")


def test_example_1_routed() -> None:
    world = start("SELL")
    answer = limit(world, "BUY", "0.5", "31000")
    assert fields(answer) == PLACED
    shows(
        answer, price="31000", origQty="0.5", executedQty="0.5", cummulativeQuoteQty="14000",
        status="FILLED", timeInForce="GTC", type="LIMIT", side="BUY", workingFloor="SOR",
        selfTradePreventionMode="NONE", usedSor=True, fills=fills("BTC", ("28000", "0.5")),
    )  # fmt: skip
    # 14,000 USDT, not USDC; the maker was paid what it asked for.
    assert world.funds("alice", "USDT") == ("986000", "0")
    assert world.funds("alice", "USDC") == ("0", "0")
    assert world.funds("alice", "BTC") == ("10.5", "0")
    assert world.funds("maker", "USDC") == ("1014000", "0")
    assert world.funds("maker", "USDT") == ("1000000", "0")
    assert world.book("BTCUSDC")[1] == ["0.5 @ 28000", "1 @ 30000"]
    shows(
        world.order("alice", answer["orderId"]), workingFloor="SOR", usedSor=True, status="FILLED"
    )


def test_example_2_without_routing() -> None:
    world = start("SELL")
    shows(world.buy("alice", "5", "31000"), status="FILLED", cummulativeQuoteQty="153100")


def test_example_2_routed() -> None:
    world = start("SELL")
    answer = limit(world, "BUY", "5", "31000")
    shows(
        answer, executedQty="5", cummulativeQuoteQty="148000", status="FILLED",
        fills=fills("BTC", ("28000", "1"), ("29000", "1"), ("30000", "1"), ("30500", "2")),
        workingFloor="SOR", usedSor=True,
    )  # fmt: skip
    assert world.funds("alice", "USDT") == ("852000", "0")
    assert world.funds("alice", "BTC") == ("15", "0")


def test_example_3_exhausts_all_books() -> None:
    world = start("SELL")
    answer = sor(world, side="BUY", type="MARKET", quantity="11")
    shows(
        answer, price="0", origQty="11", executedQty="10", cummulativeQuoteQty="305900",
        status="EXPIRED", timeInForce="GTC", type="MARKET", workingFloor="SOR", usedSor=True,
        expiryReason="INSUFFICIENT_LIQUIDITY",
        fills=fills("BTC", ("28000", "1"), ("29000", "1"), ("30000", "1"), ("30500", "3"),
                    ("30800", "3"), ("35000", "1")),
    )  # fmt: skip
    for symbol in BOOKS:
        assert world.book(symbol) == ([], [])


def test_example_4_without_routing() -> None:
    world = start("BUY")
    answer = world.sell("alice", "10", "29000")
    shows(answer, status="PARTIALLY_FILLED", executedQty="5", cummulativeQuoteQty="147500")
    assert world.book("BTCUSDT") == ([], ["5 @ 29000"])


def test_example_4_routed() -> None:
    world = start("BUY")
    answer = limit(world, "SELL", "10", "29000")
    shows(
        answer, executedQty="10", cummulativeQuoteQty="325000", status="FILLED",
        fills=fills("USDT", ("35000", "5"), ("30000", "5")), workingFloor="SOR", usedSor=True,
    )  # fmt: skip
    assert world.funds("alice", "USDT") == ("1325000", "0")
    assert world.funds("alice", "USDC") == ("0", "0")
    assert world.funds("maker", "BTC") == ("110", "0")


def test_allocations_are_queried() -> None:
    world = start("BUY")
    answer = limit(world, "SELL", "10", "29000")
    path = "GET /api/v3/myAllocations"
    rows = world.ask("alice", path, symbol="BTCUSDT", orderId=answer["orderId"])
    assert fields(rows[0]) == (
        "symbol allocationId allocationType orderId orderListId price qty quoteQty commission"
        " commissionAsset time isBuyer isMaker isAllocator"
    )
    shows(
        rows[0], symbol="BTCUSDT", allocationId=0, allocationType="SOR", price="35000", qty="5",
        orderId=answer["orderId"], orderListId=-1, quoteQty="175000", commission="0",
        commissionAsset="USDT", isBuyer=False, isMaker=False, isAllocator=False,
        time=answer["transactTime"],
    )  # fmt: skip
    assert [row["allocationId"] for row in rows] == [0, 1]
    later = world.ask("alice", path, symbol="BTCUSDT", fromAllocationId=1)
    assert [row["price"] for row in later] == ["30000.00000000"]
    # The maker sees trades of its own symbol, the public too.
    traded = world.ask("maker", "GET /api/v3/myTrades", symbol="BTCUSDC")
    assert [(row["price"], row["isMaker"]) for row in traded] == [
        ("35000.00000000", True), ("30000.00000000", True),
    ]  # fmt: skip
    assert world.ask("alice", "GET /api/v3/myTrades", symbol="BTCUSDT") == []


def test_the_rest_of_a_gtc_order_rests_on_its_own_book() -> None:
    world = start("BUY", BTC="12")
    answer = limit(world, "SELL", "12", "30000")
    shows(
        answer, status="PARTIALLY_FILLED", executedQty="10", cummulativeQuoteQty="325000",
        workingFloor="SOR",
    )  # fmt: skip
    assert world.book("BTCUSDT") == (["5 @ 29500"], ["2 @ 30000"])
    assert world.book("BTCUSDC") == ([], [])
    assert world.funds("alice", "BTC") == ("0", "2")
    # From now on it is a maker like any other: trades, not allocations.
    world.buy("right", "2", "30000")
    shows(
        world.order("alice", answer["orderId"]), status="FILLED", executedQty="12",
        cummulativeQuoteQty="385000", workingFloor="EXCHANGE", usedSor=True,
    )  # fmt: skip
    mine = world.ask("alice", "GET /api/v3/myTrades", symbol="BTCUSDT")
    assert [(row["qty"], row["isMaker"]) for row in mine] == [("2.00000000", True)]


def test_an_order_that_meets_nobody() -> None:
    world = start("SELL")
    answer = limit(world, "BUY", "1", "27000")
    shows(answer, status="NEW", workingFloor="EXCHANGE", usedSor=True, fills=[])
    assert world.book("BTCUSDT")[0] == ["1 @ 27000"]


def test_immediate_or_cancel_and_fill_or_kill() -> None:
    world = start("SELL")
    ioc = limit(world, "BUY", "3", "29000", timeInForce="IOC")
    shows(
        ioc, status="EXPIRED", executedQty="2", cummulativeQuoteQty="57000",
        expiryReason="UNFILLED_IOC_QUANTITY_EXPIRED",
    )  # fmt: skip
    fok = limit(world, "BUY", "5", "30500", timeInForce="FOK")
    shows(fok, status="EXPIRED", executedQty="0", expiryReason="UNFILLED_FOK_ORDER_EXPIRED")
    fok = limit(world, "BUY", "4", "30500", timeInForce="FOK")
    shows(fok, status="FILLED", executedQty="4", cummulativeQuoteQty="121500")


def test_equal_prices_take_the_own_book_first() -> None:
    world = start("SELL")
    world.sell("maker", "1", "28000", symbol="BTCUSDT")
    limit(world, "BUY", "1", "28000")
    assert world.book("BTCUSDC")[1][0] == "1 @ 28000"
    assert world.book("BTCUSDT")[1][0] == "3 @ 30500"


def test_what_is_refused() -> None:
    world = start("SELL")
    with world.fails(-1013, "Smart order routing is not supported for this symbol."):
        limit(world, "BUY", "1", "2000", symbol="ETHUSDT")
    with world.fails(-1121, "Invalid symbol."):
        limit(world, "BUY", "1", "2000", symbol="NOSUCH")
    with world.fails(-1014, "Unsupported order combination."):
        sor(world, side="BUY", type="LIMIT_MAKER", quantity="1", price="20000")
    with world.fails(-1104, "Not all sent parameters were read; read '5' parameter(s) but was"
                            " sent '6'."):  # fmt: skip
        sor(world, side="BUY", type="MARKET", quantity="1", quoteOrderQty="100",
            newOrderRespType="FULL")  # fmt: skip
    with world.fails(-1102, "Mandatory parameter 'quantity' was not sent, was empty/null, or"
                            " malformed."):  # fmt: skip
        sor(world, side="BUY", type="MARKET")
    with world.fails(-1102, "Mandatory parameter 'timeInForce' was not sent, was empty/null, or"
                            " malformed."):  # fmt: skip
        sor(world, side="BUY", type="LIMIT", quantity="1", price="100")


def test_funds_needed_are_those_of_all_books() -> None:
    world = start("SELL", USDT="57000")
    with world.fails(-2010, "Account has insufficient balance for requested action."):
        sor(world, side="BUY", type="MARKET", quantity="3")
    shows(sor(world, side="BUY", type="MARKET", quantity="2"), status="FILLED")
    assert world.funds("alice", "USDT") == ("0", "0")


def test_default_answer_is_full() -> None:
    world = start("SELL")
    answer = limit(world, "BUY", "1", "28000", newOrderRespType="ACK")
    assert fields(answer) == "symbol orderId orderListId clientOrderId transactTime"
    answer = limit(world, "BUY", "1", "29000", newOrderRespType="RESULT")
    shows(answer, fills=MISSING, usedSor=True, workingFloor="SOR")


def test_test_orders_leave_no_trace() -> None:
    world = start("SELL")
    path = "POST /api/v3/sor/order/test"
    params = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}
    assert world.ask("alice", path, **params) == {}
    rates = world.ask("alice", path, computeCommissionRates="true", **params)
    assert fields(rates) == "standardCommissionForOrder taxCommissionForOrder discount"
