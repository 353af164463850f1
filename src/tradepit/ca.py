"""`tradepit ca`: the authority that clients trust, made, shown, prolonged and removed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tradepit import config

if TYPE_CHECKING:
    from tradepit.web.certificates import Authority


@click.group()
def ca() -> None:
    """The local certificate authority behind `up --tls-port` and `exec`: see docs/tls.md."""


_DIR = click.option("--ca-dir", metavar="PATH", help="Where it is kept, if not with your settings.")


def folder(given: str | None) -> Path:
    """Where the authority is kept: by flag, variable, tradepit.toml or default."""
    try:
        settings, _ = config.load_config({} if given is None else {"ca_dir": given})
    except config.ConfigError as error:
        raise click.UsageError(str(error)) from None
    return settings.ca_folder


def _told(act: Callable[[], Authority | None], place: Path) -> int:
    """Do something with the authority and show it; say in a sentence what went wrong."""
    from tradepit.web.authorities import nothing
    from tradepit.web.certificates import AuthorityError

    try:
        found = act()
        if found is None:
            raise nothing(place)
        _show(found, place)
        found.check_date()
    except AuthorityError as wrong:
        click.echo(f"tradepit: {wrong}", err=True)
        return config.FAILED
    return config.OK


def _show(found: Authority, place: Path) -> None:
    from tradepit.web.authorities import CERTIFICATE

    click.echo(f"Certificate  {place / CERTIFICATE}")
    click.echo(f"Until        {found.until:%Y-%m-%d}")
    click.echo(f"SHA-256      {found.fingerprint}")
    click.echo(f"Signs for    {', '.join(found.names)}")


@ca.command()
@_DIR
@click.option("--name", "names", multiple=True, help="A further host or network it may sign for.")
def create(ca_dir: str | None, names: tuple[str, ...]) -> int:
    """Make the authority. It can sign for Binance's domains and this machine, and nothing else."""
    from tradepit.web import authorities

    place = folder(ca_dir)
    return _told(lambda: authorities.create(place, names), place)


@ca.command()
@_DIR
def show(ca_dir: str | None) -> int:
    """Say where it is, how long it lasts, and what it can sign for."""
    from tradepit.web import authorities

    place = folder(ca_dir)
    return _told(lambda: authorities.load(place), place)


@ca.command()
@_DIR
def renew(ca_dir: str | None) -> int:
    """Prolong it. The key stays: who trusts the old certificate goes on until that one ends."""
    from tradepit.web import authorities

    place = folder(ca_dir)
    return _told(lambda: authorities.renew(place), place)


@ca.command()
@_DIR
def path(ca_dir: str | None) -> int:
    """Print the path of its certificate, for SSL_CERT_FILE=$(tradepit ca path) and the like."""
    from tradepit.web.authorities import CERTIFICATE

    return _printed(ca_dir, lambda found, place: str(place / CERTIFICATE))


@ca.command()
@_DIR
def pem(ca_dir: str | None) -> int:
    """Print its certificate (never its key)."""
    return _printed(ca_dir, lambda found, place: found.pem.strip())


def _printed(ca_dir: str | None, text: Callable[[Authority, Path], str]) -> int:
    from tradepit.web import authorities
    from tradepit.web.certificates import AuthorityError

    place = folder(ca_dir)
    try:
        found = authorities.load(place)
        if found is None:
            raise authorities.nothing(place)
    except AuthorityError as wrong:
        click.echo(f"tradepit: {wrong}", err=True)
        return config.FAILED
    click.echo(text(found, place))
    return config.OK


@ca.command()
@_DIR
def delete(ca_dir: str | None) -> int:
    """Remove it with its key. Where you had it trusted, take it out yourself."""
    from tradepit.web import authorities
    from tradepit.web.certificates import AuthorityError

    place = folder(ca_dir)
    try:
        authorities.delete(place)
    except AuthorityError as wrong:
        click.echo(f"tradepit: {wrong}", err=True)
        return config.FAILED
    click.echo(f"The authority in {place} is gone.")
    return config.OK
