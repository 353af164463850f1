"""Money between the spot wallet and the futures wallets: the universal transfer and its older form.

Transfers from and to wallets that are not served yet (margin, funding, options) answer 501.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from tradepit.catalog.fields import Amount, Between, Int, Long, OneOf, String, SymbolName, Time
from tradepit.catalog.futures_fields import AssetName, Shown
from tradepit.catalog.language import UID, USER_DATA, Ask, Reply, operation
from tradepit.core import futures_settings as settings
from tradepit.core.contracts import COINM, USDM
from tradepit.core.exchange import Exchange
from tradepit.core.futures_records import TRANSFER_INCOME
from tradepit.core.history import FuturesRow, History
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.products.futures import shown
from tradepit.products.futures.order_queries import span

# name -> (venue, whether into futures, number of the older form)
SERVED: Final = {
    "MAIN_UMFUTURE": (USDM, True, 1), "UMFUTURE_MAIN": (USDM, False, 2),
    "MAIN_CMFUTURE": (COINM, True, 3), "CMFUTURE_MAIN": (COINM, False, 4),
}  # fmt: skip
TYPES: Final = (
    *SERVED, "MAIN_MARGIN", "UMFUTURE_MARGIN", "CMFUTURE_MARGIN", "MARGIN_MAIN",
    "MARGIN_UMFUTURE", "MARGIN_CMFUTURE", "ISOLATEDMARGIN_MARGIN", "MARGIN_ISOLATEDMARGIN",
    "ISOLATEDMARGIN_ISOLATEDMARGIN", "MAIN_FUNDING", "FUNDING_MAIN", "FUNDING_UMFUTURE",
    "UMFUTURE_FUNDING", "MARGIN_FUNDING", "FUNDING_MARGIN", "FUNDING_CMFUTURE",
    "CMFUTURE_FUNDING", "MAIN_OPTION", "OPTION_MAIN", "UMFUTURE_OPTION", "OPTION_UMFUTURE",
    "MARGIN_OPTION", "OPTION_MARGIN", "FUNDING_OPTION", "OPTION_FUNDING",
    "MAIN_PORTFOLIO_MARGIN", "PORTFOLIO_MARGIN_MAIN",
)  # fmt: skip
TransferType = Annotated[str, OneOf(TYPES)]


class Transfer(Ask):
    type: TransferType
    asset: AssetName
    amount: Amount
    from_symbol: SymbolName | None = None
    to_symbol: SymbolName | None = None


class OldTransfer(Ask):
    asset: AssetName
    amount: Amount
    type: Annotated[Int, Between(1, 4)]


class Transferred(Reply):
    tran_id: Long


def transfer(pit: Exchange, who: Who, name: str, asset: str, amount: int) -> Transferred:
    """Move an amount by the name of the transfer. Raises: Reject."""
    if name not in SERVED:
        raise Reject("UNSUPPORTED_OPERATION")
    if amount <= 0:
        raise Reject("AMOUNT_MUST_BE_POSITIVE")
    venue, into, _ = SERVED[name]
    move = settings.transfer_in if into else settings.transfer_out
    return Transferred(tran_id=move(pit, pit.accounts[who.owner], venue, asset, amount))


@operation(
    "POST /sapi/v1/asset/transfer", security=USER_DATA, weight=300, weight_scope=UID,
    doc="wallet/asset#user-universal-transfer",
)  # fmt: skip
def universal_transfer(pit: Exchange, who: Who, ask: Transfer) -> Transferred:
    """User universal transfer."""
    return transfer(pit, who, ask.type, ask.asset, ask.amount)


@operation(
    "POST /sapi/v1/futures/transfer", security=USER_DATA, until="2023-11-01",
    doc="wallet/futures#new-future-account-transfer",
)  # fmt: skip
def futures_transfer(pit: Exchange, who: Who, ask: OldTransfer) -> Transferred:
    """New future account transfer."""
    name = next(name for name, row in SERVED.items() if row[2] == ask.type)
    return transfer(pit, who, name, ask.asset, ask.amount)


class AskTransfers(Ask):
    type: TransferType
    start_time: Time | None = None
    end_time: Time | None = None
    current: Annotated[Int, Between(1, 10_000)] = 1
    size: Annotated[Int, Between(1, 100)] = 10
    from_symbol: SymbolName | None = None
    to_symbol: SymbolName | None = None


class TransferRow(Reply):
    asset: str
    amount: Shown
    type: str
    status: str
    tran_id: Long
    timestamp: Time


class Transfers(Reply):
    total: Int
    rows: list[TransferRow]


def _found(history: History, owner: int, venue: int, times: dict[str, int]) -> list[FuturesRow]:
    rows = history.futures(owner, venue, "income", "", limit=1 << 31, **times)  # type: ignore[arg-type]
    return [row for row in rows if row.body[0] == TRANSFER_INCOME]


@operation(
    "GET /sapi/v1/asset/transfer", security=USER_DATA,
    doc="wallet/asset#query-user-universal-transfer-history",
)  # fmt: skip
def transfers(
    pit: Exchange, history: History, who: Who, ask: AskTransfers
) -> Callable[[], Transfers]:
    """Query user universal transfer history, newest first."""
    if ask.type not in SERVED:
        raise Reject("UNSUPPORTED_OPERATION")
    venue, into, _ = SERVED[ask.type]
    times = span(ask, 1 << 62)

    def look() -> Transfers:
        rows = [
            row for row in _found(history, who.owner, venue, times) if (row.body[2] > 0) == into
        ]
        rows.reverse()
        start = (ask.current - 1) * ask.size
        return Transfers(
            total=len(rows),
            rows=[
                TransferRow(
                    asset=row.body[1], amount=shown.amount(abs(row.body[2])), type=ask.type,
                    status="CONFIRMED", tran_id=row.row_id, timestamp=row.at_us,
                )
                for row in rows[start : start + ask.size]
            ],
        )  # fmt: skip

    return look


class AskOldTransfers(Ask):
    asset: String
    start_time: Time
    end_time: Time | None = None
    current: Annotated[Int, Between(1, 10_000)] = 1
    size: Annotated[Int, Between(1, 100)] = 10


class OldTransferRow(Reply):
    asset: str
    tran_id: Long
    amount: Shown
    type: str
    timestamp: Time
    status: str


class OldTransfers(Reply):
    rows: list[OldTransferRow]
    total: Int


@operation(
    "GET /sapi/v1/futures/transfer", security=USER_DATA, weight=10, until="2023-11-01",
    doc="wallet/futures#get-future-account-transaction-history-list",
)  # fmt: skip
def futures_transfers(
    pit: Exchange, history: History, who: Who, ask: AskOldTransfers
) -> Callable[[], OldTransfers]:
    """Get future account transaction history list, newest first."""
    times = span(ask, 1 << 62)

    def look() -> OldTransfers:
        rows = [
            (row, str(number))
            for venue, into, number in SERVED.values()
            for row in _found(history, who.owner, venue, times)
            if (row.body[2] > 0) == into and row.body[1] == ask.asset
        ]
        rows.sort(key=lambda each: -each[0].row_id)
        start = (ask.current - 1) * ask.size
        return OldTransfers(
            rows=[
                OldTransferRow(
                    asset=row.body[1], tran_id=row.row_id,
                    amount=shown.amount(abs(row.body[2])), type=number, timestamp=row.at_us,
                    status="CONFIRMED",
                )
                for row, number in rows[start : start + ask.size]
            ],
            total=len(rows),
        )  # fmt: skip

    return look
