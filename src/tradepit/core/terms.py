"""The field's words as small integers, with their wire names.

Each vocabulary is a `Final` constant per word and one tuple of names indexed by it; index 0 is
"not given". Numbers are part of the log format: append, never renumber.
"""

from __future__ import annotations

from typing import Final

BUY: Final = 1
SELL: Final = 2
SIDES: Final = ("", "BUY", "SELL")

LIMIT: Final = 1
MARKET: Final = 2
STOP_LOSS: Final = 3
STOP_LOSS_LIMIT: Final = 4
TAKE_PROFIT: Final = 5
TAKE_PROFIT_LIMIT: Final = 6
LIMIT_MAKER: Final = 7
ORDER_TYPES: Final = (
    "", "LIMIT", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT",
    "TAKE_PROFIT", "TAKE_PROFIT_LIMIT", "LIMIT_MAKER",
)  # fmt: skip

GTC: Final = 1
IOC: Final = 2
FOK: Final = 3
TIMES_IN_FORCE: Final = ("", "GTC", "IOC", "FOK")

NEW: Final = 1
PENDING_NEW: Final = 2
PARTIALLY_FILLED: Final = 3
FILLED: Final = 4
CANCELED: Final = 5
REJECTED: Final = 6
EXPIRED: Final = 7
EXPIRED_IN_MATCH: Final = 8
ORDER_STATUSES: Final = (
    "", "NEW", "PENDING_NEW", "PARTIALLY_FILLED", "FILLED",
    "CANCELED", "REJECTED", "EXPIRED", "EXPIRED_IN_MATCH",
)  # fmt: skip

STP_NONE: Final = 1
EXPIRE_TAKER: Final = 2
EXPIRE_MAKER: Final = 3
EXPIRE_BOTH: Final = 4
DECREMENT: Final = 5
TRANSFER: Final = 6
STP_MODES: Final = (
    "", "NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER",
)  # fmt: skip

PRIMARY_PEG: Final = 1
MARKET_PEG: Final = 2
PEG_PRICE_TYPES: Final = ("", "PRIMARY_PEG", "MARKET_PEG")
PRICE_LEVEL: Final = 1
PEG_OFFSET_TYPES: Final = ("", "PRICE_LEVEL")

ACK: Final = 1
RESULT: Final = 2
FULL: Final = 3
RESPONSE_TYPES: Final = ("", "ACK", "RESULT", "FULL")

ONLY_NEW: Final = 1
ONLY_PARTIALLY_FILLED: Final = 2
CANCEL_RESTRICTIONS: Final = ("", "ONLY_NEW", "ONLY_PARTIALLY_FILLED")

STOP_ON_FAILURE: Final = 1
ALLOW_FAILURE: Final = 2
CANCEL_REPLACE_MODES: Final = ("", "STOP_ON_FAILURE", "ALLOW_FAILURE")

DO_NOTHING: Final = 1
CANCEL_ONLY: Final = 2
RATE_LIMIT_EXCEEDED_MODES: Final = ("", "DO_NOTHING", "CANCEL_ONLY")

TRADING: Final = 1
HALT: Final = 2
BREAK: Final = 3
END_OF_DAY: Final = 4
SYMBOL_CANCEL_ONLY: Final = 5
SYMBOL_STATUSES: Final = ("", "TRADING", "HALT", "BREAK", "END_OF_DAY", "CANCEL_ONLY")

OCO: Final = 1
OTO: Final = 2
CONTINGENCY_TYPES: Final = ("", "OCO", "OTO")

LIST_RESPONSE: Final = 1
EXEC_STARTED: Final = 2
LIST_UPDATED: Final = 3
LIST_ALL_DONE: Final = 4
LIST_STATUS_TYPES: Final = ("", "RESPONSE", "EXEC_STARTED", "UPDATED", "ALL_DONE")

EXECUTING: Final = 1
ALL_DONE: Final = 2
REJECT: Final = 3
LIST_ORDER_STATUSES: Final = ("", "EXECUTING", "ALL_DONE", "REJECT")

