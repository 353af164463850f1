"""What positions and open orders ask for, what an account has for it, and where it breaks.

All amounts in units of the margin asset; what must be covered is rounded up. Formulas: the
exchange's futures support pages, as docs/decisions/0180-futures-margin.md reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepit.core.units import ONE, mul_floor

if TYPE_CHECKING:
    from tradepit.core.contracts import Contract
    from tradepit.core.exchange import Exchange
    from tradepit.core.positions import Holding, Position, Trader


class Margin:
    """An account's cross margin in one asset (or, in multi-assets mode, in US dollars).

    balance: the cross wallet. profit: unrealised, of cross positions. positions, orders: initial
    margin of cross positions, and of all open orders. maintenance: of cross positions.
    """

    __slots__ = ("balance", "maintenance", "orders", "positions", "profit")

    def __init__(self) -> None:
        self.balance = 0
        self.profit = 0
        self.positions = 0
        self.orders = 0
        self.maintenance = 0

    @property
    def equity(self) -> int:
        """The margin balance."""
        return self.balance + self.profit

    @property
    def available(self) -> int:
        """What new orders may ask for; may be below zero."""
        return self.balance + self.profit - self.positions - self.orders

    @property
    def withdrawable(self) -> int:
        """What may leave the wallet: profit that is not realised stays."""
        return max(min(self.free, self.balance), 0)

    @property
    def free(self) -> int:
        """What positions and orders leave of the wallet, losses taken and no profit counted; may
        be below zero."""
        return self.balance + min(self.profit, 0) - self.positions - self.orders


def position_margin(holding: Holding, position: Position) -> int:
    """Initial margin of a position at the mark price."""
    if position.qty == 0:
        return 0
    contract = holding.contract
    return -(-contract.notional(contract.marks.mark, position.qty) // holding.leverage)


def needs(holding: Holding, buys: int = 0, sells: int = 0, side: int = 0) -> tuple[int, int]:
    """(initial margin of positions, of open orders), as if orders of `buys` and `sells` notional
    rested for the position `side`, too."""
    contract = holding.contract
    mark = contract.marks.mark
    leverage = holding.leverage
    positions = 0
    whole = 0
    for position in holding.positions:
        qty = position.qty
        more_buys = position.buy_held + (buys if position.side == side else 0)
        more_sells = position.sell_held + (sells if position.side == side else 0)
        if qty == 0 and more_buys == 0 and more_sells == 0:
            continue
        present = contract.notional(mark, qty) if qty else 0
        if qty < 0:
            present = -present
        positions += -(-abs(present) // leverage)
        if position.side == 0:
            whole += -(-max(abs(present + more_buys), abs(present - more_sells)) // leverage)
        elif position.side == 1:
            whole += -(-(present + more_buys) // leverage)
        else:
            whole += -(-(more_sells - present) // leverage)
    return positions, max(whole - positions, 0)


def upkeep(position: Position) -> int:
    """Maintenance margin of a position at the mark price."""
    if position.qty == 0:
        return 0
    contract = position.holding.contract
    return contract.maintenance(contract.notional(contract.marks.mark, position.qty))


def maintenance(holding: Holding) -> int:
    """Maintenance margin of a holding's positions at the mark price."""
    return upkeep(holding.both) + upkeep(holding.long) + upkeep(holding.short)


def profit(holding: Holding) -> int:
    """Unrealised profit of a holding's positions at the mark price, rounded down."""
    mark = holding.contract.marks.mark
    total = 0
    for position in holding.positions:
        if position.qty:
            total += position.profit(mark)
    return total // ONE


def cross(pit: Exchange, trader: Trader, asset: str) -> Margin:
    """The cross margin that stands behind positions in `asset`: that asset's own, or all
    assets' together where the account lets them all count."""
    if trader.multi_assets:
        return together(pit, trader)
    found = Margin()
    found.balance = trader.wallet_balance(asset)
    for holding in trader.holdings.values():
        if holding.contract.margin_asset == asset:
            _add(found, holding, ONE)
    return found


def available(pit: Exchange, known: Holding, needed: tuple[int, int]) -> int:
    """What new orders of a holding may ask for, as `cross` would say it; `needed` is what `needs`
    said of the holding."""
    trader, asset = known.trader, known.contract.margin_asset
    if trader.multi_assets:
        return together(pit, trader).available
    spare = trader.wallet_balance(asset)
    for holding in trader.holdings.values():
        if holding.contract.margin_asset != asset or holding.at_rest:
            continue
        positions, orders = needed if holding is known else needs(holding)
        spare -= orders
        if holding.isolated:
            spare -= holding.wallet
        elif not holding.flat:
            spare += profit(holding) - positions
    return spare


