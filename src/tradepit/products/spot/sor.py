"""Orders by smart order routing."""

from __future__ import annotations

from msgspec import UNSET

from tradepit.catalog.fields import (
    Bool,
    ClientId,
    Int,
    Long,
    OrderType,
    Price,
    Qty,
    ResponseType,
    Side,
    StpMode,
    SymbolName,
    TimeInForce,
)  # fmt: skip
from tradepit.catalog.language import ENGINE, MEMORY, TRADE, Ask, operation
from tradepit.core import filters, life
from tradepit.core.accounts import Account
from tradepit.core.exchange import Exchange
from tradepit.core.history import History
from tradepit.core.orders import Order
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.terms import (
    FULL,
    LIMIT,
    MARKET,
)  # fmt: skip
from tradepit.products.spot import telling
from tradepit.products.spot.drafts import PLAIN_WORDS, draft
from tradepit.products.spot.orders import (
    TestedOrder,
    test_weight,
    tested,
)
from tradepit.products.spot.replies import (
    OrderAck,
    OrderResult,
)  # fmt: skip

# --- Smart order routing -----------------------------------------------------------------------


class PlaceSorOrder(Ask, kw_only=True):
    symbol: SymbolName
    side: Side
    type: OrderType
    time_in_force: TimeInForce | None = None
    quantity: Qty
    price: Price | None = None
    new_client_order_id: ClientId | None = None
    strategy_id: Long | None = None
    strategy_type: Int | None = None
    iceberg_qty: Qty | None = None
    new_order_resp_type: ResponseType | None = None
    self_trade_prevention_mode: StpMode | None = None


class TestSorOrder(PlaceSorOrder, kw_only=True):
    compute_commission_rates: Bool | None = None


def _routed_draft(pit: Exchange, account: Account, ask: PlaceSorOrder) -> Order:
    symbol = pit.symbol(ask.symbol)
    if ask.type not in (LIMIT, MARKET):
        raise Reject("UNKNOWN_ORDER_COMPOSITION")
    pit.routed(symbol)
    if account.prevent_sor:
        raise Reject("ACTION_DISABLED")
    order = draft(account, symbol, ask, PLAIN_WORDS)
    order.own_extra().used_sor = True
    return order


@operation(
    "POST /api/v3/sor/order", ws="sor.order.place", security=TRADE, weight=1, refunded=True,
    unfilled_orders=1, source=ENGINE, doc="rest-api.md#new-order-using-sor-trade",
)  # fmt: skip
def place_sor_order(pit: Exchange, who: Who, ask: PlaceSorOrder) -> OrderAck | OrderResult:
    """New order using smart order routing."""
    order = _routed_draft(pit, pit.accounts[who.owner], ask)
    since = len(pit.events)
    life.place(pit, order)
    return telling.placed(pit, order, ask.new_order_resp_type or FULL, since)


@operation(
    "POST /api/v3/sor/order/test", ws="sor.order.test", security=TRADE, weight=test_weight,
    weight_words="1; 20 with computeCommissionRates", source=MEMORY,
    doc="rest-api.md#test-new-order-using-sor-trade",
)  # fmt: skip
def test_sor_order(pit: Exchange, history: History, who: Who, ask: TestSorOrder) -> TestedOrder:
    """Test new order using smart order routing."""
    account = pit.accounts[who.owner]
    order = _routed_draft(pit, account, ask)
    life.admit(pit, order)
    filters.check_counts(pit, [order], False)
    reply = tested(pit, account, order, ask.compute_commission_rates)
    reply.special_commission_for_order = UNSET
    return reply
