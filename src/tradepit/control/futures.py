"""The futures under their user's hand: mark and index price, funding, liquidation.

Prices that were set stay until they are let go; a funding that is forced is charged at once, and
the next one comes when it would have come.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from tradepit.catalog.fields import Bool, Long, Price, ShortText, String, SymbolName
from tradepit.catalog.futures_fields import SignedRate
from tradepit.catalog.language import Ask, Reply, operation
from tradepit.control.basics import Console
from tradepit.core import liquidation, marking
from tradepit.core.contracts import Contract
from tradepit.core.exchange import Exchange
from tradepit.core.futures_records import Funding
from tradepit.core.records import Who
from tradepit.core.rejects import Reject

PUT_CONTRACT: Final = "put-contract"


class SetContract(Ask):
    symbol: SymbolName
    mark_price: Price | None = None
    index_price: Price | None = None
    funding_rate: SignedRate | None = None
    free: Bool | None = None


class ContractFace(Reply):
    symbol: String
    mark_price: ShortText
    index_price: ShortText
    funding_rate: ShortText
    set_by_hand: bool


def find(pit: Exchange, name: str) -> Contract:
    found = pit.contracts.get(name)
    if found is None:
        raise Reject("INVALID_SYMBOL")
    return found


def face(contract: Contract) -> ContractFace:
    marks = contract.marks
    return ContractFace(
        symbol=contract.name,
        mark_price=marks.mark,
        index_price=marks.index,
        funding_rate=marking.funding_rate(contract),
        set_by_hand=bool(marks.mark_set or marks.index_set or marks.rate_set),
    )


@operation("PUT /_tradepit/v1/contracts")
def put_contract(
    pit: Exchange, history: Console, who: Who, ask: SetContract
) -> ContractFace | Awaitable[ContractFace]:
    """Set a contract's mark or index price, or the rate of its next funding; `free` lets go.
    Residents quote around the index at once."""
    find(pit, ask.symbol)
    return history.stage.put_contract(ask)


@operation(PUT_CONTRACT)
def set_contract(pit: Exchange, who: Who, ask: SetContract) -> ContractFace:
    """What `PUT contracts` does to the state; residents follow by commands of their own."""
    contract = find(pit, ask.symbol)
    marks = contract.marks
    if ask.free:
        marks.mark_set = marks.index_set = 0
        marks.rate_set = []
    if ask.index_price:
        marks.index_set = marks.index = ask.index_price
    if ask.mark_price:
        marks.mark_set = ask.mark_price
    if ask.funding_rate is not None:
        marks.rate_set = [ask.funding_rate]
    if marking.take(pit, contract, pit.at_us):
        pit.settle()
        liquidation.look(pit)
    return face(contract)


class ForceFunding(Ask):
    symbol: SymbolName


@operation("POST /_tradepit/v1/fundings")
def force_funding(pit: Exchange, who: Who, ask: ForceFunding) -> ContractFace:
    """Charge a contract's funding now, at the rate that stands."""
    contract = find(pit, ask.symbol)
    if not contract.perpetual:
        raise Reject("INVALID_CONTRACT_TYPE")
    rate = marking.funding_rate(contract)
    marking.charge(pit, contract, rate)
    contract.marks.rate_set = []
    contract.marks.last_rate = rate
    pit.events.append(Funding(contract, rate, contract.marks.mark, pit.at_us))
    liquidation.look(pit)
    return face(contract)


class ForceLiquidation(Ask):
    symbol: SymbolName
    account: String


class Liquidated(Reply):
    symbol: String
    account: String
    positions: Long


@operation("POST /_tradepit/v1/liquidations")
def force_liquidation(pit: Exchange, who: Who, ask: ForceLiquidation) -> Liquidated:
    """Liquidate an account's positions on a contract, whatever their margin."""
    contract = find(pit, ask.symbol)
    owner = pit.names.get(ask.account)
    if owner is None:
        raise Reject("BAD_ACCOUNT")
    holding = pit.trader(owner, contract.venue).holding(contract)
    found = [position for position in holding.positions if position.qty]
    for position in found:
        liquidation.liquidate(pit, position)
    return Liquidated(symbol=contract.name, account=ask.account, positions=len(found))
