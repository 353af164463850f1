"""What falls due by itself: a due list in world time.

Timers are not commands: `Exchange.apply` first fires whatever is due up to the command's time.
"""

from __future__ import annotations

from heapq import heappop, heappush

Due = tuple[int, int, str, str]  # (at_us, number, what, of whom)


class Timers:
    """Due entries, earliest first; those of one moment in the order in which they were set.

    An entry is never taken back: whoever set it finds out, when it comes, that it is stale.
    """

    __slots__ = ("count", "entries")

    def __init__(self) -> None:
        self.entries: list[Due] = []
        self.count = 0

    def set(self, at_us: int, what: str, whose: str) -> None:
        self.count += 1
        heappush(self.entries, (at_us, self.count, what, whose))

    def next_us(self) -> int:
        """When the next entry is due, 0 when there is none."""
        return self.entries[0][0] if self.entries else 0

    def pop_due(self, until_us: int) -> Due | None:
        """The earliest entry that is due by `until_us`."""
        if self.entries and self.entries[0][0] <= until_us:
            return heappop(self.entries)
        return None

    def dump(self) -> list[object]:
        return [self.count, [list(entry) for entry in sorted(self.entries)]]

    def load(self, row: list) -> None:  # type: ignore[type-arg]
        self.count = row[0]
        self.entries = [(entry[0], entry[1], entry[2], entry[3]) for entry in row[1]]
