"""The first resident: a maker that keeps both sides of every symbol's book filled.

It has two accounts, since one may have only so many open orders on a symbol; each takes every
other rung of both sides. Both post only (LIMIT_MAKER). On each beat it looks at the symbols that
traded since: what was eaten is put back, around the last price. It never moves the price itself,
and where nothing trades it does nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from tradepit.market.ladder import Ladder, Rules, Rung

ACCOUNTS: Final = ("maker-1", "maker-2")
RUNGS: Final = 200  # a side, at most
FEWEST_RUNGS: Final = 10
ALL_RUNGS: Final = 20_000  # of one side of all symbols together: a start must not take long
BEAT_S: Final = 1.0

_log = logging.getLogger("tradepit.market")


class Market(Rules, Protocol):
    """What everybody can see of a symbol. Prices in units; `last_price` 0: nothing ever traded."""

    @property
    def max_orders(self) -> int: ...
    @property
    def last_price(self) -> int: ...
    @property
    def next_trade_id(self) -> int: ...


class Resting(NamedTuple):
    """An open order of one's own. Price and the quantity that is left in units."""

    order_id: int
    buys: bool
    price: int
    leaves: int


class Quote(NamedTuple):
    """An order to post. Price and quantity in units."""

    buys: bool
    price: int
    qty: int


class Desk(Protocol):
    """The maker's way to the exchange, as a client has it."""

    def markets(self) -> Mapping[str, Market]:
        """The symbols that can be traded now, by name."""

    def typical_price(self, symbol: str) -> int:
        """Where a market that never traded begins, in units."""

    def last_taker_bought(self, symbol: str) -> bool:
        """Whether the taker of the last trade was the buyer; true when nothing ever traded."""

    def resting(self, account: str, symbol: str) -> list[Resting]:
        """The account's open orders on a symbol."""

    async def trade(
        self, account: str, symbol: str, cancels: Sequence[int], quotes: Sequence[Quote]
    ) -> None:
        """First cancel, then post. An item that is refused does not keep the others."""


class Maker:
    """Quotes every symbol of `desk`. `seed` decides prices and sizes."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self._desk = desk
        self._seed = seed
        self._ladders: dict[str, Ladder] = {}
        self._seen: dict[str, int] = {}  # the next trade id at the last look, by symbol
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Fill every book, then look again on every beat until `stop`."""
        await self.beat()
        self._task = asyncio.create_task(self._live(), name="maker")

    async def stop(self) -> None:
        """Leave; the orders stay."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def beat(self) -> None:
        """Look at what traded since the last beat, and fill up what was eaten."""
        markets = self._desk.markets()
        rungs = min(RUNGS, max(FEWEST_RUNGS, ALL_RUNGS // max(len(markets), 1)))
        for name, market in markets.items():
            traded = market.next_trade_id
            if self._seen.get(name) != traded:
                await self._quote(market, rungs)
                self._seen[name] = traded

    async def _live(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                await self.beat()
            except Exception:
                _log.exception("The maker missed a beat.")

    async def _quote(self, market: Market, rungs: int) -> None:
        name = market.name
        anchor = market.last_price or self._desk.typical_price(name)
        ladder = self._ladders.get(name)
        if ladder is None:
            typical = self._desk.typical_price(name)
            ladder = self._ladders[name] = Ladder(market, self._seed, typical)
        resting = [self._desk.resting(account, name) for account in ACCOUNTS]
        above, below = anchor, anchor + 1
        if self._asker_gets(name, anchor, [order for orders in resting for order in orders]):
            above, below = anchor - 1, anchor
        count = min(rungs, market.max_orders or rungs)
        bids = ladder.below(below, count)
        asks = ladder.above(above, count)
        for share, account in enumerate(ACCOUNTS):
            cancels, quotes = _difference(resting[share], _share(bids, share), _share(asks, share))
            if cancels or quotes:
                await self._desk.trade(account, name, cancels, quotes)

    def _asker_gets(self, name: str, anchor: int, resting: list[Resting]) -> bool:
        """Whether a rung at the last price itself is an ask.

        Whoever rests there keeps it; when nobody does, it goes to the taker's side, so that the
        market follows the price.
        """
        for order in resting:
            if order.price == anchor:
                return not order.buys
        return not self._desk.last_taker_bought(name)


def _share(rungs: list[Rung], share: int) -> dict[int, int]:
    """{price: quantity} of one account's rungs."""
    return {rung.price: rung.qty for rung in rungs if rung.k % len(ACCOUNTS) == share}


def _difference(
    resting: list[Resting], bids: dict[int, int], asks: dict[int, int]
) -> tuple[list[int], list[Quote]]:
    """What to cancel and what to post so that `bids` and `asks` rest: {price: quantity}.

    An order of which half or more is left is let be.
    """
    cancels = []
    kept = set()
    for order in resting:
        wanted = (bids if order.buys else asks).get(order.price, 0)
        if wanted and 2 * order.leaves >= wanted:
            kept.add(order.price)
        else:
            cancels.append(order.order_id)
    quotes = [Quote(True, price, qty) for price, qty in bids.items() if price not in kept]
    quotes += [Quote(False, price, qty) for price, qty in asks.items() if price not in kept]
    return cancels, quotes
