"""All that the desks do survives the log: the same commands, state and rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.twins.workload import Workload, new_world

from tradepit.catalog import language
from tradepit.core.exchange import Exchange
from tradepit.journal.datadir import DataDir
from tradepit.journal.records import decode, encode_command
from tradepit.journal.recovery import Origins, World, open_world
from tradepit.journal.sqlite import SqliteLog
from tradepit.projections.kinds import KINDS
from tradepit.projections.projector import Projector
from tradepit.projections.store import Store, sqlite_url


def load(state: dict[str, Any]) -> Exchange:
    return Exchange.load(language.commands(), state)


ORIGINS = Origins(new_world, load, language)


def projector(path: Path, name: str) -> Projector:
    return Projector(Store(sqlite_url(path / name)))


def drive(world: World[Exchange], told: Projector, flow: Workload, count: int) -> None:
    """Append and apply, as the sequencer does, in batches of nine."""
    pit, batch = world.machine, []
    for number in range(count):
        command = flow.command(pit)
        batch.append(encode_command(command, language))
        told.tell(pit.apply(command))
        if number % 9 == 8 or number == count - 1:
            world.log.append(batch, command.seq - len(batch))
            batch = []


def rows(told: Projector) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of SQL."""
    with told.store.engine.connect() as db:
        return {
            kind.name: sorted(tuple(row) for row in db.execute(kind.table.select()))
            for kind in KINDS
        }


@pytest.mark.parametrize("seed", [1, 2])
def test_a_log_of_everything_replays_to_the_same_state_and_rows(tmp_path: Path, seed: int) -> None:
    home = DataDir(tmp_path)
    log = SqliteLog(home, keep_s=0)
    live = projector(tmp_path, "live.sqlite3")
    world = open_world(log, ORIGINS, live)
    flow = Workload(seed)
    middle = ""
    for _ in range(3):
        drive(world, live, flow, 700)
        middle = middle or world.machine.state_hash()
    wanted = world.machine.state_hash()
    assert middle != wanted

    # From the very beginning, by a reader that knows nothing.
    fresh = projector(tmp_path, "fresh.sqlite3")
    again = open_world(log, ORIGINS, fresh)
    assert again.machine.state_hash() == wanted
    assert again.machine.audit() == []
    fresh.refill(again.machine)
    live.refill(world.machine)
    assert rows(fresh) == rows(live)
    assert all(rows(live)[name] for name in ("orders", "my_trades", "order_lists", "bars"))

    # From a snapshot, and on.
    again.snapshot(log.last_seq)
    drive(again, live, flow, 300)
    log.trim(cursor=log.last_seq)
    assert open_world(log, ORIGINS).machine.state_hash() == again.machine.state_hash()
    for follower in (live, fresh):
        follower.store.close()


def test_every_request_of_every_desk_is_packed_whole() -> None:
    """A request that leaves its defaults out of the log comes back with them."""
    pit, flow = new_world(), Workload(5)
    seen = set()
    for _ in range(1500):
        command = flow.command(pit)
        found = decode(command.seq, encode_command(command, language), language)
        assert found.ask == command.ask  # type: ignore[union-attr]
        seen.add(command.op)
        pit.apply(command)
    assert len(seen) > 10
