"""A world of one module's own, in which nobody trades but the test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.gateways.conftest import Server, running

from tradepit.config import Config


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    yield from running(Config(port=0, memory=True, market="empty", limits="off"))
