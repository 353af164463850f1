"""Reading the files of Binance's public archive: klines, trades and aggregate trades.

Spot and USDT-M layouts, zip or csv, with or without a header, times in milliseconds or
microseconds. Many files of one kind and symbol become one sorted `Tape`; whatever is wrong raises
an `ArchiveError` that names file and row and says what to do, and then nothing was made.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Final, NamedTuple

from tradepit.core.bars import DAY_US, INTERVALS
from tradepit.market.candles import path_of
from tradepit.market.tapefile import AGGS, CANDLES, KIND_COLUMNS, TRADES, Gap, Tape

Progress = Callable[[int], None]
"""Told how many bytes of text were read since it was told last."""

EARLIEST_US: Final = 1_483_228_800_000_000  # 2017-01-01: the exchange opened that year
LATEST_US: Final = 4_102_444_800_000_000  # 2100-01-01
MOST_BYTES: Final = 8 << 30  # of text in one file
MOST_RATIO: Final = 200  # text to zip; the archive's own have about 4
SMALL: Final = 1 << 20  # so much text is no bomb whatever its ratio
MOST_ROWS: Final = 50_000_000
LONGEST_LINE: Final = 1_000
TELL_EVERY: Final = 20_000  # rows between two words of progress

_INT = r"([0-9]{1,19})"
_NUM = r"([0-9]{1,11}(?:\.[0-9]{1,18})?)"
_BOOL = r"(true|True|TRUE|false|False|FALSE|0|1)"
_LAYOUTS: Final = {
    CANDLES: re.compile(
        f"{_INT},{_NUM},{_NUM},{_NUM},{_NUM},{_NUM},{_INT},{_NUM},{_INT},{_NUM},{_NUM}"
        r"(?:,[^,]*)?",
        re.ASCII,
    ),
    AGGS: re.compile(f"{_INT},{_NUM},{_NUM},{_INT},{_INT},{_INT},{_BOOL}(?:,{_BOOL})?", re.ASCII),
    TRADES: re.compile(f"{_INT},{_NUM},{_NUM},{_NUM},{_INT},{_BOOL}(?:,{_BOOL})?", re.ASCII),
}
_HEADERS: Final = {"open_time": CANDLES, "agg_trade_id": AGGS, "id": TRADES, "trade_id": TRADES}
_NAME = re.compile(r"([A-Z0-9]{2,20}(?:_[A-Z0-9]+)?)-(trades|aggTrades|[0-9]+(?:mo|[smhdwM]))-")
_ZEROS: Final = ["0" * (8 - places) for places in range(9)]
_WIDTHS: Final = frozenset(INTERVALS.values())
_MONTHS: Final = range(28, 32)
_MARK: Final = b"\xef\xbb\xbf"  # some editors put it in front of a text


class ArchiveError(ValueError):
    """A file that cannot be replayed; the text names it, the row, and the remedy."""


class Found(NamedTuple):
    """What a file's name says; "" where it says nothing."""

    symbol: str
    kind: str


def named(path: Path) -> Found:
    """The symbol and the kind that a file of the archive carries in its name."""
    found = _NAME.search(path.name.removeprefix("spot-").removeprefix("um-"))
    if found is None:
        return Found("", "")
    word = found[2]
    return Found(found[1], word if word in (TRADES, AGGS) else CANDLES)


def read_archive(
    paths: Sequence[Path], symbol: str = "", progress: Progress = lambda size: None
) -> Tape:
    """One tape of all files. symbol: where the names do not say it. Raises: ArchiveError."""
    if not paths:
        raise ArchiveError("No file was named.")
    reader = _Reader(progress)
    for path in paths:
        found = named(path)
        if not symbol:
            symbol = found.symbol
        elif found.symbol and found.symbol != symbol and len(paths) > 1:
            raise ArchiveError(
                f"{path.name} is of {found.symbol}, not of {symbol}: import one symbol at a time."
            )
        reader.read(path)
    if not symbol:
        raise ArchiveError(f"{paths[0].name} does not name its symbol: give it (--symbol BTCUSDT).")
    return reader.tape(symbol)


