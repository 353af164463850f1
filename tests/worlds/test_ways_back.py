"""Reset, rewind, fork and diff: what a world is then, and what is refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.control.conftest import Pit, running_pit
from tests.gateways.conftest import running
from tests.worlds.conftest import BORN_MS, Inside, make
from tests.worlds.test_snapshots import rest

from tradepit import cli
from tradepit.config import Config

MINUTE_MS = 60_000


@pytest.fixture(params=["memory", "disk"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pit]:
    if request.param == "memory":
        yield from running_pit(limits="off")
        return
    for server in running(Config(port=0, data=tmp_path, market="empty", limits="off")):
        yield Pit(server)


def low(world: Inside) -> str:
    """A price that nobody sells at."""
    return str(world.price()["bids"][-1][0])


def bids(world: Inside) -> list[str]:
    return [price.removesuffix(".00000000") for price, _ in world.price()["bids"]]


def test_reset_is_a_second_birth(home: Pit) -> None:
    world = make(home, "lab", market="normal", seed=3)
    born = world.hash(), world.price()
    world.done("POST", "snapshots", name="kept")
    world.done("POST", "clock/advance", by="90s")
    assert world.order("alice", "BUY", "0.001", low(world)).status == 200
    later = world.hash()
    row = world.done("POST", "worlds/reset")
    assert (row["seed"], row["now"], row["closed"]) == (3, BORN_MS, None)
    assert (world.hash(), world.price()) == born
    assert world.signed("GET", "/api/v3/allOrders", "symbol=BTCUSDT").json == []
    world.done("POST", "clock/advance", by="90s")
    assert world.order("alice", "BUY", "0.001", low(world)).status == 200
    assert world.hash() == later
    assert [row["name"] for row in world.done("GET", "snapshots")] == ["kept"]


def test_the_first_world_is_reset_too(home: Pit) -> None:
    assert home.order("alice", "BUY", "0.5", "50000").status == 200
    seed, before = home.done("GET", "info")["seed"], home.done("GET", "clock")["now"]
    home.done("POST", "worlds/reset")
    assert home.done("GET", "info")["seed"] == seed
    assert home.done("GET", "clock")["now"] >= before
    assert home.signed("GET", "/api/v3/allOrders", "symbol=BTCUSDT").json == []
    assert home.order("alice", "BUY", "0.5", "50000").json["orderId"] == 1


def test_rewind_to_moments(home: Pit) -> None:
    world = make(home, "lab")
    hashes = {}
    for minute, price in enumerate(["50000", "50001", "50002", "50003"]):
        rest(world, "alice", price)
        hashes[minute] = world.hash()
        world.done("POST", "clock/advance", by="1m")
    assert world.order("bob", "SELL", "1", "50002").json["status"] == "FILLED"
    row = world.done("POST", "worlds/rewind", to=BORN_MS + 2 * MINUTE_MS)
    assert (row["now"], world.hash()) == (BORN_MS + 2 * MINUTE_MS, hashes[2])
    assert bids(world) == ["50002", "50001", "50000"]
    assert world.signed("GET", "/api/v3/myTrades", "symbol=BTCUSDT", name="bob").json == []
    assert world.server.request("GET", "/api/v3/historicalTrades?symbol=BTCUSDT").json == []
    between = world.done("POST", "worlds/rewind", by="30s")  # between two commands
    assert between["now"] == BORN_MS + 2 * MINUTE_MS - 30_000
    assert bids(world) == ["50001", "50000"]
    assert world.done("GET", "clock")["now"] == BORN_MS + 2 * MINUTE_MS - 30_000
    rest(world, "carol", "49000")
    world.done("POST", "worlds/rewind", to=BORN_MS + MINUTE_MS)
    assert bids(world) == ["50001", "50000"]
    assert rest(world, "dave", "49500")["orderId"] == 3  # ids go back, too


def test_rewind_to_a_command(home: Pit) -> None:
    world = make(home, "lab")
    for price in ("50000", "50001", "50002"):
        rest(world, "alice", price)
    seq = world.done("GET", "worlds")[-1]["commands"]
    assert world.done("POST", "worlds/rewind", seq=seq - 1)["commands"] == seq - 1
    assert bids(world) == ["50001", "50000"]
    first = seq - 3  # what its birth took
    assert world.done("POST", "worlds/rewind", seq=first)["commands"] == first
    assert bids(world) == []
    rest(world, "alice", "48000")
    assert bids(world) == ["48000"]


def test_moments_that_cannot_be_gone_back_to(home: Pit) -> None:
    world = make(home, "lab")
    rest(world, "alice", "50000")
    world.done("POST", "clock/advance", by="1h")
    before = world.hash()
    assert "born at" in world.no("POST", "worlds/rewind", to=BORN_MS - 1)[1]
    assert "born at" in world.no("POST", "worlds/rewind", by="2h")[1]
    assert "yet to come" in world.no("POST", "worlds/rewind", to=BORN_MS + 2 * 3_600_000)[1]
    assert "yet to come" in world.no("POST", "worlds/rewind", seq=1_000_000)[1]
    assert world.no("POST", "worlds/rewind")[0] == -1128
    assert world.no("POST", "worlds/rewind", by="1s", seq=1)[0] == -1128
    assert world.hash() == before
    world.done("POST", "snapshots", name="here")
    world.done("POST", "snapshots/load", name="here")
    refused = world.no("POST", "worlds/rewind", by="10m")[1]
    assert f"reaches back to {BORN_MS + 3_600_000} (ms)" in refused
    assert "load a snapshot" in refused
    assert "after command" in world.no("POST", "worlds/rewind", seq=1)[1]
    assert world.hash() == before


def test_a_fork_has_the_same_past_and_another_future(home: Pit) -> None:
    world = make(home, "lab", market="normal", seed=3)
    world.done("POST", "snapshots", name="young")
    world.done("POST", "clock/advance", by="30s")
    assert world.order("alice", "BUY", "0.001", "1000000").status != 200  # above the band
    assert world.order("alice", "BUY", "0.001", world.price()["asks"][5][0]).json["fills"]
    row = world.done("POST", "worlds/fork", name="aside")
    aside = Inside(home, "aside")
    assert (row["name"], row["market"], row["seed"]) == ("aside", "normal", 3)
    assert row["now"] == BORN_MS + 30_000
    assert aside.hash() == world.hash()
    path = "/api/v3/myTrades"
    mine = [each.signed("GET", path, "symbol=BTCUSDT").body for each in (world, aside)]
    assert mine[0] == mine[1] != b"[]"
    for each in (world, aside):
        each.done("POST", "clock/advance", by="30s")
    later = aside.hash()
    assert later == world.hash()
    world.done("POST", "worlds/rewind", by="30s")
    world.done("POST", "clock/advance", by="30s")
    assert world.hash() == later
    assert aside.order("alice", "BUY", "0.001", low(aside)).status == 200
    assert aside.hash() != world.hash()
    early = world.done("POST", "worlds/fork", name="early", snapshot="young")
    assert early["now"] == BORN_MS
    assert Inside(home, "early").done("GET", "snapshots") == []
    assert "named 'aside' already" in world.no("POST", "worlds/fork", name="aside")[1]
    assert world.control("POST", "worlds/fork", name="b", snapshot="old").status == 404
    names = [row["name"] for row in home.done("GET", "worlds")]
    assert names == ["main", "lab", "aside", "early"]


def test_worlds_are_where_they_were_left_after_a_restart(tmp_path: Path) -> None:
    settings = Config(port=0, data=tmp_path, market="empty", limits="off")
    for server in running(settings):
        main = Pit(server)
        first, second = make(main, "back"), make(main, "born")
        for world in (first, second):
            rest(world, "alice", "50000")
            world.done("POST", "clock/advance", by="1h")
            rest(world, "alice", "50001")
        first.done("POST", "worlds/fork", name="aside")
        first.done("POST", "worlds/rewind", by="30m")
        second.done("POST", "worlds/reset")
        assert main.order("alice", "BUY", "0.5", "50000").status == 200
        seq = main.done("GET", "worlds")[0]["commands"]
        assert main.order("alice", "BUY", "0.5", "50001").status == 200
        main.done("POST", "worlds/rewind", seq=seq)
        hashes = {n: Inside(main, n).hash() for n in ("main", "back", "born", "aside")}
    for server in running(settings):
        worlds = {name: Inside(Pit(server), name) for name in hashes}
        assert {name: world.hash() for name, world in worlds.items()} == hashes
        assert worlds["back"].done("GET", "clock")["now"] == BORN_MS + 1_800_000
        assert {name: bids(world) for name, world in worlds.items()} == {
            "main": ["50000"], "back": ["50000"], "born": [], "aside": ["50001", "50000"],
        }  # fmt: skip
        worlds["back"].done("POST", "worlds/rewind", to=BORN_MS)  # the log is still there
        assert bids(worlds["back"]) == ["50000"]


def test_what_changed(home: Pit, capsys: pytest.CaptureFixture[str]) -> None:
    world = make(home, "lab")
    order = rest(world, "alice", "50000")["orderId"]
    world.done("POST", "snapshots", name="one")
    world.done("POST", "clock/advance", by="1s")
    assert world.order("bob", "SELL", "0.2", "50000").json["fills"]
    world.done("POST", "snapshots", name="two")
    found = world.done("GET", "snapshots/diff", before="one", after="two")
    rows = {(r["what"], r["whose"], r["which"]): (r["before"], r["after"])
            for r in found["differences"]}  # fmt: skip
    assert (found["before"], found["after"], found["count"]) == ("one", "two", len(rows))
    assert rows["clock", "", "now"] == (str(BORN_MS), str(BORN_MS + 1000))
    assert rows["price", "", "BTCUSDT"] == ("0", "50000")
    assert rows["order", "alice", f"BTCUSDT {order}"] == (
        "BUY LIMIT 0.5 at 50000 NEW executed 0",
        "BUY LIMIT 0.5 at 50000 PARTIALLY_FILLED executed 0.2",
    )
    free = rows["balance", "bob", "spot USDT"]
    assert free[0] == "1000000 free, 0 locked" and free[1].endswith(" free, 0 locked")
    assert {row[1] for row in rows} == {"", "alice", "bob"}
    assert world.done("GET", "snapshots/diff", before="two")["count"] == 0
    cut = world.done("GET", "snapshots/diff", before="one", limit=1)
    assert (cut["count"], len(cut["differences"])) == (len(rows), 1)
    assert world.control("GET", "snapshots/diff", before="none").status == 404
    url = ["--url", f"http://127.0.0.1:{home.server.port}", "--world", "lab"]
    assert cli.run(["snapshot", "diff", "one", *url]) == 0
    shown = capsys.readouterr().out
    assert "PARTIALLY_FILLED" in shown and shown.startswith("WHAT")
    assert cli.run(["snapshot", "diff", "two", *url]) == 0
    assert capsys.readouterr().out == "two and now are the same.\n"
    assert cli.run(["snapshot", "list", *url]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == ["one", "two"]
    assert cli.run(["snapshot", "list", "--json", *url]) == 0
    assert json.loads(capsys.readouterr().out)[0]["name"] == "one"


def test_futures_go_back_too(pit: Pit, named: list[str]) -> None:
    named.append("lab")
    world = make(pit, "lab", market="normal", seed=3)
    world.done("POST", "snapshots", name="flat")
    flat = world.hash()
    text = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01"
    stamp = {"stamp_us": BORN_MS * 1000}
    placed = world.signed("POST", "/fapi/v1/order", text, **stamp)
    assert placed.status == 200, placed.body
    differences = world.done("GET", "snapshots/diff", before="flat")["differences"]
    what = [(r["what"], r["which"], r["before"]) for r in differences if r["what"] == "position"]
    assert what == [("position", "usdm:BTCUSDT BOTH", None)]
    world.done("POST", "snapshots/load", name="flat")
    assert world.hash() == flat
    assert world.signed("GET", "/fapi/v1/userTrades", "symbol=BTCUSDT", **stamp).json == []
    again = world.signed("POST", "/fapi/v1/order", text, **stamp)
    assert again.json == placed.json


def test_requests_meanwhile_wait(home: Pit) -> None:
    world = make(home, "lab")
    world.done("POST", "snapshots", name="base")
    answers: list[Any] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            answers.append(world.order("bob", "BUY", "0.001", "50000"))
            answers.append(world.control("GET", "clock"))
            path = "/api/v3/openOrders"
            answers.append(world.signed("DELETE", path, "symbol=BTCUSDT", name="bob"))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        for _ in range(5):
            world.done("POST", "snapshots/load", name="base")
    finally:
        stop.set()
        thread.join()
    assert answers
    codes = {answer.code for answer in answers if answer.status != 200}
    assert codes <= {-2011}  # the order went with what was exchanged
