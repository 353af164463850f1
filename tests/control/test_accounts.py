"""Accounts, money and commission: changed here, seen by those who trade."""

from __future__ import annotations

import pytest
from tests.control.conftest import Pit

from tradepit.journal.recovery import pack_state

MOST = 9_223_372_036_854_775_807
MOST_TEXT = "92233720368.54775807"


def row_of(pit: Pit, name: str) -> dict[str, object]:
    return next(row for row in pit.done("GET", "accounts") if row["name"] == name)


# --- Accounts ----------------------------------------------------------------------------------


def test_an_account_is_opened(pit: Pit) -> None:
    name = pit.fresh()
    made = pit.done("POST", "accounts", name=name)
    assert made == row_of(pit, name)
    assert made | {"uid": 0} == {
        "name": name, "uid": 0, "canTrade": True, "canWithdraw": True, "canDeposit": True,
        "paysInBnb": False, "tradeGroupId": -1, "permissions": ["SPOT"], "openOrders": 0,
    }  # fmt: skip
    assert len({row["uid"] for row in pit.done("GET", "accounts")}) >= 6


def test_residents_are_not_listed(pit: Pit) -> None:
    names = [row["name"] for row in pit.done("GET", "accounts")]
    assert names[:5] == ["alice", "bob", "carol", "dave", "erin"]
    assert not [name for name in names if name not in names[:5] and not name.startswith("guest")]


def test_an_account_like_another(pit: Pit) -> None:
    like, name = pit.fresh(), pit.fresh()
    pit.done("POST", "accounts", name=like)
    pit.done("POST", "faucet", account=like, asset="BTC", amount="1.5")
    pit.done("POST", "accounts", name=name, like=like)
    assert pit.done("POST", "faucet", account=name, asset="BTC", amount="0.5")["free"] == (
        "2.00000000"
    )


def test_a_funded_account(pit: Pit) -> None:
    name = pit.fresh()
    made = pit.done("POST", "keys", account=name, open=True)
    assert made["account"] == name
    for asset, amount in (("USDT", "1000000.00000000"), ("BTC", "10.00000000")):
        taken = pit.done("POST", "faucet", account=name, asset=asset, amount=amount, take=True)
        assert taken["free"] == "0.00000000"
    assert pit.no("POST", "accounts", name=pit.fresh(), like="bob", funded=True)[0] == -1128


def test_accounts_that_cannot_be_opened(pit: Pit) -> None:
    assert pit.no("POST", "accounts")[0] == -1102
    assert pit.no("POST", "accounts", name="alice") == (
        -1130,
        "Data sent for parameter 'name' is not valid. There is an account named alice already.",
    )
    assert pit.no("POST", "accounts", name=pit.fresh(), like="nobody")[0] == -1130
    for name in ("", "Alice", "1a", "a" * 33, "a b", "é", "../a"):
        assert pit.no("POST", "accounts", name=name)[0] in (-1100, -1105)


@pytest.mark.parametrize(
    ("ask", "shown"),
    [
        ({"canTrade": False}, {"canTrade": False}),
        ({"canWithdraw": False}, {"canWithdraw": False}),
        ({"canDeposit": False}, {"canDeposit": False}),
        ({"paysInBnb": True}, {"paysInBnb": True}),
        ({"tradeGroupId": 7}, {"tradeGroupId": 7}),
        ({"tradeGroupId": 7, "noTradeGroup": True}, {"tradeGroupId": -1}),
        ({"permissions": ["SPOT", "TRD_GRP_002"]}, {"permissions": ["SPOT", "TRD_GRP_002"]}),
        ({}, {}),
    ],
)  # fmt: skip
def test_what_an_account_may_be(pit: Pit, ask: dict[str, object], shown: dict[str, object]) -> None:
    name = pit.fresh()
    before = pit.done("POST", "accounts", name=name)
    assert pit.done("PUT", "accounts", account=name, **ask) == before | shown
    assert row_of(pit, name) == before | shown


def test_settings_that_make_no_sense(pit: Pit) -> None:
    assert pit.no("PUT", "accounts", account="nobody", canTrade=True)[0] == -1130
    for ask in ({"canTrade": "maybe"}, {"tradeGroupId": -1}, {"permissions": ["a b"]}):
        assert pit.no("PUT", "accounts", account="alice", **ask)[0] in (-1100, -1130)


