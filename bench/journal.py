"""Logs, snapshots and starts: replay beside writing, restart after a kill, start, an idle world."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

import tradepit
from bench import pits
from bench.apply import PLACE
from bench.measure import Figure, Limit, Ratio, cpu_s, per_call_ns, resident_kib
from tradepit.catalog import language
from tradepit.catalog.language import REGISTRY
from tradepit.core.exchange import Exchange
from tradepit.core.records import Command, Who
from tradepit.core.terms import BUY
from tradepit.journal.datadir import DataDir
from tradepit.journal.records import encode_command
from tradepit.journal.recovery import Origins, open_world, pack_state, uncollected
from tradepit.journal.sqlite import SqliteLog
from tradepit.worlds.births import Codec

BATCH: Final = 32
DAY_S: Final = 86_400

RATIOS = [
    Ratio("replay : live apply and append, compiled", "compiled.journal.replay",
          "compiled.journal.live"),
    Ratio("replay, compiled : pure", "compiled.journal.replay", "pure.journal.replay"),
    Ratio("first answer : the interpreter's own start", "compiled.journal.start",
          "journal.python"),
    Ratio("load a snapshot, pure : compiled", "pure.journal.load", "compiled.journal.load",
          "<= 3"),
]  # fmt: skip
LIMITS = [
    Limit("compiled.journal.replay", ">= 50000"),
    Limit("compiled.journal.restart", "<= 3"),
    Limit("compiled.journal.start", "<= 1"),
    Limit("compiled.journal.world", "<= 50"),
    Limit("compiled.journal.save", "<= 100"),
    Limit("compiled.journal.load", "<= 200"),
    Limit("compiled.journal.help", "<= 150"),
    Limit("compiled.journal.daily", "<= 500"),
]


def measure(quick: bool) -> list[Figure]:
    core = tradepit.core_kind()
    orders = 10_000 if quick else 99_000
    found = [*replay(core, orders), *snapshots(core, orders), *restart(core, orders)]
    found += starts(core, 2 if quick else 5)
    if core == "compiled":
        found += idle(core, 4.0 if quick else 30.0)
    return found


# --- In process --------------------------------------------------------------------------------


def _origins() -> Origins[Exchange]:
    def load(state: dict[str, Any]) -> Exchange:
        return Exchange.load(language.commands(), state)

    return Origins(pits.make, load, Codec())


def _commands(orders: int) -> Iterator[Command]:
    """Limit orders; every second one trades with the one before it."""
    parse = REGISTRY[PLACE].parse
    for n in range(1, orders + 1):
        side, price = ("BUY", 90_000 + n % 500) if n % 4 else ("SELL", 90_000)
        ask = parse([
            ("symbol", pits.name(0)), ("side", side), ("type", "LIMIT"), ("timeInForce", "GTC"),
            ("quantity", "0.01"), ("price", str(price)), ("newClientOrderId", f"j{n}"),
        ])  # fmt: skip
        yield Command(n, pits.BORN_US + n * 1_000, Who(1 + n % pits.TRADERS), PLACE, ask)


def replay(core: str, orders: int) -> list[Figure]:
    """Apply and append live, then make the same state from the log. Asserts equal hashes."""
    origins = _origins()
    codec = origins.codec
    with tempfile.TemporaryDirectory(prefix="tradepit-bench-") as home:
        log = SqliteLog(DataDir(Path(home)))
        pit = open_world(log, origins).machine
        commands = list(_commands(orders))
        started = time.thread_time()
        for start in range(0, orders, BATCH):
            batch = commands[start : start + BATCH]
            log.append([encode_command(command, codec) for command in batch], start)
            for command in batch:
                pit.apply(command)
        live = time.thread_time() - started
        started = time.thread_time()
        again = open_world(log, origins).machine
        took = time.thread_time() - started
        assert again.state_hash() == pit.state_hash()
        log.close()
    return [
        Figure(f"{core}.journal.live", "live: record, append by 32, apply", orders / live,
               "commands/s"),
        Figure(f"{core}.journal.replay", "replay of that log to an equal state", orders / took,
               "commands/s"),
    ]  # fmt: skip


def snapshots(core: str, orders: int) -> list[Figure]:
    """A state with that many resting orders, out and in again."""
    pit = pits.make()
    for command in _commands(orders):
        ask: Any = command.ask
        command.ask = msgspec.structs.replace(ask, side=BUY)
        pit.apply(command)
    handlers = language.commands()
    packed = pack_state(pit.dump())
    started = time.thread_time()
    with uncollected():  # as the journal does it
        pack_state(pit.dump())
    saved = time.thread_time() - started
    started = time.thread_time()
    with uncollected():
        Exchange.load(handlers, msgspec.msgpack.decode(packed))
    loaded = time.thread_time() - started
    opened = sum(account.orders_open for account in pit.accounts.values())
    birth = per_call_ns(pits.make, 3, 3)
    return [
        Figure(f"{core}.journal.save", f"dump and pack {opened:,} resting orders", saved * 1e3,
               "ms"),
        Figure(f"{core}.journal.load", f"unpack and load {opened:,} resting orders",
               loaded * 1e3, "ms"),
        Figure(f"{core}.journal.world", "a fresh exchange of one symbol", birth / 1e6, "ms"),
    ]  # fmt: skip


# --- Processes ---------------------------------------------------------------------------------


@contextlib.contextmanager
def running(*flags: str) -> Iterator[tuple[int, int, float]]:
    """(port, pid, seconds from its start to its first answer) of a server of its own."""
    with tempfile.TemporaryDirectory(prefix="tradepit-bench-") as home:
        facts = Path(home, "up.json")
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "tradepit", "up", "--port", "0", "--config-out", str(facts),
             *flags],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            while not facts.exists():
                if process.poll() is not None:
                    raise RuntimeError("tradepit does not start")
                time.sleep(0.002)
            base = msgspec.json.decode(facts.read_bytes())["urls"]["base"]
            port = int(base.rpartition(":")[2])
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/api/v3/depth?symbol=BTCUSDT")
            assert connection.getresponse().status == 200
            yield port, process.pid, time.perf_counter() - started
        finally:
            process.terminate()
            process.wait(30)


def restart(core: str, orders: int) -> list[Figure]:
    """Seconds to the first answer after a kill that left `orders` commands in the log."""
    with tempfile.TemporaryDirectory(prefix="tradepit-bench-") as home:
        data = f"{home}/data"
        subprocess.run(
            [sys.executable, "-m", "bench.journal", data, str(orders)], check=True, timeout=300
        )
        flags = ("--data", data, "--market", "empty", "--limits", "off")
        with running(*flags) as (_, _, killed):
            pass
        with running(*flags) as (_, _, stopped):
            pass
    return [
        Figure(f"{core}.journal.restart", f"restart after a kill, {orders:,} commands to replay",
               killed, "s"),
        Figure(f"{core}.journal.again", "restart after a stop, from the snapshot", stopped, "s"),
    ]  # fmt: skip


def starts(core: str, rounds: int) -> list[Figure]:
    """First start of the default market; `--help`; the interpreter alone. The best of some."""
    first = best = helped = bare = 1e9
    for _ in range(rounds):
        with (
            tempfile.TemporaryDirectory(prefix="tradepit-bench-") as home,
            running("--data", f"{home}/data") as (_, _, took),
        ):
            first = min(first, took)
        with running("--memory") as (_, _, took):
            best = min(best, took)
        helped = min(helped, _run_s("-m", "tradepit", "--help"))
        bare = min(bare, _run_s("-c", "pass"))
    return [
        Figure(f"{core}.journal.start", "start to first answer, default market, new data",
               first, "s"),
        Figure(f"{core}.journal.start_memory", "start to first answer, default market, --memory",
               best, "s"),
        Figure(f"{core}.journal.help", "tradepit --help", helped * 1e3, "ms"),
        Figure("journal.python", "python -c pass", bare, "s"),
    ]  # fmt: skip


def _run_s(*words: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def idle(core: str, seconds: float) -> list[Figure]:
    """The default market with nobody there: CPU, memory, what goes to the log and to the disk."""
    with tempfile.TemporaryDirectory(prefix="tradepit-bench-") as home:
        data = Path(home, "data")
        with running("--data", str(data)) as (_, pid, _):
            time.sleep(2.0)  # the residents fill their books
            cpu, written = cpu_s(pid), _written(pid)
            time.sleep(seconds)
            cpu, written = cpu_s(pid) - cpu, _written(pid) - written
            memory = resident_kib(pid) / 1_024
    return [
        Figure(f"{core}.journal.idle_cpu", "default market, nobody there: CPU of one core",
               cpu / seconds * 100, "%"),
        Figure(f"{core}.journal.daily", "the same: written to disk a day",
               written / seconds * DAY_S / 1e6, "MB"),
        Figure(f"{core}.journal.memory", "the same: resident memory", memory, "MiB"),
    ]  # fmt: skip


def _written(pid: int) -> int:
    """Bytes that a process had written to storage."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))


# --- A world that is killed --------------------------------------------------------------------


async def _fill(data: Path, orders: int) -> None:
    """Place orders in a world on disk, then end without any farewell."""
    from tradepit.config import Config
    from tradepit.worlds.hall import Hall

    hall = Hall(Config(data=data, market="empty", limits="off"))
    await hall.start()
    parse = REGISTRY[PLACE].parse
    left = orders - hall.sequencer.applied_seq
    for start in range(0, left, BATCH):
        waiting = []
        for n in range(start, min(start + BATCH, left)):
            side, price = ("BUY", 90_000 + n % 200) if n % 2 else ("SELL", 90_000)
            ask = parse([
                ("symbol", "BTCUSDT"), ("side", side), ("type", "LIMIT"), ("timeInForce", "GTC"),
                ("quantity", "0.0001"), ("price", str(price)), ("newClientOrderId", f"f{n}"),
            ])  # fmt: skip
            waiting.append(hall.sequencer.submit(Who(1 + n % 4), PLACE, ask))
        await asyncio.gather(*waiting)
    os._exit(0)


if __name__ == "__main__":
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    asyncio.run(_fill(Path(sys.argv[1]), int(sys.argv[2])))
