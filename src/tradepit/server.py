"""The composition root, the only file that knows every room: serves the worlds of one process."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import logging
import secrets
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import uvicorn

import tradepit
from tradepit import config
from tradepit.catalog import language, unserved
from tradepit.config import Config, ConfigError
from tradepit.control.basics import Console
from tradepit.data.exchange_info import ListingError
from tradepit.data.genesis import DEV_KEYS
from tradepit.gateways.door import Door
from tradepit.gateways.faults import Faults
from tradepit.gateways.hosts import Hosts
from tradepit.gateways.limits import all_limits
from tradepit.gateways.rest import KEEP_ALIVE_S, HttpProtocol
from tradepit.gateways.sockets import Attempts, Opener, all_manners
from tradepit.gateways.streams import StreamSession
from tradepit.gateways.trail import Trail
from tradepit.gateways.watchers import Watchers
from tradepit.gateways.worlds import World
from tradepit.gateways.ws_api import ApiSession
from tradepit.journal.datadir import DataDir, private_opener
from tradepit.journal.port import JournalError
from tradepit.journal.recovery import open_world
from tradepit.journal.sqlite import SqliteLog
from tradepit.listening import SecureListener, bound, secure_listener
from tradepit.machine import allow_files, loop_factory, on_end_of_input, on_signal, tame_collector
from tradepit.market import archive
from tradepit.market.archive import ArchiveError
from tradepit.web.documents import all_pages
from tradepit.web.pages import Pages
from tradepit.worlds.births import origins
from tradepit.worlds.hall import Hall
from tradepit.worlds.keeper import Keeper
from tradepit.worlds.recipes import MAIN, main_recipe

DRAIN_S: Final = 5  # how long clients may take to read their last answers
SQL_THREADS: Final = 4

log = logging.getLogger("tradepit.server")


def run(settings: Config) -> int:
    """`tradepit up`: serve until a signal comes; the process's exit code.

    Raises: OSError when the address cannot be had.
    """
    logging.basicConfig(format="%(asctime)s %(name)s: %(message)s", level=logging.WARNING)
    allow_files()
    with (
        bound(settings.host, settings.port) as listener,
        asyncio.Runner(loop_factory=loop_factory()) as runner,
    ):
        try:
            return runner.run(_serve_until_told(settings, listener))
        except (JournalError, ListingError, ArchiveError, ConfigError) as wrong:
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
            pit = open_world(journal, origins(settings, main_recipe(settings))).machine
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


# --- The server --------------------------------------------------------------------------------


class _Server(uvicorn.Server):
    """uvicorn's server without its signal handlers, with a second listener where there is one, and
    with a moment of readiness."""

    def __init__(self, settings: uvicorn.Config, secure: SecureListener | None) -> None:
        super().__init__(settings)
        self.secure = secure
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.secure is not None:
            self.servers.append(await self.secure.serve(self._protocol))
        self.ready.set()

    def _protocol(self) -> HttpProtocol:
        return HttpProtocol(self.config, self.server_state, self.lifespan.state)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Front:
    """What stands between the worlds and their clients; see `worlds.keeper.Gateway`."""

    def __init__(
        self, settings: Config, listener: socket.socket, secure: SecureListener | None = None
    ) -> None:
        address, port = listener.getsockname()[:2]
        self.settings = settings
        self.base = _url("http", address, port)
        self.secure = secure
        self.secure_base = _url("https", address, secure.port) if secure is not None else ""
        self.keys = DEV_KEYS if settings.insecure_dev_keys or _is_loopback(address) else ()
        self.pool = ThreadPoolExecutor(SQL_THREADS, thread_name_prefix="tradepit-sql")
        self.keeper = Keeper(settings, self)
        self.keeper.open_first()
        self.door = self._door()
        self.door.control_token = _control_token(settings, address).encode()
        self.door.control_closed = settings.control_token is not None
        self.server = _Server(_uvicorn_config(self.door), secure)

    def _door(self) -> Door:
        settings = self.settings
        return Door(
            self.keeper.worlds, language.by_route(),
            unserved=lambda method, path: unserved.find(method, path) is not None,
            hosts=Hosts((*settings.allowed_host, settings.host)), pool=self.pool,
            world_clock_only=settings.timestamps == "world",
            openers=[
                (b"/ws-api/v3", self._speaker(language.SPOT)),
                (b"/ws-fapi/v1", self._speaker(language.USDM)),
                (b"/ws-dapi/v1", self._speaker(language.COINM)),
                (b"/ws", StreamSession),
                (b"/stream", StreamSession),
                (b"/fstream", StreamSession),
                (b"/dstream", StreamSession),
            ],
            manners=all_manners(settings.ping_s, settings.ping_patience_s), pages=self._pages(),
        )  # fmt: skip

    def _pages(self) -> Pages:
        pages = all_pages()
        if self.secure is not None:
            pem = self.secure.authority.pem.encode()
            pages.add("/ca.pem", lambda query: pem, "pem")
        return pages

    def _speaker(self, venue: str) -> Opener:
        if venue == language.SPOT:
            return lambda call, manners: ApiSession(call, manners, self.door, venue)
        return lambda call, manners: ApiSession(call, manners.of_futures, self.door, venue)

    def url(self, name: str) -> str:
        return self.base if name == MAIN else f"{self.base}/@{name}"

    def urls(self, name: str) -> dict[str, str]:
        url = self.url(name)
        urls = {
            "base": url, "spot": f"{url}/api/v3", "sapi": f"{url}/sapi/v1",
            "usdm": f"{url}/fapi/v1", "coinm": f"{url}/dapi/v1",
        }  # fmt: skip
        if self.secure is not None:
            urls["https"] = url.replace(self.base, self.secure_base, 1)
        return urls

    def front(self, hall: Hall) -> World:
        trail, faults = Trail(), Faults()
        watchers = Watchers(trail)
        hall.history.url = self.url(hall.name)
        counted = hall.recipe.limits == "real"
        world = World(
            hall.name, hall.sequencer, hall.clock, history=hall.history, pool=self.pool,
            limits=all_limits(counted), attempts=Attempts(counted),
            console=Console(
                tradepit.__version__, hall.name, self.settings.timestamps, self.urls(hall.name),
                self.keys, hall.clock, hall.healthy, hall.pace, hall.advance, trail, faults,
                watchers, lambda: self._traffic(hall.name), hall.replays, self.keeper,
                hall.stage(),
            ),
            refused_keys=() if self.keys else [key.api_key for key in DEV_KEYS],
            trail=trail, faults=faults,
        )  # fmt: skip
        hall.watched = lambda: bool(world.hub.channels)
        hall.replays.drained = world.drained
        hall.sequencer.listen(world.users.applied)
        hall.sequencer.listen(world.hub.applied)
        hall.sequencer.listen(watchers.applied)
        hall.on_clock.append(world.hub.clock_changed)
        hall.on_clock.append(lambda: self.door.clock_changed())
        return world

    def part(self, world: World, words: str) -> None:
        self.door.part(world, words)
        if isinstance(world.console, Console):
            world.console.watchers.shut_down()

    def shut_down(self) -> None:
        """Tell all sockets and watchers, take no more connections."""
        self.door.shut_down()
        for world in self.keeper.worlds.values():
            if isinstance(world.console, Console):
                world.console.watchers.shut_down()
        self.server.should_exit = True

    def _traffic(self, name: str) -> dict[str, int]:
        """Sockets of one world; the rest of a server is of all its worlds."""
        http = self.server.server_state
        return {
            "answers": http.total_requests, "http": len(http.connections),
            "websocket": len(self.keeper.worlds[name].sessions),
        }  # fmt: skip


class Served:
    """A server that runs: where it is, and what it serves."""

    def __init__(self, front: Front) -> None:
        self.settings = front.settings
        self.keeper = front.keeper
        self.door = front.door
        self.url = front.base
        self.keys = front.keys
        self.control_token = front.door.control_token.decode()
        self.urls = front.urls(MAIN)
        self.secure = front.secure

    @property
    def hall(self) -> Hall:
        """The first world; another object after it was taken back."""
        return self.keeper.halls[MAIN]

    def facts(self) -> dict[str, object]:
        """What `--config-out` writes."""
        return {
            "version": tradepit.__version__,
            "world": MAIN,
            "urls": self.urls,
            "accounts": [key._asdict() for key in self.keys],
            **({"ca": str(self.secure.certificate)} if self.secure else {}),
            **({"control_token": self.control_token} if self.control_token else {}),
        }


@contextlib.asynccontextmanager
async def serving(settings: Config, listener: socket.socket) -> AsyncIterator[Served]:
    """Serve all worlds on a bound socket for as long as the block runs.

    Leaving: no new connections, what is being answered is answered, then the worlds stop.
    """
    secure = secure_listener(settings)
    front = Front(settings, listener, secure)
    try:
        await front.keeper.start()
        task = asyncio.create_task(front.server.serve([listener]), name="http")
        await front.server.ready.wait()
        try:
            yield Served(front)
        finally:
            front.shut_down()
            await task
    finally:
        await front.keeper.stop()
        front.pool.shutdown()
        if secure is not None:
            secure.close()


def _uvicorn_config(door: Door) -> uvicorn.Config:
    return uvicorn.Config(
        door,  # type: ignore[arg-type]  # our protocol calls it without ASGI
        http=HttpProtocol, ws="none", lifespan="off", interface="asgi3", loop="none",
        log_config=None, access_log=False, proxy_headers=False, server_header=False,
        timeout_keep_alive=int(KEEP_ALIVE_S), timeout_graceful_shutdown=DRAIN_S,
    )  # fmt: skip


@contextlib.contextmanager
def in_thread(settings: Config) -> Iterator[Served]:
    """Serve in a thread of its own for as long as the block runs.

    Raises: OSError when the address cannot be had; JournalError, ListingError, ArchiveError.
    """
    begun: Future[tuple[Served, Callable[[], object]]] = Future()

    async def live() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        async with serving(settings, listener) as served:
            begun.set_result((served, lambda: loop.call_soon_threadsafe(stop.set)))
            await stop.wait()

    def work() -> None:
        # The loop is made and ended here: the asker's thread may be running another one.
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(live())
        except BaseException as wrong:
            if begun.done():
                raise
            begun.set_exception(wrong)

    with bound(settings.host, settings.port) as listener:
        thread = threading.Thread(target=work, name="tradepit", daemon=True)
        thread.start()
        try:
            served, stop = begun.result()
            try:
                yield served
            finally:
                stop()
        finally:
            thread.join()


async def _serve_until_told(settings: Config, listener: socket.socket) -> int:
    loop = asyncio.get_running_loop()
    told: asyncio.Future[int] = loop.create_future()

    def tell(code: int) -> None:
        if not told.done():
            told.set_result(code)

    on_signal(loop, signal.SIGINT, lambda: tell(config.INTERRUPTED))
    on_signal(loop, signal.SIGTERM, lambda: tell(config.OK))
    if settings.end_with_input:
        on_end_of_input(lambda: loop.call_soon_threadsafe(tell, config.OK))
    async with serving(settings, listener) as served:
        served.keeper.on_first = lambda reason: tell(config.FAILED)
        if served.hall.sequencer.broken:
            tell(config.FAILED)
        if settings.config_out is not None:
            _write_private(settings.config_out, json.dumps(served.facts(), indent=2) + "\n")
        _say(_banner(served))
        tame_collector()
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
        f"  Futures        {url}/fapi/v1 and /dapi/v1,",
        f"                 {socket_url}/ws-fapi/v1 and /ws-dapi/v1, /fstream and /dstream",
        f"  Control        {url}/_tradepit/v1/info",
        f"  Pages          {url}/",
    ]
    if served.secure is not None:
        lines.append(f"  TLS            {served.urls['https']}")
        lines.append(f"                 {_trust(served.secure)}")
    lines.append("")
    for key in served.keys:
        lines.append(f"  {key.name:<6} api key  {key.api_key}")
        lines.append(f"         secret   {key.secret_key}")
    if not served.keys:
        lines.append("  The published dev keys are refused on this address (--insecure-dev-keys).")
    if served.control_token:
        lines.append(f"  Control asks for this token: {served.control_token}")
    lines += ["", f"  curl '{url}/api/v3/depth?symbol=BTCUSDT&limit=5'", ""]
    return "\n".join(lines)


def _trust(secure: SecureListener) -> str:
    """How clients come to trust the certificates."""
    made = "A new authority was made. " if secure.is_new else ""
    return f"{made}Clients trust it by SSL_CERT_FILE={secure.certificate}"


# --- Small things ------------------------------------------------------------------------------


def _control_token(settings: Config, address: str) -> str:
    """What control asks for; empty where only this machine can come."""
    if settings.control_token is not None:
        return settings.control_token
    return "" if _is_loopback(address) else secrets.token_urlsafe(24)


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def _url(scheme: str, address: str, port: int) -> str:
    if ipaddress.ip_address(address.partition("%")[0]).is_unspecified:
        address = "127.0.0.1"
    return f"{scheme}://[{address}]:{port}" if ":" in address else f"{scheme}://{address}:{port}"


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
