"""The tour, played in an exchange made for it: real requests, real answers, real events.

Nothing of a served world is touched. Time is fixed, so that the same program shows the same
examples. What only a running server can answer (who is connected, what was refused) is left out.
"""

from __future__ import annotations

import asyncio
import inspect
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import msgspec

from tradepit.catalog.encode import encode
from tradepit.catalog.language import COINM, REGISTRY, SPOT, USDM, Operation, commands
from tradepit.core.exchange import Exchange
from tradepit.core.records import Command, Outcome, Who
from tradepit.core.rejects import Reject
from tradepit.data import spot_listing
from tradepit.data.genesis import DEV_KEYS, MAY_ALL, genesis
from tradepit.gateways.answers import Answer
from tradepit.gateways.hub import Hub
from tradepit.gateways.user_stream import told_of
from tradepit.projections.history import SqlHistory
from tradepit.projections.projector import Projector
from tradepit.projections.store import Store
from tradepit.web.tour import OPENING, Step, filled, steps

if TYPE_CHECKING:
    from tradepit.gateways.sockets import Session

BORN_US: Final = 1_767_225_600_000_000  # 2026-01-01
STEP_US: Final = 1_200_000
LISTED: Final = ("BTCUSDT", "BTCUSDC", "ETHUSDT")
SAMPLE: Final = "thisIsAnExampleAndNoRealSecretItIsDifferentWheneverYouAsk"
CONTROL: Final = "/_tradepit/"
SHOWN: Final = "alice"  # whose answers become examples

# Streams whose messages are shown, by the contract's names.
_SPOT_STREAMS: Final = {
    "<symbol>@aggTrade": "btcusdt@aggTrade",
    "<symbol>@trade": "btcusdt@trade",
    "<symbol>@kline_<interval>": "btcusdt@kline_1m",
    "<symbol>@kline_<interval>@+08:00": "btcusdt@kline_1d@+08:00",
    "<symbol>@miniTicker": "btcusdt@miniTicker",
    "!miniTicker@arr": "!miniTicker@arr",
    "<symbol>@ticker": "btcusdt@ticker",
    "!ticker@arr": "!ticker@arr",
    "<symbol>@ticker_<window_size>": "btcusdt@ticker_1h",
    "!ticker_<window-size>@arr": "!ticker_1h@arr",
    "<symbol>@bookTicker": "btcusdt@bookTicker",
    "<symbol>@avgPrice": "btcusdt@avgPrice",
    "<symbol>@depth<levels>": "btcusdt@depth5@100ms",
    "<symbol>@depth": "btcusdt@depth@100ms",
    "<symbol>@referencePrice": "ethusdt@referencePrice",
}
_FUTURES_STREAMS: Final = {
    "<symbol>@aggTrade": "{symbol}@aggTrade",
    "<symbol>@kline_<interval>": "{symbol}@kline_1m",
    "<pair>_<contractType>@continuousKline_<interval>": "{pair}_perpetual@continuousKline_1m",
    "<symbol>@miniTicker": "{symbol}@miniTicker",
    "!miniTicker@arr": "!miniTicker@arr",
    "<symbol>@ticker": "{symbol}@ticker",
    "!ticker@arr": "!ticker@arr",
    "<symbol>@bookTicker": "{symbol}@bookTicker",
    "!bookTicker": "!bookTicker",
    "<symbol>@depth<levels>@<updateSpeed>": "{symbol}@depth5@100ms",
    "<symbol>@depth@<updateSpeed>": "{symbol}@depth@100ms",
    "<symbol>@markPrice@<updateSpeed>": "{symbol}@markPrice@1s",
    "<symbol>@forceOrder": "{symbol}@forceOrder",
    "!forceOrder@arr": "!forceOrder@arr",
}
_USDM_STREAMS: Final = {
    "!markPrice@arr@<updateSpeed>": "!markPrice@arr@1s",
    "!assetIndex@arr": "!assetIndex@arr",
    "<symbol>@rpiDepth@500ms": "{symbol}@rpiDepth@500ms",
}
_COINM_STREAMS: Final = {
    "<pair>@indexPrice@<updateSpeed>": "{pair}@indexPrice@1s",
    "<pair>@markPrice@<updateSpeed>": "{pair}@markPrice@1s",
    "<pair>@indexPriceKline_<interval>": "{pair}@indexPriceKline_1m",
    "<symbol>@markPriceKline_<interval>": "{symbol}@markPriceKline_1m",
}
_PRODUCTS: Final = (
    (SPOT, "btcusdt", "btcusdt", _SPOT_STREAMS),
    (USDM, "btcusdt", "btcusdt", _FUTURES_STREAMS | _USDM_STREAMS),
    (COINM, "btcusd_perp", "btcusd", _FUTURES_STREAMS | _COINM_STREAMS),
)
STREAMS: Final = {
    f"{product}-streams:{name}": stream.format(symbol=symbol, pair=pair)
    for product, symbol, pair, streams in _PRODUCTS
    for name, stream in streams.items()
}
"""The streams that are listened to, by their ids in the contract."""


class Answered(NamedTuple):
    """A request of the tour and what came back: a status and decoded JSON."""

    params: dict[str, str]
    status: int
    body: Any


