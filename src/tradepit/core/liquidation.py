"""What happens when margin no longer suffices: margin call, liquidation, insurance, deleveraging.

In this order, as docs/decisions/0182-liquidation.md tells: the account's orders expire; its
positions, the one with the largest maintenance margin first, are offered to the book at their
bankruptcy price or better; what nobody takes goes to the insurance fund at that price, as long as
the fund can bear it; else to the positions on the other side, by rank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tradepit.core import clearing, conversion, margin
from tradepit.core import futures_life as life
from tradepit.core.futures_orders import DELEVERAGED, LIQUIDATED, FuturesOrder
from tradepit.core.futures_records import (
    INSURANCE_CLEAR,
    AccountUpdate,
    Forced,
    FuturesReport,
    MarginCall,
    PositionRow,
)  # fmt: skip
from tradepit.core.terms import (
    BUY,
    EXPIRY_IOC,
    EXPIRY_LIQUIDATION,
    FILLED,
    IOC,
    LIMIT,
    MARKET,
    SELL,
)
from tradepit.core.units import ONE

if TYPE_CHECKING:
    from tradepit.core.contracts import Contract
    from tradepit.core.exchange import Exchange
    from tradepit.core.positions import Holding, Position, Trader

CALL_AT: Final = 80  # per cent of the margin balance that maintenance may take without a call


def look(pit: Exchange) -> None:
    """Look at every account with positions, after mark prices moved."""
    for trader in list(pit.traders.values()):
        if trader.exposed and not trader.account.quiet:
            check(pit, trader)
    for venue in (1, 2):
        fund = pit.insurance(venue)
        if fund is not None and fund.exposed:
            unwind(pit, fund)


def check(pit: Exchange, trader: Trader) -> None:
    """Call or liquidate whatever of an account is short of maintenance margin."""
    assets: list[str] = []
    for holding in list(trader.holdings.values()):
        if holding.flat:
            continue
        if holding.isolated:
            _check_isolated(pit, holding)
        elif holding.contract.margin_asset not in assets:
            assets.append(holding.contract.margin_asset)
    for asset in assets:
        _check_cross(pit, trader, asset)
        if trader.multi_assets:
            return  # all assets stand behind all positions: once is enough


def _check_isolated(pit: Exchange, holding: Holding) -> None:
    """Each position on its own."""
    close: list[Position] = []
    for position in holding.positions:
        if not position.qty:
            continue
        equity, need = margin.isolated(position)
        if equity < need:
            life.expire_all(pit, holding.trader, holding.contract, EXPIRY_LIQUIDATION)
            liquidate(pit, position)
        elif _is_close(equity, need):
            close.append(position)
    told, holding.called = holding.called, bool(close)
    if close and not told:
        _tell_call(pit, close)


def _check_cross(pit: Exchange, trader: Trader, asset: str) -> None:
    equity, need = margin.standing(pit, trader, asset)
    scope = [
        holding for holding in trader.holdings.values()
        if not holding.isolated
        and (trader.multi_assets or holding.contract.margin_asset == asset)
    ]  # fmt: skip
    if equity >= need:
        _call(pit, scope, equity, need)
        return
    for holding in scope:
        life.expire_all(pit, trader, holding.contract, EXPIRY_LIQUIDATION)
    while equity < need:
        worst = _worst(scope)
        if worst is None:
            break
        before = worst.qty
        liquidate(pit, worst)
        if worst.qty == before:
            break  # nobody is left on the other side
        equity, need = margin.standing(pit, trader, asset)
    if all(holding.flat for holding in scope):
        owed = [asset]
        if trader.multi_assets:
            conversion.pay_debts(pit, trader)
            owed = list(trader.wallet)
        for each in owed:
            cover(pit, trader, each, -trader.cross_balance(each))


def _worst(scope: list[Holding]) -> Position | None:
    """The position with the largest maintenance margin."""
    found: Position | None = None
    most = -1
    for holding in scope:
        for position in holding.positions:
            need = margin.upkeep(position)
            if position.qty and need > most:
                most = need
                found = position
    return found


def _call(pit: Exchange, scope: list[Holding], equity: int, need: int) -> None:
    """A margin call, once, when maintenance takes most of what there is."""
    risky = _is_close(equity, need)
    told = all(holding.called for holding in scope if not holding.flat)
    for holding in scope:
        holding.called = risky and not holding.flat
    if risky and not told:
        _tell_call(pit, [each for holding in scope for each in holding.positions if each.qty])


def _is_close(equity: int, need: int) -> bool:
    return need * 100 >= equity * CALL_AT and need > 0


def _tell_call(pit: Exchange, positions: list[Position]) -> None:
    holding = positions[0].holding
    trader = holding.trader
    call = MarginCall(trader, trader.cross_balance(holding.contract.margin_asset), pit.at_us)
    for position in positions:
        mark = position.holding.contract.marks.mark
        call.rows.append((PositionRow(position), mark, margin.upkeep(position)))
    pit.events.append(call)


# --- Closing a position by force ---------------------------------------------------------------


def liquidate(pit: Exchange, position: Position) -> None:
    """Close a position: in the book at its bankruptcy price or better (one that no price breaks: at
    the mark price or better), the rest by the fund or by the other side."""
    contract = position.holding.contract
    price = margin.bankruptcy_price(pit, position) or contract.marks.mark
    price = _on_tick(contract, price, position.qty > 0)
    order = _forced_order(pit, position, abs(position.qty), price, LIQUIDATED)
    stake = position.wallet - position.realized
    life.accept(pit, order)
    life.take(pit, order)
    worth = order.executed_quote // ONE
    if order.open and order.leaves:
        take_over(pit, order)
    if order.open:
        if order.leaves:
            life.expire(pit, order, EXPIRY_IOC)
        else:
            life.finish(pit, order, FILLED)
    pit.events.append(Forced(order, False, _last_fill(pit, order), pit.at_us))
    stake += position.realized - position.wallet  # what an isolated position has left
    _clearance_fee(pit, position, worth, stake)


def _last_fill(pit: Exchange, order: FuturesOrder) -> int:
    """Units of the last fill of an order that this command ended; 0 for none."""
    for event in reversed(pit.events):
        if isinstance(event, FuturesReport) and event.order is order and event.last_qty:
            return event.last_qty
    return 0


def _on_tick(contract: Contract, price: int, up: bool) -> int:
    """The nearest price on the tick that is no worse for the account."""
    tick = contract.tick_size
    if not tick:
        return price
    return -(-price // tick) * tick if up else max(price - price % tick, tick)


def _forced_order(
    pit: Exchange, position: Position, qty: int, price: int, why: int
) -> FuturesOrder:
    side = SELL if position.qty > 0 else BUY
    order = FuturesOrder(position, side, LIMIT, qty, price)
    order.tif = IOC
    order.forced = why
    order.reduce_only = position.side == 0
    if why == DELEVERAGED:
        order.client_id = "adl_autoclose"  # of all of them; documented
        return order
    number = order.contract.next_order_id % 1_000_000
    order.client_id = f"autoclose-{pit.at_us // 1000}{number:06d}"
    return order


def take_over(pit: Exchange, order: FuturesOrder) -> None:
    """The insurance fund takes what the book did not, if it can bear the loss; else the other
    side is deleveraged."""
    contract = order.contract
    price = order.price
    fund = pit.insurance(contract.venue)
    if fund is not None and fund is not order.trader:
        qty = order.leaves if order.side == SELL else -order.leaves
        gain = contract.value(contract.marks.mark, qty) - contract.value(price, qty)
        asset = contract.margin_asset
        equity, _ = margin.standing(pit, fund, asset)
        if equity + gain // ONE >= 0:
            position = fund.holding(contract).both
            other = FuturesOrder(position, 3 - order.side, LIMIT, order.leaves, price)
            other.forced = LIQUIDATED
            clearing.assign(pit, order, other, order.leaves, price)
            return
    deleverage(pit, order, price)


def deleverage(pit: Exchange, order: FuturesOrder, price: int) -> None:
    """Close positions on the other side at a price, by rank, until the order is filled."""
    for position in ranked(pit, order.contract, order.position.qty > 0, order.position):
        if not order.leaves:
            return
        qty = min(order.leaves, abs(position.qty))
        other = _forced_order(pit, position, qty, price, DELEVERAGED)
        life.accept(pit, other)
        clearing.assign(pit, order, other, qty, price)
        life.finish(pit, other, FILLED)
        pit.events.append(Forced(other, True, qty, pit.at_us))
        if position.qty == 0:
            life.drop_closing(pit, other)


def ranked(
    pit: Exchange, contract: Contract, short: bool, apart: Position | None
) -> list[Position]:
    """The positions of one side, those first that are deleveraged first."""
    rows: list[tuple[int, int, Position]] = []
    for number, trader in enumerate(pit.traders.values()):
        holding = trader.holdings.get(contract.name)
        if holding is None or trader is pit.insurance(contract.venue):
            continue
        rows += [
            (-adl_score(pit, each), number, each)
            for each in holding.positions
            if each is not apart and each.qty and (each.qty < 0) == short
        ]
    rows.sort(key=lambda row: row[:2])
    return [row[2] for row in rows]


def adl_score(pit: Exchange, position: Position) -> int:
    """Profit in per cent of the entry's worth (e8), times the leverage in fact where there is a
    profit, divided by it where there is a loss. Source: the exchange's page on deleveraging."""
    holding = position.holding
    contract = holding.contract
    mark = contract.marks.mark
    cost = abs(position.cost)
    if not cost:
        return 0
    ratio = position.profit(mark) * ONE // cost
    notional = contract.notional(mark, position.qty)
    if holding.isolated:
        equity = position.wallet + position.profit(mark) // ONE
    else:
        equity, _ = margin.standing(pit, holding.trader, contract.margin_asset)
    leverage = max(notional * ONE // equity, 1) if equity > 0 else 1_000 * ONE
    return ratio * leverage // ONE if ratio >= 0 else ratio * ONE // leverage


def unwind(pit: Exchange, fund: Trader) -> None:
    """The insurance fund closes what it took over as far as the book allows."""
    for holding in list(fund.holdings.values()):
        position = holding.both
        if position.qty:
            side = SELL if position.qty > 0 else BUY
            order = FuturesOrder(position, side, MARKET, abs(position.qty), 0)
            order.reduce_only = True
            life.accept(pit, order)
            life.start(pit, order)


# --- Money -------------------------------------------------------------------------------------


def _clearance_fee(pit: Exchange, position: Position, worth: int, stake: int) -> None:
    """The fee on what the book took, as far as anything is left; it feeds the fund."""
    holding = position.holding
    contract = holding.contract
    trader = holding.trader
    if pit.insurance(contract.venue) is None:
        return
    asset = contract.margin_asset
    if not holding.isolated:
        equity, need = margin.standing(pit, trader, asset)
        stake = equity - need
    left = min(stake, trader.wallet_balance(asset))
    fee = min(worth * contract.liquidation_fee // ONE, left)
    if fee > 0:
        _clear(pit, trader, asset, -fee, contract)


def cover(pit: Exchange, trader: Trader, asset: str, units: int) -> None:
    """The fund makes good what an account without positions owes."""
    if units > 0 and pit.insurance(trader.venue) is not None:
        _clear(pit, trader, asset, units)


def _clear(
    pit: Exchange, trader: Trader, asset: str, units: int, contract: Contract | None = None
) -> None:
    """Move units between the fund and an account, and tell it. contract: where it is about one."""
    fund = pit.insurance(trader.venue)
    assert fund is not None
    source, target = (fund, trader) if units > 0 else (trader, fund)
    pit.ledger.post(
        pit.futures_balance(source, asset), pit.futures_balance(target, asset), abs(units)
    )
    clearing.income(pit, trader, INSURANCE_CLEAR, asset, units, contract)
    if not trader.account.quiet:
        update = AccountUpdate(trader, INSURANCE_CLEAR, pit.at_us)
        clearing.add_balance(update, trader, asset, units)
        pit.events.append(update)
