"""The composition root, the only file that knows every room: builds a world, serves it, ends it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ipaddress
import json
import logging
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import uvicorn

import tradepit
from tradepit import config
from tradepit.catalog import language, publish, unserved
from tradepit.config import Config
from tradepit.control.basics import COUNT_ORDERS, Console, CountOrders
from tradepit.control.clock import SET_CLOCK, SetClock
from tradepit.core.bars import MINUTE_US
from tradepit.core.exchange import Exchange
from tradepit.data import spot_listing
from tradepit.data.exchange_info import ListingError, read_exchange_info
from tradepit.data.genesis import DEV_KEYS, DevKey, genesis
from tradepit.gateways.door import Door
from tradepit.gateways.faults import Faults
from tradepit.gateways.hosts import Hosts
from tradepit.gateways.limits import all_limits
from tradepit.gateways.rest import KEEP_ALIVE_S, HttpProtocol
from tradepit.gateways.sockets import Attempts, Manners
from tradepit.gateways.streams import StreamSession
from tradepit.gateways.trail import Trail
from tradepit.gateways.watchers import Watchers
from tradepit.gateways.worlds import World
from tradepit.gateways.ws_api import ApiSession
from tradepit.journal.clock import REAL, WorldClock, wall_us
from tradepit.journal.datadir import DataDir, private_opener
from tradepit.journal.memory import MemoryLog
from tradepit.journal.port import JournalError, Log
from tradepit.journal.recovery import Origins, open_world
from tradepit.journal.sequencer import HOUSE, Options, Sequencer
from tradepit.journal.sqlite import SqliteLog
from tradepit.market import archive
from tradepit.market.archive import ArchiveError
from tradepit.market.maker import MAKERS
from tradepit.market.past import pasts_of, with_past
from tradepit.market.presets import PRESETS
from tradepit.market.replay import Replays, read_tape, worth
from tradepit.market.residents import Residents
from tradepit.market.takers import TAKERS
from tradepit.market.tapefile import Tape
from tradepit.projections.history import SqlHistory
from tradepit.projections.projector import Projector
from tradepit.projections.store import Store, sqlite_url
from tradepit.web.documents import all_pages

MAIN: Final = "main"
AUDIT_EVERY: Final = 1_000  # commands, with --audit
DRAIN_S: Final = 5  # how long clients may take to read their last answers
SQL_THREADS: Final = 4
COLLECT_AFTER: Final = (20_000, 20, 50)  # new objects; young collections; middle ones
FILES_WANTED: Final = 8_192  # sockets are files

log = logging.getLogger("tradepit.server")


def run(settings: Config) -> int:
    """`tradepit up`: serve until a signal comes; the process's exit code.

    Raises: OSError when the address cannot be had.
    """
    logging.basicConfig(format="%(asctime)s %(name)s: %(message)s", level=logging.WARNING)
    _allow_files()
    with _bound(settings) as listener, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            return runner.run(_serve_until_told(settings, listener))
        except (JournalError, ListingError, ArchiveError) as wrong:
            _say(f"tradepit: {wrong}", sys.stderr)
            return config.FAILED


def audit(settings: Config) -> int:
    """`tradepit audit`: add a stopped world up; the process's exit code."""
    if not settings.data_dir.is_dir():
        _say(f"tradepit: there is no world in {settings.data_dir}", sys.stderr)
        return config.FAILED
    try:
        home = DataDir(settings.data_dir)
        with contextlib.closing(SqliteLog(home)) as journal:
            if not journal.last_seq and not journal.snapshots():
                _say(f"tradepit: there is no world in {settings.data_dir}", sys.stderr)
                return config.FAILED
            pit = open_world(journal, _origins(settings)).machine
            found = pit.audit()
        home.release()
    except JournalError as wrong:
        _say(f"tradepit: {wrong}", sys.stderr)
        return config.FAILED
    for broken in found:
        _say(broken)
    _say(f"{pit.seq} commands, {len(pit.accounts)} accounts, state {pit.state_hash()}: "
         + (f"{len(found)} rules are broken" if found else "all books balance"))  # fmt: skip
    return config.CHECK_FAILED if found else config.OK


def text_size(files: Sequence[Path]) -> int:
    """About how many bytes of text `prepare_tape` will tell its progress of."""
    return sum(map(archive.text_size, files))


def prepare_tape(files: Sequence[Path], symbol: str, into: Path, progress: archive.Progress) -> int:
    """`tradepit import`: read files of the public archive into one that a server takes at once;
    how many rows it has. Raises: ValueError, OSError, in words for who asked."""
    tape = archive.read_archive(files, symbol, progress)
    tape.save(into)
    return len(tape)


