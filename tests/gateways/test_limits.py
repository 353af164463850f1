"""Weights, raw requests, 429, then 418, told by a clock that the test holds."""

from __future__ import annotations

import pytest

from tradepit.catalog.limiters import Limiter
from tradepit.core.rejects import Reject
from tradepit.gateways.limits import BAN_AFTER, BANS_S, FORGIVEN_AFTER_S, IPS_KEPT, IpLimits
from tradepit.gateways.sockets import Attempts

WEIGHT = Limiter("REQUEST_WEIGHT", "MINUTE", 1, 100)
RAW = Limiter("RAW_REQUESTS", "MINUTE", 5, 300)
MINUTE = 60
NOON = 1_700_000_400 // 300 * 300  # a whole five minutes


class Client:
    """One IP, whose requests come when the test says."""

    def __init__(self, limits: IpLimits, ip: str = "10.0.0.1") -> None:
        self.limits = limits
        self.ip = ip
        self.now_s = NOON

    def ask(self, weight: int = 1) -> Reject | None:
        meter = self.limits.knock(self.ip, self.now_s)
        try:
            self.limits.charge(meter, weight, self.now_s)
        except Reject as no:
            return no
        return None

    def must_fail(self, weight: int = 1) -> Reject:
        refused = self.ask(weight)
        assert refused is not None
        return refused

    @property
    def used(self) -> int:
        return self.limits.knock(self.ip, self.now_s).used


@pytest.fixture
def client() -> Client:
    return Client(IpLimits((WEIGHT, RAW)))


def test_the_window_is_aligned_to_the_wall(client: Client) -> None:
    client.now_s = NOON + 59
    assert client.ask(100) is None
    refused = client.must_fail()
    assert (refused.code, refused.status, refused.retry_after_s) == (-1003, 429, 1)
    assert refused.msg.startswith(
        "Too much request weight used; current limit is 100 request weight per 1 MINUTE."
    )
    client.now_s = NOON + 60
    assert client.used == 0
    assert client.ask(100) is None


def test_refused_requests_count_too(client: Client) -> None:
    client.ask(100)
    client.must_fail(5)
    assert client.used == 105


def test_raw_requests(client: Client) -> None:
    for minute in range(3):
        client.now_s = NOON + minute * MINUTE
        assert all(client.ask() is None for _ in range(100))
    client.now_s = NOON + 3 * MINUTE + 30
    refused = client.must_fail(0)
    assert (refused.status, refused.retry_after_s) == (429, 90)
    assert "300 requests per 5 MINUTE" in refused.msg
    client.now_s = NOON + 5 * MINUTE
    assert client.ask() is None


def test_who_does_not_back_off_is_banned_and_longer_each_time(client: Client) -> None:
    until_s = 0
    for round_, ban_s in enumerate([*BANS_S, BANS_S[-1]]):
        client.now_s = max(NOON, until_s)
        assert client.ask(100) is None, f"ban {round_} is over"
        for _ in range(BAN_AFTER):
            assert client.must_fail().status == 429
        banned = client.must_fail()
        assert (banned.code, banned.status, banned.retry_after_s) == (-1003, 418, ban_s)
        until_s = client.now_s + ban_s
        assert f"IP banned until {until_s * 1000}." in banned.msg
        client.now_s = until_s - 1
        assert client.must_fail().status == 418
        assert client.must_fail().retry_after_s == 1
    client.now_s = until_s + FORGIVEN_AFTER_S + 1
    client.ask(100)
    for _ in range(BAN_AFTER):
        client.must_fail()
    assert client.must_fail().retry_after_s == BANS_S[0]


def test_ips_are_apart(client: Client) -> None:
    client.ask(1000)
    assert Client(client.limits, "10.0.0.2").ask(100) is None


def test_off_counts_and_refuses_nothing() -> None:
    client = Client(IpLimits((WEIGHT, RAW), enforced=False))
    assert all(client.ask(100) is None for _ in range(1000))
    assert client.used == 100_000


def test_the_table_is_bounded_and_forgets_the_harmless_first(client: Client) -> None:
    client.ask(100)
    while client.must_fail().status != 418:
        pass
    for n in range(IPS_KEPT):
        Client(client.limits, f"10.1.{n >> 8}.{n & 255}").ask()
    client.now_s = NOON + 10 * MINUTE
    late = Client(client.limits, "10.2.0.1")
    late.now_s = client.now_s
    late.ask()
    assert len(client.limits._meters) <= IPS_KEPT
    client.ask(100)
    for _ in range(BAN_AFTER):
        client.must_fail()
    assert client.must_fail().retry_after_s == BANS_S[1], "its first ban is remembered"


def test_header_lines() -> None:
    limits = IpLimits((WEIGHT,), headers=("X-MBX-USED-WEIGHT", "X-MBX-USED-WEIGHT-"))
    meter = limits.knock("10.0.0.1", NOON)
    limits.charge(meter, 7, NOON)
    assert limits.lines(meter) == b"X-MBX-USED-WEIGHT: 7\r\nX-MBX-USED-WEIGHT-1M: 7\r\n"


def test_three_hundred_attempts_to_connect_in_five_minutes() -> None:
    attempts = Attempts()
    for _ in range(300):
        attempts.count("127.0.0.1", NOON)
    with pytest.raises(Reject) as refused:
        attempts.count("127.0.0.1", NOON + 10)
    assert (refused.value.status, refused.value.code, refused.value.retry_after_s) == (
        429, -1034, 290,
    )  # fmt: skip
    attempts.count("127.0.0.2", NOON + 10)  # each address has its own
    attempts.count("127.0.0.1", NOON + 300)
    free = Attempts(limited=False)
    for _ in range(400):
        free.count("127.0.0.1", NOON)
