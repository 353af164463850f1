"""The keeper of a server's worlds: each in a folder of its own, all served by one door.

The first world lives in the data directory itself, the others below `worlds/`. A folder becomes a
world by its rename and stops being one by its rename, so a kill leaves whole worlds only.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final, Protocol, TypeVar

import msgspec
from sqlalchemy.exc import DBAPIError

from tradepit.config import Config
from tradepit.control.keeping import Plan, WorldRow
from tradepit.core.units import ONE
from tradepit.data.genesis import DEV_KEYS, INSURANCE
from tradepit.gateways.answers import refusal
from tradepit.gateways.worlds import World
from tradepit.journal.clock import REAL
from tradepit.journal.datadir import finish_change
from tradepit.journal.port import JournalError
from tradepit.market.maker import MAKERS
from tradepit.market.takers import TAKERS
from tradepit.worlds.births import listing_of
from tradepit.worlds.hall import Hall
from tradepit.worlds.images import Made, fresh_folder, remove_folder
from tradepit.worlds.recipes import MAIN, Recipe, main_recipe, read_recipe, write_recipe
from tradepit.worlds.shelf import Shelf

T = TypeVar("T")

MOST_WORLDS: Final = 64
FOLDER: Final = "worlds"
UNBORN: Final = ".new-"

_operator = logging.getLogger("tradepit.worlds")
_TAKEN: Final = {*(key.name for key in DEV_KEYS), *MAKERS, *TAKERS, INSURANCE}


class Gateway(Protocol):
    """What stands between the worlds and their clients."""

    def front(self, hall: Hall) -> World:
        """A world as clients meet it."""

    def part(self, world: World, words: str) -> None:
        """Close the sockets of a world that ends."""

    def url(self, name: str) -> str:
        """Where clients find it."""


class Keeper:
    """See `control.keeping.Keeper`. Belongs to the event loop."""

    def __init__(self, settings: Config, gateway: Gateway) -> None:
        self.settings = settings
        self.gateway = gateway
        self.halls: dict[str, Hall] = {}
        self.worlds: dict[str, World] = {}  # what the door looks into
        self.closed: dict[str, tuple[Recipe, str]] = {}  # those that could not be opened, and why
        self.on_first: Callable[[str], None] = lambda reason: None  # told when the first one breaks
        self._changing = asyncio.Lock()
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        if settings.memory:
            self._scratch = tempfile.TemporaryDirectory(prefix="tradepit-")
        self._root = Path(self._scratch.name) if self._scratch else settings.data_dir
        self._folder = self._root / FOLDER

    # --- The server's life ---------------------------------------------------------------------

    def open_first(self) -> Hall:
        """Recover the first world. Raises: JournalError, ListingError, OSError."""
        folder = self._root / MAIN if self.settings.memory else self._root
        return self._admit(Hall(self.settings, main_recipe(self.settings), folder))

    async def start(self) -> None:
        """Open all worlds; one that cannot be opened does not keep the others."""
        first = self.halls[MAIN]
        first.sequencer.on_broken = self._first_broke
        await first.start()
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for folder in sorted(self._folder.iterdir()):
            if folder.name.startswith("."):
                shutil.rmtree(folder, ignore_errors=True)  # half made, or half removed
            else:
                await self._reopen(folder)

    def _first_broke(self, reason: str) -> None:
        self.on_first(reason)

    async def _reopen(self, folder: Path) -> None:
        try:
            finish_change(folder)
            recipe = read_recipe(folder)
        except (OSError, msgspec.MsgspecError) as wrong:
            _operator.error("%s is no world and is left alone: %s", folder, wrong)
            return
        try:
            await self._admit(Hall(self.settings, recipe, folder)).start()
        except (JournalError, OSError) as wrong:
            _operator.error("The world %s stays closed: %s", recipe.name, wrong)
            self._dismiss(recipe.name, "The world is closed")
            self.closed[recipe.name] = (recipe, str(wrong))

    async def stop(self) -> None:
        async with self._changing:  # what is being changed is whole before it ends
            for name in reversed(list(self.halls)):
                await self.halls[name].stop()
        if self._scratch is not None:
            self._scratch.cleanup()

    # --- Who is served -------------------------------------------------------------------------

    def _admit(self, hall: Hall) -> Hall:
        self.halls[hall.name] = hall
        self.worlds[hall.name] = self.gateway.front(hall)
        return hall

    def _dismiss(self, name: str, words: str) -> Hall | None:
        """Serve a world no longer."""
        world = self.worlds.pop(name, None)
        if world is not None:
            self.gateway.part(world, words)
        return self.halls.pop(name, None)

    @contextlib.contextmanager
    def away(self, name: str, words: str) -> Iterator[None]:
        """While a world is exchanged for another state of it: its sockets are closed, and who calls
        waits."""
        world = self.worlds[name]
        world.away = asyncio.get_running_loop().create_future()
        self.gateway.part(world, words)
        try:
            yield
        finally:
            self.gateway.part(world, words)  # those that were opened meanwhile
            world.away.set_result(None)

    async def succeed(self, hall: Hall) -> None:
        """Serve a world that was opened anew in the place of what it was."""
        if hall.name == MAIN:
            hall.sequencer.on_broken = self._first_broke
        world = self.gateway.front(hall)
        await hall.start()
        self.halls[hall.name] = hall
        self.worlds[hall.name] = world

    def lose(self, hall: Hall, reason: str) -> None:
        """A world cannot be served any more; its files are left as they are."""
        if hall.name == MAIN:
            _operator.critical("THE WORLD STOPPED: %s", reason)
            self.on_first(reason)
            return
        self._dismiss(hall.name, "The world is closed")
        self.closed[hall.name] = (hall.recipe, reason)

    # --- Operations ----------------------------------------------------------------------------

    def rows(self) -> list[WorldRow]:
        rows = [self.row(hall) for hall in self.halls.values()]
        return rows + [self._closed_row(*found) for found in self.closed.values()]

    def row(self, hall: Hall) -> WorldRow:
        pit, recipe = hall.pit, hall.recipe
        return WorldRow(
            name=hall.name, url=self.gateway.url(hall.name), seed=pit.seed, market=recipe.market,
            limits=recipe.limits, symbols=len(pit.symbols),
            accounts=sum(not account.quiet for account in pit.accounts.values()),
            commands=pit.seq, now=hall.clock.now_us(), speed=hall.clock.speed * (ONE // REAL),
            first=hall.name == MAIN, closed=hall.sequencer.broken or None,
        )  # fmt: skip

    def _closed_row(self, recipe: Recipe, reason: str) -> WorldRow:
        return WorldRow(
            name=recipe.name, url=self.gateway.url(recipe.name), seed=recipe.seed,
            market=recipe.market, limits=recipe.limits, symbols=0, accounts=0, commands=0, now=0,
            speed=0, first=False, closed=reason,
        )  # fmt: skip

    def create(self, plan: Plan) -> Awaitable[WorldRow]:
        recipe = self._recipe(plan)
        return self.alone(lambda: self._create(recipe))

    async def _create(self, recipe: Recipe) -> WorldRow:
        self.check_free(recipe.name)
        unborn = self.unborn(recipe.name)
        write_recipe(unborn, recipe)
        return await self.open(unborn, recipe)

    def unborn(self, name: str) -> Path:
        """An empty folder that is to be a world."""
        return fresh_folder(self._folder / (UNBORN + name))

    async def open(self, unborn: Path, recipe: Recipe, made: Made | None = None) -> WorldRow:
        """Make a furnished folder a world, and serve it. made: the state that its files hold."""
        hall = await asyncio.to_thread(self._open, unborn, recipe, made)
        try:
            world = self.gateway.front(hall)
            await hall.start()
        except BaseException:
            remove_folder(hall.folder)
            raise
        self.halls[hall.name] = hall
        self.worlds[hall.name] = world
        return self.row(hall)

    def _open(self, unborn: Path, recipe: Recipe, made: Made | None) -> Hall:
        folder = self._folder / recipe.name
        unborn.rename(folder)
        try:
            return Hall(self.settings, recipe, folder, made=made)
        except BaseException:
            remove_folder(folder)
            raise

    def shelf(self, world: str) -> Shelf:
        return Shelf(self, world)

    def delete(self, name: str) -> Awaitable[WorldRow]:
        return self.alone(lambda: self._delete(name))

    async def _delete(self, name: str) -> WorldRow:
        if name == MAIN:
            raise refusal(400, "The server's first world cannot be deleted; stop the server.")
        found = self.closed.pop(name, None)
        if found is not None:
            remove_folder(self._folder / name)
            return self._closed_row(*found)
        row = self.row(self.hall(name))
        hall = self._dismiss(name, "The world was deleted")
        assert hall is not None
        await hall.stop(keep=False)
        remove_folder(hall.folder)
        return row

    async def alone(self, work: Callable[[], Awaitable[T]]) -> T:
        """One change of the worlds at a time."""
        async with self._changing:
            try:
                return await work()
            except JournalError as wrong:
                _operator.exception("A world could not be changed")
                raise refusal(400, str(wrong)) from wrong
            except (OSError, DBAPIError) as wrong:
                _operator.exception("A world could not be changed")
                cause = wrong.strerror if isinstance(wrong, OSError) else wrong.orig
                words = f"The disk did not take it ({cause}): make room, and ask again."
                raise refusal(400, words) from wrong

    # --- Checks --------------------------------------------------------------------------------

    def hall(self, name: str) -> Hall:
        """Raises: Reject when the world is not served."""
        hall = self.halls.get(name)
        if hall is None:
            raise refusal(404, f"There is no world named {name!r}.")
        return hall

    def check_free(self, name: str) -> None:
        if name in self.halls or name in self.closed:
            raise refusal(400, f"There is a world named {name!r} already.")
        if len(self.halls) + len(self.closed) >= MOST_WORLDS:
            raise refusal(400, f"This server has {MOST_WORLDS} worlds; delete one first.")

    def _recipe(self, plan: Plan) -> Recipe:
        first = self.halls[MAIN].recipe
        if plan.symbols:
            known = {row["symbol"] for row in listing_of(self.settings)}
            for name in plan.symbols:
                if name not in known:
                    raise refusal(400, f"The server lists no symbol {name!r}.", code=-1121)
        for name in plan.accounts:
            if name in _TAKEN or plan.accounts.count(name) > 1:
                raise refusal(400, f"There is an account {name!r} already.", code=-1130)
        return Recipe(
            plan.name,
            seed=first.seed if plan.seed is None else plan.seed,
            market=plan.market or first.market,
            limits=plan.limits or first.limits,
            symbols=plan.symbols,
            accounts=plan.accounts,
            time_us=plan.time_us,
            speed=plan.speed,
        )
