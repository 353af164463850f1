"""What the pages look like to eyes, fingers, keyboards and screen readers, in every scheme."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.gateways.conftest import Server
from tests.web.test_console import until, url

PHONE = {"width": 390, "height": 844}
LAPTOP = {"width": 1366, "height": 850}
TRADING = (
    "document.querySelector('#price').value && document.querySelector('#balances').rows.length"
)
READY = {
    "/": TRADING,
    "/#usdm:BTCUSDT": TRADING,
    "/control": "document.querySelector('#following').textContent === 'live'",
    "/keys": "document.querySelectorAll('#rows tr').length > 0",
    "/docs": "document.querySelector('.opblock-tag') !== null",
}
# Texts that are hard to read against what is behind them (WCAG 2.2 AA, 1.4.3).
FAINT = """() => {
  const pixel = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = colour;
    pixel.fillRect(0, 0, 1, 1);
    return [...pixel.getImageData(0, 0, 1, 1).data];
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const found = rgba(getComputedStyle(at).backgroundColor);
      if (found[3] > 250) return found;
    }
    return rgba('Canvas');
  };
  const faint = [];
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
    if (!own || node.disabled || node.closest('svg, [aria-hidden=true]')) continue;
    if (!node.checkVisibility({ visibilityProperty: true })) continue;
    const style = getComputedStyle(node);
    const [above, below] = [light(rgba(style.color)), light(behind(node))];
    const ratio = (Math.max(above, below) + 0.05) / (Math.min(above, below) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) faint.push([node.tagName, node.textContent.trim(), ratio]);
  }
  return faint;
}"""
NAMED = {
    "button", "link", "textbox", "combobox", "checkbox", "radio", "slider", "searchbox", "region",
    "navigation", "spinbutton", "image", "columnheader",
}  # fmt: skip


@pytest.fixture(params=READY)
def face(server: Server, browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A page that is whole, on a phone."""
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    if request.param != "/":  # the chart is looked at once
        page.route("**/plotly.min.js", lambda route: route.abort())
    page.goto(url(server, request.param))
    until(page, READY[request.param])
    yield page
    context.close()


def test_a_page_fits_every_screen_is_read_by_all_and_heard(face: Any) -> None:
    is_ours = not face.url.endswith("/docs")  # Swagger UI has colours and names of its own
    for size in (PHONE, LAPTOP):
        face.set_viewport_size(size)
        for scheme in ("light", "dark"):
            face.emulate_media(color_scheme=scheme)
            face.wait_for_timeout(100)
            assert face.evaluate("document.documentElement.scrollWidth") <= size["width"]
            bright = face.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (bright == "rgb(255, 255, 255)") is (scheme == "light")
            assert not is_ours or face.evaluate(FAINT) == []
    assert "DevSecret" not in face.content()
    if is_ours:
        check_names(face)


def check_names(face: Any) -> None:
    """Everything that can be used has a name for those who hear the page."""
    tree = face.context.new_cdp_session(face).send("Accessibility.getFullAXTree")["nodes"]
    told = [
        (node["role"]["value"], node.get("name", {}).get("value", "").strip())
        for node in tree
        if not node["ignored"] and "role" in node
    ]
    roles = [role for role, _ in told]
    assert {"main", "navigation", "heading", "status", "table"} <= set(roles)
    assert [role for role, name in told if role in NAMED and not name] == []


def test_an_order_from_a_phone(server: Server, browser: Any) -> None:
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.route("**/plotly.min.js", lambda route: route.abort())
    try:
        page.goto(url(server, "/#ETHUSDT"))
        until(page, TRADING)
        for field in ("#account", "#price", "#quantity", "#place"):
            box = page.locator(field).bounding_box()
            assert box["height"] >= 36 and box["x"] >= 0
            assert box["x"] + box["width"] <= PHONE["width"]
        page.select_option("#type", "MARKET")
        page.locator("#quantity").tap()
        page.fill("#quantity", "0.01")
        page.locator("#place").tap()
        until(page, "document.querySelector('#said').textContent.includes('is filled')")
    finally:
        context.close()


def test_an_rsa_key_made_in_the_page_signs(server: Server, page: Any) -> None:
    import base64
    import time
    from urllib.parse import quote

    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    page.goto(url(server, "/keys"))
    until(page, READY["/keys"])
    page.fill("#account", "rsa-owner")
    page.check("input[value=RSA]")
    page.click("#generate")
    until(page, "document.querySelector('#pem').value.includes('PUBLIC')")
    page.click("#create")
    pem = page.wait_for_selector("[data-fact='Private key']").text_content()
    private = load_pem_private_key(pem.encode(), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    query = f"timestamp={time.time_ns() // 1_000_000}"
    mark = base64.b64encode(private.sign(query.encode(), padding.PKCS1v15(), hashes.SHA256()))
    target = f"/api/v3/account?{query}&signature={quote(mark, safe='')}"
    api_key = page.text_content("[data-fact='API key']")
    answer = server.request("GET", target, x_mbx_apikey=api_key)
    assert answer.json["canTrade"] is True
    page.reload()
    until(page, READY["/keys"])
    assert "RSA" in page.text_content("#rows") and "PRIVATE" not in page.content()
