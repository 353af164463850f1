"""What an account chooses, with every refusal, and money between wallets."""

from __future__ import annotations

from typing import Any

import pytest
from tests.futures.contracts_bench import Bench, inverse, linear, meet

from tradepit.core import algo, margin
from tradepit.core import futures_settings as settings
from tradepit.core.futures_records import ACCOUNT_UPDATE, CONFIG_UPDATE, INCOME
from tradepit.core.rejects import Reject
from tradepit.core.terms import STOP_LOSS
from tradepit.core.units import parse_units


def refused(bench: Bench, call: Any) -> int:
    with pytest.raises(Reject) as no:
        bench.do(call)
    return no.value.code


def test_leverage() -> None:
    bench = Bench(funds="1000")
    ann, contract = bench.trader("ann"), bench.contract
    bench.do(lambda pit: settings.set_leverage(pit, ann, contract, 50))
    assert [e.kind for e in bench.outcome.events] == [CONFIG_UPDATE]
    assert refused(bench, lambda pit: settings.set_leverage(pit, ann, contract, 126)) == -4028
    assert refused(bench, lambda pit: settings.set_leverage(pit, ann, contract, 0)) == -4028
    meet(bench, "ann", "maker", "0.5", "50000")
    assert refused(bench, lambda pit: settings.set_leverage(pit, ann, contract, 5)) == -2028
    bench.place("ann", "BUY", "0.4", "50000")
    bench.do(lambda pit: settings.set_leverage(pit, ann, contract, 100))
    # 45000 fit under 125x, whose bracket ends at 50000; a larger position would not
    bench.do(lambda pit: settings.set_leverage(pit, ann, contract, 125))
    bench.place("ann", "BUY", "0.09", "50000")
    assert refused(bench, lambda pit: bench_place(bench, "0.1")) == -2027


def bench_place(bench: Bench, qty: str) -> None:
    from tradepit.core import futures_life

    futures_life.place(bench.pit, bench.order("ann", "BUY", qty, "50000"))


def test_margin_type() -> None:
    bench = Bench()
    ann, contract = bench.trader("ann"), bench.contract

    def change(isolated: bool) -> Any:
        return lambda pit: settings.set_margin_type(pit, ann, contract, isolated)

    assert refused(bench, change(False)) == -4046
    order = bench.place("ann", "BUY", "0.1", "49000")
    assert refused(bench, change(True)) == -4047
    meet(bench, "maker", "ann", "0.01", "50000")
    from tradepit.core import futures_life

    bench.do(lambda pit: futures_life.cancel(pit, order))
    assert refused(bench, change(True)) == -4048
    bench.do(lambda pit: setattr(bench.trader("ben"), "multi_assets", True))
    assert (
        refused(
            bench, lambda pit: settings.set_margin_type(pit, bench.trader("ben"), contract, True)
        )
        == -4168
    )
    bench.do(lambda pit: settings.set_margin_type(pit, bench.trader("cat"), contract, True))
    assert bench.holding("cat").isolated


def test_position_mode() -> None:
    bench = Bench()
    ann = bench.trader("ann")
    assert refused(bench, lambda pit: settings.set_dual(ann, False)) == -4059
    bench.place("ann", "BUY", "0.1", "49000")
    assert refused(bench, lambda pit: settings.set_dual(ann, True)) == -4067
    meet(bench, "ben", "maker", "0.1", "50000")
    assert refused(bench, lambda pit: settings.set_dual(bench.trader("ben"), True)) == -4068
    bench.do(lambda pit: settings.set_dual(bench.trader("cat"), True))


