"""Settings: each declared once, read from flags, the environment, ./tradepit.toml or the default.

A field of `Config` is a setting. Its flag is `--name-with-dashes`, its variable
`TRADEPIT_NAME_IN_CAPITALS`, its key in tradepit.toml `name_with_underscores`; `config show` says
where each value came from.
"""

from __future__ import annotations

import dataclasses
import os
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

# What the process ends with.
OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
PORT_TAKEN: Final = 3
NOT_REACHABLE: Final = 4
CHECK_FAILED: Final = 5
INTERRUPTED: Final = 130

TOML: Final = Path("tradepit.toml")
PREFIX: Final = "TRADEPIT_"
_SECRET: Final = re.compile(r"[!-~]{16,200}")
_SPEED: Final = re.compile(r"([0-9]{1,6})(?:\.([0-9]{1,3}))?", re.ASCII)
_MILLISECONDS: Final = re.compile(r"[0-9]{12,13}", re.ASCII)
MOST_SPEED: Final = 100_000_000  # thousandths of the wall's pace
# What a world's clock may show first: no timestamp before is let in, every client can write those
# after (2017-07-14 to 2100-01-01, microseconds).
FIRST_US: Final = 1_500_000_000_000_000
LAST_US: Final = 4_102_444_800_000_000


class ConfigError(ValueError):
    """A setting has no such value, or there is no such setting; the text says which and where."""


def data_home() -> Path:
    """The user's data directory for tradepit, by the custom of the system."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "tradepit"
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/tradepit"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "tradepit"


def config_home() -> Path:
    """Where the user's settings of tradepit are, by the custom of the system."""
    if sys.platform in ("win32", "darwin"):
        return data_home()
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "tradepit"


def thousandths(text: str) -> int:
    """A pace ("1.5") in thousandths of the wall's. Raises: ValueError, with what is expected."""
    found = _SPEED.fullmatch(text)
    speed = int(found[1]) * 1_000 + int((found[2] or "0").ljust(3, "0")) if found else -1
    if not 0 <= speed <= MOST_SPEED:
        raise ValueError("expected a number from 0 to 100000, to a thousandth")
    return speed


def moment_us(text: str) -> int:
    """A time, ISO 8601 (without a zone: UTC) or Unix milliseconds, in microseconds; 0 of "now".

    Raises: ValueError, with what is expected."""
    if text == "now":
        return 0
    if _MILLISECONDS.fullmatch(text):
        found_us = int(text) * 1_000
    else:
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("expected now, a time like 2025-01-01T12:00, or ms") from None
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        found_us = int(when.timestamp()) * 1_000_000 + when.microsecond
    if not FIRST_US <= found_us <= LAST_US:
        raise ValueError("expected a time from July 2017 to 2099")
    return found_us


