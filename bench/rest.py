"""Signed `POST /api/v3/order` over HTTP: orders a second of server CPU, and latency.

The server runs on one core and the client on another. What counts is answers per second of the
server process's CPU time (all its threads): it survives a machine that others use.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import tradepit
from bench import pits
from bench.measure import Figure, Ratio, resident_kib
from tradepit.data.genesis import DEV_KEYS

KEY: Final = DEV_KEYS[0]
# See bench.shoot; with so many in flight.
WAYS: Final = (("c", 1), ("c", 32), ("ws", 1), ("ws", 32), ("logon", 32))
ALL_CORES: Final = -1


class Served(NamedTuple):
    port: int
    pid: int


REAL: Final = {"memory": ["--memory"], "os": ["--sync", "os"], "disk": ["--sync", "disk"]}
WORDS: Final = {
    "asgi": "plain uvicorn, an ASGI application with a fixed body of 436 bytes",
    "fixed": "the same HTTP server, a fixed body of 436 bytes, nothing read",
    "stub": "the same server with door, signature and encoder, an engine that says yes",
    "memory": "tradepit --memory",
    "os": "tradepit --sync os (the default)",
    "disk": "tradepit --sync disk",
    "fastapi": "a FastAPI mock: form, pydantic, Decimal, HMAC",
}

RATIOS = [
    Ratio("--memory : fixed body", "compiled.rest.memory.c32.rate", "rest.fixed.c32.rate",
          ">= 0.5"),
    Ratio("--sync os : fixed body", "compiled.rest.os.c32.rate", "rest.fixed.c32.rate", ">= 0.5"),
    Ratio("--memory : plain uvicorn, fixed body", "compiled.rest.memory.c32.rate",
          "rest.asgi.c32.rate"),
    Ratio("--memory : stub engine", "compiled.rest.memory.c32.rate", "rest.stub.c32.rate",
          ">= 0.75"),
    Ratio("--sync os : stub engine", "compiled.rest.os.c32.rate", "rest.stub.c32.rate", ">= 0.75"),
    Ratio("--memory : FastAPI mock", "compiled.rest.memory.c32.rate", "rest.fastapi.c32.rate",
          ">= 5"),
    Ratio("--sync os : FastAPI mock", "compiled.rest.os.c32.rate", "rest.fastapi.c32.rate",
          ">= 5"),
    Ratio("WebSocket API, signed : REST, --memory", "compiled.rest.memory.ws32.rate",
          "compiled.rest.memory.c32.rate", ">= 1.0"),
    Ratio("WebSocket API after session.logon : REST, --memory",
          "compiled.rest.memory.logon32.rate", "compiled.rest.memory.c32.rate", ">= 1.05"),
    Ratio("p50 of one in flight, WebSocket API : REST", "compiled.rest.memory.ws1.p50",
          "compiled.rest.memory.c1.p50", "<= 1.0"),
    Ratio("--sync disk : --sync os", "compiled.rest.disk.c32.rate", "compiled.rest.os.c32.rate"),
    Ratio("--memory, pure : compiled", "pure.rest.memory.c32.rate",
          "compiled.rest.memory.c32.rate"),
    Ratio("p50 of one in flight, --memory : FastAPI mock", "compiled.rest.memory.c1.p50",
          "rest.fastapi.c1.p50"),
]  # fmt: skip


def pinned(core: int) -> None:
    if core >= 0:
        os.sched_setaffinity(0, {core})


def cores() -> tuple[int, int]:
    """(the server's, the client's), or no cores where there is only one or no way to choose."""
    if not hasattr(os, "sched_getaffinity"):
        return ALL_CORES, ALL_CORES
    free = sorted(os.sched_getaffinity(0))
    return (free[0], free[-1]) if len(free) > 1 else (ALL_CORES, ALL_CORES)


@contextlib.contextmanager
def server(kind: str, core: int = ALL_CORES) -> Iterator[Served]:
    """A server in a process of its own; ended, and its data removed, with the block."""
    with tempfile.TemporaryDirectory(prefix="tradepit-bench-") as home:
        if kind in REAL:
            info = pits.exchange_info(Path(home))
            command = [
                "-m", "tradepit", "up", "--port", "0", "--market", "empty", "--limits", "off",
                "--data", f"{home}/data", "--exchange-info", str(info),
                "--config-out", f"{home}/up.json", *REAL[kind],
            ]  # fmt: skip
        else:
            command = ["-m", "bench.rivals", kind]
        process = subprocess.Popen(
            [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            yield Served(_port(process, kind, Path(home, "up.json")), process.pid)
        finally:
            process.terminate()
            process.wait(30)


def _port(process: subprocess.Popen[str], kind: str, facts: Path) -> int:
    assert process.stdout is not None
    if kind not in REAL:
        return int(process.stdout.readline())
    until = time.monotonic() + 30
    while not facts.exists():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError("tradepit does not start")
        time.sleep(0.01)
    return int(json.loads(facts.read_text())["urls"]["base"].rpartition(":")[2])


def shots(
    served: Served, flight: int, seconds: float, core: int, way: str = "c"
) -> dict[str, float]:
    """One run of the client. Raises: AssertionError when an order was refused."""
    key, secret = logon_key(served.port) if way == "logon" else (KEY.api_key, KEY.secret_key)
    done = subprocess.run(
        [sys.executable, "-m", "bench.shoot", f"--port={served.port}", f"--pid={served.pid}",
         f"--flight={flight}", f"--seconds={seconds}", f"--core={core}", f"--key={key}",
         f"--secret={secret}", f"--way={way}"],
        stdout=subprocess.PIPE, check=True, timeout=120,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert not found["failed"], found["failed"]
    return found  # type: ignore[no-any-return]


def logon_key(port: int) -> tuple[str, str]:
    """A new Ed25519 key of the first dev account: (API key, its private bytes in hex)."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(
        form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
    )
    ask = {"account": KEY.name, "type": "ED25519", "publicKey": public.decode()}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/_tradepit/v1/keys", json.dumps(ask).encode(),
        {"Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["apiKey"], private.private_bytes_raw().hex()


def measure(quick: bool) -> list[Figure]:
    """tradepit itself, with the core that this process has."""
    return _measure(["memory"] if tradepit.core_kind() == "pure" else list(REAL), quick)


def measure_peers(quick: bool) -> list[Figure]:
    kinds = ["asgi", "fixed", "stub", "fastapi"]
    try:
        import fastapi  # noqa: F401
    except ImportError:
        kinds.remove("fastapi")
    return _measure(kinds, quick)


def _measure(kinds: list[str], quick: bool) -> list[Figure]:
    rounds, seconds = (1, 1.0) if quick else (3, 2.0)
    mine, clients = cores()
    best: dict[str, tuple[float, str]] = {}
    for turn in range(rounds):
        for kind in kinds:
            prefix = f"{tradepit.core_kind()}." if kind in REAL else ""
            with server(kind) as served:
                if mine >= 0:
                    for task in os.listdir(f"/proc/{served.pid}/task"):
                        os.sched_setaffinity(int(task), {mine})
                # A world grows while it is measured: none of the ways is always the last.
                for way, flight in (WAYS if kind in REAL else WAYS[:2])[:: -1 if turn % 2 else 1]:
                    found = shots(served, flight, seconds, clients, way)
                    base = f"{prefix}rest.{kind}.{way}{flight}"
                    rate = found["answers"] / found["cpu_s"]
                    _keep(best, f"{base}.rate", rate, "orders/CPU-s", max)
                    for part in ("p50", "p99"):
                        _keep(best, f"{base}.{part}", found[f"{part}_us"], "us", min)
                    speed = found["answers"] / found["seconds"]
                    _keep(best, f"{base}.speed", speed, "orders/s", max)
                rss = resident_kib(served.pid) / 1_024
                _keep(best, f"{prefix}rest.{kind}.rss", rss, "MiB afterwards", max)
    return [Figure(key, _words(key), value, unit) for key, (value, unit) in best.items()]


def _keep(
    best: dict[str, tuple[float, str]], key: str, value: float, unit: str,
    pick: Callable[[float, float], float],
) -> None:  # fmt: skip
    old = best.get(key)
    best[key] = (value if old is None else pick(old[0], value), unit)


def _words(key: str) -> str:
    parts = key.partition("rest.")[2].split(".")
    flight = {
        "c1": ", 1 in flight", "c32": ", 32 in flight",
        "ws1": ", WebSocket API, 1 in flight", "ws32": ", WebSocket API, 32 in flight",
        "logon32": ", WebSocket API after session.logon, 32 in flight",
    }.get(parts[1], "")  # fmt: skip
    return f"{WORDS[parts[0]]}{flight}: {parts[-1]}"
