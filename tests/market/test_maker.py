"""What the maker does, told by an exchange of a few lines: it rests, is eaten, and fills up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from tradepit.core.symbols import Symbol, symbol_from_listing
from tradepit.core.units import parse_units
from tradepit.data import spot_listing
from tradepit.market import maker
from tradepit.market.maker import ACCOUNTS, RUNGS, Maker, Quote, Resting

LISTING = {row["symbol"]: row for row in spot_listing()}


class FakeDesk:
    """Keeps orders by account and symbol; `eat` is somebody else taking."""

    def __init__(self, *names: str) -> None:
        self.symbols = {name: symbol_from_listing(LISTING[name]) for name in names}
        self.orders: dict[tuple[str, str], dict[int, list[int]]] = {}
        self.calls = 0
        self.ids = 0
        self.bought = True

    def markets(self) -> Mapping[str, Symbol]:
        return self.symbols

    def typical_price(self, symbol: str) -> int:
        return parse_units(LISTING[symbol]["_price"])

    def last_taker_bought(self, symbol: str) -> bool:
        return self.bought

    def resting(self, account: str, symbol: str) -> list[Resting]:
        orders = self.orders.get((account, symbol), {})
        return [Resting(n, bool(buys), price, left) for n, (buys, price, left) in orders.items()]

    async def trade(
        self, account: str, symbol: str, cancels: Sequence[int], quotes: Sequence[Quote]
    ) -> None:
        self.calls += 1
        orders = self.orders.setdefault((account, symbol), {})
        for order_id in cancels:
            del orders[order_id]
        bid, ask = self.best(symbol)
        for buys, price, qty in quotes:
            assert price < ask if buys else price > bid, "a post-only order would take"
            self.ids += 1
            orders[self.ids] = [buys, price, qty]
        assert len(orders) <= self.symbols[symbol].max_orders

    def sides(self, symbol: str) -> tuple[dict[int, int], dict[int, int]]:
        """({price: quantity} of the bids, of the asks), each best first."""
        rows = [row for account in ACCOUNTS for row in self.resting(account, symbol)]
        bids = {row.price: row.leaves for row in sorted(rows, key=lambda r: -r.price) if row.buys}
        asks = {
            row.price: row.leaves for row in sorted(rows, key=lambda r: r.price) if not row.buys
        }
        assert len(bids) + len(asks) == len(rows), "two orders at one price"
        return bids, asks

    def best(self, symbol: str) -> tuple[int, int]:
        bids, asks = self.sides(symbol)
        return next(iter(bids), 0), next(iter(asks), 1 << 62)

    def eat(self, symbol: str, buys: bool, levels: int, left: float = 0.0) -> int:
        """Take so many levels, of the last one only until the part `left` is left."""
        for n in range(levels):
            price = self.best(symbol)[buys]
            for account in ACCOUNTS:
                orders = self.orders[account, symbol]
                for order_id, (side, at, qty) in list(orders.items()):
                    if at == price and side != buys:
                        remains = int(qty * left) if n == levels - 1 else 0
                        orders[order_id][2] = remains
                        if not remains:
                            del orders[order_id]
            self.bought = buys
            self.symbols[symbol].last_price = price
            self.symbols[symbol].next_trade_id += 1
        return price


def filled(name: str = "BTCUSDT", seed: int = 1) -> tuple[FakeDesk, Maker]:
    desk = FakeDesk(name)
    resident = Maker(desk, seed)
    asyncio.run(resident.beat())
    return desk, resident


@pytest.mark.parametrize("name", LISTING)
def test_a_new_book_is_filled_around_the_typical_price(name: str) -> None:
    desk, _ = filled(name)
    bids, asks = desk.sides(name)
    assert len(bids) == len(asks) == RUNGS
    assert next(iter(bids)) <= parse_units(LISTING[name]["_price"]) < next(iter(asks))


def test_many_symbols_have_fewer_rungs_each() -> None:
    desk = FakeDesk("BTCUSDT")
    btc = desk.symbols["BTCUSDT"]
    desk.symbols = {f"BTC{n}": symbol_from_listing({**btc.listing, "symbol": f"BTC{n}"})
                    for n in range(400)}  # fmt: skip
    desk.typical_price = lambda symbol: parse_units(LISTING["BTCUSDT"]["_price"])  # type: ignore[method-assign]
    asyncio.run(Maker(desk, 1).beat())
    assert {len(side) for name in desk.symbols for side in desk.sides(name)} == {50}


def test_a_quiet_market_costs_nothing() -> None:
    desk, resident = filled()
    before = desk.calls
    for _ in range(100):
        asyncio.run(resident.beat())
    assert desk.calls == before


@pytest.mark.parametrize("buys", [True, False])
@pytest.mark.parametrize("levels", [1, 2, 17, 150, 200])
def test_what_was_eaten_comes_back_around_the_new_price(buys: bool, levels: int) -> None:
    desk, resident = filled()
    before = desk.sides("BTCUSDT")
    last = desk.eat("BTCUSDT", buys, levels)
    asyncio.run(resident.beat())
    bids, asks = desk.sides("BTCUSDT")
    assert len(bids) == len(asks) == RUNGS
    bid, ask = desk.best("BTCUSDT")
    assert bid <= last <= ask
    old_bid, old_ask = (next(iter(side)) for side in before)
    # The market follows the price.
    assert (bid >= old_ask) if buys else (ask <= old_bid)


def test_a_nibbled_order_is_let_be_and_a_half_eaten_one_renewed() -> None:
    desk, resident = filled()
    whole = desk.sides("BTCUSDT")[1]
    last = desk.eat("BTCUSDT", True, 1, left=0.7)
    asyncio.run(resident.beat())
    assert desk.sides("BTCUSDT")[1][last] == int(whole[last] * 0.7)
    desk.eat("BTCUSDT", True, 1, left=0.5)
    asyncio.run(resident.beat())
    assert desk.sides("BTCUSDT")[1][last] == whole[last]


def test_a_trade_between_others_changes_little() -> None:
    desk, resident = filled("ETHUSDT")
    before = desk.sides("ETHUSDT")
    symbol = desk.symbols["ETHUSDT"]
    bid, ask = desk.best("ETHUSDT")
    symbol.last_price = (bid + ask) // 2
    symbol.next_trade_id += 1
    asyncio.run(resident.beat())
    assert desk.sides("ETHUSDT") == before


def test_what_it_does_follows_from_what_can_be_seen() -> None:
    """A maker that just came does what one would that was there all the time."""
    stayed, resident = filled()
    left, _ = filled()
    for desk in (stayed, left):
        desk.eat("BTCUSDT", True, 31)
    asyncio.run(resident.beat())
    asyncio.run(Maker(left, 1).beat())
    assert stayed.orders == left.orders
    assert filled(seed=2)[0].orders != filled(seed=1)[0].orders


def test_it_lives_on_after_a_missed_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maker, "BEAT_S", 0.001)
    desk = FakeDesk("BTCUSDT")

    async def live() -> None:
        resident = Maker(desk, 1)
        await resident.start()
        working, desk.markets = desk.markets, None  # type: ignore[method-assign,assignment]
        await asyncio.sleep(0.01)
        desk.markets = working  # type: ignore[method-assign]
        desk.eat("BTCUSDT", True, 5)
        until = asyncio.get_running_loop().time() + 5
        while len(desk.sides("BTCUSDT")[1]) < RUNGS:
            assert asyncio.get_running_loop().time() < until
            await asyncio.sleep(0.005)
        await resident.stop()

    asyncio.run(live())
