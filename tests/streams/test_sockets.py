"""The life of a socket, frame by frame: what is broken, too much, too slow or too old."""

from __future__ import annotations

import json
import random
import socket
import time
import zlib
from collections.abc import Iterator

import pytest
from tests.gateways.conftest import Server, running
from tests.streams.frames import BINARY, CLOSE, CONT, PING, PONG, TEXT, Raw, packed

from tradepit.config import Config
from tradepit.gateways import sockets
from tradepit.gateways.sockets import MAX_MESSAGE, Manners

LIST = b'{"method":"LIST_SUBSCRIPTIONS","id":7}'
ADVANCE = "/_tradepit/v1/clock/advance"
JSON = {"content_type": "application/json"}
LISTED = {"result": [], "id": 7}


@pytest.fixture
def hasty(server: Server) -> Iterator[Manners]:
    """Pings every 0.2 s, and half a second's patience."""
    before = server.served.door.manners
    server.served.door.manners = manners = Manners(ping_s=0.2, patience_s=0.5)
    yield manners
    server.served.door.manners = before


def test_whole_message(server: Server) -> None:
    with Raw(server) as raw:
        raw.send(TEXT, LIST)
        assert raw.heard() == LISTED


def test_message_in_the_piece_of_the_handshake(server: Server) -> None:
    with Raw(server, behind=packed(TEXT, LIST)) as raw:
        assert raw.heard() == LISTED


def test_fragments_with_a_ping_between(server: Server) -> None:
    with Raw(server) as raw:
        raw.send(TEXT, LIST[:5], fin=False)
        raw.send(PING, b"between")
        raw.send(CONT, b"", fin=False)
        raw.send(CONT, LIST[5:])
        found = {frame.opcode: frame.data for frame in (raw.frame(), raw.frame())}
        assert found[PONG] == b"between" and json.loads(found[TEXT]) == LISTED


def test_a_letter_cut_by_fragments(server: Server) -> None:
    text = '{"method":"SUBSCRIBE","params":["币@trade"],"id":"x"}'.encode()
    cut = text.index("币".encode()) + 1
    with Raw(server) as raw:
        raw.send(TEXT, text[:cut], fin=False)
        raw.send(CONT, text[cut:])
        assert raw.heard() == {"result": None, "id": "x"}


def test_byte_by_byte(server: Server) -> None:
    with Raw(server) as raw:
        for byte in packed(TEXT, LIST):
            raw.sock.sendall(bytes((byte,)))
            time.sleep(0.0005)
        assert raw.heard() == LISTED


@pytest.mark.parametrize("width", [0, 300, 70_000])
@pytest.mark.parametrize("cut", [1, 2, 3, 5, 9, 15])
def test_frames_of_every_length_in_every_piece(server: Server, width: int, cut: int) -> None:
    """Messages with lengths of one, two and eight bytes, a fragmented one and a ping in one piece;
    the next message is cut wherever a head may be."""
    wide = LIST[:-1] + b" " * width + b"}"
    pieces = packed(TEXT, wide) + packed(TEXT, wide[:9], fin=False) + packed(CONT, wide[9:])
    pieces += packed(PING, b"now") + packed(TEXT, wide)
    last = packed(TEXT, wide)
    with Raw(server) as raw:
        raw.sock.sendall(pieces + last[:cut])
        time.sleep(0.01)
        raw.sock.sendall(last[cut:])
        found = [raw.frame() for _ in range(5)]
    texts = [json.loads(frame.data) for frame in found if frame.opcode == TEXT]
    assert texts == [LISTED] * 4
    assert [frame.data for frame in found if frame.opcode == PONG] == [b"now"]


@pytest.mark.parametrize("width", [0, 125 - len(LIST), 126 - len(LIST), 300, 70_000])
def test_a_frame_that_comes_alone(server: Server, width: int) -> None:
    """One whole frame, one that lacks its last byte, one with the first byte of the next."""
    wide = packed(TEXT, LIST[:-1] + b" " * width + b"}")
    with Raw(server) as raw:
        for piece in (wide, wide[:-1], wide[-1:], wide + wide[:1], wide[1:]):
            raw.sock.sendall(piece)
            time.sleep(0.005)
        assert [raw.heard() for _ in range(4)] == [LISTED] * 4


