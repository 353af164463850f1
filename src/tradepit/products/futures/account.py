"""Accounts on the futures venues: balances, margin, positions, what is configured.

The older forms (v2 on USDⓈ-M, v1 on COIN-M) list every contract, the newer (v3) those with a
position or open orders.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET, UnsetType

from tradepit.catalog.fields import Int, ShortText, Time
from tradepit.catalog.futures_fields import PositionSide, Shown
from tradepit.catalog.language import USER_DATA, Reply
from tradepit.core import margin
from tradepit.core.contracts import USDM, Contract
from tradepit.core.exchange import Exchange
from tradepit.core.futures_settings import withdrawable
from tradepit.core.history import History
from tradepit.core.positions import Holding, Position, Trader
from tradepit.core.records import Who
from tradepit.core.units import ONE
from tradepit.products.futures import shown
from tradepit.products.futures.general import Nothing
from tradepit.products.futures.selectors import contracts_of
from tradepit.products.futures.venues import on

EIGHT = shown.amount
ALIAS = "SgsR"  # every account has one; nothing else names it


class AssetRow(Reply, kw_only=True):
    asset: str
    wallet_balance: Shown
    unrealized_profit: Shown
    margin_balance: Shown
    maint_margin: Shown
    initial_margin: Shown
    position_initial_margin: Shown
    open_order_initial_margin: Shown
    cross_wallet_balance: Shown
    cross_un_pnl: Shown
    available_balance: Shown
    max_withdraw_amount: Shown
    margin_available: bool | UnsetType = UNSET
    update_time: Time


class AssetMargin:
    """An account's margin in one asset, isolated positions included."""

    def __init__(self, pit: Exchange, trader: Trader, asset: str) -> None:
        self.wallet = trader.wallet_balance(asset)
        self.cross_wallet = trader.cross_balance(asset)
        self.profit = self.cross_profit = 0
        self.maintenance = self.positions = self.orders = 0
        for holding in trader.holdings.values():
            if holding.contract.margin_asset != asset or holding.at_rest:
                continue
            profit = margin.profit(holding)
            positions, orders = margin.needs(holding)
            self.profit += profit
            self.maintenance += margin.maintenance(holding)
            self.positions += positions
            self.orders += orders
            if not holding.isolated:
                self.cross_profit += profit
        self.available = max(margin.cross(pit, trader, asset).available, 0)
        self.withdrawable = withdrawable(pit, trader, asset)
        # What a wallet was born with came in at the world's birth: ccxt takes 0 for "not valid".
        self.updated_us = trader.updated_us or (pit.born_us if self.wallet else 0)

    def fields(self) -> dict[str, Shown]:
        """The fields that rows of an asset have on both venues."""
        return {
            "wallet_balance": EIGHT(self.wallet),
            "unrealized_profit": EIGHT(self.profit),
            "margin_balance": EIGHT(self.wallet + self.profit),
            "maint_margin": EIGHT(self.maintenance),
            "initial_margin": EIGHT(self.positions + self.orders),
            "position_initial_margin": EIGHT(self.positions),
            "open_order_initial_margin": EIGHT(self.orders),
            "cross_wallet_balance": EIGHT(self.cross_wallet),
            "cross_un_pnl": EIGHT(self.cross_profit),
            "available_balance": EIGHT(self.available),
            "max_withdraw_amount": EIGHT(self.withdrawable),
        }


def asset_row(pit: Exchange, trader: Trader, asset: str, available: bool | UnsetType) -> AssetRow:
    """One asset of a wallet."""
    found = AssetMargin(pit, trader, asset)
    return AssetRow(
        asset=asset,
        margin_available=available,
        update_time=found.updated_us,
        **found.fields(),
    )


class Totals:
    """What all assets make together in US dollars: in single-asset mode USDT alone."""

    def __init__(self, pit: Exchange, trader: Trader) -> None:
        assets = list(trader.wallet) if trader.multi_assets else ["USDT"]
        self.wallet = self.cross_wallet = self.profit = self.cross_profit = 0
        self.maintenance = self.positions = self.orders = 0
        for asset in assets:
            rate = pit.collateral_rate(asset, False)
            found = AssetMargin(pit, trader, asset)
            self.wallet += found.wallet * rate // ONE
            self.cross_wallet += found.cross_wallet * rate // ONE
            self.profit += found.profit * rate // ONE
            self.cross_profit += found.cross_profit * rate // ONE
            self.maintenance += found.maintenance * rate // ONE
            self.positions += found.positions * rate // ONE
            self.orders += found.orders * rate // ONE
        self.available = max(margin.cross(pit, trader, "USDT").available, 0)
        self.withdrawable = withdrawable(pit, trader, "USDT")

    def fields(self) -> dict[str, Shown]:
        """The fields that both forms of the account tell them in."""
        return {
            "total_initial_margin": EIGHT(self.positions + self.orders),
            "total_maint_margin": EIGHT(self.maintenance),
            "total_wallet_balance": EIGHT(self.wallet),
            "total_unrealized_profit": EIGHT(self.profit),
            "total_margin_balance": EIGHT(self.wallet + self.profit),
            "total_position_initial_margin": EIGHT(self.positions),
            "total_open_order_initial_margin": EIGHT(self.orders),
            "total_cross_wallet_balance": EIGHT(self.cross_wallet),
            "total_cross_un_pnl": EIGHT(self.cross_profit),
            "available_balance": EIGHT(self.available),
            "max_withdraw_amount": EIGHT(self.withdrawable),
        }