def standing(pit: Exchange, trader: Trader, asset: str) -> tuple[int, int]:
    """(margin balance, maintenance margin) behind an account's cross positions in an asset: what
    decides on liquidation, without anything else."""
    if trader.multi_assets:
        whole = together(pit, trader)
        return whole.equity, whole.maintenance
    fine = 0
    equity = trader.wallet_balance(asset)
    need = 0
    for holding in trader.holdings.values():
        contract = holding.contract
        if contract.margin_asset != asset:
            continue
        if holding.isolated:
            equity -= holding.wallet
            continue
        for position in holding.positions:
            qty = position.qty
            if qty:
                mark = contract.marks.mark
                fine += contract.value(mark, qty) - position.cost
                need += contract.maintenance(contract.notional(mark, qty))
    return equity + fine // ONE, need


def together(pit: Exchange, trader: Trader) -> Margin:
    """The margin of multi-assets mode, in units of a dollar."""
    found = Margin()
    for asset, balance in trader.wallet.items():
        rate = pit.collateral_rate(asset, balance.free >= 0)
        found.balance += balance.free * rate // ONE
    for holding in trader.holdings.values():
        _add(found, holding, pit.collateral_rate(holding.contract.margin_asset, False))
    return found


def _add(found: Margin, holding: Holding, rate: int) -> None:
    if holding.at_rest:
        return
    positions, orders = needs(holding)
    found.orders += _at(rate, orders)
    if holding.isolated:
        found.balance -= _at(rate, holding.wallet)
    elif not holding.flat:
        found.positions += _at(rate, positions)
        found.profit += _at(rate, profit(holding))
        found.maintenance += _at(rate, maintenance(holding))


def _at(rate: int, units: int) -> int:
    """What units of an asset count at a rate, rounded down."""
    return units if rate == ONE else mul_floor(units, rate)


def isolated(position: Position) -> tuple[int, int]:
    """(margin balance, maintenance margin) of an isolated position."""
    equity = position.wallet + position.profit(position.holding.contract.marks.mark) // ONE
    return equity, upkeep(position)


# --- Where it breaks ---------------------------------------------------------------------------


def liquidation_price(pit: Exchange, position: Position) -> int:
    """The mark price (units) at which the position is liquidated, all other prices as they are;
    0 when there is none."""
    holding = position.holding
    if position.qty == 0:
        return 0
    rows = [position]
    if holding.isolated:
        spare = position.wallet
    else:
        rows = [each for each in holding.positions if each.qty]
        whole = cross(pit, holding.trader, holding.contract.margin_asset)
        spare = (
            whole.balance + (whole.profit - profit(holding))
            - (whole.maintenance - maintenance(holding))
        )  # fmt: skip
    return breaking_price(holding.contract, rows, spare, True)


def bankruptcy_price(pit: Exchange, position: Position) -> int:
    """The price at which closing the position leaves nothing of what stands behind it."""
    holding = position.holding
    if holding.isolated:
        spare = position.wallet
    else:
        whole = cross(pit, holding.trader, holding.contract.margin_asset)
        mark = holding.contract.marks.mark
        spare = whole.balance + whole.profit - position.profit(mark) // ONE
    return breaking_price(holding.contract, [position], spare, False)


def breaking_price(contract: Contract, rows: list[Position], spare: int, maintained: bool) -> int:
    """The price p at which spare + sum(value(p, qty) - cost) = sum(maintenance at p), where
    maintenance counts only if `maintained`. 0: at no price above zero.

    The maintenance brackets depend on p, too: the answer is the one that agrees with itself.
    """
    price = contract.marks.mark
    found = 0
    for _ in range(2 * len(contract.brackets) + 2):
        found = _solve(contract, rows, spare, price if maintained else 0)
        if found <= 0:
            return 0
        if not maintained or _same_brackets(contract, rows, price, found):
            break
        price = found
    return found


def _same_brackets(contract: Contract, rows: list[Position], one: int, other: int) -> bool:
    for row in rows:
        first = contract.bracket(contract.notional(one, row.qty))
        if first is not contract.bracket(contract.notional(other, row.qty)):
            return False
    return True


def _solve(contract: Contract, rows: list[Position], spare: int, at: int) -> int:
    """The breaking price with the brackets of the price `at` (0: without maintenance)."""
    slope = 0  # units of quantity (x size), times ONE where rates enter
    fixed = spare * ONE  # 1e-16 of the margin asset
    for row in rows:
        ratio = 0
        if at:
            bracket = contract.bracket(contract.notional(at, row.qty))
            ratio = bracket.ratio
            fixed += bracket.cum * ONE
        fixed -= row.cost
        direction = -1 if contract.inverse else 1
        slope += direction * row.qty * ONE - abs(row.qty) * ratio
    if contract.inverse:
        # fixed + slope x size / p = 0
        if fixed == 0:
            return 0
        above = -slope * contract.size * ONE
        return above // fixed if (above > 0) == (fixed > 0) else 0
    # fixed + slope x p = 0
    if slope == 0:
        return 0
    above = -fixed * ONE
    return above // slope if (above > 0) == (slope > 0) else 0
