"""Commission: rates x what was received, taken from it or, at a discount, from BNB.

Source: faqs/commission_faq.md; documented. Rounded half up to the unit, as its examples are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepit.core.units import ONE, mul_half_up, ratio_half_up

if TYPE_CHECKING:
    from tradepit.core.accounts import Account
    from tradepit.core.exchange import Exchange
    from tradepit.core.ledger import Balance
    from tradepit.core.symbols import Symbol


def charge(
    pit: Exchange, account: Account, symbol: Symbol, is_buyer: bool, is_maker: bool,
    received: int, balance: Balance,
) -> tuple[int, str]:  # fmt: skip
    """Take the commission on `received` units of `balance`'s asset.

    Returns: (units, asset) that were paid.
    """
    terms = account.commission_on(symbol.name)
    if account.discount_on and terms.discount_on:
        paid = _in_discount_asset(pit, account, symbol, is_buyer, is_maker, received, balance)
        if paid >= 0:
            return paid, pit.discount_asset
    units = mul_half_up(received, terms.rate(is_maker, is_buyer))
    if units > received:
        units = received
    if units:
        pit.ledger.post(balance, pit.house_balance(pit.fees, balance.asset.name), units)
    return units, balance.asset.name


def _in_discount_asset(
    pit: Exchange, account: Account, symbol: Symbol, is_buyer: bool, is_maker: bool,
    received: int, balance: Balance,
) -> int:  # fmt: skip
    """Pay in BNB. Returns the units paid, -1 when it cannot be done."""
    terms = account.commission_on(symbol.name)
    standard = terms.standard.rate(is_maker, is_buyer)
    others = terms.special.rate(is_maker, is_buyer) + terms.tax.rate(is_maker, is_buyer)
    # e16 rate: the discount multiplies the standard part only.
    rate = standard * terms.discount + others * ONE
    asset = balance.asset.name
    above, under = conversion(pit, asset)
    if under == 0:
        return -1
    units = ratio_half_up(received * rate * above, ONE * ONE * under)
    purse = pit.spot(account, pit.discount_asset)
    if purse.free < units:
        return -1
    if units:
        pit.ledger.post(purse, pit.house_balance(pit.fees, pit.discount_asset), units)
    return units


def conversion(pit: Exchange, asset: str) -> tuple[int, int]:
    """How many units of the discount asset one unit of `asset` is worth, as (above, under).

    By the last price of the direct symbol, either way round, else through USDT. (0, 0): unknown.
    """
    target = pit.discount_asset
    if asset == target:
        return 1, 1
    direct = _last(pit, asset, target)
    if direct[1]:
        return direct
    first = _last(pit, asset, "USDT")
    second = _last(pit, "USDT", target)
    return first[0] * second[0], first[1] * second[1]


def _last(pit: Exchange, asset: str, other: str) -> tuple[int, int]:
    """One `asset` in `other` by the last trade, as (above, under); (0, 0) when none is known."""
    forward = pit.symbols.get(asset + other)
    if forward is not None and forward.last_price:
        return forward.last_price, ONE
    backward = pit.symbols.get(other + asset)
    if backward is not None and backward.last_price:
        return ONE, backward.last_price
    return 0, 0
