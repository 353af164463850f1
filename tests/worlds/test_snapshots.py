"""Snapshots: save, list, load, delete, and what a world that goes on from one is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.control.conftest import Pit
from tests.gateways.conftest import running
from tests.worlds.conftest import BORN_MS, Inside, make

from tradepit.config import Config
from tradepit.worlds import shelf


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }  # fmt: skip


def rest(world: Inside, name: str, price: str, qty: str = "0.5") -> Any:
    done = world.order(name, "BUY", qty, price)
    assert done.status == 200, done.body
    return done.json


def test_a_world_goes_on_from_a_snapshot(pit: Pit, named: list[str]) -> None:
    named.append("back")
    world = make(pit, "back")
    first = rest(world, "alice", "50000")
    saved = world.done("POST", "snapshots", name="start")
    digest, before = saved["digest"], world.hash()
    assert saved == {
        "name": "start", "seq": 3, "now": BORN_MS, "digest": digest, "size": saved["size"],
        "taken": saved["taken"], "unusable": None,
    }  # fmt: skip
    second = rest(world, "bob", "49000")
    world.done("POST", "clock/advance", by="1h")
    assert world.order("carol", "SELL", "0.2", "49000").json["fills"]
    row = world.done("POST", "snapshots/load", name="start")
    assert (row["name"], row["commands"], row["now"]) == ("back", 3, BORN_MS)
    assert world.hash() == before
    assert world.price()["bids"] == [["50000.00000000", "0.50000000"]]
    assert world.server.request("GET", "/api/v3/trades?symbol=BTCUSDT").json == []
    assert world.signed("GET", "/api/v3/myTrades", "symbol=BTCUSDT", name="carol").json == []
    again = rest(world, "bob", "49000")
    assert again == second  # ids, times, all of it
    assert again["orderId"] == first["orderId"] + 1


def test_list_and_delete(pit: Pit, named: list[str]) -> None:
    named.append("listed")
    world = make(pit, "listed")
    assert world.done("GET", "snapshots") == []
    one = world.done("POST", "snapshots", name="one")
    rest(world, "alice", "50000")
    two = world.done("POST", "snapshots", name="two")
    assert world.done("GET", "snapshots") == [one, two]
    assert one["digest"] != two["digest"]
    assert pit.done("GET", "snapshots") == []  # those of another world
    assert world.done("DELETE", "snapshots", name="one") == one
    assert world.done("GET", "snapshots") == [two]
    gone = world.control("POST", "snapshots/load", name="one")
    assert (gone.status, gone.json["msg"]) == (
        404, "There is no snapshot named 'one'; there are: two.",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["", "..", "a/b", "/etc", "A", "-a", "../saved/one", "a\n", ".x"])
@pytest.mark.parametrize("path", ["snapshots", "snapshots/load", "worlds/fork"])
def test_names_that_are_none(pit: Pit, path: str, name: str) -> None:
    code, words = pit.no("POST", path, name=name)
    assert code in (-1100, -1105), words
    assert "name" in words


def test_there_is_an_end_to_snapshots(
    pit: Pit, named: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    named.append("full")
    world = make(pit, "full")
    world.done("POST", "snapshots", name="one")
    assert "named 'one' already" in world.no("POST", "snapshots", name="one")[1]
    monkeypatch.setattr(shelf, "MOST_SNAPSHOTS", 1)
    assert "keeps 1 snapshots" in world.no("POST", "snapshots", name="two")[1]
    monkeypatch.undo()
    monkeypatch.setattr(shelf, "MOST_BYTES", 1_000)
    assert "1,000 bytes" in world.no("POST", "snapshots", name="two")[1]
    monkeypatch.undo()
    monkeypatch.setattr(shelf, "SPARE_BYTES", 1 << 62)
    assert "no room" in world.no("POST", "snapshots", name="two")[1]
    assert [row["name"] for row in world.done("GET", "snapshots")] == ["one"]


def test_a_loaded_world_is_there_after_a_restart(tmp_path: Path) -> None:
    settings = Config(port=0, data=tmp_path, market="empty", limits="off")
    for server in running(settings):
        world, main = make(Pit(server), "lab"), Pit(server)
        for each in (world, main):
            assert each.order("alice", "BUY", "0.5", "50000").status == 200
            each.done("POST", "snapshots", name="one")
            assert each.order("bob", "BUY", "0.5", "51000").status == 200
            each.done("POST", "snapshots/load", name="one")
            assert each.order("carol", "BUY", "0.5", "52000").status == 200
        before = world.hash()
        said = main.done("GET", "clock")
    for server in running(settings):
        world, main = Inside(Pit(server), "lab"), Pit(server)
        assert world.hash() == before
        bids = [["52000.00000000", "0.50000000"], ["50000.00000000", "0.50000000"]]
        assert world.price()["bids"] == bids
        assert server.request("GET", "/api/v3/depth?symbol=BTCUSDT").json["bids"] == bids
        ahead = main.done("GET", "clock")["aheadOfWallUs"]
        assert abs(ahead - said["aheadOfWallUs"]) < 100_000
        assert ahead < 0  # it went back, and has been behind since
        assert [row["name"] for row in world.done("GET", "snapshots")] == ["one"]
    assert not list(tmp_path.rglob("next*"))
    private = [path for path in tmp_path.rglob("*") if path.stat().st_mode & 0o077]
    assert private == []


def test_damaged_and_foreign_snapshots_change_nothing(tmp_path: Path) -> None:
    settings = Config(port=0, data=tmp_path, market="empty", limits="off")
    for server in running(settings):
        world = make(Pit(server), "lab")
        rest(world, "alice", "50000")
        saved = tmp_path / "worlds" / "lab" / "saved"
        names = ("state", "about", "rules", "history", "empty")
        for name in names:
            world.done("POST", "snapshots", name=name)
        state = next((saved / "state" / "snapshots").iterdir())
        state.write_bytes(state.read_bytes()[:-1] + b"?")
        (saved / "about" / "about.json").write_text("{}")
        about = saved / "rules" / "about.json"
        about.write_text(about.read_text().replace('"rules": ', '"rules": 9'))
        (saved / "history" / "history.sqlite3").unlink()
        shutil.rmtree(saved / "empty")
        (saved / "empty").mkdir()
        before = world.hash()
        words = {name: world.no("POST", "snapshots/load", name=name)[1] for name in names}
        assert "its state is not what was written" in words["state"]
        assert "about.json cannot be read" in words["about"]
        assert "save another one" in words["rules"] and "rules 9" in words["rules"]
        assert "its history is missing" in words["history"]
        assert "about.json cannot be read" in words["empty"]
        assert "damaged" in world.no("POST", "worlds/fork", name="b", snapshot="state")[1]
        assert world.hash() == before
        rows = {row["name"]: row["unusable"] for row in world.done("GET", "snapshots")}
        assert rows["state"] is rows["history"] is None  # they are read when they are loaded
        assert "rules 9" in rows["rules"]
        assert "cannot be read" in rows["about"]
        assert not list(tmp_path.rglob("*next*"))
        assert [row["name"] for row in Pit(server).done("GET", "worlds")] == ["main", "lab"]
