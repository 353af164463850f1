"""The field types that only the futures exchanges have.

Numbers of replies have as many decimals as their contract or asset has: they are pairs of units
and places (`Shown`), which the contract gives.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from tradepit.catalog.kinds import CLIENT_ID_RANGE, Bare, Millis, OneOf, Places, Safe, Signed, Term
from tradepit.core import terms
from tradepit.core.bars import INTERVALS
from tradepit.core.rejects import Reject

LONGEST_ID: Final = 36  # characters of a client's own id of an order


class OrderId(Safe):
    """A client's own id of a new order; one that is too long is told so by a code of its own."""

    def refuse(self, name: str, text: str) -> Reject:
        if len(text) > LONGEST_ID:
            return Reject("INVALID_CL_ORD_ID_LEN")
        return super().refuse(name, text)


NewClientId: TypeAlias = Annotated[str, OrderId(CLIENT_ID_RANGE)]
Shown: TypeAlias = Annotated[tuple[int, int], Places()]  # replies only: "43187.00"
Number: TypeAlias = Annotated[int, Bare()]  # replies only: 0.0065, a JSON number
FarTime: TypeAlias = Annotated[int, Millis()]  # integer microseconds; milliseconds on the wire

FuturesOrderType: TypeAlias = Annotated[
    int,
    Term(
        terms.FUTURES_ORDER_TYPES,
        "INVALID_ORDER_TYPE",
        only=(
            terms.LIMIT, terms.MARKET, terms.STOP_LOSS_LIMIT, terms.STOP_LOSS,
            terms.TAKE_PROFIT_LIMIT, terms.TAKE_PROFIT, terms.TRAILING_STOP_MARKET,
        ),
    ),
]  # fmt: skip
FuturesTimeInForce: TypeAlias = Annotated[int, Term(terms.FUTURES_TIMES_IN_FORCE, "INVALID_TIF")]
FuturesStpMode: TypeAlias = Annotated[
    int, Term(terms.FUTURES_STP_MODES, "INVALID_SELF_TRADE_PREVENTION_MODE")
]
FuturesResponseType: TypeAlias = Annotated[
    int,
    Term(terms.RESPONSE_TYPES, "INVALID_NEW_ORDER_RESP_TYPE", only=(terms.ACK, terms.RESULT)),
]
PositionSide: TypeAlias = Annotated[
    int, Term(terms.POSITION_SIDES, "INVALID_POSITION_SIDE", only=(0, 1, 2))
]
WorkingType: TypeAlias = Annotated[
    int, Term(terms.WORKING_TYPES, "INVALID_WORKING_TYPE", only=(0, 1))
]
PriceMatch: TypeAlias = Annotated[
    int, Term(terms.PRICE_MATCHES, "INVALID_PRICE_MATCH", only=range(len(terms.PRICE_MATCHES)))
]
AlgoType: TypeAlias = Annotated[str, OneOf(("CONDITIONAL",))]
MarginType: TypeAlias = Annotated[str, OneOf(("ISOLATED", "CROSSED"))]
ContractType: TypeAlias = Annotated[
    str,
    OneOf(
        ("PERPETUAL", "CURRENT_QUARTER", "NEXT_QUARTER", "TRADIFI_PERPETUAL"),
        "INVALID_CONTRACT_TYPE",
    ),
]
FuturesInterval: TypeAlias = Annotated[
    str, OneOf([name for name in INTERVALS if name != "1s"], "BAD_INTERVAL")
]
PairName: TypeAlias = Annotated[str, Safe(r"[A-Z0-9]{1,20}", legal=r"^[A-Z0-9]{1,20}$")]
SignedRate: TypeAlias = Annotated[int, Signed()]
AssetName: TypeAlias = PairName
