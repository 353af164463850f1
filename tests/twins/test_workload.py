"""A long random run: nothing that is promised breaks, and the same commands do the same again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.twins.told import Told, run, tell
from tests.twins.watch import Watch
from tests.twins.workload import Workload, new_world

import tradepit
from tradepit.catalog import language
from tradepit.catalog.language import commands
from tradepit.core.exchange import Exchange
from tradepit.core.records import Command
from tradepit.core.rejects import Reject
from tradepit.journal.records import decode, encode_command

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = 20_000
AUDIT_EVERY = 1_000


def test_invariants_hold_in_a_random_run() -> None:
    pit = new_world()
    flow, watch = Workload(1), Watch(pit)
    accepted: dict[str, int] = {}
    refused: set[str] = set()
    for number in range(COMMANDS):
        command = flow.command(pit)
        outcome = pit.apply(command)
        watch.after(command.op, outcome)
        if isinstance(outcome.reply, Reject):
            refused.add(outcome.reply.msg)
        else:
            accepted[command.op] = accepted.get(command.op, 0) + 1
        if number % AUDIT_EVERY == 0:
            assert pit.audit() == []
    assert pit.audit() == []
    # The run is worth something only if it really does all these things.
    assert set(accepted) >= set(flow.operations()), set(flow.operations()) - set(accepted)
    assert min(accepted.values()) >= 20, accepted
    assert len(refused) > 40, refused
    assert sum(symbol.next_trade_id for symbol in pit.symbols.values()) > COMMANDS // 5


@pytest.mark.parametrize("seed", [2, 3])
def test_a_state_written_and_read_back_goes_on_alike(seed: int) -> None:
    flow, pit = Workload(seed), new_world()
    copy = new_world()
    for number in range(4_000):
        if number % 200 == 0:
            assert copy.state_hash() == pit.state_hash()
            copy = Exchange.load(commands(), pit.dump())
            assert copy.state_hash() == pit.state_hash()
            assert copy.audit() == []
            assert _orders_in_turn(copy) == _orders_in_turn(pit)
        command = flow.command(pit)
        assert tell(copy.apply(command)) == tell(pit.apply(command)), number


def _orders_in_turn(pit: Exchange) -> list[list[int]]:
    """Whose turn is when: what a hash of sorted rows would not show."""
    rows = [list(symbol.triggers.trailing) for symbol in pit.symbols.values()]
    rows += [list(symbol.triggers.stops) for symbol in pit.symbols.values()]
    for account in pit.accounts.values():
        rows += [list(opened.orders) for opened in account.symbols.values()]
        rows += [list(opened.finished) for opened in account.symbols.values()]
    return rows


def test_a_log_replayed_by_another_exchange_gives_the_same_state() -> None:
    flow, pit, told = Workload(4), new_world(), Told()
    log: list[bytes] = []
    for _ in range(2_500):
        command = flow.command(pit)
        log.append(encode_command(command, language))
        told.take(pit.apply(command))
    other, again = new_world(), Told()
    for seq, record in enumerate(log, 1):
        found = decode(seq, record, language)
        assert isinstance(found, Command)
        again.take(other.apply(found))
    assert again.hash() == told.hash()
    assert other.state_hash() == pit.state_hash()


def _process(**env: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.twins.told", "5", "3000"], cwd=ROOT, check=True,
        stdout=subprocess.PIPE, text=True, timeout=300, env={**os.environ, **env},
    )  # fmt: skip
    return done.stdout.split()


def test_processes_with_other_hash_seeds_and_cores_agree() -> None:
    """With the compiled core this also compares it with the pure one, event by event."""
    events, state, _ = run(5, 3_000)
    here = [tradepit.core_kind(), events, state]
    assert _process(PYTHONHASHSEED="0") == here
    assert _process(PYTHONHASHSEED="4711", TRADEPIT_PURE="1") == ["pure", events, state]
