"""The checks of the door, in the order in which `CHAIN` names them.

Each reads what it needs from the `Call`, notes what it found, and raises `Reject` to refuse. Why in
this order: docs/decisions/0021-order-of-checks.md.
"""

from __future__ import annotations

import hmac
import re
import secrets
import string
import time
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from tradepit.catalog.language import NONE, SPOT, TRADE, USER_DATA, USER_STREAM, Ask, Operation
from tradepit.catalog.limiters import ORDER_LIMITERS
from tradepit.catalog.parse import json_pairs
from tradepit.core.contracts import VENUES
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.terms import MAY_MARGIN, MAY_READ, MAY_STREAM, MAY_TRADE
from tradepit.gateways.answers import refusal
from tradepit.gateways.faults import act_faults
from tradepit.gateways.hosts import BINANCE, HOME, is_own_origin
from tradepit.gateways.keys import KEY_FORMAT, Holder
from tradepit.gateways.limits import IpLimits, Meter, limit_row
from tradepit.gateways.pairs import decode, read_pairs, split_signature

if TYPE_CHECKING:
    from tradepit.gateways.door import Door
    from tradepit.gateways.faults import Strike
    from tradepit.gateways.worlds import World

FORM: Final = b"application/x-www-form-urlencoded"
AHEAD_US: Final = 1_000_000  # how far a timestamp may lie in the future
WINDOW_US: Final = 5_000_000  # recvWindow, when none is sent
MAX_WINDOW_US: Final = 60_000_000
LAST_MS: Final = 99_999_999_999_999  # a greater timestamp counts microseconds
EPOCH_2017_US: Final = 1_483_228_800_000_000

CONTROL: Final = "/_tradepit/"
UPLOAD: Final = b"/_tradepit/v1/snapshots/import"  # the operation whose body is a file
ZIP: Final = b"application/zip"
LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
NOBODY: Final = Who(-1)  # who asks a public operation

MAY: Final = {
    TRADE: MAY_TRADE, USER_DATA: MAY_READ, USER_STREAM: MAY_STREAM, "MARGIN": MAY_MARGIN,
}  # fmt: skip
MICRO: Final = {
    b"MICROSECOND": True, b"microsecond": True, b"MILLISECOND": False, b"millisecond": False,
}  # fmt: skip
# The ORDERS rows of a `rateLimits` array, with holes for the counts.
ORDER_ROWS: Final = {
    venue: ",".join([limit_row(limiter) for limiter in limiters])
    for venue, limiters in ORDER_LIMITERS.items()
}
_LETTERS = string.ascii_letters + string.digits
_WINDOW = re.compile(r"([0-9]{1,20})(?:\.([0-9]{1,20}))?", re.ASCII)
_WORLD_NAME = re.compile(rb"[a-z0-9_-]{1,63}")


class Call:
    """One request on its way through the door: what was sent, and what the checks found."""

    # What the checks find; those without a value are set before they are read.
    venue = HOME
    micro = False
    limits: IpLimits | None = None
    meter: Meter | None = None
    operation: Operation | None = None
    holder: Holder | None = None
    who = NOBODY
    fault: Strike | None = None  # what goes wrong on purpose with it
    taken = 0  # parameters that the door read itself, the signature among them
    world: World
    sent: dict[str, str]
    sent_us: int
    window_us: int
    strict: bool
    ask: Ask

    def __init__(
        self, method: bytes, target: bytes, headers: dict[bytes, bytes], body: bytes, ip: str
    ) -> None:
        """headers: by lower-case name. ip: of the socket, never of a header."""
        self.method = method
        self.path, _, self.query = target.partition(b"?")
        self.headers = headers
        self.body = body
        self.ip = ip
        self.now_us = time.time_ns() // 1000  # the wall's clock

    def check_again(self) -> None:
        """Just before the engine: a signed request must still be inside its recvWindow."""
        last_us = self.sent_us + self.window_us
        if (self.strict or time.time_ns() // 1000 > last_us) and (
            self.world.clock.now_us() > last_us
        ):
            raise Reject("INVALID_TIMESTAMP")


