"""Index, mark and premium of the contracts, and what hangs on them: triggers, funding, margin.

Marks are taken on the grid of whole seconds: the first command after such a second first sees the
marks as the books then stood. Between two commands no book changes, so that nothing is missed.
Formulas: the exchange's support pages on mark price, index price and funding rates, as
docs/decisions/0181-mark-and-funding.md reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tradepit.core import clearing, liquidation, marked
from tradepit.core.bars import DAY_US, MINUTE_US
from tradepit.core.contracts import BASIS_SAMPLES, SAMPLE_US
from tradepit.core.futures_records import FUNDING_FEE, AccountUpdate, Funding, PositionRow
from tradepit.core.terms import BREAK, TRADING
from tradepit.core.units import ONE

if TYPE_CHECKING:
    from tradepit.core.book import BookSide
    from tradepit.core.contracts import Contract
    from tradepit.core.exchange import Exchange
    from tradepit.core.positions import Position

SECOND_US: Final = 1_000_000
HALF_HOUR_US: Final = 30 * MINUTE_US
INTEREST: Final = ONE * 3 // 10_000  # 0.03 % a day, e8
DAMPER: Final = ONE * 5 // 10_000  # the premium moves the rate only beyond 0.05 %
IMPACT: Final = 200 * ONE  # USDT of margin that the impact prices are asked for

IDLE_FUNDINGS: Final = 270  # ninety days

FUND: Final = "futures.fund"
DELIVER: Final = "futures.deliver"


def begin(pit: Exchange, contract: Contract) -> None:
    """A contract is listed: its first marks, and when it is funded first."""
    marks = contract.marks
    marks.since_us = marks.basis_us = pit.at_us
    marks.index = marks.mark = _index(pit, contract)
    if contract.perpetual:
        width = contract.funding_us
        marks.next_us = pit.at_us - pit.at_us % width + width
        pit.timers.set(marks.next_us, FUND, contract.name)
    else:
        pit.timers.set(contract.delivery_us, DELIVER, contract.name)


def go_on(pit: Exchange, contract: Contract) -> None:
    """A contract was given a past, as its index was: the marks with which that ends."""
    marks = contract.marks
    marks.index = _index(pit, contract)
    marks.basis = [contract.last_price - marks.index]
    marks.mark = contract.last_price


def pass_second(pit: Exchange, at_us: int) -> None:
    """Take all marks as of the whole second `at_us`; then see who must be liquidated."""
    moved = False
    for contract in pit.contracts.values():
        if contract.status != BREAK:  # what was delivered has no price any more
            moved = take(pit, contract, at_us) or moved
    if moved:
        pit.settle()
    liquidation.look(pit)  # a trade or a transfer may have brought somebody down, too


def take(pit: Exchange, contract: Contract, at_us: int) -> bool:
    """The contract's marks at a time. Returns: whether its mark price changed."""
    marks = contract.marks
    index = _index(pit, contract)
    _average(contract, at_us)
    if contract.delivery_us - HALF_HOUR_US <= at_us and not contract.perpetual:
        _settlement(contract, index, at_us)
    marks.index = index
    middle = _middle(contract)
    marks.basis = _basis(contract, (index, middle), at_us)
    if at_us - marks.basis_us >= MINUTE_US:
        marks.basis_us = at_us - at_us % MINUTE_US
    if contract.perpetual:
        marks.premium = _premium(contract)
    moved = set_mark(pit, contract, _mark(contract, (index, middle), at_us))
    marked.fold(pit, contract, at_us)
    return moved


def seen(pit: Exchange, contract: Contract, at_us: int) -> tuple[int, int]:
    """Index and mark (units) as of the last whole second up to a time. Where no command has come
    since that second, what the next one will take there: no book has changed meanwhile."""
    marks = contract.marks
    second_us = at_us - at_us % SECOND_US
    if second_us <= pit.marked_us:
        return marks.index, marks.mark
    index = _index(pit, contract)
    mark = _mark(contract, (index, _middle(contract)), second_us)
    return index, mark if mark > 0 else marks.mark


