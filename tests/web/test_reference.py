"""The API reference in a browser: it is readable, and "Try it out" really asks the exchange."""

from __future__ import annotations

from typing import Any

from tests.web.browser import opened


def block(page: Any, group: str, method: str, path: str) -> Any:
    """One operation's block, unfolded, ready to be filled in."""
    page.locator(f'.opblock-tag[data-tag="{group}"]').click()
    found = page.locator(f'[id$="-{method}"]').first
    assert found.locator(".opblock-summary-path").get_attribute("data-path") == path
    found.locator(".opblock-summary-control").click()
    found.locator(".try-out__btn").click()
    return found


def test_try_it_out_places_a_signed_order(browser: Any, base: str, server: Any) -> None:
    with opened(browser, base + "/docs") as page:
        page.locator(".opblock-tag").first.wait_for()
        assert page.locator("#note").text_content() == ""
        page.select_option("#account", "carol")
        order = block(page, "Spot: orders", "post_api_v3_order", "/api/v3/order")
        assert not order.locator("[data-param-name=timestamp]").count()
        for name, value in {"quantity": "0.01", "price": "50000"}.items():
            order.locator(f"[data-param-name={name}] input").fill(value)
        order.locator("[data-param-name=symbol] input").fill("BTCUSDT")
        for name, value in {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}.items():
            order.locator(f"[data-param-name={name}] select").select_option(value)
        order.locator(".execute").click()
        order.locator(".live-responses-table", has_text="clientOrderId").wait_for()
    pit = server.served.hall.pit
    assert pit.accounts[pit.names["carol"]].orders_open == 1
    assert pit.accounts[pit.names["alice"]].orders_open == 0


def test_another_document_a_key_of_ones_own_and_what_is_refused(browser: Any, base: str) -> None:
    with opened(browser, base + "/docs") as page:
        page.locator(".opblock-tag").first.wait_for()
        page.select_option("#document", "openapi-control.json")
        clock = block(page, "Clock", "get_tradepit_v1_clock", "/_tradepit/v1/clock")
        clock.locator(".execute").click()
        clock.locator(".live-responses-table", has_text="aheadOfWallUs").wait_for()
        page.select_option("#document", "openapi.json?unserved=1")
        page.get_by_role("heading", name="Not served yet").first.wait_for()
        page.select_option("#account", "own")
        assert page.locator("#key").is_visible()
