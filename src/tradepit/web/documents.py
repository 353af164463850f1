"""The reference for tools, at fixed addresses: OpenAPI and AsyncAPI, as JSON and as YAML."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tradepit.products.futures import downloads
from tradepit.web.asyncapi import socket_document
from tradepit.web.openapi import control_document, exchange_document
from tradepit.web.pages import ASSETS, POLICY, Pages
from tradepit.web.rehearsal import Examples, rehearse

if TYPE_CHECKING:
    from tradepit.gateways.checks import Call

Document = dict[str, Any]

CHART_POLICY: Final = POLICY.replace(
    "style-src 'self'",
    # What plotly.js writes into the page: an empty style sheet, which it fills by script, and one
    # style attribute. Known by their hashes, so that no other inline style is let in.
    "style-src 'self' 'unsafe-hashes' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' "
    "'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='",
)


def all_pages() -> Pages:
    """Everything that is served to people and their tools."""
    pages = Pages()
    add_documents(pages)
    for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
        pages.add_package_file("swagger_ui", f"static/{name}")
    add_console(pages)
    pages.add_folder(f"/{downloads.FOLDER}/", _download, "zip")
    return pages


def _download(call: Call) -> Callable[[], bytes] | None:
    """The file of a futures account whose secret address is called."""
    token = call.path.rpartition(b"/")[2].decode("latin-1")
    return downloads.find(call.world.pit, call.world.history, token)


def add_console(pages: Pages) -> None:
    """Serve the trading page under its own name too, and the charting library it draws with."""

    def library(query: str) -> bytes:
        return resources.files("plotly").joinpath("package_data", "plotly.min.js").read_bytes()

    def trading(query: str) -> bytes:
        return resources.files(__package__).joinpath("static", "index.html").read_bytes()

    for path in ("/", "/console"):
        pages.add(path, trading, "html", CHART_POLICY)
    pages.add(ASSETS + "plotly.min.js", library, "js")


def add_documents(pages: Pages) -> None:
    """Serve every document as `/NAME.json` and `/NAME.yaml`."""

    @functools.cache
    def examples() -> Examples:
        return rehearse()

    def exchange(query: str) -> Document:
        return exchange_document(examples().answers, with_unserved=query == "unserved=1")

    makers: dict[str, Callable[[str], Document]] = {
        "openapi": exchange,
        "openapi-control": lambda query: control_document(examples().answers),
        "asyncapi": lambda query: socket_document(examples()),
    }
    for name, make in makers.items():
        pages.add(f"/{name}.json", _then(make, as_json), "json")
        pages.add(f"/{name}.yaml", _then(make, as_yaml), "yaml")


def _then(make: Callable[[str], Document], write: Callable[[Document], bytes]) -> Any:
    return lambda query: write(make(query))


def as_json(document: Document) -> bytes:
    """A document as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1)


def as_yaml(document: Document) -> bytes:
    """A document as YAML, every part written out where it stands."""
    import yaml  # not before somebody asks for it

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        """Without anchors: some readers of documents know none."""

        def ignore_aliases(self, data: object) -> bool:
            return True

    text: str = yaml.dump(document, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text.encode()
