"""The end of a delivery contract: everything is settled at the average index of its last half hour,
and the pair gets its next quarter.

Source: the exchange's pages on delivery; the calendar is that of its listings: quarters end on the
last Friday of March, June, September and December, 08:00 UTC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tradepit.core import clearing, futures_life, marking
from tradepit.core.bars import DAY_US, HOUR_US, civil, days_of
from tradepit.core.contracts import Contract
from tradepit.core.futures_orders import SETTLED, FuturesOrder
from tradepit.core.futures_records import DELIVERY_SETTLEMENT
from tradepit.core.records import StatusChange
from tradepit.core.terms import (
    BREAK,
    BUY,
    EXPIRY_DELISTED,
    FILLED,
    IOC,
    MARKET,
    POSITION_BOTH,
    SELL,
)

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.positions import Position

EIGHT_US: Final = 8 * HOUR_US
QUARTERS: Final = ("CURRENT_QUARTER", "NEXT_QUARTER")
WORDS: Final = ("", "settlement_autoclose-", "delivery_autoclose-")  # of client ids, by venue


def quarter_end(after_us: int) -> int:
    """The first end of a quarter after a time, in µs."""
    year, month = civil(after_us // DAY_US)
    month = (month + 2) // 3 * 3
    while True:
        last = days_of(year, month + 1) - 1
        friday = last - (last - 1) % 7  # day 1 was a Friday
        end_us = friday * DAY_US + EIGHT_US
        if end_us > after_us:
            return end_us
        year, month = (year, month + 3) if month < 12 else (year + 1, 3)


def name_of(pair: str, end_us: int) -> str:
    """BTCUSDT_261225."""
    days = end_us // DAY_US
    year, month = civil(days)
    return f"{pair}_{year % 100:02d}{month:02d}{days - days_of(year, month) + 1:02d}"


def deliver(pit: Exchange, name: str) -> None:
    """A contract's time is over: orders are cancelled, positions settled, the next is listed."""
    contract = pit.contracts.get(name)
    if contract is None or contract.status == BREAK or contract.delivery_us > pit.at_us:
        return
    marking.take(pit, contract, contract.delivery_us)
    price = marking.delivery_price(contract)
    contract.delivery_price = price
    contract.status = BREAK
    pit.events.append(StatusChange(contract, BREAK, pit.at_us))
    _settle_all(pit, contract, price)
    _list_next(pit, contract)
    _forget_older(pit, contract)


def _forget_older(pit: Exchange, last: Contract) -> None:
    """Of a pair's contracts that are over, the last one stays to be looked at."""
    for contract in list(pit.contracts.values()):
        if contract.pair == last.pair and contract.status == BREAK and contract is not last:
            del pit.contracts[contract.name]
            for trader in pit.traders.values():
                trader.holdings.pop(contract.name, None)
                trader.countdowns.pop(contract.name, None)


def _settle_all(pit: Exchange, contract: Contract, price: int) -> None:
    """End what everybody has of a contract. All positions sum to nothing, and so do their values:
    what each loses by being cut off is the last one's."""
    held = [trader.holdings.get(contract.name) for trader in list(pit.traders.values())]
    left = sum(1 for holding in held if holding for each in holding.positions if each.qty)
    rest = 0
    for holding in held:
        if holding is None:
            continue
        futures_life.expire_all(pit, holding.trader, contract, EXPIRY_DELISTED)
        for position in holding.positions:
            if position.qty:
                left -= 1
                value = abs(contract.value(price, position.qty)) if left else abs(rest)
                rest += value if position.qty > 0 else -value
                _settle(pit, position, price, value)


def _settle(pit: Exchange, position: Position, price: int, value: int) -> None:
    """Close a position at the delivery price, by an order of the exchange's own; value: what it
    comes to, in 1e-16."""
    contract = position.holding.contract
    order = _settlement(pit, position)
    qty, long = order.qty, position.qty > 0
    futures_life.accept(pit, order)
    clearing.filled(order, qty, value, pit.at_us)
    told = clearing.traded(order, qty, price, value)
    told.trade_id = contract.next_private_id
    contract.next_private_id += 1
    told.realized = clearing.move(
        pit, position, -qty if long else qty, -value if long else value
    )  # fmt: skip
    order.realized = told.realized
    position.updated_us = order.trader.updated_us = pit.at_us
    if not order.account.quiet:
        clearing.tell(pit, told, DELIVERY_SETTLEMENT)
    futures_life.finish(pit, order, FILLED)


def _settlement(pit: Exchange, position: Position) -> FuturesOrder:
    """The order that settles a position."""
    side = SELL if position.qty > 0 else BUY
    order = FuturesOrder(position, side, MARKET, abs(position.qty), 0)
    order.tif = IOC
    order.forced = SETTLED
    order.reduce_only = position.side == POSITION_BOTH
    word = WORDS[order.contract.venue]
    order.client_id = f"{word}{pit.at_us // 1000}{order.contract.next_order_id % 100:02d}"
    return order


def _list_next(pit: Exchange, gone: Contract) -> None:
    """The next quarter becomes the current one, and the one behind it is listed."""
    current, following = QUARTERS
    last_us = gone.delivery_us
    for contract in pit.contracts.values():
        if contract.pair == gone.pair and contract.contract_type == following:
            contract.listing = {**contract.listing, "contractType": current}
            contract.contract_type = current
            last_us = contract.delivery_us
    end_us = quarter_end(last_us)
    row = {
        **gone.listing,
        "symbol": name_of(gone.pair, end_us),
        "deliveryDate": end_us // 1000,
        "onboardDate": pit.at_us // 1000,
        "contractType": following if last_us != gone.delivery_us else current,
    }
    if row["symbol"] not in pit.contracts:
        born = pit.contracts[row["symbol"]] = Contract(row)
        marking.begin(pit, born)
        pit.events.append(StatusChange(born, born.status, pit.at_us))