def test_who_may_not_trade_is_refused(pit: Pit) -> None:
    pit.done("PUT", "accounts", account="erin", canTrade=False)
    refused = pit.order("erin", "BUY", "0.01", "50000")
    assert (refused.code, refused.json["msg"]) == (
        -2010, "This account may not place or cancel orders.",
    )  # fmt: skip
    assert pit.signed("GET", "/api/v3/account", name="erin").json["canTrade"] is False
    pit.done("PUT", "accounts", account="erin", canTrade=True)
    placed = pit.order("erin", "BUY", "0.01", "50000").json
    assert placed["status"] == "NEW"
    assert row_of(pit, "erin")["openOrders"] == 1
    gone = pit.signed(
        "DELETE", "/api/v3/order", f"symbol=BTCUSDT&orderId={placed['orderId']}", name="erin"
    )
    assert gone.json["status"] == "CANCELED"


# --- Money -------------------------------------------------------------------------------------


def test_the_faucet_gives_and_takes(pit: Pit) -> None:
    free, locked = pit.balance("USDT", "bob")
    given = pit.done("POST", "faucet", account="bob", asset="USDT", amount="12.5")
    assert pit.balance("USDT", "bob") == (given["free"], locked)
    assert float(given["free"]) == float(free) + 12.5
    taken = pit.done("POST", "faucet", account="bob", asset="USDT", amount="12.5", take=True)
    assert taken == {"asset": "USDT", "free": free, "locked": locked}
    assert pit.balance("USDT", "bob") == (free, locked)


def test_the_faucet_refuses(pit: Pit) -> None:
    name = pit.fresh()
    pit.done("POST", "accounts", name=name)
    assert pit.no("POST", "faucet", account="nobody", asset="BTC", amount="1")[0] == -1130
    assert pit.no("POST", "faucet", account=name, asset="NOCOIN", amount="1") == (
        -1130,
        "Data sent for parameter 'asset' is not valid.",
    )
    assert pit.no("POST", "faucet", account=name, asset="BTC")[0] == -1102
    assert pit.no("POST", "faucet", account=name, asset="BTC", amount="0")[0] == -1130
    assert pit.no("POST", "faucet", account=name, asset="BTC", amount="-1")[0] == -1100
    assert pit.no("POST", "faucet", account=name, asset="BTC", amount="0.000000001")[0] == -1111
    assert pit.no("POST", "faucet", account=name, asset="BTC", amount="1", take=True)[0] == -2010
    state = pit.server.served.hall.pit
    assert state.accounts[state.names[name]].balances == {}, "a refusal makes no empty balance"


def test_nobody_owns_more_than_fits(pit: Pit) -> None:
    free = pit.balance("DOGE", "carol")[0]
    assert pit.no("POST", "faucet", account="carol", asset="DOGE", amount=MOST_TEXT)[0] == -1108
    assert pit.balance("DOGE", "carol")[0] == free


def test_the_faucet_itself_stays_within_64_bits(pit: Pit) -> None:
    """What the house gave away is a balance, too, and a snapshot must be able to hold it."""
    hall = pit.server.served.hall
    source, *copies = [pit.fresh() for _ in range(12)]
    pit.done("POST", "accounts", name=source)
    left = MOST + 1 + hall.pit.faucet["XRP"].free
    half = f"{left // 2 // 10**8}"
    pit.done("POST", "faucet", account=source, asset="XRP", amount=half)
    refused = []
    for name in copies:
        answer = pit.control("POST", "accounts", name=name, like=source)
        if answer.status != 200:
            refused.append((answer.code, answer.json["msg"]))
    assert len(refused) >= 9
    assert set(refused) == {(-1108, "Parameter 'like' overflowed.")}
    rest = MOST + 1 + hall.pit.faucet["XRP"].free
    other = pit.fresh()
    pit.done("POST", "accounts", name=other)
    over = f"{rest // 10**8 + 1}"
    assert pit.no("POST", "faucet", account=other, asset="XRP", amount=over)[0] == -1108
    exact = f"{rest // 10**8}.{rest % 10**8:08d}"
    pit.done("POST", "faucet", account=other, asset="XRP", amount=exact)
    assert hall.pit.faucet["XRP"].free == -MOST - 1
    assert pack_state(hall.pit.dump())
    assert hall.pit.audit() == []
    pit.done("POST", "faucet", account=source, asset="XRP", amount=half, take=True)


