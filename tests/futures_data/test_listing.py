"""The contracts that ship with the package, and a world that begins with them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tradepit.core.contracts import Contract
from tradepit.core.exchange import Exchange
from tradepit.core.terms import CONTRACT_STATUSES, FUTURES_ORDER_TYPES, TRADING
from tradepit.core.units import ONE, parse_units
from tradepit.data import spot_listing
from tradepit.data.contracts import contract_listing, quarters
from tradepit.data.genesis import genesis

BORN_US = 1_761_796_800_000_000  # 30 October 2025
LISTING = {row["symbol"]: row for row in contract_listing(spot_listing(), BORN_US)}

# A COIN-M row as the exchange sends it, and what is ours beside it.
REAL_ROW: dict[str, Any] = {
    "symbol": "BTCUSD_261225", "pair": "BTCUSD", "contractType": "CURRENT_QUARTER",
    "deliveryDate": 1798185600000, "onboardDate": 1782460800000,
    "contractStatus": "PENDING_TRADING", "contractSize": 100, "marginAsset": "BTC",
    "maintMarginPercent": "2.5000", "requiredMarginPercent": "5.0000", "baseAsset": "BTC",
    "quoteAsset": "USD", "pricePrecision": 1, "quantityPrecision": 0, "baseAssetPrecision": 8,
    "quotePrecision": 8, "equalQtyPrecision": 4, "maxMoveOrderLimit": 10000,
    "triggerProtect": "0.0500", "underlyingType": "COIN", "underlyingSubType": [],
    "filters": [
        {"minPrice": "1000", "maxPrice": "4671848", "filterType": "PRICE_FILTER",
         "tickSize": "0.1"},
        {"stepSize": "1", "filterType": "LOT_SIZE", "maxQty": "1000000", "minQty": "1"},
        {"stepSize": "1", "filterType": "MARKET_LOT_SIZE", "maxQty": "1000", "minQty": "1"},
        {"limit": 200, "filterType": "MAX_NUM_ORDERS"},
        {"limit": 20, "filterType": "MAX_NUM_ALGO_ORDERS"},
        {"multiplierDown": "0.9500", "multiplierUp": "1.0500", "multiplierDecimal": "4",
         "filterType": "PERCENT_PRICE"},
    ],
    "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET",
                   "TRAILING_STOP_MARKET"],
    "timeInForce": ["GTC", "IOC", "FOK", "GTX"], "liquidationFee": "0.010000",
    "marketTakeBound": "0.05",
    "_venue": "coinm", "_price": "107282", "_indexSymbol": "BTCUSDT",
    "_brackets": [[1, 50, "0", "50", "0.01", "0"]],
}  # fmt: skip


def test_a_contract_reads_a_row_of_the_exchange() -> None:
    contract = Contract(REAL_ROW)
    assert CONTRACT_STATUSES[contract.status] == "PENDING_TRADING"
    assert [FUTURES_ORDER_TYPES[n] for n in contract.order_types] == REAL_ROW["orderTypes"]
    assert contract.inverse and not contract.perpetual and contract.size == 100
    assert contract.tick_size == ONE // 10 and contract.max_algos == 20
    assert Contract({**REAL_ROW, "contractStatus": "TRADING"}).status == TRADING
    with pytest.raises(ValueError, match="not in tuple"):
        Contract({**REAL_ROW, "contractStatus": "HALTED"})


def test_the_promised_contracts_are_there() -> None:
    wanted = (
        "BTCUSDT ETHUSDT BNBUSDT SOLUSDT XRPUSDT DOGEUSDT ADAUSDT LTCUSDT TRXUSDT LINKUSDT"
        " AVAXUSDT 1000PEPEUSDT BTCUSDC BTCUSDT_251226 BTCUSDT_260327 ETHUSDT_251226"
        " ETHUSDT_260327 BTCUSD_PERP ETHUSD_PERP BNBUSD_PERP XRPUSD_PERP LTCUSD_PERP"
        " DOGEUSD_PERP LINKUSD_PERP BTCUSD_251226 BTCUSD_260327 ETHUSD_251226 ETHUSD_260327"
    ).split()
    assert sorted(LISTING) == sorted(wanted)
    only = [row for row in spot_listing() if row["symbol"] == "ETHUSDT"]
    assert {row["pair"] for row in contract_listing(only, BORN_US)} == {"ETHUSDT", "ETHUSD"}


def test_leverage_tables_are_whole() -> None:
    for row in LISTING.values():
        contract = Contract(json.loads(json.dumps(row)))
        floor = 0
        for number, bracket in enumerate(contract.brackets, 1):
            assert (bracket.number, bracket.floor) == (number, floor)
            floor = bracket.cap
            # At its floor a bracket asks for as much as the one before asks for at its cap.
            here = bracket.floor * bracket.ratio // ONE - bracket.cum
            assert here == contract.maintenance(bracket.floor)
        leverages = [bracket.leverage for bracket in contract.brackets]
        assert leverages == sorted(leverages, reverse=True) and leverages[-1] == 1
    # As the exchange lists them.
    assert LISTING["BTCUSDT"]["_brackets"][4] == [5, 25, "12000000", "70000000", "0.02", "132000"]
    assert LISTING["BTCUSD_PERP"]["_brackets"][0] == [1, 125, "0", "50", "0.004", "0"]


@pytest.mark.parametrize(
    ("now", "dates"),
    [
        # 26 December 2025 and 27 March 2026, as they were listed on 30 October 2025.
        (1_761_796_800_000,
         [1_751_011_200_000, 1_758_873_600_000, 1_766_736_000_000, 1_774_598_400_000]),
        # A delivery is over at its very time.
        (1_766_736_000_000,
         [1_758_873_600_000, 1_766_736_000_000, 1_774_598_400_000, 1_782_460_800_000]),
    ],
)  # fmt: skip
def test_quarters_end_on_the_last_friday(now: int, dates: list[int]) -> None:
    assert quarters(now) == dates


def test_a_thousand_coins_are_one() -> None:
    contract = Contract(LISTING["1000PEPEUSDT"])
    assert (contract.index_symbol, contract.index_units) == ("PEPEUSDT", 1000)
    spot = next(row for row in spot_listing() if row["symbol"] == "PEPEUSDT")
    assert abs(contract.marks.mark - 1000 * parse_units(spot["_price"])) < contract.tick_size


def test_a_world_begins_with_contracts_and_margin() -> None:
    row = genesis(spot_listing(), seed=1, born_us=BORN_US, residents=("maker-1",))
    pit = Exchange({}, json.loads(json.dumps(row)))
    assert set(pit.contracts) == set(LISTING)
    assert pit.accounts[1].name == "alice" and pit.names["insurance"] == len(pit.accounts)
    for venue in (1, 2):
        margins = {c.margin_asset for c in pit.contracts.values() if c.venue == venue}
        alice, fund = pit.trader(1, venue), pit.insurance(venue)
        assert fund is not None and margins <= set(alice.wallet)
        for asset, balance in alice.wallet.items():
            assert fund.wallet[asset].free == 10 * balance.free > 0
    assert pit.trader(1, 1).wallet["USDT"].free == 1_000_000 * ONE
    assert pit.audit() == []
    assert Exchange.load({}, json.loads(json.dumps(pit.dump()))).state_hash() == pit.state_hash()
    # Prices that no book says are those of the listing, second by second.
    pepe = pit.contracts["1000PEPEUSDT"]
    before = pepe.marks.mark
    pit._pass_time(pit.at_us + 3_000_000)
    assert pepe.marks.mark == pepe.marks.index == before
