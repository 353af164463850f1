"""What the callbacks of binance-connector, and of its sister for futures, were told."""

from __future__ import annotations

import json
import queue
from collections.abc import Callable
from typing import Any


class Ears:
    """What a client's callback was told."""

    def __init__(self) -> None:
        self.said: queue.Queue[Any] = queue.Queue()

    def __call__(self, manager: Any, message: str) -> None:
        self.said.put(json.loads(message))

    def until(self, wanted: Callable[[Any], bool]) -> Any:
        """The next message that is wanted; those before it are gone. Raises: queue.Empty."""
        while True:
            found = self.said.get(timeout=10)
            if wanted(found):
                return found
