"""Replies stand on the wire as the exchange writes them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.catalog.declarations import Fill, OrderReply, Row

from tradepit.catalog import fields as f
from tradepit.catalog.encode import encode, source_of
from tradepit.catalog.language import Reply
from tradepit.catalog.shapes import fields_of
from tradepit.core import terms
from tradepit.products.spot.replies import FillRow, OrderResult

BASE: dict[str, Any] = {
    "symbol": "BTCUSDT", "order_id": 28, "client_order_id": "x-1", "price": 10_050_000_000,
    "transact_time": 1_507_725_176_595_123, "status": terms.FILLED, "working_time": -1,
    "is_working": True,
}  # fmt: skip


def test_the_bytes_of_a_reply() -> None:
    assert encode(OrderReply(**BASE)) == (
        b'{"symbol":"BTCUSDT","orderId":28,"clientOrderId":"x-1","transactTime":1507725176595,'
        b'"price":"100.50000000","status":"FILLED","workingTime":-1,"isWorking":true,'
        b'"note":null,"any":null}'
    )


def test_microseconds_when_asked_for() -> None:
    wire = json.loads(encode(OrderReply(**BASE), micro=True))
    assert wire["transactTime"] == 1_507_725_176_595_123
    assert wire["workingTime"] == -1


def test_conditional_fields_keep_their_place() -> None:
    reply = OrderReply(
        **BASE, stop_price=1, percent=-9_596_000_000, multiplier=100_010_000, note='a"b\\\n',
        fills=[Fill(price=400_000_000_000, commission_asset="USDT", trade_id=56)],
        levels=[(1, 2), (300_000_000, 0)], free={"a": [1, None, "é"]}, any=[True, {"k": "v"}],
    )  # fmt: skip
    wire = json.loads(encode(reply))
    assert list(wire) == [
        "symbol", "orderId", "clientOrderId", "transactTime", "price", "status", "stopPrice",
        "workingTime", "isWorking", "percent", "multiplier", "fills", "levels", "note", "free",
        "any",
    ]  # fmt: skip
    assert wire["stopPrice"] == "0.00000001"
    assert wire["percent"] == "-95.960"
    assert wire["multiplier"] == "1.0001"
    assert wire["fills"] == [{"price": "4000.00000000", "commissionAsset": "USDT", "tradeId": 56}]
    assert wire["levels"] == [["0.00000001", "0.00000002"], ["3.00000000", "0.00000000"]]
    assert wire["note"] == 'a"b\\\n'
    assert wire["free"] == {"a": [1, None, "é"]}
    assert wire["any"] == [True, {"k": "v"}]


def test_arrays_lists_and_plain_values() -> None:
    row = Row(open_time=1_000_000, open=200_000_000, count=3)
    assert encode(row) == b'[1000,"2.00000000",3,"0"]'
    assert json.loads(encode([row, row], micro=True)) == [[1_000_000, "2.00000000", 3, "0"]] * 2
    for value in ({}, [], None, 5, "x", {"a": {"b": [1, True, None]}}, [["1", "2"]]):
        assert json.loads(encode(value)) == value
    assert encode({"symbols": msgspec.Raw(b'[{"a":1}]')}) == b'{"symbols":[{"a":1}]}'
    assert json.loads(encode({"data": [row]})) == {"data": [[1000, "2.00000000", 3, "0"]]}


def test_names_beyond_ascii_are_utf8() -> None:
    wire = encode(OrderReply(**{**BASE, "symbol": "币安人生USDT"}))
    assert "币安人生USDT".encode() in wire


class First(Reply):
    """Begins with a conditional field, has a nested reply and an optional one."""

    code: f.Int | msgspec.UnsetType = msgspec.UNSET
    fill: Fill | None = None
    either: Fill | Row | None = None
    many: list[Fill | Row] | msgspec.UnsetType = msgspec.UNSET
    odd: f.Int | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="X-{odd}'")


class OnlyConditional(Reply):
    code: f.Int | msgspec.UnsetType = msgspec.UNSET
    more: f.Int | msgspec.UnsetType = msgspec.UNSET


class Empty(Reply):
    pass


class Special(Fill):
    """A subtype where its parent is declared: its own fields are written too."""

    extra: f.Int


def test_nested_replies() -> None:
    fill = Fill(price=1, commission_asset="BNB", trade_id=1)
    row = Row(open_time=0, open=0, count=0)
    assert json.loads(encode(First())) == {"fill": None, "either": None}
    wire = json.loads(encode(First(code=1, fill=fill, either=row, many=[fill, row], odd=2)))
    assert list(wire) == ["code", "fill", "either", "many", "X-{odd}'"]
    assert wire["either"] == [0, "0.00000000", 0, "0"]
    assert wire["many"] == [wire["fill"], wire["either"]]
    special = Special(price=1, commission_asset="BNB", trade_id=1, extra=9)
    assert json.loads(encode(First(fill=special)))["fill"]["extra"] == 9


def test_a_reply_may_be_empty() -> None:
    assert encode(OnlyConditional()) == b"{}"
    assert encode(OnlyConditional(code=1)) == b'{"code":1}'
    assert encode(OnlyConditional(more=2)) == b'{"more":2}'
    assert encode(OnlyConditional(code=1, more=2)) == b'{"code":1,"more":2}'
    assert encode(Empty()) == b"{}"


@given(st.integers(-(10**20), 10**20), st.text(max_size=20))
def test_every_value_survives(units: int, text: str) -> None:
    reply = OrderReply(**{**BASE, "price": units, "note": text})
    wire = json.loads(encode(reply))
    whole, _, part = wire["price"].partition(".")
    assert len(part) == 8
    assert int(whole + part) == units
    assert wire["note"] == text


def test_a_usual_reply_is_written_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever conditional fields are there, one at a time and beside the usual ones."""
    amounts = {name: n for n, name in enumerate(OrderResult.__struct_fields__, 1)}
    plain: dict[str, Any] = {
        field.name: amounts[field.name]
        for field in fields_of(OrderResult)
        if not field.shape.conditional
    } | {"symbol": "BTCUSDT", "client_order_id": "a-1", "status": 1, "time_in_force": 1,
         "type": 1, "side": 1, "self_trade_prevention_mode": 1}  # fmt: skip
    row = FillRow(price=1, qty=2, commission=3, commission_asset="BNB", trade_id=4)
    usual: dict[str, Any] = {"orig_qty": 5, "fills": [row]}
    rare = [f.name for f in fields_of(OrderResult) if f.shape.conditional and f.name not in usual]
    some: list[dict[str, Any]] = [{}, usual, {"orig_qty": 5}, {"fills": []}]
    some += [usual | {name: [] if name == "prevented_matches" else 1} for name in rare]
    replies = [OrderResult(**plain, **more) for more in some]
    names: dict[str, Any] = {}
    assert "orig_qty is not UNSET" in source_of(OrderResult, names)
    found = [encode(reply, micro) for reply in replies for micro in (False, True)]
    monkeypatch.delattr(OrderResult, "usual")
    exec(source_of(OrderResult, names), names)
    write = names["write"]
    assert found == [write(reply, micro).encode() for reply in replies for micro in (False, True)]
    assert len(set(found)) == len(found)
