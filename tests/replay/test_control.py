"""Replays over HTTP, streams and the command line; docs/replay.md is true."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.control.conftest import Pit, running_pit
from tests.control.test_document import read
from tests.replay.files import START_MS, candle_lines, candles, trade_lines, trades, write
from tests.streams.listening import Listener

from tradepit.cli import run
from tradepit.config import FAILED, OK

PAGE = Path(__file__).parents[2] / "docs" / "replay.md"
ROWS = candles(30)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write(folder / "BTCUSDT-1m-2024-01-01.zip", candle_lines(ROWS))
    write(folder / "ETHUSDT-trades-2024-01-01.csv", trade_lines(trades(50)))
    return folder


@pytest.fixture
def pit() -> Iterator[Pit]:
    yield from running_pit(limits="off")


def test_a_kline_stream_is_the_file(files: Path) -> None:
    """Each closed candle, on every field."""
    path = files / "BTCUSDT-1m-2024-01-01.zip"
    for pit in running_pit(limits="off", replay=(str(path),)):
        with Listener(pit.server, "/ws/btcusdt@kline_1m") as ear:
            pit.done("PUT", "clock", speed="0")
            pit.done("POST", "replays/seek", symbol="BTCUSDT", to=START_MS + 30 * 60_000)
            found: list[Any] = []
            while len(found) < 30:
                event = ear.until(lambda e: e["k"]["x"])
                found.append(event["k"])
        names = ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q")
        got = [",".join([*(str(k[name]) for name in names), "0"]) for k in found]
        assert got == candle_lines(ROWS)
        at = f"startTime={START_MS}&limit=30"
        rest = pit.server.request("GET", f"/api/v3/klines?symbol=BTCUSDT&interval=1m&{at}").json
        assert [",".join(map(str, row)) for row in rest] == candle_lines(ROWS)


def test_it_begins_pauses_seeks_and_ends(pit: Pit, files: Path) -> None:
    pit.done("PUT", "clock", speed="0")
    now_ms = pit.done("GET", "clock")["now"]
    path = str(files / "BTCUSDT-1m-2024-01-01.zip")
    row = pit.done("POST", "replays", files=[path], pace="0")
    assert row["rows"] == 30 and row["state"] == "PLAYING" and row["firstGap"] is None
    begins_ms = row["startTime"] + row["shiftUs"] // 1_000
    assert 0 <= begins_ms - now_ms < 60_000
    assert pit.done("GET", "replays") == [row]
    row = pit.done("POST", "replays/seek", symbol="BTCUSDT", to=START_MS + 600_000)
    assert row["rowsTold"] == 11  # nothing traded in the eleventh
    assert row["tapeTime"] >= START_MS + 600_000
    assert pit.done("GET", "clock")["now"] == begins_ms + 600_000
    assert pit.done("PUT", "replays", symbol="BTCUSDT", paused=True)["state"] == "PAUSED"
    assert pit.done("PUT", "replays", symbol="BTCUSDT", paused=False)["state"] == "PLAYING"
    assert pit.done("DELETE", "replays", symbol="BTCUSDT")["rowsTold"] == 11
    assert pit.done("GET", "replays") == []


def test_what_is_refused_says_why(pit: Pit, files: Path, tmp_path: Path) -> None:
    lines = candle_lines(ROWS)
    bad = write(tmp_path / "BTCUSDT-1m-2024-01-01.csv", [*lines[:6], "nonsense", *lines[6:]])
    code, words = pit.no("POST", "replays", files=[str(bad)])
    assert (code, words) == (
        -1130, "BTCUSDT-1m-2024-01-01.csv, row 7: is no row of klines: 'nonsense'.",
    )  # fmt: skip
    assert "No such file" in pit.no("POST", "replays", files=[str(tmp_path / "none.csv")])[1]
    path = str(files / "BTCUSDT-1m-2024-01-01.zip")
    assert "never goes back" in pit.no("POST", "replays", files=[path], at="start")[1]
    assert pit.no("POST", "replays", files=[path], pace="100001")[0] == -1130
    assert "not being replayed" in pit.no("DELETE", "replays", symbol="BTCUSDT")[1]
    assert "not being replayed" in pit.no("PUT", "replays", symbol="BTCUSDT", paused=True)[1]
    assert "not being replayed" in pit.no("POST", "replays/seek", symbol="BTCUSDT", to=1)[1]
    assert pit.done("GET", "replays") == []
    book = pit.server.request("GET", "/api/v3/depth?symbol=BTCUSDT").json
    assert book["bids"] == book["asks"] == []  # nothing was begun


def test_the_page(
    pit: Pit, files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every line of it that can be pasted works, in its order."""
    monkeypatch.chdir(files)
    text = PAGE.read_text()
    for line in re.findall(r"^\$ tradepit (.+)$", text, re.MULTILINE):
        verb, *words = line.split()
        url = f"http://127.0.0.1:{pit.server.port}"
        assert run([verb, "--url", url, *words]) == OK, capsys.readouterr().err
        told = capsys.readouterr()
        assert json.loads(told.out)["state"] == "PLAYING" and "rows read" in told.err
    pit.done("PUT", "clock", speed="0")
    pit.done("DELETE", "replays", symbol="BTCUSDT")
    for line in text.splitlines():
        if line.startswith("curl "):
            method, target, kind, body = read(line)
            answer = pit.server.request(method, target, body, content_type=kind)
            assert answer.status == 200, (line, answer.body)
    up = re.search(r"^tradepit up (.+)$", text, re.MULTILINE)
    assert up is not None and up[1].split()[0] == "--replay"


def test_a_bad_file_is_not_imported(
    pit: Pit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = candle_lines(ROWS)
    cells = lines[6].split(",")
    cells[2] = "1.0"
    bad = [*lines[:6], ",".join(cells), *lines[7:]]
    path = write(tmp_path / "BTCUSDT-1m-2024-01-01.csv", bad)
    url = f"http://127.0.0.1:{pit.server.port}"
    assert run(["import", "--url", url, str(path)]) == FAILED
    words = capsys.readouterr().err.strip().splitlines()[-1]
    assert words in PAGE.read_text()
    assert run(["import", "--url", "http://127.0.0.1:1", str(write(path, lines))]) == 4
