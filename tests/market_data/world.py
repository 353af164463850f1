"""A real exchange whose tapes are fed by hand, and a naive history of all that was fed."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from typing import Any

from tradepit.catalog.encode import encode
from tradepit.catalog.language import REGISTRY, commands
from tradepit.core.bars import Bar
from tradepit.core.exchange import Exchange
from tradepit.core.records import Command, Who
from tradepit.core.rejects import Reject
from tradepit.core.tape import Agg, Trade
from tradepit.core.units import ONE
from tradepit.data import spot_listing
from tradepit.data.genesis import genesis
from tradepit.products import wallet
from tradepit.products.futures import exchange_info as futures_general
from tradepit.products.margin import pairs
from tradepit.products.spot import general, klines, market_data, orders, tickers

DESKS = (general, klines, market_data, orders, tickers, wallet, pairs, futures_general)
BORN_US = 1_725_148_800_000_000  # 2024-09-01, a Sunday
SECOND, MINUTE, DAY = 1_000_000, 60_000_000, 86_400_000_000
SYMBOLS = ("BTCUSDT", "ETHUSDT", "BNBUSDT")
ALICE, BOB = Who(1), Who(2)
PLACE = "POST /api/v3/order"

# (trade id, price, qty, quote, at_us, buyer_is_maker, taker order id)
Fed = tuple[int, int, int, int, int, bool, int]


class World:
    """`feed` trades, `ask` operations; everything that was ever fed is the naive history."""

    def __init__(self, names: tuple[str, ...] = SYMBOLS, **extra: Any) -> None:
        rows = [dict(row) for row in spot_listing() if row["symbol"] in names]
        for row in rows:
            row.update(extra.get(row["symbol"], {}))
        birth = genesis(rows, seed=7, born_us=BORN_US)
        birth["sors"] = extra.get("sors", [])
        self.pit = Exchange(commands(), birth)
        self.fed: dict[str, list[Fed]] = defaultdict(list)
        self.agg_ids: dict[str, list[int]] = defaultdict(list)
        self.now = BORN_US
        self.asked_history = 0

    def feed(self, name: str, row: Fed) -> None:
        self.agg_ids[name].append(self.pit.symbols[name].tape.trade(*row))
        self.pit.symbols[name].last_price = row[1]
        self.fed[name].append(row)
        self.now = max(self.now, row[4])

    def feed_all(self, name: str, rows: list[Fed]) -> None:
        for row in rows:
            self.feed(name, row)

    def order(self, who: Who, **params: str) -> Any:
        """Place an order for real; its reply. Raises: Reject."""
        asked = REGISTRY[PLACE].parse(list({"symbol": "BTCUSDT", **params}.items()))
        done = self.pit.apply(Command(self.pit.seq + 1, self.now, who, PLACE, asked))
        if isinstance(done.reply, Reject):
            raise done.reply
        return json.loads(encode(done.reply))

    def ask(self, operation_id: str, who: Who = ALICE, **params: str) -> Any:
        """The decoded JSON of a reply."""
        operation = REGISTRY[operation_id]
        request = operation.parse(list(params.items()))
        reply = operation.handler(self.pit, self, who, request)
        if callable(reply):
            self.asked_history += 1
            reply = reply()
        return json.loads(encode(reply))

    # The history.

    def now_us(self) -> int:
        return self.now

    def trades(self, symbol: str, *, from_id: int | None = None, limit: int = 500) -> list[Trade]:
        rows = [row[:6] for row in self.fed[symbol]]
        if from_id is None:
            return rows[-limit:]
        return [row for row in rows if row[0] >= from_id][:limit]

    def trades_between(self, symbol: str, start_us: int, end_us: int) -> list[Trade]:
        return [row[:6] for row in self.fed[symbol] if start_us <= row[4] < end_us]

    def aggs(
        self, symbol: str, *, from_id: int | None = None, start_us: int | None = None,
        end_us: int | None = None, limit: int = 500,
    ) -> list[Agg]:  # fmt: skip
        rows = naive_aggs(self.fed[symbol])[:-1]
        if from_id is not None:
            return rows[from_id : from_id + limit]
        rows = [
            row for row in rows
            if (start_us is None or row[5] >= start_us) and (end_us is None or row[5] <= end_us)
        ]  # fmt: skip
        return rows[:limit] if start_us is not None else rows[-limit:]

    def bars(self, symbol: str, width_us: int, start_us: int, end_us: int) -> list[Bar]:
        return [
            bar for bar in naive_bars(self.fed[symbol], width_us)
            if start_us <= bar.open_us < end_us
        ]  # fmt: skip

    def bars_before(self, symbol: str, width_us: int, end_us: int, limit: int) -> list[Bar]:
        return self.bars(symbol, width_us, 0, end_us)[-limit:]


def naive_bar(open_us: int, rows: list[Fed]) -> Bar:
    """Trades as one bar, the slow way."""
    prices = [row[1] for row in rows]
    bought = [row for row in rows if not row[5]]
    return Bar(
        open_us, prices[0], max(prices), min(prices), prices[-1], sum(row[2] for row in rows),
        sum(row[3] for row in rows), len(rows), sum(row[2] for row in bought),
        sum(row[3] for row in bought), rows[0][0], rows[-1][0],
    )  # fmt: skip


def naive_bars(rows: list[Fed], width_us: int) -> list[Bar]:
    groups: dict[int, list[Fed]] = defaultdict(list)
    for row in rows:
        groups[row[4] - row[4] % width_us].append(row)
    return [naive_bar(open_us, group) for open_us, group in groups.items()]


def naive_aggs(rows: list[Fed]) -> list[Agg]:
    groups: list[list[Fed]] = []
    for row in rows:
        last = groups[-1][-1] if groups else None
        if last and (last[1], last[4], last[5], last[6]) == (row[1], row[4], row[5], row[6]):
            groups[-1].append(row)
        else:
            groups.append([row])
    return [
        (
            number, group[0][1], sum(row[2] for row in group), group[0][0], group[-1][0],
            group[0][4], group[0][5],
        )
        for number, group in enumerate(groups)
    ]  # fmt: skip


def random_trades(seed: int, count: int, span_us: int, from_us: int = BORN_US) -> list[Fed]:
    """`count` trades in bursts over about `span_us`: many in one microsecond, long silences."""
    chance = random.Random(seed)
    rows: list[Fed] = []
    at_us, price, order = from_us, 100 * ONE, 0
    step_us = 7 * span_us // (3 * count)
    buyer_is_maker = False
    for trade_id in range(count):
        if chance.random() < 0.6:
            order += 1
            buyer_is_maker = chance.random() < 0.5
            at_us += chance.choice((0, 0, 1, 700, 40_000, step_us, 4 * step_us))
        if chance.random() < 0.7:
            price = max(ONE, price + chance.randrange(-ONE, ONE + 1))
        qty = chance.randrange(1, 5 * ONE)
        rows.append((trade_id, price, qty, price * qty // ONE, at_us, buyer_is_maker, order))
    return rows
