"""binance-futures-connector listens: run with its folder on the path, by test_futures_streams.py.

python -m tests.clients.futures_sockets URL KEYS PRICE
"""

from __future__ import annotations

import json
import sys
from typing import Any

from binance.cm_futures import CMFutures
from binance.um_futures import UMFutures
from binance.websocket.cm_futures.websocket_client import CMFuturesWebsocketClient
from binance.websocket.um_futures.websocket_client import UMFuturesWebsocketClient
from tests.clients.ears import Ears

URL = sys.argv[1]
WS = "ws" + URL.removeprefix("http")
KEYS: dict[str, list[str]] = json.loads(sys.argv[2])


def trade(kind: Any, symbol: str, qty: float, price: str) -> None:
    for name, side in (("alice", "SELL"), ("bob", "BUY")):
        kind(*KEYS[name], base_url=URL).new_order(
            symbol=symbol, side=side, type="LIMIT", quantity=qty, price=price, timeInForce="GTC"
        )


def usdm(price: str) -> None:
    ears = Ears()
    client = UMFuturesWebsocketClient(stream_url=WS + "/fstream", on_message=ears)
    try:
        client.agg_trade(symbol="btcusdt", id=1)
        client.diff_book_depth(symbol="btcusdt", id=2)
        client.continuous_kline(pair="btcusdt", contractType="perpetual", interval="1m", id=3)
        client.mark_price(symbol="btcusdt", speed=1, id=4)
        assert ears.until(lambda said: said.get("id") == 4) == {"result": None, "id": 4}
        trade(UMFutures, "BTCUSDT", 0.5, price)
        found = ears.until(lambda said: said.get("e") == "aggTrade")
        assert (found["q"], float(found["p"])) == ("0.500", float(price))
        assert ears.until(lambda said: said.get("e") == "depthUpdate")["pu"] >= 0
        kline = ears.until(lambda said: said.get("e") == "continuous_kline" and said["k"]["n"])
        assert kline["k"]["v"] == "0.500"
        assert ears.until(lambda said: said.get("e") == "markPriceUpdate")["s"] == "BTCUSDT"
    finally:
        client.stop()


def coinm(price: str) -> None:
    ears = Ears()
    client = CMFuturesWebsocketClient(stream_url=WS + "/dstream", on_message=ears, is_combined=True)
    try:
        client.agg_trade(symbol="btcusd_perp", id=1)
        client.index_price(pair="btcusd", id=2)
        client.pair_mark_price(pair="btcusd", id=3)
        client.mark_kline(symbol="btcusd_perp", interval="1m", id=4)
        assert ears.until(lambda said: said.get("id") == 4)["result"] is None
        trade(CMFutures, "BTCUSD_PERP", 7, price)

        def told(stream: str) -> Any:
            return ears.until(lambda said: said.get("stream", "").startswith(stream))["data"]

        assert told("btcusd_perp@aggTrade")["q"] == "7"
        assert told("btcusd@indexPrice")["i"] == "BTCUSD"
        assert told("btcusd@markPrice")[0]["s"] == "BTCUSD_PERP"
        assert told("btcusd_perp@markPriceKline")["k"]["n"] > 0
    finally:
        client.stop()


if __name__ == "__main__":
    usdm(f"{float(sys.argv[3]):.1f}")
    coinm(f"{float(sys.argv[3]):.1f}")
