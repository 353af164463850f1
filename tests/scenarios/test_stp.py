"""Self-trade prevention: scenarios A to H of its FAQ, and the rules around them."""

from __future__ import annotations

import pytest
from tests.scenarios.harness import MISSING, MODES, World, fields, listing, shows

RICH = {"BTC": "1000", "USDT": "1000"}
QUERY = (
    "symbol orderId orderListId clientOrderId price origQty executedQty cummulativeQuoteQty status"
    " timeInForce type side stopPrice icebergQty time updateTime isWorking workingTime"
    " origQuoteOrderQty selfTradePreventionMode"
)
PLACED = (
    "symbol orderId orderListId clientOrderId transactTime price origQty executedQty"
    " origQuoteOrderQty cummulativeQuoteQty status timeInForce type side workingTime fills"
)


def start(group: int = -1, **listed: object) -> World:
    world = World(listing("BTCUSDT", **listed), alice=RICH, ann=RICH, bob=RICH)
    world.account("alice").trade_group = group
    return world


def three_bids(world: World) -> list[int]:
    """The makers of scenarios B and C."""
    rows = (("1.2", "1.2"), ("1.3", "1.1"), ("8.1", "1"))
    return [
        world.buy("alice", qty, price, selfTradePreventionMode="NONE")["orderId"]
        for qty, price in rows
    ]


def test_scenario_a_none_trades_with_itself() -> None:
    world = start()
    maker = world.buy("alice", "1", "1", selfTradePreventionMode="NONE")
    taker = world.sell("alice", "1", "1", selfTradePreventionMode="NONE")
    assert fields(taker) == f"{PLACED} selfTradePreventionMode"
    shows(
        taker, status="FILLED", executedQty="1", cummulativeQuoteQty="1",
        selfTradePreventionMode="NONE",
        fills=[{"price": "1", "qty": "1", "commission": "0", "commissionAsset": "USDT",
                "tradeId": 0}],
    )  # fmt: skip
    assert fields(world.order("alice", maker["orderId"])) == QUERY
    shows(
        world.order("alice", maker["orderId"]), status="FILLED", executedQty="1", isWorking=True,
        cummulativeQuoteQty="1", stopPrice="0", icebergQty="0", origQuoteOrderQty="0",
        workingTime=maker["transactTime"], time=maker["transactTime"],
        updateTime=taker["transactTime"],
    )  # fmt: skip
    assert world.funds("alice", "BTC") == ("1000", "0")
    assert world.funds("alice", "USDT") == ("1000", "0")


def test_scenario_b_expire_maker() -> None:
    world = start()
    makers = three_bids(world)
    taker = world.sell("alice", "3", "1", selfTradePreventionMode="EXPIRE_MAKER")
    assert fields(taker) == f"{PLACED} preventedMatches selfTradePreventionMode"
    rows = [("1.2", "1.2"), ("1.1", "1.3"), ("1", "8.1")]
    shows(
        taker, status="NEW", executedQty="0", fills=[], workingTime=taker["transactTime"],
        preventedMatches=[
            {"preventedMatchId": n, "makerSymbol": "BTCUSDT", "makerOrderId": makers[n],
             "price": price, "makerPreventedQuantity": qty}
            for n, (price, qty) in enumerate(rows)
        ],
    )  # fmt: skip
    for n, (_, qty) in enumerate(rows):
        maker = world.order("alice", makers[n])
        assert fields(maker) == f"{QUERY} preventedMatchId preventedQuantity"
        shows(
            maker, status="EXPIRED_IN_MATCH", executedQty="0", preventedMatchId=n, origQty=qty,
            preventedQuantity=qty, updateTime=taker["transactTime"], isWorking=True,
        )  # fmt: skip
    assert world.book() == ([], ["3 @ 1"])
    assert world.funds("alice", "USDT") == ("1000", "0")
    assert world.funds("alice", "BTC") == ("997", "3")
    assert world.story() == [
        "alice 4 NEW NEW", "alice 1 TRADE_PREVENTION EXPIRED_IN_MATCH",
        "alice 2 TRADE_PREVENTION EXPIRED_IN_MATCH", "alice 3 TRADE_PREVENTION EXPIRED_IN_MATCH",
    ]  # fmt: skip


