"""The exchange's rate limiters as facts: `exchangeInfo` shows them, the gateways enforce them.

Source: rest-api.md#limits and enums.md#rate-limiters-ratelimittype; the numbers of the spot
exchange are observed.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tradepit.core.accounts import ORDER_LIMITS
from tradepit.core.positions import FUTURES_ORDER_LIMITS


class Limiter(NamedTuple):
    """At most `limit` per `num` x `interval` (SECOND, MINUTE or DAY)."""

    kind: str  # REQUEST_WEIGHT, ORDERS, RAW_REQUESTS or CONNECTIONS
    interval: str
    num: int
    limit: int


REQUEST_WEIGHT: Final = Limiter("REQUEST_WEIGHT", "MINUTE", 1, 6_000)
RAW_REQUESTS: Final = Limiter("RAW_REQUESTS", "MINUTE", 5, 300_000)
CONNECTIONS: Final = Limiter("CONNECTIONS", "MINUTE", 5, 300)
ORDERS: Final = tuple(
    Limiter("ORDERS", interval, num, limit) for _, interval, num, _, limit in ORDER_LIMITS
)
USDM_ORDERS: Final = tuple(
    Limiter("ORDERS", interval, num, limit) for _, interval, num, _, limit in FUTURES_ORDER_LIMITS
)
ORDER_LIMITERS: Final = {"spot": ORDERS, "usdm": USDM_ORDERS, "coinm": USDM_ORDERS[1:]}
SPOT_LIMITERS: Final = (REQUEST_WEIGHT, *ORDERS, RAW_REQUESTS)
SOCKET_LIMITERS: Final = (REQUEST_WEIGHT, *ORDERS, CONNECTIONS)
FUTURES_LIMITERS: Final = (
    Limiter("REQUEST_WEIGHT", "MINUTE", 1, 2_400),
    *reversed(USDM_ORDERS),
)
DELIVERY_LIMITERS: Final = FUTURES_LIMITERS[:2]
