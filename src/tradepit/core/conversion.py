"""Converting one asset of a futures wallet into another at a price that the spot books make.

A quote is what taking the amount from the books would come to, through USDT where no book has both
assets; it holds for ten seconds. The other side is a house account. Source: the convert pages of
the USDⓈ-M documents; what they leave open is chosen, see docs/decisions/0199-convert.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tradepit.core import clearing
from tradepit.core.bars import DAY_US, HOUR_US
from tradepit.core.contracts import USDM
from tradepit.core.futures_records import (
    AUTO_EXCHANGE,
    SWAP_DEPOSIT,
    SWAP_WITHDRAW,
    AccountUpdate,
    Converted,
)
from tradepit.core.futures_settings import withdrawable
from tradepit.core.rejects import Reject
from tradepit.core.units import ONE, div_floor, mul_floor, step_floor

if TYPE_CHECKING:
    from tradepit.core.book import BookSide
    from tradepit.core.exchange import Exchange
    from tradepit.core.positions import Trader
    from tradepit.core.symbols import Symbol

LIFE_US: Final = 10_000_000  # of a quote
HOURLY: Final = 360  # quotes of one account
DAILY: Final = 500
LEVELS: Final = 5_000  # of a book
BRIDGE: Final = "USDT"
COINS: Final = ("BNB", "BTC", "ETH")  # margin assets that no contract is paid in
LEAST: Final = 20 * ONE  # dollars
MOST: Final = 2_500_000 * ONE

Step = tuple["Symbol", bool]  # a book, and whether its base is given


class Quote:
    """What was offered to an account. Amounts in units; `order_id` once it was accepted."""

    __slots__ = ("asked_us", "give", "give_asset", "id", "order_id", "owner", "take", "take_asset")

    def __init__(self, owner: int, assets: tuple[str, str], give: int, take: int) -> None:
        self.id = 0
        self.owner = owner
        self.give_asset, self.take_asset = assets
        self.give = give
        self.take = take
        self.asked_us = 0
        self.order_id = 0

    @property
    def valid_us(self) -> int:
        return self.asked_us + LIFE_US

    def dump(self) -> list[object]:
        return [
            self.id, self.owner, self.give_asset, self.take_asset, self.give, self.take,
            self.asked_us, self.order_id,
        ]  # fmt: skip


def load(row: list) -> Quote:  # type: ignore[type-arg]
    """A quote from `dump()`."""
    found = Quote(row[1], (row[2], row[3]), row[4], row[5])
    found.id, found.asked_us, found.order_id = row[0], row[6], row[7]
    return found


def assets(pit: Exchange) -> list[str]:
    """What can be converted: what USDⓈ-M wallets hold as margin and has a price."""
    names = {each.margin_asset for each in pit.contracts.values() if each.venue == USDM}
    names.update(COINS)
    return [name for name in sorted(names) if bounds(pit, name) != (0, 0)]


def bounds(pit: Exchange, asset: str) -> tuple[int, int]:
    """The least and the most units of an asset that are converted at once, one digit each; (0, 0)
    where it has no price."""
    rate = pit.collateral_rate(asset, False)
    if not rate:
        return 0, 0
    least, most = div_floor(LEAST, rate), div_floor(MOST, rate)
    low, high = 10 ** (len(str(least)) - 1), 10 ** (len(str(most)) - 1)
    return step_floor(least + low - 1, low), step_floor(most, high)


def route(pit: Exchange, give: str, take: str) -> list[Step]:
    """The books that lead from one asset to another. Raises: Reject ASSET_NOT_SUPPORTED."""
    known = assets(pit)
    if give in known and take in known and give != take:
        direct = _step(pit, give, take)
        if direct is not None and _side(direct).best():
            return [direct]
        first, second = _step(pit, give, BRIDGE), _step(pit, BRIDGE, take)
        if first is not None and second is not None:
            return [first, second]
        if direct is not None:
            return [direct]
    raise Reject("ASSET_NOT_SUPPORTED")


def _step(pit: Exchange, give: str, take: str) -> Step | None:
    symbol = pit.symbols.get(give + take)
    if symbol is not None:
        return symbol, True
    symbol = pit.symbols.get(take + give)
    return None if symbol is None else (symbol, False)


def _side(step: Step) -> BookSide:
    symbol, base_given = step
    return symbol.book.bids if base_given else symbol.book.asks


def _levels(step: Step) -> list[tuple[int, int]]:
    """(units given, units taken) level by level."""
    base_given = step[1]
    found = []
    for price, qty in _side(step).depth(LEVELS):
        worth = mul_floor(price, qty)
        found.append((qty, worth) if base_given else (worth, qty))
    return found


def taken_for(step: Step, give: int) -> int:
    """Units taken for `give` units, cut off. Raises: Reject NO_DEPTH."""
    got = 0
    for most, worth in _levels(step):
        if most >= give:
            return got + (worth * give // most if most else 0)
        give -= most
        got += worth
    raise Reject("NO_DEPTH")


def given_for(step: Step, take: int) -> int:
    """Units to give for `take` units, rounded up. Raises: Reject NO_DEPTH."""
    cost = 0
    for most, worth in _levels(step):
        if worth >= take:
            return cost + (-(-most * take // worth) if worth else 0)
        take -= worth
        cost += most
    raise Reject("NO_DEPTH")


def offer(pit: Exchange, trader: Trader, pair: tuple[str, str], amounts: tuple[int, int]) -> Quote:
    """A quote for one of two amounts (to give, to take; the other 0). Its id is 0 where the wallet
    has not enough to accept it. Raises: Reject."""
    steps = route(pit, *pair)
    give, take = amounts
    name = "fromAmount" if give else "toAmount"
    low, high = bounds(pit, pair[0] if give else pair[1])
    if not low <= (give or take) <= high:
        raise Reject("INVALID_PARAMETER", name)
    _count(pit, trader.account.id)
    if give:
        take = give
        for step in steps:
            take = taken_for(step, take)
    else:
        give = take
        for step in reversed(steps):
            give = given_for(step, give)
    if not give or not take:
        raise Reject("NO_DEPTH")
    quote = Quote(trader.account.id, pair, give, take)
    quote.asked_us = pit.at_us
    if give <= withdrawable(pit, trader, pair[0]):
        pit.next_tran_id += 1
        quote.id = pit.next_tran_id
        pit.quotes[quote.id] = quote
    return quote


def _count(pit: Exchange, owner: int) -> None:
    """Forget what is older than a day. Raises: Reject TOO_MANY_RAW_REQUESTS."""
    for quote in [each for each in pit.quotes.values() if each.asked_us <= pit.at_us - DAY_US]:
        del pit.quotes[quote.id]
    asked = [each.asked_us for each in pit.quotes.values() if each.owner == owner]
    if sum(1 for at_us in asked if at_us > pit.at_us - HOUR_US) >= HOURLY:
        raise Reject("TOO_MANY_RAW_REQUESTS", HOURLY, "HOUR")
    if len(asked) >= DAILY:
        raise Reject("TOO_MANY_RAW_REQUESTS", DAILY, "DAY")


def accept(pit: Exchange, trader: Trader, quote_id: int) -> Quote:
    """Convert as offered. Raises: Reject INVALID_PARAMETER, BALANCE_NOT_SUFFICIENT."""
    quote = pit.quotes.get(quote_id)
    if (
        quote is None or quote.owner != trader.account.id or quote.order_id
        or quote.valid_us <= pit.at_us
    ):  # fmt: skip
        raise Reject("INVALID_PARAMETER", "quoteId")
    if quote.give > withdrawable(pit, trader, quote.give_asset):
        raise Reject("BALANCE_NOT_SUFFICIENT")
    _move(pit, trader, (quote.give_asset, -quote.give), SWAP_WITHDRAW)
    _move(pit, trader, (quote.take_asset, quote.take), SWAP_DEPOSIT)
    quote.order_id = pit.next_tran_id
    if not trader.account.quiet:
        pit.events.append(Converted(trader, quote, pit.at_us))
    return quote


def pay_debts(pit: Exchange, trader: Trader) -> None:
    """What an account in multi-assets mode owes of one asset is paid with its others, those of most
    worth first, at the rates of automatic exchange (`assetIndex`); as far as they reach."""
    for debt in [name for name in trader.wallet if trader.wallet_balance(name) < 0]:
        price = pit.collateral_rate(debt, False)
        rates = {name: pit.collateral_rate(name, True) for name in trader.wallet}
        worth = {name: trader.wallet_balance(name) * rate for name, rate in rates.items()}
        for asset in sorted(worth, key=lambda name: (-worth[name], name)):
            owed = -trader.wallet_balance(debt)
            if owed <= 0 or worth[asset] <= 0 or not price:
                break
            give = min(trader.wallet_balance(asset), -(-owed * price // rates[asset]))
            take = min(owed, give * rates[asset] // price)
            _move(pit, trader, (asset, -give), AUTO_EXCHANGE)
            _move(pit, trader, (debt, take), AUTO_EXCHANGE)


def _move(pit: Exchange, trader: Trader, what: tuple[str, int], why: str) -> None:
    asset, units = what
    pit.pay_house(pit.conversion, trader, asset, units)
    trader.updated_us = pit.at_us
    if trader.account.quiet:
        pit.next_tran_id += 1
        return
    clearing.income(pit, trader, why, asset, units, None)
    update = AccountUpdate(trader, why, pit.at_us)
    clearing.add_balance(update, trader, asset, units)
    pit.events.append(update)
