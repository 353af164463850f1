"""The command line. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from tradepit import config
from tradepit.ca import ca, folder
from tradepit.config import SETTINGS, Setting
from tradepit.verbs import URL as _URL
from tradepit.verbs import add_verbs, ailment, url_option
from tradepit.verbs import control as _control

F = TypeVar("F", bound=Callable[..., Any])

EXIT_CODES = """
Exit codes: 0 ok, 1 failed, 2 usage, 3 port taken, 4 not reachable, 5 check failed,
130 interrupted.
"""


class _UpByDefault(click.Group):
    """`tradepit` alone, or with flags of `up`, is `tradepit up`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {"--help", "-h", "--version"}
        if ctx.resilient_parsing:  # a shell asks how the line may go on
            return super().parse_args(ctx, args)
        if not args or (args[0].startswith("-") and args[0] not in own):
            args = ["up", *args]
        return super().parse_args(ctx, args)


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    import tradepit

    click.echo(f"tradepit {tradepit.__version__} ({tradepit.core_kind()} core)")
    ctx.exit()


def _option(setting: Setting) -> Callable[[F], F]:
    """The click option of a setting; its value is text that `Setting.read` checks."""
    text = setting.help
    if setting.default not in (None, False, ()):
        text += f" [default: {setting.default}]"
    if isinstance(setting.default, bool):
        flag = f"{setting.flag}/--no-{setting.flag[2:]}"
        return click.option(flag, setting.name, default=None, help=text)
    kind: Any = click.Choice(setting.choices) if setting.choices else click.STRING
    metavar = setting.metavar or ("NUMBER" if isinstance(setting.default, int) else None)
    return click.option(
        setting.flag, setting.name, type=kind, metavar=metavar, help=text,
        multiple=isinstance(setting.default, tuple),
    )  # fmt: skip


def _options(*names: str) -> Callable[[F], F]:
    """Decorates a command with the flags of these settings, of all when none is named."""

    def decorate(command: F) -> F:
        for setting in reversed(SETTINGS):
            if not names or setting.name in names:
                command = _option(setting)(command)
        return command

    return decorate


def _load(flags: dict[str, Any]) -> tuple[config.Config, dict[str, str]]:
    given = {name: value for name, value in flags.items() if value is not None and value != ()}
    try:
        return config.load_config(given)
    except config.ConfigError as error:
        raise click.UsageError(str(error)) from None


@click.group(cls=_UpByDefault, epilog=EXIT_CODES, context_settings={"max_content_width": 100})
@click.help_option("-h", "--help")
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version,
    help="Show the version, and whether the compiled or the pure core runs.",
)  # fmt: skip
def cli() -> None:
    """The whole Binance exchange on your own machine. Without a command: up."""


@cli.command()
@_options()
def up(**flags: Any) -> int:
    """Start the exchange and serve until interrupted."""
    settings, _ = _load(flags)
    from tradepit import server

    return server.run(settings)


@cli.command()
@_options("data")
def audit(**flags: Any) -> int:
    """Check every invariant of a world on disk that no server has open."""
    settings, _ = _load(flags)
    from tradepit import server

    return server.audit(settings)


@cli.group("config")
def config_group() -> None:
    """Settings: flags come before TRADEPIT_* variables, ./tradepit.toml and the defaults."""


@config_group.command()
@_options()
def show(**flags: Any) -> None:
    """Show every setting, its value and where it came from."""
    settings, sources = _load(flags)
    rows = []
    for setting in SETTINGS:
        value = getattr(settings, setting.field)
        if setting.name == "data":
            value = settings.data_dir
        if setting.name == "ca_dir":
            value = settings.ca_folder
        if setting.off and value is None:
            value = "off"
        if setting.secret and value is not None:
            value = "(set)"
        rows.append((setting.name, _text(value), sources[setting.name]))
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for name, value, source in rows:
        click.echo(f"{name.ljust(widths[0])}  {value.ljust(widths[1])}  {source}")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(value) or "-"
    return "-" if value is None else str(value)


