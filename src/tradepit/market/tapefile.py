"""A tape: the rows of archive files as columns of integers, in memory or in a file of the world.

The file is one line of JSON and then the columns, eight bytes a value in the machine's own order.
"""

from __future__ import annotations

import json
import os
import sys
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

CANDLES: Final = "klines"
TRADES: Final = "trades"
AGGS: Final = "aggTrades"
# Prices and volumes in units, times in microseconds. What stands first is what rows are sorted by.
KIND_COLUMNS: Final = {
    CANDLES: (
        "open_us", "open", "high", "low", "close", "base", "quote", "count", "taker_base",
        "taker_quote", "end_us",
    ),
    AGGS: ("agg_id", "price", "qty", "first_id", "last_id", "at_us", "buyer_is_maker"),
    TRADES: ("id", "price", "qty", "quote", "at_us", "buyer_is_maker"),
}  # fmt: skip
SUFFIX: Final = ".tape"
_MAGIC: Final = "tradepit tape 1"


class Gap(NamedTuple):
    """A span of which the files do not tell: from start_us to end_us."""

    start_us: int
    end_us: int


class Tape:
    """A symbol's rows, oldest first; at least one."""

    def __init__(
        self, kind: str, symbol: str, columns: Sequence[Sequence[int]], gaps: list[Gap]
    ) -> None:
        self.kind = kind
        self.symbol = symbol
        self.columns = columns
        self.gaps = gaps

    def __len__(self) -> int:
        return len(self.columns[0])

    @property
    def times(self) -> Sequence[int]:
        """When each row begins."""
        return self.columns[{CANDLES: 0, AGGS: 5, TRADES: 4}[self.kind]]

    @property
    def start_us(self) -> int:
        return self.times[0]

    @property
    def end_us(self) -> int:
        """When the last row is over."""
        return self.columns[10][-1] if self.kind == CANDLES else self.times[-1]

    @property
    def step_us(self) -> int:
        """What the tape's times may be shifted by: a candle's width, a minute for trades."""
        if self.kind == CANDLES:
            return self.columns[10][0] - self.columns[0][0]
        return 60_000_000

    @property
    def first_price(self) -> int:
        return self.columns[1][0]

    def save(self, path: Path) -> None:
        """Write it to a file that is there whole or not at all."""
        head = {
            "magic": _MAGIC, "kind": self.kind, "symbol": self.symbol, "rows": len(self),
            "order": sys.byteorder, "gaps": self.gaps,
        }  # fmt: skip
        beside = path.with_name(path.name + ".part")
        with beside.open("wb") as file:
            file.write(json.dumps(head).encode() + b"\n")
            for column in self.columns:
                file.write(memoryview(column).cast("B"))  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)


def is_tape(path: Path) -> bool:
    """Whether a file is one that `Tape.save` wrote."""
    with path.open("rb") as file:
        return file.read(200).startswith(b'{"magic": "' + _MAGIC.encode())


def load_tape(path: Path) -> Tape:
    """The tape of a file. Raises: ValueError when it is none, OSError."""
    with path.open("rb") as file:
        try:
            head: dict[str, Any] = json.loads(file.readline(1 << 24))
            columns = [array("q") for _ in KIND_COLUMNS[head["kind"]]]
            if head["magic"] != _MAGIC or head["order"] != sys.byteorder:
                raise ValueError
            for column in columns:
                column.fromfile(file, head["rows"])
            gaps = [Gap(*gap) for gap in head["gaps"]]
        except (ValueError, KeyError, TypeError, EOFError):
            raise ValueError(f"{path.name} is no tape of this version") from None
        return Tape(head["kind"], head["symbol"], columns, gaps)
