"""Orders that close a whole position: one stop and one take profit of a direction may wait."""

from __future__ import annotations

from typing import Any

import pytest
from tests.futures_data.ask import ALICE, BOB, SECOND, World

from tradepit.core.rejects import Reject
from tradepit.core.units import ONE

WORDS = "An open stop or take profit order with GTE and closePosition in the direction is existing."
SYMBOLS = {"fapi": "BTCUSDT", "dapi": "BTCUSD_PERP"}


class Closing:
    """Alice, long, and what she lets wait under (stop) or over (take profit) the price."""

    def __init__(self, venue: str, hedged: bool = False) -> None:
        self.world = World()
        self.venue, self.symbol = venue, SYMBOLS[venue]
        if hedged:
            self.world.do(f"POST /{venue}/v1/positionSide/dual", dualSidePosition="true")
        self.mark = self.world.pit.contracts[self.symbol].marks.mark // ONE
        qty = "0.5" if venue == "fapi" else "50"
        price = {"type": "LIMIT", "timeInForce": "GTC", "price": str(self.mark)}
        for who, side in ((BOB, "SELL"), (ALICE, "BUY")):
            own = {"positionSide": "LONG"} if hedged and who is ALICE else {}
            self.world.do(
                f"POST /{venue}/v1/order", who, symbol=self.symbol, side=side, quantity=qty,
                **price, **own,
            )  # fmt: skip

    def order(self, kind: str, share: int = 0, side: str = "SELL", **more: str) -> Any:
        price = str(self._price(kind, share))
        asked = {"symbol": self.symbol, "side": side, "type": kind, "closePosition": "true"}
        asked |= {"stopPrice": price, **more}
        return self.world.do(f"POST /{self.venue}/v1/order", **asked)

    def algo(self, kind: str, share: int = 0, **more: str) -> Any:
        asked = {"symbol": self.symbol, "side": "SELL", "type": kind, "closePosition": "true"}
        asked |= {"algoType": "CONDITIONAL", "triggerPrice": str(self._price(kind, share))}
        return self.world.do(f"POST /{self.venue}/v1/algoOrder", **{**asked, **more})

    def _price(self, kind: str, share: int) -> int:
        share = share or (95 if kind.startswith("STOP") else 105)
        return self.mark * share // 100


def refused(place: Any, *asked: Any, **more: Any) -> None:
    with pytest.raises(Reject) as no:
        place(*asked, **more)
    assert (no.value.code, no.value.msg, no.value.status) == (-4130, WORDS, 400)


@pytest.mark.parametrize("venue", SYMBOLS)
def test_a_second_of_its_kind_is_refused(venue: str) -> None:
    closing = Closing(venue)
    stop = closing.order("STOP_MARKET")
    refused(closing.order, "STOP_MARKET")
    refused(closing.order, "STOP_MARKET", 90)
    profit = closing.order("TAKE_PROFIT_MARKET")  # the pair that clients place
    refused(closing.order, "TAKE_PROFIT_MARKET", 110)
    for row in (stop, profit):
        closing.world.do(f"DELETE /{venue}/v1/order", symbol=closing.symbol, orderId=row["orderId"])
        closing.order(row["type"], 90 if row is stop else 110)


def test_orders_and_algo_orders_know_each_other() -> None:
    closing = Closing("fapi")
    closing.algo("STOP_MARKET")
    refused(closing.algo, "STOP_MARKET", 90)
    refused(closing.order, "STOP_MARKET")
    closing.order("TAKE_PROFIT_MARKET")
    refused(closing.algo, "TAKE_PROFIT_MARKET")
    (waiting,) = closing.world.ask("GET /fapi/v1/openAlgoOrders", symbol="BTCUSDT")
    closing.world.do("DELETE /fapi/v1/algoOrder", algoId=waiting["algoId"])
    closing.order("STOP_MARKET")
    refused(closing.algo, "STOP_MARKET")


def test_a_quantity_and_another_account_are_no_matter() -> None:
    closing = Closing("fapi")
    closing.algo("STOP_MARKET")
    closing.algo("STOP_MARKET", closePosition="false", quantity="0.1", reduceOnly="true")
    closing.order("STOP_MARKET", 93, closePosition="false", quantity="0.2", reduceOnly="true")
    closing.world.do(
        "POST /fapi/v1/order", BOB, symbol="BTCUSDT", side="BUY", type="STOP_MARKET",
        closePosition="true", stopPrice=str(closing.mark * 105 // 100),
    )  # fmt: skip


def test_each_side_of_a_hedge_has_its_own() -> None:
    closing = Closing("fapi", hedged=True)
    closing.order("STOP_MARKET", positionSide="LONG")
    refused(closing.order, "STOP_MARKET", 94, positionSide="LONG")
    closing.order("STOP_MARKET", 105, side="BUY", positionSide="SHORT")
    refused(closing.order, "STOP_MARKET", 106, side="BUY", positionSide="SHORT")


def test_one_that_fired_makes_room() -> None:
    closing = Closing("fapi")
    closing.algo("STOP_MARKET", workingType="MARK_PRICE")
    marks = closing.world.pit.contracts["BTCUSDT"].marks
    closing.world.limit(BOB, "BUY", "BTCUSDT", "0.5", str(closing.mark * 97 // 100))
    marks.mark_set = closing.mark * 94 // 100 * ONE
    closing.world.wait(2 * SECOND)
    assert closing.world.ask("GET /fapi/v1/openAlgoOrders", symbol="BTCUSDT") == []
    marks.mark_set = closing.mark * ONE
    closing.world.wait(2 * SECOND)
    closing.algo("STOP_MARKET")
