"""A reader at work: a shell and a Python that go on from block to block, and a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

SHOWN = "127.0.0.1:8800"
PATIENCE_S = 40.0

# A block's answer is text, and what went wrong; nothing when all went well.
PYTHON = """
import contextlib, io, json, linecache, sys, traceback
names = {"__name__": "__main__"}
for row in sys.stdin:
    place, source = json.loads(row)
    linecache.cache[place] = (len(source), None, source.splitlines(True), place)
    wrong, said = "", io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            exec(compile(source, place, "exec"), names)
    except BaseException:
        wrong = traceback.format_exc()
    print(json.dumps([said.getvalue(), wrong]), flush=True)
"""
# curl as the pages show it, but quiet; where nothing is shown of its answer it fails when the
# exchange refuses. 28 is the end of a time that the command itself set.
CURL = """#!/bin/sh
'{curl}' ${{STRICT:+--fail-with-body}} --silent --show-error "$@"
code=$?
[ $code = 28 ] || exit $code
"""
BLOCK = """
export STRICT={strict}; failed=; set -o pipefail; trap 'failed=${{failed:-$BASH_COMMAND}}' ERR
. '{script}' </dev/null
trap - ERR; printf '\\n%s%s\\n' {mark} "$failed"
"""


class Done(NamedTuple):
    said: str
    wrong: str


def ask(url: str, method: str, **body: Any) -> Any:
    data = json.dumps(body).encode() if body else None
    kind = {"Content-Type": "application/json"}
    with urlopen(Request(url, data, kind, method=method), timeout=20) as answer:
        return json.load(answer)


class Reader:
    """Who reads one page. where: host, port and world of the server; home: a folder to work in."""

    def __init__(self, where: str, home: Path, curl: str) -> None:
        self.where = where
        self.home = home
        tools = home / ".tools"
        tools.mkdir(parents=True)
        for name, words in (("python", ""), ("tradepit", " -m tradepit")):
            self._tool(tools / name, f"#!/bin/sh\nexec '{sys.executable}'{words} \"$@\"\n")
        self._tool(tools / "curl", CURL.format(curl=curl))
        own = {name: text for name, text in os.environ.items() if not name.startswith("TRADEPIT_")}
        self.env = own | {
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "TRADEPIT_URL": f"http://{where}",
            "TRADEPIT_PORT": "0",
            "HOME": str(home),
            "XDG_DATA_HOME": str(home / "data"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "no_proxy": "*",
            "TMPDIR": str(home),
        }
        self._open: dict[str, subprocess.Popen[str]] = {}

    def _tool(self, path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    def _process(self, *command: str) -> subprocess.Popen[str]:
        if command[0] not in self._open:
            self._open[command[0]] = subprocess.Popen(
                command, cwd=self.home, env=self.env, text=True, encoding="utf-8",
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
        return self._open[command[0]]

    def python(self, place: str, source: str) -> Done:
        """Run a block where those before it left off."""
        process = self._process(sys.executable, "-c", PYTHON)
        assert process.stdin and process.stdout
        row = json.dumps([place, source.replace(SHOWN, self.where)])
        with self._patience(process):
            process.stdin.write(f"{row}\n")
            process.stdin.flush()
            for answer in process.stdout:
                if answer.startswith("["):
                    return Done(*json.loads(answer))
        return Done("", f"still at it after {PATIENCE_S:.0f} s")

    def shell(self, source: str, strict: bool = True) -> Done:
        """Run commands where those before them left off; wrong names the first that failed.
        strict: an answer of the exchange that is no success is a failure."""
        process = self._process("bash", "--noprofile", "--norc")
        assert process.stdin and process.stdout
        mark = uuid.uuid4().hex
        script = self.home / ".tools" / "block.sh"
        script.write_text(source.replace(SHOWN, self.where), encoding="utf-8")
        said = ""
        with self._patience(process):
            process.stdin.write(BLOCK.format(strict="1" * strict, script=script, mark=mark))
            process.stdin.flush()
            for line in process.stdout:
                if line.startswith(mark):
                    return Done(said, line.removeprefix(mark).strip())
                said += line
        return Done(said, f"still at it after {PATIENCE_S:.0f} s")

    @contextmanager
    def _patience(self, process: subprocess.Popen[str]) -> Iterator[None]:
        clock = threading.Timer(PATIENCE_S, process.kill)
        clock.start()
        try:
            yield
        finally:
            clock.cancel()

    def leave(self) -> None:
        """End what the blocks began: servers in the background, too."""
        for name, process in self._open.items():
            assert process.stdin
            if name == "bash" and process.poll() is None:
                process.stdin.write("kill $(jobs -p) 2>/dev/null; wait\n")
            process.stdin.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """A server on a free port, nobody in its first world: its host and port."""
    facts = home / "world.json"
    command = [sys.executable, "-m", "tradepit", "up", "--memory", "--port", "0"]
    command += ["--market", "empty"]
    process = subprocess.Popen(
        [*command, "--config-out", str(facts)], cwd=home, stdout=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 20
        while not facts.exists():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        yield json.loads(facts.read_text())["urls"]["base"].removeprefix("http://")
    finally:
        process.terminate()
        assert process.wait(20) == 0
