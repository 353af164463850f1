"""Who only listens knows all: of random trading on both exchanges, a listener who keeps what events
say has the balances, positions and open orders of its account."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from tests.futures.test_random import Crowd

from tradepit.core.contracts import VENUES
from tradepit.core.units import ONE
from tradepit.gateways.user_stream import told_of

OPEN = ("NEW", "PARTIALLY_FILLED")
WAITING = ("NEW",)


def number(units: int) -> Decimal:
    return Decimal(units) / ONE


class Mirror:
    """One account of one venue, as its events tell of it."""

    def __init__(self, trader: Any) -> None:
        self.wallet = {asset: number(found.free) for asset, found in trader.wallet.items()}
        self.cross = dict(self.wallet)
        self.positions: dict[tuple[str, str], dict[str, Any]] = {}
        self.isolated: dict[str, str] = {}
        self.leverage: dict[str, int] = {}
        self.orders: dict[tuple[str, int], Any] = {}
        self.algos: dict[int, Any] = {}
        self.time = 0
        self.executed: dict[tuple[str, int], Decimal] = {}

    def hear(self, told: Any) -> None:
        assert told["E"] >= self.time, "time went back"
        self.time = told["E"]
        if told["e"] == "ACCOUNT_UPDATE":
            for row in told["a"]["B"]:
                self.wallet[row["a"]] = Decimal(row["wb"])
                self.cross[row["a"]] = Decimal(row["cw"])
            for row in told["a"]["P"]:
                self.positions[row["s"], row["ps"]] = row
                self.isolated[row["s"]] = row["mt"]
        elif told["e"] == "ACCOUNT_CONFIG_UPDATE" and "ac" in told:
            self.leverage[told["ac"]["s"]] = told["ac"]["l"]
        elif told["e"] == "ORDER_TRADE_UPDATE":
            self._order(told["o"])
        elif told["e"] == "ALGO_UPDATE":
            self._keep(self.algos, told["o"]["aid"], told["o"], WAITING)

    def _order(self, told: Any) -> None:
        key = (told["s"], told["i"])
        filled = self.executed.get(key, Decimal(0)) + Decimal(told["l"])
        assert filled == Decimal(told["z"]), "a fill is missing, or came twice"
        self.executed[key] = filled
        self._keep(self.orders, key, told, OPEN)

    def _keep(self, table: Any, key: Any, told: Any, statuses: tuple[str, ...]) -> None:
        if told["X"] in statuses:
            table[key] = told
        else:
            table.pop(key, None)

    def check(self, trader: Any) -> None:
        assert self.wallet == {asset: number(b.free) for asset, b in trader.wallet.items()}
        for asset, cross in self.cross.items():
            assert cross == number(trader.cross_balance(asset)), asset
        for holding in trader.holdings.values():
            self._check_holding(holding)
        opened = {
            (holding.contract.name, order_id): order
            for holding in trader.holdings.values()
            for order_id, order in holding.opened.orders.items()
        }
        assert self.orders.keys() == opened.keys()
        for key, order in opened.items():
            told = self.orders[key]
            assert (Decimal(told["p"]), Decimal(told["q"]), Decimal(told["z"])) == (
                number(order.price), number(order.qty), number(order.executed),
            )  # fmt: skip
        waiting = [i for holding in trader.holdings.values() for i in holding.algos.orders]
        if trader.venue == 1:
            assert sorted(self.algos) == sorted(waiting)

    def _check_holding(self, holding: Any) -> None:
        name = holding.contract.name
        assert self.isolated.get(name, "cross") == ("isolated" if holding.isolated else "cross")
        assert self.leverage.get(name, 20) == holding.leverage
        for side, position in zip(("BOTH", "LONG", "SHORT"), holding.positions, strict=True):
            row = self.positions.get((name, side))
            if row is None:
                assert position.qty == position.realized == position.wallet == 0
                continue
            assert [Decimal(row[word]) for word in ("pa", "ep", "iw", "cr")] == [
                number(units)
                for units in (position.qty, position.entry_price, position.wallet,
                              position.realized)
            ]  # fmt: skip


class Heard(Crowd):
    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.mirrors = {
            (VENUES[trader.venue], trader.account.id): (Mirror(trader), trader)
            for trader in self.pit.traders.values()
            if not trader.account.quiet
        }
        self.count = 0

    def _check_reducing(self, events: list[Any], before: dict[int, int]) -> None:
        super()._check_reducing(events, before)
        touched = set()
        for event in events:
            for telling in told_of(event):
                self.mirrors[telling.address][0].hear(json.loads(telling.words(1000)))
                touched.add(telling.address)
        self.count += len(touched)
        for address in touched:
            mirror, trader = self.mirrors[address]
            mirror.check(trader)


def heard(seed: int, steps: int) -> Heard:
    crowd = Heard(seed)
    for _ in range(steps):
        crowd.step()
    for mirror, trader in crowd.mirrors.values():
        mirror.check(trader)
    return crowd


def test_who_listens_knows_all() -> None:
    crowds = [heard(seed, 1_500) for seed in (11, 13)]
    assert all(crowd.count > 500 for crowd in crowds)
    for name in ("FuturesTrade", "Forced", "AlgoReport", "Modification", "MarginCall", "Funding"):
        assert any(name in crowd.reached for crowd in crowds), f"{name} was never reached"


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 110))
def test_it_does_so_for_long(seed: int) -> None:
    heard(seed, 20_000)