def test_many_fragments_are_one_message(server: Server) -> None:
    with Raw(server) as raw:
        raw.sock.sendall(
            packed(TEXT, LIST[:1], fin=False)
            + b"".join(packed(CONT, LIST[n : n + 1], fin=False) for n in range(1, len(LIST)))
            + packed(CONT, b"")
        )
        assert raw.heard() == LISTED


KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
VERSION = "Sec-WebSocket-Version: 13"


@pytest.mark.parametrize(
    ("method", "lines"),
    [
        ("GET", [VERSION]),
        ("GET", [VERSION, "Sec-WebSocket-Key: abc"]),
        ("GET", [KEY]),
        ("GET", [KEY, VERSION, "Content-Length: 3"]),
        ("POST", [KEY, VERSION]),
    ],
)
def test_what_is_no_handshake(server: Server, method: str, lines: list[str]) -> None:
    """It is refused like a request, and leaves nothing behind."""
    head = [f"{method} /ws/btcusdt@trade HTTP/1.1", f"Host: 127.0.0.1:{server.port}"]
    head += ["Upgrade: websocket", "Connection: Upgrade", *lines, "", ""]
    answer = server.raw("\r\n".join(head).encode())
    assert answer.status == 400 and answer.code == -1000
    assert all(hasattr(session, "transport") for session in server.served.door.sessions)
    assert not channel(server, "btcusdt@trade")


def test_versions_that_are_not_spoken(server: Server) -> None:
    """Another version of WebSocket is told which one is; HTTP/1.0 knows no upgrades."""
    head = [f"Host: 127.0.0.1:{server.port}", "Upgrade: websocket", "Connection: Upgrade", KEY]
    for version in ("8", "14", "x"):
        lines = ["GET /ws HTTP/1.1", *head, f"Sec-WebSocket-Version: {version}", "", ""]
        answer = server.raw("\r\n".join(lines).encode())
        assert (answer.status, answer.code) == (426, -1000)
        assert answer.headers["sec-websocket-version"] == "13"
    for path in ("/ws", "/ws-api/v3"):
        lines = [f"GET {path} HTTP/1.0", *head, VERSION, "", ""]
        answer = server.raw("\r\n".join(lines).encode())
        assert (answer.status, answer.code) == (400, -1000)
    assert server.is_well()


