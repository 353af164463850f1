"""docs/howto-reconnects.md: the program on the page runs, and every fault on it strikes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.control.conftest import Pit
from tests.gateways.conftest import running

from tradepit.config import Config

PAGE = (Path(__file__).parents[2] / "docs" / "howto-reconnects.md").read_text("utf-8")
PROGRAM = "".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
END = """
follow(cache, lambda: all(r["hit"] for r in ask("GET", "/_tradepit/v1/faults")))
print(cache.starts, cache.connections, events)
"""


def test_the_program_on_the_page() -> None:
    for server in running(Config(port=0, memory=True)):
        Pit(server).done("PUT", "clock", speed="10")  # the market need not be waited for
        program = PROGRAM.replace("127.0.0.1:8800", f"127.0.0.1:{server.port}") + END
        assert str(server.port) in program
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        rules = Pit(server).done("GET", "faults")
        starts, connections, *events = done.stdout.split()
    assert len(rules) == 9 and all(rule["hit"] == 1 for rule in rules)
    assert int(connections) >= 9 and int(starts) >= 2
    assert "".join(events).count("outboundAccountPosition") == 2