X_NEW: Final = 1
X_CANCELED: Final = 2
X_REPLACED: Final = 3
X_REJECTED: Final = 4
X_TRADE: Final = 5
X_EXPIRED: Final = 6
X_TRADE_PREVENTION: Final = 7
EXECUTION_TYPES: Final = (
    "", "NEW", "CANCELED", "REPLACED", "REJECTED", "TRADE", "EXPIRED", "TRADE_PREVENTION",
)  # fmt: skip

REASON_REJECTED: Final = 1
REASON_EXCHANGE_CANCELED: Final = 2
REASON_OCO_TRIGGER: Final = 3
REASON_OTO_PHASE_ONE_EXPIRED: Final = 4
REASON_UNFILLED_IOC: Final = 5
REASON_UNFILLED_FOK: Final = 6
REASON_INSUFFICIENT_LIQUIDITY: Final = 7
REASON_PRICE_RANGE: Final = 8
EXPIRY_REASONS: Final = (
    "NONE", "REJECTED", "EXCHANGE_CANCELED", "OCO_TRIGGER", "OTO_PHASE_ONE_EXPIRED",
    "UNFILLED_IOC_QUANTITY_EXPIRED", "UNFILLED_FOK_ORDER_EXPIRED", "INSUFFICIENT_LIQUIDITY",
    "EXECUTION_RULE_PRICE_RANGE_EXCEEDED",
)  # fmt: skip

FLOOR_EXCHANGE: Final = 1
FLOOR_SOR: Final = 2
WORKING_FLOORS: Final = ("", "EXCHANGE", "SOR")

HMAC: Final = 1
RSA: Final = 2
ED25519: Final = 3
KEY_TYPES: Final = ("", "HMAC", "RSA", "ED25519")

# What a key may do (bits).
MAY_READ: Final = 1  # USER_DATA
MAY_TRADE: Final = 2  # TRADE
MAY_STREAM: Final = 4  # USER_STREAM
MAY_WITHDRAW: Final = 8
MAY_TRANSFER: Final = 16
MAY_MARGIN: Final = 32
MAY_FUTURES: Final = 64

# --- Futures -----------------------------------------------------------------------------------
# Order types share their numbers with spot where they wait for a trigger in the same way.

TRAILING_STOP_MARKET: Final = 8
FUTURES_ORDER_TYPES: Final = (
    "", "LIMIT", "MARKET", "STOP_MARKET", "STOP", "TAKE_PROFIT_MARKET", "TAKE_PROFIT", "",
    "TRAILING_STOP_MARKET",
)  # fmt: skip

GTX: Final = 4
GTD: Final = 5
RPI: Final = 6
FUTURES_TIMES_IN_FORCE: Final = ("", "GTC", "IOC", "FOK", "GTX", "GTD", "RPI")

FUTURES_STP_MODES: Final = ("", "NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH")

# Why a futures order expired: the documents' own numbers.
EXPIRY_NONE: Final = 0
EXPIRY_SELF_TRADE: Final = 1
EXPIRY_IOC: Final = 2
EXPIRY_REDUCE_ONLY: Final = 4
EXPIRY_LIQUIDATION: Final = 5
EXPIRY_DELISTED: Final = 7
EXPIRY_TRIGGERED: Final = 8
EXPIRY_MARKET: Final = 9
EXPIRY_FOK: Final = 10
EXPIRY_POST_ONLY: Final = 11

POSITION_BOTH: Final = 0
POSITION_LONG: Final = 1
POSITION_SHORT: Final = 2
POSITION_SIDES: Final = ("BOTH", "LONG", "SHORT")

CONTRACT_PRICE: Final = 0
MARK_PRICE: Final = 1
WORKING_TYPES: Final = ("CONTRACT_PRICE", "MARK_PRICE")

# A contract trades under the same number as a symbol does, and was delivered where one has a break.
CONTRACT_STATUSES: Final = (
    "", "TRADING", "PENDING_TRADING", "DELIVERED", "DELIVERING", "PRE_DELIVERING", "PRE_SETTLE",
    "SETTLING", "CLOSE",
)  # fmt: skip

PRICE_MATCHES: Final = (
    "NONE", "OPPONENT", "OPPONENT_5", "OPPONENT_10", "OPPONENT_20",
    "QUEUE", "QUEUE_5", "QUEUE_10", "QUEUE_20",
)  # fmt: skip
PRICE_MATCH_LEVELS: Final = (0, 1, 5, 10, 20, 1, 5, 10, 20)