BROKEN = {
    "unmasked": (packed(TEXT, LIST, mask=False), 1002),
    "reserved bits": (packed(TEXT, LIST, rsv=2), 1002),
    "compressed, but nobody agreed to": (packed(TEXT, zlib.compress(b"0" * 10**7), rsv=4), 1002),
    "unknown opcode": (packed(3, b""), 1002),
    "continuation of nothing": (packed(CONT, LIST), 1002),
    "text within a fragmented text": (packed(TEXT, b"{", fin=False) + packed(TEXT, LIST), 1002),
    "fragmented ping": (packed(PING, b"", fin=False), 1002),
    "long ping": (packed(PING, b"x" * 126), 1002),
    "close with half a code": (packed(CLOSE, b"\x03"), 1002),
    "close with a code nobody may send": (packed(CLOSE, b"\x03\xed"), 1002),
    "close with broken words": (packed(CLOSE, b"\x03\xe8\xff"), 1007),
    "binary": (packed(BINARY, LIST), 1003),
    "broken UTF-8": (packed(TEXT, b'{"method":"\xff"}'), 1007),
    "half a letter": (packed(TEXT, "币".encode()[:2]), 1007),
    "a surrogate in UTF-8": (packed(TEXT, b"\xed\xa0\x80"), 1007),
    "oversize": (packed(TEXT, b" " * (MAX_MESSAGE + 1)), 1009),
    "oversize by its header alone": (b"\x81\xff" + b"\x7f" + b"\xff" * 7 + b"abcd", 1009),
    "oversize in fragments": (
        packed(TEXT, b" " * MAX_MESSAGE, fin=False) + packed(CONT, b"  "), 1009,
    ),
    "endless empty fragments": (
        packed(TEXT, b"", fin=False) + packed(CONT, b"", fin=False) * 2_000, 1008,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_is_told_by_its_code(server: Server, what: str) -> None:
    data, code = BROKEN[what]
    with Raw(server) as good, Raw(server) as raw:
        raw.sock.sendall(data)
        assert raw.farewell() == code
        assert raw.gone()
        good.send(TEXT, LIST)
        assert good.heard() == LISTED
    assert server.is_well()


def test_the_largest_message_is_heard(server: Server) -> None:
    with Raw(server) as raw:
        raw.send(TEXT, LIST + b" " * (MAX_MESSAGE - len(LIST)))
        assert raw.heard() == LISTED


def test_no_extension_is_agreed_to(server: Server) -> None:
    headers = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    with Raw(server, headers=headers) as raw:
        assert "extensions" not in raw.head.lower()


@pytest.mark.parametrize("data", [b"", b"\x03\xe8", b"\x03\xe8bye", b"\x0f\xa0own"])
def test_a_close_is_answered_alike(server: Server, data: bytes) -> None:
    with Raw(server, "/ws/btcusdt@trade") as raw:
        raw.send(CLOSE, data)
        assert raw.frame()[:2] == (CLOSE, data)
        assert raw.gone()


def test_what_was_asked_before_a_close_is_answered(server: Server) -> None:
    with Raw(server) as raw:
        raw.sock.sendall(packed(TEXT, LIST) + packed(CLOSE, b"\x03\xe8") + packed(TEXT, LIST))
        assert raw.heard() == LISTED
        assert raw.frame().opcode == CLOSE
        assert raw.gone()


def test_a_bare_end(server: Server) -> None:
    with Raw(server, "/ws/btcusdt@trade") as raw:
        assert channel(server, "btcusdt@trade")
        raw.sock.shutdown(1)
        assert raw.gone()
    wait_for(lambda: not channel(server, "btcusdt@trade"))


def test_five_messages_a_second(server: Server) -> None:
    with Raw(server) as raw:
        raw.sock.sendall(packed(TEXT, LIST) * 11)
        answers = 0
        while (frame := raw.frame()).opcode == TEXT:
            answers += 1
        assert (frame.opcode, frame.code) == (CLOSE, 1008)
        assert 5 <= answers <= 10  # at most two seconds' worth
        assert raw.gone()


@pytest.mark.parametrize("opcode", [PING, PONG])
def test_pings_and_pongs_count(server: Server, opcode: int) -> None:
    with Raw(server) as raw:
        raw.sock.sendall(packed(opcode, b"") * 11)
        assert raw.farewell() == 1008


def test_a_farewell_survives_a_peer_that_goes_on_sending(server: Server) -> None:
    with Raw(server) as raw:
        for _ in range(200):
            try:
                raw.sock.sendall(packed(TEXT, LIST))
            except ConnectionError:
                break
        assert raw.farewell() == 1008


def test_pings_are_answered_with_their_words(server: Server) -> None:
    with Raw(server) as raw:
        raw.send(PING, b"\x00\xff" * 62 + b"x")
        assert raw.frame()[:2] == (PONG, b"\x00\xff" * 62 + b"x")


@pytest.mark.parametrize("path", ["/ws", "/stream?streams=btcusdt@depth", "/ws-api/v3"])
def test_noise(server: Server, path: str) -> None:
    """Random frames, cut and bent: every socket ends or answers, and nothing is left behind."""
    rng = random.Random(path)
    words = [LIST, b"{", b'{"id":1,"method":"ping"}', b"\xff", b"", b"null", b"[" * 3_000]
    with Raw(server) as good:
        for _ in range(60):
            data = b"".join(
                packed(
                    rng.choice((0, 1, 1, 1, 2, 3, 8, 9, 10, 15)), rng.choice(words),
                    fin=rng.random() < 0.8, mask=rng.random() < 0.95,
                    rsv=rng.choice((0, 0, 0, 0, 0, 4)),
                )
                for _ in range(rng.randrange(1, 5))
            )  # fmt: skip
            bent = bytearray(data[: rng.randrange(len(data)) + 1])
            if rng.random() < 0.5:
                bent[rng.randrange(len(bent))] ^= 1 << rng.randrange(8)
            with Raw(server, path) as raw:
                raw.sock.sendall(bent)
                raw.sock.shutdown(socket.SHUT_WR)
                assert raw.gone()
        good.send(TEXT, LIST)
        assert good.heard() == LISTED
    wait_for(lambda: not server.served.door.sessions)
    assert server.is_well()


# --- Pings of the server -----------------------------------------------------------------------


def test_who_answers_pings_stays(server: Server, hasty: Manners) -> None:
    with Raw(server) as raw:
        started = time.monotonic()
        seen = []
        while time.monotonic() < started + 1.3:
            frame = raw.frame()
            assert frame.opcode == PING and frame.data.isdigit()
            seen.append(time.monotonic() - started)
            raw.send(PONG, frame.data)
        assert 5 <= len(seen) <= 7
        assert seen[0] >= 0.19


def test_a_late_pong_counts(server: Server, hasty: Manners) -> None:
    """The copy of any ping that is still unanswered will do."""
    with Raw(server) as raw:
        first = raw.frame().data
        assert raw.frame().opcode == PING
        raw.send(PONG, first)
        started = time.monotonic()
        while time.monotonic() < started + 0.5:
            frame = raw.frame()
            assert frame.opcode == PING


@pytest.mark.parametrize("answer", [None, b"", b"other"])
def test_who_does_not_answer_pings_is_cut(
    server: Server, hasty: Manners, answer: bytes | None
) -> None:
    """Pongs that copy no ping prevent nothing."""
    with Raw(server) as raw:
        started = time.monotonic()
        try:
            while True:
                assert raw.frame().opcode == PING
                if answer is not None:
                    raw.send(PONG, answer)
        except (EOFError, ConnectionError):
            pass
        assert 0.6 <= time.monotonic() - started <= 1.5  # first ping 0.2 + patience 0.5


def test_a_day_of_the_worlds_clock(server: Server) -> None:
    with Raw(server, "/ws/btcusdt@trade") as raw, Raw(server) as other:
        assert server.request("POST", ADVANCE, b'{"by":"1439m"}', **JSON).status == 200
        other.send(TEXT, LIST)
        assert other.heard() == LISTED
        assert server.request("POST", ADVANCE, b'{"by":"61s"}', **JSON).status == 200
        assert (raw.farewell(), other.farewell()) == (1001, 1001)
        assert raw.gone() and other.gone()


# --- Readers that do not read ------------------------------------------------------------------


def test_who_does_not_read_is_cut_and_nobody_else_notices(server: Server) -> None:
    with Raw(server, "/ws/xrpusdt@trade", rcvbuf=4096) as deaf, Raw(server, "/ws/xrpusdt@trade"):
        hub = server.served.hall.name  # the world's name, to find its hub
        found = server.served.door.worlds[hub].hub.channels["spot", "xrpusdt@trade"]
        filler = json.dumps({"e": "trade", "x": "x" * 1000})
        good = Raw(server, "/ws/xrpusdt@trade")
        loop = server.served.hall.sequencer._loop
        deadline = time.monotonic() + 20
        sent = heard = 0
        while len(next(iter(found.groups.values()))) > 1 and time.monotonic() < deadline:
            loop.call_soon_threadsafe(found.publish, lambda unit: filler)
            sent += 1
            assert good.frame().json["e"] == "trade"
            heard += 1
        assert heard == sent
        assert sent * 1000 < 2 * sockets.QUEUE_BYTES + 4 * 1024 * 1024
        assert deaf.farewell() == 1006
        good.sock.close()


def channel(server: Server, name: str) -> bool:
    worlds = server.served.door.worlds.values()
    return any(("spot", name) in world.hub.channels for world in worlds)


def wait_for(ready: object) -> None:
    deadline = time.monotonic() + 5
    while not ready():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_three_hundred_connections_in_five_minutes() -> None:
    life = running(Config(port=0, memory=True, market="empty"))
    server = next(life)
    opened = 0
    with pytest.raises(ConnectionRefusedError) as refused:
        while opened < 601:  # five minutes may end on the way
            with Raw(server, "/ws-api/v3" if opened % 2 else "/ws"):
                opened += 1
    assert opened >= 300
    head, body = refused.value.args
    assert head.startswith("HTTP/1.1 429 ") and "Retry-After: " in head
    assert json.loads(body)["code"] == -1034
    assert server.request("GET", "/api/v3/ping").status == 200
    life.close()  # type: ignore[attr-defined]
