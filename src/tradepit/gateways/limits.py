"""Request limits per IP: weights and raw requests in fixed windows of the wall's clock, and bans.

They live in the gateway and are not journaled. Windows, headers and texts are documented
(rest-api.md#ip-limits); when a ban begins and how it grows is chosen
(docs/decisions/0023-bans.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tradepit.catalog.limiters import DELIVERY_LIMITERS, FUTURES_LIMITERS, SPOT_LIMITERS, Limiter
from tradepit.core.rejects import Reject

SAPI_LIMITERS: Final = (Limiter("REQUEST_WEIGHT", "MINUTE", 1, 12_000),)

SECONDS: Final = {"SECOND": 1, "MINUTE": 60, "HOUR": 3_600, "DAY": 86_400}

BAN_AFTER: Final = 20  # refused requests in one window
BANS_S: Final = (120, 600, 3_600, 21_600, 86_400, 259_200)  # 2 minutes … 3 days
FORGIVEN_AFTER_S: Final = 259_200  # after so long without a ban the next one is short again
IPS_KEPT: Final = 4_096


def limit_row(limiter: Limiter) -> str:
    """One row of the WebSocket API's `rateLimits` array, with a hole (%d) for the count."""
    return (
        f'{{"rateLimitType":"{limiter.kind}","interval":"{limiter.interval}",'
        f'"intervalNum":{limiter.num},"limit":{limiter.limit},"count":%d}}'
    )


def seconds(limiter: Limiter) -> int:
    return limiter.num * SECONDS[limiter.interval]


class Meter:
    """What one IP used."""

    __slots__ = ("bans", "banned_until_s", "raw", "raw_window", "refused", "used", "window")

    def __init__(self) -> None:
        self.window = 0
        self.used = 0  # request weight in the window
        self.raw_window = 0
        self.raw = 0  # requests in the raw window
        self.refused = 0  # requests refused in the window
        self.bans = 0
        self.banned_until_s = 0


class IpLimits:
    """The meters of all IPs for one family of paths. Times are whole seconds of the wall."""

    def __init__(
        self, limiters: Iterable[Limiter], *, enforced: bool = True,
        headers: tuple[str, ...] = ("X-MBX-USED-WEIGHT-",),
    ) -> None:  # fmt: skip
        """headers: what carries the used weight; one that ends in "-" gets the interval."""
        found = {limiter.kind: limiter for limiter in limiters}
        self.weight = found["REQUEST_WEIGHT"]
        self.raw = found.get("RAW_REQUESTS")
        self.enforced = enforced
        self._weight_s = seconds(self.weight)
        self._raw_s = seconds(self.raw) if self.raw is not None else self._weight_s
        letters = f"{self.weight.num}{self.weight.interval[0]}"
        names = [name + letters if name.endswith("-") else name for name in headers]
        self._lines = "".join(f"{name}: %d\r\n" for name in names).encode()
        self._count = len(names)
        self.row = limit_row(self.weight)  # of the used weight, with a hole for it
        self._meters: dict[str, Meter] = {}

    def lines(self, meter: Meter) -> bytes:
        """The header lines that tell a client what it used."""
        return self._lines % ((meter.used,) * self._count)

    def knock(self, ip: str, now_s: int) -> Meter:
        """Count one raw request; the meter of `ip`."""
        meter = self._meters.get(ip)
        if meter is None:
            meter = self._new_meter(ip, now_s)
        window = now_s // self._weight_s
        if window != meter.window:
            meter.window = window
            meter.used = meter.refused = 0
        raw_window = now_s // self._raw_s
        if raw_window != meter.raw_window:
            meter.raw_window = raw_window
            meter.raw = 0
        meter.raw += 1
        return meter

    def charge(self, meter: Meter, weight: int, now_s: int) -> None:
        """Count `weight` of a request that knocked. A refused request counts, too.

        Raises: Reject (429 or 418, with the seconds to wait).
        """
        meter.used += weight
        if not self.enforced:
            return
        if meter.banned_until_s > now_s:
            raise self._banned(meter, now_s)
        if meter.used > self.weight.limit:
            limit, name = self.weight, "TOO_MUCH_WEIGHT"
        elif self.raw is not None and meter.raw > self.raw.limit:
            limit, name = self.raw, "TOO_MANY_RAW_REQUESTS"
        else:
            return
        meter.refused += 1
        if meter.refused > BAN_AFTER:
            self._ban(meter, now_s)
            raise self._banned(meter, now_s)
        wait_s = seconds(limit) - now_s % seconds(limit)
        words = f"{limit.num} {limit.interval}"
        raise Reject(name, limit.limit, words, retry_after_s=wait_s)

    def refund(self, meter: Meter, weight: int, charged_s: int) -> None:
        """Give back what was charged at that time, unless its window is over."""
        if charged_s // self._weight_s == meter.window:
            meter.used -= weight

    def _ban(self, meter: Meter, now_s: int) -> None:
        if now_s - meter.banned_until_s > FORGIVEN_AFTER_S:
            meter.bans = 0
        meter.banned_until_s = now_s + BANS_S[min(meter.bans, len(BANS_S) - 1)]
        meter.bans += 1
        meter.refused = 0

    def _banned(self, meter: Meter, now_s: int) -> Reject:
        until_s = meter.banned_until_s
        return Reject("IP_BANNED", until_s * 1_000, retry_after_s=until_s - now_s)

    def _new_meter(self, ip: str, now_s: int) -> Meter:
        if len(self._meters) >= IPS_KEPT:
            self._forget(now_s)
        meter = self._meters[ip] = Meter()
        return meter

    def _forget(self, now_s: int) -> None:
        """Make room: first the IPs that nothing is held against, else the oldest never banned."""
        window = now_s // self._weight_s
        raw_window = now_s // self._raw_s
        clean = [
            ip
            for ip, meter in self._meters.items()
            if not meter.bans or meter.banned_until_s + FORGIVEN_AFTER_S < now_s
        ]
        idle = [
            ip
            for ip in clean
            if self._meters[ip].window < window and self._meters[ip].raw_window < raw_window
        ]
        for ip in idle or (clean or list(self._meters))[: IPS_KEPT // 4]:
            del self._meters[ip]


def all_limits(enforced: bool) -> dict[bytes, IpLimits]:
    """The limits of each family of paths, by the path's first segment."""
    spot = ("X-MBX-USED-WEIGHT", "X-MBX-USED-WEIGHT-")
    return {
        b"api": IpLimits(SPOT_LIMITERS, enforced=enforced, headers=spot),
        b"sapi": IpLimits(SAPI_LIMITERS, enforced=enforced, headers=("X-SAPI-USED-IP-WEIGHT-",)),
        b"fapi": IpLimits(FUTURES_LIMITERS, enforced=enforced),
        b"dapi": IpLimits(DELIVERY_LIMITERS, enforced=enforced),
    }
