"""Positions, profit and margin, by examples worked by hand (the formula stands beside each)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.futures.contracts_bench import Bench, inverse, linear, meet

from tradepit.core import futures_life as life
from tradepit.core import margin
from tradepit.core.exchange import Exchange
from tradepit.core.futures_orders import FuturesOrder
from tradepit.core.rejects import Reject
from tradepit.core.terms import (
    EXPIRE_MAKER,
    EXPIRED,
    EXPIRED_IN_MATCH,
    FILLED,
    FOK,
    GTX,
    IOC,
    NEW,
    POSITION_LONG,
    POSITION_SHORT,
    STOP_LOSS,
    STOP_LOSS_LIMIT,
    TAKE_PROFIT,
    TRAILING_STOP_MARKET,
)  # fmt: skip
from tradepit.core.units import ONE, parse_units


def test_profit_is_the_difference_of_prices_times_quantity() -> None:
    bench = Bench()
    meet(bench, "ann", "ben", "1", "50000")
    meet(bench, "cat", "ann", "0.4", "51000")
    # (51000 - 50000) x 0.4 = 400; fees: 50000 x 1 x 0.05 % + 51000 x 0.4 x 0.02 % = 29.08
    assert bench.wallet("ann") == parse_units("10370.92")
    both = bench.holding("ann").both
    assert both.qty == parse_units("0.6")
    assert both.entry_price == parse_units("50000")
    assert both.realized == parse_units("400")


def test_entry_price_is_the_mean_and_survives_a_reduction() -> None:
    bench = Bench()
    meet(bench, "ann", "ben", "0.1", "50000")
    meet(bench, "ann", "ben", "0.3", "52000")
    both = bench.holding("ann").both
    assert both.entry_price == parse_units("51500")  # (0.1 x 50000 + 0.3 x 52000) / 0.4
    meet(bench, "cat", "ann", "0.1", "50500")
    assert both.entry_price == parse_units("51500")


def test_a_position_turns_over() -> None:
    bench = Bench()
    meet(bench, "ann", "ben", "0.2", "50000")
    meet(bench, "cat", "ann", "0.5", "50100")
    both = bench.holding("ann").both
    assert (both.qty, both.entry_price) == (-parse_units("0.3"), parse_units("50100"))
    assert both.realized == parse_units("20")  # 0.2 x 100


def test_inverse_profit_is_paid_in_the_coin() -> None:
    bench = Bench(inverse())
    meet(bench, "ann", "ben", "100", "50000")
    meet(bench, "cat", "ann", "100", "51000")
    # 100 x 100 USD x (1/50000 - 1/51000) = 0.00392156...; fees 0.2 x 0.05 % + 0.19607843 x 0.01 %
    both = bench.holding("ann").both
    assert both.realized == 392156
    assert bench.wallet("ann") == 10_000 * ONE + 392156 - 10000 - 1961
    assert both.qty == both.cost == 0


def test_inverse_entry_is_the_harmonic_mean() -> None:
    bench = Bench(inverse())
    meet(bench, "ann", "ben", "10", "50000")
    meet(bench, "ann", "ben", "30", "52000")
    # 40 / (10 / 50000 + 30 / 52000) = 51485.1485...
    assert bench.holding("ann").both.entry_price == 5_148_514_851_485


def test_hedged_positions_do_not_mix() -> None:
    bench = Bench()
    bench.trader("ann").dual = True
    bench.place("ben", "SELL", "1", "50000")
    bench.place("ann", "BUY", "1", "50000", position=POSITION_LONG)
    bench.place("ben", "BUY", "1", "50100")
    bench.place("ann", "SELL", "1", "50100", position=POSITION_SHORT)
    holding = bench.holding("ann")
    assert (holding.long.qty, holding.short.qty) == (ONE, -ONE)
    with pytest.raises(Reject) as no:
        bench.place("ann", "SELL", "1.5", "50100", position=POSITION_LONG)
    assert (no.value.code, no.value.msg) == (-2022, "ReduceOnly Order is rejected.")


@pytest.mark.parametrize(
    ("side", "funds", "expected"),
    [
        # (wallet - cost + cum) / (mmr - 1): (9975 - 50000 + 0) / (0.004 - 1)
        ("BUY", "10000", "40185.74297188"),
        # (wallet + cost + cum) / (1 + mmr): (9975 + 50000 + 50) / 1.005
        ("SELL", "10000", "59726.36815920"),
        # bracket 2 at the price reached: (1975 - 50000 + 0) / (0.004 - 1)
        ("BUY", "2000", "48217.87148594"),
    ],
)
def test_liquidation_price_of_a_cross_position(side: str, funds: str, expected: str) -> None:
    bench = Bench(funds=funds)
    bench.holding("ann").leverage = bench.holding("ben").leverage = 100
    bench.place("maker", "SELL" if side == "BUY" else "BUY", "1", "50000")
    bench.place("ann", side, "1", "50000", tif=IOC)
    assert margin.liquidation_price(bench.pit, bench.holding("ann").both) == parse_units(expected)


def test_liquidation_price_of_an_isolated_position() -> None:
    bench = Bench()
    holding = bench.holding("ann")
    holding.isolated, holding.leverage = True, 10
    meet(bench, "ann", "ben", "0.5", "50000")
    assert holding.both.wallet == parse_units("2500")
    # (2500 - 25000 + 0) / (0.5 x 0.004 - 0.5)
    assert margin.liquidation_price(bench.pit, holding.both) == 4_518_072_289_156


def test_liquidation_price_of_an_inverse_position() -> None:
    bench = Bench(inverse(), funds="0.1")
    bench.holding("ann").leverage = 100
    bench.place("maker", "SELL", "1000", "50000")
    bench.place("ann", "BUY", "1000", "50000", tif=IOC)
    # wallet 0.1 - 2 x 0.05 % = 0.099; p = size x qty x (1 + mmr) / (wallet + cost coins)
    # = 100000 x 1.004 / (0.099 + 2)
    expected = parse_units("100400") * ONE // parse_units("2.099")
    assert abs(margin.liquidation_price(bench.pit, bench.holding("ann").both) - expected) <= 1


def test_margin_asked_for_positions_and_orders() -> None:
    bench = Bench()
    bench.holding("ann").leverage = 10
    bench.place("ann", "BUY", "0.5", "48000")
    found = margin.cross(bench.pit, bench.trader("ann"), "USDT")
    assert found.orders == parse_units("2400")  # 24000 / 10
    bench.place("ann", "SELL", "0.3", "51000")
    found = margin.cross(bench.pit, bench.trader("ann"), "USDT")
    assert found.orders == parse_units("2400")  # the dearer side alone counts
    bench.place("ben", "SELL", "0.5", "48000", tif=IOC)
    bench.set_mark("50000")
    found = margin.cross(bench.pit, bench.trader("ann"), "USDT")
    assert (found.positions, found.orders) == (parse_units("2500"), 0)
    assert found.profit == parse_units("1000")


def test_margin_must_suffice() -> None:
    bench = Bench(funds="1000")
    bench.holding("ann").leverage = 10
    with pytest.raises(Reject) as no:
        bench.place("ann", "BUY", "0.25", "50000")
    assert (no.value.code, no.value.msg) == (-2019, "Margin is insufficient.")
    bench.place("ann", "BUY", "0.2", "50000")
    with pytest.raises(Reject):
        bench.place("ann", "BUY", "0.002", "50000")
    bench.holding("ben").leverage = 125
    with pytest.raises(Reject) as no:
        bench.place("ben", "BUY", "2", "50000")
    assert no.value.code == -2027


def test_reduce_only() -> None:
    bench = Bench()
    with pytest.raises(Reject) as no:
        bench.place("ann", "SELL", "0.1", "50000", reduce_only=True)
    assert no.value.code == -2022
    meet(bench, "ann", "ben", "0.5", "50000")
    resting = bench.place("ann", "SELL", "0.4", "51000", reduce_only=True)
    bench.place("cat", "BUY", "1", "50000")
    closing = bench.place("ann", "SELL", "0.8", reduce_only=True)
    assert (closing.status, closing.executed) == (EXPIRED, parse_units("0.5"))
    assert resting.status == EXPIRED
    assert bench.holding("ann").flat


def test_what_may_not_rest_or_wait() -> None:
    bench = Bench()
    bench.place("ben", "SELL", "1", "50000")
    for tif, code in ((GTX, -5022), (FOK, -5021)):
        with pytest.raises(Reject) as no:
            bench.place("ann", "BUY", "1.5", "50000", tif=tif)
        assert no.value.code == code
    assert bench.place("ann", "BUY", "1.5", "50000", tif=IOC).status == EXPIRED
    assert bench.place("ann", "BUY", "1", "49000", tif=GTX).status == NEW


def test_orders_of_one_account_do_not_meet() -> None:
    bench = Bench()
    first = bench.place("ann", "SELL", "0.1", "50000")
    second = bench.place("ann", "BUY", "0.1", "50000", stp=EXPIRE_MAKER)
    assert (first.status, second.status) == (EXPIRED_IN_MATCH, NEW)


def waiting(bench: Bench, side: str, kind: int, stop: str, **more: object) -> FuturesOrder:
    return bench.place(
        "ann", side, "0.1", kind=kind, stop_price=parse_units(stop), **more
    )  # fmt: skip


def test_waiting_orders_fire_by_last_and_by_mark_price() -> None:
    bench = Bench()
    meet(bench, "ann", "ben", "0.5", "50000")
    bench.place("maker", "BUY", "1", "48000")
    last = waiting(bench, "SELL", STOP_LOSS, "49000")
    mark = waiting(bench, "SELL", STOP_LOSS, "49500", working_type=1)
    trailing = waiting(bench, "SELL", TRAILING_STOP_MARKET, "50500")
    trailing.own_extra().trailing_delta = 100
    with pytest.raises(Reject) as no:
        waiting(bench, "SELL", TAKE_PROFIT, "49000")
    assert no.value.code == -2021
    bench.set_mark("49400")
    assert (mark.status, last.status) == (FILLED, FILLED)  # the one's trade fired the other
    assert (mark.type, mark.orig_type) == (2, STOP_LOSS)
    assert trailing.status == NEW
    meet(bench, "ben", "cat", "0.01", "50600")
    meet(bench, "ben", "cat", "0.01", "50000")
    assert trailing.status == FILLED


def test_a_modified_order_queues_anew() -> None:
    bench = Bench()
    order = bench.place("ann", "BUY", "0.1", "49000")
    other = bench.place("ben", "BUY", "0.1", "49000")
    bench.do(lambda pit: life.modify(pit, order, parse_units("49000"), parse_units("0.2")))
    assert bench.contract.book.bids.queued() == [other.order_id, order.order_id]
    assert (order.qty, order.modified) == (parse_units("0.2"), 1)
    with pytest.raises(Reject) as no:
        bench.do(lambda pit: life.modify(pit, order, order.price, order.qty))
    assert no.value.code == -5027


def test_a_modified_order_does_not_count_twice_against_the_leverage() -> None:
    bench = Bench()
    bench.holding("ann").leverage = 100  # positions to 600,000
    order = bench.place("ann", "BUY", "8", "49000")  # 392,000 of them
    bench.do(lambda pit: life.modify(pit, order, parse_units("49100"), parse_units("8")))
    bench.do(lambda pit: life.modify(pit, order, parse_units("49100"), parse_units("12.2")))
    with pytest.raises(Reject) as no:
        bench.do(lambda pit: life.modify(pit, order, parse_units("49200"), parse_units("12.2")))
    assert no.value.code == -2027


@pytest.mark.parametrize(("row", "code"), [(linear(), -4131), (inverse(), -4113)])
def test_an_order_at_any_price_whose_best_price_is_too_far(row: Any, code: int) -> None:
    bench = Bench(row, funds="100000")
    bench.set_mark("50000")
    bench.place("maker", "SELL", "1", "52500.1")
    with pytest.raises(Reject) as no:
        bench.place("ann", "BUY", "1")
    assert no.value.code == code
    assert bench.trader("ann").orders_open == 0
    bench.place("maker", "SELL", "1", "52500")
    assert bench.place("ann", "BUY", "2").executed == parse_units("1")  # the rest expires


def test_the_coin_margined_exchange_has_codes_of_its_own() -> None:
    bench = Bench(inverse())
    order = bench.place("ann", "BUY", "2", "49000")
    with pytest.raises(Reject) as same:
        bench.do(lambda pit: life.modify(pit, order, order.price, order.qty))
    assert (same.value.code, same.value.msg) == (-4197, "No need to modify the order.")
    order.modified = life.MAX_MODIFICATIONS
    with pytest.raises(Reject) as often:
        bench.do(lambda pit: life.modify(pit, order, order.price, 2 * order.qty))
    assert often.value.code == -4198
    waits_at = {"kind": STOP_LOSS, "stop_price": parse_units("60000")}
    stop = bench.place("ben", "BUY", "1", **waits_at)
    with pytest.raises(Reject) as waits:
        bench.do(lambda pit: life.modify(pit, stop, order.price, 2 * order.qty))
    assert waits.value.code == -4196
    waits_at["kind"] = STOP_LOSS_LIMIT
    with pytest.raises(Reject) as high:
        bench.place("ben", "BUY", "1", "63000.1", **waits_at)
    assert (high.value.code, high.value.msg) == (-4151, "Limit price can't be higher than 63000.0.")


def test_the_state_comes_back_whole() -> None:
    bench = Bench(linear(), inverse())
    meet(bench, "ann", "ben", "0.5", "50000")
    waiting(bench, "SELL", STOP_LOSS, "49000")
    bench.place("cat", "SELL", "3", "50000", symbol="BTCUSD_PERP")
    bench.place("dan", "BUY", "2", "50000", symbol="BTCUSD_PERP")
    again = Exchange.load(bench.pit.handlers, bench.pit.dump())
    assert again.state_hash() == bench.pit.state_hash()
    assert again.audit() == []