# --- Commission --------------------------------------------------------------------------------


def commission_of_a_trade(pit: Pit, symbol: str = "ETHUSDT") -> tuple[dict[str, str], int]:
    """Dave buys one from carol, as taker; his fill, and carol's trade number."""
    pit.order("carol", "SELL", "1", "3000", symbol)
    bought = pit.order("dave", "BUY", "1", "3000", symbol).json
    assert bought["status"] == "FILLED"
    return bought["fills"][0], bought["orderId"]


def test_commission_is_seen_by_an_orders_fee(pit: Pit) -> None:
    assert commission_of_a_trade(pit)[0]["commission"] == "0.00100000"
    assert pit.done("PUT", "commission", account="dave", taker="0.002", buyer="0.0005") == {
        "account": "dave"
    }
    assert commission_of_a_trade(pit)[0]["commission"] == "0.00250000"
    shown = pit.done("PUT", "commission", account="dave", symbol="ETHUSDT", taker="0", buyer="0",
                     specialTaker="0.0001", taxBuyer="0.0002")  # fmt: skip
    assert shown == {"account": "dave", "symbol": "ETHUSDT"}
    assert commission_of_a_trade(pit)[0]["commission"] == "0.00030000"
    asked = pit.signed("GET", "/api/v3/account/commission", "symbol=ETHUSDT", name="dave").json
    assert asked["standardCommission"] == {
        "maker": "0.00100000", "taker": "0.00000000", "buyer": "0.00000000",
        "seller": "0.00000000",
    }  # fmt: skip
    assert asked["specialCommission"]["taker"] == "0.00010000"
    assert asked["taxCommission"]["buyer"] == "0.00020000"
    other = pit.signed("GET", "/api/v3/account/commission", "symbol=BTCUSDT", name="dave").json
    assert other["standardCommission"]["taker"] == "0.00200000"


def test_every_rate_can_be_set(pit: Pit) -> None:
    name = {"": "standard", "special": "special", "tax": "tax"}
    for kind, shown in name.items():
        for word in ("maker", "taker", "buyer", "seller"):
            rate = {kind + word.capitalize() if kind else word: "0.00000003"}
            pit.done("PUT", "commission", account="erin", symbol="BTCUSDT", **rate)
            asked = pit.signed(
                "GET", "/api/v3/account/commission", "symbol=BTCUSDT", name="erin"
            ).json
            assert asked[f"{shown}Commission"][word] == "0.00000003"
    pit.done("PUT", "commission", account="erin", symbol="BTCUSDT", discount="0.5",
             discountOnSymbol=False)  # fmt: skip
    asked = pit.signed("GET", "/api/v3/account/commission", "symbol=BTCUSDT", name="erin").json
    assert asked["discount"]["discount"] == "0.50000000"
    assert asked["discount"]["enabledForSymbol"] is False


def test_fees_in_bnb(pit: Pit) -> None:
    pit.order("carol", "SELL", "1", "600", "BNBUSDT")
    pit.order("bob", "BUY", "1", "600", "BNBUSDT")
    pit.done("PUT", "accounts", account="dave", paysInBnb=True)
    pit.done("PUT", "commission", account="dave", symbol="ETHUSDT", taker="0.001", buyer="0",
             specialTaker="0", taxBuyer="0", discount="0.75")  # fmt: skip
    fill, _ = commission_of_a_trade(pit)
    assert (fill["commissionAsset"], fill["commission"]) == ("BNB", "0.00375000")
    pit.done("PUT", "accounts", account="dave", paysInBnb=False)
    assert commission_of_a_trade(pit)[0]["commissionAsset"] == "ETH"


def test_rates_that_cannot_be(pit: Pit) -> None:
    assert pit.no("PUT", "commission", account="nobody", taker="0")[0] == -1130
    assert pit.no("PUT", "commission", account="dave", symbol="NONE", taker="0")[0] == -1121
    assert pit.no("PUT", "commission", account="dave", taker="-0.1")[0] == -1100
    assert pit.no("PUT", "commission", account="dave", taker="0.000000001")[0] == -1111
