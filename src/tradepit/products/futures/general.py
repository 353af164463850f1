"""Connectivity, time and listing of both futures exchanges. No contract is listed.

Source: the USDⓈ-M and COIN-M rows of the contract; the September-2024 form of the replies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradepit.catalog.fields import Time
from tradepit.catalog.language import Ask, Reply, operation
from tradepit.catalog.limiters import DELIVERY_LIMITERS, FUTURES_LIMITERS, Limiter
from tradepit.core.records import Who

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.history import History

Rows = list[dict[str, Any]]


class Nothing(Ask):
    """A request without parameters."""


class ServerTime(Reply):
    server_time: Time


class RateLimit(Reply):
    interval: str
    interval_num: int
    limit: int
    rate_limit_type: str


class UsdmInfo(Reply):
    exchange_filters: Rows
    rate_limits: list[RateLimit]
    server_time: Time
    assets: Rows
    symbols: Rows
    timezone: str


class CoinmInfo(Reply):
    exchange_filters: Rows
    rate_limits: list[RateLimit]
    server_time: Time
    symbols: Rows
    timezone: str


def rate_limits(limiters: tuple[Limiter, ...]) -> list[RateLimit]:
    """Limiters as the futures exchanges show them."""
    return [
        RateLimit(interval=interval, interval_num=num, limit=limit, rate_limit_type=kind)
        for kind, interval, num, limit in limiters
    ]


@operation("GET /fapi/v1/ping", doc="usdm/market-data#test-connectivity")
def ping_usdm(pit: Exchange, history: History, who: Who, ask: Nothing) -> dict[str, Any]:
    """Test connectivity."""
    return {}


@operation("GET /dapi/v1/ping", doc="coinm/market-data#test-connectivity")
def ping_coinm(pit: Exchange, history: History, who: Who, ask: Nothing) -> dict[str, Any]:
    """Test connectivity."""
    return {}


@operation("GET /fapi/v1/time", doc="usdm/market-data#check-server-time")
def time_usdm(pit: Exchange, history: History, who: Who, ask: Nothing) -> ServerTime:
    """Check server time."""
    return ServerTime(server_time=history.now_us())


@operation("GET /dapi/v1/time", doc="coinm/market-data#check-server-time")
def time_coinm(pit: Exchange, history: History, who: Who, ask: Nothing) -> ServerTime:
    """Check server time."""
    return ServerTime(server_time=history.now_us())


@operation("GET /fapi/v1/exchangeInfo", doc="usdm/market-data#exchange-information")
def info_usdm(pit: Exchange, history: History, who: Who, ask: Nothing) -> UsdmInfo:
    """Exchange information."""
    return UsdmInfo(
        exchange_filters=[],
        rate_limits=rate_limits(FUTURES_LIMITERS),
        server_time=history.now_us(),
        assets=[],
        symbols=[],
        timezone="UTC",
    )


@operation("GET /dapi/v1/exchangeInfo", doc="coinm/market-data#exchange-information")
def info_coinm(pit: Exchange, history: History, who: Who, ask: Nothing) -> CoinmInfo:
    """Exchange information."""
    return CoinmInfo(
        exchange_filters=[],
        rate_limits=rate_limits(DELIVERY_LIMITERS),
        server_time=history.now_us(),
        symbols=[],
        timezone="UTC",
    )
