"""Where a server listens: an address for HTTP, and one for TLS where it is asked for."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tradepit.config import Config, ConfigError
from tradepit.gateways.hosts import BINANCE

if TYPE_CHECKING:
    from tradepit.web.certificates import Authority, Secured

BACKLOG: Final = 2_048
HANDSHAKE_S: Final = 10.0
FAREWELL_S: Final = 5.0
LOOK_S: Final = 86_400.0  # how often the age of the certificate is looked at

log = logging.getLogger("tradepit.tls")


def bound(host: str, port: int) -> socket.socket:
    """A socket with an address. Raises: OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
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


class SecureListener:
    """The same server once more, behind TLS.

    Its certificate is made at start, lives in this process only, and is made anew in time.
    """

    def __init__(
        self, listener: socket.socket, secured: Secured, authority: Authority,
        certificate: Path, *, is_new: bool,
    ) -> None:  # fmt: skip
        """certificate: the file of the authority's, which clients trust. is_new: whether the
        authority was made just now."""
        self.authority = authority
        self.certificate = certificate
        self.is_new = is_new
        self.port: int = listener.getsockname()[1]
        self._listener = listener
        self._secured = secured
        self._look: asyncio.TimerHandle | None = None

    async def serve(self, protocol: Callable[[], asyncio.Protocol]) -> asyncio.Server:
        """Listen; every connection gets a protocol once its handshake is done."""
        self._watch(asyncio.get_running_loop())
        return await asyncio.get_running_loop().create_server(
            protocol, sock=self._listener, ssl=self._secured.context, backlog=BACKLOG,
            ssl_handshake_timeout=HANDSHAKE_S, ssl_shutdown_timeout=FAREWELL_S,
        )  # fmt: skip

    def close(self) -> None:
        """Let the address go."""
        if self._look is not None:
            self._look.cancel()
        self._listener.close()

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            self._secured.refresh()
        except ValueError as wrong:
            log.error("The certificate was not renewed: %s", wrong)
        self._look = loop.call_later(LOOK_S, self._watch, loop)


def secure_listener(settings: Config) -> SecureListener | None:
    """What `tls_port` asks for; None when it is off.

    Raises: OSError when the address cannot be had; ConfigError when the kept authority cannot be
    used.
    """
    if settings.tls_port is None:
        return None
    from tradepit.web import authorities  # most servers start without
    from tradepit.web.certificates import AuthorityError, Secured

    listener = bound(settings.host, settings.tls_port)
    try:
        authority, is_new = authorities.usable(settings.ca_folder)
        secured = Secured(authority, names(settings, authority))
    except AuthorityError as wrong:
        listener.close()
        raise ConfigError(str(wrong)) from None
    except BaseException:
        listener.close()
        raise
    certificate = settings.ca_folder / authorities.CERTIFICATE
    return SecureListener(listener, secured, authority, certificate, is_new=is_new)


def names(settings: Config, authority: Authority) -> list[str]:
    """What the server is called, as far as the authority may sign for it."""
    hosts = sorted(name.decode() for name in BINANCE)
    wanted = ["localhost", "127.0.0.1", "::1", *hosts, settings.host, *settings.allowed_host]
    return [name for name in dict.fromkeys(wanted) if authority.permits(name)]
