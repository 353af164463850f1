"""What does an order cost inside the process: alone, and on its whole way without a socket?

The whole way is what the server does between the socket's bytes: parameters, signature, checks of
the door, the typed request, the log record, the exchange, the reply's JSON and header lines.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import gc
import hashlib
import hmac
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import tradepit
from bench import pits
from bench.measure import Figure, Limit, Ratio, cpu_ns
from tradepit.catalog.encode import encode
from tradepit.catalog.language import REGISTRY
from tradepit.config import Config
from tradepit.core.records import Command, Who
from tradepit.data.genesis import DEV_KEYS
from tradepit.gateways.answers import Answer
from tradepit.gateways.door import CHAIN, Call, Door
from tradepit.journal.records import encode_command
from tradepit.machine import COLLECT_AFTER
from tradepit.server import serving

PLACE: Final = "POST /api/v3/order"
KEY: Final = DEV_KEYS[0]
ROUNDS: Final = 5
SEEN: Final = 4  # requests after which the door knows their shape

RATIOS = [
    Ratio("Exchange.apply(place), pure : compiled", "pure.apply.place", "compiled.apply.place"),
    Ratio("whole way in process, pure : compiled", "pure.apply.way", "compiled.apply.way"),
    Ratio("Exchange.apply(place) : whole way in process, compiled", "compiled.apply.place",
          "compiled.apply.way"),
]  # fmt: skip
LIMITS = [
    Limit("compiled.apply.place", "<= 2500"),
    Limit("pure.apply.place", "<= 8000"),
    Limit("compiled.apply.way", "<= 12000"),
]


def queries(orders: int) -> Iterator[str]:
    """Requests of limit orders that rest, each price a little different, ids given or not."""
    for n in range(orders):
        side, price = ("BUY", 90_000 - n % 500) if n % 2 else ("SELL", 110_000 + n % 500)
        yield (
            f"symbol=BTCUSDT&side={side}&type=LIMIT&timeInForce=GTC&quantity=0.0001"
            f"&price={price}.00&newClientOrderId=bench{n}&newOrderRespType=RESULT"
            f"&recvWindow=60000"
        )


def measure(quick: bool) -> list[Figure]:
    gc.set_threshold(*COLLECT_AFTER)  # as a server does
    core = tradepit.core_kind()
    orders = 2_000 if quick else 10_000
    return [
        *applied(core, orders),
        Figure(f"{core}.apply.way", "whole way of a signed order without a socket",
               way_ns(orders), "ns/order"),
        *pieces(core, orders),
    ]  # fmt: skip


def applied(core: str, orders: int) -> list[Figure]:
    """Exchange.apply of what rests, of what trades, of a cancel."""
    best = dict.fromkeys(("place", "trade", "cancel"), 1 << 62)
    for _ in range(ROUNDS):
        pit = pits.make()
        for kind, commands in _commands(orders):
            took = cpu_ns(lambda c=commands, p=pit: _apply(p, c))
            best[kind] = min(best[kind], took)
    words = {
        "place": "a limit order that rests", "trade": "one that takes, one fill",
        "cancel": "a cancel by client id",
    }  # fmt: skip
    return [
        Figure(f"{core}.apply.{kind}", f"Exchange.apply: {words[kind]}", ns / orders, "ns/command")
        for kind, ns in best.items()
    ]


def _apply(pit: Any, commands: list[Command]) -> None:
    apply = pit.apply
    for command in commands:
        reply = apply(command).reply
        if isinstance(reply, Exception):
            raise reply


def _commands(orders: int) -> Iterator[tuple[str, list[Command]]]:
    """(kind, commands): orders that rest, orders that each fill one of them, cancels of the rest.

    Of two pools of resting orders one is traded away and one cancelled.
    """
    parse, cancel = REGISTRY[PLACE].parse, REGISTRY["DELETE /api/v3/order"]
    seq = 0

    def command(owner: int, op: str, ask: object) -> Command:
        nonlocal seq
        seq += 1
        return Command(seq, pits.BORN_US + seq * 10, Who(owner), op, ask)

    fixed = f"symbol={pits.name(0)}&type=LIMIT&timeInForce=GTC&quantity=0.01&side="
    resting = [fixed + f"SELL&price={110_000 + n % 500}.00&newClientOrderId=a{n}"
               for n in range(orders)]  # fmt: skip
    taking = [fixed + "BUY&price=110600.00" for _ in range(orders)]
    behind = [fixed + f"SELL&price={120_000 + n % 500}.00&newClientOrderId=b{n}"
              for n in range(orders)]  # fmt: skip
    yield "place", [command(1 + n % 5, PLACE, parse(_pairs(q))) for n, q in enumerate(resting)]
    yield "trade", [command(6 + n % 5, PLACE, parse(_pairs(q))) for n, q in enumerate(taking)]
    yield "place", [command(1 + n % 5, PLACE, parse(_pairs(q))) for n, q in enumerate(behind)]
    yield "cancel", [
        command(1 + n % 5, cancel.id, cancel.parse(_pairs(
            f"symbol={pits.name(0)}&origClientOrderId=b{n}")))
        for n in range(orders)
    ]  # fmt: skip


def _pairs(query: str) -> list[tuple[str, str]]:
    return [tuple(pair.split("=")) for pair in query.split("&")]  # type: ignore[misc]


# --- The whole way -----------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def whole_server() -> AsyncIterator[tuple[Door, int]]:
    """The door and the port of a whole server in this process: in memory, one symbol, nobody
    else there."""
    with tempfile.TemporaryDirectory(prefix="tradepit-bench-") as home:
        info = pits.exchange_info(Path(home))
        settings = Config(memory=True, market="empty", limits="off", exchange_info=info)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            async with serving(settings, listener) as served:
                yield served.door, listener.getsockname()[1]


def calls(orders: int) -> list[Call]:
    """Signed requests as the HTTP gateway hands them to the door."""
    headers = {
        b"host": b"127.0.0.1:8800", b"x-mbx-apikey": KEY.api_key.encode(), b"accept": b"*/*",
        b"content-type": b"application/x-www-form-urlencoded",
    }  # fmt: skip
    found = []
    for query in queries(orders):
        sent = f"{query}&timestamp={time.time_ns() // 1_000_000}"
        signature = hmac.new(KEY.secret_key.encode(), sent.encode(), hashlib.sha256).hexdigest()
        body = f"{sent}&signature={signature}".encode()
        found.append(Call(b"POST", b"/api/v3/order", dict(headers), body, "127.0.0.1"))
    gc.collect()
    gc.freeze()  # a server does not keep its requests
    return found


def _walk(door: Door, requests: list[Call]) -> None:
    for call in requests:
        answer = door.open(call)
        if not isinstance(answer, Answer) or answer.status != 200:
            raise AssertionError(answer.body if isinstance(answer, Answer) else answer)


def way_ns(orders: int) -> float:
    return min(asyncio.run(_way(orders)) for _ in range(ROUNDS)) / orders


async def _way(orders: int) -> int:
    async with whole_server() as (door, _):
        requests = calls(orders)
        # In memory nothing of the way needs the loop to turn.
        return cpu_ns(lambda: _walk(door, requests))


def pieces(core: str, orders: int) -> list[Figure]:
    """Where the way's time goes: each piece of it alone, over the same requests."""
    best: dict[str, Figure] = {}
    for _ in range(ROUNDS):
        for found in asyncio.run(_pieces(core, orders)):
            if found.key not in best or found.value < best[found.key].value:
                best[found.key] = found
    return list(best.values())