# --- A world ---------------------------------------------------------------------------------


class Hall:
    """One world with everything that keeps it alive: log, history, sequencer, residents."""

    def __init__(self, settings: Config, name: str = MAIN) -> None:
        """Opens the log and recovers the state. Raises: JournalError, ListingError, OSError."""
        self.name = name
        self.settings = settings
        self._scratch = tempfile.TemporaryDirectory(prefix="tradepit-") if settings.memory else None
        self._home = DataDir(Path(self._scratch.name) if self._scratch else settings.data_dir)
        self._log: Log = (
            MemoryLog()
            if settings.memory
            else SqliteLog(
                self._home,
                sync="disk" if settings.sync == "disk" else "os",
                keep_s=settings.keep_hours * 3_600,
            )
        )
        store = Store(sqlite_url(self._home.file("history.sqlite3")), keep=not settings.memory)
        self._projector = Projector(store)
        self._born_of: list[Tape] = []  # what a new world begins with
        world = open_world(self._log, _origins(settings, self._born_of), self._projector)
        self._projector.refill(world.machine)
        self.clock = _clock_of(world.machine)
        every = AUDIT_EVERY if settings.audit else 0
        self.sequencer = Sequencer(world, self.clock, Options(audit_every=every))
        self.sequencer.listen(self._projector.tell)
        self.sequencer.brakes.append(self._projector.behind)
        self.sequencer.cursor = lambda: self._projector.cursor
        self.history = SqlHistory(self._projector, self.clock, lambda: self.sequencer.machine)
        self.residents: Residents | None = None
        self.replays = Replays(
            self.pit.seed, self.sequencer, self.clock, self._home.path / "tapes",
            lambda: self.watched(),
        )  # fmt: skip
        self.sequencer.holds.append(self.replays.held_us)
        self.watched: Callable[[], bool] = lambda: False  # whether somebody listens to the market
        self.on_clock: list[Callable[[], None]] = []  # told when the clock goes another way

    @property
    def pit(self) -> Exchange:
        return self.sequencer.machine

    async def start(self) -> None:
        await self._projector.start()
        await self.sequencer.start()
        counted = self.settings.limits == "real"
        if self.pit.count_orders != counted:
            await self.sequencer.submit(HOUSE, COUNT_ORDERS, CountOrders(on=counted))
        await self.replays.start()
        self.on_clock.append(self.replays.clock_changed)
        for tape in self._born_of:
            await self.replays.begin(tape, tape.symbol, "birth")
        preset = PRESETS.get(self.settings.market)
        if preset is not None and self.pit.names.keys() >= set(MAKERS):
            self.residents = Residents(
                self.pit, self.sequencer, self.clock, preset, lambda: self.watched()
            )
            self.residents.on_way = self.replays.pass_to
            self.on_clock.append(self.residents.clock_changed)
            await self.residents.start()

    async def stop(self) -> None:
        """Residents leave, the log gets its snapshot, the history its last rows."""
        await self.replays.stop()
        if self.residents is not None:
            await self.residents.stop()
        await self.sequencer.stop()
        await self._projector.stop()
        self._log.close()
        self._home.release()
        if self._scratch is not None:
            self._scratch.cleanup()

    async def pace(self, speed: int) -> None:
        """Let the world's clock go at `speed` thousandths of the wall's pace."""
        self.clock.set(self.clock.now_us(), speed)
        await self._note_clock()

    async def advance(self, until_us: int) -> None:
        """Set the world's clock forward; residents trade on the way."""
        if self.residents is not None and self.residents.preset.moves:
            await self.residents.pass_time(until_us)
        else:
            await self.replays.pass_time(until_us)
        await self._note_clock()

    async def _note_clock(self) -> None:
        ask = SetClock(speed=self.clock.speed, offset_us=self.clock.offset_us)
        await self.sequencer.submit(HOUSE, SET_CLOCK, ask)
        self.sequencer.clock_changed()
        for changed in self.on_clock:
            changed()

    def healthy(self) -> dict[str, bool]:
        """Whether orders are taken, and whether the market is what its preset promises: every
        book has two sides, and those who trade are there."""
        parts = {"orders": not self.sequencer.broken}
        if self.residents is not None:
            books = [self.pit.symbols[name].book for name in self.residents.promised()]
            parts["market"] = all(book.bids.best() and book.asks.best() for book in books)
            parts["residents"] = self.residents.alive()
        return parts


