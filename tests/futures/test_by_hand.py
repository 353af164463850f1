"""Liquidation prices worked by hand, beside those of test_positions, and rarer refusals.

At its liquidation price p a position's margin is its maintenance margin: wallet + profit(p) =
notional(p) x rate - cum. Rate and cum are those of the bracket that the notional at p falls into.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from tests.futures.contracts_bench import Bench, inverse, linear, meet

from tradepit.core import algo, margin
from tradepit.core import futures_life as life
from tradepit.core import futures_settings as settings
from tradepit.core.exchange import Exchange
from tradepit.core.rejects import Reject
from tradepit.core.terms import POSITION_LONG, POSITION_SHORT, STOP_LOSS, STOP_LOSS_LIMIT
from tradepit.core.units import ONE, parse_units


def check(bench: Bench, position: Any, above: str, under: str) -> None:
    """The liquidation price is above / under, to the unit."""
    expected = int(Decimal(above) * ONE / Decimal(under))
    assert abs(margin.liquidation_price(bench.pit, position) - expected) <= 1


def test_both_sides_of_a_hedge_break_at_one_price() -> None:
    bench = Bench()
    bench.holding("ann").leverage = 100
    bench.trader("ann").dual = True
    bench.place("maker", "SELL", "1", "50000")
    bench.place("ann", "BUY", "1", "50000", position=POSITION_LONG)
    bench.place("maker", "BUY", "0.4", "50000")
    bench.place("ann", "SELL", "0.4", "50000", position=POSITION_SHORT)
    # wallet 10000 - 35 of fees; 9965 + (p - 50000) + 0.4 (50000 - p) = 1.4 p x 0.004
    for position in (bench.holding("ann").long, bench.holding("ann").short):
        check(bench, position, "20035", "0.5944")


def test_an_isolated_short_in_hedge_mode() -> None:
    bench = Bench()
    holding = bench.holding("ann")
    holding.isolated, holding.leverage = True, 10
    bench.trader("ann").dual = True
    bench.place("maker", "BUY", "0.5", "50000")
    bench.place("ann", "SELL", "0.5", "50000", position=POSITION_SHORT)
    # 2500 + 25000 - 0.5 p = 0.5 p x 0.004
    check(bench, holding.short, "27500", "0.502")


def test_a_cross_long_in_the_third_bracket() -> None:
    bench = Bench(funds="100000")
    bench.holding("ann").leverage = 50
    meet(bench, "ann", "maker", "30", "50000")
    # wallet 100000 - 750; 99250 + 30 p - 1500000 = 30 p x 0.01 - 3050
    check(bench, bench.holding("ann").both, "1397700", "29.7")


def test_an_inverse_cross_short() -> None:
    bench = Bench(inverse(), funds="0.1")
    bench.holding("ann").leverage = 100
    bench.place("maker", "BUY", "1000", "50000")
    bench.place("ann", "SELL", "1000", "50000")
    # wallet 0.1 - 0.001; 0.099 + 100000 / p - 2 = 100000 / p x 0.004
    check(bench, bench.holding("ann").both, "99600", "1.901")


def test_an_inverse_isolated_long_of_the_second_bracket() -> None:
    bench = Bench(inverse(), funds="10")
    holding = bench.holding("ann")
    holding.isolated, holding.leverage = True, 20
    bench.place("maker", "SELL", "4000", "50000")
    bench.place("ann", "BUY", "4000", "50000")
    assert holding.both.wallet == parse_units("0.4")
    # 8 coins; 0.4 + 8 - 400000 / p = 400000 / p x 0.005 - 0.005
    check(bench, holding.both, "402000", "8.405")


# --- Refusals ----------------------------------------------------------------------------------


def refused(bench: Bench, call: Callable[[Exchange], object]) -> int:
    before = bench.pit.state_hash()
    with pytest.raises(Reject) as no:
        call(bench.pit)
    assert bench.pit.state_hash() == before
    return no.value.code


def test_orders_that_are_too_many_or_of_a_wrong_size() -> None:
    bench = Bench()

    def code(qty: str, price: str = "50000", **more: Any) -> int:
        order = bench.order("ann", "BUY", qty, price, **more)
        return refused(bench, lambda pit: life.place(pit, order))

    assert code("0.0001") == -4004
    assert code("0.0105") == -4023
    up = {"kind": STOP_LOSS_LIMIT, "stop_price": parse_units("51000")}
    assert code("0.1", "53550.1", **up) == -4183  # 51000 x 1.05
    bench.contract.max_orders = bench.contract.max_algos = 1
    bench.place("ann", "BUY", "0.1", "49000")
    bench.place("ann", "BUY", "0.1", kind=STOP_LOSS, stop_price=parse_units("51000"))
    assert code("0.1") == -2025
    assert code("0.1", "0", kind=STOP_LOSS, stop_price=parse_units("51000")) == -4045
    down = bench.order(
        "ben", "SELL", "0.1", "46549.9", kind=STOP_LOSS_LIMIT, stop_price=parse_units("49000")
    )  # 49000 x 0.95 = 46550
    assert refused(bench, lambda pit: life.place(pit, down)) == -4184


def test_a_contract_that_does_not_trade() -> None:
    bench = Bench()
    bench.contract.status += 1
    order = bench.order("ann", "BUY", "0.1", kind=STOP_LOSS, stop_price=parse_units("51000"))
    assert refused(bench, lambda pit: algo.place(pit, order)) == -4140


def test_what_cannot_be_modified() -> None:
    bench = Bench()
    price, qty = parse_units("49000"), parse_units("0.2")
    stop = bench.place("ann", "BUY", "0.1", kind=STOP_LOSS, stop_price=parse_units("51000"))
    assert refused(bench, lambda pit: life.modify(pit, stop, price, qty)) == -5025
    order = bench.place("ann", "BUY", "0.1", "49000")
    order.modified = life.MAX_MODIFICATIONS
    assert refused(bench, lambda pit: life.modify(pit, order, price, qty)) == -5026


def test_settings_that_positions_forbid() -> None:
    bench = Bench(linear(), linear("ETHUSDC", "3000", marginAsset="USDC", quoteAsset="USDC"))
    ann, ben = bench.trader("ann"), bench.trader("ben")
    holding, contract = bench.holding("ann"), bench.contract
    holding.isolated, holding.leverage = True, 20
    meet(bench, "ann", "maker", "0.1", "50000")
    assert refused(bench, lambda pit: settings.set_leverage(pit, ann, contract, 10)) == -4161
    assert refused(bench, lambda pit: settings.set_multi_assets(pit, ann, True)) == -4167
    bench.do(lambda pit: settings.set_multi_assets(pit, ben, True))
    bench.place("maker", "SELL", "1", "3000", symbol="ETHUSDC")
    bench.place("ben", "BUY", "1", "3000", symbol="ETHUSDC")
    assert ben.wallet_balance("USDC") < 0  # the commission is owed
    assert refused(bench, lambda pit: settings.set_multi_assets(pit, ben, False)) == -4172
    owed = -ben.wallet_balance("USDC")
    bench.do(lambda pit: pit.pay_house(pit.faucet, ben, "USDC", owed))
    assert refused(bench, lambda pit: settings.set_multi_assets(pit, ben, False)) == -4169
