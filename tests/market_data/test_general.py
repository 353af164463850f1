"""Connectivity, listing and execution rules; the calls that clients make while they start."""

from __future__ import annotations

from typing import Any

import pytest
from tests.market_data.world import ALICE, BORN_US, World

from tradepit.catalog.language import REGISTRY
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.terms import HALT, MAY_READ, MAY_TRADE
from tradepit.core.units import ONE

INFO = "GET /api/v3/exchangeInfo"
RULES = "GET /api/v3/executionRules"
ROW_FIELDS = [
    "symbol", "status", "baseAsset", "baseAssetPrecision", "quoteAsset", "quotePrecision",
    "quoteAssetPrecision", "baseCommissionPrecision", "quoteCommissionPrecision", "orderTypes",
    "icebergAllowed", "ocoAllowed", "otoAllowed", "opoAllowed", "quoteOrderQtyMarketAllowed",
    "allowTrailingStop", "cancelReplaceAllowed", "amendAllowed", "pegInstructionsAllowed",
    "isSpotTradingAllowed", "isMarginTradingAllowed", "filters", "permissions",
    "permissionSets", "defaultSelfTradePreventionMode", "allowedSelfTradePreventionModes",
]  # fmt: skip


def refusal(world: World, path: str, **params: str) -> tuple[int, str]:
    with pytest.raises(Reject) as no:
        world.ask(path, **params)
    return no.value.code, no.value.msg


def shown(world: World, **params: str) -> list[str]:
    return [row["symbol"] for row in world.ask(INFO, **params)["symbols"]]


