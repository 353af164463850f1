"""The pages when much is going on, names are long, and the server goes away and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.gateways.conftest import Server, running
from tests.web.test_console import SAID, until, url

from tradepit.config import Config

READY = "document.querySelector('#price').value && document.querySelector('#balances').rows.length"
LIVE = "document.querySelector('#following').textContent === 'live'"
WITHIN = (
    "node => { const p = node.closest('.scroll, .body').getBoundingClientRect();"
    " const own = node.getBoundingClientRect(); return own.right <= p.right + 1; }"
)
LONG = "W" * 64
PHONE = {"width": 390, "height": 844}
LAPTOP = {"width": 1366, "height": 768}


@contextmanager
def served(port: int = 0) -> Iterator[Server]:
    """A server, at this port, for as long as the block runs."""
    yield from running(Config(port=port, memory=True, market="frozen"))


def control(server: Server, path: str, ask: bytes, method: str = "POST") -> Any:
    done = server.request(method, f"/_tradepit/v1/{path}", ask, content_type="application/json")
    assert done.status == 200, done.body
    return done.json


def test_every_kind_of_fault_can_be_armed_as_the_page_offers_it(page: Any) -> None:
    with served() as own:
        arm_all(own, page)


def arm_all(own: Server, page: Any) -> None:
    page.goto(url(own, "/control"))
    until(page, LIVE)
    kinds = page.eval_on_selector_all("#kind option", "all => all.map((one) => one.value)")
    assert len(kinds) > 20 and kinds[0] == "delay-before"
    for number, kind in enumerate(kinds, 1):
        page.select_option("#kind", kind)
        if kind == "read-lag":
            page.fill("#fault-lag", "500ms")
        page.click("#arm")
        until(page, f"document.querySelectorAll('#faults tr').length === {number}")
    page.select_option("#kind", "delay-after")
    page.fill("#fault-delay", "soon")
    page.click("#arm")
    until(page, SAID, arg="delay")
    assert "bad" in page.get_attribute("#said", "class")
    page.locator("#disarm-all").scroll_into_view_if_needed()
    said = page.locator("#said").bounding_box()
    assert 0 <= said["y"] < page.viewport_size["height"], "what is said stays in sight"
    page.click("#disarm-all")
    page.wait_for_selector("#faults tr", state="detached")


@pytest.mark.parametrize("venue", ["spot", "usdm"])
def test_a_server_that_stops_and_comes_back(quick: Any, venue: str) -> None:
    with served() as first:
        port = first.port
        quick.goto(url(first, f"/#{venue}:BTCUSDT"))
        until(quick, READY)
    quick.fill("#quantity", "0.1")
    quick.click("#place")
    until(quick, SAID, arg="The server does not answer.")
    with served(port) as again:
        until(quick, "document.querySelector('#said').textContent === ''")
        quick.select_option("#type", "LIMIT")
        quick.fill("#price", f"{float(quick.input_value('#price')) * 0.95:.1f}")
        quick.fill("#quantity", "0.1")
        quick.click("#place")
        until(quick, SAID, arg="rests in the book")
        quick.wait_for_selector("#orders tr")  # it is told of by the account's own stream
        assert again.port == port


def test_what_a_stop_waits_for_is_told_at_once(server: Server, quick: Any) -> None:
    quick.goto(url(server, "/#SOLUSDT"))
    until(quick, READY)
    price = float(quick.input_value("#price"))
    quick.check("input[value=SELL]")
    quick.select_option("#type", "STOP_LOSS_LIMIT")
    quick.fill("#stop", f"{price * 0.9:.2f}")
    quick.fill("#price", f"{price * 0.89:.2f}")
    quick.fill("#quantity", "1")
    quick.click("#place")
    until(quick, SAID, arg="waits for its stop price")
    quick.wait_for_selector("#orders tr")
    assert f"stop loss limit at {price * 0.9:.2f}" in quick.text_content("#orders")
    quick.click("#cancel-all")
    quick.wait_for_selector("#orders tr", state="detached")


def test_what_a_position_can_lose_is_seen_on_a_phone(server: Server, quick: Any) -> None:
    quick.set_viewport_size(PHONE)
    quick.goto(url(server, "/#usdm:ETHUSDT"))
    until(quick, READY)
    quick.select_option("#type", "MARKET")
    quick.check("input[value=SELL]")
    quick.fill("#quantity", "2")
    quick.click("#place")
    until(quick, SAID, arg="is filled")
    quick.wait_for_selector("#positions tr")
    row = quick.locator("#positions tr").first
    assert "Short 2" in row.inner_text()
    liquidation = row.locator("td").nth(5)
    assert float(liquidation.inner_text().replace(",", "")) > 0
    close = row.locator("button.small").bounding_box()
    box = liquidation.bounding_box()
    assert box["x"] + box["width"] <= close["x"], "nothing lies over it"
    quick.click("#positions button.small")
    quick.wait_for_selector("#positions tr", state="detached")


def test_long_names_leave_what_is_done_with_them_in_reach(server: Server, page: Any) -> None:
    page.set_viewport_size(LAPTOP)
    key = f'{{"account": "{"a" * 32}", "open": true, "label": "{LONG}"}}'
    control(server, "keys", key.encode())
    control(server, "snapshots", f'{{"name": "{"s" * 32}"}}'.encode())
    page.goto(url(server, "/keys"))
    until(page, "label => document.querySelector('#rows').textContent.includes(label)", LONG)
    assert page.locator("#rows button").last.evaluate(WITHIN)
    page.goto(url(server, "/control"))
    until(page, LIVE)
    assert page.locator("#snapshots button").last.evaluate(WITHIN)
    control(server, "snapshots", f'{{"name": "{"s" * 32}"}}'.encode(), "DELETE")


def test_all_of_a_balance_is_seen_on_a_laptop(server: Server, quick: Any) -> None:
    quick.set_viewport_size(LAPTOP)
    quick.goto(url(server, "/#BTCUSDT"))
    until(quick, READY)
    quick.select_option("#account", "bob")
    until(quick, READY)
    quick.fill("#price", f"{float(quick.input_value('#price')) * 0.9:.2f}")
    quick.fill("#quantity", "0.5")
    quick.click("#place")
    until(quick, SAID, arg="rests in the book")
    wide = "node => node.scrollWidth <= node.clientWidth"
    assert quick.locator("#balances-panel .body").evaluate(wide)
    quick.click("#cancel-all")
    quick.wait_for_selector("#orders tr", state="detached")


def test_a_market_that_stands_still_says_why(quick: Any) -> None:
    with served() as own:
        control(own, "clock", b'{"speed": "0"}', "PUT")
        quick.goto(url(own))
        until(quick, "document.querySelector('#pace').textContent.includes('is frozen')")
        quick.select_option("#type", "MARKET")
        quick.click("#place")
        until(quick, SAID, arg="is filled")
        control(own, "clock", b'{"speed": "60"}', "PUT")
        until(quick, "document.querySelector('#pace').textContent.includes('runs 60×')")


def test_the_control_page_finds_a_server_again_and_its_refusals(page: Any) -> None:
    refused = "/api/v3/depth?symbol=NOSUCH"
    with served() as first:
        page.goto(url(first, "/control"))
        until(page, LIVE)
        for _ in range(3):
            first.request("GET", refused)
        until(page, "document.querySelectorAll('#rows .refused').length === 3")
    page.click("#play")
    until(page, SAID, arg="The server does not answer.")
    with served(first.port) as again:
        until(page, LIVE)
        assert page.text_content("#said") == ""
        again.request("GET", refused)  # the first of this server, which counts anew
        until(page, "document.querySelectorAll('#rows .refused').length === 4")
