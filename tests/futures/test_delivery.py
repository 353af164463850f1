"""Delivery contracts end at their average index, and the next quarter is listed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.futures.contracts_bench import BORN_US, Bench, linear, meet

from tradepit.core.delivery import name_of, quarter_end
from tradepit.core.exchange import Exchange
from tradepit.core.rejects import Reject
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
