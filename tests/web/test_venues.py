"""The pages' newer parts in a real browser: futures with positions, worlds, snapshots, symbols."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.gateways.conftest import Server, running
from tests.web.test_console import SAID, until, url

from tradepit.config import Config

SHOWN = "document.querySelector('#price').value && document.querySelector('#balances').rows.length"
HERE = "name => document.querySelector('#here').textContent === name"


@pytest.fixture(scope="module")
def own() -> Iterator[Server]:
    """A server whose worlds are made and taken back."""
    yield from running(Config(port=0, memory=True, market="frozen"))


def told(page: Any, words: str) -> str:
    """What the line says once these words are in it."""
    until(page, SAID, arg=words)
    return str(page.text_content("#said"))


@pytest.mark.parametrize(
    ("venue", "contract", "held"),
    [("usdm", "BTCUSDT", "Long 0.05"), ("coinm", "BTCUSD_PERP", "Long 7")],
)
def test_a_position_is_opened_shown_and_closed(
    server: Server, quick: Any, venue: str, contract: str, held: str
) -> None:
    quick.goto(url(server, f"/#{venue}:{contract}"))
    until(quick, SHOWN)
    assert quick.input_value("#venue") == venue
    assert float(quick.text_content("#mark").replace(",", "")) > 0
    assert "%" in quick.text_content("#funding")
    quick.select_option("#type", "MARKET")
    quick.fill("#quantity", held.split()[1])
    quick.click("#place")
    told(quick, "is filled")
    quick.wait_for_selector("#positions tr")
    row = quick.text_content("#positions")
    assert row.startswith(contract + held)
    assert re.search(r"[+−][\d,.]+ (USDT|BTC)", row)
    quick.select_option("#type", "LIMIT")
    quick.fill("#price", f"{float(quick.text_content('#mark').replace(',', '')) * 0.97:.1f}")
    quick.click("#place")
    quick.wait_for_selector("#orders tr")
    quick.click("#cancel-all")
    told(quick, "1 cancelled")
    quick.wait_for_selector("#orders tr", state="detached")
    quick.click("#positions button.small")
    assert f"The position in {contract}" in told(quick, "is filled")
    quick.wait_for_selector("#positions tr", state="detached")
    quick.check("#reduce")
    quick.click("#place")
    told(quick, "-2022")


@pytest.mark.parametrize(
    ("venue", "contract", "path"),
    [
        ("usdm", "BNBUSDT", "/fapi/v1/symbolConfig?symbol=BNBUSDT"),
        ("coinm", "ETHUSD_PERP", "/dapi/v1/positionRisk?pair=ETHUSD"),
    ],
)
def test_leverage_and_margin_type_are_shown_and_set(
    server: Server, quick: Any, venue: str, contract: str, path: str
) -> None:
    def kept() -> tuple[int, str]:
        rows = server.signed("GET", *path.split("?")).json
        row = next(row for row in rows if row["symbol"] == contract)
        return int(row["leverage"]), row["marginType"].upper()

    quick.goto(url(server, f"/#{venue}:{contract}"))
    until(quick, "document.querySelector('#leverage').value === '20'")
    assert quick.input_value("#margin") == "CROSSED"
    quick.fill("#leverage", "7")
    quick.press("#leverage", "Enter")
    told(quick, f"The leverage in {contract} is 7")
    quick.select_option("#margin", "ISOLATED")
    told(quick, f"The margin in {contract} is isolated")
    assert kept() == (7, "ISOLATED")
    assert not quick.query_selector("#orders tr"), "Enter in this field places no order"
    quick.fill("#leverage", "500")
    quick.press("#leverage", "Enter")
    told(quick, "-4028")
    until(quick, "document.querySelector('#leverage').value === '7'")
    there = "leverage=9&symbol=" + contract
    assert server.signed("POST", f"/{path[1]}api/v1/leverage", there).status == 200
    until(quick, "document.querySelector('#leverage').value === '9'")


def test_what_others_do_is_heard(server: Server, quick: Any) -> None:
    """Trades of the market and orders of the account that another client placed."""
    quick.goto(url(server, "/#usdm:LTCUSDT"))
    until(quick, SHOWN)
    before = quick.text_content("#trades")
    quick.wait_for_timeout(500)  # both sockets are open
    market = "symbol=LTCUSDT&side=BUY&type=MARKET&quantity=1.5"
    assert server.signed("POST", "/fapi/v1/order", market).status == 200
    until(quick, "was => document.querySelector('#trades').textContent !== was", arg=before)
    until(quick, "document.querySelector('#positions').textContent.startsWith('LTCUSDTLong 1.5')")
    limit = "symbol=LTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1.5&price=80"
    assert server.signed("POST", "/fapi/v1/order", limit).status == 200
    quick.wait_for_selector("#orders tr")


def test_the_exchange_is_chosen_and_the_symbol_kept(server: Server, quick: Any) -> None:
    quick.goto(url(server, "/#ETHUSDT"))
    until(quick, SHOWN)
    assert not quick.is_visible("#positions-panel")
    quick.select_option("#venue", "usdm")
    until(quick, "location.hash === '#usdm:ETHUSDT'")
    assert quick.is_visible("#positions-panel")
    quick.select_option("#venue", "coinm")
    until(quick, "location.hash === '#coinm:BTCUSD_PERP'")
    quick.select_option("#venue", "spot")
    until(quick, "location.hash === '#BTCUSDT'")
    assert not quick.is_visible("#positions-panel")


def test_hedge_mode_asks_which_position(own: Server, quick: Any) -> None:
    assert own.signed("POST", "/fapi/v1/positionSide/dual", "dualSidePosition=true").status == 200
    quick.goto(url(own, "/#usdm:ETHUSDT"))
    until(quick, SHOWN)
    quick.select_option("#hedge", "SHORT")
    quick.check("input[value=SELL]")
    quick.select_option("#type", "MARKET")
    quick.fill("#quantity", "1")
    quick.click("#place")
    told(quick, "is filled")
    quick.wait_for_selector("#positions tr")
    assert "Short 1" in quick.text_content("#positions")
    quick.click("[aria-label='Close the position in ETHUSDT short']")
    quick.wait_for_selector("#positions tr", state="detached")


def test_worlds_are_made_visited_and_ended(own: Server, quick: Any) -> None:
    quick.goto(url(own, "/control"))
    until(quick, HERE, arg="main")
    assert quick.is_hidden("#world")
    quick.fill("#world-name", "No Name")
    quick.click("#bear")
    told(quick, "name")
    quick.fill("#world-name", "lab")
    quick.select_option("#world-market", "empty")
    quick.fill("#world-seed", "77")
    quick.click("#bear")
    told(quick, "The world lab is served at /@lab")
    quick.select_option("#world", "lab")
    quick.wait_for_url("**/@lab/control")
    until(quick, HERE, arg="lab")
    assert "seed 77" in quick.text_content("#about")
    quick.click("nav >> text=Trade")
    quick.wait_for_url("**/@lab/*")
    until(quick, "document.querySelector('#world').value === 'lab'")
    quick.go_back()
    quick.wait_for_url("**/@lab/control")
    until(quick, HERE, arg="lab")
    quick.click("[aria-label='Delete lab']")
    quick.click("[aria-label='Really? Delete lab']")
    quick.wait_for_url(re.compile(r":\d+/control"))
    until(quick, HERE, arg="main")
    assert "lab" not in quick.text_content("#worlds")


def test_a_world_is_saved_compared_loaded_forked_and_taken_back(own: Server, quick: Any) -> None:
    quick.goto(url(own, "/control"))
    until(quick, HERE, arg="main")
    quick.fill("#snapshot-name", "before")
    quick.click("#save")
    told(quick, "Saved as before")
    query = "symbol=LTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=50"
    assert own.signed("POST", "/api/v3/order", query).status == 200
    quick.click("[aria-label='Compare before with now']")
    quick.wait_for_selector("#differences-rows tr")
    assert "LTCUSDT" in quick.text_content("#differences-rows")
    quick.click("[aria-label='Load before']")
    assert open_orders(own) == 1  # one click is not enough
    quick.click("[aria-label='Really? Load before']")
    told(quick, "goes on from before")
    assert open_orders(own) == 0
    quick.fill("#fork-name", "aside")
    quick.click("#fork")
    told(quick, "aside has this one’s past")
    assert "aside" in quick.text_content("#worlds")
    quick.click("[aria-label='Delete aside']")
    quick.click("[aria-label='Really? Delete aside']")
    told(quick, "aside is gone")
    assert own.signed("POST", "/api/v3/order", query).status == 200
    quick.click("#reset")
    quick.click("#reset")
    told(quick, "is born again")
    assert open_orders(own) == 0
    quick.fill("#back-by", "9d")
    quick.click("#rewind")
    quick.click("#rewind")
    until(quick, "document.querySelector('#said').classList.contains('bad')")


def test_bounds_of_futures_are_said_as_people_write_them(own: Server) -> None:
    query = "symbol=LTCUSDT&side=BUY&type=MARKET&quantity=900000"
    assert own.signed("POST", "/fapi/v1/order", query).code == -4005
    rows = own.request("GET", "/_tradepit/v1/requests?code=-4005").json
    filters = own.request("GET", "/fapi/v1/exchangeInfo").json["symbols"]
    row = next(row for row in filters if row["symbol"] == "LTCUSDT")
    lot = next(row for row in row["filters"] if row["filterType"] == "MARKET_LOT_SIZE")
    assert rows[-1]["reason"] == f"at most {float(lot['maxQty']):g}"


def open_orders(server: Server) -> int:
    return len(server.signed("GET", "/api/v3/openOrders", "symbol=LTCUSDT").json)


def test_the_market_of_one_symbol(own: Server, quick: Any) -> None:
    quick.goto(url(own, "/control"))
    until(quick, "document.querySelector('#symbol-price').value")
    quick.select_option("#symbol", "BNBUSDT")
    until(quick, "Number(document.querySelector('#symbol-price').value) < 5000")
    quick.fill("#symbol-price", "700")
    quick.fill("#spread-by", "3")
    quick.check("#quiet")
    quick.click("#set-symbol")
    told(quick, "BNBUSDT is set")
    row = own.request("GET", "/_tradepit/v1/market?symbol=BNBUSDT").json["symbols"][0]
    assert (float(row["last"]), float(row["spreadMultiple"]), row["quiet"]) == (700, 3, True)
    quick.fill("#depth", "0")
    quick.click("#set-symbol")
    told(quick, "depthMultiple")
    quick.select_option("#status", "HALT")
    quick.fill("#depth", "1")
    quick.click("#set-symbol")
    until(quick, SAID, arg="BNBUSDT is set")
    refused = own.signed("POST", "/api/v3/order", "symbol=BNBUSDT&side=BUY&type=MARKET&quantity=1")
    assert refused.json["msg"] == "Market is closed."
