"""Logs that a version of the rules wrote once, so that later programs are held to them.

    python -m tests.golden.worlds          write the log of this program's rules

Two worlds: a seeded flow of everything that the spot desks do, and half a minute of the living
market, in which accounts trade spot and futures, too. A golden log is written once, when a version
of the rules is new, and is not written again: whoever changes what a log leads to raises `RULES`.
"""

from __future__ import annotations

import asyncio
import lzma
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from unittest import mock

import msgspec
from tests.market.test_residents import BORN_NS, living
from tests.twins.workload import Workload, new_world

from tradepit.catalog import language
from tradepit.catalog.language import REGISTRY
from tradepit.config import Config
from tradepit.core.exchange import RULES, Exchange
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.journal import clock as clocks
from tradepit.journal.memory import MemoryLog
from tradepit.journal.records import encode_command
from tradepit.journal.recovery import pack_state
from tradepit.worlds.hall import Hall

HERE: Final = Path(__file__).parent
COMMANDS: Final = 1_200
BEATS: Final = 5
BEAT_US: Final = 5_000_000

Money = dict[str, dict[str, list[int]]]
"""[free, locked] units by asset by account."""


class Golden(msgspec.Struct, array_like=True):
    """A world from its birth to its end."""

    name: str
    rules: int
    birth: bytes
    records: list[bytes]
    end: bytes
    state_hash: str
    money: Money

    def log(self, *, whole: bool = True) -> MemoryLog:
        """Its log from birth on; not whole: as a stop left it, with the end alone."""
        log = MemoryLog(self.rules)
        log.save_snapshot(0, self.birth)
        log.append(self.records, 0)
        if not whole:
            log.save_snapshot(len(self.records), self.end)
            log.save_snapshot(len(self.records) + 1, self.end)
        log.rules = RULES
        return log


def money_of(pit: Exchange) -> Money:
    return {
        account.name: {
            asset: [balance.free, balance.locked] for asset, balance in account.balances.items()
        }
        for account in pit.accounts.values()
    }


def found() -> list[Golden]:
    """All that were ever written, oldest rules first."""
    return [world for path in sorted(HERE.glob("*.xz")) for world in read(path)]


def read(path: Path) -> list[Golden]:
    return msgspec.msgpack.decode(lzma.decompress(path.read_bytes()), type=list[Golden])


def path_of(rules: int) -> Path:
    return HERE / f"rules-{rules:03d}.xz"


def flow() -> Golden:
    """What the spot desks do."""
    pit, orders = new_world(), Workload(12)
    birth, records = pack_state(pit.dump()), []
    for _ in range(COMMANDS):
        command = orders.command(pit)
        records.append(encode_command(command, language))
        pit.apply(command)
    return _golden("flow", birth, records, pit)


def _golden(name: str, birth: bytes, records: list[bytes], pit: Exchange) -> Golden:
    end = pack_state(pit.dump())
    return Golden(name, RULES, birth, records, end, pit.state_hash(), money_of(pit))


SCRIPT: Final[tuple[tuple[str, str, dict[str, str]], ...]] = (
    ("alice", "POST /sapi/v1/futures/transfer", {"asset": "USDT", "amount": "5000", "type": "1"}),
    ("bob", "POST /sapi/v1/futures/transfer", {"asset": "USDT", "amount": "5000", "type": "1"}),
    ("alice", "POST /fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": "25"}),
    ("alice", "POST /fapi/v1/order", {
        "symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.05"}),
    ("bob", "POST /fapi/v1/order", {
        "symbol": "ETHUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.5"}),
    ("bob", "POST /fapi/v1/order", {
        "symbol": "ETHUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTX",
        "quantity": "0.1", "price": "1000"}),
    ("carol", "POST /api/v3/order", {
        "symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.02"}),
    ("dave", "POST /api/v3/order", {
        "symbol": "ETHUSDT", "side": "BUY", "type": "MARKET", "quoteOrderQty": "250"}),
    ("alice", "POST /fapi/v1/order", {
        "symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.02",
        "reduceOnly": "true"}),
)  # fmt: skip


async def _market() -> Golden:
    settings = Config(memory=True, market="thin", seed=5)
    async with living(settings) as (hall, _):
        log = hall.sequencer.world.log
        for beat in range(BEATS):
            await hall.advance(hall.clock.now_us() + BEAT_US)
            for step in SCRIPT[2 * beat : 2 * beat + 2]:
                await _do(hall, *step)
        await hall.advance(hall.clock.now_us() + BEAT_US)
        snapshot = log.load_snapshot(at_most=0)
        assert snapshot is not None
        records = [record for _, record in log.read(0)]
        return _golden("market", snapshot.blob, records, hall.pit)


async def _do(hall: Hall, name: str, op: str, params: dict[str, str]) -> None:
    who = Who(hall.pit.names[name])
    reply = await hall.sequencer.submit(who, op, REGISTRY[op].parse(list(params.items())))
    assert not isinstance(reply, Reject), reply


def market() -> Golden:
    """The living market, and accounts in it."""
    with (
        mock.patch.object(time, "time_ns", lambda: BORN_NS),
        mock.patch.object(clocks, "wall_us", lambda: BORN_NS // 1_000),
    ):
        return asyncio.run(_market())


def written() -> Iterator[Golden]:
    yield flow()
    yield market()


def main() -> None:
    path = path_of(RULES)
    if path.exists():
        sys.exit(f"{path.name} is there. Rules that lead elsewhere have a new number.")
    path.write_bytes(lzma.compress(msgspec.msgpack.encode(list(written()))))
    print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