class UsdmPositionRow(Reply):
    symbol: str
    initial_margin: ShortText
    maint_margin: ShortText
    unrealized_profit: Shown
    position_initial_margin: ShortText
    open_order_initial_margin: ShortText
    leverage: str
    isolated: bool
    entry_price: Shown
    max_notional: str
    bid_notional: ShortText
    ask_notional: ShortText
    position_side: PositionSide
    position_amt: Shown
    update_time: Time


class UsdmAccount(Reply):
    fee_tier: Int
    fee_burn: bool
    can_trade: bool
    can_deposit: bool
    can_withdraw: bool
    update_time: Time
    multi_assets_margin: bool
    trade_group_id: int
    total_initial_margin: Shown
    total_maint_margin: Shown
    total_wallet_balance: Shown
    total_unrealized_profit: Shown
    total_margin_balance: Shown
    total_position_initial_margin: Shown
    total_open_order_initial_margin: Shown
    total_cross_wallet_balance: Shown
    total_cross_un_pnl: Shown
    available_balance: Shown
    max_withdraw_amount: Shown
    assets: list[AssetRow]
    positions: list[UsdmPositionRow]


def sides_of(trader: Trader, holding: Holding) -> list[Position]:
    """The positions that the account's mode has."""
    return [holding.long, holding.short] if trader.dual else [holding.both]


def told_of(holding: Holding) -> tuple[Position, ...]:
    """The positions that lists of all contracts tell of: in hedge mode the sides, too."""
    return holding.positions if holding.trader.dual else (holding.both,)


