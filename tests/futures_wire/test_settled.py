"""What a client sees of positions that the exchange closed, over REST."""

from __future__ import annotations

import pytest
from tests.control.conftest import running_pit

QUARTERS = {"fapi": ("BTCUSDT_261225", "0.5", "USDT"), "dapi": ("BTCUSD_261225", "20", "BTC")}
BEFORE_MS = 1_798_183_500_000  # 2026-12-25, 07:25 UTC


@pytest.mark.parametrize("venue", QUARTERS)
def test_a_settled_position_is_a_trade_without_commission(venue: str) -> None:
    symbol, qty, asset = QUARTERS[venue]
    for pit in running_pit(limits="off", time=str(BEFORE_MS), speed="0"):
        pit.done("PUT", "contracts", symbol=symbol, indexPrice="100000", markPrice="100000")
        for side, name in (("SELL", "bob"), ("BUY", "alice")):
            query = f"symbol={symbol}&side={side}&type=LIMIT&timeInForce=GTC&quantity={qty}"
            answer = pit.signed("POST", f"/{venue}/v1/order", query + "&price=100000", name=name)
            assert answer.status == 200, answer.body
        pit.done("POST", "clock/advance", by="40m")
        opened, settled = pit.signed("GET", f"/{venue}/v1/userTrades", f"symbol={symbol}").json
        assert float(opened["commission"]) > 0
        assert (settled["commission"], settled["commissionAsset"]) == ("0.00000000", asset)
