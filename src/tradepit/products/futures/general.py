"""Connectivity and time of both futures exchanges.

Source: the USDⓈ-M and COIN-M rows of the contract; the September-2024 form of the replies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradepit.catalog.fields import Time
from tradepit.catalog.language import Ask, Reply, operation
from tradepit.core.records import Who

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.history import History


class Nothing(Ask):
    """A request without parameters."""


class ServerTime(Reply):
    server_time: Time


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
