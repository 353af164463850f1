"""Worlds beside each other: made, listed, addressed, deleted, and there again after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.control.conftest import DEV, Pit
from tests.gateways.conftest import message, running
from tests.worlds.conftest import BORN_MS, Inside, make

from tradepit.config import Config
from tradepit.control.keeping import MARKETS
from tradepit.market.presets import PRESETS
from tradepit.worlds import keeper


def test_markets_are_the_presets_and_none() -> None:
    assert set(MARKETS) == {*PRESETS, "empty"}


def test_two_worlds_share_nothing(pit: Pit, named: list[str]) -> None:
    named += ["left", "right"]
    left, right = make(pit, "left"), make(pit, "right", seed=7, accounts=["frank"])
    done = left.order("alice", "BUY", "0.5", "50000")
    assert done.status == 200, done.body
    assert left.price()["bids"] == [["50000.00000000", "0.50000000"]]
    assert right.price()["bids"] == []
    assert left.balance("USDT") != right.balance("USDT")
    assert right.done("GET", "info")["seed"] == 7
    assert [row["name"] for row in right.done("GET", "accounts")][-1] == "frank"
    names = [row["name"] for row in left.server.request("GET", "/_tradepit/v1/worlds").json]
    assert names == ["main", "left", "right"]


def test_a_row_tells_of_a_world(pit: Pit, named: list[str]) -> None:
    named.append("told")
    make(pit, "told", limits="real")
    row = pit.done("GET", "worlds")[-1]
    assert row == {
        "name": "told", "url": f"http://127.0.0.1:{pit.server.port}/@told", "seed": 1,
        "market": "empty", "limits": "real", "symbols": 2, "accounts": 5, "commands": 1,
        "now": BORN_MS, "speed": "0.00000000", "first": False, "closed": None,
    }  # fmt: skip
    info = Inside(pit, "told").done("GET", "info")
    assert (info["world"], info["urls"]["base"]) == ("told", row["url"])
    assert [account["name"] for account in info["accounts"]] == list(DEV)


def test_addresses(pit: Pit, named: list[str]) -> None:
    named.append("there")
    make(pit, "there")
    server = pit.server
    path = "/api/v3/time"
    answers = [
        server.request("GET", "/@there" + path),
        server.request("GET", path, x_tradepit_world="there"),
        server.raw(message("GET", path, authority=b"there.localhost:%d" % server.port)),
    ]
    assert [answer.json["serverTime"] for answer in answers] == [BORN_MS] * 3
    assert server.request("GET", "/@nowhere" + path).status == 404


def test_limits_are_a_worlds_own(pit: Pit, named: list[str]) -> None:
    named += ["heavy", "light"]
    heavy = make(pit, "heavy", limits="real")
    for _ in range(3):
        used = heavy.server.request("GET", "/api/v3/exchangeInfo")
    light = make(pit, "light", limits="real").server.request("GET", "/api/v3/ping")
    assert int(used.headers["x-mbx-used-weight-1m"]) == 60
    assert light.headers["x-mbx-used-weight-1m"] == "1"


@pytest.mark.parametrize(
    "name", ["", "..", "a/b", "A", "-a", "a_b", "a" * 33, "../../etc", "ä", "a\n", ".new-a"]
)
def test_names_that_are_none(pit: Pit, name: str) -> None:
    code, words = pit.no("POST", "worlds", name=name)
    assert code in (-1100, -1105), words
    assert "name" in words


def test_refusals(pit: Pit, named: list[str]) -> None:
    named.append("once")
    make(pit, "once")
    assert pit.no("POST", "worlds", name="once") == (
        -1000, "There is a world named 'once' already.",
    )  # fmt: skip
    assert pit.no("POST", "worlds", name="main")[1] == "There is a world named 'main' already."
    assert "no symbol 'NOPE'" in pit.no("POST", "worlds", name="b", symbols=["NOPE"])[1]
    assert "account 'alice'" in pit.no("POST", "worlds", name="b", accounts=["alice"])[1]
    assert pit.no("POST", "worlds", name="b", market="lively")[0] == -1130
    assert pit.no("POST", "worlds", name="b", speed="1000001")[0] == -1130
    assert pit.no("POST", "worlds", name="b", time=1_000_000_000_000)[0] == -1130
    assert "first world" in pit.no("DELETE", "worlds", name="main")[1]
    assert pit.control("DELETE", "worlds", name="b").status == 404
    assert [row["name"] for row in pit.done("GET", "worlds")] == ["main", "once"]


def test_there_is_an_end_to_worlds(
    pit: Pit, named: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    named.append("last")
    monkeypatch.setattr(keeper, "MOST_WORLDS", 2)
    make(pit, "last")
    assert "2 worlds" in pit.no("POST", "worlds", name="more")[1]
    pit.done("DELETE", "worlds", name="last")
    make(pit, "last")


def test_a_deleted_world_is_gone(pit: Pit) -> None:
    gone = make(pit, "gone")
    gone.order("alice", "BUY", "0.5", "50000")
    assert pit.done("DELETE", "worlds", name="gone")["name"] == "gone"
    assert gone.control("GET", "info").status == 404
    again = make(pit, "gone")
    assert again.price()["bids"] == []
    pit.done("DELETE", "worlds", name="gone")


def test_the_same_recipe_gives_the_same_world(pit: Pit, named: list[str]) -> None:
    named += ["one", "two", "other"]
    one, two = (make(pit, name, market="normal", seed=5) for name in ("one", "two"))
    other = make(pit, "other", market="normal", seed=6)
    assert one.price() == two.price() != other.price()
    assert len(one.price()["bids"]) == 100
    for world in (one, two):
        world.done("POST", "clock/advance", by="90s")
    assert one.hash() == two.hash() != other.hash()
    trades = [w.server.request("GET", "/api/v3/trades?symbol=BTCUSDT").body for w in (one, two)]
    assert trades[0] == trades[1]


def test_worlds_survive_a_restart(tmp_path: Path) -> None:
    settings = Config(port=0, data=tmp_path, market="empty", limits="off")
    for server in running(settings):
        first = make(Pit(server), "kept")
        first.order("alice", "BUY", "0.5", "50000")
        make(Pit(server), "dropped")
        Pit(server).done("DELETE", "worlds", name="dropped")
        before = first.hash()
    (tmp_path / "worlds" / ".new-half").mkdir()
    for server in running(settings):
        kept = Inside(Pit(server), "kept")
        assert kept.hash() == before
        assert kept.price()["bids"] == [["50000.00000000", "0.50000000"]]
        assert kept.done("GET", "clock")["now"] == BORN_MS
        assert [row["name"] for row in Pit(server).done("GET", "worlds")] == ["main", "kept"]
    assert sorted(path.name for path in (tmp_path / "worlds").iterdir()) == ["kept"]


def test_a_damaged_world_does_not_keep_the_others(tmp_path: Path) -> None:
    settings = Config(port=0, data=tmp_path, market="empty", limits="off")
    for server in running(settings):
        make(Pit(server), "sound")
        make(Pit(server), "torn").order("alice", "BUY", "0.5", "50000")
    for snapshot in (tmp_path / "worlds" / "torn" / "snapshots").iterdir():
        snapshot.write_bytes(b"nothing")
    for server in running(settings):
        pit = Pit(server)
        rows = {row["name"]: row["closed"] for row in pit.done("GET", "worlds")}
        assert rows["main"] is rows["sound"] is None
        assert "no undamaged snapshot" in rows["torn"]
        assert Inside(pit, "torn").control("GET", "info").status == 404
        pit.done("DELETE", "worlds", name="torn")
        assert not (tmp_path / "worlds" / "torn").exists()
