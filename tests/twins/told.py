"""What a run told, as one hash over every field of every event, reply and the last state.

`python -m tests.twins.told SEED COMMANDS` prints which core ran and the two hashes: two processes,
with whatever hash seeds and cores, must print the same.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from pathlib import Path
from typing import Any, Final

from tests.twins.workload import Workload, new_world

import tradepit
from tradepit.catalog.encode import encode
from tradepit.core.accounts import Account
from tradepit.core.exchange import Exchange
from tradepit.core.lists import OrderList
from tradepit.core.orders import Order
from tradepit.core.records import Outcome
from tradepit.core.rejects import Reject
from tradepit.core.symbols import Symbol


def _slots() -> dict[str, list[str]]:
    """The fields of each event class, read from the source: the compiled core has no `__slots__`,
    and a new field must not be forgotten here."""
    path = Path(tradepit.__file__).parent / "core" / "records.py"
    found: dict[str, list[str]] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "__slots__":
                    found[node.name] = sorted(ast.literal_eval(each.value))
    return found


FIELDS: Final = _slots()


def _plain(value: Any) -> object:
    if isinstance(value, Order):
        return [value.symbol.name, value.order_id]
    if isinstance(value, Account):
        return value.id
    if isinstance(value, Symbol):
        return value.name
    if isinstance(value, OrderList):
        return value.list_id
    return value


def tell(outcome: Outcome) -> str:
    """One outcome as text: its reply and every field of its events."""
    rows: list[object] = [outcome.seq, outcome.at_us]
    reply = outcome.reply
    rows.append([reply.code, reply.msg] if isinstance(reply, Reject) else encode(reply).decode())
    for event in outcome.events:
        name = type(event).__name__
        rows.append([name, *(_plain(getattr(event, field)) for field in FIELDS[name])])
    return json.dumps(rows)


class Told:
    """A running hash over outcomes."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def take(self, outcome: Outcome) -> None:
        self.digest.update(tell(outcome).encode())

    def hash(self) -> str:
        return self.digest.hexdigest()


def run(seed: int, commands: int) -> tuple[str, str, Exchange]:
    """(hash of what was told, state hash, the exchange) after so many commands."""
    pit, flow, told = new_world(), Workload(seed), Told()
    for _ in range(commands):
        told.take(pit.apply(flow.command(pit)))
    return told.hash(), pit.state_hash(), pit


if __name__ == "__main__":
    events, state, _ = run(int(sys.argv[1]), int(sys.argv[2]))
    print(tradepit.core_kind(), events, state)
