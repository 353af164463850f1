"""Positions with their risk, what an account has configured and what it pays."""

from __future__ import annotations

from typing import Any

from tradepit.catalog.fields import Int, ShortText, Time
from tradepit.catalog.futures_fields import PairName, PositionSide, Shown
from tradepit.catalog.language import USER_DATA, Ask, Reply
from tradepit.core import liquidation, margin
from tradepit.core.contracts import COINM, USDM
from tradepit.core.exchange import Exchange
from tradepit.core.history import History
from tradepit.core.positions import Holding, Position, Trader
from tradepit.core.records import Who
from tradepit.core.units import ONE
from tradepit.products.futures import shown
from tradepit.products.futures.account import (
    EIGHT,
    break_even,
    entry,
    isolated_margin,
    live_positions,
    position_needs,
    signed_notional,
    told_of,
)
from tradepit.products.futures.general import Nothing
from tradepit.products.futures.selectors import MaybeContract, OneContract, chosen
from tradepit.products.futures.venues import on, on_both

WORDS = ("false", "true")


class PositionV2(Reply):
    entry_price: Shown
    break_even_price: Shown
    margin_type: str
    is_auto_add_margin: str
    isolated_margin: Shown
    leverage: str
    liquidation_price: Shown
    mark_price: Shown
    max_notional_value: str
    position_amt: Shown
    notional: ShortText
    isolated_wallet: ShortText
    symbol: str
    un_realized_profit: Shown
    position_side: PositionSide
    update_time: Time


def holdings(pit: Exchange, trader: Trader, symbol: str | None) -> list[Holding]:
    """The account's standing on one contract or on all. Raises: Reject INVALID_SYMBOL."""
    return [trader.look(contract) for contract in chosen(pit, symbol, trader.venue)]


def breaking(pit: Exchange, position: Position) -> Shown:
    units = margin.liquidation_price(pit, position)
    return units, 8 if units else 0


def mark(position: Position) -> Shown:
    return position.holding.contract.marks.mark, 8


