"""The unfilled order count: every table of its FAQ, line by line."""

from __future__ import annotations

import pytest
from tests.scenarios.harness import BORN_US, World, listing, shows

RICH = {"BTC": "1000", "USDT": "10000000"}
MIDNIGHT_US = 1_704_067_200_000_000  # 2024-01-01 00:00:00 UTC


def start() -> World:
    world = World(listing("BTCUSDT"), alice=RICH)
    world.now_us = MIDNIGHT_US
    return world


def count(world: World) -> int:
    """The count of the ten seconds in which all happens."""
    return world.counts("alice")[0]


def at(world: World, second: int) -> None:
    world.now_us = MIDNIGHT_US + second * 1_000_000 + world.seq


def test_example_1_taker() -> None:
    world = start()
    assert count(world) == 0
    at(world, 1)
    world.buy("alice", "1", "90")  # A
    assert count(world) == 1
    at(world, 2)
    world.sell("left", "1", "100")
    world.buy("alice", "3", "100")  # B, partially filled
    assert count(world) == 1
    at(world, 3)
    world.buy("alice", "1", "91")  # C
    assert count(world) == 2
    at(world, 4)
    world.sell("left", "1", "100")  # B goes on
    assert count(world) == 2
    world.sell("left", "1", "100")  # B is filled
    assert count(world) == 2
    at(world, 5)
    world.sell("left", "1", "110")
    shows(world.market_order("alice", "BUY", "1"), status="FILLED")  # D
    assert count(world) == 2


def test_example_2_maker() -> None:
    world = start()
    at(world, 1)
    world.buy("alice", "3", "105")  # A
    world.buy("alice", "3", "104")  # B
    at(world, 2)
    for price in ("103", "102", "101"):  # C, D, E
        world.buy("alice", "1", price)
    assert count(world) == 5
    at(world, 3)
    world.sell("left", "1", "105")
    assert count(world) == 0
    at(world, 4)
    world.buy("alice", "1", "90")  # F
    world.buy("alice", "1", "91")  # G
    assert count(world) == 2
    at(world, 5)
    world.sell("left", "1", "105")
    world.sell("left", "1", "105")
    assert count(world) == 2
    world.sell("left", "1", "104")
    assert count(world) == 0
    at(world, 6)
    world.buy("alice", "1", "92")  # H
    assert count(world) == 1


def test_canceled_and_expired_orders_count() -> None:
    world = start()
    at(world, 1)
    a = world.buy("alice", "1", "90")["orderId"]
    assert count(world) == 1
    at(world, 2)
    world.cancel("alice", a)
    assert count(world) == 1
    world.buy("alice", "1", "90")  # B
    assert count(world) == 2
    at(world, 3)
    world.sell("left", "1", "100")
    shows(world.buy("alice", "1", "100", timeInForce="FOK"), status="FILLED")  # C
    assert count(world) == 2
    at(world, 5)
    d = world.buy("alice", "1", "91")["orderId"]
    assert count(world) == 3
    at(world, 6)
    shows(world.buy("alice", "1", "100", timeInForce="FOK"), status="EXPIRED")  # E
    assert count(world) == 4
    at(world, 7)
    world.cancel("alice", d)
    assert count(world) == 4
    world.buy("alice", "1", "92")  # F
    assert count(world) == 5


def test_yesterdays_orders_are_filled_today() -> None:
    world = start()

    def day(number: int, hour: int) -> None:
        world.now_us = MIDNIGHT_US + ((number - 1) * 24 + hour) * 3_600_000_000

    def place(numbers: range) -> None:
        for n in numbers:
            world.buy("alice", "1", str(200 - n))

    def fill(numbers: range) -> None:
        for n in numbers:
            world.sell("left", "1", str(200 - n))

    def today() -> int:
        return world.counts("alice")[1]

    day(1, 9)
    place(range(1, 6))
    assert today() == 5
    day(2, 0)
    assert today() == 0
    day(2, 9)
    place(range(6, 16))
    assert today() == 10
    day(2, 12)
    fill(range(1, 6))
    assert today() == 5
    day(2, 13)
    fill(range(6, 11))
    assert today() == 0
    day(2, 14)
    place(range(16, 18))
    assert today() == 2
    day(2, 15)
    fill(range(11, 16))
    assert today() == 0  # no credit below zero