def _clock_of(pit: Exchange) -> WorldClock:
    """The clock of a world that goes on: a real one shows now, any other where it stopped."""
    if pit.clock_speed == REAL:
        return WorldClock(pit.clock_offset_us)
    clock = WorldClock(pit.at_us - wall_us())
    clock.set(pit.at_us, pit.clock_speed)
    return clock


class Codec:
    """Requests as the log keeps them; see `journal.records.AskCodec`."""

    def pack_ask(self, ask: object) -> bytes:
        assert isinstance(ask, language.Ask)
        return language.pack_ask(ask)

    def unpack_ask(self, op: str, packed: bytes) -> object:
        return language.unpack_ask(op, packed)


def _origins(settings: Config, born_of: list[Tape] | None = None) -> Origins[Exchange]:
    """How the world of these settings begins. born_of: gets the tape with which a new one does."""
    publish.load()
    handlers = language.commands()

    def birth() -> Exchange:
        listing = (
            read_exchange_info(settings.exchange_info)
            if settings.exchange_info is not None
            else spot_listing()
        )
        if settings.market != "empty":
            listing = with_past(listing, settings.seed)
        born_us = time.time_ns() // 1_000
        if settings.replay:
            tape = read_tape([Path(name) for name in settings.replay])
            listing = worth(listing, tape.symbol, tape.first_price)
            born_us = tape.start_us
            if born_of is not None:
                born_of.append(tape)
        born_us -= born_us % MINUTE_US
        pit = Exchange(
            handlers,
            genesis(listing, seed=settings.seed, born_us=born_us, residents=MAKERS, takers=TAKERS),
        )
        for name, past in pasts_of(pit.symbols, born_us).items():
            pit.symbols[name].begin(past, born_us)
        if settings.replay:
            pit.clock_offset_us = born_us - wall_us()
        return pit

    def load(state: dict[str, Any]) -> Exchange:
        pit = Exchange.load(handlers, state)
        for name, past in pasts_of(pit.symbols, pit.born_us).items():
            pit.symbols[name].tape.past = past
        return pit

    return Origins(birth, load, Codec())


# --- The server --------------------------------------------------------------------------------


class _Server(uvicorn.Server):
    """uvicorn's server without its signal handlers, and with a moment of readiness."""

    def __init__(self, settings: uvicorn.Config) -> None:
        super().__init__(settings)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Served:
    """A server that runs: where it is, and what it serves."""

    def __init__(self, hall: Hall, url: str, keys: tuple[DevKey, ...]) -> None:
        self.hall = hall
        self.door: Door
        self.url = url
        self.keys = keys
        self.urls = {"base": url, "spot": f"{url}/api/v3", "sapi": f"{url}/sapi/v1"}

    def facts(self) -> dict[str, object]:
        """What `--config-out` writes."""
        return {
            "version": tradepit.__version__,
            "world": self.hall.name,
            "urls": self.urls,
            "accounts": [key._asdict() for key in self.keys],
        }


@contextlib.asynccontextmanager
async def serving(settings: Config, listener: socket.socket) -> AsyncIterator[Served]:
    """Serve a world on a bound socket for as long as the block runs.

    Leaving: no new connections, what is being answered is answered, then the world stops.
    """
    hall = Hall(settings)
    pool = ThreadPoolExecutor(SQL_THREADS, thread_name_prefix="tradepit-sql")
    address, port = listener.getsockname()[:2]
    keys = DEV_KEYS if settings.insecure_dev_keys or _is_loopback(address) else ()
    trail, faults, watchers = Trail(), Faults(), Watchers()
    trail.listeners.append(watchers.refused)

    def traffic() -> dict[str, int]:
        http = server.server_state
        return {
            "answers": http.total_requests, "http": len(http.connections),
            "websocket": len(door.sessions),
        }  # fmt: skip

    served = Served(hall, _url(address, port), keys)
    world = World(
        hall.name, hall.sequencer, hall.clock, history=hall.history, pool=pool,
        limits=all_limits(settings.limits == "real"),
        console=Console(
            tradepit.__version__, hall.name, served.urls, keys, hall.clock, hall.healthy,
            hall.pace, hall.advance, trail, faults, watchers, traffic, hall.replays,
        ),
        refused_keys=() if keys else [key.api_key for key in DEV_KEYS],
        trail=trail, faults=faults,
    )  # fmt: skip
    door = Door(
        {hall.name: world}, language.by_route(),
        unserved=lambda method, path: unserved.find(method, path) is not None,
        hosts=Hosts((*settings.allowed_host, settings.host)), pool=pool,
        world_clock_only=settings.timestamps == "world",
        openers=[
            (b"/ws-api/v3", lambda call, manners: ApiSession(call, manners, door)),
            (b"/ws-fapi/v1", lambda call, manners: ApiSession(call, manners, door, language.USDM)),
            (b"/ws-dapi/v1", lambda call, manners: ApiSession(call, manners, door, language.COINM)),
            (b"/ws", StreamSession),
            (b"/stream", StreamSession),
        ],
        manners=Manners(settings.ping_s, settings.ping_patience_s),
        attempts=Attempts(settings.limits == "real"), pages=all_pages(),
    )  # fmt: skip
    served.door = door
    hall.watched = lambda: bool(world.hub.channels)
    hall.sequencer.listen(world.users.applied)
    hall.sequencer.listen(world.hub.applied)
    hall.sequencer.listen(watchers.applied)
    hall.on_clock.append(world.hub.clock_changed)
    hall.on_clock.append(door.clock_changed)
    server = _Server(_uvicorn_config(door))
    try:
        await hall.start()
        task = asyncio.create_task(server.serve([listener]), name="http")
        await server.ready.wait()
        try:
            yield served
        finally:
            door.shut_down()
            watchers.shut_down()
            server.should_exit = True
            await task
    finally:
        await hall.stop()
        pool.shutdown()


