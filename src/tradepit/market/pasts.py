"""Which symbols and contracts of a world have a past, and attaching it.

That a symbol has one is part of the state: a mark in its listing with the version and the seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any, Final

from tradepit.core.units import ONE, mul_floor, parse_units, step_floor, text_short
from tradepit.market.coins import Coins
from tradepit.market.following import Follower, FollowingPast
from tradepit.market.layers import Shelf
from tradepit.market.past import SyntheticPast, terms_of
from tradepit.market.premium import CARRY, YEAR_US, Premium
from tradepit.market.prices import Listed, dollars
from tradepit.market.walks import Walks

# Raised whenever the same seed would lead to another past; what follows an index has a version of
# its own. Those before were never released: what they say of ids and days holds, and how a day goes
# is as it is now.
VERSION: Final = 3
FOLLOWING: Final = 4
OWN: Final = (1, VERSION)
FOLLOWERS: Final = (2, FOLLOWING)
MARK: Final = "_past"  # the listing's key


def with_past(listing: Sequence[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """The exchangeInfo rows of a new world, told to have a past: it is part of the state. Prices
    that contradict each other (a pair, and the two pairs that lead to the same) are made to agree,
    because what is traded from the birth on agrees."""
    rows = [
        Listed(row["baseAsset"], row["quoteAsset"], parse_units(row["_price"])) for row in listing
    ]
    values = dollars(rows)
    mark = {MARK: {"version": VERSION, "seed": seed}}
    return [
        {**row, "_price": _agreed(row, values[one.base] * ONE // values[one.quote])} | mark
        for row, one in zip(listing, rows, strict=True)
    ]


def _agreed(row: dict[str, Any], units: int) -> str:
    """The price that a row names, unless it is a tick or more from the one that others lead to."""
    named: str = row["_price"]
    ticks = [each["tickSize"] for each in row["filters"] if each["filterType"] == "PRICE_FILTER"]
    tick = parse_units(ticks[0]) if ticks else 0
    if abs(units - parse_units(named)) < max(tick, 1):
        return named
    return text_short(max((units + tick // 2) // tick * tick, tick) if tick else max(units, 1))


def contracts_with_past(listing: Sequence[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """The same of contracts: theirs follows that of their index."""
    return [{**row, MARK: {"version": FOLLOWING, "seed": seed}} for row in listing]


def pasts_of(symbols: Mapping[str, Any], born_us: int) -> dict[str, SyntheticPast]:
    """The past of every symbol that is to have one and can, by name.

    symbols: `core.symbols.Symbol` by name, with listings of `with_past`. Raises: ValueError for a
    past of a version that is not known here.
    """
    shelf = Shelf(Lock())
    walks: dict[int, Walks] = {}
    found = {}
    for name, symbol in symbols.items():
        mark = symbol.listing.get(MARK)
        if mark is None:
            continue
        if mark["version"] not in OWN:
            raise ValueError(f"{name} has a past of version {mark['version']}, not {VERSION}")
        terms = terms_of(symbol, parse_units(symbol.listing["_price"]))
        if terms is not None:
            seed: int = mark["seed"]
            shared = (walks.setdefault(seed, Walks(seed, Lock())), shelf)
            found[name] = SyntheticPast(terms, seed, born_us, shared)
    return found


def contract_pasts(
    contracts: Mapping[str, Any], spots: Mapping[str, SyntheticPast], born_us: int
) -> dict[str, SyntheticPast | FollowingPast]:
    """The past of every contract that is to have one and can, by name.

    contracts: `core.contracts.Contract` by name. spots: `pasts_of` the world's symbols. Worlds
    that were born before contracts followed their index keep what they have told. Raises:
    ValueError for a past of a version that is not known here.
    """
    old = {
        name: contract
        for name, contract in contracts.items()
        if contract.listing.get(MARK, {}).get("version") in OWN
    }
    found: dict[str, SyntheticPast | FollowingPast] = dict(pasts_of(old, born_us))
    for name, contract in contracts.items():
        mark = contract.listing.get(MARK)
        if mark is None or name in old:
            continue
        if mark["version"] not in FOLLOWERS:
            raise ValueError(f"{name} has a past of version {mark['version']}, not {FOLLOWING}")
        past = following(contract, spots, mark["seed"])
        if past is not None:
            found[name] = past
    return found


def following(
    contract: Any, spots: Mapping[str, SyntheticPast], seed: int, typical: int = 0
) -> FollowingPast | None:
    """A contract's past, if its index has one and it was listed before the world's birth. typical:
    its price then (units), where that is not its listing's."""
    spot = spots.get(contract.index_symbol)
    terms = terms_of(contract, typical or parse_units(contract.listing["_price"]))
    listed_us: int = contract.listing["onboardDate"] * 1000
    if spot is None or terms is None or listed_us >= spot.last_day_us:
        return None
    premium = Premium(contract.key, seed, spot.born_us, spot.shelf)
    if not contract.perpetual:
        premium.carry, premium.delivery_us = CARRY, contract.delivery_us
    coins = Coins(contract.size, terms.sizes.tick) if contract.inverse else None
    if coins is not None:
        terms = terms._replace(sizes=terms.sizes._replace(worth=1))
    mine = Follower(terms, contract.index_units, listed_us, coins, contract.funding_us)
    return FollowingPast(mine, spot, premium, seed)


class GoneQuarters:
    """See `core.past.Quarters`."""

    def __init__(self, symbols: Mapping[str, Any], spots: Mapping[str, SyntheticPast]) -> None:
        self._symbols = symbols
        self._spots = spots
        self._found: dict[str, FollowingPast | None] = {}

    def past_of(self, contract: Any) -> FollowingPast | None:
        if contract.key not in self._found:
            mark = contract.listing.get(MARK, {})
            spot = self._spots.get(contract.index_symbol)
            past = None
            if spot is not None and mark.get("version") == FOLLOWING:
                price = self._price(contract, spot.born_us)
                past = following(contract, self._spots, mark["seed"], price)
            self._found[contract.key] = past
        return self._found[contract.key]

    def _price(self, contract: Any, born_us: int) -> int:
        """The typical price (units) of a contract, as a world lists those of its birth."""
        coin = parse_units(self._symbols[contract.index_symbol].listing["_price"])
        carry = CARRY * ((contract.delivery_us - born_us) // 1000) // (YEAR_US // 1000)
        price = (coin + mul_floor(coin, carry)) * contract.index_units
        return step_floor(price, contract.tick_size)


def attach(pit: Any, *, begin: bool) -> None:
    """Give a world's symbols and contracts their pasts, and a new one the last prices of them."""
    spots = pasts_of(pit.symbols, pit.born_us)
    futures = contract_pasts(pit.contracts, spots, pit.born_us)
    pit.quarters = GoneQuarters(pit.symbols, spots)
    for symbols, pasts in ((pit.symbols, spots), (pit.contracts, futures)):
        for name, past in pasts.items():
            if begin:
                symbols[name].begin(past, pit.born_us)
            else:
                symbols[name].tape.past = past
            if isinstance(past, FollowingPast):
                symbols[name].premiums = past
