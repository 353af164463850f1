"""What blocks, to be awaited: the same names, carried out in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Concatenate, Generic, ParamSpec, TypeVar

from tradepit.embed.parts import Account, Clock, Contract, Faults, Market
from tradepit.embed.world import World

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")


class Twin(Generic[T]):
    """Something whose methods are carried out in threads."""

    def __init__(self, of: T) -> None:
        self.of = of

    def __repr__(self) -> str:
        return f"{self.of!r}, to be awaited"


class _awaited(Generic[T, P, R]):
    """A method of the one in `of`, as a method of its twin."""

    def __init__(self, method: Callable[Concatenate[T, P], R]) -> None:
        self.method = method
        self.__doc__ = method.__doc__

    def __get__(self, twin: Twin[T], _: object) -> Callable[P, Awaitable[R]]:
        def begin(*args: P.args, **named: P.kwargs) -> Awaitable[R]:
            return asyncio.to_thread(self.method, twin.of, *args, **named)

        return begin


class AsyncClock(Twin[Clock]):
    advance = _awaited(Clock.advance)
    set = _awaited(Clock.set)
    freeze = _awaited(Clock.freeze)
    run = _awaited(Clock.run)

    async def now_ms(self) -> int:
        return await asyncio.to_thread(lambda: self.of.now_ms)


class AsyncFaults(Twin[Faults]):
    add = _awaited(Faults.add)
    clear = _awaited(Faults.clear)


class AsyncMarket(Twin[Market]):
    row = _awaited(Market.row)
    set = _awaited(Market.set)
    halt = _awaited(Market.halt)
    open = _awaited(Market.open)
    depth = _awaited(Market.depth)


class AsyncContract(Twin[Contract]):
    row = _awaited(Contract.row)
    set = _awaited(Contract.set)
    free = _awaited(Contract.free)
    fund = _awaited(Contract.fund)
    liquidate = _awaited(Contract.liquidate)


class AsyncAccount(Twin[Account]):
    call = _awaited(Account.call)
    buy = _awaited(Account.buy)
    sell = _awaited(Account.sell)
    order = _awaited(Account.order)
    open_orders = _awaited(Account.open_orders)
    cancel_all = _awaited(Account.cancel_all)
    trades = _awaited(Account.trades)
    balance = _awaited(Account.balance)
    give = _awaited(Account.give)
    take = _awaited(Account.take)
    listen_key = _awaited(Account.listen_key)
    set = _awaited(Account.set)


class AsyncWorld(Twin[World]):
    call = _awaited(World.call)
    get = _awaited(World.get)
    refusals = _awaited(World.refusals)
    audit = _awaited(World.audit)
    save = _awaited(World.save)
    load = _awaited(World.load)
    rewind = _awaited(World.rewind)
    reset = _awaited(World.reset)
    fork = _awaited(World.fork)

    @property
    def clock(self) -> AsyncClock:
        return AsyncClock(self.of.clock)

    @property
    def faults(self) -> AsyncFaults:
        return AsyncFaults(self.of.faults)

    def market(self, symbol: str) -> AsyncMarket:
        return AsyncMarket(self.of.market(symbol))

    def contract(self, symbol: str) -> AsyncContract:
        return AsyncContract(self.of.contract(symbol))

    async def account(self, name: str) -> AsyncAccount:
        return AsyncAccount(await asyncio.to_thread(self.of.account, name))

    async def open_account(self, name: str) -> AsyncAccount:
        return AsyncAccount(await asyncio.to_thread(self.of.open_account, name))


__all__ = [
    "AsyncAccount",
    "AsyncClock",
    "AsyncContract",
    "AsyncFaults",
    "AsyncMarket",
    "AsyncWorld",
]
