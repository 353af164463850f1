"""The worlds of a server: list, create, delete. See docs/worlds.md."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Final

from tradepit.catalog.fields import Amount, Between, Long, OneOf, Time
from tradepit.catalog.kinds import INT64_MAX, SYMBOLS_RANGE, Symbol, TextList
from tradepit.catalog.language import Ask, operation
from tradepit.control.accounts import Words
from tradepit.control.basics import Console, Nothing, wrong
from tradepit.control.clock import LATEST_US, speed_of
from tradepit.control.keeping import MARKETS, Plan, WorldName, WorldRow
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.units import ONE

EARLIEST_US: Final = 1_500_000_000_000_000  # 2017-07-14: no timestamp before is let in


class MarketName(OneOf):
    """A preset of the market; a refusal names those that there are."""

    def refuse(self, name: str, text: str) -> Reject:
        return wrong(name, f"There are {', '.join(MARKETS)}.")


Market = Annotated[str, MarketName(MARKETS)]
Limits = Annotated[str, OneOf(("real", "off"))]
Symbols = Annotated[tuple[str, ...], TextList(Symbol(), SYMBOLS_RANGE, most=10_000)]


@operation("GET /_tradepit/v1/worlds")
def list_worlds(pit: Exchange, history: Console, who: Who, ask: Nothing) -> list[WorldRow]:
    """All worlds of the server, the one it was started with first."""
    return history.keeper.rows()


class CreateWorld(Ask):
    name: WorldName
    seed: Annotated[Long, Between(0, INT64_MAX)] | None = None
    market: Market | None = None
    limits: Limits | None = None
    symbols: Symbols | None = None
    accounts: Words | None = None
    time: Time | None = None
    speed: Amount = ONE


@operation("POST /_tradepit/v1/worlds")
def create_world(
    pit: Exchange, history: Console, who: Who, ask: CreateWorld
) -> WorldRow | Awaitable[WorldRow]:
    """Make a world and serve it at once, at `/@name/`. What is not sent is as in the server's first
    world; `time` is what its clock shows first (now)."""
    if ask.time is not None and not EARLIEST_US <= ask.time <= LATEST_US:
        raise Reject("INVALID_PARAMETER", "time")
    plan = Plan(
        ask.name, ask.seed, ask.market, ask.limits, ask.symbols or (), ask.accounts or (),
        ask.time or 0, speed_of(ask.speed, "speed"),
    )  # fmt: skip
    return history.keeper.create(plan)


class NameWorld(Ask):
    name: WorldName


@operation("DELETE /_tradepit/v1/worlds")
def delete_world(
    pit: Exchange, history: Console, who: Who, ask: NameWorld
) -> WorldRow | Awaitable[WorldRow]:
    """End a world and remove everything of it; its sockets are closed."""
    return history.keeper.delete(ask.name)
