"""Random futures commands with every invariant looked at after each of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from tests.futures.contracts_bench import BORN_US, inverse, linear
from tests.futures.watched import Watched

from tradepit.catalog import publish
from tradepit.catalog.language import REGISTRY
from tradepit.core import algo, conversion, futures_settings, margin
from tradepit.core import futures_life as life
from tradepit.core.exchange import Exchange
from tradepit.core.futures_orders import FuturesOrder, as_futures
from tradepit.core.futures_records import FuturesReport, Income
from tradepit.core.ledger import FAUCET
from tradepit.core.records import Command, Who
from tradepit.core.rejects import Reject
from tradepit.core.terms import (
    BUY,
    EXPIRE_BOTH,
    EXPIRE_MAKER,
    EXPIRE_TAKER,
    FOK,
    GTC,
    GTD,
    GTX,
    IOC,
    LIMIT,
    MARKET,
    SELL,
    STOP_LOSS,
    STOP_LOSS_LIMIT,
    STP_NONE,
    TAKE_PROFIT,
    TAKE_PROFIT_LIMIT,
    TRADING,
    TRAILING_STOP_MARKET,
)  # fmt: skip
from tradepit.core.units import ONE, parse_units
from tradepit.data import spot_listing

publish.load()
PLACE = "POST /api/v3/order"
BNB = [row for row in spot_listing() if row["symbol"] == "BNBUSDT"]
KINDS = (
    LIMIT, LIMIT, LIMIT, LIMIT, MARKET, MARKET, STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT,
    TAKE_PROFIT_LIMIT, TRAILING_STOP_MARKET,
)  # fmt: skip


class Crowd:
    """Accounts who do at random whatever accounts may do, and a price that wanders and jumps."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        names = [f"p{n}" for n in range(8)]
        funds = {"usdm": {"USDT": 3_000 * ONE, "BNB": 10 * ONE}, "coinm": {"BTC": ONE // 10}}
        accounts: list[dict[str, Any]] = [{"name": name, "futures": funds} for name in names]
        vast = {"usdm": {"USDT": 10**8 * ONE}, "coinm": {"BTC": 10**5 * ONE}}
        spot = {"USDT": 10**8 * ONE, "BNB": 10**6 * ONE}
        accounts.append({"name": "maker", "quiet": True, "futures": vast, "balances": spot})
        accounts.append({"name": "taker", "quiet": True, "balances": spot})
        few = {"usdm": {"USDT": 2_000 * ONE}, "coinm": {"BTC": ONE // 10}}
        accounts.append({"name": "insurance", "quiet": True, "futures": few})
        self.pit = Exchange({"do": lambda pit, who, ask: ask(pit)}, {
            "seed": seed, "born_us": BORN_US, "symbols": BNB, "accounts": accounts,
            "contracts": [linear(), linear("ETHUSDT", "3000"), inverse()],
        })  # fmt: skip
        self.names = [*names, "maker"]
        self.watched = Watched(self.pit)
        self._spot("maker", "BUY", 600)
        self._spot("taker", "SELL", 600)  # what a coin counts is its last price
        self.contracts = list(self.pit.contracts.values())
        self.deposits = self._money()
        self.then: Callable[[Exchange], None] | None = None  # what may well come next
        self.reached: dict[str, int] = {}
        self.incomes: dict[tuple[str, str], int] = {}  # by account and asset, since the beginning
        self.begun = {
            (trader.account.name, asset): balance.free
            for trader in self.pit.traders.values()
            for asset, balance in trader.wallet.items()
        }

    def _money(self) -> dict[str, int]:
        """Units of each asset in all wallets, the houses' among them but for the faucet."""
        total: dict[str, int] = {}
        for (_, wallet), row in self.pit.ledger.wallets.items():
            if wallet != FAUCET:
                for asset, balance in row.items():
                    total[asset] = total.get(asset, 0) + balance.free + balance.locked
        return total

    def step(self) -> None:
        """One command, and everything that must hold afterwards."""
        pit = self.pit
        step_us = self.random.choice((1_000, 200_000, 1_000_000, 1_000_000, 60_000_000))
        if self.random.random() < 0.002:
            step_us = 8 * 3_600_000_000
        act = self.random.choice((
            self._order, self._order, self._order, self._order, self._cancel, self._modify,
            self._algo, self._move_price, self._choose, self._convert, self._wait,
        ))  # fmt: skip
        if self.then is not None and self.random.random() < 0.5:
            act, step_us = self.then, min(step_us, 1_000_000)
        # Who is short of margin by then is so by the price alone; a quote does not live for long.
        follows = {self._move_price: self._wait, self._convert: self._convert}
        self.then = follows.get(act)
        people, marked_us = self.watched.people(), pit.marked_us
        command = Command(pit.seq + 1, pit.at_us + step_us, Who(1), "do", act)
        before = {
            id(position): position.qty
            for trader in pit.traders.values()
            for holding in trader.holdings.values()
            for position in holding.positions
        }
        outcome = pit.apply(command)
        name = act.__name__
        if isinstance(outcome.reply, Reject):
            name += " " + outcome.reply.name
        self.reached[name] = self.reached.get(name, 0) + 1
        for event in outcome.events:
            key = type(event).__name__
            self.reached[key] = self.reached.get(key, 0) + 1
        assert pit.audit() == []
        assert self._money() == self.deposits
        self._check_reducing(outcome.events, before)
        self._check_incomes(outcome.events)
        self._check_available()
        self.watched.check_fundings(outcome.events)
        marked = act == self._wait and pit.marked_us > marked_us
        self.watched.check_liquidations(people, outcome.events, marked)

    def _check_available(self) -> None:
        """What an order may ask for is what the account's whole margin says."""
        for trader in self.pit.traders.values():
            for holding in trader.holdings.values():
                found = margin.available(self.pit, holding, margin.needs(holding))
                whole = margin.cross(self.pit, trader, holding.contract.margin_asset)
                assert found == whole.available

    def _check_reducing(self, events: list[Any], before: dict[int, int]) -> None:
        """(37) No order that only closes made a position larger, or turned it over."""
        traded: dict[int, list[FuturesOrder]] = {}
        for event in events:
            if isinstance(event, FuturesReport) and event.last_qty:
                traded.setdefault(id(event.order.position), []).append(event.order)
        for key, orders in traded.items():
            if all(order.closes for order in orders):
                self.reached["closing"] = self.reached.get("closing", 0) + 1
                was, now = before.get(key, 0), orders[0].position.qty
                assert abs(now) <= abs(was) and now * was >= 0
        for trader in self.pit.traders.values():
            for holding in trader.holdings.values():
                if holding.isolated:
                    for position in holding.positions:
                        assert position.qty or position.wallet == 0

    def _check_incomes(self, events: list[Any]) -> None:
        """(33) What a wallet holds is what it began with and every income since."""
        for event in events:
            if isinstance(event, Income):
                key = (event.trader.account.name, event.asset)
                self.incomes[key] = self.incomes.get(key, 0) + event.units
        for trader in self.pit.traders.values():
            if not trader.account.quiet:
                for asset, balance in trader.wallet.items():
                    key = (trader.account.name, asset)
                    assert balance.free == self.begun.get(key, 0) + self.incomes.get(key, 0)

    def _who(self) -> tuple[Any, Any]:
        contract = self.random.choice(self.contracts)
        trader = self.pit.trader(self.pit.names[self.random.choice(self.names)], contract.venue)
        return trader, trader.look(contract)

    def _draft(self, kind: int) -> FuturesOrder:
        rnd = self.random
        trader, holding = self._who()
        contract = holding.contract
        side = rnd.choice((BUY, SELL))
        position = holding.both
        if trader.dual:
            position = rnd.choice((holding.long, holding.short))
        tick = contract.tick_size
        around = contract.marks.mark
        worth = rnd.choice((150, 500, 3_000, 20_000))
        if contract.inverse:
            qty = max(worth // 100, 1) * ONE
        else:
            qty = worth * ONE * ONE // around // contract.step_size * contract.step_size
        price = 0
        if kind in (LIMIT, STOP_LOSS_LIMIT, TAKE_PROFIT_LIMIT):
            price = int(around * rnd.uniform(0.985, 1.015)) // tick * tick
        order = FuturesOrder(position, side, kind, qty, price)
        order.tif = rnd.choice((GTC, GTC, GTC, IOC, FOK, GTX)) if price else GTC
        order.stp = rnd.choice((STP_NONE, EXPIRE_TAKER, EXPIRE_MAKER, EXPIRE_BOTH))
        order.reduce_only = not trader.dual and rnd.random() < 0.15
        if order.contingent:
            order.stop_price = int(around * rnd.uniform(0.97, 1.03)) // tick * tick
            order.working_type = rnd.choice((0, 1))
            if kind == TRAILING_STOP_MARKET:
                order.own_extra().trailing_delta = rnd.choice((10, 100, 500))
            elif kind in (STOP_LOSS, TAKE_PROFIT) and rnd.random() < 0.2:
                order.close_position, order.qty, order.leaves = True, 0, 0
        return order

    def _order(self, pit: Exchange) -> None:
        order = self._draft(self.random.choice(KINDS))
        if order.price and order.tif == GTC and self.random.random() < 0.1:
            order.tif, order.good_till_us = GTD, pit.at_us + 700_000_000
        life.place(pit, order)

    def _algo(self, pit: Exchange) -> None:
        kinds = (STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT, TRAILING_STOP_MARKET)
        algo.place(pit, self._draft(self.random.choice(kinds)))

    def _cancel(self, pit: Exchange) -> None:
        trader, holding = self._who()
        if self.random.random() < 0.2:
            life.cancel_all(pit, trader, holding.contract)
        elif holding.algos.orders and self.random.random() < 0.5:
            algo.cancel(pit, self.random.choice(list(holding.algos.orders.values())))
        elif holding.opened.orders:
            order = self.random.choice(list(holding.opened.orders.values()))
            life.cancel(pit, as_futures(order))

    def _modify(self, pit: Exchange) -> None:
        _, holding = self._who()
        if holding.opened.orders:
            order = as_futures(self.random.choice(list(holding.opened.orders.values())))
            tick = holding.contract.tick_size
            price = int(order.price * self.random.uniform(0.99, 1.01)) // tick * tick
            step = holding.contract.step_size
            life.modify(pit, order, price, order.qty + self.random.choice((-step, step, 2 * step)))

    def _wait(self, pit: Exchange) -> None:
        """Nobody does anything: what happens is the time's doing alone."""

    def _spot(self, name: str, side: str, price: int) -> None:
        asked = {
            "symbol": "BNBUSDT", "side": side, "type": "LIMIT", "timeInForce": "GTC",
            "quantity": "50", "price": str(price),
        }  # fmt: skip
        place = REGISTRY[PLACE]
        place.handler(self.pit, Who(self.pit.names[name]), place.parse(list(asked.items())))

    def _convert(self, pit: Exchange) -> None:
        """Ask for a quote, or take one up, or the books that make it move."""
        rnd = self.random
        what = rnd.randrange(4)
        trader = pit.trader(pit.names[rnd.choice(self.names[:-1])], 1)
        if what == 0:
            name = rnd.choice(("maker", "taker"))
            self._spot(name, rnd.choice(("BUY", "SELL")), rnd.randrange(570, 630))
        elif what < 3 and pit.quotes:
            quote = rnd.choice(list(pit.quotes.values())[-2:])
            owner = pit.accounts[quote.owner].name
            conversion.accept(pit, pit.trader(pit.names[owner], 1), quote.id)
        else:
            pair = rnd.choice((("USDT", "BNB"), ("BNB", "USDT")))
            units = rnd.choice((25, 100, 1_000)) * ONE // (1 if pair[0] == "USDT" else 600)
            amounts = (units, 0) if rnd.random() < 0.5 else (0, units)
            conversion.offer(pit, trader, pair, amounts)

    def _move_price(self, pit: Exchange) -> None:
        contract = self.random.choice(self.contracts)
        jump = self.random.choice((0.001, 0.004, 0.01, 0.04))
        price = contract.marks.mark
        moved = int(price * self.random.uniform(1 - jump, 1 + jump))
        low, high = contract.min_price * 3, contract.max_price // 3
        contract.marks.index_set = contract.marks.mark_set = min(max(moved, low), high)

    def _choose(self, pit: Exchange) -> None:
        trader, holding = self._who()
        contract = holding.contract
        rnd = self.random
        what = rnd.randrange(5)
        if what == 0:
            futures_settings.set_leverage(pit, trader, contract, rnd.choice((1, 5, 20, 50, 100)))
        elif what == 1:
            isolated = rnd.random() < 0.5
            futures_settings.set_margin_type(pit, trader, contract, isolated)
        elif what == 2:
            futures_settings.set_dual(trader, rnd.random() < 0.5)
        elif what == 3:
            units = rnd.choice((-1, 1)) * parse_units("50" if not contract.inverse else "0.001")
            position = rnd.choice(holding.positions)
            futures_settings.move_margin(pit, position, units)
        else:
            futures_settings.set_multi_assets(pit, trader, rnd.random() < 0.5)


def run(seed: int, steps: int) -> Crowd:
    crowd = Crowd(seed)
    for _ in range(steps):
        crowd.step()
    again = Exchange.load(crowd.pit.handlers, crowd.pit.dump())
    assert again.state_hash() == crowd.pit.state_hash()
    assert again.audit() == []
    assert all(contract.status == TRADING for contract in crowd.contracts)
    return crowd


def test_random_commands_keep_every_invariant() -> None:
    reached: dict[str, int] = {}
    for seed in range(4):
        crowd = run(seed, 1_500)
        for name, count in (*crowd.reached.items(), *crowd.watched.seen.items()):
            reached[name] = reached.get(name, 0) + count
    for name in (
        "FuturesTrade", "Forced", "MarginCall", "Funding", "AlgoReport", "AccountUpdate",
        "Modification", "closing", "Income", "_order MARGIN_NOT_SUFFICIENT",
        "_order REDUCE_ONLY_REJECTED", "Converted", "charged", "safe", "liquidated",
    ):  # fmt: skip
        assert reached.get(name), f"{name} was never reached"


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 150))
def test_a_million_random_commands(seed: int) -> None:
    run(seed, 20_000)