def test_margin_of_an_isolated_position() -> None:
    bench = Bench()
    holding = bench.holding("ann")
    both = holding.both
    assert refused(bench, lambda pit: settings.move_margin(pit, both, 1)) == -4049
    holding.isolated = True
    assert refused(bench, lambda pit: settings.move_margin(pit, both, 1)) == -4054
    meet(bench, "ann", "maker", "0.1", "50000")  # 250 at 20x
    wallet = both.wallet
    before = margin.liquidation_price(bench.pit, both)
    bench.do(lambda pit: settings.move_margin(pit, both, parse_units("100")))
    assert both.wallet == wallet + parse_units("100")
    assert margin.liquidation_price(bench.pit, both) < before
    assert next(e.kind for e in bench.outcome.events) == ACCOUNT_UPDATE
    much = parse_units("20000")
    assert refused(bench, lambda pit: settings.move_margin(pit, both, much)) == -4050
    assert refused(bench, lambda pit: settings.move_margin(pit, both, -parse_units("101"))) == -4051
    bench.do(lambda pit: settings.move_margin(pit, both, -parse_units("100")))


def test_multi_assets() -> None:
    bench = Bench(linear(), linear("BTCUSDC", marginAsset="USDC", quoteAsset="USDC"))
    ann = bench.trader("ann")
    assert refused(bench, lambda pit: settings.set_multi_assets(pit, ann, False)) == -4171
    bench.do(lambda pit: settings.set_multi_assets(pit, ann, True))
    # the USDT of the account stands behind a position that is margined in USDC
    bench.place("maker", "SELL", "1", "50000", symbol="BTCUSDC")
    order = bench.place("ann", "BUY", "1", "50000", symbol="BTCUSDC")
    assert order.executed == parse_units("1")
    assert ann.wallet_balance("USDC") < 0  # the commission is owed
    bench.place("ben", "BUY", "0.1", "49000")
    ben = bench.trader("ben")
    assert refused(bench, lambda pit: settings.set_multi_assets(pit, ben, True)) == -4170
    cat = bench.trader("cat")
    bench.holding("cat").isolated = True  # of a symbol, whether there is a position or not
    assert refused(bench, lambda pit: settings.set_multi_assets(pit, cat, True)) == -4167


def test_algo_orders_are_open_orders() -> None:
    """They keep an account's modes as they are, as every waiting order does."""
    bench = Bench()
    ann, contract = bench.trader("ann"), bench.contract
    order = bench.order("ann", "BUY", "0.1", kind=STOP_LOSS, stop_price=parse_units("60000"))
    order.contingent = order.is_market = True
    bench.do(lambda pit: algo.place(pit, order))
    assert refused(bench, lambda pit: settings.set_dual(ann, True)) == -4067
    assert refused(bench, lambda pit: settings.set_margin_type(pit, ann, contract, True)) == -4047
    assert refused(bench, lambda pit: settings.set_multi_assets(pit, ann, True)) == -4170


def test_leverage_of_an_isolated_position_goes_up_only() -> None:
    for row, code in ((linear(), -4161), (inverse(), -4150)):
        bench = Bench(row)
        ann, contract = bench.trader("ann"), bench.contract
        bench.holding("ann").isolated = True
        meet(bench, "ann", "maker", "1", "50000")
        lower = settings.set_leverage
        assert refused(bench, lambda pit: lower(pit, ann, contract, 19)) == code  # noqa: B023


def test_transfers() -> None:
    bench = Bench(funds="1000")
    pit = bench.pit
    account = pit.accounts[pit.names["ann"]]
    bench.do(lambda pit: pit.deposit(account, "USDT", parse_units("500")))
    bench.do(lambda pit: settings.transfer_in(pit, account, 1, "USDT", parse_units("200")))
    assert bench.wallet("ann") == parse_units("1200")
    assert INCOME in [e.kind for e in bench.outcome.events]
    much = parse_units("301")
    assert refused(bench, lambda pit: settings.transfer_in(pit, account, 1, "USDT", much)) == -5013
    assert refused(bench, lambda pit: settings.transfer_in(pit, account, 1, "XYZ", 1)) == -1108
    meet(bench, "ann", "maker", "0.4", "50000")  # 20000 / 20 = 1000 of margin, 10 of commission
    rest = parse_units("190")
    assert settings.withdrawable(pit, bench.trader("ann"), "USDT") == rest
    more = rest + 1
    assert refused(bench, lambda pit: settings.transfer_out(pit, account, 1, "USDT", more)) == -5013
    bench.do(lambda pit: settings.transfer_out(pit, account, 1, "USDT", rest))
    assert account.balances["USDT"].free == parse_units("490")
