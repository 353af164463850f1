"""Futures streams that speak of trades, of the book, and of what happens to contracts.

Payloads, their fields and speeds: the pages on market streams of both futures documents, in the
form of September 2024; documented. COIN-M has an order of fields of its own. Streams that fold over
time stand in `futures_folds`; what a name means, in `futures_names`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from tradepit.catalog.kinds import TRUTHS, quote_places
from tradepit.core.contracts import Contract
from tradepit.core.futures_records import FORCED, FUTURES_TRADE, Forced, FuturesTrade
from tradepit.core.records import SYMBOL_STATUS, Event, StatusChange
from tradepit.core.terms import CONTRACT_STATUSES, FUTURES_ORDER_TYPES, ORDER_STATUSES, SIDES
from tradepit.gateways.feeds import (
    FAST_US,
    NEVER_US,
    SLOW_US,
    BestFeed,
    DiffFeed,
    EarFeed,
    Feed,
    Levels,
    PartialFeed,
    SymbolFeed,
    best_of,
    round_up,
)
from tradepit.products.futures.selectors import contracts_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradepit.core.symbols import Symbol
    from tradepit.gateways.hub import Channel, Hub

BESTS_US: Final = 5_000_000  # how often USDⓈ-M tells of all best quotes


def price_text(contract: Contract, units: int) -> str:
    return quote_places(units, contract.price_places)


def qty_text(contract: Contract, units: int) -> str:
    return quote_places(units, contract.qty_places)


def name_of(contract: Contract) -> str:
    """The symbol as most events say it; a COIN-M one is followed by its pair."""
    pair = f',"ps":"{contract.pair}"' if contract.inverse else ""
    return f'"s":"{contract.name}"{pair}'


def contract_of(symbol: Symbol) -> Contract:
    """What a feed of a futures stream calls its symbol."""
    assert isinstance(symbol, Contract)
    return symbol


# --- Trades ------------------------------------------------------------------------------------


class FuturesTradeFeed(EarFeed, SymbolFeed):
    """Every trade of the book, as it happens; the insurance fund's and ADL's are not among them."""

    kind = FUTURES_TRADE

    def hear(self, event: Event) -> None:
        trade = cast("FuturesTrade", event)
        if trade.contract.key != self.key:
            return
        contract = trade.contract
        price, qty = price_text(contract, trade.price), qty_text(contract, trade.qty)
        self.channel.publish(
            lambda unit: (
                f'{{"e":"trade","E":{trade.at_us // unit},"T":{trade.at_us // unit},'
                f'"s":"{self.name}","t":{trade.trade_id},"p":{price},"q":{qty},'
                f'"X":"MARKET","m":{TRUTHS[trade.buyer_is_maker]}}}'
            )
        )


class FuturesAggFeed(EarFeed, SymbolFeed):
    """The aggregate trades of the last 100 ms."""

    kind = FUTURES_TRADE
    period_us = FAST_US

    def __init__(self, hub: Hub, channel: Channel, name: str) -> None:
        super().__init__(hub, channel, name)
        self.pending: dict[int, list[FuturesTrade]] = {}  # by aggregate id

    def hear(self, event: Event) -> None:
        trade = cast("FuturesTrade", event)
        if trade.contract.key == self.key:
            self.pending.setdefault(trade.agg_id, []).append(trade)

    def beat(self, at_us: int) -> None:
        found, self.pending = self.pending, {}
        for agg_id, trades in found.items():
            self._tell(agg_id, trades, at_us)

    def _tell(self, agg_id: int, trades: list[FuturesTrade], at_us: int) -> None:
        first, last, contract = trades[0], trades[-1], trades[0].contract
        symbol, number = f'"s":"{self.name}"', f'"a":{agg_id}'
        names = f"{number},{symbol}" if contract.inverse else f"{symbol},{number}"
        qty = qty_text(contract, sum(trade.qty for trade in trades))
        self.channel.publish(
            lambda unit: (
                f'{{"e":"aggTrade","E":{at_us // unit},{names},'
                f'"p":{price_text(contract, first.price)},"q":{qty},"f":{first.trade_id},'
                f'"l":{last.trade_id},"T":{first.at_us // unit},'
                f'"m":{TRUTHS[first.buyer_is_maker]}}}'
            )
        )


# --- The book ----------------------------------------------------------------------------------


class FuturesBestFeed(BestFeed):
    """bookTicker: the best bid and ask whenever one of them changes."""

    newest_only = True

    def tell(self) -> None:
        contract = contract_of(self.symbol)
        text = best_text(contract, self.best)
        at_us = self.hub.moment_us
        self.channel.publish(lambda unit: text(at_us // unit), newest_only=self.newest_only)


def best_text(contract: Contract, best: tuple[int, int, int, int]) -> Callable[[int], str]:
    """The event of a best quote, given the time in its unit."""
    update_id = contract.book.update_id
    quotes = (
        f'"b":{price_text(contract, best[0])},"B":{qty_text(contract, best[1])},'
        f'"a":{price_text(contract, best[2])},"A":{qty_text(contract, best[3])}'
    )
    head, name = f'{{"e":"bookTicker","u":{update_id},', name_of(contract)
    if contract.inverse:
        return lambda at: f'{head}{name},{quotes},"T":{at},"E":{at}}}'
    return lambda at: f'{head}"E":{at},"T":{at},{name},{quotes}}}'


class _OneOfAll(FuturesBestFeed):
    """A contract's best quotes, on the channel of all: the newest of one is not that of another."""

    newest_only = False


