"""From a log to a living state: the newest good snapshot, then every record behind it.

The same walk serves a start after a stop, a start after a kill, and the rebuild after a command
raised. It is deterministic, so it may be interrupted and done again: a command that raises is
voided in the log and left out from then on. Only what nobody was answered yet can be voided so: a
command that was applied once and raises now is told by another program, and is refused.
"""

from __future__ import annotations

import gc
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from tradepit.core.ledger import BrokenInvariant
from tradepit.core.records import Command, Outcome
from tradepit.journal.port import JournalError, Log, LogDamaged, RulesMismatch, Snapshot
from tradepit.journal.records import AskCodec, decode, encode_upgrade, encode_void, voided_by

_operator = logging.getLogger("tradepit.journal")

_BATCHES_LOOKED_AT: Final = 64
_LONG_REPLAY: Final = 10_000  # commands


class WorldBroken(JournalError):
    """The state cannot be trusted or cannot be rebuilt. The log is intact."""


class Machine(Protocol):
    """What the journal asks of the exchange. See `core.exchange.Exchange`."""

    @property
    def at_us(self) -> int: ...

    def apply(self, command: Command) -> Outcome: ...

    def next_due_us(self) -> int: ...

    def dump(self) -> dict[str, object]: ...

    def audit(self) -> list[str]: ...


M = TypeVar("M", bound=Machine)


class Origins(NamedTuple, Generic[M]):
    """The two ways an exchange comes to be, and how its requests are packed."""

    birth: Callable[[], M]
    load: Callable[[dict[str, object]], M]
    codec: AskCodec


