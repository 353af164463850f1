"""The whole state as plain values, and back.

A dump shares nothing with the state that changes: it is packed while the state goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tradepit.core import exchange, futures_snapshot, printing
from tradepit.core.accounts import Account, ApiKey, Commission, OpenOrders, rates_of
from tradepit.core.ledger import SPOT
from tradepit.core.listening import ListenKey
from tradepit.core.lists import OrderList
from tradepit.core.orders import CELLS, Order
from tradepit.core.terms import BUY

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange, Handler
    from tradepit.core.symbols import Symbol


def dump(pit: Exchange) -> dict[str, Any]:
    return {
        "rules": exchange.RULES,
        "seed": pit.seed,
        "era": pit.era,
        "born_us": pit.born_us,
        "at_us": pit.at_us,
        "seq": pit.seq,
        "counters": [pit.next_list_id, pit.next_token, pit.count_orders],
        "clock": [pit.clock_speed, pit.clock_offset_us],
        "sors": [[base, names] for base, names in pit.sors],
        "exchange_filters": pit.exchange_filters,
        "symbols": [_dump_symbol(symbol) for symbol in pit.symbols.values()],
        "ledger": pit.ledger.dump(),
        "accounts": [_dump_account(account) for account in pit.accounts.values()],
        "keys": [key.dump() for key in pit.keys.values()],
        "listen_keys": [key.dump() for key in pit.listen_keys.values()],
        "timers": pit.timers.dump(),
        "futures": futures_snapshot.dump(pit),
        "replays": {name: replay.dump() for name, replay in pit.replays.items()},
        "anchors": {name: list(anchor) for name, anchor in pit.anchors.items()},
        "tempers": {name: list(temper) for name, temper in pit.tempers.items()},
        "lists": [
            found.dump() for account in pit.accounts.values() for found in account.lists.values()
        ],
    }


def _dump_symbol(symbol: Symbol) -> dict[str, Any]:
    return {
        "listing": symbol.listing,
        "counters": symbol.counters(),
        "tape": symbol.tape.dump(),
        "bids": symbol.book.bids.queued(),
        "asks": symbol.book.asks.queued(),
        "waiting": list(symbol.triggers.stops),
        "trailing": list(symbol.triggers.trailing),
    }


def _dump_account(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "quiet": account.quiet,
        "flags": [
            account.can_trade, account.can_withdraw, account.can_deposit, account.require_stp,
            account.prevent_sor, account.discount_on, account.trade_group, account.updated_us,
        ],
        "permissions": list(account.permissions),
        "commission": account.commission.dump(),
        "commissions": {name: row.dump() for name, row in account.commissions.items()},
        "max_assets": dict(account.max_assets),
        "outside": dict(account.outside),
        "windows": [list(account.window_starts), list(account.window_counts)],
        "orders": {
            name: [
                _dump_open(opened),
                [order.dump() for order in opened.finished.values()],
            ]
            for name, opened in account.symbols.items()
        },
    }  # fmt: skip


def _dump_open(opened: OpenOrders) -> list[object]:
    cells: list[object] = []
    for order in opened.orders.values():
        order.put(cells)
    return cells


def load(handlers: Mapping[str, Handler], state: dict[str, Any]) -> Exchange:
    pit = exchange.Exchange(
        handlers,
        {
            "seed": state["seed"],
            "era": state["era"],
            "born_us": state["born_us"],
            "symbols": [row["listing"] for row in state["symbols"]],
            "sors": state["sors"],
            "exchange_filters": state["exchange_filters"],
            "contracts": [row["listing"] for row in state["futures"]["contracts"]],
            "loading": True,
        },
    )
    pit.at_us = state["at_us"]
    pit.seq = state["seq"]
    pit.next_list_id, pit.next_token, pit.count_orders = state["counters"]
    pit.clock_speed, pit.clock_offset_us = state["clock"]
    for row in state["accounts"]:
        _load_account(pit, row)
    pit.ledger.load(state["ledger"])
    for row in state["keys"]:
        key = ApiKey(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7])
        pit.keys[key.api_key] = key
    for row in state["listen_keys"]:
        pit.listen_keys[row[0]] = ListenKey(row[0], row[1], row[2], row[3])
    pit.timers.load(state["timers"])
    futures_snapshot.load(pit, state["futures"])
    for name, row in state.get("replays", {}).items():
        pit.replays[name] = printing.load(row)
    for name, anchor in state.get("anchors", {}).items():
        pit.anchors[name] = [int(part) for part in anchor]
    for name, temper in state.get("tempers", {}).items():
        pit.tempers[name] = [int(part) for part in temper]
    alive: dict[str, dict[int, Order]] = {name: {} for name in pit.symbols}
    for row in state["accounts"]:
        account = pit.accounts[pit.names[row["name"]]]
        for name, (cells, finished) in row["orders"].items():
            _load_orders(pit, (account, pit.symbols[name]), alive[name], cells)
            _load_finished(pit, account.open_on(name), finished)
    for row in state["symbols"]:
        symbol = pit.symbols[row["listing"]["symbol"]]
        _load_symbol(symbol, row, alive[symbol.name])
    for row in state["lists"]:
        _load_list(pit, row)
    return pit


def _load_account(pit: Exchange, row: dict[str, Any]) -> None:
    account = pit.open_account(
        {"name": row["name"], "quiet": row["quiet"], "permissions": row["permissions"]}
    )
    account.balances = pit.ledger.wallet(account.id, SPOT)
    flags = row["flags"]
    account.can_trade, account.can_withdraw, account.can_deposit = flags[0], flags[1], flags[2]
    account.require_stp, account.prevent_sor = flags[3], flags[4]
    account.discount_on, account.trade_group, account.updated_us = flags[5], flags[6], flags[7]
    account.commission = load_commission(row["commission"])
    account.commissions = {n: load_commission(c) for n, c in row["commissions"].items()}
    account.max_assets = dict(row["max_assets"])
    account.outside = dict(row.get("outside", {}))
    account.window_starts = list(row["windows"][0])
    account.window_counts = list(row["windows"][1])


def load_commission(row: list[Any]) -> Commission:
    return Commission(rates_of(row[0]), rates_of(row[1]), rates_of(row[2]), row[3], row[4])


def _load_symbol(symbol: Symbol, row: dict[str, Any], alive: dict[int, Order]) -> None:
    for side in (row["bids"], row["asks"]):
        for order_id in side:
            symbol.book.add(alive[order_id])
    for order_id in row["waiting"]:
        symbol.triggers.wait(alive[order_id])
    for order_id in row["trailing"]:
        symbol.triggers.trailing[order_id] = alive[order_id]
    symbol.tape.load(row["tape"])
    symbol.set_counters(row["counters"])


def _load_orders(
    pit: Exchange, whose: tuple[Account, Symbol], alive: dict[int, Order], cells: list[Any]
) -> None:
    """Open orders of an account on a symbol, in their order, and what is counted of them."""
    account, symbol = whose
    opened = account.open_on(symbol.name)
    orders, by_client = opened.orders, opened.by_client
    at, count = 0, len(cells)
    while at < count:
        row = cells[at]
        if isinstance(row, list):
            order = Order.load(row, pit.symbols, pit.accounts)
            at += 1
        else:
            order = Order.take(cells, at, symbol, account)
            at += CELLS
        order_id = order.order_id
        alive[order_id] = order
        order.opened = opened
        orders[order_id] = order
        by_client[order.client_id] = order
        if order.side == BUY:
            opened.buy_qty += order.leaves
        account.orders_open += 1
        if order.contingent:
            opened.algos += 1
            account.algos_open += 1
        if order.iceberg_qty:
            opened.icebergs += 1
            account.icebergs_open += 1


def _load_finished(pit: Exchange, opened: OpenOrders, rows: list[list[Any]]) -> None:
    for row in rows:
        opened.keep(Order.load(row, pit.symbols, pit.accounts))


def _load_list(pit: Exchange, row: list[Any]) -> None:
    account = pit.accounts[row[1]]
    found = OrderList(pit.symbols[row[0]], account, row[2])
    found.list_id = row[3]
    found.client_id = row[4]
    found.status_type, found.order_status = row[6], row[7]
    found.created_us, found.updated_us = row[8], row[9]
    found.opo, found.reserved = row[10], row[11]
    opened = account.open_on(found.symbol.name)
    for order_id, _, closed in row[5]:
        order = opened.find(order_id, None)
        if order is None:
            order = Order.load(closed, pit.symbols, pit.accounts)
        order.list = found
        found.orders.append(order)
    account.lists[found.list_id] = found
    account.lists_by_client[found.client_id] = found
    opened.lists += 1