def position_needs(position: Position) -> tuple[int, int]:
    """(initial margin, margin of open orders) of one position."""
    holding = position.holding
    own = margin.position_margin(holding, position)
    if position.side == 0:
        return own, margin.needs(holding)[1]
    resting = position.buy_held if position.side == 1 else position.sell_held
    return own, -(-resting // holding.leverage)


def entry(contract: Contract, units: int) -> Shown:
    """An entry price: as many places as the mean may need."""
    return units, 8 if units else 1 if contract.inverse else 5


def break_even(position: Position) -> Shown:
    """The price at which closing pays back the commission so far."""
    contract = position.holding.contract
    return entry(contract, contract.break_even(position.qty, position.cost, position.paid))


def _usdm_position(position: Position) -> UsdmPositionRow:
    holding = position.holding
    contract = holding.contract
    own, orders = position_needs(position)
    return UsdmPositionRow(
        symbol=contract.name,
        initial_margin=own + orders,
        maint_margin=margin.upkeep(position),
        unrealized_profit=EIGHT(position.profit(contract.marks.mark) // ONE),
        position_initial_margin=own,
        open_order_initial_margin=orders,
        leverage=str(holding.leverage),
        isolated=holding.isolated,
        entry_price=entry(contract, position.entry_price),
        max_notional=shown.whole(contract.notional_cap(holding.leverage)),
        bid_notional=position.buy_held,
        ask_notional=position.sell_held,
        position_side=position.side,
        position_amt=shown.qty(contract, position.qty),
        update_time=position.updated_us,
    )


def assets_of(pit: Exchange, trader: Trader) -> list[str]:
    """The assets that a wallet shows: those that contracts are margined in, and what it has."""
    names = dict.fromkeys(c.margin_asset for c in contracts_of(pit, trader.venue))
    names.update(dict.fromkeys(trader.wallet))
    return list(names)


@on(
    USDM, "GET /{}/v2/account", ws="account.status", security=USER_DATA, weight=5,
    doc="{}/account#account-information-v2",
)  # fmt: skip
def account_usdm(
    pit: Exchange, history: History, who: Who, ask: Nothing, venue: int
) -> UsdmAccount:
    """Account information V2."""
    trader = pit.look_trader(who.owner, venue)
    account = trader.account
    return UsdmAccount(
        fee_tier=0,
        fee_burn=trader.fee_burn,
        can_trade=account.can_trade,
        can_deposit=account.can_deposit,
        can_withdraw=account.can_withdraw,
        update_time=0,
        multi_assets_margin=trader.multi_assets,
        trade_group_id=account.trade_group,
        assets=[asset_row(pit, trader, name, True) for name in assets_of(pit, trader)],
        positions=[
            _usdm_position(position)
            for contract in contracts_of(pit, venue)
            for position in told_of(trader.look(contract))
        ],
        **Totals(pit, trader).fields(),
    )


class UsdmPositionV3(Reply):
    symbol: str
    position_side: PositionSide
    position_amt: Shown
    unrealized_profit: Shown
    isolated_margin: Shown
    notional: ShortText
    isolated_wallet: ShortText
    initial_margin: ShortText
    maint_margin: ShortText
    update_time: Time


class UsdmAccountV3(Reply):
    total_initial_margin: Shown
    total_maint_margin: Shown
    total_wallet_balance: Shown
    total_unrealized_profit: Shown
    total_margin_balance: Shown
    total_position_initial_margin: Shown
    total_open_order_initial_margin: Shown
    total_cross_wallet_balance: Shown
    total_cross_un_pnl: Shown
    available_balance: Shown
    max_withdraw_amount: Shown
    assets: list[AssetRow]
    positions: list[UsdmPositionV3]


def live_positions(trader: Trader) -> Iterator[Position]:
    """Those with a quantity or with open orders."""
    for holding in trader.holdings.values():
        if not holding.at_rest:
            for position in sides_of(trader, holding):
                if position.qty or holding.opened.orders:
                    yield position


def isolated_margin(position: Position) -> int:
    """An isolated position's wallet with its profit; 0 for a cross one."""
    holding = position.holding
    if not holding.isolated:
        return 0
    return position.wallet + position.profit(holding.contract.marks.mark) // ONE


def signed_notional(position: Position) -> int:
    contract = position.holding.contract
    worth = contract.notional(contract.marks.mark, position.qty)
    return worth if position.qty >= 0 else -worth


def _position_v3(position: Position) -> UsdmPositionV3:
    contract = position.holding.contract
    own, orders = position_needs(position)
    return UsdmPositionV3(
        symbol=contract.name,
        position_side=position.side,
        position_amt=shown.qty(contract, position.qty),
        unrealized_profit=EIGHT(position.profit(contract.marks.mark) // ONE),
        isolated_margin=EIGHT(isolated_margin(position)),
        notional=signed_notional(position),
        isolated_wallet=position.wallet,
        initial_margin=own + orders,
        maint_margin=margin.upkeep(position),
        update_time=position.updated_us,
    )


@on(
    USDM, "GET /{}/v3/account", ws="v2/account.status", security=USER_DATA, weight=5,
    doc="{}/account#account-information-v3",
)  # fmt: skip
def account_usdm_v3(
    pit: Exchange, history: History, who: Who, ask: Nothing, venue: int
) -> UsdmAccountV3:
    """Account information V3: only symbols with a position or open orders."""
    trader = pit.look_trader(who.owner, venue)
    return UsdmAccountV3(
        assets=[asset_row(pit, trader, name, UNSET) for name in assets_of(pit, trader)],
        positions=[_position_v3(position) for position in live_positions(trader)],
        **Totals(pit, trader).fields(),
    )


class UsdmBalance(Reply):
    account_alias: str
    asset: str
    balance: Shown
    cross_wallet_balance: Shown
    cross_un_pnl: Shown
    available_balance: Shown
    max_withdraw_amount: Shown
    margin_available: bool
    update_time: Time


def _balances(pit: Exchange, who: Who, venue: int) -> list[UsdmBalance]:
    trader = pit.look_trader(who.owner, venue)
    rows = []
    for asset in assets_of(pit, trader):
        found = AssetMargin(pit, trader, asset)
        rows.append(UsdmBalance(
            account_alias=ALIAS, asset=asset, balance=EIGHT(found.wallet),
            cross_wallet_balance=EIGHT(found.cross_wallet), cross_un_pnl=EIGHT(found.cross_profit),
            available_balance=EIGHT(found.available), max_withdraw_amount=EIGHT(found.withdrawable),
            margin_available=True, update_time=found.updated_us,
        ))  # fmt: skip
    return rows


@on(
    USDM, "GET /{}/v2/balance", ws="account.balance", security=USER_DATA, weight=5,
    doc="{}/account#futures-account-balance-v2",
)  # fmt: skip
def balance_v2(
    pit: Exchange, history: History, who: Who, ask: Nothing, venue: int
) -> list[UsdmBalance]:
    """Futures account balance V2."""
    return _balances(pit, who, venue)


@on(
    USDM, "GET /{}/v3/balance", ws="v2/account.balance", security=USER_DATA, weight=5,
    doc="{}/account#futures-account-balance-v3",
)  # fmt: skip
def balance_v3(
    pit: Exchange, history: History, who: Who, ask: Nothing, venue: int
) -> list[UsdmBalance]:
    """Futures account balance V3."""
    return _balances(pit, who, venue)
