"""A world comes back as it was: after a stop, after a kill, after a command that raised."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.journal.till import ORIGINS, Till

from tradepit.core.records import Command, Outcome, Who
from tradepit.journal.clock import WorldClock
from tradepit.journal.datadir import DataDir
from tradepit.journal.port import Log, LogDamaged, RulesMismatch
from tradepit.journal.records import encode_command, encode_void
from tradepit.journal.recovery import Origins, WorldBroken, open_world
from tradepit.journal.sequencer import Options, Sequencer
from tradepit.journal.sqlite import FILE, SqliteLog

WHO = Who(1, "key")


class Follower:
    """A reader that keeps the numbers it was told."""

    def __init__(self, cursor: int = 0) -> None:
        self.cursor = cursor
        self.told: list[int] = []
        self.rewound: list[int] = []

    def tell(self, outcome: Outcome) -> None:
        self.told.append(outcome.seq)

    def rewind(self, seq: int) -> None:
        self.rewound.append(seq)
        self.cursor = min(self.cursor, seq)


def write(log: Log, ops: list[tuple[str, object]]) -> None:
    for op, ask in ops:
        seq = log.last_seq + 1
        command = Command(seq, 1_000 + seq, WHO, op, ask)
        log.append([encode_command(command, ORIGINS.codec)], seq - 1)


def adds(count: int) -> list[tuple[str, object]]:
    return [("add", ["ab"[n % 2], n]) for n in range(count)]


async def run(home: DataDir, count: int, options: Options) -> str:
    """Drive a world; returns its hash. The world is left as a kill leaves it."""
    log = SqliteLog(home, keep_s=0)
    sequencer = Sequencer(open_world(log, ORIGINS), WorldClock(), options)
    await sequencer.start()
    for _ in range(count):
        await asyncio.gather(*(sequencer.submit(WHO, "add", ["a", 1]) for _ in range(20)))
    return sequencer.machine.state_hash()


@pytest.mark.parametrize("snapshot_every", [10**9, 150])
async def test_the_state_is_the_same_after_a_restart(tmp_path: Path, snapshot_every: int) -> None:
    home = DataDir(tmp_path)
    wanted = await run(home, 30, Options(snapshot_every=snapshot_every))
    for _ in range(3):  # recovery changes nothing, so it may be done again
        log = SqliteLog(home)
        world = open_world(log, ORIGINS)
        assert world.machine.state_hash() == wanted
        assert log.last_seq == 600
        log.close()


async def test_a_clean_stop_leaves_nothing_to_replay(tmp_path: Path) -> None:
    home = DataDir(tmp_path)
    log = SqliteLog(home)
    sequencer = Sequencer(open_world(log, ORIGINS), WorldClock())
    await sequencer.start()
    await sequencer.submit(WHO, "add", ["a", 1])
    await sequencer.stop()
    log.close()
    assert SqliteLog(home).snapshots()[-1] == 1


def test_numbers_and_times_go_on(tmp_path: Path) -> None:
    log = SqliteLog(DataDir(tmp_path))
    open_world(log, ORIGINS)
    write(log, adds(5))
    world = open_world(log, ORIGINS)
    assert (world.machine.seq, world.machine.at_us) == (5, 1_005)
    sequencer = Sequencer(world, WorldClock())
    assert sequencer.applied_seq == 5


@pytest.mark.parametrize("behind", [0, 1])
def test_a_raising_command_at_the_end_is_voided_when_it_is_met(tmp_path: Path, behind: int) -> None:
    """The kill came between its append and its void: nobody was answered yet."""
    log = SqliteLog(DataDir(tmp_path))
    open_world(log, ORIGINS)
    write(log, [*adds(4), ("poison", None), *adds(behind)])
    reader = Follower()
    world = open_world(log, ORIGINS, reader)
    assert world.voided == {5} and log.last_seq == 6 + behind
    assert "half" not in world.machine.tills
    assert sorted(set(reader.told)) == [1, 2, 3, 4, 6][: 4 + behind]
    again = open_world(log, ORIGINS)
    assert again.machine.state_hash() == world.machine.state_hash()
    assert log.last_seq == 6 + behind  # not voided twice


def test_two_that_raise_are_voided_even_when_recovery_dies_in_between(tmp_path: Path) -> None:
    log = SqliteLog(DataDir(tmp_path))
    open_world(log, ORIGINS)
    write(log, [*adds(4), ("poison", None), ("poison", None)])
    log.append([encode_void(7, 5, "RuntimeError")], 6)  # as far as the first recovery came
    assert open_world(log, ORIGINS).voided == {5, 6}


def test_what_was_answered_is_never_voided_by_another_program(tmp_path: Path) -> None:
    log = SqliteLog(DataDir(tmp_path))
    open_world(log, ORIGINS)
    write(log, [*adds(4), ("poison", None), *adds(2)])
    with pytest.raises(WorldBroken, match=r"Command 5 \(poison\) was applied before.*intact"):
        open_world(log, ORIGINS)
    assert log.last_seq == 7


def test_a_broken_invariant_is_a_refusal_with_the_log_intact(tmp_path: Path) -> None:
    log = SqliteLog(DataDir(tmp_path))
    open_world(log, ORIGINS)
    write(log, [*adds(2), ("unbalance", None)])
    with pytest.raises(WorldBroken, match=r"the sums are off.*intact"):
        open_world(log, ORIGINS)
    assert log.last_seq == 3


def test_a_long_replay_is_done_once(tmp_path: Path) -> None:
    log = SqliteLog(DataDir(tmp_path))
    open_world(log, ORIGINS)
    records = [
        encode_command(Command(n, n, WHO, "add", ["a", 1]), ORIGINS.codec) for n in range(1, 12_001)
    ]
    log.append(records, 0)
    wanted = open_world(log, ORIGINS).machine.state_hash()
    assert log.snapshots() == [0, 12_000]
    assert open_world(log, ORIGINS).machine.state_hash() == wanted
    write(log, adds(5))
    open_world(log, ORIGINS)
    assert log.snapshots() == [0, 12_000]  # a short one leaves no snapshot


def test_a_reader_is_told_what_it_has_not_kept(tmp_path: Path) -> None:
    log = SqliteLog(DataDir(tmp_path), keep_s=0)
    world = open_world(log, ORIGINS)
    write(log, adds(10))
    world = open_world(log, ORIGINS)
    world.snapshot(10)
    write(log, adds(10))
    for cursor, told in ((20, []), (15, range(16, 21)), (10, range(11, 21)), (4, range(5, 21))):
        reader = Follower(cursor)
        open_world(log, ORIGINS, reader)
        assert reader.told == list(told)
        assert reader.rewound == []


def test_a_reader_that_lost_everything_begins_with_the_state(tmp_path: Path) -> None:
    log = SqliteLog(DataDir(tmp_path), keep_s=0)
    open_world(log, ORIGINS)
    for _ in range(3):
        write(log, adds(10))
        open_world(log, ORIGINS).snapshot(log.last_seq)
    write(log, adds(5))
    log.trim(cursor=30)
    reader = Follower(0)
    open_world(log, ORIGINS, reader)
    assert reader.rewound == [30]


def test_a_reader_ahead_of_the_log_is_rewound(tmp_path: Path) -> None:
    """A power cut may take the end of the log and leave the history."""
    log = SqliteLog(DataDir(tmp_path))
    open_world(log, ORIGINS)
    write(log, adds(10))
    reader = Follower(14)
    open_world(log, ORIGINS, reader)
    assert reader.rewound == [10] and reader.told == []


def test_a_new_world_begins_with_a_snapshot_of_its_birth(tmp_path: Path) -> None:
    """Later starts do not depend on what the genesis of that day would be."""
    home = DataDir(tmp_path)
    log = SqliteLog(home)

    def rich() -> Till:
        till = Till()
        till.tills["bank"] = 100
        return till

    open_world(log, Origins(rich, ORIGINS.load, ORIGINS.codec))
    write(log, adds(3))
    assert open_world(log, ORIGINS).machine.tills["bank"] == 100


def test_newer_rules_start_from_a_snapshot_only(tmp_path: Path) -> None:
    home = DataDir(tmp_path)
    old = SqliteLog(home, rules=1)
    open_world(old, ORIGINS)
    write(old, adds(3))
    old.close()
    newer = SqliteLog(home, rules=2)
    with pytest.raises(RulesMismatch, match=r"rules 1 and goes on behind.*rules 2.*Start and stop"):
        open_world(newer, ORIGINS)
    newer.close()
    old = SqliteLog(home, rules=1)
    world = open_world(old, ORIGINS)
    wanted = world.machine.state_hash()
    world.snapshot(3)
    old.close()
    newer = SqliteLog(home, rules=2)
    assert open_world(newer, ORIGINS).machine.state_hash() == wanted
    assert newer.last_seq == 4 and newer.tail_rules == 2  # the upgrade is on record
    write(newer, adds(2))
    assert open_world(newer, ORIGINS).machine.seq == 6
    newer.close()
    old = SqliteLog(home, rules=1)
    with pytest.raises(RulesMismatch, match=r"written by rules 2.*newer program"):
        open_world(old, ORIGINS)


def test_a_log_without_any_snapshot_is_refused(tmp_path: Path) -> None:
    log = SqliteLog(DataDir(tmp_path))
    open_world(log, ORIGINS)
    write(log, adds(3))
    for file in (tmp_path / "snapshots").glob("*"):
        file.write_bytes(b"nonsense")
    with pytest.raises(LogDamaged, match="no undamaged snapshot"):
        open_world(log, ORIGINS)


def test_a_damaged_newest_snapshot_costs_only_time(tmp_path: Path) -> None:
    log = SqliteLog(DataDir(tmp_path))
    open_world(log, ORIGINS)
    write(log, adds(50))
    world = open_world(log, ORIGINS)
    world.snapshot(50)
    newest = max((tmp_path / "snapshots").glob("*"))
    newest.write_bytes(newest.read_bytes()[:-3])
    again = open_world(log, ORIGINS)
    assert again.machine.state_hash() == world.machine.state_hash()
    assert (tmp_path / FILE).exists()
