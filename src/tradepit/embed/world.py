"""One world of a server, and the server that was started for a program: `Tradepit`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tradepit.embed import hosts
from tradepit.embed.parts import Account, Clock, Contract, Faults, Key, Market, Row
from tradepit.embed.wire import MAIN, Moment, Number, Span, Wire, duration, milliseconds, number

if TYPE_CHECKING:
    from tradepit.embed.aio import AsyncWorld
    from tradepit.embed.clients import Clients

__tracebackhide__ = True  # a failed test is shown its own line, not how keys are sent

SCHEMES = {"http": "ws", "https": "wss"}


class World:
    """One exchange: its addresses, its accounts' keys, and everything that moves it.

    All of it asks the server's control API and blocks for as long as that takes, about a
    millisecond; `aio` is the same for programs on an event loop.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._keys: dict[str, Key] | None = None
        self._by_world = False  # known with the keys

    # --- Where it is ---------------------------------------------------------------------------

    @property
    def rest_url(self) -> str:
        """What clients take as their base address: `/api`, `/sapi`, `/fapi`, `/dapi` are below."""
        return self._wire.url

    @property
    def ws_url(self) -> str:
        """The same for sockets."""
        scheme, _, rest = self._wire.url.partition("://")
        return f"{SCHEMES[scheme]}://{rest}"

    @property
    def stream_url(self) -> str:
        """Market and user data streams of spot: `/<stream>` may follow."""
        return self.ws_url + "/ws"

    @property
    def ws_api_url(self) -> str:
        """The WebSocket API of spot."""
        return self.ws_url + "/ws-api/v3"

    @property
    def fapi_url(self) -> str:
        """USDⓈ-M futures, REST."""
        return self.rest_url + "/fapi"

    @property
    def dapi_url(self) -> str:
        """COIN-M futures, REST."""
        return self.rest_url + "/dapi"

    @property
    def ws_fapi_url(self) -> str:
        """The WebSocket API of USDⓈ-M futures."""
        return self.ws_url + "/ws-fapi/v1"

    @property
    def ws_dapi_url(self) -> str:
        """The WebSocket API of COIN-M futures."""
        return self.ws_url + "/ws-dapi/v1"

    @property
    def fstream_url(self) -> str:
        """Streams of USDⓈ-M futures."""
        return self.ws_url + "/fstream/ws"

    @property
    def dstream_url(self) -> str:
        """Streams of COIN-M futures."""
        return self.ws_url + "/dstream/ws"

    # --- What it is made of --------------------------------------------------------------------

    @property
    def info(self) -> Row:
        """Version, world, seed, time, addresses."""
        found: Row = self.call("GET info")
        return found

    @property
    def keys(self) -> dict[str, Key]:
        """The keys of alice, bob, carol, dave and erin, and of whoever `open_account` let in."""
        if self._keys is None:
            found = self.info
            rows = found["accounts"]
            self._by_world = found["timestamps"] == "world"
            self._keys = {row["name"]: Key(row["api_key"], row["secret_key"]) for row in rows}
        return self._keys

    @property
    def clock(self) -> Clock:
        return Clock(self._wire)

    @property
    def faults(self) -> Faults:
        return Faults(self._wire)

    def market(self, symbol: str) -> Market:
        return Market(self._wire, symbol)

    def contract(self, symbol: str) -> Contract:
        return Contract(self._wire, symbol)

    def account(self, name: str) -> Account:
        """Raises: KeyError for one whose key is not known here."""
        return Account(self._wire, name, self.keys[name], self._by_world)

    @property
    def accounts(self) -> dict[str, Account]:
        """All whose keys are known here."""
        return {name: self.account(name) for name in self.keys}

    def open_account(self, name: str) -> Account:
        """Open an account with a key, funded as the dev accounts are."""
        made = self.call("POST keys", account=name, open=True, label="tradepit")
        self.keys[name] = Key(made["apiKey"], made["secretKey"])
        return self.account(name)

    @property
    def clients(self) -> Clients:
        """Client libraries, made ready to trade here: `clients.ccxt("alice")`."""
        from tradepit.embed.clients import Clients

        return Clients(self)

    @property
    def aio(self) -> AsyncWorld:
        """The same to be awaited: the event loop goes on meanwhile. A bot on that loop that has to
        hear what a step of the clock does needs it."""
        from tradepit.embed.aio import AsyncWorld

        return AsyncWorld(self)

    # --- What it does --------------------------------------------------------------------------

    def call(self, operation: str, /, **given: Any) -> Any:
        """Any operation of the control API: `call("POST faucet", account="alice", asset="USDT",
        amount=5)`. Names may be written with underscores.

        Raises: Refused; OSError when the server is gone.
        """
        return self._wire.control(operation, given)

    def get(self, path: str, /, **given: Any) -> Any:
        """A public request: `get("/api/v3/klines", symbol="BTCUSDT", interval="1m")`."""
        return self.call(f"GET {path}", **given)

    def refusals(self, /, **which: Any) -> list[Row]:
        """What was refused lately, and why: `account`, `code`, `after`, `limit`."""
        return list(self.call("GET requests", **which))

    def audit(self) -> Row:
        """Add every book up. Raises: Refused when something is broken."""
        found: Row = self.call("GET audit")
        return found

    @property
    def state_hash(self) -> str:
        """Equal wherever the same happened."""
        return str(self.audit()["stateHash"])

    def replay(self, *files: str | os.PathLike[str], **how: Any) -> Row:
        """Let files of the public archive be a symbol's trades: `at="start"` at their own times,
        else shifted to begin with the next minute or candle; `symbol`, `pace`. See docs/replay.md.
        """
        paths = [os.path.abspath(path) for path in files]  # noqa: PTH100 - also for PathLikes
        return self._row("POST replays", files=paths, **how)

    # --- Its ways back -------------------------------------------------------------------------

    def save(self, name: str) -> Row:
        """Keep all of the world as it is now, under a name."""
        return self._row("POST snapshots", name=name)

    def load(self, name: str) -> Row:
        """Go on from what was saved; sockets are closed, for the world is another one."""
        return self._row("POST snapshots/load", name=name)

    def rewind(self, by: Span | None = None, *, to: Moment | None = None) -> Row:
        """Go back by a duration or to a time; what came later is lost unless it was saved."""
        return self._row(
            "POST worlds/rewind", by=None if by is None else duration(by),
            to=None if to is None else milliseconds(to),
        )  # fmt: skip

    def reset(self) -> Row:
        """Be born again, with the same seed and settings."""
        return self._row("POST worlds/reset")

    def snapshots(self) -> list[Row]:
        """What was saved, oldest first."""
        return list(self.call("GET snapshots"))

    def diff(self, before: str, after: str | None = None) -> list[Row]:
        """What changed from one snapshot to another, or to now."""
        return list(self.call("GET snapshots/diff", before=before, after=after)["differences"])

    def fork(self, name: str, snapshot: str | None = None) -> World:
        """A second world with this one's past, until now or until a snapshot."""
        self.call("POST worlds/fork", name=name, snapshot=snapshot)
        return self.world(name)

    def _row(self, operation: str, /, **given: Any) -> Row:
        found: Row = self.call(operation, **given)
        return found

    # --- Other worlds --------------------------------------------------------------------------

    def worlds(self) -> list[Row]:
        """All worlds of the server."""
        return list(self.call("GET worlds"))

    def world(self, name: str) -> World:
        """Another world of the server, by its name; whether it is there is not asked."""
        return World(self._wire.of_world(name))

    def create_world(
        self, name: str, *, accounts: Sequence[str] = (), time: Moment | None = None,
        speed: Number | None = None, **recipe: Any,
    ) -> World:  # fmt: skip
        """Make a world beside this one: `seed`, `market`, `limits`, `symbols`, `time` and `speed`
        as for `Tradepit`; `accounts` are opened beside the dev accounts."""
        at = None if time is None or time == "now" else milliseconds(time)
        pace = None if speed is None else number(speed)
        self.call("POST worlds", name=name, time=at, speed=pace, **recipe)
        made = self.world(name)
        for each in accounts:
            made.open_account(each)
        return made

    def delete(self) -> None:
        """End this world and remove everything of it; the server's first one cannot be."""
        _, _, name = self._wire.url.partition("/@")
        self._wire.of_world(MAIN).control("DELETE worlds", {"name": name or MAIN})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._wire.url or 'not started'}>"


