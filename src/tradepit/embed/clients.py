"""Client libraries made ready to trade in a world: only their addresses differ.

None is needed by this package; one that is not installed raises `Missing`. Sync clients are plain
objects, async ones context managers that close them.
"""

from __future__ import annotations

import contextlib
import importlib
import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tradepit.embed.world import World

_ADDRESS: Final = re.compile(r"(https|wss)://([^/:]+)(?::[0-9]+)?(.*)")
# Where the hosts of streams are here. Spot's is named whole: ccxt tells its sockets from those of
# futures by the text "/stream" in the address.
_STREAMS: Final = {
    "stream.binance.com": "/stream.binance.com",
    "fstream.binance.com": "/fstream",
    "dstream.binance.com": "/dstream",
}
Patch = Callable[[Any, str, Any], None]


class Missing(ImportError):
    """A client library is not installed; the text says which, and how to install it."""


def require(name: str, package: str) -> Any:
    """A module of a package. Raises: Missing."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as wrong:
        if (wrong.name or "").partition(".")[0] != name.partition(".")[0]:
            raise  # the library is there, and something of its own is not
        raise Missing(f"{package} is not installed: pip install {package}") from None


class Clients:
    """The libraries, each signing as `account`."""

    def __init__(self, world: World) -> None:
        self.world = world

    # --- Ready-made ----------------------------------------------------------------------------

    def ccxt(self, account: str = "alice", kind: str = "binance", **config: Any) -> Any:
        """`ccxt.binance`, or another class: "binanceusdm", "binancecoinm"."""
        return self._ccxt(require("ccxt", "ccxt"), account, kind, config)

    @contextlib.asynccontextmanager
    async def ccxt_async(
        self, account: str = "alice", kind: str = "binance", **config: Any
    ) -> AsyncIterator[Any]:
        """The same of `ccxt.async_support`."""
        exchange = self._ccxt(require("ccxt.async_support", "ccxt"), account, kind, config)
        try:
            yield exchange
        finally:
            await exchange.close()

    @contextlib.asynccontextmanager
    async def ccxt_pro(
        self, account: str = "alice", kind: str = "binance", **config: Any
    ) -> AsyncIterator[Any]:
        """The same of `ccxt.pro`: its sockets, too."""
        exchange = self._ccxt(require("ccxt.pro", "ccxt"), account, kind, config)
        try:
            yield exchange
        finally:
            await exchange.close()

    def python_binance(self, account: str = "alice", **config: Any) -> Any:
        """`binance.Client` of python-binance."""
        found = require("binance.client", "python-binance").Client
        return self._python_binance(found)(*self.world.keys[account], **{"ping": False, **config})

    @contextlib.asynccontextmanager
    async def python_binance_async(
        self, account: str = "alice", **config: Any
    ) -> AsyncIterator[Any]:
        """`binance.AsyncClient`; its sockets come of `socket_manager`."""
        found = require("binance.async_client", "python-binance").AsyncClient
        client = await self._python_binance(found).create(*self.world.keys[account], **config)
        try:
            yield client
        finally:
            await client.close_connection()

    def socket_manager(self, client: Any, **config: Any) -> Any:
        """`binance.BinanceSocketManager` for an async client."""
        found = require("binance.ws.streams", "python-binance").BinanceSocketManager
        return type(found.__name__, (found,), _stream_urls(self.world))(client, **config)

    def binance_connector(self, account: str = "alice", **config: Any) -> Any:
        """`binance.spot.Spot` of binance-connector."""
        found = require("binance.spot", "binance-connector").Spot
        return found(*self.world.keys[account], base_url=self.world.rest_url, **config)

    def binance_sdk_spot(self, account: str = "alice") -> Any:
        """`Spot` of binance-sdk-spot: REST, WebSocket API and streams."""
        common = require("binance_common.configuration", "binance-sdk-spot")
        found = require("binance_sdk_spot.spot", "binance-sdk-spot").Spot
        api_key, secret = self.world.keys[account]
        signed = {"api_key": api_key, "api_secret": secret}
        url = self.world.rest_url
        return found(
            config_rest_api=common.ConfigurationRestAPI(base_path=url, retries=0, **signed),
            config_ws_api=common.ConfigurationWebSocketAPI(
                stream_url=self.world.ws_api_url, **signed
            ),
            config_ws_streams=common.ConfigurationWebSocketStreams(
                stream_url=self.world.ws_url + "/stream"
            ),
        )

    # --- Code that makes its clients itself ----------------------------------------------------

    def redirect(self, library: str, patch: Patch = setattr) -> None:
        """Lead every client of a library, "ccxt" or "python-binance", that is made from now on
        into this world, whoever makes it. patch: `setattr`, or pytest's `monkeypatch.setattr`."""
        known = {"ccxt": self._redirect_ccxt, "python-binance": self._redirect_python_binance}
        if library not in known:
            raise ValueError(f"{library!r} is none of {', '.join(known)}")
        known[library](patch)

    def _redirect_ccxt(self, patch: Patch) -> None:
        for name in ("ccxt", "ccxt.async_support", "ccxt.pro"):
            for kind in ("binance", "binanceusdm", "binancecoinm"):
                found = getattr(require(name, "ccxt"), kind)
                patch(found, "describe", _describing(found.describe, self.world))

    def _redirect_python_binance(self, patch: Patch) -> None:
        base = require("binance.base_client", "python-binance").BaseClient
        sockets = require("binance.ws.streams", "python-binance").BinanceSocketManager
        for owner, urls in ((base, _client_urls(self.world)), (sockets, _stream_urls(self.world))):
            for name, url in urls.items():
                patch(owner, name, url)

    # -------------------------------------------------------------------------------------------

    def _ccxt(self, module: Any, account: str, kind: str, config: Mapping[str, Any]) -> Any:
        api_key, secret = self.world.keys[account]
        usual = {"apiKey": api_key, "secret": secret, "enableRateLimit": False}
        exchange = getattr(module, kind)({**usual, **config})
        exchange.urls["api"] = _moved(exchange.urls["api"], self.world)
        return exchange

    def _python_binance(self, kind: Any) -> Any:
        return type(kind.__name__, (kind,), _client_urls(self.world))


