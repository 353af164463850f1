"""The projector: listens to what happened and turns it into rows.

Rows are made at once, while the living objects still show what they tell of, and are seen by
queries from then on; a thread writes them to SQL in batches, with the cursor in the same
transaction. Whatever a kill takes is told again by the log. Making a row twice is harmless.

An order gets its one row when it is over: open ones are in the state, which the log brings back.
Agents of the house are quiet: their trades are market data, their orders are not kept.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from tradepit.core import records
from tradepit.core.accounts import Account
from tradepit.core.bars import MINUTE_US, SECOND_US
from tradepit.core.contracts import Contract
from tradepit.core.futures_records import FUTURES_TRADE, FuturesTrade
from tradepit.core.lists import OrderList
from tradepit.core.orders import Order
from tradepit.core.records import (
    Allocation,
    Amendment,
    BlockTrade,
    Fill,
    ListStatus,
    Outcome,
    PreventedMatch,
    Report,
    StatusChange,
)
from tradepit.core.tape import Tape
from tradepit.core.terms import BREAK, BUY, REJECTED
from tradepit.core.units import ONE
from tradepit.projections.futures import FuturesRows
from tradepit.projections.kinds import (
    AGGS,
    ALLOCATIONS,
    AMENDMENTS,
    BARS,
    BLOCKS,
    MY_TRADES,
    ORDER_LISTS,
    ORDERS,
    PREVENTED,
    TRADES,
    Kind,
)
from tradepit.projections.store import Store
from tradepit.projections.tail import Chunk, Row, Tail

_json = msgspec.json.Encoder().encode
_operator = logging.getLogger("tradepit.projections")

# How long rows wait for SQL, so that a batch is worth its transaction: every transaction writes a
# page for each symbol and table in it, which in an idle world is most of what goes to the disk.
_PAUSE_S: Final = 0.5  # with rows of an account
_LAZY_S: Final = 300.0  # with nothing but market data
_ENOUGH: Final = 10_000  # rows, or commands, that do not wait
_TOO_MANY: Final = 50_000  # rows that make commands wait
_AGAIN_S: Final = 1.0
_REPLAY_ROWS: Final = 10_000


class Pit(Protocol):
    """What the projector asks of an exchange as a whole."""

    @property
    def accounts(self) -> dict[int, Account]: ...

    @property
    def seq(self) -> int: ...


class Copy(NamedTuple):
    """A job of the writer's: to copy the database as it is between two batches."""

    path: Path
    done: asyncio.Future[None]


