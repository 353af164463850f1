"""A futures world in process: real contracts, asked through the operations' own declarations."""

from __future__ import annotations

import json
from typing import Any

from tradepit.catalog import publish
from tradepit.catalog.encode import encode
from tradepit.catalog.language import REGISTRY, commands
from tradepit.core.exchange import Exchange
from tradepit.core.history import FuturesRow
from tradepit.core.records import Command, Outcome, Who
from tradepit.core.rejects import Reject
from tradepit.data import spot_listing
from tradepit.data.genesis import genesis
from tradepit.projections.futures import FuturesRows
from tradepit.projections.kinds import COURSES, Kind

publish.load()

BORN_US = 1_761_782_400_000_000  # 30 October 2025, on a funding time
SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000
SPOT = ("BTCUSDT", "ETHUSDT", "PEPEUSDT")
ALICE, BOB, CAROL = Who(1), Who(2), Who(3)


class World:
    """Commands and questions by their wire names; time passes when told to."""

    def __init__(self, names: tuple[str, ...] = SPOT) -> None:
        rows = [row for row in spot_listing() if row["symbol"] in names]
        self.pit = Exchange(commands(), genesis(rows, seed=7, born_us=BORN_US))
        self.now = BORN_US
        self.rows: list[tuple[Any, ...]] = []
        self.told = FuturesRows(self._put, 0)

    def _put(self, kind: Kind, row: tuple[Any, ...]) -> None:
        """Keep a row, one of a course as the history shows it: of nobody, by its time."""
        if kind is COURSES:
            venue, what, symbol, at_us, body = row[:5]
            row = (0, venue, what, symbol, at_us, -1, at_us, "", body)
        self.rows.append(row)

    def now_us(self) -> int:
        return self.now

    def do(self, op: str, who: Who = ALICE, **params: object) -> Any:
        """A command's reply. Raises: Reject."""
        asked = REGISTRY[op].parse([(name, str(value)) for name, value in params.items()])
        done = self._apply(Command(self.pit.seq + 1, self.now, who, op, asked))
        assert self.pit.audit() == []
        if isinstance(done.reply, Reject):
            raise done.reply
        return json.loads(encode(done.reply))

    def ask(self, op: str, who: Who = ALICE, **params: object) -> Any:
        """The decoded JSON of a query's reply. Raises: Reject."""
        operation = REGISTRY[op]
        asked = operation.parse([(name, str(value)) for name, value in params.items()])
        reply = operation.handler(self.pit, self, who, asked)
        return json.loads(encode(reply() if callable(reply) else reply))

    def wait(self, us: int) -> None:
        """Let time pass, second by second."""
        end = self.now + us
        while self.now < end:
            self.now = min(self.now + SECOND, end)
            self._apply(Command(self.pit.seq + 1, self.now, Who(0), "tick", None))

    def _apply(self, command: Command) -> Outcome:
        done = self.pit.apply(command)
        for event in done.events:
            take = self.told.takes.get(event.kind)
            if take is not None:
                take(event, done.seq)
        return done

    def futures(
        self, owner: int, venue: int, what: str, symbol: str, *, start_us: int | None = None,
        end_us: int | None = None, limit: int = 500, **more: Any,
    ) -> list[FuturesRow]:  # fmt: skip
        """What `core.history.History.futures` promises, of all that was told."""
        assert not any(value is not None for value in more.values())
        found = [
            FuturesRow(row[4], row[5], row[6], row[7], json.loads(row[8]))
            for row in self.rows
            if row[:4] == (owner, venue, what, symbol)
            and (start_us is None or row[6] >= start_us)
            and (end_us is None or row[6] <= end_us)
        ]
        return found[-limit:] if start_us is None else found[:limit]

    def limit(self, who: Who, side: str, symbol: str, qty: str, price: str) -> Any:
        """A limit order of either venue."""
        venue = "dapi" if self.pit.contracts[symbol].inverse else "fapi"
        return self.do(
            f"POST /{venue}/v1/order", who, symbol=symbol, side=side, type="LIMIT",
            timeInForce="GTC", quantity=qty, price=price,
        )  # fmt: skip
