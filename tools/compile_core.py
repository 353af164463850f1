"""Compile the core, and the desks that `_fast_core` names beside it, with mypyc into
src/tradepit/_fast/<key>/, where the packages look for it.

The key is a hash of the sources and of the interpreter, so that a changed source is never shadowed
by an old binary: without a matching folder the pure core runs. Exit codes: 0 compiled or already
there, 1 failed, 4 no C compiler.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "tradepit"
KEPT_BUILDS = 2

sys.path.insert(0, str(PACKAGE.parent))
from tradepit import _fast_core  # noqa: E402


def compiler() -> str | None:
    """The C compiler the build would call, if it is there."""
    words = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()
    return shutil.which(words[0])


def _at_once() -> type[build_ext]:
    """The command that builds extensions, with as many C files compiled at once as there are
    processors: setuptools compiles those of one extension one after the other."""
    from setuptools.command.build_ext import build_ext

    class AtOnce(build_ext):
        def build_extensions(self) -> None:
            alone = self.compiler.compile

            def compile_all(sources: list[str], **options: Any) -> list[str]:
                with ThreadPoolExecutor(os.cpu_count()) as pool:
                    made = pool.map(lambda source: alone([source], **options), sources)
                    return [path for paths in made for path in paths]

            self.compiler.compile = compile_all
            super().build_extensions()

    return AtOnce


def build(scratch: Path) -> Path:
    """Compile all modules as one group; returns where the result lies.

    What is compiled is a copy, so that the result belongs to the hash whatever is edited meanwhile.
    Raises: SystemExit when mypyc refuses a source.
    """
    from mypyc.build import mypycify
    from setuptools import Distribution

    copy = scratch / "src" / "tradepit"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "_fast"))
    target = _fast_core.folder(copy)
    os.chdir(copy.parent)
    modules = mypycify(
        [
            "--strict",
            f"--cache-dir={scratch}/mypy",
            "--follow-imports=silent",
            *(str(path) for path in _fast_core.sources(copy) if path.name != "__init__.py"),
        ],
        opt_level="3",
        debug_level="0",
        multi_file=True,  # one file of all modules would take the compiler twice the time
        group_name="tradepit.core.pit",
        target_dir=f"{scratch}/c",
    )
    for module in modules:  # the group's name has dots, and its headers lie in their folder
        module.include_dirs += sorted({str(path.parent) for path in scratch.rglob("c/**/*.h")})
    command = _at_once()(Distribution({"name": "tradepit-core", "ext_modules": modules}))
    command.build_lib = f"{scratch}/lib"
    command.build_temp = f"{scratch}/tmp"
    command.ensure_finalized()
    command.run()
    # Put in place by a rename: there is never half a build to import.
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as staging:
        ready = Path(staging, "ready")
        shutil.copytree(scratch / "lib" / "tradepit", ready)
        if not target.is_dir():
            ready.rename(target)
    return target


def drop_old_builds(current: Path) -> None:
    """Keep the current build and the ones used last; a branch switch stays free."""
    builds = [p for p in current.parent.iterdir() if p != current]
    builds.sort(key=lambda p: p.stat().st_mtime, reverse=True)
    for old in builds[KEPT_BUILDS - 1 :]:
        shutil.rmtree(old)


def main() -> int:
    target = _fast_core.folder()
    if target.is_dir():
        print(f"The compiled core is up to date ({target.name}).")
        return 0
    if compiler() is None:
        print("No C compiler found: the pure core runs. (Debian: apt-get install gcc)")
        return 4
    print("Compiling the core with mypyc, about a minute …", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tradepit-core-") as scratch:
        target = build(Path(scratch))
        os.chdir(ROOT)
    drop_old_builds(target)
    print(f"Compiled the core in {time.monotonic() - started:.0f} s ({target.name}).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
