"""A real exchange with a log and a history, as a server puts them together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tradepit.catalog import language
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.core.terms import BUY, FULL, GTC, LIMIT, SELL
from tradepit.core.units import ONE
from tradepit.data import spot_listing
from tradepit.data.genesis import genesis
from tradepit.journal.clock import WorldClock
from tradepit.journal.datadir import DataDir
from tradepit.journal.memory import MemoryLog
from tradepit.journal.port import Log
from tradepit.journal.recovery import Origins, World, open_world
from tradepit.journal.sequencer import Options, Sequencer
from tradepit.journal.sqlite import SqliteLog
from tradepit.products.spot import order_lists, order_queries, orders
from tradepit.projections.history import SqlHistory
from tradepit.projections.projector import Projector
from tradepit.projections.store import Store, sqlite_url

SYMBOL = "BTCUSDT"
ALICE, BOB, CAROL = Who(1, "alice"), Who(2, "bob"), Who(3, "carol")
BORN_US = 1_700_000_000_000_000
MAKER = 6  # the owner of the resident: quiet
PLACE = "POST /api/v3/order"
CANCEL = "DELETE /api/v3/order"
LISTS = order_lists


def birth() -> Exchange:
    rows = [row for row in spot_listing() if row["symbol"] in ("BTCUSDT", "BTCUSDC", "ETHUSDT")]
    pit = Exchange(
        language.commands(), genesis(rows, seed=7, born_us=BORN_US, residents=("maker",))
    )
    pit.count_orders = False
    return pit


def load(state: dict[str, Any]) -> Exchange:
    return Exchange.load(language.commands(), state)


ORIGINS = Origins(birth, load, language)


class Pit:
    """One running world: `pit.place(...)` is what a client would do."""

    def __init__(self, path: Path, log: Log, clock: WorldClock, options: Options) -> None:
        self.log = log
        self.projector = Projector(Store(sqlite_url(path / "history.sqlite3")))
        self.world: World[Exchange] = open_world(log, ORIGINS, self.projector)
        self.projector.refill(self.world.machine)
        self.sequencer = Sequencer(self.world, clock, options)
        self.sequencer.listen(self.projector.tell)
        self.sequencer.brakes.append(self.projector.behind)
        self.sequencer.cursor = lambda: self.projector.cursor
        self.history = SqlHistory(self.projector, clock, lambda: self.sequencer.machine)

    @property
    def exchange(self) -> Exchange:
        return self.sequencer.machine

    async def place(self, who: Who, side: int, price: float, qty: float, **more: Any) -> Any:
        ask = orders.PlaceOrder(
            **{
                "symbol": SYMBOL, "side": side, "type": LIMIT, "time_in_force": GTC,
                "price": round(price * ONE), "quantity": round(qty * ONE),
                "new_order_resp_type": FULL, **more,
            }
        )  # fmt: skip
        return await self.sequencer.submit(who, PLACE, ask)

    async def buy(self, who: Who, price: float, qty: float, **more: Any) -> Any:
        return await self.place(who, BUY, price, qty, **more)

    async def sell(self, who: Who, price: float, qty: float, **more: Any) -> Any:
        return await self.place(who, SELL, price, qty, **more)

    async def cancel(self, who: Who, order_id: int, symbol: str = SYMBOL) -> Any:
        ask = orders.CancelOrder(symbol=symbol, order_id=order_id)
        return await self.sequencer.submit(who, CANCEL, ask)

    async def order(self, who: Who, **which: Any) -> Any:
        """`GET /api/v3/order`."""
        ask = order_queries.QueryOrder(**{"symbol": SYMBOL, **which})
        found = order_queries.query_order(self.exchange, self.history, who, ask)
        return await asyncio.to_thread(found) if callable(found) else found

    async def orders(
        self, who: Who, *, from_id: int | None = None, start_us: int | None = None,
        end_us: int | None = None, limit: int = 500,
    ) -> list[Any]:  # fmt: skip
        """`GET /api/v3/allOrders`."""
        ask = order_queries.QueryAllOrders(
            symbol=SYMBOL, order_id=from_id, start_time=start_us, end_time=end_us, limit=limit
        )
        found = order_queries.query_all_orders(self.exchange, self.history, who, ask)
        return await asyncio.to_thread(found)


@asynccontextmanager
async def opened(
    path: Path, *, memory: bool = False, options: Options | None = None, killed: bool = False
) -> AsyncIterator[Pit]:
    """A running world in `path`. killed: it is left as a kill leaves it, not stopped."""
    home = DataDir(path)
    log: Log = MemoryLog() if memory else SqliteLog(home, keep_s=0)
    pit = Pit(path, log, WorldClock(), options or Options())
    await pit.projector.start()
    await pit.sequencer.start()
    try:
        yield pit
    finally:
        if not killed:
            await pit.sequencer.stop()
            await pit.projector.stop()
        log.close()
        home.release()
