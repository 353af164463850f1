"""How each client is pointed at this server: a block a client, to be pasted as it stands.

Blocks are files of `recipes/`, written for the default address; another one is put in its place.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final, NamedTuple

URL: Final = "http://127.0.0.1:8800"


class Recipe(NamedTuple):
    """language: of the block. package, registry: where the client comes from. prints: what the
    block says when it worked; empty when it is no program of its own, or runs in no test."""

    title: str
    language: str
    registry: str
    package: str
    prints: str = ""
    note: str = ""


RECIPES: Final = {
    "ccxt": Recipe("ccxt (Python)", "python", "PyPI", "ccxt", "open"),
    "ccxt-pro": Recipe(
        "ccxt.pro (Python, WebSockets)", "python", "PyPI", "ccxt", "True",
        "An address that names the host `stream.binance.com` keeps spot and futures apart.",
    ),
    "ccxt-js": Recipe("ccxt (JavaScript)", "javascript", "npm", "ccxt", "open"),
    "python-binance": Recipe("python-binance", "python", "PyPI", "python-binance", "NEW"),
    "binance-connector": Recipe(
        "binance-connector (Python)", "python", "PyPI", "binance-connector", "NEW"
    ),
    "futures-connector": Recipe(
        "binance-futures-connector (Python)", "python", "PyPI", "binance-futures-connector", "NEW",
        "It calls itself `binance`, as other clients do: it wants an environment of its own.",
    ),
    "binance-sdk-spot": Recipe("binance-sdk-spot", "python", "PyPI", "binance-sdk-spot", "NEW"),
    "unicorn": Recipe(
        "unicorn-binance-websocket-api", "python", "PyPI", "unicorn-binance-websocket-api", "True"
    ),
    "freqtrade": Recipe(
        "freqtrade", "json", "PyPI", "freqtrade",
        note="A part of its `config.json`; no code is needed.",
    ),
    "nautilus": Recipe("NautilusTrader", "python", "PyPI", "nautilus_trader"),
    "js-connector": Recipe("@binance/connector", "javascript", "npm", "@binance/connector", "NEW"),
    "ts-connector": Recipe(
        "@binance/connector-typescript", "javascript", "npm", "@binance/connector-typescript", "NEW"
    ),
    "binance-js": Recipe("binance (npm)", "javascript", "npm", "binance", "NEW"),
    "node-binance-api": Recipe("node-binance-api", "javascript", "npm", "node-binance-api", "NEW"),
    "binance-api-node": Recipe("binance-api-node", "javascript", "npm", "binance-api-node", "NEW"),
    "java-connector": Recipe(
        "binance-connector-java", "java", "Maven", "io.github.binance:binance-connector-java"
    ),
    "go-connector": Recipe(
        "binance-connector-go", "go", "Go", "github.com/binance/binance-connector-go"
    ),
    "rust-connector": Recipe(
        "binance-spot-connector-rust", "rust", "crates.io", "binance_spot_connector_rust"
    ),
    "php-connector": Recipe(
        "binance-connector-php", "php", "Packagist", "binance/binance-connector-php"
    ),
    "ruby-connector": Recipe(
        "binance-connector-ruby", "ruby", "RubyGems", "binance-connector-ruby"
    ),
    "dotnet-connector": Recipe("Binance.Spot (.NET)", "csharp", "NuGet", "Binance.Spot"),
}  # fmt: skip


def block(name: str, url: str = URL) -> str:
    """The settings of a client, for a server at `url`. Raises: KeyError."""
    if name not in RECIPES:
        raise KeyError(name)
    file = resources.files(__package__).joinpath("recipes", f"{name}.recipe")
    text = file.read_text("utf-8")
    url = url.rstrip("/")
    return text.replace("ws" + URL.removeprefix("http"), "ws" + url.removeprefix("http")).replace(
        URL, url
    )


def page(name: str) -> str:
    """A client's page of the documentation."""
    recipe = RECIPES[name]
    lines = [f"# {recipe.title}", "", f"`{recipe.package}` from {recipe.registry}."]
    if recipe.note:
        lines.append(recipe.note)
    lines += [
        f"`tradepit client-config {name} --url URL` prints this block for another address.", "",
        f"```{recipe.language}", block(name).rstrip("\n"), "```", "",
        "A test runs this block against the exchange." if recipe.prints
        else "This block is not run by a test.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def write_pages(folder: Path) -> None:
    """Write every client's page, and the list of them."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["# Clients", "", "Unmodified clients trade here; what differs is the address.", ""]
    for name, recipe in RECIPES.items():
        folder.joinpath(f"{name}.md").write_text(page(name), "utf-8")
        lines.append(f"* [{recipe.title}]({name}.md): `{recipe.package}`, {recipe.registry}")
    folder.joinpath("README.md").write_text("\n".join(lines) + "\n", "utf-8")
