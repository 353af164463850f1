"""What is declared, against the exchange's contract.

The compact facts are tests/fixtures/contract.tsv. Only the comparison of reply examples needs the
full documents; it skips where their folder is absent.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from tradepit.catalog import publish, unserved
from tradepit.catalog.language import REGISTRY, Operation, by_route
from tradepit.catalog.shapes import Shape, fields_of

ROOT = Path(__file__).parents[2]
FACTS = ROOT / "tests" / "fixtures" / "contract.tsv"
SPEC = ROOT.parent / "shared" / "spec" / "catalog"

publish.load()


class Facts(NamedTuple):
    row: unserved.Row
    security: str
    signed: bool
    weight: str
    params: dict[str, bool]  # mandatory?


def facts() -> list[Facts]:
    found = []
    for line in FACTS.read_text("utf-8").splitlines()[1:]:
        *_, security, signed, weight, names = line.split("\t")
        params = {name.rstrip("!"): name.endswith("!") for name in names.split()}
        row = unserved.row_of(line)
        found.append(Facts(row, security, signed == "signed", weight, params))
    return found


CONTRACT = facts()
DECLARED = [
    pytest.param(fact, by_route()[fact.row.method, fact.row.path], id=fact.row.id)
    for fact in CONTRACT
    if fact.row.transport == "rest" and (fact.row.method, fact.row.path) in by_route()
]
DOOR = {"timestamp", "recvWindow", "signature"}

# Where a declaration knowingly differs from the documents' table, and why.
SECURITY_DIFFERS: dict[str, str] = {
    **{
        f"usdm-rest:GET /futures/data/topLongShort{what}Ratio": "its COIN-M twin needs no key"
        for what in ("Account", "Position")
    },
    "coinm-rest:GET /dapi/v1/pmAccountInfo": "USER_DATA is signed, as its USDⓈ-M twin is",
}
_ONE_OF_TWO = "either symbol or symbols is mandatory, which no single parameter can say"
_SIGNED_ANYWAY = "clients sign what needs no signature: its parameters are taken, not looked at"
_TWO_VENUES = "one path of two exchanges: of symbol and pair each asks for its own"
_PATH_ONLY = "the documents at hand have its path alone; clients of its time send these"
PARAMS_DIFFER: dict[str, str] = {
    "usdm-rest:GET /fapi/v1/pmExchangeInfo": _PATH_ONLY,
    "coinm-rest:GET /dapi/v1/pmExchangeInfo": _PATH_ONLY,
    "usdm-rest:GET /fapi/v1/lvtKlines": _PATH_ONLY,
    "usdm-rest:PUT /fapi/v1/order": "price is mandatory, and must not be sent with priceMatch",
    **{
        f"{venue}-rest:GET /futures/data/{name}": _TWO_VENUES
        for venue in ("usdm", "coinm")
        for name in (
            "openInterestHist",
            "globalLongShortAccountRatio",
            "topLongShortAccountRatio",
            "topLongShortPositionRatio",
        )
    },
    **{
        f"{venue}-rest:{method} /{prefix}/v1/listenKey": "clients send the key that no page names"
        for venue, prefix in (("usdm", "fapi"), ("coinm", "dapi"))
        for method in ("PUT", "DELETE")
    },
    "spot-rest:GET /api/v3/ticker": _ONE_OF_TWO,
    "spot-rest:GET /api/v3/ticker/tradingDay": _ONE_OF_TWO,
    "usdm-rest:POST /fapi/v1/order": "stop orders were placed here before algoOrder came",
    "margin:GET /sapi/v1/margin/allPairs": _SIGNED_ANYWAY,
    "margin:GET /sapi/v1/margin/isolated/allPairs": _SIGNED_ANYWAY,
}
_BATCH = "a batch counts five orders and weighs five, as its words say"
WEIGHT_DIFFERS: dict[str, str] = {
    **{
        f"{venue}-rest:GET /futures/data/{name}": "0, as USDⓈ-M has it"
        for venue in ("usdm", "coinm")
        for name in (
            "basis",
            "openInterestHist",
            "globalLongShortAccountRatio",
            "topLongShortAccountRatio",
            "topLongShortPositionRatio",
        )
    },
    "usdm-rest:POST /fapi/v1/convert/getQuote": "50; quotes are counted by the account besides",
    "usdm-rest:POST /fapi/v1/algoOrder": "0 by IP, as its words say",
    "coinm-rest:GET /dapi/v1/forceOrders": "20 before both venues weighed alike",
    "usdm-rest:POST /fapi/v1/batchOrders": _BATCH,
    "usdm-rest:PUT /fapi/v1/batchOrders": _BATCH,
    "usdm-rest:POST /fapi/v1/order": "0 by IP, as its words say",
    "usdm-rest:PUT /fapi/v1/order": "0 by IP, as its words say",
    "coinm-rest:POST /dapi/v1/order": "0 by IP, as its words say",
    "coinm-rest:GET /dapi/v2/leverageBracket": "1, as it was in 2024",
    "coinm-rest:GET /dapi/v1/fundingInfo": "as its twin",
    "usdm-rest:GET /fapi/v1/fundingInfo": "0: it has a limit of its own, shared with fundingRate",
    "usdm-rest:GET /fapi/v1/fundingRate": "1: its words name only the limit that is its own",
    "usdm-rest:GET /fapi/v1/rpiDepth": "20: that of the only limit there is",
}


def test_declared_and_unserved_are_the_whole_contract() -> None:
    whole = {fact.row.id: fact.row for fact in CONTRACT}
    assert len(whole) == len(CONTRACT) == 1008
    missing = {row.id: row for row in unserved.rows()}
    assert len(missing) == len(unserved.rows())
    served = unserved.served_keys()
    assert missing == {
        name: row for name, row in whole.items() if not unserved.is_served(row, served)
    }, "declared since: run `python tools/contract.py refresh`"


def test_every_declared_route_is_in_the_contract_or_our_own() -> None:
    known = {(fact.row.method, fact.row.path) for fact in CONTRACT}
    for (method, path), found in by_route().items():
        assert path.startswith(publish.OWN_PREFIX) or (method, path) in known, found.id


def test_an_unserved_operation_is_found_by_its_route() -> None:
    row = next(row for row in unserved.rows() if row.transport == "rest")
    assert unserved.find(row.method, row.path) is not None
    assert unserved.find("GET", "/api/v3/nothing") is None


@pytest.mark.parametrize(("fact", "found"), DECLARED)
def test_declared_like_documented(fact: Facts, found: Operation) -> None:
    if fact.row.id not in SECURITY_DIFFERS:
        assert (found.security, found.signed) == (fact.security, fact.signed)
    if fact.row.id not in PARAMS_DIFFER:
        declared = {wire: mandatory for wire, _, mandatory, _, _ in found.params()}
        documented = {name: must for name, must in fact.params.items() if name not in DOOR}
        assert declared == documented
    if fact.row.id not in WEIGHT_DIFFERS and isinstance(found.weight, int):
        weight = f"{found.weight}{' UID' if found.weight_scope == 'UID' else ''}"
        assert weight == (fact.weight or "1")
    if not fact.row.path.startswith("/futures/data/"):  # the same paths of two venues
        assert publish.venue_of(found) == fact.row.venue


@pytest.mark.parametrize(("fact", "found"), DECLARED)
def test_reply_fields_stand_as_in_the_examples(fact: Facts, found: Operation) -> None:
    path = SPEC / f"{fact.row.venue}.json"
    if not path.exists():
        pytest.skip("the full documents are not beside this clone")
    row = next(row for row in json.loads(path.read_text("utf-8")) if row["id"] == fact.row.id)
    # Of a reply in two forms the futures speak the older (DESIGN: eras).
    old = row.get("example_at_seed") if fact.row.venue in ("usdm-rest", "coinm-rest") else None
    first = old or row["example_response"]
    examples = [first, *(each["value"] for each in row.get("examples", ()))]
    assert found.reply_types or examples == [{}] * len(examples)
    misfits = [
        misfit(Shape(found.reply_hint), example)
        for example in examples
        if not (isinstance(example, dict) and "code" in example)  # refusals are not declared
    ]
    if fact.row.id in EXAMPLES_DIFFER:
        assert any(misfits), "the exception is not needed any more"
    else:
        assert not any(misfits), [words for words in misfits if words]


# Examples that the documents themselves contradict: operation, and why.
_TWO_ORDERS = "origQuoteOrderQty stands before workingTime here, behind it in GET /api/v3/order"
_ORDER_TYPES = "orderTypes is called OrderType in the documents alone"
_CUT = "the documents' rows are cut after their first member"
EXAMPLES_DIFFER: dict[str, str] = {
    "usdm-rest:GET /futures/data/openInterestHist": "its time was a text once",
    **{
        f"{venue}-rest:GET /{prefix}/v1/{what}/asyn/id": "isExpired was null before it was 'None'"
        for venue, prefix in (("usdm", "fapi"), ("coinm", "dapi"))
        for what in ("order", "trade", "income")
    },
    **{
        f"{venue}-rest:GET /{prefix}/v1/{name}lines": _CUT
        for venue, prefix in (("usdm", "fapi"), ("coinm", "dapi"))
        for name in ("k", "continuousK", "indexPriceK", "markPriceK", "premiumIndexK")
    },
    "coinm-rest:GET /dapi/v1/positionMargin/history": "told in the order of its twin",
    "usdm-rest:GET /fapi/v2/account": "canTrade is told by its WebSocket twin, and read by clients",
    "usdm-rest:GET /fapi/v1/exchangeInfo": _ORDER_TYPES,
    "coinm-rest:GET /dapi/v1/exchangeInfo": _ORDER_TYPES,
    "spot-rest:GET /api/v3/openOrders": _TWO_ORDERS,
    "spot-rest:GET /api/v3/allOrders": _TWO_ORDERS,
    "spot-rest:POST /api/v3/order": "its FULL example has `fills` last, those of smart order"
    " routing and of self-trade prevention before selfTradePreventionMode",
    "coinm-rest:POST /dapi/v1/batchOrders": "an order and a refusal, run together in one row",
}


SCALARS: dict[Any, type] = {str: str, int: int, bool: bool}
WIRE_TYPES: dict[str, type] = {
    "DECIMAL": str, "STRING": str, "ENUM": str, "LONG": int, "INT": int, "BOOLEAN": bool,
    "ARRAY OF STRING": list,
}  # fmt: skip


def options(shape: Shape) -> list[Shape]:
    """The alternatives of a reply annotation."""
    return [Shape(choice) for choice in shape.choices] or [shape]


def misfit(shape: Shape, example: Any, path: str = "") -> str:
    """Where an example has a field that the declaration lacks, or in another order; "" if fit."""
    if shape.choices:
        tries = [misfit(option, example, path) for option in options(shape)]
        return "" if "" in tries else max(tries, key=lambda words: "in the order" in words)
    base = shape.base
    if shape.kind is not None or base in SCALARS:
        if shape.kind is not None and shape.kind.wire == "NUMBER":
            return "" if type(example) in (int, float) else f"{path}: {example!r} is no number"
        expected = SCALARS[base] if shape.kind is None else WIRE_TYPES[shape.kind.wire]
        fits = type(example) is expected or (example is None and shape.nullable)
        return "" if fits else f"{path}: {example!r} should be a {expected.__name__}"
    struct = isinstance(base, type) and issubclass(base, msgspec.Struct)
    if isinstance(example, list) and struct and base.__struct_config__.array_like:
        fields = fields_of(base)
        if len(fields) != len(example):
            return f"{path}: {base.__name__} has {len(fields)} members, not {len(example)}"
        pairs = zip(fields, example, strict=True)
        return next((m for field, each in pairs if (m := misfit(field.shape, each, path))), "")
    if isinstance(example, list):
        arguments = getattr(base, "__args__", None)
        if not arguments or getattr(base, "__origin__", None) is not list:
            return ""
        inner = Shape(arguments[0])
        return next((m for each in example if (m := misfit(inner, each, path + "[]"))), "")
    struct = isinstance(base, type) and issubclass(base, msgspec.Struct)
    if (
        not isinstance(example, dict)
        or not example
        or not struct
        or base.__struct_config__.array_like
    ):
        return ""
    declared = {field.wire: field.shape for field in fields_of(base)}
    unknown = [name for name in example if name not in declared]
    if unknown:
        return f"{path}: {base.__name__} has no {unknown}"
    if base.__module__.endswith("futures.order_replies"):
        return ""  # all operations tell of an order in the order of order.place (decision 0183)
    order = [name for name in declared if name in example]
    if order != list(example):
        return f"{path}: {base.__name__} has {order}, in the order of the example {list(example)}"
    for name, value in example.items():
        if found := misfit(declared[name], value, f"{path}.{name}"):
            return found
    lacking = [
        name for name, inner in declared.items() if name not in example and not inner.conditional
    ]
    return f"{path}: the example has no {lacking}" if lacking else ""


def test_the_pages_are_current() -> None:
    folder = ROOT / "docs" / "reference"
    for name, text in publish.pages().items():
        assert (folder / name).read_text("utf-8") == text, "run `python tools/contract.py refresh`"
    assert len(REGISTRY) >= len({found.id for found in by_route().values()})
