"""What an order costs that was in time at the door and late when its turn came.

Source: CHANGELOG.md 2025-05-22: the refusal just before the engine counts as an unfilled order.
"""

from __future__ import annotations

from tradepit.catalog.fields import Int
from tradepit.catalog.language import TRADE, Ask, Reply, operation
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who

LATE: str = "late-order"


class LateOrder(Ask):
    """`orders`: how many orders the refused request would have placed."""

    orders: Int


class Counted(Reply):
    orders: Int


@operation(LATE, security=TRADE)
def count_late(pit: Exchange, who: Who, ask: LateOrder) -> Counted:
    """Count orders that came too late. It has no route of its own: the door says it."""
    account = pit.accounts[who.owner]
    account.roll_windows(pit.at_us)
    account.add_orders(ask.orders)
    return Counted(orders=ask.orders)
