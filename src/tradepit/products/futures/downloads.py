"""An account's orders, trades and transactions as a file: asked for, made, called for.

Source: the "asyn" pages of both futures documents; what is in a file is chosen, see
docs/decisions/0196-asynchronous-downloads.md.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec

from tradepit.catalog.fields import Drawn, Long, String, Time
from tradepit.catalog.language import USER_DATA, Ask, Reply
from tradepit.core import downloads
from tradepit.core.bars import DAY_US
from tradepit.core.contracts import USDM, VENUES, refusal
from tradepit.core.downloads import INCOME, ORDERS, TRADES, Download
from tradepit.core.lookback import ms_end
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.terms import (
    BUY,
    FUTURES_ORDER_TYPES,
    ORDER_STATUSES,
    POSITION_SIDES,
    SIDES,
)
from tradepit.core.units import text_places, text_units
from tradepit.products.futures import shown
from tradepit.products.futures.order_queries import again
from tradepit.products.futures.selectors import known_of
from tradepit.products.futures.venues import on_both

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.futures_orders import FuturesOrder
    from tradepit.core.history import FuturesRow, History

YEAR_DAYS: Final = 365
MOST_ROWS: Final = 1_000_000  # of one contract in one file
MONTHLY: Final = {ORDERS: 10, TRADES: 5, INCOME: 5}  # USDⓈ-M; COIN-M: eight of each
COINM_MONTHLY: Final = 8
FOLDER: Final = "downloads"  # where files lie below the world's address
NO_TIME: Final = -1


class AskDownload(Ask):
    start_time: Time
    end_time: Time
    token: Annotated[str, Drawn(64)] = ""


class DownloadId(Reply):
    """`usual_ms`: how long such files took in the last thirty days."""

    usual_ms: Long = msgspec.field(name="avgCostTimestampOfLast30d")
    download_id: str


class AskLink(Ask):
    download_id: String


class Link(Reply):
    download_id: str
    status: str
    url: str
    notified: bool
    expiration_timestamp: Time
    is_expired: bool | None


def _ask_for(pit: Exchange, who: Who, ask: AskDownload, what: str, venue: int) -> DownloadId:
    if ask.start_time > ask.end_time:
        raise Reject("START_TIME_GREATER_THAN_END_TIME")
    if ask.end_time - ask.start_time > YEAR_DAYS * DAY_US:
        raise refusal(venue, "INVALID_TIME_INTERVAL", YEAR_DAYS)
    most = MONTHLY[what] if venue == USDM else COINM_MONTHLY
    wanted = Download(
        (who.owner, venue, what), (ask.start_time, ms_end(ask.end_time)), ask.token
    )  # fmt: skip
    found = downloads.ask_for(pit, wanted, most)
    return DownloadId(
        usual_ms=downloads.usual_us(pit, found) // 1000,
        download_id=str(found.id),
    )


def _link(pit: Exchange, history: History, who: Who, ask: AskLink, mine: tuple[str, int]) -> Link:
    found = pit.downloads.get(int(ask.download_id)) if ask.download_id.isdecimal() else None
    if found is None or (found.owner, found.what, found.venue) != (who.owner, *mine):
        raise Reject("INVALID_PARAMETER", "downloadId")
    now_us = history.now_us()
    ready, over = found.ready_us <= now_us, found.expires_us <= now_us
    return Link(
        download_id=ask.download_id,
        status="completed" if ready else "processing",
        url=f"{history.address()}/{FOLDER}/{found.token}" if ready and not over else "",
        notified=ready,
        expiration_timestamp=found.expires_us if ready else NO_TIME,
        is_expired=True if over else None,
    )


_DOC = "{}/account#get-download-id-for-futures-%s-history"
_LINK_DOC = "{}/account#get-futures-%s-download-link-by-id"
_ASKED: Final[dict[str, Any]] = {"security": USER_DATA, "weight": 1000}
_LINKED: Final[dict[str, Any]] = {"security": USER_DATA, "weight": 10}
_COINM_LINKED: Final = {"weight": 5}
_LATER: Final = {"since": "2024-10-21"}  # COIN-M had no files of orders and trades before


@on_both("GET /{}/v1/order/asyn", _LATER, doc=_DOC % "order", **_ASKED)
def ask_orders(pit: Exchange, who: Who, ask: AskDownload, venue: int) -> DownloadId:
    """Get download id for futures order history."""
    return _ask_for(pit, who, ask, ORDERS, venue)


@on_both("GET /{}/v1/trade/asyn", _LATER, doc=_DOC % "trade", **_ASKED)
def ask_trades(pit: Exchange, who: Who, ask: AskDownload, venue: int) -> DownloadId:
    """Get download id for futures trade history."""
    return _ask_for(pit, who, ask, TRADES, venue)


@on_both("GET /{}/v1/income/asyn", doc=_DOC % "transaction", **_ASKED)
def ask_income(pit: Exchange, who: Who, ask: AskDownload, venue: int) -> DownloadId:
    """Get download id for futures transaction history."""
    return _ask_for(pit, who, ask, INCOME, venue)


@on_both(
    "GET /{}/v1/order/asyn/id", {**_COINM_LINKED, **_LATER}, doc=_LINK_DOC % "order-history",
    **_LINKED,
)  # fmt: skip
def order_link(pit: Exchange, history: History, who: Who, ask: AskLink, venue: int) -> Link:
    """Get futures order history download link by id."""
    return _link(pit, history, who, ask, (ORDERS, venue))


@on_both(
    "GET /{}/v1/trade/asyn/id", {**_COINM_LINKED, **_LATER}, doc=_LINK_DOC % "trade", **_LINKED
)
def trade_link(pit: Exchange, history: History, who: Who, ask: AskLink, venue: int) -> Link:
    """Get futures trade download link by id."""
    return _link(pit, history, who, ask, (TRADES, venue))


@on_both(
    "GET /{}/v1/income/asyn/id", _COINM_LINKED, doc=_LINK_DOC % "transaction-history", **_LINKED
)
def income_link(pit: Exchange, history: History, who: Who, ask: AskLink, venue: int) -> Link:
    """Get futures transaction history download link by id."""
    return _link(pit, history, who, ask, (INCOME, venue))


# --- The files ---------------------------------------------------------------------------------

Row = tuple[int, int, Sequence[object]]  # time, id, cells

HEADS: Final = {
    ORDERS: (
        "UID", "Time(UTC)", "Order ID", "Client Order ID", "Symbol", "Type", "Side",
        "Position Side", "Price", "Quantity", "Average Price", "Executed", "Status",
        "Update Time(UTC)",
    ),
    TRADES: (
        "UID", "Time(UTC)", "Symbol", "Side", "Position Side", "Price", "Quantity", "Amount",
        "Fee", "Fee Asset", "Realized Profit", "Buyer", "Maker", "Trade ID", "Order ID",
    ),
    INCOME: ("UID", "Time(UTC)", "Type", "Amount", "Asset", "Symbol", "Transaction ID"),
}  # fmt: skip


def find(pit: Exchange, history: History, token: str) -> Callable[[], bytes] | None:
    """What makes the file at an address, off the event loop; None where there is none, not yet
    or no more."""
    now_us = history.now_us()
    for found in pit.downloads.values():
        if found.token == token and found.ready_us <= now_us < found.expires_us:
            return lambda: archive(pit, history, found)
    return None


def archive(pit: Exchange, history: History, asked: Download) -> bytes:
    """A zip of one csv, the oldest rows first: what had happened when it was asked for."""
    makers = {ORDERS: _orders, TRADES: _trades, INCOME: _income}
    rows = sorted(makers[asked.what](pit, history, asked), key=lambda row: row[:2])
    uid = pit.accounts[asked.owner].uid
    text = io.StringIO()
    sheet = csv.writer(text, lineterminator="\n")
    sheet.writerow(HEADS[asked.what])
    sheet.writerows([uid, _utc(at_us), *cells] for at_us, _, cells in rows)
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as packed:
        name = zipfile.ZipInfo(f"{VENUES[asked.venue]}-{asked.what}-{asked.id}.csv")
        name.compress_type = zipfile.ZIP_DEFLATED
        packed.writestr(name, text.getvalue())
    return body.getvalue()


def _rows(history: History, asked: Download, what: str, symbol: str) -> list[FuturesRow]:
    return history.futures(
        asked.owner, asked.venue, what, symbol, start_us=asked.start_us,
        end_us=min(asked.end_us, asked.asked_us), limit=MOST_ROWS,
    )  # fmt: skip


def _orders(pit: Exchange, history: History, asked: Download) -> Iterator[Row]:
    """What was placed in the file's span and was over when it was asked for."""
    trader = pit.look_trader(asked.owner, asked.venue)
    for contract in known_of(pit, asked.venue):
        for row in _rows(history, asked, "order", contract.name):
            order = again(trader, contract, row.body)
            if order.updated_us <= asked.asked_us:
                yield row.at_us, row.row_id, _order_cells(order)


