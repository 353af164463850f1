"""The futures' part of the state as plain values, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradepit.core import conversion, downloads
from tradepit.core.futures_orders import FuturesOrder, load_order

if TYPE_CHECKING:
    from tradepit.core.contracts import Contract
    from tradepit.core.exchange import Exchange
    from tradepit.core.positions import Holding, Trader
    from tradepit.core.triggers import Triggers


def dump(pit: Exchange) -> dict[str, Any]:
    return {
        "counters": [pit.next_tran_id, pit.next_algo_id, pit.next_amend_id, pit.marked_us],
        "contracts": [_dump_contract(contract) for contract in pit.contracts.values()],
        "traders": [_dump_trader(trader) for trader in pit.traders.values()],
        "downloads": [each.dump() for each in pit.downloads.values()],
        "quotes": [each.dump() for each in pit.quotes.values()],
    }


def _dump_contract(contract: Contract) -> dict[str, Any]:
    book = contract.book
    return {
        "listing": contract.listing,
        "counters": contract.counters(),
        "tape": contract.tape.dump(),
        "marks": contract.marks.dump(),
        "bids": book.bids.queued(),
        "asks": book.asks.queued(),
        "waiting": _dump_triggers(contract.triggers),
        "mark_waiting": _dump_triggers(contract.mark_triggers),
        "good_till": list(contract.good_till),
    }


def _dump_triggers(triggers: Triggers) -> list[list[int]]:
    return [list(triggers.stops), list(triggers.trailing)]


def _dump_trader(trader: Trader) -> dict[str, Any]:
    return {
        "owner": trader.account.id,
        "venue": trader.venue,
        "flags": [
            trader.dual, trader.multi_assets, trader.fee_burn, trader.updated_us,
            *([True] if trader.tradfi_signed else []),
        ],
        "countdowns": dict(trader.countdowns),
        "windows": [list(trader.window_starts), list(trader.window_counts)],
        "holdings": [_dump_holding(holding) for holding in trader.holdings.values()],
    }  # fmt: skip


def _dump_holding(holding: Holding) -> dict[str, Any]:
    return {
        "contract": holding.contract.name,
        "terms": [
            holding.leverage, holding.isolated, holding.auto_add, holding.maker, holding.taker,
            holding.called,
        ],
        "positions": [position.dump() for position in holding.positions],
        "orders": [order.dump() for order in holding.opened.orders.values()],
        "finished": [order.dump() for order in holding.opened.finished.values()],
        "algos": [order.dump() for order in holding.algos.orders.values()],
        "finished_algos": [order.dump() for order in holding.algos.finished.values()],
    }  # fmt: skip


def load(pit: Exchange, state: dict[str, Any]) -> None:
    """Put the futures' state into an exchange that has its contracts and accounts."""
    pit.next_tran_id, pit.next_algo_id, pit.next_amend_id, pit.marked_us = state["counters"]
    alive: dict[str, dict[int, FuturesOrder]] = {name: {} for name in pit.contracts}
    for row in state["traders"]:
        _load_trader(pit, row, alive)
    for row in state["contracts"]:
        contract = pit.contracts[row["listing"]["symbol"]]
        _load_contract(contract, row, alive[contract.name])
    for each in state.get("downloads", []):
        found = downloads.load(each)
        pit.downloads[found.id] = found
    for each in state.get("quotes", []):
        quote = conversion.load(each)
        pit.quotes[quote.id] = quote


def _load_contract(contract: Contract, row: dict[str, Any], alive: dict[int, FuturesOrder]) -> None:
    for side in (row["bids"], row["asks"]):
        for order_id in side:
            contract.book.add(alive[order_id])
    _load_triggers(contract.triggers, row["waiting"], alive)
    _load_triggers(contract.mark_triggers, row["mark_waiting"], alive)
    for order_id in row["good_till"]:
        contract.good_till[order_id] = alive[order_id]
    contract.tape.load(row["tape"])
    contract.marks.load(row["marks"])
    contract.set_counters(row["counters"])


def _load_triggers(
    triggers: Triggers, rows: list[list[int]], alive: dict[int, FuturesOrder]
) -> None:
    for order_id in rows[0]:
        triggers.wait(alive[order_id])
    for order_id in rows[1]:
        triggers.trailing[order_id] = alive[order_id]


def _load_trader(
    pit: Exchange, row: dict[str, Any], alive: dict[str, dict[int, FuturesOrder]]
) -> None:
    trader = pit.trader(row["owner"], row["venue"])
    trader.dual, trader.multi_assets, trader.fee_burn, trader.updated_us = row["flags"][:4]
    trader.tradfi_signed = len(row["flags"]) > 4
    trader.countdowns = dict(row["countdowns"])
    trader.window_starts, trader.window_counts = list(row["windows"][0]), list(row["windows"][1])
    for each in row["holdings"]:
        holding = trader.holding(pit.contracts[each["contract"]])
        _load_holding(trader, holding, each, alive[holding.contract.name])


def _load_holding(
    trader: Trader, holding: Holding, row: dict[str, Any], alive: dict[int, FuturesOrder]
) -> None:
    holding.leverage, holding.isolated, holding.auto_add = row["terms"][:3]
    holding.maker, holding.taker, holding.called = row["terms"][3:]
    for position, values in zip(holding.positions, row["positions"], strict=True):
        position.load(values)
        trader.exposed += position.qty != 0
    opened = holding.opened
    for each in row["orders"]:
        order = load_order(each, holding.position(each[27]))
        alive[order.order_id] = order
        order.opened = opened
        opened.orders[order.order_id] = order
        opened.by_client[order.client_id] = order
        opened.algos += order.contingent
        trader.orders_open += 1
        _hold_again(order)
    for each in row["finished"]:
        opened.keep(load_order(each, holding.position(each[27])))
    for each in row["algos"]:
        order = load_order(each, holding.position(each[27]))
        assert order.algo is not None
        alive[order.order_id] = order
        holding.algos.orders[order.algo.algo_id] = order
        holding.algos.by_client[order.client_id] = order
    for each in row["finished_algos"]:
        order = load_order(each, holding.position(each[27]))
        assert order.algo is not None
        holding.algos.finished[order.algo.algo_id] = order


def _hold_again(order: FuturesOrder) -> None:
    """What the order asks margin for counts in its position again."""
    if order.side == 1:
        order.position.buy_held += order.held
    else:
        order.position.sell_held += order.held
