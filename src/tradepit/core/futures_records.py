"""What futures commands bring about: the events that streams and history listen to.

As with spot's events, living objects stand for what never changes and copies for what does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tradepit.core.records import Event

if TYPE_CHECKING:
    from tradepit.core.contracts import Contract
    from tradepit.core.conversion import Quote
    from tradepit.core.futures_orders import FuturesOrder
    from tradepit.core.positions import Position, Trader

FUTURES_TRADE: Final = 20
FUTURES_REPORT: Final = 21
ACCOUNT_UPDATE: Final = 22
MARGIN_CALL: Final = 23
CONFIG_UPDATE: Final = 24
FORCED: Final = 25
INCOME: Final = 26
FUNDING: Final = 27
ALGO_REPORT: Final = 28
TRIGGER_REFUSED: Final = 29
MODIFICATION: Final = 30
MARGIN_CHANGE: Final = 31
MARK_BAR: Final = 32
STAND: Final = 33
CONVERTED: Final = 34

# Why an account changed, as ACCOUNT_UPDATE says it.
WHY_ORDER: Final = "ORDER"
WHY_DEPOSIT: Final = "DEPOSIT"
WHY_WITHDRAW: Final = "WITHDRAW"
WHY_MARGIN_TRANSFER: Final = "MARGIN_TRANSFER"
WHY_MARGIN_TYPE: Final = "MARGIN_TYPE_CHANGE"

# Kinds of income. The two of a conversion are also why an account changed.
SWAP_DEPOSIT: Final = "COIN_SWAP_DEPOSIT"
SWAP_WITHDRAW: Final = "COIN_SWAP_WITHDRAW"
TRANSFER_INCOME: Final = "TRANSFER"
REALIZED_PNL: Final = "REALIZED_PNL"
FUNDING_FEE: Final = "FUNDING_FEE"
COMMISSION: Final = "COMMISSION"
INSURANCE_CLEAR: Final = "INSURANCE_CLEAR"
AUTO_EXCHANGE: Final = "AUTO_EXCHANGE"  # multi-assets mode: one asset for what is owed of another
DELIVERY_SETTLEMENT: Final = "DELIVERED_SETTELMENT"  # spelled as the exchange spells it


class FuturesTrade(Event):
    """A trade of two futures orders. `value` counts 1e-16 of the margin asset."""

    __slots__ = (
        "agg_id", "at_us", "buyer_is_maker", "contract", "maker", "price", "qty", "taker",
        "trade_id", "value",
    )  # fmt: skip

    def __init__(
        self, contract: Contract, trade_id: int, price: int, qty: int, value: int, at_us: int,
        maker: FuturesOrder, taker: FuturesOrder, buyer_is_maker: bool,
    ) -> None:  # fmt: skip
        self.kind = FUTURES_TRADE
        self.contract = contract
        self.trade_id = trade_id
        self.agg_id = -1
        self.price = price
        self.qty = qty
        self.value = value
        self.at_us = at_us
        self.maker = maker
        self.taker = taker
        self.buyer_is_maker = buyer_is_maker


class FuturesReport(Event):
    """One step in the life of a futures order; `order` is alive, the rest is frozen.

    For a trade: what of it was this order's, its commission, and the profit that it realised.
    """

    __slots__ = (
        "at_us", "buy_held", "client_id", "commission", "commission_asset",
        "exec_type", "executed", "executed_value", "last_price", "last_qty", "last_value", "maker",
        "modify_id", "order",
        "orig_client_id", "price", "qty", "realized", "sell_held", "status", "trade_id", "type",
        "why",
    )  # fmt: skip

    def __init__(self, order: FuturesOrder, exec_type: int, at_us: int) -> None:
        self.kind = FUTURES_REPORT
        self.order = order
        self.exec_type = exec_type
        self.at_us = at_us
        self.status = order.status
        self.type = order.type
        self.qty = order.qty
        self.price = order.price
        self.client_id = order.client_id
        self.orig_client_id = ""
        self.executed = order.executed
        self.executed_value = order.executed_quote
        self.buy_held = order.position.buy_held
        self.sell_held = order.position.sell_held
        self.last_qty = 0
        self.last_price = 0
        self.last_value = 0
        self.commission = 0
        self.commission_asset = ""
        self.realized = 0
        self.trade_id = 0
        self.maker = False
        self.why = 0  # EXPIRY_…, of an order that expired
        self.modify_id = -1  # what a modification called itself

    @property
    def average(self) -> int:
        """The average price so far, in units; 0 when nothing was filled."""
        return self.order.contract.entry_price(self.executed, self.executed_value)


class PositionRow:
    """A position as it was. What only some listeners ask for is worked out when they do."""

    __slots__ = ("cost", "mark", "paid", "position", "qty", "realized", "wallet")

    def __init__(self, position: Position) -> None:
        self.position = position
        self.qty = position.qty
        self.cost = position.cost
        self.paid = position.paid
        self.realized = position.realized
        self.wallet = position.wallet
        self.mark = position.holding.contract.marks.mark

    @property
    def entry(self) -> int:
        """The entry price in units."""
        return self.position.holding.contract.entry_price(self.qty, self.cost)

    @property
    def break_even(self) -> int:
        """The price at which closing pays back the commission so far."""
        return self.position.holding.contract.break_even(self.qty, self.cost, self.paid)

    @property
    def profit(self) -> int:
        """Unrealised profit in 1e-16 of the margin asset."""
        return self.position.holding.contract.value(self.mark, self.qty) - self.cost


class AccountUpdate(Event):
    """Balances (asset, wallet, cross wallet, change that is neither profit nor commission) and
    positions of one account that something changed. symbol: the contract of a funding."""

    __slots__ = ("at_us", "balances", "positions", "symbol", "trader", "why")

    def __init__(self, trader: Trader, why: str, at_us: int) -> None:
        self.kind = ACCOUNT_UPDATE
        self.trader = trader
        self.why = why
        self.at_us = at_us
        self.balances: list[tuple[str, int, int, int]] = []
        self.positions: list[PositionRow] = []
        self.symbol = ""


class MarginCall(Event):
    """Positions that come close to liquidation: (position, notional maintenance margin)."""

    __slots__ = ("at_us", "cross", "rows", "trader")

    def __init__(self, trader: Trader, cross: int, at_us: int) -> None:
        self.kind = MARGIN_CALL
        self.trader = trader
        self.cross = cross  # units of the cross wallet
        self.at_us = at_us
        self.rows: list[tuple[PositionRow, int, int]] = []  # with mark price, maintenance


class ConfigUpdate(Event):
    """Leverage of a contract, or (contract None) the multi-assets mode, changed."""

    __slots__ = ("at_us", "contract", "leverage", "multi_assets", "trader")

    def __init__(
        self, trader: Trader, contract: Contract | None, leverage: int, at_us: int
    ) -> None:
        self.kind = CONFIG_UPDATE
        self.trader = trader
        self.contract = contract
        self.leverage = leverage
        self.multi_assets = trader.multi_assets
        self.at_us = at_us


class Forced(Event):
    """A liquidation order, as it came to its end."""

    __slots__ = ("adl", "at_us", "average", "executed", "last_qty", "order", "status")

    def __init__(self, order: FuturesOrder, adl: bool, last_qty: int, at_us: int) -> None:
        self.kind = FORCED
        self.order = order
        self.adl = adl
        self.last_qty = last_qty
        self.executed = order.executed
        self.average = order.average_price()
        self.status = order.status
        self.at_us = at_us


class Income(Event):
    """What changed a futures wallet, in units of `asset`; `contract` None for transfers."""

    __slots__ = (
        "asset",
        "at_us",
        "contract",
        "income",
        "info",
        "trade_id",
        "tran_id",
        "trader",
        "units",
    )

    def __init__(self, trader: Trader, income: str, asset: str, units: int, at_us: int) -> None:
        self.kind = INCOME
        self.trader = trader
        self.contract: Contract | None = None
        self.income = income
        self.asset = asset
        self.units = units
        self.info = ""
        self.tran_id = 0
        self.trade_id = -1
        self.at_us = at_us


class Funding(Event):
    """A funding of one contract: the rate (e8) that was charged, and the mark price then."""

    __slots__ = ("at_us", "contract", "mark", "rate")

    def __init__(self, contract: Contract, rate: int, mark: int, at_us: int) -> None:
        self.kind = FUNDING
        self.contract = contract
        self.rate = rate
        self.mark = mark
        self.at_us = at_us


class Converted(Event):
    """An account converted as it was quoted."""

    __slots__ = ("at_us", "quote", "trader")

    def __init__(self, trader: Trader, quote: Quote, at_us: int) -> None:
        self.kind = CONVERTED
        self.trader = trader
        self.quote = quote
        self.at_us = at_us


class AlgoReport(Event):
    """An algo order changed its state; `order` is the waiting order that stands for it."""

    __slots__ = ("actual_id", "at_us", "average", "executed", "order", "reason", "status")

    def __init__(self, order: FuturesOrder, status: str, at_us: int) -> None:
        self.kind = ALGO_REPORT
        self.order = order
        self.status = status
        algo = order.algo
        assert algo is not None
        self.actual_id = algo.actual_id
        self.reason = algo.reason
        self.executed = 0  # of the order that it placed
        self.average = 0
        self.at_us = at_us


class TriggerRefused(Event):
    """A waiting order fired, and could not be placed: why, in the exchange's words."""

    __slots__ = ("at_us", "order", "reason")

    def __init__(self, order: FuturesOrder, reason: str, at_us: int) -> None:
        self.kind = TRIGGER_REFUSED
        self.order = order
        self.reason = reason
        self.at_us = at_us


