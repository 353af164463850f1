"""The Python API: a server in a thread and one in a process, and all that moves a world."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect

import tradepit
from tradepit import Refused, Tradepit, cli
from tradepit.config import NOT_REACHABLE, OK, ConfigError
from tradepit.embed import attached, wire
from tradepit.embed.parts import Key

NEW_YEAR = datetime(2025, 1, 1, tzinfo=UTC)
STILL: dict[str, Any] = {"market": "empty", "symbols": ["BTCUSDT"], "time": NEW_YEAR, "speed": 0}


@pytest.fixture(scope="module")
def pit() -> Iterator[Tradepit]:
    """In a thread; its residents stand still with the clock."""
    with Tradepit(seed=7, market="calm", symbols=["BTCUSDT", "LTCUSDT"], speed=0) as found:
        yield found


@pytest.fixture(scope="module")
def quiet() -> Iterator[Tradepit]:
    """In a process; nobody but the tests trades."""
    with Tradepit(**STILL, subprocess=True, accounts=["frank"], limits="off") as found:
        yield found


# --- Starting and ending -------------------------------------------------------------------------


def test_what_is_imported_at_first_is_light() -> None:
    """`import tradepit` loads no server, and `Tradepit` none before it starts."""
    heavy = "{'asyncio', 'http', 'msgspec', 'sqlalchemy', 'click', 'tradepit.server', 'ssl'}"
    program = (
        f"import sys, tradepit; print({heavy} & sys.modules.keys())\n"
        f"print('tradepit.embed' in sys.modules); tradepit.Tradepit()\n"
        f"print({heavy} & sys.modules.keys())"
    )
    command = [sys.executable, "-c", program]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told == "set()\nFalse\nset()\n"


def test_what_is_no_setting_is_refused_before_anything_starts() -> None:
    with pytest.raises(TypeError, match="no setting 'sede'"):
        Tradepit(sede=1)
    with pytest.raises(ConfigError, match="expected calm or"):
        Tradepit(market="lively")
    with pytest.raises(ConfigError, match="0 to 100000"):
        Tradepit(speed=100_001)
    with pytest.raises(ConfigError, match="2017"):
        Tradepit(time="1999-01-01")
    with pytest.raises(AttributeError, match="no attribute 'Tradepitt'"):
        _ = tradepit.Tradepitt


@pytest.mark.parametrize("subprocess", [False, True])
def test_what_cannot_start_says_why(subprocess: bool) -> None:
    with pytest.raises((ValueError, RuntimeError), match="did you mean BTCUSDT"):
        Tradepit(symbols=["BTCUSD"], market="empty", subprocess=subprocess).start()


def test_it_starts_once_and_is_gone_when_stopped() -> None:
    pit = Tradepit(**STILL)
    assert "not started" in repr(pit)
    assert pit.start() is pit
    where = urlsplit(pit.rest_url)
    with pytest.raises(RuntimeError, match="runs already"):
        pit.start()
    pit.stop()
    pit.stop()
    with pytest.raises(ConnectionError), socket.create_connection((where.hostname, where.port)):
        pass


def test_a_server_does_not_outlive_a_program_that_is_killed() -> None:
    program = (
        "import time; from tradepit import Tradepit\n"
        "pit = Tradepit(market='empty', symbols=['BTCUSDT'], subprocess=True).start()\n"
        "print(pit.rest_url, flush=True); time.sleep(60)"
    )
    started = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    where = urlsplit(started.stdout.readline().strip())
    os.kill(started.pid, signal.SIGKILL)
    started.communicate()
    until = time.monotonic() + 15
    while time.monotonic() < until:
        try:
            socket.create_connection((where.hostname, where.port), timeout=1).close()
        except ConnectionError:
            return
        time.sleep(0.05)
    raise AssertionError("the server is still there")


def test_settings_of_the_surroundings_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tradepit.toml").write_text('market = "wild"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRADEPIT_SEED", "99")
    monkeypatch.setenv("TRADEPIT_CONFIG_OUT", str(tmp_path / "facts.json"))
    with Tradepit(**STILL, subprocess=True) as pit:
        assert pit.info["seed"] == 1
        assert pit.call("GET market/preset")["preset"] == "empty"
    assert not (tmp_path / "facts.json").exists()


def test_what_is_kept_is_there_again(tmp_path: Path) -> None:
    with Tradepit(**STILL, data=tmp_path / "world") as pit:
        pit.account("alice").buy("BTCUSDT", 1, 50_000)
        before = pit.state_hash
    with Tradepit(data=tmp_path / "world", market="empty") as pit:
        assert pit.account("alice").open_orders()[0]["price"] == "50000.00000000"
        assert pit.state_hash == before


def test_a_server_is_asked_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By programs and by the command line, as far as they trust its authority."""
    with Tradepit(**STILL, tls_port=0, ca_dir=tmp_path) as pit:
        url = pit.info["urls"]["https"]
        assert cli.run(["clock", "--url", url]) == NOT_REACHABLE  # whoever may sign for it
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        with attached(url) as found:
            assert found.info["world"] == "main"
            assert found.ws_url.startswith("wss://")
        assert cli.run(["clock", "--url", url]) == OK
        assert cli.run(["wait", "--url", url, "--timeout", "5"]) == OK


