"""What rows of history there are: one kind a table.

Every table has the same shape: what a query must know (`prefix`), what identifies a row behind that
(`ids`, whose first column grows with time), the rest, `seq`, the command that wrote it, and the
world. Amounts and prices are units of 1e-8, times microseconds; `body` is the JSON of what only
code reads.
"""

from __future__ import annotations

from typing import Any, Final

_kinds: Final[list[Kind]] = []


class Kind:
    """One kind of rows. A row in memory is the tuple of `columns`.

    index: its place in KINDS. time: the column that tells when.
    """

    def __init__(self, name: str, prefix: str, ids: str, rest: str, *, time: str) -> None:
        self.name = name
        self.time = time
        self.index = len(_kinds)
        _kinds.append(self)
        parts = [[word.split(":") for word in part.split()] for part in (prefix, ids, rest)]
        named = [*parts[0], *parts[1], *parts[2], ["seq"], ["world"]]
        types = {pair[0]: pair[1] if len(pair) > 1 else "int" for pair in named}
        self.columns: Final = tuple(types)
        self.prefix: Final = tuple(pair[0] for pair in parts[0])
        self.ids: Final = tuple(pair[0] for pair in parts[1])
        self.at: Final = {column: index for index, column in enumerate(self.columns)}
        self.cut: Final = len(self.prefix)  # row[:cut] is the prefix
        self.end: Final = len(self.prefix) + len(self.ids)  # row[cut:end] are the ids
        self.types: Final = types
        self.table: Any = None  # see `schema`

    def ids_of(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        return row[self.cut : self.end]


ORDERS: Final = Kind(
    "orders", "owner symbol:text", "order_id", "client_id:text created_us body:text",
    time="created_us",
)  # fmt: skip
MY_TRADES: Final = Kind(
    "my_trades", "owner symbol:text", "trade_id order_id",
    "list_id price qty quote commission commission_asset:text at_us is_buyer:bool is_maker:bool",
    time="at_us",
)  # fmt: skip
ORDER_LISTS: Final = Kind(
    "order_lists", "owner", "list_id", "client_id:text created_us body:text", time="created_us"
)
PREVENTED: Final = Kind(
    "prevented_matches", "owner symbol:text", "match_id",
    "taker_order_id maker_symbol:text maker_order_id trade_group mode price taker_prevented"
    " maker_prevented at_us",
    time="at_us",
)  # fmt: skip
ALLOCATIONS: Final = Kind(
    "allocations", "owner symbol:text", "allocation_id",
    "order_id list_id price qty quote commission commission_asset:text at_us is_buyer:bool",
    time="at_us",
)  # fmt: skip
AMENDMENTS: Final = Kind(
    "amendments", "owner symbol:text order_id", "exec_id",
    "orig_client_id:text new_client_id:text orig_qty new_qty at_us",
    time="at_us",
)  # fmt: skip
FUTURES: Final = Kind(
    "futures_rows", "owner venue what:text symbol:text", "row_id order_id",
    "at_us name:text body:text", time="at_us",
)  # fmt: skip
TRADES: Final = Kind(
    "trades", "symbol:text", "trade_id", "price qty quote at_us buyer_is_maker:bool", time="at_us"
)
BLOCKS: Final = Kind(
    "block_trades", "symbol:text", "block_id", "price qty quote at_us buyer_is_maker:bool",
    time="at_us",
)  # fmt: skip
AGGS: Final = Kind(
    "agg_trades", "symbol:text", "agg_id", "price qty first_id last_id at_us buyer_is_maker:bool",
    time="at_us",
)  # fmt: skip
BARS: Final = Kind(
    "bars", "symbol:text width_us", "open_us",
    "open high low close base quote count taker_base taker_quote first_id last_id",
    time="open_us",
)  # fmt: skip
# What a contract's prices and holders were, by the minute: most rows of futures, and never looked
# for by anything but time.
COURSES: Final = Kind(
    "courses", "venue what:text symbol:text", "open_us", "body:text", time="open_us"
)

KINDS: Final = tuple(_kinds)
PERSONAL: Final = TRADES.index  # kinds before it are of one account
