"""The tour as a Postman collection (v2.1) with its environment: every operation, signed by script.

Imports into Postman and runs in newman, in the order in which it stands. Each request tests that
its answer is what the reference says: status and schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import tradepit
from tradepit.catalog import publish
from tradepit.catalog.language import NONE, REGISTRY, Operation
from tradepit.catalog.schemas import Schema, Schemas, body_of
from tradepit.data.genesis import DEV_KEYS
from tradepit.gateways.answers import Answer
from tradepit.web.asyncapi import typed
from tradepit.web.openapi import ERROR, tag_of
from tradepit.web.rehearsal import CONTROL, Answered, rehearse
from tradepit.web.tour import TOUR, Step, steps

COLLECTION: Final = "tradepit.postman_collection.json"
ENVIRONMENT: Final = "tradepit.postman_environment.json"
SCHEMA: Final = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"

# Requests that weigh this much are left out: a run asks for all in less than a minute, whose limit
# two or three of these (histories as files) would exhaust.
HEAVY: Final = 1_000

# Stamps and signs whatever has `signature` in its query, for the account whose key is sent.
SIGN: Final = """\
const query = pm.request.url.query.filter((one) => !one.disabled);
if (query.some((one) => one.key === "signature")) {
    const name = pm.request.headers.get("X-MBX-APIKEY").match(/^{{(\\w+)_api_key}}$/)[1];
    pm.variables.set("timestamp", String(Date.now()));
    const text = query.filter((one) => one.key !== "signature")
        .map((one) => one.key + "=" + pm.variables.replaceIn(one.value)).join("&");
    const secret = pm.variables.get(name + "_secret_key");
    pm.variables.set("signature", CryptoJS.HmacSHA256(text, secret).toString());
}
""".splitlines()
# Names of what a run makes differ from run to run.
BEGIN: Final = ['pm.collectionVariables.set("run", String(Date.now()));']

_HOLE = re.compile(r"\{(\w+)\}")
_DEFINITIONS: Final = "#/definitions/"


def write(folder: Path, url: str) -> list[Path]:
    """Write collection and environment into `folder`; the files. Raises: OSError."""
    publish.load()
    folder.mkdir(parents=True, exist_ok=True)
    made = {COLLECTION: collection(rehearse().answers), ENVIRONMENT: environment(url)}
    for name, document in made.items():
        folder.joinpath(name).write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    return [folder / name for name in made]


def environment(url: str) -> dict[str, Any]:
    """Where the exchange is, and the published dev keys."""
    values = [{"key": "base", "value": url.rstrip("/"), "type": "default", "enabled": True}]
    for key in DEV_KEYS:
        for word, text in (("api_key", key.api_key), ("secret_key", key.secret_key)):
            kind = "secret" if word == "secret_key" else "default"
            row = {"key": f"{key.name}_{word}", "value": text, "type": kind, "enabled": True}
            values.append(row)
    return {"name": "tradepit", "values": values, "_postman_variable_scope": "environment"}


def light_steps() -> list[Step]:
    """The steps of the tour that fit into a minute together."""
    return [step for step in steps() if REGISTRY[step.operation].weigh(None) < HEAVY]


def collection(examples: Mapping[str, Answered]) -> dict[str, Any]:
    """All requests; those that follow each other in one part of the reference share a folder."""
    folders: list[dict[str, Any]] = []
    for step in light_steps():
        operation = REGISTRY[step.operation]
        tag = tag_of(operation)
        if operation.path.startswith(CONTROL):
            tag = "Control"
        if not folders or folders[-1]["name"] != tag:
            folders.append({"name": tag, "item": []})
        folders[-1]["item"].append(_item(step, operation, examples.get(step.operation)))
    first = folders[0]["item"][0]
    first["event"].append(_script("prerequest", BEGIN))
    words = f"Every operation of tradepit {tradepit.__version__}. Independent of Binance."
    return {
        "info": {"name": "tradepit", "description": words, "schema": SCHEMA},
        "item": folders,
        "event": [_script("prerequest", SIGN)],
        "variable": [{"key": "run", "value": "1"}],
    }


def _item(step: Step, operation: Operation, found: Answered | None) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": operation.method, "header": [], "description": operation.title,
    }  # fmt: skip
    query = [{"key": name, "value": _held(text)} for name, text in step.params.items()]
    if operation.path.startswith(CONTROL) and operation.method != "GET":
        body = {name: _held(text) for name, text in _plain(step, operation).items()}
        request["header"].append({"key": "Content-Type", "value": "application/json"})
        request["body"] = {"mode": "raw", "raw": json.dumps(body)}
        query = []
    if operation.security != NONE:
        key = {"key": "X-MBX-APIKEY", "value": f"{{{{{step.who}_api_key}}}}"}
        request["header"].append(key)
    if operation.signed:
        query.append({"key": "timestamp", "value": "{{timestamp}}"})
        query.append({"key": "signature", "value": "{{signature}}"})
    raw = "{{base}}" + operation.path
    raw += "?" + "&".join(f"{one['key']}={one['value']}" for one in query) if query else ""
    request["url"] = {
        "raw": raw, "host": ["{{base}}"], "path": operation.path[1:].split("/"), "query": query,
    }  # fmt: skip
    return {
        "name": operation.id,
        "request": request,
        "event": [_script("test", _tests(step, operation, found))],
    }


def _plain(step: Step, operation: Operation) -> dict[str, Any]:
    """Parameters as JSON has them; what is only known later stays text."""
    later = {name: text for name, text in step.params.items() if _HOLE.search(text)}
    known = {name: text for name, text in step.params.items() if name not in later}
    return typed(known, body_of(operation.ask_type)) | later


def _held(text: Any) -> Any:
    return _HOLE.sub(r"{{\1}}", text) if isinstance(text, str) else text


def _tests(step: Step, operation: Operation, found: Answered | None) -> list[str]:
    allowed = sorted({200} | ({found.status} if found is not None else set()))
    toured = step in TOUR
    lines = [
        f"const allowed = {allowed};",
        f'pm.test("{operation.id} answers as documented", () => {{',
        "    pm.expect(pm.response.code).to.be.oneOf(allowed);"
        if toured
        else "    pm.expect(pm.response.code).to.be.below(500);",
    ]
    hint = operation.reply_hint
    if isinstance(hint, type) and issubclass(hint, Answer):
        return [*lines, "});"]
    schemas = Schemas(_DEFINITIONS)
    schema = _unformatted(schemas.of_reply(hint)) | {"definitions": _unformatted(schemas.named)}
    lines += [
        f"    const done = {json.dumps(schema)};",
        f"    const refused = {json.dumps(ERROR)};",
        "    pm.response.to.have.jsonSchema(pm.response.code === 200 ? done : refused);",
        "});",
    ]
    if step.keep:
        lines.append("const found = pm.response.json();")
    for name, path in step.keep.items():
        lines.append(f'pm.collectionVariables.set("{name}", found.{path});')
    return lines


def _unformatted(schema: Schema) -> Schema:
    """Without formats: Postman's validator refuses those it does not know."""
    made: Schema = {}
    for name, value in schema.items():
        if name == "format" and isinstance(value, str):
            continue
        if isinstance(value, list):
            made[name] = [_unformatted(each) if isinstance(each, dict) else each for each in value]
        else:
            made[name] = _unformatted(value) if isinstance(value, dict) else value
    return made


def _script(when: str, lines: list[str]) -> dict[str, Any]:
    return {"listen": when, "script": {"type": "text/javascript", "exec": lines}}