def test_scenario_c_expire_taker() -> None:
    world = start()
    makers = three_bids(world)
    taker = world.sell("alice", "3", "1", selfTradePreventionMode="EXPIRE_TAKER")
    for maker in makers:
        shows(world.order("alice", maker), status="NEW", preventedQuantity=MISSING)
    found = world.order("alice", taker["orderId"])
    assert fields(found) == f"{QUERY} preventedMatchId preventedQuantity"
    shows(
        found, status="EXPIRED_IN_MATCH", preventedMatchId=0, preventedQuantity="3",
        executedQty="0", isWorking=True, workingTime=taker["transactTime"],
    )  # fmt: skip
    assert world.book() == (["1.2 @ 1.2", "1.3 @ 1.1", "8.1 @ 1"], [])
    assert world.funds("alice", "BTC") == ("1000", "0")


def test_scenario_d_expire_both() -> None:
    world = start(group=1)
    maker = world.buy("alice", "1", "1", selfTradePreventionMode="NONE")["orderId"]
    taker = world.sell("alice", "3", "1", selfTradePreventionMode="EXPIRE_BOTH")
    assert fields(taker) == (
        f"{PLACED} preventedMatches selfTradePreventionMode tradeGroupId preventedQuantity"
    )
    shows(
        taker, status="EXPIRED_IN_MATCH", tradeGroupId=1, preventedQuantity="3", fills=[],
        preventedMatches=[
            {"preventedMatchId": 0, "makerSymbol": "BTCUSDT", "makerOrderId": maker, "price": "1",
             "takerPreventedQuantity": "3", "makerPreventedQuantity": "1"}
        ],
    )  # fmt: skip
    shows(
        world.order("alice", maker), status="EXPIRED_IN_MATCH", preventedMatchId=0,
        preventedQuantity="1", updateTime=taker["transactTime"],
    )  # fmt: skip
    assert world.book() == ([], [])


def test_scenario_e_the_takers_mode_decides() -> None:
    world = start()
    maker = world.buy("alice", "1", "1", selfTradePreventionMode="EXPIRE_MAKER")["orderId"]
    taker = world.sell("alice", "1", "1", selfTradePreventionMode="EXPIRE_TAKER")
    assert fields(taker) == f"{PLACED} preventedMatches selfTradePreventionMode preventedQuantity"
    shows(
        taker, status="EXPIRED_IN_MATCH", preventedQuantity="1",
        preventedMatches=[
            {"preventedMatchId": 0, "makerSymbol": "BTCUSDT", "makerOrderId": maker, "price": "1",
             "takerPreventedQuantity": "1"}
        ],
    )  # fmt: skip
    shows(world.order("alice", maker), status="NEW", selfTradePreventionMode="EXPIRE_MAKER")


def test_scenario_f_market_order_finds_nothing_else() -> None:
    world = start()
    maker = world.buy("alice", "1", "1", selfTradePreventionMode="NONE")["orderId"]
    taker = world.market_order("alice", "SELL", "1", selfTradePreventionMode="EXPIRE_MAKER")
    shows(
        taker, status="EXPIRED", price="0", origQty="1", executedQty="0", fills=[],
        preventedQuantity=MISSING, expiryReason="INSUFFICIENT_LIQUIDITY",
        preventedMatches=[
            {"preventedMatchId": 0, "makerSymbol": "BTCUSDT", "makerOrderId": maker, "price": "1",
             "makerPreventedQuantity": "1"}
        ],
    )  # fmt: skip
    shows(world.order("alice", maker), status="EXPIRED_IN_MATCH", preventedQuantity="1")


def test_scenario_g_decrement() -> None:
    world = start()
    maker = world.buy("alice", "6", "2", selfTradePreventionMode="NONE")["orderId"]
    taker = world.sell("alice", "2", "2", selfTradePreventionMode="DECREMENT")
    shows(
        world.order("alice", maker), status="NEW", origQty="6", executedQty="0",
        preventedMatchId=0, preventedQuantity="2", updateTime=taker["transactTime"],
    )  # fmt: skip
    shows(
        world.order("alice", taker["orderId"]), status="EXPIRED_IN_MATCH", preventedMatchId=0,
        preventedQuantity="2", origQty="2", executedQty="0",
    )  # fmt: skip
    assert world.book() == (["4 @ 2"], [])
    assert world.funds("alice", "USDT") == ("992", "8")
    assert world.funds("alice", "BTC") == ("1000", "0")