@pytest.mark.parametrize("url", ["127.0.0.1:8800", "ftp://127.0.0.1", "http://127.0.0.1:x"])
def test_what_is_no_url_is_not_reachable(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["clock", "--url", url]) == NOT_REACHABLE
    assert f"Not reachable: {url} (" in capsys.readouterr().err
    with attached(url) as found, pytest.raises((ValueError, OSError)):
        found.clock.now_ms  # noqa: B018 - it asks


async def test_programs_on_an_event_loop() -> None:
    async with Tradepit(**STILL) as pit:
        beats = asyncio.create_task(asyncio.sleep(0))
        alice = await pit.aio.account("alice")
        assert (await alice.buy("BTCUSDT", "0.5", 50_000))["status"] == "NEW"
        await beats
        async with connect(pit.stream_url + "/btcusdt@kline_1m") as socket:
            bob = await pit.aio.account("bob")
            await bob.sell("BTCUSDT", "0.25")
            # Steps of the clock wait for who listens, so this loop has to go on meanwhile.
            step = asyncio.create_task(pit.aio.clock.advance("2m"))
            closed = None
            while closed is None or not closed["k"]["x"]:
                closed = json.loads(await socket.recv())
            assert await step == 1735689720000 == await pit.aio.clock.now_ms()
        assert closed["k"]["v"] == "0.25000000"
        with pytest.raises(Refused):
            await pit.aio.call("POST faults", kind="none")
        assert "awaited" in repr(pit.aio)


# --- The world in hand ---------------------------------------------------------------------------


def test_addresses(quiet: Tradepit) -> None:
    assert quiet.rest_url.startswith("http://127.0.0.1:")
    assert quiet.ws_url == "ws" + quiet.rest_url.removeprefix("http")
    assert quiet.stream_url == quiet.ws_url + "/ws"
    assert quiet.ws_api_url == quiet.ws_url + "/ws-api/v3"
    assert quiet.fapi_url == quiet.rest_url + "/fapi"
    assert quiet.dapi_url == quiet.rest_url + "/dapi"
    assert quiet.fstream_url == quiet.ws_url + "/fstream/ws"
    assert quiet.dstream_url == quiet.ws_url + "/dstream/ws"
    assert quiet.ws_fapi_url == quiet.ws_url + "/ws-fapi/v1"
    assert quiet.ws_dapi_url == quiet.ws_url + "/ws-dapi/v1"
    assert (
        quiet.get("/api/v3/ping") == {} == quiet.get("/fapi/v1/ping") == quiet.get("/dapi/v1/ping")
    )


def test_keys_are_there_and_secrets_are_not_shown(quiet: Tradepit) -> None:
    assert list(quiet.keys) == ["alice", "bob", "carol", "dave", "erin", "frank"]
    key, secret = quiet.keys["frank"]
    assert len(key) == len(secret) == 64
    assert secret not in repr(quiet.keys) and secret not in f"{Key(key, secret)}"
    assert quiet.account("frank").balance("USDT").free == quiet.account("erin").balance("USDT").free


