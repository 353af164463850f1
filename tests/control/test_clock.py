"""The world's clock: paced, frozen, set forward; and what of the business hangs on it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.control.conftest import ALICE, Pit, running_pit
from websockets.sync.client import connect

HOUR = 3_600_000
DAY = 24 * HOUR
MINUTE_US = 60_000_000


@pytest.fixture(scope="module")
def world() -> Iterator[Pit]:
    yield from running_pit(limits="off")


@pytest.fixture
def pit(world: Pit) -> Pit:
    """The module's world, at the wall's pace. A clock that was set cannot be set back."""
    world.done("PUT", "clock", speed="1")
    return world


def now(pit: Pit) -> int:
    """Milliseconds."""
    return int(pit.done("GET", "clock")["now"])


def wall() -> int:
    return time.time_ns() // 1_000_000


def test_a_real_clock(pit: Pit) -> None:
    face = pit.done("GET", "clock")
    assert abs(face["now"] - wall()) < 1_000
    assert (face["speed"], face["mode"]) == ("1.00000000", "real")
    assert abs(face["aheadOfWallUs"]) < 1_000
    assert abs(pit.server.request("GET", "/api/v3/time").json["serverTime"] - wall()) < 1_000


def test_a_frozen_clock(pit: Pit) -> None:
    face = pit.done("PUT", "clock", speed="0")
    assert face["mode"] == "frozen"
    time.sleep(0.02)
    assert now(pit) == face["now"]
    assert pit.server.request("GET", "/api/v3/time").json["serverTime"] == face["now"]
    stepped = pit.done("POST", "clock/advance", by="1500ms")
    assert stepped["now"] == face["now"] + 1_500
    assert now(pit) == stepped["now"]
    again = pit.done("PUT", "clock", speed="1")
    assert again["mode"] == "real"
    assert stepped["now"] <= again["now"] <= stepped["now"] + 1_000


def test_a_fast_clock(pit: Pit) -> None:
    face = pit.done("PUT", "clock", speed="3600.5")
    assert (face["speed"], face["mode"]) == ("3600.50000000", "scaled")
    started = time.monotonic()
    time.sleep(0.1)
    passed = now(pit) - face["now"]
    assert 100 * 3600 < passed < (time.monotonic() - started + 0.5) * 1_000 * 3_601


def test_set_to_a_time(pit: Pit) -> None:
    target = now(pit) + 30 * DAY
    face = pit.done("POST", "clock/advance", to=target)
    assert target <= face["now"] < target + 1_000
    assert face["mode"] == "real"
    micro = (target + HOUR) * 1_000 + 7
    assert pit.done("POST", "clock/advance", to=micro)["now"] >= target + HOUR


def test_a_clock_never_goes_back(pit: Pit) -> None:
    pit.done("PUT", "clock", speed="0")
    at = now(pit)
    assert pit.no("POST", "clock/advance", to=at - 1)[0] == -1130
    assert pit.no("POST", "clock/advance", to=0)[0] == -1130
    assert pit.done("POST", "clock/advance", to=at + 1)["now"] == at + 1
    assert pit.done("PUT", "clock", speed="1")["now"] > at


@pytest.mark.parametrize(
    ("text", "ms"),
    [("1w", 7 * DAY), ("1d12h", DAY + DAY // 2), ("90m", 90 * 60_000), ("3s250ms", 3_250),
     ("1000us", 1), ("0s", 0)],
)  # fmt: skip
def test_durations(pit: Pit, text: str, ms: int) -> None:
    before = pit.done("PUT", "clock", speed="0")["now"]
    assert pit.done("POST", "clock/advance", by=text)["now"] == before + ms


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        ({}, -1128), ({"by": "1s", "to": 4_000_000_000_000}, -1128), ({"by": "1"}, -1100),
        ({"by": "-1s"}, -1100), ({"by": ""}, -1105), ({"by": "1y"}, -1100), ({"to": -1}, -1100),
        ({"by": "999999999w"}, -1130), ({"to": 9_223_372_036_854_775_807}, -1130),
    ],
)  # fmt: skip
def test_steps_that_cannot_be(pit: Pit, ask: dict[str, Any], code: int) -> None:
    before = now(pit)
    assert pit.no("POST", "clock/advance", **ask)[0] == code
    assert now(pit) - before < 2_000


@pytest.mark.parametrize(
    ("speed", "code"),
    [("-1", -1100), ("x", -1100), ("100001", -1130), ("0.0001", -1130), ("", -1105)],
)
def test_paces_that_cannot_be(pit: Pit, speed: str, code: int) -> None:
    assert pit.no("PUT", "clock", speed=speed)[0] == code
    assert pit.no("PUT", "clock")[0] == -1102
    assert pit.done("GET", "clock")["mode"] == "real"


# --- What hangs on it --------------------------------------------------------------------------


def test_listen_keys_expire_on_the_worlds_clock(pit: Pit) -> None:
    def keep(key: str) -> int:
        return pit.server.request(
            "PUT", f"/api/v3/userDataStream?listenKey={key}", x_mbx_apikey=ALICE.api_key
        ).status

    key = pit.server.request(
        "POST", "/api/v3/userDataStream", x_mbx_apikey=ALICE.api_key
    ).json["listenKey"]  # fmt: skip
    pit.done("PUT", "clock", speed="0")
    pit.done("POST", "clock/advance", by="59m")
    assert keep(key) == 200
    pit.done("POST", "clock/advance", by="59m")
    assert keep(key) == 200, "it was kept alive a world's hour ago at most"
    pit.done("POST", "clock/advance", by="61m")
    assert keep(key) == 400


def test_order_counts_run_on_the_worlds_clock() -> None:
    for pit in running_pit():
        pit.done("PUT", "clock", speed="0")
        first = pit.order("alice", "BUY", "0.01", "50000")
        assert first.headers["x-mbx-order-count-10s"] == "1"
        assert pit.order("alice", "BUY", "0.01", "50000").headers["x-mbx-order-count-10s"] == "2"
        pit.done("POST", "clock/advance", by="10s")
        third = pit.order("alice", "BUY", "0.01", "50000")
        assert third.headers["x-mbx-order-count-10s"] == "1"
        assert third.headers["x-mbx-order-count-1d"] in ("1", "3"), "1 when a day began just now"


def test_klines_follow_the_worlds_clock(pit: Pit) -> None:
    pit.done("PUT", "clock", speed="0")
    at = now(pit)
    pit.done("POST", "clock/advance", to=at - at % 60_000 + 60_000)
    pit.order("bob", "SELL", "0.01", "50000")
    assert pit.order("alice", "BUY", "0.01", "50000").json["status"] == "FILLED"
    pit.done("POST", "clock/advance", by="3m")
    pit.order("bob", "SELL", "0.02", "50001")
    traded = pit.order("alice", "BUY", "0.02", "50001").json
    assert traded["transactTime"] == now(pit)
    rows = pit.server.request("GET", "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=4").json
    start = at - at % 60_000 + 60_000
    assert [row[0] for row in rows] == [start + n * 60_000 for n in range(4)]
    assert [row[4] for row in rows] == ["50000.00000000"] * 3 + ["50001.00000000"]
    assert traded["status"] == "FILLED"
    assert [row[5] for row in rows] == ["0.01000000", "0.00000000", "0.00000000", "0.02000000"]


def test_timestamps_of_either_clock_are_taken(pit: Pit) -> None:
    pit.done("PUT", "clock", speed="0")
    pit.done("POST", "clock/advance", to=now(pit) + 30 * DAY)
    world_us = now(pit) * 1_000
    path = "/api/v3/account"
    assert pit.signed("GET", path).status == 200, "signed with wall time"
    assert pit.signed("GET", path, stamp_us=world_us).status == 200
    assert pit.signed("GET", path, "recvWindow=60000", stamp_us=world_us - MINUTE_US).status == 200
    late = pit.signed("GET", path, "recvWindow=59999", stamp_us=world_us - MINUTE_US)
    assert late.code == -1021
    assert pit.signed("GET", path, stamp_us=world_us + 999_000).status == 200
    ahead = pit.signed("GET", path, stamp_us=world_us + 1_000_000)
    assert (ahead.code, "ahead" in ahead.json["msg"]) == (-1021, True)
    between = pit.signed("GET", path, stamp_us=world_us - 15 * 86_400_000_000)
    assert between.code == -1021


def test_the_worlds_clock_alone_counts_where_it_must() -> None:
    for pit in running_pit(timestamps="world"):
        pit.done("PUT", "clock", speed="0")
        world_us = now(pit) * 1_000
        assert pit.signed("GET", "/api/v3/account", stamp_us=world_us).status == 200
        pit.done("POST", "clock/advance", by="1h")
        assert pit.signed("GET", "/api/v3/account").code == -1021
        assert pit.signed("GET", "/api/v3/account", stamp_us=world_us).code == -1021
        late_us = now(pit) * 1_000 - 4_000_000
        assert pit.signed("GET", "/api/v3/account", stamp_us=late_us).status == 200


def test_timed_streams_follow_the_worlds_clock(pit: Pit) -> None:
    """A stream that waits for a frozen clock goes on when the clock does."""
    pit.order("bob", "SELL", "0.01", "50000")
    pit.order("alice", "BUY", "0.01", "50000")
    pit.done("PUT", "clock", speed="0")
    with connect(f"ws://127.0.0.1:{pit.server.port}/ws/btcusdt@kline_1m") as socket:
        time.sleep(0.05)
        while True:
            try:
                socket.recv(timeout=0.3)
            except TimeoutError:
                break
        before = now(pit)
        pit.done("POST", "clock/advance", by="2m")
        frame = json.loads(socket.recv(timeout=3))
        assert frame["E"] >= before
        pit.done("PUT", "clock", speed="60")
        seen = 0
        until = time.monotonic() + 5
        while seen <= before + 150_000 and time.monotonic() < until:
            seen = json.loads(socket.recv(timeout=3))["E"]
        assert seen > before + 150_000


def test_a_restarted_world_goes_on_where_its_clock_stopped(tmp_path: Any) -> None:
    from tests.gateways.conftest import running

    from tradepit.config import Config

    settings = Config(port=0, data=tmp_path / "world", market="empty")
    for server in running(settings):
        pit = Pit(server)
        pit.done("POST", "clock/advance", by="30d")
        pit.done("PUT", "clock", speed="0")
        stopped = now(pit)
    for server in running(settings):
        face = Pit(server).done("GET", "clock")
        assert (face["now"], face["mode"]) == (stopped, "frozen")
