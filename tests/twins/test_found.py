"""What the random runs found, each as the smallest story that shows it."""

from __future__ import annotations

import pytest
from tests.scenarios.harness import World, listing, shows

SOR = (("BTC", ["BTCUSDT", "BTCUSDC"]),)


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_a_transfer_across_books_pays_each_in_its_own_quote_asset(side: str) -> None:
    """A routed order met the order of a friend on the other book: the world stopped."""
    world = World(
        listing("BTCUSDT"), listing("BTCUSDC"), sors=SOR,
        ann={"BTC": "5", "USDT": "500", "USDC": "500"},
        bob={"BTC": "5", "USDT": "500", "USDC": "500"},
    )  # fmt: skip
    for name in ("ann", "bob"):
        world.account(name).trade_group = 7
    other = "SELL" if side == "BUY" else "BUY"
    world.limit(
        "bob", other, "2", "100", symbol="BTCUSDC", selfTradePreventionMode="TRANSFER"
    )  # fmt: skip
    answer = world.do(
        "ann", "POST /api/v3/sor/order", symbol="BTCUSDT", side=side, type="LIMIT",
        timeInForce="GTC", quantity="2", price="100", selfTradePreventionMode="TRANSFER",
    )  # fmt: skip
    shows(answer, status="EXPIRED_IN_MATCH", executedQty="0")
    more, less = ("7", "300") if side == "BUY" else ("3", "700")
    assert (world.funds("ann", "BTC")[0], world.funds("ann", "USDT")[0]) == (more, less)
    more, less = ("3", "700") if side == "BUY" else ("7", "300")
    assert (world.funds("bob", "BTC")[0], world.funds("bob", "USDC")[0]) == (more, less)
    assert world.funds("ann", "USDC") == world.funds("bob", "USDT") == ("500", "0")


def test_an_amended_trailing_order_never_holds_more_than_before() -> None:
    """It held by the price of its placement, and by another one when it was amended: an account
    without more money was refused in the middle of the change."""
    world = World(listing(), ann={"USDT": "200"})
    world.trade_at("100")
    order = world.place(
        "ann", side="BUY", type="STOP_LOSS", quantity="2", trailingDelta=2000
    )["orderId"]  # fmt: skip
    assert world.funds("ann", "USDT") == ("0", "200")
    world.trade_at("115")
    world.amend("ann", order, "1.9")
    assert world.funds("ann", "USDT") == ("10", "190")


def test_fill_or_kill_knows_that_icebergs_queue_anew() -> None:
    """Behind an iceberg's first slice stands the taker's own order: less can be had than rests."""
    world = World(listing(), ann={"BTC": "1", "USDT": "300"}, bob={"BTC": "3"})
    world.sell("bob", "3", "100", icebergQty="1")
    world.sell("ann", "1", "100")
    own = {"selfTradePreventionMode": "EXPIRE_TAKER"}
    shows(world.buy("ann", "3", "100", timeInForce="FOK", **own), status="EXPIRED", executedQty="0")
    shows(world.buy("ann", "1", "100", timeInForce="FOK", **own), status="FILLED")


def test_a_market_order_needs_no_more_than_it_will_pay() -> None:
    """What its own order takes from it is not paid for, though both ask for TRANSFER."""
    world = World(listing(), ann={"BTC": "5", "USDT": "100"}, bob={"BTC": "1"})
    own = {"selfTradePreventionMode": "TRANSFER"}
    world.sell("ann", "5", "99", **own)
    world.sell("bob", "1", "100")
    shows(world.market_order("ann", "BUY", "6", **own), status="FILLED", executedQty="1")
    assert world.funds("ann", "USDT") == ("0", "0")