def test_the_clock(quiet: Tradepit) -> None:
    clock = quiet.clock
    begun = clock.now
    assert begun >= NEW_YEAR and clock.speed == 0
    assert clock.advance("1h30m") == clock.now_ms
    clock.advance(1.5)
    clock.advance(timedelta(days=1, milliseconds=250))
    assert clock.now - begun == timedelta(days=1, hours=1, minutes=30, seconds=1.75)
    clock.set(begun + timedelta(days=2))
    assert clock.now == begun + timedelta(days=2)
    with pytest.raises(Refused) as refused:
        clock.set(begun)
    assert (refused.value.status, refused.value.code) == (400, -1130)
    clock.run(60)
    assert clock.speed == 60
    clock.freeze()
    assert clock.now == clock.now > begun


def test_the_price_is_where_one_puts_it(pit: Tradepit) -> None:
    market = pit.market("BTCUSDT")
    market.last = 50_000
    assert market.last == Decimal(50_000)
    assert pit.get("/api/v3/ticker/price", symbol="BTCUSDT")["price"] == "50000.00000000"
    market.last = 50_000.5
    assert market.last == Decimal("50000.5")
    assert 49_900 < market.bid < market.ask < 50_100, "residents quote around it"
    assert market.set(spread_multiple=3, quiet=True)["quiet"] is True
    market.halt()
    with pytest.raises(Refused, match="Market is closed"):
        pit.account("alice").buy("BTCUSDT", 1)
    market.open()
    assert pit.account("alice").buy("BTCUSDT", 1)["status"] == "FILLED"
    assert market.depth(5)["asks"] and market.row()["symbol"] == "BTCUSDT"


def test_contracts(pit: Tradepit) -> None:
    for name in ("BTCUSDT", "BTCUSD_PERP"):
        contract = pit.contract(name)
        contract.mark = 40_000
        contract.index = "40100.5"
        contract.funding_rate = 0.0003
        assert (contract.mark, contract.index) == (Decimal(40_000), Decimal("40100.5"))
        assert contract.funding_rate == Decimal("0.0003")
        assert contract.fund()["symbol"] == name
        assert contract.liquidate("alice")["positions"] == 0
        contract.free()
        assert contract.set()["setByHand"] is False


def test_residents_follow_the_index(pit: Tradepit) -> None:
    """The clock stands still: what is bought now costs what was set just now."""
    for name, venue in (("BTCUSDT", "fapi"), ("BTCUSD_PERP", "dapi")):
        contract = pit.contract(name)
        for price in (60_000, 40_000):
            contract.index = price
            asked = {"symbol": name, "side": "BUY", "type": "MARKET", "quantity": "1"}
            carol = pit.account("carol")
            order = carol.call(f"POST /{venue}/v1/order", **asked, new_order_resp_type="RESULT")
            assert order["status"] == "FILLED"
            assert abs(float(order["avgPrice"]) / price - 1) < 0.002
            assert abs(float(contract.mark) / price - 1) < 0.002
        contract.free()
        assert contract.bid < contract.ask
        assert abs(contract.bid / contract.index - 1) < Decimal("0.002")
    assert pit.audit()["balanced"]


def test_accounts_trade(quiet: Tradepit) -> None:
    alice, frank = quiet.account("alice"), quiet.accounts["frank"]
    before = frank.balance("BTC")
    placed = alice.sell("BTCUSDT", Decimal("0.5"), 50_000, new_client_order_id="mine")
    bought = frank.buy("BTCUSDT", 0.2)
    assert bought["fills"][0]["price"] == "50000.00000000"
    assert frank.balance("BTC").total - before.total == Decimal("0.1998")
    assert alice.order("BTCUSDT", orig_client_order_id="mine")["status"] == "PARTIALLY_FILLED"
    assert [row["orderId"] for row in alice.open_orders("BTCUSDT")] == [placed["orderId"]]
    assert alice.balance("BTC").locked == Decimal("0.3")
    assert alice.cancel_all("BTCUSDT")[0]["status"] == "CANCELED"
    assert alice.cancel_all("BTCUSDT") == []
    assert alice.trades("BTCUSDT")[-1]["isMaker"] is True
    was = alice.balance("USDT").free
    alice.give("USDT", 1000)
    alice.take("USDT", "0.5")
    assert alice.balance("USDT").free - was == Decimal("999.5")
    assert alice.set(pays_in_bnb=True)["paysInBnb"] is True
    assert alice.balance("NOPE").total == 0
    with pytest.raises(KeyError):
        quiet.account("nobody")
    with pytest.raises(Refused) as refused:
        frank.buy("BTCUSDT", 90, 45_000)
    assert (refused.value.code, "insufficient" in refused.value.msg) == (-2010, True)
    assert quiet.refusals(account="frank", limit=1)[0]["code"] == -2010


