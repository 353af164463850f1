"""Every refusal: its name, number, HTTP status and words.

`raise Reject("INVALID_SYMBOL")`; `Reject("PARAM_EMPTY", "symbol")` fills the template's holes.
Messages that the matching engine sends carry no number of their own: the caller's context gives it
(`Reject("INSUFFICIENT_BALANCE", code=NEW_ORDER_REJECTED)`), -2010 when it does not.
Source: errors.md; documented.
"""

from __future__ import annotations

from typing import Final

from tradepit.core.futures_rejects import FUTURES_REJECTS
from tradepit.core.session_rejects import SESSION_REJECTS

INVALID_MESSAGE: Final = -1013
NEW_ORDER_REJECTED: Final = -2010
CANCEL_REJECTED: Final = -2011
ORDER_AMEND_REJECTED: Final = -2038


class Reject(Exception):
    """A refusal that goes to the caller as `{"code": …, "msg": …}` (plus `data` where documented).

    `hint` is for the operator's request log only; it never reaches the wire.
    """

    def __init__(
        self, name: str, *holes: object, code: int = 0, status: int = 0,
        data: object = None, hint: str = "", retry_after_s: int = 0,
    ) -> None:  # fmt: skip
        number, words, http = REJECTS[name]
        self.name = name
        self.code = code or number
        self.msg = words % holes if holes else words
        self.status = status or http
        self.data = data
        self.hint = hint
        self.retry_after_s = retry_after_s
        super().__init__(name)

    def __str__(self) -> str:
        return f"{self.name} ({self.code}): {self.msg}"


_ENGINE = NEW_ORDER_REJECTED