def test_scenario_h_transfer() -> None:
    rich = {"BTC": "20000", "USDT": "20000"}
    world = World(listing("BTCUSDT"), alice=rich, ann=rich)
    world.account("alice").trade_group = world.account("ann").trade_group = 1
    maker = world.buy("alice", "0.6", "0.2", selfTradePreventionMode="TRANSFER")["orderId"]
    taker = world.sell("ann", "0.2", "0.2", selfTradePreventionMode="TRANSFER")
    assert fields(taker) == (
        f"{PLACED} preventedMatches selfTradePreventionMode tradeGroupId preventedQuantity"
    )
    shows(
        taker, status="EXPIRED_IN_MATCH", tradeGroupId=1, preventedQuantity="0.2", fills=[],
        preventedMatches=[
            {"preventedMatchId": 0, "makerSymbol": "BTCUSDT", "makerOrderId": maker,
             "price": "0.2", "takerPreventedQuantity": "0.2", "makerPreventedQuantity": "0.2"}
        ],
    )  # fmt: skip
    shows(
        world.order("alice", maker), status="NEW", preventedMatchId=0, preventedQuantity="0.2",
        selfTradePreventionMode="TRANSFER", executedQty="0", cummulativeQuoteQty="0",
    )  # fmt: skip
    assert world.funds("alice", "BTC") == ("20000.2", "0")
    assert world.funds("alice", "USDT") == ("19999.88", "0.08")
    assert world.funds("ann", "BTC") == ("19999.8", "0")
    assert world.funds("ann", "USDT") == ("20000.04", "0")
    assert world.market().last_price == 0  # no trade happened


@pytest.mark.parametrize("maker_mode", MODES)
@pytest.mark.parametrize("taker_mode", MODES)
def test_effective_mode(taker_mode: str, maker_mode: str) -> None:
    """The table of the FAQ, between two accounts of a group."""
    world = start(group=7)
    world.account("ann").trade_group = 7
    world.buy("alice", "2", "10", selfTradePreventionMode=maker_mode)
    world.sell("ann", "3", "10", selfTradePreventionMode=taker_mode)
    effective = "DECREMENT" if taker_mode == "TRANSFER" != maker_mode else taker_mode
    told = world.ask("ann", "GET /api/v3/myPreventedMatches", symbol="BTCUSDT", orderId=2)
    if effective == "NONE":
        assert told == []
        assert world.funds("ann", "USDT") == ("1020", "0")
        return
    prevented = {
        "EXPIRE_TAKER": ("3", MISSING), "EXPIRE_MAKER": (MISSING, "2"), "EXPIRE_BOTH": ("3", "2"),
    }.get(effective, ("2", "2"))  # fmt: skip
    assert len(told) == 1
    shows(
        told[0], symbol="BTCUSDT", preventedMatchId=0, takerOrderId=2, makerOrderId=1,
        makerSymbol="BTCUSDT", tradeGroupId=7, selfTradePreventionMode=effective, price="10",
        takerPreventedQuantity=prevented[0], makerPreventedQuantity=prevented[1],
    )  # fmt: skip
    left = {"EXPIRE_TAKER": (["2 @ 10"], []), "EXPIRE_MAKER": ([], ["3 @ 10"]),
            "EXPIRE_BOTH": ([], [])}.get(effective, ([], ["1 @ 10"]))  # fmt: skip
    assert world.book() == left
    moved = effective == "TRANSFER"
    assert world.funds("alice", "BTC")[0] == ("1002" if moved else "1000")
    assert world.funds("ann", "USDT")[0] == ("1020" if moved else "1000")


