"""The one thread that writes to a log, so that the event loop never waits for a disk."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeAlias

from tradepit.journal.port import Log

Done: TypeAlias = Callable[[Exception | None], None]
_Job: TypeAlias = tuple[list[bytes], int, Done]


class Writer:
    """Appends batches in the order in which they come; tells the loop when each is durable."""

    def __init__(self, log: Log, loop: asyncio.AbstractEventLoop) -> None:
        self._log = log
        self._loop = loop
        self._jobs: SimpleQueue[_Job | threading.Event | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="tradepit-log", daemon=True)
        self._thread.start()

    def append(self, batch: list[bytes], expected_seq: int, done: Done) -> None:
        """Returns at once; `done(None)`, or `done(error)`, runs on the event loop later."""
        self._jobs.put((batch, expected_seq, done))

    def wait_idle(self) -> None:
        """Wait until all that was handed over is written, or failed to be."""
        reached = threading.Event()
        self._jobs.put(reached)
        reached.wait()

    def stop(self) -> None:
        """End the thread when all is written."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        log, jobs, tell = self._log, self._jobs, self._loop.call_soon_threadsafe
        while (job := jobs.get()) is not None:
            if isinstance(job, threading.Event):
                job.set()
                continue
            batch, expected_seq, done = job
            failure: Exception | None = None
            try:
                log.append(batch, expected_seq)
            except Exception as wrong:
                failure = wrong
            tell(done, failure)
