"""What a futures trade moves: positions, realised profit, commission.

The clearing account of the house stands on the other side of all realised profit. A profit is paid
in whole units, rounded down; the rest is kept by contract (`dust`) and paid to the house's rounding
account as soon as it makes a unit. So for each margin asset, to the last 1e-16,

    -clearing x ONE + sum(dust) = sum(cost of all positions)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepit.core.contracts import COINM, USDM
from tradepit.core.fees import conversion
from tradepit.core.futures_records import (
    COMMISSION,
    REALIZED_PNL,
    WHY_ORDER,
    AccountUpdate,
    FuturesReport,
    FuturesTrade,
    Income,
    PositionRow,
)  # fmt: skip
from tradepit.core.terms import BUY, FILLED, PARTIALLY_FILLED, POSITION_BOTH, X_TRADE
from tradepit.core.units import ONE, ratio_half_up

if TYPE_CHECKING:
    from tradepit.core.contracts import Contract
    from tradepit.core.exchange import Exchange
    from tradepit.core.futures_orders import FuturesOrder
    from tradepit.core.positions import Holding, Position, Trader

BURN_DISCOUNT = ONE * 9 // 10  # what is left of a commission that is paid in BNB


def trade(
    pit: Exchange, maker: FuturesOrder, taker: FuturesOrder, qty: int, price: int
) -> FuturesTrade:
    """Two orders trade `qty` at a price. Order states, positions and wallets afterwards are those
    after the trade; the reports are told, taker first."""
    contract = taker.contract
    at_us = pit.at_us
    value = abs(contract.value(price, qty))
    fill = FuturesTrade(
        contract, contract.next_trade_id, price, qty, value, at_us, maker, taker,
        maker.side == BUY,
    )  # fmt: skip
    contract.next_trade_id += 1
    contract.last_price = price
    filled(taker, qty, value, at_us)
    filled(maker, qty, value, at_us)
    rows = (_settle(pit, taker, fill, False), _settle(pit, maker, fill, True))
    pit.events.append(fill)
    fill.agg_id = contract.tape.trade(
        fill.trade_id, price, qty, value // ONE, at_us, fill.buyer_is_maker, taker.order_id
    )
    for told in rows:
        if told is not None:
            tell(pit, told)
    triggers = contract.triggers
    if triggers.stops or triggers.trailing:
        pit.consequences.extend(triggers.traded(price, at_us))
    return fill


def assign(pit: Exchange, one: FuturesOrder, other: FuturesOrder, qty: int, price: int) -> None:
    """Two orders trade outside the book, by the exchange's will: the public sees nothing of it."""
    contract = one.contract
    value = abs(contract.value(price, qty))
    fill = FuturesTrade(
        contract, contract.next_private_id, price, qty, value, pit.at_us, other, one,
        other.side == BUY,
    )  # fmt: skip
    contract.next_private_id += 1
    filled(one, qty, value, pit.at_us)
    filled(other, qty, value, pit.at_us)
    rows = (_settle(pit, one, fill, False), _settle(pit, other, fill, True))
    for told in rows:
        if told is not None:
            tell(pit, told)


def filled(order: FuturesOrder, qty: int, value: int, at_us: int) -> None:
    """The order's own quantities after a trade; the margin that it asks for follows."""
    order.executed += qty
    order.executed_quote += value
    order.leaves -= qty
    order.updated_us = at_us
    order.status = PARTIALLY_FILLED if order.leaves else FILLED
    hold(order)


def hold(order: FuturesOrder) -> None:
    """Count the notional of what rests of an order among what its position asks margin for."""
    contract = order.contract
    units = 0
    working = order.open and (not order.contingent or order.working_us >= 0)
    if working and order.leaves and not order.is_market and not order.closes:
        units = contract.notional(order.price, order.leaves)
    if order.side == BUY:
        order.position.buy_held += units - order.held
    else:
        order.position.sell_held += units - order.held
    order.held = units


def _settle(
    pit: Exchange, order: FuturesOrder, fill: FuturesTrade, is_maker: bool
) -> FuturesReport | None:
    """One side of a trade. Returns its report, not told yet; None for an agent's."""
    position = order.position
    trader = order.trader
    signed = fill.qty if order.side == BUY else -fill.qty
    realized = move(pit, position, signed, fill.value if signed > 0 else -fill.value)
    order.realized += realized
    asset = fill.contract.margin_asset
    units, paid_in = 0, asset
    if not order.forced:
        units, paid_in = _charge(pit, order, fill, is_maker)
    if paid_in == asset:
        position.paid += units
    if position.qty == 0:
        position.paid = 0
    position.updated_us = trader.updated_us = fill.at_us
    if trader.account.quiet:
        return None
    told = traded(order, fill.qty, fill.price, fill.value)
    told.trade_id = fill.trade_id
    told.maker = is_maker
    told.realized = realized
    told.commission = units
    told.commission_asset = paid_in
    return told


def traded(order: FuturesOrder, qty: int, price: int, value: int) -> FuturesReport:
    """The report of a trade; whose trade it was, and what it brought, is for the caller to say."""
    told = FuturesReport(order, X_TRADE, order.updated_us)
    told.last_qty = qty
    told.last_price = price
    told.last_value = value
    return told