def test_transfer_within_one_account_moves_nothing() -> None:
    world = start(group=1)
    world.buy("alice", "2", "10", selfTradePreventionMode="TRANSFER")
    world.sell("alice", "2", "10", selfTradePreventionMode="TRANSFER")
    assert world.book() == ([], [])
    assert world.funds("alice", "BTC") == ("1000", "0")
    assert world.funds("alice", "USDT") == ("1000", "0")


def test_strangers_and_other_groups_trade() -> None:
    for groups in ((-1, -1), (1, 2), (1, -1)):
        world = start(group=groups[0])
        world.account("ann").trade_group = groups[1]
        world.buy("alice", "1", "10", selfTradePreventionMode="EXPIRE_BOTH")
        shows(
            world.sell("ann", "1", "10", selfTradePreventionMode="EXPIRE_BOTH"),
            status="FILLED", preventedMatches=MISSING,
        )  # fmt: skip


def test_the_group_is_shown_by_the_account() -> None:
    world = start(group=3)
    shows(world.ask("alice", "GET /api/v3/account"), tradeGroupId=3)
    shows(world.ask("bob", "GET /api/v3/account"), tradeGroupId=MISSING)


def test_default_and_allowed_modes() -> None:
    world = start(
        defaultSelfTradePreventionMode="NONE",
        allowedSelfTradePreventionModes=["NONE", "EXPIRE_TAKER", "EXPIRE_BOTH"],
    )
    shows(world.buy("alice", "1", "10"), selfTradePreventionMode="NONE")
    for mode in ("NONE", "EXPIRE_TAKER", "EXPIRE_BOTH"):
        shows(
            world.buy("alice", "1", "10", selfTradePreventionMode=mode),
            selfTradePreventionMode=mode,
        )
    words = "This symbol does not allow the specified self-trade prevention mode."
    with world.fails(-1013, words):
        world.buy("alice", "1", "10", selfTradePreventionMode="EXPIRE_MAKER")
    other = start(
        defaultSelfTradePreventionMode="EXPIRE_MAKER",
        allowedSelfTradePreventionModes=["EXPIRE_MAKER"],
    )
    shows(other.buy("alice", "1", "10"), selfTradePreventionMode="EXPIRE_MAKER")


def test_prevention_only_where_kin_meet() -> None:
    """Others' orders before it trade; what is behind an expired taker is left alone."""
    world = start()
    world.buy("bob", "1", "10")
    world.buy("alice", "1", "9")
    world.buy("bob", "1", "8")
    taker = world.sell("alice", "3", "8", selfTradePreventionMode="EXPIRE_TAKER")
    shows(taker, status="EXPIRED_IN_MATCH", executedQty="1", preventedQuantity="2")
    assert world.book() == (["1 @ 9", "1 @ 8"], [])


def test_decrement_leaves_the_equation_true() -> None:
    world = start()
    maker = world.buy("alice", "5", "10")["orderId"]
    world.sell("bob", "1", "10")
    world.sell("alice", "1.5", "10", selfTradePreventionMode="DECREMENT")
    shows(
        world.order("alice", maker), status="PARTIALLY_FILLED", origQty="5", executedQty="1",
        preventedQuantity="1.5",
    )  # fmt: skip
    assert world.book() == (["2.5 @ 10"], [])
    shows(world.sell("bob", "2.5", "10"), status="FILLED")
    # Nothing is left of it, and the last thing that happened to it was a trade.
    shows(world.order("alice", maker), status="FILLED", executedQty="3.5")
    assert world.funds("alice", "BTC") == ("1003.5", "0")


def test_decrement_both_expire_when_equal() -> None:
    world = start()
    maker = world.buy("alice", "2", "10")["orderId"]
    taker = world.sell("alice", "2", "10", selfTradePreventionMode="DECREMENT")
    shows(taker, status="EXPIRED_IN_MATCH", preventedQuantity="2")
    shows(world.order("alice", maker), status="EXPIRED_IN_MATCH", preventedQuantity="2")


