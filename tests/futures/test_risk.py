"""Mark price, funding, liquidation, insurance, deleveraging."""

from __future__ import annotations

from typing import Any

import pytest
from tests.futures.contracts_bench import BORN_US, Bench, inverse, linear, meet

from tradepit.core import futures_settings as settings
from tradepit.core import liquidation, marking
from tradepit.core.futures_records import (
    ACCOUNT_UPDATE,
    FORCED,
    FUNDING,
    FUTURES_REPORT,
    MARGIN_CALL,
    Forced,
    Income,
)  # fmt: skip
from tradepit.core.terms import IOC
from tradepit.core.units import ONE, parse_units

EIGHT_HOURS = 8 * 3600


def kinds(bench: Bench) -> list[int]:
    return [event.kind for event in bench.outcome.events]


def test_mark_is_the_median_of_three() -> None:
    bench = Bench()
    marks = bench.contract.marks
    meet(bench, "ann", "ben", "0.1", "50400")
    bench.do(lambda pit: setattr(marks, "index_set", parse_units("50000")))
    bench.place("maker", "BUY", "1", "50200")
    bench.place("maker", "SELL", "1", "50300")
    for _ in range(6):
        bench.do(lambda pit: None, 60)
    # index + funding to come = 50000, index + basis = 50250, last = 50400
    assert marks.mark == parse_units("50250")


def test_funding_is_paid_by_longs_to_shorts() -> None:
    bench = Bench()
    meet(bench, "ann", "ben", "1", "50000")
    bench.set_mark("50000")
    bench.contract.marks.rate_set = [parse_units("0.0003")]
    before = bench.wallet("ann"), bench.wallet("ben")
    bench.do(lambda pit: None, EIGHT_HOURS)
    assert bench.wallet("ann") == before[0] - parse_units("15")  # 50000 x 0.03 %
    assert bench.wallet("ben") == before[1] + parse_units("15")
    assert FUNDING in kinds(bench)
    updates: list[Any] = [e for e in bench.outcome.events if e.kind == ACCOUNT_UPDATE]
    assert {u.why for u in updates} == {"FUNDING_FEE"}
    assert all(u.positions == [] for u in updates)  # cross: the balance alone
    assert bench.contract.marks.next_us == BORN_US + 2 * EIGHT_HOURS * 1_000_000


def test_funding_rate_from_premium() -> None:
    bench = Bench()
    marks = bench.contract.marks
    # interest of eight hours 0.01 %, premium within 0.05 % of it: the rate is the interest
    assert marking.funding_rate(bench.contract) == parse_units("0.0001")
    marks.premium_sum, marks.premium_weight = parse_units("0.0012") * 7, 7
    # 0.12 % + clamp(0.01 % - 0.12 %, -0.05 %) = 0.07 %
    assert marking.funding_rate(bench.contract) == parse_units("0.0007")
    marks.premium_sum = parse_units("0.5") * 7
    assert marking.funding_rate(bench.contract) == parse_units("0.02")  # the cap


def test_funding_of_an_inverse_contract_is_paid_in_the_coin() -> None:
    bench = Bench(inverse())
    meet(bench, "ann", "ben", "100", "50000")
    bench.set_mark("40000")
    bench.contract.marks.rate_set = [-parse_units("0.001")]
    before = bench.wallet("ann")
    bench.do(lambda pit: None, EIGHT_HOURS)
    assert bench.wallet("ann") == before + parse_units("0.00025")  # 10000 / 40000 x 0.1 %


def test_a_margin_call_comes_once_before_liquidation() -> None:
    bench = Bench(funds="1000")
    bench.holding("ann").leverage = 100
    bench.place("maker", "SELL", "1", "50000")
    bench.place("ann", "BUY", "1", "50000")
    bench.set_mark("49230")  # 975 - 770 = 205, maintenance 49230 x 0.4 % = 196.92
    assert MARGIN_CALL in kinds(bench)
    bench.set_mark("49225")
    assert MARGIN_CALL not in kinds(bench)
    assert bench.holding("ann").both.qty == ONE


