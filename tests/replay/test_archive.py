"""Reading archive files: every layout comes to the same tape, and what is wrong is named."""

from __future__ import annotations

import hashlib
import random
import zipfile
from pathlib import Path

import pytest
from tests.replay.files import (
    AGG_HEADER,
    CANDLE_HEADER,
    START_MS,
    TRADE_HEADER,
    agg_lines,
    candle_lines,
    candles,
    trade_lines,
    trades,
    write,
)

from tradepit.market.archive import ArchiveError, read_archive
from tradepit.market.tapefile import Tape, load_tape

CANDLES = candles(60)
TRADES = trades(200)


def columns(tape: Tape) -> list[list[int]]:
    return [list(column) for column in tape.columns]


def test_candles_of_every_layout_are_the_same_tape(tmp_path: Path) -> None:
    plain = write(tmp_path / "BTCUSDT-1m-2024-01.csv", candle_lines(CANDLES))
    micro = write(tmp_path / "BTCUSDT-1m-2024-02.zip", candle_lines(CANDLES, micro=True))
    headed = write(tmp_path / "BTCUSDT-1m-2024-03.zip", candle_lines(CANDLES), CANDLE_HEADER)
    tape = read_archive([plain])
    assert (tape.kind, tape.symbol, len(tape), tape.gaps) == ("klines", "BTCUSDT", 60, [])
    assert tape.start_us == START_MS * 1_000 and tape.step_us == 60_000_000
    assert tape.end_us == (START_MS + 60 * 60_000) * 1_000
    for index, place in enumerate((1, 2, 3, 4, 5, 7, 8, 9, 10), 1):
        assert list(tape.columns[index]) == [row[place] for row in CANDLES]
    assert columns(read_archive([micro])) == columns(read_archive([headed])) == columns(tape)


def test_trades_of_every_layout_are_the_same_tape(tmp_path: Path) -> None:
    spot = write(tmp_path / "BTCUSDT-trades-2024-01-01.zip", trade_lines(TRADES))
    um = write(tmp_path / "um.csv", trade_lines(TRADES, spot=False), TRADE_HEADER)
    tape = read_archive([spot])
    assert columns(tape)[:4] == [[row[i] for row in TRADES] for i in range(4)]
    assert columns(read_archive([um], "BTCUSDT")) == columns(tape)
    spot = write(tmp_path / "BTCUSDT-aggTrades-2024-01-01.zip", agg_lines(TRADES))
    um = write(tmp_path / "um.csv", agg_lines(TRADES, spot=False), AGG_HEADER)
    tape = read_archive([spot])
    assert tape.kind == "aggTrades" and tape.columns[4][1] - tape.columns[3][1] == 1
    assert columns(read_archive([um], "BTCUSDT")) == columns(tape)


def test_rows_are_sorted_twins_dropped_and_gaps_reported(tmp_path: Path) -> None:
    lines = candle_lines(CANDLES)
    mixed = [*lines[:20], *lines[23:], *lines[40:45]]
    random.Random(2).shuffle(mixed)
    one = write(tmp_path / "BTCUSDT-1m-2024-01-01.csv", mixed[:30])
    two = write(tmp_path / "BTCUSDT-1m-2024-01-02.csv", mixed[30:])
    tape = read_archive([two, one])
    assert len(tape) == 57
    start_us = START_MS * 1_000
    assert tape.gaps == [(start_us + 20 * 60_000_000, start_us + 23 * 60_000_000)]
    lines = trade_lines(TRADES)
    tape = read_archive([write(tmp_path / "t.csv", lines[:5] + lines[7:])], "BTCUSDT")
    assert tape.gaps == [(tape.columns[4][4], tape.columns[4][5])]


def test_candles_before_the_first_trade_are_left_out(tmp_path: Path) -> None:
    empty = [(r[0], r[1], r[1], r[1], r[1], 0, r[6], 0, 0, 0, 0) for r in CANDLES[:3]]
    path = write(tmp_path / "BTCUSDT-1m-2024-01.csv", candle_lines([*empty, *CANDLES[3:]]))
    assert read_archive([path]).start_us == (START_MS + 180_000) * 1_000


def test_a_tape_is_kept_in_a_file(tmp_path: Path) -> None:
    tape = read_archive([write(tmp_path / "BTCUSDT-1m-2024-01.csv", candle_lines(CANDLES)[3:9])])
    tape.save(tmp_path / "one.tape")
    again = load_tape(tmp_path / "one.tape")
    assert (again.kind, again.symbol, again.gaps) == (tape.kind, tape.symbol, tape.gaps)
    assert columns(again) == columns(tape)
    cut = (tmp_path / "one.tape").read_bytes()[:-5]
    (tmp_path / "two.tape").write_bytes(cut)
    with pytest.raises(ValueError, match=r"two\.tape is no tape"):
        load_tape(tmp_path / "two.tape")


