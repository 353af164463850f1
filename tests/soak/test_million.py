"""A million random commands: nothing breaks, nothing grows, and a snapshot goes on alike."""

from __future__ import annotations

import gc
import hashlib

import pytest
from tests.twins.told import tell
from tests.twins.watch import Watch
from tests.twins.workload import Workload, new_world

from tradepit.catalog.language import commands
from tradepit.core.exchange import Exchange

COMMANDS = 1_000_000
AUDIT_EVERY = 1_000
RELOAD_EVERY = 50_000
TOLD_AFTER_RELOAD = 1_000  # so many outcomes are compared with those of the state not reloaded


@pytest.mark.soak
def test_a_million_commands_break_nothing() -> None:
    pit = new_world()
    flow, watch = Workload(2_024), Watch(pit)
    twin: Exchange | None = None
    objects = 0
    for number in range(1, COMMANDS + 1):
        command = flow.command(pit)
        outcome = pit.apply(command)
        watch.after(command.op, outcome)
        if twin is not None:
            assert tell(twin.apply(command)) == tell(outcome), number
            if number % RELOAD_EVERY == TOLD_AFTER_RELOAD:
                assert twin.state_hash() == pit.state_hash()
                twin = None
        if number % AUDIT_EVERY == 0:
            assert pit.audit() == [], number
        if number % RELOAD_EVERY == 0:
            twin, pit = pit, Exchange.load(commands(), pit.dump())
            watch.moved_to(pit)
            assert twin.state_hash() == pit.state_hash(), number
        if number == COMMANDS // 4:
            objects = _objects()
    assert _objects() < objects * 1.5, "memory is not flat"


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 120))
def test_many_short_worlds(seed: int) -> None:
    """The first hours of a world are where it has the most kinds of emptiness."""
    pit = new_world(seed)
    flow, watch = Workload(seed), Watch(pit)
    digest = hashlib.sha256()
    for _ in range(5_000):
        command = flow.command(pit)
        outcome = pit.apply(command)
        watch.after(command.op, outcome)
        digest.update(tell(outcome).encode())
    assert pit.audit() == []
    other, again, flow = new_world(seed), hashlib.sha256(), Workload(seed)
    for _ in range(5_000):
        again.update(tell(other.apply(flow.command(other))).encode())
    assert (other.state_hash(), again.digest()) == (pit.state_hash(), digest.digest())


def _objects() -> int:
    gc.collect()
    return len(gc.get_objects())
