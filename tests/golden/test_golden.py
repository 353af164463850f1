"""What earlier programs wrote: the same rules lead to the same state, other rules go on from it."""

from __future__ import annotations

import pytest
from tests.golden.worlds import Golden, found, money_of, path_of

from tradepit.catalog import language, publish
from tradepit.catalog.language import commands
from tradepit.core.exchange import RULES, TICK, Exchange
from tradepit.core.records import Command, Who
from tradepit.journal.port import RulesMismatch
from tradepit.journal.recovery import Origins, open_world

publish.load()

GOLDEN = found()


def never() -> Exchange:
    raise AssertionError("the world is there already")


ORIGINS = Origins(never, lambda state: Exchange.load(commands(), state), language)


def test_these_rules_have_a_golden_log() -> None:
    assert path_of(RULES).exists(), "python -m tests.golden.worlds"


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: f"{golden.name}-{golden.rules}")
def test_the_log_leads_where_it_led(golden: Golden) -> None:
    if golden.rules != RULES:
        with pytest.raises(RulesMismatch):
            open_world(golden.log(), ORIGINS)
        return
    pit = open_world(golden.log(), ORIGINS).machine
    assert pit.state_hash() == golden.state_hash
    assert money_of(pit) == golden.money
    assert pit.audit() == []


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: f"{golden.name}-{golden.rules}")
def test_a_program_goes_on_from_where_it_stopped(golden: Golden) -> None:
    world = open_world(golden.log(whole=False), ORIGINS)
    pit = world.machine
    assert money_of(pit) == golden.money and pit.audit() == []
    if golden.rules == RULES:
        assert pit.state_hash() == golden.state_hash
    later_us = pit.at_us + 3_600_000_000
    pit.apply(Command(pit.seq + 1, later_us, Who(0), TICK, None))
    assert pit.at_us == later_us and pit.audit() == []
