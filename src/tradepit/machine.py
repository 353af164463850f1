"""What a server needs of the machine it runs on: an event loop, signals, open files, memory."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

COLLECT_AFTER: Final = (20_000, 20, 50)  # new objects; young collections; middle ones
FILES_WANTED: Final = 8_192  # sockets are files


def loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def on_signal(loop: asyncio.AbstractEventLoop, number: int, act: Any) -> None:
    try:
        loop.add_signal_handler(number, act)
    except NotImplementedError:  # Windows
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(act))


def on_end_of_input(act: Callable[[], object]) -> None:
    """Call `act` (from another thread) when there is no more standard input."""

    def wait() -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError):  # there is none at all
            while sys.stdin.buffer.read(4_096):
                pass
        with contextlib.suppress(RuntimeError):  # the loop is gone already
            act()

    threading.Thread(target=wait, name="tradepit-input", daemon=True).start()


def tame_collector() -> None:
    """What lives until the end need not be looked through again and again, and what a request
    leaves behind is mostly no cycle: looking more seldom is a fifth of an order's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def allow_files() -> None:
    """Raise the soft limit of open files as far as is useful and allowed."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
