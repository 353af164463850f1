"""Delivery contracts end at their average index, and the next quarter is listed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.futures.contracts_bench import BORN_US, Bench, inverse, linear, meet

from tradepit.core import algo
from tradepit.core import futures_life as life
from tradepit.core import futures_settings as settings
from tradepit.core.delivery import name_of, quarter_end
from tradepit.core.exchange import Exchange
from tradepit.core.futures_orders import ALGO_STATUSES, FuturesOrder
from tradepit.core.futures_records import AlgoReport
from tradepit.core.rejects import Reject
from tradepit.core.terms import STOP_LOSS
from tradepit.core.units import parse_units


@pytest.mark.parametrize(
    ("after", "end"),
    [
        ((2026, 11, 24, 0), (2026, 12, 25, 8)),
        ((2026, 12, 25, 7), (2026, 12, 25, 8)),
        ((2026, 12, 25, 8), (2027, 3, 26, 8)),
        ((2027, 3, 30, 0), (2027, 6, 25, 8)),
    ],
)
def test_quarters_end_on_their_last_friday(
    after: tuple[int, int, int, int], end: tuple[int, int, int, int]
) -> None:
    def us(parts: tuple[int, int, int, int]) -> int:
        return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1_000_000

    assert quarter_end(us(after)) == us(end)
    assert name_of("BTCUSDT", us(end)) == f"BTCUSDT_{end[0] % 100}{end[1]:02d}{end[2]:02d}"


def test_a_contract_is_delivered() -> None:
    end_us = quarter_end(BORN_US)
    name = name_of("BTCUSDT", end_us)
    row = linear(
        name, pair="BTCUSDT", contractType="CURRENT_QUARTER", deliveryDate=end_us // 1000,
        baseAsset="BTC", _indexSymbol="BTCUSDT",
    )  # fmt: skip
    bench = Bench(row)
    meet(bench, "ann", "ben", "0.5", "50000")
    resting = bench.place("cat", "BUY", "0.1", "49000")
    bench.contract.marks.index_set = parse_units("51000")
    until_s = (end_us - bench.pit.at_us) // 1_000_000
    bench.do(lambda pit: None, until_s - 1800)
    bench.do(lambda pit: None, 900)
    bench.contract.marks.index_set = parse_units("52000")
    bench.do(lambda pit: None, 1)
    bench.do(lambda pit: None, 899)
    # half the last half hour at 51000 (and a second), half at 52000: cut to the tick
    assert abs(bench.contract.delivery_price - parse_units("51500")) <= parse_units("1")
    assert bench.contract.delivery_price % parse_units("0.1") == 0
    assert bench.holding("ann").flat and bench.holding("ben").flat
    gain = (bench.contract.delivery_price - parse_units("50000")) // 2
    assert bench.holding("ann").both.realized == gain
    assert bench.holding("ben").both.realized == -gain
    assert not resting.open
    following = name_of("BTCUSDT", quarter_end(end_us))
    assert list(bench.pit.contracts) == [name, following]
    with pytest.raises(Reject):
        bench.place("ann", "BUY", "0.1", "51000")
    bench.place("ann", "BUY", "0.1", "51000", symbol=following)
    again = Exchange.load(bench.pit.handlers, bench.pit.dump())
    assert again.state_hash() == bench.pit.state_hash()


def quarter(**more: Any) -> tuple[Bench, str, float]:
    """A bench of one quarter of BTC, its symbol and the seconds until it is delivered."""
    end_us = quarter_end(BORN_US)
    name = name_of("BTCUSDT", end_us)
    row = linear(
        name, pair="BTCUSDT", contractType="CURRENT_QUARTER", deliveryDate=end_us // 1000,
        baseAsset="BTC", _indexSymbol="BTCUSDT", **more,
    )  # fmt: skip
    bench = Bench(row)
    return bench, name, (end_us - bench.pit.at_us) / 1e6


def algo_order(bench: Bench, name: str) -> FuturesOrder:
    """A waiting algo order of the first contract."""
    order = bench.order(name, "BUY", "0.1", kind=STOP_LOSS, stop_price=parse_units("60000"))
    order.contingent = order.is_market = True
    bench.do(lambda pit: algo.place(pit, order))
    return order


def test_algo_orders_end_with_their_contract() -> None:
    """They would wait for ever, and keep the account from changing its position mode."""
    bench, _, until_s = quarter()
    order = algo_order(bench, "ann")
    bench.do(lambda pit: None, until_s)
    assert not order.open and order.algo is not None
    assert ALGO_STATUSES[order.algo.status] == "EXPIRED"
    told = [event for event in bench.outcome.events if isinstance(event, AlgoReport)]
    assert [(event.order, event.status) for event in told] == [(order, "EXPIRED")]
    assert not bench.contract.triggers.stops
    bench.do(lambda pit: settings.set_dual(bench.trader("ann"), True))


def test_a_countdown_outlives_its_contract() -> None:
    """One of half a year: its contract is delivered, and forgotten when the next one is."""
    bench, name, until_s = quarter()
    bench.do(lambda pit: life.count_down(
        pit, bench.trader("ann"), bench.contract, 200 * 86_400_000_000
    ))  # fmt: skip
    bench.do(lambda pit: None, until_s)
    assert bench.trader("ann", bench.contract).countdowns
    bench.do(lambda pit: None, 100 * 86_400)
    assert name not in bench.pit.contracts and not bench.trader("ann").countdowns
    bench.do(lambda pit: None, 100 * 86_400)


def test_what_a_coin_margined_delivery_pays_sums_to_nothing() -> None:
    """To the last 1e-16, although every position's worth is cut off on its own."""
    end_us = quarter_end(BORN_US)
    name = name_of("BTCUSD", end_us)
    bench = Bench(inverse(name, contractType="CURRENT_QUARTER", deliveryDate=end_us // 1000))
    for buyer, qty in (("ann", "1"), ("ben", "2"), ("dan", "7")):
        meet(bench, buyer, "cat", qty, "50000.7")
    bench.contract.marks.index_set = parse_units("52000.3")
    bench.do(lambda pit: None, (end_us - bench.pit.at_us) / 1e6)  # the bench audits every step
    assert all(bench.holding(who, name).flat for who in ("ann", "ben", "cat", "dan"))
    assert bench.pit.audit() == []
