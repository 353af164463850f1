"""Accounts on the coin-margined venue: balances, margin and positions."""

from __future__ import annotations

from tradepit.catalog.fields import Int, ShortText, Time
from tradepit.catalog.futures_fields import PositionSide, Shown
from tradepit.catalog.language import USER_DATA, Reply
from tradepit.core import margin
from tradepit.core.contracts import COINM
from tradepit.core.exchange import Exchange
from tradepit.core.history import History
from tradepit.core.positions import Position, Trader
from tradepit.core.records import Who
from tradepit.core.units import ONE
from tradepit.products.futures import shown
from tradepit.products.futures.account import (
    ALIAS,
    EIGHT,
    AssetMargin,
    assets_of,
    break_even,
    entry,
    position_needs,
    signed_notional,
    told_of,
)  # fmt: skip
from tradepit.products.futures.general import Nothing
from tradepit.products.futures.selectors import contracts_of
from tradepit.products.futures.venues import on


class CoinmAsset(Reply):
    asset: str
    wallet_balance: Shown
    unrealized_profit: Shown
    margin_balance: Shown
    maint_margin: Shown
    initial_margin: Shown
    position_initial_margin: Shown
    open_order_initial_margin: Shown
    max_withdraw_amount: Shown
    cross_wallet_balance: Shown
    cross_un_pnl: Shown
    available_balance: Shown
    update_time: Time


class CoinmPosition(Reply):
    symbol: str
    position_amt: Shown
    initial_margin: ShortText
    maint_margin: ShortText
    unrealized_profit: Shown
    position_initial_margin: ShortText
    open_order_initial_margin: ShortText
    leverage: str
    isolated: bool
    position_side: PositionSide
    entry_price: Shown
    break_even_price: Shown
    max_qty: str
    update_time: Time
    notional_value: ShortText


class CoinmAccount(Reply):
    assets: list[CoinmAsset]
    positions: list[CoinmPosition]
    can_deposit: bool
    can_trade: bool
    can_withdraw: bool
    fee_tier: Int
    update_time: Time


def _coinm_asset(pit: Exchange, trader: Trader, asset: str) -> CoinmAsset:
    found = AssetMargin(pit, trader, asset)
    return CoinmAsset(asset=asset, update_time=found.updated_us, **found.fields())


def _coinm_position(position: Position) -> CoinmPosition:
    holding = position.holding
    contract = holding.contract
    own, orders = position_needs(position)
    return CoinmPosition(
        symbol=contract.name,
        position_amt=shown.qty(contract, position.qty),
        initial_margin=own + orders,
        maint_margin=margin.upkeep(position),
        unrealized_profit=EIGHT(position.profit(contract.marks.mark) // ONE),
        position_initial_margin=own,
        open_order_initial_margin=orders,
        leverage=str(holding.leverage),
        isolated=holding.isolated,
        position_side=position.side,
        entry_price=entry(contract, position.entry_price),
        break_even_price=break_even(position),
        max_qty=shown.whole(contract.notional_cap(holding.leverage)),
        update_time=position.updated_us,
        notional_value=signed_notional(position),
    )


@on(
    COINM, "GET /{}/v1/account", ws="account.status", security=USER_DATA, weight=5,
    doc="{}/account#account-information",
)  # fmt: skip
def account_coinm(
    pit: Exchange, history: History, who: Who, ask: Nothing, venue: int
) -> CoinmAccount:
    """Account information."""
    trader = pit.look_trader(who.owner, venue)
    account = trader.account
    return CoinmAccount(
        assets=[_coinm_asset(pit, trader, name) for name in assets_of(pit, trader)],
        positions=[
            _coinm_position(position)
            for contract in contracts_of(pit, venue)
            for position in told_of(trader.look(contract))
        ],
        can_deposit=account.can_deposit,
        can_trade=account.can_trade,
        can_withdraw=account.can_withdraw,
        fee_tier=0,
        update_time=0,
    )


class CoinmBalance(Reply):
    account_alias: str
    asset: str
    balance: Shown
    withdraw_available: Shown
    cross_wallet_balance: Shown
    cross_un_pnl: Shown
    available_balance: Shown
    update_time: Time


@on(
    COINM, "GET /{}/v1/balance", ws="account.balance", security=USER_DATA,
    doc="{}/account#futures-account-balance",
)  # fmt: skip
def balance_coinm(
    pit: Exchange, history: History, who: Who, ask: Nothing, venue: int
) -> list[CoinmBalance]:
    """Futures account balance."""
    trader = pit.look_trader(who.owner, venue)
    rows = []
    for asset in assets_of(pit, trader):
        found = AssetMargin(pit, trader, asset)
        rows.append(CoinmBalance(
            account_alias=ALIAS, asset=asset, balance=EIGHT(found.wallet),
            withdraw_available=EIGHT(found.withdrawable),
            cross_wallet_balance=EIGHT(found.cross_wallet), cross_un_pnl=EIGHT(found.cross_profit),
            available_balance=EIGHT(found.available), update_time=found.updated_us,
        ))  # fmt: skip
    return rows
