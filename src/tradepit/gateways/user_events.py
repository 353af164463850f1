"""User data events as JSON: what an account's listeners are told.

Fields, their order and conditions: user-data-stream.md; documented. The event time `E` is the
world's time of the command, so that the same log gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tradepit.catalog.kinds import TRUTHS, quote_units
from tradepit.catalog.language import SPOT
from tradepit.core.records import (
    BALANCE_UPDATE,
    EXTERNAL_LOCK,
    LIST_STATUS,
    POSITION,
    REPORT,
    BalanceUpdate,
    Event,
    ExternalLock,
    ListStatus,
    Position,
    Report,
)
from tradepit.core.terms import (
    CONTINGENCY_TYPES,
    EXECUTION_TYPES,
    EXPIRED,
    EXPIRY_REASONS,
    LIST_ORDER_STATUSES,
    LIST_STATUS_TYPES,
    ORDER_STATUSES,
    ORDER_TYPES,
    PEG_OFFSET_TYPES,
    PEG_PRICE_TYPES,
    PENDING_NEW,
    SIDES,
    STP_MODES,
    TIMES_IN_FORCE,
    WORKING_FLOORS,
    X_NEW,
    X_TRADE,
    X_TRADE_PREVENTION,
)
from tradepit.core.units import mul_floor
from tradepit.gateways.sockets import text_frame

if TYPE_CHECKING:
    from tradepit.gateways.sockets import Session

Address = tuple[str, int]  # a product (spot, usdm, coinm) and an account's number


class Subscriber:
    """One socket that hears one account, or (`product`) what that account has elsewhere."""

    __slots__ = (
        "ended", "events", "key", "micro", "owner", "product", "session", "tail", "wrapper",
    )  # fmt: skip

    def __init__(self, session: Session, owner: int, micro: bool, wrapper: str, tail: str) -> None:
        """wrapper, tail: what stands before and behind the event."""
        self.session = session
        self.owner = owner
        self.micro = micro
        self.wrapper = wrapper.encode()
        self.tail = tail.encode()
        self.product = SPOT
        self.events: frozenset[str] = frozenset()  # by name; empty: all
        self.key = ""  # the listen key or token that it lives by
        self.ended: Callable[[int], None] | None = None  # told in µs when the token is over

    @property
    def address(self) -> Address:
        return self.product, self.owner

    def hears(self, event: str) -> bool:
        return not self.events or event in self.events

    def tell(self, payload: bytes) -> None:
        self.session.send(self.frame(payload))

    def frame(self, payload: bytes) -> bytes:
        """The message of an event, ready for the wire."""
        return text_frame(self.wrapper + payload + self.tail)


class Everyone:
    """Stands for the addresses that are heard where all are."""

    def __contains__(self, address: object) -> bool:
        return True


EVERYONE: Final = Everyone()


class Telling(NamedTuple):
    """One event as its account is told of it."""

    address: Address
    event: str  # its name
    words: Callable[[int], str]  # its JSON by the unit of its times: 1 for µs, 1000 for ms


def tellings(event: Event, heard: Container[Address]) -> list[Telling]:
    """Who of those that are heard is told of a spot event, and how."""
    found = _TOLD.get(event.kind)
    if found is None:
        return []
    name, owner_of, words = found
    address = (SPOT, owner_of(event))
    return [Telling(address, name, partial(words, event))] if address in heard else []


def _change(name: str, event: BalanceUpdate | ExternalLock, unit: int) -> str:
    at = event.at_us // unit
    return f'{{"e":"{name}","E":{at},"a":"{event.asset}","d":{quote_units(event.delta)},"T":{at}}}'


def _position(event: Position, unit: int) -> str:
    at = event.at_us // unit
    rows = ",".join(
        f'{{"a":"{asset}","f":{quote_units(free)},"l":{quote_units(locked)}}}'
        for asset, free, locked in event.rows
    )
    return f'{{"e":"outboundAccountPosition","E":{at},"u":{at},"B":[{rows}]}}'


def _list_status(event: ListStatus, unit: int) -> str:
    found = event.order_list
    at = event.at_us // unit
    name = found.symbol.name
    orders = ",".join(
        f'{{"s":"{name}","i":{order.order_id},"c":"{order.client_id}"}}' for order in found.orders
    )
    return (
        f'{{"e":"listStatus","E":{at},"s":"{name}","g":{found.list_id},'
        f'"c":"{CONTINGENCY_TYPES[found.contingency]}","l":"{LIST_STATUS_TYPES[event.status_type]}",'
        f'"L":"{LIST_ORDER_STATUSES[event.order_status]}","r":"NONE","C":"{found.client_id}",'
        f'"T":{at},"O":[{orders}]}}'
    )


def _report(told: Report, unit: int) -> str:
    order = told.order
    at = told.at_us // unit
    traded = told.exec_type == X_TRADE
    asset = f'"{told.commission_asset}"' if told.commission_asset else "null"
    commission = quote_units(told.commission) if traded else '"0"'
    match = f'"v":{told.prevented_match_id},' if told.prevented_match_id >= 0 else ""
    worked = order.working_us >= 0 and not _waits(told)
    working = f'"W":{order.working_us // unit},' if worked else ""
    return (
        f'{{"e":"executionReport","E":{at},"s":"{order.symbol.name}","c":"{told.client_id}",'
        f'"S":"{SIDES[order.side]}","o":"{ORDER_TYPES[order.type]}",'
        f'"f":"{TIMES_IN_FORCE[order.tif]}","q":{quote_units(told.qty)},'
        f'"p":{quote_units(order.price)},"P":{quote_units(order.stop_price)},'
        f'"F":{quote_units(order.iceberg_qty)},"g":{order.list_id},"C":"{told.orig_client_id}",'
        f'"x":"{EXECUTION_TYPES[told.exec_type]}","X":"{ORDER_STATUSES[told.status]}","r":"{told.reject}",'
        f'"i":{order.order_id},"l":{quote_units(told.last_qty)},'
        f'"z":{quote_units(told.executed)},"L":{quote_units(told.last_price)},'
        f'"n":{commission},"N":{asset},"T":{at},'
        f'"t":{told.trade_id},{match}"I":{told.exec_id},"w":{TRUTHS[told.working]},'
        f'"m":{TRUTHS[told.maker]},"M":{TRUTHS[traded]},'
        f'"O":{order.created_us // unit},"Z":{quote_units(told.executed_quote)},'
        f'"Y":{quote_units(told.last_quote)},"Q":{quote_units(order.quote_qty)},'
        f'{working}"V":"{STP_MODES[order.stp]}"{_conditional(told, unit)}}}'
    )


def _waits(told: Report) -> bool:
    """Told as new before it works: what the order has come to since is none of this report's."""
    return told.exec_type == X_NEW and not told.working


