"""Answers from the state as it was a while ago: what a replica that lags behind would say.

The replica is another exchange, made of the state at the moment when its rule was armed; it is
given the same commands, late. What lies in SQL is newer than it: rows whose ids it has not given
out yet are left out, and an order that it still holds is told as it holds it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tradepit.core.contracts import PRIVATE_TRADES
from tradepit.core.exchange import Exchange
from tradepit.core.history import Allocated, Amended, FuturesRow, ListRow, MyTrade, Prevented
from tradepit.core.orders import Order
from tradepit.journal.recovery import pack_state, uncollected

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradepit.core.history import History
    from tradepit.core.records import Command
    from tradepit.gateways.worlds import World
    from tradepit.journal.sequencer import Sequencer

MOST_WAITING: Final = 100_000  # commands; the replica catches up with what is beyond


class Replica:
    """The state of `lag_us` of the world's time, or of `behind` commands, ago. All methods belong
    to the event loop; while a thread reads it, it does not move."""

    def __init__(self, world: World, lag_us: int, behind: int) -> None:
        self.world = world
        self.lag_us = lag_us
        self.behind = behind
        live = world.pit
        with uncollected():
            state = msgspec.msgpack.decode(pack_state(live.dump()))
            self.pit = Exchange.load(live.handlers, state)
        for name, symbol in self.pit.symbols.items():
            symbol.tape.past = live.symbols[name].tape.past
        for name, contract in self.pit.contracts.items():
            contract.tape.past = live.contracts[name].tape.past
            contract.premiums = live.contracts[name].premiums
        self._waiting: deque[Command] = deque()
        self._readers = 0
        self._sequencer: Sequencer[Exchange] = world.sequencer
        self._sequencer.followers.append(self._follow)

    def end(self) -> None:
        self._sequencer.followers.remove(self._follow)
        self._waiting.clear()

    def _follow(self, command: Command) -> None:
        self._waiting.append(command)
        self._catch_up()

    def _catch_up(self) -> None:
        """Apply what is old enough by now."""
        if self._readers:
            return
        until_us = self.world.clock.now_us() - self.lag_us
        until_seq = self._sequencer.applied_seq - self.behind
        waiting = self._waiting
        while waiting and (
            (waiting[0].at_us <= until_us and waiting[0].seq <= until_seq)
            or len(waiting) > MOST_WAITING
        ):
            self.pit.apply(waiting.popleft())

    def ask(self, handler: Callable[..., Any], call: Any, pool: Any) -> Any:
        """What a query finds there, or the future of it."""
        self._catch_up()
        if call.who.owner not in self.pit.accounts:
            return handler(self.world.pit, self.world.history, call.who, call.ask)
        found = handler(self.pit, Lagging(self.world.history, self.pit), call.who, call.ask)
        if not callable(found):
            return found
        self._readers += 1
        reading = asyncio.get_running_loop().run_in_executor(pool, found)
        reading.add_done_callback(self._has_read)
        return reading

    def _has_read(self, done: object) -> None:
        self._readers -= 1


class Lagging:
    """A world's history without what `pit`, an older state, does not know. See
    `core.history.History`; what is asked of everybody is told as it is."""

    def __init__(self, history: History, pit: Exchange) -> None:
        self._history = history
        self._pit = pit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._history, name)

    def _old(self, order: Order | None) -> Order | None:
        """An order as the older state has it; None when it has none such."""
        if order is None or order.order_id >= self._pit.symbols[order.symbol.name].next_order_id:
            return None
        opened = self._pit.accounts[order.account.id].symbols.get(order.symbol.name)
        held = None if opened is None else opened.find(order.order_id, None)
        return held or order

    def order(self, owner: int, symbol: str, order_id: int) -> Order | None:
        return self._old(self._history.order(owner, symbol, order_id))

    def order_by_client_id(self, owner: int, symbol: str, client_id: str) -> Order | None:
        return self._old(self._history.order_by_client_id(owner, symbol, client_id))

    def orders(self, owner: int, symbol: str, *, limit: int = 500, **page: Any) -> list[Order]:
        rows = self._history.orders(owner, symbol, limit=limit, **page)
        return [old for old in map(self._old, rows) if old is not None]

    def my_trades(self, owner: int, symbol: str, **page: Any) -> list[MyTrade]:
        first_unknown = self._pit.symbols[symbol].next_trade_id
        rows = self._history.my_trades(owner, symbol, **page)
        return [row for row in rows if row.trade_id < first_unknown]

    def order_list(self, owner: int, **which: Any) -> ListRow | None:
        row = self._history.order_list(owner, **which)
        return None if row is None or row.list_id >= self._pit.next_list_id else row

    def order_lists(self, owner: int, **page: Any) -> list[ListRow]:
        rows = self._history.order_lists(owner, **page)
        return [row for row in rows if row.list_id < self._pit.next_list_id]

    def prevented_matches(self, owner: int, symbol: str, **page: Any) -> list[Prevented]:
        first_unknown = self._pit.symbols[symbol].next_prevented_id
        rows = self._history.prevented_matches(owner, symbol, **page)
        return [row for row in rows if row.match_id < first_unknown]

    def allocations(self, owner: int, symbol: str, **page: Any) -> list[Allocated]:
        first_unknown = self._pit.symbols[symbol].next_allocation_id
        rows = self._history.allocations(owner, symbol, **page)
        return [row for row in rows if row.allocation_id < first_unknown]

    def amendments(self, owner: int, symbol: str, order_id: int, **page: Any) -> list[Amended]:
        first_unknown = self._pit.symbols[symbol].next_exec_id
        rows = self._history.amendments(owner, symbol, order_id, **page)
        return [row for row in rows if row.exec_id < first_unknown]

    def futures(
        self, owner: int, venue: int, what: str, symbol: str, **page: Any
    ) -> list[FuturesRow]:
        rows = self._history.futures(owner, venue, what, symbol, **page)
        if not owner:
            return rows
        return [
            row
            for row in rows
            if row.at_us <= self._pit.at_us and row.row_id <= self._last_id(what, symbol, row)
        ]

    def _last_id(self, what: str, symbol: str, row: FuturesRow) -> int:
        """The last id that was given out; of what has none, the row's: it is known by its time."""
        pit = self._pit
        contract = pit.contracts.get(symbol)
        if what == "income":
            return pit.next_tran_id  # as the next two, it is the last one itself
        if what == "algo":
            return pit.next_algo_id
        if what == "amend":
            return pit.next_amend_id
        if contract is not None and what == "order":
            return contract.next_order_id - 1
        if contract is not None and what == "trade":
            private = row.row_id >= PRIVATE_TRADES
            return (contract.next_private_id if private else contract.next_trade_id) - 1
        return row.row_id