def test_intervals_are_aligned_to_the_clock() -> None:
    """12:34:00 to 12:34:10, then again from 12:34:10."""
    world = start()
    world.now_us = MIDNIGHT_US + 9_000_000
    for _ in range(3):
        world.buy("alice", "1", "90")
    assert world.counts("alice") == (3, 3)
    world.now_us = MIDNIGHT_US + 9_999_999
    assert world.counts("alice") == (3, 3)
    world.now_us = MIDNIGHT_US + 10_000_000
    assert world.counts("alice") == (0, 3)
    world.now_us = MIDNIGHT_US + 86_400_000_000
    assert world.counts("alice") == (0, 0)


def test_too_many_orders() -> None:
    world = start()
    orders = [world.buy("alice", "1", "90")["orderId"] for _ in range(50)]
    with world.fails(-1015, "Too many new orders; current limit is 50 orders per 10 SECOND.", 429) \
            as told:  # fmt: skip
        world.buy("alice", "1", "90")
    assert told.retry_after_s == 10
    world.cancel("alice", orders[0])  # a cancel is no order, and gives nothing back
    with world.fails(-1015, "Too many new orders; current limit is 50 orders per 10 SECOND.", 429):
        world.buy("alice", "1", "90")
    world.sell("left", "1", "90")  # a maker's first fill makes room for five
    assert world.counts("alice") == (45, 49)
    for _ in range(5):
        world.buy("alice", "1", "90")
    with world.fails(-1015, "Too many new orders; current limit is 50 orders per 10 SECOND.", 429):
        world.buy("alice", "1", "90")
    world.wait(seconds=10)
    world.buy("alice", "1", "90")
    assert world.counts("alice") == (1, 55)


@pytest.mark.parametrize(("kind", "orders"), [("oco", 2), ("oto", 2), ("otoco", 3)])
def test_a_list_counts_all_its_orders(kind: str, orders: int) -> None:
    world = start()
    params = {
        "oco": {
            "side": "SELL", "quantity": "1", "aboveType": "LIMIT_MAKER", "abovePrice": "120",
            "belowType": "STOP_LOSS", "belowStopPrice": "80",
        },
        "oto": {"pendingType": "MARKET", "pendingSide": "SELL", "pendingQuantity": "1"},
        "otoco": {
            "pendingSide": "SELL", "pendingQuantity": "1", "pendingAboveType": "LIMIT_MAKER",
            "pendingAbovePrice": "120", "pendingBelowType": "STOP_LOSS",
            "pendingBelowStopPrice": "80",
        },
    }[kind]  # fmt: skip
    if kind != "oco":
        params |= {
            "workingType": "LIMIT", "workingSide": "BUY", "workingPrice": "90",
            "workingQuantity": "1", "workingTimeInForce": "GTC",
        }  # fmt: skip
    world.list("alice", kind, **params)
    assert count(world) == orders
    for _ in range(50 - orders * 2 + 1):
        world.buy("alice", "1", "50")
    with world.fails(-1015, "Too many new orders; current limit is 50 orders per 10 SECOND.", 429):
        world.list("alice", kind, **params)


def test_the_count_is_queried() -> None:
    world = World(listing("BTCUSDT"), alice=RICH)
    world.now_us = BORN_US
    world.buy("alice", "1", "90")
    rows = world.ask("alice", "GET /api/v3/rateLimit/order")
    assert rows == [
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50,
         "count": 1},
        {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 160000,
         "count": 1},
    ]  # fmt: skip


def test_refused_and_amended_orders_do_not_count() -> None:
    world = start()
    order = world.buy("alice", "2", "90")["orderId"]
    with world.fails(-2010, "Account has insufficient balance for requested action."):
        world.buy("alice", "1000", "100000")
    world.amend("alice", order, "1")
    assert count(world) == 1
