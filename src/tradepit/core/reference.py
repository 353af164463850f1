"""The reference price as the matching engine computes it: a moving average of trade prices.

Source: the price-range execution rule FAQ, "How does the Matching Engine calculate the reference
price?"; the reading of its open points is docs/decisions/0041-reference-price.md.
"""

from __future__ import annotations

from typing import Any, Final

COUNT_ONE: Final = 10_000  # a trade counts 1.0000: four decimals of fixed point


class Reference:
    """Buckets of trade prices over `bucket_count` x `bucket_width_us`.

    A bucket's sum counts 1e-12 of the quote asset per base (price units with four more decimals),
    its count 1e-4 trades. Asking never changes it.
    """

    __slots__ = ("bucket_count", "bucket_width_us", "counts", "opens_us", "sums", "traded_us")

    def __init__(self, bucket_count: int, bucket_width_us: int) -> None:
        self.bucket_count = bucket_count
        self.bucket_width_us = bucket_width_us
        self.opens_us: list[int] = []
        self.counts: list[int] = []
        self.sums: list[int] = []
        self.traded_us = -1  # when it was first set; -1: never

    def trade(self, price: int, at_us: int) -> None:
        """Add a trade at `price` to the bucket of its time."""
        opens_us = self.opens_us
        if not opens_us or at_us >= opens_us[-1] + self.bucket_width_us:
            self._open(at_us)
        self.counts[-1] += COUNT_ONE
        self.sums[-1] += price * COUNT_ONE

    def _open(self, at_us: int) -> None:
        width_us = self.bucket_width_us
        gone = 0
        cutoff_us = at_us - self.bucket_count * width_us
        while gone < len(self.opens_us) and self.opens_us[gone] + width_us <= cutoff_us:
            gone += 1
        del self.opens_us[:gone], self.counts[:gone], self.sums[:gone]
        self.opens_us.append(at_us - at_us % width_us)
        self.counts.append(0)
        self.sums.append(0)
        if self.traded_us < 0:
            self.traded_us = at_us

    def price(self, at_us: int) -> int:
        """The reference price at `at_us`; 0 when no trade lies in the window."""
        width_us = self.bucket_width_us
        cutoff_us = at_us - self.bucket_count * width_us
        count = 0
        total = 0
        for index in range(len(self.opens_us)):
            expired_us = cutoff_us - self.opens_us[index]
            if expired_us >= width_us:
                continue
            if expired_us <= 0:
                count += self.counts[index]
                total += self.sums[index]
            else:
                left_us = width_us - expired_us
                count += self.counts[index] * left_us // width_us
                total += self.sums[index] * left_us // width_us
        return total // count if count else 0

    def dump(self) -> list[object]:
        return [
            self.bucket_count, self.bucket_width_us, self.traded_us, list(self.opens_us),
            list(self.counts), list(self.sums),
        ]  # fmt: skip

    @staticmethod
    def load(state: list[Any]) -> Reference:
        """What `dump` told of."""
        found = Reference(state[0], state[1])
        found.traded_us = state[2]
        found.opens_us = list(state[3])
        found.counts = list(state[4])
        found.sums = list(state[5])
        return found