GOOD = candle_lines(CANDLES)
WRONG = {
    "columns": ([GOOD[0], "1,2,3"], "row 2: is no row of klines: '1,2,3'"),
    "nothing known": (["a,b,c"], "row 1: is none of klines, trades and aggTrades"),
    "no rows": ([CANDLE_HEADER], "has no rows: download it again"),
    "empty": ([], "is empty: download it again"),
    "coin margined": ([CANDLE_HEADER.replace("quote_volume", "base_asset_volume")],
                      "row 1: is a COIN-M file"),
    "seconds": ([GOOD[0].replace("000,", ",", 1)], "row 1: 1704067200 is no time of a market"),
    "the future": ([GOOD[0].replace("1704", "9704", 1)], "row 1: 9704067200000 is no time"),
    "width": ([GOOD[0].replace("1704067259999", "1704067269999")], "no interval of a candle"),
    "prices": ([GOOD[0].replace(GOOD[0].split(",")[2], "1.0", 1)], "do not fit each other"),
    "negative": ([GOOD[0].replace(",4", ",-4", 1)], "row 1: is none of"),
    "mark prices": ([",".join([*GOOD[0].split(",")[:5], "0", *GOOD[0].split(",")[6:]])],
                    "a count and no volume"),
    "takers": ([",".join([*GOOD[0].split(",")[:9], "999999", *GOOD[0].split(",")[10:]])],
               "takers who bought more"),
    "two intervals": ([GOOD[0], *candle_lines(candles(2, start_ms=START_MS + 30_000))],
                      "row 2: begins before the candle before it ends"),
    "twins that differ": ([*GOOD[:3], *candle_lines(candles(1, 9))], "tells of klines"),
    "binary": (["\xff\xfe"], "is no text"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(tmp_path: Path, name: str) -> None:
    lines, words = WRONG[name]
    path = tmp_path / "BTCUSDT-1m-2024-01.csv"
    path.write_bytes("".join(f"{line}\n" for line in lines).encode("latin-1"))
    with pytest.raises(ArchiveError) as told:
        read_archive([path])
    assert words in str(told.value) and "BTCUSDT-1m-2024-01.csv" in str(told.value)


def refused(path: Path, symbol: str = "") -> str:
    with pytest.raises(ArchiveError) as told:
        read_archive([path], symbol)
    return str(told.value)


def test_broken_zips_and_bombs(tmp_path: Path) -> None:
    path = write(tmp_path / "BTCUSDT-1m-2024-01.zip", candle_lines(CANDLES))
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    assert "is no zip file, or broken: download it again" in refused(path)
    path.write_bytes(whole[:200] + b"XXXXXXXX" + whole[208:])
    assert "is broken" in refused(path)
    path.write_bytes(whole)
    beside = tmp_path / "BTCUSDT-1m-2024-01.zip.CHECKSUM"
    beside.write_text(hashlib.sha256(whole).hexdigest() + "  BTCUSDT-1m-2024-01.zip\n")
    assert len(read_archive([path])) == 60
    beside.write_text("0" * 64)
    assert "does not fit its CHECKSUM" in refused(path)
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("bomb.csv", b"0" * (3 << 20))
    assert "would unpack to 3,145,728 bytes" in refused(bomb)
    with zipfile.ZipFile(bomb, "w") as box:
        box.writestr("readme.txt", "nothing")
    assert "has 0 csv files in it" in refused(bomb)


def test_what_cannot_be_told_from_the_files(tmp_path: Path) -> None:
    assert "does not name its symbol" in refused(write(tmp_path / "x.csv", GOOD))
    assert "nowhere.csv: No such file" in refused(tmp_path / "nowhere.csv")
    named = write(tmp_path / "BTCUSDT-trades-2024-01-01.csv", GOOD)
    assert "has columns of klines, the name says trades" in refused(named)
    one = write(tmp_path / "BTCUSDT-1m-2024-01-01.csv", GOOD)
    two = write(tmp_path / "ETHUSDT-1m-2024-01-01.csv", GOOD)
    with pytest.raises(ArchiveError, match="import one symbol at a time"):
        read_archive([one, two])
    with pytest.raises(ArchiveError, match="import one kind at a time"):
        read_archive([one, write(tmp_path / "x.csv", trade_lines(TRADES))])
