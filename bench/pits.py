"""Exchanges for benchmarks: real listings, rich traders, and the limits of a person lifted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tradepit.catalog import publish
from tradepit.catalog.language import commands
from tradepit.core.exchange import Exchange, Handler
from tradepit.core.units import ONE
from tradepit.data import spot_listing

BORN_US: Final = 1_700_000_000_000_000
TRADERS: Final = 10
TICK: Final = ONE  # a tick of a flow, in units of price
LOT: Final = ONE // 1_000  # a lot of a flow, in units of quantity


def listing(symbols: int) -> list[dict[str, Any]]:
    """Rows like BTCUSDT's, without the filter on how many orders one may have."""
    like = next(row for row in spot_listing() if row["symbol"] == "BTCUSDT")
    filters = [row for row in like["filters"] if row["filterType"] != "MAX_NUM_ORDERS"]
    return [
        {**like, "symbol": name(n), "baseAsset": f"B{n}", "filters": filters}
        for n in range(symbols)
    ]


def exchange_info(home: Path) -> Path:
    """A file for `--exchange-info` that lists BTCUSDT alone, again without that filter."""
    path = home / "exchange_info.json"
    row = {**listing(1)[0], "symbol": "BTCUSDT", "baseAsset": "BTC"}
    path.write_text(json.dumps({"symbols": [row]}))
    return path


def name(symbol: int) -> str:
    return f"B{symbol}USDT"


def make(symbols: int = 1, handlers: dict[str, Handler] | None = None) -> Exchange:
    """An exchange with its `handlers` (by default all that are declared) and ten traders."""
    if handlers is None:
        publish.load()
        handlers = commands()
    rows = listing(symbols)
    funds = {row["baseAsset"]: 10_000_000 * ONE for row in rows}
    funds["USDT"] = 4_000_000_000 * ONE
    accounts = [{"name": f"trader{n}", "balances": funds} for n in range(TRADERS)]
    pit = Exchange(handlers, {"seed": 1, "born_us": BORN_US, "symbols": rows, "accounts": accounts})
    pit.count_orders = False
    return pit
