"""The order of things: check, stamp, append, apply, tell, answer; and what breaks it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.journal.till import ORIGINS, Till

from tradepit.core.records import Outcome, Who
from tradepit.core.rejects import Reject
from tradepit.journal.clock import Clock, WorldClock
from tradepit.journal.datadir import DataDir
from tradepit.journal.memory import MemoryLog
from tradepit.journal.port import Log
from tradepit.journal.recovery import open_world
from tradepit.journal.sequencer import Options, Sequencer
from tradepit.journal.sqlite import SqliteLog

WHO = Who(1, "key")


class Steps:
    """A clock that shows what it is told to."""

    def __init__(self, now_us: int = 1_000_000) -> None:
        self.us = now_us

    def now_us(self) -> int:
        return self.us

    def wait_s(self, until_us: int) -> float:
        return max(0, until_us - self.us) / 1_000_000


class Watched:
    """A SQLite log that tells what was done to it, and can be made to fail."""

    def __init__(self, home: DataDir, told: list[str]) -> None:
        self._log = SqliteLog(home)
        self._told = told
        self.fail = False

    def append(self, batch: Sequence[bytes], expected_seq: int) -> None:
        if self.fail:
            raise OSError("No space left on device")
        self._log.append(batch, expected_seq)
        self._told.append(f"durable {expected_seq + len(batch)}")

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Log:
    return MemoryLog() if request.param == "memory" else SqliteLog(DataDir(tmp_path))


async def started(
    log: Log, clock: Clock | None = None, options: Options | None = None
) -> Sequencer[Till]:
    world = open_world(log, ORIGINS)
    sequencer = Sequencer(world, clock or WorldClock(), options or Options())
    await sequencer.start()
    return sequencer


async def test_replies_and_refusals_reach_their_callers(log: Log) -> None:
    sequencer = await started(log)
    assert await sequencer.submit(WHO, "add", ["a", 5]) == [1, 5]
    with pytest.raises(Reject) as refused:
        await sequencer.submit(WHO, "add", ["a", -6])
    assert refused.value.name == "INSUFFICIENT_BALANCE"
    assert await sequencer.submit(WHO, "add", ["a", -5]) == [3, 0]
    await sequencer.stop()


async def test_concurrent_commands_keep_the_order_in_which_they_came(log: Log) -> None:
    sequencer = await started(log)
    replies = await asyncio.gather(*(sequencer.submit(WHO, "add", ["a", 1]) for _ in range(2000)))
    assert replies == [[n, n] for n in range(1, 2001)]
    await sequencer.stop()
    assert log.last_seq in (2000, 0)  # a stopped memory log may have let go of everything


async def test_a_batch_is_durable_before_anything_of_it_happens(tmp_path: Path) -> None:
    told: list[str] = []
    log = Watched(DataDir(tmp_path), told)
    sequencer = await started(log)  # type: ignore[arg-type]
    sequencer.listen(lambda outcome: told.append(f"told {outcome.seq}"))

    async def client(name: str) -> None:
        reply = await sequencer.submit(WHO, "add", [name, 1])
        told.append(f"answered {reply[0]}")  # type: ignore[index]

    await asyncio.gather(*(client(name) for name in "abc"))
    assert told == [
        "durable 3", "told 1", "told 2", "told 3", "answered 1", "answered 2", "answered 3",
    ]  # fmt: skip
    await sequencer.stop()


async def test_who_comes_while_a_batch_is_written_forms_the_next_one(tmp_path: Path) -> None:
    told: list[str] = []
    log = Watched(DataDir(tmp_path), told)
    sequencer = await started(log)  # type: ignore[arg-type]
    first = sequencer.submit(WHO, "add", ["a", 1])
    await asyncio.sleep(0)  # the first is being written now
    rest = [sequencer.submit(WHO, "add", ["a", 1]) for _ in range(50)]
    await asyncio.gather(first, *rest)
    assert told == ["durable 1", "durable 51"]
    await sequencer.stop()


async def test_the_check_is_made_just_before_the_stamp(log: Log) -> None:
    sequencer = await started(log)

    def too_late() -> None:
        raise Reject("INVALID_TIMESTAMP")

    with pytest.raises(Reject) as refused:
        await sequencer.submit(WHO, "add", ["a", 1], too_late)
    assert refused.value.code == -1021
    assert await sequencer.submit(WHO, "add", ["a", 1], lambda: None) == [1, 1]
    await sequencer.stop()


async def test_the_world_never_goes_back_in_time(log: Log) -> None:
    clock = Steps(5_000_000)
    sequencer = await started(log, clock)
    times: list[int] = []
    sequencer.listen(lambda outcome: times.append(outcome.at_us))
    for now_us in (5_000_000, 4_000_000, 6_000_000, 1, 7_000_000):
        clock.us = now_us
        await sequencer.submit(WHO, "add", ["a", 1])
    assert times == [5_000_000, 5_000_000, 6_000_000, 6_000_000, 7_000_000]
    await sequencer.stop()


async def test_a_full_queue_refuses(tmp_path: Path) -> None:
    sequencer = await started(SqliteLog(DataDir(tmp_path)), options=Options(queue_limit=10))
    futures = [sequencer.submit(WHO, "add", ["a", 1]) for _ in range(15)]
    replies = await asyncio.gather(*futures, return_exceptions=True)
    assert replies[:10] == [[n, n] for n in range(1, 11)]
    assert [reply.status for reply in replies[10:]] == [429] * 5  # type: ignore[union-attr]
    await sequencer.stop()


async def test_a_brake_holds_everybody_until_it_lets_go(log: Log) -> None:
    sequencer = await started(log)
    held = True
    sequencer.brakes.append(lambda: held)
    future = asyncio.ensure_future(sequencer.submit(WHO, "add", ["a", 1]))
    await asyncio.sleep(0.02)
    assert not future.done() and sequencer.applied_seq == 0
    held = False
    assert await future == [1, 1]
    await sequencer.stop()


async def test_what_falls_due_happens_though_nobody_comes(log: Log) -> None:
    sequencer = await started(log)
    await sequencer.submit(WHO, "alarm", 30_000)
    assert sequencer.machine.fired == []
    for _ in range(100):
        await asyncio.sleep(0.005)
        if sequencer.machine.fired:
            break
    assert len(sequencer.machine.fired) == 1
    assert sequencer.applied_seq == 2  # one tick, no more
    await sequencer.stop()


async def test_a_clock_that_jumps_lets_what_is_due_happen(log: Log) -> None:
    clock = Steps()
    sequencer = await started(log, clock)
    await sequencer.submit(WHO, "alarm", 3_600_000_000)
    clock.us += 3_600_000_000
    sequencer.clock_changed()
    await asyncio.sleep(0.05)
    assert sequencer.machine.fired == [1_000_000 + 3_600_000_000]
    await sequencer.stop()


async def test_a_command_that_raises_is_void(log: Log, caplog: pytest.LogCaptureFixture) -> None:
    sequencer = await started(log)
    told: list[int] = []
    sequencer.listen(lambda outcome: told.append(outcome.seq))
    await sequencer.submit(WHO, "add", ["a", 1])
    before = sequencer.machine
    rebuilt: list[Till] = []
    sequencer.on_rebuilt.append(rebuilt.append)
    futures = [
        sequencer.submit(WHO, "add", ["a", 1]),
        sequencer.submit(WHO, "poison", None),
        sequencer.submit(WHO, "add", ["a", 1]),
    ]
    replies = await asyncio.gather(*futures, return_exceptions=True)
    assert replies[0] == [2, 2] and replies[2][1] == 3  # type: ignore[index]
    assert isinstance(replies[1], Reject) and replies[1].code == -1000
    assert sequencer.machine is not before
    assert rebuilt == [sequencer.machine]
    assert sequencer.machine.tills == {"a": 3}  # nothing of the half-done command
    assert "RuntimeError: poison" in caplog.text
    assert len(told) == len(set(told)) == 3
    assert await sequencer.submit(WHO, "add", ["b", 1])
    await sequencer.stop()


async def test_many_that_raise_among_many_that_do_not(log: Log) -> None:
    logging.disable(logging.CRITICAL)
    try:
        sequencer = await started(log, options=Options(snapshot_every=70))
        ops = ["poison" if n % 17 == 5 else "add" for n in range(300)]

        async def client(op: str) -> object:
            return await sequencer.submit(WHO, op, ["a", 1])

        tasks = []
        for n, op in enumerate(ops):
            tasks.append(asyncio.ensure_future(client(op)))
            if n % 10 == 0:
                await asyncio.sleep(0)
        replies = await asyncio.gather(*tasks, return_exceptions=True)
        sums = [reply[1] for reply in replies if isinstance(reply, list)]
        assert sums == list(range(1, ops.count("add") + 1))
        assert sum(isinstance(reply, Reject) for reply in replies) == ops.count("poison")
        assert sequencer.machine.tills == {"a": ops.count("add")}
        await sequencer.stop()
    finally:
        logging.disable(logging.NOTSET)


async def test_a_broken_invariant_stops_the_world(log: Log) -> None:
    sequencer = await started(log)
    reasons: list[str] = []
    sequencer.on_broken = reasons.append
    await sequencer.submit(WHO, "add", ["a", 1])
    futures = [sequencer.submit(WHO, op, ["a", 1]) for op in ("unbalance", "add")]
    replies = await asyncio.gather(*futures, return_exceptions=True)
    assert [reply.code for reply in replies] == [-1000, -1001]  # type: ignore[union-attr]
    assert len(reasons) == 1 and "the sums are off" in reasons[0]
    with pytest.raises(Reject):
        await sequencer.submit(WHO, "add", ["a", 1])
    assert log.last_seq >= 2  # the log is intact
    await sequencer.stop()


async def test_the_audit_stops_the_world(log: Log) -> None:
    sequencer = await started(log, options=Options(audit_every=10))
    for _ in range(9):
        await sequencer.submit(WHO, "add", ["a", 1])
    sequencer.machine.broken = ["a is short by 1"]
    assert not sequencer.broken
    await sequencer.submit(WHO, "add", ["a", 1])
    assert "a is short by 1" in sequencer.broken
    await sequencer.stop()


async def test_a_failed_append_has_changed_nothing(tmp_path: Path) -> None:
    log = Watched(DataDir(tmp_path), [])
    sequencer = await started(log)  # type: ignore[arg-type]
    await sequencer.submit(WHO, "add", ["a", 1])
    log.fail = True
    futures = [sequencer.submit(WHO, "add", ["a", 1]) for _ in range(3)]
    replies = await asyncio.gather(*futures, return_exceptions=True)
    assert [reply.code for reply in replies] == [-1001] * 3  # type: ignore[union-attr]
    assert sequencer.machine.tills == {"a": 1} and not sequencer.broken
    log.fail = False
    assert await sequencer.submit(WHO, "add", ["a", 1]) == [2, 2]  # the number is used again
    await sequencer.stop()


async def test_a_listener_that_fails_stops_nobody(
    log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    sequencer = await started(log)

    def bad(outcome: Outcome) -> None:
        raise ZeroDivisionError

    sequencer.listen(bad)
    assert await sequencer.submit(WHO, "add", ["a", 1]) == [1, 1]
    assert "ZeroDivisionError" in caplog.text
    await sequencer.stop()


async def test_a_listener_may_submit(log: Log) -> None:
    sequencer = await started(log)
    seen: list[tuple[int, str]] = []

    def follow(outcome: Outcome) -> None:
        seen.append((outcome.seq, "first"))
        if outcome.seq == 1:
            sequencer.submit(WHO, "add", ["b", 1])

    sequencer.listen(follow)
    sequencer.listen(lambda outcome: seen.append((outcome.seq, "second")))
    await sequencer.submit(WHO, "add", ["a", 1])
    await sequencer.submit(WHO, "add", ["a", 1])
    assert seen == [(n, word) for n in (1, 2, 3) for word in ("first", "second")]
    await sequencer.stop()


async def test_who_went_away_before_the_stamp_does_not_count(tmp_path: Path) -> None:
    sequencer = await started(SqliteLog(DataDir(tmp_path)))
    gone = sequencer.submit(WHO, "add", ["a", 1])
    stayed = sequencer.submit(WHO, "add", ["b", 1])
    gone.cancel()
    assert await stayed == [1, 1]
    assert sequencer.machine.tills == {"b": 1}
    await sequencer.stop()


async def test_stop_finishes_what_came_and_refuses_what_comes(log: Log) -> None:
    sequencer = await started(log)
    futures = [sequencer.submit(WHO, "add", ["a", 1]) for _ in range(600)]
    await sequencer.stop()
    assert all(future.done() for future in futures)
    assert futures[-1].result() == [600, 600]
    with pytest.raises(Reject):
        await sequencer.submit(WHO, "add", ["a", 1])


async def test_snapshots_are_taken_and_the_log_is_trimmed(tmp_path: Path) -> None:
    log = SqliteLog(DataDir(tmp_path), keep_s=0)
    sequencer = await started(log, options=Options(snapshot_every=100))
    for _ in range(12):
        await asyncio.gather(*(sequencer.submit(WHO, "add", ["a", 1]) for _ in range(50)))
        await asyncio.sleep(0.02)
    await sequencer.stop()
    taken = log.snapshots()
    assert len(taken) == 2 and taken[-1] == 600
    assert 1 < log.first_seq <= taken[0] + 1


async def test_who_asks_alone_is_answered_at_once_by_an_instant_log(log: Log) -> None:
    sequencer = await started(log)

    async def settled(found: object) -> object:
        assert isinstance(found, asyncio.Future) != log.instant
        return await asyncio.wait_for(found, 5) if isinstance(found, asyncio.Future) else found

    def too_late() -> None:
        raise Reject("INVALID_TIMESTAMP")

    assert await settled(sequencer.ask(WHO, "add", ["a", 5])) == [1, 5]
    for op, ask, check, code in (("add", ["a", -6], None, -2010), ("poison", None, None, -1000),
                                 ("add", ["a", 1], too_late, -1021)):  # fmt: skip
        try:
            said = await settled(sequencer.ask(WHO, op, ask, check))
        except Reject as no:
            said = no
        assert isinstance(said, Reject) and said.code == code
    assert sequencer.machine.tills == {"a": 5}
    seen: list[object] = []

    def follow(outcome: Outcome) -> None:
        if not seen:
            seen.append(sequencer.ask(WHO, "add", ["b", 1]))

    sequencer.listen(follow)
    await settled(sequencer.ask(WHO, "add", ["a", 1]))
    assert isinstance(seen[0], asyncio.Future), "while another is being told of, it waits"
    assert (await seen[0])[1] == 1
    sequencer.brakes.append(lambda: True)
    assert isinstance(sequencer.ask(WHO, "add", ["a", 1]), asyncio.Future)
    sequencer.brakes.clear()
    await sequencer.stop()
    with pytest.raises(Reject):
        await sequencer.ask(WHO, "add", ["a", 1])  # type: ignore[misc]
