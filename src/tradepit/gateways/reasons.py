"""Why a request was refused, in more words than the exchange has: for its sender's eyes only.

Nothing here reaches the refused client; the request log keeps it. No secret is ever told: of a
signature that is wrong it says what it does not fit, never what would.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import unquote_plus

from tradepit.catalog.limiters import ORDER_LIMITERS
from tradepit.core.rejects import Reject
from tradepit.core.terms import BUY, HMAC, KEY_TYPES
from tradepit.core.units import text_units
from tradepit.gateways.checks import Call, operation_of, order_counts
from tradepit.gateways.faults import ARMED
from tradepit.gateways.filter_reasons import filter_reason
from tradepit.gateways.keys import Holder
from tradepit.gateways.pairs import split_signature

Reason = tuple[str, dict[str, object]]
"""A sentence, and the facts behind it."""

KEYS_TRIED: Final = 64
LONGEST: Final = 2_000  # characters of what was sent that are kept


def reason_of(call: Call, refused: Reject) -> Reason:
    """Why `refused` was said to `call`."""
    if refused.hint.startswith(ARMED):
        return refused.hint, {}
    tell = _REASONS.get(refused.name)
    found = None if tell is None else tell(call, refused)
    return found or (refused.hint or refused.msg, {})


# --- Signatures --------------------------------------------------------------------------------


def _signature(call: Call, refused: Reject) -> Reason | None:
    """The payload as it was checked, and which usual mistake the signature comes from."""
    holder = call.holder or call.world.keys.find(call.world.pit.keys, call.who.key)
    if holder is None:
        return None
    given: dict[str, str] | None = getattr(call, "given", None)
    if given is None:
        query, first = split_signature(call.query)
        body, second = split_signature(call.body)
        signature = unquote_plus((first or second).decode(errors="replace"))
        payload, others = query + body, dict(_other_payloads(query, body))
    else:
        signature = given.get("signature", "")
        payload, others = _socket_payloads(given, getattr(call, "api_key", None))
    words = _misfit(call, holder, payload, signature.encode(), others)
    return words, {
        "payload": _cut(payload.decode(errors="backslashreplace")),
        "signature": _cut(signature),
        "keyType": KEY_TYPES[holder.key.kind],
    }


def _misfit(
    call: Call, holder: Holder, payload: bytes, signature: bytes, others: dict[str, bytes]
) -> str:
    kind = holder.key.kind
    if kind == HMAC and not (len(signature) == 64 and _is_hex(signature)):
        return (
            f"An HMAC-SHA256 signature is 64 hexadecimal digits; this is {len(signature)}"
            " characters of something else."
        )
    if kind != HMAC and not _is_base64(signature):
        return f"An {KEY_TYPES[kind]} signature is base64, percent-encoded; this is not base64."
    if not payload.isascii():
        return "Percent-encode what is not ASCII before signing."
    for words, other in others.items():
        if other != payload and holder.check(other, signature):
            return f"The signature was made over {words}, not over the payload."
    pit, ring = call.world.pit, call.world.keys
    for api_key in list(pit.keys)[:KEYS_TRIED]:
        other_holder = ring.find(pit.keys, api_key)
        if other_holder is None or other_holder is holder:
            continue
        if other_holder.key.kind == kind == HMAC and other_holder.check(payload, signature):
            name = pit.accounts[other_holder.key.owner].name
            return f"The signature was made with the secret of another key, of {name}."
    return (
        "The signature fits no usual mistake: compare the payload byte by byte with what was"
        " signed, and see that the secret is this key's."
    )


def _other_payloads(query: bytes, body: bytes) -> Iterator[tuple[str, bytes]]:
    """What clients sign by mistake, in words and bytes."""
    if query and body:
        yield "query and body joined by '&'", query + b"&" + body
        yield "the body before the query", body + query
        yield "the query alone", query
        yield "the body alone", body
    payload = query + body
    yield (
        "the parameters before they were percent-encoded",
        unquote_plus(payload.decode("latin-1")).encode(),
    )
    yield "a '?' and the parameters", b"?" + payload
    pairs = payload.split(b"&")
    yield "the parameters sorted by name", b"&".join(sorted(pairs))
    yield (
        "the parameters without timestamp",
        b"&".join([pair for pair in pairs if not pair.startswith(b"timestamp=")]),
    )
    yield "nothing", b""


def _socket_payloads(given: dict[str, str], api_key: str | None) -> tuple[bytes, dict[str, bytes]]:
    """The payload of a socket's request, and what clients sign by mistake."""
    signed = {name: given[name] for name in given if name != "signature"}
    alone = "&".join(f"{name}={text}" for name, text in signed.items())
    sorted_alone = "&".join(f"{name}={signed[name]}" for name in sorted(signed))
    if api_key is not None:
        signed["apiKey"] = api_key
    payload = "&".join(f"{name}={signed[name]}" for name in sorted(signed)).encode()
    return payload, {
        "the parameters in the order in which they were sent": f"apiKey={api_key}&{alone}".encode(),
        "the parameters in the order in which they were sent, apiKey last": (
            f"{alone}&apiKey={api_key}".encode()
        ),
        "the parameters without apiKey": sorted_alone.encode(),
        "the parameters without apiKey, as they were sent": alone.encode(),
    }


def _is_hex(text: bytes) -> bool:
    return all(byte in b"0123456789abcdefABCDEF" for byte in text)


def _is_base64(text: bytes) -> bool:
    try:
        return len(b64decode(text, validate=True)) >= 64
    except (BadBase64, ValueError):
        return False


# --- Time, keys, limits ------------------------------------------------------------------------