class Tradepit(World):
    """A whole exchange for the length of a block: `with Tradepit(seed=1) as pit: …`.

    It is served from a thread of this process, or with `subprocess` from a process of its own,
    which neither shares this one's interpreter lock nor is touched by what patches its clock.
    `async with` starts and stops it off the event loop.
    """

    def __init__(
        self, *, seed: int = 1, market: str = "normal", symbols: Sequence[str] = (),
        time: Moment = "now", speed: Number = 1, accounts: Sequence[str] = (),
        subprocess: bool = False, **settings: Any,
    ) -> None:  # fmt: skip
        """seed: of market and ids. market: calm, normal, wild, flash-crash, thin, frozen, empty.
        symbols: none named: all. time: what its clock shows first. speed: its pace, 0 stands
        still. accounts: opened beside alice, bob, carol, dave and erin. settings: all others of
        docs/configuration.md; without `data` nothing is kept.

        Raises: ConfigError, TypeError for settings that make no sense.
        """
        super().__init__(Wire(""))
        at = time if time == "now" else str(milliseconds(time))
        self._host = hosts.host(
            {"seed": seed, "market": market, "symbol": tuple(symbols), "time": at,
             "speed": number(speed), **settings},
            subprocess=subprocess,
        )  # fmt: skip
        self._guests = tuple(accounts)
        self._running: contextlib.ExitStack | None = None

    def start(self) -> Tradepit:
        """Serve; returns when the first request would be answered. Raises: RuntimeError, OSError
        when it cannot start."""
        if self._running is not None:
            raise RuntimeError("it runs already")
        with contextlib.ExitStack() as stack:
            self._wire = stack.enter_context(self._host)
            stack.callback(self._forget)
            for name in self._guests:
                self.open_account(name)
            self._running = stack.pop_all()
        return self

    def stop(self) -> None:
        """End it; what was in memory is gone."""
        running, self._running = self._running, None
        if running is not None:
            running.close()

    def _forget(self) -> None:
        self._wire, self._keys = Wire(""), None

    def __enter__(self) -> Tradepit:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Tradepit:
        import asyncio

        return await asyncio.to_thread(self.start)

    async def __aexit__(self, *_: object) -> None:
        import asyncio

        await asyncio.to_thread(self.stop)


@contextlib.contextmanager
def attached(url: str) -> Iterator[World]:
    """The first world of a server that runs already."""
    yield World(hosts.found_running(url))
