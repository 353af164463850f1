"""Positions whose cost is more than 64 bits hold: 1e-16 of a quote asset is a fine unit."""

from __future__ import annotations

import json

import msgspec
from tests.futures.contracts_bench import Bench, linear, meet

from tradepit.core.exchange import Exchange
from tradepit.core.futures_records import FuturesReport
from tradepit.core.units import WORD, wide
from tradepit.projections.futures import FuturesRows


def test_large_positions_are_kept_in_snapshots_and_histories() -> None:
    bench = Bench(linear(), funds="10000000")
    meet(bench, "ann", "ben", "100", "50000")
    position = bench.holding("ann").positions[0]
    assert position.cost > WORD
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(bench.pit.dump()))
    again = Exchange.load({}, kept)
    assert again.state_hash() == bench.pit.state_hash() and again.audit() == []
    assert again.trader(1, 1).holding(again.contracts["BTCUSDT"]).positions[0].cost == position.cost
    rows: list[list[object]] = []
    put = FuturesRows(lambda kind, row: rows.append(json.loads(row[8])), 0)
    told = [event for event in bench.outcome.events if isinstance(event, FuturesReport)]
    for event in told:
        put.takes[event.kind](event, 1)
    traded = [row for row in rows if len(row) == 9]
    assert {int(str(row[4])) for row in traded} == {5_000_000 * 10**16}
    over = [row for row in rows if len(row) > 22]
    assert over and int(str(over[0][22])) == 5_000_000 * 10**16


def test_what_fits_stays_a_number() -> None:
    assert [wide(n) for n in (0, WORD - 1, -WORD)] == [0, WORD - 1, -WORD]
    assert [int(wide(n)) for n in (WORD, -WORD - 1)] == [WORD, -WORD - 1]
    assert isinstance(wide(WORD), str)