async def _pieces(core: str, orders: int) -> list[Figure]:
    found: list[Figure] = []

    def piece(key: str, words: str, work: Callable[[], Any]) -> None:
        words = f"piece: {words}"
        found.append(Figure(f"{core}.apply.{key}", words, cpu_ns(work) / orders, "ns/order"))

    async with whole_server() as (door, _):
        requests = calls(orders + SEEN)
        _walk(door, [requests.pop() for _ in range(SEEN)])
        known = [copy.copy(request) for request in requests]
        for request in known:
            request.world = door.worlds["main"]
        (way,) = door._entered.values()
        piece(
            "door.known",
            "the door, where the shape is known",
            lambda: [door._pass_known(r, way) for r in known],
        )
        for check in CHAIN:
            words = f"the door's {check.__name__.replace('_', ' ')}"
            piece(f"door.{check.__name__}", words, lambda c=check: [c(door, r) for r in requests])
        at_us = time.time_ns() // 1_000
        commands = [
            Command(n, at_us, call.who, PLACE, call.ask)
            for n, call in enumerate(requests, SEEN + 1)
        ]
        codec = door.worlds["main"].sequencer.world.origins.codec
        piece("record", "the log record", lambda: [encode_command(c, codec) for c in commands])
        replies: list[object] = []
        apply = door.worlds["main"].pit.apply
        piece("core", "the exchange", lambda: replies.extend(apply(c).reply for c in commands))
        piece("encode", "the reply's JSON", lambda: [encode(reply) for reply in replies])
    return found
