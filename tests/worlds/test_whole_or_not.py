"""A kill or a failure in the middle of a way back leaves the old world or the new one."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.control.conftest import Pit
from tests.gateways.conftest import Server, running
from tests.worlds.conftest import BORN_MS, Inside, make
from tests.worlds.test_same_future import keeping
from tests.worlds.test_snapshots import rest
from tests.worlds.test_ways_back import bids

from tradepit.config import Config
from tradepit.control.basics import COUNT_ORDERS, CountOrders
from tradepit.core.rejects import Reject
from tradepit.journal.datadir import finish_change
from tradepit.journal.port import JournalError
from tradepit.journal.sequencer import HOUSE
from tradepit.worlds import hall as halls
from tradepit.worlds import shelf
from tradepit.worlds.hall import Hall
from tradepit.worlds.recipes import Recipe, read_recipe
from tradepit.worlds.shelf import Shelf

BORN_US = BORN_MS * 1000

STEPS = ((os, "rename"), (os, "unlink"), (os, "rmdir"), (shutil, "rmtree"), (os, "link"))
ASKS: dict[str, dict[str, Any]] = {
    "snapshots": {"name": "two"},
    "snapshots/load": {"name": "one"},
    "worlds/rewind": {"seq": 4},
    "worlds/reset": {},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("data")
    yield from running(Config(port=0, data=home, market="empty", limits="off"))


def furnished(server: Server, name: str) -> Inside:
    """A world that has had a snapshot and gone on."""
    world = make(Pit(server), name)
    rest(world, "alice", "50000")
    rest(world, "alice", "50001")
    world.done("POST", "snapshots", name="one")
    rest(world, "bob", "50002")
    world.done("POST", "clock/advance", by="1h")
    return world


def folder(server: Server, world: Inside) -> Path:
    return server.served.keeper.halls[world.name].folder


@pytest.mark.parametrize("path", ASKS)
def test_a_kill_at_any_step_on_the_disk(server: Server, path: str, tmp_path: Path) -> None:
    world = furnished(server, path.rpartition("/")[2])
    home = folder(server, world)
    with pytest.MonkeyPatch.context() as watch:
        copies = copied_at_each_step(watch, home, tmp_path)
        before = world.hash()
        world.done("POST", path, **ASKS[path])
    after = world.hash()
    assert len(copies) > (8 if after != before else 0)
    found = [asyncio.run(left(copy)) for copy in copies]
    assert set(found) <= {before, after}
    assert not [path for copy in copies for path in copy.glob("next*")]
    if after != before:
        assert found[0] == before and found[-1] == after
        assert found == sorted(found, key=lambda one: one == after)  # once it is so it stays so
    Pit(server).done("DELETE", "worlds", name=world.name)


def copied_at_each_step(watch: pytest.MonkeyPatch, home: Path, into: Path) -> list[Path]:
    """Has a copy of a world's folder made before each change of the names in it."""
    copies: list[Path] = []

    def watched(act: Callable[..., Any]) -> Callable[..., Any]:
        def first_a_copy(*args: Any, **kwargs: Any) -> Any:
            if any(str(home) in str(arg) for arg in args) and not busy:
                busy.append(True)
                names = sorted(str(path) for path in home.rglob("*"))
                if names not in seen:
                    seen.append(names)
                    copies.append(into / f"kill-{len(copies)}")
                    shutil.copytree(home, copies[-1])
                busy.clear()
            return act(*args, **kwargs)

        return first_a_copy

    busy: list[bool] = []
    seen: list[list[str]] = []
    for module, name in STEPS:
        watch.setattr(module, name, watched(getattr(module, name)))
    return copies


async def left(copy: Path) -> str:
    """The state of the world that a folder holds after a kill."""
    finish_change(copy)
    hall = Hall(Config(limits="off", market="empty"), read_recipe(copy), copy)
    assert hall.projector.cursor == hall.sequencer.applied_seq
    await hall.start()
    try:
        assert hall.pit.audit() == []
        return hall.pit.state_hash()
    finally:
        await hall.stop(keep=False)


