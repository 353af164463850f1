"""Classic portfolio margin: what may leave an account's wallets, and how much of a contract it may
hold.

Every account is answered as if it were enrolled: its two futures wallets stand together, each asset
at its collateral rate, see docs/decisions/0200-portfolio-margin-and-stocks.md. Source: the pages on
portfolio margin of both futures documents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tradepit.catalog.futures_fields import AssetName, Shown
from tradepit.catalog.language import USER_DATA, Ask, Reply
from tradepit.core import margin
from tradepit.core.contracts import COINM, USDM
from tradepit.core.futures_settings import check_asset, withdrawable
from tradepit.core.records import Who
from tradepit.core.units import ONE
from tradepit.products.futures import shown
from tradepit.products.futures.selectors import (
    MaybeContract,
    SymbolOrPair,
    by_symbol_or_pair,
    chosen,
)
from tradepit.products.futures.venues import on, on_both

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.history import History

UNTIL = "2024-11-15"


class NotionalLimit(Reply):
    """The largest position of a contract, in its quote asset."""

    symbol: str
    notional_limit: str


class NotionalLimits(Reply):
    notional_limits: list[NotionalLimit]


class CoinNotionalLimit(Reply):
    """The largest position of a contract, in coins."""

    symbol: str
    pair: str
    notional_limit: str


class CoinNotionalLimits(Reply):
    notional_limits: list[CoinNotionalLimit]


@on(USDM, "GET /{}/v1/pmExchangeInfo", until=UNTIL, doc="{}/change-log#2024-11-04")
def exchange_limits(
    pit: Exchange, history: History, who: Who, ask: MaybeContract
) -> NotionalLimits:
    """Portfolio margin exchange information."""
    return NotionalLimits(
        notional_limits=[
            NotionalLimit(
                symbol=contract.name, notional_limit=shown.whole(contract.notional_cap(1))
            )
            for contract in chosen(pit, ask.symbol, USDM)
        ]
    )


@on(COINM, "GET /{}/v1/pmExchangeInfo", until=UNTIL, doc="{}/change-log#2024-11-04")
def coin_exchange_limits(
    pit: Exchange, history: History, who: Who, ask: SymbolOrPair
) -> CoinNotionalLimits:
    """Portfolio margin exchange information."""
    return CoinNotionalLimits(
        notional_limits=[
            CoinNotionalLimit(
                symbol=contract.name, pair=contract.pair,
                notional_limit=shown.whole(contract.notional_cap(1)),
            )
            for contract in by_symbol_or_pair(pit, ask)
        ]
    )  # fmt: skip


class WhichAsset(Ask):
    asset: AssetName


class MostOut(Reply):
    most_usd: Shown = msgspec.field(name="maxWithdrawAmountUSD")
    asset: str
    max_withdraw_amount: Shown


@on_both(
    "GET /{}/v1/pmAccountInfo", security=USER_DATA, weight=5,
    doc="{}/portfolio-margin-endpoints#classic-portfolio-margin-account-information",
)  # fmt: skip
def account_info(pit: Exchange, history: History, who: Who, ask: WhichAsset, venue: int) -> MostOut:
    """Classic portfolio margin account information. Raises: Reject BAD_ASSET."""
    check_asset(pit, venue, ask.asset)
    free = sum(
        margin.together(pit, pit.look_trader(who.owner, each)).free for each in (USDM, COINM)
    )
    dollars = max(free, 0)
    rate = pit.collateral_rate(ask.asset, True)
    own = withdrawable(pit, pit.look_trader(who.owner, venue), ask.asset)
    most = min(own, dollars * ONE // rate) if rate else 0
    return MostOut(
        most_usd=shown.amount(dollars), asset=ask.asset, max_withdraw_amount=shown.amount(most)
    )
