"""The single trades of a shortest span.

One lot each at its four prices, sizes and prices by chance for most, and on each side two closing
trades at neighbouring ticks around what is left, whose quantities make the sums exact. The trades
then take the order of a way from the open over both extremes to the close.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from tradepit.market.chance import DIE
from tradepit.market.splitting import Span

Trade = tuple[int, int, int, int, int, bool]  # see core.tape.Trade
Print = tuple[int, int, bool]  # price, quantity, whether the taker bought
Paid = tuple[int, int, bool, int]  # the same, and what it came to


class Money(Protocol):
    """How trades are paid where it is not price times quantity; see `coins`."""

    def worth(self, qty: int, price: int) -> int: ...
    def side(
        self, span: Span, forced: list[Print], count: int, dice: Sequence[int]
    ) -> list[Paid]: ...


class Sizes(NamedTuple):
    """Units of 1e-8 in a tick and in a lot; tick * lot is `worth` units of the quote asset."""

    tick: int
    lot: int
    worth: int


def throws_for(span: Span) -> int:
    """How many dice `trades_of` needs."""
    return 1 + 4 * span.trades


def trades_of(
    span: Span, sizes: Sizes, dice: Sequence[int], money: Money | None = None
) -> list[Trade]:
    """The span's trades in the order of their ids."""
    side = _side if money is None else money.side
    coins = dice[0]
    opener: Print = (span.open, 1, bool(coins & 1))
    closer: Print = (span.close, 1, bool(coins & 2))
    top: Print = (span.high, 1, True)
    bottom: Print = (span.low, 1, False)
    forced = (opener, closer, top, bottom)
    buyers = [row for row in forced if row[2]]
    sellers = [row for row in forced if not row[2]]
    buys = span.trades * span.bought // (span.bought + span.sold)
    buys = max(len(buyers) + 2, min(buys, span.trades - len(sellers) - 2))
    body = side(span, buyers, buys, dice[1 : 1 + 2 * buys])
    body += side(span, sellers, span.trades - buys, dice[1 + 2 * buys : 1 + 2 * span.trades])
    rising = (coins & 12 != 0) == (span.close >= span.open)  # three of four go the short way
    turns = (bottom, top) if rising else (top, bottom)
    ends = (_paid(opener, money), _paid(closer, money))
    turned = (_paid(turns[0], money), _paid(turns[1], money))
    ordered = _way(ends, turned, body, dice[1 + 2 * span.trades :])
    return _timed(span, sizes, ordered, dice[-span.trades :])


def _paid(row: Print, money: Money | None) -> Paid:
    price, qty, bought = row
    return price, qty, bought, price * qty if money is None else money.worth(qty, price)


def _side(span: Span, forced: list[Print], count: int, dice: Sequence[int]) -> list[Paid]:
    """One side's trades beside the forced ones, `count` with them."""
    bought = forced[0][2]
    high, low = span.high, span.low
    qty, worth = (
        (span.bought, span.bought_worth) if bought else (span.sold, span.sold_worth)
    )  # fmt: skip
    qty -= len(forced)
    worth -= sum(row[0] for row in forced)
    others = count - len(forced) - 2
    found = []
    for i in range(others):
        left = others - i
        die = dice[2 * i]
        size = 1 + qty * 3 * die // (left + 2) * die // (DIE * DIE)
        size = min(size, qty // 2, qty - 1 - left)
        price = low + (dice[2 * i + 1] * (high - low + 1) >> 16)
        rest, rest_worth = qty - size, worth - price * size
        if not low * rest <= rest_worth <= high * rest:
            # Near the mean of what is left, one of two neighbouring ticks always fits.
            price = worth // qty
            if worth - price * size > high * rest:
                price += 1
            rest_worth = worth - price * size
        found.append((price, size, bought, price * size))
        qty, worth = rest, rest_worth
    price, upper = divmod(worth, qty)
    if upper:
        halves = ((price, qty - upper), (price + 1, upper))
    else:
        halves = ((price, qty // 2), (price, qty - qty // 2))
    return found + [(price, part, bought, price * part) for price, part in halves]


def _way(
    ends: tuple[Paid, Paid], turns: tuple[Paid, Paid], body: list[Paid], dice: Sequence[int]
) -> list[Paid]:
    """From the first end over both turns to the last, every trade where the way passes it."""
    legs: tuple[list[Paid], list[Paid], list[Paid]] = ([], [], [])
    (first, last), (turn, back) = ends, turns
    for row, die in zip(body, dice, strict=False):
        leg = die % 3
        if leg == 0:
            leg = 0 if _within(row[0], first[0], turn[0]) else 1
        elif leg == 2:
            leg = 2 if _within(row[0], back[0], last[0]) else 1
        legs[leg].append(row)
    up = turn[0] > back[0]
    legs[0].sort(reverse=not up)
    legs[1].sort(reverse=up)
    legs[2].sort(reverse=not up)
    return [first, *legs[0], turn, *legs[1], back, *legs[2], last]


def _within(price: int, a: int, b: int) -> bool:
    return a <= price <= b or b <= price <= a


def _timed(span: Span, sizes: Sizes, rows: list[Paid], dice: Sequence[int]) -> list[Trade]:
    """The rows at their times, with ids; the first trade ever is when trading opened."""
    count = span.trades
    start_us, width_us = span.start_us, span.end_us - span.start_us
    trade_id = span.first_id
    tick, lot, worth = sizes
    found = []
    for i, (price, qty, bought, paid) in enumerate(rows):
        at_us = start_us + (i * DIE + dice[i]) * width_us // (count * DIE)
        found.append((trade_id + i, price * tick, qty * lot, paid * worth, at_us, not bought))
    if not trade_id:
        found[0] = (*found[0][:4], start_us, found[0][5])
    return found