def _setting(default: Any, text: str, **more: Any) -> Any:
    """A field: its default, its help; `choices`, `metavar`, `low`, `high` where it has them,
    `off` for a number that may be "off" (None), `check` (raises ValueError of text that is none),
    and `key` where users know it by another name."""
    return dataclasses.field(default=default, metadata={"help": text, **more})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """All settings of `tradepit up`. Times carry their unit in their names."""

    host: str = _setting("127.0.0.1", "Address to listen on.", metavar="ADDRESS")
    port: int = _setting(8800, "Port to listen on; 0 picks a free one.", low=0, high=65_535)
    tls_port: int | None = _setting(
        None, "Port to listen on with TLS too, with certificates for Binance's host names; 0 picks "
        "a free one [default: off].", low=0, high=65_535, off=True, metavar="PORT",
    )  # fmt: skip
    ca_dir: Path | None = _setting(
        None, "Directory of the authority that signs them. Default: the user's, as `tradepit ca` "
        "shows.",
    )  # fmt: skip
    data: Path | None = _setting(
        None, "Directory of the world's log and history. Default: the user's data directory."
    )
    memory: bool = _setting(False, "Keep everything in memory; nothing survives the process.")
    sync: str = _setting(
        "os",
        "os: what was answered survives the process being killed; disk: it survives a power cut.",
        choices=("os", "disk"),
    )
    keep_hours: int = _setting(
        24, "Hours of log to keep beyond what a restart needs.", low=0, high=1_000_000, key="keep"
    )
    keep_mb: int = _setting(
        4_096, "Megabytes that log and snapshots kept so may take, 0 for any; what a restart needs "
        "stays.", low=0, high=100_000_000,
    )  # fmt: skip
    seed: int = _setting(1, "Seed of a new world's market and ids.", low=0, high=2**63 - 1)
    market: str = _setting(
        "normal",
        "Who trades beside you: residents in a calm, normal, wild, thin or flash-crash market; "
        "frozen: their books only; empty: nobody.",
        choices=("calm", "normal", "wild", "flash-crash", "thin", "frozen", "empty"),
    )
    symbol: tuple[str, ...] = _setting(
        (), "A symbol that a new world lists; repeat it for more. Default: all.", metavar="NAME"
    )
    time: str = _setting(
        "now", "What a new world's clock shows first: now, 2025-01-01T12:00 (UTC), or ms.",
        metavar="TIME", check=moment_us,
    )  # fmt: skip
    speed: str = _setting(
        "1", "The pace of a new world's clock: 1 is real, 0 stands still, 60 an hour a minute.",
        metavar="NUMBER", check=thousandths,
    )  # fmt: skip
    exchange_info: Path | None = _setting(
        None, "An exchangeInfo answer whose symbols a new world lists, not the built-in ones."
    )
    replay: tuple[str, ...] = _setting(
        (), "A file of the public archive with which a new world begins, at that file's time "
        "(repeat it for more of one symbol).", metavar="FILE",
    )  # fmt: skip
    limits: str = _setting(
        "real",
        "real: weights, order counts, 429 and 418 as on the exchange; off: none of these.",
        choices=("real", "off"),
    )
    timestamps: str = _setting(
        "either",
        "either: a request's timestamp may fit the world's clock or the wall's; world: only its.",
        choices=("either", "world"),
    )
    ping_s: int = _setting(
        20, "Seconds between two pings of a WebSocket (180 before 2025; of futures unless set).",
        low=1, high=86_400, key="ping",
    )  # fmt: skip
    ping_patience_s: int = _setting(
        60, "Seconds a WebSocket may leave a ping unanswered (600 before 2025; of futures "
        "unless set).", low=1, high=86_400, key="ping_patience",
    )  # fmt: skip
    audit: bool = _setting(False, "Check all invariants while running, and stop if one is broken.")
    allowed_host: tuple[str, ...] = _setting(
        (), "One more name that requests may give as their Host (repeat it for more).",
        metavar="NAME",
    )  # fmt: skip
    insecure_dev_keys: bool = _setting(
        False, "Serve the published dev keys on an address other machines can reach."
    )
    control_token: str | None = _setting(
        None,
        "What /_tradepit/v1 asks everybody for (16 letters or more). Without it one is drawn for "
        "other machines where they can come.", secret=True, metavar="TEXT",
    )  # fmt: skip
    config_out: Path | None = _setting(None, "Write urls and dev keys to this file, as JSON.")
    end_with_input: bool = _setting(
        False, "Stop when standard input ends: whoever started the server is gone then."
    )

    @property
    def data_dir(self) -> Path:
        """Where the world lives on disk (not used with `memory`)."""
        return self.data if self.data is not None else data_home()

    @property
    def ca_folder(self) -> Path:
        """Where the certificate authority is kept."""
        return self.ca_dir if self.ca_dir is not None else config_home() / "ca"