def _conditional(told: Report, unit: int) -> str:
    """The fields that few reports have."""
    order = told.order
    extra = order.extra
    parts: list[str] = []
    if extra.trailing_delta:
        tracks = extra.trailing_us >= 0 and told.status != PENDING_NEW
        since = extra.trailing_us // unit if tracks else -1
        parts.append(f'"d":{extra.trailing_delta},"D":{since}')
    if extra.strategy_id >= 0:
        parts.append(f'"j":{extra.strategy_id}')
    if extra.strategy_type >= 0:
        parts.append(f'"J":{extra.strategy_type}')
    if told.exec_type == X_TRADE_PREVENTION:
        parts.append(_prevented(told))
    elif told.prevented:
        parts.append(f'"A":{quote_units(told.prevented)}')
    if told.allocation_id >= 0:
        parts.append(f'"b":"ONE_PARTY_TRADE_REPORT","a":{told.allocation_id}')
    if extra.used_sor:
        parts.append(f'"k":"{WORKING_FLOORS[extra.floor]}","uS":true')
    if extra.peg_type:
        parts.append(f'"gP":"{PEG_PRICE_TYPES[extra.peg_type]}"')
        if extra.peg_offset_type:
            offset_type = PEG_OFFSET_TYPES[extra.peg_offset_type]
            parts.append(f'"gOT":"{offset_type}","gOV":{extra.peg_offset}')
        if extra.pegged_price and not _waits(told):
            parts.append(f'"gp":{quote_units(extra.pegged_price)}')
    if told.status == EXPIRED and told.reason:
        parts.append(f'"eR":"{EXPIRY_REASONS[told.reason]}"')
    return "," + ",".join(parts) if parts else ""


def _prevented(told: Report) -> str:
    order = told.order
    parts = [f'"A":{quote_units(told.prevented)},"B":{quote_units(told.last_prevented)}']
    if order.account.trade_group != -1:
        parts.append(f'"u":{order.account.trade_group}')
    counter = told.counter
    if counter is not None:
        price = told.prevented_price
        parts.append(
            f'"U":{counter.order_id},"Cs":"{counter.symbol.name}",'
            f'"pl":{quote_units(told.last_prevented)},"pL":{quote_units(price)},'
            f'"pY":{quote_units(mul_floor(price, told.last_prevented))}'
        )
    return ",".join(parts)


_TOLD: Final[dict[int, tuple[str, Callable[[Event], int], Callable[[Any, int], str]]]] = {
    REPORT: ("executionReport", attrgetter("order.account.id"), _report),
    POSITION: ("outboundAccountPosition", attrgetter("account.id"), _position),
    LIST_STATUS: ("listStatus", attrgetter("order_list.account.id"), _list_status),
    BALANCE_UPDATE: (
        "balanceUpdate", attrgetter("account.id"), partial(_change, "balanceUpdate")
    ),
    EXTERNAL_LOCK: (
        "externalLockUpdate", attrgetter("account.id"), partial(_change, "externalLockUpdate")
    ),
}  # fmt: skip
"""By kind of event: its name, whose it is, and its JSON given the unit of its times."""
