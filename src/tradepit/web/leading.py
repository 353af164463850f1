"""`tradepit exec`: a command for which Binance's host names lead to this exchange.

The command gets a proxy and an authority through environment variables; nothing of the machine is
changed, and the proxy is gone when it ends. The authority is the one that `tradepit ca` keeps, or
one of the command's own that is gone as well. The proxy answers for Binance's names itself and
lets nothing through to any other host, so that nothing can reach the real exchange by mistake.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import ssl
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tradepit.gateways.hosts import BINANCE
from tradepit.web import authorities
from tradepit.web.certificates import Authority, Secured

CHUNK: Final = 65_536
LONGEST_HEAD: Final = 65_536  # more than a server takes, so that it is what refuses
PROXIES: Final = ("HTTPS_PROXY", "https_proxy", "WSS_PROXY", "wss_proxy")
TRUST: Final = (
    "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
    "WEBSOCKET_CLIENT_CA_BUNDLE", "AWS_CA_BUNDLE",
)  # fmt: skip
BYPASSES: Final = ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy")

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)
_CONNECT = re.compile(rb"CONNECT ([A-Za-z0-9.-]{1,253}):([0-9]{1,5}) HTTP/1\.[01]\r\n")


class Leader:
    """The proxy. target: (host, port) of the exchange. world: which of its worlds; empty: the
    first."""

    def __init__(self, target: tuple[str, int], authority: Authority, world: str = "") -> None:
        self.target = target
        self.authority = authority
        self.line = f"X-Tradepit-World: {world}\r\n".encode() if world else b""
        self._secured: dict[str, Secured] = {}

    async def serve(self) -> asyncio.Server:
        """Listen on a free port of this machine."""
        return await asyncio.start_server(self._met, "127.0.0.1", 0, limit=LONGEST_HEAD)

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await self._lead(reader, writer)
        writer.close()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        found = _CONNECT.match(head)
        name = found[1].lower() if found else b""
        if name not in BINANCE:
            words = b"tradepit exec leads Binance's host names only.\n"
            writer.write(
                b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nConnection: close\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(words), words)
            )
            await writer.drain()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        await writer.start_tls(self._context(name.decode()))
        there_reader, there_writer = await asyncio.open_connection(*self.target)
        asking = _name_world(reader, there_writer, self.line) if self.line else None
        try:
            await asyncio.gather(asking or _pump(reader, there_writer), _pump(there_reader, writer))
        finally:
            there_writer.close()

    def _context(self, name: str) -> ssl.SSLContext:
        if name not in self._secured:
            self._secured[name] = Secured(self.authority, [name])
        self._secured[name].refresh()
        return self._secured[name].context


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Bytes from one side to the other, until the first goes."""
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


async def _name_world(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes
) -> None:
    """Requests, each with a header line more, until the client goes, or changes to a protocol that
    is not HTTP. Binance's paths and names are part of what a client asks, a header is not."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            first, end, rest = head.partition(b"\r\n")
            writer.write(first + end + line + rest)
            if _UPGRADE.search(head):
                break
            if _CHUNKED.search(head):
                await _pass_chunks(reader, writer)
            elif (length := _LENGTH.search(head)) is not None:
                await _pass_bytes(reader, writer, int(length[1]))
            await writer.drain()
    except asyncio.LimitOverrunError:
        pass  # the server says what it thinks of such a head
    except asyncio.IncompleteReadError as gone:
        writer.write(gone.partial)
        writer.close()
        return
    await _pump(reader, writer)


async def _pass_bytes(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, count: int
) -> None:
    while count:
        data = await reader.read(min(count, CHUNK))
        if not data:
            raise asyncio.IncompleteReadError(b"", count)
        count -= len(data)
        writer.write(data)
        await writer.drain()


async def _pass_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A body in chunks, and what may stand behind the last one."""
    size = -1
    while size:
        line = await reader.readuntil(b"\r\n")
        writer.write(line)
        try:
            size = int(line.split(b";")[0], 16)
        except ValueError:
            return  # no number: the server refuses it
        if size:
            await _pass_bytes(reader, writer, size + 2)
    while line != b"\r\n":
        line = await reader.readuntil(b"\r\n")
        writer.write(line)


def led(environ: Mapping[str, str], proxy: str, trusted: Path) -> dict[str, str]:
    """The environment of a command whose https goes through `proxy` and trusts `trusted`."""
    env = {name: value for name, value in environ.items() if name not in BYPASSES}
    env |= dict.fromkeys(PROXIES, proxy) | dict.fromkeys(TRUST, str(trusted))
    return env | {"NODE_USE_ENV_PROXY": "1"}


def run(command: Sequence[str], url: str, kept: Path, world: str = "") -> int:
    """Run a command; its exit code. kept: where `tradepit ca` keeps an authority, if it does.
    world: which world of the server, if not the first.

    Raises: OSError when the command cannot be started; AuthorityError when the kept authority
    cannot be used.
    """
    parts = urlsplit(url)
    authority = authorities.load(kept) or Authority.made()
    authority.check_date()
    leader = Leader((parts.hostname or "127.0.0.1", parts.port or 80), authority, world)
    with tempfile.TemporaryDirectory(prefix="tradepit-") as folder:
        trusted = Path(folder, "authority.pem")
        trusted.write_text(leader.authority.pem, "ascii")
        return asyncio.run(_run(command, leader, trusted))


async def _run(command: Sequence[str], leader: Leader, trusted: Path) -> int:
    server = await leader.serve()
    port = server.sockets[0].getsockname()[1]
    env = led(os.environ, f"http://127.0.0.1:{port}", trusted)
    # With our own standard streams: whoever types speaks with the command.
    child = await asyncio.create_subprocess_exec(*command, env=env)
    try:
        return await child.wait()
    finally:
        if child.returncode is None:
            child.terminate()
        server.close()