class AllBestsFeed(EarFeed):
    """!bookTicker of COIN-M: as each contract's own, at once. Contracts that are listed meanwhile
    join."""

    kind = SYMBOL_STATUS

    def __init__(self, hub: Hub, channel: Channel, venue: int) -> None:
        super().__init__(hub, channel)
        self.venue = venue
        self.parts: dict[str, _OneOfAll] = {}

    def start(self) -> None:
        super().start()
        self._gather()

    def _gather(self) -> None:
        for contract in contracts_of(self.hub.pit, self.venue):
            if contract.name not in self.parts:
                part = self.parts[contract.name] = _OneOfAll(self.hub, self.channel, contract.name)
                part.start()

    def stop(self) -> None:
        super().stop()
        for part in self.parts.values():
            part.stop()

    def hear(self, event: Event) -> None:
        self._gather()


class SlowBestsFeed(Feed):
    """!bookTicker of USDⓈ-M: every five seconds, of the contracts whose best quotes changed."""

    period_us = BESTS_US

    def __init__(self, hub: Hub, channel: Channel, venue: int) -> None:
        super().__init__(hub, channel)
        self.venue = venue
        self.told: dict[str, tuple[int, int, int, int]] = {}

    def start(self) -> None:
        super().start()
        self.told = {each.name: best_of(each) for each in contracts_of(self.hub.pit, self.venue)}

    def _changed(self) -> list[Contract]:
        return [
            each
            for each in contracts_of(self.hub.pit, self.venue)
            if self.told.get(each.name) != best_of(each)
        ]

    def due_us(self, at_us: int) -> int:
        return round_up(at_us, self.period_us) if self._changed() else NEVER_US

    def beat(self, at_us: int) -> None:
        for contract in self._changed():
            best = self.told[contract.name] = best_of(contract)
            text = best_text(contract, best)
            self.channel.publish(lambda unit, text=text: text(at_us // unit))  # type: ignore[misc]


class FuturesDiffFeed(DiffFeed):
    """Diff. depth: `pu` is the `u` of the event before. marked: with the fields that came with the
    venues' merger (RPI depth, which USDⓈ-M alone has, is younger than these)."""

    def __init__(
        self, hub: Hub, channel: Channel, name: str, period_us: int, marked: bool = False
    ) -> None:
        super().__init__(hub, channel, name, period_us)
        self.tail = f',"ps":"{contract_of(self.symbol).pair}","st":1' if marked else ""

    def levels(self, rows: Levels) -> str:
        return level_texts(contract_of(self.symbol), rows)

    def tell(self, at_us: int, ids: tuple[int, int], bids: str, asks: str) -> None:
        contract = contract_of(self.symbol)
        changed_us = self.hub.pit.at_us
        text = depth_text(contract, ids, (bids, asks), self.tail)
        self.channel.publish(lambda unit: text(at_us // unit, changed_us // unit))


class FuturesPartialFeed(PartialFeed):
    """The best levels of both sides, when any of the book changed. What is shown once more to
    somebody new goes on from itself."""

    def __init__(self, hub: Hub, channel: Channel, name: str, shape: tuple[int, int]) -> None:
        super().__init__(hub, channel, name, shape)
        self.told_id = self.symbol.book.update_id

    def tell(self, at_us: int, bids: Levels, asks: Levels) -> None:
        contract = contract_of(self.symbol)
        ids, self.told_id = (self.told_id, self.last_id), self.last_id
        changed_us = self.hub.pit.at_us
        rows = (level_texts(contract, bids), level_texts(contract, asks))
        text = depth_text(contract, ids, rows)
        self.channel.publish(lambda unit: text(at_us // unit, changed_us // unit), newest_only=True)


def level_texts(contract: Contract, rows: Levels) -> str:
    """Prices and quantities (units) as JSON, in the contract's places."""
    made = (f"[{price_text(contract, price)},{qty_text(contract, qty)}]" for price, qty in rows)
    return f"[{','.join(made)}]"


def depth_text(
    contract: Contract, ids: tuple[int, int], rows: tuple[str, str], tail: str = ""
) -> Callable[[int, int], str]:
    """The event of a book, given its time and the change's. ids: the book's when it was told of
    last, and now. `U` is the first of them: the documents want a snapshot's id to lie within an
    event, which in a quiet book no other `U` would allow."""
    return lambda at, changed: (
        f'{{"e":"depthUpdate","E":{at},"T":{changed},{name_of(contract)},"U":{ids[0]},'
        f'"u":{ids[1]},"pu":{ids[0]},"b":{rows[0]},"a":{rows[1]}{tail}}}'
    )


# --- What happens to contracts -----------------------------------------------------------------


class ForceFeed(EarFeed):
    """Liquidation orders: of each contract the last of a second. name: "" for all of a venue."""

    kind = FORCED
    period_us = SLOW_US

    def __init__(self, hub: Hub, channel: Channel, venue: int, name: str = "") -> None:
        super().__init__(hub, channel)
        self.venue = venue
        self.name = name
        self.pending: dict[str, Forced] = {}

    def hear(self, event: Event) -> None:
        forced = cast("Forced", event)
        contract = forced.order.contract
        if not forced.adl and contract.venue == self.venue and self.name in ("", contract.name):
            self.pending[contract.name] = forced

    def beat(self, at_us: int) -> None:
        found, self.pending = self.pending, {}
        for forced in found.values():
            text = force_text(forced)
            self.channel.publish(
                lambda unit, text=text, forced=forced: text(  # type: ignore[misc]
                    at_us // unit, forced.at_us // unit
                )
            )


def force_text(forced: Forced) -> Callable[[int, int], str]:
    """The event of a liquidation order, given its time and the order's."""
    order = forced.order
    contract = order.contract
    row = (
        f'{name_of(contract)},"S":"{SIDES[order.side]}","o":"{FUTURES_ORDER_TYPES[order.type]}","f":"IOC",'
        f'"q":{qty_text(contract, order.qty)},"p":{price_text(contract, order.price)},'
        f'"ap":{price_text(contract, forced.average)},"X":"{ORDER_STATUSES[forced.status]}",'
        f'"l":{qty_text(contract, forced.last_qty)},"z":{qty_text(contract, forced.executed)}'
    )
    return lambda at, done: f'{{"e":"forceOrder","E":{at},"o":{{{row},"T":{done}}}}}'


class ContractFeed(EarFeed):
    """!contractInfo: a contract is listed, or settled."""

    kind = SYMBOL_STATUS

    def __init__(self, hub: Hub, channel: Channel, venue: int) -> None:
        super().__init__(hub, channel)
        self.venue = venue

    def hear(self, event: Event) -> None:
        change = cast("StatusChange", event)
        contract = change.symbol
        if not isinstance(contract, Contract) or contract.venue != self.venue:
            return
        facts = (
            f'"s":"{contract.name}","ps":"{contract.pair}","ct":"{contract.contract_type}",'
            f'"dt":{contract.delivery_us // 1000},"ot":{contract.listing["onboardDate"]},'
            f'"cs":"{CONTRACT_STATUSES[change.status]}"'
        )
        self.channel.publish(
            lambda unit: f'{{"e":"contractInfo","E":{change.at_us // unit},{facts}}}'
        )