def test_liquidation_in_the_book() -> None:
    bench = Bench(funds="1000")
    bench.holding("ann").leverage = 100
    bench.place("maker", "SELL", "1", "50000")
    bench.place("ann", "BUY", "1", "50000")
    resting = bench.place("ann", "SELL", "0.5", "52000", reduce_only=True)
    bench.place("maker", "BUY", "2", "49150")
    fund = bench.wallet("insurance")
    bench.set_mark("49200")  # margin 175 < 196.8
    reports: list[Any] = [e for e in bench.outcome.events if e.kind == FUTURES_REPORT]
    assert [r.order is resting for r in reports] == [True, False, False]  # cancelled first
    assert reports[1].order.client_id.startswith("autoclose-")
    assert FORCED in kinds(bench)
    assert bench.holding("ann").flat
    # sold at 49150: 975 - 850 = 125 are left, less than the clearance fee of 1.25 %
    assert bench.wallet("ann") == 0
    assert bench.wallet("insurance") == fund + parse_units("125")


def test_a_liquidation_tells_of_its_last_fill() -> None:
    bench = Bench(funds="1000")
    bench.holding("ann").leverage = 100
    bench.place("maker", "SELL", "1", "50000")
    bench.place("ann", "BUY", "1", "50000")
    for qty in ("0.6", "1.4"):
        bench.place("maker", "BUY", qty, "49150")
    bench.set_mark("49200")
    (forced,) = [event for event in bench.outcome.events if isinstance(event, Forced)]
    assert (forced.last_qty, forced.executed) == (parse_units("0.4"), ONE)


def test_the_fund_takes_over_what_nobody_buys() -> None:
    bench = Bench(funds="1000")
    bench.holding("ann").leverage = 100
    bench.place("maker", "SELL", "1", "50000")
    bench.place("ann", "BUY", "1", "50000")
    bench.set_mark("48000")
    assert bench.holding("ann").flat
    assert bench.wallet("ann") == 0  # at the bankruptcy price of 49025 nothing is left
    assert bench.holding("insurance").both.qty == ONE
    assert bench.holding("insurance").both.entry_price == parse_units("49025")
    bench.place("maker", "BUY", "1", "48000")
    bench.set_mark("47999")
    assert bench.holding("insurance").flat
    assert bench.wallet("insurance") == 10**6 * ONE - parse_units("1025")


def test_deleveraging_when_the_fund_cannot_bear_it() -> None:
    bench = Bench(funds="1000")
    for name in ("ann", "ben", "cat"):
        bench.holding(name).leverage = 100
    bench.do(
        lambda pit: pit.pay_house(pit.faucet, bench.trader("insurance"), "USDT", -(10**6) * ONE)
    )
    meet(bench, "ann", "ben", "0.6", "50000")
    meet(bench, "ann", "cat", "0.4", "50000")
    ranks = liquidation.ranked(bench.pit, bench.contract, True, None)
    bench.set_mark("48900")
    assert bench.holding("ann").flat and bench.holding("ben").flat and bench.holding("cat").flat
    assert ranks[0].holding.trader.account.name == "ben"
    assert bench.wallet("ann") == 0
    forced: list[Any] = [e for e in bench.outcome.events if e.kind == FORCED]
    assert [e.adl for e in forced] == [True, True, False]
    assert forced[0].order.client_id == "adl_autoclose"


@pytest.mark.parametrize("fund", ["1000000", "100"])
def test_a_shock_on_a_hundred_accounts_conserves_money(fund: str) -> None:
    """-20 %, then a little more: what the insurance fund cannot bear, others take over."""
    bench = Bench(linear(), linear("ETHUSDT", "3000", pair="ETHUSDT"), people=1)
    pit = bench.pit
    units = parse_units("1000")
    for n in range(100):
        pit.open_account({"name": f"p{n}", "futures": {"usdm": {"USDT": units}}})
    contract = bench.contract
    spare = 10**6 * ONE - parse_units(fund)
    bench.do(lambda pit: pit.pay_house(pit.faucet, bench.trader("insurance"), "USDT", -spare))
    total = sum(t.wallet_balance("USDT") for t in pit.traders.values())
    for n in range(100):
        trader = pit.trader(pit.names[f"p{n}"], 1)
        trader.holding(contract).leverage = 10 + n % 90
        trader.holding(contract).isolated = n % 3 == 0
        side = "BUY" if n % 5 else "SELL"
        worth = 900 * (10 + n % 90) * (n % 7 + 3) // 10  # up to nine tenths of what is allowed
        qty = f"{worth * 1000 // 50_000 / 1000:.3f}"
        bench.place("maker", "SELL" if side == "BUY" else "BUY", qty, "50000")
        bench.place(f"p{n}", side, qty, "50000", tif=IOC)
    fees = pit.fees["USDT"].free
    told = []
    for price in ("40000", "39000"):
        bench.set_mark(price)
        told += bench.outcome.events
    forced = [event for event in told if isinstance(event, Forced)]
    assert any(event.adl for event in forced) == (fund == "100")
    assert not all(event.adl for event in forced)
    wallets = sum(t.wallet_balance("USDT") for t in pit.traders.values())
    assert wallets + pit.fees["USDT"].free + pit.clearing["USDT"].free + _rounding(pit) == total
    assert pit.fees["USDT"].free == fees  # liquidations pay none
    gone = [t for t in pit.traders.values() if t.venue == 1 and t.exposed == 0]
    assert len(gone) > 50
    assert all(t.wallet_balance("USDT") >= 0 for t in pit.traders.values())


