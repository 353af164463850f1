"""The sequencer: gives every command its number and time, and its place in the log.

Whoever comes while a batch is being written forms the next one (group commit). The order of things
is: check, stamp, append, apply when durable, tell listeners, answer. The state is never ahead of
the log, so no query can show what a crash could lose, and a failed append has changed nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias

from tradepit.core.ledger import BrokenInvariant
from tradepit.core.records import Command, Outcome, Who
from tradepit.core.rejects import Reject
from tradepit.journal.clock import Clock
from tradepit.journal.port import JournalError, StaleAppend
from tradepit.journal.records import TICK, encode_command
from tradepit.journal.recovery import M, World, pack_state, uncollected
from tradepit.journal.writer import Writer

_operator = logging.getLogger("tradepit.journal")

Listener: TypeAlias = Callable[[Outcome], None]
Check: TypeAlias = Callable[[], None]
_Waiting: TypeAlias = tuple["asyncio.Future[object]", Who, str, object, Check | None, int, int]
_Stamped: TypeAlias = tuple["asyncio.Future[object]", Command]

HOUSE: Final = Who(0)
NEVER_US: Final = 1 << 62
_BATCH: Final = 256  # commands between two breaths of the event loop
_BRAKE_S: Final = 0.005
_SOONEST_S: Final = 0.001
# A thread that wants the interpreter waits this long at most while the event loop is busy: with
# Python's own 5 ms a loaded server would answer orders in steps of 10 ms.
_SWITCH_S: Final = 0.0005


@dataclass(frozen=True, slots=True)
class Options:
    """How a sequencer works. `audit_every` 0: the books are not checked in full."""

    queue_limit: int = 100_000
    snapshot_every: int = 100_000
    audit_every: int = 0


class Sequencer(Generic[M]):
    """Everything that changes the world passes here, one after the other.

    `machine` is the living state; it is another object after a command raised, so ask for it each
    time. All methods belong to the event loop.
    """

    def __init__(self, world: World[M], clock: Clock, options: Options = Options()) -> None:
        self.world = world
        self.clock = clock
        self.options = options
        self.broken = ""  # why the world stopped
        self.on_broken: Callable[[str], None] = lambda reason: None
        self.brakes: list[Callable[[], bool]] = []  # while one says True, nothing is stamped
        self.cursor: Callable[[], int] = lambda: self._applied  # how far every reader has come
        self.on_rebuilt: list[Callable[[M], None]] = []  # told of the new state after a void
        self.before: list[Callable[[int], None]] = []  # told the time of what is about to happen
        self.holds: list[Callable[[], int]] = []  # each: until when all that it tells is told
        self.followers: list[Callable[[Command], None]] = []  # told what was applied
        self._listeners: list[Listener] = []
        self._queue: list[_Waiting] = []
        self._writing: list[_Stamped] | None = None
        self._flushing = False
        self._applying = False
        self._closed = True
        self._applied = self._stamped = world.log.last_seq
        self._at_us = world.machine.at_us
        self._instant = world.log.instant
        self._timer: asyncio.TimerHandle | None = None
        self._timer_us = 0
        self._since_audit = 0
        self._snapshot_seq = max(world.log.snapshots(), default=0)
        self._snapshot_thread: threading.Thread | None = None
        self._quiet: asyncio.Event

    @property
    def machine(self) -> M:
        return self.world.machine

    @property
    def applied_seq(self) -> int:
        """The number of the last command that was applied."""
        return self._applied

    def settled_us(self) -> int:
        """The world's time up to which nothing can happen any more: now, or just before what is
        stamped and still being written."""
        if self._writing is not None:
            return min(self._writing[0][1].at_us - 1, self._held_us())
        return min(self.clock.now_us(), self._held_us())

    def _held_us(self) -> int:
        found = NEVER_US
        for hold in self.holds:
            found = min(found, hold())
        return found

    def listen(self, listener: Listener) -> None:
        """Have `listener(outcome)` called after each command, before the next is applied."""
        self._listeners.append(listener)

    async def start(self) -> None:
        """Open the world for commands."""
        self._loop = asyncio.get_running_loop()
        self._quiet = asyncio.Event()
        self._quiet.set()
        if not self._instant:
            sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_S))
            self._writer = Writer(self.world.log, self._loop)
        self._closed = False
        self._arm()

    async def stop(self, snapshot: bool = True) -> None:
        """Take no more commands, finish those that came, write a snapshot (unless it is not
        wanted)."""
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        while self._queue or self._writing is not None or self._flushing:
            self._quiet.clear()
            await self._quiet.wait()
        if not self._instant:
            self._writer.stop()
        if self._snapshot_thread is not None:
            await asyncio.to_thread(self._snapshot_thread.join)
        fresh = self._applied > self._snapshot_seq
        if snapshot and fresh and not self.broken and not self._instant:
            self.world.snapshot(self._applied)
            self.world.log.trim(self.cursor())

    def submit(
        self, who: Who, op: str, ask: object, check: Check | None = None, *,
        origin: int = 0, n: int = 0,
    ) -> asyncio.Future[object]:  # fmt: skip
        """The reply to command `op`, as something to await.

        `check` is called just before the command is stamped and may raise a Reject. Awaiting
        raises: Reject, whoever says it (the check, the exchange, this queue when it is full).
        """
        future: asyncio.Future[object] = self._loop.create_future()
        if self._closed or self.broken:
            future.set_exception(Reject("DISCONNECTED"))
            return future
        queue = self._queue
        if len(queue) >= self.options.queue_limit:
            future.set_exception(Reject("TOO_MANY_REQUESTS"))
            return future
        queue.append((future, who, op, ask, check, origin, n))
        if self._instant and not self._applying and not self._flushing:
            self._flush()
        elif self._writing is None and not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)
        return future

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """What is submitted inside is stamped and put on the log as one batch."""
        if self._flushing or self._applying:
            yield
            return
        self._flushing = True
        try:
            yield
        finally:
            self._flush()

    def ask(self, who: Who, op: str, ask: object, check: Check | None = None) -> object:
        """Like `submit`, but where nobody waits and the log is instant, the reply itself, or the
        Reject: there is nothing to await."""
        if (
            not self._instant
            or self._applying
            or self._flushing
            or self._queue
            or self._closed
            or self.broken
            or self._braked()
        ):
            return self.submit(who, op, ask, check)
        world = self.world
        at_us = self.clock.now_us()
        if at_us < self._at_us:
            at_us = self._at_us
        self._at_us = at_us
        command = Command(self._stamped + 1, at_us, who, op, ask)
        try:
            if check is not None:
                check()
            record = encode_command(command, world.origins.codec)
        except Reject as no:
            return no
        except Exception:
            _operator.exception("%s could not be put on record", op)
            return Reject("UNKNOWN")
        world.log.append((record,), self._stamped)
        self._stamped += 1
        self._applying = True
        self._announce(at_us)
        reply = self._carry_out(command)
        self._applied_all(1)
        if self._queue:
            self._go_on()
        else:
            self._arm()
        return reply

    def _flush(self) -> None:
        """Stamp those who wait and hand them to the log."""
        self._flushing = False
        if self._writing is not None:
            return
        if not self._queue:
            self._quiet.set()
            return
        if not self._closed and self._braked():
            self._flushing = True
            self._loop.call_later(_BRAKE_S, self._flush)
            return
        waiting = self._queue
        if len(waiting) <= _BATCH:
            self._queue = []
        else:
            waiting, self._queue = waiting[:_BATCH], waiting[_BATCH:]
        expected = self._stamped
        stamped, batch = self._stamp(waiting)
        if not batch:
            self._go_on()
        elif self._instant:
            self.world.log.append(batch, expected)
            self._apply(stamped)
            self._go_on()
        else:
            self._writing = stamped
            self._writer.append(batch, expected, self._durable)

    def _braked(self) -> bool:
        for brake in self.brakes:  # noqa: SIM110  # asked for every batch, and a batch may be one
            if brake():
                return True
        return False

    def _stamp(self, waiting: list[_Waiting]) -> tuple[list[_Stamped], list[bytes]]:
        stamped: list[_Stamped] = []
        batch: list[bytes] = []
        codec = self.world.origins.codec
        self._at_us = at_us = max(self.clock.now_us(), self._at_us)
        for future, who, op, ask, check, origin, n in waiting:
            if future.done():
                continue  # whoever asked went away before it counted
            command = Command(self._stamped + 1, at_us, who, op, ask, origin, n)
            try:
                if check is not None:
                    check()
                batch.append(encode_command(command, codec))
            except Reject as no:
                future.set_exception(no)
                continue
            except Exception:
                _operator.exception("%s could not be put on record", op)
                future.set_exception(Reject("UNKNOWN"))
                continue
            self._stamped += 1
            stamped.append((future, command))
        return stamped, batch

    def _durable(self, failure: Exception | None) -> None:
        """The batch that was being written is durable, or is not."""
        stamped, self._writing = self._writing, None
        assert stamped is not None
        if failure is None:
            if self._queue:
                self._flush()  # the next batch is written while this one is applied
            self._apply(stamped)
        else:
            self._stamped = self.world.log.last_seq
            _operator.error("%s The commands waiting for it are refused.", failure)
            for future, _ in stamped:
                if not future.done():
                    future.set_exception(Reject("DISCONNECTED"))
            if isinstance(failure, StaleAppend):
                self._break(str(failure))
        self._go_on()

    def _go_on(self) -> None:
        if self._queue:
            if self._writing is None and not self._flushing:
                self._flushing = True
                self._loop.call_soon(self._flush)
        elif self._writing is None and not self._flushing:
            self._quiet.set()
            self._arm()

    def _apply(self, stamped: list[_Stamped]) -> None:
        self._applying = True
        self._announce(stamped[0][1].at_us)
        for future, command in stamped:
            reply = Reject("DISCONNECTED") if self.broken else self._carry_out(command)
            if not future.done():
                if isinstance(reply, Reject):
                    future.set_exception(reply)
                else:
                    future.set_result(reply)
        self._applied_all(len(stamped))

    def _announce(self, at_us: int) -> None:
        """Tell who wants to know it that something is about to happen at that time."""
        for before in self.before:
            try:
                before(min(at_us, self._held_us() + 1))
            except Exception:
                _operator.exception("A listener failed before command %d", self._applied + 1)

    def _carry_out(self, command: Command) -> object:
        """The reply to a command that is on record, or its Reject."""
        try:
            outcome = self.world.machine.apply(command)
        except Exception as wrong:
            return self._raised(command, wrong)
        self._applied = command.seq
        for follow in self.followers:
            follow(command)
        for listener in self._listeners:
            try:
                listener(outcome)
            except Exception:
                _operator.exception("A listener failed on command %d", command.seq)
        return outcome.reply

    def _applied_all(self, number: int) -> None:
        """So many commands were applied, and nobody else is being told of them now."""
        self._applying = False
        try:
            self._upkeep(number)
        except Exception:
            _operator.exception("The upkeep after command %d failed", self._applied)

    def _raised(self, command: Command, wrong: Exception) -> Reject:
        """A command raised what is no refusal: void it and make the state anew without it."""
        _operator.error(
            "Command %d (%s) raised:\n%s", command.seq, command.op, traceback.format_exc()
        )
        if isinstance(wrong, BrokenInvariant):
            self._break(f"command {command.seq} ({command.op}) breaks an invariant: {wrong}")
            return Reject("UNKNOWN")
        try:
            if not self._instant:
                self._writer.wait_idle()
            self.world.void(command.seq, wrong)
            self._stamped = self.world.log.last_seq
            self.world.rebuild(command.seq - 1)
            self._applied = command.seq
        except (JournalError, OSError) as worse:
            self._break(str(worse))
        else:
            for rebuilt in self.on_rebuilt:
                rebuilt(self.machine)
        return Reject("UNKNOWN")

    def _break(self, reason: str) -> None:
        """Stop the world, loudly. Its log is left as it is."""
        if self.broken:
            return
        self.broken = reason
        _operator.critical("THE WORLD STOPPED: %s", reason)
        waiting, self._queue = self._queue, []
        for future, *_ in waiting:
            if not future.done():
                future.set_exception(Reject("DISCONNECTED"))
        self.on_broken(reason)

    def _upkeep(self, done: int) -> None:
        """What is due every so many commands: the audit and the snapshot."""
        if self.broken:
            return
        if self.options.audit_every:
            self._since_audit += done
            if self._since_audit >= self.options.audit_every:
                self._since_audit = 0
                self.audit()
        if self._applied - self._snapshot_seq >= self.options.snapshot_every:
            self.snapshot()

    def audit(self) -> list[str]:
        """Add all books up; a broken rule stops the world. Returns what is broken."""
        found = self.machine.audit()
        if found:
            self._break("the books are wrong: " + "; ".join(found))
        return found

    def snapshot(self) -> None:
        """Begin to save the state as it is now; packing and writing are a thread's work."""
        if self._snapshot_thread is not None and self._snapshot_thread.is_alive():
            return
        self._snapshot_seq = seq = self._applied
        with uncollected():
            state = self.machine.dump()
        cursor = self.cursor()
        self._snapshot_thread = threading.Thread(
            target=self._save, args=(seq, state, cursor), name="tradepit-snapshot", daemon=True
        )
        self._snapshot_thread.start()

    def _save(self, seq: int, state: dict[str, object], cursor: int) -> None:
        try:
            self.world.log.save_snapshot(seq, pack_state(state))
            self.world.log.trim(cursor)
        except Exception:
            _operator.exception("The snapshot at %d could not be written; the log goes on.", seq)

    def clock_changed(self) -> None:
        """The clock goes another way now: what is due comes at another time of the wall's."""
        self._timer_us = 0
        self._arm()

    def _arm(self) -> None:
        """See to it that what falls due happens though nobody comes."""
        due_us = self.machine.next_due_us()
        if self._closed or not due_us or 0 < self._timer_us <= due_us:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_us = due_us
        wait_s = max(self.clock.wait_s(due_us), _SOONEST_S)
        self._timer = self._loop.call_later(wait_s, self._due)

    def _due(self) -> None:
        self._timer = None
        self._timer_us = 0
        due_us = self.machine.next_due_us()
        if due_us and due_us <= self.clock.now_us() and not self._queue and not self._writing:
            self.submit(HOUSE, TICK, None).add_done_callback(_take_note)
        else:
            self._arm()


def _take_note(ticked: asyncio.Future[object]) -> None:
    """A tick that was refused (the world stops) is nobody's loss."""
    if not ticked.cancelled() and ticked.exception() is not None:
        _operator.debug("A tick was refused: %s", ticked.exception())
