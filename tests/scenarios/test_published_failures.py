"""Failures that others met on the exchange, made again at will: 100 times out of 100."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.control.conftest import Pit, running_pit

ORDER = "POST /api/v3/order"
TIMES = 100


@pytest.fixture(scope="module")
def pit() -> Iterator[Pit]:
    yield from running_pit(limits="off")


BUY = ("alice", "BUY", "0.001", "45000")


def open_orders(pit: Pit) -> int:
    """How many there are; the next one begins with none."""
    found = len(pit.signed("GET", "/api/v3/openOrders", "symbol=BTCUSDT").json)
    assert pit.signed("DELETE", "/api/v3/openOrders", "symbol=BTCUSDT").status == 200
    return found


def test_a_lost_acknowledgement_leads_to_a_duplicate_order(pit: Pit) -> None:
    """A bot that sends again what it got no answer to owns two orders."""
    for _ in range(TIMES):
        pit.done("POST", "faults", kind="drop-after", operation=ORDER)
        with pytest.raises((EOFError, ConnectionError)):
            pit.order(*BUY)
        assert pit.order(*BUY).status == 200
        assert open_orders(pit) == 2
        pit.done("DELETE", "faults", all=True)


def test_a_503_of_an_order_that_was_accepted(pit: Pit) -> None:
    """ "Unknown error" is no refusal: the order is on the book."""
    pit.done("POST", "faults", kind="unavailable-after", operation=ORDER, times=TIMES)
    for _ in range(TIMES):
        answer = pit.order(*BUY)
        assert (answer.status, answer.code) == (503, -1000)
        assert open_orders(pit) == 1
    assert pit.done("DELETE", "faults", all=True)[0]["hit"] == TIMES


def test_an_order_that_was_acknowledged_does_not_exist_yet(pit: Pit) -> None:
    """-2013 right after a 200: reads lag behind writes."""
    pit.done("PUT", "clock", speed="0")
    pit.done("POST", "faults", kind="read-lag", account="alice", lag="100ms")
    for _ in range(TIMES):
        order_id = pit.order(*BUY).json["orderId"]
        asked = f"symbol=BTCUSDT&orderId={order_id}"
        assert pit.signed("GET", "/api/v3/order", asked).code == -2013
        pit.done("POST", "clock/advance", by="100ms")
        assert pit.signed("GET", "/api/v3/order", asked).json["status"] == "NEW"
        assert pit.signed("DELETE", "/api/v3/order", asked).json["status"] == "CANCELED"
    pit.done("DELETE", "faults", all=True)
