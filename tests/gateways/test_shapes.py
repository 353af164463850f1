"""A request of a known shape is answered as one that nobody has seen before, whatever it says."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from tests.gateways.conftest import ALICE, sign

from tradepit.config import Config
from tradepit.gateways.answers import Answer
from tradepit.gateways.checks import Call
from tradepit.gateways.door import Door
from tradepit.gateways.ws_api import ApiSession
from tradepit.server import serving

Pairs = list[tuple[str, str]]
FORM = b"application/x-www-form-urlencoded"
ORDER = (
    ("symbol", "BTCUSDT"), ("side", "BUY"), ("type", "LIMIT"), ("timeInForce", "GTC"),
    ("quantity", "0.01"), ("price", "90000"), ("newClientOrderId", "a-1"), ("recvWindow", "5000"),
)  # fmt: skip


def order(**changed: str | None) -> Pairs:
    """The parameters of an order, some changed, added or (None) left out."""
    found: dict[str, str | None] = dict(ORDER) | {"timestamp": str(time.time_ns() // 1_000_000)}
    return [(name, text) for name, text in (found | changed).items() if text is not None]


def ago(ms: int) -> str:
    return str(time.time_ns() // 1_000_000 - ms)


# What a request says; it is signed as it stands.
SAYS: dict[str, Callable[[], Pairs]] = {
    "well": order,
    "another price": lambda: order(price="80000.5"),
    "bad price": lambda: order(price="9e4"),
    "huge price": lambda: order(price="9" * 21),
    "no price": lambda: order(price=None),
    "empty price": lambda: order(price=""),
    "unknown symbol": lambda: order(symbol="NOPE"),
    "foreign symbol": lambda: order(symbol="币安人生USDT"),
    "wrong enum": lambda: order(side="LONG"),
    "odd id": lambda: order(newClientOrderId='a"\\b'),
    "spaced id": lambda: order(newClientOrderId="a b+c"),
    "tabbed id": lambda: order(newClientOrderId="a\tb"),
    "colons": lambda: order(newClientOrderId="a:b:c"),
    "filter": lambda: order(quantity="0.000000001"),
    "too small": lambda: order(quantity="0.00001"),
    "no timestamp": lambda: order(timestamp=None),
    "late": lambda: order(timestamp=ago(6_000)),
    "late, but in its window": lambda: order(timestamp=ago(6_000), recvWindow="9000.5"),
    "early": lambda: order(timestamp=ago(-5_000)),
    "a little early": lambda: order(timestamp=ago(-500)),
    "microseconds": lambda: order(timestamp=str(time.time_ns() // 1_000)),
    "odd timestamp": lambda: order(timestamp="١٧٠٠٠٠٠٠٠٠٠٠٠"),
    "signed timestamp": lambda: order(timestamp="+170000000000"),
    "ancient": lambda: order(timestamp="0000000000001"),
    "window too wide": lambda: order(recvWindow="60001"),
    "odd window": lambda: order(recvWindow="5e3"),
    "window of four decimals": lambda: order(recvWindow="5000.0001"),
    "no window": lambda: order(recvWindow=None),
    "unread": lambda: order(colour="red"),
    "another order": lambda: order()[::-1],
    "twice": lambda: [*order(), ("side", "SELL")],
}
# What is done to a signed request.
DONE: dict[str, Callable[[Pairs], Pairs]] = {
    "nothing": lambda pairs: pairs,
    "wrong signature": lambda pairs: [*pairs[:-1], ("signature", "0" * 64)],
    "loud signature": lambda pairs: [*pairs[:-1], ("signature", pairs[-1][1].upper())],
    "short signature": lambda pairs: [*pairs[:-1], ("signature", pairs[-1][1][1:])],
    "odd signature": lambda pairs: [*pairs[:-1], ("signature", pairs[-1][1][:-1] + "é")],
    "empty signature": lambda pairs: [*pairs[:-1], ("signature", "")],
    "no signature": lambda pairs: pairs[:-1],
    "signature first": lambda pairs: [pairs[-1], *pairs[:-1]],
    "something behind it": lambda pairs: [*pairs, ("newOrderRespType", "ACK")],
    "price altered": lambda pairs: [(n, "1" if n == "price" else v) for n, v in pairs],
}
CASES = [(says, "nothing") for says in SAYS] + [("well", done) for done in DONE]


class Wire(asyncio.Transport):
    """What a session writes to."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def set_protocol(self, protocol: Any) -> None: ...

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def resume_reading(self) -> None: ...

    def is_reading(self) -> bool:
        return True

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None: ...

    def abort(self) -> None: ...


