"""A snapshot as one file: taken out, brought in elsewhere, and refused unless it is whole."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from tests.control.conftest import Pit
from tests.gateways.conftest import Response
from tests.worlds.conftest import Inside, make

from tradepit.cli import cli
from tradepit.gateways.rest import MAX_UPLOAD
from tradepit.worlds import archives

IMPORT = "/_tradepit/v1/snapshots/import"
Files = dict[str, bytes]


def export(world: Inside, name: str) -> bytes:
    answer = world.server.request("GET", f"/_tradepit/v1/snapshots/export?name={name}")
    assert answer.status == 200 and answer.headers["content-type"] == "application/zip"
    return answer.body


def bring(world: Inside, archive: bytes, name: str = "") -> Response:
    target = IMPORT + (f"?name={name}" if name else "")
    return world.server.request("POST", target, archive, **{"Content-Type": "application/zip"})


def files_of(archive: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {row.filename: opened.read(row) for row in opened.infolist()}


def packed(files: Files, **more: Any) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", more.get("kind", zipfile.ZIP_DEFLATED)) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return into.getvalue()


@pytest.fixture(scope="module")
def saved(pit: Pit) -> bytes:
    world = make(pit, "source")
    assert world.order("alice", "BUY", "0.5", "50000").status == 200
    assert world.order("bob", "SELL", "0.2", "50000").json["fills"]
    world.done("POST", "snapshots", name="start")
    archive = export(world, "start")
    pit.done("DELETE", "worlds", name="source")
    return archive


def test_another_world_goes_on_from_what_was_brought(
    pit: Pit, named: list[str], saved: bytes
) -> None:
    named += ["one", "other"]
    one, other = make(pit, "one"), make(pit, "other", symbols=["ETHUSDT"])
    rows = []
    for world, name in ((one, ""), (other, "copy")):
        answer = bring(world, saved, name)
        assert answer.status == 200, answer.body
        rows.append(answer.json)
        world.done("POST", "snapshots/load", name=name or "start")
    assert [row["name"] for row in rows] == ["start", "copy"]
    assert rows[0]["digest"] == rows[1]["digest"] and rows[0]["seq"] == 4
    assert one.hash() == other.hash()
    assert other.price()["bids"] == [["50000.00000000", "0.30000000"]]
    trades = other.signed("GET", "/api/v3/myTrades", "symbol=BTCUSDT", name="bob").json
    assert [row["qty"] for row in trades] == ["0.20000000"]
    assert files_of(export(other, "copy")).keys() == files_of(saved).keys()
    again = bring(one, saved)
    assert again.status == 400 and "already" in again.json["msg"]
    assert one.server.request("GET", "/_tradepit/v1/snapshots/export?name=none").status == 404


def changed(name: str, content: bytes | None) -> Callable[[Files], bytes]:
    def change(files: Files) -> bytes:
        rest = {key: value for key, value in files.items() if key != name}
        return packed(rest if content is None else rest | {name: content})

    return change


def about(**facts: Any) -> Callable[[Files], bytes]:
    def change(files: Files) -> bytes:
        told = msgspec.json.decode(files["about.json"]) | facts
        return packed(files | {"about.json": msgspec.json.encode(told)})

    return change


def other_state(files: Files) -> bytes:
    (name,) = (name for name in files if name.startswith("snapshots/"))
    return packed(files | {name: files[name][:-1] + b"\0"})


def torn_history(files: Files) -> bytes:
    history = bytearray(files["history.sqlite3"])
    history[4096:8192] = b"\xff" * 4096
    return packed(files | {"history.sqlite3": bytes(history)})


def twice(files: Files) -> bytes:
    into = io.BytesIO(packed(files))
    with zipfile.ZipFile(into, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("about.json", files["about.json"])
    return into.getvalue()


WRONG: dict[str, tuple[Callable[[Files], bytes], str]] = {
    "nothing": (lambda files: b"", "damaged"),
    "no archive": (lambda files: b"PK\x03\x04 and so on", "damaged"),
    "cut short": (lambda files: packed(files)[:-200], "damaged"),
    "a path": (changed("../evil", b"x"), "no file of a snapshot"),
    "an absolute path": (changed("/etc/evil", b"x"), "no file of a snapshot"),
    "a path in tapes": (changed("tapes/../../evil.tape", b"x"), "no file of a snapshot"),
    "a further file": (changed("run.sh", b"x"), "no file of a snapshot"),
    "a folder": (changed("tapes/", b""), "no file of a snapshot"),
    "a file twice": (twice, "about.json twice"),
    "packed in another way": (lambda files: packed(files, kind=zipfile.ZIP_LZMA), "another way"),
    "no label": (changed("archive.json", None), "has no archive.json"),
    "a label that is none": (changed("archive.json", b"{}"), "archive.json cannot be read"),
    "another format": (
        changed("archive.json", b'{"format":9,"name":"start","version":"7.0"}'),
        "format 9, written by tradepit 7.0",
    ),
    "a name that is a path": (
        changed("archive.json", b'{"format":1,"name":"../up","version":"1"}'), "no name of one",
    ),
    "no history": (changed("history.sqlite3", None), "has no history.sqlite3"),
    "no state": (other_state, "Its state cannot be loaded"),
    "two states": (changed(f"snapshots/{7:020d}.snapshot", b"x"), "2 states"),
    "a torn history": (torn_history, "history.sqlite3 is damaged"),
    "a history that is none": (changed("history.sqlite3", b"x" * 9000), "history.sqlite3 is dam"),
    "other rules": (about(rules=4, version="0.0.9"), "rules 4 (tradepit 0.0.9)"),
    "another snapshot": (about(seq=3), "Its state cannot be loaded"),
    "a description that is none": (changed("about.json", b"[]"), "about.json cannot be read"),
    "a market that there is not": (
        lambda files: about(
            recipe=msgspec.json.decode(files["about.json"])["recipe"] | {"market": "x"}
        )(files),
        "names a market",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def strict(pit: Pit) -> Any:
    world = make(pit, "strict")
    yield world
    pit.done("DELETE", "worlds", name="strict")


@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_whole_is_refused(strict: Inside, saved: bytes, case: str) -> None:
    change, words = WRONG[case]
    answer = bring(strict, change(files_of(saved)), "brought")
    assert answer.status == 400 and words in answer.json["msg"], answer.body
    assert strict.done("GET", "snapshots") == []
    assert strict.order("alice", "BUY", "0.001", "20000").status == 200


def test_a_file_may_lie_about_its_size(strict: Inside, saved: bytes) -> None:
    """What is unpacked is counted, whatever the archive says of it."""
    files = files_of(saved)
    archive = bytearray(packed(files | {"history.sqlite3": bytes(50_000_000)}))
    size = (50_000_000).to_bytes(4, "little")
    assert archive.count(size) == 2 and len(archive) < 1_000_000
    answer = bring(strict, bytes(archive.replace(size, (4096).to_bytes(4, "little"))), "brought")
    assert answer.status == 400 and "damaged" in answer.json["msg"]
    assert strict.done("GET", "snapshots") == []


def test_sizes_are_bounded(
    strict: Inside, saved: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    headers = f"Content-Type: application/zip\r\nContent-Length: {MAX_UPLOAD + 1}\r\n"
    line = f"POST {IMPORT} HTTP/1.1\r\nHost: {strict.server.server.authority}\r\n{headers}\r\n"
    assert strict.server.server.raw(line.encode()).status == 413
    monkeypatch.setattr(archives, "MOST_UNPACKED", 10_000)
    answer = bring(strict, saved, "brought")
    assert answer.status == 400 and "of at most 10,000" in answer.json["msg"]
    with sqlite3.connect(tmp_path / "history.sqlite3") as history:
        history.execute("CREATE TABLE t AS SELECT randomblob(90000)")
    with pytest.raises(archives.ArchiveError, match="at most 10,000"):
        archives.pack(tmp_path, io.BytesIO())


def test_only_the_import_takes_a_file(strict: Inside, saved: bytes) -> None:
    zipped = {"Content-Type": "application/zip"}
    other = strict.server.request("POST", "/_tradepit/v1/snapshots", saved, **zipped)
    assert other.status == 415
    large = bytes(2 << 20)
    assert strict.server.request("POST", "/_tradepit/v1/snapshots", large, **zipped).status == 413
    answer = strict.server.request("POST", IMPORT, b"{}", **{"Content-Type": "application/json"})
    assert answer.status == 400 and "archive" in answer.json["msg"]


def test_on_the_command_line(pit: Pit, named: list[str], tmp_path: Path) -> None:
    named.append("shell")
    world = make(pit, "shell")
    world.done("POST", "snapshots", name="base")
    url = f"http://{pit.server.authority.decode()}"
    file = tmp_path / "base.zip"

    def run(*words: str) -> Any:
        line = ["snapshot", *words, "--world", "shell", "--url", url]
        return CliRunner().invoke(cli, line, standalone_mode=False)

    done = run("export", "base", str(file))
    assert done.return_value == 0 and "base.zip" in done.output
    assert file.stat().st_mode & 0o777 == 0o600
    done = run("import", str(file), "base2")
    assert done.return_value == 0 and "base2" in done.output
    assert [row["name"] for row in world.done("GET", "snapshots")] == ["base", "base2"]
    file.write_bytes(b"nothing")
    done = run("import", str(file), "base3")
    assert done.return_value == 1 and f"{file}: The archive is damaged" in done.output
    assert run("export", "none", str(file)).return_value == 1
    assert file.read_bytes() == b"nothing"
