"""Refusals of connections, FIX sessions and SBE messages: the rest of the spot error table.

Same rows as `rejects.REJECTS`, which takes them in. Source: errors.md; documented.
"""

from __future__ import annotations

from typing import Final

SESSION_REJECTS: Final[dict[str, tuple[int, str, int]]] = {
    # Connections and the message bus.
    "UNEXPECTED_RESPONSE": (
        -1006,
        "An unexpected response was received from the message bus. Execution status unknown.",
        400,
    ),
    "SERVICE_SHUTTING_DOWN": (-1016, "This service is no longer available.", 400),
    "TOO_MANY_CONNECTIONS": (
        -1034, "Too many concurrent connections; current limit is '%s'.", 429,
    ),
    "TOO_MANY_ATTEMPTS_ACCOUNT": (
        -1034, "Too many connection attempts for account; current limit is %s per '%s'.", 429,
    ),
    "TOO_MANY_ATTEMPTS_IP": (
        -1034, "Too many connection attempts from IP; current limit is %s per '%s'.", 429,
    ),
    # SBE.
    "INVALID_SBE_HEADER": (
        -1152, "Invalid `X-MBX-SBE` header; expected `<SCHEMA_ID>:<VERSION>`.", 400,
    ),
    "INVALID_SBE_MESSAGE_HEADER": (-1152, "Invalid SBE message header.", 400),
    "UNSUPPORTED_SCHEMA_ID": (
        -1153,
        "Unsupported SBE schema ID or version specified in the `X-MBX-SBE` header.",
        400,
    ),
    "INVALID_SCHEMA_ID": (-1153, "Invalid SBE schema ID or version specified.", 400),
    "SBE_DISABLED": (-1155, "SBE is not enabled.", 400),
    "DEPRECATED_SCHEMA": (
        -1161,
        "Unable to encode the response in SBE schema '%s'. Please use schema '%s' or higher.",
        400,
    ),
    "INVALID_SBE_MESSAGE_FIELD": (-1221, "Invalid/missing field(s) in SBE message.", 400),
    # FIX sessions.
    "COMP_ID_IN_USE": (
        -1033,
        "`SenderCompId(49)` is currently in use. Concurrent use of the same SenderCompId within"
        " one account is not allowed.",
        400,
    ),
    "LOGGED_OUT": (-1035, "Please send Logout<5> message to close the session.", 400),
    "INVALID_TAG_NUMBER": (-1169, "Invalid tag number.", 400),
    "TAG_NOT_DEFINED_IN_MESSAGE": (-1170, "Tag '%s' not defined for this message type.", 400),
    "TAG_APPEARS_MORE_THAN_ONCE": (-1171, "Tag '%s' appears more than once.", 400),
    "TAG_OUT_OF_ORDER": (-1172, "Tag '%s' specified out of required order.", 400),
    "GROUP_FIELDS_OUT_OF_ORDER": (-1173, "Repeating group '%s' fields out of order.", 400),
    "INVALID_COMPONENT": (
        -1174,
        "Component '%s' is incorrectly populated on '%s' order. Recommendation: '%s'",
        400,
    ),
    "RESET_SEQ_NUM_SUPPORT": (
        -1175,
        "Continuation of sequence numbers to new session is currently unsupported. Sequence"
        " numbers must be reset for each new session.",
        400,
    ),
    "ALREADY_LOGGED_IN": (-1176, "Logon<A> should only be sent once.", 400),
    "BAD_CHECKSUM": (-1177, "`CheckSum(10)` contains an incorrect value.", 400),
    "BEGIN_STRING_NOT_FIRST": (
        -1177, "`BeginString (8)` is not the first tag in a message.", 400,
    ),
    "MSG_TYPE_NOT_THIRD": (-1177, "`MsgType (35)` is not the third tag in a message.", 400),
    "BAD_BODY_LENGTH": (
        -1177, "`BodyLength (9)` does not contain the correct byte count.", 400,
    ),
    "NOT_PRINTABLE_ASCII": (
        -1177,
        "Only printable ASCII characters and SOH (Start of Header) are allowed.",
        400,
    ),
    "TAG_WITHOUT_VALUE": (-1177, "Tag specified without a value.", 400),
    "INVALID_ENCODING_TYPE": (-1177, "Invalid encodingType.", 400),
    "BAD_SENDER_COMPID": (
        -1178,
        "`SenderCompId(49)` contains an incorrect value. The SenderCompID value should not change"
        " throughout the lifetime of a session.",
        400,
    ),
    "BAD_SEQ_NUM": (
        -1179, "`MsgSeqNum(34)` contains an unexpected value. Expected: '%d'.", 400,
    ),
    "EXPECTED_LOGON": (-1180, "Logon<A> must be the first message in the session.", 400),
    "TOO_MANY_MESSAGES": (
        -1181, "Too many messages; current limit is '%d' messages per '%s'.", 400,
    ),
    "CONFLICTING_FIELDS": (-1182, "Conflicting fields: [%s]", 400),
    "NOT_IN_DROP_COPY_SESSIONS": (
        -1183, "Requested operation is not allowed in DropCopy sessions.", 400,
    ),
    "DROP_COPY_SESSION_NOT_ALLOWED": (
        -1184,
        "DropCopy sessions are not supported on this server. Please reconnect to a drop copy"
        " server.",
        400,
    ),
    "DROP_COPY_SESSION_REQUIRED": (
        -1185,
        "Only DropCopy sessions are supported on this server. Either reconnect to order entry"
        " server or send `DropCopyFlag (9406)` field.",
        400,
    ),
    "NOT_IN_ORDER_ENTRY_SESSIONS": (
        -1186, "Requested operation is not allowed in order entry sessions.", 400,
    ),
    "NOT_IN_MARKET_DATA_SESSIONS": (
        -1187, "Requested operation is not allowed in market data sessions.", 400,
    ),
    "BAD_GROUP_COUNT": (
        -1188, "Incorrect NumInGroup count for repeating group '%s'.", 400,
    ),
    "DUPLICATE_GROUP_ENTRIES": (-1189, "Group '%s' contains duplicate entries.", 400),
    "SUBSCRIPTION_ID_IN_USE": (
        -1190,
        "`MDReqID (262)` contains a subscription request id that is already in use on this"
        " connection.",
        400,
    ),
    "NO_SUCH_SUBSCRIPTION_ID": (
        -1190,
        "`MDReqID (262)` contains an unsubscription request id that does not match any active"
        " subscription.",
        400,
    ),
    "TOO_MANY_SUBSCRIPTIONS": (
        -1191,
        "Too many subscriptions. Connection may create up to '%s' subscriptions at a time.",
        400,
    ),
    "SIMILAR_SUBSCRIPTION": (
        -1191,
        "Similar subscription is already active on this connection. Symbol='%s', active"
        " subscription id: '%s'.",
        400,
    ),
    # Documented by number alone; the words are ours.
    "INVALID_LISTEN_TOKEN": (-1209, "Invalid listenToken.", 400),
}  # fmt: skip