def test_ping_and_time() -> None:
    world = World()
    world.now += 1_234_567
    for prefix in ("/api/v3", "/fapi/v1", "/dapi/v1"):
        assert world.ask(f"GET {prefix}/ping") == {}
        assert world.ask(f"GET {prefix}/time") == {"serverTime": (BORN_US + 1_234_567) // 1000}
    assert refusal(world, "GET /api/v3/ping", x="1")[0] == -1101


def test_exchange_info_has_the_documented_shape() -> None:
    world = World(sors=[["BTC", ["BTCUSDT", "BTCUSDC"]]])
    info = world.ask(INFO)
    assert list(info) == [
        "timezone", "serverTime", "rateLimits", "exchangeFilters", "symbols", "sors",
    ]  # fmt: skip
    assert info["timezone"] == "UTC"
    assert info["rateLimits"] == [
        {"rateLimitType": kind, "interval": interval, "intervalNum": num, "limit": limit}
        for kind, interval, num, limit in (
            ("REQUEST_WEIGHT", "MINUTE", 1, 6_000), ("ORDERS", "SECOND", 10, 50),
            ("ORDERS", "DAY", 1, 160_000), ("RAW_REQUESTS", "MINUTE", 5, 300_000),
        )
    ]  # fmt: skip
    assert info["sors"] == [{"baseAsset": "BTC", "symbols": ["BTCUSDT", "BTCUSDC"]}]
    row = info["symbols"][0]
    listing = world.pit.symbols["BTCUSDT"].listing
    assert list(row) == ROW_FIELDS
    same = set(ROW_FIELDS) & set(listing) - {"permissions"}
    assert {key: row[key] for key in same} == {key: listing[key] for key in same}
    assert row["permissions"] == [] and row["permissionSets"][0][0] == "SPOT"
    assert "sors" not in World().ask(INFO)


def test_exchange_info_selectors() -> None:
    world = World(
        ETHUSDT={"permissionSets": [["TRD_GRP_004"]]},
        BNBUSDT={"permissionSets": [["MARGIN"], ["TRD_GRP_005", "LEVERAGED"]]},
    )
    world.pit.symbols["BNBUSDT"].status = HALT
    assert shown(world) == ["BTCUSDT", "BNBUSDT"]
    assert shown(world, symbol="ETHUSDT") == ["ETHUSDT"]
    assert shown(world, symbols='["ETHUSDT","BTCUSDT"]') == ["ETHUSDT", "BTCUSDT"]
    assert shown(world, permissions="TRD_GRP_004") == ["ETHUSDT"]
    assert shown(world, permissions='["TRD_GRP_004","LEVERAGED"]') == ["ETHUSDT", "BNBUSDT"]
    assert shown(world, symbolStatus="HALT") == ["BNBUSDT"]
    assert shown(world, symbolStatus="BREAK") == []
    assert world.ask(INFO, symbol="BNBUSDT")["symbols"][0]["status"] == "HALT"
    rows = world.ask(INFO, showPermissionSets="false")["symbols"]
    assert all(row["permissionSets"] == [] for row in rows)
    bad = (-1128, "Combination of optional parameters invalid.")
    assert refusal(world, INFO, symbol="BTCUSDT", symbols='["BTCUSDT"]') == bad
    assert refusal(world, INFO, symbol="BTCUSDT", permissions="SPOT") == bad
    assert refusal(world, INFO, symbols='["BTCUSDT"]', permissions="SPOT") == bad
    assert refusal(world, INFO, symbol="BTCUSDT", symbolStatus="TRADING") == bad
    assert refusal(world, INFO, symbol="NOPE") == (-1121, "Invalid symbol.")
    assert refusal(world, INFO, symbols='["BTCUSDT","NOPE"]') == (-1121, "Invalid symbol.")
    assert refusal(world, INFO, symbols='["BTCUSDT","BTCUSDT"]')[0] == -1151
    assert refusal(world, INFO, permissions="SPOTTY")[0] == -1130
    assert refusal(world, INFO, symbolStatus="CANCEL_ONLY")[0] == -1122


def ruled() -> World:
    rule = {"bidLimitMultUp": "2", "bidLimitMultDown": "0.5", "askLimitMultUp": "1.0001"}
    return World(
        BTCUSDT={
            "_priceRange": rule,
            "_referencePrice": {"bucketCount": 10, "bucketWidthMs": 1000},
        },
        BNBUSDT={"_referencePrice": {"externalCalculationId": 42}},
    )


def test_execution_rules() -> None:
    world = ruled()
    expected = {
        "symbol": "BTCUSDT",
        "rules": [{
            "ruleType": "PRICE_RANGE", "bidLimitMultUp": "2.0000", "bidLimitMultDown": "0.5000",
            "askLimitMultUp": "1.0001",
        }],
    }  # fmt: skip
    for params in ({}, {"symbol": "BTCUSDT"}, {"symbols": '["ETHUSDT","BTCUSDT"]'},
                   {"symbolStatus": "TRADING"}):  # fmt: skip
        assert world.ask(RULES, **params) == {"symbolRules": [expected]}
    assert world.ask(RULES, symbol="ETHUSDT") == {"symbolRules": []}
    for params in (
        {"symbol": "BTCUSDT", "symbolStatus": "TRADING"},
        {"symbols": '["BTCUSDT"]', "symbolStatus": "TRADING"},
        {"symbol": "BTCUSDT", "symbols": '["BTCUSDT"]'},
    ):
        assert refusal(world, RULES, **params)[0] == -1128


def test_execution_rules_weight() -> None:
    operation = REGISTRY[RULES]

    def weight(**params: str) -> int:
        return operation.weigh(operation.parse(list(params.items())))

    names = [f'"S{n}"' for n in range(21)]
    assert weight(symbol="A") == 2
    assert weight() == weight(symbolStatus="TRADING") == 40
    assert [weight(symbols=f"[{','.join(names[:n])}]") for n in (1, 19, 20, 21)] == [2, 38, 40, 40]


def test_reference_prices() -> None:
    world = ruled()
    price, how = "GET /api/v3/referencePrice", "GET /api/v3/referencePrice/calculation"
    none = (-2043, "This symbol doesn't have a reference price.")
    for path in (price, how):
        assert refusal(world, path, symbol="ETHUSDT") == none
    assert world.ask(how, symbol="BTCUSDT") == {
        "symbol": "BTCUSDT", "calculationType": "ARITHMETIC_MEAN", "bucketCount": 10,
        "bucketWidthMs": 1000,
    }  # fmt: skip
    assert world.ask(how, symbol="BNBUSDT") == {
        "symbol": "BNBUSDT", "calculationType": "EXTERNAL", "externalCalculationId": 42,
    }  # fmt: skip
    assert refusal(world, how, symbol="BTCUSDT", symbolStatus="HALT")[0] == -1220
    assert refusal(world, price, symbol="BTCUSDT") == none  # nothing traded yet: never set
    world.feed("BTCUSDT", (0, 10 * ONE, ONE, 10 * ONE, BORN_US, False, 1))
    got = world.ask(price, symbol="BTCUSDT")
    assert got == {
        "symbol": "BTCUSDT", "referencePrice": "10.00000000", "timestamp": BORN_US // 1000,
    }  # fmt: skip
    world.now += 60_000_000
    assert world.ask(price, symbol="BTCUSDT")["referencePrice"] is None
    assert refusal(world, price, symbol="BNBUSDT") == none
    symbol = world.pit.symbols["BNBUSDT"]
    symbol.external_price, symbol.external_us = 600 * ONE, BORN_US
    assert world.ask(price, symbol="BNBUSDT") == {
        "symbol": "BNBUSDT", "referencePrice": "600.00000000", "timestamp": BORN_US // 1000,
    }  # fmt: skip


def test_wallet_calls_tell_the_real_state() -> None:
    listed = {"BTCUSDT": True, "ETHUSDT": False, "BNBUSDT": False}
    world = World(**{name: {"isMarginTradingAllowed": yes} for name, yes in listed.items()})
    pit = world.pit
    coins: dict[str, Any] = {
        row["coin"]: row for row in world.ask("GET /sapi/v1/capital/config/getall")
    }
    assert set(coins) >= {"BTC", "ETH", "BNB", "USDT"}
    held = pit.accounts[1].balances["USDT"]
    pit.ledger.hold(held, 5 * ONE // 2)
    coins = {row["coin"]: row for row in world.ask("GET /sapi/v1/capital/config/getall")}
    assert coins["USDT"]["locked"] == "2.5"
    assert list(coins["USDT"]) == [
        "coin", "depositAllEnable", "withdrawAllEnable", "name", "free", "locked", "freeze",
        "withdrawing", "ipoing", "ipoable", "storage", "isLegalMoney", "trading", "networkList",
    ]  # fmt: skip
    assert coins["USDT"]["trading"] and not coins["USDT"]["isLegalMoney"]
    assert world.ask("GET /sapi/v1/system/status") == {"status": 0, "msg": "normal"}
    fees = world.ask("GET /sapi/v1/asset/tradeFee")
    assert [row["symbol"] for row in fees] == list(pit.symbols)
    assert world.ask("GET /sapi/v1/asset/tradeFee", symbol="BTCUSDT") == [
        {"symbol": "BTCUSDT", "makerCommission": "0.001", "takerCommission": "0.001"}
    ]
    assert refusal(world, "GET /sapi/v1/asset/tradeFee", symbol="NOPE")[0] == -1121
    pair = {"base": "BTC", "isBuyAllowed": True, "isMarginTrade": True, "isSellAllowed": True,
            "quote": "USDT", "symbol": "BTCUSDT"}  # fmt: skip
    signed = {"timestamp": "1", "recvWindow": "5000", "signature": "ab"}
    assert world.ask("GET /sapi/v1/margin/isolated/allPairs", **signed) == [pair]
    cross = world.ask("GET /sapi/v1/margin/allPairs")
    assert [{k: v for k, v in row.items() if k != "id"} for row in cross] == [pair]
    assert world.ask("GET /sapi/v1/margin/allPairs", symbol="ETHUSDT") == []


def test_key_permissions_are_those_of_the_key() -> None:
    world = World()
    api_key, key = next(iter(world.pit.keys.items()))
    who = Who(key.owner, api_key, key.may)
    got = world.ask("GET /sapi/v1/account/apiRestrictions", who)
    assert got["createTime"] == BORN_US // 1000
    assert got["ipRestrict"] is False
    key.may, key.ips = MAY_READ, ["127.0.0.1"]
    got = world.ask("GET /sapi/v1/account/apiRestrictions", who)
    assert got["ipRestrict"] and got["enableReading"]
    assert not any(
        got[name] for name in got if name.startswith(("enable", "permits"))
        and name != "enableReading"
    )  # fmt: skip
    key.may = MAY_READ | MAY_TRADE
    assert world.ask("GET /sapi/v1/account/apiRestrictions", who)["enableSpotAndMarginTrading"]


def test_futures_are_listed_apart() -> None:
    world = World()
    usdm = world.ask("GET /fapi/v1/exchangeInfo")
    assert list(usdm) == [
        "exchangeFilters", "rateLimits", "serverTime", "assets", "symbols", "timezone",
    ]  # fmt: skip
    coinm = world.ask("GET /dapi/v1/exchangeInfo", ALICE)
    assert "BTCUSDT" in {row["symbol"] for row in usdm["symbols"]}
    assert "BTCUSD_PERP" in {row["symbol"] for row in coinm["symbols"]}
    assert usdm["rateLimits"][0] == {
        "interval": "MINUTE", "intervalNum": 1, "limit": 2400, "rateLimitType": "REQUEST_WEIGHT",
    }  # fmt: skip
