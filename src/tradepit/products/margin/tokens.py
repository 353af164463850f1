"""Listen tokens: who may hear the events of a margin account over the WebSocket API.

Source: the margin pages' "Listen Token Websocket API"; documented. There are no margin accounts
here yet, so that such a stream tells of its end alone: docs/decisions/0137-listen-tokens.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from tradepit.catalog.fields import Between, Bool, Drawn, Long, SymbolName, Time
from tradepit.catalog.language import MEMORY, UID, USER_STREAM, Ask, Reply, operation
from tradepit.core import listening
from tradepit.core.records import Who
from tradepit.core.rejects import Reject

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange

DAY_MS: Final = 86_400_000
CROSS: Final = listening.TOKEN + "cross"


class GrantToken(Ask):
    symbol: SymbolName | None = None
    is_isolated: Bool | None = None
    validity: Annotated[Long, Between(1, DAY_MS)] = DAY_MS
    fresh: Annotated[str, Drawn(70)] = ""


class Granted(Reply):
    token: str
    expiration_time: Time


@operation(
    "POST /sapi/v1/userListenToken", security=USER_STREAM, weight=1, weight_scope=UID,
    source=MEMORY, since="2025-10-01", doc="margin/Listen-Token-Websocket-API",
)  # fmt: skip
def grant_token(pit: Exchange, who: Who, ask: GrantToken) -> Granted:
    """Create a listenToken for the cross margin account, or for an isolated one."""
    product = CROSS
    if ask.is_isolated:
        if ask.symbol is None:
            raise Reject("MANDATORY_PARAM", "symbol")
        symbol = pit.symbol(ask.symbol)
        if not symbol.margin_allowed:
            raise Reject("INVALID_SYMBOL")
        product = listening.TOKEN + symbol.name
    found = listening.grant(pit, who.owner, product, ask.fresh, ask.validity * 1_000)
    return Granted(token=found.key, expiration_time=found.expires_us)
