"""Which names this server answers to, and which paths a Binance host of that name would serve.

A name that is neither the machine's own, nor Binance's, nor allowed by the operator is refused
before anything else: a page whose DNS name was turned to this machine gets nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple


class Venue(NamedTuple):
    """What a name stands for. paths: None: all. world: the world a `name.localhost` chooses.
    prefix: where on this server the host's paths begin."""

    paths: tuple[bytes, ...] | None = None
    signed: bool = True
    world: str = ""
    prefix: bytes = b""


HOME: Final = Venue()

_SPOT = Venue((b"/api/", b"/sapi/"))
_SPOT_TESTNET = Venue((b"/api/", b"/ws-api/", b"/ws/", b"/stream/"))
_SPOT_DATA = Venue((b"/api/",), signed=False)
_USDM = Venue((b"/fapi/", b"/futures/data/"))
_COINM = Venue((b"/dapi/", b"/futures/data/"))
_FUTURES_TESTNET = Venue((b"/fapi/", b"/dapi/", b"/futures/data/", b"/ws-fapi/", b"/ws-dapi/"))
_STREAMS = Venue((b"/ws/", b"/stream/"))
_DATA_STREAMS = Venue((b"/ws/", b"/stream/"), signed=False)
_USDM_STREAMS = Venue((b"/fstream/",), prefix=b"/fstream")
_COINM_STREAMS = Venue((b"/dstream/",), prefix=b"/dstream")
_WS_API = Venue((b"/ws-api/",))
_WS_FAPI = Venue((b"/ws-fapi/",))
_WS_DAPI = Venue((b"/ws-dapi/",))

BINANCE: Final[dict[bytes, Venue]] = {
    b"api.binance.com": _SPOT,
    b"api-gcp.binance.com": _SPOT,
    b"api1.binance.com": _SPOT,
    b"api2.binance.com": _SPOT,
    b"api3.binance.com": _SPOT,
    b"api4.binance.com": _SPOT,
    b"demo-api.binance.com": _SPOT_TESTNET,
    b"testnet.binance.vision": _SPOT_TESTNET,
    b"data-api.binance.vision": _SPOT_DATA,
    b"fapi.binance.com": _USDM,
    b"demo-fapi.binance.com": _USDM,
    b"dapi.binance.com": _COINM,
    b"demo-dapi.binance.com": _COINM,
    b"testnet.binancefuture.com": _FUTURES_TESTNET,
    b"stream.binance.com": _STREAMS,
    b"demo-stream.binance.com": _STREAMS,
    b"stream.testnet.binance.vision": _STREAMS,
    b"data-stream.binance.vision": _DATA_STREAMS,
    b"fstream.binance.com": _USDM_STREAMS,
    b"fstream-auth.binance.com": _USDM_STREAMS,
    b"fstream-mm.binance.com": _USDM_STREAMS,
    b"demo-fstream.binance.com": _USDM_STREAMS,
    b"fstream.binancefuture.com": _USDM_STREAMS,
    b"stream.binancefuture.com": _USDM_STREAMS,
    b"dstream.binance.com": _COINM_STREAMS,
    b"demo-dstream.binance.com": _COINM_STREAMS,
    b"dstream.binancefuture.com": _COINM_STREAMS,
    b"ws-fapi.binance.com": _WS_FAPI,
    b"ws-fapi-mm.binance.com": _WS_FAPI,
    b"ws-dapi.binance.com": _WS_DAPI,
    b"ws-api.binance.com": _WS_API,
    b"demo-ws-api.binance.com": _WS_API,
    b"ws-api.testnet.binance.vision": _WS_API,
}

_AUTHORITY = re.compile(rb"(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(?::[0-9]{1,5})?")
_WORLD = re.compile(rb"([a-z0-9_-]{1,63})\.localhost")
_LOCAL: Final = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})
_REMEMBERED: Final = 256


class Hosts:
    """The names that are answered."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        """allowed: further names (without port) that stand for this server."""
        self._own = _LOCAL | {name.lower().encode() for name in allowed}
        self._known: dict[bytes, Venue | None] = {}

    def find(self, authority: bytes) -> Venue | None:
        """What a `Host:` value stands for; None: refused."""
        if authority in self._known:
            return self._known[authority]
        venue = self._find(authority.lower())
        if len(self._known) < _REMEMBERED:
            self._known[authority] = venue
        return venue

    def _find(self, authority: bytes) -> Venue | None:
        match = _AUTHORITY.fullmatch(authority)
        if match is None:
            return None
        name = match[1]
        if name in self._own:
            return HOME
        world = _WORLD.fullmatch(name)
        if world is not None:
            return Venue(world=world[1].decode())
        return BINANCE.get(name)


def is_own_origin(origin: bytes, authority: bytes) -> bool:
    """Whether a page of this very server sent the request: same name, same port."""
    scheme, mark, rest = origin.lower().partition(b"://")
    return bool(mark) and scheme in (b"http", b"https") and rest == authority.lower()