class Examples(NamedTuple):
    """answers: of each operation the first that succeeded, else a refusal. streams, events: the
    first message of a stream, of a user event, by their ids in the contract."""

    answers: dict[str, Answered]
    streams: dict[str, Any]
    events: dict[str, Any]


def rehearse() -> Examples:
    """Play the tour; operations must be loaded. Blocks for some tenths of a second.

    In a thread of its own: whoever asks may have a loop that runs.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(_Stage().play())).result()


class _Ear:
    """A listener that keeps the first message of a stream."""

    def __init__(self) -> None:
        self.heard: Any = None

    def send(self, frame: bytes) -> None:
        if self.heard is None:
            self.heard = msgspec.json.decode(frame[_HEAD_SIZE.get(frame[1], 2) :])

    def offer(self, name: str, frame: bytes) -> None:
        self.send(frame)


_HEAD_SIZE: Final = {126: 4, 127: 10}  # bytes before a text frame's payload, by its size mark


class _Stage:
    """The exchange of the rehearsal, its clock, and who listens."""

    def __init__(self) -> None:
        listing = [row for row in spot_listing() if row["symbol"] in LISTED]
        self.machine = Exchange(commands(), genesis(listing, seed=1, born_us=BORN_US))
        self.at_us = BORN_US
        self.on_rebuilt: list[Any] = []  # what a hub asks of a sequencer
        self.before: list[Any] = []
        self.projector = Projector(Store("sqlite://"))  # all stays in memory
        self.history = SqlHistory(self.projector, cast("Any", self), lambda: self.machine)
        self.kept = {"run": "1"}
        self.answers: dict[str, Answered] = {}
        self.events: dict[str, Any] = {}

    def now_us(self) -> int:
        return self.at_us

    def wait_s(self, until_us: int) -> float:
        return 1.0  # time passes in `play` alone

    settled_us = now_us

    async def play(self) -> Examples:
        ears = {stream_id: _Ear() for stream_id in STREAMS}
        with ThreadPoolExecutor(1) as pool:
            hub = Hub(cast("Any", self), self, self.history, pool)
            for stream_id, ear in ears.items():
                product = stream_id.partition("-")[0]
                hub.join(STREAMS[stream_id], cast("Session", ear), 0, product)
            for step in (*OPENING, *steps()):
                self.at_us += STEP_US
                self._act(step, hub)
                hub.advance(self.at_us)
                await asyncio.sleep(0)  # who waits for the past has its turn
            hub.channels.clear()
        return Examples(
            self.answers,
            {name: ear.heard for name, ear in ears.items() if ear.heard is not None},
            self.events,
        )

    def _act(self, step: Step, hub: Hub) -> None:
        operation = REGISTRY[step.operation]
        params = filled(step.params, self.kept)
        try:
            status, body = 200, encode(self._ask(operation, params, step.who, hub))
        except Reject as refused:
            status = refused.status
            body = encode({"code": refused.code, "msg": refused.msg})
        except _NotHere:
            return
        answer = msgspec.json.decode(body)
        if status == 200:
            self.kept.update((name, str(_at(answer, path))) for name, path in step.keep.items())
        best = self.answers.get(operation.id)
        if step.who != SHOWN:
            return
        if best is None or (best.status != 200 and status == 200):
            self.answers[operation.id] = Answered(params, status, answer)

    def _ask(self, operation: Operation, params: dict[str, str], name: str, hub: Hub) -> object:
        ask = operation.parse(list(params.items()))
        drawn = {field: (SAMPLE * 2)[:size] for field, size in operation.drawn}
        ask = msgspec.structs.replace(ask, **drawn) if drawn else ask
        key = next(key.api_key for key in DEV_KEYS if key.name == name)
        who = Who(self.machine.names[name], key, MAY_ALL)
        if operation.is_command:
            return self._apply(operation, who, ask, hub)
        if operation.path.startswith(CONTROL):
            raise _NotHere
        reply = operation.handler(self.machine, self.history, who, ask)
        if callable(reply):
            reply = reply()
        if inspect.isawaitable(reply) or isinstance(reply, Answer):
            raise _NotHere
        return reply

    def _apply(self, operation: Operation, who: Who, ask: object, hub: Hub) -> object:
        hub.before(self.at_us)
        command = Command(self.machine.seq + 1, self.at_us, who, operation.id, ask)
        outcome = self.machine.apply(command)
        self.projector.tell(outcome)
        hub.applied(outcome)
        self._hear(outcome)
        if isinstance(outcome.reply, Reject):
            raise outcome.reply
        return outcome.reply

    def _hear(self, outcome: Outcome) -> None:
        for event in outcome.events:
            for telling in told_of(event):
                event_id = f"{telling.address[0]}-user-data:{telling.event}"
                if event_id not in self.events:
                    self.events[event_id] = msgspec.json.decode(telling.words(1000))


class _NotHere(Exception):
    """Only a running server can answer that."""


def _at(answer: Any, path: str) -> Any:
    for part in path.split("."):
        answer = answer[int(part)] if part.isdigit() else answer[part]
    return answer