class Projector:
    """See `journal.recovery.Reader`. Until `start` rows are written at once (recovery); afterwards
    by a thread. `tail` is what queries merge with what SQL holds."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.tail = Tail()
        self._cursor = self._told = store.cursor()
        self._rewound = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._soon = False  # the timer is that of an account's rows
        self._jobs: SimpleQueue[Chunk | Copy | None] = SimpleQueue()
        self._copies: list[Copy] = []  # of the jobs, those that nobody took up yet
        self._stopping = threading.Event()
        self._moved = asyncio.Event()
        self._thread = threading.Thread(target=self._write, name="tradepit-history", daemon=True)
        self._touched: dict[Order, None] = {}
        self._lists: dict[OrderList, None] = {}
        self._tapes: dict[str, Tape] = {}
        self._takes: dict[int, Callable[[Any, int], None]] = {
            records.TRADE: self._fill,
            records.REPORT: self._report,
            records.LIST_STATUS: self._list_status,
            records.SYMBOL_STATUS: self._status,
            records.PREVENTED_MATCH: self._prevented,
            records.ALLOCATION: self._allocation,
            records.AMENDMENT: self._amendment,
            records.BLOCK_TRADE: self._block,
        }
        self._world = store.world
        rows = FuturesRows(self._put, store.world)
        self._takes |= rows.takes | {FUTURES_TRADE: self._futures_trade}

    @property
    def cursor(self) -> int:
        """The last command whose rows are all in SQL."""
        return self._cursor

    def behind(self) -> bool:
        """Whether so much waits for SQL that commands should wait too."""
        return self.tail.count > _TOO_MANY

    # --- The writer ----------------------------------------------------------------------------

    async def start(self) -> None:
        """Write from a thread from now on."""
        self._flush()
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def drain(self) -> None:
        """Wait until SQL has everything that was told before."""
        seq = self._told
        while self._cursor < seq and self._loop is not None:
            self._seal()
            self._moved.clear()
            await self._moved.wait()

    def copy(self, path: Path) -> asyncio.Future[None]:
        """Begin to copy the history as it is now, and no later row, into a file that exists and is
        empty. Raises (awaiting): OSError, sqlite3.Error."""
        assert self._loop is not None
        done = self._loop.create_future()
        self._hand_over()
        job = Copy(path, done)
        self._copies.append(job)
        self._jobs.put(job)
        return done

    async def stop(self) -> None:
        """Write what is left, if that can be done, and close the database."""
        if self._loop is not None:
            self._stopping.set()
            self._jobs.put(None)
            await asyncio.to_thread(self._thread.join)
            self._loop = None
            if self._timer is not None:
                self._timer.cancel()
        try:
            for chunk in self.tail.sealed:
                self.store.write(chunk)
                self._written(chunk)
            self._flush()
        except Exception as wrong:
            _operator.error("The end of the history is not written: %s. The log has it.", wrong)
        self.store.close()

    def _flush(self) -> None:
        """Write everything here and now."""
        if self.tail.open.seq > self._cursor:
            chunk = self.tail.seal()
            self.store.write(chunk)
            self._written(chunk)

    def _written(self, chunk: Chunk) -> None:
        self._cursor = chunk.seq
        self.tail.drop(chunk)

    def _schedule(self) -> None:
        loop = self._loop
        if loop is None:
            if self.tail.open.count >= _REPLAY_ROWS:
                self._flush()
        elif not self.tail.sealed:
            opened = self.tail.open
            if opened.count >= _ENOUGH or opened.seq - self._cursor >= _ENOUGH:
                self._seal()
            elif not self._soon and (self._timer is None or (opened.count and opened.personal)):
                self._set_timer(loop)

    def _set_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._soon = self.tail.open.personal
        self._timer = loop.call_later(_PAUSE_S if self._soon else _LAZY_S, self._seal)

    def _seal(self) -> None:
        """Hand the open chunk to the thread; one at a time, so that batches grow under load."""
        if self.tail.sealed:
            self._forget_timer()
        else:
            self._hand_over()

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._soon = False

    def _hand_over(self) -> None:
        self._forget_timer()
        if self.tail.open.seq and not self._stopping.is_set():
            self._jobs.put(self.tail.seal())

    def _done(self, chunk: Chunk) -> None:
        self._written(chunk)
        self._moved.set()
        if self.tail.open.seq > self._cursor:
            self._schedule()

    def _write(self) -> None:
        assert self._loop is not None
        while (chunk := self._jobs.get()) is not None:
            if isinstance(chunk, Copy):
                self._copy(chunk)
                continue
            while True:
                try:
                    self.store.write(chunk)
                except Exception as wrong:
                    _operator.error("The history cannot be written: %s. Trying again.", wrong)
                    self._refuse_copies(wrong)
                    if self._stopping.wait(_AGAIN_S):
                        return
                else:
                    break
            if not self._stopping.is_set():
                self._loop.call_soon_threadsafe(self._done, chunk)

    def _refuse_copies(self, wrong: Exception) -> None:
        """Nobody waits for a copy of what cannot be written."""
        words = str(getattr(wrong, "orig", None) or wrong)
        while self._copies:
            self._end(self._copies.pop(), sqlite3.OperationalError(words))

    def _copy(self, job: Copy) -> None:
        if job not in self._copies:
            return  # refused already
        self._copies.remove(job)
        failure: Exception | None = None
        try:
            self.store.copy(job.path)
        except Exception as wrong:
            failure = wrong
        self._end(job, failure)

    def _end(self, job: Copy, failure: Exception | None) -> None:
        def tell() -> None:
            if job.done.done():
                return
            if failure is None:
                job.done.set_result(None)
            else:
                job.done.set_exception(failure)

        assert self._loop is not None
        self._loop.call_soon_threadsafe(tell)

    # --- Rows ----------------------------------------------------------------------------------

    def tell(self, outcome: Outcome) -> None:
        """Make the rows of what one command came to."""
        seq = outcome.seq
        if seq <= self._told:
            return
        self._told = seq
        takes = self._takes
        for event in outcome.events:
            take = takes.get(event.kind)
            if take is not None:
                take(event, seq)
        if self._touched:
            for order in self._touched:
                self._put_order(order, seq)
            self._touched.clear()
        if self._lists:
            for found in self._lists:
                self._put_list(found, seq)
            self._lists.clear()
        if self._tapes:
            for name, tape in self._tapes.items():
                self._drain(name, tape, seq)
            self._tapes.clear()
        self.tail.open.seq = seq
        self._schedule()

    def _put(self, kind: Kind, row: Row) -> None:
        """Into the open chunk, which is another one after each seal."""
        self.tail.open.put(kind, row)

    def _report(self, report: Report, _seq: int) -> None:
        order = report.order
        if not (order.open or order.account.quiet) and report.status != REJECTED:
            self._touched[order] = None

    def _list_status(self, status: ListStatus, _seq: int) -> None:
        if not status.order_list.account.quiet:
            self._lists[status.order_list] = None

    def _fill(self, fill: Fill, seq: int) -> None:
        symbol = fill.symbol
        put = self.tail.open.put
        put(TRADES, (
            symbol.name, fill.trade_id, fill.price, fill.qty, fill.quote, fill.at_us,
            fill.buyer_is_maker, seq, self._world,
        ))  # fmt: skip
        self._tapes[symbol.name] = symbol.tape
        maker, taker = fill.maker, fill.taker
        if not maker.account.quiet:
            self._my_trade(
                fill, maker, (fill.maker_commission, fill.maker_commission_asset), True, seq
            )
        if taker is not None and not taker.account.quiet:
            self._my_trade(
                fill, taker, (fill.taker_commission, fill.taker_commission_asset), False, seq
            )

    def _futures_trade(self, fill: FuturesTrade, seq: int) -> None:
        contract = fill.contract
        self.tail.open.put(TRADES, (
            contract.key, fill.trade_id, fill.price, fill.qty, fill.value // ONE, fill.at_us,
            fill.buyer_is_maker, seq, self._world,
        ))  # fmt: skip
        self._tapes[contract.key] = contract.tape

    def _my_trade(
        self, fill: Fill, order: Order, paid: tuple[int, str], is_maker: bool, seq: int
    ) -> None:
        self.tail.open.put(MY_TRADES, (
            order.account.id, fill.symbol.name, fill.trade_id, order.order_id, order.list_id,
            fill.price, fill.qty, fill.quote, *paid, fill.at_us, order.side == BUY, is_maker, seq,
            self._world,
        ))  # fmt: skip

    def _prevented(self, match: PreventedMatch, seq: int) -> None:
        owners = dict.fromkeys(
            order.account.id for order in (match.taker, match.maker) if not order.account.quiet
        )
        for owner in owners:
            self.tail.open.put(PREVENTED, (
                owner, match.symbol.name, match.match_id, match.taker.order_id,
                match.maker_symbol.name, match.maker.order_id, match.trade_group, match.mode,
                match.price, match.taker_prevented, match.maker_prevented, match.at_us, seq,
                self._world,
            ))  # fmt: skip

    def _allocation(self, given: Allocation, seq: int) -> None:
        order = given.order
        if not order.account.quiet:
            self.tail.open.put(ALLOCATIONS, (
                order.account.id, given.symbol.name, given.allocation_id, order.order_id,
                order.list_id, given.price, given.qty, given.quote, given.commission,
                given.commission_asset, given.at_us, order.side == BUY, seq, self._world,
            ))  # fmt: skip

    def _amendment(self, done: Amendment, seq: int) -> None:
        order = done.order
        if not order.account.quiet:
            self.tail.open.put(AMENDMENTS, (
                order.account.id, order.symbol.name, order.order_id, done.exec_id,
                done.orig_client_id, done.new_client_id, done.orig_qty, done.new_qty, done.at_us,
                seq, self._world,
            ))  # fmt: skip

    def _block(self, block: BlockTrade, seq: int) -> None:
        self.tail.open.put(BLOCKS, (
            block.symbol.name, block.block_id, block.price, block.qty, block.quote, block.at_us,
            block.buyer_is_maker, seq, self._world,
        ))  # fmt: skip

    def _put_order(self, order: Order, seq: int) -> None:
        self.tail.open.put(ORDERS, (
            order.account.id, order.symbol.name, order.order_id, order.client_id,
            order.created_us, _json(order.dump()).decode(), seq, self._world,
        ))  # fmt: skip

    def _put_list(self, found: OrderList, seq: int) -> None:
        body = [
            found.symbol.name, found.contingency, found.status_type, found.order_status,
            found.updated_us, [[order.order_id, order.client_id] for order in found.orders],
        ]  # fmt: skip
        self.tail.open.put(ORDER_LISTS, (
            found.account.id, found.list_id, found.client_id, found.created_us,
            _json(body).decode(), seq, self._world,
        ))  # fmt: skip

    def _status(self, change: StatusChange, seq: int) -> None:
        """Nothing more is traded on what was delivered: what runs on its tape has no later trade
        that would close it."""
        contract = change.symbol
        if change.status == BREAK and isinstance(contract, Contract):
            self._drain(contract.key, contract.tape, seq)
            for width_us in (SECOND_US, MINUTE_US):
                for bar in contract.tape.running_bars(width_us):
                    row = (contract.key, width_us, *bar.row(), seq, self._world)
                    self.tail.open.put(BARS, row)

    def _drain(self, name: str, tape: Tape, seq: int) -> None:
        """Take what the tape has finished: aggregate trades and bars."""
        put, end = self.tail.open.put, (seq, self._world)
        if tape.closed_aggs:
            for agg in tape.closed_aggs:
                put(AGGS, (name, *agg, *end))
            tape.closed_aggs = []
        if tape.closed_bars:
            for width_us, bar in tape.closed_bars:
                put(BARS, (name, width_us, *bar.row(), *end))
            tape.closed_bars = []

    # --- Recovery ------------------------------------------------------------------------------

    def rewind(self, seq: int) -> None:
        """Forget what came of commands behind `seq`; `refill` puts back what they had changed."""
        self.tail = Tail()
        if seq != self._cursor:
            self.store.rewind(seq)
            self._rewound = True
        self._cursor = self._told = seq

    def refill(self, pit: Pit) -> None:
        """After recovery: write everything that was told, and what a rewind took too much of (a
        list that was there at `seq` and changed behind it is in the state, not in the rows)."""
        if self._rewound:
            for account in pit.accounts.values():
                if not account.quiet:
                    for found in account.lists.values():
                        self._put_list(found, pit.seq)
            self.tail.open.seq = max(self._told, pit.seq)
            self._rewound = False
        self._flush()