def test_faults(quiet: Tradepit) -> None:
    alice, faults = quiet.account("alice"), quiet.faults
    lost = faults.add("drop-after", operation="POST /api/v3/order", account="alice")
    with pytest.raises(ConnectionError):
        alice.buy("BTCUSDT", 1, 40_000)
    assert lost.hits == 1
    assert len(alice.open_orders("BTCUSDT")) == 1
    with faults.add("overloaded", times=0) as rule:
        with pytest.raises(Refused) as refused:
            alice.cancel_all("BTCUSDT")
        assert (refused.value.status, refused.value.code) == (503, -1008)
    assert rule.hits == 1, "what it was when it was taken away"
    assert [row["number"] for row in faults] == [lost.number]
    faults.clear()
    assert list(faults) == [] and len(faults.kinds()) > 20
    alice.cancel_all("BTCUSDT")
    with pytest.raises(Refused, match="did you mean drop-after"):
        faults.add("drop-aftr")


def test_worlds_beside_each_other(quiet: Tradepit) -> None:
    one = quiet.create_world("one", **STILL, seed=3)
    two = quiet.create_world("two", **STILL, seed=3, accounts=["gina"])
    assert one.info["world"] == "one" and one.info["seed"] == 3
    two.account("gina").buy("BTCUSDT", 1, 50_000)
    assert one.market("BTCUSDT").bid == 0 < two.market("BTCUSDT").bid
    assert "gina" in two.keys and "gina" not in one.keys
    assert one.state_hash != two.state_hash
    assert [row["name"] for row in one.worlds()] == ["main", "one", "two"]
    assert two.world("main").rest_url == quiet.rest_url
    one.delete()
    two.delete()
    with pytest.raises(Refused) as refused:
        _ = one.info
    assert refused.value.status == 404
    with pytest.raises(Refused, match="first world"):
        quiet.delete()


def test_ways_back(quiet: Tradepit) -> None:
    world = quiet.create_world("tried", **STILL, accounts=["hugo"])
    hugo = world.account("hugo")
    hugo.buy("BTCUSDT", 1, 50_000)
    before = world.state_hash
    assert world.save("first")["name"] == "first"
    world.clock.advance("1h")
    hugo.cancel_all("BTCUSDT")
    assert {row["what"] for row in world.diff("first")} >= {"order"}
    other = world.fork("other", "first")
    assert other.account("alice").key == world.keys["alice"]
    assert len(other.market("BTCUSDT").depth()["bids"]) == 1
    assert world.rewind("30m")["name"] == "tried"
    assert world.clock.now == NEW_YEAR + timedelta(minutes=30)
    assert len(hugo.open_orders("BTCUSDT")) == 1
    world.load("first")
    assert world.clock.now == NEW_YEAR and world.state_hash == before
    assert [row["name"] for row in world.snapshots()] == ["first"]
    world.rewind(to=NEW_YEAR)
    world.reset()
    with pytest.raises(Refused, match="-2015"):
        hugo.open_orders()
    other.delete()
    world.delete()


def test_the_same_world_again() -> None:
    """Seed and time say what a world is, served by a thread or by a process."""
    shown = []
    for subprocess_ in (False, True):
        recipe: dict[str, Any] = {**STILL, "market": "normal", "seed": 11}
        with Tradepit(**recipe, subprocess=subprocess_) as pit:
            pit.clock.advance("20s")
            shown.append((pit.state_hash, pit.market("BTCUSDT").depth(), pit.clock.now))
    assert shown[0] == shown[1]


# --- How Python says it, and how the wire does ----------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"), (0.1, "0.1"), (1e-8, "0.00000001"), (1e22, "10000000000000000000000"),
        (Decimal("2.50"), "2.50"), ("3.1", "3.1"), (Decimal("1E+3"), "1000"),
    ],
)  # fmt: skip
def test_numbers(value: wire.Number, text: str) -> None:
    assert wire.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1d12h", "1d12h"), (90, "90s"), (0.25, "250000us"), (0, "0us"),
        (timedelta(days=2, seconds=3, microseconds=4), "2d3s4us"),
    ],
)  # fmt: skip
def test_durations(value: wire.Span, text: str) -> None:
    assert wire.duration(value) == text


