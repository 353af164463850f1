"""Double entry. Value moves only by posting from one balance to another of the same asset.

A ledger account is (owner, wallet, asset). What an owner may spend is `free`, what open orders hold
is `locked`. House balances (fees, faucet, routing …) may be negative: they are the other side of
everything that came from or went to the outside, so that the running sum per asset is always zero.
"""

from __future__ import annotations

from typing import Final

SPOT: Final = "spot"
FEES: Final = "fees"
FAUCET: Final = "faucet"
ROUTING: Final = "routing"
CLEARING: Final = "clearing"  # the other side of realised futures profit
ROUNDING: Final = "rounding"  # what rounding leaves of futures profit and funding
CONVERSION: Final = "conversion"  # the other side of converted assets
FUNDING: Final = "funding-fees"  # futures funding passes through it
USDM: Final = "usdm"
COINM: Final = "coinm"
CREDIT: Final = (USDM, COINM)  # wallets that may owe while positions make up for it


class BrokenInvariant(Exception):
    """The books do not balance: the world must stop."""


class Asset:
    """One asset and the running sum of all its balances (units, zero after every command)."""

    __slots__ = ("name", "sum")

    def __init__(self, name: str) -> None:
        self.name = name
        self.sum = 0


class Balance:
    """One ledger account, in units of its asset. A `house` balance may be below zero, and nobody
    is told of it: the house's own, and those of futures wallets, which margin rules guard."""

    __slots__ = ("asset", "free", "house", "locked", "mark", "owner")

    def __init__(self, owner: int, asset: Asset, house: bool) -> None:
        self.owner = owner
        self.asset = asset
        self.house = house
        self.free = 0
        self.locked = 0
        self.mark = -1  # the command that touched it last


class Ledger:
    """All balances, and those that the running command touched."""

    __slots__ = ("assets", "command", "touched", "wallets")

    def __init__(self) -> None:
        self.assets: dict[str, Asset] = {}
        self.wallets: dict[tuple[int, str], dict[str, Balance]] = {}
        self.touched: list[Balance] = []
        self.command = 0

    def wallet(self, owner: int, name: str) -> dict[str, Balance]:
        """The balances by asset of one wallet; made when first asked for."""
        key = (owner, name)
        found = self.wallets.get(key)
        if found is None:
            found = self.wallets[key] = {}
        return found

    def balance(self, owner: int, wallet: str, asset: str) -> Balance:
        """One ledger account; made when first asked for."""
        row = self.wallet(owner, wallet)
        found = row.get(asset)
        if found is None:
            found = row[asset] = Balance(owner, self.asset(asset), owner == 0 or wallet in CREDIT)
        return found

    def asset(self, name: str) -> Asset:
        found = self.assets.get(name)
        if found is None:
            found = self.assets[name] = Asset(name)
        return found

    def begin(self, command: int) -> None:
        self.command = command
        self.touched = []

    def touch(self, balance: Balance) -> None:
        if balance.mark != self.command:
            balance.mark = self.command
            self.touched.append(balance)

    def post(self, source: Balance, target: Balance, units: int) -> None:
        """Move free units. Raises: BrokenInvariant when a customer would go below zero."""
        source.free -= units
        source.asset.sum -= units
        if source.free < 0 and not source.house:
            raise BrokenInvariant(f"{source.owner} {source.asset.name} free {source.free}")
        target.free += units
        target.asset.sum += units
        self.touch(source)
        self.touch(target)

    def pay(self, source: Balance, target: Balance, units: int) -> None:
        """Move units that an order held into what the target may spend."""
        source.locked -= units
        source.asset.sum -= units
        if source.locked < 0 and not source.house:
            raise BrokenInvariant(f"{source.owner} {source.asset.name} locked {source.locked}")
        target.free += units
        target.asset.sum += units
        self.touch(source)
        self.touch(target)

    def hold(self, balance: Balance, units: int) -> None:
        """Lock free units for an order."""
        balance.free -= units
        balance.locked += units
        if balance.free < 0 and not balance.house:
            raise BrokenInvariant(f"{balance.owner} {balance.asset.name} free {balance.free}")
        self.touch(balance)

    def release(self, balance: Balance, units: int) -> None:
        """Give held units back."""
        balance.locked -= units
        balance.free += units
        if balance.locked < 0 and not balance.house:
            raise BrokenInvariant(f"{balance.owner} {balance.asset.name} locked {balance.locked}")
        self.touch(balance)

    def check_touched(self) -> None:
        """Raises: BrokenInvariant when an asset touched by the command does not sum to zero."""
        for balance in self.touched:
            if balance.asset.sum:
                raise BrokenInvariant(f"{balance.asset.name} sums to {balance.asset.sum}")

    def audit(self) -> list[str]:
        """Every broken rule found by adding everything up again."""
        found: list[str] = []
        sums: dict[str, int] = dict.fromkeys(self.assets, 0)
        for (owner, wallet), row in self.wallets.items():
            for name, balance in row.items():
                sums[name] += balance.free + balance.locked
                if not balance.house and (balance.free < 0 or balance.locked < 0):
                    found.append(f"negative: {owner}/{wallet}/{name}")
        for name, total in sums.items():
            if total:
                found.append(f"{name}: all balances sum to {total}, not 0")
            if self.assets[name].sum:
                found.append(f"{name}: running sum {self.assets[name].sum}, not 0")
        return found

    def dump(self) -> list[list[object]]:
        return [
            [owner, wallet, [[b.asset.name, b.free, b.locked] for b in row.values()]]
            for (owner, wallet), row in sorted(self.wallets.items())
        ]

    def load(self, rows: list[list[object]]) -> None:
        for owner, wallet, balances in rows:
            assert isinstance(owner, int) and isinstance(wallet, str)
            assert isinstance(balances, list)
            for name, free, locked in balances:
                balance = self.balance(owner, wallet, name)
                balance.free = free
                balance.locked = locked
                balance.asset.sum += free + locked