def text_size(path: Path) -> int:
    """About how many bytes `read_archive` will tell of; 0 for what it will refuse."""
    try:
        if not zipfile.is_zipfile(path):
            return path.stat().st_size
        with zipfile.ZipFile(path) as box:
            return sum(info.file_size for info in box.infolist())
    except (OSError, zipfile.BadZipFile):
        return 0


def units(text: str) -> int:
    """Units of 1e-8 of a plain decimal. Raises: ValueError when there is more behind the eighth."""
    whole, _, part = text.partition(".")
    if len(part) > 8:
        if part[8:].strip("0"):
            raise ValueError(f"{text} has more than eight decimals")
        part = part[:8]
    return int(whole + part + _ZEROS[len(part)])


def moment(text: str) -> int:
    """Microseconds of a time in milliseconds or microseconds. Raises: ValueError."""
    us = int(text)
    if us < 10_000_000_000_000:
        us *= 1_000
    if not EARLIEST_US <= us < LATEST_US:
        raise ValueError(f"{text} is no time of a market (milliseconds or microseconds since 1970)")
    return us


class _Reader:
    """Takes in file after file; `tape` is what they come to."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.kind = ""
        self.columns: list[array[int]] = []
        self.files: list[Path] = []
        self.origins = array("q")  # of each row: file number << 40 | row number

    def read(self, path: Path) -> None:
        number = len(self.files)
        self.files.append(path)
        count = size = 0
        pattern: re.Pattern[str] | None = None
        for count, line in enumerate(_lines(path), 1):
            if count == 1:
                kind, is_header = self._recognize(path, line)
                pattern = _LAYOUTS[kind]
                if is_header:
                    continue
            assert pattern is not None
            found = pattern.fullmatch(line)
            if found is None:
                raise _wrong(path, count, f"is no row of {self.kind}: {_quoted(line)}")
            try:
                row = _ROWS[self.kind](found.groups())
            except ValueError as wrong:
                raise _wrong(path, count, str(wrong)) from None
            for column, value in zip(self.columns, row, strict=True):
                column.append(value)
            self.origins.append(number << 40 | count)
            size += len(line) + 1
            if count % TELL_EVERY == 0:
                self._progress(size)
                size = 0
        self._progress(size)
        if len(self.origins) > MOST_ROWS:
            raise ArchiveError(f"{path.name}: more than {MOST_ROWS:,} rows: import fewer files.")
        if not count:
            raise ArchiveError(f"{path.name} is empty: download it again.")

    def _recognize(self, path: Path, line: str) -> tuple[str, bool]:
        """The kind of a file by its first line, and whether that is a header."""
        first = line.split(",")[0].strip().lower()
        is_header = not first.isdigit()
        if is_header:
            if "base_asset_volume" in line or "base_qty" in line:
                raise _wrong(path, 1, "is a COIN-M file, whose quantities are contracts: use the "
                             "files of spot or USDT-M")  # fmt: skip
            kind = _HEADERS.get(first, "")
        else:
            kind = next((k for k, layout in _LAYOUTS.items() if layout.fullmatch(line)), "")
        if not kind:
            raise _wrong(path, 1, f"is none of klines, trades and aggTrades: "
                         f"{_quoted(line)}")  # fmt: skip
        said = named(path).kind
        if said and said != kind:
            raise _wrong(path, 1, f"has columns of {kind}, the name says {said}")
        if self.kind and self.kind != kind:
            raise _wrong(path, 1, f"is {kind}, the files before are {self.kind}: import one kind "
                         "at a time")  # fmt: skip
        if not self.kind:
            self.kind = kind
            self.columns = [array("q") for _ in KIND_COLUMNS[kind]]
        return kind, is_header

    def tape(self, symbol: str) -> Tape:
        """The rows in order, without those that come twice."""
        if not self.origins:
            raise ArchiveError(f"{self.files[0].name} has no rows: download it again.")
        self._sort()
        self._drop_twins()
        if self.kind == CANDLES:
            self._drop_before_first_trade()
        gaps = self._candle_gaps() if self.kind == CANDLES else self._trade_gaps()
        return Tape(self.kind, symbol, self.columns, gaps)

    def _sort(self) -> None:
        keys = self.columns[0]
        if any(keys[i] > keys[i + 1] for i in range(len(keys) - 1)):
            self._keep(sorted(range(len(keys)), key=keys.__getitem__))

    def _drop_twins(self) -> None:
        keys = self.columns[0]
        twins = [i for i in range(1, len(keys)) if keys[i] == keys[i - 1]]
        for i in twins:
            if any(column[i] != column[i - 1] for column in self.columns):
                path, row = self._origin(i)
                other, line = self._origin(i - 1)
                raise _wrong(path, row, f"tells of {self.kind} {keys[i]} otherwise than row {line} "
                             f"of {other.name}: leave one of the files out")  # fmt: skip
        if twins:
            gone = set(twins)
            self._keep([i for i in range(len(keys)) if i not in gone])

    def _drop_before_first_trade(self) -> None:
        """Candles before the first trade have nothing to tell: nobody can say their price."""
        count = self.columns[7]
        first = next((i for i in range(len(count)) if count[i]), len(count))
        if first == len(count):
            raise ArchiveError(f"{self.files[0].name}: nothing was traded in it: take other files.")
        if first:
            self._keep(list(range(first, len(count))))

    def _keep(self, indices: list[int]) -> None:
        self.columns = [array("q", [column[i] for i in indices]) for column in self.columns]
        self.origins = array("q", [self.origins[i] for i in indices])

    def _origin(self, index: int) -> tuple[Path, int]:
        number, row = divmod(self.origins[index], 1 << 40)
        return self.files[number], row

    def _candle_gaps(self) -> list[Gap]:
        opens, ends = self.columns[0], self.columns[10]
        gaps = []
        for i in range(len(opens) - 1):
            if opens[i + 1] > ends[i]:
                gaps.append(Gap(ends[i], opens[i + 1]))
            elif opens[i + 1] < ends[i]:
                path, row = self._origin(i + 1)
                raise _wrong(path, row, "begins before the candle before it ends: import files "
                             "of one interval")  # fmt: skip
        return gaps

    def _trade_gaps(self) -> list[Gap]:
        """Ids that nobody tells of, as the times around them."""
        ids = self.columns[0]
        times = self.columns[5 if self.kind == AGGS else 4]
        return [
            Gap(times[i], times[i + 1]) for i in range(len(ids) - 1) if ids[i + 1] != ids[i] + 1
        ]


def _candle(cells: Sequence[str]) -> tuple[int, ...]:
    opens, ends = moment(cells[0]), moment(cells[6])
    ends += 1_000 if len(cells[6]) < 15 else 1
    width = ends - opens
    days = width // DAY_US if width % DAY_US == 0 else 0
    if width not in _WIDTHS and days not in _MONTHS:
        raise ValueError(f"lasts from {cells[0]} to {cells[6]}, which is no interval of a candle")
    first, high, low, last = map(units, cells[1:5])
    base, quote, taker_base, taker_quote = map(units, (cells[5], cells[7], cells[9], cells[10]))
    count = int(cells[8])
    if not 0 < low <= min(first, last) <= max(first, last) <= high:
        raise ValueError("has prices that do not fit each other")
    if bool(base) != bool(count):
        raise ValueError("has a count and no volume, or the other way round (candles of mark and "
                         "index prices cannot be traded)")  # fmt: skip
    least = max(len(path_of(first, high, low, last)), 1 + (0 < taker_base < base))
    if count and count < least:
        raise ValueError(f"has {count} trades, too few for its prices and takers")
    if taker_base > base or taker_quote > quote or bool(taker_base) > bool(base):
        raise ValueError("has takers who bought more than was traded")
    return (
        opens, first, high, low, last, base, quote, count, taker_base, taker_quote, ends,
    )  # fmt: skip


def _agg(cells: Sequence[str]) -> tuple[int, ...]:
    price, qty = units(cells[1]), units(cells[2])
    first, last = int(cells[3]), int(cells[4])
    if not price or not qty or last < first:
        raise ValueError("has no price, no quantity, or ids that run backwards")
    return int(cells[0]), price, qty, first, last, moment(cells[5]), _is_true(cells[6])


def _trade(cells: Sequence[str]) -> tuple[int, ...]:
    price, qty = units(cells[1]), units(cells[2])
    if not price or not qty:
        raise ValueError("has no price or no quantity")
    return int(cells[0]), price, qty, units(cells[3]), moment(cells[4]), _is_true(cells[5])


def _is_true(text: str) -> int:
    return int(text in ("true", "True", "TRUE", "1"))


_ROWS: Final = {CANDLES: _candle, AGGS: _agg, TRADES: _trade}


def _lines(path: Path) -> Iterator[str]:
    """The lines of a csv file, or of the one in a zip. Raises: ArchiveError."""
    try:
        if zipfile.is_zipfile(path):
            _check_sum(path)
            with zipfile.ZipFile(path) as box:
                yield from _text(path, box.open(_only(path, box)))
        else:
            if path.suffix == ".zip":
                raise ArchiveError(f"{path.name} is no zip file, or broken: download it again.")
            with path.open("rb") as file:
                yield from _text(path, file)
    except OSError as wrong:
        raise ArchiveError(f"{path}: {wrong.strerror or wrong}.") from None
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as wrong:
        raise ArchiveError(f"{path.name} is broken ({wrong}): download it again.") from None
    except Exception as wrong:
        if type(wrong).__module__ in ("zlib", "lzma"):
            raise ArchiveError(f"{path.name} is broken ({wrong}): download it again.") from None
        raise


def _only(path: Path, box: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The csv file in a zip."""
    found = [info for info in box.infolist() if info.filename.lower().endswith(".csv")]
    if len(found) != 1:
        raise ArchiveError(f"{path.name} has {len(found)} csv files in it, not one: unpack it.")
    info = found[0]
    if info.file_size > max(SMALL, MOST_RATIO * info.compress_size):
        raise ArchiveError(
            f"{path.name} would unpack to {info.file_size:,} bytes, more than a file of the "
            "archive does: unpack it yourself if you trust it."
        )
    return info


def _text(path: Path, file: IO[bytes]) -> Iterator[str]:
    read = 0
    while line := file.readline(LONGEST_LINE):
        read += len(line)
        if read > MOST_BYTES:
            raise ArchiveError(f"{path.name} has more than {MOST_BYTES >> 30} GiB: split it.")
        try:
            text = line.removeprefix(_MARK).rstrip(b"\r\n").decode("ascii")
        except UnicodeDecodeError:
            raise ArchiveError(f"{path.name} is no text: give a csv or zip file.") from None
        if text:
            yield text


def _check_sum(path: Path) -> None:
    """Compare with the CHECKSUM file of the archive, if it lies beside."""
    beside = path.with_name(path.name + ".CHECKSUM")
    if beside.is_file():
        wanted = beside.read_text("ascii", "replace").split()[:1]
        with path.open("rb") as file:
            if [hashlib.file_digest(file, "sha256").hexdigest()] != wanted:
                raise ArchiveError(f"{path.name} does not fit its CHECKSUM: download it again.")


def _wrong(path: Path, row: int, what: str) -> ArchiveError:
    return ArchiveError(f"{path.name}, row {row}: {what}.")


def _quoted(line: str) -> str:
    return repr(line if len(line) <= 80 else line[:79] + "…")
