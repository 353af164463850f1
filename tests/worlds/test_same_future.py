"""A world that goes on from a snapshot does so as the first time: state, and every byte said."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.market.test_twice import NAMES
from tests.replay.files import candle_lines, candles, write
from tests.streams.test_time import Ear
from tests.twins import workload
from tests.twins.workload import Workload, new_world

from tradepit.catalog.language import REGISTRY, commands
from tradepit.config import Config
from tradepit.control.keeping import Plan
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.gateways.sockets import Session
from tradepit.gateways.user_stream import stream_subscriber
from tradepit.gateways.worlds import World
from tradepit.journal.recovery import Origins, unpack_state
from tradepit.projections.kinds import KINDS
from tradepit.worlds import hall as halls
from tradepit.worlds.births import Codec
from tradepit.worlds.hall import Hall
from tradepit.worlds.images import read_about, read_state
from tradepit.worlds.keeper import Keeper
from tradepit.worlds.shelf import Shelf

SECOND_US = 1_000_000
Run = tuple[str, list[bytes]]


class Gateway:
    """Worlds without sockets: an ear hears what their streams say."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(1)

    def front(self, hall: Hall) -> World:
        world = World(
            hall.name, hall.sequencer, hall.clock, history=hall.history, pool=self.pool, limits={}
        )
        hall.watched = lambda: bool(world.hub.channels)
        hall.replays.drained = world.hub.drained
        hall.sequencer.listen(world.users.applied)
        hall.sequencer.listen(world.hub.applied)
        hall.on_clock.append(world.hub.clock_changed)
        return world

    def part(self, world: World, words: str) -> None:
        world.faults.end()

    def url(self, name: str) -> str:
        return name


@contextlib.asynccontextmanager
async def keeping(config: Config) -> AsyncIterator[Keeper]:
    gateway = Gateway()
    keeper = Keeper(config, gateway)
    keeper.open_first()
    await keeper.start()
    try:
        yield keeper
    finally:
        await keeper.stop()
        gateway.pool.shutdown()


@contextlib.asynccontextmanager
async def heard(world: World, names: list[str]) -> AsyncIterator[list[bytes]]:
    """What all streams of a world say, and what its accounts are told."""
    ear = cast("Session", Ear())
    for name in names:
        world.hub.join(name, ear, 1)
    accounts = [a.id for a in world.pit.accounts.values() if not a.quiet]
    subscribers = [stream_subscriber(ear, owner, False, "", False) for owner in accounts]
    for subscriber in subscribers:
        world.users.join(subscriber)
    yield cast("Any", ear).said
    await world.hub.drained()
    for name in names:
        world.hub.leave(name, ear, 1)
    for subscriber in subscribers:
        world.users.leave(subscriber)


async def submit(hall: Hall, who: Who, op: str, ask: object) -> None:
    with contextlib.suppress(Reject):
        await hall.sequencer.submit(who, op, ask)


# --- Everything that the desks of spot do ------------------------------------------------------


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worlds are born as the workload wants them."""

    def origins(*_: object) -> Origins[Exchange]:
        def load(state: dict[str, Any]) -> Exchange:
            return Exchange.load(commands(), state)

        return Origins(new_world, load, Codec())

    monkeypatch.setattr(halls, "origins", origins)


async def work(keeper: Keeper, name: str, seed: int, count: int) -> Run:
    """Have the workload's commands done in a world; what came of it."""
    hall, world = keeper.halls[name], keeper.worlds[name]
    flow, start_us = Workload(seed), hall.clock.now_us()
    streams = [f"btcusdt@{n}" for n in ("depth", "depth5@100ms", "trade", "kline_1m", "ticker")]
    async with heard(world, streams) as said:
        for _ in range(count):
            command = flow.command(hall.pit)
            hall.clock.set(start_us + command.at_us - workload.BORN_US)
            await submit(hall, command.who, command.op, command.ask)
    assert hall.pit.audit() == []
    return hall.pit.state_hash(), said


async def there_and_back(home: Path, seed: int, memory: bool) -> None:
    config = Config(data=home, memory=memory, market="empty", limits="real")
    async with keeping(config) as keeper:
        await keeper.halls["main"].pace(0)
        shelf = Shelf(keeper, "main")
        await work(keeper, "main", seed, 80)
        saved = await shelf.save("here")
        before = keeper.halls["main"].pit.state_hash()
        first = await work(keeper, "main", seed + 1, 120)
        assert len(first[1]) > 60
        await shelf.load("here")
        assert keeper.halls["main"].pit.state_hash() == before
        assert (await shelf.save("again")).digest == saved.digest
        other = await work(keeper, "main", seed + 2, 60)
        assert other[0] != first[0]
        await shelf.load("here")
        assert await work(keeper, "main", seed + 1, 120) == first
        await shelf.fork("aside", "here")
        assert await work(keeper, "aside", seed + 1, 120) == first
        await shelf.rewind(None, saved.seq)
        assert keeper.halls["main"].pit.state_hash() == before
        assert await work(keeper, "main", seed + 1, 120) == first


