"""`--sync disk` means a sync of the disk before every answer; `--sync os` means none.

A kill cannot show the difference, so the system calls are counted: a small library stands between
the process and the C library's fsync and fdatasync.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
static int count;
int synced(void) { return count; }
int fsync(int fd) {
    count++;
    return ((int (*)(int)) dlsym(RTLD_NEXT, "fsync"))(fd);
}
int fdatasync(int fd) {
    count++;
    return ((int (*)(int)) dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
"""

# Prints the number of syncs before each of 30 answers.
CHILD = """
import asyncio, ctypes, pathlib, sys
from tests.journal.till import ORIGINS
from tradepit.core.records import Who
from tradepit.journal.clock import WorldClock
from tradepit.journal.datadir import DataDir
from tradepit.journal.recovery import open_world
from tradepit.journal.sequencer import Sequencer
from tradepit.journal.sqlite import SqliteLog

synced = ctypes.CDLL(sys.argv[1]).synced

async def main():
    log = SqliteLog(DataDir(pathlib.Path(sys.argv[2])), sync=sys.argv[3])
    sequencer = Sequencer(open_world(log, ORIGINS), WorldClock())
    await sequencer.start()
    await sequencer.submit(Who(1), "add", ["a", 1])
    for _ in range(30):
        before = synced()
        await sequencer.submit(Who(1), "add", ["a", 1])
        print(synced() - before)
    await sequencer.stop()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("counting system calls needs Linux and a C compiler")
    folder = tmp_path_factory.mktemp("shim")
    (folder / "shim.c").write_text(SHIM)
    library = folder / "shim.so"
    command = [compiler, "-shared", "-fPIC", "-o", str(library), str(folder / "shim.c"), "-ldl"]
    subprocess.run(command, check=True)
    return library


def syncs(shim: Path, path: Path, mode: str) -> list[int]:
    """The number of syncs before each answer."""
    root = Path(__file__).parents[2]
    environment = {**os.environ, "LD_PRELOAD": str(shim), "PYTHONPATH": f"{root}{os.pathsep}src"}
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(shim), str(path), mode],
        env=environment, cwd=root, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return [int(line) for line in done.stdout.split()]


def test_an_answer_in_disk_mode_has_been_synced(shim: Path, tmp_path: Path) -> None:
    found = syncs(shim, tmp_path, "disk")
    assert len(found) == 30 and min(found) >= 1


def test_an_answer_in_os_mode_waits_for_no_disk(shim: Path, tmp_path: Path) -> None:
    assert syncs(shim, tmp_path, "os") == [0] * 30