class MarginChange(Event):
    """Margin (units) was added to an isolated position, or taken back."""

    __slots__ = ("at_us", "position", "units")

    def __init__(self, position: Position, units: int, at_us: int) -> None:
        self.kind = MARGIN_CHANGE
        self.position = position
        self.units = units
        self.at_us = at_us


class Modification(Event):
    """An order was modified: its price and quantity before and after."""

    __slots__ = ("amend_id", "at_us", "new_price", "new_qty", "old_price", "old_qty", "order")

    def __init__(
        self, order: FuturesOrder, old_price: int, old_qty: int, amend_id: int, at_us: int
    ) -> None:
        self.kind = MODIFICATION
        self.order = order
        self.old_price = old_price
        self.old_qty = old_qty
        self.new_price = order.price
        self.new_qty = order.qty
        self.amend_id = amend_id
        self.at_us = at_us


class MarkBar(Event):
    """A minute or an hour of a contract's index, mark and premium is over.

    row: when it opened (µs), then open, high, low and close of each of the three.
    """

    __slots__ = ("at_us", "contract", "row", "width_us")

    def __init__(self, contract: Contract, width_us: int, row: list[int], at_us: int) -> None:
        self.kind = MARK_BAR
        self.contract = contract
        self.width_us = width_us
        self.row = row
        self.at_us = at_us


class Stand(Event):
    """Who holds a contract, every five minutes.

    row: open interest (units) and what it is worth (units of the margin asset); accounts that are
    long and short on balance; the same among the fifth of them with the largest wallets, and the
    quantities (units) that these hold long and short.
    """

    __slots__ = ("at_us", "contract", "row")

    def __init__(self, contract: Contract, row: list[int], at_us: int) -> None:
        self.kind = STAND
        self.contract = contract
        self.row = row
        self.at_us = at_us