@settings(
    max_examples=2, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(st.integers(0, 1 << 32), st.booleans())
@example(1, False)
def test_whatever_was_done(
    busy: None, tmp_path_factory: pytest.TempPathFactory, seed: int, memory: bool
) -> None:
    asyncio.run(there_and_back(tmp_path_factory.mktemp("world"), seed, memory))


async def test_saved_under_load_it_is_what_the_log_tells(busy: None, tmp_path: Path) -> None:
    """State and history of a moment, whoever trades then."""
    async with keeping(Config(data=tmp_path, market="empty")) as keeper:
        hall, shelf = keeper.halls["main"], Shelf(keeper, "main")
        flow, more = Workload(3), True

        async def trade() -> None:
            while more:
                commands = [flow.command(hall.pit) for _ in range(20)]
                await asyncio.gather(*(submit(hall, c.who, c.op, c.ask) for c in commands))

        traders = [asyncio.create_task(trade()) for _ in range(3)]
        await come_to(hall, 200)
        live = await shelf.save("live")
        await come_to(hall, live.seq + 50)
        more = False
        await asyncio.gather(*traders)
        assert live.seq >= 200
        await shelf.rewind(None, live.seq)
        told = await shelf.save("told")
        await shelf.load("live")
        back = await shelf.save("back")
        assert told.seq == back.seq == live.seq
        saved = tmp_path / "saved"
        assert same_but_clock(saved / "live") == same_but_clock(saved / "told")
        assert rows_of(saved / "live") == rows_of(saved / "told") == rows_of(saved / "back")


async def come_to(hall: Hall, seq: int) -> None:
    """Wait until that command was applied."""
    reached = asyncio.Event()
    hall.sequencer.listen(lambda outcome: reached.set() if outcome.seq >= seq else None)
    await reached.wait()


def same_but_clock(image: Path) -> Any:
    """The state in a snapshot; a real clock is another distance ahead each time."""
    state = unpack_state(read_state(image, read_about(image)))
    return {**state, "clock": None}


def rows_of(image: Path) -> dict[str, list[Any]]:
    """Every row of the history in a snapshot, but which command wrote it: open lists, which change
    as orders do, are written again when what came later is dropped."""
    found = {}
    with contextlib.closing(sqlite3.connect(image / "history.sqlite3")) as db:
        for kind in KINDS:
            columns = ", ".join(f'"{name}"' for name in kind.columns if name != "seq")
            rows = db.execute(f"SELECT {columns} FROM {kind.name}").fetchall()
            found[kind.name] = sorted(rows, key=repr)
    assert sum(map(len, found.values())) > 20
    return found


# --- A living market, futures, and a replay ----------------------------------------------------

PLAN = Plan(
    "lab", seed=5, market="wild", limits="off", symbols=("BTCUSDT", "ETHUSDT", "LTCUSDT"),
    accounts=(), time_us=1_750_000_020_000_000, speed=0,
)  # fmt: skip


async def live(keeper: Keeper, seed: int) -> Run:
    """Let time pass in a living world; accounts trade with its residents."""
    hall, world = keeper.halls["lab"], keeper.worlds["lab"]
    dice = random.Random(seed)
    async with heard(world, NAMES) as said:
        for _ in range(4):
            await hall.advance(hall.clock.now_us() + dice.randrange(1, 12) * SECOND_US)
            for path, symbol in (("/api/v3/order", "ETHUSDT"), ("/fapi/v1/order", "BTCUSDT")):
                ask = REGISTRY[f"POST {path}"].parse([
                    ("symbol", symbol), ("side", dice.choice(("BUY", "SELL"))),
                    ("type", "MARKET"), ("quantity", dice.choice(("0.5", "1", "3"))),
                ])  # fmt: skip
                await submit(hall, Who(dice.randrange(1, 6)), f"POST {path}", ask)
        await hall.advance(hall.clock.now_us() + 20 * SECOND_US)
    return hall.pit.state_hash(), said


async def test_a_living_market_goes_on_as_it_would_have(tmp_path: Path) -> None:
    tape = write(tmp_path / "LTCUSDT-1m-2024-01-01.csv", candle_lines(candles(20)))
    config = Config(data=tmp_path / "data", market="empty")
    async with keeping(config) as keeper:
        await keeper.create(PLAN)
        shelf = Shelf(keeper, "lab")
        await keeper.halls["lab"].replays.add([tape], "LTCUSDT")
        await live(keeper, 1)
        await shelf.save("here")
        first = await live(keeper, 2)
        assert len(first[1]) > 300
        hall = keeper.halls["lab"]
        assert hall.pit.traders and hall.pit.replays["LTCUSDT"].done
        await hall.replays.remove("LTCUSDT")  # with its tape
        await hall.play("calm")
        await shelf.load("here")
        assert keeper.halls["lab"].stage().preset() == "wild"
        assert await live(keeper, 2) == first


async def test_a_dump_shares_nothing_that_changes(tmp_path: Path) -> None:
    """It is packed by a thread while the state goes on."""
    config = Config(data=tmp_path / "data", memory=True, market="empty")
    async with keeping(config) as keeper:
        await keeper.create(PLAN)
        await live(keeper, 1)
        pit = keeper.halls["lab"].pit
        dumps = pit.dump(), pit.dump()
    one, other = (containers(dump) for dump in dumps)
    shared = {one[number] for number in one.keys() & other.keys()}
    fixed = (".exchange_filters", ".symbols[].listing", ".futures.contracts[].listing", ".keys[][]")
    assert {path for path in shared if not path.startswith(fixed)} == set()
    assert ".accounts[].windows[]" in one.values()


def containers(found: object, path: str = "") -> dict[int, str]:
    """Where in a dump each dictionary and list is, by identity."""
    here = {id(found): path}
    if isinstance(found, dict):
        for key, value in found.items():
            here |= containers(value, f"{path}.{key}")
    elif isinstance(found, list):
        for value in found:
            here |= containers(value, f"{path}[]")
    else:
        return {}
    return here
