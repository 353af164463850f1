"""What every log promises, and what the SQLite one does about damage."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tradepit.journal.datadir import DataDir
from tradepit.journal.memory import MemoryLog
from tradepit.journal.port import DataDirBusy, JournalError, Log, LogDamaged, StaleAppend
from tradepit.journal.snapshots import superfluous
from tradepit.journal.sqlite import FILE, SqliteLog

Open = Callable[[], Log]


@pytest.fixture(params=["memory", "os", "disk"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Log:
    if request.param == "memory":
        return MemoryLog()
    return SqliteLog(DataDir(tmp_path / "world"), sync=request.param)


def rows(log: Log, after: int = 0) -> list[tuple[int, bytes]]:
    return list(log.read(after))


def test_a_new_log_is_empty(log: Log) -> None:
    assert (log.last_seq, log.first_seq, log.tail_rules) == (0, 1, 0)
    assert rows(log) == []
    assert log.load_snapshot() is None


def test_records_are_numbered_densely_and_read_in_order(log: Log) -> None:
    log.append([b"a", b"bb"], 0)
    log.append([b"c"], 2)
    log.append([b"d", b"e", b"f"], 3)
    assert log.last_seq == 6
    assert rows(log) == [(1, b"a"), (2, b"bb"), (3, b"c"), (4, b"d"), (5, b"e"), (6, b"f")]
    assert rows(log, 4) == [(5, b"e"), (6, b"f")]  # from inside a batch
    assert rows(log, 6) == []


@pytest.mark.parametrize("expected", [0, 1, 3])
def test_an_append_that_expects_another_end_is_refused(log: Log, expected: int) -> None:
    log.append([b"a", b"b"], 0)
    with pytest.raises(StaleAppend):
        log.append([b"x"], expected)
    assert rows(log) == [(1, b"a"), (2, b"b")]


def test_the_newest_snapshot_is_found_and_one_that_is_not_too_new(log: Log) -> None:
    log.append([b"a"] * 10, 0)
    log.save_snapshot(4, b"four")
    found = log.load_snapshot()
    assert found is not None and (found.seq, found.blob, found.rules) == (4, b"four", log.rules)
    log.save_snapshot(9, b"nine")
    found = log.load_snapshot()
    assert found is not None and (found.seq, found.blob) == (9, b"nine")
    assert log.load_snapshot(at_most=3) is None


def reopened(path: Path, **options: object) -> SqliteLog:
    return SqliteLog(DataDir(path), **options)  # type: ignore[arg-type]


def filled(path: Path, batches: int = 20) -> list[bytes]:
    """A closed log of `batches` batches; returns its records."""
    home = DataDir(path)
    log = SqliteLog(home)
    records: list[bytes] = []
    for number in range(batches):
        batch = [b"record %d.%d " % (number, i) * 20 for i in range(1 + number % 3)]
        log.append(batch, len(records))
        records += batch
    log.close()
    home.release()
    return records


def test_what_was_appended_is_there_after_reopening(tmp_path: Path) -> None:
    records = filled(tmp_path)
    log = reopened(tmp_path)
    assert [record for _, record in log.read(0)] == records
    log.append([b"more"], len(records))
    assert rows(log, len(records)) == [(len(records) + 1, b"more")]


def test_only_its_user_may_read_the_directory(tmp_path: Path) -> None:
    path = tmp_path / "world"
    home = DataDir(path)
    log = SqliteLog(home)
    log.append([b"a"], 0)
    log.save_snapshot(1, b"one")
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    files = [file for file in path.rglob("*") if file.is_file()]
    assert {file.name for file in files} >= {FILE, FILE + "-wal", "lock"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_one_process_at_a_time(tmp_path: Path) -> None:
    home = DataDir(tmp_path)
    with pytest.raises(DataDirBusy, match=rf"in use by process {os.getpid()}.*--data"):
        DataDir(tmp_path)
    code = (
        "import sys, pathlib; from tradepit.journal.datadir import DataDir\n"
        "try: DataDir(pathlib.Path(sys.argv[1]))\n"
        "except Exception as busy: print(busy); sys.exit(7)"
    )
    other = [sys.executable, "-c", code, str(tmp_path)]
    refused = subprocess.run(other, capture_output=True, text=True, check=False)
    assert refused.returncode == 7 and str(os.getpid()) in refused.stdout
    home.release()
    assert subprocess.run(other, check=False).returncode == 0


@pytest.mark.parametrize("damage", ["cut", "garble"])
def test_a_torn_wal_gives_a_prefix_or_a_refusal(tmp_path: Path, damage: str) -> None:
    """The file as a crash may leave it: whatever is read is a prefix of what was written."""
    home = DataDir(tmp_path / "whole")
    log = SqliteLog(home)
    records: list[bytes] = []
    for number in range(12):
        log.append([b"%d" % number * 50], number)
        records.append(b"%d" % number * 50)
    chance = random.Random(7)
    size = (home.path / (FILE + "-wal")).stat().st_size
    lengths: set[int] = set()
    for trial in range(60):
        copy = tmp_path / f"copy{trial}"
        shutil.copytree(home.path, copy, ignore=shutil.ignore_patterns("*-shm", "lock"))
        with (copy / (FILE + "-wal")).open("r+b") as wal:
            at = chance.randrange(size)
            if damage == "cut":
                wal.truncate(at)
            else:
                wal.seek(at)
                wal.write(chance.randbytes(8))
        torn = read_or_refuse(copy)
        if torn is not None:
            assert torn == records[: len(torn)]
            lengths.add(len(torn))
    assert len(lengths) > 3  # it was torn in many places


def read_or_refuse(path: Path) -> list[bytes] | None:
    home = DataDir(path)
    try:
        log = SqliteLog(home)
        return [record for _, record in log.read(0)]
    except LogDamaged:
        return None
    finally:
        home.release()


def test_bytes_changed_in_the_file_are_found(tmp_path: Path) -> None:
    records = filled(tmp_path / "whole", 200)
    data = (tmp_path / "whole" / FILE).read_bytes()
    chance = random.Random(11)
    refused = 0
    for trial in range(40):
        copy = tmp_path / f"copy{trial}"
        shutil.copytree(tmp_path / "whole", copy)
        at = chance.randrange(100, len(data) - 8)
        with (copy / FILE).open("r+b") as file:
            file.seek(at)
            file.write(bytes(b ^ 0x55 for b in data[at : at + 8]))
        found = read_or_refuse(copy)
        refused += found is None
        assert found is None or found == records  # unused space of a page may change
    assert refused > 10


@pytest.mark.parametrize(("size", "smaller"), [(400, False), (2_000, True), (9_000, False)])
def test_a_body_between_short_and_long_is_compressed(
    tmp_path: Path, size: int, smaller: bool
) -> None:
    home = DataDir(tmp_path)
    log = SqliteLog(home)
    records = [b"resident " * (size // 18)] * 2
    log.append(records, 0)
    assert [record for _, record in log.read(0)] == records
    assert [record for _, record in log.read(1)] == records[1:]
    log.close()
    with sqlite3.connect(tmp_path / FILE) as db:
        kept = db.execute("SELECT length(body) FROM log").fetchone()[0]
    assert (kept < size // 4) == smaller


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE log SET body = (SELECT body FROM log WHERE first = 1) WHERE first = 3",
        'UPDATE log SET "check" = 1 WHERE first = 3',
        "DELETE FROM log WHERE first = 3",
        "DELETE FROM log WHERE first = 1",
        "UPDATE log SET last = last + 1 WHERE first = 3",
    ],
)
def test_a_row_that_was_meddled_with_is_refused(tmp_path: Path, change: str) -> None:
    home = DataDir(tmp_path)
    log = SqliteLog(home)
    for number in range(6):
        log.append([b"%d" % number], number)
    with sqlite3.connect(tmp_path / FILE) as db:
        db.execute(change)
    db.close()
    with pytest.raises(LogDamaged, match=r"damaged.*Restore"):
        rows(log)


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    tmp_path.joinpath(FILE).write_bytes(b"hello" * 1000)
    with pytest.raises(LogDamaged, match="damaged"):
        reopened(tmp_path)


def test_a_log_that_cannot_begin_is_not_called_damaged(tmp_path: Path) -> None:
    tmp_path.joinpath(FILE + "-wal").mkdir()
    with pytest.raises(JournalError, match="cannot be opened.*room on the disk") as no:
        reopened(tmp_path)
    assert not isinstance(no.value, LogDamaged)


def test_a_damaged_snapshot_is_passed_over(tmp_path: Path) -> None:
    log = reopened(tmp_path)
    log.append([b"a"] * 9, 0)
    log.save_snapshot(3, b"three" * 100)
    log.save_snapshot(6, b"six" * 100)
    newest = max((tmp_path / "snapshots").glob("*.snapshot"))
    newest.write_bytes(newest.read_bytes()[:-1])
    found = log.load_snapshot()
    assert found is not None and (found.seq, found.blob) == (3, b"three" * 100)


def test_trim_keeps_the_second_newest_snapshot_and_the_log_behind_it(tmp_path: Path) -> None:
    log = reopened(tmp_path, keep_s=0)
    for number in range(1000):
        log.append([b"%d" % number], number)
        if number % 250 == 249:
            log.save_snapshot(number + 1, b"state")
    log.trim(cursor=1000)
    assert log.snapshots() == [750, 1000]
    assert log.first_seq == 751
    assert len(rows(log, 750)) == 250
    with pytest.raises(LogDamaged, match="missing"):
        rows(log, 0)
    log.append([b"more"], 1000)
    assert rows(log, 999) == [(1000, b"999"), (1001, b"more")]


def test_trim_keeps_what_a_slow_reader_has_yet_to_see(tmp_path: Path) -> None:
    log = reopened(tmp_path, keep_s=0)
    log.append([b"x"] * 500, 0)
    for seq in (0, 100, 200, 300, 400, 500):
        log.save_snapshot(seq, b"state")
    log.trim(cursor=250)
    assert log.snapshots() == [200, 400, 500]
    assert log.first_seq == 1  # one batch is one row
    log.save_snapshot(600, b"state")
    log.trim(cursor=100)  # nothing to start from for such a reader: all stays
    assert log.snapshots() == [200, 400, 500, 600]


def test_the_end_of_the_log_survives_a_trim_of_everything(tmp_path: Path) -> None:
    home = DataDir(tmp_path)
    log = SqliteLog(home, keep_s=0)
    log.append([b"a", b"b"], 0)
    log.append([b"c"], 2)
    log.save_snapshot(3, b"three")
    log.trim(cursor=3)
    log.close()
    again = SqliteLog(home, keep_s=0)
    assert (again.last_seq, again.first_seq, again.tail_rules) == (3, 3, again.rules)
    again.append([b"d"], 3)
    assert rows(again, 3) == [(4, b"d")]


def test_what_is_kept_never_outgrows_its_size(tmp_path: Path) -> None:
    most = 400_000
    log = reopened(tmp_path, keep_s=1e9, keep_bytes=most)

    def size() -> int:
        files = (tmp_path / "snapshots").glob("*.snapshot")
        return (tmp_path / "journal.sqlite3").stat().st_size + sum(f.stat().st_size for f in files)

    for number in range(200):
        log.append([os.urandom(10_000)], number)
        if number % 5 == 4:
            log.save_snapshot(number + 1, os.urandom(20_000))
            age_snapshots(tmp_path)
            log.trim(cursor=number + 1)
            assert size() < most + 8 * 10_000  # what came since the last trim
    assert len(log.snapshots()) >= 2
    assert [seq for seq, _ in rows(log, log.snapshots()[0])][-1] == 200
    assert log.first_seq < 200 - 20  # and about so much is kept


def test_a_small_size_keeps_what_a_restart_and_a_reader_need(tmp_path: Path) -> None:
    log = reopened(tmp_path, keep_s=1e9, keep_bytes=1)
    for number in range(10):
        log.append([b"x" * 5_000], number)
        log.save_snapshot(number + 1, b"state")
        age_snapshots(tmp_path)
    log.trim(cursor=4)
    assert log.snapshots()[0] == 4
    log.trim(cursor=10)
    assert log.snapshots() == [9, 10]
    assert len(rows(log, 9)) == 1


def age_snapshots(home: Path) -> None:
    """Let each be of an hour of its own, so that the hours keep them all."""
    files = sorted((home / "snapshots").glob("*.snapshot"))
    for ago, path in enumerate(reversed(files)):
        at = time.time() - ago * 3_600
        os.utime(path, (at, at))


def test_keep_holds_the_log_and_thins_snapshots_to_one_an_hour() -> None:
    hour = 3600.0
    now = 1000 * hour
    taken = [(seq, now - (60 - seq) * hour / 4) for seq in range(60)]  # four an hour, 15 hours
    dropped = superfluous(taken, now, keep_s=5 * hour)
    kept = [seq for seq, _ in taken if seq not in dropped]
    assert kept[-2:] == [58, 59]
    times = dict(taken)
    before = [seq for seq in kept if times[seq] <= now - 5 * hour]
    assert len(before) == 1  # what the kept log starts from
    assert len([seq for seq in kept if times[seq] > now - 5 * hour]) <= 5 + 2
    assert superfluous(taken, now, keep_s=0) == list(range(58))


def test_a_snapshot_may_be_cutting_the_log_while_records_come() -> None:
    """As a sequencer does it, from a thread of its own: an append waits for the whole cut."""
    log, wrong = MemoryLog(), list[StaleAppend]()
    log.append([b"a", b"b"], 0)

    def append() -> None:
        try:
            log.append([b"c"], 2)
        except StaleAppend as stale:
            wrong.append(stale)

    with log._changing:
        kept, log._records = log._records, []  # half of a cut is done
        writer = threading.Thread(target=append)
        writer.start()
        writer.join(0.05)
        log._records = kept
    writer.join()
    assert (wrong, log.last_seq) == ([], 3)
