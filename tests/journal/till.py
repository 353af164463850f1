"""A tiny machine for the journal's own tests: named tills that take and give integers.

It has what the journal asks of the exchange and nothing else, and it can be told to fail.
"""

from __future__ import annotations

import hashlib
import json

from tradepit.core.ledger import BrokenInvariant
from tradepit.core.records import Command, Outcome
from tradepit.core.rejects import Reject
from tradepit.journal.recovery import Origins


class Codec:
    """Requests are JSON values."""

    def pack_ask(self, ask: object) -> bytes:
        return json.dumps(ask).encode()

    def unpack_ask(self, op: str, packed: bytes) -> object:
        return json.loads(packed)


class Till:
    def __init__(self) -> None:
        self.at_us = 0
        self.seq = 0
        self.tills: dict[str, int] = {}
        self.due: list[int] = []
        self.fired: list[int] = []
        self.broken: list[str] = []

    def apply(self, command: Command) -> Outcome:
        assert command.seq > self.seq
        assert command.at_us >= self.at_us
        self.seq, self.at_us = command.seq, command.at_us
        while self.due and self.due[0] <= self.at_us:
            self.fired.append(self.due.pop(0))
        return Outcome(command.seq, command.at_us, self.reply(command), [])

    def reply(self, command: Command) -> object:
        if command.op == "add":
            name, amount = command.ask  # type: ignore[misc]
            total = self.tills.get(name, 0) + amount
            if total < 0:
                return Reject("INSUFFICIENT_BALANCE")
            self.tills[name] = total
            return [command.seq, total]
        if command.op == "alarm":
            self.due = sorted([*self.due, self.at_us + int(command.ask)])  # type: ignore[call-overload]
            return None
        if command.op == "poison":
            self.tills["half"] = 1  # a mutation that must not survive
            raise RuntimeError("poison")
        if command.op == "unbalance":
            raise BrokenInvariant("the sums are off")
        return None

    def next_due_us(self) -> int:
        return self.due[0] if self.due else 0

    def dump(self) -> dict[str, object]:
        return {
            "at_us": self.at_us, "seq": self.seq, "tills": self.tills,
            "due": self.due, "fired": self.fired,
        }  # fmt: skip

    def audit(self) -> list[str]:
        return self.broken

    def state_hash(self) -> str:
        return hashlib.sha256(json.dumps(self.dump(), sort_keys=True).encode()).hexdigest()


def load(state: dict[str, object]) -> Till:
    till = Till()
    for name, value in state.items():
        setattr(till, name, value)
    return till


ORIGINS = Origins(Till, load, Codec())