def test_a_failure_before_the_change_leaves_the_old_world(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = furnished(server, "old")
    before = world.hash()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for step in ("furnish", "commit_change"):
        with monkeypatch.context() as broken:
            broken.setattr(shelf, step, full)
            assert "No space left" in world.no("POST", "snapshots/load", name="one")[1]
        assert world.hash() == before
        assert bids(world) == ["50002", "50001", "50000"]
    rest(world, "carol", "49000")  # it goes on
    with monkeypatch.context() as broken:
        broken.setattr(Hall, "capture", full)
        assert "No space left" in world.no("POST", "snapshots", name="two")[1]
        assert "No space left" in world.no("POST", "worlds/fork", name="two")[1]
    assert [row["name"] for row in world.done("GET", "snapshots")] == ["one"]
    Pit(server).done("DELETE", "worlds", name="old")


def test_a_failure_behind_the_change_serves_the_new_world(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = furnished(server, "new")
    opening = shelf.Shelf._open
    with monkeypatch.context() as broken:
        broken.setattr(shelf.Shelf, "_open", lambda *_: raising(JournalError("not now")))
        assert world.no("POST", "snapshots/load", name="one")[1] == "not now"
    assert shelf.Shelf._open is opening
    assert bids(world) == ["50001", "50000"]
    assert rest(world, "bob", "49000")["orderId"] == 3
    Pit(server).done("DELETE", "worlds", name="new")


def test_a_world_that_cannot_be_opened_any_more_is_closed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = furnished(server, "lost")
    with monkeypatch.context() as broken:
        broken.setattr(shelf, "Hall", lambda *_, **__: raising(JournalError("gone")))
        assert world.no("POST", "snapshots/load", name="one")[1] == "gone"
    rows = {row["name"]: row["closed"] for row in Pit(server).done("GET", "worlds")}
    assert (rows["main"], rows["lost"]) == (None, "gone")
    assert world.control("GET", "info").status == 404
    Pit(server).done("DELETE", "worlds", name="lost")


def raising(wrong: Exception) -> Any:
    raise wrong


async def test_what_fails_is_over_before_its_folder_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A history is copied by another thread than a state is written by."""
    copied: list[bool] = []

    def slowly(path: Path) -> None:
        time.sleep(0.1)
        copied.append(path.is_file())

    async with keeping(Config(data=tmp_path, market="empty", limits="off")) as keeper:
        hall = keeper.halls["main"]
        monkeypatch.setattr(hall.projector.store, "copy", slowly)
        monkeypatch.setattr(halls, "write_image", lambda *_: raising(OSError(28, "full")))
        with pytest.raises(Reject, match="make room"):
            await Shelf(keeper, "main").save("one")
    assert copied == [True]


async def test_a_birth_that_a_kill_cut_short_is_made_whole(tmp_path: Path) -> None:
    settings = Config(limits="off", market="empty")
    recipe = Recipe("lab", 7, "empty", "off", symbols=("BTCUSDT",), time_us=BORN_US, speed=0)
    born = Hall(settings, recipe, tmp_path)
    await born.projector.start()
    await born.sequencer.start()
    await born.sequencer.submit(HOUSE, COUNT_ORDERS, CountOrders(on=False))
    await born.sequencer.stop(snapshot=False)  # before its clock was set
    await born.projector.stop()
    born._home.release()
    again = Hall(settings, recipe, tmp_path)
    await again.start()
    assert (again.clock.now_us(), again.clock.speed) == (BORN_US, 0)
    assert not again.pit.count_orders
    await again.stop()


async def test_a_world_that_stopped_is_not_saved_but_taken_back(tmp_path: Path) -> None:
    async with keeping(Config(data=tmp_path, market="empty", limits="off")) as keeper:
        own = Shelf(keeper, "main")
        await own.save("sound")
        keeper.halls["main"].sequencer._break("its books are wrong")
        for work in (lambda: own.save("b"), lambda: own.fork("b", None),
                     lambda: own.rewind(None, 0)):  # fmt: skip
            with pytest.raises(Reject) as refused:
                await work()
            assert "The world stopped: its books are wrong" in refused.value.msg
        row = await own.load("sound")
        assert row.closed is None
        assert (await own.save("again")).seq == row.commands


async def test_a_history_that_cannot_be_written_holds_no_snapshot_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that wait for a disk with room are not waited for."""
    async with keeping(Config(data=tmp_path, market="empty", limits="off")) as keeper:
        hall, full = keeper.halls["main"], sqlite3.OperationalError("database or disk is full")
        with monkeypatch.context() as patch:
            patch.setattr(hall.projector.store, "write", lambda chunk: raising(full))
            await hall.note_clock()
            with pytest.raises(Reject, match="disk is full"):
                await asyncio.wait_for(Shelf(keeper, "main").save("one"), 10)
        saved = await asyncio.wait_for(Shelf(keeper, "main").save("one"), 30)
        assert saved.name == "one"