def _timestamp(call: Call, refused: Reject) -> Reason:
    """How far the timestamp is from each clock: positive ahead, negative behind."""
    wall_us = (call.sent_us - call.now_us) / 1_000
    world_us = (call.sent_us - call.world.clock.now_us()) / 1_000
    window = call.window_us / 1_000
    facts: dict[str, object] = {
        "skewMs": round(wall_us, 3), "worldSkewMs": round(world_us, 3), "recvWindowMs": window,
    }  # fmt: skip

    def place(skew: float) -> str:
        return f"{abs(skew):.0f} ms {'ahead of' if skew > 0 else 'behind'}"

    words = f"The timestamp is {place(wall_us)} the machine's clock"
    if call.strict or abs(world_us - wall_us) > 1:
        words += f" and {place(world_us)} the world's"
        if call.strict:
            words += ", which alone counts here"
    return f"{words}; allowed are {window:g} ms behind and less than 1000 ms ahead.", facts


def _rejected_key(call: Call, refused: Reject) -> Reason:
    sent = call.headers.get(b"x-mbx-apikey", b"").decode("latin-1")
    given: dict[str, str] = getattr(call, "given", {})
    api_key = given.get("apiKey", sent) or call.who.key
    world = call.world
    if api_key not in world.pit.keys:
        return f"World {world.name!r} knows no such key.", {}
    holder = world.keys.find(world.pit.keys, api_key)
    if holder is None:
        return "A published dev key is not served on an address that others can reach.", {}
    if holder.key.ips and call.ip not in holder.key.ips:
        return f"The key may not be used from {call.ip}.", {"ips": holder.key.ips}
    security = call.operation.security if call.operation is not None else ""
    return f"The key lacks the permission for {security} operations.", {}


def _key_format(call: Call, refused: Reject) -> Reason:
    length = len(call.headers.get(b"x-mbx-apikey", b""))
    if not length and not hasattr(call, "given"):
        return "The header X-MBX-APIKEY was not sent.", {}
    return "An API key is 64 letters and digits.", {"length": length}


def _orders(call: Call, refused: Reject) -> Reason:
    operation = operation_of(call)
    counts = order_counts(call.world.pit, operation, call.who.owner)
    facts: dict[str, object] = {
        f"orders{limiter.num}{limiter.interval[0]}": f"{count} of {limiter.limit}"
        for limiter, count in zip(ORDER_LIMITERS[operation.venues[0]], counts, strict=True)
    }
    facts["retryAfterS"] = refused.retry_after_s
    return "Orders that were not filled count against these limits.", facts


def _weight(call: Call, refused: Reject) -> Reason | None:
    if call.limits is None or call.meter is None:
        return None
    facts: dict[str, object] = {
        "usedWeight": call.meter.used, "limit": call.limits.weight.limit, "raw": call.meter.raw,
        "refused": call.meter.refused, "retryAfterS": refused.retry_after_s,
    }  # fmt: skip
    return "This IP asked for too much in this window (tradepit up --limits off lifts it).", facts


# --- Orders ------------------------------------------------------------------------------------


def _filter(call: Call, refused: Reject) -> Reason | None:
    ask: Any = getattr(call, "ask", None)
    symbol = call.world.pit.symbols.get(getattr(ask, "symbol", ""))
    if symbol is None:
        return None
    name = refused.msg.removeprefix("Filter failure: ")
    found = filter_reason(call.world.pit, symbol, call.who.owner, name, ask)
    return found[0] or refused.hint or refused.msg, {"filter": name, **found[1]}


def _symbol(call: Call, refused: Reject) -> Reason | None:
    name = str(getattr(call, "sent", {}).get("symbol", ""))
    plain = "".join(filter(str.isalnum, name)).upper()
    if plain != name and plain in call.world.pit.symbols:
        return f"Symbols are written without separators, in capitals: {plain}.", {"passes": plain}
    return f"World {call.world.name!r} lists no symbol {_cut(name)!r}.", {}


def _balance(call: Call, refused: Reject) -> Reason | None:
    ask: Any = getattr(call, "ask", None)
    pit = call.world.pit
    symbol = pit.symbols.get(getattr(ask, "symbol", ""))
    account = pit.accounts.get(call.who.owner)
    side = getattr(ask, "side", getattr(ask, "working_side", 0))
    if symbol is None or account is None or not side:
        return None
    asset = symbol.quote if side == BUY else symbol.base
    balance = account.balances.get(asset)
    facts: dict[str, object] = {
        "asset": asset,
        "free": text_units(0 if balance is None else balance.free),
        "locked": text_units(0 if balance is None else balance.locked),
    }
    digits = "".join(filter(str.isdigit, refused.hint))
    if digits:
        facts["needs"] = text_units(int(digits))
    return f"{account.name} has too little free {asset}.", facts


def _status(call: Call, refused: Reject) -> Reason | None:
    return (
        "The symbol is halted or does not trade: PUT /_tradepit/v1/symbols changes that.", {}
    )  # fmt: skip


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


_REASONS: Final[dict[str, Callable[[Call, Reject], Reason | None]]] = {
    "INVALID_SIGNATURE": _signature,
    "INVALID_TIMESTAMP": _timestamp,
    "TIMESTAMP_AHEAD": _timestamp,
    "REJECTED_KEY": _rejected_key,
    "BAD_API_KEY_FMT": _key_format,
    "TOO_MANY_ORDERS": _orders,
    "TOO_MUCH_WEIGHT": _weight,
    "TOO_MANY_RAW_REQUESTS": _weight,
    "IP_BANNED": _weight,
    "FILTER": _filter,
    "INVALID_SYMBOL": _symbol,
    "INSUFFICIENT_BALANCE": _balance,
    "MARKET_CLOSED": _status,
}