class Setting:
    """One field of `Config`, as flags, variables and the file name it."""

    def __init__(self, field: dataclasses.Field[Any]) -> None:
        self.field = field.name
        self.name: str = field.metadata.get("key", field.name)
        self.default: Any = field.default
        self.help: str = field.metadata["help"]
        self.choices: tuple[str, ...] = field.metadata.get("choices", ())
        self.low: int = field.metadata.get("low", 0)
        self.high: int = field.metadata.get("high", 0)
        self.check: Callable[[str], object] | None = field.metadata.get("check")
        self.secret: bool = field.metadata.get("secret", False)
        self.off: bool = field.metadata.get("off", False)
        self.is_path = "Path" in str(field.type)
        self.metavar: str = field.metadata.get("metavar", "PATH" if self.is_path else "")
        self.flag = "--" + self.name.replace("_", "-")
        self.variable = PREFIX + self.name.upper()

    def read(self, value: object, source: str) -> object:
        """The value as `Config` holds it, from text (a flag, a variable) or a TOML value.

        Raises: ConfigError.
        """
        if isinstance(self.default, bool):
            return self._read_bool(value, source)
        if self.off and (value == "off" or value is False):
            return None
        if self.off or isinstance(self.default, int):
            return self._read_int(value, source)
        if isinstance(self.default, tuple):
            return self._read_names(value, source)
        if not isinstance(value, str) or not value:
            raise self._wrong(value, source, "expected text")
        if self.secret and _SECRET.fullmatch(value) is None:
            raise ConfigError(f"{self.name} from {source}: expected 16 to 200 visible characters")
        if self.choices and value not in self.choices:
            raise self._wrong(value, source, f"expected {' or '.join(self.choices)}")
        if self.check is not None:
            try:
                self.check(value)
            except ValueError as wrong:
                raise self._wrong(value, source, str(wrong)) from None
        return Path(value).expanduser() if self.is_path else value

    def _read_bool(self, value: object, source: str) -> bool:
        if isinstance(value, bool):
            return value
        words = {"1": True, "true": True, "yes": True, "on": True}
        words |= {"0": False, "false": False, "no": False, "off": False}
        if isinstance(value, str) and value.lower() in words:
            return words[value.lower()]
        raise self._wrong(value, source, "expected true or false")

    def _read_int(self, value: object, source: str) -> int:
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            words = "a whole number or off" if self.off else "a whole number"
            raise self._wrong(value, source, f"expected {words}")
        if not self.low <= value <= self.high:
            raise self._wrong(value, source, f"expected {self.low} to {self.high}")
        return value

    def _read_names(self, value: object, source: str) -> tuple[str, ...]:
        words = value.split(",") if isinstance(value, str) else value
        if not isinstance(words, list | tuple) or not all(isinstance(w, str) for w in words):
            raise self._wrong(value, source, "expected a list of names")
        return tuple(word.strip() for word in words if word.strip())

    def _wrong(self, value: object, source: str, why: str) -> ConfigError:
        return ConfigError(f"{self.name} from {source} is {value!r}: {why}")


SETTINGS: Final = tuple(Setting(field) for field in dataclasses.fields(Config))


def load_config(
    flags: Mapping[str, object], environ: Mapping[str, str] | None = None, toml: Path = TOML
) -> tuple[Config, dict[str, str]]:
    """The settings, and for each where it came from.

    flags: by setting name, only those that were given. environ: the process's own when None.
    Raises: ConfigError.
    """
    given = _read_toml(toml)
    variables = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for setting in SETTINGS:
        if setting.name in flags:
            value, source = flags[setting.name], setting.flag
        elif variables.get(setting.variable):
            value, source = variables[setting.variable], setting.variable
        elif setting.name in given:
            value, source = given[setting.name], str(toml)
        else:
            sources[setting.name] = "default"
            continue
        values[setting.field] = setting.read(value, source)
        sources[setting.name] = source
    return Config(**values), sources


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    import tomllib

    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    known = {setting.name for setting in SETTINGS}
    for name in given:
        if name not in known:
            raise ConfigError(f"{path} has a setting {name!r}, which does not exist")
    return given
