"""The pages in a real browser: from nothing to a fill, keys that trade, nothing injected."""

from __future__ import annotations

import re
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from binance.client import Client
from tests.clients.pits import started
from tests.control.conftest import DEV
from tests.gateways.conftest import Server, sign

PAINTED_MS = 250
RATE = 1_000  # events a second
SECONDS = 2
READY = "document.querySelector('#price').value && document.querySelector('#balances').rows.length"
SAID = "words => document.querySelector('#said').textContent.includes(words)"
DRAWN = "events => Number(document.querySelector('#lag').dataset.count) >= events"


def url(server: Server, path: str = "/") -> str:
    return f"http://127.0.0.1:{server.port}{path}"


def until(page: Any, truth: str, arg: Any = None) -> None:
    """Wait for a JavaScript truth. The page's policy lets no text be evaluated inside it, so that
    it is asked from outside, again and again."""
    deadline = time.monotonic() + 30
    while not page.evaluate(truth, arg):
        assert time.monotonic() < deadline, (truth, page.text_content("#said"))
        page.wait_for_timeout(50)


def in_form(page: Any) -> bool:
    found: bool = page.evaluate("document.activeElement.closest('#ticket') !== null")
    return found


def test_from_an_empty_page_to_a_fill_by_keyboard(server: Server, page: Any) -> None:
    page.goto(url(server))
    until(
        page,
        "document.querySelector('#price').value && document.querySelector('#balances').rows.length",
    )
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # skip to the ticket
    page.keyboard.press("Tab")
    walked = []
    while page.evaluate("document.activeElement.id") != "quantity":
        assert in_form(page), walked
        walked.append(page.evaluate("document.activeElement.id || document.activeElement.name"))
        page.keyboard.press("Tab")
        assert len(walked) < 10
    assert walked == ["account", "side", "type", "tif", "price"]
    page.keyboard.press("Control+A")
    page.keyboard.type("0.0005")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('#said').textContent.includes('filled')")
    assert in_form(page)
    assert re.search(r"is filled: 0\.00050 at [\d,.]+", page.text_content("#said"))
    until(page, "document.querySelector('#balances').rows[0].textContent.startsWith('BTC10.00')")


def test_a_resting_order_is_shown_and_cancelled(server: Server, page: Any) -> None:
    page.goto(url(server, "/console#ETHUSDT"))
    until(
        page,
        "document.querySelector('#price').value && document.querySelector('#balances').rows.length",
    )
    assert page.input_value("#symbol") == "ETHUSDT"
    page.select_option("#type", "LIMIT_MAKER")
    page.fill("#price", f"{float(page.input_value('#price')) * 0.95:.2f}")
    page.fill("#quantity", "0.5")
    page.click("#place")
    page.wait_for_selector("#orders tr")
    assert "limit maker" in page.text_content("#orders")
    page.click("#orders button")
    page.wait_for_selector("#orders tr", state="detached")
    page.fill("#quantity", "0.00000001")
    page.click("#place")
    until(page, "document.querySelector('#said').textContent.includes('LOT_SIZE')")


