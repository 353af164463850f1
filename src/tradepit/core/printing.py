"""Prints: trades that come from outside and become a symbol's own.

While a symbol is replayed, its tape is what a file tells. Both sides of a print are one account of
the house, so no value moves, unless somebody else's order stands in the way: then it trades first,
with that account. Who rests at a better price than the print's is filled whole, at its own price;
who rests at that very price waits for its turn behind what the house shows there, and what it gets
is taken off the print. So without others' orders the tape is the file's, to the last unit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tradepit.core import life, matching
from tradepit.core.orders import Order
from tradepit.core.records import Fill
from tradepit.core.terms import BUY, CANCELED, IOC, LIMIT, SELL
from tradepit.core.units import mul_floor

if TYPE_CHECKING:
    from tradepit.core.accounts import Account
    from tradepit.core.book import BookSide
    from tradepit.core.exchange import Exchange
    from tradepit.core.symbols import Symbol

HOUSE: Final = "Tape"  # the account of all prints; no user's account can be called so
FUNDS: Final = 20_000_000_000_00000000  # of each asset it trades
MOST_SINGLE: Final = 1_000  # trades of one print that are told one by one
SAME_TAKER: Final = -2  # of single trades: those of one time, price and side are one aggregate

# (at_us, price, qty, quote, first id, aggregate's id, count, buyer is maker); an id of -1: unknown
Row = tuple[int, int, int, int, int, int, int, bool]


class Replay:
    """One symbol's replay as far as it is the world's: which tape, and how much of it was told.

    `done` counts in the tape's own way. Its times are `shift_us` later here. `whole`: a print of
    many trades is told as one (the tape has candles only).
    """

    __slots__ = ("done", "maker", "paused", "shift_us", "source", "taker", "whole")

    def __init__(self, source: str, shift_us: int, whole: bool) -> None:
        self.source = source
        self.shift_us = shift_us
        self.whole = whole
        self.done = 0
        self.paused = False
        self.maker: Order | None = None  # stands for the two sides of a print: no part of the state
        self.taker: Order | None = None

    def dump(self) -> list[object]:
        return [self.source, self.shift_us, self.whole, self.done, self.paused]


def load(row: list) -> Replay:  # type: ignore[type-arg]
    found = Replay(row[0], row[1], row[2])
    found.done = row[3]
    found.paused = row[4]
    return found


def begin(pit: Exchange, symbol: Symbol, source: str, shift_us: int, whole: bool) -> Replay:
    """The house leaves the symbol's book; from now on its tape comes from outside."""
    house = house_account(pit)
    for asset in (symbol.base, symbol.quote):
        more = FUNDS - pit.spot(house, asset).free - pit.spot(house, asset).locked
        if more > 0:
            pit.ledger.post(pit.house_balance(pit.faucet, asset), pit.spot(house, asset), more)
    clear(pit, symbol)
    symbol.tape.forget_mean(pit.at_us)
    found = pit.replays[symbol.name] = Replay(source, shift_us, whole)
    return found


def house_account(pit: Exchange) -> Account:
    """The account of all prints; opened when first asked for."""
    owner = pit.names.get(HOUSE)
    if owner is None:
        return pit.open_account({"name": HOUSE, "quiet": True})
    return pit.accounts[owner]


def clear(pit: Exchange, symbol: Symbol) -> None:
    """Cancel every order of the house's accounts on a symbol."""
    for account in pit.accounts.values():
        if account.quiet:
            for order in list(account.on(symbol.name).orders.values()):
                life.finish(pit, order, CANCELED, 0)


def tell(pit: Exchange, symbol: Symbol, replay: Replay, rows: list[Row]) -> None:
    """Take in prints, each at its own time: not later than now, never before the last trade."""
    now_us = pit.at_us
    house = house_account(pit)
    for at_us, price, qty, quote, first_id, agg_id, count, buyer_is_maker in rows:
        pit.at_us = max(at_us, symbol.tape.last_us)
        left, fills, paid = _serve(pit, symbol, house, price, qty, buyer_is_maker)
        if left > 0:
            symbol.next_trade_id = max(symbol.next_trade_id, first_id)
            symbol.tape.agg_id = max(symbol.tape.agg_id, agg_id - 1)
            taker_id = SAME_TAKER if agg_id < 0 else SAME_TAKER - 1 - symbol.next_trade_id
            told = _Print(
                pit.at_us, price, left, max(quote - paid, 0), max(count - fills, 1),
                buyer_is_maker, taker_id,
            )  # fmt: skip
            _print(pit, symbol, replay, house, told)
        pit.settle()
    pit.at_us = now_us


