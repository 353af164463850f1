"""A declaration says everything: ids, routes, weights, types, log format."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from tests.catalog.declarations import (
    ORDER,
    PING,
    ROWS,
    Nothing,
    Order,
    OrderReply,
    Row,
    make,
    ping,
)

from tradepit.catalog import language, publish
from tradepit.catalog.language import NONE, REGISTRY, TRADE, Ask, Reply, operation
from tradepit.core.rejects import Reject


def test_what_a_declaration_says() -> None:
    assert (ORDER.method, ORDER.path) == ("POST", "/api/v3/order")
    assert (ORDER.is_command, PING.is_command) == (True, False)
    assert ORDER.ask_type is Order
    assert [kind.__name__ for kind in ORDER.reply_types] == ["OrderReply", "Fill"]
    assert ROWS.reply_types == [Row]
    assert PING.reply_types == []
    assert ORDER.title == "Place an order"


def test_params_and_reply_fields_can_be_inspected() -> None:
    params = {row[0]: row[1:] for row in ORDER.params()}
    assert params["symbol"] == ("STRING", True, (), r"^[\w\-._&&[^a-z]]{1,50}$")
    assert params["side"] == ("ENUM", True, ("BUY", "SELL"), "")
    assert params["quantity"][:2] == ("DECIMAL", False)
    assert params["strategyId"][0] == "LONG"
    assert params["strategyType"][0] == "INT"
    assert params["computeCommissionRates"][0] == "BOOLEAN"
    wire, shape = ORDER.reply_fields()["OrderReply"][6]
    assert (wire, shape.conditional) == ("stopPrice", True)


def test_an_answer_put_off_is_still_that_answer() -> None:
    def slow(pit: Any, history: Any, who: Any, ask: Nothing) -> list[Row] | Callable[[], list[Row]]:
        return []

    found = make("GET /slow", slow)
    assert found.reply_hint == list[Row]
    assert found.reply_types == [Row]


def test_weights() -> None:
    assert ORDER.weigh(None) == 1
    assert ROWS.weigh(None) == 2
    assert ROWS.weigh(ROWS.parse([("symbol", "BTCUSDT")])) == 2
    assert ROWS.weigh(ROWS.parse([])) == 40


def test_aliases_are_routes_of_their_own() -> None:
    legacy = make("GET /api/v3/ping", ping, aliases=("GET /api/v1/ping",))
    assert legacy.routes == ("GET /api/v3/ping", "GET /api/v1/ping")
    assert make("upgrade", ping).routes == ()


def test_an_operation_from_within_needs_no_reader() -> None:
    class Inner(Ask):
        orders: list[Order]

    def batch(pit: Any, who: Any, ask: Any) -> None: ...

    batch.__annotations__["ask"] = Inner
    assert make("spot.batch", batch).routes == ()


def test_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "REGISTRY", {})

    @operation("POST /x", security=TRADE, ws="x.do")
    def do(pit: Any, who: Any, ask: Order) -> OrderReply:
        raise AssertionError

    @operation("GET /x", security=NONE, aliases=("GET /y",))
    def look(pit: Any, history: Any, who: Any, ask: Nothing) -> None: ...

    assert language.commands() == {"POST /x": do}
    assert sorted(language.by_route()) == [("GET", "/x"), ("GET", "/y"), ("POST", "/x")]
    assert list(language.by_ws_method()) == ["x.do"]
    assert language.by_route()["GET", "/y"].handler is look
    assert language.REGISTRY["POST /x"].signed
    assert not language.REGISTRY["GET /x"].signed
    with pytest.raises(ValueError, match="twice"):
        operation("POST /x")(do)


def test_a_handler_must_fit() -> None:
    def odd(pit: Any, ask: Nothing) -> None: ...

    with pytest.raises(TypeError, match="pit, who, ask"):
        make("GET /odd", odd)

    def untyped(pit: Any, who: Any, ask: dict[str, Any]) -> None: ...

    with pytest.raises(TypeError, match="must be an Ask"):
        make("GET /untyped", untyped)

    class Unreadable(Ask):
        size: int

    def unreadable(pit: Any, who: Any, ask: Any) -> None: ...

    unreadable.__annotations__["ask"] = Unreadable
    with pytest.raises(TypeError, match="how it is read"):
        make("GET /unreadable", unreadable)


def test_requests_survive_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGISTRY, ORDER.id, ORDER)
    ask = ORDER.parse(
        [("symbol", "１２３４５６"), ("side", "SELL"), ("type", "LIMIT"), ("price", "0.1")]
    )
    packed = language.pack_ask(ask)
    assert language.unpack_ask(ORDER.id, packed) == ask
    assert b"quantity" not in packed
    with pytest.raises(KeyError):
        language.unpack_ask("POST /nowhere", packed)


def test_a_refused_request_can_be_retried() -> None:
    with pytest.raises(Reject):
        ORDER.parse([("symbol", "BTCUSDT")])
    assert ORDER.parse([("symbol", "A"), ("side", "BUY"), ("type", "MARKET")]).symbol == "A"


def _below(struct: type) -> list[type]:
    found = list(struct.__subclasses__())
    return found + [each for one in found for each in _below(one)]


def test_fields_stand_in_the_order_of_their_declaration() -> None:
    """A subclass of a keyword-only struct that is not so itself would have its fields first."""
    publish.load()
    for struct in {*_below(Ask), *_below(Reply)}:
        declared: dict[str, None] = {}
        for base in reversed(struct.__mro__):
            declared |= dict.fromkeys(inspect.get_annotations(base))
        assert list(struct.__struct_fields__) == list(declared), struct