def _order_cells(order: FuturesOrder) -> Sequence[object]:
    contract = order.contract
    return (
        order.order_id, order.client_id, contract.name, FUTURES_ORDER_TYPES[order.orig_type],
        SIDES[order.side], POSITION_SIDES[order.position.side],
        text_places(*shown.price(contract, order.price)),
        text_places(*shown.qty(contract, order.qty)),
        text_places(*shown.average(contract, order.average_price())),
        text_places(*shown.qty(contract, order.executed)), ORDER_STATUSES[order.status],
        _utc(order.updated_us),
    )  # fmt: skip


def _trades(pit: Exchange, history: History, asked: Download) -> Iterator[Row]:
    for contract in known_of(pit, asked.venue):
        for row in _rows(history, asked, "trade", contract.name):
            side, position_side, price, qty, value, profit, fee, asset, maker = row.body
            yield row.at_us, row.row_id, (
                contract.name, SIDES[side], POSITION_SIDES[position_side],
                text_places(*shown.price(contract, price)),
                text_places(*shown.qty(contract, qty)),
                text_places(*shown.worth(contract, int(value))), text_units(fee), asset,
                text_units(profit), side == BUY, maker, row.row_id, row.order_id,
            )  # fmt: skip


def _income(pit: Exchange, history: History, asked: Download) -> Iterator[Row]:
    for row in _rows(history, asked, "income", ""):
        kind, asset, units, _, _, symbol = row.body
        yield row.at_us, row.row_id, (kind, text_units(units), asset, symbol, row.row_id)


def _utc(us: int) -> str:
    return datetime.fromtimestamp(us // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
