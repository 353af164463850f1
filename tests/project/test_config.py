"""Flags come before variables, variables before the file, the file before defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from tradepit.config import SETTINGS, Config, ConfigError, load_config, moment_us, thousandths


def load(
    tmp_path: Path, toml: str = "", environ: dict[str, str] | None = None, **flags: object
) -> tuple[Config, dict[str, str]]:
    path = tmp_path / "tradepit.toml"
    path.write_text(toml)
    return load_config(flags, environ or {}, path)


def test_defaults_are_what_the_design_promises(tmp_path: Path) -> None:
    settings, sources = load(tmp_path)
    assert (settings.host, settings.port, settings.sync) == ("127.0.0.1", 8800, "os")
    assert (settings.keep_hours, settings.limits, settings.timestamps) == (24, "real", "either")
    assert set(sources.values()) == {"default"}
    assert set(sources) == {setting.name for setting in SETTINGS}


def test_each_source_beats_the_next(tmp_path: Path) -> None:
    toml = 'port = 1\nseed = 1\nmarket = "empty"\n'
    environ = {"TRADEPIT_PORT": "2", "TRADEPIT_SEED": "2"}
    settings, sources = load(tmp_path, toml, environ, port="3")
    assert (settings.port, settings.seed, settings.market) == (3, 2, "empty")
    assert sources["port"] == "--port"
    assert sources["seed"] == "TRADEPIT_SEED"
    assert sources["market"] == str(tmp_path / "tradepit.toml")


def test_every_kind_of_value_is_read_from_every_source(tmp_path: Path) -> None:
    environ = {
        "TRADEPIT_MEMORY": "yes",
        "TRADEPIT_ALLOWED_HOST": "a.example, b.example",
        "TRADEPIT_DATA": "/there",
        "TRADEPIT_KEEP": "0",
    }
    settings, _ = load(tmp_path, environ=environ)
    assert settings.memory is True
    assert settings.allowed_host == ("a.example", "b.example")
    assert settings.data_dir == Path("/there")
    assert settings.keep_hours == 0
    settings, _ = load(tmp_path, 'audit = true\nallowed_host = ["c.example"]\ndata = "here"\n')
    assert settings.audit is True
    assert settings.allowed_host == ("c.example",)
    assert settings.data_dir == Path("here")


def test_an_empty_variable_is_not_given(tmp_path: Path) -> None:
    _, sources = load(tmp_path, environ={"TRADEPIT_PORT": ""})
    assert sources["port"] == "default"


def test_a_port_that_may_be_off_is_off_by_word_and_free_by_zero(tmp_path: Path) -> None:
    assert load(tmp_path)[0].tls_port is None
    assert load(tmp_path, "tls_port = 0\n")[0].tls_port == 0
    assert load(tmp_path, environ={"TRADEPIT_TLS_PORT": "0"})[0].tls_port == 0
    assert load(tmp_path, "tls_port = 8443\n", tls_port="off")[0].tls_port is None
    assert load(tmp_path, "tls_port = false\n")[0].tls_port is None
    assert load(tmp_path, tls_port="8443")[0].tls_port == 8443


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("port = 65536\n", "0 to 65535"),
        ("port = true\n", "whole number"),
        ("port = 1.5\n", "whole number"),
        ("tls_port = true\n", "whole number or off"),
        ('tls_port = "on"\n', "whole number or off"),
        ("tls_port = 65536\n", "0 to 65535"),
        ('port = "off"\n', "whole number"),
        ('sync = "never"\n', "os or disk"),
        ("memory = 1\n", "true or false"),
        ("allowed_host = [1]\n", "list of names"),
        ("colour = 1\n", "does not exist"),
        ("port = \n", "not TOML"),
    ],
)
def test_a_wrong_file_is_refused_in_words(tmp_path: Path, toml: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load(tmp_path, toml)


@pytest.mark.parametrize("port", ["-1", "１２", "1e3", "0x10", "", "9" * 30])
def test_a_number_is_plain_digits(tmp_path: Path, port: str) -> None:
    with pytest.raises(ConfigError, match="port from --port"):
        load(tmp_path, port=port)


def test_no_file_is_no_error(tmp_path: Path) -> None:
    _, sources = load_config({}, {}, tmp_path / "none.toml")
    assert set(sources.values()) == {"default"}


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("now", 0),
        ("2025-01-01", 1_735_689_600_000_000),
        ("2025-01-01T02:30:00.000001+02:30", 1_735_689_600_000_001),
        ("1735689600000", 1_735_689_600_000_000),
        ("2017-07-14T02:40", 1_500_000_000_000_000),
    ],
)
def test_times_of_a_new_world(tmp_path: Path, text: str, us: int) -> None:
    assert moment_us(load(tmp_path, time=text)[0].time) == us


@pytest.mark.parametrize("text", ["2017-07-14T02:39", "2101-01-01", "noon", "12", ""])
def test_times_that_are_none(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="time from --time"):
        load(tmp_path, time=text)


@pytest.mark.parametrize(
    ("text", "speed"), [("0", 0), ("1", 1_000), ("0.05", 50), ("100000", 100_000_000)]
)
def test_paces_of_a_new_world(tmp_path: Path, text: str, speed: int) -> None:
    assert thousandths(load(tmp_path, speed=text)[0].speed) == speed


@pytest.mark.parametrize("text", ["-1", "100000.001", "0.0001", "1e3", ".5", "fast", ""])
def test_paces_that_are_none(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="speed from --speed"):
        load(tmp_path, speed=text)
