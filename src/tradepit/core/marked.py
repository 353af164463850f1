"""The course of a contract's index, mark and premium by the minute and the hour, and who holds it.

What is over is told as events, from which histories are made; the state keeps the running ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tradepit.core.bars import HOUR_US, MINUTE_US
from tradepit.core.futures_records import MarkBar, Stand

if TYPE_CHECKING:
    from tradepit.core.contracts import Contract
    from tradepit.core.exchange import Exchange

STAND_US: Final = 5 * MINUTE_US
TOP_SHARE: Final = 5  # one account of so many is a top trader

# Where the open of each course stands in a row.
INDEX: Final = 1
MARK: Final = 5
PREMIUM: Final = 9


def fold(pit: Exchange, contract: Contract, at_us: int) -> None:
    """The marks as they are at a time become part of the running minute and hour."""
    marks = contract.marks
    minute = marks.minute
    if minute and minute[0] // STAND_US != at_us // STAND_US:
        pit.events.append(Stand(contract, stand(pit, contract), at_us - at_us % STAND_US))
    marks.minute = _add(pit, contract, minute, (MINUTE_US, at_us))
    marks.hour = _add(pit, contract, marks.hour, (HOUR_US, at_us))


def _add(pit: Exchange, contract: Contract, row: list[int], when: tuple[int, int]) -> list[int]:
    """The running bar with the marks of now in it; one that is over is told."""
    width_us, at_us = when
    open_us = at_us - at_us % width_us
    marks = contract.marks
    if not row or row[0] != open_us:
        if row:
            pit.events.append(MarkBar(contract, width_us, row, at_us))
        index, mark, premium = marks.index, marks.mark, marks.premium
        return [
            open_us, index, index, index, index, mark, mark, mark, mark, premium, premium, premium,
            premium,
        ]  # fmt: skip
    _stretch(row, INDEX, marks.index)
    _stretch(row, MARK, marks.mark)
    _stretch(row, PREMIUM, marks.premium)
    return row


def _stretch(row: list[int], at: int, value: int) -> None:
    """The value of now becomes part of the course whose open stands at a place."""
    if value == row[at + 3]:
        return
    if value > row[at + 1]:
        row[at + 1] = value
    elif value < row[at + 2]:
        row[at + 2] = value
    row[at + 3] = value


def stand(pit: Exchange, contract: Contract) -> list[int]:
    """See `Stand.row`."""
    holders: list[tuple[int, int, int]] = []  # wallet, owner, signed quantity
    for trader in pit.traders.values():
        holding = trader.holdings.get(contract.name)
        if holding is not None and not holding.flat:
            qty = sum(position.qty for position in holding.positions)
            wallet = trader.wallet_balance(contract.margin_asset)
            holders.append((wallet, trader.account.id, qty))
    holders.sort(reverse=True)
    tops = holders[: -(-len(holders) // TOP_SHARE)]
    worth = contract.notional(contract.marks.mark, contract.open_long)
    row = [contract.open_long, worth]
    for some in (holders, tops):
        row += [sum(1 for each in some if each[2] > 0), sum(1 for each in some if each[2] < 0)]
    row += [
        sum(each[2] for each in tops if each[2] > 0),
        -sum(each[2] for each in tops if each[2] < 0),
    ]
    return row
