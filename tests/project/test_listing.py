"""The symbols that ship with the package, and any exchangeInfo answer in their place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tradepit.core.symbols import symbol_from_listing
from tradepit.core.units import MAX_AMOUNT, mul_floor, parse_units
from tradepit.data import spot_listing
from tradepit.data.exchange_info import ListingError, read_exchange_info
from tradepit.data.genesis import DEV_KEYS, genesis

LISTING = {row["symbol"]: row for row in spot_listing()}
# Rows as the exchange sent them, cut to what differs by year.
OLD_ROW: dict[str, Any] = {
    "symbol": "LTCBTC",
    "status": "BREAK",
    "baseAsset": "LTC",
    "baseAssetPrecision": 8,
    "quoteAsset": "BTC",
    "quotePrecision": 8,
    "quoteAssetPrecision": 8,
    "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"],
    "icebergAllowed": True,
    "ocoAllowed": True,
    "isSpotTradingAllowed": True,
    "isMarginTradingAllowed": True,
    "filters": [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": "0.00000100",
            "maxPrice": "100000.00000000",
            "tickSize": "0.00000100",
        },
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": "5",
            "multiplierDown": "0.2",
            "avgPriceMins": 5,
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": "0.00100000",
            "maxQty": "100000.00000000",
            "stepSize": "0.00100000",
        },
        {
            "filterType": "MIN_NOTIONAL",
            "minNotional": "0.00010000",
            "applyToMarket": True,
            "avgPriceMins": 5,
        },
        {"filterType": "ICEBERG_PARTS", "limit": 10},
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
    ],
    "permissions": ["SPOT", "MARGIN"],
}


def write(tmp_path: Path, answer: object) -> Path:
    path = tmp_path / "exchangeInfo.json"
    path.write_text(json.dumps(answer))
    return path


def changed(**fields: object) -> dict[str, Any]:
    return {"symbols": [{**json.loads(json.dumps(OLD_ROW)), **fields}]}


def test_the_promised_symbols_are_there() -> None:
    wanted = (
        "BTCUSDT ETHUSDT BNBUSDT SOLUSDT XRPUSDT DOGEUSDT ADAUSDT LTCUSDT TRXUSDT LINKUSDT"
        " AVAXUSDT BTCUSDC ETHBTC BNBBTC LTCBTC BNBETH USDCUSDT FDUSDUSDT １２３４５６"
    ).split()
    assert set(wanted) <= set(LISTING)
    assert len(LISTING) == 27


@pytest.mark.parametrize("name", LISTING)
def test_a_row_passes_its_own_filters(name: str) -> None:
    row = LISTING[name]
    symbol = symbol_from_listing(row)
    price = parse_units(row["_price"])
    assert name == row["baseAsset"] + row["quoteAsset"]
    assert symbol.min_price <= price <= symbol.max_price
    assert price % symbol.tick_size == 0
    assert symbol.min_qty % symbol.step_size == 0
    assert symbol.min_qty < symbol.max_qty <= MAX_AMOUNT
    assert symbol.bid_down < 100_000_000 < symbol.bid_up
    # The least and the usual order can both be sent.
    least = -(-symbol.min_notional * 100_000_000 // price)
    least = max(least + -least % symbol.step_size, symbol.min_qty)
    assert symbol.min_notional <= mul_floor(price, least) <= symbol.max_notional
    assert least <= symbol.max_qty


FIELDS = """
symbol status baseAsset baseAssetPrecision quoteAsset quotePrecision quoteAssetPrecision
baseCommissionPrecision quoteCommissionPrecision orderTypes icebergAllowed ocoAllowed otoAllowed
opoAllowed quoteOrderQtyMarketAllowed allowTrailingStop cancelReplaceAllowed amendAllowed
pegInstructionsAllowed isSpotTradingAllowed isMarginTradingAllowed filters permissions
permissionSets defaultSelfTradePreventionMode allowedSelfTradePreventionModes _price
""".split()


def test_the_row_has_the_fields_of_the_documents_in_their_order() -> None:
    assert list(LISTING["ETHBTC"]) == FIELDS


def test_observed_values() -> None:
    filters = {row["filterType"]: row for row in LISTING["SHIBUSDT"]["filters"]}
    assert filters["LOT_SIZE"]["maxQty"] == "46116860414.00"
    assert filters["PRICE_FILTER"]["tickSize"] == "0.00000001"
    filters = {row["filterType"]: row for row in LISTING["BTCUSDT"]["filters"]}
    assert filters["MARKET_LOT_SIZE"]["maxQty"] == "79.73716675"
    assert filters["NOTIONAL"]["minNotional"] == "5.00000000"


def test_an_old_answer_becomes_a_row_of_today(tmp_path: Path) -> None:
    (row,) = read_exchange_info(write(tmp_path, {"timezone": "UTC", "symbols": [OLD_ROW]}))
    assert {key: row[key] for key in OLD_ROW if key != "filters"} == {
        key: OLD_ROW[key] for key in OLD_ROW if key != "filters"
    }
    assert row["filters"][: len(OLD_ROW["filters"])] == OLD_ROW["filters"]
    assert set(row) == set(LISTING["LTCBTC"])
    assert row["permissionSets"] == [["SPOT", "MARGIN"]]
    assert row["_price"] == LISTING["LTCBTC"]["_price"]
    symbol = symbol_from_listing(row)
    assert symbol.max_amends == 10
    assert symbol.percent_filter == "PERCENT_PRICE"


def test_todays_answer_is_kept_as_it_is(tmp_path: Path) -> None:
    (row,) = read_exchange_info(write(tmp_path, {"symbols": [LISTING["BNBETH"]]}))
    assert row == LISTING["BNBETH"]


def test_a_bare_list_of_rows_will_do(tmp_path: Path) -> None:
    assert len(read_exchange_info(write(tmp_path, [OLD_ROW]))) == 1


@pytest.mark.parametrize(
    ("fields", "price"),
    [
        ({"_price": "0.00123456"}, "0.001234"),  # on the tick, never beside it
        ({"symbol": "ADABNB", "baseAsset": "ADA", "quoteAsset": "BNB"}, "0.000864"),
        ({"symbol": "NEWOLD", "baseAsset": "NEW", "quoteAsset": "OLD"}, "0.01"),
        ({"_price": "0"}, "0.000001"),
        ({"_price": "99999999"}, "100000"),
    ],
)
def test_a_typical_price_is_found(tmp_path: Path, fields: dict[str, str], price: str) -> None:
    (row,) = read_exchange_info(write(tmp_path, changed(**fields)))
    assert row["_price"] == price


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"symbols": []}, "at least one symbol"),
        ({"code": -1003, "msg": "Too many"}, "at least one symbol"),
        ({"symbols": ["BTCUSDT"]}, "symbol 1 is not an object"),
        ({"symbols": [OLD_ROW, OLD_ROW]}, "LTCBTC more than once"),
        (changed(quoteAsset=7), "no text 'quoteAsset'"),
        (changed(filters=None), "no list 'filters'"),
        (changed(filters=[{"minQty": "1"}]), "filterType"),
        (changed(filters=[{"filterType": "LOT_SIZE", "minQty": "1e3"}]), "LOT_SIZE.minQty"),
        (changed(filters=[{"filterType": "LOT_SIZE", "minQty": "0.000000001"}]), "8 places"),
        (changed(filters=[{"filterType": "ICEBERG_PARTS", "limit": "x"}]), "whole number"),
        (changed(baseAssetPrecision=18), "at most 8 places"),
        (changed(status="ASLEEP"), "'ASLEEP'"),
        (changed(orderTypes=["LIMIT", "GUESS"]), "'GUESS'"),
        (changed(_price="0.0012345678"), "no decimal"),
        (changed(ocoAllowed="yes"), "neither true nor false"),
    ],
)
def test_a_wrong_answer_is_refused_in_words(tmp_path: Path, answer: object, words: str) -> None:
    with pytest.raises(ListingError, match=words):
        read_exchange_info(write(tmp_path, answer))


def test_what_is_not_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<html>")
    with pytest.raises(ListingError, match="not JSON"):
        read_exchange_info(path)
    with pytest.raises(FileNotFoundError):
        read_exchange_info(tmp_path / "none.json")


def test_a_world_begins_with_funded_dev_accounts() -> None:
    world = genesis(spot_listing(), seed=3, born_us=1, residents=["maker-1"])
    names = [account["name"] for account in world["accounts"]]
    assert names == ["alice", "bob", "carol", "dave", "erin", "maker-1", "insurance"]
    fund = world["accounts"].pop()
    assert "balances" not in fund and set(fund["futures"]) == {"usdm", "coinm"}
    assets = {row[side] for row in spot_listing() for side in ("baseAsset", "quoteAsset")}
    for account in world["accounts"]:
        assert set(account["balances"]) == assets
        assert all(0 < units <= MAX_AMOUNT // 2 for units in account["balances"].values())
    residents = ("maker-1", "maker-2")
    everybody = genesis(spot_listing(), seed=3, born_us=1, residents=residents)["accounts"]
    for asset in assets:
        wallets = [row.get("balances", {}) for row in everybody]
        wallets += [wallet for row in everybody for wallet in row["futures"].values()]
        assert sum(wallet.get(asset, 0) for wallet in wallets) < 2**63
    assert world["accounts"][0]["balances"]["USDT"] == 1_000_000 * 100_000_000
    assert world["sors"] == [["BTC", ["BTCUSDT", "BTCUSDC"]]]
    assert genesis(spot_listing()[:1], seed=3, born_us=1)["sors"] == []


def test_dev_keys_look_like_keys() -> None:
    for key in DEV_KEYS:
        assert len(key.api_key) == len(key.secret_key) == 64
        assert (key.api_key + key.secret_key).isalnum()
    assert len({key.api_key for key in DEV_KEYS}) == len(DEV_KEYS) == 5