def check_host(door: Door, call: Call) -> None:
    """The name the client used must be one that this server answers to (DNS rebinding)."""
    authority = call.headers.get(b"host")
    if authority is None:
        return  # HTTP/1.0 only: no browser, so nobody to protect
    venue = door.hosts.find(authority)
    if venue is None:
        raise refusal(403, "This host name is not allowed.")
    call.venue = venue


def check_origin(door: Door, call: Call) -> None:
    """A page of another origin gets nothing, not even a preflight's answer."""
    origin = call.headers.get(b"origin")
    if origin is not None and not is_own_origin(origin, call.headers.get(b"host", b"")):
        raise refusal(403, "Requests from this origin are not allowed.")


def choose_world(door: Door, call: Call) -> None:
    """By the path's first segment `/@name`, else a header, else `name.localhost`."""
    name = call.venue.world or door.default
    if call.path.startswith(b"/@"):
        raw, _, rest = call.path[2:].partition(b"/")
        call.path = b"/" + rest
        name = _world_name(raw)
    elif b"x-tradepit-world" in call.headers:
        name = _world_name(call.headers[b"x-tradepit-world"])
    world = door.worlds.get(name)
    if world is None:
        raise refusal(404, f"There is no world named {name!r}.")
    call.world = world


def _world_name(raw: bytes) -> str:
    if _WORLD_NAME.fullmatch(raw) is None:
        raise refusal(404, "There is no world of that name.")
    return raw.decode()


def choose_venue(door: Door, call: Call) -> None:
    """A Binance host's name may be the path's first segment: some clients go by their URL. A host
    of futures streams has its paths below `/fstream` or `/dstream` here."""
    if b"." in call.path:
        name, _, rest = call.path[1:].partition(b"/")
        if name in BINANCE:
            call.venue = BINANCE[name]
            call.path = b"/" + rest
    if call.venue.prefix:
        call.path = call.venue.prefix + call.path


def find_operation(door: Door, call: Call) -> None:
    """The operation of method and path, if the venue has it."""
    method = b"GET" if call.method == b"HEAD" else call.method
    path, venue = call.path, call.venue
    operation = door.routes.get(b"%s %s" % (method, path))
    check_venue_path(door, call)
    if operation is None:
        if path.isascii() and door.unserved(method.decode(), path.decode()):
            raise Reject("UNSUPPORTED_OPERATION")
        raise not_found()
    if operation.security != NONE and not venue.signed:
        raise not_found()
    if operation.path.startswith(CONTROL):
        check_control(door, call)
    call.operation = operation


def check_control(door: Door, call: Call) -> None:
    """Control answers to who knows its token, and to the machine itself unless the token was
    chosen by the owner. Without a token it answers to the machine itself only."""
    token = door.control_token
    if call.ip in LOOPBACK and not door.control_closed:
        return
    if not token:
        raise refusal(403, "This operation answers to the machine itself only.")
    kind, _, given = call.headers.get(b"authorization", b"").partition(b" ")
    if kind.lower() != b"bearer" or not hmac.compare_digest(given.strip(), token):
        words = "Control asks for its token: Authorization: Bearer TOKEN (see the server's banner)."
        raise refusal(401, words, code=-1002)


def check_venue_path(door: Door, call: Call) -> None:
    """A Binance host's name serves what that host serves, nothing else."""
    paths = call.venue.paths
    if paths is not None and not (call.path + b"/").startswith(paths):
        raise not_found()


def not_found() -> Reject:
    return refusal(404, "There is no operation of this method and path.")


def count_weight(door: Door, call: Call) -> None:
    """Charge a request to the limits of its family of paths."""
    limits = call.world.limits.get(call.path[1 : call.path.find(b"/", 1)])
    if limits is not None:
        charge(call, limits)


def charge(call: Call, limits: IpLimits) -> None:
    """One raw request of this IP, and the operation's weight: where that depends on the request,
    the smallest until it is read."""
    now_s = call.now_us // 1_000_000
    call.limits = limits
    call.meter = limits.knock(call.ip, now_s)
    limits.charge(call.meter, operation_of(call).weigh(None), now_s)