def _uvicorn_config(door: Door) -> uvicorn.Config:
    return uvicorn.Config(
        door,  # type: ignore[arg-type]  # our protocol calls it without ASGI
        http=HttpProtocol, ws="none", lifespan="off", interface="asgi3", loop="none",
        log_config=None, access_log=False, proxy_headers=False, server_header=False,
        timeout_keep_alive=int(KEEP_ALIVE_S), timeout_graceful_shutdown=DRAIN_S,
    )  # fmt: skip


async def _serve_until_told(settings: Config, listener: socket.socket) -> int:
    loop = asyncio.get_running_loop()
    told: asyncio.Future[int] = loop.create_future()

    def tell(code: int) -> None:
        if not told.done():
            told.set_result(code)

    _on_signal(loop, signal.SIGINT, lambda: tell(config.INTERRUPTED))
    _on_signal(loop, signal.SIGTERM, lambda: tell(config.OK))
    async with serving(settings, listener) as served:
        served.hall.sequencer.on_broken = lambda reason: tell(config.FAILED)
        if served.hall.sequencer.broken:
            tell(config.FAILED)
        if settings.config_out is not None:
            _write_private(settings.config_out, json.dumps(served.facts(), indent=2) + "\n")
        _say(_banner(served))
        _tame_collector()
        return await told


def _banner(served: Served) -> str:
    url = served.url
    socket_url = url.replace("http", "ws", 1)
    lines = [
        f"tradepit {tradepit.__version__} ({tradepit.core_kind()} core), independent of Binance",
        "",
        f"  REST API       {url}/api/v3",
        f"  WebSocket API  {socket_url}/ws-api/v3",
        f"  Streams        {socket_url}/ws and /stream",
        f"  Control        {url}/_tradepit/v1/info",
        f"  Pages          {url}/",
        "",
    ]
    for key in served.keys:
        lines.append(f"  {key.name:<6} api key  {key.api_key}")
        lines.append(f"         secret   {key.secret_key}")
    if not served.keys:
        lines.append("  The published dev keys are refused on this address (--insecure-dev-keys).")
    lines += ["", f"  curl '{url}/api/v3/depth?symbol=BTCUSDT&limit=5'", ""]
    return "\n".join(lines)


# --- The machine -------------------------------------------------------------------------------


def _bound(settings: Config) -> socket.socket:
    """A listening address. Raises: OSError."""
    found = socket.getaddrinfo(
        settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def _url(address: str, port: int) -> str:
    if ipaddress.ip_address(address.partition("%")[0]).is_unspecified:
        address = "127.0.0.1"
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _on_signal(loop: asyncio.AbstractEventLoop, number: int, act: Any) -> None:
    try:
        loop.add_signal_handler(number, act)
    except NotImplementedError:  # Windows
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(act))


def _tame_collector() -> None:
    """What lives until the end need not be looked through again and again, and what a request
    leaves behind is mostly no cycle: looking more seldom is a fifth of an order's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def _allow_files() -> None:
    """Raise the soft limit of open files as far as is useful and allowed."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _write_private(path: Path, text: str) -> None:
    """Write a file with mode 0600 that is there whole or not at all."""
    beside = path.with_name(path.name + ".part")
    with open(beside, "w", opener=private_opener) as file:
        file.write(text)
    beside.replace(path)


def _say(text: str, stream: Any = None) -> None:
    stream = stream or sys.stdout
    stream.write(text + "\n")
    stream.flush()
