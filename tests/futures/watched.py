"""What fundings and liquidations must be like, worked anew by arithmetic of its own.

Numbers in brackets are those of the invariants that the project's reliability notes list.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from tradepit.core.contracts import Contract
from tradepit.core.exchange import Exchange
from tradepit.core.futures_records import (
    FUNDING_FEE,
    Forced,
    Funding,
    FuturesReport,
    Income,
)  # fmt: skip
from tradepit.core.positions import Trader
from tradepit.core.terms import BUY
from tradepit.core.units import ONE

Standing = tuple[Fraction, Fraction]  # margin balance and maintenance margin, units
Scope = tuple[int, int, str]  # owner, venue, and what stands together: see `standings`
SLACK = 20  # units that roundings of single rows may come to


def worth(contract: Contract, qty: int, price: int) -> Fraction:
    """Units of the margin asset that a quantity is worth: rises with the price."""
    if contract.inverse:
        return Fraction(-qty * contract.size * ONE, price)
    return Fraction(qty * price, ONE)


def upkeep(contract: Contract, qty: int) -> Fraction:
    """Maintenance margin at the mark, by the leverage table as it is listed."""
    notional = abs(worth(contract, qty, contract.marks.mark))
    rows = contract.listing["_brackets"]
    row = next((row for row in rows if notional <= Fraction(row[3]) * ONE), rows[-1])
    return notional * Fraction(row[4]) - Fraction(row[5]) * ONE


class Row(NamedTuple):
    """A position as it is at a time; `wallet` None where it is not isolated."""

    contract: Contract
    side: int
    qty: int
    cost: int
    wallet: int | None

    @property
    def profit(self) -> Fraction:
        price = self.contract.marks.mark
        return worth(self.contract, self.qty, price) - Fraction(self.cost, ONE)

    @property
    def upkeep(self) -> Fraction:
        return upkeep(self.contract, self.qty)


class Person(NamedTuple):
    """An account on a venue as it is at a time."""

    owner: int
    venue: int
    multi_assets: bool
    wallet: dict[str, int]
    rows: list[Row]


class Watched:
    """Told accounts' positions as their reports say, and each account's standing."""

    def __init__(self, pit: Exchange) -> None:
        self.pit = pit
        self.held: dict[int, int] = {}  # quantity of each told position, by its identity
        self.seen: dict[str, int] = {}

    def _count(self, what: str) -> None:
        self.seen[what] = self.seen.get(what, 0) + 1

    def told(self) -> list[Trader]:
        return [trader for trader in self.pit.traders.values() if not trader.account.quiet]

    # --- (34) ----------------------------------------------------------------------------------

    def check_fundings(self, events: list[Any]) -> None:
        """Each position is charged once, by its notional at the mark and the rate; all accounts'
        fees together come to nothing."""
        fees: list[Income] = []
        for event in events:
            if isinstance(event, FuturesReport) and event.last_qty:
                key, sign = id(event.order.position), 1 if event.order.side == BUY else -1
                self.held[key] = self.held.get(key, 0) + sign * event.last_qty
            elif isinstance(event, Income) and event.income == FUNDING_FEE:
                fees.append(event)
            elif isinstance(event, Funding):
                self._check_funding(event, fees)
                fees = []
        assert not fees, "a fee without a funding"
        for trader in self.told():
            for holding in trader.holdings.values():
                for position in holding.positions:
                    assert self.held.get(id(position), 0) == position.qty

    def _check_funding(self, event: Funding, fees: list[Income]) -> None:
        contract, whole, units = event.contract, 0, 0
        for trader in self.told():
            holding = trader.holdings.get(contract.name)
            rows = [] if holding is None else holding.positions
            charged = sorted(
                fee.units for fee in fees if fee.trader is trader and fee.contract is contract
            )
            quantities = [self.held.get(id(row), 0) for row in rows]
            whole += sum(quantities)
            units += sum(charged)
            due = sorted(self._fee(contract, qty, event) for qty in quantities if qty)
            assert charged == due
        assert all(fee.contract is contract for fee in fees)
        others = self._fee(contract, -whole, event)  # (32) quiet accounts hold the rest
        assert abs(units + others) <= 3 * len(self.pit.traders)
        assert all(balance.free == 0 for balance in self.pit.funding.values())
        self._count("charged" if fees else "nobody to charge")

    def _fee(self, contract: Contract, qty: int, event: Funding) -> int:
        """What is received is rounded down, what is paid up."""
        exact = -abs(worth(contract, qty, event.mark)) * event.rate / ONE
        return (exact if qty > 0 else -exact).__floor__()

    # --- (35) ----------------------------------------------------------------------------------

    def people(self) -> list[Person]:
        """All told accounts with positions, as they are now."""
        found = []
        for trader in self.told():
            rows = [
                Row(
                    holding.contract, row.side, row.qty, row.cost,
                    row.wallet if holding.isolated else None,
                )
                for holding in trader.holdings.values()
                for row in holding.positions
                if row.qty
            ]  # fmt: skip
            wallet = {asset: balance.free for asset, balance in trader.wallet.items()}
            if rows:
                found.append(
                    Person(trader.account.id, trader.venue, trader.multi_assets, wallet, rows)
                )
        return found

    def standings(self, people: list[Person]) -> dict[Scope, Standing]:
        """What stands behind positions, and what they need, at the marks of now. By what stands
        together: an isolated position, else an asset, or "all" in multi-assets mode."""
        found: dict[Scope, Standing] = {}
        for who in people:
            where = (who.owner, who.venue)
            for row in who.rows:
                asset = row.contract.margin_asset
                if row.wallet is not None:
                    scope = f"{row.contract.name} {row.side}"
                    found[*where, scope] = row.wallet + row.profit, row.upkeep
                elif who.multi_assets:
                    found[*where, "all"] = self._together(who)
                else:
                    found[*where, asset] = self._cross(who, asset)
        return found

    def _cross(self, who: Person, asset: str) -> Standing:
        equity, need = Fraction(who.wallet.get(asset, 0)), Fraction(0)
        for row in who.rows:
            if row.contract.margin_asset == asset:
                if row.wallet is None:
                    equity, need = equity + row.profit, need + row.upkeep
                else:
                    equity -= row.wallet
        return equity, need

    def _together(self, who: Person) -> Standing:
        rate = self.pit.collateral_rate
        equity, need = Fraction(0), Fraction(0)
        for asset, units in who.wallet.items():
            equity += Fraction(units * rate(asset, units >= 0), ONE)
        for row in who.rows:
            full = Fraction(rate(row.contract.margin_asset, False), ONE)
            if row.wallet is None:
                equity, need = equity + row.profit * full, need + row.upkeep * full
            else:
                equity -= row.wallet * full
        return equity, need

    def check_liquidations(self, before: list[Person], events: list[Any], marked: bool) -> None:
        """Whoever is short of maintenance at the mark is gone, and nobody else is: time passes
        before a command does anything.

        before: as it was before. marked: the marks were taken by this command, which did nothing.
        """
        stuck = any(isinstance(e, Forced) and not e.adl and e.order.leaves for e in events)
        if marked and not stuck:
            # Whoever traded with somebody's forced order was looked at before; so were the
            # deleveraged. The next second looks at them.
            traded = {
                (event.order.trader.account.id, event.order.trader.venue)
                for event in events
                if isinstance(event, FuturesReport) and event.last_qty
            }
            people = [who for who in self.people() if (who.owner, who.venue) not in traded]
            for key, (equity, need) in self.standings(people).items():
                assert equity >= need - SLACK, f"{key} is to be liquidated: {equity} < {need}"
                self._count("safe")
        if any(isinstance(event, Funding) for event in events) or not any(
            isinstance(event, Forced) for event in events
        ):
            return  # wallets changed before anybody looked, or nobody was liquidated
        earlier = self.standings(before)
        touched: set[tuple[int, int]] = set()
        for event in events:
            if isinstance(event, FuturesReport) and event.last_qty and not event.order.forced:
                touched.add((event.order.trader.account.id, event.order.trader.venue))
            elif isinstance(event, Forced):
                trader = event.order.trader
                where = (trader.account.id, trader.venue)
                if not event.adl and not trader.account.quiet and where not in touched:
                    self._check_forced(event, earlier)
                touched.add(where)

    def _check_forced(self, event: Forced, earlier: dict[Scope, Standing]) -> None:
        """The first of an account's forced orders: it was short of maintenance."""
        position = event.order.position
        trader, contract = event.order.trader, position.holding.contract
        where = (trader.account.id, trader.venue)
        scopes = (f"{contract.name} {position.side}", "all", contract.margin_asset)
        equity, need = next(
            earlier[*where, scope] for scope in scopes if (*where, scope) in earlier
        )
        assert equity < need + SLACK, f"{where} was liquidated early: {equity} >= {need}"
        self._count("liquidated")
