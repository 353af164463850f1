"""Who is there and how they are: `info`, `health`, and the switch of the order count.

The handlers of `/_tradepit/v1` get the world's console where others get its history.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tradepit.catalog.fields import Bool, Long, String, Time
from tradepit.catalog.language import Ask, Reply, operation
from tradepit.control.keeping import Keeper
from tradepit.control.ports import Replays
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.data.genesis import DevKey
from tradepit.gateways.faults import Faults
from tradepit.gateways.trail import Trail
from tradepit.gateways.watchers import Watchers
from tradepit.journal.clock import WorldClock

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange

COUNT_ORDERS: Final = "count-orders"


class Stage(NamedTuple):
    """The market's presets (name: what it is), which one is played, how to play another, and how a
    symbol's market (a SetMarket in, its MarketRow out) and a contract (likewise) are set."""

    presets: Mapping[str, str]
    preset: Callable[[], str]
    play: Callable[[str], Awaitable[None]]
    put: Callable[[Any], Awaitable[Any]]
    put_contract: Callable[[Any], Awaitable[Any]]


class Console(NamedTuple):
    """What only the server knows of a world, and does for it.

    healthy: whether each part of the world does what it should, by name. pace: change the clock's
    speed (thousandths). advance: set the clock forward to a time, everything due on the way done.
    trail: what was refused. timestamps: by which clocks requests may be signed, either or world.
    watchers: who watches events. traffic: how many HTTP answers there were, how many connections of
    each kind there are. replays: the symbols whose trades come from files. keeper: who keeps all
    worlds of the server. stage: the presets of the market.
    """

    version: str
    world: str
    timestamps: str
    urls: Mapping[str, str]
    keys: tuple[DevKey, ...]
    clock: WorldClock
    healthy: Callable[[], dict[str, bool]]
    pace: Callable[[int], Awaitable[None]]
    advance: Callable[[int], Awaitable[None]]
    trail: Trail
    faults: Faults
    watchers: Watchers
    traffic: Callable[[], dict[str, int]]
    replays: Replays
    keeper: Keeper
    stage: Stage


def wrong(name: str, remedy: str, reject: str = "INVALID_PARAMETER") -> Reject:
    """The refusal of a parameter, with a sentence that says what to do instead."""
    refused = Reject(reject, name)
    refused.msg = f"{refused.msg.removesuffix('.')}. {remedy}"
    return refused


class Nothing(Ask):
    """A request without parameters."""


class Now(Reply):
    now: Time


class DevAccount(Reply, rename=None):
    name: String
    api_key: String
    secret_key: String


class Info(Reply):
    version: String
    world: String
    seed: Long
    clock: Now
    timestamps: String
    urls: dict[str, str]
    accounts: list[DevAccount]


@operation("GET /_tradepit/v1/info")
def info(pit: Exchange, history: Console, who: Who, ask: Nothing) -> Info:
    """What this server is, where its interfaces are, and the dev accounts' keys."""
    console = history
    return Info(
        version=console.version,
        world=console.world,
        seed=pit.seed,
        clock=Now(now=console.clock.now_us()),
        timestamps=console.timestamps,
        urls=dict(console.urls),
        accounts=[
            DevAccount(name=key.name, api_key=key.api_key, secret_key=key.secret_key)
            for key in console.keys
        ],
    )


class Health(Reply):
    healthy: bool
    parts: dict[str, bool]


@operation("GET /_tradepit/v1/health")
def health(pit: Exchange, history: Console, who: Who, ask: Nothing) -> Health:
    """Whether the world takes orders and what its market promises holds; 409 when not."""
    parts = history.healthy()
    if not all(parts.values()):
        raise Reject("DISCONNECTED", status=409, data=parts)
    return Health(healthy=True, parts=parts)


class CountOrders(Ask):
    on: Bool


@operation(COUNT_ORDERS)
def count_orders(pit: Exchange, who: Who, ask: CountOrders) -> dict[str, bool]:
    """Whether the unfilled order count limits anybody: a command, because a replay must agree."""
    pit.count_orders = ask.on
    return {"on": ask.on}
