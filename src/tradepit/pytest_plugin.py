"""For pytest: each test that asks for `pit` gets an exchange of its own. See docs/testing.md.

Nothing happens, and hardly anything is imported, until a test asks. The server of a session (of
each xdist worker) is started then; a test's world is made in it and is deleted after the test.
"""

from __future__ import annotations

import os
import random
import re
import shlex
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tradepit.embed.aio import AsyncWorld
    from tradepit.embed.parts import Account, Clock, Faults
    from tradepit.embed.world import World

# What a world is made of: marker's word and ini's name after `pit_`, its default, its help.
RECIPE: dict[str, tuple[str, str]] = {
    "seed": ("1", "Seed of market and ids; random: another one each run, which is shown."),
    "market": ("normal", "calm, normal, wild, flash-crash, thin, frozen or empty."),
    "symbols": ("BTCUSDT ETHUSDT", "Symbols, or all."),
    "time": ("2025-01-01T00:00:00", "What the clock shows first; now: the machine's time."),
    "speed": ("0", "Pace of the clock: 0 stands still until the test moves it, 1 is real."),
    "limits": ("real", "real, or off: no weights, order counts and bans."),
    "accounts": ("", "Accounts beside alice, bob, carol, dave and erin."),
}
_LONG = re.compile(r"[A-Za-z0-9]{40,}")  # keys of all kinds
_SHOWN = 10  # refusals in a report
_world_key = pytest.StashKey["tuple[World, dict[str, Any]]"]()
_seed_key = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tradepit", "an exchange for each test (tradepit)")
    for name, (default, words) in RECIPE.items():
        parser.addini(f"pit_{name}", f"{words} Default: {default or 'none'}.", default=default)
        group.addoption(f"--pit-{name}", metavar=name.upper(), help=words)
    group.addoption(
        "--pit-url", metavar="URL",
        help="Make the worlds in this running server instead of starting one.",
    )  # fmt: skip
    parser.addini(
        "pit_server", "process: the server is a process of its own; thread: a thread of this one.",
        default="process",
    )  # fmt: skip
    parser.addini(
        "pit_settings", "Settings of the server, one NAME=VALUE a line (docs/configuration.md).",
        type="linelist", default=[],
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    words = ", ".join(f"{name}=…" for name in RECIPE)
    config.addinivalue_line("markers", f"pit({words}): what the test's exchange is made of")
    seed = str(_given(config, "seed"))
    if seed == "random":
        told = getattr(config, "workerinput", {}).get("pit_seed")
        seed = told or str(random.SystemRandom().randrange(1, 1 << 31))
    config.stash[_seed_key] = seed


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: every worker plays the controller's seed."""
    node.workerinput["pit_seed"] = node.config.stash[_seed_key]


def _given(config: pytest.Config, name: str) -> Any:
    told = config.getoption(f"--pit-{name}")
    return config.getini(f"pit_{name}") if told is None else told


# --- The server and the worlds -----------------------------------------------------------------


@pytest.fixture(scope="session")
def pit_server(pytestconfig: pytest.Config) -> Iterator[World]:
    """The first world of the session's server; tests live in others, which `pit` makes."""
    from tradepit.embed.world import Tradepit, attached

    url = pytestconfig.getoption("--pit-url")
    if url:
        with attached(url) as found:
            yield found
        return
    kind = pytestconfig.getini("pit_server")
    if kind not in ("process", "thread"):
        raise pytest.UsageError(f"pit_server = {kind}: expected process or thread")
    settings: dict[str, Any] = dict(_pair(line) for line in pytestconfig.getini("pit_settings"))
    try:
        server = Tradepit(market="empty", subprocess=kind == "process", **settings)
    except (TypeError, ValueError) as wrong:
        raise pytest.UsageError(f"pit_settings: {wrong}") from None
    with server:
        yield server


def _pair(line: str) -> tuple[str, str]:
    name, mark, value = line.partition("=")
    if not mark:
        raise pytest.UsageError(f"pit_settings: {line!r} is not NAME=VALUE")
    return name.strip().replace("-", "_"), value.strip()


def _recipe(item: pytest.Item) -> dict[str, Any]:
    """What the nearest marker says, or the command line, or the ini file."""
    recipe = {name: _given(item.config, name) for name in RECIPE}
    recipe["seed"] = item.config.stash[_seed_key]
    for marker in reversed(list(item.iter_markers("pit"))):
        unknown = [repr(name) for name in marker.kwargs if name not in RECIPE]
        if unknown or marker.args:
            what = ", ".join(unknown) or "a value without a name"
            raise pytest.UsageError(f"{item.nodeid}: pit({what}): there is {', '.join(RECIPE)}")
        recipe.update(marker.kwargs)
    for name in ("symbols", "accounts"):
        if isinstance(recipe[name], str):
            recipe[name] = recipe[name].replace(",", " ").split()
    return recipe


def _plan(recipe: dict[str, Any]) -> dict[str, Any]:
    plan = {**recipe, "symbols": list(recipe["symbols"])}
    if plan["symbols"] in ([], ["all"]):
        del plan["symbols"]
    return plan


class _Names:
    """Names of worlds: no two alike in a server, whoever else makes some."""

    made = 0

    def __call__(self) -> str:
        self.made += 1
        return f"t{self.made}-{os.getpid()}-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


_name = _Names()


@pytest.fixture
def pit(request: pytest.FixtureRequest, pit_server: World) -> Iterator[World]:
    """An exchange of the test's own: addresses, keys, clock, faults, market, accounts."""
    item: pytest.Item = request.node
    recipe = _recipe(item)
    from tradepit.embed.wire import Refused

    try:
        world = pit_server.create_world(_name(), **_plan(recipe))
    except (Refused, ValueError) as wrong:
        pytest.fail(f"This test's exchange cannot be made: {wrong}", pytrace=False)
    item.stash[_world_key] = world, recipe
    try:
        yield world
    finally:
        del item.stash[_world_key]
        world.delete()


@pytest.fixture
def pit_aio(pit: World) -> AsyncWorld:
    """The same, to be awaited."""
    return pit.aio


@pytest.fixture
def pit_clock(pit: World) -> Clock:
    """Its time: it stands still until the test moves it."""
    return pit.clock


@pytest.fixture
def pit_faults(pit: World) -> Faults:
    """What is to go wrong, and when."""
    return pit.faults


@pytest.fixture
def pit_accounts(pit: World) -> dict[str, Account]:
    """alice, bob, carol, dave, erin and the marker's `accounts`, by name."""
    return pit.accounts


@pytest.fixture
def pit_alice(pit: World) -> Account:
    """An account, with orders and balances of its own."""
    return pit.account("alice")


@pytest.fixture
def pit_bob(pit: World) -> Account:
    """Another one: somebody to trade with."""
    return pit.account("bob")


# --- Clients, of alice where nothing else is said ------------------------------------------------


def _ready(make: Callable[[], Any]) -> Any:
    """A client; the test is skipped where its library is not installed."""
    from tradepit.embed.clients import Missing

    try:
        return make()
    except Missing as missing:
        pytest.skip(str(missing))


def _closed(client: Any) -> None:
    session = getattr(client, "session", None)
    if session is not None:
        session.close()


@pytest.fixture
def pit_ccxt(pit: World) -> Iterator[Any]:
    """`ccxt.binance`."""
    client = _ready(pit.clients.ccxt)
    yield client
    _closed(client)


@pytest.fixture
def pit_python_binance(pit: World) -> Iterator[Any]:
    """`binance.Client` of python-binance."""
    client = _ready(pit.clients.python_binance)
    yield client
    _closed(client)


@pytest.fixture
def pit_binance_connector(pit: World) -> Iterator[Any]:
    """`binance.spot.Spot` of binance-connector."""
    client = _ready(pit.clients.binance_connector)
    yield client
    _closed(client)


@pytest.fixture
def pit_binance_sdk_spot(pit: World) -> Any:
    """`Spot` of binance-sdk-spot: REST, WebSocket API, streams."""
    return _ready(pit.clients.binance_sdk_spot)


def _known(module: str, package: str) -> None:
    from tradepit.embed.clients import require

    _ready(lambda: require(module, package))


@pytest.fixture
def pit_ccxt_async(pit: World) -> Callable[..., Any]:
    """`async with pit_ccxt_async("alice") as exchange`: `ccxt.async_support.binance`."""
    _known("ccxt.async_support", "ccxt")
    return pit.clients.ccxt_async


@pytest.fixture
def pit_ccxt_pro(pit: World) -> Callable[..., Any]:
    """`async with pit_ccxt_pro("alice") as exchange`: `ccxt.pro.binance`."""
    _known("ccxt.pro", "ccxt")
    return pit.clients.ccxt_pro


@pytest.fixture
def pit_python_binance_async(pit: World) -> Callable[..., Any]:
    """`async with pit_python_binance_async("alice") as client`: `binance.AsyncClient`."""
    _known("binance.async_client", "python-binance")
    return pit.clients.python_binance_async


@pytest.fixture
def pit_redirect(pit: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`pit_redirect("ccxt")`, or "python-binance": clients that the code under test makes itself
    trade in this world for the rest of the test."""
    return lambda library: _ready(lambda: pit.clients.redirect(library, monkeypatch.setattr))


# --- What a failure tells ------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    found = item.stash.get(_world_key, None)
    if found is not None and report.failed and call.when != "teardown":
        report.sections.append(("tradepit", _told(item, *found)))
    return report


def _told(item: pytest.Item, world: World, recipe: dict[str, Any]) -> str:
    """The exchange of a failed test: what it was, how to have it again, what it refused."""
    made = " ".join(f"{name}={_text(value)}" for name, value in recipe.items() if value)
    again = [f"--pit-{name}={_text(recipe[name])}" for name in _changed(item, recipe)]
    lines = [
        f"exchange   {made}",
        f"again      {shlex.join(['pytest', item.nodeid, *again])}",
    ]
    try:
        lines += [f"its time   {world.clock.now.isoformat()}", *_refused(world)]
    except Exception as wrong:  # a report is told whatever became of the server
        lines.append(f"The exchange does not answer any more: {wrong}")
    return "\n".join(lines)


def _changed(item: pytest.Item, recipe: dict[str, Any]) -> list[str]:
    """What a marker does not say already, and the ini file alone would not."""
    marked = {name for marker in item.iter_markers("pit") for name in marker.kwargs}
    return [
        name for name in RECIPE
        if name not in marked and _text(recipe[name]) != _text(item.config.getini(f"pit_{name}"))
    ]  # fmt: skip


def _text(value: Any) -> str:
    if isinstance(value, str):
        return " ".join(value.replace(",", " ").split())
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _refused(world: World) -> Iterator[str]:
    rows = world.refusals(limit=1_000)
    if not rows:
        yield "It refused nothing."
        return
    yield (
        f"It refused {len(rows)}:" if len(rows) <= _SHOWN else (f"It refused {len(rows)}, lastly:")
    )
    for row in rows[-_SHOWN:]:
        what = row["operation"] or f"{row['method']} {row['path']}".strip()
        yield f"  {what}  {row['account'] or '-'}  {row['status']} {row['code']} {row['msg']}"
        if row["asked"]:
            yield f"      asked   {_LONG.sub('…', row['asked'])}"
        if row["reason"] and row["reason"] != row["msg"]:
            yield f"      reason  {row['reason']}"
