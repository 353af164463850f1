"""Which contracts a request means, and the field types that such requests share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

from tradepit.catalog.fields import Between, Int, OneOf, SymbolName
from tradepit.catalog.futures_fields import PairName
from tradepit.catalog.language import Ask
from tradepit.core import terms
from tradepit.core.contracts import COINM, Contract, refusal
from tradepit.core.rejects import Reject

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange

Limit: TypeAlias = Annotated[Int, Between(1, 1000, clip=True)]
KlineLimit: TypeAlias = Annotated[Int, Between(1, 1500, clip=True)]
Period: TypeAlias = Annotated[
    str, OneOf(("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d"))
]  # fmt: skip


class OneContract(Ask):
    symbol: SymbolName


class MaybeContract(Ask):
    symbol: SymbolName | None = None


class SymbolOrPair(Ask):
    symbol: SymbolName | None = None
    pair: PairName | None = None


def known_of(pit: Exchange, venue: int) -> list[Contract]:
    """The contracts of a venue, with those that were delivered: an account's past on them is told
    of as long as they are known. Any thread may ask."""
    return [contract for contract in list(pit.contracts.values()) if contract.venue == venue]


def contracts_of(pit: Exchange, venue: int) -> list[Contract]:
    """The contracts of a venue, as they are listed, without those that were delivered."""
    return [
        contract
        for contract in pit.contracts.values()
        if contract.venue == venue and contract.status != terms.BREAK
    ]


def chosen(pit: Exchange, symbol: str | None, venue: int) -> list[Contract]:
    """One contract, or all of a venue. Raises: Reject INVALID_SYMBOL."""
    return contracts_of(pit, venue) if symbol is None else [pit.contract(symbol, venue)]


def of_pair(pit: Exchange, pair: str, venue: int) -> list[Contract]:
    """The contracts of a pair. Raises: Reject INVALID_PAIR."""
    found = [contract for contract in contracts_of(pit, venue) if contract.pair == pair]
    if not found:
        raise refusal(venue, "INVALID_PAIR")
    return found


def of_type(pit: Exchange, pair: str, kind: str, venue: int) -> Contract:
    """The contract of a pair and a type. Raises: Reject INVALID_PAIR, INVALID_CONTRACT_TYPE."""
    for contract in of_pair(pit, pair, venue):
        if contract.contract_type == kind:
            return contract
    raise Reject("INVALID_CONTRACT_TYPE")


def by_symbol_or_pair(pit: Exchange, ask: SymbolOrPair) -> list[Contract]:
    """COIN-M contracts. Raises: Reject when both are given, or what is given is not known."""
    if ask.pair is None:
        return chosen(pit, ask.symbol, COINM)
    if ask.symbol is not None:
        raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
    return of_pair(pit, ask.pair, COINM)