def set_mark(pit: Exchange, contract: Contract, mark: int) -> bool:
    """The mark price is `mark` now; orders that wait for it fire."""
    marks = contract.marks
    if mark == marks.mark or mark <= 0:
        return False
    marks.mark = mark
    triggers = contract.mark_triggers
    if triggers.stops or triggers.trailing:
        pit.consequences.extend(triggers.traded(mark, pit.at_us))
    return True


def _index(pit: Exchange, contract: Contract) -> int:
    """What the spot market says: the middle of its book, else its last price."""
    marks = contract.marks
    if marks.index_set:
        return marks.index_set
    spot = pit.symbols.get(contract.index_symbol)
    if spot is None:
        return _middle(contract) or contract.last_price or marks.typical
    bid, ask = spot.book.bids.best(), spot.book.asks.best()
    if bid and ask:
        return (bid + ask) // 2 * contract.index_units
    return spot.last_price * contract.index_units if spot.last_price else marks.index


def _middle(contract: Contract) -> int:
    """The middle of the contract's own book, 0 when a side is empty."""
    bid, ask = contract.book.bids.best(), contract.book.asks.best()
    return (bid + ask) // 2 if bid and ask else 0


def _basis(contract: Contract, prices: tuple[int, int], at_us: int) -> list[int]:
    """How far the book's middle was from the index, in each of the last minutes. prices: index and
    middle of now."""
    marks = contract.marks
    if at_us - marks.basis_us < MINUTE_US:
        return marks.basis
    index, middle = prices
    return [*marks.basis, middle - index if middle else 0][-BASIS_SAMPLES:]


