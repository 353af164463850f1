"""Histories as files: asked for, made while the world's time passes, called for, gone."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator

import pytest
from tests.control.conftest import Pit, running_pit

VENUES = {"fapi": ("BTCUSDT", "0.01", 1), "dapi": ("BTCUSD_PERP", "3", 2)}
YEAR_MS = 365 * 86_400_000


@pytest.fixture(scope="module")
def pit() -> Iterator[Pit]:
    for world in running_pit(limits="off"):
        world.done("PUT", "clock", speed="0")
        for venue, (symbol, qty, _) in VENUES.items():
            order = f"symbol={symbol}&type=LIMIT&timeInForce=GTC&quantity={qty}&price=107000"
            for name, side in (("alice", "BUY"), ("bob", "SELL")):
                made = world.signed(
                    "POST", f"/{venue}/v1/order", order + f"&side={side}", name=name
                )
                assert made.status == 200, made.body
        world.done("POST", "clock/advance", by="10s")
        yield world


def now_ms(pit: Pit) -> int:
    return int(pit.done("GET", "clock")["now"])


def ask(pit: Pit, venue: str, what: str, *, name: str = "alice", days: int = 1) -> str:
    now = now_ms(pit)
    query = f"startTime={now - days * 86_400_000}&endTime={now}"
    answer = pit.signed("GET", f"/{venue}/v1/{what}/asyn", query, name=name)
    assert answer.status == 200, answer.body
    assert list(answer.json) == ["avgCostTimestampOfLast30d", "downloadId"]
    return str(answer.json["downloadId"])


def link(pit: Pit, venue: str, what: str, number: str) -> dict[str, object]:
    query = f"downloadId={number}"
    found: dict[str, object] = pit.signed("GET", f"/{venue}/v1/{what}/asyn/id", query).json
    return found


def rows(pit: Pit, url: str) -> list[dict[str, str]]:
    answer = pit.server.request("GET", "/downloads/" + url.rpartition("/")[2])
    assert answer.status == 200 and answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.body)) as packed:
        (name,) = packed.namelist()
        return list(csv.DictReader(io.StringIO(packed.read(name).decode())))


@pytest.mark.parametrize("venue", VENUES)
def test_a_file_of_each_kind(pit: Pit, venue: str) -> None:
    symbol, qty, _ = VENUES[venue]
    found = {}
    for what in ("order", "trade", "income"):
        number = ask(pit, venue, what)
        assert link(pit, venue, what, number) == {
            "downloadId": number, "status": "processing", "url": "", "notified": False,
            "expirationTimestamp": -1, "isExpired": None,
        }  # fmt: skip
        pit.done("POST", "clock/advance", by="3s")
        ready = link(pit, venue, what, number)
        assert (ready["status"], ready["notified"], ready["isExpired"]) == ("completed", True, None)
        url = str(ready["url"])
        assert url.startswith(pit.done("GET", "info")["urls"]["base"] + "/downloads/")
        week_ms = int(str(ready["expirationTimestamp"])) - now_ms(pit)
        assert 6 * 86_400_000 < week_ms < 7 * 86_400_000
        found[what] = rows(pit, url)
    (order,) = found["order"]
    assert (order["Symbol"], order["Side"], order["Status"]) == (symbol, "BUY", "FILLED")
    assert float(order["Executed"]) == float(qty)
    (trade,) = found["trade"]
    (mine,) = pit.signed("GET", f"/{venue}/v1/userTrades", f"symbol={symbol}").json
    assert trade["Trade ID"] == str(mine["id"]) and trade["Order ID"] == str(mine["orderId"])
    assert (trade["Price"], trade["Quantity"], trade["Fee"]) == (
        mine["price"], mine["qty"], mine["commission"],
    )  # fmt: skip
    incomes = pit.signed("GET", f"/{venue}/v1/income").json
    assert [(r["Type"], r["Amount"], r["Asset"]) for r in found["income"]] == [
        (r["incomeType"], r["income"], r["asset"]) for r in incomes
    ]
    assert len({row["UID"] for kind in found.values() for row in kind}) == 1


def test_a_file_tells_what_had_happened_when_it_was_asked_for(pit: Pit) -> None:
    number = ask(pit, "fapi", "order")
    pit.done("POST", "clock/advance", by="1s")
    order = "symbol=BTCUSDT&type=LIMIT&timeInForce=GTC&quantity=0.01&price=105000&side=BUY"
    made = pit.signed("POST", "/fapi/v1/order", order).json
    pit.signed("DELETE", "/fapi/v1/order", f"symbol=BTCUSDT&orderId={made['orderId']}")
    pit.done("POST", "clock/advance", by="5s")
    url = str(link(pit, "fapi", "order", number)["url"])
    assert str(made["orderId"]) not in {row["Order ID"] for row in rows(pit, url)}


def test_refusals(pit: Pit) -> None:
    def refused(query: str, path: str = "/fapi/v1/trade/asyn") -> tuple[int, str]:
        answer = pit.signed("GET", path, query, name="carol")
        return answer.code, answer.json["msg"]

    now = now_ms(pit)
    assert refused(f"startTime={now}&endTime={now - 1}")[0] == -1023
    year = refused(f"startTime={now - YEAR_MS - 1}&endTime={now}")
    assert year == (-4165, "Maximum time interval is 365 days")
    assert refused(f"startTime={now}")[0] == -1102
    unknown = (-1130, "Data sent for parameter 'downloadId' is not valid.")
    alices = ask(pit, "fapi", "income")
    for path in ("/fapi/v1/income/asyn/id", "/dapi/v1/income/asyn/id", "/fapi/v1/order/asyn/id"):
        assert refused(f"downloadId={alices}", path) == unknown
        assert refused("downloadId=" + "9" * 100, path) == unknown
    assert pit.server.request("GET", "/downloads/nothing").status == 404


@pytest.mark.parametrize(("venue", "what", "most"), [("fapi", "order", 10), ("dapi", "trade", 8)])
def test_so_many_a_month(pit: Pit, venue: str, what: str, most: int) -> None:
    for _ in range(most):
        ask(pit, venue, what, name="dave")
    now = now_ms(pit)
    query = f"startTime={now - 1}&endTime={now}"
    answer = pit.signed("GET", f"/{venue}/v1/{what}/asyn", query, name="dave")
    assert (answer.status, answer.code) == (429, -1003)
    ask(pit, venue, what, name="erin")


def test_a_link_expires_with_its_file(pit: Pit) -> None:
    number = ask(pit, "fapi", "income", name="alice")
    pit.done("POST", "clock/advance", by="3s")
    url = str(link(pit, "fapi", "income", number)["url"])
    assert rows(pit, url)
    pit.done("POST", "clock/advance", by="7d")
    over = link(pit, "fapi", "income", number)
    assert (over["url"], over["isExpired"]) == ("", True)
    assert pit.server.request("GET", "/downloads/" + url.rpartition("/")[2]).status == 404
