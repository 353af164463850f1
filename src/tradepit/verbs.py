"""The verbs of the command line over the control API of a running server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tradepit import config

if TYPE_CHECKING:
    from tradepit.embed.wire import Wire

F = TypeVar("F", bound=Callable[..., Any])

HEALTH_S = 2.0  # how long a server may take to say how it is
SERVER_URL = "http://127.0.0.1:8800"


def url_option(words: str) -> Callable[[F], F]:
    """The option that says which server a command is about."""
    return click.option(
        "--url", envvar="TRADEPIT_URL", default=SERVER_URL, show_default=True, show_envvar=True,
        help=words,
    )  # fmt: skip


URL = url_option("Which server.")
WORLD = click.option("--world", default="", help="Which of its worlds, if not the first.")

# The verbs of the control API: name, operation, the parameters that need no name, help.
VERBS: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("accounts", "GET accounts", (), "List the accounts."),
    ("faucet", "POST faucet", ("account", "asset", "amount"), "Give an account money."),
    (
        "block", "POST block-trades", ("symbol", "side", "quantity", "price"),
        "Let two accounts trade a block outside the book: maker=alice taker=bob.",
    ),
    ("lock", "POST locks", ("account", "asset", "amount"), "Lock money from outside."),
    ("clock", "GET clock", (), "Show the world's time."),
    ("pace", "PUT clock", ("speed",), "Let the world's clock go at a speed; 0 freezes it."),
    ("advance", "POST clock/advance", ("by",), "Set the world's clock forward, by 1h30m say."),
    ("symbol", "PUT symbols", ("symbol", "status"), "Halt or open a symbol."),
    ("market", "GET market", (), "Show each symbol's prices and depth: symbol=BTCUSDT for one."),
    ("price", "PUT market", ("symbol", "last"), "Put a symbol's price somewhere."),
    ("temper", "PUT market", ("symbol",), "Say how residents act on a symbol: quiet=true, say."),
    ("contract", "PUT contracts", ("symbol",), "Set a contract's markPrice=… or fundingRate=…."),
    ("fund", "POST fundings", ("symbol",), "Charge a contract's funding now."),
    ("liquidate", "POST liquidations", ("account", "symbol"), "Liquidate an account's positions."),
    ("refusals", "GET requests", (), "Show what was refused lately, and why."),
    ("faults", "GET faults", (), "List the armed faults."),
    ("fault", "POST faults", ("kind",), "Arm a fault, drop-after say."),
    ("disarm", "DELETE faults", (), "Take faults away: number=N, or all=true."),
    ("snapshot save", "POST snapshots", ("name",), "Save all of a world as it is now."),
    ("snapshot load", "POST snapshots/load", ("name",), "Let a world go on from a snapshot."),
    ("snapshot list", "GET snapshots", (), "List a world's snapshots."),
    (
        "snapshot diff", "GET snapshots/diff", ("before", "after"),
        "Show what changed from a snapshot to another, or to now.",
    ),
    ("snapshot delete", "DELETE snapshots", ("name",), "Remove a snapshot."),
    ("world list", "GET worlds", (), "List the server's worlds."),
    ("world create", "POST worlds", ("name",), "Make a world: market=empty, seed=7 say."),
    ("world delete", "DELETE worlds", ("name",), "End a world and remove all of it."),
    ("world reset", "POST worlds/reset", (), "Let a world be born again."),
    ("world rewind", "POST worlds/rewind", ("by",), "Take a world back: 10m, or to=…, or seq=…."),
    ("world fork", "POST worlds/fork", ("name",), "Serve a second world with this one's past."),
)  # fmt: skip


@click.group("world")
def _worlds() -> None:
    """The worlds of a running server: see docs/worlds.md."""


@click.group("snapshot")
def _snapshots() -> None:
    """The snapshots of a world: see docs/worlds.md."""


GROUPS: dict[str, click.Group] = {"world": _worlds, "snapshot": _snapshots}


def add_verbs(cli: click.Group) -> None:
    """Make every verb a command."""
    for group in GROUPS.values():
        cli.add_command(group)
    for verb in VERBS:
        _add_verb(cli, *verb)


@_snapshots.command("export", help="Write a snapshot of a world into a file.")
@URL
@WORLD
@click.argument("name")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def _export(url: str, world: str, name: str, file: Path) -> int:
    import os

    def work(wire: Wire) -> str:
        packed = wire.download("GET snapshots/export", {"name": name})
        part = file.with_name(file.name + ".part")
        with open(part, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as written:
            written.write(packed)
        part.replace(file)
        return f"{file}: {len(packed):,} bytes. It holds the keys of the world's accounts."

    return _asked(url, world, file, work)


@_snapshots.command("import", help="Make what was exported a snapshot of a world.")
@URL
@WORLD
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.argument("name", default="")
def _import(url: str, world: str, file: Path, name: str) -> int:
    def work(wire: Wire) -> str:
        row = wire.upload("POST snapshots/import", {"name": name or None}, file.read_bytes())
        return _listed([row])

    return _asked(url, world, file, work)


def _asked(url: str, world: str, file: Path, work: Callable[[Wire], str]) -> int:
    """Do something with a file and a running server. Returns: an exit code."""
    from tradepit.embed.hosts import found_running
    from tradepit.embed.wire import Refused

    wire = found_running(url)
    try:
        click.echo(work(wire.of_world(world) if world else wire))
        return config.OK
    except Refused as refused:
        click.echo(f"{file}: {refused.msg}", err=True)
        return config.FAILED
    except (ConnectionError, TimeoutError, ValueError) as error:
        click.echo(f"Not reachable: {url} ({error})", err=True)
        return config.NOT_REACHABLE
    except OSError as error:
        click.echo(f"{file}: {error.strerror or error}", err=True)
        return config.FAILED


def _add_verb(
    cli: click.Group, name: str, operation: str, plain: tuple[str, ...], words: str
) -> None:
    usage = " ".join([*(f"{word.upper()}" for word in plain), "[NAME=VALUE]..."])
    show = TABLES.get(name)
    group, _, name = name.rpartition(" ")
    page = "worlds" if group else "control"

    @GROUPS.get(group, cli).command(name, help=f"{words} Further parameters: see docs/{page}.md.")
    @URL
    @WORLD
    @click.option("--json", "plainly", is_flag=True, hidden=show is None, help="Not as a table.")
    @click.argument("values", nargs=-1, metavar=usage)
    def verb(url: str, world: str, plainly: bool, values: tuple[str, ...]) -> int:
        given: dict[str, str] = {}
        unnamed = list(plain)
        for value in values:
            key, mark, text = value.partition("=")
            if not mark and not unnamed:
                raise click.UsageError(f"{value!r} is not NAME=VALUE")
            if mark:
                given[key] = text
            else:
                given[unnamed.pop(0)] = value
        return control(url, operation, given, world, None if plainly else show)


# --- Answers as tables -------------------------------------------------------------------------


def _time(ms: int) -> str:
    import datetime

    moment = datetime.datetime.fromtimestamp(ms / 1000, datetime.UTC)
    return moment.isoformat(sep=" ", timespec="milliseconds").removesuffix("+00:00")


def _table(rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _listed(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "No snapshots."
    cells = [
        [row["name"], str(row["seq"]), _time(row["now"]), row["digest"][:12], f"{row['size']:,}",
         row["unusable"] or ""]
        for row in rows
    ]  # fmt: skip
    return _table([["NAME", "SEQ", "WORLD'S TIME", "DIGEST", "BYTES", ""], *cells])


def _compared(found: dict[str, Any]) -> str:
    if not found["count"]:
        return f"{found['before']} and {found['after']} are the same."
    cells = [
        [row["what"], row["whose"] or "-", row["which"], row["before"] or "-", row["after"] or "-"]
        for row in found["differences"]
    ]
    text = _table([["WHAT", "WHOSE", "WHICH", found["before"], found["after"]], *cells])
    left = found["count"] - len(cells)
    return text + (f"\n{left:,} more: limit=…" if left else "")


TABLES: dict[str, Callable[[Any], str]] = {"snapshot list": _listed, "snapshot diff": _compared}


# --- Asking ------------------------------------------------------------------------------------


def control(
    url: str, operation: str, given: dict[str, Any], world: str = "",
    show: Callable[[Any], str] | None = None,
) -> int:  # fmt: skip
    """Ask a running server for an operation of `/_tradepit/v1`; prints the answer, as JSON unless
    `show` makes something else of it. Returns: an exit code."""
    import json

    from tradepit.embed.hosts import found_running
    from tradepit.embed.wire import Refused

    wire = found_running(url)
    try:
        found = (wire.of_world(world) if world else wire).control(operation, given)
        if isinstance(found, str):
            raise ValueError("what answers there is no tradepit")
        click.echo(show(found) if show else json.dumps(found, indent=2, ensure_ascii=False))
        return config.OK
    except Refused as refused:
        said = refused.body
        if not isinstance(said, str):
            said = json.dumps(said, separators=(",", ":"), ensure_ascii=False)
        click.echo(f"Refused: {said}", err=True)
        return config.FAILED
    except (OSError, ValueError) as error:
        click.echo(f"Not reachable: {url} ({error})", err=True)
        return config.NOT_REACHABLE


def ailment(url: str) -> str:
    """Why a server takes no orders; empty when it does."""
    from tradepit.embed.hosts import found_running
    from tradepit.embed.wire import Refused

    try:
        found_running(url)._replace(patience_s=HEALTH_S).control("GET health", {})
    except (Refused, OSError, ValueError) as wrong:
        return str(wrong) or type(wrong).__name__
    return ""
