"""Portfolio margin's two questions, and the agreement about perpetuals on other markets' prices."""

from __future__ import annotations

import pytest
from tests.futures_data.ask import ALICE, BOB, BORN_US, World

from tradepit.catalog.language import commands
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.units import ONE, parse_units
from tradepit.data import spot_listing
from tradepit.data.genesis import genesis

VENUES = ("fapi", "dapi")


@pytest.fixture
def world() -> World:
    made = World()
    for who, side in ((BOB, "SELL"), (ALICE, "BUY")):  # what a coin counts is its last price
        for symbol, price in (("BTCUSDT", "107000"), ("ETHUSDT", "2400")):
            made.do(
                "POST /api/v3/order", who, symbol=symbol, side=side, type="LIMIT", quantity="1",
                price=price, timeInForce="GTC",
            )  # fmt: skip
    for venue, symbol, qty in (("fapi", "BTCUSDT", "2"), ("dapi", "BTCUSD_PERP", "100")):
        mark = made.pit.contracts[symbol].marks.mark
        price = str(mark // ONE)
        made.do(f"POST /{venue}/v1/leverage", symbol=symbol, leverage=10)
        made.limit(BOB, "SELL", symbol, qty, price)
        made.limit(ALICE, "BUY", symbol, qty, price)
    return made


def test_every_contract_has_its_largest_position(world: World) -> None:
    rows = world.ask("GET /fapi/v1/pmExchangeInfo")["notionalLimits"]
    listed = {c.name: c for c in world.pit.contracts.values() if c.venue == 1}
    assert [row["symbol"] for row in rows] == list(listed)
    for row in rows:
        assert list(row) == ["symbol", "notionalLimit"]
        assert parse_units(row["notionalLimit"]) == listed[row["symbol"]].brackets[-1].cap
    (row,) = world.ask("GET /fapi/v1/pmExchangeInfo", symbol="BTCUSDT")["notionalLimits"]
    assert row == {"symbol": "BTCUSDT", "notionalLimit": "1800000000"}
    rows = world.ask("GET /dapi/v1/pmExchangeInfo", pair="BTCUSD")["notionalLimits"]
    assert {row["pair"] for row in rows} == {"BTCUSD"} and len(rows) == 3
    assert list(rows[0]) == ["symbol", "pair", "notionalLimit"]
    with pytest.raises(Reject) as no:
        world.ask("GET /fapi/v1/pmExchangeInfo", symbol="NOSUCH")
    assert no.value.code == -1121
    with pytest.raises(Reject) as no:
        world.ask("GET /dapi/v1/pmExchangeInfo", pair="BTCUSD", symbol="BTCUSD_PERP")
    assert no.value.code == -1128


def dollars(world: World, who: Who) -> int:
    """What both wallets leave, worked anew from what the accounts' own rows say: assets at their
    collateral rates, less initial margin and losses at full ones."""
    total = 0
    account = world.ask("GET /fapi/v2/account", who)["assets"]
    for row in (*account, *world.ask("GET /dapi/v1/account", who)["assets"]):
        full = world.pit.collateral_rate(row["asset"], False)
        cut = world.pit.collateral_rate(row["asset"], True)
        total += parse_units(row["walletBalance"]) * cut // ONE
        loss = min(float(row["unrealizedProfit"]), 0.0)
        total -= int((float(row["initialMargin"]) - loss) * full)
    return total


@pytest.mark.parametrize(("venue", "asset"), [("fapi", "USDT"), ("dapi", "BTC")])
def test_what_may_leave_is_what_a_transfer_takes(world: World, venue: str, asset: str) -> None:
    told = world.ask(f"GET /{venue}/v1/pmAccountInfo", asset=asset)
    assert list(told) == ["maxWithdrawAmountUSD", "asset", "maxWithdrawAmount"]
    usd = parse_units(told["maxWithdrawAmountUSD"])
    assert usd == pytest.approx(dollars(world, ALICE), rel=1e-6)
    most = parse_units(told["maxWithdrawAmount"])
    assert 0 < most * world.pit.collateral_rate(asset, True) // ONE <= usd
    word = "UMFUTURE_MAIN" if venue == "fapi" else "CMFUTURE_MAIN"
    more = {"type": word, "asset": asset}
    with pytest.raises(Reject):
        world.do("POST /sapi/v1/asset/transfer", amount=f"{(most + 1) / ONE:.8f}", **more)
    world.do("POST /sapi/v1/asset/transfer", amount=told["maxWithdrawAmount"], **more)
    after = world.ask(f"GET /{venue}/v1/pmAccountInfo", asset=asset)
    assert after["maxWithdrawAmount"] == "0.00000000"
    assert parse_units(after["maxWithdrawAmountUSD"]) < usd


@pytest.mark.parametrize("venue", VENUES)
def test_an_asset_that_no_contract_knows(world: World, venue: str) -> None:
    with pytest.raises(Reject) as no:
        world.ask(f"GET /{venue}/v1/pmAccountInfo", asset="NOSUCH")
    assert (no.value.code, no.value.msg) == (-1108, "Invalid asset.")


def test_looking_leaves_no_trace() -> None:
    world = World()
    before = world.pit.state_hash()
    for venue, asset in zip(VENUES, ("USDT", "BTC"), strict=True):
        world.ask(f"GET /{venue}/v1/pmAccountInfo", asset=asset)
    assert world.pit.state_hash() == before


def with_gold() -> World:
    """A world with one contract that the agreement is about."""
    world = World()
    rows = [row for row in spot_listing() if row["symbol"] == "BTCUSDT"]
    born = genesis(rows, seed=7, born_us=BORN_US)
    (row,) = [row for row in born["contracts"] if row["symbol"] == "BTCUSDT"]
    gold = {**row, "symbol": "XAUUSDT", "pair": "XAUUSDT", "contractType": "TRADIFI_PERPETUAL"}
    world.pit = Exchange(commands(), {**born, "contracts": [*born["contracts"], gold]})
    return world


def test_the_agreement_is_signed_before_the_first_order() -> None:
    world = with_gold()
    order = {"symbol": "XAUUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC"}
    order |= {"quantity": "0.1", "price": str(world.pit.contracts["XAUUSDT"].marks.mark // ONE)}
    stop = {"symbol": "XAUUSDT", "side": "SELL", "type": "STOP_MARKET", "quantity": "0.1"}
    stop |= {"algoType": "CONDITIONAL", "triggerPrice": "90000"}
    for op, asked in (("POST /fapi/v1/order", order), ("POST /fapi/v1/algoOrder", stop)):
        with pytest.raises(Reject) as no:
            world.do(op, **asked)
        assert no.value.code == -4411
        assert no.value.msg == "Please sign TradFi-Perps agreement contract fapi."
    unsigned = world.pit.state_hash()
    assert world.do("POST /fapi/v1/stock/contract") == {"code": 200, "msg": "success"}
    signed = world.pit.dump()
    assert world.pit.state_hash() != unsigned
    assert world.do("POST /fapi/v1/stock/contract") == {"code": 200, "msg": "success"}
    assert world.pit.dump()["futures"] == signed["futures"], "twice is once"
    assert world.do("POST /fapi/v1/order", **order)["status"] == "NEW"
    with pytest.raises(Reject):
        world.do("POST /fapi/v1/order", BOB, **order)
    again = Exchange.load(commands(), world.pit.dump())
    assert again.trader(1, 1).tradfi_signed and not again.trader(2, 1).tradfi_signed
    assert again.state_hash() == world.pit.state_hash()
    # A perpetual like all others: it is funded, and its klines are found by its type.
    world.do("POST /fapi/v1/stock/contract", BOB)
    world.do("POST /fapi/v1/order", BOB, **{**order, "side": "BUY"})
    assert world.pit.contracts["XAUUSDT"].marks.next_us > BORN_US
    assert world.ask(
        "GET /fapi/v1/continuousKlines", pair="XAUUSDT", contractType="TRADIFI_PERPETUAL",
        interval="1m",
    )  # fmt: skip


def test_other_contracts_ask_for_no_agreement() -> None:
    world = World()
    price = str(world.pit.contracts["BTCUSDT"].marks.mark // ONE)
    assert world.limit(ALICE, "BUY", "BTCUSDT", "0.1", price)["status"] == "NEW"