def test_an_ed25519_key_made_in_the_page_trades(
    server: Server, page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.goto(url(server, "/keys"))
    page.wait_for_selector("#rows tr")
    page.fill("#account", "newcomer")
    page.fill("#label", "my bot")
    page.check("input[value=ED25519]")
    page.click("#generate")
    until(page, "document.querySelector('#pem').value.includes('PUBLIC')")
    page.click("#create")
    private = page.wait_for_selector("[data-fact='Private key']").text_content()
    api_key = page.text_content("[data-fact='API key']")
    assert page.input_value("#pem") == ""
    monkeypatch.setattr(Client, "API_URL", url(server, "/api"))
    trader = Client(api_key, private_key=private, ping=False)
    done = trader.order_market_buy(symbol="BTCUSDT", quantity="0.001")
    assert done["status"] == "FILLED"
    assert float(trader.get_asset_balance("USDT")["free"]) > 900_000
    page.reload()
    page.wait_for_selector("#rows tr")
    assert "my bot" in page.text_content("#rows")
    assert "PRIVATE" not in page.content()
    page.click("[aria-label='Revoke my bot of newcomer']")
    page.click("[aria-label='Really? Revoke my bot of newcomer']")
    until(page, "!document.querySelector('#rows').textContent.includes('my bot')")


def test_keys_that_are_refused_say_why(server: Server, page: Any) -> None:
    page.goto(url(server, "/keys"))
    page.wait_for_selector("#rows tr")
    page.fill("#account", "carol")
    page.check("input[value=ED25519]")
    page.fill("#pem", "no key at all, although it is long enough to be one of them")
    for label, words in (
        ("<img src=x onerror='window.hit=1'>", "A label has no <"),
        ("", "no public key in PEM"),
    ):
        page.fill("#label", label)
        page.click("#create")
        until(page, SAID, arg=words)
    page.check("input[value=HMAC]")
    page.fill("#label", "carol")
    page.click("#create")
    until(page, "document.querySelector('#said').textContent.includes('label already')")
    assert page.evaluate("window.hit") is None


def test_markup_in_a_request_stays_text(server: Server, page: Any) -> None:
    page.goto(url(server, "/control"))
    until(page, "document.querySelector('#following').textContent === 'live'")
    server.request("GET", "/api/v3/depth?symbol=%3Cimg%20src=x%20onerror=window.hit=1%3E")
    server.request("GET", "/api/v3/time?a=<img/src=x/onerror=window.hit=1>")
    server.request("GET", "/api/v3/ping")
    until(page, "document.querySelectorAll('#rows tr').length >= 3")
    page.wait_for_selector("#rows tr.refused .reason")
    assert "GET /api/v3/ping" in page.text_content("#rows")
    assert page.query_selector("#rows img") is None
    assert page.evaluate("window.hit") is None


def test_the_policy_binds(server: Server, page: Any) -> None:
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    for path in ("/", "/control", "/keys"):
        headers = page.goto(url(server, path)).headers
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy and "unsafe-inline" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        page.wait_for_timeout(1_000)
        assert said == [], path
        assert "DevSecret" not in page.content()
        page.evaluate(
            "const s = document.createElement('script'); s.textContent = 'window.hit = 1';"
            "document.body.append(s)"
        )
        assert page.evaluate("window.hit") is None
        said.clear()
    page.goto(url(server))
    page.wait_for_selector("#chart .trace")


def test_the_worlds_knobs(busy: Server, page: Any) -> None:
    page.goto(url(busy, "/control"))
    until(page, "document.querySelector('#following').textContent === 'live'")
    page.select_option("#preset", "frozen")
    page.click("#play")
    until(page, "document.querySelector('#said').textContent.includes('frozen now')")
    assert busy.request("GET", "/api/v3/depth?symbol=BTCUSDT").json["bids"]
    page.select_option("#preset", "empty")
    page.click("#play")
    until(page, "document.querySelector('#said').textContent.includes('empty now')")
    assert not busy.request("GET", "/api/v3/depth?symbol=BTCUSDT").json["bids"]
    page.select_option("#kind", "overloaded")
    page.fill("#target", "POST /api/v3/order")
    page.click("#arm")
    page.wait_for_selector("#faults tr")
    page.click("#disarm-all")
    page.wait_for_selector("#faults tr", state="detached")


@pytest.mark.perf
@pytest.mark.soak  # it measures: what else runs on the machine shows
def test_updates_are_drawn_in_time(page: Any, tmp_path: Path) -> None:
    for pit in started(tmp_path, "--market", "empty", "--limits", "off"):
        port = int(pit.url.rpartition(":")[2])
        place(port, "alice", "side=SELL&type=LIMIT&timeInForce=GTC&quantity=5&price=60000")
        # Others may keep the machine busy: the best of three is what the page can do.
        for _ in range(3):
            p95 = measured(page, pit.url, port)
            if p95 <= PAINTED_MS:
                break
    print(f"p95 of an update at {RATE} events/s: {p95} ms")
    assert p95 <= PAINTED_MS


def measured(page: Any, home: str, port: int) -> int:
    """p95 (ms) from a trade to the painted frame that shows it, over `SECONDS` of trades."""
    page.goto(home)
    page.wait_for_selector("#asks tr.ask")
    page.wait_for_timeout(1_000)
    ask = "side=BUY&type=LIMIT&timeInForce=IOC&quantity=0.0001&price=60000"
    sent = [signed("bob", ask) for _ in range(RATE * SECONDS)]
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.settimeout(20)
        reader = threading.Thread(target=read_all, args=(line, len(sent)))
        reader.start()
        begun = time.monotonic()
        for start in range(0, len(sent), RATE // 20):
            line.sendall(b"".join(sent[start : start + RATE // 20]))
            time.sleep(max(begun + (start + RATE // 20) / RATE - time.monotonic(), 0))
        reader.join()
    until(page, DRAWN, arg=len(sent) * 9 // 10)
    page.wait_for_timeout(1_100)
    return int(page.get_attribute("#lag", "data-p95"))


def signed(name: str, ask: str) -> bytes:
    key = DEV[name]
    query = f"symbol=BTCUSDT&{ask}&recvWindow=60000&timestamp={time.time_ns() // 1_000_000}"
    target = f"/api/v3/order?{query}&signature={sign(query, key.secret_key)}"
    return (
        f"POST {target} HTTP/1.1\r\nHost: localhost\r\nX-MBX-APIKEY: {key.api_key}\r\n\r\n".encode()
    )


def place(port: int, name: str, ask: str) -> None:
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(signed(name, ask))
        assert b" 200 " in line.recv(65_536)


def read_all(line: socket.socket, answers: int) -> None:
    seen, tail = 0, b""
    while seen < answers:
        data = tail + line.recv(1 << 20)
        assert len(data) > len(tail)
        seen += data.count(b"HTTP/1.1 ")
        tail = data[-8:]


def test_keys_on_the_command_line(server: Server, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from tradepit.cli import cli

    kept = tmp_path / "pair.pem"
    made = CliRunner().invoke(
        cli, ["keys", "new", "--url", url(server, ""), "--account", "typist", "--type", "ed25519",
              "--permission", "TRADE", "--ip", "127.0.0.1", "--private-key", str(kept)],
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    assert '"permissions": [\n    "TRADE"\n  ]' in made.output
    assert kept.stat().st_mode & 0o777 == 0o600 and "PRIVATE KEY" in kept.read_text()
    api_key = re.search(r'"apiKey": "(\w{64})"', made.output)
    assert api_key
    gone = CliRunner().invoke(cli, ["keys", "revoke", "--url", url(server, ""), api_key[1]])
    assert api_key[1] in gone.output
