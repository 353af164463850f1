"""How a world comes to be: born from a recipe, or loaded from a snapshot."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any

from tradepit.catalog import language, publish
from tradepit.config import Config
from tradepit.core import marking
from tradepit.core.bars import MINUTE_US
from tradepit.core.exchange import Exchange
from tradepit.data import spot_listing
from tradepit.data.exchange_info import ListingError, read_exchange_info
from tradepit.data.genesis import genesis
from tradepit.journal.clock import REAL, wall_us
from tradepit.journal.recovery import Origins
from tradepit.market.maker import MAKERS
from tradepit.market.pasts import attach, contracts_with_past, with_past
from tradepit.market.replay import read_tape, worth
from tradepit.market.takers import TAKERS
from tradepit.market.tapefile import Tape
from tradepit.worlds.recipes import MAIN, Recipe


class Codec:
    """Requests as the log keeps them; see `journal.records.AskCodec`."""

    def pack_ask(self, ask: object) -> bytes:
        assert isinstance(ask, language.Ask)
        return language.pack_ask(ask)

    def unpack_ask(self, op: str, packed: bytes) -> object:
        return language.unpack_ask(op, packed)


def listing_of(settings: Config) -> list[dict[str, Any]]:
    """The exchangeInfo rows of what worlds of this server may list.

    Raises: ListingError, OSError for a file that is not what it should be.
    """
    if settings.exchange_info is not None:
        return read_exchange_info(settings.exchange_info)
    return spot_listing()


def _check_listed(listing: list[dict[str, Any]], wanted: tuple[str, ...]) -> None:
    """Raises: ListingError for a symbol that is not listed."""
    known = {row["symbol"] for row in listing}
    for name in wanted:
        if name not in known:
            near = get_close_matches(name.upper(), known, n=3, cutoff=0.5)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise ListingError(f"no symbol {name!r} is listed{hint}")


def origins(
    settings: Config, recipe: Recipe, born_of: list[Tape] | None = None
) -> Origins[Exchange]:
    """The two ways a world of this recipe comes to be. Births are on whole minutes.

    born_of: gets the tape with which a new one begins: the server's first, with `--replay`.
    """
    publish.load()
    handlers = language.commands()

    def birth() -> Exchange:
        listing = listing_of(settings)
        if recipe.symbols:
            _check_listed(listing, recipe.symbols)
            listing = [row for row in listing if row["symbol"] in recipe.symbols]
        if recipe.market != "empty":
            listing = with_past(listing, recipe.seed)
        born_us = recipe.time_us or wall_us()
        replay = settings.replay if recipe.name == MAIN else ()
        if replay:
            tape = read_tape([Path(name) for name in replay])
            listing = worth(listing, tape.symbol, tape.first_price)
            born_us = tape.start_us
            if born_of is not None:
                born_of.append(tape)
        born_us -= born_us % MINUTE_US
        row = genesis(
            listing, seed=recipe.seed, born_us=born_us, residents=MAKERS, takers=TAKERS,
            guests=recipe.accounts,
        )  # fmt: skip
        if recipe.market != "empty":
            row["contracts"] = contracts_with_past(row["contracts"], recipe.seed)
        pit = Exchange(handlers, row)
        attach(pit, begin=True)
        for contract in pit.contracts.values():
            if contract.last_price:
                marking.go_on(pit, contract)
        pit.clock_speed = recipe.speed  # known from the first record on, whatever kill comes
        if recipe.time_us:
            pit.clock_offset_us = recipe.time_us - wall_us() if recipe.speed == REAL else 0
        if replay:
            pit.clock_offset_us = born_us - wall_us()
        return pit

    def load(state: dict[str, Any]) -> Exchange:
        pit = Exchange.load(handlers, state)
        attach(pit, begin=False)
        return pit

    return Origins(birth, load, Codec())
