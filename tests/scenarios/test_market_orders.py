"""MARKET orders: their FAQ's reports in order, and quoteOrderQty on both sides."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scenarios.harness import MISSING, World, listing, shows

from tradepit.core.records import Position, Report
from tradepit.core.terms import EXECUTION_TYPES, ORDER_STATUSES
from tradepit.core.units import text_short

FUNDS = "Account has insufficient balance for requested action."


def start(*filters: dict[str, Any], **listed: object) -> World:
    """Asks 1 @ 100, 2 @ 101, 3 @ 102; bids 1 @ 99, 2 @ 98, 3 @ 97."""
    world = World(listing("BTCUSDT", *filters, **listed), alice={"BTC": "100", "USDT": "10000"})
    for n in (1, 2, 3):
        world.sell("left", str(n), str(99 + n))
        world.buy("left", str(n), str(100 - n))
    return world


def test_the_faqs_reports() -> None:
    """6 wanted, two makers of 2: NEW, two trades, EXPIRED, then one balance update."""
    world = World(listing("LTCBNB"), alice={"BNB": "1000"})
    for _ in range(2):
        world.sell("right", "2", "1", symbol="LTCBNB")
    answer = world.market_order("alice", "BUY", "6", symbol="LTCBNB")
    shows(
        answer, price="0", origQty="6", executedQty="4", cummulativeQuoteQty="4",
        status="EXPIRED", timeInForce="GTC", type="MARKET", expiryReason="INSUFFICIENT_LIQUIDITY",
        workingTime=answer["transactTime"],
    )  # fmt: skip
    mine = [e for e in world.events if isinstance(e, Report) and e.order.account.name == "alice"]
    told = [
        (EXECUTION_TYPES[e.exec_type], ORDER_STATUSES[e.status], text_short(e.last_qty),
         text_short(e.executed), text_short(e.last_quote), e.trade_id)
        for e in mine
    ]  # fmt: skip
    assert told == [
        ("NEW", "NEW", "0", "0", "0", -1),
        ("TRADE", "PARTIALLY_FILLED", "2", "2", "2", 0),
        ("TRADE", "PARTIALLY_FILLED", "2", "4", "2", 1),
        ("EXPIRED", "EXPIRED", "0", "4", "0", -1),
    ]  # fmt: skip
    # A maker's report takes an execution id too: 62, 63, 65, 67 in the documents.
    first = mine[0].exec_id
    assert [e.exec_id - first for e in mine] == [0, 1, 3, 5]
    position = [e for e in world.events if isinstance(e, Position) and e.account.name == "alice"]
    assert [sorted(row[0] for row in p.rows) for p in position] == [["BNB", "LTC"]]
    assert [type(e).__name__ for e in world.events][-2:] == ["Position", "Position"]


def test_it_needs_the_funds_for_all_of_it() -> None:
    world = World(listing("BTCUSDT"), alice={"USDT": "300"})
    world.sell("left", "1", "100")
    world.sell("left", "2", "101")
    with world.fails(-2010, FUNDS):
        world.market_order("alice", "BUY", "3")
    shows(world.market_order("alice", "BUY", "2"), status="FILLED", cummulativeQuoteQty="201")
    with world.fails(-2010, FUNDS):
        world.market_order("alice", "SELL", "2.0001")


def test_an_empty_book_expires_it() -> None:
    world = World(listing("BTCUSDT"), alice={"BTC": "1", "USDT": "300"})
    for side in ("BUY", "SELL"):
        shows(
            world.market_order("alice", side, "1"), status="EXPIRED", executedQty="0", fills=[],
            expiryReason="INSUFFICIENT_LIQUIDITY",
        )  # fmt: skip
    assert world.funds("alice", "USDT") == ("300", "0")


@pytest.mark.parametrize(
    ("side", "budget", "qty", "quote"),
    [
        ("BUY", "100", "1", "100"),
        ("BUY", "150", "1.495", "149.995"),  # 0.4950 x 101 = 49.995
        ("BUY", "302", "3", "302"),
        ("BUY", "302.0101", "3", "302"),  # a step would cost 0.0102
        ("BUY", "302.0102", "3.0001", "302.0102"),
        ("SELL", "99", "1", "99"),
        ("SELL", "150", "1.5204", "149.9992"),
        ("SELL", "295", "3", "295"),
    ],
)
def test_quote_order_quantity(side: str, budget: str, qty: str, quote: str) -> None:
    """As many whole steps as the budget buys, or as bring what is wanted at most."""
    world = start()
    answer = world.market_order("alice", side, quoteOrderQty=budget)
    shows(
        answer, status="FILLED", origQty=qty, executedQty=qty, cummulativeQuoteQty=quote,
        origQuoteOrderQty=budget, expiryReason=MISSING,
    )  # fmt: skip
    assert world.funds("alice", "BTC")[1] == world.funds("alice", "USDT")[1] == "0"


def test_the_whole_book_is_not_enough() -> None:
    world = start()
    answer = world.market_order("alice", "BUY", quoteOrderQty="1000")
    shows(
        answer, status="EXPIRED", executedQty="6", cummulativeQuoteQty="608",
        expiryReason="INSUFFICIENT_LIQUIDITY", origQuoteOrderQty="1000",
    )  # fmt: skip
    assert world.funds("alice", "USDT") == ("9392", "0")
    exact = start()
    shows(exact.market_order("alice", "BUY", quoteOrderQty="608"), status="FILLED")


def test_liquidity_below_the_minimum() -> None:
    minimum = {"filterType": "LOT_SIZE", "minQty": "2", "maxQty": "9000", "stepSize": "0.5"}
    market = {"filterType": "MARKET_LOT_SIZE", "minQty": "4", "maxQty": "9", "stepSize": "0"}
    world = World(listing("BTCUSDT", minimum, market), alice={"BTC": "100", "USDT": "10000"})
    with world.fails(-2010, "Order book liquidity is less than symbol minimum quantity."):
        world.market_order("alice", "BUY", quoteOrderQty="1000")
    world.sell("left", "3", "100")
    with world.fails(-2010, "Order book liquidity is less than `MARKET_LOT_SIZE` filter minimum"
                            " quantity."):  # fmt: skip
        world.market_order("alice", "BUY", quoteOrderQty="1000")
    world.sell("left", "2", "100")
    world.buy("right", "3.5", "100")
    with world.fails(-2010, "Order book liquidity is less than `LOT_SIZE` filter minimum"
                            " quantity."):  # fmt: skip
        world.market_order("alice", "BUY", quoteOrderQty="1000")
    world.sell("left", "20", "100")
    with world.fails(-1013, "Filter failure: LOT_SIZE"):
        world.market_order("alice", "BUY", quoteOrderQty="199")
    with world.fails(-1013, "Filter failure: MARKET_LOT_SIZE"):
        world.market_order("alice", "BUY", quoteOrderQty="399")
    with world.fails(-1013, "Filter failure: MARKET_LOT_SIZE"):
        world.market_order("alice", "BUY", quoteOrderQty="1000")
    shows(world.market_order("alice", "BUY", quoteOrderQty="900"), status="FILLED")


def test_quote_budgets_need_funds_and_permission() -> None:
    world = World(listing("BTCUSDT"), alice={"BTC": "1", "USDT": "99"})
    world.sell("left", "5", "100")
    with world.fails(-2010, FUNDS):
        world.market_order("alice", "BUY", quoteOrderQty="100")
    shows(world.market_order("alice", "BUY", quoteOrderQty="99"), executedQty="0.99")
    with world.fails(-1013, "Invalid quote order quantity."):
        world.market_order("alice", "BUY", quoteOrderQty="0")
    with world.fails(-1128, "Combination of optional parameters invalid."):
        world.market_order("alice", "BUY", "1", quoteOrderQty="100")
    closed = start(quoteOrderQtyMarketAllowed=False)
    with closed.fails(-2010, "Quote order qty market orders are not support for this symbol."):
        closed.market_order("alice", "BUY", quoteOrderQty="100")


@pytest.mark.parametrize(
    ("mode", "status", "executed", "prevented", "left"),
    [
        ("EXPIRE_TAKER", "EXPIRED_IN_MATCH", "1", "2", "2 @ 101"),
        ("EXPIRE_MAKER", "FILLED", "2.9803", MISSING, "1.0197 @ 102"),
        ("DECREMENT", "EXPIRED_IN_MATCH", "1", "2", "3 @ 102"),
    ],
)
def test_own_orders_on_the_way(
    mode: str, status: str, executed: str, prevented: object, left: str
) -> None:
    """302 USDT: 1 @ 100 is another's, 2 @ 101 are its own."""
    world = World(listing("BTCUSDT"), alice={"BTC": "100", "USDT": "10000"})
    world.sell("left", "1", "100")
    world.sell("alice", "2", "101")
    world.sell("left", "3", "102")
    answer = world.market_order("alice", "BUY", quoteOrderQty="302", selfTradePreventionMode=mode)
    shows(answer, status=status, executedQty=executed, preventedQuantity=prevented)
    assert world.book()[1][0] == left
