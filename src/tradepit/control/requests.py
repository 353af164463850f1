"""What was refused lately, and why."""

from __future__ import annotations

from typing import Annotated

from tradepit.catalog.fields import Between, Int, Long, Text
from tradepit.catalog.language import Ask, operation
from tradepit.control.accounts import AccountName
from tradepit.control.basics import Console
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.gateways.trail import KEPT, Refusal

Code = Annotated[str, Text(r"-?[0-9]{1,5}", legal="^-?[0-9]{1,5}$")]


class ListRequests(Ask):
    after: Long = 0
    limit: Annotated[Int, Between(1, KEPT)] = 100
    code: Code | None = None
    account: AccountName | None = None


@operation("GET /_tradepit/v1/requests")
def list_requests(pit: Exchange, history: Console, who: Who, ask: ListRequests) -> list[Refusal]:
    """The refused requests, oldest first, each with its reason; the last 1,000 are kept."""
    code = None if ask.code is None else int(ask.code)
    return history.trail.find(ask.after, ask.limit, code, ask.account)