def _v2(pit: Exchange, position: Position) -> PositionV2:
    holding = position.holding
    contract = holding.contract
    return PositionV2(
        entry_price=entry(contract, position.entry_price),
        break_even_price=break_even(position),
        margin_type="isolated" if holding.isolated else "cross",
        is_auto_add_margin=WORDS[holding.auto_add],
        isolated_margin=EIGHT(isolated_margin(position)),
        leverage=str(holding.leverage),
        liquidation_price=breaking(pit, position),
        mark_price=mark(position),
        max_notional_value=shown.whole(contract.notional_cap(holding.leverage)),
        position_amt=shown.qty(contract, position.qty),
        notional=signed_notional(position),
        isolated_wallet=position.wallet,
        symbol=contract.name,
        un_realized_profit=EIGHT(position.profit(contract.marks.mark) // ONE),
        position_side=position.side,
        update_time=position.updated_us,
    )


@on(
    USDM, "GET /{}/v2/positionRisk", ws="account.position", security=USER_DATA, weight=5,
    doc="{}/trade#position-information-v2",
)  # fmt: skip
def position_risk_v2(
    pit: Exchange, history: History, who: Who, ask: MaybeContract, venue: int
) -> list[PositionV2]:
    """Position information V2: every symbol, in hedge mode with both sides."""
    trader = pit.look_trader(who.owner, venue)
    return [
        _v2(pit, position)
        for holding in holdings(pit, trader, ask.symbol)
        for position in told_of(holding)
    ]


class PositionV3(Reply):
    symbol: str
    position_side: PositionSide
    position_amt: Shown
    entry_price: Shown
    break_even_price: Shown
    mark_price: Shown
    un_realized_profit: Shown
    liquidation_price: Shown
    isolated_margin: ShortText
    notional: ShortText
    margin_asset: str
    isolated_wallet: ShortText
    initial_margin: ShortText
    maint_margin: ShortText
    position_initial_margin: ShortText
    open_order_initial_margin: ShortText
    adl: Int
    bid_notional: ShortText
    ask_notional: ShortText
    update_time: Time


@on(
    USDM, "GET /{}/v3/positionRisk", ws="v2/account.position", security=USER_DATA, weight=5,
    doc="{}/trade#position-information-v3",
)  # fmt: skip
def position_risk_v3(
    pit: Exchange, history: History, who: Who, ask: MaybeContract, venue: int
) -> list[PositionV3]:
    """Position information V3: only symbols with a position or open orders."""
    trader = pit.look_trader(who.owner, venue)
    if ask.symbol is not None:
        pit.contract(ask.symbol, venue)
    rows = []
    for position in live_positions(trader):
        contract = position.holding.contract
        if ask.symbol not in (None, contract.name):
            continue
        own, orders = position_needs(position)
        rows.append(PositionV3(
            symbol=contract.name, position_side=position.side,
            position_amt=shown.qty(contract, position.qty),
            entry_price=entry(contract, position.entry_price),
            break_even_price=break_even(position), mark_price=mark(position),
            un_realized_profit=EIGHT(position.profit(contract.marks.mark) // ONE),
            liquidation_price=breaking(pit, position), isolated_margin=isolated_margin(position),
            notional=signed_notional(position), margin_asset=contract.margin_asset,
            isolated_wallet=position.wallet, initial_margin=own + orders,
            maint_margin=margin.upkeep(position), position_initial_margin=own,
            open_order_initial_margin=orders, adl=quantile(pit, position),
            bid_notional=position.buy_held, ask_notional=position.sell_held,
            update_time=position.updated_us,
        ))  # fmt: skip
    return rows


class WhichPositions(Ask):
    margin_asset: PairName | None = None
    pair: PairName | None = None


class CoinmPosition(Reply):
    symbol: str
    position_amt: Shown
    entry_price: Shown
    break_even_price: Shown
    mark_price: Shown
    un_realized_profit: Shown
    liquidation_price: Shown
    leverage: str
    max_qty: str
    margin_type: str
    isolated_margin: Shown
    is_auto_add_margin: str
    position_side: PositionSide
    update_time: Time


@on(
    COINM, "GET /{}/v1/positionRisk", ws="account.position", security=USER_DATA,
    doc="{}/trade#position-information",
)  # fmt: skip
def position_risk_coinm(
    pit: Exchange, history: History, who: Who, ask: WhichPositions, venue: int
) -> list[CoinmPosition]:
    """Position information, of all symbols, of a pair or a margin asset."""
    trader = pit.look_trader(who.owner, venue)
    return [
        CoinmPosition(
            symbol=holding.contract.name,
            position_amt=shown.qty(holding.contract, position.qty),
            entry_price=entry(holding.contract, position.entry_price),
            break_even_price=break_even(position),
            mark_price=mark(position),
            un_realized_profit=EIGHT(position.profit(holding.contract.marks.mark) // ONE),
            liquidation_price=breaking(pit, position),
            leverage=str(holding.leverage),
            max_qty=shown.whole(holding.contract.notional_cap(holding.leverage)),
            margin_type="isolated" if holding.isolated else "cross",
            isolated_margin=EIGHT(isolated_margin(position)),
            is_auto_add_margin=WORDS[holding.auto_add],
            position_side=position.side,
            update_time=position.updated_us,
        )
        for holding in holdings(pit, trader, None)
        if ask.pair in (None, holding.contract.pair)
        and ask.margin_asset in (None, holding.contract.margin_asset)
        for position in told_of(holding)
    ]


# --- Deleveraging ------------------------------------------------------------------------------


def quantile(pit: Exchange, position: Position) -> int:
    """In which fifth of its side the position stands: 4 is deleveraged first."""
    if position.qty == 0:
        return 0
    ranked = liquidation.ranked(pit, position.holding.contract, position.qty < 0, None)
    place = ranked.index(position) if position in ranked else len(ranked) - 1
    return 4 - place * 5 // len(ranked) if ranked else 0


class Quantiles(Reply):
    symbol: str
    adl_quantile: dict[str, int]


@on_both(
    "GET /{}/v1/adlQuantile", security=USER_DATA, weight=5,
    doc="{}/trade#position-adl-quantile-estimation",
)  # fmt: skip
def adl_quantile(
    pit: Exchange, history: History, who: Who, ask: MaybeContract, venue: int
) -> list[Quantiles]:
    """Position ADL quantile estimation: 0 to 4, of symbols with a position."""
    trader = pit.look_trader(who.owner, venue)
    rows = []
    for holding in holdings(pit, trader, ask.symbol):
        if holding.flat:
            continue
        found = {"LONG": quantile(pit, holding.long), "SHORT": quantile(pit, holding.short)}
        if trader.dual:
            found["HEDGE"] = 0
        else:
            long = holding.both.qty > 0
            found["LONG" if long else "SHORT"] = found["BOTH"] = quantile(pit, holding.both)
        rows.append(Quantiles(symbol=holding.contract.name, adl_quantile=found))
    return rows


# --- What is configured ------------------------------------------------------------------------


class RatesReply(Reply):
    symbol: str
    maker_commission_rate: ShortText
    taker_commission_rate: ShortText


@on_both(
    "GET /{}/v1/commissionRate", security=USER_DATA, weight=20,
    doc="{}/account#user-commission-rate",
)  # fmt: skip
def commission_rate(
    pit: Exchange, history: History, who: Who, ask: OneContract, venue: int
) -> RatesReply:
    """User commission rate."""
    holding = pit.look_trader(who.owner, venue).look(pit.contract(ask.symbol, venue))
    return RatesReply(
        symbol=holding.contract.name,
        maker_commission_rate=holding.maker,
        taker_commission_rate=holding.taker,
    )


class AccountConfig(Reply):
    fee_tier: Int
    can_trade: bool
    can_deposit: bool
    can_withdraw: bool
    dual_side_position: bool
    update_time: Time
    multi_assets_margin: bool
    trade_group_id: int


@on(
    USDM, "GET /{}/v1/accountConfig", security=USER_DATA, weight=5,
    doc="{}/account#futures-account-configuration",
)  # fmt: skip
def account_config(
    pit: Exchange, history: History, who: Who, ask: Nothing, venue: int
) -> AccountConfig:
    """Futures account configuration."""
    trader = pit.look_trader(who.owner, venue)
    account = trader.account
    return AccountConfig(
        fee_tier=0, can_trade=account.can_trade, can_deposit=account.can_deposit,
        can_withdraw=account.can_withdraw, dual_side_position=trader.dual, update_time=0,
        multi_assets_margin=trader.multi_assets, trade_group_id=account.trade_group,
    )  # fmt: skip


class SymbolConfig(Reply):
    symbol: str
    margin_type: str
    is_auto_add_margin: bool
    leverage: Int
    max_notional_value: str


@on(
    USDM, "GET /{}/v1/symbolConfig", security=USER_DATA, weight=5,
    doc="{}/account#symbol-configuration",
)  # fmt: skip
def symbol_config(
    pit: Exchange, history: History, who: Who, ask: MaybeContract, venue: int
) -> list[SymbolConfig]:
    """Symbol configuration: margin type and leverage."""
    return [
        SymbolConfig(
            symbol=holding.contract.name,
            margin_type="ISOLATED" if holding.isolated else "CROSSED",
            is_auto_add_margin=holding.auto_add,
            leverage=holding.leverage,
            max_notional_value=shown.whole(holding.contract.notional_cap(holding.leverage)),
        )
        for holding in holdings(pit, pit.look_trader(who.owner, venue), ask.symbol)
    ]


class OrderLimit(Reply):
    rate_limit_type: str
    interval: str
    interval_num: Int
    limit: Int


@on(
    USDM, "GET /{}/v1/rateLimit/order", security=USER_DATA,
    doc="{}/account#query-user-rate-limit",
)  # fmt: skip
def order_limits(
    pit: Exchange, history: History, who: Who, ask: Nothing, venue: int
) -> list[OrderLimit]:
    """Query user rate limit: how many orders an account may place."""
    return [
        OrderLimit(rate_limit_type="ORDERS", interval=name, interval_num=number, limit=limit)
        for _, name, number, _, limit in pit.look_trader(who.owner, venue).limits
    ]


class TradingStatus(Reply):
    indicators: dict[str, list[Any]]
    update_time: Time


@on(
    USDM, "GET /{}/v1/apiTradingStatus", security=USER_DATA,
    weight=lambda ask: 1 if ask.symbol else 10, weight_words="1; 10 without symbol",
    doc="{}/account#futures-trading-quantitative-rules-indicators",
)  # fmt: skip
def trading_status(
    pit: Exchange, history: History, who: Who, ask: MaybeContract, venue: int
) -> TradingStatus:
    """Futures trading quantitative rules indicators: nobody is held by any."""
    if ask.symbol is not None:
        pit.contract(ask.symbol, venue)
    return TradingStatus(indicators={}, update_time=history.now_us())
