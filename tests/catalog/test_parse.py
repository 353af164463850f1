"""Requests are read strictly, refused in a fixed order, and never crash the reader."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.catalog.declarations import ORDER, PING, ROWS, Order, Rows

from tradepit.catalog.language import Operation
from tradepit.catalog.parse import json_pairs
from tradepit.core import terms
from tradepit.core.rejects import Reject

GOOD = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT"}
DECIMAL = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"


def refused(operation: Operation, pairs: list[tuple[str, str]], taken: int = 0) -> tuple[int, str]:
    with pytest.raises(Reject) as caught:
        operation.parse(pairs, taken)
    return caught.value.code, caught.value.msg


def order(**changes: str) -> list[tuple[str, str]]:
    return list({**GOOD, **changes}.items())


def test_a_full_order_is_read() -> None:
    ask = ORDER.parse(
        order(
            timeInForce="GTC", quantity="0.00100000", price="60123.12", strategyId="12",
            newClientOrderId="my-id_1", selfTradePreventionMode="EXPIRE_TAKER",
            computeCommissionRates="True",
        ),
        taken=2,
    )  # fmt: skip
    assert ask == Order(
        symbol="BTCUSDT", side=terms.BUY, type=terms.LIMIT, time_in_force=terms.GTC,
        quantity=100_000, price=6_012_312_000_000, strategy_id=12, new_client_order_id="my-id_1",
        self_trade_prevention_mode=terms.EXPIRE_TAKER, compute_commission_rates=True,
    )  # fmt: skip


@given(
    st.dictionaries(
        st.sampled_from([*GOOD, "timeInForce", "quantity", "price", "strategyId", "nothing"]),
        st.sampled_from(["BTCUSDT", "BUY", "LIMIT", "GTC", "1.5", "12", "1e5", "", "x"]),
    )
)
@example(GOOD)
@example({**GOOD, "quantity": "1.5", "price": "12"})
@settings(max_examples=300, deadline=None)
def test_names_seen_before_are_read_and_refused_alike(sent: dict[str, str]) -> None:
    ways = (lambda: ORDER.parse(list(sent.items()), 3), lambda: ORDER.read(sent, 3))
    found: list[object] = []
    for way in (*ways, ways[1]):
        try:
            found.append(way())
        except Reject as no:
            found.append((no.code, no.msg))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("0", 0), ("0.0", 0), ("1", 100_000_000), ("1.5", 150_000_000), ("0.00000001", 1),
        ("00000000000000000001", 100_000_000), ("1.00000000000000000000", 100_000_000),
        ("92233720368.54775807", 9_223_372_036_854_775_807),
    ],
)  # fmt: skip
def test_decimals_become_units(text: str, units: int) -> None:
    assert ORDER.parse(order(quantity=text)).quantity == units


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", -1105), ("-1", -1100), ("+1", -1100), ("1e5", -1100), ("1E400", -1100),
        ("NaN", -1100), ("inf", -1100), ("1_000", -1100), ("１２", -1100), ("1.", -1100),
        (".5", -1100), ("1,5", -1100), (" 1", -1100), ("1\n", -1100), ("0x10", -1100),
        ("1" * 21, -1100), ("1." + "0" * 21, -1100), ("9" * 10_000, -1100),
        ("0.000000001", -1111), ("1.12345678900000000001", -1111),
        ("92233720368.54775808", -1108), ("9" * 20, -1108), ("99999999999.000000001", -1111),
    ],
)  # fmt: skip
def test_bad_decimals(text: str, code: int) -> None:
    found, words = refused(ORDER, order(price=text))
    assert found == code
    assert "'price'" in words
    if code == -1100:
        assert words.endswith(f"legal range is '{DECIMAL}'.")


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("strategyId", "9223372036854775807", 0), ("strategyId", "9223372036854775808", -1108),
        ("strategyId", "99999999999999999999", -1108), ("strategyId", "1" * 21, -1100),
        ("strategyId", "-1", -1100), ("strategyId", "1.0", -1100), ("strategyId", "٣", -1100),
        ("strategyType", "2147483647", 0), ("strategyType", "2147483648", -1108),
        ("symbol", "btcusdt", -1100), ("symbol", "BTC/USDT", -1100), ("symbol", "A" * 51, -1100),
        ("symbol", "１２３４５６", 0), ("symbol", "币安人生USDT", 0), ("symbol", "A\n", -1100),
        ("newClientOrderId", "a" * 36, 0), ("newClientOrderId", "a" * 37, -1100),
        ("newClientOrderId", "é", -1100), ("newClientOrderId", '"', -1100),
        ("side", "buy", -1117), ("type", "FOO", -1116), ("timeInForce", "GTD", -1115),
        ("pegPriceType", "X", -1210), ("pegOffsetType", "X", -1211),
        ("cancelRestrictions", "X", -1145), ("selfTradePreventionMode", "X", -1130),
        ("computeCommissionRates", "yes", -1100), ("computeCommissionRates", "FALSE", 0),
    ],
)  # fmt: skip
def test_other_values(name: str, text: str, code: int) -> None:
    pairs = order(**{name: text})
    if code:
        assert refused(ORDER, pairs)[0] == code
    else:
        ORDER.parse(pairs)


def test_texts_of_refusals() -> None:
    assert refused(ORDER, order(symbol="x")) == (
        -1100,
        r"Illegal characters found in parameter 'symbol'; legal range is"
        r" '^[\w\-._&&[^a-z]]{1,50}$'.",
    )
    assert refused(ORDER, [("side", "BUY")]) == (
        -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.",
    )  # fmt: skip
    assert refused(ORDER, order(symbol="")) == (-1105, "Parameter 'symbol' was empty.")
    assert refused(ORDER, order(selfTradePreventionMode="x")) == (
        -1130, "Data sent for parameter 'selfTradePreventionMode' is not valid.",
    )  # fmt: skip


def test_the_order_of_refusals() -> None:
    everything_wrong = [("type", "?"), ("side", "?"), ("x", "1"), ("symbol", "?"), ("symbol", "?")]
    assert refused(ORDER, everything_wrong) == (
        -1101, "Duplicate values for a parameter detected.",
    )  # fmt: skip
    wrong = everything_wrong[:-1]
    assert refused(ORDER, wrong)[0] == -1100  # symbol comes first in the declaration
    wrong[-1] = ("symbol", "BTCUSDT")
    assert refused(ORDER, wrong)[0] == -1117
    wrong[1] = ("side", "SELL")
    assert refused(ORDER, wrong)[0] == -1116
    wrong[0] = ("type", "MARKET")
    assert refused(ORDER, wrong)[0] == -1104


def test_unread_parameters_are_counted_with_those_of_the_door() -> None:
    assert refused(ORDER, order(timeInforce="GTC"), taken=3) == (
        -1104,
        "Not all sent parameters were read; read '6' parameter(s) but was sent '7'.",
    )
    assert refused(ROWS, [("symbol", "A"), ("depth", "5")])[1] == (
        "Not all sent parameters were read; read '1' parameter(s) but was sent '2'."
    )


def test_more_parameters_than_there_are() -> None:
    assert refused(PING, [("x", "1")]) == (
        -1101, "Too many parameters; expected '0' and received '1'.",
    )  # fmt: skip
    many = [(f"p{n}", "1") for n in range(10_000)]
    assert refused(ORDER, many, taken=2)[1] == (
        "Too many parameters; expected '17' and received '10002'."
    )
    assert PING.parse([]) == PING.ask_type()


def test_lists() -> None:
    def symbols(text: str) -> object:
        return ROWS.parse([("symbols", text)]).symbols

    assert symbols('["BTCUSDT","ETHBTC"]') == ("BTCUSDT", "ETHBTC")
    assert symbols('[ "BTCUSDT", "ETHBTC" ]') == ("BTCUSDT", "ETHBTC")
    for text, code in {
        "BTCUSDT": -1100, "[": -1100, "[BTCUSDT]": -1100, '["a"]': -1100, "[1]": -1100,
        '["A",]': -1100, "[]": -1105, '["A","A"]': -1151, "[" * 5000: -1100, '["\ud800"]': -1100,
        "[" + ",".join(f'"A{n}"' for n in range(101)) + "]": -1101,
    }.items():  # fmt: skip
        assert refused(ROWS, [("symbols", text)])[0] == code, text
    assert ROWS.parse([("permissions", "SPOT")]).permissions == ("SPOT",)
    assert ROWS.parse([("permissions", '["SPOT","MARGIN"]')]).permissions == ("SPOT", "MARGIN")


def test_times_bounds_and_short_vocabularies() -> None:
    def read(name: str, text: str) -> Rows:
        ask = ROWS.parse([(name, text)])
        assert isinstance(ask, Rows)
        return ask

    assert read("startTime", "1700000000000").start_time == 1_700_000_000_000_000
    assert read("startTime", "1700000000000123").start_time == 1_700_000_000_000_123
    assert read("limit", "7").limit == 7
    assert read("limit", "5000").limit == 1000
    assert ROWS.parse([]).limit == 500
    assert read("symbolStatus", "HALT").symbol_status == terms.HALT
    for name, text, code in (
        ("limit", "0", -1130), ("limit", "-1", -1100), ("level", "101", -1130),
        ("symbolStatus", "END_OF_DAY", -1122), ("interval", "2m", -1120),
        ("startTime", "9" * 20, -1108), ("startTime", "-5", -1100),
    ):  # fmt: skip
        assert refused(ROWS, [(name, text)])[0] == code


texts = st.one_of(
    st.text(max_size=60),
    st.from_regex(r"[0-9]{0,22}\.?[0-9]{0,22}", fullmatch=True),
    st.sampled_from(["BTCUSDT", "BUY", "LIMIT", "1", "1e9", "NaN", "-0", "[]", '["A"]', "true"]),
)
names = st.one_of(
    st.sampled_from([row[0] for row in ORDER.params() + ROWS.params()]), st.text(max_size=5)
)


@settings(max_examples=300, deadline=None)
@example([("quantity", "1e1000000")], 0)
@example([("quantity", "٠.١")], 0)
@given(st.lists(st.tuples(names, texts), max_size=12), st.integers(0, 3))
def test_any_request_is_read_or_refused(pairs: list[tuple[str, str]], taken: int) -> None:
    for operation in (ORDER, ROWS, PING):
        try:
            ask = operation.parse(pairs, taken)
        except Reject as refused:
            assert -1200 <= refused.code <= -1100 or refused.code in (-1210, -1211)
            assert "%s" not in refused.msg
        else:
            assert isinstance(ask, operation.ask_type)
            assert len({name for name, _ in pairs}) == len(pairs)


@given(st.integers(0, 9_223_372_036_854_775_807), st.integers(0, 12))
def test_decimal_texts_are_exact(units: int, zeros: int) -> None:
    text = f"{units // 10**8}.{units % 10**8:08d}{'0' * zeros}"
    assert ORDER.parse(order(price=text)).price == units


def test_json_parameters_are_read_like_texts() -> None:
    raw = msgspec.json.decode(
        b'{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT","quantity":0.00100000,"price":"7",'
        b'"strategyId":12,"computeCommissionRates":true}',
        type=dict[str, msgspec.Raw],
    )
    ask = ORDER.parse(json_pairs(raw))
    assert (ask.quantity, ask.price, ask.strategy_id) == (100_000, 700_000_000, 12)
    assert ask.compute_commission_rates is True
    assert ORDER.parse(json_pairs(dict(GOOD))).symbol == "BTCUSDT"
    listed = msgspec.json.decode(b'{"symbols":["A", "B"]}', type=dict[str, msgspec.Raw])
    assert ROWS.parse(json_pairs(listed)).symbols == ("A", "B")
    assert ROWS.parse(json_pairs({"symbols": ["A", "B"], "limit": 5})).limit == 5


@pytest.mark.parametrize(
    ("value", "code"),
    [(b"1e3", -1100), (b"-1", -1100), (b"null", -1105), (b'""', -1105), (b"{}", -1100),
     (b"1e1000000", -1100), (b'"\\ud83d"', -1135)],
)  # fmt: skip
def test_bad_json_values(value: bytes, code: int) -> None:
    params: dict[str, object] = {**GOOD, "price": msgspec.Raw(value)}
    with pytest.raises(Reject) as caught:
        ORDER.parse(json_pairs(params))
    assert caught.value.code == code
