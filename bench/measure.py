"""What all questions share: figures, the clock, and the machine they were taken on.

A question measures CPU time of its own thread where it can: on a machine that others use too,
that is what stays comparable.
"""

from __future__ import annotations

import gc
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple


class Figure(NamedTuple):
    """One measured number. `key` names it for ratios; `words` says what it is to a reader."""

    key: str
    words: str
    value: float
    unit: str


class Ratio(NamedTuple):
    """`over` / `under` of two figures' keys. Keys of figures of a core begin with its kind.

    target: "<= 4" or ">= 0.5", or empty where nothing was promised.
    """

    words: str
    over: str
    under: str
    target: str = ""


class Limit(NamedTuple):
    """A figure that has a target of its own, in the figure's unit."""

    key: str
    target: str


def meets(value: float, target: str) -> bool:
    """Whether `value` is what the target ("<= 4") asks for."""
    sign, _, number = target.partition(" ")
    return value <= float(number) if sign == "<=" else value >= float(number)


def cpu_ns(work: Callable[[], Any]) -> int:
    """Nanoseconds of this thread's CPU time that `work()` takes, garbage collected before."""
    gc.collect()
    started = time.thread_time_ns()
    work()
    return time.thread_time_ns() - started


def per_call_ns(call: Callable[[], Any], calls: int, rounds: int = 5) -> float:
    """Nanoseconds of one call: the best of some rounds of `calls` calls."""
    best = 1 << 62
    for _ in range(rounds):
        started = time.thread_time_ns()
        for _ in range(calls):
            call()
        best = min(best, time.thread_time_ns() - started)
    return best / calls


def resident_kib(pid: int | str = "self") -> int:
    """Resident memory of a process in KiB (0 where /proc is not)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(x.split()[1]) for x in status.splitlines() if x.startswith("VmRSS:")), 0)


def cpu_s(pid: int) -> float:
    """CPU seconds that a process and all its threads used, as finely as the system tells."""
    ns = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        ns += int((task / "schedstat").read_text().split()[0])
    return ns / 1e9


def machine() -> dict[str, Any]:
    """What the numbers were taken on."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": [round(x, 1) for x in os.getloadavg()] if hasattr(os, "getloadavg") else [],
    }
