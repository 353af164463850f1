"""The reference price: the FAQ's rules one by one, and an exact twin in fractions."""

from __future__ import annotations

import random
from fractions import Fraction

from tradepit.core.reference import Reference
from tradepit.core.tape import Tape
from tradepit.core.units import ONE

WIDTH_US = 1_000_000
AT = 1_770_736_694_000_000  # a multiple of the width


class Twin:
    """Every trade is kept; shares of buckets are fractions, cut off only where the FAQ says."""

    def __init__(self, bucket_count: int, width_us: int) -> None:
        self.span_us = bucket_count * width_us
        self.width_us = width_us
        self.trades: list[tuple[int, int]] = []

    def price(self, at_us: int) -> int:
        cutoff_us = at_us - self.span_us
        buckets: dict[int, list[int]] = {}
        for trade_us, price in self.trades:
            buckets.setdefault(trade_us // self.width_us * self.width_us, []).append(price)
        count = total = 0
        for open_us, prices in buckets.items():
            expired = Fraction(max(0, cutoff_us - open_us), self.width_us)
            if expired >= 1:
                continue
            count += int(Fraction(len(prices) * 10_000) * (1 - expired))
            total += int(Fraction(sum(prices) * 10_000) * (1 - expired))
        return total // count if count else 0


def test_the_twin_agrees_at_any_time() -> None:
    for seed in range(8):
        chance = random.Random(seed)
        count, width_us = chance.choice(((10, WIDTH_US), (3, 60_000_000), (1, 250_000)))
        reference, twin = Reference(count, width_us), Twin(count, width_us)
        at_us = AT + chance.randrange(width_us)
        for _ in range(120):
            at_us += chance.choice((0, 1, 1_000, width_us // 3, width_us, 4 * width_us))
            price = chance.randrange(1, 200_000 * ONE)
            reference.trade(price, at_us)
            twin.trades.append((at_us, price))
            for later_us in (0, 17, width_us // 2, width_us * count, chance.randrange(width_us)):
                assert reference.price(at_us + later_us) == twin.price(at_us + later_us)
            assert len(reference.opens_us) <= count + 1


def test_it_is_the_mean_of_prices_not_of_volumes() -> None:
    reference = Reference(10, WIDTH_US)
    for price in (10, 20, 60):
        reference.trade(price * ONE, AT)
    assert reference.price(AT) == 30 * ONE


def test_the_oldest_bucket_is_prorated() -> None:
    reference = Reference(2, WIDTH_US)
    reference.trade(10 * ONE, AT)
    reference.trade(20 * ONE, AT + WIDTH_US)
    # A quarter of the first bucket has left the window: 0.75 trades of 10 and one of 20.
    at_us = AT + 2 * WIDTH_US + WIDTH_US // 4
    assert reference.price(at_us) == (75 * 10 + 100 * 20) * ONE // 175
    assert reference.price(AT + 3 * WIDTH_US) == 20 * ONE  # the first one is gone


def test_counts_are_cut_off_at_four_decimals() -> None:
    reference = Reference(1, 3_000_000)
    start = AT // 3_000_000 * 3_000_000
    reference.trade(7 * ONE, start)
    # A third is left: 0.3333 trades with a sum of 2.333333333333 (four decimals beyond the price).
    assert reference.price(start + 5_000_000) == (7 * ONE * 10_000 // 3) // 3_333


def test_without_trades_in_the_window_there_is_none() -> None:
    reference = Reference(10, WIDTH_US)
    assert reference.price(AT) == 0 and reference.traded_us == -1
    reference.trade(ONE, AT)
    assert reference.price(AT + 11 * WIDTH_US) == 0
    assert reference.traded_us == AT


def test_a_tape_keeps_it_only_when_configured() -> None:
    plain, kept = Tape(), Tape(10, 1_000)
    for tape in (plain, kept):
        tape.trade(0, 5 * ONE, ONE, 5 * ONE, AT, False, 1)
    assert plain.reference_price(AT) == 0
    assert kept.reference_price(AT) == 5 * ONE
    again = Tape(10, 1_000)
    again.load(kept.dump())
    assert again.reference_price(AT) == 5 * ONE
