"""What an account traded, earned and paid on futures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from msgspec import UNSET, UnsetType

from tradepit.catalog.fields import Between, Int, Long, OneOf, Side, SymbolName, Time
from tradepit.catalog.futures_fields import PairName, PositionSide, Shown
from tradepit.catalog.language import TRADE, USER_DATA, Ask, Reply
from tradepit.core.contracts import COINM, USDM, Contract
from tradepit.core.exchange import Exchange
from tradepit.core.history import FuturesRow, History
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.terms import BUY, POSITION_SIDES
from tradepit.products.futures import shown
from tradepit.products.futures.order_queries import Limit1000, asked_contracts, span
from tradepit.products.futures.venues import on, on_both

EIGHT = shown.amount
INCOME_TYPES = (
    "TRANSFER", "WELCOME_BONUS", "REALIZED_PNL", "FUNDING_FEE", "COMMISSION", "INSURANCE_CLEAR",
    "REFERRAL_KICKBACK", "COMMISSION_REBATE", "API_REBATE", "CONTEST_REWARD",
    "CROSS_COLLATERAL_TRANSFER", "OPTIONS_PREMIUM_FEE", "OPTIONS_SETTLE_PROFIT",
    "INTERNAL_TRANSFER", "AUTO_EXCHANGE", "DELIVERED_SETTELMENT", "COIN_SWAP_DEPOSIT",
    "COIN_SWAP_WITHDRAW", "POSITION_LIMIT_INCREASE_FEE", "STRATEGY_UMFUTURES_TRANSFER",
    "FEE_RETURN", "BFUSD_REWARD",
)  # fmt: skip


class UserTrades(Ask):
    symbol: SymbolName
    order_id: Long | None = None
    start_time: Time | None = None
    end_time: Time | None = None
    from_id: Long | None = None
    limit: Limit1000 = 500


class UsdmTrade(Reply):
    buyer: bool
    commission: Shown
    commission_asset: str
    id: Long
    maker: bool
    order_id: Long
    price: Shown
    qty: Shown
    quote_qty: Shown
    realized_pnl: Shown
    side: Side
    position_side: PositionSide
    symbol: str
    time: Time


def _usdm(contract: Contract, row: FuturesRow) -> UsdmTrade:
    side, position_side, price, qty, value, realized, fee, asset, maker = row.body
    return UsdmTrade(
        buyer=side == BUY, commission=EIGHT(fee),
        commission_asset=asset or contract.margin_asset, id=row.row_id, maker=maker,
        order_id=row.order_id, price=shown.price(contract, price), qty=shown.qty(contract, qty),
        quote_qty=shown.worth(contract, int(value)),
        realized_pnl=EIGHT(realized), side=side, position_side=position_side,
        symbol=contract.name, time=row.at_us,
    )  # fmt: skip


def _page(ask: Any, venue: int) -> dict[str, Any]:
    """The page of a request for trades. Raises: Reject."""
    if ask.from_id is not None and (ask.start_time is not None or ask.end_time is not None):
        raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
    page = span(ask, venue=venue)
    for name in ("from_id", "order_id"):
        if getattr(ask, name) is not None:
            page[name] = getattr(ask, name)
    return page


@on(USDM, "GET /{}/v1/userTrades", security=USER_DATA, weight=5,
    doc="{}/trade#account-trade-list")  # fmt: skip
def user_trades(
    pit: Exchange, history: History, who: Who, ask: UserTrades, venue: int
) -> Callable[[], list[UsdmTrade]]:
    """Account trade list."""
    contract = pit.contract(ask.symbol, venue)
    page = _page(ask, venue)
    return lambda: [
        _usdm(contract, row)
        for row in history.futures(
            who.owner, venue, "trade", contract.name, limit=ask.limit, **page
        )
    ]


class CoinmUserTrades(Ask):
    symbol: SymbolName | None = None
    pair: PairName | None = None
    order_id: Long | None = None
    start_time: Time | None = None
    end_time: Time | None = None
    from_id: Long | None = None
    limit: Limit1000 = 50


class CoinmTrade(Reply):
    symbol: str
    id: Long
    order_id: Long
    pair: str
    side: Side
    price: Shown
    qty: Shown
    realized_pnl: Shown
    margin_asset: str
    base_qty: Shown
    commission: Shown
    commission_asset: str
    time: Time
    position_side: PositionSide
    buyer: bool
    maker: bool


def _coinm(contract: Contract, row: FuturesRow) -> CoinmTrade:
    side, position_side, price, qty, value, realized, fee, asset, maker = row.body
    return CoinmTrade(
        symbol=contract.name, id=row.row_id, order_id=row.order_id, pair=contract.pair, side=side,
        price=shown.price(contract, price), qty=shown.qty(contract, qty),
        realized_pnl=EIGHT(realized), margin_asset=contract.margin_asset,
        base_qty=shown.worth(contract, int(value)), commission=EIGHT(fee),
        commission_asset=asset or contract.margin_asset, time=row.at_us,
        position_side=position_side, buyer=side == BUY, maker=maker,
    )  # fmt: skip


@on(COINM, "GET /{}/v1/userTrades", security=USER_DATA,
    weight=lambda ask: 20 if ask.symbol else 40, least_weight=20,
    weight_words="20; 40 with pair", doc="{}/trade#account-trade-list")  # fmt: skip
def user_trades_coinm(
    pit: Exchange, history: History, who: Who, ask: CoinmUserTrades, venue: int
) -> Callable[[], list[CoinmTrade]]:
    """Account trade list, of a symbol or of a pair."""
    contracts = asked_contracts(pit, ask, venue)
    page = _page(ask, venue)

    def look() -> list[CoinmTrade]:
        rows = [
            (row.at_us, row.row_id, contract, row)
            for contract in contracts
            for row in history.futures(
                who.owner, venue, "trade", contract.name, limit=ask.limit, **page
            )
        ]
        rows.sort(key=lambda each: each[:2])
        oldest = "from_id" in page or "start_us" in page
        rows = rows[: ask.limit] if oldest else rows[-ask.limit :]
        return [_coinm(contract, row) for _, _, contract, row in rows]

    return look


# --- Income ------------------------------------------------------------------------------------


class AskIncome(Ask):
    symbol: SymbolName | None = None
    income_type: Annotated[str, OneOf(INCOME_TYPES)] | None = None
    start_time: Time | None = None
    end_time: Time | None = None
    page: Annotated[Int, Between(1, 100_000)] | None = None
    limit: Limit1000 = 100


class IncomeRow(Reply):
    symbol: str
    income_type: str
    income: Shown
    asset: str
    info: str
    time: Time
    tran_id: Long | str
    trade_id: str


@on_both(
    "GET /{}/v1/income", {"weight": 20}, security=USER_DATA, weight=30,
    doc="{}/account#get-income-history",
)  # fmt: skip
def income(
    pit: Exchange, history: History, who: Who, ask: AskIncome, venue: int
) -> Callable[[], list[IncomeRow]]:
    """Get income history: what changed the wallet, oldest first."""
    which: dict[str, Any] = {}
    if ask.symbol is not None:
        which["name"] = ask.symbol
    times = span(ask, 1 << 62)
    skip = 0 if ask.page is None else (ask.page - 1) * ask.limit

    def look() -> list[IncomeRow]:
        rows = history.futures(who.owner, venue, "income", "", limit=1 << 31, **which, **times)
        if ask.income_type is not None:
            rows = [row for row in rows if row.body[0] == ask.income_type]
        oldest = ask.page is not None or "start_us" in times
        rows = rows[skip : skip + ask.limit] if oldest else rows[-ask.limit :]
        return [_income(row) for row in rows]

    return look


def _income(row: FuturesRow) -> IncomeRow:
    kind, asset, units, info, trade_id, symbol = row.body
    return IncomeRow(
        symbol=symbol, income_type=kind, income=EIGHT(units), asset=asset, info=info,
        time=row.at_us, tran_id=row.row_id, trade_id=str(trade_id) if trade_id >= 0 else "",
    )  # fmt: skip


# --- Margin of isolated positions ----------------------------------------------------------------


class MarginHistory(Ask):
    symbol: SymbolName
    type: Annotated[Int, Between(1, 2)] | None = None
    start_time: Time | None = None
    end_time: Time | None = None
    limit: Int = 500


class MarginMoved(Reply, kw_only=True):
    symbol: str
    type: Int
    delta_type: str | UnsetType = UNSET
    amount: Shown
    asset: str
    time: Time
    position_side: PositionSide


@on_both(
    "GET /{}/v1/positionMargin/history", security=TRADE,
    doc="{}/trade#get-position-margin-change-history",
)  # fmt: skip
def margin_history(
    pit: Exchange, history: History, who: Who, ask: MarginHistory, venue: int
) -> Callable[[], list[MarginMoved]]:
    """Get position margin change history."""
    contract = pit.contract(ask.symbol, venue)
    times = span(ask, 1 << 62)

    def look() -> list[MarginMoved]:
        rows = history.futures(who.owner, venue, "margin", contract.name, limit=1 << 31, **times)
        found = [
            MarginMoved(
                symbol=contract.name, type=1 if row.body[0] > 0 else 2,
                delta_type=UNSET if venue == COINM else "USER_ADJUST",
                amount=EIGHT(abs(row.body[0])), asset=contract.margin_asset, time=row.at_us,
                position_side=POSITION_SIDES.index(row.name),
            )
            for row in rows
        ]  # fmt: skip
        return [each for each in found if ask.type in (None, each.type)][-ask.limit :]

    return look
