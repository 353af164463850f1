"""A mark that is told of a second is the one that was taken at that second."""

from __future__ import annotations

import random

import pytest
from tests.futures_streams.told import ALICE, BOB, SECOND, Told, live

from tradepit.core.records import Command, Outcome, Who
from tradepit.core.units import ONE, parse_units

USDM, PAIR = "!markPrice@arr@1s", "btcusd@markPrice@1s"
INDEX = "btcusd@indexPrice@1s"


class Watched(Told):
    """Remembers the marks that the core took at each whole second."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: dict[int, dict[str, tuple[int, int]]] = {}

    def _apply(self, command: Command) -> Outcome:
        before = self.pit.marked_us
        done = super()._apply(command)
        if self.pit.marked_us != before:
            self.taken[self.pit.marked_us] = {
                contract.name: (contract.marks.mark, contract.marks.index)
                for contract in self.pit.contracts.values()
            }
        return done

    def tick(self, us: int) -> None:
        """Let time pass, and one command come at its end."""
        self.now += us
        self._apply(Command(self.pit.seq + 1, self.now, Who(0), "tick", None))

    def spot(self, who: Who, side: str, price: int) -> None:
        self.do(
            "POST /api/v3/order", who, symbol="BTCUSDT", side=side, type="LIMIT",
            timeInForce="GTC", quantity="0.01", price=str(price),
        )  # fmt: skip


def told(row: dict[str, str]) -> tuple[int, int]:
    return parse_units(row["p"]), parse_units(row["i"])


@pytest.mark.parametrize("seed", range(3))
def test_every_event_has_the_marks_of_its_second(seed: int) -> None:
    async def scenario() -> None:
        world = Watched()
        world.open_market()
        for contract in world.pit.contracts.values():
            contract.marks.last_rate = ONE // 1_000  # the way to the next funding is felt
        ear = world.hear("usdm", USDM, PAIR)
        coin = world.hear("coinm", INDEX)
        chance = random.Random(seed)
        for _ in range(400):
            world.tick(chance.randrange(1, 900_000))
            if chance.random() < 0.5:
                price = 107_000 + chance.randrange(-300, 300)
                world.spot(*chance.choice(((ALICE, "BUY"), (BOB, "SELL"))), price)
        world.tick(2 * SECOND)
        seen = 0
        for row in (row for stream in (USDM, PAIR) for rows in ear.of(stream) for row in rows):
            taken = world.taken.get(row["E"] * 1000)
            if taken is not None:
                seen += 1
                assert told(row) == taken[row["s"]], (row["E"], row["s"])
        assert seen > 150
        for row in coin.of(INDEX):
            taken = world.taken.get(row["E"] * 1000)
            assert taken is None or parse_units(row["p"]) == taken["BTCUSD_PERP"][1]
        marks = {row["p"] for rows in ear.of(USDM) for row in rows if row["s"] == "BTCUSDT"}
        assert len(marks) > 20, "they really moved"

    live(scenario)


def test_rest_says_the_same_before_a_command_comes() -> None:
    async def scenario() -> None:
        world = Watched()
        world.open_market()
        ear = world.hear("usdm", "btcusdt@markPrice@1s")
        world.tick(SECOND - world.now % SECOND + SECOND // 2)
        world.spot(BOB, "SELL", 106_990)
        world.spot(ALICE, "BUY", 106_980)
        world.now += SECOND * 7 // 10  # nothing comes, and it is the next second
        before = world.pit.state_hash()
        world.hub.advance(world.now)
        event = ear.last("btcusdt@markPrice@1s")
        assert event["E"] == world.now // SECOND * 1000
        shown = world.ask("GET /fapi/v1/premiumIndex", symbol="BTCUSDT")
        assert (event["p"], event["i"], event["P"]) == (
            shown["markPrice"], shown["indexPrice"], shown["estimatedSettlePrice"],
        )  # fmt: skip
        assert event["i"] == "106985.00000000"
        assert world.pit.state_hash() == before, "looking leaves no trace"
        world.tick(SECOND // 10)
        marks = world.pit.contracts["BTCUSDT"].marks
        assert told(event) == (marks.mark, marks.index)

    live(scenario)
