"""The wallet calls that clients make while they start, answered from the world's state.

Source: the wallet rows of the contract; what is chosen: docs/decisions/0044-first-calls.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tradepit.catalog.fields import Bool, Int, ShortText, SymbolName, Time
from tradepit.catalog.language import USER_DATA, Ask, Reply, operation
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.terms import (
    MAY_FUTURES,
    MAY_MARGIN,
    MAY_READ,
    MAY_TRADE,
    MAY_TRANSFER,
    MAY_WITHDRAW,
    TRADING,
)

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.history import History

LEGAL_MONEY: Final = frozenset(
    "AED ARS AUD BRL CAD CHF COP CZK EUR GBP HKD IDR JPY KES KZT MXN NGN NZD PLN RON RUB SAR SEK"
    " SGD THB TRY UAH UGX USD VND ZAR".split()
)


class Nothing(Ask):
    """A request without parameters of its own."""


class Coin(Reply):
    coin: str
    deposit_all_enable: Bool
    withdraw_all_enable: Bool
    name: str
    free: ShortText
    locked: ShortText
    freeze: ShortText
    withdrawing: ShortText
    ipoing: ShortText
    ipoable: ShortText
    storage: ShortText
    is_legal_money: Bool
    trading: Bool
    network_list: list[dict[str, Any]]


@operation(
    "GET /sapi/v1/capital/config/getall", security=USER_DATA, weight=10,
    doc="wallet/capital#all-coins-information",
)  # fmt: skip
def all_coins(pit: Exchange, history: History, who: Who, ask: Nothing) -> list[Coin]:
    """All coins' information: no network leads into or out of this world."""
    balances = pit.accounts[who.owner].balances
    trading: dict[str, bool] = {}
    for symbol in pit.symbols.values():
        for asset in (symbol.base, symbol.quote):
            trading[asset] = trading.get(asset, False) or symbol.status == TRADING
    for asset in balances:
        trading.setdefault(asset, False)
    rows = []
    for asset, is_trading in trading.items():
        held = balances.get(asset)
        rows.append(
            Coin(
                coin=asset, deposit_all_enable=False, withdraw_all_enable=False, name=asset,
                free=held.free if held else 0, locked=held.locked if held else 0, freeze=0,
                withdrawing=0, ipoing=0, ipoable=0, storage=0,
                is_legal_money=asset in LEGAL_MONEY, trading=is_trading, network_list=[],
            )
        )  # fmt: skip
    return rows


class TradeFeeAsk(Ask):
    symbol: SymbolName | None = None


class TradeFee(Reply):
    symbol: str
    maker_commission: ShortText
    taker_commission: ShortText


@operation(
    "GET /sapi/v1/asset/tradeFee", security=USER_DATA, weight=1, doc="wallet/asset#trade-fee"
)
def trade_fee(pit: Exchange, history: History, who: Who, ask: TradeFeeAsk) -> list[TradeFee]:
    """Trade fee."""
    account = pit.accounts[who.owner]
    names = list(pit.symbols) if ask.symbol is None else [ask.symbol]
    if ask.symbol is not None and ask.symbol not in pit.symbols:
        raise Reject("INVALID_SYMBOL")
    return [
        TradeFee(
            symbol=name,
            maker_commission=account.commission_on(name).standard.maker,
            taker_commission=account.commission_on(name).standard.taker,
        )
        for name in names
    ]


class SystemStatus(Reply):
    status: Int
    msg: str


@operation("GET /sapi/v1/system/status", weight=1, doc="wallet/others#system-status")
def system_status(pit: Exchange, history: History, who: Who, ask: Nothing) -> SystemStatus:
    """System status."""
    return SystemStatus(status=0, msg="normal")


class KeyPermissions(Reply):
    ip_restrict: Bool
    create_time: Time
    enable_reading: Bool
    enable_withdrawals: Bool
    enable_internal_transfer: Bool
    enable_margin: Bool
    enable_futures: Bool
    permits_universal_transfer: Bool
    enable_vanilla_options: Bool
    enable_fix_api_trade: Bool
    enable_fix_read_only: Bool
    enable_spot_and_margin_trading: Bool
    enable_portfolio_margin_trading: Bool


@operation(
    "GET /sapi/v1/account/apiRestrictions", security=USER_DATA, weight=1,
    doc="wallet/account#get-api-key-permission",
)  # fmt: skip
def key_permissions(pit: Exchange, history: History, who: Who, ask: Nothing) -> KeyPermissions:
    """Get API key permission."""
    key = pit.keys[who.key]
    may = key.may
    return KeyPermissions(
        ip_restrict=bool(key.ips),
        create_time=key.created_us,
        enable_reading=may & MAY_READ != 0,
        enable_withdrawals=may & MAY_WITHDRAW != 0,
        enable_internal_transfer=may & MAY_TRANSFER != 0,
        enable_margin=may & MAY_MARGIN != 0,
        enable_futures=may & MAY_FUTURES != 0,
        permits_universal_transfer=may & MAY_TRANSFER != 0,
        enable_vanilla_options=False,
        enable_fix_api_trade=False,
        enable_fix_read_only=False,
        enable_spot_and_margin_trading=may & MAY_TRADE != 0,
        enable_portfolio_margin_trading=False,
    )
