"""The one mutable object: `apply(command)` changes it, everything else only looks."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from tradepit.core import (
    algo,
    audit,
    conversion,
    delivery,
    downloads,
    futures_life,
    ids,
    life,
    listening,
    lists,
    marking,
    printing,
    scripts,
    snapshot,
)  # fmt: skip
from tradepit.core.accounts import Account, ApiKey
from tradepit.core.contracts import VENUES, Contract
from tradepit.core.futures_orders import FuturesOrder
from tradepit.core.ledger import (
    CLEARING,
    CONVERSION,
    FAUCET,
    FEES,
    FUNDING,
    ROUNDING,
    ROUTING,
    SPOT,
    Balance,
    Ledger,
)  # fmt: skip
from tradepit.core.orders import Order
from tradepit.core.past import Quarters
from tradepit.core.positions import Trader
from tradepit.core.records import (
    BalanceUpdate,
    Command,
    Event,
    ExternalLock,
    Outcome,
    Position,
    Who,
)
from tradepit.core.rejects import Reject
from tradepit.core.symbols import Symbol, symbol_from_listing
from tradepit.core.terms import PENDING_NEW
from tradepit.core.timers import Timers
from tradepit.core.units import ONE

SECOND_US: Final = 1_000_000
DOLLARS: Final = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USD")
COLLATERAL: Final = ONE * 95 // 100  # how much of a coin's worth counts as margin

Handler = Callable[["Exchange", Who, Any], object]

TICK: Final = "tick"  # the command that only lets time pass

INSURANCE: Final = "insurance"  # the account whose futures wallets are the insurance funds

RULES: Final = 5  # raised whenever the same log would lead to another state


class Exchange:
    """A world's state.

    genesis: {"seed": int, "era": str, "born_us": int, "symbols": [exchangeInfo rows],
    "contracts": [rows of the futures' exchangeInfo, see `core.contracts`],
    "accounts": [account rows, see `open_account`], "sors": [[base, [symbols]]],
    "exchange_filters": [filter rows]}; plain values only, it is the log's first record.
    """

    def __init__(self, handlers: Mapping[str, Handler], genesis: dict[str, Any]) -> None:
        self.handlers = handlers
        self.seed: int = genesis["seed"]
        self.era: str = genesis.get("era", "union")
        self.born_us: int = genesis["born_us"]
        self.at_us: int = self.born_us
        self.seq = 0
        self.ledger = Ledger()
        self.fees: dict[str, Balance] = self.ledger.wallet(0, FEES)
        self.faucet: dict[str, Balance] = self.ledger.wallet(0, FAUCET)
        self.routing: dict[str, Balance] = self.ledger.wallet(0, ROUTING)
        self.clearing: dict[str, Balance] = self.ledger.wallet(0, CLEARING)
        self.rounding: dict[str, Balance] = self.ledger.wallet(0, ROUNDING)
        self.funding: dict[str, Balance] = self.ledger.wallet(0, FUNDING)
        self.conversion: dict[str, Balance] = self.ledger.wallet(0, CONVERSION)
        self.discount_asset = "BNB"
        self.symbols: dict[str, Symbol] = {}
        for row in genesis["symbols"]:
            self.symbols[row["symbol"]] = symbol_from_listing(row)
        self.contracts: dict[str, Contract] = {}
        self.quarters: Quarters | None = None  # of those over: no part of the state
        self.traders: dict[int, Trader] = {}  # by 2 x owner + venue
        self.marked_us = self.born_us
        self.until_us = self.born_us  # what the running command's time leads up to
        self.sors: list[tuple[str, list[str]]] = [
            (base, list(names)) for base, names in genesis.get("sors", [])
        ]
        self.exchange_filters: list[dict[str, Any]] = genesis.get("exchange_filters", [])
        self.exchange_limits: dict[str, int] = {}
        for row in self.exchange_filters:
            for key, value in row.items():
                if key != "filterType":
                    self.exchange_limits[row["filterType"]] = value
        self.accounts: dict[int, Account] = {}
        self.names: dict[str, int] = {}
        self.keys: dict[str, ApiKey] = {}
        self.listen_keys: dict[str, listening.ListenKey] = {}
        self.replays: dict[str, printing.Replay] = {}  # by symbol
        self.anchors: dict[str, list[int]] = {}  # symbol: see `scripts.anchor`
        self.tempers: dict[str, list[int]] = {}  # symbol: how its residents act, see `scripts`
        self.downloads: dict[int, downloads.Download] = {}
        self.quotes: dict[int, conversion.Quote] = {}
        self.timers = Timers()
        self.next_list_id = 0
        self.next_token = 0
        self.next_tran_id = 0
        self.next_algo_id = 0
        self.next_amend_id = 0
        self.tokens_of = -1  # which block of ids is at hand: a cache, not state
        self.tokens: list[str] = []
        self.clock_speed = 1_000  # how the world's clock goes: thousandths of the wall's pace,
        self.clock_offset_us = 0  # and how far it is ahead
        self.count_orders = True  # whether the unfilled order count limits anybody
        self.events: list[Event] = []
        self.consequences: deque[Order] = deque()
        for row in genesis.get("contracts", []):
            self.contracts[row["symbol"]] = Contract(row)
        for row in genesis.get("accounts", []):
            self.open_account(row)
        if not genesis.get("loading", False):
            for contract in self.contracts.values():
                marking.begin(self, contract)

    # --- Commands ------------------------------------------------------------------------------

    def apply(self, command: Command) -> Outcome:
        """Apply one command. A refusal is the outcome's reply; any other exception is a bug.

        Raises: BrokenInvariant when the books do not balance afterwards.
        """
        self.seq = command.seq
        self.events = []
        self.ledger.begin(command.seq)
        self._pass_time(command.at_us)
        reply: object = None
        if command.op != TICK:
            try:
                reply = self.handlers[command.op](self, command.who, command.ask)
            except Reject as no:
                no.__traceback__ = None
                reply = no
        self.settle()
        self._tell_positions()
        self.ledger.check_touched()
        return Outcome(command.seq, self.at_us, reply, self.events)

    def _pass_time(self, at_us: int) -> None:
        """Fire what is due up to `at_us`, each at its own time; then it is `at_us`."""
        self.until_us = at_us
        if self.contracts and at_us - self.marked_us >= SECOND_US:
            self._mark(at_us - at_us % SECOND_US)
        if self.timers.entries:
            due = self.timers.pop_due(at_us)
            while due is not None:
                self.at_us = max(self.at_us, due[0])
                self._fall_due(due[2], due[3])
                due = self.timers.pop_due(at_us)
        if at_us > self.at_us:
            self.at_us = at_us

    def _fall_due(self, what: str, whose: str) -> None:
        if what == listening.EXPIRES:
            listening.expire(self, whose)
        elif what == scripts.FILL:
            scripts.fill(self, whose)
        elif what == scripts.REOPEN:
            scripts.reopen(self, whose)
        elif what == marking.FUND:
            marking.fund(self, whose)
        elif what == marking.DELIVER:
            delivery.deliver(self, whose)
        elif what == futures_life.GOOD_TILL:
            futures_life.good_till(self, whose)
        elif what == futures_life.COUNTDOWN:
            futures_life.countdown(self, whose)
        elif what == algo.ALGO_GOOD_TILL:
            algo.good_till(self, whose)

    def _mark(self, at_us: int) -> None:
        """Take the futures' marks as of a whole second, after what fell due before it."""
        while self.timers.entries and self.timers.next_us() < at_us:
            due = self.timers.pop_due(at_us - 1)
            assert due is not None
            self.at_us = max(self.at_us, due[0])
            self._fall_due(due[2], due[3])
        self.at_us = max(self.at_us, at_us)
        self.marked_us = at_us
        marking.pass_second(self, at_us)

    def settle(self) -> None:
        """Let everything that the last action set off happen, in the order in which it was."""
        while self.consequences:
            order = self.consequences.popleft()
            if isinstance(order, FuturesOrder):
                futures_life.fire(self, order)
            elif order.open and order.status == PENDING_NEW and order.list is not None:
                lists.release_pending(self, order.list)
            else:
                life.fire(self, order)

    def _tell_positions(self) -> None:
        """One Position for each account whose balances the command touched; none for agents."""
        told: dict[int, Position] = {}
        position: Position | None = None
        quiet = 0
        for balance in self.ledger.touched:
            owner = balance.owner
            if balance.house or owner == quiet:
                continue
            if position is None or position.account.id != owner:
                position = told.get(owner)
                if position is None:
                    account = self.accounts[owner]
                    if account.quiet:
                        quiet = owner
                        continue
                    position = told[owner] = Position(account, self.at_us, [])
                    account.updated_us = self.at_us
                    self.events.append(position)
            position.rows.append((balance.asset.name, balance.free, balance.locked))

    def next_due_us(self) -> int:
        """When something falls due by itself, 0 for never."""
        return self.timers.next_us()

    # --- Finding things ------------------------------------------------------------------------

    def symbol(self, name: str) -> Symbol:
        """Raises: Reject INVALID_SYMBOL."""
        found = self.symbols.get(name)
        if found is None:
            raise Reject("INVALID_SYMBOL")
        return found

    def contract(self, name: str, venue: int) -> Contract:
        """Raises: Reject INVALID_SYMBOL."""
        found = self.contracts.get(name)
        if found is None or found.venue != venue:
            raise Reject("INVALID_SYMBOL")
        return found

    def trader(self, owner: int, venue: int) -> Trader:
        """An account on a futures venue; made when first asked for."""
        key = 2 * owner + venue
        found = self.traders.get(key)
        if found is None:
            wallet = self.ledger.wallet(owner, VENUES[venue])
            found = self.traders[key] = Trader(self.accounts[owner], venue, wallet)
        return found

    def look_trader(self, owner: int, venue: int) -> Trader:
        """The same to look at: looking leaves no trace."""
        found = self.traders.get(2 * owner + venue)
        if found is None:
            wallet = self.ledger.wallets.get((owner, VENUES[venue]), {})
            found = Trader(self.accounts[owner], venue, wallet)
        return found

    def insurance(self, venue: int) -> Trader | None:
        """The insurance fund of a venue."""
        owner = self.names.get(INSURANCE)
        return None if owner is None else self.trader(owner, venue)

    def futures_balance(self, trader: Trader, asset: str) -> Balance:
        """One asset of a futures wallet; made when first asked for."""
        found = trader.wallet.get(asset)
        if found is None:
            found = self.ledger.balance(trader.account.id, VENUES[trader.venue], asset)
        return found

    def pay_house(self, wallet: dict[str, Balance], trader: Trader, asset: str, units: int) -> None:
        """Pay units from a house account to a futures wallet, or (negative) the other way."""
        house = self.house_balance(wallet, asset)
        purse = self.futures_balance(trader, asset)
        if units > 0:
            self.ledger.post(house, purse, units)
        elif units:
            self.ledger.post(purse, house, -units)

    def collateral_rate(self, asset: str, haircut: bool) -> int:
        """What a unit of an asset counts in US dollars (e8) in multi-assets mode; with `haircut`
        as collateral, without as debt."""
        rate = ONE
        if asset not in DOLLARS:
            symbol = self.symbols.get(asset + "USDT")
            rate = 0 if symbol is None else symbol.last_price
            if haircut:
                rate = rate * COLLATERAL // ONE
        return rate

    def spot(self, account: Account, asset: str) -> Balance:
        """An account's spot balance; made when first asked for."""
        found = account.balances.get(asset)
        if found is None:
            found = self.ledger.balance(account.id, SPOT, asset)
        return found

    def house_balance(self, wallet: dict[str, Balance], asset: str) -> Balance:
        found = wallet.get(asset)
        if found is None:
            found = wallet[asset] = Balance(0, self.ledger.asset(asset), True)
        return found

    def routed(self, symbol: Symbol) -> list[Symbol]:
        """The books that smart order routing searches for `symbol`, its own first.

        Raises: Reject SOR_NOT_SUPPORTED.
        """
        for _, names in self.sors:
            if symbol.name in names:
                others = [self.symbols[n] for n in names if n != symbol.name and n in self.symbols]
                return [symbol, *others]
        raise Reject("SOR_NOT_SUPPORTED")

    def new_token(self) -> str:
        """A fresh client id, cancel id or list id of 22 letters and digits."""
        self.next_token += 1
        block = self.next_token // ids.BLOCK
        if block != self.tokens_of:
            self.tokens_of = block
            self.tokens = ids.tokens(self.seed, block)
        return self.tokens[self.next_token % ids.BLOCK]

    # --- Accounts ------------------------------------------------------------------------------

    def open_account(self, row: dict[str, Any]) -> Account:
        """A new account from {"name", "quiet"?, "keys"?: [ApiKey rows], "balances"?: {asset:
        units}, "futures"?: {venue: {asset: units}}, "permissions"?: [...]}; owners are numbered
        from 1."""
        owner = len(self.accounts) + 1
        name: str = row["name"]
        account = Account(owner, name, 100_000_000 + owner, row.get("quiet", False))
        account.balances = self.ledger.wallet(owner, SPOT)
        account.permissions = list(row.get("permissions", ["SPOT"]))
        self.accounts[owner] = account
        self.names[name] = owner
        for kind, api_key, secret, may in row.get("keys", []):
            self.keys[api_key] = ApiKey(api_key, owner, kind, secret, may, None, name, self.at_us)
        for asset, units in row.get("balances", {}).items():
            self.ledger.post(
                self.house_balance(self.faucet, asset), self.spot(account, asset), units
            )
        for venue, funds in row.get("futures", {}).items():
            trader = self.trader(owner, VENUES.index(venue))
            for asset, units in funds.items():
                self.pay_house(self.faucet, trader, asset, units)
        return account

    def deposit(self, account: Account, asset: str, units: int) -> None:
        """Give from, or (negative) take back to, the faucet. Raises: Reject, nothing changed."""
        balance = self.spot(account, asset)
        faucet = self.house_balance(self.faucet, asset)
        if units >= 0:
            self.ledger.post(faucet, balance, units)
        else:
            if balance.free < -units:
                raise Reject("INSUFFICIENT_BALANCE")
            self.ledger.post(balance, faucet, -units)
        self.events.append(BalanceUpdate(account, asset, units, self.at_us))

    def lock_outside(self, account: Account, asset: str, units: int) -> None:
        """Lock what an account may spend from outside, or (negative) unlock what was locked so.

        Raises: Reject INSUFFICIENT_BALANCE, nothing changed.
        """
        balance = account.balances.get(asset)
        locked = account.outside.get(asset, 0)
        if balance is None or balance.free < units or locked + units < 0:
            raise Reject("INSUFFICIENT_BALANCE")
        if units >= 0:
            self.ledger.hold(balance, units)
        else:
            self.ledger.release(balance, -units)
        if locked + units:
            account.outside[asset] = locked + units
        else:
            del account.outside[asset]
        self.events.append(ExternalLock(account, asset, units, self.at_us))

    # --- The whole state -----------------------------------------------------------------------

    def audit(self) -> list[str]:
        """Every broken invariant of the whole state, in words; empty is good."""
        return audit.audit(self)

    def dump(self) -> dict[str, Any]:
        """The whole state as plain lists, dicts, texts and integers."""
        return snapshot.dump(self)

    @staticmethod
    def load(handlers: Mapping[str, Handler], state: dict[str, Any]) -> Exchange:
        """The exchange that `dump()` gave."""
        return snapshot.load(handlers, state)

    def state_hash(self) -> str:
        """SHA-256 of the whole state: equal on every machine that applied the same log."""
        text = json.dumps(self.dump(), separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def clear(self) -> None:
        """Unlink the books of a state that is thrown away."""
        for symbol in self.symbols.values():
            symbol.book.clear()
        for contract in self.contracts.values():
            contract.book.clear()
