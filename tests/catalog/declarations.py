"""Operations that only these tests declare: they are made apart from the registry."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, UnsetType

from tradepit.catalog import fields as f
from tradepit.catalog.language import ENGINE, NONE, TRADE, Ask, Operation, Reply

FACTS: dict[str, Any] = {
    "security": TRADE, "weight": 1, "ws": "", "signed": True, "least_weight": 1,
    "weight_scope": "IP", "weight_words": "", "unfilled_orders": 1, "source": ENGINE, "doc": "",
    "aliases": (), "since": "", "until": "", "venues": (), "refunded": False,
    "over_socket": None,
}  # fmt: skip


def make(op_id: str, handler: Any, **facts: Any) -> Operation:
    return Operation(op_id, handler, {**FACTS, **facts})


class Order(Ask):
    symbol: f.SymbolName
    side: f.Side
    type: f.OrderType
    time_in_force: f.TimeInForce | None = None
    quantity: f.Qty | None = None
    price: f.Price | None = None
    new_client_order_id: f.ClientId | None = None
    strategy_id: f.Long | None = None
    strategy_type: f.Int | None = None
    peg_price_type: f.PegPriceType | None = None
    peg_offset_type: f.PegOffsetType | None = None
    self_trade_prevention_mode: f.StpMode | None = None
    cancel_restrictions: f.CancelRestrictions | None = None
    compute_commission_rates: f.Bool | None = None


class Fill(Reply):
    price: f.Price
    commission_asset: str
    trade_id: f.Long


class OrderReply(Reply, kw_only=True):
    symbol: f.SymbolName
    order_id: f.Long
    client_order_id: f.ClientId
    transact_time: f.Time
    price: f.Price
    status: f.OrderStatus
    stop_price: f.Price | UnsetType = UNSET
    working_time: f.Time
    is_working: f.Bool
    percent: f.Percent | UnsetType = UNSET
    multiplier: f.ShortText | UnsetType = UNSET
    fills: list[Fill] | UnsetType = UNSET
    levels: list[tuple[f.Price, f.Qty]] | UnsetType = UNSET
    note: str | None = None
    free: dict[str, Any] | UnsetType = UNSET
    any: object = None


class Row(Reply, array_like=True):
    open_time: f.Time
    open: f.Price
    count: f.Int
    ignore: str = "0"


class Nothing(Ask):
    pass


class Rows(Ask):
    symbol: f.SymbolName | None = None
    symbols: f.SymbolNames | None = None
    permissions: f.PermissionNames | None = None
    symbol_status: f.SymbolStatus | None = None
    interval: f.Interval | None = None
    start_time: f.Time | None = None
    limit: Annotated[f.Int, f.Between(1, 1000, clip=True)] = 500
    level: Annotated[f.Int, f.Between(1, 100)] | None = None


def place(pit: Any, who: Any, ask: Order) -> OrderReply | Fill:
    """Place an order."""
    raise AssertionError(pit, who, ask)


def ping(pit: Any, history: Any, who: Any, ask: Nothing) -> dict[str, Any]:
    """Say that one is there."""
    return {}


def list_rows(pit: Any, history: Any, who: Any, ask: Rows) -> list[Row]:
    """List rows."""
    return []


ORDER = make("POST /api/v3/order", place, ws="order.place")
PING = make("GET /api/v3/ping", ping, security=NONE, signed=False)
ROWS = make(
    "GET /api/v3/rows", list_rows, security=NONE, signed=False,
    weight=lambda ask: 2 if ask.symbol else 40, least_weight=2,
)  # fmt: skip
