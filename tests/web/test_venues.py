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
    server: Server, page: Any, venue: str, contract: str, held: str
) -> None:
    page.goto(url(server, f"/#{venue}:{contract}"))
    until(page, SHOWN)
    assert page.input_value("#venue") == venue
    assert float(page.text_content("#mark").replace(",", "")) > 0
    assert "%" in page.text_content("#funding")
    page.select_option("#type", "MARKET")
    page.fill("#quantity", held.split()[1])
    page.click("#place")
    told(page, "is filled")
    page.wait_for_selector("#positions tr")
    row = page.text_content("#positions")
    assert row.startswith(contract + held)
    assert re.search(r"[+−][\d,.]+ (USDT|BTC)", row)
    page.select_option("#type", "LIMIT")
    page.fill("#price", f"{float(page.text_content('#mark').replace(',', '')) * 0.97:.1f}")
    page.click("#place")
    page.wait_for_selector("#orders tr")
    page.click("#cancel-all")
    told(page, "1 cancelled")
    page.wait_for_selector("#orders tr", state="detached")
    page.click("#positions button.small")
    assert f"The position in {contract}" in told(page, "is filled")
    page.wait_for_selector("#positions tr", state="detached")
    page.check("#reduce")
    page.click("#place")
    told(page, "-2022")


def test_what_others_do_is_heard(server: Server, page: Any) -> None:
    """Trades of the market and orders of the account that another client placed."""
    page.goto(url(server, "/#usdm:LTCUSDT"))
    until(page, SHOWN)
    before = page.text_content("#trades")
    page.wait_for_timeout(500)  # both sockets are open
    market = "symbol=LTCUSDT&side=BUY&type=MARKET&quantity=1.5"
    assert server.signed("POST", "/fapi/v1/order", market).status == 200
    until(page, "was => document.querySelector('#trades').textContent !== was", arg=before)
    until(page, "document.querySelector('#positions').textContent.startsWith('LTCUSDTLong 1.5')")
    limit = "symbol=LTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1.5&price=80"
    assert server.signed("POST", "/fapi/v1/order", limit).status == 200
    page.wait_for_selector("#orders tr")


def test_the_exchange_is_chosen_and_the_symbol_kept(server: Server, page: Any) -> None:
    page.goto(url(server, "/#ETHUSDT"))
    until(page, SHOWN)
    assert not page.is_visible("#positions-panel")
    page.select_option("#venue", "usdm")
    until(page, "location.hash === '#usdm:ETHUSDT'")
    assert page.is_visible("#positions-panel")
    page.select_option("#venue", "coinm")
    until(page, "location.hash === '#coinm:BTCUSD_PERP'")
    page.select_option("#venue", "spot")
    until(page, "location.hash === '#BTCUSDT'")
    assert not page.is_visible("#positions-panel")


def test_hedge_mode_asks_which_position(own: Server, page: Any) -> None:
    assert own.signed("POST", "/fapi/v1/positionSide/dual", "dualSidePosition=true").status == 200
    page.goto(url(own, "/#usdm:ETHUSDT"))
    until(page, SHOWN)
    page.select_option("#hedge", "SHORT")
    page.check("input[value=SELL]")
    page.select_option("#type", "MARKET")
    page.fill("#quantity", "1")
    page.click("#place")
    told(page, "is filled")
    page.wait_for_selector("#positions tr")
    assert "Short 1" in page.text_content("#positions")
    page.click("[aria-label='Close the position in ETHUSDT short']")
    page.wait_for_selector("#positions tr", state="detached")


def test_worlds_are_made_visited_and_ended(own: Server, page: Any) -> None:
    page.goto(url(own, "/control"))
    until(page, HERE, arg="main")
    assert page.is_hidden("#world")
    page.fill("#world-name", "No Name")
    page.click("#bear")
    told(page, "name")
    page.fill("#world-name", "lab")
    page.select_option("#world-market", "empty")
    page.fill("#world-seed", "77")
    page.click("#bear")
    told(page, "The world lab is served at /@lab")
    page.select_option("#world", "lab")
    page.wait_for_url("**/@lab/control")
    until(page, HERE, arg="lab")
    assert "seed 77" in page.text_content("#about")
    page.click("nav >> text=Trade")
    page.wait_for_url("**/@lab/*")
    until(page, "document.querySelector('#world').value === 'lab'")
    page.go_back()
    page.wait_for_url("**/@lab/control")
    until(page, HERE, arg="lab")
    page.click("[aria-label='Delete lab']")
    page.click("[aria-label='Really? Delete lab']")
    page.wait_for_url(re.compile(r":\d+/control"))
    until(page, HERE, arg="main")
    assert "lab" not in page.text_content("#worlds")


def test_a_world_is_saved_compared_loaded_forked_and_taken_back(own: Server, page: Any) -> None:
    page.goto(url(own, "/control"))
    until(page, HERE, arg="main")
    page.fill("#snapshot-name", "before")
    page.click("#save")
    told(page, "Saved as before")
    query = "symbol=LTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=50"
    assert own.signed("POST", "/api/v3/order", query).status == 200
    page.click("[aria-label='Compare before with now']")
    page.wait_for_selector("#differences-rows tr")
    assert "LTCUSDT" in page.text_content("#differences-rows")
    page.click("[aria-label='Load before']")
    assert open_orders(own) == 1  # one click is not enough
    page.click("[aria-label='Really? Load before']")
    told(page, "goes on from before")
    assert open_orders(own) == 0
    page.fill("#fork-name", "aside")
    page.click("#fork")
    told(page, "aside has this one’s past")
    assert "aside" in page.text_content("#worlds")
    page.click("[aria-label='Delete aside']")
    page.click("[aria-label='Really? Delete aside']")
    told(page, "aside is gone")
    assert own.signed("POST", "/api/v3/order", query).status == 200
    page.click("#reset")
    page.click("#reset")
    told(page, "is born again")
    assert open_orders(own) == 0
    page.fill("#back-by", "9d")
    page.click("#rewind")
    page.click("#rewind")
    until(page, "document.querySelector('#said').classList.contains('bad')")


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


def test_the_market_of_one_symbol(own: Server, page: Any) -> None:
    page.goto(url(own, "/control"))
    until(page, "document.querySelector('#symbol-price').value")
    page.select_option("#symbol", "BNBUSDT")
    until(page, "Number(document.querySelector('#symbol-price').value) < 5000")
    page.fill("#symbol-price", "700")
    page.fill("#spread-by", "3")
    page.check("#quiet")
    page.click("#set-symbol")
    told(page, "BNBUSDT is set")
    row = own.request("GET", "/_tradepit/v1/market?symbol=BNBUSDT").json["symbols"][0]
    assert (float(row["last"]), float(row["spreadMultiple"]), row["quiet"]) == (700, 3, True)
    page.fill("#depth", "0")
    page.click("#set-symbol")
    told(page, "depthMultiple")
    page.select_option("#status", "HALT")
    page.fill("#depth", "1")
    page.click("#set-symbol")
    until(page, SAID, arg="BNBUSDT is set")
    refused = own.signed("POST", "/api/v3/order", "symbol=BNBUSDT&side=BUY&type=MARKET&quantity=1")
    assert refused.json["msg"] == "Market is closed."