def test_time_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="does not go back"):
        wire.duration(-1)


def test_moments_names_and_values() -> None:
    assert wire.milliseconds("2025-01-01") == wire.milliseconds(NEW_YEAR) == 1735689600000
    assert wire.milliseconds("2025-01-01T02:00:00+02:00") == 1735689600000
    assert wire.milliseconds(12) == 12
    assert wire.wire_name("new_order_resp_type") == "newOrderRespType"
    assert wire.wire_name("from_") == "from"
    assert wire.wire_value([True, 1, 0.5, {"a": NEW_YEAR}, timedelta(seconds=1)]) == [
        True, "1", "0.5", {"a": "1735689600000"}, "1s",
    ]  # fmt: skip
    query = wire.wire_query({"symbols": ["BTCUSDT"], "on": True, "none": None, "qty": 0.5})
    assert query == "symbols=%5B%22BTCUSDT%22%5D&on=true&qty=0.5"


def test_a_refusal_survives_pickling() -> None:
    import pickle

    no = Refused("GET /x", 400, {"code": -1, "msg": "no"})
    assert vars(pickle.loads(pickle.dumps(no))) == vars(no)
    assert str(Refused("GET /x", 502, "<html>")) == "GET /x: 502, 0: <html>"


@pytest.mark.parametrize("exchange", ["spot", "usdm", "coinm"])
def test_an_account_is_heard_on_every_exchange(pit: Tradepit, exchange: str) -> None:
    url = {"spot": pit.stream_url, "usdm": pit.fstream_url, "coinm": pit.dstream_url}[exchange]
    path, symbol, event = {
        "spot": ("/api/v3/order", "BTCUSDT", "executionReport"),
        "usdm": ("/fapi/v1/order", "BTCUSDT", "ORDER_TRADE_UPDATE"),
        "coinm": ("/dapi/v1/order", "BTCUSD_PERP", "ORDER_TRADE_UPDATE"),
    }[exchange]
    alice = pit.account("alice")

    async def hear() -> str:
        async with connect(f"{url}/{alice.listen_key(exchange)}") as ear:
            order = {"symbol": symbol, "side": "BUY", "type": "MARKET", "quantity": 1}
            await asyncio.to_thread(alice.call, f"POST {path}", **order)
            heard = json.loads(await asyncio.wait_for(ear.recv(), 10))
            return str(heard["e"])

    assert asyncio.run(hear()) == event


def test_accounts_where_only_the_worlds_time_counts() -> None:
    with Tradepit(**STILL, timestamps="world") as pit:
        alice = pit.account("alice")
        assert alice.buy("BTCUSDT", "0.01", 90_000)["status"] == "NEW"
        assert pit.info["timestamps"] == "world"
        stale = pit.clock.now_ms - 6_000
        with pytest.raises(Refused, match="-1021"):
            alice.call("GET /api/v3/account", timestamp=stale)
        assert pit.refusals()[0]["details"]["worldSkewMs"] == -6_000


def test_a_full_disk_is_told_in_words_and_leaves_nothing(tmp_path: Path) -> None:
    with Tradepit(**STILL, data=str(tmp_path)) as pit:
        usual = resource.getrlimit(resource.RLIMIT_FSIZE)
        try:
            for room, work in (
                (1_000, lambda: pit.save("one")),
                (1_000, lambda: pit.fork("f")),
                (100_000, lambda: pit.create_world("g")),
            ):
                resource.setrlimit(resource.RLIMIT_FSIZE, (room, usual[1]))
                with pytest.raises(Refused, match="make room, and ask again"):
                    work()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)
        assert pit.snapshots() == [] and [row["name"] for row in pit.worlds()] == ["main"]
        assert pit.save("one")["name"] == "one" and pit.fork("f").info["world"] == "f"


def test_a_market_that_is_none(pit: Tradepit) -> None:
    with pytest.raises(Refused, match="There are calm, normal, wild"):
        pit.create_world("red", market="bull")
