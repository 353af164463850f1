"""binance-futures-connector trades futures: run with its folder on the path, by test_futures.py.

python -m tests.clients.futures_connector URL KEYS PRICE
"""

from __future__ import annotations

import json
import queue
import sys
from decimal import Decimal

from binance.cm_futures import CMFutures
from binance.error import ClientError
from binance.um_futures import UMFutures
from binance.websocket.cm_futures.websocket_client import CMFuturesWebsocketClient
from binance.websocket.um_futures.websocket_client import UMFuturesWebsocketClient

URL = sys.argv[1]
KEYS: dict[str, list[str]] = json.loads(sys.argv[2])


def um(name: str) -> UMFutures:
    return UMFutures(*KEYS[name], base_url=URL)


def cm(name: str) -> CMFutures:
    return CMFutures(*KEYS[name], base_url=URL)


def near(price: float, factor: float = 1.0) -> str:
    return f"{price * factor // 10 * 10:.1f}"


def opens_and_closes_a_position(price: float) -> None:
    alice, bob = um("alice"), um("bob")
    assert alice.change_leverage(symbol="BTCUSDT", leverage=10)["leverage"] == 10
    at = near(price)
    resting = bob.new_order(
        symbol="BTCUSDT", side="SELL", type="LIMIT", quantity=0.5, price=at, timeInForce="GTC"
    )
    assert (resting["status"], resting["cumQuote"], resting["avgPrice"]) == (
        "NEW", "0.00000", "0.00",
    )  # fmt: skip
    taken = alice.new_order(
        symbol="BTCUSDT", side="BUY", type="MARKET", quantity=0.5, newOrderRespType="RESULT"
    )
    assert (taken["status"], Decimal(taken["avgPrice"])) == ("FILLED", Decimal(at))
    position = alice.get_position_risk(symbol="BTCUSDT")[0]
    assert (position["positionAmt"], Decimal(position["entryPrice"])) == ("0.500", Decimal(at))
    account = alice.account()
    assert Decimal(account["totalPositionInitialMargin"]) > 0
    trade = alice.get_account_trades(symbol="BTCUSDT")[-1]
    assert (trade["orderId"], trade["maker"], trade["side"]) == (taken["orderId"], False, "BUY")
    bob.new_order(
        symbol="BTCUSDT", side="BUY", type="LIMIT", quantity=0.5, price=at, timeInForce="GTC"
    )
    alice.new_order(symbol="BTCUSDT", side="SELL", type="MARKET", quantity=0.5, reduceOnly="true")
    assert alice.get_position_risk(symbol="BTCUSDT") == []
    kinds = {row["incomeType"] for row in alice.get_income_history(symbol="BTCUSDT")}
    assert "COMMISSION" in kinds
    assert alice.get_all_orders(symbol="BTCUSDT")[-1]["reduceOnly"] is True


def orders_in_all_ways(price: float) -> None:
    carol = um("carol")
    rows = [
        {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.1",
         "price": near(price, 0.97), "timeInForce": "GTC"},
        {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.0001",
         "price": near(price, 0.97), "timeInForce": "GTC"},
    ]  # fmt: skip
    placed, refused = carol.new_batch_order(rows)
    assert placed["status"] == "NEW"
    assert refused == {
        "code": -1111, "msg": "Precision is over the maximum defined for this asset.",
    }  # fmt: skip
    carol.new_order(
        symbol="BTCUSDT", side="SELL", type="STOP_MARKET", stopPrice=near(price, 0.9),
        closePosition="true", workingType="MARK_PRICE",
    )  # fmt: skip
    assert len(carol.get_orders(symbol="BTCUSDT")) == 2
    found = carol.query_order(symbol="BTCUSDT", orderId=placed["orderId"])
    assert found["status"] == "NEW"
    try:
        carol.new_order(
            symbol="BTCUSDT", side="BUY", type="MARKET", quantity=0.1, positionSide="LONG"
        )
    except ClientError as no:
        assert no.error_code == -4061
    else:
        raise AssertionError("a position side in one-way mode was taken")
    assert carol.cancel_open_orders(symbol="BTCUSDT")["code"] == 200
    assert carol.get_orders(symbol="BTCUSDT") == []
    assert carol.change_position_mode(dualSidePosition="true")["code"] == 200
    assert carol.get_position_mode() == {"dualSidePosition": True}
    carol.change_position_mode(dualSidePosition="false")


def trades_inverse_contracts(price: float) -> None:
    alice, bob = cm("alice"), cm("bob")
    at = near(price)
    bob.new_order(symbol="BTCUSD_PERP", side="SELL", type="LIMIT", quantity=10, price=at,
                  timeInForce="GTC")  # fmt: skip
    taken = alice.new_order(symbol="BTCUSD_PERP", side="BUY", type="MARKET", quantity=10,
                            newOrderRespType="RESULT")  # fmt: skip
    assert taken["status"] == "FILLED"
    assert Decimal(taken["cumBase"]) == (1000 / Decimal(at)).quantize(Decimal("1e-8"), "ROUND_DOWN")
    found = [p for p in alice.get_position_risk() if p["positionAmt"] != "0"]
    assert [p["symbol"] for p in found] == ["BTCUSD_PERP"]
    assert alice.get_account_trades(symbol="BTCUSD_PERP")[-1]["marginAsset"] == "BTC"


def hears_its_account(price: float) -> None:
    """Listen keys of both exchanges, on the clients' own sockets."""
    streams = "ws" + URL.removeprefix("http")
    for client, kind, path, symbol, qty in (
        (um("dave"), UMFuturesWebsocketClient, "/fstream", "BTCUSDT", 0.1),
        (cm("dave"), CMFuturesWebsocketClient, "/dstream", "BTCUSD_PERP", 5),
    ):
        key = client.new_listen_key()["listenKey"]
        said: queue.Queue[str] = queue.Queue()
        socket = kind(
            stream_url=streams + path, on_message=lambda _, text, said=said: said.put(text)
        )
        socket.user_data(listen_key=key, id=1)
        assert json.loads(said.get(timeout=10)) == {"result": None, "id": 1}
        placed = client.new_order(
            symbol=symbol, side="BUY", type="LIMIT", quantity=qty, price=near(price, 0.97),
            timeInForce="GTC",
        )  # fmt: skip
        told = json.loads(said.get(timeout=10))
        assert told["e"] == "ORDER_TRADE_UPDATE" and told["o"]["i"] == placed["orderId"]
        client.cancel_order(symbol=symbol, orderId=placed["orderId"])
        assert json.loads(said.get(timeout=10))["o"]["X"] == "CANCELED"
        assert client.renew_listen_key(key) == {"listenKey": key}
        assert client.close_listen_key(key) == {}
        socket.stop()


if __name__ == "__main__":
    at = float(sys.argv[3])
    opens_and_closes_a_position(at)
    orders_in_all_ways(at)
    trades_inverse_contracts(at)
    hears_its_account(at)