class Reader(Protocol):
    """A follower of outcomes with a durable cursor: the projections."""

    @property
    def cursor(self) -> int:
        """The last command whose outcome it has kept; 0: none yet."""

    def tell(self, outcome: Outcome) -> None: ...

    def rewind(self, seq: int) -> None:
        """Forget what came of commands behind `seq`: the log does not know them."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Work that makes very many objects, none of them garbage: looking for some in between would
    take several times as long as the work itself."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class World(Generic[M]):
    """One exchange, its log, and how to make the one from the other."""

    def __init__(self, log: Log, origins: Origins[M], machine: M) -> None:
        self.log = log
        self.origins = origins
        self.machine = machine
        self.voided: set[int] = set()

    def rebuild(self, upto: int) -> None:
        """Make the state anew from the log up to record `upto`, without what is voided.

        Raises: WorldBroken when that fails.
        """
        try:
            snapshot = self.log.load_snapshot(at_most=upto)
            if snapshot is None:
                raise WorldBroken("There is no snapshot to rebuild the state from.")
            machine = machine_of(self.origins, snapshot)
            for command in _commands(self.log, snapshot.seq, self.origins.codec):
                if command.seq > upto:
                    break
                if command.seq not in self.voided:
                    machine.apply(command)
            broken = machine.audit()
        except JournalError:
            raise
        except Exception as wrong:
            raise WorldBroken(f"The state could not be rebuilt from the log: {wrong!r}.") from wrong
        if broken:
            raise WorldBroken("The rebuilt state breaks its own rules: " + "; ".join(broken))
        self.machine = machine

    def void(self, seq: int, wrong: Exception) -> None:
        """Write that command `seq` is not part of history, and leave it out from now on."""
        last = self.log.last_seq
        self.log.append([encode_void(last + 1, seq, repr(wrong)[:500])], last)
        self.voided.add(seq)

    def snapshot(self, seq: int) -> None:
        """Save the state after record `seq`, here and now."""
        with uncollected():
            blob = pack_state(self.machine.dump())
        self.log.save_snapshot(seq, blob)


def pack_state(state: dict[str, object]) -> bytes:
    """A dump as the bytes of a snapshot."""
    with uncollected():
        return msgspec.msgpack.encode(state)


def open_world(log: Log, origins: Origins[M], reader: Reader | None = None) -> World[M]:
    """The world that `log` tells of, or a new one when it tells of none.

    Outcomes that `reader` has not kept yet are told to it again. Raises: RulesMismatch, LogDamaged,
    WorldBroken, each with a sentence for the operator.
    """
    if log.last_seq == 0 and not log.snapshots():
        world = World(log, origins, origins.birth())
        world.snapshot(0)
        if reader is not None:
            reader.rewind(0)
        return world
    snapshot = _start(log, reader)
    doubtful = _doubtful_from(log)
    while True:
        world = World(log, origins, machine_of(origins, snapshot))
        with uncollected():
            raised = _replay(world, snapshot.seq, reader)
        if raised is None:
            break
        _void_or_refuse(world, *raised, doubtful)
    last = log.last_seq
    if snapshot.rules != log.rules:
        log.append([encode_upgrade(last + 1, log.rules)], last)
        world.snapshot(last + 1)
    elif last - max(log.snapshots()) >= _LONG_REPLAY:
        world.snapshot(last)  # whoever is killed again and again need not replay ever more
    return world


def _start(log: Log, reader: Reader | None) -> Snapshot:
    """The snapshot to start from: the newest, or an older one that `reader` has yet to follow."""
    newest = log.load_snapshot()
    if newest is None:
        raise LogDamaged(
            "There is a log but no undamaged snapshot to start from. Restore the directory from a"
            " copy, or start another world with --data."
        )
    _check_rules(log, newest)
    if reader is None:
        return newest
    if reader.cursor > log.last_seq:
        # The machine lost power and took the end of the log with it.
        reader.rewind(log.last_seq)
    if reader.cursor >= newest.seq:
        return newest
    older = log.load_snapshot(at_most=reader.cursor)
    if older is not None and older.rules == log.rules and older.seq + 1 >= log.first_seq:
        return older
    _operator.warning(
        "The history ends at %d and the log begins at %d: what lies between is not in the history.",
        reader.cursor, newest.seq,
    )  # fmt: skip
    reader.rewind(newest.seq)
    return newest


def _check_rules(log: Log, newest: Snapshot) -> None:
    if newest.rules == log.rules:
        return
    if newest.rules > log.rules or log.tail_rules > log.rules:
        raise RulesMismatch(
            f"This world was written by rules {max(newest.rules, log.tail_rules)}; this program"
            f" has rules {log.rules}. Start it with the newer program."
        )
    if newest.seq != log.last_seq:
        raise RulesMismatch(
            f"This world's log was written by rules {newest.rules} and goes on behind its last"
            f" snapshot; this program has rules {log.rules}. Start and stop it once with the"
            " program that wrote it: stopping writes a snapshot that this one can start from."
        )


def machine_of(origins: Origins[M], snapshot: Snapshot) -> M:
    """The state that a snapshot holds. Raises: WorldBroken."""
    return machine_from(origins, unpack_state(snapshot), snapshot.seq)


def unpack_state(snapshot: Snapshot) -> dict[str, object]:
    """The dump that a snapshot holds. Raises: WorldBroken."""
    try:
        with uncollected():
            found: dict[str, object] = msgspec.msgpack.decode(snapshot.blob)
    except msgspec.MsgspecError as wrong:
        raise _unloadable(snapshot.seq, wrong) from wrong
    return found


def machine_from(origins: Origins[M], state: dict[str, object], seq: int) -> M:
    """The state that was dumped after record `seq`. Raises: WorldBroken."""
    try:
        with uncollected():
            return origins.load(state)
    except Exception as wrong:
        raise _unloadable(seq, wrong) from wrong


def _unloadable(seq: int, wrong: Exception) -> WorldBroken:
    return WorldBroken(f"The snapshot at {seq} cannot be loaded: {wrong!r}.")


def _replay(world: World[M], after: int, reader: Reader | None) -> tuple[Command, Exception] | None:
    """Apply what lies behind `after`. Returns the command that raised, and what; None: none did."""
    machine, voided = world.machine, world.voided
    for _, record in world.log.read(after):
        if number := voided_by(record):
            voided.add(number)
    for command in _commands(world.log, after, world.origins.codec):
        if command.seq in voided:
            continue
        try:
            outcome = machine.apply(command)
        except BrokenInvariant as wrong:
            raise WorldBroken(
                f"Command {command.seq} ({command.op}) breaks an invariant: {wrong}. The log is"
                " intact; this program cannot go on with it."
            ) from wrong
        except Exception as wrong:
            return command, wrong
        if reader is not None and command.seq > reader.cursor:
            reader.tell(outcome)
    return None


def _doubtful_from(log: Log) -> int:
    """The first record that may never have been applied before the log was left.

    While one batch is applied at most one more is written, and a void is durable before anything
    behind it is answered. So these are the last two batches that are no voids.
    """
    found = log.last_seq + 1
    left = 2
    for first in log.newest_batches(_BATCHES_LOOKED_AT):
        _, record = next(iter(log.read(first - 1)))
        if not voided_by(record):
            found = first
            left -= 1
            if not left:
                break
    return found


def _void_or_refuse(world: World[M], command: Command, wrong: Exception, doubtful: int) -> None:
    told = "".join(traceback.format_exception(wrong))
    if command.seq < doubtful:
        _operator.error("Command %d (%s) raised:\n%s", command.seq, command.op, told)
        raise WorldBroken(
            f"Command {command.seq} ({command.op}) was applied before and raises now: {wrong!r}."
            " The log is intact: start it with the program that wrote it."
        ) from wrong
    _operator.error("Command %d (%s) raised and is void:\n%s", command.seq, command.op, told)
    world.void(command.seq, wrong)


def _commands(log: Log, after: int, codec: AskCodec) -> Iterator[Command]:
    for seq, record in log.read(after):
        found = decode(seq, record, codec)
        if isinstance(found, Command):
            yield found
