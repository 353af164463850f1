"""What happens in a world, as server-sent events for whoever watches it over HTTP.

An event is one JSON object; its id is the number of the command that brought it (of a refusal: its
number on the request log). Nobody watching costs one look a command.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tradepit.catalog.kinds import dumps
from tradepit.core import records
from tradepit.core.terms import EXECUTION_TYPES, ORDER_STATUSES, SIDES, SYMBOL_STATUSES
from tradepit.core.units import text_units
from tradepit.gateways.answers import Page
from tradepit.gateways.checks import CONTROL, Call
from tradepit.gateways.trail import Refusal, Trail, asked_of

if TYPE_CHECKING:
    from tradepit.core.records import Event, Outcome

log = logging.getLogger("tradepit.watchers")

KINDS: Final = ("trade", "block", "order", "balance", "lock", "symbol", "refused", "request")
USUAL: Final = KINDS[:-1]  # what is told when no kinds are named
KIND: Final = b"text/event-stream"
BEAT_S: Final = 15.0
MOST_UNREAD: Final = 1 << 20  # bytes: who reads slower than that is cut off
MOST: Final = 64  # watchers of one world


class Watcher(Page):
    """One connection that watches: an answer without an end."""

    __slots__ = ("_beat", "_transport", "kinds", "watchers")

    def __init__(self, watchers: Watchers, kinds: frozenset[str]) -> None:
        super().__init__(200, b"", KIND)
        self.watchers = watchers
        self.kinds = kinds
        self._transport: asyncio.Transport
        self._beat: asyncio.TimerHandle

    def begin(self, transport: asyncio.Transport, head: bytes) -> None:
        """Take over a connection from which nothing more is read."""
        self._transport = transport
        head += b"Cache-Control: no-store\r\nConnection: close\r\n\r\n"
        transport.write(head + b": what happens in this world\n\n")
        self.watchers.add(self)
        self._next_beat()

    def _next_beat(self) -> None:
        self._beat = asyncio.get_running_loop().call_later(BEAT_S, self._keep_alive)

    def _keep_alive(self) -> None:
        """A comment now and then, so that either side notices when the other is gone."""
        self.tell(b":\n\n")
        if self in self.watchers.watching:
            self._next_beat()

    def check(self) -> bool:
        """Whether anybody is still there."""
        if self._transport.is_closing():
            self.end()
        return self in self.watchers.watching

    def tell(self, frame: bytes) -> None:
        if not self.check():
            return
        self._transport.write(frame)
        if self._transport.get_write_buffer_size() > MOST_UNREAD:
            self.end()
            self._transport.abort()

    def end(self) -> None:
        self.watchers.drop(self)
        self._beat.cancel()
        self._transport.close()


class Watchers:
    """All who watch one world."""

    def __init__(self, trail: Trail) -> None:
        self.watching: dict[Watcher, None] = {}
        self._trail = trail
        trail.listeners.append(self.refused)

    def add(self, watcher: Watcher) -> None:
        self.watching[watcher] = None
        if self.passed not in self._trail.followers:
            self._trail.followers.append(self.passed)

    def drop(self, watcher: Watcher) -> None:
        self.watching.pop(watcher, None)
        if not self.watching and self.passed in self._trail.followers:
            self._trail.followers.remove(self.passed)

    def count(self) -> int:
        """How many there are, now that those who went are forgotten."""
        for watcher in list(self.watching):
            watcher.check()
        return len(self.watching)

    def applied(self, outcome: Outcome) -> None:
        """A listener of the sequencer."""
        if not self.watching:
            return
        for event in outcome.events:
            tell = _TOLD.get(event.kind)
            if tell is not None:
                kind, told = tell(event)
                if told is not None:
                    self._tell(kind, outcome.seq, told)

    def refused(self, row: Refusal) -> None:
        """A listener of the request log."""
        if self.watching:
            told: dict[str, object] = {
                "at": row.at // 1_000, "account": row.account, "operation": row.operation,
                "path": row.path, "code": row.code, "msg": row.msg, "reason": row.reason,
            }  # fmt: skip
            self._tell("refused", row.number, told)

    def passed(self, call: Call) -> None:
        """A follower of the request log: a request that was not refused."""
        if not any("request" in watcher.kinds for watcher in self.watching):
            return
        operation = call.operation
        if operation is None or operation.path.startswith(CONTROL):
            return
        account = call.world.pit.accounts.get(call.who.owner)
        over_ws = hasattr(call, "given")
        told: dict[str, object] = {
            "at": call.now_us // 1_000, "account": None if account is None else account.name,
            "apiKey": call.who.key or None, "via": "WS" if over_ws else "REST",
            "operation": operation.id, "asked": asked_of(call), "status": 200,
            "tookUs": time.time_ns() // 1_000 - call.now_us,
        }  # fmt: skip
        self._tell("request", call.world.pit.seq, told)

    def _tell(self, kind: str, number: int, told: dict[str, object]) -> None:
        frame = f"id: {number}\nevent: {kind}\ndata: {dumps(told)}\n\n".encode()
        for watcher in list(self.watching):
            if kind in watcher.kinds:
                watcher.tell(frame)

    def shut_down(self) -> None:
        """The server stops."""
        for watcher in list(self.watching):
            watcher.end()


_Told = tuple[str, dict[str, object] | None]


def _trade(event: Event) -> _Told:
    assert isinstance(event, records.Fill)
    return "trade", {
        "at": event.at_us // 1_000,
        "symbol": event.symbol.name,
        "tradeId": event.trade_id,
        "price": text_units(event.price),
        "qty": text_units(event.qty),
        "buyerIsMaker": event.buyer_is_maker,
        "maker": event.maker.account.name,
        "taker": None if event.taker is None else event.taker.account.name,
    }


def _block(event: Event) -> _Told:
    assert isinstance(event, records.BlockTrade)
    return "block", {
        "at": event.at_us // 1_000,
        "symbol": event.symbol.name,
        "blockTradeId": event.block_id,
        "price": text_units(event.price),
        "qty": text_units(event.qty),
        "buyerIsMaker": event.buyer_is_maker,
    }


def _order(event: Event) -> _Told:
    assert isinstance(event, records.Report)
    order = event.order
    if order.account.quiet:
        return "order", None
    return "order", {
        "at": event.at_us // 1_000,
        "account": order.account.name,
        "symbol": order.symbol.name,
        "orderId": order.order_id,
        "clientOrderId": event.client_id,
        "side": SIDES[order.side],
        "executionType": EXECUTION_TYPES[event.exec_type],
        "status": ORDER_STATUSES[event.status],
        "price": text_units(order.price),
        "origQty": text_units(event.qty),
        "executedQty": text_units(event.executed),
    }


def _balance(event: Event) -> _Told:
    assert isinstance(event, (records.BalanceUpdate, records.ExternalLock))
    return "lock" if isinstance(event, records.ExternalLock) else "balance", {
        "at": event.at_us // 1_000,
        "account": event.account.name,
        "asset": event.asset,
        "delta": text_units(event.delta),
    }


def _symbol(event: Event) -> _Told:
    assert isinstance(event, records.StatusChange)
    return "symbol", {
        "at": event.at_us // 1_000,
        "symbol": event.symbol.name,
        "status": SYMBOL_STATUSES[event.status],
    }


_TOLD: Final[dict[int, Callable[[Event], _Told]]] = {
    records.TRADE: _trade,
    records.BLOCK_TRADE: _block,
    records.REPORT: _order,
    records.BALANCE_UPDATE: _balance,
    records.EXTERNAL_LOCK: _balance,
    records.SYMBOL_STATUS: _symbol,
}