def refund(call: Call) -> None:
    """Some requests that succeed cost nothing. Source: CHANGELOG.md#2026-03-27; documented."""
    operation = call.operation
    if operation is not None and operation.refunded and call.limits and call.meter:
        call.limits.refund(call.meter, operation.weigh(None), call.now_us // 1_000_000)


def operation_of(call: Call) -> Operation:
    assert call.operation is not None
    return call.operation


def choose_unit(door: Door, call: Call) -> None:
    """Milliseconds or microseconds in the reply."""
    unit = call.headers.get(b"x-mbx-time-unit")
    if unit is not None:
        if unit not in MICRO:
            raise Reject("INVALID_TIME_UNIT")
        call.micro = MICRO[unit]


def check_key(door: Door, call: Call) -> None:
    """An API key of good form, known, allowed for this IP and this kind of operation."""
    operation = operation_of(call)
    if operation.security == NONE:
        return
    raw = call.headers.get(b"x-mbx-apikey", b"")
    world = call.world
    holder = world.keys.find(world.pit.keys, raw.decode("latin-1"))
    if holder is None and KEY_FORMAT.fullmatch(raw) is None:
        raise Reject("BAD_API_KEY_FMT")
    call.holder = holder = admit_key(holder, operation, call.ip)
    call.who = holder.who


def admit_key(holder: Holder | None, operation: Operation, ip: str) -> Holder:
    """The holder, if there is one who may do this from there. Raises: Reject REJECTED_KEY."""
    may = MAY.get(operation.security, 0)
    if holder is None or holder.who.may & may != may:
        raise Reject("REJECTED_KEY")
    if holder.key.ips and ip not in holder.key.ips:
        raise Reject("REJECTED_KEY")
    return holder


def check_signature(door: Door, call: Call) -> None:
    """The signature over query and body exactly as they were sent, without the signature pair."""
    operation = operation_of(call)
    if not operation.path.startswith(CONTROL):
        call.body = _form(call)
    if not operation.signed:
        return
    query, signature = split_signature(call.query) if call.query else (b"", b"")
    body, other = split_signature(call.body) if call.body else (b"", b"")
    signature = signature or other
    if not signature:
        raise Reject("MANDATORY_PARAM", "signature")
    if b"%" in signature or b"+" in signature:
        signature = decode(signature.decode(errors="replace")).encode()
    payload = query + body
    holder = call.holder
    # Whatever is not ASCII must have been percent-encoded before it was signed.
    if holder is None or not payload.isascii() or not holder.check(payload, signature):
        raise Reject("INVALID_SIGNATURE")
    call.query = query
    call.body = body
    call.taken = 1


def _form(call: Call) -> bytes:
    """The body, where it is one that parameters are read from; any other counts as not sent."""
    if not call.body or call.method in (b"GET", b"HEAD"):
        return b""
    kind = call.headers.get(b"content-type", FORM)
    if kind != FORM and kind.partition(b";")[0].strip().lower() != FORM:
        return b""
    return call.body


def read_parameters(door: Door, call: Call) -> None:
    """The parameters of query and body; the query wins where both have one."""
    if operation_of(call).path.startswith(CONTROL):
        call.sent = read_pairs(call.query) | _json_body(call)
    elif not call.body:
        call.sent = read_pairs(call.query)
    elif not call.query:
        call.sent = read_pairs(call.body)
    else:
        sent = read_pairs(call.query)
        more = read_pairs(call.body)
        call.sent = {**sent, **{name: more[name] for name in more if name not in sent}}
    if "signature" in call.sent and operation_of(call).signed:
        raise Reject("DUPLICATE_PARAMETER")


def _json_body(call: Call) -> dict[str, str]:
    """The parameters of a control request: a JSON object, and declared to be one (a page of
    another origin cannot send that without asking first)."""
    if call.method in (b"GET", b"HEAD"):
        return {}
    kind = call.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind == ZIP and call.path == UPLOAD:
        return {"archive": call.body.decode("latin-1")}
    if kind != b"application/json":
        raise refusal(415, "Send the parameters as application/json.")
    try:
        found = msgspec.json.decode(call.body or b"{}", type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError):
        raise refusal(400, "The body is no JSON object.", code=-1135) from None
    return dict(json_pairs(found))


def check_time(door: Door, call: Call) -> None:
    """`timestamp` (ms or µs) inside `recvWindow` (ms, three decimals)."""
    if not operation_of(call).signed:
        return
    before = len(call.sent)
    call.strict = door.world_clock_only
    call.sent_us = _timestamp(call.sent.pop("timestamp", None))
    window = call.sent.pop("recvWindow", None)
    call.window_us = WINDOW_US if window is None else recv_window(window)
    call.taken += before - len(call.sent)
    if call.strict or _untimely(call, call.now_us):
        reason = _untimely(call, call.world.clock.now_us())
        if reason:
            raise Reject(reason)


def _untimely(call: Call, now_us: int) -> str:
    """Why the timestamp is refused at `now_us`; empty when it is not."""
    if call.sent_us >= now_us + AHEAD_US:
        return "TIMESTAMP_AHEAD"
    if now_us - call.sent_us > call.window_us or call.sent_us < EPOCH_2017_US:
        return "INVALID_TIMESTAMP"
    return ""


def _timestamp(text: str | None) -> int:
    """Microseconds of a timestamp in ms (up to 14 digits) or µs."""
    if text is None:
        raise Reject("MANDATORY_PARAM", "timestamp")
    if not text:
        raise Reject("PARAM_EMPTY", "timestamp")
    if not (text.isascii() and text.isdigit()) or len(text) > 20:
        raise Reject("ILLEGAL_CHARS", "timestamp", "^[0-9]{1,20}$")
    number = int(text)
    return number if number > LAST_MS else number * 1_000


@lru_cache(maxsize=256)  # a client sends the same one each time
def recv_window(text: str) -> int:
    """Microseconds of a recvWindow in ms with up to three decimals."""
    if not text:
        raise Reject("PARAM_EMPTY", "recvWindow")
    match = _WINDOW.fullmatch(text)
    if match is None:
        raise Reject("ILLEGAL_CHARS", "recvWindow", r"^[0-9]{1,20}(\.[0-9]{1,3})?$")
    part = match[2] or ""
    if len(part) > 3:
        raise Reject("BAD_PRECISION", "recvWindow")
    window_us = int(match[1]) * 1_000 + int(part.ljust(3, "0"))
    if window_us > MAX_WINDOW_US:
        raise Reject("BAD_RECV_WINDOW")
    return window_us


def read_ask(door: Door, call: Call) -> None:
    """The typed request; what it weighs more than was charged already; secrets are drawn here."""
    operation = operation_of(call)
    ask = operation.read(call.sent, call.taken)
    if operation.drawn:
        ask = msgspec.structs.replace(ask, **{name: _draw(size) for name, size in operation.drawn})
    call.ask = ask
    if not isinstance(operation.weight, int):
        charge_more(call)


def charge_more(call: Call) -> None:
    """What a request that was read weighs more than was charged already."""
    operation = operation_of(call)
    if call.limits is not None and call.meter is not None:
        more = operation.weigh(call.ask) - operation.weigh(None)
        call.limits.charge(call.meter, more, call.now_us // 1_000_000)


def _draw(length: int) -> str:
    """A secret of letters and digits that nobody can guess."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def order_counts(pit: Exchange, operation: Operation, owner: int) -> list[int]:
    """How many orders an account placed lately, by each limiter of the operation's venue."""
    venue = operation.venues[0]
    if venue == SPOT:
        return pit.accounts[owner].counts_at(pit.at_us)
    return pit.look_trader(owner, VENUES.index(venue)).counts_at(pit.at_us)


# What a WebSocket passes before it is opened; its messages pass checks of their own.
SOCKET_CHAIN: Final[tuple[Callable[[Door, Call], None], ...]] = (
    check_host,
    check_origin,
    choose_world,
    choose_venue,
    check_venue_path,
)

# What depends on names alone: path, host, origin, world. Behind it a page may answer.
CHAIN_FRONT: Final[tuple[Callable[[Door, Call], None], ...]] = (
    check_host,
    check_origin,
    choose_world,
    choose_venue,
)

CHAIN_BEHIND: Final[tuple[Callable[[Door, Call], None], ...]] = (
    count_weight,
    choose_unit,
    check_key,
    check_signature,
    read_parameters,
    check_time,
    act_faults,  # who asks for what is known, nothing has changed yet
    read_ask,
)

CHAIN: Final = (*CHAIN_FRONT, find_operation, *CHAIN_BEHIND)