def test_an_iceberg_maker_expires_whole() -> None:
    world = start()
    maker = world.buy("alice", "5", "10", icebergQty="1")["orderId"]
    assert world.book() == (["1 @ 10"], [])
    taker = world.sell("alice", "3", "10", selfTradePreventionMode="EXPIRE_MAKER")
    shows(taker, status="NEW", preventedMatches=[
        {"preventedMatchId": 0, "makerSymbol": "BTCUSDT", "makerOrderId": maker, "price": "10",
         "makerPreventedQuantity": "5"}])  # fmt: skip
    shows(world.order("alice", maker), status="EXPIRED_IN_MATCH", preventedQuantity="5")
    assert world.book() == ([], ["3 @ 10"])


def test_an_iceberg_maker_is_decremented_hidden_part_first() -> None:
    world = start()
    maker = world.buy("alice", "5", "10", icebergQty="1")["orderId"]
    world.sell("alice", "4.5", "10", selfTradePreventionMode="DECREMENT")
    shows(world.order("alice", maker), status="NEW", preventedQuantity="4.5")
    assert world.book() == (["0.5 @ 10"], [])
    assert world.funds("alice", "USDT") == ("995", "5")


@pytest.mark.parametrize(
    ("mode", "status", "executed", "maker_status"),
    [
        ("NONE", "FILLED", "2", "FILLED"),
        ("EXPIRE_MAKER", "EXPIRED", "0", "NEW"),  # without its own order it cannot be filled
        ("EXPIRE_TAKER", "EXPIRED", "0", "NEW"),
        ("EXPIRE_BOTH", "EXPIRED", "0", "NEW"),
    ],
)
def test_fill_or_kill(mode: str, status: str, executed: str, maker_status: str) -> None:
    world = start()
    maker = world.buy("alice", "1", "10")["orderId"]
    world.buy("bob", "1", "9")
    taker = world.sell("alice", "2", "9", timeInForce="FOK", selfTradePreventionMode=mode)
    shows(taker, status=status, executedQty=executed)
    if status == "EXPIRED":
        shows(taker, expiryReason="UNFILLED_FOK_ORDER_EXPIRED", preventedMatches=MISSING)
    shows(world.order("alice", maker), status=maker_status)


def test_fill_or_kill_over_its_own_order() -> None:
    world = start()
    own = world.buy("alice", "1", "10")["orderId"]
    world.buy("bob", "2", "9")
    taker = world.sell("alice", "2", "9", timeInForce="FOK", selfTradePreventionMode="EXPIRE_MAKER")
    shows(taker, status="FILLED", executedQty="2", cummulativeQuoteQty="18")
    shows(world.order("alice", own), status="EXPIRED_IN_MATCH")


def test_a_market_buy_pays_only_others() -> None:
    """Its own order in the way is no cost: the funds needed are those of the real trades."""
    world = World(listing("BTCUSDT"), alice={"BTC": "10", "USDT": "90"}, bob={"BTC": "10"})
    world.sell("alice", "5", "8")
    world.sell("bob", "10", "9")
    taker = world.market_order("alice", "BUY", "10", selfTradePreventionMode="EXPIRE_MAKER")
    shows(taker, status="FILLED", executedQty="10", cummulativeQuoteQty="90")
    assert world.funds("alice", "USDT") == ("0", "0")
    assert world.funds("alice", "BTC") == ("20", "0")


def test_prevented_matches_are_queried_by_order_and_by_id() -> None:
    world = start()
    three_bids(world)
    world.sell("alice", "3", "1", selfTradePreventionMode="EXPIRE_MAKER")
    path = "GET /api/v3/myPreventedMatches"
    by_order = world.ask("alice", path, symbol="BTCUSDT", orderId=4)
    assert [row["preventedMatchId"] for row in by_order] == [0, 1, 2]
    assert fields(by_order[0]) == (
        "symbol preventedMatchId takerOrderId makerSymbol makerOrderId tradeGroupId"
        " selfTradePreventionMode price makerPreventedQuantity transactTime"
    )
    shows(by_order[0], tradeGroupId=-1)
    later = world.ask("alice", path, symbol="BTCUSDT", orderId=4, fromPreventedMatchId=1)
    assert [row["preventedMatchId"] for row in later] == [1, 2]
    one = world.ask("alice", path, symbol="BTCUSDT", preventedMatchId=2)
    assert [row["makerOrderId"] for row in one] == [3]
