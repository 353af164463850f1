"""binance-connector 3.x: the full life of orders between two accounts, to the last digit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from binance.error import ClientError
from binance.spot import Spot
from tests.clients.pits import Pit, balance

pytestmark = pytest.mark.clients


def spot(pit: Pit, name: str) -> Spot:
    keys = pit.keys[name]
    return Spot(keys.api_key, keys.secret, base_url=pit.url)


def test_a_trade_between_two_accounts(pit: Pit) -> None:
    alice, bob = spot(pit, "alice"), spot(pit, "bob")
    assert alice.ping() == {}
    before = {who: client.account() for who, client in (("alice", alice), ("bob", bob))}
    bid = alice.new_order(
        symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC",
        quantity="0.5", price="100000.01", newClientOrderId="a-bid",
    )  # fmt: skip
    assert bid["status"] == "NEW" and bid["fills"] == []
    assert balance(alice.account()["balances"], "USDT")[1] == Decimal("50000.005")
    assert alice.depth("BTCUSDT")["bids"] == [["100000.01000000", "0.50000000"]]
    ask = bob.new_order(symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.3")
    assert ask["status"] == "FILLED" and ask["cummulativeQuoteQty"] == "30000.00300000"
    fill = ask["fills"][0]
    assert fill["commission"] == "30.00000300" and fill["commissionAsset"] == "USDT"
    assert fill["price"] == "100000.01000000" and fill["qty"] == "0.30000000"

    was = (
        balance(before["bob"]["balances"], "USDT")[0],
        balance(before["bob"]["balances"], "BTC")[0],
    )
    now = bob.account()["balances"]
    assert balance(now, "USDT")[0] == was[0] + Decimal("30000.003") - Decimal("30.000003")
    assert balance(now, "BTC")[0] == was[1] - Decimal("0.3")

    seen = alice.get_order("BTCUSDT", origClientOrderId="a-bid")
    assert (seen["status"], seen["executedQty"]) == ("PARTIALLY_FILLED", "0.30000000")
    gone = alice.cancel_order("BTCUSDT", orderId=seen["orderId"])
    assert (gone["status"], gone["origClientOrderId"]) == ("CANCELED", "a-bid")
    now = alice.account()["balances"]
    was = (
        balance(before["alice"]["balances"], "USDT")[0],
        balance(before["alice"]["balances"], "BTC")[0],
    )
    assert balance(now, "USDT") == (was[0] - Decimal("30000.003"), 0)
    assert balance(now, "BTC")[0] == was[1] + Decimal("0.3") - Decimal("0.0003")

    mine = alice.my_trades("BTCUSDT")
    assert len(mine) == 1 and mine[0]["isMaker"] and mine[0]["isBuyer"]
    assert mine[0]["commission"] == "0.00030000" and mine[0]["id"] == fill["tradeId"]
    assert alice.trades("BTCUSDT")[-1]["id"] == fill["tradeId"]
    assert alice.agg_trades("BTCUSDT")[-1]["q"] == "0.30000000"
    assert alice.klines("BTCUSDT", "1m")[-1][4] == "100000.01000000"
    assert alice.ticker_24hr("BTCUSDT")["count"] == 1
    assert [row["orderId"] for row in alice.get_orders("BTCUSDT")] == [seen["orderId"]]


def test_lists_amendments_and_replacements(pit: Pit) -> None:
    alice = spot(pit, "carol")
    pair = alice.new_oco_order(
        "ETHUSDT", "SELL", "1", aboveType="LIMIT_MAKER", abovePrice="3000",
        belowType="STOP_LOSS_LIMIT", belowStopPrice="2000", belowPrice="1990",
        belowTimeInForce="GTC",
    )  # fmt: skip
    assert [row["type"] for row in pair["orderReports"]] == ["STOP_LOSS_LIMIT", "LIMIT_MAKER"]
    assert balance(alice.account()["balances"], "ETH")[1] == 1
    assert alice.get_oco_open_orders()[0]["orderListId"] == pair["orderListId"]
    assert (
        alice.cancel_oco_order("ETHUSDT", orderListId=pair["orderListId"])["listOrderStatus"]
        == "ALL_DONE"
    )
    first = alice.new_order("ETHUSDT", "BUY", "LIMIT", timeInForce="GTC", quantity=2, price=2000)
    both = alice.cancel_and_replace(
        "ETHUSDT", "BUY", "LIMIT", "STOP_ON_FAILURE", cancelOrderId=first["orderId"],
        timeInForce="GTC", quantity=1, price=2100,
    )  # fmt: skip
    assert (both["cancelResult"], both["newOrderResult"]) == ("SUCCESS", "SUCCESS")
    assert len(alice.get_open_orders("ETHUSDT")) == 1
    assert len(alice.cancel_open_orders("ETHUSDT")) == 1
    assert alice.new_order_test("ETHUSDT", "BUY", "MARKET", quantity=1) == {}


def test_refusals_carry_code_and_words(pit: Pit) -> None:
    alice = spot(pit, "dave")
    for call, code, words in (
        (lambda: alice.get_order("BTCUSDT", orderId=999_999), -2013, "Order does not exist."),
        (lambda: alice.cancel_order("BTCUSDT", orderId=999_999), -2011, "Unknown order sent."),
        (lambda: alice.klines("NOPE", "1m"), -1121, "Invalid symbol."),
        (
            lambda: alice.new_order(
                "BTCUSDT", "BUY", "LIMIT", timeInForce="GTC", quantity=9_000, price=150_000
            ),
            -1013, "Filter failure: NOTIONAL",
        ),
        (
            lambda: alice.new_order(
                "BTCUSDT", "SELL", "LIMIT", timeInForce="GTC", quantity=80, price=100_000
            ),
            -2010, "Account has insufficient balance for requested action.",
        ),
    ):  # fmt: skip
        with pytest.raises(ClientError) as refused:
            call()
        assert (refused.value.error_code, refused.value.error_message) == (code, words)
    stranger = Spot("x" * 64, "y", base_url=pit.url)
    with pytest.raises(ClientError) as refused:
        stranger.account()
    assert refused.value.error_code == -2015


def test_times_in_microseconds_and_used_weight(pit: Pit) -> None:
    client = Spot(base_url=pit.url, time_unit="microsecond", show_limit_usage=True)
    answer = client.time()
    assert answer["data"]["serverTime"] > 10**15
    assert int(answer["limit_usage"]["x-mbx-used-weight-1m"]) >= 1