def _moved(urls: Any, world: World) -> Any:
    """ccxt's table of addresses with this world's."""
    if isinstance(urls, Mapping):
        return {name: _moved(url, world) for name, url in urls.items()}
    found = _ADDRESS.match(urls) if isinstance(urls, str) else None
    if found is None:
        return urls
    base = world.ws_url if found[1] == "wss" else world.rest_url
    return base + _STREAMS.get(found[2], "") + found[3]


def _describing(describe: Callable[[Any], Any], world: World) -> Callable[[Any], Any]:
    def described(self: Any) -> Any:
        found = describe(self)
        if "api" in found.get("urls", {}):
            found["urls"]["api"] = _moved(found["urls"]["api"], world)
        return found

    return described


def _client_urls(world: World) -> dict[str, str]:
    return {
        "API_URL": world.rest_url + "/api",
        "MARGIN_API_URL": world.rest_url + "/sapi",
        "FUTURES_URL": world.fapi_url,
        "FUTURES_COIN_URL": world.dapi_url,
        "FUTURES_DATA_URL": world.rest_url + "/futures/data",
        "FUTURES_COIN_DATA_URL": world.rest_url + "/futures/data",
        "WS_API_URL": world.ws_api_url,
        "WS_FUTURES_URL": world.ws_fapi_url,
    }


def _stream_urls(world: World) -> dict[str, str]:
    return {
        "STREAM_URL": world.ws_url + "/",
        "FSTREAM_URL": world.ws_url + "/fstream/",
        "DSTREAM_URL": world.ws_url + "/dstream/",
    }
