"""An account itself: balances, commission rates, unfilled order counts, filters."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, UnsetType

from tradepit.catalog.fields import (
    Amount,
    Bool,
    Int,
    Long,
    Rate,
    SymbolName,
    Time,
)  # fmt: skip
from tradepit.catalog.language import DATABASE, MEMORY, USER_DATA, Ask, Reply, operation
from tradepit.core.accounts import ORDER_LIMITS, Rates
from tradepit.core.exchange import Exchange
from tradepit.core.history import History
from tradepit.core.records import Who
from tradepit.core.units import ONE, text_units
from tradepit.products.spot.orders import Discount

# --- Account -----------------------------------------------------------------------------------


class QueryAccount(Ask):
    omit_zero_balances: Bool | None = None


class CommissionRates(Reply):
    maker: Rate
    taker: Rate
    buyer: Rate
    seller: Rate


class BalanceRow(Reply):
    asset: str
    free: Amount
    locked: Amount


class AccountInfo(Reply, kw_only=True):
    maker_commission: Int
    taker_commission: Int
    buyer_commission: Int
    seller_commission: Int
    commission_rates: CommissionRates
    can_trade: bool
    can_withdraw: bool
    can_deposit: bool
    brokered: bool
    require_self_trade_prevention: bool
    prevent_sor: bool
    update_time: Time
    account_type: str
    balances: list[BalanceRow]
    permissions: list[str]
    trade_group_id: Long | UnsetType = UNSET
    uid: Long


def _rates(rates: Rates) -> CommissionRates:
    return CommissionRates(
        maker=rates.maker, taker=rates.taker, buyer=rates.buyer, seller=rates.seller
    )


def _bips(rate: int) -> int:
    """A rate (e8) in the basis points of the older fields."""
    return rate * 10_000 // ONE


@operation(
    "GET /api/v3/account", ws="account.status", security=USER_DATA, weight=20, source=MEMORY,
    doc="rest-api.md#account-information-user_data",
)  # fmt: skip
def query_account(pit: Exchange, history: History, who: Who, ask: QueryAccount) -> AccountInfo:
    """Account information."""
    account = pit.accounts[who.owner]
    rates = account.commission.standard
    return AccountInfo(
        maker_commission=_bips(rates.maker),
        taker_commission=_bips(rates.taker),
        buyer_commission=_bips(rates.buyer),
        seller_commission=_bips(rates.seller),
        commission_rates=_rates(rates),
        can_trade=account.can_trade,
        can_withdraw=account.can_withdraw,
        can_deposit=account.can_deposit,
        brokered=False,
        require_self_trade_prevention=account.require_stp,
        prevent_sor=account.prevent_sor,
        update_time=account.updated_us,
        account_type="SPOT",
        balances=[
            BalanceRow(asset=name, free=balance.free, locked=balance.locked)
            for name, balance in account.balances.items()
            if balance.free or balance.locked or not ask.omit_zero_balances
        ],
        permissions=account.permissions,
        trade_group_id=UNSET if account.trade_group == -1 else account.trade_group,
        uid=account.uid,
    )


# --- Counts ------------------------------------------------------------------------------------


class QueryOrderCount(Ask):
    pass


class OrderCount(Reply):
    rate_limit_type: str
    interval: str
    interval_num: Int
    limit: Int
    count: Int


@operation(
    "GET /api/v3/rateLimit/order", ws="account.rateLimits.orders", security=USER_DATA, weight=40,
    source=MEMORY, doc="rest-api.md#query-unfilled-order-count-user_data",
)  # fmt: skip
def query_order_count(
    pit: Exchange, history: History, who: Who, ask: QueryOrderCount
) -> list[OrderCount]:
    """Query unfilled order count, for all intervals."""
    counts = pit.accounts[who.owner].counts_at(history.now_us())
    return [
        OrderCount(
            rate_limit_type="ORDERS",
            interval=interval,
            interval_num=number,
            limit=limit,
            count=count,
        )
        for (_, interval, number, _, limit), count in zip(ORDER_LIMITS, counts, strict=True)
    ]


# --- Commission, amendments, filters -----------------------------------------------------------


class QueryCommission(Ask):
    symbol: SymbolName


class CommissionInfo(Reply):
    symbol: str
    standard_commission: CommissionRates
    special_commission: CommissionRates
    tax_commission: CommissionRates
    discount: Discount


@operation(
    "GET /api/v3/account/commission", ws="account.commission", security=USER_DATA, weight=20,
    source=DATABASE, doc="rest-api.md#query-commission-rates-user_data",
)  # fmt: skip
def query_commission(
    pit: Exchange, history: History, who: Who, ask: QueryCommission
) -> CommissionInfo:
    """Query commission rates."""
    symbol = pit.symbol(ask.symbol)
    account = pit.accounts[who.owner]
    terms = account.commission_on(symbol.name)
    return CommissionInfo(
        symbol=symbol.name,
        standard_commission=_rates(terms.standard),
        special_commission=_rates(terms.special),
        tax_commission=_rates(terms.tax),
        discount=Discount(
            enabled_for_account=account.discount_on,
            enabled_for_symbol=terms.discount_on,
            discount_asset=pit.discount_asset,
            discount=terms.discount,
        ),
    )


class QueryFilters(Ask):
    symbol: SymbolName


class MyFilters(Reply):
    exchange_filters: list[dict[str, Any]]
    symbol_filters: list[dict[str, Any]]
    asset_filters: list[dict[str, Any]]


@operation(
    "GET /api/v3/myFilters", ws="myFilters", security=USER_DATA, weight=40, source=MEMORY,
    since="2025-11-20", doc="rest-api.md#myFilters",
)  # fmt: skip
def query_filters(pit: Exchange, history: History, who: Who, ask: QueryFilters) -> MyFilters:
    """Query the filters that are relevant to the account on a symbol."""
    symbol = pit.symbol(ask.symbol)
    limits = pit.accounts[who.owner].max_assets
    return MyFilters(
        exchange_filters=pit.exchange_filters,
        symbol_filters=symbol.wire_filters,
        asset_filters=[
            {"filterType": "MAX_ASSET", "asset": asset, "limit": text_units(units)}
            for asset, units in limits.items()
            if asset in (symbol.base, symbol.quote)
        ],
    )