REJECTS: Final[dict[str, tuple[int, str, int]]] = {
    # General.
    "UNKNOWN": (-1000, "An unknown error occurred while processing the request.", 400),
    "DISCONNECTED": (
        -1001, "Internal error; unable to process your request. Please try again.", 400,
    ),
    "UNAUTHORIZED": (-1002, "You are not authorized to execute this request.", 401),
    "TOO_MANY_REQUESTS": (-1003, "Too many requests queued.", 429),
    "TOO_MUCH_WEIGHT": (
        -1003,
        "Too much request weight used; current limit is %s request weight per %s. Please use"
        " WebSocket Streams for live updates to avoid polling the API.",
        429,
    ),
    "TOO_MANY_RAW_REQUESTS": (
        -1003,
        "Too many requests; current limit is %s requests per %s. Please use WebSocket Streams for"
        " live updates to avoid polling the API.",
        429,
    ),
    "IP_BANNED": (
        -1003,
        "Way too much request weight used; IP banned until %s. Please use WebSocket Streams for"
        " live updates to avoid bans.",
        418,
    ),
    "TIMEOUT": (
        -1007,
        "Timeout waiting for response from backend server. Send status unknown; execution status"
        " unknown.",
        408,
    ),
    "SERVER_BUSY": (
        -1008,
        "Server is currently overloaded with other requests. Please try again in a few minutes.",
        503,
    ),
    "UNKNOWN_ORDER_COMPOSITION": (-1014, "Unsupported order combination.", 400),
    "TOO_MANY_ORDERS": (
        -1015, "Too many new orders; current limit is %s orders per %s.", 429,
    ),
    "UNSUPPORTED_OPERATION": (-1020, "This operation is not supported.", 501),
    "INVALID_TIMESTAMP": (-1021, "Timestamp for this request is outside of the recvWindow.", 400),
    "TIMESTAMP_AHEAD": (
        -1021, "Timestamp for this request was 1000ms ahead of the server's time.", 400,
    ),
    "INVALID_SIGNATURE": (-1022, "Signature for this request is not valid.", 400),
    # Requests.
    "ILLEGAL_CHARS": (
        -1100, "Illegal characters found in parameter '%s'; legal range is '%s'.", 400,
    ),
    "TOO_MANY_PARAMETERS": (
        -1101, "Too many parameters; expected '%s' and received '%s'.", 400,
    ),
    "TOO_MANY_VALUES": (
        -1101, "Too many values sent for parameter '%s', maximum allowed up to %s.", 400,
    ),
    "DUPLICATE_PARAMETER": (-1101, "Duplicate values for a parameter detected.", 400),
    "MANDATORY_PARAM": (
        -1102, "Mandatory parameter '%s' was not sent, was empty/null, or malformed.", 400,
    ),
    "EITHER_PARAM": (-1102, "Param '%s' or '%s' must be sent, but both were empty/null!", 400),
    "PARAM_TOO_GREAT": (
        -1102, "'%s' contains unexpected value. Cannot be greater than %s.", 400,
    ),
    "UNKNOWN_PARAM": (-1103, "An unknown parameter was sent.", 400),
    "UNREAD_PARAMETERS": (
        -1104,
        "Not all sent parameters were read; read '%s' parameter(s) but was sent '%s'.",
        400,
    ),
    "PARAM_EMPTY": (-1105, "Parameter '%s' was empty.", 400),
    "PARAM_NOT_REQUIRED": (-1106, "Parameter '%s' sent when not required.", 400),
    "PARAM_OVERFLOW": (-1108, "Parameter '%s' overflowed.", 400),
    "BAD_PRECISION": (-1111, "Parameter '%s' has too much precision.", 400),
    "NO_DEPTH": (-1112, "No orders on book for symbol.", 400),
    "TIF_NOT_REQUIRED": (-1114, "TimeInForce parameter sent when not required.", 400),
    "INVALID_TIF": (-1115, "Invalid timeInForce.", 400),
    "INVALID_ORDER_TYPE": (-1116, "Invalid orderType.", 400),
    "INVALID_SIDE": (-1117, "Invalid side.", 400),
    "EMPTY_NEW_CL_ORD_ID": (-1118, "New client order ID was empty.", 400),
    "EMPTY_ORG_CL_ORD_ID": (-1119, "Original client order ID was empty.", 400),
    "BAD_INTERVAL": (-1120, "Invalid interval.", 400),
    "INVALID_SYMBOL": (-1121, "Invalid symbol.", 400),
    "INVALID_SYMBOL_STATUS": (-1122, "Invalid symbolStatus.", 400),
    "INVALID_LISTEN_KEY": (-1125, "This listenKey does not exist.", 400),
    "MORE_THAN_XX_HOURS": (-1127, "More than %s hours between startTime and endTime.", 400),
    "OPTIONAL_PARAMS_BAD_COMBO": (-1128, "Combination of optional parameters invalid.", 400),
    "SEND_TOGETHER": (
        -1128,
        "Combination of optional fields invalid. Recommendation: '%s' and '%s' must both be sent.",
        400,
    ),
    "INVALID_PARAMETER": (-1130, "Data sent for parameter '%s' is not valid.", 400),
    "BAD_RECV_WINDOW": (-1131, "recvWindow must be less than 60000", 400),
    "BAD_STRATEGY_TYPE": (-1134, "%s was less than 1000000.", 400),
    "INVALID_JSON": (-1135, "JSON sent for parameter '%s' is not valid", 400),
    "INVALID_TICKER_TYPE": (-1139, "Invalid ticker type.", 400),
    "INVALID_CANCEL_RESTRICTIONS": (-1145, "Invalid cancelRestrictions", 400),
    "DUPLICATE_SYMBOLS": (-1151, "Symbol is present multiple times in the list.", 400),
    "OCO_ORDER_TYPE_REJECTED": (-1158, "Order type not supported in OCO.", 400),
    "OCO_ICEBERG_TIF": (-1160, "Parameter '%s' is not supported if '%s' is not GTC.", 400),
    "BUY_OCO_LIMIT_BELOW": (-1165, "A limit order in a buy OCO must be below.", 400),
    "SELL_OCO_LIMIT_ABOVE": (-1166, "A limit order in a sell OCO must be above.", 400),
    "BOTH_OCO_LIMIT": (-1168, "At least one OCO order must be contingent.", 400),
    "INVALID_TIME_UNIT": (
        -1194,
        "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.",
        400,
    ),
    "BUY_OCO_STOP_ABOVE": (-1196, "A stop loss order in a buy OCO must be above.", 400),
    "SELL_OCO_STOP_BELOW": (-1197, "A stop loss order in a sell OCO must be below.", 400),
    "BUY_OCO_PROFIT_BELOW": (-1198, "A take profit order in a buy OCO must be below.", 400),
    "SELL_OCO_PROFIT_ABOVE": (-1199, "A take profit order in a sell OCO must be above.", 400),
    "INVALID_PEG_PRICE_TYPE": (-1210, "Invalid pegPriceType.", 400),
    "INVALID_PEG_OFFSET_TYPE": (-1211, "Invalid pegOffsetType.", 400),
    "SYMBOL_STATUS_MISMATCH": (
        -1220, "The symbol's status does not match the requested symbolStatus.", 400,
    ),
    "OPO_WORKING_MUST_BE_BUY": (-1222, "Working order in an OPO list must be a bid.", 400),
    "OPO_PENDING_MUST_BE_SELL": (-1223, "Pending orders in an OPO list must be asks.", 400),
    "WORKING_PARAM_REQUIRED": (-1224, "Working order must include the '%s' tag.", 400),
    "PENDING_PARAM_NOT_REQUIRED": (
        -1225, "Pending orders should not include the '%s' tag.", 400,
    ),
    # Filters and other refusals before the engine.
    "FILTER": (INVALID_MESSAGE, "Filter failure: %s", 400),
    "STP_MODE_NOT_ALLOWED": (
        INVALID_MESSAGE,
        "This symbol does not allow the specified self-trade prevention mode.",
        400,
    ),
    "INVALID_PRICE": (INVALID_MESSAGE, "Invalid price.", 400),
    "INVALID_QUANTITY": (INVALID_MESSAGE, "Invalid quantity.", 400),
    "INVALID_QUOTE_ORDER_QTY": (INVALID_MESSAGE, "Invalid quote order quantity.", 400),
    "INVALID_STOP_PRICE": (INVALID_MESSAGE, "Stop price must be greater than 0.", 400),
    "SOR_NOT_SUPPORTED": (
        INVALID_MESSAGE, "Smart order routing is not supported for this symbol.", 400,
    ),
    # The matching engine's messages (-2010, -2011, -2038 by context).
    "UNKNOWN_ORDER": (_ENGINE, "Unknown order sent.", 400),
    "DUPLICATE_ORDER": (_ENGINE, "Duplicate order sent.", 400),
    "MARKET_CLOSED": (_ENGINE, "Market is closed.", 400),
    "INSUFFICIENT_BALANCE": (
        _ENGINE, "Account has insufficient balance for requested action.", 400,
    ),
    "NO_MARKET_ORDERS": (_ENGINE, "Market orders are not supported for this symbol.", 400),
    "NO_ICEBERG_ORDERS": (_ENGINE, "Iceberg orders are not supported for this symbol.", 400),
    "NO_STOP_LOSS": (_ENGINE, "Stop loss orders are not supported for this symbol.", 400),
    "NO_STOP_LOSS_LIMIT": (
        _ENGINE, "Stop loss limit orders are not supported for this symbol.", 400,
    ),
    "NO_TAKE_PROFIT": (_ENGINE, "Take profit orders are not supported for this symbol.", 400),
    "NO_TAKE_PROFIT_LIMIT": (
        _ENGINE, "Take profit limit orders are not supported for this symbol.", 400,
    ),
    "NO_LIMIT_ORDERS": (_ENGINE, "Limit orders are not supported for this symbol.", 400),
    "NO_LIMIT_MAKER": (_ENGINE, "Limit maker orders are not supported for this symbol.", 400),
    "NO_AMEND": (_ENGINE, "Order amend is not supported for this symbol.", 400),
    "NOTIONAL_ZERO": (_ENGINE, "Price * QTY is zero or less.", 400),
    "ICEBERG_EXCEEDS_QTY": (_ENGINE, "IcebergQty exceeds QTY.", 400),
    "ACTION_DISABLED": (_ENGINE, "This action is disabled on this account.", 400),
    "ACCOUNT_CANNOT_TRADE": (_ENGINE, "This account may not place or cancel orders.", 400),
    "UNSUPPORTED_COMBINATION": (_ENGINE, "Unsupported order combination", 400),
    "WOULD_TRIGGER": (_ENGINE, "Order would trigger immediately.", 400),
    "CANCEL_INVALID": (
        CANCEL_REJECTED, "Cancel order is invalid. Check origClOrdId and orderId.", 400,
    ),
    "WOULD_MATCH": (_ENGINE, "Order would immediately match and take.", 400),
    "OCO_PRICES": (
        _ENGINE, "The relationship of the prices for the orders is not correct.", 400,
    ),
    "NO_OCO": (_ENGINE, "OCO orders are not supported for this symbol", 400),
    "NO_OTO": (_ENGINE, "OTO orders are not supported for this symbol", 400),
    "NO_OPO": (_ENGINE, "OPO orders are not supported for this symbol.", 400),
    "NO_QUOTE_QTY": (
        _ENGINE, "Quote order qty market orders are not support for this symbol.", 400,
    ),
    "NO_TRAILING": (_ENGINE, "Trailing stop orders are not supported for this symbol.", 400),
    "NO_CANCEL_REPLACE": (
        _ENGINE, "Order cancel-replace is not supported for this symbol.", 400,
    ),
    "SYMBOL_NOT_PERMITTED": (_ENGINE, "This symbol is not permitted for this account.", 400),
    "SYMBOL_RESTRICTED": (_ENGINE, "This symbol is restricted for this account.", 400),
    "CANCEL_RESTRICTED": (
        CANCEL_REJECTED, "Order was not canceled due to cancel restrictions.", 400,
    ),
    "LIQUIDITY_BELOW_LOT_SIZE": (
        _ENGINE, "Order book liquidity is less than `LOT_SIZE` filter minimum quantity.", 400,
    ),
    "LIQUIDITY_BELOW_MARKET_LOT_SIZE": (
        _ENGINE,
        "Order book liquidity is less than `MARKET_LOT_SIZE` filter minimum quantity.",
        400,
    ),
    "LIQUIDITY_BELOW_MINIMUM": (
        _ENGINE, "Order book liquidity is less than symbol minimum quantity.", 400,
    ),
    "AMEND_INCREASE": (
        ORDER_AMEND_REJECTED, "Order amend (quantity increase) is not supported.", 400,
    ),
    "AMEND_NO_CHANGE": (
        ORDER_AMEND_REJECTED,
        "The requested action would change no state; rejecting.",
        400,
    ),
    "AMEND_PENDING_OPO": (
        ORDER_AMEND_REJECTED, "Order amend (pending OPO order) is not supported.", 400,
    ),
    "AMEND_TOO_MANY": (
        ORDER_AMEND_REJECTED, "Filter failure: MAX_NUM_ORDER_AMENDS", 400,
    ),
    "NO_PEGGED": (_ENGINE, "Pegged orders are not supported for this symbol.", 400),
    "PEG_ORDER_TYPE": (_ENGINE, "This order type may not use pegged price.", 400),
    "PEG_PRICE_TYPE": (_ENGINE, "This price peg cannot be used with this order type.", 400),
    "PEG_LIQUIDITY": (
        _ENGINE, "Order book liquidity is too low for this pegged order.", 400,
    ),
    # Orders and keys.
    "NO_SUCH_ORDER": (-2013, "Order does not exist.", 400),
    "NO_SUCH_LIST": (-2013, "Order list does not exist.", 400),
    "BAD_API_KEY_FMT": (-2014, "API-key format invalid.", 401),
    "REJECTED_KEY": (-2015, "Invalid API-key, IP, or permissions for action.", 401),
    "NO_TRADING_WINDOW": (
        -2016, "No trading window could be found for the symbol. Try ticker/24hrs instead.", 400,
    ),
    "CANCEL_REPLACE_PARTIAL": (-2021, "Order cancel-replace partially failed.", 409),
    "CANCEL_REPLACE_FAILED": (-2022, "Order cancel-replace failed.", 400),
    "ORDER_ARCHIVED": (
        -2026,
        "Order was canceled or expired with no executed qty over 90 days ago and has been"
        " archived.",
        400,
    ),
    "LOGON_KEY_TYPE": (-4056, "HMAC_SHA256 API key is not supported.", 400),
    "INVALID_JSON_REQUEST": (-1135, "Invalid JSON Request", 400),
    "SUBSCRIPTION_ACTIVE": (-2035, "User Data Stream subscription already active.", 400),
    "SUBSCRIPTION_INACTIVE": (-2036, "User Data Stream subscription not active.", 400),
    "CLIENT_ORDER_ID_INVALID": (
        -2039, "Client order ID is not correct for this order ID.", 400,
    ),
    "MAXIMUM_SUBSCRIPTION_IDS": (
        -2042, "Maximum subscription ID reached for this connection.", 400,
    ),
    "NO_REFERENCE_PRICE": (-2043, "This symbol doesn't have a reference price.", 400),
    **SESSION_REJECTS,
    **FUTURES_REJECTS,
}  # fmt: skip
