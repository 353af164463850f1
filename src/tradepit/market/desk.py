"""How a resident trades: by batches of orders through the sequencer, as any client of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Protocol

from tradepit.core.records import Who
from tradepit.core.terms import BUY, LIMIT_MAKER, SELL, TRADING
from tradepit.core.units import parse_units
from tradepit.market.maker import Market, Quote, Resting
from tradepit.products.spot.batch import BATCH, Batch
from tradepit.products.spot.orders import PlaceOrder


class World(Protocol):
    """What a resident sees of the world: its symbols, and the orders of its own accounts."""

    @property
    def symbols(self) -> Mapping[str, Any]: ...
    @property
    def accounts(self) -> Mapping[int, Any]: ...
    @property
    def names(self) -> Mapping[str, int]: ...


class Sequencer(Protocol):
    """Where commands go; `machine` is another object after the world had to be rebuilt."""

    @property
    def machine(self) -> World: ...

    def submit(self, who: Who, op: str, ask: object) -> Awaitable[object]: ...


class SequencerDesk:
    """See `market.maker.Desk`."""

    def __init__(self, sequencer: Sequencer) -> None:
        self._sequencer = sequencer

    def markets(self) -> Mapping[str, Market]:
        return {
            name: symbol
            for name, symbol in self._sequencer.machine.symbols.items()
            if symbol.status == TRADING and symbol.spot_allowed
        }

    def typical_price(self, symbol: str) -> int:
        return parse_units(self._sequencer.machine.symbols[symbol].listing["_price"])

    def last_taker_bought(self, symbol: str) -> bool:
        market = self._sequencer.machine.symbols[symbol]
        trades = market.tape.trades_from(market.next_trade_id - 1, 1)
        return not (trades and trades[-1][-1])  # the last column: whether the buyer was the maker

    def resting(self, account: str, symbol: str) -> list[Resting]:
        world = self._sequencer.machine
        orders = world.accounts[world.names[account]].on(symbol).orders.values()
        return [Resting(o.order_id, o.side == BUY, o.price, o.leaves) for o in orders]

    async def trade(
        self, account: str, symbol: str, cancels: Sequence[int], quotes: Sequence[Quote]
    ) -> None:
        orders = tuple(
            PlaceOrder(
                symbol=symbol,
                side=BUY if quote.buys else SELL,
                type=LIMIT_MAKER,
                price=quote.price,
                quantity=quote.qty,
            )
            for quote in quotes
        )
        ask = Batch(symbol=symbol, cancels=tuple(cancels), orders=orders)
        await self._sequencer.submit(Who(self._sequencer.machine.names[account]), BATCH, ask)
