"""Faults of streams meet futures streams by their exchange's name."""

from __future__ import annotations

from tests.futures_streams.told import BOB, SECOND, Told, live

from tradepit.gateways.stream_faults import LOSE, REPEAT, StreamRule


def test_a_lost_event_is_a_gap_of_pu() -> None:
    async def scenario() -> None:
        world = Told()
        world.open_market()
        stream = "btcusdt@depth@100ms"
        ear, spot = world.hear("usdm", stream), world.hear("spot", stream)
        before = world.pit.contracts["BTCUSDT"].book.update_id
        world.hub.faults.rules.append(StreamRule(1, LOSE, stream="usdm:btcusdt@depth*"))
        for n in range(3):
            world.limit(BOB, "BUY", "BTCUSDT", "0.1", str(106_900 + n))
            world.do(
                "POST /api/v3/order", BOB, symbol="BTCUSDT", side="BUY", type="LIMIT",
                quantity="0.1", price=str(106_900 + n), timeInForce="GTC",
            )  # fmt: skip
            world.wait(SECOND)
        first, second = ear.of(stream)
        assert second["pu"] == first["u"] and len(spot.of(stream)) == 3
        assert first["pu"] == before + 1

    live(scenario)


def test_a_rule_without_an_exchange_is_about_spot() -> None:
    async def scenario() -> None:
        world = Told()
        world.open_market()
        ear = world.hear("usdm", "btcusdt@trade")
        world.hub.faults.rules.append(StreamRule(1, LOSE, stream="btcusdt@trade"))
        world.trade("BTCUSDT")
        assert len(ear.heard) == 1
        world.hub.faults.rules.append(StreamRule(2, REPEAT, stream="*"))
        world.trade("BTCUSDT")
        assert len(ear.heard) == 3

    live(scenario)
