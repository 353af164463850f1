"""The living market in a real world: what its presets promise, over many seeds."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tradepit.config import Config
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.symbols import Symbol
from tradepit.core.terms import BUY, MARKET, SELL
from tradepit.core.units import ONE
from tradepit.journal import clock as clocks
from tradepit.market.maker import MAKERS
from tradepit.market.residents import Residents
from tradepit.market.takers import TAKERS
from tradepit.market.views import Act
from tradepit.products.spot.batch import Batched
from tradepit.products.spot.orders import OrderResult, PlaceOrder
from tradepit.worlds.hall import Hall

PLACE = "POST /api/v3/order"
WOULD_MATCH = Reject("WOULD_MATCH").code
BORN_NS = 1_750_000_000_000_000_000
MINUTE_US = 60_000_000
WIDEST = {"normal": 40, "calm": 30, "wild": 80, "flash-crash": 60, "thin": 80}  # basis points


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's time stands still, so that two worlds are born at the same moment."""
    monkeypatch.setattr(time, "time_ns", lambda: BORN_NS)
    monkeypatch.setattr(clocks, "wall_us", lambda: BORN_NS // 1_000)
    yield


class Watch:
    """Counts what became of everything the residents asked for."""

    def __init__(self, residents: Residents) -> None:
        self.codes: Counter[int] = Counter()
        self.acts: Counter[str] = Counter()
        submit = residents._desk.submit

        def watched(act: Act) -> object:
            future = submit(act)
            future.add_done_callback(lambda done: self.note(act, done.result()))  # type: ignore[attr-defined]
            return future

        residents._desk.submit = watched  # type: ignore[method-assign,assignment]

    def note(self, act: Act, reply: Batched) -> None:
        self.acts[act.account] += 1
        self.codes.update(code for code in reply.cancels + reply.orders if code < 0)


@asynccontextmanager
async def living(settings: Config) -> AsyncIterator[tuple[Hall, Residents]]:
    hall = Hall(settings)
    await hall.start()
    try:
        await hall.pace(0)
        assert hall.residents is not None
        yield hall, hall.residents
    finally:
        await hall.stop()


async def forward(hall: Hall, minutes: int) -> None:
    await hall.advance(hall.clock.now_us() + minutes * MINUTE_US)
    await asyncio.sleep(0)  # what waits for replies is told


async def take(hall: Hall, symbol: str, side: int, qty: int) -> OrderResult:
    who = Who(hall.pit.names["alice"])
    ask = PlaceOrder(symbol=symbol, side=side, type=MARKET, quantity=qty, new_order_resp_type=2)
    return await hall.sequencer.submit(who, PLACE, ask)  # type: ignore[return-value]


def middle(symbol: Symbol) -> int:
    return (symbol.book.bids.best() + symbol.book.asks.best()) // 2


def spread_bp(symbol: Symbol) -> int:
    """The spread in basis points; of six ticks or less it is 0, for where a tick is much."""
    bid, ask = symbol.book.bids.best(), symbol.book.asks.best()
    return 0 if ask - bid <= 6 * symbol.tick_size else (ask - bid) * 10_000 // ask


def apart_bp(one: int, other: int) -> int:
    return abs(one - other) * 10_000 // other


async def check_market(preset: str, seed: int, minutes: int, *only: str) -> None:
    """Everything that a preset promises, at every tenth minute. only: the symbols there are."""
    settings = Config(memory=True, market=preset, seed=seed, symbol=only)
    async with living(settings) as (hall, residents):
        watch = Watch(residents)
        for _ in range(0, minutes, 10):
            await forward(hall, 10)
            for symbol in hall.pit.symbols.values():
                assert symbol.book.bids.best() and symbol.book.asks.best(), symbol.name
                assert spread_bp(symbol) <= WIDEST[preset], symbol.name
            if preset not in ("wild", "flash-crash"):  # they move by percents between two beats
                check_pairs(hall, WIDEST[preset])
        assert set(watch.codes) <= {WOULD_MATCH}, watch.codes  # no filter said no
        assert hall.pit.audit() == []
        assert all(hall.healthy().values())
        for side in (BUY, SELL) if not only else ():
            done = await take(hall, "BTCUSDT", side, ONE)
            # A thin market is one that has no bitcoin to give at once.
            assert done.executed_qty == ONE if preset != "thin" else 0 < done.executed_qty < ONE
        assert {*MAKERS} <= set(watch.acts)


def check_pairs(hall: Hall, widest_bp: int) -> None:
    """Cross pairs and twins tell the same prices, up to a spread and a tick of each."""
    at = {name: middle(symbol) for name, symbol in hall.pit.symbols.items()}
    for name, told in (
        ("ETHBTC", at["ETHUSDT"] * ONE // at["BTCUSDT"]),
        ("BTCUSDT", at["BTCUSDC"] * at["USDCUSDT"] // ONE),
        ("BTCUSDT", at["BTCFDUSD"] * at["FDUSDUSDT"] // ONE),
        ("ETHUSDT", at["ETHUSDC"] * at["USDCUSDT"] // ONE),
    ):
        assert apart_bp(told, at[name]) <= 40 + widest_bp, name


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("seed", range(5))
async def test_the_normal_market_keeps_its_promises(seed: int) -> None:
    await check_market("normal", seed, 20)


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("preset", ["calm", "wild", "flash-crash", "thin"])
async def test_every_preset_keeps_its_promises(preset: str) -> None:
    for seed in (1, 2):
        await check_market(preset, seed, 60)


@pytest.mark.usefixtures("still")
async def test_what_is_too_much_for_two_orders_leaves_none_that_is_too_small() -> None:
    """A sweep of a little more than two of the symbol's largest orders."""
    await check_market("flash-crash", 161, 60, "DOTUSDT")


@pytest.mark.soak
@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("seed", range(1_000))
async def test_the_market_keeps_its_promises_over_many_seeds(seed: int) -> None:
    for preset in WIDEST:
        await check_market(preset, seed, 60)


async def test_all_kinds_of_agents_trade() -> None:
    async with living(Config(memory=True, market="wild")) as (hall, residents):
        watch = Watch(residents)
        await forward(hall, 600)
        assert set(watch.acts) == {*MAKERS, *TAKERS}
        assert all(symbol.tape.count > 0 for symbol in hall.pit.symbols.values())


async def test_cross_pairs_and_twins_agree() -> None:
    async with living(Config(memory=True)) as (hall, _):
        for _ in range(12):
            await forward(hall, 10)
            check_pairs(hall, 0)


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("side", [BUY, SELL])
async def test_a_sweep_moves_the_price_and_the_market_recovers(side: int) -> None:
    async with living(Config(memory=True, market="calm")) as (hall, residents):
        hall.watched = lambda: True
        symbol = hall.pit.symbols["ETHUSDT"]
        before = middle(symbol)
        for _ in range(10):
            await take(hall, "ETHUSDT", side, 40 * ONE)
        swept = symbol.last_price
        assert apart_bp(swept, before) >= 10
        await hall.advance(hall.clock.now_us() + 2_000_000)
        held = middle(symbol) - residents.fair.price("ETH", "USDT", hall.pit.at_us)
        assert (held > 0) == (side == BUY)
        await forward(hall, 5)
        fair = residents.fair.price("ETH", "USDT", hall.pit.at_us)
        assert apart_bp(middle(symbol), fair) <= 5
        assert spread_bp(symbol) <= 5
        assert hall.pit.audit() == []


@pytest.mark.usefixtures("still")
async def test_two_runs_are_the_same_and_another_seed_is_not() -> None:
    states = []
    for seed in (5, 5, 6):
        async with living(Config(memory=True, seed=seed)) as (hall, _):
            await forward(hall, 30)
            await take(hall, "BTCUSDT", BUY, ONE)
            await forward(hall, 30)
            states.append(hall.pit.state_hash())
    assert states[0] == states[1] != states[2]


@pytest.mark.usefixtures("still")
async def test_a_restarted_world_goes_on_as_one_that_never_stopped(tmp_path: Path) -> None:
    async with living(Config(data=tmp_path / "one")) as (hall, _):
        await forward(hall, 20)
        await forward(hall, 20)
        known = {name: depth(symbol) for name, symbol in hall.pit.symbols.items()}
        trades = {name: symbol.tape.trades for name, symbol in hall.pit.symbols.items()}
    settings = Config(data=tmp_path / "two")
    async with living(settings) as (hall, _):
        await forward(hall, 20)
        state = hall.pit.state_hash()
    async with living(settings) as (hall, _):
        await forward(hall, 20)
        assert {name: depth(symbol) for name, symbol in hall.pit.symbols.items()} == known
        assert {n: s.tape.trades for n, s in hall.pit.symbols.items()} == trades
        assert hall.pit.state_hash() != state


def depth(symbol: Symbol) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    return symbol.book.bids.depth(5000), symbol.book.asks.depth(5000)


async def test_a_frozen_market_stands_and_an_empty_one_is_empty() -> None:
    async with living(Config(memory=True, market="frozen")) as (hall, _):
        before = {name: depth(symbol) for name, symbol in hall.pit.symbols.items()}
        assert all(len(bids) >= 100 and len(asks) >= 100 for bids, asks in before.values())
        await forward(hall, 60)
        assert {name: depth(symbol) for name, symbol in hall.pit.symbols.items()} == before
        assert all(symbol.tape.count == 0 for symbol in hall.pit.symbols.values())
        assert all(hall.healthy().values())
    hall = Hall(Config(memory=True, market="empty"))
    await hall.start()
    assert all(depth(symbol) == ([], []) for symbol in hall.pit.symbols.values())
    assert all(hall.healthy().values())
    await hall.stop()


async def test_on_a_real_clock_they_trade_by_themselves() -> None:
    hall = Hall(Config(memory=True))
    await hall.start()
    before = hall.sequencer.applied_seq
    until = time.monotonic() + 10
    while hall.sequencer.applied_seq < before + 20:
        assert time.monotonic() < until
        await asyncio.sleep(0.05)
    await hall.stop()
