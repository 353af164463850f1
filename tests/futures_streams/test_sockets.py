"""Where sockets of futures streams stand, by path and by host, and how they are treated."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from typing import cast

import pytest
from tests.gateways.conftest import Server
from tests.streams.listening import Listener
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tradepit.gateways.streams import Address, StreamSession


@contextlib.contextmanager
def opened(server: Server, host: str, target: str) -> Iterator[StreamSession]:
    """The server's side of a socket that a client opened there; host: empty for the server's."""
    line = socket.create_connection(("127.0.0.1", server.port))
    uri = f"ws://{host or 'localhost'}{target}"
    sessions = server.served.door.sessions
    before = set(sessions)
    with connect(uri, sock=line, compression=None) as client:
        client.send('{"method":"LIST_SUBSCRIPTIONS","id":1}')
        client.recv(timeout=5)
        (session,) = set(sessions) - before
        yield cast("StreamSession", session)


@pytest.mark.parametrize(
    ("host", "target", "address", "streams"),
    [
        ("", "/fstream/ws/btcusdt@aggTrade/a@b", ("usdm", "", False), ["btcusdt@aggTrade", "a@b"]),
        ("", "/fstream/ws", ("usdm", "", False), []),
        ("", "/fstream", ("usdm", "", True), []),
        ("", "/fstream/stream?streams=x@y/z@y", ("usdm", "", True), ["x@y", "z@y"]),
        ("", "/fstream/market", ("usdm", "market", True), []),
        ("", "/fstream/stream?streams=", ("usdm", "", True), []),
        ("", "/fstream/public/ws/5", ("usdm", "public", False), ["5"]),
        ("", "/fstream/market/stream?streams=x@y", ("usdm", "market", True), ["x@y"]),
        ("", "/fstream/private/ws?listenKey=abc", ("usdm", "private", False), ["abc"]),
        ("", "/fstream/private/stream?listenKey=", ("usdm", "private", True), []),
        ("", "/dstream/ws/btcusd_perp@trade", ("coinm", "", False), ["btcusd_perp@trade"]),
        ("", "/dstream/stream?streams=x@y&timeUnit=z", ("coinm", "", True), ["x@y"]),
        ("", "/@main/dstream", ("coinm", "", True), []),
        ("", "/fstream.binance.com/ws/x", ("usdm", "", False), ["x"]),
        ("", "/@main/dstream.binance.com/stream", ("coinm", "", True), []),
        ("fstream.binance.com", "/ws/x", ("usdm", "", False), ["x"]),
        ("fstream.binance.com", "/market/ws/x", ("usdm", "market", False), ["x"]),
        ("fstream-auth.binance.com", "/ws?listenKey=k", ("usdm", "", False), ["k"]),
        ("fstream-mm.binance.com", "/stream", ("usdm", "", True), []),
        ("demo-fstream.binance.com", "/stream", ("usdm", "", True), []),
        ("stream.binancefuture.com", "/ws/x", ("usdm", "", False), ["x"]),
        ("fstream.binancefuture.com", "/ws/x", ("usdm", "", False), ["x"]),
        ("dstream.binance.com", "/ws/x", ("coinm", "", False), ["x"]),
        ("dstream.binancefuture.com", "/ws/x", ("coinm", "", False), ["x"]),
        ("", "/ws/x/y", ("spot", "", False), ["x", "y"]),
        ("stream.binance.com", "/stream?streams=x", ("spot", "", True), ["x"]),
    ],
)
def test_where_they_stand(
    server: Server, host: str, target: str, address: tuple[str, str, bool], streams: list[str]
) -> None:
    with opened(server, host, target) as session:
        found: Address = session.address
        assert (found.product, found.group, found.combined) == address
        assert list(session.streams) == streams


@pytest.mark.parametrize(
    ("host", "target"),
    [
        ("", "/fstream/api"), ("", "/public/ws"), ("", "/fstreams"),
        ("", "/fstream/dstream/ws"), ("fstream.binance.com", "/fstream/ws"),
        ("fstream.binance.com", "/ws-fapi/v1"), ("dstream.binance.com", "/api/v3/ping"),
        ("stream.binance.com", "/fstream/ws"), ("ws-fapi.binance.com", "/ws-dapi/v1"),
        ("ws-fapi.binance.com", "/ws"), ("testnet.binancefuture.com", "/ws"),
    ],
)  # fmt: skip
def test_where_none_stand(server: Server, host: str, target: str) -> None:
    with pytest.raises(InvalidStatus) as refused, opened(server, host, target):
        pass
    assert refused.value.response.status_code == 404


@pytest.mark.parametrize(
    ("host", "target"),
    [
        ("ws-fapi.binance.com", "/ws-fapi/v1"), ("ws-dapi.binance.com", "/ws-dapi/v1"),
        ("testnet.binancefuture.com", "/ws-fapi/v1"), ("testnet.binancefuture.com", "/ws-dapi/v1"),
    ],
)  # fmt: skip
def test_the_websocket_api_by_its_hosts(server: Server, host: str, target: str) -> None:
    line = socket.create_connection(("127.0.0.1", server.port))
    with connect(f"ws://{host}{target}", sock=line) as client:
        client.send('{"id":1,"method":"session.status"}')
        assert json.loads(client.recv(timeout=5))["status"] == 200


def test_manners_of_futures(server: Server) -> None:
    """A ping every three minutes, ten for its pong; documented."""
    with opened(server, "", "/fstream/ws") as session:
        assert (session.manners.ping_s, session.manners.patience_s) == (180, 600)
    with opened(server, "", "/ws") as session:
        assert (session.manners.ping_s, session.manners.patience_s) == (20, 60)


def test_ten_messages_a_second(server: Server) -> None:
    """Spot's sockets take five."""
    with Listener(server, "/fstream/ws") as listener:
        for _ in range(10):
            listener.ask("LIST_SUBSCRIPTIONS")
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(11):  # a second may have begun in between
                listener.socket.send('{"method":"LIST_SUBSCRIPTIONS","id":1}')
            for _ in range(30):
                listener.socket.recv(timeout=5)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008


def test_properties(server: Server) -> None:
    with Listener(server, "/dstream") as listener:
        assert listener.ask("GET_PROPERTY", "combined") is True
        assert listener.ask("SET_PROPERTY", "combined", False) is None
        assert listener.ask("SUBSCRIBE", "a@b", "c@d") is None
        assert listener.ask("UNSUBSCRIBE", "a@b") is None
        assert listener.ask("LIST_SUBSCRIPTIONS") == ["c@d"]