@cli.command()
@_URL
@click.option("--timeout", default=30.0, show_default=True, help="Seconds to wait.")
def wait(url: str, timeout: float) -> int:
    """Wait until a server takes orders (exit code 4 when it does not in time)."""
    import time

    until = time.monotonic() + timeout
    while why := ailment(url):
        if time.monotonic() > until:
            click.echo(f"Not reachable: {url} ({why})", err=True)
            return config.NOT_REACHABLE
        time.sleep(0.05)
    return config.OK


@cli.command("import")
@_URL
@click.option("--symbol", default="", help="Which symbol it is to be, if not the files' own.")
@click.option(
    "--at",
    type=click.Choice(("now", "start")),
    default="now",
    show_default=True,
    help="now: shifted to begin within a minute (or a candle); start: at the files' own times.",
)
@click.option("--pace", metavar="SPEED", help="Let the world's clock go at this speed then.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def import_(url: str, symbol: str, at: str, pace: str | None, files: tuple[Path, ...]) -> int:
    """Replay files of Binance's public archive: klines, trades or aggTrades, zip or csv."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="tradepit-import-") as scratch:
        tape = Path(scratch) / "import.tape"
        try:
            rows = _prepared(files, symbol, tape)
        except ValueError as wrong:
            click.echo(f"Not imported: {wrong}", err=True)
            return config.FAILED
        click.echo(f"{rows:,} rows read.", err=True)
        given = {"files": str(tape), "symbol": symbol, "at": at, "pace": pace or ""}
        return _control(url, "POST replays", {name: text for name, text in given.items() if text})


def _prepared(files: tuple[Path, ...], symbol: str, tape: Path) -> int:
    """Read archive files into a tape, with a progress bar; how many rows it has."""
    from rich.console import Console
    from rich.progress import Progress

    from tradepit import server

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Reading", total=server.text_size(files))
        return server.prepare_tape(files, symbol, tape, lambda size: bar.advance(task, size))


@cli.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@url_option("Which server is to be asked.")
def postman(folder: Path, url: str) -> None:
    """Write a Postman collection of every operation, and its environment, into FOLDER."""
    from tradepit.web.postman import write

    for path in write(folder, url):
        click.echo(f"Wrote {path}")


@cli.command("client-config")
@click.argument("client", required=False)
@url_option("Where the client is to go.")
def client_config(client: str | None, url: str) -> int:
    """Print the settings that point CLIENT at this exchange; without a name, the clients."""
    from tradepit.web.recipes import RECIPES, block

    if client is None:
        for name, recipe in RECIPES.items():
            click.echo(f"{name:<18}  {recipe.title}, {recipe.registry}")
        return config.OK
    if client not in RECIPES:
        raise click.UsageError(f"{client!r} is none of {', '.join(RECIPES)}")
    click.echo(block(client, url), nl=False)
    return config.OK


@cli.command("exec", context_settings={"ignore_unknown_options": True})
@_URL
@click.option("--world", default="", help="Which of its worlds, if not the first.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def lead(url: str, world: str, command: tuple[str, ...]) -> int:
    """Run COMMAND with Binance's host names leading to this exchange, https and wss included.

    Put `--` before it: tradepit exec -- python bot.py
    """
    import re
    from urllib.parse import urlsplit

    from tradepit.web.certificates import AuthorityError
    from tradepit.web.leading import run as run_led

    named = urlsplit(url).path.strip("/")
    world = world or named.removeprefix("@")
    if world and re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", world) is None:
        raise click.UsageError(f"{world!r} cannot be a world's name.")
    try:
        return run_led(command, url, folder(None), world)
    except AuthorityError as wrong:
        raise click.ClickException(str(wrong)) from None


cli.add_command(ca)


@cli.command()
@_options("host", "port", "data")
def doctor(**flags: Any) -> int:
    """Check what this machine and this installation have (exit code 5 when something is wrong)."""
    settings, _ = _load(flags)
    from tradepit.doctor import examine

    answers = not ailment(f"http://{settings.host}:{settings.port}")
    found = list(examine(settings, answers))
    for finding in found:
        mark = {True: "ok   ", False: "WRONG", None: "     "}[finding.ok]
        click.echo(f"{mark}  {finding.what}")
    return config.CHECK_FAILED if any(each.ok is False for each in found) else config.OK


@cli.group()
def keys() -> None:
    """API keys: make, list and revoke them."""


@keys.command("list")
@_URL
def list_keys(url: str) -> int:
    """List all keys, without their secrets."""
    return _control(url, "GET keys", {})


@keys.command()
@_URL
@click.argument("api_key")
def revoke(url: str, api_key: str) -> int:
    """Revoke a key: it is refused from now on."""
    return _control(url, "DELETE keys", {"apiKey": api_key})


@keys.command()
@_URL
@click.option("--account", required=True, help="Whose key; a new name opens a funded account.")
@click.option(
    "--type",
    "kind",
    default="hmac",
    show_default=True,
    type=click.Choice(["hmac", "rsa", "ed25519"], case_sensitive=False),
)
@click.option("--label", default="", help="A name of its own among the account's keys.")
@click.option("--permission", multiple=True, help="USER_DATA, TRADE, …; all when none is named.")
@click.option("--ip", multiple=True, help="An address it may be used from; else any.")
@click.option("--public-key", type=click.Path(path_type=Path), help="PEM file to register.")
@click.option("--private-key", type=click.Path(path_type=Path), help="Where a new pair is kept.")
def new(
    url: str, account: str, kind: str, label: str, permission: tuple[str, ...],
    ip: tuple[str, ...], public_key: Path | None, private_key: Path | None,
) -> int:  # fmt: skip
    """Make a key. RSA and Ed25519 register --public-key, or a new pair whose private half is
    written to --private-key (ACCOUNT-TYPE.pem)."""
    ask: dict[str, Any] = {"account": account, "open": True, "type": kind.upper()}
    if label:
        ask["label"] = label
    if permission:
        ask["permissions"] = list(permission)
    if ip:
        ask["ips"] = list(ip)
    if kind != "hmac" and public_key is None:
        kept = private_key or Path(f"{account}-{kind}.pem")
        ask["publicKey"] = _new_pair(kind, kept)
        click.echo(f"The private key is in {kept}.", err=True)
    elif kind == "hmac" and (public_key or private_key):
        raise click.UsageError("An HMAC key has a secret and no key files.")
    elif public_key is not None:
        ask["publicKey"] = public_key.read_text()
    return _control(url, "POST keys", ask)


def _new_pair(kind: str, kept: Path) -> str:
    """The public half, in PEM, of a new pair; the private one is written to a file that only its
    owner may read. Raises: OSError, FileExistsError too."""
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    pair = (
        rsa.generate_private_key(65_537, 2_048)
        if kind == "rsa"
        else ed25519.Ed25519PrivateKey.generate()
    )
    pem = pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    public = pair.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return public.decode()


add_verbs(cli)


def main(args: list[str] | None = None) -> None:
    """The process's entry point: runs a command and ends with its exit code."""
    sys.exit(run(args))


def run(args: list[str] | None = None) -> int:
    """Run a command line; returns its exit code."""
    try:
        code = cli.main(args, prog_name="tradepit", standalone_mode=False)
    except click.exceptions.Exit as done:
        code = done.exit_code
    except (click.Abort, KeyboardInterrupt):
        return config.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except OSError as error:
        click.echo(f"tradepit: {_sentence(error)}", err=True)
        return config.PORT_TAKEN if error.errno == errno.EADDRINUSE else config.FAILED
    return code if isinstance(code, int) else config.OK


def _sentence(error: OSError) -> str:
    name = f"{Path(str(error.filename))}: " if error.filename else ""
    return f"{name}{error.strerror or error}"


if __name__ == "__main__":
    main()
