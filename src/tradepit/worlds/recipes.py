"""What a world is made from, as it is kept beside the world's log."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from tradepit.config import Config, moment_us, thousandths
from tradepit.journal.clock import REAL
from tradepit.journal.datadir import private_opener

MAIN: Final = "main"
FILE: Final = "world.json"


class Recipe(msgspec.Struct, frozen=True):
    """A world's settings, fixed at its birth.

    market: see `config.Config.market`. limits: "real" or "off". symbols: those it lists of the
    server's; none named: all. accounts: further ones, funded like the dev accounts. time_us: what
    its clock shows first, 0: the wall's time. speed: thousandths of the wall's pace.
    """

    name: str
    seed: int
    market: str
    limits: str
    symbols: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    time_us: int = 0
    speed: int = REAL

    @property
    def follows_wall(self) -> bool:
        """Whether its clock shows the machine's time from its birth on."""
        return not self.time_us and self.speed == REAL


def main_recipe(settings: Config) -> Recipe:
    """The world that a server is started with."""
    return Recipe(
        MAIN, settings.seed, settings.market, settings.limits, symbols=settings.symbol,
        time_us=moment_us(settings.time), speed=thousandths(settings.speed),
    )  # fmt: skip


def write_recipe(folder: Path, recipe: Recipe) -> None:
    """Keep it beside the world; it is there whole or not at all."""
    part = folder / (FILE + ".part")
    with open(part, "wb", opener=private_opener) as file:
        file.write(msgspec.json.format(msgspec.json.encode(recipe)))
    part.replace(folder / FILE)


def read_recipe(folder: Path) -> Recipe:
    """Raises: OSError when there is none, msgspec.MsgspecError when it is not one."""
    return msgspec.json.decode((folder / FILE).read_bytes(), type=Recipe)
