"""A server with futures positions, killed: everything that it answered is there again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.crash.served import Caller, Refused, Server

LINEAR = {"symbol": "BTCUSDT", "quantity": "0.2"}
INVERSE = {"symbol": "BTCUSD_PERP", "quantity": "20"}


def told(caller: Caller) -> dict[str, Any]:
    """What an account sees of itself on both venues."""
    return {
        "account": caller.call("GET", "/fapi/v2/account"),
        "coins": caller.call("GET", "/dapi/v1/account"),
        "risk": caller.call("GET", "/fapi/v3/positionRisk"),
        "coin risk": caller.call("GET", "/dapi/v1/positionRisk"),
        "open": caller.call("GET", "/fapi/v1/openOrders"),
        "orders": caller.call("GET", "/fapi/v1/allOrders", symbol="BTCUSDT"),
        "coin orders": caller.call("GET", "/dapi/v1/allOrders", symbol="BTCUSD_PERP"),
        "trades": caller.call("GET", "/fapi/v1/userTrades", symbol="BTCUSDT"),
        "coin trades": caller.call("GET", "/dapi/v1/userTrades", symbol="BTCUSD_PERP"),
        "income": caller.call("GET", "/fapi/v1/income"),
        "algos": caller.call("GET", "/fapi/v1/openAlgoOrders"),
        "all algos": caller.call("GET", "/fapi/v1/allAlgoOrders", symbol="BTCUSDT"),
        "amendments": [
            caller.call("GET", "/fapi/v1/orderAmendment", symbol="BTCUSDT", orderId=row["orderId"])
            for row in caller.call("GET", "/fapi/v1/openOrders")
        ],
        "transfers": caller.call("GET", "/sapi/v1/asset/transfer", type="MAIN_UMFUTURE"),
    }


def trade(buyer: Caller, seller: Caller, price: str, prefix: str, what: dict[str, str]) -> None:
    limit = {"type": "LIMIT", "timeInForce": "GTC", "price": price, **what}
    seller.call("POST", f"/{prefix}/v1/order", side="SELL", **limit)
    done = buyer.call("POST", f"/{prefix}/v1/order", side="BUY", newOrderRespType="RESULT", **limit)
    assert done["status"] == "FILLED"


@pytest.mark.kill
def test_positions_survive(tmp_path: Path) -> None:
    path = tmp_path / "data"
    server = Server(path)
    alice, bob = server.caller("alice"), server.caller("bob")
    mark = float(alice.call("GET", "/fapi/v2/positionRisk", symbol="BTCUSDT")[0]["markPrice"])
    price = f"{mark // 10 * 10:.1f}"
    low = f"{mark * 0.97 // 10 * 10:.1f}"
    alice.call("POST", "/sapi/v1/asset/transfer", type="MAIN_UMFUTURE", asset="USDT", amount="5")
    alice.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=7)
    trade(alice, bob, price, "fapi", LINEAR)
    trade(alice, bob, price, "dapi", INVERSE)
    rest = {"type": "LIMIT", "timeInForce": "GTC", "price": low, "side": "BUY", **LINEAR}
    order = alice.call("POST", "/fapi/v1/order", **rest)
    rest["price"] = f"{float(low) - 10:.1f}"
    del rest["type"], rest["timeInForce"]
    alice.call("PUT", "/fapi/v1/order", orderId=order["orderId"], **rest)
    alice.call(
        "POST", "/fapi/v1/algoOrder", algoType="CONDITIONAL", side="SELL", type="STOP_MARKET",
        triggerPrice=low, closePosition="true", symbol="BTCUSDT",
    )  # fmt: skip
    alice.call(
        "POST", "/fapi/v1/order", side="SELL", type="TRAILING_STOP_MARKET", callbackRate="1",
        reduceOnly="true", **LINEAR,
    )  # fmt: skip
    before = [told(alice), told(bob)]
    assert before[0]["amendments"][0] and before[0]["income"] and before[0]["algos"]
    server.kill()
    for _ in range(2):
        server = Server(path)
        alice, bob = server.caller("alice"), server.caller("bob")
        after = [told(alice), told(bob)]
        for one, other in zip(before, after, strict=True):
            for name in one:
                assert other[name] == one[name], name
        with pytest.raises(Refused) as no:
            alice.call("GET", "/fapi/v1/order", symbol="BTCUSDT", orderId=999_999)
        assert no.value.args[1] == {"code": -2013, "msg": "Order does not exist."}
        server.process.terminate()  # the second life starts from the snapshot of the first's end
        server.process.communicate()