def _rounding(pit: Any) -> int:
    found = pit.rounding.get("USDT")
    return 0 if found is None else found.free


@pytest.mark.parametrize("row", [linear(), inverse()], ids=["linear", "inverse"])
@pytest.mark.parametrize("fund", [True, False], ids=["fund", "deleveraged"])
def test_a_liquidation_that_nothing_asks_for_trades_on_the_tick(
    row: dict[str, Any], fund: bool
) -> None:
    """At the bankruptcy price or better; a long position that no price breaks, at the mark's."""
    bench = Bench(row, funds="1000000")
    contract = bench.contract
    qty = "30" if contract.inverse else "0.3"
    meet(bench, "ann", "ben", qty, "50000")
    bench.set_mark("50000.03720001")
    if not fund:
        del bench.pit.names["insurance"]
    small = "10" if contract.inverse else "0.1"
    cases = {"ann": ("BUY", "50000.3"), "ben": ("SELL", "49999.8")}
    for name in ("ann", "ben") if fund else ("ann",):
        side, best = cases[name]
        bench.place("cat", side, small, best)
        position = bench.holding(name).both
        bench.do(lambda pit, position=position: liquidation.liquidate(pit, position))
        assert position.qty == 0
        told = [event for event in bench.outcome.events if event.kind == FUTURES_REPORT]
        prices = {event.last_price for event in told if event.last_qty}
        assert len(prices) == 2 and parse_units(best) in prices
        assert all(price % contract.tick_size == 0 for price in prices)
        if name == "ann" and not contract.inverse:
            assert parse_units("50000.1") in prices


def test_what_is_owed_of_one_asset_is_paid_with_others() -> None:
    """Multi-assets mode: no fund pays for who has enough of something else."""
    bench = Bench(linear(), linear("BTCUSDC", marginAsset="USDC", quoteAsset="USDC"))
    ann = bench.trader("ann")
    bench.do(lambda pit: settings.set_multi_assets(pit, ann, True))
    bench.place("maker", "SELL", "1", "50000", symbol="BTCUSDC")
    bench.place("ann", "BUY", "1", "50000", symbol="BTCUSDC")
    bench.place("maker", "BUY", "1", "41000", symbol="BTCUSDC")
    bench.set_mark("40150", "BTCUSDC")
    lost = parse_units("9000") + parse_units("25")  # and the commission
    assert bench.holding("ann", "BTCUSDC").flat
    assert (ann.wallet_balance("USDC"), ann.wallet_balance("USDT")) == (
        0, parse_units("10000") - lost,
    )  # fmt: skip
    moved = [event for event in bench.outcome.events if isinstance(event, Income)]
    assert [(row.income, row.asset, row.units) for row in moved[-2:]] == [
        ("AUTO_EXCHANGE", "USDT", -lost), ("AUTO_EXCHANGE", "USDC", lost),
    ]  # fmt: skip


def test_who_falls_short_by_a_trade_is_liquidated_though_no_mark_moves() -> None:
    bench = Bench()
    bench.set_mark("50000")
    holding = bench.holding("ann")
    bench.do(lambda pit: settings.set_leverage(pit, holding.trader, bench.contract, 100))
    bench.place("maker", "SELL", "10", "50000")
    bench.place("ann", "BUY", "10", "50000")
    bench.do(lambda pit: None, 5)
    assert holding.both.qty == parse_units("10")
    bench.place("maker", "BUY", "4", "47600")
    bench.place("maker", "BUY", "10", "47500")
    bench.place("ann", "SELL", "4", "47600", reduce_only=True)  # at a loss of 9600
    assert holding.both.qty == parse_units("6") and FORCED not in kinds(bench)
    bench.do(lambda pit: None)
    assert FORCED in kinds(bench) and holding.flat