def _mark(contract: Contract, prices: tuple[int, int], at_us: int) -> int:
    """What was set, or the median of: the index with the funding to come, the index with the basis
    of the last five minutes, and the last price. prices: index and middle."""
    marks = contract.marks
    if marks.mark_set:
        return marks.mark_set
    index, middle = prices
    samples = _basis(contract, prices, at_us)
    second = index + (sum(samples) // len(samples) if samples else 0)
    if not contract.perpetual:
        return second
    left_us = max(marks.next_us - at_us, 0)
    first = index + (index * marks.last_rate * left_us // (ONE * contract.funding_us))
    third = contract.last_price or middle or index
    low, high = (first, second) if first < second else (second, first)
    return low if third < low else min(third, high)


def _premium(contract: Contract) -> int:
    """The premium index (e8): how far the impact prices lie outside the index."""
    index = contract.marks.index
    worth = IMPACT * contract.brackets[0].leverage
    bid = impact(contract, contract.book.bids, worth)
    ask = impact(contract, contract.book.asks, worth)
    above = max(bid - index, 0) if bid else 0
    below = max(index - ask, 0) if ask else 0
    return (above - below) * ONE // index


def impact(contract: Contract, side: BookSide, worth: int) -> int:
    """The average price (units) of taking `worth` (quote units) from a side; 0: too thin."""
    if side.front is None:
        return 0
    left = worth
    got = 0
    seen = 0
    for window in (8, 64, 512):
        rows = side.depth(window)
        for price, qty in rows[seen:]:
            level = qty * contract.size if contract.inverse else price * qty // ONE
            if level >= left:
                got += left * ONE // price
                return worth * ONE // got if got else price
            left -= level
            got += level * ONE // price
        if len(rows) < window:
            return 0
        seen = len(rows)
    return 0


def _average(contract: Contract, at_us: int) -> None:
    """Count the premium so far: the later a sample of five seconds, the more it weighs."""
    marks = contract.marks
    if not contract.perpetual:
        return
    start_us = marks.next_us - contract.funding_us
    first = (marks.since_us - start_us) // SAMPLE_US
    last = (min(at_us, marks.next_us) - start_us) // SAMPLE_US
    if last > first >= 0:
        weight = last * (last + 1) // 2 - first * (first + 1) // 2
        marks.premium_sum += marks.premium * weight
        marks.premium_weight += weight
    marks.since_us = at_us


def funding_rate(contract: Contract) -> int:
    """The rate (e8) that would be charged if the funding were now."""
    marks = contract.marks
    if marks.rate_set:
        return marks.rate_set[0]
    average = marks.premium
    if marks.premium_weight:
        average = marks.premium_sum // marks.premium_weight
    return rate_of(average, contract.funding_us, contract.funding_cap)


def rate_of(average: int, width_us: int, cap: int) -> int:
    """The funding rate (e8) of an interval whose premium was `average` in the mean."""
    interest = INTEREST * width_us // DAY_US
    rate = average + max(min(interest - average, DAMPER), -DAMPER)
    return max(min(rate, cap), -cap)


def _settlement(contract: Contract, index: int, at_us: int) -> None:
    """Average the index over the last half hour before delivery."""
    marks = contract.marks
    begin_us = contract.delivery_us - HALF_HOUR_US
    since_us = marks.since_us if marks.since_us > begin_us else begin_us
    width_us = min(at_us, contract.delivery_us) - since_us
    if width_us > 0:
        marks.settle_sum += marks.index * width_us
        marks.settle_us += width_us
    marks.since_us = at_us


def delivery_price(contract: Contract) -> int:
    """The price at which a delivery contract is settled: the average index, cut to the tick."""
    marks = contract.marks
    price = marks.settle_sum // marks.settle_us if marks.settle_us else marks.index
    return price - price % contract.tick_size if contract.tick_size else price


# --- Funding -----------------------------------------------------------------------------------


def fund(pit: Exchange, name: str) -> None:
    """A funding time: whoever holds the contract pays or receives rate x notional at the mark."""
    contract = pit.contracts.get(name)
    if contract is None or not contract.perpetual or contract.marks.next_us > pit.at_us:
        return
    if contract.holders == 0 and _skip_idle(pit, contract):
        return
    take(pit, contract, contract.marks.next_us)
    rate = funding_rate(contract)
    marks = contract.marks
    if contract.status == TRADING:
        charge(pit, contract, rate)
    marks.rate_set = []
    marks.last_rate = rate
    marks.premium_sum = marks.premium_weight = 0
    marks.next_us += contract.funding_us
    marks.since_us = max(marks.since_us, marks.next_us - contract.funding_us)
    pit.events.append(Funding(contract, rate, marks.mark, pit.at_us))
    pit.timers.set(marks.next_us, FUND, name)
    liquidation.look(pit)


def _skip_idle(pit: Exchange, contract: Contract) -> bool:
    """Of a long way on which nobody holds the contract only the last fundings are told."""
    marks = contract.marks
    behind = (pit.until_us - marks.next_us) // contract.funding_us
    if behind <= IDLE_FUNDINGS:
        return False
    skipped_us = (behind - IDLE_FUNDINGS) * contract.funding_us
    marks.next_us += skipped_us
    marks.since_us += skipped_us
    pit.timers.set(marks.next_us, FUND, contract.name)
    return True


def charge(pit: Exchange, contract: Contract, rate: int) -> None:
    """Move the fees of one funding through the house's funding account, which keeps nothing: what
    rounding leaves goes to the rounding account."""
    asset = contract.margin_asset
    for trader in list(pit.traders.values()):
        holding = trader.holdings.get(contract.name)
        if holding is None or holding.flat:
            continue
        total = 0
        for position in holding.positions:
            if position.qty:
                total += _fund_position(pit, position, rate)
        if trader.account.quiet:
            continue
        update = AccountUpdate(trader, FUNDING_FEE, pit.at_us)
        update.symbol = contract.name
        clearing.add_balance(update, trader, asset, total)
        if holding.isolated:  # a cross position's funding tells of the balance alone
            update.positions = [PositionRow(each) for each in holding.positions if each.qty]
        pit.events.append(update)
    house = pit.house_balance(pit.funding, asset)
    if house.free:
        pit.ledger.post(house, pit.house_balance(pit.rounding, asset), house.free)


def _fund_position(pit: Exchange, position: Position, rate: int) -> int:
    """Charge one position; what it receives is rounded down, what it pays up. Returns: units."""
    holding = position.holding
    contract = holding.contract
    worth = abs(contract.value(contract.marks.mark, position.qty))
    units = (-worth * rate if position.qty > 0 else worth * rate) // (ONE * ONE)
    pit.pay_house(pit.funding, holding.trader, contract.margin_asset, units)
    if holding.isolated:
        position.wallet += units
    position.updated_us = holding.trader.updated_us = pit.at_us
    clearing.income(pit, holding.trader, FUNDING_FEE, contract.margin_asset, units, contract)
    return units
