"""Commands survive the way to the log and back."""

from __future__ import annotations

import pytest
from tests.journal.till import Codec

from tradepit.core.records import Command, Who
from tradepit.journal.port import LogDamaged
from tradepit.journal.records import (
    TICK,
    Upgrade,
    Void,
    decode,
    encode_command,
    encode_upgrade,
    encode_void,
    voided_by,
)

CODEC = Codec()


@pytest.mark.parametrize(
    ("op", "ask"),
    [
        ("POST /api/v3/order", {"symbol": "１２３ÄÖ", "qty": 1 << 62}),
        ("add", ["a", -1]),
        (TICK, None),
    ],
)
def test_a_command_comes_back_as_it_was(op: str, ask: object) -> None:
    sent = Command(1 << 40, 1_700_000_000_000_000, Who(7, "k" * 64, 31), op, ask, 5, 99)
    got = decode(1 << 40, encode_command(sent, CODEC), CODEC)
    assert isinstance(got, Command)
    for name in ("seq", "at_us", "op", "ask", "origin", "n"):
        assert getattr(got, name) == getattr(sent, name)
    assert (got.who.owner, got.who.key, got.who.may) == (7, "k" * 64, 31)


def test_special_records_are_told_apart() -> None:
    void = encode_void(12, 9, "RuntimeError('x')")
    command = encode_command(Command(12, 1, Who(0), "add", ["a", 1]), CODEC)
    assert decode(12, void, CODEC) == Void(12, 9, "RuntimeError('x')")
    assert decode(13, encode_upgrade(13, 2), CODEC) == Upgrade(13, 2)
    assert [voided_by(record) for record in (void, command, encode_upgrade(13, 2))] == [9, 0, 0]


@pytest.mark.parametrize("record", [b"", b"\x99", b"\x94\x01\x01\x01\x01", b"garbage", b"\xc0"])
def test_what_is_no_record_is_refused(record: bytes) -> None:
    with pytest.raises(LogDamaged, match="Record 5"):
        decode(5, record, CODEC)


def test_a_record_in_another_place_is_refused() -> None:
    command = encode_command(Command(12, 1, Who(0), "add", ["a", 1]), CODEC)
    with pytest.raises(LogDamaged, match="Record 13 of the log says that it is 12"):
        decode(13, command, CODEC)
