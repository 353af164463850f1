"""What is known by its header lines is what the parser makes of it; or it is not known."""

from __future__ import annotations

import httptools
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tradepit.gateways.heads import Heads, Request

LINES = (
    b"Host: localhost", b"Accept: */*", b"X-MBX-APIKEY: abc", b"Content-Length: 3",
    b"content-length: 0", b"Content-Length: 03", b"Connection: close", b"Connection: keep-alive",
    b"Transfer-Encoding: chunked", b"Expect: 100-continue", b"Upgrade: websocket", b"Odd:\tvalue ",
    b"Empty:", b"Folded: a\r\n b", b"Bare: a\nSecond: b",
    b"Host: elsewhere", b"Nul: \0", b" Lead: x",
)  # fmt: skip
FIRST = (
    b"POST /api/v3/order HTTP/1.1", b"GET /api/v3/ping?a=1&b=%20 HTTP/1.1", b"GET / HTTP/1.0",
    b"GET  /two HTTP/1.1", b"PATCH /api HTTP/1.1", b"GET http://a/ HTTP/1.1",
    b"DELETE /x#y HTTP/1.1", b"GET /\xc3\xa9 HTTP/1.1", b"GET /tab\t HTTP/1.1",
    b"GET /quote'\"<> HTTP/1.1", b"HEAD / HTTP/1.1",
)  # fmt: skip
BODIES = (
    b"",
    b"abc",
    b"a=1",
    b"abcd",
    b"\r\n\r\n",
    b"abcGET / HTTP/1.1\r\n\r\n",
    b"3\r\nabc\r\n0\r\n\r\n",
)


class Parsed:
    """What httptools makes of bytes: every complete request in them."""

    def __init__(self, data: bytes) -> None:
        self.requests: list[Request] = []
        self.keeps = False
        self.clean = True
        self.begun = False
        self.parser = httptools.HttpRequestParser(self)
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.clean = False

    def on_message_begin(self) -> None:
        self.url, self.body, self.headers = b"", b"", dict[bytes, bytes]()
        self.begun = True

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.setdefault(name.lower(), value)

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.begun = False
        self.keeps = self.parser.should_keep_alive()
        method = self.parser.get_method()
        self.requests.append((method, self.url, self.headers, self.body))


Message = tuple[bytes, list[bytes], bytes]
messages = st.tuples(
    st.sampled_from(FIRST), st.lists(st.sampled_from(LINES), max_size=4), st.sampled_from(BODIES)
)  # fmt: skip


def raw(message: Message) -> bytes:
    first, lines, body = message
    return b"\r\n".join([first, *lines]) + b"\r\n\r\n" + body


PLAIN = (FIRST[0], [LINES[0], LINES[3]], b"abc")


@given(st.lists(messages, min_size=2, max_size=12))
@example([PLAIN, PLAIN])
@example([PLAIN, (FIRST[1], PLAIN[1], b"a=1"), (FIRST[2], *PLAIN[1:]), (FIRST[7], *PLAIN[1:])])
@example([PLAIN, (*PLAIN[:2], b"abcd"), (*PLAIN[:2], b""), (*PLAIN[:2], BODIES[5])])
@settings(max_examples=400, deadline=None)
def test_what_is_known_is_what_the_parser_says(
    sent: list[tuple[bytes, list[bytes], bytes]],
) -> None:
    heads = Heads()
    for message in [*sent, *sent]:
        data = raw(message)
        parsed = Parsed(data)
        found = heads.find(data)
        if found is not None:
            assert parsed.requests == [found]
            assert parsed.clean and parsed.keeps and not parsed.begun
        for request in parsed.requests:
            heads.learn(data, request[2], request[3])


def test_a_plain_request_is_known_the_second_time() -> None:
    heads = Heads()
    data = raw(PLAIN)
    assert heads.find(data) is None
    heads.learn(data, {b"host": b"localhost", b"content-length": b"3"}, b"abc")
    assert heads.find(data) == (
        b"POST", b"/api/v3/order", {b"host": b"localhost", b"content-length": b"3"}, b"abc",
    )  # fmt: skip
    assert heads.find(data.replace(b"abc", b"xyz")) is not None
    assert heads.find(data.replace(b"/order", b"/order/test")) is not None
    for other in (
        data[:-1],
        data + b"x",
        data + data,
        b"\r\n" + data,
        data.replace(b"1.1", b"1.0"),
    ):
        assert heads.find(other) is None


def test_the_table_is_bounded() -> None:
    heads = Heads()
    for n in range(3_000):
        lines = [LINES[0], b"Number: %d" % n]
        heads.learn(raw((FIRST[0], lines, b"")), {b"host": b"localhost", b"number": b"%d" % n}, b"")
    assert 0 < len(heads._known) <= 1_024
