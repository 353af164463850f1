"""User data events of the futures exchanges as JSON: what an account's listeners are told.

Fields, their order and conditions: the user data stream pages of both futures documents;
documented. How numbers are written, and what the documents leave open, is told by
docs/decisions/0189-futures-user-events.md. Orders are in `futures_order_events`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from tradepit.catalog.kinds import TRUTHS, quote_short, quote_units
from tradepit.core.contracts import USDM, VENUES
from tradepit.core.futures_records import (
    AccountUpdate,
    AlgoReport,
    ConfigUpdate,
    FuturesReport,
    FuturesTrade,
    MarginCall,
    PositionRow,
    TriggerRefused,
)
from tradepit.core.terms import POSITION_SIDES
from tradepit.core.units import ONE
from tradepit.gateways import futures_order_events as orders
from tradepit.gateways.futures_order_events import HEADS, fine
from tradepit.gateways.user_events import Telling

if TYPE_CHECKING:
    from collections.abc import Container

    from tradepit.core.positions import Trader
    from tradepit.core.records import Event
    from tradepit.gateways.user_events import Address

ORDER: Final = "ORDER_TRADE_UPDATE"


def futures_tellings(event: Event, heard: Container[Address]) -> list[Telling]:
    """Who of those that are heard is told of a futures event, and how, in the order of telling."""
    if isinstance(event, FuturesTrade):
        return _of_trade(event, heard)
    if isinstance(event, (FuturesReport, AlgoReport, TriggerRefused)):
        address = _address(event.order.trader)
        return _of_order(event, address) if address in heard else []
    if isinstance(event, (AccountUpdate, ConfigUpdate, MarginCall)):
        address = _address(event.trader)
        return [_of_account(event, address)] if address in heard else []
    return []


def _address(trader: Trader) -> Address:
    return VENUES[trader.venue], trader.account.id


def _of_trade(told: FuturesTrade, heard: Container[Address]) -> list[Telling]:
    """What is told lightly, before all else: the USDⓈ-M trades of orders that somebody placed."""
    found: list[Telling] = []
    if told.contract.venue == USDM:
        for order, maker in ((told.taker, False), (told.maker, True)):
            if not (order.forced or order.account.quiet):
                address = _address(order.trader)
                if address in heard:
                    words = partial(orders.trade_lite, told, maker)
                    found.append(Telling(address, "TRADE_LITE", words))
    return found


def _of_order(told: FuturesReport | AlgoReport | TriggerRefused, address: Address) -> list[Telling]:
    """Algo orders and refused triggers have events of their own at the USDⓈ-M exchange alone."""
    if isinstance(told, FuturesReport):
        found = [Telling(address, ORDER, partial(orders.order_update, told))]
        if orders.started_anew(told):
            words = partial(orders.order_update, told, waited=True)
            found.insert(0, Telling(address, ORDER, words))
        return found
    if told.order.contract.venue != USDM:
        return []
    if isinstance(told, AlgoReport):
        return [Telling(address, "ALGO_UPDATE", partial(orders.algo_update, told))]
    words = partial(orders.trigger_reject, told)
    return [Telling(address, "CONDITIONAL_ORDER_TRIGGER_REJECT", words)]


def _of_account(told: AccountUpdate | ConfigUpdate | MarginCall, address: Address) -> Telling:
    if isinstance(told, AccountUpdate):
        return Telling(address, "ACCOUNT_UPDATE", partial(account_update, told))
    if isinstance(told, ConfigUpdate):
        return Telling(address, "ACCOUNT_CONFIG_UPDATE", partial(config_update, told))
    return Telling(address, "MARGIN_CALL", partial(margin_call, told))


# --- Accounts ----------------------------------------------------------------------------------


def account_update(told: AccountUpdate, unit: int) -> str:
    """ACCOUNT_UPDATE."""
    at = told.at_us // unit
    balances = ",".join(
        f'{{"a":"{asset}","wb":{quote_units(whole)},"cw":{quote_units(cross)},'
        f'"bc":{quote_short(change)}}}'
        for asset, whole, cross, change in told.balances
    )
    positions = ",".join([_position(row) for row in told.positions])
    symbol = f',"S":"{told.symbol}"' if told.symbol else ""
    return (
        f'{{"e":"ACCOUNT_UPDATE","E":{at},"T":{at},{HEADS[told.trader.venue]}"a":{{'
        f'"m":"{told.why}","B":[{balances}],"P":[{positions}]{symbol}}}}}'
    )


def _position(row: PositionRow) -> str:
    holding = row.position.holding
    return (
        f'{{"s":"{holding.contract.name}","pa":{quote_short(row.qty)},'
        f'"ep":{quote_short(row.entry)},"bep":{quote_short(row.break_even)},'
        f'"cr":{fine(row.realized)},"up":{fine(row.profit // ONE)},'
        f'"mt":"{"isolated" if holding.isolated else "cross"}","iw":{fine(row.wallet)},'
        f'"ps":"{POSITION_SIDES[row.position.side]}"}}'
    )


def margin_call(told: MarginCall, unit: int) -> str:
    """MARGIN_CALL: of cross positions with the cross wallet's balance."""
    at = told.at_us // unit
    rows = ",".join(
        f'{{"s":"{row.position.holding.contract.name}",'
        f'"ps":"{POSITION_SIDES[row.position.side]}","pa":{quote_short(row.qty)},'
        f'"mt":"{"ISOLATED" if row.position.holding.isolated else "CROSSED"}",'
        f'"iw":{quote_short(row.wallet)},"mp":{quote_short(mark)},'
        f'"up":{quote_short(row.profit // ONE)},"mm":{quote_short(upkeep)}}}'
        for row, mark, upkeep in told.rows
    )
    isolated = told.rows[0][0].position.holding.isolated
    wallet = "" if isolated else f'"cw":{quote_short(told.cross)},'
    head = HEADS[told.trader.venue]
    return f'{{"e":"MARGIN_CALL","E":{at},{head}{wallet}"p":[{rows}]}}'


def config_update(told: ConfigUpdate, unit: int) -> str:
    """ACCOUNT_CONFIG_UPDATE: a contract's leverage, or the multi-assets mode."""
    at = told.at_us // unit
    if told.contract is None:
        change = f'"ai":{{"j":{TRUTHS[told.multi_assets]}}}'
    else:
        change = f'"ac":{{"s":"{told.contract.name}","l":{told.leverage}}}'
    return f'{{"e":"ACCOUNT_CONFIG_UPDATE","E":{at},"T":{at},{change}}}'
