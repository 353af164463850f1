"""Refusals that only the futures exchanges know: the -20xx, -4xxx and -5xxx rows.

Same rows as `rejects.REJECTS`, which takes them in. Names are the exchange's own, but for five that
are spelled out. Source: the error codes of the futures documents; documented.
"""

from __future__ import annotations

from typing import Final

FUTURES_REJECTS: Final[dict[str, tuple[int, str, int]]] = {
    "FUTURES_PRECISION": (
        -1111, "Precision is over the maximum defined for this asset.", 400,
    ),
    "TOO_MANY_DOWNLOADS": (
        -1003, "Too many requests; current limit is %s requests per month.", 429,
    ),
    "BAD_ASSET": (-1108, "Invalid asset.", 400),
    "TRANSFER_INSUFFICIENT": (-5013, "Asset transfer failed: insufficient balance", 400),
    "INVALID_TIME_INTERVAL_ORDER": (-1023, "Start time is greater than end time.", 400),
    "INVALID_CALLBACK_RATE": (-2007, "Invalid callBack rate", 400),
    "DUPLICATE_IP": (-1004, "This IP is already on the white list", 400),
    "NO_SUCH_IP": (-1005, "No such IP has been white listed", 400),
    "ERROR_MSG_RECEIVED": (-1010, "ERROR_MSG_RECEIVED.", 400),
    "NON_WHITE_LIST": (-1011, "This IP cannot access this route.", 400),
    "START_TIME_GREATER_THAN_END_TIME": (-1023, "Start time is greater than end time.", 400),
    "NOT_FOUND": (-1099, "Not found, unauthenticated, or unauthorized.", 400),
    "BAD_ACCOUNT": (-1109, "Invalid account.", 400),
    "BAD_INSTRUMENT_TYPE": (-1110, "Invalid symbolType.", 400),
    "WITHDRAW_NOT_NEGATIVE": (-1113, "Withdrawal amount must be negative.", 400),
    "ASSET_NOT_SUPPORTED": (-1126, "This asset is not supported.", 400),
    "INVALID_NEW_ORDER_RESP_TYPE": (-1136, "Invalid newOrderRespType.", 400),
    "CANCEL_ALL_FAIL": (-2012, "Batch cancel failure.", 400),
    "API_KEYS_LOCKED": (-2017, "API Keys are locked on this account.", 400),
    "BALANCE_NOT_SUFFICIENT": (-2018, "Balance is insufficient.", 400),
    "MARGIN_NOT_SUFFICIENT": (-2019, "Margin is insufficient.", 400),
    "UNABLE_TO_FILL": (-2020, "Unable to fill.", 400),
    "WOULD_TRIGGER_NOW": (-2021, "Order would immediately trigger.", 400),
    "REDUCE_ONLY_REJECTED": (-2022, "ReduceOnly Order is rejected.", 400),
    "USER_IN_LIQUIDATION": (-2023, "User in liquidation mode now.", 400),
    "POSITION_NOT_SUFFICIENT": (-2024, "Position is not sufficient.", 400),
    "MAX_OPEN_ORDER_EXCEEDED": (-2025, "Reach max open order limit.", 400),
    "MAX_LEVERAGE_RATIO": (
        -2027,
        "Exceeded the maximum allowable position at current leverage.",
        400,
    ),
    "MIN_LEVERAGE_RATIO": (
        -2028,
        "Leverage is smaller than permitted: insufficient margin balance.",
        400,
    ),
    "INVALID_ORDER_STATUS": (-4000, "Invalid order status.", 400),
    "PRICE_LESS_THAN_ZERO": (-4001, "Price less than or equal to zero.", 400),
    "PRICE_GREATER_THAN_MAX_PRICE": (-4002, "Price greater than max price.", 400),
    "QTY_LESS_THAN_ZERO": (-4003, "Quantity less than or equal to zero.", 400),
    "QTY_LESS_THAN_MIN_QTY": (-4004, "Quantity less than min quantity.", 400),
    "QTY_GREATER_THAN_MAX_QTY": (-4005, "Quantity greater than max quantity.", 400),
    "STOP_PRICE_LESS_THAN_ZERO": (-4006, "Stop price less than zero.", 400),
    "STOP_PRICE_GREATER_THAN_MAX_PRICE": (-4007, "Stop price greater than max price.", 400),
    "TICK_SIZE_LESS_THAN_ZERO": (-4008, "Tick size less than zero.", 400),
    "MAX_PRICE_LESS_THAN_MIN_PRICE": (-4009, "Max price less than min price.", 400),
    "MAX_QTY_LESS_THAN_MIN_QTY": (-4010, "Max qty less than min qty.", 400),
    "STEP_SIZE_LESS_THAN_ZERO": (-4011, "Step size less than zero.", 400),
    "MAX_NUM_ORDERS_LESS_THAN_ZERO": (-4012, "Max mum orders less than zero.", 400),
    "PRICE_LESS_THAN_MIN_PRICE": (-4013, "Price less than min price.", 400),
    "PRICE_NOT_INCREASED_BY_TICK_SIZE": (-4014, "Price not increased by tick size.", 400),
    "INVALID_CL_ORD_ID_LEN": (-4015, "Client order id length should be less than 36 chars", 400),
    "PRICE_HIGHTER_THAN_MULTIPLIER_UP": (-4016, "Limit price can't be higher than %s.", 400),
    "MULTIPLIER_UP_LESS_THAN_ZERO": (-4017, "Multiplier up less than zero.", 400),
    "MULTIPLIER_DOWN_LESS_THAN_ZERO": (-4018, "Multiplier down less than zero.", 400),
    "COMPOSITE_SCALE_OVERFLOW": (-4019, "Composite scale too large.", 400),
    "TARGET_STRATEGY_INVALID": (
        -4020,
        "Target strategy invalid for orderType '%s',reduceOnly '%s'",
        400,
    ),
    "INVALID_DEPTH_LIMIT": (-4021, "'%s' is not valid depth limit.", 400),
    "WRONG_MARKET_STATUS": (-4022, "market status sent is not valid.", 400),
    "QTY_NOT_INCREASED_BY_STEP_SIZE": (-4023, "Qty not increased by step size.", 400),
    "PRICE_LOWER_THAN_MULTIPLIER_DOWN": (-4024, "Limit price can't be lower than %s.", 400),
    "MULTIPLIER_DECIMAL_LESS_THAN_ZERO": (-4025, "Multiplier decimal less than zero.", 400),
    "COMMISSION_INVALID": (-4026, "Commission invalid.", 400),
    "INVALID_ACCOUNT_TYPE": (-4027, "Invalid account type.", 400),
    "INVALID_LEVERAGE": (-4028, "Leverage %s is not valid", 400),
    "INVALID_TICK_SIZE_PRECISION": (-4029, "Tick size precision is invalid.", 400),
    "INVALID_STEP_SIZE_PRECISION": (-4030, "Step size precision is invalid.", 400),
    "INVALID_WORKING_TYPE": (-4031, "Invalid parameter working type", 400),
    "EXCEED_MAX_CANCEL_ORDER_SIZE": (-4032, "Exceed maximum cancel order size.", 400),
    "INSURANCE_ACCOUNT_NOT_FOUND": (-4033, "Insurance account not found.", 400),
    "INVALID_BALANCE_TYPE": (-4044, "Balance Type is invalid.", 400),
    "MAX_STOP_ORDER_EXCEEDED": (-4045, "Reach max stop order limit.", 400),
    "NO_NEED_TO_CHANGE_MARGIN_TYPE": (-4046, "No need to change margin type.", 400),
    "THERE_EXISTS_OPEN_ORDERS": (
        -4047,
        "Margin type cannot be changed if there exists open orders.",
        400,
    ),
    "THERE_EXISTS_QUANTITY": (
        -4048,
        "Margin type cannot be changed if there exists position.",
        400,
    ),
    "ADD_ISOLATED_MARGIN_REJECT": (-4049, "Add margin only support for isolated position.", 400),
    "CROSS_BALANCE_INSUFFICIENT": (-4050, "Cross balance insufficient.", 400),
    "ISOLATED_BALANCE_INSUFFICIENT": (-4051, "Isolated balance insufficient.", 400),
    "NO_NEED_TO_CHANGE_AUTO_ADD_MARGIN": (-4052, "No need to change auto add margin.", 400),
    "AUTO_ADD_CROSSED_MARGIN_REJECT": (
        -4053,
        "Auto add margin only support for isolated position.",
        400,
    ),
    "ADD_ISOLATED_MARGIN_NO_POSITION_REJECT": (
        -4054,
        "Cannot add position margin: position is 0.",
        400,
    ),
    "AMOUNT_MUST_BE_POSITIVE": (-4055, "Amount must be positive.", 400),
    "INVALID_API_KEY_TYPE": (-4056, "Invalid api key type.", 400),
    "INVALID_RSA_PUBLIC_KEY": (-4057, "Invalid api public key", 400),
    "MAX_PRICE_TOO_LARGE": (-4058, "maxPrice and priceDecimal too large,please check.", 400),
    "NO_NEED_TO_CHANGE_POSITION_SIDE": (-4059, "No need to change position side.", 400),
    "INVALID_POSITION_SIDE": (-4060, "Invalid position side.", 400),
    "POSITION_SIDE_MISMATCH": (-4061, "Order's position side does not match user's setting.", 400),
    "REDUCE_ONLY_CONFLICT": (-4062, "Invalid or improper reduceOnly value.", 400),
    "POSITION_SIDE_CHANGE_EXISTS_OPEN_ORDERS": (
        -4067,
        "Position side cannot be changed if there exists open orders.",
        400,
    ),
    "POSITION_SIDE_CHANGE_EXISTS_QUANTITY": (
        -4068,
        "Position side cannot be changed if there exists position.",
        400,
    ),
    "INVALID_BATCH_PLACE_ORDER_SIZE": (-4082, "Invalid number of batch place orders: %s", 400),
    "PLACE_BATCH_ORDERS_FAIL": (-4083, "Fail to place batch orders.", 400),
    "UPCOMING_METHOD": (-4084, "Method is not allowed currently. Upcoming soon.", 400),
    "INVALID_NOTIONAL_LIMIT_COEF": (-4085, "Invalid notional limit coefficient", 400),
    "INVALID_PRICE_SPREAD_THRESHOLD": (-4086, "Invalid price spread threshold", 400),
    "REDUCE_ONLY_ORDER_PERMISSION": (-4087, "User can only place reduce only order", 400),
    "NO_PLACE_ORDER_PERMISSION": (-4088, "User can not place order currently", 400),
    "INVALID_CONTRACT_TYPE": (-4104, "Invalid contract type", 400),
    "INACTIVE_ACCOUNT": (-4109, "Inactive account", 400),
    "INVALID_CLIENT_TRAN_ID_LEN": (-4114, "clientTranId is not valid", 400),
    "DUPLICATED_CLIENT_TRAN_ID": (-4115, "clientTranId is duplicated", 400),
    "DUPLICATED_CLIENT_ORDER_ID": (-4116, "clientOrderId is duplicated", 400),
    "STOP_ORDER_TRIGGERING": (-4117, "stop order is triggering", 400),
    "REDUCE_ONLY_MARGIN_CHECK_FAILED": (
        -4118,
        "ReduceOnly Order Failed. Please check your existing position and open orders",
        400,
    ),
    "STOP_ORDER_SWITCH_ALGO": (
        -4120,
        "Order type not supported for this endpoint. Please use the Algo Order API "
        "endpoints instead.",
        400,
    ),
    "MARKET_ORDER_REJECT": (
        -4131,
        "The counterparty's best price does not meet the PERCENT_PRICE filter limit",
        400,
    ),
    "INVALID_ACTIVATION_PRICE": (-4135, "Invalid activation price", 400),
    "TARGET_STRATEGY_INVALID_TRAILING": (
        -4136,
        "Target strategy invalid for orderType TRAILING_STOP_MARKET,closePosition true",
        400,
    ),
    "QUANTITY_EXISTS_WITH_CLOSE_POSITION": (
        -4137,
        "Quantity must be zero with closePosition equals true",
        400,
    ),
    "REDUCE_ONLY_MUST_BE_TRUE": (
        -4138,
        "Reduce only must be true with closePosition equals true",
        400,
    ),
    "ORDER_TYPE_CANNOT_BE_MKT": (
        -4139,
        "Order type can not be market if it's unable to cancel",
        400,
    ),
    "INVALID_OPENING_POSITION_STATUS": (-4140, "Invalid symbol status for opening position", 400),
    "SYMBOL_ALREADY_CLOSED": (-4141, "Symbol is closed", 400),
    "STRATEGY_INVALID_TRIGGER_PRICE": (
        -4142,
        "REJECT: take profit or stop order will be triggered immediately",
        400,
    ),
    "INVALID_PAIR": (-4144, "Invalid pair", 400),
    "ISOLATED_LEVERAGE_REJECT_WITH_POSITION": (
        -4161,
        "Leverage reduction is not supported in Isolated Margin Mode with open positions",
        400,
    ),
    "MIN_NOTIONAL_FUTURES": (
        -4164,
        "Order's notional must be no smaller than %s (unless you choose reduce only).",
        400,
    ),
    "INVALID_TIME_INTERVAL": (-4165, "Maximum time interval is %s days", 400),
    "ISOLATED_REJECT_WITH_JOINT_MARGIN": (
        -4167,
        "Unable to adjust to Multi-Assets mode with symbols of USDⓈ-M Futures under "
        "isolated-margin mode.",
        400,
    ),
    "JOINT_MARGIN_REJECT_WITH_ISOLATED": (
        -4168,
        "Unable to adjust to isolated-margin mode under the Multi-Assets mode.",
        400,
    ),
    "JOINT_MARGIN_REJECT_WITH_MB": (
        -4169,
        "Unable to adjust Multi-Assets Mode with insufficient margin balance in USDⓈ-M "
        "Futures.",
        400,
    ),
    "JOINT_MARGIN_REJECT_WITH_OPEN_ORDER": (
        -4170,
        "Unable to adjust Multi-Assets Mode with open orders in USDⓈ-M Futures.",
        400,
    ),
    "NO_NEED_TO_CHANGE_JOINT_MARGIN": (
        -4171,
        "Adjusted asset mode is currently set and does not need to be adjusted repeatedly.",
        400,
    ),
    "JOINT_MARGIN_REJECT_WITH_NEGATIVE_BALANCE": (
        -4172,
        "Unable to adjust Multi-Assets Mode with a negative wallet balance of margin "
        "available asset in USDⓈ-M Futures account.",
        400,
    ),
    "PRICE_HIGHTER_THAN_STOP_MULTIPLIER_UP": (-4183, "Limit price can't be higher than %s.", 400),
    "PRICE_LOWER_THAN_STOP_MULTIPLIER_DOWN": (-4184, "Limit price can't be lower than %s.", 400),
    "COOLING_OFF_PERIOD": (-4192, "Trade forbidden due to Cooling-off Period.", 400),
    "ADJUST_LEVERAGE_KYC_FAILED": (
        -4202,
        "Intermediate Personal Verification is required for adjusting leverage over 20x",
        400,
    ),
    "ADJUST_LEVERAGE_ONE_MONTH_FAILED": (
        -4203,
        "More than 20x leverage is available one month after account registration.",
        400,
    ),
    "ADJUST_LEVERAGE_X_DAYS_FAILED": (
        -4205,
        "More than 20x leverage is available %s days after Futures account registration.",
        400,
    ),
    "ADJUST_LEVERAGE_KYC_LIMIT": (-4206, "Users in this country has limited adjust leverage.", 400),
    "ADJUST_LEVERAGE_ACCOUNT_SYMBOL_FAILED": (
        -4208,
        "Current symbol leverage cannot exceed 20 when using position limit adjustment "
        "service.",
        400,
    ),
    "ADJUST_LEVERAGE_SYMBOL_FAILED": (-4209, "The max leverage of Symbol is 20x", 400),
    "STOP_PRICE_HIGHER_THAN_PRICE_MULTIPLIER_LIMIT": (
        -4210,
        "Stop price is higher than price multiplier cap.",
        400,
    ),
    "STOP_PRICE_LOWER_THAN_PRICE_MULTIPLIER_LIMIT": (
        -4211,
        "Stop price is lower than price multiplier floor.",
        400,
    ),
    "TRADING_QUANTITATIVE_RULE": (
        -4400,
        "Futures Trading Quantitative Rules violated, only reduceOnly order is allowed, "
        "please try again later.",
        400,
    ),
    "LARGE_POSITION_SYM_RULE": (
        -4401,
        "Futures Trading Risk Control Rules of large position holding violated, only "
        "reduceOnly order is allowed, please reduce the position. .",
        400,
    ),
    "COMPLIANCE_BLACK_SYMBOL_RESTRICTION": (
        -4402,
        "Dear user, as per our Terms of Use and compliance with local regulations, this "
        "feature is currently not available in your region.",
        400,
    ),
    "ADJUST_LEVERAGE_COMPLIANCE_FAILED": (
        -4403,
        "Dear user, as per our Terms of Use and compliance with local regulations, the "
        "leverage can only up to 10x in your region",
        400,
    ),
    "POSITION_MODE_SYNC": (
        -4531,
        "Position mode change requires syncing UM and CM. Please close any open positions "
        "or orders in CM and try again.",
        400,
    ),
    "FOK_ORDER_REJECT": (
        -5021,
        "Due to the order could not be filled immediately, the FOK order has been "
        "rejected.",
        400,
    ),
    "GTX_ORDER_REJECT": (
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be "
        "rejected.",
        400,
    ),
    "MOVE_ORDER_NOT_ALLOWED_SYMBOL_REASON": (
        -5024,
        "Symbol is not in trading status. Order amendment is not permitted.",
        400,
    ),
    "LIMIT_ORDER_ONLY": (-5025, "Only limit order is supported.", 400),
    "EXCEED_MAXIMUM_MODIFY_ORDER_LIMIT": (-5026, "Exceed maximum modify order limit.", 400),
    "SAME_ORDER": (-5027, "No need to modify the order.", 400),
    "ME_RECVWINDOW_REJECT": (
        -5028,
        "Timestamp for this request is outside of the ME recvWindow.",
        400,
    ),
    "MODIFICATION_MIN_NOTIONAL": (-5029, "Order's notional must be no smaller than %s", 400),
    # Observed: in no list of the documents.
    "CLOSE_POSITION_EXISTS": (
        -4130,
        "An open stop or take profit order with GTE and closePosition in the direction is "
        "existing.",
        400,
    ),
    "TRADFI_NOT_SIGNED": (-4411, "Please sign TradFi-Perps agreement contract fapi.", 400),
    "INVALID_PRICE_MATCH": (-5037, "Invalid price match", 400),
    "UNSUPPORTED_ORDER_TYPE_PRICE_MATCH": (
        -5038,
        "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT",
        400,
    ),
    "INVALID_SELF_TRADE_PREVENTION_MODE": (-5039, "Invalid self trade prevention mode", 400),
    "FUTURE_GOOD_TILL_DATE": (
        -5040,
        "The goodTillDate timestamp must be greater than the current time plus 600 seconds "
        "and smaller than 253402300799000 (UTC 9999-12-31 23:59:59)",
        400,
    ),
    "BBO_ORDER_REJECT": (-5041, "No depth matches this BBO order", 400),
    "EXISTING_PENDING_MODIFICATION": (
        -5043,
        "A pending modification already exists for this order.",
        400,
    ),
    "NOT_REDUCE_ONLY": (-5047, "The original order is not a reduce-only order.", 400),
    "COINM_REDUCE_ONLY_ORDER_PERMISSION": (-4089, "User can only place reduce only order.", 400),
    "COINM_NO_PLACE_ORDER_PERMISSION": (-4090, "User can not place order currently.", 400),
    "COINM_INVALID_CLIENT_TRAN_ID_LEN": (-4110, "clientTranId is not valid.", 400),
    "COINM_DUPLICATED_CLIENT_TRAN_ID": (-4111, "clientTranId is duplicated.", 400),
    "COINM_REDUCE_ONLY_MARGIN_CHECK_FAILED": (
        -4112,
        "ReduceOnly Order Failed. Please check your existing position and open orders.",
        400,
    ),
    "COINM_MARKET_ORDER_REJECT": (
        -4113,
        "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
        400,
    ),
    "COINM_ISOLATED_LEVERAGE_REJECT_WITH_POSITION": (
        -4150,
        "Leverage reduction is not supported in Isolated Margin Mode with open positions.",
        400,
    ),
    "COINM_PRICE_HIGHTER_THAN_STOP_MULTIPLIER_UP": (
        -4151,
        "Limit price can't be higher than %s.",
        400,
    ),
    "COINM_PRICE_LOWER_THAN_STOP_MULTIPLIER_DOWN": (
        -4152,
        "Limit price can't be lower than %s.",
        400,
    ),
    "COINM_INVALID_PAIR": (-4087, "Invalid pair.", 400),
    "COINM_INVALID_TIME_INTERVAL": (-4088, "Maximum time interval is %s days.", 400),
    "COINM_STOP_PRICE_HIGHER_THAN_PRICE_MULTIPLIER_LIMIT": (
        -4154,
        "Stop price is higher than price multiplier cap.",
        400,
    ),
    "COINM_STOP_PRICE_LOWER_THAN_PRICE_MULTIPLIER_LIMIT": (
        -4155,
        "PStop price is lower than price multiplier floor.",
        400,
    ),
    "COINM_MIN_NOTIONAL_FUTURES": (
        -4178,
        "Order's notional must be no smaller than one (unless you choose reduce only)",
        400,
    ),
    "ME_INVALID_TIMESTAMP": (
        -4188,
        "Timestamp for this request is outside of the ME recvWindow.",
        400,
    ),
    "COINM_ADJUST_LEVERAGE_KYC_FAILED": (
        -4194,
        "Intermediate Personal Verification is required for adjusting leverage over 20x.",
        400,
    ),
    "COINM_ADJUST_LEVERAGE_ONE_MONTH_FAILED": (
        -4195,
        "More than 20x leverage is available one month after account registration.",
        400,
    ),
    "COINM_LIMIT_ORDER_ONLY": (-4196, "Only limit order is supported.", 400),
    "COINM_SAME_ORDER": (-4197, "No need to modify the order.", 400),
    "EXCEED_MAX_MODIFY_ORDER_LIMIT": (-4198, "Exceed maximum modify order limit.", 400),
    "COINM_MOVE_ORDER_NOT_ALLOWED_SYMBOL_REASON": (
        -4199,
        "Symbol is not in trading status. Order amendment is not permitted.",
        400,
    ),
    "COINM_ADJUST_LEVERAGE_X_DAYS_FAILED": (
        -4200,
        "More than 20x leverage is available 30 days after Futures account registration.",
        400,
    ),
    "COINM_ADJUST_LEVERAGE_KYC_LIMIT": (
        -4201,
        "Users in this country has limited adjust leverage.",
        400,
    ),
}  # fmt: skip

# What the coin-margined exchange says by a code of its own, by the name that both know.
COINM_NAMES: Final = {
    "EXCEED_MAXIMUM_MODIFY_ORDER_LIMIT": "EXCEED_MAX_MODIFY_ORDER_LIMIT",
    "INVALID_PAIR": "COINM_INVALID_PAIR",
    "INVALID_TIME_INTERVAL": "COINM_INVALID_TIME_INTERVAL",
    "ISOLATED_LEVERAGE_REJECT_WITH_POSITION": "COINM_ISOLATED_LEVERAGE_REJECT_WITH_POSITION",
    "LIMIT_ORDER_ONLY": "COINM_LIMIT_ORDER_ONLY",
    "MARKET_ORDER_REJECT": "COINM_MARKET_ORDER_REJECT",
    "PRICE_HIGHTER_THAN_STOP_MULTIPLIER_UP": "COINM_PRICE_HIGHTER_THAN_STOP_MULTIPLIER_UP",
    "PRICE_LOWER_THAN_STOP_MULTIPLIER_DOWN": "COINM_PRICE_LOWER_THAN_STOP_MULTIPLIER_DOWN",
    "SAME_ORDER": "COINM_SAME_ORDER",
}
