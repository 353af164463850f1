"""The futures added up again: positions, profit and money of each contract and margin asset.

Numbers in brackets are those of the invariants that the project's reliability notes list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepit.core.futures_orders import as_futures
from tradepit.core.terms import BUY
from tradepit.core.units import ONE

if TYPE_CHECKING:
    from tradepit.core.contracts import Contract
    from tradepit.core.exchange import Exchange
    from tradepit.core.positions import Holding


def audit(pit: Exchange, found: list[str]) -> None:
    """Every broken invariant, in words."""
    costs: dict[str, int] = {}
    quantities: dict[str, int] = {}
    longs: dict[str, int] = {}
    for trader in pit.traders.values():
        exposed = 0
        for holding in trader.holdings.values():
            name = holding.contract.name
            asset = holding.contract.margin_asset
            for position in holding.positions:
                exposed += position.qty != 0
                quantities[name] = quantities.get(name, 0) + position.qty
                longs[name] = longs.get(name, 0) + max(position.qty, 0)
                costs[asset] = costs.get(asset, 0) + position.cost
            _audit_holding(trader.account.name, holding, trader.dual, found)
        if exposed != trader.exposed:
            found.append(f"{trader.account.name}: {exposed} positions, {trader.exposed} counted")
    for contract in pit.contracts.values():
        _audit_contract(contract, quantities.get(contract.name, 0), found)
        if contract.open_long != longs.get(contract.name, 0):
            found.append(f"{contract.name}: open interest {contract.open_long}")
        costs[contract.margin_asset] = costs.get(contract.margin_asset, 0) - contract.dust
    for asset, cost in costs.items():
        clearing = pit.clearing.get(asset)
        paid = 0 if clearing is None else -clearing.free
        if paid * ONE != cost:  # (33, 36) profit realised and not, over all accounts, is nothing
            found.append(f"{asset}: clearing paid {paid * ONE}, positions cost {cost}")
    for asset, balance in pit.funding.items():
        if balance.free:  # (34)
            found.append(f"{asset}: {balance.free} units of funding fees went nowhere")


def _audit_contract(contract: Contract, total: int, found: list[str]) -> None:
    if total:  # (32)
        found.append(f"{contract.name}: all positions sum to {total}, not 0")
    bid, ask = contract.book.bids.best(), contract.book.asks.best()
    if bid and ask and bid >= ask:
        found.append(f"{contract.name}: crossed, {bid} >= {ask}")


def _audit_holding(name: str, holding: Holding, dual: bool, found: list[str]) -> None:
    """(37, 38) Sides never mix; what orders ask margin for is what rests of them."""
    where = f"{name} {holding.contract.name}"
    both, long, short = holding.positions
    if (dual and both.qty) or (not dual and (long.qty or short.qty)):
        found.append(f"{where}: a position of the other mode")
    if long.qty < 0 or short.qty > 0:
        found.append(f"{where}: a hedged position of the wrong sign")
    for position in holding.positions:
        if position.qty == 0 and (position.cost or position.wallet):
            found.append(f"{where}: no position, yet {position.cost} and {position.wallet}")
        if not holding.isolated and position.wallet:
            found.append(f"{where}: a cross position with a wallet of its own")
        buys = sells = 0
        for found_order in holding.opened.orders.values():
            order = as_futures(found_order)
            if order.position is position:
                buys += order.held if order.side == BUY else 0
                sells += order.held if order.side != BUY else 0
        if (buys, sells) != (position.buy_held, position.sell_held):
            found.append(f"{where}: orders ask margin for {buys} and {sells}")
