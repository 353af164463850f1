"""The reference for tools: valid, complete, and true to what the server answers."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
import yaml
from openapi_spec_validator import validate
from tests.gateways.conftest import Server

from tradepit.catalog import publish, unserved
from tradepit.catalog.language import REGISTRY, by_ws_method
from tradepit.web.asyncapi import APIS, _key
from tradepit.web.rehearsal import STREAMS, rehearse
from tradepit.web.tour import TOUR, steps

publish.load()

NAMES = ("openapi", "openapi-control", "asyncapi")


@pytest.fixture(scope="module")
def documents(server: Server) -> dict[str, Any]:
    return {name: server.request("GET", f"/{name}.json").json for name in NAMES}


def test_json_and_yaml_say_the_same(server: Server, documents: dict[str, Any]) -> None:
    for name in NAMES:
        answer = server.request("GET", f"/{name}.yaml")
        assert answer.headers["content-type"] == "application/yaml"
        assert yaml.load(answer.body, yaml.CSafeLoader) == documents[name]


@pytest.mark.parametrize("name", ["openapi", "openapi-control"])
def test_openapi_passes_a_public_validator(documents: dict[str, Any], name: str) -> None:
    assert documents[name]["openapi"] == "3.1.0"
    validate(documents[name])


def test_every_route_is_described_once(documents: dict[str, Any]) -> None:
    routes = [route for found in REGISTRY.values() for route in found.routes]
    told = [
        f"{method.upper()} {path}"
        for name in ("openapi", "openapi-control")
        for path, methods in documents[name]["paths"].items()
        for method in methods
    ]
    assert sorted(told) == sorted(routes)


def test_what_is_not_served_is_told_when_asked_for(server: Server) -> None:
    document = server.request("GET", "/openapi.json?unserved=1").json
    validate(document)
    missing = [row for row in unserved.rows() if row.transport == "rest"]
    for row in missing:
        assert "501" in document["paths"][row.path][row.method.lower()]["responses"]
    assert server.request("GET", "/openapi.json?unserved=0").json["paths"].keys() < (
        document["paths"].keys()
    )


def test_examples_are_what_their_schemas_say(documents: dict[str, Any]) -> None:
    checked = 0
    for name in ("openapi", "openapi-control"):
        for path, methods in documents[name]["paths"].items():
            for method, described in methods.items():
                for content in described["responses"]["200"]["content"].values():
                    if "example" not in content:
                        continue
                    schema = {**content["schema"], "components": documents[name]["components"]}
                    try:
                        jsonschema.validate(content["example"], schema)
                    except jsonschema.ValidationError as wrong:
                        pytest.fail(f"{method} {path}: {wrong.message}")
                    checked += 1
    assert checked > 60


def test_schemas_refuse_what_is_not_so(documents: dict[str, Any]) -> None:
    """A schema that lets everything pass would pass the test above, too."""
    described = documents["openapi"]["paths"]["/api/v3/klines"]["get"]["responses"]["200"]
    content = described["content"]["application/json"]
    schema = {**content["schema"], "components": documents["openapi"]["components"]}
    row = list(content["example"][0])
    for wrong in (row[:-1], [str(row[0]), *row[1:]], [*row[:1], 1.5, *row[2:]]):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate([wrong], schema)


def test_the_tour_succeeds_and_misses_nothing() -> None:
    examples = rehearse()
    toured = {step.operation for step in TOUR if step.who == "alice"}
    for operation in toured & examples.answers.keys():
        assert examples.answers[operation].status == 200, operation
    spot = {op.id for op in REGISTRY.values() if op.path.startswith("/api/")}
    assert spot <= examples.answers.keys()
    assert examples.streams.keys() == STREAMS.keys()
    told = {
        "spot": ("executionReport", "outboundAccountPosition", "listStatus", "balanceUpdate"),
        "usdm": ("ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "TRADE_LITE", "ALGO_UPDATE"),
        "coinm": ("ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"),
    }
    for product, events in told.items():
        assert {f"{product}-user-data:{event}" for event in events} <= examples.events.keys()
    public = {op.id for op in REGISTRY.values() if op.path and "/_tradepit/" not in op.path}
    assert public <= {step.operation for step in steps()}


def test_the_same_program_shows_the_same_examples() -> None:
    assert json.dumps(rehearse()) == json.dumps(rehearse())


def test_asyncapi_names_every_method_and_leads_nowhere_else(documents: dict[str, Any]) -> None:
    document = documents["asyncapi"]
    messages = document["components"]["messages"]
    for venue, (channel, _) in APIS.items():
        asked = [name for name in document["channels"][channel]["messages"] if "request" in name]
        told = [messages[name]["payload"]["properties"]["method"]["const"] for name in asked]
        assert sorted(told) == sorted(by_ws_method(venue))
    for channel, words in (("stream", "<symbol>@trade"), ("fstream", "usdm.<symbol>@markPrice"),
                           ("dstreams", "coinm.!forceOrder@arr")):  # fmt: skip
        heard = [
            messages[name] for name in document["channels"][channel]["messages"]
            if name.startswith(_key(words))
        ]  # fmt: skip
        assert heard and heard[0]["payload"]["properties"]["e"] == {"type": "string"}
    for where in references(document):
        found = document
        for part in where.removeprefix("#/").split("/"):
            found = found[part]
    for told in messages.values():
        schema = {**told.get("payload", {}), "components": document["components"]}
        for example in told.get("examples", ()):
            jsonschema.validate(example["payload"], schema)


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [each for value in part.values() for each in references(value)]
    if isinstance(part, list):
        return [each for value in part for each in references(value)]
    return []
