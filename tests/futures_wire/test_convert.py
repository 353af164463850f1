"""Convert: what the books make of an amount, and the wallet after it was accepted."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from tests.control.conftest import Pit, running_pit

BOOKS = (
    ("BTCUSDT", "BUY", "0.5", "107000"), ("BTCUSDT", "BUY", "5", "106000"),
    ("BTCUSDT", "SELL", "0.5", "107500"), ("BTCUSDT", "SELL", "5", "108000"),
    ("ETHUSDT", "BUY", "50", "2430"), ("ETHUSDT", "SELL", "50", "2432"),
)  # fmt: skip


@pytest.fixture(scope="module")
def pit() -> Iterator[Pit]:
    for world in running_pit(limits="off"):
        world.done("PUT", "clock", speed="0")
        # A trade each, so that assets have a price; then books.
        for symbol, price in (("BTCUSDT", "107200"), ("ETHUSDT", "2431")):
            for name, side in (("bob", "BUY"), ("carol", "SELL")):
                assert world.order(name, side, "0.1", price, symbol).status == 200
        for symbol, side, qty, price in BOOKS:
            assert world.order("bob", side, qty, price, symbol).status == 200
        yield world


def quote(pit: Pit, give: str, take: str, **amounts: str) -> Any:
    more = "".join(f"&{name}={value}" for name, value in amounts.items())
    query = f"fromAsset={give}&toAsset={take}{more}"
    return pit.signed("POST", "/fapi/v1/convert/getQuote", query).json


def wallet(pit: Pit) -> dict[str, Decimal]:
    rows = pit.signed("GET", "/fapi/v2/balance").json
    return {row["asset"]: Decimal(row["balance"]) for row in rows}


def accept(pit: Pit, number: str, name: str = "alice") -> Any:
    answer = pit.signed("POST", "/fapi/v1/convert/acceptQuote", f"quoteId={number}", name=name)
    return answer.json


# given, taken: one of them asked for. 0.5 at 107,000 and the rest at 106,000; 0.5 at 107,500.
@pytest.mark.parametrize(("give", "take", "asked", "given", "taken"), [
    ("BTC", "USDT", "fromAmount", "0.6", "64100"),  # 0.5 x 107000 + 0.1 x 106000
    ("BTC", "USDT", "toAmount", "0.6", "64100"),
    ("USDT", "BTC", "fromAmount", "64550", "0.6"),  # 0.5 x 107500 + 0.1 x 108000
    ("USDT", "BTC", "toAmount", "64550", "0.6"),
    ("BTC", "ETH", "fromAmount", "0.1", "4.39967105"),  # 10700 / 2432
])  # fmt: skip
def test_a_quote_is_what_the_books_make(
    pit: Pit, give: str, take: str, asked: str, given: str, taken: str
) -> None:
    before = wallet(pit)
    found = quote(pit, give, take, **{asked: given if asked == "fromAmount" else taken})
    assert (found["fromAmount"], found["toAmount"]) == (given, taken)
    assert float(found["ratio"]) == pytest.approx(float(taken) / float(given), abs=1e-8)
    assert found["validTimestamp"] == int(pit.done("GET", "clock")["now"]) + 10_000
    done = accept(pit, found["quoteId"])
    assert list(done) == ["orderId", "createTime", "orderStatus"]
    after = wallet(pit)
    assert before[give] - after[give] == Decimal(given)
    assert after[take] - before[take] == Decimal(taken)
    unmoved = before.keys() - {give, take}
    assert {asset: before[asset] for asset in unmoved} == {asset: after[asset] for asset in unmoved}
    for which in (f"orderId={done['orderId']}", f"quoteId={found['quoteId']}"):
        status = pit.signed("GET", "/fapi/v1/convert/orderStatus", which).json
        assert (status["orderStatus"], status["fromAmount"], status["toAmount"]) == (
            "SUCCESS", given, taken,
        )  # fmt: skip
    incomes = pit.signed("GET", "/fapi/v1/income", "limit=1000").json[-2:]
    assert [(row["incomeType"], row["asset"], Decimal(row["income"])) for row in incomes] == [
        ("COIN_SWAP_WITHDRAW", give, -Decimal(given)), ("COIN_SWAP_DEPOSIT", take, Decimal(taken)),
    ]  # fmt: skip
    assert accept(pit, found["quoteId"])["code"] == -1130  # once


def test_pairs_and_bounds(pit: Pit) -> None:
    rows = pit.server.request("GET", "/fapi/v1/convert/exchangeInfo").json
    pairs = {(row["fromAsset"], row["toAsset"]): row for row in rows}
    assert ("BTC", "USDT") in pairs and ("ETH", "BTC") in pairs and ("BTC", "BTC") not in pairs
    assert pairs["BTC", "USDT"] == {
        "fromAsset": "BTC", "toAsset": "USDT", "fromAssetMinAmount": "0.0002",
        "fromAssetMaxAmount": "20", "toAssetMinAmount": "20", "toAssetMaxAmount": "2000000",
    }  # fmt: skip
    some = pit.server.request("GET", "/fapi/v1/convert/exchangeInfo?fromAsset=ETH&toAsset=BTC").json
    assert some == [pairs["ETH", "BTC"]]


def test_refusals(pit: Pit) -> None:
    assert quote(pit, "BTC", "USDT")["code"] == -1102
    assert quote(pit, "BTC", "USDT", fromAmount="1", toAmount="1")["code"] == -1128
    assert quote(pit, "BTC", "USDT", fromAmount="0")["code"] == -4055
    assert quote(pit, "BTC", "USDT", fromAmount="0.0001")["code"] == -1130
    assert quote(pit, "BTC", "USDT", fromAmount="21")["code"] == -1130
    assert quote(pit, "BTC", "USDT", fromAmount="19")["code"] == -1112  # the book has 5.5
    assert quote(pit, "BTC", "BTC", fromAmount="1")["code"] == -1126
    assert quote(pit, "BTC", "DOGE", fromAmount="1")["code"] == -1126
    assert quote(pit, "BTC", "USDT", fromAmount="1", validTime="1m")["code"] == -1130
    assert accept(pit, "nothing")["code"] == -1130
    found = quote(pit, "USDT", "BTC", fromAmount="1000")
    assert accept(pit, found["quoteId"], "bob")["code"] == -1130
    pit.done("POST", "clock/advance", by="10s")
    assert accept(pit, found["quoteId"])["code"] == -1130
    status = pit.signed("GET", "/fapi/v1/convert/orderStatus", f"quoteId={found['quoteId']}")
    assert status.code == -2013
    assert pit.signed("GET", "/fapi/v1/convert/orderStatus").code == -1102


def test_no_quote_id_without_the_funds(pit: Pit) -> None:
    held = wallet(pit)["ETH"]
    query = f"type=UMFUTURE_MAIN&asset=ETH&amount={held}"
    assert pit.signed("POST", "/sapi/v1/asset/transfer", query).status == 200
    found = quote(pit, "ETH", "USDT", fromAmount="1")
    assert found["toAmount"] == "2430" and "quoteId" not in found


def test_what_the_wallet_lost_since(pit: Pit) -> None:
    held = wallet(pit)["BTC"]
    found = quote(pit, "BTC", "USDT", fromAmount="0.1")
    query = f"type=UMFUTURE_MAIN&asset=BTC&amount={held}"
    assert pit.signed("POST", "/sapi/v1/asset/transfer", query).status == 200
    done = accept(pit, found["quoteId"])
    assert (done["code"], done["msg"]) == (-2018, "Balance is insufficient.")


def test_so_many_an_hour(pit: Pit) -> None:
    pit.done("POST", "clock/advance", by="25h")
    for _ in range(360):
        assert "quoteId" in quote(pit, "USDT", "BTC", fromAmount="100")
    assert quote(pit, "USDT", "BTC", fromAmount="100")["code"] == -1003
    pit.done("POST", "clock/advance", by="61m")
    assert "quoteId" in quote(pit, "USDT", "BTC", fromAmount="100")
