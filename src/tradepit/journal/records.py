"""Commands as bytes of the log, and back.

A record is one msgpack array. A command is [seq, at_us, owner, key, may, op, origin, n, ask], where
`ask` is what the catalogue packs the typed request to. A void is [seq, voided seq, reason]: the
command it names raised and is not part of history. An upgrade is [seq, rules]. The first byte tells
them apart, so a scan for voids decodes nothing else. Every record repeats its own number.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol, TypeAlias

import msgspec

from tradepit.core.records import Command, Who
from tradepit.journal.port import LogDamaged

TICK: Final = "tick"
"""The command of nobody: only what is due happens. Its request is None."""

_COMMAND: Final = 0x99  # an array of nine
_VOID: Final = 0x93  # an array of three
_UPGRADE: Final = 0x92  # an array of two


class Void(NamedTuple):
    """Command `voided` raised: it is not part of history."""

    seq: int
    voided: int
    reason: str


class Upgrade(NamedTuple):
    """From here on the log is written by version `rules`."""

    seq: int
    rules: int


Record: TypeAlias = Command | Void | Upgrade


class AskCodec(Protocol):
    """How the typed request of an operation becomes bytes; the catalogue supplies it."""

    def pack_ask(self, ask: object) -> bytes: ...

    def unpack_ask(self, op: str, packed: bytes) -> object: ...


_CommandRow: TypeAlias = tuple[int, int, int, str, int, str, int, int, bytes]
_encoder = msgspec.msgpack.Encoder()
_command_rows = msgspec.msgpack.Decoder(_CommandRow)
_void_rows = msgspec.msgpack.Decoder(tuple[int, int, str])
_upgrade_rows = msgspec.msgpack.Decoder(tuple[int, int])


def encode_command(command: Command, codec: AskCodec) -> bytes:
    """The record of a stamped command."""
    who = command.who
    packed = b"" if command.ask is None else codec.pack_ask(command.ask)
    return _encoder.encode((
        command.seq, command.at_us, who.owner, who.key, who.may,
        command.op, command.origin, command.n, packed,
    ))  # fmt: skip


def encode_void(seq: int, voided: int, reason: str) -> bytes:
    return _encoder.encode((seq, voided, reason))


def encode_upgrade(seq: int, rules: int) -> bytes:
    return _encoder.encode((seq, rules))


def voided_by(record: bytes) -> int:
    """The number of the command that this record voids; 0 when it is no void."""
    return _void_rows.decode(record)[1] if record[0] == _VOID else 0


def decode(seq: int, record: bytes, codec: AskCodec) -> Record:
    """The record with number `seq`. Raises: LogDamaged when it is not one."""
    try:
        found = _decode(record, codec)
    except (msgspec.MsgspecError, IndexError, KeyError) as wrong:
        raise LogDamaged(f"Record {seq} of the log cannot be read: {wrong}.") from wrong
    if found.seq != seq:
        raise LogDamaged(f"Record {seq} of the log says that it is {found.seq}.")
    return found


def _decode(record: bytes, codec: AskCodec) -> Record:
    kind = record[0]
    if kind == _COMMAND:
        seq, at_us, owner, key, may, op, origin, n, packed = _command_rows.decode(record)
        ask = codec.unpack_ask(op, packed) if packed else None
        return Command(seq, at_us, Who(owner, key, may), op, ask, origin, n)
    if kind == _VOID:
        return Void(*_void_rows.decode(record))
    if kind == _UPGRADE:
        return Upgrade(*_upgrade_rows.decode(record))
    raise msgspec.DecodeError(f"unknown kind {kind:#x}")
