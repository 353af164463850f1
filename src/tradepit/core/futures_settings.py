"""What an account may choose on a futures venue: leverage, margin type, position mode, multi-assets
mode, the margin of an isolated position; and moving money between wallets.

Each function says no before it changes anything. Source: the trade pages and error codes of the
futures documents; documented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepit.core import clearing, margin
from tradepit.core.contracts import refusal
from tradepit.core.futures_records import (
    TRANSFER_INCOME,
    WHY_DEPOSIT,
    WHY_MARGIN_TRANSFER,
    WHY_MARGIN_TYPE,
    WHY_WITHDRAW,
    AccountUpdate,
    ConfigUpdate,
    MarginChange,
)
from tradepit.core.records import BalanceUpdate
from tradepit.core.rejects import Reject
from tradepit.core.units import ONE

if TYPE_CHECKING:
    from tradepit.core.accounts import Account
    from tradepit.core.contracts import Contract
    from tradepit.core.exchange import Exchange
    from tradepit.core.positions import Position, Trader


def set_leverage(pit: Exchange, trader: Trader, contract: Contract, leverage: int) -> None:
    """Raises: Reject INVALID_LEVERAGE, or what forbids the change with what is open."""
    if not 1 <= leverage <= contract.brackets[0].leverage:
        raise Reject("INVALID_LEVERAGE", leverage)
    holding = trader.holding(contract)
    before = holding.leverage
    if holding.isolated and leverage < before and not holding.flat:
        raise refusal(trader.venue, "ISOLATED_LEVERAGE_REJECT_WITH_POSITION")
    mark = contract.marks.mark
    for position in holding.positions:
        worth = contract.notional(mark, position.qty) + max(position.buy_held, position.sell_held)
        if worth > contract.notional_cap(leverage):
            raise Reject("MAX_LEVERAGE_RATIO")
    holding.leverage = leverage
    if leverage < before and margin.cross(pit, trader, contract.margin_asset).available < 0:
        holding.leverage = before
        raise Reject("MIN_LEVERAGE_RATIO")
    if not trader.account.quiet:
        pit.events.append(ConfigUpdate(trader, contract, leverage, pit.at_us))


def set_margin_type(pit: Exchange, trader: Trader, contract: Contract, isolated: bool) -> None:
    """Cross or isolated margin, while nothing is open. Raises: Reject."""
    holding = trader.holding(contract)
    if trader.multi_assets and isolated:
        raise Reject("JOINT_MARGIN_REJECT_WITH_ISOLATED")
    if holding.isolated == isolated:
        raise Reject("NO_NEED_TO_CHANGE_MARGIN_TYPE")
    if holding.opened.orders or holding.algos.orders:
        raise Reject("THERE_EXISTS_OPEN_ORDERS")
    if not holding.flat:
        raise Reject("THERE_EXISTS_QUANTITY")
    holding.isolated = isolated
    if not trader.account.quiet:
        update = AccountUpdate(trader, WHY_MARGIN_TYPE, pit.at_us)
        clearing.add_positions(update, holding.both)
        pit.events.append(update)


def set_dual(trader: Trader, dual: bool) -> None:
    """Hedge mode or one-way mode, on all contracts, while nothing is open. Raises: Reject."""
    if trader.dual == dual:
        raise Reject("NO_NEED_TO_CHANGE_POSITION_SIDE")
    if _orders_open(trader):
        raise Reject("POSITION_SIDE_CHANGE_EXISTS_OPEN_ORDERS")
    if trader.exposed:
        raise Reject("POSITION_SIDE_CHANGE_EXISTS_QUANTITY")
    trader.dual = dual


def _orders_open(trader: Trader) -> bool:
    """Algo orders wait as much as others do."""
    return bool(trader.orders_open) or any(h.algos.orders for h in trader.holdings.values())


def set_multi_assets(pit: Exchange, trader: Trader, multi: bool) -> None:
    """Let all assets stand behind all positions, or each only behind its own. Raises: Reject."""
    if trader.multi_assets == multi:
        raise Reject("NO_NEED_TO_CHANGE_JOINT_MARGIN")
    if _orders_open(trader):
        raise Reject("JOINT_MARGIN_REJECT_WITH_OPEN_ORDER")
    if multi and any(holding.isolated for holding in trader.holdings.values()):
        raise Reject("ISOLATED_REJECT_WITH_JOINT_MARGIN")
    if any(balance.free < 0 for balance in trader.wallet.values()):
        raise Reject("JOINT_MARGIN_REJECT_WITH_NEGATIVE_BALANCE")
    trader.multi_assets = multi
    if any(margin.cross(pit, trader, asset).available < 0 for asset in list(trader.wallet)):
        trader.multi_assets = not multi
        raise Reject("JOINT_MARGIN_REJECT_WITH_MB")
    if not trader.account.quiet:
        pit.events.append(ConfigUpdate(trader, None, 0, pit.at_us))


def move_margin(pit: Exchange, position: Position, units: int) -> None:
    """Add margin to an isolated position, or (negative) take some back. Raises: Reject."""
    holding = position.holding
    trader = holding.trader
    contract = holding.contract
    asset = contract.margin_asset
    if not holding.isolated:
        raise Reject("ADD_ISOLATED_MARGIN_REJECT")
    if position.qty == 0:
        raise Reject("ADD_ISOLATED_MARGIN_NO_POSITION_REJECT")
    if units > 0 and units > margin.cross(pit, trader, asset).available:
        raise Reject("CROSS_BALANCE_INSUFFICIENT")
    if units < 0:
        loss = min(position.profit(contract.marks.mark) // ONE, 0)
        spare = position.wallet + loss - margin.position_margin(holding, position)
        if -units > spare:
            raise Reject("ISOLATED_BALANCE_INSUFFICIENT")
    position.wallet += units
    position.updated_us = trader.updated_us = pit.at_us
    if trader.account.quiet:
        return
    update = AccountUpdate(trader, WHY_MARGIN_TRANSFER, pit.at_us)
    clearing.add_balance(update, trader, asset, 0)
    clearing.add_positions(update, position)
    pit.events.append(update)
    pit.events.append(MarginChange(position, units, pit.at_us))


# --- Between wallets ---------------------------------------------------------------------------


def transfer_in(pit: Exchange, account: Account, venue: int, asset: str, units: int) -> int:
    """Move units from the spot wallet to a futures wallet. Returns: the transfer's id.

    Raises: Reject.
    """
    check_asset(pit, venue, asset)
    purse = account.balances.get(asset)
    if purse is None or purse.free < units:
        raise Reject("TRANSFER_INSUFFICIENT")
    trader = pit.trader(account.id, venue)
    pit.ledger.post(purse, pit.futures_balance(trader, asset), units)
    return _told(pit, trader, asset, units)


def transfer_out(pit: Exchange, account: Account, venue: int, asset: str, units: int) -> int:
    """Move units that no margin needs from a futures wallet to the spot wallet. Raises: Reject."""
    check_asset(pit, venue, asset)
    trader = pit.trader(account.id, venue)
    if units > withdrawable(pit, trader, asset):
        raise Reject("TRANSFER_INSUFFICIENT")
    pit.ledger.post(pit.futures_balance(trader, asset), pit.spot(account, asset), units)
    return _told(pit, trader, asset, -units)


def withdrawable(pit: Exchange, trader: Trader, asset: str) -> int:
    """Units of an asset that may leave the wallet."""
    whole = margin.cross(pit, trader, asset)
    if not trader.multi_assets:
        return whole.withdrawable
    rate = pit.collateral_rate(asset, True)
    return min(whole.withdrawable * ONE // rate if rate else 0, trader.wallet_balance(asset))


def check_asset(pit: Exchange, venue: int, asset: str) -> None:
    """Only what some contract is margined in, or pays commission, is taken."""
    for contract in pit.contracts.values():
        if contract.venue == venue and contract.margin_asset == asset:
            return
    if venue != 1 or asset not in (pit.discount_asset, "BTC", "ETH"):
        raise Reject("BAD_ASSET")


def _told(pit: Exchange, trader: Trader, asset: str, units: int) -> int:
    account = trader.account
    trader.updated_us = pit.at_us
    if account.quiet:
        pit.next_tran_id += 1
        return pit.next_tran_id
    pit.events.append(BalanceUpdate(account, asset, -units, pit.at_us))
    clearing.income(pit, trader, TRANSFER_INCOME, asset, units, None)
    update = AccountUpdate(trader, WHY_DEPOSIT if units > 0 else WHY_WITHDRAW, pit.at_us)
    clearing.add_balance(update, trader, asset, units)
    pit.events.append(update)
    return pit.next_tran_id
