"""What an account chooses: leverage, margin type, position mode, multi-assets mode, fee burn."""

from __future__ import annotations

from tradepit.catalog.fields import Amount, Bool, Int, SymbolName
from tradepit.catalog.futures_fields import MarginType, PositionSide, Shown
from tradepit.catalog.language import MEMORY, TRADE, USER_DATA, Ask, Reply
from tradepit.core import futures_settings as settings
from tradepit.core.contracts import COINM, USDM
from tradepit.core.exchange import Exchange
from tradepit.core.history import History
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.products.futures import shown
from tradepit.products.futures.general import Nothing
from tradepit.products.futures.order_replies import SUCCESS, Done
from tradepit.products.futures.venues import on, on_both

DONE = Done(code=200, msg=SUCCESS)
SIGNED = Done(code=200, msg="success")


class ChangeLeverage(Ask):
    symbol: SymbolName
    leverage: Int


class UsdmLeverage(Reply):
    leverage: Int
    max_notional_value: str
    symbol: str


class CoinmLeverage(Reply):
    leverage: Int
    max_qty: str
    symbol: str


def _leverage(pit: Exchange, who: Who, ask: ChangeLeverage, venue: int) -> tuple[int, int, str]:
    contract = pit.contract(ask.symbol, venue)
    trader = pit.trader(who.owner, venue)
    settings.set_leverage(pit, trader, contract, ask.leverage)
    return ask.leverage, contract.notional_cap(ask.leverage), contract.name


@on(USDM, "POST /{}/v1/leverage", security=TRADE, doc="{}/trade#change-initial-leverage")
def leverage_usdm(pit: Exchange, who: Who, ask: ChangeLeverage, venue: int) -> UsdmLeverage:
    """Change initial leverage."""
    leverage, most, name = _leverage(pit, who, ask, venue)
    return UsdmLeverage(leverage=leverage, max_notional_value=shown.whole(most), symbol=name)


@on(COINM, "POST /{}/v1/leverage", security=TRADE, doc="{}/trade#change-initial-leverage")
def leverage_coinm(pit: Exchange, who: Who, ask: ChangeLeverage, venue: int) -> CoinmLeverage:
    """Change initial leverage."""
    leverage, most, name = _leverage(pit, who, ask, venue)
    return CoinmLeverage(leverage=leverage, max_qty=shown.whole(most), symbol=name)


class ChangeMarginType(Ask):
    symbol: SymbolName
    margin_type: MarginType


@on_both("POST /{}/v1/marginType", security=TRADE, doc="{}/trade#change-margin-type")
def change_margin_type(pit: Exchange, who: Who, ask: ChangeMarginType, venue: int) -> Done:
    """Change margin type: ISOLATED or CROSSED."""
    contract = pit.contract(ask.symbol, venue)
    isolated = ask.margin_type == "ISOLATED"
    settings.set_margin_type(pit, pit.trader(who.owner, venue), contract, isolated)
    return DONE


class ChangeMode(Ask):
    dual_side_position: Bool


class Mode(Reply):
    dual_side_position: bool


@on_both("POST /{}/v1/positionSide/dual", security=TRADE, doc="{}/trade#change-position-mode")
def change_position_mode(pit: Exchange, who: Who, ask: ChangeMode, venue: int) -> Done:
    """Change position mode: hedge mode (true) or one-way mode, on all symbols."""
    settings.set_dual(pit.trader(who.owner, venue), ask.dual_side_position)
    return DONE


@on_both(
    "GET /{}/v1/positionSide/dual", security=USER_DATA, weight=30, source=MEMORY,
    doc="{}/account#get-current-position-mode",
)  # fmt: skip
def position_mode(pit: Exchange, history: History, who: Who, ask: Nothing, venue: int) -> Mode:
    """Get current position mode."""
    return Mode(dual_side_position=pit.look_trader(who.owner, venue).dual)


class ChangeAssets(Ask):
    multi_assets_margin: Bool


class Assets(Reply):
    multi_assets_margin: bool


@on(USDM, "POST /{}/v1/multiAssetsMargin", security=TRADE,
    doc="{}/trade#change-multi-assets-mode")  # fmt: skip
def change_assets(pit: Exchange, who: Who, ask: ChangeAssets, venue: int) -> Done:
    """Change multi-assets mode."""
    settings.set_multi_assets(pit, pit.trader(who.owner, venue), ask.multi_assets_margin)
    return DONE


@on(USDM, "GET /{}/v1/multiAssetsMargin", security=USER_DATA, weight=30,
    doc="{}/account#get-current-multi-assets-mode")  # fmt: skip
def assets_mode(pit: Exchange, history: History, who: Who, ask: Nothing, venue: int) -> Assets:
    """Get current multi-assets mode."""
    return Assets(multi_assets_margin=pit.look_trader(who.owner, venue).multi_assets)


class ChangeBurn(Ask):
    fee_burn: Bool


class Burn(Reply):
    fee_burn: bool


@on(USDM, "POST /{}/v1/feeBurn", security=TRADE,
    doc="{}/account#toggle-bnb-burn-on-futures-trade")  # fmt: skip
def change_burn(pit: Exchange, who: Who, ask: ChangeBurn, venue: int) -> Done:
    """Toggle BNB burn on futures trade."""
    pit.trader(who.owner, venue).fee_burn = ask.fee_burn
    return DONE


@on(USDM, "GET /{}/v1/feeBurn", security=USER_DATA, weight=30,
    doc="{}/account#get-bnb-burn-status")  # fmt: skip
def burn(pit: Exchange, history: History, who: Who, ask: Nothing, venue: int) -> Burn:
    """Get BNB burn status."""
    return Burn(fee_burn=pit.look_trader(who.owner, venue).fee_burn)


@on(USDM, "POST /{}/v1/stock/contract", security=USER_DATA, weight=50, since="2025-12-11",
    doc="{}/trade#futures-tradfi-perps-contract")  # fmt: skip
def sign_agreement(pit: Exchange, who: Who, ask: Nothing, venue: int) -> Done:
    """Futures TradFi perps contract: sign the agreement without which no order for a perpetual on
    stocks or metals is taken; once is enough."""
    pit.trader(who.owner, venue).tradfi_signed = True
    return SIGNED


class MoveMargin(Ask):
    symbol: SymbolName
    amount: Amount
    type: Int
    position_side: PositionSide | None = None


class MovedMargin(Reply):
    amount: Shown
    code: Int
    msg: str
    type: Int


@on_both(
    "POST /{}/v1/positionMargin", security=TRADE, doc="{}/trade#modify-isolated-position-margin",
)  # fmt: skip
def move_margin(pit: Exchange, who: Who, ask: MoveMargin, venue: int) -> MovedMargin:
    """Modify isolated position margin: type 1 adds, 2 takes back."""
    contract = pit.contract(ask.symbol, venue)
    trader = pit.trader(who.owner, venue)
    if ask.amount <= 0:
        raise Reject("AMOUNT_MUST_BE_POSITIVE")
    if ask.type not in (1, 2):
        raise Reject("INVALID_PARAMETER", "type")
    side = ask.position_side or 0
    if trader.dual == (side == 0):
        raise Reject("POSITION_SIDE_MISMATCH")
    units = ask.amount if ask.type == 1 else -ask.amount
    settings.move_margin(pit, trader.holding(contract).position(side), units)
    return MovedMargin(
        amount=shown.amount(ask.amount), code=200, msg="Successfully modify position margin.",
        type=ask.type,
    )  # fmt: skip