class _Print:
    """What is left of a row once others had their part."""

    __slots__ = ("at_us", "buyer_is_maker", "count", "price", "qty", "quote", "taker_id")

    def __init__(
        self, at_us: int, price: int, qty: int, quote: int, count: int, buyer_is_maker: bool,
        taker_id: int,
    ) -> None:  # fmt: skip
        self.at_us = at_us
        self.price = price
        self.qty = qty
        self.quote = quote
        self.count = count
        self.buyer_is_maker = buyer_is_maker
        self.taker_id = taker_id


def _print(pit: Exchange, symbol: Symbol, replay: Replay, house: Account, told: _Print) -> None:
    if replay.maker is None or replay.taker is None or replay.maker.account is not house:
        replay.maker = Order(symbol, house, BUY, LIMIT, IOC, 0, 0)
        replay.taker = Order(symbol, house, SELL, LIMIT, IOC, 0, 0)
    if replay.whole or told.count == 1:
        _trade(pit, symbol, replay, told, told.count)
        return
    # One by one: even parts, in whole steps where there are so many, the last has the rest.
    step = max(symbol.step_size, 1)
    single = min(told.count, MOST_SINGLE)
    part = told.qty // told.count
    part = part - part % step or part
    qty, quote, count = told.qty, told.quote, told.count
    for number in range(single):
        last = number == single - 1
        told.qty = qty if last else part
        told.quote = quote if last else min(mul_floor(told.price, part), quote)
        _trade(pit, symbol, replay, told, count if last else 1)
        qty -= told.qty
        quote -= told.quote
        count -= 1


def _trade(pit: Exchange, symbol: Symbol, replay: Replay, told: _Print, count: int) -> None:
    assert replay.maker is not None
    fill = Fill(
        symbol, symbol.next_trade_id, told.price, told.qty, told.quote, told.at_us, replay.maker,
        replay.taker, told.buyer_is_maker,
    )  # fmt: skip
    fill.last_id = fill.trade_id + count - 1
    symbol.next_trade_id += count
    symbol.last_price = told.price
    pit.events.append(fill)
    matching.after_trade(pit, symbol, fill, told.taker_id)


def _serve(
    pit: Exchange, symbol: Symbol, house: Account, price: int, qty: int, buyer_is_maker: bool
) -> tuple[int, int, int]:
    """Fill whoever stands in a print's way. Returns: (what is left of its quantity, how many trades
    others had of it, the quote of these)."""
    book = symbol.book
    left = qty
    fills = 0
    paid = 0
    hit = book.side(buyer_is_maker)
    for side in (hit, book.side(not buyer_is_maker)):
        while True:
            level = side.front
            if level is None or (level.price - price) * side.sign < 0:
                break
            order = level.head
            assert order is not None
            if level.price == price:
                if left > 0:
                    left, n, worth = _touch(pit, house, side, price, left)
                    fills += n
                    paid += worth
                break
            if order.account is house:
                life.finish(pit, order, CANCELED, 0)
            else:
                _meet(pit, house, order, order.leaves)
    return left, fills, paid


def _touch(
    pit: Exchange, house: Account, side: BookSide, price: int, left: int
) -> tuple[int, int, int]:
    """Those who rest at the print's own price, in their turn."""
    fills = 0
    paid = 0
    ahead = left  # of the print's quantity, what nobody had yet
    level = side.levels.get(price)
    order = level.head if level is not None else None
    while order is not None and order.level is level and ahead > 0:
        after = order.next  # what a fill sets off may take it away, too
        units = min(ahead, order.leaves)
        if order.account is not house:
            _meet(pit, house, order, units)
            left -= units
            fills += 1
            paid += mul_floor(price, units)
        elif units == order.leaves:
            life.finish(pit, order, CANCELED, 0)
        else:
            _shrink(pit, order, units)
        ahead -= units
        order = after
    return left, fills, paid


def _meet(pit: Exchange, house: Account, maker: Order, qty: int) -> None:
    """The house takes `qty` of somebody's order, at that order's price."""
    side = SELL if maker.side == BUY else BUY
    pit.at_us = max(pit.at_us, maker.created_us)
    taker = Order(maker.symbol, house, side, LIMIT, IOC, qty, maker.limit_price)
    life.hold(pit, taker, life.required(pit, taker))
    life.accept(pit, taker)
    while taker.leaves > 0:
        matching.trade(pit, maker, taker, min(taker.leaves, maker.visible))
    pit.settle()


def _shrink(pit: Exchange, order: Order, less: int) -> None:
    """An order of the house's book is smaller now and keeps its place."""
    order.qty -= less
    order.leaves -= less
    if order.side == BUY and order.opened is not None:
        order.opened.buy_qty -= less
    matching.trim_hold(pit, order)
    order.symbol.book.reduce(order, min(order.visible, order.leaves))
