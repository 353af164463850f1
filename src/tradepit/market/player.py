"""A tape as it is played: what comes next follows from how much of it has been told."""

from __future__ import annotations

from typing import Final

from tradepit.market.candles import Row, grain_of, prints_of
from tradepit.market.tapefile import AGGS, CANDLES, Tape

NEVER_US: Final = 1 << 62
PARTS: Final = 16  # a candle has fewer prints; `done` counts so many for each


class Player:
    """Finds the prints of a tape. `done` is a place in it: a row's number, of candles PARTS times
    that and the print's. Times are the tape's own."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self._parts = PARTS if tape.kind == CANDLES else 1
        self._grain = grain_of(tape.columns) if tape.kind == CANDLES else None
        self._at = -1  # the candle whose prints are at hand: a cache
        self._prints: list[Row] = []

    @property
    def whole(self) -> bool:
        """Whether its prints stand for many trades each."""
        return self.tape.kind == CANDLES

    def row_of(self, done: int) -> int:
        """How many rows have nothing more to tell."""
        found = self._next(done)
        return len(self.tape) if found is None else found[0] // self._parts

    def next_us(self, done: int) -> int:
        """When the next print is; NEVER_US at the end."""
        found = self._next(done)
        return NEVER_US if found is None else found[1][0]

    def take(self, done: int, until_us: int, limit: int) -> tuple[list[Row], int]:
        """At most `limit` prints until a time, and the place behind them."""
        rows: list[Row] = []
        while len(rows) < limit:
            found = self._next(done)
            if found is None or found[1][0] > until_us:
                break
            done = found[0] + 1
            rows.append(found[1])
        return rows, done

    def price(self, done: int) -> int:
        """The last price that was told; before that, the first."""
        row = min(done // self._parts, len(self.tape))
        if row < len(self.tape) and done % self._parts:
            prints = self._candle(row)
            return prints[min(done % self._parts, len(prints)) - 1][1]
        if not row:
            return self.tape.first_price
        return self.tape.columns[4 if self.whole else 1][row - 1]

    def _next(self, done: int) -> tuple[int, Row] | None:
        """The next print and its place."""
        if not self.whole:
            return (done, self._trade(done)) if done < len(self.tape) else None
        row, part = divmod(done, PARTS)
        while row < len(self.tape):
            prints = self._candle(row)
            if part < len(prints):
                return row * PARTS + part, prints[part]
            row, part = row + 1, 0
        return None

    def _candle(self, row: int) -> list[Row]:
        if self._at != row:
            assert self._grain is not None
            self._prints = prints_of([column[row] for column in self.tape.columns], self._grain)
            self._at = row
        return self._prints

    def _trade(self, row: int) -> Row:
        columns = self.tape.columns
        price, qty = columns[1][row], columns[2][row]
        if self.tape.kind == AGGS:
            first, last = columns[3][row], columns[4][row]
            return (
                columns[5][row], price, qty, price * qty // 100_000_000, first, columns[0][row],
                last - first + 1, bool(columns[6][row]),
            )  # fmt: skip
        return (
            columns[4][row], price, qty, columns[3][row], columns[0][row], -1, 1,
            bool(columns[5][row]),
        )  # fmt: skip
