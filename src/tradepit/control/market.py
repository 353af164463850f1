"""The living market under its user's hand: which preset the residents follow."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated

from tradepit.catalog.fields import Text
from tradepit.catalog.language import Ask, Reply, operation
from tradepit.control.basics import Console, Nothing, wrong
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who

PresetName = Annotated[str, Text(r"[a-z-]{1,32}", legal="^[a-z-]{1,32}$")]


class MarketPreset(Reply):
    name: str
    about: str


class MarketFace(Reply):
    preset: str
    presets: list[MarketPreset]


def _face(console: Console) -> MarketFace:
    stage = console.stage
    return MarketFace(
        preset=stage.preset(),
        presets=[MarketPreset(name=name, about=about) for name, about in stage.presets.items()],
    )


@operation("GET /_tradepit/v1/market/preset")
def read_market(pit: Exchange, history: Console, who: Who, ask: Nothing) -> MarketFace:
    """The preset that the residents follow (`empty`: there are none), and all presets."""
    return _face(history)


class SetMarket(Ask):
    preset: PresetName


@operation("PUT /_tradepit/v1/market/preset")
def set_market(
    pit: Exchange, history: Console, who: Who, ask: SetMarket
) -> MarketFace | Awaitable[MarketFace]:
    """Have the residents follow another preset from now on; `empty` has them take their orders
    and leave."""
    if ask.preset not in history.stage.presets:
        raise wrong("preset", f"There are {', '.join(history.stage.presets)}.")

    async def later() -> MarketFace:
        await history.stage.play(ask.preset)
        return _face(history)

    return later()