def move(pit: Exchange, position: Position, signed: int, value: int) -> int:
    """Add a signed quantity, worth `value` (1e-16, of the quantity's sign), to a position.

    Returns: units of profit that it realised.
    """
    contract = position.holding.contract
    if contract.inverse:
        value = -value
    qty = position.qty
    contract.open_long -= max(qty, 0)
    contract.holders -= qty != 0
    realized = 0
    if qty and (qty > 0) != (signed > 0):
        closed = min(abs(signed), abs(qty))
        part = value * closed // abs(signed)
        gone = position.cost * closed // abs(qty)
        realized = _realize(pit, position, -part - gone)
        position.cost -= gone
        position.qty += closed if qty < 0 else -closed
        _release(position, closed, abs(qty))
        signed += closed if signed < 0 else -closed
        value -= part
        if position.qty == 0:
            position.paid = 0
    if signed:
        _allot(pit, position, signed, value)
        position.qty += signed
        position.cost += value
    contract.open_long += max(position.qty, 0)
    held = position.qty != 0
    contract.holders += held
    position.holding.trader.exposed += held - (qty != 0)
    return realized


def _realize(pit: Exchange, position: Position, fine: int) -> int:
    """Pay a profit (or take a loss) of 1e-16 to the wallet, in whole units rounded down."""
    contract = position.holding.contract
    asset = contract.margin_asset
    units = fine // ONE
    contract.dust += fine - units * ONE
    pit.pay_house(pit.clearing, position.holding.trader, asset, units)
    if contract.dust >= ONE:
        contract.dust -= ONE
        pit.ledger.post(
            pit.house_balance(pit.clearing, asset), pit.house_balance(pit.rounding, asset), 1
        )
    position.realized += units
    position.paid -= units
    return units


def _allot(pit: Exchange, position: Position, signed: int, value: int) -> None:
    """An isolated position that grows takes the initial margin of what is added with it."""
    holding = position.holding
    if holding.isolated:
        position.wallet += -(-abs(value) // (ONE * holding.leverage))


def _release(position: Position, closed: int, before: int) -> None:
    """An isolated position that shrinks gives its part of its wallet back."""
    position.wallet -= position.wallet * closed // before


def _charge(
    pit: Exchange, order: FuturesOrder, fill: FuturesTrade, is_maker: bool
) -> tuple[int, str]:
    """Commission on the notional, in the margin asset or at a discount in BNB.

    Returns: (units, asset).
    """
    trader = order.trader
    holding = order.position.holding
    rate = holding.maker if is_maker else holding.taker
    asset = fill.contract.margin_asset
    if trader.account.quiet:
        return 0, asset
    if trader.fee_burn and trader.venue == USDM:
        above, under = conversion(pit, asset)
        purse = trader.wallet.get(pit.discount_asset)
        if under and purse is not None:
            units = ratio_half_up(
                fill.value * rate * BURN_DISCOUNT * above, ONE * ONE * ONE * under
            )
            if 0 < units <= purse.free:
                pit.ledger.post(purse, pit.house_balance(pit.fees, pit.discount_asset), units)
                return units, pit.discount_asset
    units = ratio_half_up(abs(fill.value * rate), ONE * ONE)
    pit.pay_house(pit.fees, trader, asset, -units)
    return units, asset


def tell(pit: Exchange, told: FuturesReport, kind: str = REALIZED_PNL) -> None:
    """The account's side of a trade: income, balances and position, then the order. kind: what
    its profit is called."""
    order = told.order
    trader = order.trader
    asset = order.contract.margin_asset
    if told.realized:
        income(pit, trader, kind, asset, told.realized, order.contract, told.trade_id)
    if told.commission:
        income(
            pit, trader, COMMISSION, told.commission_asset, -told.commission, order.contract,
            told.trade_id,
        )  # fmt: skip
    update = AccountUpdate(trader, WHY_ORDER, told.at_us)
    add_balance(update, trader, asset, 0)
    if told.commission_asset not in ("", asset):
        add_balance(update, trader, told.commission_asset, 0)
    add_positions(update, order.position)
    pit.events.append(update)
    pit.events.append(told)


def add_balance(update: AccountUpdate, trader: Trader, asset: str, change: int) -> None:
    """A balance as it is now; `change`: units that are neither profit nor commission."""
    update.balances.append(
        (asset, trader.wallet_balance(asset), trader.cross_balance(asset), change)
    )


def add_positions(update: AccountUpdate, position: Position) -> None:
    """A position that changed. In hedge mode the contract's "BOTH" stands before it, and its other
    side is told, too, where it is isolated and open."""
    holding = position.holding
    if position.side == POSITION_BOTH:
        update.positions.append(PositionRow(position))
    else:
        for each in holding.positions:
            if each is position or each is holding.both or (holding.isolated and each.qty):
                update.positions.append(PositionRow(each))
    if update.trader.venue == COINM:
        _add_the_rest(update, holding)


def _add_the_rest(update: AccountUpdate, told: Holding) -> None:
    """The coin-margined exchange tells of all symbols and, where a balance changed, of all."""
    trader = update.trader
    assets = [row[0] for row in update.balances]
    for asset in trader.wallet:
        if assets and asset not in assets and trader.wallet_balance(asset):
            add_balance(update, trader, asset, 0)
    for holding in trader.holdings.values():
        if holding is not told and not holding.flat:
            update.positions += [PositionRow(each) for each in holding.positions if each.qty]


def income(
    pit: Exchange, trader: Trader, kind: str, asset: str, units: int,
    contract: Contract | None, trade_id: int = -1,
) -> None:  # fmt: skip
    """Tell what changed a wallet; agents' income is not told."""
    if trader.account.quiet:
        return
    told = Income(trader, kind, asset, units, pit.at_us)
    told.contract = contract
    told.trade_id = trade_id
    pit.next_tran_id += 1
    told.tran_id = pit.next_tran_id
    told.info = str(trade_id) if trade_id >= 0 else kind
    pit.events.append(told)