def within(work: Callable[[Door], Any]) -> None:
    async def run() -> None:
        settings = Config(memory=True, market="empty")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            async with serving(settings, listener) as served:
                work(served.door)

    asyncio.run(run())


def used(door: Door) -> int:
    return door.worlds["main"].limits[b"api"].knock("127.0.0.1", int(time.time())).used


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each request whether it passed by its shape."""
    found: list[bool] = []
    for owner in (Door, ApiSession):
        look: Any = owner._pass_known  # type: ignore[attr-defined]

        def noted(self: Any, call: Any, *more: Any, look: Any = look) -> bool:
            found.append(look(self, call, *more))
            return found[-1]

        monkeypatch.setattr(owner, "_pass_known", noted)
    return found


# --- Over HTTP ---------------------------------------------------------------------------------


def post(door: Door, pairs: Pairs, place: str = "form", **headers: bytes) -> tuple[Any, ...]:
    """What comes of a request, and what it weighs."""
    text = "&".join(f"{n}={quote(v, safe=':')}" for n, v in pairs).encode()
    fields = {b"host": b"127.0.0.1", b"x-mbx-apikey": ALICE.api_key.encode(),
              b"content-type": FORM}  # fmt: skip
    fields |= {name.replace("_", "-").encode(): value for name, value in headers.items()}
    path = b"/api/v3/order/test"
    half = text.find(b"&side")
    target, body = {
        "form": (path, text), "query": (path + b"?" + text, b""),
        "both": (path + b"?" + text[:half], text[half + 1 :]),
    }[place]  # fmt: skip
    before = used(door)
    answer = door.open(Call(b"POST", target, fields, body, "127.0.0.1"))
    assert isinstance(answer, Answer)
    names = [line.partition(b":")[0] for line in answer.headers.split(b"\r\n")]
    return answer.status, answer.body, names, used(door) - before


def signed(says: str) -> Pairs:
    pairs = SAYS[says]()
    text = "&".join(f"{n}={quote(v, safe=':')}" for n, v in pairs)
    return [*pairs, ("signature", sign(text))]


def both_ways(door: Door, says: str, done: str, place: str = "form", **headers: bytes) -> bool:
    """Whether a request was answered well; its answer is the same on a door that knows none."""
    pairs = DONE[done](signed(says))
    found = post(door, pairs, place, **headers)
    kept, door._entered = door._entered, {}
    assert post(door, pairs, place, **headers) == found, (says, done, place)
    door._entered = kept
    return bool(found[0] == 200)


def test_over_http(known: list[bool]) -> None:
    def work(door: Door) -> None:
        for place in ("form", "query"):
            for _ in range(4):
                assert post(door, signed("well"), place)[0] == 200
            assert known[-1], "the fourth is known"
        for says, done in CASES:
            for place in ("form", "query", "both"):
                both_ways(door, says, done, place)
        assert both_ways(door, "late, but in its window", "nothing")

    within(work)


def test_headers_count_as_ever(known: list[bool]) -> None:
    def work(door: Door) -> None:
        for _ in range(4):
            post(door, signed("well"))
        for unit in (b"MICROSECOND", b"millisecond", b"fortnight"):
            both_ways(door, "well", "nothing", x_mbx_time_unit=unit)
        for key in (b"", b"no key", b"a" * 64, ALICE.api_key.lower().encode()):
            assert not both_ways(door, "well", "nothing", x_mbx_apikey=key)
        for kind in (b"application/json", FORM + b"; charset=utf-8", b""):
            both_ways(door, "well", "nothing", content_type=kind)
        assert not both_ways(door, "well", "nothing", origin=b"https://evil.example")
        assert not both_ways(door, "well", "nothing", x_tradepit_world=b"nowhere")

    within(work)


def test_who_may_less_is_refused_as_ever(known: list[bool]) -> None:
    def work(door: Door) -> None:
        for _ in range(4):
            post(door, signed("well"))
        assert known[-1]
        key = door.worlds["main"].pit.keys[ALICE.api_key]
        ring = door.worlds["main"].keys
        for may, ips in ((0, []), (key.may, ["10.0.0.1"])):
            kept = key.may, key.ips
            key.may, key.ips = may, ips
            ring._holders.clear()
            assert not both_ways(door, "well", "nothing")
            key.may, key.ips = kept
            ring._holders.clear()
        assert both_ways(door, "well", "nothing")
        door.world_clock_only = True
        door.worlds["main"].clock.set(time.time_ns() // 1_000 + 60_000_000)  # type: ignore[attr-defined]
        assert not both_ways(door, "well", "nothing")

    within(work)


# --- Over the WebSocket API --------------------------------------------------------------------


def open_session(door: Door) -> tuple[ApiSession, Wire]:
    fields = {b"host": b"127.0.0.1", b"upgrade": b"websocket", b"connection": b"Upgrade",
              b"sec-websocket-version": b"13", b"sec-websocket-key": b"A" * 22 + b"=="}  # fmt: skip
    session = door.connect(Call(b"GET", b"/ws-api/v3", fields, b"", "127.0.0.1"))
    assert isinstance(session, ApiSession)
    wire = Wire()
    session.take_over(wire, b"")
    return session, wire


def ask(session: ApiSession, wire: Wire, text: str) -> tuple[Any, ...]:
    """The answer, without what it says of limits, and what the request weighs."""
    before = used(session.door)
    wire.written.clear()
    session.heard(text)
    session.flush()
    data = wire.written[0]
    answer = json.loads(data[4:] if data[1] == 126 else data[2:])
    answer.pop("rateLimits", None)
    return answer, used(session.door) - before


def joined(says: str) -> Pairs:
    """The same parameters as they are signed there: with the key, sorted by name."""
    pairs = [("apiKey", ALICE.api_key), *SAYS[says]()]
    text = "&".join(f"{n}={v}" for n, v in sorted(dict(pairs).items()))
    return [*pairs, ("signature", sign(text))]


def said(pairs: Pairs, request_id: str = "1", tight: bool = False) -> str:
    comma, colon = (",", ":") if tight else (", ", ": ")
    params = comma.join(f"{json.dumps(n)}{colon}{json.dumps(v)}" for n, v in pairs)
    method = json.dumps("order.test")
    return (
        f'{{"id"{colon}{request_id}{comma}"method"{colon}{method}{comma}'
        f'"params"{colon}{{{params}}}}}'
    )


@pytest.mark.parametrize("tight", [False, True])
def test_over_the_websocket_api(known: list[bool], tight: bool) -> None:
    def work(door: Door) -> None:
        session, wire = open_session(door)
        other, second = open_session(door)

        def alike(text: str) -> Any:
            found = ask(session, wire, text)
            other.shapes, other.scripts = {}, []
            assert ask(other, second, text) == found, text
            return found[0]

        for n in range(4):
            answer = ask(session, wire, said(joined("well"), str(n), tight))[0]
            assert (answer["id"], answer["status"]) == (n, 200)
        assert known[-1] and session.scripts, "the fourth is known"
        for says, done in CASES:
            alike(said(DONE[done](joined(says)), "7", tight))
        for request_id in ("0", "-1", "01", "1.5", '"a"', '"a\\n"', '"é"', "null", "true", "[]",
                           '"' + "x" * 127 + '"', "9" * 40, '"' + "é" * 90 + '"', ""):  # fmt: skip
            alike(said(joined("well"), request_id, tight))
        text = said(joined("well"), "1", tight)
        for odd in (text[:-1], text + " ", " " + text, text[:-1] + ',"id":2}', text[:-2] + "}",
                    text.replace("order.test", "v3/order.test"), text.replace("BUY", "\\u0042UY"),
                    text.replace("BUY", "B\x00UY"), text.replace('"BUY"', "1"),
                    text.replace('"params"', '"parameters"'), text[1:]):  # fmt: skip
            alike(odd)
        for show in ("false", "true", "perhaps"):
            pairs = [*order(), ("returnRateLimits", show), ("apiKey", ALICE.api_key)]
            signature = sign("&".join(f"{n}={v}" for n, v in sorted(pairs)))
            alike(said([*pairs, ("signature", signature)], "1", tight))
        for lost in (session, other):
            lost.connection_lost(None)

    within(work)


def test_what_a_known_request_asked_is_on_record(known: list[bool]) -> None:
    def work(door: Door) -> None:
        session, wire = open_session(door)
        for _ in range(4):
            text = said(joined("too small")).replace("order.test", "order.place")
            assert ask(session, wire, text)[0]["status"] == 400
        assert known[-1]
        rows = door.worlds["main"].trail.find(0, 9, None, None)
        asked = {row.asked for row in rows}
        assert len(rows) == 4 and len(asked) == 1
        assert "apiKey" not in asked.pop()
        session.connection_lost(None)

    within(work)
